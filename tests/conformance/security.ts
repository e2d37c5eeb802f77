/**
 * Roles, profiles, users, credentials, API keys, tokens, and the enforcement of rights.
 */
import { request } from "./prepare.ts"
import { type Scenario, scenario, type World } from "./recorder.ts"

/**
 * Functions that send a request, which is the label of its step. Writes do not wait for a refresh. `refresh` makes them visible
 * to searches.
 */
const prepare = async (world: World) => {
  const party = await world.connect("a")
  const senderOf = (controller: string) => (action: string, { jwt, ...more }: Ask = {}, label?: string) =>
    party.ask(
      request(controller, action, { refresh: "false", ...more, ...(jwt === undefined ? {} : { jwt }) }),
      label ?? `${action} ${JSON.stringify(more)}`
    )
  const security = senderOf("security")
  return {
    name: world.name,
    security,
    auth: senderOf("auth"),
    ask: (controller: string, action: string, more: Ask = {}) => senderOf(controller)(action, more),
    refresh: async () => {
      for (const collection of ["users", "profiles", "roles"]) await security("refresh", { collection })
    }
  }
}

interface Ask {
  readonly jwt?: string | undefined
  readonly [argument: string]: unknown
}

const allow = (controller: string, ...actions: ReadonlyArray<string>) => ({
  controllers: { [controller]: { actions: Object.fromEntries(actions.map((action) => [action, true])) } }
})

const roles = scenario("security: roles", async (world) => {
  const { name: _id, refresh, security } = await prepare(world)
  const other = `${_id}-other`
  const controllers = { document: { actions: { get: true, create: false } }, auth: { actions: { "*": true } } }
  await security("createRole", { _id, body: { tag: 1, controllers, _id: "x", _kuzzle_info: { author: "me" } } })
  await security("createRole", { _id, body: allow("server", "now") }, "again")
  for (
    const body of [
      {},
      { controllers: null },
      { controllers: 1 },
      { controllers: {} },
      { controllers: { document: 1 } },
      { controllers: { document: {} } },
      { controllers: { document: { get: true } } },
      { controllers: { document: { actions: 1 } } },
      { controllers: { document: { actions: {} } } },
      { controllers: { document: { actions: { get: 1 } } } },
      allow("document", "get", "absent"),
      allow("absent", "get"),
      allow("*", "get"),
      { controllers: { ...allow("absent", "get").controllers, ...allow("server", "absent").controllers } }
    ]
  ) {
    await security("createRole", { _id: other, body })
  }
  await security("createRole", { _id: other })
  await security("createRole", { body: allow("server", "now") }, "no id")
  await security("createRole", { _id: other, force: "yes", body: allow("server", "now") }, "wrong force")
  await security("createRole", { _id: other, force: true, body: allow("absent", "get") })
  await security("createOrReplaceRole", {
    _id: other,
    body: { controllers: { ...allow("server", "now").controllers, ...allow("absent", "get").controllers } }
  })
  await security("getRole", { _id: other })
  await security("updateRole", { _id: other, body: { ...allow("ms", "get"), more: { a: 1 } } })
  await security("updateRole", { _id: other, body: { ...allow("memoryStorage", "get"), more: { b: 1 } } })
  await security("updateRole", { _id: other, body: { more: 1 } })
  await security("updateRole", { _id: `${_id}-absent`, body: allow("server", "now") })
  await security("createOrReplaceRole", { _id: "anonymous", body: allow("server", "now") }, "anonymous may not log in")
  await security("getRole", { _id })
  await security("getRole", { _id: `${_id}-absent` })
  await security("getRole")
  await security("mGetRoles", { body: { ids: [_id, other] } })
  await security("mGetRoles", { body: { ids: [] } })
  await security("mGetRoles", { body: { ids: "x" } })
  await security("mGetRoles", { body: {} })
  await security("mGetRoles")
  await security("mGetRoles", { body: { ids: [_id, 42] } })
  await refresh()
  const ids = { ids: { values: [_id, other] } }
  await security("searchRoles", { body: { query: ids } })
  await security("searchRoles", { body: { query: ids }, size: 1, from: 1 })
  await security("searchRoles", { lang: "koncorde", body: { query: ids } })
  await security("searchRoles", { lang: "koncorde", body: { query: { ids: { values: [] } } } })
  await security("searchRoles", { body: { query: { ids: { values: [`${_id}-absent`] } } } })
  await security("searchRoles", { body: { controllers: ["absent"], query: ids } })
  await security("searchRoles", { body: { controllers: "server" } })
  await security("searchRoles", { body: { absent: {} } })
  await security("searchRoles", { size: 20_000 })
  await security("searchRoles", { size: "x" })
  await security("searchRoles", { lang: "x" })
  await security("deleteRole", { _id: `${_id}-absent` })
  await security("deleteRole", { _id: "admin" })
  await security("deleteRole")
  await security("createProfile", { _id, body: { policies: [{ roleId: _id }] } })
  await refresh()
  await security("deleteRole", { _id }, "in use")
  await security("deleteProfile", { _id })
  await refresh()
  await security("deleteRole", { _id })
  await security("mDeleteRoles", { body: { ids: [other, `${_id}-absent`] } })
  await security("mDeleteRoles", { body: { ids: ["default"] } })
  await security("mDeleteRoles", { body: { ids: [] } })
  await security("mDeleteRoles", { body: {} })
  await security("mDeleteRoles", { body: { ids: new Array(201).fill("x") } }, "too many")
})

