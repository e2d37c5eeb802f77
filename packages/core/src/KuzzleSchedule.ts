/**
 * When to dial again, when to ping, when to renew a token: as `Schedule` values.
 *
 * Every delay is at least 1 ms and at most 2^31 - 1 ms. Timers count whole milliseconds: less than one is none, a retry
 * without pause. They hold 31 bits and fire at once beyond. A bare `Schedule.exponential` leaves both bounds after
 * enough attempts.
 *
 * A function throws a `KuzzleInvalidSettingError` that names the option when its value is not a duration.
 *
 * Randomness comes from Effect's `Random` and time from its `Clock`, so tests can seed and turn them.
 *
 * @module
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"
import * as RetryAfter from "./internal/retryAfter.ts"
import * as Setting from "./internal/setting.ts"

const MIN_DELAY = 1
const MAX_DELAY = 2 ** 31 - 1

/** A number of milliseconds that a timer can wait. What is not a number waits longest: it must not become a storm. */
const bounded = (millis: number): number => millis < MAX_DELAY ? Math.max(MIN_DELAY, Math.floor(millis)) : MAX_DELAY

// -------------------------------------------------------------------------------------------------------------------
// reconnection
// -------------------------------------------------------------------------------------------------------------------

/**
 * How the pauses between attempts to connect grow.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReconnectOptions {
  /** The ceiling of the first pause. Default: 1 second. */
  readonly base?: Duration.DurationInput | undefined
  /** The ceiling of every pause. Default: 30 seconds. */
  readonly cap?: Duration.DurationInput | undefined
  /** By how much the ceiling grows with each attempt, until it reaches the cap. Default: 2. */
  readonly factor?: number | undefined
}

/**
 * When to dial again: after a pause that is uniformly random between 0 and `min(cap, base * factor ^ attempt)` (full
 * jitter), so the first retry comes within a second, half a second on average. For ever: compose it to stop.
 *
 * All clients of a server lose it at the same time. The jitter spreads their return: of 10,000 clients whose server is
 * away for 60 s, less than 2 % dial in any 100 ms after its return, most of the time less than 1 %.
 *
 * It does not reset itself: start it anew after a connection that was stable (`isStable`), and only then, or a server that
 * accepts and drops at once is dialled without end at the pace of a first retry.
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
    // Infinite after a thousand attempts, no number at all for an odd factor: the cap absorbs both.
    const grown = base * factor ** attempt
    // A whole number, so that the jitter over 1, 2 … ceiling stays within it.
    const ceiling = bounded(grown < cap ? grown : cap)
    return Effect.map(Random.next, (random) => Duration.millis(Math.ceil((1 - random) * ceiling)))
  })
}

/**
 * How long a connection must have lasted for the next reconnection to start with short pauses again: as long as the
 * default cap, so that a server that drops everybody after a moment is not dialled more often than one that is down.
 *
 * @since 0.1.0
 * @category stability
 */
export const stableAfter: Duration.Duration = Duration.seconds(30)

/**
 * Whether a connection, from its opening to its end (milliseconds of the `Clock`), was stable. A clock that was set back
 * in between makes it unstable: that costs a longer pause, nothing else.
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
 * server asks for, 5 minutes at most. The jitter of the schedule spreads the retries of many clients.
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
  Schedule.identity<In>().pipe(
    Schedule.intersect(schedule),
    Schedule.addDelay(([error]) => RetryAfter.of(error)),
    Schedule.map(([, out]) => out)
  )

/**
 * How often to retry, and with which delays.
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
 * When to retry after a temporary refusal (429, 500, 502 to 504): with the exponential backoff of `reconnect`, starting
 * at 500 ms, and not before `retryAfter` has passed. By default the retries take 30 s on average and 60 s at most, plus
 * the waits that the server asked for.
 *
 * @since 0.1.0
 * @category schedules
 */
export const retry = (options: RetryOptions = {}): Schedule.Schedule<number, unknown> =>
  reconnect({ ...options, base: options.base ?? "500 millis" }).pipe(
    Schedule.intersect(Schedule.recurs(options.times ?? 7)),
    Schedule.map(([attempt]) => attempt),
    withRetryAfter
  )

// -------------------------------------------------------------------------------------------------------------------
// heartbeat
// -------------------------------------------------------------------------------------------------------------------

/**
 * When to ping: every 10 seconds by default. With the heartbeat's timeout of 5 seconds a connection that died silently is
 * found within 15 seconds, and the server, which cuts a client that *sends* nothing for 60 seconds
 * (spec 1.6), hears from us well before. Keep it below 25 seconds: proxies are less patient than Kuzzle.
 *
 * @since 0.1.0
 * @category schedules
 */
export const heartbeat = (
  options: { readonly interval?: Duration.DurationInput | undefined } = {}
): Schedule.Schedule<number> => {
  const interval = bounded(Setting.millis("interval", options.interval ?? "10 seconds"))
  // The same as `Schedule.spaced`, whose steps take a fiber: each of 1,000 clients asks when it opens.
  return Schedule.makeWithState(
    0,
    (now, _, count) =>
      Effect.succeed([count + 1, count, ScheduleDecision.continueWith(ScheduleInterval.after(now + interval))])
  )
}

// -------------------------------------------------------------------------------------------------------------------
// tokens
// -------------------------------------------------------------------------------------------------------------------

/**
 * What `tokenRefresh` needs to know of a token.
 *
 * @since 0.1.0
 * @category models
 */
export interface Expiring {
  /** Milliseconds since 1970, as Kuzzle tells it; `-1` and `undefined` for a token that never expires. */
  readonly expiresAt: number | undefined
}

/**
 * When in its life a token is renewed.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenRefreshOptions {
  /** Never after this part of the lifetime that is left. Default: 0.8. */
  readonly fraction?: number | undefined
  /** The part of it, before that, over which renewals are spread at random. Default: 0.1. */
  readonly jitter?: number | undefined
  /** Never later than this before the end, or half the lifetime if that is shorter. Default: 10 seconds. */
  readonly margin?: Duration.DurationInput | undefined
}

/**
 * When to renew a token: at a random moment between 70 and 80 % of what is left of its life when it is seen, in any
 * case before its last 10 seconds (before the second half, if it has less than 20). The input is the token, the output
 * too. A token that lives longer is renewed after 24 days, a timer cannot wait more.
 *
 * It ends with a token that never expires, or is dead already: there is nothing to renew.
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
    Schedule.whileInputEffect((token) => Effect.map(timeLeft(token), (left) => left > 0 && left < Infinity)),
    Schedule.addDelayEffect((token) =>
      Effect.zipWith(timeLeft(token), Random.next, (left, random) => {
        const latest = left - Math.min(margin, left / 2)
        return Duration.millis(bounded(Math.min((fraction - jitter * random) * left, latest)))
      })
    )
  )
}

const timeLeft = ({ expiresAt }: Expiring): Effect.Effect<number> =>
  expiresAt === undefined || expiresAt === -1
    ? Effect.succeed(Infinity)
    : Effect.map(Clock.currentTimeMillis, (now) => expiresAt - now)
