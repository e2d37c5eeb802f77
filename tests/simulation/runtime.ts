/** What a host takes over of Effect's runtime: its scheduler, and the view of the fibers that run. */
import { Effect, type Fiber, Scheduler, Supervisor } from "effect"

/** Where fibers wait for their turn. */
export interface Turns {
  readonly schedule: (run: () => void) => void
  /** Whether a fiber that has taken so many steps gives way. */
  readonly yields: (steps: number) => boolean
}

/** The public type of a fiber does not show how far it has come; every scheduler reads it. */
interface Steps extends Fiber.RuntimeFiber<unknown, unknown> {
  readonly currentOpCount: number
}

export const scheduler = (turns: Turns): Scheduler.Scheduler => ({
  shouldYield: (fiber: Steps) => turns.yields(fiber.currentOpCount) ? 0 : false,
  scheduleTask: (run) => turns.schedule(run)
})

/** While there is a host, its turns are those of the default scheduler. */
export const takeOver = (host: () => Turns | undefined): void => {
  const real = Scheduler.defaultScheduler
  const [scheduleTask, shouldYield] = [real.scheduleTask.bind(real), real.shouldYield.bind(real)]
  Object.assign(real, {
    scheduleTask: (...task: Parameters<typeof scheduleTask>) => {
      const turns = host()
      return turns === undefined ? scheduleTask(...task) : turns.schedule(task[0])
    },
    shouldYield: (fiber: Steps) => {
      const turns = host()
      return turns === undefined ? shouldYield(fiber) : turns.yields(fiber.currentOpCount) ? 0 : false
    }
  })
}

/** Watches the fibers that an effect starts, and those that they start. */
export const watch = Effect.map(Supervisor.track, (fibers) => ({
  within: Effect.supervised(fibers),
  /** How many have not ended. */
  running: Effect.map(fibers.value, (all) => all.filter((fiber) => fiber.unsafePoll() === null).length)
}))

export type Watch = Effect.Effect.Success<typeof watch>
