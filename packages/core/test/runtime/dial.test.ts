/** Effects that give the address and the headers of a dial, and a client that does not wait for its first connection. */
import {
  Kuzzle,
  KuzzleAuth,
  KuzzleHeartbeat,
  KuzzleHttp,
  KuzzleSocket,
  KuzzleTelemetry,
  KuzzleTokenStore
} from "@effect-kuzzle/core"
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  type Duration,
  Effect,
  Exit,
  Fiber,
  identity,
  Layer,
  Option,
  Redacted,
  Schedule,
  Stream,
  TestClock,
  Tracer
} from "effect"
import type { Event } from "../../src/internal/protocol/clientAction.ts"
import * as Watched from "../../src/internal/runtime/watched.ts"
import { client, dial, failureTag, kinds, now, obligingNetwork } from "../support/client.ts"
import { FakeNetwork, type FakeSocket, obliging, turns } from "../support/FakeSocket.ts"

const pass = (duration: Duration.DurationInput) => Effect.zipRight(TestClock.adjust(duration), turns())

const lose = (network: FakeNetwork) => Effect.zipRight(Effect.sync(() => network.current.close(1006)), turns())

const urls = (network: FakeNetwork) => network.sockets.map(({ url }) => url)

const header = (name: string) => (socket: FakeSocket) =>
  socket.headers[name] === undefined ? undefined : Redacted.value(socket.headers[name])

/** A network without a server. */
const deadNetwork = () => {
  const network = new FakeNetwork()
  network.autoOpen = false
  network.onDial = (socket) => socket.close(1006)
  return network
}

/** Starts the server. */
const revive = (network: FakeNetwork) => {
  network.autoOpen = true
  network.onDial = undefined
  network.onSend = obliging
}

describe("an effect that gives the address", () => {
  it.scoped("8.A18: runs before every attempt; after a failed one the next position of the list is tried", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      network.autoOpen = false
      network.onDial = (socket) => (socket.url.startsWith("ws://a") ? socket.close(1006) : socket.open())
      let turn = 0
      const connecting = yield* Effect.forkScoped(client(network, {
        url: Effect.sync(() => {
          turn += 1
          return [`ws://a/?signed=${turn}`, `ws://b/?signed=${turn}`]
        })
      }))
      yield* turns()
      yield* pass("1 second")
      const { session, states } = yield* Fiber.join(connecting)
      assert.deepStrictEqual(urls(network), ["ws://a/?signed=1", "ws://b/?signed=2"])
      // A stable session stays with its place.
      yield* pass("1 minute")
      yield* lose(network)
      yield* pass("1 second")
      assert.deepStrictEqual(urls(network).slice(2), ["ws://b/?signed=3"])
      assert.deepInclude(yield* session.state, { _tag: "Ready", endpoint: "ws://b/" })
      assert.isTrue(states.every((state) => !("endpoint" in state) || !state.endpoint.includes("signed")))
    }))

  it.scoped("8.A18: the list may grow, shrink or change", () =>
    Effect.gen(function*() {
      const network = deadNetwork()
      let list: ReadonlyArray<string> = ["ws://a", "ws://b", "ws://c"]
      const { session } = yield* client(network, { url: Effect.sync(() => list), waitForConnection: false })
      assert.strictEqual(network.current.url, "ws://a/")
      const dialled = Effect.map(pass("1 second"), () => network.current.url)
      assert.strictEqual(yield* dialled, "ws://b/")
      assert.strictEqual(yield* dialled, "ws://c/")
      list = ["ws://d", "ws://e"]
      assert.strictEqual(yield* dialled, "ws://d/")
      list = ["ws://f"]
      assert.strictEqual(yield* dialled, "ws://f/")
      assert.strictEqual(yield* dialled, "ws://f/")
      assert.deepInclude(yield* session.state, { _tag: "Waiting", endpoint: "ws://f/" })
    }))

  it.scoped("C7: if it fails at the start, the client fails with its error", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const sealed = new Cause.UnknownException(undefined, "the vault is sealed")
      const error = yield* Effect.flip(dial(network, { url: Effect.fail(sealed) }))
      assert.strictEqual(error._tag, "KuzzleConnectError")
      assert.strictEqual(
        error.message,
        "cannot connect to Kuzzle: the setting url: the effect that yields it failed: the vault is sealed"
      )
      if (error._tag !== "KuzzleConnectError") return
      assert.strictEqual(error.reason, "Settings")
      // The error has the cause.
      assert.deepInclude(error.cause, { _tag: "KuzzleInvalidSettingError", setting: "url" })
      assert.strictEqual(Object(error.cause).cause, sealed)
      assert.lengthOf(network.sockets, 0)
    }))

  it.scoped("C5, C7: if it fails or yields an invalid value later, it runs again before the next attempt", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      let given: Effect.Effect<string, Error> = Effect.succeed("ws://a/?key=s3cr3t")
      const { query, session } = yield* client(network, { url: Effect.suspend(() => given) })
      for (
        const bad of [
          Effect.fail(new Cause.UnknownException(undefined, "no network")),
          Effect.succeed("garbage"),
          Effect.never
        ]
      ) {
        given = bad
        yield* lose(network)
        yield* pass("1 second")
        // It may take `connectTimeout`.
        yield* pass("10 seconds")
        const state = yield* session.state
        assert.isTrue(state._tag === "Waiting" && state.cause._tag === "KuzzleConnectError")
        if (state._tag !== "Waiting" || state.cause._tag !== "KuzzleConnectError") return
        assert.strictEqual(state.cause.reason, "Settings")
        assert.include(state.cause.message, "cannot connect to ws://a/: the setting url")
        given = Effect.succeed("ws://a/?key=s3cr3t")
        yield* pass("1 second")
        assert.strictEqual((yield* query(now)).status, 200)
      }
    }))

  it.scoped("its address is in the state as soon as it is known", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { states } = yield* client(network, {
        url: Effect.delay(Effect.succeed("ws://a"), "1 second"),
        waitForConnection: false
      })
      yield* pass("1 second")
      assert.deepStrictEqual(
        states.map((state) => ("endpoint" in state ? [state._tag, state.endpoint] : [])),
        [["Connecting", ""], ["Connecting", "ws://a/"], ["Resubscribing", "ws://a/"], ["Ready", "ws://a/"]]
      )
    }))
})

