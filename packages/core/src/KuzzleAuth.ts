/**
 * Who we are to Kuzzle: logging in and out, tokens, the current user.
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Action from "./internal/action.ts"
import { Kuzzle, type KuzzleRequest, type KuzzleResponse } from "./internal/client.ts"
import * as Answers from "./internal/protocol/answers.ts"
import type { TokenState } from "./internal/protocol/answers.ts"
import * as Secrets from "./internal/secrets.ts"
import * as Shape from "./internal/shape.ts"
import * as Shapes from "./internal/shapes.ts"
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
import type { Content } from "./KuzzleDocument.ts"
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
 * A session that was opened or renewed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Session {
  /** The user's id. */
  readonly kuid: string
  /** None where a cookie keeps the session. */
  readonly token: Option.Option<Redacted.Redacted>
  /** Milliseconds since the epoch, by the server's clock; none for a session that never expires. */
  readonly expiresAt: Option.Option<number>
}

/**
 * What a login came to: a session, or one step of several (a redirection to an identity provider, a second factor), with
 * all that the strategy has to say about the next.
 *
 * @since 0.1.0
 * @category models
 */
export type LoginStep =
  | { readonly _tag: "LoggedIn"; readonly session: Session }
  | { readonly _tag: "Incomplete"; readonly response: KuzzleResponse }

/**
 * How to log in. With `strategy: "local"` the credentials must be a `username` and a `password`. Other strategies ask for
 * what they want.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoginOptions<Strategy extends string = string> extends Action.CallOptions {
  /** `local`, or another strategy of the server. */
  readonly strategy: Strategy
  /** What the strategy asks for. */
  readonly credentials: LoginCredentials<Strategy>
  /** How long the session shall live: milliseconds or, for example, `1h`; the server's default otherwise. */
  readonly expiresIn?: string | number | undefined
}

/**
 * What a strategy asks for at a login.
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

const loginAction = Action.make<LoginOptions, Answers.Granted | undefined, LoginError>({
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
  expiresAt: expiresAt !== undefined && expiresAt > 0 ? Option.some(expiresAt) : Option.none()
})

/**
 * Logs in (`auth:login`) by a strategy that may take several steps: an answer without a session is one that says what comes
 * next.
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
      Effect.suspend(() => kuzzle.authentication.login(loginAction.request(options), loginAction.options(options)))
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
 * Logs in (`auth:login`). From then on every request of this client is the user's. A strategy that takes several steps ends
 * in a `LoginIncompleteError`: see `loginStep`.
 *
 * The server allows one login a second for each connection. Logging in as somebody else opens the connection anew when
 * there are subscriptions, for they belong to whoever was logged in.
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
 * Logs out (`auth:logout`): the server revokes the session, or with `global` every session of the user; API keys stay. The
 * client forgets its session whatever the server says, and without one there is nothing to tell the server. A session by
 * cookie may have been begun in another tab, so the server is always asked, and the client forgets its session only when the
 * server has ended it. Subscriptions are opened again as nobody; those that nobody may have fail.
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
   * A session as the server grants it, before the client makes a `Session` of it.
   *
   * @since 0.1.0
   * @category models
   */
  type Granted,
  /**
   * What the server thinks of a token.
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
 * Whether a token is valid (`auth:checkToken`): the one that is given, or the client's own, be it in a cookie. Without any,
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
      const { token: given, ...rest } = options
      const own = Option.map(yield* kuzzle.token, ({ value }) => value)
      const token = Option.getOrUndefined(Option.orElse(Option.fromNullable(given), () => own))
      const { _tag } = yield* kuzzle.authentication.state
      return yield* checkTokenAction({
        ...rest,
        token,
        ...(token === undefined && _tag === "Authenticated" ? { cookieAuth: true } : {})
      })
    })
)

/**
 * The user as Kuzzle knows them.
 *
 * @since 0.1.0
 * @category models
 */
export interface CurrentUser {
  /** The user's id; `-1` for the anonymous user. */
  readonly _id: string
  readonly _source: { readonly profileIds: ReadonlyArray<string>; readonly [key: string]: unknown }
  /** The strategies by which the user can log in. */
  readonly strategies: ReadonlyArray<string>
}

