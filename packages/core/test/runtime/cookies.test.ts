/** Clients that share one cookie, such as the tabs of a browser. If one changes the cookie, all continue with the new one. */
import { Kuzzle, KuzzleAuth, KuzzleRealtime, KuzzleSchedule } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Redacted, Scope, Stream, TestClock } from "effect"
import { type CookieKuzzle, cookieKuzzle, loginAs, type Tab, tabs } from "../support/CookieKuzzle.ts"
import { turns } from "../support/FakeSocket.ts"

const test = it.scoped

const create = (n: number) => ({ controller: "document", action: "create", index: "i", collection: "c", body: { n } })

const pass = (millis: number) => Effect.zipRight(TestClock.adjust(millis), turns(6))

const kuids = (all: ReadonlyArray<Tab>) => Effect.forEach(all, ({ kuid }) => kuid)

const dials = (all: ReadonlyArray<Tab>) => all.map(({ network }) => network.sockets.length)

/** Two tabs in which ada is logged in. The session is two seconds old, so that it may be refreshed. */
const two = (kuzzle: CookieKuzzle, options: Kuzzle.Options = {}) =>
  Effect.gen(function*() {
    kuzzle.loginUnannounced("ada")
    const [first, second] = [yield* kuzzle.tab(options), yield* kuzzle.tab(options)]
    yield* pass(2000)
    assert.deepStrictEqual(yield* kuids([first, second]), ["ada", "ada"])
    return { first, second }
  })

describe("a strategy of several steps", () => {
  test.each([{ isVisible: true }, { isVisible: false }])(
    "8.B10: with a cookie, the first step returns the redirect (HTTP shows it: $isVisible), and the session stays",
    ({ isVisible }) =>
      Effect.gen(function*() {
        const server = yield* cookieKuzzle
        const { first } = yield* two(server)
        const location = "https://provider.test/authorize?client_id=c&state=s3cr3t"
        server.redirect = { location, isVisible }
        const step = yield* Effect.provide(KuzzleAuth.loginStep({ strategy: "oauth", credentials: {} }), first.context)
        assert.deepNestedInclude(step, {
          "_tag": "Incomplete",
          "response.result": { headers: { location }, statusCode: 302 }
        })
        assert.deepStrictEqual(yield* kuids([first]), ["ada"])
        server.redirect = undefined
        const args = { code: "4/0A" }
        yield* pass(1000)
        const session = yield* Effect.provide(
          KuzzleAuth.login({ strategy: "oauth", credentials: { kuid: "bob" }, args }),
          first.context
        )
        assert.strictEqual(session.kuid, "bob")
        assert.include(server.addresses.at(-2), "code=4%2F0A")
        assert.deepStrictEqual(yield* kuids([first]), ["bob"])
      })
  )

  test("A5: after a redirect whose target HTTP does not show, the password is not sent again over the WebSocket", () =>
    Effect.gen(function*() {
      const server = yield* cookieKuzzle
      const { first } = yield* two(server)
      server.redirect = { location: "https://other.test", isVisible: false }
      const credentials = { username: "bob", password: Redacted.make("s3cr3t") }
      const error = yield* Effect.flip(
        Effect.provide(KuzzleAuth.login({ strategy: "local", credentials }), first.context)
      )
      assert.strictEqual(error._tag, "KuzzleProtocolError")
      assert.include(error.message, "it is a redirect. The client does not follow it")
      assert.deepStrictEqual(first.network.sockets.flatMap((socket) => socket.of("login")), [])
      assert.deepStrictEqual(yield* kuids([first]), ["ada"])
    }))
})

