/** The circumstances of a history, all drawn from its seed: the client's settings, its host, the network, the server. */
import { type KuzzleConfig, type KuzzleHeartbeat, KuzzleSchedule } from "@effect-kuzzle/core"
import type { KuzzleEngine } from "@effect-kuzzle/testing"
import { Duration, Schedule } from "effect"
import type { Order } from "./host.ts"
import type { Random } from "./random.ts"

export interface Reconnect {
  readonly kind: "jitter" | "exponential" | "spaced" | "ending"
  readonly base: number
  readonly cap: number
}

/** How likely each fault of the server or the network is, for each frame. */
export interface Rates {
  /** A request is neither executed nor answered. */
  readonly dropRequest: number
  /** A request is executed late, and others overtake it. */
  readonly slowRequest: number
  /** A request is executed, and its answer never arrives. */
  readonly dropAnswer: number
  readonly slowAnswer: number
  /** The answer arrives a second time later, on this connection or on the next. */
  readonly duplicate: number
  /** A subscription is refused. */
  readonly refuse: number
  /** A subscription is refused temporarily. */
  readonly postpone: number
  /** A request is dropped because of the rate limit, and the server reports only that one was (spec 1.7). */
  readonly limit: number
  /** A request is refused by an answer that names no room (spec 1.7). */
  readonly roomless: number
  /** A notification is lost on the way, without a trace. */
  readonly loseNotification: number
  /** A frame that Kuzzle never sends arrives. */
  readonly garbage: number
}

export interface Queue {
  readonly maxSize: number
  readonly ttl: number
}

export interface Plan {
  readonly order: Order
  readonly settings: {
    readonly requestTimeout: number
    readonly connectTimeout: number
    readonly stableAfter: number
    readonly maxRequestSize: number
    readonly reconnect: Reconnect
  }
  readonly heartbeat: {
    readonly ping: KuzzleHeartbeat.KuzzleHeartbeatShape["ping"]
    readonly interval: number
    readonly timeout: number
    /** The busy timeout, as a multiple of `timeout`. */
    readonly busy: number
  }
  readonly engine: KuzzleEngine.Options
  /** How many further endpoints never answer. */
  readonly deadEndpoints: number
  readonly firstIsDead: boolean
  readonly socket: { readonly pings: boolean; readonly terminates: boolean }
  readonly latency: number
  readonly jitter: number
  readonly rates: Rates
  /** Milliseconds between two faults of the network, the server, the host; `Infinity` for none. */
  readonly faultPause: number
  /** Whether the client's host may stall and its wall clock may be set. */
  readonly hostFaults: boolean
  /** For how long faults happen. */
  readonly faultMillis: number
  readonly requesters: number
  readonly listeners: number
  readonly pace: number
  readonly publishPause: number
  readonly logins: boolean
  /** How likely the client's authenticator fails. `undefined`: the client has none. */
  readonly authenticator: number | undefined
  /** When tokens are refreshed before they expire. */
  readonly refresh: "Default" | "Early" | "Never"
  readonly queue: Queue | undefined
  /** `Abrupt`: the client is closed in the middle of everything. */
  readonly ending: "Heal" | "Abrupt"
  /** Whether the socket reports the number of received bytes. */
  readonly counts: boolean
  /** How often the bandwidth to the client is limited for a while, and to how much. `undefined`: never. */
  readonly narrow: { readonly pause: number; readonly bytesPerSecond: number; readonly seed: number } | undefined
}

const rarely = (random: Random, probability: number, rate: number): number => random.chance(probability) ? rate : 0

