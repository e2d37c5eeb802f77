/** Profiles: roles, and the indexes and collections where they apply (spec 4.7). */
import { error, nativeError } from "./errors.ts"
import * as Internal from "./internalStore.ts"
import { isObject, type JsonObject } from "./json.ts"
import * as Roles from "./roles.ts"
import type { Collection, Content, Storage, StoredDocument } from "./storage.ts"

export const mapping = {
  properties: {
    tags: { type: "keyword" },
    policies: {
      properties: {
        roleId: { type: "keyword" },
        restrictedTo: {
          type: "nested",
          properties: { index: { type: "keyword" }, collections: { type: "keyword" } }
        }
      }
    }
  }
}

/** The built-in profiles after `restrictDefaultRights` (the server's default settings). */
const restricted: { readonly [id: string]: JsonObject } = {
  admin: { rateLimit: 0, policies: [{ roleId: "admin" }] },
  default: { rateLimit: 10, policies: [{ roleId: "default" }] },
  anonymous: { rateLimit: 200, policies: [{ roleId: "anonymous" }] }
}

interface WirePolicy {
  readonly roleId: string
  readonly restrictedTo?: ReadonlyArray<{ readonly index: string; readonly collections?: ReadonlyArray<string> }>
}

const policiesOf = ({ _source }: Content): ReadonlyArray<WirePolicy> =>
  // Safe: `checkPolicies` has checked the shape of everything that is written.
  _source.policies as ReadonlyArray<WirePolicy>

/**
 * A role, and the indexes and collections where it applies. Without indexes it applies everywhere. An index without
 * collections stands for all of its collections.
 */
export interface Policy {
  readonly role: StoredDocument
  readonly restrictedTo: ReadonlyMap<string, ReadonlySet<string>>
}

const compile = (restrictedTo: WirePolicy["restrictedTo"]): Policy["restrictedTo"] => {
  const indexes = new Map<string, Set<string>>()
  for (const { collections, index } of restrictedTo ?? []) {
    const known = indexes.get(index) ?? new Set()
    for (const collection of collections ?? []) known.add(collection)
    indexes.set(index, known)
  }
  return indexes
}

/**
 * Whether a policy applies to a request on this index and collection. A request without an index is not restricted.
 */
export const covers = ({ restrictedTo }: Policy, index: unknown, collection: unknown): boolean => {
  if (restrictedTo.size === 0 || !index) return true
  const collections = typeof index === "string" ? restrictedTo.get(index) : undefined
  if (collections === undefined) return false
  // The real server searches with `<` and `>`. A value that is neither less nor greater counts as found.
  return collections.size === 0 || typeof collection !== "string" || collections.has(collection)
}

// -------------------------------------------------------------------------------------------------------------------
// checks, in the order in which the real server finds the faults
// -------------------------------------------------------------------------------------------------------------------

const checkRateLimit = (rateLimit: unknown): void => {
  if (!Number.isInteger(rateLimit)) throw error("api.assert.invalid_type", "rateLimit", "integer")
  if (Number(rateLimit) < 0) throw error("api.assert.invalid_argument", "rateLimit", "positive integer, or zero")
}

const rejectOthers = (object: JsonObject, path: string, ...known: ReadonlyArray<string>): void => {
  for (const member of Object.keys(object)) {
    if (known.includes(member)) continue
    const accepted = known.map((name) => `"${name}"`).join(", ")
    throw error("api.assert.unexpected_argument", `${path}.${member}`, accepted)
  }
}

type Exists = Pick<Storage, "hasIndex" | "hasCollection">

const checkPolicies = (id: string, policies: ReadonlyArray<unknown>, storage: Exists | undefined): void => {
  for (const [i, policy] of policies.entries()) {
    const path = `${id}.policies[${i}]`
    if (!isObject(policy)) throw error("api.assert.missing_argument", `${path}.roleId`)
    rejectOthers(policy, path, "roleId", "restrictedTo")
    const { restrictedTo } = policy
    if (!restrictedTo) continue
    if (!Array.isArray(restrictedTo)) throw error("api.assert.invalid_type", `${path}.restrictedTo`, "object[]")
    for (const [j, restriction] of restrictedTo.entries()) {
      checkRestriction(restriction, `${path}.restrictedTo`, j, storage)
    }
  }
}

const checkRestriction = (restriction: unknown, above: string, j: number, storage: Exists | undefined): void => {
  if (!isObject(restriction)) throw error("api.assert.invalid_type", `${above}[${String(restriction)}]`, "object")
  const path = `${above}[${j}]`
  const { collections, index } = restriction
  if (index === undefined || index === null) throw error("api.assert.missing_argument", `${path}.index`)
  if (storage !== undefined && !storage.hasIndex(String(index))) throw error("services.storage.unknown_index", index)
  if (collections !== undefined && collections !== null) {
    if (!Array.isArray(collections)) throw error("api.assert.invalid_type", `${path}.collections`, "string[]")
    const unknown = storage === undefined ? [] : collections.filter((name) => !storage.hasCollection(index, name))
    if (unknown.length > 0) throw error("services.storage.unknown_collection", index, unknown)
  }
  rejectOthers(restriction, path, "index", "collections")
}

// -------------------------------------------------------------------------------------------------------------------
// the collection
// -------------------------------------------------------------------------------------------------------------------

export type Method = "create" | "createOrReplace" | "update"

