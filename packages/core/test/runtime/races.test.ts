/**
 * Concurrent events: renewals and logouts, logins and losses, queues and slow stores. Each of these cases once was a fault.
 */
import { KuzzleError, type KuzzleHttp, KuzzleTokenStore } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import {
  DateTime,
  Deferred,
  Duration,
  Effect,
  Fiber,
  identity,
  Option,
  Redacted,
  Schedule,
  Stream,
  TestClock
} from "effect"
import { identityOf } from "../../src/internal/protocol/credentials.ts"
import type { Session } from "../../src/internal/runtime/session.ts"
import * as Watched from "../../src/internal/runtime/watched.ts"
import * as Kuzzle from "../../src/Kuzzle.ts"
import { client, dial, kinds, now, obligingNetwork, type Options, token } from "../support/client.ts"
import { cookieClient } from "../support/CookieKuzzle.ts"
import { FakeNetwork, type FakeSocket, obliging, turns } from "../support/FakeSocket.ts"

const expired = { room: "kuzzle:notification:server", type: "TokenExpired", status: 200 }
const ada = (expiresAt: number) => identityOf({ ...token("one", expiresAt), kuid: "ada" })
const jwt = (value: string, _id = "ada") => ({ _id, jwt: value, ttl: 100_000 })
const login = { controller: "auth", action: "login", strategy: "local", body: {} }
const logout = { controller: "auth", action: "logout" }

/** A network that answers all actions except these. The test answers them. */
const networkWithout = (...actions: ReadonlyArray<string>) => {
  const network = new FakeNetwork()
  network.onSend = (socket, frame) => {
    if (frame === `{"p":1}` || !actions.includes(JSON.parse(frame).action)) obliging(socket, frame)
  }
  return network
}

/** A token store that no other client uses. */
const alone = { changes: Stream.never, exclusive: identity }

const lose = (network: FakeNetwork) =>
  Effect.zipRight(
    Effect.sync(() => network.current.close(1006)),
    turns()
  )

const pass = (duration: Duration.DurationInput) => Effect.zipRight(TestClock.adjust(duration), turns())

const kuidOf = (session: Session) => {
  const state = session.authentication.state()
  return state._tag === "Authenticated" ? Option.getOrUndefined(state.kuid) : undefined
}

/** A client that is logged in by an authenticator with this delay. */
const loggedIn = (network: FakeNetwork, delay: Duration.DurationInput, kuid: string, options: Options = {}) =>
  Effect.gen(function*() {
    const making = yield* Effect.fork(dial(network, {
      authenticator: (session) =>
        Effect.zipRight(Effect.sleep(delay), session.authentication.forAuthenticator.login(login)),
      ...options
    }))
    yield* turns()
    yield* pass(delay)
    network.current.answer(network.current.last("login"), jwt("one", kuid))
    return yield* Fiber.join(making)
  })

/** An answer over HTTP with this result. */
const answer = (result: unknown) => ({
  status: 200,
  headers: {},
  body: JSON.stringify({ status: 200, error: null, requestId: "r", result })
})

/** A server whose every answer over HTTP has this result. */
const answering = (result: object): KuzzleHttp.KuzzleHttpShape => ({
  cookie: () => Effect.succeedNone,
  exchange: () => Effect.succeed(answer(result)),
  stream: () => Effect.dieMessage("nothing is downloaded here")
})

/**
 * A browser and a server with a cookie session. A login with any credentials logs in `user`. A call waits for the gate of
 * its action before the server gets it, and again before its answer.
 */
class CookieWorld implements KuzzleHttp.KuzzleHttpShape {
  /** The paths of the calls. */
  readonly calls: Array<string> = []
  readonly network = obligingNetwork()
  /** The user of the cookie. */
  kuid: string | undefined
  /** The user of the next login. */
  user = "bob"
  /** Whether the browser stores cookies of this server. */
  keeps = true
  gates: { [action: string]: Deferred.Deferred<void> } = {}
  late: { [action: string]: Deferred.Deferred<void> } = {}
  /** The errors of calls, by their actions. */
  broken: { [action: string]: unknown } = {}

  constructor() {
    this.network.onSend = this.onSend
  }

