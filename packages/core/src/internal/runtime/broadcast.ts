/**
 * Something that many may watch: a plain set of listeners, told synchronously; whoever wants a `Stream` gets a bounded
 * mailbox of their own. (A `PubSub` does more, and costs each client a kilobyte and each page three.)
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Mailbox from "./mailbox.ts"

export interface Broadcast<A> {
  readonly publish: (element: A) => void
  /** What is published while it is run. */
  readonly stream: Stream.Stream<A>
}

/** A watcher that is slower than this many elements misses the oldest, never the last. */
const capacity = 1024

/**
 * @param first what a new watcher is told at once
 * @param isLast an element after which nothing comes
 */
export const make = <A>(
  options: { readonly first?: () => A; readonly isLast?: (element: A) => boolean } = {}
): Broadcast<A> => {
  let listeners: ReadonlyArray<(element: A) => void> = []
  const watch = Effect.gen(function*() {
    const mailbox = Mailbox.make<A, never>({ capacity, strategy: "sliding" })
    const listener = (element: A) => mailbox.offer(element)
    if (options.first !== undefined) listener(options.first())
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        listeners = [...listeners, listener]
      }),
      () =>
        Effect.sync(() => {
          listeners = listeners.filter((other) => other !== listener)
        })
    )
    const { isLast } = options
    return isLast === undefined ? mailbox.stream : Stream.takeUntil(mailbox.stream, isLast)
  })
  return {
    publish: (element) => {
      for (const listener of listeners) listener(element)
    },
    stream: Stream.suspend(() => Stream.unwrapScoped(watch))
  }
}
