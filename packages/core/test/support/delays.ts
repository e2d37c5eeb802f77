import { Chunk, Effect, type Schedule } from "effect"

/** The delays of a schedule, without waiting: each step is taken when the delay of the one before has passed. */
export const delays = <Out, In>(
  schedule: Schedule.Schedule<Out, In>,
  inputs: ReadonlyArray<In>,
  start = 0
): Effect.Effect<ReadonlyArray<number>> =>
  Effect.gen(function*() {
    const pauses: Array<number> = []
    let now = start
    let state = schedule.initial
    for (const input of inputs) {
      const [next, , decision] = yield* schedule.step(now, input, state)
      if (decision._tag === "Done") {
        break
      }
      const due = Array.from(Chunk.map(decision.intervals.intervals, (interval) => interval.startMillis))[0] ?? now
      pauses.push(due - now)
      now = due
      state = next
    }
    return pauses
  })
