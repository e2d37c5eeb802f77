/**
 * The embedded Kuzzle behind a real HTTP and WebSocket server on a loopback port. Node only.
 *
 * @module
 * @since 0.1.0
 */
import type { InvalidSettingError } from "@effect-kuzzle/core/KuzzleError"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { pipeline, Readable } from "node:stream"
import * as Zlib from "node:zlib"
import { WebSocket, WebSocketServer } from "ws"
import { asEngineError } from "./internal/engine/engine.ts"
import { messageOf } from "./internal/engine/errors.ts"
import { helpOf } from "./internal/engine/help.ts"
import { unreadable } from "./internal/engine/http.ts"
import { refusal } from "./internal/engine/listening.ts"
import * as KuzzleEngine from "./KuzzleEngine.ts"

/**
 * The server could not listen on the port.
 *
 * @since 0.1.0
 * @category errors
 */
export class KuzzleTestServerError extends Data.TaggedError("KuzzleTestServerError")<{
  readonly host: string
  readonly port: number
  readonly cause: Error
}> {
  override get message(): string {
    return refusal(this, { host: "host", port: "port" })
  }
  /**
   * The address of a web page that explains the causes of this error, and what to do.
   *
   * @since 0.1.0
   */
  get help(): string {
    return helpOf(this)
  }
}

/**
 * Where to listen.
 *
 * @since 0.1.0
 * @category models
 */
export interface ListenOptions {
  /** With 0, the default, the system chooses a free port. */
  readonly port?: number
  /** `127.0.0.1` by default, because the engine is not meant for a network. */
  readonly host?: string
}

/**
 * The running server, and the faults that a test can inject.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleTestServerShape {
  /** `ws://127.0.0.1:<port>` */
  readonly url: string
  /** `http://127.0.0.1:<port>` */
  readonly httpUrl: string
  readonly port: number
  /** How many TCP connections are open. */
  readonly connections: Effect.Effect<number>
  /** Destroys every TCP connection without a close frame. The client sees the code 1006. */
  readonly cut: Effect.Effect<void>
  /** Closes every WebSocket with a close frame. */
  readonly closeAll: (code?: number, reason?: string) => Effect.Effect<void>
  /** Stops reading and answering. Connections stay open, and the system still accepts new ones. */
  readonly freeze: Effect.Effect<void>
  /** Ends `freeze`. */
  readonly thaw: Effect.Effect<void>
  /** Drops all connections and stops listening, like a server that is restarted. The state of the engine survives. */
  readonly stop: Effect.Effect<void>
  /** Listens again, on the same port, also after a client has ended the server (`admin:shutdown`). */
  readonly start: Effect.Effect<void, KuzzleTestServerError>
}

