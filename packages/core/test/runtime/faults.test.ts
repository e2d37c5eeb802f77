/** Faults outside of the client: schedules that die, clocks that jump, drivers that throw, late or missing answers. */
import { Kuzzle, KuzzleConfig, KuzzleHeartbeat, KuzzleHttp } from "@effect-kuzzle/core"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import type { Duration } from "effect"
import { Cause, ConfigProvider, Effect, Exit, Fiber, Layer, Option, Schedule, Scope, Stream, TestClock } from "effect"
import { inspect } from "node:util"
import { vi } from "vitest"
import { until } from "../../../../tests/suite/until.ts"
import type { Event } from "../../src/internal/protocol/clientAction.ts"
import { identityOf } from "../../src/internal/protocol/credentials.ts"
import * as Watched from "../../src/internal/runtime/watched.ts"
import { client, dial, document, failureTag, kinds, now, obligingNetwork, token } from "../support/client.ts"
import { FakeNetwork, obliging, turns } from "../support/FakeSocket.ts"
import { recordingTracer } from "../support/tracer.ts"

const expired = { room: "kuzzle:notification:server", type: "TokenExpired", status: 200 }

const channel = (filter: unknown) => {
  const roomId = `room${JSON.stringify(filter)}`
  return { roomId, channel: `${roomId}-111` }
}

const all = { index: "i", collection: "c" }

/** Advances the clock by a second, which is the delay before each dial. */
const reconnected = Effect.zipRight(TestClock.adjust("1 second"), turns())

const dying = Schedule.addDelayEffect(Schedule.forever, () => Effect.die("boom"))
const interrupting = Schedule.addDelayEffect(Schedule.forever, () => Effect.interrupt)

/** What such a schedule does, and words of the cause with which the client fails. */
const brokenSchedules = [["dies", dying, "boom"], ["interrupts itself", interrupting, "interrupted"]] as const

describe("faults: the schedule of reconnection", () => {
  for (const [how, reconnect, words] of brokenSchedules) {
    it.scoped(`C5, C7: one that ${how} fails the client, and requests and subscriptions fail with that cause`, () =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        const { query, realtime, session, tags, watch } = yield* client(network, { reconnect })
        const { end } = yield* watch({ a: 1 })
        network.onSend = undefined
        const pending = yield* Effect.fork(Effect.exit(query(now)))
        yield* turns()
        network.current.close(1006)
        yield* turns()
        const state = yield* session.state
        assert.isTrue(state._tag === "Failed" && state.cause.message.includes(words))
        assert.deepStrictEqual(tags(), ["Ready", "Failed"])
        assert.strictEqual(failureTag(yield* Fiber.join(pending)), "KuzzleMaybeSentError")
        assert.strictEqual(failureTag(yield* Fiber.await(end)), "KuzzleNotSentError")
        assert.strictEqual(failureTag(yield* Effect.exit(query(now))), "KuzzleNotSentError")
        assert.strictEqual(failureTag(yield* Effect.exit(realtime.open(all))), "KuzzleNotSentError")
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(network.sockets.length, 1)
      }))
  }

  it.effect("C7: a schedule that dies at the first dial fails the client, which does not hang", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      const dialling = yield* Effect.fork(Effect.exit(Effect.scoped(dial(network, { reconnect: dying }))))
      yield* turns()
      const exit = dialling.unsafePoll()
      assert.isNotNull(exit)
      assert.strictEqual(failureTag(yield* Fiber.join(dialling)), "KuzzleConnectError")
    }))

  it.scoped("C6: a schedule without delays dials at most once in a millisecond", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { session } = yield* client(network, { reconnect: Schedule.forever })
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      network.current.close(1006)
      yield* turns(20)
      assert.strictEqual(network.sockets.length, 1)
      for (let millis = 1; millis <= 20; millis++) {
        yield* TestClock.adjust("1 millis")
        yield* turns()
        assert.isAtMost(network.sockets.length, 1 + millis)
      }
      assert.isAbove(network.sockets.length, 10)
      assert.strictEqual((yield* session.state)._tag, "Waiting")
    }))
})

