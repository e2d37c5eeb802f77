/**
 * `ms`: each command works on a key with the right kind of value, and is refused on a key with another kind.
 */
import { type Kuzzle, type KuzzleActionError, type KuzzleError, KuzzleMemoryStorage as Ms } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import type { Scope } from "effect"
import { World } from "../suite/backend.ts"
import { contract } from "./contract.ts"

type Failure = KuzzleError.RequestError | KuzzleActionError.RedisError
type Trial<A> = Effect.Effect<A, Failure, Kuzzle.Kuzzle | World | Scope.Scope>

/** A new key with a value, which is removed at the end. */
const key = (prepare: (_id: string) => Effect.Effect<unknown, Failure, Kuzzle.Kuzzle>): Trial<string> =>
  Effect.gen(function*() {
    const _id = (yield* World).name("key")
    yield* Effect.addFinalizer(() => Effect.orDie(Ms.del({ keys: [_id] })))
    yield* prepare(_id)
    return _id
  })

const palermo = { lon: 13.361389338970184, lat: 38.1155563954963 }

const nothing = key(() => Effect.void)
const text = key((_id) => Ms.set({ _id, value: "hello" }))
const number = key((_id) => Ms.set({ _id, value: 10 }))
const hash = key((_id) => Ms.hmset({ _id, entries: [{ field: "a", value: 1 }, { field: "b", value: "" }] }))
const list = key((_id) => Ms.rpush({ _id, values: ["a", "c", "b"] }))
const set = key((_id) => Ms.sadd({ _id, members: ["a", "b"] }))
const zset = key((_id) =>
  Ms.zadd({
    _id,
    elements: [{ score: 1, member: "a" }, { score: 2.5, member: "b" }, { score: Infinity, member: "c" }]
  })
)
const lex = key((_id) =>
  Ms.zadd({ _id, elements: [{ score: 0, member: "c" }, { score: 0, member: "b" }, { score: 0, member: "a" }] })
)
const geo = key((_id) =>
  Ms.geoadd({ _id, points: [{ ...palermo, name: "palermo" }, { lon: 0, lat: 0, name: "null island" }] })
)
const estimate = key((_id) => Ms.pfadd({ _id, elements: ["a", "b"] }))

const nothingToRefuse = "Redis refuses none of its arguments"

/** A command on a key, its result, and how it fails. */
const trial = <A>({ call, failure, gives, neverFails, on, refused, refusedOn }: {
  readonly on: Trial<string>
  readonly call: (_id: string) => Trial<A>
  readonly gives: NoInfer<A>
  /** A key with another kind of value. */
  readonly refusedOn?: Trial<string>
  /** A call that fails; `call` by default. */
  readonly refused?: (_id: string) => Trial<unknown>
  readonly failure?: { readonly tag: Failure["_tag"]; readonly id: string }
  readonly neverFails?: string
}) => ({
  works: Effect.tap(Effect.flatMap(on, call), (value) => Effect.sync(() => assert.deepStrictEqual(value, gives))),
  ...(neverFails === undefined
    ? {
      fails: {
        call: Effect.flatMap(refusedOn ?? nothing, refused ?? call),
        ...failure ?? { tag: "KuzzleRedisError" as const, id: "plugin.runtime.unexpected_error" }
      }
    }
    : { neverFails })
})

const sorted = (members: ReadonlyArray<string>): ReadonlyArray<string> => [...members].sort()

const page = <A>(value: Schema.Schema<A>) => Schema.Struct({ cursor: Schema.String, values: Schema.Array(value) })

/** For each key of a scan, whether it is the requested one. */
const scanned = (options: { readonly cursor: number; readonly match: string; readonly count: number }) =>
  Effect.map(Ms.scan(options), ({ values }): ReadonlyArray<boolean> => values.map((value) => value === options.match))

const transaction = Schema.Tuple(
  Schema.OptionFromSelf(Schema.Number),
  Schema.OptionFromSelf(Schema.Number),
  Schema.OptionFromSelf(Schema.OptionFromSelf(Schema.String)),
  Schema.OptionFromSelf(Schema.OptionFromSelf(Schema.Number))
)

