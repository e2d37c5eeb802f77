/** The states of the connection and their transitions (`next`). `client.ts` decides when a step has ended. */
import * as Duration from "effect/Duration"
import type { ConnectError, ConnectionEndedError } from "../../KuzzleError.ts"

/**
 * An endpoint is being dialled. `attempt` counts from 1, and starts again after a stable connection. `because` says
 * why: the client has started, a connection was lost, or the client has closed the previous one for another user or
 * cookie.
 */
export interface Connecting {
  readonly _tag: "Connecting"
  /** Empty until the effect of `url` has yielded an address. */
  readonly endpoint: string
  readonly attempt: number
  readonly because: "Start" | "Loss" | "Replacement"
}

/** Connected. The session is being begun or renewed. Requests wait. */
export interface Authenticating {
  readonly _tag: "Authenticating"
  readonly endpoint: string
  readonly attempt: number
}

/**
 * Connected, but the client is about to close the connection on purpose. Requests in flight may finish. New ones wait.
 */
export interface Replacing {
  readonly _tag: "Replacing"
  readonly endpoint: string
  readonly attempt: number
}

/** Connected. The subscriptions are being sent to the server. Requests wait. */
export interface Resubscribing {
  readonly _tag: "Resubscribing"
  readonly endpoint: string
  readonly attempt: number
}

/** Connected. The queued requests are being sent in order. New requests wait behind them. */
export interface Replaying {
  readonly _tag: "Replaying"
  readonly endpoint: string
  readonly attempt: number
}

/** Connected. Requests are sent at once. */
export interface Ready {
  readonly _tag: "Ready"
  readonly endpoint: string
  readonly attempt: number
}

/** Not connected. The next attempt follows after `delay`, or at once when the host comes back online or wakes up. */
export interface Waiting {
  readonly _tag: "Waiting"
  readonly endpoint: string
  /** The number of the next attempt. */
  readonly attempt: number
  readonly delay: Duration.Duration
  /** Whether the host reports a network. */
  readonly online: boolean
  readonly cause: ConnectError | ConnectionEndedError
}

/** The reconnection schedule has ended. No further attempt is made. */
export interface Failed {
  readonly _tag: "Failed"
  readonly cause: ConnectError | ConnectionEndedError
}

/** The scope of the client was closed. */
export interface Closed {
  readonly _tag: "Closed"
}

export type ConnectionState =
  | Connecting
  | Authenticating
  | Replacing
  | Resubscribing
  | Replaying
  | Ready
  | Waiting
  | Failed
  | Closed

export type Event =
  /** The address of the current attempt is known. Addresses may change between attempts. */
  | { readonly _tag: "Located"; readonly endpoint: string }
  /** The socket is open. `authenticate`: the session is not known to be valid. */
  | { readonly _tag: "Opened"; readonly authenticate: boolean }
  /** The token has expired or is about to. */
  | { readonly _tag: "Challenged" }
  /** It is now known whether there is a session. */
  | { readonly _tag: "Authenticated" }
  | { readonly _tag: "Resubscribed"; readonly queued: boolean }
  | { readonly _tag: "Replayed" }
  /** The client is about to close the connection on purpose. `Redial` or `Kept` follows. */
  | { readonly _tag: "Renew" }
  /** The connection was closed on purpose, and another one is dialled. */
  | { readonly _tag: "Redial" }
  /** The connection stays after all. `authenticate`: the session is being renewed. */
  | { readonly _tag: "Kept"; readonly authenticate: boolean }
  /**
   * The attempt failed or the connection ended. `delayMillis` is the delay of the schedule. It is `undefined` if the
   * schedule has ended.
   */
  | {
    readonly _tag: "Lost"
    readonly cause: ConnectError | ConnectionEndedError
    readonly delayMillis: number | undefined
    /** Whether the connection was open long enough to count as stable (promise C6). */
    readonly stable: boolean
    readonly online: boolean
  }
  /** The host found or lost its network. */
  | { readonly _tag: "Network"; readonly online: boolean }
  /** The delay has ended, or the host has woken up. */
  | { readonly _tag: "Due" }
  | { readonly _tag: "Close" }

export const initial = (endpoints: ReadonlyArray<string>): Connecting => ({
  _tag: "Connecting",
  endpoint: endpoints[0] ?? "", // Unknown if it comes from an effect.
  attempt: 1,
  because: "Start"
})

/** The states with an open socket. */
export type Connected = Authenticating | Replacing | Resubscribing | Replaying | Ready