describe("faults: the other schedules of the application", () => {
  for (const [how, schedule, words] of brokenSchedules) {
    it.scoped(`C7: a schedule of subscriptions that ${how} fails the client, and no subscription waits for ever`, () =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        const { realtime, session } = yield* client(network, { resubscribe: schedule })
        network.onSend = (socket, frame) => {
          const request = JSON.parse(frame)
          queueMicrotask(() => socket.refuse(request, { id: "api.process.overloaded", status: 503 }))
        }
        const opening = yield* Effect.fork(Effect.exit(realtime.open(all)))
        yield* turns()
        assert.strictEqual(failureTag(yield* Fiber.join(opening)), "KuzzleNotSentError")
        const state = yield* session.state
        assert.isTrue(state._tag === "Failed" && state.cause.message.includes(words))
      }))

    it.scoped(`C7: a schedule of renewals that ${how} fails the client, and its cause is not lost`, () =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        const { session } = yield* client(network, { tokenRefresh: schedule })
        const exit = yield* Effect.exit(session.authentication.adopt(identityOf(token("one", 3_600_000))))
        assert.isTrue(Exit.isFailure(exit))
        const state = yield* session.state
        assert.isTrue(state._tag === "Failed" && state.cause.message.includes(words))
      }))
  }
})

describe("faults: clocks", () => {
  it.live("R2: a wall clock that is set back a day delays no deadline", () =>
    Effect.scoped(Effect.gen(function*() {
      const { query } = yield* client(new FakeNetwork())
      yield* Effect.acquireRelease(
        Effect.sync(() => vi.useFakeTimers({ toFake: ["Date"] })),
        () => Effect.sync(() => vi.useRealTimers())
      )
      const fiber = yield* Effect.fork(Effect.exit(query(now, { timeout: 50 })))
      yield* turns()
      vi.setSystemTime(Date.now() - 86_400_000)
      const outcome = yield* Effect.timeoutOption(Fiber.join(fiber), "2 seconds")
      assert.deepStrictEqual(Option.map(outcome, failureTag), Option.some("KuzzleDeadlineError"))
    })))

  it.live.each([["ahead", 86_400_000], ["back", -86_400_000]] as const)(
    "R2, C2, A1: a wall clock that is set %s by a day ends no request early, no connection, and no session unless the server refuses it",
    ([, jump]) =>
      Effect.scoped(Effect.gen(function*() {
        const network = new FakeNetwork()
        network.onPing = (socket) => setImmediate(socket.pong)
        const heartbeat = KuzzleHeartbeat.make("Native", {
          schedule: Schedule.spaced("20 millis"),
          pingTimeout: "5 seconds"
        })
        const { query, session, tags } = yield* client(network, { heartbeat })
        yield* session.authentication.adopt(identityOf(token("one", Date.now() + 3_600_000)))
        yield* Effect.acquireRelease(
          Effect.sync(() => vi.useFakeTimers({ toFake: ["Date"] })),
          () => Effect.sync(() => vi.useRealTimers())
        )
        const fiber = yield* Effect.fork(Effect.exit(query(now, { timeout: "10 seconds" })))
        yield* turns()
        vi.setSystemTime(Date.now() + jump)
        const pings = network.current.pings
        // The client has read the changed clock.
        yield* until("two pings", Effect.sync(() => network.current.pings > pings + 1))
        assert.isNull(fiber.unsafePoll())
        network.onSend = (socket, frame) => {
          const request = JSON.parse(frame)
          const result = request.action === "refreshToken" ? { _id: "ada", jwt: "two", ttl: 3_600_000 } : 1
          queueMicrotask(() => socket.answer(request, result))
        }
        assert.strictEqual((yield* query(now)).result, 1)
        // With the clock ahead, the token seems to have expired, so the client asks the server.
        assert.strictEqual(network.current.last("now").jwt, jump > 0 ? "two" : "one")
        network.current.answer(network.current.of("now")[0] ?? assert.fail(), 7)
        assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)))
        assert.strictEqual(network.sockets.length, 1)
        assert.notInclude(tags(), "Waiting")
      }))
  )

  it.scoped("C7, 8.D21: a timeout that is not a duration is refused, and infinity means no timeout", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { inFlight, query, queryMany } = yield* client(network)
      // JavaScript can pass values that the types forbid.
      const soon = "soon" as unknown as Duration.DurationInput
      for (const timeout of [soon, NaN]) {
        assert.strictEqual(failureTag(yield* Effect.exit(query(now, { timeout }))), "KuzzleEncodeError")
        const [only] = yield* queryMany([now], { timeout })
        assert.strictEqual(only && failureTag(only), "KuzzleEncodeError")
      }
      assert.deepStrictEqual(network.current.requests, [])
      const fiber = yield* Effect.fork(query(now, { timeout: Infinity }))
      yield* turns()
      yield* TestClock.adjust("100 days")
      assert.isNull(fiber.unsafePoll())
      network.current.answer(network.current.last("now"), 7)
      assert.strictEqual((yield* Fiber.join(fiber)).result, 7)
      assert.strictEqual(inFlight(), 0)
    }))
})

