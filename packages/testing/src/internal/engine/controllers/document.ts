import { badRequest, error, Incomplete, incomplete, nativeError } from "../errors.ts"
import { isObject, type JsonObject, own } from "../json.ts"
import { fromKoncorde } from "../koncorde.ts"
import type { Change } from "../realtime.ts"
import * as Request from "../request.ts"
import type { KuzzleRequest } from "../request.ts"
import type { Action, Call, Controller } from "../state.ts"
import type { Collection, StoredDocument } from "../storage.ts"
import { checkRouting, collectionOf, fitting, queryWaitsFor, settle, validate, waitsFor } from "../target.ts"
import { execute, type Item, type Kind, kinds, withoutMetadata } from "../writes.ts"
import { exportDocuments } from "./export.ts"

const show = ({ _id, _source, _version }: StoredDocument) => ({ _id, _source, _version })

const changeOf = (
  action: Change["action"],
  result: JsonObject,
  { _id, _source }: { readonly _id: string; readonly _source: JsonObject }
): Change => ({ action, result, document: { ..._source, _id }, key: _id })

const notify = (call: Call, ...change: Parameters<typeof changeOf>): void =>
  call.state.realtime.notify(call.request, changeOf(...change))

/** The dotted paths of every value of an object, without Kuzzle's metadata. */
const fieldsOf = (object: JsonObject, above = ""): ReadonlyArray<string> =>
  Object.entries(object).flatMap(([key, value]) =>
    key === "_kuzzle_info" ? [] : isObject(value) ? fieldsOf(value, `${above}${key}.`) : [above + key]
  )

// -------------------------------------------------------------------------------------------------------------------
// requests on many
// -------------------------------------------------------------------------------------------------------------------

/**
 * The documents of a request on many. Before it checks anything, the real server takes them out of the request for its
 * pipes, and puts back only the members that it knows. A value that is not a list fails with the error of JavaScript.
 */
const documentsOf = ({ body }: KuzzleRequest, ...members: ReadonlyArray<string>): ReadonlyArray<JsonObject> => {
  if (body === null) throw nativeError("Cannot read properties of null (reading 'documents')")
  const { documents } = body
  if (documents === undefined || documents === null) {
    throw nativeError(`Cannot read properties of ${documents} (reading 'length')`)
  }
  const list: ReadonlyArray<unknown> = Array.isArray(documents) || typeof documents === "string" ? [...documents] : []
  return list.map((document) => {
    if (document === undefined || document === null) {
      throw nativeError(`Cannot read properties of ${document} (reading '_id')`)
    }
    return isObject(document) ? Object.fromEntries(members.map((name) => [name, document[name]])) : {}
  })
}

/** Kuzzle passes `retryOnConflict` on unchanged, and Elasticsearch reads it as text of its query string. */
const checkRetries = ({ args: { retryOnConflict } }: KuzzleRequest): void => {
  if (!retryOnConflict) return
  // In a query string, an object is an empty text.
  const text = isObject(retryOnConflict) ? "" : String(retryOnConflict)
  if (/^[-+]?\d+$/.test(text)) return
  throw badRequest(`Failed to parse int parameter [retry_on_conflict] with value [${text}]`)
}

type NotifiedAction = "create" | "update" | "replace" | "write"