const profiles = scenario("security: profiles", async (world) => {
  const { name: _id, refresh, security } = await prepare(world)
  const [other, role, kuid] = [`${_id}-other`, `${_id}-role`, `${_id}-user`]
  await security("createRole", { _id: role, body: allow("document", "get") })
  const restrictedTo = [{ index: "i", collections: ["b", "a"] }, { index: "j" }]
  const policies = [{ roleId: role, restrictedTo }]
  await security("createProfile", { _id, body: { tags: ["t"], policies, rateLimit: 5 } })
  await security("createProfile", { _id, body: { policies } }, "again")
  for (
    const body of [
      {},
      { policies: 1 },
      { policies: [{}] },
      { policies: [1] },
      { policies: [null] },
      { policies: [{ roleId: `${_id}-absent` }] },
      { policies: [{ roleId: role, x: 1 }] },
      { policies: [{ roleId: role, restrictedTo: 1 }] },
      { policies: [{ roleId: role, restrictedTo: [1] }] },
      { policies: [{ roleId: role, restrictedTo: [{}] }] },
      { policies: [{ roleId: role, restrictedTo: [{ index: "i", collections: 1 }] }] },
      { policies: [{ roleId: role, restrictedTo: [{ index: "i" }, { index: "i", x: 1 }] }] },
      { policies: [{ roleId: role }], rateLimit: -1 },
      { policies: [{ roleId: role }], rateLimit: 1.5 },
      { policies: [{ roleId: role }], rateLimit: "x" }
    ]
  ) {
    await security("createProfile", { _id: other, body })
  }
  await security("createProfile", { _id: other })
  await security("createProfile", { body: { policies } }, "no id")
  await security("createProfile", { _id: other, strict: true, body: { policies: [{ roleId: role, restrictedTo }] } })
  await security("createProfile", { _id: other, body: { policies: [], rateLimit: null } })
  await security("createOrReplaceProfile", { _id: other, body: { policies: [{ roleId: role }], deep: { a: 1 } } })
  await security("createOrReplaceProfile", { _id: other, body: {} })
  await security("updateProfile", { _id: other, body: { rateLimit: 7, deep: { b: 1 } } })
  await security("updateProfile", { _id: other, body: { policies: [{ roleId: role, restrictedTo: [] }] } })
  await security("updateProfile", { _id: other, body: { policies: "x" } })
  await security("updateProfile", { _id: other, body: { rateLimit: -1 } })
  await security("updateProfile", { _id: `${_id}-absent`, body: {} })
  await security("updateProfile", { _id: other })
  await security("updateProfile", { _id: other, body: {}, retryOnConflict: "x" })
  await security("updateProfile", { _id: "anonymous", body: { policies: [{ roleId: "default" }] } })
  await security("getProfile", { _id })
  await security("getProfile", { _id: other })
  await security("getProfile", { _id: `${_id}-absent` })
  await security("mGetProfiles", { body: { ids: [_id, other] } })
  await security("mGetProfiles", { body: { ids: [_id, `${_id}-absent`] } })
  await security("mGetProfiles", { body: { ids: [1] } })
  await security("getProfileRights", { _id }, "rights in several places")
  await security("getProfileRights", { _id: other })
  await security("getProfileRights", { _id: "default" })
  await security("getProfileRights", { _id: `${_id}-absent` })
  await refresh()
  const ids = { ids: { values: [_id, other] } }
  await security("searchProfiles", { body: { query: { term: { "policies.roleId": role } }, sort: [{ _id: "asc" }] } })
  await security("searchProfiles", { body: { query: ids, sort: [{ _id: "desc" }] }, size: 1 })
  await security("searchProfiles", { body: { roles: [role], sort: ["_id"] } })
  await security("searchProfiles", { body: { roles: [`${_id}-absent`] } })
  await security("searchProfiles", { body: { roles: [role], query: ids } })
  await security("searchProfiles", { body: { roles: "x" } })
  await security("searchProfiles", { lang: "koncorde", body: { query: ids, sort: ["_id"] } })
  await security("searchProfiles", { body: { query: 1 } })
  await security("searchProfiles", { size: 20_000 })
  await security("searchProfiles", { body: { query: ids }, scroll: "2h" })
  const { result } = await security("searchProfiles", {
    body: { query: ids, sort: ["_id"] },
    scroll: "5s",
    size: 1
  })
  const { scrollId } = result
  await security("scrollProfiles", { scrollId, scroll: "5s" }, "the next page")
  await security("scrollProfiles", { scrollId }, "after the last page")
  await security("scrollProfiles", { scrollId: "x" })
  await security("scrollProfiles")
  await security("createUser", { _id: kuid, body: { content: { profileIds: [_id], name: "n" } } })
  await refresh()
  await security("deleteProfile", { _id }, "in use")
  await security("deleteProfile", { _id, onAssignedUsers: "remove" })
  await security("getUser", { _id: kuid })
  await security("deleteProfile", { _id: "admin" })
  await security("deleteProfile", { _id: `${_id}-absent` })
  await security("deleteProfile")
  await security("mDeleteProfiles", { body: { ids: [other, "default"] } })
  await security("mDeleteProfiles", { body: { ids: [`${_id}-absent`] } })
  await security("deleteUser", { _id: kuid })
  await refresh()
  await security("deleteRole", { _id: role })
})

