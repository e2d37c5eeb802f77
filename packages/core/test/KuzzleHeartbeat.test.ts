import { KuzzleHeartbeat } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"

// A configuration file can contain any value, whatever the types say.
const duration = (input: unknown) => input as Duration.DurationInput

describe("KuzzleHeartbeat", () => {
  it.effect("the timeouts have defaults, and can be set", () =>
    Effect.gen(function*() {
      const timeoutOf = (options?: KuzzleHeartbeat.Options) =>
        Effect.map(KuzzleHeartbeat.make("Native", options), ({ timeout }) => Duration.toMillis(timeout))
      assert.strictEqual(yield* timeoutOf(), 5000)
      assert.strictEqual(yield* timeoutOf({ pingTimeout: "2 seconds" }), 2000)
      assert.strictEqual(yield* timeoutOf({ pingTimeout: 300 }), 300)
      const { busyTimeout } = yield* KuzzleHeartbeat.make("Native", {})
      assert.strictEqual(Duration.toSeconds(busyTimeout), 60)
      const { busyTimeout: given } = yield* KuzzleHeartbeat.make("Native", { busyPingTimeout: "20 seconds" })
      assert.strictEqual(Duration.toSeconds(given), 20)
    }))

  for (const input of ["soon", "-1 seconds", 0, -5, NaN, {}, "0 millis"]) {
    it.effect(`a timeout of ${JSON.stringify(input)} is an error that names the setting`, () =>
      Effect.gen(function*() {
        for (const layer of [KuzzleHeartbeat.layerNative, KuzzleHeartbeat.layerProtocol]) {
          const error = yield* Effect.flip(Effect.scoped(Layer.build(layer({ pingTimeout: duration(input) }))))
          assert.deepInclude({ ...error }, { _tag: "KuzzleInvalidSettingError", setting: "pingTimeout" })
          const busy = yield* Effect.flip(Effect.scoped(Layer.build(layer({ busyPingTimeout: duration(input) }))))
          assert.deepInclude({ ...busy }, { _tag: "KuzzleInvalidSettingError", setting: "busyPingTimeout" })
          const interval = yield* Effect.flip(Effect.scoped(Layer.build(layer({ pingInterval: duration(input) }))))
          assert.deepInclude({ ...interval }, { _tag: "KuzzleInvalidSettingError", setting: "pingInterval" })
        }
      }))
  }
})