export const draw = (random: Random): Plan => {
  const isFaultless = random.chance(0.08)
  const order: Order = {
    shuffled: random.chance(0.6),
    maxSteps: random.pick([2048, 2048, 200, 30]),
    eventFirst: random.pick([0, 0, 0.2, 0.7])
  }
  const faults = (probability: number, rate: number) => isFaultless ? 0 : rarely(random, probability, rate)
  const base = random.pick([50, 200, 1000])
  const cap = base * random.pick([4, 10])
  const interval = random.pick([500, 2000, 10_000, 10_000])
  // Longer than the slowest round trip: without faults, no connection is lost.
  const timeout = random.pick([400, 1000, 5000])
  const ping = random.pick(["Native", "Native", "Native", "Protocol", "Protocol", "Disabled"] as const)
  const plan: Omit<Plan, "heartbeat" | "counts" | "narrow"> = {
    order,
    settings: {
      requestTimeout: random.pick([400, 1500, 5000, 15_000]),
      connectTimeout: random.pick([500, 2000, 10_000]),
      stableAfter: random.pick([500, 5000, 30_000]),
      maxRequestSize: random.pick([2000, 2000, 1024 ** 2]),
      reconnect: {
        kind: random.pick(["jitter", "jitter", "jitter", "exponential", "exponential", "spaced", "ending"] as const),
        base,
        cap
      }
    },
    engine: {
      tokenLifetime: random.pick([3000, 20_000, 3_600_000]),
      // Without a heartbeat the server would close silent connections.
      idleTimeout: ping === "Disabled" ? 86_400_000 : 4 * (interval + timeout)
    },
    deadEndpoints: random.chance(0.15) ? random.int(1, 2) : 0,
    firstIsDead: random.chance(0.5),
    socket: { pings: random.chance(0.7), terminates: random.chance(0.7) },
    latency: random.pick([0, 1, 5, 40]),
    jitter: random.pick([0, 1, 10, 100]),
    rates: {
      dropRequest: faults(0.3, 0.02),
      slowRequest: faults(0.4, 0.1),
      dropAnswer: faults(0.3, 0.02),
      slowAnswer: faults(0.4, 0.1),
      duplicate: faults(0.3, 0.05),
      refuse: faults(0.25, 0.15),
      postpone: faults(0.25, 0.2),
      limit: faults(0.2, 0.1),
      roomless: faults(0.25, 0.03),
      loseNotification: faults(0.2, 0.05),
      garbage: faults(0.25, 0.03)
    },
    faultPause: isFaultless ? Infinity : random.pick([800, 2000, 5000]),
    hostFaults: !isFaultless && random.chance(0.4),
    faultMillis: random.int(2, 14) * 1000,
    requesters: random.int(1, 3),
    listeners: random.int(1, 6),
    pace: random.pick([150, 500, 1500]),
    publishPause: random.pick([100, 300, 1000]),
    logins: random.chance(0.5),
    ending: random.chance(0.2) ? "Abrupt" : "Heal",
    authenticator: random.chance(0.35) ? random.pick([0, 0.2, 0.6]) : undefined,
    refresh: random.pick(["Default", "Default", "Early", "Never"] as const),
    queue: random.chance(0.5)
      ? {
        maxSize: random.pick([3, 20, 500]),
        ttl: random.pick([500, 5000, 120_000])
      }
      : undefined
  }
  // Later additions are drawn last, so that seeds keep their plans.
  const counts = random.chance(0.5)
  const bytesPerSecond = random.pick([100, 400, 3000])
  const narrow = !isFaultless && counts && random.chance(0.5)
    ? { pause: random.pick([3000, 8000]), bytesPerSecond, seed: random.int(0, 2 ** 31) }
    : undefined
  return { ...plan, heartbeat: { ping, interval, timeout, busy: random.pick([1, 2, 4]) }, counts, narrow }
}

/** The longest wait for the answer to a ping while requests are in flight. Not every socket reports received bytes. */
export const longestWait = ({ counts, heartbeat: { busy, timeout } }: Plan): number => counts ? timeout : timeout * busy

export const heartbeat = (
  { heartbeat: { busy, interval, ping, timeout } }: Plan
): KuzzleHeartbeat.KuzzleHeartbeatShape => ({
  ping,
  schedule: KuzzleSchedule.heartbeat({ interval }),
  timeout: Duration.millis(timeout),
  busyTimeout: Duration.millis(timeout * busy)
})

export const endpoints = ({ deadEndpoints, firstIsDead }: Plan): ReadonlyArray<string> => {
  const dead = Array.from({ length: deadEndpoints }, (_, i) => `ws://dead-${i}:7512/`)
  return firstIsDead ? [...dead, "ws://kuzzle:7512/"] : ["ws://kuzzle:7512/", ...dead]
}

export const options = (plan: Plan): KuzzleConfig.Options => {
  const { connectTimeout, maxRequestSize, reconnect, requestTimeout, stableAfter } = plan.settings
  return {
    url: endpoints(plan),
    connectTimeout,
    requestTimeout,
    stableAfter,
    maxRequestSize,
    reconnect: schedule(reconnect),
    resubscribe: KuzzleSchedule.retry({ base: 100, cap: 1000, times: Infinity }),
    tokenRefresh: renewal(plan.refresh),
    ...(plan.queue === undefined
      ? {}
      : { autoQueue: true, queueMaxSize: plan.queue.maxSize, queueTTL: Duration.millis(plan.queue.ttl) })
  }
}

const renewal = (refresh: Plan["refresh"]): Schedule.Schedule<unknown, KuzzleSchedule.Expiring> => {
  switch (refresh) {
    case "Default":
      return KuzzleSchedule.tokenRefresh()
    case "Early":
      return KuzzleSchedule.tokenRefresh({ fraction: 0.3, jitter: 0.2 })
    case "Never":
      return Schedule.recurs(0)
  }
}

const schedule = ({ base, cap, kind }: Reconnect): Schedule.Schedule<unknown> => {
  switch (kind) {
    case "jitter":
      return KuzzleSchedule.reconnect({ base, cap })
    case "exponential":
      return Schedule.union(Schedule.exponential(base), Schedule.spaced(cap))
    case "spaced":
      return Schedule.spaced(base)
    case "ending":
      return Schedule.intersect(Schedule.spaced(base), Schedule.recurs(6))
  }
}

/** The bounds of the backoff delay after the `nth` loss in a row, counted from 0. */
export const pauseBounds = ({ base, cap, kind }: Reconnect, nth: number): readonly [least: number, most: number] => {
  const grown = Math.min(cap, base * 2 ** nth)
  switch (kind) {
    case "jitter":
      return [1, grown]
    case "exponential":
      return [grown, grown]
    case "spaced":
    case "ending":
      return [base, base]
  }
}

/** The longest time after the last fault until everything must work again. */
export const healing = (plan: Plan): number => {
  const { deadEndpoints, heartbeat, settings } = plan
  return 6 * (heartbeat.interval + longestWait(plan)) +
    (deadEndpoints + 2) * (settings.connectTimeout + settings.reconnect.cap) + 4 * settings.requestTimeout
}
