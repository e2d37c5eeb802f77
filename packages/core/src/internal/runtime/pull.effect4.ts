/** Streams that get their elements in batches. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Take from "effect/Pull"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import { cancellable } from "../services/cancellable.ts"

/** A batch of elements, or the end of the stream. */
export type Batch<A, E> = Exit.Exit<NonEmptyReadonlyArray<A>, E | Cause.Done>

export type End<E> = Exit.Exit<never, E | Cause.Done>

/** @param elements at least one; the caller must not use the array afterwards */
export const batch = <A>(elements: Array<A>): Batch<A, never> =>
  // Safe: there is at least one.
  Exit.succeed(elements as unknown as NonEmptyReadonlyArray<A>)

export const done: End<never> = Exit.fail(Cause.Done())

export const failed = <E>(cause: Cause.Cause<E>): End<E> => Exit.failCause(cause)

/** Lets a fiber handle the whole batch before it yields, because Effect 4 would read a flood during a yield. */
const beforeYield = <A>(elements: NonEmptyReadonlyArray<A>) =>
  Effect.withFiber((fiber) => {
    // The type declares it read-only. The scheduler compares it with `MaxOpsBeforeYield`.
    const steps: { currentOpCount: number } = fiber
    steps.currentOpCount -= Math.min(elements.length, 2048) * fiber.getRef(Scheduler.MaxOpsBeforeYield)
    return Effect.succeed(elements)
  })

/** @param take registers the function to call with the next batch, and returns a function that unregisters it */
export const stream = <A, E>(take: (resume: (batch: Batch<A, E>) => void) => (() => void) | void): Stream.Stream<A, E> =>
  Stream.fromPull(Effect.succeed(
    Effect.flatMap(cancellable<NonEmptyReadonlyArray<A>, E | Cause.Done>(take), beforeYield)
  )) as Stream.Stream<A, E> // `Done` ends the stream, so it is not among its errors.

/** Each run of the result returns the next elements of the stream, or `none` at its end. */
export const elements = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.toPull(stream), (pull): Effect.Effect<Option.Option<Iterable<A>>, E, R> =>
    Take.catchDone(Effect.asSome(pull), () => Effect.succeedNone))
