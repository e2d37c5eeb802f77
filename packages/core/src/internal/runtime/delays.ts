/** The delays of a `Schedule`, one at a time, without sleeping them: who sleeps decides what may wake it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"

export class Delays<In> {
  private state: unknown

  constructor(private readonly schedule: Schedule.Schedule<unknown, In>) {
    this.state = schedule.initial
  }

  /** Milliseconds until the next recurrence; `undefined` when the schedule has ended. */
  next(input: In): Effect.Effect<number | undefined> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => this.step(now, input))
  }

  /** The next recurrences, at most `count`, each as if the one before had come on time. Fewer: the schedule has ended. */
  ahead(count: number, input: In): Effect.Effect<ReadonlyArray<number>> {
    const step = (now: number) => this.step(now, input)
    return Effect.gen(function*() {
      const delays: Array<number> = []
      let now = yield* Clock.currentTimeMillis
      while (delays.length < count) {
        const delay = yield* step(now)
        if (delay === undefined) break
        delays.push(delay)
        now += delay
      }
      return delays
    })
  }

  /** Starts the schedule again from its beginning. */
  reset(): void {
    this.state = this.schedule.initial
  }

  private step(now: number, input: In): Effect.Effect<number | undefined> {
    return Effect.map(this.schedule.step(now, input, this.state), ([following, , decision]) => {
      this.state = following
      return ScheduleDecision.isContinue(decision)
        ? atLeastOne(ScheduleIntervals.start(decision.intervals) - now)
        : undefined
    })
  }
}

/** A schedule without pauses would be a loop without end. */
const atLeastOne = (millis: number): number => (millis > 1 ? millis : 1)
