/**
 * The memory storage: 118 commands of Redis behind Kuzzle (spec 4.11).
 *
 * Options have Kuzzle's names. In particular, `_id` is the key. Redis stores text, and stores a number as its digits.
 * So results are text, except counts, scores and distances. A result that may be missing is an `Option`. If Redis
 * refuses an empty list, the type requires at least one element. If Redis refuses a command, for example on a key of
 * another type, the function fails with a `RedisError`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleMemoryStorage } from "@effect-kuzzle/core"
 *
 * export const visits = Effect.gen(function*() {
 *   yield* KuzzleMemoryStorage.zincrby({ _id: "visits", member: "/home", value: 1 })
 *   return yield* KuzzleMemoryStorage.zrevrange({ _id: "visits", start: 0, stop: 9 })
 * })
 * ```
 *
 * @module
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redis from "./internal/api/redis.ts"
import * as Action from "./internal/client/action.ts"
import type { Kuzzle, KuzzleRequest } from "./internal/client/client.ts"
import * as Shape from "./internal/data/shape.ts"
import type { RedisError } from "./KuzzleActionError.ts"
import type { RequestError } from "./KuzzleError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * The options of every command on one key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Key extends Action.CallOptions {
  readonly _id: string
}

/**
 * A value for Redis: text, or a number, which is stored as its digits.
 *
 * @since 0.1.0
 * @category models
 */
export type Value = string | number

/**
 * A list with at least one element, because Redis refuses an empty one.
 *
 * @since 0.1.0
 * @category models
 */
export type OneOrMore<A> = Arr.NonEmptyReadonlyArray<A>

/**
 * A bit.
 *
 * @since 0.1.0
 * @category models
 */
export type Bit = 0 | 1

/**
 * A part of a text, in bytes: both ends or neither. They count from 0 or, if negative, from the end. `end` is included.
 *
 * @since 0.1.0
 * @category models
 */
export type ByteRange =
  | { readonly start: number; readonly end: number }
  | { readonly start?: undefined; readonly end?: undefined }

/**
 * The member of a sorted set and its score.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScoredMember {
  readonly member: string
  readonly score: number
}

/**
 * A bound of scores. A preceding `(` excludes the number itself.
 *
 * @since 0.1.0
 * @category models
 */
export type ScoreBound = number | `(${number}` | "-inf" | "+inf"

/**
 * A bound of members by their bytes. A preceding `[` includes the member, and `(` excludes it. `-` is below and `+` is
 * above all members.
 *
 * @since 0.1.0
 * @category models
 */
export type LexBound = `[${string}` | `(${string}` | "-" | "+"

/**
 * How many elements to skip, and how many to return.
 *
 * @since 0.1.0
 * @category models
 */
export type Limit = readonly [offset: number, count: number]

/**
 * How the scores of one member in several sets are combined.
 *
 * @since 0.1.0
 * @category models
 */
export interface Aggregation {
  /** The factor for the scores of each set. Default: 1. */
  readonly weights?: ReadonlyArray<number> | undefined
  /** How to combine the scores. Default: `sum`. */
  readonly aggregate?: "sum" | "min" | "max" | undefined
}

/**
 * A field of a hash.
 *
 * @since 0.1.0
 * @category models
 */
export interface Field<V = string> {
  readonly field: string
  readonly value: V
}

/**
 * A place on Earth, in degrees.
 *
 * @since 0.1.0
 * @category models
 */
export interface Coordinates {
  readonly lon: number
  readonly lat: number
}

/**
 * A unit of distance.
 *
 * @since 0.1.0
 * @category models
 */
export type Unit = "m" | "km" | "mi" | "ft"

/**
 * A place within a radius, with its distance in the requested unit and its position, which Redis rounds.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoHit {
  readonly name: string
  readonly distance: number
  readonly coordinates: Coordinates
}

/**
 * The radius, the number of results and their order.
 *
 * @since 0.1.0
 * @category models
 */
export interface Radius extends Key {
  readonly distance: number
  readonly unit: Unit
  /** The maximum number of results. Without `sort`, these are the nearest ones. */
  readonly count?: number | undefined
  /** The order by distance. By default, the results are unordered. */
  readonly sort?: "asc" | "desc" | undefined
}

/**
 * The position of a scan. Begin with 0. The scan has ended when the cursor of a page is `"0"`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scan extends Action.CallOptions {
  readonly cursor: string | number
  /** Only elements that match this pattern: `*`, `?`, `[ae]`. A page may then be empty before the scan ends. */
  readonly match?: string | undefined
  /** About how many elements to examine for a page. Default: 10. */
  readonly count?: number | undefined
}

/**
 * A page of a scan. An element that exists during the whole scan is returned at least once.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<A> {
  readonly cursor: string
  readonly values: ReadonlyArray<A>
}

/**
 * How to sort. By default, elements are sorted as numbers, in ascending order.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sorting extends Key {
  /** Sort as text. */
  readonly alpha?: boolean | undefined
  /** Sort by the values of these keys, where `*` stands for the element: `weight_*`, or `hash_*->field`. */
  readonly by?: string | undefined
  readonly direction?: "asc" | "desc" | undefined
  readonly limit?: Limit | undefined
}

// -------------------------------------------------------------------------------------------------------------------
// keys
// -------------------------------------------------------------------------------------------------------------------

/**
 * Removes keys (`ms:del`). Returns how many of them existed.
 *
 * @since 0.1.0
 * @category keys
 */
export const del = Redis.command<Action.CallOptions & { readonly keys: OneOrMore<string> }, number>({
  action: "del",
  http: ["DELETE", "/ms"],
  idempotent: false,
  body: ["keys"],
  result: Redis.count
})

/**
 * Counts how many of the keys exist (`ms:exists`). A key that is given twice counts twice.
 *
 * @since 0.1.0
 * @category keys
 */
export const exists = Redis.command<Action.CallOptions & { readonly keys: OneOrMore<string> }, number>({
  action: "exists",
  http: ["GET", "/ms/_exists"],
  idempotent: true,
  result: Redis.count
})

/**
 * Lets a key expire after some seconds (`ms:expire`). Returns `false` if it does not exist.
 *
 * @since 0.1.0
 * @category keys
 */
export const expire = Redis.command<Key & { readonly seconds: number }, boolean>({
  action: "expire",
  http: ["POST", "/ms/_expire/:_id"],
  idempotent: true,
  body: ["seconds"],
  result: Redis.flag
})

/**
 * Lets a key expire at a time, in seconds since the epoch (`ms:expireat`). Returns `false` if it does not exist.
 *
 * @since 0.1.0
 * @category keys
 */
export const expireat = Redis.command<Key & { readonly timestamp: number }, boolean>({
  action: "expireat",
  http: ["POST", "/ms/_expireat/:_id"],
  idempotent: true,
  body: ["timestamp"],
  result: Redis.flag
})

/**
 * Lists the keys that match a pattern: `*`, `?`, `[ae]` (`ms:keys`). Redis examines all keys and does nothing else
 * meanwhile. Use `scan` if there are many.
 *
 * @since 0.1.0
 * @category keys
 */
export const keys = Redis.command<Action.CallOptions & { readonly pattern: string }, ReadonlyArray<string>>({
  action: "keys",
  http: ["GET", "/ms/_keys/:pattern"],
  idempotent: true,
  result: Redis.strings
})

