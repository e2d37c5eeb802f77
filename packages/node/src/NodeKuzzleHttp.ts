/**
 * HTTP on Node, by undici.
 *
 * @since 0.1.0
 */
import * as KuzzleHttp from "@effect-kuzzle/core/KuzzleHttp"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Layer from "effect/Layer"

/**
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleHttp.KuzzleHttp> = Layer.provide(KuzzleHttp.layer, NodeHttpClient.layerUndici)
