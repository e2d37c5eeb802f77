/**
 * One timer that is set again and again: the pulse of a thousand idle connections must not be a thousand fibers that
 * wake (measured: four times the CPU of a timer). Under any other clock than the live one, a `TestClock` above all, it
 * is a fiber that sleeps on that clock.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import { onClose } from "./scoped.ts"

/**
 * Milliseconds that only go forward: the wall clock may be set back, and a deadline or a pulse would then be a day late.
 * Nothing else is said of them, their beginning least of all.
 */
export const now = (clock: Clock.Clock): number =>
  clock === live ? performance.now() : Number(clock.unsafeCurrentTimeNanos()) / 1e6

export interface Timer {
  /** Fires once at that time (see `now`), in place of whatever was set before. */
  readonly at: (millis: number) => void
  readonly clear: () => void
}

/** The longest delay a host timer can take; a longer one fires at once. */
const maxDelay = 2 ** 31 - 1

const live = Context.get(DefaultServices.liveServices, Clock.Clock)

/** Nothing fires after the scope is closed. */
export const make = (fire: () => void): Effect.Effect<Timer, never, Scope.Scope> =>
  Effect.flatMap(Effect.clock, (clock) => {
    const timer = clock === live ? ofHost(clock, fire) : ofClock(clock, fire)
    let closed = false
    const close = onClose(() => {
      closed = true
      timer.clear()
    })
    return Effect.as(close, {
      at: (millis) => {
        if (!closed) timer.at(millis)
      },
      clear: timer.clear
    })
  })

/** A timer for many deadlines: it fires no later than the earliest, and forgets the others. So `fire` sets the next one. */
export interface Alarm {
  /** Sets the timer if it would fire later. */
  readonly by: (deadline: number) => void
  /** Sets the timer again in any case. */
  readonly restart: (deadline: number) => void
}

export const makeAlarm = (fire: () => void): Effect.Effect<Alarm, never, Scope.Scope> =>
  Effect.suspend(() => {
    let earliest = Infinity
    const timer = make(() => {
      earliest = Infinity
      fire()
    })
    return Effect.map(timer, ({ at, clear }) => {
      const restart = (deadline: number) => {
        earliest = deadline
        if (deadline < Infinity) at(deadline)
        else clear()
      }
      return {
        by: (deadline) => {
          if (deadline < earliest) restart(deadline)
        },
        restart
      }
    })
  })

/** The same for who never sets it again: what it gives is called with each deadline. */
export const makeEarliest = (fire: () => void): Effect.Effect<(deadline: number) => void, never, Scope.Scope> =>
  Effect.map(makeAlarm(fire), ({ by }) => by)

const ofHost = (clock: Clock.Clock, fire: () => void): Timer => {
  let handle: ReturnType<typeof setTimeout> | undefined
  const clear = () => {
    if (handle !== undefined) clearTimeout(handle)
    handle = undefined
  }
  const at = (millis: number) => {
    clear()
    const delay = Math.ceil(millis - now(clock))
    handle = delay > maxDelay
      ? setTimeout(() => at(millis), maxDelay)
      : setTimeout(() => {
        handle = undefined
        fire()
      }, Math.max(0, delay))
  }
  return { at, clear }
}

const ofClock = (clock: Clock.Clock, fire: () => void): Timer => {
  let sleeping: Fiber.RuntimeFiber<void> | undefined
  const clear = () => {
    sleeping?.unsafeInterruptAsFork(FiberId.none)
    sleeping = undefined
  }
  return {
    at: (millis) => {
      clear()
      const delay = Duration.millis(Math.max(0, millis - now(clock)))
      sleeping = Effect.runFork(Effect.andThen(clock.sleep(delay), Effect.sync(fire)))
    },
    clear
  }
}
