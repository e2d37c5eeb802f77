/**
 * The memory storage: 118 commands of Redis behind Kuzzle (spec 4.11).
 *
 * Options have Kuzzle's names: `_id` is the key. Redis keeps text, and a number as its digits; what is read is text again
 * but for counts, scores and distances. What is not there is an `Option`. Lists that Redis refuses when they are empty are
 * not empty by type. A command that Redis refuses, for one on a key of another kind, is a `RedisError`.
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
import * as Action from "./internal/action.ts"
import type { Kuzzle, KuzzleRequest } from "./internal/client.ts"
import * as Redis from "./internal/redis.ts"
import * as Shape from "./internal/shape.ts"
import type { RedisError } from "./KuzzleActionError.ts"
import type { RequestError } from "./KuzzleError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * What every command on one key is given.
 *
 * @since 0.1.0
 * @category models
 */
export interface Key extends Action.CallOptions {
  readonly _id: string
}

/**
 * What Redis keeps: text, and a number as its digits.
 *
 * @since 0.1.0
 * @category models
 */
export type Value = string | number

/**
 * A list of which Redis refuses the empty one.
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
 * Both ends of a part of a text, in bytes, or neither: from 0, from behind when negative, `end` included.
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
 * A bound of scores: `(` in front excludes the number itself.
 *
 * @since 0.1.0
 * @category models
 */
export type ScoreBound = number | `(${number}` | "-inf" | "+inf"

/**
 * A bound of members by their bytes: `[` includes, `(` excludes, `-` and `+` are below and above everything.
 *
 * @since 0.1.0
 * @category models
 */
export type LexBound = `[${string}` | `(${string}` | "-" | "+"

/**
 * How many to leave out at the front, and how many to give.
 *
 * @since 0.1.0
 * @category models
 */
export type Limit = readonly [offset: number, count: number]

/**
 * How the scores of one member in several sets become one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Aggregation {
  /** What the scores of each set are multiplied with, 1 by default. */
  readonly weights?: ReadonlyArray<number> | undefined
  /** `sum` by default. */
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
 * Units of distance.
 *
 * @since 0.1.0
 * @category models
 */
export type Unit = "m" | "km" | "mi" | "ft"

/**
 * What lies within a radius: its distance in the unit that was asked for, and where Redis has it, which is not to the
 * last digit where it was put.
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
 * How far, how many, in which order.
 *
 * @since 0.1.0
 * @category models
 */
export interface Radius extends Key {
  readonly distance: number
  readonly unit: Unit
  /** At most so many, the nearest ones unless sorted otherwise. */
  readonly count?: number | undefined
  /** By distance; in no order by default. */
  readonly sort?: "asc" | "desc" | undefined
}

/**
 * Where a scan goes on: 0 to begin; the one of a page that is `"0"` ends it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scan extends Action.CallOptions {
  readonly cursor: string | number
  /** Only what fits this pattern: `*`, `?`, `[ae]`. A page may be empty for it before the scan ends. */
  readonly match?: string | undefined
  /** About how many to look at for a page; 10 by default. */
  readonly count?: number | undefined
}

/**
 * A page of a scan. What is there from its begin to its end comes at least once.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<A> {
  readonly cursor: string
  readonly values: ReadonlyArray<A>
}

/**
 * How to sort: as numbers, ascending, unless it is said otherwise.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sorting extends Key {
  /** As text. */
  readonly alpha?: boolean | undefined
  /** By the values under these keys, `*` standing for the element; `weight_*`, or `hash_*->field`. */
  readonly by?: string | undefined
  readonly direction?: "asc" | "desc" | undefined
  readonly limit?: Limit | undefined
}

// -------------------------------------------------------------------------------------------------------------------
// keys
// -------------------------------------------------------------------------------------------------------------------

/**
 * Removes keys (`ms:del`). Gives how many there were.
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
 * How many of the keys there are (`ms:exists`); a key that is asked for twice counts twice.
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
 * Lets a key live that many seconds from now (`ms:expire`). False when there is no such key.
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
 * Lets a key live until then, in seconds since the epoch (`ms:expireat`). False when there is no such key.
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
 * The keys that fit a pattern: `*`, `?`, `[ae]` (`ms:keys`). Redis looks at all there are and does nothing else
 * meanwhile: see `scan`.
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
 * How Redis holds a key (`ms:object`): the name of the encoding, for how many seconds nobody asked for it, how often it is
 * referred to.
 *
 * @since 0.1.0
 * @category keys
 */
export const object = Action.wrap(
  encodingOf,
  <S extends Subcommand>(options: Key & { readonly subcommand: S }) =>
    // An encoding has a name; the others are counted (spec 4.11).
    (options.subcommand === "encoding" ? encodingOf(options) : measureOf(options)) as Effect.Effect<
      Option.Option<S extends "encoding" ? string : number>,
      RequestError | RedisError,
      Kuzzle
    >
)

