/**
 * Authentication strategies, and the credentials of users. There is one strategy, `local`, with user names and
 * passwords. It belongs to a plugin, whose errors only have a status and a message.
 */
import { anonymousError, error, nativeError, received } from "./errors.ts"
import { isObject, type JsonObject } from "./json.ts"
import type { Collection, StoredDocument } from "./storage.ts"

/** A strategy, with the credentials of its users. The credentials that it returns contain no secrets. */
export interface Strategy {
  /** The names of the members of credentials. */
  readonly fields: ReadonlyArray<string>
  readonly collection: Collection
  /** Finds the user of a login. `argument` reads an argument of the login by its name. */
  readonly login: (argument: (name: string) => unknown) => string
  readonly has: (kuid: string, now: number) => boolean
  readonly info: (kuid: string, now: number) => JsonObject
  readonly infoNamed: (name: string) => JsonObject
  /** Checks new or changed credentials of a user. Throws if they are not valid. */
  readonly validate: (kuid: string | undefined, credentials: JsonObject, isUpdate: boolean, now: number) => true
  readonly create: (kuid: string, credentials: JsonObject, now: number) => JsonObject
  readonly update: (kuid: string, credentials: JsonObject, now: number) => JsonObject
  readonly delete: (kuid: string, now: number) => void
  /** The body of the search that the strategy passes on to Elasticsearch. */
  readonly searchBody: (body: JsonObject) => JsonObject
  /** A hit of a search for credentials, in the form of the answer. */
  readonly showHit: (hit: JsonObject) => JsonObject
}

type Info = {
  readonly username: string
  readonly kuid?: string
}

const show = ({ _id, _source }: StoredDocument): Info => ({ username: _id, kuid: String(_source.kuid) })

/** The real server hashes passwords with a function of Node, which refuses values that are not text. */
const checkPassword = (password: unknown): void => {
  if (typeof password === "string") return
  throw nativeError(
    "The \"password\" argument must be of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView. " +
      received(password)
  )
}

class Local implements Strategy {
  readonly fields = ["username", "password"]
  readonly collection: Collection
  constructor(makeCollection: MakeCollection) {
    this.collection = makeCollection("credentials", { properties: { kuid: { type: "keyword" } } })
  }

  login(argument: (name: string) => unknown): string {
    const [username, password] = [argument("username"), argument("password")]
    if (username === undefined || password === undefined) {
      throw error("plugin.strategy.missing_user", "Missing credentials")
    }
    const stored = this.collection.get(String(username))
    if (stored !== undefined) checkPassword(password)
    if (stored?._source.password !== password) throw error("plugin.strategy.missing_user", "wrong username or password")
    return String(stored._source.kuid)
  }

  /** A user's credentials as searches see them, because the plugin searches for them. */
  private find(kuid: string, now: number): StoredDocument | undefined {
    return this.collection.searchable(now).find(({ _source }) => _source.kuid === kuid)
  }

  private findOrFail(kuid: string, now: number): StoredDocument {
    const stored = this.find(kuid, now)
    if (stored === undefined) throw anonymousError(412, `No credentials found for user "${kuid}".`)
    return stored
  }

  has(kuid: string, now: number): boolean {
    return this.find(kuid, now) !== undefined
  }

  info(kuid: string, now: number): Info {
    return show(this.findOrFail(kuid, now))
  }

  infoNamed(username: string): Info {
    const stored = this.collection.get(username)
    if (stored === undefined) throw anonymousError(412, `No credentials found for username "${username}".`)
    return show(stored)
  }

