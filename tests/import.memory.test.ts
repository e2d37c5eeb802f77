/** An import over a connection that is lost, under a test clock. */
import type { Kuzzle } from "@effect-kuzzle/core"
import { KuzzleCollection, KuzzleDocument, KuzzleImport, KuzzleIndex, type KuzzleRealtime } from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Layer, Schedule, Stream } from "effect"
import * as Memory from "./suite/memory.ts"
import { pass, turns } from "./suite/until.ts"

const target = { index: "nyc", collection: "taxi" }

const timed = (
  name: string,
  body: Effect.Effect<void, unknown, Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime | KuzzleEngine.KuzzleEngine>
) =>
  it.scoped(name, () =>
    Effect.gen(function*() {
      const engine = Layer.succeed(KuzzleEngine.KuzzleEngine, yield* KuzzleEngine.make({ refreshInterval: 0 }))
      const client = Memory.layerClient(engine, { reconnect: Schedule.spaced("1 second") })
      yield* Effect.zipRight(
        Effect.zipRight(KuzzleIndex.create({ index: target.index }), KuzzleCollection.create(target)),
        body
      ).pipe(Effect.provide(Layer.merge(client, engine)))
    }))

const importing = (document: (n: number) => KuzzleImport.ImportedDocument) =>
  KuzzleImport.stream(Stream.map(Stream.range(1, 40), document), { ...target, chunkSize: 10, concurrency: 1 })

/** Loses the first write, and then the connection. */
const interrupted = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const engine = yield* KuzzleEngine.KuzzleEngine
    yield* engine.silenceNext("bulk:mWrite")
    const running = yield* Effect.fork(effect)
    yield* turns
    yield* engine.dropAll()
    yield* pass("1 second")
    yield* pass("5 seconds")
    return yield* Fiber.join(running)
  })

describe("an import whose connection is lost", () => {
  timed(
    "continues if the documents have ids, because a second write changes nothing",
    Effect.gen(function*() {
      const progress = yield* interrupted(Stream.runCollect(importing((n) => ({ _id: `id${n}`, body: { n } }))))
      assert.deepInclude(Chunk.unsafeLast(progress), { written: 40, failed: 0 })
      assert.strictEqual(yield* KuzzleDocument.count(target), 40)
    })
  )

  timed(
    "fails if the documents have no ids, because a second write would duplicate them",
    Effect.gen(function*() {
      const error = yield* interrupted(Effect.flip(Stream.runDrain(importing((n) => ({ body: { n } })))))
      assert.strictEqual(error._tag, "KuzzleMaybeSentError")
    })
  )
})
