/** Clients that share one cookie, such as the tabs of a browser: whoever changes it, all of them go on with it. */
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
    kuzzle.become("ada")
    const [one, other] = [yield* kuzzle.tab(options), yield* kuzzle.tab(options)]
    yield* pass(2000)
    assert.deepStrictEqual(yield* kuids([one, other]), ["ada", "ada"])
    return { one, other }
  })

describe("a strategy of several steps", () => {
  test.each([{ shown: true }, { shown: false }])(
    "8.B10: with a cookie, the first step says where to go (HTTP shows it: $shown), and the session stays",
    ({ shown }) =>
      Effect.gen(function*() {
        const server = yield* cookieKuzzle
        const { one } = yield* two(server)
        const location = "https://provider.test/authorize?client_id=c&state=s3cr3t"
        server.redirect = { location, shown }
        const step = yield* Effect.provide(KuzzleAuth.loginStep({ strategy: "oauth", credentials: {} }), one.context)
        assert.deepNestedInclude(step, {
          "_tag": "Incomplete",
          "response.result": { headers: { location }, statusCode: 302 }
        })
        assert.deepStrictEqual(yield* kuids([one]), ["ada"])
        server.redirect = undefined
        const args = { code: "4/0A" }
        yield* pass(1000)
        const session = yield* Effect.provide(
          KuzzleAuth.login({ strategy: "oauth", credentials: { kuid: "bob" }, args }),
          one.context
        )
        assert.strictEqual(session.kuid, "bob")
        assert.include(server.addresses.at(-2), "code=4%2F0A")
        assert.deepStrictEqual(yield* kuids([one]), ["bob"])
      })
  )

  test("A5: a password that was redirected, though HTTP does not show where, is not sent again over the WebSocket", () =>
    Effect.gen(function*() {
      const server = yield* cookieKuzzle
      const { one } = yield* two(server)
      server.redirect = { location: "https://other.test", shown: false }
      const credentials = { username: "bob", password: Redacted.make("s3cr3t") }
      const error = yield* Effect.flip(
        Effect.provide(KuzzleAuth.login({ strategy: "local", credentials }), one.context)
      )
      assert.strictEqual(error._tag, "KuzzleProtocolError")
      assert.include(error.message, "it is a redirect, which is not followed")
      assert.deepStrictEqual(one.network.sockets.flatMap((socket) => socket.of("login")), [])
      assert.deepStrictEqual(yield* kuids([one]), ["ada"])
    }))
})

