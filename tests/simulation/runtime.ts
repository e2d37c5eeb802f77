/** The parts of Effect's runtime that a host replaces: its scheduler, and a count of the running fibers. */
import { Effect, type Fiber, Scheduler, Supervisor } from "effect"

/** Decides when fibers run. */
export interface Turns {
  readonly schedule: (run: () => void) => void
  /** Whether a fiber that has taken this many steps must yield. */
  readonly yields: (steps: number) => boolean
}

/** A fiber with its number of steps, which every scheduler reads. The public type of a fiber omits it. */
interface Steps extends Fiber.RuntimeFiber<unknown, unknown> {
  readonly currentOpCount: number
}

export const scheduler = (turns: Turns): Scheduler.Scheduler => ({
  shouldYield: (fiber: Steps) => turns.yields(fiber.currentOpCount) ? 0 : false,
  scheduleTask: (run) => turns.schedule(run)
})

/** Makes the default scheduler use the turns of a host while there is one. */
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

/** Counts the fibers that an effect starts, and those that these fibers start. */
export const watch = Effect.map(Supervisor.track, (fibers) => ({
  within: Effect.supervised(fibers),
  /** The number of fibers that have not ended. */
  running: Effect.map(fibers.value, (all) => all.filter((fiber) => fiber.unsafePoll() === null).length)
}))

export type Watch = Effect.Effect.Success<typeof watch>
