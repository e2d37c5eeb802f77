/** The outbox in IndexedDB: the contract of all stores, and the effects of browsers. */
import type { KuzzleError } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, ExecutionStrategy, Exit, Fiber, Scope, Stream } from "effect"
import { ada, entry, ids, limits, outboxStoreSuite, server, type StorePlace } from "../../../tests/suite/outboxStore.ts"
import { make } from "../src/BrowserKuzzleOutboxStore.ts"

let places = 0

const settled = <A>(request: IDBRequest<A>) =>
  Effect.async<A>((resume) => {
    request.onsuccess = () => resume(Effect.succeed(request.result))
    request.onerror = () => resume(Effect.die(request.error))
  })

const database = Effect.acquireRelease(
  Effect.sync(() => `outbox-test-${++places}-${Date.now()}`),
  (name) => Effect.sync(() => void indexedDB.deleteDatabase(name))
)

/** A client with its own window, so that the test can hide it. */
class FakeWindow extends EventTarget {
  constructor(readonly navigator: { readonly locks?: LockManager } = globalThis.navigator) {
    super()
  }

  hide(): void {
    this.dispatchEvent(new Event("pagehide"))
  }

  show(): void {
    this.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))
  }
}

const open = (name: string, window = new FakeWindow()) => make(name, window).open(limits)

const place = Effect.gen(function*() {
  const name = yield* database
  const outer = yield* Effect.scope
  const result: StorePlace = {
    client: (of = {}) =>
      Effect.gen(function*() {
        const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
        const window = new FakeWindow()
        const claim = yield* Scope.extend(make(name, window).open({ ...limits, ...of }), scope)
        return { claim, close: Scope.close(scope, Exit.void), kill: Effect.sync(() => window.hide()) }
      }),
    tear: ({ seq }) =>
      Effect.gen(function*() {
        const connection = yield* settled(indexedDB.open(name))
        const store = connection.transaction("requests", "readwrite").objectStore("requests")
        const row = yield* settled(store.get(seq))
        yield* settled(store.put({ ...row, entry: "torn" }))
        connection.close()
      })
  }
  return result
})

/** Replaces the method that begins transactions, while the scope is open. */
const transactions = (
  begin: (original: () => IDBTransaction, mode: IDBTransactionMode | undefined) => IDBTransaction
) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { transaction } = IDBDatabase.prototype
      IDBDatabase.prototype.transaction = function(stores, mode, options) {
        return begin(() => transaction.call(this, stores, mode, options), mode)
      }
      return transaction
    }),
    (transaction) => Effect.sync(() => (IDBDatabase.prototype.transaction = transaction))
  )

const lost = () => new DOMException("Connection to Indexed Database server lost", "UnknownError")

/** A transaction that is committed, but reports to the page that it was aborted. */
const misreported = (transaction: IDBTransaction): IDBTransaction => {
  transaction.addEventListener("complete", (event) => transaction.onabort?.(event))
  Object.defineProperty(transaction, "oncomplete", { set: () => {} })
  return transaction
}