const users = scenario("security: users", async (world) => {
  const { ask, auth, name: _id, refresh, security } = await prepare(world)
  const other = `${_id}-other`
  const content = { profileIds: ["default"], name: "n" }
  const local = { username: _id, password: "pw" }
  await security("createUser", { _id, body: { content, credentials: { local } } })
  const made = await security("createUser", { kuid: "uuid", body: { content } }, "an id is made")
  await security("deleteUser", { _id: made.result._id }, "it is deleted")
  for (
    const body of [
      { content: { profileIds: [] } },
      { content: { profileIds: [1] } },
      { content: { profileIds: "default" } },
      { content, credentials: 1 },
      { content, credentials: { local: 1 } },
      { content, credentials: { local: null } },
      { content, credentials: { local: { ...local, username: other, kuid: "x" } } }
    ]
  ) {
    await security("createUser", { _id: other, body })
  }
  await security("createUser", { _id: "-1", body: { content } })
  // Without credentials: the plugin would search for them, and its result depends on the time of the last refresh.
  await security("createUser", { _id, body: { content } }, "again")
  await security("createRestrictedUser", { _id: other, body: { content: { nick: "o" } } })
  await security("createRestrictedUser", { _id: other }, "again")
  await security("createRestrictedUser", { _id: `${_id}-third`, body: { content } })
  await security("getUser", { _id: other })
  await security("getUser", { _id: "anonymous" })
  await security("mGetUsers", { body: { ids: [_id, other, `${_id}-absent`, "-1"] } })
  await security("mGetUsers", { ids: [_id] })
  await security("mGetUsers", { ids: `${_id},${other}` })
  await security("mGetUsers", { body: { ids: [] } })
  await security("mGetUsers", { body: { ids: _id } })
  await security("mGetUsers")
  await security("updateUser", { _id, body: { bio: "m", deep: { a: 1 } } })
  await security("updateUser", { _id, body: { deep: { b: 1 }, _id: "x", _kuzzle_info: { author: "me" } } })
  await security("getUser", { _id }, "as it is cached")
  await security("mGetUsers", { ids: [_id] }, "as it is stored")
  await security("updateUser", { _id, body: { profileIds: [`${_id}-absent`] } })
  await security("updateUser", { _id, body: { profileIds: "default" } })
  await security("updateUser", { _id, body: { profileIds: [] } })
  await security("updateUser", { _id, body: { profileIds: null } })
  await security("updateUser", { _id: `${_id}-absent`, body: {} })
  await security("updateUser", { _id: "-1", body: { x: 1 } })
  await security("updateUser", { _id })
  await security("upsertUser", { _id: other, body: { content: { profileIds: ["admin"], a: 1 }, default: { b: 1 } } })
  const third = { profileIds: ["default"], a: 1 }
  const more = { default: { b: 1, a: 2 }, credentials: { local: { username: `${_id}-third`, password: "pw" } } }
  await security("upsertUser", { _id: `${_id}-third`, body: { content: third, ...more } })
  await security("upsertUser", { _id: other, body: { content: { a: 1 } } })
  await security("upsertUser", { _id: other, body: {} })
  await security("upsertUser", { _id: other })
  await security("upsertUser", { body: { content: third } }, "upsert without an id")
  await security("replaceUser", { _id: other, body: { profileIds: ["default"], c: 1 } })
  await security("mGetUsers", { ids: [other] })
  await security("replaceUser", { _id: other, body: { c: 1 } })
  await security("replaceUser", { _id: `${_id}-absent`, body: { profileIds: ["default"] } })
  await security("replaceUser", { _id: other, body: { profileIds: [`${_id}-absent`] } })
  await security("replaceUser", { _id: other })
  await refresh()
  const ids = { ids: { values: [_id, other] } }
  await security("searchUsers", { body: { query: ids, sort: ["_id"] } })
  await security("searchUsers", { body: { query: ids, sort: ["_id"] }, size: 1, from: 1 })
  await security("searchUsers", { lang: "koncorde", body: { query: { ids: { values: [_id] } } } })
  await security("searchUsers", { lang: "koncorde", body: {} })
  await security("searchUsers", { body: { query: { bool: { must: [ids, { term: { bio: "m" } }] } } } }, "not mapped")
  await security("searchUsers", { body: { query: 1 } })
  await security("searchUsers", { size: 20_000 })
  await security("searchUsers", { scroll: "2h", body: { query: ids } })
  const { result } = await security("searchUsers", { body: { query: ids, sort: ["_id"] }, scroll: "5s", size: 1 })
  const { scrollId } = result
  await security("scrollUsers", { scrollId, scroll: "5s" }, "the next page")
  await security("scrollUsers", { scrollId: "x" })
  await security("getUserRights", { _id })
  await security("getUserRights", { _id: `${_id}-absent` })
  await world.freshSecond()
  const login = async () => (await auth("login", { strategy: "local", body: local }, "login")).result.jwt
  const jwt = await login()
  await auth("updateSelf", { jwt, body: { mine: 1 } })
  await auth("updateSelf", { jwt, body: { profileIds: ["admin"] } })
  await auth("updateSelf", { jwt, body: { _id: "x" } })
  await auth("updateSelf", { jwt })
  await auth("updateSelf", { body: { mine: 1 } }, "updateSelf of the anonymous user")
  await security("updateUser", { jwt, _id: other, body: { by: "another" } })
  await security("revokeTokens", { _id })
  await auth("getCurrentUser", { jwt }, "the token is revoked")
  await security("revokeTokens", { _id: `${_id}-absent` })
  await security("revokeTokens")
  await security("checkRights", { userId: _id, body: { controller: "server", action: "now" } })
  await security("checkRights", { userId: _id, body: { controller: "absent", action: "absent" } })
  await security("checkRights", { userId: `${_id}-absent`, body: { controller: "server", action: "now" } })
  await security("checkRights", { userId: _id, body: { controller: "server" } })
  await security("checkRights", { userId: _id, body: { controller: 1 } })
  await security("checkRights", { userId: _id, body: { controller: "server", action: "now", targets: 1 } })
  await security("checkRights", { userId: _id })
  await security("checkRights", { body: {} })
  await auth("checkRights", { body: { controller: "server", action: "now" } }, "own rights")
  await auth("checkRights", { body: {} }, "own rights to nothing")
  await security("createFirstAdmin", { body: { content: { profileIds: ["default"] } } })
  await security("refresh", { collection: "absent" })
  await security("refresh")
  await security("deleteUser", { _id: "-1" })
  await security("mDeleteUsers", { body: { ids: [other, `${_id}-absent`] } })
  await security("mDeleteUsers", { body: { ids: [`${_id}-third`] } })
  await security("deleteUser", { _id })
  await ask("auth", "login", { strategy: "local", body: local })
})

