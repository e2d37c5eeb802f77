/**
 * What single actions are documented to answer with when they fail, each under a name of its own: what an action declares
 * is in its type, and an error whose id it does not declare comes as the class of its status (`KuzzleError`).
 *
 * @module
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import { type ApiError, type ApiErrorFields, fromStatus, tagged, type TypeId } from "./KuzzleError.ts"
import type { KnownErrorId } from "./KuzzleErrorId.ts"

/**
 * The class of a named error: `ids` are the ids of Kuzzle that it stands for.
 *
 * @since 0.1.0
 * @category models
 */
export interface NamedErrorClass<out E> {
  readonly ids: ReadonlyArray<string>
  new(fields: ApiErrorFields): E
}

interface Named<Tag extends string> {
  readonly ids: ReadonlyArray<string>
  new(fields: ApiErrorFields): Cause.YieldableError & Readonly<ApiErrorFields> & {
    readonly _tag: Tag
    readonly [TypeId]: TypeId
  }
}

/** (A class with members of its own, computed or static, stays in every bundle; one that has none vanishes unused.) */
const named = <Tag extends string>(tag: Tag, ...known: ReadonlyArray<KnownErrorId>): Named<Tag> =>
  class extends tagged(tag)<ApiErrorFields> {
    static readonly ids: ReadonlyArray<string> = known
  }

// -------------------------------------------------------------------------------------------------------------------
// documents
// -------------------------------------------------------------------------------------------------------------------

/**
 * The document is not there.
 *
 * @since 0.1.0
 * @category documents
 */
export class DocumentNotFoundError extends named("KuzzleDocumentNotFoundError", "services.storage.not_found") {}

/**
 * There is a document of this id already.
 *
 * @since 0.1.0
 * @category documents
 */
export class DocumentAlreadyExistsError
  extends named("KuzzleDocumentAlreadyExistsError", "services.storage.document_already_exists")
{}

/**
 * The document does not fit the collection's mappings, whose `dynamic` is `strict`.
 *
 * @since 0.1.0
 * @category documents
 */
export class MappingRejectionError
  extends named("KuzzleMappingRejectionError", "services.storage.strict_mapping_rejection")
{}

/**
 * Other writes of the same document came in between, more often than `retryOnConflict` allows.
 *
 * @since 0.1.0
 * @category documents
 */
export class TooManyChangesError extends named("KuzzleTooManyChangesError", "services.storage.too_many_changes") {}

/**
 * More documents than the server gives in one answer (`limits.documentsFetchCount`).
 *
 * @since 0.1.0
 * @category documents
 */
export class FetchLimitError extends named("KuzzleFetchLimitError", "services.storage.get_limit_exceeded") {}

/**
 * More documents than the server changes in one request (`limits.documentsWriteCount`).
 *
 * @since 0.1.0
 * @category documents
 */
export class WriteLimitError extends named("KuzzleWriteLimitError", "services.storage.write_limit_exceeded") {}

/**
 * Only some of the documents were changed; `errors` says which were not.
 *
 * @since 0.1.0
 * @category documents
 */
export class IncompleteUpdateError extends named("KuzzleIncompleteUpdateError", "services.storage.incomplete_update") {}

/**
 * Only some were deleted (`security:mDelete*`): `successes` are those that were, `failures` why the others were not.
 *
 * @since 0.1.0
 * @category documents
 */
export class IncompleteDeleteError extends named("KuzzleIncompleteDeleteError", "services.storage.incomplete_delete") {
  /**
   * The ids of what was deleted.
   *
   * @since 0.1.0
   */
  get successes(): ReadonlyArray<string> {
    return Array.isArray(this.result) ? this.result.filter((id) => typeof id === "string") : []
  }
  /**
   * Kuzzle's error for each of the others; those of what was not found have the id in `props`.
   *
   * @since 0.1.0
   */
  get failures(): ReadonlyArray<ApiError> {
    return (this.errors ?? []).map((error) => itemError(this, error))
  }
}

/** The error of one item of many, whichever of its members are missing. */
const itemError = ({ action, controller }: ApiErrorFields, error: unknown): ApiError => {
  const own: { readonly [key: string]: unknown } = typeof error === "object" && error !== null ? { ...error } : {}
  return fromStatus({
    controller,
    action,
    id: typeof own.id === "string" ? own.id : "",
    code: typeof own.code === "number" ? own.code : 0,
    status: typeof own.status === "number" ? own.status : 500,
    message: typeof own.message === "string" ? own.message : "the server gave no message",
    props: Array.isArray(own.props) ? own.props : []
  })
}