/** The answers of a server to a login by cookie, and to the verification of the cookie. */
const cookieAnswer = (url: string): string => {
  const result = url.includes("_checkToken") ? { valid: true, kuid: "ada", expiresAt: null } : { _id: "ada" }
  return JSON.stringify({ status: 200, error: null, requestId: "r", result })
}

describe("headers", () => {
  it.scoped("of an effect are evaluated before every attempt, renewals included, so a rotated token is used", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      let token = 0
      yield* client(network, {
        headers: Effect.sync(() => ({ Authorization: Redacted.make(`Bearer ${++token}`), "x-tenant": "nyc" }))
      })
      yield* lose(network)
      yield* pass("1 second")
      assert.deepStrictEqual(network.sockets.map(header("authorization")), ["Bearer 1", "Bearer 2"])
      assert.deepStrictEqual(network.sockets.map(header("x-tenant")), ["nyc", "nyc"])
    }))

  it.scoped("C7: of an effect that fails prevent the dial", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const error = yield* Effect.flip(dial(network, { headers: Effect.fail("no token") }))
      assert.include(error.message, "the setting headers: the effect that yields it failed")
      assert.include(error.message, "ws://kuzzle.test:7512/")
      assert.lengthOf(network.sockets, 0)
    }))

  /** A client with a cookie session and a fake HTTP, which records the headers. */
  const byCookie = (network: FakeNetwork, options: Kuzzle.Options) =>
    Effect.gen(function*() {
      const calls: Array<Parameters<KuzzleHttp.KuzzleHttpShape["exchange"]>[0]> = []
      const http: KuzzleHttp.KuzzleHttpShape = {
        cookie: () => Effect.succeedSome(Redacted.make("authToken=t")),
        exchange: (call) =>
          Effect.sync(() => {
            calls.push(call)
            return { status: 200, headers: {}, body: cookieAnswer(call.url) }
          }),
        stream: () => Effect.dieMessage("nothing is downloaded here")
      }
      const context = yield* Kuzzle.make({ reconnect: Schedule.spaced("1 second"), ...options, session: Kuzzle.cookie })
        .pipe(
          Effect.provideService(KuzzleSocket.KuzzleSocket, network.shape),
          Effect.provideService(KuzzleHttp.KuzzleHttp, http),
          Effect.provideServiceEffect(KuzzleHeartbeat.KuzzleHeartbeat, KuzzleHeartbeat.make("Disabled"))
        )
      return { calls, context }
    })

  const login = KuzzleAuth.login({
    strategy: "local",
    credentials: { username: "ada", password: Redacted.make("s3cr3t") }
  })

  it.scoped("8.B5: contain both the cookie of the settings and that of the session", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      let token = 0
      const { calls, context } = yield* byCookie(network, {
        url: Effect.succeed("ws://kuzzle.test:7512/prefix"),
        headers: Effect.sync(() => ({ Cookie: "gate=open", "X-Token": Redacted.make(String(++token)) }))
      })
      assert.strictEqual(header("cookie")(network.current), "gate=open; authToken=t")
      assert.strictEqual(header("x-token")(network.current), "1")
      yield* Effect.provide(login, context)
      // The calls over HTTP have the address of the connection and their own headers. Then the connection is reopened.
      assert.deepStrictEqual(calls.map(({ headers, url }) => [url, headers["X-Token"]]), [
        ["http://kuzzle.test:7512/prefix/_login/local?cookieAuth=true", "2"],
        ["http://kuzzle.test:7512/prefix/_checkToken?cookieAuth=true", "3"]
      ])
      assert.strictEqual(header("x-token")(network.current), "4")
    }))

  it.scoped("C7: a login by cookie whose headers fail was not sent", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      let headers: Effect.Effect<Kuzzle.Options["headers"] & object, Error> = Effect.succeed({})
      const { calls, context } = yield* byCookie(network, { headers: Effect.suspend(() => Object(headers)) })
      headers = Effect.fail(new Cause.UnknownException(undefined, "the vault is sealed"))
      const error = yield* Effect.flip(Effect.provide(login, context))
      assert.strictEqual(error._tag, "KuzzleNotSentError")
      assert.include(error.message, "the vault is sealed")
      assert.lengthOf(calls, 0)
    }))
})