describe("faults: tokens", () => {
  /** The server that says that a token has expired. */
  const refusing = () => {
    const network = obligingNetwork()
    network.onSend = (socket, frame) => {
      const request = JSON.parse(frame)
      if (request.action !== "refreshToken") return obliging(socket, frame)
      queueMicrotask(() => socket.refuse(request, { id: "security.token.invalid", status: 401 }))
    }
    return network
  }

  it.scoped("T1: if another token of the connection expires, only the server knows, and the session continues", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      network.onSend = (socket, frame) => {
        const request = JSON.parse(frame)
        if (request.action !== "refreshToken") return obliging(socket, frame)
        queueMicrotask(() => socket.answer(request, { _id: "ada", jwt: "two", ttl: 60_000 }))
      }
      const { query, session, watch } = yield* client(network)
      yield* session.authentication.adopt({ ...identityOf(token("one", 60_000)), user: "ada", kuid: "ada" })
      const { received } = yield* watch({ a: 1 })
      // For example that of a login whose answer was lost.
      network.current.deliver(expired)
      yield* turns(6)
      assert.strictEqual(session.authentication.state()._tag, "Authenticated")
      assert.strictEqual((yield* query(now)).status, 200)
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["TokenExpired", "1"])
      assert.deepStrictEqual(network.current.of("subscribe").map(({ jwt }) => jwt), ["one", "two"])
    }))

  it.scoped("A1, 8.C5: if the clock is behind the server's, TokenExpired suspends the subscriptions until there is another token", () =>
    Effect.gen(function*() {
      const network = refusing()
      const { session, watch } = yield* client(network)
      yield* session.authentication.adopt(identityOf(token("one", 60_000)))
      const { end, received } = yield* watch({ a: 1 })
      network.current.deliver(expired)
      yield* turns()
      assert.strictEqual(network.current.of("subscribe").length, 1)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.strictEqual(network.current.of("subscribe").length, 1)
      assert.isNull(end.unsafePoll())
      yield* session.authentication.adopt(identityOf(token("two", 120_000)))
      yield* turns()
      assert.deepStrictEqual(network.current.of("subscribe").map(({ jwt }) => jwt), ["one", "two"])
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["TokenExpired", "1"])
    }))

  it.scoped("A1, 8.C5: a token that TokenExpired has ended opens no subscription on the next connection", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { session, watch } = yield* client(network)
      yield* session.authentication.adopt(identityOf(token("one", 9000)))
      const { end } = yield* watch({ a: 1 })
      network.current.deliver(expired)
      network.current.close(1006)
      yield* reconnected
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.deepStrictEqual(network.current.requests, [])
      assert.isNull(end.unsafePoll())
    }))

  it.scoped("A1, 8.C5: a token that expires while the connection is down opens nothing on the next one", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session, watch } = yield* client(network, { reconnect: Schedule.spaced("10 seconds") })
      yield* session.authentication.adopt(identityOf(token("one", 5_000)))
      const { end, received } = yield* watch({ a: 1 })
      network.current.close(1006)
      yield* turns()
      yield* TestClock.adjust("10 seconds")
      yield* turns()
      assert.strictEqual(network.sockets.length, 2)
      assert.strictEqual((yield* session.state)._tag, "Ready")
      // Only the server knows whether the token is dead, because the client's clock may be wrong.
      assert.deepStrictEqual(network.current.requests.map(({ action }) => action), ["refreshToken"])
      assert.strictEqual(failureTag(yield* Effect.exit(query(now))), "KuzzleUnauthenticatedError")
      assert.isNull(end.unsafePoll())
      yield* session.authentication.adopt(identityOf(token("two", 60_000)))
      yield* turns()
      assert.deepStrictEqual(network.current.of("subscribe").map(({ jwt }) => jwt), ["two"])
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["Disconnected", "1"])
    }))

  it.scoped("A3, 8.E18: when an API key replaces a login, the end of the login's session is renewed with the key", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { session, watch } = yield* client(network)
      yield* session.authentication.adopt(identityOf(token("login", 10_000)))
      const { received } = yield* watch({ a: 1 })
      yield* session.authentication.adopt(identityOf(token("key")))
      network.current.deliver(expired)
      yield* turns()
      assert.deepStrictEqual(network.current.of("subscribe").map(({ jwt }) => jwt), ["login", "key"])
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["TokenExpired", "1"])
    }))
})

