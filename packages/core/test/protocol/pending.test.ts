import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Pending from "../../src/internal/protocol/pending.ts"

type Step =
  | { readonly _tag: "Add"; readonly deadline: number }
  | { readonly _tag: "Take"; readonly id: number }
  | { readonly _tag: "Expire"; readonly now: number }
  | { readonly _tag: "Drain" }

const time = fc.oneof(fc.nat(100), fc.constant(Infinity))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ _tag: fc.constant("Add" as const), deadline: time }) },
  { weight: 4, arbitrary: fc.record({ _tag: fc.constant("Take" as const), id: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Expire" as const), now: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.constant({ _tag: "Drain" as const }) }
)

interface Entry extends Pending.Entry {
  readonly id: string
}

describe("pending", () => {
  it.prop(
    "R1, R2, R4, R8: each entry comes out exactly once, never after its deadline was asked for, and nothing stays",
    { steps: fc.array(step, { maxLength: 60, size: "max" }) },
    ({ steps }) => {
      const table = Pending.make<Entry>()
      const model = new Map<string, Entry>()
      const out: Array<string> = []
      let added = 0
      const leave = (entry: Entry | undefined) => {
        if (entry === undefined) return
        assert.isTrue(model.delete(entry.id))
        out.push(entry.id)
      }
      for (const step of steps) {
        switch (step._tag) {
          case "Add": {
            const entry: Entry = { id: `r${added++}`, deadline: step.deadline }
            table.add(entry.id, entry)
            model.set(entry.id, entry)
            break
          }
          case "Take": {
            const id = `r${step.id}`
            const expected = model.get(id)
            const taken = table.take(id)
            assert.strictEqual(taken, expected)
            leave(taken)
            assert.isUndefined(table.take(id))
            break
          }
          case "Expire": {
            const due = Array.from(model.values()).filter((entry) => entry.deadline <= step.now)
            const expired = table.expire(step.now)
            assert.deepStrictEqual(expired, due)
            expired.forEach(leave)
            assert.isTrue(table.nextDeadline() > step.now)
            break
          }
          case "Drain": {
            const all = table.drain()
            assert.deepStrictEqual(all, Array.from(model.values()))
            all.forEach(leave)
            break
          }
        }
        assert.strictEqual(table.size(), model.size)
        assert.strictEqual(
          table.nextDeadline(),
          Math.min(Infinity, ...Array.from(model.values(), (entry) => entry.deadline))
        )
      }
      table.drain().forEach(leave)
      assert.strictEqual(table.size(), 0)
      assert.strictEqual(out.length, added)
      assert.strictEqual(new Set(out).size, added)
    }
  )
})
