/** The layers of both platforms: the same names, the same types, and no real-time without a WebSocket. */
import * as Browser from "@effect-kuzzle/browser"
import { Kuzzle, type KuzzleDownload, type KuzzleError, KuzzleRealtime, KuzzleServer } from "@effect-kuzzle/core"
import * as Node from "@effect-kuzzle/node"
import { Config, type ConfigError, Effect, type Layer, Redacted, Stream } from "effect"
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
        KuzzleError.RequestError | KuzzleError.ConnectError | KuzzleError.InvalidSettingError | ConfigError.ConfigError
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

  test("requests run with it, publishing too", () => {
    expect(Effect.provide(KuzzleRealtime.publish({ ...target, message: {} }), Node.KuzzleHttpLive)).type
      .toBeAssignableTo<Effect.Effect<void, unknown>>()
  })

  test("a subscription does not: what it needs stays open", () => {
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
