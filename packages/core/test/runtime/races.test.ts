/**
 * What happens at once: renewals beside logouts, logins beside losses, queues beside slow stores. Each of these was a
 * fault once.
 */
import { KuzzleError, KuzzleHeartbeat, KuzzleHttp, KuzzleSocket, KuzzleTokenStore } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Option, Redacted, Schedule, Scope, Stream, TestClock } from "effect"
import { identityOf } from "../../src/internal/runtime/credentials.ts"
import type { Session } from "../../src/internal/runtime/session.ts"
import * as Kuzzle from "../../src/Kuzzle.ts"
import * as KuzzleQueueStore from "../../src/KuzzleQueueStore.ts"
import { client, dial, kinds, now, obligingNetwork, type Options, token } from "../support/client.ts"
import { FakeNetwork, obliging, turns } from "../support/FakeSocket.ts"

const expired = { room: "kuzzle:notification:server", type: "TokenExpired", status: 200 }
const ada = (expiresAt: number) => identityOf({ ...token("one", expiresAt), kuid: "ada" })
const jwt = (value: string, _id = "ada") => ({ _id, jwt: value, ttl: 100_000 })
const login = { controller: "auth", action: "login", strategy: "local", body: {} }
const logout = { controller: "auth", action: "logout" }

/** Answers everything but these actions, which the test answers. */
const networkWithout = (...actions: ReadonlyArray<string>) => {
  const network = new FakeNetwork()
  network.onSend = (socket, frame) => {
    if (frame === `{"p":1}` || !actions.includes(JSON.parse(frame).action)) obliging(socket, frame)
  }
  return network
}

const lose = (network: FakeNetwork) =>
  Effect.zipRight(
    Effect.sync(() => network.current.close(1006)),
    turns()
  )

const pass = (duration: Duration.DurationInput) => Effect.zipRight(TestClock.adjust(duration), turns())

const kuidOf = (session: Session) => {
  const state = session.authentication.state()
  return state._tag === "Authenticated" ? state.kuid : undefined
}

/** A client whose authenticator takes that long to know the password; it has logged this user in. */
const loggedIn = (network: FakeNetwork, delay: Duration.DurationInput, kuid: string, options: Options = {}) =>
  Effect.gen(function*() {
    const making = yield* Effect.fork(dial(network, {
      authenticator: (session) => Effect.zipRight(Effect.sleep(delay), session.authentication.again.login(login)),
      ...options
    }))
    yield* turns()
    yield* pass(delay)
    network.current.answer(network.current.last("login"), jwt("one", kuid))
    return yield* Fiber.join(making)
  })

/** A client whose sessions are kept by cookies. */
const cookieClient = (network: FakeNetwork, http: KuzzleHttp.KuzzleHttpShape) =>
  Kuzzle.makeCookie({ url: "ws://kuzzle.test:7512", reconnect: Schedule.spaced("1 second") }).pipe(
    Effect.provideService(KuzzleSocket.KuzzleSocket, network.shape),
    Effect.provideService(KuzzleHttp.KuzzleHttp, http),
    Effect.provideServiceEffect(KuzzleHeartbeat.KuzzleHeartbeat, KuzzleHeartbeat.make("Disabled")),
    Effect.flatMap((context) => Effect.provide(Kuzzle.Kuzzle, context))
  )

/** A server whose every answer over HTTP has this result. */
const answering = (
  result: object,
  heard: (call: Parameters<KuzzleHttp.KuzzleHttpShape["exchange"]>[0]) => void = () => {}
): KuzzleHttp.KuzzleHttpShape => ({
  cookie: () => Effect.succeedNone,
  exchange: (call) =>
    Effect.sync(() => {
      heard(call)
      return { status: 200, headers: {}, body: JSON.stringify({ status: 200, error: null, requestId: "r", result }) }
    }),
  stream: () => Effect.dieMessage("nothing is downloaded here")
})

const store = (shape: Partial<KuzzleQueueStore.KuzzleQueueStoreShape>) =>
  Effect.provideService(KuzzleQueueStore.KuzzleQueueStore, {
    load: Effect.succeed([]),
    add: () => Effect.void,
    remove: () => Effect.void,
    ...shape
  })

