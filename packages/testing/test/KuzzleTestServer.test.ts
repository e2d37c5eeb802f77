import { KuzzleEngine } from "@effect-kuzzle/testing"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, describe, it, layer, live } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { connect } from "node:net"
import { gzipSync } from "node:zlib"
import { WebSocket } from "ws"
import { layerEmbedded } from "../../../tests/suite/node.ts"
import { shutsDown } from "../../../tests/suite/shutdown.ts"
import { withClient } from "../../../tests/suite/tools.ts"

interface Client {
  readonly ask: (request: object) => Effect.Effect<Record<string, unknown>>
  readonly frames: Array<Record<string, unknown>>
  readonly closed: Effect.Effect<number>
  readonly socket: WebSocket
}

const dial = (url: string) =>
  Effect.acquireRelease(
    Effect.async<Client>((resume) => {
      const socket = new WebSocket(url)
      const frames: Array<Record<string, unknown>> = []
      const waiting = new Map<string, (answer: Record<string, unknown>) => void>()
      let count = 0
      socket.on("message", (data) => {
        const frame = JSON.parse(String(data))
        frames.push(frame)
        waiting.get(frame.room)?.(frame)
      })
      socket.on("error", () => undefined)
      const closed = new Promise<number>((resolve) => socket.on("close", resolve))
      socket.on("open", () =>
        resume(Effect.succeed({
          socket,
          frames,
          closed: Effect.promise(() => closed),
          ask: (request) =>
            Effect.async((resume) => {
              const requestId = `r${count++}`
              waiting.set(requestId, (answer) => resume(Effect.succeed(answer)))
              socket.send(JSON.stringify({ requestId, ...request }))
            })
        })))
    }),
    ({ socket }) => Effect.sync(() => socket.terminate())
  )

const document = { index: "nyc", collection: "taxi" }