describe("BrowserKuzzleOutboxStore", () => {
  it.scopedLive("a page that is hidden loses its requests at once, and adopts them again if no other page has", () =>
    Effect.gen(function*() {
      const name = yield* database
      const window = new FakeWindow()
      const claim = yield* open(name, window)
      const stored = yield* claim.add([entry("a"), entry("b", { idempotent: true })])
      const seqs = stored.map(({ seq }) => seq)
      yield* claim.mark(seqs)
      window.hide()
      assert.isFalse(yield* claim.settle(seqs[0] ?? ""))
      const changed = yield* Effect.fork(Stream.runHead(claim.changes))
      window.show()
      yield* Effect.timeout(Fiber.join(changed), "5 seconds")
      const { entries, reports } = yield* claim.adopt(server, ada)
      assert.deepStrictEqual(ids(entries), ["b"])
      assert.deepStrictEqual(reports.map(({ outcome }) => outcome), ["MaybeSent"])
      // The first client is alive again.
      const other = yield* open(name)
      assert.deepStrictEqual(yield* other.adopt(server, ada), { entries: [], reports: [] })
    }))

  it.scopedLive("O9: the lock is held only while this page has a request", () =>
    Effect.gen(function*() {
      const name = yield* database
      const claim = yield* open(name)
      const locks = Effect.promise(async () =>
        ((await navigator.locks?.query())?.held ?? []).filter((lock) => lock.name?.startsWith(name)).length
      )
      // Firefox lists a lock for a short time after its release.
      const freed = locks.pipe(Effect.repeat({ until: (held) => held === 0 }), Effect.timeout("5 seconds"))
      const stored = yield* claim.add([entry("a"), entry("b")])
      assert.strictEqual(yield* locks, 1)
      yield* claim.settle(stored[0]?.seq ?? "")
      assert.strictEqual(yield* locks, 1)
      yield* claim.release([stored[1]?.seq ?? ""])
      yield* freed
      yield* claim.adopt(server, ada)
      assert.strictEqual(yield* locks, 1)
      yield* claim.purge(server, ada)
      yield* Effect.flip(claim.add(Array.from({ length: 501 }, () => entry("d"))))
      yield* freed
    }))

  it.scopedLive("without Web Locks, a client counts as dead 30 s after its newest request", () =>
    Effect.gen(function*() {
      const name = yield* database
      const first = yield* open(name, new FakeWindow({}))
      const second = yield* open(name, new FakeWindow({}))
      const [, b] = yield* first.add([entry("a"), entry("b")])
      assert.deepStrictEqual(yield* second.adopt(server, ada), { entries: [], reports: [] })
      const { now } = Date
      yield* Effect.acquireRelease(
        Effect.sync(() => (Date.now = () => now() + 31_000)),
        () => Effect.sync(() => (Date.now = now))
      )
      assert.deepStrictEqual(ids((yield* second.adopt(server, ada)).entries), ["a", "b"])
      assert.deepStrictEqual(yield* first.mark([b?.seq ?? ""]), new Set())
    }))

  it.scopedLive("a lost connection to the database is opened again, once", () =>
    Effect.gen(function*() {
      const claim = yield* open(yield* database)
      let losses = 1
      yield* transactions((begin) => {
        if (losses-- > 0) throw lost()
        return begin()
      })
      const [a] = yield* claim.add([entry("a")])
      losses = 1
      assert.deepStrictEqual(yield* claim.reports(server), [])
      losses = 2
      const error = yield* Effect.flip(claim.mark([a?.seq ?? ""]))
      assert.deepInclude(error, { operation: "mark", reason: "Failed" })
      assert.include(error.message, "Connection to Indexed Database server lost")
      losses = 0
      assert.strictEqual((yield* claim.mark([a?.seq ?? ""])).size, 1)
    }))

  it.scopedLive("a commit whose answer is lost is not repeated", () =>
    Effect.gen(function*() {
      const claim = yield* open(yield* database)
      let losses = 1
      yield* transactions((begin, mode) => mode === "readwrite" && losses-- > 0 ? misreported(begin()) : begin())
      const [a] = yield* claim.add([entry("a")])
      losses = 1
      assert.deepStrictEqual(yield* claim.mark([a?.seq ?? ""]), new Set([a?.seq ?? ""]))
      yield* claim.requeue([a?.seq ?? ""], false)
      yield* claim.release([a?.seq ?? ""])
      losses = 1
      assert.deepStrictEqual(ids((yield* claim.adopt(server, ada)).entries), ["a"])
      assert.strictEqual(yield* claim.purge(server, ada), 1)
    }))

  it.scopedLive("O2: a committed change counts as made by this client, even if the answer to it is lost", () =>
    Effect.gen(function*() {
      const name = yield* database
      const claim = yield* open(name)
      const stored = yield* claim.add(["expired", "answered", "withdrawn", "settled"].map((id) => entry(id)))
      const [expired = "", answered = "", withdrawn = "", settled = ""] = stored.map(({ seq }) => seq)
      yield* claim.mark([answered])
      assert.isTrue(yield* claim.settle(settled))
      let losses = 0
      yield* transactions((begin, mode) => mode === "readwrite" && losses-- > 0 ? misreported(begin()) : begin())
      losses = 1
      assert.isTrue(yield* claim.settle(expired, { outcome: "Expired" }))
      losses = 1
      assert.isTrue(yield* claim.settle(answered))
      losses = 1
      assert.isTrue(yield* claim.withdraw(withdrawn))
      losses = 1
      assert.isFalse(yield* claim.settle(settled))
      assert.deepStrictEqual((yield* claim.reports(server)).map(({ outcome, seq }) => [seq, outcome]), [
        [expired, "Expired"]
      ])
    }))

  it.scopedLive("O2: an adoption over another connection does not adopt the requests that this client is sending", () =>
    Effect.gen(function*() {
      const name = yield* database
      const hiddenPage = new FakeWindow()
      yield* Effect.flatMap(open(name, hiddenPage), (claim) => claim.add([entry("abandoned")]))
      hiddenPage.hide()
      const claim = yield* open(name)
      const [sending] = yield* claim.add([entry("sending")])
      yield* claim.mark([sending?.seq ?? ""])
      let losses = 1
      yield* transactions((begin, mode) => {
        if (mode === "readwrite" && losses-- > 0) throw lost()
        return begin()
      })
      const { entries, reports } = yield* claim.adopt(server, ada)
      assert.deepStrictEqual([ids(entries), reports], [["abandoned"], []])
      assert.isTrue(yield* claim.settle(sending?.seq ?? ""))
    }))

  it.scopedLive("O2: a client that stores a request while another one checks whether it is alive keeps the request", () =>
    Effect.gen(function*() {
      const name = yield* database
      const one = yield* open(name)
      const [first] = yield* one.add([entry("first")])
      let meanwhile: Effect.Effect<unknown, KuzzleError.OutboxError> = Effect.void
      const locks = {
        query: () => navigator.locks.query(),
        request: async (...args: [string, LockOptions, LockGrantedCallback<unknown>]) => {
          if (args[1].ifAvailable !== true) return Reflect.apply(navigator.locks.request, navigator.locks, args)
          // Between the reads of the requests and of the lock.
          await Effect.runPromise(meanwhile)
          const result = await navigator.locks.request(...args)
          await Effect.runPromise(one.add([entry("second")]))
          return result
        }
      }
      // A lock manager with one more overload than is used here.
      const other = yield* open(name, new FakeWindow({ locks: locks as unknown as LockManager }))
      meanwhile = one.settle(first?.seq ?? "")
      assert.deepStrictEqual(yield* other.adopt(server, ada), { entries: [], reports: [] })
    }))

  it.scopedLive("when a later release upgrades the database, older pages get typed errors, and no page is blocked", () =>
    Effect.gen(function*() {
      const name = yield* database
      const claim = yield* open(name)
      const later = yield* Effect.timeout(settled(indexedDB.open(name, 2)), "5 seconds")
      for (const error of yield* Effect.all([Effect.flip(claim.add([entry("a")])), Effect.flip(open(name))])) {
        assert.strictEqual(error.reason, "Unavailable")
        assert.include(error.message, "a later release has written it: reload the page")
      }
      later.close()
    }))

  it.scopedLive("a page without access to IndexedDB gets a typed error", () =>
    Effect.gen(function*() {
      const name = yield* database
      const { open: original } = IDBFactory.prototype
      IDBFactory.prototype.open = () => {
        throw new DOMException("access is denied", "SecurityError")
      }
      const error = yield* Effect.flip(open(name)).pipe(
        Effect.ensuring(Effect.sync(() => (IDBFactory.prototype.open = original)))
      )
      assert.deepInclude(error, { operation: "open", reason: "Unavailable" })
      assert.include(error.message, "the browser denies it: allow this page to store data")
    }))

  it.scopedLive("damaged records of every kind are reported, and the others are sent", () =>
    Effect.gen(function*() {
      const name = yield* database
      yield* Effect.scoped(
        Effect.flatMap(open(name), (claim) => claim.add(["a", "b", "c", "d"].map((id) => entry(id))))
      )
      const connection = yield* settled(indexedDB.open(name))
      const store = connection.transaction("requests", "readwrite").objectStore("requests")
      const [a, b, c] = yield* settled(store.getAll())
      const { entry: _, ...without } = a
      for (const row of [without, { ...b, entry: { ...b.entry, payload: 1 } }, { ...c, entry: null, sending: true }]) {
        store.put(row)
      }
      yield* settled(store.count())
      connection.close()
      const claim = yield* open(name)
      const { entries, reports } = yield* claim.adopt(server, ada)
      assert.deepStrictEqual(ids(entries), ["d"])
      assert.deepStrictEqual(reports.map(({ entry, outcome }) => [entry, outcome]), [
        [undefined, "Unreadable"],
        [undefined, "Unreadable"],
        [undefined, "Unreadable"]
      ])
    }))
})

outboxStoreSuite("BrowserKuzzleOutboxStore: the contract", place, { lingers: true, renamed: true })
