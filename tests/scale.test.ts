import { assert, describe, it } from "@effect/vitest"
import { measure, type Row, type Run } from "../bench/scale/measure.ts"

/** Numbers from 0 to 1 that are the same in each run. */
const random = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

/** The CPU of a path, in µs, on a machine that is busy with other things: up to three times as much. */
const busy = (cost: (n: number) => number, next: () => number): Run => (n) =>
  Promise.resolve((cost(n) / 1000) * (1 + 2 * next() ** 2))

const sizes = [400, 1600, 6400, 12_800]

const row = (own: (n: number) => number, plain: (n: number) => number, seed: number): Row => {
  const next = random(seed)
  return { title: `seed ${seed}`, sizes, run: busy(own, next), plain: busy(plain, next) }
}

const linear = (n: number) => n
const power = (exponent: number) => (n: number) => n ** exponent

/** The seeds, of a hundred, for which the benchmark reports that the cost grows. */
const growing = async (own: (n: number) => number, plain = linear) => {
  const seeds: Array<number> = []
  for (let seed = 0; seed < 100; seed++) if ((await measure(row(own, plain, seed))).grows) seeds.push(seed)
  return seeds
}

describe("the scale benchmark's verdict on a busy machine", () => {
  it("L2: a cost that is proportional to the work passes", async () => {
    assert.deepStrictEqual(await growing(linear), [])
    assert.deepStrictEqual(await growing((n) => 300 + n * Math.log2(n) / 40), [])
  })

  it("L2: a cost that grows like that of plain collections in the same minutes passes", async () => {
    assert.deepStrictEqual(await growing(power(1.3), power(1.3)), [])
  })

  it("L2: a cost that grows faster is reported", async () => {
    assert.isAtLeast((await growing(power(1.4))).length, 95)
    assert.strictEqual((await growing(power(2))).length, 100)
    assert.isAtLeast((await growing(power(1.6), power(1.2))).length, 95)
  })

  it("L2: a quadratic cost is reported on any busy machine", async () => {
    assert.isAtLeast((await growing(power(2), power(2))).length, 99)
  })

  it("L2: a cost that is below that of plain collections passes, even if theirs grows less", async () => {
    assert.deepStrictEqual(await growing(power(1.1), power(0.8)), [])
  })
})
