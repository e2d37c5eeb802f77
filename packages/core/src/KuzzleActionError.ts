/**
 * The errors that Kuzzle documents for single actions, with one class for each. The type of an action's function lists
 * the errors of that action. An error with any other id is an instance of the class of its status (`KuzzleError`).
 *
 * @module
 * @since 0.1.0
 */
import { type ApiError, type ApiErrorFields, fromStatus, tagged, type TaggedClass } from "./KuzzleError.ts"
import type { KnownErrorId } from "./KuzzleErrorId.ts"

/**
 * Makes the class of a named error. `ids` are the ids of Kuzzle's errors that it stands for.
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
  new(fields: ApiErrorFields): InstanceType<TaggedClass<Tag>> & Readonly<ApiErrorFields>
}

/**
 * (The members are on this base class, because a bundler keeps every class that has computed or static members of its
 * own.)
 */
const named = <Tag extends string>(tag: Tag, ...errorIds: ReadonlyArray<KnownErrorId>): Named<Tag> =>
  class extends tagged(tag)<ApiErrorFields> {
    static readonly ids: ReadonlyArray<string> = errorIds
  }

// -------------------------------------------------------------------------------------------------------------------
// documents
// -------------------------------------------------------------------------------------------------------------------

/**
 * The document does not exist.
 *
 * @since 0.1.0
 * @category documents
 */
export class DocumentNotFoundError extends named("KuzzleDocumentNotFoundError", "services.storage.not_found") {}

/**
 * A document with this id already exists.
 *
 * @since 0.1.0
 * @category documents
 */
export class DocumentAlreadyExistsError
  extends named("KuzzleDocumentAlreadyExistsError", "services.storage.document_already_exists")
{}

/**
 * The document has a field that the collection's mappings do not have, and their `dynamic` is `strict`.
 *
 * @since 0.1.0
 * @category documents
 */
export class MappingRejectionError
  extends named("KuzzleMappingRejectionError", "services.storage.strict_mapping_rejection")
{}

/**
 * Other writes of the same document interfered more often than `retryOnConflict` allows.
 *
 * @since 0.1.0
 * @category documents
 */
export class TooManyChangesError extends named("KuzzleTooManyChangesError", "services.storage.too_many_changes") {}

/**
 * The request asks for more documents than the server returns at once (`limits.documentsFetchCount`).
 *
 * @since 0.1.0
 * @category documents
 */
export class FetchLimitError extends named("KuzzleFetchLimitError", "services.storage.get_limit_exceeded") {}

/**
 * The request changes more documents than the server allows at once (`limits.documentsWriteCount`).
 *
 * @since 0.1.0
 * @category documents
 */
export class WriteLimitError extends named("KuzzleWriteLimitError", "services.storage.write_limit_exceeded") {}

/**
 * Only some of the documents were changed. `errors` lists the others.
 *
 * @since 0.1.0
 * @category documents
 */
export class IncompleteUpdateError extends named("KuzzleIncompleteUpdateError", "services.storage.incomplete_update") {}

/**
 * Only some of the roles, profiles or users were deleted (`security:mDelete*`). `successes` lists them. `failures` has
 * the error of each of the others.
 *
 * @since 0.1.0
 * @category documents
 */
export class IncompleteDeleteError extends named("KuzzleIncompleteDeleteError", "services.storage.incomplete_delete") {
  /**
   * The ids of the deleted ones.
   *
   * @since 0.1.0
   */
  get successes(): ReadonlyArray<string> {
    return Array.isArray(this.result) ? this.result.filter((id) => typeof id === "string") : []
  }
  /**
   * Kuzzle's error for each of the others. If one does not exist, its id is in `props`.
   *
   * @since 0.1.0
   */
  get failures(): ReadonlyArray<ApiError> {
    return (this.errors ?? []).map((error) => itemError(this, error))
  }
}

/** Reads the error of one item. Any of its members may be missing. */
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
 * A request on many documents with `strict` has failed for some of them. `errors` lists these. The others were
 * processed.
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
 * Kuzzle refuses the search, because a keyword is unknown, not allowed or in the wrong place.
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
 * The scroll has expired, or never existed.
 *
 * @since 0.1.0
 * @category documents
 */
export class ScrollNotFoundError extends named("KuzzleScrollNotFoundError", "services.storage.unknown_scroll_id") {}

/**
 * The requested lifetime of the scroll is longer than the server allows.
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
 * The index does not exist.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class IndexNotFoundError extends named("KuzzleIndexNotFoundError", "services.storage.unknown_index") {}

/**
 * An index with this name already exists.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class IndexAlreadyExistsError
  extends named("KuzzleIndexAlreadyExistsError", "services.storage.index_already_exists")
{}

/**
 * The collection or its index does not exist.
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
 * The name is not valid for an index or a collection.
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
 * The mappings are invalid, or cannot replace the existing ones.
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
 * The specifications are invalid.
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
 * The filter of a subscription is not valid. `message` says where.
 *
 * @since 0.1.0
 * @category realtime
 */
export class InvalidFilterError extends named("KuzzleInvalidFilterError", "api.assert.koncorde_dsl_error") {}

/**
 * There is no room with this id. Its last subscriber has left, or there never was one.
 *
 * @since 0.1.0
 * @category realtime
 */
