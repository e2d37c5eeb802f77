/** The delays of a `Schedule`, one at a time, without sleeping them: who sleeps decides what may wake it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"

export interface Delays<In> {
  /** Milliseconds until the next recurrence; `undefined` when the schedule has ended. */
  readonly next: (input: In) => Effect.Effect<number | undefined>
  /** Starts the schedule again from its beginning. */
  readonly reset: () => void
}

export const make = <In>(schedule: Schedule.Schedule<unknown, In>): Delays<In> => {
  let state: unknown = schedule.initial
  return {
    next: (input) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) =>
          Effect.map(schedule.step(now, input, state), ([following, , decision]) => {
            state = following
            return ScheduleDecision.isContinue(decision)
              ? Math.max(0, ScheduleIntervals.start(decision.intervals) - now)
              : undefined
          })
      ),
    reset: () => {
      state = schedule.initial
    }
  }
}
