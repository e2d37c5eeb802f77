/** Faults of the official SDK (spec 8) that no other test covers. Each test fails if the client has the fault. */
import type { KuzzleRealtime } from "@effect-kuzzle/core"
import { Kuzzle, KuzzleAuth, KuzzleError, KuzzleHeartbeat } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Option, Redacted, Schedule, Scope, Stream, TestClock } from "effect"
import { inspect } from "node:util"
import { vi } from "vitest"
import { identityOf } from "../../src/internal/protocol/credentials.ts"
import { client, dial, document, kinds, now, obligingNetwork, token } from "../support/client.ts"
import { FakeNetwork, type FakeRequest, type FakeSocket, obliging, turns } from "../support/FakeSocket.ts"

const all = { index: "i", collection: "c" }

const pass = (duration: Parameters<typeof TestClock.adjust>[0]) => Effect.zipRight(TestClock.adjust(duration), turns())

/** The public client on a network of the test. */
const clientOver = (network: FakeNetwork, options: Kuzzle.Options = {}) =>
  Kuzzle.layer({ url: "ws://kuzzle.test:7512", reconnect: Schedule.spaced("1 second"), ...options }).pipe(
    Layer.provide([network.layer, KuzzleHeartbeat.layerDisabled])
  )

/** Answers as `obliging`, and a login or a refresh with the next of the tokens `t1`, `t2`…, each good for an hour. */
const withLogins = (network: FakeNetwork) => {
  let tokens = 0
  const answer = (socket: FakeSocket, request: FakeRequest) => {
    tokens += 1
    socket.answer(request, { _id: "ada", jwt: `t${tokens}`, ttl: 3_600_000, expiresAt: 3_600_000 })
  }
  network.onSend = (socket, frame) => {
    const request: FakeRequest = JSON.parse(frame)
    if (request.action === "login" || request.action === "refreshToken") queueMicrotask(() => answer(socket, request))
    else obliging(socket, frame)
  }
}

const login = KuzzleAuth.login({
  strategy: "local",
  credentials: { username: "ada", password: Redacted.make("secret") }
})

const dead = { id: "security.token.invalid", status: 401 }

describe("spec 8: connection", () => {
  it.scoped("S1, 8.A1: after two reconnections within 200 ms, subscriptions are restored both times", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { watch } = yield* client(network, { reconnect: Schedule.spaced("10 millis") })
      const { received } = yield* watch({ a: 1 })
      for (const id of ["1", "2", "3"]) {
        network.current.close(1006)
        yield* pass("10 millis")
        assert.strictEqual(network.current.of("subscribe").length, 1)
        network.current.deliver(document({ a: 1 }, id))
        yield* turns()
      }
      assert.deepStrictEqual(kinds(received), ["Disconnected", "1", "Disconnected", "2", "Disconnected", "3"])
    }))

  const transient = [
    { id: "network.http_server.unavailable", status: 503 },
    { id: "api.process.too_many_requests", status: 429 },
    { id: "plugin.runtime.unexpected_error", status: 500 }
  ]
  it.scoped.each(transient)(
    "A4, 8.A3, 8.E8: an authentication that fails with $status after a reconnection is retried, and ends nothing",
    (refusal) =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        const { session, watch } = yield* client(network, { reconnect: Schedule.spaced("10 seconds") })
        yield* session.authentication.adopt(identityOf(token("old", 5000)))
        const { end, received } = yield* watch({ a: 1 })
        network.onSend = undefined
        network.current.close(1006)
        yield* turns()
        yield* pass("10 seconds")
        assert.strictEqual((yield* session.state)._tag, "Authenticating")
        const socket = network.current
        socket.refuse(socket.last("refreshToken"), refusal)
        yield* pass("10 seconds")
        assert.strictEqual(socket.of("refreshToken").length, 2)
        withLogins(network)
        socket.answer(socket.last("refreshToken"), { _id: "ada", jwt: "new", ttl: 60_000 })
        yield* turns()
        assert.strictEqual((yield* session.state)._tag, "Ready")
        assert.strictEqual(network.sockets.length, 2)
        socket.deliver(document({ a: 1 }, "1"))
        yield* turns()
        assert.isNull(end.unsafePoll())
        assert.deepStrictEqual(kinds(received), ["Disconnected", "1"])
      })
  )

  it.scoped("A2, 8.A4: if a connection is lost while it authenticates, the next one authenticates", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session, watch } = yield* client(network, { reconnect: Schedule.spaced("10 seconds") })
      yield* session.authentication.adopt(identityOf(token("old", 5000)))
      const { received } = yield* watch({ a: 1 })
      network.onSend = undefined
      network.current.close(1006)
      yield* turns()
      for (let i = 0; i < 3; i++) {
        yield* pass("10 seconds")
        assert.strictEqual((yield* session.state)._tag, "Authenticating")
        assert.strictEqual(network.current.of("refreshToken").length, 1)
        network.current.close(1006)
        yield* turns()
      }
      withLogins(network)
      yield* pass("10 seconds")
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.strictEqual(network.sockets.length, 5)
      assert.strictEqual(network.current.last("subscribe").jwt, "t1")
      network.current.deliver(document({ a: 1 }, "1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received).filter((kind) => kind !== "Disconnected"), ["1"])
      assert.strictEqual((yield* query(now)).status, 200)
    }))

  it.scoped("C1, 8.A9: using a client twice opens one socket; two clients (a double mount) end independently", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const used = Layer.effectDiscard(Kuzzle.query(now))
      const layer = clientOver(network)
      yield* Effect.scoped(Layer.build(Layer.mergeAll(used, Layer.fresh(used), used).pipe(Layer.provideMerge(layer))))
      assert.strictEqual(network.sockets.length, 1)
      assert.isTrue(network.current.terminated)

      const first = yield* Scope.make()
      yield* Effect.asVoid(Scope.extend(Layer.build(layer), first))
      const second = Context.get(yield* Layer.build(layer), Kuzzle.Kuzzle)
      yield* Scope.close(first, Exit.void)
      assert.deepStrictEqual(network.sockets.map(({ terminated }) => terminated), [true, true, false])
      assert.strictEqual((yield* second.query(now)).status, 200)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(network.sockets.length, 3)
    }))

  it.scoped("8.A17: a client that is made after another was closed reconnects from the beginning", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      yield* Effect.scoped(client(network))
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      const dialling = yield* Effect.forkScoped(dial(network, { url: ["ws://one", "ws://two"] }))
      yield* turns()
      network.onDial = (socket) => socket.open()
      yield* pass("1 second")
      const session = yield* Fiber.join(dialling)
      network.current.close(1006)
      yield* turns()
      yield* pass("1 second")
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.strictEqual(network.sockets.length, 4)
    }))
})

