/** Every function of every controller, with its success and its main failure; over WebSocket and over HTTP. */
import {
  Kuzzle,
  KuzzleActionError,
  KuzzleAuth,
  KuzzleCollection,
  KuzzleDocument,
  KuzzleError,
  KuzzleFilter,
  KuzzleIndex,
  KuzzleRealtime,
  KuzzleServer
} from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import { DateTime, Effect, Option, Redacted } from "effect"
import type { Scope } from "effect"
import { type Backend, type ClientOptions, type User, World } from "./backend.ts"
import { failure } from "./tools.ts"

/** Provides a client, over any transport. */
export type Provide = (options?: ClientOptions) => <A, E>(
  effect: Effect.Effect<A, E, Kuzzle.Kuzzle | World | Scope.Scope>
) => Effect.Effect<A, E | KuzzleError.ConnectError | KuzzleError.InvalidSettingError, World | Backend>

const millis = (time: Option.Option<DateTime.Utc>) => DateTime.toEpochMillis(Option.getOrThrow(time))

const login = (user: User, expiresIn?: string | number) =>
  KuzzleAuth.login({
    strategy: "local",
    credentials: { username: user.username, password: Redacted.make(user.password) },
    expiresIn
  })

export const apiTests = (
  it: Vitest.MethodsNonLive<World | Backend, true>,
  provide: Provide
): void => {
  const test = <E>(name: string, body: Effect.Effect<void, E, Kuzzle.Kuzzle | World>) =>
    it.effect(name, () => provide()(body))

  describe("server", () => {
    test(
      "`now` returns the time of the server",
      Effect.gen(function*() {
        const before = Date.now()
        const now = yield* KuzzleServer.now()
        assert.isAtLeast(now, before - 5000)
        assert.isAtMost(now, Date.now() + 5000)
      })
    )

    test(
      "`info` returns the version and the routes",
      Effect.gen(function*() {
        const { kuzzle } = yield* KuzzleServer.info()
        assert.match(kuzzle.version, /^2\./)
        assert.property(kuzzle.api.routes, "document")
      })
    )
  })

  describe("index", () => {
    test(
      "an index is created, found and listed",
      Effect.gen(function*() {
        const world = yield* World
        const index = world.name("other")
        assert.isFalse(yield* KuzzleIndex.exists({ index }))
        assert.isUndefined(yield* KuzzleIndex.create({ index }))
        yield* world.removeLater(index)
        assert.isTrue(yield* KuzzleIndex.exists({ index }))
        assert.includeMembers([...(yield* KuzzleIndex.list())], [index, world.index])
      })
    )

    test(
      "`create` fails for an index that exists and for an invalid name",
      Effect.gen(function*() {
        const { index } = yield* World
        yield* failure(
          KuzzleIndex.create({ index }),
          KuzzleActionError.IndexAlreadyExistsError,
          "services.storage.index_already_exists"
        )
        const error = yield* failure(
          KuzzleIndex.create({ index: "not a name" }),
          KuzzleActionError.InvalidNameError,
          "services.storage.invalid_index_name"
        )
        assert.deepInclude(error, {
          controller: "index",
          action: "create",
          status: 400,
          props: ["not a name"],
          message: "The index name \"not a name\" is invalid"
        })
      })
    )

    test(
      "`exists` refuses an empty name",
      failure(KuzzleIndex.exists({ index: "" }), KuzzleError.BadRequestError, "api.assert.missing_argument")
    )
  })

  describe("collection", () => {
    test(
      "collections are created, found and listed",
      Effect.gen(function*() {
        const world = yield* World
        const index = world.name("listed")
        yield* world.removeLater(index)
        const target = { index, collection: "one" }
        assert.isUndefined(
          yield* KuzzleCollection.create({ ...target, mappings: { properties: { name: { type: "keyword" } } } })
        )
        yield* KuzzleCollection.create({ index, collection: "two" })
        // A second creation updates the collection.
        yield* KuzzleCollection.create(target)
        assert.isTrue(yield* KuzzleCollection.exists(target))
        assert.isFalse(yield* KuzzleCollection.exists({ index, collection: "three" }))
        assert.deepStrictEqual(yield* KuzzleCollection.list({ index }), [
          { name: "one", type: "stored" },
          { name: "two", type: "stored" }
        ])
        assert.deepStrictEqual(yield* KuzzleCollection.list({ index, from: 1, size: 1 }), [
          { name: "two", type: "stored" }
        ])
      })
    )

    test(
      "`create` fails for an invalid name",
      Effect.gen(function*() {
        const { index } = yield* World
        yield* failure(
          KuzzleCollection.create({ index, collection: "not a name" }),
          KuzzleActionError.InvalidNameError,
          "services.storage.invalid_collection_name"
        )
      })
    )

    test(
      "`exists` refuses an empty name",
      failure(
        KuzzleCollection.exists({ index: "any", collection: "" }),
        KuzzleError.BadRequestError,
        "api.assert.missing_argument"
      )
    )

    test(
      "`list` fails for an unknown index",
      failure(
        KuzzleCollection.list({ index: "not-there" }),
        KuzzleActionError.IndexNotFoundError,
        "services.storage.unknown_index"
      )
    )
  })

  describe("document", () => {
    test(
      "a document is created, read, updated and deleted",
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const created = yield* KuzzleDocument.create({ ...target, content: { status: "free", seats: 4 } })
        assert.deepInclude(created._source, { status: "free", seats: 4 })
        assert.strictEqual(created._version, 1)
        assert.strictEqual(created._source._kuzzle_info?.author, "-1")

        const place = { ...target, _id: created._id }
        assert.deepInclude(yield* KuzzleDocument.get(place), { _id: created._id, _version: 1 })

        const changed = yield* KuzzleDocument.update({ ...place, content: { status: "busy" } })
        assert.strictEqual(changed._version, 2)
        assert.strictEqual(changed._source.status, "busy")
        const whole = yield* KuzzleDocument.update({
          ...place,
          content: { seats: 5 },
          source: true,
          retryOnConflict: 3
        })
        assert.deepInclude(whole._source, { status: "busy", seats: 5 })

        const deleted = yield* KuzzleDocument.delete({ ...place, source: true })
        assert.strictEqual(deleted._id, created._id)
        assert.deepInclude(deleted._source, { status: "busy", seats: 5 })
        assert.deepStrictEqual(yield* KuzzleDocument.getOption(place), Option.none())
      })
    )

    test(
      "`create` accepts an id, and refuses an id that exists",
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const create = KuzzleDocument.create({ ...target, _id: "mine", content: { text: "ünï ✓ 𝄞" } })
        assert.strictEqual((yield* create)._id, "mine")
        yield* failure(create, KuzzleActionError.DocumentAlreadyExistsError, "services.storage.document_already_exists")
        const document = yield* KuzzleDocument.getOption({ ...target, _id: "mine" })
        assert.strictEqual(Option.getOrThrow(document)._source.text, "ünï ✓ 𝄞")
      })
    )

    test(
      "`create` fails in an unknown index",
      failure(
        KuzzleDocument.create({ index: "not-there", collection: "nor-this", content: {} }),
        KuzzleActionError.IndexNotFoundError,
        "services.storage.unknown_index"
      )
    )

    test(
      "`get`, `update` and `delete` fail for an unknown id",
      Effect.gen(function*() {
        const place = { ...(yield* (yield* World).collection), _id: "none" }
        const id = "services.storage.not_found"
        yield* failure(KuzzleDocument.get(place), KuzzleActionError.DocumentNotFoundError, id)
        yield* failure(
          KuzzleDocument.update({ ...place, content: { a: 1 } }),
          KuzzleActionError.DocumentNotFoundError,
          id
        )
        yield* failure(KuzzleDocument.delete(place), KuzzleActionError.DocumentNotFoundError, id)
      })
    )

    test(
      "`getOption` fails for an unknown collection",
      Effect.gen(function*() {
        const { index } = yield* World
        yield* failure(
          KuzzleDocument.getOption({ index, collection: "not-there", _id: "a" }),
          KuzzleActionError.CollectionNotFoundError,
          "services.storage.unknown_collection"
        )
      })
    )

    test(
      "`search` takes a query or a filter, a sort and the size of a page",
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const kuzzle = yield* Kuzzle.Kuzzle
        const written = yield* kuzzle.queryMany([1, 2, 3, 4, 5].map((seats) => ({
          controller: "document",
          action: "create",
          ...target,
          _id: `taxi-${seats}`,
          refresh: "wait_for",
          body: { seats, status: seats % 2 === 0 ? "free" : "busy" }
        })))
        assert.deepStrictEqual(written.map(({ _tag }) => _tag), Array(5).fill("Success"))

        const all = yield* KuzzleDocument.search({ ...target, sort: [{ seats: "desc" }], size: 2, from: 1 })
        assert.strictEqual(all.total, 5)
        assert.deepStrictEqual(all.hits.map(({ _id }) => _id), ["taxi-4", "taxi-3"])
        assert.deepInclude(all.hits[0], target)

        const free = yield* KuzzleDocument.search({ ...target, query: { term: { status: "free" } } })
        assert.sameMembers(free.hits.map(({ _id }) => _id), ["taxi-2", "taxi-4"])

        const large = yield* KuzzleDocument.search({
          ...target,
          filter: KuzzleFilter.range("seats", { gt: 3 })
        })
        assert.sameMembers(large.hits.map(({ _source }) => _source.seats), [4, 5])

        const page = yield* KuzzleDocument.search({ ...target, size: 3, scroll: "5s" })
        assert.isString(page.scrollId)
        assert.strictEqual(page.remaining, 2)
      })
    )

    test(
      "`search` reads several collections",
      Effect.gen(function*() {
        const { collection, index } = yield* World
        const [one, two] = yield* Effect.all([collection, collection])
        for (const target of [one, two]) {
          yield* KuzzleDocument.create({ ...target, _id: "a", content: { seats: 1 }, refresh: "wait_for" })
        }
        const { hits } = yield* KuzzleDocument.search({
          targets: [{ index, collections: [one.collection, two.collection] }]
        })
        assert.sameMembers(hits.map(({ collection }) => collection), [one.collection, two.collection])
      })
    )

    test(
      "`search` fails for a page that is too large and for an unknown index",
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        yield* failure(
          KuzzleDocument.search({ ...target, size: 20_000 }),
          KuzzleActionError.FetchLimitError,
          "services.storage.get_limit_exceeded"
        )
        yield* failure(
          KuzzleDocument.search({ index: "not-there", collection: "nor-this" }),
          KuzzleActionError.IndexNotFoundError,
          "services.storage.unknown_index"
        )
      })
    )
  })

  describe("realtime", () => {
    test(
      "`publish` and `count` work without a subscription",
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        assert.isUndefined(yield* KuzzleRealtime.publish({ ...target, message: { hello: "world" }, _id: "a" }))
        assert.strictEqual(yield* KuzzleRealtime.count({ roomId: "no-such-room" }), 0)
      })
    )

    test(
      "`publish` fails without an index",
      failure(
        KuzzleRealtime.publish({ index: "", collection: "a", message: {} }),
        KuzzleError.BadRequestError,
        "api.assert.missing_argument"
      )
    )
  })

  describe("auth", () => {
    test(
      "the token of a session is sent with later requests, renewed and revoked",
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        const target = yield* (yield* World).collection
        const kuzzle = yield* Kuzzle.Kuzzle
        const session = yield* login(user)
        assert.strictEqual(session.kuid, user.kuid)
        assert.approximately(millis(session.expiresAt), Date.now() + 3_600_000, 60_000)
        assert.deepStrictEqual(Option.map(yield* kuzzle.token, ({ value }) => value), session.token)
        assert.notInclude(String(session.token), Redacted.value(Option.getOrThrow(session.token)))

        const current = yield* KuzzleAuth.getCurrentUser()
        assert.strictEqual(current._id, user.kuid)
        assert.deepStrictEqual(current._source.profileIds, ["default"])
        assert.deepStrictEqual(current.strategies, ["local"])
        const { _source } = yield* KuzzleDocument.create({ ...target, content: {} })
        assert.strictEqual(_source._kuzzle_info?.author, user.kuid)

        // Within a second of the login the server would return the same token.
        yield* Effect.sleep("1100 millis")
        const renewed = yield* KuzzleAuth.refreshToken()
        const secret = ({ token }: KuzzleAuth.Session) => Redacted.value(Option.getOrThrow(token))
        assert.notStrictEqual(secret(renewed), secret(session))
        assert.strictEqual((yield* KuzzleAuth.getCurrentUser())._id, user.kuid)
        const checked = yield* KuzzleAuth.checkToken()
        assert.deepInclude(checked, { valid: true, kuid: user.kuid })

        yield* KuzzleAuth.logout()
        assert.deepStrictEqual(yield* kuzzle.token, Option.none())
        const after = yield* KuzzleAuth.checkToken({ token: Option.getOrThrow(renewed.token) })
        assert.deepStrictEqual(after, { valid: false, state: "Invalid token." })
        assert.strictEqual((yield* KuzzleAuth.getCurrentUser())._id, "-1")
        yield* KuzzleAuth.logout()
      })
    )

    test(
      "`login` respects expiresIn",
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        const { expiresAt } = yield* login(user, "10m")
        assert.approximately(millis(expiresAt), Date.now() + 600_000, 60_000)
      })
    )

    test(
      "`login` fails for a wrong password and for an unknown strategy",
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        const error = yield* failure(
          login({ ...user, password: "wrong" }),
          KuzzleActionError.WrongCredentialsError,
          "plugin.strategy.missing_user"
        )
        assert.notInclude(JSON.stringify(error), "wrong\"")
        // The server allows one login per second and connection, whatever the credentials.
        yield* Effect.sleep("1100 millis")
        yield* failure(
          KuzzleAuth.login({ strategy: "no-such", credentials: {} }),
          KuzzleActionError.UnknownStrategyError,
          "security.credentials.unknown_strategy"
        )
        assert.deepStrictEqual(yield* (yield* Kuzzle.Kuzzle).token, Option.none())
      })
    )

    test(
      "`checkToken` accepts the anonymous user, and reports an invalid token",
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* KuzzleAuth.checkToken(), { valid: true, kuid: "-1", expiresAt: null })
        assert.deepStrictEqual(
          yield* KuzzleAuth.checkToken({ token: Redacted.make("garbage") }),
          { valid: false, state: "Invalid token." }
        )
      })
    )

    test(
      "`refreshToken` fails without a session",
      failure(KuzzleAuth.refreshToken(), KuzzleError.UnauthorizedError, "security.rights.unauthorized")
    )

    const target = { index: "any", collection: "any" }
    const actions = {
      "auth:getCurrentUser": KuzzleAuth.getCurrentUser(),
      "auth:refreshToken": KuzzleAuth.refreshToken(),
      "collection:create": KuzzleCollection.create(target),
      "collection:exists": KuzzleCollection.exists(target),
      "collection:list": KuzzleCollection.list({ index: "any" }),
      "document:create": KuzzleDocument.create({ ...target, content: {} }),
      "document:delete": KuzzleDocument.delete({ ...target, _id: "a" }),
      "document:get": KuzzleDocument.get({ ...target, _id: "a" }),
      "document:search": KuzzleDocument.search(target),
      "document:update": KuzzleDocument.update({ ...target, _id: "a", content: {} }),
      "index:create": KuzzleIndex.create({ index: "any" }),
      "index:exists": KuzzleIndex.exists({ index: "any" }),
      "index:list": KuzzleIndex.list(),
      "realtime:count": KuzzleRealtime.count({ roomId: "any" }),
      "realtime:publish": KuzzleRealtime.publish({ ...target, message: {} }),
      "server:info": KuzzleServer.info(),
      "server:now": KuzzleServer.now()
    } as const

    test(
      "every action refuses a dead token",
      Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        const garbage = kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("garbage"))))
        for (const [name, action] of Object.entries(actions)) {
          yield* garbage
          // The actions have different results, but the same errors.
          const error: KuzzleError.UnauthorizedError = yield* failure(
            Effect.asVoid<unknown, KuzzleError.RequestError | KuzzleActionError.NamedError, Kuzzle.Kuzzle>(action),
            KuzzleError.UnauthorizedError,
            "security.token.invalid"
          )
          assert.isTrue(KuzzleError.isTokenDead(error))
          assert.strictEqual(`${error.controller}:${error.action}`, name)
        }
        // A logout forgets the token, even if the server answers with an error.
        yield* garbage
        yield* failure(KuzzleAuth.logout(), KuzzleError.UnauthorizedError, "security.token.invalid")
        assert.deepStrictEqual(yield* kuzzle.token, Option.none())
        yield* KuzzleServer.now()
      })
    )
  })

  describe("requests", () => {
    test(
      "`query` sends an action without a function, and its answer returns the volatile data",
      Effect.gen(function*() {
        const response = yield* Kuzzle.query({ controller: "auth", action: "getStrategies" }, { volatile: { a: 1 } })
        assert.strictEqual(response.status, 200)
        assert.deepStrictEqual(response.result, ["local"])
        assert.deepInclude(response.volatile, { a: 1 })
      })
    )

    test(
      "`query` fails for an unknown controller and for an unknown action",
      Effect.gen(function*() {
        yield* failure(
          Kuzzle.query({ controller: "nope", action: "now" }),
          KuzzleError.NotFoundError,
          "api.process.controller_not_found"
        )
        yield* failure(
          Kuzzle.query({ controller: "server", action: "nope" }),
          KuzzleError.NotFoundError,
          "api.process.action_not_found"
        )
      })
    )

    test(
      "`queryMany` returns the outcomes in the order of the requests, failures included",
      Effect.gen(function*() {
        const { index, name } = yield* World
        const kuzzle = yield* Kuzzle.Kuzzle
        const exists = (index: string) => ({ controller: "index", action: "exists", index })
        // The server refuses the second. The fourth fails before it is sent, so before any other has an outcome.
        const outcomes = yield* kuzzle.queryMany([
          exists(index),
          exists(""),
          exists(name("missing")),
          { ...exists(index), body: { big: 1n } },
          exists(index)
        ])
        const summaries = outcomes.map((outcome) =>
          outcome._tag === "Success"
            ? outcome.value.result
            : outcome.cause._tag === "Fail" && KuzzleError.isApiError(outcome.cause.error)
            ? outcome.cause.error.id
            : outcome.cause._tag === "Fail"
            ? outcome.cause.error._tag
            : outcome.cause
        )
        assert.deepStrictEqual(summaries, [true, "api.assert.missing_argument", false, "KuzzleEncodeError", true])
        assert.deepStrictEqual(yield* kuzzle.queryMany([]), [])
      })
    )

    test(
      "a value that JSON cannot carry fails only its own request",
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const cycle: Record<string, unknown> = {}
        cycle.self = cycle
        const values = { NaN, Infinity, bigint: 1n, function: () => 1, symbol: Symbol("s"), cycle }
        const create = (value: unknown) => KuzzleDocument.create({ ...target, content: { deep: { list: [1, value] } } })
        for (const value of Object.values(values)) {
          const error = yield* failure(create(value), KuzzleError.EncodeError)
          assert.include(error.issue, "body.deep.list[1]")
        }
        const volatile = yield* failure(KuzzleServer.now({ volatile: { big: 1n } }), KuzzleError.EncodeError)
        assert.include(volatile.issue, "volatile")
        yield* create(2)
      })
    )

    test(
      "members that the client sets are refused",
      failure(Kuzzle.query({ controller: "server", action: "now", jwt: "mine" }), KuzzleError.EncodeError)
    )
  })

  it.effect("a request that is too large fails only itself, before it is sent", () =>
    Effect.gen(function*() {
      const target = yield* (yield* World).collection
      const create = (size: number) =>
        KuzzleDocument.create({ ...target, content: { text: "é".repeat(size / 2) }, _id: `size-${size}` })
      const [small, large, other] = yield* Effect.all(
        [create(100), Effect.flip(create(10_000)), create(200)],
        { concurrency: "unbounded" }
      )
      assert.instanceOf(large, KuzzleError.PayloadTooLargeError)
      assert.deepInclude(large, { controller: "document", action: "create", limit: 8192 })
      assert.isAbove(large instanceof KuzzleError.PayloadTooLargeError ? large.size : 0, 10_000)
      assert.deepStrictEqual([small._id, other._id], ["size-100", "size-200"])
    }).pipe(provide({ maxRequestSize: 8192 })))
}
