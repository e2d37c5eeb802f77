/**
 * Administration of the server: loading and resetting all its data. Most actions affect all users and cannot be undone.
 *
 * @module
 * @since 0.1.0
 */
import * as Action from "./internal/client/action.ts"
import * as Shape from "./internal/data/shape.ts"
import {
  ActionLockedError,
  CacheNotFoundError,
  CollectionNotFoundError,
  ImportFailedError,
  IndexNotFoundError,
  InvalidMappingError,
  InvalidRightsError,
  ProfileNotFoundError,
  RoleNotFoundError,
  UserOverwriteError
} from "./KuzzleActionError.ts"

/**
 * The options of all actions that load data.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoadOptions extends Action.CallOptions {
  /**
   * `wait_for` (the default): Kuzzle answers when the data are loaded. `false`: Kuzzle answers at once, and reports
   * failures only in its log.
   */
  readonly refresh?: "wait_for" | "false" | undefined
}

/**
 * Documents by index and collection, in the lines of `bulk:import`: `{ index: { _id } }` and the like, each followed by
 * the document.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fixtures {
  readonly [index: string]: { readonly [collection: string]: ReadonlyArray<Readonly<Record<string, unknown>>> }
}

/**
 * The mappings of collections, by index and collection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Mappings {
  readonly [index: string]: {
    readonly [collection: string]: {
      readonly dynamic?: "true" | "false" | "strict" | boolean
      readonly _meta?: Readonly<Record<string, unknown>>
      readonly properties?: Readonly<Record<string, unknown>>
    }
  }
}

/**
 * Roles, profiles and users to load, each by its id.
 *
 * @since 0.1.0
 * @category models
 */
export interface Securities {
  readonly roles?: { readonly [id: string]: Readonly<Record<string, unknown>> } | undefined
  readonly profiles?: { readonly [id: string]: Readonly<Record<string, unknown>> } | undefined
  readonly users?:
    | {
      readonly [id: string]: {
        readonly content: Readonly<Record<string, unknown>>
        readonly credentials?: { readonly [strategy: string]: Readonly<Record<string, unknown>> }
      }
    }
    | undefined
}

/**
 * How much was deleted.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResetSecurity {
  readonly deletedUsers: number
  readonly deletedProfiles: number
}

/**
 * Writes a dump of the server's state into a directory on the server (`admin:dump`). It is meant for the developers of
 * Kuzzle.
 *
 * @since 0.1.0
 * @category actions
 */
export const dump = Action.make<
  LoadOptions & {
    /** A part of the directory's name. Default: `manual-api-action`. */
    readonly suffix?: string | undefined
  },
  void,
  ActionLockedError
>({
  controller: "admin",
  action: "dump",
  http: ["POST", "/admin/_dump"],
  idempotent: false,
  errors: [ActionLockedError],
  result: Shape.done
})

/**
 * Writes documents into existing collections (`admin:loadFixtures`). If some cannot be written, it fails with an
 * `ImportFailedError`, and the others are written.
 *
 * @since 0.1.0
 * @category actions
 */
export const loadFixtures = Action.make<
  LoadOptions & { readonly fixtures: Fixtures },
  void,
  ImportFailedError | IndexNotFoundError | CollectionNotFoundError
>({
  controller: "admin",
  action: "loadFixtures",
  http: ["POST", "/admin/_loadFixtures"],
  idempotent: false,
  body: "fixtures",
  errors: [ImportFailedError, IndexNotFoundError, CollectionNotFoundError],
  result: Shape.done
})

/**
 * Creates indexes and collections with these mappings. If a collection exists, its mappings are changed
 * (`admin:loadMappings`).
 *
 * @since 0.1.0
 * @category actions
 */
export const loadMappings = Action.make<LoadOptions & { readonly mappings: Mappings }, void, InvalidMappingError>({
  controller: "admin",
  action: "loadMappings",
  http: ["POST", "/admin/_loadMappings"],
  idempotent: true,
  body: "mappings",
  errors: [InvalidMappingError],
  result: Shape.done
})

/**
 * Creates roles, profiles and users, and replaces existing roles and profiles (`admin:loadSecurities`).
 *
 * @since 0.1.0
 * @category actions
 */
export const loadSecurities = Action.make<
  LoadOptions & Securities & {
    /** What to do if users already exist: load nothing and fail (`fail`, the default), keep them, or replace them. */
    readonly onExistingUsers?: "fail" | "skip" | "overwrite" | undefined
    /** Accept rights on controllers and actions that the server does not have. */
    readonly force?: boolean | undefined
  },
  void,
  UserOverwriteError | InvalidRightsError | RoleNotFoundError | ProfileNotFoundError
>({
  controller: "admin",
  action: "loadSecurities",
  http: ["POST", "/admin/_loadSecurities"],
  idempotent: false,
  body: ["roles", "profiles", "users"],
  errors: [UserOverwriteError, InvalidRightsError, RoleNotFoundError, ProfileNotFoundError],
  result: Shape.done
})

/**
 * Makes Kuzzle read the list of indexes and collections again (`admin:refreshIndexCache`). Use it after changes that
 * were made directly in Elasticsearch.
 *
 * @since 0.1.0
 * @category actions
 */
export const refreshIndexCache = Action.make<Action.CallOptions, void>({
  controller: "admin",
  action: "refreshIndexCache",
  http: ["POST", "/admin/_refreshIndexCache"],
  idempotent: true,
  result: Shape.done
})

/**
 * Empties a Redis database (`admin:resetCache`). It is the server's own, which contains every session, or the one of
 * `KuzzleMemoryStorage`.
 *
 * @since 0.1.0
 * @category actions
 */
export const resetCache = Action.make<
  Action.CallOptions & { readonly database: "internalCache" | "memoryStorage" },
  void,
  CacheNotFoundError
>({
  controller: "admin",
  action: "resetCache",
  http: ["POST", "/admin/_resetCache"],
  idempotent: true,
  errors: [CacheNotFoundError],
  result: Shape.done
})

/**
 * Deletes every index with all its collections and documents (`admin:resetDatabase`).
 *
 * @since 0.1.0
 * @category actions
 */
export const resetDatabase = Action.make<Action.CallOptions, void, ActionLockedError>({
  controller: "admin",
  action: "resetDatabase",
  http: ["POST", "/admin/_resetDatabase"],
  idempotent: true,
  errors: [ActionLockedError],
  result: Shape.done
})

/**
 * Deletes every user, profile and role, and creates those of a new server (`admin:resetSecurity`). Afterwards an
 * anonymous user may do everything.
 *
 * @since 0.1.0
 * @category actions
 */
export const resetSecurity = Action.make<Action.CallOptions, ResetSecurity, ActionLockedError>({
  controller: "admin",
  action: "resetSecurity",
  http: ["POST", "/admin/_resetSecurity"],
  idempotent: false,
  errors: [ActionLockedError],
  result: Shape.whole(Shape.struct<ResetSecurity>({ deletedUsers: Shape.number, deletedProfiles: Shape.number }))
})

/**
 * Stops this node of the server (`admin:shutdown`). The node answers, finishes the requests in progress and closes its
 * connections. A process manager may then restart it.
 *
 * @since 0.1.0
 * @category actions
 */
export const shutdown = Action.make<Action.CallOptions, void, ActionLockedError>({
  controller: "admin",
  action: "shutdown",
  http: ["POST", "/admin/_shutdown/"],
  idempotent: false,
  errors: [ActionLockedError],
  result: Shape.done
})
