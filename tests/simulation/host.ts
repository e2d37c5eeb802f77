/**
 * The machine on which a history runs: virtual time, and one queue for everything that happens. Nothing in it waits for
 * the real event loop, so a minute of a client's life takes a millisecond and the same seed gives the same run.
 *
 * It replaces the scheduler and the clock of the runtime (`runtime.ts`), `queueMicrotask`, `setImmediate`, `setTimeout` and
 * `performance.now`. It must therefore be imported before any module of the client. While no history runs, all of these
 * work as usual.
 */
import { Clock, Context, DefaultServices, Duration, Effect, type Scheduler } from "effect"
import type { Random } from "./random.ts"
import * as Runtime from "./runtime.ts"

/**
 * The owner of an event. `Client`: timers of the client. `User`: timers of the programs that use it. `Wire`: what arrives
 * from the network. These three are on one host, which may stall. `Server` is everything else.
 */
export type Owner = "Client" | "User" | "Wire" | "Server"

interface Timer {
  readonly at: number
  readonly nth: number
  readonly owner: Owner
  readonly client: ClientId
  readonly run: () => void
  cancelled: boolean
}

/** One of several clients of a history. Each can be killed and frozen alone. `undefined`: the only client, or none. */
export type ClientId = number | undefined

/** Something that is ready to run. */
interface Task {
  readonly run: () => void
  readonly client: ClientId
}

/** A time in which nothing runs on the host, or in one client. */
interface Stall {
  readonly client: ClientId
  readonly until: number
  readonly deferred: Array<Timer>
}

/** How the host orders events and fibers that are ready at the same time. */
export interface Order {
  /** Ready fibers run in random order, not in the order in which they became ready. */
  readonly shuffled: boolean
  /** A fiber yields after at most this many steps. */
  readonly maxSteps: number
  /** How likely the next event of the same instant is handled before the ready fibers run. */
  readonly eventFirst: number
}

/** More tasks than this in one instant count as an endless loop. */
const maxTasksPerInstant = 100_000

export class Host {
  /** Milliseconds since the history began; they only go forward. */
  now = 0
  /** How far the wall clock of the client's host is from the server's. */
  wallOffset = 0
  /** Called once, when everything that was ready has run and before the next event. */
  readonly turnEnds: Array<() => void> = []
  readonly lines: Array<string> = []
  /** A hash of all noted events: equal for equal histories. */
  hash = 0
  /** Called with an exception where none may be thrown. */
  onThrow: (cause: unknown, where: string) => void = (cause) => {
    throw cause
  }

  private readonly order: Order
  private readonly random: Random
  private readonly verbose: boolean
  private readonly heap: Array<Timer> = []
  private nth = 0
  private readonly counts = { Client: 0, User: 0, Wire: 0, Server: 0 }
  /** How many timers the code of each client has set. */
  private readonly timersOf = new Map<ClientId, number>()
  /** Microtasks belong to no client, because one of them may resume several clients. */
  private readonly microtasks: Array<() => void> = []
  private tasks: Array<Task> = []
  private immediates: Array<Task> = []
  private stalls: Array<Stall> = []
  private readonly killed = new Set<ClientId>()
  /** The client that is running. Tasks and timers that it starts belong to it. */
  private client: ClientId = undefined
  private stepsLeft: number

  constructor(random: Random, order: Order, verbose: boolean) {
    this.random = random
    this.order = order
    this.verbose = verbose
    this.stepsLeft = order.maxSteps
  }

  /** Replaces the scheduler, the clock and the timers while `work` runs. */
  run(work: () => void): void {
    during(this, work)
  }