export class RoomNotFoundError extends named("KuzzleRoomNotFoundError", "core.realtime.room_not_found") {}

// -------------------------------------------------------------------------------------------------------------------
// authentication
// -------------------------------------------------------------------------------------------------------------------

/**
 * The credentials are wrong.
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
 * The strategy refuses these credentials.
 *
 * @since 0.1.0
 * @category authentication
 */
export class CredentialsRejectedError
  extends named("KuzzleCredentialsRejectedError", "security.credentials.rejected")
{}

/**
 * Too many logins on one connection. The default limit is one per second (`limits.loginsPerSecond`).
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
 * The requested lifetime of the token is longer than the server allows.
 *
 * @since 0.1.0
 * @category authentication
 */
export class InvalidExpirationError
  extends named("KuzzleInvalidExpirationError", "security.token.invalid_expiration", "security.token.ttl_exceeded")
{}

/**
 * The server does not accept cookies (`http.cookieAuthentication`), or the browser does not store them because the
 * server is on another site.
 *
 * @since 0.1.0
 * @category authentication
 */
export class CookiesUnsupportedError extends named("KuzzleCookiesUnsupportedError", "security.cookie.unsupported") {}

// -------------------------------------------------------------------------------------------------------------------
// security
// -------------------------------------------------------------------------------------------------------------------

/**
 * The user does not exist.
 *
 * @since 0.1.0
 * @category security
 */
export class UserNotFoundError extends named("KuzzleUserNotFoundError", "security.user.not_found") {}

/**
 * A user with this id already exists.
 *
 * @since 0.1.0
 * @category security
 */
export class UserAlreadyExistsError extends named("KuzzleUserAlreadyExistsError", "security.user.already_exists") {}

/**
 * The profile does not exist.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileNotFoundError extends named("KuzzleProfileNotFoundError", "security.profile.not_found") {}

/**
 * The profile cannot be deleted, because users have it.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileInUseError extends named("KuzzleProfileInUseError", "security.profile.in_use") {}

/**
 * The role does not exist.
 *
 * @since 0.1.0
 * @category security
 */
export class RoleNotFoundError extends named("KuzzleRoleNotFoundError", "security.role.not_found") {}

/**
 * The role cannot be deleted, because profiles have it.
 *
 * @since 0.1.0
 * @category security
 */
export class RoleInUseError extends named("KuzzleRoleInUseError", "security.role.in_use") {}

/**
 * The rights of the role are invalid, or name a controller or an action that the server does not have.
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
 * The profiles `admin`, `default` and `anonymous` cannot be deleted, and `anonymous` keeps the role `anonymous`.
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
 * The roles `admin`, `default` and `anonymous` cannot be deleted, and `anonymous` keeps the right to log in.
 *
 * @since 0.1.0
 * @category security
 */
export class RoleProtectedError
  extends named("KuzzleRoleProtectedError", "security.role.cannot_delete", "security.role.login_required")
{}

/**
 * Every user must have a profile, and the anonymous user must have the profile `anonymous`.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileRequiredError
  extends named("KuzzleProfileRequiredError", "security.user.no_profile", "security.user.anonymous_profile_required")
{}

/**
 * The strategy does not implement this optional method.
 *
 * @since 0.1.0
 * @category security
 */
export class StrategyMethodMissingError
  extends named("KuzzleStrategyMethodMissingError", "plugin.strategy.missing_optional_method")
{}

/**
 * An administrator already exists.
 *
 * @since 0.1.0
 * @category security
 */
export class AdminExistsError extends named("KuzzleAdminExistsError", "api.process.admin_exists") {}

// -------------------------------------------------------------------------------------------------------------------
// memory storage
// -------------------------------------------------------------------------------------------------------------------

/**
 * Redis refuses the command, for example because the key holds a value of another type. Redis's message is the first of
 * `props`. Kuzzle reports all such errors with the id of a failed plugin (spec 8, E8).
 *
 * @since 0.1.0
 * @category memory storage
 */
export class RedisError extends named("KuzzleRedisError", "plugin.runtime.unexpected_error") {}

// -------------------------------------------------------------------------------------------------------------------
// administration
// -------------------------------------------------------------------------------------------------------------------

/**
 * The same action is already running.
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
 * The cache does not exist.
 *
 * @since 0.1.0
 * @category administration
 */
export class CacheNotFoundError extends named("KuzzleCacheNotFoundError", "services.cache.database_not_found") {}

/**
 * Users with these ids already exist, and the request does not allow overwriting them.
 *
 * @since 0.1.0
 * @category administration
 */
export class UserOverwriteError extends named("KuzzleUserOverwriteError", "security.user.prevent_overwrite") {}

/**
 * Some of the documents could not be written. `errors` lists them. The others were written.
 *
 * @since 0.1.0
 * @category administration
 */
export class ImportFailedError extends named("KuzzleImportFailedError", "services.storage.import_failed") {}

/**
 * The debugger is disabled, or does not support the command.
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
 * The login is not complete, because the strategy requires another step. Its answer describes the step. Kuzzle itself
 * reports no error.
 *
 * @since 0.1.0
 * @category authentication
 */
export class LoginIncompleteError extends tagged("KuzzleLoginIncompleteError")<{
  readonly strategy: string
  /** The strategy's answer: its content, its status and its headers, such as a redirection. */
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
 * Every error of this module that Kuzzle answers with.
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
