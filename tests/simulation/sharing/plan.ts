/** The circumstances of a history in which several clients share an outbox and a session, all drawn from its seed. */
import { type KuzzleConfig, type KuzzleHeartbeat, KuzzleSchedule } from "@effect-kuzzle/core"
import { Duration } from "effect"
import type { Order } from "../host.ts"
import type { Circumstances } from "../network.ts"
import type { Rates } from "../plan.ts"
import type { Random } from "../random.ts"

/** How a store outside the clients behaves. */
export interface StoreFaults {
  /** The longest time until a change is committed, and until its reply arrives, in milliseconds. */
  readonly latency: number
  /** How likely a change fails and nothing is stored. */
  readonly failBefore: number
  /** How likely it is that a change is stored and its client gets an error. */
  readonly failAfter: number
  /** How likely a stored record is damaged. */
  readonly torn: number
}

/**
 * What clients know about the liveness of others. `Honest`: they learn at once that a client has ended. `Late`: up to
 * 20 s later. `Lying`: a running client may count as dead. `Absent`: all others always count as dead.
 */
export type Locks = "Honest" | "Late" | "Lying" | "Absent"

/**
 * How sessions are kept. `Token`: each client has its own. `SharedToken`: one token store for all. `Cookie`: one jar for
 * all.
 */
export type SessionKind = "Token" | "SharedToken" | "Cookie"

export interface SharedPlan {
  readonly order: Order
  readonly circumstances: Circumstances
  readonly rates: Rates
  readonly clients: number
  readonly session: SessionKind
  readonly store: StoreFaults
  /** Milliseconds between two changes of whether the store is full; `Infinity` for never full. */
  readonly fullPause: number
  readonly locks: Locks
  /** The same for the token store. Its records are never damaged. */
  readonly tokens: StoreFaults
  /** The longest time until a client learns of a change in a store, in milliseconds. */
  readonly changeDelay: number
  /** Milliseconds between two ends of clients; `Infinity` for none. */
  readonly endPause: number
  /** How likely an end is a crash, in which no finalizer runs, and not a clean shutdown. */
  readonly crash: number
  /** Milliseconds between two faults of the network and the server; `Infinity` for none. */
  readonly faultPause: number
  /** Whether clients may freeze, and their wall clock be set. */
  readonly hostFaults: boolean
  /** For how long faults happen. */
  readonly faultMillis: number
  readonly requestTimeout: number
  readonly connectTimeout: number
  readonly reconnect: { readonly base: number; readonly cap: number }
  readonly heartbeat: { readonly interval: number; readonly timeout: number }
  readonly ttl: number
  /** The mean time between two requests that a client hands over, in milliseconds. */
  readonly pace: number
  /** Whether users log in and out. Otherwise there is one login, at the start. */
  readonly visits: boolean
  /** Whether one of the requests ends every connection on which it is sent. */
  readonly poison: boolean
}

export const draw = (random: Random): SharedPlan => {
  const isFaultless = random.chance(0.1)
  const fault = (probability: number, rate: number): number => !isFaultless && random.chance(probability) ? rate : 0
  const session = random.pick<SessionKind>(["Token", "Token", "SharedToken", "SharedToken", "Cookie"])
  const hasTorn = fault(0.15, 1) > 0
  return {
    order: {
      shuffled: random.chance(0.4),
      maxSteps: random.pick([2048, 2048, 200]),
      eventFirst: random.pick([0, 0, 0.3])
    },
    circumstances: {
      latency: random.pick([0, 1, 5, 40]),
      jitter: random.pick([0, 1, 10, 60]),
      socket: { pings: random.chance(0.7), terminates: random.chance(0.7) },
      counts: false
    },
    rates: {
      dropRequest: fault(0.2, 0.02),
      slowRequest: fault(0.4, 0.1),
      dropAnswer: fault(0.2, 0.02),
      slowAnswer: fault(0.4, 0.1),
      duplicate: fault(0.2, 0.05),
      refuse: 0,
      postpone: 0,
      limit: 0,
      // A server that refuses to name the user of the cookie ends the session.
      roomless: fault(0.2, 0.03) * (session === "Cookie" ? 0 : 1),
      loseNotification: 0,
      garbage: fault(0.2, 0.03)
    },
    clients: random.pick([1, 2, 2, 3]),
    session,
    store: {
      latency: random.pick([0, 2, 20, 50]),
      failBefore: fault(0.2, 0.05),
      failAfter: fault(0.2, 0.05),
      torn: hasTorn ? 0.05 : 0
    },
    fullPause: isFaultless || random.chance(0.8) ? Infinity : 2000,
    locks: random.pick<Locks>(["Honest", "Honest", "Late", "Lying", "Absent"]),
    tokens: {
      latency: random.pick([0, 2, 50]),
      failBefore: fault(0.15, 0.05),
      failAfter: fault(0.15, 0.05),
      torn: 0
    },
    changeDelay: random.pick([0, 5, 500, 5000]),
    endPause: isFaultless ? Infinity : random.pick([700, 1500, 4000, Infinity]),
    crash: random.pick([0.2, 0.7, 1]),
    faultPause: isFaultless ? Infinity : random.pick([400, 1000, 3000]),
    hostFaults: !isFaultless && random.chance(0.3),
    faultMillis: random.int(1, 5) * 1000,
    requestTimeout: random.pick([1500, 5000, 15_000]),
    connectTimeout: random.pick([500, 2000, 5000]),
    reconnect: { base: random.pick([50, 200, 1000]), cap: random.pick([1000, 3000]) },
    heartbeat: { interval: random.pick([2000, 10_000]), timeout: random.pick([1000, 3000]) },
    ttl: random.pick([300, 2000, 30_000, 86_400_000, 86_400_000]),
    pace: random.pick([150, 400, 1000]),
    visits: random.chance(0.6),
    poison: random.chance(0.2)
  }
}

export const heartbeat = ({ heartbeat: { interval, timeout } }: SharedPlan): KuzzleHeartbeat.KuzzleHeartbeatShape => ({
  ping: "Native",
  schedule: KuzzleSchedule.heartbeat({ interval }),
  timeout: Duration.millis(timeout),
  busyTimeout: Duration.millis(timeout)
})

export const options = ({ connectTimeout, reconnect, requestTimeout }: SharedPlan): KuzzleConfig.Options => ({
  url: "ws://kuzzle:7512/",
  waitForConnection: false,
  connectTimeout,
  requestTimeout,
  reconnect: KuzzleSchedule.reconnect(reconnect)
})

/** The longest pause of the outbox after its store has failed, in milliseconds. */
const longestPause = 30_000

/** The longest time after the last fault until everything must work again. */
export const healing = ({ connectTimeout, heartbeat, reconnect, requestTimeout }: SharedPlan): number =>
  4 * (heartbeat.interval + heartbeat.timeout) + 3 * (connectTimeout + reconnect.cap) + 4 * requestTimeout +
  longestPause
