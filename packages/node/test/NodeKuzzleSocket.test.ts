/** The counts of bytes in transit by the socket of Node (promise C2). */
import { KuzzleSocket } from "@effect-kuzzle/core"
import { NodeKuzzleSocket } from "@effect-kuzzle/node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import type * as Http from "node:http"
import type * as Net from "node:net"
import { WebSocketServer } from "ws"

/** A server that runs a function on the TCP socket of its connection, and a client of it. */
const connected = (act: (socket: Net.Socket) => void) =>
  Effect.gen(function*() {
    const server = yield* Effect.acquireRelease(
      Effect.async<WebSocketServer>((resume) => {
        const listening: WebSocketServer = new WebSocketServer({ host: "127.0.0.1", port: 0 })
        listening.on("listening", () => resume(Effect.succeed(listening)))
        listening.on("connection", (_: unknown, { socket }: Http.IncomingMessage) => act(socket))
      }),
      (server) =>
        Effect.sync(() => {
          for (const client of server.clients) client.terminate()
          server.close()
        })
    )
    // Safe: a listening TCP server has an address object, not the name of a pipe.
    const { port } = server.address() as Net.AddressInfo
    const frames: Array<string> = []
    const sink = { onFrame: (frame: string) => frames.push(frame), onPong: () => {} }
    const socket = yield* NodeKuzzleSocket.make()
    const connection = yield* KuzzleSocket.connect(socket, {
      url: `ws://127.0.0.1:${port}`,
      sink,
      timeout: Duration.seconds(5)
    })
    return { connection, frames }
  })

const until = (condition: () => boolean) =>
  Effect.repeat(Effect.sync(condition), { until: (met) => met, schedule: Schedule.spaced("5 millis") }).pipe(
    Effect.timeout("10 seconds")
  )

describe("NodeKuzzleSocket", () => {
  it.scopedLive("C2: bytes of an incomplete frame are counted", () =>
    Effect.gen(function*() {
      const header = Buffer.from([0x81, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0])
      const { connection, frames } = yield* connected((socket) => {
        // After a message of the client, which is sent when the bytes of the handshake have been counted.
        socket.once("data", () => socket.write(Buffer.concat([header, Buffer.alloc(100)])))
      })
      const before = connection.unsafeBytesRead()
      assert.isNumber(before)
      connection.unsafeSend("now")
      yield* until(() => connection.unsafeBytesRead() === Number(before) + 110)
      assert.deepStrictEqual(frames, [])
    }))

  it.scopedLive("C2: a large frame shows progress while it is sent, not only at its end", () =>
    Effect.gen(function*() {
      const size = 40_000_000
      const { connection } = yield* connected((socket) => {
        socket.pause()
        // Some 64 KB each time.
        setInterval(() => {
          socket.resume()
          setImmediate(() => socket.pause())
        }, 5).unref()
      })
      assert.strictEqual(connection.unsafeBufferedAmount(), 0)
      connection.unsafeSend("x".repeat(size))
      assert.isAtMost(connection.unsafeBufferedAmount(), size + 14)
      const seen = new Set<number>()
      yield* until(() => {
        seen.add(connection.unsafeBufferedAmount())
        return connection.unsafeBufferedAmount() === 0
      })
      const falling = Array.from(seen)
      assert.deepStrictEqual(falling, [...falling].sort((a, b) => b - a))
      // A write that is counted as a whole would show two values: its whole size, and 0.
      assert.isAbove(falling.length, 2)
    }))
})
