/**
 * Indexes, which hold collections.
 *
 * @module
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Action from "./internal/client/action.ts"
import type { Kuzzle } from "./internal/client/client.ts"
import * as Shape from "./internal/data/shape.ts"
import { IndexAlreadyExistsError, IndexNotFoundError, InvalidNameError } from "./KuzzleActionError.ts"
import type { RequestError } from "./KuzzleError.ts"

/**
 * Creates an index (`index:create`).
 *
 * @since 0.1.0
 * @category actions
 */
export const create = Action.make<
  Action.CallOptions & { readonly index: string },
  void,
  IndexAlreadyExistsError | InvalidNameError
>({
  controller: "index",
  action: "create",
  http: ["POST", "/:index/_create"],
  idempotent: false,
  errors: [IndexAlreadyExistsError, InvalidNameError],
  result: Shape.done
})

const remove = Action.make<Action.CallOptions & { readonly index: string }, void, IndexNotFoundError>({
  controller: "index",
  action: "delete",
  http: ["DELETE", "/:index"],
  idempotent: true,
  errors: [IndexNotFoundError],
  result: Shape.done
})

export {
  /**
   * Deletes an index with all its collections (`index:delete`).
   *
   * @since 0.1.0
   * @category actions
   */
  remove as delete
}

/**
 * Deletes many indexes with all their collections (`index:mDelete`), if they exist and the user may delete them.
 * Returns the names of the deleted ones.
 *
 * @since 0.1.0
 * @category actions
 */
export const mDelete = Action.make<
  Action.CallOptions & { readonly indexes: ReadonlyArray<string> },
  ReadonlyArray<string>
>({
  controller: "index",
  action: "mDelete",
  http: ["DELETE", "/_mDelete"],
  idempotent: false,
  body: ["indexes"],
  result: Shape.member("deleted", Shape.array(Shape.string))
})

/**
 * Whether an index exists (`index:exists`).
 *
 * @since 0.1.0
 * @category actions
 */
export const exists = Action.make<Action.CallOptions & { readonly index: string }, boolean>({
  controller: "index",
  action: "exists",
  http: ["GET", "/:index/_exists"],
  idempotent: true,
  result: Shape.whole(Shape.boolean)
})

/**
 * Lists the names of all indexes (`index:list`).
 *
 * @since 0.1.0
 * @category actions
 */
export const list = Action.make<Action.CallOptions, ReadonlyArray<string>>({
  controller: "index",
  action: "list",
  http: ["GET", "/_list"],
  idempotent: true,
  result: Shape.member("indexes", Shape.array(Shape.string))
})

const counted = Action.make<
  Action.CallOptions & { readonly countCollection: true },
  { readonly [index: string]: number }
>({
  controller: "index",
  action: "list",
  http: ["GET", "/_list"],
  idempotent: true,
  result: Shape.member("collections", Shape.record(Shape.number))
})

/**
 * Counts the collections of each index (`index:list` with `countCollection`). The result has the names of the indexes
 * as keys.
 *
 * @since 0.1.0
 * @category actions
 */
export const countCollections = (
  options: Action.CallOptions = {}
): Effect.Effect<{ readonly [index: string]: number }, RequestError, Kuzzle> =>
  counted({ ...options, countCollection: true })

/**
 * The size of the storage, in bytes and documents. Writes that searches do not see yet are not included.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stats {
  readonly size: number
  /** The indexes with at least one collection. */
  readonly indexes: ReadonlyArray<{
    readonly name: string
    readonly size: number
    readonly collections: ReadonlyArray<{
      readonly name: string
      readonly documentCount: number
      readonly size: number
    }>
  }>
}

/**
 * Reads the sizes of all indexes (`index:stats`).
 *
 * @since 0.1.0
 * @category actions
 */
export const stats = Action.make<Action.CallOptions, Stats>({
  controller: "index",
  action: "stats",
  http: ["GET", "/_storageStats"],
  idempotent: true,
  result: Shape.whole(Shape.struct<Stats>({
    size: Shape.number,
    indexes: Shape.array(Shape.struct<Stats["indexes"][number]>({
      name: Shape.string,
      size: Shape.number,
      collections: Shape.array(Shape.struct<Stats["indexes"][number]["collections"][number]>({
        name: Shape.string,
        documentCount: Shape.number,
        size: Shape.number
      }))
    }))
  }))
})
