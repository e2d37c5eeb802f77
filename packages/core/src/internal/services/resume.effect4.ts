/**
 * `Effect.async` of Effect 3, for code that resumes a fiber in the midst of its own work: on 4 the fiber would go on
 * inside the call of `resume`, see half of a change, and change it further. Here it goes on in the next microtask.
 */
import * as Effect from "effect/Effect"

let waiting: Array<() => void> = []

const flush = (): void => {
  const resumed = waiting
  waiting = []
  for (const resume of resumed) resume()
}

/** In the order of the calls; one microtask for all of them. */
const later = (resume: () => void): void => {
  if (waiting.push(resume) === 1) queueMicrotask(flush)
}

export const callback = <A, E = never, R = never>(
  register: (resume: (effect: Effect.Effect<A, E, R>) => void) => void | Effect.Effect<void, never, R>
): Effect.Effect<A, E, R> =>
  Effect.callback((resume) => {
    // During the registration nothing is in the midst of anything.
    let isRegistering = true
    const cancel = register((effect) => isRegistering ? resume(effect) : later(() => resume(effect)))
    isRegistering = false
    return cancel
  })
