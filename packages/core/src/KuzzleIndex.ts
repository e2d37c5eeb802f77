/**
 * Indexes: what holds collections.
 *
 * @since 0.1.0
 */
import * as Action from "./internal/action.ts"

/**
 * Makes an index (`index:create`). It fails with the id `services.storage.index_already_exists` when there is one.
 *
 * @since 0.1.0
 * @category actions
 */
export const create = Action.make<Action.CallOptions & { readonly index: string }, void>({
  controller: "index",
  action: "create",
  http: ["POST", "/:index/_create"],
  idempotent: false,
  result: Action.done
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

/**
 * The names of the indexes that the user may see (`index:list`).
 *
 * @since 0.1.0
 * @category actions
 */
export const list = Action.make<Action.CallOptions, ReadonlyArray<string>>({
  controller: "index",
  action: "list",
  http: ["GET", "/_list"],
  idempotent: true,
  result: Action.member("indexes")
})
