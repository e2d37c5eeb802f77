import type { KuzzleRealtime } from "@effect-kuzzle/core"
import { Kuzzle, KuzzleDebug, KuzzleHeartbeat } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import type { Context } from "effect"
import { Effect, Fiber, Layer, Schedule, Stream, TestClock } from "effect"
import { obligingNetwork } from "./support/client.ts"
import { type FakeNetwork, obliging, turns } from "./support/FakeSocket.ts"

const event = (event: string, n: number) => ({
  event,
  result: { method: event, params: { n } },
  room: "kuzzle-debugger-event"
})

const connected = (network: FakeNetwork) =>
  Layer.build(
    Kuzzle.layer({ url: "ws://kuzzle.test:7512", reconnect: Schedule.spaced("1 second") }).pipe(
      Layer.provide(network.layer),
      Layer.provide(KuzzleHeartbeat.layerDisabled)
    )
  )

/** Consumes the events, and records them in short. */
const listen = (context: Context.Context<Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime>) =>
  Effect.gen(function*() {
    const received: Array<string> = []
    const fiber = yield* Effect.fork(
      Stream.runForEach(KuzzleDebug.events, (event) =>
        Effect.sync(() =>
          received.push(event.type === "gap" ? event.cause._tag : `${event.event} ${event.params.n}`)
        )).pipe(
          Effect.provide(context)
        )
    )
    yield* turns()
    return { received, fiber }
  })

describe("KuzzleDebug.events", () => {
  it.scoped("listens to everything, and gives each consumer every event", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const context = yield* connected(network)
      const first = yield* listen(context)
      const second = yield* listen(context)
      assert.deepStrictEqual(network.current.of("addListener").map(({ body }) => body), [{ event: "*" }, {
        event: "*"
      }])
      network.current.deliver(event("Runtime.consoleAPICalled", 1))
      yield* turns()
      assert.deepStrictEqual(first.received, ["Runtime.consoleAPICalled 1"])
      assert.deepStrictEqual(second.received, ["Runtime.consoleAPICalled 1"])
    }))

  it.scoped("C7: a malformed event becomes a gap, and the next event is delivered", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { received } = yield* listen(yield* connected(network))
      const room = "kuzzle-debugger-event"
      for (const result of [undefined, null, 1, "text", [], { params: null }, { params: [] }]) {
        network.current.deliver({ room, event: "Runtime.consoleAPICalled", result })
      }
      network.current.deliver({ room, result: {} })
      network.current.deliver(event("Runtime.consoleAPICalled", 2))
      yield* turns()
      assert.deepStrictEqual(received, [...Array.from({ length: 8 }, () => "Malformed"), "Runtime.consoleAPICalled 2"])
    }))

  it.scoped("the listener is removed with the last consumer", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const context = yield* connected(network)
      const first = yield* listen(context)
      const second = yield* listen(context)
      yield* Fiber.interrupt(first.fiber)
      assert.lengthOf(network.current.of("removeListener"), 0)
      network.current.deliver(event("Debugger.paused", 2))
      yield* turns()
      assert.deepStrictEqual(second.received, ["Debugger.paused 2"])
      yield* Fiber.interrupt(second.fiber)
      assert.deepStrictEqual(network.current.of("removeListener").map(({ body }) => body), [{ event: "*" }])
    }))

  it.scoped("after a lost connection it emits a gap, subscribes again and continues", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { received } = yield* listen(yield* connected(network))
      network.current.close(1006)
      yield* turns()
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.lengthOf(network.sockets, 2)
      assert.lengthOf(network.current.of("addListener"), 1)
      network.current.deliver(event("Debugger.resumed", 3))
      yield* turns()
      assert.deepStrictEqual(received, ["Disconnected", "Debugger.resumed 3"])
    }))

  it.scoped("fails if the debugger is not enabled", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const context = yield* connected(network)
      network.onSend = undefined
      const { fiber } = yield* listen(context)
      network.onSend = obliging
      network.current.refuse(network.current.last("addListener"), { id: "core.debugger.not_enabled", status: 412 })
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag, "KuzzleDebuggerError")
    }))

  it.scoped("ends with the client, and reports how many events a slow consumer lost", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const client = yield* Effect.scoped(Effect.gen(function*() {
        const context = yield* connected(network)
        const received: Array<KuzzleDebug.DebugEvent | KuzzleRealtime.Gap> = []
        const fiber = yield* Effect.fork(
          Stream.runForEach(KuzzleDebug.events, (event) => Effect.sync(() => received.push(event))).pipe(
            Effect.provide(context)
          )
        )
        yield* turns()
        for (let n = 0; n < 1030; n++) network.current.deliver(event("Debugger.scriptParsed", n))
        yield* turns()
        return { received, fiber }
      }))
      yield* Fiber.join(client.fiber)
      assert.deepStrictEqual(client.received[0], { type: "gap", cause: { _tag: "Overflow", lost: 6 } })
      assert.lengthOf(client.received, 1025)
    }))
})
