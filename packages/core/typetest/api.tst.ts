/** The results, errors and requirements of the functions, as the compiler sees them. */
import type { KuzzleActionError } from "@effect-kuzzle/core"
import {
  Kuzzle,
  KuzzleAuth,
  KuzzleCollection,
  KuzzleConfig,
  KuzzleDocument,
  KuzzleError,
  KuzzleFilter,
  KuzzleIndex,
  KuzzleOutbox,
  KuzzleRealtime,
  KuzzleSecurity,
  KuzzleServer
} from "@effect-kuzzle/core"
import { type Config, type Context, Effect, type Exit, type Option, Redacted, type Scope, Stream } from "effect"
import { describe, expect, test } from "tstyche"

/** A request with this result: it has the errors of every request, and needs a client only. */
type Call<A> = Effect.Effect<A, KuzzleError.RequestError, Kuzzle.Kuzzle>

const target = { index: "nyc", collection: "taxi" }

type Subscription<Notification, E = never> = Stream.Stream<
  Notification | KuzzleRealtime.Gap,
  KuzzleRealtime.SubscribeError | E,
  KuzzleRealtime.KuzzleRealtime
>

type Joined<Notification> = Stream.Stream<
  Notification | KuzzleRealtime.Gap,
  KuzzleRealtime.JoinError,
  KuzzleRealtime.KuzzleRealtime
>

/** With the errors that single actions declare: which ones is held by `documents.tst.ts` and its neighbours. */
type NamedCall<A> = Effect.Effect<
  A,
  KuzzleError.RequestError | KuzzleActionError.NamedError | KuzzleActionError.LoginIncompleteError,
  Kuzzle.Kuzzle
>

