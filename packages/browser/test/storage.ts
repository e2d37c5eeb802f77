/** A client that stores its token in the storage of the page, which the browser may deny. */
import * as Kuzzle from "@effect-kuzzle/core/Kuzzle"
import * as KuzzleServer from "@effect-kuzzle/core/KuzzleServer"
import { Chunk, Effect, Stream } from "effect"

/** With denied storage, requests work, and the first watcher of the events gets the failure of the token store. */
export const reported = Effect.gen(function*() {
  const now = yield* KuzzleServer.now()
  const failures = yield* Kuzzle.events.pipe(
    Stream.filter(({ _tag }) => _tag === "TokenStoreFailed"),
    Stream.map((event) => `${event._tag}: ${"error" in event ? event.error.message : ""}`),
    Stream.take(1),
    Stream.runCollect
  )
  return { now: typeof now, failures: Chunk.toReadonlyArray(failures) }
})