// The sockets are real, so the time is real, too.
layer(KuzzleTestServer.layer({ users: [{ username: "ann", password: "pw" }] }), { excludeTestServices: true })(
  "KuzzleTestServer",
  (it) => {
    it.effect("answers over WebSocket and notifies subscribers", () =>
      Effect.gen(function*() {
        const { url } = yield* KuzzleTestServer.KuzzleTestServer
        const a = yield* dial(url)
        const b = yield* dial(url)
        yield* a.ask({ controller: "collection", action: "create", ...document })
        const login = yield* a.ask({
          controller: "auth",
          action: "login",
          strategy: "local",
          body: { username: "ann", password: "pw" }
        })
        assert.strictEqual(login.status, 200)
        const subscribed = yield* a.ask({ controller: "realtime", action: "subscribe", ...document, body: {} })
        const created = yield* b.ask({
          controller: "document",
          action: "create",
          ...document,
          body: { status: "free" }
        })
        assert.strictEqual(created.status, 200)
        yield* a.ask({ controller: "server", action: "now" })
        const notification = a.frames.find((frame) => frame.type === "document")
        assert.deepInclude(notification, {
          action: "create",
          scope: "in",
          // An answer to a subscription has a channel.
          room: (subscribed.result as { channel: string }).channel
        })
      }).pipe(Effect.scoped))

    it.effect("is cut without a close frame", () =>
      Effect.gen(function*() {
        const server = yield* KuzzleTestServer.KuzzleTestServer
        const client = yield* dial(server.url)
        yield* server.cut
        assert.strictEqual(yield* client.closed, 1006)
      }).pipe(Effect.scoped))

    it.effect("closes with a close frame", () =>
      Effect.gen(function*() {
        const server = yield* KuzzleTestServer.KuzzleTestServer
        const client = yield* dial(server.url)
        yield* server.closeAll(1011, "enough")
        assert.strictEqual(yield* client.closed, 1011)
      }).pipe(Effect.scoped))

    it.effect("cuts a connection whose message is too big", () =>
      Effect.gen(function*() {
        const server = yield* KuzzleTestServer.KuzzleTestServer
        const client = yield* dial(server.url)
        client.socket.send(JSON.stringify({ controller: "server", action: "now", x: "y".repeat(1_100_000) }))
        assert.strictEqual(yield* client.closed, 1006)
      }).pipe(Effect.scoped))

    it.effect("freezes and thaws", () =>
      Effect.gen(function*() {
        const server = yield* KuzzleTestServer.KuzzleTestServer
        const client = yield* dial(server.url)
        yield* server.freeze
        const pending = yield* Effect.fork(client.ask({ controller: "server", action: "now" }))
        const late = yield* Effect.fork(Effect.scoped(dial(server.url)))
        // A fixed wait, because the test shows that nothing arrives.
        yield* Effect.sleep("100 millis")
        assert.lengthOf(client.frames, 0)
        assert.isNull(late.unsafePoll())
        yield* server.thaw
        assert.strictEqual((yield* pending.await.pipe(Effect.flatten)).status, 200)
        yield* late.await.pipe(Effect.flatten)
      }).pipe(Effect.scoped))

    it.effect("stops and starts on the same port, with its state", () =>
      Effect.gen(function*() {
        const server = yield* KuzzleTestServer.KuzzleTestServer
        const before = yield* dial(server.url)
        yield* before.ask({ controller: "index", action: "create", index: "kept" })
        yield* server.stop
        assert.strictEqual(yield* before.closed, 1006)
        yield* server.start
        const after = yield* dial(server.url)
        assert.strictEqual((yield* after.ask({ controller: "index", action: "exists", index: "kept" })).result, true)
      }).pipe(Effect.scoped))

    it.effect("answers HTTP", () =>
      Effect.gen(function*() {
        const { httpUrl } = yield* KuzzleTestServer.KuzzleTestServer
        const response = yield* Effect.promise(() =>
          fetch(`${httpUrl}/_query`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ controller: "server", action: "now" })
          })
        )
        assert.strictEqual(response.status, 200)
        assert.deepInclude(yield* Effect.promise(() => response.json()), { controller: "server", action: "now" })
      }))

    it.effect("reads and writes compressed bodies, and survives invalid ones", () =>
      Effect.gen(function*() {
        const { httpUrl } = yield* KuzzleTestServer.KuzzleTestServer
        const post = (body: Uint8Array<ArrayBuffer>) =>
          Effect.promise(() =>
            fetch(`${httpUrl}/_query`, {
              method: "POST",
              headers: { "content-type": "application/json", "content-encoding": "gzip", "accept-encoding": "gzip" },
              body
            })
          )
        const good = yield* post(gzipSync(JSON.stringify({ controller: "server", action: "now" })))
        assert.strictEqual(good.headers.get("content-encoding"), "gzip")
        assert.deepInclude(yield* Effect.promise(() => good.json()), { action: "now", status: 200 })
        const bad = yield* post(Buffer.from("{}"))
        assert.strictEqual(bad.status, 400)
        assert.deepInclude(yield* Effect.promise(() => bad.json()), { id: "network.http.unexpected_error" })
      }))

    it.effect("fails with an error that says what to set if it cannot listen", () =>
      Effect.gen(function*() {
        const { port } = yield* KuzzleTestServer.KuzzleTestServer
        const refused = yield* Effect.flip(Effect.scoped(KuzzleTestServer.make({ port })))
        assert.strictEqual(refused._tag, "KuzzleTestServerError")
        assert.strictEqual(
          refused.message,
          `cannot listen on 127.0.0.1:${port}: the port is taken: stop the process that listens there, or set port to ` +
            "another port, or to 0 for any free one"
        )
        const nowhere = yield* Effect.flip(Effect.scoped(KuzzleTestServer.make({ host: "192.0.2.1" })))
        assert.include(nowhere.message, "this machine has no such address: set host to one of its own")
      }))

    it.effect("loses a request on demand", () =>
      Effect.gen(function*() {
        const { url } = yield* KuzzleTestServer.KuzzleTestServer
        const engine = yield* KuzzleEngine.KuzzleEngine
        const client = yield* dial(url)
        yield* engine.silenceNext("server:now")
        client.socket.send(JSON.stringify({ controller: "server", action: "now", requestId: "lost" }))
        assert.strictEqual((yield* client.ask({ controller: "server", action: "now" })).status, 200)
        assert.lengthOf(client.frames, 1)
      }).pipe(Effect.scoped))
  }
)

