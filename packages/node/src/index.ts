/**
 * Kuzzle for Effect, on Node.
 *
 * @since 0.1.0
 */

export {
  /**
   * The client over HTTP, its settings from the environment.
   *
   * @since 0.1.0
   * @category layers
   */
  KuzzleHttpLive,
  /**
   * The client over a WebSocket, its settings from the environment.
   *
   * @since 0.1.0
   * @category layers
   */
  KuzzleWsLive
} from "./NodeKuzzle.ts"

/**
 * The layers of the client.
 *
 * @since 0.1.0
 * @category modules
 */
export * as NodeKuzzle from "./NodeKuzzle.ts"

/**
 * HTTP by undici.
 *
 * @since 0.1.0
 * @category modules
 */
export * as NodeKuzzleHttp from "./NodeKuzzleHttp.ts"

/**
 * The outbox in a folder.
 *
 * @since 0.1.0
 * @category modules
 */
export * as NodeKuzzleOutboxStore from "./NodeKuzzleOutboxStore.ts"

/**
 * The socket of Node, by `ws`.
 *
 * @since 0.1.0
 * @category modules
 */
export * as NodeKuzzleSocket from "./NodeKuzzleSocket.ts"

/**
 * A store for a token.
 *
 * @since 0.1.0
 * @category modules
 */
export * as NodeKuzzleStore from "./NodeKuzzleStore.ts"
