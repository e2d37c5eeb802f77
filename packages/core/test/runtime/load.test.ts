/** High load: bounds hold, and nothing is lost within them (promises R1, S1, S4, S5, S7, L2). */
import { KuzzleHeartbeat, type KuzzleRealtime, KuzzleSchedule } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope, Stream, TestClock } from "effect"
import * as Watched from "../../src/internal/runtime/watched.ts"
import { client, document, kinds, now, obligingNetwork } from "../support/client.ts"
import { FakeNetwork, obliging, turns } from "../support/FakeSocket.ts"

const all = { index: "i", collection: "c" }

const reconnect = Effect.zipRight(TestClock.adjust("1 second"), turns())

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

/** Another filter for each number. The fake server accepts any filter. */
const filter = (n: number) => ({ equals: { n } }) as const

describe("load", () => {
  it.scoped("S4, S7, L2: of 100,000 notifications in one tick, each consumer gets those in its buffer and the number of the others", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, realtime, watch } = yield* client(network)
      const [small, large] = [
        yield* realtime.open({ ...all, bufferSize: 10 }),
        yield* realtime.open({ ...all, bufferSize: 100_000 })
      ]
      const { received: other } = yield* watch(filter(1))
      let direct = 0
      yield* realtime.listen(all, () => {
        direct += 1
      })
      for (const n of numbers(100_000)) network.current.deliver(document({}, String(n)))
      network.current.deliver(document(filter(1), "other"))
      const fiber = yield* Effect.fork(query(now))
      yield* turns()
      assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
      assert.deepStrictEqual(kinds(other), ["other"])
      assert.strictEqual(direct, 100_000)
      const few = Array.from(yield* Stream.runCollect(Stream.take(small, 11)))
      assert.deepStrictEqual(few[0], { type: "gap", cause: { _tag: "Overflow", lost: 99_990 } })
      assert.deepStrictEqual(kinds(few.slice(1)), numbers(10).map((n) => String(99_990 + n)))
      const many = kinds(Array.from(yield* Stream.runCollect(Stream.take(large, 100_000))))
      assert.strictEqual(many.findIndex((id, n) => id !== String(n)), -1)
    }))

  it.scoped("S4: a stream keeps up with 150,000 notifications, of which each read of the socket has 2,000", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { realtime } = yield* client(network)
      const stream = yield* realtime.open({ ...all, bufferSize: 10_000 })
      let received = 0
      const losses: Array<KuzzleRealtime.Notification> = []
      const consumer = yield* Effect.fork(Stream.runForEach(stream, (one) =>
        Effect.suspend(() => {
          if (one.type === "gap") losses.push(one)
          else received += 1
          return Effect.void
        })))
      yield* turns()
      yield* Effect.promise(async () => {
        // As many frames as one read of a socket contains.
        for (let read = 0; read < 75; read++) {
          for (const n of numbers(2000)) network.current.deliver(document({}, String(n)))
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
      yield* turns()
      assert.deepStrictEqual([received, losses], [150_000, []])
      yield* Fiber.interrupt(consumer)
    }))

  it.scoped("S1, S4: a thousand filters are reopened, each once, before anything else is sent", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, realtime, session } = yield* client(network)
      const received = new Map<number, Array<KuzzleRealtime.Notification>>()
      for (const n of numbers(1000)) {
        const mine: Array<KuzzleRealtime.Notification> = []
        received.set(n, mine)
        yield* realtime.listen({ ...all, filter: filter(n) }, (one) => mine.push(one))
      }
      network.current.close(1006)
      yield* reconnect
      const fiber = yield* Effect.fork(query(now))
      yield* turns(20)
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
      const opened = network.current.of("subscribe").map(({ body }) => JSON.stringify(body))
      assert.strictEqual(opened.length, 1000)
      assert.strictEqual(new Set(opened).size, 1000)
      assert.strictEqual(network.current.requests.at(-1)?.action, "now")
      for (const n of numbers(1000)) network.current.deliver(document(filter(n), String(n)))
      yield* turns()
      for (const [n, mine] of received) assert.deepStrictEqual(kinds(mine), ["Disconnected", String(n)])
    }))

  it.scoped("S5, R8, L2: 5,000 subscriptions that are opened and closed leave nothing, in the client or on the server", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { inFlight, realtime, session } = yield* client(network)
      yield* Effect.forEach(
        numbers(5000),
        (n) => Effect.scoped(Effect.asVoid(realtime.open({ ...all, filter: filter(n % 50) }))),
        { concurrency: 100, discard: true }
      )
      yield* turns(20)
      assert.strictEqual(session.realtime.client.listening?.registry.size(), 0)
      assert.strictEqual(inFlight(), 0)
      // The rooms of the server at the end: each opened room was left afterwards.
      const rooms = new Map<string, number>()
      for (const { action, body } of network.current.requests) {
        // Safe: the body of `unsubscribe` has this shape.
        const room = action === "subscribe" ? `room${JSON.stringify(body)}` : (body as { roomId: string }).roomId
        rooms.set(room, action === "subscribe" ? 1 : 0)
      }
      assert.strictEqual(rooms.size, 50)
      assert.deepStrictEqual([...rooms.values()].filter((open) => open > 0), [])
    }))

  it.scoped("R1, R3, L2: 10,000 requests of single callers all end when the connection dies, and leave nothing", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { inFlight, query } = yield* client(network)
      const fibers = yield* Effect.forEach(numbers(10_000), () => Effect.fork(Effect.exit(query(now))))
      yield* turns()
      assert.strictEqual(inFlight(), 10_000)
      network.current.close(1006)
      yield* turns(1)
      assert.strictEqual(inFlight(), 0)
      for (const exit of yield* Fiber.joinAll(fibers)) assert.isTrue(Exit.isFailure(exit))
      network.onSend = obliging
      yield* reconnect
      assert.strictEqual((yield* query(now)).status, 200)
    }))
})

