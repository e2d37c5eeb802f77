/** The encoded and the refused values of docs/values.md, row by row (promise R7). */
import { assert, describe, it } from "@effect/vitest"
import {
  BigDecimal,
  Cause,
  Chunk,
  Context,
  Data,
  DateTime,
  Duration,
  Effect,
  Either,
  Exit,
  FastCheck as fc,
  HashMap,
  HashSet,
  Layer,
  List,
  MutableHashMap,
  Option,
  Redacted,
  Ref,
  Schedule,
  Schema,
  SortedMap,
  Stream,
  Trie
} from "effect"
import * as Order from "effect/Order"
import * as Fs from "node:fs"
import * as Json from "../../src/internal/data/json.ts"
import { json } from "../support/arbitraries.ts"

class Taxi extends Schema.Class<Taxi>("Taxi")({ seats: Schema.Number }) {}
class Empty extends Schema.Class<Empty>("Empty")({ seats: Schema.optional(Schema.Number) }) {}
class Seats extends Data.Class<{ readonly seats: number }> {}
class Full extends Data.TaggedError("Full")<{ readonly seats: number }> {}
class Gone extends Schema.TaggedError<Gone>()("Gone", { seats: Schema.Number }) {}
class Point {
  constructor(readonly x: number, readonly y: number) {}
}
class Money {
  readonly [Symbol.toStringTag] = "Money"
  readonly amount = 1
}
class Hidden {
  readonly #value = 1
  get value() {
    return this.#value
  }
}
class NotFound extends Error {
  constructor(readonly id: string) {
    super("not found")
  }
}
class Labelled extends Error {
  readonly [Symbol.toStringTag] = "Labelled"
  readonly code = 1
}
class Tags extends Map<string, string> {
  readonly kind = "tags"
}

const accepted: ReadonlyArray<ReadonlyArray<unknown>> = [
  [{ a: [1, "b", null] }, Object.assign(Object.create(null), { a: [1, "b", null] })],
  [{ a: 1, b: undefined }, { a: 1, b: () => 1 }, { a: 1, b: Symbol("s") }],
  [new Date(0)],
  [new URL("http://a.b/")],
  [DateTime.unsafeMake(0), DateTime.unsafeMakeZoned(0, { timeZone: "Europe/Paris" })],
  [new Taxi({ seats: 4 })],
  [Data.struct({ seats: 4 }), new Seats({ seats: 4 })],
  [new Full({ seats: 4 })],
  [new Point(1, 2)],
  [
    { toJSON: () => ({ a: 1 }) },
    new (class {
      toJSON() {
        return new Map([["a", 1]]).size === 1 ? { a: 1 } : {}
      }
    })()
  ]
]

const cycle = () => {
  const self: Record<string, unknown> = {}
  self.self = self
  return self
}

const refused: ReadonlyArray<ReadonlyArray<unknown>> = [
  [NaN, Infinity],
  [1n],
  [new Date(NaN)],
  [[undefined]],
  [[() => 1], [Symbol("s")]],
  [cycle()],
  [{ toJSON: () => NaN }],
  [{ toJSON: () => new Set([1]) }],
  [new Map([["a", 1]]), new Tags()],
  [new Set([1])],
  [new WeakMap(), new WeakSet()],
  [/a/],
  [
    new Error("boom"),
    new NotFound("7"),
    Object.assign(new Error("boom"), { code: "ENOENT" }),
    new TypeError("boom"),
    new Labelled()
  ],
  [Promise.resolve(1)],
  [new Uint8Array([1])],
  [new ArrayBuffer(1)],
  [new Blob(["a"])],
  [new Headers(), new URLSearchParams("a=1"), new Intl.NumberFormat(), [1].values(), new AbortController().signal],
  [new Hidden()],
  [Option.some(1), Option.none()],
  [Either.right(1), Either.left(1)],
  [Chunk.make(1), Chunk.empty()],
  [List.make(1), List.empty()],
  [HashMap.make(["a", 1])],
  [HashSet.make(1)],
  [Duration.seconds(1), Duration.infinity],
  [BigDecimal.unsafeFromString("1.5")],
  [Effect.sync(() => 1), Effect.succeed(1), Exit.fail(1)],
  [Stream.make(1)],
  [Cause.fail(1)],
  [
    Context.empty(),
    Effect.runSync(Ref.make(1)),
    Layer.empty,
    Schedule.forever,
    Trie.empty(),
    MutableHashMap.empty(),
    SortedMap.empty(Order.number)
  ],
  [Redacted.make("secret")]
]

