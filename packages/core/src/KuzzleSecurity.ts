/**
 * Users, their credentials and API keys, profiles and roles.
 *
 * A user has profiles, a profile has roles, and a role allows actions. Until the default roles are restricted, every
 * user may do everything: see `createFirstAdmin`.
 *
 * By default, the server answers a write only when searches see it, which takes up to 1 s. With `refresh: "false"`, it
 * answers at once.
 *
 * @module
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"
import * as Action from "./internal/client/action.ts"
import * as Secrets from "./internal/data/secrets.ts"
import * as Shape from "./internal/data/shape.ts"
import * as Shapes from "./internal/data/shapes.ts"
// It is not imported from `internal/client/client`, because the declarations of this module would then contain that
// path for `Kuzzle`.
import type { KuzzleRequest } from "./Kuzzle.ts"
import {
  AdminExistsError,
  CollectionNotFoundError,
  CredentialsRejectedError,
  DocumentAlreadyExistsError,
  DocumentNotFoundError,
  FetchLimitError,
  IncompleteDeleteError,
  IndexNotFoundError,
  InvalidExpirationError,
  InvalidMappingError,
  InvalidRightsError,
  InvalidSearchError,
  ProfileInUseError,
  ProfileNotFoundError,
  ProfileProtectedError,
  ProfileRequiredError,
  RoleInUseError,
  RoleNotFoundError,
  RoleProtectedError,
  ScrollNotFoundError,
  ScrollTooLongError,
  StrategyMethodMissingError,
  TooManyChangesError,
  UnknownStrategyError,
  UserAlreadyExistsError,
  UserNotFoundError,
  WriteLimitError
} from "./KuzzleActionError.ts"
import type { Content, KuzzleInfo, Selection } from "./KuzzleDocument.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * What a role allows, by controller and action; `*` stands for all of them. Everything else is denied. The name of a
 * controller or an action takes precedence over `*`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RoleContent {
  readonly controllers: {
    readonly [controller: string]: { readonly actions: { readonly [action: string]: boolean } }
  }
  /** Any other content. */
  readonly [field: string]: unknown
}

/**
 * A role.
 *
 * @since 0.1.0
 * @category models
 */
export interface Role {
  readonly _id: string
  readonly _source: RoleContent & { readonly _kuzzle_info?: KuzzleInfo }
}

/**
 * A role of a profile. It can be restricted to some indexes, or to some of their collections.
 *
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  readonly roleId: string
  readonly restrictedTo?:
    | ReadonlyArray<{ readonly index: string; readonly collections?: ReadonlyArray<string> | undefined }>
    | undefined
}

/**
 * The content of a profile.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProfileContent {
  readonly policies: ReadonlyArray<Policy>
  /** How many requests per second each user with the profile may make. 0, the default, means no limit. */
  readonly rateLimit?: number | undefined
  /** Any other content. */
  readonly [field: string]: unknown
}

/**
 * A profile.
 *
 * @since 0.1.0
 * @category models
 */
export interface Profile {
  readonly _id: string
  readonly _source: ProfileContent & {
    readonly rateLimit: number
    /** The policies in the server's internal form. It is empty in the hits of a search. */
    readonly optimizedPolicies: ReadonlyArray<{ readonly roleId: string; readonly restrictedTo?: {} }>
    readonly _kuzzle_info?: KuzzleInfo
  }
}

/**
 * The content of a user: the profiles, and any content that an application adds.
 *
 * @since 0.1.0
 * @category models
 */
export interface UserContent {
  readonly profileIds: ReadonlyArray<string>
  readonly [field: string]: unknown
}

/** An interface of the application has no index signature. */
type Profiles = Pick<UserContent, "profileIds">

/**
 * A user. The anonymous user has the id `-1`.
 *
 * @since 0.1.0
 * @category models
 */
export interface User {
  readonly _id: string
  readonly _source: UserContent & { readonly _kuzzle_info?: KuzzleInfo }
}

const userShape = Shapes.stored<User>()

/**
 * The credentials that a strategy defines: for `local`, a `username` and a `password`. Secrets may be `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export type Credentials = Readonly<Record<string, unknown>>

/**
 * The credentials of the strategy `local`.
 *
 * @since 0.1.0
 * @category models
 */
export type LocalCredentials = {
  readonly username: string | Redacted.Redacted
  readonly password: string | Redacted.Redacted
}

/**
 * The name of a strategy: `local`, or any other strategy of the server.
 *
 * @since 0.1.0
 * @category models
 */
export type StrategyName = "local" | (string & {})

/**
 * The credentials of a user as a strategy returns them, without their secret. For `local`: the `username`, and the
 * `kuid` of the user. The `kuid` is absent in the answer to a creation or to a change of the username.
 *
 * @since 0.1.0
 * @category models
 */
export type CredentialsInfo = Content

/**
 * An API key without its token. `expiresAt` and `ttl` are -1 for a key that never expires.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKey {
  readonly _id: string
  readonly _source: {
    readonly userId: string
    readonly description: string
    /** Milliseconds since the epoch. */
    readonly expiresAt: number
    /** Milliseconds. */
    readonly ttl: number
    readonly fingerprint: string
  }
}

/**
 * An API key that was just made. Its token is returned only this once.
 *
 * @since 0.1.0
 * @category models
 */
export interface NewApiKey {
  readonly _id: string
  readonly _source: ApiKey["_source"] & { readonly token: Redacted.Redacted; readonly _kuzzle_info: KuzzleInfo }
}

/**
 * One right of a user or a profile; `*` stands for all.
 *
 * @since 0.1.0
 * @category models
 */
