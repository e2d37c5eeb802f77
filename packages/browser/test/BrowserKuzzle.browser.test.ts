/** The client in a browser: its WebSocket, the application's pings, and errors without details. */
import {
  BrowserKuzzle,
  BrowserKuzzleHttp,
  BrowserKuzzleLifecycle,
  KuzzleHttpLive,
  KuzzleWsLive
} from "@effect-kuzzle/browser"
import {
  Kuzzle,
  KuzzleAuth,
  KuzzleDownload,
  KuzzleError,
  KuzzleHttp,
  type KuzzleLifecycle,
  KuzzleServer,
  KuzzleSocket
} from "@effect-kuzzle/core"
import { assert, effect as timed, live } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Layer, Option, Redacted, Schedule, Stream } from "effect"
import { inject } from "vitest"
import * as Remote from "../../../tests/suite/remote.ts"
import { failure } from "../../../tests/suite/tools.ts"

const embedded = inject("kuzzleEmbedded")
const gateway = inject("gateway")

/** Records the frames that the page sends while the scope is open. */
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

/** Records the names of the headers of each `fetch` request, and whether it sends cookies, while the scope is open. */
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

live("sends the application's pings, and measures their round trips", () =>
  Effect.gen(function*() {
    const { frames } = yield* spyOnSockets
    yield* Effect.gen(function*() {
      const { roundTripTime } = yield* Kuzzle.Kuzzle
      yield* Effect.repeat(roundTripTime, { until: Option.isSome, schedule: Schedule.spaced("20 millis"), times: 200 })
      // A browser's clock may count whole milliseconds only.
      assert.isAtLeast(Duration.toMillis(Option.getOrThrow(yield* roundTripTime)), 0)
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

live("an address without a server is unreachable", () =>
  Effect.gen(function*() {
    const build = Effect.scoped(Layer.build(BrowserKuzzle.layer({ url: "ws://127.0.0.1:1" })))
    const error = yield* failure(build, KuzzleError.ConnectError)
    assert.deepInclude(error, { reason: "Unreachable", url: "ws://127.0.0.1:1/" })
    assert.include(error.message, "is Kuzzle running there?")
  }))

live(
  "a server without WebSocket: the browser only reports that the attempt failed",
  () =>
    Effect.gen(function*() {
      const url = embedded.controlUrl.replace("http", "ws")
      const error = yield* failure(Effect.scoped(Layer.build(BrowserKuzzle.layer({ url }))), KuzzleError.ConnectError)
      assert.deepInclude(error, { reason: "Unreachable", url: `${url}/` })
    })
)

/** The WebSocket of a page whose Content Security Policy allows no connection, while the scope is open. */
const forbidden = Effect.acquireRelease(
  Effect.async<HTMLIFrameElement>((resume) => {
    const frame = document.createElement("iframe")
    frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="connect-src 'none'">`
    frame.onload = () => resume(Effect.succeed(frame))
    document.body.append(frame)
  }),
  (frame) => Effect.sync(() => frame.remove())
).pipe(Effect.map(({ contentWindow }) => (url: string): WebSocket => {
  if (contentWindow === null || !("WebSocket" in contentWindow)) throw new Error("the frame has no window")
  // A window has the constructors of a global scope, which its type leaves out.
  return new (contentWindow as unknown as typeof globalThis).WebSocket(url)
}))

live("C7: an address that the page's CSP forbids is unreachable at once", () =>
  Effect.gen(function*() {
    const socket = KuzzleSocket.makeWebSocket(yield* forbidden)
    const sink = { onFrame: () => {}, onPong: () => {} }
    const connect = Effect.scoped(
      KuzzleSocket.connect(socket, { url: embedded.url, sink, timeout: Duration.seconds(10) })
    )
    const [elapsed, error] = yield* Effect.timed(failure(connect, KuzzleError.ConnectError))
    assert.strictEqual(error.reason, "Unreachable")
    assert.isBelow(Duration.toSeconds(elapsed), 5)
  }).pipe(Effect.scoped))

live("a handshake that is never answered times out", () =>
  Effect.gen(function*() {
    const { freeze, thaw } = Remote.network(embedded)
    yield* Effect.acquireRelease(freeze, () => thaw)
    const build = Layer.build(BrowserKuzzle.layer({ url: embedded.relayUrl, connectTimeout: "200 millis" }))
    const error = yield* failure(Effect.scoped(build), KuzzleError.ConnectError)
    assert.strictEqual(error.reason, "Timeout")
  }).pipe(Effect.scoped))

live("HTTP: a request to an address without a server is a typed error", () =>
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

live(
  "HTTP: cookies are sent with the calls that request them, and the page cannot read them",
  () =>
    Effect.gen(function*() {
      const sent = yield* spyOnFetch
      const http = yield* KuzzleHttp.KuzzleHttp
      const url = `${embedded.url.replace("ws", "http")}/_logout?cookieAuth=true`
      const { headers } = yield* http.exchange(
        { method: "POST", url, headers: {}, body: undefined, credentials: true },
        1000
      )
      assert.deepStrictEqual(sent, [{ headers: [], credentials: "include" }])
      assert.notProperty(headers, "set-cookie")
      assert.deepStrictEqual(yield* http.cookie(embedded.url), Option.none())
    }).pipe(Effect.scoped, Effect.provide(BrowserKuzzleHttp.layer))
)

live(
  "A5: HTTP: no redirect is followed with a password, a token or a cookie, and no redirect counts as Kuzzle's answer",
  () =>
    Effect.gen(function*() {
      const login = KuzzleAuth.login({
        strategy: "local",
        credentials: { username: "ada", password: Redacted.make("s3cr3t") }
      })
      const download = Stream.runDrain(
        KuzzleDownload.stream({ controller: "files", action: "get" }, { route: ["GET", "/f"] })
      )
      const refused = <A, R>(effect: Effect.Effect<A, { readonly _tag: string }, R>) =>
        Effect.map(Effect.flip(effect), (error) => {
          if (!(error instanceof KuzzleError.ProtocolError)) return assert.fail(error._tag)
          assert.include(error.message, "is a redirect. The client does not follow it")
          assert.include(error.message, "set url to the final address")
          assert.isUndefined(error.location)
        })
      for (const status of [301, 302, 303, 307, 308]) {
        const url = `${gateway.url}/redirect/${status}`
        for (const routes of ["query", "rest"] as const) {
          yield* Effect.gen(function*() {
            const kuzzle = yield* Kuzzle.Kuzzle
            yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("s3cr3t"))))
            yield* refused(KuzzleServer.now())
            yield* refused(login)
            yield* refused(download)
          }).pipe(Effect.provide(BrowserKuzzle.layerHttp({ url, routes })))
        }
        const http = yield* KuzzleHttp.KuzzleHttp
        const call = { method: "POST", url: `${url}/_logout`, headers: {}, body: "{}", credentials: true } as const
        assert.deepStrictEqual(yield* http.exchange(call, 1000), { status: 0, headers: {}, body: "" })
      }
      const seen = yield* Effect.promise(async (signal) => (await fetch(gateway.elsewhereUrl, { signal })).json())
      assert.deepStrictEqual(seen, [])
    }).pipe(Effect.provide(BrowserKuzzleHttp.layer))
)

live(
  "L2: an answer above maxResponseSize is a typed error of its request, over a WebSocket and over HTTP",
  () =>
    Effect.gen(function*() {
      const asking = (length: number) => KuzzleServer.now({ volatile: { text: "x".repeat(length) } })
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        const [error] = yield* Effect.all([failure(asking(5000), KuzzleError.ResponseTooLargeError), asking(2000)], {
          concurrency: "unbounded"
        })
        assert.strictEqual(error.limit, 4096)
        assert.strictEqual((yield* kuzzle.state)._tag, "Ready")
      }).pipe(Effect.provide(BrowserKuzzle.layer({ url: embedded.url, maxResponseSize: 4096 })))
      const url = `${gateway.url}/sized/1000000`
      yield* failure(KuzzleServer.now(), KuzzleError.ResponseTooLargeError).pipe(
        Effect.provide(BrowserKuzzle.layerHttp({ url, maxResponseSize: 999_999 }))
      )
      // The whole answer is read. It does not come from Kuzzle.
      yield* failure(KuzzleServer.now(), KuzzleError.ProtocolError).pipe(
        Effect.provide(BrowserKuzzle.layerHttp({ url, maxResponseSize: 1_000_000 }))
      )
    })
)

timed("lifecycle: the events of the page are reported until the scope closes", () =>
  Effect.gen(function*() {
    const { listen, online } = BrowserKuzzleLifecycle.make()
    assert.isTrue(online())
    const received: Array<KuzzleLifecycle.LifecycleEvent> = []
    const fireAll = Effect.sync(() => {
      for (const type of ["offline", "online"]) window.dispatchEvent(new Event(type))
      for (const persisted of [true, false]) window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted }))
      for (const type of ["visibilitychange", "resume"]) document.dispatchEvent(new Event(type))
    })
    yield* Effect.scoped(Effect.zipRight(listen((event) => received.push(event)), fireAll))
    const all: ReadonlyArray<KuzzleLifecycle.LifecycleEvent> = ["Offline", "Online", "Resumed", "Resumed", "Resumed"]
    assert.deepStrictEqual(received, all)
    yield* fireAll
    assert.deepStrictEqual(received, all)
  }))

timed("an invalid setting is an error that names it, before any dial", () =>
  Effect.gen(function*() {
    const build = Effect.scoped(Layer.build(BrowserKuzzle.layer({ url: "ftp://example.org" })))
    const error = yield* failure(build, KuzzleError.InvalidSettingError)
    assert.strictEqual(error.setting, "url")
  }))
