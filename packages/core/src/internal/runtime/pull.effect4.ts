/** A stream that takes its elements in batches. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Take from "effect/Pull"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import * as Resume from "../services/resume.ts"

/** Elements, or the end of the stream. */
export type Batch<A, E> = Exit.Exit<NonEmptyReadonlyArray<A>, E | Cause.Done>

export type End<E> = Exit.Exit<never, E | Cause.Done>

/** @param elements at least one; the array belongs to the batch now */
export const batch = <A>(elements: Array<A>): Batch<A, never> =>
  // The caller has at least one.
  Exit.succeed(elements as unknown as NonEmptyReadonlyArray<A>)

export const done: End<never> = Exit.fail(Cause.Done())

export const failed = <E>(cause: Cause.Cause<E>): End<E> => Exit.failCause(cause)

/** Lets a fiber handle a batch before it yields: on 4 a yield is a macrotask, and a flood would be read meanwhile. */
const unhurried = <A>(elements: NonEmptyReadonlyArray<A>) =>
  Effect.withFiber((fiber) => {
    // Read-only for TypeScript; a scheduler compares it with `MaxOpsBeforeYield`.
    const steps: { currentOpCount: number } = fiber
    steps.currentOpCount -= Math.min(elements.length, 2048) * fiber.getRef(Scheduler.MaxOpsBeforeYield)
    return Effect.succeed(elements)
  })

/** @param take registers what is called with each batch, and returns how to unregister it */
export const stream = <A, E>(take: (resume: (batch: Batch<A, E>) => void) => (() => void) | void): Stream.Stream<A, E> =>
  Stream.fromPull(Effect.succeed(Effect.flatMap(
    Resume.callback<NonEmptyReadonlyArray<A>, E | Cause.Done>((resume) => {
      const cancel = take(resume)
      return cancel && Effect.sync(cancel)
    }),
    unhurried
  ))) as Stream.Stream<A, E> // `Done` ends the stream: it is none of its errors.

/** The next elements of a stream with each run; none at its end. */
export const elements = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.toPull(stream), (pull): Effect.Effect<Option.Option<Iterable<A>>, E, R> =>
    Take.catchDone(Effect.asSome(pull), () => Effect.succeedNone))
