/** `security`. */
import { KuzzleAuth, KuzzleSecurity } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { World } from "../suite/backend.ts"
import { contract } from "./contract.ts"
import { Content, Info, optional } from "./schemas.ts"
import { ApiKey, login, NewApiKey, Right, User } from "./security.schemas.ts"

const wire = (action: string) => ({ controller: "security", action })

// A wait until searches see a change takes up to a second on a real server, so only cases that search wait.
const refresh = "false"

const allowed = { controllers: { server: { actions: { now: true } } } }

/** A name. The item of that name is removed when the scope closes. */
const named = (kind: "Roles" | "Profiles" | "Users") =>
  Effect.flatMap(World, ({ admin, name }) => {
    const id = name(kind.toLowerCase())
    const remove = admin.query({ ...wire(`mDelete${kind}`), body: { ids: [id] }, refresh }).pipe(
      // The test may have deleted it.
      Effect.catchTag("KuzzlePartialError", () => Effect.void),
      Effect.orDie
    )
    return Effect.as(Effect.addFinalizer(() => remove), id)
  })

/** Makes an item as the anonymous user, whose rights are not restricted. */
const make = (action: string, _id: string, body: object, visible = false) =>
  Effect.flatMap(
    World,
    ({ admin }) => Effect.as(admin.query({ ...wire(action), _id, body, refresh: visible ? "wait_for" : refresh }), _id)
  )

const role = (visible = false) =>
  Effect.flatMap(named("Roles"), (_id) => make("createRole", _id, { ...allowed, note: "mine" }, visible))

const profile = (visible = false) =>
  Effect.flatMap(named("Profiles"), (_id) => make("createProfile", _id, { policies: [{ roleId: "default" }] }, visible))

const user = (visible = false) =>
  Effect.flatMap(
    named("Users"),
    (_id) => make("createUser", _id, { content: { profileIds: ["default"], name: "Ada" } }, visible)
  )

/** A user with `local` credentials. */
const member = Effect.flatMap(World, (world) => world.user)

/** A user with an API key of the same id. */
const keyOwner = Effect.gen(function*() {
  const _id = yield* user()
  const { admin } = yield* World
  const body = { description: "a robot" }
  yield* admin.query({ ...wire("createApiKey"), userId: _id, _id, body, refresh: "wait_for" })
  return _id
})

const absent = Effect.map(World, ({ name }) => name("absent"))

const ids = (values: ReadonlyArray<string>) => ({ query: { ids: { values } } })

const secret = Redacted.make("secret")

const Role = Schema.Struct({
  _id: Schema.String,
  _source: Schema.Struct({
    controllers: Schema.Record({
      key: Schema.String,
      value: Schema.Struct({ actions: Schema.Record({ key: Schema.String, value: Schema.Boolean }) })
    }),
    _kuzzle_info: optional(Info)
  }, Content)
})

const Profile = Schema.Struct({
  _id: Schema.String,
  _source: Schema.Struct({
    policies: Schema.Array(Schema.Struct({
      roleId: Schema.String,
      restrictedTo: optional(Schema.Array(Schema.Struct({
        index: Schema.String,
        collections: optional(Schema.Array(Schema.String))
      })))
    })),
    optimizedPolicies: Schema.Array(Schema.Struct({
      roleId: Schema.String,
      restrictedTo: optional(Schema.Struct({}))
    })),
    rateLimit: Schema.Number,
    _kuzzle_info: optional(Info)
  }, Content)
})

const page = <A, I>(hit: Schema.Schema<A, I>) =>
  Schema.Struct({
    hits: Schema.NonEmptyArray(hit),
    total: Schema.Number,
    aggregations: optional(Content),
    scrollId: optional(Schema.String)
  })

const FullMapping = Schema.Struct({ dynamic: Schema.Literal("false"), properties: Content })

const missing = { tag: "KuzzleBadRequestError", id: "api.assert.missing_argument" } as const
const noUser = { tag: "KuzzleUserNotFoundError", id: "security.user.not_found" } as const
const noProfile = { tag: "KuzzleProfileNotFoundError", id: "security.profile.not_found" } as const
const noRole = { tag: "KuzzleRoleNotFoundError", id: "security.role.not_found" } as const
const noStrategy = { tag: "KuzzleUnknownStrategyError", id: "security.credentials.unknown_strategy" } as const
const noDocument = { tag: "KuzzleDocumentNotFoundError", id: "services.storage.not_found" } as const
const twice = { tag: "KuzzleDocumentAlreadyExistsError", id: "services.storage.document_already_exists" } as const
const wrongRights = { tag: "KuzzleInvalidRightsError", id: "security.role.unknown_action" } as const
const incomplete = { tag: "KuzzleIncompleteDeleteError", id: "services.storage.incomplete_delete" } as const
const noScroll = { tag: "KuzzleScrollNotFoundError", id: "services.storage.unknown_scroll_id" } as const
const tooMany = { tag: "KuzzleFetchLimitError", id: "services.storage.get_limit_exceeded" } as const
const wrongMapping = { tag: "KuzzleInvalidMappingError", id: "services.storage.invalid_mapping" } as const

const unknownAction = { controllers: { server: { actions: { absent: true } } } }

