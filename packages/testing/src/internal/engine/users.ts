/**
 * Users and their rights. Kuzzle stores a user twice: in its cache, which most reads use, and in a collection, which
 * searches use. The two may differ in the updater, and in inner objects that were changed in part.
 */
import type { Changes } from "./changes.ts"
import { anonymousError, error } from "./errors.ts"
import * as Internal from "./internalStore.ts"
import { isObject, type JsonObject } from "./json.ts"
import * as Profiles from "./profiles.ts"
import * as Request from "./request.ts"
import * as Roles from "./roles.ts"
import type { Collection, Content } from "./storage.ts"

export interface User {
  readonly _id: string
  readonly profileIds: ReadonlyArray<string>
  /** The whole `_source`, with `profileIds` first and with `_kuzzle_info`. */
  readonly source: JsonObject
}

export const mapping = { properties: { profileIds: { type: "keyword" } } }

export const anonymousId = "-1"

export const anonymous: User = {
  _id: anonymousId,
  profileIds: ["anonymous"],
  source: { profileIds: ["anonymous"], name: "Anonymous" }
}

export const show = ({ _id, source }: User) => ({ _id, _source: source })

/** The user as the collection stores it. */
export const showStored = ({ _id, _source }: Content) => ({
  _id,
  _source: { profileIds: _source.profileIds, ..._source }
})

/** The hit of a search. A scroll may continue a search for other documents, so a hit may have no profiles. */
export const showHit = (hit: Content) => {
  const { profileIds } = hit._source
  if (!Array.isArray(profileIds) || profileIds.length === 0) throw error("security.user.no_profile", hit._id)
  return showStored(hit)
}

export class Users {
  readonly collection: Collection
  readonly profiles: Profiles.Profiles
  private readonly cache = new Map<string, User>()
  private readonly changes: Changes
  constructor(collection: Collection, profiles: Profiles.Profiles, changes: Changes) {
    this.collection = collection
    this.profiles = profiles
    this.changes = changes
  }

  private saved(id: string): readonly ["user", id: string, source: JsonObject | null] {
    return ["user", id, this.cache.get(id)?.source ?? null]
  }

  *allSaved() {
    for (const id of this.cache.keys()) yield this.saved(id)
  }

  restore(_id: string, source: JsonObject | null): void {
    if (source === null) return void this.cache.delete(_id)
    // Safe: `make` has set them.
    this.cache.set(_id, { _id, profileIds: source.profileIds as ReadonlyArray<string>, source })
  }

  get(id: string): User | undefined {
    return id === anonymousId || id === "anonymous" ? anonymous : this.cache.get(id)
  }

  getOrFail(id: string): User {
    // With an empty id, the request to Elasticsearch does not name a document.
    if (id === "") throw error("services.storage.unexpected_error", "Response Error")
    const user = this.get(id)
    if (user === undefined) throw error("security.user.not_found", id)
    return user
  }

  create(id: string, profileIds: ReadonlyArray<unknown>, content: JsonObject, now: number): User {
    const user = this.make(id, profileIds, content, { createdAt: now, updatedAt: null, updater: null })
    if (this.collection.get(id) !== undefined) throw error("security.user.already_exists", id)
    Internal.create(this.collection, id, user.source, now)
    return this.store(user)
  }

  update(
    id: string,
    profileIds: ReadonlyArray<unknown> | undefined,
    content: JsonObject,
    updater: string,
    now: number
  ): User {
    const before = this.getOrFail(id)
    const info = isObject(before.source._kuzzle_info) ? before.source._kuzzle_info : {}
    const user = this.make(before._id, profileIds ?? before.profileIds, { ...before.source, ...content }, {
      ...info,
      updatedAt: now,
      updater
    })
    Internal.update(this.collection, before._id, user.source, now)
    return this.store(user)
  }

  replace(id: string, profileIds: ReadonlyArray<unknown>, content: JsonObject, author: string, now: number): User {
    this.getOrFail(id)
    const user = this.make(id, profileIds, content, { author, createdAt: now, updatedAt: null, updater: null })
    Internal.replace(this.collection, id, user.source, now)
    return this.store(user)
  }

  delete(id: string, now: number): void {
    this.collection.getOrFail(id)
    this.collection.delete(id, now)
    this.cache.delete(id)
    this.changes.mark("user", id, () => this.saved(id))
  }

  private make(_id: string, profileIds: ReadonlyArray<unknown>, content: JsonObject, info: JsonObject): User {
    if (profileIds.length === 0) throw error("security.user.no_profile", _id)
    const ids = this.profiles.getMany(profileIds).map((profile) => profile._id)
    if (_id === anonymousId && !ids.includes("anonymous")) throw error("security.user.anonymous_profile_required")
    const { _id: _, profileIds: __, ...others } = content
    return { _id, profileIds: ids, source: { profileIds: ids, ...others, _kuzzle_info: info } }
  }

  private store(user: User): User {
    this.cache.set(user._id, user)
    this.changes.mark("user", user._id, () => this.saved(user._id))
    return user
  }

  // -- rights -------------------------------------------------------------------------------------------------------

  adminExists(now: number): boolean {
    return this.withProfile("admin", now).length > 0
  }

  /** The users with a profile, as searches see them. */
  withProfile(profileId: string, now: number): ReadonlyArray<string> {
    return this.collection.searchable(now)
      .filter(({ _source }) => Array.isArray(_source.profileIds) && _source.profileIds.includes(profileId))
      .map(({ _id }) => _id)
  }

  policies({ profileIds }: User): ReadonlyArray<Profiles.Policy> {
    return profileIds.flatMap((id) => this.profiles.policies(id))
  }

  /** Whether a user may make a request. Each target, or else the index and collection, needs a policy (spec 1.10). */
  isAllowed(user: User, request: Request.KuzzleRequest): boolean {
    const targets = Request.getArray(request, "targets", [])
    const { action, args, controller } = request
    const policies = this.policies(user).filter(({ role }) => Roles.allows(role, controller ?? "", action ?? ""))
    if (targets.length === 0) {
      return policies.some((policy) => Profiles.covers(policy, args.index, args.collection))
    }
    return targets.every((target) => isTargetAllowed(policies, target))
  }

  /** How many requests per second a user may make; 0 for no limit. The most permissive profile decides. */
  rateLimit({ profileIds }: User): number {
    const limits = profileIds.map((id) => this.profiles.rateLimit(id))
    return limits.includes(0) ? 0 : Math.max(...limits)
  }
}

/** The real server refuses rights on a target with a wildcard. It looks for the star in any value of the collection. */
const isTargetAllowed = (policies: ReadonlyArray<Profiles.Policy>, target: unknown): boolean => {
  if (!isObject(target) || !target.index || !Array.isArray(target.collections)) return true
  const { collections, index } = target
  if (typeof index === "string" && index.includes("*")) return false
  return collections.every((name: unknown) => {
    if (name === null) throw anonymousError(500, "Cannot read properties of null (reading 'includes')")
    // Lists also have the method `includes`.
    if (typeof name !== "string" && !Array.isArray(name)) {
      throw anonymousError(500, "collection.includes is not a function")
    }
    return !name.includes("*") && policies.some((policy) => Profiles.covers(policy, index, name))
  })
}
