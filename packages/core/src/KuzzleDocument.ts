/**
 * Documents: writing, reading, searching.
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Action from "./internal/action.ts"
import type { Kuzzle } from "./internal/client.ts"
import * as Shape from "./internal/shape.ts"
import * as Shapes from "./internal/shapes.ts"
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
import type { SearchFilter } from "./KuzzleFilter.ts"
import type * as KuzzleRealtime from "./KuzzleRealtime.ts"

/**
 * What a document holds.
 *
 * @since 0.1.0
 * @category models
 */
export type Content = Readonly<Record<string, unknown>>

/**
 * A document as Kuzzle gives it: `_source` is its content, with Kuzzle's own `_kuzzle_info` in it.
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
 * Who wrote a document and when, in milliseconds since the epoch. `author` and `updater` are user ids, `-1` for an
 * anonymous one.
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
 * Which document.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly index: string
  readonly collection: string
  readonly _id: string
}

/** Which collection. (`KuzzleCollection` knows documents, not the other way round.) */
type Within = Omit<Target, "_id">

/**
 * What every write may be given.
 *
 * @since 0.1.0
 * @category models
 */
export interface WriteOptions extends Action.CallOptions {
  /** `wait_for`: answer only when searches see the change. */
  readonly refresh?: "wait_for" | "false" | undefined
  /** Notify no subscriber. */
  readonly silent?: boolean | undefined
}

/**
 * What every write of parts of a document may be given.
 *
 * @since 0.1.0
 * @category models
 */
export interface UpdateOptions extends WriteOptions {
  /** How often the server tries again when another write came in between; 10 by default. */
  readonly retryOnConflict?: number | undefined
}

/**
 * What every request on many documents may be given.
 *
 * @since 0.1.0
 * @category models
 */
export interface ManyOptions extends Within {
  /** Fail with an `IncompleteRequestError` when some failed. What could be done is done all the same. */
  readonly strict?: boolean | undefined
}

/** Where documents are looked for. */
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
 * Writes a new document (`document:create`), under an id that Kuzzle makes unless one is given.
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
 * Writes a document whether it is there or not (`document:createOrReplace`).
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
 * Writes a document in place of the one that is there (`document:replace`).
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
 * Reads a document (`document:get`); see `getOption` for one that may not be there. `get<Taxi>` says what the document
 * holds. Nothing checks it: see `KuzzleRepository` for documents that a Schema decodes.
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
  // The caller says what the document holds.
}) as
  & (<Source = Content>(
    options: Action.CallOptions & Target
  ) => Effect.Effect<Document<Source>, RequestError | Absent | DocumentNotFoundError, Kuzzle>)
  & Action.Sendable<Action.CallOptions & Target, Document, Absent | DocumentNotFoundError>

/**
 * Reads a document that may not be there. A missing index or collection is an error still.
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
 * Whether a document is there (`document:exists`).
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
 * Changes some fields of a document (`document:update`). Gives those fields, or the whole document with `source`.
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
 * A document that was changed; its content comes where it was asked for.
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
 * Changes some fields of a document, or writes a new one of `default` and `changes` where there is none
 * (`document:upsert`). Gives the whole document with `source`.
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
 * Takes fields out of a document (`document:deleteFields`), each by its dotted path; one that is not there is no fault.
 * Gives the whole document with `source`.
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
   * Deletes a document (`document:delete`). Gives its id and, with `source`, what it held.
   *
   * @since 0.1.0
   * @category actions
   */
  remove as delete
}

/**
 * What the specifications of a collection say of a document: what is wrong with it, as a whole and field by field.
 *
 * @since 0.1.0
 * @category models
 */
export type Validation = KuzzleRealtime.Validation

/**
 * What is wrong with a field, and with those inside it.
 *
 * @since 0.1.0
 * @category models
 */
export type FieldFaults = KuzzleRealtime.FieldFaults

/**
 * Whether a document fits the specifications of the collection (`document:validate`): nothing is written. A collection
 * without specifications, even one that does not exist, takes everything.
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
 * What became of a request on many: some may have succeeded, some failed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Many<Success, Failure> {
  readonly successes: ReadonlyArray<Success>
  readonly errors: ReadonlyArray<Failure>
}

/**
 * A document that was not written, and why. It is shown as it was given, or, where the storage refused it, with what would
 * have been stored as `_source` (of an upsert: `changes` and `default` in it).
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
 * A document that was written with others.
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
 * A document that was changed with others. `_updatedFields` are the paths of what was sent; they are missing from a silent
 * change.
 *
 * @since 0.1.0
 * @category models
 */
export interface Updated extends Document {
  readonly status: number
  readonly _updatedFields?: ReadonlyArray<string>
}

const status = Shape.struct<{ readonly status: number }>({ status: Shape.number })

const how = Shape.struct<Pick<Written, "created" | "result" | "status">>({
  created: Shape.boolean,
  result: Shape.literal("created", "updated"),
  status: Shape.number
})

const written = Shapes.many(Shape.and(documentShape, how), rejectionShape)

const updated: Shape.Shape<Updated> = Shape.and(
  documentShape,
  Shape.struct<Pick<Updated, "status" | "_updatedFields">>({
    status: Shape.number,
    _updatedFields: Shape.optional(Shape.array(Shape.string))
  })
)

