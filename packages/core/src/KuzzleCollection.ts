/**
 * Collections, which hold documents.
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
  FetchLimitError,
  IndexNotFoundError,
  InvalidMappingError,
  InvalidNameError,
  InvalidSearchError,
  InvalidSpecificationsError,
  ScrollNotFoundError,
  ScrollTooLongError,
  SpecificationsNotFoundError
} from "./KuzzleActionError.ts"
import type * as KuzzleDocument from "./KuzzleDocument.ts"
import type { RequestError } from "./KuzzleError.ts"

/**
 * The collection that an action concerns.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly index: string
  readonly collection: string
}

type Absent = IndexNotFoundError | CollectionNotFoundError

/**
 * The mappings and settings of a collection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setup {
  /** The mappings in Elasticsearch's format: `dynamic` and `properties`. */
  readonly mappings?: Readonly<Record<string, unknown>> | undefined
  /** Elasticsearch's settings, such as analyzers. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
}

// -------------------------------------------------------------------------------------------------------------------
// collections
// -------------------------------------------------------------------------------------------------------------------

/**
 * Creates a collection, and its index if necessary. If the collection exists, its mappings and settings are updated
 * (`collection:create`).
 *
 * @example
 * ```ts
 * import { KuzzleCollection } from "@effect-kuzzle/core"
 *
 * export const taxis = KuzzleCollection.create({
 *   index: "nyc",
 *   collection: "taxi",
 *   mappings: { dynamic: "strict", properties: { status: { type: "keyword" }, position: { type: "geo_point" } } }
 * })
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const create = Action.make<
  Action.CallOptions & Target & Setup,
  void,
  InvalidNameError | InvalidMappingError
>({
  controller: "collection",
  action: "create",
  http: ["PUT", "/:index/:collection"],
  idempotent: true,
  body: ["mappings", "settings"],
  errors: [InvalidNameError, InvalidMappingError],
  result: Shape.done
})

/**
 * Changes mappings and settings (`collection:update`). To change settings, the server closes the collection for a
 * moment.
 *
 * @since 0.1.0
 * @category actions
 */
export const update = Action.make<
  Action.CallOptions & Target & Setup & {
    /**
     * Whether to index the existing documents again in the background, so that searches find them by the new mappings.
     */
    readonly reindexCollection?: boolean | undefined
  },
  void,
  Absent | InvalidMappingError
>({
  controller: "collection",
  action: "update",
  http: ["POST", "/:index/:collection"],
  idempotent: true,
  body: ["mappings", "settings", "reindexCollection"],
  errors: [IndexNotFoundError, CollectionNotFoundError, InvalidMappingError],
  result: Shape.done
})

const remove = Action.make<Action.CallOptions & Target, void, Absent>({
  controller: "collection",
  action: "delete",
  http: ["DELETE", "/:index/:collection"],
  idempotent: true,
  errors: [IndexNotFoundError, CollectionNotFoundError],
  result: Shape.done
})

export {
  /**
   * Deletes a collection with all its documents (`collection:delete`). Its specifications are kept.
   *
   * @since 0.1.0
   * @category actions
   */
  remove as delete
}

/**
 * Deletes all documents of a collection (`collection:truncate`), without a notification.
 *
 * @since 0.1.0
 * @category actions
 */
export const truncate = Action.make<Action.CallOptions & Target, void, Absent>({
  controller: "collection",
  action: "truncate",
  http: ["DELETE", "/:index/:collection/_truncate"],
  idempotent: true,
  errors: [IndexNotFoundError, CollectionNotFoundError],
  result: Shape.done
})

/**
 * Makes all previous writes visible to searches (`collection:refresh`).
 *
 * @since 0.1.0
 * @category actions
 */
export const refresh = Action.make<Action.CallOptions & Target, void, Absent>({
  controller: "collection",
  action: "refresh",
  http: ["POST", "/:index/:collection/_refresh"],
  idempotent: true,
  errors: [IndexNotFoundError, CollectionNotFoundError],
  result: Shape.done
})