/**
 * The embedded Kuzzle on a loopback port.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleTestServer extends Context.Tag("@effect-kuzzle/testing/KuzzleTestServer")<
  KuzzleTestServer,
  KuzzleTestServerShape
>() {}

/**
 * A server over the engine. It listens until its scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: ListenOptions = {}
): Effect.Effect<KuzzleTestServerShape, KuzzleTestServerError, KuzzleEngine.KuzzleEngine | Scope.Scope> =>
  Effect.gen(function*() {
    const engine = yield* KuzzleEngine.KuzzleEngine
    const host = options.host ?? "127.0.0.1"
    const sockets = new Set<Socket>()
    const clients = new Set<WebSocket>()
    let frozen = false
    /**
     * Handlers of messages that arrived while the server was frozen. Pausing a socket does not stop Node's HTTP parser
     * from finishing a message.
     */
    const deferred: Array<() => void> = []
    const whenRunning = (handle: () => void): void => {
      if (frozen) deferred.push(handle)
      else handle()
    }

    const upgrades = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      autoPong: false,
      WebSocket: AbruptWebSocket,
      // The engine ends the connection at its own limit. A much larger message is not even read.
      maxPayload: 2 * engine.maxRequestSize
    })
    upgrades.on(
      "headers",
      (headers: Array<string>) => headers.push(...libraryHeaders().map((header) => header.join(": ")))
    )
    const http = Http.createServer()
    http.on("connection", (socket) => {
      sockets.add(socket)
      socket.on("close", () => sockets.delete(socket))
    })
    http.on("request", (request, response) =>
      whenRunning(() => {
        answer(engine, request, response).catch((cause: unknown) => fail(response, cause))
      }))
    http.on("upgrade", (request, socket, head) => {
      // `upgrade` passes the same socket as `connection`.
      const tcp = socket as Socket
      // While the server is frozen, the socket has no other error listener. Without one, a reset would end the process.
      tcp.on("error", () => tcp.destroy())
      whenRunning(() =>
        upgrades.handleUpgrade(request, tcp, head, (client) => {
          clients.add(client)
          client.on("close", () => clients.delete(client))
          serve(engine, client, tcp, headersOf(request))
        })
      )
    })

    const listen = (port: number) =>
      Effect.async<number, KuzzleTestServerError>((resume) => {
        const failed = (cause: Error) => resume(new KuzzleTestServerError({ host, port, cause }))
        http.once("error", failed)
        http.listen(port, host, () => {
          http.off("error", failed)
          // Safe: a listening TCP server has an address object, not the name of a pipe.
          resume(Effect.succeed((http.address() as AddressInfo).port))
        })
      })
    const cut = Effect.sync(() => {
      for (const socket of sockets) socket.destroy()
    })
    const stop = Effect.async<void>((resume) => {
      http.close(() => resume(Effect.void))
      for (const socket of sockets) socket.destroy()
    })

    const port = yield* Effect.acquireRelease(listen(options.port ?? 0), () => stop)
    const ending = yield* FiberHandle.make()
    const stopAtShutdown = FiberHandle.run(ending, Effect.zipRight(engine.awaitShutdown, stop))
    yield* stopAtShutdown
    return {
      url: `ws://${host}:${port}`,
      httpUrl: `http://${host}:${port}`,
      port,
      connections: Effect.sync(() => sockets.size),
      cut,
      closeAll: (code = 1000, reason = "") =>
        Effect.sync(() => {
          for (const client of clients) client.close(code, reason)
        }),
      freeze: Effect.zipRight(
        engine.freeze,
        Effect.sync(() => {
          frozen = true
          for (const client of clients) client.pause()
        })
      ),
      thaw: Effect.zipRight(
        engine.thaw,
        Effect.sync(() => {
          frozen = false
          for (const handle of deferred.splice(0)) handle()
          for (const client of clients) client.resume()
        })
      ),
      stop,
      start: engine.restart.pipe(Effect.zipRight(listen(port)), Effect.zipRight(stopAtShutdown), Effect.asVoid)
    }
  })

/**
 * The codes with which `ws` closes a connection by itself: protocol error, text that is not UTF-8, message too large.
 */
const protocolErrors = new Set([1002, 1007, 1009])

/** The real server's library drops a connection after a protocol error without a close frame (spec 1.8). */
class AbruptWebSocket extends WebSocket {
  override close(code?: number, data?: string | Buffer): void {
    if (code !== undefined && protocolErrors.has(code)) this.terminate()
    else super.close(code, data)
  }
}

const headersOf = ({ headers }: Http.IncomingMessage): KuzzleEngine.Headers =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value])
  )

/**
 * How many bytes may be buffered for a client that does not read. The real server also closes a connection with 4096
 * buffered bytes when 50 more frames wait (httpwsProtocol.js, `wsSend`).
 */
const maxBufferedBytes = 16 * 1024 * 1024

