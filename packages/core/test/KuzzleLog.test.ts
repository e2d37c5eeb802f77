import {
  Kuzzle,
  KuzzleAuth,
  KuzzleError,
  KuzzleHeartbeat,
  KuzzleLog,
  KuzzleOutbox,
  KuzzleTokenStore
} from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import {
  Duration,
  Effect,
  FastCheck as fc,
  Layer,
  Logger,
  LogLevel,
  Option,
  Redacted,
  Schedule,
  Stream,
  TestClock
} from "effect"
import { inspect } from "node:util"
import { answering } from "./support/answering.ts"
import { FakeNetwork, turns } from "./support/FakeSocket.ts"

/** Records the printed lines with their levels. `all` has everything that the logger received. */
const recording = (level: LogLevel.LogLevel) => {
  const lines: Array<string> = []
  const all: Array<string> = []
  const logger = Logger.make(({ annotations, cause, logLevel, message, spans }) => {
    lines.push(`${logLevel.label} ${String(Object(message)[0])}`)
    all.push(inspect([message, cause, Array.from(annotations), spans], { depth: 20 }))
  })
  const layer = Layer.merge(Logger.replace(Logger.defaultLogger, logger), Logger.minimumLogLevel(level))
  return { lines, all, layer }
}

const clientOver = (network: FakeNetwork, options: Kuzzle.Options = {}) =>
  Kuzzle.layer({ url: "ws://kuzzle.test:7512", reconnect: Schedule.spaced("1 second"), ...options }).pipe(
    Layer.provide([network.layer, KuzzleHeartbeat.layerDisabled])
  )

const count = { controller: "document", action: "count", index: "nyc", collection: "taxi", body: { query: {} } }

const watchable = <A>(elements: ReadonlyArray<A>): Kuzzle.Watchable<A> => ({
  watch: (watcher) => {
    for (const element of elements) watcher.next(element)
    watcher.end()
    return () => {}
  }
})

/** A client with these events and states. */
const clientWith = (events: ReadonlyArray<Kuzzle.KuzzleEvent>, states: ReadonlyArray<Kuzzle.ConnectionState> = []) =>
  Layer.effect(
    Kuzzle.Kuzzle,
    Effect.map(Effect.provide(Kuzzle.Kuzzle, answering(() => ({}))), (kuzzle): Kuzzle.KuzzleShape => ({
      ...kuzzle,
      events: watchable(events),
      states: watchable(states)
    }))
  )

/** The layer of the log over a client, with the logger of the test. */
const above = <R, E>(client: Layer.Layer<Kuzzle.Kuzzle | R, E>, logger: Layer.Layer<never>) =>
  KuzzleLog.layer.pipe(Layer.provideMerge(client), Layer.provideMerge(logger))

/** The lines that are logged until the client closes. */
const logged = (
  client: Layer.Layer<Kuzzle.Kuzzle, KuzzleError.InvalidSettingError>,
  level: LogLevel.LogLevel = LogLevel.Info,
  use: Effect.Effect<unknown, unknown, Kuzzle.Kuzzle> = Effect.void
) =>
  Effect.gen(function*() {
    const { layer, lines } = recording(level)
    yield* Effect.provide(Effect.zipRight(use, turns(5)), above(client, layer))
    return lines.filter((text) => text !== "INFO closing the client")
  })

const refused = new KuzzleError.TooManyRequestsError({
  controller: "document",
  action: "create",
  id: "network.rate",
  status: 429,
  code: 1,
  message: "what was sent: hunter2",
  props: []
})

