/**
 * The errors of the real server that the engine answers with (spec 7.1), each with its code, status and message.
 */
import { isObject, type JsonObject, maxDepth } from "./json.ts"

const catalogue = {
  "core.realtime.room_not_found": [65537, 404, "The room \"%s\" doesn't exist"],
  "core.realtime.not_subscribed": [65544, 412, "User \"%s\" has not subscribed to \"%s\"."],
  "core.realtime.invalid_scope": [
    65540,
    400,
    "Invalid value for the \"scope\" parameter (allowed: \"all\", \"in\", \"out\", \"none\")."
  ],
  "core.realtime.invalid_users": [
    65541,
    400,
    "Invalid value for the \"users\" parameter (allowed: \"all\", \"in\", \"out\", \"none\")."
  ],
  "services.storage.unknown_index": [16842753, 412, "The index \"%s\" does not exist."],
  "services.storage.unknown_collection": [16842754, 412, "The collection \"%s\":\"%s\" does not exist."],
  "services.storage.import_failed": [16842757, 206, "Failed to import some or all documents."],
  "services.storage.get_limit_exceeded": [
    16842755,
    413,
    "The number of documents returned by this request exceeds the configured server limit."
  ],
  "services.storage.write_limit_exceeded": [
    16842756,
    413,
    "The number of documents edited by this request exceeds the configured server limit."
  ],
  "services.koncorde.elastic_translation_error": [
    17104897,
    400,
    "An error occured while translating a Koncorde filter to an Elasticsearch query: %s"
  ],
  "services.cache.database_not_found": [16973825, 404, "Cache database \"%s\" not found."],
  "services.cache.write_failed": [16973828, 500, "Cache write fail: %s"],
  "core.debugger.native_debug_protocol_usage_denied": [
    327684,
    412,
    "Usage of the native debug protocol is not allowed"
  ],
  "services.storage.incomplete_delete": [16842761, 206, "Couldn't delete all the requested documents: %s"],
  "services.storage.not_found": [16842763, 404, "Document \"%s\" not found in \"%s\":\"%s\"."],
  "services.storage.unknown_scroll_id": [16842766, 404, "Non-existing or expired scroll identifier."],
  "services.storage.search_as_an_id": [16842767, 400, "_search is not a valid document identifier"],
  "services.storage.document_already_exists": [16842769, 400, "Document already exists."],
  "services.storage.invalid_mapping": [16842773, 400, "Invalid mapping property \"mappings.%s\".%s"],
  "services.storage.collection_reserved": [
    16842774,
    400,
    "Invalid collection name. \"%s\" is reserved for internal usage."
  ],
  "services.storage.unexpected_bad_request": [16842785, 400, "%s"],
  "services.storage.unexpected_not_found": [16842786, 404, "%s"],
  "services.storage.index_already_exists": [16842790, 412, "A %s index named \"%s\" already exists"],
  "services.storage.invalid_search_query": [
    16842792,
    400,
    "The argument \"%s\" is not allowed at this level of a search query."
  ],
  "services.storage.invalid_index_name": [16842793, 400, "The index name \"%s\" is invalid"],
  "services.storage.invalid_collection_name": [16842794, 400, "The collection name \"%s\" is invalid"],
  "services.storage.invalid_argument": [16842771, 400, "Argument \"%s\" is invalid (expected: %s)"],
  "services.storage.no_routing": [16842775, 400, "The \"_routing\" keyword is forbidden."],
  "services.storage.strict_mapping_rejection": [
    16842795,
    400,
    "Cannot create document. Field \"%s\" is not present in collection \"%s:%s\" strict mapping"
  ],
  "services.storage.unknown_query_keyword": [
    16842797,
    400,
    "The keyword \"%s\" is not part of Elasticsearch Query DSL. Are you trying to use a Koncorde query?"
  ],
  "services.storage.unexpected_error": [16842787, 500, "%s"],
  "services.storage.scroll_duration_too_great": [16842796, 400, "Scroll duration \"%s\" is too great."],
  "services.storage.invalid_query_keyword": [16842799, 400, "The \"%s\" keyword is not allowed in this query."],
  "services.storage.invalid_multi_index_collection_usage": [
    16842801,
    400,
    "Searches on multiple collections should be achieved with the \"targets\" argument who contains list of indexes " +
    "and collections to search within."
  ],
  "services.storage.invalid_target_format": [
    16842802,
    400,
    "The %s (\"%s\") contains invalid characters \",+*\" or is equal to \"_all\" which is forbidden"
  ],
  "api.assert.invalid_type": [33619969, 400, "Wrong type for argument \"%s\" (expected: %s)"],
  "api.assert.invalid_argument": [33619970, 400, "Invalid argument \"%s\". Expected: %s"],
  "api.assert.missing_argument": [33619971, 400, "Missing argument \"%s\"."],
  "api.assert.empty_argument": [33619972, 400, "The argument \"%s\" is empty."],
  "api.assert.mutually_exclusive": [33619973, 400, "Arguments \"%s\" and \"%s\" are mutually exclusive"],
  "api.assert.too_many_arguments": [33619974, 400, "Argument \"%s\" contains too many values"],
  "api.assert.unexpected_argument": [33619975, 400, "Unexpected argument \"%s\" (accepted arguments: %s)"],
  "api.assert.body_required": [33619976, 400, "The request must specify a body."],
  "api.assert.forbidden_argument": [33619979, 400, "The argument \"%s\" is not allowed by this API action."],
  "api.assert.koncorde_restricted_keyword": [
    33619981,
    400,
    "The %s \"%s\" of Koncorde DSL is not supported for search queries."
  ],
  "api.assert.koncorde_dsl_error": [33619982, 400, "%s"],
  "api.assert.unsupported_protocol": [33619984, 500, "The protocol \"%s\" is not supported by the API action \"%s\"."],
  "api.process.action_locked": [33685505, 412, "Cannot execute action \"%s\": already executing."],
  "api.process.controller_not_found": [33685508, 404, "API controller \"%s\" not found."],
  "api.process.action_not_found": [33685509, 404, "API action \"%s\":\"%s\" not found"],
  "api.process.incompatible_sdk_version": [
    33685510,
    400,
    "Incompatible SDK client. Your SDK version (%s) does not match Kuzzle requirement (%s)."
  ],
  "api.process.too_many_requests": [33685512, 429, "Rejected: requests rate limit exceeded for this user."],
  "api.process.admin_exists": [33685513, 412, "Admin user is already set."],
  "api.process.incomplete_multiple_request": [33685514, 400, "At least one of the %s actions failed."],
  "api.process.too_many_logins_requests": [33685517, 429, "Rejected: Too many login attempts per second"],
  "network.http.request_too_large": [50397185, 413, "Maximum HTTP request size exceeded."],
  "network.http.unexpected_error": [50397186, 400, "Caught an unexpected HTTP error: %s"],
  "network.http.too_many_encodings": [50397187, 400, "Too many encodings."],
  "network.http.unsupported_compression": [50397188, 400, "Unsupported compression algorithm \"%s\"."],
  "network.http.unsupported_verb": [50397190, 400, "Unsupported HTTP verb \"%s\"."],
  "network.http.url_not_found": [50397191, 404, "API URL not found: %s."],
  "network.http.unsupported_content": [
    50397192,
    400,
    "Invalid request content-type. Expected \"application/json\", got: \"%s\"."
  ],
  "network.http.unsupported_charset": [50397193, 400, "Unsupported request charset. Expected \"utf-8\", got: \"%s\"."],
  "network.http.volatile_parse_failed": [
    50397195,
    400,
    "Unable to convert the \"x-kuzzle-volatile\" HTTP header to JSON: %s"
  ],
  "network.http.body_parse_failed": [50397196, 400, "Unable to convert the HTTP body to JSON: %s"],
  "network.websocket.unexpected_error": [50528257, 400, "Caught an unexpected WebSocket error: %s"],
  "network.websocket.ratelimit_exceeded": [50528258, 429, "Rejected: too many requests received from that socket"],
  "network.entrypoint.shutting_down": [50593795, 503, "Rejected: instance is shutting down"],
  "plugin.runtime.unexpected_error": [
    67239938,
    500,
    "Caught an unexpected plugin error: %s\nThis is probably not a Kuzzle error, but a problem with a plugin " +
    "implementation."
  ],
  "plugin.strategy.missing_user": [67305492, 401, "%s"],
  "validation.assert.missing_nested_spec": [
    83951617,
    412,
    "All levels of an object have to be defined in the specification."
  ],
  "validation.assert.unexpected_children": [
    83951618,
    412,
    "The field type \"%s\" is not allowed to have children fields."
  ],
  "validation.assert.missing_parent": [83951619, 412, "The parent field of the field \"%s\" is not defined."],
  "validation.assert.unexpected_properties": [
    83951620,
    412,
    "The object \"%s\" contains unexpected properties (allowed: %s)."
  ],
  "validation.assert.missing_type": [83951621, 412, "Missing property \"type\" in field \"%s\"."],
  "validation.assert.unknown_type": [83951622, 412, "In \"%s\": unknown type \"%s\"."],
  "validation.assert.missing_value": [83951623, 412, "Missing property \"value\" in field \"%s\"."],
  "validation.assert.invalid_type": [83951624, 412, "Wrong type for parameter \"%s\" (expected: %s)."],
  "validation.assert.not_multivalued": [
    83951625,
    412,
    "Field \"%s\": cannot set a property \"%s\" if the field is not multivalued."
  ],
  "validation.assert.invalid_range": [83951626, 412, "Property \"%s\": invalid range (%s > %s)."],
  "validation.assert.invalid_specifications": [
    83951627,
    400,
    "Errors occured with the provided specifications:\n%s"
  ],
  "validation.assert.not_found": [83951628, 404, "No specifications defined for index %s and collection %s"],
  "validation.assert.invalid_filters": [83951629, 400, "Invalid filters validator: %s"],
  "validation.types.missing_enum_values": [
    84017155,
    412,
    "The \"enum\" type requires a \"values\" property holding the list of the enum values."
  ],
  "validation.check.failed_document": [84082689, 400, "Failed to validate document: %s"],
  "validation.check.failed_field": [84082690, 400, "Validation failed. Field \"%s\": %s"],
  "security.token.invalid": [117506049, 401, "Invalid token."],
  "security.token.verification_error": [117506055, 500, "Error verifying token: %s"],
  "security.token.refresh_forbidden": [117506056, 401, "%s cannot be refreshed."],
  "security.token.invalid_expiration": [
    117506057,
    400,
    "Token can not be created with this expiration time: %s"
  ],
  "security.credentials.unknown_strategy": [117571585, 400, "Unknown authentication strategy \"%s\""],
  "security.credentials.database_inconsistency": [
    117571586,
    500,
    "Internal database inconsistency detected: existing credentials found on non-existing user %s.\nThis is probably " +
    "not a Kuzzle error, but a problem with a plugin implementation."
  ],
  "security.rights.unauthorized": [
    117637121,
    401,
    "Unauthorized: authentication required to execute the action \"%s:%s\"."
  ],
  "security.rights.forbidden": [
    117637122,
    403,
    "Insufficient permissions to execute the action \"%s:%s\" (User \"%s\")."
  ],
  "security.user.already_exists": [117702657, 412, "User %s already exists."],
  "security.user.not_found": [117702658, 404, "User \"%s\" not found."],
  "security.user.anonymous_profile_required": [
    117702659,
    400,
    "The anonymous user must be assigned to the anonymous profile"
  ],
  "security.user.prevent_overwrite": [117702662, 400, "Cannot overwrite existing users."],
  "security.user.no_profile": [
    117702663,
    500,
    "Cannot load user \"%s\": there is no security profiles associated to it"
  ],
  "security.role.not_found": [117768193, 404, "Role \"%s\" not found."],
  "security.role.login_required": [117768194, 400, "Cannot remove the \"login\" action from the anonymous role."],
  "security.role.cannot_delete": [
    117768195,
    400,
    "The following roles are protected and cannot be deleted: anonymous, default, admin"
  ],
  "security.role.in_use": [117768196, 412, "The role \"%s\" is still used and cannot be deleted."],
  "security.role.unknown_controller": [
    117768201,
    400,
    "Trying to set role %s with a non-existing controller '%s'. %s"
  ],
  "security.role.unknown_action": [
    117768202,
    400,
    "Trying to set role %s with a non-existing action '%s' in controller '%s'. %s"
  ],
  "security.profile.cannot_delete": [
    117833730,
    400,
    "The following profiles are protected and cannot be deleted: anonymous, default, admin"
  ],
  "security.profile.in_use": [117833731, 412, "The profile \"%s\" is still used and cannot be deleted."],
  "security.profile.missing_anonymous_role": [
    117833733,
    400,
    "The anonymous profile must include the anonymous role"
  ],
  "security.profile.not_found": [117833729, 404, "Profile \"%s\" not found."],
  "security.cookie.unsupported": [117899266, 500, "Cookie authentication not supported."],
  // The engine's own errors. Where the real server supports a request and the engine does not, the engine says so.
  "testing.engine.not_implemented": [
    0,
    501,
    "The embedded Kuzzle does not implement %s. Test it against a real Kuzzle."
  ],
  "testing.engine.unexpected_error": [1, 500, "The embedded Kuzzle failed, which is a fault of its own: %s"]
} as const satisfies Record<string, readonly [code: number, status: number, message: string]>