/** One WebSocket from its upgrade to its end. */
const serve = (
  engine: KuzzleEngine.KuzzleEngineShape,
  client: WebSocket,
  tcp: Socket,
  headers: KuzzleEngine.Headers
): void => {
  let corked = false
  /** Corks the TCP socket until the next tick, so that all frames of one tick leave in one write. */
  const cork = () => {
    if (corked) return
    corked = true
    tcp.cork()
    process.nextTick(() => {
      corked = false
      tcp.uncork()
    })
  }
  const connection = engine.connect({
    send: (frame) => {
      if (client.bufferedAmount > maxBufferedBytes) return closeSlowClient()
      cork()
      client.send(frame)
    },
    close: (code, reason) => {
      // 1006 cannot be sent: it is the code that the peer reports if there was no close frame.
      if (code === 1006) tcp.destroy()
      else client.close(code, reason)
    }
  }, headers)
  if (connection === undefined) return void tcp.destroy()
  /** Closes the connection of a client that reads too slowly. Its remaining requests are not answered. */
  const closeSlowClient = () => {
    connection.close()
    client.close(1011, "too much backpressure: client is too slow")
  }
  // Text and binary frames are read as UTF-8 (spec 1.1). Without `binaryType` set, ws gives a Buffer for both.
  client.on("message", (data) => connection.receive(data.toString()))
  client.on("ping", (data) => connection.ping(() => client.pong(data)))
  client.on("close", () => connection.close())
  // A protocol error: the real server's library drops the connection without a close frame (spec 1.8).
  client.on("error", () => tcp.destroy())
}

/** Answers a bug of this module with an error, because a bug must end neither the server nor the tests. */
const fail = (response: Http.ServerResponse, cause: unknown): void => {
  if (response.headersSent) return void response.destroy()
  const { body, status } = asEngineError(cause)
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body))
}

/** The headers as Node writes them. They may contain texts of a client, so line breaks are replaced. */
const headersFor = (headers: KuzzleEngine.HttpResponse["headers"]): Array<string> =>
  headers.flatMap(([name, value]) => [name, bytesOf(name, value).replace(/[^\t\x20-\x7e\x80-\xff]/g, " ")])

/**
 * Node writes each character of a header as one byte, and reads headers in the same way. Only the name of a file may
 * contain other characters, so it is encoded.
 */
const bytesOf = (name: string, value: string): string =>
  name === "Content-Disposition" ? Buffer.from(value).toString("latin1") : value

/** Handles one HTTP request. */
const answer = async (
  engine: KuzzleEngine.KuzzleEngineShape,
  request: Http.IncomingMessage,
  response: Http.ServerResponse
): Promise<void> => {
  const body = await read(request, engine.maxRequestSize)
  // The client has ended the connection before its request was complete, so there is no answer.
  if (body === undefined) return
  const headers = headersOf(request)
  const reply = respond(engine, request, headers, body)
  if (reply === undefined) return
  // Node must add neither headers nor the text of a status.
  response.sendDate = false
  if (reply.pieces !== undefined) {
    response.writeHead(
      reply.status,
      "",
      headersFor([...reply.headers, ...libraryHeaders(), ["Transfer-Encoding", "chunked"]])
    )
    // If the client closes the connection meanwhile, the answer ends. That is not an error.
    return void pipeline(Readable.from(inParts(reply.pieces)), response, () => {})
  }
  // An error from before the routing is written unchanged (spec 2.2).
  const routed = reply.headers.some(([name]) => name === "X-Kuzzle-Request-Id")
  const [encoding, content] = deflate(Buffer.from(reply.body), routed ? headers["accept-encoding"] : undefined)
  if (!routed) response.removeHeader("Connection")
  response.writeHead(
    reply.status,
    "",
    headersFor([
      ...reply.headers,
      ...(routed ? [["Content-Encoding", encoding] as const] : []),
      ...libraryHeaders(),
      ["Content-Length", String(content.length)]
    ])
  )
  response.end(content)
}

/** The headers that uWebSockets, the library of the real server, adds to each answer. */
const libraryHeaders =
  (): KuzzleEngine.HttpResponse["headers"] => [["Date", new Date().toUTCString()], ["uWebSockets", "20"]]

/** How many bytes the real server writes at a time. */
const partSize = 16_384

function* inParts(pieces: Iterable<string>): Generator<Buffer> {
  let text = ""
  let rest: Buffer = Buffer.alloc(0)
  for (const piece of pieces) {
    text += piece
    if (text.length < partSize) continue
    rest = Buffer.concat([rest, Buffer.from(text)])
    text = ""
    for (; rest.length >= partSize; rest = rest.subarray(partSize)) yield rest.subarray(0, partSize)
  }
  const last = Buffer.concat([rest, Buffer.from(text)])
  for (let i = 0; i < last.length; i += partSize) yield last.subarray(i, i + partSize)
}