describe("a client that does not wait for its first connection", () => {
  const offline = { waitForConnection: false, autoQueue: true }

  it.scoped("C5: is usable at once in the state Connecting, and queues requests in order until it connects", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      const { query, session } = yield* client(network, offline)
      assert.deepInclude(yield* session.state, { _tag: "Connecting", endpoint: "ws://kuzzle.test:7512/", attempt: 1 })
      const first = yield* Effect.fork(query({ ...now, n: 1 }))
      yield* turns()
      const second = yield* Effect.fork(query({ ...now, n: 2 }))
      yield* turns()
      assert.deepStrictEqual([first.unsafePoll(), second.unsafePoll()], [null, null])
      network.onSend = obliging
      network.current.open()
      yield* turns()
      assert.deepStrictEqual(network.current.of("now").map(({ n }) => n), [1, 2])
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      assert.strictEqual((yield* session.state)._tag, "Ready")
    }))

  it.scoped("R3: without a queue a request is refused before there is a connection, and the error says so", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      const { query } = yield* client(network, { waitForConnection: false })
      const error = yield* Effect.flip(query(now))
      assert.strictEqual(
        error.message,
        "server:now was not sent: the client has not connected yet: wait for the state Ready (autoQueue keeps requests " +
          "until then, but no login)"
      )
      assert.isTrue(error._tag === "KuzzleNotSentError" && error.cause._tag === "KuzzleNotQueuedError")
      network.onSend = obliging
      network.current.open()
      yield* turns()
      assert.strictEqual((yield* query(now)).status, 200)
    }))

  it.scoped("R3: a login before there is a connection is refused with a queue as well, and the error does not advise one", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      const { session } = yield* client(network, offline)
      const login = { controller: "auth", action: "login", strategy: "local", body: {} }
      const error = yield* Effect.flip(session.authentication.login(login))
      assert.include(error.message, "wait for the state Ready (autoQueue keeps requests until then, but no login)")
    }))

  it.scoped("C5, C7: failed attempts to connect are reported by states and events, and retried", () =>
    Effect.gen(function*() {
      const network = deadNetwork()
      const { query, session, tags } = yield* client(network, offline)
      const events: Array<Event> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Watched.streamOf(session.events), (event) => Effect.sync(() => events.push(event)))
      )
      const waiting = yield* Effect.fork(query(now, { timeout: "1 minute" }))
      yield* turns()
      yield* pass("1 second")
      yield* pass("1 second")
      assert.lengthOf(network.sockets, 3)
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "ConnectFailed" ? [event.cause.reason] : [])),
        ["Unreachable", "Unreachable"]
      )
      revive(network)
      yield* pass("1 second")
      assert.strictEqual((yield* Fiber.join(waiting)).status, 200)
      assert.deepStrictEqual(tags().slice(-3), ["Resubscribing", "Replaying", "Ready"])
    }))

  it.scoped("C5, R3: when the schedule ends, it fails with GaveUp, and waiting requests fail with the reason", () =>
    Effect.gen(function*() {
      const network = deadNetwork()
      const { query, session } = yield* client(network, {
        ...offline,
        reconnect: Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(1))
      })
      const events: Array<Event> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Watched.streamOf(session.events), (event) => Effect.sync(() => events.push(event)))
      )
      yield* turns()
      const waiting = yield* Effect.fork(Effect.exit(query(now)))
      yield* turns()
      yield* pass("1 second")
      assert.strictEqual((yield* session.state)._tag, "Failed")
      assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["Queued", "GaveUp", "Discarded"])
      assert.strictEqual(failureTag(yield* Fiber.join(waiting)), "KuzzleNotSentError")
      const later = yield* Effect.flip(query(now))
      assert.isTrue(later._tag === "KuzzleNotSentError" && later.cause._tag === "KuzzleConnectError")
    }))

  it.scoped("a subscription that is opened before there is a connection is active from the first connection on", () =>
    Effect.gen(function*() {
      const network = deadNetwork()
      const { realtime, session } = yield* client(network, { waitForConnection: false })
      const opening = yield* Effect.forkScoped(realtime.open({ index: "i", collection: "c" }))
      yield* turns()
      assert.isNull(opening.unsafePoll())
      revive(network)
      yield* pass("1 second")
      const stream = yield* Fiber.join(opening)
      const received = yield* Effect.fork(Stream.runHead(stream))
      yield* turns()
      network.current.deliver({
        room: "room{}-111",
        type: "document",
        status: 200,
        requestId: "r",
        result: { _id: "a" }
      })
      assert.deepStrictEqual(kinds(Option.toArray(yield* Fiber.join(received))), ["a"])
      assert.strictEqual((yield* session.state)._tag, "Ready")
    }))

  it.scoped("a stored token is loaded before the first connection, and sent with queued requests", () =>
    Effect.gen(function*() {
      const network = deadNetwork()
      const stored: KuzzleTokenStore.StoredToken = {
        token: Redacted.make("kept"),
        kuid: "ada",
        expiresAt: Option.none()
      }
      const { query, session } = yield* client(network, offline).pipe(
        Effect.provideService(
          KuzzleTokenStore.KuzzleTokenStore,
          KuzzleTokenStore.from({
            load: Effect.succeedSome(stored),
            save: () => Effect.succeed(true),
            changes: Stream.never,
            exclusive: identity
          })
        )
      )
      assert.strictEqual(session.authentication.state()._tag, "Authenticated")
      const waiting = yield* Effect.fork(query(now))
      yield* turns()
      revive(network)
      yield* pass("1 second")
      yield* Fiber.join(waiting)
      assert.strictEqual(network.current.last("now").jwt, "kept")
    }))

  it.scoped("an authenticator logs in at the first connection, before queued requests are sent", () =>
    Effect.gen(function*() {
      const network = deadNetwork()
      const { query } = yield* client(network, {
        ...offline,
        authenticator: (session) =>
          session.authentication.forAuthenticator.login({
            controller: "auth",
            action: "login",
            strategy: "local",
            body: {}
          })
      })
      const waiting = yield* Effect.fork(query(now))
      yield* turns()
      revive(network)
      network.onSend = (socket, frame) => {
        const request = JSON.parse(frame)
        if (request.action === "login") queueMicrotask(() => socket.answer(request, { _id: "ada", jwt: "new", ttl: 1 }))
        else obliging(socket, frame)
      }
      yield* pass("1 second")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(waiting)))
      assert.deepStrictEqual(network.current.requests.map(({ action }) => action).slice(0, 2), ["login", "now"])
      assert.strictEqual(network.current.last("now").jwt, "new")
    }))

  it.scoped("C1: a client that is closed before its first connection leaves no socket and no timer", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      yield* Effect.scoped(dial(network, offline).pipe(Effect.zipLeft(turns())))
      assert.isTrue(network.current.terminated)
      yield* pass("1 minute")
      assert.lengthOf(network.sockets, 1)
    }))
})

