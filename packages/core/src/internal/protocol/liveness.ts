/**
 * Whether the link is alive, as a pure function of what was heard and of the time.
 *
 * Two clocks run (spec 1.6, promises C2 to C4): the server cuts a client that *sends* nothing for 60 s even while it
 * receives a flood, and a severed link shows only by what is *not received*. So every pulse pings, whatever flows, which
 * bounds both: silence outward by the interval, the life of a dead link by interval + timeout. Any inbound byte after
 * the ping proves life, the pong or another.
 *
 * A tick that comes late (sleep, a blocked event loop, a throttled tab) says nothing about the peer, for the answer may
 * lie unread in our own socket. So no tick judges before the socket has been read once more, and one that is late pings
 * again and waits once more before it may (L3). Ticks that are late again and again without a byte received are judged
 * all the same, or a throttled tab would never notice a dead link.
 */

export interface Settings {
  /** Milliseconds a ping may stay without any inbound byte. */
  readonly timeout: number
}

/** The ping that is out. Times are milliseconds of one clock. */
export interface Ping {
  readonly sentAt: number
  /** How many times judgement was put off because our own tick was late. */
  readonly lateTicks: number
  /** Whether the socket has been read since the timeout. */
  readonly drained: boolean
}

export type Verdict =
  /** Nothing to do until the next pulse. */
  | { readonly _tag: "Alive" }
  /** Send a ping now if it is `fresh`; ask again at `judgeAt`. */
  | { readonly _tag: "Waiting"; readonly ping: Ping; readonly fresh: boolean; readonly judgeAt: number }
  | { readonly _tag: "Dead" }

/** How often a late tick may put judgement off. */
export const maxLateTicks = 2

/** A tick that is later than this is taken for a stall of ours. */
export const lateAfter = (settings: Settings): number => Math.max(50, settings.timeout / 2)

const alive: Verdict = { _tag: "Alive" }
const dead: Verdict = { _tag: "Dead" }

const sendPing = (now: number, lateTicks: number, settings: Settings): Verdict => ({
  _tag: "Waiting",
  ping: { sentAt: now, lateTicks, drained: false },
  fresh: true,
  judgeAt: now + settings.timeout
})

/** At a pulse of the schedule: ping, unless an earlier ping has had no answer yet and is still to be judged. */
export const onPulse = (ping: Ping | undefined, heard: boolean, now: number, settings: Settings): Verdict =>
  ping === undefined || heard
    ? sendPing(now, 0, settings)
    : { _tag: "Waiting", ping, fresh: false, judgeAt: ping.sentAt + settings.timeout }

/** When the timeout of a ping has passed, or should have. `heard`: whether any byte came in since the ping. */
export const onTimeout = (ping: Ping, heard: boolean, now: number, settings: Settings): Verdict => {
  if (heard) return alive
  const judgeAt = ping.sentAt + settings.timeout
  if (now < judgeAt) return { _tag: "Waiting", ping, fresh: false, judgeAt }
  // A timer runs before the socket is read: the answer may have come while the host stood still.
  if (!ping.drained) return { _tag: "Waiting", ping: { ...ping, drained: true }, fresh: false, judgeAt: now }
  return now - judgeAt > lateAfter(settings) && ping.lateTicks < maxLateTicks
    ? sendPing(now, ping.lateTicks + 1, settings)
    : dead
}
