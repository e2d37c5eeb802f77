/**
 * The documents of a collection as a file: JSON lines or CSV, as bytes that come while they are read.
 *
 * @module
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Action from "./internal/action.ts"
import * as Exported from "./internal/protocol/exported.ts"
import * as Shape from "./internal/shape.ts"
import type { Content, Selection } from "./KuzzleDocument.ts"
import * as KuzzleDownload from "./KuzzleDownload.ts"
import type { RequestError } from "./KuzzleError.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type Options = ExportOptions & Selection

/**
 * The options of an export, without which documents.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExportOptions extends Action.CallOptions {
  readonly index: string
  readonly collection: string
  /**
   * `jsonl`, the default: a first line `{"collection", "index", "type"}`, then one `{"_id", "body"}` for each document,
   * which `KuzzleImport` takes. `csv`: a line of names, then one for each document, `_id` first. Kuzzle quotes nothing
   * in it: a separator or a line end within a value breaks its line.
   */
  readonly format?: "jsonl" | "csv" | undefined
  /** For CSV: which fields, by their paths; all that the mappings know by default. */
  readonly fields?: ReadonlyArray<string> | undefined
  /** For CSV: what fields are called in the first line. */
  readonly fieldsName?: Readonly<Record<string, string>> | undefined
  /** For CSV: `,` by default. */
  readonly separator?: string | undefined
  /** One document for each value of a field. Kuzzle then exports the first `size` of them only. */
  readonly collapse?: Content | undefined
  /** How many documents Kuzzle reads at a time; 500 by default. */
  readonly size?: number | undefined
  /** How long Kuzzle may take to write what it has read at a time, `30s` by default. See `stream`. */
  readonly scroll?: string | undefined
}

const action = Action.make<Options, void>({
  controller: "document",
  action: "export",
  http: ["POST", "/:index/:collection/_export"],
  idempotent: true,
  filterAsQuery: true,
  body: ["query", "fields", "fieldsName", "collapse"],
  // Of no use: what comes is bytes, see `stream`.
  result: Shape.done
})

/**
 * Exports documents (`document:export`). Kuzzle begins to answer before it looks for them: that it cannot find the
 * collection or run the query comes, like every other error, before the first byte here, but Kuzzle tells its words and
 * status only, not its id. An export that fails later on fails the stream, with nothing of the error in the bytes.
 *
 * When Kuzzle's own scroll expires, because what it has read cannot be written within `scroll`, the export ends there
 * without a word. Where every document counts, use `KuzzleSearch.hits`, which fails.
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