describe("a runtime with a URL that does not support ws:// addresses", () => {
  /** As in React Native, where older versions throw and newer ones lose the host. */
  const withBroken = (broken: (text: string) => unknown) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const { URL: real } = globalThis
        const reads = (text: unknown) => !/^wss?:/.test(String(text))
        const fake = function(text: string, base?: string) {
          return reads(text) ? new real(text, base) : broken(text)
        }
        Object.defineProperty(globalThis, "URL", { configurable: true, writable: true, value: fake })
        return real
      }),
      (real) =>
        Effect.sync(() => Object.defineProperty(globalThis, "URL", { configurable: true, writable: true, value: real }))
    )

  for (
    const [how, broken] of [
      ["throws", () => {
        throw new Error("not implemented")
      }],
      ["loses the host", () => ({ protocol: "", host: "", hostname: "", port: "", pathname: "", search: "" })]
    ] as const
  ) {
    it.scoped(`8.A18: ${how}: settings, sessions, cookies and spans work without it`, () =>
      Effect.gen(function*() {
        yield* withBroken(broken)
        const network = obligingNetwork()
        network.onSend = (socket, frame) => {
          const request = JSON.parse(frame)
          if (request.action !== "checkToken") return obliging(socket, frame)
          queueMicrotask(() => socket.answer(request, { valid: true, kuid: "ada", expiresAt: null }))
        }
        const spans: Array<ReadonlyMap<string, unknown>> = []
        const tracer = Tracer.make({
          span: (name, parent, context, links, startTime, kind) => {
            const attributes = new Map<string, unknown>()
            spans.push(attributes)
            return {
              _tag: "Span",
              name,
              spanId: "0000000000000001",
              traceId: "00000000000000000000000000000001",
              parent,
              context,
              status: { _tag: "Started", startTime },
              attributes,
              links,
              sampled: false,
              kind,
              end: () => {},
              attribute: (key, value) => {
                attributes.set(key, value)
              },
              event: () => {},
              addLinks: () => {}
            }
          },
          context: (f) => f()
        })
        const calls: Array<string> = []
        const http = HttpClient.make((request) =>
          Effect.sync(() => {
            calls.push(request.url)
            const headers = { "set-cookie": "authToken=t; Path=/" }
            return HttpClientResponse.fromWeb(request, new Response(cookieAnswer(request.url), { headers }))
          })
        )
        const layer = Kuzzle.layer({ url: ["wss://[::1]:7512/p", "ws://b"], session: Kuzzle.cookie }).pipe(
          Layer.provide(KuzzleHttp.layerCookieJar),
          Layer.provide(Layer.succeed(HttpClient.HttpClient, http)),
          Layer.provide([network.layer, KuzzleHeartbeat.layerDisabled, KuzzleTelemetry.layer])
        )
        yield* KuzzleAuth.login({
          strategy: "local",
          credentials: { username: "ada", password: Redacted.make("s3cr3t") }
        }).pipe(
          Effect.zipRight(Kuzzle.query(now)),
          Effect.provide(layer),
          Effect.withTracer(tracer)
        )
        assert.deepStrictEqual(calls, [
          "https://[::1]:7512/p/_login/local?cookieAuth=true",
          "https://[::1]:7512/p/_checkToken?cookieAuth=true"
        ])
        assert.deepStrictEqual(urls(network), ["wss://[::1]:7512/p", "wss://[::1]:7512/p"])
        assert.strictEqual(header("cookie")(network.current), "authToken=t")
        assert.deepStrictEqual(
          spans.flatMap((
            span
          ) => (span.has("rpc.method") ? [[span.get("server.address"), span.get("server.port")]] : [])),
          [["[::1]", 7512], ["[::1]", 7512]]
        )
      }))
  }
})
