/** The delays of a `Schedule`, one at a time, without sleeping them: who sleeps decides what may wake it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"

export interface Delays<In> {
  /** Milliseconds until the next recurrence; `undefined` when the schedule has ended. */
  readonly next: (input: In) => Effect.Effect<number | undefined>
  /** The next recurrences, at most `count`, each as if the one before had come on time. Fewer: the schedule has ended. */
  readonly ahead: (count: number, input: In) => Effect.Effect<ReadonlyArray<number>>
  /** Starts the schedule again from its beginning. */
  readonly reset: () => void
}

export const make = <In>(schedule: Schedule.Schedule<unknown, In>): Delays<In> => {
  let state: unknown = schedule.initial
  const step = (now: number, input: In): Effect.Effect<number | undefined> =>
    Effect.map(schedule.step(now, input, state), ([following, , decision]) => {
      state = following
      return ScheduleDecision.isContinue(decision)
        ? atLeastOne(ScheduleIntervals.start(decision.intervals) - now)
        : undefined
    })
  return {
    next: (input) => Effect.flatMap(Clock.currentTimeMillis, (now) => step(now, input)),
    ahead: (count, input) =>
      Effect.gen(function*() {
        const delays: Array<number> = []
        let now = yield* Clock.currentTimeMillis
        while (delays.length < count) {
          const delay = yield* step(now, input)
          if (delay === undefined) break
          delays.push(delay)
          now += delay
        }
        return delays
      }),
    reset: () => {
      state = schedule.initial
    }
  }
}

/** A schedule without pauses would be a loop without end. */
const atLeastOne = (millis: number): number => (millis > 1 ? millis : 1)
