/** `effect-kuzzle schema`: the text that it writes for collections and for the actions of plugins. */
import { type Kuzzle, KuzzleCollection, KuzzleDocument, KuzzleIndex, KuzzleMappings } from "@effect-kuzzle/core"
import type { KuzzleServer } from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, Layer, Runtime } from "effect"
import * as Memory from "../../../tests/suite/memory.ts"
import { schemaOf } from "../src/internal/command/schema/collection.ts"
import * as File from "../src/internal/command/schema/file.ts"
import * as Spelling from "../src/internal/command/schema/spelling.ts"
import * as Arbitrary from "./schema/arbitrary.ts"
import { assertFits, assertMapped, faultsOf, load, repositoriesOf } from "./schema/generated.ts"

const noApi: Pick<File.ServerData, "api" | "openapi"> = { api: {}, openapi: {} }

const fileOf = ({ documents, properties }: Arbitrary.Collection): string =>
  File.write({ ...noApi, collections: [{ index: "nyc", collection: "taxi", mappings: { properties }, documents }] })

const only = <A>(values: Iterable<A>): A => {
  const [value, ...others] = values
  assert(value !== undefined && others.length === 0)
  return value
}

const repeated = (times: number, ...documents: ReadonlyArray<object>) =>
  Array.from({ length: times }, () => documents).flat()

const sourceOf = (properties: KuzzleMappings.Properties, documents: ReadonlyArray<object>) =>
  schemaOf({ properties }, documents)

/** Creates a collection and writes its file, which must fit the stored documents. */
const assertWritten = (collection: string, { documents, properties }: Arbitrary.Collection) =>
  Effect.gen(function*() {
    const target = { index: "nyc", collection }
    yield* KuzzleCollection.create({ ...target, mappings: { properties } })
    yield* KuzzleDocument.mCreate({ ...target, documents: documents.map((body) => ({ body: { ...body } })) })
    yield* KuzzleCollection.refresh(target)
    const { hits } = yield* KuzzleDocument.search({ ...target, size: 100 })
    const stored = hits.map(({ _source: { _kuzzle_info: _, ...content } }) => content)
    // Safe: the answer of the action has this shape.
    const mappings = (yield* KuzzleCollection.getMapping(target)) as KuzzleMappings.Mappings
    const text = File.write({ ...noApi, collections: [{ ...target, mappings, documents: stored }] })
    const repository = only(repositoriesOf(text).values())
    assertFits(repository, stored)
    yield* assertMapped(repository)
  })

