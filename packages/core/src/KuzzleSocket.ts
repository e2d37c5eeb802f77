/**
 * The socket of a client. Its interface consists of plain functions and callbacks, so that a client that connects or
 * idles needs no fiber. `connect` and `ended` offer the same as effects. Acquiring a `Connection` dials, its `Scope` is
 * its lifetime, and every end is a typed failure.
 *
 * Frames are passed to a **synchronous sink**. An `Effect` for each frame would double the CPU time, and would reorder
 * frames that arrive in one packet. `Socket.makeWebSocket` of `@effect/platform` is not used. It keeps the socket of a
 * frozen peer for 30 s, reports an abnormal close as success, makes a bad URL a defect, and has no ping frames.
 *
 * @module
 * @since 0.1.0
 */
import * as PlatformSocket from "@effect/platform/Socket"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { withoutSecrets } from "./internal/data/endpoint.ts"
import { oversized } from "./internal/data/oversized.ts"
import * as Redirect from "./internal/data/redirect.ts"
import { released } from "./internal/data/released.ts"
import * as RetryAfter from "./internal/data/retryAfter.ts"
import { onClose } from "./internal/services/scoped.ts"
import * as Timer from "./internal/services/timer.ts"
import { ConnectError, ConnectionEndedError, type ConnectReason, tagged } from "./KuzzleError.ts"

/**
 * The receiver of a connection's frames. Its functions are called synchronously, in the order in which frames arrive.
 * They must not throw.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sink {
  /** Called with a whole message. A binary message is decoded as UTF-8. */
  readonly onFrame: (frame: string) => void
  /** Called for a pong frame (RFC 6455), if the runtime reports pongs. */
  readonly onPong: () => void
}

/**
 * An open connection. Its members are plain functions, which never throw. They may be called at any time. After the end
 * of the connection, they do nothing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  readonly url: string
  /** Passes a frame to the socket. Returns `false` if the connection has ended, so that the frame was not sent. */
  readonly unsafeSend: (frame: string) => boolean
  /** Sends a ping frame. `undefined` if the runtime cannot, as in browsers. */
  readonly unsafePing: (() => void) | undefined
  /** Ends the connection at once, without waiting for the peer, and reports `ended` as the cause. */
  readonly unsafeTerminate: (ended: ConnectionEndedError) => void
  /** The number of bytes that were written and that the operating system has not accepted yet. */
  readonly unsafeBufferedAmount: () => number
  /**
   * The number of bytes received so far, including those of an incomplete frame. `undefined` if the runtime does not
   * show it.
   */
  readonly unsafeBytesRead: () => number | undefined
  /**
   * Calls the listener once, with the reason why the connection ended. If it has already ended, this happens at once.
   * The returned function removes the listener.
   */
  readonly unsafeOnEnd: (listener: (ended: ConnectionEndedError) => void) => () => void
}

/**
 * The headers of a handshake, with names in lower case. They include the headers of the settings and the session's
 * cookie. The browser's driver ignores them, because a page cannot set headers on a WebSocket.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandshakeHeaders {
  readonly [name: string]: Redacted.Redacted
}

/**
 * An attempt to connect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dial {
  readonly url: string
  /** The receiver of the connection's frames. */
  readonly sink: Sink
  /** How long the handshake may take. */
  readonly timeout: Duration.Duration
  readonly headers: HandshakeHeaders
  /** The clock that measures the timeout of the handshake. */
  readonly clock: Clock.Clock
}

/**
 * The interface of a `KuzzleSocket`.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleSocketShape {
  /**
   * Dials, and calls `done` once: with the open connection, or with the reason why there is none. The connection lives
   * until `unsafeTerminate`. The returned function abandons the attempt and its socket, and `done` is then not called.
   */
  readonly unsafeConnect: (dial: Dial, done: (outcome: Either.Either<Connection, ConnectError>) => void) => () => void
}

/**
 * The service that opens sockets.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleSocket extends Context.Tag("@effect-kuzzle/core/KuzzleSocket")<KuzzleSocket, KuzzleSocketShape>() {}

/**
 * Opens a connection, which lives as long as the scope. Closing the scope closes the socket. If the runtime supports
 * it, this does not wait for the peer. Interrupting the effect abandons the attempt and its socket. After `timeout`,
 * the attempt is abandoned and fails with a `KuzzleConnectError`.
 *
 * @since 0.1.0
 * @category connections
 */
