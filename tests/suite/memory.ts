/** A backend without a network: the engine in the same process, in any runtime. */
import {
  Kuzzle,
  type KuzzleError,
  KuzzleHeartbeat,
  KuzzleHttp,
  type KuzzleSocket,
  KuzzleTelemetry
} from "@effect-kuzzle/core"
import { KuzzleEngine, KuzzleTestSocket } from "@effect-kuzzle/testing"
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Effect, Layer } from "effect"
import { Backend, type ClientLayer, type ClientOptions, type ClientServices } from "./backend.ts"

type Engine = Layer.Layer<KuzzleEngine.KuzzleEngine, KuzzleError.InvalidSettingError>

/**
 * A client whose socket is connected to the engine. `wrap` may observe the socket. `pings` is whether the socket has ping
 * frames.
 */
export const layerClientOver = (
  wrap: Layer.Layer<KuzzleSocket.KuzzleSocket, never, KuzzleSocket.KuzzleSocket>,
  engine: Engine,
  options?: ClientOptions,
  pings = true
): ClientLayer => onEngine(Kuzzle.layer(options), wrap, engine, options, pings)

const onEngine = <R>(
  client: Layer.Layer<ClientServices, KuzzleError.ConnectError | KuzzleError.InvalidSettingError, R>,
  wrap: Layer.Layer<KuzzleSocket.KuzzleSocket, never, KuzzleSocket.KuzzleSocket>,
  engine: Engine,
  options?: ClientOptions,
  pings = true
) =>
  client.pipe(
    Layer.provide([wrap, KuzzleTelemetry.layer]),
    Layer.provide(pings ? KuzzleTestSocket.layer : KuzzleTestSocket.layerWithoutPings),
    Layer.provide(engine),
    Layer.provide(KuzzleHeartbeat.layerNative(options))
  )

export const layerClient = (engine: Engine, options?: ClientOptions): ClientLayer =>
  layerClientOver(Layer.context<KuzzleSocket.KuzzleSocket>(), engine, options)

/** HTTP without a network. */
export const layerHttp: Layer.Layer<KuzzleHttp.KuzzleHttp, never, KuzzleEngine.KuzzleEngine> = Layer.provide(
  KuzzleHttp.layerCookieJar,
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      KuzzleEngine.KuzzleEngine,
      (engine) =>
        HttpClient.make((request, { pathname, search }) =>
          Effect.suspend(() => {
            const answer = engine.http({
              method: request.method,
              url: pathname + search,
              headers: { "content-type": "application/json", ...request.headers },
              body: request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
            })
            if (answer === undefined) return Effect.never
            const { body, headers, status } = answer
            const responseHeaders = headers.map(([name, value]): [string, string] => [name, value])
            return Effect.succeed(
              HttpClientResponse.fromWeb(request, new Response(body, { status, headers: responseHeaders }))
            )
          })
        )
    )
  )
)

export const layer: Layer.Layer<Backend | KuzzleEngine.KuzzleEngine, KuzzleError.InvalidSettingError> = Layer.effect(
  Backend,
  Effect.map(KuzzleEngine.KuzzleEngine, (engine) => {
    const same = Layer.succeed(KuzzleEngine.KuzzleEngine, engine)
    return {
      client: (options) => layerClient(same, options),
      cookie: (options) => {
        const http = Layer.provide(layerHttp, same)
        const client = Layer.provide(Kuzzle.layer({ ...options, session: Kuzzle.cookie }), http)
        // The client's handshakes take their cookies from its jar.
        return onEngine(client, Layer.context<KuzzleSocket.KuzzleSocket>(), same, options)
      },
      http: (options) =>
        Kuzzle.layerHttp(options).pipe(Layer.provide([layerHttp, KuzzleTelemetry.layer]), Layer.provide(same)),
      network: {
        cut: engine.dropAll(),
        close: (code) => engine.dropAll(code),
        freeze: engine.freeze,
        thaw: engine.thaw
      }
    }
  })
).pipe(Layer.provideMerge(KuzzleEngine.layer()))
