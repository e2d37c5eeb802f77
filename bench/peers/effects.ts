/** Uses a client whose requests are effects, as an application does. */
import type { Exit } from "effect"
import { Effect } from "effect"
import type { BenchRequest } from "../wire.ts"

/** Runs `width` fibers. Each takes the next item until there is none. */
export const loops = <E, R>(count: number, width: number, each: (n: number) => Effect.Effect<unknown, E, R>) =>
  Effect.suspend(() => {
    let next = 0
    const loop = Effect.gen(function*() {
      while (next < count) yield* each(next++)
    })
    return Effect.all(Array.from({ length: width }, () => loop), { concurrency: "unbounded", discard: true })
  })

/** Runs effects one after the other. */
export const sequential = <E, R>(count: number, each: (n: number) => Effect.Effect<unknown, E, R>, done: () => void) =>
  Effect.gen(function*() {
    for (let i = 0; i < count; i++) {
      yield* each(i)
      done()
    }
  })

/** Runs all requests at once, a fiber for each, and returns their exits. */
export const settled = <A, E, R>(
  requests: ReadonlyArray<BenchRequest>,
  each: (request: BenchRequest) => Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyArray<Exit.Exit<A, E>>, never, R> =>
  Effect.forEach(requests, (request) => Effect.exit(each(request)), { concurrency: "unbounded" })
