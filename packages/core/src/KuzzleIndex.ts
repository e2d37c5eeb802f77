/**
 * Indexes: what holds collections.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Action from "./internal/action.ts"
import type { Kuzzle } from "./internal/client.ts"
import { IndexAlreadyExistsError, IndexNotFoundError, InvalidNameError } from "./KuzzleActionError.ts"
import type { RequestError } from "./KuzzleError.ts"

/**
 * Makes an index (`index:create`).
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
  result: Action.done
})

const remove = Action.make<Action.CallOptions & { readonly index: string }, void, IndexNotFoundError>({
  controller: "index",
  action: "delete",
  http: ["DELETE", "/:index"],
  idempotent: true,
  errors: [IndexNotFoundError],
  result: Action.done
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
 * Deletes many indexes with all their collections (`index:mDelete`): those of them that exist and that the user may delete.
 * Gives their names.
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
  result: Action.member("deleted")
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
  result: Action.result
})

const listed = Action.make<
  Action.CallOptions & { readonly countCollection?: true | undefined },
  { readonly indexes: ReadonlyArray<string>; readonly collections?: { readonly [index: string]: number } }
>({
  controller: "index",
  action: "list",
  http: ["GET", "/_list"],
  idempotent: true,
  result: Action.result
})

/**
 * The names of all indexes (`index:list`).
 *
 * @since 0.1.0
 * @category actions
 */
export const list = Action.wrap(
  listed,
  (options: Action.CallOptions = {}): Effect.Effect<ReadonlyArray<string>, RequestError, Kuzzle> =>
    Effect.map(listed(options), ({ indexes }) => indexes)
)

/**
 * How many collections each index holds, by its name (`index:list` with `countCollection`).
 *
 * @since 0.1.0
 * @category actions
 */
export const countCollections = (
  options: Action.CallOptions = {}
): Effect.Effect<{ readonly [index: string]: number }, RequestError, Kuzzle> =>
  Effect.map(listed({ ...options, countCollection: true }), ({ collections = {} }) => collections)

/**
 * How large the storage is, in bytes and documents: as searches see it, so without what was written just now.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stats {
  readonly size: number
  /** Those that hold a collection. */
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
 * How large all indexes are (`index:stats`).
 *
 * @since 0.1.0
 * @category actions
 */
export const stats = Action.make<Action.CallOptions, Stats>({
  controller: "index",
  action: "stats",
  http: ["GET", "/_storageStats"],
  idempotent: true,
  result: Action.result
})
