import { EngineError, error, importFailed, nativeError } from "../errors.ts"
import { isObject, type JsonObject } from "../json.ts"
import * as Request from "../request.ts"
import * as Roles from "../roles.ts"
import type { Call, Controller } from "../state.ts"
import type { Collection } from "../storage.ts"
import { importInto, newlineMissing } from "./bulk.ts"
import { deleteProfile, deleteRole, deleteUser, security } from "./security.ts"

const acknowledged = { acknowledge: true }

/** Whether the request waits until the action is complete. */
const waits = ({ args }: Request.KuzzleRequest): boolean =>
  !(args.refresh === false || args.refresh === "false" || args.refresh === null)

/**
 * Runs an action. If the request does not wait, an error of Kuzzle is dropped. A feature that the engine does not
 * implement is always reported.
 */
const acknowledge = (call: Call, run: () => void) => {
  try {
    run()
  } catch (cause) {
    const isOfKuzzle = cause instanceof EngineError && cause.id?.startsWith("testing.") !== true
    if (waits(call.request) || !isOfKuzzle) throw cause
  }
  return acknowledged
}

function assertObject(value: unknown): asserts value is JsonObject {
  if (!isObject(value)) throw error("api.assert.invalid_argument", value, "object")
}

// -------------------------------------------------------------------------------------------------------------------
// fixtures
// -------------------------------------------------------------------------------------------------------------------

/** The lines of fixtures. Different parts of the server refuse other values, each with its own message. */
const linesOf = (payload: unknown): ReadonlyArray<unknown> => {
  if (Array.isArray(payload)) return payload
  if (payload === null) throw nativeError("Cannot convert undefined or null to object")
  if (typeof payload === "string") throw newlineMissing()
  throw error("services.storage.unexpected_error", "The argument provided is not an array")
}

/** Refuses a list, because entries must have names. The check comes after the loading has begun. */
const assertNamed = ({ request }: Call): void => {
  if (request.list !== undefined) throw error("api.assert.invalid_argument", request.list, "object")
}

const loadFixtures = (call: Call): void => {
  const fixtures = Request.getBody(call.request)
  assertNamed(call)
  for (const [index, collections] of Object.entries(fixtures)) {
    assertObject(collections)
    for (const [name, payload] of Object.entries(collections)) {
      const collection = call.state.storage.collection(index, name)
      const { errors } = importInto(call, collection, linesOf(payload), null)
      if (waits(call.request)) collection.refresh()
      if (errors.length > 0) throw importFailed(errors)
    }
  }
}

const loadMappings = (call: Call, mappings: JsonObject): void => {
  const { now, state } = call
  assertNamed(call)
  for (const [index, collections] of Object.entries(mappings)) {
    assertObject(collections)
    for (const [collection, mapping] of Object.entries(collections)) {
      state.storage.createCollection(index, collection, { mappings: mapping, settings: {} }, now)
    }
  }
}

// -------------------------------------------------------------------------------------------------------------------
// securities
// -------------------------------------------------------------------------------------------------------------------

/** A request of the server to itself. Its rights are not checked. */
const internalCall = (call: Call, action: string, args: JsonObject): Call => {
  const options = {
    protocol: "websocket",
    verb: "",
    now: call.now,
    newId: () => call.state.identifiers.uuid()
  } as const
  return { ...call, request: Request.make({ controller: "security", action, ...args }, options) }
}

/** Attempts to create all objects, then throws the first failure. */
const createAll = (
  call: Call,
  action: "createOrReplaceRole" | "createOrReplaceProfile" | "createUser",
  objects: unknown,
  options: JsonObject,
  collection: Collection
): void => {
  if (!objects) return
  assertObject(objects)
  const failures: Array<unknown> = []
  for (const [_id, body] of Object.entries(objects)) {
    assertObject(body)
    try {
      security[action]!(internalCall(call, action, { _id, body, ...options }))
    } catch (cause) {
      failures.push(cause)
    }
  }
  if (failures.length > 0) throw failures[0]
  collection.refresh()
}

