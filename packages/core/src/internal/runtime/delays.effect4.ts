/** The delays of a `Schedule`, one at a time, without sleeping: the caller sleeps, and decides what may wake it. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"

type Step<In> = (now: number, input: In) => Pull.Pull<[unknown, Duration.Duration], never, unknown>

export class Delays<In> {
  /** Made by the first step, and again after `reset`: the state of the schedule is in it. */
  private current: Step<In> | undefined

  constructor(private readonly schedule: Schedule.Schedule<unknown, In>) {}

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
        : Effect.flatMap(this.step(now, input), (delay) => {
          if (delay === undefined) return Effect.succeed(delays)
          delays.push(delay)
          return following(now + delay)
        })
    return following(now)
  }

  /** Starts the schedule again from its beginning. */
  reset(): void {
    this.current = undefined
  }

  private get begun(): Effect.Effect<Step<In>> {
    return Effect.suspend(() =>
      this.current === undefined
        ? Effect.map(Schedule.toStep(this.schedule), (step) => (this.current = step))
        : Effect.succeed(this.current)
    )
  }

  private step(now: number, input: In): Effect.Effect<number | undefined> {
    return Effect.flatMap(this.begun, (step) =>
      Pull.matchEffect(step(now, input), {
        onSuccess: ([, delay]) => Effect.succeed(atLeastOne(Duration.toMillis(delay))),
        onFailure: Effect.failCause,
        onDone: () => Effect.succeed(undefined)
      }))
  }
}

/** A schedule without pauses would be a loop without end. */
const atLeastOne = (millis: number): number => (millis > 1 ? millis : 1)
