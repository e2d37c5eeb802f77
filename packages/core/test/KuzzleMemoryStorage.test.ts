import { KuzzleMemoryStorage as Ms } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { answering, type Asked } from "./support/answering.ts"

/** A server that answers every command with the same. */
const over = (result: unknown) => Effect.provide(answering(() => result))

describe("KuzzleMemoryStorage", () => {
  it.effect("8.D19: what is not there is none: no crash, no null, no NaN", () =>
    Effect.gen(function*() {
      const found = yield* Ms.geopos({ _id: "k", members: ["a", "b"] }).pipe(over([["1.5", "-2.5"], null]))
      assert.deepStrictEqual(found, [Option.some({ lon: 1.5, lat: -2.5 }), Option.none()])
      assert.deepStrictEqual(yield* Ms.geopos({ _id: "k", members: ["a"] }).pipe(over([null])), [Option.none()])
      assert.deepStrictEqual(yield* Ms.mget({ keys: ["a", "b"] }).pipe(over([null, "0"])), [
        Option.none(),
        Option.some("0")
      ])
      for (
        const command of [Ms.geodist({ _id: "k", member1: "a", member2: "b" }), Ms.zscore({ _id: "k", member: "a" })]
      ) {
        assert.deepStrictEqual(yield* over(null)(command), Option.none())
        assert.deepStrictEqual(yield* over("0")(command), Option.some(0))
      }
      assert.deepStrictEqual(yield* over(null)(Ms.get({ _id: "k" })), Option.none())
      assert.deepStrictEqual(yield* over("")(Ms.get({ _id: "k" })), Option.some(""))
    }))

  it.effect("8.E15: what is falsy is sent so that the server does not take it for absent", () =>
    Effect.gen(function*() {
      const asked: Array<Asked> = []
      const listening = Effect.provide(answering((request) => {
        asked.push(request)
        return 1
      }))
      yield* listening(Ms.geoadd({ _id: "k", points: [{ lon: 0, lat: 0, name: "" }] }))
      yield* listening(Ms.mset({ entries: [{ key: "", value: 0 }] }))
      yield* listening(Ms.hmset({ _id: "k", entries: [{ field: "", value: "" }] }))
      assert.deepStrictEqual(asked.map(({ body }) => body), [
        { points: [{ lon: "0", lat: "0", name: [""] }] },
        { entries: [{ key: [""], value: "0" }] },
        { entries: [{ field: [""], value: [""] }] }
      ])
    }))
})
