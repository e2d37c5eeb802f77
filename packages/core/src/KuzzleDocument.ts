/**
 * Writes, reads and searches documents.
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Action from "./internal/client/action.ts"
import type { Kuzzle } from "./internal/client/client.ts"
import * as Shape from "./internal/data/shape.ts"
import * as Shapes from "./internal/data/shapes.ts"
import {
  CollectionNotFoundError,
  DocumentAlreadyExistsError,
  DocumentNotFoundError,
  FetchLimitError,
  IncompleteRequestError,
  IndexNotFoundError,
  InvalidSearchError,
  MappingRejectionError,
  ScrollNotFoundError,
  ScrollTooLongError,
  SpecificationRejectionError,
  TooManyChangesError,
  WriteLimitError
} from "./KuzzleActionError.ts"
import type { RequestError } from "./KuzzleError.ts"
import type { Part, SearchFilter } from "./KuzzleFilter.ts"
import type * as KuzzleRealtime from "./KuzzleRealtime.ts"

/**
 * The content of a document.
 *
 * @since 0.1.0
 * @category models
 */
export type Content = Readonly<Record<string, unknown>>

/**
 * A document as Kuzzle returns it: `_source` is its content, including Kuzzle's own `_kuzzle_info`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Document<Source = Content> {
  readonly _id: string
  readonly _source: Source & { readonly _kuzzle_info?: KuzzleInfo }
  readonly _version: number
}

/**
 * Who wrote a document and when. Times are in milliseconds since the epoch. `author` and `updater` are user ids. The
 * anonymous user has `-1`.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleInfo {
  readonly author?: string | null
  readonly createdAt?: number
  readonly updater?: string | null
  readonly updatedAt?: number | null
}

/**
 * The document that an action concerns.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  /** The index of the collection. */
  readonly index: string
  /** The collection of the document. */
  readonly collection: string
  /** The id of the document. */
  readonly _id: string
}

/** The collection that an action concerns. (This module cannot import `KuzzleCollection`, which imports it.) */
type Within = Omit<Target, "_id">

/**
 * The options of every write.
 *
 * @since 0.1.0
 * @category models
 */
export interface WriteOptions extends Action.CallOptions {
  /** `wait_for`: answer only when searches see the change. */
  readonly refresh?: "wait_for" | "false" | undefined
  /** Whether to write without notifying subscribers. */
  readonly silent?: boolean | undefined
}

/**
 * The options of every write of parts of a document.
 *
 * @since 0.1.0
 * @category models
 */
export interface UpdateOptions extends WriteOptions {
  /** How often the server retries after a conflict with another write. Default: 10. */
  readonly retryOnConflict?: number | undefined
}

/**
 * The options of every request on many documents.
 *
 * @since 0.1.0
 * @category models
 */
export interface ManyOptions extends Within {
  /**
   * Whether to fail with a `KuzzleIncompleteRequestError` if some documents fail. The others are written all the same.
   */
  readonly strict?: boolean | undefined
}

/** The errors for an index or a collection that does not exist. */
type Absent = IndexNotFoundError | CollectionNotFoundError

// -------------------------------------------------------------------------------------------------------------------
// shapes
// -------------------------------------------------------------------------------------------------------------------

const source = Shape.object<Document["_source"]>()

/** @internal */
export const documentShape = Shape.struct<Document>({
  _id: Shape.string,
  _source: source,
  _version: Shape.number
})

const changedShape = Shape.struct<Changed>({
  _id: Shape.string,
  _version: Shape.number,
  _source: Shape.optional(source)
})

/** A deleted document. */
const deletedShape = Shape.struct<Partial<Document> & { readonly _id: string }>({
  _id: Shape.string,
  _source: Shape.optional(source),
  _version: Shape.optional(Shape.number)
})

/** @internal */
export const rejectionShape = Shape.struct<Rejection>({
  document: Shape.struct<Rejection["document"]>({ _id: Shape.optional(Shape.string) }),
  reason: Shape.string,
  status: Shape.number
})

// -------------------------------------------------------------------------------------------------------------------
// one document
// -------------------------------------------------------------------------------------------------------------------

/**
 * Creates a document (`document:create`). Without an `_id`, Kuzzle generates one.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleDocument } from "@effect-kuzzle/core"
 *
 * export const taxi = KuzzleDocument.create({
 *   index: "nyc",
 *   collection: "taxi",
 *   content: { status: "free" },
 *   refresh: "wait_for"
 * }).pipe(Effect.map((document) => document._id))
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const create = Action.make<
  WriteOptions & Within & { readonly content: object; readonly _id?: string | undefined },
  Document,
  Absent | DocumentAlreadyExistsError | MappingRejectionError | SpecificationRejectionError
>({
  controller: "document",
  action: "create",
  http: ["POST", "/:index/:collection/_create"],
  idempotent: false,
  body: "content",
  errors: [
    IndexNotFoundError,
    CollectionNotFoundError,
    DocumentAlreadyExistsError,
    MappingRejectionError,
    SpecificationRejectionError
  ],
  result: Shape.whole(documentShape)
})

/**
 * Creates or replaces a document (`document:createOrReplace`).
 *
 * @since 0.1.0
 * @category actions
 */
export const createOrReplace = Action.make<
  WriteOptions & Target & { readonly content: object },
  Document & { readonly created: boolean },
  Absent | MappingRejectionError | SpecificationRejectionError
>({
  controller: "document",
  action: "createOrReplace",
  http: ["PUT", "/:index/:collection/:_id"],
  idempotent: true,
  body: "content",
  errors: [IndexNotFoundError, CollectionNotFoundError, MappingRejectionError, SpecificationRejectionError],
  result: Shape.whole(Shape.and(documentShape, Shapes.created))
})

