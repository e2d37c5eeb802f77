/** The store of the offline queue, written behind the requests: one thing after the other, by one fiber. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { QueueStoreError } from "../../KuzzleError.ts"
import type { KuzzleQueueStoreShape, StoredRequest } from "../../KuzzleQueueStore.ts"
import type { Store } from "./requests.ts"

export interface QueueStore extends Store {
  /** What an earlier client has left. */
  readonly load: Effect.Effect<ReadonlyArray<StoredRequest>>
}

export const make = (
  store: KuzzleQueueStoreShape,
  failed: (error: QueueStoreError) => void
): Effect.Effect<QueueStore, never, Scope.Scope> =>
  Effect.gen(function*() {
    const work = yield* Queue.unbounded<Effect.Effect<void, QueueStoreError>>()
    const report = (error: QueueStoreError) => Effect.sync(() => failed(error))
    yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(work), Effect.catchAll(report))))
    const later = (effect: Effect.Effect<void, QueueStoreError>) => void Queue.unsafeOffer(work, effect)
    return {
      add: (stored) => later(Effect.suspend(() => store.add(stored))),
      remove: (id) => later(Effect.suspend(() => store.remove(id))),
      after: (then) => later(Effect.sync(then)),
      load: Effect.catchAll(store.load, (error) => Effect.as(report(error), []))
    }
  })
