/** Effects that are already values, such as a plain setting. They need no fiber. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** `Exit.isExit` does not keep the types of the effect. */
export const isImmediate = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Exit<A, E> => Exit.isExit(effect)

/** `Effect.flatMap`, which calls `next` at once if the value is known. */
export const flatMap = <A, E, B, E2>(
  effect: Effect.Effect<A, E>,
  next: (value: A) => Effect.Effect<B, E2>
): Effect.Effect<B, E | E2> =>
  isImmediate(effect) && Exit.isSuccess(effect) ? next(effect.value) : Effect.flatMap(effect, next)