type Subcommand = "encoding" | "idletime" | "refcount"

const objectCommand = <A>(result: Shape.Reader<Option.Option<A>>) =>
  Redis.command<Key & { readonly subcommand: Subcommand }, Option.Option<A>>({
    action: "object",
    http: ["GET", "/ms/_object/:_id"],
    idempotent: true,
    result
  })

const encodingOf = objectCommand(Redis.option)
const measureOf = objectCommand(Redis.optionalCount)

/**
 * Returns how Redis stores a key (`ms:object`): the name of the encoding, the seconds since the last use, or the number
 * of references.
 *
 * @since 0.1.0
 * @category keys
 */
export const object = Action.wrap(
  encodingOf,
  <S extends Subcommand>(options: Key & { readonly subcommand: S }) =>
    // The encoding is a name, the others are numbers (spec 4.11).
    (options.subcommand === "encoding" ? encodingOf(options) : measureOf(options)) as Effect.Effect<
      Option.Option<S extends "encoding" ? string : number>,
      RequestError | RedisError,
      Kuzzle
    >
)

/**
 * Removes the expiration of a key (`ms:persist`). Returns `false` if it has none, or does not exist.
 *
 * @since 0.1.0
 * @category keys
 */
export const persist = Redis.command<Key, boolean>({
  action: "persist",
  http: ["POST", "/ms/_persist/:_id"],
  idempotent: false,
  result: Redis.flag
})

/**
 * Lets a key expire after some milliseconds (`ms:pexpire`). Returns `false` if it does not exist.
 *
 * @since 0.1.0
 * @category keys
 */
export const pexpire = Redis.command<Key & { readonly milliseconds: number }, boolean>({
  action: "pexpire",
  http: ["POST", "/ms/_pexpire/:_id"],
  idempotent: true,
  body: ["milliseconds"],
  result: Redis.flag
})

/**
 * Lets a key expire at a time, in milliseconds since the epoch (`ms:pexpireat`). Returns `false` if it does not exist.
 *
 * @since 0.1.0
 * @category keys
 */
export const pexpireat = Redis.command<Key & { readonly timestamp: number }, boolean>({
  action: "pexpireat",
  http: ["POST", "/ms/_pexpireat/:_id"],
  idempotent: true,
  body: ["timestamp"],
  result: Redis.flag
})

/**
 * The remaining lifetime of a key in milliseconds (`ms:pttl`): `Infinity` if it does not expire, `none` if it does not
 * exist.
 *
 * @since 0.1.0
 * @category keys
 */
export const pttl = Redis.command<Key, Option.Option<number>>({
  action: "pttl",
  http: ["GET", "/ms/_pttl/:_id"],
  idempotent: true,
  result: Redis.remaining
})

/**
 * Returns a random key (`ms:randomkey`).
 *
 * @since 0.1.0
 * @category keys
 */
export const randomkey = Redis.command<Action.CallOptions, Option.Option<string>>({
  action: "randomkey",
  http: ["GET", "/ms/_randomkey"],
  idempotent: true,
  result: Redis.option
})

/**
 * Renames a key (`ms:rename`). Replaces a key that has the new name. Fails if the key does not exist.
 *
 * @since 0.1.0
 * @category keys
 */
export const rename = Redis.command<Key & { readonly newkey: string }, void>({
  action: "rename",
  http: ["POST", "/ms/_rename/:_id"],
  idempotent: false,
  body: ["newkey"],
  result: Shape.done
})

/**
 * Renames a key unless the new name exists (`ms:renamenx`). Returns whether it was renamed.
 *
 * @since 0.1.0
 * @category keys
 */
export const renamenx = Redis.command<Key & { readonly newkey: string }, boolean>({
  action: "renamenx",
  http: ["POST", "/ms/_renamenx/:_id"],
  idempotent: false,
  body: ["newkey"],
  result: Redis.flag
})

/**
 * Lists the keys, page by page (`ms:scan`).
 *
 * @since 0.1.0
 * @category keys
 */
export const scan = Redis.command<Scan, Page<string>>({
  action: "scan",
  http: ["GET", "/ms/_scan"],
  idempotent: true,
  result: Redis.page
})

/**
 * Returns the elements of a list, a set or a sorted set, sorted (`ms:sort`).
 *
 * @since 0.1.0
 * @category keys
 */
export const sort = Redis.command<Sorting, ReadonlyArray<string>>({
  action: "sort",
  http: ["POST", "/ms/_sort/:_id"],
  idempotent: true,
  body: ["alpha", "by", "direction", "limit"],
  result: Redis.strings
})

/**
 * Sorts like `sort`, and returns the values of other keys (`ms:sort` with `get`). In the patterns `*` stands for the
 * element. `#` is the element itself. The values for the first element come first, then those for the second.
 *
 * @since 0.1.0
 * @category keys
 */
export const sortGet = Redis.command<
  Sorting & { readonly get: OneOrMore<string> },
  ReadonlyArray<Option.Option<string>>
>({
  action: "sort",
  http: ["POST", "/ms/_sort/:_id"],
  idempotent: true,
  body: ["alpha", "by", "direction", "limit", "get"],
  result: Redis.options
})

/**
 * Sorts like `sort`, and stores the result under another key as a list (`ms:sort` with `store`). Returns its length.
 *
 * @since 0.1.0
 * @category keys
 */
export const sortStore = Redis.command<Sorting & { readonly store: string }, number>({
  action: "sort",
  http: ["POST", "/ms/_sort/:_id"],
  idempotent: false,
  body: ["alpha", "by", "direction", "limit", "store"],
  result: Redis.count
})

/**
 * Marks keys as used now (`ms:touch`). Returns how many of them exist.
 *
 * @since 0.1.0
 * @category keys
 */
export const touch = Redis.command<Action.CallOptions & { readonly keys: OneOrMore<string> }, number>({
  action: "touch",
  http: ["POST", "/ms/_touch"],
  idempotent: true,
  body: ["keys"],
  result: Redis.count
})

/**
 * The remaining lifetime of a key in seconds (`ms:ttl`): `Infinity` if it does not expire, `none` if it does not exist.
 *
 * @since 0.1.0
 * @category keys
 */
export const ttl = Redis.command<Key, Option.Option<number>>({
  action: "ttl",
  http: ["GET", "/ms/_ttl/:_id"],
  idempotent: true,
  result: Redis.remaining
})

/**
 * The type of the value of a key (`ms:type`).
 *
 * @since 0.1.0
 * @category keys
 */
export const type = Redis.command<Key, "none" | "string" | "list" | "set" | "zset" | "hash" | "stream">({
  action: "type",
  http: ["GET", "/ms/_type/:_id"],
  idempotent: true,
  result: Shape.whole(Shape.literal("none", "string", "list", "set", "zset", "hash", "stream"))
})

// -------------------------------------------------------------------------------------------------------------------
// strings
// -------------------------------------------------------------------------------------------------------------------

/**
 * Appends text to the value of a key (`ms:append`). Returns the new length in bytes.
 *
 * @since 0.1.0
 * @category strings
 */
export const append = Redis.command<Key & { readonly value: Value }, number>({
  action: "append",
  http: ["POST", "/ms/_append/:_id"],
  idempotent: false,
  body: ["value"],
  result: Redis.count
})