export class Profiles {
  readonly collection: Collection
  readonly roles: Roles.Roles
  /** Cached, because every request reads the restrictions of its profiles. */
  private readonly compiled = new Map<string, ReadonlyArray<Policy["restrictedTo"]>>()

  constructor(collection: Collection, roles: Roles.Roles, now: number) {
    this.collection = collection
    this.roles = roles
    this.reset(now)
  }

  /** Restores the built-in profiles of a new server. */
  reset(now: number): void {
    for (const id of Roles.builtIn) {
      const limit = id === "admin" ? { rateLimit: 0 } : {}
      Internal.createOrReplace(this.collection, id, { policies: [{ roleId: id }], ...limit }, now)
      this.compiled.delete(id)
    }
    this.collection.refresh()
  }

  get(id: string): StoredDocument {
    const profile = this.collection.get(id)
    if (profile === undefined) throw error("security.profile.not_found", id)
    return profile
  }

  getMany(ids: ReadonlyArray<unknown>): ReadonlyArray<StoredDocument> {
    return ids.filter((id) => {
      if (typeof id !== "string") throw error("api.assert.invalid_type", "profileIds", "string[]")
      return true
    }).map((id) => this.get(String(id)))
  }

  /** Saves a profile. With `storage`, the indexes and collections of its restrictions must exist there. */
  save(method: Method, id: string, content: JsonObject, storage: Exists | undefined, now: number): StoredDocument {
    const before = method === "update" ? this.get(id)._source : {}
    const all: JsonObject = { rateLimit: 0, ...before, ...content }
    const { _id: _, _kuzzle_info: __, optimizedPolicies: ___, policies, ...others } = all
    const source = {
      ...others,
      policies: !policies || (Array.isArray(policies) && policies.length === 0) ? [{ roleId: "default" }] : policies,
      rateLimit: others.rateLimit ?? 0
    }
    this.checkRoles(source.policies)
    checkRateLimit(source.rateLimit)
    checkPolicies(id, source.policies, storage)
    if (id === "anonymous" && !source.policies.some((policy) => isObject(policy) && policy.roleId === "anonymous")) {
      throw error("security.profile.missing_anonymous_role")
    }
    this.compiled.delete(id)
    return Internal[method](this.collection, id, source, now)
  }

  private checkRoles(policies: unknown): asserts policies is ReadonlyArray<unknown> {
    if (!Array.isArray(policies)) throw nativeError("profile.policies.map is not a function")
    for (const policy of policies) {
      if (policy === null) throw nativeError("Cannot read properties of null (reading 'roleId')")
      const roleId = isObject(policy) ? policy.roleId : undefined
      if (roleId === undefined || roleId === null) {
        throw error("services.storage.unexpected_error", "Missing required parameter: id")
      }
      this.roles.get(roleId)
    }
  }

  delete(id: string, now: number): void {
    this.compiled.delete(id)
    this.collection.delete(id, now)
  }

  restrict(now: number): void {
    for (const [id, content] of Object.entries(restricted)) this.save("createOrReplace", id, content, undefined, now)
    this.collection.refresh()
  }

  /** Whether a profile that searches see has a role. */
  hasRole(roleId: string, now: number): boolean {
    return this.collection.searchable(now).some((profile) =>
      policiesOf(profile).some((policy) => policy.roleId === roleId)
    )
  }

  policies(id: string): ReadonlyArray<Policy> {
    const policies = policiesOf(this.get(id))
    const restrictions = this.compiled.get(id) ?? policies.map(({ restrictedTo }) => compile(restrictedTo))
    this.compiled.set(id, restrictions)
    return policies.map(({ roleId }, i) => ({ role: this.roles.get(roleId), restrictedTo: restrictions[i]! }))
  }

  rateLimit(id: string): number {
    return Number(this.get(id)._source.rateLimit ?? 0)
  }
}

/** A profile in the form of an answer. `optimizedPolicies` are empty in the answer of a search. */
export const show = (profile: Content, searched = false) => ({
  _id: profile._id,
  _source: {
    policies: [{ roleId: "default" }],
    optimizedPolicies: searched ? [] : policiesOf(profile).map(({ restrictedTo, roleId }) =>
      // In JSON, a map is an empty object.
      restrictedTo ? { restrictedTo: {}, roleId } : { roleId }
    ),
    rateLimit: 0,
    ...profile._source
  }
})

/** A right, as `getMyRights` lists it. */
export interface Right {
  readonly action: string
  readonly collection: string
  readonly controller: string
  readonly index: string
  readonly value: "allowed" | "denied"
}

/** The rights of several policies, each only once. An action is allowed if one policy allows it. */
export const rights = (policies: ReadonlyArray<Policy>): ReadonlyArray<Right> => {
  const byKey = new Map<string, Right>()
  for (const { restrictedTo, role } of policies) {
    const indexes = restrictedTo.size === 0 ? [["*", new Set<string>()] as const] : restrictedTo
    for (const [controller, { actions }] of Object.entries(Roles.controllersOf(role))) {
      for (const [action, allowed] of Object.entries(actions)) {
        for (const [index, collections] of indexes) {
          for (const collection of collections.size === 0 ? ["*"] : collections) {
            const key = JSON.stringify([controller, action, index, collection])
            const value = allowed || byKey.get(key)?.value === "allowed" ? "allowed" : "denied"
            byKey.set(key, { action, collection, controller, index, value })
          }
        }
      }
    }
  }
  return [...byKey.values()]
}
