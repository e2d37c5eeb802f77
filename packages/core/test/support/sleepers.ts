/** A clock that lists the fibers that sleep. `TestClock.sleeps` exists only on Effect 3. */
import type { Clock } from "effect"
import { Duration, Effect } from "effect"

export const sleepers = Effect.map(Effect.clock, (clock) => {
  const sleeping = new Set<{ readonly until: number }>()
  const sleep: Clock.Clock["sleep"] = (duration) =>
    Effect.suspend(() => {
      const sleeper = { until: clock.unsafeCurrentTimeMillis() + Duration.toMillis(duration) }
      sleeping.add(sleeper)
      return Effect.ensuring(clock.sleep(duration), Effect.sync(() => sleeping.delete(sleeper)))
    })
  const observed: Clock.Clock = Object.assign(Object.create(clock), { sleep })
  return {
    clock: observed,
    /** The times at which the sleeping fibers wake up. */
    wakeUps: () => Array.from(sleeping, ({ until }) => until)
  }
})
