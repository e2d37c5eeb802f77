/** The application with the library: the page of `base.ts`, with a login, a write and a subscription. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as KuzzleAuth from "@effect-kuzzle/core/KuzzleAuth"
import * as KuzzleDocument from "@effect-kuzzle/core/KuzzleDocument"
import * as KuzzleFilter from "@effect-kuzzle/core/KuzzleFilter"
import * as KuzzleRealtime from "@effect-kuzzle/core/KuzzleRealtime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Page, PageLive, Taxi } from "./page.ts"

const program = Effect.gen(function*() {
  const page = yield* Page
  yield* KuzzleAuth.login({
    strategy: "local",
    credentials: { username: "ada", password: Redacted.make("secret") }
  })
  yield* KuzzleRealtime.subscribe({
    index: "nyc",
    collection: "taxi",
    filter: KuzzleFilter.equals("status", "free")
  }).pipe(
    Stream.mapEffect((notification) => Schema.decodeUnknown(Taxi)(notification)),
    Stream.filter((taxi) => taxi.seats > 0),
    Stream.runForEach((taxi) => page.show(`${taxi.status} ${taxi.seats}`)),
    Effect.forkScoped
  )
  yield* KuzzleDocument.create({ index: "nyc", collection: "taxi", content: { status: "free", seats: 4 } })
})

program.pipe(
  Effect.scoped,
  Effect.provide(Layer.mergeAll(PageLive, BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" }))),
  Effect.runFork
)
