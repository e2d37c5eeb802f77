/** A page with a small application. It does not use Schema, which the core does not need. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as KuzzleDocument from "@effect-kuzzle/core/KuzzleDocument"
import * as Effect from "effect/Effect"
import { listening } from "./listening.ts"

const program = Effect.gen(function*() {
  yield* listening
  yield* KuzzleDocument.create({ index: "nyc", collection: "taxi", content: { status: "free" } })
})

program.pipe(Effect.scoped, Effect.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" })), Effect.runFork)
