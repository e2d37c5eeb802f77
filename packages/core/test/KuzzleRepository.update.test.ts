/** Partial updates: each value of a field changes the stored document, or is refused. */
import { Kuzzle, KuzzleRepository } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { answering, type SentRequest } from "./support/answering.ts"

/** The body that an update of a document with this Schema sends. */
const sent = <A, I extends object>(schema: Schema.Schema<A, I>, content: KuzzleRepository.Changes<A>) =>
  Effect.gen(function*() {
    const requests: Array<SentRequest> = []
    const repository = KuzzleRepository.make({ index: "i", collection: "c", schema, onInvalid: "pass" })
    yield* repository.update({ _id: "1", content }).pipe(
      Effect.provide(answering((request) => {
        requests.push(request)
        return { _id: "1", _source: {}, _version: 1 }
      }))
    )
    return requests[0]?.body
  })

const text = Schema.String
// JavaScript can pass values that TypeScript does not allow.
const untyped = (content: object) => content as never

const Driver = Schema.Struct({ name: text, phone: Schema.optional(text) })
const Nullable = Schema.Struct({
  name: text,
  phone: Schema.optionalWith(text, { as: "Option", nullable: true }).pipe(Schema.fromKey("tel"))
})
class Inner extends Schema.Class<Inner>("Inner")({
  note: Schema.optionalWith(text, { as: "Option" }),
  mark: Schema.NullOr(text)
}) {}

const Swapped = Schema.Struct({
  a: Schema.transform(Schema.Struct({ from: Schema.optional(text) }), Schema.Struct({ to: Schema.optional(text) }), {
    decode: ({ from }): { readonly to?: string | undefined } => ({ to: from }),
    encode: ({ to }) => ({ from: to })
  })
})

interface Tree {
  readonly value: string
  readonly note: string
  readonly left?: Tree
}
const Tree: Schema.Schema<Tree> = Schema.Struct({
  value: text,
  note: text,
  left: Schema.optionalWith(Schema.suspend(() => Tree), { exact: true })
})

/** `undefined`: refused. */
const rows: ReadonlyArray<
  readonly [what: string, schema: Schema.Schema.AnyNoContext, content: object, body: object | undefined, path?: string]
