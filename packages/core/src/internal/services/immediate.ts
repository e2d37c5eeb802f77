/** Effects that are already values, such as a plain setting. They need no fiber. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Whether an effect is already a value. `Exit.isExit` would lose the types of the effect. */
export const isImmediate = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Exit<A, E> => Exit.isExit(effect)

/** Like `Effect.flatMap`, but calls `next` at once if the effect is already a value. */
export const flatMap = <A, E, B, E2>(
  effect: Effect.Effect<A, E>,
  next: (value: A) => Effect.Effect<B, E2>
): Effect.Effect<B, E | E2> =>
  isImmediate(effect) && Exit.isSuccess(effect) ? next(effect.value) : Effect.flatMap(effect, next)
