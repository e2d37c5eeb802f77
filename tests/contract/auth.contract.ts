/** `auth`. */
import { Kuzzle, KuzzleAuth } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import { Clock, Effect, Option, Redacted, Schema } from "effect"
import { World } from "../suite/backend.ts"
import { contract } from "./contract.ts"
import { Content } from "./schemas.ts"
import { ApiKey, login, NewApiKey, Right, User } from "./security.schemas.ts"

const wire = (action: string) => ({ controller: "auth", action })

// A wait until searches see a change takes up to a second on a real server, so only cases that search wait.
const refresh = "false"

/** Logs the client in as a new user. */
const member = Effect.gen(function*() {
  const user = yield* (yield* World).user
  yield* login(user.username, user.password)
  return user
})

const key = (_id: string) => Effect.orDie(KuzzleAuth.createApiKey({ _id, description: "a robot", refresh: "wait_for" }))

const absent = Effect.map(World, ({ name }) => name("absent"))

const local = { strategy: "local" } as const
const secret = Redacted.make("secret")
const credentials = { username: "ada", password: secret }
const sentCredentials = { username: "ada", password: "secret" }

const unauthorized = { tag: "KuzzleUnauthorizedError", id: "security.rights.unauthorized" } as const
const noStrategy = { tag: "KuzzleUnknownStrategyError", id: "security.credentials.unknown_strategy" } as const

const Session = Schema.Struct({
  kuid: Schema.String,
  token: Schema.OptionFromSelf(Schema.RedactedFromSelf(Schema.String)),
  expiresAt: Schema.OptionFromSelf(Schema.DateTimeUtcFromSelf)
})

/** Tokens of the same user and second are equal, so a case that ends a token waits for the next second. */
const nextSecond = Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sleep(1010 - now % 1000))