describe("results and errors", () => {
  test("server", () => {
    expect(KuzzleServer.now()).type.toBe<Call<number>>()
    expect(KuzzleServer.info()).type.toBe<Call<KuzzleServer.ServerInfo>>()
  })

  test("index and collection", () => {
    expect(KuzzleIndex.create({ index: "a" })).type.toBeAssignableTo<NamedCall<void>>()
    expect(KuzzleIndex.exists({ index: "a" })).type.toBeAssignableTo<NamedCall<boolean>>()
    expect(KuzzleIndex.list()).type.toBeAssignableTo<NamedCall<ReadonlyArray<string>>>()
    expect(KuzzleCollection.create(target)).type.toBeAssignableTo<NamedCall<void>>()
    expect(KuzzleCollection.exists(target)).type.toBeAssignableTo<NamedCall<boolean>>()
    expect(KuzzleCollection.list({ index: "a" })).type.toBeAssignableTo<
      NamedCall<ReadonlyArray<KuzzleCollection.Listed>>
    >()
  })

  test("document", () => {
    const place = { ...target, _id: "a" }
    expect(KuzzleDocument.create({ ...target, content: {} })).type.toBeAssignableTo<
      NamedCall<KuzzleDocument.Document>
    >()
    expect(KuzzleDocument.get(place)).type.toBeAssignableTo<NamedCall<KuzzleDocument.Document>>()
    expect(KuzzleDocument.getOption(place)).type.toBeAssignableTo<NamedCall<Option.Option<KuzzleDocument.Document>>>()
    expect(KuzzleDocument.update({ ...place, content: {} })).type.toBeAssignableTo<NamedCall<KuzzleDocument.Document>>()
    expect(KuzzleDocument.search(target)).type.toBeAssignableTo<NamedCall<KuzzleDocument.SearchResult>>()
  })

  test("auth", () => {
    const ada = { username: "ada", password: "secret" }
    expect(KuzzleAuth.login({ strategy: "local", credentials: ada })).type.toBeAssignableTo<
      NamedCall<KuzzleAuth.Session>
    >()
    expect(KuzzleAuth.logout()).type.toBeAssignableTo<NamedCall<void>>()
    expect(KuzzleAuth.checkToken()).type.toBeAssignableTo<NamedCall<KuzzleAuth.TokenState>>()
    expect(KuzzleAuth.getCurrentUser()).type.toBeAssignableTo<NamedCall<KuzzleAuth.CurrentUser>>()
    expect(KuzzleAuth.refreshToken()).type.toBeAssignableTo<NamedCall<KuzzleAuth.Session>>()
    expect<KuzzleAuth.Session["token"]>().type.toBe<Option.Option<Redacted.Redacted>>()
  })

  test("realtime: publishing and counting need a client only, subscribing needs KuzzleRealtime", () => {
    expect(KuzzleRealtime.publish({ ...target, message: {} })).type.toBe<
      Effect.Effect<void, KuzzleError.RequestError | KuzzleActionError.SpecificationRejectionError, Kuzzle.Kuzzle>
    >()
    expect(KuzzleRealtime.count({ roomId: "a" })).type.toBe<Call<number>>()
    expect(KuzzleRealtime.subscribe(target)).type.toBe<Subscription<KuzzleRealtime.DocumentNotification>>()
    expect(KuzzleRealtime.join({ roomId: "a" })).type.toBe<Joined<KuzzleRealtime.DocumentNotification>>()
    type Opened<E> = Effect.Effect<
      Stream.Stream<KuzzleRealtime.DocumentNotification | KuzzleRealtime.Gap, E>,
      E,
      KuzzleRealtime.KuzzleRealtime | Scope.Scope
    >
    expect(KuzzleRealtime.open(target)).type.toBe<Opened<KuzzleRealtime.SubscribeError>>()
    expect(KuzzleRealtime.open({ roomId: "a" })).type.toBe<Opened<KuzzleRealtime.JoinError>>()
    expect(KuzzleRealtime.open(Math.random() > 0.5 ? target : { roomId: "a" })).type.toBe<
      Opened<KuzzleRealtime.SubscribeError | KuzzleRealtime.JoinError>
    >()
    type Listened<E> = Effect.Effect<KuzzleRealtime.Listening<E>, E, KuzzleRealtime.KuzzleRealtime | Scope.Scope>
    expect(KuzzleRealtime.listen(target, () => {})).type.toBe<Listened<KuzzleRealtime.SubscribeError>>()
    expect(KuzzleRealtime.listen({ roomId: "a" }, () => {})).type.toBe<Listened<KuzzleRealtime.JoinError>>()
  })

  test("realtime: a subscription and a room fail in their own ways", () => {
    expect<KuzzleRealtime.SubscribeError>().type.toBe<
      KuzzleError.RequestError | KuzzleActionError.InvalidFilterError
    >()
    expect<KuzzleRealtime.JoinError>().type.toBe<KuzzleError.RequestError | KuzzleActionError.RoomNotFoundError>()
  })

  test("realtime: a subscription emits the requested kinds of notifications only", () => {
    type Both = KuzzleRealtime.DocumentNotification | KuzzleRealtime.UserNotification
    expect(KuzzleRealtime.subscribe({ ...target, users: "in" })).type.toBe<Subscription<Both>>()
    expect(KuzzleRealtime.subscribe({ ...target, users: "none" })).type.toBe<
      Subscription<KuzzleRealtime.DocumentNotification>
    >()
    expect(KuzzleRealtime.join({ roomId: "a", users: "all", scope: "none" })).type.toBe<
      Joined<KuzzleRealtime.UserNotification>
    >()
    expect(KuzzleRealtime.subscribe({ ...target, scope: "none" })).type.toBe<Subscription<never>>()
    const options: KuzzleRealtime.SubscribeOptions = target
    expect(KuzzleRealtime.subscribe(options)).type.toBe<Subscription<Both>>()
    expect(KuzzleRealtime.listen({ ...target, users: "out", scope: "none" }, (notification) => {
      expect(notification).type.toBe<KuzzleRealtime.UserNotification | KuzzleRealtime.Gap>()
    })).type.not.toRaiseError()
  })

  test("realtime: only the strategy `fail` fails by overflow", () => {
    type Failing = Subscription<KuzzleRealtime.DocumentNotification, KuzzleError.OverflowError>
    expect(KuzzleRealtime.subscribe({ ...target, strategy: "fail" })).type.toBe<Failing>()
    const options: KuzzleRealtime.BufferOptions = {}
    expect(KuzzleRealtime.subscribe({ ...target, ...options })).type.toBe<Failing>()
    for (const strategy of ["sliding", "dropping"] as const) {
      expect(KuzzleRealtime.subscribe({ ...target, strategy })).type.toBe<
        Subscription<KuzzleRealtime.DocumentNotification>
      >()
    }
    expect(KuzzleRealtime.subscribe({
      ...target,
      conflate: (one) => one.type === "document" ? one.result._id : undefined
    })).type.toBe<Subscription<KuzzleRealtime.DocumentNotification>>()
  })

  test("any request", () => {
    expect(Kuzzle.query({ controller: "a", action: "b" })).type.toBe<Call<Kuzzle.KuzzleResponse>>()
    expect<Kuzzle.KuzzleResponse["result"]>().type.toBe<unknown>()
    expect<Kuzzle.KuzzleShape>().type.toHaveProperty("queryMany")
    expect<Effect.Effect.Success<ReturnType<Kuzzle.KuzzleShape["queryMany"]>>>().type.toBe<
      ReadonlyArray<Exit.Exit<Kuzzle.KuzzleResponse, KuzzleError.RequestError>>
    >()
  })

  test("8.D23: no error channel is unknown or Error", () => {
    expect<unknown>().type.not.toBeAssignableTo<KuzzleError.RequestError>()
    expect<Error>().type.not.toBeAssignableTo<KuzzleError.RequestError>()
    expect<KuzzleError.RequestError["_tag"]>().type.not.toBe<string>()
  })

  test("errors are distinguished by their tags, and handled errors are removed", () => {
    const handled = Kuzzle.query({ controller: "document", action: "get", ...target }).pipe(
      Effect.catchTags({
        KuzzleNotFoundError: (error) => {
          expect(error.id).type.toBe<KuzzleError.ErrorId>()
          return Effect.succeed("none" as const)
        },
        KuzzleMaybeSentError: (error) => {
          expect(error.cause).type.toBe<KuzzleError.ConnectionEndedError>()
          return Effect.succeed("who knows" as const)
        }
      })
    )
    expect(handled).type.toBe<
      Effect.Effect<
        Kuzzle.KuzzleResponse | "none" | "who knows",
        Exclude<KuzzleError.RequestError, { readonly _tag: "KuzzleNotFoundError" | "KuzzleMaybeSentError" }>,
        Kuzzle.Kuzzle
      >
    >()
    expect(Effect.catchTag(
      KuzzleServer.now(),
      "KuzzleNoSuchError",
      () => Effect.void
    )).type.toRaiseError()
  })

  test("notifications are distinguished by their type", () => {
    const show = (notification: KuzzleRealtime.Notification) => {
      if (notification.type === "gap") return expect(notification.cause).type.toBe<KuzzleRealtime.GapCause>()
      if (notification.type === "user") return expect(notification.user).type.toBe<"in" | "out">()
      expect(notification).type.toBe<KuzzleRealtime.DocumentNotification>()
    }
    expect(show({ type: "gap", cause: { _tag: "TokenExpired" } })).type.not.toRaiseError()
  })
})

