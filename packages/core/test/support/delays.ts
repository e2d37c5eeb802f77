import { Effect, type Schedule } from "effect"
import { Steps } from "../../src/internal/runtime/steps.ts"

class Delays<In> extends Steps<In> {
  next(now: number, input: In): Effect.Effect<number | undefined> {
    return this.step(now, input)
  }
}

/** The delays of a schedule, without waiting. Each step begins when the previous delay has passed. */
export const delays = <Out, In>(
  schedule: Schedule.Schedule<Out, In>,
  inputs: ReadonlyArray<In>,
  start = 0
): Effect.Effect<ReadonlyArray<number>> =>
  Effect.gen(function*() {
    const pauses: Array<number> = []
    const steps = new Delays(schedule)
    let now = start
    for (const input of inputs) {
      const pause = yield* steps.next(now, input)
      if (pause === undefined) break
      pauses.push(pause)
      now += pause
    }
    return pauses
  })