export type ErrorId = keyof typeof catalogue

export const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** An error as Kuzzle answers it. `body` is sent to the client, with its keys in the order of the real server. */
export class EngineError extends Error {
  override readonly name = "EngineError"
  readonly id: string | undefined
  readonly status: number
  readonly body: JsonObject
  constructor(id: string | undefined, status: number, message: string, body: JsonObject) {
    super(message)
    this.id = id
    this.status = status
    this.body = body
  }
}

/** A member of an object, in the form of Node's `util.inspect` with a depth of one level. */
const member = ([name, value]: readonly [string, unknown]): string =>
  `${name}: ${
    typeof value === "string"
      ? `'${value}'`
      : Array.isArray(value)
      ? "[Array]"
      : isObject(value)
      ? "[Object]"
      : String(value)
  }`

/** Node's `util.format` for `%s`: values without a placeholder are appended (transcript 15 shows one). */
const format = (template: string, props: ReadonlyArray<unknown>): string => {
  let used = 0
  const text = template.replace(/%s/g, (hole) => (used < props.length ? inspected(props[used++]) : hole))
  return [text, ...props.slice(used).map(String)].join(" ")
}

/** An item of a list, in the form of Node's `util.inspect` with a depth of one level. */
const item = (value: unknown): string => {
  if (typeof value === "string") return `'${value}'`
  if (typeof value !== "object" || value === null) return String(value)
  const isList = Array.isArray(value)
  return Object.keys(value).length === 0 ? isList ? "[]" : "{}" : isList ? "[Array]" : "[Object]"
}

