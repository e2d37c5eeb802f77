/** Effects that are values already, such as a setting that was given as it is: they need no fiber. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** `Exit.isExit` does not keep the types of the effect. */
export const isKnown = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Exit<A, E> => Exit.isExit(effect)

/** `Effect.flatMap`, at once where the value is known. */
export const flatMap = <A, E, B, E2>(
  effect: Effect.Effect<A, E>,
  next: (value: A) => Effect.Effect<B, E2>
): Effect.Effect<B, E | E2> =>
  isKnown(effect) && Exit.isSuccess(effect) ? next(effect.value) : Effect.flatMap(effect, next)