export interface Right {
  readonly controller: string
  readonly action: string
  readonly index: string
  readonly collection: string
  readonly value: "allowed" | "denied"
}

/**
 * The searchable fields of a security collection, as Elasticsearch describes them.
 *
 * @since 0.1.0
 * @category models
 */
export type Mapping = Readonly<Record<string, unknown>>

/**
 * The whole mapping of a security collection, Kuzzle's own fields included.
 *
 * @since 0.1.0
 * @category models
 */
export interface FullMapping {
  readonly dynamic: string
  readonly properties: Mapping
}

/**
 * A page of search results.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<Hit> {
  readonly hits: ReadonlyArray<Hit>
  /** The number of all hits. */
  readonly total: number
  readonly aggregations?: Content
  /** The id for the next page, if the search has `scroll`. */
  readonly scrollId?: string
}

// -------------------------------------------------------------------------------------------------------------------
// options
// -------------------------------------------------------------------------------------------------------------------

/**
 * The id of the user, profile or role.
 *
 * @since 0.1.0
 * @category options
 */
export interface IdOptions extends Action.CallOptions {
  readonly _id: string
}

/**
 * The ids of many users, profiles or roles.
 *
 * @since 0.1.0
 * @category options
 */
export interface ManyOptions extends Action.CallOptions {
  readonly ids: ReadonlyArray<string>
}

/**
 * The options of every write.
 *
 * @since 0.1.0
 * @category options
 */
export interface WriteOptions extends Action.CallOptions {
  /** `wait_for`, the default: answer only when searches see the change. */
  readonly refresh?: "wait_for" | "false" | undefined
}

/**
 * The options of every change of something that exists.
 *
 * @since 0.1.0
 * @category options
 */
export interface ChangeOptions extends WriteOptions {
  readonly _id: string
  /** How often the server retries after a conflict with another write. Default: 10. */
  readonly retryOnConflict?: number | undefined
}

/**
 * The options of every search for users, profiles, roles or API keys.
 *
 * @since 0.1.0
 * @category options
 */
export interface SearchOptions extends Action.CallOptions {
  readonly from?: number | undefined
  readonly size?: number | undefined
}

/**
 * The options of a search whose hits can be sorted.
 *
 * @since 0.1.0
 * @category options
 */
export interface SortedSearchOptions extends SearchOptions {
  readonly sort?: Content | ReadonlyArray<Content | string> | undefined
}

/**
 * The options of a search that can be scrolled.
 *
 * @since 0.1.0
 * @category options
 */
export interface ScrolledSearchOptions extends SortedSearchOptions {
  readonly search_after?: ReadonlyArray<unknown> | undefined
  /** How long the search is kept open for the next page, for example `10s`. */
  readonly scroll?: string | undefined
}

/**
 * The next page of a search.
 *
 * @since 0.1.0
 * @category options
 */
export interface ScrollOptions extends Action.CallOptions {
  readonly scrollId: string
  /** How long the search is kept open for the page after this one, for example `10s`. */
  readonly scroll?: string | undefined
}

/**
 * The user of the credentials, and their strategy.
 *
 * @since 0.1.0
 * @category options
 */
export interface CredentialsOptions extends Action.CallOptions {
  readonly _id: string
  readonly strategy: StrategyName
}

/**
 * The options of every action that creates a user, besides the content of the user.
 *
 * @since 0.1.0
 * @category options
 */
export interface NewUserOptions extends WriteOptions {
  /** The user's id (`kuid`). By default, Kuzzle makes one. */
  readonly _id?: string | undefined
  /** The kind of id that Kuzzle makes: readable, such as `kuid-dashing-euler-1164` (the default), or with a UUID. */
  readonly kuid?: "human" | "uuid" | undefined
  /** The credentials by strategy. */
  readonly credentials?:
    | { readonly local?: LocalCredentials; readonly [strategy: string]: Credentials | undefined }
    | undefined
}

/**
 * A role to write.
 *
 * @since 0.1.0
 * @category options
 */
export interface RoleOptions extends WriteOptions {
  readonly _id: string
  readonly content: RoleContent
  /** Whether to accept names of controllers and actions that the server does not have. */
  readonly force?: boolean | undefined
}

/**
 * A profile to write.
 *
 * @since 0.1.0
 * @category options
 */
export interface ProfileOptions extends WriteOptions {
  readonly _id: string
  readonly content: ProfileContent
  /** Whether to refuse restrictions to indexes and collections that do not exist. */
  readonly strict?: boolean | undefined
}

const role = Shapes.stored<Role>()

const profile = Shapes.stored<Profile>()

const mapping = Shape.member("mapping", Shape.object<Mapping>())

const fullMapping = Shape.whole(Shape.struct<FullMapping>({ dynamic: Shape.string, properties: Shape.object() }))

// -------------------------------------------------------------------------------------------------------------------
// roles
// -------------------------------------------------------------------------------------------------------------------

/**
 * Creates a role (`security:createRole`).
 *
 * The server checks the names of controllers and actions only up to the first controller of Kuzzle itself. So put the
 * controllers of plugins and applications before it.
 *
 * @example
 * ```ts
 * import { KuzzleSecurity } from "@effect-kuzzle/core"
 *
 * export const reader = KuzzleSecurity.createRole({
 *   _id: "reader",
 *   content: { controllers: { document: { actions: { get: true, search: true } } } }
 * })
 * ```
 *
 * @since 0.1.0
 * @category roles
 */
export const createRole = Action.make<
  RoleOptions,
  Role,
  DocumentAlreadyExistsError | InvalidRightsError | RoleProtectedError
