/** A login and a subscription, for the pages `standalone.ts` and `outbox.ts`. */
import * as KuzzleAuth from "@effect-kuzzle/core/KuzzleAuth"
import * as KuzzleFilter from "@effect-kuzzle/core/KuzzleFilter"
import * as KuzzleRealtime from "@effect-kuzzle/core/KuzzleRealtime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

export const listening = Effect.gen(function*() {
  yield* KuzzleAuth.login({
    strategy: "local",
    credentials: { username: "ada", password: Redacted.make("secret") }
  })
  yield* KuzzleRealtime.subscribe({
    index: "nyc",
    collection: "taxi",
    filter: KuzzleFilter.equals("status", "free")
  }).pipe(
    Stream.runForEach((notification) => Effect.sync(() => document.body.append(JSON.stringify(notification)))),
    Effect.forkScoped
  )
})
