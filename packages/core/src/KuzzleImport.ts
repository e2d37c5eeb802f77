/**
 * Writes a stream of documents, such as a file or an export, into a collection. Use `KuzzleBatch` to combine small
 * requests of many callers, and `KuzzleBulk` for one request with documents that are in memory.
 *
 * A few requests are in flight at a time, and only their documents are in memory.
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { retryTransient } from "./internal/api/retryTransient.ts"
import { weighted } from "./internal/api/weighted.ts"
import { Kuzzle } from "./internal/client/client.ts"
import * as Json from "./internal/data/json.ts"
import * as Envelope from "./internal/protocol/envelope.ts"
import * as Many from "./internal/protocol/many.ts"
import * as KuzzleBulk from "./KuzzleBulk.ts"
import { EncodeError, type PayloadTooLargeError, ProtocolError, tagged } from "./KuzzleError.ts"

/**
 * A document to write. It replaces the document with the same id. Without an id, Kuzzle makes one.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImportedDocument {
  readonly _id?: string | undefined
  readonly body: object
}

/**
 * The options of an import.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends KuzzleBulk.Options {
  /** Whether to notify the subscribers of the collection. */
  readonly notify?: boolean | undefined
  /** The maximum number of documents in one request. Default: 500. */
  readonly chunkSize?: number | undefined
  /**
   * The maximum size of the documents in one request, in bytes. Default: 512 KiB. By default, the server accepts
   * requests of 1 MiB.
   */
  readonly chunkBytes?: number | undefined
  /**
   * How many requests may be in flight at once. Default: 2. With more than one, either of two documents with the same
   * id may be written last.
   */
  readonly concurrency?: number | undefined
}

/**
 * The progress of an import after each request: the numbers of documents so far, and their size in bytes. A progress
 * bar shows `written + failed` in relation to the number of all documents.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly written: number
  readonly failed: number
  readonly bytes: number
  /** The documents that have failed since the previous element of the stream. */
  readonly failures: ReadonlyArray<NotImportedError>
}

/**
 * A document that was not written.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotImportedError extends tagged("KuzzleNotImportedError")<{
  /** Its position in the stream, beginning with 0. */
  readonly position: number
  readonly _id: string | undefined
  /** Kuzzle's error, or the reason why the document was not sent. */
  readonly cause: RejectedError | EncodeError | PayloadTooLargeError | ProtocolError
}> {
  override get message(): string {
    return `document ${this.position}${this._id === undefined ? "" : ` (${this._id})`}: ${this.cause.message}`
  }
}

/**
 * The storage refused a document. `reason` is the storage's message.
 *
 * @since 0.1.0
 * @category errors
 */
export class RejectedError extends tagged("KuzzleRejectedError")<{
  readonly reason: string
  readonly status: number
}> {
  override get message(): string {
    return this.reason
  }
}

/**
 * A line of the input is not a line of an export.
 *
 * @since 0.1.0
 * @category errors
 */
export class ImportLineError extends tagged("KuzzleImportLineError")<{
  /** The number of the line, beginning with 1. */
  readonly line: number
  readonly issue: string
}> {
  override get message(): string {
    return `line ${this.line}: ${this.issue}`
  }
}

/** A document with its position. It has either its JSON with the size in bytes, or the reason why it cannot be sent. */
interface Entry {
  readonly position: number
  readonly document: ImportedDocument
  readonly json: string
  readonly bytes: number
  readonly issue: string | undefined
}

const entry = ([document, position]: [ImportedDocument, number]): Entry => {
  const json = Json.stringify(document)
  return typeof json === "string"
    ? { position, document, json, bytes: Envelope.sizeOf(json), issue: undefined }
    : { position, document, json: "", bytes: 0, issue: json.issue }
}

type Write = (entries: ReadonlyArray<Entry>) => ReturnType<typeof KuzzleBulk.mWrite>

/**
 * The action that writes documents. The JSON of a document is made only once, although its size is needed earlier to
 * form the requests.
 */
const writer = (options: Omit<Parameters<typeof KuzzleBulk.mWrite>[0], "documents">): Write => (entries) => {
  const { mWrite } = KuzzleBulk
  const writeOptions = { ...options, documents: entries.map(({ document }) => document) }
  const request = mWrite.request(writeOptions)
  const body = Json.remember(
    { documents: writeOptions.documents },
    `{"documents":[${entries.map(({ json }) => json).join()}]}`
  )
  return retryTransient(
    Effect.flatMap(Kuzzle, (kuzzle) => mWrite.send(kuzzle, { ...request, body }, mWrite.options(writeOptions))),
    {
      // A document with an id may be written twice, because the result is the same.
      repeatable: writeOptions.documents.every(({ _id }) => _id !== undefined && _id !== "")
    }
  )
}

/**
 * Writes documents unchanged (`bulk:mWrite`). They keep their own metadata (`_kuzzle_info`) and are not validated.
 * Subscribers are notified only if `notify` is set. The stream emits the progress. When it ends, the import has ended.
 *
 * A document that cannot be written is listed in `failures`, and the import continues. After a lost connection the
 * import waits for the next one and continues. It fails only if documents without ids were in flight, because they
 * could be written twice. It also fails with errors that concern all documents (missing rights, no such collection).
 *
 * @example
 * ```ts
 * import { Console, Stream } from "effect"
 * import { KuzzleImport } from "@effect-kuzzle/core"
 *
 * const documents = Stream.range(1, 10_000).pipe(Stream.map((n) => ({ _id: `taxi-${n}`, body: { seats: n % 5 } })))
 *
 * export const bar = KuzzleImport.stream(documents, { index: "nyc", collection: "taxi" }).pipe(
 *   Stream.tap(({ failures }) => Stream.runForEach(Stream.fromIterable(failures), Console.error)),
 *   Stream.runForEach(({ failed, written }) => Console.log(`${((written + failed) / 100).toFixed(0)} %`))
 * )
 * ```
 *
 * @since 0.1.0
 * @category importing
 */
