/** A server that refuses temporarily: overloaded, restarting, or with a rate limit. */
import { KuzzleError, KuzzleSchedule } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Schedule, Stream, TestClock } from "effect"
import type { Event } from "../../src/internal/protocol/clientAction.ts"
import * as Watched from "../../src/internal/runtime/watched.ts"
import { client, document, failureTag, kinds, now, obligingNetwork } from "../support/client.ts"
import { type FakeRequest, type FakeSocket, obliging, turns } from "../support/FakeSocket.ts"

const overloaded = { id: "api.process.overloaded", status: 503 }
const tooMany = { id: "api.process.too_many_requests", status: 429 }
const crash = { id: "core.fatal.unexpected_error", status: 500 }
const forbidden = { id: "security.rights.forbidden", status: 403 }

/** A client whose server refuses subscriptions on demand, with a record of its events. */
const setUp = (options: Parameters<typeof client>[1] = {}) =>
  Effect.gen(function*() {
    const network = obligingNetwork()
    const made = yield* client(network, options)
    const events: Array<Event> = []
    yield* Effect.forkScoped(
      Stream.runForEach(Watched.streamOf(made.session.events), (event) => Effect.sync(() => events.push(event)))
    )
    yield* turns()
    return {
      ...made,
      network,
      postponed: () => events.filter((event) => event._tag === "Postponed"),
      /** The error with which subscriptions are refused; other requests succeed. */
      refuse: (error: { readonly id: string; readonly status: number } | undefined) => {
        network.onSend = (socket, frame) => {
          const request: FakeRequest = JSON.parse(frame)
          if (error === undefined || request.action !== "subscribe") return obliging(socket, frame)
          queueMicrotask(() => socket.refuse(request, error))
        }
      },
      reconnect: Effect.gen(function*() {
        network.current.close(1006)
        yield* TestClock.adjust("1 second")
        yield* turns()
      })
    }
  })

/** Advances the clock second by second, and runs everything that is ready. */
const pass = (seconds: number) => Effect.repeatN(Effect.zipRight(TestClock.adjust("1 second"), turns(2)), seconds - 1)

/** A server with a limit of messages per connection and second. It refuses or drops additional messages. */
class Limited {
  readonly executed: Array<FakeRequest> = []
  /** How many messages arrived in each second. */
  readonly received = new Map<number, number>()
  private second = -1
  private count = 0

  constructor(
    private readonly perSecond: number,
    private readonly time: () => number,
    private readonly tooMuch: (socket: FakeSocket, request: FakeRequest) => void
  ) {}

  readonly onSend = (socket: FakeSocket, frame: string): void => {
    const second = Math.floor(this.time() / 1000)
    if (second !== this.second) this.count = 0
    this.second = second
    this.count += 1
    this.received.set(second, this.count)
    const request: FakeRequest = JSON.parse(frame)
    if (this.count > this.perSecond) return queueMicrotask(() => this.tooMuch(socket, request))
    this.executed.push(request)
    obliging(socket, frame)
  }
}

/** As Kuzzle does for the limit of a user. */
const answers429 = (socket: FakeSocket, request: FakeRequest) => socket.refuse(request, tooMany)

/** As Kuzzle does for the limit of a socket: the error does not name the message. */
const drops = (socket: FakeSocket) =>
  socket.deliver({
    action: null,
    controller: null,
    error: { code: 50528258, id: "network.websocket.ratelimit_exceeded", message: "Rejected", props: [], status: 429 },
    requestId: "of the server's own making",
    result: null,
    status: 429,
    volatile: null
  })

const limits = { "refused one by one": answers429, "dropped without a trace": drops }

