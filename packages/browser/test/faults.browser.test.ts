/** The table of faults in a browser, against the embedded Kuzzle; the lines are relays in Node, which the page commands. */
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { Effect, Layer } from "effect"
import { inject } from "vitest"
import { Backend } from "../../testing/test/suite/backend.ts"
import { faultSuite } from "../../testing/test/suite/faults.ts"
import { type Line, Lines } from "../../testing/test/suite/line.ts"
import * as Remote from "../../testing/test/suite/remote.ts"

const remote = inject("kuzzleEmbedded")

const layerRemote = Layer.merge(
  Layer.succeed(Backend, {
    client: (options) => BrowserKuzzle.layer({ ...options, url: remote.relayUrl }),
    cookie: (options) => BrowserKuzzle.layerCookie({ ...options, url: remote.relayUrl }),
    http: (options) => BrowserKuzzle.layerHttp({ ...options, url: remote.url }),
    network: Remote.network(remote)
  }),
  Layer.succeed(Lines, {
    make: Effect.map(Remote.line(remote), (line): Line => ({
      ...line,
      client: (options) => BrowserKuzzle.layer({ ...options, url: line.url })
    })),
    hard: false
  })
)

faultSuite("faults, browser", { backend: layerRemote, atOnce: 8 })
