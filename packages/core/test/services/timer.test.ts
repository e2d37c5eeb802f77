import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope, TestClock } from "effect"
import { vi } from "vitest"
import { until } from "../../../../tests/suite/until.ts"
import * as Timer from "../../src/internal/services/timer.ts"

const inScope = Effect.gen(function*() {
  const scope = yield* Scope.make()
  const fired: Array<number> = []
  const clock = yield* Effect.clock
  const timer = yield* Scope.extend(Timer.make(() => fired.push(clock.unsafeCurrentTimeMillis())), scope)
  return { timer, fired, clock, close: Scope.close(scope, Exit.void) }
})

describe("timer", () => {
  it.effect("fires once, at the time that was set last", () =>
    Effect.gen(function*() {
      const { fired, timer } = yield* inScope
      timer.at(100)
      timer.at(50)
      timer.at(70)
      yield* TestClock.adjust("69 millis")
      assert.deepStrictEqual(fired, [])
      yield* TestClock.adjust("1000 millis")
      assert.deepStrictEqual(fired.length, 1)
    }))

  it.effect("a time that is past fires at once, and a clear stops it", () =>
    Effect.gen(function*() {
      const { fired, timer } = yield* inScope
      yield* TestClock.adjust("100 millis")
      timer.at(10)
      yield* TestClock.adjust("0 millis")
      assert.deepStrictEqual(fired, [100])
      timer.at(200)
      timer.clear()
      yield* TestClock.adjust("1000 millis")
      assert.deepStrictEqual(fired, [100])
    }))

  it.effect("can be set by its own callback", () =>
    Effect.gen(function*() {
      const ticks: Array<number> = []
      const clock = yield* Effect.clock
      const timer: Timer.Timer = yield* Timer.make(() => {
        ticks.push(clock.unsafeCurrentTimeMillis())
        if (ticks.length < 3) timer.at(clock.unsafeCurrentTimeMillis() + 10)
      })
      timer.at(10)
      for (let i = 0; i < 5; i++) yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(ticks, [10, 20, 30])
    }).pipe(Effect.scoped))

  it.effect("L1: nothing fires after the scope is closed", () =>
    Effect.gen(function*() {
      const { close, fired, timer } = yield* inScope
      timer.at(10)
      yield* close
      timer.at(20)
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(fired, [])
    }))

  it.live("L1: with the live clock it is one timer of the host, which ends with the scope", () =>
    Effect.gen(function*() {
      const { clock, close, fired, timer } = yield* inScope
      const before = vi.spyOn(globalThis, "clearTimeout")
      timer.at(Timer.now(clock) + 5)
      yield* until("it fires", Effect.sync(() => fired.length === 1))
      timer.at(Timer.now(clock) + 5)
      yield* close
      // A fixed wait, because the test shows that nothing fires.
      yield* Effect.sleep("20 millis")
      assert.strictEqual(fired.length, 1)
      assert.isAbove(before.mock.calls.length, 0)
      before.mockRestore()
    }))

  it.live("a delay beyond 31 bits does not fire at once", () =>
    Effect.gen(function*() {
      const { clock, close, fired, timer } = yield* inScope
      const set = vi.spyOn(globalThis, "setTimeout")
      timer.at(Timer.now(clock) + 2 ** 31 + 1000)
      const delays = set.mock.calls.map(([, delay]) => delay)
      set.mockRestore()
      assert.deepStrictEqual(delays, [2 ** 31 - 1])
      // A fixed wait, because the test shows that nothing fires. The host would fire a delay that is too long within 1 ms.
      yield* Effect.sleep("10 millis")
      assert.deepStrictEqual(fired, [])
      yield* close
    }))

  it("a delay beyond 31 bits is split into parts, and only the end of the last part fires", () => {
    const set = vi.spyOn(globalThis, "setTimeout")
    const waits: Array<{ readonly wake: () => void; readonly delay: number | undefined }> = []
    set.mockImplementation((wake, delay) => {
      waits.push({ wake, delay })
      // The return value is only passed to `clearTimeout`, which accepts any value.
      return undefined as never
    })
    try {
      let fired = 0
      const scope = Effect.runSync(Scope.make())
      const timer = Effect.runSync(Scope.extend(Timer.make(() => fired++), scope))
      const clock = Effect.runSync(Effect.clock)
      timer.at(Timer.now(clock) + 2 ** 33)
      waits.at(-1)!.wake()
      waits.at(-1)!.wake()
      assert.deepStrictEqual(waits.map(({ delay }) => delay), [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1])
      assert.strictEqual(fired, 0)
      timer.at(Timer.now(clock) + 10)
      assert.isAtMost(waits.at(-1)!.delay!, 11)
      waits.at(-1)!.wake()
      assert.strictEqual(fired, 1)
      Effect.runSync(Scope.close(scope, Exit.void))
      timer.at(Timer.now(clock) + 10)
      assert.strictEqual(waits.length, 4)
    } finally {
      set.mockRestore()
    }
  })
})
