/** The offline queue: requests without a connection, and their outcomes (promises R2, R5, R6, R8, L2). */
import type { KuzzleError } from "@effect-kuzzle/core"
import { assert, describe, it, vi } from "@effect/vitest"
import { Cause, type Duration, Effect, Exit, Fiber, Redacted, Schedule, Scope, Stream, TestClock } from "effect"
import type { Event } from "../../src/internal/protocol/clientAction.ts"
import { identityOf } from "../../src/internal/protocol/credentials.ts"
import * as Watched from "../../src/internal/runtime/watched.ts"
import { client, obligingNetwork, token } from "../support/client.ts"
import { FakeNetwork, obliging, turns } from "../support/FakeSocket.ts"

const request = (n: number) => ({ controller: "document", action: "create", body: { n } })
// The bodies of `request`.
const bodies = (network: FakeNetwork) => network.current.of("create").map(({ body }) => (body as { n: number }).n)
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const lose = (network: FakeNetwork) =>
  Effect.zipRight(
    Effect.sync(() => network.current.close(1006)),
    turns()
  )
const reconnect = Effect.zipRight(TestClock.adjust("1 second"), turns())

const errorOf = <E>(exit: Exit.Exit<unknown, E>): E | undefined =>
  Exit.isFailure(exit) ? Array.from(Cause.failures(exit.cause))[0] : undefined

/** The reason why a request was not queued, or has left the queue. */
const reasonOf = (exit: Exit.Exit<unknown, KuzzleError.RequestError>) => {
  const error = errorOf(exit)
  if (error?._tag !== "KuzzleNotSentError") return error?._tag
  return error.cause._tag === "KuzzleNotQueuedError" ? error.cause.reason : error.cause._tag
}

/** A server that crashes as soon as it gets one of these requests, before it has answered those that came with it. */
const crashing = (poisons: ReadonlyArray<number>) => {
  const network = new FakeNetwork()
  network.onSend = (socket, frame) => {
    const { action, body } = JSON.parse(frame)
    if (action === "create" && poisons.includes(body.n)) queueMicrotask(() => socket.close(1006))
    else setImmediate(() => obliging(socket, frame))
  }
  return network
}
/** Twelve times the delay between two connections. */
const recovering = Effect.repeatN(Effect.zipRight(TestClock.adjust("1 second"), turns(150)), 11)

/** The errors, by the number of the request. */
const failedOf = (exits: ReadonlyArray<Exit.Exit<unknown, KuzzleError.RequestError>>) =>
  Object.fromEntries(exits.flatMap((exit, i) => Exit.isFailure(exit) ? [[i + 1, errorOf(exit)?._tag]] : []))

/** With a `queueTTL` of 2.5 s, and an attempt to connect each second. */
const expiresAfterTwoAttempts = (query: Effect.Effect<unknown, KuzzleError.RequestError>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.exit(query))
    yield* reconnect
    yield* reconnect
    assert.isNull(fiber.unsafePoll())
    yield* TestClock.adjust("500 millis")
    yield* turns()
    assert.isNotNull(fiber.unsafePoll())
    assert.strictEqual(reasonOf(yield* Fiber.join(fiber)), "Expired")
  })

const user = (name: string) => identityOf({ ...token(`token of ${name}`), kuid: name })

