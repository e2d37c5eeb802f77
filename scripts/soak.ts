/**
 * `pnpm soak --minutes 30` lets a client live through what usually takes months, and looks for what stays behind:
 * requests, subscriptions, logins and other clients, while the server cuts, closes, freezes and restarts.
 *
 * It fails when the heap grows by more than `heapBound`, when fibers, timers, sockets or listeners become ever more, when
 * one of them is left once the client is closed, and when something of all that has not happened at all.
 *
 * Its Node interprets and does not compile: compiled code is heap too, and grows for an hour.
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
import type { Accident } from "./soak/server.ts"

const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" } } })
const duration = Duration.minutes(Number(values.minutes))

/** Everything has been done, and what is made once is made, by then. */
const warmUp = Duration.max(Duration.times(duration, 0.15), "12 seconds")

/** KB that the heap may grow by after the first third: the noise of a short run, and in a long one as good as nothing. */
const heapBound = 512

/** So many looks in a long run, and enough in a short one; each stops everything. */
const every = Duration.clamp(Duration.times(duration, 1 / 16), { minimum: "500 millis", maximum: "8 seconds" })

class SoakError extends Data.TaggedError("SoakError")<{ readonly message: string }> {}

// -------------------------------------------------------------------------------------------------------------------
// looking
// -------------------------------------------------------------------------------------------------------------------

interface Look {
  readonly minute: number
  /** KB. */
  readonly heap: number
  readonly fibers: number
  readonly timers: number
  /** TCP connections of clients that are still held in memory, open or not. */
  readonly sockets: number
  /** Of these sockets, and of the process. */
  readonly listeners: number
}

const countable = ["fibers", "timers", "sockets", "listeners"] as const

const sockets = new Set<WeakRef<Socket>>()
DiagnosticsChannel.subscribe("net.client.socket", (message) => {
  // What Node publishes there; the types know nothing of it.
  sockets.add(new WeakRef((message as { readonly socket: Socket }).socket))
})

const listenersOf = (emitter: EventEmitter): number =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)

const startedAt = performance.now()

const look = (supervisor: Supervisor.Supervisor<ReadonlyArray<unknown>>): Effect.Effect<Look, SoakError> =>
  Effect.gen(function*() {
    const { gc } = globalThis
    if (gc === undefined) return yield* new SoakError({ message: "run it with node --expose-gc" })
    // What the first collection finds to be dead, finalizers and weak references among it, goes with the second.
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

const show = ({ fibers, heap, listeners, minute, sockets, timers }: Look): string =>
  `${minute.toFixed(1).padStart(6)} min  heap ${(heap / 1024).toFixed(2)} MB, ${fibers} fibers, ${timers} timers, ` +
  `${sockets} sockets, ${listeners} listeners`

// -------------------------------------------------------------------------------------------------------------------
// judging
// -------------------------------------------------------------------------------------------------------------------

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** KB per minute: the median of the slopes between any two looks, which no single one can bend. */
const slope = (looks: ReadonlyArray<Look>): number =>
  median(looks.flatMap((a, i) => looks.slice(i + 1).map((b) => (b.heap - a.heap) / (b.minute - a.minute))))

const judge = (before: Look, during: ReadonlyArray<Look>, after: Look, counts: Load.Counts): ReadonlyArray<string> => {
  const settled = during.slice(during.length / 3)
  const grown = slope(settled) * ((settled.at(-1)?.minute ?? 0) - (settled[0]?.minute ?? 0))
  const first = during.slice(0, during.length / 2)
  const last = during.slice(during.length / 2)
  return [
    ...(grown <= heapBound ? [] : [`the heap grew by ${Math.round(grown)} KB, more than ${heapBound}`]),
    ...countable.flatMap((what) => {
      // What comes and goes was sometimes in the end as little as it was at most in the beginning.
      const least = Math.min(...last.map((look) => look[what]))
      const most = Math.max(...first.map((look) => look[what]))
      return least <= most ? [] : [`${what} become more: from at most ${most} to at least ${least}`]
    }),
    ...countable.flatMap((what) =>
      after[what] === before[what]
        ? []
        : [`${what} after the client was closed: ${after[what]} instead of ${before[what]}`]
    ),
    ...Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [] : [`${what}: none, that was no soak`]))
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

const accidents: ReadonlyArray<Accident> = ["cut", "cut", "cut", "close", "fail", "restart", "freeze"]

const main = Effect.gen(function*() {
  const server = yield* startServer
  const supervisor = yield* Supervisor.track
  const counts = Load.make()

  const haveAccidents = Random.nextIntBetween(500, 4_000).pipe(
    Effect.flatMap(Effect.sleep),
    Effect.zipRight(Random.nextIntBetween(0, accidents.length)),
    Effect.flatMap((n) => Effect.sync(() => server.process.send(accidents[n] ?? "cut"))),
    Effect.forever
  )

  /** One client and all that it does, from its beginning to its end. */
  const live = <A, E>(meanwhile: Effect.Effect<A, E>) =>
    Effect.gen(function*() {
      const context = yield* Layer.build(Load.layer(server.url))
      yield* Effect.forkScoped(haveAccidents)
      return yield* Effect.raceFirst(Effect.provide(Load.run(counts, server.url), context), meanwhile)
    }).pipe(Effect.scoped, Effect.supervised(supervisor))

  /** When nothing has changed for 5 s: the last accident is over, and closed sockets are closed on the other side too. */
  const lookBack = Effect.gen(function*() {
    let last = yield* look(supervisor)
    let same = 0
    for (let looks = 0; same < 5 && looks < 60; looks++) {
      yield* Effect.sleep("1 second")
      const now = yield* look(supervisor)
      same = countable.every((what) => now[what] === last[what]) ? same + 1 : 0
      last = now
    }
    return last
  })

  yield* live(Effect.sleep(warmUp))
  const before = yield* lookBack
  yield* Console.log(`${show(before)}: before`)

  const during: Array<Look> = []
  const takeLook = Effect.gen(function*() {
    const taken = yield* look(supervisor)
    during.push(taken)
    yield* Console.log(show(taken))
  })
  yield* live(Effect.repeat(takeLook, Schedule.upTo(Schedule.spaced(every), duration)))
  const left = (yield* supervisor.value).length
  const after = yield* lookBack
  yield* Console.log(`${show(after)}: after`)
  yield* Console.log(Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(", "))
  yield* Console.log(`heap after the first third: ${slope(during.slice(during.length / 3)).toFixed(1)} KB a minute`)

  const faults = [
    ...(left === 0 ? [] : [`${left} fibers were left in the turn the client was closed in`]),
    ...judge(before, during, after, counts)
  ]
  if (faults.length > 0) return yield* new SoakError({ message: faults.join("\n") })
})

NodeRuntime.runMain(Effect.scoped(main))
