import { FastCheck as fc } from "effect"
import { assert, describe, it } from "vitest"
import { DocumentMap } from "../../src/internal/data/documents.ts"

interface Numbered {
  readonly _id: string
  readonly n: number
}

const contents = (map: ReadonlyMap<string, Numbered>) => Array.from(map, ([_id, { n }]) => [_id, n] as const)

const step = fc.record({
  id: fc.integer({ min: 0, max: 400 }),
  n: fc.option(fc.nat(), { nil: undefined }),
  /** How many maps back the change is made, from 0. */
  back: fc.integer({ min: 0, max: 3 })
})

describe("a map of documents", () => {
  it("has what a Map would have, and so has every older one, whichever is changed", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 400 }), fc.array(step), (given, steps) => {
        const documents = given.map((id, n) => ({ _id: `id${id}`, n }))
        const made = [{
          map: DocumentMap.from(documents),
          expected: new Map(documents.map((document) => [document._id, document]))
        }]
        for (const { back, id, n } of steps) {
          const { expected, map } = made[Math.max(0, made.length - 1 - back)]!
          const _id = `id${id}`
          const copy = new Map(expected)
          const changed = n === undefined ? undefined : { _id, n }
          if (changed === undefined) copy.delete(_id)
          else copy.set(_id, changed)
          made.push({ map: changed === undefined ? map.without(_id) : map.with(changed), expected: copy })
        }
        for (const { expected, map } of made) {
          assert.strictEqual(map.size, expected.size)
          assert.deepStrictEqual(contents(map).sort(), contents(expected).sort())
          for (let id = 0; id <= 400; id += 7) {
            assert.strictEqual(map.get(`id${id}`), expected.get(`id${id}`))
            assert.strictEqual(map.has(`id${id}`), expected.has(`id${id}`))
          }
        }
      }),
      { numRuns: 300 }
    )
  })

  it("keeps the place of a document that changes, and puts a new one last", () => {
    const map = DocumentMap.from(["a", "b", "c"].map((_id) => ({ _id, n: 1 })))
    assert.deepStrictEqual(contents(map.with({ _id: "a", n: 2 }).with({ _id: "d", n: 3 })), [
      ["a", 2],
      ["b", 1],
      ["c", 1],
      ["d", 3]
    ])
    const seen: Array<unknown> = []
    map.forEach((document, _id, whole) => seen.push([document.n, _id, whole === map]))
    assert.deepStrictEqual(seen, [[1, "a", true], [1, "b", true], [1, "c", true]])
  })

  it("costs a change of many documents as much as of few: what is not changed is shared", () => {
    const copied = (size: number) => {
      const map = DocumentMap.from(Array.from({ length: size }, (_, n) => ({ _id: `id${n}`, n })))
      const before = new Set(lists(map))
      return lists(map.with({ _id: "id0", n: -1 })).filter((list) => !before.has(list))
        .reduce((sum, list) => sum + list.length, 0)
    }
    assert.isAtMost(copied(100), 101)
    assert.isAtMost(copied(100_000), 700)
  })

  it("L2: does not hold the ids of documents that are gone", () => {
    let map = DocumentMap.from<Numbered>([])
    for (let n = 0; n < 20_000; n++) map = map.with({ _id: `id${n}`, n }).without(`id${n - 10}`)
    assert.strictEqual(map.size, 10)
    assert.isAtMost(lists(map).reduce((sum, list) => sum + list.length, 0), 1000)
  })
})

/** The arrays that a map consists of. */
const lists = (map: DocumentMap<Numbered>): ReadonlyArray<ReadonlyArray<unknown>> => {
  // The private member is read to see what two maps share.
  const { chunks } = map as unknown as { readonly chunks: ReadonlyArray<ReadonlyArray<unknown>> }
  return [chunks, ...chunks]
}
