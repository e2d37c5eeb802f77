/** The delays of a `Schedule`, without sleeping. The caller sleeps, and decides what ends its sleep. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Immediate from "../services/immediate.ts"
import { Steps } from "./steps.ts"

export class Delays<In> extends Steps<In> {
  /** The milliseconds until the next recurrence. `undefined` if the schedule has ended. */
  next(input: In): Effect.Effect<number | undefined> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => this.delay(now, input))
  }

  /**
   * The next delays after `now`, at most `count`, as if each recurrence came on time. There are fewer if the schedule
   * ends.
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
      // A schedule without delays would cause an endless loop.
      (millis) => Effect.succeed(millis === undefined || millis > 1 ? millis : 1)
    )
  }
}
