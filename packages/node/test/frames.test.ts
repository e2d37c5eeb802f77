/** A server that violates RFC 6455. With any bytes, the connection ends with a cause, and another one is tried. */
import { Kuzzle } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { assert, describe, live } from "@effect/vitest"
import { Data, Duration, Effect, Layer, Option, Schedule, type Scope, Stream } from "effect"
import { createHash } from "node:crypto"
import * as Net from "node:net"

class ListenError extends Data.TaggedError("ListenError")<{ readonly cause: Error }> {}

const accept = (handshake: string): string => {
  const key = /sec-websocket-key: (.+)\r\n/i.exec(handshake)?.[1] ?? ""
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")
}

/** A server that accepts every handshake with additional headers. To the first connection it sends the bytes, then nothing. */
const server = (bytes: Buffer, header = ""): Effect.Effect<string, ListenError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<readonly [Net.Server, Set<Net.Socket>], ListenError>((resume) => {
      const sockets = new Set<Net.Socket>()
      const listening = Net.createServer((socket) => {
        const first = sockets.size === 0
        sockets.add(socket)
        socket.on("error", () => {})
        socket.once("data", (handshake) => {
          socket.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
              `${header}Sec-WebSocket-Accept: ${accept(handshake.toString("latin1"))}\r\n\r\n`
          )
          // In a separate packet.
          if (first) setTimeout(() => socket.write(bytes), 30)
        })
      })
      listening.once("error", (cause) => resume(new ListenError({ cause })))
      listening.listen(0, "127.0.0.1", () => resume(Effect.succeed([listening, sockets])))
    }),
    ([listening, sockets]) =>
      Effect.async<void>((resume) => {
        listening.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
    // Safe: a listening TCP server has an address object, not the name of a pipe.
  ).pipe(Effect.map(([listening]) => `ws://127.0.0.1:${(listening.address() as Net.AddressInfo).port}`))

const client = (url: string) =>
  Effect.map(
    Effect.orDie(Layer.build(NodeKuzzle.layer({ url, reconnect: Schedule.spaced("20 millis") }))),
    (context) => Effect.provide(Kuzzle.Kuzzle, context)
  ).pipe(Effect.flatten)

describe("a server that sends", () => {
  live.each<readonly [string, ReadonlyArray<number>, number]>([
    ["a reserved opcode", [0x83, 0], 1002],
    ["a reserved bit", [0xc1, 0], 1002],
    ["a continuation without a first frame", [0x80, 0], 1002],
    ["a fragmented ping", [0x09, 0], 1002],
    ["a masked frame", [0x81, 0x81, 0, 0, 0, 0, 0x61], 1002],
    ["the beginning of 4 GB", [0x81, 0x7f, 0, 0, 0, 1, 0, 0, 0, 0], 1009],
    ["a close without a reason", [0x88, 0], 1005],
    ["a close with an invalid code", [0x88, 2, 0, 1], 1002]
  ])(
    "C5, C7: %s: the connection ends with its cause, and another follows",
    ([, bytes, code]) =>
      Effect.gen(function*() {
        const kuzzle = yield* client(yield* server(Buffer.from(bytes)))
        const waiting = yield* Kuzzle.streamOf(kuzzle.states).pipe(
          Stream.filterMap((state) => (state._tag === "Waiting" ? Option.some(state.cause) : Option.none())),
          Stream.runHead,
          Effect.timeout("10 seconds")
        )
        const cause = Option.getOrThrow(waiting)
        if (cause._tag !== "KuzzleConnectionEndedError") return assert.fail(cause._tag)
        // `ws` reports its own code, or 1006 because the peer has not sent a close frame.
        assert.include([code, 1006], cause.code)
        yield* Kuzzle.streamOf(kuzzle.states).pipe(
          Stream.takeUntil(({ _tag }) => _tag === "Ready"),
          Stream.runDrain,
          Effect.timeout("10 seconds")
        )
        assert.strictEqual((yield* kuzzle.state)._tag, "Ready")
      }).pipe(Effect.scoped)
  )

  live.each<readonly [string, Buffer, number]>([
    // The buffer of events is limited, so not all frames are reported.
    ["ten thousand empty frames", Buffer.alloc(20_000, Buffer.from([0x81, 0])), 1000],
    ["text that is no UTF-8", Buffer.from([0x81, 2, 0xc3, 0x28]), 1]
  ])("C7: %s: unknown frames are reported, and the connection stays", ([, bytes, reported]) =>
    Effect.gen(function*() {
      const kuzzle = yield* client(yield* server(bytes))
      const unroutable = yield* Kuzzle.streamOf(kuzzle.events).pipe(
        Stream.filter(({ _tag }) => _tag === "Unroutable"),
        Stream.take(reported),
        Stream.runCount,
        Effect.timeout("10 seconds")
      )
      assert.strictEqual(unroutable, reported)
      assert.strictEqual((yield* kuzzle.state)._tag, "Ready")
    }).pipe(Effect.scoped))

  live("C7: an extension that was not requested: the handshake fails with a typed error", () =>
    Effect.gen(function*() {
      const url = yield* server(Buffer.alloc(0), "Sec-WebSocket-Extensions: x-unknown\r\n")
      const error = yield* Effect.flip(
        Effect.timeout(Layer.build(NodeKuzzle.layer({ url, connectTimeout: Duration.seconds(5) })), "10 seconds")
      )
      assert.strictEqual(error._tag, "KuzzleConnectError")
    }).pipe(Effect.scoped))
})
