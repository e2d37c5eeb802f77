/** `Retry-After`: seconds or a date, at most 5 minutes; any other value is ignored. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, FastCheck as fc } from "effect"
import * as RetryAfter from "../../src/internal/data/retryAfter.ts"

const noon = Date.parse("2026-11-23T12:00:00Z")

const seconds = (value: string | ReadonlyArray<string>, headers: RetryAfter.Headers = {}) => {
  const after = RetryAfter.parse({ ...headers, "retry-after": value }, noon)
  return after === undefined ? undefined : Duration.toSeconds(after)
}

describe("Retry-After", () => {
  it.each<readonly [string, number | undefined]>([
    ["0", 0],
    ["7", 7],
    [" 120 ", 120],
    ["Mon, 23 Nov 2026 12:00:30 GMT", 30],
    ["Monday, 23-Nov-26 12:01:00 GMT", 60],
    ["Mon, 23 Nov 2026 11:00:00 GMT", 0],
    ["", undefined],
    ["-5", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["5, 10", undefined],
    ["2026-11-23T12:00:30Z", undefined],
    ["Mon, 99 Nov 2026 12:00:30 GMT", undefined]
  ])("%s", (value, expected) => {
    assert.strictEqual(seconds(value), expected)
  })

  it("a date is relative to the server's clock, if the answer shows it", () => {
    const date = "Mon, 23 Nov 2026 15:00:00 GMT"
    assert.strictEqual(seconds("Mon, 23 Nov 2026 15:00:10 GMT", { date }), 10)
    assert.strictEqual(seconds("Mon, 23 Nov 2026 12:00:10 GMT", { date: "yesterday" }), 10)
  })

  it("is 5 minutes at most, however it is written", () => {
    for (const value of ["301", "31536000", "9".repeat(400), "Sun, 23 Nov 2036 12:00:00 GMT"]) {
      assert.strictEqual(seconds(value), 300)
    }
  })

  it("several values, or none, are ignored", () => {
    assert.isUndefined(seconds(["5", "10"]))
    assert.isUndefined(RetryAfter.parse({}, noon))
  })

  it.prop("any text is a duration from 0 to 5 minutes, or nothing", { value: fc.string() }, ({ value }) => {
    const after = seconds(value)
    assert.isTrue(after === undefined || (after >= 0 && after <= 300))
  })
})