/**
 * Whether a collection exists (`collection:exists`).
 *
 * @since 0.1.0
 * @category actions
 */
export const exists = Action.make<Action.CallOptions & Target, boolean>({
  controller: "collection",
  action: "exists",
  http: ["GET", "/:index/:collection/_exists"],
  idempotent: true,
  result: Shape.whole(Shape.boolean)
})

/**
 * A collection of an index. Its type is `realtime` if it exists only by its subscriptions, and `stored` otherwise.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listed {
  readonly name: string
  readonly type: "stored" | "realtime"
}

/**
 * The collections of an index (`collection:list`): all, or the part that `from` and `size` select.
 *
 * @since 0.1.0
 * @category actions
 */
export const list = Action.make<
  Action.CallOptions & {
    readonly index: string
    readonly from?: number | undefined
    readonly size?: number | undefined
    readonly type?: "all" | "stored" | "realtime" | undefined
  },
  ReadonlyArray<Listed>,
  IndexNotFoundError
>({
  controller: "collection",
  action: "list",
  http: ["GET", "/:index/_list"],
  idempotent: true,
  errors: [IndexNotFoundError],
  result: Shape.member(
    "collections",
    Shape.array(Shape.struct<Listed>({ name: Shape.string, type: Shape.literal("stored", "realtime") }))
  )
})

// -------------------------------------------------------------------------------------------------------------------
// mappings and settings
// -------------------------------------------------------------------------------------------------------------------

/**
 * The mappings of a collection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Mapping {
  readonly dynamic: "true" | "false" | "strict"
  readonly _meta?: Readonly<Record<string, unknown>>
  readonly properties: Readonly<Record<string, unknown>>
}

const mapping = Shape.struct<Mapping>({
  dynamic: Shape.text(),
  _meta: Shape.optional(Shape.object()),
  properties: Shape.object()
})

/**
 * Reads the mappings of a collection (`collection:getMapping`).
 *
 * @since 0.1.0
 * @category actions
 */
export const getMapping = Action.make<
  Action.CallOptions & Target & {
    /** Whether to include Kuzzle's own `_kuzzle_info`. */
    readonly includeKuzzleMeta?: boolean | undefined
  },
  Mapping,
  Absent
>({
  controller: "collection",
  action: "getMapping",
  http: ["GET", "/:index/:collection/_mapping"],
  idempotent: true,
  errors: [IndexNotFoundError, CollectionNotFoundError],
  result: Shape.whole(mapping)
})

/**
 * Changes the mappings and returns all of them, including `_kuzzle_info` (`collection:updateMapping`). Kuzzle has
 * deprecated this action: use `update`.
 *
 * @since 0.1.0
 * @category actions
 */
export const updateMapping = Action.make<
  Action.CallOptions & Target & { readonly mappings: Readonly<Record<string, unknown>> },
  Mapping,
  Absent | InvalidMappingError
>({
  controller: "collection",
  action: "updateMapping",
  http: ["PUT", "/:index/:collection/_mapping"],
  idempotent: true,
  body: "mappings",
  errors: [IndexNotFoundError, CollectionNotFoundError, InvalidMappingError],
  result: Shape.whole(mapping)
})

/**
 * Reads the settings of a collection (`collection:getSettings`), in Elasticsearch's format with numbers as texts.
 *
 * @since 0.1.0
 * @category actions
 */
export const getSettings = Action.make<
  Action.CallOptions & Target,
  Readonly<Record<string, unknown>>,
  Absent
>({
  controller: "collection",
  action: "getSettings",
  http: ["GET", "/:index/:collection/_settings"],
  idempotent: true,
  errors: [IndexNotFoundError, CollectionNotFoundError],
  result: Shape.whole(Shape.object())
})

// -------------------------------------------------------------------------------------------------------------------
// specifications
// -------------------------------------------------------------------------------------------------------------------

