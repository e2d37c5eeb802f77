/**
 * @since 0.1.0
 */
export * as KuzzleEngine from "./KuzzleEngine.ts"

/**
 * @since 0.1.0
 */
export * as KuzzleTestSocket from "./KuzzleTestSocket.ts"
