/** Live documents: the current documents, each change, and the recovery after a lost connection. */
import { KuzzleActionError, KuzzleCollection, KuzzleDocument, KuzzleFilter, KuzzleLiveQuery } from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import { Chunk, Deferred, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { Backend, type Collection, World } from "./backend.ts"
import { failure, inbox, withClient } from "./tools.ts"
import { until } from "./until.ts"

/** Requests of another client, which the faults do not affect. */
const admin = (action: string, target: Collection, more: object = {}) =>
  Effect.flatMap(World, ({ admin }) => admin.query({ controller: "document", action, ...target, ...more }))

const put = (target: Collection, _id: string, body: object) => admin("create", target, { _id, body })
const change = (target: Collection, _id: string, body: object) => admin("update", target, { _id, body })
const remove = (target: Collection, _id: string) => admin("delete", target, { _id })

/** A collection with these mappings. */
const mapped = (mappings: object) =>
  Effect.gen(function*() {
    const { admin, index, name } = yield* World
    const target = { index, collection: name("mapped") }
    yield* admin.query({ controller: "collection", action: "create", ...target, body: { mappings } })
    return target
  })

const free = KuzzleFilter.equals("status", "free")

const idsOf = (documents: KuzzleLiveQuery.Documents) => Array.from(documents.keys()).sort()

/** The changes as one line each. */
const observe = (live: KuzzleLiveQuery.LiveQuery) =>
  inbox(
    Stream.map(live.changes, (change) => {
      switch (change._tag) {
        case "Snapshot":
          return `Snapshot ${idsOf(change.documents).join()}`
        case "Stale":
          return `Stale ${change.cause._tag}`
        case "Deleted":
          return `Deleted ${change.previous._id}`
        default:
          return `${change._tag} ${change.document._id} ${String(change.document._source.status)}`
      }
    }),
    "a change"
  )

export const liveTests = (it: Vitest.MethodsNonLive<World | Backend, true>): void => {
  describe("live documents", () => {
    it.effect("a search has the matching documents, and every observer gets each document that enters, changes, leaves or is deleted", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        yield* put(target, "a", { status: "free" })
        yield* put(target, "b", { status: "busy" })
        // `a` was written without a refresh.
        const live = yield* KuzzleLiveQuery.live({ ...target, filter: free })
        assert.deepStrictEqual(idsOf(yield* live.documents), ["a"])
        const [one, two] = [yield* observe(live), yield* observe(live)]
        yield* put(target, "c", { status: "free" })
        yield* put(target, "d", { status: "busy" })
        yield* change(target, "c", { seats: 2 })
        // `a` was not written during the subscription, so the server does not report that it leaves the filter.
        yield* change(target, "a", { status: "busy" })
        yield* change(target, "b", { status: "free" })
        yield* remove(target, "c")
        yield* remove(target, "d")
        yield* admin("replace", target, { _id: "b", body: { status: "free", seats: 1 } })
        const expected = [
          "Snapshot a",
          "Entered c free",
          "Updated c free",
          "Exited a busy",
          "Entered b free",
          "Deleted c",
          "Updated b free"
        ]
        assert.deepStrictEqual(yield* one.takeN(expected.length), expected)
        assert.deepStrictEqual(yield* two.takeN(expected.length), expected)
        const documents = yield* live.documents
        assert.deepStrictEqual(idsOf(documents), ["b"])
        assert.deepInclude(documents.get("b")?._source, { status: "free", seats: 1 })
        // A late observer begins with the current documents.
        assert.strictEqual(yield* (yield* observe(live)).take, "Snapshot b")
      })))

    it.effect("a filter that only subscriptions support is refused", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        const foreign: object = KuzzleFilter.regexp("address", "^([a-zA-Z0-9]+\\.?)+@")
        // The filter comes from outside of the program, so its type does not prevent this.
        const filter = foreign as KuzzleFilter.SearchFilter
        const error = yield* failure(KuzzleLiveQuery.live({ ...target, filter }), KuzzleFilter.FilterError)
        assert.deepStrictEqual(error.issues, ["regexp: a search has no such condition, only a subscription"])
      })))

    it.effect("a query by ids follows documents whether they exist or not", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        yield* put(target, "a", { status: "free" })
        const live = yield* KuzzleLiveQuery.live({ ...target, ids: ["a", "b"] })
        const changes = yield* observe(live)
        yield* put(target, "c", { status: "free" })
        yield* put(target, "b", { status: "free" })
        yield* change(target, "a", { status: "busy" })
        yield* remove(target, "a")
        yield* put(target, "a", { status: "free" })
        assert.deepStrictEqual(yield* changes.takeN(5), [
          "Snapshot a",
          "Entered b free",
          "Updated a busy",
          "Deleted a",
          "Entered a free"
        ])
      })))

    it.effect("8.C11: a replaced document has only its new fields", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        yield* put(target, "a", { status: "free", seats: 4 })
        const live = yield* KuzzleLiveQuery.live({ ...target, ids: ["a"] })
        const changes = yield* observe(live)
        yield* admin("replace", target, { _id: "a", body: { status: "busy" } })
        assert.deepStrictEqual(yield* changes.takeN(2), ["Snapshot a", "Updated a busy"])
        const source = (yield* live.documents).get("a")?._source
        assert.deepInclude(source, { status: "busy" })
        assert.notProperty(source, "seats")
      })))

    it.effect("a document whose notification has no content is read", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        yield* put(target, "a", { status: "free" })
        yield* put(target, "b", { status: "busy" })
        const byFilter = yield* KuzzleLiveQuery.live({ ...target, filter: free })
        const byIds = yield* KuzzleLiveQuery.live({ ...target, ids: ["a", "b"] })
        const changes = [yield* observe(byFilter), yield* observe(byIds)] as const
        assert.deepStrictEqual(yield* Effect.all(changes.map(({ take }) => take)), ["Snapshot a", "Snapshot a,b"])
        const documents = [{ _id: "a", body: { status: "busy" } }, { _id: "b", body: { status: "free" } }]
        yield* admin("mCreateOrReplace", target, { source: "false", body: { documents } })
        assert.deepStrictEqual(yield* Effect.all(changes.map(({ take }) => take)), ["Snapshot b", "Snapshot a,b"])
        const statuses = Array.from((yield* byIds.documents).values(), ({ _source }) => _source.status)
        assert.deepStrictEqual(statuses, ["busy", "free"])
      })))

    it.effect("an observer that is too slow gets a new snapshot, and does not delay others", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        const live = yield* KuzzleLiveQuery.live({ ...target, refresh: false })
        const release = yield* Deferred.make<void>()
        const quick = yield* Effect.fork(Stream.runCollect(Stream.take(live.changes, 4401)))
        const known = new Set<string>()
        const snapshots: Array<number> = []
        const slow = yield* live.changes.pipe(
          Stream.tap(() => Deferred.await(release)),
          Stream.takeUntil((change) => {
            if (change._tag === "Snapshot") {
              snapshots.push(change.documents.size)
              known.clear()
              for (const _id of change.documents.keys()) known.add(_id)
            } else if (change._tag === "Entered") known.add(change.document._id)
            return known.size === 4400
          }),
          Stream.runDrain,
          Effect.fork
        )
        for (let part = 0; part < 22; part++) {
          const documents = Array.from({ length: 200 }, (_, i) => ({ _id: `id${part * 200 + i}`, body: {} }))
          yield* admin("mCreate", target, { body: { documents } })
        }
        assert.strictEqual(Chunk.unsafeLast(yield* Fiber.join(quick))._tag, "Entered")
        yield* Deferred.succeed(release, undefined)
        yield* Fiber.join(slow)
        assert.deepStrictEqual(snapshots, [0, 4400])
      })))

    it.effect("the last element of `values` has all documents", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        const live = yield* KuzzleLiveQuery.live(target)
        const values = yield* live.values.pipe(
          Stream.takeUntil((documents) => documents.size === 5),
          Stream.runCollect,
          Effect.fork
        )
        for (const _id of ["a", "b", "c", "d", "e"]) yield* put(target, _id, { status: "free" })
        const last = Chunk.unsafeLast(yield* Fiber.join(values))
        assert.deepStrictEqual(idsOf(last), ["a", "b", "c", "d", "e"])
      })))

    it.effect("8.E4: the notification of a document that an upsert creates has no id, so the client reads the documents", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        const live = yield* KuzzleLiveQuery.live({ ...target, filter: free })
        const changes = yield* observe(live)
        yield* admin("upsert", target, { _id: "a", body: { changes: { status: "free" } } })
        assert.deepStrictEqual(yield* changes.takeN(2), ["Snapshot ", "Snapshot a"])
      })))

    it.effect("8.C13: after a lost connection the documents are read again", () =>
      withClient()(Effect.gen(function*() {
        const { network } = yield* Backend
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        yield* put(target, "a", { status: "free" })
        yield* put(target, "b", { status: "free" })
        const live = yield* KuzzleLiveQuery.live({ ...target, filter: free })
        const changes = yield* observe(live)
        assert.strictEqual(yield* changes.take, "Snapshot a,b")
        yield* network.freeze
        yield* remove(target, "a")
        yield* change(target, "b", { status: "busy" })
        yield* put(target, "c", { status: "free" })
        yield* network.cut
        yield* network.thaw
        const seen: Array<string> = []
        while (seen.at(-1) !== "Snapshot c") seen.push(yield* changes.take)
        assert.include(seen[0], "Stale")
        assert.deepStrictEqual(idsOf(yield* live.documents), ["c"])
        yield* put(target, "d", { status: "free" })
        assert.strictEqual(yield* changes.take, "Entered d free")
      })))

    it.effect("a connection that is lost during the first read does not prevent the query", () =>
      withClient()(Effect.gen(function*() {
        const { network } = yield* Backend
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        yield* put(target, "a", { status: "free" })
        yield* KuzzleDocument.exists({ ...target, _id: "a" })
        for (const pause of [0, 1, 3, 8, 20]) {
          const following = yield* Effect.fork(
            Effect.scoped(
              Effect.flatMap(KuzzleLiveQuery.live({ ...target, filter: free }), ({ documents }) => documents)
            )
          )
          // The cut may come at any moment of the read.
          yield* Effect.sleep(pause)
          yield* network.cut
          assert.deepStrictEqual(idsOf(yield* Fiber.join(following)), ["a"])
        }
      })))

    it.effect("8.C10, 8.C12: live queries of the same documents share one subscription, which ends with the last", () =>
      withClient()(Effect.gen(function*() {
        const { admin: server } = yield* World
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        const rooms = Effect.map(
          server.query({ controller: "realtime", action: "list" }),
          // For each index and collection, the rooms and how many connections each has.
          ({ result }) => Object.values((result as Rooms)[target.index]?.[target.collection] ?? {})
        )
        yield* Effect.scoped(Effect.gen(function*() {
          const lives = yield* Effect.replicateEffect(KuzzleLiveQuery.live({ ...target, filter: free }), 3)
          yield* KuzzleLiveQuery.live(target)
          for (const live of lives) assert.strictEqual(yield* (yield* observe(live)).take, "Snapshot ")
          assert.deepStrictEqual(yield* rooms, [1])
        }))
        yield* until("the end of the subscription", Effect.map(rooms, ({ length }) => length === 0))
      })))

    it.effect("closing the scope ends the streams of present and later observers", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        const scope = yield* Scope.make()
        const live = yield* Scope.extend(KuzzleLiveQuery.live(target), scope)
        const seen = yield* Effect.fork(Stream.runCollect(live.changes))
        const first = yield* Effect.fork(Stream.runHead(live.changes))
        yield* Fiber.join(first)
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(Array.from(yield* Fiber.join(seen), ({ _tag }) => _tag), ["Snapshot"])
        assert.strictEqual(yield* Stream.runCount(live.changes), 0)
      })))

    it.effect("a filter on an unmapped field is refused, and the error says what to map", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* mapped({ dynamic: "false", properties: { seats: { type: "integer" } } })
        yield* put(target, "a", { status: "free", seats: 4 })
        const filter = KuzzleFilter.and(KuzzleFilter.range("seats", { gt: 2 }), free)
        const error = yield* failure(
          Effect.scoped(KuzzleLiveQuery.live({ ...target, filter })),
          KuzzleLiveQuery.UnsearchableFilterError
        )
        assert.deepStrictEqual(error.conditions, [{
          path: "and[1].equals.status",
          field: "status",
          issue: "it is not mapped, so a search does not see it",
          mapping: { type: "keyword" }
        }])
        assert.include(error.message, `${target.index}/${target.collection}`)
        assert.include(error.message, `map status as {"type":"keyword"}`)
        // The advice of the error works.
        const mappings = { properties: { status: { type: "keyword" } } }
        yield* KuzzleCollection.update({ ...target, mappings, reindexCollection: true })
        // The server reindexes in the background.
        const isReindexed = Effect.map(
          KuzzleDocument.count({ ...target, query: { term: { status: "free" } } }),
          (count) => count === 1
        )
        yield* until("the reindexed document", isReindexed)
        const live = yield* KuzzleLiveQuery.live({ ...target, filter })
        assert.deepStrictEqual(idsOf(yield* live.documents), ["a"])
        // A whole collection, ids, and `missing` need no mapping.
        yield* KuzzleLiveQuery.live({ ...target, filter: KuzzleFilter.missing("driver") })
        yield* KuzzleLiveQuery.live({ ...target, ids: ["a"] })
        yield* KuzzleLiveQuery.live(target)
      })))

    it.effect("a filter on a field that the first document maps is correct at the start, after the write and after a reconnection", () =>
      withClient()(Effect.gen(function*() {
        const { network } = yield* Backend
        const target = yield* mapped({ dynamic: "true" })
        const filter = KuzzleFilter.equals("status", "Free Now")
        const live = yield* KuzzleLiveQuery.live({ ...target, filter })
        const changes = yield* observe(live)
        yield* put(target, "a", { status: "Free Now" })
        yield* put(target, "b", { status: "Free, but not now" })
        assert.deepStrictEqual(yield* changes.takeN(2), ["Snapshot ", "Entered a Free Now"])
        // The field is mapped as text now, which a search compares word by word.
        assert.deepStrictEqual(idsOf(yield* (yield* KuzzleLiveQuery.live({ ...target, filter })).documents), ["a"])
        yield* network.cut
        const seen: Array<string> = []
        while (seen.at(-1)?.startsWith("Snapshot") !== true) seen.push(yield* changes.take)
        assert.strictEqual(seen.at(-1), "Snapshot a")
      })))

    it.effect("documents that cannot be read are a typed error", () =>
      withClient()(Effect.gen(function*() {
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        yield* failure(
          Effect.scoped(KuzzleLiveQuery.live({ ...target, collection: "nowhere", ids: ["a"] })),
          KuzzleActionError.CollectionNotFoundError
        )
      })))
  })
}

type Rooms = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>