describe("faults: subscriptions", () => {
  it.scoped("S2: after the scope is closed the stream ends, and emits nothing from its buffer", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { realtime } = yield* client(network)
      const scope = yield* Scope.make()
      const opened = yield* Scope.extend(realtime.open(all), scope)
      const { ended } = yield* Scope.extend(realtime.listen(all, () => {}), scope)
      const awaited = yield* Effect.fork(ended)
      network.current.deliver(document({}, "held"))
      yield* turns()
      yield* Scope.close(scope, Exit.void)
      const collected = yield* Effect.fork(Stream.runCollect(opened))
      yield* turns()
      assert.isNotNull(collected.unsafePoll())
      assert.deepStrictEqual(Array.from(yield* Fiber.join(collected)), [])
      for (const exit of [yield* Fiber.await(awaited), yield* Fiber.await(yield* Effect.fork(ended))]) {
        assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
      }
    }))

  it.scoped("S2: a stream that is being read ends with its scope", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { realtime } = yield* client(network)
      const scope = yield* Scope.make()
      const collecting = yield* Effect.fork(Stream.runCollect(yield* Scope.extend(realtime.open(all), scope)))
      network.current.deliver(document({}, "1"))
      yield* turns()
      yield* Scope.close(scope, Exit.void)
      network.current.deliver(document({}, "2"))
      yield* turns()
      assert.isNotNull(collecting.unsafePoll())
      assert.deepStrictEqual(kinds(Array.from(yield* Fiber.join(collecting))), ["1"])
    }))

  it.scoped("S5, R8: an open that is interrupted leaves no subscription, even if its scope stays open", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { realtime, session } = yield* client(network)
      const opening = yield* Effect.fork(Effect.timeoutOption(realtime.open(all), "2 seconds"))
      yield* turns()
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.join(opening)))
      assert.strictEqual(network.current.of("unsubscribe").length, 0)
      network.current.answer(network.current.last("subscribe"), channel({}))
      yield* turns()
      assert.deepStrictEqual(network.current.of("unsubscribe").map(({ body }) => body), [{ roomId: "room{}" }])
      network.current.answer(network.current.last("unsubscribe"))
      assert.strictEqual(session.realtime.client.listening?.registry.size(), 0)
      assert.strictEqual(session.requests.inFlight(), 0)
    }))

  it.scoped("R2, S5: a subscription whose answer arrives after the deadline is cancelled on the server", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { realtime, session } = yield* client(network)
      const opening = yield* Effect.fork(Effect.exit(realtime.open(all)))
      yield* turns()
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(failureTag(yield* Fiber.join(opening)), "KuzzleDeadlineError")
      assert.strictEqual((yield* session.state)._tag, "Ready")
      network.current.answer(network.current.last("subscribe"), channel({}))
      yield* turns()
      assert.strictEqual(network.current.of("unsubscribe").length, 1)
      network.current.answer(network.current.last("unsubscribe"))
      assert.strictEqual(session.realtime.client.listening?.registry.size(), 0)
      assert.strictEqual(session.requests.inFlight(), 0)
    }))

  it.scoped("R2: an open after a failed open does not hang, because it gets another connection", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { realtime, session } = yield* client(network)
      const first = yield* Effect.fork(Effect.exit(realtime.open(all)))
      yield* turns()
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(failureTag(yield* Fiber.join(first)), "KuzzleDeadlineError")
      const second = yield* Effect.fork(Effect.exit(realtime.open(all)))
      yield* turns()
      yield* TestClock.adjust("15 seconds")
      yield* turns()
      assert.isNotNull(second.unsafePoll())
      assert.strictEqual(failureTag(yield* Fiber.join(second)), "KuzzleDeadlineError")
      assert.strictEqual((yield* session.state)._tag, "Waiting")
      network.onSend = obliging
      yield* reconnected
      assert.deepStrictEqual(network.current.requests, [])
      yield* Effect.asVoid(realtime.open(all))
      assert.strictEqual(network.current.of("subscribe").length, 1)
    }))

  it.scoped("R2: an open that waits behind an unsubscribe without an answer does not hang", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { realtime } = yield* client(network)
      const scope = yield* Scope.make()
      yield* Effect.asVoid(Scope.extend(realtime.open(all), scope))
      network.onSend = undefined
      yield* Scope.close(scope, Exit.void)
      yield* Effect.forkScoped(realtime.open(all))
      yield* turns()
      assert.deepStrictEqual(network.current.requests.map(({ action }) => action), ["subscribe", "unsubscribe"])
      for (let i = 0; i < 2; i++) yield* Effect.zipRight(TestClock.adjust("15 seconds"), turns())
      network.onSend = obliging
      yield* reconnected
      assert.strictEqual(network.sockets.length, 2)
      assert.strictEqual(network.current.of("subscribe").length, 1)
    }))

  it.scoped("R5: a subscription that was opened while offline and is never answered does not hold up requests", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { query, realtime } = yield* client(network)
      network.current.close(1006)
      yield* turns()
      const opening = yield* Effect.fork(Effect.exit(realtime.open(all)))
      yield* reconnected
      assert.strictEqual(network.current.of("subscribe").length, 1)
      yield* TestClock.adjust("15 seconds")
      yield* turns()
      assert.strictEqual(failureTag(yield* Fiber.join(opening)), "KuzzleDeadlineError")
      yield* reconnected
      const fiber = yield* Effect.fork(query(now))
      yield* turns()
      network.current.answer(network.current.last("now"))
      yield* Fiber.join(fiber)
    }))

  it.scoped("R5, S1: a subscription that is not reopened in time ends the connection, and continues with the next one", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { session, watch } = yield* client(network)
      const { end, received } = yield* watch({ a: 1 })
      network.onSend = undefined
      network.current.close(1006)
      yield* reconnected
      assert.strictEqual((yield* session.state)._tag, "Resubscribing")
      yield* TestClock.adjust("15 seconds")
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Waiting")
      assert.isTrue(network.current.terminated)
      network.onSend = obliging
      yield* reconnected
      assert.strictEqual(network.sockets.length, 3)
      assert.strictEqual((yield* session.state)._tag, "Ready")
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      assert.isNull(end.unsafePoll())
      assert.deepStrictEqual(kinds(received), ["Disconnected", "1"])
    }))
})

