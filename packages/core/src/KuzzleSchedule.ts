/**
 * The schedules of the client: when to reconnect, when to ping, when to retry and when to renew a token.
 *
 * Every delay is at least 1 ms and at most 2^31 - 1 ms. Timers count whole milliseconds, so a shorter delay would be a
 * retry without a pause. Timers use 31 bits, and fire at once for longer delays. A plain `Schedule.exponential` exceeds
 * the upper bound after enough attempts.
 *
 * If the value of an option is not a duration, the function throws a `KuzzleInvalidSettingError` that names the option.
 *
 * Randomness comes from Effect's `Random` and time from its `Clock`, so tests can control both.
 *
 * @module
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as RetryAfter from "./internal/data/retryAfter.ts"
import * as Setting from "./internal/data/setting.ts"
import * as Schedules from "./internal/services/schedules.ts"

const MIN_DELAY = 1
const MAX_DELAY = 2 ** 31 - 1

/** Bounds a delay in milliseconds. `NaN` becomes the longest delay, so that it cannot cause a storm of retries. */
const bounded = (millis: number): number => millis < MAX_DELAY ? Math.max(MIN_DELAY, Math.floor(millis)) : MAX_DELAY

// -------------------------------------------------------------------------------------------------------------------
// reconnection
// -------------------------------------------------------------------------------------------------------------------

/**
 * The delays between attempts to connect.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReconnectOptions {
  /** The upper bound of the first delay. Default: 1 second. */
  readonly base?: Duration.DurationInput | undefined
  /** The upper bound of every delay. Default: 30 seconds. */
  readonly cap?: Duration.DurationInput | undefined
  /** The factor by which the upper bound grows with each attempt, until it reaches the cap. Default: 2. */
  readonly factor?: number | undefined
}

/**
 * When to reconnect: after a delay that is uniformly random between 0 and `min(cap, base * factor ^ attempt)` (full
 * jitter). So the first attempt comes within 1 s, after 0.5 s on average. The schedule never ends: combine it with
 * another one to stop.
 *
 * All clients of a server lose it at the same time. The jitter spreads their reconnections: of 10,000 clients whose
 * server is away for 60 s, less than 2 % (usually less than 1 %) connect within any 100 ms after its return.
 *
 * The schedule does not reset itself. Restart it only after a stable connection (`isStable`). Otherwise the client
 * would dial a server that accepts and drops connections without end and without growing delays.
 *
 * @example
 * ```ts
 * import { KuzzleSchedule } from "@effect-kuzzle/core"
 * import { Schedule } from "effect"
 *
 * export const tenTimes = KuzzleSchedule.reconnect({ cap: "10 seconds" }).pipe(
 *   Schedule.intersect(Schedule.recurs(10))
 * )
 * ```
 *
 * @since 0.1.0
 * @category schedules
 */
export const reconnect = (options: ReconnectOptions = {}): Schedule.Schedule<number> => {
  const base = Math.max(MIN_DELAY, Setting.millis("base", options.base ?? "1 second"))
  const cap = Setting.millis("cap", options.cap ?? "30 seconds")
  const factor = options.factor ?? 2
  return Schedule.addDelayEffect(Schedule.forever, (attempt) => {
    // The power is infinite after about a thousand attempts, and `NaN` for unusual factors. The cap handles both.
    const grown = base * factor ** attempt
    // It is a whole number, so that a random whole delay from 1 ms on never exceeds it.
    const ceiling = bounded(grown < cap ? grown : cap)
    return Effect.map(Random.next, (random) => Duration.millis(Math.ceil((1 - random) * ceiling)))
  })
}

/**
 * How long a connection must last for the next reconnection to start with short delays again. It equals the default
 * cap. So a server that drops every connection after a moment is not dialled more often than a server that is down.
 *
 * @since 0.1.0
 * @category stability
 */
export const stableAfter: Duration.Duration = Duration.seconds(30)

/**
 * Whether a connection was stable, from its opening and its end (milliseconds of the `Clock`). If the clock was set
 * back in between, it counts as unstable, which only costs a longer delay.
 *
 * @since 0.1.0
 * @category stability
 */
export const isStable = (
  openedAt: number,
  endedAt: number,
  after: Duration.Duration = stableAfter
): boolean => endedAt - openedAt >= Duration.toMillis(after)

/**
 * A schedule for retries that adds the `retryAfter` of the error to its delay. The client waits at least as long as the
 * server asks for, up to 5 minutes. The jitter of the schedule spreads the retries of many clients.
 *
 * @example
 * ```ts
 * import { KuzzleSchedule, KuzzleServer } from "@effect-kuzzle/core"
 * import { Effect, Schedule } from "effect"
 *
 * export const now = KuzzleServer.now().pipe(Effect.retry({
 *   schedule: KuzzleSchedule.withRetryAfter(Schedule.intersect(KuzzleSchedule.reconnect(), Schedule.recurs(3))),
 *   while: (error) => error._tag === "KuzzleTooManyRequestsError"
 * }))
 * ```
 *
 * @since 0.1.0
 * @category schedules
 */