/**
 * Replaces an existing document (`document:replace`).
 *
 * @since 0.1.0
 * @category actions
 */
export const replace = Action.make<
  WriteOptions & Target & { readonly content: object },
  Document,
  Absent | DocumentNotFoundError | MappingRejectionError | SpecificationRejectionError
>({
  controller: "document",
  action: "replace",
  http: ["PUT", "/:index/:collection/:_id/_replace"],
  idempotent: true,
  body: "content",
  errors: [
    IndexNotFoundError,
    CollectionNotFoundError,
    DocumentNotFoundError,
    MappingRejectionError,
    SpecificationRejectionError
  ],
  result: Shape.whole(documentShape)
})

/**
 * Reads a document (`document:get`). If it may not exist, use `getOption`. `get<Taxi>` declares the type of the
 * document without checking it. Use `KuzzleRepository` to decode documents by a Schema.
 *
 * @since 0.1.0
 * @category actions
 */
export const get = Action.make<Action.CallOptions & Target, Document, Absent | DocumentNotFoundError>({
  controller: "document",
  action: "get",
  http: ["GET", "/:index/:collection/:_id"],
  idempotent: true,
  errors: [IndexNotFoundError, CollectionNotFoundError, DocumentNotFoundError],
  result: Shape.whole(documentShape)
  // The caller declares the type of the document.
}) as
  & (<Source = Content>(
    options: Action.CallOptions & Target
  ) => Effect.Effect<Document<Source>, RequestError | Absent | DocumentNotFoundError, Kuzzle>)
  & Action.Sendable<Action.CallOptions & Target, Document, Absent | DocumentNotFoundError>

/**
 * Reads a document. Returns `None` if it does not exist. A missing index or collection is still an error.
 *
 * @example
 * ```ts
 * import { Effect, Option } from "effect"
 * import { KuzzleDocument } from "@effect-kuzzle/core"
 *
 * export const status = KuzzleDocument.getOption({ index: "nyc", collection: "taxi", _id: "yellow-1" }).pipe(
 *   Effect.map(Option.match({ onNone: () => "no such taxi", onSome: ({ _source }) => String(_source.status) }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const getOption = <Source = Content>(
  options: Action.CallOptions & Target
): Effect.Effect<Option.Option<Document<Source>>, RequestError | Absent, Kuzzle> =>
  get<Source>(options).pipe(
    Effect.asSome,
    Effect.catchTag("KuzzleDocumentNotFoundError", () => Effect.succeed(Option.none()))
  )

/**
 * Whether a document exists (`document:exists`).
 *
 * @since 0.1.0
 * @category actions
 */
export const exists = Action.make<Action.CallOptions & Target, boolean, Absent>({
  controller: "document",
  action: "exists",
  http: ["GET", "/:index/:collection/:_id/_exists"],
  idempotent: true,
  errors: [IndexNotFoundError, CollectionNotFoundError],
  result: Shape.whole(Shape.boolean)
})

/**
 * Changes some fields of a document (`document:update`). Returns those fields or, with `source`, the whole document.
 *
 * @since 0.1.0
 * @category actions
 */
export const update = Action.make<
  UpdateOptions & Target & { readonly content: object; readonly source?: boolean | undefined },
  Document,
  Absent | DocumentNotFoundError | MappingRejectionError | SpecificationRejectionError | TooManyChangesError
>({
  controller: "document",
  action: "update",
  http: ["PATCH", "/:index/:collection/:_id/_update"],
  idempotent: true,
  body: "content",
  errors: [
    IndexNotFoundError,
    CollectionNotFoundError,
    DocumentNotFoundError,
    MappingRejectionError,
    SpecificationRejectionError,
    TooManyChangesError
  ],
  result: Shape.whole(documentShape)
})

/**
 * A document that was changed. It has its content only if the request has `source`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Changed {
  readonly _id: string
  readonly _version: number
  readonly _source?: Document["_source"]
}

/**
 * Changes some fields of a document, or creates it from `default` and `changes` if it does not exist
 * (`document:upsert`). With `source` it returns the whole document.
 *
 * @since 0.1.0
 * @category actions
 */
export const upsert = Action.make<
  UpdateOptions & Target & {
    readonly changes: object
    readonly default?: object | undefined
    readonly source?: boolean | undefined
  },
  Changed & { readonly created: boolean },
  Absent | MappingRejectionError | TooManyChangesError
>({
  controller: "document",
  action: "upsert",
  http: ["POST", "/:index/:collection/:_id/_upsert"],
  idempotent: true,
  body: ["changes", "default"],
  errors: [IndexNotFoundError, CollectionNotFoundError, MappingRejectionError, TooManyChangesError],
  result: Shape.whole(Shape.and(changedShape, Shapes.created))
})

/**
 * Removes fields from a document (`document:deleteFields`), each by its dotted path. Fields that do not exist are
 * ignored. With `source` it returns the whole document.
 *
 * @since 0.1.0
 * @category actions
 */
export const deleteFields = Action.make<
  WriteOptions & Target & { readonly fields: ReadonlyArray<string>; readonly source?: boolean | undefined },
  Changed,
  Absent | DocumentNotFoundError
>({
  controller: "document",
  action: "deleteFields",
  http: ["DELETE", "/:index/:collection/:_id/_fields"],
  idempotent: true,
  body: ["fields"],
  errors: [IndexNotFoundError, CollectionNotFoundError, DocumentNotFoundError],
  result: Shape.whole(changedShape)
})

const remove = Action.make<
  WriteOptions & Target & { readonly source?: boolean | undefined },
  { readonly _id: string; readonly _source?: Document["_source"]; readonly _version?: number },
  Absent | DocumentNotFoundError
