/**
 * The statistics of the real server (deprecated, spec 4.8). It counts in `Map`s, and stores a frame as JSON every 10 s.
 * In JSON, a `Map` is an empty object. So the counts can only be read until the first frame is stored.
 */
import type { JsonObject } from "./json.ts"

/** Milliseconds between two frames. */
const interval = 10_000
/** How long a frame is stored, in milliseconds. */
const retention = 3_600_000

const empty = { completedRequests: {}, connections: {}, failedRequests: {}, ongoingRequests: {} }

class Counter {
  private readonly counts = new Map<string, number>()
  add(protocol: string, n: number): void {
    this.counts.set(protocol, (this.counts.get(protocol) ?? 0) + n)
  }
  show(): JsonObject {
    return Object.fromEntries(this.counts)
  }
}

export class Statistics {
  private readonly startedAt: number
  private readonly completed = new Counter()
  private readonly failed = new Counter()
  private readonly ongoing = new Counter()
  constructor(startedAt: number) {
    this.startedAt = startedAt
  }

  begin(protocol: string): void {
    this.ongoing.add(protocol, 1)
  }

  end(protocol: string, succeeded: boolean): void {
    this.ongoing.add(protocol, -1)
    const counter = succeeded ? this.completed : this.failed
    counter.add(protocol, 1)
  }

  last(now: number): JsonObject {
    return { timestamp: now, ...empty }
  }

  /** The frames of a period, including those at `start` and `stop`. `undefined`: the period is open. */
  between(start: number | undefined, stop: number | undefined, now: number, connections: JsonObject): JsonObject {
    const frames = Math.floor((now - this.startedAt) / interval)
    if (start !== undefined && start >= now) return { hits: [], total: 0 }
    if (frames === 0) {
      const current = {
        timestamp: now,
        completedRequests: this.completed.show(),
        connections,
        failedRequests: this.failed.show(),
        ongoingRequests: this.ongoing.show()
      }
      const hits = stop === undefined || stop >= now ? [current] : []
      return { hits, total: hits.length }
    }
    const hits = Array.from({ length: frames }, (_, i) => this.startedAt + (i + 1) * interval)
      .filter((at) =>
        at > now - retention && (start === undefined || at >= start) && (stop === undefined || at <= stop)
      )
      .map((timestamp) => ({ ...empty, timestamp }))
    return { hits, total: hits.length }
  }
}
