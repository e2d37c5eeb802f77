/**
 * Something that many may watch: whoever wants a `Stream` gets a bounded mailbox of their own. (A `PubSub` does more, and
 * costs each client a kilobyte and each page three.)
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Mailbox from "./mailbox.ts"

export interface Broadcast<A> {
  readonly publish: (element: A) => void
  /** Nothing will come any more: every stream ends, those to come included. */
  readonly end: () => void
  /** What is published until the scope closes. */
  readonly open: Effect.Effect<Stream.Stream<A>, never, Scope.Scope>
  /** What is published while it is run. */
  readonly stream: Stream.Stream<A>
  /** How many watch. */
  readonly watchers: () => number
}

/** A watcher that is slower than this many elements misses the oldest, never the last. */
const capacity = 1024

/**
 * @param first what a new watcher is told at once
 * @param overflow what a watcher is told in the place of those that it missed; nothing by default
 */
export const make = <A>(first?: () => A, overflow?: (lost: number) => A): Broadcast<A> => {
  let watchers: ReadonlyArray<Mailbox.Mailbox<A, never>> = []
  let ended = false
  const watch = Effect.sync(() => {
    const mailbox = Mailbox.make<A, never>({
      capacity,
      strategy: "sliding",
      ...(overflow === undefined ? {} : { overflow })
    })
    if (first !== undefined) mailbox.offer(first())
    if (ended) mailbox.end()
    watchers = [...watchers, mailbox]
    return mailbox
  })
  const open = Effect.map(
    Effect.acquireRelease(watch, (mailbox) =>
      Effect.sync(() => {
        watchers = watchers.filter((other) => other !== mailbox)
      })),
    (mailbox) => mailbox.stream
  )
  return {
    publish: (element) => {
      for (const mailbox of watchers) mailbox.offer(element)
    },
    end: () => {
      ended = true
      for (const mailbox of watchers) mailbox.end()
    },
    open,
    stream: Stream.unwrapScoped(open),
    watchers: () => watchers.length
  }
}