>({
  controller: "document",
  action: "delete",
  http: ["DELETE", "/:index/:collection/:_id"],
  idempotent: true,
  errors: [IndexNotFoundError, CollectionNotFoundError, DocumentNotFoundError],
  result: Shape.whole(deletedShape)
})

export {
  /**
   * Deletes a document (`document:delete`). Returns its id and, with `source`, its content.
   *
   * @since 0.1.0
   * @category actions
   */
  remove as delete
}

/**
 * The result of a validation: the faults of the document as a whole, and of its fields.
 *
 * @since 0.1.0
 * @category models
 */
export type Validation = KuzzleRealtime.Validation

/**
 * The faults of a field, and of the fields inside it.
 *
 * @since 0.1.0
 * @category models
 */
export type FieldFaults = KuzzleRealtime.FieldFaults

/**
 * Validates a document by the specifications of the collection, without writing it (`document:validate`). In a
 * collection without specifications, or one that does not exist, every document is valid.
 *
 * @since 0.1.0
 * @category actions
 */
export const validate = Action.make<
  Action.CallOptions & Within & { readonly content: object },
  Validation
>({
  controller: "document",
  action: "validate",
  http: ["POST", "/:index/:collection/_validate"],
  idempotent: true,
  body: "content",
  result: Shape.whole(Shape.struct<Validation>({ valid: Shape.boolean, errorMessages: Shape.object() }))
})

// -------------------------------------------------------------------------------------------------------------------
// many documents
// -------------------------------------------------------------------------------------------------------------------

/**
 * The outcome of a request on many documents: some may have succeeded, some failed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Many<Success, Failure> {
  readonly successes: ReadonlyArray<Success>
  readonly errors: ReadonlyArray<Failure>
}

/**
 * A document that was not written, with the reason. `document` is the document as it was sent. If the storage refused
 * it, `_source` is what would have been stored. For an upsert, this contains `changes` and `default`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rejection {
  readonly document: {
    readonly _id?: string
    readonly body?: unknown
    readonly changes?: unknown
    readonly default?: unknown
    readonly _source?: Content
  }
  readonly reason: string
  readonly status: number
}

/**
 * A document that a request on many has written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Written extends Document {
  readonly created: boolean
  readonly result: "created" | "updated"
  readonly status: number
}

/**
 * A document that a request on many has changed. `_updatedFields` are the paths of the fields that were sent. It is
 * absent for a silent change.
 *
 * @since 0.1.0
 * @category models
 */
export interface Updated extends Document {
  readonly status: number
  readonly _updatedFields?: ReadonlyArray<string>
}

const status = Shape.struct<{ readonly status: number }>({ status: Shape.number })

const writeOutcome = Shape.struct<Pick<Written, "created" | "result" | "status">>({
  created: Shape.boolean,
  result: Shape.literal("created", "updated"),
  status: Shape.number
})

const written = Shapes.many(Shape.and(documentShape, writeOutcome), rejectionShape)

const updated: Shape.Shape<Updated> = Shape.and(
  documentShape,
  Shape.struct<Pick<Updated, "status" | "_updatedFields">>({
    status: Shape.number,
    _updatedFields: Shape.optional(Shape.array(Shape.string))
  })
)

/**
 * Creates many documents (`document:mCreate`).
 *
 * @since 0.1.0
 * @category actions
 */
export const mCreate = Action.make<
  WriteOptions & ManyOptions & {
    readonly documents: ReadonlyArray<{ readonly _id?: string | undefined; readonly body: object }>
  },
  Many<Written, Rejection>,
  Absent | WriteLimitError | IncompleteRequestError
>({
  controller: "document",
  action: "mCreate",
  http: ["POST", "/:index/:collection/_mCreate"],
  idempotent: false,
  body: ["documents"],
  errors: [IndexNotFoundError, CollectionNotFoundError, WriteLimitError, IncompleteRequestError],
  result: Shape.whole(written)
})

const createOrReplaceMany = Action.make<
  WriteOptions & ManyOptions & {
    readonly documents: ReadonlyArray<{ readonly _id: string; readonly body: object }>
    readonly source?: true | "false" | undefined
  },
  Many<Omit<Written, "_source"> & Pick<Changed, "_source">, Rejection>,
  Absent | WriteLimitError | IncompleteRequestError
>({
  controller: "document",
  action: "mCreateOrReplace",
  http: ["PUT", "/:index/:collection/_mCreateOrReplace"],
  idempotent: true,
  body: ["documents"],
  errors: [IndexNotFoundError, CollectionNotFoundError, WriteLimitError, IncompleteRequestError],
  result: Shape.whole(Shapes.many(Shape.and(changedShape, writeOutcome), rejectionShape))
})

/**
 * Creates or replaces many documents (`document:mCreateOrReplace`). `source: false` omits their content from the answer
 * and from the notifications.
 *
 * @since 0.1.0
 * @category actions
 */
export const mCreateOrReplace = Action.mapInput(
  createOrReplaceMany,
  ({ source, ...options }: WriteOptions & ManyOptions & {
    readonly documents: ReadonlyArray<{ readonly _id: string; readonly body: object }>
    readonly source?: boolean | undefined
  }) =>
    // It is sent as text, because over HTTP a boolean that is present counts as true.
    source === undefined ? options : { ...options, source: source || "false" as const }
)

/**
 * Replaces many existing documents (`document:mReplace`).
 *
 * @since 0.1.0
 * @category actions
 */
export const mReplace = Action.make<
  WriteOptions & ManyOptions & {
    readonly documents: ReadonlyArray<{ readonly _id: string; readonly body: object }>
  },
  Many<Written, Rejection>,
  Absent | WriteLimitError | IncompleteRequestError
