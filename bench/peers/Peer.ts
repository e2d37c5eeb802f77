/**
 * What a client has to offer to be measured.
 */
import type { BenchFilter, BenchRequest } from "../wire.ts"

export interface Settings {
  readonly url: string
  /** Milliseconds. Every request carries it, unless the variant is one without. */
  readonly deadline: number
  /** Milliseconds between two heartbeats. */
  readonly heartbeat: number
  /** How many requests are kept while there is no connection; none when it is not set. */
  readonly queue?: number
}

export interface Session {
  /** One request, for control: its cost is not measured. */
  readonly request: (request: BenchRequest) => Promise<unknown>
  /** Requests one after the other; calls back after each. */
  readonly sequential: (count: number, make: (n: number) => BenchRequest, done: () => void) => Promise<void>
  /** Requests with `inFlight` of them under way at any time. */
  readonly concurrent: (count: number, inFlight: number, make: (n: number) => BenchRequest) => Promise<void>
  /** Sends all at once; resolves with how many have failed when every one has ended. */
  readonly settle: (requests: ReadonlyArray<BenchRequest>) => Promise<number>
  /** Opens a subscription for each filter and consumes it in the way of the variant; calls back with what it handled. */
  readonly subscribe: (filters: ReadonlyArray<BenchFilter>, handled: (count: number) => void) => Promise<void>
  readonly close: () => Promise<void>
}

export interface Peer {
  /** Whether it keeps requests while there is no connection. */
  readonly queues: boolean
  readonly open: (settings: Settings) => Promise<Session>
  /**
   * Stores so many requests at once while there is no connection, so that they outlive the process, and deletes them again.
   * The milliseconds until all are stored, of each round. Only ours does it.
   */
  readonly handOver?: (settings: Settings, count: number, rounds: number) => Promise<ReadonlyArray<number>>
}

/** What each module in this folder exports. */
export interface PeerModule {
  readonly peer: (variant: string) => Peer
}

/** A client that returns promises. */
export interface PromiseClient {
  readonly request: (request: BenchRequest) => Promise<unknown>
  readonly subscribe: (filter: BenchFilter, handler: (notification: unknown) => void) => Promise<unknown>
  readonly close: () => void
}

/** How an application uses such a client: loops that await. */
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
