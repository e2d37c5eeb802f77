/**
 * The client. It sends requests and receives answers over one connection, which it keeps alive and reopens after a
 * loss.
 *
 * @module
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  type AuthenticationShape,
  type ConnectionState,
  Kuzzle,
  type KuzzleEvent,
  type KuzzleRequest,
  type KuzzleResponse,
  type KuzzleShape,
  type RequestOptions,
  type Token,
  type Watchable
} from "./internal/client/client.ts"
import { serverOf, withoutSecrets } from "./internal/data/endpoint.ts"
import * as Jwt from "./internal/data/jwt.ts"
import * as Credentials from "./internal/protocol/credentials.ts"
import { Broadcast } from "./internal/runtime/broadcast.ts"
import * as Cookies from "./internal/runtime/cookies.ts"
import * as Exchanges from "./internal/runtime/exchanges.ts"
import * as Fork from "./internal/runtime/fork.ts"
import * as HttpRequests from "./internal/runtime/httpRequests.ts"
import type { Keeper } from "./internal/runtime/keeper.ts"
import type * as Requests from "./internal/runtime/requests.ts"
import * as Session from "./internal/runtime/session.ts"
import type { Telemetry } from "./internal/runtime/telemetry.ts"
import { Tokens } from "./internal/runtime/tokens.ts"
import * as Watched from "./internal/runtime/watched.ts"
import type { LoginIncompleteError, NamedError } from "./KuzzleActionError.ts"
import * as KuzzleConfig from "./KuzzleConfig.ts"
import { KuzzleDownload } from "./KuzzleDownload.ts"
import {
  type AuthenticatorError,
  type ConnectError,
  InvalidSettingError,
  type RequestError,
  type TokenStoreError
} from "./KuzzleError.ts"
import type { KuzzleHeartbeat } from "./KuzzleHeartbeat.ts"
import { KuzzleHttp, type KuzzleHttpShape } from "./KuzzleHttp.ts"
import * as KuzzleRealtime from "./KuzzleRealtime.ts"
import type { KuzzleSocket } from "./KuzzleSocket.ts"
import { KuzzleTelemetry } from "./KuzzleTelemetry.ts"
import { KuzzleTokenStore, type KuzzleTokenStoreShape } from "./KuzzleTokenStore.ts"

export {
  /**
   * Begins, renews and ends the session. Applications use the functions of `KuzzleAuth`, which call these.
   *
   * @since 0.1.0
   * @category models
   */
  type AuthenticationShape,
  /**
   * Who is logged in.
   *
   * - `Anonymous`: no user is logged in.
   * - `Authenticated`: a user is logged in, as far as the client knows.
   * - `Renewing`: the session is being begun or renewed, or is not known yet, because the authenticator or the server
   *   (a session by cookie) has not answered. Requests wait.
   * - `Unauthenticated`: the session has ended and could not be renewed. Requests fail with a
   *   `KuzzleUnauthenticatedError`. Subscriptions are kept for the next login.
   *
   * @since 0.1.0
   * @category models
   */
  type AuthenticationState,
  /**
   * The state of the connection. In `Ready`, requests are sent at once. In the other states, they wait or are refused.
   *
   * - `Connecting`: an endpoint is being dialled.
   * - `Authenticating`: connected. The session is being begun or renewed.
   * - `Resubscribing`: connected. The subscriptions are being sent to the server.
   * - `Replaying`: connected. The queued requests are being sent.
   * - `Ready`: connected. Requests are sent at once.
   * - `Replacing`: connected. The client is about to replace the connection, for another user or cookie, or because the
   *   server shuts down.
   * - `Waiting`: not connected. The next attempt follows after `delay`; `cause` says why the last one ended.
   * - `Failed`: the setting `reconnect` allows no further attempt.
   * - `Closed`: the scope of the client was closed.
   *
   * @since 0.1.0
   * @category models
   */
  type ConnectionState,
  /**
   * The options of a login, a refresh or a logout. Such a request is sent as the current user, and never queued.
   *
   * @since 0.1.0
   * @category models
   */
  type ExchangeOptions,
  /**
   * The client.
   *
   * @example
   * ```ts
   * import { Effect } from "effect"
   * import { Kuzzle } from "@effect-kuzzle/core"
   *
   * export const now = Effect.gen(function*() {
   *   const kuzzle = yield* Kuzzle.Kuzzle
   *   const { result } = yield* kuzzle.query({ controller: "server", action: "now" })
   *   return result
   * })
   * ```
   *
   * @since 0.1.0
   * @category tags
   */
  Kuzzle,
  /**
   * An event of the connection, of the session or of a request. The page "Events" compares them with those of the
   * official SDK.
   *
   * @since 0.1.0
   * @category models
   */
  type KuzzleEvent,
  /**
   * A request: `controller` and `action` name it, `body` is its body, and every other member is an argument. The client
   * sets `requestId`, `jwt` and `volatile`.
   *
   * @since 0.1.0
   * @category models
   */
  type KuzzleRequest,
  /**
   * The answer to a request that succeeded.
   *
   * @since 0.1.0
   * @category models
   */
  type KuzzleResponse,
  /**
   * The interface of a client.
   *
   * @since 0.1.0
   * @category models
   */
  type KuzzleShape,
  /**
   * The options of a single request.
   *
   * @since 0.1.0
   * @category models
   */
  type RequestOptions,
  /**
   * The token of a session.
   *
   * @since 0.1.0
   * @category models
   */
  type Token,
  /**
   * Something that changes or happens. The streams `states`, `events` and `KuzzleAuth.states` are made of it. It is no
   * stream itself, so that pages that watch nothing do not download `Stream` (13 KB gzip).
   *
   * @since 0.1.0
   * @category models
   */
  type Watchable,
  /**
   * Gets the elements of a `Watchable`, synchronously: its functions must not throw.
   *
   * @since 0.1.0
   * @category models
   */
  type Watcher
} from "./internal/client/client.ts"