/**
 * Who is logged in (`auth:getCurrentUser`).
 *
 * @since 0.1.0
 * @category actions
 */
export const getCurrentUser = Action.make<Action.CallOptions, CurrentUser>({
  controller: "auth",
  action: "getCurrentUser",
  http: ["GET", "/_me"],
  idempotent: true,
  // Of a user who cannot log in, the anonymous one for one, Kuzzle says `[[]]` (observed).
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
  /** How long the new token shall live. */
  readonly expiresIn?: string | number | undefined
  /** Whose own renewal is to be called, where the strategy has one. */
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
 * Trades the session's token, or its cookie, for a new one (`auth:refreshToken`) and keeps it. The client does so by itself,
 * by the setting `tokenRefresh`. The old one works one second more and cannot be refreshed again. Within the second of the
 * login the server gives *the same* token, and kills it after that second: wait a second after logging in.
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
 * Changes some fields of the user who is logged in (`auth:updateSelf`), the profiles excepted.
 *
 * @since 0.1.0
 * @category actions
 */
export const updateSelf = Action.make<
  WriteOptions & {
    readonly content: Content
    /** How often the server tries again when another write came in between; 10 by default. */
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
  result: Shape.whole(Shapes.kept<User>())
})

/**
 * What the user may do and may not (`auth:getMyRights`).
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
 * The strategies by which one can log in (`auth:getStrategies`).
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
 * The strategy whose credentials of the current user an action is about.
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
  /** What the strategy asks for; for `local` a `username` and a `password`. What is secret may be `Redacted`. */
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
 * What a strategy tells of the user's credentials (`auth:getMyCredentials`); nothing where it has no such method.
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
 * Gives the user credentials of one more strategy (`auth:createMyCredentials`). What the strategy refuses is an error with
 * its status and no id.
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
 * Changes the user's credentials (`auth:updateMyCredentials`). What the strategy refuses is an error with its status and no
 * id.
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
 * Whether credentials would do for the user (`auth:validateMyCredentials`). `local` fails with what is wrong with them, an
 * error with a status and no id, where other strategies may give `false`.
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
 * Takes credentials away from the user (`auth:deleteMyCredentials`).
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
 * A token to give away.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreatedToken {
  readonly token: Redacted.Redacted
  /** Milliseconds since the epoch, by the server's clock. */
  readonly expiresAt: number
  /** Milliseconds it lives. */
  readonly ttl: number
  readonly singleUse: boolean
}

/**
 * Makes one more token for the user (`auth:createToken`), to open another connection with or to put in the address of a
 * download. With `singleUse`, the first request that carries it uses it up, `checkToken` too.
 *
 * Tokens of one user that are made in one second and live equally long are the same token: with `singleUse`, give it a
 * lifetime of its own, or the login of that second goes with it.
 *
 * @since 0.1.0
 * @category tokens
 */
export const createToken = Action.make<
  Action.CallOptions & {
    /** Milliseconds or, for example, `1m`; the server's default otherwise. It cannot live for ever. */
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
 * Makes an API key for the user (`auth:createApiKey`): a token that outlives logging out, until it is deleted. It never
 * expires unless `expiresIn` says so. The server looks for a key among ten of its user: with more, some do not work.
 *
 * @since 0.1.0
 * @category tokens
 */
export const createApiKey = Action.make<
  WriteOptions & {
    readonly description: string
    /** The id of the key; without one Kuzzle makes one. */
    readonly _id?: string | undefined
    /** Milliseconds or, for example, `1h`. */
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
 * Finds API keys of the user (`auth:searchApiKeys`): ten, unless `size` says otherwise.
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
  // The `total` beside the hits is the length of the page.
  result: Shape.member("hits", Shape.array(Shapes.kept<ApiKey>()))
})

/**
 * Deletes an API key of the user (`auth:deleteApiKey`). Unlike other writes it waits for searches only with
 * `refresh: "wait_for"`.
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
