/**
 * Kuzzle in browsers: their own WebSocket, Kuzzle's application pings (browsers send no others), HTTP by `fetch`.
 *
 * @since 0.1.0
 */
import * as Kuzzle from "@effect-kuzzle/core/Kuzzle"
import * as KuzzleConfig from "@effect-kuzzle/core/KuzzleConfig"
import type { KuzzleDownload } from "@effect-kuzzle/core/KuzzleDownload"
import type { ConnectError, InvalidSettingError } from "@effect-kuzzle/core/KuzzleError"
import { KuzzleHeartbeat } from "@effect-kuzzle/core/KuzzleHeartbeat"
import { KuzzleLifecycle } from "@effect-kuzzle/core/KuzzleLifecycle"
import type { KuzzleRealtime } from "@effect-kuzzle/core/KuzzleRealtime"
import * as KuzzleSchedule from "@effect-kuzzle/core/KuzzleSchedule"
import { KuzzleSocket } from "@effect-kuzzle/core/KuzzleSocket"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as BrowserKuzzleHttp from "./BrowserKuzzleHttp.ts"
import * as BrowserKuzzleLifecycle from "./BrowserKuzzleLifecycle.ts"
import * as BrowserKuzzleSocket from "./BrowserKuzzleSocket.ts"

/**
 * The client over a WebSocket.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleServer } from "@effect-kuzzle/core"
 * import { BrowserKuzzle } from "@effect-kuzzle/browser"
 *
 * export const now = KuzzleServer.now().pipe(
 *   Effect.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org", requestTimeout: "5 seconds" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Kuzzle.Options = {}
): Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime, ConnectError | InvalidSettingError> =>
  Layer.scopedContext(
    Effect.flatMap(
      KuzzleConfig.make(options),
      (settings) => withTransport(settings)(Kuzzle.fromSettings(settings, options.authenticator))
    )
  )

/**
 * The client over a WebSocket, its sessions kept by a cookie that no script of the page can read. Page and Kuzzle must be
 * of one site. Logging in, out and renewing go over HTTP, and the connection is opened anew; the application notices
 * nothing but a `Gap` in its subscriptions. A page that is loaded again is logged in still.
 *
 * @example
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { KuzzleAuth } from "@effect-kuzzle/core"
 * import { BrowserKuzzle } from "@effect-kuzzle/browser"
 *
 * export const program = KuzzleAuth.login({
 *   strategy: "local",
 *   credentials: { username: "ada", password: Redacted.make("secret") }
 * }).pipe(Effect.provide(BrowserKuzzle.layerCookie({ url: "wss://kuzzle.example.org" })))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCookie = (
  options: Kuzzle.Options = {}
): Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime, ConnectError | InvalidSettingError> =>
  Layer.scopedContext(
    Effect.flatMap(
      KuzzleConfig.make(options),
      (settings) => withTransport(settings)(Kuzzle.fromSettingsCookie(settings, options.authenticator))
    )
  ).pipe(Layer.provide(BrowserKuzzleHttp.layer))

/** What carries the connection in a browser, and what the page tells of itself. */
const withTransport = (settings: KuzzleConfig.Settings) =>
<A, E, R>(
  client: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<Exclude<R, KuzzleSocket>, KuzzleHeartbeat>> =>
  client.pipe(
    Effect.provideService(KuzzleSocket, BrowserKuzzleSocket.make),
    Effect.provideService(KuzzleLifecycle, BrowserKuzzleLifecycle.make()),
    Effect.provideService(KuzzleHeartbeat, {
      ping: "Protocol",
      schedule: KuzzleSchedule.heartbeat({ interval: settings.pingInterval }),
      timeout: settings.pingTimeout,
      busyTimeout: settings.busyPingTimeout
    })
  )

/**
 * The client over a WebSocket, with its options from a `Config`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<KuzzleConfig.PlainOptions>
): Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime, ConnectError | InvalidSettingError | ConfigError.ConfigError> =>
  Kuzzle.layerConfig(config, layer)

/**
 * The client over HTTP: no real-time, but downloads.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttp = (
  options?: KuzzleConfig.Options
): Layer.Layer<Kuzzle.Kuzzle | KuzzleDownload, InvalidSettingError> =>
  Layer.provide(Kuzzle.layerHttp(options), BrowserKuzzleHttp.layer)

/**
 * The client over a WebSocket, its settings from the `ConfigProvider` that is there: `KUZZLE_URL`, or `KUZZLE_HOST` and
 * `KUZZLE_PORT`, … as `KuzzleConfig` lists them; `ws://localhost:7512` by default. A browser has no environment: give one
 * with `Layer.setConfigProvider`, or use `layer`.
 *
 * @since 0.1.0
 * @category layers
 */
export const KuzzleWsLive: Layer.Layer<
  Kuzzle.Kuzzle | KuzzleRealtime,
  ConnectError | InvalidSettingError | ConfigError.ConfigError
> = Layer.unwrapEffect(Effect.map(KuzzleConfig.config, layer))

/**
 * The client over HTTP, its settings from the `ConfigProvider` that is there.
 *
 * @since 0.1.0
 * @category layers
 */
export const KuzzleHttpLive: Layer.Layer<
  Kuzzle.Kuzzle | KuzzleDownload,
  InvalidSettingError | ConfigError.ConfigError
> = Layer.unwrapEffect(Effect.map(KuzzleConfig.config, layerHttp))
