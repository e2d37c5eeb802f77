import { KuzzleServer } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { answering } from "./support/answering.ts"

const unavailable = { id: "core.fatal.service_unavailable", status: 500, message: "down", code: 2, props: [] }

const failing = (error: object, result: unknown) =>
  answering(() => new Response(JSON.stringify({ requestId: "r", status: 500, error, result }), { status: 500 }))

describe("KuzzleServer.healthCheck", () => {
  it.effect("8.E9: a service that is down is a result", () =>
    Effect.gen(function*() {
      const red = { status: "red", services: { storageEngine: "red" } }
      const health = yield* Effect.provide(
        KuzzleServer.healthCheck({ services: ["storageEngine"] }),
        failing(unavailable, red)
      )
      assert.deepStrictEqual<unknown>(health, red)
    }))

  it.effect("an error without a result, or with another status, is an error", () =>
    Effect.gen(function*() {
      const check = Effect.flip(KuzzleServer.healthCheck())
      const nothing = yield* Effect.provide(check, failing(unavailable, null))
      assert.strictEqual(nothing._tag, "KuzzleInternalError")
      const other = yield* Effect.provide(check, failing({ ...unavailable, id: "core.fatal.unexpected_error" }, {}))
      assert.strictEqual(other._tag, "KuzzleInternalError")
    }))
})
