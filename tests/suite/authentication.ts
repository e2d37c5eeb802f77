/** Sessions by token and by cookie: login, renewal before and after their end, logout (promises A1 to A4). */
import { Kuzzle, KuzzleAuth, KuzzleDocument, KuzzleError, KuzzleSchedule, KuzzleServer } from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option, Redacted, Schedule, Stream } from "effect"
import { Backend, type User, World, writeNumbered } from "./backend.ts"
import { anotherClient, failure, gapOf, inbox, listenTo, numberOf, quick, statesOf, withClient } from "./tools.ts"
import { turns } from "./until.ts"

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const login = ({ password, username }: User, expiresIn = "1h") =>
  KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) }, expiresIn })

/** No token is refreshed, so sessions expire. */
const never = Schedule.recurs(0)

const authentication = Effect.flatMap(Kuzzle.Kuzzle, (kuzzle) => kuzzle.authentication.state)

const whoAmI = Effect.map(KuzzleAuth.getCurrentUser(), ({ _id }) => _id)

/** The server revokes every token of the user. */
const revoke = (user: User) =>
  Effect.flatMap(anotherClient(), (other) => other(Effect.zipRight(login(user), KuzzleAuth.logout({ global: true }))))

export const authenticationTests = (it: Vitest.MethodsNonLive<World | Backend, true>): void => {
  describe("a session by token", () => {
    it.effect("A2, 8.B6: the authenticator replaces a dead token once, and then all refused requests are answered", () =>
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
          // The server allows one login per second and connection, and returns the same token within one second.
          yield* Effect.sleep("1100 millis")
          yield* revoke(user)
          const kuids = yield* Effect.forEach(numbers(1, 50), () => whoAmI, { concurrency: "unbounded" })
          assert.deepStrictEqual([...new Set(kuids)], [user.kuid])
          assert.strictEqual(logins, 2)
        }).pipe(withClient({ authenticator }))
      }))

    it.effect("A2, A3: subscriptions are restored after the renewal, with a gap", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const user = yield* world.user
        yield* Effect.gen(function*() {
          const notifications = yield* listenTo(target)
          yield* writeNumbered(target, [1])
          assert.strictEqual(numberOf(yield* notifications.take), 1)
          // The server measures the lifetime of the token.
          yield* Effect.sleep("3500 millis")
          yield* writeNumbered(target, [2])
          assert.deepStrictEqual(gapOf(yield* notifications.take).cause, { _tag: "TokenExpired" })
          assert.strictEqual(numberOf(yield* notifications.take), 2)
        }).pipe(withClient({ authenticator: login(user, "3s"), tokenRefresh: never }))
      }))

    it.effect("A1, 8.B11: a token is refreshed before its end, and no caller notices", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const user = yield* world.user
        yield* Effect.gen(function*() {
          const kuzzle = yield* Kuzzle.Kuzzle
          yield* login(user, "4s")
          const first = yield* kuzzle.token
          const notifications = yield* listenTo(target)
          for (const n of numbers(1, 12)) {
            yield* writeNumbered(target, [n])
            assert.strictEqual(numberOf(yield* notifications.take), n)
            // In total longer than the lifetime of the first token, which the server measures.
            yield* Effect.sleep("500 millis")
          }
          assert.notDeepEqual(yield* kuzzle.token, first)
          assert.strictEqual(yield* whoAmI, user.kuid)
          // Early, so that a busy machine is not too late.
        }).pipe(withClient({ tokenRefresh: KuzzleSchedule.tokenRefresh({ fraction: 0.4 }) }))
      }))

    it.effect("A4, 8.C5: without an authenticator the session ends with a typed error, and subscriptions are kept", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const user = yield* world.user
        yield* Effect.gen(function*() {
          yield* login(user)
          const notifications = yield* listenTo(target)
          // The server returns the same token within a second.
          yield* Effect.sleep("1100 millis")
          yield* revoke(user)
          yield* failure(KuzzleAuth.getCurrentUser(), KuzzleError.UnauthorizedError, "security.token.invalid")
          assert.strictEqual((yield* authentication)._tag, "Unauthenticated")
          const error = yield* failure(KuzzleAuth.getCurrentUser(), KuzzleError.UnauthenticatedError)
          assert.strictEqual(error.cause.reason, "TokenDead")
          yield* login(user)
          assert.strictEqual(gapOf(yield* notifications.take).cause._tag, "TokenExpired")
          yield* writeNumbered(target, [1])
          assert.strictEqual(numberOf(yield* notifications.take), 1)
        }).pipe(withClient())
      }))

    it.effect("A4: an authenticator that is refused is not run again", () =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        let attempts = 0
        const authenticator = Effect.suspend(() => {
          attempts += 1
          return login({ ...user, password: "wrong" })
        })
        yield* Effect.gen(function*() {
          const state = yield* authentication
          if (state._tag !== "Unauthenticated") return assert.fail(`the session is ${state._tag}`)
          assert.strictEqual(state.cause.reason, "Refused")
          yield* failure(KuzzleServer.now(), KuzzleError.UnauthenticatedError)
          yield* failure(KuzzleServer.now(), KuzzleError.UnauthenticatedError)
          assert.strictEqual(attempts, 1)
          yield* login(user)
          assert.strictEqual(yield* whoAmI, user.kuid)
        }).pipe(withClient({ authenticator }))
      }))

    it.effect("A3, 8.E12: when the user changes, subscriptions are reopened, because the new user has other rights", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const [one, two] = [yield* world.user, yield* world.user]
        yield* Effect.gen(function*() {
          yield* login(one)
          const notifications = yield* listenTo(target)
          yield* login(two)
          assert.strictEqual(gapOf(yield* notifications.take).cause._tag, "Replaced")
          assert.strictEqual(yield* whoAmI, two.kuid)
          yield* writeNumbered(target, [1])
          assert.strictEqual(numberOf(yield* notifications.take), 1)
          yield* KuzzleAuth.logout()
          assert.strictEqual(gapOf(yield* notifications.take).cause._tag, "Replaced")
          yield* writeNumbered(target, [2])
          assert.strictEqual(numberOf(yield* notifications.take), 2)
        }).pipe(withClient())
      }))

    it.effect("the events of a session are published in order", () =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        yield* Effect.gen(function*() {
          const kuzzle = yield* Kuzzle.Kuzzle
          const events = yield* inbox(Kuzzle.streamOf(kuzzle.events), "an event")
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

    it.effect("8.B1, 8.B2, 8.B3: no concurrent request fails during a login, a subscription, a refresh and a logout", () =>
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

          const notifications = yield* listenTo(target)
          yield* writeNumbered(target, [1])
          assert.strictEqual(numberOf(yield* notifications.take), 1)
          // The server returns the same token within a second.
          yield* Effect.sleep("1100 millis")
          yield* KuzzleAuth.refreshToken()
          assert.strictEqual(gapOf(yield* notifications.take).cause._tag, "Replaced")
          // Longer than the second for which the old cookie still works.
          yield* Effect.sleep("1500 millis")
          assert.strictEqual(yield* whoAmI, user.kuid)
          assert.deepInclude(yield* KuzzleAuth.checkToken(), { valid: true, kuid: user.kuid })
          yield* writeNumbered(target, [2])
          assert.strictEqual(numberOf(yield* notifications.take), 2)

          yield* KuzzleAuth.logout()
          assert.strictEqual(yield* whoAmI, "-1")
          assert.strictEqual((yield* authentication)._tag, "Anonymous")
          yield* writeNumbered(target, [3])
          assert.strictEqual(gapOf(yield* notifications.take).cause._tag, "Replaced")
          assert.strictEqual(numberOf(yield* notifications.take), 3)
          yield* Deferred.succeed(stop, undefined)
          yield* Fiber.join(traffic)
          assert.isAbove(sent, 20)
        }).pipe(withCookie)
      }))

    it.effect("8.B2: requests that are submitted during a login wait, and are executed as its user", () =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        yield* Effect.gen(function*() {
          const pending = yield* Effect.fork(login(user))
          const kuzzle = yield* Kuzzle.Kuzzle
          yield* Kuzzle.streamOf(kuzzle.states).pipe(
            Stream.takeUntil(({ _tag }) => _tag === "Replacing"),
            Stream.runDrain
          )
          const kuids = yield* Effect.forEach(numbers(1, 30), () => whoAmI, { concurrency: "unbounded" })
          assert.deepStrictEqual([...new Set(kuids)], [user.kuid])
          yield* Fiber.join(pending)
          // A browser would keep the cookie for the next test.
          yield* KuzzleAuth.logout()
        }).pipe(withCookie)
      }))

    it.effect("8.B4: a login is the session of every later connection, also after a loss", () =>
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

    it.effect("8.B1: wrong credentials are a named error, and change nothing", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target = yield* world.collection
        const user = yield* world.user
        yield* Effect.gen(function*() {
          const notifications = yield* listenTo(target)
          const error = yield* Effect.flip(login({ ...user, password: "wrong" }))
          assert.strictEqual(error._tag, "KuzzleWrongCredentialsError")
          yield* writeNumbered(target, [1])
          assert.strictEqual(numberOf(yield* notifications.take), 1)
          assert.strictEqual((yield* authentication)._tag, "Anonymous")
        }).pipe(withCookie)
      }))

    it.effect("setToken is refused if the session is kept by a cookie", () =>
      Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        const error = yield* Effect.flip(kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("kapikey-x")))))
        assert.strictEqual(error._tag, "KuzzleInvalidSettingError")
      }).pipe(withCookie))

    it.effect("A1: a logout by cookie without a session is sent to the server, and succeeds", () =>
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
          const other = yield* anotherClient()
          yield* login(user)
          const notifications = yield* listenTo(target)
          yield* KuzzleAuth.logout()
          assert.strictEqual(gapOf(yield* notifications.take).cause._tag, "Replaced")
          yield* other(writeNumbered(target, [1]))
          assert.strictEqual(numberOf(yield* notifications.take), 1)
          assert.deepInclude(yield* KuzzleAuth.checkToken(), { valid: true, kuid: "-1" })
        }).pipe(withCookie)
      }))
  })
}
