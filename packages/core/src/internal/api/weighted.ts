/**
 * Groups elements. The elements of a group weigh no more than the limit together. A heavier element is a group of its
 * own.
 */
import * as Chunk from "effect/Chunk"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"

export const weighted =
  <A>(limit: number, weigh: (element: A) => number) =>
  <E, R>(elements: Stream.Stream<A, E, R>): Stream.Stream<ReadonlyArray<A>, E, R> =>
    elements.pipe(
      Stream.transduce(Sink.foldWeighted({
        initial: Chunk.empty<A>(),
        maxCost: limit,
        cost: (_, element: A) => weigh(element),
        body: (chunk, element: A) => Chunk.append(chunk, element)
      })),
      Stream.filter(Chunk.isNonEmpty),
      Stream.map(Chunk.toReadonlyArray)
    )
