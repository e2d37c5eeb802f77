import { FastCheck as fc } from "effect"
import { assert, describe, it } from "vitest"
import { DocumentMap } from "../../src/internal/data/documents.ts"
import { arraysOf } from "../support/documentMap.ts"

interface Numbered {
  readonly _id: string
  readonly n: number
}

const contents = (map: ReadonlyMap<string, Numbered>) => Array.from(map, ([_id, { n }]) => [_id, n] as const)

const step = fc.record({
  id: fc.integer({ min: 0, max: 400 }),
  n: fc.option(fc.nat(), { nil: undefined }),
  /** The map that is changed: 0 for the newest, 1 for the one before it, and so on. */
  back: fc.integer({ min: 0, max: 3 })
})

describe("a map of documents", () => {
  it("equals a Map with the same changes, and so does every older version", () => {
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

  it("the cost of a change does not depend on the number of documents, because unchanged parts are shared", () => {
    const copied = (size: number) => {
      const map = DocumentMap.from(Array.from({ length: size }, (_, n) => ({ _id: `id${n}`, n })))
      const before = new Set(arraysOf(map))
      return arraysOf(map.with({ _id: "id0", n: -1 })).filter((list) => !before.has(list))
        .reduce((sum, list) => sum + list.length, 0)
    }
    assert.isAtMost(copied(100), 101)
    assert.isAtMost(copied(100_000), 700)
  })

  it("L2: does not keep the ids of removed documents", () => {
    let map = DocumentMap.from<Numbered>([])
    for (let n = 0; n < 20_000; n++) map = map.with({ _id: `id${n}`, n }).without(`id${n - 10}`)
    assert.strictEqual(map.size, 10)
    assert.isAtMost(arraysOf(map).reduce((sum, list) => sum + list.length, 0), 1000)
  })
})
