/**
 * The client suite on the in-memory socket, and tests that control the time and read the frames: deadlines of seconds,
 * heartbeats of minutes, the frames that are sent.
 */
import { Kuzzle, KuzzleAuth, KuzzleError, KuzzleRealtime, KuzzleServer, KuzzleSocket } from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, effect as timed, live } from "@effect/vitest"
import { Context, Duration, Effect, Either, Exit, Fiber, Layer, Option, Schedule, Scope, Stream } from "effect"
import { clientSuite } from "./suite/clientSuite.ts"
import * as Memory from "./suite/memory.ts"
import { failure, gapOf, numberOf } from "./suite/tools.ts"
import { pass, turns, until } from "./suite/until.ts"

// `layer`, which the suite uses, replaces methods of the shared `it`. So the tests below use `effect` and `live` instead.
clientSuite("in memory", { backend: Memory.layer })

const user = { username: "ada", password: "secret" }

/** A socket that records every frame that the client sends. */
const recordingSocket = (sent: Array<Record<string, unknown>>) =>
  Layer.effect(
    KuzzleSocket.KuzzleSocket,
    Effect.map(KuzzleSocket.KuzzleSocket, (socket): KuzzleSocket.KuzzleSocketShape => ({
      unsafeConnect: (dial, done) =>
        socket.unsafeConnect(dial, (outcome) =>
          done(Either.map(outcome, (connection) =>
            // A spread would omit the methods.
            Object.assign(Object.create(connection), {
              unsafeSend: (frame: string) => {
                sent.push(JSON.parse(frame))
                return connection.unsafeSend(frame)
              }
            }))))
    }))
  )

describe("under a test clock", () => {
  const run = <A, E>(
    effect: Effect.Effect<
      A,
      E,
      Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime | KuzzleEngine.KuzzleEngine | Scope.Scope
    >,
    options?: Parameters<typeof Memory.layerClient>[1]
  ) =>
    Effect.gen(function*() {
      const engine = Layer.succeed(
        KuzzleEngine.KuzzleEngine,
        yield* KuzzleEngine.make({ users: [user], refreshInterval: 0 })
      )
      return yield* Effect.provide(effect, Layer.merge(Memory.layerClient(engine, options), engine))
    }).pipe(Effect.scoped)

  const stateTag = Effect.flatMap(Kuzzle.Kuzzle, (kuzzle) => Effect.map(kuzzle.state, ({ _tag }) => _tag))

  timed(
    "R2, 8.D1: a request that is never answered ends after exactly its deadline: 15 s by default",
    () =>
      run(Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        yield* engine.silenceNext("server:now")
        const lost = yield* Effect.fork(failure(KuzzleServer.now(), KuzzleError.DeadlineError))
        yield* pass("14999 millis")
        assert.isNull(lost.unsafePoll())
        yield* pass("1 millis")
        assert.strictEqual(Duration.toMillis((yield* Fiber.join(lost)).timeout), 15_000)
        yield* KuzzleServer.now()
      }))
  )

  timed("R2, 8.E1: an input that Kuzzle never answers ends at its deadline", () =>
    run(Effect.gen(function*() {
      const lost = yield* Effect.fork(
        failure(Kuzzle.query({ controller: "server", action: "now", targets: "x" }), KuzzleError.DeadlineError)
      )
      yield* pass("15 seconds")
      assert.isTrue((yield* Fiber.join(lost)).sent)
    })))

  timed(
    "C4, 8.E7: the heartbeat keeps an idle connection open for ten minutes",
    () =>
      run(Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        const states: Array<string> = []
        yield* Kuzzle.streamOf(kuzzle.states).pipe(
          Stream.runForEach(({ _tag }) => Effect.sync(() => states.push(_tag))),
          Effect.fork
        )
        yield* Effect.replicateEffect(pass("1 minute"), 10)
        assert.deepStrictEqual(states, ["Ready"])
        assert.isTrue(Option.isSome(yield* kuzzle.roundTripTime))
      }))
  )

  timed("without a heartbeat the server closes an idle connection after a minute", () =>
    run(
      Effect.gen(function*() {
        yield* pass("59999 millis")
        assert.strictEqual(yield* stateTag, "Ready")
        yield* pass("1 millis")
        assert.strictEqual(yield* stateTag, "Waiting")
      }),
      { pingInterval: "2 hours", reconnect: Schedule.spaced("1 hour") }
    ))

  timed("C3: the connection to a frozen server ends after interval and timeout, and not before", () =>
    run(
      Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        yield* pass("10 seconds")
        yield* engine.freeze
        yield* pass("14999 millis")
        assert.strictEqual(yield* stateTag, "Ready")
        yield* pass("1 millis")
        assert.strictEqual(yield* stateTag, "Waiting")
      }),
      { reconnect: Schedule.spaced("1 hour") }
    ))

  timed("C6: the delays of reconnection follow the schedule", () =>
    run(
      Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        yield* engine.refuse
        yield* engine.dropAll()
        yield* turns
        const kuzzle = yield* Kuzzle.Kuzzle
        const delays: Array<number> = []
        for (let attempt = 0; attempt < 4; attempt++) {
          const state = yield* kuzzle.state
          if (state._tag !== "Waiting") return assert.fail(`the state is ${state._tag}`)
          delays.push(Duration.toMillis(state.delay))
          yield* pass(Duration.toMillis(state.delay) - 1)
          assert.strictEqual(yield* stateTag, "Waiting")
          if (attempt === 3) yield* engine.accept
          yield* pass(1)
        }
        assert.deepStrictEqual(delays, [1000, 2000, 4000, 8000])
        assert.strictEqual(yield* stateTag, "Ready")
      }),
      { reconnect: Schedule.exponential("1 second") }
    ))

  timed("A3: an expired token causes an event and a gap, and notifications continue after the next login", () =>
    run(
      Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        const login = KuzzleAuth.login({ strategy: "local", credentials: user, expiresIn: "1m" })
        const event = yield* Kuzzle.streamOf(kuzzle.events).pipe(
          Stream.filter(({ _tag }) => _tag === "TokenExpired"),
          Stream.runHead,
          Effect.fork
        )
        const first = yield* login
        const notifications = yield* KuzzleRealtime.open({ index: "nyc", collection: "taxi" })
        yield* pass("1 minute")
        assert.deepStrictEqual(yield* Fiber.join(event), Option.some({ _tag: "TokenExpired" }))
        assert.deepStrictEqual(yield* KuzzleAuth.checkToken({ token: Option.getOrThrow(first.token) }), {
          valid: false,
          state: "Invalid token."
        })
        yield* login
        yield* turns
        yield* KuzzleRealtime.publish({ index: "nyc", collection: "taxi", message: { n: 1 } })
        const [gap, message] = yield* Effect.map(Stream.runCollect(Stream.take(notifications, 2)), (all) => [...all])
        if (gap === undefined || message === undefined) return assert.fail("not two notifications")
        assert.deepStrictEqual(gapOf(gap).cause, { _tag: "TokenExpired" })
        assert.strictEqual(numberOf(message), 1)
      }),
      { tokenRefresh: Schedule.recurs(0) }
    ))
})

