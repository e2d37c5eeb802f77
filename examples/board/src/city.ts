/** A city where taxis are taken and left all the time, so that there is something to look at. */
import { KuzzleIndex, KuzzleMappings } from "@effect-kuzzle/core"
import { Array, Effect, Random, Schedule } from "effect"
import { taxis } from "./taxis.ts"

const drivers = ["Ada", "Alan", "Barbara", "Edsger", "Grace", "Katherine", "Linus", "Margaret", "Niklaus"]

/** Makes the taxis, and takes them away with the scope where they have not been there before. */
export const found = Effect.gen(function*() {
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

/** For ever; a lost connection is no reason to stop. */
export const live = move.pipe(
  Effect.catchTags({
    KuzzleNotSentError: () => Effect.void,
    KuzzleMaybeSentError: () => Effect.void,
    KuzzleDeadlineError: () => Effect.void
  }),
  Effect.repeat(Schedule.spaced("900 millis"))
)
