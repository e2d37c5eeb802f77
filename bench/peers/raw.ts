/**
 * The baseline: a client written by hand, of `ws` and a `Map`. It has only what a client cannot do without: ids, one sweep for
 * all deadlines and a heartbeat. It rejects all pending requests when the socket closes.
 *
 * The variant `tuned` also writes the frames of one tick at once. Its `ws` does not validate UTF-8, because `JSON.parse` reads
 * the text anyway.
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

/** Sends a request, and calls one of the two functions with its outcome. */
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
        // All have the same deadline, so they expire in the order in which they were added.
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
        // Sends a close frame and does not wait for the server's, as ours does.
        close: () => {
          socket.close(1000)
          socket.terminate()
        }
      }))
  })

/** Collects the frames of one tick and sends them in one write. `ws` has no public function for this. */
const corked = (socket: WebSocket) => {
  let isCorked = false
  return (frame: string) => {
    if (!isCorked) {
      isCorked = true
      // The types do not have this field. It is the TCP socket.
      const tcp = (socket as unknown as { readonly _socket: Socket })._socket
      tcp.cork()
      process.nextTick(() => {
        isCorked = false
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