/**
 * With `strict`, a request on many of which some failed; `errors` says which. What could be done was done all the same.
 *
 * @since 0.1.0
 * @category documents
 */
export class IncompleteRequestError
  extends named("KuzzleIncompleteRequestError", "api.process.incomplete_multiple_request")
{}

/**
 * The document does not fit the collection's specifications.
 *
 * @since 0.1.0
 * @category documents
 */
export class SpecificationRejectionError extends named(
  "KuzzleSpecificationRejectionError",
  "validation.check.failed_document",
  "validation.check.failed_field"
) {}

/**
 * The search is none that Kuzzle takes: a keyword that is unknown, not allowed or in the wrong place.
 *
 * @since 0.1.0
 * @category documents
 */
export class InvalidSearchError extends named(
  "KuzzleInvalidSearchError",
  "services.storage.invalid_search_query",
  "services.storage.unknown_query_keyword",
  "services.storage.invalid_query_keyword",
  "services.storage.invalid_multi_index_collection_usage",
  "services.koncorde.elastic_translation_error",
  "api.assert.koncorde_restricted_keyword"
) {}

/**
 * The scroll has expired, or there never was one.
 *
 * @since 0.1.0
 * @category documents
 */
export class ScrollNotFoundError extends named("KuzzleScrollNotFoundError", "services.storage.unknown_scroll_id") {}

/**
 * The scroll shall live longer than the server allows.
 *
 * @since 0.1.0
 * @category documents
 */
export class ScrollTooLongError
  extends named("KuzzleScrollTooLongError", "services.storage.scroll_duration_too_great")
{}

// -------------------------------------------------------------------------------------------------------------------
// indexes and collections
// -------------------------------------------------------------------------------------------------------------------

/**
 * The index is not there.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class IndexNotFoundError extends named("KuzzleIndexNotFoundError", "services.storage.unknown_index") {}

/**
 * There is an index of this name already.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class IndexAlreadyExistsError
  extends named("KuzzleIndexAlreadyExistsError", "services.storage.index_already_exists")
{}

/**
 * The collection, or its index, is not there.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class CollectionNotFoundError extends named(
  "KuzzleCollectionNotFoundError",
  "services.storage.unknown_collection",
  "services.storage.unknown_index_collection"
) {}

/**
 * No index or collection can have this name.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class InvalidNameError extends named(
  "KuzzleInvalidNameError",
  "services.storage.invalid_index_name",
  "services.storage.invalid_collection_name",
  "services.storage.forbidden_character",
  "services.storage.collection_reserved"
) {}

/**
 * The mappings are wrong, or cannot take the place of those that are there.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class InvalidMappingError extends named(
  "KuzzleInvalidMappingError",
  "services.storage.invalid_mapping",
  "services.storage.invalid_mapping_type",
  "services.storage.invalid_mapping_argument",
  "services.storage.wrong_mapping_property",
  "services.storage.unexpected_properties",
  "services.storage.cannot_change_mapping",
  "services.storage.duplicate_field_mapping"
) {}

/**
 * The collection has no specifications.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class SpecificationsNotFoundError
  extends named("KuzzleSpecificationsNotFoundError", "validation.assert.not_found")
{}

/**
 * The specifications are wrong.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class InvalidSpecificationsError
  extends named("KuzzleInvalidSpecificationsError", "validation.assert.invalid_specifications")
{}

// -------------------------------------------------------------------------------------------------------------------
// realtime
// -------------------------------------------------------------------------------------------------------------------

/**
 * The filter is none that Koncorde takes.
 *
 * @since 0.1.0
 * @category realtime
 */
export class InvalidFilterError
  extends named("KuzzleInvalidFilterError", "api.assert.koncorde_dsl_error", "api.assert.koncorde_unknown_keyword")
{}

/**
 * There is no such room.
 *
 * @since 0.1.0
 * @category realtime
 */
export class RoomNotFoundError extends named("KuzzleRoomNotFoundError", "core.realtime.room_not_found") {}

/**
 * This connection is not in that room.
 *
 * @since 0.1.0
 * @category realtime
 */
export class NotSubscribedError extends named("KuzzleNotSubscribedError", "core.realtime.not_subscribed") {}

/**
 * The filter has more conditions than the server takes (`limits.subscriptionConditionsCount`).
 *
 * @since 0.1.0
 * @category realtime
 */
export class TooManyTermsError extends named("KuzzleTooManyTermsError", "core.realtime.too_many_terms") {}

/**
 * The server has as many rooms as it takes (`limits.subscriptionRooms`).
 *
 * @since 0.1.0
 * @category realtime
 */