>({
  controller: "document",
  action: "mReplace",
  http: ["PUT", "/:index/:collection/_mReplace"],
  idempotent: true,
  body: ["documents"],
  errors: [IndexNotFoundError, CollectionNotFoundError, WriteLimitError, IncompleteRequestError],
  result: Shape.whole(written)
})

/**
 * Changes some fields of many documents (`document:mUpdate`). Returns the whole documents.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleDocument } from "@effect-kuzzle/core"
 *
 * export const park = (ids: ReadonlyArray<string>) =>
 *   KuzzleDocument.mUpdate({
 *     index: "nyc",
 *     collection: "taxi",
 *     documents: ids.map((_id) => ({ _id, body: { status: "parked" } }))
 *   }).pipe(
 *     // Some may have been changed, and some not.
 *     Effect.map(({ errors }) => errors.map(({ document, reason }) => `${document._id}: ${reason}`))
 *   )
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const mUpdate = Action.make<
  UpdateOptions & ManyOptions & {
    readonly documents: ReadonlyArray<{ readonly _id: string; readonly body: object }>
  },
  Many<Updated, Rejection>,
  Absent | WriteLimitError | IncompleteRequestError
>({
  controller: "document",
  action: "mUpdate",
  http: ["PATCH", "/:index/:collection/_mUpdate"],
  idempotent: true,
  body: ["documents"],
  errors: [IndexNotFoundError, CollectionNotFoundError, WriteLimitError, IncompleteRequestError],
  result: Shape.whole(Shapes.many(updated, rejectionShape))
})

/**
 * Changes some fields of many documents, and creates those that do not exist (`document:mUpsert`). If a field is in
 * both `changes` and `default`, a new document gets the value of `default`, unlike with `upsert`.
 *
 * @since 0.1.0
 * @category actions
 */
export const mUpsert = Action.make<
  UpdateOptions & ManyOptions & {
    readonly documents: ReadonlyArray<{
      readonly _id: string
      readonly changes: object
      readonly default?: object | undefined
    }>
  },
  Many<Updated & { readonly created: boolean }, Rejection>,
  Absent | WriteLimitError | IncompleteRequestError
>({
  controller: "document",
  action: "mUpsert",
  http: ["POST", "/:index/:collection/_mUpsert"],
  idempotent: true,
  body: ["documents"],
  errors: [IndexNotFoundError, CollectionNotFoundError, WriteLimitError, IncompleteRequestError],
  result: Shape.whole(Shapes.many(Shape.and(updated, Shapes.created), rejectionShape))
})

/**
 * Deletes many documents (`document:mDelete`). Returns the ids of those that were deleted.
 *
 * @since 0.1.0
 * @category actions
 */
export const mDelete = Action.make<
  WriteOptions & ManyOptions & { readonly ids: ReadonlyArray<string> },
  Many<string, { readonly _id: string; readonly reason: string; readonly status: number }>,
  Absent | WriteLimitError | IncompleteRequestError
>({
  controller: "document",
  action: "mDelete",
  http: ["DELETE", "/:index/:collection/_mDelete"],
  idempotent: true,
  body: ["ids"],
  errors: [IndexNotFoundError, CollectionNotFoundError, WriteLimitError, IncompleteRequestError],
  result: Shape.whole(Shapes.many(
    Shape.string,
    Shape.struct<{ readonly _id: string; readonly reason: string; readonly status: number }>({
      _id: Shape.string,
      reason: Shape.string,
      status: Shape.number
    })
  ))
})

type IdsOptions = Action.CallOptions & ManyOptions & { readonly ids: ReadonlyArray<string> }

const getMany = Action.make<
  IdsOptions,
  Many<Document, string>,
  Absent | FetchLimitError | IncompleteRequestError
>({
  controller: "document",
  action: "mGet",
  http: ["POST", "/:index/:collection/_mGet"],
  idempotent: true,
  body: ["ids"],
  errors: [IndexNotFoundError, CollectionNotFoundError, FetchLimitError, IncompleteRequestError],
  result: Shape.whole(Shapes.many(documentShape, Shape.string))
})

/**
 * Reads many documents (`document:mGet`). `errors` are the ids of the documents that do not exist. Without ids, no
 * request is sent, because the server would answer without `successes` (spec 8, E3).
 *
 * @since 0.1.0
 * @category actions
 */
export const mGet = Action.wrap(
  getMany,
  <Source = Content>(options: IdsOptions): Effect.Effect<
    Many<Document<Source>, string>,
    Effect.Effect.Error<ReturnType<typeof getMany>>,
    Kuzzle
  > =>
    options.ids.length === 0
      ? none
      // The caller declares the type of the documents.
      : getMany(options) as Effect.Effect<
        Many<Document<Source>, string>,
        Effect.Effect.Error<ReturnType<typeof getMany>>,
        Kuzzle
      >
)

const existMany = Action.make<
  IdsOptions,
  Many<string, string>,
  Absent | FetchLimitError | IncompleteRequestError
>({
  controller: "document",
  action: "mExists",
  http: ["POST", "/:index/:collection/_mExists"],
  idempotent: true,
  body: ["ids"],
  errors: [IndexNotFoundError, CollectionNotFoundError, FetchLimitError, IncompleteRequestError],
  result: Shape.whole(Shapes.many(Shape.string, Shape.string))
})

/**
 * Checks which of many documents exist (`document:mExists`). `successes` are the ids of those that exist. `errors` are
 * the ids of the others. Without ids, no request is sent, because the server would fail with a 500.
 *
 * @since 0.1.0
 * @category actions
 */
