/** A page that uses three of the hundreds of actions. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as KuzzleDocument from "@effect-kuzzle/core/KuzzleDocument"
import * as KuzzleRealtime from "@effect-kuzzle/core/KuzzleRealtime"
import * as KuzzleServer from "@effect-kuzzle/core/KuzzleServer"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const program = Effect.gen(function*() {
  const taxi = yield* KuzzleDocument.get({ index: "nyc", collection: "taxi", _id: "yellow-1" })
  const now = yield* KuzzleServer.now()
  document.body.append(`${JSON.stringify(taxi._source)} at ${now}`)
  yield* Stream.runForEach(
    KuzzleRealtime.subscribe({ index: "nyc", collection: "taxi" }),
    (notification) => Effect.sync(() => document.body.append(JSON.stringify(notification)))
  )
})

program.pipe(Effect.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" })), Effect.runFork)
