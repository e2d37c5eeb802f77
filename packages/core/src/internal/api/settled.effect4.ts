/** The outcome of an effect that is settled already, so that nothing need be run for it. */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"

export const settled = <A, E, R>(effect: Effect.Effect<A, E, R>): Result.Result<A, E> | undefined => {
  if (!Exit.isExit(effect)) return undefined
  // An effect that is an `Exit` is one of the effect's own types.
  const exit = effect as Exit.Exit<A, E>
  if (Exit.isSuccess(exit)) return Result.succeed(exit.value)
  const failure = Cause.findError(exit.cause)
  // A defect is left to the one that runs it.
  return Result.isSuccess(failure) ? Result.fail(failure.success) : undefined
}