export const contracts = [
  contract(KuzzleAuth.getCurrentUser, {
    sends: [{}, wire("getCurrentUser")],
    works: Effect.zipRight(member, KuzzleAuth.getCurrentUser()),
    type: Schema.Struct({ ...User.fields, strategies: Schema.Array(Schema.String) }),
    result: Schema.Struct({ ...User.fields, strategies: Schema.Tuple(Schema.Literal("local")) }),
    fails: {
      call: Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* Effect.orDie(kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("garbage")))))
        return yield* KuzzleAuth.getCurrentUser()
      }),
      tag: "KuzzleUnauthorizedError",
      id: "security.token.invalid"
    }
  }),
  contract(KuzzleAuth.updateSelf, {
    sends: [
      { content: { name: "Ada" }, retryOnConflict: 3, refresh },
      { ...wire("updateSelf"), body: { name: "Ada" }, retryOnConflict: 3, refresh }
    ],
    works: Effect.gen(function*() {
      yield* member
      const self = yield* KuzzleAuth.updateSelf({ content: { name: "Ada" }, refresh })
      assert.strictEqual(self._source.name, "Ada")
      return self
    }),
    result: User,
    fails: { call: KuzzleAuth.updateSelf({ content: {}, refresh }), ...unauthorized }
  }),
  contract(KuzzleAuth.getMyRights, {
    sends: [{}, wire("getMyRights")],
    works: KuzzleAuth.getMyRights(),
    result: Schema.NonEmptyArray(Right),
    neverFails: "the anonymous user has rights, too"
  }),
  contract(KuzzleAuth.checkRights, {
    sends: [
      { request: { controller: "document", action: "get", index: "nyc", collection: "taxi" } },
      { ...wire("checkRights"), body: { controller: "document", action: "get", index: "nyc", collection: "taxi" } }
    ],
    works: KuzzleAuth.checkRights({ request: { controller: "server", action: "now" } }),
    result: Schema.Literal(true),
    fails: {
      call: KuzzleAuth.checkRights({ request: { controller: "document", action: "search", targets: 1 } }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.invalid_type"
    }
  }),
  contract(KuzzleAuth.getStrategies, {
    sends: [{}, wire("getStrategies")],
    works: KuzzleAuth.getStrategies(),
    type: Schema.Array(Schema.String),
    result: Schema.Tuple(Schema.Literal("local")),
    neverFails: "it takes no argument"
  }),
  contract(KuzzleAuth.credentialsExist, {
    sends: [local, { ...wire("credentialsExist"), ...local }],
    works: Effect.zipRight(member, KuzzleAuth.credentialsExist(local)),
    type: Schema.Boolean,
    result: Schema.Literal(true),
    fails: { call: Effect.zipRight(member, KuzzleAuth.credentialsExist({ strategy: "absent" })), ...noStrategy }
  }),
  contract(KuzzleAuth.getMyCredentials, {
    sends: [local, { ...wire("getMyCredentials"), ...local }],
    works: Effect.zipRight(member, KuzzleAuth.getMyCredentials(local)),
    type: Content,
    result: Schema.Struct({ username: Schema.String, kuid: Schema.String }),
    fails: { call: KuzzleAuth.getMyCredentials(local), ...unauthorized }
  }),
  contract(KuzzleAuth.createMyCredentials, {
    sends: [
      { ...local, credentials, refresh },
      { ...wire("createMyCredentials"), ...local, body: sentCredentials, refresh }
    ],
    works: Effect.gen(function*() {
      const { username } = yield* member
      yield* Effect.orDie(KuzzleAuth.deleteMyCredentials({ ...local, refresh: "wait_for" }))
      return yield* KuzzleAuth.createMyCredentials({ ...local, credentials: { username, password: secret }, refresh })
    }),
    type: Content,
    result: Schema.Struct({ username: Schema.String }),
    fails: { call: KuzzleAuth.createMyCredentials({ ...local, credentials, refresh }), ...unauthorized }
  }),
  contract(KuzzleAuth.updateMyCredentials, {
    sends: [
      { ...local, credentials, refresh },
      { ...wire("updateMyCredentials"), ...local, body: sentCredentials, refresh }
    ],
    works: Effect.zipRight(
      member,
      KuzzleAuth.updateMyCredentials({ ...local, credentials: { password: secret }, refresh })
    ),
    type: Content,
    result: Schema.Struct({ username: Schema.String, kuid: Schema.String }),
    fails: {
      call: Effect.zipRight(member, KuzzleAuth.updateMyCredentials({ ...local, credentials: {}, refresh })),
      tag: "KuzzleBadRequestError",
      id: ""
    }
  }),
  contract(KuzzleAuth.validateMyCredentials, {
    sends: [{ ...local, credentials }, { ...wire("validateMyCredentials"), ...local, body: sentCredentials }],
    works: Effect.flatMap(
      member,
      ({ username }) => KuzzleAuth.validateMyCredentials({ ...local, credentials: { username, password: secret } })
    ),
    type: Schema.Boolean,
    result: Schema.Literal(true),
    fails: {
      call: Effect.zipRight(member, KuzzleAuth.validateMyCredentials({ ...local, credentials: { password: secret } })),
      tag: "KuzzleBadRequestError",
      id: ""
    }
  }),
  contract(KuzzleAuth.deleteMyCredentials, {
    sends: [{ ...local, refresh }, { ...wire("deleteMyCredentials"), ...local, refresh }],
    works: Effect.zipRight(member, KuzzleAuth.deleteMyCredentials({ ...local, refresh })),
    result: Schema.Void,
    fails: { call: KuzzleAuth.deleteMyCredentials(local), ...unauthorized }
  }),
  contract(KuzzleAuth.createToken, {
    sends: [
      { expiresIn: "1m", singleUse: true },
      { ...wire("createToken"), expiresIn: "1m", singleUse: true }
    ],
    works: Effect.gen(function*() {
      const { kuid } = yield* member
      const created = yield* KuzzleAuth.createToken({ expiresIn: "1m", singleUse: true })
      const check = Effect.orDie(KuzzleAuth.checkToken({ token: created.token }))
      assert.deepInclude(yield* check, { valid: true, kuid })
      assert.deepInclude(yield* check, { valid: false })
      return created
    }),
    result: Schema.Struct({
      token: Schema.RedactedFromSelf(Schema.String),
      expiresAt: Schema.Number,
      ttl: Schema.Literal(60_000),
      singleUse: Schema.Literal(true)
    }),
    fails: {
      call: KuzzleAuth.createToken({ expiresIn: -1 }),
      tag: "KuzzleInvalidExpirationError",
      id: "security.token.invalid_expiration"
    }
  }),
  contract(KuzzleAuth.createApiKey, {
    sends: [
      { _id: "robot", description: "a robot", expiresIn: "1h", refresh },
      { ...wire("createApiKey"), _id: "robot", body: { description: "a robot" }, expiresIn: "1h", refresh }
    ],
    works: Effect.zipRight(member, KuzzleAuth.createApiKey({ description: "a robot", expiresIn: "1h", refresh })),
    result: NewApiKey,
    fails: {
      call: Effect.gen(function*() {
        const { kuid } = yield* member
        yield* key(kuid)
        return yield* KuzzleAuth.createApiKey({ _id: kuid, description: "another", refresh })
      }),
      tag: "KuzzleDocumentAlreadyExistsError",
      id: "services.storage.document_already_exists"
    }
  }),
  contract(KuzzleAuth.searchApiKeys, {
    sends: [
      { query: { match: { description: "robot" } }, from: 1, size: 2 },
      {
        ...wire("searchApiKeys"),
        body: { match: { description: "robot" } },
        from: 1,
        size: 2
      }
    ],
    works: Effect.gen(function*() {
      const { kuid } = yield* member
      yield* key(kuid)
      return yield* KuzzleAuth.searchApiKeys({ filter: { equals: { userId: kuid } } })
    }),
    result: Schema.Tuple(ApiKey),
    fails: {
      call: KuzzleAuth.searchApiKeys({ query: { query: 1 } }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.invalid_type"
    }
  }),
  contract(KuzzleAuth.deleteApiKey, {
    sends: [{ _id: "robot", refresh }, { ...wire("deleteApiKey"), _id: "robot", refresh }],
    works: Effect.gen(function*() {
      const { kuid } = yield* member
      yield* key(kuid)
      yield* KuzzleAuth.deleteApiKey({ _id: kuid, refresh })
    }),
    result: Schema.Void,
    fails: {
      call: Effect.flatMap(absent, (_id) => KuzzleAuth.deleteApiKey({ _id })),
      tag: "KuzzleDocumentNotFoundError",
      id: "services.storage.not_found"
    }
  }),
  contract(KuzzleAuth.login, {
    sends: [
      { ...local, credentials: sentCredentials, expiresIn: "1h" },
      { ...wire("login"), ...local, body: sentCredentials, expiresIn: "1h" }
    ],
    works: Effect.gen(function*() {
      const { password, username } = yield* (yield* World).user
      const credentials = { username, password: Redacted.make(password) }
      const session = yield* KuzzleAuth.login({ ...local, credentials, expiresIn: "1h" })
      assert.strictEqual((yield* KuzzleAuth.getCurrentUser())._id, session.kuid)
      return session
    }).pipe(Effect.catchTag("KuzzleLoginIncompleteError", Effect.die)),
    result: Session,
    fails: {
      call: KuzzleAuth.login({ ...local, credentials }).pipe(
        Effect.catchTag("KuzzleLoginIncompleteError", Effect.die)
      ),
      tag: "KuzzleWrongCredentialsError",
      id: "plugin.strategy.missing_user"
    }
  }),
  contract(KuzzleAuth.logout, {
    sends: [{ global: true }, { ...wire("logout"), global: true }],
    works: Effect.gen(function*() {
      yield* member
      const { token } = yield* Effect.orDie(KuzzleAuth.createToken())
      yield* KuzzleAuth.logout({ global: true })
      assert.deepInclude(yield* KuzzleAuth.checkToken({ token }), { valid: false })
    }),
    result: Schema.Void,
    neverFails: "without a session the client sends no request"
  }),
  contract(KuzzleAuth.checkToken, {
    sends: [{ token: Redacted.make("a token") }, { ...wire("checkToken"), body: { token: "a token" } }],
    works: Effect.flatMap(absent, (text) => KuzzleAuth.checkToken({ token: Redacted.make(text) })),
    result: Schema.Struct({ valid: Schema.Literal(false), state: Schema.String }),
    example: {
      call: KuzzleAuth.checkToken({ token: Redacted.make("a token") }),
      result: Schema.Union(
        Schema.Struct({ valid: Schema.Literal(false), state: Schema.String }),
        Schema.Struct({
          valid: Schema.Literal(true),
          kuid: Schema.String,
          expiresAt: Schema.NullOr(Schema.Number)
        })
      )
    },
    neverFails: "the server judges any token"
  }),
  contract(KuzzleAuth.refreshToken, {
    sends: [{ expiresIn: "2h", ...local }, { ...wire("refreshToken"), expiresIn: "2h", ...local }],
    works: Effect.zipRight(Effect.zipRight(member, nextSecond), KuzzleAuth.refreshToken({ expiresIn: "2h" })),
    result: Session,
    fails: { call: KuzzleAuth.refreshToken(), ...unauthorized }
  })
]
