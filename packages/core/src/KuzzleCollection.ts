/**
 * Collections: what holds documents.
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
 * Which collection.
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
 * How a collection is set up.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setup {
  /** `dynamic` policy and `properties`, as Elasticsearch has them. */
  readonly mappings?: Readonly<Record<string, unknown>> | undefined
  /** Settings of Elasticsearch, analyzers for one. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
}

// -------------------------------------------------------------------------------------------------------------------
// collections
// -------------------------------------------------------------------------------------------------------------------

/**
 * Makes a collection, and its index where there is none; updates mappings and settings where it exists
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
 * Changes mappings and settings (`collection:update`). With new settings the collection is closed for a moment.
 *
 * @since 0.1.0
 * @category actions
 */
export const update = Action.make<
  Action.CallOptions & Target & Setup & {
    /** Index the documents that are there anew, so that searches find them by the new mappings. */
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
   * Deletes a collection with all its documents (`collection:delete`). Its specifications stay.
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
 * Makes searches see all that was written (`collection:refresh`).
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
 * A collection of an index: `stored`, or `realtime` where it is only subscribed to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listed {
  readonly name: string
  readonly type: "stored" | "realtime"
}

/**
 * The collections of an index (`collection:list`), all unless `from` and `size` ask for less.
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
 * The mappings of a collection (`collection:getMapping`).
 *
 * @since 0.1.0
 * @category actions
 */
export const getMapping = Action.make<
  Action.CallOptions & Target & {
    /** Show `_kuzzle_info`, Kuzzle's own, too. */
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
 * Changes the mappings and gives all there are, `_kuzzle_info` included (`collection:updateMapping`). Kuzzle calls it
 * deprecated: `update` does the same.
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
 * The settings of a collection, as Elasticsearch tells them: numbers are texts (`collection:getSettings`).
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
 * What documents must be like: `document:create`, `createOrReplace`, `replace` and `update` refuse others, the actions on
 * many and in bulk do not look.
 *
 * With `strict`, `document:update` fails always: the server takes its own metadata for a field that is not specified.
 *
 * @since 0.1.0
 * @category models
 */
export interface Specifications {
  /** Refuse fields that are not specified. */
  readonly strict?: boolean
  /** By name; those inside of an object by their path, with slashes. */
  readonly fields?: { readonly [path: string]: FieldSpecification }
  /** Filters of Koncorde that a document must match. */
  readonly validators?: ReadonlyArray<Readonly<Record<string, unknown>>>
}

/**
 * What a field must be like.
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
  /** `length`, `range`, `values`, `formats`, `shapeTypes`, `notEmpty`, `strict`: as the type has them. */
  readonly typeOptions?: Readonly<Record<string, unknown>>
}

/**
 * The specifications of a collection as they are kept.
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
 * The specifications of a collection (`collection:getSpecifications`); see `getSpecificationsOption` where there may be none.
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
 * The specifications of a collection that may have none.
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
 * Puts specifications in the place of those that are there (`collection:updateSpecifications`). The collection need not
 * exist.
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
 * Takes the specifications away (`collection:deleteSpecifications`). None to take is no fault.
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
 * Whether specifications are right, and what is wrong with them: most faults are texts, some are errors of Kuzzle.
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
 * Whether specifications are right (`collection:validateSpecifications`): nothing is written.
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
  /** With `scroll`: the key to the next page. */
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
 * Finds specifications, of all collections (`collection:searchSpecifications`): one page of them.
 *
 * @since 0.1.0
 * @category actions
 */
export const searchSpecifications = Action.make<
  Action.CallOptions & {
    /** In the words of Elasticsearch; the fields are `index` and `collection`. */
    readonly query?: KuzzleDocument.Content | undefined
    readonly sort?: KuzzleDocument.SearchOptions["sort"]
    readonly from?: number | undefined
    /** 10 by default. */
    readonly size?: number | undefined
    /** Keeps the search open for the next page that long, for example `10s`. */
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
 * The next page of a search with `scroll` (`collection:scrollSpecifications`), which stays open for another 15 seconds.
 * Asked twice, it gives two pages.
 *
 * @since 0.1.0
 * @category actions
 */
export const scrollSpecifications = Action.make<
  // The server takes `scroll` too, and does not use it.
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
