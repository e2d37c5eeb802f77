/** Schedules that keep the output of another schedule. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"

/**
 * Like `Schedule.spaced`, but a step needs no fiber. That matters when 1,000 clients open, because each takes a step.
 */
export const every = (millis: number): Schedule.Schedule<number> =>
  Schedule.makeWithState(
    0,
    (now, _, count) =>
      Effect.succeed([count + 1, count, ScheduleDecision.continueWith(ScheduleInterval.after(now + millis))])
  )

export const limited = <Out, In, R>(schedule: Schedule.Schedule<Out, In, R>, times: number) =>
  schedule.pipe(Schedule.intersect(Schedule.recurs(times)), Schedule.map(([out]) => out))

/** Adds a time to each delay, depending on the input. */
export const delayedBy = <Out, In, R>(
  schedule: Schedule.Schedule<Out, In, R>,
  more: (input: In) => Duration.Duration
): Schedule.Schedule<Out, In, R> =>
  Schedule.identity<In>().pipe(
    Schedule.intersect(schedule),
    Schedule.addDelay(([input]) => more(input)),
    Schedule.map(([, out]) => out)
  )