describe("spec 8: authentication", () => {
  it.scoped("A1: after a logout without a session the authenticator does not run any more", () =>
    Effect.gen(function*() {
      let runs = 0
      const network = obligingNetwork()
      const cause = new KuzzleError.NotQueuedError({ reason: "NotConnected" })
      const authenticator = Effect.suspend(() => {
        runs += 1
        return Effect.fail(new KuzzleError.NotSentError({ controller: "auth", action: "login", cause }))
      })
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* pass("1 minute")
        assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Renewing")
        const before = runs
        yield* KuzzleAuth.logout()
        assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
        network.current.close(1006)
        yield* pass("1 second")
        assert.strictEqual(network.sockets.length, 2)
        assert.strictEqual(runs, before)
      }).pipe(Effect.provide(clientOver(network, { authenticator, waitForConnection: false })))
    }))

  it.scoped("A2, 8.B9: after an immediate login, logout and login the client is logged in, and renews that session when it dies", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      withLogins(network)
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* KuzzleAuth.logout()
        yield* login
        assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Authenticated")
        const answering = network.onSend
        network.onSend = (socket, frame) => {
          const request: FakeRequest = JSON.parse(frame)
          if (request.action === "now" && request.jwt === "t2") queueMicrotask(() => socket.refuse(request, dead))
          else answering?.(socket, frame)
        }
        assert.strictEqual((yield* kuzzle.query(now)).status, 200)
        assert.deepStrictEqual(network.current.of("now").map(({ jwt }) => jwt), ["t2", "t3"])
      }).pipe(Effect.provide(clientOver(network, { authenticator: login })))
    }))

  it.scoped("R3, A2: a request that was refused for its token, and waits for the renewal at the end of the connection, was not sent", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      withLogins(network)
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        network.onSend = (socket, frame) => {
          const request: FakeRequest = JSON.parse(frame)
          if (request.action === "now") queueMicrotask(() => socket.refuse(request, dead))
        }
        const fiber = yield* Effect.fork(Effect.flip(kuzzle.query(now)))
        yield* turns()
        assert.strictEqual(network.current.of("login").length, 2)
        network.current.close(1006)
        // The error does not say that no user is logged in, because the renewal is pending.
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "KuzzleNotSentError")
      }).pipe(Effect.provide(clientOver(network, { authenticator: login })))
    }))

  it.scoped.each(["login", "logout"])(
    "A1, A2: a %s while a token is being refreshed decides the session",
    (action) =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        const { session } = yield* client(network)
        yield* session.authentication.adopt({ ...identityOf(token("ada's", 10_000)), user: "ada", kuid: "ada" })
        network.onSend = undefined
        yield* pass("10 seconds")
        yield* Effect.forkScoped(Effect.exit(session.requests.query(now)))
        yield* turns()
        const refresh = network.current.last("refreshToken")
        const request = { controller: "auth", action }
        const ended = yield* Effect.forkScoped(
          action === "login" ? session.authentication.login(request) : session.authentication.logout(request)
        )
        yield* turns()
        const answer = (request: FakeRequest) =>
          network.current.answer(
            request,
            request.action === "logout"
              ? null
              : { _id: request.action === "login" ? "bob" : "ada", jwt: `${request.action}'s`, ttl: 60_000 }
          )
        // The server may answer both requests in any order.
        for (const request of network.current.of(action)) answer(request)
        yield* turns()
        answer(refresh)
        yield* turns()
        for (const request of network.current.of(action)) answer(request)
        yield* Fiber.join(ended)
        yield* turns()
        assert.deepInclude(
          session.authentication.state(),
          action === "login" ? { _tag: "Authenticated", kuid: Option.some("bob") } : { _tag: "Anonymous" }
        )
      })
  )

  it.scoped("A1, A4: a session that is set right after another one was refused as dead does not end with it", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network)
      yield* session.authentication.adopt(identityOf(token("dead")))
      network.onSend = (socket, frame) => {
        const request: FakeRequest = JSON.parse(frame)
        if (request.jwt === "dead") queueMicrotask(() => socket.refuse(request, dead))
        else obliging(socket, frame)
      }
      assert.strictEqual((yield* Effect.flip(query(now)))._tag, "KuzzleUnauthorizedError")
      yield* session.authentication.adopt(identityOf(token("good")))
      assert.strictEqual((yield* query(now)).status, 200)
      yield* turns()
      assert.strictEqual(session.authentication.state()._tag, "Authenticated")
      // The same token again: only the server can say that it is dead.
      const same = identityOf(token("dead"))
      for (let i = 0; i < 2; i++) {
        yield* session.authentication.adopt(same)
        assert.strictEqual((yield* Effect.flip(query(now)))._tag, "KuzzleUnauthorizedError")
      }
    }))

  it.scoped("8.B10: one step of a strategy with several returns the server's answer, and logs no user in", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const result = { headers: { Location: "https://provider.test" }, statusCode: 302 }
      network.onSend = (socket) => queueMicrotask(() => socket.answer(socket.last("login"), result))
      yield* Effect.gen(function*() {
        const oauth = { strategy: "oauth", credentials: {} }
        const step = yield* KuzzleAuth.loginStep(oauth)
        assert.deepStrictEqual(step._tag === "Incomplete" && step.response.result, result)
        const error = yield* Effect.flip(KuzzleAuth.login(oauth))
        assert.strictEqual(error._tag, "KuzzleLoginIncompleteError")
        const kuzzle = yield* Kuzzle.Kuzzle
        assert.deepStrictEqual(yield* kuzzle.token, Option.none())
        assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
      }).pipe(Effect.provide(clientOver(network)))
    }))

  it.scoped("8.B12: opening a connection sends no unnecessary request, with or without a token", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { session } = yield* client(network)
      for (const identity of [undefined, identityOf(token("good", 3_600_000)), identityOf(token("key"))]) {
        yield* session.authentication.adopt(identity)
        network.current.close(1006)
        yield* turns()
        yield* pass("1 second")
        assert.strictEqual((yield* session.state)._tag, "Ready")
        assert.deepStrictEqual(network.current.sent, [])
      }
    }))

  it.scoped("8.B15: no error, state, event or line of the console shows a token or a password", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const printed = (["debug", "error", "info", "log", "warn"] as const).map((name) =>
        vi.spyOn(console, name).mockImplementation(() => {})
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => printed.forEach((spy) => spy.mockRestore())))
      const texts: Array<string> = []
      const record = (value: unknown) => void texts.push(inspect(value, { depth: 20 }), JSON.stringify(value) ?? "")
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* Effect.forkScoped(
          Stream.runForEach(Kuzzle.streamOf(kuzzle.events), (event) => Effect.sync(() => record(event)))
        )
        yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("s3cr3t-token"))))
        const loginWith = (password: unknown) =>
          Effect.forkScoped(Effect.exit(kuzzle.query({ ...now, body: { user: "ada", password } })))
        const fibers = [
          yield* loginWith("s3cr3t"),
          yield* loginWith("s3cr3t".repeat(500_000)),
          yield* loginWith("s3cr3t")
        ]
        yield* turns()
        assert.strictEqual(network.current.last("now").jwt, "s3cr3t-token")
        network.current.refuse(network.current.last("now"), dead)
        network.current.close(1006)
        fibers.push(yield* loginWith("s3cr3t"))
        for (const fiber of fibers) record(yield* Fiber.join(fiber))
        record(yield* kuzzle.state)
        record(yield* kuzzle.token)
        record(yield* kuzzle.authentication.state)
      }).pipe(Effect.provide(clientOver(network, { headers: { authorization: Redacted.make("s3cr3t") } })))
      assert.isAbove(texts.length, 12)
      assert.deepStrictEqual(texts.filter((text) => text.includes("s3cr3t")), [])
      assert.deepStrictEqual(printed.flatMap(({ mock }) => mock.calls), [])
    }))

  it.scoped("A4, 8.E20: a login that exceeds the server's limit of logins per second is retried", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      withLogins(network)
      const answering = network.onSend
      let logins = 0
      network.onSend = (socket, frame) => {
        const request: FakeRequest = JSON.parse(frame)
        const many = { id: "api.process.too_many_logins_requests", status: 429 }
        if (request.action === "login" && ++logins === 1) queueMicrotask(() => socket.refuse(request, many))
        else answering?.(socket, frame)
      }
      const connecting = yield* Effect.forkScoped(Layer.build(clientOver(network, { authenticator: login })))
      yield* turns()
      assert.strictEqual(logins, 1)
      yield* pass("1 second")
      const kuzzle = Context.get(yield* Fiber.join(connecting), Kuzzle.Kuzzle)
      assert.deepInclude(yield* kuzzle.authentication.state, { _tag: "Authenticated", kuid: Option.some("ada") })
      assert.strictEqual(logins, 2)
    }))
})