  /** Lets time pass until `done`, until no event is due, or until `limit`. */
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
      // Frames that arrive in one packet are handled before any fiber runs.
      while (this.order.eventFirst > 0 && this.random.chance(this.order.eventFirst)) {
        const together = this.pop(this.now)
        if (together === undefined) break
        this.fire(together)
      }
    }
  }

  /** Runs what is ready; no time passes. */
  settle(): void {
    this.drain()
    for (let count = 0; this.tasks.length + this.immediates.length > 0; count++) {
      if (count > maxTasksPerInstant) throw new Error("a loop without end: no time passes")
      if (this.tasks.length === 0) {
        const immediates = this.immediates
        this.immediates = []
        for (const immediate of immediates) this.turn(immediate)
      } else this.turn(this.nextTask())
    }
    for (const check of this.turnEnds.splice(0)) check()
  }

  /** Schedules an event. Events of the server belong to no client, others to the running client unless one is named. */
  at(
    owner: Owner,
    at: number,
    run: () => void,
    client: ClientId = owner === "Server" ? undefined : this.client
  ): () => void {
    if (this.killed.has(client)) return () => {}
    const timer: Timer = { at: Math.max(at, this.now), nth: this.nth++, owner, client, run, cancelled: false }
    this.count(timer, 1)
    this.push(timer)
    return () => {
      if (timer.cancelled) return
      timer.cancelled = true
      this.count(timer, -1)
    }
  }

  /** How many timers of that owner are set. */
  pending(owner: Owner): number {
    return this.counts[owner]
  }

  /** How many timers the code of that client has set. */
  timers(client: ClientId): number {
    return this.timersOf.get(client) ?? 0
  }

  /** Runs `work` in a client. Tasks and timers that it starts belong to that client. */
  as<A>(client: ClientId, work: () => A): A {
    const before = this.client
    this.client = client
    try {
      return work()
    } finally {
      this.client = before
    }
  }

  /** The scheduler of a client. Its fibers belong to it: one that others resume waits for a turn of its own client. */
  scheduler(client: ClientId): Scheduler.Scheduler {
    return Runtime.scheduler({
      schedule: (run) => this.schedule(run, client),
      yields: (steps) => client !== this.client || this.yields(steps)
    })
  }

  /** A client crashes: its ready and scheduled tasks are dropped, and no finalizer runs. */
  kill(client: number): void {
    this.killed.add(client)
    this.tasks = this.tasks.filter((task) => task.client !== client)
    this.immediates = this.immediates.filter((task) => task.client !== client)
  }

  /** The client, or the whole host, freezes. Afterwards the late timers fire first, then the frames that have arrived. */
  stall(duration: number, client?: number): void {
    if (this.isStalled(client)) return
    const stall: Stall = { client, until: this.now + duration, deferred: [] }
    this.stalls = [...this.stalls.filter(({ until }) => until > this.now), stall]
    this.at("Server", stall.until, () => {
      for (const wire of [false, true]) {
        for (const timer of stall.deferred) {
          if ((timer.owner === "Wire") !== wire) continue
          this.fire(timer)
          this.settle()
        }
      }
    })
  }

  get stalled(): boolean {
    return this.isStalled(undefined)
  }

  /** Whether the host, or this client, is frozen. */
  isStalled(client: ClientId): boolean {
    return this.stallOf(client) !== undefined
  }

  private stallOf(client: ClientId): Stall | undefined {
    return this.stalls.find((stall) =>
      stall.until > this.now && (stall.client === undefined || stall.client === client)
    )
  }

  /** What the wall clock of the client's host shows. */
  get wall(): number {
    return epoch + Math.floor(this.now) + this.wallOffset
  }

  get nanos(): bigint {
    return BigInt(Math.round(this.now * 1e6))
  }

  /** The clock for the programs and for the server. The client uses the live clock. */
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

  /** Records an event: for the hash of the history and, if the history is printed, as a line. */
  note(what: string, about = 0, detail: string | undefined = undefined): void {
    this.hash = (Math.imul(this.hash ^ (this.now * 8), 0x01000193) + what.length * 131 + what.charCodeAt(0) + about) | 0
    if (this.verbose) {
      this.lines.push(`${this.now.toFixed(0).padStart(8)}  ${what} ${about}${detail === undefined ? "" : ` ${detail}`}`)
    }
  }

  schedule(run: () => void, client = this.client): void {
    if (!this.killed.has(client)) this.tasks.push({ run, client })
  }

  microtask(run: () => void): void {
    this.microtasks.push(run)
  }

  immediate(run: () => void): void {
    if (!this.killed.has(this.client)) this.immediates.push({ run, client: this.client })
  }

  /** Whether a fiber that has taken this many steps must yield. */
  yields(steps: number): boolean {
    if (steps < this.stepsLeft) return false
    this.stepsLeft = this.order.shuffled ? this.random.int(1, this.order.maxSteps) : this.order.maxSteps
    return true
  }

  /** A task, and the microtasks that it leaves. */
  private turn(task: Task): void {
    this.perform(task)
    this.drain()
  }

  private drain(): void {
    for (let run = this.microtasks.shift(); run !== undefined; run = this.microtasks.shift()) this.as(undefined, run)
  }

  private perform({ client, run }: Task): void {
    if (this.killed.has(client)) return
    if (client === this.client) return run()
    this.as(client, run)
  }

  private count({ client, owner }: Timer, by: number): void {
    this.counts[owner] += by
    if (owner === "Client") this.timersOf.set(client, this.timers(client) + by)
  }

  private nextTask(): Task {
    const tasks = this.tasks
    const index = this.order.shuffled && tasks.length > 1 ? this.random.int(0, tasks.length - 1) : 0
    if (index === 0) return tasks.shift()!
    return tasks.splice(index, 1)[0]!
  }

  private fire(timer: Timer): void {
    if (timer.cancelled) return
    timer.cancelled = true
    this.count(timer, -1)
    this.perform(timer)
  }

  /** Removes and returns the next event that can happen, and moves the time to it. */
  private pop(limit: number): Timer | undefined {
    for (;;) {
      const [first] = this.heap
      if (first === undefined || first.at > limit) return undefined
      this.remove()
      if (first.cancelled) continue
      this.now = Math.max(this.now, first.at)
      const stall = first.owner === "Server" || this.stalls.length === 0 ? undefined : this.stallOf(first.client)
      if (stall === undefined) return first
      stall.deferred.push(first)
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

// -- globals that the client's modules use -----------------------------------------------------------------------------

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

/** Node's version also returns a handle and passes arguments. The client uses neither. */
const immediate = (work: () => void): unknown => current === undefined ? realImmediate(work) : current.immediate(work)

const realMicrotask = globalThis.queueMicrotask
const microtask = (work: () => void): void => current === undefined ? realMicrotask(work) : current.microtask(work)

const realTimeout = globalThis.setTimeout
const realInterval = globalThis.setInterval
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
    // As in Node and browsers, a delay is at least 1 ms.
    : new Handle(current.at("Client", current.now + Math.max(1, delay), work))

/** Effect keeps the process alive with an interval while a fiber waits. After a kill, that interval would never be cleared. */
const interval = (work: () => void, delay?: number): unknown =>
  current === undefined ? realInterval(work, delay) : undefined

const clear = (handle: unknown): void => {
  if (handle instanceof Handle) handle.cancel()
  // Any other handle comes from the runtime.
  else realClear(handle as Parameters<typeof realClear>[0])
}

Object.assign(globalThis, {
  queueMicrotask: microtask,
  setImmediate: Object.assign(immediate, realImmediate),
  setTimeout: Object.assign(timeout, realTimeout),
  clearTimeout: clear,
  setInterval: Object.assign(interval, realInterval)
})
Object.assign(performance, { now: () => (current === undefined ? realNow() : current.now) })

Runtime.takeOver(() => current)

/** The clock of the client. With it, its timers use those of the host directly. */
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