>({
  controller: "security",
  action: "createRole",
  http: ["POST", "/roles/:_id/_create"],
  idempotent: false,
  body: "content",
  errors: [DocumentAlreadyExistsError, InvalidRightsError, RoleProtectedError],
  result: Shape.whole(role)
})

/**
 * Creates or replaces a role (`security:createOrReplaceRole`).
 *
 * @since 0.1.0
 * @category roles
 */
export const createOrReplaceRole = Action.make<RoleOptions, Role, InvalidRightsError | RoleProtectedError>({
  controller: "security",
  action: "createOrReplaceRole",
  http: ["PUT", "/roles/:_id"],
  idempotent: true,
  body: "content",
  errors: [InvalidRightsError, RoleProtectedError],
  result: Shape.whole(role)
})

/**
 * Replaces the content of a role (`security:updateRole`). Despite its name, it keeps nothing of the old content. Fails
 * with a `DocumentNotFoundError` if the role does not exist.
 *
 * @since 0.1.0
 * @category roles
 */
export const updateRole = Action.make<
  RoleOptions & ChangeOptions,
  Role,
  DocumentNotFoundError | InvalidRightsError | RoleProtectedError
>({
  controller: "security",
  action: "updateRole",
  http: ["PUT", "/roles/:_id/_update"],
  idempotent: true,
  body: "content",
  errors: [DocumentNotFoundError, InvalidRightsError, RoleProtectedError],
  result: Shape.whole(role)
})

/**
 * Deletes a role (`security:deleteRole`). Fails with a `RoleInUseError` if a profile has it.
 *
 * @since 0.1.0
 * @category roles
 */
export const deleteRole = Action.make<
  WriteOptions & IdOptions,
  void,
  RoleNotFoundError | RoleInUseError | RoleProtectedError
>({
  controller: "security",
  action: "deleteRole",
  http: ["DELETE", "/roles/:_id"],
  idempotent: true,
  errors: [RoleNotFoundError, RoleInUseError, RoleProtectedError],
  result: Shape.done
})

/**
 * Deletes many roles (`security:mDeleteRoles`). Returns their ids. If some cannot be deleted, it fails with an
 * `IncompleteDeleteError` that lists the deleted ones and the others.
 *
 * @since 0.1.0
 * @category roles
 */
export const mDeleteRoles = Action.make<
  WriteOptions & ManyOptions,
  ReadonlyArray<string>,
  IncompleteDeleteError | WriteLimitError
>({
  controller: "security",
  action: "mDeleteRoles",
  http: ["POST", "/roles/_mDelete"],
  idempotent: false,
  body: ["ids"],
  errors: [IncompleteDeleteError, WriteLimitError],
  result: Shapes.strings
})

/**
 * Reads a role (`security:getRole`).
 *
 * @since 0.1.0
 * @category roles
 */
export const getRole = Action.make<IdOptions, Role, RoleNotFoundError>({
  controller: "security",
  action: "getRole",
  http: ["GET", "/roles/:_id"],
  idempotent: true,
  errors: [RoleNotFoundError],
  result: Shape.whole(role)
})

/**
 * Reads many roles (`security:mGetRoles`). Fails if one of them does not exist.
 *
 * @since 0.1.0
 * @category roles
 */
export const mGetRoles = Action.make<ManyOptions, ReadonlyArray<Role>, RoleNotFoundError>({
  controller: "security",
  action: "mGetRoles",
  http: ["POST", "/roles/_mGet"],
  idempotent: true,
  body: ["ids"],
  errors: [RoleNotFoundError],
  result: Shape.member("hits", Shape.array(role))
})

/**
 * Searches roles by a query, or by the controllers whose actions they allow (`security:searchRoles`).
 *
 * @since 0.1.0
 * @category roles
 */
export const searchRoles = Action.make<
  SortedSearchOptions & Selection & { readonly controllers?: ReadonlyArray<string> | undefined },
  Page<Role>,
  FetchLimitError | InvalidSearchError
>({
  controller: "security",
  action: "searchRoles",
  http: ["POST", "/roles/_search"],
  idempotent: true,
  filterAsQuery: true,
  body: ["query", "sort", "controllers"],
  errors: [FetchLimitError, InvalidSearchError],
  result: Shape.whole(Shapes.page(role))
})

/**
 * Lists the fields by which roles can be searched (`security:getRoleMapping`).
 *
 * @since 0.1.0
 * @category roles
 */
export const getRoleMapping = Action.make<Action.CallOptions, Mapping>({
  controller: "security",
  action: "getRoleMapping",
  http: ["GET", "/roles/_mapping"],
  idempotent: true,
  result: mapping
})

/**
 * Adds fields by which roles can be searched (`security:updateRoleMapping`).
 *
 * @since 0.1.0
 * @category roles
 */
export const updateRoleMapping = Action.make<
  Action.CallOptions & { readonly properties: Mapping },
  FullMapping,
  InvalidMappingError
>({
  controller: "security",
  action: "updateRoleMapping",
  http: ["PUT", "/roles/_mapping"],
  idempotent: true,
  body: ["properties"],
  errors: [InvalidMappingError],
  result: fullMapping
})

// -------------------------------------------------------------------------------------------------------------------
// profiles
// -------------------------------------------------------------------------------------------------------------------

/**
 * Creates a profile (`security:createProfile`). Without policies, it gets the role `default`.
 *
 * @since 0.1.0
 * @category profiles
 */
export const createProfile = Action.make<
  ProfileOptions,
  Profile,
  | DocumentAlreadyExistsError
  | RoleNotFoundError
  | IndexNotFoundError
  | CollectionNotFoundError
  | ProfileProtectedError
