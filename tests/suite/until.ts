/** Waiting for something to happen, in place of a guess of how long it takes. */
import { Clock, Effect, Option } from "effect"

/** Milliseconds. Only for a failure: a busy machine takes as long as it needs. */
const bound = 15_000

/** The clock of the machine, even in a test with virtual time. */
const clock = Clock.make()

const late = (what: string) => Effect.dieMessage(`${what}: not within ${bound} ms`)

/** Waits until the condition holds, and dies if it does not within 15 s. No timer runs while the condition is looked at. */
export const until = <E, R>(what: string, condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.suspend(() => {
    const end = performance.now() + bound
    const pause = Effect.withClock(Effect.sleep("2 millis"), clock)
    const look: Effect.Effect<void, E, R> = Effect.flatMap(condition, (met) => {
      if (met) return Effect.void
      return performance.now() > end ? late(what) : Effect.zipRight(pause, look)
    })
    return look
  })

/** Lets what is ready run, such as a stream that was forked and subscribes now. That takes no time, but turns. */
export const turns: Effect.Effect<void> = Effect.promise(async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve))
})

/** Waits until the effect has ended, and dies if it has not within 15 s. */
export const soon = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Effect.withClock(Effect.timeoutOption(effect, bound), clock),
    Option.match({ onNone: () => late(what), onSome: Effect.succeed })
  )
