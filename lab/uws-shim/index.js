"use strict"

/*
 * A stand-in for the part of uWebSockets.js (v20) that Kuzzle uses, only for
 * tests, written over `ws` and node:http. It listens on 127.0.0.1, where the
 * real library listens on every interface.
 *
 * It keeps this behaviour of uWebSockets, because a client can see it:
 *  - status line without a reason phrase ("HTTP/1.1 200\r\n"), a Date and a
 *    "uWebSockets: 20" header on every answer, the 101 included;
 *  - an incoming RFC 6455 ping is answered by a pong, and any incoming byte
 *    resets the idle timer; on idle timeout the TCP connection is cut without
 *    a close frame (client: 1006), after one ping when sendPingsAutomatically;
 *  - a message over maxPayloadLength, or a protocol error, cuts the TCP
 *    connection without a close frame (client: 1006);
 *  - end(code, reason) sends a close frame, then FIN, calls the close handler
 *    at once, and ignores whatever the client still sends;
 *  - publish() reaches every subscriber of the topic, its author included;
 *  - a message to a socket with more than maxBackpressure (64 KiB) bytes waiting
 *    is dropped;
 *  - the server always accepts the first subprotocol that is offered;
 *  - at most 4096 bytes of request headers.
 */

const http = require("node:http")
const { WebSocket, WebSocketServer } = require("ws")

const DISABLED = 0
const SHARED_COMPRESSOR = 1
const MAX_HEADER_SIZE = 4096
const EMPTY = new ArrayBuffer(0)

const toBuffer = (data) =>
  typeof data === "string"
    ? Buffer.from(data)
    : ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data)

const toArrayBuffer = (buffer) => buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength)

const addressAsText = (socket) =>
  toArrayBuffer(
    Buffer.from((socket.remoteAddress || "").replace(/^::ffff:/, ""))
  )

/* ------------------------------------------------------------- requests -- */

class HttpRequest {
  constructor(incoming) {
    const mark = incoming.url.indexOf("?")
    this.path = mark === -1 ? incoming.url : incoming.url.slice(0, mark)
    this.query = mark === -1 ? "" : incoming.url.slice(mark + 1)
    this.method = incoming.method.toLowerCase()
    this.fields = []
    for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
      this.fields.push([
        incoming.rawHeaders[i].toLowerCase(),
        incoming.rawHeaders[i + 1]
      ])
    }
  }

  getHeader(name) {
    const field = this.fields.find(([key]) => key === name.toLowerCase())
    return field ? field[1] : ""
  }

  getUrl() {
    return this.path
  }

  getQuery() {
    return this.query
  }

  getMethod() {
    return this.method
  }

  forEach(callback) {
    for (const [name, value] of this.fields) {
      callback(name, value)
    }
  }
}

/* ------------------------------------------------------------ responses -- */

class HttpResponse {
  constructor(incoming, outgoing) {
    this.incoming = incoming
    this.outgoing = outgoing
    this.status = "200 OK"
    this.fields = []
    this.offset = 0
    this.done = false

    outgoing.on("close", () => {
      if (!this.done) {
        this.done = true
        this.abortedHandler?.()
      }
    })
    outgoing.on("drain", () => {
      if (!this.done && this.writableHandler) {
        this.writableHandler(this.offset)
      }
    })
  }

  getRemoteAddressAsText() {
    return addressAsText(this.incoming.socket)
  }

  cork(callback) {
    callback()
    return this
  }

  onAborted(handler) {
    this.abortedHandler = handler
    return this
  }

  onWritable(handler) {
    this.writableHandler = handler
    return this
  }

  /* node:http reports the end of a body without a chunk, so the last chunk is
   * always empty. An empty body has only this one. */
  onData(handler) {
    const pass = (data, isLast) => this.done || handler(data, isLast)

    this.incoming.on("data", (chunk) => pass(toArrayBuffer(chunk), false))
    this.incoming.on("end", () => pass(EMPTY, true))
    return this
  }

