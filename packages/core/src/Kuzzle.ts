/**
 * The client: requests in, answers out, over one connection that is kept alive and opened again when it is lost.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  type ConnectionState,
  Kuzzle,
  type KuzzleRequest,
  type KuzzleResponse,
  type RequestOptions,
  type Token
} from "./internal/client.ts"
import { shown } from "./internal/endpoint.ts"
import * as Credentials from "./internal/runtime/credentials.ts"
import * as HttpRequests from "./internal/runtime/httpRequests.ts"
import * as Session from "./internal/runtime/session.ts"
import * as Traced from "./internal/runtime/traced.ts"
import * as KuzzleConfig from "./KuzzleConfig.ts"
import { KuzzleDownload } from "./KuzzleDownload.ts"
import type { ConnectError, InvalidSettingError, RequestError } from "./KuzzleError.ts"
import type { KuzzleHeartbeat } from "./KuzzleHeartbeat.ts"
import { KuzzleHttp } from "./KuzzleHttp.ts"
import * as KuzzleRealtime from "./KuzzleRealtime.ts"
import type { KuzzleSocket } from "./KuzzleSocket.ts"

export {
  /**
   * Where the session stands, with the cause where something went wrong.
   *
   * @since 0.1.0
   * @category models
   */
  type ConnectionState,
  /**
   * What is worth knowing and belongs to no request: an expired token, a frame that nobody waits for.
   *
   * @since 0.1.0
   * @category models
   */
  type Diagnostic,
  /**
   * The client.
   *
   * @since 0.1.0
   * @category tags
   */
  Kuzzle,
  /**
   * A request: `controller` and `action` name what is asked, `body` is its body, every other member is an argument.
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
   * What a client does.
   *
   * @since 0.1.0
   * @category models
   */
  type KuzzleShape,
  /**
   * What one request may differ in.
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
  type Token
} from "./internal/client.ts"

/**
 * Sends a request that has no function of its own here: one of a plugin, or of the application.
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
 * The client and its real-time half over one WebSocket. Done when connected; fails when no endpoint can be connected to.
 * Afterwards lost connections are opened again by the setting `reconnect`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options?: KuzzleConfig.Options
): Effect.Effect<
  Context.Context<Kuzzle | KuzzleRealtime.KuzzleRealtime>,
  ConnectError | InvalidSettingError,
  KuzzleSocket | KuzzleHeartbeat | Scope.Scope
> => Effect.flatMap(KuzzleConfig.make(options), fromSettings)

/**
 * The same, from settings that were checked already.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromSettings = (
  settings: KuzzleConfig.Settings
): Effect.Effect<
  Context.Context<Kuzzle | KuzzleRealtime.KuzzleRealtime>,
  ConnectError,
  KuzzleSocket | KuzzleHeartbeat | Scope.Scope
> =>
  Effect.map(Session.make(settings), (session) =>
    Context.make(Kuzzle, {
      query: Traced.query(session.requests.query),
      queryMany: session.requests.queryMany,
      state: session.state,
      states: session.states,
      diagnostics: session.diagnostics,
      roundTripTime: session.roundTripTime,
      token: Effect.sync(() => Option.fromNullable(session.credentials.token())),
      setToken: (token) => Effect.sync(() => session.setToken(Option.getOrUndefined(token)))
    }).pipe(Context.add(KuzzleRealtime.KuzzleRealtime, KuzzleRealtime.make(session.realtime, session.debuggerEvents))))

/**
 * The client over a WebSocket, on whatever socket and heartbeat are provided: `pingInterval`, `pingTimeout` and `headers`
 * are theirs to know. The platform packages have it with theirs.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: KuzzleConfig.Options
): Layer.Layer<
  Kuzzle | KuzzleRealtime.KuzzleRealtime,
  ConnectError | InvalidSettingError,
  KuzzleSocket | KuzzleHeartbeat
> => Layer.scopedContext(make(options))

/**
 * The client over HTTP: every action that needs no connection of its own, and downloads. Real-time does not compile with it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttp = (
  options?: KuzzleConfig.Options
): Layer.Layer<Kuzzle | KuzzleDownload, InvalidSettingError, KuzzleHttp> =>
  Layer.effectContext(
    Effect.gen(function*() {
      const settings = yield* KuzzleConfig.make(options)
      const credentials = Credentials.make(settings.volatile)
      const requests = HttpRequests.make(yield* KuzzleHttp, settings, credentials)
      const ready: ConnectionState = { _tag: "Ready", endpoint: shown(settings.endpoints[0]), attempt: 1 }
      return Context.make(Kuzzle, {
        query: Traced.query(requests.query),
        queryMany: requests.queryMany,
        state: Effect.succeed(ready),
        states: Stream.succeed(ready),
        diagnostics: Stream.empty,
        roundTripTime: Effect.succeedNone,
        token: Effect.sync(() => Option.fromNullable(credentials.token())),
        setToken: (token) => Effect.sync(() => credentials.setToken(Option.getOrUndefined(token)))
      }).pipe(Context.add(KuzzleDownload, { stream: requests.download }))
    })
  )

/**
 * Layers whose options come from a `Config`, for the platform packages.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = <A, E, R>(
  config: Config.Config.Wrap<KuzzleConfig.Options>,
  layer: (options: KuzzleConfig.Options) => Layer.Layer<A, E, R>
): Layer.Layer<A, E | ConfigError.ConfigError, R> => Layer.unwrapEffect(Effect.map(Config.unwrap(config), layer))

/**
 * A token that was obtained elsewhere, an API key above all.
 *
 * @since 0.1.0
 * @category constructors
 */
export const token = (value: Redacted.Redacted, expiresAt?: number): Token => ({ value, expiresAt })
