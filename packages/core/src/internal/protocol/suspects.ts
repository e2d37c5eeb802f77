/**
 * Decides which requests may be in flight together after a connection has ended. A request that was in flight may have
 * ended the connection, for example by crashing the server. It would end the next connection, too. The client cannot
 * distinguish this from a network failure. Most losses are network failures, so requests that were in flight at one
 * loss are sent again together, but not together with other requests. Requests that were in flight at a second loss are
 * sent one at a time. In this way, a request that keeps ending connections is identified, and fails alone.
 *
 * This is the rule of the offline queue, whose callers wait. The outbox (`outbox.ts`) sends a request alone after its
 * first loss, because no caller waits. Both give up at the same limits.
 */
import type { ConnectionEndedError } from "../../KuzzleError.ts"

/**
 * How many requests of the queue or of the outbox are in flight at once. They fill the link and do not overload the
 * server.
 */
export const window = 32

/**
 * How long requests in flight hold back the requests of another group, in milliseconds. A request that crashes a server
 * does so at once. A slow request must not block the queue until its deadline.
 */
const probation = 2000

/** A request is given up after this many connections were lost while it was the only request in flight. */
export const maxLossesAlone = 3

/** A request is sent on at most this many connections, whatever ends them. */
export const maxSends = 8

export interface Suspicion {
  /**
   * `New`: no connection has ended while the request was in flight. `Lost`: one has ended. `Suspect`: two have ended,
   * or one was ended by a frame that may have been its answer. An answer makes it `New` again.
   */
  readonly group: "New" | "Lost" | "Suspect"
  readonly lossesAlone: number
}

export const none: Suspicion = { group: "New", lossesAlone: 0 }

/** The requests of the queue that are in flight on this connection. */
export interface InFlight {
  readonly count: number
  /** The group of the request that was sent last. */
  readonly group: Suspicion["group"]
  /** When that request was sent. */
  readonly since: number
}

export const nothing: InFlight = { count: 0, group: "New", since: -Infinity }

/** When the next request may be sent. `Infinity`: not before a request in flight has been answered. */
export const sendAt = (next: Suspicion["group"], { count, group, since }: InFlight): number => {
  if (count === 0) return -Infinity
  if (count >= window) return Infinity
  return next === group && next !== "Suspect" ? -Infinity : since + probation
}

export interface Loss {
  readonly by: ConnectionEndedError["by"]
  /** Whether no other request was in flight. */
  readonly alone: boolean
  /** On how many connections the request was sent, this one included. */
  readonly sends: number
}

/** The next suspicion of a request that was in flight and may be sent again. `undefined`: it is given up. */
export const lost = ({ group, lossesAlone }: Suspicion, { alone, by, sends }: Loss): Suspicion | undefined => {
  // The client has closed the connection itself, so the request is not suspected.
  if (by === "Replacement") return sends < maxSends ? { group, lossesAlone } : undefined
  // The frame was its answer. The next answer would be as large.
  if (by === "Oversized" && alone) return undefined
  // The first loss does not count, because a client that rarely sends always has only one request in flight.
  const losses = lossesAlone + (alone && group !== "New" ? 1 : 0)
  if (losses >= maxLossesAlone || sends >= maxSends) return undefined
  return { group: group === "New" && by !== "Oversized" ? "Lost" : "Suspect", lossesAlone: losses }
}
