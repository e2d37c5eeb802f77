/** The memory storage under a test clock: keys that expire, scans during writes, transactions. */
import { type Kuzzle, type KuzzleActionError, KuzzleError, KuzzleMemoryStorage as Ms } from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, effect as timed } from "@effect/vitest"
import { Effect, FastCheck as fc, Option } from "effect"
import { describe as plainly, it } from "vitest"
import { execute } from "../packages/testing/src/internal/engine/redis/commands.ts"
import { Database } from "../packages/testing/src/internal/engine/redis/database.ts"
import * as Geohash from "../packages/testing/src/internal/engine/redis/geohash.ts"
import * as LongDouble from "../packages/testing/src/internal/engine/redis/longDouble.ts"
import { asFloat, formatFloat } from "../packages/testing/src/internal/engine/redis/numbers.ts"
import * as Memory from "./suite/memory.ts"
import { failure } from "./suite/tools.ts"
import { pass } from "./suite/until.ts"

const run = <A, E>(effect: Effect.Effect<A, E, Kuzzle.Kuzzle>) =>
  Effect.provide(effect, Memory.layerClient(KuzzleEngine.layer()))

describe("keys", () => {
  timed("a key expires at its time, and not before", () =>
    run(Effect.gen(function*() {
      yield* Ms.psetex({ _id: "short", value: "v", milliseconds: 1500 })
      yield* Ms.set({ _id: "long", value: "v" })
      assert.deepStrictEqual(yield* Ms.ttl({ _id: "short" }), Option.some(2))
      yield* pass(1499)
      assert.deepStrictEqual(yield* Ms.pttl({ _id: "short" }), Option.some(1))
      assert.deepStrictEqual(yield* Ms.get({ _id: "short" }), Option.some("v"))
      yield* pass(1)
      assert.deepStrictEqual(yield* Ms.get({ _id: "short" }), Option.none())
      assert.deepStrictEqual(yield* Ms.pttl({ _id: "short" }), Option.none())
      assert.deepStrictEqual(yield* Ms.ttl({ _id: "long" }), Option.some(Infinity))
      assert.strictEqual(yield* Ms.dbsize(), 1)
    })))

  timed(
    "a key that is set again does not expire; one that is changed or renamed expires at its old time",
    () =>
      run(Effect.gen(function*() {
        yield* Ms.set({ _id: "written", value: 1, ex: 10 })
        yield* Ms.set({ _id: "changed", value: 1, ex: 10 })
        yield* Ms.set({ _id: "renamed", value: 1, ex: 10 })
        yield* Ms.set({ _id: "kept", value: 1, ex: 10 })
        yield* Ms.set({ _id: "written", value: 2 })
        yield* Ms.incr({ _id: "changed" })
        yield* Ms.rename({ _id: "renamed", newkey: "new" })
        assert.isTrue(yield* Ms.persist({ _id: "kept" }))
        yield* pass(10_000)
        assert.deepStrictEqual([...yield* Ms.keys({ pattern: "*" })].sort(), ["kept", "written"])
      }))
  )

  timed("`object` returns the idle time, the encoding and the references of a key", () =>
    run(Effect.gen(function*() {
      yield* Ms.set({ _id: "n", value: 7 })
      yield* pass(3000)
      assert.deepStrictEqual(yield* Ms.object({ _id: "n", subcommand: "idletime" }), Option.some(3))
      assert.deepStrictEqual(yield* Ms.object({ _id: "n", subcommand: "encoding" }), Option.some("int"))
      assert.deepStrictEqual(yield* Ms.object({ _id: "n", subcommand: "refcount" }), Option.some(2 ** 31 - 1))
      yield* Ms.get({ _id: "n" })
      assert.deepStrictEqual(yield* Ms.object({ _id: "n", subcommand: "idletime" }), Option.some(0))
      assert.deepStrictEqual(yield* Ms.object({ _id: "absent", subcommand: "encoding" }), Option.none())
    })))
})

