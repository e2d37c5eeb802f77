/**
 * Reads the arguments of a command for Redis from a request, as the real server's controller does (spec 4.11): their
 * sources, their order and their checks.
 */
import { error, nativeError } from "../errors.ts"
import { isObject, type JsonObject, own } from "../json.ts"
import { type Bytes, encode } from "./bytes.ts"

/** The parts of a request that are read. A step of a transaction has the same form. */
export interface Source {
  readonly args: JsonObject
  readonly body: JsonObject | null
}

/** The source of a value, and its conversion. */
export interface Argument {
  /** Its name in the error when it is missing. */
  readonly name: string
  readonly from: "args" | "body"
  readonly member: string
  readonly optional: boolean
  readonly read: (value: unknown, source: Source) => unknown
}

/** The arguments of a command: in a table, or read by a function. Inner lists are flattened. */
export type Given = ReadonlyArray<Argument> | ((source: Source) => ReadonlyArray<unknown>)

const unchanged = (value: unknown) => value

const from = (origin: "args" | "body") => (name: string, options: Partial<Argument> = {}): Argument => ({
  name,
  from: origin,
  member: name,
  optional: false,
  read: unchanged,
  ...options
})

export const arg = from("args")
export const body = from("body")
export const optional = { optional: true }

export const id = (name: string): Argument => arg(name, { member: "_id" })
export const key = id("key")

// -------------------------------------------------------------------------------------------------------------------
// conversions of arguments
// -------------------------------------------------------------------------------------------------------------------

const toList = (value: unknown): unknown => (typeof value === "string" ? value.split(",") : value)

const toWords = (value: unknown): unknown => {
  const list = toList(value)
  if (!Array.isArray(list)) throw nativeError("result.map is not a function")
  return list.map((word: unknown) => (typeof word === "string" ? word.toUpperCase() : word))
}

const toLimit = (value: unknown): unknown => {
  const list: ReadonlyArray<unknown> = ["LIMIT", toList(value)].flat()
  if (list.length !== 3) throw error("api.assert.invalid_argument", "limit", "<offset, count>")
  return list
}

/** Only the start of a text counts: the real server reads `1x` as a number. */
const assertNumber = (name: string, value: unknown, type: "number" | "integer") => {
  const parse = type === "integer" ? Number.parseInt : Number.parseFloat
  if (Array.isArray(value) || Number.isNaN(parse(String(value)))) throw error("api.assert.invalid_type", name, type)
}

const toMatch = (value: unknown): unknown => {
  if (typeof value !== "string") throw error("api.assert.invalid_type", "match", "<string>")
  return ["MATCH", value]
}

const toCount = (value: unknown): unknown => {
  assertNumber("count", value, "integer")
  return ["COUNT", value]
}

export const bodyList = ({ body }: Source, name: string): ReadonlyArray<unknown> => {
  const value = own(body ?? {}, name)
  if (value === undefined || value === null) throw error("api.assert.missing_argument", `body.${name}`)
  if (!Array.isArray(value)) throw error("api.assert.invalid_type", `body.${name}`, "array")
  return value
}

/** A member of an item of a list; reading a member of `null` fails, as in the real server. */
const memberOf = (item: unknown, name: string): unknown => {
  if (item === null) throw nativeError(`Cannot read properties of null (reading '${name}')`)
  return typeof item === "object" ? own({ ...item }, name) : undefined
}

const toPoints = (_: unknown, source: Source): unknown => {
  const points = bodyList(source, "points")
  if (points.length === 0) throw error("api.assert.empty_argument", "points")
  return points.flatMap((point) => {
    const [lon, lat, name] = ["lon", "lat", "name"].map((member) => memberOf(point, member))
    // The real server refuses 0 like a missing value.
    if (!lon || !lat || !name) throw error("api.assert.invalid_argument", "points", "<array of geopoints>")
    assertNumber("lon", lon, "number")
    assertNumber("lat", lat, "number")
    return [lon, lat, name]
  })
}

const toEntries = (name: "field" | "key") => (_: unknown, source: Source): unknown =>
  bodyList(source, "entries").flatMap((entry) => {
    const field = memberOf(entry, name)
    const value = memberOf(entry, "value")
    if (!field || (!value && value !== 0)) {
      throw error("api.assert.invalid_argument", "entries", "<array of objects>")
    }
    return [field, value]
  })

// -------------------------------------------------------------------------------------------------------------------
// arguments that several commands have
// -------------------------------------------------------------------------------------------------------------------

export const lists = { read: toList }
export const ofKey = [key]
export const ofKeys = [arg("keys", lists)]
export const ofMembers = [key, arg("members", lists)]
export const ofField = [key, arg("field")]
export const ofMember = [key, arg("member")]
export const keyAndValue = [key, body("value")]
export const fieldAndValue = [key, body("field"), body("value")]
export const scanning = [arg("match", { ...optional, read: toMatch }), arg("count", { ...optional, read: toCount })]
export const words = arg("options", { ...optional, read: toWords })
export const limit = arg("limit", { ...optional, read: toLimit })
export const points = body("points", { read: toPoints })
export const entries = (name: "field" | "key") => body("entries", { read: toEntries(name) })

