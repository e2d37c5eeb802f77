/** Runs effects from where there is no fiber, until the scope closes. */
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"

export const make: Effect.Effect<(effect: Effect.Effect<void>) => void, never, Scope.Scope> = Effect.zipWith(
  Effect.runtime<never>(),
  Effect.scope,
  (runtime, scope) => (effect) => void Runtime.runFork(runtime)(effect, { scope })
)
