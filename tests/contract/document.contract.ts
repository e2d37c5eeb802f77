/** `document`. */
import { KuzzleCollection, KuzzleDocument } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { World } from "../suite/backend.ts"
import { contract } from "./contract.ts"
import { Changed, Document, Hit, many, optional, Rejection, Source } from "./schemas.ts"

const nyc = { index: "nyc", collection: "taxi" }
const wire = (action: string) => ({ controller: "document", action, ...nyc })

const collection = Effect.flatMap(World, (world) => world.collection)

/** A collection whose documents may have only `status`. */
const strict = Effect.flatMap(World, ({ index, name }) => {
  const target = { index, collection: name("strict") }
  const mappings = { dynamic: "strict", properties: { status: { type: "keyword" } } }
  return Effect.as(KuzzleCollection.create({ ...target, mappings }), target)
}).pipe(Effect.orDie)

/** A collection that does not exist. */
const nowhere = Effect.map(World, ({ index }) => ({ index, collection: "not-there" }))

/** A collection with the document `a`. */
const oneDocument = Effect.flatMap(collection, (target) =>
  Effect.map(
    KuzzleDocument.create({
      ...target,
      _id: "a",
      content: { status: "free", seats: 4, at: { x: 1 } },
      refresh: "wait_for"
    }),
    ({ _id }) => ({ ...target, _id })
  ))

/** A collection with documents `a`, `b` and `c`. */
const threeDocuments = Effect.flatMap(collection, (target) =>
  Effect.as(
    KuzzleDocument.mCreate({
      ...target,
      documents: ["a", "b", "c"].map((_id, seats) => ({ _id, body: { status: "free", seats } })),
      refresh: "wait_for"
    }),
    target
  ))

const tooMany = Array.from({ length: 201 }, (_, n) => `taxi-${n}`)

const notFound = { tag: "KuzzleDocumentNotFoundError", id: "services.storage.not_found" } as const
const noCollection = { tag: "KuzzleCollectionNotFoundError", id: "services.storage.unknown_collection" } as const
const refused = { tag: "KuzzleMappingRejectionError", id: "services.storage.strict_mapping_rejection" } as const
const incomplete = { tag: "KuzzleIncompleteRequestError", id: "api.process.incomplete_multiple_request" } as const
const limit = { tag: "KuzzleWriteLimitError", id: "services.storage.write_limit_exceeded" } as const
const noQuery = { tag: "KuzzleInvalidSearchError", id: "services.storage.unknown_query_keyword" } as const

const Written = Schema.Struct({
  ...Document.fields,
  created: Schema.Boolean,
  result: Schema.Literal("created", "updated"),
  status: Schema.Number
})

const { _source: _, ...withoutSource } = Written.fields
const WrittenMaybeWithoutSource = Schema.Struct({ ...withoutSource, _source: optional(Source) })

const Updated = Schema.Struct({
  ...Document.fields,
  status: Schema.Number,
  _updatedFields: optional(Schema.Array(Schema.String))
})

const faults = {
  messages: optional(Schema.Array(Schema.String)),
  children: optional(Schema.Record({
    key: Schema.String,
    value: Schema.suspend((): Schema.Schema<KuzzleDocument.FieldFaults> => Faults)
  }))
}
const Faults = Schema.Struct(faults)

const Suggestion = Schema.Struct({
  text: Schema.String,
  offset: Schema.Number,
  length: Schema.Number,
  options: Schema.Array(Schema.Struct({ text: Schema.String }, { key: Schema.String, value: Schema.Unknown }))
})

const SearchResult = Schema.Struct({
  hits: Schema.Array(Hit),
  total: Schema.Number,
  aggregations: optional(Schema.Record({
    key: Schema.String,
    value: Schema.Record({ key: Schema.String, value: Schema.Unknown })
  })),
  suggest: optional(Schema.Record({ key: Schema.String, value: Schema.Array(Suggestion) })),
  scrollId: optional(Schema.String),
  remaining: optional(Schema.Number)
})

