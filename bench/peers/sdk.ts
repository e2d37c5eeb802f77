/**
 * The official SDK, `kuzzle-sdk`, with its defaults and a request timeout, which it does not have by default. The variant
 * `no-deadline` has none.
 */
import sdk from "kuzzle-sdk"
import { collection, index } from "../wire.ts"
import type { Peer } from "./Peer.ts"
import { fromPromises } from "./Peer.ts"

export const peer = (variant: string): Peer => ({
  queues: true,
  open: async ({ deadline, heartbeat, queue, url }) => {
    const { hostname, port } = new URL(url)
    const protocol = new sdk.WebSocket(hostname, { port: Number(port), pingInterval: heartbeat })
    const kuzzle = new sdk.Kuzzle(protocol, {
      ...(variant === "no-deadline" ? {} : { requestTimeout: deadline }),
      // As fast as possible. By default it waits 10 ms between two requests.
      ...(queue === undefined ? {} : { autoQueue: true, autoReplay: true, queueMaxSize: queue, replayInterval: 0 })
    })
    await kuzzle.connect()
    return fromPromises({
      request: (request) => kuzzle.query(request),
      subscribe: (filter, handler) => kuzzle.realtime.subscribe(index, collection, filter, handler),
      close: () => kuzzle.disconnect()
    })
  }
})
