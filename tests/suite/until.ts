/** Waits for a condition instead of a fixed time. */
import { Clock, type Duration, Effect, Option, TestClock } from "effect"

export interface Limit {
  /** The wait fails after this time; 15 by default. Stalls of a busy machine hardly count. */
  readonly seconds?: number
  /** Text for the message of the failure. */
  readonly details?: () => string
}

/** The clock of the machine, even in a test with virtual time. */
const clock = Clock.make()

/** While the machine stalls, no condition can become true. So a stall counts as at most this many milliseconds. */
const longestStep = 100

const late = (what: string, { details = () => "", seconds = 15 }: Limit) =>
  Effect.dieMessage(`${what}: not within ${seconds} s ${details()}`)

/** Waits until the condition holds, or dies. No timer runs while the condition is evaluated. */
export const until = <E, R>(
  what: string,
  condition: Effect.Effect<boolean, E, R>,
  limit: Limit = {}
): Effect.Effect<void, E, R> =>
  Effect.suspend(() => {
    const { seconds = 15 } = limit
    let waited = 0
    let evaluatedAt = performance.now()
    // The code after a sleep may run inside the callback of its timer. Awaiting a promise ends the callback first.
    const pause = Effect.zipRight(
      Effect.withClock(Effect.sleep("2 millis"), clock),
      Effect.promise(() => Promise.resolve())
    )
    const evaluate: Effect.Effect<void, E, R> = Effect.flatMap(condition, (isTrue) => {
      if (isTrue) return Effect.void
      const now = performance.now()
      waited += Math.min(now - evaluatedAt, longestStep)
      evaluatedAt = now
      return waited > seconds * 1000 ? late(what, limit) : Effect.zipRight(pause, evaluate)
    })
    return evaluate
  })

/** Runs the fibers that are ready, such as a forked stream. This takes turns of the event loop, and no time. */
export const turns: Effect.Effect<void> = Effect.promise(async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve))
})

/** Advances the test clock, and runs the fibers that are ready before and after. */
export const pass = (duration: Duration.DurationInput): Effect.Effect<void> =>
  turns.pipe(Effect.zipRight(TestClock.adjust(duration)), Effect.zipRight(turns))

/** Waits for the end of the effect, or dies. */
export const soon = <A, E, R>(
  what: string,
  effect: Effect.Effect<A, E, R>,
  limit: Limit = {}
): Effect.Effect<A, E, R> => {
  const { seconds = 15 } = limit
  const waiting = Effect.repeatN(Effect.sleep(longestStep), Math.ceil(seconds * 1000 / longestStep))
  return Effect.raceFirst(
    Effect.asSome(effect),
    Effect.interruptible(Effect.as(Effect.withClock(waiting, clock), Option.none<A>()))
  ).pipe(Effect.flatMap(Option.match({ onNone: () => late(what, limit), onSome: Effect.succeed })))
}
