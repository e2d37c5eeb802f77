/**
 * The socket of the browser.
 *
 * @module
 * @since 0.1.0
 */
import * as KuzzleSocket from "@effect-kuzzle/core/KuzzleSocket"
import * as Layer from "effect/Layer"

/**
 * The socket by the global `WebSocket`. It is looked up when a connection is opened, because a page that is rendered on
 * a server has none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: KuzzleSocket.KuzzleSocketShape = KuzzleSocket.makeWebSocket((url) => new globalThis.WebSocket(url))

/**
 * The socket of the browser as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleSocket.KuzzleSocket> = Layer.succeed(KuzzleSocket.KuzzleSocket, make)
