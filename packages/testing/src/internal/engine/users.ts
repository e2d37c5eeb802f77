/**
 * Users, their `local` credentials and what they may do.
 */
import { error } from "./errors.ts"
import type { JsonObject } from "./json.ts"

export interface User {
  readonly _id: string
  readonly profileIds: ReadonlyArray<string>
  /** The whole `_source`, `profileIds` and `_kuzzle_info` included. */
  readonly source: JsonObject
}

export interface Credentials {
  readonly kuid: string
  readonly username: string
  readonly password: string
}

export const anonymousId = "-1"

export const anonymous: User = {
  _id: anonymousId,
  profileIds: ["anonymous"],
  source: { profileIds: ["anonymous"], name: "Anonymous" }
}

type Rights = "*" | { readonly [controller: string]: ReadonlyArray<string> }

/** What the built-in roles allow once an administrator exists (spec 15 of the transcripts). */
const restricted: { readonly [profile: string]: Rights } = {
  admin: "*",
  default: {
    auth: ["checkToken", "getCurrentUser", "getMyRights", "logout", "updateSelf"],
    server: ["publicApi"]
  },
  anonymous: {
    auth: ["checkToken", "getCurrentUser", "getMyRights", "login"],
    server: ["publicApi", "openapi"]
  }
}

/** Requests per second of the built-in profiles, once restricted; 0 is no limit. */
const rateLimits: { readonly [profile: string]: number } = { admin: 0, default: 10, anonymous: 200 }

export class Users {
  private readonly users = new Map<string, User>()
  private readonly credentials = new Map<string, Credentials>()
  /** The built-in roles allow everything until the first administrator is created with `reset` (transcript 15). */
  private rightsRestricted = false

  get(id: string): User | undefined {
    return id === anonymousId ? anonymous : this.users.get(id)
  }

  create(id: string, profileIds: ReadonlyArray<string>, content: JsonObject, now: number): User {
    if (this.users.has(id)) throw error("security.user.already_exists", id)
    for (const profile of profileIds) {
      if (!Object.hasOwn(restricted, profile)) throw error("security.profile.not_found", profile)
    }
    const user: User = {
      _id: id,
      profileIds,
      source: {
        ...content,
        profileIds,
        _kuzzle_info: { createdAt: now, updatedAt: null, updater: null }
      }
    }
    this.users.set(id, user)
    return user
  }

  delete(id: string): void {
    if (!this.users.delete(id)) throw error("security.user.not_found", id)
    for (const [username, { kuid }] of this.credentials) if (kuid === id) this.credentials.delete(username)
  }

  setCredentials(credentials: Credentials): void {
    this.credentials.set(credentials.username, credentials)
  }

  credentialsNamed(username: string): Credentials | undefined {
    return this.credentials.get(username)
  }

  hasCredentials(kuid: string): boolean {
    return [...this.credentials.values()].some((credentials) => credentials.kuid === kuid)
  }

  get adminExists(): boolean {
    return [...this.users.values()].some((user) => user.profileIds.includes("admin"))
  }

  restrict(): void {
    this.rightsRestricted = true
  }

  isAllowed(user: User, controller: string, action: string): boolean {
    return this.rightsOf(user).some((rights) =>
      rights === "*" || (Object.hasOwn(rights, controller) && rights[controller]!.includes(action))
    )
  }

  rightsOf(user: User): ReadonlyArray<Rights> {
    return this.rightsRestricted ? user.profileIds.map((profile) => restricted[profile]!) : ["*"]
  }

  /** Requests per second that a user may make; 0 is no limit. The most permissive profile wins. */
  rateLimit(user: User): number {
    if (!this.rightsRestricted) return 0
    const limits = user.profileIds.map((profile) => rateLimits[profile] ?? 0)
    return limits.includes(0) ? 0 : Math.max(...limits)
  }
}