/** The end of Node's message when one of its functions refuses an argument. */
export const received = (value: unknown): string =>
  value === null || value === undefined
    ? `Received ${value}`
    : typeof value === "object"
    ? `Received an instance of ${Array.isArray(value) ? "Array" : "Object"}`
    : `Received type ${typeof value} (${item(value)})`

const inspected = (prop: unknown): string => {
  if (isObject(prop)) {
    return Object.keys(prop).length === 0
      ? "{}"
      : `{ ${Object.entries(prop).map(member).join(", ")} }`
  }
  if (!Array.isArray(prop)) return String(prop)
  return prop.length === 0 ? "[]" : `[ ${prop.map(item).join(", ")} ]`
}

export const error = (id: ErrorId, ...values: ReadonlyArray<unknown>): EngineError => {
  const [code, status, template] = catalogue[id]
  // The real server reads a last value that is an object as options, even if a client sent it.
  const props = isObject(values.at(-1)) ? values.slice(0, -1) : values
  const message = format(template, props)
  return new EngineError(id, status, message, { code, id, message, props, status })
}

/** Whether the error says that the engine does not implement something. */
export const isNotImplemented = ({ id }: EngineError): boolean => id === "testing.engine.not_implemented"

/** The error for values that are nested too deeply for the engine. */
export const tooDeep = (): EngineError =>
  error("testing.engine.not_implemented", `JSON that is nested more deeply than ${maxDepth} levels`)

