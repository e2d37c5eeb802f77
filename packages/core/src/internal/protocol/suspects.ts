/**
 * Which requests to send beside each other after a connection has ended. A request that was in flight may be what ended
 * it, by crashing the server for example, and would end the next connection, too. It cannot be distinguished from a
 * network failure. So requests that were in flight at one loss are sent again together, because most losses are network
 * failures, but not together with other requests. Those that were in flight at a second loss are sent one at a time. A
 * request that keeps ending connections is identified in this way, and fails alone.
 *
 * This is the rule of the queue, whose callers wait. The outbox (`outbox.ts`) sends a request alone after the first
 * loss, because no caller waits for it, no younger request may overtake it, and only the number of its losses survives
 * a crash. Both give up at the same limits.
 */
import type { ConnectionEndedError } from "../../KuzzleError.ts"

/** How many requests of the queue, or of the outbox, are in flight at once: enough to fill the link, too few to overload the server. */
export const window = 32

/**
 * How long requests in flight hold back those of another group, in milliseconds. A request that crashes a server does
 * so at once. A slow request must not hold up the queue until its deadline.
 */
const probation = 2000

/** A request is given up after this many connections were lost while it was the only request in flight. */
export const maxLossesAlone = 3

/** A request is sent on at most this many connections, whatever ends them. */
export const maxSends = 8

export interface Suspicion {
  /**
   * `New`: no connection has ended while it was in flight. `Lost`: one has. `Suspect`: two have, or the frame that ended
   * one may have been its answer. An answer makes it `New` again.
   */
  readonly group: "New" | "Lost" | "Suspect"
  readonly lossesAlone: number
}

export const none: Suspicion = { group: "New", lossesAlone: 0 }

/** The requests of the queue that are in flight on this connection. */
export interface InFlight {
  readonly count: number
  /** The group of the last one. */
  readonly group: Suspicion["group"]
  /** When the last one was sent. */
  readonly since: number
}

export const nothing: InFlight = { count: 0, group: "New", since: -Infinity }

/** When the next request may be sent; `Infinity`: when a request in flight has been answered. */
export const sendAt = (next: Suspicion["group"], { count, group, since }: InFlight): number => {
  if (count === 0) return -Infinity
  if (count >= window) return Infinity
  return next === group && next !== "Suspect" ? -Infinity : since + probation
}

export interface Loss {
  readonly by: ConnectionEndedError["by"]
  /** No other request was in flight. */
  readonly alone: boolean
  /** On how many connections the request was sent, this one included. */
  readonly sends: number
}

/** The next state of a request that was in flight and may be sent again. `undefined`: it is given up. */
export const lost = ({ group, lossesAlone }: Suspicion, { alone, by, sends }: Loss): Suspicion | undefined => {
  // The client has ended the connection itself.
  if (by === "Replacement") return sends < maxSends ? { group, lossesAlone } : undefined
  // The next answer would be as large.
  if (by === "Oversized" && alone) return undefined
  // The first loss does not count: a request that is sent now and then is always alone.
  const counted = lossesAlone + (alone && group !== "New" ? 1 : 0)
  if (counted >= maxLossesAlone || sends >= maxSends) return undefined
  return { group: group === "New" && by !== "Oversized" ? "Lost" : "Suspect", lossesAlone: counted }
}
