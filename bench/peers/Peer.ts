/** The interface of a client that is measured. */
import type { BenchFilter, BenchRequest } from "../wire.ts"

export interface Settings {
  readonly url: string
  /** Milliseconds. Every request has this deadline, except in variants without one. */
  readonly deadline: number
  /** Milliseconds between two heartbeats. */
  readonly heartbeat: number
  /** The number of requests that are queued while there is no connection. By default there is no queue. */
  readonly queue?: number
}

export interface Session {
  /** Sends one request. Its cost is not measured. */
  readonly request: (request: BenchRequest) => Promise<unknown>
  /** Sends requests one after the other, and calls `done` after each. */
  readonly sequential: (count: number, make: (n: number) => BenchRequest, done: () => void) => Promise<void>
  /** Sends requests, with `inFlight` of them in flight at any time. */
  readonly concurrent: (count: number, inFlight: number, make: (n: number) => BenchRequest) => Promise<void>
  /** Sends all requests at once. When all have ended, resolves with the number of failures. */
  readonly settle: (requests: ReadonlyArray<BenchRequest>) => Promise<number>
  /** Opens a subscription for each filter. Its consumer calls `handled` with the number of notifications. */
  readonly subscribe: (filters: ReadonlyArray<BenchFilter>, handled: (count: number) => void) => Promise<void>
  readonly close: () => Promise<void>
}

export interface Peer {
  /** Whether the client queues requests while there is no connection. */
  readonly queues: boolean
  readonly open: (settings: Settings) => Promise<Session>
  /**
   * Hands over `count` requests at once while there is no connection, so that they survive the process, and then deletes them.
   * Returns the milliseconds until all were stored, for each round. Only ours supports it.
   */
  readonly handOver?: (settings: Settings, count: number, rounds: number) => Promise<ReadonlyArray<number>>
}

/** The exports of each client's module in this folder. */
export interface PeerModule {
  readonly peer: (variant: string) => Peer
}

/** A client that returns promises. */
export interface PromiseClient {
  readonly request: (request: BenchRequest) => Promise<unknown>
  readonly subscribe: (filter: BenchFilter, handler: (notification: unknown) => void) => Promise<unknown>
  readonly close: () => void
}

/** Uses such a client as an application does, in loops that await. */
export const fromPromises = (client: PromiseClient): Session => ({
  request: client.request,
  sequential: async (count, make, done) => {
    for (let i = 0; i < count; i++) {
      await client.request(make(i))
      done()
    }
  },
  concurrent: async (count, inFlight, make) => {
    let next = 0
    const loop = async () => {
      while (next < count) await client.request(make(next++))
    }
    await Promise.all(Array.from({ length: inFlight }, loop))
  },
  settle: async (requests) => {
    const ends = await Promise.allSettled(requests.map((request) => client.request(request)))
    return ends.filter((end) => end.status === "rejected").length
  },
  subscribe: async (filters, handled) => {
    let next = 0
    const loop = async () => {
      while (next < filters.length) await client.subscribe(filters[next++]!, () => handled(1))
    }
    await Promise.all(Array.from({ length: 100 }, loop))
  },
  close: async () => client.close()
})
