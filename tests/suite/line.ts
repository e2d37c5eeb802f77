/** The network path of one client to the server, and the faults of that path. This module imports nothing of Node. */
import { Context, type Effect } from "effect"
import type { Scope } from "effect"
import type { ClientLayer, ClientOptions } from "./backend.ts"

/** `Out`: from the client to the server. */
export type Direction = "Out" | "In"

/** What the line lets through, and how fast. Held bytes are not lost: they are delivered when the line is healed. */
export interface LineConditions {
  readonly hold?: Direction | "Both"
  /** Milliseconds, each way. */
  readonly delay?: number
  /** One byte at a time. */
  readonly slices?: boolean
  readonly bytesPerSecond?: number
  /** Connections are refused. */
  readonly refuse?: boolean
}

/**
 * How the open connections end. `Reset`: RST to both ends. `Cut`: FIN to both ends. `EndToClient`, `EndToServer`: FIN to that
 * end, and nothing to the other. A number: a close frame with this code to the client, as a proxy sends it.
 */
export type Ending = "Reset" | "Cut" | "EndToClient" | "EndToServer" | number

/** Ends the open connections, and sets the conditions of all later traffic. */
export interface Fault extends LineConditions {
  readonly ending?: Ending
}

/**
 * When a fault strikes. `Now`: at once. `Accept`: with the next connection. Otherwise: after this many bytes of the HTTP
 * exchange that opens a WebSocket, or of its frames. With `next`, the bytes of the open connection do not count.
 */
export type When = "Now" | "Accept" | {
  readonly direction: Direction
  readonly part: "Handshake" | "Frames"
  readonly bytes: number
  readonly next?: boolean
}

/** Functions that cause and end the faults of a line. */
export interface FaultControls {
  /** Schedules a fault, in place of an earlier one that has not struck. */
  readonly inject: (fault: Fault, when?: When) => Effect.Effect<void>
  /** Completes when the scheduled fault has struck. */
  readonly struck: Effect.Effect<void>
  /** Removes all conditions. A scheduled fault stays scheduled. */
  readonly heal: Effect.Effect<void>
  /** Breaks the open connections. The conditions and a scheduled fault stay as they are. */
  readonly cut: Effect.Effect<void>
  /** How many sockets the client has open, and the most that it had open at once. */
  readonly sockets: Effect.Effect<{ readonly open: number; readonly peak: number }>
}

export interface Line extends FaultControls {
  readonly client: (options?: ClientOptions) => ClientLayer
}

export interface LinesShape {
  readonly make: Effect.Effect<Line, never, Scope.Scope>
  /** Whether the runtime can drop a socket at once. A browser waits for a silent peer. */
  readonly canTerminate: boolean
}

export class Lines extends Context.Tag("@effect-kuzzle/testing/test/Lines")<Lines, LinesShape>() {}
