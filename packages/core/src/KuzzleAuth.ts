/**
 * Authentication: logging in and out, tokens, the current user.
 *
 * @module
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Action from "./internal/client/action.ts"
import { type AuthenticationState, Kuzzle, type KuzzleRequest, type KuzzleResponse } from "./internal/client/client.ts"
import * as Secrets from "./internal/data/secrets.ts"
import * as Shape from "./internal/data/shape.ts"
import * as Shapes from "./internal/data/shapes.ts"
import * as Answers from "./internal/protocol/answers.ts"
import type { TokenState } from "./internal/protocol/answers.ts"
import * as Watched from "./internal/runtime/watched.ts"
import {
  CookiesUnsupportedError,
  DocumentAlreadyExistsError,
  DocumentNotFoundError,
  InvalidExpirationError,
  InvalidSearchError,
  LoginIncompleteError,
  TokenNotRefreshableError,
  TooManyChangesError,
  TooManyLoginsError,
  UnknownStrategyError,
  WrongCredentialsError
} from "./KuzzleActionError.ts"
import type { Selection } from "./KuzzleDocument.ts"
import type { RequestError } from "./KuzzleError.ts"
import type {
  ApiKey,
  Credentials,
  CredentialsInfo,
  IdOptions,
  LocalCredentials,
  NewApiKey,
  Right,
  SearchOptions,
  StrategyName,
  User,
  WriteOptions
} from "./KuzzleSecurity.ts"

/**
 * A session that was begun or renewed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Session {
  /** The user's id. */
  readonly kuid: string
  /** The token. None if a cookie keeps the session. */
  readonly token: Option.Option<Redacted.Redacted>
  /** The expiry by the server's clock. None for a session that never expires. */
  readonly expiresAt: Option.Option<DateTime.Utc>
}

/**
 * The outcome of one step of a login. `LoggedIn`: a session has begun. `Incomplete`: the strategy requires another
 * step, for example a redirection to an identity provider or a second factor.
 *
 * @since 0.1.0
 * @category models
 */
export type LoginStep =
  | { readonly _tag: "LoggedIn"; readonly session: Session }
  | { readonly _tag: "Incomplete"; readonly response: KuzzleResponse }

/**
 * How to log in. With `strategy: "local"` the credentials must be a `username` and a `password`. Other strategies
 * define their own.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoginOptions<Strategy extends string = string> extends Action.CallOptions {
  /** `local`, or another strategy of the server. */
  readonly strategy: Strategy
  /** The credentials, in the form that the strategy defines. */
  readonly credentials: LoginCredentials<Strategy>
  /** The lifetime of the session, in milliseconds or as a text such as `1h`. By default, the server decides. */
  readonly expiresIn?: string | number | undefined
  /**
   * Additional arguments. A strategy reads them from the `query` of its request: `{ code: "4/0A" }`. Over HTTP, they
   * are part of the address, which a proxy may log.
   */
  readonly args?: Readonly<Record<string, string | number | boolean>> | undefined
}

/**
 * The credentials of a login, by strategy.
 *
 * @since 0.1.0
 * @category models
 */
export type LoginCredentials<Strategy extends string> = Strategy extends "local" ? LocalCredentials
  : Readonly<Record<string, string | Redacted.Redacted>>

type LoginError =
  | WrongCredentialsError
  | UnknownStrategyError
  | TooManyLoginsError
  | InvalidExpirationError
  | CookiesUnsupportedError

const loginAction = Action.make<Omit<LoginOptions, "args">, Answers.Granted | undefined, LoginError>({
  controller: "auth",
  action: "login",
  http: ["POST", "/_login/:strategy"],
  idempotent: true,
  body: "credentials",
  anonymous: true,
  errors: [
    WrongCredentialsError,
    UnknownStrategyError,
    TooManyLoginsError,
    InvalidExpirationError,
    CookiesUnsupportedError
  ],
  result: Answers.login
})

const sessionOf = ({ _id, expiresAt, jwt }: Answers.Granted): Session => ({
  kuid: _id,
  token: Option.map(Option.fromNullable(jwt), Redacted.make),
  expiresAt: expiresAt !== undefined && expiresAt > 0 ? DateTime.make(expiresAt) : Option.none()
})

/**
 * The state of the session now, then every change. A slow reader misses the oldest changes, never the last. Ends with the
 * client.
 *
 * @example
 * ```ts
 * import { Console, Stream } from "effect"
 * import { KuzzleAuth } from "@effect-kuzzle/core"
 *
 * export const status = Stream.runForEach(KuzzleAuth.states, ({ _tag }) => Console.log(_tag))
 * ```
 *
 * @since 0.1.0
 * @category observing
 */