export const withRetryAfter = <Out, In, R>(schedule: Schedule.Schedule<Out, In, R>): Schedule.Schedule<Out, In, R> =>
  Schedules.delayedBy(schedule, RetryAfter.of)

/**
 * How often to retry, and the delays.
 *
 * @since 0.1.0
 * @category models
 */
export interface RetryOptions extends ReconnectOptions {
  /** The upper bound of the first delay. Default: 500 milliseconds. */
  readonly base?: Duration.DurationInput | undefined
  /** The number of retries after the first try. Default: 7. */
  readonly times?: number | undefined
}

/**
 * When to retry after a temporary refusal (429, 500, 502 to 504). It has the exponential backoff and the jitter of
 * `reconnect`, starting at 500 ms. It adds the `retryAfter` of the error. By default, the retries take 30 s on average
 * and 60 s at most, plus the waits that the server asks for.
 *
 * @since 0.1.0
 * @category schedules
 */
export const retry = (options: RetryOptions = {}): Schedule.Schedule<number, unknown> =>
  withRetryAfter(
    Schedules.limited(reconnect({ ...options, base: options.base ?? "500 millis" }), options.times ?? 7)
  )

// -------------------------------------------------------------------------------------------------------------------
// heartbeat
// -------------------------------------------------------------------------------------------------------------------

/**
 * When to ping: every 10 s by default. With the heartbeat's timeout of 5 s, a connection that died silently is detected
 * within 15 s. The server closes a connection on which the client *sends* nothing for 60 s (spec 1.6), so pings also
 * keep it open. Keep the interval below 25 s, because proxies close idle connections earlier than Kuzzle.
 *
 * @since 0.1.0
 * @category schedules
 */
export const heartbeat = (
  options: { readonly interval?: Duration.DurationInput | undefined } = {}
): Schedule.Schedule<number> => Schedules.every(bounded(Setting.millis("interval", options.interval ?? "10 seconds")))

// -------------------------------------------------------------------------------------------------------------------
// tokens
// -------------------------------------------------------------------------------------------------------------------

/**
 * The part of a token that `tokenRefresh` needs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Expiring {
  /** The expiry in milliseconds since 1970. `-1` or `undefined` for a token that never expires. */
  readonly expiresAt: number | undefined
}

/**
 * When a token is renewed, relative to its lifetime.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenRefreshOptions {
  /** The latest time of the renewal, as a fraction of the remaining lifetime. Default: 0.8. */
  readonly fraction?: number | undefined
  /** Renewals are spread at random over this fraction before `fraction`. Default: 0.1. */
  readonly jitter?: number | undefined
  /**
   * The minimum time between the renewal and the expiry. If half the remaining lifetime is shorter, that counts
   * instead. Default: 10 seconds.
   */
  readonly margin?: Duration.DurationInput | undefined
}

/**
 * When to renew a token: at a random moment between 70 and 80 % of its remaining lifetime. The renewal comes at least
 * 10 s before the end, or at half the remaining lifetime if that is less than 20 s. Input and output are the token. A
 * token that lives longer is renewed after 24 days, because a timer cannot wait longer.
 *
 * The schedule ends with a token that never expires or has already expired: there is nothing to renew.
 *
 * @example
 * ```ts
 * import { KuzzleSchedule } from "@effect-kuzzle/core"
 * import { Effect } from "effect"
 *
 * export const keepAlive = (
 *   token: KuzzleSchedule.Expiring,
 *   renew: Effect.Effect<KuzzleSchedule.Expiring>
 * ) => Effect.scheduleFrom(renew, token, KuzzleSchedule.tokenRefresh())
 * ```
 *
 * @since 0.1.0
 * @category schedules
 */
export const tokenRefresh = (options: TokenRefreshOptions = {}): Schedule.Schedule<Expiring, Expiring> => {
  const fraction = options.fraction ?? 0.8
  const jitter = options.jitter ?? 0.1
  const margin = Setting.millis("margin", options.margin ?? "10 seconds")
  return Schedule.identity<Expiring>().pipe(
    Schedule.whileInputEffect((token) =>
      Effect.map(timeUntilEnd(token), (remaining) => remaining > 0 && remaining < Infinity)
    ),
    Schedule.addDelayEffect((token) =>
      Effect.zipWith(timeUntilEnd(token), Random.next, (remaining, random) => {
        const latest = remaining - Math.min(margin, remaining / 2)
        return Duration.millis(bounded(Math.min((fraction - jitter * random) * remaining, latest)))
      })
    )
  )
}

const timeUntilEnd = ({ expiresAt }: Expiring): Effect.Effect<number> =>
  expiresAt === undefined || expiresAt === -1
    ? Effect.succeed(Infinity)
    : Effect.map(Clock.currentTimeMillis, (now) => expiresAt - now)
