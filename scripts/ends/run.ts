/** What runs in Node and in Chromium have in common. */
import { Data, Effect, Option, Random, Ref } from "effect"
import type { Scope } from "effect"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import type { Planted } from "../mutants/plant.ts"
import type { Ledger } from "./ledger.ts"
import type { Server } from "./server.ts"

export interface Plan {
  readonly server: Server
  readonly ledger: Ledger
  /** How many ends. */
  readonly ends: number
  /** A bug in the clients. */
  readonly planted: Planted | undefined
}

/** The run could not be made. */
export class RunError extends Data.TaggedError("RunError")<{ readonly message: string }> {}

/** How long the last clients may take to send what is left. */
const drainTime = "3 minutes"

/** How many clients there are at the same time. */
export const clients = 2

/** Deals all cards before one comes again, so that even a short run has everything. */
export const deck = <A>(cards: ReadonlyArray<A>): Effect.Effect<Effect.Effect<A>> =>
  Effect.gen(function*() {
    let left: Array<A> = []
    return Effect.gen(function*() {
      if (left.length === 0) left = [...yield* Random.shuffle(cards)]
      return left.pop() ?? (yield* Effect.dieMessage("a deck needs cards"))
    })
  })

/** How many requests a client hands over before it ends, most of them few. */
const maxRequests = 40

/** Waits until a client has handed over so many requests. `accepted` counts them. A store may refuse all of them. */
export const untilAccepted = (accepted: () => number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const enough = accepted() + Math.floor(maxRequests * (yield* Random.next) ** 2)
    yield* Effect.sync(accepted).pipe(
      Effect.zipLeft(Effect.sleep("5 millis")),
      Effect.repeat({ until: (count) => count >= enough }),
      Effect.timeoutOption("3 seconds")
    )
  })

/** Runs `life` again and again for each of the clients, until there were so many ends. */
export const repeatLives = <E, R>(
  ends: number,
  life: (slot: number) => Effect.Effect<void, E, R>
): Effect.Effect<void, E, R> =>
  Effect.gen(function*() {
    const left = yield* Ref.make(ends)
    const next = Ref.modify(left, (count) => [count > 0, count - 1])
    const lives = (slot: number): Effect.Effect<void, E, R> =>
      Effect.whenEffect(Effect.flatMap(life(slot), () => lives(slot)), next).pipe(Effect.asVoid)
    yield* Effect.all(Array.from({ length: clients }, (_, slot) => lives(slot)), {
      concurrency: "unbounded",
      discard: true
    })
  })

/** In the background, until the scope is closed. `others` are the ways to disturb besides those of the connection. */
export const disturb = (
  { ledger, server }: Plan,
  others: ReadonlyArray<Effect.Effect<string>>
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    // The connection gets as much as everything else.
    const next = yield* deck([...others, ...others.map(() => server.disturb), server.disturb])
    yield* next.pipe(
      Effect.flatten,
      Effect.flatMap((what) => Effect.sync(() => ledger.disturbed(what))),
      Effect.zipRight(Effect.flatMap(Random.nextIntBetween(100, 1000), (millis) => Effect.sleep(millis))),
      Effect.forever,
      Effect.forkScoped
    )
  })

/** Waits until the store is empty. `left` counts the requests and reports in it. */
export const drained = <E, R>({ ledger }: Plan, left: Effect.Effect<number, E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function*() {
    const done = yield* left.pipe(
      Effect.zipLeft(Effect.sleep("100 millis")),
      Effect.repeat({ until: (count) => count === 0 }),
      Effect.timeoutOption(drainTime)
    )
    if (Option.isNone(done)) {
      ledger.complain(`${yield* left} requests and reports were left in the store after ${drainTime}`)
    }
    // What was on its way when the last connection ended may still be executed.
    yield* Effect.sleep("500 millis")
  })

export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "ends-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }))
)
