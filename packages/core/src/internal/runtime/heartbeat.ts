/** Drives the liveness of one connection: pulses by the schedule, pings, and ends the connection when it is dead. */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ConnectionEnded } from "../../KuzzleError.ts"
import type { KuzzleHeartbeatShape } from "../../KuzzleHeartbeat.ts"
import type { Connection } from "../../KuzzleSocket.ts"
import * as Frame from "../protocol/frame.ts"
import * as Liveness from "../protocol/liveness.ts"
import { onClose } from "../scoped.ts"
import * as Timer from "../timer.ts"
import * as Delays from "./delays.ts"

export interface Heartbeat {
  /** A whole frame has arrived. */
  readonly received: () => void
  /** The answer to a ping came in. */
  readonly pong: () => void
  /** Looks at the link now: something has happened to the host. */
  readonly probe: () => void
}

const disabled: Heartbeat = { received: () => {}, pong: () => {}, probe: () => {} }

const reasonOf = ({ cause, millis }: Liveness.Dead): string => {
  const time = Duration.format(Duration.millis(millis))
  return cause === "Silence"
    ? `nothing arrived within ${time} after a ping`
    : `bytes arrived for ${time} after a ping, but no whole frame`
}

const alive: Liveness.Verdict = { _tag: "Alive" }

/** Until the scope, which is the connection's, is closed. */
export const make = (
  config: KuzzleHeartbeatShape,
  clock: Clock.Clock,
  connection: Connection,
  inFlight: () => Liveness.InFlight,
  onRoundTrip: (nanos: bigint) => void
): Effect.Effect<Heartbeat, never, Scope.Scope> =>
  Effect.gen(function*() {
    if (config.ping === "Disabled") return disabled
    const settings: Liveness.Settings = {
      timeout: Duration.toMillis(config.timeout),
      busyTimeout: Duration.toMillis(config.busyTimeout)
    }
    const delays = Delays.make(config.schedule)
    const random = yield* Effect.random
    const timer = yield* Timer.make(tick)

    /** Delays to come, the next one last. */
    let planned: Array<number> = []
    let lookahead = 1
    let cancel: (() => void) | undefined
    yield* onClose(() => cancel?.())
    let nextPulse: number | undefined
    let verdict: Liveness.Verdict = alive
    /** When the measured ping was sent. */
    let pingedAt: bigint | undefined

    const ping = config.ping === "Native" && connection.unsafePing !== undefined
      ? connection.unsafePing
      : () => void connection.unsafeSend(Frame.ping)

    const see = (): Liveness.Sight => ({
      now: Timer.now(clock),
      received: connection.unsafeBytesRead(),
      buffered: connection.unsafeBufferedAmount(),
      inFlight: inFlight()
    })

    function tick() {
      const seen = see()
      let pings = false
      if (verdict._tag === "Waiting" && seen.now >= verdict.lookAt) {
        verdict = Liveness.onLook(verdict.ping, seen, settings)
        pings = verdict._tag === "Waiting" && verdict.fresh
        // Its round trip would measure our own stall.
        if (pings) pingedAt = undefined
      }
      const pulses = nextPulse !== undefined && seen.now >= nextPulse && verdict._tag !== "Dead"
      if (pulses) pulse(seen)
      else if (pings) ping()
      if (verdict._tag === "Dead") return end(reasonOf(verdict))
      if (pulses) plan(seen.now)
      else arm()
    }

    function pulse(seen: Liveness.Sight) {
      // The first answer belongs to the first of several pings. A ping that waits behind our own upload measures no
      // round trip.
      if (verdict._tag === "Alive") {
        pingedAt = Liveness.unobstructed(seen) ? clock.unsafeCurrentTimeNanos() : undefined
      }
      verdict = Liveness.onPulse(verdict._tag === "Waiting" ? verdict.ping : undefined, seen, settings)
      ping()
    }

    function end(reason: string) {
      timer.clear()
      connection.unsafeTerminate(new ConnectionEnded({ by: "Heartbeat", code: 1006, reason }))
    }

    /** A schedule that ends stops the pulse. */
    function plan(now: number) {
      nextPulse = undefined
      if (planned.length > 0) return setOut(now)
      // Asking the schedule takes a fiber, which costs more than the ping: one that lasts beyond its first pulse is asked
      // for many at once.
      // Clock and Random are all that it needs of ours; a whole runtime would be kept for each connection.
      const asked = Effect.withRandom(Effect.withClock(delays.ahead(lookahead, undefined), clock), random)
      lookahead = 16
      let asking = true
      const stop = Effect.runCallback(asked, {
        onExit: (exit) => {
          asking = false
          cancel = undefined
          if (exit._tag === "Failure") return end(`the heartbeat's schedule failed: ${Cause.pretty(exit.cause)}`)
          planned = exit.value.toReversed()
          setOut(now)
        }
      })
      // Kept longer it would keep the fiber.
      if (asking) cancel = stop
    }

    function setOut(now: number) {
      const delay = planned.pop()
      if (delay !== undefined) nextPulse = now + delay
      arm()
    }

    function arm() {
      if (verdict._tag === "Dead") return timer.clear()
      const due = Math.min(verdict._tag === "Waiting" ? verdict.lookAt : Infinity, nextPulse ?? Infinity)
      if (due < Infinity) timer.at(due)
      else timer.clear()
    }

    plan(Timer.now(clock))

    return {
      received: () => {
        if (verdict._tag !== "Waiting") return
        verdict = alive
        // Set here, by a message, the timer of the next pulse starts a new chain. In a hidden page Chromium fires
        // chained timers once a minute only, and the server cuts clients that are silent for 60 s (C4).
        arm()
      },
      pong: () => {
        if (pingedAt === undefined) return
        onRoundTrip(clock.unsafeCurrentTimeNanos() - pingedAt)
        pingedAt = undefined
      },
      probe: () => {
        if (verdict._tag !== "Alive") return
        pulse(see())
        arm()
      }
    }
  })
