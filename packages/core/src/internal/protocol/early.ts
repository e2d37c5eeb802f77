/**
 * Notifications that arrive before the answer that names their channel (spec 0.5). They are parked while a subscription
 * is being opened. Both their number and their total size are limited.
 */
import type { Frame } from "./envelope.ts"

export const maxEarly = 10_000
export const maxEarlyBytes = 16 * 1024 ** 2

/** `nth` counts all notifications that were ever parked. */
interface Parked {
  readonly nth: number
  readonly frame: Frame
  readonly size: number
}

export class Early {
  private readonly channels = new Map<string, Array<Parked>>()
  private count = 0
  private bytes = 0
  /** How many notifications were ever parked. */
  private total = 0
  /** How many notifications were dropped because the limits were reached. */
  private overflowed = 0

  get parkedTotal(): number {
    return this.total
  }

  get lost(): number {
    return this.overflowed
  }

  /** Returns `false` if the limits are reached. */
  park(channel: string, frame: Frame, size: number): boolean {
    if (this.count >= maxEarly || this.bytes + size > maxEarlyBytes) {
      this.overflowed += 1
      return false
    }
    this.count += 1
    this.bytes += size
    const entry = { nth: this.total++, frame, size }
    const parked = this.channels.get(channel)
    if (parked === undefined) this.channels.set(channel, [entry])
    else parked.push(entry)
    return true
  }

  /** Removes and returns the notifications of a channel. */
  take(channel: string): ReadonlyArray<Parked> {
    const parked = this.channels.get(channel)
    if (parked === undefined) return []
    this.channels.delete(channel)
    this.count -= parked.length
    for (const { size } of parked) this.bytes -= size
    return parked
  }

  clear(): void {
    if (this.count > 0) this.channels.clear()
    this.count = 0
    this.bytes = 0
    this.overflowed = 0
  }
}