export const isConnected = (state: ConnectionState): state is Connected => {
  switch (state._tag) {
    case "Authenticating":
    case "Replacing":
    case "Resubscribing":
    case "Replaying":
    case "Ready":
      return true
    default:
      return false
  }
}

/**
 * The next endpoint in the list. Every failed attempt moves on, even if the connection was accepted and then dropped.
 * So a dead host costs one attempt in each round.
 */
const after = (endpoints: ReadonlyArray<string>, endpoint: string): string =>
  endpoints[(endpoints.indexOf(endpoint) + 1) % endpoints.length] ?? endpoint

/** The address at the same position in the new list. The list may have changed since the last attempt. */
export const located = (
  before: ReadonlyArray<string>,
  endpoint: string,
  now: readonly [string, ...Array<string>]
): string => now[Math.max(0, before.indexOf(endpoint)) % now.length] ?? now[0]

/** The address of the next attempt after one at `endpoint`. `stable`: that attempt led to a stable connection. */
export const following = (endpoints: ReadonlyArray<string>, endpoint: string, stable: boolean): string =>
  stable ? endpoint : after(endpoints, endpoint)

/** The next state. An event that does not apply to a state does not change it. */
export const next = (endpoints: ReadonlyArray<string>) => (state: ConnectionState, event: Event): ConnectionState => {
  if (state._tag === "Closed" || state._tag === "Failed") return state
  const to = <Tag extends Connected["_tag"]>(_tag: Tag) => ({ _tag, endpoint: state.endpoint, attempt: state.attempt })
  switch (event._tag) {
    case "Close":
      return { _tag: "Closed" }
    case "Located":
      return state._tag === "Connecting" && state.endpoint !== event.endpoint
        ? { ...state, endpoint: event.endpoint }
        : state
    case "Opened":
      if (state._tag !== "Connecting") return state
      return event.authenticate ? to("Authenticating") : to("Resubscribing")
    case "Challenged":
      return state._tag === "Resubscribing" || state._tag === "Replaying" || state._tag === "Ready"
        ? to("Authenticating")
        : state
    case "Authenticated":
      return state._tag === "Authenticating" ? to("Resubscribing") : state
    case "Resubscribed":
      if (state._tag !== "Resubscribing") return state
      return event.queued ? to("Replaying") : to("Ready")
    case "Replayed":
      return state._tag === "Replaying" ? to("Ready") : state
    case "Renew":
      return isConnected(state) ? to("Replacing") : state
    case "Kept":
      if (state._tag !== "Replacing") return state
      return event.authenticate ? to("Authenticating") : to("Resubscribing")
    case "Redial":
      return state._tag === "Replacing"
        ? { _tag: "Connecting", endpoint: state.endpoint, attempt: 1, because: "Replacement" }
        : state
    case "Lost": {
      if (event.delayMillis === undefined) return { _tag: "Failed", cause: event.cause }
      if (state._tag === "Waiting") return state
      return {
        _tag: "Waiting",
        endpoint: following(endpoints, state.endpoint, event.stable),
        attempt: event.stable ? 1 : state.attempt + 1,
        delay: Duration.millis(event.delayMillis),
        online: event.online,
        cause: event.cause
      }
    }
    case "Network":
      return state._tag === "Waiting" && state.online !== event.online ? { ...state, online: event.online } : state
    case "Due":
      return state._tag === "Waiting"
        ? { _tag: "Connecting", endpoint: state.endpoint, attempt: state.attempt, because: "Loss" }
        : state
  }
}

/**
 * What happens to a request that is submitted now (promises R3, R5). `Hold`: it waits for the next user, and belongs to
 * that user. `Wait`: it waits, and belongs to the current user. `Queue`: it goes into the offline queue. Without a
 * queue, it is refused. `Refuse`: it is refused.
 *
 * @param byConnection the connection carries the session: the user changes while the state is `Replacing`. A token has
 * changed the user before.
 */
export type Admission = "Send" | "Wait" | "Hold" | "Queue" | "Refuse"

export const admission = (state: ConnectionState, byConnection: boolean): Admission => {
  switch (state._tag) {
    case "Ready":
      return "Send"
    case "Authenticating":
    case "Resubscribing":
    case "Replaying":
      return "Wait"
    case "Replacing":
      return byConnection ? "Hold" : "Wait"
    case "Connecting":
      // The connection was replaced for another session. For requests, this is not a lost connection.
      return state.because === "Replacement" ? "Wait" : "Queue"
    case "Waiting":
      return "Queue"
    case "Failed":
    case "Closed":
      return "Refuse"
  }
}
