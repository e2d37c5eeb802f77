/**
 * The socket on Node: always `ws`, on every version, for the global `WebSocket` of Node 22 drops headers without a word
 * and cannot ping.
 *
 * @since 0.1.0
 */
import * as KuzzleSocket from "@effect-kuzzle/core/KuzzleSocket"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Http from "node:http"
import type * as Net from "node:net"
import type * as Tls from "node:tls"
import * as WS from "ws"

/**
 * What Node can set on a socket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Sent with the handshake. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Certificates and the like, as `node:tls` takes them. */
  readonly tls?:
    | Pick<Tls.ConnectionOptions, "ca" | "cert" | "key" | "passphrase" | "rejectUnauthorized" | "servername">
    | undefined
  /** For a proxy. */
  readonly agent?: Http.Agent | undefined
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): KuzzleSocket.KuzzleSocketShape => KuzzleSocket.make(driver(options))

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<KuzzleSocket.KuzzleSocket> =>
  Layer.sync(KuzzleSocket.KuzzleSocket, () => make(options))

const driver = (options: Options): KuzzleSocket.Driver => ({
  open: (url, events, ofConnection) => {
    const socket = new WS.WebSocket(url, {
      ...options.tls,
      ...(options.agent === undefined ? {} : { agent: options.agent }),
      headers: merged(options.headers ?? {}, ofConnection),
      // Kuzzle does not compress by default, and compressing small frames costs more than it saves.
      perMessageDeflate: false,
      // The frames are read by `JSON.parse`: bytes that are not UTF-8 spoil that one frame, not the connection.
      skipUTF8Validation: true,
      followRedirects: false,
      // Who sent a close frame and keeps the TCP connection holds up the next one: a second is long enough. (Spread, for
      // the types of `ws` do not know it yet.)
      ...{ closeTimeout: 1000 }
    })
    socket.on("open", events.onOpen)
    socket.on("message", (data: WS.RawData) => events.onFrame(text(data)))
    socket.on("pong", events.onPong)
    socket.on("error", events.onError)
    socket.on("close", (code, reason) => events.onClose(code, reason.toString()))
    socket.on("unexpected-response", (request, response) => {
      events.onRejected(response.statusCode ?? 0)
      request.destroy()
    })
    const cork = corker(socket)
    return {
      send: (frame) => {
        if (socket.readyState !== WS.WebSocket.OPEN) return false
        cork()
        socket.send(frame)
        return true
      },
      ping: () => socket.ping(),
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
      bufferedAmount: () => socket.bufferedAmount
    }
  }
})

/** Names in lower case, for they differ by nothing else. Cookies of both sides are sent, of all others that of this one. */
const merged = (
  configured: Readonly<Record<string, string>>,
  ofConnection: KuzzleSocket.HandshakeHeaders
): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(configured)) headers[name.toLowerCase()] = value
  for (const [given, secret] of Object.entries(ofConnection)) {
    const name = given.toLowerCase()
    const value = Redacted.value(secret)
    const before = name === "cookie" ? headers[name] : undefined
    headers[name] = before === undefined ? value : `${before}; ${value}`
  }
  return headers
}

/** `ws` gives one buffer a message, unless asked for fragments, which we do not. */
const text = (data: WS.RawData): string =>
  Buffer.isBuffer(data)
    ? data.toString("utf8")
    : Array.isArray(data)
    ? Buffer.concat(data).toString("utf8")
    : Buffer.from(data).toString("utf8")

/**
 * Holds the TCP socket back until the current turn of microtasks is over, so that the frames of many fibers leave in one
 * write: with 100 requests in flight that alone is a factor of 1.6.
 */
const corker = (socket: WS.WebSocket): () => void => {
  let tcp: Net.Socket | undefined
  let corked = false
  socket.once("upgrade", (response) => {
    tcp = response.socket
  })
  const uncork = () => {
    corked = false
    tcp?.uncork()
  }
  return () => {
    if (corked || tcp === undefined) return
    corked = true
    tcp.cork()
    process.nextTick(uncork)
  }
}
