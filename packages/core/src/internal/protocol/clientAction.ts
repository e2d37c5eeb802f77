/** The actions that the client's machine (`client.ts`) asks for, and the events that it reports. */
import type * as Option from "effect/Option"
import type { ConnectError, ConnectionEndedError, TokenStoreError } from "../../KuzzleError.ts"
import type { Call } from "./call.ts"
import type * as Connection from "./connection.ts"
import type * as Identities from "./identity.ts"
import type * as Listenings from "./listening.ts"
import type { Pulse } from "./pulse.ts"
import type * as RequestLine from "./requests.ts"
import type { Unroutable } from "./route.ts"

/** Events that no request is waiting for: of the connection, the session and requests (spec 3.8). */
export type Event =
  /** The client is connected again. The subscriptions are open and the queued requests are sent. */
  | { readonly _tag: "Reconnected"; readonly endpoint: string; readonly attempt: number }
  | { readonly _tag: "Disconnected"; readonly cause: ConnectionEndedError }
  /** An attempt to connect has failed. */
  | { readonly _tag: "ConnectFailed"; readonly cause: ConnectError }
  /** No further attempt to connect will be made. */
  | { readonly _tag: "GaveUp"; readonly cause: Cause }
  /** The server reported that a token has expired. */
  | { readonly _tag: "TokenExpired" }
  | { readonly _tag: "TokenStoreFailed"; readonly error: TokenStoreError }
  /** A frame that belongs to no request and no subscription. Its content is omitted, because it may contain secrets. */
  | { readonly _tag: "Unroutable"; readonly reason: Unroutable["reason"]; readonly errorId: Option.Option<string> }
  | Identities.AuthenticationEvent
  | RequestLine.RequestEvent

/** Why there is no connection. */
export type Cause = ConnectError | ConnectionEndedError

/** What the shell must do. */
export type Action =
  /** Give the `frame` of this request to the socket, and answer with `handleSent` or `handleUnsent` of the requests. */
  | Call
  /**
   * Dial, and answer with `handleLocated`, `handleOpened` and `handleLost`. No other attempt or socket exists at this
   * time.
   */
  | { readonly _tag: "Dial"; readonly generation: number }
  /** End the connection, and report `ended` as its cause. */
  | { readonly _tag: "Terminate"; readonly ended: ConnectionEndedError }
  /** Ask the reconnection schedule, and answer with `handleDelay`. `restart`: start the schedule from its beginning. */
  | { readonly _tag: "AskReconnect"; readonly cause: Cause; readonly restart: boolean }
  | { readonly _tag: "Ping" }
  /**
   * Ask the heartbeat's schedule, and answer with `handlePulsesPlanned`. Start the schedule from its beginning for a
   * new `pulse`.
   */
  | { readonly _tag: "PlanPulses"; readonly pulse: Pulse; readonly count: number }
  /** The state of the connection has changed. */
  | { readonly _tag: "State"; readonly before: Connection.ConnectionState; readonly now: Connection.ConnectionState }
  /** The client has closed the connection on purpose, and dials another one. */
  | { readonly _tag: "Replaced"; readonly cause: Cause }
  /** Complete the layer: the first connection is ready. */
  | { readonly _tag: "Usable" }
  /** Fail the layer: no endpoint could be reached. */
  | { readonly _tag: "Unusable"; readonly error: ConnectError }
  /** No request is in flight any more, or the wait for them has ended. */
  | { readonly _tag: "Drained" }
  | Exclude<Identities.Action, Identities.ClientAction>
  | Extract<Listenings.Action, { readonly _tag: "Ask" | "Wait" }>
  /** `size` is the length of the text that the event was decoded from, if any. */
  | { readonly _tag: "Publish"; readonly event: Event; readonly size: number | undefined }
