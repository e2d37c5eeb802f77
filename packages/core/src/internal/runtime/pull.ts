/** A stream that takes its elements in batches. */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** Elements, or the end of the stream. */
export type Batch<A, E> = Exit.Exit<Chunk.Chunk<A>, Option.Option<E>>

export type End<E> = Exit.Exit<never, Option.Option<E>>

/** @param elements at least one; the array belongs to the batch now */
export const batch = <A>(elements: Array<A>): Batch<A, never> => Exit.succeed(Chunk.unsafeFromArray(elements))

export const done: End<never> = Exit.fail(Option.none())

export const failed = <E>(cause: Cause.Cause<E>): End<E> => Exit.failCause(Cause.map(cause, Option.some))

/** @param take registers what is called with each batch, and returns how to unregister it */
export const stream = <A, E>(
  take: (resume: (batch: Batch<A, E>) => void) => (() => void) | void
): Stream.Stream<A, E> =>
  Stream.repeatEffectChunkOption(Effect.async((resume) => {
    const cancel = take(resume)
    return cancel && Effect.sync(cancel)
  }))

/** The next elements of a stream with each run; none at its end. */
export const elements = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(
    Stream.toPull(stream),
    (pull): Effect.Effect<Option.Option<Iterable<A>>, E, R> =>
      Effect.catchAll(Effect.asSome(pull), Option.match({ onNone: () => Effect.succeedNone, onSome: Effect.fail }))
  )