/**
 * Counts the bits that are 1 (`ms:bitcount`).
 *
 * @since 0.1.0
 * @category strings
 */
export const bitcount = Redis.command<Key & ByteRange, number>({
  action: "bitcount",
  http: ["GET", "/ms/_bitcount/:_id"],
  idempotent: true,
  result: Redis.count
})

/**
 * Stores under the key `_id` the result of a bitwise operation on other keys (`ms:bitop`). `NOT` takes one key. Returns
 * the length of the result in bytes.
 *
 * @since 0.1.0
 * @category strings
 */
export const bitop = Redis.command<
  Key & { readonly operation: "AND" | "OR" | "XOR" | "NOT"; readonly keys: OneOrMore<string> },
  number
>({
  action: "bitop",
  http: ["POST", "/ms/_bitop/:_id"],
  idempotent: false,
  body: ["operation", "keys"],
  result: Redis.count
})

/**
 * The position of the first bit with that value (`ms:bitpos`), from the byte `start` on.
 *
 * @since 0.1.0
 * @category strings
 */
export const bitpos = Redis.command<
  Key & { readonly bit: Bit; readonly start?: number | undefined },
  Option.Option<number>
>({
  action: "bitpos",
  http: ["GET", "/ms/_bitpos/:_id"],
  idempotent: true,
  result: Redis.position
})

/**
 * The position of the first bit with that value within a range of bytes (`ms:bitpos` with `end`).
 *
 * @since 0.1.0
 * @category strings
 */
export const bitposWithin = Redis.command<
  Key & { readonly bit: Bit; readonly start: number; readonly end: number },
  Option.Option<number>
>({
  action: "bitpos",
  http: ["GET", "/ms/_bitpos/:_id"],
  idempotent: true,
  result: Redis.position
})

/**
 * Subtracts one (`ms:decr`). Returns the new number.
 *
 * @since 0.1.0
 * @category strings
 */
export const decr = Redis.command<Key, number>({
  action: "decr",
  http: ["POST", "/ms/_decr/:_id"],
  idempotent: false,
  result: Redis.count
})

/**
 * Subtracts a whole number (`ms:decrby`). Returns the new number.
 *
 * @since 0.1.0
 * @category strings
 */
export const decrby = Redis.command<Key & { readonly value: number }, number>({
  action: "decrby",
  http: ["POST", "/ms/_decrby/:_id"],
  idempotent: false,
  body: ["value"],
  result: Redis.count
})

/**
 * Reads text (`ms:get`).
 *
 * @since 0.1.0
 * @category strings
 */
export const get = Redis.command<Key, Option.Option<string>>({
  action: "get",
  http: ["GET", "/ms/:_id"],
  idempotent: true,
  result: Redis.option
})

/**
 * Reads one bit (`ms:getbit`). Returns 0 beyond the end.
 *
 * @since 0.1.0
 * @category strings
 */
export const getbit = Redis.command<Key & { readonly offset: number }, Bit>({
  action: "getbit",
  http: ["GET", "/ms/_getbit/:_id"],
  idempotent: true,
  result: Shape.whole(Shape.literal(0, 1))
})

/**
 * Reads a part of the text, by bytes, both ends included (`ms:getrange`).
 *
 * @since 0.1.0
 * @category strings
 */
export const getrange = Redis.command<Key & { readonly start: number; readonly end: number }, string>({
  action: "getrange",
  http: ["GET", "/ms/_getrange/:_id"],
  idempotent: true,
  result: Redis.string
})

/**
 * Writes text and returns the previous text (`ms:getset`).
 *
 * @since 0.1.0
 * @category strings
 */
export const getset = Redis.command<Key & { readonly value: Value }, Option.Option<string>>({
  action: "getset",
  http: ["POST", "/ms/_getset/:_id"],
  idempotent: false,
  body: ["value"],
  result: Redis.option
})

/**
 * Adds one (`ms:incr`). Returns the new number.
 *
 * @since 0.1.0
 * @category strings
 */
export const incr = Redis.command<Key, number>({
  action: "incr",
  http: ["POST", "/ms/_incr/:_id"],
  idempotent: false,
  result: Redis.count
})

/**
 * Adds a whole number (`ms:incrby`). Returns the new number.
 *
 * @since 0.1.0
 * @category strings
 */
export const incrby = Redis.command<Key & { readonly value: number }, number>({
  action: "incrby",
  http: ["POST", "/ms/_incrby/:_id"],
  idempotent: false,
  body: ["value"],
  result: Redis.count
})

/**
 * Adds any number (`ms:incrbyfloat`). Returns the new number.
 *
 * @since 0.1.0
 * @category strings
 */
export const incrbyfloat = Redis.command<Key & { readonly value: number }, number>({
  action: "incrbyfloat",
  http: ["POST", "/ms/_incrbyfloat/:_id"],
  idempotent: false,
  body: ["value"],
  result: Redis.float
})

/**
 * Reads the texts of many keys, in their order (`ms:mget`). `none` for a key that does not exist or is not text.
 *
 * @since 0.1.0
 * @category strings
 */
export const mget = Redis.command<
  Action.CallOptions & { readonly keys: OneOrMore<string> },
  ReadonlyArray<Option.Option<string>>
>({
  action: "mget",
  http: ["GET", "/ms/_mget"],
  idempotent: true,
  result: Redis.options
})

/**
 * Writes many keys in one step (`ms:mset`).
 *
 * @since 0.1.0
 * @category strings
 */
export const mset = Redis.laidOut<
  Action.CallOptions & { readonly entries: OneOrMore<{ readonly key: string; readonly value: Value }> },
  void
>(Redis.entries, {
  action: "mset",
  http: ["POST", "/ms/_mset"],
  idempotent: true,
  body: ["entries"],
  result: Shape.done
})

/**
 * Writes many keys in one step if none of them exists (`ms:msetnx`). Returns whether they were written.
 *
 * @since 0.1.0
 * @category strings
 */
export const msetnx = Redis.laidOut<
  Action.CallOptions & { readonly entries: OneOrMore<{ readonly key: string; readonly value: Value }> },
  boolean
>(Redis.entries, {
  action: "msetnx",
  http: ["POST", "/ms/_msetnx"],
  idempotent: false,
  body: ["entries"],
  result: Redis.flag
})

/**
 * Writes text that expires after some milliseconds (`ms:psetex`).
 *
 * @since 0.1.0
 * @category strings
 */
export const psetex = Redis.command<Key & { readonly value: Value; readonly milliseconds: number }, void>({
  action: "psetex",
  http: ["POST", "/ms/_psetex/:_id"],
  idempotent: true,
  body: ["value", "milliseconds"],
  result: Shape.done
})

/**
 * The lifetime in seconds (`ex`) or milliseconds (`px`), and whether the key must exist (`xx`) or must not exist
 * (`nx`).
 *
 * @since 0.1.0
 * @category models
 */
export type SetOptions =
  & (
    | { readonly ex?: number | undefined; readonly px?: undefined }
    | { readonly ex?: undefined; readonly px: number }
  )
  & Presence

/**
 * Only if it exists already (`xx`), or only if it does not exist (`nx`).
 *
 * @since 0.1.0
 * @category models
 */
export type Presence =
  | { readonly nx?: boolean | undefined; readonly xx?: undefined }
  | { readonly nx?: undefined; readonly xx: boolean }