describe("faults: drivers that throw", () => {
  it.scoped("C7, 8.A2: a send that throws is a typed error and the end of the connection", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { query, session } = yield* client(network)
      network.onSend = () => {
        throw new Error("InvalidStateError")
      }
      const tag = failureTag(yield* Effect.exit(query(now)))
      assert.include(["KuzzleNotSentError", "KuzzleMaybeSentError"], tag)
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Waiting")
      // The socket may still be open, even though it threw.
      assert.isTrue(network.current.terminated)
      network.onSend = obliging
      yield* reconnected
      assert.strictEqual((yield* query(now)).status, 200)
      assert.strictEqual(session.requests.inFlight(), 0)
    }))

  it.scoped("C7, 8.A2: a ping that throws is the end of the connection", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network, { heartbeat: KuzzleHeartbeat.make("Native") })
      network.onPing = () => {
        throw new Error("InvalidStateError")
      }
      for (let i = 0; i < 11 && network.current.pings === 0; i++) yield* reconnected
      yield* turns()
      assert.strictEqual(network.sockets[0]?.pings, 1)
      assert.strictEqual((yield* session.state)._tag, "Waiting")
      network.onPing = (socket) => socket.pong()
      yield* reconnected
      assert.strictEqual((yield* query(now)).status, 200)
    }))

  it.scoped("C7, 8.A2: a terminate that throws is ignored", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { query, session } = yield* client(network, { heartbeat: KuzzleHeartbeat.make("Native") })
      let tried = 0
      Object.defineProperty(network.current, "terminated", {
        set: () => {
          tried += 1
          throw new Error("InvalidStateError")
        }
      })
      const fiber = yield* Effect.fork(Effect.exit(query(now, { timeout: "1 minute" })))
      // No pong ever comes.
      for (let i = 0; i < 30 && tried === 0; i++) yield* reconnected
      assert.strictEqual(tried, 1)
      assert.strictEqual(failureTag(yield* Fiber.join(fiber)), "KuzzleMaybeSentError")
      network.onSend = obliging
      network.onPing = (socket) => socket.pong()
      yield* reconnected
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.strictEqual((yield* query(now)).status, 200)
    }))

  it.scoped("R8, 8.D21: an iterable of requests that throws half way leaves nothing of the first half", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { inFlight, queryMany } = yield* client(network)
      const broken = function*() {
        yield now
        yield now
        throw new Error("mine")
      }
      const exit = yield* Effect.exit(queryMany(broken()))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause) && Cause.pretty(exit.cause).includes("mine"))
      assert.strictEqual(inFlight(), 0)
    }))
})