export const connect = (
  socket: KuzzleSocketShape,
  { headers = {}, sink, timeout, url }: Omit<Dial, "clock" | "headers"> & Partial<Pick<Dial, "headers">>
): Effect.Effect<Connection, ConnectError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const clock = yield* Effect.clock
      const dialling = Effect.async<Connection, ConnectError>((resume) =>
        Effect.sync(socket.unsafeConnect({ url, sink, timeout, headers, clock }, (outcome) => resume(outcome)))
      )
      const connection = yield* restore(dialling)
      yield* onClose(() => connection.unsafeTerminate(released))
      return connection
    })
  )

/**
 * Never succeeds. Fails with the reason when the connection ends.
 *
 * @since 0.1.0
 * @category connections
 */
export const ended = (connection: Connection): Effect.Effect<never, ConnectionEndedError> =>
  Effect.async((resume) => Effect.sync(connection.unsafeOnEnd((ended) => resume(ended))))

/**
 * The reason why an attempt to connect failed, if the driver knows it. The driver passes it to `onError`, or throws it
 * in `open`. `reason` and `issue` become those of the `KuzzleConnectError`.
 *
 * @since 0.1.0
 * @category errors
 */
export class DialError extends tagged("KuzzleDialError")<{
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
 * The events that a driver reports of a socket. A driver may report late or twice. An event that is impossible in the
 * current phase has no effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface DriverEvents extends Sink {
  readonly onOpen: () => void
  /** The socket is closed. `code` is 1006 if there was no close frame. */
  readonly onClose: (code: number, reason: string) => void
  /**
   * An error of the runtime. It ends an attempt to connect, whether or not `onClose` follows. An open connection ends
   * only with `onClose`.
   */
  readonly onError: (cause: unknown) => void
  /** The server answered the handshake with an HTTP status: see `rejection`. */
  readonly onRejected: (rejection: Rejection) => void
  /** A frame arrived that is larger than the driver's limit, in bytes. */
  readonly onOversized: (limit: number) => void
}

/**
 * An HTTP answer that refused a handshake.
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

/**
 * The issue of a `ConnectError` with the reason `Rejected`. It is made here, so that pages do not include it, because
 * browsers do not report the status.
 */
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
 * A socket, as a driver provides it.
 *
 * @since 0.1.0
 * @category models
 */
export interface DriverSocket {
  /** Sends data. Returns `false` if the socket does not accept them, because it is closing. */
  readonly send: (frame: string) => boolean
  readonly ping?: () => void
  /** Sends a close frame and waits for that of the peer. */
  readonly close: (code: number, reason: string) => void
  /**
   * Closes the TCP connection at once, after the bytes that `close` has just written. Without this function, `close` is
   * called and the socket is then ignored.
   */
  readonly terminate?: () => void
  readonly bufferedAmount: () => number
  /**
   * The number of bytes received so far, including those of an incomplete frame. Left out or `undefined` if the runtime
   * does not show it, as in browsers.
   */
  readonly bytesRead?: () => number | undefined
}

/**
 * How a runtime opens a socket: the only part of a socket that a platform provides.
 *
 * @since 0.1.0
 * @category models
 */
export interface Driver {
  /**
   * Opens a socket. If it throws, the attempt fails with a `KuzzleConnectError`. A `DialError` provides the reason.
   * Otherwise the reason is `Unreachable` if the runtime forbids the address, and `BadUrl` in other cases. Events may
   * only be reported after the function has returned.
   */
  readonly open: (url: string, events: DriverEvents, headers: HandshakeHeaders) => DriverSocket
}

/**
 * Makes a `KuzzleSocket` from a driver.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (driver: Driver): KuzzleSocketShape => ({
  unsafeConnect: (dial, done) => {
    const attempt = new SocketConnection(dial, done)
    attempt.open(driver, dial)
    return () => attempt.abandon()
  }
})

type Listener = (ended: ConnectionEndedError) => void

/**
 * An attempt to connect, and the connection that it opens. Late events of an older socket reach only the object of that
 * socket (spec 8, A8). A class, because there may be thousands of instances.
 */
class SocketConnection implements Connection {
  readonly url: string
  private phase: "Opening" | "Open" | "Ended" = "Opening"
  private socket: DriverSocket | undefined = undefined
  private sink: Sink
  private timer: Timer.Timer | undefined
  private done: ((outcome: Either.Either<Connection, ConnectError>) => void) | undefined
  /** Why the attempt failed, if the driver has reported it. */
  private failure: unknown = undefined
  private ended: ConnectionEndedError | undefined = undefined
  private listeners: ReadonlyArray<Listener> = noListeners

