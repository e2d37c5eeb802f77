/** The client on Node: headers and TLS of the handshake, ping frames, few writes, exact connect errors, no leaks. */
import { Kuzzle, KuzzleAuth, KuzzleDownload, KuzzleError, KuzzleHttp, KuzzleServer } from "@effect-kuzzle/core"
import { KuzzleHttpLive, KuzzleWsLive, NodeKuzzle, NodeKuzzleHttp } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, describe, layer } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Fiber, Layer, Option, Redacted, Schedule, Stream } from "effect"
import * as Http from "node:http"
import NodeNet, * as Net from "node:net"
import type { Duplex } from "node:stream"
import { failure } from "../../../tests/suite/tools.ts"
import { listen, pem, tlsInFrontOf } from "./servers.ts"

const dial = (options: NodeKuzzle.Options) => Effect.scoped(Layer.build(NodeKuzzle.layer(options)))
const refused = (options: NodeKuzzle.Options) => failure(dial(options), KuzzleError.ConnectError)

/** Passes a handshake, and what follows it, on to a server. */
const forward = ({ headers }: Http.IncomingMessage, socket: Duplex, upstream: number) => {
  const server = Net.connect(upstream, "127.0.0.1", () => {
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    server.write(["GET / HTTP/1.1", ...head, "", ""].join("\r\n"))
  })
  server.on("close", () => socket.destroy())
  socket.on("close", () => server.destroy())
  socket.pipe(server).pipe(socket)
}

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
              forward(request, socket, upstream)
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

      it.scoped("TLS: the client accepts only certificates of the given authority", () =>
        Effect.gen(function*() {
          const { port: upstream } = yield* KuzzleTestServer.KuzzleTestServer
          const port = yield* tlsInFrontOf(upstream)
          const url = `wss://127.0.0.1:${port}`
          yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layer({ url, tls: { ca: pem("cert") } }))
          const error = yield* refused({ url })
          assert.strictEqual(error.reason, "Tls")
          assert.include(error.message, "self-signed certificate")
          yield* refused({ url, tls: { ca: pem("cert"), servername: "elsewhere.example.org" } })
          yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layerHttp({ url, tls: { ca: pem("cert") } }))
          yield* failure(KuzzleServer.now(), KuzzleError.HttpTransportError).pipe(
            Effect.provide(NodeKuzzle.layerHttp({ url }))
          )
          // A login by cookie uses HTTP and the WebSocket.
          const credentials = { username: "ada", password: Redacted.make("secret") }
          const kuid = yield* KuzzleAuth.login({ strategy: "local", credentials }).pipe(
            Effect.zipRight(KuzzleAuth.getCurrentUser()),
            Effect.provide(NodeKuzzle.layer({ url, tls: { ca: pem("cert") }, session: NodeKuzzle.cookie }))
          )
          assert.strictEqual(kuid._id, "ada")
        }))
    })

    describe("connect errors", () => {
      it.scoped("no server listens at the address", () =>
        Effect.gen(function*() {
          const port = yield* Effect.scoped(listen(() => Net.createServer()))
          const error = yield* refused({ url: `ws://127.0.0.1:${port}` })
          assert.deepInclude(error, { reason: "Unreachable", url: `ws://127.0.0.1:${port}/` })
          assert.include(error.message, "ECONNREFUSED")
        }))

      /** The same fault over the WebSocket and over HTTP. */
      const both = (address: string, options: NodeKuzzle.Options = {}) =>
        Effect.gen(function*() {
          const error = yield* refused({ url: `ws${address}`, ...options })
          const http = yield* failure(KuzzleServer.now(), KuzzleError.HttpTransportError).pipe(
            Effect.provide(NodeKuzzle.layerHttp({ url: `http${address}`, ...options }))
          )
          return { reason: error.reason, messages: [error.message, http.message] }
        })

      it.scoped("C7: wss:// to a port that does not speak TLS", () =>
        Effect.gen(function*() {
          const { port: kuzzle } = yield* KuzzleTestServer.KuzzleTestServer
          const smtp = yield* listen(() =>
            Net.createServer((socket) => socket.on("error", () => {}).end("220 ready\r\n"))
          )
          for (const port of [kuzzle, smtp]) {
            const { messages, reason } = yield* both(`s://127.0.0.1:${port}`)
            assert.strictEqual(reason, "Tls")
            for (const message of messages) {
              assert.include(message, "this port does not speak TLS: use ws:// (http://)")
              assert.notMatch(message, /openssl|ssl3_/i)
            }
          }
          const rude = yield* listen(() => Net.createServer((socket) => socket.once("data", () => socket.destroy())))
          for (const message of (yield* both(`s://127.0.0.1:${rude}`)).messages) {
            assert.include(message, "if this port does not speak TLS, use ws:// (http://)")
          }
        }))

      it.scoped("C7: ws:// to a port that speaks TLS", () =>
        Effect.gen(function*() {
          const { port: upstream } = yield* KuzzleTestServer.KuzzleTestServer
          const { messages, reason } = yield* both(`://127.0.0.1:${yield* tlsInFrontOf(upstream)}`)
          assert.strictEqual(reason, "Unreachable")
          for (const message of messages) assert.include(message, "if this port speaks TLS, use wss:// (https://)")
          // OpenSSL answers plain text with an alert of TLS.
          const alert = Buffer.from("15030300020246", "hex")
          const port = yield* listen(() => Net.createServer((socket) => socket.once("data", () => socket.end(alert))))
          const failure = yield* both(`://127.0.0.1:${port}`)
          assert.strictEqual(failure.reason, "Tls")
          for (const message of failure.messages) {
            assert.include(message, "this port speaks TLS: use wss:// (https://)")
          }
        }))

      it.scoped("C7: a certificate of a private authority, or of another host", () =>
        Effect.gen(function*() {
          const { port: upstream } = yield* KuzzleTestServer.KuzzleTestServer
          const address = `s://127.0.0.1:${yield* tlsInFrontOf(upstream)}`
          const unknown = yield* both(address)
          assert.strictEqual(unknown.reason, "Tls")
          for (const message of unknown.messages) {
            assert.include(message, "not trusted: pass the authority that signed it in the setting tls.ca")
            assert.include(message, "NODE_EXTRA_CA_CERTS")
          }
          const other = yield* both(address, { tls: { ca: pem("cert"), servername: "elsewhere.example.org" } })
          assert.strictEqual(other.reason, "Tls")
          for (const message of other.messages) assert.include(message, "the certificate belongs to another host")
        }))

      it.scoped("C7: no server listens on any address of a host", () =>
        Effect.gen(function*() {
          const port = yield* Effect.scoped(listen(() => Net.createServer()))
          const { messages, reason } = yield* both(`://localhost:${port}`)
          assert.strictEqual(reason, "Unreachable")
          for (const message of messages) assert.match(message, /nothing listens there.* \(connect ECONNREFUSED /)
        }))

      it.scoped("C7: the host does not exist", () =>
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
            assert.include(error.message, `with HTTP status ${status} instead of 101`)
            if (status === 200) assert.include(error.message, "that proxies pass the headers Upgrade and Connection on")
            if (status < 500 && status > 400 && status < 404) assert.include(error.message, "the setting headers")
          }))
      }

      it.scoped("C6: the error of a handshake that is refused temporarily has the server's retryAfter", () =>
        Effect.gen(function*() {
          const port = yield* listen(() =>
            Http.createServer((_, response) => response.writeHead(503, { "retry-after": "30" }).end())
          )
          const error = yield* refused({ url: `ws://127.0.0.1:${port}` })
          assert.deepInclude(error, { status: 503, retryAfter: Duration.seconds(30) })
        }))

      it.scoped("C7: a server that does not speak HTTP", () =>
        Effect.gen(function*() {
          const port = yield* listen(() => Net.createServer((socket) => socket.end("220 ready\r\n")))
          const { messages, reason } = yield* both(`://127.0.0.1:${port}`)
          assert.strictEqual(reason, "Unreachable")
          for (const message of messages) assert.include(message, "does not speak HTTP: check host and port")
        }))

      it.scoped("the server accepts the connection and stays silent", () =>
        Effect.gen(function*() {
          const sockets = new Set<Net.Socket>()
          const port = yield* listen(() => Net.createServer((socket) => sockets.add(socket.resume())))
          const [elapsed, error] = yield* Effect.timed(
            refused({ url: `ws://127.0.0.1:${port}`, connectTimeout: "150 millis" })
          )
          assert.strictEqual(error.reason, "Timeout")
          // 150 ms, and the delays of a busy machine. The default is 10 s.
          assert.isBelow(Duration.toMillis(elapsed), 8000)
          // The socket of the abandoned attempt is closed.
          yield* Effect.repeat(Effect.sync(() => [...sockets].every(({ closed }) => closed)), {
            until: (closed) => closed,
            schedule: Schedule.spaced("10 millis"),
            times: 100
          })
          assert.isTrue([...sockets].every(({ closed }) => closed))
        }))

      it.scoped("the error for an invalid address names the setting", () =>
        Effect.gen(function*() {
          for (const url of ["not an address", "ftp://example.org", "ws://user:password@example.org", "ws://a#b"]) {
            const error = yield* failure(dial({ url }), KuzzleError.InvalidSettingError)
            assert.strictEqual(error.setting, "url")
            assert.notInclude(error.message, "password@")
          }
        }))

      it.scoped("of several endpoints, the client connects to the first that answers", () =>
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

    describe("without waiting for the first connection", () => {
      for (
        const [kind, session] of [["tokens", undefined], ["a cookie", NodeKuzzle.cookie]] as const
      ) {
        it.scoped(`C5: with ${kind}: the client is usable at once, and its requests are answered when the server is up`, () =>
          Effect.gen(function*() {
            const server = yield* KuzzleTestServer.KuzzleTestServer
            yield* server.stop
            yield* Effect.gen(function*() {
              const { state } = yield* Kuzzle.Kuzzle
              assert.strictEqual((yield* state)._tag, "Connecting")
              const fiber = yield* Effect.fork(KuzzleServer.now())
              // The first attempt has failed.
              yield* Stream.runHead(Stream.filter(Kuzzle.states, ({ _tag }) => _tag === "Waiting"))
              yield* server.start
              yield* Fiber.join(fiber)
              const credentials = { username: "ada", password: Redacted.make("secret") }
              yield* KuzzleAuth.login({ strategy: "local", credentials })
              assert.strictEqual((yield* KuzzleAuth.getCurrentUser())._id, "ada")
            }).pipe(Effect.provide(NodeKuzzle.layer({
              url: server.url,
              session,
              waitForConnection: false,
              autoQueue: true,
              reconnect: Schedule.spaced("20 millis")
            })))
          }))
      }
    })

    describe("the socket", () => {
      it.scoped("the frames of one tick are sent in one write", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const writes = yield* countedWrites
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
          }).pipe(Effect.provide(NodeKuzzle.layer({ url })))
        }))

      it.scoped("frames are sent in one write even if the response to the upgrade has no TCP socket, as on Bun", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const writes = yield* countedWrites
          yield* hidingUpgrades
          yield* Effect.gen(function*() {
            yield* KuzzleServer.now()
            const before = writes.count
            yield* Effect.all(Effect.replicate(KuzzleServer.now(), 50), { concurrency: "unbounded" })
            assert.strictEqual(writes.count - before, 1)
          }).pipe(Effect.provide(NodeKuzzle.layer({ url, requestTimeout: "5 seconds" })))
        }))

      it.scoped("8.A15: pings are frames of RFC 6455, and not requests", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const writes = yield* countedWrites
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
          }).pipe(Effect.provide(NodeKuzzle.layer({ url, pingInterval: "50 millis" })))
        }))

      it.scoped("L2: a frame above maxResponseSize ends the connection and its requests, and another connection follows", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          yield* Effect.gen(function*() {
            const kuzzle = yield* Kuzzle.Kuzzle
            // The answer contains the volatile data of the request.
            const asking = (length: number) => KuzzleServer.now({ volatile: { text: "x".repeat(length) } })
            yield* asking(2000)
            const error = yield* failure(asking(5000), KuzzleError.MaybeSentError)
            assert.deepInclude({ ...error.cause }, { by: "Oversized", code: 1009 })
            assert.include(error.message, "a frame of more than 4096 bytes arrived")
            yield* Kuzzle.streamOf(kuzzle.states).pipe(
              Stream.takeUntil(({ _tag }) => _tag === "Ready"),
              Stream.runDrain
            )
            yield* asking(2000)
          }).pipe(
            Effect.provide(NodeKuzzle.layer({ url, maxResponseSize: 4096, reconnect: Schedule.spaced("10 millis") }))
          )
        }))

      it.scoped("8.A15: a global WebSocket is not used", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const original = Object.getOwnPropertyDescriptor(globalThis, "WebSocket")
          yield* Effect.acquireRelease(
            Effect.sync(() =>
              Object.defineProperty(globalThis, "WebSocket", {
                configurable: true,
                get: () => {
                  throw new Error("the global WebSocket was used")
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
      it.scoped("no server listens at the address", () =>
        Effect.gen(function*() {
          const port = yield* Effect.scoped(listen(() => Net.createServer()))
          const error = yield* failure(KuzzleServer.now(), KuzzleError.HttpTransportError).pipe(
            Effect.provide(NodeKuzzle.layerHttp({ url: `http://127.0.0.1:${port}` }))
          )
          assert.deepInclude(error, { controller: "server", action: "now", url: `http://127.0.0.1:${port}/_query` })
        }))

      it.scoped("the server accepts the connection and stays silent", () =>
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

      it.scoped("L2: an answer above maxResponseSize is not read to its end, with or without Content-Length", () =>
        Effect.gen(function*() {
          let written = 0
          const port = yield* listen(() =>
            Http.createServer((request, response) => {
              request.resume()
              const part = Buffer.alloc(10_000, " ")
              const size = 100_000_000
              response.writeHead(200, request.url === "/known/_query" ? { "content-length": size } : {})
              const write = () => {
                while (written < size && !response.destroyed) {
                  written += part.length
                  if (!response.write(part)) return void response.once("drain", write)
                }
                response.end()
              }
              write()
            })
          )
          for (const path of ["known", "unknown"]) {
            written = 0
            const error = yield* failure(KuzzleServer.now(), KuzzleError.ResponseTooLargeError).pipe(
              Effect.provide(NodeKuzzle.layerHttp({ url: `http://127.0.0.1:${port}/${path}`, maxResponseSize: 50_000 }))
            )
            assert.strictEqual(error.limit, 50_000)
            assert.isBelow(written, 50_000_000)
          }
        }))

      it.scoped("8.D13: the server speaks JSON, but is not Kuzzle", () =>
        Effect.gen(function*() {
          const port = yield* listen(() => Http.createServer((_, response) => response.writeHead(404).end("{\"a\":1}")))
          const error = yield* failure(KuzzleServer.now(), KuzzleError.ProtocolError).pipe(
            Effect.provide(NodeKuzzle.layerHttp({ url: `http://127.0.0.1:${port}` }))
          )
          assert.strictEqual(error.status, 404)
        }))
    })

    describe("A5: a redirect is not followed, and does not count as Kuzzle's answer", () => {
      /** A server that redirects HTTP requests with a valid answer of Kuzzle in the body, and a record of the requests to the target. */
      const redirecting = (status: number) =>
        Effect.gen(function*() {
          const { port: upstream } = yield* KuzzleTestServer.KuzzleTestServer
          const elsewhere: Array<string> = []
          const other = yield* listen(() =>
            Http.createServer((request, response) => {
              elsewhere.push(`${request.method} ${request.url}`)
              response.end("{}")
            })
          )
          const location = `http://ada:s3cr3t@127.0.0.1:${other}/kuzzle?key=s3cr3t#s3cr3t`
          const body = JSON.stringify({ requestId: "r", status: 200, error: null, result: { _id: "ada", jwt: "j" } })
          const port = yield* listen(() =>
            Http.createServer((_, response) => {
              response.writeHead(status, { location, "set-cookie": "authToken=stolen", "content-type": "text/plain" })
              response.end(body)
            }).on("upgrade", (request, socket) => {
              if (request.url === "/moved") {
                return socket.end(`HTTP/1.1 ${status} Moved\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`)
              }
              forward(request, socket, upstream)
            })
          )
          return { port, elsewhere, target: `http://127.0.0.1:${other}/kuzzle` }
        })
      const login = KuzzleAuth.login({
        strategy: "local",
        credentials: { username: "ada", password: Redacted.make("s3cr3t") }
      })

      it.scoped.each([301, 302, 303, 307, 308])(
        "HTTP %d: queries, routes, logins, downloads",
        (status) =>
          Effect.gen(function*() {
            const { elsewhere, port, target } = yield* redirecting(status)
            const url = `http://127.0.0.1:${port}`
            for (const routes of ["query", "rest"] as const) {
              yield* Effect.gen(function*() {
                const kuzzle = yield* Kuzzle.Kuzzle
                yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("s3cr3t"))))
                const download = KuzzleDownload.stream({ controller: "files", action: "get" }, { route: ["GET", "/f"] })
                const requests = [
                  Effect.flip(KuzzleServer.now()),
                  Effect.flip(login),
                  Effect.flip(KuzzleAuth.checkToken()),
                  Effect.flip(Stream.runDrain(download))
                ]
                for (const error of yield* Effect.all(requests)) {
                  if (error._tag !== "KuzzleProtocolError") return assert.fail(error._tag)
                  assert.deepInclude({ ...error }, { status, location: target })
                  assert.include(
                    error.message,
                    `HTTP status ${status} is a redirect to ${target}. The client does not follow it`
                  )
                  assert.include(error.message, "set url to the final address")
                  assert.notInclude(JSON.stringify(error) + error.message, "s3cr3t")
                }
              }).pipe(Effect.provide(NodeKuzzle.layerHttp({ url, routes })))
            }
            assert.deepStrictEqual(elsewhere, [])
          })
      )

      it.scoped("a login by cookie, and no cookie is stored", () =>
        Effect.gen(function*() {
          const { elsewhere, port, target } = yield* redirecting(307)
          const error = yield* failure(login, KuzzleError.ProtocolError).pipe(
            Effect.provide(NodeKuzzle.layer({ url: `ws://127.0.0.1:${port}`, session: NodeKuzzle.cookie }))
          )
          assert.strictEqual(error.location, target)
          const http = yield* KuzzleHttp.KuzzleHttp
          const call = {
            method: "POST",
            url: `http://127.0.0.1:${port}/_login/local`,
            headers: {},
            body: "{}"
          } as const
          const { status } = yield* http.exchange({ ...call, credentials: true }, 1000)
          assert.strictEqual(status, 307)
          assert.deepStrictEqual(yield* http.cookie(`ws://127.0.0.1:${port}`), Option.none())
          assert.deepStrictEqual(elsewhere, [])
        }).pipe(Effect.provide(NodeKuzzleHttp.layer)))

      it.scoped("the handshake", () =>
        Effect.gen(function*() {
          const { elsewhere, port, target } = yield* redirecting(308)
          const error = yield* refused({ url: `ws://127.0.0.1:${port}/moved` })
          assert.deepInclude({ ...error }, { reason: "Rejected", status: 308, location: target })
          assert.include(error.message, `a redirect to ${target}, which is not followed: set url to the final address`)
          assert.notInclude(error.message, "s3cr3t")
          assert.deepStrictEqual(elsewhere, [])
        }))
    })

    describe("the environment", () => {
      const withEnvironment = (entries: ReadonlyArray<readonly [string, string]>) =>
        Effect.provide(
          // As in the environment, the parts of a name are joined by an underscore.
          Layer.setConfigProvider(ConfigProvider.fromMap(new Map(entries), { pathDelim: "_" }))
        )

      it.scoped("KUZZLE_URL, for WebSocket and HTTP", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const state = Effect.flatMap(Kuzzle.Kuzzle, (kuzzle) => Effect.zipRight(KuzzleServer.now(), kuzzle.state))
          const both = Effect.all([Effect.provide(state, KuzzleWsLive), Effect.provide(state, KuzzleHttpLive)])
          for (const current of yield* withEnvironment([["KUZZLE_URL", url]])(both)) {
            assert.deepInclude(current, { _tag: "Ready", endpoint: `${url}/` })
          }
        }))

      it.scoped("KUZZLE_HOST and KUZZLE_PORT, and the other variables", () =>
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

      it.scoped("the error for an invalid value names the variable", () =>
        Effect.gen(function*() {
          const build = Effect.scoped(Layer.build(KuzzleWsLive))
          const port = yield* Effect.flip(withEnvironment([["KUZZLE_PORT", "many"]])(build))
          assert.include(String(port), `KUZZLE_PORT is "many": expected a whole number from 1 to 65535`)
          const host = yield* Effect.flip(withEnvironment([["KUZZLE_HOST", "http://example.org"]])(build))
          assert.include(String(host), `KUZZLE_HOST is "http://example.org": expected a host name`)
        }))
    })
  }
)

