import { Chunk, Effect, type Schedule } from "effect"

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
    let now = start
    let state = schedule.initial
    for (const input of inputs) {
      const [next, , decision] = yield* schedule.step(now, input, state)
      if (decision._tag === "Done") {
        break
      }
      const due = Array.from(Chunk.map(decision.intervals.intervals, (interval) => interval.startMillis))[0] ?? now
      found.push(due - now)
      now = due
      state = next
    }
    return found
  })
