import { type KuzzleRealtime, KuzzleSchedule } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, type Clock, Duration, Effect, Exit, Fiber, Option, Schedule, Scope, Stream, TestClock } from "effect"
import type { Event } from "../../src/internal/protocol/clientAction.ts"
import { identityOf } from "../../src/internal/protocol/credentials.ts"
import * as Watched from "../../src/internal/runtime/watched.ts"
import { client, dial, document, failureTag, kinds, now, obligingNetwork, token } from "../support/client.ts"
import { FakeNetwork, obliging, turns } from "../support/FakeSocket.ts"

describe("client: connecting", () => {
  it.scoped("C5: completes when ready, and the states show the steps", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { session, tags } = yield* client(network)
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.deepStrictEqual(tags(), ["Ready"])
    }))

  it.effect("C7, 8.A11: fails with the reason if no endpoint can be reached, and leaves no socket and no retry", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      network.onDial = (socket) => {
        socket.error(new Error("connect ECONNREFUSED 127.0.0.1:7512"))
        socket.close(1006)
      }
      const error = yield* Effect.flip(Effect.scoped(dial(network)))
      assert.strictEqual(error._tag === "KuzzleConnectError" && error.reason, "Unreachable")
      assert.include(error.message, "ECONNREFUSED")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.effect("L1: a client that cannot connect ends when it is interrupted at any step of its backoff delay", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      const endless: Array<number> = []
      // The number of steps after which fibers yield decides at which step the interruption happens.
      for (let steps = 10; steps <= 200; steps++) {
        const making = yield* Effect.scoped(dial(network)).pipe(Effect.forkDaemon, Effect.withMaxOpsBeforeYield(steps))
        for (let i = 0; i < 60 && making.unsafePoll() === null; i++) yield* turns()
        if (making.unsafePoll() === null) endless.push(steps)
      }
      assert.deepStrictEqual(endless, [])
    }))

  it.scoped("C6: an attempt begins when its delay is over, without another timer", () =>
    Effect.gen(function*() {
      const clock = yield* Effect.clock
      const slept: Array<number> = []
      const network = obligingNetwork()
      const counting: Clock.Clock = Object.assign(Object.create(clock), {
        sleep: (duration: Duration.Duration) => {
          slept.push(Duration.toMillis(duration))
          return clock.sleep(duration)
        }
      })
      yield* Effect.withClock(client(network), counting)
      network.current.close(1006)
      yield* turns()
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.strictEqual(network.sockets.length, 2)
      assert.deepStrictEqual(slept.filter((millis) => millis < 1000), [])
    }))

  it.effect("C7, 8.A10: a handshake that hangs and one that is rejected are different errors", () =>
    Effect.gen(function*() {
      const hanging = new FakeNetwork()
      hanging.autoOpen = false
      const first = yield* Effect.fork(Effect.flip(Effect.scoped(dial(hanging))))
      yield* turns()
      yield* TestClock.adjust("10 seconds")
      const timeout = yield* Fiber.join(first)
      assert.strictEqual(timeout._tag === "KuzzleConnectError" && timeout.reason, "Timeout")
      assert.isTrue(hanging.current.terminated)

      const rejecting = new FakeNetwork()
      rejecting.autoOpen = false
      rejecting.onDial = (socket) => socket.reject(401)
      const rejected = yield* Effect.flip(Effect.scoped(dial(rejecting)))
      assert.deepInclude({ ...rejected }, { reason: "Rejected", status: 401 })
    }))

  it.scoped("C6: a server that accepts and closes at once is dialled with the same delays as one that is down", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.onDial = (socket) => socket.close(1001, "busy")
      const { session } = yield* client(network, { reconnect: Schedule.exponential("1 second") })
      const delays: Array<number> = []
      for (let i = 0; i < 4; i++) {
        const state = yield* session.state
        if (state._tag !== "Waiting") return assert.fail(state._tag)
        assert.include(state.cause.message, "closed with code 1001 (busy)")
        delays.push(Duration.toMillis(state.delay))
        yield* TestClock.adjust(state.delay)
        yield* turns()
      }
      assert.deepStrictEqual(delays, [1000, 2000, 4000, 8000])
    }))

  it.scoped("8.A18: several endpoints are tried in turn until one answers", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      network.onDial = (socket) => (socket.url.includes("good") ? socket.open() : socket.close(1006))
      const connecting = yield* Effect.forkScoped(
        client(network, { url: ["ws://bad-1", "ws://bad-2", "ws://good"] })
      )
      for (let i = 0; i < 3; i++) {
        yield* turns()
        yield* TestClock.adjust("1 second")
      }
      const { session } = yield* Fiber.join(connecting)
      assert.deepStrictEqual(network.sockets.map(({ url }) => url), ["ws://bad-1/", "ws://bad-2/", "ws://good/"])
      const state = yield* session.state
      assert.isTrue(state._tag === "Ready" && state.endpoint === "ws://good/")
    }))

  it.effect("8.A18: the client fails after each endpoint was tried once", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      const failing = yield* Effect.fork(Effect.exit(Effect.scoped(dial(network, { url: ["ws://a", "ws://b"] }))))
      yield* turns()
      assert.isNull(failing.unsafePoll())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(failureTag(yield* Fiber.join(failing)), "KuzzleConnectError")
      assert.strictEqual(network.sockets.length, 2)
    }))
})

