/** The connection: many requests on it, and the consequences of its loss. */
import { Kuzzle, KuzzleAuth, KuzzleError, KuzzleRealtime, KuzzleServer } from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import { Duration, Effect, Option, Schedule } from "effect"
import { Backend, World, writeNumbered } from "./backend.ts"
import { failure, gapOf, listenTo, numberOf, sending, statesOf, withClient } from "./tools.ts"
import { until } from "./until.ts"

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

export const sessionTests = (it: Vitest.MethodsNonLive<World | Backend, true>): void => {
  describe("requests on one connection", () => {
    it.effect("200 requests at once get their own answers", () =>
      Effect.gen(function*() {
        const answers = yield* Effect.forEach(
          numbers(1, 200),
          (n) => Kuzzle.query({ controller: "server", action: "now" }, { volatile: { n } }),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(answers.map(({ volatile }) => volatile?.n), numbers(1, 200))
        assert.lengthOf([...new Set(answers.map(({ requestId }) => requestId))], 200)
      }).pipe(withClient()))

    it.effect("200 requests of one `queryMany` get their own answers", () =>
      Effect.gen(function*() {
        const { collection } = yield* World
        const target = yield* collection
        const kuzzle = yield* Kuzzle.Kuzzle
        const create = (n: number) => ({ controller: "document", action: "create", ...target, body: { n } })
        const outcomes = yield* kuzzle.queryMany(numbers(1, 200).map(create))
        // The result of `document:create`.
        const written = outcomes.map((outcome) =>
          outcome._tag === "Success" ? (outcome.value.result as { _source: { n: number } })._source.n : outcome.cause
        )
        assert.deepStrictEqual(written, numbers(1, 200))
      }).pipe(withClient()))

    it.effect("R2, R8: a request that is never answered ends at its deadline, and does not affect others", () =>
      Effect.gen(function*() {
        const { network } = yield* Backend
        yield* Effect.acquireRelease(network.freeze, () => network.thaw)
        const [error, elapsed] = yield* Effect.map(
          Effect.timed(failure(KuzzleServer.now({ timeout: "150 millis" }), KuzzleError.DeadlineError)),
          ([duration, error]) => [error, Duration.toMillis(duration)] as const
        )
        assert.deepInclude(error, { controller: "server", action: "now", sent: true })
        assert.strictEqual(Duration.toMillis(error.timeout), 150)
        assert.isAtLeast(elapsed, 140)
        const patient = yield* sending(KuzzleServer.now({ timeout: "8 seconds" }))
        const interrupted = yield* sending(KuzzleServer.now())
        yield* interrupted.interruptAsFork(interrupted.id())
        // The answers to all three come now. Only one caller still waits.
        yield* network.thaw
        assert.isNumber(yield* patient.await.pipe(Effect.flatten))
        assert.isNumber(yield* KuzzleServer.now())
      }).pipe(withClient()))

    it.effect("the round trip is measured by pings", () =>
      Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* until("a measured ping", Effect.map(kuzzle.roundTripTime, Option.isSome))
        const roundTrip = Option.getOrThrow(yield* kuzzle.roundTripTime)
        assert.isBelow(Duration.toMillis(roundTrip), 10_000)
      }).pipe(withClient({ pingInterval: "60 millis", pingTimeout: "10 seconds" })))

    it.effect("C2: the heartbeat keeps an idle connection open", () =>
      Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        const states = yield* statesOf(kuzzle)
        assert.strictEqual(states.now._tag, "Ready")
        // Longer than the timeout, within which a busy machine has to answer.
        yield* states.silent("1300 millis")
      }).pipe(withClient({ pingInterval: "50 millis", pingTimeout: "1 second" })))
  })

  describe("a connection that is lost", () => {
    const tags = (states: ReadonlyArray<Kuzzle.ConnectionState>) => states.map(({ _tag }) => _tag)

    it.effect("R3, S4, 8.C7, 8.E13: after a cut, the states change, requests in flight fail, and one gap precedes later notifications", () =>
      Effect.gen(function*() {
        const { network } = yield* Backend
        const { collection } = yield* World
        const target = yield* collection
        const kuzzle = yield* Kuzzle.Kuzzle
        const states = yield* statesOf(kuzzle)
        const inbox = yield* listenTo(target)
        yield* writeNumbered(target, [1])
        assert.strictEqual(numberOf(yield* inbox.take), 1)

        // The network is frozen, so that the request stays in flight.
        yield* Effect.acquireRelease(network.freeze, () => network.thaw)
        const inFlight = yield* sending(Effect.exit(KuzzleServer.now()))
        yield* network.cut
        const lost = yield* failure(inFlight.await.pipe(Effect.flatten, Effect.flatten), KuzzleError.MaybeSentError)
        assert.deepInclude(lost, { controller: "server", action: "now" })
        assert.deepInclude(lost.cause, { by: "Peer", code: 1006 })
        yield* network.thaw

        const recovery = yield* states.until("Ready")
        assert.strictEqual(recovery[0]?._tag, "Waiting")
        assert.include(tags(recovery), "Connecting")
        yield* writeNumbered(target, numbers(2, 11))
        const { cause } = gapOf(yield* inbox.take)
        assert.strictEqual(cause._tag === "Disconnected" && cause.cause._tag, "KuzzleConnectionEndedError")
        assert.deepStrictEqual((yield* inbox.takeN(10)).map(numberOf), numbers(2, 11))
      }).pipe(withClient()))

    it.effect("8.C4: a subscription that is opened without a connection is sent on the next one", () =>
      Effect.gen(function*() {
        const { network } = yield* Backend
        const { collection } = yield* World
        const target = yield* collection
        const states = yield* statesOf(yield* Kuzzle.Kuzzle)
        yield* network.cut
        yield* states.until("Waiting")
        const refused = yield* failure(KuzzleServer.now(), KuzzleError.NotSentError)
        assert.deepInclude(refused.cause, { by: "Peer", code: 1006 })
        const inbox = yield* listenTo(target)
        yield* writeNumbered(target, [1])
        // No gap: the subscription is new.
        assert.strictEqual(numberOf(yield* inbox.take), 1)
      }).pipe(withClient({ reconnect: Schedule.spaced("200 millis") })))

    it.effect("C5, 8.A2: after a close frame, the states change, and a gap precedes later notifications", () =>
      Effect.gen(function*() {
        const { network } = yield* Backend
        const { collection } = yield* World
        const target = yield* collection
        const states = yield* statesOf(yield* Kuzzle.Kuzzle)
        const inbox = yield* listenTo(target)
        yield* network.close(1000)
        const [waiting, ...rest] = yield* states.until("Ready")
        if (waiting?._tag !== "Waiting") return assert.fail(`the first state was ${waiting?._tag}`)
        assert.deepInclude(waiting.cause, { _tag: "KuzzleConnectionEndedError", by: "Peer", code: 1000 })
        assert.deepStrictEqual(tags(rest), ["Connecting", "Resubscribing", "Ready"])
        yield* writeNumbered(target, [1, 2])
        assert.strictEqual(gapOf(yield* inbox.take).cause._tag, "Disconnected")
        assert.deepStrictEqual((yield* inbox.takeN(2)).map(numberOf), [1, 2])
      }).pipe(withClient()))

    it.effect("S1, S4: each of several cuts causes a gap and no duplicates", () =>
      Effect.gen(function*() {
        const { network } = yield* Backend
        const { collection } = yield* World
        const target = yield* collection
        const states = yield* statesOf(yield* Kuzzle.Kuzzle)
        const inboxes = yield* Effect.all([listenTo(target), listenTo({ ...target, scope: "in" }), listenTo(target)])
        for (const n of [1, 2, 3]) {
          yield* network.cut
          yield* states.until("Waiting")
          yield* states.until("Ready")
          yield* writeNumbered(target, [n])
          for (const inbox of inboxes) {
            assert.strictEqual(gapOf(yield* inbox.take).cause._tag, "Disconnected")
            assert.strictEqual(numberOf(yield* inbox.take), n)
          }
        }
      }).pipe(withClient()))

    it.effect("C3: the heartbeat detects a frozen connection within interval and timeout, and the client recovers", () =>
      Effect.gen(function*() {
        const { network } = yield* Backend
        const { collection } = yield* World
        const target = yield* collection
        const states = yield* statesOf(yield* Kuzzle.Kuzzle)
        const inbox = yield* listenTo(target)
        yield* Effect.acquireRelease(network.freeze, () => network.thaw)
        const [elapsed, [waiting]] = yield* Effect.timed(states.until("Waiting"))
        if (waiting?._tag !== "Waiting") return assert.fail(`the first state was ${waiting?._tag}`)
        assert.deepInclude(waiting.cause, { _tag: "KuzzleConnectionEndedError", by: "Heartbeat" })
        // 100 ms + 250 ms, and some time for a busy machine. Without a heartbeat it would take minutes.
        assert.isBelow(Duration.toMillis(elapsed), 350 + 10_000)
        yield* network.thaw
        yield* states.until("Ready")
        yield* writeNumbered(target, [1])
        assert.strictEqual(gapOf(yield* inbox.take).cause._tag, "Disconnected")
        assert.strictEqual(numberOf(yield* inbox.take), 1)
      }).pipe(withClient({ pingInterval: "100 millis", pingTimeout: "250 millis", connectTimeout: "500 millis" })))

    it.effect("the token survives a lost connection", () =>
      Effect.gen(function*() {
        const { network } = yield* Backend
        const { user } = yield* World
        const { kuid, password, username } = yield* user
        const states = yield* statesOf(yield* Kuzzle.Kuzzle)
        yield* KuzzleAuth.login({ strategy: "local", credentials: { username, password } })
        yield* network.cut
        yield* states.until("Waiting")
        yield* states.until("Ready")
        assert.strictEqual((yield* KuzzleAuth.getCurrentUser())._id, kuid)
      }).pipe(withClient()))

    it.effect("C5: when the schedule ends, the client gives up, and requests and subscriptions fail with the cause", () =>
      Effect.gen(function*() {
        const { network } = yield* Backend
        const { collection } = yield* World
        const target = yield* collection
        const states = yield* statesOf(yield* Kuzzle.Kuzzle)
        const inbox = yield* listenTo(target)
        yield* network.cut
        yield* states.until("Failed")
        const error = yield* failure(KuzzleServer.now(), KuzzleError.NotSentError)
        assert.deepInclude(error.cause, { _tag: "KuzzleConnectionEndedError", code: 1006 })
        yield* failure(inbox.take, KuzzleError.NotSentError)
        yield* failure(KuzzleRealtime.open(target), KuzzleError.NotSentError)
      }).pipe(withClient({ reconnect: Schedule.stop })))
  })
}
