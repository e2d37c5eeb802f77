/**
 * The server of the benchmark, in its own process. It implements just enough of Kuzzle's protocol, and is so fast that the client
 * is always the bottleneck. It reads and writes WebSocket frames by hand. All answers to the requests of one read are one write,
 * and the notifications of a blast are buffers that are encoded once.
 */
import { createHash } from "node:crypto"
import * as http from "node:http"
import type { Socket } from "node:net"
import * as wire from "./wire.ts"

const OPCODE_TEXT = 1
const OPCODE_CLOSE = 8
const OPCODE_PING = 9
const OPCODE_PONG = 10

/** Collects the answers of one read. It is copied before a write, because `write` may keep its buffer. */
let out = Buffer.allocUnsafe(1 << 20)
let outLength = 0

const reserve = (bytes: number) => {
  if (outLength + bytes <= out.length) return
  const larger = Buffer.allocUnsafe(Math.max(out.length * 2, outLength + bytes))
  out.copy(larger, 0, 0, outLength)
  out = larger
}

const putHeader = (opcode: number, length: number) => {
  out[outLength++] = 0x80 | opcode
  if (length < 126) {
    out[outLength++] = length
  } else if (length < 65536) {
    out[outLength++] = 126
    outLength = out.writeUInt16BE(length, outLength)
  } else {
    out[outLength++] = 127
    outLength = out.writeBigUInt64BE(BigInt(length), outLength)
  }
}

/** This server sends only ASCII, so a character is a byte. */
const putText = (text: string) => {
  reserve(text.length + 10)
  putHeader(OPCODE_TEXT, text.length)
  outLength += out.write(text, outLength, text.length, "latin1")
}

const putControl = (opcode: number, payload: Buffer) => {
  reserve(payload.length + 10)
  putHeader(opcode, payload.length)
  outLength += payload.copy(out, outLength)
}

const flush = (socket: Socket) => {
  if (outLength === 0) return
  socket.write(Buffer.from(out.subarray(0, outLength)))
  outLength = 0
}

const encoded = (text: string): Buffer => {
  const before = outLength
  putText(text)
  const frame = Buffer.from(out.subarray(before, outLength))
  outLength = before
  return frame
}

interface Connection {
  readonly socket: Socket
  readonly channels: Array<string>
}

/**
 * Sends notifications as fast as the client reads, in blocks of about 256 KB. The order of the channels is shuffled, but always
 * the same.
 */
const blast = ({ channels, socket }: Connection, count: number) => {
  let seed = 42
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff
  const frames = Array.from(
    { length: Math.min(count, Math.max(512, channels.length * 20)) },
    (_, n) => encoded(wire.notification(n, channels[Math.floor(random() * channels.length)] ?? "nobody"))
  )
  const blocks: Array<{ readonly bytes: Buffer; readonly frames: number }> = []
  for (let i = 0; i < frames.length; i += 512) {
    const some = frames.slice(i, i + 512)
    blocks.push({ bytes: Buffer.concat(some), frames: some.length })
  }
  let remaining = count
  let next = 0
  const pump = () => {
    while (remaining > 0 && !socket.destroyed) {
      const block = blocks[next++ % blocks.length]!
      const bytes = block.frames <= remaining ? block.bytes : Buffer.concat(frames.slice(0, remaining))
      remaining -= Math.min(remaining, block.frames)
      if (!socket.write(bytes)) {
        socket.once("drain", pump)
        return
      }
    }
  }
  setImmediate(pump)
}

/** A client may open its subscriptions lazily, so the blast waits until all of them are open. */
const whenOpen = (connection: Connection, channels: number, then: () => void) => {
  if (connection.channels.length >= channels) then()
  else if (!connection.socket.destroyed) setTimeout(whenOpen, 5, connection, channels, then)
}

const between = (text: string, start: string, end: string): string | undefined => {
  const from = text.indexOf(start)
  return from < 0 ? undefined : text.slice(from + start.length, text.indexOf(end, from + start.length))
}