const credentials = scenario("security: credentials", async (world) => {
  const { auth, name: _id, security } = await prepare(world)
  const other = `${_id}-other`
  const content = { profileIds: ["default"] }
  const local = { username: _id, password: "pw" }
  const strategy = "local"
  // The strategy finds credentials by a search, so writes must wait for a refresh.
  const refresh = "wait_for"
  await security("createUser", { _id, refresh, body: { content, credentials: { local } } })
  await security("createUser", { _id: other, body: { content } })
  await security("getUserStrategies", { _id })
  await security("getUserStrategies", { _id: other })
  await security("getUserStrategies", { _id: "-1" })
  await security("getUserStrategies", { _id: `${_id}-absent` })
  await security("getAllCredentialFields")
  await security("getCredentialFields", { strategy })
  await security("getCredentialFields", { strategy: "absent" })
  await security("getCredentialFields")
  for (const action of ["getCredentials", "getCredentialsById", "hasCredentials", "deleteCredentials"]) {
    if (action !== "deleteCredentials") await security(action, { _id, strategy })
    await security(action, { _id: `${_id}-absent`, strategy })
    await security(action, { _id, strategy: "absent" })
    await security(action, { strategy })
  }
  for (
    const body of [
      { username: other, password: "pw" },
      { username: _id, password: "pw" },
      { username: 1, password: 2 },
      { username: other },
      { password: "pw" },
      {},
      { ...local, kuid: "x" }
    ]
  ) {
    await security("validateCredentials", { strategy, body })
    await security("validateCredentials", { _id, strategy, body })
  }
  await security("validateCredentials", { strategy })
  await security("validateCredentials", { strategy: "absent", body: {} })
  await security("createCredentials", { _id: other, strategy, body: { username: _id, password: "pw" } })
  await security("createCredentials", { _id: other, strategy, refresh, body: { username: other, password: "pw" } })
  await security("createCredentials", { _id: other, strategy, body: { username: "x", password: "pw" } })
  await security("createCredentials", { _id: `${_id}-absent`, strategy, body: { username: "x", password: "pw" } })
  await security("createCredentials", { _id: other, strategy })
  await security("createCredentials", { _id: other, body: {} })
  await security("updateCredentials", { _id: other, strategy, refresh, body: { password: "new" } })
  await security("updateCredentials", { _id: other, strategy, refresh, body: { username: `${other}2` } })
  await security("updateCredentials", { _id: other, strategy, body: { username: _id } })
  await security("updateCredentials", { _id: other, strategy, body: {} })
  await security("updateCredentials", { _id: other, strategy, body: { username: "x", kuid: "x" } })
  await security("updateCredentials", { _id: `${_id}-absent`, strategy, body: { password: "x" } })
  const search = (body: object, more: object = {}) => security("searchUsersByCredentials", { strategy, body, ...more })
  await search({ query: { terms: { username: [_id, `${other}2`] } }, sort: { username: "desc" } })
  await search({ query: { bool: { must: [{ prefix: { username: { value: _id } } }] } }, sort: ["kuid"] }, { size: 1 })
  await search({ query: { match: { username: _id } } })
  await search({ query: { term: { kuid: _id } } })
  await search({ query: { term: { absent: _id } } })
  await search({ query: { range: { username: { gt: "a" } } } })
  await search({ query: { match_all: {} } })
  await search({ query: { term: { username: _id } }, sort: { userSalt: "asc" } })
  await search({ query: { equals: { username: _id } } }, { lang: "koncorde" })
  await search({ query: { ids: { values: [_id] } } }, { lang: "koncorde" })
  await search({ query: {} }, { strategy: "absent" })
  await search({ query: { term: { username: `${_id}-absent` } } })
  await world.freshSecond()
  const { result } = await auth(
    "login",
    { strategy, body: { username: `${other}2`, password: "new" } },
    "login by the new name and password"
  )
  const { jwt } = result
  await auth("getMyCredentials", { jwt, strategy })
  await auth("getMyCredentials", { jwt, strategy: "absent" })
  await auth("getMyCredentials", { strategy }, "credentials of the anonymous user")
  await auth("validateMyCredentials", { jwt, strategy, body: { username: other, password: "pw" } })
  await auth("validateMyCredentials", { jwt, strategy, body: { username: _id, password: "pw" } })
  await auth("validateMyCredentials", { jwt, strategy, body: { password: "pw" } })
  await auth("validateMyCredentials", { jwt, strategy })
  await auth("validateMyCredentials", { jwt, body: {} })
  await auth("validateMyCredentials", { strategy, body: {} }, "validate credentials of the anonymous user")
  await auth("updateMyCredentials", { jwt, strategy, refresh, body: { password: "newer" } })
  await auth("updateMyCredentials", { jwt, strategy, body: {} })
  await auth("updateMyCredentials", { strategy, body: { password: "x" } }, "update credentials of the anonymous user")
  await auth("createMyCredentials", { jwt, strategy, body: { username: "x", password: "y" } })
  await auth(
    "createMyCredentials",
    { strategy, body: { username: "x", password: "y" } },
    "create credentials of the anonymous user"
  )
  await auth("deleteMyCredentials", { jwt, strategy, refresh })
  await auth("deleteMyCredentials", { jwt, strategy }, "again")
  await auth("deleteMyCredentials", { strategy }, "delete credentials of the anonymous user")
  await auth("getMyCredentials", { jwt, strategy }, "there are none")
  await auth("updateMyCredentials", { jwt, strategy, body: { password: "x" } }, "there are none to update")
  await auth("createMyCredentials", { jwt, strategy, refresh, body: { username: other, password: "pw" } })
  await auth("createMyCredentials", { jwt, strategy: "absent", body: { username: other, password: "pw" } })
  await security("deleteCredentials", { _id: other, strategy, refresh })
  await security("mDeleteUsers", { body: { ids: [other] } })
  await security("mDeleteUsers", { body: { ids: [_id] } })
})

