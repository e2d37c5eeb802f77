/** The application without the library: it decodes and shows a stream of taxis. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Page, PageLive, Taxi } from "./page.ts"

const program = Effect.gen(function*() {
  const page = yield* Page
  yield* Stream.make({ status: "free", seats: 4 }, { status: "busy", seats: 2 }).pipe(
    Stream.mapEffect((taxi) => Schema.decodeUnknown(Taxi)(taxi)),
    Stream.filter((taxi) => taxi.seats > 0),
    Stream.runForEach((taxi) => page.show(`${taxi.status} ${taxi.seats}`)),
    Effect.forkScoped
  )
})

program.pipe(Effect.scoped, Effect.provide(PageLive), Effect.runFork)