/**
 * Writes text (`ms:set`). Returns `false` if `nx` or `xx` prevented it.
 *
 * @since 0.1.0
 * @category strings
 */
export const set = Redis.command<Key & { readonly value: Value } & SetOptions, boolean>({
  action: "set",
  http: ["POST", "/ms/_set/:_id"],
  idempotent: false,
  body: ["value", "ex", "px", "nx", "xx"],
  result: Redis.written
})

/**
 * Writes text that expires after some seconds (`ms:setex`).
 *
 * @since 0.1.0
 * @category strings
 */
export const setex = Redis.command<Key & { readonly value: Value; readonly seconds: number }, void>({
  action: "setex",
  http: ["POST", "/ms/_setex/:_id"],
  idempotent: true,
  body: ["value", "seconds"],
  result: Shape.done
})

/**
 * Writes text if the key does not exist (`ms:setnx`). Returns whether it was written.
 *
 * @since 0.1.0
 * @category strings
 */
export const setnx = Redis.command<Key & { readonly value: Value }, boolean>({
  action: "setnx",
  http: ["POST", "/ms/_setnx/:_id"],
  idempotent: false,
  body: ["value"],
  result: Redis.flag
})

/**
 * The length of a text in bytes (`ms:strlen`).
 *
 * @since 0.1.0
 * @category strings
 */
export const strlen = Redis.command<Key, number>({
  action: "strlen",
  http: ["GET", "/ms/_strlen/:_id"],
  idempotent: true,
  result: Redis.count
})

// -------------------------------------------------------------------------------------------------------------------
// hashes
// -------------------------------------------------------------------------------------------------------------------

/**
 * Removes fields (`ms:hdel`). Returns how many of them existed.
 *
 * @since 0.1.0
 * @category hashes
 */
export const hdel = Redis.command<Key & { readonly fields: OneOrMore<string> }, number>({
  action: "hdel",
  http: ["DELETE", "/ms/_hdel/:_id"],
  idempotent: false,
  body: ["fields"],
  result: Redis.count
})

/**
 * Whether a field exists (`ms:hexists`).
 *
 * @since 0.1.0
 * @category hashes
 */
export const hexists = Redis.command<Key & { readonly field: string }, boolean>({
  action: "hexists",
  http: ["GET", "/ms/_hexists/:_id/:field"],
  idempotent: true,
  result: Redis.flag
})

/**
 * Reads a field (`ms:hget`).
 *
 * @since 0.1.0
 * @category hashes
 */
export const hget = Redis.command<Key & { readonly field: string }, Option.Option<string>>({
  action: "hget",
  http: ["GET", "/ms/_hget/:_id/:field"],
  idempotent: true,
  result: Redis.option
})

/**
 * Reads all fields (`ms:hgetall`). The result is empty if the key does not exist.
 *
 * @since 0.1.0
 * @category hashes
 */
export const hgetall = Redis.command<Key, Readonly<Record<string, string>>>({
  action: "hgetall",
  http: ["GET", "/ms/_hgetall/:_id"],
  idempotent: true,
  result: Shape.whole(Shape.record(Shape.string))
})

/**
 * Adds a whole number to a field (`ms:hincrby`). Returns the new number.
 *
 * @since 0.1.0
 * @category hashes
 */
export const hincrby = Redis.command<Key & { readonly field: string; readonly value: number }, number>({
  action: "hincrby",
  http: ["POST", "/ms/_hincrby/:_id"],
  idempotent: false,
  body: ["field", "value"],
  result: Redis.count
})

/**
 * Adds any number to a field (`ms:hincrbyfloat`). Returns the new number.
 *
 * @since 0.1.0
 * @category hashes
 */
export const hincrbyfloat = Redis.command<Key & { readonly field: string; readonly value: number }, number>({
  action: "hincrbyfloat",
  http: ["POST", "/ms/_hincrbyfloat/:_id"],
  idempotent: false,
  body: ["field", "value"],
  result: Redis.float
})

/**
 * Lists the names of the fields (`ms:hkeys`).
 *
 * @since 0.1.0
 * @category hashes
 */
export const hkeys = Redis.command<Key, ReadonlyArray<string>>({
  action: "hkeys",
  http: ["GET", "/ms/_hkeys/:_id"],
  idempotent: true,
  result: Redis.strings
})

/**
 * Counts the fields (`ms:hlen`).
 *
 * @since 0.1.0
 * @category hashes
 */
export const hlen = Redis.command<Key, number>({
  action: "hlen",
  http: ["GET", "/ms/_hlen/:_id"],
  idempotent: true,
  result: Redis.count
})

/**
 * Reads fields, in their order (`ms:hmget`).
 *
 * @since 0.1.0
 * @category hashes
 */
export const hmget = Redis.command<
  Key & { readonly fields: OneOrMore<string> },
  ReadonlyArray<Option.Option<string>>
>({
  action: "hmget",
  http: ["GET", "/ms/_hmget/:_id"],
  idempotent: true,
  result: Redis.options
})

/**
 * Writes fields (`ms:hmset`).
 *
 * @since 0.1.0
 * @category hashes
 */
export const hmset = Redis.laidOut<Key & { readonly entries: OneOrMore<Field<Value>> }, void>(Redis.fields, {
  action: "hmset",
  http: ["POST", "/ms/_hmset/:_id"],
  idempotent: true,
  body: ["entries"],
  result: Shape.done
})

/**
 * Lists the fields, page by page (`ms:hscan`).
 *
 * @since 0.1.0
 * @category hashes
 */
export const hscan = Redis.command<Key & Scan, Page<Field>>({
  action: "hscan",
  http: ["GET", "/ms/_hscan/:_id"],
  idempotent: true,
  result: Redis.fieldPage
})

/**
 * Writes a field (`ms:hset`). Returns `true` if it is new.
 *
 * @since 0.1.0
 * @category hashes
 */
export const hset = Redis.command<Key & Field<Value>, boolean>({
  action: "hset",
  http: ["POST", "/ms/_hset/:_id"],
  idempotent: false,
  body: ["field", "value"],
  result: Redis.flag
})

/**
 * Writes a field if it does not exist (`ms:hsetnx`). Returns whether it was written.
 *
 * @since 0.1.0
 * @category hashes
 */
export const hsetnx = Redis.command<Key & Field<Value>, boolean>({
  action: "hsetnx",
  http: ["POST", "/ms/_hsetnx/:_id"],
  idempotent: false,
  body: ["field", "value"],
  result: Redis.flag
})

/**
 * The length of a field in bytes (`ms:hstrlen`), 0 if it does not exist.
 *
 * @since 0.1.0
 * @category hashes
 */
export const hstrlen = Redis.command<Key & { readonly field: string }, number>({
  action: "hstrlen",
  http: ["GET", "/ms/_hstrlen/:_id/:field"],
  idempotent: true,
  result: Redis.count
})

/**
 * Lists the values of all fields (`ms:hvals`).
 *
 * @since 0.1.0
 * @category hashes
 */
export const hvals = Redis.command<Key, ReadonlyArray<string>>({
  action: "hvals",
  http: ["GET", "/ms/_hvals/:_id"],
  idempotent: true,
  result: Redis.strings
})

// -------------------------------------------------------------------------------------------------------------------
// lists
// -------------------------------------------------------------------------------------------------------------------

