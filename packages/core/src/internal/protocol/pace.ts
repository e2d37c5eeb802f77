/**
 * How fast to send to a server that limits the rate (429). Kuzzle counts the messages of a socket per second
 * (`websocket.rateLimit`), and the requests of a user (`rateLimit` of a profile). It does not say how many it accepts.
 * So the limit is found as in TCP: it is halved after a refusal, and grows by one after each period without a refusal.
 */

/** The error that the server reports, without a request id, when it drops a message because of the rate (spec 1.7). */
export const rateLimitId = "network.websocket.ratelimit_exceeded"

/** The period over which Kuzzle counts, in milliseconds. */
export const period = 1000

/** The limit is forgotten after this time without a request or a refusal, in milliseconds. */
const forgetAfter = 10 * period

export class Pace {
  /** How many messages may be sent in a period. There is no limit before the first refusal. */
  private limit = Infinity
  private since = -Infinity
  /** How many messages were sent in this period, and in the last period before it in which any were sent. */
  private sent = 0
  private sentBefore = 0
  /**
   * Whether a refusal has lowered the limit in this period. One burst causes many refusals, which lower the limit only
   * once.
   */
  private lowered = false

  /** Whether a limit is in force, because the server has refused a message because of the rate. */
  get isLimited(): boolean {
    return this.limit !== Infinity
  }

  /** When the next message may be sent: `now`, or at the end of the period. */
  nextAt(now: number): number {
    this.roll(now)
    return this.sent < this.limit ? now : this.since + period
  }

  /** Counts a message that is sent. */
  countSent(now: number): void {
    this.roll(now)
    this.sent += 1
  }

  /** Reports that the server refused a message because of the rate. Nothing is sent for one period. */
  refused(now: number): void {
    this.roll(now)
    if (this.lowered) return
    const tooMany = this.sent > 0 ? this.sent : this.sentBefore
    this.limit = Math.max(1, Math.floor(Math.min(this.limit, tooMany) / 2))
    this.lowered = true
    this.since = now
    this.sent = this.limit
  }

  private roll(now: number): void {
    const passed = now - this.since
    if (passed < period) return
    if (passed >= forgetAfter) this.limit = Infinity
    else if (!this.lowered) this.limit += 1
    if (this.sent > 0) this.sentBefore = this.sent
    this.since = now
    this.sent = 0
    this.lowered = false
  }
}
