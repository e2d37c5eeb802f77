/** `collection`. */
import { KuzzleCollection, KuzzleDocument } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { World } from "../suite/backend.ts"
import { contract } from "./contract.ts"
import { Content, hit, Info, optional } from "./schemas.ts"

const nyc = { index: "nyc", collection: "taxi" }
const wire = (action: string) => ({ controller: "collection", action, ...nyc })

const collection = Effect.flatMap(World, (world) => world.collection)

const nowhere = Effect.map(World, ({ index }) => ({ index, collection: "not-there" }))

const noCollection = { tag: "KuzzleCollectionNotFoundError", id: "services.storage.unknown_collection" } as const
const badMapping = { tag: "KuzzleInvalidMappingError", id: "services.storage.invalid_mapping" } as const
const noArgument = { tag: "KuzzleBadRequestError", id: "api.assert.missing_argument" } as const

const specifications: KuzzleCollection.Specifications = {
  strict: false,
  fields: {
    seats: { type: "integer", mandatory: true, defaultValue: 4, description: "for guests" },
    tags: { type: "enum", typeOptions: { values: ["new"] }, multivalued: { value: true, minCount: 1, maxCount: 2 } }
  },
  validators: [{ not: { equals: { seats: 13 } } }]
}

/** A collection with specifications, for as long as the scope. */
const specified = Effect.gen(function*() {
  const { admin } = yield* World
  const target = yield* collection
  yield* KuzzleCollection.updateSpecifications({ ...target, specifications })
  yield* Effect.addFinalizer(() =>
    Effect.orDie(admin.query({ controller: "collection", action: "deleteSpecifications", ...target }))
  )
  return target
})

const Mapping = Schema.Struct({
  dynamic: Schema.Literal("true", "false", "strict"),
  _meta: optional(Content),
  properties: Content
})

const Specifications = Schema.Struct({
  strict: optional(Schema.Boolean),
  fields: optional(Schema.Record({
    key: Schema.String,
    value: Schema.Struct({
      type: Schema.Literal(
        "anything",
        "boolean",
        "date",
        "email",
        "enum",
        "geo_point",
        "geo_shape",
        "integer",
        "ip_address",
        "numeric",
        "object",
        "string",
        "url"
      ),
      mandatory: optional(Schema.Boolean),
      defaultValue: optional(Schema.Unknown),
      description: optional(Schema.String),
      multivalued: optional(Schema.Struct({
        value: Schema.Boolean,
        minCount: optional(Schema.Number),
        maxCount: optional(Schema.Number)
      })),
      typeOptions: optional(Content)
    })
  })),
  validators: optional(Schema.Array(Content))
})

const Stored = Schema.Struct({
  index: Schema.String,
  collection: Schema.String,
  validation: Specifications,
  _kuzzle_info: optional(Info)
})

const Page = Schema.Struct({
  hits: Schema.Array(hit(Stored)),
  total: Schema.Number,
  scrollId: optional(Schema.String)
})