/**
 * Reads an element by its position, counted from the end when negative (`ms:lindex`).
 *
 * @since 0.1.0
 * @category lists
 */
export const lindex = Redis.command<Key & { readonly idx: number }, Option.Option<string>>({
  action: "lindex",
  http: ["GET", "/ms/_lindex/:_id/:idx"],
  idempotent: true,
  result: Redis.option
})

/**
 * Inserts an element before or after another (`ms:linsert`). Returns the new length, or `none` if the list or the other
 * element does not exist.
 *
 * @since 0.1.0
 * @category lists
 */
export const linsert = Redis.command<
  Key & { readonly position: "before" | "after"; readonly pivot: Value; readonly value: Value },
  Option.Option<number>
>({
  action: "linsert",
  http: ["POST", "/ms/_linsert/:_id"],
  idempotent: false,
  body: ["position", "pivot", "value"],
  result: Redis.length
})

/**
 * The length of a list (`ms:llen`).
 *
 * @since 0.1.0
 * @category lists
 */
export const llen = Redis.command<Key, number>({
  action: "llen",
  http: ["GET", "/ms/_llen/:_id"],
  idempotent: true,
  result: Redis.count
})

/**
 * Removes and returns the first element (`ms:lpop`).
 *
 * @since 0.1.0
 * @category lists
 */
export const lpop = Redis.command<Key, Option.Option<string>>({
  action: "lpop",
  http: ["POST", "/ms/_lpop/:_id"],
  idempotent: false,
  result: Redis.option
})

/**
 * Prepends elements one after the other, so that the last one is first in the list (`ms:lpush`). Returns the new
 * length.
 *
 * @since 0.1.0
 * @category lists
 */
export const lpush = Redis.command<Key & { readonly values: OneOrMore<Value> }, number>({
  action: "lpush",
  http: ["POST", "/ms/_lpush/:_id"],
  idempotent: false,
  body: ["values"],
  result: Redis.count
})

/**
 * Prepends an element to a list that exists (`ms:lpushx`). Returns the new length, 0 if there is no list.
 *
 * @since 0.1.0
 * @category lists
 */
export const lpushx = Redis.command<Key & { readonly value: Value }, number>({
  action: "lpushx",
  http: ["POST", "/ms/_lpushx/:_id"],
  idempotent: false,
  body: ["value"],
  result: Redis.count
})

/**
 * Reads the elements from one position to another, both included, counted from the end when negative (`ms:lrange`).
 *
 * @since 0.1.0
 * @category lists
 */
export const lrange = Redis.command<
  Key & { readonly start: number; readonly stop: number },
  ReadonlyArray<string>
>({
  action: "lrange",
  http: ["GET", "/ms/_lrange/:_id"],
  idempotent: true,
  result: Redis.strings
})

/**
 * Removes `count` elements with that value (`ms:lrem`): from the end when negative, all when 0. Returns how many were
 * removed.
 *
 * @since 0.1.0
 * @category lists
 */
export const lrem = Redis.command<Key & { readonly count: number; readonly value: Value }, number>({
  action: "lrem",
  http: ["DELETE", "/ms/_lrem/:_id"],
  idempotent: false,
  body: ["count", "value"],
  result: Redis.count
})

/**
 * Writes an element at a position (`ms:lset`). Fails if the position does not exist.
 *
 * @since 0.1.0
 * @category lists
 */
export const lset = Redis.command<Key & { readonly index: number; readonly value: Value }, void>({
  action: "lset",
  http: ["POST", "/ms/_lset/:_id"],
  idempotent: true,
  body: ["index", "value"],
  result: Shape.done
})

/**
 * Keeps only the elements from one position to another, both included (`ms:ltrim`).
 *
 * @since 0.1.0
 * @category lists
 */
export const ltrim = Redis.command<Key & { readonly start: number; readonly stop: number }, void>({
  action: "ltrim",
  http: ["POST", "/ms/_ltrim/:_id"],
  idempotent: false,
  body: ["start", "stop"],
  result: Shape.done
})

/**
 * Removes and returns the last element (`ms:rpop`).
 *
 * @since 0.1.0
 * @category lists
 */
export const rpop = Redis.command<Key, Option.Option<string>>({
  action: "rpop",
  http: ["POST", "/ms/_rpop/:_id"],
  idempotent: false,
  result: Redis.option
})

/**
 * Moves the last element of a list to the front of another, and returns it (`ms:rpoplpush`).
 *
 * @since 0.1.0
 * @category lists
 */
export const rpoplpush = Redis.command<
  Action.CallOptions & { readonly source: string; readonly destination: string },
  Option.Option<string>
>({
  action: "rpoplpush",
  http: ["POST", "/ms/_rpoplpush"],
  idempotent: false,
  body: ["source", "destination"],
  result: Redis.option
})

/**
 * Appends elements (`ms:rpush`). Returns the new length.
 *
 * @since 0.1.0
 * @category lists
 */
export const rpush = Redis.command<Key & { readonly values: OneOrMore<Value> }, number>({
  action: "rpush",
  http: ["POST", "/ms/_rpush/:_id"],
  idempotent: false,
  body: ["values"],
  result: Redis.count
})

/**
 * Appends an element to a list that exists (`ms:rpushx`). Returns the new length, 0 if there is no list.
 *
 * @since 0.1.0
 * @category lists
 */
export const rpushx = Redis.command<Key & { readonly value: Value }, number>({
  action: "rpushx",
  http: ["POST", "/ms/_rpushx/:_id"],
  idempotent: false,
  body: ["value"],
  result: Redis.count
})

// -------------------------------------------------------------------------------------------------------------------
// sets
// -------------------------------------------------------------------------------------------------------------------

/**
 * Adds members (`ms:sadd`). Returns how many are new.
 *
 * @since 0.1.0
 * @category sets
 */
export const sadd = Redis.command<Key & { readonly members: OneOrMore<Value> }, number>({
  action: "sadd",
  http: ["POST", "/ms/_sadd/:_id"],
  idempotent: false,
  body: ["members"],
  result: Redis.count
})

/**
 * Counts the members (`ms:scard`).
 *
 * @since 0.1.0
 * @category sets
 */
export const scard = Redis.command<Key, number>({
  action: "scard",
  http: ["GET", "/ms/_scard/:_id"],
  idempotent: true,
  result: Redis.count
})

/**
 * Returns the members of a set that are in none of the other sets (`ms:sdiff`).
 *
 * @since 0.1.0
 * @category sets
 */
export const sdiff = Redis.command<Key & { readonly keys: OneOrMore<string> }, ReadonlyArray<string>>({
  action: "sdiff",
  http: ["GET", "/ms/_sdiff/:_id"],
  idempotent: true,
  result: Redis.strings
})

/**
 * Stores under `destination` the members of a set that are in none of the other sets (`ms:sdiffstore`). Returns their
 * number.
 *
 * @since 0.1.0
 * @category sets
 */
export const sdiffstore = Redis.command<
  Key & { readonly keys: OneOrMore<string>; readonly destination: string },
  number
>({
  action: "sdiffstore",
  http: ["POST", "/ms/_sdiffstore/:_id"],
  idempotent: false,
  body: ["keys", "destination"],
  result: Redis.count
})

/**
 * Returns the members that are in all of the sets (`ms:sinter`).
 *
 * @since 0.1.0
 * @category sets
 */