describe("client: reconnecting", () => {
  it.scoped("C5, C7, 8.A2: after every close that the client did not request there is another connection, also after code 1000", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { query, session, states, tags } = yield* client(network)
      // All codes of RFC 6455 and its registry, the limits of the private ranges, and forbidden codes.
      const codes = [...Array.from({ length: 16 }, (_, n) => 1000 + n), 3000, 3999, 4000, 4999, 0, 65535]
      for (const code of codes) {
        network.current.close(code, `reason ${code}`)
        yield* turns()
        const state = yield* session.state
        assert.isTrue(
          state._tag === "Waiting" && Duration.toMillis(state.delay) === 1000 &&
            state.cause._tag === "KuzzleConnectionEndedError" &&
            state.cause.code === code
        )
        yield* TestClock.adjust("1 second")
        yield* turns()
        assert.strictEqual((yield* session.state)._tag, "Ready")
      }
      assert.strictEqual(network.sockets.length, codes.length + 1)
      assert.deepStrictEqual(
        tags(),
        ["Ready", ...codes.flatMap(() => ["Waiting", "Connecting", "Resubscribing", "Ready"])]
      )
      assert.isTrue(
        states.every((state) => state._tag !== "Waiting" || state.cause.message.includes("closed with code"))
      )
      network.onSend = obliging
      assert.strictEqual((yield* query(now)).status, 200)
    }))

  it.scoped("C6: an endpoint is not dialled before its Retry-After is over, the others are dialled as usual", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { session } = yield* client(network, { url: ["ws://busy", "ws://gone"] })
      const dialled: Array<readonly [string, number]> = []
      network.autoOpen = false
      network.onDial = (socket) => {
        dialled.push([socket.url, clock.unsafeCurrentTimeMillis()])
        if (socket.url.includes("busy")) socket.reject(503, { "retry-after": "20" })
        else socket.close(1006)
      }
      const clock = yield* Effect.clock
      network.current.close(1006)
      yield* turns()
      for (let second = 0; second < 30; second++) {
        yield* TestClock.adjust("1 second")
        yield* turns()
      }
      assert.deepStrictEqual(dialled, [
        ["ws://gone/", 1000],
        ["ws://busy/", 2000],
        ["ws://gone/", 3000],
        ["ws://busy/", 23_000],
        ["ws://gone/", 24_000]
      ])
      assert.strictEqual((yield* session.state)._tag, "Waiting")
    }))

  it.scoped("C6: Retry-After also counts for an endpoint whose position in the list has changed", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const clock = yield* Effect.clock
      let list = ["ws://a", "ws://busy"]
      yield* client(network, { url: Effect.sync(() => list) })
      const dialled: Array<readonly [string, number]> = []
      network.autoOpen = false
      network.onDial = (socket) => {
        dialled.push([socket.url, clock.unsafeCurrentTimeMillis()])
        socket.reject(503, { "retry-after": "20" })
        list = ["ws://busy", "ws://a"]
      }
      network.current.close(1006)
      yield* turns()
      for (let second = 0; second < 21; second++) {
        yield* TestClock.adjust("1 second")
        yield* turns()
      }
      assert.deepStrictEqual(dialled, [["ws://busy/", 1000], ["ws://busy/", 21_000]])
    }))

  it.scoped("C1: at most one socket is open, and a late one is closed and ignored", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { query, session } = yield* client(network)
      const old = network.current
      old.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      const fiber = yield* Effect.fork(query(now))
      yield* turns()
      old.open()
      old.deliver({ room: network.current.last("now").requestId, status: 200, error: null })
      old.close(1006)
      yield* turns()
      assert.isNull(fiber.unsafePoll())
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.strictEqual(network.sockets.length, 2)
    }))

  it.scoped("C6, 8.A12: the backoff continues until a connection was stable, then starts from its beginning", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { session } = yield* client(network, {
        reconnect: Schedule.exponential("1 second"),
        stableAfter: "30 seconds"
      })
      const lose = Effect.gen(function*() {
        network.current.close(1006)
        yield* turns()
        const state = yield* session.state
        if (state._tag !== "Waiting") return assert.fail(state._tag)
        yield* TestClock.adjust(state.delay)
        yield* turns()
        return [Duration.toMillis(state.delay), state.attempt] as const
      })
      const unstable = [yield* lose, yield* lose, yield* lose]
      assert.deepStrictEqual(unstable, [[1000, 2], [2000, 3], [4000, 4]])
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(yield* lose, [8000, 5])
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* lose, [1000, 1])
    }))

  it.scoped("8.A18: after an unstable connection the next endpoint is dialled", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { session } = yield* client(network, { url: ["ws://a", "ws://b"] })
      network.autoOpen = false
      network.current.close(1006)
      for (let i = 0; i < 3; i++) {
        yield* TestClock.adjust("1 second")
        yield* turns()
        network.current.close(1006)
        yield* turns()
      }
      assert.deepStrictEqual(network.sockets.map(({ url }) => url), ["ws://a/", "ws://b/", "ws://a/", "ws://b/"])
      assert.strictEqual((yield* session.state)._tag, "Waiting")
    }))

  for (const id of ["api.process.shutting_down", "network.entrypoint.shutting_down"]) {
    it.scoped(`8.A18: after the refusal ${id}, the next endpoint is dialled as soon as requests in flight are answered`, () =>
      Effect.gen(function*() {
        const network = new FakeNetwork()
        const { query } = yield* client(network, { url: ["ws://a", "ws://b"] })
        const [slow, refused] = [yield* Effect.fork(query(now)), yield* Effect.fork(Effect.exit(query(now)))]
        yield* turns()
        const [first] = network.sockets
        first!.refuse(first!.last("now"), { id, status: 503 })
        yield* turns()
        assert.strictEqual(failureTag(yield* Fiber.join(refused)), "KuzzleServiceUnavailableError")
        const waiting = yield* Effect.fork(query(now))
        yield* turns()
        assert.lengthOf(network.sockets, 1)
        first!.answer(first!.of("now")[0]!)
        yield* Fiber.join(slow)
        yield* turns()
        assert.deepStrictEqual(network.sockets.map(({ url }) => url), ["ws://a/", "ws://b/"])
        network.current.answer(network.current.last("now"))
        yield* Fiber.join(waiting)
        // C6: two servers that shut down are not dialled in turn endlessly.
        yield* Effect.fork(query(now))
        yield* turns()
        network.current.refuse(network.current.last("now"), { id, status: 503 })
        yield* turns()
        assert.lengthOf(network.sockets, 2)
      }))
  }

  it.scoped("8.A18: the connection to a server that shuts down is kept if there is no other endpoint", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { query } = yield* client(network)
      yield* Effect.fork(Effect.exit(query(now)))
      yield* turns()
      network.current.refuse(network.current.last("now"), { id: "api.process.shutting_down", status: 503 })
      yield* turns()
      assert.lengthOf(network.sockets, 1)
    }))

  it.scoped("R1, C5: when the schedule ends, the client fails, and so do all requests and subscriptions, old and new", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, realtime, session, tags, watch } = yield* client(network, {
        reconnect: Schedule.recurs(1).pipe(Schedule.addDelay(() => "1 second"))
      })
      const { end } = yield* watch({ a: 1 })
      network.autoOpen = false
      network.current.close(1006)
      yield* turns()
      yield* TestClock.adjust("1 second")
      yield* turns()
      network.current.close(1006)
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Failed")
      assert.deepStrictEqual(tags().slice(-3), ["Waiting", "Connecting", "Failed"])
      assert.strictEqual(failureTag(yield* Fiber.await(end)), "KuzzleNotSentError")
      assert.strictEqual(failureTag(yield* Effect.exit(query(now))), "KuzzleNotSentError")
      const late = yield* Effect.fork(Effect.exit(Effect.scoped(realtime.open({ index: "i", collection: "c" }))))
      yield* turns()
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(failureTag(yield* Fiber.join(late)), "KuzzleNotSentError")
      assert.strictEqual(network.sockets.length, 2)
    }))
})