describe("faults: endings", () => {
  it.effect("L1, C5: the streams of states and diagnostics end with the scope, also those that are opened later", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const scope = yield* Scope.make()
      const session = yield* Scope.extend(dial(network), scope)
      const states = yield* Effect.fork(Stream.runCollect(Watched.streamOf(session.states)))
      const diagnostics = yield* Effect.fork(Stream.runCollect(Watched.streamOf(session.events)))
      yield* turns()
      network.current.deliver("{")
      yield* Scope.close(scope, Exit.void)
      yield* turns()
      assert.isNotNull(states.unsafePoll())
      assert.isNotNull(diagnostics.unsafePoll())
      const reported: ReadonlyArray<Event> = Array.from(yield* Fiber.join(diagnostics))
      assert.deepStrictEqual(reported.map(({ _tag }) => _tag), ["Unroutable"])
      assert.deepStrictEqual(Array.from(yield* Fiber.join(states), ({ _tag }) => _tag), ["Ready", "Closed"])
      const late = yield* Effect.fork(
        Effect.all([
          Stream.runCollect(Watched.streamOf(session.states)),
          Stream.runCollect(Watched.streamOf(session.events))
        ])
      )
      yield* turns()
      assert.isNotNull(late.unsafePoll())
      const [closed, nothing] = yield* Fiber.join(late)
      assert.deepStrictEqual(Array.from(closed), [{ _tag: "Closed" }])
      assert.deepStrictEqual(Array.from(nothing), [])
    }))
})

