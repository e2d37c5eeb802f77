/** Random commands of the memory storage, valid and invalid. They share a few keys. */
import type { Kuzzle } from "@effect-kuzzle/core"
import { FastCheck as fc } from "effect"

type Members = { readonly [name: string]: fc.Arbitrary<unknown> }

/** The value, or `undefined`, which JSON omits. */
const some = <A>(value: fc.Arbitrary<A>): fc.Arbitrary<A | undefined> => fc.option(value, { nil: undefined, freq: 3 })

export const commands = (prefix: string): fc.Arbitrary<Kuzzle.KuzzleRequest> => {
  // Each kind of value has its own keys, but some commands use keys of another kind.
  const keyOf = (kind: string) =>
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...["1", "2", "3"].map((n) => `${prefix}${kind}${n}`)) },
      { weight: 1, arbitrary: fc.constantFrom(...["text", "hash", "list", "set", "zset"].map((k) => `${prefix}${k}1`)) }
    )
  const text = keyOf("text")
  const hash = keyOf("hash")
  const list = keyOf("list")
  const set = keyOf("set")
  const zset = keyOf("zset")
  const geo = keyOf("geo")
  const estimate = keyOf("estimate")
  // Sorted sets whose members all have the same score. Only their members are ordered by bytes.
  const lexical = fc.constantFrom(`${prefix}lex1`, `${prefix}lex2`, `${prefix}text1`)
  const any = fc.oneof(text, hash, list, set, zset)
  const int = fc.oneof(
    fc.integer({ min: -8, max: 8 }),
    fc.constantFrom("9223372036854775807", "1.5", "x", "", " 1", 100)
  )
  const small = fc.integer({ min: -6, max: 6 })
  const float = fc.oneof(
    fc.integer({ min: -40, max: 40 }).map((n) => n / 8),
    fc.constantFrom(0.1, 0.2, 1234.1, 3.3e-9, 1e21, "5.0e3", "1e-7", "-0", "x", "+1.25", ".5")
  )
  const score = fc.oneof(small, float, fc.constantFrom("Infinity", "-Infinity"))
  const word = fc.constantFrom("a", "b", "c", "aa", "ab", "é", "𝄞", "\uffee", "0", "1", "10", "-3", "2.5")
  const value = fc.oneof(word, word, fc.string({ maxLength: 6 }), small, fc.constant(""))
  const bound = fc.oneof(
    small,
    small.map((n) => `(${n}`),
    fc.constantFrom("-inf", "+inf", "(1.5", "x", "inf")
  )
  const lex = fc.oneof(
    word.map((w) => `[${w}`),
    word.map((w) => `(${w}`),
    fc.constantFrom("-", "+", "-", "+", "a", "[")
  )
  const many = <A>(items: fc.Arbitrary<A>, minLength = 1) => fc.array(items, { minLength, maxLength: 4 })
  const limit = some(fc.tuple(fc.integer({ min: -1, max: 3 }), fc.integer({ min: -1, max: 4 })))
  const place = fc.constantFrom(
    { lon: 2.35, lat: 48.85, name: "paris" },
    { lon: "0", lat: 51.48, name: "greenwich" },
    { lon: -74, lat: 40.7, name: "nyc" },
    { lon: 179.99, lat: -85, name: "edge" },
    { lon: 13.361389, lat: 38.115556, name: "palermo" },
    { lon: -0.1, lat: "0", name: "gulf" },
    { lon: 181, lat: 1, name: "nowhere" },
    { lon: 1, lat: 0, name: "zero" }
  )
  const name = fc.constantFrom("paris", "greenwich", "nyc", "edge", "palermo", "gulf", "absent")
  const unit = fc.constantFrom("m", "km", "mi", "ft", "KM", "yd")
  const flag = some(fc.boolean())
  const sorted = some(fc.constantFrom(
    ["withcoord", "withdist", "asc"],
    ["withdist", "count", 2],
    ["withcoord", "desc", "count", 1],
    "asc,count,2",
    ["asc", "x"],
    ["withhash", "asc"]
  ))
  const scan: Members = {
    cursor: fc.constantFrom(0, "0", "0", "x"),
    match: some(fc.constantFrom("*", "a*", "?", "[ab]*", "[^a]", "\\a", "b*c", 1)),
    count: some(fc.constantFrom(1000, 1000, "x", 0))
  }
  const by = some(fc.constantFrom(`${prefix}text*`, `${prefix}hash1->*`, `${prefix}hash*->a`))
  const pattern = fc.constantFrom("*", "?", "te?t[1-2]", "*1", "s*", "[^t]*", "hash\\1").map((p) => prefix + p)

  const command = (action: string, args: Members, body?: Members): fc.Arbitrary<Kuzzle.KuzzleRequest> =>
    fc.record({ args: fc.record(args), body: body === undefined ? fc.constant(undefined) : fc.record(body) }).map(
      ({ args, body }) => ({ controller: "ms", action, ...args, ...(body === undefined ? {} : { body }) })
    )
  const _id = (kind: fc.Arbitrary<string>): Members => ({ _id: kind })
  const entries = (of: string, key: fc.Arbitrary<string>): Members => ({
    entries: many(fc.record({ [of]: key, value: fc.oneof(value, fc.constant([""])) }), 0)
  })
  const span: Members = { start: int, stop: int }
  const sources = (kind: fc.Arbitrary<string>): Members => ({ keys: many(kind, 0) })
  const scores: Members = {
    keys: many(fc.oneof(zset, set), 0),
    weights: some(many(score, 0)),
    aggregate: some(fc.constantFrom("sum", "min", "MAX", "x"))
  }
  const sorting: Members = {
    alpha: flag,
    direction: some(fc.constantFrom("asc", "DESC", "x")),
    get: some(fc.subarray(["#", `${prefix}text*`, `${prefix}hash*->b`, "plain"])),
    store: some(list)
  }
  const element = fc.record({ score, member: word })

  const writers = [
    command("append", _id(text), { value }),
    command("set", _id(text), { value, nx: flag, xx: flag, ex: some(fc.constantFrom(1000, 0, "x")) }),
    command("mset", {}, entries("key", text)),
    command("hset", _id(hash), { field: word, value }),
    command("hmset", _id(hash), entries("field", word)),
    command("rpush", _id(list), { values: many(value) }),
    command("lpush", _id(list), { values: many(value) }),
    command("sadd", _id(set), { members: many(value) }),
    command("zadd", _id(zset), { elements: many(element), nx: flag, xx: flag, ch: flag }),
    command("zadd", _id(lexical), { elements: many(fc.record({ score: fc.constant(0), member: word })) }),
    command("geoadd", _id(geo), { points: many(place) }),
    command("pfadd", _id(estimate), { elements: many(value, 0) })
  ]
  const others = [
    command("bitcount", { ..._id(text), start: some(int), end: some(int) }),
    command("bitop", _id(text), { operation: fc.constantFrom("AND", "or", "XOR", "NOT", "x"), ...sources(text) }),
    command("bitpos", {
      ..._id(text),
      bit: fc.constantFrom(0, 1, 1, 2),
      start: some(small),
      end: some(small)
    }),
    command("decr", _id(text)),
    command("decrby", _id(text), { value: int }),
    command("del", {}, { keys: many(any, 0) }),
    command("exists", { keys: fc.oneof(many(any, 0), any) }),
    command("expire", _id(any), { seconds: fc.constantFrom(1000, 5000, -1, 0, "x") }),
    command("expireat", _id(any), { timestamp: fc.constantFrom(4_000_000_000, 1, "x") }),
    command("geodist", { ..._id(geo), member1: name, member2: name, unit: some(unit) }),
    command("geohash", { ..._id(geo), members: many(name, 0) }),
    command("geopos", { ..._id(geo), members: many(name, 0) }),
    command("georadius", {
      ..._id(geo),
      lon: fc.constantFrom(2, 0, -74, 200),
      lat: fc.constantFrom(48, 0, 40, 1),
      distance: fc.constantFrom(1, 500, 5000, 20_000, -1, "x"),
      unit,
      options: sorted
    }),
    command("georadiusbymember", {
      ..._id(geo),
      member: name,
      distance: fc.constantFrom(1, 500, 5000, 20_000),
      unit,
      options: sorted
    }),
    command("get", _id(text)),
    command("getbit", { ..._id(text), offset: int }),
    command("getrange", { ..._id(text), start: int, end: int }),
    command("getset", _id(text), { value }),
    command("hdel", _id(hash), { fields: many(word, 0) }),
    command("hexists", { ..._id(hash), field: word }),
    command("hget", { ..._id(hash), field: word }),
    command("hgetall", _id(hash)),
    command("hincrby", _id(hash), { field: word, value: int }),
    command("hincrbyfloat", _id(hash), { field: word, value: float }),
    command("hkeys", _id(hash)),
    command("hlen", _id(hash)),
    command("hmget", { ..._id(hash), fields: many(word, 0) }),
    command("hscan", { ..._id(hash), ...scan }),
    command("hsetnx", _id(hash), { field: word, value }),
    command("hstrlen", { ..._id(hash), field: word }),
    command("hvals", _id(hash)),
    command("incr", _id(text)),
    command("incrby", _id(text), { value: int }),
    command("incrbyfloat", _id(text), { value: float }),
    command("keys", { pattern }),
    command("lindex", { ..._id(list), idx: int }),
    command("linsert", _id(list), { position: fc.constantFrom("before", "AFTER", "x"), pivot: value, value }),
    command("llen", _id(list)),
    command("lpop", _id(list)),
    command("lpushx", _id(list), { value }),
    command("lrange", { ..._id(list), ...span }),
    command("lrem", _id(list), { count: int, value }),
    command("lset", _id(list), { index: int, value }),
    command("ltrim", _id(list), span),
    command("mget", { keys: many(any, 0) }),
    command("msetnx", {}, entries("key", text)),
    command("persist", _id(any)),
    command("pexpire", _id(any), { milliseconds: fc.constantFrom(1_000_000, -5, "x") }),
    command("pexpireat", _id(any), { timestamp: fc.constantFrom(4_000_000_000_000, 5, "x") }),
    command("pfcount", { keys: many(estimate) }),
    command("pfmerge", _id(estimate), { sources: many(estimate, 0) }),
    command("psetex", _id(text), { value, milliseconds: fc.constantFrom(1_000_000, 0, "x") }),
    command("pttl", _id(any)),
    command("rename", _id(any), { newkey: any }),
    command("renamenx", _id(any), { newkey: any }),
    command("rpop", _id(list)),
    command("rpoplpush", {}, { source: list, destination: list }),
    command("rpushx", _id(list), { value }),
    command("scard", _id(set)),
    command("sdiff", { ..._id(set), ...sources(set) }),
    command("sdiffstore", _id(set), { ...sources(set), destination: set }),
    command("setex", _id(text), { value, seconds: fc.constantFrom(1000, 0, "x") }),
    command("setnx", _id(text), { value }),
    command("sinter", sources(set)),
    command("sinterstore", {}, { ...sources(set), destination: set }),
    command("sismember", { ..._id(set), member: value }),
    command("smembers", _id(set)),
    command("smove", _id(set), { destination: set, member: value }),
    // With `by` and `alpha`, elements of equal weight have no order. So no command here combines the two. Only the conformance
    // suite does, on a list.
    command("sort", _id(fc.oneof(list, set, zset)), { ...sorting, alpha: fc.constant(undefined), by }),
    command("sort", _id(fc.oneof(list, set, zset)), { ...sorting, limit: some(fc.tuple(small, small)) }),
    // The count includes all members, because fewer would be selected at random.
    command("spop", _id(set), { count: fc.constantFrom(1000, 1000, -1, "x") }),
    command("srandmember", { ..._id(set), count: fc.constantFrom(1000, "x") }),
    command("srem", _id(set), { members: many(value, 0) }),
    command("sscan", { ..._id(set), ...scan }),
    command("strlen", _id(text)),
    command("sunion", sources(set)),
    command("sunionstore", {}, { ...sources(set), destination: set }),
    command("touch", {}, { keys: many(any, 0) }),
    command("ttl", _id(any)),
    command("type", _id(any)),
    command("zadd", _id(zset), { elements: fc.tuple(element), incr: fc.constant(true), nx: flag, xx: flag }),
    command("zcard", _id(zset)),
    command("zcount", { ..._id(zset), min: bound, max: bound }),
    command("zincrby", _id(zset), { member: word, value: score }),
    command("zinterstore", _id(zset), scores),
    command("zlexcount", { ..._id(lexical), min: lex, max: lex }),
    command("zrange", {
      ..._id(zset),
      ...span,
      options: some(fc.constantFrom(["withscores"], "withscores", ["rev"], ["x"], []))
    }),
    command("zrangebylex", { ..._id(lexical), min: lex, max: lex, limit }),
    command("zrangebyscore", {
      ..._id(zset),
      min: bound,
      max: bound,
      options: some(fc.constant(["withscores"])),
      limit
    }),
    command("zrank", { ..._id(zset), member: word }),
    command("zrem", _id(zset), { members: many(word, 0) }),
    command("zremrangebylex", _id(lexical), { min: lex, max: lex }),
    command("zremrangebyrank", _id(zset), span),
    command("zremrangebyscore", _id(zset), { min: bound, max: bound }),
    command("zrevrange", { ..._id(zset), ...span, options: some(fc.constant(["withscores"])) }),
    command("zrevrangebylex", { ..._id(lexical), min: lex, max: lex, limit }),
    command("zrevrangebyscore", {
      ..._id(zset),
      min: bound,
      max: bound,
      options: some(fc.constant("withscores")),
      limit
    }),
    command("zrevrank", { ..._id(zset), member: word }),
    command("zscan", { ..._id(zset), ...scan }),
    command("zscore", { ..._id(zset), member: word }),
    command("zunionstore", _id(zset), scores)
  ]
  const step = fc.oneof(...writers, ...others).map(({ action, controller: _, ...args }) => ({ action, args }))
  const transaction = command("mexecute", {}, { actions: fc.array(step, { maxLength: 4 }) })
  return fc.oneof(
    { weight: 12, arbitrary: fc.oneof(...writers) },
    { weight: 28, arbitrary: fc.oneof(...others) },
    { weight: 1, arbitrary: transaction }
  )
}
