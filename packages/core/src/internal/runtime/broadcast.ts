/**
 * Something that many may watch: whoever wants a `Stream` gets a bounded mailbox of their own. (A `PubSub` does more, and
 * costs each client a kilobyte and each page three.)
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Mailbox from "./mailbox.ts"

export interface Broadcast<A> {
  /** `size` is the length of the text that the element was decoded from, if any. */
  readonly publish: (element: A, size?: number) => void
  /** Publishes an element that must not be missed. It is kept for the first watcher if there is none yet. */
  readonly announce: (element: A) => void
  /** Nothing will come any more: every stream ends, those to come included. */
  readonly end: () => void
  /** What is published until the scope closes. */
  readonly open: Effect.Effect<Stream.Stream<A>, never, Scope.Scope>
  /** What is published while it is run. */
  readonly stream: Stream.Stream<A>
  /** How many watch. */
  readonly watchers: () => number
}

/** The buffer of a watcher, in elements and in size. A slower watcher loses the oldest elements, never the last. */
const capacity = 1024
const maxBytes = 16 * 1024 ** 2

/** How many elements are kept for the first watcher. There may never be one. */
const announced = 16

/**
 * @param first what a new watcher is told at once
 * @param overflow what a watcher is told in the place of those that it missed; nothing by default
 */
export const make = <A>(first?: () => A, overflow?: (lost: number) => A): Broadcast<A> => {
  let watchers: ReadonlyArray<Mailbox.Mailbox<A, never>> = []
  let ended = false
  let kept: ReadonlyArray<A> | undefined = []
  const watch = Effect.sync(() => {
    const mailbox = Mailbox.make<A, never>({
      capacity,
      maxBytes,
      strategy: "sliding",
      ...(overflow === undefined ? {} : { overflow })
    })
    if (first !== undefined) mailbox.offer(first())
    for (const element of kept ?? []) mailbox.offer(element)
    kept = undefined
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
  const publish = (element: A, size?: number) => {
    for (const mailbox of watchers) mailbox.offer(element, size)
  }
  return {
    publish,
    announce: (element) => {
      if (kept === undefined) publish(element)
      else kept = [...kept, element].slice(-announced)
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
