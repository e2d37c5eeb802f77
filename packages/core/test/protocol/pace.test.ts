import { assert, describe, it } from "@effect/vitest"
import { Pace, period } from "../../src/internal/protocol/pace.ts"

/** How many may be sent at once. */
const allowed = (pace: Pace, now: number): number => {
  let count = 0
  for (; count < 1000 && pace.nextAt(now) <= now; count++) pace.countSent(now)
  return count
}

describe("the pace", () => {
  it("S6: many refusals of one burst lower it once", () => {
    const pace = new Pace()
    for (let n = 0; n < 100; n++) pace.countSent(0)
    for (let n = 0; n < 60; n++) pace.refused(10)
    assert.strictEqual(pace.nextAt(10), 10 + period)
    assert.strictEqual(allowed(pace, 10 + period), 50)
    assert.strictEqual(allowed(pace, 10 + 2 * period), 51)
  })

  it("S6: a refusal in each period lowers it, even if nothing was sent since the previous refusal", () => {
    const pace = new Pace()
    for (let n = 0; n < 100; n++) pace.countSent(0)
    pace.refused(10)
    pace.refused(10 + 3 * period)
    assert.strictEqual(pace.nextAt(10 + 3 * period), 10 + 4 * period)
    assert.isAtMost(allowed(pace, 10 + 4 * period), 26)
  })

  it("is reset after ten periods without requests", () => {
    const pace = new Pace()
    pace.countSent(0)
    pace.refused(10)
    assert.isTrue(pace.isLimited)
    assert.strictEqual(allowed(pace, 10 + 10 * period), 1000)
    assert.isFalse(pace.isLimited)
  })
})
