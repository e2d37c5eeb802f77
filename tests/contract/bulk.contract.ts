/** `bulk`. */
import { KuzzleBulk, KuzzleCollection, KuzzleDocument } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { World } from "../suite/backend.ts"
import { contract } from "./contract.ts"
import { Content, Document, many, optional, Rejection } from "./schemas.ts"

const nyc = { index: "nyc", collection: "taxi" }
const wire = (action: string) => ({ controller: "bulk", action, ...nyc })

const collection = Effect.flatMap(World, (world) => world.collection)

const nowhere = Effect.map(World, ({ index }) => ({ index, collection: "not-there" }))

/** A collection with documents `a`, `b` and `c`. */
const threeDocuments = Effect.flatMap(collection, (target) =>
  Effect.as(
    KuzzleBulk.mWrite({
      ...target,
      documents: ["a", "b", "c"].map((_id, seats) => ({ _id, body: { seats } })),
      refresh: "wait_for"
    }),
    target
  ))

const noCollection = { tag: "KuzzleCollectionNotFoundError", id: "services.storage.unknown_collection" } as const
const incomplete = { tag: "KuzzleIncompleteRequestError", id: "api.process.incomplete_multiple_request" } as const

const line = <A, I>(outcome: Schema.Schema<A, I>) =>
  Schema.Struct({
    index: optional(outcome),
    create: optional(outcome),
    update: optional(outcome),
    delete: optional(outcome)
  })

export const contracts = [
  contract(KuzzleBulk.import, {
    sends: [
      { ...nyc, bulkData: [{ delete: { _id: "a" } }], strict: true, refresh: "wait_for" },
      { ...wire("import"), body: { bulkData: [{ delete: { _id: "a" } }] }, strict: true, refresh: "wait_for" }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const bulkData = [
        { index: { _id: "a" } },
        { seats: 1 },
        { create: { _id: "a" } },
        { seats: 1 },
        { update: { _id: "b" } },
        { doc: { seats: 9 } },
        { update: { _id: "none" } },
        { doc: { seats: 9 } },
        { delete: { _id: "c" } },
        { delete: { _id: "none" } },
        { index: {} },
        { seats: "x" }
      ]
      const done = yield* KuzzleBulk.import({ ...target, bulkData })
      assert.deepEqual(done.successes.flatMap(Object.keys), ["index", "update", "delete"])
      assert.deepEqual(done.errors.map((error) => Object.values(error).map(({ status }) => status)), [
        [409],
        [404],
        [404],
        [400]
      ])
      return done
    }),
    result: many(
      line(Schema.Struct({ _id: Schema.String, status: Schema.Number })),
      line(Schema.Struct({
        _id: optional(Schema.String),
        status: Schema.Number,
        _source: optional(Content),
        error: optional(Schema.Struct({ type: Schema.String, reason: Schema.String }))
      }))
    ),
    fails: {
      call: Effect.flatMap(
        collection,
        (target) => KuzzleBulk.import({ ...target, bulkData: [{ delete: { _id: "none" } }], strict: true })
      ),
      ...incomplete
    }
  }),
  contract(KuzzleBulk.write, {
    sends: [
      { ...nyc, _id: "a", content: { seats: 1 }, notify: true },
      { ...wire("write"), _id: "a", body: { seats: 1 }, notify: true }
    ],
    works: Effect.gen(function*() {
      const target = yield* collection
      const content = { seats: 1, _kuzzle_info: { author: "somebody" } }
      const written = yield* KuzzleBulk.write({ ...target, _id: "a", content })
      assert.deepEqual(written, { _id: "a", _source: content, _version: 1 })
      return yield* KuzzleBulk.write({ ...target, content: {} })
    }),
    result: Document,
    fails: {
      call: Effect.gen(function*() {
        const { index, name } = yield* World
        const target = { index, collection: name("strict") }
        yield* Effect.orDie(KuzzleCollection.create({ ...target, mappings: { dynamic: "strict" } }))
        return yield* KuzzleBulk.write({ ...target, content: { seats: 1 } })
      }),
      tag: "KuzzleMappingRejectionError",
      id: "services.storage.strict_mapping_rejection"
    }
  }),
  contract(KuzzleBulk.mWrite, {
    sends: [
      { ...nyc, documents: [{ _id: "a", body: {} }, { body: {} }], notify: true, strict: true },
      { ...wire("mWrite"), body: { documents: [{ _id: "a", body: {} }, { body: {} }] }, notify: true, strict: true }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const tooMany = Array.from({ length: 201 }, () => ({ body: {} }))
      assert.lengthOf((yield* KuzzleBulk.mWrite({ ...target, documents: tooMany })).successes, 201)
      return yield* KuzzleBulk.mWrite({
        ...target,
        documents: [{ _id: "a", body: { seats: 1 } }, { body: {} }, { _id: "b", body: { seats: "x" } }]
      })
    }),
    result: many(Document, Rejection),
    fails: {
      call: Effect.flatMap(
        collection,
        (target) => KuzzleBulk.mWrite({ ...target, documents: [{ body: { seats: "x" } }], strict: true })
      ),
      ...incomplete
    }
  }),
  contract(KuzzleBulk.deleteByQuery, {
    sends: [
      { ...nyc, query: { term: { seats: 1 } }, refresh: "wait_for" },
      { ...wire("deleteByQuery"), body: { query: { term: { seats: 1 } } }, refresh: "wait_for" }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const deleted = yield* KuzzleBulk.deleteByQuery({ ...target, query: { range: { seats: { gt: 0 } } } })
      assert.strictEqual(deleted, 2)
      return deleted
    }),
    result: Schema.Number,
    fails: {
      call: Effect.flatMap(nowhere, (target) => KuzzleBulk.deleteByQuery({ ...target, query: {} })),
      ...noCollection
    }
  }),
  contract(KuzzleBulk.updateByQuery, {
    sends: [
      { ...nyc, query: { term: { seats: 1 } }, changes: { seats: 2 } },
      { ...wire("updateByQuery"), body: { query: { term: { seats: 1 } }, changes: { seats: 2 } } }
    ],
    works: Effect.gen(function*() {
      const target = yield* threeDocuments
      const query = { range: { seats: { gt: 0 } } }
      const updated = yield* KuzzleBulk.updateByQuery({ ...target, query, changes: { seats: 9 } })
      assert.strictEqual(updated, 2)
      assert.deepEqual((yield* KuzzleDocument.get({ ...target, _id: "b" }))._source, { seats: 9 })
      return updated
    }),
    result: Schema.Number,
    fails: {
      call: Effect.flatMap(nowhere, (target) => KuzzleBulk.updateByQuery({ ...target, query: {}, changes: {} })),
      ...noCollection
    }
  })
]
