/** A client that stores its token and its queue in the storage of the page, which the browser may deny. */
import * as BrowserKuzzleStore from "@effect-kuzzle/browser/BrowserKuzzleStore"
import * as Kuzzle from "@effect-kuzzle/core/Kuzzle"
import * as KuzzleQueueStore from "@effect-kuzzle/core/KuzzleQueueStore"
import * as KuzzleServer from "@effect-kuzzle/core/KuzzleServer"
import * as KuzzleTokenStore from "@effect-kuzzle/core/KuzzleTokenStore"
import { Chunk, Effect, Layer, Stream } from "effect"

/** The stores of a client, in the local storage. */
export const stores = Layer.provide(
  Layer.merge(KuzzleTokenStore.layerKeyValueStore(), KuzzleQueueStore.layerKeyValueStore()),
  BrowserKuzzleStore.layerLocalStorage
)

/** With denied stores, requests work, and the first watcher of the events gets one failure for each store. */
export const told = Effect.gen(function*() {
  const { events } = yield* Kuzzle.Kuzzle
  const now = yield* KuzzleServer.now()
  const failures = yield* events.pipe(
    Stream.filter(({ _tag }) => _tag === "TokenStoreFailed" || _tag === "QueueStoreFailed"),
    Stream.map((event) => `${event._tag}: ${"error" in event ? event.error.message : ""}`),
    Stream.take(2),
    Stream.runCollect
  )
  return { now: typeof now, failures: Chunk.toReadonlyArray(failures).toSorted() }
})
