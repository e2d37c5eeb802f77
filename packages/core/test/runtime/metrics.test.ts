import { Kuzzle, KuzzleHeartbeat, KuzzleHttp, KuzzleTelemetry } from "@effect-kuzzle/core"
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope, TestClock } from "effect"
import { withAccount } from "../support/account.ts"
import { client, dial, now, obligingNetwork } from "../support/client.ts"
import { FakeNetwork, turns } from "../support/FakeSocket.ts"
import { since } from "../support/metrics.ts"

describe("metrics: requests", () => {
  it.scoped("count requests in flight, and measure the time of answers", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { query, queryMany } = yield* client(network)
      const inFlight = yield* since("kuzzle.client.requests.in_flight")
      const took = yield* since("kuzzle.client.request.duration", { unit: "s" })
      const one = yield* Effect.fork(query(now))
      const many = yield* Effect.fork(queryMany([now, now, now]))
      const interrupted = yield* Effect.fork(query(now))
      yield* turns()
      assert.strictEqual((yield* inFlight).count, 5)
      yield* Fiber.interrupt(interrupted)
      assert.strictEqual((yield* inFlight).count, 4)
      yield* TestClock.adjust("250 millis")
      network.current.of("now").forEach((request) => network.current.answer(request))
      yield* Fiber.join(one)
      yield* Fiber.join(many)
      assert.strictEqual((yield* inFlight).count, 0)
      // The interrupted request was answered, too, but the client had already forgotten it.
      const { count, sum } = yield* took
      assert.strictEqual(count, 4)
      assert.closeTo(sum, 1, 0.001)
    }))

  it.scoped("a lost, late or refused request is not in flight, and a deadline is not a round trip", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { query } = yield* client(network)
      const inFlight = yield* since("kuzzle.client.requests.in_flight")
      const took = yield* since("kuzzle.client.request.duration")
      const late = yield* Effect.fork(Effect.exit(query(now, { timeout: "1 second" })))
      const refused = yield* Effect.fork(Effect.exit(query(now)))
      yield* turns()
      yield* TestClock.adjust("1 second")
      network.current.refuse(network.current.last("now"), { id: "services.storage.not_found", status: 404 })
      const lost = yield* Effect.fork(Effect.exit(query(now)))
      yield* turns()
      assert.strictEqual((yield* inFlight).count, 1)
      network.current.close(1006)
      yield* Fiber.joinAll([late, refused, lost])
      assert.strictEqual((yield* inFlight).count, 0)
      assert.strictEqual((yield* took).count, 1)
    }))

  it.effect("are the same over HTTP, with any outcome", () =>
    Effect.gen(function*() {
      const inFlight = yield* since("kuzzle.client.requests.in_flight")
      const took = yield* since("kuzzle.client.request.duration")
      let answers = Effect.delay(Effect.succeed(new Response(`{"status":200,"result":null}`)), "250 millis")
      const http = HttpClient.make((request) =>
        Effect.map(Effect.suspend(() => answers), (response) => HttpClientResponse.fromWeb(request, response))
      )
      const layer = Kuzzle.layerHttp({ url: "http://kuzzle.test:7512" }).pipe(
        Layer.provide([KuzzleHttp.layer, KuzzleTelemetry.layer]),
        Layer.provide(Layer.succeed(HttpClient.HttpClient, http))
      )
      const ask = Effect.provide(Effect.exit(Kuzzle.query(now)), layer)
      const answered = yield* Effect.fork(ask)
      yield* turns()
      assert.strictEqual((yield* inFlight).count, 1)
      yield* TestClock.adjust("250 millis")
      yield* Fiber.join(answered)
      answers = Effect.never
      const [interrupted, late] = [yield* Effect.fork(ask), yield* Effect.fork(ask)]
      yield* turns()
      assert.strictEqual((yield* inFlight).count, 2)
      yield* Fiber.interrupt(interrupted)
      yield* TestClock.adjust("15 seconds")
      yield* Fiber.join(late)
      assert.strictEqual((yield* inFlight).count, 0)
      const { count, sum } = yield* took
      assert.strictEqual(count, 1)
      assert.closeTo(sum, 0.25, 0.001)
    }))

  it.effect("count waiting requests, and none after the client is closed", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const queued = yield* since("kuzzle.client.queue.size")
      const inFlight = yield* since("kuzzle.client.requests.in_flight")
      const scope = yield* Scope.make()
      const { requests } = yield* Scope.extend(dial(network, { autoQueue: true }), scope)
      network.current.close(1006)
      yield* turns()
      const first = yield* Effect.fork(requests.queryMany([now, now]))
      yield* turns()
      assert.strictEqual((yield* queued).count, 2)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(first)
      assert.strictEqual((yield* queued).count, 0)
      network.current.close(1006)
      yield* turns()
      const second = yield* Effect.fork(requests.queryMany([now, now, now]))
      yield* turns()
      assert.strictEqual((yield* queued).count, 3)
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(second)
      assert.deepStrictEqual([(yield* queued).count, (yield* inFlight).count], [0, 0])
    }))
})

describe("metrics: the client", () => {
  it.scoped("count reconnections, not attempts", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const losses = yield* since("kuzzle.client.reconnects", { cause: "Loss" })
      yield* client(network)
      assert.strictEqual((yield* losses).count, 0)
      network.autoOpen = false
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      network.current.close(1006)
      network.autoOpen = true
      assert.strictEqual((yield* losses).count, 0)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.strictEqual((yield* losses).count, 1)
    }))

  it.scoped("count connections that were closed on purpose", () =>
    Effect.gen(function*() {
      const losses = yield* since("kuzzle.client.reconnects", { cause: "Loss" })
      const renewals = yield* since("kuzzle.client.reconnects", { cause: "Replacement" })
      const { login, subscribe } = yield* withAccount()
      yield* subscribe()
      yield* login("eve")
      assert.deepStrictEqual([(yield* renewals).count, (yield* losses).count], [1, 0])
    }))

  it.scoped("count renewals by their outcome", () =>
    Effect.gen(function*() {
      const renewed = yield* since("kuzzle.client.renewals", { outcome: "Renewed" })
      const kept = yield* since("kuzzle.client.renewals", { outcome: "Kept" })
      const sessionEnds = yield* since("kuzzle.client.renewals", { outcome: "Lost" })
      const counts = Effect.map(Effect.all([renewed, kept, sessionEnds]), (all) => all.map(({ count }) => count))
      const { expire, lose, refuse } = yield* withAccount()
      // The client has logged in at its start.
      assert.deepStrictEqual(yield* counts, [1, 0, 0])
      yield* expire
      assert.deepStrictEqual(yield* counts, [2, 0, 0])
      yield* lose
      // The lost renewal is kept, and the next connection renews the session.
      assert.deepStrictEqual(yield* counts, [3, 1, 0])
      yield* refuse
      assert.deepStrictEqual(yield* counts, [3, 1, 1])
    }))

  it.scoped("measure the round trips of pings", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const took = yield* since("kuzzle.client.ping.duration", { unit: "s" })
      yield* client(network, { heartbeat: KuzzleHeartbeat.make("Native") })
      yield* TestClock.adjust("10 seconds")
      yield* TestClock.adjust("120 millis")
      network.current.pong()
      const { count, sum } = yield* took
      assert.strictEqual(count, 1)
      assert.closeTo(sum, 0.12, 0.001)
    }))
})