/** The cells of the tables of docs/values.md. */
const tables = Fs.readFileSync(new URL("../../../../docs/values.md", import.meta.url), "utf8").split("\n## ").map((
  part
) => part.split("\n").filter((line) => line.startsWith("| ")).slice(2).map((line) => line.slice(2, -2).split(" | ")))

const issueOf = (value: unknown): string => {
  const outcome = Json.stringify(value)
  return typeof outcome === "string" ? assert.fail(`it was sent as ${outcome}`) : outcome.issue
}

/** A value in several places of a request. */
const places: ReadonlyArray<readonly [path: string, place: (value: unknown) => unknown]> = [
  ["a", (value) => ({ a: value })],
  ["a.b", (value) => ({ x: null, a: { b: value } })],
  ["a[1]", (value) => ({ a: [0, value] })],
  ["a[0][0].b", (value) => ({ a: [[{ b: value }]] })],
  // The type of the value does not matter here.
  ["a.x", (value) => ({ a: new Point(value as number, 1) })],
  ["a.seats", (value) => ({ a: Data.struct({ seats: value }) })],
  ["a.b", (value) => ({ a: { toJSON: () => ({ b: value }) } })]
]

describe("values", () => {
  it("the tables of docs/values.md are the lists of this test", () => {
    assert.deepStrictEqual(tables.map((rows) => rows.length), [0, accepted.length, refused.length, 0])
  })

  describe("R7: accepted", () => {
    it.each((tables[1] ?? []).map(([given = "", , sent = ""], row) => [given, sent, accepted[row] ?? []] as const))(
      "%s",
      (_, sent, values) => {
        assert.isNotEmpty(values)
        for (const value of values) {
          assert.strictEqual(Json.stringify(value), sent.slice(1, -1))
          for (const [, place] of places) assert.strictEqual(Json.stringify(place(value)), JSON.stringify(place(value)))
        }
      }
    )

    it("an error that a Schema describes, an empty class of data, one with a tag, boxed values", () => {
      for (
        const value of [
          new Gone({ seats: 4 }),
          new Empty({}),
          new Money(),

          [new Number(1), new String("a"), new Boolean(false)],
          [{}, [], [null]]
        ]
      ) assert.strictEqual(Json.stringify(value), JSON.stringify(value))
    })
  })

  describe("R7: refused, wherever it is, with its place", () => {
    it.each(
      (tables[2] ?? []).map(([given = "", expectation = ""], row) =>
        [given, expectation.split(", is "), refused[row] ?? []] as const
      )
    )(
      "%s",
      (given, expectation, values) => {
        assert.isNotEmpty(values)
        values.forEach((value, i) => {
          const words = `${i > 0 && expectation.length > 1 ? "is " : ""}${
            expectation[Math.min(i, expectation.length - 1)]
          }`
          // For an array, the refusal names the element.
          const inner = given.startsWith("an element of an array")
            ? "[0]"
            : given.includes("inside itself")
            ? ".self"
            : ""
          assert.include(issueOf(value), words)
          for (const [path, place] of places) {
            // For a cycle through a `toJSON`, the message is the runtime's.
            if (inner === ".self" && "toJSON" in Object((place(value) as { readonly a: unknown }).a)) continue
            const issue = issueOf(place(value))
            assert.include(issue, `${path}${inner} `)
            assert.include(issue, words)
          }
        })
      }
    )

    it("typed arrays of every kind, empty ones too", () => {
      for (const value of [Buffer.from("a"), new Float64Array(2), new DataView(new ArrayBuffer(1)), new Uint8Array()]) {
        assert.match(issueOf({ a: value }), /^a is a \w+(?:Array|View): /)
      }
    })

    it("a boxed number, and the result of a toJSON that has a toJSON itself", () => {
      assert.include(issueOf({ a: new Number(NaN) }), "a is NaN")
      assert.include(issueOf({ a: { toJSON: () => new Date(0) } }), "a has a toJSON whose result is a Date")
      assert.include(issueOf({ a: { toJSON: () => Redacted.make(1) } }), "a has a toJSON whose result is a Redacted")
    })
  })

  it.prop("JSON data is sent as JSON.stringify writes it", { json }, ({ json }) => {
    assert.strictEqual(Json.stringify(json), JSON.stringify(json))
  })

  it("R7: an element whose toJSON returns undefined would be sent as null and is refused; such a member is left out", () => {
    for (const nothing of [undefined, () => 1, Symbol("s")]) {
      const empty = { toJSON: () => nothing }
      assert.include(issueOf({ a: [1, empty] }), "a[1] has a toJSON that returns nothing")
      assert.include(issueOf({ a: [Object.create(empty)] }), "a[0] has a toJSON that returns nothing")
      assert.strictEqual(Json.stringify({ a: empty, b: 1 }), `{"b":1}`)
    }
  })

  it("a bigint is sent if the application has defined BigInt.prototype.toJSON", () => {
    // As such applications do.
    const prototype: { toJSON?: () => string } = BigInt.prototype as never
    prototype.toJSON = function(this: unknown) {
      return String(this)
    }
    try {
      assert.strictEqual(Json.stringify({ a: 1n, b: [2n] }), "{\"a\":\"1\",\"b\":[\"2\"]}")
    } finally {
      delete prototype.toJSON
    }
  })
})

