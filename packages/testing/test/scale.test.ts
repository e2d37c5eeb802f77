/** What `pnpm bench --scale` (`bench/scale`) makes of costs: these costs are given, not measured. */
import { assert, describe, it } from "@effect/vitest"
import { limit, measure, type Row } from "../../../bench/scale/measure.ts"

const costing = (cost: (n: number) => number): Row["run"] => (n) => Promise.resolve(cost(n))

const row = (cost: (n: number) => number, more: Partial<Row> = {}): Row => ({
  title: "a path",
  sizes: [10, 100, 1000, 10_000],
  run: costing(cost),
  ...more
})

describe("the scale benchmark", () => {
  it("shows what an item costs at each size, and 1 where it is the same at all", async () => {
    const { exponent, grows, points } = await measure(row((n) => 3 * n))
    assert.deepStrictEqual(points.map(({ cost }) => cost), [3, 3, 3, 3])
    assert.closeTo(exponent, 1, 1e-9)
    assert.isFalse(grows)
  })

  it("fails where each item costs a walk over all others", async () => {
    const { exponent, grows } = await measure(row((n) => n * n / 100))
    assert.closeTo(exponent, 2, 1e-9)
    assert.isTrue(grows)
  })

  it("fails where a run handles few items, each of which costs a walk over N", async () => {
    const { exponent, grows } = await measure(row((n) => 30 * n, { items: () => 30 }))
    assert.closeTo(exponent, 2, 1e-9)
    assert.isTrue(grows)
  })

  it("fails where a fixed cost hides the growth at small sizes", async () => {
    assert.isTrue((await measure(row((n) => 10_000 + n ** 2 / 10))).grows)
  })

  it("measures again what seems to grow: a machine that was busy once fails nothing", async () => {
    let runs = 0
    const once = await measure(row((n) => (runs++ < 14 && n === 10_000 ? 9 * n : n)))
    assert.isAbove(runs, 13)
    assert.closeTo(once.exponent, 1, 1e-9)
    assert.isFalse(once.grows)
  })

  it("takes the least of several runs", async () => {
    const given = [7, 7, 2, 5]
    const { points } = await measure(row(() => given.shift() ?? 4, { sizes: [1] }))
    assert.deepStrictEqual(points, [{ n: 1, cost: 2 }])
  })

  it("excuses a path that grows as plain collections do, and no other", async () => {
    const excused = await measure(row((n) => n ** 1.3, { plain: costing((n) => n ** 1.25) }))
    assert.isAbove(excused.exponent, limit)
    assert.isFalse(excused.grows)
    assert.closeTo(excused.plain?.exponent ?? 0, 1.25, 1e-9)
    const growing = await measure(row((n) => n ** 1.5, { plain: costing((n) => n ** 1.25) }))
    assert.isTrue(growing.grows)
  })

  it("stops at the first size that takes longer than two seconds", async () => {
    const { points } = await measure(row((n) => (n < 1000 ? n : 2_100_000)))
    assert.deepStrictEqual(points.map(({ n }) => n), [10, 100, 1000])
  })
})