  readonly onSend = (socket: FakeSocket, frame: string): void => {
    const request = JSON.parse(frame)
    if (request.action !== "checkToken") return obliging(socket, frame)
    // A connection keeps the cookie of its handshake.
    const { cookie } = socket.headers
    const kuid = cookie === undefined ? "-1" : Redacted.value(cookie)
    queueMicrotask(() => socket.answer(request, { valid: true, kuid, expiresAt: null }))
  }

  /** The connections of another tab of the same browser. */
  readonly tab = (): FakeNetwork => {
    const network = new FakeNetwork()
    network.onSend = this.onSend
    return network
  }

  readonly cookie = () => Effect.sync(() => Option.map(Option.fromNullable(this.kuid), Redacted.make))

  readonly exchange: KuzzleHttp.KuzzleHttpShape["exchange"] = ({ credentials, url }) =>
    Effect.gen(this, function*() {
      assert.isTrue(credentials)
      const { pathname, search } = new URL(url)
      this.calls.push(pathname + search)
      const action = pathname.split("/")[1]?.slice(1) ?? ""
      const gate = this.gates[action]
      if (gate !== undefined) yield* Deferred.await(gate)
      if (action in this.broken) return yield* new KuzzleError.NoAnswerError({ cause: this.broken[action] })
      const result = this.resultOf(action, search !== "")
      const late = this.late[action] ?? this.late[action + search]
      if (late !== undefined) yield* Deferred.await(late)
      return answer(result)
    })

  readonly stream = () => Effect.dieMessage("nothing is downloaded here")

  private resultOf(action: string, byCookie: boolean): unknown {
    if (action === "checkToken") return { valid: true, kuid: this.kuid ?? "-1", expiresAt: null }
    if (action === "logout") {
      if (byCookie) this.kuid = undefined
      return { acknowledged: true }
    }
    if (this.keeps) this.kuid = this.user
    return { _id: this.user, ttl: 1_000_000, expiresAt: 1_000_000 }
  }
}

/** A client of such a world, with its events and its user. */
const inCookieWorld = (world: CookieWorld, network = world.network, options: Kuzzle.Options = {}) =>
  Effect.gen(function*() {
    const kuzzle = yield* cookieClient(network, world, options)
    const eventTags: Array<string> = []
    yield* Effect.forkScoped(
      Stream.runForEach(Kuzzle.streamOf(kuzzle.events), ({ _tag }) => Effect.sync(() => eventTags.push(_tag)))
    )
    yield* turns()
    const kuid = Effect.map(
      kuzzle.authentication.state,
      (state) => "kuid" in state ? Option.getOrUndefined(state.kuid) : state._tag
    )
    /** The user of the connection. */
    const connectedAs = () => {
      const { cookie } = network.current.headers
      return cookie === undefined ? "anonymous" : Redacted.value(cookie)
    }
    return { kuzzle, eventTags, kuid, connectedAs }
  })