describe("values: secrets", () => {
  const secretText = (value: unknown, secrets: "Disclosed" | "Reveal"): string => {
    const outcome = Json.stringifySecret(value, secrets)
    return outcome instanceof Json.SecretJson ? outcome.text : assert.fail("it does not count as a secret")
  }
  const revealed = (value: unknown) => secretText(value, "Reveal")

  it.prop("a Redacted value is revealed wherever it is, and its content is sent as usual", { json }, ({ json }) => {
    for (const [, place] of places) {
      assert.strictEqual(revealed(place(Redacted.make(json))), JSON.stringify(place(json)))
      assert.strictEqual(revealed(place(Redacted.make(Redacted.make(json)))), JSON.stringify(place(json)))
    }
  })

  it("an invalid value inside a Redacted is refused", () => {
    assert.strictEqual(revealed({ a: Redacted.make(new Date(0)) }), "{\"a\":\"1970-01-01T00:00:00.000Z\"}")
    for (const value of [new Set([1]), NaN, Option.some(1)]) {
      const outcome = Json.stringifySecret({ a: { b: Redacted.make(value) } }, "Reveal")
      assert.isTrue("issue" in Object(outcome))
      assert.include(JSON.stringify(outcome), "a.b is ")
    }
  })

  it("C7: a value of any depth is encoded or refused, and throws nothing", () => {
    class Not {
      constructor(readonly not: object) {}
    }
    // Some depths can be encoded by `JSON.stringify`, but not walked by the check that follows.
    let value: object = {}
    for (let depth = 1; depth <= 12_000; depth++) {
      value = new Not(value)
      if (depth % 500 === 0) assert.doesNotThrow(() => Json.stringify(value))
    }
    assert.isTrue("issue" in Object(Json.stringify(value)))
  })

  it("a fault is reported before a secret, and neither shows the hidden value", () => {
    const outcome = Json.stringifySecret({ a: Redacted.make("s3cr3t"), b: new Set() }, "Reveal")
    assert.deepStrictEqual(outcome, { issue: "b is a Set: send Array.from of it" })
    assert.notInclude(issueOf({ a: Redacted.make("s3cr3t") }), "s3cr3t")
  })

  it("a value that a Schema has disclosed is a secret, and may be sent where a Redacted may not", () => {
    const body = Json.disclosed({ a: 1, b: { c: [2] } })
    assert.strictEqual(secretText({ body }, "Disclosed"), "{\"body\":{\"a\":1,\"b\":{\"c\":[2]}}}")
    assert.strictEqual(secretText({ body }, "Reveal"), "{\"body\":{\"a\":1,\"b\":{\"c\":[2]}}}")
    const other = Json.stringifySecret({ body: Json.disclosed({ a: Redacted.make("s3cr3t") }) }, "Disclosed")
    assert.include(JSON.stringify(other), "body.a is Redacted")
  })

  it("a value without a secret is plain text", () => {
    assert.strictEqual(Json.stringifySecret({ a: 1 }, "Reveal"), "{\"a\":1}")
  })

  it.prop(
    "a secret is found in every container, and in nothing else",
    { path: fc.array(fc.constantFrom("object", "array", "map", "option", "chunk", "class"), { maxLength: 6 }), json },
    ({ json, path }) => {
      const around = (value: unknown) =>
        path.reduce<unknown>((inner, kind) => {
          switch (kind) {
            case "object":
              return { a: inner }
            case "array":
              return [0, inner]
            case "map":
              return new Map([["a", inner]])
            case "option":
              return Option.some(inner)
            case "chunk":
              return Chunk.of(inner)
            default:
              return Data.struct({ a: inner })
          }
        }, value)
      assert.isTrue(Json.holdsSecret(around(Redacted.make("s"))))
      assert.isFalse(Json.holdsSecret(around(json)))
      assert.isFalse(Json.holdsSecret(cycle()))
    }
  )
})
