/** What is Node's own: headers and TLS of the handshake, ping frames, few writes, exact connect errors, nothing left behind. */
import { Kuzzle, KuzzleAuth, KuzzleError, KuzzleServer } from "@effect-kuzzle/core"
import { KuzzleHttpLive, KuzzleWsLive, NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, describe, layer } from "@effect/vitest"
import { ConfigProvider, Data, Duration, Effect, Layer, Option, Redacted, Schedule, type Scope } from "effect"
import * as Fs from "node:fs"
import * as Http from "node:http"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { failure } from "../../testing/test/suite/tools.ts"

class ListenError extends Data.TaggedError("ListenError")<{ readonly cause: Error }> {}

/** A server of any kind, on a free loopback port, until the scope closes. */
const listen = (make: () => Net.Server): Effect.Effect<number, ListenError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<readonly [Net.Server, Set<Net.Socket>], ListenError>((resume) => {
      const server = make()
      const sockets = new Set<Net.Socket>()
      server.on("connection", (socket) => {
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
      })
      server.once("error", (cause) => resume(new ListenError({ cause })))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed([server, sockets])))
    }),
    ([server, sockets]) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
    // A TCP server that listens has an address, which is no pipe's name.
  ).pipe(Effect.map(([server]) => (server.address() as Net.AddressInfo).port))

const pem = (name: string) => Fs.readFileSync(new URL(`./tls/${name}.pem`, import.meta.url))

const dial = (options: NodeKuzzle.Options) => Effect.scoped(Layer.build(NodeKuzzle.layer(options)))
const refused = (options: NodeKuzzle.Options) => failure(dial(options), KuzzleError.ConnectError)