describe("a renewal", () => {
  it.scoped("A3, S4: if the server drops the subscriptions meanwhile, they are reopened with a gap", () =>
    Effect.gen(function*() {
      const network = networkWithout("refreshToken")
      const { session, watch } = yield* client(network)
      yield* session.authentication.adopt(ada(100_000))
      const { received } = yield* watch({ a: 1 })
      yield* pass("81 seconds")
      assert.lengthOf(network.current.of("refreshToken"), 1)
      network.current.deliver(expired)
      yield* turns()
      network.current.answer(network.current.last("refreshToken"), jwt("two"))
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.lengthOf(network.current.of("subscribe"), 2)
      assert.deepStrictEqual(kinds(received), ["TokenExpired"])
    }))

  it.scoped("A1: is cancelled by a logout meanwhile", () =>
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

  it.scoped("A1: by the authenticator is cancelled by a logout meanwhile", () =>
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

  it.scoped("A1: is cancelled by a login as another user meanwhile", () =>
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

  it.scoped("A1: that a lost connection prevented is repeated before the token expires", () =>
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

  it.scoped("A2: if a connection opens meanwhile, nothing is sent with the dead session", () =>
    Effect.gen(function*() {
      const network = networkWithout("login", "refreshToken")
      const session = yield* loggedIn(network, "5 seconds", "ada")
      network.current.deliver(expired)
      yield* turns()
      network.current.refuse(network.current.last("refreshToken"), { id: "security.token.expired", status: 401 })
      yield* turns()
      yield* lose(network)
      yield* pass("1 second")
      assert.lengthOf(network.sockets, 2)
      const fiber = yield* Effect.fork(session.requests.query(now, { timeout: "60 seconds" }))
      yield* turns()
      assert.lengthOf(network.current.of("now"), 0)
      yield* pass("4 seconds")
      network.current.answer(network.current.last("login"), jwt("two"))
      yield* turns()
      assert.isNotNull(fiber.unsafePoll())
    }))

  it.scoped("A2: requests that wait for it on that connection are sent after it", () =>
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
      const fiber = yield* Effect.fork(session.requests.query(now, { timeout: "60 seconds" }))
      yield* turns()
      yield* pass("4 seconds")
      network.current.answer(network.current.last("login"), jwt("two"))
      yield* turns()
      assert.strictEqual(session.authentication.state()._tag, "Authenticated")
      assert.isNotNull(before.unsafePoll())
      assert.isNotNull(fiber.unsafePoll())
    }))

  it.scoped("A4: is not repeated endlessly if the server refuses every session that it grants", () =>
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
        authenticator: (session) => session.authentication.forAuthenticator.login(login)
      })
      // A request is sent once more after a renewal, and not twice.
      const error = yield* Effect.flip(session.requests.query(now))
      assert.propertyVal(error, "id", "security.token.invalid")
      assert.lengthOf(network.current.of("now"), 2)
      yield* Effect.fork(Effect.repeatN(Effect.exit(session.requests.query(now)), 20))
      yield* Effect.repeatN(pass("1 second"), 10)
      assert.strictEqual(session.authentication.state()._tag, "Unauthenticated")
      assert.isAtMost(granted, 7)
    }))

  it.scoped("A4: an authenticator that fails temporarily runs at most five times", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      let attempts = 0
      const late = new KuzzleError.DeadlineError({ ...login, timeout: Duration.seconds(1), sent: false })
      const making = yield* Effect.fork(dial(network, {
        authenticator: () =>
          Effect.suspend(() => {
            attempts += 1
            return Effect.fail(late)
          })
      }))
      yield* turns()
      yield* Effect.repeatN(pass("5 seconds"), 60)
      assert.strictEqual(attempts, 5)
      const session = yield* Fiber.join(making)
      assert.strictEqual(session.authentication.state()._tag, "Unauthenticated")
    }))
})

