/** A page that subscribes with a callback. It must not contain `Stream`. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as KuzzleRealtime from "@effect-kuzzle/core/KuzzleRealtime"
import * as Effect from "effect/Effect"

const program = KuzzleRealtime.listen(
  { index: "nyc", collection: "taxi" },
  (notification) => document.body.append(JSON.stringify(notification))
)

program.pipe(
  Effect.zipRight(Effect.never),
  Effect.scoped,
  Effect.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" })),
  Effect.runFork
)
