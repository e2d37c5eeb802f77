/**
 * Kuzzle on Node: the socket by `ws`, pings by RFC 6455 frames, HTTP by undici.
 *
 * @since 0.1.0
 */
import * as Kuzzle from "@effect-kuzzle/core/Kuzzle"
import * as KuzzleConfig from "@effect-kuzzle/core/KuzzleConfig"
import type { KuzzleDownload } from "@effect-kuzzle/core/KuzzleDownload"
import type { ConnectError, InvalidSettingError } from "@effect-kuzzle/core/KuzzleError"
import { KuzzleHeartbeat } from "@effect-kuzzle/core/KuzzleHeartbeat"
import type { KuzzleRealtime } from "@effect-kuzzle/core/KuzzleRealtime"
import * as KuzzleSchedule from "@effect-kuzzle/core/KuzzleSchedule"
import { KuzzleSocket } from "@effect-kuzzle/core/KuzzleSocket"
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
 * The settings of the client, and what only Node can set.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Kuzzle.Options, NodeKuzzleSocket.Options {}

/**
 * The same as plain values: what a `Config` can give.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlainOptions extends KuzzleConfig.PlainOptions, NodeKuzzleSocket.Options {}

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
  Layer.scopedContext(
    Effect.flatMap(
      KuzzleConfig.make(options),
      (settings) => withTransport(options, settings)(Kuzzle.fromSettings(settings, options.authenticator))
    )
  )

/**
 * The client over a WebSocket, its sessions kept by a cookie: of a jar in memory, for Node keeps none. For servers that
 * act as a page would; otherwise a token (`layer`) does the same with less.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCookie = (
  options: Options = {}
): Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime, ConnectError | InvalidSettingError> =>
  Layer.scopedContext(
    Effect.flatMap(
      KuzzleConfig.make(options),
      (settings) => withTransport(options, settings)(Kuzzle.fromSettingsCookie(settings, options.authenticator))
    )
  ).pipe(Layer.provide(http(options)))

/** TLS options and proxy apply to HTTP and to the WebSocket. */
const http = (options: NodeKuzzleSocket.Options) =>
  options.tls === undefined && options.proxy === undefined ? NodeKuzzleHttp.layer : NodeKuzzleHttp.layerWith(options)

/** What carries the connection on Node. */
const withTransport = (options: Options, settings: KuzzleConfig.Settings) =>
<A, E, R>(
  client: Effect.Effect<A, E, R>
): Effect.Effect<A, E | InvalidSettingError, Exclude<Exclude<R, KuzzleSocket>, KuzzleHeartbeat>> =>
  client.pipe(
    Effect.provideServiceEffect(
      KuzzleSocket,
      NodeKuzzleSocket.make({ ...options, maxResponseSize: settings.maxResponseSize })
    ),
    Effect.provideService(KuzzleHeartbeat, {
      ping: "Native",
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
  config: Config.Config.Wrap<PlainOptions>
): Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime, ConnectError | InvalidSettingError | ConfigError.ConfigError> =>
  Kuzzle.layerConfig(config, layer)

/**
 * The client over HTTP: no real-time, but downloads.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttp = (
  options: KuzzleConfig.Options & NodeKuzzleSocket.Options = {}
): Layer.Layer<Kuzzle.Kuzzle | KuzzleDownload, InvalidSettingError> =>
  Layer.provide(Kuzzle.layerHttp(options), http(options))

/**
 * The settings from the environment: those of `KuzzleConfig.config`, and `KUZZLE_PROXY`.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<PlainOptions> = Config.all({
  settings: KuzzleConfig.config,
  proxy: Config.option(Config.redacted("KUZZLE_PROXY")).pipe(
    Config.withDescription("the HTTP proxy to dial through"),
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
}).pipe(Config.map(({ proxy, settings }) => ({ ...settings, proxy })))

/**
 * The client over a WebSocket, its settings from the environment: `KUZZLE_URL`, or `KUZZLE_HOST` and `KUZZLE_PORT`, … as
 * `KuzzleConfig` lists them, and `KUZZLE_PROXY`; `ws://localhost:7512` by default.
 *
 * @since 0.1.0
 * @category layers
 */
export const KuzzleWsLive: Layer.Layer<
  Kuzzle.Kuzzle | KuzzleRealtime,
  ConnectError | InvalidSettingError | ConfigError.ConfigError
> = Layer.unwrapEffect(Effect.map(config, layer))

/**
 * The client over HTTP, its settings from the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const KuzzleHttpLive: Layer.Layer<
  Kuzzle.Kuzzle | KuzzleDownload,
  InvalidSettingError | ConfigError.ConfigError
> = Layer.unwrapEffect(Effect.map(config, layerHttp))
