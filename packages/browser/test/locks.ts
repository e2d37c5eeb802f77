/** The Web Locks of the origin, which all tabs share. */
import { Effect } from "effect"
import { until } from "../../../tests/suite/until.ts"

/** Waits until a tab waits for the lock of this name, because another one holds it. */
export const lockIsWaitedFor = (name: string): Effect.Effect<void> =>
  until(
    `a tab that waits for the lock ${name}`,
    Effect.promise(async () => ((await navigator.locks.query()).pending ?? []).some((lock) => lock.name === name))
  )
