/** Locks. A lock is an effect that acquires it until the scope closes. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"

/** How long an exchange waits for the lock. */
const timeout = Duration.seconds(3)

/**
 * Runs the exchange under the lock. If others hold the lock for longer than 3 s, the exchange runs without it, because
 * the lock only avoids unnecessary exchanges.
 */
export const under =
  (lock: Effect.Effect<void, never, Scope.Scope>) =>
  <A, E, R>(exchange: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Scope.make(),
      (scope) =>
        Effect.zipRight(Effect.timeoutOption(Effect.interruptible(Scope.extend(lock, scope)), timeout), exchange),
      Scope.close
    )

/** A lock for one process. */
export const ofSemaphore = (semaphore: Effect.Semaphore): Effect.Effect<void, never, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.zipRight(restore(semaphore.take(1)), Effect.addFinalizer(() => semaphore.release(1)))
  )
