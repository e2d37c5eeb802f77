/** Runs effects from code outside of fibers. The fibers end when the scope closes. */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { isImmediate } from "../services/immediate.ts"

/**
 * The fibers end after the finalizers that were added to the scope later. A fiber that is forked while the scope closes
 * also ends: a frame that arrives while the client closes may fork one.
 */
export const make: Effect.Effect<Fork, never, Scope.Scope> = Effect.flatMap(Effect.runtime<never>(), (runtime) => {
  const fork = new Fork(runtime)
  return Effect.flatMap(Effect.scope, (scope) => Effect.as(Scope.addFinalizer(scope, fork.end), fork))
})

export class Fork {
  /** Made when it is first needed, because an idle client runs no fiber. */
  private running: Set<Fiber.RuntimeFiber<unknown, unknown>> | undefined = undefined
  private ended = false

  constructor(private readonly runtime: Runtime.Runtime<never>) {}

  /**
   * Runs an effect. Calls `done` when it has ended, unless the scope has ended it. An effect that is already a value
   * takes no fiber. The returned function interrupts the effect, and so does the end of the scope. That also works if
   * the client was made in an uninterruptible region, as resources are.
   */
  run<A, E>(effect: Effect.Effect<A, E>, done: (exit: Exit.Exit<A, E>) => void = ignore): () => void {
    if (isImmediate(effect)) {
      done(effect)
      return ignore
    }
    const fiber = Runtime.runFork(this.runtime)(Effect.interruptible(effect))
    const exit = fiber.unsafePoll()
    if (exit !== null) {
      done(exit)
      return ignore
    }
    const running = this.running ??= new Set()
    running.add(fiber)
    fiber.addObserver((exit) => {
      running.delete(fiber)
      if (!this.ended) done(exit)
    })
    return () => fiber.unsafeInterruptAsFork(FiberId.none)
  }

  get end(): Effect.Effect<void> {
    return Effect.fiberIdWith((id) => {
      this.ended = true
      // A fiber that closes the scope must not interrupt itself.
      const others = [...this.running ?? []].filter((fiber) => fiber.id() !== id)
      return others.length === 0 ? Effect.void : Fiber.interruptAll(others)
    })
  }
}

const ignore = () => {}