/** The failure of a `strict` request with many documents. It contains the error of each document. */
export const incomplete = (action: string, errors: ReadonlyArray<unknown>): EngineError => {
  const { body, message, status } = error("api.process.incomplete_multiple_request", action)
  return new EngineError("api.process.incomplete_multiple_request", status, message, {
    ...body,
    count: errors.length,
    errors
  })
}

/** The failure of fixtures. It contains the error of each document. */
export const importFailed = (errors: ReadonlyArray<unknown>): EngineError => {
  const { body, id, message, status } = error("services.storage.import_failed")
  return new EngineError(id, status, message, { ...body, errors, count: errors.length })
}

/** A result that is answered together with an error. */
export class Incomplete {
  readonly result: unknown
  readonly error: EngineError
  constructor(result: unknown, error: EngineError) {
    this.result = result
    this.error = error
  }
}

/** The error of a request that could not delete all items, with the status 206 (spec 4.7, `mDelete*`). */
export const incompleteDelete = (errors: ReadonlyArray<unknown>): EngineError => {
  const { body, id, message, status } = error("services.storage.incomplete_delete")
  return new EngineError(id, status, message, { ...body, errors, count: errors.length })
}

/** An error of the real server without code, id and props (spec 1.6, transcript 10). */
export const anonymousError = (status: number, message: string): EngineError =>
  new EngineError(undefined, status, message, { message, status })

/** Kuzzle's error for an exception in its own code. Its message blames a plugin (spec 8, E8). */
export const nativeError = (reason: string): EngineError => error("plugin.runtime.unexpected_error", reason)

/** Kuzzle's error for a request that Elasticsearch refuses. */
export const badRequest = (reason: string): EngineError => error("services.storage.unexpected_bad_request", reason)
