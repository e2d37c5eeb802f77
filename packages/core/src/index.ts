/**
 * Kuzzle for Effect.
 *
 * @since 0.1.0
 */

/**
 * The client: sends requests and receives answers over one connection.
 *
 * @since 0.1.0
 * @category modules
 */
export * as Kuzzle from "./Kuzzle.ts"

/**
 * Typed functions for the actions of plugins and applications.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleAction from "./KuzzleAction.ts"

/**
 * The named errors of single actions.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleActionError from "./KuzzleActionError.ts"

/**
 * Administration of the server: loading and resetting its data.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleAdmin from "./KuzzleAdmin.ts"

/**
 * Authentication: logging in and out, tokens, the current user.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleAuth from "./KuzzleAuth.ts"

/**
 * Combines reads and writes of single documents into requests on many.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleBatch from "./KuzzleBatch.ts"

/**
 * Writes documents as they are, with one request, for example to restore them.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleBulk from "./KuzzleBulk.ts"

/**
 * The nodes of the server.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleCluster from "./KuzzleCluster.ts"

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
 * The debugger of the server's Node process.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleDebug from "./KuzzleDebug.ts"

/**
 * Documents.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleDocument from "./KuzzleDocument.ts"

/**
 * Downloads: answers that are bytes.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleDownload from "./KuzzleDownload.ts"

/**
 * Every way a call to Kuzzle can fail, as tagged errors.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleError from "./KuzzleError.ts"

/**
 * Exports the documents of a collection as a file.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleExport from "./KuzzleExport.ts"

/**
 * Streams for React, Vue and any other framework that renders from an external store.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleExternalStore from "./KuzzleExternalStore.ts"

/**
 * Filters of Koncorde, typed.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleFilter from "./KuzzleFilter.ts"

/**
 * How a client pings its connection, and when.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleHeartbeat from "./KuzzleHeartbeat.ts"

/**
 * Requests over HTTP.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleHttp from "./KuzzleHttp.ts"

/**
 * Writes a stream of documents, such as a file or an export, into a collection.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleImport from "./KuzzleImport.ts"

/**
 * Indexes.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleIndex from "./KuzzleIndex.ts"

/**
 * Several Kuzzles in one application: a tag for each.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleInstance from "./KuzzleInstance.ts"

/**
 * Derives the mappings of a collection from the Schema of its documents.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleMappings from "./KuzzleMappings.ts"

/**
 * The events of the host: the network is lost or found, and the host wakes up.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleLifecycle from "./KuzzleLifecycle.ts"

/**
 * Live documents: the documents of a query and all their changes.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleLiveQuery from "./KuzzleLiveQuery.ts"

/**
 * Logs the events of a client.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleLog from "./KuzzleLog.ts"

/**
 * The memory storage: Redis behind Kuzzle.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleMemoryStorage from "./KuzzleMemoryStorage.ts"

/**
 * Requests that outlive their caller, the page or the process.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleOutbox from "./KuzzleOutbox.ts"

/**
 * The store of the outbox, for authors of stores.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleOutboxStore from "./KuzzleOutboxStore.ts"

/**
 * Makes a platform's client of its socket, its heartbeat and its lifecycle.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzlePlatform from "./KuzzlePlatform.ts"

/**
 * The client with Promises, for programs that do not use Effect.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzlePromise from "./KuzzlePromise.ts"

/**
 * Real-time: subscriptions that survive lost connections.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleRealtime from "./KuzzleRealtime.ts"

/**
 * The documents of a collection, typed by their Schema.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleRepository from "./KuzzleRepository.ts"

/**
 * Reconnection, heartbeat and token refresh as schedules.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleSchedule from "./KuzzleSchedule.ts"

/**
 * Searches as streams.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleSearch from "./KuzzleSearch.ts"

/**
 * Users, their credentials and API keys, profiles and roles.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleSecurity from "./KuzzleSecurity.ts"

/**
 * Information about the server.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleServer from "./KuzzleServer.ts"

/**
 * The socket of a client.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleSocket from "./KuzzleSocket.ts"

/**
 * Keeps the token of a session across reloads and restarts, and shares it.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleTokenStore from "./KuzzleTokenStore.ts"

/**
 * Spans and metrics.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleTelemetry from "./KuzzleTelemetry.ts"

/**
 * Leads from a notification to the span of the write that caused it.
 *
 * @since 0.1.0
 * @category modules
 */
export * as KuzzleTrace from "./KuzzleTrace.ts"