export const states: Stream.Stream<AuthenticationState, never, Kuzzle> = Stream.unwrap(
  Effect.map(Kuzzle, ({ authentication }) => Watched.streamOf(authentication.states))
)

/**
 * Logs in (`auth:login`) with a strategy that may take several steps. An answer without a session is `Incomplete` and
 * contains the data for the next step. In the first step of OAuth, `response.headers.location` is the address of the
 * provider.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleAuth } from "@effect-kuzzle/core"
 *
 * export const provider = KuzzleAuth.loginStep({ strategy: "google", credentials: {} }).pipe(
 *   Effect.map((step) => step._tag === "Incomplete" ? step.response.headers?.location : undefined)
 * )
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const loginStep = <Strategy extends StrategyName>(
  options: LoginOptions<Strategy>
): Effect.Effect<LoginStep, RequestError | LoginError, Kuzzle> =>
  Effect.flatMap(
    Kuzzle,
    (kuzzle) =>
      Effect.suspend(() => {
        const { args, ...rest } = options
        return kuzzle.authentication.login({ ...args, ...loginAction.request(rest) }, loginAction.options(rest))
      })
        .pipe(
          Effect.mapError(loginAction.named),
          Effect.flatMap((response) =>
            Effect.map(
              Shape.outcome(loginAction.declaration, Answers.login(response.result)),
              (granted): LoginStep =>
                granted === undefined
                  ? { _tag: "Incomplete", response }
                  : { _tag: "LoggedIn", session: sessionOf(granted) }
            )
          )
        )
  )

/**
 * Logs in (`auth:login`). From then on every request of this client is sent as this user. A strategy that takes several
 * steps fails with a `LoginIncompleteError`: see `loginStep`.
 *
 * The server allows one login per second on each connection. If there are subscriptions and the user changes, the
 * client opens a new connection, because subscriptions belong to the user who made them.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { KuzzleAuth } from "@effect-kuzzle/core"
 *
 * export const login = KuzzleAuth.login({
 *   strategy: "local",
 *   credentials: { username: "ada", password: Redacted.make("secret") }
 * })
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const login = Action.wrap(
  loginAction,
  <Strategy extends StrategyName>(
    options: LoginOptions<Strategy>
  ): Effect.Effect<Session, RequestError | LoginError | LoginIncompleteError, Kuzzle> =>
    Effect.flatMap(loginStep(options), (step) =>
      step._tag === "LoggedIn"
        ? Effect.succeed(step.session)
        : new LoginIncompleteError({ strategy: options.strategy, response: step.response }))
)

const logoutAction = Action.make<Action.CallOptions & { readonly global?: boolean | undefined }, void>({
  controller: "auth",
  action: "logout",
  http: ["POST", "/_logout"],
  idempotent: true,
  result: Shape.done
})

/**
 * Logs out (`auth:logout`). The server revokes the session or, with `global`, every session of the user. API keys stay
 * valid. With a token, the client drops its session whatever the server answers. Without a session, it sends nothing.
 * With a cookie, the client always asks the server, because another tab may have logged in. It drops the session only
 * when the server has ended it. Subscriptions are opened again as the anonymous user. They fail if that user may not
 * subscribe.
 *
 * @since 0.1.0
 * @category actions
 */
export const logout = Action.wrap(
  logoutAction,
  (options: Action.CallOptions & { readonly global?: boolean | undefined } = {}): Effect.Effect<
    void,
    RequestError,
    Kuzzle
  > =>
    Effect.flatMap(
      Kuzzle,
      (kuzzle) => kuzzle.authentication.logout(logoutAction.request(options), logoutAction.options(options))
    )
)

export {
  /**
   * A session in the form of the server's answer.
   *
   * @since 0.1.0
   * @category models
   */
  type Granted,
  /**
   * Whether a token is valid, as the server answers.
   *
   * @since 0.1.0
   * @category models
   */
  type TokenState
} from "./internal/protocol/answers.ts"

type CheckOptions = Action.CallOptions & { readonly token?: Redacted.Redacted | undefined }

const checkTokenAction = Action.make<
  Action.CallOptions & { readonly token?: Redacted.Redacted | undefined; readonly cookieAuth?: boolean | undefined },
  TokenState
>({
  controller: "auth",
  action: "checkToken",
  http: ["POST", "/_checkToken"],
  idempotent: true,
  body: ["token"],
  anonymous: true,
  result: Answers.tokenState
})

/**
 * Checks a token (`auth:checkToken`): the given one or, by default, that of the client's session. Without a session,
 * the answer is about the anonymous user: valid, with the kuid `-1`.
 *
 * @since 0.1.0
 * @category actions
 */
