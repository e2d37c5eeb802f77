/** Schedules that keep the output of another schedule. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/** `Schedule.spaced`. */
export const every = (millis: number): Schedule.Schedule<number> => Schedule.spaced(Duration.millis(millis))

export const limited = <Out, In, E, R>(schedule: Schedule.Schedule<Out, In, E, R>, times: number) =>
  Schedule.upTo(schedule, { times })

/** Adds a time to each delay, depending on the input. */
export const delayedBy = <Out, In, E, R>(
  schedule: Schedule.Schedule<Out, In, E, R>,
  more: (input: In) => Duration.Duration
): Schedule.Schedule<Out, In, E, R> => Schedule.addDelay(schedule, ({ input }) => Effect.succeed(more(input)))
