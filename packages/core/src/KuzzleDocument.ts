/**
 * Documents: writing, reading, searching.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Action from "./internal/action.ts"
import type { Kuzzle } from "./internal/client.ts"
import type { RequestError } from "./KuzzleError.ts"

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
 * Writes a new document (`document:create`), under an id that Kuzzle makes unless one is given. It fails with the id
 * `services.storage.document_already_exists` when there is one.
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
  WriteOptions & {
    readonly index: string
    readonly collection: string
    readonly content: Content
    readonly _id?: string | undefined
  },
  Document
>({
  controller: "document",
  action: "create",
  http: ["POST", "/:index/:collection/_create"],
  idempotent: false,
  body: "content",
  result: Action.result
})

/**
 * Reads a document (`document:get`). A document that is not there is a `NotFoundError`; see `getOption`.
 *
 * @since 0.1.0
 * @category actions
 */
export const get = Action.make<Action.CallOptions & Target, Document>({
  controller: "document",
  action: "get",
  http: ["GET", "/:index/:collection/:_id"],
  idempotent: true,
  result: Action.result
})

/**
 * Reads a document that may not be there. A missing index or collection is an error still.
 *
 * @since 0.1.0
 * @category actions
 */
export const getOption = (
  options: Action.CallOptions & Target
): Effect.Effect<Option.Option<Document>, RequestError, Kuzzle> =>
  get(options).pipe(
    Effect.asSome,
    Effect.catchIf(
      (error) => error._tag === "KuzzleNotFoundError" && error.id === "services.storage.not_found",
      () => Effect.succeed(Option.none())
    )
  )

/**
 * Changes some fields of a document (`document:update`). Gives those fields, or the whole document with `source`.
 *
 * @since 0.1.0
 * @category actions
 */
export const update = Action.make<
  WriteOptions & Target & {
    readonly content: Content
    readonly source?: boolean | undefined
    /** How often the server tries again when another write came in between; 10 by default. */
    readonly retryOnConflict?: number | undefined
  },
  Document
>({
  controller: "document",
  action: "update",
  http: ["PATCH", "/:index/:collection/:_id"],
  idempotent: true,
  body: "content",
  result: Action.result
})

const remove = Action.make<
  WriteOptions & Target & { readonly source?: boolean | undefined },
  { readonly _id: string; readonly _source?: Content }
>({
  controller: "document",
  action: "delete",
  http: ["DELETE", "/:index/:collection/:_id"],
  idempotent: true,
  result: Action.result
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
 * Finds documents (`document:search`): one page of them.
 *
 * @since 0.1.0
 * @category actions
 */
export const search = Action.make<
  Action.CallOptions & {
    readonly index: string
    readonly collection: string
    /** What to look for, in the words of Elasticsearch, or of Koncorde with `lang`. */
    readonly query?: Content | undefined
    readonly sort?: Content | ReadonlyArray<Content | string> | undefined
    readonly aggregations?: Content | undefined
    readonly highlight?: Content | undefined
    readonly from?: number | undefined
    /** 10 by default. */
    readonly size?: number | undefined
    /** Keeps the search open for the next page that long, for example `10s`. */
    readonly scroll?: string | undefined
    readonly lang?: "elasticsearch" | "koncorde" | undefined
  },
  SearchResult
>({
  controller: "document",
  action: "search",
  http: ["POST", "/:index/:collection/_search"],
  idempotent: true,
  body: ["query", "sort", "aggregations", "highlight"],
  result: Action.result
})
