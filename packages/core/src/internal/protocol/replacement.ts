/**
 * A connection that is replaced on purpose: for an exchange of the session, or because its server shuts down. Requests wait
 * meanwhile, and what is in flight is waited for.
 */

/** How long what is in flight may take, in milliseconds. */
export const drainTimeout = 5000

export class Replacement {
  /** The end of the wait for what is in flight. */
  private drainBy = Infinity
  /** An exchange has been begun, or waits for what is in flight. */
  private exchanging = false
  /** The server shuts down: the connection is replaced by one to the next endpoint. */
  private leaving = false
  private movedAt = -Infinity

  /** @param stableAfter a server is left at most once in so many milliseconds */
  constructor(private readonly stableAfter: number) {}

  /** When what is in flight has had its time. */
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

  /** Nothing is in flight any more, or it has had its time. Returns what may begin: a server is left after an exchange. */
  handleDrained(): "Exchange" | "Leave" | "Nothing" {
    if (this.drainBy === Infinity) return "Nothing"
    this.drainBy = Infinity
    if (this.exchanging) return "Exchange"
    return this.leaving ? "Leave" : "Nothing"
  }

  /** The exchange has ended. Returns what becomes of a connection that it does not replace. */
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
