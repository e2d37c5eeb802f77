/** The standalone page with the outbox in IndexedDB, to which it hands over a request. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as BrowserKuzzleOutboxStore from "@effect-kuzzle/browser/BrowserKuzzleOutboxStore"
import * as KuzzleDocument from "@effect-kuzzle/core/KuzzleDocument"
import * as KuzzleOutbox from "@effect-kuzzle/core/KuzzleOutbox"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { listening } from "./listening.ts"

const program = Effect.gen(function*() {
  yield* listening
  yield* KuzzleOutbox.handOver(
    KuzzleDocument.create({ index: "nyc", collection: "taxi", content: { status: "free" } })
  )
})

const live = KuzzleOutbox.layer().pipe(
  Layer.provide(BrowserKuzzleOutboxStore.layer()),
  Layer.provideMerge(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" }))
)

program.pipe(Effect.scoped, Effect.provide(live), Effect.runFork)