  writeStatus(status) {
    this.status = toBuffer(status).toString()
    return this
  }

  writeHeader(name, value) {
    this.fields.push(
      toBuffer(name).toString(),
      toBuffer(String(value)).toString()
    )
    return this
  }

  #writeHead(length) {
    if (this.outgoing.headersSent || this.headWritten) {
      return
    }
    this.headWritten = true

    const [code, ...reason] = this.status.split(" ")
    const framing = length === undefined
      ? ["Transfer-Encoding", "chunked"]
      : ["Content-Length", String(length)]

    // Remove the headers that node:http adds by itself.
    this.outgoing.removeHeader("Date")
    this.outgoing.removeHeader("Connection")
    this.outgoing.writeHead(Number(code), reason.join(" "), [
      ...this.fields,
      "Date",
      new Date().toUTCString(),
      "uWebSockets",
      "20",
      ...framing
    ])
    // node:http always writes a space after the status code. uWebSockets writes
    // the status as it is.
    this.outgoing._header = this.outgoing._header.replace(
      /^(HTTP\/1\.1 \d+) \r\n/,
      "$1\r\n"
    )
  }

  getWriteOffset() {
    return this.offset
  }

  write(data) {
    this.#writeHead(undefined)
    const chunk = toBuffer(data)
    this.offset += chunk.length
    return this.outgoing.write(chunk)
  }

  /* Returns [ok, done]. node:http buffers what the kernel refuses, so the
   * whole chunk is always accepted. */
  tryEnd(data, totalSize) {
    const chunk = toBuffer(data)
    this.#writeHead(totalSize || chunk.length)
    this.offset += chunk.length

    if (this.offset >= (totalSize || chunk.length)) {
      this.done = true
      this.outgoing.end(chunk)
      return [true, true]
    }

    this.outgoing.write(chunk)
    return [true, false]
  }

  end(data = "") {
    const chunk = toBuffer(data)
    this.#writeHead(this.headWritten ? undefined : chunk.length)
    this.done = true
    this.outgoing.end(chunk)
    return this
  }
}

/* The argument of the `upgrade` handler, whose upgrade() writes the answer. */
class UpgradeResponse {
  constructor(finish) {
    this.finish = finish
  }

  upgrade(userData, key, protocol) {
    this.finish(userData, protocol)
  }
}

/* ----------------------------------------------------------- websockets -- */

/* `ws` answers a protocol error or an oversized message with a close frame.
 * uWebSockets cuts the connection. */
class RawWebSocket extends WebSocket {
  close(code, reason) {
    if (this.endCalled || this._closeFrameReceived) {
      super.close(code, reason)
    } else {
      this.terminate()
    }
  }
}

class UwsWebSocket {
  #ws
  #tcp
  #app
  #behavior
  #timer = null
  #closed = false
  #pinged = false
  #topics = new Set()

  constructor(ws, tcp, app, behavior, userData) {
    this.#ws = ws
    this.#tcp = tcp
    this.#app = app
    this.#behavior = behavior
    Object.assign(this, userData)

    let reason = ""
    ws.on("error", (error) => {
      reason = error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"
        ? "Received too big message"
        : error.message
    })
    ws.on("message", (data, isBinary) => {
      if (!this.#closed) {
        behavior.message?.(this, toArrayBuffer(data), isBinary)
      }
    })
    ws.on("ping", (data) => behavior.ping?.(this, toArrayBuffer(data)))
    ws.on("pong", (data) => behavior.pong?.(this, toArrayBuffer(data)))
    ws.on("close", (code, message) => this.#finish(code, message.length > 0 ? message : Buffer.from(reason)))
    tcp.on("drain", () => !this.#closed && behavior.drain?.(this))
    tcp.on("data", () => {
      this.#pinged = false
      this.#resetIdleTimer()
    })

    this.#resetIdleTimer()
    behavior.open?.(this)
  }

  #resetIdleTimer() {
    const { idleTimeout = 120, sendPingsAutomatically = true } = this.#behavior

    clearTimeout(this.#timer)
    if (!idleTimeout || this.#closed) {
      return
    }

    // The automatic ping is sent this many seconds before the timeout.
    const margin = idleTimeout < 16 ? 4 : idleTimeout < 32 ? 8 : 16
    const delay = this.#pinged
      ? margin
      : idleTimeout - (sendPingsAutomatically ? margin : 0)

    this.#timer = setTimeout(() => {
      if (sendPingsAutomatically && !this.#pinged) {
        this.#pinged = true
        this.#ws.ping()
        this.#resetIdleTimer()
      } else {
        this.#ws.terminate()
      }
    }, delay * 1000)
  }

