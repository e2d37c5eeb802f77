/** The layers of both platforms: the same names, the same types, and no real-time without a WebSocket. */
import * as Browser from "@effect-kuzzle/browser"
import {
  Kuzzle,
  type KuzzleDownload,
  type KuzzleError,
  type KuzzleHeartbeat,
  type KuzzleHttp,
  KuzzleRealtime,
  KuzzleServer,
  type KuzzleSocket
} from "@effect-kuzzle/core"
import * as Node from "@effect-kuzzle/node"
import { Config, type ConfigError, Effect, type Layer, Redacted, Schedule, Stream } from "effect"
import { describe, expect, test } from "tstyche"

const target = { index: "nyc", collection: "taxi" }

type Client = Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime

describe("the client over WebSocket", () => {
  test("KuzzleWsLive provides the client and its real-time half, and needs nothing", () => {
    expect(Node.KuzzleWsLive).type.toBe<
      Layer.Layer<
        Client,
        KuzzleError.ConnectError | KuzzleError.InvalidSettingError | ConfigError.ConfigError
      >
    >()
    expect(Browser.KuzzleWsLive).type.toBe<typeof Node.KuzzleWsLive>()
  })

  test("layer cannot fail by a Config, layerConfig can", () => {
    expect(Node.NodeKuzzle.layer()).type.toBe<
      Layer.Layer<Client, KuzzleError.ConnectError | KuzzleError.InvalidSettingError>
    >()
    expect(Browser.BrowserKuzzle.layer()).type.toBe<ReturnType<typeof Node.NodeKuzzle.layer>>()
    expect(Node.NodeKuzzle.layerConfig({ url: Config.string("URL") })).type.toBe<typeof Node.KuzzleWsLive>()
    expect(Browser.BrowserKuzzle.layerConfig({ url: Config.string("URL") })).type.toBe<typeof Node.KuzzleWsLive>()
  })

  test("everything runs with it", () => {
    const program = Effect.zipRight(KuzzleServer.now(), Stream.runDrain(KuzzleRealtime.subscribe(target)))
    expect(Effect.provide(program, Node.KuzzleWsLive)).type.toBe<
      Effect.Effect<
        void,
        | KuzzleRealtime.SubscribeError
        | KuzzleError.ConnectError
        | KuzzleError.InvalidSettingError
        | ConfigError.ConfigError
      >
    >()
  })

  test("headers may be secret; TLS is Node's alone", () => {
    expect(Node.NodeKuzzle.layer({
      headers: { authorization: Redacted.make("secret"), "x-tenant": "a" },
      tls: { ca: "pem" }
    })).type.not.toRaiseError()
    expect(Browser.BrowserKuzzle.layer({ tls: { ca: "pem" } })).type.toRaiseError()
  })
})

describe("no option is accepted and ignored", () => {
  test("the heartbeat is the platform's: its options are those of a platform's layer", () => {
    expect(Node.NodeKuzzle.layer({ pingInterval: "5 seconds", busyPingTimeout: "1 minute" })).type.not.toRaiseError()
    expect(Browser.BrowserKuzzle.layer({ pingTimeout: "5 seconds" })).type.not.toRaiseError()
    expect(Kuzzle.layer({ pingInterval: "5 seconds" })).type.toRaiseError("'pingInterval' does not exist")
    expect(Kuzzle.make({ pingTimeout: "5 seconds" })).type.toRaiseError("'pingTimeout' does not exist")
  })

  test("a client over HTTP has no options of the connection, and no authenticator", () => {
    for (const layerHttp of [Kuzzle.layerHttp, Node.NodeKuzzle.layerHttp, Browser.BrowserKuzzle.layerHttp]) {
      expect(layerHttp({ url: "http://a", requestTimeout: "5 seconds", routes: "rest", apiKey: "k" })).type
        .not.toRaiseError()
      expect(layerHttp({ autoQueue: true })).type.toRaiseError("'autoQueue' does not exist")
      expect(layerHttp({ reconnect: Schedule.stop })).type.toRaiseError("'reconnect' does not exist")
      expect(layerHttp({ waitForConnection: false })).type.toRaiseError("'waitForConnection' does not exist")
      expect(layerHttp({ pingInterval: "1 second" })).type.toRaiseError("'pingInterval' does not exist")
      expect(layerHttp({ authenticator: Effect.void })).type.toRaiseError("'authenticator' does not exist")
    }
  })

  test("over a WebSocket there are no routes", () => {
    for (const layer of [Kuzzle.layer, Node.NodeKuzzle.layer, Browser.BrowserKuzzle.layer]) {
      expect(layer({ routes: "rest" })).type.toRaiseError("'routes' does not exist")
    }
  })
})

