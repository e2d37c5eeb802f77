/** What a page of the rides does in Chromium, whatever framework renders it. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import type { Page } from "playwright"
import { until, World, type WorldShape } from "./world.ts"

const connection = (page: Page, state: string) => page.waitForSelector(`.connection[data-state=${state}]`)
const ride = (page: Page, place: string) => page.waitForSelector(`.rides li:has-text("${place}")`)
const order = async (page: Page, place: string) => {
  await page.fill("form input", place)
  await page.click("form button")
}

/** Names as the page shows them, without "(you)". */
const people = (page: Page) =>
  page.locator(".people li").evaluateAll((items) => items.map(({ textContent }) => textContent?.replace(" (you)", "")))

/** Whatever it does, no page reports an error, and all are gone afterwards. */
export const played = (play: (world: WorldShape) => Promise<void>) =>
  Effect.gen(function*() {
    const world = yield* World
    yield* Effect.addFinalizer(() => Effect.promise(world.leave))
    yield* Effect.promise(() => play(world))
    assert.deepStrictEqual(world.faults.splice(0), [])
  })

/** Two pages see each other, and what the other one does. */
export const live = async ({ open }: WorldShape): Promise<void> => {
  const [ada, grace] = [await open(), await open()]
  await Promise.all([ride(ada, "Central Station"), ride(grace, "Central Station")])
  await Promise.all([ada, grace].map((page) => page.waitForSelector(".people li >> nth=1")))
  const [atAda, atGrace] = [await people(ada), await people(grace)]
  assert.deepStrictEqual(atAda, [...atGrace].reverse())

  await order(ada, "Opera")
  await ride(grace, "Opera")
  await grace.click(".rides li:has-text('Opera') button")
  await ada.waitForSelector(".rides li[data-status=taken]:has-text('Opera')")

  await grace.context().close()
  await until(async () => (await people(ada)).length === 1)
}

/** The connection is lost; an order waits, through a reload of the page too, and arrives when the connection is back. */
export const offline = async ({ answered, kuzzle, open }: WorldShape): Promise<void> => {
  const page = await open()
  await connection(page, "Ready")
  await ride(page, "Central Station")

  await Effect.runPromise(kuzzle.stop)
  await page.waitForSelector(".connection:has-text('connection lost')")
  await order(page, "Harbour")
  await page.waitForSelector(".rides li[data-waits=true]:has-text('Harbour')")
  await page.click(".rides li[data-id=museum] button")
  await page.waitForSelector(".rides li[data-waits=true][data-status=taken]:has-text('Museum')")
  if (process.env.SCREENSHOTS !== undefined) await page.screenshot({ path: `${process.env.SCREENSHOTS}-offline.png` })

  await page.reload()
  await page.waitForSelector(".rides li[data-waits=true]:has-text('Harbour')")
  const orders = () => answered.filter((action) => action === "document:createOrReplace").length
  const before = orders()

  await Effect.runPromise(kuzzle.start)
  await connection(page, "Ready")
  await page.waitForSelector(".rides li[data-waits=false]:has-text('Harbour')")
  await page.waitForSelector(".rides li[data-waits=false][data-status=taken]:has-text('Museum')")
  await ride(await open(), "Harbour")
  assert.strictEqual(orders(), before + 1)
}

/** On a phone nothing is wider than the screen, however long a word is, in light and in dark. */
export const phone = async ({ open }: WorldShape): Promise<void> => {
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await open({ viewport: { width: 375, height: 720 }, colorScheme, deviceScaleFactor: 2 })
    await ride(page, "Central Station")
    await order(page, "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch")
    await page.waitForSelector(".rides li[data-waits=false]:has-text('Llanfair')")
    const widest = await page.evaluate(() =>
      Math.max(...Array.from(document.querySelectorAll("*"), (element) => element.getBoundingClientRect().right))
    )
    assert.isAtMost(widest, 375)
    assert.strictEqual(await page.evaluate(() => document.documentElement.scrollWidth), 375)
    if (process.env.SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${process.env.SCREENSHOTS}-phone-${colorScheme}.png` })
    }
    await page.context().close()
  }
}

/** A module of the client that is edited makes another client. One socket is left, and the page goes on. */
export const hotReload = async ({ answered, engine, kuzzle, open, vite }: WorldShape): Promise<Page> => {
  const page = await open()
  await ride(page, "Central Station")
  await page.waitForSelector(".people li")
  const module = fileURLToPath(new URL("../src/client.ts", import.meta.url))
  const [edited] = vite.environments.client.moduleGraph.getModulesByFile(module) ?? []
  if (edited === undefined) throw new Error(`the page has not loaded ${module}`)
  // Gone with a reload of the page, which is what a hot reload avoids.
  await page.evaluate(() => document.documentElement.dataset["loaded"] = "once")
  await page.fill("form input", "half a word")

  const subscriptions = () => answered.filter((action) => action === "realtime:subscribe").length
  /** Another connection follows the rides and the people, and is the only one. */
  const connectedAnew = async (because: () => Promise<unknown>) => {
    const before = subscriptions()
    await because()
    await until(async () => subscriptions() >= before + 2)
    await until(async () => await Effect.runPromise(engine.connections) === 1)
    await connection(page, "Ready")
    await ride(page, "Central Station")
  }
  await connectedAnew(() => vite.environments.client.reloadModule(edited))
  await connectedAnew(() => vite.environments.client.reloadModule(edited))
  await connectedAnew(() => Effect.runPromise(kuzzle.cut))
  assert.strictEqual(await page.evaluate(() => document.documentElement.dataset["loaded"]), "once")
  return page
}

/** Rendering on a server gives the page as it is before the first value, and opens no socket. */
export const serverRendering = async ({ vite }: WorldShape, module: string): Promise<void> => {
  let dialled = 0
  const before = Object.getOwnPropertyDescriptor(globalThis, "WebSocket")
  Object.defineProperty(globalThis, "WebSocket", {
    configurable: true,
    value: class {
      constructor() {
        dialled += 1
        throw new Error("no network here")
      }
    }
  })
  try {
    const { render } = await vite.ssrLoadModule(module)
    const html: string = await render()
    // What was started without being waited for gets its turns.
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    assert.include(html, "<h1>Rides</h1>")
    assert.include(html, "connecting")
    assert.include(html, "Reading the rides")
    assert.strictEqual(dialled, 0)
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, "WebSocket")
    else Object.defineProperty(globalThis, "WebSocket", before)
  }
}
