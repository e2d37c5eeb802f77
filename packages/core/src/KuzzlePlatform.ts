/**
 * Makes the client of a platform from its parts: a socket, a heartbeat, and the events of the host (network, sleep). A
 * platform consists of two small files: its socket and its layers.
 *
 * @example
 * ```ts
 * import { KuzzleHeartbeat, KuzzlePlatform, KuzzleSocket } from "@effect-kuzzle/core"
 * import { Socket } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 *
 * // Anything with the standard `WebSocket`.
 * const platform: KuzzlePlatform.Platform<{}> = {
 *   socket: () =>
 *     KuzzleSocket.KuzzleSocket.pipe(
 *       Effect.provide(KuzzleSocket.layerWebSocketConstructor),
 *       Effect.provide(Socket.layerWebSocketConstructorGlobal)
 *     ),
 *   heartbeat: (options) => KuzzleHeartbeat.make("Protocol", options)
 * }
 *
 * export const KuzzleLive = KuzzlePlatform.layer(platform, { url: "wss://kuzzle.example.org", pingInterval: "5 seconds" })
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Kuzzle from "./Kuzzle.ts"
import * as KuzzleConfig from "./KuzzleConfig.ts"
import type { ConnectError, InvalidSettingError } from "./KuzzleError.ts"
import { KuzzleHeartbeat, type KuzzleHeartbeatShape } from "./KuzzleHeartbeat.ts"
import { KuzzleLifecycle, type KuzzleLifecycleShape } from "./KuzzleLifecycle.ts"
import type { KuzzleRealtime } from "./KuzzleRealtime.ts"
import { KuzzleSocket, type KuzzleSocketShape } from "./KuzzleSocket.ts"
import { KuzzleTelemetry, type KuzzleTelemetryShape } from "./KuzzleTelemetry.ts"

/**
 * The parts of a platform, such as `NodeKuzzle.platform` or `BrowserKuzzle.platform`. To replace a part, write `{
 * ...NodeKuzzle.platform, socket }`. `Own` are the options that only this platform has.
 *
 * @since 0.1.0
 * @category models
 */
export interface Platform<in Own> {
  /** Opens connections. `maxResponseSize` is the checked setting, in bytes. */
  readonly socket: (
    options: Own & { readonly maxResponseSize: number }
  ) => Effect.Effect<KuzzleSocketShape, InvalidSettingError>
  /** How connections are pinged: `KuzzleHeartbeat.make("Native", options)` or `"Protocol"`. */
  readonly heartbeat: (
    options: KuzzleConfig.HeartbeatOptions
  ) => Effect.Effect<KuzzleHeartbeatShape, InvalidSettingError>
  /** The events of the host. By default, the `KuzzleLifecycle` that is provided, or none. */
  readonly lifecycle?: KuzzleLifecycleShape | undefined
  /** The destination of spans and metrics. By default, the `KuzzleTelemetry` that is provided, or none. */
  readonly telemetry?: KuzzleTelemetryShape | undefined
}

/**
 * The options of a platform's client: those of the client, of its heartbeat, and the platform's own.
 *
 * @since 0.1.0
 * @category models
 */
export type Options<Own> = Kuzzle.Options<Own> & KuzzleConfig.HeartbeatOptions & Own

/**
 * The layer of a platform's client over a WebSocket. Fails with a `KuzzleConnectError` if no endpoint can be reached,
 * and with an `InvalidSettingError` if an option is invalid.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Own>(
  platform: Platform<Own>,
  options: Options<Own>
): Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime, ConnectError | InvalidSettingError> =>
  Layer.scopedContext(
    Effect.flatMap(KuzzleConfig.make(options), (settings) => {
      const { lifecycle, telemetry } = platform
      const client = Kuzzle.start<Own, never>(settings, options).pipe(
        Effect.provideServiceEffect(
          KuzzleSocket,
          platform.socket({ ...options, maxResponseSize: settings.maxResponseSize })
        ),
        Effect.provideServiceEffect(KuzzleHeartbeat, platform.heartbeat(options))
      )
      const listening = lifecycle === undefined ? client : Effect.provideService(client, KuzzleLifecycle, lifecycle)
      return telemetry === undefined ? listening : Effect.provideService(listening, KuzzleTelemetry, telemetry)
    })
  )