  #finish(code, message) {
    if (this.#closed) {
      return
    }
    this.#closed = true
    clearTimeout(this.#timer)
    for (const topic of this.#topics) {
      this.#app.unsubscribe(topic, this)
    }
    this.#topics.clear()
    this.#behavior.close?.(this, code, toArrayBuffer(message))
  }

  getUserData() {
    return this
  }

  getRemoteAddressAsText() {
    return addressAsText(this.#tcp)
  }

  getBufferedAmount() {
    return this.#ws.bufferedAmount
  }

  cork(callback) {
    callback()
    return this
  }

  send(message, isBinary = false) {
    if (this.#closed) {
      throw new Error("Invalid access of closed uWS.WebSocket/SSLWebSocket.")
    }
    if (this.getBufferedAmount() > (this.#behavior.maxBackpressure ?? 65536)) {
      return 2 // dropped
    }
    this.#ws.send(toBuffer(message), { binary: Boolean(isBinary) })
    if (this.#behavior.resetIdleTimeoutOnSend) {
      this.#resetIdleTimer()
    }
    return 1
  }

  end(code = 1005, reason = "") {
    if (this.#closed) {
      return
    }
    this.#ws.endCalled = true
    if (code === 0 || code === 1005) {
      this.#ws.close()
    } else {
      this.#ws.close(code, toBuffer(reason).subarray(0, 123))
    }
    this.#tcp.end()
    this.#finish(code, toBuffer(reason))
  }

  close() {
    this.#ws.terminate()
  }

  subscribe(topic) {
    this.#topics.add(topic)
    this.#app.subscribe(topic, this)
    return true
  }

  unsubscribe(topic) {
    this.#topics.delete(topic)
    return this.#app.unsubscribe(topic, this)
  }

  isSubscribed(topic) {
    return this.#topics.has(topic)
  }
}

/* ------------------------------------------------------------------ app -- */

class TemplatedApp {
  #anyHandler = null
  #behavior = null
  #topics = new Map()
  #wss = null
  #server

  constructor() {
    const onRequest = (incoming, outgoing) => {
      if (this.#anyHandler) {
        this.#anyHandler(
          new HttpResponse(incoming, outgoing),
          new HttpRequest(incoming)
        )
      } else {
        outgoing.destroy()
      }
    }
    const options = { keepAliveTimeout: 10000, maxHeaderSize: MAX_HEADER_SIZE }

    this.#server = http.createServer(options, onRequest)
    this.#server.on("upgrade", (...args) => this.#onUpgrade(...args))
  }

  ws(pattern, behavior) {
    this.#behavior = behavior
    this.#wss = new WebSocketServer({
      WebSocket: RawWebSocket,
      clientTracking: false,
      handleProtocols: (protocols) => [...protocols][0],
      maxPayload: behavior.maxPayloadLength ?? 16 * 1024,
      noServer: true,
      perMessageDeflate: Boolean(behavior.compression)
    })
    this.#wss.on("headers", (headers) => {
      headers.push(`Date: ${new Date().toUTCString()}`, "uWebSockets: 20")
    })
    return this
  }

  any(pattern, handler) {
    this.#anyHandler = handler
    return this
  }

  listen(port, callback) {
    this.#server.once("error", () => callback(false))
    this.#server.listen(port, "127.0.0.1", () => callback(this))
    return this
  }

  close() {
    this.#server.close()
    this.#server.closeAllConnections()
    return this
  }

  subscribe(topic, socket) {
    if (!this.#topics.has(topic)) {
      this.#topics.set(topic, new Set())
    }
    this.#topics.get(topic).add(socket)
  }

  unsubscribe(topic, socket) {
    const sockets = this.#topics.get(topic)
    const wasSubscribed = Boolean(sockets?.delete(socket))
    if (sockets?.size === 0) {
      this.#topics.delete(topic)
    }
    return wasSubscribed
  }

  publish(topic, message, isBinary = false) {
    const sockets = this.#topics.get(topic)
    if (!sockets) {
      return false
    }
    for (const socket of [...sockets]) {
      socket.send(message, isBinary)
    }
    return true
  }

  #onUpgrade(incoming, tcp, head) {
    const key = incoming.headers["sec-websocket-key"]

    if (!this.#wss || incoming.method !== "GET" || key?.length !== 24) {
      this.#replay(incoming, tcp, head)
      return
    }

    const finish = (userData) =>
      this.#wss.handleUpgrade(incoming, tcp, head, (ws) => {
        new UwsWebSocket(ws, tcp, this, this.#behavior, userData)
      })
    const request = new HttpRequest(incoming)

    if (this.#behavior.upgrade) {
      this.#behavior.upgrade(new UpgradeResponse(finish), request, {})
    } else {
      finish({})
    }
  }

  /* An upgrade to another protocol than WebSocket is an ordinary request. It is
   * parsed again, without its Upgrade header. */
  #replay(incoming, tcp, head) {
    let text = `${incoming.method} ${incoming.url} HTTP/1.1\r\n`
    for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
      if (incoming.rawHeaders[i].toLowerCase() !== "upgrade") {
        text += `${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}\r\n`
      }
    }
    tcp.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, "latin1"), head]))
    this.#server.emit("connection", tcp)
  }
}

