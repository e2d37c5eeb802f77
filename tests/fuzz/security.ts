/** Roles, profiles, users, credentials, API keys and tokens. */
import { FastCheck as fc } from "effect"
import { always, type Ask, type Catalogue, flag, type Members, mostly, requestsOf, some } from "./request.ts"

const numbers = [1, 2, 3]
const roles = numbers.map((n) => `RUN-r${n}`)
const profiles = numbers.map((n) => `RUN-p${n}`)
const users = numbers.map((n) => `RUN-u${n}`)
const keys = numbers.map((n) => `RUN-k${n}`)

/** Names of items. `stable` ones mostly exist, because actions that create or delete use `fleeting` ones. */
const of = (names: ReadonlyArray<string>) => mostly(fc.constantFrom(...names), always("RUN-absent"))
const stable = (names: ReadonlyArray<string>) => mostly(fc.constantFrom(names[0]!, names[0]!, names[1]!), of(names))
const fleeting = (names: ReadonlyArray<string>) => mostly(always(names[2]!), of(names))
const several = (item: fc.Arbitrary<unknown>) => fc.uniqueArray(item, { minLength: 1, maxLength: 3 })
const list = (item: fc.Arbitrary<unknown>, minLength = 1) => fc.array(item, { minLength, maxLength: 3 })

/** By default a write waits up to a second for a refresh. The sequence refreshes before each search instead. */
const refresh = always("false")

const controllers = mostly(
  fc.constantFrom<unknown>(
    { "*": { actions: { "*": true } } },
    { document: { actions: { get: true, create: false } }, auth: { actions: { "*": true } } },
    { server: { actions: { now: true } } }
  ),
  fc.constantFrom<unknown>({ nothing: { actions: { now: true } } }, {}, { server: 1 }, {
    server: { actions: { nothing: true } }
  })
)
const role = { controllers, tag: some(fc.constantFrom<unknown>("a", { b: 1 })) }
const policy = fc.record({
  roleId: mostly(fc.constantFrom(roles[0], roles[0], "default"), of(roles)),
  restrictedTo: some(fc.constantFrom<unknown>([{ index: "RUN-i" }], [{ index: "RUN-i", collections: ["c"] }], []), 4)
})
const profile = { policies: list(policy), rateLimit: some(fc.constantFrom(0, 1000, -1), 5), tag: some(always("t"), 5) }
const profileIds = mostly(fc.constantFrom([profiles[0]], ["default"], [profiles[0], "default"]), list(of(profiles), 0))
const content = fc.record({ profileIds, name: some(fc.constantFrom("ada", "bob")) })
const local = (user: fc.Arbitrary<unknown>) =>
  fc.record({ username: user, password: some(fc.constantFrom("secret", "other"), 8) })
const strategy = { strategy: mostly(always("local"), always("unknown")) }
const retries = { retryOnConflict: some(always(3)) }
const page: Members = { from: some(fc.constantFrom(0, 1)), size: some(fc.constantFrom(1, 5)) }
const queryFor = (names: ReadonlyArray<string>) => ({
  query: list(fc.constantFrom(...names)).map((values) => ({ ids: { values } })),
  sort: always(["_id"])
})
/** Requests of a user who has logged in, by the token of the last login. */
const own: Members = { jwt: mostly(always("TOKEN"), fc.constantFrom(undefined, "garbage")) }