export const contracts = [
  contract(KuzzleCollection.create, {
    sends: [
      { ...nyc, mappings: { dynamic: "strict" }, settings: { refresh_interval: "5s" } },
      { ...wire("create"), body: { mappings: { dynamic: "strict" }, settings: { refresh_interval: "5s" } } }
    ],
    works: Effect.gen(function*() {
      const { index, name } = yield* World
      const target = { index, collection: name("made") }
      yield* KuzzleCollection.create({
        ...target,
        mappings: { properties: { status: { type: "keyword" } } },
        settings: { refresh_interval: "5s" }
      })
      assert.propertyVal(yield* KuzzleCollection.getSettings(target), "refresh_interval", "5s")
    }),
    result: Schema.Void,
    fails: {
      call: Effect.flatMap(World, ({ index }) => KuzzleCollection.create({ index, collection: "not a name" })),
      tag: "KuzzleInvalidNameError",
      id: "services.storage.invalid_collection_name"
    }
  }),
  contract(KuzzleCollection.update, {
    sends: [
      { ...nyc, mappings: { dynamic: "true" }, settings: { refresh_interval: "5s" }, reindexCollection: true },
      {
        ...wire("update"),
        body: { mappings: { dynamic: "true" }, settings: { refresh_interval: "5s" }, reindexCollection: true }
      }
    ],
    works: Effect.gen(function*() {
      const target = yield* collection
      const mappings = { properties: { color: { type: "keyword" } } }
      yield* KuzzleCollection.update({ ...target, mappings, settings: { refresh_interval: "5s" } })
      assert.deepPropertyVal((yield* KuzzleCollection.getMapping(target)).properties, "color", { type: "keyword" })
      assert.propertyVal(yield* KuzzleCollection.getSettings(target), "refresh_interval", "5s")
    }),
    result: Schema.Void,
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleCollection.update({ ...target, mappings: { wrong: 1 } })),
      ...badMapping
    }
  }),
  contract(KuzzleCollection.delete, {
    sends: [nyc, wire("delete")],
    works: Effect.gen(function*() {
      const target = yield* collection
      yield* KuzzleCollection.delete(target)
      assert.isFalse(yield* KuzzleCollection.exists(target))
    }),
    result: Schema.Void,
    fails: { call: Effect.flatMap(nowhere, KuzzleCollection.delete), ...noCollection }
  }),
  contract(KuzzleCollection.truncate, {
    sends: [nyc, wire("truncate")],
    works: Effect.gen(function*() {
      const target = yield* collection
      yield* KuzzleDocument.create({ ...target, _id: "a", content: {} })
      yield* KuzzleCollection.truncate(target)
      assert.isTrue(Option.isNone(yield* KuzzleDocument.getOption({ ...target, _id: "a" })))
    }),
    result: Schema.Void,
    fails: { call: Effect.flatMap(nowhere, KuzzleCollection.truncate), ...noCollection }
  }),
  contract(KuzzleCollection.refresh, {
    sends: [nyc, wire("refresh")],
    works: Effect.gen(function*() {
      const target = yield* collection
      yield* KuzzleDocument.create({ ...target, content: {} })
      yield* KuzzleCollection.refresh(target)
      assert.strictEqual(yield* KuzzleDocument.count(target), 1)
    }),
    result: Schema.Void,
    fails: { call: Effect.flatMap(nowhere, KuzzleCollection.refresh), ...noCollection }
  }),
  contract(KuzzleCollection.exists, {
    sends: [nyc, wire("exists")],
    works: Effect.gen(function*() {
      assert.isFalse(yield* KuzzleCollection.exists(yield* nowhere))
      return yield* KuzzleCollection.exists(yield* collection)
    }),
    result: Schema.Boolean,
    fails: { call: KuzzleCollection.exists({ index: "nyc", collection: "" }), ...noArgument }
  }),
  contract(KuzzleCollection.list, {
    sends: [
      { index: "nyc", from: 1, size: 2, type: "stored" },
      { controller: "collection", action: "list", index: "nyc", from: 1, size: 2, type: "stored" }
    ],
    works: Effect.gen(function*() {
      const target = yield* collection
      const stored = yield* KuzzleCollection.list({ index: target.index, type: "stored" })
      assert.deepInclude(stored, { name: target.collection, type: "stored" })
      assert.lengthOf(yield* KuzzleCollection.list({ index: target.index, from: 0, size: 1 }), 1)
      return yield* KuzzleCollection.list({ index: target.index })
    }),
    result: Schema.Array(Schema.Struct({ name: Schema.String, type: Schema.Literal("stored", "realtime") })),
    fails: {
      call: KuzzleCollection.list({ index: "not-there" }),
      tag: "KuzzleIndexNotFoundError",
      id: "services.storage.unknown_index"
    }
  }),
  contract(KuzzleCollection.getMapping, {
    sends: [{ ...nyc, includeKuzzleMeta: true }, { ...wire("getMapping"), includeKuzzleMeta: true }],
    works: Effect.gen(function*() {
      const target = yield* collection
      assert.hasAllKeys((yield* KuzzleCollection.getMapping(target)).properties, ["status", "seats"])
      const whole = yield* KuzzleCollection.getMapping({ ...target, includeKuzzleMeta: true })
      assert.property(whole.properties, "_kuzzle_info")
      return whole
    }),
    result: Mapping,
    fails: { call: Effect.flatMap(nowhere, KuzzleCollection.getMapping), ...noCollection }
  }),
  contract(KuzzleCollection.updateMapping, {
    sends: [
      { ...nyc, mappings: { dynamic: "strict", properties: {} } },
      { ...wire("updateMapping"), body: { dynamic: "strict", properties: {} } }
    ],
    works: Effect.gen(function*() {
      const target = yield* collection
      const mappings = { dynamic: "strict", _meta: { of: "test" }, properties: { color: { type: "keyword" } } }
      const mapping = yield* KuzzleCollection.updateMapping({ ...target, mappings })
      assert.deepInclude(mapping, { dynamic: "strict", _meta: { of: "test" } })
      assert.hasAllKeys(mapping.properties, ["status", "seats", "color", "_kuzzle_info"])
      return mapping
    }),
    result: Mapping,
    fails: {
      call: Effect.flatMap(
        collection,
        (target) => KuzzleCollection.updateMapping({ ...target, mappings: { wrong: 1 } })
      ),
      ...badMapping
    }
  }),
  contract(KuzzleCollection.getSettings, {
    sends: [nyc, wire("getSettings")],
    works: Effect.flatMap(collection, KuzzleCollection.getSettings),
    result: Content,
    fails: { call: Effect.flatMap(nowhere, KuzzleCollection.getSettings), ...noCollection }
  }),
  contract(KuzzleCollection.getSpecifications, {
    sends: [nyc, wire("getSpecifications")],
    works: Effect.gen(function*() {
      const bare = yield* collection
      assert.isTrue(Option.isNone(yield* KuzzleCollection.getSpecificationsOption(bare)))
      const target = yield* specified
      assert.isTrue(Option.isSome(yield* KuzzleCollection.getSpecificationsOption(target)))
      const stored = yield* KuzzleCollection.getSpecifications(target)
      assert.deepEqual(stored.validation, specifications)
      return stored
    }),
    result: Stored,
    fails: {
      call: Effect.flatMap(collection, KuzzleCollection.getSpecifications),
      tag: "KuzzleSpecificationsNotFoundError",
      id: "validation.assert.not_found"
    }
  }),
  contract(KuzzleCollection.updateSpecifications, {
    sends: [{ ...nyc, specifications }, { ...wire("updateSpecifications"), body: specifications }],
    works: Effect.gen(function*() {
      const target = yield* specified
      const refusal = yield* Effect.orDie(Effect.flip(KuzzleDocument.create({ ...target, content: { seats: "x" } })))
      assert.strictEqual(refusal._tag, "KuzzleSpecificationRejectionError")
      assert.strictEqual((yield* KuzzleDocument.create({ ...target, content: {} }))._source.seats, 4)
      return yield* KuzzleCollection.updateSpecifications({ ...target, specifications })
    }),
    result: Specifications,
    fails: {
      call: Effect.flatMap(
        collection,
        (target) =>
          KuzzleCollection.updateSpecifications({ ...target, specifications: { fields: { a: { type: "enum" } } } })
      ),
      tag: "KuzzleInvalidSpecificationsError",
      id: "validation.assert.invalid_specifications"
    }
  }),
  contract(KuzzleCollection.deleteSpecifications, {
    sends: [nyc, wire("deleteSpecifications")],
    works: Effect.gen(function*() {
      const target = yield* specified
      yield* KuzzleCollection.deleteSpecifications(target)
      assert.isTrue(Option.isNone(yield* KuzzleCollection.getSpecificationsOption(target)))
    }),
    result: Schema.Void,
    fails: { call: KuzzleCollection.deleteSpecifications({ index: "nyc", collection: "" }), ...noArgument }
  }),
  contract(KuzzleCollection.validateSpecifications, {
    sends: [{ ...nyc, specifications }, { ...wire("validateSpecifications"), body: specifications }],
    works: Effect.gen(function*() {
      const target = yield* collection
      assert.deepEqual(yield* KuzzleCollection.validateSpecifications({ ...target, specifications }), { valid: true })
      const wrong = yield* KuzzleCollection.validateSpecifications({
        ...target,
        specifications: { fields: { a: { type: "enum" } } }
      })
      assert.propertyVal(wrong, "valid", false)
      return wrong
    }),
    result: Schema.Union(
      Schema.Struct({ valid: Schema.Literal(true) }),
      Schema.Struct({
        valid: Schema.Literal(false),
        description: Schema.String,
        details: Schema.Array(
          Schema.Union(Schema.String, Schema.Struct({ id: Schema.String, message: Schema.String }))
        )
      })
    ),
    fails: {
      call: KuzzleCollection.validateSpecifications({ index: "nyc", collection: "", specifications }),
      ...noArgument
    }
  }),
  contract(KuzzleCollection.searchSpecifications, {
    sends: [
      { query: { term: { index: "nyc" } }, sort: ["collection"], from: 1, size: 2, scroll: "10s" },
      {
        controller: "collection",
        action: "searchSpecifications",
        body: { query: { term: { index: "nyc" } }, sort: ["collection"] },
        from: 1,
        size: 2,
        scroll: "10s"
      }
    ],
    works: Effect.gen(function*() {
      const { collection } = yield* specified
      const page = yield* KuzzleCollection.searchSpecifications({ query: { term: { collection } }, scroll: "5s" })
      assert.deepEqual(page.hits[0]?._source.validation, specifications)
      return page
    }),
    result: Page,
    fails: {
      call: KuzzleCollection.searchSpecifications({ query: { term: 1 } }),
      tag: "KuzzleInvalidSearchError",
      id: "services.storage.unknown_query_keyword"
    }
  }),
  contract(KuzzleCollection.scrollSpecifications, {
    sends: [{ scrollId: "key" }, { controller: "collection", action: "scrollSpecifications", scrollId: "key" }],
    works: Effect.gen(function*() {
      const one = yield* specified
      const two = yield* specified
      const first = yield* KuzzleCollection.searchSpecifications({
        query: { terms: { collection: [one.collection, two.collection] } },
        sort: ["collection"],
        size: 1,
        scroll: "5s"
      })
      const last = yield* KuzzleCollection.scrollSpecifications({ scrollId: first.scrollId ?? "" })
      assert.sameMembers([...first.hits, ...last.hits].map(({ _source }) => _source.collection), [
        one.collection,
        two.collection
      ])
      return last
    }),
    result: Page,
    fails: {
      call: KuzzleCollection.scrollSpecifications({ scrollId: "none" }),
      tag: "KuzzleScrollNotFoundError",
      id: "services.storage.unknown_scroll_id"
    }
  })
]