layer(KuzzleTestServer.layer({ users: [{ username: "ada", password: "secret" }] }), { excludeTestServices: true })(
  "on Node",
  (it) => {
    describe("the handshake", () => {
      it.scoped("8.A15: headers reach the server, secrets among them", () =>
        Effect.gen(function*() {
          const { port: upstream } = yield* KuzzleTestServer.KuzzleTestServer
          const seen: Array<Http.IncomingHttpHeaders> = []
          const port = yield* listen(() =>
            Http.createServer().on("upgrade", (request, socket) => {
              seen.push(request.headers)
              const server = Net.connect(upstream, "127.0.0.1", () => {
                const head = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`)
                server.write(["GET / HTTP/1.1", ...head, "", ""].join("\r\n"))
              })
              server.on("close", () => socket.destroy())
              socket.on("close", () => server.destroy())
              socket.pipe(server).pipe(socket)
            })
          )
          const options: NodeKuzzle.Options = {
            url: `ws://127.0.0.1:${port}`,
            headers: { "x-tenant": "nyc", authorization: Redacted.make("Bearer secret") }
          }
          yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layer(options))
          assert.lengthOf(seen, 1)
          assert.deepInclude(seen[0], { "x-tenant": "nyc", authorization: "Bearer secret" })
          assert.notProperty(seen[0], "sec-websocket-extensions")
        }))

      it.scoped("headers reach the server over HTTP", () =>
        Effect.gen(function*() {
          const seen: Array<Http.IncomingHttpHeaders> = []
          const port = yield* listen(() =>
            Http.createServer((request, response) => {
              seen.push(request.headers)
              response.end("not Kuzzle")
            })
          )
          const error = yield* failure(KuzzleServer.now(), KuzzleError.ProtocolError).pipe(
            Effect.provide(NodeKuzzle.layerHttp({
              url: `http://127.0.0.1:${port}`,
              headers: { "x-tenant": Redacted.make("nyc") }
            }))
          )
          assert.deepInclude(seen[0], { "x-tenant": "nyc" })
          assert.deepInclude(error, { controller: "server", action: "now", status: 200 })
          assert.include(error.issue, "not Kuzzle")
        }))

      it.scoped("TLS: with the authority it is told, and not without", () =>
        Effect.gen(function*() {
          const { port: upstream } = yield* KuzzleTestServer.KuzzleTestServer
          const port = yield* listen(() =>
            Tls.createServer({ key: pem("key"), cert: pem("cert") }, (socket) => {
              const server = Net.connect(upstream, "127.0.0.1")
              server.on("close", () => socket.destroy())
              socket.on("close", () => server.destroy())
              socket.on("error", () => server.destroy())
              socket.pipe(server).pipe(socket)
            })
          )
          const url = `wss://127.0.0.1:${port}`
          yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layer({ url, tls: { ca: pem("cert") } }))
          const error = yield* refused({ url })
          assert.strictEqual(error.reason, "Unreachable")
          assert.include(error.message, "self-signed certificate")
          yield* refused({ url, tls: { ca: pem("cert"), servername: "elsewhere.example.org" } })
          yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layerHttp({ url, tls: { ca: pem("cert") } }))
          yield* failure(KuzzleServer.now(), KuzzleError.HttpTransportError).pipe(
            Effect.provide(NodeKuzzle.layerHttp({ url }))
          )
          // A login by cookie takes both ways.
          const credentials = { username: "ada", password: Redacted.make("secret") }
          const kuid = yield* KuzzleAuth.login({ strategy: "local", credentials }).pipe(
            Effect.zipRight(KuzzleAuth.getCurrentUser()),
            Effect.provide(NodeKuzzle.layerCookie({ url, tls: { ca: pem("cert") } }))
          )
          assert.strictEqual(kuid._id, "ada")
        }))
    })

    describe("connect errors", () => {
      it.scoped("nothing listens there", () =>
        Effect.gen(function*() {
          const port = yield* Effect.scoped(listen(() => Net.createServer()))
          const error = yield* refused({ url: `ws://127.0.0.1:${port}` })
          assert.deepInclude(error, { reason: "Unreachable", url: `ws://127.0.0.1:${port}/` })
          assert.include(error.message, "ECONNREFUSED")
        }))

      it.scoped("C7: no such host", () =>
        Effect.gen(function*() {
          const error = yield* refused({ host: "no-such-host.invalid", connectTimeout: "5 seconds" })
          assert.strictEqual(error.reason, "Unreachable")
        }))

      for (const status of [200, 401, 403, 429, 503]) {
        it.scoped(`C7: an HTTP server answers the handshake with ${status}`, () =>
          Effect.gen(function*() {
            const port = yield* listen(() =>
              // Without a listener for `upgrade`, Node answers it as any request.
              Http.createServer((_, response) => response.writeHead(status).end("hello"))
            )
            const error = yield* refused({ url: `ws://127.0.0.1:${port}` })
            assert.deepInclude(error, { reason: "Rejected", status })
            assert.include(error.message, `HTTP status ${status}`)
          }))
      }

      it.scoped("C7: a server that is no HTTP server", () =>
        Effect.gen(function*() {
          const port = yield* listen(() => Net.createServer((socket) => socket.end("220 ready\r\n")))
          assert.strictEqual((yield* refused({ url: `ws://127.0.0.1:${port}` })).reason, "Unreachable")
        }))

      it.scoped("accepted, then silence", () =>
        Effect.gen(function*() {
          const sockets = new Set<Net.Socket>()
          const port = yield* listen(() => Net.createServer((socket) => sockets.add(socket.resume())))
          const [elapsed, error] = yield* Effect.timed(
            refused({ url: `ws://127.0.0.1:${port}`, connectTimeout: "150 millis" })
          )
          assert.strictEqual(error.reason, "Timeout")
          assert.isBelow(Duration.toMillis(elapsed), 1000)
          // The attempt was abandoned, and its socket with it.
          yield* Effect.repeat(Effect.sync(() => [...sockets].every(({ closed }) => closed)), {
            until: (closed) => closed,
            schedule: Schedule.spaced("10 millis"),
            times: 100
          })
          assert.isTrue([...sockets].every(({ closed }) => closed))
        }))

      it.scoped("a bad address names the setting", () =>
        Effect.gen(function*() {
          for (const url of ["not an address", "ftp://example.org", "ws://user:password@example.org", "ws://a#b"]) {
            const error = yield* failure(dial({ url }), KuzzleError.InvalidSettingError)
            assert.strictEqual(error.setting, "url")
            assert.notInclude(error.message, "password@")
          }
        }))

      it.scoped("of several endpoints the first that answers is taken", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          yield* Effect.gen(function*() {
            const kuzzle = yield* Kuzzle.Kuzzle
            assert.deepInclude(yield* kuzzle.state, { _tag: "Ready", endpoint: `${url}/` })
          }).pipe(Effect.provide(NodeKuzzle.layer({
            url: ["ws://127.0.0.1:1", url],
            reconnect: Schedule.spaced("10 millis")
          })))
        }))
    })

    describe("the socket", () => {
      it.scoped("the frames of one tick leave in one write", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const { agent, writes } = countingAgent()
          yield* Effect.gen(function*() {
            const kuzzle = yield* Kuzzle.Kuzzle
            yield* KuzzleServer.now()
            const before = writes.count
            yield* Effect.all(Effect.replicate(KuzzleServer.now(), 50), { concurrency: "unbounded" })
            assert.strictEqual(writes.count - before, 1)
            yield* kuzzle.queryMany(Array.from({ length: 50 }, () => ({ controller: "server", action: "now" })))
            assert.strictEqual(writes.count - before, 2)
            yield* KuzzleServer.now()
            yield* KuzzleServer.now()
            assert.strictEqual(writes.count - before, 4)
          }).pipe(Effect.provide(NodeKuzzle.layer({ url, agent })))
        }))

      it.scoped("8.A15: pings by frames of RFC 6455, which are no requests", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const { agent, writes } = countingAgent()
          yield* Effect.gen(function*() {
            const { roundTripTime } = yield* Kuzzle.Kuzzle
            yield* Effect.repeat(roundTripTime, {
              until: Option.isSome,
              schedule: Schedule.spaced("10 millis"),
              times: 200
            })
            assert.isTrue(Option.isSome(yield* roundTripTime))
            // The opcode of a ping, with FIN, in the first byte of the last write.
            assert.strictEqual(writes.lastByte, 0x89)
          }).pipe(Effect.provide(NodeKuzzle.layer({ url, agent, pingInterval: "50 millis" })))
        }))

      it.scoped("8.A15: a global WebSocket is not touched", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const original = Object.getOwnPropertyDescriptor(globalThis, "WebSocket")
          yield* Effect.acquireRelease(
            Effect.sync(() =>
              Object.defineProperty(globalThis, "WebSocket", {
                configurable: true,
                get: () => {
                  throw new Error("the global WebSocket was touched")
                }
              })
            ),
            () =>
              Effect.sync(() => {
                if (original === undefined) Reflect.deleteProperty(globalThis, "WebSocket")
                else Object.defineProperty(globalThis, "WebSocket", original)
              })
          )
          yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layer({ url }))
        }).pipe(Effect.scoped))
    })

    describe("over HTTP", () => {
      it.scoped("nothing listens there", () =>
        Effect.gen(function*() {
          const port = yield* Effect.scoped(listen(() => Net.createServer()))
          const error = yield* failure(KuzzleServer.now(), KuzzleError.HttpTransportError).pipe(
            Effect.provide(NodeKuzzle.layerHttp({ url: `http://127.0.0.1:${port}` }))
          )
          assert.deepInclude(error, { controller: "server", action: "now", url: `http://127.0.0.1:${port}/_query` })
        }))

      it.scoped("accepted, then silence", () =>
        Effect.gen(function*() {
          const port = yield* listen(() => Net.createServer((socket) => socket.resume()))
          const error = yield* failure(KuzzleServer.now({ timeout: "150 millis" }), KuzzleError.DeadlineError).pipe(
            Effect.provide(NodeKuzzle.layerHttp({ url: `http://127.0.0.1:${port}` }))
          )
          assert.isTrue(error.sent)
        }))

      it.scoped("8.D13: a proxy whose server is down", () =>
        Effect.gen(function*() {
          const port = yield* listen(() =>
            Http.createServer((_, response) => response.writeHead(502).end("<html>Bad Gateway</html>"))
          )
          const error = yield* failure(KuzzleServer.now(), KuzzleError.ProtocolError).pipe(
            Effect.provide(NodeKuzzle.layerHttp({ url: `http://127.0.0.1:${port}/prefix/` }))
          )
          assert.strictEqual(error.status, 502)
          assert.include(error.message, "Bad Gateway")
        }))

      it.scoped("8.D13: another server that speaks JSON", () =>
        Effect.gen(function*() {
          const port = yield* listen(() => Http.createServer((_, response) => response.writeHead(404).end("{\"a\":1}")))
          const error = yield* failure(KuzzleServer.now(), KuzzleError.ProtocolError).pipe(
            Effect.provide(NodeKuzzle.layerHttp({ url: `http://127.0.0.1:${port}` }))
          )
          assert.strictEqual(error.status, 404)
        }))
    })

    describe("the environment", () => {
      const withEnvironment = (entries: ReadonlyArray<readonly [string, string]>) =>
        Effect.provide(
          // As the environment is read: what is nested is joined by an underscore.
          Layer.setConfigProvider(ConfigProvider.fromMap(new Map(entries), { pathDelim: "_" }))
        )

      it.scoped("KUZZLE_URL, for WebSocket and HTTP", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const state = Effect.flatMap(Kuzzle.Kuzzle, (kuzzle) => Effect.zipRight(KuzzleServer.now(), kuzzle.state))
          const both = Effect.all([Effect.provide(state, KuzzleWsLive), Effect.provide(state, KuzzleHttpLive)])
          for (const where of yield* withEnvironment([["KUZZLE_URL", url]])(both)) {
            assert.deepInclude(where, { _tag: "Ready", endpoint: `${url}/` })
          }
        }))

      it.scoped("KUZZLE_HOST and KUZZLE_PORT, and what the others say", () =>
        Effect.gen(function*() {
          const { port } = yield* KuzzleTestServer.KuzzleTestServer
          const error = yield* withEnvironment([
            ["KUZZLE_HOST", "127.0.0.1"],
            ["KUZZLE_PORT", String(port)],
            ["KUZZLE_MAX_REQUEST_SIZE", "100"]
          ])(
            failure(
              Kuzzle.query({ controller: "server", action: "now", body: { text: "x".repeat(100) } }),
              KuzzleError.PayloadTooLargeError
            ).pipe(Effect.provide(KuzzleWsLive))
          )
          assert.strictEqual(error.limit, 100)
        }))

      it.scoped("a value that is of no use is named", () =>
        Effect.gen(function*() {
          const build = Effect.scoped(Layer.build(KuzzleWsLive))
          const port = yield* Effect.flip(withEnvironment([["KUZZLE_PORT", "many"]])(build))
          assert.include(String(port), "KUZZLE.PORT")
          const host = yield* Effect.flip(withEnvironment([["KUZZLE_HOST", "http://example.org"]])(build))
          assert.deepInclude(host, { _tag: "KuzzleInvalidSettingError", setting: "host" })
        }))
    })
  }
)

/** Counts what is written to the TCP sockets of a client; a corked socket writes all of a tick at once. */
const countingAgent = () => {
  const writes: { count: number; lastByte: number | undefined } = { count: 0, lastByte: undefined }
  const seen = (chunk: unknown) => {
    writes.count += 1
    if (Buffer.isBuffer(chunk)) writes.lastByte = chunk[0]
  }
  const agent = new Http.Agent()
  agent.createConnection = (options) => {
    // ws dials by the address that it was given: these are the options of `net.connect`.
    const socket = Net.connect(options as Net.NetConnectOpts)
    const [write, writev] = [socket._write.bind(socket), socket._writev!.bind(socket)]
    socket._write = (chunk, encoding, done) => {
      seen(chunk)
      write(chunk, encoding, done)
    }
    socket._writev = (chunks, done) => {
      seen(chunks[0]?.chunk)
      writev(chunks, done)
    }
    return socket
  }
  return { agent, writes }
}
