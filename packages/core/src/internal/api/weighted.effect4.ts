/**
 * Groups elements. The elements of a group weigh no more than the limit together. A heavier element is a group of its
 * own.
 */
import * as Stream from "effect/Stream"

interface Group<A> {
  readonly elements: ReadonlyArray<A>
  readonly weight: number
}

export const weighted = <A>(limit: number, weigh: (element: A) => number) =>
<E, R>(elements: Stream.Stream<A, E, R>): Stream.Stream<ReadonlyArray<A>, E, R> =>
  Stream.mapAccum(
    elements,
    (): Group<A> => ({ elements: [], weight: 0 }),
    ({ elements, weight }, element) => {
      const own = weigh(element)
      return elements.length > 0 && weight + own > limit
        ? [{ elements: [element], weight: own }, [elements]]
        : [{ elements: [...elements, element], weight: weight + own }, []]
    },
    { onHalt: ({ elements }) => elements.length > 0 ? [elements] : [] }
  )
