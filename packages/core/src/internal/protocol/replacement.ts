/**
 * A connection that is replaced on purpose: for an exchange of the session, or because its server shuts down. New
 * requests wait meanwhile, and the replacement waits for requests in flight.
 */
import * as Duration from "effect/Duration"

/** How long to wait for requests in flight, in milliseconds. */
export const drainTimeout = 5000

/** Of the client's settings. */
export interface Settings {
  /** A server that shuts down is left at most once in this time. */
  readonly stableAfter: Duration.Duration
}

export class Replacement {
  /** The end of the wait for requests in flight. */
  private drainBy = Infinity
  /** An exchange has begun, or waits for requests in flight. */
  private exchanging = false
  /** The server shuts down: the connection is replaced by one to the next endpoint. */
  private leaving = false
  private movedAt = -Infinity

  constructor(private readonly settings: Settings) {}

  /** When the wait for requests in flight ends. */
  nextDue(): number {
    return this.drainBy
  }

  isLeaving(): boolean {
    return this.leaving
  }

  /** The connection is held for an exchange. */
  handleHeld(now: number): void {
    this.exchanging = true
    this.drainBy = now + drainTimeout
  }

  /** The server shuts down. Returns whether it is left. */
  handleShutDown(now: number): boolean {
    if (now - this.movedAt < Duration.toMillis(this.settings.stableAfter)) return false
    this.leaving = true
    this.movedAt = now
    this.drainBy = now + drainTimeout
    return true
  }

  /**
   * No request is in flight any more, or the wait has ended. Returns what may begin. An exchange comes first, leaving
   * the server second.
   */
  handleDrained(): "Exchange" | "Leave" | "Nothing" {
    if (this.drainBy === Infinity) return "Nothing"
    this.drainBy = Infinity
    if (this.exchanging) return "Exchange"
    return this.leaving ? "Leave" : "Nothing"
  }

  /** The exchange has ended. Returns what happens to a connection that it does not replace. */
  handleExchanged(isReplaced: boolean): "Stay" | "Leave" | "Wait" {
    this.exchanging = false
    if (isReplaced || !this.leaving) this.drainBy = Infinity
    if (!this.leaving) return "Stay"
    return this.drainBy === Infinity ? "Leave" : "Wait"
  }

  /** The connection has ended by itself. */
  handleLost(): void {
    this.leaving = false
  }
}
