/**
 * How a client pings its connection, and when.
 *
 * There are two kinds of ping (spec 1.6). Kuzzle answers ping frames (RFC 6455) and does not count them as requests.
 * The application ping `{"p":1}` is for runtimes that cannot send ping frames, such as browsers.
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import * as Setting from "./internal/data/setting.ts"
import * as KuzzleConfig from "./KuzzleConfig.ts"
import type { InvalidSettingError } from "./KuzzleError.ts"

/**
 * The kind of ping, and its timing.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleHeartbeatShape extends KuzzleConfig.HeartbeatSettings {
  /**
   * `Native`: ping frames (RFC 6455). `Protocol`: the application ping `{"p":1}`. `Disabled`: no pings, so a severed
   * connection is not detected, and the settings have no effect.
   */
  readonly ping: "Native" | "Protocol" | "Disabled"
}

/**
 * The service that decides how and when connections are pinged.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleHeartbeat extends Context.Tag("@effect-kuzzle/core/KuzzleHeartbeat")<
  KuzzleHeartbeat,
  KuzzleHeartbeatShape
>() {}

/**
 * When to ping, and how long to wait for the answer: the settings of `KuzzleConfig`, or a `schedule` in place of
 * `pingInterval`.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = KuzzleConfig.HeartbeatOptions | ScheduleOptions

/**
 * The settings of a heartbeat, with a `schedule` in place of `pingInterval`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScheduleOptions extends KuzzleConfig.HeartbeatOptions {
  /** When to ping. When the schedule ends, the pings end. */
  readonly schedule: Schedule.Schedule<unknown>
  readonly pingInterval?: undefined
}

/**
 * Makes a heartbeat from these options. Fails with an `InvalidSettingError` if one of them is not a positive duration.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  ping: KuzzleHeartbeatShape["ping"],
  options: Options = {}
): Effect.Effect<KuzzleHeartbeatShape, InvalidSettingError> =>
  Effect.suspend(() =>
    Setting.attempt(() => {
      const settings = KuzzleConfig.heartbeat(options)
      return { ping, ...settings, schedule: "schedule" in options ? options.schedule : settings.schedule }
    })
  )

/**
 * Pings with ping frames (RFC 6455). On a socket that cannot send them, it pings with `{"p":1}`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNative = (options?: Options): Layer.Layer<KuzzleHeartbeat, InvalidSettingError> =>
  Layer.effect(KuzzleHeartbeat, make("Native", options))

/**
 * Pings with `{"p":1}`, which Kuzzle answers with `{"p":2}`. If the server limits the rate of messages, these count.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerProtocol = (options?: Options): Layer.Layer<KuzzleHeartbeat, InvalidSettingError> =>
  Layer.effect(KuzzleHeartbeat, make("Protocol", options))

/**
 * Sends no pings. It is only for tests, and for connections that are monitored in another way. The server closes a
 * connection on which the client sends nothing for 60 s.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDisabled: Layer.Layer<KuzzleHeartbeat> = Layer.sync(
  KuzzleHeartbeat,
  () => KuzzleHeartbeat.of({ ping: "Disabled", ...KuzzleConfig.heartbeat({}) })
)