  validate(kuid: string | undefined, credentials: JsonObject, isUpdate: boolean, now: number): true {
    const { kuid: newKuid, password, username } = credentials
    if (newKuid) throw anonymousError(400, "kuid cannot be specified in credentials.")
    // An empty id names no document: Elasticsearch's client then sends the request to the collection.
    if (username && String(username) === "") throw error("services.storage.unexpected_error", "Response Error")
    const owner = username ? this.collection.get(String(username)) : undefined
    if (owner !== undefined && owner._source.kuid !== kuid) {
      throw anonymousError(412, `Login "${String(username)}" is already used.`)
    }
    if (isUpdate) {
      if (!username && !password) throw anonymousError(400, "Missing username or password.")
      if (kuid === undefined || !this.has(kuid, now)) {
        throw nativeError("Cannot read properties of null (reading 'validateCredentials')")
      }
    } else {
      if (!username) throw anonymousError(400, "Username required.")
      if (!password) throw anonymousError(400, "Password required.")
    }
    return true
  }

  /** Creates credentials. As in the real server, the answer does not contain the user. */
  create(kuid: string, { password, username }: JsonObject, now: number): Info {
    if (this.has(kuid, now)) throw anonymousError(412, `A strategy already exists for user "${kuid}".`)
    checkPassword(password)
    const { _id } = this.collection.write(String(username), { kuid, password }, now)
    return { username: _id }
  }

  update(kuid: string, { password, username }: JsonObject, now: number): Info {
    const before = this.findOrFail(kuid, now)
    if (password) checkPassword(password)
    const source = password ? { ...before._source, password } : before._source
    if (!username || username === before._id) {
      return show(this.collection.write(before._id, source, now))
    }
    this.collection.delete(before._id, now)
    return { username: this.collection.write(String(username), source, now)._id }
  }

  delete(kuid: string, now: number): void {
    this.collection.delete(this.findOrFail(kuid, now)._id, now)
  }

  searchBody({ query, sort }: JsonObject): JsonObject {
    return {
      ...(isObject(query) ? { query: sanitize(queryWords)(query) } : {}),
      ...(isObject(sort) || Array.isArray(sort) ? { sort: sanitize(sortWords)(sort) } : {})
    }
  }

  showHit({ _id, _source }: JsonObject): Info {
    return { username: String(_id), kuid: isObject(_source) ? String(_source.kuid) : "" }
  }
}

// -------------------------------------------------------------------------------------------------------------------
// searches: by name only, with few keywords
// -------------------------------------------------------------------------------------------------------------------

const queryWords = new Set(
  "bool filter must must_not should fuziness match query prefix value boost term terms username".split(" ")
)

const sortWords = new Set(["sort", "order", "kuid", "username"])

const secretFields = new Set(
  "kuid userPassword userSalt algorithm stretching updater pepper encryption passwordHistory".split(" ")
)

const sanitize = (words: ReadonlySet<string>) => (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => isObject(item) ? sanitize(words)(item) : item)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === "username") return ["_id", sanitize(words)(inner)]
      if (words.has(key)) return [key, sanitize(words)(inner)]
      throw secretFields.has(key)
        ? anonymousError(
          403,
          `Forbidden field "${key}". Only the "username" or "kuid" fields are sortable and only the first is also ` +
            "searchable."
        )
        : anonymousError(400, `The "${key}" keyword is not allowed in this search query for security concerns.`)
    })
  )
}

// -------------------------------------------------------------------------------------------------------------------
// all strategies
// -------------------------------------------------------------------------------------------------------------------

/** Makes a collection of Kuzzle's own index. */
type MakeCollection = (name: string, mappings: JsonObject) => Collection

const constructors: { readonly [name: string]: (makeCollection: MakeCollection) => Strategy } = {
  local: (makeCollection) => new Local(makeCollection)
}

export const strategyNames: ReadonlyArray<string> = Object.keys(constructors)

export class Strategies {
  readonly all: ReadonlyMap<string, Strategy>
  constructor(makeCollection: MakeCollection) {
    this.all = new Map(Object.entries(constructors).map(([name, make]) => [name, make(makeCollection)]))
  }

  get(name: string): Strategy {
    const strategy = this.all.get(name)
    if (strategy === undefined) throw error("security.credentials.unknown_strategy", name)
    return strategy
  }

  /** The names of the strategies by which a user can log in. */
  of(kuid: string, now: number): ReadonlyArray<string> {
    return strategyNames.filter((name) => this.get(name).has(kuid, now))
  }
}
