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
  /** Something came in. */
  readonly received: () => void
  /** The answer to a ping came in. */
  readonly pong: () => void
  /** Looks at the link now: something has happened to the host. */
  readonly probe: () => void
}

const disabled: Heartbeat = { received: () => {}, pong: () => {}, probe: () => {} }

/** Until the scope, which is the connection's, is closed. */
export const make = (
  config: KuzzleHeartbeatShape,
  clock: Clock.Clock,
  connection: Connection,
  onRoundTrip: (nanos: bigint) => void
): Effect.Effect<Heartbeat, never, Scope.Scope> =>
  Effect.gen(function*() {
    if (config.ping === "Disabled") return disabled
    const settings: Liveness.Settings = { timeout: Duration.toMillis(config.timeout) }
    const delays = Delays.make(config.schedule)
    const random = yield* Effect.random
    const timer = yield* Timer.make(tick)

    let heard = false
    /** Delays to come, the next one last. */
    let planned: Array<number> = []
    let lookahead = 1
    let cancel: (() => void) | undefined
    yield* onClose(() => cancel?.())
    let nextPulse: number | undefined
    let verdict: Liveness.Verdict = { _tag: "Alive" }
    let pingedAt: bigint | undefined

    const ping = config.ping === "Native" && connection.unsafePing !== undefined
      ? connection.unsafePing
      : () => void connection.unsafeSend(Frame.ping)

    function tick() {
      const now = Timer.now(clock)
      if (verdict._tag === "Waiting" && now >= verdict.judgeAt) {
        obey(Liveness.onTimeout(verdict.ping, heard, now, settings))
      }
      if (nextPulse !== undefined && now >= nextPulse && verdict._tag !== "Dead") {
        obey(Liveness.onPulse(verdict._tag === "Waiting" ? verdict.ping : undefined, heard, now, settings))
        plan(now)
      } else arm()
    }

    function obey(following: Liveness.Verdict) {
      verdict = following
      if (following._tag === "Waiting" && following.fresh) {
        heard = false
        pingedAt = clock.unsafeCurrentTimeNanos()
        ping()
      } else if (following._tag === "Dead") {
        end(`nothing came back within ${Duration.format(config.timeout)} of a ping`)
      }
    }

    function end(reason: string) {
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
      const due = Math.min(verdict._tag === "Waiting" ? verdict.judgeAt : Infinity, nextPulse ?? Infinity)
      if (due < Infinity) timer.at(due)
    }

    plan(Timer.now(clock))

    return {
      received: () => {
        heard = true
      },
      pong: () => {
        if (pingedAt === undefined) return
        onRoundTrip(clock.unsafeCurrentTimeNanos() - pingedAt)
        pingedAt = undefined
      },
      probe: () => {
        if (verdict._tag !== "Alive") return
        obey(Liveness.onPulse(undefined, heard, Timer.now(clock), settings))
        arm()
      }
    }
  })