describe("commands", () => {
  timed(
    "a transaction gives each result at its position, and none for a refused command",
    () =>
      run(Effect.gen(function*() {
        yield* Ms.sadd({ _id: "set", members: ["a"] })
        const [count, refused, members] = yield* Ms.mexecute({
          actions: [
            Ms.step(Ms.incr, { _id: "n" }),
            Ms.step(Ms.incr, { _id: "set" }),
            Ms.step(Ms.smembers, { _id: "set" })
          ]
        })
        assert.deepStrictEqual([count, refused, members], [Option.some(1), Option.none(), Option.some(["a"])])
        assert.deepStrictEqual(yield* Ms.mexecute({ actions: [] }), [])
      }))
  )

  timed("the error for a command that Redis refuses has the reason", () =>
    run(Effect.gen(function*() {
      yield* Ms.set({ _id: "text", value: "x" })
      const error: KuzzleActionError.RedisError = yield* Ms.incr({ _id: "text" }).pipe(
        Effect.catchTag("KuzzleRedisError", Effect.succeed),
        Effect.flatMap((value) =>
          typeof value === "number" ? Effect.dieMessage("the command succeeded") : Effect.succeed(value)
        )
      )
      assert.deepStrictEqual(error.props, ["ERR value is not an integer or out of range"])
    })))

  timed(
    "numbers that JSON cannot carry are refused by the client, except infinite scores",
    () =>
      run(Effect.gen(function*() {
        yield* failure(Ms.zadd({ _id: "z", elements: [{ score: NaN, member: "a" }] }), KuzzleError.EncodeError)
        yield* failure(Ms.set({ _id: "s", value: NaN }), KuzzleError.EncodeError)
        yield* Ms.zadd({ _id: "z", elements: [{ score: -Infinity, member: "a" }, { score: -0, member: "b" }] })
        yield* Ms.zincrby({ _id: "z", member: "c", value: Infinity })
        assert.deepStrictEqual(yield* Ms.zrevrange({ _id: "z", start: 0, stop: -1 }), [
          { member: "c", score: Infinity },
          { member: "b", score: 0 },
          { member: "a", score: -Infinity }
        ])
        assert.strictEqual(yield* Ms.zremrangebyscore({ _id: "z", min: Infinity, max: Infinity }), 1)
      }))
  )

  timed("empty strings and zero are kept, although Kuzzle treats them as absent", () =>
    run(Effect.gen(function*() {
      yield* Ms.mset({ entries: [{ key: "empty", value: "" }, { key: "", value: 0 }] })
      assert.deepStrictEqual(yield* Ms.mget({ keys: ["empty", "", "absent"] }), [
        Option.some(""),
        Option.some("0"),
        Option.none()
      ])
      yield* Ms.geoadd({ _id: "geo", points: [{ lon: 0, lat: 0, name: "" }] })
      const [place] = yield* Ms.geopos({ _id: "geo", members: [""] })
      assert.closeTo(Option.getOrThrow(place!).lon, 0, 1e-5)
    })))

  timed(
    "reading a HyperLogLog as text is refused, because the embedded Kuzzle has no such text",
    () =>
      run(Effect.gen(function*() {
        yield* Ms.pfadd({ _id: "pf", elements: ["a"] })
        assert.strictEqual(yield* Ms.type({ _id: "pf" }), "string")
        const error = yield* Effect.flip(Ms.get({ _id: "pf" }))
        assert.propertyVal(error, "id", "testing.engine.not_implemented")
      }))
  )
})