export const sinter = Redis.command<
  Action.CallOptions & { readonly keys: OneOrMore<string> },
  ReadonlyArray<string>
>({
  action: "sinter",
  http: ["GET", "/ms/_sinter"],
  idempotent: true,
  result: Redis.strings
})

/**
 * Stores under `destination` the members that are in all of the sets (`ms:sinterstore`). Returns their number.
 *
 * @since 0.1.0
 * @category sets
 */
export const sinterstore = Redis.command<
  Action.CallOptions & { readonly destination: string; readonly keys: OneOrMore<string> },
  number
>({
  action: "sinterstore",
  http: ["POST", "/ms/_sinterstore"],
  idempotent: false,
  body: ["destination", "keys"],
  result: Redis.count
})

/**
 * Whether a value is a member (`ms:sismember`).
 *
 * @since 0.1.0
 * @category sets
 */
export const sismember = Redis.command<Key & { readonly member: Value }, boolean>({
  action: "sismember",
  http: ["GET", "/ms/_sismember/:_id/:member"],
  idempotent: true,
  result: Redis.flag
})

/**
 * Lists the members, unordered (`ms:smembers`).
 *
 * @since 0.1.0
 * @category sets
 */
export const smembers = Redis.command<Key, ReadonlyArray<string>>({
  action: "smembers",
  http: ["GET", "/ms/_smembers/:_id"],
  idempotent: true,
  result: Redis.strings
})

/**
 * Moves a member from one set to another (`ms:smove`). Returns `false` if it is not a member.
 *
 * @since 0.1.0
 * @category sets
 */
export const smove = Redis.command<Key & { readonly destination: string; readonly member: Value }, boolean>({
  action: "smove",
  http: ["POST", "/ms/_smove/:_id"],
  idempotent: false,
  body: ["destination", "member"],
  result: Redis.flag
})

/**
 * Removes and returns random members, one by default (`ms:spop`).
 *
 * @since 0.1.0
 * @category sets
 */
export const spop = Redis.command<Key & { readonly count?: number | undefined }, ReadonlyArray<string>>({
  action: "spop",
  http: ["POST", "/ms/_spop/:_id"],
  idempotent: false,
  body: ["count"],
  result: Redis.list
})

/**
 * Returns random members, one by default (`ms:srandmember`). With a negative count, the same member may occur several
 * times.
 *
 * @since 0.1.0
 * @category sets
 */
export const srandmember = Redis.command<
  Key & { readonly count?: number | undefined },
  ReadonlyArray<string>
>({
  action: "srandmember",
  http: ["GET", "/ms/_srandmember/:_id"],
  idempotent: true,
  result: Redis.list
})

/**
 * Removes members (`ms:srem`). Returns how many were removed.
 *
 * @since 0.1.0
 * @category sets
 */
export const srem = Redis.command<Key & { readonly members: OneOrMore<Value> }, number>({
  action: "srem",
  http: ["DELETE", "/ms/_srem/:_id"],
  idempotent: false,
  body: ["members"],
  result: Redis.count
})

/**
 * Lists the members, page by page (`ms:sscan`).
 *
 * @since 0.1.0
 * @category sets
 */
export const sscan = Redis.command<Key & Scan, Page<string>>({
  action: "sscan",
  http: ["GET", "/ms/_sscan/:_id"],
  idempotent: true,
  result: Redis.page
})

/**
 * Returns the members of all sets together (`ms:sunion`).
 *
 * @since 0.1.0
 * @category sets
 */
export const sunion = Redis.command<
  Action.CallOptions & { readonly keys: OneOrMore<string> },
  ReadonlyArray<string>
>({
  action: "sunion",
  http: ["GET", "/ms/_sunion"],
  idempotent: true,
  result: Redis.strings
})

/**
 * Stores under `destination` the members of all sets together (`ms:sunionstore`). Returns their number.
 *
 * @since 0.1.0
 * @category sets
 */
export const sunionstore = Redis.command<
  Action.CallOptions & { readonly destination: string; readonly keys: OneOrMore<string> },
  number
>({
  action: "sunionstore",
  http: ["POST", "/ms/_sunionstore"],
  idempotent: false,
  body: ["destination", "keys"],
  result: Redis.count
})

// -------------------------------------------------------------------------------------------------------------------
// sorted sets
// -------------------------------------------------------------------------------------------------------------------

