import type { KuzzleRealtime } from "@effect-kuzzle/core"
import { FastCheck as fc } from "effect"
import { assert, describe, it } from "vitest"
import * as Followed from "../../src/internal/api/live.ts"
import { collectGarbage } from "../support/collectGarbage.ts"

/** `unseen`: the document was replaced by a request whose notifications have no content. */
type How = "create" | "update" | "replace" | "unseen"

/** A step of a collection, or of the client that follows it. */
type Step =
  | { readonly _tag: "Write"; readonly id: number; readonly n: number; readonly how: How }
  | { readonly _tag: "Upsert"; readonly id: number; readonly n: number }
  | { readonly _tag: "Delete"; readonly id: number; readonly version: boolean }
  /** Delivers the next pending notification. */
  | { readonly _tag: "Deliver" }
  /** The server executes the pending search; then its answer arrives. */
  | { readonly _tag: "Read" }
  | { readonly _tag: "Answer" }
  /** Everything pending is lost. */
  | { readonly _tag: "Gap" }

const id = fc.integer({ min: 0, max: 3 })
const n = fc.integer({ min: 0, max: 5 })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      _tag: fc.constant("Write" as const),
      id,
      n,
      how: fc.constantFrom<How>("create", "update", "replace", "unseen")
    })
  },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Upsert" as const), id, n }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Delete" as const), id, version: fc.boolean() }) },
  { weight: 6, arbitrary: fc.constant<Step>({ _tag: "Deliver" }) },
  { weight: 3, arbitrary: fc.constant<Step>({ _tag: "Read" }) },
  { weight: 3, arbitrary: fc.constant<Step>({ _tag: "Answer" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ _tag: "Gap" }) }
)

/** Even numbers belong to the set. */
const belongs = ({ _source }: Followed.LiveDocument) => Number(_source.n) % 2 === 0

const notification = (
  event: "write" | "delete",
  result: KuzzleRealtime.NotifiedDocument
): KuzzleRealtime.DocumentNotification => ({
  type: "document",
  scope: event === "write" ? "in" : "out",
  event,
  action: event,
  controller: "document",
  index: "i",
  collection: "c",
  timestamp: 0,
  volatile: null,
  protocol: "websocket",
  requestId: "r",
  result,
  status: 200,
  room: "room"
})

/** A server, its pending notifications, and a client that follows it. `versions`: whether searches return versions. */
const world = (versions: boolean) => {
  const stored = new Map<string, { readonly n: number; readonly version: number }>()
  const versionsOf = new Map<string, number>()
  let pending: Array<KuzzleRealtime.DocumentNotification> = []
  const changes: Array<Followed.Change> = []
  let wanted = true
  let reading: number | undefined
  let seen: ReadonlyArray<Followed.LiveDocument> | undefined

  const followed = Followed.make({
    belongs,
    publish: (change) => changes.push(change),
    reread: () => {
      wanted = true
    }
  })
  const next = (_id: string) => {
    const version = (versionsOf.get(_id) ?? 0) + 1
    versionsOf.set(_id, version)
    return version
  }
  const beginWhenWanted = () => {
    if (!wanted || reading !== undefined) return
    wanted = false
    reading = followed.begin()
  }
  const run = (step: Step) => {
    beginWhenWanted()
    switch (step._tag) {
      case "Write": {
        const _id = `id${step.id}`
        const version = next(_id)
        stored.set(_id, { n: step.n, version })
        // Updates and replacements do not show their version (observed).
        pending.push(notification("write", {
          _id,
          ...(step.how === "unseen" ? {} : { _source: { n: step.n } }),
          ...(step.how === "create" || step.how === "unseen" ? { _version: version } : {})
        }))
        return
      }
      case "Upsert": {
        const _id = `id${step.id}`
        const isNew = !stored.has(_id)
        stored.set(_id, { n: step.n, version: next(_id) })
        pending.push(notification("write", isNew ? { n: step.n } : { _id, _source: { n: step.n } }))
        return
      }
      case "Delete": {
        const _id = `id${step.id}`
        const document = stored.get(_id)
        if (document === undefined) return
        stored.delete(_id)
        next(_id)
        const version = step.version ? { _version: document.version } : {}
        pending.push(notification("delete", { _id, _source: { n: document.n }, ...version }))
        return
      }
      case "Deliver": {
        const first = pending.shift()
        if (first !== undefined) followed.notified(first)
        return
      }
      case "Read":
        if (reading === undefined) return
        seen = Array.from(stored, ([_id, { n, version }]) => ({
          _id,
          _source: { n },
          ...(versions ? { _version: version } : {})
        }))
        return
      case "Answer":
        if (reading === undefined || seen === undefined) return
        if (!followed.finish(reading, seen)) wanted = true
        reading = undefined
        seen = undefined
        return
      case "Gap":
        pending = []
        return followed.gap({ _tag: "Overflow", lost: 1 })
    }
  }
  return {
    run,
    changes,
    documents: followed.documents,
    /** Delivers everything, until no search is needed. */
    settle: () => {
      for (let i = 0; i < 10; i++) {
        while (pending.length > 0) run({ _tag: "Deliver" })
        beginWhenWanted()
        run({ _tag: "Read" })
        run({ _tag: "Answer" })
      }
    },
    truth: () => Array.from(stored, ([_id, { n }]) => [_id, n] as const).filter(([, n]) => n % 2 === 0).sort()
  }
}

