/** The delays of a `Schedule`, one at a time, without sleeping: the caller sleeps, and decides what may wake it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Immediate from "../services/immediate.ts"
import { Steps } from "./steps.ts"

export class Delays<In> extends Steps<In> {
  /** Milliseconds until the next recurrence; `undefined` when the schedule has ended. */
  next(input: In): Effect.Effect<number | undefined> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => this.delay(now, input))
  }

  /**
   * The next recurrences after `now`, at most `count`, each as if the one before had come on time. Fewer: the schedule has
   * ended.
   */
  ahead(now: number, count: number, input: In): Effect.Effect<ReadonlyArray<number>> {
    const delays: Array<number> = []
    const following = (now: number): Effect.Effect<ReadonlyArray<number>> =>
      delays.length === count
        ? Effect.succeed(delays)
        : Immediate.flatMap(this.delay(now, input), (delay) => {
          if (delay === undefined) return Effect.succeed(delays)
          delays.push(delay)
          return following(now + delay)
        })
    return following(now)
  }

  private delay(now: number, input: In): Effect.Effect<number | undefined> {
    return Immediate.flatMap(
      this.step(now, input),
      // A schedule without pauses would be a loop without end.
      (millis) => Effect.succeed(millis === undefined || millis > 1 ? millis : 1)
    )
  }
}
