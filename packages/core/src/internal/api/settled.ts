/** The outcome of an effect that is already settled. `undefined`: the effect must be run. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"

export const settled = <A, E, R>(effect: Effect.Effect<A, E, R>): Either.Either<A, E> | undefined =>
  // Safe: such an `Either` has the types of the effect.
  Either.isEither(effect) ? effect as Either.Either<A, E> : undefined