const contents = (documents: Followed.Documents) =>
  Array.from(documents.values(), ({ _id, _source }) => [_id, _source.n]).sort()

/** The documents of an observer that applies the changes only. */
const folded = (changes: ReadonlyArray<Followed.Change>): Followed.Documents => {
  let known = new Map<string, Followed.LiveDocument>()
  for (const change of changes) {
    switch (change._tag) {
      case "Snapshot":
        known = new Map(change.documents)
        break
      case "Entered":
        assert.isFalse(known.has(change.document._id))
        known.set(change.document._id, change.document)
        break
      case "Updated":
        assert.strictEqual(known.get(change.document._id), change.previous)
        known.set(change.document._id, change.document)
        break
      case "Exited":
        assert.strictEqual(known.get(change.document._id), change.previous)
        assert.isFalse(belongs(change.document))
        known.delete(change.document._id)
        break
      case "Deleted":
        assert.strictEqual(known.get(change.previous._id), change.previous)
        known.delete(change.previous._id)
    }
  }
  return known
}

describe("a live query", () => {
  it("has the stored documents once all notifications have arrived, whatever was lost, and its changes lead to the same documents", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, versions) => {
        const { changes, documents, run, settle, truth } = world(versions)
        for (const one of steps) run(one)
        settle()
        assert.deepStrictEqual<unknown>(contents(documents()), truth())
        assert.deepStrictEqual(contents(folded(changes)), contents(documents()))
      }),
      { numRuns: 2000 }
    )
  })

  it("L2: the content of documents outside the set is not held during a read", () => {
    const followed = Followed.make({ belongs, publish: () => {}, reread: () => {} })
    const number = followed.begin()
    const write = (_id: string, event: "write" | "delete", n: number) => {
      const _source = { n }
      followed.notified(notification(event, { _id, _source }))
      return new WeakRef(_source)
    }
    const written = [write("a", "write", 3), write("b", "delete", 2), write("c", "write", 4)]
    return new Promise((resolve) => setImmediate(resolve)).then(() => {
      collectGarbage()
      assert.deepStrictEqual(written.map((content) => content.deref()?.n), [undefined, undefined, 4])
      const hits = ["a", "b", "c", "d"].map((_id) => ({ _id, _source: { n: 2 } }))
      assert.isTrue(followed.finish(number, hits))
      assert.deepStrictEqual(contents(followed.documents()), [["c", 4], ["d", 2]])
    })
  })

  it("L2: notifications during a read are held up to a limit; beyond it the documents are read once more", () => {
    let wanted = 0
    const followed = Followed.make({
      belongs,
      publish: () => {},
      reread: () => {
        wanted += 1
      }
    })
    const number = followed.begin()
    for (let i = 0; i <= Followed.maxHeld; i++) {
      followed.notified(notification("write", { _id: `id${i}`, _source: { n: 2 } }))
    }
    followed.notified(notification("write", { _id: "last", _source: { n: 2 } }))
    assert.isTrue(followed.finish(number, []))
    assert.deepStrictEqual(contents(followed.documents()), [["last", 2]])
    assert.strictEqual(wanted, 1)
  })

  it("the weight of a value is about the length of its strings, at any depth", () => {
    assert.isAtLeast(Followed.weigh({ a: ["x".repeat(1000), { b: "y".repeat(1000) }] }), 2000)
    let deep: unknown = "x".repeat(1000)
    for (let i = 0; i < 100_000; i++) deep = [deep]
    assert.isAtLeast(Followed.weigh(deep), 1000)
  })

  it("an emitted map does not change", () => {
    const { documents, run, settle } = world(false)
    run({ _tag: "Write", id: 1, n: 2, how: "create" })
    settle()
    const before = documents()
    run({ _tag: "Write", id: 1, n: 4, how: "update" })
    run({ _tag: "Write", id: 2, n: 4, how: "create" })
    settle()
    assert.deepStrictEqual(contents(before), [["id1", 2]])
    assert.deepStrictEqual(contents(documents()), [["id1", 4], ["id2", 4]])
  })
})
