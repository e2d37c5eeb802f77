/**
 * Where an inbound frame goes, in the order of spec 1.4. Pure but for the receivers it is handed: the tables of pending
 * requests and of open channels answer whether the frame was theirs.
 */
import { decode, type Frame, isUnreadable, pong, type Unreadable } from "./frame.ts"

/**
 * `size` is the length of the frame's text. Buffers use it as a weight: the decoded frame takes a small multiple of it.
 */
export interface Receivers {
  /** A reply whose `room` or `requestId` is `id`; `false` when no such request is pending. */
  readonly response: (id: string, frame: Frame, size: number) => boolean
  /** A notification; `false` when the channel is not known. */
  readonly notification: (channel: string, frame: Frame, size: number) => boolean
  /** A notification of an unknown channel; `false` when no subscription is being opened that it could belong to. */
  readonly early: (channel: string, frame: Frame, size: number) => boolean
  /** What the server's debugger tells: it has no listener but this connection. */
  readonly debuggerEvent: (frame: Frame, size: number) => void
}

/** What became of a frame. `Unroutable` says why nobody took it: a diagnostic, never an error. */
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
  /** The error id of a frame that carries one: a rate limit has no other trace (spec 1.7). */
  readonly errorId: string | undefined
}

const unroutable = (reason: Unroutable["reason"], errorId?: string): Unroutable => ({
  _tag: "Unroutable",
  reason,
  errorId
})

export const route = (text: string, to: Receivers): Routed => {
  if (text === pong) return "Pong"
  const frame: Frame | Unreadable = decode(text)
  if (isUnreadable(frame)) return unroutable(frame.unreadable)
  const size = text.length
  const room = frame.room
  if (typeof room === "string") {
    if (room === "kuzzle:notification:server" && frame.type === "TokenExpired") return "TokenExpired"
    if (room === "kuzzle-debugger-event") {
      to.debuggerEvent(frame, size)
      return "DebuggerEvent"
    }
    if (to.response(room, frame, size)) return "Response"
    if (to.notification(room, frame, size)) return "Notification"
    const type = frame.type
    if ((type === "document" || type === "user") && to.early(room, frame, size)) return "Early"
    return unroutable("UnknownRoom", errorIdOf(frame))
  }
  if (isPong(frame)) return "Pong"
  const id = frame.requestId
  if (typeof id === "string" && to.response(id, frame, size)) return "Response"
  return unroutable("NoRoom", errorIdOf(frame))
}

const isPong = (frame: Frame): boolean => frame.p === 2 && Object.keys(frame).length === 1

const errorIdOf = (frame: Frame): string | undefined => {
  const error = frame.error
  return typeof error === "object" && error !== null && "id" in error && typeof error.id === "string"
    ? error.id
    : undefined
}
