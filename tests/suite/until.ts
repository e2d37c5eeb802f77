/** Waiting for a condition instead of a guessed time. */
import { Clock, type Duration, Effect, Option, TestClock } from "effect"

export interface Patience {
  /** After how long the wait fails; 15 by default. A busy machine takes as long as it needs. */
  readonly seconds?: number
  /** What the message of the failure shows. */
  readonly details?: () => string
}

/** The clock of the machine, even in a test with virtual time. */
const clock = Clock.make()

/** While the machine stalls, no condition can come true. So a stall uses up at most this many milliseconds of the patience. */
const longestStep = 100

const late = (what: string, { details = () => "", seconds = 15 }: Patience) =>
  Effect.dieMessage(`${what}: not within ${seconds} s ${details()}`)

/** Waits until the condition holds, or dies. No timer runs while the condition is evaluated. */
export const until = <E, R>(
  what: string,
  condition: Effect.Effect<boolean, E, R>,
  patience: Patience = {}
): Effect.Effect<void, E, R> =>
  Effect.suspend(() => {
    const { seconds = 15 } = patience
    let waited = 0
    let evaluatedAt = performance.now()
    // What follows a sleep may run inside the callback of its timer: a promise ends that first.
    const pause = Effect.zipRight(
      Effect.withClock(Effect.sleep("2 millis"), clock),
      Effect.promise(() => Promise.resolve())
    )
    const evaluate: Effect.Effect<void, E, R> = Effect.flatMap(condition, (met) => {
      if (met) return Effect.void
      const now = performance.now()
      waited += Math.min(now - evaluatedAt, longestStep)
      evaluatedAt = now
      return waited > seconds * 1000 ? late(what, patience) : Effect.zipRight(pause, evaluate)
    })
    return evaluate
  })

/** Runs the fibers that are ready, such as a stream that was forked. It takes turns of the event loop, and no time. */
export const turns: Effect.Effect<void> = Effect.promise(async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve))
})

/** Lets virtual time pass, and runs the fibers that are ready before and after. */
export const pass = (duration: Duration.DurationInput): Effect.Effect<void> =>
  turns.pipe(Effect.zipRight(TestClock.adjust(duration)), Effect.zipRight(turns))

/** Waits for the end of the effect, or dies. */
export const soon = <A, E, R>(
  what: string,
  effect: Effect.Effect<A, E, R>,
  patience: Patience = {}
): Effect.Effect<A, E, R> => {
  const { seconds = 15 } = patience
  const waiting = Effect.repeatN(Effect.sleep(longestStep), Math.ceil(seconds * 1000 / longestStep))
  return Effect.raceFirst(
    Effect.asSome(effect),
    Effect.interruptible(Effect.as(Effect.withClock(waiting, clock), Option.none<A>()))
  ).pipe(Effect.flatMap(Option.match({ onNone: () => late(what, patience), onSome: Effect.succeed })))
}
