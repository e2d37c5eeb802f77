/**
 * `Effect.async` of Effect 3, for code that resumes a fiber in the middle of its own work. In Effect 4, the fiber would
 * continue inside the call of `resume`, and might see half of a change. Here it continues in the next microtask.
 */
import * as Effect from "effect/Effect"

/** The resumed fibers, in the order of the calls. One microtask serves all of them. */
const waiting: Array<() => void> = []

const flush = (): void => waiting.splice(0).forEach((resume) => resume())

export const callback = <A, E = never, R = never>(
  register: (resume: (effect: Effect.Effect<A, E, R>) => void) => void | Effect.Effect<void, never, R>
): Effect.Effect<A, E, R> =>
  Effect.callback((resume) => {
    // During the registration, no change is under way, so the fiber may continue at once.
    let isRegistering = true
    const cancel = register((effect) => {
      if (isRegistering) resume(effect)
      else if (waiting.push(() => resume(effect)) === 1) queueMicrotask(flush)
    })
    isRegistering = false
    return cancel
  })
