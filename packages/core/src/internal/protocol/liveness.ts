/**
 * Decides whether the connection is alive: a pure function of its counters and of the time.
 *
 * Two clocks run (spec 1.6, promises C2 to C4). The server cuts a client that *sends* nothing for 60 s, even while that
 * client receives a flood. A severed connection shows only by what is *not received*. So every pulse pings, whatever else
 * flows. That bounds both: our own silence by the interval, the life of a dead connection by interval + timeout.
 *
 * A whole frame that arrives proves life, and the ping is settled. Without one, the connection is declared
 * dead `timeout` after the ping or after the last progress. Progress is:
 *
 * - Bytes of an incomplete frame. Node counts them; a browser shows only whole frames.
 * - Bytes that leave. The socket's own queue shows them until the operating system has taken the last of them. Its buffers
 *   and those of proxies hold megabytes and show nothing.
 *
 * The answer to a ping waits behind the messages that were in flight when the ping was sent, and behind nothing later.
 * Where the runtime may not show their progress, the wait lasts until `timeout` after the last deadline of the requests
 * in flight at the ping, and `busyTimeout` at most. Progress without a whole frame counts until then, and for
 * `busyTimeout` at least. Without that bound, a peer that drips bytes would never be found.
 *
 * A tick that comes late (sleep, a blocked event loop, a throttled tab) says nothing about the peer, because the answer
 * may lie unread in our own socket. So a tick decides only after the socket has been read once more, and a late tick
 * pings again and waits once more (L3). After `maxLateTicks` late ticks without a frame, the connection is declared
 * dead. Otherwise a throttled tab would never notice a dead connection.
 */
import * as Duration from "effect/Duration"

export interface Settings {
  /** How long to wait for a sign of the peer after a ping, in milliseconds. */
  readonly timeout: number
  /** The longest wait while progress may be hidden, in milliseconds. A value below `timeout` counts as `timeout`. */
  readonly busyTimeout: number
}

/** The part of the heartbeat that the machine needs. */
export const settingsOf = (
  { busyTimeout, timeout }: { readonly [Name in keyof Settings]: Duration.Duration }
): Settings => ({ timeout: Duration.toMillis(timeout), busyTimeout: Duration.toMillis(busyTimeout) })

/** The requests in flight on the connection. */
export interface InFlight {
  /** The size of the unanswered requests, in bytes. */
  readonly bytes: number
  /** The latest of their deadlines; `-Infinity` without requests. */
  readonly answerBy: number
}

/** The counters of the connection at a tick. Times are milliseconds of one clock. */
export interface Sight {
  readonly now: number
  /** Bytes received since the connection was opened; `undefined` where the runtime does not count them. */
  readonly received: number | undefined
  /** Bytes that the operating system has not accepted yet. */
  readonly buffered: number
  readonly inFlight: InFlight
}

/** The oldest ping since the last frame. */
export interface Ping {
  /** The counters when it was sent. */
  readonly first: Sight
  /** The counters at the latest tick. */
  readonly last: Sight
  /** When it was sent, or when progress was seen last. */
  readonly since: number
  /** How many times the decision was put off because our own tick was late. */
  readonly lateTicks: number
  /** Whether the socket has been read since the ping was due for a decision. */
  readonly drained: boolean
}

/**
 * Why the connection is dead: no sign of the peer for `millis` (`Silence`), or bytes but no whole frame for `millis`
 * (`Drip`).
 */
export interface Dead {
  readonly _tag: "Dead"
  readonly cause: "Silence" | "Drip"
  readonly millis: number
}

export type Verdict =
  /** Nothing to do until the next pulse. */
  | { readonly _tag: "Alive" }
  /** Send a ping now if it is `fresh`; look again at `lookAt`. */
  | { readonly _tag: "Waiting"; readonly ping: Ping; readonly fresh: boolean; readonly lookAt: number }
  | Dead