describe("clients of one cookie", () => {
  test("T2: a login in one tab applies to all tabs, and so does a logout", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const all = yield* tabs(kuzzle, 3)
      const [first, second] = [all[0]!, all[1]!]
      yield* first.login("ada")
      yield* turns(6)
      assert.deepStrictEqual(yield* kuids(all), ["ada", "ada", "ada"])
      assert.include(second.eventTags, "LoggedIn")
      yield* pass(2000)
      yield* second.login("bob")
      yield* turns(6)
      assert.deepStrictEqual(yield* kuids(all), ["bob", "bob", "bob"])
      yield* first.logout
      yield* turns(6)
      assert.deepStrictEqual(yield* kuids(all), ["Anonymous", "Anonymous", "Anonymous"])
      assert.include(first.eventTags, "LoggedOut Requested")
      assert.strictEqual(second.eventTags.filter((tag) => tag === "LoggedOut Elsewhere").length, 1)
      assert.notInclude(second.eventTags, "SessionLost")
      yield* Effect.forEach(all, ({ kuzzle }) => kuzzle.query(create(1)))
      assert.deepStrictEqual(kuzzle.executed, Array.from(all, () => "-1 create 1"))
    }))

  test("T2: one change opens one connection in each tab, and causes no further message", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const all = yield* tabs(kuzzle, 5)
      yield* all[0]!.login("ada")
      yield* pass(60_000)
      assert.deepStrictEqual(dials(all), [2, 2, 2, 2, 2])
      yield* all[3]!.refresh
      yield* pass(60_000)
      assert.deepStrictEqual(dials(all), [3, 3, 3, 3, 3])
    }))

  test("T2: several changes during one drain open one connection, and a later change opens another", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { first } = yield* two(kuzzle)
      const { onSend } = first.network
      first.network.onSend = (socket, frame) => {
        if (JSON.parse(frame).action !== "create") onSend?.(socket, frame)
      }
      const slow = yield* Effect.fork(first.kuzzle.query(create(1)))
      yield* turns()
      for (let i = 0; i < 3; i++) yield* kuzzle.broadcast("kuzzle.test")
      yield* turns()
      assert.lengthOf(first.network.sockets, 1)
      const [request] = first.network.current.of("create")
      first.network.current.answer(request!)
      yield* Fiber.join(slow)
      yield* turns(6)
      assert.lengthOf(first.network.sockets, 2)
      // During the dial, which still has the old cookie.
      first.network.autoOpen = false
      yield* kuzzle.broadcast("kuzzle.test")
      yield* turns()
      kuzzle.loginUnannounced("bob")
      yield* kuzzle.broadcast("kuzzle.test")
      yield* turns()
      first.network.autoOpen = true
      first.network.current.open()
      yield* turns(6)
      assert.lengthOf(first.network.sockets, 4)
      assert.strictEqual(yield* first.kuid, "bob")
      assert.strictEqual((yield* first.kuzzle.state)._tag, "Ready")
    }))

  for (const outcome of ["succeeds", "fails"]) {
    test(`8.A18, A3: a server that shuts down is left after a login that ${outcome}, not during it`, () =>
      Effect.gen(function*() {
        const kuzzle = yield* cookieKuzzle
        kuzzle.loginUnannounced("ada")
        const first = yield* kuzzle.tab({ url: ["ws://kuzzle.test", "ws://b.kuzzle.test"] })
        yield* pass(2000)
        const { onSend } = first.network
        first.network.onSend = (socket, frame) => {
          if (JSON.parse(frame).action !== "create") onSend?.(socket, frame)
        }
        const slow = yield* Effect.fork(first.kuzzle.query(create(1)))
        const refused = yield* Effect.fork(Effect.exit(first.kuzzle.query(create(2))))
        yield* turns()
        const socket = first.network.current
        socket.refuse(socket.last("create"), { id: "api.process.shutting_down", status: 503 })
        assert.isTrue(Exit.isFailure(yield* Fiber.join(refused)))
        const gate = yield* Deferred.make<void>()
        kuzzle.gates.login = gate
        const login = yield* Effect.fork(Effect.exit(first.login("bob")))
        yield* turns()
        socket.answer(socket.of("create")[0]!)
        yield* Fiber.join(slow)
        yield* turns(6)
        assert.strictEqual((yield* first.kuzzle.state)._tag, "Replacing")
        assert.isFalse(socket.terminated)
        kuzzle.offline = outcome === "fails"
        yield* Deferred.succeed(gate, void 0)
        yield* turns(6)
        assert.strictEqual(Exit.isSuccess(yield* Fiber.join(login)), outcome === "succeeds")
        kuzzle.offline = false
        yield* turns(6)
        assert.deepStrictEqual(first.network.sockets.map(({ url }) => url), [
          "ws://kuzzle.test/",
          "ws://b.kuzzle.test/"
        ])
        assert.strictEqual((yield* first.kuzzle.state)._tag, "Ready")
        assert.strictEqual(yield* first.kuid, outcome === "succeeds" ? "bob" : "ada")
      }))
  }

  test("R3, S4: requests in flight are answered first, and subscriptions are reopened after a gap", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { first, second } = yield* two(kuzzle)
      const received: Array<string> = []
      const opened = yield* Effect.provide(KuzzleRealtime.open({ index: "i", collection: "c" }), first.context)
      yield* Effect.forkScoped(Stream.runForEach(opened, (notification) =>
        Effect.sync(() => {
          received.push(notification.type === "gap" ? notification.cause._tag : notification.type)
        })))
      const { onSend } = first.network
      first.network.onSend = (socket, frame) => {
        if (JSON.parse(frame).action !== "create") onSend?.(socket, frame)
      }
      const inFlight = yield* Effect.fork(first.kuzzle.query(create(1)))
      yield* turns()
      yield* second.refresh
      yield* turns(6)
      const socket = first.network.current
      assert.isFalse(socket.terminated)
      socket.answer(socket.last("create"))
      yield* Fiber.join(inFlight)
      yield* turns(6)
      assert.isTrue(socket.terminated)
      assert.lengthOf(first.network.current.of("subscribe"), 1)
      first.network.current.deliver({
        room: `room${JSON.stringify(first.network.current.last("subscribe").body)}-111`,
        type: "document",
        status: 200,
        requestId: "of another client",
        result: { _id: "1" }
      })
      yield* turns()
      assert.deepStrictEqual(received, ["Replaced", "document"])
      assert.notInclude(first.eventTags, "LoggedIn")
    }))

  test("A1: a request during the change to another user's cookie belongs to the previous user, and is not sent as the next one", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { first, second } = yield* two(kuzzle)
      const { onSend } = first.network
      first.network.onSend = (socket, frame) => {
        if (JSON.parse(frame).action !== "create") onSend?.(socket, frame)
      }
      const slow = yield* Effect.fork(first.kuzzle.query(create(1)))
      yield* turns()
      yield* second.login("bob")
      yield* turns()
      assert.strictEqual((yield* first.kuzzle.state)._tag, "Replacing")
      const meanwhile = yield* Effect.fork(Effect.exit(first.kuzzle.query(create(2))))
      yield* turns()
      first.network.onSend = onSend
      first.network.current.answer(first.network.current.last("create"))
      yield* Fiber.join(slow)
      yield* turns(6)
      assert.strictEqual(yield* first.kuid, "bob")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(meanwhile)))
      yield* first.kuzzle.query(create(3))
      assert.deepStrictEqual(kuzzle.executed, ["bob create 3"])
    }))

  test("A1: if another tab logs in right after a login of this tab was verified, nothing is sent as the other user", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.losesMessages = true
      const first = yield* kuzzle.tab()
      kuzzle.answering = (action) => {
        if (action === "checkToken") kuzzle.loginUnannounced("bob")
      }
      const fiber = yield* Effect.fork(first.login("ada"))
      yield* turns()
      const sent = yield* Effect.fork(Effect.exit(first.kuzzle.query(create(1))))
      yield* turns(6)
      yield* Fiber.join(fiber)
      yield* Fiber.join(sent)
      assert.strictEqual(yield* first.kuid, "bob")
      assert.notInclude(kuzzle.executed, "ada create 1")
      assert.include(first.eventTags, "LoggedIn")
    }))

  test("T1: if another tab has renewed the cookie without a message, a refused request opens a new connection and is sent again", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.losesMessages = true
      const { first, second } = yield* two(kuzzle)
      yield* first.refresh
      yield* pass(2000)
      const fiber = yield* Effect.fork(second.kuzzle.query(create(1)))
      yield* turns(10)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(kuzzle.executed, ["ada create 1"])
      assert.strictEqual(yield* second.kuid, "ada")
      assert.deepStrictEqual(dials([second]), [2])
      for (const tag of second.eventTags) assert.notInclude(["SessionLost", "QueryFailed", "LoggedIn"], tag)
    }))

  test("T1: after the message of a renewal, no request is refused", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { first, second } = yield* two(kuzzle)
      yield* first.refresh
      yield* pass(2000)
      yield* second.kuzzle.query(create(1))
      assert.lengthOf(second.network.current.of("create"), 1)
      assert.deepStrictEqual(dials([second]), [2])
    }))

  test("T1: tabs with a renewal at the same moment refresh the token once, and all continue with it", () =>
    Effect.gen(function*() {
      for (const losesMessages of [false, true]) {
        const kuzzle = yield* cookieKuzzle
        kuzzle.losesMessages = losesMessages
        kuzzle.loginUnannounced("ada")
        // As in hidden pages, whose timers fire at the same time.
        const all = yield* tabs(kuzzle, 3, { tokenRefresh: KuzzleSchedule.tokenRefresh({ jitter: 0 }) })
        yield* pass(80_000)
        yield* pass(5000)
        assert.lengthOf(kuzzle.refreshed, 1)
        assert.deepStrictEqual(yield* kuids(all), ["ada", "ada", "ada"])
        yield* Effect.forEach(all, ({ kuzzle }) => kuzzle.query(create(1)))
        for (const { eventTags } of all) assert.notInclude(eventTags, "SessionLost")
      }
    }))

  test("A4: a session that the server refuses on a new connection, too, is over, and this is reported once", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { first } = yield* two(kuzzle)
      const { onSend } = first.network
      first.network.onSend = (socket, frame) => {
        const request = JSON.parse(frame)
        if (request.action !== "create") return onSend?.(socket, frame)
        queueMicrotask(() => socket.refuse(request, { id: "security.token.invalid", status: 401 }))
      }
      const fiber = yield* Effect.fork(Effect.exit(first.kuzzle.query(create(1))))
      yield* pass(20_000)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
      assert.strictEqual(yield* first.kuid, "Unauthenticated")
      assert.deepStrictEqual(first.eventTags.filter((tag) => tag === "SessionLost"), ["SessionLost"])
      assert.deepStrictEqual(dials([first]), [2])
    }))

  test("A1: the authenticator does not log in after the message of a logout in another tab", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const authenticator = Effect.flatMap(Kuzzle.Kuzzle, ({ authentication }) => authentication.login(loginAs("ada")))
      const first = yield* kuzzle.tab({ authenticator })
      const second = yield* kuzzle.tab()
      yield* turns(6)
      assert.deepStrictEqual(yield* kuids([first, second]), ["ada", "ada"])
      yield* second.logout
      yield* pass(60_000)
      assert.deepStrictEqual(yield* kuids([first, second]), ["Anonymous", "Anonymous"])
      assert.isUndefined(kuzzle.jar)
    }))

  test("T1: a running authenticator does not replace the cookie of a login in another tab", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      let runs = 0
      const authenticator = Effect.flatMap(Kuzzle.Kuzzle, ({ authentication }) => {
        runs += 1
        return Effect.zipRight(Effect.sleep("10 seconds"), authentication.login(loginAs("ada")))
      })
      const first = yield* kuzzle.tab({ authenticator, waitForConnection: false })
      const second = yield* kuzzle.tab()
      yield* second.login("bob")
      yield* pass(20_000)
      assert.deepStrictEqual(yield* kuids([first, second]), ["bob", "bob"])
      assert.strictEqual(runs, 1)
    }))

  test("T2: a change for another host is ignored, and so is one that arrives without a connection", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { first } = yield* two(kuzzle)
      yield* kuzzle.broadcast("other.test")
      yield* turns(6)
      assert.deepStrictEqual(dials([first]), [1])
      first.network.current.close(1006)
      yield* turns()
      kuzzle.loginUnannounced("bob")
      yield* kuzzle.broadcast("kuzzle.test")
      yield* turns(6)
      assert.deepStrictEqual(dials([first]), [1])
      yield* pass(1000)
      assert.deepStrictEqual(dials([first]), [2])
      assert.strictEqual(yield* first.kuid, "bob")
    }))

  test("O4: `as` is compared once the user of the cookie is known, and a request without a session is never sent with a cookie", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { first, second } = yield* two(kuzzle)
      const as = (kuid: string) => ({ as: { _tag: "User", kuid } as const })
      const anonymous = { as: { _tag: "Anonymous" } as const }
      const outcomeOf = (n: number, options: Kuzzle.RequestOptions) =>
        Effect.exit(first.kuzzle.query(create(n), options))
      assert.isTrue(Exit.isFailure(yield* outcomeOf(1, as("bob"))))
      assert.isTrue(Exit.isFailure(yield* outcomeOf(2, anonymous)))
      // The new connection is open, and its user is not verified yet.
      const { onSend } = first.network
      first.network.onSend = (socket, frame) => {
        if (JSON.parse(frame).action !== "checkToken") onSend?.(socket, frame)
      }
      yield* second.login("bob")
      yield* turns(6)
      assert.strictEqual((yield* first.kuzzle.state)._tag, "Authenticating")
      const waiting = yield* Effect.fork(Effect.all([outcomeOf(3, as("ada")), outcomeOf(4, anonymous)], {
        concurrency: "unbounded"
      }))
      yield* turns()
      assert.isNull(waiting.unsafePoll())
      first.network.onSend = onSend
      onSend?.(first.network.current, JSON.stringify(first.network.current.last("checkToken")))
      yield* turns(6)
      for (const outcome of yield* Fiber.join(waiting)) assert.isTrue(Exit.isFailure(outcome))
      assert.isTrue(Exit.isSuccess(yield* outcomeOf(5, as("bob"))))
      assert.deepStrictEqual(kuzzle.executed, ["bob create 5"])
      yield* first.logout
      assert.isTrue(Exit.isSuccess(yield* outcomeOf(6, anonymous)))
      assert.deepStrictEqual(kuzzle.executed, ["bob create 5", "-1 create 6"])
    }))

  test("L1: a closed client gets no more messages", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const scope = yield* Scope.make()
      yield* Scope.extend(kuzzle.tab(), scope)
      assert.strictEqual(kuzzle.joined.count, 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(kuzzle.joined.count, 0)
      yield* kuzzle.broadcast("kuzzle.test")
    }))
})
