/** Roles: the actions that they allow, and their checks (spec 4.7). */
import * as Catalogue from "./catalogue.ts"
import { error } from "./errors.ts"
import * as Internal from "./internalStore.ts"
import { isObject, type JsonObject } from "./json.ts"
import type { Collection, Content, StoredDocument } from "./storage.ts"

export const mapping = {
  properties: { tags: { type: "keyword" }, controllers: { dynamic: "false", properties: {} } }
}

const everything = { "*": { actions: { "*": true } } }

const rightsTo = (...actions: ReadonlyArray<string>) => ({
  actions: Object.fromEntries(actions.map((action) => [action, true]))
})

/** The built-in roles after `restrictDefaultRights` (the server's default settings). */
export const restricted: { readonly [id: string]: JsonObject } = {
  admin: { controllers: everything },
  default: {
    controllers: {
      auth: rightsTo("checkToken", "getCurrentUser", "getMyRights", "logout", "updateSelf"),
      server: rightsTo("publicApi")
    }
  },
  anonymous: {
    controllers: {
      auth: rightsTo("checkToken", "getCurrentUser", "getMyRights", "login"),
      server: rightsTo("publicApi", "openapi")
    }
  }
}

export const builtIn: ReadonlyArray<string> = ["admin", "anonymous", "default"]

/** The role in the form of an answer, with its rights first. */
export const show = ({ _id, _source }: Content) => ({
  _id,
  _source: { controllers: _source.controllers, ..._source }
})

type Controllers = { readonly [controller: string]: { readonly actions: { readonly [action: string]: boolean } } }

export const controllersOf = ({ _source }: StoredDocument): Controllers =>
  // Safe: `checkRights` has checked the shape of everything that is written.
  _source.controllers as Controllers

/** Whether a role allows an action. A name takes precedence over `*`, even if it denies the action. */
export const allows = (role: StoredDocument, controller: string, action: string): boolean => {
  const controllers = controllersOf(role)
  const rights = controller === "ms" || controller === "memoryStorage"
    ? controllers.ms ?? controllers.memoryStorage ?? controllers["*"]
    : Object.hasOwn(controllers, controller)
    ? controllers[controller]
    : controllers["*"]
  if (rights === undefined) return false
  return (Object.hasOwn(rights.actions, action) ? rights.actions[action] : rights.actions["*"]) === true
}

// -------------------------------------------------------------------------------------------------------------------
// checks, in the order in which the real server finds the faults
// -------------------------------------------------------------------------------------------------------------------

function checkObject(value: unknown, path: string): asserts value is JsonObject {
  if (!isObject(value)) throw error("api.assert.invalid_type", path, "object")
  if (Object.keys(value).length === 0) throw error("api.assert.empty_argument", path)
}

function checkRights(id: string, controllers: unknown): asserts controllers is Controllers {
  const path = `${id}.controllers`
  if (controllers === undefined || controllers === null) throw error("api.assert.missing_argument", path)
  checkObject(controllers, path)
  for (const [name, rights] of Object.entries(controllers)) {
    checkObject(rights, name)
    if (!Object.hasOwn(rights, "actions")) throw error("api.assert.missing_argument", name)
    checkObject(rights.actions, `${name}.actions`)
    for (const [action, value] of Object.entries(rights.actions)) {
      if (typeof value !== "boolean") throw error("api.assert.invalid_type", `${name}.actions.${action}`, "boolean")
    }
  }
}

const canLogIn = (controllers: Controllers): boolean =>
  ["auth", "*"].some((name) => ["login", "*"].some((action) => controllers[name]?.actions[action] === true))

const isNative = (controller: string) =>
  controller === "*" || (Catalogue.hasController(controller) && !Catalogue.isPlugin(controller))

const checkNames = (id: string, controllers: Controllers, force: boolean): void => {
  for (const [name, { actions }] of Object.entries(controllers)) {
    if (!isNative(name)) continue
    for (const action of Object.keys(actions)) {
      if (action === "*") continue
      if (name === "*") throw error("security.role.unknown_action", id, action, name)
      if (!Catalogue.hasAction(name, action)) throw error("security.role.unknown_action", id, action, name, "")
    }
  }
  checkPluginNames(id, controllers, force)
}

/** Checks the controllers of plugins, up to the first controller that is Kuzzle's own or unknown. */
const checkPluginNames = (id: string, controllers: Controllers, force: boolean): void => {
  if (force) return
  for (const [name, { actions }] of Object.entries(controllers)) {
    if (isNative(name)) return
    if (!Catalogue.hasController(name)) throw error("security.role.unknown_controller", id, name, "")
    const unknown = Object.keys(actions).find((action) => action !== "*" && !Catalogue.hasAction(name, action))
    if (unknown !== undefined) throw error("security.role.unknown_action", id, unknown, name, "")
  }
}

// -------------------------------------------------------------------------------------------------------------------
// the collection
// -------------------------------------------------------------------------------------------------------------------

export type Method = "create" | "createOrReplace" | "replace"

export class Roles {
  readonly collection: Collection
  constructor(collection: Collection, now: number) {
    this.collection = collection
    this.reset(now)
  }

  /** Restores the built-in roles of a new server. */
  reset(now: number): void {
    for (const id of builtIn) Internal.createOrReplace(this.collection, id, { controllers: everything }, now)
    this.collection.refresh()
  }

  get(id: unknown): StoredDocument {
    const role = this.collection.get(String(id))
    if (role === undefined) throw error("security.role.not_found", id)
    return role
  }

  save(method: Method, id: string, content: JsonObject, force: boolean, now: number): StoredDocument {
    const all: JsonObject = { controllers: {}, ...content }
    const { _id: _, _kuzzle_info: __, ...source } = all
    const { controllers } = source
    checkRights(id, controllers)
    if (id === "anonymous" && !canLogIn(controllers)) throw error("security.role.login_required")
    checkNames(id, controllers, force)
    return Internal[method](this.collection, id, source, now)
  }

  /** Deletes a role. `isUsed`: whether a profile has the role. */
  delete(id: unknown, isUsed: (id: string) => boolean, now: number): void {
    const role = this.get(id)
    if (builtIn.includes(role._id)) throw error("security.role.cannot_delete")
    if (isUsed(role._id)) throw error("security.role.in_use", role._id)
    this.collection.delete(role._id, now)
  }

  restrict(now: number): void {
    for (const [id, content] of Object.entries(restricted)) this.save("createOrReplace", id, content, false, now)
    this.collection.refresh()
  }
}
