/**
 * Users, credentials, API keys, profiles, roles (spec 4.7). Arguments are read in the order of the real server, because
 * the first fault determines the answer.
 */
import * as ApiKeys from "../apiKeys.ts"
import type { Strategy } from "../credentials.ts"
import { anonymousError, EngineError, error, Incomplete, incompleteDelete, nativeError } from "../errors.ts"
import { isObject, type JsonObject } from "../json.ts"
import { fromKoncorde } from "../koncorde.ts"
import * as Mapping from "../mapping.ts"
import * as Profiles from "../profiles.ts"
import * as Request from "../request.ts"
import * as Roles from "../roles.ts"
import type { Call, Controller } from "../state.ts"
import type { Collection } from "../storage.ts"
import * as Users from "../users.ts"

// -------------------------------------------------------------------------------------------------------------------
// helpers
// -------------------------------------------------------------------------------------------------------------------

/** Makes the writes so far visible to searches. The real server waits for its next refresh, up to a second. */
export const refreshAfterWrite = ({ request }: Call, collection: Collection): void => {
  if (request.args.refresh === undefined || Request.getRefresh(request)) collection.refresh()
}

const strategyOf = ({ request, state }: Call): Strategy => state.strategies.get(Request.getString(request, "strategy"))

const optional = (request: Request.KuzzleRequest, name: string): ReadonlyArray<unknown> | undefined =>
  request.body?.[name] === undefined || request.body[name] === null ? undefined : Request.getBodyArray(request, name)

/** Whether a user may make the request that the body describes. */
export const checkRights = ({ now, request, state }: Call, user: () => Users.User) => {
  const body = Request.getBody(request)
  for (const name of ["controller", "action"]) {
    if (typeof body[name] !== "string") throw error("api.assert.missing_argument", `body.${name}`)
  }
  const subject = user()
  const described = Request.make(body, {
    protocol: "websocket",
    verb: "",
    now,
    newId: () => state.identifiers.uuid()
  })
  return { allowed: state.users.isAllowed(subject, described) }
}

export const rightsOf = (policies: ReadonlyArray<Profiles.Policy>) => {
  const hits = Profiles.rights(policies)
  return { hits, total: hits.length }
}

// -------------------------------------------------------------------------------------------------------------------
// API keys, also for `auth`
// -------------------------------------------------------------------------------------------------------------------

export const createApiKey = (call: Call, owner: () => Users.User) => {
  const { now, request, state, user } = call
  const id = Request.getOptionalId(request) ?? state.identifiers.uuid()
  const description = Request.getBodyString(request, "description")
  const { _id: userId } = owner()
  const token = state.sessions.createKey(userId, request.args.expiresIn || -1, now)
  const key = state.apiKeys.create(id, userId, description, token, user._id, now)
  refreshAfterWrite(call, state.apiKeys.collection)
  return key
}

/** Searches the API keys of a user. The body of the request is the query. */
export const searchApiKeys = ({ now, request, state }: Call, userId: string) => {
  const query = Request.getBody(request, {})
  const from = Request.getInteger(request, "from", 0)
  const size = Request.getInteger(request, "size", 10)
  const scroll = Request.getScroll(request)
  Request.getBodyObject(request, "query", {})
  const translated = Request.getLang(request) === "koncorde" ? translateFilter(query) : query
  const body = {
    query: {
      bool: {
        filter: { bool: { must: { term: { userId } } } },
        must: Object.keys(translated).length === 0 ? { match_all: {} } : request.list ?? translated
      }
    }
  }
  const results = state.storage.search([state.apiKeys.collection], body, { from, size, scroll }, now)
  const hits = results.hits.map((hit) => ApiKeys.show({ _id: String(hit._id), _source: sourceOf(hit) }))
  return { hits, total: hits.length }
}

// -------------------------------------------------------------------------------------------------------------------
// searches
// -------------------------------------------------------------------------------------------------------------------

const translateFilter = (filter: JsonObject): JsonObject => Object.keys(filter).length === 0 ? {} : fromKoncorde(filter)

const sourceOf = ({ _source }: JsonObject): JsonObject => (isObject(_source) ? _source : {})

/** A hit in the form of a document. */
const storedOf = (hit: JsonObject) => ({ _id: String(hit._id), _source: sourceOf(hit) })

