/** A page that only sends requests: it subscribes to nothing and watches nothing. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as KuzzleDocument from "@effect-kuzzle/core/KuzzleDocument"
import * as Effect from "effect/Effect"

const program = KuzzleDocument.create({ index: "nyc", collection: "taxi", content: { status: "free" } })

program.pipe(Effect.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" })), Effect.runFork)
