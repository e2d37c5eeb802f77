/**
 * Kuzzle for Effect, in browsers.
 *
 * @since 0.1.0
 */

export {
  /**
   * The client over HTTP, with its settings from the current `ConfigProvider`.
   *
   * @since 0.1.0
   * @category layers
   */
  KuzzleHttpLive,
  /**
   * The client over a WebSocket, with its settings from the current `ConfigProvider`.
   *
   * @since 0.1.0
   * @category layers
   */
  KuzzleWsLive
} from "./BrowserKuzzle.ts"

/**
 * The layers of the client.
 *
 * @since 0.1.0
 * @category modules
 */
export * as BrowserKuzzle from "./BrowserKuzzle.ts"

/**
 * HTTP by `fetch`.
 *
 * @since 0.1.0
 * @category modules
 */
export * as BrowserKuzzleHttp from "./BrowserKuzzleHttp.ts"

/**
 * The events of a page: changes of the network, sleep and waking up.
 *
 * @since 0.1.0
 * @category modules
 */
export * as BrowserKuzzleLifecycle from "./BrowserKuzzleLifecycle.ts"

/**
 * A store of the outbox: an IndexedDB database.
 *
 * @since 0.1.0
 * @category modules
 */
export * as BrowserKuzzleOutboxStore from "./BrowserKuzzleOutboxStore.ts"

/**
 * Stores of the token of a session: local and session storage.
 *
 * @since 0.1.0
 * @category modules
 */
export * as BrowserKuzzleStore from "./BrowserKuzzleStore.ts"

/**
 * The socket, by the browser's `WebSocket`.
 *
 * @since 0.1.0
 * @category modules
 */
export * as BrowserKuzzleSocket from "./BrowserKuzzleSocket.ts"
