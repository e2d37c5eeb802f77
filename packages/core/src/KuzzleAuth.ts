/**
 * Who we are to Kuzzle: logging in and out, tokens, the current user.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Action from "./internal/action.ts"
import { Kuzzle } from "./internal/client.ts"
import { ProtocolError, type RequestError } from "./KuzzleError.ts"

/**
 * A session that was opened or renewed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Session {
  /** The user's id. */
  readonly kuid: string
  readonly token: Redacted.Redacted
  /** Milliseconds since the epoch, by the server's clock; none for a token that never expires. */
  readonly expiresAt: Option.Option<number>
}

interface WireSession {
  readonly _id: string
  readonly jwt?: unknown
  readonly expiresAt?: number | null
  /** Milliseconds it lives; the same moment as `expiresAt` without the server's clock. */
  readonly ttl?: number | null
}

interface LoginOptions extends Action.CallOptions {
  /** `local`, or another that the server has. */
  readonly strategy: string
  /** What the strategy asks for; for `local` a `username` and a `password`. */
  readonly credentials: Readonly<Record<string, string | Redacted.Redacted>>
  /** How long the token shall live: milliseconds or, for example, `1h`; the server's default otherwise. */
  readonly expiresIn?: string | number | undefined
}

const loginAction = Action.make<
  Omit<LoginOptions, "credentials"> & { readonly credentials: Readonly<Record<string, string>> },
  WireSession
>({
  controller: "auth",
  action: "login",
  http: ["POST", "/_login/:strategy"],
  idempotent: true,
  body: "credentials",
  anonymous: true,
  result: Action.result
})

/** Keeps the token for every later request. A strategy of several steps answers without one (spec 4.1). */
const keep = (action: "login" | "refreshToken") => (wire: WireSession): Effect.Effect<Session, ProtocolError, Kuzzle> =>
  Effect.gen(function*() {
    if (typeof wire.jwt !== "string") {
      const issue = "it holds no token: the strategy takes several steps, or the session is kept by a cookie"
      return yield* new ProtocolError({ controller: "auth", action, issue })
    }
    const session: Session = {
      kuid: wire._id,
      token: Redacted.make(wire.jwt),
      expiresAt: Option.filter(Option.fromNullable(wire.expiresAt), (millis) => millis > 0)
    }
    const kuzzle = yield* Kuzzle
    const now = yield* Clock.currentTimeMillis
    const expiresAt = typeof wire.ttl === "number" && wire.ttl > 0 ? now + wire.ttl : undefined
    yield* kuzzle.setToken(Option.some({ value: session.token, expiresAt }))
    return session
  })

/**
 * Logs in (`auth:login`). From then on every request of this client is the user's.
 *
 * Wrong credentials are an `UnauthorizedError` with the id `plugin.strategy.missing_user`. The server allows one login a
 * second for each connection.
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
export const login = (options: LoginOptions): Effect.Effect<Session, RequestError, Kuzzle> =>
  Effect.suspend(() => {
    const credentials = Object.fromEntries(
      Object.entries(options.credentials).map(([name, value]) => [
        name,
        Redacted.isRedacted(value) ? Redacted.value(value) : value
      ])
    )
    return Effect.flatMap(loginAction({ ...options, credentials }), keep("login"))
  })

const logoutAction = Action.make<Action.CallOptions & { readonly global?: boolean | undefined }, void>({
  controller: "auth",
  action: "logout",
  http: ["POST", "/_logout"],
  idempotent: true,
  result: Action.done
})

/**
 * Logs out (`auth:logout`): the server revokes the token, or with `global` every token of the user; API keys stay. The
 * client forgets its token whatever the server says, and without one there is nothing to tell the server.
 *
 * @since 0.1.0
 * @category actions
 */
export const logout = (
  options: Action.CallOptions & { readonly global?: boolean | undefined } = {}
): Effect.Effect<void, RequestError, Kuzzle> =>
  Effect.flatMap(Kuzzle, (kuzzle) =>
    Effect.flatMap(
      kuzzle.token,
      Option.match({
        onNone: () => Effect.void,
        // A login that came in between has a token of its own.
        onSome: (token) =>
          Effect.ensuring(
            logoutAction(options),
            Effect.flatMap(kuzzle.token, (now) =>
              Option.isSome(now) && now.value === token ? kuzzle.setToken(Option.none()) : Effect.void)
          )
      })
    ))

/**
 * What the server thinks of a token.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenState =
  | { readonly valid: true; readonly kuid: string; readonly expiresAt: number | null }
  | { readonly valid: false; readonly state: string }

const checkTokenAction = Action.make<Action.CallOptions & { readonly token?: string | undefined }, TokenState>({
  controller: "auth",
  action: "checkToken",
  http: ["POST", "/_checkToken"],
  idempotent: true,
  body: ["token"],
  anonymous: true,
  result: Action.result
})

/**
 * Whether a token is valid (`auth:checkToken`): the one that is given, or the client's own. Without any, the answer is
 * about the anonymous user: valid, with the kuid `-1`.
 *
 * @since 0.1.0
 * @category actions
 */
export const checkToken = (
  options: Action.CallOptions & { readonly token?: Redacted.Redacted | undefined } = {}
): Effect.Effect<TokenState, RequestError, Kuzzle> =>
  Effect.gen(function*() {
    const kuzzle = yield* Kuzzle
    const own = Option.map(yield* kuzzle.token, ({ value }) => value)
    const token = Option.orElse(Option.fromNullable(options.token), () => own)
    return yield* checkTokenAction({ ...options, token: Option.getOrUndefined(Option.map(token, Redacted.value)) })
  })

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
  result: Action.result
})

const refreshTokenAction = Action.make<
  Action.CallOptions & { readonly expiresIn?: string | number | undefined },
  WireSession
>({
  controller: "auth",
  action: "refreshToken",
  http: ["POST", "/_refreshToken"],
  idempotent: false,
  result: Action.result
})

/**
 * Trades the token for a new one (`auth:refreshToken`) and keeps it. The old one works one second more and cannot be
 * refreshed again. Within the second of the login the server gives *the same* token, and kills it after that second: wait
 * a second after logging in.
 *
 * @since 0.1.0
 * @category actions
 */
export const refreshToken = (
  options: Action.CallOptions & { readonly expiresIn?: string | number | undefined } = {}
): Effect.Effect<Session, RequestError, Kuzzle> => Effect.flatMap(refreshTokenAction(options), keep("refreshToken"))
