import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type Item, Outbox } from "../../src/internal/protocol/outbox.ts"
import type { Entry, Sender } from "../../src/KuzzleOutboxStore.ts"

const ada: Sender = { _tag: "User", kuid: "ada" }
const bob: Sender = { _tag: "User", kuid: "bob" }
const anonymous: Sender = { _tag: "Anonymous" }
const senders = [ada, bob, anonymous]

const entry = (n: number, differing: Partial<Entry> = {}): Entry => ({
  id: `r${n}`,
  seq: String(n).padStart(6, "0"),
  server: "ws://kuzzle.test",
  sender: ada,
  idempotent: false,
  queuedAt: 0,
  sendBy: 1000,
  payload: "",
  attempts: 0,
  ...differing
})
const ids = (items: ReadonlyArray<Item>) => items.map(({ entry }) => entry.id)

type Step =
  | { readonly _tag: "Accept"; readonly sender: Sender; readonly idempotent: boolean; readonly sendBy: number }
  | { readonly _tag: "Next"; readonly as: ReadonlyArray<Sender> }
  | { readonly _tag: "Answer" | "NotSent" | "Withdraw"; readonly nth: number }
  | { readonly _tag: "ConnectionEnds" }
  | { readonly _tag: "Expire"; readonly now: number }
  | { readonly _tag: "Release"; readonly as: ReadonlyArray<Sender> }

const as = fc.subarray(senders)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      _tag: fc.constant("Accept" as const),
      sender: fc.constantFrom(...senders),
      idempotent: fc.boolean(),
      sendBy: fc.nat(100)
    })
  },
  { weight: 6, arbitrary: fc.record({ _tag: fc.constant("Next" as const), as }) },
  {
    weight: 6,
    arbitrary: fc.record({
      _tag: fc.constantFrom("Answer" as const, "NotSent" as const, "Withdraw" as const),
      nth: fc.nat(40)
    })
  },
  { weight: 3, arbitrary: fc.constant({ _tag: "ConnectionEnds" as const }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Expire" as const), now: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Release" as const), as }) }
)

describe("outbox", () => {
  it.prop(
    "O1, O2, O4, O5, O8: no request is lost or sent twice; each is sent as its sender and in its order, and suspects are sent alone",
    { steps: fc.array(step, { maxLength: 120, size: "max" }) },
    ({ steps }) => {
      const outbox = new Outbox()
      const present = new Map<string, Entry>()
      const suspects = new Set<string>()
      const attempts = new Map<string, number>()
      let count = 0
      const remove = (id: string) => assert.isTrue(present.delete(id))
      for (const step of steps) {
        const inFlight = outbox.inFlight()
        const chosen = "nth" in step ? inFlight[step.nth % Math.max(inFlight.length, 1)]?.entry.id : undefined
        switch (step._tag) {
          case "Accept": {
            const { idempotent, sendBy, sender } = step
            const added = entry(count++, { idempotent, sendBy, sender })
            present.set(added.id, added)
            outbox.accept([added], 0)
            break
          }
          case "Next": {
            const before = inFlight.map(({ entry }) => entry.id)
            const waits = outbox.all().filter(({ id }) => !before.includes(id))
            const sent = outbox.next(step.as)
            assert.isAtMost(inFlight.length + sent.length, 32)
            assert.isTrue(sent.every(({ entry }) => step.as.includes(entry.sender)))
            // Those that may be sent, oldest first, without a gap.
            const due = waits.filter(({ sender }) => step.as.includes(sender)).map(({ id }) => id)
            assert.deepStrictEqual(ids(sent), due.slice(0, sent.length))
            const all = ids(outbox.inFlight())
            if (all.some((id) => suspects.has(id))) assert.lengthOf(all, 1)
            if (inFlight.length === 0 && due.length > 0) assert.isAbove(sent.length, 0)
            break
          }
          case "Answer":
            if (chosen === undefined) break
            outbox.ended(chosen)
            remove(chosen)
            break
          case "NotSent":
            if (chosen === undefined) break
            outbox.notSent(chosen)
            assert.deepStrictEqual(outbox.next(senders), [])
            outbox.returned(chosen, "Queued")
            break
          case "Withdraw": {
            const id = `r${step.nth}`
            const item = outbox.withdraw(id)
            assert.strictEqual(item !== undefined, present.has(id) && !ids(inFlight).includes(id) && !suspects.has(id))
            if (item !== undefined) remove(id)
            break
          }
          case "ConnectionEnds":
            for (const { entry } of inFlight) {
              const { id, idempotent } = entry
              if (outbox.lost(id)) {
                assert.isTrue(idempotent)
                suspects.add(id)
                attempts.set(id, (attempts.get(id) ?? 0) + 1)
                assert.isAtMost(attempts.get(id)!, 3)
                outbox.returned(id, "Queued")
              } else {
                assert.isTrue(!idempotent || attempts.get(id) === 3)
                outbox.ended(id)
                remove(id)
              }
            }
            break
          case "Expire":
            for (const { entry } of outbox.expire(step.now)) {
              assert.isAtMost(entry.sendBy, step.now)
              remove(entry.id)
            }
            assert.isAbove(outbox.nextDeadline(), step.now)
            break
          case "Release":
            for (const { entry } of outbox.others(step.as)) {
              assert.isFalse(step.as.includes(entry.sender))
              remove(entry.id)
            }
        }
        assert.deepStrictEqual(outbox.all().map(({ id }) => id), Array.from(present.keys()).toSorted(bySeq))
      }
    }
  )

  it("O1: a request that another client took over and released is adopted once, and one in flight stays in flight", () => {
    const outbox = new Outbox()
    outbox.accept([entry(1), entry(2)], 0)
    outbox.accept([entry(1, { attempts: 1 }), entry(2)], 0)
    assert.deepStrictEqual(outbox.all(), [entry(1, { attempts: 1 }), entry(2)])
    const [suspect] = outbox.next(senders)
    assert.strictEqual(suspect?.entry.id, "r1")
    outbox.accept([entry(1, { attempts: 2 })], 0)
    assert.deepStrictEqual(outbox.next(senders), [])
    outbox.ended("r1")
    assert.deepStrictEqual(ids(outbox.next(senders)), ["r2"])
    assert.deepStrictEqual(outbox.next(senders), [])
  })

  it("O3: a clock that was set back does not postpone a deadline", () => {
    const outbox = new Outbox()
    outbox.accept([entry(1, { queuedAt: 10_000, sendBy: 11_000 })], 500)
    assert.strictEqual(outbox.nextDeadline(), 1500)
  })

  it("O5: an adopted request is sent before younger ones", () => {
    const outbox = new Outbox()
    outbox.accept([entry(5), entry(7)], 0)
    outbox.accept([entry(3), entry(6)], 0)
    assert.deepStrictEqual(ids(outbox.next([ada])), ["r3", "r5", "r6", "r7"])
  })

  it("O8: a request that was in flight in a crash is a suspect for the next client, and is given up after 8 connections", () => {
    const outbox = new Outbox()
    outbox.accept([entry(1, { idempotent: true, attempts: 6 }), entry(2)], 0)
    assert.deepStrictEqual(ids(outbox.next([ada])), ["r1"])
    assert.isTrue(outbox.lost("r1"))
    outbox.returned("r1", "Queued")
    assert.deepStrictEqual(ids(outbox.next([ada])), ["r1"])
    assert.isFalse(outbox.lost("r1"))
  })
})

const bySeq = (a: string, b: string) => Number(a.slice(1)) - Number(b.slice(1))
