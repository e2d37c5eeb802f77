import { KuzzleSchedule } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, FastCheck as fc, Fiber, Random, Schedule, TestClock } from "effect"
import { delays } from "./support/delays.ts"

const MAX_DELAY = 2 ** 31 - 1

const times = (n: number): ReadonlyArray<undefined> => Array.from({ length: n }, () => undefined)

/** A `Random` that always draws the same number. */
const draw = (value: number) => Effect.withRandom(Random.fixed([value]))

const seeded = (seed: number) => Effect.withRandom(Random.make(seed))

const seed = fc.integer()
const millis = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.double({ min: 0, max: 1e12, noNaN: true }))
const options = fc.record(
  { base: millis, cap: millis, factor: fc.double({ min: 1, max: 1000, noNaN: true }) },
  { requiredKeys: [] }
)

describe("KuzzleSchedule.reconnect", () => {
  it.effect.prop(
    "a delay is never 0, never above its ceiling, and never too long for a timer",
    { seed, options },
    ({ options, seed }) =>
      Effect.gen(function*() {
        const { base = 1000, cap = 30_000, factor = 2 } = options
        const pauses = yield* delays(KuzzleSchedule.reconnect(options), times(60)).pipe(seeded(seed))
        assert.strictEqual(pauses.length, 60)
        pauses.forEach((delay, attempt) => {
          const ceiling = Math.max(1, Math.min(cap, Math.max(1, base) * factor ** attempt, MAX_DELAY))
          assert.isAtLeast(delay, 1)
          assert.isAtMost(delay, ceiling)
          assert.isTrue(Number.isInteger(delay))
        })
      })
  )

  it.effect("stays within its bounds after any number of attempts", () =>
    Effect.gen(function*() {
      const pauses = yield* delays(KuzzleSchedule.reconnect({ cap: Duration.infinity }), times(5000)).pipe(draw(0))
      assert.strictEqual(pauses.at(-1), MAX_DELAY)
      assert.isTrue(pauses.every((delay) => delay >= 1 && delay <= MAX_DELAY))
    }))

  it.effect("stays within the cap for all options", () =>
    Effect.gen(function*() {
      for (const options of [{ base: 0 }, { factor: NaN }, { factor: -3 }, { factor: Infinity }, { base: Infinity }]) {
        const pauses = yield* delays(KuzzleSchedule.reconnect(options), times(2000)).pipe(draw(0))
        assert.isTrue(pauses.every((delay) => delay >= 1 && delay <= 30_000), JSON.stringify(options))
      }
      const still = yield* delays(KuzzleSchedule.reconnect({ cap: 0 }), times(3)).pipe(draw(0))
      assert.deepStrictEqual(still, [1, 1, 1])
    }))

  it.effect("doubles its ceiling up to the cap", () =>
    Effect.gen(function*() {
      // The lowest draw gives the longest delay, which is the ceiling.
      const pauses = yield* delays(KuzzleSchedule.reconnect(), times(8)).pipe(draw(0))
      assert.deepStrictEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    }))

  it.effect.prop("has a ceiling that never falls", { options }, ({ options }) =>
    Effect.gen(function*() {
      const pauses = yield* delays(KuzzleSchedule.reconnect(options), times(100)).pipe(draw(0))
      pauses.slice(1).forEach((delay, i) => assert.isAtLeast(delay, pauses[i] ?? 0))
    }))

  it.effect("draws from the whole range of its jitter", () =>
    Effect.gen(function*() {
      const first = (seed: number) =>
        delays(KuzzleSchedule.reconnect(), times(1)).pipe(seeded(seed), Effect.map((pauses) => pauses[0] ?? 0))
      const pauses = yield* Effect.forEach(Array.from({ length: 2000 }, (_, seed) => seed), first)
      const mean = pauses.reduce((sum, delay) => sum + delay, 0) / pauses.length
      assert.isBelow(Math.min(...pauses), 20)
      assert.isAbove(Math.max(...pauses), 980)
      assert.isAbove(mean, 470)
      assert.isBelow(mean, 530)
    }))

  it.effect.prop("makes a bounded number of attempts in an hour", { seed }, ({ seed }) =>
    Effect.gen(function*() {
      const pauses = yield* delays(KuzzleSchedule.reconnect(), times(400)).pipe(seeded(seed))
      let elapsed = 0
      const attempts = pauses.filter((delay) => (elapsed += delay) <= 3_600_000).length
      // One every 15 s on average, and a few at the start.
      assert.isAtLeast(attempts, 180)
      assert.isAtMost(attempts, 320)
    }))

  it.effect("never ends by itself, and composes with a limit", () =>
    Effect.gen(function*() {
      const limited = KuzzleSchedule.reconnect().pipe(Schedule.intersect(Schedule.recurs(3)))
      assert.strictEqual((yield* delays(limited, times(10))).length, 3)
      assert.strictEqual((yield* delays(KuzzleSchedule.reconnect(), times(10_000))).length, 10_000)
    }))

  it.effect("retries after its delays, by the Clock", () =>
    Effect.gen(function*() {
      const attempts: Array<number> = []
      const dial = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        attempts.push(now)
        return attempts.length < 5 ? Effect.fail("down") : Effect.void
      })
      const fiber = yield* Effect.fork(Effect.retry(dial, KuzzleSchedule.reconnect()).pipe(draw(0)))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(attempts, [0, 1000, 3000, 7000, 15_000])
    }))

  it.effect("spreads the attempts of 10,000 clients after an outage of 60 s", () =>
    Effect.gen(function*() {
      const clients = 10_000
      const outage = 60_000
      const schedule = KuzzleSchedule.reconnect()
      const windows = new Map<number, number>()
      for (let client = 0; client < clients; client++) {
        let at = 0
        // Enough attempts to last longer than the outage with any draws.
        for (const delay of yield* delays(schedule, times(40))) {
          at += delay
          const window = Math.floor(at / 100)
          if (at >= outage) {
            windows.set(window, (windows.get(window) ?? 0) + 1)
            break
          }
        }
        assert.isAtLeast(at, outage)
      }
      const peak = Math.max(...windows.values())
      const total = [...windows.values()].reduce((sum, n) => sum + n, 0)
      assert.strictEqual(total, clients)
      assert.isAtMost(peak, clients * 0.02)
      // No client waits longer than the cap, so all have reconnected by then.
      assert.isAtMost(Math.max(...windows.keys()) * 100, outage + 30_000)
    }).pipe(seeded(42)), 30_000)
})

