/** The page of Vue in Chromium, as `vite` serves it to a developer. */
import { describe, layer } from "@effect/vitest"
import * as Suite from "../../rides/test/suite.ts"
import * as World from "../../rides/test/world.ts"

describe.skipIf(!World.hasBrowser)("Vue", () => {
  layer(World.layer("vue"), { excludeTestServices: true, timeout: "120 seconds" })((it) => {
    it.scoped("shows documents and people live", () => Suite.played(Suite.live), 120_000)

    it.scoped(
      "shows a lost connection; what was written meanwhile survives a reload and arrives",
      () => Suite.played(Suite.offline),
      120_000
    )

    it.scoped("fits a phone, in light and dark", () => Suite.played(Suite.phone), 120_000)

    it.scoped("a hot reload of the client leaves one socket", () =>
      Suite.played(async (world) => {
        await Suite.hotReload(world)
      }), 120_000)

    it.scoped(
      "renders on a server without a network",
      () => Suite.played((world) => Suite.serverRendering(world, "/src/server.ts")),
      120_000
    )
  })
})
