/** The session's identity: renewed before and after its end, kept by a token or a cookie, given back (promises A1 to A4). */
import { Kuzzle, KuzzleAuth, KuzzleDocument, KuzzleError, KuzzleServer } from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option, Redacted, Schedule, Stream } from "effect"
import { Backend, type User, World, writeNumbered } from "./backend.ts"
import { another, failure, gapOf, inbox, listenTo, numberOf, quick, statesOf, withClient } from "./tools.ts"
import { turns } from "./until.ts"

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const login = ({ password, username }: User, expiresIn = "1h") =>
  KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) }, expiresIn })

/** Nothing is refreshed: sessions end. */
const never = Schedule.recurs(0)

const authentication = Effect.flatMap(Kuzzle.Kuzzle, (kuzzle) => kuzzle.authentication.state)

const whoAmI = Effect.map(KuzzleAuth.getCurrentUser(), ({ _id }) => _id)

/** The server revokes every token of the user. */
const revoke = (user: User) =>
  Effect.flatMap(another(), (other) => other(Effect.zipRight(login(user), KuzzleAuth.logout({ global: true }))))

export const authenticationTests = (it: Vitest.MethodsNonLive<World | Backend, true>): void => {
  describe("a session by token", () => {
    it.effect("A2, 8.B6: a dead token is renewed by the authenticator: once, for all that it refused, and they are answered", () =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        let logins = 0
        const authenticator = Effect.suspend(() => {
          logins += 1
          return login(user)
        })
        yield* Effect.gen(function*() {
          assert.strictEqual(logins, 1)
          assert.strictEqual(yield* whoAmI, user.kuid)
          // The server allows one login a second for a connection, and gives the same token within one.
          yield* Effect.sleep("1100 millis")
          yield* revoke(user)
          const kuids = yield* Effect.forEach(numbers(1, 50), () => whoAmI, { concurrency: "unbounded" })
          assert.deepStrictEqual([...new Set(kuids)], [user.kuid])
          assert.strictEqual(logins, 2)
        }).pipe(withClient({ authenticator }))
      }))

    it.effect("A2, A3: subscriptions come back after the renewal, with a gap", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const user = yield* world.user
        yield* Effect.gen(function*() {
          const taken = yield* listenTo(target)
          yield* writeNumbered(target, [1])
          assert.strictEqual(numberOf(yield* taken.take), 1)
          // The server measures it.
          yield* Effect.sleep("2500 millis")
          yield* writeNumbered(target, [2])
          assert.deepStrictEqual(gapOf(yield* taken.take).cause, { _tag: "TokenExpired" })
          assert.strictEqual(numberOf(yield* taken.take), 2)
        }).pipe(withClient({ authenticator: login(user, "2s"), tokenRefresh: never }))
      }))

    it.effect("A1, 8.B11: a token is renewed before its end, and no caller notices", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const user = yield* world.user
        yield* Effect.gen(function*() {
          const kuzzle = yield* Kuzzle.Kuzzle
          yield* login(user, "4s")
          const first = yield* kuzzle.token
          const taken = yield* listenTo(target)
          for (const n of numbers(1, 12)) {
            yield* writeNumbered(target, [n])
            assert.strictEqual(numberOf(yield* taken.take), n)
            // Beyond the end of the token, which the server measures.
            yield* Effect.sleep("500 millis")
          }
          assert.notDeepEqual(yield* kuzzle.token, first)
          assert.strictEqual(yield* whoAmI, user.kuid)
        }).pipe(withClient())
      }))

    it.effect("A4, 8.C5: without an authenticator the session is over, says so, and forgets no subscription", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const user = yield* world.user
        yield* Effect.gen(function*() {
          yield* login(user)
          const taken = yield* listenTo(target)
          // The server gives the same token within a second.
          yield* Effect.sleep("1100 millis")
          yield* revoke(user)
          yield* failure(KuzzleAuth.getCurrentUser(), KuzzleError.UnauthorizedError, "security.token.invalid")
          assert.strictEqual((yield* authentication)._tag, "Unauthenticated")
          const error = yield* failure(KuzzleAuth.getCurrentUser(), KuzzleError.UnauthenticatedError)
          assert.strictEqual(error.cause.reason, "TokenDead")
          yield* login(user)
          assert.strictEqual(gapOf(yield* taken.take).cause._tag, "TokenExpired")
          yield* writeNumbered(target, [1])
          assert.strictEqual(numberOf(yield* taken.take), 1)
        }).pipe(withClient())
      }))

    it.effect("A4: an authenticator that is refused is not asked again and again", () =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        let asked = 0
        const authenticator = Effect.suspend(() => {
          asked += 1
          return login({ ...user, password: "wrong" })
        })
        yield* Effect.gen(function*() {
          const state = yield* authentication
          if (state._tag !== "Unauthenticated") return assert.fail(`it is ${state._tag}`)
          assert.strictEqual(state.cause.reason, "Refused")
          yield* failure(KuzzleServer.now(), KuzzleError.UnauthenticatedError)
          yield* failure(KuzzleServer.now(), KuzzleError.UnauthenticatedError)
          assert.strictEqual(asked, 1)
          yield* login(user)
          assert.strictEqual(yield* whoAmI, user.kuid)
        }).pipe(withClient({ authenticator }))
      }))

    it.effect("A3, 8.E12: another user's subscriptions are opened anew, for they have other rights", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const [one, two] = [yield* world.user, yield* world.user]
        yield* Effect.gen(function*() {
          yield* login(one)
          const taken = yield* listenTo(target)
          yield* login(two)
          assert.strictEqual(gapOf(yield* taken.take).cause._tag, "Renewed")
          assert.strictEqual(yield* whoAmI, two.kuid)
          yield* writeNumbered(target, [1])
          assert.strictEqual(numberOf(yield* taken.take), 1)
          yield* KuzzleAuth.logout()
          assert.strictEqual(gapOf(yield* taken.take).cause._tag, "Renewed")
          yield* writeNumbered(target, [2])
          assert.strictEqual(numberOf(yield* taken.take), 2)
        }).pipe(withClient())
      }))

    it.effect("the events of a session, in order", () =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        yield* Effect.gen(function*() {
          const kuzzle = yield* Kuzzle.Kuzzle
          const events = yield* inbox(kuzzle.events, "an event")
          yield* turns
          yield* login(user)
          yield* Effect.flip(login({ ...user, password: "wrong" }))
          yield* KuzzleAuth.logout()
          const tags = (yield* events.takeN(7)).map(({ _tag }) => _tag)
          assert.deepStrictEqual(tags, [
            "LoginStarted",
            "LoggedIn",
            "LoginStarted",
            "QueryFailed",
            "LoginFailed",
            "LogoutStarted",
            "LoggedOut"
          ])
        }).pipe(withClient())
      }))
  })

  describe("a session by cookie", () => {
    const withCookie = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.flatMap(Backend, ({ cookie }) => Effect.scoped(Effect.provide(effect, cookie(quick))))

    it.effect("8.B1, 8.B2, 8.B3: login, subscribe, refresh, still receiving, logout: requests flow all the time and none fails", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const user = yield* world.user
        yield* Effect.gen(function*() {
          const kuzzle = yield* Kuzzle.Kuzzle
          const stop = yield* Deferred.make<void>()
          let sent = 0
          const traffic = yield* Effect.suspend(() => {
            sent += 1
            return KuzzleServer.now()
          }).pipe(
            Effect.zipRight(Effect.sleep("5 millis")),
            Effect.repeat({ until: () => Deferred.isDone(stop) }),
            Effect.fork
          )
          const session = yield* login(user)
          assert.strictEqual(session.kuid, user.kuid)
          assert.deepStrictEqual(session.token, Option.none())
          assert.deepStrictEqual(yield* kuzzle.token, Option.none())
          assert.strictEqual(yield* whoAmI, user.kuid)
          assert.deepInclude(yield* authentication, { _tag: "Authenticated", kuid: Option.some(user.kuid) })
          const { _source } = yield* KuzzleDocument.create({ ...target, content: {} })
          assert.strictEqual(_source._kuzzle_info?.author, user.kuid)

          const taken = yield* listenTo(target)
          yield* writeNumbered(target, [1])
          assert.strictEqual(numberOf(yield* taken.take), 1)
          // The server gives the same token within a second.
          yield* Effect.sleep("1100 millis")
          yield* KuzzleAuth.refreshToken()
          assert.strictEqual(gapOf(yield* taken.take).cause._tag, "Renewed")
          // Beyond the second for which the old cookie works on.
          yield* Effect.sleep("1500 millis")
          assert.strictEqual(yield* whoAmI, user.kuid)
          assert.deepInclude(yield* KuzzleAuth.checkToken(), { valid: true, kuid: user.kuid })
          yield* writeNumbered(target, [2])
          assert.strictEqual(numberOf(yield* taken.take), 2)

          yield* KuzzleAuth.logout()
          assert.strictEqual(yield* whoAmI, "-1")
          assert.strictEqual((yield* authentication)._tag, "Anonymous")
          yield* writeNumbered(target, [3])
          assert.strictEqual(gapOf(yield* taken.take).cause._tag, "Renewed")
          assert.strictEqual(numberOf(yield* taken.take), 3)
          yield* Deferred.succeed(stop, undefined)
          yield* Fiber.join(traffic)
          assert.isAbove(sent, 20)
        }).pipe(withCookie)
      }))

    it.effect("8.B2: what is issued while it logs in waits, and is answered as the user", () =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        yield* Effect.gen(function*() {
          const pending = yield* Effect.fork(login(user))
          const kuzzle = yield* Kuzzle.Kuzzle
          yield* kuzzle.states.pipe(Stream.takeUntil(({ _tag }) => _tag === "Renewing"), Stream.runDrain)
          const kuids = yield* Effect.forEach(numbers(1, 30), () => whoAmI, { concurrency: "unbounded" })
          assert.deepStrictEqual([...new Set(kuids)], [user.kuid])
          yield* Fiber.join(pending)
          // A browser would keep the cookie for the next test.
          yield* KuzzleAuth.logout()
        }).pipe(withCookie)
      }))

    it.effect("8.B4: after a lost connection too a login is the session of every later one", () =>
      Effect.gen(function*() {
        const { network } = yield* Backend
        const user = yield* (yield* World).user
        yield* Effect.gen(function*() {
          const states = yield* statesOf(yield* Kuzzle.Kuzzle)
          const lose = Effect.zipRight(network.cut, Effect.zipRight(states.until("Waiting"), states.until("Ready")))
          yield* lose
          yield* login(user)
          assert.strictEqual(yield* whoAmI, user.kuid)
          yield* lose
          assert.strictEqual(yield* whoAmI, user.kuid)
          yield* KuzzleAuth.logout()
          assert.strictEqual(yield* whoAmI, "-1")
        }).pipe(withCookie)
      }))

    it.effect("8.B1: wrong credentials are an error of their own and cost nothing", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const user = yield* world.user
        yield* Effect.gen(function*() {
          const taken = yield* listenTo(target)
          const error = yield* Effect.flip(login({ ...user, password: "wrong" }))
          assert.strictEqual(error._tag, "KuzzleWrongCredentialsError")
          yield* writeNumbered(target, [1])
          assert.strictEqual(numberOf(yield* taken.take), 1)
          assert.strictEqual((yield* authentication)._tag, "Anonymous")
        }).pipe(withCookie)
      }))

    it.effect("a token beside the cookie is refused", () =>
      Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        const error = yield* Effect.flip(kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("kapikey-x")))))
        assert.strictEqual(error._tag, "KuzzleInvalidSettingError")
      }).pipe(withCookie))

    it.effect("A1: a logout by cookie without a session asks the server, and succeeds", () =>
      Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* KuzzleAuth.logout()
        assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
      }).pipe(withCookie))

    it.effect("8.B14: logout revokes the session, not just the cookie", () =>
      Effect.gen(function*() {
        const world = yield* World
        const user = yield* world.user
        const target = yield* world.collection
        yield* Effect.gen(function*() {
          const other = yield* another()
          yield* login(user)
          const taken = yield* listenTo(target)
          yield* KuzzleAuth.logout()
          assert.strictEqual(gapOf(yield* taken.take).cause._tag, "Renewed")
          yield* other(writeNumbered(target, [1]))
          assert.strictEqual(numberOf(yield* taken.take), 1)
          assert.deepInclude(yield* KuzzleAuth.checkToken(), { valid: true, kuid: "-1" })
        }).pipe(withCookie)
      }))
  })
}