/**
 * The rules that documents must follow. `document:create`, `createOrReplace`, `replace` and `update` refuse other
 * documents. The actions on many and the bulk actions do not check them.
 *
 * With `strict`, `document:update` always fails, because the server treats its own metadata as an unspecified field.
 *
 * @since 0.1.0
 * @category models
 */
export interface Specifications {
  /** Whether documents with fields that are not specified are refused. */
  readonly strict?: boolean
  /** The rules for the fields by name. The name of a field inside an object is its path with slashes. */
  readonly fields?: { readonly [path: string]: FieldSpecification }
  /** Koncorde filters that a document must match. */
  readonly validators?: ReadonlyArray<Readonly<Record<string, unknown>>>
}

/**
 * The rules for a field.
 *
 * @since 0.1.0
 * @category models
 */
export interface FieldSpecification {
  readonly type:
    | "anything"
    | "boolean"
    | "date"
    | "email"
    | "enum"
    | "geo_point"
    | "geo_shape"
    | "integer"
    | "ip_address"
    | "numeric"
    | "object"
    | "string"
    | "url"
  readonly mandatory?: boolean
  readonly defaultValue?: unknown
  readonly description?: string
  readonly multivalued?: { readonly value: boolean; readonly minCount?: number; readonly maxCount?: number }
  /** Options of the type: `length`, `range`, `values`, `formats`, `shapeTypes`, `notEmpty` or `strict`. */
  readonly typeOptions?: Readonly<Record<string, unknown>>
}

/**
 * The stored specifications of a collection.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredSpecifications extends Target {
  readonly validation: Specifications
  readonly _kuzzle_info?: KuzzleDocument.KuzzleInfo
}

const validation = Shape.struct<Specifications>({
  strict: Shape.optional(Shape.boolean),
  fields: Shape.optional(Shape.object()),
  validators: Shape.optional(Shape.array(Shape.object()))
})

const specifications = Shape.struct<StoredSpecifications>({
  index: Shape.string,
  collection: Shape.string,
  validation,
  _kuzzle_info: Shape.optional(Shape.object())
})

/**
 * Reads the specifications of a collection (`collection:getSpecifications`). If there may be none, use
 * `getSpecificationsOption`.
 *
 * @since 0.1.0
 * @category actions
 */
export const getSpecifications = Action.make<
  Action.CallOptions & Target,
  StoredSpecifications,
  SpecificationsNotFoundError
>({
  controller: "collection",
  action: "getSpecifications",
  http: ["GET", "/:index/:collection/_specifications"],
  idempotent: true,
  errors: [SpecificationsNotFoundError],
  result: Shape.whole(specifications)
})

/**
 * Reads the specifications of a collection. Returns `None` if it has none.
 *
 * @since 0.1.0
 * @category actions
 */
export const getSpecificationsOption = (
  options: Action.CallOptions & Target
): Effect.Effect<Option.Option<StoredSpecifications>, RequestError, Kuzzle> =>
  getSpecifications(options).pipe(
    Effect.asSome,
    Effect.catchTag("KuzzleSpecificationsNotFoundError", () => Effect.succeed(Option.none()))
  )

/**
 * Replaces the specifications (`collection:updateSpecifications`). The collection need not exist.
 *
 * @since 0.1.0
 * @category actions
 */
export const updateSpecifications = Action.make<
  Action.CallOptions & Target & { readonly specifications: Specifications },
  Specifications,
  InvalidSpecificationsError
>({
  controller: "collection",
  action: "updateSpecifications",
  http: ["PUT", "/:index/:collection/_specifications"],
  idempotent: true,
  body: "specifications",
  errors: [InvalidSpecificationsError],
  result: Shape.whole(validation)
})

/**
 * Deletes the specifications (`collection:deleteSpecifications`). It also succeeds if there are none.
 *
 * @since 0.1.0
 * @category actions
 */