/**
 * Adds members, or changes their scores (`ms:zadd`). Returns how many are new or, with `ch`, how many are new or
 * changed.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zadd = Redis.laidOut<
  Key & {
    readonly elements: OneOrMore<{ readonly score: number; readonly member: Value }>
    readonly ch?: boolean | undefined
  } & Presence,
  number
>(Redis.elements, {
  action: "zadd",
  http: ["POST", "/ms/_zadd/:_id"],
  idempotent: false,
  body: ["elements", "nx", "xx", "ch"],
  result: Redis.count
})

/**
 * Adds to the score of a member (`ms:zadd` with `incr`). Returns the new score, or `none` if `nx` or `xx` prevented it.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zaddIncr = Redis.laidOut<
  Key & { readonly member: Value; readonly score: number } & Presence,
  Option.Option<number>
>(Redis.increment, {
  action: "zadd",
  http: ["POST", "/ms/_zadd/:_id"],
  idempotent: false,
  body: ["elements", "nx", "xx", "incr"],
  result: Redis.optionalFloat
})

/**
 * Counts the members (`ms:zcard`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zcard = Redis.command<Key, number>({
  action: "zcard",
  http: ["GET", "/ms/_zcard/:_id"],
  idempotent: true,
  result: Redis.count
})

/**
 * Counts the members with a score within these bounds (`ms:zcount`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zcount = Redis.laidOut<Key & { readonly min: ScoreBound; readonly max: ScoreBound }, number>(
  Redis.bounds,
  {
    action: "zcount",
    http: ["GET", "/ms/_zcount/:_id"],
    idempotent: true,
    result: Redis.count
  }
)

/**
 * Adds to the score of a member, or adds the member (`ms:zincrby`). Returns the new score.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zincrby = Redis.laidOut<Key & { readonly member: Value; readonly value: number }, number>(Redis.amount, {
  action: "zincrby",
  http: ["POST", "/ms/_zincrby/:_id"],
  idempotent: false,
  body: ["member", "value"],
  result: Redis.float
})

/**
 * Stores under the key `_id` the members that are in all of the sets (`ms:zinterstore`). Returns their number.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zinterstore = Redis.command<Key & { readonly keys: OneOrMore<string> } & Aggregation, number>({
  action: "zinterstore",
  http: ["POST", "/ms/_zinterstore/:_id"],
  idempotent: false,
  body: ["keys", "weights", "aggregate"],
  result: Redis.count
})

/**
 * Counts the members within these bounds, in a set whose members all have the same score (`ms:zlexcount`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zlexcount = Redis.command<Key & { readonly min: LexBound; readonly max: LexBound }, number>({
  action: "zlexcount",
  http: ["GET", "/ms/_zlexcount/:_id"],
  idempotent: true,
  result: Redis.count
})

/**
 * Lists the members from one position to another, both included, the lowest score first (`ms:zrange`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zrange = Redis.laidOut<
  Key & { readonly start: number; readonly stop: number },
  ReadonlyArray<ScoredMember>
>(Redis.withScores, {
  action: "zrange",
  http: ["GET", "/ms/_zrange/:_id"],
  idempotent: true,
  result: Redis.scored
})

/**
 * Lists the members within these bounds, in a set whose members all have the same score (`ms:zrangebylex`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zrangebylex = Redis.command<
  Key & { readonly min: LexBound; readonly max: LexBound } & { readonly limit?: Limit | undefined },
  ReadonlyArray<string>
>({
  action: "zrangebylex",
  http: ["GET", "/ms/_zrangebylex/:_id"],
  idempotent: true,
  result: Redis.strings
})

/**
 * Lists the members with a score within these bounds, the lowest first (`ms:zrangebyscore`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zrangebyscore = Redis.laidOut<
  Key & { readonly min: ScoreBound; readonly max: ScoreBound } & { readonly limit?: Limit | undefined },
  ReadonlyArray<ScoredMember>
>(Redis.boundsWithScores, {
  action: "zrangebyscore",
  http: ["GET", "/ms/_zrangebyscore/:_id"],
  idempotent: true,
  result: Redis.scored
})

/**
 * The position of a member (`ms:zrank`). The member with the lowest score is at 0.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zrank = Redis.command<Key & { readonly member: Value }, Option.Option<number>>({
  action: "zrank",
  http: ["GET", "/ms/_zrank/:_id/:member"],
  idempotent: true,
  result: Redis.optionalCount
})

/**
 * Removes members (`ms:zrem`). Returns how many were removed.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zrem = Redis.command<Key & { readonly members: OneOrMore<Value> }, number>({
  action: "zrem",
  http: ["DELETE", "/ms/_zrem/:_id"],
  idempotent: false,
  body: ["members"],
  result: Redis.count
})

/**
 * Removes the members within these bounds, in a set whose members all have the same score (`ms:zremrangebylex`).
 * Returns how many were removed.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zremrangebylex = Redis.command<Key & { readonly min: LexBound; readonly max: LexBound }, number>({
  action: "zremrangebylex",
  http: ["DELETE", "/ms/_zremrangebylex/:_id"],
  idempotent: false,
  body: ["min", "max"],
  result: Redis.count
})

/**
 * Removes the members from one position to another, both included (`ms:zremrangebyrank`). Returns how many were
 * removed.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zremrangebyrank = Redis.command<Key & { readonly start: number; readonly stop: number }, number>({
  action: "zremrangebyrank",
  http: ["DELETE", "/ms/_zremrangebyrank/:_id"],
  idempotent: false,
  body: ["start", "stop"],
  result: Redis.count
})

/**
 * Removes the members with a score within these bounds (`ms:zremrangebyscore`). Returns how many were removed.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zremrangebyscore = Redis.laidOut<
  Key & { readonly min: ScoreBound; readonly max: ScoreBound },
  number
>(Redis.bounds, {
  action: "zremrangebyscore",
  http: ["DELETE", "/ms/_zremrangebyscore/:_id"],
  idempotent: false,
  body: ["min", "max"],
  result: Redis.count
})

/**
 * Lists the members from one position to another, both included, the highest score first (`ms:zrevrange`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrange = Redis.laidOut<
  Key & { readonly start: number; readonly stop: number },
  ReadonlyArray<ScoredMember>
>(Redis.withScores, {
  action: "zrevrange",
  http: ["GET", "/ms/_zrevrange/:_id"],
  idempotent: true,
  result: Redis.scored
})

/**
 * Lists the members within these bounds, the last first, in a set whose members all have the same score
 * (`ms:zrevrangebylex`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrangebylex = Redis.command<
  Key & { readonly min: LexBound; readonly max: LexBound } & { readonly limit?: Limit | undefined },
  ReadonlyArray<string>
>({
  action: "zrevrangebylex",
  http: ["GET", "/ms/_zrevrangebylex/:_id"],
  idempotent: true,
  result: Redis.strings
})

/**
 * Lists the members with a score within these bounds, the highest first (`ms:zrevrangebyscore`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrangebyscore = Redis.laidOut<
  Key & { readonly min: ScoreBound; readonly max: ScoreBound } & { readonly limit?: Limit | undefined },
  ReadonlyArray<ScoredMember>
>(Redis.boundsWithScores, {
  action: "zrevrangebyscore",
  http: ["GET", "/ms/_zrevrangebyscore/:_id"],
  idempotent: true,
  result: Redis.scored
})

/**
 * The position of a member (`ms:zrevrank`). The member with the highest score is at 0.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrank = Redis.command<Key & { readonly member: Value }, Option.Option<number>>({
  action: "zrevrank",
  http: ["GET", "/ms/_zrevrank/:_id/:member"],
  idempotent: true,
  result: Redis.optionalCount
})

/**
 * Lists the members, page by page (`ms:zscan`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zscan = Redis.command<Key & Scan, Page<ScoredMember>>({
  action: "zscan",
  http: ["GET", "/ms/_zscan/:_id"],
  idempotent: true,
  result: Redis.scoredPage
})

/**
 * The score of a member (`ms:zscore`).
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zscore = Redis.command<Key & { readonly member: Value }, Option.Option<number>>({
  action: "zscore",
  http: ["GET", "/ms/_zscore/:_id/:member"],
  idempotent: true,
  result: Redis.optionalFloat
})

/**
 * Stores under the key `_id` the members of all sets together (`ms:zunionstore`). Returns their number.
 *
 * @since 0.1.0
 * @category sorted sets
 */
export const zunionstore = Redis.command<Key & { readonly keys: OneOrMore<string> } & Aggregation, number>({
  action: "zunionstore",
  http: ["POST", "/ms/_zunionstore/:_id"],
  idempotent: false,
  body: ["keys", "weights", "aggregate"],
  result: Redis.count
})

// -------------------------------------------------------------------------------------------------------------------
// places
// -------------------------------------------------------------------------------------------------------------------

/**
 * Adds places, which are the members of a sorted set (`ms:geoadd`). Returns how many are new.
 *
 * @since 0.1.0
 * @category places
 */
export const geoadd = Redis.laidOut<
  Key & { readonly points: OneOrMore<Coordinates & { readonly name: string }> },
  number
>(Redis.points, {
  action: "geoadd",
  http: ["POST", "/ms/_geoadd/:_id"],
  idempotent: false,
  body: ["points"],
  result: Redis.count
})

/**
 * The distance between two places, in metres by default (`ms:geodist`).
 *
 * @since 0.1.0
 * @category places
 */
export const geodist = Redis.command<
  Key & { readonly member1: string; readonly member2: string; readonly unit?: Unit | undefined },
  Option.Option<number>
>({
  action: "geodist",
  http: ["GET", "/ms/_geodist/:_id/:member1/:member2"],
  idempotent: true,
  result: Redis.optionalFloat
})

/**
 * The geohashes of places, in their order (`ms:geohash`).
 *
 * @since 0.1.0
 * @category places
 */
export const geohash = Redis.command<
  Key & { readonly members: OneOrMore<string> },
  ReadonlyArray<Option.Option<string>>
>({
  action: "geohash",
  http: ["GET", "/ms/_geohash/:_id"],
  idempotent: true,
  result: Redis.options
})

/**
 * The positions of places, in their order (`ms:geopos`).
 *
 * @since 0.1.0
 * @category places
 */
export const geopos = Redis.command<
  Key & { readonly members: OneOrMore<string> },
  ReadonlyArray<Option.Option<Coordinates>>