live(
  "admin:shutdown ends the connections of a client, and nothing answers any more",
  () => shutsDown.pipe(withClient(), Effect.provide(layerEmbedded))
)

live("starts again after admin:shutdown, on the same port and with its state", () =>
  Effect.gen(function*() {
    const server = yield* KuzzleTestServer.KuzzleTestServer
    const a = yield* dial(server.url)
    yield* a.ask({ controller: "collection", action: "create", ...document })
    yield* a.ask({ controller: "admin", action: "shutdown" })
    assert.strictEqual(yield* a.closed, 1006)
    yield* server.start
    const b = yield* dial(server.url)
    const { result } = yield* b.ask({ controller: "index", action: "list" })
    assert.deepStrictEqual(result, { indexes: ["nyc"] })
  }).pipe(Effect.scoped, Effect.provide(KuzzleTestServer.layer())))

const hostile = (
  test: (server: KuzzleTestServer.KuzzleTestServerShape) => Effect.Effect<void, never, Scope.Scope>
) =>
  Effect.flatMap(KuzzleTestServer.KuzzleTestServer, test).pipe(Effect.scoped, Effect.provide(KuzzleTestServer.layer()))

const post = (server: KuzzleTestServer.KuzzleTestServerShape, body: BodyInit, headers: Record<string, string>) =>
  Effect.promise(async () => {
    const response = await fetch(`${server.httpUrl}/_query`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body
    })
    // Safe: Kuzzle answers with JSON objects.
    return { status: response.status, body: await response.json() as Record<string, unknown> }
  })

