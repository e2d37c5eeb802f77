/** Streams of what can be watched. They are made here only, so that pages that watch nothing do not contain `Stream`. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Watchable } from "./broadcast.ts"
import * as Mailbox from "./mailbox.ts"

/** The buffer of a stream, in elements and in size. A slower reader loses the oldest elements, never the last. */
const capacity = 1024
const maxBytes = 16 * 1024 ** 2

/**
 * The elements that are published until the scope closes.
 *
 * @param overflow makes the element that replaces those that a slow reader has missed; none by default
 */
export const open = <A>(
  watchable: Watchable<A>,
  overflow?: (lost: number) => A
): Effect.Effect<Stream.Stream<A>, never, Scope.Scope> =>
  Effect.suspend(() => {
    const mailbox = Mailbox.make<A, never>({
      capacity,
      maxBytes,
      strategy: "sliding",
      ...(overflow === undefined ? {} : { overflow })
    })
    const watch = Effect.sync(() =>
      watchable.watch({ next: (element, size) => mailbox.offer(element, size), end: () => mailbox.end() })
    )
    return Effect.as(Effect.acquireRelease(watch, (stop) => Effect.sync(stop)), mailbox.stream)
  })

/** The elements that are published while the stream runs. */
export const streamOf = <A>(watchable: Watchable<A>): Stream.Stream<A> => Stream.unwrapScoped(open(watchable))