export const deleteSpecifications = Action.make<Action.CallOptions & Target, void>({
  controller: "collection",
  action: "deleteSpecifications",
  http: ["DELETE", "/:index/:collection/_specifications"],
  idempotent: true,
  result: Shape.done
})

/**
 * Whether specifications are valid, and their faults. Most faults are texts. Some are errors of Kuzzle.
 *
 * @since 0.1.0
 * @category models
 */
export type SpecificationsCheck =
  | { readonly valid: true }
  | {
    readonly valid: false
    readonly description: string
    readonly details: ReadonlyArray<string | { readonly id: string; readonly message: string }>
  }

const specificationError = Shape.struct<{ readonly id: string; readonly message: string }>({
  id: Shape.string,
  message: Shape.string
})

/**
 * Checks specifications without writing them (`collection:validateSpecifications`).
 *
 * @since 0.1.0
 * @category actions
 */
export const validateSpecifications = Action.make<
  Action.CallOptions & Target & { readonly specifications: Specifications },
  SpecificationsCheck
>({
  controller: "collection",
  action: "validateSpecifications",
  http: ["POST", "/:index/:collection/_validateSpecifications"],
  idempotent: true,
  body: "specifications",
  result: Shape.whole(Shape.or(
    Shape.struct<{ readonly valid: true }>({ valid: Shape.literal(true) }),
    Shape.struct<Extract<SpecificationsCheck, { readonly valid: false }>>({
      valid: Shape.literal(false),
      description: Shape.string,
      details: Shape.array(Shape.or(Shape.string, specificationError))
    })
  ))
})

/**
 * A page of specifications.
 *
 * @since 0.1.0
 * @category models
 */
export interface SpecificationsPage {
  readonly hits: ReadonlyArray<KuzzleDocument.Hit<StoredSpecifications>>
  readonly total: number
  /** The id for the next page, if the search has `scroll`. */
  readonly scrollId?: string
}

const specificationsPage: Shape.Shape<SpecificationsPage> = Shapes.page(
  Shape.struct<KuzzleDocument.Hit<StoredSpecifications>>({
    _id: Shape.string,
    _score: Shape.nullable(Shape.number),
    _source: Shape.object(),
    index: Shape.string,
    collection: Shape.string
  })
)

/**
 * Searches the specifications of all collections, and returns one page (`collection:searchSpecifications`).
 *
 * @since 0.1.0
 * @category actions
 */
export const searchSpecifications = Action.make<
  Action.CallOptions & {
    /** A query in Elasticsearch's language. The fields are `index` and `collection`. */
    readonly query?: KuzzleDocument.Content | undefined
    readonly sort?: KuzzleDocument.SearchOptions["sort"]
    readonly from?: number | undefined
    /** The number of specifications on a page. Default: 10. */
    readonly size?: number | undefined
    /** How long the search stays open for the next page, for example `10s`. */
    readonly scroll?: string | undefined
  },
  SpecificationsPage,
  FetchLimitError | InvalidSearchError | ScrollTooLongError
>({
  controller: "collection",
  action: "searchSpecifications",
  http: ["POST", "/validations/_search"],
  idempotent: true,
  body: ["query", "sort"],
  errors: [FetchLimitError, InvalidSearchError, ScrollTooLongError],
  result: Shape.whole(specificationsPage)
})

/**
 * Returns the next page of a search with `scroll` (`collection:scrollSpecifications`). Each call returns the page after
 * the previous one. The search then stays open for another 15 seconds.
 *
 * @since 0.1.0
 * @category actions
 */
export const scrollSpecifications = Action.make<
  // There is no option `scroll`, because the server ignores it.
  Action.CallOptions & { readonly scrollId: string },
  SpecificationsPage,
  ScrollNotFoundError
>({
  controller: "collection",
  action: "scrollSpecifications",
  http: ["GET", "/validations/_scroll/:scrollId"],
  idempotent: false,
  errors: [ScrollNotFoundError],
  result: Shape.whole(specificationsPage)
})