  constructor({ clock, sink, url }: Dial, done: (outcome: Either.Either<Connection, ConnectError>) => void) {
    this.url = withoutSecrets(url)
    this.sink = sink
    this.done = done
    this.timer = Timer.unsafeMake(clock, () => this.giveUp())
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the attempt
  // ---------------------------------------------------------------------------------------------------------------

  open(driver: Driver, { clock, headers, timeout, url }: Dial): void {
    try {
      this.socket = driver.open(url, eventsOf(this), headers)
    } catch (cause) {
      this.failure = isForbidden(cause) ? new DialError({ reason: "Unreachable", issue: forbidden, cause }) : cause
      return this.refuse("BadUrl")
    }
    this.timer?.at(Timer.now(clock) + Duration.toMillis(timeout))
  }

  abandon(): void {
    if (this.phase !== "Opening") return
    this.conclude("Ended")
    this.drop()
  }

  private giveUp(): void {
    if (this.phase !== "Opening") return
    this.refuse("Timeout")
    this.drop()
  }

  private refuse(reason: ConnectReason, rejection?: Rejection): void {
    if (this.phase !== "Opening") return
    const done = this.conclude("Ended")
    const { failure, url } = this
    const { cause, ...reported } = failure instanceof DialError ? failure : { reason, cause: failure }
    done?.(Either.left(new ConnectError({ ...reported, url, ...rejection, ...(cause === undefined ? {} : { cause }) })))
  }

  /** The handshake is over. Returns the callback of the attempt. */
  private conclude(phase: "Open" | "Ended") {
    const { done } = this
    this.phase = phase
    this.done = undefined
    this.timer?.close()
    this.timer = undefined
    if (phase === "Ended") this.sink = deaf
    return done
  }

  // ---------------------------------------------------------------------------------------------------------------
  // events of the driver
  // ---------------------------------------------------------------------------------------------------------------

  onOpen(): void {
    if (this.phase === "Opening") this.conclude("Open")?.(Either.right(this))
  }

  onFrame(frame: string): void {
    if (this.phase === "Open") this.sink.onFrame(frame)
  }

  onPong(): void {
    if (this.phase === "Open") this.sink.onPong()
  }

  onClose(code: number, reason: string): void {
    this.refuse("Unreachable")
    if (this.phase === "Open") this.end(new ConnectionEndedError({ by: "Peer", code, reason }))
  }

  onError(cause: unknown): void {
    if (this.phase !== "Opening") return
    this.failure = cause
    // A `close` event does not always follow. WebKit sends none for a blocked port, and Chromium none for an address
    // that a CSP forbids.
    this.refuse("Unreachable")
    this.drop()
  }

  onRejected(rejection: Rejection): void {
    this.refuse("Rejected", rejection)
  }

  onOversized(limit: number): void {
    if (this.phase === "Open") this.unsafeTerminate(oversized(limit))
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the connection
  // ---------------------------------------------------------------------------------------------------------------

  unsafeSend(frame: string): boolean {
    if (this.phase !== "Open" || this.socket === undefined) return false
    try {
      return this.socket.send(frame)
    } catch (cause) {
      this.broken(cause)
      return false
    }
  }

  get unsafePing(): (() => void) | undefined {
    return this.socket?.ping === undefined ? undefined : () => this.ping()
  }

  unsafeTerminate(ended: ConnectionEndedError): void {
    if (this.phase !== "Open") return
    this.end(ended)
    this.drop(ended.by === "Released")
  }

  unsafeBufferedAmount(): number {
    return this.phase === "Open" && this.socket !== undefined ? this.socket.bufferedAmount() : 0
  }

  unsafeBytesRead(): number | undefined {
    return this.socket?.bytesRead?.()
  }

  unsafeOnEnd(listener: Listener): () => void {
    if (this.ended !== undefined) {
      listener(this.ended)
      return () => {}
    }
    // A spread would reserve room for 17 elements, and an idle connection would be 130 B larger.
    this.listeners = this.listeners.concat(listener)
    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener)
    }
  }

