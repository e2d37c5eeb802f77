import { Kuzzle, KuzzleServer, KuzzleRealtime } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { Effect, Exit, Stream, Cause, Schedule, Option } from "effect"
import * as Net from "node:net"
import * as Http from "node:http"
import * as Crypto from "node:crypto"

const show = (e: Exit.Exit<unknown, any>) => Exit.isSuccess(e) ? "ok " + JSON.stringify(e.value) : e.cause._tag === "Fail" ? e.cause.error._tag + ": " + e.cause.error.message : Cause.pretty(e.cause).slice(0, 300)
const frame = (op: number, payload: Buffer) => payload.length < 126 ? Buffer.concat([Buffer.from([0x80 | op, payload.length]), payload]) : Buffer.concat([Buffer.from([0x80 | op, 126, payload.length >> 8, payload.length & 255]), payload])
const serve = (onUp: (s: Net.Socket, n: number) => void) => new Promise<{ port: number; dials: Array<number>; close: () => void }>((r) => {
  const dials: Array<number> = []; const socks = new Set<Net.Socket>()
  const server = Http.createServer((_q, s) => s.end("hello"))
  server.on("upgrade", (req, socket) => { const s = socket as Net.Socket; socks.add(s); s.on("error", () => {}); dials.push(Date.now())
    const key = Crypto.createHash("sha1").update(req.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64")
    s.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`); onUp(s, dials.length) })
  server.listen(0, "127.0.0.1", () => r({ port: (server.address() as Net.AddressInfo).port, dials, close: () => { server.close(); for (const s of socks) s.destroy() } }))
})
const run = <A>(port: number, opts: any, e: Effect.Effect<A, any, any>) => Effect.scoped(e as any).pipe(Effect.provide(NodeKuzzle.layer({ url: `ws://127.0.0.1:${port}`, ...opts })), Effect.exit, Effect.runPromise) as Promise<Exit.Exit<A, any>>

process.on("uncaughtException", (e) => console.log("UNCAUGHT", e.message))
process.on("unhandledRejection", (e) => console.log("UNHANDLED", e))
const main = async () => {
  // D accept and close at once
  for (const kind of ["close frame+end", "destroy"]) {
    const s = await serve((sock) => { if (kind === "destroy") sock.destroy(); else sock.end(frame(8, Buffer.from([0x03, 0xf3]))) })
    console.log("D", kind, show(await run(s.port, {}, Effect.sleep("12 seconds"))), "dials in 12 s:", s.dials.length, s.dials.map((t) => t - s.dials[0]!).join(" "))
    s.close()
  }
  // E garbage
  { const junk = ["", "null", "[]", "42", "\"x\"", "{", "{\"room\":5}", "{\"__proto__\":{\"a\":1},\"room\":\"__proto__\"}", "{\"room\":\"constructor\"}", "[".repeat(100000), "{\"p\":2}", "{\"requestId\":null,\"error\":{\"id\":5}}", "\u0000", "{\"room\":\"kuzzle:notification:server\",\"type\":\"TokenExpired\"}"]
    const s = await serve((sock) => { sock.on("data", () => { for (const j of junk) { const b = Buffer.from(j); if (b.length < 65000) sock.write(frame(1, b)) } sock.write(frame(2, Buffer.from([255, 254, 0]))); sock.write(frame(1, Buffer.from([0xff, 0xfe]))) }) })
    console.log("E", show(await run(s.port, { requestTimeout: "1 second" }, KuzzleServer.now())), "dials", s.dials.length); s.close() }
  // E2 protocol violation
  { const s = await serve((sock, n) => { sock.on("data", () => { if (n === 1) sock.write(Buffer.from([0xff, 0xff, 0xff])) }) })
    console.log("E2 reserved opcode", show(await run(s.port, { requestTimeout: "1 second" }, KuzzleServer.now()))); s.close() }
  // G close frame, TCP left open
  { const s = await serve((sock, n) => { if (n === 1) setTimeout(() => sock.write(frame(8, Buffer.from([0x03, 0xe9]))), 200) })
    const t = Date.now()
    const r = await run(s.port, {}, Effect.gen(function*() {
      const k = yield* Kuzzle.Kuzzle
      yield* Effect.sleep("400 millis")
      console.log("G 200 ms after the close frame:", (yield* k.state)._tag)
      const q = yield* Effect.exit(KuzzleServer.now())
      console.log("G request sent after close frame:", show(q), "after", Date.now() - t, "ms")
      yield* Stream.runHead(Stream.filter(k.states, (x) => x._tag === "Waiting")).pipe(Effect.timeoutOption("35 seconds"))
      console.log("G left after", Date.now() - t, "ms")
    }))
    console.log("G", show(r)); s.close() }
  // H http server, not ws; echo
  { const s = await serve((sock) => { sock.on("data", () => sock.write(frame(1, Buffer.from("hello")))) })
    console.log("H not kuzzle", show(await run(s.port, { requestTimeout: "1 second" }, KuzzleServer.now()))); s.close() }
  console.log("handles", (process as any).getActiveResourcesInfo().join(","))
}
main().then(() => console.log("done"))
