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
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import * as Setting from "./internal/data/setting.ts"
import { type HeartbeatOptions, positive } from "./KuzzleConfig.ts"
import type { InvalidSettingError } from "./KuzzleError.ts"
import * as KuzzleSchedule from "./KuzzleSchedule.ts"

/**
 * The kind of ping, and its timing.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleHeartbeatShape {
  /**
   * `Native`: ping frames (RFC 6455). `Protocol`: the application ping `{"p":1}`. `Disabled`: no pings, so a severed
   * connection is not detected.
   */
  readonly ping: "Native" | "Protocol" | "Disabled"
  /** When to ping, whatever other traffic there is. */
  readonly schedule: Schedule.Schedule<unknown>
  /** How long to wait for the answer to a ping, or for other progress, before the connection is closed as dead. */
  readonly timeout: Duration.Duration
  /** The longest wait while large messages may delay the answer: see the setting `busyPingTimeout`. */
  readonly busyTimeout: Duration.Duration
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
export type Options = HeartbeatOptions | ScheduleOptions

/**
 * The settings of a heartbeat, with a `schedule` in place of `pingInterval`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScheduleOptions extends HeartbeatOptions {
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
    Setting.attempt(() => ({
      ping,
      schedule: "schedule" in options
        ? options.schedule
        : KuzzleSchedule.heartbeat({ interval: positive("pingInterval", options.pingInterval ?? "10 seconds") }),
      timeout: positive("pingTimeout", options.pingTimeout ?? "5 seconds"),
      busyTimeout: positive("busyPingTimeout", options.busyPingTimeout ?? "60 seconds")
    }))
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
  () =>
    KuzzleHeartbeat.of({
      ping: "Disabled",
      schedule: KuzzleSchedule.heartbeat(),
      timeout: Duration.infinity,
      busyTimeout: Duration.infinity
    })
)
