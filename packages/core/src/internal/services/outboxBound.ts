/** Bounds how long the outbox waits for its store. A store that does not answer counts as one that fails. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { OutboxError } from "../../KuzzleError.ts"
import type { Claim, KuzzleOutboxStoreShape, Limits } from "../../KuzzleOutboxStore.ts"
import * as Timer from "./timer.ts"

type Operation = OutboxError["operation"]

/** How long the outbox waits for its store. A durable change takes milliseconds, or seconds on a very busy disk. */
export const storeTimeout = Duration.seconds(10)

/**
 * Runs an operation of the store. It fails with the reason `"Timeout"` if the effect takes too long. The effect
 * continues nonetheless, because the store may still perform the operation. So the effect must include everything that
 * follows from the operation.
 */
export type Bounded = <A>(operation: Operation, effect: Effect.Effect<A, OutboxError>) => Effect.Effect<A, OutboxError>

interface Wait {
  readonly until: number
  readonly late: () => void
}

/** One timer for all waits, because most of them take microseconds. */
export const make: Effect.Effect<Bounded, never, Scope.Scope> = Effect.gen(function*() {
  const clock = yield* Effect.clock
  // The oldest wait ends first, because all waits are equally long.
  const waits = new Set<Wait>()
  const wakeAt = yield* Timer.makeEarliest(() => {
    const now = Timer.now(clock)
    for (const wait of waits) if (wait.until <= now) wait.late()
    const [oldest] = waits
    if (oldest !== undefined) wakeAt(oldest.until)
  })
  return <A>(operation: Operation, effect: Effect.Effect<A, OutboxError>) =>
    Effect.flatMap(
      Effect.forkDaemon(Effect.uninterruptible(effect)),
      (fiber) =>
        Effect.async<A, OutboxError>((resume) => {
          const end = (exit: Effect.Effect<A, OutboxError>) => {
            waits.delete(wait)
            resume(exit)
          }
          const wait = {
            until: Timer.now(clock) + Duration.toMillis(storeTimeout),
            late: () => end(new OutboxError({ operation, reason: "Timeout", issue: issueOf(operation) }))
          }
          waits.add(wait)
          wakeAt(wait.until)
          fiber.addObserver(end)
          return Effect.sync(() => waits.delete(wait))
        })
    )
})

const issueOf = (operation: Operation): string => {
  const late = `it has not answered for ${Duration.format(storeTimeout)}`
  switch (operation) {
    case "open":
      return `${late}: try again, or use another store`
    case "add":
      return `${late}: the request will be deleted once it answers, but if this client ends before, another one may send ` +
        `it, so hand it over again only if executing it twice is harmless`
    default:
      return `${late}: the change may still happen; if this continues, restart the client, or reload the page`
  }
}

/** Opens the store. A claim that comes too late is closed. */
export const open = (
  bounded: Bounded,
  store: KuzzleOutboxStoreShape,
  limits: Limits
): Effect.Effect<Claim, OutboxError, Scope.Scope> =>
  Effect.flatMap(
    Effect.acquireRelease(
      Scope.make(),
      // The next client adopts requests that were not released.
      (scope) => Effect.ignoreLogged(bounded("release", Scope.close(scope, Exit.void)))
    ),
    (scope) => bounded("open", Scope.extend(store.open(limits), scope))
  )
