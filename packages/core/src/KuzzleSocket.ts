/**
 * The socket under the client: acquiring a `Connection` dials, its `Scope` *is* the connection, every ending is a typed
 * failure.
 *
 * Frames go to a **synchronous sink**: an `Effect` per frame would double the CPU and reorder frames that arrive in one
 * packet. `Socket.makeWebSocket` of `@effect/platform` is not used underneath, for it keeps the socket of a frozen peer
 * for 30 s, takes an abnormal close for success, makes a bad URL a defect and has no ping frames.
 *
 * @since 0.1.0
 */
import * as PlatformSocket from "@effect/platform/Socket"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { shown } from "./internal/endpoint.ts"
import { onClose } from "./internal/scoped.ts"
import * as Timer from "./internal/timer.ts"
import { ConnectError, ConnectionEnded, type ConnectReason } from "./KuzzleError.ts"

/**
 * Where a connection delivers what it receives. Called synchronously, in the order of the wire; must not throw.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sink {
  /** A whole message, text or decoded as UTF-8. */
  readonly onFrame: (frame: string) => void
  /** A pong frame (RFC 6455), where the runtime shows them. */
  readonly onPong: () => void
}

/**
 * An open connection. Its members are plain functions, total, and usable at any time: after the end they do nothing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  readonly url: string
  /** Hands a frame to the socket; `false` when the connection has ended, in which case the frame was not sent. */
  readonly unsafeSend: (frame: string) => boolean
  /** Sends a ping frame, where the runtime can (not in browsers). */
  readonly unsafePing: (() => void) | undefined
  /** Ends the connection at once, without waiting for the peer, and reports `ended` as the cause. */
  readonly unsafeTerminate: (ended: ConnectionEnded) => void
  /** Bytes handed over but not yet written by the operating system. */
  readonly unsafeBufferedAmount: () => number
  /** Never succeeds: fails once with the way the connection ended. */
  readonly ended: Effect.Effect<never, ConnectionEnded>
}

/**
 * Headers of one handshake, a cookie above all, beside those that the socket was made with. Browsers let nobody set any:
 * theirs ignores them.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandshakeHeaders {
  readonly [name: string]: Redacted.Redacted
}

/**
 * What a `KuzzleSocket` does.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleSocketShape {
  /**
   * Dials. The connection lives as long as the scope: closing it closes the socket, hard where the runtime can.
   * Interrupting the effect abandons the attempt and its socket, as does the end of `timeout`.
   */
  readonly connect: (
    url: string,
    sink: Sink,
    timeout: Duration.Duration,
    headers?: HandshakeHeaders
  ) => Effect.Effect<Connection, ConnectError, Scope.Scope>
}

/**
 * The service that opens sockets.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleSocket extends Context.Tag("@effect-kuzzle/core/KuzzleSocket")<KuzzleSocket, KuzzleSocketShape>() {}

/**
 * What happens on a socket, as its driver reports it. A driver may report late or twice: only what is possible in the
 * current phase has an effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface DriverEvents extends Sink {
  readonly onOpen: () => void
  /** The socket is gone. `code` 1006 when there was no close frame. */
  readonly onClose: (code: number, reason: string) => void
  /** The runtime's error, before `onClose`; it does not end the connection by itself. */
  readonly onError: (cause: unknown) => void
  /** The handshake was answered with an HTTP status. */
  readonly onRejected: (status: number) => void
}

/**
 * A socket as a driver gives it.
 *
 * @since 0.1.0
 * @category models
 */
export interface DriverSocket {
  /** `false` when the socket does not take it: it is closing. */
  readonly send: (frame: string) => boolean
  readonly ping?: () => void
  /** Sends a close frame and waits for the peer's. */
  readonly close: (code: number, reason: string) => void
  /** Drops the TCP connection at once. Without it, `close` is called and the socket is ignored from then on. */
  readonly terminate?: () => void
  readonly bufferedAmount: () => number
}

/**
 * How a runtime opens a socket: the only thing a platform has to say.
 *
 * @since 0.1.0
 * @category models
 */
export interface Driver {
  /**
   * May throw: whatever it throws becomes a `ConnectError` with reason `BadUrl`. Events come only after it has returned.
   */
  readonly open: (url: string, events: DriverEvents, headers: HandshakeHeaders) => DriverSocket
}

/**
 * A `KuzzleSocket` over a driver.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (driver: Driver): KuzzleSocketShape => ({
  connect: (url, sink, timeout, headers = {}) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const clock = yield* Effect.clock
        const attempt: Attempt = { giveUp: undefined }
        const timer = yield* Timer.make(() => attempt.giveUp?.())
        timer.at(Timer.now(clock) + Duration.toMillis(timeout))
        const connection = yield* restore(open(driver, url, sink, headers, attempt))
        timer.clear()
        yield* onClose(() =>
          connection.unsafeTerminate(new ConnectionEnded({ by: "Released", code: 1000, reason: "" }))
        )
        return connection
      })
    )
})

interface Attempt {
  /** Set while the handshake is under way. */
  giveUp: (() => void) | undefined
}

