// packages/testing/README.md
import { KuzzleCollection, KuzzleDocument, KuzzleServer } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"

const taxi = { index: "nyc", collection: "taxi" }

it.live("a cut connection", () =>
  Effect.gen(function*() {
    const server = yield* KuzzleTestServer.KuzzleTestServer
    const program = Effect.gen(function*() {
      yield* KuzzleCollection.create(taxi)
      yield* KuzzleDocument.create({ ...taxi, _id: "a", content: { status: "free" } })
      yield* server.cut
      // In flight when the connection breaks, a request fails with `MaybeSentError`; this one may be repeated.
      assert.isNumber(yield* Effect.retry(KuzzleServer.now(), Schedule.spaced("100 millis")))
    })
    yield* Effect.provide(program, NodeKuzzle.layer({ url: server.url }))
  }).pipe(Effect.provide(KuzzleTestServer.layer())))

export {}