/** The users to create. Existing users are left out or deleted first, by `onExistingUsers`. */
const usersToCreate = (call: Call, users: unknown): unknown => {
  if (typeof users !== "object" || users === null) return users
  const { args } = call.request
  const onExistingUsers = args.onExistingUsers === undefined ? "fail" : args.onExistingUsers
  const existing = new Set(
    Object.keys(users).filter((id) => call.state.users.collection.get(id) !== undefined)
  )
  if (existing.size === 0) return users
  switch (onExistingUsers) {
    case "fail":
      throw error("security.user.prevent_overwrite")
    case "skip":
      return Object.fromEntries(Object.entries(users).filter(([id]) => !existing.has(id)))
    case "overwrite":
      security.mDeleteUsers!(internalCall(call, "mDeleteUsers", { body: { ids: [...existing] }, refresh: "wait_for" }))
      return users
    default:
      throw error("api.assert.unexpected_argument", "onExistingUsers", ["skip", "overwrite", "fail"])
  }
}

const loadSecurities = (call: Call, { profiles, roles, users }: JsonObject, force: boolean): void => {
  const { users: storedUsers } = call.state
  assertNamed(call)
  const refresh = waits(call.request) ? "wait_for" : "false"
  createAll(call, "createOrReplaceRole", roles, { force, refresh }, storedUsers.profiles.roles.collection)
  createAll(call, "createOrReplaceProfile", profiles, { refresh }, storedUsers.profiles.collection)
  createAll(call, "createUser", usersToCreate(call, users), { refresh }, storedUsers.collection)
}

/** Deletes the documents that searches see in a collection. Returns their number. */
const truncate = (call: Call, collection: Collection, remove: (id: string) => void): number => {
  const ids = collection.searchable(call.now).map(({ _id }) => _id)
  for (const id of ids) remove(id)
  collection.refresh()
  return ids.length
}

const resetSecurity = (call: Call) => {
  const { now, state: { users } } = call
  const { profiles } = users
  const { roles } = profiles
  let deletedProfiles = 0
  const deletedUsers = truncate(call, users.collection, (id) => deleteUser(call, id))
  truncate(call, profiles.collection, (id) => {
    if (Roles.builtIn.includes(id)) return
    deleteProfile(call, id, "fail")
    deletedProfiles++
  })
  truncate(call, roles.collection, (id) => {
    if (!Roles.builtIn.includes(id)) deleteRole(call, id)
  })
  roles.reset(now)
  profiles.reset(now)
  // The real server forgets to count the roles (roleRepository.js, `truncate`).
  return { deletedUsers, deletedProfiles }
}

// -------------------------------------------------------------------------------------------------------------------
// actions
// -------------------------------------------------------------------------------------------------------------------

export const admin: Controller = {
  // The engine has no cache of the indexes.
  refreshIndexCache: () => undefined,
  resetCache: ({ request, state }) => {
    const database = Request.getString(request, "database")
    if (database === "internalCache") throw error("testing.engine.not_implemented", "admin:resetCache of the sessions")
    if (database !== "memoryStorage") throw error("services.cache.database_not_found", database)
    state.memoryStorage.clear()
    return acknowledged
  },
  resetDatabase: ({ state }) => {
    for (const index of state.storage.listIndexes()) state.storage.deleteIndex(index)
    return acknowledged
  },
  resetSecurity,
  dump: (call) => {
    const suffix = Request.getString(call.request, "suffix", "manual-api-action")
    return acknowledge(call, () => call.state.dumps.make(suffix, call.now))
  },
  shutdown: ({ state }) => {
    state.shutdown()
    return acknowledged
  },
  loadFixtures: (call) => {
    loadFixtures(call)
    return undefined
  },
  loadMappings: (call) => {
    const mappings = Request.getBody(call.request)
    return acknowledge(call, () => loadMappings(call, mappings))
  },
  loadSecurities: (call) => {
    const permissions = Request.getBody(call.request)
    const force = Request.getBoolean(call.request, "force")
    return acknowledge(call, () => loadSecurities(call, permissions, force))
  }
}
