/**
 * Plays a scenario on an embedded Kuzzle of its own. The sockets are real, and the scenario controls the time. So no answer
 * depends on the speed of the machine, and no test waits for a token to expire.
 */
import * as KuzzleEngine from "@effect-kuzzle/testing/KuzzleEngine"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { Clock, Duration, Effect, Runtime } from "effect"
import { play, type Scenario, sleep, type Step, type Time } from "./recorder.ts"

/** A clock that advances by 1 ms each time it is read, so two events never have the same time. */
const makeClock = (start: number) => {
  let now = start
  const sleepers = new Set<{ readonly due: number; readonly wake: () => void }>()
  const millis = () => now++
  const nanos = () => BigInt(millis()) * 1_000_000n
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const sleeper = { due: now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        sleepers.add(sleeper)
        return Effect.sync(() => sleepers.delete(sleeper))
      })
  }
  const advance = (ms: number) => {
    now += ms
    for (const sleeper of sleepers) {
      if (sleeper.due > now) continue
      sleepers.delete(sleeper)
      sleeper.wake()
    }
  }
  return { clock, now: () => now, advance }
}

const played = (name: string, scenario: Scenario, passing: Pick<Time, "now" | "sleep">) =>
  Effect.gen(function*() {
    const engine = yield* KuzzleEngine.KuzzleEngine
    const { url } = yield* KuzzleTestServer.KuzzleTestServer
    const run = Runtime.runPromise(yield* Effect.runtime())
    const time: Time = {
      ...passing,
      // The embedded server handles frames in the order of their arrival. Only the end of a connection may be noticed later.
      notice: async (_, connected) => {
        while (await run(engine.connections) !== connected) await sleep(1)
      }
    }
    return yield* Effect.promise(() => play(url, name, scenario, time))
  })

/** Plays a scenario on an embedded server of its own. */
export const playEmbedded = (
  name: string,
  scenario: Scenario,
  options?: KuzzleEngine.Options
): Promise<ReadonlyArray<Step>> => {
  const { advance, clock, now } = makeClock(Date.UTC(2030, 0, 1))
  const passing = {
    now,
    // Fibers that wake up run within this turn of the event loop.
    sleep: (ms: number) => {
      advance(ms)
      return sleep(0)
    }
  }
  return played(name, scenario, passing).pipe(
    Effect.provide(KuzzleTestServer.layer(options)),
    Effect.withClock(clock),
    Effect.runPromise
  )
}
