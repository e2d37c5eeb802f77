/** The store of the offline queue, written behind the requests: one thing after the other, by one fiber. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { QueueStoreError } from "../../KuzzleError.ts"
import type { KuzzleQueueStoreShape, StoredRequest } from "../../KuzzleQueueStore.ts"
import type { Store } from "./requests.ts"

export interface QueueStore extends Store {
  /** What an earlier client has left. */
  readonly load: Effect.Effect<ReadonlyArray<StoredRequest>>
}

/** How long a store may take over one thing, and a client that is closed waits for it. */
const patience = Duration.seconds(5)

export const make = (
  store: KuzzleQueueStoreShape,
  failed: (error: QueueStoreError) => void
): Effect.Effect<QueueStore, never, Scope.Scope> =>
  Effect.gen(function*() {
    const work = yield* Queue.unbounded<Effect.Effect<void>>()
    yield* Effect.forkScoped(Effect.forever(Effect.flatten(Queue.take(work))))
    const later = (effect: Effect.Effect<void>) => void Queue.unsafeOffer(work, effect)
    /** The store is the user's: it may fail in any way, or never end, and what waits for it goes on without it. */
    const tried = <A>(
      operation: QueueStoreError["operation"],
      effect: () => Effect.Effect<A, QueueStoreError>,
      otherwise: A
    ): Effect.Effect<A> =>
      Effect.suspend(effect).pipe(
        Effect.disconnect,
        Effect.timeoutFail({
          duration: patience,
          onTimeout: () => new QueueStoreError({ operation, issue: `it took more than ${Duration.format(patience)}` })
        }),
        Effect.catchAllDefect((cause) => Effect.fail(new QueueStoreError({ operation, issue: "it died", cause }))),
        Effect.catchAll((error) => Effect.as(Effect.sync(() => failed(error)), otherwise))
      )
    // The next client goes on where this one is closed: what there is to do is done first.
    const done = Effect.async<void>((resume) => later(Effect.sync(() => resume(Effect.void))))
    yield* Effect.addFinalizer(() => Effect.timeoutOption(Effect.interruptible(done), patience))
    return {
      add: (stored) => later(tried("add", () => store.add(stored), undefined)),
      remove: (id) => later(tried("remove", () => store.remove(id), undefined)),
      after: (then) => later(Effect.sync(then)),
      load: tried("load", () => store.load, [])
    }
  })