describe("a session by cookie", () => {
  test("the platforms provide HTTP for it, and the core requires it", () => {
    expect(Node.NodeKuzzle.layer({ session: Node.NodeKuzzle.cookie })).type.toBe<
      ReturnType<typeof Node.NodeKuzzle.layer>
    >()
    expect(Browser.BrowserKuzzle.layer({ session: Browser.BrowserKuzzle.cookie })).type
      .toBe<ReturnType<typeof Node.NodeKuzzle.layer>>()
    expect(Kuzzle.layer({})).type.toBe<
      Layer.Layer<
        Client,
        KuzzleError.ConnectError | KuzzleError.InvalidSettingError,
        KuzzleSocket.KuzzleSocket | KuzzleHeartbeat.KuzzleHeartbeat
      >
    >()
    expect(Kuzzle.layer({ session: Kuzzle.cookie })).type.toBe<
      Layer.Layer<
        Client,
        KuzzleError.ConnectError | KuzzleError.InvalidSettingError,
        KuzzleSocket.KuzzleSocket | KuzzleHeartbeat.KuzzleHeartbeat | KuzzleHttp.KuzzleHttp
      >
    >()
    expect(Node.NodeKuzzle.layer({ session: Kuzzle.cookie })).type.toRaiseError()
    expect(Node.NodeKuzzle.layer({ session: "cookie" })).type.toRaiseError()
  })
})

describe("the client over HTTP", () => {
  test("KuzzleHttpLive provides the client and downloads, no real-time", () => {
    expect(Node.KuzzleHttpLive).type.toBe<
      Layer.Layer<
        Kuzzle.Kuzzle | KuzzleDownload.KuzzleDownload,
        KuzzleError.InvalidSettingError | ConfigError.ConfigError
      >
    >()
    expect(Browser.KuzzleHttpLive).type.toBe<typeof Node.KuzzleHttpLive>()
    expect(Node.NodeKuzzle.layerHttp()).type.toBe<
      Layer.Layer<Kuzzle.Kuzzle | KuzzleDownload.KuzzleDownload, KuzzleError.InvalidSettingError>
    >()
    expect(Browser.BrowserKuzzle.layerHttp()).type.toBe<ReturnType<typeof Node.NodeKuzzle.layerHttp>>()
  })

  test("requests run with it, including publishing", () => {
    expect(Effect.provide(KuzzleRealtime.publish({ ...target, message: {} }), Node.KuzzleHttpLive)).type
      .toBeAssignableTo<Effect.Effect<void, unknown>>()
  })

  test("a subscription does not run with it, because its requirement is not provided", () => {
    const drain = Stream.runDrain(KuzzleRealtime.subscribe(target))
    for (const live of [Node.KuzzleHttpLive, Browser.KuzzleHttpLive]) {
      const subscribe = Effect.provide(drain, live)
      expect<Effect.Effect.Context<typeof subscribe>>().type.toBe<KuzzleRealtime.KuzzleRealtime>()
      expect(subscribe).type.not.toBeAssignableTo<Effect.Effect<unknown, unknown>>()
      expect(Effect.runPromise(subscribe)).type.toRaiseError()
      const open = Effect.scoped(Effect.provide(KuzzleRealtime.open(target), live))
      expect(Effect.runPromise(open)).type.toRaiseError()
      const listen = Effect.scoped(Effect.provide(KuzzleRealtime.listen(target, () => {}), live))
      expect(Effect.runPromise(listen)).type.toRaiseError()
      const request = Effect.provide(Kuzzle.query({ controller: "server", action: "now" }), live)
      expect(Effect.runPromise(request)).type.not.toRaiseError()
    }
  })
})