export const mExists = Action.wrap(
  existMany,
  (options: IdsOptions): ReturnType<typeof existMany> => options.ids.length === 0 ? none : existMany(options)
)

const none: Effect.Effect<Many<never, never>> = Effect.succeed({ successes: [], errors: [] })

// -------------------------------------------------------------------------------------------------------------------
// searches
// -------------------------------------------------------------------------------------------------------------------

/**
 * A document that was found.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hit<Source = Content> {
  readonly _id: string
  readonly _score: number | null
  readonly _source: Source & { readonly _kuzzle_info?: KuzzleInfo }
  readonly index: string
  readonly collection: string
  readonly highlight?: Readonly<Record<string, ReadonlyArray<string>>>
  readonly inner_hits?: Readonly<Record<string, ReadonlyArray<Hit>>>
}

/**
 * A page of the documents that were found.
 *
 * @since 0.1.0
 * @category models
 */
export interface SearchResult<Source = Content, A = Aggregations> {
  readonly hits: ReadonlyArray<Hit<Source>>
  /** The number of all documents that were found. */
  readonly total: number
  /** The results of the aggregations, if the search requested any. */
  readonly aggregations?: AggregationResults<A, Source>
  /** The results of the suggestions, if the search requested any. */
  readonly suggest?: Suggestions
  /** The id for the next page, and how many hits remain, if the search has `scroll`. */
  readonly scrollId?: string
  readonly remaining?: number
}

/**
 * Which documents to find: by a Koncorde `filter` (see `KuzzleFilter`) or by a `query` in Elasticsearch's language.
 * Without either, the search finds all documents. The server translates a filter without checking it.
 * `KuzzleFilter.validateSearch` checks it.
 *
 * @since 0.1.0
 * @category models
 */
export type Selection =
  | {
    /** A Koncorde filter: `KuzzleFilter.equals("status", "free")`. */
    readonly filter?: SearchFilter | undefined
    readonly query?: undefined
  }
  | {
    /** A query in Elasticsearch's language: `{ term: { status: "free" } }`. */
    readonly query?: object | undefined
    readonly filter?: undefined
  }

/**
 * Selects documents by a Koncorde filter.
 *
 * @since 0.1.0
 * @category models
 */
export interface SelectionByFilter {
  /** A Koncorde filter: `KuzzleFilter.equals("status", "free")`. */
  readonly filter: SearchFilter
  readonly query?: undefined
}

/**
 * Selects documents by a query in Elasticsearch's language.
 *
 * @since 0.1.0
 * @category models
 */
export interface SelectionByQuery {
  /** A query in Elasticsearch's language: `{ term: { status: "free" } }`. */
  readonly query: object
  readonly filter?: undefined
}

/**
 * Where to search: in one collection, or in several collections by `targets`.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchTarget =
  | (Within & { readonly targets?: undefined })
  | {
    /** Several collections: `[{ index: "nyc", collections: ["yellow-taxi", "green-taxi"] }]`. */
    readonly targets: ReadonlyArray<{ readonly index: string; readonly collections: ReadonlyArray<string> }>
    readonly index?: undefined
    readonly collection?: undefined
  }

/**
 * The fields of the documents to return: all (`true`), none (`false`), or those with these dotted paths. In a path, `*`
 * stands for any text.
 *
 * @since 0.1.0
 * @category models
 */
export type SourceSelection =
  | boolean
  | string
  | ReadonlyArray<string>
  | { readonly includes?: string | ReadonlyArray<string>; readonly excludes?: string | ReadonlyArray<string> }

/**
 * The content of a document with the selected fields. If the compiler does not know the names of the fields, it is any
 * part of the document.
 *
 * @since 0.1.0
 * @category models
 */
export type Selected<Source, S> = [S] extends [true] ? Source
  : [S] extends [false] ? {}
  : [S] extends [string] ? Included<Source, S>
  : [S] extends [ReadonlyArray<infer P extends string>] ? Included<Source, P>
  : [S] extends [{ readonly includes: infer Names; readonly excludes?: undefined }] ? Included<Source, NameOf<Names>>
  : [S] extends [{ readonly excludes: infer Names; readonly includes?: undefined }] ? Excluded<Source, NameOf<Names>>
  : Part<Source>

type NameOf<Names> = Names extends ReadonlyArray<infer Name extends string> ? Name : Names & string

/** The name of the first member of a path. */
type Head<P extends string> = P extends `${infer Name}.${string}` ? Name : P

type Included<Source, P extends string> = string extends P ? Part<Source>
  : `${string}*${string}` extends P ? Part<Source>
  : [Extract<P, `${string}*${string}`>] extends [never] ?
    string extends keyof Source ? { readonly [Name in Head<P>]?: unknown }
    : { [K in keyof Source as K extends Head<P> ? K : never]: K extends P ? Source[K] : Part<Source[K]> }
  : Part<Source>

type Excluded<Source, P extends string> = string extends P ? Part<Source>
  : [Extract<P, `${string}${"*" | "."}${string}`>] extends [never] ? string extends keyof Source ? Source
    : { [K in keyof Source as K extends P ? never : K]: Source[K] }
  : Part<Source>

// -------------------------------------------------------------------------------------------------------------------
// aggregations and suggestions
// -------------------------------------------------------------------------------------------------------------------

/**
 * Aggregations by name, in Elasticsearch's language. They are computed over all documents that the search finds.
 *
 * @since 0.1.0
 * @category aggregations
 */
export interface Aggregations {
  readonly [name: string]: Aggregation
}

/**
 * One aggregation, with the aggregations to compute within each of its buckets.
 *
 * @since 0.1.0
 * @category aggregations
 */