const roles = [
  contract(KuzzleSecurity.createRole, {
    sends: [
      { _id: "reader", content: allowed, force: true, refresh },
      { ...wire("createRole"), _id: "reader", body: allowed, force: true, refresh }
    ],
    works: Effect.flatMap(
      named("Roles"),
      (_id) =>
        KuzzleSecurity.createRole({
          _id,
          content: { controllers: { absent: { actions: { "*": true } } } },
          force: true,
          refresh
        })
    ),
    result: Role,
    fails: {
      call: Effect.flatMap(role(), (_id) => KuzzleSecurity.createRole({ _id, content: allowed, refresh })),
      ...twice
    }
  }),
  contract(KuzzleSecurity.createOrReplaceRole, {
    sends: [
      { _id: "reader", content: allowed, force: true, refresh },
      { ...wire("createOrReplaceRole"), _id: "reader", body: allowed, force: true, refresh }
    ],
    works: Effect.gen(function*() {
      const replaced = yield* KuzzleSecurity.createOrReplaceRole({ _id: yield* role(), content: allowed, refresh })
      assert.notProperty(replaced._source, "note")
      return replaced
    }),
    result: Role,
    fails: {
      call: Effect.flatMap(
        named("Roles"),
        (_id) => KuzzleSecurity.createOrReplaceRole({ _id, content: unknownAction, refresh })
      ),
      ...wrongRights
    }
  }),
  contract(KuzzleSecurity.updateRole, {
    sends: [
      { _id: "reader", content: allowed, force: true, retryOnConflict: 3, refresh },
      { ...wire("updateRole"), _id: "reader", body: allowed, force: true, retryOnConflict: 3, refresh }
    ],
    works: Effect.gen(function*() {
      const updated = yield* KuzzleSecurity.updateRole({ _id: yield* role(), content: allowed, refresh })
      assert.notProperty(updated._source, "note")
      return updated
    }),
    result: Role,
    fails: {
      call: Effect.flatMap(absent, (_id) => KuzzleSecurity.updateRole({ _id, content: allowed, refresh })),
      ...noDocument
    }
  }),
  contract(KuzzleSecurity.deleteRole, {
    sends: [{ _id: "reader", refresh }, { ...wire("deleteRole"), _id: "reader", refresh }],
    works: Effect.flatMap(role(), (_id) => KuzzleSecurity.deleteRole({ _id, refresh })),
    result: Schema.Void,
    fails: {
      call: KuzzleSecurity.deleteRole({ _id: "anonymous", refresh }),
      tag: "KuzzleRoleProtectedError",
      id: "security.role.cannot_delete"
    }
  }),
  contract(KuzzleSecurity.mDeleteRoles, {
    sends: [{ ids: ["a", "b"], refresh }, { ...wire("mDeleteRoles"), body: { ids: ["a", "b"] }, refresh }],
    works: Effect.gen(function*() {
      const deleted = yield* KuzzleSecurity.mDeleteRoles({ ids: [yield* role(), yield* role()], refresh })
      assert.lengthOf(deleted, 2)
      return deleted
    }),
    result: Schema.Array(Schema.String),
    fails: {
      call: Effect.gen(function*() {
        const _id = yield* role()
        return yield* KuzzleSecurity.mDeleteRoles({ ids: ["admin", _id], refresh }).pipe(
          Effect.tapErrorTag("KuzzleIncompleteDeleteError", ({ failures, successes }) =>
            Effect.sync(() => {
              assert.deepStrictEqual(successes, [_id])
              assert.deepStrictEqual(failures.map(({ id }) => id), ["security.role.cannot_delete"])
            }))
        )
      }),
      ...incomplete
    }
  }),
  contract(KuzzleSecurity.getRole, {
    sends: [{ _id: "reader" }, { ...wire("getRole"), _id: "reader" }],
    works: Effect.flatMap(role(), (_id) => KuzzleSecurity.getRole({ _id })),
    result: Role,
    fails: { call: Effect.flatMap(absent, (_id) => KuzzleSecurity.getRole({ _id })), ...noRole }
  }),
  contract(KuzzleSecurity.mGetRoles, {
    sends: [{ ids: ["a", "b"] }, { ...wire("mGetRoles"), body: { ids: ["a", "b"] } }],
    works: Effect.flatMap(role(), (_id) => KuzzleSecurity.mGetRoles({ ids: [_id, "admin"] })),
    result: Schema.Tuple(Role, Role),
    fails: { call: Effect.flatMap(absent, (_id) => KuzzleSecurity.mGetRoles({ ids: [_id] })), ...noRole }
  }),
  contract(KuzzleSecurity.searchRoles, {
    sends: [
      { query: { match_all: {} }, controllers: ["server"], sort: ["_id"], from: 1, size: 2 },
      {
        ...wire("searchRoles"),
        body: { query: { match_all: {} }, controllers: ["server"], sort: ["_id"] },
        from: 1,
        size: 2
      }
    ],
    works: Effect.gen(function*() {
      const _id = yield* role(true)
      const byController = yield* KuzzleSecurity.searchRoles({ controllers: ["server"] })
      assert.include(byController.hits.map((hit) => hit._id), _id)
      return yield* KuzzleSecurity.searchRoles({ ...ids([_id]), size: 10, sort: ["_id"] })
    }),
    result: page(Role),
    fails: { call: KuzzleSecurity.searchRoles({ size: 20_000 }), ...tooMany }
  }),
  contract(KuzzleSecurity.getRoleMapping, {
    sends: [{}, wire("getRoleMapping")],
    works: KuzzleSecurity.getRoleMapping(),
    result: Schema.Struct({ controllers: Content, tags: Content }, Content),
    neverFails: "it takes no argument"
  }),
  contract(KuzzleSecurity.updateRoleMapping, {
    sends: [
      { properties: { note: { type: "keyword" } } },
      { ...wire("updateRoleMapping"), body: { properties: { note: { type: "keyword" } } } }
    ],
    works: KuzzleSecurity.updateRoleMapping({ properties: { contract: { type: "keyword" } } }),
    result: FullMapping,
    fails: {
      call: KuzzleSecurity.updateRoleMapping({ properties: { contract: { dynamic: "perhaps", properties: {} } } }),
      ...wrongMapping
    }
  }),
  contract(KuzzleSecurity.restrictDefaultRights, {
    sends: [{}, wire("restrictDefaultRights")],
    works: KuzzleSecurity.restrictDefaultRights(),
    result: Schema.Void,
    neverFails: "it takes no argument",
    except: {
      embedded: "no other contract could run afterwards: see KuzzleEngine.test.ts",
      real: "no other test could run afterwards: see destructive.real.test.ts"
    }
  })
]

