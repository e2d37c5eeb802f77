/**
 * The incumbent: `kuzzle-sdk` with its defaults, and a request timeout, which it does not have by default; the variant
 * `no-deadline` leaves it out.
 */
import sdk from "kuzzle-sdk"
import { collection, index } from "../wire.ts"
import type { Peer } from "./Peer.ts"
import { fromPromises } from "./Peer.ts"

export const peer = (variant: string): Peer => ({
  open: async ({ deadline, heartbeat, url }) => {
    const { hostname, port } = new URL(url)
    const protocol = new sdk.WebSocket(hostname, { port: Number(port), pingInterval: heartbeat })
    const kuzzle = new sdk.Kuzzle(protocol, variant === "no-deadline" ? {} : { requestTimeout: deadline })
    await kuzzle.connect()
    return fromPromises({
      request: (request) => kuzzle.query(request),
      subscribe: (filter, handler) => kuzzle.realtime.subscribe(index, collection, filter, handler),
      close: () => kuzzle.disconnect()
    })
  }
})