  private ping(): void {
    if (this.phase !== "Open") return
    try {
      this.socket?.ping?.()
    } catch (cause) {
      this.broken(cause)
    }
  }

  /** Runs a function of the driver. If it throws, the connection ends, because the driver has lost its socket. */
  private broken(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : ""
    this.unsafeTerminate(new ConnectionEndedError({ by: "Peer", code: 1006, reason }))
  }

  private end(ended: ConnectionEndedError): void {
    const { listeners } = this
    this.phase = "Ended"
    this.ended = ended
    this.listeners = noListeners
    // Node keeps the objects of a closed socket until a full garbage collection, so they must not reference the client.
    this.sink = deaf
    for (const listener of listeners) listener(ended)
  }

  private drop(released = false): void {
    // A frozen peer never finishes the closing handshake, so the TCP connection is dropped at once where the runtime
    // can (spec 8, A14). When a client is closed on purpose, it sends a close frame and does not wait for the peer's.
    try {
      if (released || this.socket?.terminate === undefined) this.socket?.close(1000, "")
      this.socket?.terminate?.()
    } catch {
      // Errors of the driver do not matter, because the socket's events are ignored from now on.
    }
  }
}

/** The events for the driver. They are closures, because drivers may call them without their object. */
const eventsOf = (connection: SocketConnection): DriverEvents => ({
  onOpen: () => connection.onOpen(),
  onFrame: (frame) => connection.onFrame(frame),
  onPong: () => connection.onPong(),
  onClose: (code, reason) => connection.onClose(code, reason),
  onError: (cause) => connection.onError(cause),
  onRejected: (rejection) => connection.onRejected(rejection),
  onOversized: (limit) => connection.onOversized(limit)
})

const noListeners: ReadonlyArray<Listener> = []

const deaf: Sink = { onFrame: () => {}, onPong: () => {} }

/**
 * Whether the browser forbids the page to open the address: a CSP forbids it, or the page was loaded over TLS and the
 * address has no TLS. WebKit and Firefox throw (Firefox's exception is not an `Error`). Chromium makes an attempt that
 * fails.
 */
const isForbidden = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "name") && (cause.name === "SecurityError" || cause.name === "NS_ERROR_CONTENT_BLOCKED")

const forbidden =
  "the page may not open this address: allow it in connect-src of the page's Content-Security-Policy; " +
  "a page that was loaded over https needs wss://"

/**
 * Makes a `KuzzleSocket` from a function that constructs a standard WebSocket. Its connections cannot send ping frames,
 * so heartbeats ping with `{"p":1}`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeWebSocket = (construct: (url: string) => globalThis.WebSocket): KuzzleSocketShape =>
  make(standardDriver(construct))

/**
 * A `KuzzleSocket` over the `WebSocketConstructor` of `@effect/platform`, for any runtime with the standard WebSocket.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWebSocketConstructor: Layer.Layer<KuzzleSocket, never, PlatformSocket.WebSocketConstructor> = Layer
  .effect(KuzzleSocket, Effect.map(PlatformSocket.WebSocketConstructor, makeWebSocket))

/**
 * Whether an exception means that the runtime forbids the address. The names of these exceptions are standard, but
 * their texts differ between runtimes.
 */
const constructed = (construct: (url: string) => globalThis.WebSocket, url: string): globalThis.WebSocket => {
  try {
    return construct(url)
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : ""
    if (name === "TypeError" || name === "ReferenceError") {
      const issue = "this runtime has no WebSocket: use Node 22 or later, or @effect-kuzzle/node, which brings its own"
      throw new DialError({ reason: "Unsupported", issue, cause })
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