> = [
  ["optional, undefined", Schema.Struct({ a: Schema.optional(text) }), { a: undefined }, undefined],
  ["optional, given", Schema.Struct({ a: Schema.optional(text) }), { a: "x" }, { a: "x" }],
  [
    "exact optional, undefined",
    Schema.Struct({ a: Schema.optionalWith(text, { exact: true }) }),
    { a: undefined },
    undefined
  ],
  ["transformed as a whole, undefined inside", Swapped, { a: { to: undefined } }, undefined],
  ["transformed as a whole, given", Swapped, { a: { to: "x" } }, { a: { from: "x" } }],
  ["required, undefined", Schema.Struct({ a: text }), { a: undefined }, undefined],
  ["UndefinedOr, undefined", Schema.Struct({ a: Schema.UndefinedOr(text) }), { a: undefined }, undefined],
  ["NullOr, null", Schema.Struct({ a: Schema.NullOr(text) }), { a: null }, { a: null }],
  ["NullishOr, undefined", Schema.Struct({ a: Schema.NullishOr(text) }), { a: undefined }, { a: null }],
  ["nullable, undefined", Schema.Struct({ a: Schema.optionalWith(text, { nullable: true }) }), { a: undefined }, {
    a: null
  }],
  [
    "as Option, none",
    Schema.Struct({ a: Schema.optionalWith(text, { as: "Option" }) }),
    { a: Option.none() },
    undefined
  ],
  ["as Option, some", Schema.Struct({ a: Schema.optionalWith(text, { as: "Option" }) }), { a: Option.some("x") }, {
    a: "x"
  }],
  [
    "as Option, nullable, none",
    Schema.Struct({ a: Schema.optionalWith(text, { as: "Option", nullable: true }) }),
    { a: Option.none() },
    { a: null }
  ],
  [
    "as Option, exact, none",
    Schema.Struct({ a: Schema.optionalWith(text, { as: "Option", exact: true }) }),
    { a: Option.none() },
    undefined
  ],
  [
    "as Option, none encoded as the Schema says",
    Schema.Struct({
      a: Schema.optionalWith(text, { as: "Option", nullable: true, onNoneEncoding: () => Option.some(null) })
    }),
    { a: Option.none() },
    { a: null }
  ],
  ["OptionFromNullOr, none", Schema.Struct({ a: Schema.OptionFromNullOr(text) }), { a: Option.none() }, { a: null }],
  [
    "OptionFromUndefinedOr, none",
    Schema.Struct({ a: Schema.OptionFromUndefinedOr(text) }),
    { a: Option.none() },
    undefined
  ],
  [
    "default, undefined",
    Schema.Struct({ a: Schema.optionalWith(text, { default: () => "d" }) }),
    { a: undefined },
    undefined
  ],
  ["default, the default", Schema.Struct({ a: Schema.optionalWith(text, { default: () => "d" }) }), { a: "d" }, {
    a: "d"
  }],
  [
    "renamed, as Option, none",
    Schema.Struct({ a: Schema.optionalWith(text, { as: "Option" }).pipe(Schema.fromKey("stored")) }),
    { a: Option.none() },
    undefined
  ],
  [
    "renamed, as Option, nullable, none",
    Schema.Struct({ a: Schema.optionalWith(text, { as: "Option", nullable: true }).pipe(Schema.fromKey("stored")) }),
    { a: Option.none() },
    { stored: null }
  ],
  [
    "renamed as a whole, undefined",
    Schema.rename(Schema.Struct({ b: Schema.optional(text) }), { b: "a" }),
    { a: undefined },
    undefined
  ],
  [
    "a transformation of the whole",
    Schema.transform(Schema.Struct({ b: text }), Schema.Struct({ a: text }), {
      strict: true,
      decode: ({ b }) => ({ a: b }),
      encode: ({ a }) => ({ b: a })
    }),
    { a: "x" },
    undefined,
    "it cannot be updated in part"
  ],
  ["nested, absent", Schema.Struct({ a: Driver }), { a: { name: "x" } }, { a: { name: "x" } }],
  ["nested, in part", Schema.Struct({ a: Driver }), { a: { phone: "1" } }, { a: { phone: "1" } }],
  ["nested, no field at all", Schema.Struct({ a: Driver }), { a: {} }, { a: {} }],
  ["nested, an unknown field", Schema.Struct({ a: Driver }), { a: { fone: "1" } }, undefined, "fone"],
  ["nested, in part, a wrong value", Schema.Struct({ a: Driver }), { a: { phone: 1 } }, undefined],
  ["nested twice, in part", Schema.Struct({ a: Schema.Struct({ b: Driver, c: text }) }), { a: { b: { phone: "1" } } }, {
    a: { b: { phone: "1" } }
  }],
  ["nested or null, in part", Schema.Struct({ a: Schema.NullOr(Driver) }), { a: { phone: "1" } }, {
    a: { phone: "1" }
  }],
  ["nested or null, null", Schema.Struct({ a: Schema.NullOr(Driver) }), { a: null }, { a: null }],
  ["nested optional, in part", Schema.Struct({ a: Schema.optional(Driver) }), { a: { phone: "1" } }, {
    a: { phone: "1" }
  }],
  ["nested and renamed, in part", Schema.Struct({ a: Nullable }), { a: { phone: Option.some("1") } }, {
    a: { tel: "1" }
  }],
  ["nested class, in part", Schema.Struct({ a: Inner }), { a: { mark: null } }, { a: { mark: null } }],
  ["nested Option, in part", Schema.Struct({ a: Schema.OptionFromNullOr(Driver) }), {
    a: Option.some({ phone: "1" })
  }, undefined],
  ["record of structs, one in part", Schema.Struct({ a: Schema.Record({ key: text, value: Driver }) }), {
    a: { x: { phone: "1" } }
  }, undefined],
  ["list of structs, one in part", Schema.Struct({ a: Schema.Array(Driver) }), { a: [{ phone: "1" }] }, undefined],
  ["itself, in part", Tree, { left: { left: { value: "x" } } }, { left: { left: { value: "x" } } }],
  [
    "nested, undefined",
    Schema.Struct({ a: Driver }),
    { a: { name: "x", phone: undefined } },
    undefined,
    "[\"a\"][\"phone\"]"
  ],
  ["nested, nullable, none", Schema.Struct({ a: Nullable }), { a: { name: "x", phone: Option.none() } }, {
    a: { name: "x", tel: null }
  }],
  [
    "nested in an Option, undefined",
    Schema.Struct({ a: Schema.optionalWith(Driver, { as: "Option" }) }),
    { a: Option.some({ name: "x", phone: undefined }) },
    undefined,
    "[\"a\"][\"phone\"]"
  ],
  [
    "nested class, none",
    Schema.Struct({ a: Inner }),
    { a: new Inner({ note: Option.none(), mark: null }) },
    undefined,
    "[\"a\"][\"note\"]"
  ],
  ["nested class, some", Schema.Struct({ a: Inner }), { a: new Inner({ note: Option.some("n"), mark: null }) }, {
    a: { note: "n", mark: null }
  }],
  ["class, none", Inner, { note: Option.none() }, undefined, "[\"note\"]"],
  [
    "one of several shapes, undefined",
    Schema.Struct({ a: Schema.Union(Driver, Schema.Struct({ id: text, tel: Schema.optional(text) })) }),
    { a: { id: "7", tel: undefined } },
    undefined,
    "[\"a\"][\"tel\"]"
  ],
  [
    "a record, undefined",
    Schema.Struct({ a: Schema.Record({ key: text, value: Schema.UndefinedOr(text) }) }),
    { a: { x: "1", y: undefined } },
    undefined,
    "[\"a\"][\"y\"]"
  ],
  [
    "in an array, which is replaced as a whole",
    Schema.Struct({ a: Schema.Array(Driver) }),
    { a: [{ name: "x", phone: undefined }] },
    { a: [{ name: "x" }] }
  ]
]

