/**
 * What single actions are documented to answer with when they fail, each under a name of its own: what an action declares
 * is in its type, and an error whose id it does not declare comes as the class of its status (`KuzzleError`).
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { type ApiError, type ApiErrorFields, fromStatus, TypeId } from "./KuzzleError.ts"
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

const standsFor = (...ids: ReadonlyArray<KnownErrorId>): ReadonlyArray<string> => ids

// -------------------------------------------------------------------------------------------------------------------
// documents
// -------------------------------------------------------------------------------------------------------------------

/**
 * The document is not there.
 *
 * @since 0.1.0
 * @category documents
 */
export class DocumentNotFoundError extends Data.TaggedError("KuzzleDocumentNotFoundError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.not_found")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is a document of this id already.
 *
 * @since 0.1.0
 * @category documents
 */
export class DocumentAlreadyExistsError extends Data.TaggedError("KuzzleDocumentAlreadyExistsError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.document_already_exists")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The document does not fit the collection's mappings, whose `dynamic` is `strict`.
 *
 * @since 0.1.0
 * @category documents
 */
export class MappingRejectionError extends Data.TaggedError("KuzzleMappingRejectionError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.strict_mapping_rejection")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * Other writes of the same document came in between, more often than `retryOnConflict` allows.
 *
 * @since 0.1.0
 * @category documents
 */
export class TooManyChangesError extends Data.TaggedError("KuzzleTooManyChangesError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.too_many_changes")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * More documents than the server gives in one answer (`limits.documentsFetchCount`).
 *
 * @since 0.1.0
 * @category documents
 */
export class FetchLimitError extends Data.TaggedError("KuzzleFetchLimitError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.get_limit_exceeded")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * More documents than the server changes in one request (`limits.documentsWriteCount`).
 *
 * @since 0.1.0
 * @category documents
 */
export class WriteLimitError extends Data.TaggedError("KuzzleWriteLimitError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.write_limit_exceeded")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * Only some of the documents were changed; `errors` says which were not.
 *
 * @since 0.1.0
 * @category documents
 */
export class IncompleteUpdateError extends Data.TaggedError("KuzzleIncompleteUpdateError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.incomplete_update")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * Only some were deleted (`security:mDelete*`): `successes` are those that were, `failures` why the others were not.
 *
 * @since 0.1.0
 * @category documents
 */
