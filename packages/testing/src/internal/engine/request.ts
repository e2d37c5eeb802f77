/**
 * The request envelope: its parts, and how the server reads an argument (spec 1.2).
 */
import { anonymousError, error, tooDeep } from "./errors.ts"
import { at, isObject, isTooDeep, type JsonObject } from "./json.ts"

export type Protocol = "websocket" | "http"

export interface KuzzleRequest {
  readonly id: string
  readonly controller: string | null
  readonly action: string | null
  readonly body: JsonObject | null
  /** The body if it is a list: most actions read it as an object of its items. */
  readonly list: ReadonlyArray<unknown> | undefined
  readonly jwt: string | null
  readonly volatile: JsonObject | null
  /** Every other key of the envelope. */
  readonly args: JsonObject
  readonly timestamp: number
  readonly protocol: Protocol
  /** The HTTP verb; a search by GET has its body in the query string. */
  readonly verb: string
  /** Which flags were read already (see `getBoolean`). */
  readonly flagsRead: Set<string>
}

const reserved = new Set(["jwt", "volatile", "body", "controller", "action"])

const assertAttribute = <A>(name: string, value: unknown, expected: string, is: (u: unknown) => u is A): A | null => {
  if (value === undefined || value === null) return null
  if (!is(value)) throw anonymousError(400, `Attribute ${name} must be of type ${expected}`)
  return value
}

const isString = (u: unknown): u is string => typeof u === "string"
const isContainer = (u: unknown): u is object => typeof u === "object" && u !== null

/** Reads an envelope. If it is malformed, throws the error that the real server answers. */
export const make = (
  data: unknown,
  options: { readonly protocol: Protocol; readonly verb: string; readonly now: number; readonly newId: () => string }
): KuzzleRequest => {
  if (!isObject(data)) throw anonymousError(500, "Input request data must be a non-null object")
  const args: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(data)) {
    if (!reserved.has(key)) Object.defineProperty(args, key, { value, writable: true, enumerable: true })
  }
  // In the order in which the real server finds the faults.
  const jwt = assertAttribute("jwt", data.jwt, "\"string\"", isString)
  const volatile = assertAttribute("volatile", data.volatile, "\"object\"", isObject)
  const body = assertAttribute("body", data.body, "\"object\" or \"array\"", isContainer)
  const controller = assertAttribute("controller", data.controller, "\"string\"", isString)
  const action = assertAttribute("action", data.action, "\"string\"", isString)
  const id = data.requestId ? assertAttribute("requestId", data.requestId, "\"string\"", isString) : null
  return {
    id: id ?? options.newId(),
    controller,
    action,
    body: body === null ? null : { ...body },
    list: Array.isArray(body) ? body : undefined,
    jwt,
    volatile,
    args,
    timestamp: typeof data.timestamp === "number" && data.timestamp !== 0 ? data.timestamp : options.now,
    protocol: options.protocol,
    verb: options.verb,
    flagsRead: new Set()
  }
}

// -------------------------------------------------------------------------------------------------------------------
// arguments
// -------------------------------------------------------------------------------------------------------------------

const bodyOf = (request: KuzzleRequest): JsonObject => {
  if (request.body === null) throw error("api.assert.body_required")
  return request.body
}

const read = <A>(
  source: JsonObject,
  path: string,
  name: string,
  fallback: A | undefined,
  type: string,
  parse: (u: unknown) => A | undefined
): A => {
  const value = at(source, path)
  if (value === undefined) {
    if (fallback === undefined) throw error("api.assert.missing_argument", name)
    return fallback
  }
  const parsed = parse(value)
  if (parsed === undefined) throw error("api.assert.invalid_type", name, type)
  return parsed
}

const toStringValue = (u: unknown) => (typeof u === "string" ? u : undefined)
const toArrayValue = (u: unknown): ReadonlyArray<unknown> | undefined => (Array.isArray(u) ? u : undefined)
const toObjectValue = (u: unknown) => (isObject(u) ? u : undefined)
const toIntegerValue = (u: unknown) => {
  const n = Number.parseFloat(String(u))
  return Number.isSafeInteger(n) ? n : undefined
}

/** A query string can only contain text, so over HTTP arrays and objects are JSON (spec 2.5). */
const orJson = <A>(request: KuzzleRequest, parse: (u: unknown) => A | undefined) => (u: unknown): A | undefined => {
  if (request.protocol === "http" && typeof u === "string") {
    if (isTooDeep(u)) throw tooDeep()
    try {
      return parse(JSON.parse(u))
    } catch {
      return undefined // It is not JSON. The caller answers that the type is wrong.
    }
  }
  return parse(u)
}

export const getString = (request: KuzzleRequest, name: string, fallback?: string): string =>
  read(request.args, name, name, fallback, "string", toStringValue)

export const getInteger = (request: KuzzleRequest, name: string, fallback?: number): number =>
  read(request.args, name, name, fallback, "integer", toIntegerValue)

export const getArray = (
  request: KuzzleRequest,
  name: string,
  fallback?: ReadonlyArray<unknown>
): ReadonlyArray<unknown> => read(request.args, name, name, fallback, "array", orJson(request, toArrayValue))

