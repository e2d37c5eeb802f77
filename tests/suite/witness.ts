/**
 * Plain WebSockets, one at each Kuzzle, that record what the Kuzzles deliver, in its order. A Kuzzle under load executes requests in
 * another order than it receives them, and a cluster loses notifications between its nodes while a node joins or ends
 * (docs/spec/real-server.md). No client can detect this. So a client is compared with a witness, not with the publisher.
 */
import { Effect } from "effect"
import type { Scope } from "effect"
import { WebSocket } from "ws"
import type { Collection } from "./backend.ts"

export interface Witnesses {
  /** The numbers that each connection has delivered, in this order. */
  readonly deliveries: () => ReadonlyArray<ReadonlyArray<number>>
}

/** The delay, in milliseconds, before the next attempt to connect. A Kuzzle takes seconds to start. */
const redialAfter = 100

/** The numbers that arrived on each connection to one Kuzzle. */
class Witness {
  readonly connections: Array<ReadonlyArray<number>> = []
  private socket: WebSocket | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private ended = false

  constructor(private readonly url: string, private readonly target: Collection) {
    this.dial()
  }

  end(): void {
    this.ended = true
    clearTimeout(this.timer)
    this.socket?.terminate()
  }

  private dial(): void {
    const socket = new WebSocket(this.url)
    this.socket = socket
    socket.on("open", () => {
      const numbers: Array<number> = []
      this.connections.push(numbers)
      socket.send(JSON.stringify({ controller: "realtime", action: "subscribe", ...this.target, body: {} }))
      socket.on("message", (frame) => {
        // The wire: a notification of a published message has its content in `result._source`.
        const { result } = JSON.parse(String(frame)) as {
          readonly result?: { readonly _source?: { readonly n?: unknown } }
        }
        const n = result?._source?.n
        if (typeof n === "number") numbers.push(n)
      })
    })
    // `close` follows each error.
    socket.on("error", () => {})
    socket.on("close", () => {
      if (!this.ended) this.timer = setTimeout(() => this.dial(), redialAfter)
    })
  }
}

/** Listens at these Kuzzles until the scope closes. */
export const listenAt = (
  urls: ReadonlyArray<string>,
  target: Collection
): Effect.Effect<Witnesses, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => urls.map((url) => new Witness(url, target))),
    (witnesses) => Effect.sync(() => witnesses.forEach((witness) => witness.end()))
  ).pipe(Effect.map((witnesses) => ({ deliveries: () => witnesses.flatMap(({ connections }) => connections) })))
