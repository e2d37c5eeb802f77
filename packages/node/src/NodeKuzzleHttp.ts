/**
 * HTTP on Node, by undici, with a cookie jar.
 *
 * @since 0.1.0
 */
import * as KuzzleHttp from "@effect-kuzzle/core/KuzzleHttp"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Layer from "effect/Layer"

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
