/**
 * The replacement of a connection on purpose: for an exchange of the session, or because the server shuts down. It
 * waits for the requests in flight. New requests wait meanwhile.
 */
import * as Duration from "effect/Duration"

/** How long to wait for requests in flight, in milliseconds. */
export const drainTimeout = 5000

/** The part of the client's settings that this machine needs. */
export interface Settings {
  /** The client leaves a server that shuts down at most once in this time. */
  readonly stableAfter: Duration.Duration
}

export class Replacement {
  /** The end of the wait for requests in flight. */
  private drainBy = Infinity
  /** Whether an exchange has begun, or waits for requests in flight. */
  private exchanging = false
  /** Whether the server shuts down, so that the connection is replaced by one to the next endpoint. */
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

  /** Reports that the connection is held for an exchange. */
  handleHeld(now: number): void {
    this.exchanging = true
    this.drainBy = now + drainTimeout
  }

  /** Reports that the server shuts down. Returns whether the client leaves it. */
  handleShutDown(now: number): boolean {
    if (now - this.movedAt < Duration.toMillis(this.settings.stableAfter)) return false
    this.leaving = true
    this.movedAt = now
    this.drainBy = now + drainTimeout
    return true
  }

  /**
   * Reports that no request is in flight any more, or that the wait has ended. Returns what may begin. An exchange
   * takes precedence over leaving the server.
   */
  handleDrained(): "Exchange" | "Leave" | "Nothing" {
    if (this.drainBy === Infinity) return "Nothing"
    this.drainBy = Infinity
    if (this.exchanging) return "Exchange"
    return this.leaving ? "Leave" : "Nothing"
  }

  /** Reports the end of an exchange. Returns what happens to a connection that the exchange does not replace. */
  handleExchanged(isReplaced: boolean): "Stay" | "Leave" | "Wait" {
    this.exchanging = false
    if (isReplaced || !this.leaving) this.drainBy = Infinity
    if (!this.leaving) return "Stay"
    return this.drainBy === Infinity ? "Leave" : "Wait"
  }

  /** Reports the end of the connection. */
  handleLost(): void {
    this.leaving = false
  }
}
