/**
 * Decides whether the connection is alive, as a pure function of its counters and the time.
 *
 * Every pulse sends a ping, whatever other traffic there is (spec 1.6, promises C2 to C4). There are two reasons. The
 * server closes a connection on which the client *sends* nothing for 60 s, even if the client receives a flood. And a
 * severed connection shows only because nothing is *received*. With the pings, the client is never silent for longer
 * than the interval, and a dead connection is found within interval + timeout.
 *
 * A whole frame that arrives proves that the connection is alive. Without one, the connection is declared dead
 * `timeout` after the ping or after the last progress. Progress is:
 *
 * - Received bytes of an incomplete frame. Node counts them. Browsers show only whole frames.
 * - Sent bytes. The socket's own queue shows them until the operating system has accepted them. The buffers of the
 *   operating system and of proxies hold megabytes and are not visible.
 *
 * The answer to a ping waits behind the messages that were in flight when the ping was sent, and behind nothing later.
 * If the runtime may not show the progress of these messages, the wait lasts longer. It ends `timeout` after the last
 * deadline of the requests in flight at the ping, and after `busyTimeout` at most. Progress without a whole frame
 * counts only for a limited time: until that moment, or for `busyTimeout` if that is longer. Without this bound, a peer
 * that drips bytes would never be declared dead.
 *
 * A late tick (sleep, a blocked event loop, a throttled tab) shows nothing about the peer, because the answer may lie
 * unread in our own socket. So a tick decides only after the socket has been read once more. A late tick pings again
 * and waits once more (L3). After `maxLateTicks` late ticks without a frame, the connection is declared dead. Otherwise
 * a throttled tab would never notice a dead connection.
 */
import * as Duration from "effect/Duration"

export interface Settings {
  /** How long to wait for a frame or other progress after a ping, in milliseconds. */
  readonly timeout: number
  /** The longest wait while progress may be hidden, in milliseconds. A value below `timeout` counts as `timeout`. */
  readonly busyTimeout: number
}

/** The settings of a heartbeat, in milliseconds. */
export const settingsOf = (
  { busyTimeout, timeout }: { readonly [Name in keyof Settings]: Duration.Duration }
): Settings => ({ timeout: Duration.toMillis(timeout), busyTimeout: Duration.toMillis(busyTimeout) })

/** The requests in flight on the connection. */
export interface InFlight {
  /** The size of the unanswered requests, in bytes. */
  readonly bytes: number
  /** The latest deadline of these requests. `-Infinity` if there are none. */
  readonly answerBy: number
}

/** The counters of the connection at a tick. Times are in monotonic milliseconds. */
export interface Sight {
  readonly now: number
  /** Bytes received since the connection was opened. `undefined` if the runtime does not count them. */
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
  /** When it was sent, or when the last progress was seen. */
  readonly since: number
  /** How often the decision was postponed because our own tick was late. */
  readonly lateTicks: number
  /** Whether the socket has been read since the ping was due for a decision. */
  readonly drained: boolean
}

/**
 * Why the connection is dead. `Silence`: nothing was received for `millis`. `Drip`: bytes but no whole frame were
 * received for `millis`.
 */
export interface Dead {
  readonly _tag: "Dead"
  readonly cause: "Silence" | "Drip"
  readonly millis: number
}

export type Verdict =
  /** Nothing to do until the next pulse. */
  | { readonly _tag: "Alive" }
  /** Check again at `lookAt`. Send a ping now if it is `fresh`. */
  | { readonly _tag: "Waiting"; readonly ping: Ping; readonly fresh: boolean; readonly lookAt: number }
  | Dead

/** How often a late tick may postpone the decision. */
export const maxLateTicks = 2

/**
 * Up to this many bytes of unanswered requests do not extend the wait, if the runtime counts received bytes. A line of
 * 26 kbit/s transfers them within the default `timeout`.
 */
export const hiddenBytes = 16 * 1024

/** A tick that is later than this counts as late, in milliseconds. */
const lateAfter = (settings: Settings): number => Math.max(50, settings.timeout / 2)

/** Whether a ping that is sent now leaves at once, because no upload is before it. */
export const unobstructed = ({ buffered, inFlight }: Sight): boolean => buffered === 0 && inFlight.bytes <= hiddenBytes

/** Whether messages before a ping that is sent now may move without visible progress. */
const isBusy = ({ inFlight, now, received }: Sight): boolean =>
  received === undefined ? inFlight.answerBy > now : inFlight.bytes > hiddenBytes

/**
 * `timeout` after the last deadline of the requests in flight at the ping. The answers to all of them must have arrived
 * by then.
 */
const settledBy = ({ first }: Ping, { timeout }: Settings): number =>
  Math.max(first.now, first.inFlight.answerBy) + timeout

/** The time until which progress counts. */
const progressCountsUntil = (ping: Ping, settings: Settings): number =>
  Math.max(ping.first.now + settings.busyTimeout, settledBy(ping, settings))

/** The time of the decision about the ping. */
const judgeAt = (ping: Ping, settings: Settings): number => {
  const { first, since } = ping
  const normalEnd = since + settings.timeout
  const longerEnd = Math.min(since + settings.busyTimeout, settledBy(ping, settings))
  return Math.min(isBusy(first) ? Math.max(normalEnd, longerEnd) : normalEnd, progressCountsUntil(ping, settings))
}

/**
 * Whether there was progress since the last tick. Sent bytes count only during an upload. The queue of a dead
 * connection also shrinks once, when the operating system accepts a request that was written just before the tick.
 */
const progressed = ({ first, last }: Ping, sight: Sight): boolean =>
  sight.received !== last.received || (isBusy(first) && sight.buffered < last.buffered)

const waiting = (ping: Ping, settings: Settings, fresh = false): Verdict => ({
  _tag: "Waiting",
  ping,
  fresh,
  lookAt: judgeAt(ping, settings)
})

const sendPing = (sight: Sight, lateTicks: number, settings: Settings): Verdict =>
  waiting({ first: sight, last: sight, since: sight.now, lateTicks, drained: false }, settings, true)

/** The ping, updated by the counters of this tick. */
const updated = (ping: Ping, sight: Sight, settings: Settings): Ping =>
  progressed(ping, sight) && sight.now < progressCountsUntil(ping, settings)
    ? { ...ping, last: sight, since: sight.now, lateTicks: 0, drained: false }
    : { ...ping, last: sight }

/** Handles a pulse of the schedule: sends a ping. The decision still depends on the oldest ping without an answer. */
export const onPulse = (ping: Ping | undefined, sight: Sight, settings: Settings): Verdict =>
  ping === undefined ? sendPing(sight, 0, settings) : waiting(updated(ping, sight, settings), settings, true)

/** Handles a tick that is due for a decision, on time or late. */
export const onLook = (before: Ping, sight: Sight, settings: Settings): Verdict => {
  const ping = updated(before, sight, settings)
  const end = judgeAt(ping, settings)
  const { now } = sight
  if (now < end) return waiting(ping, settings)
  // A timer runs before the socket is read, so the answer may have arrived while the host was stalled.
  if (!ping.drained) return waiting({ ...ping, drained: true }, settings)
  if (now - end > lateAfter(settings) && ping.lateTicks < maxLateTicks) {
    return sendPing(sight, ping.lateTicks + 1, settings)
  }
  const { first, since } = ping
  const moved = since > first.now || sight.received !== first.received
  return moved && end === progressCountsUntil(ping, settings)
    ? { _tag: "Dead", cause: "Drip", millis: end - first.now }
    : { _tag: "Dead", cause: "Silence", millis: end - since }
}