export const stream = <E, R>(
  documents: Stream.Stream<ImportedDocument, E, R>,
  { chunkBytes = 512 * 1024, chunkSize = 500, concurrency = 2, ...options }: Options
): Stream.Stream<Progress, E | ImportError, R | Kuzzle> => {
  const least = Math.max(1, Math.floor(chunkBytes / chunkSize))
  const write = writer(options)
  return documents.pipe(
    Stream.zipWithIndex,
    Stream.map(entry),
    weighted(chunkBytes, ({ bytes }: Entry) => Math.max(bytes, least)),
    Stream.mapEffect((chunk) => send(chunk, write), { concurrency, unordered: true }),
    Stream.mapAccum({ written: 0, failed: 0, bytes: 0 }, (sum, { bytes, failures, total }) => {
      const now = {
        written: sum.written + total - failures.length,
        failed: sum.failed + failures.length,
        bytes: sum.bytes + bytes
      }
      return [now, { ...now, failures }]
    })
  )
}

/**
 * The errors that end an import.
 *
 * @since 0.1.0
 * @category errors
 */
export type ImportError = Effect.Effect.Error<ReturnType<typeof KuzzleBulk.mWrite>>

interface Sent {
  readonly total: number
  readonly bytes: number
  readonly failures: ReadonlyArray<NotImportedError>
}

const send = (entries: ReadonlyArray<Entry>, write: Write): Effect.Effect<Sent, ImportError, Kuzzle> =>
  Effect.gen(function*() {
    const failures = entries.flatMap(({ document, issue, position }) =>
      issue === undefined
        ? []
        : [new NotImportedError({ position, _id: document._id, cause: new EncodeError({ ...action, issue }) })]
    )
    const sendable = entries.filter(({ issue }) => issue === undefined)
    for (const round of Many.rounds(sendable, ({ document }) => document._id)) {
      failures.push(...(yield* sendRound(round, write)))
    }
    return { total: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0), failures }
  })

const action = { controller: "bulk", action: "mWrite" }

const sendRound = (
  entries: ReadonlyArray<Entry>,
  write: Write
): Effect.Effect<ReadonlyArray<NotImportedError>, ImportError, Kuzzle> => {
  const items = entries.map(({ document: { _id, body } }) => ({ _id, content: body }))
  return write(entries).pipe(
    Effect.map((answer) =>
      Many.outcomes(items, answer).flatMap((outcome, i) => {
        // Safe: there is an outcome for each document.
        const { document: { _id }, position } = entries[i] as Entry
        switch (outcome._tag) {
          case "Done":
            return []
          case "Failed":
            return [new NotImportedError({ position, _id, cause: new RejectedError(outcome.error) })]
          case "Unknown":
            return [
              new NotImportedError({ position, _id, cause: new ProtocolError({ ...action, issue: Many.unknown }) })
            ]
        }
      })
    ),
    Effect.catchTag("KuzzlePayloadTooLargeError", (cause) =>
      // The request was not executed. Each half may fit.
      entries.length > 1
        ? Effect.map(Effect.forEach(Many.halves(entries), (half) => sendRound(half, write)), (failures) =>
          failures.flat())
        : Effect.succeed(
          entries.map(({ document, position }) =>
            new NotImportedError({ position, _id: document._id, cause })
          )
        ))
  )
}

/**
 * Reads the documents from an export in JSON lines (`KuzzleExport`). Its first line is skipped. The stream fails with
 * an `ImportLineError` at a line that is not a line of an export.
 *
 * @example
 * ```ts
 * import { KuzzleExport, KuzzleImport } from "@effect-kuzzle/core"
 *
 * export const copied = KuzzleExport.stream({ index: "nyc", collection: "taxi" }).pipe(
 *   KuzzleImport.fromJsonLines,
 *   (documents) => KuzzleImport.stream(documents, { index: "nyc", collection: "taxi-2" })
 * )
 * ```
 *
 * @since 0.1.0
 * @category importing
 */
export const fromJsonLines = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<ImportedDocument, E | ImportLineError, R> =>
  bytes.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.zipWithIndex,
    Stream.filter(([line]) => line.trim() !== ""),
    Stream.mapEffect(([line, index]) => parsed(line, index + 1)),
    Stream.filterMap((document) => document)
  )

const parsed = (text: string, line: number): Effect.Effect<Option.Option<ImportedDocument>, ImportLineError> => {
  const frame = Json.parseObject(text)
  const refuse = (issue: string) => Effect.fail(new ImportLineError({ line, issue }))
  if (Json.isUnreadable(frame)) return refuse("it is not a JSON object")
  const { _id, body, type } = frame
  if (body === undefined && type === "collection") return Effect.succeedNone
  if (typeof body !== "object" || body === null || Array.isArray(body)) return refuse("its body is not an object")
  if (_id !== undefined && typeof _id !== "string") return refuse("its _id is not a string")
  return Effect.succeedSome({ _id, body: { ...body } })
}
