import { KuzzleFilter } from "@effect-kuzzle/core"
import { Either, FastCheck as fc } from "effect"
import { assert, describe, it } from "vitest"
import { isFields } from "../../../src/internal/data/filter/field.ts"
import { treeOf } from "../../../src/internal/data/filter/pattern/index.ts"
import { Matcher, MEMORY } from "../../../src/internal/data/filter/pattern/matcher.ts"
import { program } from "../../../src/internal/data/filter/pattern/program.ts"

const { matches, regexp, validate } = KuzzleFilter

/** The example of a real page: JavaScript's engine needed seconds for 28 characters, and twice as many for each more. */
const address = "^([a-zA-Z0-9]+\\.?)+@"

const compiled = (pattern: string) => program(Either.getOrThrow(treeOf(pattern, "")), false)

/** The cost of a pattern on a text: visited instructions, and the size of the cache afterwards. */
const cost = (pattern: string, text: string) => {
  const code = compiled(pattern)
  const matcher = new Matcher(code)
  const matched = matcher.test(text)
  return { matched, steps: matcher.steps, remembered: matcher.remembered, size: code.code.length }
}

describe("a pattern", () => {
  it("is matched in time linear in the text, for every pattern", () => {
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.constantFrom("a", "b", ".", "[ab]", "\\w", "\\B", "\\b", "\\C", "$", "é", "(?i:A)"),
        fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => a + b),
        fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `(?:${a}|${b})`),
        fc.tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{2}", "{0,3}", "{2,}")).map(([a, b]) => `(${a})${b}`)
      )
    }))
    const text = fc.array(fc.constantFrom("a", "b", "é", "😀", "\n", "A"), { maxLength: 40 }).map((all) => all.join(""))
    fc.assert(
      fc.property(pattern, text, (pattern, text) => {
        const { size, steps } = cost(pattern, text)
        const bytes = new TextEncoder().encode(text).length
        // For each byte and the end, each instruction is followed once, and tested once against the character.
        assert.isAbove(steps, 0)
        assert.isAtMost(steps, 2 * size * (bytes + 1))
      }),
      { numRuns: 2000, seed: 1 }
    )
  })

  it("of nested repetitions costs a look-up for each character of a long text", () => {
    const short = cost(address, "a".repeat(28))
    const long = cost(address, "a".repeat(100_000))
    assert.isFalse(short.matched)
    assert.isFalse(long.matched)
    assert.strictEqual(long.steps, short.steps)
    assert.isAtMost(long.steps, 60)
  })

  it("does not block the event loop with 28 or with 100,000 characters", () => {
    const holds = matches(regexp("address", address))
    assert.isFalse(holds({ address: "a".repeat(28) }))
    assert.isFalse(holds({ address: "a".repeat(100_000) }))
    assert.isTrue(holds({ address: `${"a".repeat(100_000)}@` }))
    assert.isTrue(matches(KuzzleFilter.not(regexp("address", address)))({ address: ["a".repeat(100_000)] }))
  })

  it("with a new state at every character clears its cache in time, and costs no more than its size", () => {
    // A state is the set of `a`s among the last 14 characters, so there are 16,384 states.
    const pattern = "(a|b)*a(a|b){14}c"
    let n = 1
    const text = Array.from({ length: 20_000 }, () => ((n = (n * 16_807) % 2_147_483_647) & 64) === 0 ? "a" : "b").join(
      ""
    )
    const { matched, remembered, size, steps } = cost(pattern, text)
    assert.isFalse(matched)
    assert.isAtMost(steps, 2 * size * (text.length + 1))
    assert.isAtMost(remembered, MEMORY + size + 200)
    assert.isTrue(cost(pattern, `${text}a${"b".repeat(14)}c`).matched)
  })

  it("is refused before it becomes too large", () => {
    const refused = ["(a{1000}){1000}", "a{1001}", "((a{100}){10}){2}", "(?:ab|cd){1000}".repeat(300), "(".repeat(5000)]
    for (const value of refused) {
      assert.lengthOf(validate(regexp("a", value)), 1, value.slice(0, 20))
    }
    for (
      const value of ["a{1000}", "((a{100}){10})", "a{1000}".repeat(600), `${"(".repeat(1000)}a${")".repeat(1000)}`]
    ) {
      assert.deepStrictEqual(validate(regexp("a", value)), [], value.slice(0, 20))
    }
    assert.isTrue(matches(regexp("a", `^${"(".repeat(1000)}a${")".repeat(1000)}$`))({ a: "a" }))
    assert.isTrue(matches(regexp("a", "^a{1000}$"))({ a: "a".repeat(1000) }))
    assert.isFalse(matches(regexp("a", "^a{1000}$"))({ a: "a".repeat(1001) }))
  })

  it("is read in time that is linear in its length", () => {
    for (const piece of ["[[:", "[", "\\p{", "(?P<", "a{1", "\\Q", "(?i)", "\\x{", "[a-", "\\u{", "(?"]) {
      validate(regexp("a", piece.repeat(100_000)))
    }
    assert.isTrue(matches(regexp("a", "[[:a".repeat(50_000) + "]"))({ a: "a" }))
  })
})

