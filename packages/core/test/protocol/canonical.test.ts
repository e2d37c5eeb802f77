import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { isDeepStrictEqual } from "node:util"
import { canonical } from "../../src/internal/protocol/canonical.ts"
import { encodeCanonical } from "../../src/internal/protocol/envelope.ts"
import { encodedOf, keyOf } from "../../src/internal/protocol/intent.ts"
import { json, object } from "../support/arbitraries.ts"

/** The same value with the members of its objects in another order. */
const reordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reordered)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).reverse().map(([key, member]) => [key, reordered(member)]))
}

/** A value as JSON carries it: `-0` is `0` there. */
const carried = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("canonical", () => {
  it.prop("S5: the order of members does not matter", { value: json }, ({ value }) => {
    assert.strictEqual(canonical(reordered(value)), canonical(value))
  })

  it.prop("parses to the same value as JSON", { value: json }, ({ value }) => {
    assert.deepStrictEqual(JSON.parse(canonical(value)), carried(value))
  })

  it.prop("S5: two values have the same text exactly when they are equal", { a: json, b: json }, ({ a, b }) => {
    assert.strictEqual(canonical(a) === canonical(b), isDeepStrictEqual(carried(a), carried(b)))
  })

  it.prop(
    "S5: any change of a value changes its text",
    { value: object, key: fc.string(), member: json },
    ({ key, member, value }) => {
      const changed = Object.fromEntries([...Object.entries(value), [key, member]])
      assert.strictEqual(canonical(value) === canonical(changed), isDeepStrictEqual(carried(value), carried(changed)))
    }
  )

  it("an undefined member is left out, and a date is written as text", () => {
    assert.strictEqual(canonical({ b: undefined, a: new Date(0) }), "{\"a\":\"1970-01-01T00:00:00.000Z\"}")
  })

  it.prop(
    "8.E16: a key contains the request, and differs by its volatile data",
    { a: object, b: object, v: object },
    (given) => {
      assert.strictEqual(encodedOf(keyOf(given.a, undefined)), encodeCanonical(given.a))
      assert.strictEqual(encodedOf(keyOf(given.a, given.v)), encodeCanonical(given.a))
      assert.notStrictEqual(keyOf(given.a, given.v), keyOf(given.a, undefined))
      assert.strictEqual(
        keyOf(given.a, given.v) === keyOf(given.b, given.v),
        canonical(given.a) === canonical(given.b)
      )
    }
  )
})
