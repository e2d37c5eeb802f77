/** `admin:shutdown`, as a client sees it. The server is down at the end. */
import { Kuzzle, KuzzleAdmin, KuzzleServer } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { Backend } from "./backend.ts"
import { inbox } from "./tools.ts"

export const shutsDown = Effect.gen(function*() {
  const kuzzle = yield* Kuzzle.Kuzzle
  const states = yield* inbox(Kuzzle.streamOf(kuzzle.states), "a state")
  yield* KuzzleAdmin.shutdown()
  // For about a second the server refuses requests. It may still answer the first ones.
  const refused = yield* Effect.flip(Effect.repeat(KuzzleServer.now(), Schedule.spaced("20 millis")))
  assert.propertyVal(refused, "id", "network.entrypoint.shutting_down")
  assert.propertyVal(refused, "status", 503)
  let state = yield* states.take
  while (state._tag !== "Waiting") state = yield* states.take
  assert.strictEqual(state.cause._tag === "KuzzleConnectionEndedError" && state.cause.code, 1006)
  const { client } = yield* Backend
  const failed = yield* Effect.flip(Effect.provide(KuzzleServer.now(), client({ connectTimeout: "1 second" })))
  assert.strictEqual(failed._tag, "KuzzleConnectError")
})
