/**
 * What the application wants to listen to, and what the server has been told: subscriptions as *intents*, reconciled
 * with the server after each open (spec 3.9; promises S1 to S6).
 *
 * The registry decides and remembers; it sends nothing. Whoever changes it asks `plan` what to send, sends it, and
 * reports the answers. Facts that shape it:
 *
 * - `unsubscribe` takes a room and drops *every* channel of it on this connection, so a room is left only when nothing
 *   listens to any of its channels (spec 0.6).
 * - Requests of one socket run concurrently on the server, so an `unsubscribe` may overtake a `subscribe` that gives the
 *   same room. Both are therefore never under way at once in one collection; a room that is joined by its id may belong to
 *   any, so that joining overlaps with leaving nowhere.
 * - A notification may arrive before the answer that tells its channel (spec 0.5): it is parked until then.
 * - A server that limits the rate refuses requests, or drops them without saying which (spec 1.7). A request that was
 *   refused for now is postponed. A request that may have been dropped is sent again, although its first answer may
 *   still arrive.
 */
import type { ConnectError, ConnectionEnded } from "../../KuzzleError.ts"
import { canonical } from "./canonical.ts"
import type { Frame } from "./frame.ts"
import { Pace } from "./pace.ts"

/** Why notifications may have been lost. */
export type GapCause =
  /** The connection was down. */
  | { readonly _tag: "Disconnected"; readonly cause: ConnectError | ConnectionEnded }
  /** We opened another connection on purpose: the user or the cookie changed. */
  | { readonly _tag: "Renewed" }
  /** The token expired: the server drops every subscription of the connection (spec 0.7). */
  | { readonly _tag: "TokenExpired" }
  /** A malformed notification arrived, so its content is unknown. */
  | { readonly _tag: "Malformed"; readonly issue: string }
  /** The consumer did not keep up and its buffer overflowed. */
  | { readonly _tag: "Overflow"; readonly lost: number }

export type Volatile = Readonly<Record<string, unknown>>

/** The request in canonical JSON and, where there are any, the volatile data: JSON text holds no line break. */
export const keyOf = (request: unknown, volatile: Volatile | undefined): string =>
  volatile === undefined ? canonical(request) : `${canonical(request)}\n${canonical(volatile)}`

/** What leaves a room. */
export const leave = (roomId: string) => ({ controller: "realtime", action: "unsubscribe", body: { roomId } })

/** The request's part of a key. */
export const requestOf = (key: string): string => {
  const end = key.indexOf("\n")
  return end < 0 ? key : key.slice(0, end)
}

/** Where the notifications of one consumer go. Its functions must not throw. */
export interface Consumer<E> {
  readonly opened: () => void
  /** `size` is the length of the frame's text. */
  readonly notify: (frame: Frame, size: number) => void
  readonly gap: (cause: GapCause) => void
  readonly fail: (error: E) => void
}

/** One server subscription that is wanted, and its consumers. */
export interface Intent<E> {
  /** What makes two subscriptions the same: see `keyOf`. */
  readonly key: string
  /** Sent with the subscription and memorised by the server for our presence notifications. */
  readonly volatile: Volatile | undefined
  /** Index and collection, or `anyLane`. */
  readonly lane: string
  consumers: ReadonlyArray<Consumer<E>>
  /** `Doubtful`: being opened when the server dropped everything; whether before or after shows in no answer. */
  phase: "Absent" | "Opening" | "Doubtful" | "Open"
  /** Set while `Open`; otherwise one that the server may still have for us. */
  channel: string | undefined
  /** How many notifications had been parked when it was last asked for: those were for others. */
  parkedBefore: number
  /** The next intent on the same channel: filters of different text can be one to the server. */
  sharing: Intent<E> | undefined
  /** What happened since these consumers last heard, to be told when it is open again. */
  missed: { readonly cause: GapCause; readonly by: ReadonlyArray<Consumer<E>> } | undefined
}

/** `epoch` goes back with the answer: one that belongs to an earlier connection changes nothing. */
export type Command<E> =
  | { readonly _tag: "Subscribe"; readonly epoch: number; readonly intent: Intent<E> }
  | { readonly _tag: "Unsubscribe"; readonly epoch: number; readonly lane: string; readonly roomId: string }

interface Lane<E> {
  readonly absent: Set<Intent<E>>
  /** Rooms that nothing listens to any more. */
  readonly idle: Set<string>
  /** Those of them that the server did not let us leave: with the next that is left, or as somebody else, we try again. */
  readonly refused: Set<string>
  subscribing: number
  unsubscribing: number
}