describe("a subscription that is refused temporarily", () => {
  it.scoped.each([overloaded, tooMany, crash])(
    "S6: is restored when the server accepts it, with one gap and an event for each refusal; meanwhile requests are sent ($id)",
    (error) =>
      Effect.gen(function*() {
        const { network, postponed, query, reconnect, refuse, session, watch } = yield* setUp()
        const { end, received } = yield* watch({})
        yield* turns()
        refuse(error)
        yield* reconnect
        yield* pass(3)
        assert.strictEqual((yield* session.state)._tag, "Ready")
        assert.strictEqual((yield* query(now)).status, 200)
        const times = network.current.of("subscribe").length
        assert.isAbove(times, 1)
        assert.strictEqual(postponed().length, times)
        assert.deepInclude(postponed()[0]?.error, { ...error, action: "subscribe" })
        assert.isNull(end.unsafePoll())
        refuse(undefined)
        yield* pass(60)
        network.current.deliver(document({}, "a"))
        yield* turns()
        assert.deepStrictEqual(kinds(received), ["Disconnected", "a"])
        assert.strictEqual(postponed().length, network.current.of("subscribe").length - 1)
      })
  )

  it.scoped("S6: is retried a bounded number of times, with backoff; then the refusal ends the stream", () =>
    Effect.gen(function*() {
      const { network, postponed, reconnect, refuse, watch } = yield* setUp()
      const { end } = yield* watch({})
      yield* turns()
      refuse(overloaded)
      yield* reconnect
      yield* pass(90)
      assert.strictEqual(network.current.of("subscribe").length, 8)
      assert.strictEqual(failureTag(yield* Fiber.await(end)), "KuzzleServiceUnavailableError")
      const delays = postponed().map(({ delay }) => Duration.toMillis(delay))
      assert.strictEqual(delays.length, 7)
      delays.forEach((delay, i) => assert.isAtMost(delay, 500 * 2 ** i))
      // The subscription is not requested any more.
      yield* reconnect
      assert.deepStrictEqual(network.current.of("subscribe"), [])
    }))

  it.scoped("S6: if it is refused permanently, its stream ends at once", () =>
    Effect.gen(function*() {
      const { network, postponed, reconnect, refuse, watch } = yield* setUp()
      const { end } = yield* watch({})
      yield* turns()
      refuse(forbidden)
      yield* reconnect
      assert.strictEqual(failureTag(yield* Fiber.await(end)), "KuzzleForbiddenError")
      assert.strictEqual(network.current.of("subscribe").length, 1)
      assert.deepStrictEqual(postponed(), [])
    }))

  it.scoped("S6: the application sets the schedule of the retries", () =>
    Effect.gen(function*() {
      const { network, reconnect, refuse, watch } = yield* setUp({ resubscribe: Schedule.recurs(2) })
      const { end } = yield* watch({})
      yield* turns()
      refuse(overloaded)
      yield* reconnect
      yield* pass(1)
      assert.strictEqual(network.current.of("subscribe").length, 3)
      assert.strictEqual(failureTag(yield* Fiber.await(end)), "KuzzleServiceUnavailableError")
    }))

  it.scoped("a new subscription is retried, too, except after an internal error, which its filter may have caused", () =>
    Effect.gen(function*() {
      const { network, realtime, refuse } = yield* setUp()
      refuse(crash)
      const failed = yield* Effect.exit(Effect.scoped(realtime.open({ index: "i", collection: "c" })))
      assert.strictEqual(failureTag(failed), "KuzzleInternalError")
      refuse(overloaded)
      const opening = yield* Effect.fork(realtime.open({ index: "i", collection: "c" }))
      yield* pass(2)
      assert.isNull(opening.unsafePoll())
      refuse(undefined)
      yield* pass(10)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(opening)))
      assert.isAbove(network.current.of("subscribe").length, 2)
    }))

  it.scoped("S1, 8.C4: a consumer that leaves meanwhile is not subscribed again", () =>
    Effect.gen(function*() {
      const { network, refuse, watch } = yield* setUp()
      refuse(overloaded)
      const watching = yield* Effect.fork(Effect.scoped(watch({})))
      yield* turns()
      yield* Fiber.interrupt(watching)
      refuse(undefined)
      yield* pass(60)
      assert.strictEqual(network.current.of("subscribe").length, 1)
      assert.deepStrictEqual(network.current.of("unsubscribe"), [])
    }))

  it.scoped("a new connection skips the pending delay, and does not restart the schedule", () =>
    Effect.gen(function*() {
      const { network, reconnect, refuse, watch } = yield* setUp({
        resubscribe: Schedule.intersect(Schedule.spaced("1 hour"), Schedule.recurs(2))
      })
      const { end } = yield* watch({})
      yield* turns()
      refuse(overloaded)
      for (let i = 0; i < 3; i++) {
        assert.isNull(end.unsafePoll())
        yield* reconnect
        assert.strictEqual(network.current.of("subscribe").length, 1)
      }
      assert.strictEqual(failureTag(yield* Fiber.await(end)), "KuzzleServiceUnavailableError")
    }))
})