describe("other parts of a filter are read in linear time:", () => {
  it("a name with brackets, whose last pair contains an element as in the server's expression", () => {
    const piece = fc.constantFrom("a", ".", "[", "]", "\\", "\"", "1", "\n", "\u2028", "[\"x\"]", "[1]")
    const text = fc.array(piece, { minLength: 1, maxLength: 10 }).map((pieces) => pieces.join(""))
    fc.assert(
      fc.property(text, (text) => {
        const [, name = text, element] = /^(.*?[^\\])\[(.*)]$/.exec(text) ?? []
        const field = name.replace(/\\([[\]])/g, "$1")
        const wanted = Either.try((): unknown => element === undefined ? undefined : JSON.parse(element))
        assert.strictEqual(validate({ exists: text }).length > 0, Either.isLeft(wanted))
        if (Either.isRight(wanted)) {
          assert.isTrue(matches({ exists: text })({ [field]: element === undefined ? 1 : [wanted.right] }))
        }
      }),
      { numRuns: 5000, seed: 1 }
    )
    assert.deepStrictEqual(validate({ exists: "[".repeat(500_000) }), [])
  })

  it("a distance", () => {
    const distance = `${"1".repeat(500_000)}!`
    assert.lengthOf(validate({ geoDistance: { a: [0, 0], distance } }), 1)
    for (const distance of ["1m", "1.5m", ".5m", "10 km"]) {
      assert.deepStrictEqual(validate({ geoDistance: { a: [0, 0], distance } }), [])
    }
    assert.lengthOf(validate({ geoDistance: { a: [0, 0], distance: "1.m" } }), 1)
  })

  it("a path of any length; of several members with this path, the last one counts", () => {
    const names = fc.integer({ min: 1, max: 14 }).map((n) => Array.from({ length: n }, () => "a"))
    /** Objects in which the path is split at some of its dots, in several ways at once. */
    const { inside } = fc.letrec<{ inside: unknown }>((tie) => ({
      inside: fc.oneof(
        { maxDepth: 14, withCrossShrink: true },
        fc.integer({ min: 0, max: 3 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 14 }), tie("inside")), { maxLength: 3 }).map((entries) =>
          Object.fromEntries(entries.map(([n, value]) => [Array.from({ length: n }, () => "a").join("."), value]))
        )
      )
    }))
    /** The value in the flattened document, as in Koncorde: the last member with a path counts. */
    const flatten = (value: unknown, above: string, into: Map<string, unknown>): Map<string, unknown> => {
      into.set(above, value)
      for (const [key, inner] of isFields(value) ? Object.entries(value) : []) {
        flatten(inner, above === "" ? key : `${above}.${key}`, into)
      }
      return into
    }
    fc.assert(
      fc.property(names, inside, (names, document) => {
        const path = names.join(".")
        const value = flatten(document, "", new Map()).get(path)
        for (const n of [0, 1, 2, 3]) {
          assert.strictEqual(matches(KuzzleFilter.equals(path, n))(document), value === n)
        }
      }),
      { numRuns: 5000, seed: 1 }
    )
    const path = Array.from({ length: 50_000 }, () => "a").join(".")
    assert.isTrue(matches(KuzzleFilter.equals(path, 1))({ [path]: 1 }))
  })
})
