/**
 * For a stream of documents, such as a file or an export: writes it into a collection. Take `KuzzleBatch` to send the small
 * requests of many callers together, and `KuzzleBulk` for one request with documents that you have at hand.
 *
 * A few requests are in flight at a time, and no more documents are in memory than these hold.
 *
 * @module
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { again } from "./internal/again.ts"
import { Kuzzle } from "./internal/client.ts"
import * as Json from "./internal/json.ts"
import * as Many from "./internal/many.ts"
import * as Envelope from "./internal/protocol/envelope.ts"
import * as KuzzleBulk from "./KuzzleBulk.ts"
import { EncodeError, type PayloadTooLargeError, ProtocolError, TypeId } from "./KuzzleError.ts"

/**
 * A document to be written, over the one of its id where there is one. Without an id Kuzzle makes one.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImportedDocument {
  readonly _id?: string | undefined
  readonly body: object
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends KuzzleBulk.Options {
  /** Tell the subscribers of the collection. */
  readonly notify?: boolean | undefined
  /** Documents in one request at most; 500 by default. */
  readonly chunkSize?: number | undefined
  /** Bytes of documents in one request at most; 512 KiB by default. The server takes 1 MiB, unless it is set up otherwise. */
  readonly chunkBytes?: number | undefined
  /** How many requests may be under way at once; 2 by default. With more than one, of two documents of one id either wins. */
  readonly concurrency?: number | undefined
}

/**
 * How far an import has come, after each request: numbers of documents, and the bytes that they took. A progress bar shows
 * `written + failed` of what there is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly written: number
  readonly failed: number
  readonly bytes: number
  /** Those that failed since the last element. */
  readonly failures: ReadonlyArray<NotImportedError>
}

/**
 * A document that was not written.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotImportedError extends Data.TaggedError("KuzzleNotImportedError")<{
  /** Its place in the stream, from 0. */
  readonly position: number
  readonly _id: string | undefined
  /** What Kuzzle said of it, or why it was not sent. */
  readonly cause: RejectedError | EncodeError | PayloadTooLargeError | ProtocolError
}> {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `document ${this.position}${this._id === undefined ? "" : ` (${this._id})`}: ${this.cause.message}`
  }
}

/**
 * The storage did not take a document; `reason` is in its words.
 *
 * @since 0.1.0
 * @category errors
 */
export class RejectedError extends Data.TaggedError("KuzzleRejectedError")<{
  readonly reason: string
  readonly status: number
}> {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return this.reason
  }
}

/**
 * A line is none of an export.
 *
 * @since 0.1.0
 * @category errors
 */
export class ImportLineError extends Data.TaggedError("KuzzleImportLineError")<{
  /** From 1. */
  readonly line: number
  readonly issue: string
}> {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `line ${this.line}: ${this.issue}`
  }
}

/** A document with its place, and either its JSON and the bytes that it takes, or why it cannot be sent. */
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

/** The JSON of a document is written once, although its size decides with which others it is sent. */
const writer = (options: Omit<Parameters<typeof KuzzleBulk.mWrite>[0], "documents">): Write => (entries) => {
  const { mWrite } = KuzzleBulk
  const given = { ...options, documents: entries.map(({ document }) => document) }
  const request = mWrite.request(given)
  const body = Json.remember(
    { documents: given.documents },
    `{"documents":[${entries.map(({ json }) => json).join()}]}`
  )
  return again(Effect.flatMap(Kuzzle, (kuzzle) => mWrite.send(kuzzle, { ...request, body }, mWrite.options(given))), {
    // Written twice, a document with an id is the same one.
    repeatable: given.documents.every(({ _id }) => _id !== undefined && _id !== "")
  })
}

/**
 * Writes documents as they are (`bulk:mWrite`): with the metadata that they carry (`_kuzzle_info`) and none of its own,
 * without a check of the collection's specifications, and nobody is notified unless asked for. The stream is how far it has
 * come; its end is the end of the import.
 *
 * A document that cannot be written is told in `failures` and ends nothing. A lost connection is waited for; only what was
 * under way then and would be written twice ends the import: documents without ids. So does what concerns them all (the
 * rights, no such collection).
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
    Stream.transduce(Sink.foldWeighted({
      initial: Chunk.empty<Entry>(),
      maxCost: chunkBytes,
      cost: (_, { bytes }: Entry) => Math.max(bytes, least),
      body: (chunk, entry: Entry) => Chunk.append(chunk, entry)
    })),
    Stream.filter(Chunk.isNonEmpty),
    Stream.mapEffect((chunk) => send(Chunk.toReadonlyArray(chunk), write), { concurrency, unordered: true }),
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
 * What an import can fail with as a whole.
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
        // One outcome for each document.
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
      // It was not sent: its halves may fit.
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
 * The documents of an export in JSON lines (`KuzzleExport`), its first line left out. A line that is none is the error of
 * the stream.
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
  if (Json.isUnreadable(frame)) return refuse("it is no JSON object")
  const { _id, body, type } = frame
  if (body === undefined && type === "collection") return Effect.succeedNone
  if (typeof body !== "object" || body === null || Array.isArray(body)) return refuse("its body is no object")
  if (_id !== undefined && typeof _id !== "string") return refuse("its _id is no text")
  return Effect.succeedSome({ _id, body: { ...body } })
}