describe("a renewal", () => {
  it.scoped("A3, S4: the server drops the subscriptions meanwhile: they come back, with a gap", () =>
    Effect.gen(function*() {
      const network = networkWithout("refreshToken")
      const { session, watch } = yield* client(network)
      yield* session.authentication.adopt(ada(100_000))
      const { heard } = yield* watch({ a: 1 })
      yield* pass("81 seconds")
      assert.lengthOf(network.current.of("refreshToken"), 1)
      network.current.deliver(expired)
      yield* turns()
      network.current.answer(network.current.last("refreshToken"), jwt("two"))
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.lengthOf(network.current.of("subscribe"), 2)
      assert.deepStrictEqual(kinds(heard), ["TokenExpired"])
    }))

  it.scoped("A1: a logout meanwhile is the last word", () =>
    Effect.gen(function*() {
      const network = networkWithout("refreshToken", "logout")
      const { session } = yield* client(network)
      yield* session.authentication.adopt(ada(100_000))
      yield* pass("81 seconds")
      const out = yield* Effect.fork(session.authentication.logout(logout))
      yield* turns()
      network.current.answer(network.current.last("refreshToken"), jwt("two"))
      yield* turns()
      network.current.answer(network.current.last("logout"))
      yield* Fiber.join(out)
      assert.strictEqual(session.authentication.state()._tag, "Anonymous")
    }))

  it.scoped("A1: so it is while the authenticator runs", () =>
    Effect.gen(function*() {
      const network = networkWithout("login")
      const session = yield* loggedIn(network, "1 second", "ada")
      network.current.deliver(expired)
      yield* turns()
      yield* session.authentication.logout(logout)
      yield* pass("1 second")
      assert.lengthOf(network.current.of("login"), 1)
      assert.strictEqual(session.authentication.state()._tag, "Anonymous")
    }))

  it.scoped("A1: and a login as somebody else", () =>
    Effect.gen(function*() {
      const network = networkWithout("login")
      const session = yield* loggedIn(network, "1 second", "bob")
      network.current.deliver(expired)
      yield* turns()
      const other = yield* Effect.fork(session.authentication.login(login))
      yield* turns()
      network.current.answer(network.current.last("login"), jwt("r", "root"))
      yield* Fiber.join(other)
      yield* pass("1 second")
      assert.lengthOf(network.current.of("login"), 2)
      assert.strictEqual(kuidOf(session), "root")
    }))

  it.scoped("A1: one that a loss prevented is made up for before the token's end", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { session } = yield* client(network)
      yield* session.authentication.adopt(ada(1_000_000))
      network.autoOpen = false
      yield* lose(network)
      yield* pass("801 seconds")
      network.autoOpen = true
      network.current.open()
      yield* turns()
      yield* Effect.repeatN(pass("10 seconds"), 17)
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.isAbove(network.current.of("refreshToken").length, 0)
    }))

  it.scoped("A2: a connection that opens meanwhile lets nothing pass with the dead session", () =>
    Effect.gen(function*() {
      const network = networkWithout("login")
      const session = yield* loggedIn(network, "5 seconds", "ada")
      network.current.deliver(expired)
      yield* turns()
      yield* lose(network)
      yield* pass("1 second")
      assert.lengthOf(network.sockets, 2)
      const asked = yield* Effect.fork(session.requests.query(now, { timeout: "60 seconds" }))
      yield* turns()
      assert.lengthOf(network.current.of("now"), 0)
      yield* pass("4 seconds")
      network.current.answer(network.current.last("login"), jwt("two"))
      yield* turns()
      assert.isNotNull(asked.unsafePoll())
    }))

  it.scoped("A2: what waits for it on that connection does not wait in vain", () =>
    Effect.gen(function*() {
      const network = networkWithout("login", "refreshToken")
      const session = yield* loggedIn(network, "5 seconds", "ada", { tokenRefresh: Schedule.stop })
      yield* pass("101 seconds")
      const before = yield* Effect.fork(session.requests.query(now, { timeout: "60 seconds" }))
      yield* turns()
      network.current.refuse(network.current.last("refreshToken"), { id: "security.token.expired", status: 401 })
      yield* turns()
      yield* lose(network)
      yield* pass("1 second")
      const asked = yield* Effect.fork(session.requests.query(now, { timeout: "60 seconds" }))
      yield* turns()
      yield* pass("4 seconds")
      network.current.answer(network.current.last("login"), jwt("two"))
      yield* turns()
      assert.strictEqual(session.authentication.state()._tag, "Authenticated")
      assert.isNotNull(before.unsafePoll())
      assert.isNotNull(asked.unsafePoll())
    }))

  it.scoped("A4: a server that refuses every session it grants is not asked again and again", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      let granted = 0
      network.onSend = (socket, frame) => {
        const request = JSON.parse(frame)
        if (request.action === "login") {
          queueMicrotask(() => socket.answer(request, jwt(`token ${++granted}`)))
        } else queueMicrotask(() => socket.refuse(request, { id: "security.token.invalid", status: 401 }))
      }
      const session = yield* dial(network, {
        authenticator: (session) => session.authentication.again.login(login)
      })
      // A request is answered once more after a renewal, and not twice.
      const error = yield* Effect.flip(session.requests.query(now))
      assert.propertyVal(error, "id", "security.token.invalid")
      assert.lengthOf(network.current.of("now"), 2)
      yield* Effect.fork(Effect.repeatN(Effect.exit(session.requests.query(now)), 20))
      yield* Effect.repeatN(pass("1 second"), 10)
      assert.strictEqual(session.authentication.state()._tag, "Unauthenticated")
      assert.isAtMost(granted, 7)
    }))

  it.scoped("A4: an authenticator that cannot say now is asked again, five times in all, and then no more", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      let asked = 0
      const late = new KuzzleError.DeadlineError({ ...login, timeout: Duration.seconds(1), sent: false })
      const making = yield* Effect.fork(dial(network, {
        authenticator: () =>
          Effect.suspend(() => {
            asked += 1
            return Effect.fail(late)
          })
      }))
      yield* turns()
      yield* Effect.repeatN(pass("5 seconds"), 60)
      assert.strictEqual(asked, 5)
      const session = yield* Fiber.join(making)
      assert.strictEqual(session.authentication.state()._tag, "Unauthenticated")
    }))
})

