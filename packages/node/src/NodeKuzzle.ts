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
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeKuzzleHttp from "./NodeKuzzleHttp.ts"
import * as NodeKuzzleSocket from "./NodeKuzzleSocket.ts"

/**
 * The settings of the client, and what only Node can set.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Kuzzle.Options, Pick<NodeKuzzleSocket.Options, "tls" | "agent"> {}

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
  ).pipe(Layer.provide(http(options.tls)))

/** The certificates are the connection's too. */
const http = (tls: NodeKuzzleSocket.Options["tls"]) =>
  tls === undefined ? NodeKuzzleHttp.layer : NodeKuzzleHttp.layerTls(tls)

/** What carries the connection on Node. */
const withTransport = (options: Options, settings: KuzzleConfig.Settings) =>
<A, E, R>(
  client: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<Exclude<R, KuzzleSocket>, KuzzleHeartbeat>> =>
  client.pipe(
    Effect.provideService(
      KuzzleSocket,
      NodeKuzzleSocket.make({ ...options, headers: KuzzleConfig.plain(settings.headers) })
    ),
    Effect.provideService(KuzzleHeartbeat, {
      ping: "Native",
      schedule: KuzzleSchedule.heartbeat({ interval: settings.pingInterval }),
      timeout: settings.pingTimeout
    })
  )

/**
 * The client over a WebSocket, with its options from a `Config`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Omit<Options, "authenticator">>
): Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime, ConnectError | InvalidSettingError | ConfigError.ConfigError> =>
  Kuzzle.layerConfig(config, layer)

/**
 * The client over HTTP: no real-time, but downloads.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttp = (
  options?: KuzzleConfig.Options & Pick<NodeKuzzleSocket.Options, "tls">
): Layer.Layer<Kuzzle.Kuzzle | KuzzleDownload, InvalidSettingError> =>
  Layer.provide(Kuzzle.layerHttp(options), http(options?.tls))

/**
 * The client over a WebSocket, its settings from the environment: `KUZZLE_URL`, or `KUZZLE_HOST` and `KUZZLE_PORT`, … as
 * `KuzzleConfig` lists them; `ws://localhost:7512` by default.
 *
 * @since 0.1.0
 * @category layers
 */
export const KuzzleWsLive: Layer.Layer<
  Kuzzle.Kuzzle | KuzzleRealtime,
  ConnectError | InvalidSettingError | ConfigError.ConfigError
> = Layer.unwrapEffect(Effect.map(KuzzleConfig.config, layer))

/**
 * The client over HTTP, its settings from the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const KuzzleHttpLive: Layer.Layer<
  Kuzzle.Kuzzle | KuzzleDownload,
  InvalidSettingError | ConfigError.ConfigError
> = Layer.unwrapEffect(Effect.map(KuzzleConfig.config, layerHttp))
