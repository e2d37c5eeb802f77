/** An agent whose TCP connections can be cut, as a pulled cable would: to show that the client recovers. */
import { Effect } from "effect"
import * as Http from "node:http"
import * as Https from "node:https"
import type { Duplex } from "node:stream"

export interface Severable {
  readonly agent: Http.Agent
  /** Destroys every open connection without a close frame; tells how many there were. */
  readonly cut: Effect.Effect<number>
}

export const make = (url: string): Severable => {
  const open = new Set<Duplex>()
  const agent = /^(wss|https):/.test(url) ? new Https.Agent() : new Http.Agent()
  const createConnection = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    const socket = createConnection(options, callback)
    if (socket instanceof Object) {
      open.add(socket)
      socket.once("close", () => open.delete(socket))
    }
    return socket
  }
  return {
    agent,
    cut: Effect.sync(() => {
      const count = open.size
      for (const socket of open) socket.destroy()
      return count
    })
  }
}