describe("KuzzleTestServer: hostile requests", () => {
  it.live(
    "a body of 292 KB that inflates to 300 MB is refused while it is inflated",
    () =>
      hostile((server) =>
        Effect.gen(function*() {
          const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024))
          assert.isBelow(bomb.length, 300 * 1024)
          const before = process.memoryUsage.rss()
          for (const [body, encoding] of [[bomb, "gzip"], [gzipSync(bomb), "gzip, gzip"]] as const) {
            const refused = yield* post(server, body, { "content-encoding": encoding })
            assert.deepStrictEqual([refused.status, refused.body.id], [413, "network.http.request_too_large"])
          }
          assert.isBelow(process.memoryUsage.rss() - before, 150 * 1024 * 1024)
        })
      ),
    30_000
  )

  it.live("unknown and too many encodings of a body are refused", () =>
    hostile((server) =>
      Effect.gen(function*() {
        const ask = (encoding: string) => post(server, "{}", { "content-encoding": encoding })
        assert.strictEqual((yield* ask("br")).body.id, "network.http.unsupported_compression")
        assert.strictEqual((yield* ask("gzip,gzip,gzip,gzip")).body.id, "network.http.too_many_encodings")
      })
    ))

  it.live(
    "a body without an end is answered as soon as it is too large",
    () =>
      hostile((server) =>
        Effect.gen(function*() {
          const socket = yield* Effect.acquireRelease(
            Effect.sync(() => connect(server.port, "127.0.0.1")),
            (socket) => Effect.sync(() => socket.destroy())
          )
          const answered = new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))))
          socket.on("error", () => undefined)
          socket.write("POST /_query HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
          const chunk = "x".repeat(65_536)
          for (let i = 0; i < 20; i++) socket.write(`10000\r\n${chunk}\r\n`)
          assert.include(yield* Effect.promise(() => answered), "413")
        })
      ),
    10_000
  )

  it.live(
    "a message far beyond the limit cuts the connection before it has arrived",
    () =>
      hostile((server) =>
        Effect.gen(function*() {
          const client = yield* dial(server.url)
          client.socket.send("x".repeat(50 * 1024 * 1024))
          assert.strictEqual(yield* client.closed, 1006)
          const other = yield* dial(server.url)
          assert.strictEqual((yield* other.ask({ controller: "server", action: "now" })).status, 200)
        })
      ),
    10_000
  )

  it.live("headers that are too large are refused, and no other client notices", () =>
    hostile((server) =>
      Effect.gen(function*() {
        const response = yield* Effect.promise(() =>
          fetch(`${server.httpUrl}/_now`, { headers: { "x-flood": "y".repeat(100_000) } })
        )
        assert.strictEqual(response.status, 431)
        assert.strictEqual((yield* post(server, "{\"controller\":\"server\",\"action\":\"now\"}", {})).status, 200)
      })
    ))

  it.live("a body that is not UTF-8 is answered, and such a text message ends the connection", () =>
    hostile((server) =>
      Effect.gen(function*() {
        const bytes = Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0xc0, 0x22, 0x3a, 0x31, 0x7d])
        assert.strictEqual((yield* post(server, bytes, {})).status, 400)
        const client = yield* dial(server.url)
        client.socket.send(bytes, { binary: false })
        assert.strictEqual(yield* client.closed, 1006)
      })
    ))

  it.live("a file is named after its collection, whatever the collection is called", () =>
    hostile((server) =>
      Effect.gen(function*() {
        const client = yield* dial(server.url)
        for (const collection of ["日本", "caf\u00e9", "a\u0001b"]) {
          yield* client.ask({ controller: "collection", action: "create", index: "nyc", collection })
          const response = yield* Effect.promise(() =>
            fetch(`${server.httpUrl}/nyc/${encodeURIComponent(collection)}/_export`)
          )
          assert.strictEqual(response.status, 200)
          const name = Buffer.from(response.headers.get("content-disposition") ?? "", "latin1").toString()
          assert.include(name, `nyc-${collection.replace("\u0001", " ")}`)
        }
      })
    ))

  it.live(
    "the connection of a client that does not read its answers is closed, and fills no memory",
    () =>
      hostile((server) =>
        Effect.gen(function*() {
          const slow = yield* dial(server.url)
          yield* slow.ask({ controller: "collection", action: "create", ...document })
          const body = { text: "x".repeat(500_000) }
          yield* slow.ask({ controller: "document", action: "create", ...document, _id: "large", body })
          const before = process.memoryUsage.rss()
          slow.socket.pause()
          const request = JSON.stringify({ controller: "document", action: "get", ...document, _id: "large" })
          for (let i = 0; i < 1000; i++) slow.socket.send(request)
          const other = yield* dial(server.url)
          assert.strictEqual((yield* other.ask({ controller: "server", action: "now" })).status, 200)
          // All 1000 answers together would be 500 MB.
          assert.isBelow(process.memoryUsage.rss() - before, 200 * 1024 * 1024)
          slow.socket.resume()
          assert.strictEqual(yield* slow.closed, 1011)
        })
      ),
    20_000
  )

  it.live("a client that resets its connection while the server is frozen does no harm", () =>
    hostile((server) =>
      Effect.gen(function*() {
        yield* server.freeze
        const socket = connect(server.port, "127.0.0.1")
        socket.on("error", () => undefined)
        const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()))
        const upgrade =
          "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n" +
          "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        yield* Effect.async<void>((resume) => void socket.write(upgrade, () => resume(Effect.void)))
        socket.resetAndDestroy()
        yield* Effect.promise(() => ended)
        yield* server.thaw
        const client = yield* dial(server.url)
        assert.strictEqual((yield* client.ask({ controller: "server", action: "now" })).status, 200)
      })
    ))
})
