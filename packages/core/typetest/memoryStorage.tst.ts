/** The memory storage as the compiler sees it: missing values, empty lists, options that exclude each other. */
import type { Kuzzle, KuzzleActionError, KuzzleError } from "@effect-kuzzle/core"
import { KuzzleMemoryStorage as Ms } from "@effect-kuzzle/core"
import type { Effect, Option } from "effect"
import { describe, expect, test } from "tstyche"

type Call<A> = Effect.Effect<A, KuzzleError.RequestError | KuzzleActionError.RedisError, Kuzzle.Kuzzle>

describe("results", () => {
  test("a value that may be missing is an Option, and numbers are numbers", () => {
    expect(Ms.get({ _id: "k" })).type.toBe<Call<Option.Option<string>>>()
    expect(Ms.mget({ keys: ["k"] })).type.toBe<Call<ReadonlyArray<Option.Option<string>>>>()
    expect(Ms.zscore({ _id: "k", member: "m" })).type.toBe<Call<Option.Option<number>>>()
    expect(Ms.set({ _id: "k", value: 1 })).type.toBe<Call<boolean>>()
    expect(Ms.zrange({ _id: "k", start: 0, stop: -1 })).type.toBe<Call<ReadonlyArray<Ms.ScoredMember>>>()
    expect(Ms.dbsize()).type.toBe<Call<number>>()
    expect(Ms.object({ _id: "k", subcommand: "encoding" })).type.toBe<Call<Option.Option<string>>>()
    expect(Ms.object({ _id: "k", subcommand: "idletime" })).type.toBe<Call<Option.Option<number>>>()
  })

  test("a transaction knows the result of each step", () => {
    expect(Ms.mexecute({ actions: [Ms.step(Ms.incr, { _id: "k" }), Ms.step(Ms.get, { _id: "k" })] })).type.toBe<
      Call<readonly [Option.Option<number>, Option.Option<Option.Option<string>>]>
    >()
    expect(Ms.step(Ms.incr, { key: "k" })).type.toRaiseError()
    expect(Ms.step(Ms.expire, { _id: "k" })).type.toRaiseError()
  })
})

describe("arguments", () => {
  test("lists that must not be empty", () => {
    expect(Ms.del({ keys: ["a"] })).type.not.toRaiseError()
    expect(Ms.del({ keys: [] })).type.toRaiseError()
    expect(Ms.sadd({ _id: "k", members: [] })).type.toRaiseError()
    expect(Ms.pfadd({ _id: "k", elements: [] })).type.not.toRaiseError()
  })

  test("options that exclude each other", () => {
    expect(Ms.set({ _id: "k", value: 1, ex: 5, nx: true })).type.not.toRaiseError()
    expect(Ms.set({ _id: "k", value: 1, ex: 5, px: 5 })).type.toRaiseError()
    expect(Ms.set({ _id: "k", value: 1, nx: true, xx: true })).type.toRaiseError()
    expect(Ms.bitcount({ _id: "k", start: 0 })).type.toRaiseError()
  })

  test("bounds", () => {
    expect(Ms.zcount({ _id: "k", min: "(1.5", max: Infinity })).type.not.toRaiseError()
    expect(Ms.zcount({ _id: "k", min: "one", max: 2 })).type.toRaiseError()
    expect(Ms.zrangebylex({ _id: "k", min: "-", max: "(b" })).type.not.toRaiseError()
    expect(Ms.zrangebylex({ _id: "k", min: "a", max: "b" })).type.toRaiseError()
  })

  test("values that cannot be stored as text do not compile", () => {
    expect(Ms.set({ _id: "k", value: true })).type.toRaiseError()
    expect(Ms.set({ _id: "k", value: { a: 1 } })).type.toRaiseError()
    expect(Ms.hset({ _id: "k", field: "f", value: null })).type.toRaiseError()
  })
})