/**
 * Lets a key live for ever (`ms:persist`). False when it does already, or there is none.
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
 * Lets a key live that many milliseconds from now (`ms:pexpire`). False when there is no such key.
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
 * Lets a key live until then, in milliseconds since the epoch (`ms:pexpireat`). False when there is no such key.
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
 * How many milliseconds a key still lives (`ms:pttl`): `Infinity` for ever, none when there is no such key.
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
 * Any key (`ms:randomkey`).
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
 * Renames a key, in place of one that has the new name (`ms:rename`). It fails when there is no such key.
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
 * Renames a key unless there is one of the new name (`ms:renamenx`), which is what the answer tells.
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
 * The keys, page by page (`ms:scan`).
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
 * The elements of a list, a set or a sorted set, sorted (`ms:sort`).
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
 * Sorts as `sort`, and gives what is under other keys (`ms:sort` with `get`): in the patterns `*` stands for the
 * element, `#` is the element itself. All patterns of the first element come first, then those of the second.
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
 * Sorts as `sort`, and keeps it under another key as a list (`ms:sort` with `store`). Gives its length.
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
 * Marks keys as used now (`ms:touch`). Gives how many of them there are.
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
 * How many seconds a key still lives (`ms:ttl`): `Infinity` for ever, none when there is no such key.
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
 * What kind of value a key has (`ms:type`).
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
 * Puts text behind that of a key (`ms:append`). Gives the new length in bytes.
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
 * How many bits are 1 (`ms:bitcount`).
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
 * Keeps under the key `_id` what an operation makes of the bits of others (`ms:bitop`); `NOT` takes one. Gives the
 * length in bytes.
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
 * Where the first bit of that value is (`ms:bitpos`), from the byte `start` on.
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
 * Where the first bit of that value is within some bytes (`ms:bitpos` with `end`).
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
 * One less (`ms:decr`). Gives the new number.
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
 * Less by a whole number (`ms:decrby`). Gives the new number.
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
 * One bit (`ms:getbit`), 0 beyond the end.
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
 * A part of the text, by bytes, both ends included (`ms:getrange`).
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
 * Writes text and gives what was there (`ms:getset`).
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
 * One more (`ms:incr`). Gives the new number.
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
 * More by a whole number (`ms:incrby`). Gives the new number.
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
 * More by any number (`ms:incrbyfloat`). Gives the new number.
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
 * Reads many, in their order (`ms:mget`). None, too, for what is no text.
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
 * Writes many, all at once (`ms:mset`).
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
 * Writes many, all at once, if there is none of them (`ms:msetnx`), which is what the answer tells.
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
 * Writes text that lives that many milliseconds (`ms:psetex`).
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
 * How long it lives, in seconds (`ex`) or milliseconds (`px`), and whether it may be there (`xx`: it must, `nx`: it must
 * not).
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
 * Only what is there already (`xx`), or only what is not (`nx`).
 *
 * @since 0.1.0
 * @category models
 */
export type Presence =
  | { readonly nx?: boolean | undefined; readonly xx?: undefined }
  | { readonly nx?: undefined; readonly xx: boolean }