/**
 * Sends a request and waits for its answer, at most until the deadline. Use it for an action that has no function here,
 * such as one of a plugin or of the application.
 *
 * @since 0.1.0
 * @category requests
 */
export const query = (
  request: KuzzleRequest,
  options?: RequestOptions
): Effect.Effect<KuzzleResponse, RequestError, Kuzzle> =>
  Effect.flatMap(Kuzzle, (kuzzle) => kuzzle.query(request, options))

/**
 * The stream of a `Watchable`, of any client: `Kuzzle.streamOf(kuzzle.states)`. A slow reader misses the oldest
 * elements, but never the last one.
 *
 * @since 0.1.0
 * @category observing
 */
export const streamOf: <A>(watchable: Watchable<A>) => Stream.Stream<A> = Watched.streamOf

/**
 * The current state of the connection, then every change. A slow reader misses the oldest changes, but never the last
 * one. Ends with the client.
 *
 * @example
 * ```ts
 * import { Console, Stream } from "effect"
 * import { Kuzzle } from "@effect-kuzzle/core"
 *
 * export const status = Stream.runForEach(Kuzzle.states, ({ _tag }) => Console.log(_tag))
 * ```
 *
 * @since 0.1.0
 * @category observing
 */
export const states: Stream.Stream<ConnectionState, never, Kuzzle> = Stream.unwrap(
  Effect.map(Kuzzle, ({ states }) => Watched.streamOf(states))
)

/**
 * The events from now on. The page "Events" lists them. A slow reader misses the oldest ones. Ends with the client.
 *
 * @since 0.1.0
 * @category observing
 */
export const events: Stream.Stream<KuzzleEvent, never, Kuzzle> = Stream.unwrap(
  Effect.map(Kuzzle, ({ events }) => Watched.streamOf(events))
)

/**
 * An effect that logs in by `KuzzleAuth.login(…)`, for example after it has read a password. Its own errors are wrapped
 * in an `AuthenticatorError`.
 *
 * @since 0.1.0
 * @category models
 */
export type Authenticator = Effect.Effect<
  unknown,
  RequestError | NamedError | LoginIncompleteError | AuthenticatorError,
  Kuzzle
>

/**
 * The options of a client with a connection. `Own` and `R` are the type parameters of the option `session`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Own = unknown, R = never> extends KuzzleConfig.Options {
  /**
   * Logs in at the start if there is no session, and again whenever the session has ended. While it runs, its requests
   * are sent, and all others wait. After a logout, it does not run until the next login.
   */
  readonly authenticator?: Authenticator | undefined
  /**
   * How the session is kept. The default is a token that every request carries. For a cookie, give
   * `BrowserKuzzle.cookie`, `NodeKuzzle.cookie`, or `Kuzzle.cookie` if you provide a `KuzzleHttp`.
   */
  readonly session?: CookieSession<Own, R> | undefined
}

