/** The delays of a `Schedule`, one at a time, without sleeping: the caller sleeps, and decides what may wake it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import * as Immediate from "../services/immediate.ts"

export class Delays<In> {
  private state: unknown

  constructor(private readonly schedule: Schedule.Schedule<unknown, In>) {
    this.state = schedule.initial
  }

  /** Milliseconds until the next recurrence; `undefined` when the schedule has ended. */
  next(input: In): Effect.Effect<number | undefined> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => this.step(now, input))
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
        : Immediate.flatMap(this.step(now, input), (delay) => {
          if (delay === undefined) return Effect.succeed(delays)
          delays.push(delay)
          return following(now + delay)
        })
    return following(now)
  }

  /** Starts the schedule again from its beginning. */
  reset(): void {
    this.state = this.schedule.initial
  }

  private step(now: number, input: In): Effect.Effect<number | undefined> {
    return Immediate.flatMap(this.stepped(now, input), ([following, , decision]) => {
      this.state = following
      return Effect.succeed(
        ScheduleDecision.isContinue(decision)
          ? atLeastOne(ScheduleIntervals.start(decision.intervals) - now)
          : undefined
      )
    })
  }

  /** The schedule comes from the user: if it throws, that is a defect. */
  private stepped(now: number, input: In) {
    try {
      return this.schedule.step(now, input, this.state)
    } catch (defect) {
      return Effect.die(defect)
    }
  }
}

/** A schedule without pauses would be a loop without end. */
const atLeastOne = (millis: number): number => (millis > 1 ? millis : 1)
