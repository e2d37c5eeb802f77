/** One setting for a proxy, through a real one: the WebSocket, HTTP and cookies. */
import {
  Kuzzle,
  KuzzleAuth,
  KuzzleBulk,
  KuzzleCollection,
  KuzzleError,
  KuzzleExport,
  KuzzleIndex,
  KuzzleServer
} from "@effect-kuzzle/core"
import { KuzzleHttpLive, KuzzleWsLive, NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, describe, layer } from "@effect/vitest"
import { ConfigProvider, Effect, Either, Layer, Redacted, Schedule, Stream } from "effect"
import * as Net from "node:net"
import { failure } from "../../../tests/suite/tools.ts"
import * as Proxy from "../src/internal/proxy.ts"
import { listen, pem, proxy, tlsInFrontOf } from "./servers.ts"

const refused = (options: NodeKuzzle.Options) =>
  failure(Effect.scoped(Layer.build(NodeKuzzle.layer(options))), KuzzleError.ConnectError)
const refusedHttp = (options: NodeKuzzle.HttpOptions) =>
  failure(KuzzleServer.now(), KuzzleError.HttpTransportError).pipe(Effect.provide(NodeKuzzle.layerHttp(options)))

const credentials = { username: "ada", password: Redacted.make("secret") }
const login = Effect.zipRight(KuzzleAuth.login({ strategy: "local", credentials }), KuzzleAuth.getCurrentUser())

