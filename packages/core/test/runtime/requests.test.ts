import { KuzzleError } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, FastCheck as fc, Fiber, TestClock } from "effect"
import { Driver } from "../../src/internal/runtime/driver.ts"
import { client } from "../support/client.ts"
import { FakeNetwork, obliging, turns } from "../support/FakeSocket.ts"

const now = { controller: "server", action: "now" }

const failure = <A, E>(exit: Exit.Exit<A, E>): E | undefined =>
  Exit.isFailure(exit) ? Cause.failures(exit.cause).pipe((all) => Array.from(all)[0]) : undefined

const tagOf = (exit: Exit.Exit<unknown, { readonly _tag: string }>): string => failure(exit)?._tag ?? "Success"

/** A client whose requests only the test answers. */
const silent = Effect.gen(function*() {
  const network = new FakeNetwork()
  return { network, ...(yield* client(network)) }
})

describe("requests", () => {
  it.scoped("R1, 8.E17: the client returns the server's answer, and sends an SDK name whose version the server does not check", () =>
    Effect.gen(function*() {
      const { inFlight, network, query } = yield* silent
      const fiber = yield* Effect.fork(query({ ...now, a: 1 }, { volatile: { mine: true } }))
      yield* turns()
      const request = network.current.last("now")
      assert.deepInclude(request, { controller: "server", action: "now", a: 1 })
      assert.strictEqual(request.volatile.mine, true)
      assert.match(String(request.volatile.sdkName), /^effect@/)
      assert.notProperty(request.volatile, "sdkVersion")
      network.current.answer(request, { now: 7 })
      const response = yield* Fiber.join(fiber)
      assert.deepStrictEqual([response.status, response.result], [200, { now: 7 }])
      assert.strictEqual(inFlight(), 0)
    }))

  it.scoped("R1, 8.E1: an error without a room is an answer, too", () =>
    Effect.gen(function*() {
      const { network, query } = yield* silent
      const fiber = yield* Effect.fork(Effect.exit(query({ ...now, body: 1 })))
      yield* turns()
      const { requestId } = network.current.last("now")
      network.current.deliver({ requestId, status: 400, error: { status: 400, message: "invalid body" } })
      const error = failure(yield* Fiber.join(fiber))
      assert.strictEqual(error?._tag, "KuzzleBadRequestError")
      assert.strictEqual(error?.message, "invalid body")
    }))

  it.scoped("R2, 8.D1: a request that was sent fails at its deadline, and its late answer changes nothing", () =>
    Effect.gen(function*() {
      const { inFlight, network, query } = yield* silent
      const fiber = yield* Effect.fork(Effect.exit(query(now)))
      const short = yield* Effect.fork(Effect.exit(query(now, { timeout: "2 seconds" })))
      yield* turns()
      yield* TestClock.adjust("1999 millis")
      assert.isNull(short.unsafePoll())
      yield* TestClock.adjust("1 millis")
      const error = failure(yield* Fiber.join(short))
      assert.deepInclude({ ...error }, { _tag: "KuzzleDeadlineError", sent: true })
      assert.include(error?.message, "server:now was not answered within 2s; it may have been executed")
      yield* TestClock.adjust("12999 millis")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(tagOf(yield* Fiber.join(fiber)), "KuzzleDeadlineError")
      assert.strictEqual(inFlight(), 0)
      network.current.requests.forEach((request) => network.current.answer(request))
      assert.strictEqual(inFlight(), 0)
    }))

  it.scoped("R2, 8.D7: a request that waits for the session fails at its deadline, and is never sent", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.onSend = obliging
      const { inFlight, query, watch } = yield* client(network)
      yield* watch({ a: 1 })
      network.onSend = undefined
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      const fiber = yield* Effect.fork(Effect.exit(query(now, { timeout: "1 second" })))
      yield* turns()
      assert.strictEqual(inFlight(), 2)
      yield* TestClock.adjust("1 second")
      const error = failure(yield* Fiber.join(fiber))
      assert.deepInclude({ ...error }, { _tag: "KuzzleDeadlineError", sent: false })
      network.current.answer(network.current.last("subscribe"), { channel: "r-111", roomId: "r" })
      yield* turns()
      assert.deepStrictEqual(network.current.of("now"), [])
      assert.strictEqual(inFlight(), 0)
    }))

  it.scoped("R3, R6: at the end of the connection, sent requests may have been executed; later requests were not sent", () =>
    Effect.gen(function*() {
      const { inFlight, network, query } = yield* silent
      const fiber = yield* Effect.fork(Effect.exit(query(now)))
      yield* turns()
      network.current.close(1006, "gone")
      yield* turns()
      const error = failure(yield* Fiber.join(fiber))
      assert.strictEqual(error?._tag, "KuzzleMaybeSentError")
      assert.include(error?.message, "closed with code 1006 (gone)")
      const after = failure(yield* Effect.exit(query(now)))
      assert.strictEqual(after?._tag, "KuzzleNotSentError")
      assert.include(after?.message, "closed with code 1006 (gone)")
      assert.strictEqual(inFlight(), 0)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.strictEqual(network.sockets.length, 2)
      assert.deepStrictEqual(network.current.of("now"), [])
    }))

  it.scoped("R3: a request that is made while the connection ends is not sent, and its error does not say that the client was closed", () =>
    Effect.gen(function*() {
      const { network, query } = yield* silent
      network.current.close(1011, "kicked")
      const error = failure(yield* Effect.exit(query(now)))
      assert.strictEqual(error?._tag, "KuzzleNotSentError")
      assert.notInclude(error?.message, "the client was closed")
    }))

  it.scoped("R3, 8.D5: ten thousand requests in flight all end when the connection dies", () =>
    Effect.gen(function*() {
      const { inFlight, network, queryMany } = yield* silent
      const fiber = yield* Effect.fork(queryMany(Array.from({ length: 10_000 }, () => now)))
      yield* turns()
      assert.strictEqual(inFlight(), 10_000)
      network.current.close(1006)
      const outcomes = yield* Fiber.join(fiber)
      assert.isTrue(outcomes.every((outcome) => tagOf(outcome) === "KuzzleMaybeSentError"))
      assert.strictEqual(inFlight(), 0)
    }))

  it.scoped("R3: no caller resumes before all requests of the connection have ended", () =>
    Effect.gen(function*() {
      const { inFlight, network, query } = yield* silent
      const seen: Array<number> = []
      const asking = Effect.map(Effect.exit(query(now)), () => void seen.push(inFlight()))
      const fiber = yield* Effect.fork(Effect.all([asking, asking, asking], { concurrency: "unbounded" }))
      yield* turns()
      assert.strictEqual(inFlight(), 3)
      network.current.close(1006)
      assert.deepStrictEqual(seen, [])
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, [0, 0, 0])
    }))

  it.scoped("R4: late, duplicate and unknown answers change nothing", () =>
    Effect.gen(function*() {
      const { inFlight, network, query, session } = yield* silent
      const fiber = yield* Effect.fork(query(now))
      const other = yield* Effect.fork(query(now))
      yield* turns()
      const [first, second] = network.current.requests
      if (first === undefined || second === undefined) return assert.fail()
      network.current.answer(first, 1)
      network.current.answer(first, 2)
      network.current.answer({ ...first, requestId: "unknown" }, 3)
      network.current.deliver({
        room: first.requestId,
        requestId: second.requestId,
        status: 200,
        error: null,
        result: 4
      })
      assert.strictEqual((yield* Fiber.join(fiber)).result, 1)
      assert.isNull(other.unsafePoll())
      network.current.answer(second, 5)
      assert.strictEqual((yield* Fiber.join(other)).result, 5)
      assert.strictEqual(inFlight(), 0)
      assert.strictEqual((yield* session.state)._tag, "Ready")
    }))

  it.scoped("R4, 8.A8: an answer to a request of an earlier connection, or one that arrives over an earlier connection, is ignored", () =>
    Effect.gen(function*() {
      const { network, query } = yield* silent
      const fiber = yield* Effect.fork(Effect.exit(query(now)))
      yield* turns()
      const old = network.current
      const request = old.last("now")
      old.close(1006)
      yield* Fiber.join(fiber)
      yield* TestClock.adjust("1 second")
      yield* turns()
      const second = yield* Effect.fork(Effect.exit(query(now)))
      yield* turns()
      const next = network.current.last("now")
      assert.notStrictEqual(next.requestId, request.requestId)
      network.current.answer(request, "of the old one")
      old.answer(next, "by the old one")
      yield* turns()
      assert.isNull(second.unsafePoll())
      network.current.answer(next, "right")
      const exit = yield* Fiber.join(second)
      assert.isTrue(Exit.isSuccess(exit) && exit.value.result === "right")
    }))

  it.scoped("R7, 8.A19: an oversized or unencodable request fails alone and is not sent", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { inFlight, query } = yield* client(network, { maxRequestSize: 1000 })
      const healthy = yield* Effect.fork(query(now))
      yield* turns()
      const large = failure(yield* Effect.exit(query({ ...now, body: { a: "é".repeat(500) } })))
      assert.isTrue(large?._tag === "KuzzlePayloadTooLargeError" && large.size > 1000 && large.limit === 1000)
      const odd = failure(yield* Effect.exit(query({ ...now, body: { a: 1n } })))
      assert.strictEqual(odd?._tag, "KuzzleEncodeError")
      for (const a of [1n, NaN]) {
        const volatile = failure(yield* Effect.exit(query(now, { volatile: { a } })))
        assert.strictEqual(volatile?._tag, "KuzzleEncodeError")
      }
      // Members that the client sets: the server refuses some, and one identifies the client (spec 1.2).
      for (const member of ["sdkName", "sdkVersion", "sdkInstanceId"]) {
        const reserved = failure(yield* Effect.exit(query(now, { volatile: { [member]: "mine" } })))
        assert.isTrue(reserved?._tag === "KuzzleEncodeError" && reserved.issue.includes(member))
      }
      assert.strictEqual(network.current.sent.length, 1)
      assert.strictEqual(inFlight(), 1)
      network.current.answer(network.current.last("now"), "fine")
      assert.strictEqual((yield* Fiber.join(healthy)).result, "fine")
    }))

  it.scoped("R7: the limit applies to the size of the frame, to the byte", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const probe = yield* client(network, { sdkName: "a@1" })
      yield* Effect.fork(probe.query({ ...now, body: { a: "é" } }))
      yield* turns()
      const size = new TextEncoder().encode(network.current.sent[0]).length
      for (const [limit, expected] of [[size, "sent"], [size - 1, "KuzzlePayloadTooLargeError"]] as const) {
        const other = new FakeNetwork()
        const { query } = yield* client(other, { sdkName: "a@1", maxRequestSize: limit })
        const fiber = yield* Effect.fork(Effect.exit(query({ ...now, body: { a: "é" } })))
        yield* turns()
        // Ids are random numbers in base 36, usually of the same length.
        const sent = other.current.sent[0]
        const exit = fiber.unsafePoll()
        if (sent !== undefined) assert.isAtMost(new TextEncoder().encode(sent).length, limit)
        else if (exit !== null) {
          assert.isTrue(Exit.isSuccess(exit) && tagOf(exit.value) === "KuzzlePayloadTooLargeError")
        } else assert.fail(expected)
      }
    }))

  it.scoped("R8, 8.D3: an interruption leaves nothing behind, whether the request was sent or waits", () =>
    Effect.gen(function*() {
      const { inFlight, network, query, queryMany } = yield* silent
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(query(now)))
      const many = yield* Effect.fork(queryMany([now, now]))
      yield* turns()
      assert.strictEqual(inFlight(), 5)
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual(inFlight(), 2)
      yield* Fiber.interrupt(many)
      assert.strictEqual(inFlight(), 0)
      network.current.requests.forEach((request) => network.current.answer(request))
      assert.strictEqual(inFlight(), 0)
    }))

  it.scoped("queryMany: the machine is driven once, however many requests there are", () =>
    Effect.gen(function*() {
      const { network, queryMany } = yield* silent
      let drives = 0
      const { drive } = Driver.prototype
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          Driver.prototype.drive = function(now) {
            drives += 1
            drive.call(this, now)
          }
        }),
        () =>
          Effect.sync(() => {
            Driver.prototype.drive = drive
          })
      )
      yield* Effect.fork(queryMany(Array.from({ length: 1000 }, () => now)))
      yield* turns()
      assert.strictEqual(network.current.requests.filter(({ action }) => action === "now").length, 1000)
      assert.strictEqual(drives, 1)
    }))

  it.scoped("queryMany: each outcome is at its position, and a failure does not affect the others", () =>
    Effect.gen(function*() {
      const { inFlight, network, queryMany } = yield* silent
      const fiber = yield* Effect.fork(
        queryMany([{ ...now, n: 0 }, { ...now, body: 1n }, { ...now, n: 2 }, { ...now, n: 3 }])
      )
      yield* turns()
      const [a, c, d] = network.current.requests
      if (a === undefined || c === undefined || d === undefined) return assert.fail()
      network.current.answer(d, "d")
      network.current.refuse(c, { id: "api.process.too_many_requests", status: 429 })
      network.current.answer(a, "a")
      const outcomes = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcomes.map(tagOf), [
        "Success",
        "KuzzleEncodeError",
        "KuzzleTooManyRequestsError",
        "Success"
      ])
      assert.deepStrictEqual(
        outcomes.map((outcome) => (Exit.isSuccess(outcome) ? outcome.value.result : undefined)),
        ["a", undefined, undefined, "d"]
      )
      assert.strictEqual(inFlight(), 0)
      assert.deepStrictEqual(yield* queryMany([]), [])
    }))

  it.effect.prop(
    "R1, R2, R4, R8, C7: with any frames and losses, every request ends exactly once, and nothing remains",
    {
      steps: fc.array(
        fc.tuple(
          fc.constantFrom("ask", "ask", "ask", "answer", "answer", "twice", "garbage", "interrupt", "lose", "wait"),
          fc.nat(20)
        ),
        { maxLength: 30, size: "max" }
      )
    },
    ({ steps }) =>
      Effect.gen(function*() {
        const network = new FakeNetwork()
        const { inFlight, query } = yield* client(network, { requestTimeout: "3 seconds" })
        const ends: Array<number> = []
        const fibers: Array<Fiber.RuntimeFiber<unknown, unknown>> = []
        for (const [what, n] of steps) {
          const requests = network.current.requests
          const request = requests[n % Math.max(1, requests.length)]
          switch (what) {
            case "ask": {
              const index = fibers.length
              ends[index] = 0
              fibers.push(
                yield* Effect.fork(query(now).pipe(Effect.onExit(() => Effect.sync(() => ends[index]! += 1))))
              )
              break
            }
            case "answer":
              if (request !== undefined) network.current.answer(request, n)
              break
            case "twice":
              if (request !== undefined) { for (const _ of [1, 2]) network.current.answer(request, n) }
              break
            case "garbage":
              for (const frame of ["{", "null", "[]", "{\"room\":\"x\"}", "{\"p\":2}", "\"\""]) {
                network.current.deliver(frame)
              }
              break
            case "interrupt": {
              const fiber = fibers[n % Math.max(1, fibers.length)]
              if (fiber !== undefined) yield* Fiber.interrupt(fiber)
              break
            }
            case "lose":
              network.current.close(1006)
              break
            case "wait":
              yield* TestClock.adjust("1 second")
          }
          yield* turns(1)
        }
        yield* TestClock.adjust("3 seconds")
        yield* turns()
        assert.isTrue(ends.every((times) => times === 1), String(ends))
        assert.strictEqual(inFlight(), 0)
      }).pipe(Effect.scoped),
    { fastCheck: { numRuns: 30 } }
  )

  it.scoped("an error has the fields of its own request", () =>
    Effect.gen(function*() {
      const { network, queryMany } = yield* silent
      const fiber = yield* Effect.fork(queryMany([now, { controller: "auth", action: "checkToken" }, now]))
      yield* turns()
      network.current.close(1001)
      const errors = (yield* Fiber.join(fiber)).map(failure)
      assert.deepStrictEqual(
        errors.map((error) => (KuzzleError.isKuzzleError(error) && "action" in error ? error.action : undefined)),
        ["now", "checkToken", "now"]
      )
    }))
})