describe("faults: secrets in addresses", () => {
  const url = "ws://kuzzle.test:7512/prefix?apiKey=s3cr3t"

  it.scoped("8.B15: no state shows the query", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { session, states } = yield* client(network, {
        url,
        reconnect: Schedule.recurs(1).pipe(Schedule.addDelay(() => "1 second"))
      })
      network.autoOpen = false
      network.current.close(1006)
      yield* reconnected
      network.current.error(new Error("ECONNREFUSED"))
      network.current.close(1006)
      yield* turns()
      assert.isTrue(network.current.url.includes("s3cr3t"))
      assert.deepStrictEqual(states.map(({ _tag }) => _tag), ["Ready", "Waiting", "Connecting", "Failed"])
      for (const state of [...states, yield* session.state]) {
        assert.notInclude(JSON.stringify(state), "s3cr3t")
        assert.notInclude(inspect(state, { depth: 20, showHidden: true }), "s3cr3t")
      }
    }))

  it.effect("8.B15: over HTTP, no state, span or trace header shows the query or a header", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recordingTracer()
      const requests: Array<HttpClientRequest.HttpClientRequest> = []
      const answering = HttpClient.make((request) => {
        requests.push(request)
        const answer = { status: 200, error: null, result: 1, controller: "server", action: "now" }
        return Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(answer)))
      })
      const layer = Kuzzle.layerHttp({ url, headers: { "x-proxy-token": "pr0xy" } }).pipe(
        Layer.provide(KuzzleHttp.layer),
        Layer.provide(Layer.succeed(HttpClient.HttpClient, answering))
      )
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* kuzzle.query(now).pipe(Effect.withSpan("caller"), Effect.withTracer(tracer))
        assert.notInclude(JSON.stringify(yield* kuzzle.state), "s3cr3t")
      }).pipe(Effect.provide(layer))
      assert.strictEqual(requests[0]?.headers["x-proxy-token"], "pr0xy")
      assert.isTrue(requests[0]?.url.includes("s3cr3t"))
      assert.notProperty(requests[0]?.headers, "traceparent")
      assert.notProperty(requests[0]?.headers, "b3")
      assert.include(spans.map(({ name }) => name), "caller")
      const inspected = inspect(spans, { depth: 20 })
      for (const secret of ["pr0xy", "x-proxy-token", "s3cr3t"]) assert.notInclude(inspected, secret)

      // The check can fail: the tracer receives the spans of the client.
      const request = HttpClientRequest.get("http://kuzzle.test/?apiKey=s3cr3t")
      yield* Effect.scoped(answering.execute(request)).pipe(Effect.withTracer(tracer))
      assert.include(inspect(spans, { depth: 20 }), "s3cr3t")
    }))
})

describe("faults: settings", () => {
  it.effect("8.A18: an empty KUZZLE_URL counts as unset", () =>
    Effect.gen(function*() {
      const provider = ConfigProvider.fromMap(new Map([["KUZZLE_URL", ""], ["KUZZLE_HOST", "kuzzle.test"]]), {
        pathDelim: "_"
      })
      const options = yield* Effect.withConfigProvider(KuzzleConfig.config, provider)
      assert.deepStrictEqual((yield* KuzzleConfig.make(options)).knownEndpoints, ["ws://kuzzle.test:7512/"])
    }))

  it.effect("8.A18: an address that is given twice, however it is spelled, is dialled once in a round", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      const url = ["ws://a", "ws://a", "http://a/", "ws://b", "ws://a"]
      const failing = yield* Effect.fork(Effect.exit(Effect.scoped(dial(network, { url }))))
      yield* turns()
      yield* reconnected
      assert.isNotNull(failing.unsafePoll())
      assert.strictEqual(failureTag(yield* Fiber.join(failing)), "KuzzleConnectError")
      assert.deepStrictEqual(network.sockets.map((socket) => socket.url), ["ws://a/", "ws://b/"])
    }))
})
