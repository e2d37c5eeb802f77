/** Live documents with a Schema: when they are decoded, and how documents that do not fit are handled. */
import { Kuzzle, KuzzleRealtime, KuzzleRepository } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Context, Effect, Fiber, Layer, Option, Queue, Schema, Stream } from "effect"
import { answering } from "./support/answering.ts"
import { arraysOf } from "./support/documentMap.ts"

const target = { index: "nyc", collection: "taxi" }

interface Stored {
  readonly _id: string
  readonly _source: object
}

/** A collection with these documents, and a subscription to it. */
const collection = (stored: ReadonlyArray<Stored>) =>
  Effect.gen(function*() {
    const notifications = yield* Queue.unbounded<KuzzleRealtime.Notification>()
    const kuzzle = Layer.effect(
      Kuzzle.Kuzzle,
      Effect.map(
        Effect.provide(Kuzzle.Kuzzle, answering(() => ({}))),
        (client): Kuzzle.KuzzleShape => ({
          ...client,
          query: ({ action, controller }) =>
            Effect.succeed({
              status: 200,
              requestId: "r",
              controller,
              action,
              volatile: null,
              result: action === "search"
                ? { hits: stored.map((document) => ({ ...document, ...target, _score: 1 })), total: stored.length }
                : action === "getMapping"
                ? { dynamic: "false", properties: { status: { type: "keyword" } } }
                : {}
            })
        })
      )
    )
    const realtime = Layer.succeed(KuzzleRealtime.KuzzleRealtime, {
      open: () => Effect.succeed(Stream.fromQueue(notifications)),
      listen: () => Effect.never,
      debugger: { watch: () => () => {}, watchers: Effect.succeed(0) }
    })
    const notify = (event: "write" | "delete", _id: string, _source: object) =>
      Queue.offer(notifications, {
        type: "document",
        scope: event === "write" ? "in" : "out",
        event,
        action: event === "write" ? "createOrReplace" : "delete",
        controller: "document",
        ...target,
        timestamp: 0,
        volatile: null,
        protocol: "websocket",
        requestId: "r",
        result: { _id, _source: { ..._source } },
        status: 200,
        room: "room"
      })
    return {
      layer: Layer.merge(kuzzle, realtime),
      write: (_id: string, source: object) => notify("write", _id, source),
      remove: (_id: string) => notify("delete", _id, {}),
      lose: Queue.offer(notifications, { type: "gap", cause: { _tag: "Overflow", lost: 1 } })
    }
  })

/** A Schema that counts how often it decodes. */
const counting = () => {
  let decoded = 0
  const Taxi = Schema.Struct({
    status: Schema.transform(Schema.Literal("free", "busy"), Schema.String, {
      decode: (status) => {
        decoded++
        return status.toUpperCase()
      },
      encode: (status) => status === "FREE" ? "free" : "busy"
    })
  })
  return { Taxi, decoded: () => decoded }
}

const Taxi = Schema.Struct({ status: Schema.Literal("free", "busy"), since: Schema.optional(Schema.DateFromNumber) })

/** The content in short: its status, or that it does not fit. */
const statusOf = (source: { readonly status: string } | KuzzleRepository.InvalidDocumentError) =>
  "issue" in source ? `invalid ${source._id}` : source.status

type LiveSource = { readonly status: string } | KuzzleRepository.InvalidDocumentError

/** A change as a line. */
const line = (
  change: KuzzleRepository.LiveQuery<LiveSource, "pass">["changes"] extends Stream.Stream<infer C, infer _> ? C : never
) => {
  switch (change._tag) {
    case "Snapshot":
      return `Snapshot ${
        Array.from(change.documents.values(), ({ _id, _source }) => `${_id}:${statusOf(_source)}`).join()
      }`
    case "Stale":
      return "Stale"
    case "Deleted":
      return `Deleted ${change.previous._id}`
    case "Entered":
      return `Entered ${change.document._id}:${statusOf(change.document._source)}`
    default:
      return `${change._tag} ${change.document._id}:${statusOf(change.previous._source)}>${
        statusOf(change.document._source)
      }`
  }
}

