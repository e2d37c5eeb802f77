/** The outbox stores in memory and on a `KeyValueStore`: the contract of all outbox stores, and further tests of the second one. */
import { KuzzleOutboxStore } from "@effect-kuzzle/core"
import { Error as PlatformError, KeyValueStore } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Scope } from "effect"
import { ada, entry, ids, limits, outboxStoreSuite, server } from "../../../tests/suite/outboxStore.ts"
import * as KeyValue from "../src/internal/services/outboxKeyValue.ts"
import * as Memory from "../src/internal/services/outboxMemory.ts"
import { OutboxTable } from "../src/internal/services/outboxTable.ts"

outboxStoreSuite(
  "outbox store in memory",
  Effect.sync(() => {
    const table = new OutboxTable(KuzzleOutboxStore.maxReports)
    const store = Memory.make(table)
    let clients = 0
    return {
      client: (differing) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const claim = yield* Scope.extend(store.open({ ...limits, ...differing }), scope)
          const name = `client ${++clients}`
          return { claim, close: Scope.close(scope, Exit.void), kill: Effect.sync(() => table.vanish(name)) }
        })
    }
  }),
  { lingers: true }
)

/** A `KeyValueStore` in memory that can be full, so that no value can grow. */
const values = () => {
  const stored = new Map<string, string>()
  const state = { full: false, failing: (_: string): boolean => false }
  const refuse = (method: string, description: string) =>
    new PlatformError.SystemError({ reason: "Unknown", module: "KeyValueStore", method, description })
  const store = KeyValueStore.make({
    get: (key) => Effect.sync(() => Option.fromNullable(stored.get(key))),
    getUint8Array: () => Effect.succeedNone,
    set: (key, value) =>
      Effect.suspend(() => {
        if (state.full && String(value).length > (stored.get(key)?.length ?? 0)) return refuse("set", "quota exceeded")
        if (state.failing(key)) return refuse("set", "planted")
        return Effect.sync(() => stored.set(key, String(value)))
      }),
    remove: (key) => Effect.sync(() => stored.delete(key)),
    clear: Effect.sync(() => stored.clear()),
    size: Effect.sync(() => stored.size)
  })
  return { stored, state, store }
}

let keys = 0

outboxStoreSuite(
  "outbox store on a KeyValueStore",
  Effect.sync(() => {
    const key = `contract-${++keys}`
    const { state, store, stored } = values()
    return {
      client: (differing) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const claim = yield* Scope.extend(KeyValue.make(store, key).open({ ...limits, ...differing }), scope)
          return {
            claim,
            close: Scope.close(scope, Exit.void),
            kill: Effect.sync(() => KeyValue.inUse.delete(key))
          }
        }),
      fill: Effect.sync(() => {
        state.full = true
        return Effect.sync(() => (state.full = false))
      }),
      tear: ({ seq }) => Effect.sync(() => stored.set(`${key}/${seq}`, stored.get(`${key}/${seq}`)!.slice(0, 30)))
    }
  }),
  { lingers: false, shared: false }
)