describe("KuzzleLog", () => {
  it.effect("logs changes of the connection and the session at Info", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { layer, lines } = recording(LogLevel.Info)
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* turns(5)
        const query = yield* Effect.fork(kuzzle.query(count))
        yield* turns(5)
        network.current.answer(network.current.last("count"), { count: 2 })
        yield* query
        network.autoOpen = false
        network.current.close(1006)
        yield* TestClock.adjust("1 second")
        yield* turns(5)
        network.current.close(1006)
        network.autoOpen = true
        yield* turns(5)
        yield* TestClock.adjust("1 second")
        yield* turns(10)
      }).pipe(Effect.provide(above(clientOver(network), layer)))
      assert.deepStrictEqual(lines, [
        "INFO connected to ws://kuzzle.test:7512/",
        "INFO the connection was closed with code 1006; attempt 2 follows in 1.0 s",
        "WARN nothing answers at ws://kuzzle.test:7512/: is Kuzzle running there?; attempt 3 follows in 1.0 s",
        "INFO connected to ws://kuzzle.test:7512/",
        "INFO closing the client"
      ])
    }))

  it.effect("logs requests and their outcomes at Debug", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const { layer, lines } = recording(LogLevel.Debug)
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        const ask = (then: () => void) =>
          Effect.gen(function*() {
            const query = yield* Effect.fork(Effect.exit(kuzzle.query(count)))
            yield* turns(2)
            yield* TestClock.adjust("20 millis")
            then()
            yield* query
          })
        yield* ask(() => network.current.answer(network.current.last("count"), { count: 2 }))
        yield* ask(() => network.current.refuse(network.current.last("count"), { id: "services.x", status: 400 }))
        const many = yield* Effect.fork(kuzzle.queryMany([count, count]))
        yield* turns(2)
        for (const [i, request] of network.current.of("count").slice(-2).entries()) {
          if (i === 0) network.current.answer(request, { count: 1 })
          else network.current.refuse(request, { id: "services.x", status: 400 })
        }
        yield* many
      }).pipe(Effect.provide(above(clientOver(network), layer)))
      assert.deepStrictEqual(lines.filter((text) => text.startsWith("DEBUG")), [
        "DEBUG document:count nyc taxi succeeded after 20 ms",
        "DEBUG document:count nyc taxi failed (400 services.x) after 20 ms",
        "DEBUG 2 requests: 1 failed after 0 ms"
      ])
    }))

  it.effect("warns of failures that no caller gets", () =>
    Effect.gen(function*() {
      const lines = yield* logged(clientWith([
        {
          _tag: "SessionLost",
          cause: new KuzzleError.SessionLostError({ reason: "Refused", cause: new Error("hunter2") })
        },
        { _tag: "LoginFailed", error: refused },
        {
          _tag: "TokenStoreFailed",
          error: new KuzzleError.TokenStoreError({ operation: "save", issue: "the disk is full" })
        },
        { _tag: "Unroutable", reason: "NoRoom", errorId: Option.some("network.websocket.unexpected_error") },
        {
          _tag: "Postponed",
          controller: "realtime",
          action: "subscribe",
          error: refused,
          delay: Duration.millis(1500)
        },
        { _tag: "Discarded", controller: "document", action: "create", error: refused }
      ], [{ _tag: "Failed", cause: new KuzzleError.ConnectError({ url: "ws://a", reason: "Unreachable" }) }]))
      assert.deepStrictEqual(lines, [
        "WARN the session is over (Refused): requests fail and subscriptions wait until a user logs in",
        "WARN a login failed: 429 network.rate",
        "WARN the token store failed to save: the disk is full",
        "WARN an unexpected frame arrived (NoRoom): network.websocket.unexpected_error",
        "WARN realtime:subscribe is sent again in 1.5 s: 429 network.rate",
        "WARN document:create will not be sent: 429 network.rate",
        "WARN nothing answers at ws://a: is Kuzzle running there?; the setting reconnect has ended, so the client does not try again"
      ])
    }))

  it.effect("warns of each deprecation once", () =>
    Effect.gen(function*() {
      const deprecations = [{ version: "2.9.0", message: "use another one" }]
      const client = Layer.effect(
        Kuzzle.Kuzzle,
        Effect.map(Effect.provide(Kuzzle.Kuzzle, clientWith([])), (kuzzle): Kuzzle.KuzzleShape => ({
          ...kuzzle,
          query: ({ action, controller }) =>
            Effect.succeed({
              status: 200,
              result: null,
              requestId: "r",
              controller,
              action,
              volatile: null,
              deprecations
            })
        }))
      )
      const twice = Effect.zipRight(Kuzzle.query(count), Kuzzle.query(count))
      assert.deepStrictEqual(yield* logged(client, LogLevel.Info, twice), [
        "WARN document:count is deprecated since Kuzzle 2.9.0: use another one"
      ])
    }))

  it.effect("warns of the events of the outbox, if there is one", () =>
    Effect.gen(function*() {
      const outbox = Layer.succeed(KuzzleOutbox.KuzzleOutbox, {
        handOver: () => Effect.never,
        reports: Stream.empty,
        reportStates: Stream.empty,
        pendingStates: Stream.empty,
        pending: Effect.succeed([]),
        retry: () => Effect.void,
        forget: () => Effect.void,
        purge: () => Effect.succeed(0),
        events: Stream.make<[KuzzleOutbox.OutboxEvent, KuzzleOutbox.OutboxEvent]>(
          { _tag: "Reported", entry: undefined, outcome: "Unreadable" },
          {
            _tag: "StoreFailed",
            error: new KuzzleError.OutboxError({ operation: "mark", reason: "Timeout", issue: "no answer" })
          }
        )
      })
      const lines = yield* logged(Layer.merge(clientWith([]), outbox))
      assert.lengthOf(lines, 2)
      assert.match(lines[0] ?? "", /^WARN the outbox does not know how request \(unreadable\) has ended/)
      assert.match(lines[1] ?? "", /^WARN .*no answer/)
    }))

  const secret = fc.stringMatching(/^[A-Za-z0-9_-]{12,40}$/).map((text) => `s3cr3t-${text}`)
  const places = fc.constantFrom(
    "body",
    "argument",
    "volatile",
    "_id",
    "login",
    "token",
    "answer",
    "refusal",
    "malformed"
  )

  it.effect.prop(
    "no line contains a token, a password, an API key, a cookie or a part of a body",
    {
      secret,
      occurrences: fc.array(places, { minLength: 1, maxLength: 6 }),
      level: fc.constantFrom<LogLevel.LogLevel>(LogLevel.Debug, LogLevel.Trace)
    },
    ({ occurrences, level, secret }) =>
      Effect.gen(function*() {
        const network = new FakeNetwork()
        const { all, layer } = recording(level)
        const store = Layer.succeed(KuzzleTokenStore.KuzzleTokenStore, undefined)
        const client = clientOver(network, {
          url: `ws://kuzzle.test:7512/?key=${secret}`,
          headers: { authorization: Redacted.make(secret), cookie: `authToken=${secret}` }
        }).pipe(Layer.provide(store))
        yield* Effect.gen(function*() {
          const kuzzle = yield* Kuzzle.Kuzzle
          for (const place of occurrences) {
            const made = {
              ...count,
              body: { password: place === "body" ? secret : "" },
              ...(place === "argument" ? { token: secret } : {}),
              ...(place === "_id" ? { _id: secret } : {})
            }
            if (place === "token") yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make(secret))))
            const call: Effect.Effect<unknown, unknown, Kuzzle.Kuzzle> = place === "login"
              ? KuzzleAuth.login({
                strategy: "local",
                credentials: { username: "ada", password: Redacted.make(secret) }
              })
              : Kuzzle.query(made, place === "volatile" ? { volatile: { secret } } : {})
            const running = yield* Effect.fork(Effect.exit(call))
            yield* turns(3)
            const { current } = network
            const request = current.requests.at(-1)
            if (request === undefined) continue
            if (place === "refusal" || place === "login") {
              current.deliver({
                ...request,
                status: 400,
                result: null,
                room: request.requestId,
                error: { id: "x.y.z", code: 1, status: 400, message: `no: ${secret}`, props: [secret], stack: secret }
              })
            } else if (place === "malformed") current.deliver({ requestId: request.requestId, jwt: secret })
            else current.answer(request, place === "answer" ? { jwt: secret } : null)
            yield* running
            if (place === "answer") current.deliver(`{"jwt":"${secret}"`)
            if (place === "refusal") current.close(1006)
            yield* TestClock.adjust("1 second")
            yield* turns(5)
          }
        }).pipe(Effect.provide(above(client, layer)))
        assert.isAbove(all.length, 1)
        for (const text of all) assert.notInclude(text, secret)
      }),
    { fastCheck: { numRuns: 10 }, timeout: 60_000 }
  )
})
