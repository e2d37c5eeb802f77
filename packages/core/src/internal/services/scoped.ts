/**
 * Adds finalizers without a reference to the fiber that adds them. `Effect.addFinalizer` keeps all `FiberRefs` of that
 * fiber in memory.
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"

export const onClose = (finalize: () => void): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) => Scope.addFinalizer(scope, Effect.sync(finalize)))