/** Writes many documents and notifies the subscribers. */
const writeMany =
  (action: string, kind: Kind, notifiedAction: NotifiedAction, ...members: ReadonlyArray<string>): Action => (call) => {
    const { request, state } = call
    const documents = documentsOf(request, "_id", ...members)
    const strict = Request.getBoolean(request, "strict")
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    Request.getIndexAndCollection(request)
    if (notifiedAction === "update") Request.getInteger(request, "retryOnConflict", 0)
    if (documents.length > state.settings.maxDocumentsWritten) throw error("services.storage.write_limit_exceeded")
    const { source } = request.args
    const wantsSource = source === undefined || (source !== "false" && Request.getBoolean(request, "source"))
    // Only one action checks the option.
    const withSource = wantsSource || kind !== kinds.createOrReplace
    if (documents.length === 0) return { errors: [], successes: [] }
    const collection = collectionOf(call)
    const waits = waitsFor(refresh)
    const { errors, items } = execute(kind, call, collection, documents)
    settle(collection, waits)
    if (strict && errors.length > 0) throw incomplete(action, errors)
    if (silent) return { errors, successes: withSource ? items : items.map(withoutSource) }
    const sent = new Map(documents.map((document) => [document._id, document[members[0]!]]))
    const successes = items.map((item): Item => {
      if (notifiedAction !== "update" || item.created === true) return withSource ? item : withoutSource(item)
      const changes = sent.get(item._id)
      // The last document of an id decides, even one that was refused.
      if (changes === undefined || changes === null) throw nativeError("Cannot convert undefined or null to object")
      return { ...item, _updatedFields: fieldsOf(isObject(changes) ? changes : {}) }
    })
    const changes = successes.map((item): Change => {
      const change = notifiedAction === "create" || (notifiedAction !== "replace" && item.created === true)
        ? "create"
        : notifiedAction === "write"
        ? "replace"
        : notifiedAction
      // Where the content is left out, the real server tests the filters against the body of the request.
      return changeOf(change, item, { _id: item._id, _source: item._source ?? request.body ?? {} })
    })
    state.realtime.notify(request, ...changes)
    return { errors, successes }
  }

const withoutSource = ({ _source, ...item }: Item): Item => item

/** The `ids` of the body, if there are any. The real server calls `map` on them, whatever their type. */
const idsInBody = ({ body }: KuzzleRequest): ReadonlyArray<unknown> | undefined => {
  const ids = body?.ids
  if (!ids || Object.keys(ids).length === 0) return undefined
  if (!Array.isArray(ids)) throw nativeError("ids.map is not a function")
  return ids
}

/**
 * The ids of a request on many as they are after the real server's pipes, which take them out of it and put them back: in
 * the arguments they may be a text with commas, and a body that has other members gets an empty list when there are none.
 */
const pipedIds = (request: KuzzleRequest): ReadonlyArray<unknown> => {
  const given = idsInBody(request)
  const { ids } = request.args
  if (given !== undefined) return given
  if (!ids) return []
  if (!Array.isArray(ids) && typeof ids !== "string") throw error("api.assert.invalid_type", ids, "Array or String")
  return Request.getList(request, "ids")
}

const hasMembers = ({ body }: KuzzleRequest): boolean => body !== null && Object.keys(body).length > 0

/** The arguments of a read of many. */
const manyOf = ({ request, state }: Call) => {
  const ids = pipedIds(request)
  // If they are in the body, an empty list counts as none.
  if (ids.length === 0 && hasMembers(request)) Request.getArray(request, "ids")
  Request.getIndexAndCollection(request)
  const strict = Request.getBoolean(request, "strict")
  if (ids.length > state.settings.maxDocumentsFetched) throw error("services.storage.get_limit_exceeded")
  return { ids, strict }
}

/** The ids of a deletion. */
const doomedIds = (request: KuzzleRequest): ReadonlyArray<unknown> => {
  const ids = pipedIds(request)
  return hasMembers(request) ? ids : Request.getBodyArray(request, "ids")
}

// -------------------------------------------------------------------------------------------------------------------
// searches
// -------------------------------------------------------------------------------------------------------------------

const isMultiple = (name: string): boolean => /[,*+]/.test(name) || name === "_all"

/** A query in Elasticsearch's language; without one, `fallback` is translated. */
const translated = (call: Call, query: unknown, fallback?: JsonObject): unknown => {
  if (Request.getLang(call.request) !== "koncorde") return query
  const given = query || fallback
  if (given === undefined) throw nativeError("Cannot convert undefined or null to object")
  return isObject(given) ? fromKoncorde(given) : given
}