/**
 * Writes text (`ms:set`). False when `nx` or `xx` kept it from being written.
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
 * Writes text that lives that many seconds (`ms:setex`).
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
 * Writes text if there is none (`ms:setnx`), which is what the answer tells.
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
 * Removes fields (`ms:hdel`). Gives how many there were.
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
 * Whether there is such a field (`ms:hexists`).
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
 * Reads all fields (`ms:hgetall`); none are there when there is no such key.
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
 * A field that is more by a whole number (`ms:hincrby`). Gives the new number.
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
 * A field that is more by any number (`ms:hincrbyfloat`). Gives the new number.
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
 * The names of the fields (`ms:hkeys`).
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
 * How many fields there are (`ms:hlen`).
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
 * The fields, page by page (`ms:hscan`).
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
 * Writes a field (`ms:hset`). True when it is new.
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
 * Writes a field if there is none (`ms:hsetnx`), which is what the answer tells.
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
 * The length of a field in bytes (`ms:hstrlen`), 0 when there is none.
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
 * The values of all fields (`ms:hvals`).
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
 * An element by its place, from behind when negative (`ms:lindex`).
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
 * Puts an element before or after another (`ms:linsert`). Gives the new length; none when there is no such list or no
 * such element.
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
 * Takes the first element (`ms:lpop`).
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
 * Puts elements in front, each before the one that came before it (`ms:lpush`). Gives the new length.
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
 * Puts an element in front of a list that is there (`ms:lpushx`). Gives the new length, 0 when there is no list.
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
 * The elements from one place to another, both included, from behind when negative (`ms:lrange`).
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
 * Removes so many elements of that value (`ms:lrem`): from behind when negative, all when 0. Gives how many there
 * were.
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
 * Writes an element at its place (`ms:lset`). It fails when there is no such place.
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
 * Keeps the elements from one place to another, both included (`ms:ltrim`).
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
 * Takes the last element (`ms:rpop`).
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
 * Takes the last element of a list and puts it in front of another (`ms:rpoplpush`).
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
 * Puts elements behind (`ms:rpush`). Gives the new length.
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
 * Puts an element behind a list that is there (`ms:rpushx`). Gives the new length, 0 when there is no list.
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
 * Puts members in (`ms:sadd`). Gives how many are new.
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
 * How many members there are (`ms:scard`).
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
 * The members that are in none of the other sets (`ms:sdiff`).
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
 * Keeps under `destination` the members that are in none of the other sets (`ms:sdiffstore`). Gives how many.
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
 * The members that are in all of the sets (`ms:sinter`).
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
 * Keeps under `destination` the members that are in all of the sets (`ms:sinterstore`). Gives how many.
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
 * Whether that is a member (`ms:sismember`).
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
 * The members, in no order (`ms:smembers`).
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
 * Takes a member from one set to another (`ms:smove`). False when there is none.
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
 * Takes any members, one unless it is said how many (`ms:spop`).
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
 * Any members, one unless it is said how many (`ms:srandmember`); when negative so many, the same ones perhaps again.
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
 * Removes members (`ms:srem`). Gives how many there were.
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
 * The members, page by page (`ms:sscan`).
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
 * The members of all sets together (`ms:sunion`).
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
 * Keeps under `destination` the members of all sets together (`ms:sunionstore`). Gives how many.
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
 * Puts members in, or gives them another score (`ms:zadd`). Gives how many are new; with `ch`, how many are new or
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
 * Adds to the score of a member (`ms:zadd` with `incr`). Gives the new score; none when `nx` or `xx` kept it from
 * being changed.
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
 * How many members there are (`ms:zcard`).
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
 * How many members have a score within these bounds (`ms:zcount`).
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
 * Adds to the score of a member, which is put in if it is not there (`ms:zincrby`). Gives the new score.
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
 * Keeps under the key `_id` the members that are in all of the sets (`ms:zinterstore`). Gives how many.
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
 * How many members lie within these bounds, all having one score (`ms:zlexcount`).
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
 * The members from one place to another, both included, the lowest score first (`ms:zrange`).
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
 * The members within these bounds, all having one score (`ms:zrangebylex`).
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
 * The members with a score within these bounds, the lowest first (`ms:zrangebyscore`).
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
 * The place of a member, the lowest score being at 0 (`ms:zrank`).
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
 * Removes members (`ms:zrem`). Gives how many there were.
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
 * Removes the members within these bounds, all having one score (`ms:zremrangebylex`). Gives how many there were.
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
 * Removes the members from one place to another, both included (`ms:zremrangebyrank`). Gives how many there were.
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
 * Removes the members with a score within these bounds (`ms:zremrangebyscore`). Gives how many there were.
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
 * The members from one place to another, both included, the highest score first (`ms:zrevrange`).
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
 * The members within these bounds, the last first, all having one score (`ms:zrevrangebylex`).
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
 * The members with a score within these bounds, the highest first (`ms:zrevrangebyscore`).
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
 * The place of a member, the highest score being at 0 (`ms:zrevrank`).
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
 * The members, page by page (`ms:zscan`).
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
 * Keeps under the key `_id` the members of all sets together (`ms:zunionstore`). Gives how many.
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
 * Puts places in, which are the members of a sorted set (`ms:geoadd`). Gives how many are new.
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
 * How far two places are from each other, in metres unless it is said otherwise (`ms:geodist`).
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
 * Where places are, in their order (`ms:geopos`).
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
 * What lies within a distance of a place (`ms:georadius`).
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
 * What lies within a distance of a member, itself included (`ms:georadiusbymember`). It fails when there is no such
 * member.
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
 * Counts elements, each of them once (`ms:pfadd`). False when the estimate stays what it was.
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
 * About how many different elements were counted, under all keys together (`ms:pfcount`).
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
 * Adds what was counted under other keys (`ms:pfmerge`).
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
 * How many keys there are (`ms:dbsize`).
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
 * The clock of Redis: seconds since the epoch, and microseconds of the current second (`ms:time`).
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
 * A command of a transaction.
 *
 * @since 0.1.0
 * @category transactions
 */
export interface Step<Result> {
  readonly request: KuzzleRequest
  readonly result: Shape.Reader<Result>
}

/**
 * A command for `mexecute`: a function of this module and what it would be called with.
 *
 * @since 0.1.0
 * @category transactions
 */
export const step = <Options, Result>(
  { declaration, request }: Action.Declared<Options, Result, RedisError>,
  options: NoInfer<Options>
): Step<Result> => ({ request: request(options), result: declaration.result })

/** Steps as Kuzzle takes them. */
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
 * Runs commands one after the other, with nothing in between (`ms:mexecute`). Gives each result at its place; none where
 * Redis refused the command, which keeps the others from nothing, and of which Kuzzle does not tell the reason.
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
      // One outcome for each step, read by the step itself.
      { readonly [I in keyof Steps]: Option.Option<Steps[I] extends Step<infer Result> ? Result : never> },
      RequestError | RedisError,
      Kuzzle
    >
)

/** Reads each outcome with the reader of its step. */
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