/* ------------------------------------------------------------ multipart -- */

/* Returns [{ name, filename?, type?, data: ArrayBuffer }], or undefined when
 * the body is not multipart. */
function getParts(body, contentType) {
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
  if (!boundary) {
    return undefined
  }

  const content = toBuffer(body)
  const delimiter = Buffer.from(`--${boundary[1] ?? boundary[2]}`)
  const parts = []
  let start = content.indexOf(delimiter)

  while (start !== -1) {
    const from = start + delimiter.length
    const next = content.indexOf(delimiter, from)
    if (next === -1) {
      break
    }

    // CRLF headers CRLF CRLF data CRLF
    const headEnd = content.indexOf("\r\n\r\n", from)
    if (headEnd !== -1 && headEnd < next) {
      const part = { data: toArrayBuffer(content.subarray(headEnd + 4, next - 2)) }

      for (const line of content.toString("utf8", from, headEnd).split("\r\n")) {
        const colon = line.indexOf(":")
        const header = line.slice(0, colon).trim().toLowerCase()
        const value = line.slice(colon + 1).trim()

        if (header === "content-disposition") {
          for (const [, key, text] of value.matchAll(/;\s*(\w+)="([^"]*)"/g)) {
            if (key === "name" || key === "filename") {
              part[key] = text
            }
          }
        } else if (header === "content-type") {
          part.type = value
        }
      }

      if (part.name !== undefined) {
        parts.push(part)
      }
    }
    start = next
  }

  return parts
}

module.exports = {
  App: () => new TemplatedApp(),
  DISABLED,
  SHARED_COMPRESSOR,
  getParts
}
