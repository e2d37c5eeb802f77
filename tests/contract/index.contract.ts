/** `index`. */
import { KuzzleIndex } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { World } from "../suite/backend.ts"
import { contract } from "./contract.ts"

/** An index that the case deletes. */
const temporary = Effect.flatMap(World, ({ name }) => {
  const index = name("temporary")
  return Effect.as(KuzzleIndex.create({ index }), index)
})

export const contracts = [
  contract(KuzzleIndex.create, {
    sends: [{ index: "nyc" }, { controller: "index", action: "create", index: "nyc" }],
    works: Effect.gen(function*() {
      const { name, removeLater } = yield* World
      const index = name("made")
      yield* removeLater(index)
      return yield* KuzzleIndex.create({ index })
    }),
    result: Schema.Void,
    fails: {
      call: Effect.flatMap(World, ({ index }) => KuzzleIndex.create({ index })),
      tag: "KuzzleIndexAlreadyExistsError",
      id: "services.storage.index_already_exists"
    }
  }),
  contract(KuzzleIndex.delete, {
    sends: [{ index: "nyc" }, { controller: "index", action: "delete", index: "nyc" }],
    works: Effect.gen(function*() {
      const index = yield* temporary
      yield* KuzzleIndex.delete({ index })
      assert.isFalse(yield* KuzzleIndex.exists({ index }))
    }),
    result: Schema.Void,
    fails: {
      call: KuzzleIndex.delete({ index: "not-there" }),
      tag: "KuzzleIndexNotFoundError",
      id: "services.storage.unknown_index"
    }
  }),
  contract(KuzzleIndex.mDelete, {
    sends: [{ indexes: ["nyc"] }, { controller: "index", action: "mDelete", body: { indexes: ["nyc"] } }],
    works: Effect.gen(function*() {
      const index = yield* temporary
      assert.deepEqual(yield* KuzzleIndex.mDelete({ indexes: [] }), [])
      const deleted = yield* KuzzleIndex.mDelete({ indexes: ["not-there", index] })
      assert.deepEqual(deleted, [index])
      return deleted
    }),
    result: Schema.Array(Schema.String),
    neverFails: "the result omits indexes that do not exist or may not be deleted"
  }),
  contract(KuzzleIndex.exists, {
    sends: [{ index: "nyc" }, { controller: "index", action: "exists", index: "nyc" }],
    works: Effect.flatMap(World, ({ index }) => KuzzleIndex.exists({ index })),
    result: Schema.Boolean,
    fails: {
      call: KuzzleIndex.exists({ index: "" }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.missing_argument"
    }
  }),
  contract(KuzzleIndex.list, {
    sends: [{}, { controller: "index", action: "list" }],
    works: Effect.gen(function*() {
      const { collection, index } = yield* World
      yield* collection
      assert.isAtLeast((yield* KuzzleIndex.countCollections())[index] ?? 0, 1)
      const names = yield* KuzzleIndex.list()
      assert.include(names, index)
      return names
    }),
    result: Schema.Array(Schema.String),
    neverFails: "it takes no argument"
  }),
  contract(KuzzleIndex.stats, {
    sends: [{}, { controller: "index", action: "stats" }],
    works: Effect.gen(function*() {
      const { collection } = yield* World
      const target = yield* collection
      const stats = yield* KuzzleIndex.stats()
      const index = stats.indexes.find(({ name }) => name === target.index)
      assert.deepInclude(index?.collections.find(({ name }) => name === target.collection), { documentCount: 0 })
      return stats
    }),
    result: Schema.Struct({
      size: Schema.Number,
      indexes: Schema.Array(Schema.Struct({
        name: Schema.String,
        size: Schema.Number,
        collections: Schema.Array(Schema.Struct({
          name: Schema.String,
          documentCount: Schema.Number,
          size: Schema.Number
        }))
      }))
    }),
    neverFails: "it takes no argument"
  })
]
