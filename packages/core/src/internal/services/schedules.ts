/** Schedules that keep the output of another one. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"

/** `Schedule.spaced`, whose steps take a fiber. These do not: each of 1,000 clients asks when it opens. */
export const every = (millis: number): Schedule.Schedule<number> =>
  Schedule.makeWithState(
    0,
    (now, _, count) =>
      Effect.succeed([count + 1, count, ScheduleDecision.continueWith(ScheduleInterval.after(now + millis))])
  )

export const limited = <Out, In, R>(schedule: Schedule.Schedule<Out, In, R>, times: number) =>
  schedule.pipe(Schedule.intersect(Schedule.recurs(times)), Schedule.map(([out]) => out))

/** Adds to each delay what its input asks for. */
export const delayedBy = <Out, In, R>(
  schedule: Schedule.Schedule<Out, In, R>,
  more: (input: In) => Duration.Duration
): Schedule.Schedule<Out, In, R> =>
  Schedule.identity<In>().pipe(
    Schedule.intersect(schedule),
    Schedule.addDelay(([input]) => more(input)),
    Schedule.map(([, out]) => out)
  )
