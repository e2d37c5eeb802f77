import { KuzzleMappings } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Schema } from "effect"
import { answering } from "./support/answering.ts"

const derived = (schema: KuzzleMappings.Described) => Effect.runSync(KuzzleMappings.derive(schema)).properties

/** The mapping of a field with this Schema. */
const field = (schema: Schema.Schema.All | Schema.PropertySignature.All) =>
  // Safe: a struct accepts any Schema.
  derived(Schema.Struct({ a: schema as typeof Schema.String }))["a"]

const issues = (schema: KuzzleMappings.Described): ReadonlyArray<string> =>
  Either.match(Effect.runSync(Effect.either(KuzzleMappings.derive(schema))), {
    onLeft: (error) => error.issues,
    onRight: (mappings) => assert.fail(JSON.stringify(mappings))
  })

describe("derive", () => {
  enum Color {
    Red = "red",
    Blue = "blue"
  }
  const keyword = { type: "keyword" }

  const defaults: ReadonlyArray<readonly [name: string, Schema.Schema.All | Schema.PropertySignature.All, unknown]> = [
    ["String", Schema.String, keyword],
    ["a refined String", Schema.NonEmptyTrimmedString.pipe(Schema.maxLength(3)), keyword],
    ["UUID", Schema.UUID, keyword],
    ["a branded String", Schema.String.pipe(Schema.brand("Name")), keyword],
    ["literals", Schema.Literal("free", "busy"), keyword],
    ["enums", Schema.Enums(Color), keyword],
    ["a template literal", Schema.TemplateLiteral("a", Schema.Number), keyword],
    ["Number", Schema.Number, { type: "double" }],
    ["JsonNumber", Schema.JsonNumber, { type: "double" }],
    ["Int", Schema.Int, { type: "long" }],
    ["a refined Int", Schema.Int.pipe(Schema.between(0, 9)), { type: "long" }],
    ["a literal number", Schema.Literal(1, 2), { type: "long" }],
    ["literal numbers", Schema.Literal(1, 2.5), { type: "double" }],
    ["Boolean", Schema.Boolean, { type: "boolean" }],
    ["a literal boolean", Schema.Literal(true), { type: "boolean" }],
    ["Date", Schema.Date, { type: "date" }],
    ["DateFromNumber", Schema.DateFromNumber, { type: "date" }],
    ["DateTimeUtc", Schema.DateTimeUtc, { type: "date" }],
    ["DateTimeUtcFromNumber", Schema.DateTimeUtcFromNumber, { type: "date" }],
    ["a refined Date", Schema.DateFromNumber.pipe(Schema.validDate()), { type: "date" }],
    // Elasticsearch does not read these: "2024-01-01T00:00:00.000+01:00[Europe/Paris]".
    ["DateTimeZoned", Schema.DateTimeZoned, keyword],
    ["NumberFromString", Schema.NumberFromString, keyword],
    ["BigInt", Schema.BigInt, keyword],
    ["an array", Schema.Array(Schema.Int), { type: "long" }],
    ["a non-empty array", Schema.NonEmptyArray(Schema.String), keyword],
    ["a tuple", Schema.Tuple(Schema.Int, Schema.Number), { type: "double" }],
    ["a set", Schema.HashSet(Schema.String), keyword],
    ["optional", Schema.optional(Schema.Int), { type: "long" }],
    ["optional with a default", Schema.optionalWith(Schema.Int, { default: () => 1 }), { type: "long" }],
    ["optional as Option", Schema.optionalWith(Schema.Date, { as: "Option" }), { type: "date" }],
    ["null or", Schema.NullOr(Schema.Boolean), { type: "boolean" }],
    ["undefined or null or", Schema.NullishOr(Schema.String), keyword],
    ["null", Schema.Null, undefined],
    ["undefined", Schema.optional(Schema.Undefined), undefined],
    ["Unknown", Schema.Unknown, { type: "object", enabled: false }],
    ["a struct", Schema.Struct({ b: Schema.Int, c: Schema.Struct({ d: Schema.Boolean }) }), {
      properties: { b: { type: "long" }, c: { properties: { d: { type: "boolean" } } } }
    }],
    ["an array of structs", Schema.Array(Schema.Struct({ b: Schema.Int })), { properties: { b: { type: "long" } } }],
    ["a record", Schema.Record({ key: Schema.String, value: Schema.Int }), { dynamic: "false", properties: {} }],
    [
      "a struct with a rest",
      Schema.Struct({ b: Schema.Int }, { key: Schema.String, value: Schema.Unknown }),
      { dynamic: "false", properties: { b: { type: "long" } } }
    ],
    ["a union of numbers", Schema.Union(Schema.Int, Schema.Number), { type: "double" }],
    [
      "a union of structs",
      Schema.Union(
        Schema.Struct({ kind: Schema.Literal("circle"), radius: Schema.Number }),
        Schema.Struct({ kind: Schema.Literal("square"), side: Schema.Int, radius: Schema.Int })
      ),
      { properties: { kind: keyword, radius: { type: "double" }, side: { type: "long" } } }
    ],
    ["GeoPoint", KuzzleMappings.GeoPoint, { type: "geo_point" }]
  ]

  for (const [name, schema, mapping] of defaults) {
    it(name, () => {
      assert.deepStrictEqual<unknown>(field(schema), mapping)
    })
  }

  it("uses the stored names of a class", () => {
    class Book extends Schema.Class<Book>("Book")({
      title: Schema.String,
      pages: Schema.propertySignature(Schema.Int).pipe(Schema.fromKey("page_count"))
    }) {}
    assert.deepStrictEqual<unknown>(derived(Book), { title: keyword, page_count: { type: "long" } })
    assert.deepStrictEqual<unknown>(derived(Book.pipe(Schema.filter(() => true))), derived(Book))
  })

  it("uses the mapping of `field`, wherever it is annotated", () => {
    const text = { type: "text" }
    assert.deepStrictEqual<unknown>(field(Schema.String.pipe(KuzzleMappings.field("text"))), text)
    assert.deepStrictEqual<unknown>(
      field(Schema.String.pipe(KuzzleMappings.field("text"), Schema.minLength(1), Schema.brand("T"))),
      text
    )
    assert.deepStrictEqual<unknown>(field(Schema.optional(Schema.String.pipe(KuzzleMappings.field("text")))), text)
    assert.deepStrictEqual<unknown>(field(Schema.Array(Schema.String).pipe(KuzzleMappings.field("text"))), text)
    assert.deepStrictEqual<unknown>(field(Schema.Date.pipe(KuzzleMappings.field("keyword"))), keyword)
    assert.deepStrictEqual<unknown>(
      field(Schema.DateFromSelf.pipe(KuzzleMappings.field({ type: "date", format: "epoch_millis" }))),
      { type: "date", format: "epoch_millis" }
    )
    assert.deepStrictEqual<unknown>(
      field(Schema.Array(Schema.Struct({ b: Schema.Int })).pipe(KuzzleMappings.field("nested"))),
      { type: "nested", properties: { b: { type: "long" } } }
    )
    assert.deepStrictEqual<unknown>(
      field(Schema.Struct({ b: Schema.Int }).pipe(KuzzleMappings.field({ dynamic: "true" }))),
      { dynamic: "true", properties: { b: { type: "long" } } }
    )
    assert.deepStrictEqual<unknown>(
      field(Schema.Struct({ b: Schema.DateFromSelf }).pipe(KuzzleMappings.field({ type: "object", enabled: false }))),
      { type: "object", enabled: false }
    )
  })

  it("leaves out a field with `unmapped`, wherever it is annotated", () => {
    const note = Schema.String.pipe(KuzzleMappings.unmapped)
    assert.strictEqual(field(note), undefined)
    assert.strictEqual(field(Schema.optional(Schema.NullOr(note))), undefined)
    assert.strictEqual(field(Schema.Array(note)), undefined)
    assert.strictEqual(field(Schema.Struct({ b: Schema.BigIntFromSelf }).pipe(KuzzleMappings.unmapped)), undefined)
    assert.deepStrictEqual<unknown>(derived(Schema.Struct({ a: Schema.Int, note })), { a: { type: "long" } })
  })

  it("does not change the Schema", () => {
    const Name = Schema.String.pipe(Schema.minLength(2), KuzzleMappings.field("text"))
    assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(Name)("x")))
    assert.deepStrictEqual(Schema.decodeUnknownEither(Name)("xy"), Either.right("xy"))
  })

  it("adds the policy for other fields, if there is one", () => {
    const schema = Schema.Struct({ a: Schema.String })
    assert.deepStrictEqual(Effect.runSync(KuzzleMappings.derive(schema)), { properties: { a: keyword } })
    assert.deepStrictEqual(Effect.runSync(KuzzleMappings.derive(schema, { dynamic: "strict" })), {
      dynamic: "strict",
      properties: { a: keyword }
    })
  })

  it("lists all fields that cannot be mapped, with their paths", () => {
    const hint = "; set its mapping with KuzzleMappings.field"
    const [either, date, bigint, ...others] = issues(
      Schema.Struct({
        a: Schema.Union(Schema.String, Schema.Number),
        b: Schema.Struct({ c: Schema.DateFromSelf, d: Schema.Array(Schema.BigIntFromSelf) }),
        e: Schema.Union(Schema.Struct({ f: Schema.String }), Schema.Struct({ f: Schema.Boolean })),
        g: Schema.Union(Schema.String, Schema.Struct({})),
        h: Schema.String
      })
    )
    assert.strictEqual(either, `a: it may be keyword or double${hint}`)
    // Each version of Effect has its own names for what is not JSON.
    assert.match(String(date), /^b\.c: [\w ]*Date\w* is not JSON; set its mapping with KuzzleMappings\.field$/)
    assert.match(String(bigint), /^b\.d: bigint is not JSON; set its mapping with KuzzleMappings\.field$/i)
    assert.deepStrictEqual(others, [
      `e.f: it may be keyword or boolean${hint}`,
      `g: it may be keyword or object${hint}`
    ])
  })

  it("refuses a recursive Schema without a mapping", () => {
    interface Category {
      readonly name: string
      readonly parts: ReadonlyArray<Category>
    }
    const Category = (
      annotate: (schema: Schema.Schema<Category>) => Schema.Schema<Category>
    ): Schema.Schema<Category> => {
      const self: Schema.Schema<Category> = Schema.Struct({
        name: Schema.String,
        parts: Schema.Array(annotate(Schema.suspend(() => self)))
      })
      return self
    }
    assert.deepStrictEqual(issues(Category((schema) => schema)), [
      "parts.parts: it contains itself; set its mapping with KuzzleMappings.field"
    ])
    assert.deepStrictEqual<unknown>(derived(Category(KuzzleMappings.field("flattened"))), {
      name: keyword,
      parts: { type: "flattened" }
    })
  })

  it("refuses a Schema that is not an object", () => {
    assert.deepStrictEqual(issues(Schema.String), ["a document is an object"])
  })
})