describe("spec 8: subscriptions", () => {
  it.scoped("8.C6: a reopened subscription uses its new room and channel", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const roomOf = () => `r${network.sockets.length}`
      network.onSend = (socket, frame) => {
        const request: FakeRequest = JSON.parse(frame)
        const result = request.action === "subscribe" ? { roomId: roomOf(), channel: `${roomOf()}-111` } : null
        queueMicrotask(() => socket.answer(request, result))
      }
      const { realtime } = yield* client(network)
      const received: Array<KuzzleRealtime.Notification> = []
      const scope = yield* Scope.make()
      yield* Scope.extend(realtime.listen(all, (one) => received.push(one)), scope)
      network.current.close(1006)
      yield* turns()
      yield* pass("1 second")
      for (const room of ["r1", "r2"]) {
        network.current.deliver({ room: `${room}-111`, type: "document", status: 200, result: { _id: room } })
      }
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["Disconnected", "r2"])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(network.current.of("unsubscribe").map(({ body }) => body), [{ roomId: "r2" }])
    }))

  it.scoped("8.C9: options for the client only are not sent", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { realtime } = yield* client(network)
      yield* realtime.listen({ ...all, subscribeToSelf: false }, () => {})
      yield* Effect.asVoid(realtime.open({
        ...all,
        scope: "in",
        bufferSize: 7,
        strategy: "dropping",
        conflate: () => "a"
      }))
      for (const request of network.current.of("subscribe")) {
        assert.sameMembers(
          Object.keys(request),
          ["requestId", "controller", "action", "index", "collection", "body", "scope", "users", "volatile"]
        )
      }
      assert.strictEqual(network.current.of("subscribe").length, 2)
    }))

  it.scoped("8.D20: if a consumer leaves during the delivery of a notification, the other consumers still get it", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { realtime } = yield* client(network)
      const received: Array<string> = []
      for (const name of ["a", "b", "c"]) {
        const scope = yield* Scope.make()
        yield* realtime.listen(all, () => {
          received.push(name)
          if (name !== "c") Effect.runSync(Scope.close(scope, Exit.void))
        }).pipe(Scope.extend(scope))
      }
      for (const id of ["1", "2"]) {
        network.current.deliver(document({}, id))
        yield* turns()
      }
      assert.deepStrictEqual(received, ["a", "b", "c", "c"])
    }))
})

describe("spec 8: the queue", () => {
  it.scoped("R5, R6, 8.D5: if the connection is lost while the queue is sent, only the sent requests fail", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query } = yield* client(network, { autoQueue: true })
      network.onSend = undefined
      network.current.close(1006)
      yield* turns()
      const queued = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, n) => n),
        (n) => Effect.fork(Effect.exit(query({ ...now, n })))
      )
      yield* turns()
      yield* pass("1 second")
      const sent = network.current.of("now").length
      assert.isTrue(sent > 0 && sent < 40)
      network.onSend = obliging
      network.current.close(1006)
      yield* turns()
      yield* pass("1 second")
      const exits = yield* Fiber.joinAll(queued)
      assert.deepStrictEqual(exits.map(Exit.isSuccess), exits.map((_, n) => n >= sent))
      assert.deepStrictEqual(
        network.current.of("now").map(({ n }) => n),
        Array.from({ length: 40 - sent }, (_, i) => sent + i)
      )
    }))
})