const policies = [{ roleId: "default", restrictedTo: [{ index: "nyc", collections: ["taxi"] }] }]

const profiles = [
  contract(KuzzleSecurity.createProfile, {
    sends: [
      { _id: "driver", content: { policies, rateLimit: 10 }, strict: true, refresh },
      { ...wire("createProfile"), _id: "driver", body: { policies, rateLimit: 10 }, strict: true, refresh }
    ],
    works: Effect.flatMap(
      named("Profiles"),
      (_id) => KuzzleSecurity.createProfile({ _id, content: { policies, rateLimit: 10, note: "mine" }, refresh })
    ),
    result: Profile,
    fails: {
      call: Effect.gen(function*() {
        const [_id, index] = [yield* named("Profiles"), yield* absent]
        const content = { policies: [{ roleId: "default", restrictedTo: [{ index }] }] }
        return yield* KuzzleSecurity.createProfile({ _id, content, strict: true, refresh })
      }),
      tag: "KuzzleIndexNotFoundError",
      id: "services.storage.unknown_index"
    }
  }),
  contract(KuzzleSecurity.createOrReplaceProfile, {
    sends: [
      { _id: "driver", content: { policies }, strict: true, refresh },
      { ...wire("createOrReplaceProfile"), _id: "driver", body: { policies }, strict: true, refresh }
    ],
    works: Effect.flatMap(
      profile(),
      (_id) => KuzzleSecurity.createOrReplaceProfile({ _id, content: { policies }, refresh })
    ),
    result: Profile,
    fails: {
      call: Effect.gen(function*() {
        const [_id, roleId] = [yield* named("Profiles"), yield* absent]
        return yield* KuzzleSecurity.createOrReplaceProfile({ _id, content: { policies: [{ roleId }] }, refresh })
      }),
      ...noRole
    }
  }),
  contract(KuzzleSecurity.updateProfile, {
    sends: [
      { _id: "driver", content: { rateLimit: 5 }, strict: true, retryOnConflict: 3, refresh },
      { ...wire("updateProfile"), _id: "driver", body: { rateLimit: 5 }, strict: true, retryOnConflict: 3, refresh }
    ],
    works: Effect.gen(function*() {
      const _id = yield* profile()
      const updated = yield* KuzzleSecurity.updateProfile({ _id, content: { rateLimit: 5 }, refresh })
      assert.deepStrictEqual(updated._source.policies, [{ roleId: "default" }])
      assert.strictEqual(updated._source.rateLimit, 5)
      return updated
    }),
    result: Profile,
    fails: {
      call: Effect.flatMap(absent, (_id) => KuzzleSecurity.updateProfile({ _id, content: { rateLimit: 5 }, refresh })),
      ...noProfile
    }
  }),
  contract(KuzzleSecurity.deleteProfile, {
    sends: [
      { _id: "driver", onAssignedUsers: "remove", refresh },
      { ...wire("deleteProfile"), _id: "driver", onAssignedUsers: "remove", refresh }
    ],
    works: Effect.gen(function*() {
      const [_id, kuid] = [yield* profile(), yield* named("Users")]
      yield* make("createUser", kuid, { content: { profileIds: [_id] } }, true)
      yield* KuzzleSecurity.deleteProfile({ _id, onAssignedUsers: "remove", refresh })
      return (yield* Effect.orDie(KuzzleSecurity.getUser({ _id: kuid })))._source.profileIds
    }),
    result: Schema.Tuple(Schema.Literal("anonymous")),
    fails: {
      call: Effect.gen(function*() {
        const [_id, kuid] = [yield* named("Profiles"), yield* named("Users")]
        yield* make("createProfile", _id, { policies: [] })
        yield* make("createUser", kuid, { content: { profileIds: [_id] } }, true)
        yield* KuzzleSecurity.deleteProfile({ _id, refresh }).pipe(
          // The scope removes the user before the profile, but without waiting until searches see it.
          Effect.ensuring(Effect.orDie(KuzzleSecurity.deleteProfile({ _id, onAssignedUsers: "remove", refresh })))
        )
      }),
      tag: "KuzzleProfileInUseError",
      id: "security.profile.in_use"
    }
  }),
  contract(KuzzleSecurity.mDeleteProfiles, {
    sends: [{ ids: ["a", "b"], refresh }, { ...wire("mDeleteProfiles"), body: { ids: ["a", "b"] }, refresh }],
    works: Effect.flatMap(profile(), (_id) => KuzzleSecurity.mDeleteProfiles({ ids: [_id], refresh })),
    type: Schema.Array(Schema.String),
    result: Schema.Tuple(Schema.String),
    fails: {
      call: Effect.flatMap(absent, (_id) => KuzzleSecurity.mDeleteProfiles({ ids: [_id], refresh })),
      ...incomplete
    }
  }),
  contract(KuzzleSecurity.getProfile, {
    sends: [{ _id: "driver" }, { ...wire("getProfile"), _id: "driver" }],
    works: Effect.flatMap(profile(), (_id) => KuzzleSecurity.getProfile({ _id })),
    result: Profile,
    fails: { call: Effect.flatMap(absent, (_id) => KuzzleSecurity.getProfile({ _id })), ...noProfile }
  }),
  contract(KuzzleSecurity.mGetProfiles, {
    sends: [{ ids: ["a", "b"] }, { ...wire("mGetProfiles"), body: { ids: ["a", "b"] } }],
    works: Effect.flatMap(profile(), (_id) => KuzzleSecurity.mGetProfiles({ ids: [_id, "admin"] })),
    result: Schema.Tuple(Profile, Profile),
    fails: { call: Effect.flatMap(absent, (_id) => KuzzleSecurity.mGetProfiles({ ids: [_id] })), ...noProfile }
  }),
  contract(KuzzleSecurity.searchProfiles, {
    sends: [
      {
        query: { match_all: {} },
        sort: ["_id"],
        search_after: ["a"],
        aggregations: { roles: { terms: { field: "policies.roleId" } } },
        from: 1,
        size: 2,
        scroll: "5s"
      },
      {
        ...wire("searchProfiles"),
        body: {
          query: { match_all: {} },
          sort: ["_id"],
          search_after: ["a"],
          aggregations: { roles: { terms: { field: "policies.roleId" } } }
        },
        from: 1,
        size: 2,
        scroll: "5s"
      }
    ],
    works: Effect.flatMap(
      profile(true),
      (_id) => KuzzleSecurity.searchProfiles({ filter: { ids: { values: [_id] } }, scroll: "5s", size: 1 })
    ),
    result: page(Profile),
    fails: {
      call: KuzzleSecurity.searchProfiles({ scroll: "2h" }),
      tag: "KuzzleScrollTooLongError",
      id: "services.storage.scroll_duration_too_great"
    }
  }),
  contract(KuzzleSecurity.scrollProfiles, {
    sends: [{ scrollId: "x", scroll: "5s" }, { ...wire("scrollProfiles"), scrollId: "x", scroll: "5s" }],
    works: Effect.gen(function*() {
      const first = yield* Effect.orDie(KuzzleSecurity.searchProfiles({ scroll: "5s", size: 1 }))
      return yield* KuzzleSecurity.scrollProfiles({ scrollId: first.scrollId ?? "", scroll: "1s" })
    }),
    result: page(Profile),
    fails: { call: KuzzleSecurity.scrollProfiles({ scrollId: "x" }), ...noScroll }
  }),
  contract(KuzzleSecurity.getProfileRights, {
    sends: [{ _id: "driver" }, { ...wire("getProfileRights"), _id: "driver" }],
    works: Effect.flatMap(profile(), (_id) => KuzzleSecurity.getProfileRights({ _id })),
    result: Schema.NonEmptyArray(Right),
    fails: { call: Effect.flatMap(absent, (_id) => KuzzleSecurity.getProfileRights({ _id })), ...noProfile }
  }),
  contract(KuzzleSecurity.getProfileMapping, {
    sends: [{}, wire("getProfileMapping")],
    works: KuzzleSecurity.getProfileMapping(),
    result: Schema.Struct({ policies: Content, tags: Content }, Content),
    neverFails: "it takes no argument"
  }),
  contract(KuzzleSecurity.updateProfileMapping, {
    sends: [
      { properties: { note: { type: "keyword" } } },
      { ...wire("updateProfileMapping"), body: { properties: { note: { type: "keyword" } } } }
    ],
    works: KuzzleSecurity.updateProfileMapping({ properties: { contract: { type: "keyword" } } }),
    result: FullMapping,
    fails: {
      call: KuzzleSecurity.updateProfileMapping({ properties: { contract: { dynamic: "perhaps", properties: {} } } }),
      ...wrongMapping
    }
  })
]

