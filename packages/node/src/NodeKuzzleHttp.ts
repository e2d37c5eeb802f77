/**
 * HTTP on Node, by undici, with a cookie jar.
 *
 * @since 0.1.0
 */
import * as KuzzleHttp from "@effect-kuzzle/core/KuzzleHttp"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Agent } from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Options } from "./NodeKuzzleSocket.ts"

/**
 * The jar lives as long as the layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleHttp.KuzzleHttp> = Layer.provide(
  KuzzleHttp.layerCookieJar,
  NodeHttpClient.layerUndici
)

/**
 * The same with certificates of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTls = (tls: Options["tls"]): Layer.Layer<KuzzleHttp.KuzzleHttp> =>
  KuzzleHttp.layerCookieJar.pipe(
    Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher),
    Layer.provide(Layer.scoped(
      NodeHttpClient.Dispatcher,
      Effect.acquireRelease(
        Effect.sync(() => new Agent({ connect: { ...tls } })),
        (agent) => Effect.promise(() => agent.destroy())
      )
    ))
  )
