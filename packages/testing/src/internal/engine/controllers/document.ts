import { badRequest, error, Incomplete, incomplete, nativeError } from "../errors.ts"
import { isObject, type JsonObject, own } from "../json.ts"
import { fromKoncorde } from "../koncorde.ts"
import type { Change } from "../realtime.ts"
import * as Request from "../request.ts"
import type { KuzzleRequest } from "../request.ts"
import type { Action, Call, Controller } from "../state.ts"
import type { Collection, StoredDocument } from "../storage.ts"
import { checkRouting, collectionOf, queryWaitsFor, refreshIf, validate, validated, waitsFor } from "../target.ts"
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
// requests with many documents
// -------------------------------------------------------------------------------------------------------------------

/**
 * The documents of a request with many documents. Before any check, the real server takes them out of the request for
 * its pipes, and puts back only the members that it knows. A value that is not a list causes an error of JavaScript.
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

/** Checks `retryOnConflict`. Kuzzle passes it on unchanged, and Elasticsearch reads it from its query string. */
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
    // Only `mCreateOrReplace` has the option.
    const withSource = wantsSource || kind !== kinds.createOrReplace
    if (documents.length === 0) return { errors: [], successes: [] }
    const collection = collectionOf(call)
    const waits = waitsFor(refresh)
    const { errors, items } = execute(kind, call, collection, documents)
    refreshIf(collection, waits)
    if (strict && errors.length > 0) throw incomplete(action, errors)
    if (silent) return { errors, successes: withSource ? items : items.map(withoutSource) }
    const sent = new Map(documents.map((document) => [document._id, document[members[0]!]]))
    const successes = items.map((item): Item => {
      if (notifiedAction !== "update" || item.created === true) return withSource ? item : withoutSource(item)
      const changes = sent.get(item._id)
      // Of several documents with one id, the last decides, even if it was refused.
      if (changes === undefined || changes === null) throw nativeError("Cannot convert undefined or null to object")
      return { ...item, _updatedFields: fieldsOf(isObject(changes) ? changes : {}) }
    })
    const changes = successes.map((item): Change => {
      const change = notifiedAction === "create" || (notifiedAction !== "replace" && item.created === true)
        ? "create"
        : notifiedAction === "write"
        ? "replace"
        : notifiedAction
      // If the content is omitted, the real server tests the filters against the body of the request.
      return changeOf(change, item, { _id: item._id, _source: item._source ?? request.body ?? {} })
    })
    state.realtime.notify(request, ...changes)
    return { errors, successes }
  }

const withoutSource = ({ _source, ...item }: Item): Item => item

/** The `ids` of the body, if there are any. The real server calls `map` on a value of any type. */
const idsInBody = ({ body }: KuzzleRequest): ReadonlyArray<unknown> | undefined => {
  const ids = body?.ids
  if (!ids || Object.keys(ids).length === 0) return undefined
  if (!Array.isArray(ids)) throw nativeError("ids.map is not a function")
  return ids
}

/**
 * The ids of a request with many documents. The pipes of the real server take them out of the request and put them
 * back. In the arguments, they may be a text with commas. Without ids the list is empty.
 */
const pipedIds = (request: KuzzleRequest): ReadonlyArray<unknown> => {
  const bodyIds = idsInBody(request)
  const { ids } = request.args
  if (bodyIds !== undefined) return bodyIds
  if (!ids) return []
  if (!Array.isArray(ids) && typeof ids !== "string") throw error("api.assert.invalid_type", ids, "Array or String")
  return Request.getList(request, "ids")
}

const hasMembers = ({ body }: KuzzleRequest): boolean => body !== null && Object.keys(body).length > 0

/** The arguments of `mGet` and `mExists`. */
const manyOf = ({ request, state }: Call) => {
  const ids = pipedIds(request)
  // With a body, an empty list counts as missing.
  if (ids.length === 0 && hasMembers(request)) Request.getArray(request, "ids")
  Request.getIndexAndCollection(request)
  const strict = Request.getBoolean(request, "strict")
  if (ids.length > state.settings.maxDocumentsFetched) throw error("services.storage.get_limit_exceeded")
  return { ids, strict }
}