describe("the offline queue", () => {
  it.scoped("without the queue a request fails at once", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query } = yield* client(network)
      yield* lose(network)
      assert.strictEqual(reasonOf(yield* Effect.exit(query(request(1)))), "KuzzleConnectionEndedError")
    }))

  it.scoped("R5, 8.D4: queued requests are sent in order once there is a connection, before new ones", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { inFlight, query, tags } = yield* client(network, { autoQueue: true })
      yield* lose(network)
      const queued = yield* Effect.forEach(numbers(1, 50), (n) => Effect.fork(query(request(n))))
      yield* turns()
      network.onSend = undefined
      yield* reconnect
      // With 32 in flight: each answer releases the next one.
      assert.deepStrictEqual(bodies(network), numbers(1, 32))
      const late = yield* Effect.fork(query(request(51)))
      yield* turns()
      assert.deepStrictEqual(bodies(network), numbers(1, 32))
      assert.strictEqual(tags().at(-1), "Replaying")
      network.onSend = obliging
      for (const each of network.current.of("create")) network.current.answer(each)
      yield* turns()
      assert.deepStrictEqual(bodies(network), numbers(1, 51))
      assert.strictEqual(tags().at(-1), "Ready")
      yield* Fiber.joinAll([...queued, late])
      assert.strictEqual(inFlight(), 0)
    }))

  it.scoped("R5: subscriptions are sent before the queue", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, watch } = yield* client(network, { autoQueue: true })
      yield* watch({ a: 1 })
      yield* lose(network)
      const queued = yield* Effect.fork(query(request(1)))
      yield* reconnect
      yield* Fiber.join(queued)
      assert.deepStrictEqual(network.current.requests.map(({ action }) => action), ["subscribe", "create"])
    }))

  it.scoped("L2: it has a limit and a filter, and a request can opt out of it", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query } = yield* client(network, {
        autoQueue: true,
        queueMaxSize: 2,
        queueFilter: ({ controller }) => controller !== "server"
      })
      yield* lose(network)
      assert.strictEqual(
        reasonOf(yield* Effect.exit(query({ controller: "server", action: "now" }))),
        "KuzzleConnectionEndedError"
      )
      assert.strictEqual(
        reasonOf(yield* Effect.exit(query(request(0), { queuable: false }))),
        "KuzzleConnectionEndedError"
      )
      const kept = yield* Effect.forEach([1, 2], (n) => Effect.fork(query(request(n))))
      yield* turns()
      assert.strictEqual(reasonOf(yield* Effect.exit(query(request(3)))), "Full")
      yield* reconnect
      yield* Fiber.joinAll(kept)
      assert.deepStrictEqual(bodies(network), [1, 2])
    }))

  it.scoped("L2: it has a limit in bytes, too, and a request that leaves it makes room", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query } = yield* client(network, { autoQueue: true, queueMaxBytes: 2500 })
      const large = (n: number) => ({ ...request(n), body: { n, text: "x".repeat(1000) } })
      yield* lose(network)
      const first = yield* Effect.fork(query(large(1)))
      const second = yield* Effect.fork(query(large(2)))
      yield* turns()
      assert.strictEqual(reasonOf(yield* Effect.exit(query(large(3)))), "Full")
      yield* Fiber.interrupt(second)
      const fourth = yield* Effect.fork(query(large(4)))
      yield* turns()
      assert.strictEqual(reasonOf(yield* Effect.exit(query(large(5)))), "Full")
      const small = yield* Effect.fork(query(request(6)))
      yield* turns()
      yield* reconnect
      yield* Fiber.joinAll([first, fourth, small])
      yield* lose(network)
      const later = yield* Effect.forEach([7, 8], (n) => Effect.fork(query(large(n))))
      yield* turns()
      assert.strictEqual(reasonOf(yield* Effect.exit(query(large(9)))), "Full")
      yield* reconnect
      yield* Fiber.joinAll(later)
    }))

  it.scoped("R2, 8.D6, 8.D7: time in the queue counts for the deadline, and for the time to live of the queue", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query } = yield* client(network, { autoQueue: true, queueTTL: "500 millis" })
      network.autoOpen = false
      yield* lose(network)
      const short = yield* Effect.fork(Effect.exit(query(request(1), { timeout: "100 millis" })))
      const long = yield* Effect.fork(Effect.exit(query(request(2))))
      yield* turns()
      yield* TestClock.adjust("100 millis")
      yield* turns()
      const error = errorOf(yield* Fiber.join(short))
      assert.isTrue(error?._tag === "KuzzleDeadlineError" && !error.sent)
      assert.isNull(long.unsafePoll())
      yield* TestClock.adjust("400 millis")
      yield* turns()
      assert.strictEqual(reasonOf(yield* Fiber.join(long)), "Expired")
    }))

  it.scoped("R2: failed attempts to connect do not extend its deadline, and `Queued` is published once", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network, { autoQueue: true, queueTTL: "2500 millis" })
      const events: Array<Event["_tag"]> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Watched.streamOf(session.events), ({ _tag }) => Effect.sync(() => events.push(_tag)))
      )
      yield* turns()
      yield* lose(network)
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      yield* expiresAfterTwoAttempts(query(request(1)))
      assert.deepStrictEqual(
        events,
        ["Disconnected", "Queued", "ConnectFailed", "ConnectFailed", "Discarded"]
      )
    }))

  it.scoped("R2: connections that end before they are ready do not restart its time to live", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, realtime } = yield* client(network, { autoQueue: true, queueTTL: "2500 millis" })
      yield* Effect.asVoid(realtime.open({ index: "i", collection: "c" }))
      yield* lose(network)
      network.onSend = (socket) => socket.close(1006)
      yield* expiresAfterTwoAttempts(query(request(1)))
    }))

  it.scoped("L2: an attempt to connect that fails costs the same, however many requests are queued", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { queryMany } = yield* client(network, {
        autoQueue: true,
        queueMaxSize: 5000,
        queueTTL: "1 hour"
      })
      yield* lose(network)
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      const fiber = yield* Effect.fork(queryMany(numbers(1, 5000).map(request), { timeout: "1 hour" }))
      yield* turns()
      // Visiting the waiting requests takes steps in their `Map`.
      const visits = vi.spyOn(Map.prototype, "set")
      yield* reconnect
      yield* reconnect
      const count = visits.mock.calls.length
      visits.mockRestore()
      assert.lengthOf(network.sockets, 3)
      assert.isBelow(count, 1000)
      network.autoOpen = true
      network.onDial = undefined
      yield* recovering
      assert.deepStrictEqual(failedOf(yield* Fiber.join(fiber)), {})
      assert.deepStrictEqual(bodies(network), numbers(1, 5000))
    }))

  it.scoped("R8: an interrupted request is not sent", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { inFlight, query } = yield* client(network, { autoQueue: true })
      yield* lose(network)
      const [one, two] = [yield* Effect.fork(query(request(1))), yield* Effect.fork(query(request(2)))]
      yield* turns()
      yield* Fiber.interrupt(one)
      assert.strictEqual(inFlight(), 1)
      yield* reconnect
      yield* Fiber.join(two)
      assert.deepStrictEqual(bodies(network), [2])
    }))

  it.scoped("volatile data that cannot be sent is refused at once, and does not wait for a connection", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query } = yield* client(network, { autoQueue: true })
      yield* lose(network)
      for (
        const volatile of [{ by: Redacted.make("s3cr3t") }, { seen: new Map([[1, 2]]) }, { count: 1n }, {
          sdkVersion: 1
        }]
      ) {
        const fiber = yield* Effect.fork(query(request(1), { volatile }))
        yield* turns()
        const exit = fiber.unsafePoll()
        assert.strictEqual(exit === null ? "it waits" : errorOf(exit)?._tag, "KuzzleEncodeError")
      }
    }))

  it.scoped("R5: requests in flight at a loss keep their place before the waiting requests", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { queryMany } = yield* client(network, { autoQueue: true })
      yield* lose(network)
      const fiber = yield* Effect.fork(queryMany(numbers(1, 40).map(request), { idempotent: true }))
      yield* turns()
      network.onSend = undefined
      yield* reconnect
      assert.deepStrictEqual(bodies(network), numbers(1, 32))
      yield* lose(network)
      network.onSend = obliging
      yield* reconnect
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(bodies(network), numbers(1, 40))
    }))

  it.scoped("A1: a request during the reopening for a user is never sent as another user", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session, watch } = yield* client(network, { autoQueue: true })
      yield* session.authentication.adopt(user("ada"))
      yield* watch({})
      network.autoOpen = false
      yield* Effect.fork(session.authentication.adopt(user("bob")))
      yield* turns()
      const requestOfBob = yield* Effect.fork(Effect.exit(query(request(1), { timeout: "1 minute" })))
      yield* turns()
      // Bob's login stops waiting for the connection after `requestTimeout`, and the next one begins.
      yield* TestClock.adjust("14 seconds")
      const next = yield* Effect.fork(session.authentication.adopt(user("eve")))
      yield* TestClock.adjust("1 second")
      yield* turns()
      network.autoOpen = true
      yield* reconnect
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(next)
      assert.strictEqual(reasonOf(yield* Fiber.join(requestOfBob)), "OtherUser")
      assert.deepStrictEqual(network.sockets.flatMap((socket) => socket.of("create")), [])
    }))

  it.scoped("A1, 8.B13: a queued request is never sent as another user", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network, { autoQueue: true })
      const anonymous = yield* Effect.gen(function*() {
        yield* lose(network)
        return yield* Effect.fork(query(request(0)))
      })
      yield* turns()
      yield* session.authentication.adopt(user("ada"))
      const requestOfAda = yield* Effect.fork(Effect.exit(query(request(1))))
      yield* turns()
      yield* session.authentication.adopt(user("bob"))
      assert.strictEqual(reasonOf(yield* Fiber.join(requestOfAda)), "OtherUser")
      const requestOfBob = yield* Effect.fork(query(request(2)))
      yield* reconnect
      yield* Fiber.joinAll([anonymous, requestOfBob])
      assert.deepStrictEqual(network.current.of("create").map(({ body, jwt }) => [body, jwt]), [
        // The client was anonymous when the request was made.
        [{ n: 0 }, undefined],
        [{ n: 2 }, "token of bob"]
      ])
    }))

  it.scoped("A1: a request before the authenticator has logged in belongs to its user, and to no other", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network, {
        autoQueue: true,
        waitForConnection: false,
        authenticator: (session) => session.authentication.forAuthenticator.adopt(user("ada"))
      })
      yield* Effect.fork(query(request(1)))
      yield* turns()
      assert.deepStrictEqual(network.current.of("create").map(({ jwt }) => jwt), ["token of ada"])
      // The request does not wait for a session any more, because a logout ends the waiting.
      yield* session.authentication.adopt(undefined)
      yield* lose(network)
      const anonymous = yield* Effect.fork(query(request(2)))
      yield* turns()
      yield* session.authentication.adopt(user("bob"))
      yield* reconnect
      yield* Fiber.join(anonymous)
      assert.deepStrictEqual(network.current.of("create").map(({ jwt }) => jwt), [undefined])
    }))

  it.scoped("A1: a request that waits for the authenticator is not sent as a user who logs in after a logout either", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      network.autoOpen = false
      const { query, session } = yield* client(network, {
        autoQueue: true,
        waitForConnection: false,
        authenticator: () => Effect.never
      })
      const fiber = yield* Effect.fork(query(request(1)))
      yield* turns()
      yield* session.authentication.logout({ controller: "auth", action: "logout" })
      yield* session.authentication.adopt(user("bob"))
      network.autoOpen = true
      network.current.open()
      yield* turns()
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(network.current.of("create").map(({ jwt }) => jwt), [undefined])
    }))

  it.scoped("R6, L2: an idempotent request whose answer is too large fails alone", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      // The answer to the second request would be too large.
      network.onSend = (socket, frame) => {
        const { action, body } = JSON.parse(frame)
        if (action !== "create" || body.n > 2 && socket !== network.sockets[0]) return obliging(socket, frame)
        if (body.n === 2) queueMicrotask(() => socket.oversized(1000))
        else if (socket !== network.sockets[0]) obliging(socket, frame)
      }
      const { inFlight, queryMany } = yield* client(network, { autoQueue: true })
      const fiber = yield* Effect.fork(queryMany(numbers(1, 40).map(request), { idempotent: true }))
      yield* turns()
      for (let attempt = 0; attempt < 5; attempt++) yield* reconnect
      const outcomes = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        outcomes.map((exit) => errorOf(exit)?._tag),
        numbers(1, 40).map((n) => (n === 2 ? "KuzzleMaybeSentError" : undefined))
      )
      const error = errorOf(outcomes[1]!)
      assert.include(
        error?.message,
        "a frame of more than 1000 bytes arrived (ask for less at once, or raise maxResponseSize)"
      )
      assert.strictEqual(network.sockets.length, 3)
      assert.strictEqual(inFlight(), 0)
    }))

  it.scoped("R6: an idempotent request that was in flight is sent again, before others, three times at most", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { query } = yield* client(network, { autoQueue: true })
      const once = yield* Effect.fork(Effect.exit(query(request(1))))
      const repeatable = yield* Effect.fork(Effect.exit(query(request(2), { idempotent: true })))
      yield* turns()
      yield* lose(network)
      assert.strictEqual(errorOf(yield* Fiber.join(once))?._tag, "KuzzleMaybeSentError")
      const queued = yield* Effect.fork(query(request(3)))
      yield* reconnect
      // A request that is sent together with the lost one might end with it.
      assert.deepStrictEqual(bodies(network), [2])
      yield* TestClock.adjust("2 seconds")
      yield* turns()
      assert.deepStrictEqual(bodies(network), [2, 3])
      network.current.answer(network.current.last("create"))
      yield* Fiber.join(queued)
      for (let i = 0; i < 3; i++) {
        assert.isNull(repeatable.unsafePoll())
        yield* lose(network)
        yield* reconnect
      }
      assert.deepStrictEqual(bodies(network), [])
      assert.strictEqual(errorOf(yield* Fiber.join(repeatable))?._tag, "KuzzleMaybeSentError")
    }))

  it.scoped("R7: if one of a hundred requests ends every connection, it fails alone after five connections", () =>
    Effect.gen(function*() {
      const network = crashing([50])
      const { inFlight, queryMany } = yield* client(network, { autoQueue: true })
      const fiber = yield* Effect.fork(queryMany(numbers(1, 100).map(request), { idempotent: true }))
      yield* recovering
      assert.deepStrictEqual(failedOf(yield* Fiber.join(fiber)), { 50: "KuzzleMaybeSentError" })
      // One connection with all others, one with those of its window, three alone; and the last one stays.
      assert.lengthOf(network.sockets, 6)
      assert.strictEqual(inFlight(), 0)
    }))

  it.scoped("R7: a request that waits behind it and must not be sent twice is sent once", () =>
    Effect.gen(function*() {
      const network = crashing([50])
      const { query, queryMany } = yield* client(network, { autoQueue: true })
      const fiber = yield* Effect.fork(queryMany(numbers(1, 100).map(request), { idempotent: true }))
      yield* turns()
      const behind = yield* Effect.fork(queryMany(numbers(101, 120).map(request)))
      yield* recovering
      const later = yield* Effect.fork(query(request(121)))
      yield* recovering
      yield* Fiber.join(later)
      assert.deepStrictEqual(failedOf(yield* Fiber.join(fiber)), { 50: "KuzzleMaybeSentError" })
      assert.deepStrictEqual(failedOf(yield* Fiber.join(behind)), {})
    }))

  it.scoped("R6, R7: a request that must not be sent twice and ends its connection fails with its first connection", () =>
    Effect.gen(function*() {
      const network = crashing([50])
      const { query, queryMany } = yield* client(network, { autoQueue: true })
      yield* lose(network)
      const before = yield* Effect.fork(queryMany(numbers(1, 49).map(request), { idempotent: true }))
      const poison = yield* Effect.fork(Effect.exit(query(request(50))))
      const after = yield* Effect.fork(queryMany(numbers(51, 100).map(request), { idempotent: true }))
      yield* recovering
      assert.strictEqual(errorOf(yield* Fiber.join(poison))?._tag, "KuzzleMaybeSentError")
      assert.deepStrictEqual(failedOf(yield* Fiber.join(before)), {})
      assert.deepStrictEqual(failedOf(yield* Fiber.join(after)), {})
      assert.lengthOf(network.sockets, 3)
    }))

  it.scoped("R7: two requests that end connections fail one after the other, and the order stays the same", () =>
    Effect.gen(function*() {
      const network = crashing([30, 70])
      const { queryMany } = yield* client(network, { autoQueue: true })
      const fiber = yield* Effect.fork(queryMany(numbers(1, 100).map(request), { idempotent: true }))
      yield* recovering
      assert.deepStrictEqual(failedOf(yield* Fiber.join(fiber)), {
        30: "KuzzleMaybeSentError",
        70: "KuzzleMaybeSentError"
      })
      assert.isAtMost(network.sockets.length, 11)
      for (const socket of network.sockets) {
        const sent = socket.of("create").map(({ body }) => (body as { n: number }).n) // of `request`
        assert.deepStrictEqual(sent, sent.toSorted((a, b) => a - b))
      }
    }))

  it.scoped("R6: a line that breaks by itself repeatedly, under load, fails no request", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      // The server answers within 100 ms, and the line breaks every 250 ms.
      let now = 0
      let due: Array<{ readonly at: number; readonly answer: () => void }> = []
      network.onSend = (socket, frame) => due.push({ at: now + 100, answer: () => obliging(socket, frame) })
      const { queryMany } = yield* client(network, { autoQueue: true, reconnect: Schedule.spaced("50 millis") })
      const fiber = yield* Effect.fork(queryMany(numbers(1, 500).map(request), { idempotent: true }))
      yield* turns()
      for (; now < 14_000; now += 50) {
        for (const { answer, at } of due) if (at <= now) answer()
        due = due.filter(({ at }) => at > now)
        yield* turns()
        if (now % 250 === 50 && now < 5000) yield* lose(network)
        yield* TestClock.adjust("50 millis")
        yield* turns()
      }
      assert.deepStrictEqual(failedOf(yield* Fiber.join(fiber)), {})
    }))

  it.scoped("R5: a slow request after a loss holds up the waiting requests for 2 s, not until its deadline", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { query, tags } = yield* client(network, { autoQueue: true })
      yield* Effect.fork(query(request(1), { idempotent: true, timeout: "1 hour" }))
      yield* turns()
      yield* lose(network)
      yield* reconnect
      yield* Effect.fork(query(request(2)))
      yield* turns()
      assert.deepStrictEqual([bodies(network), tags().at(-1)], [[1], "Replaying"])
      yield* TestClock.adjust("2 seconds")
      yield* turns()
      assert.deepStrictEqual([bodies(network), tags().at(-1)], [[1, 2], "Ready"])
    }))

  it.scoped("R3: a request that was in flight and waits to be resent fails as maybe sent", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const scope = yield* Scope.make()
      const { query } = yield* Scope.extend(client(network, { autoQueue: true }), scope)
      const ask = (timeout: Duration.DurationInput) =>
        Effect.fork(Effect.exit(query(request(1), { idempotent: true, timeout })))
      const [short, long] = [yield* ask("500 millis"), yield* ask("1 minute")]
      yield* turns()
      yield* lose(network)
      yield* TestClock.adjust("500 millis")
      const error = errorOf(yield* Fiber.join(short))
      assert.isTrue(error?._tag === "KuzzleDeadlineError" && error.sent)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(errorOf(yield* Fiber.join(long))?._tag, "KuzzleMaybeSentError")
    }))

  it.scoped("R5, A2: a renewal interrupts the sending of the queue, which then continues in order", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session, tags } = yield* client(network, {
        autoQueue: true,
        tokenRefresh: Schedule.spaced("3 seconds")
      })
      yield* session.authentication.adopt(identityOf({ ...token("token", 60_000), kuid: "ann" }))
      yield* lose(network)
      const queued = yield* Effect.forEach(numbers(1, 40), (n) => Effect.fork(query(request(n))))
      yield* turns()
      network.onSend = undefined
      yield* reconnect
      assert.deepStrictEqual(bodies(network), numbers(1, 32))
      yield* TestClock.adjust("2 seconds")
      yield* turns()
      assert.strictEqual(tags().at(-1), "Authenticating")
      network.current.of("create").slice(0, 10).forEach((request) => network.current.answer(request))
      yield* turns()
      assert.deepStrictEqual(bodies(network), numbers(1, 32))
      network.onSend = obliging
      network.current.answer(network.current.last("refreshToken"))
      network.current.of("create").slice(10).forEach((request) => network.current.answer(request))
      yield* turns()
      yield* Fiber.joinAll(queued)
      assert.deepStrictEqual(bodies(network), numbers(1, 40))
    }))

  it.scoped("R1, 8.D6: every queued request ends, whatever ends the client", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const scope = yield* Scope.make()
      const { inFlight, query } = yield* Scope.extend(client(network, { autoQueue: true }), scope)
      yield* lose(network)
      const queued = yield* Effect.forEach(numbers(1, 10), (n) => Effect.fork(Effect.exit(query(request(n)))))
      yield* turns()
      yield* Scope.close(scope, Exit.void)
      for (const exit of yield* Fiber.joinAll(queued)) assert.strictEqual(reasonOf(exit), "KuzzleConnectionEndedError")
      assert.strictEqual(inFlight(), 0)
      assert.strictEqual(reasonOf(yield* Effect.exit(query(request(11)))), "KuzzleConnectionEndedError")
    }))
})