describe("on the wire", () => {
  live(
    "S5: many consumers of equal filters cause one subscribe, and the last one causes one unsubscribe",
    () =>
      Effect.gen(function*() {
        const sent: Array<Record<string, unknown>> = []
        const engine = Layer.succeed(KuzzleEngine.KuzzleEngine, yield* KuzzleEngine.make())
        const client = yield* Layer.build(Memory.layerClientOver(recordingSocket(sent), engine))
        const target = { index: "nyc", collection: "taxi" }
        const filters = [{ range: { n: { gte: 0, lt: 9 } } }, { range: { n: { lt: 9, gte: 0 } } }]
        const scopes = yield* Effect.forEach([...filters, ...filters], (filter) =>
          Effect.tap(Scope.make(), (scope) =>
            KuzzleRealtime.open({ ...target, filter }).pipe(Scope.extend(scope), Effect.provide(client))))
        yield* Effect.forEach(scopes, (scope) =>
          Scope.close(scope, Exit.void))
        yield* until(
          "the unsubscribe",
          Effect.sync(() =>
            sent.length > 1
          )
        )
        assert.deepStrictEqual(
          sent.map(({ action }) => action),
          ["subscribe", "unsubscribe"]
        )
      }).pipe(Effect.scoped)
  )

  live(
    "every request carries the volatile data, the token after a login, and its own id",
    () =>
      Effect.gen(function*() {
        const sent: Array<Record<string, unknown>> = []
        const engine = Layer.succeed(KuzzleEngine.KuzzleEngine, yield* KuzzleEngine.make({ users: [user] }))
        const client = yield* Layer.build(
          Memory.layerClientOver(recordingSocket(sent), engine, { volatile: { app: "test" } })
        )
        yield* Effect.gen(function*() {
          yield* KuzzleServer.now()
          const { token } = yield* KuzzleAuth.login({ strategy: "local", credentials: user })
          yield* KuzzleServer.now({ volatile: { one: 1 } })
          yield* KuzzleAuth.checkToken()
          const [before, login, after, check] = sent
          assert.deepInclude(before, { controller: "server", action: "now" })
          assert.notProperty(before, "jwt")
          assert.notProperty(login, "jwt")
          assert.deepStrictEqual(login?.body, user)
          assert.deepInclude(before?.volatile, { app: "test" })
          assert.match(JSON.stringify(before?.volatile), /"sdkName":"effect@/)
          assert.isString(after?.jwt)
          assert.deepInclude(after?.volatile, { app: "test", one: 1 })
          assert.notProperty(check, "jwt")
          assert.deepStrictEqual(check?.body, { token: after?.jwt })
          assert.notInclude(JSON.stringify([token, yield* (yield* Kuzzle.Kuzzle).token]), String(after?.jwt))
          assert.lengthOf([...new Set(sent.map(({ requestId }) => requestId))], 4)
        }).pipe(Effect.provide(client))
      }).pipe(Effect.scoped)
  )

  live("without ping frames the heartbeat sends Kuzzle's own ping messages", () =>
    Effect.gen(function*() {
      const sent: Array<Record<string, unknown>> = []
      const engine = Layer.succeed(KuzzleEngine.KuzzleEngine, yield* KuzzleEngine.make())
      const client = yield* Layer.build(
        Memory.layerClientOver(
          recordingSocket(sent),
          engine,
          { pingInterval: "20 millis", pingTimeout: "10 seconds" },
          false
        )
      )
      const kuzzle = Context.get(client, Kuzzle.Kuzzle)
      yield* until("a measured ping", Effect.map(kuzzle.roundTripTime, Option.isSome))
      assert.deepStrictEqual(sent[0], { p: 1 })
    }).pipe(Effect.scoped))
})
