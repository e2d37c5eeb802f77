/** Clients that share one session by one token store: whoever changes it, all of them go on with it. */
import { KuzzleTokenStore } from "@effect-kuzzle/core"
import { KeyValueStore } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Redacted, Stream, TestClock } from "effect"
import { client, now, type Options } from "../support/client.ts"
import { FakeNetwork, type FakeSocket, obliging, turns } from "../support/FakeSocket.ts"

const login = (kuid: string) => ({ controller: "auth", action: "login", strategy: "local", body: { kuid } })
const logout = { controller: "auth", action: "logout" }
const refreshToken = { controller: "auth", action: "refreshToken" }

const day = 86_400_000

/** A Kuzzle with sessions: a token that is refreshed, or logged out, is dead at once. */
const server = (ttl = day) => {
  const alive = new Map<string, string>()
  const refreshed: Array<string> = []
  let made = 0
  const grant = (kuid: string) => {
    const jwt = `${kuid}-${++made}`
    alive.set(jwt, kuid)
    return { _id: kuid, jwt, ttl }
  }
  const onSend = (socket: FakeSocket, frame: string) => {
    if (frame === `{"p":1}`) return obliging(socket, frame)
    const request = JSON.parse(frame)
    const { action, body, jwt } = request
    if (action === "login") return queueMicrotask(() => socket.answer(request, grant(body.kuid)))
    const kuid = alive.get(jwt)
    if (jwt !== undefined && kuid === undefined) {
      return queueMicrotask(() => socket.refuse(request, { id: "security.token.invalid", status: 401 }))
    }
    if (action === "logout") alive.delete(jwt)
    if (action === "refreshToken" && kuid !== undefined) {
      refreshed.push(jwt)
      alive.delete(jwt)
      return queueMicrotask(() => socket.answer(request, grant(kuid)))
    }
    obliging(socket, frame)
  }
  return { alive, grant, onSend, refreshed }
}

/** A page or a process: a client with a store of its own, over what all of them share. */
const tab = (
  kuzzle: Pick<ReturnType<typeof server>, "onSend">,
  store: KuzzleTokenStore.KuzzleTokenStoreShape,
  options: Options = {}
) =>
  Effect.gen(function*() {
    const network = new FakeNetwork()
    network.onSend = kuzzle.onSend
    const made = yield* client(network, options).pipe(
      Effect.provideService(KuzzleTokenStore.KuzzleTokenStore, store)
    )
    const told: Array<string> = []
    yield* Effect.forkScoped(Stream.runForEach(made.session.events, (event) =>
      Effect.sync(() => {
        const cause = event._tag === "LoggedOut" ? ` ${event.cause}` : ""
        told.push(`${event._tag}${cause}`)
      })))
    yield* turns()
    const { authentication } = made.session
    return {
      ...made,
      network,
      told,
      authentication,
      state: () => {
        const state = authentication.state()
        return state._tag === "Authenticated" ? Option.getOrUndefined(state.kuid) : state._tag
      },
      token: () => {
        const token = made.session.credentials.current()?.token
        return token && Redacted.value(token)
      }
    }
  })

/** What two of them share, and two that share it. `deaf`: they hear nothing of each other. */
const two = ({ deaf = false, ttl = day, ...options }: Options & { deaf?: boolean; ttl?: number } = {}) =>
  Effect.gen(function*() {
    const kuzzle = server(ttl)
    const values = yield* KeyValueStore.KeyValueStore
    const shared = KuzzleTokenStore.make(values, "token")
    const store = deaf ? { ...shared, changes: Stream.never } : shared
    const [one, other] = [yield* tab(kuzzle, store, options), yield* tab(kuzzle, store, options)]
    const stored = Effect.map(
      shared.load,
      (loaded) => Option.getOrUndefined(Option.map(loaded, ({ token }) => Redacted.value(token)))
    )
    /** Both have the session, though they may hear nothing. */
    const both = (kuid: string) =>
      Effect.gen(function*() {
        yield* one.authentication.login(login(kuid))
        yield* turns()
        if (deaf) yield* other.authentication.restoreStored
        assert.deepStrictEqual([one.state(), other.state()], [kuid, kuid])
      })
    return { both, kuzzle, one, other, shared, stored, values }
  })

const pass = (millis: number) => Effect.zipRight(TestClock.adjust(millis), turns(5))

