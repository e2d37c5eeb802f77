/** Generated mappings, with documents that Elasticsearch accepts for them. */
import type { KuzzleMappings } from "@effect-kuzzle/core"
import { FastCheck as fc } from "effect"

const name = fc.constantFrom("a", "b", "c", "name", "at", "from-to", "0", "class", "lat", "lon", "x y")

const few = fc.constantFrom("free", "busy", "", "out of \"service\"")

const isoDate = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") })
  .map((date) => date.toISOString())

const millis = fc.integer({ min: 0, max: 4_000_000_000_000 })

const point = fc.record({ lat: fc.integer({ min: -90, max: 90 }), lon: fc.integer({ min: -180, max: 180 }) })

/** JSON values as they are parsed: without `-0`, for example. */
const json = fc.jsonValue({ maxDepth: 3 })
  .map((value) => JSON.stringify(value))
  .filter((text) => !text.includes("__proto__"))
  .map((text): unknown => JSON.parse(text))

/** Types, with the kinds of values that Elasticsearch accepts for them. */
const leaves: ReadonlyArray<readonly [field: KuzzleMappings.Field, values: ReadonlyArray<fc.Arbitrary<unknown>>]> = [
  [{ type: "keyword" }, [few, fc.string({ maxLength: 5 }), fc.integer(), fc.boolean()]],
  [{ type: "text", fields: { keyword: { type: "keyword" } } }, [few, fc.string()]],
  [{ type: "long" }, [fc.integer(), fc.integer().map(String), fc.integer().map((n) => n / 2)]],
  [{ type: "short", index: false }, [fc.integer({ min: -9, max: 9 })]],
  [{ type: "double" }, [fc.integer(), fc.integer().map((n) => n / 4)]],
  [{ type: "boolean" }, [fc.boolean(), fc.constantFrom("true", "false")]],
  [{ type: "date" }, [isoDate, millis, fc.constant("2020-01-02")]],
  [{ type: "geo_point" }, [
    point,
    fc.tuple(fc.integer({ min: -90, max: 90 }), fc.integer({ min: -90, max: 90 })).map(String),
    fc.tuple(fc.integer({ min: -90, max: 90 }), fc.integer({ min: -90, max: 90 }))
  ]],
  [{ type: "object", enabled: false }, [json, fc.dictionary(name, json)]]
]

interface Generated {
  readonly field: KuzzleMappings.Field
  readonly value: fc.Arbitrary<unknown>
}

/** Values of one or two kinds of a type: single values, lists of them, or null. */
const valueOf = (ways: ReadonlyArray<fc.Arbitrary<unknown>>): fc.Arbitrary<fc.Arbitrary<unknown>> =>
  fc.tuple(
    fc.subarray([...ways], { minLength: 1, maxLength: Math.min(ways.length, 2) }),
    fc.boolean(),
    fc.boolean(),
    fc.boolean()
  ).map(
    ([chosen, single, many, nulls]) =>
      fc.oneof(
        ...(single || !many ? [fc.oneof(...chosen)] : []),
        ...(many ? [fc.array(fc.oneof(...chosen), { maxLength: 3 })] : []),
        ...(nulls ? [fc.constant(null)] : [])
      )
  )

const leaf: fc.Arbitrary<Generated> = fc.constantFrom(...leaves).chain(([field, ways]) =>
  valueOf(ways).map((value) => ({ field, value }))
)

const object = (depth: number): fc.Arbitrary<Generated> =>
  fc.tuple(
    fc.dictionary(
      name,
      depth === 0 ? leaf : fc.oneof({ weight: 4, arbitrary: leaf }, { arbitrary: object(depth - 1), weight: 1 }),
      {
        maxKeys: 4
      }
    ),
    fc.constantFrom<KuzzleMappings.Field>({}, {}, { dynamic: "false" }, { type: "nested" })
  ).chain(([members, own]) => {
    const value = contents(members)
    const properties = Object.fromEntries(Object.entries(members).map(([name, { field }]) => [name, field]))
    return valueOf([value]).map((value) => ({ field: { ...own, properties }, value }))
  })

/** Objects with all or some of the members, and sometimes other members. */
const contents = (members: Readonly<Record<string, Generated>>): fc.Arbitrary<object> =>
  fc.tuple(
    fc.record(
      Object.fromEntries(Object.entries(members).map(([name, { value }]) => [name, value])),
      { requiredKeys: Object.keys(members).slice(1) }
    ),
    fc.dictionary(fc.constantFrom("extra", "other", "y"), json, { maxKeys: 1 })
  ).map(([known, others]) => ({ ...others, ...known }))

export interface Collection {
  readonly properties: KuzzleMappings.Properties
  readonly documents: ReadonlyArray<object>
}

/** Enough documents for literals. With its default size, fast-check seldom makes more than 10. */
const someDocuments = { maxLength: 45, size: "max" } as const

/** A collection that a server can contain. */
export const collection: fc.Arbitrary<Collection> = fc.dictionary(
  name,
  fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: object(1) }),
  { maxKeys: 6 }
).chain((members) =>
  fc.record({
    properties: fc.constant(Object.fromEntries(Object.entries(members).map(([name, { field }]) => [name, field]))),
    documents: fc.array(contents(members), someDocuments)
  })
)

/** Mappings, and documents that have only the names of fields in common with them. */
export const strangers: fc.Arbitrary<Collection> = fc.tuple(
  collection,
  fc.array(fc.dictionary(name, fc.oneof(json, few, isoDate, millis, point, fc.dictionary(name, json))), someDocuments)
).map(([{ properties }, documents]) => ({ properties, documents }))
