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
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { shown } from "./internal/endpoint.ts"
import { oversized } from "./internal/oversized.ts"
import * as Redirect from "./internal/redirect.ts"
import * as RetryAfter from "./internal/retryAfter.ts"
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
  /** Bytes that were written and that the operating system has not accepted yet. */
  readonly unsafeBufferedAmount: () => number
  /**
   * Bytes received so far, including those of an incomplete frame; `undefined` where the runtime does not show them.
   */
  readonly unsafeBytesRead: () => number | undefined
  /** Never succeeds: fails once with the way the connection ended. */
  readonly ended: Effect.Effect<never, ConnectionEnded>
}

/**
 * Headers of one handshake, their names in lower case: those of the settings, and the session's cookie. The browser's
 * driver ignores them, because a page cannot set headers on a WebSocket.
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
 * Why an attempt to connect failed, from a driver that knows the reason. The driver passes it to `onError`, or throws
 * it in `open`. `reason` and `issue` become those of the `KuzzleConnectError`.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectFault extends Data.Error<{
  readonly reason: ConnectReason
  /** What is wrong and what to do. */
  readonly issue: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return this.issue
  }
}

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
  /**
   * The runtime's error. It ends an attempt to connect, whether or not `onClose` follows. An open connection ends with
   * `onClose` only.
   */
  readonly onError: (cause: unknown) => void
  /** The server answered the handshake with an HTTP status: see `rejection`. */
  readonly onRejected: (rejection: Rejection) => void
  /** A frame arrived that is larger than this limit (in bytes) of the driver. */
  readonly onOversized: (limit: number) => void
}

/**
 * The parts of an HTTP answer that refused a handshake.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rejection {
  readonly status: number
  /** What is wrong and what to do. */
  readonly issue: string
  /** How long to wait before the next attempt (`Retry-After`). */
  readonly retryAfter?: Duration.Duration
  /** The target of a redirect, without its secrets. */
  readonly location?: string
}

/**
 * Reads a `Rejection` from the status and the headers (names in lower case) of an HTTP answer. `wallMillis` is the
 * current time in milliseconds since the epoch.
 *
 * @since 0.1.0
 * @category constructors
 */
export const rejection = (
  status: number,
  headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined },
  wallMillis: number
): Rejection => {
  const retryAfter = RetryAfter.parse(headers, wallMillis)
  const location = Redirect.is(status) ? Redirect.target(headers.location) : undefined
  return {
    status,
    issue: rejectionIssue(status, location),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(location === undefined ? {} : { location })
  }
}

/** Apart from the `ConnectError` that shows it: in browsers, which do not tell the status, no page carries it. */
const rejectionIssue = (status: number, location: string | undefined): string => {
  if (location !== undefined) {
    return `it answers the WebSocket handshake with HTTP status ${status}, a redirect to ${location}, ` +
      `which is not followed: set url to the final address`
  }
  return `it answered the WebSocket handshake with HTTP status ${status} instead of 101: ${
    status === 401 || status === 403
      ? "check the credentials in the setting headers"
      : "is it Kuzzle? Check host and path, and that proxies pass the headers Upgrade and Connection on"
  }`
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
  /**
   * Bytes received so far, including those of an incomplete frame. Left out or `undefined` where the runtime does not
   * show them, as in browsers.
   */
  readonly bytesRead?: () => number | undefined
}

/**
 * How a runtime opens a socket: the only thing a platform has to say.
 *
 * @since 0.1.0
 * @category models
 */
export interface Driver {
  /**
   * May throw, which becomes a `KuzzleConnectError`. A `ConnectFault` gives it its reason; otherwise the reason is
   * `Unreachable` if the runtime forbids the address, and `BadUrl` in other cases. Events may only be reported after it
   * has returned.
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

    const refuse = (reason: ConnectReason, rejection?: Rejection) => {
      if (phase !== "opening") return
      phase = "ended"
      const { cause, ...known } = failure instanceof ConnectFault ? failure : { reason, cause: failure }
      resume(
        new ConnectError({
          ...known,
          url: shown(url),
          ...rejection,
          ...(cause === undefined ? {} : { cause })
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
          if (phase !== "opening") return
          // A `close` does not always follow: not in WebKit for a blocked port, and not in Chromium for an address that
          // a CSP forbids.
          refuse("Unreachable")
          drop(socket)
        },
        onRejected: (rejection) => refuse("Rejected", rejection),
        onOversized: (limit) => connection.unsafeTerminate(oversized(limit))
      }, headers)
    } catch (cause) {
      failure = isForbidden(cause) ? new ConnectFault({ reason: "Unreachable", issue: forbidden, cause }) : cause
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
      unsafeBytesRead: () => socket.bytesRead?.(),
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
 * Whether the page may not open the address: its CSP forbids it, or the page was loaded over TLS and the address is
 * not. WebKit and Firefox throw (Firefox's exception is not an `Error`). Chromium makes an attempt that fails.
 */
const isForbidden = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "name") && (cause.name === "SecurityError" || cause.name === "NS_ERROR_CONTENT_BLOCKED")

const forbidden =
  "the page may not open this address: allow it in connect-src of the page's Content-Security-Policy; " +
  "a page that was loaded over https needs wss://"

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

/** The names of these exceptions are standard. Their texts differ between runtimes. */
const constructed = (construct: (url: string) => globalThis.WebSocket, url: string): globalThis.WebSocket => {
  try {
    return construct(url)
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : ""
    if (name === "TypeError" || name === "ReferenceError") {
      const issue = "this runtime has no WebSocket: use Node 22 or later, or @effect-kuzzle/node, which brings its own"
      throw new ConnectFault({ reason: "Unsupported", issue, cause })
    }
    throw cause
  }
}

const standardDriver = (construct: (url: string) => globalThis.WebSocket): Driver => ({
  open: (url, events) => {
    const socket = constructed(construct, url)
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
