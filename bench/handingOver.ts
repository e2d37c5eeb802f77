/** Handing requests over to an outbox, the same in Node and in a page. */
import * as KuzzleDocument from "@effect-kuzzle/core/KuzzleDocument"
import * as KuzzleOutbox from "@effect-kuzzle/core/KuzzleOutbox"
import * as Effect from "effect/Effect"
import * as wire from "./wire.ts"

/** Room for all of a load. */
export const limits: KuzzleOutbox.Options = { maxEntries: 100_000, maxBytes: 1_000_000_000 }

/** The server of the bench drops all connections, and lets none in before the scope closes. */
const absence = (url: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const ended = new AbortController()
      const { host } = new URL(url)
      await fetch(`http://${host}`, { signal: ended.signal })
      return ended
    }),
    (ended) => Effect.sync(() => ended.abort())
  )

const request = (n: number) =>
  KuzzleDocument.create({ index: wire.index, collection: wire.collection, _id: `taxi-${n}`, content: { ...wire.taxi } })

/**
 * Hands over so many requests at once while there is no connection, and deletes them again. The milliseconds until all
 * are stored, of each round.
 */
export const handOver = (url: string, count: number, rounds: number) =>
  Effect.gen(function*() {
    const outbox = yield* KuzzleOutbox.KuzzleOutbox
    yield* absence(url)
    yield* Effect.sleep("200 millis")
    const times: Array<number> = []
    while (times.length < rounds) {
      const requests = Array.from({ length: count }, (_, n) => request(n))
      const start = performance.now()
      yield* Effect.forEach(requests, outbox.handOver, { concurrency: "unbounded", discard: true })
      times.push(performance.now() - start)
      yield* outbox.purge({ _tag: "Anonymous" })
    }
    return times
  }).pipe(Effect.scoped)