export const contracts = [
  contract(KuzzleDocument.create, {
    sends: [
      { ...nyc, _id: "a", content: { status: "free" }, refresh: "wait_for", silent: true },
      { ...wire("create"), _id: "a", body: { status: "free" }, refresh: "wait_for", silent: true }
    ],
    works: Effect.flatMap(collection, (target) => KuzzleDocument.create({ ...target, content: { status: "free" } })),
    result: Document,
    fails: {
      call: Effect.flatMap(oneDocument, (place) => KuzzleDocument.create({ ...place, content: {} })),
      tag: "KuzzleDocumentAlreadyExistsError",
      id: "services.storage.document_already_exists"
    }
  }),
  contract(KuzzleDocument.createOrReplace, {
    sends: [
      { ...nyc, _id: "a", content: { status: "free" } },
      { ...wire("createOrReplace"), _id: "a", body: { status: "free" } }
    ],
    works: Effect.gen(function*() {
      const place = yield* oneDocument
      const replaced = yield* KuzzleDocument.createOrReplace({ ...place, content: { status: "busy" } })
      assert.isFalse(replaced.created)
      return yield* KuzzleDocument.createOrReplace({ ...place, _id: "b", content: { status: "busy" } })
    }),
    result: Schema.Struct({ ...Document.fields, created: Schema.Boolean }),
    fails: {
      call: Effect.flatMap(
        strict,
        (target) => KuzzleDocument.createOrReplace({ ...target, _id: "a", content: { seats: 1 } })
      ),
      ...refused
    }
  }),
  contract(KuzzleDocument.replace, {
    sends: [
      { ...nyc, _id: "a", content: { status: "free" } },
      { ...wire("replace"), _id: "a", body: { status: "free" } }
    ],
    works: Effect.flatMap(oneDocument, (place) => KuzzleDocument.replace({ ...place, content: { status: "busy" } })),
    result: Document,
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleDocument.replace({ ...target, _id: "none", content: {} })),
      ...notFound
    }
  }),
  contract(KuzzleDocument.get, {
    sends: [{ ...nyc, _id: "a" }, { ...wire("get"), _id: "a" }],
    works: Effect.flatMap(oneDocument, KuzzleDocument.get),
    result: Document,
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleDocument.get({ ...target, _id: "none" })),
      ...notFound
    }
  }),
  contract(KuzzleDocument.exists, {
    sends: [{ ...nyc, _id: "a" }, { ...wire("exists"), _id: "a" }],
    works: Effect.gen(function*() {
      const place = yield* oneDocument
      assert.isFalse(yield* KuzzleDocument.exists({ ...place, _id: "none" }))
      return yield* KuzzleDocument.exists(place)
    }),
    result: Schema.Boolean,
    fails: {
      call: Effect.flatMap(nowhere, (target) => KuzzleDocument.exists({ ...target, _id: "a" })),
      ...noCollection
    }
  }),
  contract(KuzzleDocument.update, {
    sends: [
      { ...nyc, _id: "a", content: { seats: 5 }, source: true, retryOnConflict: 3 },
      { ...wire("update"), _id: "a", body: { seats: 5 }, source: true, retryOnConflict: 3 }
    ],
    works: Effect.gen(function*() {
      const place = yield* oneDocument
      const changes = yield* KuzzleDocument.update({ ...place, content: { seats: 5 } })
      assert.notProperty(changes._source, "status")
      return yield* KuzzleDocument.update({ ...place, content: { seats: 6 }, source: true })
    }),
    result: Document,
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleDocument.update({ ...target, _id: "none", content: {} })),
      ...notFound
    }
  }),
  contract(KuzzleDocument.upsert, {
    sends: [
      { ...nyc, _id: "a", changes: { seats: 5 }, default: { status: "free" }, source: true },
      { ...wire("upsert"), _id: "a", body: { changes: { seats: 5 }, default: { status: "free" } }, source: true }
    ],
    works: Effect.gen(function*() {
      const place = yield* oneDocument
      const bare = yield* KuzzleDocument.upsert({ ...place, changes: { seats: 5 } })
      assert.deepEqual(bare, { _id: "a", _version: 2, created: false })
      return yield* KuzzleDocument.upsert({
        ...place,
        _id: "b",
        changes: { seats: 5 },
        default: { seats: 0, status: "free" },
        source: true
      })
    }),
    result: Schema.Struct({ ...Changed.fields, created: Schema.Boolean }),
    fails: {
      call: Effect.flatMap(strict, (target) => KuzzleDocument.upsert({ ...target, _id: "a", changes: { seats: 1 } })),
      ...refused
    }
  }),
  contract(KuzzleDocument.deleteFields, {
    sends: [
      { ...nyc, _id: "a", fields: ["seats", "at.x"], source: true },
      { ...wire("deleteFields"), _id: "a", body: { fields: ["seats", "at.x"] }, source: true }
    ],
    works: Effect.gen(function*() {
      const place = yield* oneDocument
      const bare = yield* KuzzleDocument.deleteFields({ ...place, fields: ["seats"] })
      assert.deepEqual(bare, { _id: "a", _version: 2 })
      const whole = yield* KuzzleDocument.deleteFields({ ...place, fields: ["at.x"], source: true })
      assert.hasAllKeys(whole._source, ["status", "at", "_kuzzle_info"])
      assert.deepEqual(whole._source?.at, {})
      return whole
    }),
    result: Changed,
    fails: {
      call: Effect.flatMap(
        collection,
        (target) => KuzzleDocument.deleteFields({ ...target, _id: "none", fields: ["a"] })
      ),
      ...notFound
    }
  }),
  contract(KuzzleDocument.delete, {
    sends: [{ ...nyc, _id: "a", source: true }, { ...wire("delete"), _id: "a", source: true }],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      assert.deepEqual(yield* KuzzleDocument.delete({ ...target, _id: "a" }), { _id: "a" })
      return yield* KuzzleDocument.delete({ ...target, _id: "b", source: true })
    }),
    result: Schema.Struct({
      _id: Schema.String,
      _source: optional(Source),
      _version: optional(Schema.Number)
    }),
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleDocument.delete({ ...target, _id: "none" })),
      ...notFound
    }
  }),
  contract(KuzzleDocument.validate, {
    sends: [{ ...nyc, content: { status: "free" } }, { ...wire("validate"), body: { status: "free" } }],
    works: Effect.gen(function*() {
      const { admin } = yield* World
      const target = yield* collection
      const right = yield* KuzzleDocument.validate({ ...target, content: { seats: "x" } })
      assert.deepEqual(right, { valid: true, errorMessages: {} })
      yield* KuzzleCollection.updateSpecifications({
        ...target,
        specifications: {
          strict: true,
          fields: { seats: { type: "integer" }, at: { type: "object" }, "at/x": { type: "numeric" } },
          validators: [{ exists: "seats" }]
        }
      })
      yield* Effect.addFinalizer(() =>
        Effect.orDie(admin.query({ controller: "collection", action: "deleteSpecifications", ...target }))
      )
      const wrong = yield* KuzzleDocument.validate({ ...target, content: { at: { x: "y" } } })
      assert.isFalse(wrong.valid)
      assert.lengthOf(wrong.errorMessages.documentScope ?? [], 1)
      assert.lengthOf(wrong.errorMessages.fieldScope?.children?.at?.children?.x?.messages ?? [], 1)
      return wrong
    }),
    result: Schema.Struct({
      valid: Schema.Boolean,
      errorMessages: Schema.Struct({
        documentScope: optional(Schema.Array(Schema.String)),
        fieldScope: optional(Faults)
      })
    }),
    fails: {
      call: KuzzleDocument.validate({ index: "", collection: "taxi", content: {} }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.missing_argument"
    }
  }),
  contract(KuzzleDocument.mCreate, {
    sends: [
      { ...nyc, documents: [{ _id: "a", body: {} }, { body: {} }], strict: true, silent: true, refresh: "wait_for" },
      {
        ...wire("mCreate"),
        body: { documents: [{ _id: "a", body: {} }, { body: {} }] },
        strict: true,
        silent: true,
        refresh: "wait_for"
      }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const written = yield* KuzzleDocument.mCreate({
        ...target,
        documents: [{ _id: "a", body: { seats: 1 } }, { _id: "d", body: { seats: "x" } }, { body: { seats: 1 } }]
      })
      assert.deepEqual([written.successes.length, written.errors.length], [1, 2])
      return written
    }),
    result: many(Written, Rejection),
    fails: {
      call: Effect.flatMap(
        threeDocuments,
        (target) => KuzzleDocument.mCreate({ ...target, documents: [{ _id: "a", body: {} }], strict: true })
      ),
      ...incomplete
    }
  }),
  contract(KuzzleDocument.mCreateOrReplace, {
    sends: [
      // The text "false", because any other value counts as true over HTTP.
      { ...nyc, documents: [{ _id: "a", body: {} }], source: false },
      { ...wire("mCreateOrReplace"), body: { documents: [{ _id: "a", body: {} }] }, source: "false" }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const documents = [{ _id: "a", body: { seats: 1 } }, { _id: "d", body: { seats: 2 } }]
      const { successes } = yield* KuzzleDocument.mCreateOrReplace({ ...target, documents, source: false })
      assert.deepEqual(successes.map(({ _source, created }) => [_source, created]), [
        [undefined, false],
        [undefined, true]
      ])
      return yield* KuzzleDocument.mCreateOrReplace({
        ...target,
        documents: [...documents, { _id: "e", body: { seats: "x" } }]
      })
    }),
    result: many(WrittenMaybeWithoutSource, Rejection),
    fails: {
      call: Effect.flatMap(
        collection,
        (target) => KuzzleDocument.mCreateOrReplace({ ...target, documents: tooMany.map((_id) => ({ _id, body: {} })) })
      ),
      ...limit
    }
  }),
  contract(KuzzleDocument.mReplace, {
    sends: [
      { ...nyc, documents: [{ _id: "a", body: {} }] },
      { ...wire("mReplace"), body: { documents: [{ _id: "a", body: {} }] } }
    ],
    works: Effect.flatMap(threeDocuments, (target) =>
      KuzzleDocument.mReplace({
        ...target,
        documents: [{ _id: "a", body: { seats: 1 } }, { _id: "none", body: {} }, { _id: "b", body: { seats: "x" } }]
      })),
    result: many(Written, Rejection),
    fails: {
      call: Effect.flatMap(
        collection,
        (target) => KuzzleDocument.mReplace({ ...target, documents: [{ _id: "none", body: {} }], strict: true })
      ),
      ...incomplete
    }
  }),
  contract(KuzzleDocument.mUpdate, {
    sends: [
      { ...nyc, documents: [{ _id: "a", body: { seats: 1 } }], retryOnConflict: 3 },
      { ...wire("mUpdate"), body: { documents: [{ _id: "a", body: { seats: 1 } }] }, retryOnConflict: 3 }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const documents = [{ _id: "a", body: { seats: 1 } }, { _id: "none", body: {} }, {
        _id: "b",
        body: { seats: "x" }
      }]
      const quiet = yield* KuzzleDocument.mUpdate({ ...target, documents, silent: true })
      assert.notProperty(quiet.successes[0], "_updatedFields")
      const withFields = yield* KuzzleDocument.mUpdate({ ...target, documents })
      assert.deepEqual(withFields.successes[0]?._updatedFields, ["seats"])
      assert.propertyVal(withFields.successes[0]?._source, "status", "free")
      return withFields
    }),
    result: many(Updated, Rejection),
    fails: {
      call: Effect.flatMap(
        collection,
        (target) => KuzzleDocument.mUpdate({ ...target, documents: [{ _id: "none", body: {} }], strict: true })
      ),
      ...incomplete
    }
  }),
  contract(KuzzleDocument.mUpsert, {
    sends: [
      { ...nyc, documents: [{ _id: "a", changes: { seats: 1 }, default: { status: "free" } }] },
      { ...wire("mUpsert"), body: { documents: [{ _id: "a", changes: { seats: 1 }, default: { status: "free" } }] } }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const written = yield* KuzzleDocument.mUpsert({
        ...target,
        documents: [
          { _id: "a", changes: { seats: 9 } },
          { _id: "d", changes: { seats: 9 }, default: { seats: 0 } },
          { _id: "b", changes: { seats: "x" } }
        ]
      })
      assert.deepEqual(written.successes.map(({ _source, created }) => [_source.seats, created]), [
        [9, false],
        [0, true]
      ])
      return written
    }),
    result: many(Schema.Struct({ ...Updated.fields, created: Schema.Boolean }), Rejection),
    fails: {
      call: Effect.flatMap(
        collection,
        (target) => KuzzleDocument.mUpsert({ ...target, documents: tooMany.map((_id) => ({ _id, changes: {} })) })
      ),
      ...limit
    }
  }),
  contract(KuzzleDocument.mDelete, {
    sends: [{ ...nyc, ids: ["a"], strict: true }, { ...wire("mDelete"), body: { ids: ["a"] }, strict: true }],
    works: Effect.flatMap(threeDocuments, (target) => KuzzleDocument.mDelete({ ...target, ids: ["a", "none"] })),
    result: many(
      Schema.String,
      Schema.Struct({ _id: Schema.String, reason: Schema.String, status: Schema.Number })
    ),
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleDocument.mDelete({ ...target, ids: ["none"], strict: true })),
      ...incomplete
    }
  }),
  contract(KuzzleDocument.mGet, {
    sends: [{ ...nyc, ids: ["a"], strict: true }, { ...wire("mGet"), body: { ids: ["a"] }, strict: true }],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      assert.deepEqual(yield* KuzzleDocument.mGet({ ...target, ids: [] }), { successes: [], errors: [] })
      return yield* KuzzleDocument.mGet({ ...target, ids: ["a", "none", "b"] })
    }),
    result: many(Document, Schema.String),
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleDocument.mGet({ ...target, ids: ["none"], strict: true })),
      ...incomplete
    }
  }),
  contract(KuzzleDocument.mExists, {
    sends: [{ ...nyc, ids: ["a"], strict: true }, { ...wire("mExists"), body: { ids: ["a"] }, strict: true }],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      assert.deepEqual(yield* KuzzleDocument.mExists({ ...target, ids: [] }), { successes: [], errors: [] })
      return yield* KuzzleDocument.mExists({ ...target, ids: ["a", "none", "b"] })
    }),
    result: many(Schema.String, Schema.String),
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleDocument.mExists({ ...target, ids: ["none"], strict: true })),
      ...incomplete
    }
  }),
  contract(KuzzleDocument.search, {
    sends: [
      {
        targets: [{ index: "nyc", collections: ["taxi", "bus"] }],
        query: { match_all: {} },
        sort: ["seats"],
        search_after: [3],
        aggregations: { most: { max: { field: "seats" } } },
        suggest: { s: { text: "fre", term: { field: "status" } } },
        highlight: { fields: { status: {} } },
        collapse: { field: "status" },
        post_filter: { term: { status: "free" } },
        _source: ["seats"],
        from: 0,
        size: 5,
        scroll: "10s"
      },
      {
        controller: "document",
        action: "search",
        targets: [{ index: "nyc", collections: ["taxi", "bus"] }],
        from: 0,
        size: 5,
        scroll: "10s",
        body: {
          query: { match_all: {} },
          sort: ["seats"],
          search_after: [3],
          aggregations: { most: { max: { field: "seats" } } },
          suggest: { s: { text: "fre", term: { field: "status" } } },
          highlight: { fields: { status: {} } },
          collapse: { field: "status" },
          post_filter: { term: { status: "free" } },
          _source: ["seats"]
        }
      }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const whole = yield* KuzzleDocument.search({
        ...target,
        sort: [{ seats: "desc" }],
        search_after: [2],
        aggregations: { most: { max: { field: "seats" } } },
        _source: ["status"]
      })
      assert.deepEqual(whole.hits.map(({ _id, _source }) => [_id, _source]), [
        ["b", { status: "free" }],
        ["a", { status: "free" }]
      ])
      assert.deepEqual(whole.aggregations, { most: { value: 2 } })
      return yield* KuzzleDocument.search({ ...target, query: { range: { seats: { gt: 0 } } }, size: 1, scroll: "5s" })
    }),
    result: SearchResult,
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleDocument.search({ ...target, size: 20_000 })),
      tag: "KuzzleFetchLimitError",
      id: "services.storage.get_limit_exceeded"
    }
  }),
  contract(KuzzleDocument.scroll, {
    sends: [
      { scrollId: "key", scroll: "10s" },
      { controller: "document", action: "scroll", scrollId: "key", scroll: "10s" }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const first = yield* KuzzleDocument.search({ ...target, sort: ["seats"], size: 2, scroll: "5s" })
      const last = yield* KuzzleDocument.scroll({ scrollId: first.scrollId ?? "" })
      assert.deepEqual([...first.hits, ...last.hits].map(({ _id }) => _id), ["a", "b", "c"])
      assert.strictEqual(last.remaining, 0)
      return last
    }),
    result: Schema.Struct({ ...SearchResult.fields, scrollId: Schema.String }),
    fails: {
      call: KuzzleDocument.scroll({ scrollId: "none" }),
      tag: "KuzzleScrollNotFoundError",
      id: "services.storage.unknown_scroll_id"
    }
  }),
  contract(KuzzleDocument.count, {
    sends: [
      { ...nyc, filter: { equals: { status: "free" } } },
      { ...wire("count"), body: { query: { equals: { status: "free" } } }, lang: "koncorde" }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      assert.strictEqual(yield* KuzzleDocument.count(target), 3)
      return yield* KuzzleDocument.count({ ...target, filter: { equals: { seats: 1 } } })
    }),
    result: Schema.Number,
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleDocument.count({ ...target, query: { term: 1 } })),
      ...noQuery
    }
  }),
  contract(KuzzleDocument.deleteByQuery, {
    sends: [
      { ...nyc, filter: { equals: { seats: 1 } }, source: true },
      { ...wire("deleteByQuery"), body: { query: { equals: { seats: 1 } } }, lang: "koncorde", source: true }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const { documents } = yield* KuzzleDocument.deleteByQuery({ ...target, query: { term: { seats: 1 } } })
      assert.deepEqual(documents, [{ _id: "b" }])
      return yield* KuzzleDocument.deleteByQuery({ ...target, query: { term: { seats: 2 } }, source: true })
    }),
    result: Schema.Struct({
      documents: Schema.Array(Schema.Struct({ _id: Schema.String, _source: optional(Source) })),
      ids: Schema.Array(Schema.String)
    }),
    fails: {
      call: Effect.flatMap(collection, (target) => KuzzleDocument.deleteByQuery({ ...target, query: { term: 1 } })),
      ...noQuery
    }
  }),
  contract(KuzzleDocument.updateByQuery, {
    sends: [
      { ...nyc, query: { term: { seats: 1 } }, changes: { status: "busy" }, source: true },
      {
        ...wire("updateByQuery"),
        body: { query: { term: { seats: 1 } }, changes: { status: "busy" } },
        source: true
      }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const query = { term: { seats: 1 } }
      const { successes } = yield* KuzzleDocument.updateByQuery({ ...target, query, changes: { status: "busy" } })
      assert.deepEqual(successes, [{ _id: "b", _version: 2, status: 200 }])
      const { errors } = yield* KuzzleDocument.updateByQuery({ ...target, query, changes: { seats: "x" } })
      assert.lengthOf(errors, 1)
      return yield* KuzzleDocument.updateByQuery({ ...target, query, changes: { status: "off" }, source: true })
    }),
    result: many(Schema.Struct({ ...Changed.fields, status: Schema.Number }), Rejection),
    fails: {
      call: Effect.flatMap(
        collection,
        (target) => KuzzleDocument.updateByQuery({ ...target, query: { term: 1 }, changes: {} })
      ),
      ...noQuery
    }
  })
]