export interface Aggregation {
  readonly aggs?: Aggregations
  readonly aggregations?: Aggregations
  readonly [kind: string]: unknown
}

/**
 * The results of aggregations, typed by the aggregations of the request. `Source` is the content of the documents in
 * `top_hits`.
 *
 * @since 0.1.0
 * @category aggregations
 */
export type AggregationResults<A, Source = Content> = {
  readonly [Name in keyof A]: AggregationResult<A[Name], Source>
}

type Sub<A, Source> = A extends { readonly aggs: infer Inner } ? AggregationResults<Inner, Source>
  : A extends { readonly aggregations: infer Inner } ? AggregationResults<Inner, Source>
  : {}

type Bucket<Key, A, Source> = {
  readonly key: Key
  /** The key as text, if it is a date or a boolean. */
  readonly key_as_string?: string
  readonly doc_count: number
} & Sub<A, Source>

type RangeBucket<A, Source> = {
  readonly key: string
  readonly from?: number
  readonly to?: number
  readonly from_as_string?: string
  readonly to_as_string?: string
  readonly doc_count: number
} & Sub<A, Source>

type Group<A, Source> = { readonly doc_count: number } & Sub<A, Source>

/**
 * A list of buckets. With `keyed`, it is an object instead. Its buckets lack the members `Own`, because the name of
 * each bucket shows them.
 */
type Buckets<Options, B, Own extends string = never> = {
  readonly buckets: Options extends { readonly keyed: true } ? { readonly [key: string]: Omit<B, Own> }
    : ReadonlyArray<B>
}

type Kind<Name extends string, Options = unknown> = { readonly [K in Name]: Options }

type FilterBuckets<Filters, A, Source> = Filters extends ReadonlyArray<unknown> ? ReadonlyArray<Group<A, Source>>
  : { readonly [Name in keyof Filters]: Group<A, Source> }

type OtherBucket<Options, A, Source> = Options extends { readonly other_bucket_key: infer Name extends string } ?
  { readonly [K in Name]: Group<A, Source> }
  : Options extends { readonly other_bucket: true } ? { readonly _other_: Group<A, Source> }
  : {}

/** The names of the sources of a `composite`. */
type CompositeKey<Sources> = Sources extends ReadonlyArray<infer S> ? {
    readonly [Name in S extends unknown ? keyof S & string : never]: string | number | boolean | null
  }
  : { readonly [name: string]: string | number | boolean | null }

type Metric<Value> = {
  readonly value: Value
  /** The value as text, if it is a date or has a format. */
  readonly value_as_string?: string
}

type Stats = {
  readonly count: number
  readonly min: number | null
  readonly max: number | null
  readonly avg: number | null
  readonly sum: number
  readonly min_as_string?: string
  readonly max_as_string?: string
  readonly avg_as_string?: string
  readonly sum_as_string?: string
}

type TopHit<Source> = {
  /** As Elasticsearch names it: `&index.collection`. */
  readonly _index: string
  /** Present with Elasticsearch 7 only. */
  readonly _type?: string
  readonly _id: string
  readonly _score: number | null
  /** Absent with `_source: false`. */
  readonly _source?: Source & { readonly _kuzzle_info?: KuzzleInfo }
  readonly sort?: ReadonlyArray<unknown>
  readonly highlight?: Readonly<Record<string, ReadonlyArray<string>>>
  readonly fields?: Readonly<Record<string, ReadonlyArray<unknown>>>
}

type TopHits<Source> = {
  readonly hits: {
    readonly total: { readonly value: number; readonly relation: "eq" | "gte" }
    readonly max_score: number | null
    readonly hits: ReadonlyArray<TopHit<Source>>
  }
}

/**
 * The result of one aggregation. If there is no type for a kind of aggregation, the members of its result are unknown.
 *
 * @since 0.1.0
 * @category aggregations
 */
export type AggregationResult<A, Source = Content> = A extends Kind<"terms"> ? {
    readonly buckets: ReadonlyArray<Bucket<string | number, A, Source>>
    readonly doc_count_error_upper_bound: number
    readonly sum_other_doc_count: number
  }
  : A extends Kind<"histogram", infer Options> ? Buckets<Options, Bucket<number, A, Source>>
  : A extends Kind<"date_histogram", infer Options> ?
    Buckets<Options, Bucket<number, A, Source> & { readonly key_as_string: string }>
  : A extends Kind<"range", infer Options> ? Buckets<Options, RangeBucket<A, Source>, "key">
  : A extends Kind<"date_range", infer Options> ? Buckets<Options, RangeBucket<A, Source>, "key">
  : A extends Kind<"filters", infer Options> ? Options extends { readonly filters: infer Filters } ? {
        readonly buckets: FilterBuckets<Filters, A, Source> & OtherBucket<Options, A, Source>
      }
    : Readonly<Record<string, unknown>>
  : A extends Kind<"composite", infer Options> ? Options extends { readonly sources: infer Sources } ? {
        /** The value for `after` of the next request. Absent if there is no bucket. */
        readonly after_key?: CompositeKey<Sources>
        readonly buckets: ReadonlyArray<Bucket<CompositeKey<Sources>, A, Source>>
      }
    : Readonly<Record<string, unknown>>
  : A extends Kind<"filter"> | Kind<"missing"> | Kind<"global"> | Kind<"nested"> | Kind<"reverse_nested"> ?
    Group<A, Source>
  : A extends Kind<"top_hits", infer Options> ?
    TopHits<Options extends { readonly _source: infer S } ? Selected<Source, S> : Source>
  // A metric of no documents has no value.
  : A extends Kind<"min"> | Kind<"max"> | Kind<"avg"> ? Metric<number | null>
  : A extends Kind<"sum"> | Kind<"value_count"> | Kind<"cardinality"> ? Metric<number>
  : A extends Kind<"stats"> ? Stats
  : A extends Kind<"percentiles"> ? { readonly values: Readonly<Record<string, number | null>> }
  : Readonly<Record<string, unknown>>