const pageSize = ({ request, state }: Call): number => {
  const size = Request.getInteger(request, "size", state.settings.maxDocumentsFetched)
  if (size > state.settings.maxDocumentsFetched) throw error("services.storage.get_limit_exceeded")
  return size
}

const refuseBoth = (body: JsonObject, name: string): void => {
  if (!body[name] || !body.query) return
  throw anonymousError(
    400,
    `You cannot specifify both "${name}" and "query". Prefer the usage of "query" property with a search query.`
  )
}

interface SearchHits {
  readonly aggregations?: JsonObject
  readonly hits: ReadonlyArray<JsonObject>
  readonly scrollId?: string
  readonly total: number
}

/** A page of a search. Its keys are in the order of the real server. JSON omits those that are `undefined`. */
const page = ({ aggregations, hits, scrollId, total }: SearchHits, show: (hit: JsonObject) => unknown) => ({
  aggregations,
  hits: hits.map(show),
  scrollId,
  total
})

const showRole = (hit: JsonObject) => Roles.show(storedOf(hit))
const showProfile = (hit: JsonObject) => Profiles.show(storedOf(hit), true)
const showUser = (hit: JsonObject) => Users.showHit(storedOf(hit))

const searchOf = (call: Call) => {
  const size = pageSize(call)
  const from = Request.getInteger(call.request, "from", 0)
  const scroll = Request.getScroll(call.request)
  Request.getBodyObject(call.request, "query", {})
  return { body: Request.getSearchBody(call.request), options: { from, size, scroll } }
}

const scroll = ({ now, request, state }: Call) => {
  const scrollId = Request.getString(request, "scrollId")
  Request.getScroll(request)
  // The real server passes `scroll` in place of an object with options, so it has no effect (objectRepository.ts).
  if (request.args.scroll === null) {
    const expression = "(intermediate value)".repeat(3)
    throw nativeError(`Cannot destructure property 'scrollTTL' of '${expression}' as it is null.`)
  }
  return state.storage.scroll(scrollId, undefined, now)
}

// -------------------------------------------------------------------------------------------------------------------
// writing users
// -------------------------------------------------------------------------------------------------------------------

const adjectives = ["amazing", "clever", "dashing", "elegant", "jolly", "keen", "quirky", "vibrant"]
const names = ["curie", "euler", "fermi", "goodall", "hopper", "lovelace", "noether", "turing"]

type Kuid = "human" | "uuid"

const kuidOf = (request: Request.KuzzleRequest): Kuid =>
  Request.getString(request, "kuid", "human") === "uuid" ? "uuid" : "human"

const newKuid = ({ state }: Call, kind: Kuid): string => {
  const uuid = state.identifiers.uuid()
  if (kind === "uuid") return `kuid-${uuid}`
  const [first = "", second = "", third = ""] = uuid.split("-").map((part) => Number.parseInt(part, 16))
    .map((n, i) => [adjectives[n % adjectives.length], names[n % names.length], String(n % 65_536)][i])
  return `kuid-${first}-${second}-${third}`
}

const createUser = (call: Call, profileIds: ReadonlyArray<unknown>, content: JsonObject, kuid: Kuid = "human") => {
  const { now, request, state } = call
  const credentials = Request.getBodyObject(request, "credentials", {})
  const id = Request.getOptionalId(request) ?? newKuid(call, kuid)
  for (const strategy of Object.keys(credentials)) {
    if (state.strategies.get(strategy).has(id, now)) {
      throw error("security.credentials.database_inconsistency", id)
    }
  }
  const user = state.users.create(id, profileIds, content, now)
  try {
    for (const [name, value] of Object.entries(credentials)) {
      if (value === null) throw nativeError("Cannot read properties of null (reading 'kuid')")
      const strategy = state.strategies.get(name)
      const strategyCredentials = isObject(value) ? value : {}
      strategy.validate(id, strategyCredentials, false, now)
      strategy.create(id, strategyCredentials, now)
      refreshAfterWrite(call, strategy.collection)
    }
  } catch (cause) {
    state.users.delete(id, now)
    throw cause
  }
  refreshAfterWrite(call, state.users.collection)
  return Users.show(user)
}

