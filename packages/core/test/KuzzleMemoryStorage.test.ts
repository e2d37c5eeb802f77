import { type Kuzzle, KuzzleMemoryStorage as Ms } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { answering, type SentRequest } from "./support/answering.ts"

/** A server that answers every command with this result. */
const answeringWith = (result: unknown) => Effect.provide(answering(() => result))

describe("KuzzleMemoryStorage", () => {
  it.effect("8.D19: a missing value is Option.none, without a crash, null or NaN", () =>
    Effect.gen(function*() {
      const positions = yield* Ms.geopos({ _id: "k", members: ["a", "b"] }).pipe(answeringWith([["1.5", "-2.5"], null]))
      assert.deepStrictEqual(positions, [Option.some({ lon: 1.5, lat: -2.5 }), Option.none()])
      assert.deepStrictEqual(yield* Ms.geopos({ _id: "k", members: ["a"] }).pipe(answeringWith([null])), [
        Option.none()
      ])
      assert.deepStrictEqual(yield* Ms.mget({ keys: ["a", "b"] }).pipe(answeringWith([null, "0"])), [
        Option.none(),
        Option.some("0")
      ])
      for (
        const command of [Ms.geodist({ _id: "k", member1: "a", member2: "b" }), Ms.zscore({ _id: "k", member: "a" })]
      ) {
        assert.deepStrictEqual(yield* answeringWith(null)(command), Option.none())
        assert.deepStrictEqual(yield* answeringWith("0")(command), Option.some(0))
      }
      assert.deepStrictEqual(yield* answeringWith(null)(Ms.get({ _id: "k" })), Option.none())
      assert.deepStrictEqual(yield* answeringWith("")(Ms.get({ _id: "k" })), Option.some(""))
    }))

  it.effect("C7: a transaction with outcomes that do not fit its steps is a typed error that names the outcome", () =>
    Effect.gen(function*() {
      const transaction = Ms.mexecute({
        actions: [Ms.step(Ms.incr, { _id: "k" }), Ms.step(Ms.zscore, { _id: "k", member: "a" })]
      })
      const wrong: ReadonlyArray<readonly [result: unknown, issue: string]> = [
        [null, "result: expected an array, got null"],
        [[], "result[0]: expected an array, got nothing"],
        [[[null, 1]], "result[1]: expected an array, got nothing"],
        [[[null, 1], null], "result[1]: expected an array, got null"],
        [[["no", 1], [null, "1"]], "result[0][0]: expected an object, got a string"],
        [[[null, "1"], [null, "1"]], "result[0][1]: expected a number, got a string"],
        [[[null, 1], [null, "one"]], "result[1][1]: expected a string of digits, got a string"]
      ]
      for (const [result, issue] of wrong) {
        const error = yield* Effect.flip(answeringWith(result)(transaction))
        assert.deepInclude(error, { _tag: "KuzzleProtocolError", controller: "ms", action: "mexecute", issue })
      }
    }))

  it.effect("C7: a text of Redis that should be a number and is not is a typed error", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [Effect.Effect<unknown, { readonly _tag: string }, Kuzzle.Kuzzle>, unknown]> =
        [
          [Ms.incrbyfloat({ _id: "k", value: 1 }), "much"],
          [Ms.incrbyfloat({ _id: "k", value: 1 }), ""],
          [Ms.zscore({ _id: "k", member: "a" }), "much"],
          [Ms.zrange({ _id: "k", start: 0, stop: 1 }), ["a", "much"]],
          [Ms.zrange({ _id: "k", start: 0, stop: 1 }), ["a"]],
          [Ms.zscan({ _id: "k", cursor: 0 }), ["0", ["a", "1", "b"]]],
          [Ms.geopos({ _id: "k", members: ["a"] }), [["1"]]],
          [Ms.geopos({ _id: "k", members: ["a"] }), [["1", "east"]]],
          [Ms.time(), ["now", "1"]],
          [Ms.hexists({ _id: "k", field: "f" }), 2]
        ]
      for (const [command, result] of wrong) {
        const error = yield* Effect.flip(answeringWith(result)(command))
        assert.strictEqual(error._tag, "KuzzleProtocolError", JSON.stringify(result))
      }
    }))

  it.effect("8.E15: a falsy value is sent in a form that the server does not treat as absent", () =>
    Effect.gen(function*() {
      const requests: Array<SentRequest> = []
      const listening = Effect.provide(answering((request) => {
        requests.push(request)
        return 1
      }))
      yield* listening(Ms.geoadd({ _id: "k", points: [{ lon: 0, lat: 0, name: "" }] }))
      yield* listening(Ms.mset({ entries: [{ key: "", value: 0 }] }))
      yield* listening(Ms.hmset({ _id: "k", entries: [{ field: "", value: "" }] }))
      assert.deepStrictEqual(requests.map(({ body }) => body), [
        { points: [{ lon: "0", lat: "0", name: [""] }] },
        { entries: [{ key: [""], value: "0" }] },
        { entries: [{ field: [""], value: [""] }] }
      ])
    }))
})