/** The arguments of every search, in the order in which the real server reads it. */
const searchOf = ({ request }: Call) => {
  const from = Request.getInteger(request, "from", 0)
  const size = Request.getInteger(request, "size", 10)
  const scroll = Request.getScroll(request)
  Request.getBodyObject(request, "query", {})
  return { from, size, scroll, body: Request.getSearchBody(request) }
}

interface Target {
  readonly index: string
  readonly collections: ReadonlyArray<string>
}

const checkTargets = (request: KuzzleRequest): ReadonlyArray<Target> =>
  Request.getArray(request, "targets").map((target, i) => {
    const { collections, index } = isObject(target) ? target : { index: undefined, collections: undefined }
    if (!index) throw error("api.assert.missing_argument", `targets[${i}].index`)
    if (typeof index !== "string" || isMultiple(index)) {
      throw error("services.storage.invalid_target_format", `targets[${i}].index`, index)
    }
    if (!collections) throw error("api.assert.missing_argument", `targets[${i}].collections`)
    if (!Array.isArray(collections)) throw error("api.assert.invalid_type", `targets[${i}].collections`, "array")
    if (collections.length === 0) throw error("api.assert.empty_argument", `targets[${i}].collections`)
    const names = collections.map((name: unknown, j) => {
      const path = `targets[${i}].collections[${j}]`
      if (typeof name !== "string") throw error("api.assert.invalid_type", path, "string")
      if (isMultiple(name)) throw error("services.storage.invalid_target_format", path, name)
      return name
    })
    return { index, collections: names }
  })

/** The collections of a search; only here, the real server accepts any value that names one as text. */
const searched = ({ request, state }: Call): ReadonlyArray<Collection> => {
  if (Request.getArray(request, "targets", []).length > 0) {
    return checkTargets(request).flatMap(({ collections, index }) =>
      collections.map((name) => state.storage.collection(index, name))
    )
  }
  const { collection, index } = Request.getIndexAndCollection(request)
  const names = { index: String(index), collection: String(collection) }
  for (const [argument, name] of Object.entries(names)) {
    // The text of an empty list.
    if (name === "") throw error("api.assert.missing_argument", argument)
  }
  return [state.storage.collection(names.index, names.collection)]
}

/** The documents that a query matches, if one request may change that many. */
const matching = ({ now, state }: Call, collection: Collection, query: JsonObject) => {
  const matched = state.storage.matching(collection, { query }, now)
  if (matched.length > state.settings.maxDocumentsWritten) throw error("services.storage.write_limit_exceeded")
  return matched
}

/** The query of a request that changes what it matches; its collection is looked up later. */
const translatedQuery = ({ request }: Call, query: JsonObject): JsonObject =>
  Request.getLang(request) === "koncorde" ? fromKoncorde(query) : query

/**
 * An object without the value at a dotted path. As in the real server, a key that itself contains dots takes
 * precedence.
 */
const without = (object: JsonObject, path: string): JsonObject => {
  if (Object.hasOwn(object, path)) {
    const { [path]: _, ...others } = object
    return others
  }
  const [key = "", ...rest] = path.split(".")
  const inner = own(object, key)
  return rest.length > 0 && isObject(inner) ? { ...object, [key]: without(inner, rest.join(".")) } : object
}

// -------------------------------------------------------------------------------------------------------------------
// actions
// -------------------------------------------------------------------------------------------------------------------

/** Reads a document by its id (elasticsearch.js, `get`). */
const fetched = (collection: Collection, id: string): StoredDocument => {
  if (id === "_search") throw error("services.storage.search_as_an_id")
  return collection.getOrFail(id)
}

