/**
 * Random histories of the real client, over a simulated network, with the embedded Kuzzle (promises R, S, C, A, L).
 *
 * `SIM_HISTORIES` is their number (`pnpm simulate` runs them on all cores), `SIM_FROM` the first seed. A failure names
 * its seed: `SIM_SEED=<seed> pnpm simulate` prints its events.
 */
import { assert, describe, it } from "@effect/vitest"
import { setImmediate } from "node:timers/promises"
import { seeds } from "./simulation/seeds.ts"
import { describe as summary, simulate } from "./simulation/simulate.ts"

const histories = Number(process.env.SIM_HISTORIES ?? 300)
const from = Number(process.env.SIM_FROM ?? 1)
const size = 50

/** Milliseconds for one test on a slow machine. No test here waits for a clock. */
const timeout = 120_000

const holds = async (seed: number): Promise<void> => {
  const result = simulate(seed)
  if (result.violations.length > 0) assert.fail(`${summary(result)}\n  SIM_SEED=${seed} pnpm simulate`)
  // The runner fails when a worker does not answer for a minute. On a busy machine, 50 histories take longer.
  await setImmediate()
}

describe("simulation: R1-R8, S1-S7, C1-C7, A1-A4, L1-L3", () => {
  for (let first = from; first < from + histories; first += size) {
    const last = Math.min(first + size, from + histories) - 1
    it(`histories ${first} to ${last}`, async () => {
      for (let seed = first; seed <= last; seed++) await holds(seed)
    }, timeout)
  }
})

describe("simulation: earlier failures", () => {
  it.each(seeds.map(({ failure, seed }) => [seed, failure] as const))("seed %i: %s", holds, timeout)

  it("the same seed gives the same history, independent of earlier runs", () => {
    const some = [11, 12, 13, 14, 15, 16]
    const forward = some.map((seed) => simulate(seed).hash)
    const backward = some.toReversed().map((seed) => simulate(seed).hash).toReversed()
    assert.deepStrictEqual(backward, forward)
    assert.strictEqual(new Set(forward).size, some.length)
  }, timeout)
})