export class TooManyRoomsError extends named("KuzzleTooManyRoomsError", "core.realtime.too_many_rooms") {}

// -------------------------------------------------------------------------------------------------------------------
// authentication
// -------------------------------------------------------------------------------------------------------------------

/**
 * The strategy knows nobody by these credentials.
 *
 * @since 0.1.0
 * @category authentication
 */
export class WrongCredentialsError extends named("KuzzleWrongCredentialsError", "plugin.strategy.missing_user") {}

/**
 * The server has no such strategy.
 *
 * @since 0.1.0
 * @category authentication
 */
export class UnknownStrategyError
  extends named("KuzzleUnknownStrategyError", "security.credentials.unknown_strategy")
{}

/**
 * The strategy does not take these credentials.
 *
 * @since 0.1.0
 * @category authentication
 */
export class CredentialsRejectedError
  extends named("KuzzleCredentialsRejectedError", "security.credentials.rejected")
{}

/**
 * One login a second for each connection, unless the server says otherwise (`limits.loginsPerSecond`).
 *
 * @since 0.1.0
 * @category authentication
 */
export class TooManyLoginsError extends named("KuzzleTooManyLoginsError", "api.process.too_many_logins_requests") {}

/**
 * An API key or a token that never expires cannot be refreshed.
 *
 * @since 0.1.0
 * @category authentication
 */
export class TokenNotRefreshableError
  extends named("KuzzleTokenNotRefreshableError", "security.token.refresh_forbidden")
{}

/**
 * No token can live that long.
 *
 * @since 0.1.0
 * @category authentication
 */
export class InvalidExpirationError
  extends named("KuzzleInvalidExpirationError", "security.token.invalid_expiration", "security.token.ttl_exceeded")
{}

/**
 * The server does not take cookies (`http.cookieAuthentication`), or the browser keeps none of its: another site's.
 *
 * @since 0.1.0
 * @category authentication
 */
export class CookiesUnsupportedError extends named("KuzzleCookiesUnsupportedError", "security.cookie.unsupported") {}

// -------------------------------------------------------------------------------------------------------------------
// security
// -------------------------------------------------------------------------------------------------------------------

/**
 * There is no such user.
 *
 * @since 0.1.0
 * @category security
 */
export class UserNotFoundError extends named("KuzzleUserNotFoundError", "security.user.not_found") {}

/**
 * There is a user of this id already.
 *
 * @since 0.1.0
 * @category security
 */
export class UserAlreadyExistsError extends named("KuzzleUserAlreadyExistsError", "security.user.already_exists") {}

/**
 * There is no such profile.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileNotFoundError extends named("KuzzleProfileNotFoundError", "security.profile.not_found") {}

/**
 * Users have this profile.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileInUseError extends named("KuzzleProfileInUseError", "security.profile.in_use") {}

/**
 * There is no such role.
 *
 * @since 0.1.0
 * @category security
 */
export class RoleNotFoundError extends named("KuzzleRoleNotFoundError", "security.role.not_found") {}

/**
 * Profiles have this role.
 *
 * @since 0.1.0
 * @category security
 */
export class RoleInUseError extends named("KuzzleRoleInUseError", "security.role.in_use") {}

/**
 * The rights of the role are wrong, or name what the server does not have.
 *
 * @since 0.1.0
 * @category security
 */
export class InvalidRightsError extends named(
  "KuzzleInvalidRightsError",
  "security.role.invalid_rights",
  "security.role.unknown_controller",
  "security.role.unknown_action"
) {}

/**
 * The profiles `admin`, `default` and `anonymous` stay, and the last keeps the role `anonymous`.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileProtectedError extends named(
  "KuzzleProfileProtectedError",
  "security.profile.cannot_delete",
  "security.profile.missing_anonymous_role"
) {}

/**
 * The roles `admin`, `default` and `anonymous` stay, and the last one may log in.
 *
 * @since 0.1.0
 * @category security
 */
export class RoleProtectedError
  extends named("KuzzleRoleProtectedError", "security.role.cannot_delete", "security.role.login_required")
{}

/**
 * Every user has a profile, and the anonymous one has the profile `anonymous`.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileRequiredError
  extends named("KuzzleProfileRequiredError", "security.user.no_profile", "security.user.anonymous_profile_required")
{}

/**
 * The strategy does not do that: it is free to.
 *
 * @since 0.1.0
 * @category security
 */
export class StrategyMethodMissingError
  extends named("KuzzleStrategyMethodMissingError", "plugin.strategy.missing_optional_method")
{}

