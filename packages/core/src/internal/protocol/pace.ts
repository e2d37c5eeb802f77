/**
 * How fast to send to a server that limits the rate (429). Kuzzle counts per second: the messages of a socket
 * (`websocket.rateLimit`) and the requests of a user (`rateLimit` of a profile). It does not say how many it accepts.
 * So the limit is found as TCP finds it: halve after a refusal, then add one after each period without a refusal.
 */

/** The period over which Kuzzle counts, in milliseconds. */
export const period = 1000

/** The limit is dropped after this time without a request or a refusal, in milliseconds. */
const memory = 10 * period

export class Pace {
  /** How many are sent in a period. There is no limit before the first refusal. */
  private limit = Infinity
  private since = -Infinity
  /** How many were sent in this period, and in the latest period before it in which any were sent. */
  private sent = 0
  private sentBefore = 0
  /** Whether a refusal has lowered the limit in this period. One burst causes many refusals, and they lower it once. */
  private lowered = false

  /** Whether the server has refused anything because of the rate. */
  get isLimited(): boolean {
    return this.limit !== Infinity
  }

  /** When the next one may be sent: `now`, or the end of the period. */
  nextAt(now: number): number {
    this.roll(now)
    return this.sent < this.limit ? now : this.since + period
  }

  /** Counts one that is sent. */
  took(now: number): void {
    this.roll(now)
    this.sent += 1
  }

  /** The server refused one because of the rate. Nothing is sent for one period. */
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
    if (passed >= memory) this.limit = Infinity
    else if (!this.lowered) this.limit += 1
    if (this.sent > 0) this.sentBefore = this.sent
    this.since = now
    this.sent = 0
    this.lowered = false
  }
}
