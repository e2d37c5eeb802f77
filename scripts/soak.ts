/**
 * `pnpm soak --minutes 30` looks for leaks. One client sends requests, subscribes, logs in and logs out, while other clients
 * come and go and the server cuts connections, closes them, freezes and restarts. A client usually sees as many faults in
 * months.
 *
 * It fails when the heap grows by more than `heapBound`, when the number of fibers, timers, sockets or listeners keeps
 * growing, or when one of them still exists after the client is closed. It also fails when a counter of the load is 0.
 *
 * Node runs it without the optimizing compilers. Compiled code is part of the heap, and would grow for an hour.
 */
import { NodeRuntime } from "@effect/platform-node"
import type { Scope } from "effect"
import { Console, Data, Duration, Effect, Layer, Random, Schedule, Supervisor } from "effect"
import type { ChildProcess } from "node:child_process"
import { fork } from "node:child_process"
import * as DiagnosticsChannel from "node:diagnostics_channel"
import type { EventEmitter } from "node:events"
import type { Socket } from "node:net"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Load from "./soak/load.ts"
import type { Fault } from "./soak/server.ts"

const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" } } })
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error(`--minutes is ${values.minutes}: expected a number above 0`)
const duration = Duration.minutes(minutes)

/** The time in which the load does everything once, so that lazily created objects exist before the first sample. */
const warmUp = Duration.max(Duration.times(duration, 0.15), "12 seconds")

/** The KB that the heap may grow by after the first third. It is the noise of a short run, and negligible in a long one. */
const heapBound = 512

/** The time between two samples. A sample collects all garbage, which stops everything. */
const interval = Duration.clamp(Duration.times(duration, 1 / 16), { minimum: "500 millis", maximum: "8 seconds" })

class SoakError extends Data.TaggedError("SoakError")<{ readonly message: string }> {}

// -------------------------------------------------------------------------------------------------------------------
// samples
// -------------------------------------------------------------------------------------------------------------------

interface Sample {
  readonly minute: number
  /** In KB. */
  readonly heap: number
  readonly fibers: number
  readonly timers: number
  /** The sockets of TCP clients that are still in memory, open or not. */
  readonly sockets: number
  /** The listeners of these sockets and of the process. */
  readonly listeners: number
}

const countable = ["fibers", "timers", "sockets", "listeners"] as const

const sockets = new Set<WeakRef<Socket>>()
DiagnosticsChannel.subscribe("net.client.socket", (message) => {
  // Node publishes such an object on this channel. The types do not say so.
  sockets.add(new WeakRef((message as { readonly socket: Socket }).socket))
})

const listenersOf = (emitter: EventEmitter): number =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)

const startedAt = performance.now()

const takeSample = (supervisor: Supervisor.Supervisor<ReadonlyArray<unknown>>): Effect.Effect<Sample, SoakError> =>
  Effect.gen(function*() {
    const { gc } = globalThis
    if (gc === undefined) return yield* new SoakError({ message: "there is no `gc`: run `pnpm soak`" })
    // The first collection only runs finalizers and clears weak references. The second frees what they held.
    gc()
    yield* Effect.promise(() => new Promise(setImmediate))
    gc()
    let listeners = listenersOf(process)
    for (const reference of sockets) {
      const socket = reference.deref()
      if (socket === undefined) sockets.delete(reference)
      else listeners += listenersOf(socket)
    }
    return {
      minute: (performance.now() - startedAt) / 60_000,
      heap: process.memoryUsage().heapUsed / 1024,
      fibers: (yield* supervisor.value).length,
      timers: process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length,
      sockets: sockets.size,
      listeners
    }
  })

const show = ({ fibers, heap, listeners, minute, sockets, timers }: Sample): string =>
  `${minute.toFixed(1).padStart(6)} min  heap ${(heap / 1024).toFixed(2)} MB, ${fibers} fibers, ${timers} timers, ` +
  `${sockets} sockets, ${listeners} listeners`

// -------------------------------------------------------------------------------------------------------------------
// judging
// -------------------------------------------------------------------------------------------------------------------

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** The growth of the heap in KB per minute: the median slope between any two samples, which an outlier hardly changes. */
const slope = (samples: ReadonlyArray<Sample>): number =>
  median(samples.flatMap((a, i) => samples.slice(i + 1).map((b) => (b.heap - a.heap) / (b.minute - a.minute))))

