/** An import over a connection that is lost, where the test turns the clock. */
import type { Kuzzle } from "@effect-kuzzle/core"
import { KuzzleCollection, KuzzleDocument, KuzzleImport, KuzzleIndex, type KuzzleRealtime } from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, type Duration, Effect, Fiber, Layer, Schedule, Stream, TestClock } from "effect"
import * as Memory from "./suite/memory.ts"

const target = { index: "nyc", collection: "taxi" }

/** Microtasks take no time, but they take turns. */
const settle = Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, 0))).pipe(Effect.repeatN(3))
const pass = (duration: Duration.DurationInput) =>
  settle.pipe(Effect.zipRight(TestClock.adjust(duration)), Effect.zipRight(settle))

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

/** The first request is lost, and then the connection. */
const broken = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const engine = yield* KuzzleEngine.KuzzleEngine
    yield* engine.silenceNext("bulk:mWrite")
    const running = yield* Effect.fork(effect)
    yield* settle
    yield* engine.dropAll()
    yield* pass("1 second")
    yield* pass("5 seconds")
    return yield* Fiber.join(running)
  })

describe("an import whose connection is lost", () => {
  timed(
    "goes on with documents that have their ids: written twice, they are the same",
    Effect.gen(function*() {
      const progress = yield* broken(Stream.runCollect(importing((n) => ({ _id: `id${n}`, body: { n } }))))
      assert.deepInclude(Chunk.unsafeLast(progress), { written: 40, failed: 0 })
      assert.strictEqual(yield* KuzzleDocument.count(target), 40)
    })
  )

  timed(
    "fails with documents that would be written twice, and says so",
    Effect.gen(function*() {
      const error = yield* broken(Effect.flip(Stream.runDrain(importing((n) => ({ body: { n } })))))
      assert.strictEqual(error._tag, "KuzzleMaybeSentError")
    })
  )
})