const ofTable = (declared: ReadonlyArray<Argument>, source: Source): ReadonlyArray<unknown> =>
  declared.flatMap(({ from, member, name, optional, read }) => {
    const value = own((from === "args" ? source.args : source.body) ?? {}, member)
    if (value === undefined || value === null) {
      if (optional) return []
      throw error("api.assert.missing_argument", name)
    }
    // A list is flattened.
    return read(value, source)
  })

// -------------------------------------------------------------------------------------------------------------------
// arguments that no table can describe
// -------------------------------------------------------------------------------------------------------------------

const requireId = ({ args }: Source): unknown => {
  if (!args._id) throw error("api.assert.missing_argument", "_id")
  return args._id
}

export const requireBody = ({ body }: Source): JsonObject => {
  if (body === null) throw error("api.assert.body_required")
  return body
}

const exclusive = (body: JsonObject, one: string, other: string) => {
  if (body[one] && body[other]) throw error("api.assert.mutually_exclusive", one, other)
}

export const ofSet = (source: Source): ReadonlyArray<unknown> => {
  const key = requireId(source)
  const body = requireBody(source)
  if (["undefined", "boolean", "object"].includes(typeof body.value)) {
    throw error("api.assert.invalid_type", "value", "string, number")
  }
  exclusive(body, "nx", "xx")
  exclusive(body, "ex", "px")
  return [
    key,
    body.value,
    ...(body.ex === undefined ? [] : ["EX", body.ex]),
    ...(body.px === undefined ? [] : ["PX", body.px]),
    ...(body.nx ? ["NX"] : []),
    ...(body.xx ? ["XX"] : [])
  ]
}

export const ofSort = (source: Source): ReadonlyArray<unknown> => {
  const key = requireId(source)
  const { alpha, by, direction, get, limit, store } = source.body ?? {}
  const args = [key]
  if (alpha) args.push("ALPHA")
  if (direction !== undefined) {
    if (direction === null) throw nativeError("Cannot read properties of null (reading 'toUpperCase')")
    if (typeof direction !== "string") {
      throw nativeError("request.input.body.direction.toUpperCase is not a function")
    }
    const word = direction.toUpperCase()
    if (word !== "ASC" && word !== "DESC") throw error("api.assert.invalid_argument", "direction", "\"ASC\", \"DESC\"")
    args.push(word)
  }
  if (by !== undefined) args.push("BY", by)
  if (limit !== undefined) {
    if (!Array.isArray(limit)) throw error("api.assert.invalid_type", "body.limit", "array")
    assertNumber("limit.offset", limit[0], "integer")
    assertNumber("limit.count", limit[1], "integer")
    args.push("LIMIT", limit[0], limit[1])
  }
  if (get !== undefined) {
    if (!Array.isArray(get)) throw error("api.assert.invalid_type", "body.get", "array")
    for (const pattern of get) args.push("GET", pattern)
  }
  if (store !== undefined) args.push("STORE", store)
  return args
}

export const ofZadd = (source: Source): ReadonlyArray<unknown> => {
  const key = requireId(source)
  const body = requireBody(source)
  const elements = bodyList(source, "elements")
  exclusive(body, "nx", "xx")
  if (elements.length === 0) throw error("api.assert.empty_argument", "elements")
  if (body.incr && elements.length > 1) throw error("api.assert.too_many_arguments", "elements")
  const flags = ["nx", "xx", "ch", "incr"].filter((flag) => body[flag]).map((flag) => flag.toUpperCase())
  return [
    key,
    ...flags,
    ...elements.flatMap((element, i) => {
      if (!isObject(element)) throw error("api.assert.invalid_argument", "elements", "<array of objects>")
      if (!element.member) throw error("api.assert.missing_argument", `elements[${i}].member`)
      assertNumber("score", element.score, "number")
      return [element.score, element.member]
    })
  ]
}

export const ofZstore = (source: Source): ReadonlyArray<unknown> => {
  const key = requireId(source)
  const { aggregate, weights } = requireBody(source)
  const keys = bodyList(source, "keys")
  if (keys.length === 0) throw error("api.assert.empty_argument", "keys")
  const args = [key, keys.length, ...keys]
  if (weights) {
    if (!Array.isArray(weights)) throw error("api.assert.invalid_type", "body.weights", "array")
    if (weights.length > 0) args.push("WEIGHTS", ...weights)
  }
  if (aggregate) {
    if (typeof aggregate !== "string") throw error("api.assert.invalid_type", "body.aggregate", "string")
    const word = aggregate.toUpperCase()
    if (!["SUM", "MIN", "MAX"].includes(word)) {
      throw error("api.assert.invalid_argument", "aggregate", "\"SUM\", \"MIN\" or \"MAX\"")
    }
    args.push("AGGREGATE", word)
  }
  return args
}

// -------------------------------------------------------------------------------------------------------------------
// reading
// -------------------------------------------------------------------------------------------------------------------

const toText = (value: unknown): Bytes => encode(value === null || value === undefined ? "" : String(value))

/** The arguments as texts. */
export const read = (given: Given, source: Source): ReadonlyArray<Bytes> =>
  (typeof given === "function" ? given(source) : ofTable(given, source)).flat().map(toText)