/**
 * The results of suggestions, by name. There is one entry for each part of the text.
 *
 * @since 0.1.0
 * @category aggregations
 */
export interface Suggestions {
  readonly [name: string]: ReadonlyArray<Suggestion>
}

/**
 * The suggestions for one part of the text.
 *
 * @since 0.1.0
 * @category aggregations
 */
export interface Suggestion {
  readonly text: string
  readonly offset: number
  readonly length: number
  readonly options: ReadonlyArray<{ readonly text: string; readonly [member: string]: unknown }>
}

// -------------------------------------------------------------------------------------------------------------------
// what to search for
// -------------------------------------------------------------------------------------------------------------------

/**
 * The options of a search, with Elasticsearch's names. There are no options whose result Kuzzle does not return.
 *
 * @since 0.1.0
 * @category models
 */
export interface SearchOptions<
  A extends Aggregations = Aggregations,
  S extends SourceSelection = SourceSelection
> extends Action.CallOptions {
  /** How to sort: `[{ seats: "desc" }, "status"]`. By default, by relevance. */
  readonly sort?: Content | ReadonlyArray<Content | string> | undefined
  /** The sort values of the last hit of the previous page. */
  readonly search_after?: ReadonlyArray<string | number | boolean | null> | undefined
  /**
   * Aggregations to compute over all documents that are found: `{ seats: { avg: { field: "seats" } } }`. The type of the
   * result follows from them.
   */
  readonly aggregations?: A | undefined
  /** Suggestions for misspelled words: `{ names: { text: "adda", term: { field: "name" } } }`. */
  readonly suggest?: Content | undefined
  /** Shows where the text of a hit matches the query: `{ fields: { notes: {} } }`. */
  readonly highlight?: Content | undefined
  /** One hit for each value of a field: `{ field: "status" }`. */
  readonly collapse?: Content | undefined
  /** A query that filters the hits, but not the aggregations: `{ term: { status: "free" } }`. */
  readonly post_filter?: Content | undefined
  /**
   * Which fields of the documents to return: `["status", "driver.name"]`, `{ excludes: ["notes"] }`, or `false` for
   * none. The type of the documents follows from it.
   */
  readonly _source?: S | undefined
  /** How many hits to skip. */
  readonly from?: number | undefined
  /** The maximum number of hits on the page. Default: 10. */
  readonly size?: number | undefined
  /** How long the search stays open for the next page, for example `10s`. */
  readonly scroll?: string | undefined
}

/** With `_source: false`, the server leaves out the content, including that of inner hits (observed). */
interface WireHit extends Omit<Hit, "_source" | "inner_hits"> {
  readonly _source?: Hit["_source"]
  readonly inner_hits?: Readonly<Record<string, ReadonlyArray<WireHit>>>
}

const hit: Shape.Shape<WireHit> = Shape.struct<WireHit>({
  _id: Shape.string,
  _score: Shape.nullable(Shape.number),
  _source: Shape.optional(Shape.object()),
  index: Shape.string,
  collection: Shape.string,
  inner_hits: Shape.optional(Shape.record(Shape.array((inner) => hit(inner))))
})

const page = Shape.struct<Omit<SearchResult, "hits"> & { readonly hits: ReadonlyArray<WireHit> }>({
  hits: Shape.array(hit),
  total: Shape.number,
  aggregations: Shape.optional(Shape.object()),
  suggest: Shape.optional(Shape.object()),
  scrollId: Shape.optional(Shape.string),
  remaining: Shape.optional(Shape.number)
})

/** Adds missing contents. Only a hit with inner hits is copied, which is rare. */
const isHit = (hit: WireHit): hit is Hit => hit._source !== undefined && hit.inner_hits === undefined

const toHits = (hits: ReadonlyArray<WireHit>): ReadonlyArray<Hit> => hits.every(isHit) ? hits : hits.map(toHit)

/** Adds an empty content if the content was not requested. */
const toHit = ({ _source = {}, inner_hits, ...hit }: WireHit): Hit => ({
  ...hit,
  _source,
  ...(inner_hits === undefined ? {} : {
    inner_hits: Object.fromEntries(Object.entries(inner_hits).map(([name, hits]) => [name, toHits(hits)]))
  })
})

const withSources = <Page extends { readonly hits: ReadonlyArray<WireHit> }>(
  page: Page
): Page & { readonly hits: ReadonlyArray<Hit> } => ({ ...page, hits: toHits(page.hits) })

