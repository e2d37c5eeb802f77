/** Live documents where the test turns the clock, and the server fails when it says so. */
import type { Kuzzle } from "@effect-kuzzle/core"
import { KuzzleCollection, KuzzleDocument, KuzzleIndex, KuzzleLive, type KuzzleRealtime } from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Fiber, Layer, Schedule, Stream, TestClock } from "effect"
import type { Scope } from "effect"
import * as Memory from "./suite/memory.ts"

const target = { index: "nyc", collection: "taxi" }

/** Microtasks take no time, but they take turns. */
const settle = Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, 0))).pipe(Effect.repeatN(3))
const pass = (duration: Duration.DurationInput) =>
  settle.pipe(Effect.zipRight(TestClock.adjust(duration)), Effect.zipRight(settle))

const timed = (
  name: string,
  body: Effect.Effect<
    void,
    unknown,
    Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime | KuzzleEngine.KuzzleEngine | Scope.Scope
  >
) =>
  it.scoped(name, () =>
    Effect.gen(function*() {
      const engine = Layer.succeed(KuzzleEngine.KuzzleEngine, yield* KuzzleEngine.make({ refreshInterval: "1 second" }))
      const client = Memory.layerClient(engine, { reconnect: Schedule.spaced("1 second") })
      return yield* Effect.provide(
        Effect.gen(function*() {
          yield* KuzzleIndex.create({ index: target.index })
          yield* KuzzleCollection.create(target)
          yield* KuzzleDocument.create({ ...target, _id: "a", content: {} })
          yield* body
        }),
        Layer.merge(client, engine)
      )
    }))

const ids = ({ documents }: KuzzleLive.Live) => Effect.map(documents, (all) => Array.from(all.keys()).sort())

/** The tags of the changes, as they come. */
const tagsOf = (live: KuzzleLive.Live) => {
  const tags: Array<string> = []
  return Effect.as(
    Effect.forkScoped(Stream.runForEach(live.changes, ({ _tag }) => Effect.sync(() => tags.push(_tag)))),
    tags
  )
}

describe("live documents under a test clock", () => {
  timed(
    "what was written a moment before is there: the collection is refreshed",
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ids(yield* KuzzleLive.live(target)), ["a"])
      yield* KuzzleDocument.create({ ...target, _id: "b", content: {} })
      // Nobody has refreshed it since, and a second has not passed.
      assert.deepStrictEqual(yield* ids(yield* KuzzleLive.live({ ...target, refresh: false })), ["a"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* ids(yield* KuzzleLive.live({ ...target, refresh: false })), ["a", "b"])
    })
  )

  timed(
    "a read that is never answered is tried again; what happens meanwhile is not missed",
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      yield* engine.silenceNext("document:search")
      const following = yield* Effect.fork(KuzzleLive.live(target))
      yield* settle
      yield* KuzzleDocument.create({ ...target, _id: "b", content: {} })
      yield* KuzzleDocument.delete({ ...target, _id: "a" })
      yield* pass("14 seconds")
      assert.isNull(following.unsafePoll())
      // The deadline, and the pause before the next attempt.
      yield* pass("1 second")
      yield* pass("2 seconds")
      assert.deepStrictEqual(yield* ids(yield* Fiber.join(following)), ["b"])
    })
  )

  timed(
    "a connection that is lost in the middle of a read: it is read by the next one",
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      const live = yield* KuzzleLive.live(target)
      const tags = yield* tagsOf(live)
      yield* settle
      // The read after the first loss gets no answer; the connection is lost again before its deadline.
      yield* engine.silenceNext("document:search")
      yield* engine.dropAll()
      yield* pass("1 second")
      assert.deepStrictEqual(tags, ["Snapshot", "Stale"])
      yield* KuzzleDocument.create({ ...target, _id: "b", content: {} })
      yield* engine.dropAll()
      yield* settle
      assert.deepStrictEqual(yield* ids(live), ["a"])
      yield* pass("1 second")
      yield* pass("10 seconds")
      assert.deepStrictEqual(yield* ids(live), ["a", "b"])
      assert.strictEqual(tags.at(-1), "Snapshot")
      assert.strictEqual(tags.filter((tag) => tag === "Stale").length, 2)
    })
  )

  timed(
    "when the collection is gone at the next read, every observer is told",
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      const live = yield* KuzzleLive.live(target)
      const observers = yield* Effect.forEach([1, 2], () => Effect.fork(Effect.flip(Stream.runDrain(live.changes))))
      yield* settle
      yield* KuzzleCollection.delete(target)
      yield* engine.dropAll()
      yield* pass("1 second")
      yield* pass("5 seconds")
      for (const observer of [...observers, yield* Effect.fork(Effect.flip(Stream.runDrain(live.changes)))]) {
        assert.strictEqual((yield* Fiber.join(observer))._tag, "KuzzleCollectionNotFoundError")
      }
    })
  )
})
