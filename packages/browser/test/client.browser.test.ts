/** The client suite in a browser: its own WebSocket and `fetch`, against the embedded Kuzzle and, where one runs, the real one. */
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { Layer } from "effect"
import { inject } from "vitest"
import { Backend } from "../../testing/test/suite/backend.ts"
import { clientSuite } from "../../testing/test/suite/clientSuite.ts"
import * as Remote from "../../testing/test/suite/remote.ts"

const layerRemote = (remote: Remote.RemoteBackend) =>
  Layer.succeed(Backend, {
    client: (options) => BrowserKuzzle.layer({ ...options, url: remote.relayUrl }),
    http: (options) => BrowserKuzzle.layerHttp({ ...options, url: remote.url }),
    network: Remote.network(remote)
  })

clientSuite("browser, embedded Kuzzle", { backend: layerRemote(inject("kuzzleEmbedded")) })

const real = inject("kuzzleReal")
if (real !== null) clientSuite("browser, real Kuzzle", { backend: layerRemote(real) })