describe("clients of one cookie", () => {
  test("T2: a login in one tab is one in all, and so is a logout", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const all = yield* tabs(kuzzle, 3)
      const [one, other] = [all[0]!, all[1]!]
      yield* one.login("ada")
      yield* turns(6)
      assert.deepStrictEqual(yield* kuids(all), ["ada", "ada", "ada"])
      assert.include(other.told, "LoggedIn")
      yield* pass(2000)
      yield* other.login("bob")
      yield* turns(6)
      assert.deepStrictEqual(yield* kuids(all), ["bob", "bob", "bob"])
      yield* one.logout
      yield* turns(6)
      assert.deepStrictEqual(yield* kuids(all), ["Anonymous", "Anonymous", "Anonymous"])
      assert.include(one.told, "LoggedOut Requested")
      assert.strictEqual(other.told.filter((tag) => tag === "LoggedOut Elsewhere").length, 1)
      assert.notInclude(other.told, "SessionOver")
      yield* Effect.forEach(all, ({ kuzzle }) => kuzzle.query(create(1)))
      assert.deepStrictEqual(kuzzle.executed, Array.from(all, () => "-1 create 1"))
    }))

  test("T2: one change opens one connection in each tab, and no tab answers it", () =>
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

  test("T2: several changes during one drain open one connection; one that comes later opens another", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { one } = yield* two(kuzzle)
      const { onSend } = one.network
      one.network.onSend = (socket, frame) => {
        if (JSON.parse(frame).action !== "create") onSend?.(socket, frame)
      }
      const slow = yield* Effect.fork(one.kuzzle.query(create(1)))
      yield* turns()
      for (let i = 0; i < 3; i++) yield* kuzzle.tell("kuzzle.test")
      yield* turns()
      assert.lengthOf(one.network.sockets, 1)
      const [request] = one.network.current.of("create")
      one.network.current.answer(request!)
      yield* Fiber.join(slow)
      yield* turns(6)
      assert.lengthOf(one.network.sockets, 2)
      // While it is dialled, with the cookie of before.
      one.network.autoOpen = false
      yield* kuzzle.tell("kuzzle.test")
      yield* turns()
      kuzzle.become("bob")
      yield* kuzzle.tell("kuzzle.test")
      yield* turns()
      one.network.autoOpen = true
      one.network.current.open()
      yield* turns(6)
      assert.lengthOf(one.network.sockets, 4)
      assert.strictEqual(yield* one.kuid, "bob")
      assert.strictEqual((yield* one.kuzzle.state)._tag, "Ready")
    }))

  for (const outcome of ["succeeds", "fails"]) {
    test(`8.A18, A3: a server that shuts down is left after a login that ${outcome}, not during it`, () =>
      Effect.gen(function*() {
        const kuzzle = yield* cookieKuzzle
        kuzzle.become("ada")
        const one = yield* kuzzle.tab({ url: ["ws://kuzzle.test", "ws://b.kuzzle.test"] })
        yield* pass(2000)
        const { onSend } = one.network
        one.network.onSend = (socket, frame) => {
          if (JSON.parse(frame).action !== "create") onSend?.(socket, frame)
        }
        const slow = yield* Effect.fork(one.kuzzle.query(create(1)))
        const refused = yield* Effect.fork(Effect.exit(one.kuzzle.query(create(2))))
        yield* turns()
        const first = one.network.current
        first.refuse(first.last("create"), { id: "api.process.shutting_down", status: 503 })
        assert.isTrue(Exit.isFailure(yield* Fiber.join(refused)))
        const gate = yield* Deferred.make<void>()
        kuzzle.gates.login = gate
        const login = yield* Effect.fork(Effect.exit(one.login("bob")))
        yield* turns()
        first.answer(first.of("create")[0]!)
        yield* Fiber.join(slow)
        yield* turns(6)
        assert.strictEqual((yield* one.kuzzle.state)._tag, "Renewing")
        assert.isFalse(first.terminated)
        kuzzle.offline = outcome === "fails"
        yield* Deferred.succeed(gate, void 0)
        yield* turns(6)
        assert.strictEqual(Exit.isSuccess(yield* Fiber.join(login)), outcome === "succeeds")
        kuzzle.offline = false
        yield* turns(6)
        assert.deepStrictEqual(one.network.sockets.map(({ url }) => url), [
          "ws://kuzzle.test/",
          "ws://b.kuzzle.test/"
        ])
        assert.strictEqual((yield* one.kuzzle.state)._tag, "Ready")
        assert.strictEqual(yield* one.kuid, outcome === "succeeds" ? "bob" : "ada")
      }))
  }

  test("R3, S4: what is in flight is answered first, and subscriptions come back behind a gap", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { one, other } = yield* two(kuzzle)
      const realtime = yield* Effect.provide(KuzzleRealtime.KuzzleRealtime, one.context)
      const heard: Array<string> = []
      const opened = yield* realtime.open({ index: "i", collection: "c" })
      yield* Effect.forkScoped(Stream.runForEach(opened, (one) =>
        Effect.sync(() => {
          heard.push(one.type === "gap" ? one.cause._tag : one.type)
        })))
      const { onSend } = one.network
      one.network.onSend = (socket, frame) => {
        if (JSON.parse(frame).action !== "create") onSend?.(socket, frame)
      }
      const inFlight = yield* Effect.fork(one.kuzzle.query(create(1)))
      yield* turns()
      yield* other.refresh
      yield* turns(6)
      const first = one.network.current
      assert.isFalse(first.terminated)
      first.answer(first.last("create"))
      yield* Fiber.join(inFlight)
      yield* turns(6)
      assert.isTrue(first.terminated)
      assert.lengthOf(one.network.current.of("subscribe"), 1)
      one.network.current.deliver({
        room: `room${JSON.stringify(one.network.current.last("subscribe").body)}-111`,
        type: "document",
        status: 200,
        requestId: "somebody's",
        result: { _id: "1" }
      })
      yield* turns()
      assert.deepStrictEqual(heard, ["Renewed", "document"])
      assert.notInclude(one.told, "LoggedIn")
    }))

  test("A1: what is asked while another user's cookie is taken up is of the user before, and not sent as the next one", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { one, other } = yield* two(kuzzle)
      const { onSend } = one.network
      one.network.onSend = (socket, frame) => {
        if (JSON.parse(frame).action !== "create") onSend?.(socket, frame)
      }
      const slow = yield* Effect.fork(one.kuzzle.query(create(1)))
      yield* turns()
      yield* other.login("bob")
      yield* turns()
      assert.strictEqual((yield* one.kuzzle.state)._tag, "Renewing")
      const meanwhile = yield* Effect.fork(Effect.exit(one.kuzzle.query(create(2))))
      yield* turns()
      one.network.onSend = onSend
      one.network.current.answer(one.network.current.last("create"))
      yield* Fiber.join(slow)
      yield* turns(6)
      assert.strictEqual(yield* one.kuid, "bob")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(meanwhile)))
      yield* one.kuzzle.query(create(3))
      assert.deepStrictEqual(kuzzle.executed, ["bob create 3"])
    }))

  test("A1: a login of another tab right behind the verification of ours: nothing is sent as the other user", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.deaf = true
      const one = yield* kuzzle.tab()
      kuzzle.answering = (action) => {
        if (action === "checkToken") kuzzle.become("bob")
      }
      const asked = yield* Effect.fork(one.login("ada"))
      yield* turns()
      const sent = yield* Effect.fork(Effect.exit(one.kuzzle.query(create(1))))
      yield* turns(6)
      yield* Fiber.join(asked)
      yield* Fiber.join(sent)
      assert.strictEqual(yield* one.kuid, "bob")
      assert.notInclude(kuzzle.executed, "ada create 1")
      assert.include(one.told, "LoggedIn")
    }))

  test("T1: another tab has renewed the cookie without a message: a refused request opens a new connection, and is sent again", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.deaf = true
      const { one, other } = yield* two(kuzzle)
      yield* one.refresh
      yield* pass(2000)
      const asked = yield* Effect.fork(other.kuzzle.query(create(1)))
      yield* turns(10)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(asked)))
      assert.deepStrictEqual(kuzzle.executed, ["ada create 1"])
      assert.strictEqual(yield* other.kuid, "ada")
      assert.deepStrictEqual(dials([other]), [2])
      for (const tag of other.told) assert.notInclude(["SessionOver", "QueryFailed", "LoggedIn"], tag)
    }))

  test("T1: a tab that has heard of the renewal has no request refused", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { one, other } = yield* two(kuzzle)
      yield* one.refresh
      yield* pass(2000)
      yield* other.kuzzle.query(create(1))
      assert.lengthOf(other.network.current.of("create"), 1)
      assert.deepStrictEqual(dials([other]), [2])
    }))

  test("T1: tabs with a renewal at the same moment refresh the token once, and all continue with it", () =>
    Effect.gen(function*() {
      for (const deaf of [false, true]) {
        const kuzzle = yield* cookieKuzzle
        kuzzle.deaf = deaf
        kuzzle.become("ada")
        // As in hidden pages, whose timers fire together.
        const all = yield* tabs(kuzzle, 3, { tokenRefresh: KuzzleSchedule.tokenRefresh({ jitter: 0 }) })
        yield* pass(80_000)
        yield* pass(5000)
        assert.lengthOf(kuzzle.refreshed, 1)
        assert.deepStrictEqual(yield* kuids(all), ["ada", "ada", "ada"])
        yield* Effect.forEach(all, ({ kuzzle }) => kuzzle.query(create(1)))
        for (const { told } of all) assert.notInclude(told, "SessionOver")
      }
    }))

  test("A4: a session that the server refuses on a new connection as well is over, once", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { one } = yield* two(kuzzle)
      const { onSend } = one.network
      one.network.onSend = (socket, frame) => {
        const request = JSON.parse(frame)
        if (request.action !== "create") return onSend?.(socket, frame)
        queueMicrotask(() => socket.refuse(request, { id: "security.token.invalid", status: 401 }))
      }
      const asked = yield* Effect.fork(Effect.exit(one.kuzzle.query(create(1))))
      yield* pass(20_000)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(asked)))
      assert.strictEqual(yield* one.kuid, "Unauthenticated")
      assert.deepStrictEqual(one.told.filter((tag) => tag === "SessionOver"), ["SessionOver"])
      assert.deepStrictEqual(dials([one]), [2])
    }))

  test("A1: an authenticator does not log in again after a logout in another tab, which it has heard of", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const authenticator = Effect.flatMap(Kuzzle.Kuzzle, ({ authentication }) => authentication.login(loginAs("ada")))
      const one = yield* kuzzle.tab({ authenticator })
      const other = yield* kuzzle.tab()
      yield* turns(6)
      assert.deepStrictEqual(yield* kuids([one, other]), ["ada", "ada"])
      yield* other.logout
      yield* pass(60_000)
      assert.deepStrictEqual(yield* kuids([one, other]), ["Anonymous", "Anonymous"])
      assert.isUndefined(kuzzle.jar)
    }))

  test("T1: an authenticator at work leaves the cookie alone that another tab has logged in with", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      let runs = 0
      const authenticator = Effect.flatMap(Kuzzle.Kuzzle, ({ authentication }) => {
        runs += 1
        return Effect.zipRight(Effect.sleep("10 seconds"), authentication.login(loginAs("ada")))
      })
      const one = yield* kuzzle.tab({ authenticator, waitForConnection: false })
      const other = yield* kuzzle.tab()
      yield* other.login("bob")
      yield* pass(20_000)
      assert.deepStrictEqual(yield* kuids([one, other]), ["bob", "bob"])
      assert.strictEqual(runs, 1)
    }))

  test("T2: the change of a session at another host is none, and neither is one that is heard without a connection", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { one } = yield* two(kuzzle)
      yield* kuzzle.tell("other.test")
      yield* turns(6)
      assert.deepStrictEqual(dials([one]), [1])
      one.network.current.close(1006)
      yield* turns()
      kuzzle.become("bob")
      yield* kuzzle.tell("kuzzle.test")
      yield* turns(6)
      assert.deepStrictEqual(dials([one]), [1])
      yield* pass(1000)
      assert.deepStrictEqual(dials([one]), [2])
      assert.strictEqual(yield* one.kuid, "bob")
    }))

  test("O4: `as` is compared once the user of the cookie is known, and a request without a session is never sent with a cookie", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { one, other } = yield* two(kuzzle)
      const as = (kuid: string) => ({ as: { _tag: "User", kuid } as const })
      const nobody = { as: { _tag: "Nobody" } as const }
      const outcomeOf = (n: number, options: Kuzzle.RequestOptions) => Effect.exit(one.kuzzle.query(create(n), options))
      assert.isTrue(Exit.isFailure(yield* outcomeOf(1, as("bob"))))
      assert.isTrue(Exit.isFailure(yield* outcomeOf(2, nobody)))
      // The new connection is open, and the server has yet to say whose it is.
      const { onSend } = one.network
      one.network.onSend = (socket, frame) => {
        if (JSON.parse(frame).action !== "checkToken") onSend?.(socket, frame)
      }
      yield* other.login("bob")
      yield* turns(6)
      assert.strictEqual((yield* one.kuzzle.state)._tag, "Authenticating")
      const waiting = yield* Effect.fork(Effect.all([outcomeOf(3, as("ada")), outcomeOf(4, nobody)], {
        concurrency: "unbounded"
      }))
      yield* turns()
      assert.isNull(waiting.unsafePoll())
      one.network.onSend = onSend
      onSend?.(one.network.current, JSON.stringify(one.network.current.last("checkToken")))
      yield* turns(6)
      for (const outcome of yield* Fiber.join(waiting)) assert.isTrue(Exit.isFailure(outcome))
      assert.isTrue(Exit.isSuccess(yield* outcomeOf(5, as("bob"))))
      assert.deepStrictEqual(kuzzle.executed, ["bob create 5"])
      yield* one.logout
      assert.isTrue(Exit.isSuccess(yield* outcomeOf(6, nobody)))
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
      yield* kuzzle.tell("kuzzle.test")
    }))
})
