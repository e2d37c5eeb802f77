/**
 * A connection that is replaced on purpose: for an exchange of the session, or because its server shuts down. New
 * requests wait meanwhile, and the replacement waits for requests in flight.
 */

/** How long to wait for requests in flight, in milliseconds. */
export const drainTimeout = 5000

export class Replacement {
  /** The end of the wait for requests in flight. */
  private drainBy = Infinity
  /** An exchange has begun, or waits for requests in flight. */
  private exchanging = false
  /** The server shuts down: the connection is replaced by one to the next endpoint. */
  private leaving = false
  private movedAt = -Infinity

  /** @param stableAfter a server is left at most once in this many milliseconds */
  constructor(private readonly stableAfter: number) {}

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
    if (now - this.movedAt < this.stableAfter) return false
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