describe("a collection", () => {
  it("decodes the sampled documents and encodes them unchanged, and its mappings equal those of the server", () => {
    fc.assert(
      fc.property(fc.oneof(Arbitrary.collection, Arbitrary.strangers), (collection) => {
        const text = fileOf(collection)
        const { schema } = only(repositoriesOf(text).values())
        assertFits({ schema }, collection.documents)
        const derived = Effect.runSync(KuzzleMappings.derive(schema))
        assert.deepStrictEqual(KuzzleMappings.compare(derived, { properties: collection.properties }), [])
      }),
      { numRuns: 50 }
    )
  }, 60_000)

  it("has required fields if every document has them", () => {
    assert.strictEqual(
      sourceOf({ a: { type: "keyword" }, b: { type: "long" } }, [{ a: "x", b: 1 }, { a: null }]),
      "Schema.Struct({\n  a: Schema.NullOr(Schema.String),\n  b: Schema.optional(Schema.Int)\n})"
    )
    assert.strictEqual(sourceOf({ a: { type: "keyword" } }, []), "Schema.Struct({ a: Schema.optional(Schema.String) })")
  })

  it("has literals for 2 to 8 different short texts, each of them at least 3 times among at least 30 values", () => {
    const a = { type: "keyword" }
    const literals = `Schema.Struct({ a: ${Spelling.oneOf(["\"busy\"", "\"free\""])} })`
    const text = "Schema.Struct({ a: Schema.String })"
    assert.strictEqual(sourceOf({ a }, repeated(15, { a: "free" }, { a: "busy" })), literals)
    assert.strictEqual(sourceOf({ a }, repeated(14, { a: "free" }, { a: "busy" })), text)
    assert.strictEqual(sourceOf({ a }, repeated(30, { a: "free" })), text)
    assert.strictEqual(
      sourceOf({ a }, [...repeated(15, { a: "free" }, { a: "busy" }), { a: "out" }, { a: "out" }]),
      text
    )
    assert.strictEqual(sourceOf({ a }, repeated(15, { a: "free" }, { a: "x".repeat(41) })), text)
    const each = (n: number) => repeated(4, ...Array.from({ length: n }, (_, i) => ({ a: `v${i}` })))
    assert.include(sourceOf({ a }, each(8)), "Schema.Literal")
    assert.strictEqual(sourceOf({ a }, each(9)), text)
    assert.strictEqual(
      sourceOf({ a: { type: "text" } }, repeated(15, { a: "free" }, { a: "busy" })),
      "Schema.Struct({ a: Schema.String.pipe(KuzzleMappings.field(\"text\")) })"
    )
  })

  it("has dates for texts in the form of a Date, points for objects of a GeoPoint, and texts and numbers for other values", () => {
    const of = (field: KuzzleMappings.Field, ...values: ReadonlyArray<unknown>) =>
      /a: (.*?)(?: \}\)|\n\}\))$/.exec(sourceOf({ a: field }, values.map((a) => ({ a }))))?.[1]
    const date = { type: "date" }
    assert.strictEqual(of(date, "2020-01-02T03:04:05.678Z"), Spelling.isoDate)
    assert.strictEqual(of(date, 1_600_000_000_000), Spelling.millis)
    assert.strictEqual(of(date, "2020-01-02"), "Schema.String.pipe(KuzzleMappings.field(\"date\"))")
    assert.strictEqual(
      of({ type: "date", format: "epoch_second" }, 1_600_000_000),
      "Schema.Number.pipe(KuzzleMappings.field({ type: \"date\", format: \"epoch_second\" }))"
    )
    const point = { type: "geo_point" }
    assert.strictEqual(of(point, { lat: 1, lon: 2 }), "KuzzleMappings.GeoPoint")
    assert.strictEqual(of(point, [{ lat: 1, lon: 2 }]), "Schema.Array(KuzzleMappings.GeoPoint)")
    assert.strictEqual(of(point, "1,2"), "Schema.String.pipe(KuzzleMappings.field(\"geo_point\"))")
    assert.notInclude(sourceOf({ a: point }, [{ a: { lat: 91, lon: 2 } }]), "GeoPoint")
  })

  it("has whole numbers where the mapping and the documents say so", () => {
    const withValue = (type: string, a: unknown) => sourceOf({ a: { type } }, [{ a }])
    assert.include(withValue("long", 1), "Schema.Int ")
    assert.include(withValue("long", 1.5), "Schema.Number.pipe(KuzzleMappings.field(\"long\"))")
    assert.include(withValue("long", 2 ** 60), "Schema.Number.pipe")
    assert.include(withValue("double", 1), "Schema.Number ")
  })

  it("has a field that is not mapped, and a record for many names", () => {
    assert.strictEqual(
      sourceOf({}, [{ note: "x" }]),
      "Schema.Struct({ note: Schema.String.pipe(KuzzleMappings.unmapped) })"
    )
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, i]))
    assert.include(sourceOf({}, [{ many }]), "many: Schema.Record(")
  })

  it.scoped("fits the data of the embedded Kuzzle", () =>
    Effect.gen(function*() {
      const engine = Layer.succeed(KuzzleEngine.KuzzleEngine, yield* KuzzleEngine.make())
      yield* Effect.gen(function*() {
        yield* KuzzleIndex.create({ index: "nyc" })
        const runtime = yield* Effect.runtime<Kuzzle.Kuzzle>()
        let collections = 0
        const test = (collection: Arbitrary.Collection) =>
          Runtime.runPromise(runtime)(assertWritten(`taxi${collections++}`, collection))
        yield* Effect.promise(() => fc.assert(fc.asyncProperty(Arbitrary.collection, test), { numRuns: 25 }))
      }).pipe(Effect.provide(Memory.layerClient(engine)))
    }), 60_000)
})

const sampled = (index: string, collection: string): File.SampledCollection => ({
  index,
  collection,
  mappings: { properties: {} },
  documents: []
})

const oddNames = ["a-b", "a_b", "class", "schema", "kuzzle-repository", "1st", "出租车", "object", "-"]

const fileOfNames = (...names: ReadonlyArray<string>): string =>
  File.write({ ...noApi, collections: names.map((name) => sampled("nyc", name)) })

describe("a file", () => {
  const names = (...collections: ReadonlyArray<File.SampledCollection>) =>
    Object.keys(load(File.write({ ...noApi, collections })))

  it("names collections by their own names, and by their indexes where there are several", () => {
    assert.sameMembers(names(sampled("nyc", "yellow-taxi")), ["YellowTaxi", "yellowTaxi"])
    assert.sameMembers(names(sampled("nyc", "taxi"), sampled("paris", "taxi")), [
      "NycTaxi",
      "nycTaxi",
      "ParisTaxi",
      "parisTaxi"
    ])
  })

  it("uses each name once, and no name that TypeScript or the file reserves", () => {
    const text = fileOfNames(...oddNames)
    assert.strictEqual(Object.keys(load(text)).length, 2 * oddNames.length)
  })

  it("does not depend on the order of reading", () => {
    const documents = [{ b: 1, a: "x" }, { c: true, a: "y" }]
    const first = { ...sampled("nyc", "a"), documents }
    const second = { ...sampled("nyc", "b"), documents }
    assert.strictEqual(
      File.write({ ...noApi, collections: [first, second] }),
      File.write({ ...noApi, collections: [{ ...second, documents: [...documents].reverse() }, first] })
    )
  })

  it("is recognized, and distinguished from an edited one", () => {
    const text = File.write({ ...noApi, collections: [sampled("nyc", "taxi")] })
    assert.strictEqual(File.stateOf(text), "Written")
    assert.strictEqual(File.stateOf(text.replaceAll("\n", "\r\n")), "Written")
    assert.strictEqual(File.stateOf(text.replace("nyc", "NYC")), "Edited")
    assert.strictEqual(File.stateOf(`${text}export const mine = 1\n`), "Edited")
    assert.strictEqual(File.stateOf("export const mine = 1\n"), "Foreign")
  })
})

