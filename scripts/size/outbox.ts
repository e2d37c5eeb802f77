/** The page with nothing but us, with the outbox in IndexedDB: an order is handed over. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as BrowserKuzzleOutboxStore from "@effect-kuzzle/browser/BrowserKuzzleOutboxStore"
import * as KuzzleAuth from "@effect-kuzzle/core/KuzzleAuth"
import * as KuzzleDocument from "@effect-kuzzle/core/KuzzleDocument"
import * as KuzzleFilter from "@effect-kuzzle/core/KuzzleFilter"
import * as KuzzleOutbox from "@effect-kuzzle/core/KuzzleOutbox"
import * as KuzzleRealtime from "@effect-kuzzle/core/KuzzleRealtime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
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
  yield* KuzzleOutbox.handOver(
    KuzzleDocument.create({ index: "nyc", collection: "taxi", content: { status: "free" } })
  )
})

const live = KuzzleOutbox.layer().pipe(
  Layer.provide(BrowserKuzzleOutboxStore.layer()),
  Layer.provideMerge(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" }))
)

program.pipe(Effect.scoped, Effect.provide(live), Effect.runFork)
