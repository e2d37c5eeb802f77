/** A way of its own from one client to the server, and what may happen to it. Nothing of Node is imported here. */
import { Context, type Effect } from "effect"
import type { Scope } from "effect"
import type { ClientLayer, ClientOptions } from "./backend.ts"

/** `Out`: from the client to the server. */
export type Direction = "Out" | "In"

/** What passes, and how. What is held back is not lost: TCP delivers it when the line is healed. */
export interface Weather {
  readonly hold?: Direction | "Both"
  /** Milliseconds, each way. */
  readonly delay?: number
  /** One byte at a time. */
  readonly slices?: boolean
  readonly bytesPerSecond?: number
  /** Nothing listens there. */
  readonly refuse?: boolean
}

/**
 * How the connections that are there end: by a reset (RST) or a FIN, to both ends; by a FIN to one of them, which is all it
 * hears; or by a close frame of this code, as a proxy sends one.
 */
export type Ending = "Reset" | "Cut" | "EndToClient" | "EndToServer" | number

/** The weather from then on, and the end of what is there. */
export interface Fault extends Weather {
  readonly ending?: Ending
}

/**
 * When a fault strikes: at once, with the next connection, or when so many bytes have passed: of the HTTP exchange that
 * opens a WebSocket, or of its frames. `next`: not on the connection that is there, but on the following one.
 */
export type When = "Now" | "Accept" | {
  readonly direction: Direction
  readonly part: "Handshake" | "Frames"
  readonly bytes: number
  readonly next?: boolean
}

/** The accidents of a line. */
export interface Accidents {
  readonly arm: (fault: Fault, when?: When) => Effect.Effect<void>
  /** Done when what was armed last has struck. */
  readonly struck: Effect.Effect<void>
  /** Fair weather; what is armed stays so. */
  readonly heal: Effect.Effect<void>
  /** Breaks what is there; neither the weather changes nor what is armed. */
  readonly cut: Effect.Effect<void>
  /** Sockets that the client has open, and the most that it ever had at once. */
  readonly sockets: Effect.Effect<{ readonly open: number; readonly peak: number }>
}

export interface Line extends Accidents {
  readonly client: (options?: ClientOptions) => ClientLayer
}

export interface LinesShape {
  readonly make: Effect.Effect<Line, never, Scope.Scope>
  /** The runtime can drop a socket at once. A page can not: its browser waits for a peer that is silent. */
  readonly hard: boolean
}

export class Lines extends Context.Tag("@effect-kuzzle/testing/test/Lines")<Lines, LinesShape>() {}
