/**
 * Writes documents unchanged, with one request, for example to restore them. Use `KuzzleImport` for a stream of
 * documents or for more documents than fit into one request. Use `KuzzleBatch` to combine many small requests.
 *
 * These actions do not validate documents and add no metadata. The number of documents is not limited. Subscribers are
 * only notified if `notify` is set.
 *
 * @module
 * @since 0.1.0
 */
import * as Action from "./internal/client/action.ts"
import * as Shape from "./internal/data/shape.ts"
import * as Shapes from "./internal/data/shapes.ts"
import {
  CollectionNotFoundError,
  IncompleteRequestError,
  IncompleteUpdateError,
  IndexNotFoundError,
  InvalidSearchError,
  MappingRejectionError
} from "./KuzzleActionError.ts"
import type * as KuzzleCollection from "./KuzzleCollection.ts"
import * as KuzzleDocument from "./KuzzleDocument.ts"

/**
 * The options of all bulk actions.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Action.CallOptions, KuzzleCollection.Target {
  /** `wait_for`: answer only when searches see the change. */
  readonly refresh?: "wait_for" | "false" | undefined
}

type Absent = IndexNotFoundError | CollectionNotFoundError

/**
 * The outcome of one line, under the name of its operation.
 *
 * @since 0.1.0
 * @category models
 */
export type Line<Outcome> = Readonly<Partial<Record<"index" | "create" | "update" | "delete", Outcome>>>

/**
 * An operation that succeeded.
 *
 * @since 0.1.0
 * @category models
 */
export interface Done {
  readonly _id: string
  readonly status: number
}

/**
 * An operation that failed. The status is 404 if the document does not exist. The failure of a `delete` of such a
 * document has no `error`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failed {
  /** The id of the document. Missing if the operation did not contain one. */
  readonly _id?: string
  readonly status: number
  /** The document to be written. */
  readonly _source?: KuzzleDocument.Content
  readonly error?: { readonly type: string; readonly reason: string }
}

const line = <Outcome extends object>(): Shape.Shape<Line<Outcome>> => {
  const outcome = Shape.optional(Shape.object<Outcome>())
  return Shape.struct<Line<Outcome>>({ index: outcome, create: outcome, update: outcome, delete: outcome })
}

const importLines = Action.make<
  Options & {
    /** Lines of Elasticsearch's bulk API: an operation, followed by its document unless it is a `delete`. */
    readonly bulkData: ReadonlyArray<object>
    readonly strict?: boolean | undefined
  },
  KuzzleDocument.Many<Line<Done>, Line<Failed>>,
  Absent | IncompleteRequestError
>({
  controller: "bulk",
  action: "import",
  http: ["POST", "/:index/:collection/_bulk"],
  idempotent: false,
  body: ["bulkData"],
  errors: [IndexNotFoundError, CollectionNotFoundError, IncompleteRequestError],
  result: Shape.whole(Shapes.many(line<Done>(), line<Failed>()))
})

export {
  /**
   * Writes, changes and deletes documents, line by line (`bulk:import`). It is the only bulk action that writes
   * metadata.
   *
   * @example
   * ```ts
   * import { Effect } from "effect"
   * import { KuzzleBulk } from "@effect-kuzzle/core"
   *
   * export const failures = KuzzleBulk.import({
   *   index: "nyc",
   *   collection: "taxi",
   *   bulkData: [
   *     { index: { _id: "yellow-1" } },
   *     { status: "free" },
   *     { delete: { _id: "yellow-2" } }
   *   ]
   * }).pipe(Effect.map(({ errors }) => errors.length))
   * ```
   *
   * @since 0.1.0
   * @category actions
   */
  importLines as import
}

/**
 * Creates or replaces a document (`bulk:write`).
 *
 * @since 0.1.0
 * @category actions
 */
export const write = Action.make<
  Options & {
    readonly content: object
    readonly _id?: string | undefined
    /** Notify the subscribers. */
    readonly notify?: boolean | undefined
  },
  KuzzleDocument.Document,
  Absent | MappingRejectionError
>({
  controller: "bulk",
  action: "write",
  http: ["POST", "/:index/:collection/_write"],
  idempotent: false,
  body: "content",
  errors: [IndexNotFoundError, CollectionNotFoundError, MappingRejectionError],
  result: Shape.whole(KuzzleDocument.documentShape)
})

/**
 * Creates or replaces many documents (`bulk:mWrite`).
 *
 * @since 0.1.0
 * @category actions
 */
export const mWrite = Action.make<
  Options & {
    readonly documents: ReadonlyArray<{
      readonly _id?: string | undefined
      readonly body: object
    }>
    readonly strict?: boolean | undefined
    /** Notify the subscribers. */
    readonly notify?: boolean | undefined
  },
  KuzzleDocument.Many<KuzzleDocument.Document, KuzzleDocument.Rejection>,
  Absent | IncompleteRequestError
>({
  controller: "bulk",
  action: "mWrite",
  http: ["POST", "/:index/:collection/_mWrite"],
  idempotent: false,
  body: ["documents"],
  errors: [IndexNotFoundError, CollectionNotFoundError, IncompleteRequestError],
  result: Shape.whole(Shapes.many(KuzzleDocument.documentShape, KuzzleDocument.rejectionShape))
})

/**
 * Deletes all documents that a query finds (`bulk:deleteByQuery`), without notifications. Returns their number.
 *
 * @since 0.1.0
 * @category actions
 */
export const deleteByQuery = Action.make<
  Options & { readonly query: object },
  number,
  Absent | InvalidSearchError
>({
  controller: "bulk",
  action: "deleteByQuery",
  http: ["DELETE", "/:index/:collection/_bulk/_query"],
  idempotent: false,
  body: ["query"],
  errors: [IndexNotFoundError, CollectionNotFoundError, InvalidSearchError],
  result: Shape.member("deleted", Shape.number)
})

/**
 * Makes the same changes to all documents that a query finds (`bulk:updateByQuery`), without notifications. Returns
 * their number. There is no option `refresh`, because Kuzzle 2.56 passes `wait_for` to Elasticsearch, which refuses it
 * here.
 *
 * @since 0.1.0
 * @category actions
 */
export const updateByQuery = Action.make<
  Action.CallOptions & KuzzleCollection.Target & {
    readonly query: object
    readonly changes: object
  },
  number,
  Absent | IncompleteUpdateError | InvalidSearchError | MappingRejectionError
>({
  controller: "bulk",
  action: "updateByQuery",
  http: ["PATCH", "/:index/:collection/_bulk/_query"],
  idempotent: false,
  body: ["query", "changes"],
  errors: [
    IndexNotFoundError,
    CollectionNotFoundError,
    IncompleteUpdateError,
    InvalidSearchError,
    MappingRejectionError
  ],
  result: Shape.member("updated", Shape.number)
})
