/** The outcome of an effect that is settled already, so that nothing need be run for it. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"

export const settled = <A, E, R>(effect: Effect.Effect<A, E, R>): Either.Either<A, E> | undefined =>
  // An effect that is an `Either` is one of the effect's own types.
  Either.isEither(effect) ? effect as Either.Either<A, E> : undefined