const content = { profileIds: ["default"], name: "Ada" }

const users = [
  contract(KuzzleSecurity.createUser, {
    sends: [
      { _id: "ada", kuid: "uuid", content, credentials: { local: { username: "ada", password: secret } }, refresh },
      {
        ...wire("createUser"),
        _id: "ada",
        kuid: "uuid",
        body: { content, credentials: { local: { username: "ada", password: "secret" } } },
        refresh
      }
    ],
    works: Effect.gen(function*() {
      const _id = yield* named("Users")
      const credentials = { local: { username: _id, password: secret } }
      const created = yield* KuzzleSecurity.createUser({ _id, content, credentials, refresh })
      yield* login(_id, "secret")
      return created
    }),
    result: User,
    fails: {
      call: Effect.flatMap(user(), (_id) => KuzzleSecurity.createUser({ _id, content, refresh })),
      tag: "KuzzleUserAlreadyExistsError",
      id: "security.user.already_exists"
    }
  }),
  contract(KuzzleSecurity.createRestrictedUser, {
    sends: [
      {
        _id: "ada",
        kuid: "human",
        content: { name: "Ada" },
        credentials: { local: { username: "ada", password: secret } },
        refresh
      },
      {
        ...wire("createRestrictedUser"),
        _id: "ada",
        kuid: "human",
        body: { content: { name: "Ada" }, credentials: { local: { username: "ada", password: "secret" } } },
        refresh
      }
    ],
    works: Effect.gen(function*() {
      const created = yield* KuzzleSecurity.createRestrictedUser({ kuid: "uuid", refresh })
      yield* Effect.orDie(KuzzleSecurity.deleteUser({ _id: created._id, refresh }))
      assert.match(created._id, /^kuid-[0-9a-f-]{36}$/)
      return created
    }),
    result: User,
    fails: {
      call: Effect.flatMap(
        named("Users"),
        (_id) => KuzzleSecurity.createRestrictedUser({ _id, credentials: { absent: {} }, refresh })
      ),
      ...noStrategy
    }
  }),
  contract(KuzzleSecurity.createFirstAdmin, {
    sends: [
      {
        _id: "ada",
        kuid: "human",
        content: { name: "Ada" },
        credentials: { local: { username: "ada", password: secret } },
        reset: true,
        refresh
      },
      {
        ...wire("createFirstAdmin"),
        _id: "ada",
        kuid: "human",
        body: { content: { name: "Ada" }, credentials: { local: { username: "ada", password: "secret" } } },
        reset: true,
        refresh
      }
    ],
    works: Effect.flatMap(named("Users"), (_id) => KuzzleSecurity.createFirstAdmin({ _id, content: { name: "Ada" } })),
    result: User,
    fails: {
      call: Effect.gen(function*() {
        const _id = yield* named("Users")
        yield* make("createUser", _id, { content: { profileIds: ["admin"] } }, true)
        return yield* KuzzleSecurity.createFirstAdmin()
      }),
      tag: "KuzzleAdminExistsError",
      id: "api.process.admin_exists"
    },
    alone: "there can be only one first administrator"
  }),
  contract(KuzzleSecurity.updateUser, {
    sends: [
      { _id: "ada", content: { name: "Ada" }, retryOnConflict: 3, refresh },
      { ...wire("updateUser"), _id: "ada", body: { name: "Ada" }, retryOnConflict: 3, refresh }
    ],
    works: Effect.flatMap(user(), (_id) => KuzzleSecurity.updateUser({ _id, content: { name: "Countess" }, refresh })),
    result: User,
    fails: {
      call: Effect.flatMap(absent, (_id) => KuzzleSecurity.updateUser({ _id, content: {}, refresh })),
      ...noUser
    }
  }),
  contract(KuzzleSecurity.upsertUser, {
    sends: [
      {
        _id: "ada",
        content,
        default: { name: "?" },
        credentials: { local: { username: "ada", password: secret } },
        retryOnConflict: 3,
        refresh
      },
      {
        ...wire("upsertUser"),
        _id: "ada",
        body: { content, default: { name: "?" }, credentials: { local: { username: "ada", password: "secret" } } },
        retryOnConflict: 3,
        refresh
      }
    ],
    works: Effect.gen(function*() {
      const _id = yield* named("Users")
      const made = yield* KuzzleSecurity.upsertUser({ _id, content, default: { nick: "A" }, refresh })
      assert.strictEqual(made._source.nick, "A")
      return yield* KuzzleSecurity.upsertUser({ _id, content: { ...content, name: "Countess" }, refresh })
    }),
    result: User,
    fails: {
      call: Effect.gen(function*() {
        const [_id, other] = [yield* user(), yield* absent]
        return yield* KuzzleSecurity.upsertUser({ _id, content: { profileIds: [other] }, refresh })
      }),
      ...noProfile
    }
  }),
  contract(KuzzleSecurity.replaceUser, {
    sends: [{ _id: "ada", content, refresh }, { ...wire("replaceUser"), _id: "ada", body: content, refresh }],
    works: Effect.gen(function*() {
      const replaced = yield* KuzzleSecurity.replaceUser({
        _id: yield* user(),
        content: { profileIds: ["default"] },
        refresh
      })
      assert.notProperty(replaced._source, "name")
      return replaced
    }),
    result: User,
    fails: {
      call: Effect.flatMap(user(), (_id) => KuzzleSecurity.replaceUser({ _id, content: { profileIds: [] }, refresh })),
      tag: "KuzzleProfileRequiredError",
      id: "security.user.no_profile"
    }
  }),
  contract(KuzzleSecurity.deleteUser, {
    sends: [{ _id: "ada", refresh }, { ...wire("deleteUser"), _id: "ada", refresh }],
    works: Effect.flatMap(user(), (_id) => KuzzleSecurity.deleteUser({ _id, refresh })),
    result: Schema.Void,
    fails: { call: Effect.flatMap(absent, (_id) => KuzzleSecurity.deleteUser({ _id, refresh })), ...noUser }
  }),
  contract(KuzzleSecurity.mDeleteUsers, {
    sends: [{ ids: ["a", "b"], refresh }, { ...wire("mDeleteUsers"), body: { ids: ["a", "b"] }, refresh }],
    works: Effect.flatMap(user(), (_id) => KuzzleSecurity.mDeleteUsers({ ids: [_id], refresh })),
    type: Schema.Array(Schema.String),
    result: Schema.Tuple(Schema.String),
    fails: {
      call: Effect.gen(function*() {
        const [_id, other] = [yield* user(), yield* absent]
        return yield* KuzzleSecurity.mDeleteUsers({ ids: [_id, other], refresh }).pipe(
          Effect.tapErrorTag("KuzzleIncompleteDeleteError", ({ failures, successes }) =>
            Effect.sync(() => {
              assert.deepStrictEqual(successes, [_id])
              assert.deepStrictEqual(failures.map(({ _tag, id, props }) => ({ _tag, id, props })), [
                { _tag: "KuzzleNotFoundError", id: "security.user.not_found", props: [other] }
              ])
            }))
        )
      }),
      ...incomplete
    }
  }),
  contract(KuzzleSecurity.getUser, {
    sends: [{ _id: "ada" }, { ...wire("getUser"), _id: "ada" }],
    works: Effect.flatMap(user(), (_id) => KuzzleSecurity.getUser({ _id })),
    result: User,
    fails: { call: Effect.flatMap(absent, (_id) => KuzzleSecurity.getUser({ _id })), ...noUser }
  }),
  contract(KuzzleSecurity.mGetUsers, {
    sends: [{ ids: ["a", "b"] }, { ...wire("mGetUsers"), body: { ids: ["a", "b"] } }],
    works: Effect.gen(function*() {
      return yield* KuzzleSecurity.mGetUsers({ ids: [yield* user(), yield* absent] })
    }),
    result: Schema.Tuple(User),
    fails: { call: KuzzleSecurity.mGetUsers({ ids: [] }), ...missing }
  }),
  contract(KuzzleSecurity.searchUsers, {
    sends: [
      {
        query: { match_all: {} },
        sort: ["_id"],
        search_after: ["a"],
        from: 1,
        size: 2,
        scroll: "5s"
      },
      {
        ...wire("searchUsers"),
        body: { query: { match_all: {} }, sort: ["_id"], search_after: ["a"] },
        from: 1,
        size: 2,
        scroll: "5s"
      }
    ],
    works: Effect.flatMap(user(true), (_id) => KuzzleSecurity.searchUsers({ ...ids([_id]), sort: [{ _id: "asc" }] })),
    result: page(User),
    fails: { call: KuzzleSecurity.searchUsers({ size: 20_000 }), ...tooMany }
  }),
  contract(KuzzleSecurity.scrollUsers, {
    sends: [{ scrollId: "x", scroll: "5s" }, { ...wire("scrollUsers"), scrollId: "x", scroll: "5s" }],
    works: Effect.gen(function*() {
      const values = [yield* user(), yield* user(true)]
      const first = yield* Effect.orDie(KuzzleSecurity.searchUsers({ ...ids(values), scroll: "5s", size: 1 }))
      return yield* KuzzleSecurity.scrollUsers({ scrollId: first.scrollId ?? "", scroll: "1s" })
    }),
    result: page(User),
    fails: { call: KuzzleSecurity.scrollUsers({ scrollId: "x" }), ...noScroll }
  }),
  contract(KuzzleSecurity.getUserRights, {
    sends: [{ _id: "ada" }, { ...wire("getUserRights"), _id: "ada" }],
    works: Effect.flatMap(user(), (_id) => KuzzleSecurity.getUserRights({ _id })),
    result: Schema.NonEmptyArray(Right),
    fails: { call: Effect.flatMap(absent, (_id) => KuzzleSecurity.getUserRights({ _id })), ...noUser }
  }),
  contract(KuzzleSecurity.checkRights, {
    sends: [
      { userId: "ada", request: { controller: "document", action: "get", index: "nyc", collection: "taxi" } },
      {
        ...wire("checkRights"),
        userId: "ada",
        body: { controller: "document", action: "get", index: "nyc", collection: "taxi" }
      }
    ],
    works: Effect.gen(function*() {
      const [reader, reads, userId] = [yield* role(), yield* named("Profiles"), yield* named("Users")]
      yield* make("createProfile", reads, { policies: [{ roleId: reader }] })
      yield* make("createUser", userId, { content: { profileIds: [reads] } })
      const may = (action: string) =>
        Effect.orDie(KuzzleSecurity.checkRights({ userId, request: { controller: "server", action } }))
      const rights = [yield* may("now"), yield* may("info")] as const
      // Deleted in this order, because a role or profile that is in use cannot be deleted.
      yield* make("deleteUser", userId, {}, true)
      yield* make("deleteProfile", reads, {}, true)
      return rights
    }),
    result: Schema.Tuple(Schema.Literal(true), Schema.Literal(false)),
    fails: {
      call: Effect.flatMap(
        absent,
        (userId) => KuzzleSecurity.checkRights({ userId, request: { controller: "server", action: "now" } })
      ),
      ...noUser
    }
  }),
  contract(KuzzleSecurity.revokeTokens, {
    sends: [{ _id: "ada" }, { ...wire("revokeTokens"), _id: "ada" }],
    works: Effect.gen(function*() {
      const { kuid, password, username } = yield* member
      yield* login(username, password)
      const { token } = yield* Effect.orDie(KuzzleAuth.createToken())
      yield* KuzzleSecurity.revokeTokens({ _id: kuid })
      assert.deepInclude(yield* Effect.orDie(KuzzleAuth.checkToken({ token })), { valid: false })
    }),
    result: Schema.Void,
    fails: { call: KuzzleSecurity.revokeTokens({ _id: "" }), ...missing }
  }),
  contract(KuzzleSecurity.getUserMapping, {
    sends: [{}, wire("getUserMapping")],
    works: KuzzleSecurity.getUserMapping(),
    result: Schema.Struct({ profileIds: Content }, Content),
    neverFails: "it takes no argument"
  }),
  contract(KuzzleSecurity.updateUserMapping, {
    sends: [
      { properties: { name: { type: "keyword" } } },
      { ...wire("updateUserMapping"), body: { properties: { name: { type: "keyword" } } } }
    ],
    works: KuzzleSecurity.updateUserMapping({ properties: { contract: { type: "keyword" } } }),
    result: FullMapping,
    fails: {
      call: KuzzleSecurity.updateUserMapping({ properties: { contract: { dynamic: "perhaps", properties: {} } } }),
      ...wrongMapping
    }
  }),
  contract(KuzzleSecurity.refresh, {
    sends: [{ collection: "users" }, { ...wire("refresh"), collection: "users" }],
    works: KuzzleSecurity.refresh({ collection: "profiles" }),
    result: Schema.Void,
    fails: {
      // The type does not permit this collection.
      call: KuzzleSecurity.refresh({ collection: "config" as never }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.unexpected_argument"
    }
  })
]

const local = { _id: "ada", strategy: "local" } as const
const credentialsOfAda = { username: "ada", password: secret }
const sentCredentials = { username: "ada", password: "secret" }

const credentials = [
  contract(KuzzleSecurity.getUserStrategies, {
    sends: [{ _id: "ada" }, { ...wire("getUserStrategies"), _id: "ada" }],
    works: Effect.flatMap(member, ({ kuid }) => KuzzleSecurity.getUserStrategies({ _id: kuid })),
    result: Schema.Tuple(Schema.Literal("local")),
    fails: { call: Effect.flatMap(absent, (_id) => KuzzleSecurity.getUserStrategies({ _id })), ...noUser }
  }),
  contract(KuzzleSecurity.getAllCredentialFields, {
    sends: [{}, wire("getAllCredentialFields")],
    works: KuzzleSecurity.getAllCredentialFields(),
    type: Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }),
    result: Schema.Struct(
      { local: Schema.Tuple(Schema.Literal("username"), Schema.Literal("password")) },
      Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) })
    ),
    neverFails: "it takes no argument"
  }),
  contract(KuzzleSecurity.getCredentialFields, {
    sends: [{ strategy: "local" }, { ...wire("getCredentialFields"), strategy: "local" }],
    works: KuzzleSecurity.getCredentialFields({ strategy: "local" }),
    type: Schema.Array(Schema.String),
    result: Schema.Tuple(Schema.Literal("username"), Schema.Literal("password")),
    fails: { call: KuzzleSecurity.getCredentialFields({ strategy: "absent" }), ...noStrategy }
  }),
  contract(KuzzleSecurity.createCredentials, {
    sends: [{ ...local, credentials: credentialsOfAda, refresh }, {
      ...wire("createCredentials"),
      ...local,
      body: sentCredentials,
      refresh
    }],
    works: Effect.gen(function*() {
      const _id = yield* user()
      const credentials = { username: _id, password: secret }
      const info = yield* KuzzleSecurity.createCredentials({ _id, strategy: "local", credentials, refresh: "wait_for" })
      yield* login(_id, "secret")
      return info
    }),
    type: Content,
    result: Schema.Struct({ username: Schema.String }),
    fails: {
      call: Effect.flatMap(
        absent,
        (_id) => KuzzleSecurity.createCredentials({ _id, strategy: "local", credentials: credentialsOfAda, refresh })
      ),
      ...noUser
    }
  }),
  contract(KuzzleSecurity.updateCredentials, {
    sends: [{ ...local, credentials: credentialsOfAda, refresh }, {
      ...wire("updateCredentials"),
      ...local,
      body: sentCredentials,
      refresh
    }],
    works: Effect.gen(function*() {
      const { kuid: _id, username } = yield* member
      const info = yield* KuzzleSecurity.updateCredentials({
        _id,
        strategy: "local",
        credentials: { password: secret },
        refresh
      })
      yield* login(username, "secret")
      return info
    }),
    type: Content,
    result: Schema.Struct({ username: Schema.String, kuid: Schema.String }),
    fails: {
      call: Effect.flatMap(
        user(),
        (_id) => KuzzleSecurity.updateCredentials({ _id, strategy: "local", credentials: {}, refresh })
      ),
      tag: "KuzzleBadRequestError",
      id: ""
    }
  }),
  contract(KuzzleSecurity.validateCredentials, {
    sends: [{ ...local, credentials: credentialsOfAda }, {
      ...wire("validateCredentials"),
      ...local,
      body: sentCredentials
    }],
    works: Effect.flatMap(
      absent,
      (_id) =>
        KuzzleSecurity.validateCredentials({ _id, strategy: "local", credentials: { username: _id, password: secret } })
    ),
    type: Schema.Boolean,
    result: Schema.Literal(true),
    fails: {
      call: KuzzleSecurity.validateCredentials({ ...local, credentials: { password: secret } }),
      tag: "KuzzleBadRequestError",
      id: ""
    }
  }),
  contract(KuzzleSecurity.deleteCredentials, {
    sends: [{ ...local, refresh }, { ...wire("deleteCredentials"), ...local, refresh }],
    works: Effect.flatMap(
      member,
      ({ kuid: _id }) => KuzzleSecurity.deleteCredentials({ _id, strategy: "local", refresh })
    ),
    result: Schema.Void,
    fails: {
      call: Effect.flatMap(absent, (_id) => KuzzleSecurity.deleteCredentials({ _id, strategy: "local", refresh })),
      tag: "KuzzlePreconditionError",
      id: ""
    }
  }),
  contract(KuzzleSecurity.hasCredentials, {
    sends: [local, { ...wire("hasCredentials"), ...local }],
    works: Effect.flatMap(member, ({ kuid: _id }) => KuzzleSecurity.hasCredentials({ _id, strategy: "local" })),
    type: Schema.Boolean,
    result: Schema.Literal(true),
    fails: { call: KuzzleSecurity.hasCredentials({ ...local, strategy: "absent" }), ...noStrategy }
  }),
  contract(KuzzleSecurity.getCredentials, {
    sends: [local, { ...wire("getCredentials"), ...local }],
    works: Effect.flatMap(member, ({ kuid: _id }) => KuzzleSecurity.getCredentials({ _id, strategy: "local" })),
    type: Content,
    result: Schema.Struct({ username: Schema.String, kuid: Schema.String }),
    fails: { call: KuzzleSecurity.getCredentials({ ...local, strategy: "absent" }), ...noStrategy }
  }),
  contract(KuzzleSecurity.getCredentialsById, {
    sends: [local, { ...wire("getCredentialsById"), ...local }],
    works: Effect.flatMap(member, ({ username: _id }) => KuzzleSecurity.getCredentialsById({ _id, strategy: "local" })),
    type: Content,
    result: Schema.Struct({ username: Schema.String, kuid: Schema.String }),
    fails: {
      call: Effect.flatMap(absent, (_id) => KuzzleSecurity.getCredentialsById({ _id, strategy: "local" })),
      tag: "KuzzlePreconditionError",
      id: ""
    }
  }),
  contract(KuzzleSecurity.searchUsersByCredentials, {
    sends: [
      {
        strategy: "local",
        query: { match: { username: "ada" } },
        sort: { username: "asc" },
        from: 1,
        size: 2
      },
      {
        ...wire("searchUsersByCredentials"),
        strategy: "local",
        body: { query: { match: { username: "ada" } }, sort: { username: "asc" } },
        from: 1,
        size: 2
      }
    ],
    works: Effect.flatMap(
      member,
      ({ username }) =>
        KuzzleSecurity.searchUsersByCredentials({
          strategy: "local",
          filter: { equals: { username } }
        })
    ),
    type: Schema.Struct({ hits: Schema.Array(Content), total: Schema.Number }),
    result: Schema.Struct({
      hits: Schema.Tuple(Schema.Struct({ username: Schema.String, kuid: Schema.String })),
      total: Schema.Literal(1)
    }),
    fails: { call: KuzzleSecurity.searchUsersByCredentials({ strategy: "absent" }), ...noStrategy }
  })
]

