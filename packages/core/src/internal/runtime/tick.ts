/**
 * Work to be done once the host has handed over everything that has arrived: one wake-up a turn of the event loop for
 * each consumer, not one a frame (measured with notifications spread over 100 subscriptions: a factor of 7).
 */
let scheduled: Array<() => void> = []

const flush = () => {
  const due = scheduled
  scheduled = []
  for (const work of due) work()
}

declare const setImmediate: ((work: () => void) => void) | undefined

/** Node has a phase of its own for this; in browsers each frame is a task of its own, after which microtasks run. */
const defer: (work: () => void) => void = typeof setImmediate === "function" ? setImmediate : queueMicrotask

/** Runs `work` once in this turn. It must not throw. */
export const later = (work: () => void): void => {
  if (scheduled.push(work) === 1) defer(flush)
}
