/** The table of faults in a browser, against the embedded Kuzzle. The lines are relays in Node, which the page controls. */
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { server } from "@vitest/browser/context"
import { Effect, Layer } from "effect"
import { inject } from "vitest"
import { Backend } from "../../../tests/suite/backend.ts"
import { faultSuite } from "../../../tests/suite/faults.ts"
import { type Line, Lines } from "../../../tests/suite/line.ts"
import * as Remote from "../../../tests/suite/remote.ts"

const remote = inject("kuzzleEmbedded")

const layerRemote = Layer.merge(
  Layer.succeed(Backend, {
    client: (options) => BrowserKuzzle.layer({ ...options, url: remote.relayUrl }),
    cookie: (options) => BrowserKuzzle.layer({ ...options, url: remote.relayUrl, session: BrowserKuzzle.cookie }),
    http: (options) => BrowserKuzzle.layerHttp({ ...options, url: remote.url }),
    network: Remote.network(remote)
  }),
  Layer.succeed(Lines, {
    make: Effect.map(Remote.line(remote), (line): Line => ({
      ...line,
      client: (options) => BrowserKuzzle.layer({ ...options, url: line.url })
    })),
    canTerminate: false
  })
)

/**
 * Firefox opens one WebSocket of a host at a time, whatever its port, so cases with delayed handshakes would delay each
 * other. One case is left out: Firefox keeps the TCP connection of a socket that was closed while connecting.
 */
const inFirefox = {
  alone: ["connecting", "upgrading", "reconnecting", "upgrading again"],
  includes: (phase: string, fault: string) => phase !== "upgrading again" || fault !== "close 1011"
}

faultSuite("faults, browser", {
  backend: layerRemote,
  atOnce: 8,
  ...(server.browser === "firefox" ? inFirefox : {})
})
