/** Tests the page of React in Chromium, served by `vite` as for a developer. */
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Suite from "../../rides/test/suite.ts"
import * as World from "../../rides/test/world.ts"

describe.skipIf(!World.hasBrowser)("React", () => {
  layer(World.layer("react"), { excludeTestServices: true, timeout: "120 seconds" })((it) => {
    it.scoped("shows documents and people live", () => Suite.runScenario(Suite.live), 120_000)

    it.scoped(
      "shows a lost connection; writes made while offline survive a reload and arrive",
      () => Suite.runScenario(Suite.offline),
      120_000
    )

    it.scoped("fits a phone, in light and dark", () => Suite.runScenario(Suite.phone), 120_000)

    it.scoped(
      "a hot reload of the client leaves one socket, and keeps the typed text",
      () =>
        Suite.runScenario(async (world) => {
          const page = await Suite.hotReload(world)
          assert.strictEqual(await page.inputValue("form input"), "half a word")
        }),
      120_000
    )

    it.scoped(
      "StrictMode mounts twice: one socket, one subscription; unmounting ends the subscription without an error",
      () =>
        Suite.runScenario(async ({ answered, engine, open }) => {
          const page = await open()
          await page.goto(new URL("/test/toggle.html", page.url()).href)
          await page.waitForSelector("p:has-text('connected')")
          const before = answered.length
          const count = (action: string) => answered.slice(before).filter((name) => name === action).length

          await page.click("text=toggle")
          await page.waitForSelector("ul li >> nth=2")
          // Another list replaces this one, and shows the known documents at once.
          await page.evaluate(() => document.querySelector("ul")?.setAttribute("data-visit", "first"))
          await page.click("text=another page")
          await page.waitForSelector("ul:not([data-visit]) li >> nth=2")
          assert.deepStrictEqual([count("realtime:subscribe"), count("document:search")], [1, 1])
          assert.strictEqual(count("realtime:unsubscribe"), 0)

          await page.click("text=toggle")
          await World.until(async () => count("realtime:unsubscribe") === 1)
          assert.strictEqual(await page.locator("ul").count(), 0)

          await page.click("text=toggle")
          await page.waitForSelector("ul li >> nth=2")
          assert.strictEqual(await Effect.runPromise(engine.connections), 1)
          assert.deepStrictEqual([count("realtime:subscribe"), count("document:search")], [2, 2])
          assert.strictEqual(count("realtime:unsubscribe"), 1)
        }),
      120_000
    )

    it.scoped(
      "renders on a server without a network",
      () => Suite.runScenario((world) => Suite.serverRendering(world, "/src/server.tsx")),
      120_000
    )
  })
})
