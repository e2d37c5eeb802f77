/** Finds the collection of a request, and checks its documents and its option `refresh`. */
import { badRequest, error } from "./errors.ts"
import { isObject, type JsonObject, own } from "./json.ts"
import * as Request from "./request.ts"
import * as Specifications from "./specifications.ts"
import type { Call } from "./state.ts"
import type { Collection, StoredDocument } from "./storage.ts"

export const collectionOf = ({ request, state }: Call): Collection => {
  const { collection, index } = Request.getIndexAndCollection(request)
  return state.storage.collection(index, collection)
}

export const refreshIf = (collection: Collection, refresh: boolean): void => {
  // The real server waits for its next refresh, up to a second. The engine refreshes now and answers at once.
  if (refresh) collection.refresh()
}

/** Whether a write waits for the next refresh. */
export const waitsFor = (refresh: string): boolean => {
  if (refresh !== "wait_for" && refresh !== "false") {
    throw error("services.storage.invalid_argument", "refresh", "\"wait_for\", false")
  }
  return refresh === "wait_for"
}

/** Whether a write by query waits. Elasticsearch expects a boolean there, and Kuzzle converts `wait_for` to `true`. */
export const queryWaitsFor = (refresh: string): boolean => {
  if (!["wait_for", "true", "false", ""].includes(refresh)) {
    throw badRequest(`Failed to parse value [${refresh}] as only [true] or [false] are allowed.`)
  }
  return refresh !== "false"
}

/** Kuzzle's checks of a document that is written as a whole. */
export const checkRouting = ({ _routing }: JsonObject): void => {
  if (_routing) throw error("services.storage.no_routing")
}

/** The specifications of the collection, which need not exist. */
const specificationsOf = ({ request, state }: Call): Specifications.Specifications | undefined => {
  const { collection, index } = Request.getIndexAndCollection(request)
  const validation = state.storage.validations.get(`${index}#${collection}`)?._source.validation
  const specifications = isObject(validation) ? Specifications.read(index, collection, validation) : undefined
  // Stored specifications are valid; this narrows the type for the compiler.
  return specifications !== undefined && "fields" in specifications ? specifications : undefined
}

/** `document:validate`, which `realtime:validate` calls (realtimeController.js, `validate`). */
export const validate = (call: Call) => {
  const body = Request.getBody(call.request)
  return Specifications.validate(specificationsOf(call), body)
}

/** Checks a document against the specifications and adds their defaults. For an update, `body` are the changes. */
export const validated = (call: Call, body: JsonObject, before?: StoredDocument): JsonObject => {
  const specifications = specificationsOf(call)
  if (specifications === undefined) return body
  Specifications.assertFits(specifications, before === undefined ? body : defaultsDeep(body, before._source))
  return Specifications.withDefaults(specifications.fields, body, before !== undefined)
}

/** `object` with the missing members of `defaults`, at every depth. */
const defaultsDeep = (object: JsonObject, defaults: JsonObject): JsonObject => {
  const missing = Object.entries(defaults).filter(([key]) => own(object, key) === undefined)
  const present = Object.entries(object).map(([key, value]) => {
    const fallback = own(defaults, key)
    return [key, isObject(value) && isObject(fallback) ? defaultsDeep(value, fallback) : value]
  })
  return Object.fromEntries([...present, ...missing])
}