/**
 * The options of a client over HTTP.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpOptions extends KuzzleConfig.ClientOptions, KuzzleConfig.HttpOptions {}

/**
 * Keeps the session by a cookie. In browsers, no script can read the cookie. It is a value, so that only pages that use
 * a cookie download the code for it and for HTTP (25 KB gzip). `Own` are the platform's options for HTTP. `R` are the
 * services that HTTP needs.
 *
 * @since 0.1.0
 * @category models
 */
export interface CookieSession<in Own, out R> {
  readonly _tag: "Cookie"
  /** The layer for HTTP, by which sessions begin and end. */
  readonly http: (own: Own) => Layer.Layer<KuzzleHttp, InvalidSettingError, R>
  /** @internal */
  readonly keep: (
    http: KuzzleHttpShape,
    settings: KuzzleConfig.Settings
  ) => Either.Either<Keep, InvalidSettingError>
}

/** How a session is kept, and how `setToken` changes it. */
interface Keep {
  readonly keeping: Session.Keeping
  readonly setToken: (by: Exchanges.ForAuthenticator) => KuzzleShape["setToken"]
}

/**
 * Makes a client, with its real-time functions, over one WebSocket. Completes when the client is connected. Fails if it
 * cannot connect to any endpoint. Afterwards, the setting `reconnect` decides when a lost connection is reopened. With
 * `waitForConnection: false` it completes at once, and a first connection that fails is retried like a lost one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <R = never>(
  options: Options<unknown, R> = {}
): Effect.Effect<
  Context.Context<Kuzzle | KuzzleRealtime.KuzzleRealtime>,
  ConnectError | InvalidSettingError,
  KuzzleSocket | KuzzleHeartbeat | R | Scope.Scope
> => Effect.flatMap(KuzzleConfig.make(options), (settings) => start(settings, options))

/**
 * Like `make`, from settings that were already checked. For `KuzzlePlatform`.
 *
 * @internal
 */
export const start = <Own, R>(
  settings: KuzzleConfig.Settings,
  options: Own & Options<Own, R>
): Effect.Effect<
  Context.Context<Kuzzle | KuzzleRealtime.KuzzleRealtime>,
  ConnectError | InvalidSettingError,
  KuzzleSocket | KuzzleHeartbeat | R | Scope.Scope
> => {
  const { authenticator, session } = options
  return Effect.flatMap(
    session === undefined
      ? Effect.map(KuzzleTokenStore, (store) => keepToken(settings, sharedStore(settings, store)))
      : Effect.flatMap(
        Layer.build(session.http(options)),
        (http) => session.keep(Context.get(http, KuzzleHttp), settings)
      ),
    (keep) => startWith(settings, authenticator, keep)
  )
}

/** The token store. A client with an API key does not use it, because it shares its session with no other client. */
const sharedStore = (
  { apiKey }: Pick<KuzzleConfig.ClientSettings, "apiKey">,
  store: KuzzleTokenStoreShape | undefined
): KuzzleTokenStoreShape | undefined => Option.isSome(apiKey) ? undefined : store

/** Keeps the session by a token. With the setting `apiKey`, there is a session from the start. */
const keeperOfToken = (
  { apiKey }: Pick<KuzzleConfig.ClientSettings, "apiKey">,
  store: KuzzleTokenStoreShape | undefined,
  requests: Pick<Requests.Requests, "urgent">,
  storeFailed: (error: TokenStoreError) => void
): Keeper =>
  new Tokens(
    requests,
    store?.sharedSession.make(store, storeFailed),
    Option.getOrUndefined(Option.map(apiKey, (key) => () => Credentials.identityOfToken(token(key))))
  )

const keepToken = (settings: KuzzleConfig.Settings, store: KuzzleTokenStoreShape | undefined): Keep => ({
  keeping: {
    keptBy: store === undefined ? "Token" : "SharedToken",
    headers: Effect.succeed,
    keeper: ({ requests, storeFailed }) => keeperOfToken(settings, store, requests, storeFailed)
  },
  setToken: adoptToken
})