export const contracts = [
  contract(Ms.del, {
    sends: [{ keys: ["k"] }, { controller: "ms", action: "del", body: { keys: ["k"] } }],
    ...trial({
      on: text,
      call: (_id) => Ms.del({ keys: [_id] }),
      gives: 1,
      neverFails: nothingToRefuse
    }),
    result: Schema.Number
  }),
  contract(Ms.exists, {
    sends: [{ keys: ["k", "l"] }, { controller: "ms", action: "exists", keys: ["k", "l"] }],
    ...trial({
      on: text,
      call: (_id) => Ms.exists({ keys: [_id, _id] }),
      gives: 2,
      neverFails: nothingToRefuse
    }),
    result: Schema.Number
  }),
  contract(Ms.expire, {
    sends: [{ _id: "k", seconds: 5 }, { controller: "ms", action: "expire", _id: "k", body: { seconds: 5 } }],
    ...trial({
      on: text,
      call: (_id) => Ms.expire({ _id, seconds: 5 }),
      gives: true,
      refused: (_id) => Ms.expire({ _id, seconds: 0.5 })
    }),
    result: Schema.Boolean
  }),
  contract(Ms.expireat, {
    sends: [{ _id: "k", timestamp: 5 }, { controller: "ms", action: "expireat", _id: "k", body: { timestamp: 5 } }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.expireat({ _id, timestamp: 5 }),
      gives: false,
      refused: (_id) => Ms.expireat({ _id, timestamp: 0.5 })
    }),
    result: Schema.Boolean
  }),
  contract(Ms.keys, {
    sends: [{ pattern: "*" }, { controller: "ms", action: "keys", pattern: "*" }],
    ...trial({
      on: text,
      call: (_id) =>
        Ms.keys({ pattern: `${_id}*` }).pipe(
          Effect.map((keys): ReadonlyArray<boolean> => keys.map((key) => key === _id))
        ),
      gives: [true],
      neverFails: nothingToRefuse
    }),
    result: Schema.Array(Schema.Boolean)
  }),
  contract(Ms.object, {
    sends: [{ _id: "k", subcommand: "encoding" }, {
      controller: "ms",
      action: "object",
      _id: "k",
      subcommand: "encoding"
    }],
    ...trial({
      on: text,
      call: (_id) => Ms.object({ _id, subcommand: "encoding" }),
      gives: Option.some("embstr"),
      neverFails: nothingToRefuse
    }),
    result: Schema.OptionFromSelf(Schema.String)
  }),
  contract(Ms.persist, {
    sends: [{ _id: "k" }, { controller: "ms", action: "persist", _id: "k" }],
    ...trial({
      on: text,
      call: (_id) => Ms.persist({ _id }),
      gives: false,
      neverFails: nothingToRefuse
    }),
    result: Schema.Boolean
  }),
  contract(Ms.pexpire, {
    sends: [{ _id: "k", milliseconds: 5 }, {
      controller: "ms",
      action: "pexpire",
      _id: "k",
      body: { milliseconds: 5 }
    }],
    ...trial({
      on: text,
      call: (_id) => Ms.pexpire({ _id, milliseconds: 5000 }),
      gives: true,
      refused: (_id) => Ms.pexpire({ _id, milliseconds: 0.5 })
    }),
    result: Schema.Boolean
  }),
  contract(Ms.pexpireat, {
    sends: [{ _id: "k", timestamp: 5 }, { controller: "ms", action: "pexpireat", _id: "k", body: { timestamp: 5 } }],
    ...trial({
      on: text,
      call: (_id) => Ms.pexpireat({ _id, timestamp: 4_000_000_000_000 }),
      gives: true,
      refused: (_id) => Ms.pexpireat({ _id, timestamp: 0.5 })
    }),
    result: Schema.Boolean
  }),
  contract(Ms.pttl, {
    sends: [{ _id: "k" }, { controller: "ms", action: "pttl", _id: "k" }],
    ...trial({
      on: text,
      call: (_id) => Ms.pttl({ _id }),
      gives: Option.some(Infinity),
      neverFails: nothingToRefuse
    }),
    result: Schema.OptionFromSelf(Schema.Number)
  }),
  contract(Ms.randomkey, {
    sends: [{}, { controller: "ms", action: "randomkey" }],
    ...trial({
      on: text,
      call: () => Effect.map(Ms.randomkey(), Option.map((key) => key !== "")),
      gives: Option.some(true),
      neverFails: nothingToRefuse
    }),
    type: Schema.OptionFromSelf(Schema.String),
    result: Schema.OptionFromSelf(Schema.Boolean)
  }),
  contract(Ms.rename, {
    sends: [{ _id: "k", newkey: "l" }, { controller: "ms", action: "rename", _id: "k", body: { newkey: "l" } }],
    ...trial({
      on: text,
      call: (_id) => Ms.rename({ _id, newkey: _id }),
      gives: undefined,
      refused: (_id) => Ms.rename({ _id, newkey: "any" })
    }),
    result: Schema.Void
  }),
  contract(Ms.renamenx, {
    sends: [{ _id: "k", newkey: "l" }, { controller: "ms", action: "renamenx", _id: "k", body: { newkey: "l" } }],
    ...trial({
      on: text,
      call: (_id) => Ms.renamenx({ _id, newkey: _id }),
      gives: false,
      refused: (_id) => Ms.renamenx({ _id, newkey: "any" })
    }),
    result: Schema.Boolean
  }),
  contract(Ms.scan, {
    sends: [{ cursor: 0, match: "*", count: 5 }, { controller: "ms", action: "scan", cursor: 0, match: "*", count: 5 }],
    ...trial({
      on: text,
      call: (_id) => scanned({ cursor: 0, match: _id, count: 1_000_000 }),
      gives: [true],
      refused: () => Ms.scan({ cursor: "x" })
    }),
    result: Schema.Array(Schema.Boolean)
  }),
  contract(Ms.sort, {
    sends: [{ _id: "k", alpha: true, by: "w*", direction: "desc", limit: [0, 2] }, {
      controller: "ms",
      action: "sort",
      _id: "k",
      body: { alpha: true, by: "w*", direction: "desc", limit: [0, 2] }
    }],
    ...trial({
      on: list,
      call: (_id) => Ms.sort({ _id, alpha: true, direction: "desc", limit: [0, 2] }),
      gives: ["c", "b"],
      refusedOn: list,
      refused: (_id) => Ms.sort({ _id })
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.sortGet, {
    sends: [{ _id: "k", alpha: true, by: "w*", direction: "desc", limit: [0, 2], get: ["#"] }, {
      controller: "ms",
      action: "sort",
      _id: "k",
      body: { alpha: true, by: "w*", direction: "desc", limit: [0, 2], get: ["#"] }
    }],
    ...trial({
      on: list,
      call: (_id) => Ms.sortGet({ _id, alpha: true, get: ["#", "nowhere-*"], limit: [0, 1] }),
      gives: [Option.some("a"), Option.none()],
      refusedOn: list,
      refused: (_id) => Ms.sortGet({ _id, get: ["#"] })
    }),
    result: Schema.Array(Schema.OptionFromSelf(Schema.String))
  }),
  contract(Ms.sortStore, {
    sends: [{ _id: "k", alpha: true, by: "w*", direction: "desc", limit: [0, 2], store: "l" }, {
      controller: "ms",
      action: "sort",
      _id: "k",
      body: { alpha: true, by: "w*", direction: "desc", limit: [0, 2], store: "l" }
    }],
    ...trial({
      on: list,
      call: (_id) => Ms.sortStore({ _id, alpha: true, store: _id }),
      gives: 3,
      refusedOn: list,
      refused: (_id) => Ms.sortStore({ _id, store: "any" })
    }),
    result: Schema.Number
  }),
  contract(Ms.touch, {
    sends: [{ keys: ["k"] }, { controller: "ms", action: "touch", body: { keys: ["k"] } }],
    ...trial({
      on: text,
      call: (_id) => Ms.touch({ keys: [_id] }),
      gives: 1,
      neverFails: nothingToRefuse
    }),
    result: Schema.Number
  }),
  contract(Ms.ttl, {
    sends: [{ _id: "k" }, { controller: "ms", action: "ttl", _id: "k" }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.ttl({ _id }),
      gives: Option.none(),
      neverFails: nothingToRefuse
    }),
    result: Schema.OptionFromSelf(Schema.Number)
  }),
  contract(Ms.type, {
    sends: [{ _id: "k" }, { controller: "ms", action: "type", _id: "k" }],
    ...trial({
      on: zset,
      call: (_id) => Ms.type({ _id }),
      gives: "zset",
      neverFails: nothingToRefuse
    }),
    result: Schema.Literal("none", "string", "list", "set", "zset", "hash", "stream")
  }),
  contract(Ms.append, {
    sends: [{ _id: "k", value: "v" }, { controller: "ms", action: "append", _id: "k", body: { value: "v" } }],
    ...trial({
      on: text,
      call: (_id) => Ms.append({ _id, value: "!" }),
      gives: 6,
      refusedOn: hash
    }),
    result: Schema.Number
  }),
  contract(Ms.bitcount, {
    sends: [{ _id: "k", start: 0, end: -1 }, { controller: "ms", action: "bitcount", _id: "k", start: 0, end: -1 }],
    ...trial({
      on: text,
      call: (_id) => Ms.bitcount({ _id, start: 0, end: 0 }),
      gives: 3,
      refusedOn: hash
    }),
    result: Schema.Number
  }),
  contract(Ms.bitop, {
    sends: [{ _id: "k", operation: "AND", keys: ["a", "b"] }, {
      controller: "ms",
      action: "bitop",
      _id: "k",
      body: { operation: "AND", keys: ["a", "b"] }
    }],
    ...trial({
      on: text,
      call: (_id) => Ms.bitop({ _id, operation: "XOR", keys: [_id, _id] }),
      gives: 5,
      refusedOn: hash,
      refused: (_id) => Ms.bitop({ _id, operation: "NOT", keys: [_id] })
    }),
    result: Schema.Number
  }),
  contract(Ms.bitpos, {
    sends: [{ _id: "k", bit: 1, start: 1 }, { controller: "ms", action: "bitpos", _id: "k", bit: 1, start: 1 }],
    ...trial({
      on: text,
      call: (_id) => Ms.bitpos({ _id, bit: 1, start: 1 }),
      gives: Option.some(9),
      refusedOn: hash
    }),
    result: Schema.OptionFromSelf(Schema.Number)
  }),
  contract(Ms.bitposWithin, {
    sends: [{ _id: "k", bit: 0, start: 0, end: -1 }, {
      controller: "ms",
      action: "bitpos",
      _id: "k",
      bit: 0,
      start: 0,
      end: -1
    }],
    ...trial({
      on: text,
      call: (_id) => Ms.bitposWithin({ _id, bit: 1, start: 5, end: 9 }),
      gives: Option.none(),
      refusedOn: hash
    }),
    result: Schema.OptionFromSelf(Schema.Number)
  }),
  contract(Ms.decr, {
    sends: [{ _id: "k" }, { controller: "ms", action: "decr", _id: "k" }],
    ...trial({
      on: number,
      call: (_id) => Ms.decr({ _id }),
      gives: 9,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.decrby, {
    sends: [{ _id: "k", value: 2 }, { controller: "ms", action: "decrby", _id: "k", body: { value: 2 } }],
    ...trial({
      on: number,
      call: (_id) => Ms.decrby({ _id, value: 2 }),
      gives: 8,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.get, {
    sends: [{ _id: "k" }, { controller: "ms", action: "get", _id: "k" }],
    ...trial({
      on: text,
      call: (_id) => Ms.get({ _id }),
      gives: Option.some("hello"),
      refusedOn: hash
    }),
    result: Schema.OptionFromSelf(Schema.String)
  }),
  contract(Ms.getbit, {
    sends: [{ _id: "k", offset: 7 }, { controller: "ms", action: "getbit", _id: "k", offset: 7 }],
    ...trial({
      on: text,
      call: (_id) => Ms.getbit({ _id, offset: 1 }),
      gives: 1,
      refusedOn: hash
    }),
    type: Schema.Number,
    result: Schema.Literal(0, 1)
  }),
  contract(Ms.getrange, {
    sends: [{ _id: "k", start: 0, end: 1 }, { controller: "ms", action: "getrange", _id: "k", start: 0, end: 1 }],
    ...trial({
      on: text,
      call: (_id) => Ms.getrange({ _id, start: -2, end: -1 }),
      gives: "lo",
      refusedOn: hash
    }),
    result: Schema.String
  }),
  contract(Ms.getset, {
    sends: [{ _id: "k", value: "v" }, { controller: "ms", action: "getset", _id: "k", body: { value: "v" } }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.getset({ _id, value: 1 }),
      gives: Option.none(),
      refusedOn: hash
    }),
    result: Schema.OptionFromSelf(Schema.String)
  }),
  contract(Ms.incr, {
    sends: [{ _id: "k" }, { controller: "ms", action: "incr", _id: "k" }],
    ...trial({
      on: number,
      call: (_id) => Ms.incr({ _id }),
      gives: 11,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.incrby, {
    sends: [{ _id: "k", value: 2 }, { controller: "ms", action: "incrby", _id: "k", body: { value: 2 } }],
    ...trial({
      on: number,
      call: (_id) => Ms.incrby({ _id, value: 2 }),
      gives: 12,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.incrbyfloat, {
    sends: [{ _id: "k", value: 0.5 }, { controller: "ms", action: "incrbyfloat", _id: "k", body: { value: 0.5 } }],
    ...trial({
      on: number,
      call: (_id) => Ms.incrbyfloat({ _id, value: 0.1 }),
      gives: 10.1,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.mget, {
    sends: [{ keys: ["a", "b"] }, { controller: "ms", action: "mget", keys: ["a", "b"] }],
    ...trial({
      on: text,
      call: (_id) => Ms.mget({ keys: [_id, `${_id}-absent`] }),
      gives: [Option.some("hello"), Option.none()],
      neverFails: nothingToRefuse
    }),
    result: Schema.Array(Schema.OptionFromSelf(Schema.String))
  }),
  contract(Ms.mset, {
    sends: [{ entries: [{ key: "k", value: "" }] }, {
      controller: "ms",
      action: "mset",
      body: { entries: [{ key: "k", value: [""] }] }
    }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.mset({ entries: [{ key: _id, value: "" }] }).pipe(Effect.zipRight(Ms.get({ _id }))),
      gives: Option.some(""),
      neverFails: nothingToRefuse
    }),
    result: Schema.OptionFromSelf(Schema.String)
  }),
  contract(Ms.msetnx, {
    sends: [{ entries: [{ key: "k", value: 0 }] }, {
      controller: "ms",
      action: "msetnx",
      body: { entries: [{ key: "k", value: "0" }] }
    }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.msetnx({ entries: [{ key: _id, value: 0 }] }),
      gives: true,
      neverFails: nothingToRefuse
    }),
    result: Schema.Boolean
  }),
  contract(Ms.psetex, {
    sends: [{ _id: "k", value: "v", milliseconds: 5 }, {
      controller: "ms",
      action: "psetex",
      _id: "k",
      body: { value: "v", milliseconds: 5 }
    }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.psetex({ _id, value: "v", milliseconds: 5000 }),
      gives: undefined,
      refused: (_id) => Ms.psetex({ _id, value: "v", milliseconds: 0 })
    }),
    result: Schema.Void
  }),
  contract(Ms.set, {
    sends: [{ _id: "k", value: "v", ex: 5, nx: true }, {
      controller: "ms",
      action: "set",
      _id: "k",
      body: { value: "v", ex: 5, nx: true }
    }],
    ...trial({
      on: text,
      call: (_id) => Ms.set({ _id, value: "v", nx: true }),
      gives: false,
      refused: (_id) => Ms.set({ _id, value: "v", px: 0 })
    }),
    result: Schema.Boolean
  }),
  contract(Ms.setex, {
    sends: [{ _id: "k", value: "v", seconds: 5 }, {
      controller: "ms",
      action: "setex",
      _id: "k",
      body: { value: "v", seconds: 5 }
    }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.setex({ _id, value: "v", seconds: 5 }),
      gives: undefined,
      refused: (_id) => Ms.setex({ _id, value: "v", seconds: 0 })
    }),
    result: Schema.Void
  }),
  contract(Ms.setnx, {
    sends: [{ _id: "k", value: "v" }, { controller: "ms", action: "setnx", _id: "k", body: { value: "v" } }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.setnx({ _id, value: "v" }),
      gives: true,
      neverFails: nothingToRefuse
    }),
    result: Schema.Boolean
  }),
  contract(Ms.strlen, {
    sends: [{ _id: "k" }, { controller: "ms", action: "strlen", _id: "k" }],
    ...trial({
      on: text,
      call: (_id) => Ms.strlen({ _id }),
      gives: 5,
      refusedOn: hash
    }),
    result: Schema.Number
  }),
  contract(Ms.hdel, {
    sends: [{ _id: "k", fields: ["a"] }, { controller: "ms", action: "hdel", _id: "k", body: { fields: ["a"] } }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hdel({ _id, fields: ["a", "absent"] }),
      gives: 1,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.hexists, {
    sends: [{ _id: "k", field: "a" }, { controller: "ms", action: "hexists", _id: "k", field: "a" }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hexists({ _id, field: "a" }),
      gives: true,
      refusedOn: text
    }),
    result: Schema.Boolean
  }),
  contract(Ms.hget, {
    sends: [{ _id: "k", field: "a" }, { controller: "ms", action: "hget", _id: "k", field: "a" }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hget({ _id, field: "absent" }),
      gives: Option.none(),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.String)
  }),
  contract(Ms.hgetall, {
    sends: [{ _id: "k" }, { controller: "ms", action: "hgetall", _id: "k" }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hgetall({ _id }),
      gives: { a: "1", b: "" },
      refusedOn: text
    }),
    result: Schema.Record({ key: Schema.String, value: Schema.String })
  }),
  contract(Ms.hincrby, {
    sends: [{ _id: "k", field: "a", value: 2 }, {
      controller: "ms",
      action: "hincrby",
      _id: "k",
      body: { field: "a", value: 2 }
    }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hincrby({ _id, field: "a", value: 2 }),
      gives: 3,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.hincrbyfloat, {
    sends: [{ _id: "k", field: "a", value: 0.5 }, {
      controller: "ms",
      action: "hincrbyfloat",
      _id: "k",
      body: { field: "a", value: 0.5 }
    }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hincrbyfloat({ _id, field: "a", value: 0.5 }),
      gives: 1.5,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.hkeys, {
    sends: [{ _id: "k" }, { controller: "ms", action: "hkeys", _id: "k" }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hkeys({ _id }),
      gives: ["a", "b"],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.hlen, {
    sends: [{ _id: "k" }, { controller: "ms", action: "hlen", _id: "k" }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hlen({ _id }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.hmget, {
    sends: [{ _id: "k", fields: ["a"] }, { controller: "ms", action: "hmget", _id: "k", fields: ["a"] }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hmget({ _id, fields: ["absent", "a"] }),
      gives: [Option.none(), Option.some("1")],
      refusedOn: text
    }),
    result: Schema.Array(Schema.OptionFromSelf(Schema.String))
  }),
  contract(Ms.hmset, {
    sends: [{ _id: "k", entries: [{ field: "a", value: "" }] }, {
      controller: "ms",
      action: "hmset",
      _id: "k",
      body: { entries: [{ field: "a", value: [""] }] }
    }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.hmset({ _id, entries: [{ field: "a", value: "" }, { field: "", value: 0 }] }),
      gives: undefined,
      refusedOn: text
    }),
    result: Schema.Void
  }),
  contract(Ms.hscan, {
    sends: [{ _id: "k", cursor: 0, match: "*", count: 5 }, {
      controller: "ms",
      action: "hscan",
      _id: "k",
      cursor: 0,
      match: "*",
      count: 5
    }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hscan({ _id, cursor: 0, match: "a" }),
      gives: { cursor: "0", values: [{ field: "a", value: "1" }] },
      refusedOn: text
    }),
    result: page(Schema.Struct({ field: Schema.String, value: Schema.String }))
  }),
  contract(Ms.hset, {
    sends: [{ _id: "k", field: "a", value: 1 }, {
      controller: "ms",
      action: "hset",
      _id: "k",
      body: { field: "a", value: 1 }
    }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hset({ _id, field: "a", value: 2 }),
      gives: false,
      refusedOn: text
    }),
    result: Schema.Boolean
  }),
  contract(Ms.hsetnx, {
    sends: [{ _id: "k", field: "a", value: 1 }, {
      controller: "ms",
      action: "hsetnx",
      _id: "k",
      body: { field: "a", value: 1 }
    }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hsetnx({ _id, field: "c", value: 2 }),
      gives: true,
      refusedOn: text
    }),
    result: Schema.Boolean
  }),
  contract(Ms.hstrlen, {
    sends: [{ _id: "k", field: "a" }, { controller: "ms", action: "hstrlen", _id: "k", field: "a" }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hstrlen({ _id, field: "a" }),
      gives: 1,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.hvals, {
    sends: [{ _id: "k" }, { controller: "ms", action: "hvals", _id: "k" }],
    ...trial({
      on: hash,
      call: (_id) => Ms.hvals({ _id }),
      gives: ["1", ""],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.lindex, {
    sends: [{ _id: "k", idx: -1 }, { controller: "ms", action: "lindex", _id: "k", idx: -1 }],
    ...trial({
      on: list,
      call: (_id) => Ms.lindex({ _id, idx: -1 }),
      gives: Option.some("b"),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.String)
  }),
  contract(Ms.linsert, {
    sends: [{ _id: "k", position: "before", pivot: "a", value: "b" }, {
      controller: "ms",
      action: "linsert",
      _id: "k",
      body: { position: "before", pivot: "a", value: "b" }
    }],
    ...trial({
      on: list,
      call: (_id) => Ms.linsert({ _id, position: "after", pivot: "absent", value: 1 }),
      gives: Option.none(),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.Number)
  }),
  contract(Ms.llen, {
    sends: [{ _id: "k" }, { controller: "ms", action: "llen", _id: "k" }],
    ...trial({
      on: list,
      call: (_id) => Ms.llen({ _id }),
      gives: 3,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.lpop, {
    sends: [{ _id: "k" }, { controller: "ms", action: "lpop", _id: "k" }],
    ...trial({
      on: list,
      call: (_id) => Ms.lpop({ _id }),
      gives: Option.some("a"),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.String)
  }),
  contract(Ms.lpush, {
    sends: [{ _id: "k", values: ["a", 1] }, {
      controller: "ms",
      action: "lpush",
      _id: "k",
      body: { values: ["a", 1] }
    }],
    ...trial({
      on: list,
      call: (_id) => Ms.lpush({ _id, values: ["x", ""] }),
      gives: 5,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.lpushx, {
    sends: [{ _id: "k", value: "a" }, { controller: "ms", action: "lpushx", _id: "k", body: { value: "a" } }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.lpushx({ _id, value: "x" }),
      gives: 0,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.lrange, {
    sends: [{ _id: "k", start: 0, stop: -1 }, { controller: "ms", action: "lrange", _id: "k", start: 0, stop: -1 }],
    ...trial({
      on: list,
      call: (_id) => Ms.lrange({ _id, start: 1, stop: -1 }),
      gives: ["c", "b"],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.lrem, {
    sends: [{ _id: "k", count: 0, value: "a" }, {
      controller: "ms",
      action: "lrem",
      _id: "k",
      body: { count: 0, value: "a" }
    }],
    ...trial({
      on: list,
      call: (_id) => Ms.lrem({ _id, count: 0, value: "a" }),
      gives: 1,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.lset, {
    sends: [{ _id: "k", index: 0, value: "a" }, {
      controller: "ms",
      action: "lset",
      _id: "k",
      body: { index: 0, value: "a" }
    }],
    ...trial({
      on: list,
      call: (_id) => Ms.lset({ _id, index: 0, value: "" }),
      gives: undefined,
      refusedOn: text
    }),
    result: Schema.Void
  }),
  contract(Ms.ltrim, {
    sends: [{ _id: "k", start: 0, stop: 1 }, {
      controller: "ms",
      action: "ltrim",
      _id: "k",
      body: { start: 0, stop: 1 }
    }],
    ...trial({
      on: list,
      call: (_id) => Ms.ltrim({ _id, start: 0, stop: 1 }),
      gives: undefined,
      refusedOn: text
    }),
    result: Schema.Void
  }),
  contract(Ms.rpop, {
    sends: [{ _id: "k" }, { controller: "ms", action: "rpop", _id: "k" }],
    ...trial({
      on: list,
      call: (_id) => Ms.rpop({ _id }),
      gives: Option.some("b"),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.String)
  }),
  contract(Ms.rpoplpush, {
    sends: [{ source: "a", destination: "b" }, {
      controller: "ms",
      action: "rpoplpush",
      body: { source: "a", destination: "b" }
    }],
    ...trial({
      on: list,
      call: (_id) => Ms.rpoplpush({ source: _id, destination: _id }),
      gives: Option.some("b"),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.String)
  }),
  contract(Ms.rpush, {
    sends: [{ _id: "k", values: ["a", 1] }, {
      controller: "ms",
      action: "rpush",
      _id: "k",
      body: { values: ["a", 1] }
    }],
    ...trial({
      on: list,
      call: (_id) => Ms.rpush({ _id, values: ["x"] }),
      gives: 4,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.rpushx, {
    sends: [{ _id: "k", value: "a" }, { controller: "ms", action: "rpushx", _id: "k", body: { value: "a" } }],
    ...trial({
      on: list,
      call: (_id) => Ms.rpushx({ _id, value: "x" }),
      gives: 4,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.sadd, {
    sends: [{ _id: "k", members: ["a", 1] }, {
      controller: "ms",
      action: "sadd",
      _id: "k",
      body: { members: ["a", 1] }
    }],
    ...trial({
      on: set,
      call: (_id) => Ms.sadd({ _id, members: ["a", "c"] }),
      gives: 1,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.scard, {
    sends: [{ _id: "k" }, { controller: "ms", action: "scard", _id: "k" }],
    ...trial({
      on: set,
      call: (_id) => Ms.scard({ _id }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.sdiff, {
    sends: [{ _id: "k", keys: ["a"] }, { controller: "ms", action: "sdiff", _id: "k", keys: ["a"] }],
    ...trial({
      on: set,
      call: (_id) => Ms.sdiff({ _id, keys: [_id] }),
      gives: [],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.sdiffstore, {
    sends: [{ _id: "k", keys: ["a"], destination: "b" }, {
      controller: "ms",
      action: "sdiffstore",
      _id: "k",
      body: { keys: ["a"], destination: "b" }
    }],
    ...trial({
      on: set,
      call: (_id) => Ms.sdiffstore({ _id, keys: [`${_id}-absent`], destination: _id }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.sinter, {
    sends: [{ keys: ["a", "b"] }, { controller: "ms", action: "sinter", keys: ["a", "b"] }],
    ...trial({
      on: set,
      call: (_id) => Effect.map(Ms.sinter({ keys: [_id, _id] }), sorted),
      gives: ["a", "b"],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.sinterstore, {
    sends: [{ destination: "k", keys: ["a"] }, {
      controller: "ms",
      action: "sinterstore",
      body: { destination: "k", keys: ["a"] }
    }],
    ...trial({
      on: set,
      call: (_id) => Ms.sinterstore({ destination: _id, keys: [_id] }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.sismember, {
    sends: [{ _id: "k", member: "a" }, { controller: "ms", action: "sismember", _id: "k", member: "a" }],
    ...trial({
      on: set,
      call: (_id) => Ms.sismember({ _id, member: "a" }),
      gives: true,
      refusedOn: text
    }),
    result: Schema.Boolean
  }),
  contract(Ms.smembers, {
    sends: [{ _id: "k" }, { controller: "ms", action: "smembers", _id: "k" }],
    ...trial({
      on: set,
      call: (_id) => Effect.map(Ms.smembers({ _id }), sorted),
      gives: ["a", "b"],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.smove, {
    sends: [{ _id: "k", destination: "l", member: "a" }, {
      controller: "ms",
      action: "smove",
      _id: "k",
      body: { destination: "l", member: "a" }
    }],
    ...trial({
      on: set,
      call: (_id) => Ms.smove({ _id, destination: _id, member: "absent" }),
      gives: false,
      refusedOn: text
    }),
    result: Schema.Boolean
  }),
  contract(Ms.spop, {
    sends: [{ _id: "k", count: 2 }, { controller: "ms", action: "spop", _id: "k", body: { count: 2 } }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.spop({ _id }),
      gives: [],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.srandmember, {
    sends: [{ _id: "k", count: 2 }, { controller: "ms", action: "srandmember", _id: "k", count: 2 }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.srandmember({ _id }),
      gives: [],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.srem, {
    sends: [{ _id: "k", members: ["a"] }, { controller: "ms", action: "srem", _id: "k", body: { members: ["a"] } }],
    ...trial({
      on: set,
      call: (_id) => Ms.srem({ _id, members: ["a", "absent"] }),
      gives: 1,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.sscan, {
    sends: [{ _id: "k", cursor: 0, match: "*", count: 5 }, {
      controller: "ms",
      action: "sscan",
      _id: "k",
      cursor: 0,
      match: "*",
      count: 5
    }],
    ...trial({
      on: set,
      call: (_id) => Ms.sscan({ _id, cursor: 0, match: "a" }),
      gives: { cursor: "0", values: ["a"] },
      refusedOn: text
    }),
    result: page(Schema.String)
  }),
  contract(Ms.sunion, {
    sends: [{ keys: ["a", "b"] }, { controller: "ms", action: "sunion", keys: ["a", "b"] }],
    ...trial({
      on: set,
      call: (_id) => Effect.map(Ms.sunion({ keys: [_id, _id] }), sorted),
      gives: ["a", "b"],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.sunionstore, {
    sends: [{ destination: "k", keys: ["a"] }, {
      controller: "ms",
      action: "sunionstore",
      body: { destination: "k", keys: ["a"] }
    }],
    ...trial({
      on: set,
      call: (_id) => Ms.sunionstore({ destination: _id, keys: [_id] }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.zadd, {
    sends: [{ _id: "k", elements: [{ score: Infinity, member: "" }, { score: 0, member: 0 }], xx: true, ch: true }, {
      controller: "ms",
      action: "zadd",
      _id: "k",
      body: { elements: [{ score: "Infinity", member: [""] }, { score: 0, member: "0" }], xx: true, ch: true }
    }],
    ...trial({
      on: zset,
      call: (_id) =>
        Ms.zadd({ _id, elements: [{ score: 0, member: "" }, { score: -Infinity, member: "a" }], ch: true }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.zaddIncr, {
    sends: [{ _id: "k", member: "a", score: 2, nx: true }, {
      controller: "ms",
      action: "zadd",
      _id: "k",
      body: { elements: [{ score: 2, member: "a" }], nx: true, incr: true }
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zaddIncr({ _id, member: "b", score: 0.1 }),
      gives: Option.some(2.6),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.Number)
  }),
  contract(Ms.zcard, {
    sends: [{ _id: "k" }, { controller: "ms", action: "zcard", _id: "k" }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zcard({ _id }),
      gives: 3,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.zcount, {
    sends: [{ _id: "k", min: "(1", max: Infinity }, {
      controller: "ms",
      action: "zcount",
      _id: "k",
      min: "(1",
      max: "Infinity"
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zcount({ _id, min: "(1", max: Infinity }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.zincrby, {
    sends: [{ _id: "k", member: "a", value: 2 }, {
      controller: "ms",
      action: "zincrby",
      _id: "k",
      body: { member: "a", value: 2 }
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zincrby({ _id, member: "a", value: 0.5 }),
      gives: 1.5,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.zinterstore, {
    sends: [{ _id: "k", keys: ["a"], weights: [2], aggregate: "max" }, {
      controller: "ms",
      action: "zinterstore",
      _id: "k",
      body: { keys: ["a"], weights: [2], aggregate: "max" }
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zinterstore({ _id, keys: [_id, _id], weights: [1, 2], aggregate: "max" }),
      gives: 3,
      refusedOn: text,
      refused: (_id) => Ms.zinterstore({ _id, keys: [_id] })
    }),
    result: Schema.Number
  }),
  contract(Ms.zlexcount, {
    sends: [{ _id: "k", min: "-", max: "(c" }, {
      controller: "ms",
      action: "zlexcount",
      _id: "k",
      min: "-",
      max: "(c"
    }],
    ...trial({
      on: lex,
      call: (_id) => Ms.zlexcount({ _id, min: "[a", max: "(c" }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.zrange, {
    sends: [{ _id: "k", start: 0, stop: -1 }, {
      controller: "ms",
      action: "zrange",
      _id: "k",
      start: 0,
      stop: -1,
      options: ["withscores"]
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zrange({ _id, start: 1, stop: -1 }),
      gives: [{ member: "b", score: 2.5 }, { member: "c", score: Infinity }],
      refusedOn: text
    }),
    result: Schema.Array(Schema.Struct({ member: Schema.String, score: Schema.Number }))
  }),
  contract(Ms.zrangebylex, {
    sends: [{ _id: "k", min: "-", max: "+", limit: [0, 1] }, {
      controller: "ms",
      action: "zrangebylex",
      _id: "k",
      min: "-",
      max: "+",
      limit: [0, 1]
    }],
    ...trial({
      on: lex,
      call: (_id) => Ms.zrangebylex({ _id, min: "-", max: "+", limit: [1, 1] }),
      gives: ["b"],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.zrangebyscore, {
    sends: [{ _id: "k", min: "-inf", max: 5, limit: [0, 1] }, {
      controller: "ms",
      action: "zrangebyscore",
      _id: "k",
      min: "-inf",
      max: 5,
      limit: [0, 1],
      options: ["withscores"]
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zrangebyscore({ _id, min: "-inf", max: Infinity, limit: [1, 1] }),
      gives: [{ member: "b", score: 2.5 }],
      refusedOn: text
    }),
    result: Schema.Array(Schema.Struct({ member: Schema.String, score: Schema.Number }))
  }),
  contract(Ms.zrank, {
    sends: [{ _id: "k", member: "a" }, { controller: "ms", action: "zrank", _id: "k", member: "a" }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zrank({ _id, member: "b" }),
      gives: Option.some(1),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.Number)
  }),
  contract(Ms.zrem, {
    sends: [{ _id: "k", members: ["a"] }, { controller: "ms", action: "zrem", _id: "k", body: { members: ["a"] } }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zrem({ _id, members: ["a"] }),
      gives: 1,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.zremrangebylex, {
    sends: [{ _id: "k", min: "-", max: "[b" }, {
      controller: "ms",
      action: "zremrangebylex",
      _id: "k",
      body: { min: "-", max: "[b" }
    }],
    ...trial({
      on: lex,
      call: (_id) => Ms.zremrangebylex({ _id, min: "-", max: "[b" }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.zremrangebyrank, {
    sends: [{ _id: "k", start: 0, stop: 1 }, {
      controller: "ms",
      action: "zremrangebyrank",
      _id: "k",
      body: { start: 0, stop: 1 }
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zremrangebyrank({ _id, start: 0, stop: 1 }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.zremrangebyscore, {
    sends: [{ _id: "k", min: 0, max: "(2" }, {
      controller: "ms",
      action: "zremrangebyscore",
      _id: "k",
      body: { min: 0, max: "(2" }
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zremrangebyscore({ _id, min: -Infinity, max: "(2" }),
      gives: 1,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.zrevrange, {
    sends: [{ _id: "k", start: 0, stop: -1 }, {
      controller: "ms",
      action: "zrevrange",
      _id: "k",
      start: 0,
      stop: -1,
      options: ["withscores"]
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zrevrange({ _id, start: 2, stop: -1 }),
      gives: [{ member: "a", score: 1 }],
      refusedOn: text
    }),
    result: Schema.Array(Schema.Struct({ member: Schema.String, score: Schema.Number }))
  }),
  contract(Ms.zrevrangebylex, {
    sends: [{ _id: "k", min: "-", max: "+", limit: [0, 1] }, {
      controller: "ms",
      action: "zrevrangebylex",
      _id: "k",
      min: "-",
      max: "+",
      limit: [0, 1]
    }],
    ...trial({
      on: lex,
      call: (_id) => Ms.zrevrangebylex({ _id, min: "-", max: "(c" }),
      gives: ["b", "a"],
      refusedOn: text
    }),
    result: Schema.Array(Schema.String)
  }),
  contract(Ms.zrevrangebyscore, {
    sends: [{ _id: "k", min: 0, max: 5, limit: [0, 1] }, {
      controller: "ms",
      action: "zrevrangebyscore",
      _id: "k",
      min: 0,
      max: 5,
      limit: [0, 1],
      options: ["withscores"]
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zrevrangebyscore({ _id, min: 0, max: 5 }),
      gives: [{ member: "b", score: 2.5 }, { member: "a", score: 1 }],
      refusedOn: text
    }),
    result: Schema.Array(Schema.Struct({ member: Schema.String, score: Schema.Number }))
  }),
  contract(Ms.zrevrank, {
    sends: [{ _id: "k", member: "a" }, { controller: "ms", action: "zrevrank", _id: "k", member: "a" }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zrevrank({ _id, member: "absent" }),
      gives: Option.none(),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.Number)
  }),
  contract(Ms.zscan, {
    sends: [{ _id: "k", cursor: 0, match: "*", count: 5 }, {
      controller: "ms",
      action: "zscan",
      _id: "k",
      cursor: 0,
      match: "*",
      count: 5
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zscan({ _id, cursor: 0, match: "c" }),
      gives: { cursor: "0", values: [{ member: "c", score: Infinity }] },
      refusedOn: text
    }),
    result: page(Schema.Struct({ member: Schema.String, score: Schema.Number }))
  }),
  contract(Ms.zscore, {
    sends: [{ _id: "k", member: "a" }, { controller: "ms", action: "zscore", _id: "k", member: "a" }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zscore({ _id, member: "absent" }),
      gives: Option.none(),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.Number)
  }),
  contract(Ms.zunionstore, {
    sends: [{ _id: "k", keys: ["a"], weights: [2], aggregate: "max" }, {
      controller: "ms",
      action: "zunionstore",
      _id: "k",
      body: { keys: ["a"], weights: [2], aggregate: "max" }
    }],
    ...trial({
      on: zset,
      call: (_id) => Ms.zunionstore({ _id, keys: [_id, `${_id}-absent`] }),
      gives: 3,
      refusedOn: text,
      refused: (_id) => Ms.zunionstore({ _id, keys: [_id] })
    }),
    result: Schema.Number
  }),
  contract(Ms.geoadd, {
    sends: [{ _id: "k", points: [{ lon: 0, lat: 1, name: "a" }] }, {
      controller: "ms",
      action: "geoadd",
      _id: "k",
      body: { points: [{ lon: "0", lat: 1, name: "a" }] }
    }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.geoadd({ _id, points: [{ lon: 0, lat: 0, name: "null island" }] }),
      gives: 1,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.geodist, {
    sends: [{ _id: "k", member1: "a", member2: "b", unit: "km" }, {
      controller: "ms",
      action: "geodist",
      _id: "k",
      member1: "a",
      member2: "b",
      unit: "km"
    }],
    ...trial({
      on: geo,
      call: (_id) => Ms.geodist({ _id, member1: "palermo", member2: "null island", unit: "km" }),
      gives: Option.some(4454.733),
      refusedOn: text
    }),
    result: Schema.OptionFromSelf(Schema.Number)
  }),
  contract(Ms.geohash, {
    sends: [{ _id: "k", members: ["a"] }, { controller: "ms", action: "geohash", _id: "k", members: ["a"] }],
    ...trial({
      on: geo,
      call: (_id) => Ms.geohash({ _id, members: ["palermo", "absent"] }),
      gives: [Option.some("sqc8b49rny0"), Option.none()],
      refusedOn: text
    }),
    result: Schema.Array(Schema.OptionFromSelf(Schema.String))
  }),
  contract(Ms.geopos, {
    sends: [{ _id: "k", members: ["a"] }, { controller: "ms", action: "geopos", _id: "k", members: ["a"] }],
    ...trial({
      on: geo,
      call: (_id) => Ms.geopos({ _id, members: ["palermo", "absent"] }),
      gives: [Option.some(palermo), Option.none()],
      refusedOn: text
    }),
    result: Schema.Array(Schema.OptionFromSelf(Schema.Struct({ lon: Schema.Number, lat: Schema.Number })))
  }),
  contract(Ms.georadius, {
    sends: [{ _id: "k", lon: 0, lat: 1, distance: 5, unit: "km", count: 2, sort: "asc" }, {
      controller: "ms",
      action: "georadius",
      _id: "k",
      lon: 0,
      lat: 1,
      distance: 5,
      unit: "km",
      options: ["withcoord", "withdist", "count", 2, "asc"]
    }],
    ...trial({
      on: geo,
      call: (_id) => Ms.georadius({ _id, lon: 0, lat: 0, distance: 5000, unit: "km", count: 1, sort: "desc" }),
      gives: [{ name: "palermo", distance: 4454.7332, coordinates: palermo }],
      refusedOn: text
    }),
    result: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        distance: Schema.Number,
        coordinates: Schema.Struct({ lon: Schema.Number, lat: Schema.Number })
      })
    )
  }),
  contract(Ms.georadiusbymember, {
    sends: [{ _id: "k", member: "a", distance: 5, unit: "km", count: 2, sort: "asc" }, {
      controller: "ms",
      action: "georadiusbymember",
      _id: "k",
      member: "a",
      distance: 5,
      unit: "km",
      options: ["withcoord", "withdist", "count", 2, "asc"]
    }],
    ...trial({
      on: geo,
      call: (_id) => Ms.georadiusbymember({ _id, member: "palermo", distance: 1, unit: "m" }),
      gives: [{ name: "palermo", distance: 0, coordinates: palermo }],
      refusedOn: text
    }),
    result: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        distance: Schema.Number,
        coordinates: Schema.Struct({ lon: Schema.Number, lat: Schema.Number })
      })
    )
  }),
  contract(Ms.pfadd, {
    sends: [{ _id: "k", elements: ["a", 1] }, {
      controller: "ms",
      action: "pfadd",
      _id: "k",
      body: { elements: ["a", 1] }
    }],
    ...trial({
      on: nothing,
      call: (_id) => Ms.pfadd({ _id, elements: ["a", 1] }),
      gives: true,
      refusedOn: text
    }),
    result: Schema.Boolean
  }),
  contract(Ms.pfcount, {
    sends: [{ keys: ["k"] }, { controller: "ms", action: "pfcount", keys: ["k"] }],
    ...trial({
      on: estimate,
      call: (_id) => Ms.pfcount({ keys: [_id] }),
      gives: 2,
      refusedOn: text
    }),
    result: Schema.Number
  }),
  contract(Ms.pfmerge, {
    sends: [{ _id: "k", sources: ["a"] }, { controller: "ms", action: "pfmerge", _id: "k", body: { sources: ["a"] } }],
    ...trial({
      on: estimate,
      call: (_id) => Ms.pfmerge({ _id, sources: [_id] }),
      gives: undefined,
      refusedOn: text
    }),
    result: Schema.Void
  }),
  contract(Ms.dbsize, {
    sends: [{}, { controller: "ms", action: "dbsize" }],
    ...trial({
      on: text,
      call: () => Effect.map(Ms.dbsize(), (size) => size > 0),
      gives: true,
      neverFails: nothingToRefuse
    }),
    type: Schema.Number,
    result: Schema.Boolean
  }),
  contract(Ms.flushdb, {
    sends: [{}, { controller: "ms", action: "flushdb" }],
    ...trial({
      on: text,
      call: (_id) => Effect.zipRight(Ms.flushdb(), Ms.get({ _id })),
      gives: Option.none(),
      neverFails: nothingToRefuse
    }),
    result: Schema.OptionFromSelf(Schema.String),
    alone: "it removes all keys, also those of other tests"
  }),
  contract(Ms.ping, {
    sends: [{}, { controller: "ms", action: "ping" }],
    ...trial({
      on: nothing,
      call: () => Ms.ping(),
      gives: "PONG",
      neverFails: nothingToRefuse
    }),
    result: Schema.Literal("PONG")
  }),
  contract(Ms.time, {
    sends: [{}, { controller: "ms", action: "time" }],
    ...trial({
      on: nothing,
      call: () =>
        Effect.map(
          Ms.time(),
          ({ microseconds, seconds }) => Math.abs(seconds + microseconds / 1e6 - Date.now() / 1000) < 60
        ),
      gives: true,
      neverFails: nothingToRefuse
    }),
    result: Schema.Boolean
  }),
  contract(Ms.mexecute, {
    sends: [{ actions: [Ms.step(Ms.set, { _id: "k", value: "v", nx: true }), Ms.step(Ms.ping, {})] }, {
      controller: "ms",
      action: "mexecute",
      body: {
        actions: [{ action: "set", args: { _id: "k", body: { value: "v", nx: true } } }, { action: "ping", args: {} }]
      }
    }],
    ...trial({
      on: text,
      call: (_id) =>
        Ms.mexecute({
          actions: [
            Ms.step(Ms.append, { _id, value: "!" }),
            Ms.step(Ms.incr, { _id }),
            Ms.step(Ms.get, { _id }),
            Ms.step(Ms.ttl, { _id })
          ]
        }),
      gives: [Option.some(6), Option.none(), Option.some(Option.some("hello!")), Option.some(Option.some(Infinity))],
      refused: () => Ms.mexecute({ actions: [Ms.step(Ms.set, { _id: "", value: "v" })] }),
      failure: { tag: "KuzzleBadRequestError", id: "api.assert.missing_argument" }
    }),
    result: transaction,
    example: {
      call: Ms.mexecute({
        actions: [
          Ms.step(Ms.append, { _id: "k", value: "!" }),
          Ms.step(Ms.incr, { _id: "k" }),
          Ms.step(Ms.get, { _id: "k" }),
          Ms.step(Ms.ttl, { _id: "k" })
        ]
      }),
      result: transaction
    }
  })
]
