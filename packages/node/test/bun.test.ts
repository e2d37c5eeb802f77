/** HTTP without undici: in Bun the agents of undici make no requests, and `fetch` has the option `tls`. */
import { KuzzleError, KuzzleServer } from "@effect-kuzzle/core"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { FetchHttpClient } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { vi } from "vitest"
import { failure } from "../../../tests/suite/tools.ts"
import { NodeKuzzle } from "../src/index.ts"

vi.mock("@effect/platform-node/Undici", () => ({ Agent: class {} }))

layer(KuzzleTestServer.layer(), { excludeTestServices: true })("without undici", (it) => {
  it.effect("HTTP uses fetch, with the TLS options and without following redirects", () =>
    Effect.gen(function*() {
      const { url } = yield* KuzzleTestServer.KuzzleTestServer
      const inits: Array<{ readonly [option: string]: unknown }> = []
      const fetch: typeof globalThis.fetch = (input, init) => {
        inits.push({ ...init })
        return globalThis.fetch(input, init)
      }
      yield* Effect.gen(function*() {
        const tls = { rejectUnauthorized: false }
        assert.isNumber(yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layerHttp({ url })))
        assert.isNumber(yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layerHttp({ url, tls })))
        assert.lengthOf(inits, 2)
        assert.deepInclude(inits[0], { redirect: "manual", tls: undefined })
        assert.deepInclude(inits[1], { redirect: "manual", tls })
        const error = yield* failure(KuzzleServer.now(), KuzzleError.HttpTransportError).pipe(
          Effect.provide(NodeKuzzle.layerHttp({ url: "http://127.0.0.1:1" }))
        )
        assert.strictEqual(error.url, "http://127.0.0.1:1/_query")
      }).pipe(Effect.provideService(FetchHttpClient.Fetch, fetch))
    }))
})