export const checkToken = Action.wrap(
  checkTokenAction,
  (options: CheckOptions = {}): Effect.Effect<TokenState, RequestError, Kuzzle> =>
    Effect.gen(function*() {
      const kuzzle = yield* Kuzzle
      const { token: explicitToken, ...rest } = options
      const own = Option.map(yield* kuzzle.token, ({ value }) => value)
      const token = Option.getOrUndefined(Option.orElse(Option.fromNullable(explicitToken), () => own))
      const { _tag } = yield* kuzzle.authentication.state
      return yield* checkTokenAction({
        ...rest,
        token,
        ...(token === undefined && _tag === "Authenticated" ? { cookieAuth: true } : {})
      })
    })
)

/**
 * The user who is logged in, as Kuzzle stores it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CurrentUser {
  /** The user's id. `-1` for the anonymous user. */
  readonly _id: string
  readonly _source: { readonly profileIds: ReadonlyArray<string>; readonly [key: string]: unknown }
  /** The strategies by which the user can log in. */
  readonly strategies: ReadonlyArray<string>
}

/**
 * Reads the user who is logged in (`auth:getCurrentUser`).
 *
 * @since 0.1.0
 * @category actions
 */
export const getCurrentUser = Action.make<Action.CallOptions, CurrentUser>({
  controller: "auth",
  action: "getCurrentUser",
  http: ["GET", "/_me"],
  idempotent: true,
  // For a user who cannot log in, such as the anonymous one, Kuzzle answers `[[]]` (observed).
  result: Shape.read(
    Shape.struct<Omit<CurrentUser, "strategies"> & { readonly strategies: ReadonlyArray<string | object> }>({
      _id: Shape.string,
      _source: Shape.object(),
      strategies: Shape.array(Shape.or(Shape.array(Shape.unknown), Shape.string))
    }),
    (user): CurrentUser => ({ ...user, strategies: user.strategies.filter((name) => typeof name === "string") })
  )
})

type RefreshOptions = Action.CallOptions & {
  /** The lifetime of the new token, in milliseconds or as a text such as `1h`. By default, the server decides. */
  readonly expiresIn?: string | number | undefined
  /** The strategy whose hook for a refresh is called, if it has one. */
  readonly strategy?: string | undefined
}

const refreshTokenAction = Action.make<
  RefreshOptions,
  Answers.Granted,
  TokenNotRefreshableError | InvalidExpirationError
>({
  controller: "auth",
  action: "refreshToken",
  http: ["POST", "/_refreshToken"],
  idempotent: false,
  errors: [TokenNotRefreshableError, InvalidExpirationError],
  result: Answers.session
})

/**
 * Exchanges the token or the cookie of the session for a new one (`auth:refreshToken`). The client does this by itself,
 * according to the setting `tokenRefresh`. The old token works for one more second and cannot be refreshed again. A
 * refresh within one second of the login returns *the same* token and then revokes it. So wait one second after a
 * login.
 *
 * @since 0.1.0
 * @category actions
 */
export const refreshToken = Action.wrap(
  refreshTokenAction,
  (
    options: RefreshOptions = {}
  ): Effect.Effect<Session, RequestError | TokenNotRefreshableError | InvalidExpirationError, Kuzzle> =>
    Effect.flatMap(Kuzzle, (kuzzle) =>
      Effect.flatMap(
        Effect.mapError(
          kuzzle.authentication.refresh(refreshTokenAction.request(options), refreshTokenAction.options(options)),
          refreshTokenAction.named
        ),
        ({ result }) => Effect.map(Shape.outcome(refreshTokenAction.declaration, Answers.session(result)), sessionOf)
      ))
)

// -------------------------------------------------------------------------------------------------------------------
// oneself
// -------------------------------------------------------------------------------------------------------------------

/**
 * Changes some fields of the user who is logged in (`auth:updateSelf`), but not the profiles.
 *
 * @since 0.1.0
 * @category actions
 */
export const updateSelf = Action.make<
  WriteOptions & {
    readonly content: object
    /** How often the server retries after a conflict with another write. Default: 10. */
    readonly retryOnConflict?: number | undefined
  },
  User,
  TooManyChangesError
>({
  controller: "auth",
  action: "updateSelf",
  http: ["PUT", "/_me"],
  idempotent: true,
  body: "content",
  errors: [TooManyChangesError],
  result: Shape.whole(Shapes.stored<User>())
})

/**
 * Lists what the user may and may not do (`auth:getMyRights`).
 *
 * @since 0.1.0
 * @category actions
 */