describe("errors by their id or status", () => {
  test("catching an error by its id or its status removes no other error from the type", () => {
    const get = KuzzleDocument.get({ ...target, _id: "a" })
    type Caught = Effect.Effect<KuzzleDocument.Document | void, Effect.Effect.Error<typeof get>, Kuzzle.Kuzzle>
    expect(get.pipe(Effect.catchIf(KuzzleError.hasStatus(404), () => Effect.void))).type.toBe<Caught>()
    expect(get.pipe(Effect.catchIf(KuzzleError.hasId("a.b.c"), () => Effect.void))).type.toBe<Caught>()
    expect(get.pipe(Effect.catchIf(KuzzleError.isTokenDead, () => Effect.void))).type.toBe<Caught>()
  })

  test("an error that is narrowed by its status has the members of Kuzzle's error", () => {
    // Anything may be thrown.
    const error = {} as unknown
    if (KuzzleError.hasStatus(404)(error)) expect(error.status).type.toBe<404>()
    if (KuzzleError.isApiError(error)) expect(error).type.toBe<KuzzleError.AnyApiError>()
  })
})

describe("arguments", () => {
  test("a login by `local` takes a username and a password", () => {
    const password = Redacted.make("secret")
    type LoggedIn = NamedCall<KuzzleAuth.Session>
    expect(KuzzleAuth.login({ strategy: "local", credentials: { username: "ada", password } })).type.toBeAssignableTo<
      LoggedIn
    >()
    expect(KuzzleAuth.login({ strategy: "local", credentials: {} })).type.toRaiseError("username, password")
    expect(KuzzleAuth.login({ strategy: "local", credentials: { user: "ada", password } })).type.toRaiseError("user")
    expect(KuzzleAuth.login({ strategy: "local", credentials: { username: "ada", password: 1 } })).type.toRaiseError(
      "number"
    )
    expect(KuzzleAuth.loginStep({ strategy: "local", credentials: { username: "ada" } })).type.toRaiseError("password")
  })

  test("a login by another strategy takes any credentials", () => {
    type LoggedIn = NamedCall<KuzzleAuth.Session>
    expect(KuzzleAuth.login({ strategy: "saml", credentials: { ticket: Redacted.make("t") } })).type.toBeAssignableTo<
      LoggedIn
    >()
    expect(KuzzleAuth.login({ strategy: "saml", credentials: { ticket: 1 } })).type.toRaiseError("number")
    // The name of the strategy comes from elsewhere.
    const options: KuzzleAuth.LoginOptions = { strategy: "local", credentials: { ticket: "t" } }
    expect(KuzzleAuth.login(options)).type.toBeAssignableTo<LoggedIn>()
  })

  test("the credentials of a new user: those of `local` are known", () => {
    const content = { profileIds: ["default"] }
    const local = { username: "ada", password: "secret" }
    expect(KuzzleSecurity.createUser({ content, credentials: { local, saml: { subject: 1 } } })).type.toBeAssignableTo<
      NamedCall<KuzzleSecurity.User>
    >()
    expect(KuzzleSecurity.createUser({ content, credentials: { local: { username: "ada" } } })).type.toRaiseError(
      "password"
    )
  })

  test("8.D9, 8.D23: names of arguments", () => {
    expect(KuzzleDocument.get({ ...target, id: "a" })).type.toRaiseError()
    expect(KuzzleDocument.create({ ...target, body: {} })).type.toRaiseError()
    expect(KuzzleDocument.update({ ...target, _id: "a", content: {}, refresh: "yes" })).type.toRaiseError()
    expect(KuzzleIndex.create({ index: "a", collection: "b" })).type.toRaiseError()
    expect(KuzzleServer.now({ index: "a" })).type.toRaiseError()
    expect(KuzzleAuth.login({ strategy: "local", body: {} })).type.toRaiseError()
    expect(KuzzleRealtime.publish({ ...target, content: {} })).type.toRaiseError()
  })

  test("8.D23: options that are not optional", () => {
    expect(KuzzleIndex.create()).type.toRaiseError()
    expect(KuzzleIndex.exists({})).type.toRaiseError()
    expect(KuzzleCollection.create({ index: "a" })).type.toRaiseError()
    expect(KuzzleDocument.create(target)).type.toRaiseError()
    expect(KuzzleDocument.delete(target)).type.toRaiseError()
    expect(KuzzleAuth.login({ strategy: "local" })).type.toRaiseError()
    expect(KuzzleRealtime.count()).type.toRaiseError()
    expect(Kuzzle.query({ controller: "server" })).type.toRaiseError()
  })

  test("8.D23: options that are", () => {
    expect(KuzzleServer.now({ timeout: "2 seconds", volatile: { a: 1 } })).type.not.toRaiseError()
    expect(KuzzleDocument.create({ ...target, content: {}, _id: undefined, silent: true })).type.not.toRaiseError()
    expect(KuzzleAuth.logout({ global: true })).type.not.toRaiseError()
  })

  test("a subscription: scopes, users, filters, and no strategy that would hold back the socket", () => {
    expect(KuzzleRealtime.subscribe({ ...target, strategy: "sliding", bufferSize: 16 })).type.not.toRaiseError()
    expect(KuzzleRealtime.subscribe({ ...target, strategy: "suspend" })).type.toRaiseError()
    expect(KuzzleRealtime.open({ ...target, strategy: "suspend" })).type.toRaiseError()
    expect(KuzzleRealtime.listen({ ...target, bufferSize: 16 }, () => {})).type.toRaiseError()
    expect(KuzzleRealtime.subscribe({ ...target, filters: {} })).type.toRaiseError()
    expect(KuzzleRealtime.subscribe({ roomId: "a" })).type.toRaiseError()
    expect(KuzzleRealtime.join({ index: "nyc", collection: "taxi" })).type.toRaiseError()
    expect(KuzzleRealtime.join({ roomId: "a", filter: {} })).type.toRaiseError()
    expect(KuzzleRealtime.open({ roomId: "a" })).type.not.toRaiseError()
    expect(KuzzleRealtime.open({})).type.toRaiseError()
    expect(KuzzleRealtime.subscribe({ ...target, scope: "inside" })).type.toRaiseError()
    expect(KuzzleRealtime.subscribe({ ...target, users: true })).type.toRaiseError()
    expect(KuzzleRealtime.subscribe({ ...target, filter: KuzzleFilter.equals("a", 1) })).type.not.toRaiseError()
    expect(KuzzleRealtime.subscribe({ ...target, filter: { range: { n: { gte: 1, lt: 2 } } } })).type.not.toRaiseError()
    expect(KuzzleRealtime.subscribe({ ...target, filter: { equal: { a: 1 } } })).type.toRaiseError()
    expect(KuzzleRealtime.subscribe({
      ...target,
      filter: { range: { n: { gte: 1, gt: 1 } } }
    })).type.toRaiseError()
  })

  test("settings", () => {
    expect(KuzzleConfig.make({ url: ["ws://a", "ws://b"], requestTimeout: "10 seconds" })).type.not.toRaiseError()
    expect(KuzzleConfig.make({ requestTimeout: "soon" })).type.toRaiseError()
    expect(KuzzleConfig.make({ hostname: "a" })).type.toRaiseError()
    expect(KuzzleConfig.config).type.toBe<Config.Config<KuzzleConfig.PlainOptions>>()
  })

  test("url and headers may be effects that fail, but need nothing; of a Config only values", () => {
    const url = Effect.fail("no network").pipe(Effect.as(["ws://a"]))
    expect(KuzzleConfig.make({ url, headers: Effect.succeed({ a: "b" }) })).type.toBe<
      Effect.Effect<KuzzleConfig.Settings, KuzzleError.InvalidSettingError>
    >()
    expect(KuzzleConfig.make({ url: Effect.map(Kuzzle.Kuzzle, () => "ws://a") })).type.toRaiseError()
    expect(KuzzleConfig.make({ headers: Effect.succeed({ a: 1 }) })).type.toRaiseError()
    expect<KuzzleConfig.ClientOptions>().type.toBeAssignableWith<KuzzleConfig.PlainClientOptions>()
    expect<KuzzleConfig.PlainOptions>().type.not.toBeAssignableWith<Pick<KuzzleConfig.ClientOptions, "url">>()
  })
})

