/** Live documents under a test clock, with a server that fails on demand. */
import {
  Kuzzle,
  KuzzleCollection,
  KuzzleDocument,
  KuzzleError,
  KuzzleFilter,
  KuzzleIndex,
  KuzzleLiveQuery,
  type KuzzleRealtime
} from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Logger, Schedule, Scope, Stream, TestClock } from "effect"
import * as Memory from "./suite/memory.ts"
import { pass, turns } from "./suite/until.ts"

const target = { index: "nyc", collection: "taxi" }

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

const ids = ({ documents }: KuzzleLiveQuery.LiveQuery) => Effect.map(documents, (all) => Array.from(all.keys()).sort())

/** An array to which the tag of each change is added. */
const tagsOf = (live: KuzzleLiveQuery.LiveQuery) => {
  const tags: Array<string> = []
  return Effect.as(
    Effect.forkScoped(Stream.runForEach(live.changes, ({ _tag }) => Effect.sync(() => tags.push(_tag)))),
    tags
  )
}

describe("live documents under a test clock", () => {
  timed(
    "documents that were written a moment before are included, because the collection is refreshed",
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ids(yield* KuzzleLiveQuery.live(target)), ["a"])
      yield* KuzzleDocument.create({ ...target, _id: "b", content: {} })
      // Without a refresh, a search finds `b` only after a second.
      assert.deepStrictEqual(yield* ids(yield* KuzzleLiveQuery.live({ ...target, refresh: false })), ["a"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* ids(yield* KuzzleLiveQuery.live({ ...target, refresh: false })), ["a", "b"])
    })
  )

  timed(
    "a read that is never answered is retried, and changes meanwhile are not missed",
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      yield* engine.silenceNext("document:search")
      const following = yield* Effect.fork(KuzzleLiveQuery.live(target))
      yield* turns
      yield* KuzzleDocument.create({ ...target, _id: "b", content: {} })
      yield* KuzzleDocument.delete({ ...target, _id: "a" })
      yield* pass("14 seconds")
      assert.isNull(following.unsafePoll())
      // The deadline, and the delay before the next attempt.
      yield* pass("1 second")
      yield* pass("2 seconds")
      assert.deepStrictEqual(yield* ids(yield* Fiber.join(following)), ["b"])
    })
  )

  timed(
    "after a connection is lost during a read, the next connection reads again",
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      const live = yield* KuzzleLiveQuery.live(target)
      const tags = yield* tagsOf(live)
      yield* turns
      // The read after the first loss gets no answer; the connection is lost again before its deadline.
      yield* engine.silenceNext("document:search")
      yield* engine.dropAll()
      yield* pass("1 second")
      assert.deepStrictEqual(tags, ["Snapshot", "Stale"])
      yield* KuzzleDocument.create({ ...target, _id: "b", content: {} })
      yield* engine.dropAll()
      yield* turns
      assert.deepStrictEqual(yield* ids(live), ["a"])
      yield* pass("1 second")
      yield* pass("10 seconds")
      assert.deepStrictEqual(yield* ids(live), ["a", "b"])
      assert.strictEqual(tags.at(-1), "Snapshot")
      assert.strictEqual(tags.filter((tag) => tag === "Stale").length, 2)
    })
  )

  timed(
    "the mappings of a filter are read once; if that is forbidden, the filter is not checked, and a warning is logged",
    Effect.gen(function*() {
      yield* KuzzleCollection.create({ ...target, mappings: { properties: { status: { type: "keyword" } } } })
      const engine = yield* KuzzleEngine.KuzzleEngine
      const { query } = yield* Kuzzle.Kuzzle
      const actions: Array<string> = []
      const logged: Array<string> = []
      const counting = (refused: boolean): Effect.Effect<Kuzzle.KuzzleShape, never, Kuzzle.Kuzzle> =>
        Effect.map(Kuzzle.Kuzzle, (kuzzle) => ({
          ...kuzzle,
          query: (request, options) =>
            Effect.suspend(() => {
              const { action, controller } = request
              actions.push(action)
              if (action !== "getMapping" || !refused) return query(request, options)
              const id = "security.rights.forbidden"
              return Effect.fail(
                KuzzleError.fromStatus({ controller, action, status: 403, id, code: 0, message: "no", props: [] })
              )
            })
        }))
      const logger = Logger.make(({ message }) => logged.push(String(message)))
      for (const [refused, field] of [[false, "status"], [true, "unknown"]] as const) {
        actions.length = 0
        const scope = yield* Scope.make()
        const live = yield* KuzzleLiveQuery.live({ ...target, filter: KuzzleFilter.equals(field, "free") }).pipe(
          Effect.provideServiceEffect(Kuzzle.Kuzzle, counting(refused)),
          Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
          Scope.extend(scope)
        )
        yield* tagsOf(live)
        yield* engine.dropAll()
        yield* pass("1 second")
        yield* pass("5 seconds")
        assert.deepStrictEqual(actions, ["refresh", "getMapping", "search", "refresh", "search"])
        yield* Scope.close(scope, Exit.void)
      }
      assert.strictEqual(logged.length, 1)
      assert.include(logged[0], "the filter of a live search of nyc/taxi is not checked")
    })
  )

  timed(
    "L2: an observer that is too slow for large documents gets a new snapshot before it buffers too many bytes",
    Effect.gen(function*() {
      const live = yield* KuzzleLiveQuery.live(target)
      const gate = yield* Deferred.make<void>()
      const tags: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(live.changes, ({ _tag }) =>
          Effect.zipRight(
            Effect.sync(() => tags.push(_tag)),
            Deferred.await(gate)
          ))
      )
      yield* turns
      const content = { text: "x".repeat(1_000_000) }
      for (let i = 0; i < 40; i++) {
        yield* KuzzleDocument.create({ ...target, _id: `large${i}`, content })
        yield* turns
      }
      yield* Deferred.succeed(gate, undefined)
      yield* turns
      assert.deepStrictEqual(tags, ["Snapshot", ...Array.from({ length: 16 }, () => "Entered"), "Snapshot"])
    })
  )

  /** A client whose searches with these numbers are refused temporarily. */
  const refusing = (status: number, isRefused: (search: number) => boolean) => {
    let searches = 0
    return Effect.updateService(Kuzzle.Kuzzle, (kuzzle) => ({
      ...kuzzle,
      query: (request, options) =>
        Effect.suspend(() => {
          if (request.action !== "search") return kuzzle.query(request, options)
          searches += 1
          if (!isRefused(searches)) return kuzzle.query(request, options)
          const { action, controller } = request
          const message = "not now"
          return Effect.fail(
            KuzzleError.fromStatus({ controller, action, status, id: "", code: 0, message, props: [] })
          )
        })
    }))
  }

  for (const status of [429, 500, 503, 504]) {
    timed(
      `a read that is refused temporarily is retried, the first and every later one (${status})`,
      Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        const following = yield* Effect.fork(KuzzleLiveQuery.live(target))
        yield* pass("5 seconds")
        const live = yield* Fiber.join(following)
        yield* KuzzleDocument.create({ ...target, _id: "b", content: {} })
        yield* engine.dropAll()
        yield* pass("1 second")
        yield* pass("5 seconds")
        assert.deepStrictEqual(yield* ids(live), ["a", "b"])
      }).pipe(refusing(status, (search) => search === 1 || search === 2 || search === 4))
    )
  }

  timed(
    "a read that is refused repeatedly fails with that error",
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      const live = yield* KuzzleLiveQuery.live(target)
      const observer = yield* Effect.fork(Effect.flip(Stream.runDrain(live.changes)))
      yield* turns
      yield* engine.dropAll()
      for (let i = 0; i < 90; i++) yield* pass("1 second")
      assert.strictEqual((yield* Fiber.join(observer))._tag, "KuzzleServiceUnavailableError")
    }).pipe(refusing(503, (search) => search > 1))
  )

  timed(
    "if the collection does not exist at the next read, every observer fails",
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      const live = yield* KuzzleLiveQuery.live(target)
      const observers = yield* Effect.forEach([1, 2], () => Effect.fork(Effect.flip(Stream.runDrain(live.changes))))
      yield* turns
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