const keepCookie: CookieSession<never, never>["keep"] = (http, settings) =>
  Option.isSome(settings.apiKey)
    ? Either.left(contradicted("apiKey"))
    : Either.right({
      keeping: {
        keptBy: "Cookie",
        headers: (headers, endpoint) =>
          Effect.map(
            http.cookie(KuzzleConfig.httpUrl(endpoint)),
            Option.match({ onNone: () => headers, onSome: (cookie) => Cookies.beside(headers, cookie) })
          ),
        keeper: ({ endpoint, knownEndpoint, reopen, requests }) =>
          Cookies.make(http, settings, requests, endpoint, knownEndpoint, reopen)
      },
      setToken: refuseToken
    })

/** The error of a setting that needs tokens, on a client whose session is a cookie. */
const contradicted = (setting: "apiKey" | "token") =>
  new InvalidSettingError({
    setting,
    issue: "the session of this client is kept by a cookie: Kuzzle refuses requests with both. Leave out the option " +
      "session to use a token"
  })

const adoptToken: Keep["setToken"] = (by) => (token) =>
  by.adopt(Option.getOrUndefined(Option.map(token, Credentials.identityOfToken)))

const refuseToken: Keep["setToken"] = () =>
  Option.match({
    onNone: () => Effect.void,
    onSome: () => contradicted("token")
  })

/**
 * Keeps the session by a cookie, for authors of platforms. `http` makes the layer for HTTP from the platform's own
 * options.
 *
 * @since 0.1.0
 * @category sessions
 */
export const cookieWith = <Own, R>(
  http: (own: Own) => Layer.Layer<KuzzleHttp, InvalidSettingError, R>
): CookieSession<Own, R> => ({ _tag: "Cookie", http, keep: keepCookie })

/**
 * Keeps the session by a cookie, over the `KuzzleHttp` that is provided. `KuzzleAuth.login`, `logout` and `refreshToken`
 * go over HTTP. The client then opens a new connection with the cookie in its handshake, and restores the subscriptions.
 * Other requests wait until it is open. The application only notices a `Gap` in its subscriptions. After a reload, a
 * page is still logged in.
 *
 * Page and Kuzzle must be on one site, because Kuzzle's cookie is `SameSite=Strict`. The server's
 * `http.cookieAuthentication` must be on, which is its default.
 *
 * @since 0.1.0
 * @category sessions
 */
export const cookie: CookieSession<unknown, KuzzleHttp> = cookieWith(() => Layer.context<KuzzleHttp>())

const authenticationOf = (
  exchanges: Exchanges.Exchanges,
  forAuthenticator: Exchanges.ForAuthenticator,
  endpoint: () => string,
  { spans }: Telemetry
): AuthenticationShape => ({
  state: Effect.sync(() => exchanges.state()),
  states: exchanges.states,
  login: spans.query((request, options) => forAuthenticator.login(request, options), endpoint),
  refresh: spans.query((request, options) => exchanges.refresh(request, options), endpoint),
  logout: spans.query((request, options) => exchanges.logout(request, options), endpoint)
})

const startWith = (
  settings: KuzzleConfig.Settings,
  authenticator: Authenticator | undefined,
  { keeping, setToken }: Keep
): Effect.Effect<
  Context.Context<Kuzzle | KuzzleRealtime.KuzzleRealtime>,
  ConnectError,
  KuzzleSocket | KuzzleHeartbeat | Scope.Scope
> =>
  Effect.gen(function*() {
    /**
     * The public interface of a client, for the application or for its authenticator. The requests of an authenticator
     * do not wait for the renewal that runs it.
     */
    const shape = (
      session: Session.Session,
      query: Requests.Requests["query"],
      by: Exchanges.ForAuthenticator
    ): KuzzleShape => ({
      query: session.telemetry.spans.query(query, session.endpoint, "Single"),
      queryMany: session.telemetry.spans.queryMany(
        (requests, options) => session.requests.queryMany(requests, options),
        session.endpoint
      ),
      server: Option.fromNullable(serverOf(settings.knownEndpoints)),
      state: session.state,
      states: session.states,
      events: session.events,
      roundTripTime: session.roundTripTime,
      token: Effect.sync(() => Credentials.tokenOf(session.credentials.current())),
      setToken: setToken(by),
      authentication: authenticationOf(session.authentication, by, session.endpoint, session.telemetry)
    })
    const session = yield* Session.make(
      settings,
      keeping,
      authenticator === undefined
        ? undefined
        : (session) =>
          Effect.provideService(
            authenticator,
            Kuzzle,
            shape(
              session,
              (request, options) => session.requests.urgent(request, options),
              session.authentication.forAuthenticator
            )
          )
    )
    const query: Requests.Requests["query"] = (request, options) => session.requests.query(request, options)
    return Context.make(Kuzzle, shape(session, query, session.authentication)).pipe(
      Context.add(KuzzleRealtime.KuzzleRealtime, KuzzleRealtime.make(session.realtime, session.debuggerEvents))
    )
  })