describe("services", () => {
  test("the tags have their shapes", () => {
    expect<Context.Tag.Service<typeof Kuzzle.Kuzzle>>().type.toBe<Kuzzle.KuzzleShape>()
    expect<Context.Tag.Service<typeof KuzzleRealtime.KuzzleRealtime>>().type.toBe<KuzzleRealtime.KuzzleRealtimeShape>()
  })

  test("a logout with `forget` needs an outbox", () => {
    expect(KuzzleAuth.logout({ forget: true })).type.toRaiseError()
    expect(KuzzleOutbox.logout({ forget: true })).type.toBe<
      Effect.Effect<
        void,
        KuzzleError.RequestError | KuzzleError.OutboxError,
        Kuzzle.Kuzzle | KuzzleOutbox.KuzzleOutbox
      >
    >()
    expect(KuzzleOutbox.logout({})).type.toRaiseError()
  })

  test("the requirements of a program are those of its parts", () => {
    const program = Effect.gen(function*() {
      yield* KuzzleServer.now()
      return yield* Stream.runHead(KuzzleRealtime.subscribe(target))
    })
    expect(program).type.toBe<
      Effect.Effect<
        Option.Option<KuzzleRealtime.DocumentNotification | KuzzleRealtime.Gap>,
        KuzzleRealtime.SubscribeError,
        Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime
      >
    >()
  })
})