const onRequest = (connection: Connection, text: string) => {
  if (text === "{\"p\":1}") {
    putText("{\"p\":2}")
    return
  }
  // Answers the requests of the loads without parsing them. Their `volatile` is flat, and is echoed as by Kuzzle.
  if (text.includes("\"controller\":\"document\"")) {
    const volatile = between(text, "\"volatile\":{", "}")
    const requestId = between(text, "\"requestId\":\"", "\"") ?? ""
    putText(wire.answer(requestId, wire.created, volatile === undefined ? "null" : `{${volatile}}`))
    return
  }
  const request = JSON.parse(text)
  const reply = (result: unknown) => {
    const { action, controller, requestId, volatile = null } = request
    putText(
      JSON.stringify({
        action,
        controller,
        error: null,
        headers: {},
        requestId,
        result,
        status: 200,
        volatile,
        room: requestId
      })
    )
  }
  switch (`${request.controller}:${request.action}`) {
    case "bench:silence":
      return
    case "bench:kill":
      connection.socket.resetAndDestroy()
      return
    case "bench:blast":
      reply({})
      whenOpen(connection, request.body.channels, () => blast(connection, request.body.count))
      return
    case "realtime:subscribe": {
      const roomId = wire.roomId(connection.channels.length)
      const channel = `${roomId}-311`
      connection.channels.push(channel)
      reply({ channel, roomId })
      return
    }
    default:
      reply({})
  }
}

/** Handles the frames in `data` and returns the incomplete rest. A client's frames are masked, and may be split anywhere. */
const onData = (connection: Connection, data: Buffer): Buffer => {
  let at = 0
  while (at + 6 <= data.length) {
    let length = data[at + 1]! & 0x7f
    let start = at + 2
    if (length === 126) {
      if (start + 2 > data.length) break
      length = data.readUInt16BE(start)
      start += 2
    } else if (length === 127) {
      if (start + 8 > data.length) break
      length = Number(data.readBigUInt64BE(start))
      start += 8
    }
    const payloadAt = start + 4
    const end = payloadAt + length
    if (end > data.length) break
    for (let i = payloadAt, m = 0; i < end; i++, m = (m + 1) & 3) data[i]! ^= data[start + m]!
    switch (data[at]! & 0x0f) {
      case OPCODE_TEXT:
        onRequest(connection, data.toString("latin1", payloadAt, end))
        break
      case OPCODE_PING:
        putControl(OPCODE_PONG, data.subarray(payloadAt, end))
        break
      case OPCODE_CLOSE:
        putControl(OPCODE_CLOSE, data.subarray(payloadAt, end))
        flush(connection.socket)
        connection.socket.end()
        break
      default:
    }
    at = end
  }
  if (!connection.socket.destroyed) flush(connection.socket)
  outLength = 0
  return data.subarray(at)
}

const sockets = new Set<Socket>()
let isDown = false

/** An HTTP request causes an outage: the server drops all connections, and accepts none until the request ends. */
const server = http.createServer((_, response) => {
  isDown = true
  for (const socket of sockets) socket.resetAndDestroy()
  response.on("close", () => {
    isDown = false
  })
  // Pages of any origin may send this request.
  response.writeHead(200, { "access-control-allow-origin": "*" }).flushHeaders()
})

server.on("upgrade", (request, socket: Socket) => {
  if (isDown) return socket.destroy()
  sockets.add(socket)
  socket.on("close", () => sockets.delete(socket))
  const accept = createHash("sha1")
    .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64")
  // Kuzzle echoes the subprotocol. On Node 22 the official SDK asks for one that is named "null", and waits for it.
  const protocol = request.headers["sec-websocket-protocol"]
  socket.setNoDelay(true)
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      (protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`) +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  )
  const connection: Connection = { socket, channels: [] }
  let rest: Buffer | undefined
  socket.on("data", (data: Buffer) => {
    const incomplete = onData(connection, rest === undefined ? data : Buffer.concat([rest, data]))
    rest = incomplete.length === 0 ? undefined : incomplete
  })
  // Some loads end their connections by a reset.
  socket.on("error", () => socket.destroy())
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object" && address !== null) process.send?.({ port: address.port })
})
// The server ends with the process that started it.
process.on("disconnect", () => process.exit(0))
