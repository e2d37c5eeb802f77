/** The parts of Effect's runtime that a host replaces: its scheduler, and a count of the running fibers. */
import { Context, Effect, type Fiber, Scheduler } from "effect"

/** Decides when fibers run. */
export interface Turns {
  readonly schedule: (run: () => void) => void
  readonly yields: (steps: number) => boolean
}

export const scheduler = (turns: Turns): Scheduler.Scheduler => ({
  executionMode: "async",
  shouldYield: ({ currentOpCount }) => turns.yields(currentOpCount),
  makeDispatcher: () => ({ scheduleTask: (run) => turns.schedule(run), flush: () => {} })
})

export const takeOver = (host: () => Turns | undefined): void => {
  const real = Context.get(Context.empty(), Scheduler.Scheduler)
  const [makeDispatcher, shouldYield] = [real.makeDispatcher.bind(real), real.shouldYield.bind(real)]
  const own = (dispatcher: Scheduler.SchedulerDispatcher): Scheduler.SchedulerDispatcher => ({
    scheduleTask: (run, priority) => host() ? host()?.schedule(run) : dispatcher.scheduleTask(run, priority),
    flush: () => dispatcher.flush()
  })
  Object.assign(real, {
    shouldYield: (fiber: Fiber.Fiber<unknown, unknown>) => host()?.yields(fiber.currentOpCount) ?? shouldYield(fiber),
    makeDispatcher: () => own(makeDispatcher())
  })
}

/** Counts fibers by a scheduler: it sees each fiber that takes a step, and a fiber passes its scheduler to those it starts. */
export const watch = Effect.withFiber((self) => {
  const inner = self.getRef(Scheduler.Scheduler)
  const fibers = new Set<Fiber.Fiber<unknown, unknown>>()
  const counting: Scheduler.Scheduler = {
    executionMode: inner.executionMode,
    shouldYield: (fiber) => (fiber === self || fibers.add(fiber)) && inner.shouldYield(fiber),
    makeDispatcher: () => inner.makeDispatcher()
  }
  return Effect.succeed({
    within: Effect.provideService(Scheduler.Scheduler, counting),
    running: Effect.sync(() => [...fibers].filter((fiber) => fiber.pollUnsafe() === undefined).length)
  })
})

export type Watch = Effect.Success<typeof watch>
