/**
 * The statistics of the real server (deprecated, spec 4.8). It counts in `Map`s and stores a frame every 10 s as JSON,
 * in which a `Map` is an empty object. So only the counts since the start can be read, and only until the first frame
 * is stored.
 */
import type { JsonObject } from "./json.ts"

const interval = 10_000
const kept = 3_600_000

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

  /** The frames of a period, both ends included; `undefined`: no end. */
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
      .filter((at) => at > now - kept && (start === undefined || at >= start) && (stop === undefined || at <= stop))
      .map((timestamp) => ({ ...empty, timestamp }))
    return { hits, total: hits.length }
  }
}
