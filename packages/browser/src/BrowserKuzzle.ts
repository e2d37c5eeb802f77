/**
 * Kuzzle in browsers: with the browser's WebSocket, Kuzzle's application pings (a browser cannot send ping frames), and
 * HTTP by `fetch`.
 *
 * @module
 * @since 0.1.0
 */
import * as Kuzzle from "@effect-kuzzle/core/Kuzzle"
import * as KuzzleConfig from "@effect-kuzzle/core/KuzzleConfig"
import type { KuzzleDownload } from "@effect-kuzzle/core/KuzzleDownload"
import type { ConnectError, InvalidSettingError } from "@effect-kuzzle/core/KuzzleError"
import * as KuzzleHeartbeat from "@effect-kuzzle/core/KuzzleHeartbeat"
import * as KuzzlePlatform from "@effect-kuzzle/core/KuzzlePlatform"
import type { KuzzleRealtime } from "@effect-kuzzle/core/KuzzleRealtime"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as BrowserKuzzleHttp from "./BrowserKuzzleHttp.ts"
import * as BrowserKuzzleLifecycle from "./BrowserKuzzleLifecycle.ts"
import * as BrowserKuzzleSocket from "./BrowserKuzzleSocket.ts"

/**
 * The options of the client and of its heartbeat.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Kuzzle.Options, KuzzleConfig.HeartbeatOptions {}

/**
 * The parts of the client in a browser: the socket, the pings, and the events of the page.
 *
 * @since 0.1.0
 * @category platform
 */
export const platform: KuzzlePlatform.Platform<unknown> = {
  socket: () => Effect.succeed(BrowserKuzzleSocket.make),
  heartbeat: (options) => KuzzleHeartbeat.make("Protocol", options),
  lifecycle: BrowserKuzzleLifecycle.make()
}

/**
 * The value of the option `session` that keeps the session in a cookie, which no script of the page can read. The page
 * and Kuzzle must belong to one site. Logins, logouts and renewals go over HTTP, and the client then opens a new
 * connection. The application only notices a `Gap` in its subscriptions. After a reload, the page is still logged in.
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
 * }).pipe(
 *   Effect.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org", session: BrowserKuzzle.cookie }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category sessions
 */
export const cookie: Kuzzle.CookieSession<unknown, never> = Kuzzle.cookieWith(() => BrowserKuzzleHttp.layer)

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
  options: Options = {}
): Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime, ConnectError | InvalidSettingError> =>
  KuzzlePlatform.layer(platform, options)

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
 * The client over HTTP. It has no real-time functions, but it can download.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttp = (
  options?: Kuzzle.HttpOptions
): Layer.Layer<Kuzzle.Kuzzle | KuzzleDownload, InvalidSettingError> =>
  Layer.provide(Kuzzle.layerHttp(options), BrowserKuzzleHttp.layer)

/**
 * The client over a WebSocket, with its settings from the current `ConfigProvider`. `KUZZLE_URL`, or `KUZZLE_HOST` and
 * `KUZZLE_PORT`, is the address of Kuzzle: `ws://localhost:7512` by default. `KuzzleConfig` lists the other settings. A
 * browser has no environment: provide the settings with `Layer.setConfigProvider`, or use `layer`.
 *
 * @since 0.1.0
 * @category layers
 */
export const KuzzleWsLive: Layer.Layer<
  Kuzzle.Kuzzle | KuzzleRealtime,
  ConnectError | InvalidSettingError | ConfigError.ConfigError
> = Layer.unwrapEffect(Effect.map(KuzzleConfig.config, layer))

/**
 * The client over HTTP, with its settings from the current `ConfigProvider`. `KuzzleConfig.configHttp` lists them.
 *
 * @since 0.1.0
 * @category layers
 */
export const KuzzleHttpLive: Layer.Layer<
  Kuzzle.Kuzzle | KuzzleDownload,
  InvalidSettingError | ConfigError.ConfigError
> = Layer.unwrapEffect(Effect.map(KuzzleConfig.configHttp, layerHttp))