export const getMyRights = Action.make<Action.CallOptions, ReadonlyArray<Right>>({
  controller: "auth",
  action: "getMyRights",
  http: ["GET", "/_me/_rights"],
  idempotent: true,
  result: Shapes.rights
})

/**
 * Whether the user may make a request (`auth:checkRights`).
 *
 * @example
 * ```ts
 * import { KuzzleAuth } from "@effect-kuzzle/core"
 *
 * export const mayPublish = KuzzleAuth.checkRights({
 *   request: { controller: "realtime", action: "publish", index: "nyc", collection: "taxi" }
 * })
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const checkRights = Action.make<Action.CallOptions & { readonly request: KuzzleRequest }, boolean>({
  controller: "auth",
  action: "checkRights",
  http: ["POST", "/_checkRights"],
  idempotent: true,
  body: "request",
  result: Shape.member("allowed", Shape.boolean)
})

// -------------------------------------------------------------------------------------------------------------------
// credentials
// -------------------------------------------------------------------------------------------------------------------

/**
 * The strategies by which users can log in (`auth:getStrategies`).
 *
 * @since 0.1.0
 * @category credentials
 */
export const getStrategies = Action.make<Action.CallOptions, ReadonlyArray<string>>({
  controller: "auth",
  action: "getStrategies",
  http: ["GET", "/strategies"],
  idempotent: true,
  result: Shapes.strings
})

/**
 * The options of actions on the current user's credentials of a strategy.
 *
 * @since 0.1.0
 * @category credentials
 */
export interface StrategyOptions extends Action.CallOptions {
  readonly strategy: StrategyName
}

/**
 * A strategy, and credentials of the current user for it.
 *
 * @since 0.1.0
 * @category credentials
 */
export interface MyCredentialsOptions extends StrategyOptions {
  /**
   * The credentials, in the form that the strategy defines: a `username` and a `password` for `local`. Secrets may be
   * `Redacted`.
   */
  readonly credentials: Credentials
}

/**
 * Whether the user has credentials of a strategy (`auth:credentialsExist`).
 *
 * @since 0.1.0
 * @category credentials
 */
export const credentialsExist = Action.make<StrategyOptions, boolean, UnknownStrategyError>({
  controller: "auth",
  action: "credentialsExist",
  http: ["GET", "/_me/credentials/:strategy/_exists"],
  idempotent: true,
  errors: [UnknownStrategyError],
  result: Shape.whole(Shape.boolean)
})

/**
 * Reads the user's credentials of a strategy, without their secret (`auth:getMyCredentials`). The result is empty if
 * the strategy has no such method.
 *
 * @since 0.1.0
 * @category credentials
 */
export const getMyCredentials = Action.make<StrategyOptions, CredentialsInfo, UnknownStrategyError>({
  controller: "auth",
  action: "getMyCredentials",
  http: ["GET", "/_me/credentials/:strategy"],
  idempotent: true,
  errors: [UnknownStrategyError],
  result: Shape.whole(Shape.object())
})

/**
 * Creates credentials of another strategy for the user (`auth:createMyCredentials`). If the strategy refuses them, the
 * error has a status but no id.
 *
 * @since 0.1.0
 * @category credentials
 */
export const createMyCredentials = Action.make<
  MyCredentialsOptions & WriteOptions,
  CredentialsInfo,
  UnknownStrategyError
>({
  controller: "auth",
  action: "createMyCredentials",
  http: ["POST", "/_me/credentials/:strategy/_create"],
  idempotent: false,
  body: "credentials",
  errors: [UnknownStrategyError],
  result: Shape.whole(Shape.object())
})

/**
 * Changes the user's credentials (`auth:updateMyCredentials`). If the strategy refuses them, the error has a status but
 * no id.
 *
 * @since 0.1.0
 * @category credentials
 */
export const updateMyCredentials = Action.make<
  MyCredentialsOptions & WriteOptions,
  CredentialsInfo,
  UnknownStrategyError
>({
  controller: "auth",
  action: "updateMyCredentials",
  http: ["PUT", "/_me/credentials/:strategy/_update"],
  idempotent: true,
  body: "credentials",
  errors: [UnknownStrategyError],
  result: Shape.whole(Shape.object())
})

/**
 * Whether credentials would be valid for the user (`auth:validateMyCredentials`). With invalid credentials, `local`
 * fails with an error that has a status but no id. Other strategies may return `false`.
 *
 * @since 0.1.0
 * @category credentials
 */