const judge = (
  before: Sample,
  during: ReadonlyArray<Sample>,
  after: Sample,
  counts: Load.Counts
): ReadonlyArray<string> => {
  const settled = during.slice(during.length / 3)
  const grown = slope(settled) * ((settled.at(-1)?.minute ?? 0) - (settled[0]?.minute ?? 0))
  const first = during.slice(0, during.length / 2)
  const last = during.slice(during.length / 2)
  return [
    ...(grown <= heapBound ? [] : [`the heap grew by ${Math.round(grown)} KB, more than ${heapBound}`]),
    ...countable.flatMap((what) => {
      // A number that only fluctuates has at least one sample in the second half that is no larger than the first half's most.
      const least = Math.min(...last.map((sample) => sample[what]))
      const most = Math.max(...first.map((sample) => sample[what]))
      return least <= most
        ? []
        : [`${what} keep growing: at most ${most} in the first half, at least ${least} in the second`]
    }),
    ...countable.flatMap((what) =>
      after[what] === before[what]
        ? []
        : [`${what} after the client was closed: ${after[what]} instead of ${before[what]}`]
    ),
    ...Object.entries(counts).flatMap((
      [what, count]
    ) => (count > 0 ? [] : [`the load had no ${what}: the run proves nothing`]))
  ]
}

// -------------------------------------------------------------------------------------------------------------------
// the run
// -------------------------------------------------------------------------------------------------------------------

const startServer: Effect.Effect<{ readonly url: string; readonly process: ChildProcess }, SoakError, Scope.Scope> =
  Effect.gen(function*() {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        fork(fileURLToPath(new URL("./soak/server.ts", import.meta.url)), { execArgv: ["--import", "tsx"] })
      ),
      (child) => Effect.sync(() => child.disconnect())
    )
    const url = yield* Effect.async<string, SoakError>((resume) => {
      child.once("message", (message) => resume(Effect.succeed(String(message))))
      child.once("exit", (code) => resume(new SoakError({ message: `the server ended with code ${code}` })))
    })
    return { url, process: child }
  })

const faults: ReadonlyArray<Fault> = ["cut", "cut", "cut", "close", "fail", "restart", "freeze"]

const main = Effect.gen(function*() {
  const server = yield* startServer
  const supervisor = yield* Supervisor.track
  const counts = Load.make()

  const disturb = Random.nextIntBetween(500, 4_000).pipe(
    Effect.flatMap(Effect.sleep),
    Effect.zipRight(Random.nextIntBetween(0, faults.length)),
    Effect.flatMap((n) => Effect.sync(() => server.process.send(faults[n] ?? "cut"))),
    Effect.forever
  )

  /** Runs one client with its load until `meanwhile` ends, and closes it. */
  const live = <A, E>(meanwhile: Effect.Effect<A, E>) =>
    Effect.gen(function*() {
      const context = yield* Layer.build(Load.layer(server.url))
      yield* Effect.forkScoped(disturb)
      return yield* Effect.raceFirst(Effect.provide(Load.run(counts, server.url), context), meanwhile)
    }).pipe(Effect.scoped, Effect.supervised(supervisor))

  /**
   * A sample after nothing has changed for 5 s. By then the last fault of the server has ended, and both sides have closed
   * their sockets.
   */
  const settledSample = Effect.gen(function*() {
    let last = yield* takeSample(supervisor)
    let same = 0
    for (let samples = 0; same < 5 && samples < 60; samples++) {
      yield* Effect.sleep("1 second")
      const now = yield* takeSample(supervisor)
      same = countable.every((what) => now[what] === last[what]) ? same + 1 : 0
      last = now
    }
    return last
  })

  yield* live(Effect.sleep(warmUp))
  const before = yield* settledSample
  yield* Console.log(`${show(before)}: before`)

  const during: Array<Sample> = []
  const addSample = Effect.gen(function*() {
    const sample = yield* takeSample(supervisor)
    during.push(sample)
    yield* Console.log(show(sample))
  })
  yield* live(Effect.repeat(addSample, Schedule.upTo(Schedule.spaced(interval), duration)))
  const remainingFibers = (yield* supervisor.value).length
  const after = yield* settledSample
  yield* Console.log(`${show(after)}: after`)
  yield* Console.log(Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(", "))
  yield* Console.log(`heap after the first third: ${slope(during.slice(during.length / 3)).toFixed(1)} KB a minute`)

  const problems = [
    ...(remainingFibers === 0 ? [] : [`${remainingFibers} fibers still ran right after the client was closed`]),
    ...judge(before, during, after, counts)
  ]
  if (problems.length > 0) return yield* new SoakError({ message: problems.join("\n") })
})

NodeRuntime.runMain(Effect.scoped(main))