/** The ids of `mDelete`. */
const idsToDelete = (request: KuzzleRequest): ReadonlyArray<unknown> => {
  const ids = pipedIds(request)
  return hasMembers(request) ? ids : Request.getBodyArray(request, "ids")
}

// -------------------------------------------------------------------------------------------------------------------
// searches
// -------------------------------------------------------------------------------------------------------------------

const isMultiple = (name: string): boolean => /[,*+]/.test(name) || name === "_all"

/** A query in Elasticsearch's language. Without a query, a search in Koncorde uses `fallback`. */
const translated = (call: Call, query: unknown, fallback?: JsonObject): unknown => {
  if (Request.getLang(call.request) !== "koncorde") return query
  const source = query || fallback
  if (source === undefined) throw nativeError("Cannot convert undefined or null to object")
  return isObject(source) ? fromKoncorde(source) : source
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

/** The collections of a search. Only a search converts the names of index and collection to text. */
const searchedCollections = ({ request, state }: Call): ReadonlyArray<Collection> => {
  if (Request.getArray(request, "targets", []).length > 0) {
    return checkTargets(request).flatMap(({ collections, index }) =>
      collections.map((name) => state.storage.collection(index, name))
    )
  }
  const { collection, index } = Request.getIndexAndCollection(request)
  const names = { index: String(index), collection: String(collection) }
  for (const [argument, name] of Object.entries(names)) {
    // An empty list is converted to an empty text.
    if (name === "") throw error("api.assert.missing_argument", argument)
  }
  return [state.storage.collection(names.index, names.collection)]
}

/** The documents that a query matches. Throws if one request may not change that many. */
const matching = ({ now, state }: Call, collection: Collection, query: JsonObject) => {
  const matched = state.storage.matching(collection, { query }, now)
  if (matched.length > state.settings.maxDocumentsWritten) throw error("services.storage.write_limit_exceeded")
  return matched
}

/** The query of `deleteByQuery` or `updateByQuery`, in Elasticsearch's language. */
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
const readDocument = (collection: Collection, id: string): StoredDocument => {
  if (id === "_search") throw error("services.storage.search_as_an_id")
  return collection.getOrFail(id)
}

/** The arguments of a write of a whole document, read and checked in the real server's order. */
const wholeDocument = (call: Call) => {
  const { request } = call
  const id = Request.getId(request)
  const content = Request.getBody(request)
  const silent = Request.getBoolean(request, "silent")
  const refresh = Request.getRefreshString(request)
  const body = validated(call, content)
  const collection = collectionOf(call)
  checkRouting(body)
  return { id, body, collection, silent, waits: waitsFor(refresh) }
}

const replaced = ({ now, user }: Call, body: JsonObject): JsonObject => ({
  ...body,
  _kuzzle_info: { author: user._id, createdAt: now, updatedAt: now, updater: user._id }
})

export const document: Controller = {
  export: exportDocuments,
  get: (call) => {
    const id = Request.getId(call.request)
    return show(readDocument(collectionOf(call), id))
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
    const body = validated(call, Request.getBody(request))
    const collection = collectionOf(call)
    checkRouting(body)
    const source = {
      ...body,
      _kuzzle_info: { author: user._id, createdAt: now, updatedAt: null, updater: null }
    }
    // Elasticsearch reads a document before it looks for its id.
    const _id = id ?? state.identifiers.document()
    collection.indexContent(_id, source)
    if (id !== undefined && collection.get(id) !== undefined) throw error("services.storage.document_already_exists")
    const document = collection.write(_id, source, now)
    refreshIf(collection, refresh)
    if (!silent) notify(call, "create", show(document), document)
    return show(document)
  },
  createOrReplace: (call) => {
    const { body, collection, id, silent, waits } = wholeDocument(call)
    const created = collection.get(id) === undefined
    const document = collection.write(id, replaced(call, body), call.now)
    refreshIf(collection, waits)
    const result = { ...show(document), created }
    if (!silent) notify(call, created ? "create" : "replace", result, document)
    return result
  },
  replace: (call) => {
    const { body, collection, id, silent, waits } = wholeDocument(call)
    collection.getOrFail(id)
    const document = collection.write(id, replaced(call, body), call.now)
    refreshIf(collection, waits)
    // The notification contains the content as it was sent, without version and metadata (observed).
    const result = { _id: id, _source: call.request.list ?? body }
    if (!silent) notify(call, "replace", result, { _id: id, _source: body })
    return show(document)
  },
  update: (call) => {
    const { now, request, user } = call
    const id = Request.getId(request)
    const content = Request.getBody(request)
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const source = Request.getBoolean(request, "source")
    const collection = collectionOf(call)
    const before = readDocument(collection, id)
    const body = validated(call, content, before)
    const waits = waitsFor(refresh)
    checkRetries(request)
    const changes = { ...body, _kuzzle_info: { updatedAt: now, updater: user._id } }
    const document = collection.update(before, changes, now)
    refreshIf(collection, waits)
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
    refreshIf(collection, waits)
    if (!silent && !created) {
      notify(call, "update", { _id: id, _source: document._source, _updatedFields: fieldsOf(changes) }, document)
    } else if (!silent) {
      // A fault of the real server (spec 1.5, "trap"): the notification of a creation only contains the content, and
      // filters are tested against the body of the request.
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
    const document = readDocument(collection, id)
    const waits = waitsFor(refresh)
    collection.delete(id, now)
    refreshIf(collection, waits)
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
    const ids = idsToDelete(request)
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
    const deletable = collection.searchable(now).filter(({ _id }) => ids.includes(_id))
    if (deletable.length > state.settings.maxDocumentsWritten) throw error("services.storage.write_limit_exceeded")
    const waits = queryWaitsFor(refresh)
    for (const { _id } of deletable) collection.delete(_id, now)
    refreshIf(collection, waits)
    if (strict && errors.length > 0) throw incomplete("delete", errors)
    const documents = deletable.map(({ _id, _source }) => ({ _id, _source }))
    if (!silent) state.realtime.notify(request, ...documents.map((document) => changeOf("delete", document, document)))
    return { errors, successes: deletable.map(({ _id }) => _id) }
  },
  deleteByQuery: (call) => {
    const { now, request, state } = call
    const query = Request.getBodyObject(request, "query", {})
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const source = Request.getBoolean(request, "source")
    Request.getIndexAndCollection(request)
    const esQuery = translatedQuery(call, query)
    const collection = collectionOf(call)
    const matched = matching(call, collection, esQuery)
    const deletable = matched.filter((document) => collection.get(document._id) === document)
    const waits = queryWaitsFor(refresh)
    for (const { _id } of deletable) collection.delete(_id, now)
    refreshIf(collection, waits)
    // A document that was changed after the last refresh is a conflict. The real server gives no details.
    if (deletable.length < matched.length) throw error("services.storage.unexpected_error", "Response Error")
    const documents = deletable.map(({ _id, _source }) => ({ _id, _source }))
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
    const esQuery = translatedQuery(call, query)
    const collection = collectionOf(call)
    const matched = matching(call, collection, esQuery).map(({ _id }) => ({ _id, body: changes }))
    const waits = waitsFor(refresh)
    const { errors, items } = execute(kinds.update, call, collection, matched)
    refreshIf(collection, waits)
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
    const remaining = fields.reduce<JsonObject>((object, field) => without(object, String(field)), _source)
    const info = isObject(_source._kuzzle_info) ? _source._kuzzle_info : {}
    const document = collection.write(
      id,
      { ...remaining, _kuzzle_info: { ...info, updatedAt: now, updater: user._id } },
      now
    )
    refreshIf(collection, waits)
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
    const matched = state.storage.search(searchedCollections(call), Request.withQuery(body, query), {
      from,
      size,
      scroll
    }, now)
    const { aggregations, hits, remaining, scrollId, total } = matched
    return { aggregations, hits, remaining, scrollId, total }
  },
  scroll: ({ now, request, state }) => {
    const ttl = Request.getNextScroll(request)
    return state.storage.scroll(Request.getString(request, "scrollId"), ttl, now)
  }
}