describe("a login or logout", () => {
  it.scoped("A1: a login carries no token: the one before may be dead, and refuse it", () =>
    Effect.gen(function*() {
      const network = networkWithout("login")
      const { session } = yield* client(network)
      yield* session.authentication.adopt(ada(1_000_000))
      yield* Effect.fork(session.authentication.login(login))
      yield* turns()
      assert.isUndefined(network.current.last("login").jwt)
    }))

  it.scoped("A1: interrupted while the store saves, the login is whole: it is renewed", () =>
    Effect.gen(function*() {
      const network = networkWithout("login", "refreshToken")
      const { session } = yield* client(network).pipe(
        Effect.provideService(KuzzleTokenStore.KuzzleTokenStore, {
          load: Effect.succeedNone,
          save: () => Effect.sleep("1 second"),
          remove: Effect.void
        })
      )
      const fiber = yield* Effect.fork(session.authentication.login(login))
      yield* turns()
      network.current.answer(network.current.last("login"), jwt("one"))
      yield* turns()
      yield* Effect.fork(Fiber.interrupt(fiber))
      yield* pass("2 seconds")
      assert.strictEqual(kuidOf(session), "ada")
      // When exactly is a matter of chance.
      yield* pass("90 seconds")
      assert.isNotEmpty(network.current.of("refreshToken"))
    }))

  it.scoped("C7: a token store that dies takes nothing with it", () =>
    Effect.gen(function*() {
      const network = networkWithout("login")
      const { session } = yield* client(network).pipe(
        Effect.provideService(KuzzleTokenStore.KuzzleTokenStore, {
          load: Effect.succeedNone,
          save: () => Effect.die("no space left"),
          remove: Effect.void
        })
      )
      const fiber = yield* Effect.fork(session.authentication.login(login))
      yield* turns()
      network.current.answer(network.current.last("login"), jwt("one"))
      yield* Fiber.join(fiber)
      assert.strictEqual(kuidOf(session), "ada")
    }))

  it.scoped("R1: a logout ends, though something under way never does", () =>
    Effect.gen(function*() {
      const network = networkWithout("now")
      const { query, session, watch } = yield* client(network)
      yield* session.authentication.adopt(ada(1_000_000))
      yield* watch({ a: 1 })
      yield* Effect.fork(query(now, { timeout: Infinity }))
      yield* turns()
      const out = yield* Effect.fork(session.authentication.logout(logout))
      yield* turns()
      yield* Effect.repeatN(pass("1 second"), 59)
      assert.isNotNull(out.unsafePoll())
    }))

  it.scoped("a step of several logs nobody in, and says nothing else", () =>
    Effect.gen(function*() {
      const { session } = yield* client(obligingNetwork())
      const events: Array<string> = []
      yield* Effect.forkScoped(Stream.runForEach(session.events, ({ _tag }) => Effect.sync(() => events.push(_tag))))
      yield* turns()
      yield* session.authentication.login({ ...login, strategy: "oauth" })
      yield* turns()
      assert.deepStrictEqual(events, ["LoginStarted"])
    }))

  it.scoped("A2: by cookie while the connection is being opened: it is that connection's too", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const gate = yield* Deferred.make<void>()
      let cookie = Option.none<Redacted.Redacted>()
      const http: KuzzleHttp.KuzzleHttpShape = {
        cookie: () => Effect.sync(() => cookie),
        exchange: () =>
          Effect.map(Deferred.await(gate), () => {
            cookie = Option.some(Redacted.make("authToken=bob"))
            const result = { _id: "bob", ttl: 1_000_000 }
            return {
              status: 200,
              headers: {},
              body: JSON.stringify({ status: 200, error: null, requestId: "r", result })
            }
          }),
        stream: () => Effect.dieMessage("nothing is downloaded here")
      }
      const kuzzle = yield* cookieClient(network, http)
      network.autoOpen = false
      yield* lose(network)
      const fiber = yield* Effect.fork(kuzzle.authentication.login(login))
      yield* pass("1 second")
      assert.isUndefined(network.current.headers.cookie)
      yield* Deferred.succeed(gate, undefined)
      yield* turns()
      network.autoOpen = true
      network.current.open()
      yield* pass("2 seconds")
      assert.isNotNull(fiber.unsafePoll())
      assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Authenticated")
      assert.deepStrictEqual(network.current.headers, { cookie: Redacted.make("authToken=bob") })
    }))

  it.scoped("A1, 8.B14: a logout by cookie revokes the session, then takes the cookie back", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const http = answering({ _id: "bob", ttl: 1_000_000 }, ({ credentials, method, url }) => {
        asked.push(`${method} ${new URL(url).pathname}${new URL(url).search} ${credentials === true}`)
      })
      const kuzzle = yield* cookieClient(obligingNetwork(), http)
      yield* kuzzle.authentication.login(login)
      yield* kuzzle.authentication.logout(logout)
      assert.deepStrictEqual(asked, [
        "POST /_login/local?cookieAuth=true true",
        "POST /_logout true",
        "POST /_logout?cookieAuth=true true"
      ])
      assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
    }))

  it.scoped("8.B1: a server that answers a login by cookie with a token does not know of cookies: a typed error", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieClient(obligingNetwork(), answering(jwt("one")))
      const error = yield* Effect.flip(kuzzle.authentication.login(login))
      assert.propertyVal(error, "id", "security.cookie.unsupported")
      assert.include(error.message, "cookieAuthentication")
      assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
    }))

  it.scoped("A3: who was logged in by cookie is so still when the page is loaded again, until when the server says", () =>
    Effect.gen(function*() {
      const network = networkWithout("checkToken", "now")
      const making = yield* Effect.fork(cookieClient(network, answering({})))
      yield* turns()
      // The server's clock need not be ours.
      network.current.answer(network.current.last("checkToken"), { valid: true, kuid: "bob", expiresAt: 5_060_000 })
      yield* turns()
      network.current.answer(network.current.last("now"), { now: 5_000_000 })
      const kuzzle = yield* Fiber.join(making)
      assert.deepStrictEqual(yield* kuzzle.authentication.state, {
        _tag: "Authenticated",
        kuid: "bob",
        expiresAt: 60_000
      })
    }))

  it.scoped("A1: by a cookie that the browser does not keep: a typed error, and nobody is logged in", () =>
    Effect.gen(function*() {
      const network = networkWithout("checkToken")
      const http = answering({ _id: "bob", ttl: 1_000_000 })
      const nobody = { valid: true, kuid: "-1" }
      const making = yield* Effect.fork(cookieClient(network, http))
      yield* turns()
      network.current.answer(network.current.last("checkToken"), nobody)
      const kuzzle = yield* Fiber.join(making)
      const fiber = yield* Effect.fork(Effect.flip(kuzzle.authentication.login(login)))
      yield* turns()
      assert.lengthOf(network.sockets, 2)
      network.current.answer(network.current.last("checkToken"), nobody)
      const error = yield* Fiber.join(fiber)
      assert.propertyVal(error, "id", "security.cookie.unsupported")
      assert.include(error.message, "one site")
      assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Unauthenticated")
      assert.strictEqual((yield* Effect.flip(kuzzle.query(now)))._tag, "KuzzleUnauthenticatedError")
    }))
})

