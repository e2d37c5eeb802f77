/**
 * Turns a request into a command for Redis, as the real server's controller does (spec 4.11): the arguments of a
 * command, their sources, their order and their checks.
 */
import { error, nativeError } from "../errors.ts"
import { isObject, type JsonObject, own } from "../json.ts"
import { encode } from "./bytes.ts"
import type { Call } from "./commands.ts"

/** The parts of a request that are read. A step of a transaction has the same form. */
export interface Source {
  readonly args: JsonObject
  readonly body: JsonObject | null
}

/** The source of a value, and its conversion. */
interface Argument {
  /** Its name in the error when it is missing. */
  readonly name: string
  readonly from: "args" | "body"
  readonly member: string
  readonly optional: boolean
  readonly read: (value: unknown, source: Source) => unknown
}

const same = (value: unknown) => value

const from = (origin: "args" | "body") => (name: string, options: Partial<Argument> = {}): Argument => ({
  name,
  from: origin,
  member: name,
  optional: false,
  read: same,
  ...options
})

const arg = from("args")
const body = from("body")
const optional = { optional: true }

const id = (name: string): Argument => arg(name, { member: "_id" })
const key = id("key")

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

const bodyList = ({ body }: Source, name: string): ReadonlyArray<unknown> => {
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
    // 0 is refused like a missing value.
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
// the arguments of every command
// -------------------------------------------------------------------------------------------------------------------

const ofKey = [key]
const keyAndValue = [key, body("value")]
const lists = { read: toList }
const ofKeys = [arg("keys", lists)]
const ofMembers = [key, arg("members", lists)]
const ofField = [key, arg("field")]
const ofMember = [key, arg("member")]
const fieldAndValue = [key, body("field"), body("value")]
const scanning = [arg("match", { ...optional, read: toMatch }), arg("count", { ...optional, read: toCount })]
const words = arg("options", { ...optional, read: toWords })
const limit = arg("limit", { ...optional, read: toLimit })

const table: { readonly [command: string]: ReadonlyArray<Argument> } = {
  append: keyAndValue,
  bitcount: [key, arg("start", optional), arg("end", optional)],
  bitop: [body("operation"), id("destkey"), body("keys")],
  bitpos: [key, arg("bit"), arg("start", optional), arg("end", optional)],
  dbsize: [],
  decr: ofKey,
  decrby: keyAndValue,
  del: [body("keys")],
  exists: ofKeys,
  expire: [key, body("seconds")],
  expireat: [key, body("timestamp")],
  flushdb: [],
  geoadd: [key, body("points", { read: toPoints })],
  geodist: [key, arg("member1"), arg("member2"), arg("unit", optional)],
  geohash: ofMembers,
  geopos: ofMembers,
  georadius: [key, arg("lon"), arg("lat"), arg("distance"), arg("unit"), words],
  georadiusbymember: [key, arg("member"), arg("distance"), arg("unit"), words],
  get: ofKey,
  getbit: [key, arg("offset")],
  getrange: [key, arg("start"), arg("end")],
  getset: keyAndValue,
  hdel: [key, body("fields", optional)],
  hexists: ofField,
  hget: ofField,
  hgetall: ofKey,
  hincrby: fieldAndValue,
  hincrbyfloat: fieldAndValue,
  hkeys: ofKey,
  hlen: ofKey,
  hmget: [key, arg("fields", lists)],
  hmset: [key, body("entries", { read: toEntries("field") })],
  hscan: [key, arg("cursor"), ...scanning],
  hset: fieldAndValue,
  hsetnx: fieldAndValue,
  hstrlen: ofField,
  hvals: ofKey,
  incr: ofKey,
  incrby: keyAndValue,
  incrbyfloat: keyAndValue,
  keys: [arg("pattern")],
  lindex: [key, arg("index", { member: "idx" })],
  linsert: [key, body("position"), body("pivot"), body("value")],
  llen: ofKey,
  lpop: ofKey,
  lpush: [key, body("values", optional)],
  lpushx: keyAndValue,
  lrange: [key, arg("start"), arg("stop")],
  lrem: [key, body("count"), body("value")],
  lset: [key, body("index"), body("value")],
  ltrim: [key, body("start"), body("stop")],
  mget: ofKeys,
  mset: [body("entries", { read: toEntries("key") })],
  msetnx: [body("entries", { read: toEntries("key") })],
  object: [arg("subcommand"), key],
  persist: ofKey,
  pexpire: [key, body("milliseconds")],
  pexpireat: [key, body("timestamp")],
  pfadd: [key, body("elements", optional)],
  pfcount: ofKeys,
  pfmerge: [key, body("sources", optional)],
  ping: [],
  psetex: [key, body("milliseconds"), body("value")],
  pttl: ofKey,
  randomkey: [],
  rename: [key, body("newkey")],
  renamenx: [key, body("newkey")],
  rpop: ofKey,
  rpoplpush: [body("source"), body("destination")],
  rpush: [key, body("values", optional)],
  rpushx: keyAndValue,
  sadd: [key, body("members", optional)],
  scan: [arg("cursor"), ...scanning],
  scard: ofKey,
  sdiff: [key, arg("keys", lists)],
  sdiffstore: [body("destination"), key, body("keys")],
  setex: [key, body("seconds"), body("value")],
  setnx: keyAndValue,
  sinter: ofKeys,
  sinterstore: [body("destination"), body("keys")],
  sismember: ofMember,
  smembers: ofKey,
  smove: [key, body("destination"), body("member")],
  spop: [key, body("count", optional)],
  srandmember: [key, arg("count", optional)],
  srem: [key, body("members", optional)],
  sscan: [key, arg("cursor"), ...scanning],
  strlen: ofKey,
  sunion: ofKeys,
  sunionstore: [body("destination"), body("keys")],
  time: [],
  touch: [body("keys")],
  ttl: ofKey,
  type: ofKey,
  zcard: ofKey,
  zcount: [key, arg("min"), arg("max")],
  zincrby: [key, body("value"), body("member")],
  zlexcount: [key, arg("min"), arg("max")],
  zrange: [key, arg("start"), arg("stop"), words],
  zrangebylex: [key, arg("min"), arg("max"), limit],
  zrangebyscore: [key, arg("min"), arg("max"), words, limit],
  zrank: ofMember,
  zrem: [key, body("members")],
  zremrangebylex: [key, body("min"), body("max")],
  zremrangebyrank: [key, body("min", { member: "start" }), body("max", { member: "stop" })],
  zremrangebyscore: [key, body("min"), body("max")],
  zrevrange: [key, arg("start"), arg("stop"), words],
  zrevrangebylex: [key, arg("max"), arg("min"), limit],
  zrevrangebyscore: [key, arg("max"), arg("min"), words, limit],
  zrevrank: ofMember,
  zscan: [key, arg("cursor"), ...scanning],
  zscore: ofMember
}

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
// the commands that are not in the table
// -------------------------------------------------------------------------------------------------------------------

const requireId = ({ args }: Source): unknown => {
  if (!args._id) throw error("api.assert.missing_argument", "_id")
  return args._id
}

const requireBody = ({ body }: Source): JsonObject => {
  if (body === null) throw error("api.assert.body_required")
  return body
}

const exclusive = (body: JsonObject, one: string, other: string) => {
  if (body[one] && body[other]) throw error("api.assert.mutually_exclusive", one, other)
}

const ofSet = (source: Source): ReadonlyArray<unknown> => {
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

const ofSort = (source: Source): ReadonlyArray<unknown> => {
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

const ofZadd = (source: Source): ReadonlyArray<unknown> => {
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

const ofZstore = (source: Source): ReadonlyArray<unknown> => {
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

const custom: { readonly [command: string]: (source: Source) => ReadonlyArray<unknown> } = {
  set: ofSet,
  sort: ofSort,
  zadd: ofZadd,
  zinterstore: ofZstore,
  zunionstore: ofZstore
}

/** All commands except `mexecute`. */
export const names: ReadonlyArray<string> = [...Object.keys(table), ...Object.keys(custom)].sort()

/** The arguments for Redis as texts. Inner lists are flattened once more. */
const toText = (value: unknown): string => encode(value === null || value === undefined ? "" : String(value))

export const callOf = (command: string, source: Source): Call => {
  const declared = Object.hasOwn(table, command) ? table[command]! : undefined
  const values = declared === undefined ? custom[command]!(source) : ofTable(declared, source)
  return [command, ...values.flat().map(toText)]
}

/** The steps of a transaction. */
export const callsOf = (source: Source): ReadonlyArray<Call> => {
  requireBody(source)
  return bodyList(source, "actions").map((step) => {
    const { action, args } = isObject(step) ? step : {}
    if (!isObject(step) || !Object.hasOwn(step, "action")) throw error("api.assert.missing_argument", "action")
    if (!Object.hasOwn(step, "args")) throw error("api.assert.missing_argument", "args")
    if (!isObject(args)) throw error("api.assert.invalid_type", "args", "object")
    if (typeof action !== "string" || !names.includes(action)) throw error("api.assert.forbidden_argument", action)
    return callOf(action, { args, body: isObject(args.body) ? args.body : null })
  })
}