const apiKeys = [
  contract(KuzzleSecurity.createApiKey, {
    sends: [
      { userId: "ada", _id: "robot", description: "a robot", expiresIn: "1h", refresh },
      {
        ...wire("createApiKey"),
        userId: "ada",
        _id: "robot",
        body: { description: "a robot" },
        expiresIn: "1h",
        refresh
      }
    ],
    works: Effect.gen(function*() {
      const userId = yield* user()
      const key = yield* KuzzleSecurity.createApiKey({ userId, description: "a robot", refresh: "wait_for" })
      const state = yield* Effect.orDie(KuzzleAuth.checkToken({ token: key._source.token }))
      assert.deepInclude(state, { valid: true, kuid: userId })
      return key
    }),
    result: NewApiKey,
    fails: {
      call: Effect.flatMap(
        absent,
        (userId) => KuzzleSecurity.createApiKey({ userId, description: "a robot", refresh })
      ),
      ...noUser
    }
  }),
  contract(KuzzleSecurity.searchApiKeys, {
    sends: [
      { userId: "ada", query: { match: { description: "robot" } }, from: 1, size: 2 },
      {
        ...wire("searchApiKeys"),
        userId: "ada",
        body: { match: { description: "robot" } },
        from: 1,
        size: 2
      }
    ],
    works: Effect.flatMap(
      keyOwner,
      (userId) => KuzzleSecurity.searchApiKeys({ userId, query: { match: { description: "robot" } } })
    ),
    result: Schema.Tuple(ApiKey),
    fails: {
      call: KuzzleSecurity.searchApiKeys({
        userId: "ada",
        // @ts-expect-error: a search has no such condition
        filter: { bool: {} }
      }),
      tag: "KuzzleInvalidSearchError",
      id: "api.assert.koncorde_restricted_keyword"
    }
  }),
  contract(KuzzleSecurity.deleteApiKey, {
    sends: [{ userId: "ada", _id: "robot", refresh }, {
      ...wire("deleteApiKey"),
      userId: "ada",
      _id: "robot",
      refresh
    }],
    works: Effect.flatMap(keyOwner, (userId) => KuzzleSecurity.deleteApiKey({ userId, _id: userId, refresh })),
    result: Schema.Void,
    fails: {
      call: Effect.flatMap(absent, (_id) => KuzzleSecurity.deleteApiKey({ userId: "ada", _id, refresh })),
      ...noDocument
    }
  })
]

export const contracts = [...roles, ...profiles, ...users, ...credentials, ...apiKeys]