const test = it.scoped

describe("clients of one token store", () => {
  test("A1, T2: a login in one is one in all, and so is a logout", () =>
    Effect.gen(function*() {
      const { one, other, stored } = yield* two()
      yield* one.authentication.login(login("ada"))
      yield* turns()
      assert.deepStrictEqual([one.state(), other.state()], ["ada", "ada"])
      assert.deepStrictEqual(other.told, ["LoggedIn"])
      yield* other.authentication.login(login("bob"))
      yield* turns()
      assert.deepStrictEqual([one.state(), other.state()], ["bob", "bob"])
      yield* one.authentication.logout(logout)
      yield* turns()
      assert.deepStrictEqual([one.state(), other.state()], ["Anonymous", "Anonymous"])
      assert.deepStrictEqual(one.told.slice(-2), ["LogoutStarted", "LoggedOut Requested"])
      assert.strictEqual(other.told.at(-1), "LoggedOut Elsewhere")
      assert.isUndefined(yield* stored)
      yield* other.query(now)
      assert.isUndefined(other.network.current.last("now").jwt)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A3: another user in another client has not the subscriptions of the one before", () =>
    Effect.gen(function*() {
      const { both, one, other } = yield* two()
      yield* both("ada")
      yield* other.watch({})
      yield* turns()
      yield* one.authentication.login(login("bob"))
      yield* pass(1000)
      assert.strictEqual(other.state(), "bob")
      assert.lengthOf(other.network.sockets, 2)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A2, T2: one of them renews the token for all, quietly", () =>
    Effect.gen(function*() {
      const { both, kuzzle, one, other, stored } = yield* two({ ttl: 100_000 })
      yield* both("ada")
      const before = other.told.length
      for (let second = 0; second < 300; second++) yield* pass(1000)
      assert.deepStrictEqual([one.state(), other.state()], ["ada", "ada"])
      assert.strictEqual(one.token(), yield* stored)
      assert.strictEqual(other.token(), yield* stored)
      assert.strictEqual(new Set(kuzzle.refreshed).size, kuzzle.refreshed.length)
      assert.isAtMost(kuzzle.refreshed.length, 8)
      for (const tag of [...one.told, ...other.told.slice(before)]) {
        assert.notInclude(["SessionOver", "LoggedOut Elsewhere", "QueryFailed"], tag)
      }
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A2, T1: both renew at the same moment: one does, the other takes its token", () =>
    Effect.gen(function*() {
      const { both, kuzzle, one, other, stored } = yield* two({ deaf: true })
      yield* both("ada")
      yield* Effect.all(
        [one.authentication.refresh(refreshToken), other.authentication.refresh(refreshToken)],
        { concurrency: "unbounded" }
      )
      // Each was asked for: the second renews what the first has made.
      assert.deepStrictEqual(kuzzle.refreshed, ["ada-1", "ada-2"])
      assert.strictEqual(other.token(), yield* stored)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A2, T1: a client that missed a renewal takes the token from the store instead of ending the session", () =>
    Effect.gen(function*() {
      const { both, one, other } = yield* two({ deaf: true })
      yield* both("ada")
      yield* one.authentication.refresh(refreshToken)
      const answered = yield* Effect.fork(other.query(now))
      yield* pass(0)
      yield* Fiber.join(answered)
      assert.strictEqual(other.state(), "ada")
      assert.strictEqual(other.token(), one.token())
      assert.deepStrictEqual(other.told, ["ReAuthenticated", "Dequeued"])
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A4, T1: a token that is stored 250 ms after the old one expired is used; without one, the session ends", () =>
    Effect.gen(function*() {
      const { both, kuzzle, one, other, shared } = yield* two({ deaf: true })
      yield* both("ada")
      const old = one.token() ?? ""
      kuzzle.alive.delete(old)
      const asked = yield* Effect.fork(Effect.exit(other.query(now)))
      yield* pass(250)
      assert.strictEqual(other.state(), "Renewing")
      const { jwt } = kuzzle.grant("ada")
      const next = { token: Redacted.make(jwt), kuid: "ada", expiresAt: Option.none() }
      assert.isTrue(yield* shared.save(Option.some(next), Option.some(Redacted.make(old))))
      yield* pass(50)
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(asked)))
      assert.strictEqual(other.token(), jwt)
      kuzzle.alive.clear()
      const last = yield* Effect.fork(Effect.exit(other.query(now)))
      yield* pass(299)
      assert.strictEqual(other.state(), "Renewing")
      yield* pass(1)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(last)))
      assert.strictEqual(other.state(), "Unauthenticated")
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A2, T2: a renewal that another client was faster than gives its token up for the one that is stored", () =>
    Effect.gen(function*() {
      const { both, kuzzle, other, shared, stored } = yield* two({ deaf: true })
      yield* both("ada")
      const { jwt } = kuzzle.grant("ada")
      const faster = { token: Redacted.make(jwt), kuid: "ada", expiresAt: Option.none() }
      other.network.onSend = (socket, frame) => {
        const { action } = JSON.parse(frame)
        const before = action === "refreshToken"
          ? shared.save(Option.some(faster), Option.some(Redacted.make("ada-1")))
          : Effect.void
        Effect.runFork(Effect.zipRight(before, Effect.sync(() => kuzzle.onSend(socket, frame))))
      }
      yield* other.authentication.refresh(refreshToken)
      assert.strictEqual(yield* stored, jwt)
      assert.strictEqual(other.token(), jwt)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A1, T2: a renewal finds that another client has logged out, and sends nothing", () =>
    Effect.gen(function*() {
      const { both, kuzzle, one, other } = yield* two({ deaf: true, ttl: 100_000 })
      yield* both("ada")
      yield* one.authentication.logout(logout)
      yield* pass(100_000)
      assert.strictEqual(other.state(), "Anonymous")
      assert.deepStrictEqual(kuzzle.refreshed, [])
      assert.strictEqual(other.told.at(-1), "LoggedOut Elsewhere")
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A2, T1: a logout removes the session, also if it was renewed elsewhere, but never that of another user", () =>
    Effect.gen(function*() {
      const { both, kuzzle, one, other, stored } = yield* two({ deaf: true })
      yield* both("ada")
      yield* one.authentication.refresh(refreshToken)
      yield* other.authentication.logout(logout)
      assert.isUndefined(yield* stored)
      assert.strictEqual(kuzzle.alive.size, 0)
      yield* both("ada")
      yield* one.authentication.login(login("bob"))
      yield* other.authentication.logout(logout)
      assert.strictEqual(yield* stored, one.token())
      assert.isTrue(kuzzle.alive.has(one.token() ?? ""))
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A1, T2: an authenticator does not log in after a logout elsewhere", () =>
    Effect.gen(function*() {
      const { kuzzle, one, shared } = yield* two({ deaf: true })
      const slow = yield* tab(kuzzle, { ...shared, changes: Stream.never }, {
        waitForConnection: false,
        authenticator: (session) =>
          Effect.zipRight(Effect.sleep("10 seconds"), session.authentication.forAuthenticator.login(login("ada")))
      })
      yield* pass(10_000)
      assert.strictEqual(slow.state(), "ada")
      yield* one.authentication.restoreStored
      kuzzle.alive.clear()
      const asked = yield* Effect.fork(Effect.exit(slow.query(now)))
      yield* pass(1000)
      yield* Effect.exit(one.authentication.logout(logout))
      yield* pass(20_000)
      yield* Fiber.join(asked)
      assert.strictEqual(slow.state(), "Anonymous")
      assert.strictEqual(kuzzle.alive.size, 0)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("a token that was set by hand stays out of it", () =>
    Effect.gen(function*() {
      const { one, other, stored } = yield* two()
      const byHand = { token: Redacted.make("key"), expiresAt: undefined, user: "token", kuid: undefined }
      yield* other.authentication.adopt(byHand)
      yield* one.authentication.login(login("ada"))
      yield* turns()
      assert.strictEqual(other.token(), "key")
      yield* other.authentication.adopt(undefined)
      assert.strictEqual(yield* stored, one.token())
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("C7: a store that dies on changes is reported, and the client continues", () =>
    Effect.gen(function*() {
      const shared = KuzzleTokenStore.make(yield* KeyValueStore.KeyValueStore, "token")
      const alone = yield* tab(server(), { ...shared, changes: Stream.die("gone") })
      assert.deepStrictEqual(alone.told, ["TokenStoreFailed"])
      yield* alone.authentication.login(login("ada"))
      assert.strictEqual(alone.state(), "ada")
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))
})
