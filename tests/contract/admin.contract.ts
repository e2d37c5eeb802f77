/** `admin`. */
import { KuzzleAdmin, KuzzleCollection, KuzzleDocument, KuzzleIndex, KuzzleSecurity } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { World } from "../suite/backend.ts"
import { contract } from "./contract.ts"

const wire = (action: string) => ({ controller: "admin", action })
const locked = "it fails only while the same action is running"

/** A user, a profile and a role, all with the same name. */
const securities = Effect.map(World, ({ name }) => {
  const id = name("loaded")
  return {
    id,
    content: {
      roles: { [id]: { controllers: { server: { actions: { now: true } } } } },
      profiles: { [id]: { policies: [{ roleId: id }] } },
      users: { [id]: { content: { profileIds: [id], name: "Ada" }, credentials: {} } }
    },
    remove: Effect.orDie(Effect.all([
      KuzzleSecurity.deleteUser({ _id: id }),
      KuzzleSecurity.deleteProfile({ _id: id }),
      KuzzleSecurity.deleteRole({ _id: id })
    ]))
  }
})

export const contracts = [
  contract(KuzzleAdmin.dump, {
    sends: [{ suffix: "why", refresh: "false" }, { ...wire("dump"), suffix: "why", refresh: "false" }],
    works: KuzzleAdmin.dump({ suffix: "contract" }),
    result: Schema.Void,
    neverFails: locked,
    alone: "it writes files, and takes a while"
  }),
  contract(KuzzleAdmin.loadFixtures, {
    sends: [
      { fixtures: { nyc: { taxi: [{ index: { _id: "a" } }, { seats: 4 }] } } },
      { ...wire("loadFixtures"), body: { nyc: { taxi: [{ index: { _id: "a" } }, { seats: 4 }] } } }
    ],
    works: Effect.gen(function*() {
      const target = yield* (yield* World).collection
      yield* KuzzleAdmin.loadFixtures({
        fixtures: { [target.index]: { [target.collection]: [{ index: { _id: "a" } }, { seats: 4 }] } }
      })
      return yield* KuzzleDocument.exists({ ...target, _id: "a" })
    }),
    result: Schema.Literal(true),
    fails: {
      call: Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const lines = [{ create: { _id: "a" } }, { seats: 4 }]
        yield* KuzzleAdmin.loadFixtures({
          fixtures: { [target.index]: { [target.collection]: [...lines, ...lines] } }
        })
      }),
      tag: "KuzzleImportFailedError",
      id: "services.storage.import_failed"
    }
  }),
  contract(KuzzleAdmin.loadMappings, {
    sends: [
      { mappings: { nyc: { taxi: { properties: { seats: { type: "integer" } } } } }, refresh: "wait_for" },
      {
        ...wire("loadMappings"),
        body: { nyc: { taxi: { properties: { seats: { type: "integer" } } } } },
        refresh: "wait_for"
      }
    ],
    works: Effect.gen(function*() {
      const { name, removeLater } = yield* World
      const index = name("mapped")
      yield* KuzzleAdmin.loadMappings({
        mappings: { [index]: { taxi: { properties: { seats: { type: "integer" } } } } }
      })
      yield* removeLater(index)
      const { properties } = yield* KuzzleCollection.getMapping({ index, collection: "taxi" })
      return properties
    }),
    result: Schema.Struct({ seats: Schema.Struct({ type: Schema.Literal("integer") }) }),
    fails: {
      call: Effect.gen(function*() {
        const { index } = yield* World
        // The type does not permit this member, and neither does the server.
        yield* KuzzleAdmin.loadMappings({ mappings: { [index]: { taxi: { prperties: {} } as never } } })
      }),
      tag: "KuzzleInvalidMappingError",
      id: "services.storage.invalid_mapping"
    }
  }),
  contract(KuzzleAdmin.loadSecurities, {
    sends: [
      { roles: {}, profiles: {}, users: {}, onExistingUsers: "skip", force: true, refresh: "wait_for" },
      {
        ...wire("loadSecurities"),
        body: { roles: {}, profiles: {}, users: {} },
        onExistingUsers: "skip",
        force: true,
        refresh: "wait_for"
      }
    ],
    works: Effect.gen(function*() {
      const { content, id, remove } = yield* securities
      yield* Effect.acquireRelease(KuzzleAdmin.loadSecurities(content), () => remove)
      yield* KuzzleAdmin.loadSecurities({ ...content, onExistingUsers: "overwrite" })
      return (yield* KuzzleSecurity.getUser({ _id: id }))._id === id
    }),
    result: Schema.Literal(true),
    fails: {
      call: Effect.gen(function*() {
        const { content, remove } = yield* securities
        yield* Effect.acquireRelease(KuzzleAdmin.loadSecurities(content), () => remove)
        yield* KuzzleAdmin.loadSecurities({ ...content, onExistingUsers: "fail" })
      }),
      tag: "KuzzleUserOverwriteError",
      id: "security.user.prevent_overwrite"
    }
  }),
  contract(KuzzleAdmin.refreshIndexCache, {
    sends: [{}, wire("refreshIndexCache")],
    works: KuzzleAdmin.refreshIndexCache(),
    result: Schema.Void,
    neverFails: "it takes no argument"
  }),
  contract(KuzzleAdmin.resetCache, {
    sends: [{ database: "internalCache" }, { ...wire("resetCache"), database: "internalCache" }],
    works: KuzzleAdmin.resetCache({ database: "memoryStorage" }),
    result: Schema.Void,
    fails: {
      // The type does not permit this database.
      call: KuzzleAdmin.resetCache({ database: "nothing" as never }),
      tag: "KuzzleCacheNotFoundError",
      id: "services.cache.database_not_found"
    },
    alone: "it empties the memory storage"
  }),
  contract(KuzzleAdmin.resetDatabase, {
    sends: [{}, wire("resetDatabase")],
    works: Effect.gen(function*() {
      const { index } = yield* World
      yield* KuzzleAdmin.resetDatabase()
      const remaining = yield* KuzzleIndex.list()
      yield* KuzzleIndex.create({ index })
      return remaining
    }),
    result: Schema.Tuple(),
    neverFails: locked,
    alone: "it deletes every index",
    except: { embedded: "the other contracts need their indexes: see KuzzleEngine.test.ts" }
  }),
  contract(KuzzleAdmin.resetSecurity, {
    sends: [{}, wire("resetSecurity")],
    works: Effect.gen(function*() {
      const { id, content } = yield* securities
      yield* Effect.orDie(KuzzleAdmin.loadSecurities(content))
      const report = yield* KuzzleAdmin.resetSecurity()
      assert.isAtLeast(report.deletedUsers, 1)
      const error = yield* Effect.orDie(Effect.flip(KuzzleSecurity.getUser({ _id: id })))
      assert.strictEqual(error._tag, "KuzzleUserNotFoundError")
      return report
    }),
    result: Schema.Struct({ deletedUsers: Schema.Number, deletedProfiles: Schema.Number }),
    neverFails: locked,
    alone: "it deletes every user, profile and role",
    except: { embedded: "the other contracts need their users: see conformance/administration.ts" }
  }),
  contract(KuzzleAdmin.shutdown, {
    sends: [{}, wire("shutdown")],
    works: KuzzleAdmin.shutdown(),
    result: Schema.Void,
    neverFails: locked,
    except: {
      embedded: "the server is down afterwards: see KuzzleTestServer.test.ts",
      real: "the server is down afterwards: see the last test of destructive.real.test.ts"
    }
  })
]