describe("frames", () => {
  it.scoped("C7, L2: a flood of empty, odd and unknown frames has no effect on requests", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { inFlight, query, session, states, watch } = yield* client(network)
      const { received } = yield* watch({ a: 1 })
      // For a consumer that does not read, the newest 1024 events are kept.
      const scope = yield* Scope.make()
      const pull = yield* Scope.extend(Stream.toPull(Watched.streamOf(session.events)), scope)
      const first = yield* Effect.fork(pull)
      yield* turns()
      for (const n of numbers(10_000)) {
        for (
          const frame of [
            "",
            "{\"p\":2}",
            "{\"p\":1}",
            "null",
            "[]",
            `{"room":"${n}"}`,
            "{\"room\":null,\"error\":null}"
          ]
        ) {
          network.current.deliver(frame)
        }
      }
      yield* turns()
      assert.strictEqual((yield* Fiber.join(first)).length <= 1024, true)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(inFlight(), 0)
      assert.deepStrictEqual(states.map(({ _tag }) => _tag), ["Ready"])
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["1"])
      assert.strictEqual((yield* query(now)).status, 200)
    }))

  it.scoped("C2, C4: a flood of pongs, requested or not, gives no round trip and stops no ping", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.native = false
      const { session } = yield* client(network, { heartbeat: KuzzleHeartbeat.make("Protocol") })
      for (const _ of numbers(10_000)) network.current.deliver("{\"p\":2}")
      assert.deepStrictEqual(yield* session.roundTripTime, Option.none())
      for (let beat = 1; beat <= 3; beat++) {
        yield* TestClock.adjust("10 seconds")
        yield* turns()
        for (const _ of numbers(1000)) network.current.deliver("{\"p\":2}")
        assert.strictEqual(network.current.sent.length, beat)
      }
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.scoped("C7: every HTTP status at a reconnection is a cause, and is followed by another attempt", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network)
      network.autoOpen = false
      network.current.close(1012, "rolling restart")
      yield* turns()
      for (const status of [200, 301, 401, 403, 404, 429, 500, 502, 503, 504]) {
        network.onDial = (socket) => socket.reject(status)
        yield* reconnect
        const state = yield* session.state
        if (state._tag !== "Waiting") return assert.fail(state._tag)
        assert.deepInclude({ ...state.cause }, { _tag: "KuzzleConnectError", reason: "Rejected", status })
      }
      network.onDial = (socket) => socket.open()
      yield* reconnect
      assert.strictEqual((yield* query(now)).status, 200)
      assert.strictEqual(network.sockets.length, 12)
    }))
})

describe("pongs that are late", () => {
  /** Pulses every 10 s; each ping is answered after this many milliseconds. */
  const answeredAfter = (latency: number, timeout: number) =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const due: Array<number> = []
      let time = 0
      network.onPing = () => due.push(time + latency)
      const heartbeat = KuzzleHeartbeat.make("Native", {
        schedule: KuzzleSchedule.heartbeat({ interval: "10 seconds" }),
        pingTimeout: timeout
      })
      const { tags } = yield* client(network, { heartbeat })
      const first = network.current
      while (time < 120_000) {
        // To the next ping, answer or judgement, whichever comes first.
        const next = Math.min(...due, ...[10_000, timeout].map((step) => Math.floor(time / step) * step + step))
        const step = next - time
        time = next
        yield* TestClock.adjust(step)
        yield* turns()
        while (due[0] !== undefined && due[0] <= time) {
          due.shift()
          first.pong()
        }
      }
      return { tags: tags(), pings: first.pings, terminated: first.terminated }
    })

  it.scoped.each([9_999, 10_000, 10_001])(
    "C2, 8.A13: by an interval ± 1 ms (%d), within the timeout, end no connection",
    (late) =>
      Effect.gen(function*() {
        const { pings, tags, terminated } = yield* answeredAfter(late, 25_000)
        assert.isFalse(terminated)
        assert.deepStrictEqual(tags, ["Ready"])
        assert.isAtLeast(pings, 5)
      })
  )

  it.scoped("C2, C3: they count up to the millisecond of the timeout", () =>
    Effect.gen(function*() {
      assert.isFalse((yield* Effect.scoped(answeredAfter(4_999, 5_000))).terminated)
      assert.isTrue((yield* Effect.scoped(answeredAfter(5_001, 5_000))).terminated)
    }))
})