export interface Subscriptions<E> {
  /** Adds a consumer. When the subscription is open already, the consumer is told at once. */
  readonly acquire: (key: string, lane: string, volatile: Volatile | undefined, consumer: Consumer<E>) => Intent<E>
  readonly release: (intent: Intent<E>, consumer: Consumer<E>) => void
  /** The commands to send now, at the pace that the server accepts. Each command is returned once. */
  readonly plan: (now: number) => ReadonlyArray<Command<E>>
  /** When to send more, if the pace holds commands back. */
  readonly nextAt: (now: number) => number | undefined
  /** The server limits the rate: send less at once from now on. */
  readonly limited: (now: number) => void
  readonly subscribed: (intent: Intent<E>, epoch: number, channel: string) => void
  /** The server refused: every consumer fails. */
  readonly refused: (intent: Intent<E>, epoch: number, error: E) => void
  /**
   * The server refused it for now. It is retried when it is `due`, and fails when it is `exhausted`. Returns `false` if
   * the refusal does not matter: it belongs to an earlier connection, or the retry is already planned.
   */
  readonly postponed: (intent: Intent<E>, epoch: number) => boolean
  /**
   * The same for a command that the server may have dropped. Its answer may still arrive (`overtaken`). Until then no
   * room is left that this answer could join again. Returns `false` if the command belongs to an earlier connection.
   */
  readonly overlooked: (intent: Intent<E>, epoch: number) => boolean
  /** The first answer to a command that was sent twice has arrived, or has not arrived in time. */
  readonly overtaken: (lane: string, epoch: number) => void
  /** That answer opened this channel. Its room is left, unless another command opens it too. */
  readonly openedLate: (lane: string, epoch: number, channel: string) => void
  readonly due: (intent: Intent<E>) => void
  readonly exhausted: (intent: Intent<E>, error: E) => void
  /** It was asked for with a session that is over: that says nothing of the next one, and it is asked for again. */
  readonly outdated: (intent: Intent<E>, epoch: number) => void
  /**
   * No answer came in time: who has never heard anything fails. Tells whether others are left, for whom it matters. The
   * answer may still come.
   */
  readonly unanswered: (intent: Intent<E>, epoch: number, error: E) => boolean
  /** The room is not ours any more. */
  readonly unsubscribed: (lane: string, epoch: number) => void
  /** The server refused that: the room is ours still. */
  readonly notUnsubscribed: (lane: string, epoch: number, roomId: string) => void
  /** The server may have dropped it, so it is sent again. */
  readonly unsubscribeOverlooked: (lane: string, epoch: number, roomId: string) => void
  /** Whether an intent of this lane listens to the room, or may be about to. */
  readonly mayListen: (lane: string, roomId: string) => boolean
  /** From now on subscriptions can be opened. */
  readonly connected: () => void
  /** From now on they cannot, until the next `connected`; what is under way goes on. */
  readonly suspended: () => void
  /** The connection is gone: no answer will come to what is under way. */
  readonly disconnected: (cause: GapCause) => void
  /**
   * The server dropped all subscriptions of the connection, or so it seems; the connection itself goes on, as does what is
   * under way. Nothing is opened again before the next `connected`, and what is not wanted any more is left all the same:
   * to leave what one is not in does no harm.
   */
  readonly dropped: (cause: GapCause) => void
  readonly notification: (channel: string, frame: Frame, size: number) => boolean
  readonly early: (channel: string, frame: Frame, size: number) => boolean
  /** Whether nothing remains to be done now: every intent is open, or cannot be opened yet. */
  readonly settled: () => boolean
  /** Ends every consumer, those to come included. */
  readonly close: (error: E) => void
  readonly size: () => number
}

/** The lane of rooms that are joined by their id: nobody told us of which collection they are. */
export const anyLane = ""

/** The limits for parked notifications, whose channels are not known yet: their number and their total size. */
export const maxEarly = 10_000
export const maxEarlyBytes = 16 * 1024 ** 2

/** A channel is `<roomId>-<digits>` (spec 1.5). */
export const roomOf = (channel: string): string => {
  const dash = channel.lastIndexOf("-")
  return dash < 0 ? channel : channel.slice(0, dash)
}

