/** Actions that the contracts cannot test, because they affect all users of a server or take time. */
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

  it.effect("reports what it does not implement", () =>
    run(Effect.gen(function*() {
      const client = yield* connect()
      for (const action of ["getResetPasswordToken", "reset"]) {
        const refused = client.ask("kuzzle-plugin-auth-passport-local/password", action)
        assert.strictEqual(errorOf(refused).id, "testing.engine.not_implemented")
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

  it.effect("a feature that is not implemented is reported even if the request does not wait for its work", () =>
    run(Effect.gen(function*() {
      const client = yield* connect()
      const body = { nyc: { taxi: { properties: { a: { type: "text", norms: false } } } } }
      const answer = client.ask("admin", "loadMappings", { body, refresh: false })
      assert.strictEqual(errorOf(answer).id, "testing.engine.not_implemented")
    })))

  it.effect("admin:shutdown refuses requests for a second, then ends every connection", () =>
    run(Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      const client = yield* connect()
      const other = yield* connect()
      client.ask("index", "create", { index: "nyc" })
      assert.deepStrictEqual(resultOf(client.ask("admin", "shutdown")), { acknowledge: true })
      const refused = client.ask("server", "now")
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(errorOf(refused).id, "network.entrypoint.shutting_down")
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(errorOf(other.ask("admin", "shutdown")).id, "network.entrypoint.shutting_down")
      yield* TestClock.adjust("1 millis")
      yield* engine.awaitShutdown
      assert.deepStrictEqual([client.closed, other.closed], [[[1006, ""]], [[1006, ""]]])
      assert.strictEqual(yield* engine.connections, 0)
      assert.isUndefined(engine.connect({ send: () => {}, close: () => {} }))
      yield* engine.restart
      assert.deepStrictEqual(resultOf((yield* connect()).ask("index", "list")), { indexes: ["nyc"] })
    })))

  it.effect("fields of types that the engine only stores are refused in searches, sorts and aggregations", () =>
    run(Effect.gen(function*() {
      const client = yield* connect()
      const taxi = { index: "nyc", collection: "taxi" }
      const properties = { from: { type: "ip" }, at: { type: "geo_shape" }, seats: { type: "integer_range" } }
      client.ask("collection", "create", { ...taxi, body: { mappings: { properties } } })
      client.ask("document", "create", { ...taxi, _id: "a", body: { from: "10.0.0.9" }, refresh: "wait_for" })
      const refused = [
        { query: { term: { from: "10.0.0.0/8" } } },
        { query: { range: { from: { gt: "10.0.0.10" } } } },
        { query: { bool: { filter: { terms: { seats: [4] } } } } },
        { sort: ["at"] },
        { aggs: { x: { terms: { field: "from" } } } }
      ]
      for (const body of refused) {
        const answer = client.ask("document", "search", { ...taxi, body })
        assert.strictEqual(errorOf(answer).id, "testing.engine.not_implemented", JSON.stringify(body))
      }
      const answer = client.ask("document", "search", { ...taxi, body: { query: { exists: { field: "from" } } } })
      assert.strictEqual(resultOf(answer).total, 1)
    })))
})
