import { Duration, Effect, Pull, Schedule } from "effect"

/** The delays of a schedule, without waiting: each step is taken when the delay of the one before has passed. */
export const delays = <Out, In>(
  schedule: Schedule.Schedule<Out, In>,
  inputs: ReadonlyArray<In>,
  start = 0
): Effect.Effect<ReadonlyArray<number>> =>
  Effect.gen(function*() {
    const pauses: Array<number> = []
    const step = yield* Schedule.toStep(schedule)
    let now = start
    for (const input of inputs) {
      const delay = yield* Pull.matchEffect(step(now, input), {
        onSuccess: ([, delay]) => Effect.succeed<number | undefined>(Duration.toMillis(delay)),
        onFailure: Effect.failCause,
        onDone: () => Effect.succeed(undefined)
      })
      if (delay === undefined) break
      pauses.push(delay)
      now += delay
    }
    return pauses
  })