describe("a login or logout", () => {
  it.scoped("A1: a login carries no token, because the server would refuse it with a dead one", () =>
    Effect.gen(function*() {
      const network = networkWithout("login")
      const { session } = yield* client(network)
      yield* session.authentication.adopt(ada(1_000_000))
      yield* Effect.fork(session.authentication.login(login))
      yield* turns()
      assert.isUndefined(network.current.last("login").jwt)
    }))

  it.scoped("A1: a login that is interrupted while the store saves it is complete, and is renewed", () =>
    Effect.gen(function*() {
      const network = networkWithout("login", "refreshToken")
      let stored = Option.none<KuzzleTokenStore.StoredToken>()
      const { session } = yield* client(network).pipe(
        Effect.provideService(
          KuzzleTokenStore.KuzzleTokenStore,
          KuzzleTokenStore.from({
            load: Effect.sync(() => stored),
            save: (next) =>
              Effect.delay(
                Effect.sync(() => {
                  stored = next
                  return true
                }),
                "1 second"
              ),
            ...alone
          })
        )
      )
      const fiber = yield* Effect.fork(session.authentication.login(login))
      yield* turns()
      network.current.answer(network.current.last("login"), jwt("one"))
      yield* turns()
      yield* Effect.fork(Fiber.interrupt(fiber))
      yield* pass("2 seconds")
      assert.strictEqual(kuidOf(session), "ada")
      // The exact time is random.
      yield* pass("90 seconds")
      assert.isNotEmpty(network.current.of("refreshToken"))
    }))

  it.scoped("C7: a token store that dies fails nothing else", () =>
    Effect.gen(function*() {
      const network = networkWithout("login")
      const { session } = yield* client(network).pipe(
        Effect.provideService(
          KuzzleTokenStore.KuzzleTokenStore,
          KuzzleTokenStore.from({
            load: Effect.succeedNone,
            save: () => Effect.die("no space left"),
            ...alone
          })
        )
      )
      const fiber = yield* Effect.fork(session.authentication.login(login))
      yield* turns()
      network.current.answer(network.current.last("login"), jwt("one"))
      yield* Fiber.join(fiber)
      assert.strictEqual(kuidOf(session), "ada")
    }))

  it.scoped("R1: a logout completes even if a pending operation never does", () =>
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

  it.scoped("a step of a login with several steps logs no user in, and publishes only `LoginStarted`", () =>
    Effect.gen(function*() {
      const network = networkWithout("login")
      const { session } = yield* client(network)
      const events: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Watched.streamOf(session.events), ({ _tag }) => Effect.sync(() => events.push(_tag)))
      )
      yield* turns()
      const fiber = yield* Effect.fork(session.authentication.login({ ...login, strategy: "oauth" }))
      yield* turns()
      network.current.answer(network.current.last("login"), { headers: { Location: "https://idp.test" } })
      yield* Fiber.join(fiber)
      yield* turns()
      assert.deepStrictEqual(events, ["LoginStarted"])
    }))

  it.scoped("A2: a login by cookie while the connection is being opened applies to that connection, too", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const { network } = world
      const gate = yield* Deferred.make<void>()
      world.gates = { login: gate }
      const { kuzzle } = yield* inCookieWorld(world)
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
      assert.deepStrictEqual(network.current.headers, { cookie: Redacted.make("bob") })
    }))

  it.scoped("A1: a request during a login by cookie belongs to that user, and is never sent as the next one", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const { kuzzle } = yield* inCookieWorld(world)
      world.gates = { login: yield* Deferred.make<void>() }
      const loginOfBob = yield* Effect.fork(kuzzle.authentication.login(login))
      yield* turns()
      const fiber = yield* Effect.fork(Effect.flip(kuzzle.query(now)))
      yield* turns()
      world.network.autoOpen = false
      yield* Deferred.succeed(world.gates.login!, undefined)
      yield* turns()
      // The login has completed, and does not wait for the connection.
      yield* Fiber.interrupt(loginOfBob)
      world.user = "eve"
      const loginOfEve = yield* Effect.fork(kuzzle.authentication.login(login))
      yield* turns()
      world.network.autoOpen = true
      world.network.current.open()
      yield* pass("1 second")
      yield* Fiber.join(loginOfEve)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "KuzzleNotSentError")
      assert.deepStrictEqual(world.network.sockets.flatMap((socket) => socket.of("now")), [])
    }))

  it.scoped("A1, 8.B14: a logout by cookie revokes the session, then deletes the cookie", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const { kuzzle } = yield* inCookieWorld(world)
      yield* kuzzle.authentication.login(login)
      yield* kuzzle.authentication.logout(logout)
      assert.deepStrictEqual(world.calls, [
        "/_login/local?cookieAuth=true",
        "/_checkToken?cookieAuth=true",
        "/_logout",
        "/_logout?cookieAuth=true"
      ])
      assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
    }))

  it.scoped("8.B1: a login by cookie that is answered with a token is a typed error, because the server does not support cookies", () =>
    Effect.gen(function*() {
      const { network } = new CookieWorld()
      const kuzzle = yield* cookieClient(network, answering(jwt("one")))
      const error = yield* Effect.flip(kuzzle.authentication.login(login))
      assert.propertyVal(error, "id", "security.cookie.unsupported")
      assert.include(error.message, "cookieAuthentication")
      assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
    }))

  it.scoped("A3: a user with a cookie is still logged in after a reload of the page, until the server's expiry", () =>
    Effect.gen(function*() {
      const network = networkWithout("checkToken", "now")
      const making = yield* Effect.fork(cookieClient(network, answering({})))
      yield* turns()
      // The server's clock may differ from the client's.
      network.current.answer(network.current.last("checkToken"), { valid: true, kuid: "bob", expiresAt: 5_060_000 })
      yield* turns()
      network.current.answer(network.current.last("now"), { now: 5_000_000 })
      const kuzzle = yield* Fiber.join(making)
      assert.deepStrictEqual(yield* kuzzle.authentication.state, {
        _tag: "Authenticated",
        kuid: Option.some("bob"),
        expiresAt: Option.some(DateTime.unsafeMake(60_000))
      })
    }))

  it.scoped("A1: a login by a cookie that the browser does not store is a typed error, and no user is logged in", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      world.keeps = false
      const { kuid, kuzzle, eventTags } = yield* inCookieWorld(world)
      const error = yield* Effect.flip(kuzzle.authentication.login(login))
      assert.propertyVal(error, "id", "security.cookie.unsupported")
      assert.include(error.message, "one site")
      assert.include(error.message, "outside a browser, use NodeKuzzle.cookie")
      yield* turns()
      assert.deepStrictEqual(eventTags, ["LoginStarted", "LoginFailed"])
      assert.strictEqual(yield* kuid, "Anonymous")
      yield* kuzzle.query(now)
    }))

  it.scoped("A1: a login by cookie is verified before it is reported; an interruption after the report does not undo it", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const { connectedAs, kuid, kuzzle } = yield* inCookieWorld(world)
      const callCounts: Array<number> = []
      const fiber = yield* Effect.fork(kuzzle.authentication.login(login))
      yield* Kuzzle.streamOf(kuzzle.authentication.states).pipe(
        Stream.filter(({ _tag }) => _tag === "Authenticated"),
        Stream.take(1),
        Stream.runForEach(() => {
          callCounts.push(world.calls.length)
          return Fiber.interruptFork(fiber)
        })
      )
      yield* pass("1 second")
      assert.deepStrictEqual(callCounts, [2])
      assert.strictEqual(yield* kuid, "bob")
      assert.strictEqual(connectedAs(), "bob")
      assert.strictEqual((yield* kuzzle.state)._tag, "Ready")
    }))

  it.scoped("A1: a login by cookie that is interrupted during its verification completes first", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const gate = yield* Deferred.make<void>()
      world.gates = { checkToken: gate }
      const { connectedAs, kuid, kuzzle, eventTags } = yield* inCookieWorld(world)
      const fiber = yield* Effect.fork(kuzzle.authentication.login(login))
      yield* turns()
      yield* Fiber.interruptFork(fiber)
      yield* turns()
      assert.strictEqual(yield* kuid, "Anonymous")
      yield* Deferred.succeed(gate, undefined)
      yield* pass("1 second")
      assert.strictEqual(yield* kuid, "bob")
      assert.strictEqual(connectedAs(), "bob")
      assert.deepStrictEqual(eventTags.slice(0, 2), ["LoginStarted", "LoggedIn"])
    }))

  it.scoped("A1: if the cookie cannot be verified, the login fails, and the client verifies the user of the next connection", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      world.broken = { checkToken: "refused" }
      const { connectedAs, kuid, kuzzle, eventTags } = yield* inCookieWorld(world)
      const error = yield* Effect.flip(kuzzle.authentication.login(login))
      assert.strictEqual(error._tag, "KuzzleHttpTransportError")
      assert.strictEqual(yield* kuid, "Anonymous")
      yield* turns()
      assert.deepStrictEqual(eventTags, ["LoginStarted", "LoginFailed"])
      yield* lose(world.network)
      yield* pass("1 second")
      assert.strictEqual(connectedAs(), "bob")
      assert.strictEqual(yield* kuid, "bob")
    }))

  it.scoped("A1: a login whose verification is never answered fails at its deadline", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      world.gates = { checkToken: yield* Deferred.make<void>() }
      const { kuid, kuzzle } = yield* inCookieWorld(world)
      const fiber = yield* Effect.fork(Effect.flip(kuzzle.authentication.login(login, { timeout: "3 seconds" })))
      yield* turns()
      yield* pass("3 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "KuzzleDeadlineError")
      assert.strictEqual(yield* kuid, "Anonymous")
    }))

  it.scoped("A1: after a login by cookie that is interrupted before its answer, the client verifies the user of the next connection", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      // The browser gets the cookie, and the answer is late.
      world.late = { login: yield* Deferred.make<void>() }
      const { connectedAs, kuid, kuzzle } = yield* inCookieWorld(world)
      const fiber = yield* Effect.fork(kuzzle.authentication.login(login))
      yield* turns()
      yield* Fiber.interrupt(fiber)
      yield* turns()
      assert.strictEqual(yield* kuid, "Anonymous")
      assert.strictEqual((yield* kuzzle.state)._tag, "Ready")
      assert.strictEqual(connectedAs(), "anonymous")
      yield* lose(world.network)
      yield* pass("1 second")
      assert.strictEqual(connectedAs(), "bob")
      assert.strictEqual(yield* kuid, "bob")
    }))

  it.scoped("A1: after a logout by cookie that is interrupted before its answer, the client verifies the user of the next connection", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const { kuid, kuzzle, eventTags } = yield* inCookieWorld(world)
      yield* kuzzle.authentication.login(login)
      world.gates = { logout: yield* Deferred.make<void>() }
      const fiber = yield* Effect.fork(kuzzle.authentication.logout(logout))
      yield* turns()
      yield* Fiber.interrupt(fiber)
      yield* turns()
      assert.strictEqual(yield* kuid, "bob")
      assert.notInclude(eventTags, "LoggedOut")
      // The logout has reached the server.
      world.kuid = undefined
      yield* lose(world.network)
      yield* pass("1 second")
      assert.notStrictEqual(yield* kuid, "bob")
    }))

  it.scoped("A1: a logout by cookie that is interrupted after the session was revoked completes first", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const { connectedAs, kuid, kuzzle, eventTags } = yield* inCookieWorld(world)
      yield* kuzzle.authentication.login(login)
      // The answer to the second call, which deletes the cookie, is late.
      const gate = yield* Deferred.make<void>()
      world.late = { "logout?cookieAuth=true": gate }
      const fiber = yield* Effect.fork(kuzzle.authentication.logout(logout))
      yield* turns()
      yield* Fiber.interruptFork(fiber)
      yield* turns()
      assert.strictEqual(yield* kuid, "bob")
      yield* Deferred.succeed(gate, undefined)
      yield* pass("1 second")
      assert.strictEqual(yield* kuid, "Anonymous")
      assert.strictEqual(connectedAs(), "anonymous")
      assert.include(eventTags, "LoggedOut")
    }))

  it.scoped("A1: a logout by cookie without an answer is not reported as a logout", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const { kuid, kuzzle, eventTags } = yield* inCookieWorld(world)
      yield* kuzzle.authentication.login(login)
      world.broken = { logout: "refused" }
      assert.strictEqual((yield* Effect.flip(kuzzle.authentication.logout(logout)))._tag, "KuzzleHttpTransportError")
      yield* turns()
      assert.strictEqual(yield* kuid, "bob")
      assert.notInclude(eventTags, "LoggedOut")
    }))

  it.scoped("A1: a session whose renewed cookie was not stored does not count as renewed", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const { kuid, kuzzle } = yield* inCookieWorld(world)
      yield* kuzzle.authentication.login(login)
      world.keeps = false
      world.kuid = undefined
      const error = yield* Effect.flip(kuzzle.authentication.refresh({ controller: "auth", action: "refreshToken" }))
      assert.propertyVal(error, "id", "security.cookie.unsupported")
      yield* lose(world.network)
      yield* pass("1 second")
      assert.notStrictEqual(yield* kuid, "bob")
    }))
})

