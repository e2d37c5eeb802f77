// packages/browser/README.md
import { KuzzleRealtime } from "@effect-kuzzle/core"
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { BrowserRuntime } from "@effect/platform-browser"
import { Console, Effect, Stream } from "effect"

KuzzleRealtime.subscribe({ index: "nyc", collection: "taxi" }).pipe(
  Stream.runForEach((notification) => Console.log(notification)),
  Effect.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" })),
  BrowserRuntime.runMain
)

export {}
