/** Streams that get their elements in batches. */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** A batch of elements, or the end of the stream. */
export type Batch<A, E> = Exit.Exit<Chunk.Chunk<A>, Option.Option<E>>

export type End<E> = Exit.Exit<never, Option.Option<E>>

/** @param elements at least one; the caller must not use the array afterwards */
export const batch = <A>(elements: Array<A>): Batch<A, never> => Exit.succeed(Chunk.unsafeFromArray(elements))

export const done: End<never> = Exit.fail(Option.none())

export const failed = <E>(cause: Cause.Cause<E>): End<E> => Exit.failCause(Cause.map(cause, Option.some))

/** @param take registers the function to call with the next batch, and returns a function that unregisters it */
export const stream = <A, E>(
  take: (resume: (batch: Batch<A, E>) => void) => (() => void) | void
): Stream.Stream<A, E> =>
  Stream.repeatEffectChunkOption(Effect.async((resume) => {
    const cancel = take(resume)
    return cancel && Effect.sync(cancel)
  }))

/** Each run of the result returns the next elements of the stream, or `none` at its end. */
export const elements = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(
    Stream.toPull(stream),
    (pull): Effect.Effect<Option.Option<Iterable<A>>, E, R> =>
      Effect.catchAll(Effect.asSome(pull), Option.match({ onNone: () => Effect.succeedNone, onSome: Effect.fail }))
  )
