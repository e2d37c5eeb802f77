/**
 * How a connection shows that it is alive, and when it is asked.
 *
 * Two pings exist (spec 1.6): frames of RFC 6455, which the server answers natively and does not count as requests, and
 * Kuzzle's application ping `{"p":1}`, for runtimes that cannot send the former (browsers).
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import { type HeartbeatOptions, positive } from "./KuzzleConfig.ts"
import type { InvalidSettingError } from "./KuzzleError.ts"
import * as KuzzleSchedule from "./KuzzleSchedule.ts"

/**
 * What a heartbeat is made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleHeartbeatShape {
  /** `Native`: RFC 6455 ping frames. `Protocol`: `{"p":1}`. `Disabled`: none, a severed connection goes unnoticed. */
  readonly ping: "Native" | "Protocol" | "Disabled"
  /** When to ping, independent of other traffic. */
  readonly schedule: Schedule.Schedule<unknown>
  /**
   * How long to wait for the answer to a ping, or for any other sign of the peer, before the connection is closed as
   * dead.
   */
  readonly timeout: Duration.Duration
  /** The longest wait while large messages may delay the answer: see the setting `busyPingTimeout`. */
  readonly busyTimeout: Duration.Duration
}

/**
 * The service that says how and when connections are pinged.
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
 * @since 0.1.0
 * @category models
 */
export interface ScheduleOptions extends HeartbeatOptions {
  /** When to ping. The last ping comes when the schedule ends. */
  readonly schedule: Schedule.Schedule<unknown>
  readonly pingInterval?: undefined
}

/**
 * An option that is not a positive duration is an error that names it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  ping: KuzzleHeartbeatShape["ping"],
  options: Options = {}
): Effect.Effect<KuzzleHeartbeatShape, InvalidSettingError> =>
  Effect.gen(function*() {
    return {
      ping,
      schedule: "schedule" in options
        ? options.schedule
        : KuzzleSchedule.heartbeat({ interval: yield* positive("pingInterval", options.pingInterval ?? "10 seconds") }),
      timeout: yield* positive("pingTimeout", options.pingTimeout ?? "5 seconds"),
      busyTimeout: yield* positive("busyPingTimeout", options.busyPingTimeout ?? "60 seconds")
    }
  })

/**
 * Pings by RFC 6455 frames; by `{"p":1}` on a socket that turns out not to have them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNative = (options?: Options): Layer.Layer<KuzzleHeartbeat, InvalidSettingError> =>
  Layer.effect(KuzzleHeartbeat, make("Native", options))

/**
 * Pings by `{"p":1}`, answered by `{"p":2}`. Counted by the server's `rateLimit` of messages, where one is set.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerProtocol = (options?: Options): Layer.Layer<KuzzleHeartbeat, InvalidSettingError> =>
  Layer.effect(KuzzleHeartbeat, make("Protocol", options))

/**
 * No pings: only for tests and for connections that something else watches. The server cuts a connection on which nothing is
 * sent for 60 s.
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