describe("a cookie that two tabs share", () => {
  /** Two tabs in which ada is logged in. */
  const twoTabs = (options: Kuzzle.Options = {}) =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      world.user = "ada"
      const here = yield* inCookieWorld(world, world.network, options)
      yield* here.kuzzle.authentication.login(login)
      yield* turns()
      const network = world.tab()
      const there = yield* inCookieWorld(world, network)
      yield* turns()
      assert.deepStrictEqual([yield* here.kuid, yield* there.kuid], ["ada", "ada"])
      return { world, here, there: { ...there, network } }
    })
  const sent = (network: FakeNetwork, action: string) => network.sockets.flatMap((socket) => socket.of(action))

  it.scoped("A1: a request that ada has queued is not sent as bob, who has logged in in another tab", () =>
    Effect.gen(function*() {
      const { here, there, world } = yield* twoTabs({ autoQueue: true })
      yield* lose(world.network)
      const requestOfAda = yield* Effect.fork(Effect.flip(here.kuzzle.query(now)))
      yield* turns()
      world.user = "bob"
      yield* there.kuzzle.authentication.login(login)
      yield* pass("1 second")
      assert.strictEqual(here.connectedAs(), "bob")
      const error = yield* Fiber.join(requestOfAda)
      assert.isTrue(error._tag === "KuzzleNotSentError" && error.cause._tag === "KuzzleNotQueuedError")
      assert.include(error.message, "the user has changed")
      assert.strictEqual(yield* here.kuid, "bob")
      assert.include(here.eventTags, "LoggedIn")
      assert.deepStrictEqual(sent(world.network, "now"), [])
      yield* here.kuzzle.query(now)
    }))

  it.scoped("A1: the client verifies the user of each connection before it sends requests, also after its own login", () =>
    Effect.gen(function*() {
      const { here, world } = yield* twoTabs()
      assert.deepStrictEqual(world.network.sockets.map((socket) => socket.of("checkToken").length), [1, 1])
      world.network.onSend = (socket, frame) => {
        if (JSON.parse(frame).action !== "checkToken") world.onSend(socket, frame)
      }
      yield* lose(world.network)
      yield* pass("1 second")
      const fiber = yield* Effect.fork(here.kuzzle.query(now))
      yield* turns()
      assert.deepStrictEqual(sent(world.network, "now"), [])
      const [question] = world.network.current.of("checkToken")
      world.network.current.answer(question!, { valid: true, kuid: "ada", expiresAt: null })
      yield* Fiber.join(fiber)
      yield* turns()
      // An unchanged session causes no event.
      assert.deepStrictEqual(here.eventTags.filter((tag) => tag === "ReAuthenticated" || tag === "LoggedIn"), [
        "LoggedIn"
      ])
    }))

  it.scoped("A1: after a login whose connection could not be opened, the client verifies the user of the next connection", () =>
    Effect.gen(function*() {
      const { here, there, world } = yield* twoTabs()
      world.network.autoOpen = false
      const relogin = yield* Effect.fork(here.kuzzle.authentication.login(login))
      yield* turns()
      world.network.current.close(1006)
      yield* turns()
      yield* Fiber.join(relogin)
      world.user = "bob"
      yield* there.kuzzle.authentication.login(login)
      world.network.autoOpen = true
      yield* pass("1 second")
      assert.strictEqual(here.connectedAs(), "bob")
      assert.strictEqual(yield* here.kuid, "bob")
    }))

  it.scoped("A1: the client also verifies the user of a connection that was opened while its own exchange failed", () =>
    Effect.gen(function*() {
      const { here, world } = yield* twoTabs()
      const gate = yield* Deferred.make<void>()
      world.gates = { refreshToken: gate }
      world.broken = { refreshToken: "refused" }
      const refresh = { controller: "auth", action: "refreshToken" }
      const refreshing = yield* Effect.fork(Effect.exit(here.kuzzle.authentication.refresh(refresh)))
      yield* turns()
      world.kuid = "bob"
      yield* lose(world.network)
      yield* pass("1 second")
      assert.strictEqual(here.connectedAs(), "bob")
      const fiber = yield* Effect.fork(here.kuzzle.query(now))
      yield* turns()
      assert.deepStrictEqual(sent(world.network, "now"), [])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(refreshing)
      yield* pass("1 second")
      assert.strictEqual(yield* here.kuid, "bob")
      assert.isNotNull(fiber.unsafePoll())
    }))

  it.scoped("A3: a logout in another tab is noticed at the next opening, and a login after it at the one after", () =>
    Effect.gen(function*() {
      const { here, there, world } = yield* twoTabs()
      yield* there.kuzzle.authentication.logout(logout)
      yield* lose(world.network)
      yield* pass("1 second")
      assert.strictEqual(yield* here.kuid, "Unauthenticated")
      yield* lose(world.network)
      yield* pass("1 second")
      assert.lengthOf(here.eventTags.filter((tag) => tag === "SessionLost"), 1)
      world.user = "bob"
      yield* there.kuzzle.authentication.login(login)
      yield* lose(world.network)
      yield* pass("1 second")
      assert.strictEqual(yield* here.kuid, "bob")
      yield* here.kuzzle.query(now)
    }))

  it.scoped("A1: a request that was queued without a session is not sent with the cookie of bob", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const { connectedAs, kuzzle } = yield* inCookieWorld(world, world.network, { autoQueue: true })
      yield* lose(world.network)
      const anonymous = yield* Effect.fork(Effect.flip(kuzzle.query(now)))
      yield* turns()
      world.kuid = "bob"
      yield* pass("1 second")
      assert.strictEqual(connectedAs(), "bob")
      const error = yield* Fiber.join(anonymous)
      assert.isTrue(error._tag === "KuzzleNotSentError" && error.cause._tag === "KuzzleNotQueuedError")
      assert.deepStrictEqual(sent(world.network, "now"), [])
    }))

  it.scoped("A1: requests that were held for a login that fails belong to the previous user", () =>
    Effect.gen(function*() {
      const { here, world } = yield* twoTabs({ autoQueue: true })
      world.gates = { login: yield* Deferred.make<void>() }
      world.broken = { login: "refused" }
      const failing = yield* Effect.fork(Effect.exit(here.kuzzle.authentication.login(login)))
      yield* turns()
      const held = yield* Effect.fork(Effect.flip(here.kuzzle.query(now)))
      yield* turns()
      world.network.autoOpen = false
      yield* lose(world.network)
      yield* Deferred.succeed(world.gates.login!, undefined)
      yield* Fiber.join(failing)
      world.kuid = "bob"
      world.network.autoOpen = true
      yield* pass("1 second")
      assert.strictEqual(here.connectedAs(), "bob")
      assert.strictEqual((yield* Fiber.join(held))._tag, "KuzzleNotSentError")
      assert.deepStrictEqual(sent(world.network, "now"), [])
    }))

  it.scoped("A1: a logout is sent to the server, even if this tab knows of no session", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const here = yield* inCookieWorld(world)
      const there = yield* inCookieWorld(world, world.tab())
      yield* there.kuzzle.authentication.login(login)
      assert.strictEqual(yield* here.kuid, "Anonymous")
      yield* here.kuzzle.authentication.logout(logout)
      assert.deepStrictEqual(world.calls.slice(-2), ["/_logout", "/_logout?cookieAuth=true"])
      assert.isUndefined(world.kuid)
      yield* lose(world.network)
      yield* pass("1 second")
      assert.strictEqual(here.connectedAs(), "anonymous")
      yield* here.kuzzle.query(now)
    }))

  it.scoped("A1: if the server refuses a logout because the user is anonymous, the user is logged out", () =>
    Effect.gen(function*() {
      const world = new CookieWorld()
      const error = {
        id: "security.rights.unauthorized",
        status: 401,
        message: "Unauthorized: authentication required"
      }
      const http: KuzzleHttp.KuzzleHttpShape = {
        cookie: world.cookie,
        stream: world.stream,
        exchange: () =>
          Effect.succeed({
            status: 401,
            headers: {},
            body: JSON.stringify({ status: 401, error, requestId: "r", result: null })
          })
      }
      const kuzzle = yield* cookieClient(world.network, http)
      yield* kuzzle.authentication.logout(logout)
      assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
    }))
})

describe("the queue", () => {
  it.scoped("R2: a request is queued once, however often a connection is tried, and its time to live does not restart", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network, {
        autoQueue: true,
        queueTTL: "5 seconds",
        requestTimeout: "1 minute"
      })
      const events: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Watched.streamOf(session.events), ({ _tag }) => Effect.sync(() => events.push(_tag)))
      )
      yield* turns()
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      yield* lose(network)
      const fiber = yield* Effect.fork(Effect.exit(query(now)))
      yield* turns()
      yield* Effect.repeatN(pass("1 second"), 9)
      assert.lengthOf(events.filter((tag) => tag === "Queued"), 1)
      assert.isNotNull(fiber.unsafePoll())
    }))
})
