/** The document suites in a browser, against the embedded Kuzzle and, if one runs, a real one. */
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { Layer } from "effect"
import { inject } from "vitest"
import { Backend } from "../../../tests/suite/backend.ts"
import { documentsSuite } from "../../../tests/suite/documentsSuite.ts"
import * as Remote from "../../../tests/suite/remote.ts"

const layerRemote = (remote: Remote.RemoteBackend) =>
  Layer.succeed(Backend, {
    client: (options) => BrowserKuzzle.layer({ ...options, url: remote.relayUrl }),
    cookie: (options) =>
      BrowserKuzzle.layer({
        ...options,
        url: remote.relayUrl.replace("127.0.0.1", "localhost"),
        session: BrowserKuzzle.cookie
      }),
    http: (options) => BrowserKuzzle.layerHttp({ ...options, url: remote.url }),
    network: Remote.network(remote)
  })

documentsSuite("browser, embedded Kuzzle", {
  backend: layerRemote(inject("kuzzleEmbedded")),
  runs: 10,
  inOrder: true,
  standsForMissing: true
})

const real = inject("kuzzleReal")
if (real !== null) {
  documentsSuite("browser, real Kuzzle", {
    backend: layerRemote(real),
    inOrder: false,
    runs: 5,
    standsForMissing: false
  })
}
