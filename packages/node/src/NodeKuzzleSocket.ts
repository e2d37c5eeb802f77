/**
 * The socket on Node. Every version uses `ws`, because the global `WebSocket` of Node 22 silently drops headers and
 * cannot send ping frames.
 *
 * @module
 * @since 0.1.0
 */
import type { InvalidSettingError } from "@effect-kuzzle/core/KuzzleError"
import * as KuzzleSocket from "@effect-kuzzle/core/KuzzleSocket"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Net from "node:net"
import * as WS from "ws"
import * as Fault from "./internal/fault.ts"
import * as Proxy from "./internal/proxy.ts"
import type { TlsOptions } from "./internal/proxy.ts"

export {
  /**
   * Certificates and related options, as in `node:tls`.
   *
   * @since 0.1.0
   * @category models
   */
  type TlsOptions
} from "./internal/proxy.ts"

/**
 * Options that only exist on Node. They apply to the WebSocket and to HTTP.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** TLS options of the connection to Kuzzle. Its `ca` also applies to the connection to a proxy. */
  readonly tls?: TlsOptions | undefined
  /**
   * The address of an HTTP proxy for all connections: `http://user:password@host:port` or `https://…`. The proxy must
   * allow CONNECT to Kuzzle's port.
   */
  readonly proxy?: string | Redacted.Redacted | undefined
  /** The largest frame, in bytes. A larger one ends the connection. `KuzzleConfig` documents the default. */
  readonly maxResponseSize?: number | undefined
}

/**
 * The socket of Node. Fails if `proxy` is not the address of an HTTP proxy.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<KuzzleSocket.KuzzleSocketShape, InvalidSettingError> =>
  Effect.map(
    options.proxy === undefined ? Effect.succeed(undefined) : Proxy.parse(options.proxy),
    (proxy) => KuzzleSocket.make(driver(options, proxy))
  )

/**
 * The socket of Node as a layer. Fails if `proxy` is not the address of an HTTP proxy.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<KuzzleSocket.KuzzleSocket, InvalidSettingError> =>
  Layer.effect(KuzzleSocket.KuzzleSocket, make(options))

const driver = (
  { maxResponseSize, tls }: Options,
  proxy: Proxy.Proxy | undefined
): KuzzleSocket.Driver => ({
  open: (url, events, headers) => {
    // An `AbortController` takes longer to make than the rest of the attempt.
    const abortController = proxy === undefined ? undefined : new AbortController()
    const nodeSocket = new NodeSocket(url, {
      ...tls,
      ...(proxy === undefined || abortController === undefined
        ? {}
        : tunnelOptions(proxy, url, tls, abortController.signal)),
      headers: plain(headers),
      // Kuzzle does not compress by default, and compressing small frames costs more than it saves.
      perMessageDeflate: false,
      // The frames are read by `JSON.parse`: invalid UTF-8 affects one frame, not the connection.
      skipUTF8Validation: true,
      followRedirects: false,
      ...(maxResponseSize === undefined ? {} : { maxPayload: maxResponseSize }),
      // A peer that sends a close frame and keeps the TCP connection delays the next attempt, so 1 s must be enough.
      // It is spread, because the types of `ws` lack the option.
      ...{ closeTimeout: 1000 }
    })
    const { socket } = nodeSocket
    socket.on("open", events.onOpen)
    socket.on("message", (data: WS.RawData) => events.onFrame(text(data)))
    socket.on("pong", events.onPong)
    socket.on("error", (cause) => {
      events.onError(Fault.of(url, cause) ?? cause)
      if (maxResponseSize !== undefined && isOversized(cause)) events.onOversized(maxResponseSize)
    })
    socket.on("close", (code, reason) => {
      abortController?.abort()
      events.onClose(code, reason.toString())
    })
    socket.on("unexpected-response", (request, response) => {
      events.onRejected(KuzzleSocket.rejection(response.statusCode ?? 0, response.headers, Date.now()))
      request.destroy()
    })
    return nodeSocket
  }
})

/** A class and not a closure, because a process may have thousands of sockets. */
class NodeSocket implements KuzzleSocket.DriverSocket {
  readonly socket: WS.WebSocket
  /** `undefined` until the attempt has a TCP socket. */
  private tcp: Net.Socket | undefined = undefined
  private corked = false

