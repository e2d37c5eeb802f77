/**
 * HTTP in browsers, by `fetch`.
 *
 * @since 0.1.0
 */
import * as KuzzleHttp from "@effect-kuzzle/core/KuzzleHttp"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Layer from "effect/Layer"

/**
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleHttp.KuzzleHttp> = Layer.provide(KuzzleHttp.layer, FetchHttpClient.layer)
