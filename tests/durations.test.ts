/** An invalid duration in any option is a typed error that names the option, never a defect. */
import {
  Kuzzle,
  KuzzleBatch,
  KuzzleConfig,
  KuzzleDocument,
  KuzzleHeartbeat,
  KuzzleSchedule,
  KuzzleSearch
} from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, type Duration, Effect, Option, Stream } from "effect"
import * as Memory from "./suite/memory.ts"

// A program without types can pass any value.
const bad = "10s" as unknown as Duration.DurationInput

const place = { index: "i", collection: "c" }

const thrown = (make: () => unknown) => Effect.catchAllDefect(Effect.sync(make), Effect.fail)

const withClient = <A, E>(effect: Effect.Effect<A, E, Kuzzle.Kuzzle>) =>
  Effect.provide(effect, Memory.layerClient(KuzzleEngine.layer()))

const settings = (options: KuzzleConfig.Options) => KuzzleConfig.make(options)
const engine = (options: KuzzleEngine.Options) => Effect.scoped(KuzzleEngine.make(options))
const batch = (options: KuzzleBatch.Options) =>
  withClient(Effect.scoped(Effect.flatMap(Kuzzle.Kuzzle, (kuzzle) => KuzzleBatch.make(kuzzle, options))))

const places: ReadonlyArray<readonly [option: string, use: Effect.Effect<unknown, unknown>]> = [
  ["connectTimeout", settings({ connectTimeout: bad })],
  ["requestTimeout", settings({ requestTimeout: bad })],
  ["stableAfter", settings({ stableAfter: bad })],
  ["queueTTL", settings({ autoQueue: true, queueTTL: bad })],
  ["pingInterval", KuzzleHeartbeat.make("Native", { pingInterval: bad })],
  ["pingTimeout", KuzzleHeartbeat.make("Native", { pingTimeout: bad })],
  ["base", thrown(() => KuzzleSchedule.reconnect({ base: bad }))],
  ["cap", thrown(() => KuzzleSchedule.reconnect({ cap: bad }))],
  ["interval", thrown(() => KuzzleSchedule.heartbeat({ interval: bad }))],
  ["margin", thrown(() => KuzzleSchedule.tokenRefresh({ margin: bad }))],
  ["window", batch({ window: bad })],
  ["requestTimeout", batch({ requestTimeout: bad })],
  ["tokenLifetime", engine({ tokenLifetime: bad })],
  ["idleTimeout", engine({ idleTimeout: bad })],
  ["refreshInterval", engine({ refreshInterval: bad })],
  [
    "keepAlive",
    withClient(Stream.runDrain(KuzzleSearch.hits({ ...place, strategy: KuzzleSearch.scroll({ keepAlive: bad }) })))
  ],
  ["timeout", withClient(KuzzleDocument.get({ ...place, _id: "a", timeout: bad }))]
]

describe("an invalid duration", () => {
  it.effect.each(places)(
    "C7: %s: a typed error names the option, its value, and what to write",
    ([option, use]) =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(use)
        const failure = exit._tag === "Failure" ? Cause.failureOption(exit.cause) : Option.none()
        const error = Option.getOrElse(failure, () => assert.fail(`no typed error: ${String(exit)}`))
        assert.match(String(Object(error)._tag), /^Kuzzle(InvalidSetting|Encode)Error$/)
        const { message } = Object(error)
        assert.include(message, option)
        assert.include(message, `"10s"`)
        assert.include(message, `expected a duration such as "10 seconds", or milliseconds`)
      })
  )

  it.effect("C7: a count of documents that is not a positive whole number is a typed error", () =>
    Effect.gen(function*() {
      for (const options of [{ maxReads: 0 }, { maxWrites: -1 }, { maxReads: 1.5 }, { maxWrites: NaN }]) {
        const error = yield* Effect.flip(batch(options))
        assert.strictEqual(error._tag, "KuzzleInvalidSettingError")
        assert.include(error.message, "expected a whole number from 1")
      }
    }))
})