>({
  controller: "security",
  action: "createProfile",
  http: ["POST", "/profiles/:_id/_create"],
  idempotent: false,
  body: "content",
  errors: [
    DocumentAlreadyExistsError,
    RoleNotFoundError,
    IndexNotFoundError,
    CollectionNotFoundError,
    ProfileProtectedError
  ],
  result: Shape.whole(profile)
})

/**
 * Creates or replaces a profile (`security:createOrReplaceProfile`).
 *
 * @since 0.1.0
 * @category profiles
 */
export const createOrReplaceProfile = Action.make<
  ProfileOptions,
  Profile,
  RoleNotFoundError | IndexNotFoundError | CollectionNotFoundError | ProfileProtectedError
>({
  controller: "security",
  action: "createOrReplaceProfile",
  http: ["PUT", "/profiles/:_id"],
  idempotent: true,
  body: "content",
  errors: [RoleNotFoundError, IndexNotFoundError, CollectionNotFoundError, ProfileProtectedError],
  result: Shape.whole(profile)
})

/**
 * Changes some fields of a profile (`security:updateProfile`).
 *
 * @since 0.1.0
 * @category profiles
 */
export const updateProfile = Action.make<
  & ChangeOptions
  & Omit<ProfileOptions, "content">
  & { readonly content: Partial<ProfileContent> },
  Profile,
  | ProfileNotFoundError
  | RoleNotFoundError
  | IndexNotFoundError
  | CollectionNotFoundError
  | ProfileProtectedError
  | TooManyChangesError
>({
  controller: "security",
  action: "updateProfile",
  http: ["PUT", "/profiles/:_id/_update"],
  idempotent: true,
  body: "content",
  errors: [
    ProfileNotFoundError,
    RoleNotFoundError,
    IndexNotFoundError,
    CollectionNotFoundError,
    ProfileProtectedError,
    TooManyChangesError
  ],
  result: Shape.whole(profile)
})

/**
 * Deletes a profile (`security:deleteProfile`). Fails with a `ProfileInUseError` if users have the profile, unless
 * `onAssignedUsers` removes it from them. A user without any other profile then gets the profile `anonymous`.
 *
 * @since 0.1.0
 * @category profiles
 */
export const deleteProfile = Action.make<
  WriteOptions & IdOptions & { readonly onAssignedUsers?: "fail" | "remove" | undefined },
  void,
  ProfileNotFoundError | ProfileInUseError | ProfileProtectedError
>({
  controller: "security",
  action: "deleteProfile",
  http: ["DELETE", "/profiles/:_id"],
  idempotent: true,
  errors: [ProfileNotFoundError, ProfileInUseError, ProfileProtectedError],
  result: Shape.done
})

/**
 * Deletes many profiles (`security:mDeleteProfiles`). Returns their ids. If some cannot be deleted, it fails with an
 * `IncompleteDeleteError` that lists the deleted ones and the others.
 *
 * @since 0.1.0
 * @category profiles
 */
export const mDeleteProfiles = Action.make<
  WriteOptions & ManyOptions,
  ReadonlyArray<string>,
  IncompleteDeleteError | WriteLimitError
>({
  controller: "security",
  action: "mDeleteProfiles",
  http: ["POST", "/profiles/_mDelete"],
  idempotent: false,
  body: ["ids"],
  errors: [IncompleteDeleteError, WriteLimitError],
  result: Shapes.strings
})

/**
 * Reads a profile (`security:getProfile`).
 *
 * @since 0.1.0
 * @category profiles
 */
export const getProfile = Action.make<IdOptions, Profile, ProfileNotFoundError>({
  controller: "security",
  action: "getProfile",
  http: ["GET", "/profiles/:_id"],
  idempotent: true,
  errors: [ProfileNotFoundError],
  result: Shape.whole(profile)
})

/**
 * Reads many profiles (`security:mGetProfiles`). Fails if one of them does not exist.
 *
 * @since 0.1.0
 * @category profiles
 */
export const mGetProfiles = Action.make<ManyOptions, ReadonlyArray<Profile>, ProfileNotFoundError>({
  controller: "security",
  action: "mGetProfiles",
  http: ["POST", "/profiles/_mGet"],
  idempotent: true,
  body: ["ids"],
  errors: [ProfileNotFoundError],
  result: Shape.member("hits", Shape.array(profile))
})

/**
 * Searches profiles (`security:searchProfiles`). Without `size`, all of them are on one page.
 *
 * @since 0.1.0
 * @category profiles
 */
export const searchProfiles = Action.make<
  ScrolledSearchOptions & Selection & { readonly aggregations?: Content | undefined },
  Page<Profile>,
  FetchLimitError | InvalidSearchError | ScrollTooLongError
>({
  controller: "security",
  action: "searchProfiles",
  http: ["POST", "/profiles/_search"],
  idempotent: true,
  filterAsQuery: true,
  body: ["query", "sort", "search_after", "aggregations"],
  errors: [FetchLimitError, InvalidSearchError, ScrollTooLongError],
  result: Shape.whole(Shapes.page(profile))
})

/**
 * Returns the next page of a search for profiles (`security:scrollProfiles`).
 *
 * @since 0.1.0
 * @category profiles
 */
export const scrollProfiles = Action.make<ScrollOptions, Page<Profile>, ScrollNotFoundError | ScrollTooLongError>({
  controller: "security",
  action: "scrollProfiles",
  http: ["GET", "/profiles/_scroll/:scrollId"],
  // It is not idempotent, because the server does not send a page again.
  idempotent: false,
  errors: [ScrollNotFoundError, ScrollTooLongError],
  result: Shape.whole(Shapes.page(profile))
})

