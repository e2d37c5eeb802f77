/**
 * The heartbeat of one connection: when to ping, and when to judge the connection. How it is judged is decided in
 * `liveness.ts`.
 *
 * Events come in through the `handle…` methods, with the time. After each of them the shell calls `poll` and performs
 * its commands until there is none, and calls `handleDue` at `nextDue`.
 */
import * as Duration from "effect/Duration"
import { ConnectionEndedError } from "../../KuzzleError.ts"
import * as Liveness from "./liveness.ts"

/** A command for the shell. */
export type Action =
  | { readonly _tag: "Ping" }
  /** Ask the schedule for its next delays, and answer with `handlePlanned` or `handlePlanFailed`. */
  | { readonly _tag: "Plan"; readonly count: number }
  | { readonly _tag: "Terminate"; readonly ended: ConnectionEndedError }

const alive: Liveness.Verdict = { _tag: "Alive" }

/** Asking the schedule takes a fiber, which costs more than the ping. */
const lookahead = 16

export class Pulse {
  private verdict: Liveness.Verdict = alive
  private nextPulse = Infinity
  /** The next delays, in reverse order. */
  private planned: Array<number> = []
  /** When the first of the requested delays begins. */
  private plannedFrom: number
  /** When the ping whose round trip is measured was sent. */
  private pingedAt: number | undefined
  private terminated = false
  private readonly actions: Array<Action> = []

  constructor(private readonly settings: Liveness.Settings, now: number) {
    this.plannedFrom = now
    // A connection that outlasts its first ping requests many delays at once.
    this.actions.push({ _tag: "Plan", count: 1 })
  }

  poll(): Action | undefined {
    return this.actions.shift()
  }

  /** `Infinity`: nothing is due until the next event. */
  nextDue(): number {
    if (this.terminated) return Infinity
    return this.verdict._tag === "Waiting" ? Math.min(this.verdict.lookAt, this.nextPulse) : this.nextPulse
  }

  /** A whole frame has arrived. Returns whether it was expected. */
  handleFrame(): boolean {
    if (this.verdict._tag !== "Waiting") return false
    this.verdict = alive
    return true
  }

  /** The answer to a ping has arrived. Returns the round trip in milliseconds, if it was measured. */
  handlePong(now: number): number | undefined {
    const { pingedAt } = this
    this.pingedAt = undefined
    return pingedAt === undefined ? undefined : now - pingedAt
  }

  handleDue(seen: Liveness.Sight): void {
    const isPulse = seen.now >= this.nextPulse
    if (this.verdict._tag === "Waiting" && seen.now >= this.verdict.lookAt) this.judge(this.verdict.ping, seen, isPulse)
    if (!isPulse || this.terminated) return
    this.pulse(seen)
    this.plan(seen.now)
  }

  /** Checks the connection now, after an event of the host. */
  handleProbe(seen: Liveness.Sight): void {
    if (this.verdict._tag === "Alive") this.pulse(seen)
  }

  /** The next delays of the schedule. If there are none, the schedule has ended, and the pings end too. */
  handlePlanned(delays: ReadonlyArray<number>): void {
    this.planned = delays.toReversed()
    this.setNextPulse()
  }

  handlePlanFailed(issue: string): void {
    this.terminate(`the heartbeat's schedule failed: ${issue}`)
  }

  private judge(ping: Liveness.Ping, seen: Liveness.Sight, pingsAnyway: boolean): void {
    this.verdict = Liveness.onLook(ping, seen, this.settings)
    if (this.verdict._tag === "Dead") return this.terminate(reasonOf(this.verdict))
    if (this.verdict._tag !== "Waiting" || !this.verdict.fresh) return
    // Its round trip would measure the stall of this process.
    this.pingedAt = undefined
    if (!pingsAnyway) this.actions.push({ _tag: "Ping" })
  }

  private pulse(seen: Liveness.Sight): void {
    // The first answer belongs to the first of several pings. A ping that waits behind an upload measures no round
    // trip.
    if (this.verdict._tag === "Alive") this.pingedAt = Liveness.unobstructed(seen) ? seen.now : undefined
    const unanswered = this.verdict._tag === "Waiting" ? this.verdict.ping : undefined
    this.verdict = Liveness.onPulse(unanswered, seen, this.settings)
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
