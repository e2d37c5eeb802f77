/** Performs the heartbeat of one connection: pings, asks the schedule, and ends the connection when it is dead. */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { KuzzleHeartbeatShape } from "../../KuzzleHeartbeat.ts"
import type { Connection } from "../../KuzzleSocket.ts"
import * as Frame from "../protocol/frame.ts"
import type * as Liveness from "../protocol/liveness.ts"
import { Pulse } from "../protocol/pulse.ts"
import { onClose } from "../scoped.ts"
import * as Timer from "../timer.ts"
import { Delays } from "./delays.ts"

export interface Heartbeat {
  /** A whole frame has arrived. */
  readonly received: () => void
  /** The answer to a ping came in. */
  readonly pong: () => void
  /** Looks at the link now: something has happened to the host. */
  readonly probe: () => void
}

const disabled: Heartbeat = { received: () => {}, pong: () => {}, probe: () => {} }

/**
 * Until the scope, which is the connection's, is closed.
 *
 * @param onRoundTrip is told in milliseconds
 */
export const make = (
  config: KuzzleHeartbeatShape,
  clock: Clock.Clock,
  connection: Connection,
  inFlight: () => Liveness.InFlight,
  onRoundTrip: (millis: number) => void
): Effect.Effect<Heartbeat, never, Scope.Scope> =>
  Effect.gen(function*() {
    if (config.ping === "Disabled") return disabled
    const pulse = new Pulse(
      { timeout: Duration.toMillis(config.timeout), busyTimeout: Duration.toMillis(config.busyTimeout) },
      Timer.now(clock)
    )
    const delays = new Delays(config.schedule)
    const random = yield* Effect.random
    const timer = yield* Timer.make(() => {
      pulse.handleDue(see())
      drive()
    })
    let cancel: (() => void) | undefined
    yield* onClose(() => cancel?.())

    const ping = config.ping === "Native" && connection.unsafePing !== undefined
      ? connection.unsafePing
      : () => void connection.unsafeSend(Frame.ping)

    const see = (): Liveness.Sight => ({
      now: Timer.now(clock),
      received: connection.unsafeBytesRead(),
      buffered: connection.unsafeBufferedAmount(),
      inFlight: inFlight()
    })

    /** Does what is to be done now, and comes back when something is due. */
    function drive() {
      for (let action = pulse.poll(); action !== undefined; action = pulse.poll()) {
        if (action._tag === "Ping") ping()
        else if (action._tag === "Plan") plan(action.count)
        else connection.unsafeTerminate(action.ended)
      }
      arm()
    }

    function arm() {
      const due = pulse.nextDue()
      if (due < Infinity) timer.at(due)
      else timer.clear()
    }

    function plan(count: number) {
      // Clock and Random are all that it needs of ours; a whole runtime would be kept for each connection.
      const asked = Effect.withRandom(Effect.withClock(delays.ahead(count, undefined), clock), random)
      let asking = true
      const stop = Effect.runCallback(asked, {
        onExit: (exit) => {
          asking = false
          cancel = undefined
          if (exit._tag === "Success") pulse.handlePlanned(exit.value)
          else pulse.handlePlanFailed(Cause.pretty(exit.cause))
          drive()
        }
      })
      // Kept longer it would keep the fiber.
      if (asking) cancel = stop
    }

    drive()

    return {
      received: () => {
        // Set here, by a message, the timer of the next pulse starts a new chain. In a hidden page Chromium fires
        // chained timers once a minute only, and the server cuts clients that are silent for 60 s (C4).
        if (pulse.handleFrame()) arm()
      },
      pong: () => {
        const roundTrip = pulse.handlePong(Timer.now(clock))
        if (roundTrip !== undefined) onRoundTrip(roundTrip)
      },
      probe: () => {
        pulse.handleProbe(see())
        drive()
      }
    }
  })