const apiKeys = scenario("security: API keys and tokens", async (world) => {
  const { auth, name: _id, security } = await prepare(world)
  const other = `${_id}-other`
  const local = { username: _id, password: "pw" }
  // Kuzzle finds an API key by a search, so writes must wait for a refresh.
  const refresh = "wait_for"
  await security("createUser", { _id, refresh, body: { content: { profileIds: ["default"] }, credentials: { local } } })
  const key = (await security("createApiKey", { userId: _id, _id, refresh, body: { description: "one" } })).result
  // In the type of a result, all members are texts. `_source` is an object.
  const { token } = key._source as unknown as { readonly token: string }
  await security("createApiKey", { userId: _id, _id, body: { description: "one" } }, "again")
  await security("createApiKey", { userId: `${_id}-absent`, body: { description: "one" } })
  await security("createApiKey", { userId: _id, body: {} })
  await security("createApiKey", { userId: _id })
  await security("createApiKey", { body: { description: "one" } })
  await security("createApiKey", { userId: _id, expiresIn: "x", body: { description: "one" } })
  await security("createApiKey", { userId: _id, expiresIn: true, body: { description: "one" } })
  await auth("getCurrentUser", { jwt: token }, "by the key")
  await auth("checkToken", { body: { token } }, "check the key")
  await auth("refreshToken", { jwt: token }, "refresh the key")
  await auth("createApiKey", { jwt: token, _id: other, expiresIn: "1h", refresh, body: { description: "two words" } })
  await auth("createApiKey", { jwt: token, body: {} }, "no description")
  const search = (body: object, more: object = {}) => security("searchApiKeys", { userId: _id, body, ...more })
  await search({})
  await search({ term: { ttl: -1 } })
  await search({ match: { description: "words" } })
  await search({ equals: { ttl: "3600000" } }, { lang: "koncorde" })
  await search({ query: 1 })
  await search({}, { size: 1 })
  await search({}, { size: 1, from: 1 })
  await search({}, { userId: `${_id}-absent` })
  await security("searchApiKeys", { body: {} })
  await auth("searchApiKeys", { jwt: token }, "own keys")
  await auth("searchApiKeys", { body: { ids: { values: [_id] } } }, "keys of the anonymous user")
  await security("deleteApiKey", { userId: `${_id}-absent`, _id })
  await security("deleteApiKey", { userId: _id })
  await security("deleteApiKey", { _id })
  await auth("deleteApiKey", { _id }, "a key of another user")
  await security("deleteApiKey", { userId: _id, _id: other, refresh })
  await security("deleteApiKey", { userId: _id, _id: other }, "again: delete")
  await auth("logout", { jwt: token, global: true }, "logout everywhere")
  await auth("getCurrentUser", { jwt: token }, "the key is still valid")
  await auth("login", { strategy: "local", body: local, expiresIn: "1h" }, "login of a connection that used the key")
  await auth("deleteApiKey", { jwt: token, _id, refresh: "wait_for" }, "it deletes itself")
  await auth("getCurrentUser", { jwt: token }, "it is gone")

  await world.freshSecond()
  const by = await world.connect("by")
  const login = request("auth", "login", { strategy: "local", body: local, expiresIn: "2h" })
  const { jwt } = (await by.ask(login, "login")).result
  await auth("createToken", { jwt, expiresIn: "3h" })
  const single = (await auth("createToken", { jwt, singleUse: true, expiresIn: 60_000 })).result
  await auth("createToken", { jwt, singleUse: "x" })
  await auth("createToken", { jwt, expiresIn: -1 })
  await auth("createToken", { jwt, expiresIn: "-1" })
  await auth("createToken", { jwt, expiresIn: "x" })
  await auth("getCurrentUser", { jwt: single.token }, "used")
  await auth("getCurrentUser", { jwt: single.token }, "used up")
  const checked = (await auth("createToken", { jwt, singleUse: true, expiresIn: 61_000 })).result
  await auth("checkToken", { body: { token: checked.token } }, "a check uses it up")
  await auth("checkToken", { body: { token: checked.token } }, "used up: check")
  const anonymous = (await auth("createToken", { expiresIn: "4h" }, "a token of the anonymous user")).result
  await auth("getCurrentUser", { jwt: anonymous.token }, "anonymous by token")
  await auth("logout", { jwt: anonymous.token }, "logout of the anonymous user")
  await auth("refreshToken", { jwt: anonymous.token }, "refresh of the anonymous user")
  await security("deleteUser", { _id })
})