describe("KuzzleSchedule.withRetryAfter", () => {
  it.effect("retryAfter is added to each delay, and the schedule ends as before", () =>
    Effect.gen(function*() {
      const schedule = KuzzleSchedule.withRetryAfter(
        Schedule.intersect(Schedule.spaced("2 seconds"), Schedule.recurs(3))
      )
      const errors = [{}, { retryAfter: Duration.seconds(30) }, { retryAfter: "soon" }, {}]
      assert.deepStrictEqual(yield* delays<unknown, unknown>(schedule, errors), [2000, 32_000, 2000])
    }))
})

describe("KuzzleSchedule.isStable", () => {
  it("requires 30 s, or the duration of the option", () => {
    assert.isFalse(KuzzleSchedule.isStable(1000, 30_999))
    assert.isTrue(KuzzleSchedule.isStable(1000, 31_000))
    assert.isTrue(KuzzleSchedule.isStable(1000, 2000, Duration.seconds(1)))
    assert.isFalse(KuzzleSchedule.isStable(1000, 0))
  })
})

describe("KuzzleSchedule.heartbeat", () => {
  it.effect("pings every 10 s: a dead connection is detected within 15 s, and the client is never silent for 25 s", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* delays(KuzzleSchedule.heartbeat(), times(3)), [10_000, 10_000, 10_000])
    }))

  it.effect.prop(
    "a delay is never 0 and never too long for a timer",
    { interval: millis },
    ({ interval }) =>
      Effect.gen(function*() {
        const pauses = yield* delays(KuzzleSchedule.heartbeat({ interval }), times(3))
        pauses.forEach((delay) => {
          assert.isAtLeast(delay, 1)
          assert.isAtMost(delay, MAX_DELAY)
          assert.strictEqual(delay, Math.max(1, Math.min(Math.floor(interval), MAX_DELAY)))
        })
      })
  )
})

