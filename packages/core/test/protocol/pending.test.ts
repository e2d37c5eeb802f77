import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Pending from "../../src/internal/protocol/pending.ts"

type Step =
  | { readonly _tag: "Add"; readonly deadline: number }
  | { readonly _tag: "Take"; readonly id: number }
  /** Adds an entry again that was taken, with another deadline. */
  | { readonly _tag: "Return"; readonly id: number; readonly deadline: number }
  | { readonly _tag: "Expire"; readonly now: number }
  | { readonly _tag: "Drain" }

const time = fc.oneof(fc.nat(100), fc.constant(Infinity))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ _tag: fc.constant("Add" as const), deadline: time }) },
  { weight: 4, arbitrary: fc.record({ _tag: fc.constant("Take" as const), id: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Return" as const), id: fc.nat(40), deadline: time }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Expire" as const), now: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.constant({ _tag: "Drain" as const }) }
)

interface Entry extends Pending.Entry {
  readonly id: string
}

describe("pending", () => {
  it.prop(
    "R1, R2, R4, R8: each entry is returned exactly once, never after its deadline was read, and none remains",
    { steps: fc.array(step, { maxLength: 60, size: "max" }) },
    ({ steps }) => {
      const table = new Pending.Pending<Entry>(() => 2)
      const model = new Map<string, Entry>()
      let added = 0
      let endedCount = 0
      const ended: Array<string> = []
      const add = (id: string, deadline: number) => {
        const entry: Entry = { id, deadline }
        table.add(id, entry)
        model.set(id, entry)
        added += 1
      }
      const recordEnd = (entry: Entry | undefined) => {
        if (entry === undefined) return
        assert.isTrue(model.delete(entry.id))
        ended.push(entry.id)
        endedCount += 1
      }
      for (const step of steps) {
        switch (step._tag) {
          case "Add": {
            add(`r${added}`, step.deadline)
            break
          }
          case "Take": {
            const id = `r${step.id}`
            const expected = model.get(id)
            const taken = table.take(id)
            assert.strictEqual(taken, expected)
            recordEnd(taken)
            assert.isUndefined(table.take(id))
            break
          }
          case "Return": {
            const [id] = ended.splice(step.id % Math.max(ended.length, 1), 1)
            if (id !== undefined) add(id, step.deadline)
            break
          }
          case "Expire": {
            const due = Array.from(model.values()).filter((entry) => entry.deadline <= step.now)
              .sort((a, b) => a.deadline - b.deadline)
            const expired = table.expire(step.now)
            assert.deepStrictEqual(expired, due)
            expired.forEach(recordEnd)
            assert.isTrue(table.nextDeadline() > step.now)
            break
          }
          case "Drain": {
            const all = table.drain()
            assert.deepStrictEqual(all, Array.from(model.values()))
            all.forEach(recordEnd)
            break
          }
        }
        assert.deepStrictEqual(table.all(), Array.from(model.values()))
        assert.deepStrictEqual([table.size(), table.weight()], [model.size, 2 * model.size])
        const earliest = Math.min(Infinity, ...Array.from(model.values(), (entry) => entry.deadline))
        assert.isAtMost(table.nextDeadline(), earliest)
        if (model.size === 0) assert.strictEqual(table.nextDeadline(), Infinity)
      }
      table.drain().forEach(recordEnd)
      assert.strictEqual(table.size(), 0)
      assert.strictEqual(endedCount, added)
    }
  )

  const counted = () => {
    const counter = { reads: 0 }
    const entry = (deadline: number): Pending.Entry => ({
      get deadline() {
        counter.reads += 1
        return deadline
      }
    })
    return { counter, entry }
  }

  for (
    const [title, deadline] of [
      ["different deadlines", (n: number) => 1 + n * 7919 % 10_007],
      ["deadlines that come one after the other", (n: number) => n + 1]
    ] as const
  ) {
    it(`R2, L2: ten thousand with ${title} end in a few steps each, beside as many that stay`, () => {
      const table = new Pending.Pending<Pending.Entry>()
      const { counter, entry } = counted()
      const count = 10_000
      for (let n = 0; n < count; n++) {
        table.add(`stays ${n}`, entry(1e6 + n))
        table.add(`ends ${n}`, entry(deadline(n)))
      }
      let ended = 0
      while (table.size() > count) {
        ended += table.expire(table.nextDeadline()).length
        // Entries are also added while others end.
        table.add(`comes ${ended}`, entry(1e5))
        table.take(`comes ${ended}`)
      }
      assert.strictEqual(ended, count)
      assert.isBelow(counter.reads / count, 20)
    })
  }

  it("R2, L2: the end of a deadline does not visit the deadlines that remain", () => {
    const table = new Pending.Pending<Pending.Entry>()
    const { counter, entry } = counted()
    const count = 2000
    for (let n = 1; n <= count; n++) {
      table.add(`stays ${n}`, entry(1e6 + n * 7919 % 10_007))
      table.add(`ends ${n}`, entry(n))
      assert.strictEqual(table.expire(table.nextDeadline()).length, 1)
    }
    assert.strictEqual(table.size(), count)
    assert.isBelow(counter.reads / count, 40)
  })

  it("R2: of equal deadlines the oldest ends first", () => {
    const table = new Pending.Pending<Pending.Entry & { readonly n: number }>()
    for (let n = 0; n < 100; n++) {
      table.add(`ends ${n}`, { deadline: 1, n: -1 })
      table.add(`stays ${n}`, { deadline: 2 + n % 2, n })
      table.expire(1)
    }
    const due = table.expire(3).map(({ n }) => n)
    const even = Array.from({ length: 50 }, (_, i) => 2 * i)
    assert.deepStrictEqual(due, [...even, ...even.map((n) => n + 1)])
  })

  it("R2: an entry that was taken and added again has its new deadline", () => {
    const table = new Pending.Pending<Pending.Entry>()
    const expired = (now: number) => table.expire(now).map(({ deadline }) => deadline)
    table.add("again", { deadline: 50 })
    table.add("first", { deadline: 1 })
    assert.deepStrictEqual(expired(1), [1])
    table.take("again")
    table.add("again", { deadline: 90 })
    table.add("second", { deadline: 2 })
    assert.deepStrictEqual([expired(2), expired(50), expired(90)], [[2], [], [90]])
  })
})