const rights = scenario("security: rights", async (world) => {
  const { ask, auth, name: _id, security } = await prepare(world)
  const local = { username: _id, password: "pw" }
  const controllers = {
    ...allow("auth", "login", "checkRights").controllers,
    document: { actions: { get: true, search: true, count: true, create: false } },
    realtime: { actions: { "*": true, publish: false } },
    memoryStorage: { actions: { get: true } }
  }
  await security("createRole", { _id, body: { controllers } })
  await security("createRole", { _id: `${_id}-list`, body: allow("collection", "list") })
  const policies = [
    { roleId: _id, restrictedTo: [{ index: "i", collections: ["c", "a"] }, { index: "j" }] },
    { roleId: `${_id}-list` }
  ]
  await security("createProfile", { _id, body: { policies } })
  const content = { profileIds: [_id] }
  await security("createUser", { _id, refresh: "wait_for", body: { content, credentials: { local } } })
  await world.freshSecond()
  const { jwt } = (await auth("login", { strategy: "local", body: local, jwt: undefined }, "login")).result
  for (const [index, collection] of [["i", "c"], ["i", "a"], ["i", "d"], ["j", "d"], ["k", "c"], ["i"]]) {
    await ask("document", "get", { jwt, index, collection, _id: "x" })
    await security("checkRights", {
      userId: _id,
      body: { controller: "document", action: "get", index, collection }
    })
  }
  await ask("document", "create", { jwt, index: "j", collection: "d", body: {} })
  await ask("document", "update", { jwt, index: "j", collection: "d", _id: "x", body: {} })
  await ask("collection", "list", { jwt, index: "k" })
  await ask("server", "now", { jwt })
  await ask("realtime", "publish", { jwt, index: "i", collection: "c", body: {} })
  await ask("realtime", "count", { jwt, body: { roomId: "x" } })
  await ask("absent", "now", { jwt })
  await ask("auth", "getMyRights", { jwt })
  for (
    const targets of [
      [{ index: "i", collections: ["c"] }],
      [{ index: "i", collections: ["c", "d"] }],
      [{ index: "i", collections: ["c"] }, { index: "k", collections: ["c"] }],
      [{ index: "i", collections: ["*"] }],
      [{}]
    ]
  ) {
    await ask("document", "search", { jwt, targets, body: {} })
    await security("checkRights", { userId: _id, body: { controller: "document", action: "search", targets } })
  }
  await auth("checkRights", { jwt, body: { controller: "ms", action: "get" } })
  await auth("checkRights", { jwt, body: { controller: "memoryStorage", action: "set" } })
  await security("updateRole", { _id, body: allow("server", "now") })
  await ask("server", "now", { jwt })
  await auth("checkRights", { jwt, body: { controller: "ms", action: "get" } }, "the role has changed")
  await security("updateUser", { _id, body: { profileIds: ["default"] } })
  await ask("auth", "getMyRights", { jwt })
  await security("deleteUser", { _id, refresh: "wait_for" })
  await security("deleteProfile", { _id, refresh: "wait_for" })
  await security("deleteRole", { _id })
  await security("deleteRole", { _id: `${_id}-list` })
})

export const security: ReadonlyArray<Scenario> = [roles, profiles, users, credentials, apiKeys, rights]
