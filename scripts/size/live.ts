/** A page that follows a search. It evaluates the filter, which has no `regexp`, in the page. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as KuzzleFilter from "@effect-kuzzle/core/KuzzleFilter"
import * as KuzzleLiveQuery from "@effect-kuzzle/core/KuzzleLiveQuery"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const program = Effect.gen(function*() {
  const free = yield* KuzzleLiveQuery.live({
    index: "nyc",
    collection: "taxi",
    filter: KuzzleFilter.equals("status", "free")
  })
  yield* Stream.runForEach(free.values, (taxis) => Effect.sync(() => document.body.append(String(taxis.size))))
})

program.pipe(Effect.scoped, Effect.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" })), Effect.runFork)