/** While the scope is open, the answer to a handshake has no TCP socket. */
const hidingUpgrades = Effect.acquireRelease(
  Effect.sync(() => {
    const { emit } = Http.ClientRequest.prototype
    Http.ClientRequest.prototype.emit = function(name: string | symbol, ...args: ReadonlyArray<unknown>) {
      const [response] = args
      if (name === "upgrade" && response instanceof Http.IncomingMessage) Object.assign(response, { socket: null })
      return emit.call(this, name, ...args)
    }
    return emit
  }),
  (emit) => Effect.sync(() => void (Http.ClientRequest.prototype.emit = emit))
)

/** Counts the writes to the TCP sockets that `ws` opens. A corked socket writes all frames of a tick at once. */
const countedWrites = Effect.gen(function*() {
  const writes: { count: number; lastByte: number | undefined } = { count: 0, lastByte: undefined }
  const seen = (chunk: unknown) => {
    writes.count += 1
    if (Buffer.isBuffer(chunk)) writes.lastByte = chunk[0]
  }
  const counted = (socket: Net.Socket) => {
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
  const { connect } = NodeNet
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      // `ws` dials by the address that it was given.
      NodeNet.connect = (...args: Array<unknown>) => counted(Reflect.apply(connect, NodeNet, args))
    }),
    () =>
      Effect.sync(() => {
        NodeNet.connect = connect
      })
  )
  return writes
})