export const validateMyCredentials = Action.make<MyCredentialsOptions, boolean, UnknownStrategyError>({
  controller: "auth",
  action: "validateMyCredentials",
  http: ["POST", "/_me/credentials/:strategy/_validate"],
  idempotent: true,
  body: "credentials",
  errors: [UnknownStrategyError],
  result: Shape.whole(Shape.boolean)
})

/**
 * Deletes the user's credentials of a strategy (`auth:deleteMyCredentials`).
 *
 * @since 0.1.0
 * @category credentials
 */
export const deleteMyCredentials = Action.make<StrategyOptions & WriteOptions, void, UnknownStrategyError>({
  controller: "auth",
  action: "deleteMyCredentials",
  http: ["DELETE", "/_me/credentials/:strategy"],
  idempotent: true,
  errors: [UnknownStrategyError],
  result: Shape.done
})

// -------------------------------------------------------------------------------------------------------------------
// tokens and API keys
// -------------------------------------------------------------------------------------------------------------------

/**
 * A token that was made for a use outside of this client's session.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreatedToken {
  readonly token: Redacted.Redacted
  /** Milliseconds since the epoch, by the server's clock. */
  readonly expiresAt: number
  /** The lifetime in milliseconds. */
  readonly ttl: number
  readonly singleUse: boolean
}

/**
 * Makes another token for the user (`auth:createToken`), for another connection or for the address of a download. A
 * `singleUse` token is valid for one request, which may also be `checkToken`.
 *
 * Two tokens of a user are the same token if they are created in the same second with the same lifetime. So give a
 * `singleUse` token a lifetime of its own. Otherwise its use also ends the session of a login in the same second.
 *
 * @since 0.1.0
 * @category tokens
 */
export const createToken = Action.make<
  Action.CallOptions & {
    /**
     * The lifetime, in milliseconds or as a text such as `1m`. By default, the server decides. The token always
     * expires.
     */
    readonly expiresIn?: string | number | undefined
    readonly singleUse?: boolean | undefined
  },
  CreatedToken,
  InvalidExpirationError
>({
  controller: "auth",
  action: "createToken",
  http: ["POST", "/_createToken"],
  idempotent: false,
  errors: [InvalidExpirationError],
  result: Shape.read(
    Shape.struct<Omit<CreatedToken, "token"> & { readonly token: string }>({
      token: Shape.string,
      expiresAt: Shape.number,
      ttl: Shape.number,
      singleUse: Shape.boolean
    }),
    (wire) => ({ ...wire, token: Redacted.make(wire.token) })
  )
})

/**
 * Makes an API key for the user (`auth:createApiKey`). It is a token that stays valid after a logout, until it is
 * deleted. It never expires unless `expiresIn` is given. The server looks for a key among only ten of the user's keys,
 * so some do not work if there are more than ten.
 *
 * @since 0.1.0
 * @category tokens
 */
export const createApiKey = Action.make<
  WriteOptions & {
    readonly description: string
    /** The id of the key. By default, Kuzzle makes one. */
    readonly _id?: string | undefined
    /** The lifetime, in milliseconds or as a text such as `1h`. By default, the key never expires. */
    readonly expiresIn?: string | number | undefined
  },
  NewApiKey,
  DocumentAlreadyExistsError | InvalidExpirationError
>({
  controller: "auth",
  action: "createApiKey",
  http: ["POST", "/api-keys/_create"],
  idempotent: false,
  body: ["description"],
  errors: [DocumentAlreadyExistsError, InvalidExpirationError],
  result: Secrets.newApiKey()
})

/**
 * Finds API keys of the user (`auth:searchApiKeys`), ten by default (`size`).
 *
 * @since 0.1.0
 * @category tokens
 */
export const searchApiKeys = Action.make<SearchOptions & Selection, ReadonlyArray<ApiKey>, InvalidSearchError>({
  controller: "auth",
  action: "searchApiKeys",
  http: ["POST", "/api-keys/_search"],
  idempotent: true,
  filterAsQuery: true,
  body: "query",
  errors: [InvalidSearchError],
  // The `total` beside the hits is the number of hits on the page.
  result: Shape.member("hits", Shape.array(Shapes.stored<ApiKey>()))
})

/**
 * Deletes an API key of the user (`auth:deleteApiKey`). Unlike other writes, it waits until searches see the change
 * only with `refresh: "wait_for"`.
 *
 * @since 0.1.0
 * @category tokens
 */
export const deleteApiKey = Action.make<WriteOptions & IdOptions, void, DocumentNotFoundError>({
  controller: "auth",
  action: "deleteApiKey",
  http: ["DELETE", "/api-keys/:_id"],
  idempotent: true,
  errors: [DocumentNotFoundError],
  result: Shape.done
})