describe("outbox store on a KeyValueStore", () => {
  const opened = (store: KeyValueStore.KeyValueStore, key: string) => KeyValue.make(store, key).open(limits)
  const refused = (store: KeyValueStore.KeyValueStore, key: string) => Effect.scoped(Effect.flip(opened(store, key)))
  const adopted = (store: KeyValueStore.KeyValueStore, key: string) =>
    Effect.scoped(Effect.flatMap(opened(store, key), (claim) => claim.adopt(server, ada)))

  it.scoped("a second client of the process is refused until the first is closed, unless it uses another key", () =>
    Effect.gen(function*() {
      const { store } = values()
      const scope = yield* Scope.make()
      yield* Scope.extend(opened(store, "one"), scope)
      const error = yield* refused(store, "one")
      assert.deepInclude(error, { operation: "open", reason: "InUse" })
      assert.include(error.message, "another client of this process uses the key one")
      yield* opened(store, "two")
      yield* Scope.close(scope, Exit.void)
      yield* opened(store, "one")
    }))

  it.scoped("O2: if the newer or the older bounds are incomplete, no request is lost", () =>
    Effect.gen(function*() {
      for (const torn of ["a", "b"]) {
        const { store, stored } = values()
        const names = Array.from({ length: 150 }, (_, n) => `n${n}`)
        yield* Effect.scoped(Effect.gen(function*() {
          const claim = yield* opened(store, torn)
          const added = yield* Effect.forEach(names, (name) => claim.add([entry(name)]))
          // Only the requests behind the older bounds remain.
          yield* Effect.forEach(added.flat().slice(0, 140), ({ seq }) => claim.settle(seq))
        }))
        assert.isTrue(stored.has(`${torn}/a`) && stored.has(`${torn}/b`))
        stored.set(`${torn}/${torn}`, "{\"version\":1,\"tu")
        assert.deepStrictEqual(ids((yield* adopted(store, torn)).entries), names.slice(140))
      }
    }))

  it.scoped("bounds of a later release, or of another application, are not changed", () =>
    Effect.gen(function*() {
      const { store, stored } = values()
      stored.set("k/a", JSON.stringify({ version: 2, turn: 1, first: 0, bound: 1 }))
      const later = yield* refused(store, "k")
      assert.deepInclude(later, { operation: "open", reason: "Unavailable" })
      assert.include(later.message, "a later release has written k")
      stored.set("k/a", "theirs").set("k/b", "theirs, too")
      assert.include((yield* refused(store, "k")).message, "another application's")
      assert.deepStrictEqual(Array.from(stored.values()), ["theirs", "theirs, too"])
    }))

  it.scoped("O1: a mark needs no room, and a mark that fails half-way is undone", () =>
    Effect.gen(function*() {
      const { state, store, stored } = values()
      const claim = yield* opened(store, "m")
      const [a, b] = yield* claim.add([entry("a"), entry("b")])
      const seqs = [a!.seq, b!.seq]
      state.failing = (key) => key.endsWith(b!.seq)
      assert.deepInclude(yield* Effect.flip(claim.mark(seqs)), { operation: "mark", reason: "Failed" })
      assert.strictEqual(stored.get(`m/${a!.seq}`)?.[0], "q")
      state.failing = () => false
      state.full = true
      assert.deepStrictEqual(yield* claim.mark(seqs), new Set(seqs))
    }))

  it.scoped("O2: an adoption that fails half-way is complete the next time", () =>
    Effect.gen(function*() {
      const { state, store } = values()
      const crashed = yield* Scope.extend(opened(store, "h"), yield* Scope.make())
      const [, b, c] = yield* crashed.add([entry("a"), entry("b"), entry("c", { idempotent: true })])
      yield* crashed.mark([b!.seq, c!.seq])
      KeyValue.inUse.delete("h")
      const claim = yield* opened(store, "h")
      state.failing = (key) => key.endsWith(c!.seq)
      assert.strictEqual((yield* Effect.flip(claim.adopt(server, ada))).operation, "adopt")
      state.failing = () => false
      const { entries, reports } = yield* claim.adopt(server, ada)
      assert.deepStrictEqual(ids(entries), ["a", "c"])
      assert.deepStrictEqual(reports.map(({ entry, outcome }) => [entry?.id, outcome]), [["b", "MaybeSent"]])
    }))

  it.scoped("an add that fails half-way stores nothing", () =>
    Effect.gen(function*() {
      const { state, store } = values()
      yield* Effect.scoped(Effect.gen(function*() {
        const claim = yield* opened(store, "h")
        yield* claim.add([entry("a")])
        state.failing = (key) => key.endsWith("2")
        assert.deepInclude(yield* Effect.flip(claim.add([entry("b"), entry("c")])), { reason: "Failed" })
        state.failing = () => false
        yield* claim.add([entry("d")])
      }))
      assert.deepStrictEqual(ids((yield* adopted(store, "h")).entries), ["a", "d"])
    }))
})