const open = (
  driver: Driver,
  url: string,
  sink: Sink,
  headers: HandshakeHeaders,
  attempt: Attempt
): Effect.Effect<Connection, ConnectError> =>
  Effect.async((resume) => {
    // One attempt is one closure: a late event of an older socket can reach nothing but its own variables (spec 8, A8).
    let phase: "opening" | "open" | "ended" = "opening"
    let failure: unknown
    let end: ConnectionEnded | undefined
    const waiting = new Set<(exit: Exit.Exit<never, ConnectionEnded>) => void>()

    const refuse = (reason: ConnectReason, status?: number) => {
      if (phase !== "opening") return
      phase = "ended"
      resume(
        new ConnectError({
          reason,
          url: shown(url),
          ...(status === undefined ? {} : { status }),
          ...(failure === undefined ? {} : { cause: failure })
        })
      )
    }
    const finish = (ended: ConnectionEnded) => {
      if (phase !== "open") return
      phase = "ended"
      end = ended
      const exit = Exit.fail(ended)
      for (const waiter of waiting) waiter(exit)
      waiting.clear()
    }
    const drop = (socket: DriverSocket) => {
      // A frozen peer never finishes a polite close: where the runtime can, the TCP connection goes at once (spec 8, A14).
      try {
        if (socket.terminate !== undefined) socket.terminate()
        else socket.close(1000, "")
      } catch {
        // Whatever it says, the socket is not ours any more: its events reach nobody.
      }
    }
    /** A driver that throws has lost its socket: nothing else would drop it. */
    const broken = (cause: unknown): false => {
      const reason = cause instanceof Error ? cause.message : ""
      connection.unsafeTerminate(new ConnectionEnded({ by: "Peer", code: 1006, reason }))
      return false
    }

    let socket: DriverSocket
    try {
      socket = driver.open(url, {
        onOpen: () => {
          if (phase !== "opening") return
          phase = "open"
          resume(Effect.succeed(connection))
        },
        onFrame: (frame) => {
          if (phase === "open") sink.onFrame(frame)
        },
        onPong: () => {
          if (phase === "open") sink.onPong()
        },
        onClose: (code, reason) => {
          refuse("Unreachable")
          finish(new ConnectionEnded({ by: "Peer", code, reason }))
        },
        onError: (cause) => {
          failure = cause
        },
        onRejected: (status) => refuse("Rejected", status)
      }, headers)
    } catch (cause) {
      failure = cause
      refuse("BadUrl")
      return
    }

    attempt.giveUp = () => {
      if (phase !== "opening") return
      refuse("Timeout")
      drop(socket)
    }

    const ping = socket.ping
    const connection: Connection = {
      url: shown(url),
      unsafeSend: (frame) => {
        if (phase !== "open") return false
        try {
          return socket.send(frame)
        } catch (cause) {
          return broken(cause)
        }
      },
      unsafePing: ping === undefined ? undefined : () => {
        if (phase !== "open") return
        try {
          ping()
        } catch (cause) {
          broken(cause)
        }
      },
      unsafeTerminate: (ended) => {
        if (phase !== "open") return
        finish(ended)
        drop(socket)
      },
      unsafeBufferedAmount: () => (phase === "open" ? socket.bufferedAmount() : 0),
      ended: Effect.async<never, ConnectionEnded>((resume) => {
        if (end !== undefined) return resume(Exit.fail(end))
        waiting.add(resume)
        return Effect.sync(() => waiting.delete(resume))
      })
    }

    return Effect.sync(() => {
      phase = "ended"
      drop(socket)
    })
  })

/**
 * A `KuzzleSocket` over the standard WebSocket, however it is constructed. Pings are Kuzzle's application pings there;
 * nothing else can send them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeWebSocket = (construct: (url: string) => globalThis.WebSocket): KuzzleSocketShape =>
  make(standardDriver(construct))

/**
 * A `KuzzleSocket` over the `WebSocketConstructor` of `@effect/platform`: any runtime with the standard WebSocket.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWebSocketConstructor: Layer.Layer<KuzzleSocket, never, PlatformSocket.WebSocketConstructor> = Layer
  .effect(KuzzleSocket, Effect.map(PlatformSocket.WebSocketConstructor, makeWebSocket))

const standardDriver = (construct: (url: string) => globalThis.WebSocket): Driver => ({
  open: (url, events) => {
    const socket = construct(url)
    socket.binaryType = "arraybuffer"
    socket.onopen = () => events.onOpen()
    socket.onmessage = (event: { readonly data: unknown }) => {
      if (typeof event.data === "string") events.onFrame(event.data)
      else if (event.data instanceof ArrayBuffer) events.onFrame(new TextDecoder().decode(event.data))
    }
    socket.onerror = (event) => events.onError(event)
    socket.onclose = (event) => events.onClose(event.code, event.reason)
    return {
      send: (frame) => {
        if (socket.readyState !== 1) return false
        socket.send(frame)
        return true
      },
      close: (code, reason) => {
        socket.onopen =
          socket.onmessage =
          socket.onerror =
          socket.onclose =
            null
        socket.close(code, reason)
      },
      bufferedAmount: () => socket.bufferedAmount
    }
  }
})
