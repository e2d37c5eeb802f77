/** Simulates a city. Its taxis change between free and busy all the time, so that the page changes. */
import { KuzzleIndex, KuzzleMappings } from "@effect-kuzzle/core"
import { Array, Effect, Random, Schedule } from "effect"
import { taxis } from "./taxis.ts"

const drivers = ["Ada", "Alan", "Barbara", "Edsger", "Grace", "Katherine", "Linus", "Margaret", "Niklaus"]

/** Creates the taxis. If their index is new, closing the scope deletes it. */
export const create = Effect.gen(function*() {
  if (!(yield* KuzzleIndex.exists({ index: taxis.index }))) {
    yield* Effect.addFinalizer(() => Effect.ignoreLogged(KuzzleIndex.delete({ index: taxis.index })))
  }
  yield* KuzzleMappings.create(taxis)
  yield* Effect.forEach(
    Array.map(drivers, (driver, i) => [driver, i] as const),
    ([driver, i]) =>
      taxis.createOrReplace({
        _id: driver.toLowerCase(),
        content: { driver, status: i % 3 === 0 ? "busy" : "free", seats: 4 + i % 3 }
      })
  )
})

const move = Effect.gen(function*() {
  const driver = yield* Random.choice(drivers)
  const status = yield* Random.choice(["free", "busy"] as const)
  yield* taxis.update({ _id: driver.toLowerCase(), content: { status } })
})

/** Changes the status of a random taxi every 900 ms, without end. A lost connection does not stop it. */
export const run = move.pipe(
  Effect.catchTags({
    KuzzleNotSentError: () => Effect.void,
    KuzzleMaybeSentError: () => Effect.void,
    KuzzleDeadlineError: () => Effect.void
  }),
  Effect.repeat(Schedule.spaced("900 millis"))
)
