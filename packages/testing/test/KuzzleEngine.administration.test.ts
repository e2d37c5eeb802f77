/** What the contracts cannot ask of an engine that others use too, or that takes time. */
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { connect, errorOf, resultOf } from "./support.ts"

const run = <A>(effect: Effect.Effect<A, never, KuzzleEngine.KuzzleEngine>) =>
  Effect.provide(effect, KuzzleEngine.layer())

describe("KuzzleEngine: administration", () => {
  it.effect("resetDatabase deletes every index, resetCache the memory storage", () =>
    run(Effect.gen(function*() {
      const client = yield* connect()
      client.ask("index", "create", { index: "nyc" })
      client.ask("index", "create", { index: "paris" })
      assert.deepStrictEqual(resultOf(client.ask("admin", "resetDatabase")), { acknowledge: true })
      assert.deepStrictEqual(resultOf(client.ask("index", "list")), { indexes: [] })
      client.ask("ms", "set", { _id: "a", body: { value: "b" } })
      assert.deepStrictEqual(resultOf(client.ask("admin", "resetCache", { database: "memoryStorage" })), {
        acknowledge: true
      })
      assert.strictEqual(client.ask("ms", "dbsize").result, 0)
    })))

  it.effect("says what it has not got", () =>
    run(Effect.gen(function*() {
      const client = yield* connect()
      for (const action of ["dump", "loadFixtures", "loadSecurities", "resetSecurity", "shutdown"]) {
        assert.strictEqual(errorOf(client.ask("admin", action)).id, "testing.engine.not_implemented")
      }
      assert.strictEqual(
        errorOf(client.ask("admin", "resetCache", { database: "internalCache" })).id,
        "testing.engine.not_implemented"
      )
      const yaml = client.ask("server", "openapi", { format: "yaml" })
      assert.strictEqual(errorOf(yaml).id, "testing.engine.not_implemented")
    })))

  it.effect("counts for ten seconds, then keeps empty frames, as the real server does", () =>
    run(Effect.gen(function*() {
      const client = yield* connect()
      client.ask("server", "now")
      client.ask("document", "get")
      const { hits } = resultOf(client.ask("server", "getAllStats"))
      assert.deepStrictEqual(hits, [{
        timestamp: 0,
        completedRequests: { websocket: 1 },
        connections: { internal: 1, websocket: 1 },
        failedRequests: { websocket: 1 },
        ongoingRequests: { websocket: 1 }
      }])
      yield* TestClock.adjust("25 seconds")
      const empty = { completedRequests: {}, connections: {}, failedRequests: {}, ongoingRequests: {} }
      assert.deepStrictEqual(resultOf(client.ask("server", "getAllStats")), {
        hits: [{ ...empty, timestamp: 10_000 }, { ...empty, timestamp: 20_000 }],
        total: 2
      })
      assert.deepStrictEqual(resultOf(client.ask("server", "getStats", { startTime: 10_001 })).total, 1)
      assert.deepStrictEqual(resultOf(client.ask("server", "getStats", { stopTime: 10_000 })).total, 1)
    })))
})