describe("compare", () => {
  const compare = (expected: KuzzleMappings.Properties, actual: KuzzleMappings.Properties) =>
    KuzzleMappings.compare({ properties: expected }, { dynamic: "false", properties: actual })

  it("reports nothing for equal mappings, in any order and notation", () => {
    const schema = Schema.Struct({
      a: Schema.Struct({ b: Schema.Int }),
      c: Schema.Record({ key: Schema.String, value: Schema.Int })
    })
    assert.deepStrictEqual(
      compare(derived(schema), {
        c: { type: "object", dynamic: "false" },
        a: { type: "object", properties: { b: { type: "long" } } }
      }),
      []
    )
    assert.deepStrictEqual(
      compare({ a: { type: "keyword", ignore_above: 256, index: false } }, {
        a: { index: "false", ignore_above: "256", type: "keyword" }
      }),
      []
    )
  })

  it("reports each difference with its path", () => {
    assert.deepStrictEqual(
      compare(
        {
          a: { properties: { b: { type: "keyword" }, c: { type: "long" } } },
          d: { type: "text", fields: { keyword: { type: "keyword" } } },
          e: { type: "nested", properties: {} }
        },
        {
          a: { properties: { b: { type: "text" } } },
          d: { type: "text", analyzer: "french" },
          e: { properties: {} },
          f: { type: "date" }
        }
      ),
      [
        { _tag: "Different", path: "a.b", parameter: "type", expected: "keyword", actual: "text" },
        { _tag: "Missing", path: "a.c", expected: { type: "long" } },
        {
          _tag: "Different",
          path: "d",
          parameter: "fields",
          expected: { keyword: { type: "keyword" } },
          actual: undefined
        },
        { _tag: "Different", path: "d", parameter: "analyzer", expected: undefined, actual: "french" },
        { _tag: "Different", path: "e", parameter: "type", expected: "nested", actual: "object" },
        { _tag: "Extra", path: "f", actual: { type: "date" } }
      ]
    )
  })

  it("compares the policy only if one is expected", () => {
    assert.deepStrictEqual(
      KuzzleMappings.compare({ dynamic: "strict", properties: {} }, { dynamic: "false", properties: {} }),
      [{ _tag: "Different", path: "", parameter: "dynamic", expected: "strict", actual: "false" }]
    )
    assert.deepStrictEqual(KuzzleMappings.compare({ properties: {} }, { dynamic: "false", properties: {} }), [])
  })

  it("supports a field with the name of a member of every object", () => {
    assert.deepStrictEqual(compare({ constructor: { type: "long" } }, {}), [
      { _tag: "Missing", path: "constructor", expected: { type: "long" } }
    ])
  })
})

