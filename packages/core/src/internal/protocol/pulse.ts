/**
 * The heartbeat of one connection. It decides when to ping, and when to check whether the connection is alive.
 * `liveness.ts` decides whether it is.
 *
 * The client's machine reports events by the `handle…` methods, with the time. After each report, it performs the
 * actions that `poll` returns, until there are none, and calls `handleDue` at `nextDue`.
 */
import * as Duration from "effect/Duration"
import { ConnectionEndedError } from "../../KuzzleError.ts"
import * as Liveness from "./liveness.ts"

/** An action for the client's machine. */
export type Action =
  | { readonly _tag: "Ping" }
  /** Ask the schedule for its next delays, and answer with `handlePlanned` or `handlePlanFailed`. */
  | { readonly _tag: "Plan"; readonly count: number }
  | { readonly _tag: "Terminate"; readonly ended: ConnectionEndedError }

const alive: Liveness.Verdict = { _tag: "Alive" }

/** How many delays are requested at once. Asking the schedule takes a fiber, which costs more than a ping. */
const lookahead = 16

export class Pulse {
  private verdict: Liveness.Verdict = alive
  private nextPulse = Infinity
  /** The next delays, in reverse order. */
  private planned: Array<number> = []
  /** The start of the first requested delay. */
  private plannedFrom: number
  /** When the ping was sent whose round trip is being measured. */
  private pingedAt: number | undefined
  private terminated = false
  private readonly actions: Array<Action> = []

  constructor(private readonly settings: Liveness.Settings, now: number) {
    this.plannedFrom = now
    // Only a connection that lives until its first ping requests many delays at once.
    this.actions.push({ _tag: "Plan", count: 1 })
  }

  poll(): Action | undefined {
    return this.actions.shift()
  }

  /** When to call `handleDue`. `Infinity`: not before the next event. */
  nextDue(): number {
    if (this.terminated) return Infinity
    return this.verdict._tag === "Waiting" ? Math.min(this.verdict.lookAt, this.nextPulse) : this.nextPulse
  }

  /** Reports a whole frame. Returns whether the heartbeat was waiting for one. */
  handleFrame(): boolean {
    if (this.verdict._tag !== "Waiting") return false
    this.verdict = alive
    return true
  }

  /** Reports the answer to a ping. Returns the round trip in milliseconds, if it was measured. */
  handlePong(now: number): number | undefined {
    const { pingedAt } = this
    this.pingedAt = undefined
    return pingedAt === undefined ? undefined : now - pingedAt
  }

  handleDue(sight: Liveness.Sight): void {
    const isPulse = sight.now >= this.nextPulse
    if (this.verdict._tag === "Waiting" && sight.now >= this.verdict.lookAt) {
      this.judge(this.verdict.ping, sight, isPulse)
    }
    if (!isPulse || this.terminated) return
    this.pulse(sight)
    this.plan(sight.now)
  }

  /** Checks the connection now, after an event of the host. */
  handleProbe(sight: Liveness.Sight): void {
    if (this.verdict._tag === "Alive") this.pulse(sight)
  }

  /** Reports the next delays of the schedule. If there are none, the schedule has ended, and the pings end, too. */
  handlePlanned(delays: ReadonlyArray<number>): void {
    this.planned = delays.toReversed()
    this.setNextPulse()
  }

  handlePlanFailed(issue: string): void {
    this.terminate(`the heartbeat's schedule failed: ${issue}`)
  }

  private judge(ping: Liveness.Ping, sight: Liveness.Sight, pingsAnyway: boolean): void {
    this.verdict = Liveness.onLook(ping, sight, this.settings)
    if (this.verdict._tag === "Dead") return this.terminate(reasonOf(this.verdict))
    if (this.verdict._tag !== "Waiting" || !this.verdict.fresh) return
    // The round trip is not measured, because it would include the stall of this process.
    this.pingedAt = undefined
    if (!pingsAnyway) this.actions.push({ _tag: "Ping" })
  }

  private pulse(sight: Liveness.Sight): void {
    // If several pings are unanswered, the next answer belongs to the first of them. A ping behind an upload does not
    // measure the round trip.
    if (this.verdict._tag === "Alive") this.pingedAt = Liveness.unobstructed(sight) ? sight.now : undefined
    const unanswered = this.verdict._tag === "Waiting" ? this.verdict.ping : undefined
    this.verdict = Liveness.onPulse(unanswered, sight, this.settings)
    this.actions.push({ _tag: "Ping" })
  }

  private plan(now: number): void {
    this.nextPulse = Infinity
    this.plannedFrom = now
    if (this.planned.length > 0) this.setNextPulse()
    else this.actions.push({ _tag: "Plan", count: lookahead })
  }

  private setNextPulse(): void {
    const delay = this.planned.pop()
    if (delay !== undefined) this.nextPulse = this.plannedFrom + delay
  }

  private terminate(reason: string): void {
    this.terminated = true
    this.actions.push({ _tag: "Terminate", ended: new ConnectionEndedError({ by: "Heartbeat", code: 1006, reason }) })
  }
}

const reasonOf = ({ cause, millis }: Liveness.Dead): string => {
  const time = Duration.format(Duration.millis(millis))
  return cause === "Silence"
    ? `nothing arrived within ${time} after a ping`
    : `bytes arrived for ${time} after a ping, but no whole frame`
}