/**
 * Searches documents, and returns one page (`document:search`).
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleDocument, KuzzleFilter } from "@effect-kuzzle/core"
 *
 * export const free = KuzzleDocument.search({
 *   targets: [{ index: "nyc", collections: ["yellow-taxi", "green-taxi"] }],
 *   filter: KuzzleFilter.equals("status", "free"),
 *   size: 100
 * }).pipe(
 *   Effect.map(({ hits }) => hits.map(({ _id, collection }) => `${collection}/${_id}`)),
 *   Effect.catchTag("KuzzleCollectionNotFoundError", () => Effect.succeed([]))
 * )
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const search = Action.make<
  SearchOptions & Selection & SearchTarget,
  SearchResult,
  Absent | FetchLimitError | InvalidSearchError | ScrollTooLongError
>({
  controller: "document",
  action: "search",
  http: ["POST", "/:index/:collection/_search"],
  idempotent: true,
  filterAsQuery: true,
  body: [
    "query",
    "sort",
    "search_after",
    "aggregations",
    "suggest",
    "highlight",
    "collapse",
    "post_filter",
    "_source"
  ],
  errors: [IndexNotFoundError, CollectionNotFoundError, FetchLimitError, InvalidSearchError, ScrollTooLongError],
  result: Shape.read(page, withSources)
  // The caller declares the type of the documents. The types of aggregations and suggestions follow Elasticsearch's
  // documentation.
}) as
  & {
    <Source = Content, const A extends Aggregations = Aggregations>(
      options: SearchOptions<A, true> & Selection & SearchTarget
    ): Effect.Effect<
      SearchResult<Source, A>,
      RequestError | Absent | FetchLimitError | InvalidSearchError | ScrollTooLongError,
      Kuzzle
    >
    <
      Source = Content,
      const A extends Aggregations = Aggregations,
      const S extends SourceSelection = SourceSelection
    >(
      options: SearchOptions<A, S> & Selection & SearchTarget
    ): Effect.Effect<
      SearchResult<Selected<Source, S>, A>,
      RequestError | Absent | FetchLimitError | InvalidSearchError | ScrollTooLongError,
      Kuzzle
    >
  }
  & Action.Sendable<
    SearchOptions & Selection & SearchTarget,
    SearchResult,
    Absent | FetchLimitError | InvalidSearchError | ScrollTooLongError
  >

type ScrollOptions = Action.CallOptions & {
  /** The `scrollId` of the previous page. It may change from page to page. */
  readonly scrollId: string
  /** How long the search stays open from now on, for example `10s`. Default: 15 seconds. */
  readonly scroll?: string | undefined
}

type Scrolled<Source = Content> = SearchResult<Source> & { readonly scrollId: string }

/**
 * Returns the next page of a search with `scroll` (`document:scroll`). Each call returns the page after the previous
 * one. After the last page, the server ends the search. `scroll<Taxi>` declares the type of the documents; nothing
 * checks it.
 *
 * @since 0.1.0
 * @category actions
 */
export const scroll = Action.make<ScrollOptions, Scrolled, ScrollNotFoundError | ScrollTooLongError>({
  controller: "document",
  action: "scroll",
  http: ["GET", "/_scroll/:scrollId"],
  idempotent: false,
  errors: [ScrollNotFoundError, ScrollTooLongError],
  result: Shape.read(
    Shape.and(page, Shape.struct<{ readonly scrollId: string }>({ scrollId: Shape.string })),
    withSources
  )
  // The caller declares the type of the documents.
}) as
  & (<Source = Content>(
    options: ScrollOptions
  ) => Effect.Effect<Scrolled<Source>, RequestError | ScrollNotFoundError | ScrollTooLongError, Kuzzle>)
  & Action.Sendable<ScrollOptions, Scrolled, ScrollNotFoundError | ScrollTooLongError>

/**
 * Counts the documents of a collection, or those that a filter or a query finds (`document:count`).
 *
 * @since 0.1.0
 * @category actions
 */
export const count = Action.make<
  Action.CallOptions & Within & Selection,
  number,
  Absent | InvalidSearchError
>({
  controller: "document",
  action: "count",
  http: ["POST", "/:index/:collection/_count"],
  idempotent: true,
  filterAsQuery: true,
  body: ["query"],
  errors: [IndexNotFoundError, CollectionNotFoundError, InvalidSearchError],
  result: Shape.member("count", Shape.number)
})

/**
 * Deletes the documents that a filter or a query finds (`document:deleteByQuery`). Fails with a `WriteLimitError` if
 * these are more than one request may change. Returns their ids and, with `source`, their content. `query: {}` finds
 * all documents.
 *
 * @since 0.1.0
 * @category actions
 */
export const deleteByQuery = Action.make<
  WriteOptions & Within & (SelectionByFilter | SelectionByQuery) & { readonly source?: boolean | undefined },
  {
    readonly documents: ReadonlyArray<{ readonly _id: string; readonly _source?: Document["_source"] }>
    readonly ids: ReadonlyArray<string>
  },
  Absent | InvalidSearchError | WriteLimitError
>({
  controller: "document",
  action: "deleteByQuery",
  http: ["DELETE", "/:index/:collection/_query"],
  idempotent: false,
  filterAsQuery: true,
  body: ["query"],
  errors: [IndexNotFoundError, CollectionNotFoundError, InvalidSearchError, WriteLimitError],
  result: Shape.whole(Shape.struct<{
    readonly documents: ReadonlyArray<{ readonly _id: string; readonly _source?: Document["_source"] }>
    readonly ids: ReadonlyArray<string>
  }>({ documents: Shape.array(deletedShape), ids: Shape.array(Shape.string) }))
})

/**
 * Makes the same changes to the documents that a filter or a query finds (`document:updateByQuery`). Fails with a
 * `WriteLimitError` if these are more than one request may change. With `source`, it returns the whole documents.
 *
 * @since 0.1.0
 * @category actions
 */
export const updateByQuery = Action.make<
  WriteOptions & Within & (SelectionByFilter | SelectionByQuery) & {
    readonly changes: object
    readonly source?: boolean | undefined
  },
  Many<Changed & { readonly status: number }, Rejection>,
  Absent | InvalidSearchError | WriteLimitError
>({
  controller: "document",
  action: "updateByQuery",
  http: ["PUT", "/:index/:collection/_query"],
  idempotent: false,
  filterAsQuery: true,
  body: ["query", "changes"],
  errors: [IndexNotFoundError, CollectionNotFoundError, InvalidSearchError, WriteLimitError],
  result: Shape.whole(Shapes.many(Shape.and(changedShape, status), rejectionShape))
})
