/** A page with nothing but us: no Schema, which the core does not need. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as KuzzleAuth from "@effect-kuzzle/core/KuzzleAuth"
import * as KuzzleDocument from "@effect-kuzzle/core/KuzzleDocument"
import * as KuzzleFilter from "@effect-kuzzle/core/KuzzleFilter"
import * as KuzzleRealtime from "@effect-kuzzle/core/KuzzleRealtime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const program = Effect.gen(function*() {
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
  yield* KuzzleDocument.create({ index: "nyc", collection: "taxi", content: { status: "free" } })
})

program.pipe(Effect.scoped, Effect.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" })), Effect.runFork)