describe("the queue", () => {
  it.scoped("R5: a store that is slow while the connection is lost again: it is sent on the next", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network, { autoQueue: true }).pipe(
        store({ remove: () => Effect.sleep("5 seconds") })
      )
      yield* lose(network)
      const asked = yield* Effect.fork(query(now, { timeout: "60 seconds" }))
      yield* turns()
      yield* pass("1 second")
      assert.strictEqual((yield* session.state)._tag, "Replaying")
      yield* lose(network)
      yield* pass("1 second")
      yield* pass("10 seconds")
      assert.lengthOf(network.current.of("now"), 1)
      assert.isNotNull(asked.unsafePoll())
    }))

  it.scoped("R1: a store that hangs, or dies, does not hold it up", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { queryMany } = yield* client(network, { autoQueue: true }).pipe(
        store({ add: () => Effect.die("no space left"), remove: () => Effect.never })
      )
      yield* lose(network)
      const asked = yield* Effect.fork(queryMany([now, now], { timeout: "60 seconds" }))
      yield* turns()
      yield* pass("1 second")
      yield* pass("5 seconds")
      yield* pass("5 seconds")
      assert.lengthOf(network.current.of("now"), 2)
      assert.isNotNull(asked.unsafePoll())
    }))

  it.effect("R5: what is queued when the client is closed reaches the store", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const kept: Array<string> = []
      const scope = yield* Scope.make()
      const { queryMany } = yield* client(network, { autoQueue: true }).pipe(
        store({ add: ({ id }) => Effect.zipRight(Effect.sleep("10 millis"), Effect.sync(() => kept.push(id))) }),
        Scope.extend(scope)
      )
      network.autoOpen = false
      yield* lose(network)
      yield* Effect.fork(queryMany([now, now, now], { timeout: "60 seconds" }))
      yield* Effect.yieldNow()
      yield* Effect.yieldNow()
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.repeatN(Effect.zipRight(turns(), TestClock.adjust("10 millis")), 9)
      yield* Fiber.join(closing)
      assert.lengthOf(kept, 3)
    }))

  it.scoped("A1: what was queued as nobody's is sent as nobody's by the next client", () =>
    Effect.gen(function*() {
      const kept = new Map<string, KuzzleQueueStore.StoredRequest>()
      const keeping = store({
        load: Effect.sync(() => [...kept.values()]),
        add: (request) => Effect.sync(() => kept.set(request.id, request)),
        remove: (id) => Effect.sync(() => kept.delete(id))
      })
      const network = obligingNetwork()
      const first = yield* Scope.make()
      const { query } = yield* client(network, { autoQueue: true }).pipe(keeping, Scope.extend(first))
      network.autoOpen = false
      yield* lose(network)
      yield* Effect.fork(query(now, { anonymous: true, timeout: "60 seconds" }))
      yield* turns()
      yield* Scope.close(first, Exit.void)
      assert.strictEqual(kept.size, 1)

      const again = obligingNetwork()
      yield* client(again, { autoQueue: true }).pipe(
        keeping,
        Effect.provideService(KuzzleTokenStore.KuzzleTokenStore, {
          load: Effect.succeedSome({ token: Redacted.make("secret"), kuid: "ada", expiresAt: undefined }),
          save: () => Effect.void,
          remove: Effect.void
        })
      )
      yield* turns()
      assert.lengthOf(again.current.of("now"), 1)
      assert.isUndefined(again.current.last("now").jwt)
    }))

  it.scoped("R2: a request is queued once, however often a connection is tried; its patience does not start again", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network, {
        autoQueue: true,
        queueTTL: "5 seconds",
        requestTimeout: "1 minute"
      })
      const events: Array<string> = []
      yield* Effect.forkScoped(Stream.runForEach(session.events, ({ _tag }) => Effect.sync(() => events.push(_tag))))
      yield* turns()
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      yield* lose(network)
      const asked = yield* Effect.fork(Effect.exit(query(now)))
      yield* turns()
      yield* Effect.repeatN(pass("1 second"), 9)
      assert.lengthOf(events.filter((tag) => tag === "Queued"), 1)
      assert.isNotNull(asked.unsafePoll())
    }))
})
