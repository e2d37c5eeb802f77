// packages/testing/README.md
import { Kuzzle, KuzzleAuth, KuzzleHeartbeat } from "@effect-kuzzle/core"
import { KuzzleEngine, KuzzleTestSocket } from "@effect-kuzzle/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted, TestClock } from "effect"

const TestKuzzle = Kuzzle.layer().pipe(
  Layer.provide(KuzzleHeartbeat.layerDisabled),
  Layer.provide(KuzzleTestSocket.layer),
  Layer.provideMerge(KuzzleEngine.layer({ users: [{ username: "ada", password: "secret" }] }))
)

it.effect("a token dies with the clock", () =>
  Effect.gen(function*() {
    const { token } = yield* KuzzleAuth.login({
      strategy: "local",
      credentials: { username: "ada", password: Redacted.make("secret") },
      expiresIn: "10 seconds"
    })
    yield* TestClock.adjust("11 seconds")
    assert.isFalse((yield* KuzzleAuth.checkToken({ token: token! })).valid)
  }).pipe(Effect.provide(TestKuzzle)))

export {}