export const document: Controller = {
  export: exportDocuments,
  get: (call) => {
    const id = Request.getId(call.request)
    return show(fetched(collectionOf(call), id))
  },
  exists: (call) => {
    const id = Request.getId(call.request)
    return collectionOf(call).get(id) !== undefined
  },
  mGet: (call) => {
    const { ids, strict } = manyOf(call)
    const collection = collectionOf(call)
    if (ids.length === 0) return { errors: [] }
    const matched = ids.map((id) => collection.get(String(id)))
    const errors = ids.filter((_, i) => matched[i] === undefined)
    if (strict && errors.length > 0) throw incomplete("get", errors)
    return { errors, successes: matched.flatMap((document) => (document === undefined ? [] : [show(document)])) }
  },
  mExists: (call) => {
    const { ids, strict } = manyOf(call)
    const collection = collectionOf(call)
    if (ids.length === 0) {
      // The real server answers without `successes` (spec 8, E3).
      return new Incomplete({ errors: [] }, nativeError("Cannot read properties of undefined (reading 'length')"))
    }
    const errors = ids.filter((id) => collection.get(String(id)) === undefined)
    if (strict && errors.length > 0) throw incomplete("get", errors)
    return { errors, successes: ids.filter((id) => !errors.includes(id)) }
  },
  create: (call) => {
    const { now, request, state, user } = call
    const id = Request.getOptionalId(request)
    const refresh = Request.getRefresh(request)
    const silent = Request.getBoolean(request, "silent")
    Request.getIndexAndCollection(request)
    const body = fitting(call, Request.getBody(request))
    const collection = collectionOf(call)
    checkRouting(body)
    const source = {
      ...body,
      _kuzzle_info: { author: user._id, createdAt: now, updatedAt: null, updater: null }
    }
    // Elasticsearch reads a document before it looks for its id.
    const _id = id ?? state.identifiers.document()
    collection.admit(_id, source)
    if (id !== undefined && collection.get(id) !== undefined) throw error("services.storage.document_already_exists")
    const document = collection.write(_id, source, now)
    settle(collection, refresh)
    if (!silent) notify(call, "create", show(document), document)
    return show(document)
  },
  createOrReplace: (call) => {
    const { now, request, user } = call
    const id = Request.getId(request)
    const given = Request.getBody(request)
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const body = fitting(call, given)
    const collection = collectionOf(call)
    checkRouting(body)
    const waits = waitsFor(refresh)
    const created = collection.get(id) === undefined
    const source = {
      ...body,
      _kuzzle_info: { author: user._id, createdAt: now, updatedAt: now, updater: user._id }
    }
    const document = collection.write(id, source, now)
    settle(collection, waits)
    const result = { ...show(document), created }
    if (!silent) notify(call, created ? "create" : "replace", result, document)
    return result
  },
  replace: (call) => {
    const { now, request, user } = call
    const id = Request.getId(request)
    const given = Request.getBody(request)
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const body = fitting(call, given)
    const collection = collectionOf(call)
    checkRouting(body)
    const waits = waitsFor(refresh)
    collection.getOrFail(id)
    const source = {
      ...body,
      _kuzzle_info: { author: user._id, createdAt: now, updatedAt: now, updater: user._id }
    }
    const document = collection.write(id, source, now)
    settle(collection, waits)
    // The notification contains the content as it was sent, without version and metadata (observed).
    const result = { _id: id, _source: request.list ?? body }
    if (!silent) notify(call, "replace", result, { _id: id, _source: body })
    return show(document)
  },
  update: (call) => {
    const { now, request, user } = call
    const id = Request.getId(request)
    const given = Request.getBody(request)
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const source = Request.getBoolean(request, "source")
    const collection = collectionOf(call)
    const before = fetched(collection, id)
    const body = fitting(call, given, before)
    const waits = waitsFor(refresh)
    checkRetries(request)
    const changes = { ...body, _kuzzle_info: { updatedAt: now, updater: user._id } }
    const document = collection.update(before, changes, now)
    settle(collection, waits)
    if (!silent) {
      notify(call, "update", { _id: id, _source: document._source, _updatedFields: fieldsOf(body) }, document)
    }
    return source
      ? show(document)
      : {
        _id: id,
        _source: { ...body, _kuzzle_info: document._source._kuzzle_info },
        _version: document._version
      }
  },
  upsert: (call) => {
    const { now, request, state, user } = call
    if (request.body === null) throw nativeError("Cannot read properties of null (reading 'changes')")
    const id = Request.getId(request)
    const changes = Request.getBodyObject(request, "changes")
    const defaults = Request.getBodyObject(request, "default", {})
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const source = Request.getBoolean(request, "source")
    const collection = collectionOf(call)
    const waits = waitsFor(refresh)
    checkRetries(request)
    const before = collection.get(id)
    const created = before === undefined
    const metadata = { updatedAt: now, updater: user._id }
    const document = created
      // The changes' metadata replace the author and date of creation: a bug of the real server (transcript 12).
      ? collection.write(id, { ...defaults, _kuzzle_info: metadata, ...withoutMetadata(changes) }, now)
      : collection.update(before, { ...changes, _kuzzle_info: metadata }, now)
    settle(collection, waits)
    if (!silent && !created) {
      notify(call, "update", { _id: id, _source: document._source, _updatedFields: fieldsOf(changes) }, document)
    } else if (!silent) {
      // The notification of a creation contains the content only, and filters are tested against the body of the
      // request: a fault of the real server (spec 1.5, "trap").
      state.realtime.notify(request, {
        action: "create",
        result: document._source,
        document: { ...request.body, _id: id },
        key: "undefined"
      })
    }
    return source
      ? { ...show(document), created }
      : { _id: id, _version: document._version, created }
  },
  delete: (call) => {
    const { now, request } = call
    const id = Request.getId(request)
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const source = Request.getBoolean(request, "source")
    const collection = collectionOf(call)
    const document = fetched(collection, id)
    const waits = waitsFor(refresh)
    collection.delete(id, now)
    settle(collection, waits)
    if (!silent) notify(call, "delete", show(document), document)
    return source ? show(document) : { _id: id }
  },
  mCreate: writeMany("mCreate", kinds.create, "create", "body"),
  mCreateOrReplace: writeMany("mCreateOrReplace", kinds.createOrReplace, "write", "body"),
  mReplace: writeMany("mReplace", kinds.replace, "replace", "body"),
  mUpdate: writeMany("mUpdate", kinds.update, "update", "body"),
  mUpsert: writeMany("mUpsert", kinds.upsert, "update", "changes", "default"),
  mDelete: (call) => {
    const { now, request, state } = call
    const ids = doomedIds(request)
    const strict = Request.getBoolean(request, "strict")
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const collection = collectionOf(call)
    collection.refresh()
    const errors: Array<JsonObject> = []
    for (const _id of ids) {
      if (typeof _id !== "string") errors.push({ _id, reason: "document _id must be a string", status: 400 })
    }
    for (const _id of ids) {
      if (typeof _id === "string" && collection.get(_id) === undefined) {
        errors.push({ _id, reason: "document not found", status: 404 })
      }
    }
    const doomed = collection.searchable(now).filter(({ _id }) => ids.includes(_id))
    if (doomed.length > state.settings.maxDocumentsWritten) throw error("services.storage.write_limit_exceeded")
    const waits = queryWaitsFor(refresh)
    for (const { _id } of doomed) collection.delete(_id, now)
    settle(collection, waits)
    if (strict && errors.length > 0) throw incomplete("delete", errors)
    const documents = doomed.map(({ _id, _source }) => ({ _id, _source }))
    if (!silent) state.realtime.notify(request, ...documents.map((document) => changeOf("delete", document, document)))
    return { errors, successes: doomed.map(({ _id }) => _id) }
  },
  deleteByQuery: (call) => {
    const { now, request, state } = call
    const query = Request.getBodyObject(request, "query", {})
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const source = Request.getBoolean(request, "source")
    Request.getIndexAndCollection(request)
    const wanted = translatedQuery(call, query)
    const collection = collectionOf(call)
    const matched = matching(call, collection, wanted)
    const doomed = matched.filter((document) => collection.get(document._id) === document)
    const waits = queryWaitsFor(refresh)
    for (const { _id } of doomed) collection.delete(_id, now)
    settle(collection, waits)
    // A document that was changed after the last refresh is a conflict. The real server gives no details.
    if (doomed.length < matched.length) throw error("services.storage.unexpected_error", "Response Error")
    const documents = doomed.map(({ _id, _source }) => ({ _id, _source }))
    if (!silent) state.realtime.notify(request, ...documents.map((document) => changeOf("delete", document, document)))
    return {
      documents: source ? documents : documents.map(({ _id }) => ({ _id })),
      ids: documents.map(({ _id }) => _id)
    }
  },
  updateByQuery: (call) => {
    const { request, state } = call
    const query = Request.getBodyObject(request, "query")
    const changes = Request.getBodyObject(request, "changes")
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const source = Request.getBoolean(request, "source")
    Request.getIndexAndCollection(request)
    const wanted = translatedQuery(call, query)
    const collection = collectionOf(call)
    const matched = matching(call, collection, wanted).map(({ _id }) => ({ _id, body: changes }))
    const waits = waitsFor(refresh)
    const { errors, items } = execute(kinds.update, call, collection, matched)
    settle(collection, waits)
    const changed = items.map(({ _id, _source }) =>
      changeOf("update", { _id, _source, _updatedFields: fieldsOf(changes) }, { _id, _source })
    )
    if (!silent) state.realtime.notify(request, ...changed)
    return { errors, successes: source ? items : items.map(withoutSource) }
  },
  deleteFields: (call) => {
    const { now, request, user } = call
    if (request.body === null) throw nativeError("Cannot read properties of null (reading 'fields')")
    const id = Request.getId(request)
    const fields = Request.getBodyArray(request, "fields")
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const source = Request.getBoolean(request, "source")
    const collection = collectionOf(call)
    const { _source } = collection.getOrFail(id)
    const waits = waitsFor(refresh)
    const kept = fields.reduce<JsonObject>((object, field) => without(object, String(field)), _source)
    const info = isObject(_source._kuzzle_info) ? _source._kuzzle_info : {}
    const document = collection.write(
      id,
      { ...kept, _kuzzle_info: { ...info, updatedAt: now, updater: user._id } },
      now
    )
    settle(collection, waits)
    if (!silent) notify(call, "update", { _id: id, _source: document._source }, document)
    return source ? show(document) : { _id: id, _version: document._version }
  },
  validate,
  count: (call) => {
    const { body } = searchOf(call)
    Request.getIndexAndCollection(call.request)
    const query = translated(call, body.query)
    const collection = collectionOf(call)
    return { count: call.state.storage.count(collection, Request.withQuery(body, query), call.now) }
  },
  search: (call) => {
    const { now, request, state } = call
    const { body, from, scroll, size } = searchOf(call)
    const [index, collection] = [request.args.index, request.args.collection].map((name) => name ? String(name) : "")
    const targeted = Request.getArray(request, "targets", []).length > 0
    Request.getLang(request)
    if (!index && !collection && !targeted) {
      throw error("api.assert.missing_argument", "index, collection or targets")
    }
    if (index && collection && (isMultiple(index) || isMultiple(collection))) {
      throw error("services.storage.invalid_multi_index_collection_usage")
    }
    if (targeted) checkTargets(request)
    if (size - from > state.settings.maxDocumentsFetched) throw error("services.storage.get_limit_exceeded")
    const query = translated(call, body.query, {})
    const matched = state.storage.search(searched(call), Request.withQuery(body, query), { from, size, scroll }, now)
    const { aggregations, hits, remaining, scrollId, total } = matched
    return { aggregations, hits, remaining, scrollId, total }
  },
  scroll: ({ now, request, state }) => {
    const ttl = Request.getNextScroll(request)
    return state.storage.scroll(Request.getString(request, "scrollId"), ttl, now)
  }
}
