/**
 * Decides where an inbound frame goes, in the order of spec 1.4. It is pure, except that it calls the receivers, which
 * return whether they accept the frame.
 */
import * as Envelope from "./envelope.ts"

/**
 * The receivers of frames. `size` is the length of the frame's text. Buffers use it as the weight of the frame, which
 * takes a small multiple of it in memory.
 */
export interface Receivers {
  /** An answer whose `room` or `requestId` is `id`. Returns `false` if no such request is in flight. */
  readonly response: (id: string, frame: Envelope.Frame, size: number) => boolean
  /** A notification. Returns `false` if the channel is unknown. */
  readonly notification: (channel: string, frame: Envelope.Frame, size: number) => boolean
  /**
   * A notification of an unknown channel. Returns `false` if it cannot belong to a subscription that is being opened.
   */
  readonly early: (channel: string, frame: Envelope.Frame, size: number) => boolean
  /** An event of the server's debugger. */
  readonly debuggerEvent: (frame: Envelope.Frame, size: number) => void
}

/** The receiver of a frame. `Unroutable` says why no receiver accepted it. It is a diagnostic and never an error. */
export type Routed =
  | "Pong"
  | "TokenExpired"
  | "DebuggerEvent"
  | "Response"
  | "Notification"
  | "Early"
  | Unroutable

export interface Unroutable {
  readonly _tag: "Unroutable"
  readonly reason: "NotJson" | "NotAnObject" | "UnknownRoom" | "NoRoom"
  /** The error id in the frame, if it has one. The rate limit shows only here (spec 1.7). */
  readonly errorId: string | undefined
}

const unroutable = (reason: Unroutable["reason"], errorId?: string): Unroutable => ({
  _tag: "Unroutable",
  reason,
  errorId
})

export const route = (text: string, to: Receivers): Routed => {
  if (text === Envelope.pong) return "Pong"
  const frame = Envelope.decode(text)
  if (Envelope.isUnreadable(frame)) return unroutable(frame.unreadable)
  const size = text.length
  const room = Envelope.roomOf(frame)
  if (room !== undefined) {
    if (Envelope.isTokenExpired(frame)) return "TokenExpired"
    if (Envelope.isDebuggerEvent(frame)) {
      to.debuggerEvent(frame, size)
      return "DebuggerEvent"
    }
    if (to.response(room, frame, size)) return "Response"
    if (to.notification(room, frame, size)) return "Notification"
    if (Envelope.isNotification(frame) && to.early(room, frame, size)) return "Early"
    return unroutable("UnknownRoom", Envelope.errorIdOf(frame))
  }
  if (Envelope.isPong(frame)) return "Pong"
  const id = Envelope.idOf(frame)
  if (id !== undefined && to.response(id, frame, size)) return "Response"
  return unroutable("NoRoom", Envelope.errorIdOf(frame))
}
