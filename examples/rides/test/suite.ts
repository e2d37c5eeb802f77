/** The scenarios that the page of the rides must pass in Chromium, with each framework. */
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

/** Runs a scenario. No page may report an error, and all pages are closed afterwards. */
export const runScenario = (scenario: (world: WorldShape) => Promise<void>) =>
  Effect.gen(function*() {
    const world = yield* World
    yield* Effect.addFinalizer(() => Effect.promise(world.closePages))
    yield* Effect.promise(() => scenario(world))
    assert.deepStrictEqual(world.faults.splice(0), [])
  })

/** Two pages show each other's person, and each other's changes. */
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

/** While the connection is lost, an order waits, even if the page is reloaded. It arrives when the connection is back. */
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

/** On a phone no element is wider than the screen, not even with a very long word, in light and in dark. */
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

/** Editing a module of the client creates a new client. One socket remains, and the page keeps working. */
export const hotReload = async ({ answered, engine, kuzzle, open, vite }: WorldShape): Promise<Page> => {
  const page = await open()
  await ride(page, "Central Station")
  await page.waitForSelector(".people li")
  const module = fileURLToPath(new URL("../src/client.ts", import.meta.url))
  const [edited] = vite.environments.client.moduleGraph.getModulesByFile(module) ?? []
  if (edited === undefined) throw new Error(`the page has not loaded ${module}`)
  // A full reload of the page would remove this mark.
  await page.evaluate(() => document.documentElement.dataset["loaded"] = "once")
  await page.fill("form input", "half a word")

  const subscriptions = () => answered.filter((action) => action === "realtime:subscribe").length
  /** Expects that `cause` makes the page open a new connection with both subscriptions, and leave no other connection. */
  const expectReconnection = async (cause: () => Promise<unknown>) => {
    const before = subscriptions()
    await cause()
    await until(async () => subscriptions() >= before + 2)
    await until(async () => await Effect.runPromise(engine.connections) === 1)
    await connection(page, "Ready")
    await ride(page, "Central Station")
  }
  await expectReconnection(() => vite.environments.client.reloadModule(edited))
  await expectReconnection(() => vite.environments.client.reloadModule(edited))
  await expectReconnection(() => Effect.runPromise(kuzzle.cut))
  assert.strictEqual(await page.evaluate(() => document.documentElement.dataset["loaded"]), "once")
  return page
}

/** A server renders the page as it is before the first value, and opens no socket. */
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
    // Work that the rendering started in the background runs now.
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
