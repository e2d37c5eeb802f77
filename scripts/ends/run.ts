/** What the runs in Node and in Chromium share. */
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
  /** The number of ends. */
  readonly ends: number
  /** A planted bug in the clients. */
  readonly planted: Planted | undefined
}

/** The run could not start or could not complete. */
export class RunError extends Data.TaggedError("RunError")<{ readonly message: string }> {}

/** The longest time in which the last clients send what is still stored. */
const drainTime = "3 minutes"

/** The number of clients at the same time. */
export const clients = 2

/** Draws cards in random order. Each card comes once before any comes twice, so even a short run has all of them. */
export const deck = <A>(cards: ReadonlyArray<A>): Effect.Effect<Effect.Effect<A>> =>
  Effect.gen(function*() {
    let remaining: Array<A> = []
    return Effect.gen(function*() {
      if (remaining.length === 0) remaining = [...yield* Random.shuffle(cards)]
      return remaining.pop() ?? (yield* Effect.dieMessage("a deck needs cards"))
    })
  })

/** The most requests that a client hands over before it ends. Most clients hand over fewer than half as many. */
const maxRequests = 40

/**
 * Waits until a client has handed over a random number of requests. `accepted` counts them. The wait ends after 3 s, because
 * a full store may refuse all of them.
 */
export const untilAccepted = (accepted: () => number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const enough = accepted() + Math.floor(maxRequests * (yield* Random.next) ** 2)
    yield* Effect.sync(accepted).pipe(
      Effect.zipLeft(Effect.sleep("5 millis")),
      Effect.repeat({ until: (count) => count >= enough }),
      Effect.timeoutOption("3 seconds")
    )
  })

/** Runs `life`, which ends a client, this many times. As many lives as there are clients run at the same time. */
export const repeatLives = <E, R>(ends: number, life: Effect.Effect<void, E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function*() {
    const remaining = yield* Ref.make(ends)
    const next = Ref.modify(remaining, (count) => [count > 0, count - 1])
    const lives: Effect.Effect<void, E, R> = Effect.whenEffect(Effect.flatMap(life, () => lives), next).pipe(
      Effect.asVoid
    )
    yield* Effect.replicateEffect(lives, clients, { concurrency: "unbounded", discard: true })
  })

/** Disturbs the clients in the background, until the scope is closed: their connections, and by what `others` do. */
export const disturb = (
  { ledger, server }: Plan,
  others: ReadonlyArray<Effect.Effect<string>>
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    // Every second disturbance is one of the connection.
    const next = yield* deck([...others, ...others.map(() => server.disturb), server.disturb])
    yield* next.pipe(
      Effect.flatten,
      Effect.flatMap((what) => Effect.sync(() => ledger.disturbed(what))),
      Effect.zipRight(Effect.flatMap(Random.nextIntBetween(100, 1000), (millis) => Effect.sleep(millis))),
      Effect.forever,
      Effect.forkScoped
    )
  })

/** Waits until the store is empty. `stored` counts the requests and reports in it. */
export const drained = <E, R>({ ledger }: Plan, stored: Effect.Effect<number, E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function*() {
    const done = yield* stored.pipe(
      Effect.zipLeft(Effect.sleep("100 millis")),
      Effect.repeat({ until: (count) => count === 0 }),
      Effect.timeoutOption(drainTime)
    )
    if (Option.isNone(done)) {
      ledger.complain(`${yield* stored} requests and reports are still in the store after ${drainTime}`)
    }
    // The server may still execute requests that arrived just before the last connection ended.
    yield* Effect.sleep("500 millis")
  })

export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "ends-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }))
)
