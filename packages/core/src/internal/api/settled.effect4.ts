/** The outcome of an effect that is already settled. `undefined`: the effect must be run. */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"

export const settled = <A, E, R>(effect: Effect.Effect<A, E, R>): Result.Result<A, E> | undefined => {
  if (!Exit.isExit(effect)) return undefined
  // Safe: such an `Exit` has the types of the effect.
  const exit = effect as Exit.Exit<A, E>
  if (Exit.isSuccess(exit)) return Result.succeed(exit.value)
  const failure = Cause.findError(exit.cause)
  // A defect surfaces when the effect is run.
  return Result.isSuccess(failure) ? Result.fail(failure.success) : undefined
}
