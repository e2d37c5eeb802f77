/**
 * Streams of answers that are bytes, such as files. Only the layers over HTTP provide this service, so a program that
 * needs it does not compile with a client over a WebSocket.
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { KuzzleRequest, RequestOptions } from "./internal/client/client.ts"
import type { RequestError } from "./KuzzleError.ts"

/**
 * The interface of a `KuzzleDownload`.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleDownloadShape {
  /** See `stream`. */
  readonly stream: (request: KuzzleRequest, options?: RequestOptions) => Stream.Stream<Uint8Array, RequestError>
}

/**
 * The service that downloads answers which are bytes. Only HTTP layers provide it.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleDownload extends Context.Tag("@effect-kuzzle/core/KuzzleDownload")<
  KuzzleDownload,
  KuzzleDownloadShape
>() {}

/**
 * The bytes of an action's answer, for example a file that a plugin serves. For documents, use `KuzzleExport`. If
 * Kuzzle or a proxy answers with an error, the stream fails before its first byte. The deadline applies to the start of
 * the answer and to each part of it, but not to the whole download. The time that the consumer takes does not count.
 *
 * @since 0.1.0
 * @category downloads
 */
export const stream = (
  request: KuzzleRequest,
  options?: RequestOptions
): Stream.Stream<Uint8Array, RequestError, KuzzleDownload> =>
  Stream.unwrap(Effect.map(KuzzleDownload, (download) => download.stream(request, options)))