  constructor(url: string, options: WS.ClientOptions) {
    this.socket = new WS.WebSocket(url, {
      ...options,
      // Every runtime exposes the TCP socket on the request. On the response of `upgrade` it is null in Bun.
      finishRequest: (request) => {
        request.once("socket", (tcp) => {
          this.tcp = tcp
        })
        request.end()
      }
    })
  }

  send(frame: string): boolean {
    if (this.socket.readyState !== WS.WebSocket.OPEN) return false
    this.cork()
    this.socket.send(frame)
    return true
  }

  ping(): void {
    this.socket.ping()
  }

  close(code: number, reason: string): void {
    this.tcp?.uncork() // sends the corked frames first
    this.socket.close(code, reason)
  }

  terminate(): void {
    this.socket.terminate()
  }

  bufferedAmount(): number {
    return this.socket.bufferedAmount - (this.tcp === undefined ? 0 : acceptedBytes(this.tcp))
  }

  bytesRead(): number | undefined {
    return this.tcp?.bytesRead
  }

  /**
   * Corks the TCP socket until the current microtasks have run, so that the frames of many fibers leave in one write.
   * With 100 requests in flight this is 1.6 times as fast.
   */
  private cork(): void {
    if (this.corked || this.tcp === undefined) return
    this.corked = true
    this.tcp.cork()
    process.nextTick(uncork, this)
  }

  uncork(): void {
    this.corked = false
    this.tcp?.uncork()
  }
}

const uncork = (socket: NodeSocket) => socket.uncork()

/** Whether it is the error of `ws` for a frame above `maxPayload`. `ws` has only read the length of the frame. */
const isOversized = (cause: Error): boolean => "code" in cause && cause.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"

const plain = (headers: KuzzleSocket.HandshakeHeaders): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Redacted.value(value)]))

/** Makes `ws` use a tunnel. If `ws` has a function that creates the connection, it uses no agent. */
const tunnelOptions = (
  proxy: Proxy.Proxy,
  url: string,
  tls: TlsOptions | undefined,
  signal: AbortSignal
): Pick<WS.ClientOptions, "createConnection"> => {
  const address = new URL(url)
  const target = Proxy.targetOf(address, address.protocol === "wss:", tls)
  const createConnection = (_: unknown, done: (error: Error | null, socket?: Net.Socket) => void) =>
    Proxy.tunnel(
      proxy,
      target,
      signal,
      tls?.ca,
      Either.match({ onLeft: done, onRight: (socket) => done(null, socket) })
    )
  // The types of `ws` only allow `net.createConnection`, but `node:http`, which calls the function, also accepts a
  // callback.
  return { createConnection: createConnection as unknown as typeof Net.createConnection }
}

/** `ws` passes a message as one buffer unless it is configured for fragments. */
const text = (data: WS.RawData): string =>
  Buffer.isBuffer(data)
    ? data.toString("utf8")
    : Array.isArray(data)
    ? Buffer.concat(data).toString("utf8")
    : Buffer.from(data).toString("utf8")

/** The part of a Node socket that shows the progress of a write. It is not public. */
interface Handle {
  readonly bytesWritten?: number
  readonly writeQueueSize?: number
}

/**
 * Bytes of the current write that the operating system has accepted. Streams only count complete writes, so a frame of
 * 1 MB would show no progress until its last byte is accepted. Node's own socket timeouts use the same property of the
 * handle. Without that property the result is 0, and only complete writes count as progress.
 */
const acceptedBytes = (tcp: Net.Socket): number => {
  // The types omit the handle. `Handle` allows any value in it.
  const { _handle: handle } = tcp as { readonly _handle?: Handle | null }
  if (handle?.writeQueueSize === undefined || handle.bytesWritten === undefined) return 0
  const notStarted = tcp.bytesWritten - handle.bytesWritten
  return Math.max(0, tcp.writableLength - notStarted - handle.writeQueueSize)
}
