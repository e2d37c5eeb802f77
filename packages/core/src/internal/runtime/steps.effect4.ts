/** Steps a `Schedule` without sleeping. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"

type Step<In> = (now: number, input: In) => Pull.Pull<[unknown, Duration.Duration], never, unknown>

export class Steps<In> {
  /** The step function, which contains the state of the schedule. Made by the first step, and again after `reset`. */
  private current: Step<In> | undefined

  constructor(private readonly schedule: Schedule.Schedule<unknown, In>) {}

  /** Starts the schedule again from its beginning. */
  reset(): void {
    this.current = undefined
  }

  /** The milliseconds from `now` until the next recurrence. `undefined` if the schedule has ended. */
  protected step(now: number, input: In): Effect.Effect<number | undefined> {
    return Effect.flatMap(this.begun, (step) =>
      Pull.matchEffect(step(now, input), {
        onSuccess: ([, delay]) => Effect.succeed(Duration.toMillis(delay)),
        onFailure: Effect.failCause,
        onDone: () => Effect.succeed(undefined)
      }))
  }

  private get begun(): Effect.Effect<Step<In>> {
    return Effect.suspend(() =>
      this.current === undefined
        ? Effect.map(Schedule.toStep(this.schedule), (step) => (this.current = step))
        : Effect.succeed(this.current)
    )
  }
}