export const make = <E>(): Subscriptions<E> => {
  const intents = new Map<string, Intent<E>>()
  /** The first intent of each open channel. */
  const channels = new Map<string, Intent<E>>()
  /** How many channels of ours each room has. */
  const rooms = new Map<string, number>()
  const lanes = new Map<string, Lane<E>>()
  /** Lanes in which something may have to be sent. */
  const dirty = new Set<string>()
  const early = new Map<string, Array<{ readonly nth: number; readonly frame: Frame; readonly size: number }>>()
  let parkedEver = 0
  let earlyCount = 0
  let earlyBytes = 0
  let earlyLost = 0
  const pace = new Pace()
  let opening = 0
  let connected = false
  let epoch = 0
  /** Set once closed: who comes later fails with the same. */
  let closed: { readonly error: E } | undefined

  const laneOf = (name: string): Lane<E> => {
    let lane = lanes.get(name)
    if (lane === undefined) {
      lane = { absent: new Set(), idle: new Set(), refused: new Set(), subscribing: 0, unsubscribing: 0 }
      lanes.set(name, lane)
    }
    dirty.add(name)
    return lane
  }

  /** The lanes whose rooms may be the same as those of this one. */
  const rivals = (name: string): ReadonlyArray<string> => name === anyLane ? Array.from(lanes.keys()) : [name, anyLane]

  const amongRivals = (name: string, busy: (lane: Lane<E>) => boolean): boolean =>
    rivals(name).some((rival) => {
      const lane = lanes.get(rival)
      return lane !== undefined && busy(lane)
    })

  const want = (intent: Intent<E>) => {
    postpone(intent)
    laneOf(intent.lane).absent.add(intent)
  }

  /** Not to be sent before it is `due`. */
  const postpone = (intent: Intent<E>) => {
    intent.phase = "Absent"
    intent.channel = undefined
    intent.sharing = undefined
  }

  const forget = (intent: Intent<E>) => {
    intents.delete(intent.key)
    laneOf(intent.lane).absent.delete(intent)
  }

  const joinChannel = (intent: Intent<E>, channel: string) => {
    const roomId = roomOf(channel)
    intent.phase = "Open"
    intent.channel = channel
    intent.sharing = channels.get(channel)
    if (intent.sharing === undefined) rooms.set(roomId, (rooms.get(roomId) ?? 0) + 1)
    channels.set(channel, intent)
    for (const name of rivals(intent.lane)) {
      const lane = lanes.get(name)
      lane?.refused.delete(roomId)
      if (lane?.idle.delete(roomId) === true) dirty.add(name)
    }
  }

  const leaveChannel = (intent: Intent<E>, channel: string) => {
    const first = channels.get(channel)
    if (first !== intent) {
      let before = first
      while (before !== undefined && before.sharing !== intent) before = before.sharing
      if (before !== undefined) before.sharing = intent.sharing
      return
    }
    if (intent.sharing !== undefined) {
      channels.set(channel, intent.sharing)
      return
    }
    channels.delete(channel)
    const roomId = roomOf(channel)
    const left = (rooms.get(roomId) ?? 1) - 1
    if (left > 0) rooms.set(roomId, left)
    else {
      rooms.delete(roomId)
      laneOf(intent.lane).idle.add(roomId)
    }
  }

  const forgetEarly = () => {
    if (earlyCount > 0) early.clear()
    earlyCount = 0
    earlyBytes = 0
    earlyLost = 0
  }

  const answered = (intent: Intent<E>) => {
    laneOf(intent.lane).subscribing -= 1
    notOpening()
  }

  const notOpening = () => {
    opening -= 1
    // Nobody is left who could claim what is parked.
    if (opening === 0) forgetEarly()
  }

  /** Nothing is open any more: what was is absent, and owes its consumers a gap. The server may still have its channel. */
  const loseOpen = (cause: GapCause) => {
    connected = false
    channels.clear()
    rooms.clear()
    forgetEarly()
    for (const intent of intents.values()) {
      if (intent.phase !== "Open") continue
      const { channel } = intent
      intent.missed = { cause, by: intent.consumers }
      want(intent)
      intent.channel = channel
    }
  }

  const disconnected = (cause: GapCause) => {
    epoch += 1
    opening = 0
    lanes.clear()
    dirty.clear()
    loseOpen(cause)
    for (const intent of intents.values()) {
      if (intent.consumers.length === 0) intents.delete(intent.key)
      else want(intent)
    }
  }

  /** The server may or may not have dropped it: it is opened again or, where nobody wants it any more, left. */
  const doubtful = (intent: Intent<E>, channel: string | undefined) => {
    answered(intent)
    want(intent)
    intent.channel = channel
    if (intent.consumers.length === 0) abandon(intent)
  }

  const end = (intent: Intent<E>, error: E) => {
    const consumers = intent.consumers
    intent.consumers = []
    abandon(intent)
    for (const consumer of consumers) consumer.fail(error)
  }

  /** Forgets an intent that is not open. */
  const abandon = (intent: Intent<E>) => {
    forget(intent)
    if (intent.channel === undefined) return
    const roomId = roomOf(intent.channel)
    if (!rooms.has(roomId)) laneOf(intent.lane).idle.add(roomId)
  }

  return {
    acquire: (key, lane, volatile, consumer) => {
      const known = intents.get(key)
      if (known !== undefined) {
        known.consumers = [...known.consumers, consumer]
        if (known.phase === "Open") consumer.opened()
        return known
      }
      const intent: Intent<E> = {
        key,
        lane,
        volatile,
        consumers: [consumer],
        phase: "Absent",
        channel: undefined,
        parkedBefore: 0,
        sharing: undefined,
        missed: undefined
      }
      if (closed !== undefined) {
        intent.consumers = []
        consumer.fail(closed.error)
        return intent
      }
      intents.set(key, intent)
      want(intent)
      return intent
    },

    release: (intent, consumer) => {
      const left = intent.consumers.filter((other) => other !== consumer)
      if (left.length === intent.consumers.length) return
      intent.consumers = left
      // While it is being opened, its answer will find that nobody wants it any more.
      if (left.length > 0 || intent.phase === "Opening" || intent.phase === "Doubtful") return
      if (intent.phase === "Absent") return abandon(intent)
      if (intent.channel !== undefined) leaveChannel(intent, intent.channel)
      forget(intent)
    },

    plan: (now) => {
      if (!connected || dirty.size === 0) return []
      const commands: Array<Command<E>> = []
      // What happens in one lane may unblock its rivals.
      for (const name of dirty.has(anyLane) ? lanes.keys() : dirty.add(anyLane)) {
        const lane = lanes.get(name)
        if (lane === undefined) continue
        if (lane.idle.size > 0) {
          // Leaving comes first, or a steady flow of new subscriptions would keep it waiting for ever.
          if (amongRivals(name, ({ subscribing }) => subscribing > 0)) continue
          for (const roomId of new Set([...lane.idle, ...lane.refused])) {
            if (pace.nextAt(now) > now) return commands
            pace.took(now)
            commands.push({ _tag: "Unsubscribe", epoch, lane: name, roomId })
            lane.unsubscribing += 1
            lane.idle.delete(roomId)
            lane.refused.delete(roomId)
          }
        } else if (lane.absent.size > 0) {
          if (amongRivals(name, ({ idle, unsubscribing }) => idle.size + unsubscribing > 0)) continue
          for (const intent of lane.absent) {
            if (pace.nextAt(now) > now) return commands
            pace.took(now)
            intent.phase = "Opening"
            intent.parkedBefore = parkedEver
            commands.push({ _tag: "Subscribe", epoch, intent })
            lane.subscribing += 1
            opening += 1
            lane.absent.delete(intent)
          }
        } else if (lane.subscribing + lane.unsubscribing + lane.refused.size === 0) lanes.delete(name)
      }
      dirty.clear()
      return commands
    },

    nextAt: (now) => {
      const at = pace.nextAt(now)
      if (!connected || at <= now) return undefined
      for (const { absent, idle } of lanes.values()) if (absent.size + idle.size > 0) return at
      return undefined
    },

    limited: (now) => pace.refused(now),

    subscribed: (intent, of, channel) => {
      if (of !== epoch) return
      if (intent.phase === "Doubtful") return doubtful(intent, channel)
      const parked = early.get(channel)
      const lost = earlyLost
      const consumers = intent.consumers
      const missed = intent.missed
      intent.missed = undefined
      joinChannel(intent, channel)
      if (missed !== undefined) {
        for (const consumer of consumers) if (missed.by.includes(consumer)) consumer.gap(missed.cause)
      }
      for (const consumer of consumers) consumer.opened()
      if (lost > 0) { for (const consumer of consumers) consumer.gap({ _tag: "Overflow", lost }) }
      if (parked !== undefined) {
        early.delete(channel)
        earlyCount -= parked.length
        for (const { frame, nth, size } of parked) {
          earlyBytes -= size
          if (nth >= intent.parkedBefore) { for (const consumer of consumers) consumer.notify(frame, size) }
        }
      }
      answered(intent)
      if (consumers.length === 0) {
        leaveChannel(intent, channel)
        forget(intent)
      }
    },

    refused: (intent, of, error) => {
      if (of !== epoch) return
      if (intent.phase === "Doubtful") return doubtful(intent, intent.channel)
      answered(intent)
      end(intent, error)
    },

    postponed: (intent, of) => {
      if (of !== epoch) return false
      const { channel, phase } = intent
      if (phase === "Doubtful") doubtful(intent, channel)
      else {
        answered(intent)
        postpone(intent)
        intent.channel = channel
        if (intent.consumers.length === 0) abandon(intent)
      }
      return phase !== "Doubtful"
    },

    overlooked: (intent, of) => {
      if (of !== epoch) return false
      notOpening()
      postpone(intent)
      return true
    },

    overtaken: (name, of) => {
      if (of === epoch) laneOf(name).subscribing -= 1
    },

    openedLate: (name, of, channel) => {
      if (of === epoch && !rooms.has(roomOf(channel))) laneOf(name).idle.add(roomOf(channel))
    },

    due: (intent) => {
      if (intent.phase === "Absent" && intents.get(intent.key) === intent) laneOf(intent.lane).absent.add(intent)
    },

    exhausted: (intent, error) => {
      if (intent.phase === "Absent" && intents.get(intent.key) === intent) end(intent, error)
    },

    outdated: (intent, of) => {
      if (of === epoch) doubtful(intent, intent.channel)
    },

    unanswered: (intent, of, error) => {
      if (of !== epoch) return false
      const known = intent.missed?.by ?? []
      const unheard = intent.consumers.filter((consumer) => !known.includes(consumer))
      intent.consumers = intent.consumers.filter((consumer) => known.includes(consumer))
      for (const consumer of unheard) consumer.fail(error)
      return intent.consumers.length > 0
    },

    unsubscribed: (name, of) => {
      if (of === epoch) laneOf(name).unsubscribing -= 1
    },

    notUnsubscribed: (name, of, roomId) => {
      if (of !== epoch) return
      const lane = laneOf(name)
      lane.unsubscribing -= 1
      if (!rooms.has(roomId)) lane.refused.add(roomId)
    },

    unsubscribeOverlooked: (name, of, roomId) => {
      if (of !== epoch) return
      const lane = laneOf(name)
      lane.unsubscribing -= 1
      if (!rooms.has(roomId)) lane.idle.add(roomId)
    },

    mayListen: (name, roomId) => rooms.has(roomId) || amongRivals(name, ({ subscribing }) => subscribing > 0),

    connected: () => {
      connected = true
      for (const [name, { idle, refused }] of lanes) {
        if (refused.size === 0) continue
        for (const roomId of refused) idle.add(roomId)
        refused.clear()
        dirty.add(name)
      }
    },

    suspended: () => {
      connected = false
    },

    disconnected,

    dropped: (cause) => {
      for (const intent of intents.values()) {
        if (intent.phase === "Open") continue
        if (intent.phase === "Opening") intent.phase = "Doubtful"
      }
      for (const name of lanes.keys()) dirty.add(name)
      loseOpen(cause)
    },

    notification: (channel, frame, size) => {
      let intent = channels.get(channel)
      if (intent === undefined) return false
      for (; intent !== undefined; intent = intent.sharing) {
        const consumers: ReadonlyArray<Consumer<E>> = intent.consumers
        for (let i = 0; i < consumers.length; i++) consumers[i]!.notify(frame, size)
      }
      return true
    },

    early: (channel, frame, size) => {
      if (opening === 0) return false
      if (earlyCount >= maxEarly || earlyBytes + size > maxEarlyBytes) {
        earlyLost += 1
        return false
      }
      earlyCount += 1
      earlyBytes += size
      const one = { nth: parkedEver++, frame, size }
      const parked = early.get(channel)
      if (parked === undefined) early.set(channel, [one])
      else parked.push(one)
      return true
    },

    settled: () => {
      if (!connected) return true
      if (opening > 0) return false
      // Requests do not wait for subscriptions that the server's rate limit delays.
      if (pace.isLimited) return true
      for (const lane of lanes.values()) if (lane.absent.size > 0) return false
      return true
    },

    close: (error) => {
      closed ??= { error }
      const orphans = Array.from(intents.values(), (intent) => intent.consumers).flat()
      intents.clear()
      disconnected({ _tag: "Overflow", lost: 0 })
      for (const consumer of orphans) consumer.fail(error)
    },

    size: () => intents.size
  }
}
