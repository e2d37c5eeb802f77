/** Tests the page of Vue in Chromium, served by `vite` as for a developer. */
import { describe, layer } from "@effect/vitest"
import * as Suite from "../../rides/test/suite.ts"
import * as World from "../../rides/test/world.ts"

describe.skipIf(!World.hasBrowser)("Vue", () => {
  layer(World.layer("vue"), { excludeTestServices: true, timeout: "120 seconds" })((it) => {
    it.scoped("shows documents and people live", () => Suite.runScenario(Suite.live), 120_000)

    it.scoped(
      "shows a lost connection; writes made while offline survive a reload and arrive",
      () => Suite.runScenario(Suite.offline),
      120_000
    )

    it.scoped("fits a phone, in light and dark", () => Suite.runScenario(Suite.phone), 120_000)

    it.scoped("a hot reload of the client leaves one socket", () =>
      Suite.runScenario(async (world) => {
        await Suite.hotReload(world)
      }), 120_000)

    it.scoped(
      "renders on a server without a network",
      () => Suite.runScenario((world) => Suite.serverRendering(world, "/src/server.ts")),
      120_000
    )
  })
})
