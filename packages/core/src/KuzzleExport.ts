/**
 * Exports the documents of a collection as a stream of bytes, in JSON lines or CSV.
 *
 * @module
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Action from "./internal/client/action.ts"
import * as Shape from "./internal/data/shape.ts"
import * as Exported from "./internal/protocol/exported.ts"
import type { Content, Selection } from "./KuzzleDocument.ts"
import * as KuzzleDownload from "./KuzzleDownload.ts"
import type { RequestError } from "./KuzzleError.ts"

/**
 * The options of `stream`: which documents to export, and how.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = ExportOptions & Selection

/**
 * The options of an export, besides those that select the documents.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExportOptions extends Action.CallOptions {
  readonly index: string
  readonly collection: string
  /**
   * `jsonl`, the default: a first line `{"collection", "index", "type"}`, then a line `{"_id", "body"}` for each
   * document. `KuzzleImport` accepts it. `csv`: a line of names, then a line for each document, which begins with the
   * `_id`. Kuzzle does not quote values, so a separator or a line end within a value breaks the line.
   */
  readonly format?: "jsonl" | "csv" | undefined
  /** For CSV: the paths of the fields. By default, all fields that the mappings contain. */
  readonly fields?: ReadonlyArray<string> | undefined
  /** For CSV: the names of the fields in the first line. */
  readonly fieldsName?: Readonly<Record<string, string>> | undefined
  /** For CSV: the separator. Default: `,`. */
  readonly separator?: string | undefined
  /** Export only one document for each value of a field. Kuzzle then exports only the first `size` of them. */
  readonly collapse?: Content | undefined
  /** How many documents Kuzzle reads at a time. Default: 500. */
  readonly size?: number | undefined
  /** How long Kuzzle may take to write the documents of one read. Default: `30s`. See `stream`. */
  readonly scroll?: string | undefined
}

const action = Action.make<Options, void>({
  controller: "document",
  action: "export",
  http: ["POST", "/:index/:collection/_export"],
  idempotent: true,
  filterAsQuery: true,
  body: ["query", "fields", "fieldsName", "collapse"],
  // These options are not accepted, because the result is a stream of bytes.
  result: Shape.done
})

/**
 * Exports documents (`document:export`). Kuzzle begins to answer before it searches. If it cannot find the collection
 * or run the query, the stream fails before the first byte, with Kuzzle's message and status but without its id. If the
 * export fails later, the stream fails. The bytes never contain the error.
 *
 * Kuzzle's own scroll expires if the documents of one read cannot be written within `scroll`. Then the export ends
 * early without an error. If no document may be missing, use `KuzzleSearch.hits`, which fails instead.
 *
 * @example
 * ```ts
 * import { Console, Stream } from "effect"
 * import { KuzzleExport, KuzzleFilter } from "@effect-kuzzle/core"
 *
 * // NodeSink.fromWritable makes a file of it, and a page a Blob.
 * export const freeTaxis = KuzzleExport.stream({
 *   index: "nyc",
 *   collection: "taxi",
 *   format: "csv",
 *   fields: ["plate", "driver.name"],
 *   filter: KuzzleFilter.equals("status", "free")
 * }).pipe(Stream.decodeText(), Stream.splitLines, Stream.runForEach(Console.log))
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const stream = Action.wrap(
  action,
  (options: Options): Stream.Stream<Uint8Array, RequestError, KuzzleDownload.KuzzleDownload> => {
    const { timeout, volatile } = options
    const { http: route, idempotent } = action.declaration
    const request = action.request({ size: 500, scroll: "30s", ...options })
    return wholeLines(request, KuzzleDownload.stream(request, { timeout, volatile, idempotent, route }))
  }
)

const wholeLines = <R>(
  request: { readonly controller: string; readonly action: string },
  bytes: Stream.Stream<Uint8Array, RequestError, R>
): Stream.Stream<Uint8Array, RequestError, R> =>
  Stream.suspend(() => {
    let lines = Exported.empty
    return bytes.pipe(
      Stream.mapConcat((part) => {
        const [after, whole] = Exported.push(lines, part)
        lines = after
        return whole
      }),
      Stream.concat(Stream.unwrap(Effect.sync(() => {
        const last = Exported.end(request, lines)
        return "_tag" in last ? Stream.fail(last) : Stream.fromChunk(Chunk.unsafeFromArray(last))
      })))
    )
  })
