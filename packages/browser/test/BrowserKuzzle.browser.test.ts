/** What is a browser's own: its WebSocket, the application's pings, what it does not tell. */
import {
  BrowserKuzzle,
  BrowserKuzzleHttp,
  BrowserKuzzleLifecycle,
  KuzzleHttpLive,
  KuzzleWsLive
} from "@effect-kuzzle/browser"
import { Kuzzle, KuzzleError, KuzzleHttp, type KuzzleLifecycle, KuzzleServer } from "@effect-kuzzle/core"
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

/** The names of the headers of each request of `fetch`, and whether cookies go with it, as long as the scope is open. */
const spyOnFetch = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const sent: Array<{ readonly headers: ReadonlyArray<string>; readonly credentials: string | undefined }> = []
      const original = globalThis.fetch
      globalThis.fetch = (input, init) => {
        sent.push({ headers: [...new Headers(init?.headers).keys()].sort(), credentials: init?.credentials })
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
    for (const now of [Effect.provide(state, KuzzleWsLive), Effect.provide(state, KuzzleHttpLive)]) {
      assert.deepInclude(yield* now, { _tag: "Ready", endpoint: `${embedded.url}/` })
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
    assert.deepStrictEqual(sent, [{ headers: ["content-type"], credentials: "omit" }])
  }).pipe(Effect.scoped))

live("HTTP: cookies go with the calls that ask for them, and the page never sees one", () =>
  Effect.gen(function*() {
    const sent = yield* spyOnFetch
    const http = yield* KuzzleHttp.KuzzleHttp
    const url = `${embedded.url.replace("ws", "http")}/_logout?cookieAuth=true`
    const { headers } = yield* http.exchange({ method: "POST", url, headers: {}, body: undefined, credentials: true })
    assert.deepStrictEqual(sent, [{ headers: [], credentials: "include" }])
    assert.notProperty(headers, "set-cookie")
    assert.deepStrictEqual(yield* http.cookie(embedded.url), Option.none())
  }).pipe(Effect.scoped, Effect.provide(BrowserKuzzleHttp.layer)))

timed("lifecycle: a page's own events, until the scope closes", () =>
  Effect.gen(function*() {
    const { listen, online } = BrowserKuzzleLifecycle.make()
    assert.isTrue(online())
    const heard: Array<KuzzleLifecycle.LifecycleEvent> = []
    const fireAll = Effect.sync(() => {
      for (const type of ["offline", "online"]) window.dispatchEvent(new Event(type))
      for (const persisted of [true, false]) window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted }))
      for (const type of ["visibilitychange", "resume"]) document.dispatchEvent(new Event(type))
    })
    yield* Effect.scoped(Effect.zipRight(listen((event) => heard.push(event)), fireAll))
    const all: ReadonlyArray<KuzzleLifecycle.LifecycleEvent> = ["Offline", "Online", "Resumed", "Resumed", "Resumed"]
    assert.deepStrictEqual(heard, all)
    yield* fireAll
    assert.deepStrictEqual(heard, all)
  }))

timed("a bad setting is named before anything is dialled", () =>
  Effect.gen(function*() {
    const build = Effect.scoped(Layer.build(BrowserKuzzle.layer({ url: "ftp://example.org" })))
    const error = yield* failure(build, KuzzleError.InvalidSettingError)
    assert.strictEqual(error.setting, "url")
  }))