layer(KuzzleTestServer.layer({ users: [{ username: "ada", password: "secret" }] }), { excludeTestServices: true })(
  "a proxy",
  (it) => {
    /** Asserts that the proxy has no open socket after a second. */
    const assertNoneOpen = ({ open }: { readonly open: ReadonlySet<unknown> }) =>
      Effect.gen(function*() {
        yield* Effect.repeat(Effect.sync(() => open.size), {
          until: (count) => count === 0,
          schedule: Schedule.spaced("10 millis"),
          times: 100
        })
        assert.strictEqual(open.size, 0)
      })

    describe("carries everything", () => {
      it.scoped("a WebSocket, requests and downloads over HTTP, and a session by cookie", () =>
        Effect.gen(function*() {
          const { port, url } = yield* KuzzleTestServer.KuzzleTestServer
          const through = yield* proxy()
          const options: NodeKuzzle.Options = { url, proxy: `http://127.0.0.1:${through.port}` }
          const counted = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
            Effect.map(effect, (value) => ({ value, targets: through.targets.splice(0) }))
          const here = `127.0.0.1:${port}`

          const now = yield* counted(Effect.provide(KuzzleServer.now(), NodeKuzzle.layer(options)))
          assert.deepStrictEqual(now.targets, [here])

          const place = { index: "proxied", collection: "things" }
          const exported = yield* counted(
            Effect.gen(function*() {
              yield* KuzzleIndex.create({ index: place.index })
              yield* KuzzleCollection.create(place)
              yield* KuzzleBulk.write({ ...place, _id: "a", content: { n: 1 } })
              yield* KuzzleCollection.refresh(place)
              return yield* KuzzleExport.stream(place).pipe(Stream.decodeText(), Stream.mkString)
            }).pipe(Effect.provide(NodeKuzzle.layerHttp(options)))
          )
          assert.include(exported.value, "\"_id\":\"a\"")
          assert.isAtLeast(exported.targets.length, 1)
          assert.deepStrictEqual([...new Set(exported.targets)], [here])

          const loggedIn = yield* counted(
            Effect.provide(login, NodeKuzzle.layer({ ...options, session: NodeKuzzle.cookie }))
          )
          assert.strictEqual(loggedIn.value._id, "ada")
          // The first connection, the login and its verification over HTTP, and the connection with the cookie.
          assert.deepStrictEqual(loggedIn.targets, [here, here, here, here])
        }))

      it.scoped("TLS from end to end, with the certificates of the setting tls", () =>
        Effect.gen(function*() {
          const server = yield* KuzzleTestServer.KuzzleTestServer
          const port = yield* tlsInFrontOf(server.port)
          const through = yield* proxy()
          for (const host of ["localhost", "127.0.0.1"]) {
            const options: NodeKuzzle.Options = {
              url: `wss://${host}:${port}`,
              proxy: `http://127.0.0.1:${through.port}`,
              tls: { ca: pem("cert") }
            }
            yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layer(options))
            yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layerHttp(options))
            assert.strictEqual(
              (yield* Effect.provide(login, NodeKuzzle.layer({ ...options, session: NodeKuzzle.cookie })))._id,
              "ada"
            )
            const error = yield* refused({ ...options, tls: undefined })
            assert.strictEqual(error.reason, "Tls")
            assert.include(error.message, "tls.ca")
            assert.include((yield* refusedHttp({ ...options, tls: undefined })).message, "tls.ca")
            // The certificate must be valid for the name of the address.
            const other = yield* refused({ ...options, tls: { ca: pem("cert"), servername: "elsewhere.example.org" } })
            assert.include(other.message, "the certificate belongs to another host")
          }
          assert.deepStrictEqual(
            [...new Set(through.targets)].sort(),
            [`127.0.0.1:${port}`, `localhost:${port}`]
          )
        }))

      it.scoped("a proxy behind TLS", () =>
        Effect.gen(function*() {
          const { port, url } = yield* KuzzleTestServer.KuzzleTestServer
          const through = yield* proxy({ tls: { key: pem("key"), cert: pem("cert") } })
          const options: NodeKuzzle.Options = {
            url,
            proxy: `https://localhost:${through.port}`,
            tls: { ca: pem("cert") }
          }
          yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layer(options))
          yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layerHttp(options))
          assert.deepStrictEqual(through.targets, [`127.0.0.1:${port}`, `127.0.0.1:${port}`])
          assert.strictEqual((yield* refused({ ...options, tls: undefined })).reason, "Proxy")
        }))

      it.scoped("every connection after a loss, too", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const through = yield* proxy()
          yield* Effect.gen(function*() {
            const { state } = yield* Kuzzle.Kuzzle
            for (const socket of through.open) socket.destroy()
            yield* Effect.repeat(state, {
              until: ({ _tag }) => _tag === "Ready" && through.targets.length === 2,
              schedule: Schedule.spaced("10 millis"),
              times: 200
            })
            yield* KuzzleServer.now()
          }).pipe(Effect.provide(NodeKuzzle.layer({
            url,
            proxy: `http://127.0.0.1:${through.port}`,
            reconnect: Schedule.spaced("10 millis")
          })))
          assert.lengthOf(through.targets, 2)
        }))

      it.scoped("by KUZZLE_PROXY", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const through = yield* proxy()
          const environment = (proxy: string) =>
            Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["KUZZLE_URL", url], ["KUZZLE_PROXY", proxy]])))
          const both = Effect.zipRight(
            Effect.provide(KuzzleServer.now(), KuzzleWsLive),
            Effect.provide(KuzzleServer.now(), KuzzleHttpLive)
          )
          yield* Effect.provide(both, environment(`http://127.0.0.1:${through.port}`))
          assert.lengthOf(through.targets, 2)
          yield* Effect.provide(both, environment(""))
          assert.lengthOf(through.targets, 2)
          const error = yield* Effect.flip(Effect.provide(both, environment("socks5://ada:s3cr3t@127.0.0.1:1080")))
          assert.include(String(error), "KUZZLE_PROXY: expected the address of an HTTP proxy")
          assert.notInclude(String(error), "s3cr3t")
        }))
    })

    describe("that asks for credentials", () => {
      it.scoped("gets the credentials of its address, percent-decoded", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const { port, targets } = yield* proxy({ credentials: "ada:s3cr3t/@:é" })
          const options: NodeKuzzle.Options = {
            url,
            proxy: Redacted.make(`http://ada:s3cr3t%2F%40%3A%C3%A9@127.0.0.1:${port}`)
          }
          yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layer(options))
          yield* Effect.provide(KuzzleServer.now(), NodeKuzzle.layerHttp(options))
          assert.lengthOf(targets, 2)
        }))

      it.scoped("C7: refuses other credentials, and the error does not show them", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const { port } = yield* proxy({ credentials: "ada:lovelace" })
          const options: NodeKuzzle.Options = { url, proxy: `http://ada:s3cr3t@127.0.0.1:${port}` }
          const issue = `the proxy http://127.0.0.1:${port} asks for credentials (HTTP status 407): ` +
            "check user and password in the setting proxy"
          const error = yield* refused(options)
          assert.deepInclude(error, { reason: "Proxy", issue })
          assert.strictEqual(error.message, `cannot connect to ${url}/: ${issue}`)
          const http = yield* refusedHttp(options)
          assert.include(http.message, issue)
          assert.notInclude(JSON.stringify([error, http]) + String(error.cause) + String(http.cause), "s3cr3t")
        }))
    })

    describe("that does not work", () => {
      it.scoped("C7: no proxy listens at the address", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const port = yield* Effect.scoped(listen(() => Net.createServer()))
          const options: NodeKuzzle.Options = { url, proxy: `http://127.0.0.1:${port}` }
          const error = yield* refused(options)
          assert.strictEqual(error.reason, "Proxy")
          for (const { message } of [error, yield* refusedHttp(options)]) {
            assert.include(message, `the proxy http://127.0.0.1:${port} does not answer (connect ECONNREFUSED`)
            assert.include(message, "check the setting proxy")
          }
        }))

      for (
        const [status, words] of [
          [403, "refuses to connect to"],
          [405, "refuses to connect to"],
          [502, "cannot reach"],
          [503, "cannot reach"]
        ] as const
      ) {
        it.scoped(`C7: it answers CONNECT with ${status}`, () =>
          Effect.gen(function*() {
            const { port, url } = yield* KuzzleTestServer.KuzzleTestServer
            const through = yield* proxy({ answers: status })
            const options: NodeKuzzle.Options = { url, proxy: `http://127.0.0.1:${through.port}` }
            const error = yield* refused(options)
            assert.strictEqual(error.reason, "Proxy")
            for (const { message } of [error, yield* refusedHttp(options)]) {
              assert.include(message, `${words} 127.0.0.1:${port} (HTTP status ${status})`)
            }
          }))
      }

      it.scoped("leaves no socket open if it accepts the connection and stays silent", () =>
        Effect.gen(function*() {
          const { url } = yield* KuzzleTestServer.KuzzleTestServer
          const through = yield* proxy({ answers: "Nothing" })
          const error = yield* refused({
            url,
            proxy: `http://127.0.0.1:${through.port}`,
            connectTimeout: "150 millis"
          })
          assert.strictEqual(error.reason, "Timeout")
          yield* assertNoneOpen(through)
        }))

      it.scoped("leaves no socket open if the TLS server behind the tunnel stays silent", () =>
        Effect.gen(function*() {
          const silent = yield* listen(() => Net.createServer((socket) => socket.resume()))
          const through = yield* proxy()
          const error = yield* refused({
            url: `wss://127.0.0.1:${silent}`,
            proxy: `http://127.0.0.1:${through.port}`,
            connectTimeout: "150 millis"
          })
          assert.strictEqual(error.reason, "Timeout")
          yield* assertNoneOpen(through)
        }))

      it("C7: is refused on Bun, whose WebSocket would bypass it", () => {
        const parsed = Proxy.parse("http://127.0.0.1:3128", { ...process.versions, bun: "1.3.0" })
        assert.isTrue(Either.isLeft(parsed) && parsed.left.message.includes("Bun would bypass it"))
      })

      it.scoped("C7: is refused if its address is not an HTTP address", () =>
        Effect.gen(function*() {
          for (
            const proxy of [
              "socks5://ada:s3cr3t@127.0.0.1:1080",
              "http://ada:s3cr3t%@127.0.0.1:3128",
              "127.0.0.1:3128",
              "",
              "garbage"
            ]
          ) {
            const options: NodeKuzzle.Options = { proxy }
            const builds = [
              Effect.asVoid(Layer.build(NodeKuzzle.layer(options))),
              Effect.asVoid(Layer.build(NodeKuzzle.layerHttp(options))),
              Effect.asVoid(Layer.build(NodeKuzzle.layer({ ...options, session: NodeKuzzle.cookie })))
            ]
            for (const build of builds) {
              const error = yield* failure(Effect.scoped(build), KuzzleError.InvalidSettingError)
              assert.strictEqual(error.setting, "proxy")
              assert.include(error.message, "such as http://proxy.example.org:3128")
              assert.notInclude(error.message, "s3cr3t")
            }
          }
        }))
    })
  }
)