/**
 * Writes many new documents (`document:mCreate`).
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
  result: Shape.whole(Shapes.many(Shape.and(changedShape, how), rejectionShape))
})

/**
 * Writes many documents whether they are there or not (`document:mCreateOrReplace`). `source: false` leaves their content
 * out of the answer, and out of the notifications.
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
    // As a text it is false over HTTP too, where a flag is true by its presence.
    source === undefined ? options : { ...options, source: source || "false" as const }
)

/**
 * Writes many documents in place of those that are there (`document:mReplace`).
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
 * Changes some fields of many documents (`document:mUpdate`). Gives them whole.
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
 * Changes some fields of many documents, and writes those that are not there (`document:mUpsert`). Unlike in `upsert`, a
 * new document has the fields of `default` where both have them.
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
 * Deletes many documents (`document:mDelete`). Gives the ids of those that are gone.
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
 * Reads many documents (`document:mGet`). `errors` are the ids of those that are not there. Nobody is asked for none: the
 * server would answer without `successes` (spec 8, E3).
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
      // The caller says what the documents hold.
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
 * Which of many documents are there, `successes`, and which are not, `errors`: by their ids (`document:mExists`). Nobody
 * is asked for none: the server would fail with a 500.
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
 * A page of what was found.
 *
 * @since 0.1.0
 * @category models
 */
export interface SearchResult<Source = Content> {
  readonly hits: ReadonlyArray<Hit<Source>>
  /** How many there are in all. */
  readonly total: number
  readonly aggregations?: Readonly<Record<string, unknown>>
  readonly suggest?: Readonly<Record<string, unknown>>
  /** With `scroll`: the key to the next page, and how many hits remain. */
  readonly scrollId?: string
  readonly remaining?: number
}

/**
 * Which documents: by a `filter` of Koncorde (see `KuzzleFilter`), or by a `query` in the words of Elasticsearch. All, where
 * neither is given. The server translates a filter without checking it: `KuzzleFilter.validateSearch` does.
 *
 * @since 0.1.0
 * @category models
 */
export type Selection =
  | { readonly filter?: SearchFilter | undefined; readonly query?: undefined }
  | { readonly query?: object | undefined; readonly filter?: undefined }

/**
 * Which documents, by a filter of Koncorde.
 *
 * @since 0.1.0
 * @category models
 */
export interface SelectionByFilter {
  readonly filter: SearchFilter
  readonly query?: undefined
}

/**
 * Which documents, in the words of Elasticsearch.
 *
 * @since 0.1.0
 * @category models
 */
export interface SelectionByQuery {
  readonly query: object
  readonly filter?: undefined
}

/**
 * Where to search: in one collection, or in several by `targets`.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchTarget =
  | (Within & { readonly targets?: undefined })
  | {
    readonly targets: ReadonlyArray<{ readonly index: string; readonly collections: ReadonlyArray<string> }>
    readonly index?: undefined
    readonly collection?: undefined
  }

/**
 * What to search for, and what of it to give: the words of Elasticsearch, less those of whose effect Kuzzle shows nothing.
 *
 * @since 0.1.0
 * @category models
 */
export interface SearchOptions extends Action.CallOptions {
  readonly sort?: Content | ReadonlyArray<Content | string> | undefined
  /** What the last hit of the page before was sorted by. */
  readonly search_after?: ReadonlyArray<string | number | boolean | null> | undefined
  readonly aggregations?: Content | undefined
  readonly suggest?: Content | undefined
  readonly highlight?: Content | undefined
  readonly collapse?: Content | undefined
  readonly post_filter?: Content | undefined
  /** Which fields of the documents to give. */
  readonly _source?: boolean | string | ReadonlyArray<string> | Content | undefined
  readonly from?: number | undefined
  /** 10 by default. */
  readonly size?: number | undefined
  /** Keeps the search open for the next page that long, for example `10s`. */
  readonly scroll?: string | undefined
}

/** With `_source: false` the server leaves the content out (observed), also that of inner hits. */
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

/** Inner hits are rare: a hit that has some is copied. */
const isHit = (hit: WireHit): hit is Hit => hit._source !== undefined && hit.inner_hits === undefined

const toHits = (hits: ReadonlyArray<WireHit>): ReadonlyArray<Hit> => hits.every(isHit) ? hits : hits.map(toHit)

/** Content that was not requested becomes empty. */
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
 * Finds documents (`document:search`): one page of them.
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
  // The caller says what the documents hold.
}) as
  & (<Source = Content>(
    options: SearchOptions & Selection & SearchTarget
  ) => Effect.Effect<
    SearchResult<Source>,
    RequestError | Absent | FetchLimitError | InvalidSearchError | ScrollTooLongError,
    Kuzzle
  >)
  & Action.Sendable<
    SearchOptions & Selection & SearchTarget,
    SearchResult,
    Absent | FetchLimitError | InvalidSearchError | ScrollTooLongError
  >

/**
 * The next page of a search with `scroll` (`document:scroll`). Asked twice, it gives two pages. After the last one the
 * server forgets the search.
 *
 * @since 0.1.0
 * @category actions
 */
export const scroll = Action.make<
  Action.CallOptions & {
    /** As the page before gave it: it may change from page to page. */
    readonly scrollId: string
    /** Keeps the search open that long again; 15 seconds by default. */
    readonly scroll?: string | undefined
  },
  SearchResult & { readonly scrollId: string },
  ScrollNotFoundError | ScrollTooLongError
>({
  controller: "document",
  action: "scroll",
  http: ["GET", "/_scroll/:scrollId"],
  idempotent: false,
  errors: [ScrollNotFoundError, ScrollTooLongError],
  result: Shape.read(
    Shape.and(page, Shape.struct<{ readonly scrollId: string }>({ scrollId: Shape.string })),
    withSources
  )
})

/**
 * How many documents there are (`document:count`), or how many of them a filter or a query finds.
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
 * Deletes the documents that a filter or a query finds (`document:deleteByQuery`), as many as one request may change. Gives
 * their ids and, with `source`, what they held. `query: {}` finds all of them.
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
 * Makes the same changes to the documents that a filter or a query finds (`document:updateByQuery`), as many as one request
 * may change. Gives them whole with `source`.
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
