/** The client suite in a browser: its own WebSocket and `fetch`, against the embedded Kuzzle and, where one runs, the real one. */
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { Kuzzle, KuzzleAuth } from "@effect-kuzzle/core"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { inject } from "vitest"
import { Backend, layerWorld, World } from "../../testing/test/suite/backend.ts"
import { clientSuite } from "../../testing/test/suite/clientSuite.ts"
import * as Remote from "../../testing/test/suite/remote.ts"

const layerRemote = (remote: Remote.RemoteBackend) =>
  Layer.succeed(Backend, {
    client: (options) => BrowserKuzzle.layer({ ...options, url: remote.relayUrl }),
    // Cookies know no ports: on the page's own site, `localhost`, they stay away from the clients with a token.
    cookie: (options) =>
      BrowserKuzzle.layerCookie({ ...options, url: remote.relayUrl.replace("127.0.0.1", "localhost") }),
    http: (options) => BrowserKuzzle.layerHttp({ ...options, url: remote.url }),
    network: Remote.network(remote)
  })

/** What only a browser does: it keeps the cookie when the page goes, and shows it to no script. */
const pageSuite = (name: string, remote: Remote.RemoteBackend) =>
  layer(Layer.provideMerge(layerWorld, layerRemote(remote)), { excludeTestServices: true, timeout: "60 seconds" })(
    name,
    (it) => {
      it.effect("a page that is loaded again is logged in still, until it logs out", () =>
        Effect.gen(function*() {
          const { cookie } = yield* Backend
          const { kuid, password, username } = yield* (yield* World).user
          const page = <A, E>(effect: Effect.Effect<A, E, Kuzzle.Kuzzle>) => Effect.provide(effect, cookie({}))
          yield* page(
            KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) } })
          )
          assert.notInclude(document.cookie, "authToken")
          yield* page(Effect.gen(function*() {
            const kuzzle = yield* Kuzzle.Kuzzle
            const state = yield* kuzzle.authentication.state
            assert.deepInclude(state, { _tag: "Authenticated", kuid })
            // When it ends is known, by our clock, so that it can be renewed in time.
            const left = (state._tag === "Authenticated" ? state.expiresAt ?? 0 : 0) - Date.now()
            assert.approximately(left, 3_600_000, 60_000)
            assert.strictEqual((yield* KuzzleAuth.getCurrentUser())._id, kuid)
            yield* KuzzleAuth.logout()
          }))
          yield* page(Effect.gen(function*() {
            const kuzzle = yield* Kuzzle.Kuzzle
            assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
            assert.strictEqual((yield* KuzzleAuth.getCurrentUser())._id, "-1")
          }))
        }))
    }
  )

clientSuite("browser, embedded Kuzzle", { backend: layerRemote(inject("kuzzleEmbedded")) })

pageSuite("a page, embedded Kuzzle", inject("kuzzleEmbedded"))

const real = inject("kuzzleReal")
if (real !== null) {
  clientSuite("browser, real Kuzzle", { backend: layerRemote(real) })
  pageSuite("a page, real Kuzzle", real)
}
