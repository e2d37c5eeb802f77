import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc } from "effect"
import { any, matchesParts, type Part } from "../src/internal/engine/glob.ts"
import { connect, resultOf } from "./support.ts"

const parts = (pattern: string): ReadonlyArray<Part> =>
  Array.from(pattern, (char): Part => char === "*" ? "*" : char === "?" ? any : (c) => c === char)

/** The definition of a match: a `*` matches no character, or one character and continues. */
const defined = (pattern: string, text: string): boolean =>
  pattern === ""
    ? text === ""
    : pattern[0] === "*"
    ? defined(pattern.slice(1), text) || (text !== "" && defined(pattern, text.slice(1)))
    : text !== "" && (pattern[0] === "?" || pattern[0] === text[0]) && defined(pattern.slice(1), text.slice(1))

const pattern = fc.array(fc.constantFrom("*", "*", "?", "a", "b"), { maxLength: 8 }).map((chars) => chars.join(""))
const text = fc.array(fc.constantFrom("a", "b"), { maxLength: 10 }).map((chars) => chars.join(""))

describe("a pattern of wildcards", () => {
  it("matches exactly the texts that its definition matches", () => {
    fc.assert(
      fc.property(pattern, text, (pattern, text) => {
        assert.strictEqual(matchesParts(parts(pattern), text), defined(pattern, text))
      }),
      { numRuns: 5000, seed: 1 }
    )
  })

  it("takes at most one step for each pair of its characters and the text's", () => {
    fc.assert(
      fc.property(pattern, text, fc.integer({ min: 1, max: 8 }), (pattern, text, times) => {
        let reads = 0
        const counted = parts(pattern.repeat(times)).map((part): Part =>
          part === "*" ? part : (char) => {
            reads++
            return part(char)
          }
        )
        const long = text.repeat(times)
        matchesParts(counted, long)
        assert.isAtMost(reads, counted.length * long.length)
      }),
      { numRuns: 2000, seed: 1 }
    )
  })

  it.effect("does not freeze the embedded server: a search, a part of a source, the keys of Redis", () =>
    Effect.gen(function*() {
      const client = yield* connect()
      const taxi = { index: "nyc", collection: "taxi" }
      client.ask("index", "create", { index: "nyc" })
      client.ask("collection", "create", { ...taxi, body: { mappings: { properties: { name: { type: "keyword" } } } } })
      const name = "a".repeat(2000)
      client.ask("document", "create", { ...taxi, _id: "long", refresh: "wait_for", body: { name, [name]: 1 } })
      client.ask("document", "create", { ...taxi, _id: "odd", refresh: "wait_for", body: { name: "5*B\n" } })
      const search = (query: object, more: object = {}) =>
        // The engine's answer to a search that succeeds.
        resultOf(client.ask("document", "search", { ...taxi, body: { query, ...more } })).hits as ReadonlyArray<{
          readonly _id: string
          readonly _source: { readonly [key: string]: unknown }
        }>
      const ids = (value: string, more: object = {}) =>
        search({ wildcard: { name: { value, ...more } } }).map(({ _id }) => _id)
      const slow = `${"*a".repeat(30)}*b`
      assert.deepStrictEqual(ids(slow), [])
      assert.deepStrictEqual(ids("*a".repeat(30)), ["long"])
      assert.deepStrictEqual(ids("5\\*?\n"), ["odd"])
      assert.deepStrictEqual(ids("a\\*?\n"), [])
      assert.deepStrictEqual(ids("5?b*", { case_insensitive: true }), ["odd"])
      assert.deepStrictEqual(ids("5?b*"), [])
      const [hit] = search({ ids: { values: ["long"] } }, { _source: [slow, "n*e"] })
      assert.deepStrictEqual(Object.keys(hit?._source ?? {}), ["name"])
      client.ask("ms", "set", { _id: name, body: { value: "1" } })
      assert.deepStrictEqual(client.ask("ms", "keys", { pattern: slow }).result, [])
    }).pipe(Effect.provide(KuzzleEngine.layer())))
})