/**
 * Lists what a profile allows and denies (`security:getProfileRights`).
 *
 * @since 0.1.0
 * @category profiles
 */
export const getProfileRights = Action.make<IdOptions, ReadonlyArray<Right>, ProfileNotFoundError>({
  controller: "security",
  action: "getProfileRights",
  http: ["GET", "/profiles/:_id/_rights"],
  idempotent: true,
  errors: [ProfileNotFoundError],
  result: Shapes.rights
})

/**
 * Lists the fields by which profiles can be searched (`security:getProfileMapping`).
 *
 * @since 0.1.0
 * @category profiles
 */
export const getProfileMapping = Action.make<Action.CallOptions, Mapping>({
  controller: "security",
  action: "getProfileMapping",
  http: ["GET", "/profiles/_mapping"],
  idempotent: true,
  result: mapping
})

/**
 * Adds fields by which profiles can be searched (`security:updateProfileMapping`).
 *
 * @since 0.1.0
 * @category profiles
 */
export const updateProfileMapping = Action.make<
  Action.CallOptions & { readonly properties: Mapping },
  FullMapping,
  InvalidMappingError
>({
  controller: "security",
  action: "updateProfileMapping",
  http: ["PUT", "/profiles/_mapping"],
  idempotent: true,
  body: ["properties"],
  errors: [InvalidMappingError],
  result: fullMapping
})

// -------------------------------------------------------------------------------------------------------------------
// users
// -------------------------------------------------------------------------------------------------------------------

/**
 * Creates a user with credentials for logging in (`security:createUser`).
 *
 * @example
 * ```ts
 * import { KuzzleSecurity } from "@effect-kuzzle/core"
 * import { Redacted } from "effect"
 *
 * export const ada = KuzzleSecurity.createUser({
 *   content: { profileIds: ["default"], name: "Ada" },
 *   credentials: { local: { username: "ada", password: Redacted.make("secret") } }
 * })
 * ```
 *
 * @since 0.1.0
 * @category users
 */
export const createUser = Action.make<
  NewUserOptions & { readonly content: UserContent | Profiles },
  User,
  | UserAlreadyExistsError
  | ProfileNotFoundError
  | ProfileRequiredError
  | UnknownStrategyError
>({
  controller: "security",
  action: "createUser",
  http: ["POST", "/users/_create"],
  idempotent: false,
  body: ["content", "credentials"],
  errors: [
    UserAlreadyExistsError,
    ProfileNotFoundError,
    ProfileRequiredError,
    UnknownStrategyError
  ],
  result: Shape.whole(userShape)
})

/**
 * Creates a user with the profiles from the server's settings, by default with the profile `default`
 * (`security:createRestrictedUser`). An application may allow this to anonymous users, so that they can sign up.
 *
 * @since 0.1.0
 * @category users
 */
export const createRestrictedUser = Action.make<
  NewUserOptions & { readonly content?: object | undefined },
  User,
  UserAlreadyExistsError | UnknownStrategyError
>({
  controller: "security",
  action: "createRestrictedUser",
  http: ["POST", "/users/_createRestricted"],
  idempotent: false,
  body: ["content", "credentials"],
  errors: [UserAlreadyExistsError, UnknownStrategyError],
  result: Shape.whole(userShape)
})

/**
 * Creates the first administrator (`security:createFirstAdmin`). Any user may do so while there is no administrator.
 * With `reset`, the default roles are restricted as by `restrictDefaultRights`. Without it, every user may still do
 * everything.
 *
 * @since 0.1.0
 * @category users
 */
export const createFirstAdmin = Action.make<
  NewUserOptions & { readonly content?: object | undefined; readonly reset?: boolean | undefined },
  User,
  AdminExistsError | UserAlreadyExistsError | UnknownStrategyError
>({
  controller: "security",
  action: "createFirstAdmin",
  http: ["POST", "/_createFirstAdmin"],
  idempotent: false,
  body: ["content", "credentials"],
  errors: [AdminExistsError, UserAlreadyExistsError, UnknownStrategyError],
  result: Shape.whole(userShape)
})

/**
 * Restricts the roles `default` and `anonymous` to the rights in the server's settings
 * (`security:restrictDefaultRights`): by default, logging in and reading the current user.
 *
 * @since 0.1.0
 * @category roles
 */
export const restrictDefaultRights = Action.make<Action.CallOptions, void>({
  controller: "security",
  action: "restrictDefaultRights",
  http: ["POST", "/_restrictDefaultRights"],
  idempotent: true,
  result: Shape.done
})

/**
 * Changes some fields of a user (`security:updateUser`).
 *
 * The answer contains each changed field as it was sent. If a field is an object, the server keeps the members that
 * were not sent, but the answer may not contain them.
 *
 * @since 0.1.0
 * @category users
 */
export const updateUser = Action.make<
  ChangeOptions & { readonly content: Partial<UserContent> | (Partial<Profiles> & object) },
  User,
  UserNotFoundError | ProfileNotFoundError | ProfileRequiredError | TooManyChangesError
>({
  controller: "security",
  action: "updateUser",
  http: ["PUT", "/users/:_id/_update"],
  idempotent: true,
  body: "content",
  errors: [UserNotFoundError, ProfileNotFoundError, ProfileRequiredError, TooManyChangesError],
  result: Shape.whole(userShape)
})

/**
 * Changes some fields of a user, or creates the user from `default`, `content` and the credentials
 * (`security:upsertUser`). The credentials of an existing user are not changed.
 *
 * @since 0.1.0
 * @category users
 */
