/** Runs the examples of the README. */
import {
  Kuzzle,
  KuzzleAuth,
  KuzzleCollection,
  KuzzleDocument,
  KuzzleHeartbeat,
  KuzzleServer
} from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { KuzzleEngine, KuzzleTestSocket } from "@effect-kuzzle/testing"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Schedule, TestClock } from "effect"

const taxi = { index: "nyc", collection: "taxi" }

const TestKuzzle = Kuzzle.layer().pipe(
  Layer.provide(KuzzleHeartbeat.layerDisabled),
  Layer.provide(KuzzleTestSocket.layer),
  Layer.provideMerge(KuzzleEngine.layer({ users: [{ username: "ada", password: "secret" }] }))
)

it.effect("a token expires with the test clock", () =>
  Effect.gen(function*() {
    const { token } = yield* KuzzleAuth.login({
      strategy: "local",
      credentials: { username: "ada", password: Redacted.make("secret") },
      expiresIn: "10 seconds"
    })
    yield* TestClock.adjust("11 seconds")
    const { valid } = yield* KuzzleAuth.checkToken({ token: Option.getOrThrow(token) })
    assert.isFalse(valid)
  }).pipe(Effect.provide(TestKuzzle)))

it.live("a request is retried after a cut connection", () =>
  Effect.gen(function*() {
    const server = yield* KuzzleTestServer.KuzzleTestServer
    const program = Effect.gen(function*() {
      yield* KuzzleCollection.create(taxi)
      yield* KuzzleDocument.create({ ...taxi, _id: "a", content: { status: "free" } })
      yield* server.cut
      // A request in flight fails with `KuzzleMaybeSentError` when the connection breaks. This one may be repeated.
      assert.isNumber(yield* Effect.retry(KuzzleServer.now(), Schedule.spaced("100 millis")))
    })
    yield* Effect.provide(program, NodeKuzzle.layer({ url: server.url }))
  }).pipe(Effect.provide(KuzzleTestServer.layer())))