describe("scans", () => {
  const all = (_id: string) => Array.from({ length: 300 }, (_, i) => `${_id}-${i}`)

  timed(
    "a scan returns every member that exists throughout, whatever is added and removed meanwhile",
    () =>
      run(Effect.gen(function*() {
        const [first = "", ...more] = all("m")
        yield* Ms.sadd({ _id: "set", members: [first, ...more] })
        const scanned = new Set<string>()
        let cursor = "0"
        let pages = 0
        do {
          const page = yield* Ms.sscan({ _id: "set", cursor, count: 20 })
          page.values.forEach((value) => scanned.add(value))
          // Removes every third member, and adds others.
          yield* Ms.srem({ _id: "set", members: [`m-${pages * 3}`] })
          yield* Ms.sadd({ _id: "set", members: [`new-${pages}`] })
          cursor = page.cursor
          pages++
        } while (cursor !== "0")
        assert.isAbove(pages, 10)
        const removed = new Set(Array.from({ length: pages }, (_, page) => `m-${page * 3}`))
        for (const member of all("m")) assert.isTrue(scanned.has(member) || removed.has(member), member)
      }))
  )

  timed("a large hash and a large sorted set are read in pages of pairs", () =>
    run(Effect.gen(function*() {
      for (const name of all("f")) {
        yield* Ms.hset({ _id: "hash", field: name, value: name })
        yield* Ms.zadd({ _id: "zset", elements: [{ score: 1, member: name }] })
      }
      const one = yield* Ms.hscan({ _id: "hash", cursor: 0, count: 7 })
      assert.lengthOf(one.values, 7)
      for (const { field, value } of one.values) assert.strictEqual(field, value)
      const two = yield* Ms.zscan({ _id: "zset", cursor: 0, count: 7, match: "f-*" })
      assert.deepStrictEqual(two.values.map(({ score }) => score), Array(7).fill(1))
      assert.notStrictEqual(two.cursor, "0")
    })))
})

plainly("numbers and positions", () => {
  it("a number is unchanged after formatting and parsing", () => {
    fc.assert(fc.property(fc.double({ noNaN: true }), (n) => {
      assert.strictEqual(asFloat(formatFloat(n)), n)
    }))
  })

  it("a number is formatted with 17 digits, as in C", () => {
    assert.deepStrictEqual(
      [0.1, 100, 1e16, 1e17, 1.5e-5, 0.0001, -0, 1e300, 123456789.123].map(formatFloat),
      ["0.10000000000000001", "100", "10000000000000000", "1e+17", "1.5e-05", "0.0001", "-0", "1.0000000000000001e+300"]
        .concat("123456789.123")
    )
  })

  it("a sum of long doubles is the sum of their decimals, within 64 bits", () => {
    const sum = (a: string, b: string) => LongDouble.format(LongDouble.add(LongDouble.parse(a), LongDouble.parse(b)))
    assert.strictEqual(sum("0.1", "0.2"), "0.3")
    assert.strictEqual(sum("5.0e3", "-200"), "4800")
    fc.assert(fc.property(fc.integer(), fc.integer(), (a, b) => {
      assert.strictEqual(sum(String(a), String(b)), String(a + b))
    }))
  })

  it("a position is unchanged after encoding and decoding, within one step of the grid", () => {
    const place = fc.record({
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
      lat: fc.double({ min: -85.05112878, max: 85.05112878, noNaN: true })
    })
    fc.assert(fc.property(place, (place) => {
      const decoded = Geohash.decode(Geohash.encode(place))
      assert.closeTo(decoded.lon, place.lon, 360 / 2 ** 26)
      assert.closeTo(decoded.lat, place.lat, 180 / 2 ** 26)
    }))
  })

  it("a command that empties a key deletes it", () => {
    const db = new Database(() => 0)
    for (
      const [fill, empty] of [
        [["rpush", "k", "a"], ["lpop", "k"]],
        [["sadd", "k", "a"], ["spop", "k"]],
        [["hset", "k", "a", "b"], ["hdel", "k", "a"]],
        [["zadd", "k", "1", "a"], ["zremrangebyrank", "k", "0", "-1"]],
        [["rpush", "k", "a"], ["ltrim", "k", "1", "0"]],
        [["rpush", "k", "a"], ["lrem", "k", "0", "a"]]
      ] as const
    ) {
      execute(db, fill)
      execute(db, empty)
      assert.strictEqual(execute(db, ["dbsize"]), 0, empty[0])
    }
  })
})
