import { Kuzzle, KuzzleLiveQuery, KuzzleRealtime } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Array, Effect, Layer, Queue, Stream, TestClock } from "effect"
import { answering } from "./support/answering.ts"

const target = { index: "nyc", collection: "taxi" }

/** A collection whose searches take 4 s, and a subscription to it. */
const collection = Effect.gen(function*() {
  const stored: Array<string> = []
  const notifications = yield* Queue.unbounded<KuzzleRealtime.Notification>()
  let searches = 0
  const search = Effect.delay(
    Effect.sync(() => ({
      hits: stored.map((_id) => ({ _id, index: "nyc", collection: "taxi", _score: 1, _source: {} })),
      total: stored.length
    })),
    "4 seconds"
  )
  const kuzzle = Layer.effect(
    Kuzzle.Kuzzle,
    Effect.map(
      Effect.provide(Kuzzle.Kuzzle, answering(() => ({}))),
      (client): Kuzzle.KuzzleShape => ({
        ...client,
        query: ({ action, controller }) => {
          if (action === "search") searches += 1
          const envelope = { status: 200, requestId: "r", controller, action, volatile: null }
          return Effect.map(action === "search" ? search : Effect.succeed({}), (result) => ({ ...envelope, result }))
        }
      })
    )
  )
  const realtime = Layer.succeed(KuzzleRealtime.KuzzleRealtime, {
    open: () => Effect.succeed(Stream.fromQueue(notifications)),
    listen: () => Effect.never,
    debugger: { watch: () => () => {}, watchers: Effect.succeed(0) }
  })
  return {
    layer: Layer.merge(kuzzle, realtime),
    searches: () => searches,
    gap: Queue.offer(notifications, { type: "gap", cause: { _tag: "Overflow", lost: 1 } }),
    /** Creates a document with `document:upsert`, whose notification has no id. */
    upsert: (_id: string) =>
      Effect.suspend(() => {
        stored.push(_id)
        return Queue.offer(notifications, {
          type: "document",
          scope: "in",
          event: "write",
          action: "upsert",
          controller: "document",
          ...target,
          timestamp: 0,
          volatile: null,
          protocol: "websocket",
          requestId: "r",
          result: {},
          status: 200,
          room: "room"
        })
      })
  }
})

const turns = Effect.repeatN(Effect.yieldNow(), 20)
const pass = (seconds: number) => Effect.repeatN(Effect.zipRight(TestClock.adjust("1 second"), turns), seconds - 1)

const opened = Effect.gen(function*() {
  const world = yield* collection
  const opening = yield* Effect.fork(Effect.provide(KuzzleLiveQuery.live(target), world.layer))
  yield* turns
  yield* pass(4)
  return { ...world, live: yield* opening }
})

describe("KuzzleLiveQuery", () => {
  it.scoped("documents that upserts create are read at once, later at most a fifth of the time, and none is lost", () =>
    Effect.gen(function*() {
      const { live, searches, upsert } = yield* opened
      yield* upsert("first")
      yield* pass(4)
      assert.isTrue((yield* live.documents).has("first"))
      for (let i = 0; i < 100; i++) {
        yield* upsert(`id${i}`)
        yield* pass(1)
      }
      // One search at the beginning, one for the first document, and one every 20 s.
      assert.isAtMost(searches(), 2 + 5)
      yield* pass(20)
      assert.deepStrictEqual(Array.fromIterable((yield* live.documents).keys()).length, 101)
      const settled = searches()
      yield* pass(60)
      assert.strictEqual(searches(), settled)
    }))

  it.scoped("after a gap the search runs at once, and finds the documents that upserts have created meanwhile", () =>
    Effect.gen(function*() {
      const { gap, live, searches, upsert } = yield* opened
      yield* upsert("a")
      yield* pass(4)
      const before = searches()
      yield* upsert("b")
      yield* gap
      yield* pass(4)
      assert.isTrue((yield* live.documents).has("b"))
      yield* pass(60)
      assert.strictEqual(searches(), before + 1)
    }))
})
