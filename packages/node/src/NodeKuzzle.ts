/**
 * Kuzzle on Node: with the WebSocket of `ws`, ping frames (RFC 6455), and HTTP by undici.
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
import * as KuzzleTelemetry from "@effect-kuzzle/core/KuzzleTelemetry"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Proxy from "./internal/proxy.ts"
import * as NodeKuzzleHttp from "./NodeKuzzleHttp.ts"
import * as NodeKuzzleSocket from "./NodeKuzzleSocket.ts"

/**
 * The options of the client, of its heartbeat, and those that only exist on Node.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options
  extends Kuzzle.Options<NodeKuzzleSocket.Options>, KuzzleConfig.HeartbeatOptions, NodeKuzzleSocket.Options
{}

/**
 * The options of the client over HTTP, and those that only exist on Node.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpOptions extends Kuzzle.HttpOptions, NodeKuzzleSocket.Options {}

/**
 * The options as plain values, which a `Config` can provide.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlainOptions extends KuzzleConfig.PlainOptions, NodeKuzzleSocket.Options {}

/**
 * The options of a client over HTTP as plain values, which a `Config` can provide.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlainHttpOptions extends KuzzleConfig.PlainClientOptions, NodeKuzzleSocket.Options {}

/**
 * The parts of the client on Node: the socket, the pings, and spans and metrics.
 *
 * @since 0.1.0
 * @category platform
 */
export const platform: KuzzlePlatform.Platform<NodeKuzzleSocket.Options> = {
  socket: NodeKuzzleSocket.make,
  heartbeat: (options) => KuzzleHeartbeat.make("Native", options),
  telemetry: KuzzleTelemetry.live
}

/** TLS options and proxy apply to HTTP and to the WebSocket. */
const http = (options: NodeKuzzleSocket.Options) =>
  options.tls === undefined && options.proxy === undefined ? NodeKuzzleHttp.layer : NodeKuzzleHttp.layerWith(options)

/**
 * The value of the option `session` that keeps the session in a cookie. Node keeps no cookies, so the cookie is in a
 * jar in memory. Use it for a server that acts like a page. In other programs the default, a token, is simpler.
 *
 * @since 0.1.0
 * @category sessions
 */
export const cookie: Kuzzle.CookieSession<NodeKuzzleSocket.Options, never> = Kuzzle.cookieWith(http)

/**
 * The client over a WebSocket.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleServer } from "@effect-kuzzle/core"
 * import { NodeKuzzle } from "@effect-kuzzle/node"
 *
 * export const now = KuzzleServer.now().pipe(
 *   Effect.provide(NodeKuzzle.layer({ url: "wss://kuzzle.example.org", requestTimeout: "5 seconds" }))
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
  config: Config.Config.Wrap<PlainOptions>
): Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime, ConnectError | InvalidSettingError | ConfigError.ConfigError> =>
  Kuzzle.layerConfig(config, layer)

/**
 * The client over HTTP. It has no real-time functions, but it can download.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttp = (
  options: HttpOptions = {}
): Layer.Layer<Kuzzle.Kuzzle | KuzzleDownload, InvalidSettingError> =>
  Layer.provide(Kuzzle.layerHttp(options), [http(options), KuzzleTelemetry.layer])

const proxyVariable = Config.option(Config.redacted("KUZZLE_PROXY")).pipe(
  Config.withDescription("the address of an HTTP proxy for all connections"),
  Config.mapOrFail(Option.match({
    onNone: () => Either.right(undefined),
    onSome: (proxy) =>
      Redacted.value(proxy).trim() === ""
        ? Either.right(undefined)
        : Either.mapBoth(Proxy.parse(proxy), {
          onLeft: ({ issue }) => ConfigError.InvalidData([], `KUZZLE_PROXY: ${issue}`),
          onRight: () => proxy
        })
  }))
)

const withProxy = <A>(settings: Config.Config<A>) =>
  Config.map(Config.all({ settings, proxy: proxyVariable }), ({ proxy, settings }) => ({ ...settings, proxy }))

/**
 * The settings from the environment: those of `KuzzleConfig.config`, and the address of an HTTP proxy in
 * `KUZZLE_PROXY`.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<PlainOptions> = withProxy(KuzzleConfig.config)

/**
 * The settings of a client over HTTP from the environment: those of `KuzzleConfig.configHttp`, and the address of an
 * HTTP proxy in `KUZZLE_PROXY`.
 *
 * @since 0.1.0
 * @category config
 */
export const configHttp: Config.Config<PlainHttpOptions> = withProxy(KuzzleConfig.configHttp)

/**
 * The client over a WebSocket, with its settings from the environment. `KUZZLE_URL`, or `KUZZLE_HOST` and
 * `KUZZLE_PORT`, is the address of Kuzzle: `ws://localhost:7512` by default. `KuzzleConfig` lists the other variables.
 * `KUZZLE_PROXY` is the address of an HTTP proxy.
 *
 * @since 0.1.0
 * @category layers
 */
export const KuzzleWsLive: Layer.Layer<
  Kuzzle.Kuzzle | KuzzleRealtime,
  ConnectError | InvalidSettingError | ConfigError.ConfigError
> = Layer.unwrapEffect(Effect.map(config, layer))

/**
 * The client over HTTP, with its settings from the environment. `configHttp` reads them.
 *
 * @since 0.1.0
 * @category layers
 */
export const KuzzleHttpLive: Layer.Layer<
  Kuzzle.Kuzzle | KuzzleDownload,
  InvalidSettingError | ConfigError.ConfigError
> = Layer.unwrapEffect(Effect.map(configHttp, layerHttp))
