/**
 * Plain WebSockets, one at each node of a cluster, that record what the nodes deliver. A cluster loses notifications between its
 * nodes while a node joins or ends (docs/spec/real-server.md). A client cannot detect that. If the witness at its node missed the
 * same message, the client is not to blame.
 */
import { Effect } from "effect"
import type { Scope } from "effect"
import { WebSocket } from "ws"
import type { Collection } from "./backend.ts"

export interface Witnesses {
  /** Whether this node delivered messages before and after this one on one connection, but not this one. */
  readonly missed: (url: string, n: number) => boolean
}

/** The delay, in milliseconds, before the next attempt to connect. A node takes seconds to start. */
const redialAfter = 100

/** The numbers that arrived on each connection to one node. */
class Witness {
  private readonly connections: Array<Set<number>> = []
  private socket: WebSocket | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private ended = false

  constructor(private readonly url: string, private readonly target: Collection) {
    this.dial()
  }

  missed(n: number): boolean {
    return this.connections.some((numbers) => !numbers.has(n) && Math.min(...numbers) < n && n < Math.max(...numbers))
  }

  end(): void {
    this.ended = true
    clearTimeout(this.timer)
    this.socket?.terminate()
  }

  private dial(): void {
    const numbers = new Set<number>()
    const socket = new WebSocket(this.url)
    this.socket = socket
    this.connections.push(numbers)
    socket.on("open", () => {
      socket.send(JSON.stringify({ controller: "realtime", action: "subscribe", ...this.target, body: {} }))
    })
    socket.on("message", (frame) => {
      // The wire: a notification of a published message has its content in `result._source`.
      const { result } = JSON.parse(String(frame)) as {
        readonly result?: { readonly _source?: { readonly n?: unknown } }
      }
      const n = result?._source?.n
      if (typeof n === "number") numbers.add(n)
    })
    // `close` follows each error.
    socket.on("error", () => {})
    socket.on("close", () => {
      if (!this.ended) this.timer = setTimeout(() => this.dial(), redialAfter)
    })
  }
}

/** Listens at these nodes until the scope closes. */
export const listenAt = (
  urls: ReadonlyArray<string>,
  target: Collection
): Effect.Effect<Witnesses, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Map(urls.map((url) => [url, new Witness(url, target)]))),
    (witnesses) => Effect.sync(() => witnesses.forEach((witness) => witness.end()))
  ).pipe(Effect.map((witnesses) => ({ missed: (url, n) => witnesses.get(url)?.missed(n) ?? false })))
