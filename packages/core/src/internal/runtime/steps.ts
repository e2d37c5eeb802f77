/** Steps a `Schedule` without sleeping. */
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import * as Immediate from "../services/immediate.ts"

export class Steps<In> {
  private state: unknown

  constructor(private readonly schedule: Schedule.Schedule<unknown, In>) {
    this.state = schedule.initial
  }

  /** Starts the schedule again from its beginning. */
  reset(): void {
    this.state = this.schedule.initial
  }

  /** The milliseconds from `now` until the next recurrence. `undefined` if the schedule has ended. */
  protected step(now: number, input: In): Effect.Effect<number | undefined> {
    return Immediate.flatMap(this.stepped(now, input), ([following, , decision]) => {
      this.state = following
      return Effect.succeed(
        ScheduleDecision.isContinue(decision) ? ScheduleIntervals.start(decision.intervals) - now : undefined
      )
    })
  }

  /** The schedule comes from the user. If it throws, that is a defect. */
  private stepped(now: number, input: In) {
    try {
      return this.schedule.step(now, input, this.state)
    } catch (defect) {
      return Effect.die(defect)
    }
  }
}