describe("KuzzleSchedule.tokenRefresh", () => {
  /** The delay before a token with this remaining lifetime is renewed; `undefined` if it is not renewed. */
  const pause = (remaining: number, options?: KuzzleSchedule.TokenRefreshOptions) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => delays(KuzzleSchedule.tokenRefresh(options), [{ expiresAt: now + remaining }], now)
    )

  it.effect.prop("renews in time before the end, with delays that fit a timer", {
    seed,
    remaining: fc.integer({ min: 2, max: 2 ** 45 })
  }, (
    { remaining, seed }
  ) =>
    Effect.gen(function*() {
      const [delay = NaN] = yield* pause(remaining).pipe(seeded(seed))
      assert.isAtLeast(delay, 1)
      assert.isAtMost(delay, MAX_DELAY)
      assert.isAtMost(delay, remaining * 0.8)
      assert.isAtMost(delay, remaining - Math.min(10_000, remaining / 2))
      const earliest = Math.min(remaining * 0.7, remaining - Math.min(10_000, remaining / 2), MAX_DELAY)
      assert.isAtLeast(delay, Math.max(1, Math.floor(earliest)))
    }))

  it.effect("spreads renewals over a tenth of the lifetime", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* pause(3_600_000).pipe(draw(0)), [2_880_000])
      assert.deepStrictEqual(yield* pause(3_600_000).pipe(draw(0.999_999)), [2_520_000])
    }))

  it.effect("supports very short and very long lifetimes", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* pause(1000).pipe(draw(0)), [500])
      assert.deepStrictEqual(yield* pause(1).pipe(draw(0)), [1])
      assert.deepStrictEqual(yield* pause(Duration.toMillis("365 days")), [MAX_DELAY])
    }))

  it.effect("does not renew a token that never expires or has expired", () =>
    Effect.gen(function*() {
      const never = KuzzleSchedule.tokenRefresh()
      assert.deepStrictEqual(yield* delays(never, [{ expiresAt: -1 }]), [])
      assert.deepStrictEqual(yield* delays(never, [{ expiresAt: undefined }]), [])
      assert.deepStrictEqual(yield* delays(never, [{ expiresAt: Infinity }]), [])
      assert.deepStrictEqual(yield* delays(never, [{ expiresAt: NaN }]), [])
      assert.deepStrictEqual(yield* pause(0), [])
      assert.deepStrictEqual(yield* pause(-5), [])
    }))

  it.effect("renews each token by its own lifetime, by the Clock", () =>
    Effect.gen(function*() {
      const renewed: Array<number> = []
      const lifetimes = [50_000, 200_000, undefined]
      const renew = Effect.map(Clock.currentTimeMillis, (now): KuzzleSchedule.Expiring => {
        renewed.push(now)
        const lifetime = lifetimes[renewed.length - 1]
        return { expiresAt: lifetime === undefined ? undefined : now + lifetime }
      })
      const fiber = yield* Effect.fork(
        Effect.scheduleFrom(renew, { expiresAt: 100_000 }, KuzzleSchedule.tokenRefresh()).pipe(draw(0))
      )
      yield* TestClock.adjust("1 day")
      yield* Fiber.join(fiber)
      // 80 % of 100 s; then of 50 s; then of 200 s; the last token never expires.
      assert.deepStrictEqual(renewed, [80_000, 120_000, 280_000])
    }))
})
