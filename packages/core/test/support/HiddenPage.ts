/**
 * The timers of a page that Chromium has hidden for five minutes. A timer that was set by a task of the browser (such as a
 * message of a socket) fires at a whole second. So do the timers that it sets, and so on. From the fifth timer of such a
 * chain on, they fire at whole minutes.
 */
import { Clock, Duration, Effect } from "effect"
import { turns } from "./FakeSocket.ts"

interface Due {
  readonly at: number
  readonly level: number
  readonly run: () => void
}

const longestChain = 5

export class HiddenPage {
  now = 0
  /** How many timers are in the chain that led to the running code. */
  private level = 0
  private due: Array<Due> = []

  readonly clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => this.now,
    unsafeCurrentTimeNanos: () => BigInt(this.now) * 1_000_000n,
    currentTimeMillis: Effect.sync(() => this.now),
    currentTimeNanos: Effect.sync(() => BigInt(this.now) * 1_000_000n),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const level = this.level + 1
        const wake = level >= longestChain ? 60_000 : 1000
        const at = Math.ceil((this.now + Duration.toMillis(duration)) / wake) * wake
        const due = this.add({ at, level, run: () => resume(Effect.void) })
        return Effect.sync(() => {
          this.due = this.due.filter((other) => other !== due)
        })
      })
  }

  /** Runs a task of the browser after a delay in milliseconds. */
  readonly task = (delay: number, run: () => void): void => void this.add({ at: this.now + delay, level: 0, run })

  /** Advances the time of the page to `until`. */
  readonly pass = (until: number): Effect.Effect<void> =>
    Effect.gen(this, function*() {
      for (;;) {
        const next = this.due.reduce<Due | undefined>(
          (first, due) => (first === undefined || due.at < first.at ? due : first),
          undefined
        )
        if (next === undefined || next.at > until) break
        this.due = this.due.filter((other) => other !== next)
        this.now = next.at
        this.level = next.level
        next.run()
        yield* turns()
        this.level = 0
      }
      this.now = until
    })

  private add(due: Due): Due {
    this.due.push(due)
    return due
  }
}
