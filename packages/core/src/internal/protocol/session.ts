/**
 * The life of the session as a state machine: `next(state, event)`. What is to be *done* in a state follows from the
 * state alone; the shell (`internal/runtime/session.ts`) does it and reports what happened as the next event.
 *
 * The order after each open is law (spec 3.9): subscriptions are opened again before any new request passes.
 */
import type { ConnectError, ConnectionEnded } from "../../KuzzleError.ts"

/** Dialling. `attempt` counts from 1 and starts again after a stable session. */
export interface Connecting {
  readonly _tag: "Connecting"
  readonly endpoint: string
  readonly attempt: number
}

/** The socket is open; the server is being told what we listen to. Requests wait. */
export interface Resubscribing {
  readonly _tag: "Resubscribing"
  readonly endpoint: string
  readonly attempt: number
}

/** Requests pass. */
export interface Ready {
  readonly _tag: "Ready"
  readonly endpoint: string
  readonly attempt: number
}

/** Not connected; the next attempt comes after `delayMillis`. */
export interface Waiting {
  readonly _tag: "Waiting"
  readonly endpoint: string
  /** The number of the attempt to come. */
  readonly attempt: number
  readonly delayMillis: number
  readonly cause: ConnectError | ConnectionEnded
}

/** The reconnection schedule came to its end: nothing will be tried any more. */
export interface Failed {
  readonly _tag: "Failed"
  readonly cause: ConnectError | ConnectionEnded
}

/** The scope of the client was closed. */
export interface Closed {
  readonly _tag: "Closed"
}

export type ConnectionState = Connecting | Resubscribing | Ready | Waiting | Failed | Closed

export type Event =
  | { readonly _tag: "Opened" }
  | { readonly _tag: "Resubscribed" }
  /** The dial failed or the connection ended; the schedule says when to try again, or (`undefined`) never. */
  | {
    readonly _tag: "Lost"
    readonly cause: ConnectError | ConnectionEnded
    readonly delayMillis: number | undefined
    /** The session had been up long enough to count as healthy (promise C6). */
    readonly stable: boolean
  }
  /** The delay is over, or something woke us. */
  | { readonly _tag: "Due" }
  | { readonly _tag: "Close" }

export const initial = (endpoints: ReadonlyArray<string>): Connecting => ({
  _tag: "Connecting",
  endpoint: endpoints[0]!, // KuzzleConfig guarantees one
  attempt: 1
})

/**
 * The endpoint after this one: each attempt that came to nothing moves on, one that was accepted and dropped included, so
 * that a dead host costs one attempt in a round.
 */
const after = (endpoints: ReadonlyArray<string>, endpoint: string): string =>
  endpoints[(endpoints.indexOf(endpoint) + 1) % endpoints.length]!

/** An event that makes no sense in a state leaves it as it is. */
export const next = (endpoints: ReadonlyArray<string>) => (state: ConnectionState, event: Event): ConnectionState => {
  if (state._tag === "Closed" || state._tag === "Failed") return state
  switch (event._tag) {
    case "Close":
      return { _tag: "Closed" }
    case "Opened":
      return state._tag === "Connecting" ? { ...state, _tag: "Resubscribing" } : state
    case "Resubscribed":
      return state._tag === "Resubscribing" ? { ...state, _tag: "Ready" } : state
    case "Lost": {
      if (event.delayMillis === undefined) return { _tag: "Failed", cause: event.cause }
      if (state._tag === "Waiting") return state
      return {
        _tag: "Waiting",
        endpoint: event.stable ? state.endpoint : after(endpoints, state.endpoint),
        attempt: event.stable ? 1 : state.attempt + 1,
        delayMillis: event.delayMillis,
        cause: event.cause
      }
    }
    case "Due":
      return state._tag === "Waiting"
        ? { _tag: "Connecting", endpoint: state.endpoint, attempt: state.attempt }
        : state
  }
}

/** What becomes of a request that is submitted now (promises R3, R5). */
export type Admission = "Send" | "Wait" | "Refuse"

export const admission = (state: ConnectionState): Admission => {
  switch (state._tag) {
    case "Ready":
      return "Send"
    case "Resubscribing":
      return "Wait"
    case "Connecting":
    case "Waiting":
    case "Failed":
    case "Closed":
      return "Refuse"
  }
}