/**
 * The layer of a client over a WebSocket, with the socket and the heartbeat that are provided. Applications use the
 * layers of a platform package. See `KuzzlePlatform` to make a platform.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R = never>(
  options?: Options<unknown, R>
): Layer.Layer<
  Kuzzle | KuzzleRealtime.KuzzleRealtime,
  ConnectError | InvalidSettingError,
  KuzzleSocket | KuzzleHeartbeat | R
> => Layer.scopedContext(make(options))

/** A state that never changes. */
const constant = <A>(value: A): Watchable<A> => ({
  watch: (watcher) => {
    watcher.next(value)
    watcher.end()
    return () => {}
  }
})

/**
 * The layer of a client over HTTP, for actions that need no WebSocket, and for downloads. A program with real-time
 * functions does not compile with it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttp = (
  options?: HttpOptions
): Layer.Layer<Kuzzle | KuzzleDownload, InvalidSettingError, KuzzleHttp> =>
  Layer.scopedContext(
    Effect.gen(function*() {
      const settings = yield* KuzzleConfig.makeHttp(options)
      const credentials = new Credentials.Credentials(settings.volatile)
      const events = new Broadcast<KuzzleEvent>()
      yield* Effect.addFinalizer(() => Effect.sync(() => events.end()))
      const telemetry = yield* KuzzleTelemetry
      const requests = HttpRequests.make(yield* KuzzleHttp, settings, credentials, telemetry.metrics)
      const authentication = yield* Exchanges.makeAlone({
        settings,
        credentials,
        keeper: keeperOfToken(
          settings,
          sharedStore(settings, yield* KuzzleTokenStore),
          requests,
          (error) => events.announce({ _tag: "TokenStoreFailed", error })
        ),
        publish: (event) => events.publish(event),
        fork: yield* Fork.make,
        telemetry
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => authentication.end()))
      yield* authentication.restoreStored
      /** The address, if it is known. An effect may yield another address for each request. */
      const [knownAddress = ""] = settings.knownEndpoints
      const endpoint = () => knownAddress
      const ready: ConnectionState = { _tag: "Ready", endpoint: withoutSecrets(knownAddress), attempt: 1 }
      return Context.make(Kuzzle, {
        query: telemetry.spans.query(requests.query, endpoint),
        queryMany: telemetry.spans.queryMany(requests.queryMany, endpoint),
        server: Option.fromNullable(serverOf(settings.knownEndpoints)),
        state: Effect.succeed(ready),
        states: constant(ready),
        events,
        roundTripTime: Effect.succeedNone,
        token: Effect.sync(() => Credentials.tokenOf(credentials.current())),
        setToken: adoptToken(authentication),
        authentication: authenticationOf(authentication, authentication, endpoint, telemetry)
      }).pipe(Context.add(KuzzleDownload, { stream: requests.download }))
    })
  )

/**
 * Layers whose options come from a `Config`, for the platform packages.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = <Options extends KuzzleConfig.PlainClientOptions, A, E, R>(
  config: Config.Config.Wrap<Options>,
  layer: (options: Options) => Layer.Layer<A, E, R>
): Layer.Layer<A, E | ConfigError.ConfigError, R> => Layer.unwrapEffect(Effect.map(Config.unwrap(config), layer))

/**
 * Makes a `Token` from a token that was obtained elsewhere, for `setToken`. The user and the expiry are read from the
 * token, if it contains them. `expiresAt` overrides the expiry. For an API key, the setting `apiKey` is simpler.
 *
 * @since 0.1.0
 * @category constructors
 */
export const token = (
  value: Redacted.Redacted,
  options: { readonly expiresAt?: DateTime.Utc | undefined } = {}
): Token => {
  const { exp, kuid } = Jwt.claims(Redacted.value(value))
  const read = Credentials.ownerAndEnd({ expiresAt: exp, kuid })
  return { value, ...read, expiresAt: Option.orElse(Option.fromNullable(options.expiresAt), () => read.expiresAt) }
}