describe("partial updates", () => {
  for (const [what, schema, content, body, path = "[\"a\"]"] of rows) {
    it.effect(`${what}: ${body === undefined ? "refused" : "a change"}`, () =>
      Effect.gen(function*() {
        if (body !== undefined) return assert.deepStrictEqual(yield* sent(schema, untyped(content)), body)
        const error = yield* Effect.flip(sent(schema, untyped(content)))
        assert.instanceOf(error, KuzzleRepository.InvalidContentError)
        assert.include(error.message, "nothing was sent")
        assert.include(error.message.replace(/\s*└─ /g, ""), path)
      }))
  }

  it.effect("the error for a field that cannot be cleared names the alternatives", () =>
    Effect.gen(function*() {
      const schema = Schema.Struct({ note: Schema.optionalWith(text, { as: "Option" }) })
      const { message } = yield* Effect.flip(sent(schema, { note: Option.none() }))
      assert.include(message, "[\"note\"]")
      assert.include(
        message,
        "replace the document, remove the field with KuzzleDocument.deleteFields, or let its Schema"
      )
    }))

  it.effect("a field stored as null is read as absent", () =>
    Effect.gen(function*() {
      const schema = Schema.Struct({ a: Schema.optionalWith(text, { as: "Option", nullable: true }) })
      assert.deepStrictEqual(Schema.decodeUnknownSync(schema)(yield* sent(schema, { a: Option.none() })), {
        a: Option.none()
      })
    }))

  it.effect("`upsert` and `mUpdate` refuse what `update` refuses", () =>
    Effect.gen(function*() {
      const schema = Schema.Struct({ a: Schema.optional(text) })
      const repository = KuzzleRepository.make({ index: "i", collection: "c", schema })
      const changes = { a: undefined }
      const unsent = Effect.provideService(
        Kuzzle.Kuzzle,
        // No member of the client may be used.
        new Proxy({} as Kuzzle.KuzzleShape, {
          get: () => assert.fail("it was sent")
        })
      )
      assert.instanceOf(
        yield* Effect.flip(unsent(repository.upsert({ _id: "1", changes, default: { a: "x" } }))),
        KuzzleRepository.InvalidContentError
      )
      assert.instanceOf(
        yield* Effect.flip(unsent(repository.mUpdate({ documents: [{ _id: "1", content: changes }] }))),
        KuzzleRepository.InvalidContentError
      )
    }))
})