export const upsertUser = Action.make<
  & ChangeOptions
  & Pick<NewUserOptions, "credentials">
  & { readonly content: UserContent | Profiles; readonly default?: object | undefined },
  User,
  | ProfileNotFoundError
  | ProfileRequiredError
  | UnknownStrategyError
  | TooManyChangesError
>({
  controller: "security",
  action: "upsertUser",
  http: ["POST", "/users/:_id/_upsert"],
  idempotent: true,
  body: ["content", "default", "credentials"],
  errors: [
    ProfileNotFoundError,
    ProfileRequiredError,
    UnknownStrategyError,
    TooManyChangesError
  ],
  result: Shape.whole(userShape)
})

/**
 * Replaces the content of a user (`security:replaceUser`).
 *
 * @since 0.1.0
 * @category users
 */
export const replaceUser = Action.make<
  WriteOptions & IdOptions & { readonly content: UserContent | Profiles },
  User,
  UserNotFoundError | ProfileNotFoundError | ProfileRequiredError
>({
  controller: "security",
  action: "replaceUser",
  http: ["PUT", "/users/:_id/_replace"],
  idempotent: true,
  body: "content",
  errors: [UserNotFoundError, ProfileNotFoundError, ProfileRequiredError],
  result: Shape.whole(userShape)
})

/**
 * Deletes a user with all credentials, API keys and tokens (`security:deleteUser`). Fails with a
 * `CredentialsRejectedError` if a strategy refuses to delete its credentials.
 *
 * @since 0.1.0
 * @category users
 */
export const deleteUser = Action.make<WriteOptions & IdOptions, void, UserNotFoundError | CredentialsRejectedError>({
  controller: "security",
  action: "deleteUser",
  http: ["DELETE", "/users/:_id"],
  idempotent: true,
  errors: [UserNotFoundError, CredentialsRejectedError],
  result: Shape.done
})

/**
 * Deletes many users (`security:mDeleteUsers`). Returns their ids. If some cannot be deleted, it fails with an
 * `IncompleteDeleteError` that lists the deleted ones and the others.
 *
 * @example
 * ```ts
 * import { KuzzleSecurity } from "@effect-kuzzle/core"
 * import { Effect } from "effect"
 *
 * export const gone = KuzzleSecurity.mDeleteUsers({ ids: ["ada", "bob"] }).pipe(
 *   Effect.catchTag("KuzzleIncompleteDeleteError", (error) => Effect.succeed(error.successes))
 * )
 * ```
 *
 * @since 0.1.0
 * @category users
 */
export const mDeleteUsers = Action.make<
  WriteOptions & ManyOptions,
  ReadonlyArray<string>,
  IncompleteDeleteError | WriteLimitError
>({
  controller: "security",
  action: "mDeleteUsers",
  http: ["POST", "/users/_mDelete"],
  idempotent: false,
  body: ["ids"],
  errors: [IncompleteDeleteError, WriteLimitError],
  result: Shapes.strings
})

/**
 * Reads a user (`security:getUser`).
 *
 * @since 0.1.0
 * @category users
 */
export const getUser = Action.make<IdOptions, User, UserNotFoundError>({
  controller: "security",
  action: "getUser",
  http: ["GET", "/users/:_id"],
  idempotent: true,
  errors: [UserNotFoundError],
  result: Shape.whole(userShape)
})

/**
 * Reads many users (`security:mGetUsers`). Users that do not exist are left out.
 *
 * @since 0.1.0
 * @category users
 */
export const mGetUsers = Action.make<ManyOptions, ReadonlyArray<User>>({
  controller: "security",
  action: "mGetUsers",
  http: ["POST", "/users/_mGet"],
  idempotent: true,
  body: ["ids"],
  result: Shape.member("hits", Shape.array(userShape))
})

/**
 * Searches users (`security:searchUsers`). Without `size`, all of them are on one page.
 *
 * @since 0.1.0
 * @category users
 */
export const searchUsers = Action.make<
  ScrolledSearchOptions & Selection,
  Page<User>,
  FetchLimitError | InvalidSearchError | ScrollTooLongError
>({
  controller: "security",
  action: "searchUsers",
  http: ["POST", "/users/_search"],
  idempotent: true,
  filterAsQuery: true,
  body: ["query", "sort", "search_after"],
  errors: [FetchLimitError, InvalidSearchError, ScrollTooLongError],
  result: Shape.whole(Shapes.page(userShape))
})

/**
 * Returns the next page of a search for users (`security:scrollUsers`).
 *
 * @since 0.1.0
 * @category users
 */
export const scrollUsers = Action.make<ScrollOptions, Page<User>, ScrollNotFoundError | ScrollTooLongError>({
  controller: "security",
  action: "scrollUsers",
  http: ["GET", "/users/_scroll/:scrollId"],
  // It is not idempotent, because the server does not send a page again.
  idempotent: false,
  errors: [ScrollNotFoundError, ScrollTooLongError],
  result: Shape.whole(Shapes.page(userShape))
})

/**
 * Lists what a user may and may not do (`security:getUserRights`).
 *
 * @since 0.1.0
 * @category users
 */
export const getUserRights = Action.make<IdOptions, ReadonlyArray<Right>, UserNotFoundError>({
  controller: "security",
  action: "getUserRights",
  http: ["GET", "/users/:_id/_rights"],
  idempotent: true,
  errors: [UserNotFoundError],
  result: Shapes.rights
})

/**
 * Whether a user may make a request (`security:checkRights`).
 *
 * @since 0.1.0
 * @category users
 */
