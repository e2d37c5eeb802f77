import { KuzzleError, KuzzleSocket } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Scope, TestClock } from "effect"
import { FakeNetwork, turns } from "./support/FakeSocket.ts"

const url = "ws://user:secret@kuzzle.test:7512/path?token=secret"
const sink: KuzzleSocket.Sink = { onFrame: () => {}, onPong: () => {} }
const dial = { url, sink, timeout: Duration.seconds(1) }

const connect = (network: FakeNetwork, handlers = sink) =>
  KuzzleSocket.connect(network.shape, { url, sink: handlers, timeout: Duration.seconds(10) })

const dialling = Effect.gen(function*() {
  const network = new FakeNetwork()
  network.autoOpen = false
  const dial = yield* Effect.fork(Effect.scoped(connect(network)))
  yield* turns()
  return { network, dial }
})

const failing = (dial: Fiber.RuntimeFiber<unknown, KuzzleError.ConnectError>) => Effect.flip(Fiber.join(dial))

describe("KuzzleSocket", () => {
  it.effect("C7: a server that does not answer is unreachable, and the error says why", () =>
    Effect.gen(function*() {
      const { dial, network } = yield* dialling
      network.current.error(new Error("connect ECONNREFUSED"))
      network.current.close(1006)
      const error = yield* failing(dial)
      assert.strictEqual(error.reason, "Unreachable")
      assert.include(error.message, "nothing answers at ws://kuzzle.test:7512/path (connect ECONNREFUSED)")
      assert.notInclude(error.message + error.url, "secret")
    }))

  it.effect("C7: an attempt that ends in an error fails at once, also without a close, and its socket is closed", () =>
    Effect.gen(function*() {
      const { dial, network } = yield* dialling
      network.current.error(new Event("error"))
      const error = yield* failing(dial)
      assert.strictEqual(error.reason, "Unreachable")
      assert.isTrue(network.current.terminated)
      // Later events of the attempt are ignored.
      network.current.open()
      network.current.close(1006)
    }))

  it.scoped("an error alone does not end an open connection, but a close does", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const connection = yield* connect(network)
      network.current.error(new Error("invalid opcode"))
      assert.isTrue(connection.unsafeSend("x"))
      network.current.close(1002, "invalid opcode")
      assert.deepInclude({ ...(yield* Effect.flip(KuzzleSocket.ended(connection))) }, { by: "Peer", code: 1002 })
    }))

  it.effect("C7: an HTTP answer is a rejection with its status", () =>
    Effect.gen(function*() {
      const { dial, network } = yield* dialling
      network.current.reject(503)
      network.current.close(1006)
      const error = yield* failing(dial)
      assert.deepInclude({ ...error }, { reason: "Rejected", status: 503 })
      assert.include(error.message, "HTTP status 503")
    }))

  it.effect("C6: a rejection has the server's retryAfter", () =>
    Effect.gen(function*() {
      const { dial, network } = yield* dialling
      network.current.reject(429, { "retry-after": "Thu, 01 Jan 1970 00:00:20 GMT" })
      assert.deepStrictEqual((yield* failing(dial)).retryAfter, Duration.seconds(20))
    }))

  it.effect("C7: an address that the runtime refuses is a bad URL, not a defect", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(KuzzleSocket.connect(new FakeNetwork().shape, { ...dial, url: "nonsense" }))
      assert.strictEqual(error.reason, "BadUrl")
    }).pipe(Effect.scoped))

  it.effect("C7: an address that the runtime forbids is unreachable", () =>
    Effect.gen(function*() {
      const shape = KuzzleSocket.make({
        open: () => {
          throw new DOMException("The operation is insecure.", "SecurityError")
        }
      })
      const error = yield* Effect.flip(KuzzleSocket.connect(shape, dial))
      assert.strictEqual(error.reason, "Unreachable")
      assert.include(error.message, "connect-src")
    }).pipe(Effect.scoped))

  it.effect("C7: the reason and advice of a driver are those of the error", () =>
    Effect.gen(function*() {
      const { dial, network } = yield* dialling
      const cause = new Error("EPROTO")
      network.current.error(
        new KuzzleSocket.DialError({ reason: "Tls", issue: "this port does not speak TLS: use ws://", cause })
      )
      network.current.close(1006)
      const error = yield* failing(dial)
      assert.deepInclude({ ...error }, { reason: "Tls", issue: "this port does not speak TLS: use ws://" })
      assert.strictEqual(error.cause, cause)
      assert.strictEqual(
        error.message,
        "cannot connect to ws://kuzzle.test:7512/path: this port does not speak TLS: use ws://"
      )
    }))

  const standard = (construct: () => globalThis.WebSocket) =>
    KuzzleSocket.connect(KuzzleSocket.makeWebSocket(construct), dial).pipe(Effect.flip, Effect.scoped)

  it.effect("C7: a runtime without WebSocket, a page that may not open the address, and an invalid address are different errors", () =>
    Effect.gen(function*() {
      // The errors of `new globalThis.WebSocket(url)` before Node 22, and of `new WebSocket(url)`.
      for (const missing of [new TypeError("is not a constructor"), new ReferenceError("is not defined")]) {
        const error = yield* standard(() => {
          throw missing
        })
        assert.strictEqual(error.reason, "Unsupported")
        assert.strictEqual(error.cause, missing)
        assert.include(error.message, "this runtime has no WebSocket: use Node 22 or later, or @effect-kuzzle/node")
      }
      const insecure = yield* standard(() => {
        throw new DOMException("An insecure WebSocket connection may not be initiated", "SecurityError")
      })
      assert.strictEqual(insecure.reason, "Unreachable")
      assert.include(insecure.message, "needs wss://")
      const malformed = yield* standard(() => {
        throw new DOMException("The URL is invalid", "SyntaxError")
      })
      assert.include(malformed.message, "is not a WebSocket URL")
    }))

  it.effect("8.A10: a handshake that does not finish times out, and its socket is closed", () =>
    Effect.gen(function*() {
      const { dial, network } = yield* dialling
      yield* TestClock.adjust("9999 millis")
      assert.isNull(dial.unsafePoll())
      yield* TestClock.adjust("1 millis")
      const error = yield* failing(dial)
      assert.strictEqual(error.reason, "Timeout")
      assert.isTrue(network.current.terminated)
    }))

  it.effect("C1, 8.A6, 8.A7: an attempt that is interrupted leaves no socket, and its late events are ignored", () =>
    Effect.gen(function*() {
      const { dial, network } = yield* dialling
      yield* Fiber.interrupt(dial)
      assert.isTrue(network.current.terminated)
      network.current.open()
      network.current.deliver("{}")
      network.current.error(new Error("late"))
      network.current.close(1006)
      yield* turns()
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.scoped("C1, 8.A8: after its end a connection neither delivers nor sends", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const frames: Array<string> = []
      let pongs = 0
      const connection = yield* connect(network, {
        onFrame: (frame) => frames.push(frame),
        onPong: () => {
          pongs += 1
        }
      })
      const socket = network.current
      socket.deliver("{\"a\":1}")
      socket.pong()
      assert.isTrue(connection.unsafeSend("x"))
      connection.unsafePing?.()
      socket.close(1001, "away")
      socket.deliver("{\"a\":2}")
      socket.pong()
      assert.isFalse(connection.unsafeSend("y"))
      connection.unsafePing?.()
      assert.deepStrictEqual(frames, ["{\"a\":1}"])
      assert.strictEqual(pongs, 1)
      assert.deepStrictEqual(socket.sent, ["x"])
      assert.strictEqual(socket.pings, 1)
      assert.strictEqual(connection.unsafeBufferedAmount(), 0)
    }))

  it.effect("C5, 8.A2: every end fails every waiter once, with the first cause", () =>
    Effect.gen(function*() {
      for (const code of [1000, 1001, 1002, 1006, 1011, 1012, 1015, 3000, 4999]) {
        const network = new FakeNetwork()
        const scope = yield* Scope.make()
        const connection = yield* Scope.extend(connect(network), scope)
        const waiting = yield* Effect.fork(Effect.exit(KuzzleSocket.ended(connection)))
        yield* turns(1)
        network.current.close(code, "because")
        network.current.close(1006, "again")
        yield* Scope.close(scope, Exit.void)
        const expected = Exit.fail(new KuzzleError.ConnectionEndedError({ by: "Peer", code, reason: "because" }))
        assert.deepStrictEqual(yield* Fiber.join(waiting), expected)
        assert.deepStrictEqual(yield* Effect.exit(KuzzleSocket.ended(connection)), expected)
      }
    }))

  it.scoped("L2: a frame that is too large ends the connection at once, and the error says what to do", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const connection = yield* connect(network)
      network.current.oversized(1000)
      network.current.close(1006)
      assert.isTrue(network.current.terminated)
      const end = yield* Effect.flip(KuzzleSocket.ended(connection))
      assert.deepInclude({ ...end }, { by: "Oversized", code: 1009 })
      assert.include(end.message, "more than 1000 bytes")
      assert.include(end.message, "raise maxResponseSize")
    }))

  it.effect("L1, 8.A14: closing the scope sends a close frame and terminates the socket at once", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const connection = yield* Effect.scoped(connect(network))
      assert.isTrue(network.current.terminated)
      assert.deepStrictEqual(network.current.closes, [1000])
      const end = yield* Effect.flip(KuzzleSocket.ended(connection))
      assert.strictEqual(end.by, "Released")
    }))

  it.effect("8.A14: in a runtime that cannot terminate, the socket is closed and its later events are ignored", () =>
    Effect.gen(function*() {
      const closes: Array<number> = []
      let events: KuzzleSocket.DriverEvents | undefined
      const shape = KuzzleSocket.make({
        open: (_url, given) => {
          events = given
          queueMicrotask(given.onOpen)
          return { send: () => true, close: (code) => closes.push(code), bufferedAmount: () => 0 }
        }
      })
      let frames = 0
      const connection = yield* Effect.scoped(KuzzleSocket.connect(shape, {
        ...dial,
        sink: {
          onFrame: () => {
            frames += 1
          },
          onPong: () => {}
        }
      }))
      events?.onFrame("{}")
      events?.onClose(1006, "")
      assert.deepStrictEqual([closes, frames, connection.unsafePing], [[1000], 0, undefined])
      assert.strictEqual((yield* Effect.flip(KuzzleSocket.ended(connection))).by, "Released")
    }))
})
