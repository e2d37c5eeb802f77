/**
 * HTTP in browsers, by `fetch`.
 *
 * @since 0.1.0
 */
import * as KuzzleHttp from "@effect-kuzzle/core/KuzzleHttp"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Layer from "effect/Layer"

/**
 * Without trace headers: Kuzzle's CORS rules do not allow them, and the browser would refuse the whole request.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleHttp.KuzzleHttp> = KuzzleHttp.layer.pipe(
  Layer.provide(Layer.function(HttpClient.HttpClient, HttpClient.HttpClient, HttpClient.withTracerPropagation(false))),
  Layer.provide(FetchHttpClient.layer)
)
