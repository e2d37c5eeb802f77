/**
 * Kuzzle for Effect.
 *
 * @since 0.1.0
 */

/**
 * The client: requests in, answers out, over one connection that is kept alive.
 *
 * @since 0.1.0
 * @category modules
 */
export * as Kuzzle from "./Kuzzle.ts"

/**
 * What single actions are documented to answer with when they fail, each under a name of its own.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleActionError from "./KuzzleActionError.ts"

/**
 * Who we are to Kuzzle: logging in and out, tokens, the current user.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleAuth from "./KuzzleAuth.ts"

/**
 * Collections.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleCollection from "./KuzzleCollection.ts"

/**
 * The settings of a client.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleConfig from "./KuzzleConfig.ts"

/**
 * Documents.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleDocument from "./KuzzleDocument.ts"

/**
 * Every way a call to Kuzzle can fail, as tagged errors.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleError from "./KuzzleError.ts"

/**
 * Filters of Koncorde, typed.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleFilter from "./KuzzleFilter.ts"

/**
 * How a connection shows that it is alive, and when it is asked.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleHeartbeat from "./KuzzleHeartbeat.ts"

/**
 * One exchange over HTTP.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleHttp from "./KuzzleHttp.ts"

/**
 * Indexes.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleIndex from "./KuzzleIndex.ts"

/**
 * Real-time: subscriptions that survive lost connections.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleRealtime from "./KuzzleRealtime.ts"

/**
 * Reconnection, heartbeat and token refresh as schedules.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleSchedule from "./KuzzleSchedule.ts"

/**
 * The server itself.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleServer from "./KuzzleServer.ts"

/**
 * The socket under the client.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleSocket from "./KuzzleSocket.ts"
