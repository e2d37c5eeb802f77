/** A page of a user. Its module must also load without a browser, as for server-side rendering. */
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { KuzzleAuth, KuzzleRealtime } from "@effect-kuzzle/core"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

export const page = Effect.gen(function*() {
  yield* KuzzleAuth.login({
    strategy: "local",
    credentials: { username: "ada", password: Redacted.make("secret") }
  })
  yield* Stream.runDrain(KuzzleRealtime.subscribe({ index: "nyc", collection: "taxi" }))
}).pipe(Effect.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org", session: BrowserKuzzle.cookie })))