/** How often a late tick may put off the decision. */
export const maxLateTicks = 2

/**
 * Bytes of unanswered requests that buffers outside the runtime may hide. They pass within the default `timeout` on a
 * line of 26 kbit/s. Where the runtime counts received bytes, only more than this extends the wait.
 */
export const hiddenBytes = 16 * 1024

/** A tick that is later than this counts as a stall of this process. */
export const lateAfter = (settings: Settings): number => Math.max(50, settings.timeout / 2)

/** Whether a ping sent now leaves at once, because no upload of ours is before it. */
export const unobstructed = ({ buffered, inFlight }: Sight): boolean => buffered === 0 && inFlight.bytes <= hiddenBytes

/** Whether messages before a ping sent now may move without visible progress. */
const isBusy = ({ inFlight, now, received }: Sight): boolean =>
  received === undefined ? inFlight.answerBy > now : inFlight.bytes > hiddenBytes

/** When every request that was in flight at the ping has ended, by its answer or its deadline. */
const settledBy = ({ first }: Ping, { timeout }: Settings): number =>
  Math.max(first.now, first.inFlight.answerBy) + timeout

/** Until when progress counts. */
const believedUntil = (ping: Ping, settings: Settings): number =>
  Math.max(ping.first.now + settings.busyTimeout, settledBy(ping, settings))

/** When to decide about the ping. */
const judgeAt = (ping: Ping, settings: Settings): number => {
  const { first, since } = ping
  const usual = since + settings.timeout
  const longer = Math.min(since + settings.busyTimeout, settledBy(ping, settings))
  return Math.min(isBusy(first) ? Math.max(usual, longer) : usual, believedUntil(ping, settings))
}

/**
 * Bytes that leave count only for an upload. The queue of a dead connection also shrinks once, when the operating system
 * accepts a request that was written just before the tick.
 */
const progressed = ({ first, last }: Ping, seen: Sight): boolean =>
  seen.received !== last.received || (isBusy(first) && seen.buffered < last.buffered)

const waiting = (ping: Ping, settings: Settings, fresh = false): Verdict => ({
  _tag: "Waiting",
  ping,
  fresh,
  lookAt: judgeAt(ping, settings)
})

const sendPing = (seen: Sight, lateTicks: number, settings: Settings): Verdict =>
  waiting({ first: seen, last: seen, since: seen.now, lateTicks, drained: false }, settings, true)

/** The ping, updated by the counters of this tick. */
const look = (ping: Ping, seen: Sight, settings: Settings): Ping =>
  progressed(ping, seen) && seen.now < believedUntil(ping, settings)
    ? { ...ping, last: seen, since: seen.now, lateTicks: 0, drained: false }
    : { ...ping, last: seen }

/** At a pulse of the schedule: ping. The decision still depends on the oldest ping without an answer. */
export const onPulse = (ping: Ping | undefined, seen: Sight, settings: Settings): Verdict =>
  ping === undefined ? sendPing(seen, 0, settings) : waiting(look(ping, seen, settings), settings, true)

/** At a tick that is due for a decision, on time or late. */
export const onLook = (before: Ping, seen: Sight, settings: Settings): Verdict => {
  const ping = look(before, seen, settings)
  const end = judgeAt(ping, settings)
  const { now } = seen
  if (now < end) return waiting(ping, settings)
  // A timer runs before the socket is read: the answer may have come while the host stood still.
  if (!ping.drained) return waiting({ ...ping, drained: true }, settings)
  if (now - end > lateAfter(settings) && ping.lateTicks < maxLateTicks) {
    return sendPing(seen, ping.lateTicks + 1, settings)
  }
  const { first, since } = ping
  const moved = since > first.now || seen.received !== first.received
  return moved && end === believedUntil(ping, settings)
    ? { _tag: "Dead", cause: "Drip", millis: end - first.now }
    : { _tag: "Dead", cause: "Silence", millis: end - since }
}