>({
  action: "geopos",
  http: ["GET", "/ms/_geopos/:_id"],
  idempotent: true,
  result: Redis.places
})

/**
 * Lists the places within a distance of a position (`ms:georadius`).
 *
 * @since 0.1.0
 * @category places
 */
export const georadius = Redis.laidOut<Radius & Coordinates, ReadonlyArray<GeoHit>>(Redis.radius, {
  action: "georadius",
  http: ["GET", "/ms/_georadius/:_id"],
  idempotent: true,
  result: Redis.hits
})

/**
 * Lists the places within a distance of a member, including itself (`ms:georadiusbymember`). Fails if the member does
 * not exist.
 *
 * @since 0.1.0
 * @category places
 */
export const georadiusbymember = Redis.laidOut<Radius & { readonly member: string }, ReadonlyArray<GeoHit>>(
  Redis.radius,
  {
    action: "georadiusbymember",
    http: ["GET", "/ms/_georadiusbymember/:_id"],
    idempotent: true,
    result: Redis.hits
  }
)

// -------------------------------------------------------------------------------------------------------------------
// estimates
// -------------------------------------------------------------------------------------------------------------------

/**
 * Adds elements to an estimate of the number of different elements (`ms:pfadd`). Returns `false` if the estimate did
 * not change.
 *
 * @since 0.1.0
 * @category estimates
 */
export const pfadd = Redis.command<Key & { readonly elements: ReadonlyArray<Value> }, boolean>({
  action: "pfadd",
  http: ["POST", "/ms/_pfadd/:_id"],
  idempotent: false,
  body: ["elements"],
  result: Redis.flag
})

/**
 * Estimates how many different elements were counted, under all keys together (`ms:pfcount`).
 *
 * @since 0.1.0
 * @category estimates
 */
export const pfcount = Redis.command<Action.CallOptions & { readonly keys: OneOrMore<string> }, number>({
  action: "pfcount",
  http: ["GET", "/ms/_pfcount"],
  idempotent: true,
  result: Redis.count
})

/**
 * Adds the elements that were counted under other keys to the estimate of this key (`ms:pfmerge`).
 *
 * @since 0.1.0
 * @category estimates
 */
export const pfmerge = Redis.command<Key & { readonly sources: ReadonlyArray<string> }, void>({
  action: "pfmerge",
  http: ["POST", "/ms/_pfmerge/:_id"],
  idempotent: true,
  body: ["sources"],
  result: Shape.done
})

// -------------------------------------------------------------------------------------------------------------------
// the storage
// -------------------------------------------------------------------------------------------------------------------

/**
 * Counts all keys (`ms:dbsize`).
 *
 * @since 0.1.0
 * @category the storage
 */
export const dbsize = Redis.command<Action.CallOptions, number>({
  action: "dbsize",
  http: ["GET", "/ms/_dbsize"],
  idempotent: true,
  result: Redis.count
})

/**
 * Removes all keys (`ms:flushdb`).
 *
 * @since 0.1.0
 * @category the storage
 */
export const flushdb = Redis.command<Action.CallOptions, void>({
  action: "flushdb",
  http: ["POST", "/ms/_flushdb"],
  idempotent: true,
  result: Shape.done
})

/**
 * Whether Redis answers (`ms:ping`).
 *
 * @since 0.1.0
 * @category the storage
 */
export const ping = Redis.command<Action.CallOptions, "PONG">({
  action: "ping",
  http: ["GET", "/ms/_ping"],
  idempotent: true,
  result: Shape.whole(Shape.literal("PONG"))
})

/**
 * Reads the clock of Redis: seconds since the epoch, and microseconds of the current second (`ms:time`).
 *
 * @since 0.1.0
 * @category the storage
 */
export const time = Redis.command<
  Action.CallOptions,
  { readonly seconds: number; readonly microseconds: number }
>({
  action: "time",
  http: ["GET", "/ms/_time"],
  idempotent: true,
  result: Redis.time
})

// -------------------------------------------------------------------------------------------------------------------
// transactions
// -------------------------------------------------------------------------------------------------------------------

/**
 * A step of a transaction.
 *
 * @since 0.1.0
 * @category transactions
 */
export interface Step<Result> {
  readonly request: KuzzleRequest
  readonly result: Shape.Reader<Result>
}

/**
 * Makes a step for `mexecute` from a function of this module and its options.
 *
 * @since 0.1.0
 * @category transactions
 */
export const step = <Options, Result>(
  { declaration, request }: Action.Declared<Options, Result, RedisError>,
  options: NoInfer<Options>
): Step<Result> => ({ request: request(options), result: declaration.result })

/** The steps in the form that Kuzzle expects. */
const steps = ({ actions, ...options }: Action.CallOptions & { readonly actions: ReadonlyArray<Step<unknown>> }) => ({
  ...options,
  actions: actions.map(({ request: { action, controller: _, ...args } }) => ({ action, args }))
})

const transaction = Redis.laidOut<
  Action.CallOptions & { readonly actions: ReadonlyArray<Step<unknown>> },
  ReadonlyArray<Option.Option<unknown>>
>(steps, {
  action: "mexecute",
  http: ["POST", "/ms/_mexecute"],
  idempotent: false,
  body: ["actions"],
  result: Redis.outcomes
})

/**
 * Runs commands one after the other, with no other command in between (`ms:mexecute`). Returns the results in the same
 * order. The result is `None` for a command that Redis refused. The other commands run nonetheless. Kuzzle does not
 * return the reason.
 *
 * @example
 * ```ts
 * import { KuzzleMemoryStorage as Ms } from "@effect-kuzzle/core"
 *
 * // Effect<readonly [Option<number>, Option<boolean>], …>
 * export const visit = Ms.mexecute({
 *   actions: [Ms.step(Ms.incr, { _id: "visits" }), Ms.step(Ms.expire, { _id: "visits", seconds: 60 })]
 * })
 * ```
 *
 * @since 0.1.0
 * @category transactions
 */
export const mexecute = Action.wrap(
  transaction,
  <const Steps extends ReadonlyArray<Step<unknown>>>(options: Action.CallOptions & { readonly actions: Steps }) =>
    Effect.flatMap(
      transaction(options),
      (outcomes) => Shape.outcome(transaction.declaration, outcomesOf(options.actions, outcomes))
    ) as Effect.Effect<
      // Safe: there is an outcome for each step, decoded by the step.
      { readonly [I in keyof Steps]: Option.Option<Steps[I] extends Step<infer Result> ? Result : never> },
      RequestError | RedisError,
      Kuzzle
    >
)

/** Decodes each outcome with the decoder of its step. */
const outcomesOf = (
  steps: ReadonlyArray<Step<unknown>>,
  outcomes: ReadonlyArray<Option.Option<unknown>>
): ReadonlyArray<Option.Option<unknown>> | Shape.Issue => {
  const results: Array<Option.Option<unknown>> = []
  for (const [i, { result: read }] of steps.entries()) {
    const outcome = outcomes[i]
    if (outcome === undefined) return new Shape.Issue(`[${i}]`, "an array", undefined)
    const result = Option.map(outcome, read)
    if (Option.isSome(result) && result.value instanceof Shape.Issue) return result.value.within(`[${i}][1]`)
    results.push(result)
  }
  return results
}