export class IncompleteDeleteError extends Data.TaggedError("KuzzleIncompleteDeleteError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.incomplete_delete")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
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
export class IncompleteRequestError extends Data.TaggedError("KuzzleIncompleteRequestError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("api.process.incomplete_multiple_request")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The document does not fit the collection's specifications.
 *
 * @since 0.1.0
 * @category documents
 */
export class SpecificationRejectionError extends Data.TaggedError("KuzzleSpecificationRejectionError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("validation.check.failed_document", "validation.check.failed_field")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The search is none that Kuzzle takes: a keyword that is unknown, not allowed or in the wrong place.
 *
 * @since 0.1.0
 * @category documents
 */
export class InvalidSearchError extends Data.TaggedError("KuzzleInvalidSearchError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor(
    "services.storage.invalid_search_query",
    "services.storage.unknown_query_keyword",
    "services.storage.invalid_query_keyword",
    "services.storage.invalid_multi_index_collection_usage",
    "services.koncorde.elastic_translation_error",
    "api.assert.koncorde_restricted_keyword"
  )
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The scroll has expired, or there never was one.
 *
 * @since 0.1.0
 * @category documents
 */
export class ScrollNotFoundError extends Data.TaggedError("KuzzleScrollNotFoundError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.unknown_scroll_id")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The scroll shall live longer than the server allows.
 *
 * @since 0.1.0
 * @category documents
 */
export class ScrollTooLongError extends Data.TaggedError("KuzzleScrollTooLongError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.scroll_duration_too_great")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

// -------------------------------------------------------------------------------------------------------------------
// indexes and collections
// -------------------------------------------------------------------------------------------------------------------

/**
 * The index is not there.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class IndexNotFoundError extends Data.TaggedError("KuzzleIndexNotFoundError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.unknown_index")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is an index of this name already.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class IndexAlreadyExistsError extends Data.TaggedError("KuzzleIndexAlreadyExistsError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.index_already_exists")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The collection, or its index, is not there.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class CollectionNotFoundError extends Data.TaggedError("KuzzleCollectionNotFoundError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.unknown_collection", "services.storage.unknown_index_collection")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * No index or collection can have this name.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class InvalidNameError extends Data.TaggedError("KuzzleInvalidNameError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor(
    "services.storage.invalid_index_name",
    "services.storage.invalid_collection_name",
    "services.storage.forbidden_character",
    "services.storage.collection_reserved"
  )
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The mappings are wrong, or cannot take the place of those that are there.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class InvalidMappingError extends Data.TaggedError("KuzzleInvalidMappingError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor(
    "services.storage.invalid_mapping",
    "services.storage.invalid_mapping_type",
    "services.storage.invalid_mapping_argument",
    "services.storage.wrong_mapping_property",
    "services.storage.unexpected_properties",
    "services.storage.cannot_change_mapping",
    "services.storage.duplicate_field_mapping"
  )
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The collection has no specifications.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class SpecificationsNotFoundError extends Data.TaggedError("KuzzleSpecificationsNotFoundError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("validation.assert.not_found")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The specifications are wrong.
 *
 * @since 0.1.0
 * @category indexes and collections
 */
export class InvalidSpecificationsError extends Data.TaggedError("KuzzleInvalidSpecificationsError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("validation.assert.invalid_specifications")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

// -------------------------------------------------------------------------------------------------------------------
// realtime
// -------------------------------------------------------------------------------------------------------------------

/**
 * The filter is none that Koncorde takes.
 *
 * @since 0.1.0
 * @category realtime
 */
export class InvalidFilterError extends Data.TaggedError("KuzzleInvalidFilterError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("api.assert.koncorde_dsl_error", "api.assert.koncorde_unknown_keyword")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is no such room.
 *
 * @since 0.1.0
 * @category realtime
 */
export class RoomNotFoundError extends Data.TaggedError("KuzzleRoomNotFoundError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("core.realtime.room_not_found")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * This connection is not in that room.
 *
 * @since 0.1.0
 * @category realtime
 */
export class NotSubscribedError extends Data.TaggedError("KuzzleNotSubscribedError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("core.realtime.not_subscribed")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The filter has more conditions than the server takes (`limits.subscriptionConditionsCount`).
 *
 * @since 0.1.0
 * @category realtime
 */
export class TooManyTermsError extends Data.TaggedError("KuzzleTooManyTermsError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("core.realtime.too_many_terms")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The server has as many rooms as it takes (`limits.subscriptionRooms`).
 *
 * @since 0.1.0
 * @category realtime
 */
export class TooManyRoomsError extends Data.TaggedError("KuzzleTooManyRoomsError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("core.realtime.too_many_rooms")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

// -------------------------------------------------------------------------------------------------------------------
// authentication
// -------------------------------------------------------------------------------------------------------------------

/**
 * The strategy knows nobody by these credentials.
 *
 * @since 0.1.0
 * @category authentication
 */
export class WrongCredentialsError extends Data.TaggedError("KuzzleWrongCredentialsError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("plugin.strategy.missing_user")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The server has no such strategy.
 *
 * @since 0.1.0
 * @category authentication
 */
export class UnknownStrategyError extends Data.TaggedError("KuzzleUnknownStrategyError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.credentials.unknown_strategy")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The strategy does not take these credentials.
 *
 * @since 0.1.0
 * @category authentication
 */
export class CredentialsRejectedError extends Data.TaggedError("KuzzleCredentialsRejectedError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.credentials.rejected")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * One login a second for each connection, unless the server says otherwise (`limits.loginsPerSecond`).
 *
 * @since 0.1.0
 * @category authentication
 */
export class TooManyLoginsError extends Data.TaggedError("KuzzleTooManyLoginsError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("api.process.too_many_logins_requests")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * An API key or a token that never expires cannot be refreshed.
 *
 * @since 0.1.0
 * @category authentication
 */
export class TokenNotRefreshableError extends Data.TaggedError("KuzzleTokenNotRefreshableError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.token.refresh_forbidden")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * No token can live that long.
 *
 * @since 0.1.0
 * @category authentication
 */
export class InvalidExpirationError extends Data.TaggedError("KuzzleInvalidExpirationError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.token.invalid_expiration", "security.token.ttl_exceeded")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The server does not take cookies (`http.cookieAuthentication`).
 *
 * @since 0.1.0
 * @category authentication
 */
export class CookiesUnsupportedError extends Data.TaggedError("KuzzleCookiesUnsupportedError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.cookie.unsupported")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

// -------------------------------------------------------------------------------------------------------------------
// security
// -------------------------------------------------------------------------------------------------------------------

/**
 * There is no such user.
 *
 * @since 0.1.0
 * @category security
 */
export class UserNotFoundError extends Data.TaggedError("KuzzleUserNotFoundError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.user.not_found")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is a user of this id already.
 *
 * @since 0.1.0
 * @category security
 */
export class UserAlreadyExistsError extends Data.TaggedError("KuzzleUserAlreadyExistsError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.user.already_exists")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is no such profile.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileNotFoundError extends Data.TaggedError("KuzzleProfileNotFoundError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.profile.not_found")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * Users have this profile.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileInUseError extends Data.TaggedError("KuzzleProfileInUseError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.profile.in_use")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is no such role.
 *
 * @since 0.1.0
 * @category security
 */
export class RoleNotFoundError extends Data.TaggedError("KuzzleRoleNotFoundError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.role.not_found")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * Profiles have this role.
 *
 * @since 0.1.0
 * @category security
 */
export class RoleInUseError extends Data.TaggedError("KuzzleRoleInUseError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.role.in_use")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The rights of the role are wrong, or name what the server does not have.
 *
 * @since 0.1.0
 * @category security
 */
export class InvalidRightsError extends Data.TaggedError("KuzzleInvalidRightsError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor(
    "security.role.invalid_rights",
    "security.role.unknown_controller",
    "security.role.unknown_action"
  )
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The profiles `admin`, `default` and `anonymous` stay, and the last keeps the role `anonymous`.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileProtectedError extends Data.TaggedError("KuzzleProfileProtectedError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.profile.cannot_delete", "security.profile.missing_anonymous_role")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The roles `admin`, `default` and `anonymous` stay, and the last one may log in.
 *
 * @since 0.1.0
 * @category security
 */
export class RoleProtectedError extends Data.TaggedError("KuzzleRoleProtectedError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.role.cannot_delete", "security.role.login_required")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * Every user has a profile, and the anonymous one has the profile `anonymous`.
 *
 * @since 0.1.0
 * @category security
 */
export class ProfileRequiredError extends Data.TaggedError("KuzzleProfileRequiredError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.user.no_profile", "security.user.anonymous_profile_required")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The strategy does not do that: it is free to.
 *
 * @since 0.1.0
 * @category security
 */
export class StrategyMethodMissingError extends Data.TaggedError("KuzzleStrategyMethodMissingError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("plugin.strategy.missing_optional_method")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is an administrator already.
 *
 * @since 0.1.0
 * @category security
 */
export class AdminExistsError extends Data.TaggedError("KuzzleAdminExistsError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("api.process.admin_exists")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

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
export class RedisError extends Data.TaggedError("KuzzleRedisError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("plugin.runtime.unexpected_error")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

// -------------------------------------------------------------------------------------------------------------------
// administration
// -------------------------------------------------------------------------------------------------------------------

/**
 * The same action runs already.
 *
 * @since 0.1.0
 * @category administration
 */
export class ActionLockedError extends Data.TaggedError("KuzzleActionLockedError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("api.process.action_locked")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The server keeps no statistics.
 *
 * @since 0.1.0
 * @category administration
 */
export class StatisticsUnavailableError extends Data.TaggedError("KuzzleStatisticsUnavailableError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.statistics.not_available")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * There is no such cache.
 *
 * @since 0.1.0
 * @category administration
 */
export class CacheNotFoundError extends Data.TaggedError("KuzzleCacheNotFoundError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.cache.database_not_found")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * Users of these ids are there already, and are not to be overwritten.
 *
 * @since 0.1.0
 * @category administration
 */
export class UserOverwriteError extends Data.TaggedError("KuzzleUserOverwriteError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("security.user.prevent_overwrite")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * Some of the documents could not be written; `errors` says which. The others were.
 *
 * @since 0.1.0
 * @category administration
 */
export class ImportFailedError extends Data.TaggedError("KuzzleImportFailedError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor("services.storage.import_failed")
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
}

/**
 * The debugger is off, or does not do that.
 *
 * @since 0.1.0
 * @category administration
 */
export class DebuggerError extends Data.TaggedError("KuzzleDebuggerError")<ApiErrorFields> {
  /** @since 0.1.0 */
  static readonly ids = standsFor(
    "core.debugger.not_enabled",
    "core.debugger.native_debug_protocol_usage_denied",
    "core.debugger.method_not_found",
    "core.debugger.monitor_already_running",
    "core.debugger.monitor_not_running"
  )
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
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
