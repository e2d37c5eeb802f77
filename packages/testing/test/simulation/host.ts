/**
 * The machine on which a history runs: virtual time, and one queue for everything that happens. Nothing in it waits for
 * the real event loop, so a minute of a client's life takes a millisecond and the same seed gives the same run.
 *
 * It stands in for the runtime's scheduler and clock, for `setImmediate`, `setTimeout` and `performance.now`, hence it must
 * be imported before any module of the client. While no history runs all are as ever.
 */
import { Clock, Context, DefaultServices, Duration, Effect, type Fiber, Scheduler } from "effect"
import type { Random } from "./random.ts"

/**
 * Whose event it is. `Client` and `User` share a host that may stall: the client's timers, and those of the programs that
 * use it. `Wire` is what arrives at that host. `Server` is everything else.
 */
export type Owner = "Client" | "User" | "Wire" | "Server"

interface Timer {
  readonly at: number
  readonly nth: number
  readonly owner: Owner
  readonly run: () => void
  cancelled: boolean
}

/** How the host orders what is ready at once. */
export interface Order {
  /** Ready fibers run in any order, not first come first served. */
  readonly shuffled: boolean
  /** A fiber gives way after so many steps at most. */
  readonly maxSteps: number
  /** How likely the next event of the same instant is handled before the fibers that are ready have run. */
  readonly hurry: number
}

/** More of it without time passing is a loop without end. */
const maxTasksPerInstant = 100_000

export class Host {
  /** Milliseconds since the history began; they only go forward. */
  now = 0
  /** How far the wall clock of the client's host is from the server's. */
  wallOffset = 0
  /** Called when all that was ready has run, before anything else happens. */
  readonly turnEnds: Array<() => void> = []
  readonly lines: Array<string> = []
  /** The sum of all that was noted: equal for equal histories. */
  hash = 0
  /** What threw where nothing may throw. */
  onThrow: (cause: unknown, where: string) => void = (cause) => {
    throw cause
  }

  private readonly order: Order
  private readonly random: Random
  private readonly verbose: boolean
  private readonly heap: Array<Timer> = []
  private nth = 0
  private readonly counts = { Client: 0, User: 0, Wire: 0, Server: 0 }
  private tasks: Array<() => void> = []
  private immediates: Array<() => void> = []
  private stalledUntil = 0
  private deferred: Array<Timer> = []
  private stepsLeft: number

  constructor(random: Random, order: Order, verbose: boolean) {
    this.random = random
    this.order = order
    this.verbose = verbose
    this.stepsLeft = order.maxSteps
  }

  /** Takes the place of the scheduler and of `setImmediate` while `work` runs. */
  run(work: () => void): void {
    during(this, work)
  }

  /** Lets time pass until nothing is left to happen or `done`, at most until `limit`. */
  runUntil(done: () => boolean, limit: number): void {
    let since = this.now
    for (let count = 0;; count++) {
      this.settle()
      if (done()) return
      const next = this.pop(limit)
      if (next === undefined) return
      if (this.now > since) count = 0
      else if (count > maxTasksPerInstant) throw new Error("a loop without end: no time passes")
      since = this.now
      this.fire(next)
      // What has arrived in one packet is handled before any fiber gets to run.
      while (this.order.hurry > 0 && this.random.chance(this.order.hurry)) {
        const together = this.pop(this.now)
        if (together === undefined) break
        this.fire(together)
      }
    }
  }

  /** Runs what is ready; no time passes. */
  settle(): void {
    for (let count = 0; this.tasks.length + this.immediates.length > 0; count++) {
      if (count > maxTasksPerInstant) throw new Error("a loop without end: no time passes")
      if (this.tasks.length === 0) {
        const immediates = this.immediates
        this.immediates = []
        for (const run of immediates) run()
      } else this.nextTask()()
    }
    for (const check of this.turnEnds.splice(0)) check()
  }

  at(owner: Owner, at: number, run: () => void): () => void {
    const timer: Timer = { at: Math.max(at, this.now), nth: this.nth++, owner, run, cancelled: false }
    this.counts[owner] += 1
    this.push(timer)
    return () => {
      if (timer.cancelled) return
      timer.cancelled = true
      this.counts[owner] -= 1
    }
  }

  /** How many timers of that owner are set. */
  pending(owner: Owner): number {
    return this.counts[owner]
  }

  /** The client's host stands still: its timers come late, and what arrives meanwhile is read after them. */
  stall(duration: number): void {
    if (this.stalledUntil > this.now) return
    this.stalledUntil = this.now + duration
    this.at("Server", this.stalledUntil, () => {
      const late = this.deferred
      this.deferred = []
      for (const wire of [false, true]) {
        for (const timer of late) {
          if ((timer.owner === "Wire") !== wire) continue
          this.fire(timer)
          this.settle()
        }
      }
    })
  }

  get stalled(): boolean {
    return this.stalledUntil > this.now
  }

  /** What the wall clock of the client's host shows. */
  get wall(): number {
    return epoch + Math.floor(this.now) + this.wallOffset
  }

  get nanos(): bigint {
    return BigInt(Math.round(this.now * 1e6))
  }

