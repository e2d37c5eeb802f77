/** Runs effects from where there is no fiber, until the scope closes. */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"

/**
 * The fibers have a scope of their own, which closes after what was added to the scope later. A fiber that is forked into a
 * scope that is closing already would not be interrupted: a frame that arrives while the client closes may fork one.
 */
export const make: Effect.Effect<(effect: Effect.Effect<void>) => void, never, Scope.Scope> = Effect.zipWith(
  Effect.runtime<never>(),
  Effect.flatMap(Effect.scope, (scope) => Scope.fork(scope, ExecutionStrategy.sequential)),
  (runtime, scope) => (effect) => void Runtime.runFork(runtime)(effect, { scope })
)