/** An array, or a text with commas. Over HTTP it may also be JSON. Some older actions accept such lists. */
export const getList = (request: KuzzleRequest, name: string): ReadonlyArray<unknown> =>
  read(
    request.args,
    name,
    name,
    undefined,
    "array",
    (u) => orJson(request, toArrayValue)(u) ?? (typeof u === "string" ? u.split(",") : undefined)
  )

const getObject = (request: KuzzleRequest, name: string, fallback?: JsonObject): JsonObject =>
  read(request.args, name, name, fallback, "object", orJson(request, toObjectValue))

/**
 * A flag. Over HTTP only its presence counts: `?flag=false` is true (spec 2.4). The real server then writes the result
 * back into the request, so an absent flag is present when it is read a second time.
 */
export const getBoolean = (request: KuzzleRequest, name: string): boolean => {
  const value = at(request.args, name)
  if (request.protocol === "http") {
    const wasRead = request.flagsRead.has(name)
    request.flagsRead.add(name)
    return value !== undefined || wasRead
  }
  if (value === undefined || value === null) return false
  if (typeof value !== "boolean") throw error("api.assert.invalid_type", name, "boolean")
  return value
}

export const getBody = (request: KuzzleRequest, fallback?: JsonObject): JsonObject =>
  request.body === null && fallback !== undefined ? fallback : bodyOf(request)

const inBody = <A>(
  request: KuzzleRequest,
  name: string,
  fallback: A | undefined,
  type: string,
  parse: (u: unknown) => A | undefined
): A => {
  if (request.body === null && fallback !== undefined) return fallback
  return read(bodyOf(request), name, `body.${name}`, fallback, type, parse)
}

export const getBodyString = (request: KuzzleRequest, name: string, fallback?: string): string =>
  inBody(request, name, fallback, "string", toStringValue)

export const getBodyArray = (
  request: KuzzleRequest,
  name: string,
  fallback?: ReadonlyArray<unknown>
): ReadonlyArray<unknown> => inBody(request, name, fallback, "array", toArrayValue)

export const getBodyObject = (request: KuzzleRequest, name: string, fallback?: JsonObject): JsonObject =>
  inBody(request, name, fallback, "object", toObjectValue)

/** The id of the document; `undefined` if the action generates one. */
export const getOptionalId = (request: KuzzleRequest): string | undefined => {
  const id = request.args._id
  if (!id) return undefined
  if (typeof id !== "string") throw error("api.assert.invalid_type", "_id", "string")
  return id
}

export const getId = (request: KuzzleRequest): string => {
  const id = getOptionalId(request)
  if (id === undefined) throw error("api.assert.missing_argument", "_id")
  return id
}

export const getIndex = (request: KuzzleRequest): string => {
  const { index } = request.args
  if (!index) throw error("api.assert.missing_argument", "index")
  return String(index)
}

/** Index and collection, unchecked: the real server accepts any truthy value and returns it (transcript 10, `e6`). */
export const getIndexAndCollection = (
  request: KuzzleRequest
): { readonly index: unknown; readonly collection: unknown } => {
  const { collection, index } = request.args
  if (!index) throw error("api.assert.missing_argument", "index")
  if (!collection) throw error("api.assert.missing_argument", "collection")
  return { index, collection }
}

export const getLang = (request: KuzzleRequest): "elasticsearch" | "koncorde" => {
  const lang = getString(request, "lang", "elasticsearch")
  if (lang !== "elasticsearch" && lang !== "koncorde") {
    throw error("api.assert.invalid_argument", "lang", "\"elasticsearch\" or \"koncorde\"")
  }
  return lang
}

/** The argument `scroll` of a search. A falsy value is not checked, and is passed to Elasticsearch as its text. */
export const getScroll = (request: KuzzleRequest): string | undefined => {
  const { scroll } = request.args
  if (scroll && typeof scroll !== "string") throw error("api.assert.invalid_type", "scroll", "string")
  return scroll === undefined ? undefined : String(scroll ?? "")
}

/** The argument `scroll` of the next page. `undefined`: the default of the server, also for falsy values. */
export const getNextScroll = (request: KuzzleRequest): string | undefined =>
  request.args.scroll ? getScroll(request) : undefined

/** `refresh` of `document:create`, the security actions and others: any value but `false` means to wait (spec 1.2). */
export const getRefresh = (request: KuzzleRequest): boolean => {
  const { refresh } = request.args
  return !(refresh === undefined || refresh === false || refresh === "false" || refresh === null)
}

/** `refresh` of the other writes: a text. They check it when they write (see `target.ts`). */
export const getRefreshString = (request: KuzzleRequest): string => getString(request, "refresh", "false")

/** Stands for a search body that is an empty list. Kuzzle passes it on, and Elasticsearch refuses it. */
export const emptyList: JsonObject = Object.freeze({})

export const getSearchBody = (request: KuzzleRequest): JsonObject =>
  request.protocol === "http" && request.verb === "GET"
    ? getObject(request, "searchBody", {})
    : request.list?.length === 0
    ? emptyList
    : getBody(request, {})

/** A search body with another query. An empty list remains an empty list. */
export const withQuery = (body: JsonObject, query: unknown): JsonObject =>
  query === undefined || body === emptyList ? body : { ...body, query }