describe("a server that limits the rate", () => {
  for (const [how, tooMuch] of Object.entries(limits)) {
    it.scoped(`S1: a hundred subscriptions are restored, a few per second, each once; messages above the limit are ${how}`, () =>
      Effect.gen(function*() {
        const clock = yield* Effect.clock
        const { network, postponed, reconnect, session, tags, watch } = yield* setUp()
        const watched = yield* Effect.forEach(Array.from({ length: 100 }, (_, n) => ({ n })), watch)
        yield* turns()
        const server = new Limited(10, () => clock.unsafeCurrentTimeMillis(), tooMuch)
        network.onSend = server.onSend
        yield* reconnect
        yield* pass(2)
        // Requests do not wait for the last of them.
        assert.strictEqual((yield* session.state)._tag, "Ready")
        yield* pass(58)
        assert.deepStrictEqual(
          new Set(server.executed.map(({ body }) => JSON.stringify(body))).size,
          100
        )
        assert.strictEqual(server.executed.length, 100)
        for (const { end } of watched) assert.isNull(end.unsafePoll())
        // All on one connection, and slowly after the first refusal.
        assert.strictEqual(network.sockets.length, 2)
        assert.deepStrictEqual(tags().slice(-3), ["Connecting", "Resubscribing", "Ready"])
        const refusals = Array.from(server.received.values()).reduce((sum, received) => sum + received, 0) - 100
        assert.isBelow(refusals, 300)
        assert.strictEqual(postponed().length, refusals)
        network.onSend = obliging
        watched.forEach((_, n) => network.current.deliver(document({ n }, `${n}`)))
        yield* turns()
        watched.forEach(({ received }, n) => assert.deepStrictEqual(kinds(received), ["Disconnected", `${n}`]))
      }))

    it.scoped(`S1: a hundred subscriptions at once are all opened; messages above the limit are ${how}`, () =>
      Effect.gen(function*() {
        const clock = yield* Effect.clock
        const { network, watch } = yield* setUp()
        const server = new Limited(10, () => clock.unsafeCurrentTimeMillis(), tooMuch)
        network.onSend = server.onSend
        const opening = yield* Effect.fork(
          Effect.forEach(Array.from({ length: 100 }, (_, n) => ({ n })), watch, { concurrency: "unbounded" })
        )
        yield* pass(60)
        assert.lengthOf(yield* Fiber.join(opening), 100)
      }))
  }

  it.scoped("S5: a room is left eventually, even if the server has dropped the unsubscribe", () =>
    Effect.gen(function*() {
      const { network, realtime } = yield* setUp()
      network.onSend = (socket, frame) => {
        if (network.current.of("unsubscribe").length !== 1) return obliging(socket, frame)
        queueMicrotask(() => drops(socket))
      }
      yield* Effect.asVoid(Effect.scoped(realtime.open({ index: "i", collection: "c" })))
      const retried = yield* Effect.fork(realtime.open({ index: "i", collection: "c", scope: "in" }))
      yield* pass(20)
      assert.lengthOf(network.current.of("unsubscribe"), 2)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(retried)))
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.scoped("R1, R5, R6: the queue is sent at the server's pace; refused requests are sent again, in order, and executed once", () =>
    Effect.gen(function*() {
      const clock = yield* Effect.clock
      const { network, postponed, query } = yield* setUp({ autoQueue: true, requestTimeout: "2 minutes" })
      network.current.close(1006)
      yield* turns()
      const queued = yield* Effect.forEach(
        Array.from({ length: 100 }, (_, n) => n),
        (n) => Effect.fork(query({ controller: "app", action: "write", n }))
      )
      yield* turns()
      const server = new Limited(10, () => clock.unsafeCurrentTimeMillis(), answers429)
      network.onSend = server.onSend
      yield* TestClock.adjust("1 second")
      yield* turns()
      yield* pass(60)
      for (const one of queued) assert.isTrue(Exit.isSuccess(yield* Fiber.await(one)))
      assert.deepStrictEqual(server.executed.map(({ n }) => n), queued.map((_, n) => n))
      const refusals = Array.from(server.received.values()).reduce((sum, received) => sum + received, 0) - 100
      assert.isBelow(refusals, 60)
      assert.strictEqual(postponed().length, refusals)
    }))

  it.scoped("R2: a request that is refused until its deadline fails with the refusal, so it was not executed", () =>
    Effect.gen(function*() {
      const { network, query } = yield* setUp({ autoQueue: true })
      network.current.close(1006)
      yield* turns()
      const queued = yield* Effect.fork(query({ controller: "app", action: "write" }))
      yield* turns()
      network.onSend = (socket) => queueMicrotask(() => socket.refuse(socket.last("write"), tooMany))
      yield* pass(20)
      assert.strictEqual(failureTag(yield* Fiber.await(queued)), "KuzzleTooManyRequestsError")
      assert.isAbove(network.current.of("write").length, 5)
      assert.isBelow(network.current.of("write").length, 20)
    }))

  it.scoped("dropped messages slow the queue down, too", () =>
    Effect.gen(function*() {
      const clock = yield* Effect.clock
      const { network, query } = yield* setUp({ autoQueue: true, requestTimeout: "2 minutes" })
      network.current.close(1006)
      yield* turns()
      yield* Effect.forEach(
        Array.from({ length: 60 }, (_, n) => n),
        (n) => Effect.forkScoped(Effect.exit(query({ controller: "app", action: "write", n })))
      )
      yield* turns()
      const server = new Limited(20, () => clock.unsafeCurrentTimeMillis(), drops)
      network.onSend = server.onSend
      yield* TestClock.adjust("1 second")
      yield* turns()
      yield* pass(4)
      // One window that was already sent at the refusal, then at most half of it per second.
      const [first = 0, ...rest] = server.received.values()
      assert.isAtMost(first, 32 + 20)
      for (const received of rest) assert.isAtMost(received, 26)
    }))
})

describe("KuzzleSchedule.retry", () => {
  it.effect("retries seven times with full jitter, of half a second at first and doubled each time, and waits for Retry-After", () =>
    Effect.gen(function*() {
      const error = KuzzleError.fromStatus({
        ...{ controller: "c", action: "a", id: "", code: 0, message: "", props: [] },
        ...overloaded
      })
      const times: Array<number> = []
      const failing = Effect.clockWith((clock) =>
        Effect.zipRight(Effect.sync(() => times.push(clock.unsafeCurrentTimeMillis())), Effect.fail(error))
      )
      const fiber = yield* Effect.fork(Effect.exit(Effect.retry(failing, KuzzleSchedule.retry())))
      yield* TestClock.adjust("2 minutes")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
      assert.strictEqual(times.length, 8)
      times.slice(1).forEach((time, i) => assert.isAtMost(time - times[i]!, Math.min(500 * 2 ** i, 30_000)))
    }))
})
