/** Hands requests over to an outbox, in Node and in a page. */
import * as KuzzleDocument from "@effect-kuzzle/core/KuzzleDocument"
import * as KuzzleOutbox from "@effect-kuzzle/core/KuzzleOutbox"
import * as Effect from "effect/Effect"
import * as wire from "./wire.ts"

/** Limits that no load reaches. */
export const limits: KuzzleOutbox.Options = { maxEntries: 100_000, maxBytes: 1_000_000_000 }

/** Makes the server of the benchmark drop all connections, and refuse new ones until the scope closes. */
const outage = (url: string) =>
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
 * Hands over `count` requests at once while there is no connection, and then deletes them. Returns the milliseconds until all
 * were stored, for each round.
 */
export const handOver = (url: string, count: number, rounds: number) =>
  Effect.gen(function*() {
    const outbox = yield* KuzzleOutbox.KuzzleOutbox
    yield* outage(url)
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
