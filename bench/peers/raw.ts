/**
 * The floor: `ws` and a `Map`, as one writes it by hand in an afternoon. It does what a client cannot do without (ids,
 * one deadline sweep for all, heartbeat, everything settled when the socket dies) and nothing more.
 *
 * The variant `tuned` is the same after a second afternoon: the frames of one tick leave in one write, and `ws` does not
 * check again that what `JSON.parse` reads is UTF-8.
 */
import type { Socket } from "node:net"
import { WebSocket } from "ws"
import type { BenchRequest } from "../wire.ts"
import { collection, index } from "../wire.ts"
import type { Peer, PromiseClient, Settings } from "./Peer.ts"
import { fromPromises } from "./Peer.ts"

interface Pending {
  readonly resolve: (response: Message) => void
  readonly reject: (error: Error) => void
  readonly expires: number
}

export interface Message {
  readonly room?: string
  readonly error?: { readonly message: string } | null
  readonly result?: { readonly channel?: string }
}

/** Sends a request, and calls one of the two. */
type Ask = (request: BenchRequest, resolve: Pending["resolve"], reject: Pending["reject"]) => void

const SWEEP_MS = 250

export const connect = (settings: Settings, tuned: boolean): Promise<PromiseClient & { readonly ask: Ask }> =>
  new Promise((opened, failed) => {
    const socket = new WebSocket(settings.url, { perMessageDeflate: false, skipUTF8Validation: tuned })
    const pending = new Map<string, Pending>()
    const handlers = new Map<string, (notification: unknown) => void>()
    let counter = 0
    let alive = true

    const send = tuned ? corked(socket) : (frame: string) => socket.send(frame)

    const ask: Ask = (request, resolve, reject) => {
      const requestId = String(++counter)
      pending.set(requestId, { resolve, reject, expires: Date.now() + settings.deadline })
      send(JSON.stringify({ ...request, requestId }))
    }

    const request = (request: BenchRequest) => new Promise<Message>((resolve, reject) => ask(request, resolve, reject))

    const sweep = setInterval(() => {
      const now = Date.now()
      for (const [id, entry] of pending) {
        // All have the same deadline: they expire in the order in which they were added.
        if (entry.expires > now) return
        pending.delete(id)
        entry.reject(new Error("deadline"))
      }
    }, SWEEP_MS)
    sweep.unref()

    const heartbeat = setInterval(() => {
      if (!alive) return socket.terminate()
      alive = false
      socket.ping()
    }, settings.heartbeat)

    socket.on("pong", () => {
      alive = true
    })
    socket.on("message", (data) => {
      alive = true
      const message: Message = JSON.parse(String(data))
      if (message.room === undefined) return
      const entry = pending.get(message.room)
      if (entry !== undefined) {
        pending.delete(message.room)
        if (message.error) entry.reject(new Error(message.error.message))
        else entry.resolve(message)
        return
      }
      handlers.get(message.room)?.(message)
    })
    socket.on("close", () => {
      clearInterval(sweep)
      clearInterval(heartbeat)
      const error = new Error("connection lost")
      for (const entry of pending.values()) entry.reject(error)
      pending.clear()
    })
    socket.on("error", failed)
    socket.on("open", () =>
      opened({
        ask,
        request,
        subscribe: async (filter, handler) => {
          const { result } = await request({
            controller: "realtime",
            action: "subscribe",
            index,
            collection,
            body: filter
          })
          if (result?.channel !== undefined) handlers.set(result.channel, handler)
        },
        // It says goodbye and does not wait for the answer, as ours does.
        close: () => {
          socket.close(1000)
          socket.terminate()
        }
      }))
  })

/** Holds the frames of one tick back, then lets them go in one write. `ws` has no public way to do it. */
const corked = (socket: WebSocket) => {
  let holding = false
  return (frame: string) => {
    if (!holding) {
      holding = true
      // The field is not in the types: it is the TCP socket below.
      const tcp = (socket as unknown as { readonly _socket: Socket })._socket
      tcp.cork()
      process.nextTick(() => {
        holding = false
        tcp.uncork()
      })
    }
    socket.send(frame)
  }
}

export const peer = (variant: string): Peer => ({
  queues: false,
  open: async (settings) => fromPromises(await connect(settings, variant === "tuned"))
})
