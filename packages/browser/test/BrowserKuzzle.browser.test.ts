/** What is a browser's own: its WebSocket, the application's pings, what it does not tell. */
import { BrowserKuzzle, KuzzleHttpLive, KuzzleWsLive } from "@effect-kuzzle/browser"
import { Kuzzle, KuzzleError, KuzzleServer } from "@effect-kuzzle/core"
import { assert, effect as timed, live } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Layer, Option, Schedule } from "effect"
import { inject } from "vitest"
import * as Remote from "../../testing/test/suite/remote.ts"
import { failure } from "../../testing/test/suite/tools.ts"

const embedded = inject("kuzzleEmbedded")

/** What pages send, as long as the scope is open. */
const spyOnSockets = Effect.acquireRelease(
  Effect.sync(() => {
    const frames: Array<unknown> = []
    const send = WebSocket.prototype.send
    WebSocket.prototype.send = function(data) {
      frames.push(data)
      return send.call(this, data)
    }
    return { frames, restore: () => void (WebSocket.prototype.send = send) }
  }),
  ({ restore }) => Effect.sync(restore)
)

/** The names of the headers of each request of `fetch`, as long as the scope is open. */
const spyOnFetch = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const sent: Array<ReadonlyArray<string>> = []
      const original = globalThis.fetch
      globalThis.fetch = (input, init) => {
        sent.push([...new Headers(init?.headers).keys()].sort())
        return original(input, init)
      }
      return { sent, restore: () => void (globalThis.fetch = original) }
    }),
    ({ restore }) => Effect.sync(restore)
  ),
  ({ sent }) => sent
)

live("pings by the application's ping, and measures by it", () =>
  Effect.gen(function*() {
    const { frames } = yield* spyOnSockets
    yield* Effect.gen(function*() {
      const { roundTripTime } = yield* Kuzzle.Kuzzle
      yield* Effect.repeat(roundTripTime, { until: Option.isSome, schedule: Schedule.spaced("20 millis"), times: 200 })
      assert.isAbove(Duration.toMillis(Option.getOrThrow(yield* roundTripTime)), 0)
    }).pipe(Effect.provide(BrowserKuzzle.layer({ url: embedded.url, pingInterval: "50 millis" })))
    assert.include(frames, "{\"p\":1}")
  }).pipe(Effect.scoped))

live("KuzzleWsLive and KuzzleHttpLive take their address from the ConfigProvider", () =>
  Effect.gen(function*() {
    const state = Effect.flatMap(Kuzzle.Kuzzle, (kuzzle) => Effect.zipRight(KuzzleServer.now(), kuzzle.state))
    for (const live of [KuzzleWsLive, KuzzleHttpLive]) {
      assert.deepInclude(yield* Effect.provide(state, live), { _tag: "Ready", endpoint: `${embedded.url}/` })
    }
  }).pipe(
    Effect.provide(
      Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["KUZZLE_URL", embedded.url]]), { pathDelim: "_" }))
    )
  ))

live("nothing answers there", () =>
  Effect.gen(function*() {
    const build = Effect.scoped(Layer.build(BrowserKuzzle.layer({ url: "ws://127.0.0.1:1" })))
    const error = yield* failure(build, KuzzleError.ConnectError)
    assert.deepInclude(error, { reason: "Unreachable", url: "ws://127.0.0.1:1/" })
    assert.include(error.message, "is Kuzzle running there?")
  }))

live(
  "an HTTP server that is no WebSocket server: a browser tells no more than that it failed",
  () =>
    Effect.gen(function*() {
      const url = embedded.controlUrl.replace("http", "ws")
      const error = yield* failure(Effect.scoped(Layer.build(BrowserKuzzle.layer({ url }))), KuzzleError.ConnectError)
      assert.deepInclude(error, { reason: "Unreachable", url: `${url}/` })
    })
)

live("a handshake that is never answered", () =>
  Effect.gen(function*() {
    const { freeze, thaw } = Remote.network(embedded)
    yield* Effect.acquireRelease(freeze, () => thaw)
    const build = Layer.build(BrowserKuzzle.layer({ url: embedded.relayUrl, connectTimeout: "200 millis" }))
    const error = yield* failure(Effect.scoped(build), KuzzleError.ConnectError)
    assert.strictEqual(error.reason, "Timeout")
  }).pipe(Effect.scoped))

live("HTTP: nothing answers there", () =>
  Effect.gen(function*() {
    const error = yield* failure(KuzzleServer.now(), KuzzleError.HttpTransportError)
    assert.strictEqual(error.url, "http://127.0.0.1:1/_query")
  }).pipe(Effect.provide(BrowserKuzzle.layerHttp({ url: "http://127.0.0.1:1" }))))

live("HTTP: a trace adds no header, which Kuzzle's CORS rules would refuse", () =>
  Effect.gen(function*() {
    const sent = yield* spyOnFetch
    yield* KuzzleServer.now().pipe(
      Effect.withSpan("a span of the application"),
      Effect.provide(BrowserKuzzle.layerHttp({ url: embedded.url }))
    )
    assert.deepStrictEqual(sent, [["content-type"]])
  }).pipe(Effect.scoped))

timed("a bad setting is named before anything is dialled", () =>
  Effect.gen(function*() {
    const build = Effect.scoped(Layer.build(BrowserKuzzle.layer({ url: "ftp://example.org" })))
    const error = yield* failure(build, KuzzleError.InvalidSettingError)
    assert.strictEqual(error.setting, "url")
  }))