const api: KuzzleServer.Api = {
  document: { get: { controller: "document", action: "get" } },
  taxis: {
    park: {
      controller: "taxis",
      action: "park",
      http: [{ verb: "POST", path: "/_/taxis/:plate/park", url: "/_/taxis/:plate/park" }]
    },
    list: { controller: "taxis", action: "list", http: [{ verb: "get", path: "/_/taxis", url: "/_/taxis" }] },
    hidden: { controller: "taxis", action: "hidden" }
  },
  "fleet-plugin/depots": {
    get: {
      controller: "fleet-plugin/depots",
      action: "get",
      http: [
        { verb: "GET", path: "/_plugin/fleet-plugin/depots/:_id", url: "/_plugin/fleet-plugin/depots/:_id" },
        { verb: "GET", path: "/_/depots/:_id", url: "/_/depots/:_id" }
      ]
    }
  }
}
const openapi = {
  paths: {
    "/_/taxis/{plate}/park": {
      post: {
        summary: "Parks a taxi. */ evil",
        parameters: [
          { in: "path", name: "plate", required: true, schema: { type: "string" } },
          { in: "query", name: "level", schema: { type: "integer" } }
        ],
        requestBody: {
          required: true,
          content: {
            "application/json": {
              schema: {
                type: "object",
                required: ["until"],
                properties: { until: { type: "string" }, kind: { enum: ["short", "long"] } }
              }
            }
          }
        },
        responses: {
          200: {
            content: {
              "application/json": { schema: { properties: { result: { $ref: "#/components/schemas/Place" } } } }
            }
          }
        }
      }
    },
    "/_/depots/{_id}": {
      get: { description: "Controller: fleet-plugin/depots.", summary: "Action: get.", responses: {} }
    }
  },
  components: {
    schemas: {
      Place: {
        type: "object",
        required: ["place"],
        properties: { place: { type: "integer", nullable: true }, next: { $ref: "#/components/schemas/Place" } }
      }
    }
  }
}
const actions = File.write({ api, openapi, collections: [] })

describe("actions", () => {
  it("are declared as the server documents them, without Kuzzle's own actions", () => {
    assert.deepStrictEqual(Object.keys(load(actions)), ["depotsGet", "taxisHidden", "taxisList", "taxisPark"])
    assert.include(
      actions,
      `export const taxisPark = KuzzleAction.make({
  controller: "taxis",
  action: "park",
  http: ["POST", "/_/taxis/:plate/park"],
  idempotent: false,
  options: Schema.Struct({
    plate: Schema.String,
    level: Schema.optional(Schema.Int),
    until: Schema.String,
    kind: Schema.optional(${Spelling.oneOf(["\"short\"", "\"long\""])})
  }),
  body: ["until", "kind"],
  result: Schema.Struct({
    place: Schema.NullOr(Schema.Int),
    next: Schema.optional(Schema.Unknown)
  })
})`
    )
    assert.include(actions, "/** taxis:park. Parks a taxi. * / evil */")
    assert.include(actions, `http: ["GET", "/_/depots/:_id"]`)
  })
})

it("the output compiles and accepts valid values", async () => {
  const uses = `
export const uses = [
  depotsGet({ _id: "a", more: 1 }),
  taxisHidden(),
  taxisHidden({ body: { a: 1 }, timeout: "1 second" }),
  taxisPark({ plate: "a", until: "b" }),
  // @ts-expect-error: no such kind
  taxisPark({ plate: "a", until: "b", kind: "medium" }),
  // @ts-expect-error: the id is in the path
  depotsGet({ more: 1 })
]`
  const collections = fc.sample(Arbitrary.collection, { numRuns: 6 }).map(fileOf)
  const wrong = "export const wrong: string = 1"
  const [first = "", ...others] = await faultsOf([wrong, actions + uses, fileOfNames(...oddNames), ...collections])
  assert.include(first, wrong)
  assert.deepStrictEqual(others, [])
}, 120_000)