/** Reads a body. Of a body above the limit, only the beginning is returned. `undefined`: the client has gone. */
const read = (request: Http.IncomingMessage, limit: number): Promise<Buffer | undefined> =>
  new Promise((resolve) => {
    const chunks: Array<Buffer> = []
    let size = 0
    request.on("data", (chunk: Buffer) => {
      if (size <= limit) chunks.push(chunk)
      size += chunk.length
      if (size > limit) resolve(Buffer.concat(chunks))
    })
    request.on("end", () => resolve(Buffer.concat(chunks)))
    request.on("close", () => resolve(undefined))
    request.on("error", () => resolve(undefined))
  })

const respond = (
  engine: KuzzleEngine.KuzzleEngineShape,
  { method = "GET", url = "/" }: Http.IncomingMessage,
  headers: KuzzleEngine.Headers,
  body: Buffer
): KuzzleEngine.HttpResponse | undefined => {
  if (body.length > engine.maxRequestSize) return unreadable({ headers }, "network.http.request_too_large")
  const encodings = (headers["content-encoding"] || "identity").split(",").map((name) => name.trim().toLowerCase())
  if (encodings.length > maxEncodings) return unreadable({ headers }, "network.http.too_many_encodings")
  let data = body
  // The encodings are listed in the order in which they were applied.
  for (const encoding of encodings.reverse()) {
    if (encoding === "identity") continue
    if (encoding !== "gzip" && encoding !== "deflate") {
      return unreadable({ headers }, "network.http.unsupported_compression", encoding)
    }
    try {
      data = encoding === "gzip" ? Zlib.gunzipSync(data, inflateOptions) : Zlib.inflateSync(data, inflateOptions)
    } catch (cause) {
      const isTooLarge = cause instanceof RangeError
      if (isTooLarge) return unreadable({ headers }, "network.http.request_too_large")
      return unreadable(
        { headers },
        "network.http.unexpected_error",
        messageOf(cause)
      )
    }
  }
  return engine.http({ method, url, headers, body: data.toString() })
}

/** The setting `server.protocols.http.maxEncodingLayers`. */
const maxEncodings = 3

/** The real server decompresses without a limit. This limit protects the memory of the test process. */
const inflateOptions = { maxOutputLength: 32 * 1024 * 1024 }

const deflate = (body: Buffer, accepted: string | undefined): readonly [encoding: string, body: Buffer] => {
  const names = (accepted ?? "").split(",").map((name) => name.trim().toLowerCase().split(";")[0])
  if (names.includes("gzip")) return ["gzip", Zlib.gzipSync(body)]
  return names.includes("deflate") ? ["deflate", Zlib.deflateSync(body)] : ["identity", body]
}

/**
 * A server over the engine that is provided.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWithoutEngine = (
  options?: ListenOptions
): Layer.Layer<KuzzleTestServer, KuzzleTestServerError, KuzzleEngine.KuzzleEngine> =>
  Layer.scoped(KuzzleTestServer, make(options))

/**
 * A server with an engine of its own. The layer also provides that engine.
 *
 * @example
 * ```ts
 * import { KuzzleServer } from "@effect-kuzzle/core"
 * import { NodeKuzzle } from "@effect-kuzzle/node"
 * import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
 * import { Effect } from "effect"
 *
 * export const program = Effect.gen(function*() {
 *   const server = yield* KuzzleTestServer.KuzzleTestServer
 *   return yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layer({ url: server.url }))
 * }).pipe(Effect.provide(KuzzleTestServer.layer()))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: ListenOptions & KuzzleEngine.Options
): Layer.Layer<KuzzleTestServer | KuzzleEngine.KuzzleEngine, KuzzleTestServerError | InvalidSettingError> =>
  Layer.provideMerge(layerWithoutEngine(options), KuzzleEngine.layer(options))