describe("client: subscriptions", () => {
  it.scoped("R5, 8.D4: after a loss subscriptions are sent before the requests that were submitted meanwhile", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session, watch } = yield* client(network)
      yield* watch({ a: 1 })
      yield* watch({ b: 1 })
      network.onSend = undefined
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      const socket = network.current
      assert.strictEqual((yield* session.state)._tag, "Resubscribing")
      const fibers = yield* Effect.forEach([1, 2, 3], (n) => Effect.fork(query({ ...now, n })))
      yield* turns()
      assert.deepStrictEqual(socket.requests.map(({ action }) => action), ["subscribe", "subscribe"])
      for (const request of socket.of("subscribe")) {
        assert.strictEqual((yield* session.state)._tag, "Resubscribing")
        const roomId = `room${JSON.stringify(request.body)}`
        socket.answer(request, { roomId, channel: `${roomId}-111` })
      }
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.deepStrictEqual(socket.of("now").map(({ n }) => n), [1, 2, 3])
      socket.of("now").forEach((request) => socket.answer(request))
      yield* Fiber.joinAll(fibers)
    }))

  it.scoped("S4, 8.C7: a loss is announced before the next notification, once, and never without one", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { watch } = yield* client(network)
      const { received } = yield* watch({ a: 1 })
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      for (const round of [2, 3]) {
        network.current.close(1006)
        yield* TestClock.adjust("1 second")
        yield* turns()
        network.current.deliver(document({ a: 1 }, String(round)))
        yield* turns()
      }
      assert.deepStrictEqual(kinds(received), ["1", "Disconnected", "2", "Disconnected", "3"])
      const joined = yield* watch({ a: 1 })
      network.current.deliver(document({ a: 1 }, "4"))
      yield* turns()
      assert.deepStrictEqual(kinds(joined.received), ["4"])
    }))

  it.scoped("S3, 8.C1: a notification before the answer, or in the same packet, is delivered", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { watch } = yield* client(network)
      const opening = yield* Effect.fork(watch({ a: 1 }))
      yield* turns()
      network.current.deliver(document({ a: 1 }, "early"))
      const roomId = "room{\"a\":1}"
      network.current.answer(network.current.last("subscribe"), { roomId, channel: `${roomId}-111` })
      network.current.deliver(document({ a: 1 }, "behind"))
      yield* turns()
      const { received } = yield* Fiber.join(opening)
      network.current.deliver(document({ a: 1 }, "later"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["early", "behind", "later"])
    }))

  it.scoped("S5, 8.C2: equal filters share one subscription of the server, which ends with the last consumer", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { realtime } = yield* client(network)
      const open = (filter: KuzzleRealtime.SubscribeOptions["filter"]) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          yield* Effect.asVoid(Scope.extend(realtime.open({ index: "i", collection: "c", filter }), scope))
          return scope
        })
      const first = yield* open({ and: [{ exists: "a" }, { equals: { b: 1 } }] })
      const second = yield* open({ and: [{ exists: "a" }, { equals: { b: 1 } }] })
      assert.strictEqual(network.current.of("subscribe").length, 1)
      yield* Scope.close(first, Exit.void)
      yield* turns()
      assert.strictEqual(network.current.of("unsubscribe").length, 0)
      yield* Scope.close(second, Exit.void)
      yield* turns()
      assert.strictEqual(network.current.of("unsubscribe").length, 1)
    }))

  it.scoped("L2: a frame above maxResponseSize is not parsed: if its request is known, only that request fails", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session, watch } = yield* client(network, { maxResponseSize: 500 })
      const { received } = yield* watch({})
      const ask = Effect.gen(function*() {
        network.onSend = undefined
        const fiber = yield* Effect.fork(Effect.exit(query(now)))
        yield* turns()
        return { fiber, id: network.current.last("now").requestId }
      })
      const [one, other] = [yield* ask, yield* ask]
      const frame = (room: string) => `{"result":"${"x".repeat(500)}\\"room\\":\\"${other.id}\\"}","room":"${room}"}`
      network.current.deliver(frame(one.id))
      const exit = yield* Fiber.join(one.fiber)
      assert.strictEqual(failureTag(exit), "KuzzleResponseTooLargeError")
      assert.isNull(other.fiber.unsafePoll())
      assert.strictEqual((yield* session.state)._tag, "Ready")
      // A notification that is not delivered must be announced. Here, as on Node, the connection ends.
      network.current.deliver(frame("room{}-111"))
      const cut = yield* Fiber.join(other.fiber)
      assert.strictEqual(failureTag(cut), "KuzzleMaybeSentError")
      const state = yield* session.state
      assert.isTrue(
        state._tag === "Waiting" && state.cause._tag === "KuzzleConnectionEndedError" && state.cause.by === "Oversized"
      )
      network.onSend = obliging
      yield* TestClock.adjust("1 second")
      yield* turns()
      network.current.deliver(document({}, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["Disconnected", "1"])
      // A frame with exactly the largest size is read.
      network.current.deliver(
        JSON.stringify({ ...document({}, "2"), text: "" }).replace(/""\}$/, (end) => {
          const length = JSON.stringify({ ...document({}, "2"), text: "" }).length
          return `"${"x".repeat(500 - length)}${end.slice(1)}`
        })
      )
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["Disconnected", "1", "2"])
    }))

  it.scoped("S2: nothing is delivered after the scope is closed", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { realtime } = yield* client(network)
      const received: Array<KuzzleRealtime.Notification> = []
      const scope = yield* Scope.make()
      yield* Scope.extend(realtime.listen({ index: "i", collection: "c" }, (one) => received.push(one)), scope)
      network.current.deliver(document({}, "1"))
      yield* Scope.close(scope, Exit.void)
      network.current.deliver(document({}, "2"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["1"])
    }))

  it.scoped("S6, 8.C3: a subscription that is refused when it is reopened ends with the error, and the others continue", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { session, watch } = yield* client(network)
      const refused = yield* watch({ a: 1 })
      const granted = yield* watch({ b: 1 })
      network.onSend = (socket, frame) => {
        const request = JSON.parse(frame)
        if (JSON.stringify(request.body) === "{\"a\":1}") {
          queueMicrotask(() => socket.refuse(request, { id: "security.rights.forbidden", status: 403 }))
        } else obliging(socket, frame)
      }
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.strictEqual(failureTag(yield* Fiber.await(refused.end)), "KuzzleForbiddenError")
      assert.strictEqual((yield* session.state)._tag, "Ready")
      network.current.deliver(document({ b: 1 }, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(granted.received), ["Disconnected", "1"])
    }))

  it.scoped("8.C4: a subscription that is closed while offline is not reopened", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { realtime } = yield* client(network)
      const scope = yield* Scope.make()
      yield* Effect.asVoid(Scope.extend(realtime.open({ index: "i", collection: "c" }), scope))
      network.current.close(1006)
      yield* turns()
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.deepStrictEqual(network.current.requests, [])
    }))

  it.scoped("8.C4: a subscription that is opened while offline waits for the connection", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { watch } = yield* client(network)
      network.current.close(1006)
      yield* turns()
      const opening = yield* Effect.fork(watch({ a: 1 }))
      yield* TestClock.adjust("1 second")
      yield* turns()
      const { received } = yield* Fiber.join(opening)
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["1"])
    }))

  it.scoped("S4, S7, L2, 8.E6: a consumer that does not read loses its own notifications, gets their number, and delays no other consumer", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, realtime, watch } = yield* client(network)
      const lazy = yield* realtime.open({ index: "i", collection: "c", bufferSize: 3 })
      const { received } = yield* watch({})
      for (let n = 0; n < 10; n++) network.current.deliver(document({}, String(n)))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
      assert.strictEqual((yield* query(now)).status, 200)
      const late = Array.from(yield* Stream.runCollect(Stream.take(lazy, 4)))
      assert.deepStrictEqual(kinds(late), ["Overflow", "7", "8", "9"])
      assert.isTrue(late[0]?.type === "gap" && late[0].cause._tag === "Overflow" && late[0].cause.lost === 7)
    }))

  it.scoped("8.C8: a handler that throws ends its own subscription, and no other", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, realtime, watch } = yield* client(network)
      const { received } = yield* watch({})
      const { ended: end } = yield* realtime.listen({ index: "i", collection: "c" }, () => {
        throw new Error("mine")
      })
      network.current.deliver(document({}, "1"))
      const exit = yield* Effect.exit(end)
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["1"])
      assert.strictEqual((yield* query(now)).status, 200)
    }))

  it.scoped("C7: a filter of any depth is subscribed to or refused, and throws nothing", () =>
    Effect.gen(function*() {
      const { realtime } = yield* client(obligingNetwork())
      for (const depth of [10, 1_000, 3_000, 6_000, 100_000]) {
        let filter: object = { exists: "a" }
        for (let i = 0; i < depth; i++) filter = { not: filter }
        // The type does not limit the depth of a filter.
        const nested = filter as { readonly exists: string }
        const exit = yield* Effect.exit(realtime.open({ index: "i", collection: "c", filter: nested }))
        assert.isTrue(Exit.isSuccess(exit) || failureTag(exit) === "KuzzleEncodeError", `${depth} levels`)
      }
    }))

  it.scoped("C7: a filter that JSON cannot carry, and an answer without a channel, are typed errors", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { realtime } = yield* client(network)
      const odd = { index: "i", collection: "c", volatile: { a: 1n } }
      assert.strictEqual(failureTag(yield* Effect.exit(realtime.open(odd))), "KuzzleEncodeError")
      const infinite = { index: "i", collection: "c", filter: { range: { a: { gt: NaN } } } }
      assert.strictEqual(failureTag(yield* Effect.exit(realtime.open(infinite))), "KuzzleEncodeError")
      const opening = yield* Effect.fork(Effect.exit(realtime.open({ index: "i", collection: "c" })))
      yield* turns()
      network.current.answer(network.current.last("subscribe"), { roomId: "r" })
      assert.strictEqual(failureTag(yield* Fiber.join(opening)), "KuzzleProtocolError")
    }))

  it.scoped("A1, 8.C5: an expired token suspends subscriptions until there is another, and announces the gap", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session, watch } = yield* client(network)
      const diagnostics: Array<Event> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Watched.streamOf(session.events), (one) => Effect.sync(() => diagnostics.push(one)))
      )
      yield* session.authentication.adopt(identityOf(token("one", 9000)))
      const { received } = yield* watch({ a: 1 })
      const before = network.current.of("subscribe").length
      network.current.deliver({ room: "kuzzle:notification:server", type: "TokenExpired", status: 200 })
      yield* turns()
      assert.strictEqual(network.current.of("subscribe").length, before)
      assert.strictEqual(failureTag(yield* Effect.exit(query(now))), "KuzzleUnauthenticatedError")
      assert.strictEqual((yield* query(now, { anonymous: true })).status, 200)
      assert.strictEqual(session.authentication.state()._tag, "Unauthenticated")
      const opening = yield* Effect.fork(watch({ b: 1 }))
      yield* turns()
      assert.isNull(opening.unsafePoll())
      yield* session.authentication.adopt(identityOf(token("two")))
      yield* turns()
      yield* Fiber.join(opening)
      assert.deepStrictEqual(network.current.of("subscribe").slice(before).map(({ jwt }) => jwt), ["two", "two"])
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["TokenExpired", "1"])
      assert.includeMembers(diagnostics.map(({ _tag }) => _tag), ["TokenExpired", "SessionLost"])
    }))

  it.scoped("A1, 8.C5: an expired token does not reopen subscriptions on the next connection", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session, watch } = yield* client(network)
      yield* session.authentication.adopt(identityOf(token("one", 9000)))
      const { end } = yield* watch({ a: 1 })
      network.current.deliver({ room: "kuzzle:notification:server", type: "TokenExpired" })
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.deepStrictEqual(network.current.requests, [])
      assert.strictEqual((yield* query(now, { anonymous: true })).status, 200)
      yield* session.authentication.adopt(identityOf(token("two")))
      yield* turns()
      assert.strictEqual(network.current.of("subscribe").length, 1)
      assert.isNull(end.unsafePoll())
    }))

  it.scoped("A1: a token that expires during resubscription does not hold up requests", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session, watch } = yield* client(network)
      yield* session.authentication.adopt(identityOf(token("one", 9000)))
      yield* watch({ a: 1 })
      network.onSend = undefined
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      const login = yield* Effect.fork(query({ controller: "auth", action: "login" }, { anonymous: true }))
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Resubscribing")
      network.current.deliver({ room: "kuzzle:notification:server", type: "TokenExpired" })
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Ready")
      network.current.answer(network.current.last("login"), {})
      yield* Fiber.join(login)
    }))

  it.scoped("A3, 8.E18: after the end of an earlier token, subscriptions are reopened at once with the valid one", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { session, watch } = yield* client(network)
      yield* session.authentication.adopt(identityOf(token("earlier", 10_000)))
      yield* session.authentication.adopt(identityOf(token("good", 60_000)))
      const { received } = yield* watch({ a: 1 })
      network.current.deliver({ room: "kuzzle:notification:server", type: "TokenExpired" })
      yield* turns()
      assert.strictEqual(network.current.of("subscribe").length, 2)
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["TokenExpired", "1"])
    }))
})