const changeUser = (call: Call, profileIds: ReadonlyArray<unknown> | undefined, content: JsonObject) => {
  const { now, request, state, user } = call
  const id = Request.getId(request)
  Request.getInteger(request, "retryOnConflict", 10)
  const changed = state.users.update(id, profileIds, content, user._id, now)
  refreshAfterWrite(call, state.users.collection)
  return Users.show(changed)
}

const restrictDefaultRights = ({ now, state }: Call): void => {
  state.users.profiles.roles.restrict(now)
  state.users.profiles.restrict(now)
}

// -------------------------------------------------------------------------------------------------------------------
// deleting
// -------------------------------------------------------------------------------------------------------------------

export const deleteRole = (call: Call, id: unknown): void => {
  const { now, state } = call
  const { profiles } = state.users
  profiles.roles.delete(id, (role) => profiles.hasRole(role, now), now)
  refreshAfterWrite(call, profiles.roles.collection)
}

export const deleteProfile = (call: Call, id: unknown, onAssignedUsers: string): void => {
  const { now, state, user } = call
  const { profiles } = state.users
  const profile = profiles.get(String(id))
  if (Roles.builtIn.includes(profile._id)) throw error("security.profile.cannot_delete")
  const assigned = state.users.withProfile(profile._id, now)
  if (onAssignedUsers !== "remove" && assigned.length > 0) throw error("security.profile.in_use")
  for (const kuid of assigned) {
    const others = state.users.getOrFail(kuid).profileIds.filter((other) => other !== profile._id)
    state.users.update(kuid, others.length === 0 ? ["anonymous"] : others, {}, user._id, now)
  }
  profiles.delete(profile._id, now)
  refreshAfterWrite(call, profiles.collection)
  refreshAfterWrite(call, state.users.collection)
}

export const deleteUser = (call: Call, id: unknown): void => {
  const { now, state } = call
  const { _id } = state.users.getOrFail(String(id))
  for (const name of state.strategies.of(_id, now)) state.strategies.get(name).delete(_id, now)
  state.apiKeys.deleteOf(_id, now)
  state.dropSubscriptions(state.sessions.revokeUser(_id))
  state.users.delete(_id, now)
  for (const { collection } of state.strategies.all.values()) refreshAfterWrite(call, collection)
  refreshAfterWrite(call, state.apiKeys.collection)
  refreshAfterWrite(call, state.users.collection)
}

/** Deletes all items that can be deleted. Returns their ids, and the errors of the others. */
const deleteMany = (call: Call, remove: (call: Call, id: unknown) => void): unknown => {
  const ids = Request.getBodyArray(call.request, "ids")
  if (ids.length > call.state.settings.maxDocumentsWritten) throw error("services.storage.write_limit_exceeded")
  const successes: Array<unknown> = []
  const errors: Array<JsonObject> = []
  for (const id of ids) {
    try {
      remove(call, id)
      successes.push(id)
    } catch (cause) {
      if (!(cause instanceof EngineError)) throw cause
      errors.push(cause.body)
    }
  }
  return errors.length > 0 ? new Incomplete(successes, incompleteDelete(errors)) : successes
}

// -------------------------------------------------------------------------------------------------------------------
// mappings
// -------------------------------------------------------------------------------------------------------------------

const getMapping = ({ mapping }: Collection) => ({ mapping: Mapping.show(mapping, false).properties })

const updateMapping = ({ request }: Call, collection: Collection) => {
  collection.mapping = Mapping.update(collection.mapping, Request.getBody(request))
  return Mapping.show(collection.mapping, true)
}

// -------------------------------------------------------------------------------------------------------------------
// actions
// -------------------------------------------------------------------------------------------------------------------

const saveRole = (method: Roles.Method) => (call: Call) => {
  const { now, request, state } = call
  const id = Request.getId(request)
  const body = Request.getBody(request)
  const { roles } = state.users.profiles
  const force = Request.getBoolean(request, "force")
  if (method === "replace") Request.getInteger(request, "retryOnConflict", 10)
  const role = roles.save(method, id, body, force, now)
  refreshAfterWrite(call, roles.collection)
  return Roles.show(role)
}