export const checkRights = Action.make<
  Action.CallOptions & { readonly userId: string; readonly request: KuzzleRequest },
  boolean,
  UserNotFoundError
>({
  controller: "security",
  action: "checkRights",
  http: ["POST", "/_checkRights/:userId"],
  idempotent: true,
  body: "request",
  errors: [UserNotFoundError],
  result: Shape.member("allowed", Shape.boolean)
})

/**
 * Ends every session of a user (`security:revokeTokens`). API keys stay valid. If the user does not exist, that is no
 * error.
 *
 * @since 0.1.0
 * @category users
 */
export const revokeTokens = Action.make<IdOptions, void>({
  controller: "security",
  action: "revokeTokens",
  http: ["DELETE", "/users/:_id/tokens"],
  idempotent: true,
  result: Shape.done
})

/**
 * Lists the fields by which users can be searched (`security:getUserMapping`).
 *
 * @since 0.1.0
 * @category users
 */
export const getUserMapping = Action.make<Action.CallOptions, Mapping>({
  controller: "security",
  action: "getUserMapping",
  http: ["GET", "/users/_mapping"],
  idempotent: true,
  result: mapping
})

/**
 * Adds fields by which users can be searched (`security:updateUserMapping`).
 *
 * @since 0.1.0
 * @category users
 */
export const updateUserMapping = Action.make<
  Action.CallOptions & { readonly properties: Mapping },
  FullMapping,
  InvalidMappingError
>({
  controller: "security",
  action: "updateUserMapping",
  http: ["PUT", "/users/_mapping"],
  idempotent: true,
  body: ["properties"],
  errors: [InvalidMappingError],
  result: fullMapping
})

/**
 * Makes all previous writes visible to searches (`security:refresh`).
 *
 * @since 0.1.0
 * @category users
 */
export const refresh = Action.make<
  Action.CallOptions & { readonly collection: "users" | "profiles" | "roles" },
  void
>({
  controller: "security",
  action: "refresh",
  http: ["POST", "/_security/:collection/_refresh"],
  idempotent: true,
  result: Shape.done
})

// -------------------------------------------------------------------------------------------------------------------
// credentials
// -------------------------------------------------------------------------------------------------------------------

/**
 * Lists the strategies by which a user can log in (`security:getUserStrategies`).
 *
 * @since 0.1.0
 * @category credentials
 */
export const getUserStrategies = Action.make<IdOptions, ReadonlyArray<string>, UserNotFoundError>({
  controller: "security",
  action: "getUserStrategies",
  http: ["GET", "/users/:_id/_strategies"],
  idempotent: true,
  errors: [UserNotFoundError],
  result: Shape.member("strategies", Shape.array(Shape.string))
})

/**
 * Lists the fields of the credentials of each strategy (`security:getAllCredentialFields`).
 *
 * @since 0.1.0
 * @category credentials
 */
export const getAllCredentialFields = Action.make<
  Action.CallOptions,
  Readonly<Record<string, ReadonlyArray<string>>>
>({
  controller: "security",
  action: "getAllCredentialFields",
  http: ["GET", "/credentials/_fields"],
  idempotent: true,
  result: Shape.whole(Shape.record(Shape.array(Shape.string)))
})

/**
 * Lists the fields of the credentials of a strategy (`security:getCredentialFields`).
 *
 * @since 0.1.0
 * @category credentials
 */
export const getCredentialFields = Action.make<
  Action.CallOptions & { readonly strategy: string },
  ReadonlyArray<string>,
  UnknownStrategyError
>({
  controller: "security",
  action: "getCredentialFields",
  http: ["GET", "/credentials/:strategy/_fields"],
  idempotent: true,
  errors: [UnknownStrategyError],
  result: Shapes.strings
})

/**
 * Creates credentials for a user (`security:createCredentials`). If the strategy refuses them, the error has a status
 * but no id.
 *
 * @since 0.1.0
 * @category credentials
 */
export const createCredentials = Action.make<
  CredentialsOptions & WriteOptions & { readonly credentials: Credentials },
  CredentialsInfo,
  UserNotFoundError | UnknownStrategyError
>({
  controller: "security",
  action: "createCredentials",
  http: ["POST", "/credentials/:strategy/:_id/_create"],
  idempotent: false,
  body: "credentials",
  errors: [UserNotFoundError, UnknownStrategyError],
  result: Shape.whole(Shape.object())
})

/**
 * Changes a user's credentials (`security:updateCredentials`). If the strategy refuses them, the error has a status but
 * no id.
 *
 * @since 0.1.0
 * @category credentials
 */
export const updateCredentials = Action.make<
  CredentialsOptions & WriteOptions & { readonly credentials: Credentials },
  CredentialsInfo,
  UserNotFoundError | UnknownStrategyError
>({
  controller: "security",
  action: "updateCredentials",
  http: ["PUT", "/credentials/:strategy/:_id/_update"],
  idempotent: true,
  body: "credentials",
  errors: [UserNotFoundError, UnknownStrategyError],
  result: Shape.whole(Shape.object())
})

/**
 * Checks whether credentials would be valid for a user or, without `_id`, for a new user
 * (`security:validateCredentials`). With invalid credentials, `local` fails with an error that has a status but no id.
 * Other strategies may return `false`.
 *
 * @since 0.1.0
 * @category credentials
 */
export const validateCredentials = Action.make<
  Action.CallOptions & {
    readonly _id?: string | undefined
    readonly strategy: string
    readonly credentials: Credentials
  },
  boolean,
  UnknownStrategyError
