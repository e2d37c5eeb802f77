/**
 * A timer that can be set any number of times. A fiber that sleeps takes four times the CPU of a host timer (measured),
 * which matters for the pulses of a thousand idle connections. With any clock but the live one, such as a `TestClock`,
 * the timer is a fiber that sleeps on that clock.
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
 * Monotonic milliseconds, from an unspecified start. The wall clock may be set back, and then a deadline or a pulse
 * might be a day late.
 */
export const now = (clock: Clock.Clock): number =>
  clock === live ? performance.now() : Number(clock.unsafeCurrentTimeNanos()) / 1e6

/** The times of a clock, as functions for pure code. A class, because there may be thousands of clients. */
export class Times {
  constructor(private readonly clock: Clock.Clock) {}

  now(): number {
    return now(this.clock)
  }

  /** Milliseconds since 1970, which may be set back. */
  wall(): number {
    return this.clock.unsafeCurrentTimeMillis()
  }
}

export interface Timer {
  /** Sets the timer to fire once at this time (see `now`). Replaces a time that was set before. */
  readonly at: (millis: number) => void
  readonly clear: () => void
  /** Ends the timer. It never fires again, even if it is set. */
  readonly close: () => void
}

/** The longest delay of a host timer, in milliseconds. With a longer one, it would fire at once. */
const maxDelay = 2 ** 31 - 1

const live = Context.get(DefaultServices.liveServices, Clock.Clock)

/** Makes a timer that the caller must close. */
export const unsafeMake = (clock: Clock.Clock, fire: () => void): Timer =>
  clock === live ? new HostTimer(clock, fire) : new ClockTimer(clock, fire)

/** Makes a timer that the scope closes. */
export const make = (fire: () => void): Effect.Effect<Timer, never, Scope.Scope> =>
  Effect.flatMap(Effect.clock, (clock) => {
    const timer = unsafeMake(clock, fire)
    return Effect.as(onClose(() => timer.close()), timer)
  })

/**
 * A timer for many deadlines. It fires no later than the earliest one and forgets the others, so `fire` must set the
 * next one. The caller must close it.
 */
export class Alarm {
  private earliest = Infinity
  private readonly timer: Timer

  constructor(clock: Clock.Clock, fire: () => void) {
    this.timer = unsafeMake(clock, () => {
      this.earliest = Infinity
      fire()
    })
  }

  /** Sets the timer if it would fire later. */
  by(deadline: number): void {
    if (deadline < this.earliest) this.restart(deadline)
  }

  /** Sets the timer anew in any case. */
  restart(deadline: number): void {
    this.earliest = deadline
    if (deadline < Infinity) this.timer.at(deadline)
    else this.timer.clear()
  }

  close(): void {
    this.timer.close()
  }
}

/** The same timer as a function that is called with each deadline. The scope closes it. */
export const makeEarliest = (fire: () => void): Effect.Effect<(deadline: number) => void, never, Scope.Scope> =>
  Effect.flatMap(Effect.clock, (clock) => {
    const alarm = new Alarm(clock, fire)
    return Effect.as(onClose(() => alarm.close()), (deadline) => alarm.by(deadline))
  })

class HostTimer implements Timer {
  private handle: ReturnType<typeof setTimeout> | undefined = undefined
  private closed = false

  constructor(private readonly clock: Clock.Clock, private readonly fire: () => void) {}

  at(millis: number): void {
    this.clear()
    if (this.closed) return
    const delay = Math.ceil(millis - now(this.clock))
    this.handle = delay > maxDelay
      ? setTimeout(() => this.at(millis), maxDelay)
      : setTimeout(() => {
        this.handle = undefined
        this.fire()
      }, Math.max(0, delay))
  }

  clear(): void {
    if (this.handle !== undefined) clearTimeout(this.handle)
    this.handle = undefined
  }

  close(): void {
    this.clear()
    this.closed = true
  }
}

class ClockTimer implements Timer {
  private sleeping: Fiber.RuntimeFiber<void> | undefined = undefined
  private closed = false

  constructor(private readonly clock: Clock.Clock, private readonly fire: () => void) {}

  at(millis: number): void {
    this.clear()
    if (this.closed) return
    const delay = Duration.millis(Math.max(0, millis - now(this.clock)))
    this.sleeping = Effect.runFork(Effect.andThen(this.clock.sleep(delay), Effect.sync(this.fire)))
  }

  clear(): void {
    this.sleeping?.unsafeInterruptAsFork(FiberId.none)
    this.sleeping = undefined
  }

  close(): void {
    this.clear()
    this.closed = true
  }
}
