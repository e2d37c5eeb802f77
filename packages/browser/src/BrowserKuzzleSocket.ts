/**
 * The socket of the browser.
 *
 * @since 0.1.0
 */
import * as KuzzleSocket from "@effect-kuzzle/core/KuzzleSocket"
import * as BrowserSocket from "@effect/platform-browser/BrowserSocket"
import * as Layer from "effect/Layer"

/**
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleSocket.KuzzleSocket> = Layer.provide(
  KuzzleSocket.layerWebSocketConstructor,
  BrowserSocket.layerWebSocketConstructor
)
