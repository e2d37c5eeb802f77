/** Clients that share one session by a token store. If one changes the session, all continue with the new one. */
import { KuzzleTokenStore } from "@effect-kuzzle/core"
import { KeyValueStore } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Redacted, Scope, Stream, TestClock } from "effect"
import * as Watched from "../../src/internal/runtime/watched.ts"
import { client, now, type Options } from "../support/client.ts"
import { FakeNetwork, type FakeSocket, obliging, turns } from "../support/FakeSocket.ts"

const login = (kuid: string) => ({ controller: "auth", action: "login", strategy: "local", body: { kuid } })
const logout = { controller: "auth", action: "logout" }
const refreshToken = { controller: "auth", action: "refreshToken" }

const day = 86_400_000

/** A Kuzzle with sessions. A token that is refreshed or logged out is dead at once. */
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

/** A page or a process: a client with its own store over the shared storage. */
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
    const eventTags: Array<string> = []
    yield* Effect.forkScoped(Stream.runForEach(Watched.streamOf(made.session.events), (event) =>
      Effect.sync(() => {
        const cause = event._tag === "LoggedOut" ? ` ${event.cause}` : ""
        eventTags.push(`${event._tag}${cause}`)
      })))
    yield* turns()
    const { authentication } = made.session
    return {
      ...made,
      network,
      eventTags,
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

/** Two clients, and their shared storage. `unnotified`: the clients are not notified of each other's changes. */
const two = ({ unnotified = false, ttl = day, ...options }: Options & { unnotified?: boolean; ttl?: number } = {}) =>
  Effect.gen(function*() {
    const kuzzle = server(ttl)
    const values = yield* KeyValueStore.KeyValueStore
    const shared = KuzzleTokenStore.make(values, "token")
    const store = unnotified ? { ...shared, changes: Stream.never } : shared
    const [first, second] = [yield* tab(kuzzle, store, options), yield* tab(kuzzle, store, options)]
    const stored = Effect.map(
      shared.load,
      (loaded) => Option.getOrUndefined(Option.map(loaded, ({ token }) => Redacted.value(token)))
    )
    /** Both clients have the session, even if they are not notified. */
    const both = (kuid: string) =>
      Effect.gen(function*() {
        yield* first.authentication.login(login(kuid))
        yield* turns()
        if (unnotified) yield* second.authentication.restoreStored
        assert.deepStrictEqual([first.state(), second.state()], [kuid, kuid])
      })
    return { both, kuzzle, first, second, shared, stored, values }
  })

const pass = (millis: number) => Effect.zipRight(TestClock.adjust(millis), turns(5))

const test = it.scoped

describe("clients of one token store", () => {
  test("A1, T2: a login in one client applies to all, and so does a logout", () =>
    Effect.gen(function*() {
      const { first, second, stored } = yield* two()
      yield* first.authentication.login(login("ada"))
      yield* turns()
      assert.deepStrictEqual([first.state(), second.state()], ["ada", "ada"])
      assert.deepStrictEqual(second.eventTags, ["LoggedIn"])
      yield* second.authentication.login(login("bob"))
      yield* turns()
      assert.deepStrictEqual([first.state(), second.state()], ["bob", "bob"])
      yield* first.authentication.logout(logout)
      yield* turns()
      assert.deepStrictEqual([first.state(), second.state()], ["Anonymous", "Anonymous"])
      assert.deepStrictEqual(first.eventTags.slice(-2), ["LogoutStarted", "LoggedOut Requested"])
      assert.strictEqual(second.eventTags.at(-1), "LoggedOut Elsewhere")
      assert.isUndefined(yield* stored)
      yield* second.query(now)
      assert.isUndefined(second.network.current.last("now").jwt)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A3: another user in another client does not get the subscriptions of the previous user", () =>
    Effect.gen(function*() {
      const { both, first, second } = yield* two()
      yield* both("ada")
      yield* second.watch({})
      yield* turns()
      yield* first.authentication.login(login("bob"))
      yield* pass(1000)
      assert.strictEqual(second.state(), "bob")
      assert.lengthOf(second.network.sockets, 2)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A2, T2: one of them renews the token for all, and no failure or end of a session is reported", () =>
    Effect.gen(function*() {
      const { both, kuzzle, first, second, stored } = yield* two({ ttl: 100_000 })
      yield* both("ada")
      const before = second.eventTags.length
      for (let second = 0; second < 300; second++) yield* pass(1000)
      assert.deepStrictEqual([first.state(), second.state()], ["ada", "ada"])
      assert.strictEqual(first.token(), yield* stored)
      assert.strictEqual(second.token(), yield* stored)
      assert.strictEqual(new Set(kuzzle.refreshed).size, kuzzle.refreshed.length)
      assert.isAtMost(kuzzle.refreshed.length, 8)
      for (const tag of [...first.eventTags, ...second.eventTags.slice(before)]) {
        assert.notInclude(["SessionLost", "LoggedOut Elsewhere", "QueryFailed"], tag)
      }
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A2, T1: if both renew at the same moment, one does, and the other takes its token", () =>
    Effect.gen(function*() {
      const { both, kuzzle, first, second, stored } = yield* two({ unnotified: true })
      yield* both("ada")
      yield* Effect.all(
        [first.authentication.refresh(refreshToken), second.authentication.refresh(refreshToken)],
        { concurrency: "unbounded" }
      )
      // Each renewal was requested, so the second renews the token of the first.
      assert.deepStrictEqual(kuzzle.refreshed, ["ada-1", "ada-2"])
      assert.strictEqual(second.token(), yield* stored)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A2, T1: a client that missed a renewal takes the token from the store instead of ending the session", () =>
    Effect.gen(function*() {
      const { both, first, second } = yield* two({ unnotified: true })
      yield* both("ada")
      yield* first.authentication.refresh(refreshToken)
      const answered = yield* Effect.fork(second.query(now))
      yield* pass(0)
      yield* Fiber.join(answered)
      assert.strictEqual(second.state(), "ada")
      assert.strictEqual(second.token(), first.token())
      assert.deepStrictEqual(second.eventTags, ["ReAuthenticated", "Dequeued"])
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A4, T1: a token that is stored 250 ms after the old one expired is used; without one, the session ends", () =>
    Effect.gen(function*() {
      const { both, kuzzle, first, second, shared } = yield* two({ unnotified: true })
      yield* both("ada")
      const old = first.token() ?? ""
      kuzzle.alive.delete(old)
      const fiber = yield* Effect.fork(Effect.exit(second.query(now)))
      yield* pass(250)
      assert.strictEqual(second.state(), "Renewing")
      const { jwt } = kuzzle.grant("ada")
      const next = { token: Redacted.make(jwt), kuid: "ada", expiresAt: Option.none() }
      assert.isTrue(yield* shared.save(Option.some(next), Option.some(Redacted.make(old))))
      yield* pass(50)
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)))
      assert.strictEqual(second.token(), jwt)
      kuzzle.alive.clear()
      const last = yield* Effect.fork(Effect.exit(second.query(now)))
      yield* pass(299)
      assert.strictEqual(second.state(), "Renewing")
      yield* pass(1)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(last)))
      assert.strictEqual(second.state(), "Unauthenticated")
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A2, T2: a renewal that ends after that of another client discards its token for the stored one", () =>
    Effect.gen(function*() {
      const { both, kuzzle, second, shared, stored } = yield* two({ unnotified: true })
      yield* both("ada")
      const { jwt } = kuzzle.grant("ada")
      const faster = { token: Redacted.make(jwt), kuid: "ada", expiresAt: Option.none() }
      second.network.onSend = (socket, frame) => {
        const { action } = JSON.parse(frame)
        const before = action === "refreshToken"
          ? shared.save(Option.some(faster), Option.some(Redacted.make("ada-1")))
          : Effect.void
        Effect.runFork(Effect.zipRight(before, Effect.sync(() => kuzzle.onSend(socket, frame))))
      }
      yield* second.authentication.refresh(refreshToken)
      assert.strictEqual(yield* stored, jwt)
      assert.strictEqual(second.token(), jwt)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A1, T2: a renewal after a logout in another client sends nothing", () =>
    Effect.gen(function*() {
      const { both, kuzzle, first, second } = yield* two({ unnotified: true, ttl: 100_000 })
      yield* both("ada")
      yield* first.authentication.logout(logout)
      yield* pass(100_000)
      assert.strictEqual(second.state(), "Anonymous")
      assert.deepStrictEqual(kuzzle.refreshed, [])
      assert.strictEqual(second.eventTags.at(-1), "LoggedOut Elsewhere")
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A2, T1: a logout removes the session, also if it was renewed elsewhere, but never that of another user", () =>
    Effect.gen(function*() {
      const { both, kuzzle, first, second, stored } = yield* two({ unnotified: true })
      yield* both("ada")
      yield* first.authentication.refresh(refreshToken)
      yield* second.authentication.logout(logout)
      assert.isUndefined(yield* stored)
      assert.strictEqual(kuzzle.alive.size, 0)
      yield* both("ada")
      yield* first.authentication.login(login("bob"))
      yield* second.authentication.logout(logout)
      assert.strictEqual(yield* stored, first.token())
      assert.isTrue(kuzzle.alive.has(first.token() ?? ""))
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("A1, T2: an authenticator does not log in after a logout elsewhere", () =>
    Effect.gen(function*() {
      const { kuzzle, first, shared } = yield* two({ unnotified: true })
      const slow = yield* tab(kuzzle, { ...shared, changes: Stream.never }, {
        waitForConnection: false,
        authenticator: (session) =>
          Effect.zipRight(Effect.sleep("10 seconds"), session.authentication.forAuthenticator.login(login("ada")))
      })
      yield* pass(10_000)
      assert.strictEqual(slow.state(), "ada")
      yield* first.authentication.restoreStored
      kuzzle.alive.clear()
      const fiber = yield* Effect.fork(Effect.exit(slow.query(now)))
      yield* pass(1000)
      yield* Effect.exit(first.authentication.logout(logout))
      yield* pass(20_000)
      yield* Fiber.join(fiber)
      assert.strictEqual(slow.state(), "Anonymous")
      assert.strictEqual(kuzzle.alive.size, 0)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  test("a token that was set by hand is not shared", () =>
    Effect.gen(function*() {
      const { first, second, stored } = yield* two()
      const byHand = { token: Redacted.make("key"), expiresAt: undefined, user: "token", kuid: undefined }
      yield* second.authentication.adopt(byHand)
      yield* first.authentication.login(login("ada"))
      yield* turns()
      assert.strictEqual(second.token(), "key")
      yield* second.authentication.adopt(undefined)
      assert.strictEqual(yield* stored, first.token())
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  for (
    const [how, operation] of [["does not answer", Effect.never], ["interrupts itself", Effect.interrupt]] as const
  ) {
    test(`A2, C7: if a store ${how}, that is reported, and a login, a logout and closing the client complete`, () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const store = KuzzleTokenStore.from({
          load: operation,
          save: () => operation,
          changes: Stream.never,
          exclusive: (exchange) => exchange
        })
        /** A change of the session waits up to 10 s for the store. */
        const patiently = <A, E>(effect: Effect.Effect<A, E>) =>
          Effect.gen(function*() {
            const fiber = yield* Effect.fork(effect)
            yield* pass(10_000)
            yield* pass(10_000)
            const exit = fiber.unsafePoll()
            assert.isNotNull(exit, "it has completed")
            return yield* exit ?? Effect.never
          })
        const alone = yield* patiently(Scope.extend(tab(server(), store), scope))
        yield* patiently(alone.authentication.login(login("ada")))
        assert.strictEqual(alone.state(), "ada")
        yield* patiently(alone.authentication.logout(logout))
        assert.strictEqual(alone.state(), "Anonymous")
        assert.includeMembers(alone.eventTags, ["TokenStoreFailed", "LoggedIn", "LoggedOut Requested"])
        yield* patiently(Scope.close(scope, Exit.void))
      }))
  }

  test("C7: a store that dies on changes is reported, and the client continues", () =>
    Effect.gen(function*() {
      const shared = KuzzleTokenStore.make(yield* KeyValueStore.KeyValueStore, "token")
      const alone = yield* tab(server(), { ...shared, changes: Stream.die("gone") })
      assert.deepStrictEqual(alone.eventTags, ["TokenStoreFailed"])
      yield* alone.authentication.login(login("ada"))
      assert.strictEqual(alone.state(), "ada")
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))
})