/**
 * There is an administrator already.
 *
 * @since 0.1.0
 * @category security
 */
export class AdminExistsError extends named("KuzzleAdminExistsError", "api.process.admin_exists") {}

// -------------------------------------------------------------------------------------------------------------------
// memory storage
// -------------------------------------------------------------------------------------------------------------------

/**
 * Redis refuses the command: the key holds something else, there is nothing to rename, that is no number. What it says is
 * the first of `props`; Kuzzle gives all of it the id of a failed plugin (spec 8, E8).
 *
 * @since 0.1.0
 * @category memory storage
 */
export class RedisError extends named("KuzzleRedisError", "plugin.runtime.unexpected_error") {}

// -------------------------------------------------------------------------------------------------------------------
// administration
// -------------------------------------------------------------------------------------------------------------------

/**
 * The same action runs already.
 *
 * @since 0.1.0
 * @category administration
 */
export class ActionLockedError extends named("KuzzleActionLockedError", "api.process.action_locked") {}

/**
 * The server keeps no statistics.
 *
 * @since 0.1.0
 * @category administration
 */
export class StatisticsUnavailableError
  extends named("KuzzleStatisticsUnavailableError", "services.statistics.not_available")
{}

/**
 * There is no such cache.
 *
 * @since 0.1.0
 * @category administration
 */
export class CacheNotFoundError extends named("KuzzleCacheNotFoundError", "services.cache.database_not_found") {}

/**
 * Users of these ids are there already, and are not to be overwritten.
 *
 * @since 0.1.0
 * @category administration
 */
export class UserOverwriteError extends named("KuzzleUserOverwriteError", "security.user.prevent_overwrite") {}

/**
 * Some of the documents could not be written; `errors` says which. The others were.
 *
 * @since 0.1.0
 * @category administration
 */
export class ImportFailedError extends named("KuzzleImportFailedError", "services.storage.import_failed") {}

/**
 * The debugger is off, or does not do that.
 *
 * @since 0.1.0
 * @category administration
 */
export class DebuggerError extends named(
  "KuzzleDebuggerError",
  "core.debugger.not_enabled",
  "core.debugger.native_debug_protocol_usage_denied",
  "core.debugger.method_not_found",
  "core.debugger.monitor_already_running",
  "core.debugger.monitor_not_running"
) {}

/**
 * The login is not done: the strategy takes another step, and its answer says which. It is no error of Kuzzle's.
 *
 * @since 0.1.0
 * @category authentication
 */
export class LoginIncompleteError extends tagged("KuzzleLoginIncompleteError")<{
  readonly strategy: string
  /** What the strategy answered: its content, its status and its headers (a redirection, for one). */
  readonly response: {
    readonly status: number
    readonly result: unknown
    readonly headers?: { readonly [name: string]: string }
  }
}> {
  override get message(): string {
    return `the strategy ${this.strategy} takes another step: use KuzzleAuth.loginStep and do what its answer says`
  }
}

/**
 * Any of them.
 *
 * @since 0.1.0
 * @category models
 */
export type NamedError =
  | DocumentNotFoundError
  | DocumentAlreadyExistsError
  | MappingRejectionError
  | TooManyChangesError
  | FetchLimitError
  | WriteLimitError
  | IncompleteUpdateError
  | IncompleteDeleteError
  | IncompleteRequestError
  | SpecificationRejectionError
  | InvalidSearchError
  | ScrollNotFoundError
  | ScrollTooLongError
  | IndexNotFoundError
  | IndexAlreadyExistsError
  | CollectionNotFoundError
  | InvalidNameError
  | InvalidMappingError
  | SpecificationsNotFoundError
  | InvalidSpecificationsError
  | InvalidFilterError
  | RoomNotFoundError
  | NotSubscribedError
  | TooManyTermsError
  | TooManyRoomsError
  | WrongCredentialsError
  | UnknownStrategyError
  | CredentialsRejectedError
  | TooManyLoginsError
  | TokenNotRefreshableError
  | InvalidExpirationError
  | CookiesUnsupportedError
  | UserNotFoundError
  | UserAlreadyExistsError
  | ProfileNotFoundError
  | ProfileInUseError
  | RoleNotFoundError
  | RoleInUseError
  | ProfileProtectedError
  | RoleProtectedError
  | ProfileRequiredError
  | StrategyMethodMissingError
  | InvalidRightsError
  | AdminExistsError
  | RedisError
  | ActionLockedError
  | StatisticsUnavailableError
  | CacheNotFoundError
  | UserOverwriteError
  | ImportFailedError
  | DebuggerError
