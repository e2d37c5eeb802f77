import { Duration, Effect, Pull, Schedule } from "effect"

/**
 * The delays that a schedule asks for, without waiting for them: its `step` is asked again and again, at the time it
 * named itself.
 */
export const delays = <Out, In>(
  schedule: Schedule.Schedule<Out, In>,
  inputs: ReadonlyArray<In>,
  start = 0
): Effect.Effect<ReadonlyArray<number>> =>
  Effect.gen(function*() {
    const found: Array<number> = []
    const step = yield* Schedule.toStep(schedule)
    let now = start
    for (const input of inputs) {
      const delay = yield* Pull.matchEffect(step(now, input), {
        onSuccess: ([, delay]) => Effect.succeed<number | undefined>(Duration.toMillis(delay)),
        onFailure: Effect.failCause,
        onDone: () => Effect.succeed(undefined)
      })
      if (delay === undefined) break
      found.push(delay)
      now += delay
    }
    return found
  })