describe("format", () => {
  const place = { index: "nyc", collection: "taxi" }

  it("has a line for each difference", () => {
    assert.strictEqual(
      KuzzleMappings.format({
        ...place,
        exists: true,
        differences: [
          { _tag: "Different", path: "", parameter: "dynamic", expected: "strict", actual: "false" },
          { _tag: "Missing", path: "a", expected: { properties: { b: { type: "long" }, c: { type: "long" } } } },
          { _tag: "Missing", path: "d", expected: { type: "text", analyzer: "french" } },
          { _tag: "Different", path: "e", parameter: "fields", expected: undefined, actual: { k: { type: "long" } } },
          { _tag: "Extra", path: "f", actual: { type: "date" } }
        ]
      }),
      [
        "nyc/taxi: differs from the Schema",
        "  ! dynamic is false, should be strict",
        "  + a: missing, should be object of b, c",
        "  + d: missing, should be text {\"analyzer\":\"french\"}",
        "  ! e: fields is {\"k\":{\"type\":\"long\"}}, should be absent",
        "  · f: only on the server, date"
      ].join("\n")
    )
  })

  it("does not count a field that only the server has as a difference from the Schema", () => {
    assert.strictEqual(
      KuzzleMappings.format({
        ...place,
        exists: true,
        differences: [{ _tag: "Extra", path: "f", actual: { type: "date" } }]
      }),
      "nyc/taxi: matches the Schema\n  · f: only on the server, date"
    )
    assert.strictEqual(
      KuzzleMappings.format({ ...place, exists: false, differences: [] }),
      "nyc/taxi: does not exist"
    )
  })
})

describe("diff", () => {
  it.effect("C7: malformed mappings are a typed error that names the field", () =>
    Effect.gen(function*() {
      const target = {
        index: "nyc",
        collection: "taxi",
        schema: Schema.Struct({ a: Schema.Struct({ b: Schema.String }) })
      }
      const wrong: ReadonlyArray<readonly [properties: unknown, issue: string]> = [
        [null, "result.properties: expected an object, got null"],
        [[], "result.properties: expected an object, got an array"],
        [{ a: null }, "result.properties.a: expected an object, got null"],
        [{ a: { type: 1 } }, "result.properties.a.type: expected a string, got a number"],
        [{ a: { properties: null } }, "result.properties.a.properties: expected an object, got null"],
        [{ a: { properties: { b: "text" } } }, "result.properties.a.properties.b: expected an object, got a string"]
      ]
      for (const [properties, issue] of wrong) {
        const error = yield* Effect.flip(
          KuzzleMappings.diff(target).pipe(Effect.provide(answering(() => ({ dynamic: "true", properties }))))
        )
        assert.deepInclude(error, {
          _tag: "KuzzleProtocolError",
          controller: "collection",
          action: "getMapping",
          issue
        })
      }
    }))
})
