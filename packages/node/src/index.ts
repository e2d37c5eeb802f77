/**
 * Kuzzle for Effect, on Node.
 *
 * @since 0.1.0
 */

export {
  /**
   * The client over HTTP, with its settings from the environment.
   *
   * @since 0.1.0
   * @category layers
   */
  KuzzleHttpLive,
  /**
   * The client over a WebSocket, with its settings from the environment.
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
 * HTTP with a cookie jar, by undici.
 *
 * @since 0.1.0
 * @category modules
 */
export * as NodeKuzzleHttp from "./NodeKuzzleHttp.ts"

/**
 * A store of the outbox: a folder.
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
 * A store of the token of a session: a private file.
 *
 * @since 0.1.0
 * @category modules
 */
export * as NodeKuzzleStore from "./NodeKuzzleStore.ts"
