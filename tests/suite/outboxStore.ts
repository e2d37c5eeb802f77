/**
 * The contract of `KuzzleOutboxStore`, for every store: in memory, IndexedDB, a folder. Time is real. This module imports
 * nothing of Node.
 */
import type { KuzzleError, KuzzleOutboxStore } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, type Scope, Stream } from "effect"
import { soon, turns, until } from "./until.ts"

/** One client on the store. */
export interface StoreClient {
  readonly claim: KuzzleOutboxStore.Claim
  /** Closes the scope of the claim. */
  readonly close: Effect.Effect<void>
  /** Ends the client without its finalizers, as a crash does. */
  readonly kill: Effect.Effect<void>
}

/** A store that is empty at the start of the test, and is removed with the scope. */
export interface StorePlace {
  /** Another client of this store. It ends with the scope at the latest. */
  readonly client: (limits?: Partial<KuzzleOutboxStore.Limits>) => Effect.Effect<StoreClient, KuzzleError.OutboxError>
  /** Makes every write fail for lack of room. Deleting works. The returned effect ends this. */
  readonly fill?: Effect.Effect<Effect.Effect<void>>
  /** Damages the stored record of this request. */
  readonly tear?: (entry: KuzzleOutboxStore.Entry) => Effect.Effect<void>
}

export interface StoreOptions {
  /** Whether the claim of a killed client still works, like that of a frozen page that others considered dead. */
  readonly lingers: boolean
  /** Whether several clients can use the store at once. Default: `true`. */
  readonly shared?: boolean
  /** Whether a killed client whose claim still works counts as another client, like a page that was hidden. */
  readonly renamed?: boolean
}

export const limits: KuzzleOutboxStore.Limits = { maxEntries: 500, maxBytes: 1_000_000 }

export const server = "wss://kuzzle.test"
export const ada: KuzzleOutboxStore.Sender = { _tag: "User", kuid: "ada" }
const bob: KuzzleOutboxStore.Sender = { _tag: "User", kuid: "bob" }
const anonymous: KuzzleOutboxStore.Sender = { _tag: "Anonymous" }

export const entry = (id: string, differing: Partial<KuzzleOutboxStore.NewEntry> = {}): KuzzleOutboxStore.NewEntry => ({
  id,
  server,
  sender: ada,
  idempotent: false,
  queuedAt: 1_700_000_000_000,
  sendBy: 1_700_000_600_000,
  payload: `{"id":"${id}"}`,
  ...differing
})
export const ids = (entries: ReadonlyArray<{ readonly id: string }>) => entries.map(({ id }) => id)
const seqs = (entries: ReadonlyArray<KuzzleOutboxStore.Entry>) => entries.map(({ seq }) => seq)
const outcomes = (reports: ReadonlyArray<KuzzleOutboxStore.StoredReport>) =>
  reports.map(({ entry, outcome }) => [entry?.id, outcome])
