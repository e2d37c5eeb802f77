/**
 * Collections: what holds documents.
 *
 * @since 0.1.0
 */
import * as Action from "./internal/action.ts"

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

/**
 * Makes a collection, and its index where there is none; updates mappings and settings where it exists
 * (`collection:create`).
 *
 * @since 0.1.0
 * @category actions
 */
export const create = Action.make<
  Action.CallOptions & Target & {
    /** `dynamic` policy and `properties`, as Elasticsearch has them. */
    readonly mappings?: Readonly<Record<string, unknown>> | undefined
    readonly settings?: Readonly<Record<string, unknown>> | undefined
  },
  void
>({
  controller: "collection",
  action: "create",
  http: ["PUT", "/:index/:collection"],
  idempotent: true,
  body: ["mappings", "settings"],
  result: Action.done
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
  result: Action.result
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
  },
  ReadonlyArray<Listed>
>({
  controller: "collection",
  action: "list",
  http: ["GET", "/:index/_list"],
  idempotent: true,
  result: Action.member("collections")
})