>({
  controller: "security",
  action: "validateCredentials",
  http: ["POST", "/credentials/:strategy/:_id/_validate"],
  idempotent: true,
  body: "credentials",
  errors: [UnknownStrategyError],
  result: Shape.whole(Shape.boolean)
})

/**
 * Deletes a user's credentials of a strategy (`security:deleteCredentials`).
 *
 * @since 0.1.0
 * @category credentials
 */
export const deleteCredentials = Action.make<CredentialsOptions & WriteOptions, void, UnknownStrategyError>({
  controller: "security",
  action: "deleteCredentials",
  http: ["DELETE", "/credentials/:strategy/:_id"],
  idempotent: true,
  errors: [UnknownStrategyError],
  result: Shape.done
})

/**
 * Whether a user has credentials of a strategy (`security:hasCredentials`).
 *
 * @since 0.1.0
 * @category credentials
 */
export const hasCredentials = Action.make<CredentialsOptions, boolean, UnknownStrategyError>({
  controller: "security",
  action: "hasCredentials",
  http: ["GET", "/credentials/:strategy/:_id/_exists"],
  idempotent: true,
  errors: [UnknownStrategyError],
  result: Shape.whole(Shape.boolean)
})

/**
 * Reads a user's credentials of a strategy, without their secret (`security:getCredentials`). The result is empty if
 * the strategy has no such method.
 *
 * @since 0.1.0
 * @category credentials
 */
export const getCredentials = Action.make<CredentialsOptions, CredentialsInfo, UnknownStrategyError>({
  controller: "security",
  action: "getCredentials",
  http: ["GET", "/credentials/:strategy/:_id"],
  idempotent: true,
  errors: [UnknownStrategyError],
  result: Shape.whole(Shape.object())
})

/**
 * Reads a user's credentials by the strategy's own id, which is the `username` for `local`
 * (`security:getCredentialsById`).
 *
 * @since 0.1.0
 * @category credentials
 */
export const getCredentialsById = Action.make<CredentialsOptions, CredentialsInfo, UnknownStrategyError>({
  controller: "security",
  action: "getCredentialsById",
  http: ["GET", "/credentials/:strategy/:_id/_byId"],
  idempotent: true,
  errors: [UnknownStrategyError],
  result: Shape.whole(Shape.object())
})

/**
 * Searches credentials (`security:searchUsersByCredentials`). `local` accepts only queries by `username`, of these
 * kinds: `bool`, `match`, `prefix`, `term`, `terms`.
 *
 * @since 0.1.0
 * @category credentials
 */
export const searchUsersByCredentials = Action.make<
  SortedSearchOptions & Selection & { readonly strategy: string },
  Pick<Page<CredentialsInfo>, "hits" | "total">,
  UnknownStrategyError | StrategyMethodMissingError | FetchLimitError | InvalidSearchError
>({
  controller: "security",
  action: "searchUsersByCredentials",
  http: ["POST", "/credentials/:strategy/users/_search"],
  idempotent: true,
  filterAsQuery: true,
  body: ["query", "sort"],
  errors: [UnknownStrategyError, StrategyMethodMissingError, FetchLimitError, InvalidSearchError],
  result: Shape.whole(Shapes.page(Shape.object<CredentialsInfo>()))
})

// -------------------------------------------------------------------------------------------------------------------
// API keys
// -------------------------------------------------------------------------------------------------------------------

/**
 * Makes an API key for a user (`security:createApiKey`). It is a token that stays valid after a logout, until it is
 * deleted. It never expires unless `expiresIn` is given. The server looks for a key among only ten of the user's keys,
 * so some do not work if there are more than ten.
 *
 * @since 0.1.0
 * @category api keys
 */
export const createApiKey = Action.make<
  WriteOptions & {
    readonly userId: string
    readonly description: string
    /** The id of the key. By default, Kuzzle makes one. */
    readonly _id?: string | undefined
    /** The lifetime, in milliseconds or as a text such as `1h`. By default, the key never expires. */
    readonly expiresIn?: string | number | undefined
  },
  NewApiKey,
  UserNotFoundError | DocumentAlreadyExistsError | InvalidExpirationError
>({
  controller: "security",
  action: "createApiKey",
  http: ["POST", "/users/:userId/api-keys/_create"],
  idempotent: false,
  body: ["description"],
  errors: [UserNotFoundError, DocumentAlreadyExistsError, InvalidExpirationError],
  result: Secrets.newApiKey()
})

/**
 * Searches API keys of a user (`security:searchApiKeys`). Without `size`, at most ten are returned.
 *
 * @since 0.1.0
 * @category api keys
 */
export const searchApiKeys = Action.make<
  SearchOptions & Selection & { readonly userId: string },
  ReadonlyArray<ApiKey>,
  InvalidSearchError
>({
  controller: "security",
  action: "searchApiKeys",
  http: ["POST", "/users/:userId/api-keys/_search"],
  idempotent: true,
  filterAsQuery: true,
  body: "query",
  errors: [InvalidSearchError],
  // The `total` beside the hits is the number of hits on the page.
  result: Shape.member("hits", Shape.array(Shapes.stored<ApiKey>()))
})

/**
 * Deletes an API key of a user (`security:deleteApiKey`).
 *
 * @since 0.1.0
 * @category api keys
 */
export const deleteApiKey = Action.make<
  WriteOptions & IdOptions & { readonly userId: string },
  void,
  DocumentNotFoundError
>({
  controller: "security",
  action: "deleteApiKey",
  http: ["DELETE", "/users/:userId/api-keys/:_id"],
  idempotent: true,
  errors: [DocumentNotFoundError],
  result: Shape.done
})