const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`)

/** Adopts until something is adopted: a store may notice the end of a client a little late. */
const adoptSoon = (claim: KuzzleOutboxStore.Claim, sender: KuzzleOutboxStore.Sender = ada) =>
  Effect.gen(function*() {
    let adopted: KuzzleOutboxStore.Adopted = { entries: [], reports: [] }
    yield* until(
      "something to adopt",
      Effect.map(claim.adopt(server, sender), (result) => {
        adopted = result
        return result.entries.length + result.reports.length > 0
      })
    )
    return adopted
  })

/** Listens to changes. The returned effect completes with the first of them. */
const nextChange = (claim: KuzzleOutboxStore.Claim) =>
  Effect.gen(function*() {
    const changed = yield* Deferred.make<void>()
    yield* Effect.forkScoped(Stream.runForEach(claim.changes, () => Deferred.succeed(changed, undefined)))
    yield* turns
    return soon("a change", Deferred.await(changed))
  })

export const outboxStoreSuite = <E>(
  name: string,
  place: Effect.Effect<StorePlace, E, Scope.Scope>,
  { lingers, renamed = false, shared = true }: StoreOptions
): void => {
  const test = (
    title: string,
    body: (place: StorePlace) => Effect.Effect<unknown, unknown, Scope.Scope>
  ) => it.scopedLive(title, () => Effect.flatMap(place, body), 30_000)
  const together = shared ? test : () => {}

  describe(name, () => {
    test("the next client adopts the stored requests unchanged, oldest first", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client()
        const text = "{\"text\":\"a\\u2028b \u{1f600} \\ud800\"}"
        const stored = [
          ...yield* first.claim.add([entry("a", { payload: text }), entry("b", { idempotent: true })]),
          ...yield* first.claim.add([entry("c")])
        ]
        assert.deepStrictEqual(ids(stored), ["a", "b", "c"])
        assert.deepStrictEqual(seqs(stored), seqs(stored).toSorted())
        assert.strictEqual(new Set(seqs(stored)).size, 3)
        yield* first.close
        const second = yield* place.client()
        const { entries, reports } = yield* adoptSoon(second.claim)
        assert.deepStrictEqual(entries, stored)
        assert.deepStrictEqual(reports, [])
        // A client does not adopt its own requests.
        assert.deepStrictEqual(yield* second.claim.adopt(server, ada), { entries: [], reports: [] })
      }))

    test("O7: after a crash, queued and idempotent requests are adopted; others that were being sent are reported", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client()
        const stored = yield* first.claim.add([
          entry("queued"),
          entry("sending"),
          entry("harmless", { idempotent: true }),
          entry("requeued")
        ])
        const [, sending, harmless, requeued] = seqs(stored)
        const marked = yield* first.claim.mark([sending!, harmless!, requeued!])
        assert.deepStrictEqual(marked, new Set([sending!, harmless!, requeued!]))
        yield* first.claim.requeue([requeued!], true)
        yield* first.kill
        const second = yield* place.client()
        const { entries, reports } = yield* adoptSoon(second.claim)
        assert.deepStrictEqual(entries.map(({ attempts, id }) => [id, attempts]), [
          ["queued", 0],
          ["harmless", 1],
          ["requeued", 1]
        ])
        assert.deepStrictEqual(outcomes(reports), [["sending", "MaybeSent"]])
        assert.deepStrictEqual(outcomes(yield* second.claim.reports(server)), [["sending", "MaybeSent"]])
        // They belong to this client, as queued requests.
        assert.strictEqual((yield* second.claim.mark(seqs(entries))).size, 3)
      }))

    test("O7: closing releases queued and idempotent requests; others that were being sent are reported", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client()
        const stored = yield* first.claim.add([
          entry("queued"),
          entry("sending"),
          entry("harmless", { idempotent: true })
        ])
        yield* first.claim.mark(seqs(stored).slice(1))
        yield* first.close
        const second = yield* place.client()
        assert.deepStrictEqual(ids((yield* adoptSoon(second.claim)).entries), ["queued", "harmless"])
        assert.deepStrictEqual(outcomes(yield* second.claim.reports(server)), [["sending", "MaybeSent"]])
      }))

    test("only a queued request can be marked, and only once", (place) =>
      Effect.gen(function*() {
        const { claim } = yield* place.client()
        const [a, b] = seqs(yield* claim.add([entry("a"), entry("b")]))
        assert.deepStrictEqual(yield* claim.mark([a!]), new Set([a!]))
        assert.deepStrictEqual(yield* claim.mark([a!, b!, "no such seq"]), new Set([b!]))
        yield* claim.requeue([a!], false)
        assert.deepStrictEqual(yield* claim.mark([a!]), new Set([a!]))
        assert.isTrue(yield* claim.settle(b!))
        assert.deepStrictEqual(yield* claim.mark([b!]), new Set())
      }))

    test("a request is settled once; its report stays until it is forgotten, also for later clients", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client()
        const [a, b, c] = yield* first.claim.add([entry("a"), entry("b"), entry("c")])
        yield* first.claim.mark([a!.seq, b!.seq])
        assert.isTrue(yield* first.claim.settle(a!.seq))
        assert.isFalse(yield* first.claim.settle(a!.seq))
        assert.isTrue(yield* first.claim.settle(b!.seq, { outcome: "Rejected", detail: "not allowed" }))
        assert.isFalse(yield* first.claim.settle(b!.seq, { outcome: "MaybeSent" }))
        // A queued request can end, too: it expires, or is withdrawn.
        assert.isTrue(yield* first.claim.settle(c!.seq, { outcome: "Expired" }))
        yield* first.close
        const second = yield* place.client()
        assert.deepStrictEqual(yield* second.claim.adopt(server, ada), { entries: [], reports: [] })
        const [rejected, expired] = yield* second.claim.reports(server)
        assert.deepStrictEqual(rejected, { seq: b!.seq, outcome: "Rejected", entry: b!, detail: "not allowed" })
        assert.deepStrictEqual(expired, { seq: c!.seq, outcome: "Expired", entry: c!, detail: undefined })
        yield* second.claim.forget([b!.seq])
        assert.deepStrictEqual(outcomes(yield* second.claim.reports(server)), [["c", "Expired"]])
        yield* second.claim.forget([b!.seq, c!.seq])
        assert.deepStrictEqual(yield* second.claim.reports(server), [])
      }))

    test("only a request that was never sent can be withdrawn, and only by its owner", (place) =>
      Effect.gen(function*() {
        const { claim } = yield* place.client()
        const [queued, sent, lost, released] = seqs(
          yield* claim.add([entry("queued"), entry("sent"), entry("lost", { idempotent: true }), entry("released")])
        )
        yield* claim.mark([sent!, lost!])
        yield* claim.requeue([lost!], true)
        yield* claim.release([released!])
        assert.isTrue(yield* claim.withdraw(queued!))
        assert.isFalse(yield* claim.withdraw(queued!))
        for (const seq of [sent!, lost!, released!, "no such seq"]) assert.isFalse(yield* claim.withdraw(seq))
        assert.isTrue(yield* claim.settle(sent!))
        assert.deepStrictEqual(yield* claim.mark([lost!]), new Set([lost!]))
        assert.deepStrictEqual(ids((yield* adoptSoon(claim)).entries), ["released"])
      }))

    test("the oldest reports are dropped beyond 100", (place) =>
      Effect.gen(function*() {
        const { claim } = yield* place.client()
        const stored = yield* claim.add(numbered("r", 103).map((id) => entry(id)))
        yield* Effect.forEach(stored, ({ seq }) => claim.settle(seq, { outcome: "Expired" }))
        assert.deepStrictEqual(
          (yield* claim.reports(server)).map(({ entry }) => entry?.id),
          numbered("r", 103).slice(3)
        )
      }))

    test("only requests of this server and sender are adopted and reported", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client()
        const stored = yield* first.claim.add([
          entry("ada"),
          entry("bob", { sender: bob }),
          entry("without a user", { sender: anonymous }),
          entry("a user of this name", { sender: { _tag: "User", kuid: "Anonymous" } }),
          entry("elsewhere", { server: "wss://staging.test" }),
          entry("bob sending", { sender: bob }),
          entry("reported elsewhere", { server: "wss://staging.test" })
        ])
        yield* first.claim.mark([stored[5]!.seq])
        yield* first.claim.settle(stored[6]!.seq, { outcome: "Expired" })
        yield* first.kill
        const second = yield* place.client()
        assert.deepStrictEqual(ids((yield* adoptSoon(second.claim, anonymous)).entries), ["without a user"])
        assert.deepStrictEqual(ids((yield* second.claim.adopt(server, ada)).entries), ["ada"])
        // No client has adopted the requests of bob yet, so his request has no report.
        assert.deepStrictEqual(outcomes(yield* second.claim.reports(server)), [])
        assert.deepStrictEqual(outcomes(yield* second.claim.reports("wss://staging.test")), [
          ["reported elsewhere", "Expired"]
        ])
        const bobs = yield* second.claim.adopt(server, bob)
        assert.deepStrictEqual(ids(bobs.entries), ["bob"])
        assert.deepStrictEqual(outcomes(bobs.reports), [["bob sending", "MaybeSent"]])
      }))

    test("released requests can be adopted; requests that are being sent are not released", (place) =>
      Effect.gen(function*() {
        const { claim } = yield* place.client()
        const stored = yield* claim.add([entry("a"), entry("b")])
        yield* claim.mark([stored[1]!.seq])
        yield* claim.release(seqs(stored))
        assert.deepStrictEqual(yield* claim.mark([stored[0]!.seq]), new Set())
        assert.isFalse(yield* claim.settle(stored[0]!.seq))
        assert.deepStrictEqual(ids((yield* adoptSoon(claim)).entries), ["a"])
        assert.isTrue(yield* claim.settle(stored[0]!.seq))
        assert.isTrue(yield* claim.settle(stored[1]!.seq))
      }))

    test("purge deletes the queued requests and the reports of one sender", (place) =>
      Effect.gen(function*() {
        const { claim } = yield* place.client()
        const stored = yield* claim.add([
          entry("a"),
          entry("sending"),
          entry("reported"),
          entry("bob", { sender: bob }),
          entry("elsewhere", { server: "wss://staging.test" })
        ])
        yield* claim.mark([stored[1]!.seq])
        yield* claim.settle(stored[2]!.seq, { outcome: "Expired" })
        assert.strictEqual(yield* claim.purge(server, ada), 1)
        assert.deepStrictEqual(yield* claim.reports(server), [])
        assert.deepStrictEqual(
          yield* claim.mark(seqs(stored)),
          new Set([stored[3]!.seq, stored[4]!.seq])
        )
        assert.isTrue(yield* claim.settle(stored[1]!.seq))
      }))

    test("beyond a limit nothing is stored; freed room can be used", (place) =>
      Effect.gen(function*() {
        const { claim } = yield* place.client({ maxEntries: 3 })
        const stored = yield* claim.add([entry("a"), entry("b")])
        const refused = yield* Effect.flip(claim.add([entry("c"), entry("d")]))
        assert.deepInclude(refused, {
          _tag: "KuzzleOutboxError",
          operation: "add",
          reason: "Full",
          issue:
            "it would keep more than 3 requests or 1000000 bytes: wait until some are sent, or raise maxEntries or " +
            "maxBytes"
        })
        yield* claim.add([entry("c")])
        assert.strictEqual((yield* Effect.flip(claim.add([entry("d")]))).reason, "Full")
        yield* claim.settle(stored[0]!.seq)
        yield* claim.add([entry("d")])
      }))

    test("the total size of the payloads is limited", (place) =>
      Effect.gen(function*() {
        const { claim } = yield* place.client({ maxBytes: 250 })
        const payload = "x".repeat(100)
        const stored = yield* claim.add([entry("a", { payload }), entry("b", { payload })])
        assert.strictEqual((yield* Effect.flip(claim.add([entry("c", { payload })]))).reason, "Full")
        yield* claim.settle(stored[0]!.seq)
        yield* claim.add([entry("c", { payload })])
      }))

    test("concurrent requests are all stored, each once and in order", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client()
        const stored = yield* Effect.forEach(numbered("n", 200), (id) => first.claim.add([entry(id)]), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(ids(stored.flat()), numbered("n", 200))
        assert.deepStrictEqual(seqs(stored.flat()), seqs(stored.flat()).toSorted())
        yield* first.close
        const second = yield* place.client()
        assert.deepStrictEqual(ids((yield* adoptSoon(second.claim)).entries), numbered("n", 200))
      }))

    together(
      "requests of a running client are not adopted, and another client cannot change them",
      (place) =>
        Effect.gen(function*() {
          const first = yield* place.client()
          const second = yield* place.client()
          const stored = yield* first.claim.add([entry("a"), entry("b")])
          assert.deepStrictEqual(yield* second.claim.adopt(server, ada), { entries: [], reports: [] })
          assert.deepStrictEqual(yield* second.claim.mark(seqs(stored)), new Set())
          assert.isFalse(yield* second.claim.settle(stored[0]!.seq, { outcome: "Expired" }))
          yield* second.claim.release(seqs(stored))
          yield* first.claim.mark([stored[1]!.seq])
          yield* second.claim.requeue([stored[1]!.seq], true)
          assert.deepStrictEqual(yield* first.claim.mark(seqs(stored)), new Set([stored[0]!.seq]))
          assert.deepStrictEqual(yield* second.claim.reports(server), [])
        })
    )

    together("the limits count the requests of all clients", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client({ maxEntries: 2 })
        const second = yield* place.client({ maxEntries: 2 })
        yield* first.claim.add([entry("a")])
        yield* second.claim.add([entry("b")])
        assert.strictEqual((yield* Effect.flip(first.claim.add([entry("c")]))).reason, "Full")
      }))

    together(
      "of clients that adopt at the same time, exactly one gets each request",
      (place) =>
        Effect.gen(function*() {
          const crashed = yield* place.client()
          yield* crashed.claim.add(numbered("n", 50).map((id) => entry(id)))
          const others = yield* Effect.forEach([1, 2, 3], () => place.client())
          yield* crashed.kill
          const adoptions: ReadonlyArray<Array<KuzzleOutboxStore.Entry>> = others.map(() => [])
          yield* until(
            "all are adopted",
            Effect.map(
              Effect.forEach(others, ({ claim }) => claim.adopt(server, ada), { concurrency: "unbounded" }),
              (adopted) => {
                adopted.forEach(({ entries }, n) => adoptions[n]?.push(...entries))
                return adoptions.flat().length >= 50
              }
            )
          )
          assert.deepStrictEqual(ids(adoptions.flat()).toSorted(), numbered("n", 50).toSorted())
          const marked = yield* Effect.forEach(others, ({ claim }) => claim.mark(seqs(adoptions.flat())))
          assert.deepStrictEqual(marked.map(({ size }) => size), adoptions.map(({ length }) => length))
        })
    )

    together("requests that several clients store at the same time are all kept", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client()
        const second = yield* place.client()
        const [a, b] = yield* Effect.all([
          Effect.forEach(numbered("a", 50), (id) => first.claim.add([entry(id)]), { concurrency: "unbounded" }),
          Effect.forEach(numbered("b", 50), (id) => second.claim.add([entry(id)]), { concurrency: "unbounded" })
        ], { concurrency: "unbounded" })
        assert.strictEqual(new Set(seqs([...a.flat(), ...b.flat()])).size, 100)
        yield* first.close
        yield* second.close
        const third = yield* place.client()
        const { entries } = yield* adoptSoon(third.claim)
        assert.deepStrictEqual(ids(entries).toSorted(), [...numbered("a", 50), ...numbered("b", 50)].toSorted())
      }))

    together("purge deletes the requests of other clients, too", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client()
        const second = yield* place.client()
        const stored = yield* first.claim.add([entry("a"), entry("b")])
        assert.strictEqual(yield* second.claim.purge(server, ada), 2)
        assert.deepStrictEqual(yield* first.claim.mark(seqs(stored)), new Set())
      }))

    together("a report that another client forgets meanwhile is complete or absent", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client()
        const second = yield* place.client()
        const stored = yield* first.claim.add(numbered("r", 100).map((id) => entry(id)))
        yield* Effect.forEach(stored, ({ seq }) => first.claim.settle(seq, { outcome: "Expired" }))
        const [reports] = yield* Effect.all([second.claim.reports(server), first.claim.forget(seqs(stored))], {
          concurrency: "unbounded"
        })
        assert.notInclude(reports.map(({ entry }) => entry), undefined)
      }))

    for (const [how, end] of [["closes", "close"], ["crashes", "kill"]] as const) {
      together(`other clients are notified when a client ${how}`, (place) =>
        Effect.gen(function*() {
          const first = yield* place.client()
          const second = yield* place.client()
          yield* first.claim.add([entry("a")])
          const changed = yield* nextChange(second.claim)
          yield* first[end]
          yield* changed
          assert.deepStrictEqual(ids((yield* adoptSoon(second.claim)).entries), ["a"])
        }))
    }

    together("other clients are notified when a client releases a request", (place) =>
      Effect.gen(function*() {
        const first = yield* place.client()
        const second = yield* place.client()
        const stored = yield* first.claim.add([entry("a")])
        const changed = yield* nextChange(second.claim)
        yield* first.claim.release(seqs(stored))
        yield* changed
        assert.deepStrictEqual(ids((yield* adoptSoon(second.claim)).entries), ["a"])
      }))

    if (lingers) {
      if (!renamed) {
        test("a client that was considered dead does not adopt its own requests", (place) =>
          Effect.gen(function*() {
            const { claim, kill } = yield* place.client()
            const stored = yield* claim.add([entry("a"), entry("b")])
            yield* claim.mark([stored[1]!.seq])
            yield* kill
            assert.deepStrictEqual(yield* claim.adopt(server, ada), { entries: [], reports: [] })
            assert.isTrue(yield* claim.settle(stored[1]!.seq))
            assert.strictEqual((yield* claim.mark([stored[0]!.seq])).size, 1)
          }))
      }

      together(
        "a client that was considered dead cannot change requests that another has adopted",
        (place) =>
          Effect.gen(function*() {
            const first = yield* place.client()
            const stored = yield* first.claim.add([entry("a"), entry("b", { idempotent: true })])
            yield* first.claim.mark([stored[1]!.seq])
            yield* first.kill
            const second = yield* place.client()
            assert.strictEqual((yield* adoptSoon(second.claim)).entries.length, 2)
            assert.deepStrictEqual(yield* first.claim.mark(seqs(stored)), new Set())
            assert.isFalse(yield* first.claim.settle(stored[1]!.seq))
            yield* first.claim.release(seqs(stored))
            assert.strictEqual((yield* second.claim.mark(seqs(stored))).size, 2)
            yield* first.claim.requeue(seqs(stored), true)
            assert.isTrue(yield* second.claim.settle(stored[0]!.seq))
          })
      )
    }

    it.scopedLive(
      "with a full disk or quota, adding fails and stores nothing, and deleting works",
      (context) =>
        Effect.gen(function*() {
          const { client, fill } = yield* place
          if (fill === undefined) return context.skip()
          const first = yield* client()
          const stored = yield* first.claim.add([entry("a"), entry("b")])
          const restore = yield* fill
          const refused = yield* Effect.flip(first.claim.add([entry("c", { payload: "x".repeat(10_000) })]))
          assert.strictEqual(refused.reason, "Full")
          assert.isTrue(yield* first.claim.settle(stored[0]!.seq))
          yield* restore
          yield* first.claim.add([entry("d")])
          yield* first.close
          const second = yield* client()
          assert.deepStrictEqual(ids((yield* adoptSoon(second.claim)).entries), ["b", "d"])
        }),
      30_000
    )

    it.scopedLive(
      "a damaged record is reported as unreadable; all others are adopted",
      (context) =>
        Effect.gen(function*() {
          const { client, tear } = yield* place
          if (tear === undefined) return context.skip()
          const first = yield* client()
          const stored = yield* first.claim.add([entry("a"), entry("b"), entry("c")])
          yield* first.close
          yield* tear(stored[1]!)
          const second = yield* client()
          const { entries, reports } = yield* adoptSoon(second.claim)
          assert.deepStrictEqual(ids(entries), ["a", "c"])
          assert.deepStrictEqual(outcomes(reports), [[undefined, "Unreadable"]])
          const kept = yield* second.claim.reports(server)
          assert.deepStrictEqual(outcomes(kept), [[undefined, "Unreadable"]])
          yield* second.claim.forget(kept.map(({ seq }) => seq))
          assert.deepStrictEqual(yield* second.claim.reports(server), [])
        }),
      30_000
    )
  })
}