describe("client: closing", () => {
  it.effect("L1, C5, 8.A16: the socket is closed, pending requests fail, the last state is published, nothing is dialled again", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const scope = yield* Scope.make()
      const session = yield* Scope.extend(dial(network), scope)
      const states = yield* Effect.fork(Stream.runCollect(Watched.streamOf(session.states)))
      const fiber = yield* Effect.fork(Effect.exit(session.requests.query(now)))
      yield* turns()
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(failureTag(yield* Fiber.join(fiber)), "KuzzleMaybeSentError")
      assert.isTrue(network.current.terminated)
      assert.deepStrictEqual(Array.from(yield* Fiber.join(states), ({ _tag }) => _tag), ["Ready", "Closed"])
      assert.strictEqual(failureTag(yield* Effect.exit(session.requests.query(now))), "KuzzleNotSentError")
      assert.strictEqual(session.requests.inFlight(), 0)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.effect("L1: a client that is made in an uninterruptible region, such as an acquisition, can be closed", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const using = Effect.uninterruptible(Effect.scoped(dial(network)))
      const ended = yield* Effect.forkDaemon(using)
      yield* turns(20)
      assert.isNotNull(ended.unsafePoll())
      assert.isTrue(network.current.terminated)
    }))

  it.effect("L1: a client that waits for its address in an uninterruptible region can be closed", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const waiting = dial(network, { waitForConnection: false, url: Effect.never })
      const ended = yield* Effect.forkDaemon(Effect.uninterruptible(Effect.scoped(waiting)))
      yield* turns(20)
      assert.isNotNull(ended.unsafePoll())
      assert.lengthOf(network.sockets, 0)
    }))

  it.effect("8.A7: closing before or during the next attempt cancels it", () =>
    Effect.gen(function*() {
      for (const isDialling of [false, true]) {
        const network = new FakeNetwork()
        const scope = yield* Scope.make()
        yield* Scope.extend(dial(network), scope)
        network.autoOpen = false
        network.current.close(1006)
        yield* turns()
        if (isDialling) yield* TestClock.adjust("1 second")
        yield* turns()
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(network.current.terminated, isDialling)
        const dialled = network.sockets.length
        network.current.open()
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(network.sockets.length, dialled)
      }
    }))

  it.effect("L1: a subscription that is opened on a closed client fails", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { realtime } = yield* Effect.scoped(client(network))
      const exit = yield* Effect.exit(Effect.scoped(realtime.open({ index: "i", collection: "c" })))
      assert.strictEqual(failureTag(exit), "KuzzleNotSentError")
    }))

  it.live("L1, 8.D2: with the live clock, no timer of the host outlives the client", () =>
    Effect.gen(function*() {
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length
      yield* turns()
      const before = timers()
      const network = obligingNetwork()
      yield* Effect.scoped(Effect.gen(function*() {
        const { query, session, watch } = yield* client(network, {
          requestTimeout: "60 seconds",
          reconnect: KuzzleSchedule.reconnect()
        })
        yield* watch({ a: 1 })
        for (let i = 0; i < 1000; i++) yield* query(now)
        assert.strictEqual(session.requests.inFlight(), 0)
        assert.isAtMost(timers() - before, 1)
        network.current.close(1006)
        yield* turns()
      }))
      yield* turns()
      assert.isAtMost(timers(), before)
    }))
})

describe("client: diagnostics", () => {
  it.scoped("C7, 8.A5, 8.D1, 8.E1: a frame that no request or subscription expects is reported, and has no other effect", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network)
      const diagnostics: Array<Event> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Watched.streamOf(session.events), (one) => Effect.sync(() => diagnostics.push(one)))
      )
      yield* turns()
      const limited = {
        status: 429,
        requestId: "x",
        error: { id: "network.websocket.ratelimit_exceeded", status: 429 }
      }
      for (const frame of ["", "{", "null", "[]", "7", { room: "unknown" }, limited]) network.current.deliver(frame)
      yield* turns()
      assert.deepStrictEqual(
        diagnostics.map((one) => (one._tag === "Unroutable" ? [one.reason, Option.getOrUndefined(one.errorId)] : [])),
        [
          ["NotJson", undefined],
          ["NotJson", undefined],
          ["NotAnObject", undefined],
          ["NotAnObject", undefined],
          ["NotAnObject", undefined],
          ["UnknownRoom", undefined],
          ["NoRoom", "network.websocket.ratelimit_exceeded"]
        ]
      )
      assert.strictEqual((yield* query(now)).status, 200)
    }))
})
