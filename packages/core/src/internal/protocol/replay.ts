/**
 * The replay sends the requests that waited for a connection: in their order, at most 32 in flight, and as fast as the
 * server's rate limit allows. A request that may have ended an earlier connection is sent separately (`suspects.ts`).
 */
import type { Call } from "./call.ts"
import { Pace } from "./pace.ts"
import * as Suspects from "./suspects.ts"

export class Replay {
  /** The requests of the replay that are in flight. */
  private underWay = Suspects.nothing
  private readonly pace = new Pace()
  /** The requests that the server refused because of the rate, in their order. They are sent first. */
  private postponed: ReadonlyArray<Call> = nothing
  /** The requests that waited when this round began. */
  private calls: ReadonlyArray<Call> = nothing
  private position = 0
  private running = false

  begin(calls: ReadonlyArray<Call>): void {
    this.calls = calls
    this.position = 0
    this.running = true
  }

  /** Ends the round, whether it is complete or not. */
  end(): void {
    this.calls = nothing
    this.running = false
  }

  isRunning(): boolean {
    return this.running
  }

  hasPostponed(): boolean {
    return this.postponed.length > 0
  }

  isPostponed(call: Call): boolean {
    return this.postponed.includes(call)
  }

  /** The next request to send, or the time at which to call again. `undefined` if the round is complete. */
  next(now: number): Call | number | undefined {
    for (;;) {
      const call = this.postponed[0] ?? this.calls[this.position]
      if (call === undefined) break
      if (call.place === "Waiting") {
        const at = Math.max(Suspects.sendAt(call.suspicion.group, this.underWay), this.pace.nextAt(now))
        return at <= now ? call : at
      }
      // The request has left the queue.
      if (call === this.postponed[0]) this.postponed = this.postponed.slice(1)
      else this.position += 1
    }
    // The round is not complete while a request that may end the connection is in flight, so that new requests wait.
    const at = this.underWay.group === "New" ? -Infinity : Suspects.sendAt("New", this.underWay)
    return at <= now ? undefined : at
  }

  sent({ suspicion }: Call, now: number): void {
    this.pace.countSent(now)
    this.underWay = { count: this.underWay.count + 1, group: suspicion.group, since: now }
  }

  /** Reports that a request of the replay is no longer in flight. */
  finished(): void {
    this.underWay = { ...this.underWay, count: this.underWay.count - 1 }
  }

  /** Reports that the server refused the request because of the rate. Returns when it may be sent again. */
  postpone(call: Call, now: number): number {
    this.pace.refused(now)
    this.postponed = [...this.postponed, call].sort((a, b) => a.nth - b.nth)
    return this.pace.nextAt(now)
  }

  /** Reports that the server dropped a message because of the rate. It does not say which. */
  limited(now: number): void {
    if (this.running || this.hasPostponed()) this.pace.refused(now)
  }

  /** Lets postponed requests wait in the queue like all others, because the connection is not ready any more. */
  forgetPostponed(): void {
    this.postponed = nothing
  }

  /** Reports that the connection is lost, and with it all requests in flight. */
  lost(): void {
    this.underWay = Suspects.nothing
    this.end()
  }
}

const nothing: ReadonlyArray<never> = []