const security = requestsOf("security")({
  checkRights: [
    { userId: stable(users) },
    fc.constantFrom(
      { controller: "document", action: "get", index: "RUN-i", collection: "c" },
      { controller: "server", action: "now" },
      { controller: "server" }
    )
  ],
  createApiKey: [{
    refresh,
    userId: stable(users),
    _id: fc.constantFrom(...keys),
    expiresIn: some(fc.constantFrom("1h", -1))
  }, {
    description: always("a key")
  }],
  createCredentials: [{ refresh, ...strategy, _id: fleeting(users) }, local(fc.constantFrom(...users.slice(1)))],
  createOrReplaceProfile: [{ _id: of(profiles), refresh, strict: flag }, profile],
  createOrReplaceRole: [{ _id: of(roles), refresh, force: flag }, role],
  createProfile: [{ _id: fleeting(profiles), refresh }, profile],
  createRestrictedUser: [{ _id: fleeting(users), refresh }, {
    content: some(always({ name: "eve" })),
    credentials: some(fc.record({ local: local(always(users[2])) }))
  }],
  createRole: [{ _id: fleeting(roles), refresh, force: flag }, role],
  createUser: [{ _id: fleeting(users), refresh, kuid: some(fc.constantFrom("uuid", "human")) }, {
    content,
    credentials: some(fc.record({ local: local(always(users[2])) }))
  }],
  deleteApiKey: [{ refresh, userId: stable(users), _id: fc.constantFrom(...keys) }],
  deleteCredentials: [{ refresh, ...strategy, _id: fleeting(users) }],
  deleteProfile: [{ _id: fleeting(profiles), refresh, onAssignedUsers: some(fc.constantFrom("remove", "fail")) }],
  deleteRole: [{ _id: fleeting(roles), refresh }],
  deleteUser: [{ refresh, _id: fleeting(users) }],
  getAllCredentialFields: [{}],
  getCredentialFields: [strategy],
  getCredentials: [{ ...strategy, _id: stable(users) }],
  getCredentialsById: [{ ...strategy, _id: stable(users) }],
  getProfile: [{ _id: stable(profiles) }],
  getProfileMapping: [{}],
  getProfileRights: [{ _id: stable(profiles) }],
  getRole: [{ _id: stable(roles) }],
  getRoleMapping: [{}],
  getUser: [{ _id: stable(users) }],
  getUserMapping: [{}],
  getUserRights: [{ _id: stable(users) }],
  getUserStrategies: [{ _id: stable(users) }],
  hasCredentials: [{ ...strategy, _id: of(users) }],
  mDeleteProfiles: [{ refresh }, { ids: several(fleeting(profiles)) }],
  mDeleteRoles: [{ refresh }, { ids: several(fleeting(roles)) }],
  mDeleteUsers: [{ refresh }, { ids: several(fleeting(users)) }],
  mGetProfiles: [{}, { ids: list(stable(profiles)) }],
  mGetRoles: [{}, { ids: list(stable(roles)) }],
  mGetUsers: [{}, { ids: list(stable(users)) }],
  refresh: [{ collection: mostly(fc.constantFrom("users", "profiles", "roles"), always("unknown")) }],
  replaceUser: [{ _id: stable(users), refresh }, { profileIds, name: some(always("eve")) }],
  revokeTokens: [{ _id: fleeting(users) }],
  scrollProfiles: [{ scrollId: always("SCROLL"), scroll: some(always("1m")) }],
  scrollUsers: [{ scrollId: always("SCROLL"), scroll: some(always("1m")) }],
  searchApiKeys: [{ userId: stable(users), ...page }, fc.constantFrom({}, { match: { description: "key" } })],
  searchProfiles: [{ ...page, scroll: some(always("1m")) }, queryFor(profiles)],
  searchRoles: [page, queryFor(roles)],
  searchUsers: [{ ...page, scroll: some(always("1m")) }, queryFor(users)],
  searchUsersByCredentials: [{ ...strategy, ...page }, {
    query: list(fc.constantFrom(...users)).map((values) => ({ terms: { username: values } })),
    sort: always(["username"])
  }],
  updateCredentials: [
    { refresh, ...strategy, _id: stable(users) },
    fc.record({ password: fc.constantFrom("secret", "other") })
  ],
  updateProfile: [{ _id: stable(profiles), refresh, ...retries }, { ...profile, policies: some(profile.policies) }],
  updateProfileMapping: [{}, always({ properties: { fuzz: { type: "keyword" } } })],
  updateRole: [{ _id: stable(roles), refresh, force: flag, ...retries }, role],
  updateRoleMapping: [{}, always({ properties: { fuzz: { type: "keyword" } } })],
  updateUser: [{ _id: stable(users), refresh, ...retries }, {
    name: fc.constantFrom("ada", "eve"),
    profileIds: some(profileIds)
  }],
  updateUserMapping: [{}, always({ properties: { fuzz: { type: "keyword" } } })],
  upsertUser: [{ _id: of(users), refresh, ...retries }, { content, default: some(always({ name: "new" })) }],
  validateCredentials: [{ ...strategy, _id: some(stable(users)) }, local(fc.constantFrom(...users))]
})

