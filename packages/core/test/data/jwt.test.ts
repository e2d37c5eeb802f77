import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { claims } from "../../src/internal/data/jwt.ts"
import { text } from "../support/arbitraries.ts"

/** A token as the server signs it: three parts, base64url of UTF-8. The client does not check the signature. */
const signed = (payload: unknown) =>
  [{ alg: "HS256", typ: "JWT" }, payload]
    .map((part) => Buffer.from(JSON.stringify(part), "utf8").toString("base64url"))
    .concat("signature")
    .join(".")

describe("the claims of a token", () => {
  const kuid = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(">>>", "???", "~~~", "þ", "Ω", "日本", "🚕", "a>b?c~d")
  )

  it.prop(
    "8.B8: are read for every kuid, with either prefix or none",
    { kuid, exp: fc.integer({ min: 1, max: 4_000_000_000 }), prefix: fc.constantFrom("", "kauth-", "kapikey-") },
    ({ exp, kuid, prefix }) => {
      assert.deepStrictEqual(claims(prefix + signed({ _id: kuid, exp })), { kuid, exp: exp * 1000 })
    }
  )

  it("8.B8: a token without `exp` never expires, for which Kuzzle's value is -1", () => {
    for (const exp of [undefined, -1, 0, null, "soon"]) {
      assert.deepStrictEqual(claims(signed({ _id: "ada", exp })), { kuid: "ada", exp: undefined })
    }
  })

  it.prop(
    "8.B8: a text that is not a token does not throw",
    { value: fc.oneof(text, fc.jsonValue().map(signed)) },
    ({ value }) => {
      const { exp, kuid } = claims(value)
      assert.isTrue(kuid === undefined || typeof kuid === "string")
      assert.isTrue(exp === undefined || exp > 0)
    }
  )
})