const free = { status: "free" }
const busy = { status: "busy" }
const invalid = { status: "lost" }

describe("KuzzleRepository.live", () => {
  it.scoped("emits the documents and every change, decoded, with Kuzzle's metadata in its own member", () =>
    Effect.gen(function*() {
      const { layer, remove, write } = yield* collection([
        { _id: "a", _source: { ...free, since: 5, _kuzzle_info: { author: "ada" } } }
      ])
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
      const live = yield* Effect.provide(taxis.live({ filter: taxis.filter.equals("status", "free") }), layer)
      const document = (yield* live.documents).get("a")
      assert.deepStrictEqual(document?._source, { status: "free", since: new Date(5) })
      assert.deepStrictEqual<unknown>(document?._kuzzle_info, { author: "ada" })
      const changes = yield* Effect.fork(Stream.runCollect(Stream.take(Stream.map(live.changes, line), 6)))
      yield* Effect.yieldNow()
      yield* write("b", free)
      yield* write("a", free)
      yield* write("c", busy)
      yield* write("b", busy)
      yield* write("d", free)
      yield* remove("a")
      assert.deepStrictEqual([...(yield* changes)], [
        "Snapshot a:free",
        "Entered b:free",
        "Updated a:free>free",
        "Exited b:free>busy",
        "Entered d:free",
        "Deleted a"
      ])
      assert.deepStrictEqual([...(yield* live.documents).keys()], ["d"])
    }))

  it.scoped("\"fail\": a document that does not fit ends the live query, at the beginning or later", () =>
    Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
      const first = yield* collection([{ _id: "a", _source: invalid }])
      const refused = yield* Effect.flip(Effect.provide(taxis.live(), first.layer))
      assert.deepInclude(refused, { _tag: "KuzzleInvalidDocumentError", _id: "a" })

      const { layer, write } = yield* collection([{ _id: "a", _source: free }])
      const live = yield* Effect.provide(taxis.live(), layer)
      const seen: Array<string> = []
      const changes = yield* Effect.fork(
        Effect.flip(Stream.runForEach(live.changes, (change) => Effect.sync(() => seen.push(line(change)))))
      )
      yield* Effect.yieldNow()
      yield* write("a", busy)
      yield* write("b", invalid)
      assert.deepInclude(yield* changes, { _tag: "KuzzleInvalidDocumentError", _id: "b" })
      assert.deepStrictEqual(seen, ["Snapshot a:free", "Updated a:free>busy"])
    }))

  it.scoped("a function is called for each document that does not fit, and the document is not in the set", () =>
    Effect.gen(function*() {
      const invalidIds: Array<string | undefined> = []
      const taxis = KuzzleRepository.make({
        ...target,
        schema: Taxi,
        onInvalid: ({ _id }) => Effect.sync(() => void invalidIds.push(_id))
      })
      const { layer, remove, write } = yield* collection([{ _id: "a", _source: free }, { _id: "b", _source: invalid }])
      const live = yield* Effect.provide(taxis.live(), layer)
      const changes = yield* Effect.fork(Stream.runCollect(Stream.take(Stream.map(live.changes, line), 4)))
      yield* Effect.yieldNow()
      yield* write("b", invalid)
      yield* write("a", invalid)
      yield* remove("b")
      yield* write("b", free)
      yield* write("a", free)
      assert.deepStrictEqual([...(yield* changes)], [
        "Snapshot a:free",
        "Exited a:free>invalid a",
        "Entered b:free",
        "Entered a:free"
      ])
      assert.deepStrictEqual(invalidIds, ["b", "b", "a"])
    }))

  it.scoped("\"pass\": the error stands in place of the content", () =>
    Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi, onInvalid: "pass" })
      const { layer, write } = yield* collection([{ _id: "a", _source: invalid }])
      const live = yield* Effect.provide(taxis.live(), layer)
      const changes = yield* Effect.fork(Stream.runCollect(Stream.take(Stream.map(live.changes, line), 2)))
      yield* Effect.yieldNow()
      yield* write("a", free)
      assert.deepStrictEqual([...(yield* changes)], ["Snapshot a:invalid a", "Updated a:invalid a>free"])
    }))

  it.scoped("the documents of a search after a gap are all decoded", () =>
    Effect.gen(function*() {
      const { Taxi, decoded } = counting()
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
      const { layer, lose } = yield* collection([{ _id: "a", _source: free }])
      const live = yield* Effect.provide(taxis.live(), layer)
      const changes = yield* Effect.fork(Stream.runCollect(Stream.take(Stream.map(live.changes, line), 3)))
      yield* Effect.yieldNow()
      yield* lose
      assert.deepStrictEqual([...(yield* changes)], ["Snapshot a:FREE", "Stale", "Snapshot a:FREE"])
      assert.strictEqual(decoded(), 2)
    }))

  it.scoped("a Schema may use services, and an invalid filter fails", () =>
    Effect.gen(function*() {
      class City extends Context.Tag("City")<City, { readonly city: string }>() {}
      const taxis = KuzzleRepository.make({
        ...target,
        schema: Schema.Struct({
          status: Schema.transformOrFail(Schema.String, Schema.String, {
            decode: (status) =>
              Effect.map(Effect.zipLeft(City, Effect.yieldNow()), ({ city }) => `${status} in ${city}`),
            encode: Effect.succeed
          }),
          seats: Schema.optional(Schema.Int)
        })
      })
      const { layer, write } = yield* collection([{ _id: "a", _source: free }])
      const live = yield* taxis.live().pipe(Effect.provide(layer), Effect.provideService(City, { city: "nyc" }))
      const values = yield* Effect.fork(
        Stream.runHead(Stream.filter(live.values, (documents) => documents.size === 2))
      )
      yield* Effect.yieldNow()
      yield* write("b", busy)
      const documents = Option.getOrThrow(yield* values)
      assert.deepStrictEqual(Array.from(documents.values(), ({ _source: { status } }) => status), [
        "free in nyc",
        "busy in nyc"
      ])
      const wrong = yield* Effect.flip(
        taxis.live({ filter: taxis.filter.not(taxis.filter.range("seats", { gt: 2, lt: 1 })) }).pipe(
          Effect.provide(layer),
          Effect.provideService(City, { city: "nyc" })
        )
      )
      assert.strictEqual(wrong._tag, "KuzzleFilterError")
    }))

  for (const size of [100, 50_000]) {
    it.scoped(`L2: a change among ${size} documents is decoded once for all observers, and few documents are copied`, () =>
      Effect.gen(function*() {
        const { Taxi, decoded } = counting()
        const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
        const stored = Array.from({ length: size }, (_, n) => ({ _id: `id${n}`, _source: free }))
        const { layer, write } = yield* collection(stored)
        const live = yield* Effect.provide(taxis.live(), layer)
        assert.strictEqual(decoded(), size)
        const observers = yield* Effect.replicateEffect(
          Effect.fork(Stream.runCollect(Stream.take(live.values, 2))),
          3
        )
        yield* Effect.yieldNow()
        yield* write("id7", busy)
        for (const fiber of observers) {
          const [before, after] = Chunk.toReadonlyArray(yield* Fiber.join(fiber))
          assert(before !== undefined && after !== undefined)
          assert.strictEqual(after.get("id7")?._source.status, "BUSY")
          assert.strictEqual(after.size, size)
          assert.isAtMost(copied(before, after), 700)
        }
        assert.strictEqual(decoded(), size + 1)
      }))
  }
})

/** How many references a map has copied from the map before it. */
const copied = (before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): number => {
  const known = new Set(arraysOf(before))
  return arraysOf(after).filter((list) => !known.has(list)).reduce((sum, list) => sum + list.length, 0)
}