const saveProfile = (method: Profiles.Method) => (call: Call) => {
  const { now, request, state } = call
  const id = Request.getId(request)
  const body = Request.getBody(request)
  if (method !== "update") Request.getBodyArray(request, "policies")
  const { profiles } = state.users
  if (method === "update") Request.getInteger(request, "retryOnConflict", 10)
  const strict = Request.getBoolean(request, "strict") ? state.storage : undefined
  const profile = profiles.save(method, id, body, strict, now)
  refreshAfterWrite(call, profiles.collection)
  return Profiles.show(profile)
}

export const security: Controller = {
  // -- roles
  createRole: saveRole("create"),
  createOrReplaceRole: saveRole("createOrReplace"),
  updateRole: saveRole("replace"),
  deleteRole: (call) => {
    const _id = Request.getId(call.request)
    deleteRole(call, _id)
    return { _id }
  },
  mDeleteRoles: (call) => deleteMany(call, deleteRole),
  getRole: ({ request, state }) => Roles.show(state.users.profiles.roles.get(Request.getId(request))),
  mGetRoles: ({ request, state }) => ({
    hits: Request.getBodyArray(request, "ids").map((id) => Roles.show(state.users.profiles.roles.get(id)))
  }),
  searchRoles: (call) => {
    const { now, request, state } = call
    const from = Request.getInteger(request, "from", 0)
    const size = pageSize(call)
    const lang = Request.getLang(request)
    const { controllers, ...body } = Request.getBody(request, {})
    refuseBoth({ ...body, controllers }, "controllers")
    const { collection } = state.users.profiles.roles
    if (controllers) {
      const requested = Request.getBodyArray(request, "controllers")
      const matched = collection.searchable(now).filter((role) =>
        requested.length === 0 ||
        Object.keys(Roles.controllersOf(role)).some((name) => name === "*" || requested.includes(name))
      )
      return { hits: matched.slice(from, from + size).map(Roles.show), total: matched.length }
    }
    const query = lang === "koncorde" ? translateFilter(isObject(body.query) ? body.query : {}) : undefined
    const options = { from, size, scroll: undefined }
    const searchBody = request.list?.length === 0 ? Request.emptyList : Request.withQuery(body, query)
    return page(state.storage.search([collection], searchBody, options, now), showRole)
  },
  getRoleMapping: ({ state }) => getMapping(state.users.profiles.roles.collection),
  updateRoleMapping: (call) => updateMapping(call, call.state.users.profiles.roles.collection),
  restrictDefaultRights,

  // -- profiles
  createProfile: saveProfile("create"),
  createOrReplaceProfile: saveProfile("createOrReplace"),
  updateProfile: saveProfile("update"),
  deleteProfile: (call) => {
    const _id = Request.getId(call.request)
    deleteProfile(call, _id, Request.getString(call.request, "onAssignedUsers", "fail"))
    return { _id }
  },
  mDeleteProfiles: (call) => deleteMany(call, (call, id) => deleteProfile(call, id, "fail")),
  getProfile: ({ request, state }) => Profiles.show(state.users.profiles.get(Request.getId(request))),
  mGetProfiles: ({ request, state }) => ({
    hits: state.users.profiles.getMany(Request.getBodyArray(request, "ids")).map((profile) => Profiles.show(profile))
  }),
  searchProfiles: (call) => {
    const { now, request, state } = call
    const { body: searchBody, options } = searchOf(call)
    const lang = Request.getLang(request)
    refuseBoth(searchBody, "roles")
    const { roles: _, ...others } = searchBody
    const body = searchBody === Request.emptyList ? searchBody : others
    const roles = searchBody.roles ? Request.getBodyArray(request, "roles") : undefined
    const query = roles === undefined
      ? body.query
      : roles.length > 0
      ? { terms: { "policies.roleId": roles } }
      : { match_all: {} }
    const translated = lang === "koncorde" ? translateFilter(isObject(query) ? query : {}) : query
    const { collection } = state.users.profiles
    return page(state.storage.search([collection], Request.withQuery(body, translated), options, now), showProfile)
  },
  scrollProfiles: (call) => page(scroll(call), showProfile),
  getProfileRights: ({ request, state }) => {
    const { _id } = state.users.profiles.get(Request.getId(request))
    return rightsOf(state.users.profiles.policies(_id))
  },
  getProfileMapping: ({ state }) => getMapping(state.users.profiles.collection),
  updateProfileMapping: (call) => updateMapping(call, call.state.users.profiles.collection),

  // -- users
  createUser: (call) => {
    const content = Request.getBodyObject(call.request, "content")
    const profileIds = Request.getBodyArray(call.request, "content.profileIds")
    return createUser(call, profileIds, content, kuidOf(call.request))
  },
  createRestrictedUser: (call) => {
    const content = Request.getBodyObject(call.request, "content", {})
    const kuid = kuidOf(call.request)
    if (Object.hasOwn(content, "profileIds")) throw error("api.assert.forbidden_argument", "body.content.profileIds")
    return createUser(call, ["default"], content, kuid)
  },
  createFirstAdmin: (call) => {
    const { now, request, state } = call
    if (state.users.adminExists(now)) throw error("api.process.admin_exists")
    const content = Request.getBodyObject(request, "content", {})
    const reset = Request.getBoolean(request, "reset")
    const kuid = kuidOf(request)
    if (Object.hasOwn(content, "profileIds")) throw error("api.assert.forbidden_argument", "body.content.profileIds")
    const admin = createUser(call, ["admin"], content, kuid)
    if (reset) restrictDefaultRights(call)
    return admin
  },
  updateUser: (call) => {
    Request.getId(call.request)
    const content = Request.getBody(call.request)
    return changeUser(call, optional(call.request, "profileIds"), content)
  },
  upsertUser: (call) => {
    const { request } = call
    Request.getId(request)
    const content = Request.getBodyObject(request, "content")
    const profileIds = Request.getBodyArray(request, "content.profileIds")
    const defaults = Request.getBodyObject(request, "default", {})
    try {
      return changeUser(call, profileIds, content)
    } catch (cause) {
      if (!(cause instanceof EngineError) || cause.id !== "security.user.not_found") throw cause
      return createUser(call, profileIds, { ...defaults, ...content })
    }
  },
  replaceUser: (call) => {
    const { now, request, state, user } = call
    const id = Request.getId(request)
    const content = Request.getBody(request)
    const profileIds = Request.getBodyArray(request, "profileIds")
    const replaced = state.users.replace(id, profileIds, content, user._id, now)
    refreshAfterWrite(call, state.users.collection)
    return Users.show(replaced)
  },
  deleteUser: (call) => {
    const _id = Request.getId(call.request)
    deleteUser(call, _id)
    return { _id }
  },
  mDeleteUsers: (call) => deleteMany(call, deleteUser),
  getUser: ({ request, state }) => Users.show(state.users.getOrFail(Request.getId(request))),
  mGetUsers: ({ request, state }) => {
    const bodyIds = request.body?.ids
    const inBody = typeof bodyIds === "string" ? bodyIds !== "" : isObject(bodyIds) || Array.isArray(bodyIds)
      ? Object.keys(bodyIds).length > 0
      : false
    const { ids: list } = request.args
    const ids = inBody
      ? Request.getBodyArray(request, "ids")
      : typeof list === "string" && !(request.protocol === "http" && list.startsWith("["))
      ? list.split(",")
      : Request.getArray(request, "ids")
    const users = ids.flatMap((id) => state.users.collection.get(String(id)) ?? [])
    return { hits: users.map(Users.showStored) }
  },
  searchUsers: (call) => {
    const { now, request, state } = call
    const { body, options } = searchOf(call)
    const translated = Request.getLang(request) === "koncorde" ? userQuery(body.query) : undefined
    const results = state.storage.search([state.users.collection], Request.withQuery(body, translated), options, now)
    return { hits: results.hits.map(showUser), scrollId: results.scrollId, total: results.total }
  },
  scrollUsers: (call) => page(scroll(call), showUser),
  getUserRights: ({ request, state }) => rightsOf(state.users.policies(state.users.getOrFail(Request.getId(request)))),
  checkRights: (call) => {
    const userId = Request.getString(call.request, "userId")
    return checkRights(call, () => call.state.users.getOrFail(userId))
  },
  revokeTokens: ({ request, state }) => {
    state.dropSubscriptions(state.sessions.revokeUser(Request.getId(request)))
    return null
  },
  getUserMapping: ({ state }) => getMapping(state.users.collection),
  updateUserMapping: (call) => updateMapping(call, call.state.users.collection),
  refresh: ({ request, state }) => {
    if (!request.args.collection) throw error("api.assert.missing_argument", "collection")
    const collection = String(request.args.collection)
    const { profiles } = state.users
    const known = new Map([
      ["users", state.users.collection],
      ["profiles", profiles.collection],
      ["roles", profiles.roles.collection]
    ])
    const target = known.get(collection)
    if (target === undefined) throw error("api.assert.unexpected_argument", collection, [...known.keys()])
    target.refresh()
    return null
  },

  // -- credentials
  getUserStrategies: ({ now, request, state }) => {
    const { _id } = state.users.getOrFail(Request.getId(request))
    const strategies = state.strategies.of(_id, now)
    return { strategies, total: strategies.length }
  },
  getAllCredentialFields: ({ state }) =>
    Object.fromEntries(Array.from(state.strategies.all, ([name, { fields }]) => [name, fields])),
  getCredentialFields: (call) => strategyOf(call).fields,
  createCredentials: (call) => {
    const { now, request, state } = call
    const id = Request.getId(request)
    const body = Request.getBody(request)
    const strategy = strategyOf(call)
    state.users.getOrFail(id)
    strategy.validate(id, body, false, now)
    const created = strategy.create(id, body, now)
    refreshAfterWrite(call, strategy.collection)
    return created
  },
  updateCredentials: (call) => {
    const { now, request, state } = call
    const id = Request.getId(request)
    const body = Request.getBody(request)
    const strategy = strategyOf(call)
    state.users.getOrFail(id)
    strategy.validate(id, body, true, now)
    const updated = strategy.update(id, body, now)
    refreshAfterWrite(call, strategy.collection)
    return updated
  },
  validateCredentials: (call) => {
    const strategy = strategyOf(call)
    const body = Request.getBody(call.request)
    return strategy.validate(Request.getOptionalId(call.request), body, false, call.now)
  },
  deleteCredentials: (call) => {
    const id = Request.getId(call.request)
    const strategy = strategyOf(call)
    strategy.delete(id, call.now)
    refreshAfterWrite(call, strategy.collection)
    return { acknowledged: true }
  },
  hasCredentials: (call) => {
    const id = Request.getId(call.request)
    return strategyOf(call).has(id, call.now)
  },
  getCredentials: (call) => {
    const id = Request.getId(call.request)
    return strategyOf(call).info(id, call.now)
  },
  getCredentialsById: (call) => {
    const id = Request.getId(call.request)
    return strategyOf(call).infoNamed(id)
  },
  searchUsersByCredentials: (call) => {
    const { now, request, state } = call
    const name = Request.getString(request, "strategy")
    const lang = Request.getLang(request)
    const from = Request.getInteger(request, "from", 0)
    const size = Request.getInteger(request, "size", 10)
    Request.getScroll(request)
    Request.getBodyObject(request, "query", {})
    const searchBody = Request.getSearchBody(request)
    const strategy = state.strategies.get(name)
    const query = lang === "koncorde"
      ? { query: translateFilter(isObject(searchBody.query) ? searchBody.query : {}) }
      : {}
    if (size - from > state.settings.maxDocumentsFetched) throw error("services.storage.get_limit_exceeded")
    const body = strategy.searchBody({ ...searchBody, ...query })
    const options = { from, size, scroll: undefined }
    const { hits, total } = state.storage.search([strategy.collection], body, options, now)
    return { hits: hits.map((hit) => strategy.showHit(hit)), total }
  },

  // -- API keys
  createApiKey: (call) => {
    const userId = Request.getString(call.request, "userId")
    return createApiKey(call, () => call.state.users.getOrFail(userId))
  },
  searchApiKeys: (call) => searchApiKeys(call, Request.getString(call.request, "userId")),
  deleteApiKey: (call) => {
    const { now, request, state } = call
    const userId = Request.getString(request, "userId")
    const _id = Request.getId(request)
    state.apiKeys.delete(_id, userId, now)
    refreshAfterWrite(call, state.apiKeys.collection)
    return { _id }
  }
}

/** The query of `searchUsers` in Koncorde. Without a query, the real server fails with an error of JavaScript. */
const userQuery = (query: unknown): JsonObject => {
  if (!isObject(query)) throw nativeError("Cannot convert undefined or null to object")
  return translateFilter(query)
}
