/**
 * Something that many may watch: whoever wants a `Stream` gets a bounded mailbox of their own. (A `PubSub` does more, and
 * costs each client a kilobyte and each page three.)
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Mailbox from "./mailbox.ts"

export interface Broadcast<A> {
  readonly publish: (element: A) => void
  /** Nothing will come any more: every stream ends, those to come included. */
  readonly end: () => void
  /** What is published while it is run. */
  readonly stream: Stream.Stream<A>
}

/** A watcher that is slower than this many elements misses the oldest, never the last. */
const capacity = 1024

/** @param first what a new watcher is told at once */
export const make = <A>(first?: () => A): Broadcast<A> => {
  let watchers: ReadonlyArray<Mailbox.Mailbox<A, never>> = []
  let ended = false
  const watch = Effect.sync(() => {
    const mailbox = Mailbox.make<A, never>({ capacity, strategy: "sliding" })
    if (first !== undefined) mailbox.offer(first())
    if (ended) mailbox.end()
    watchers = [...watchers, mailbox]
    return mailbox
  })
  return {
    publish: (element) => {
      for (const mailbox of watchers) mailbox.offer(element)
    },
    end: () => {
      ended = true
      for (const mailbox of watchers) mailbox.end()
    },
    stream: Stream.suspend(() =>
      Stream.flatMap(
        Stream.acquireRelease(watch, (mailbox) =>
          Effect.sync(() => {
            watchers = watchers.filter((other) => other !== mailbox)
          })),
        (mailbox) => mailbox.stream
      )
    )
  }
}
