/**
 * The embedded Kuzzle: an in-memory server for tests.
 *
 * @since 0.1.0
 */
export * as KuzzleEngine from "./KuzzleEngine.ts"

/**
 * A socket that is connected to the embedded Kuzzle in memory.
 *
 * @since 0.1.0
 */
export * as KuzzleTestSocket from "./KuzzleTestSocket.ts"