const auth = requestsOf("auth")({
  checkRights: [
    own,
    fc.constantFrom({ controller: "document", action: "get", index: "RUN-i", collection: "c" }, { action: "now" })
  ],
  checkToken: [{}, { token: mostly(always("TOKEN"), always("garbage")) }],
  createApiKey: [{ refresh, ...own, _id: fc.constantFrom(...keys), expiresIn: some(fc.constantFrom("1h", -1)) }, {
    description: always("mine")
  }],
  createMyCredentials: [{ refresh, ...own, ...strategy }, local(always(users[0]))],
  createToken: [{ ...own, expiresIn: some(fc.constantFrom("1h", -1)), singleUse: flag }],
  credentialsExist: [{ ...own, ...strategy }],
  deleteApiKey: [{ ...own, _id: fc.constantFrom(...keys), refresh }],
  deleteMyCredentials: [{ refresh, ...own, strategy: fc.constantFrom("local", "unknown", "unknown") }],
  getCurrentUser: [own],
  getMyCredentials: [{ ...own, ...strategy }],
  getMyRights: [own],
  getStrategies: [own],
  login: [
    { ...strategy, expiresIn: some(fc.constantFrom("1h", 3_600_000)) },
    fc.record({
      username: fc.constantFrom(users[0], users[0], users[1]),
      password: mostly(always("secret"), always("wrong"))
    })
  ],
  logout: [{ ...own, global: some(always(false)) }],
  refreshToken: [{ ...own, expiresIn: some(always("1h")) }],
  searchApiKeys: [{ ...own, ...page }, fc.constantFrom({}, { match: { description: "mine" } })],
  updateMyCredentials: [{ refresh, ...own, ...strategy }, fc.record({ password: always("secret") })],
  updateSelf: [
    { ...own, refresh, ...retries },
    fc.constantFrom({ name: "ada" }, { more: { a: 1 } }, { profileIds: [] })
  ],
  validateMyCredentials: [{ ...own, ...strategy }, local(always(users[0]))]
})

const reset = requestsOf("kuzzle-plugin-auth-passport-local/password")({
  getResetPasswordToken: [{ _id: stable(users) }],
  reset: [{}, { password: always("secret"), token: fc.constantFrom("garbage", "TOKEN") }]
})

const admin = requestsOf("admin")({
  loadSecurities: [{ force: flag, onExistingUsers: some(fc.constantFrom("skip", "overwrite", "fail")) }, {
    roles: some(fc.record({ [roles[1]!]: fc.record({ controllers }) })),
    profiles: some(always({ [profiles[1]!]: { policies: [{ roleId: roles[0] }] } })),
    users: some(fc.record({ [users[1]!]: fc.record({ content }) }))
  }]
})

export const securityRequests: Catalogue = { ...security, ...auth, ...reset, ...admin }

export const login: Ask = {
  controller: "auth",
  action: "login",
  strategy: "local",
  body: { username: users[0], password: "secret" }
}

const everything = { controllers: { "*": { actions: { "*": true } } } }

export const prepareSecurity: ReadonlyArray<Ask> = [
  ...roles.slice(0, 2).map((_id): Ask => ({
    controller: "security",
    action: "createRole",
    _id,
    refresh: "false",
    body: everything
  })),
  ...profiles.slice(0, 2).map((_id): Ask => ({
    controller: "security",
    action: "createProfile",
    _id,
    refresh: "false",
    body: { policies: [{ roleId: roles[0] }] }
  })),
  ...users.slice(0, 2).map((_id): Ask => ({
    controller: "security",
    action: "createUser",
    _id,
    refresh: "false",
    body: {
      content: { profileIds: [profiles[0]], name: "ada" },
      credentials: { local: { username: _id, password: "secret" } }
    }
  })),
  login
]

const each = (names: ReadonlyArray<string>, action: string, more: object = {}): ReadonlyArray<Ask> =>
  names.map((_id): Ask => ({ controller: "security", action, _id, ...more }))

export const securityState: ReadonlyArray<Ask> = [
  ...each(roles, "getRole"),
  ...each(profiles, "getProfile"),
  ...each(users, "getUser"),
  ...each(users, "getUserStrategies"),
  ...each(users, "getCredentials", { strategy: "local" }),
  ...users.map((userId): Ask => ({
    controller: "security",
    action: "searchApiKeys",
    userId,
    body: { match_all: {} }
  }))
]

export const cleanSecurity: ReadonlyArray<Ask> = [
  // API keys that an anonymous user created.
  ...keys.map((_id): Ask => ({ controller: "auth", action: "deleteApiKey", _id, refresh: "false" })),
  {
    controller: "security",
    action: "mDeleteUsers",
    refresh: "false",
    body: { ids: [...users, "RUN-x", "RUN-absent"] }
  },
  {
    controller: "security",
    action: "mDeleteProfiles",
    refresh: "false",
    body: { ids: [...profiles, "RUN-x", "RUN-absent"] }
  },
  { controller: "security", action: "mDeleteRoles", refresh: "false", body: { ids: [...roles, "RUN-x", "RUN-absent"] } }
]