  /** For all but the client: its clock is the live one. */
  clock(owner: "User" | "Server"): Clock.Clock {
    const millis = () => (owner === "Server" ? this.wall - this.wallOffset : this.wall)
    const nanos = () => this.nanos
    return {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: millis,
      unsafeCurrentTimeNanos: nanos,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanos: Effect.sync(nanos),
      sleep: (duration) =>
        Effect.async<void>((resume) => {
          const cancel = this.at(owner, this.now + Duration.toMillis(duration), () => resume(Effect.void))
          return Effect.sync(cancel)
        })
    }
  }

  /** Remembers that something happened: for the hash of the history and, when somebody wants to read it, as a line. */
  note(what: string, about = 0, detail: string | undefined = undefined): void {
    this.hash = (Math.imul(this.hash ^ (this.now * 8), 0x01000193) + what.length * 131 + what.charCodeAt(0) + about) | 0
    if (this.verbose) {
      this.lines.push(`${this.now.toFixed(0).padStart(8)}  ${what} ${about}${detail === undefined ? "" : ` ${detail}`}`)
    }
  }

  schedule(task: () => void): void {
    this.tasks.push(task)
  }

  immediate(work: () => void): void {
    this.immediates.push(work)
  }

  /** Whether a fiber that has come so far shall give way. */
  yields(steps: number): boolean {
    if (steps < this.stepsLeft) return false
    this.stepsLeft = this.order.shuffled ? this.random.int(1, this.order.maxSteps) : this.order.maxSteps
    return true
  }

  private nextTask(): () => void {
    const tasks = this.tasks
    const index = this.order.shuffled && tasks.length > 1 ? this.random.int(0, tasks.length - 1) : 0
    if (index === 0) return tasks.shift()!
    return tasks.splice(index, 1)[0]!
  }

  private fire(timer: Timer): void {
    if (timer.cancelled) return
    timer.cancelled = true
    this.counts[timer.owner] -= 1
    timer.run()
  }

  /** The next event that can happen; time moves on to it. */
  private pop(limit: number): Timer | undefined {
    for (;;) {
      const [first] = this.heap
      if (first === undefined || first.at > limit) return undefined
      this.remove()
      if (first.cancelled) continue
      this.now = Math.max(this.now, first.at)
      if (this.stalled && first.owner !== "Server") this.deferred.push(first)
      else return first
    }
  }

  private push(timer: Timer): void {
    const heap = this.heap
    let index = heap.push(timer) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(timer, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = timer
  }

  private remove(): void {
    const heap = this.heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1
      if (!before(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
  }
}

/** Histories begin in November 2023. */
const epoch = 1_700_000_000_000

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.nth < b.nth)

// -- what the client's modules see of the host -----------------------------------------------------------------------

let current: Host | undefined

const during = (host: Host, work: () => void): void => {
  current = host
  try {
    work()
  } finally {
    current = undefined
  }
}

const realImmediate = globalThis.setImmediate

/** Node's has more to it (a handle, arguments); the client uses nothing of that. */
const immediate = (work: () => void): unknown => current === undefined ? realImmediate(work) : current.immediate(work)

const scheduler: Scheduler.Scheduler = Scheduler.defaultScheduler
const scheduleTask = scheduler.scheduleTask.bind(scheduler)
const shouldYield = scheduler.shouldYield.bind(scheduler)

const realTimeout = globalThis.setTimeout
const realClear = globalThis.clearTimeout
const realNow = performance.now.bind(performance)

/** A timer of the client. */
class Handle {
  readonly cancel: () => void
  constructor(cancel: () => void) {
    this.cancel = cancel
  }
}

const timeout = (work: () => void, delay = 0): unknown =>
  current === undefined
    ? realTimeout(work, delay)
    // As the runtime does: never at once.
    : new Handle(current.at("Client", current.now + Math.max(1, delay), work))

const clear = (handle: unknown): void => {
  if (handle instanceof Handle) handle.cancel()
  // What is no handle of ours is one of the runtime's.
  else realClear(handle as Parameters<typeof realClear>[0])
}

Object.assign(globalThis, {
  setImmediate: Object.assign(immediate, realImmediate),
  setTimeout: Object.assign(timeout, realTimeout),
  clearTimeout: clear
})
Object.assign(performance, { now: () => (current === undefined ? realNow() : current.now) })

/** The clock of the client: the one that its timers take for that of the host, which they then use directly. */
export const live = Context.get(DefaultServices.liveServices, Clock.Clock)
const real = { millis: live.unsafeCurrentTimeMillis.bind(live), nanos: live.unsafeCurrentTimeNanos.bind(live) }
const millis = () => (current === undefined ? real.millis() : current.wall)
const nanos = () => (current === undefined ? real.nanos() : current.nanos)

Object.assign(live, {
  unsafeCurrentTimeMillis: millis,
  unsafeCurrentTimeNanos: nanos,
  currentTimeMillis: Effect.sync(millis),
  currentTimeNanos: Effect.sync(nanos)
})

Object.assign(scheduler, {
  scheduleTask: (task: () => void, priority: number, fiber?: Fiber.RuntimeFiber<unknown, unknown>) =>
    current === undefined ? scheduleTask(task, priority, fiber) : current.schedule(task),
  shouldYield: (fiber: Steps) =>
    current === undefined ? shouldYield(fiber) : current.yields(fiber.currentOpCount) ? 0 : false
})

/** The public type of a fiber does not show how far it has come; every scheduler reads it. */
interface Steps extends Fiber.RuntimeFiber<unknown, unknown> {
  readonly currentOpCount: number
}
