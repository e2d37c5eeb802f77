import { EngineError, error, incomplete, nativeError } from "../errors.ts"
import { isObject, type JsonObject } from "../json.ts"
import * as Query from "../query.ts"
import type { Change } from "../realtime.ts"
import * as Request from "../request.ts"
import type { KuzzleRequest } from "../request.ts"
import type { Call, Controller } from "../state.ts"
import { type Collection, reasonOf, type StoredDocument } from "../storage.ts"

const collectionOf = ({ request, state }: Call): Collection => {
  const { collection, index } = Request.getIndexAndCollection(request)
  return state.storage.collection(index, collection)
}

const show = ({ _id, _source, _version }: StoredDocument) => ({ _id, _source, _version })

interface Item extends JsonObject {
  readonly _id: string
  readonly _source: JsonObject
}

const notify = (
  call: Call,
  action: Change["action"],
  shown: JsonObject,
  { _id, _source }: Item | StoredDocument
): void => call.state.realtime.notify(call.request, { action, shown, document: { ..._source, _id }, key: _id })

/** The dotted paths of every value of an object. */
const fieldsOf = (object: JsonObject, above = ""): ReadonlyArray<string> =>
  Object.entries(object).flatMap(([key, value]) =>
    above === "" && key === "_kuzzle_info" ? [] : isObject(value) ? fieldsOf(value, `${above}${key}.`) : [above + key]
  )

const settle = (collection: Collection, refresh: boolean): void => {
  // The real server waits for its next refresh, up to a second; we refresh now and answer at once.
  if (refresh) collection.refresh()
}

// -------------------------------------------------------------------------------------------------------------------
// requests on many
// -------------------------------------------------------------------------------------------------------------------

interface Outcome {
  readonly errors: ReadonlyArray<JsonObject>
  readonly items: ReadonlyArray<Item>
}

/**
 * The documents of a request on many. The real server takes them out of the request for its pipes, and puts back ids and
 * bodies only, before it checks anything: what is no list fails as JavaScript does.
 */
const documentsOf = ({ request, state }: Call): ReadonlyArray<JsonObject> => {
  if (request.body === null) throw nativeError("Cannot read properties of null (reading 'documents')")
  const { documents } = request.body
  if (documents === undefined || documents === null) {
    throw nativeError(`Cannot read properties of ${documents} (reading 'length')`)
  }
  const list: ReadonlyArray<unknown> = Array.isArray(documents) || typeof documents === "string" ? [...documents] : []
  const extracted = list.map((document) => {
    if (document === undefined || document === null) {
      throw nativeError(`Cannot read properties of ${document} (reading '_id')`)
    }
    return isObject(document) ? { _id: document._id, body: document.body } : {}
  })
  if (extracted.length > state.settings.maxDocumentsWritten) throw error("services.storage.write_limit_exceeded")
  return extracted
}

const withoutMetadata = ({ _kuzzle_info: _, ...source }: JsonObject): JsonObject => source

const rejection = (document: JsonObject, reason: string, status: number): JsonObject => ({ document, reason, status })

/** Writes one item of many; a fault concerns it alone. */
const attempt = (document: JsonObject, write: () => Item) => {
  try {
    return { ok: write() }
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause
    return { failed: rejection(document, reasonOf(cause), 400) }
  }
}

/** The `ids` of the body when it has some; the real server calls `map` on whatever they are. */
const idsInBody = ({ body }: KuzzleRequest): ReadonlyArray<unknown> | undefined => {
  const ids = body?.ids
  if (!ids || Object.keys(ids).length === 0) return undefined
  if (!Array.isArray(ids)) throw nativeError("ids.map is not a function")
  return ids
}

/** The ids of a read: in the body or in the arguments, there as a list with commas too. */
const idsOf = ({ request, state }: Call): ReadonlyArray<unknown> => {
  const { ids } = request.args
  const given = idsInBody(request) ??
    (typeof ids === "string" && !ids.startsWith("[")
      ? ids.split(",")
      : ids === undefined && (request.body === null || Object.keys(request.body).length === 0)
      ? []
      : Request.getArray(request, "ids"))
  if (given.length > state.settings.maxDocumentsFetched) throw error("services.storage.get_limit_exceeded")
  return given
}

const finish = (call: Call, action: string, { errors, items }: Outcome) => {
  if (Request.getBoolean(call.request, "strict") && errors.length > 0) throw incomplete(action, errors)
  return { errors, successes: items }
}

// -------------------------------------------------------------------------------------------------------------------
// searches
// -------------------------------------------------------------------------------------------------------------------

const isMultiple = (name: string): boolean => /[,*+]/.test(name) || name === "_all"

/** The body of a search, its query in Elasticsearch's language. */
const searchBodyOf = ({ request }: Call): JsonObject => {
  const body = Request.getSearchBody(request)
  return Request.getLang(request) === "koncorde" && isObject(body.query)
    ? { ...body, query: Query.fromKoncorde(body.query) }
    : body
}

const targetsOf = (call: Call): ReadonlyArray<Collection> =>
  Request.getArray(call.request, "targets", []).flatMap((target, i) => {
    const { collections, index } = isObject(target) ? target : { index: undefined, collections: undefined }
    if (!index) throw error("api.assert.missing_argument", `targets[${i}].index`)
    if (typeof index !== "string" || isMultiple(index)) {
      throw error("services.storage.invalid_target_format", `targets[${i}].index`, index)
    }
    if (!collections) throw error("api.assert.missing_argument", `targets[${i}].collections`)
    if (!Array.isArray(collections)) throw error("api.assert.invalid_type", `targets[${i}].collections`, "array")
    if (collections.length === 0) throw error("api.assert.empty_argument", `targets[${i}].collections`)
    return collections.map((name: unknown, j) => {
      const path = `targets[${i}].collections[${j}]`
      if (typeof name !== "string") throw error("api.assert.invalid_type", path, "string")
      if (isMultiple(name)) throw error("services.storage.invalid_target_format", path, name)
      return call.state.storage.collection(index, name)
    })
  })

// -------------------------------------------------------------------------------------------------------------------
// actions
// -------------------------------------------------------------------------------------------------------------------

export const document: Controller = {
  get: (call) => {
    const id = Request.getId(call.request)
    const collection = collectionOf(call)
    if (id === "_search") throw error("services.storage.search_as_an_id")
    return show(collection.getOrFail(id))
  },
  exists: (call) => {
    const id = Request.getId(call.request)
    return collectionOf(call).get(id) !== undefined
  },
  mGet: (call) => {
    const ids = idsOf(call)
    const collection = collectionOf(call)
    if (ids.length === 0) return { errors: [] }
    const found = ids.map((id) => collection.get(String(id)))
    const errors = ids.filter((_, i) => found[i] === undefined)
    if (Request.getBoolean(call.request, "strict") && errors.length > 0) throw incomplete("get", errors)
    return { errors, successes: found.flatMap((document) => (document === undefined ? [] : [show(document)])) }
  },
  mExists: (call) => {
    const ids = idsOf(call)
    const collection = collectionOf(call)
    if (ids.length === 0) return { errors: [] }
    const errors = ids.filter((id) => collection.get(String(id)) === undefined)
    if (Request.getBoolean(call.request, "strict") && errors.length > 0) throw incomplete("get", errors)
    return { errors, successes: ids.filter((id) => !errors.includes(id)) }
  },
  create: (call) => {
    const { now, request, state, user } = call
    const id = Request.getOptionalId(request)
    const refresh = Request.getRefresh(request)
    const silent = Request.getBoolean(request, "silent")
    Request.getIndexAndCollection(request)
    const body = Request.getBody(request)
    const collection = collectionOf(call)
    if (id !== undefined && collection.get(id) !== undefined) throw error("services.storage.document_already_exists")
    const source = {
      ...body,
      _kuzzle_info: { author: user._id, createdAt: now, updatedAt: null, updater: null }
    }
    const document = collection.write(id ?? state.identifiers.document(), source, now)
    settle(collection, refresh)
    if (!silent) notify(call, "create", show(document), document)
    return show(document)
  },
  createOrReplace: (call) => {
    const { now, request, user } = call
    const id = Request.getId(request)
    const body = Request.getBody(request)
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const collection = collectionOf(call)
    const created = collection.get(id) === undefined
    const source = {
      ...body,
      _kuzzle_info: { author: user._id, createdAt: now, updatedAt: now, updater: user._id }
    }
    const document = collection.write(id, source, now)
    settle(collection, refresh)
    const shown = { ...show(document), created }
    if (!silent) notify(call, created ? "create" : "replace", shown, document)
    return shown
  },
  replace: (call) => {
    const { now, request, user } = call
    const id = Request.getId(request)
    const body = Request.getBody(request)
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const collection = collectionOf(call)
    collection.getOrFail(id)
    const source = {
      ...body,
      _kuzzle_info: { author: user._id, createdAt: now, updatedAt: now, updater: user._id }
    }
    const document = collection.write(id, source, now)
    settle(collection, refresh)
    // The notification shows the content as it was sent: neither version nor metadata (observed).
    if (!silent) notify(call, "replace", { _id: id, _source: body }, { _id: id, _source: body })
    return show(document)
  },
  update: (call) => {
    const { now, request, user } = call
    const id = Request.getId(request)
    const body = Request.getBody(request)
    const silent = Request.getBoolean(request, "silent")
    const refresh = Request.getRefreshString(request)
    const source = Request.getBoolean(request, "source")
    const collection = collectionOf(call)
    const changes = { ...body, _kuzzle_info: { updatedAt: now, updater: user._id } }
    const document = collection.update(collection.getOrFail(id), changes, now)
    settle(collection, refresh)
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
    const before = collection.get(id)
    const created = before === undefined
    const metadata = { updatedAt: now, updater: user._id }
    const document = created
      // The changes' metadata replace the author and date of creation: a fault of the real server (transcript 12).
      ? collection.write(id, { ...defaults, _kuzzle_info: metadata, ...withoutMetadata(changes) }, now)
      : collection.update(before, { ...changes, _kuzzle_info: metadata }, now)
    settle(collection, refresh)
    if (!silent && !created) {
      notify(call, "update", { _id: id, _source: document._source, _updatedFields: fieldsOf(changes) }, document)
    } else if (!silent) {
      // The notification of a creation shows the bare content, and filters are tested against the body of the request:
      // a fault of the real server (spec 1.5, "trap").
      state.realtime.notify(request, {
        action: "create",
        shown: document._source,
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
    const document = collection.getOrFail(id)
    collection.delete(id, now)
    settle(collection, refresh)
    if (!silent) notify(call, "delete", show(document), document)
    return source ? show(document) : { _id: id }
  },
  mCreate: (call) => {
    const { now, request, state, user } = call
    const refresh = Request.getRefreshString(request)
    const documents = documentsOf(call)
    const silent = Request.getBoolean(request, "silent")
    const collection = collectionOf(call)
    const metadata = { author: user._id, createdAt: now, updatedAt: null, updater: null }
    const valid = documents.filter((document) => isObject(document.body))
    const errors = documents.filter((document) => !isObject(document.body)).map((document) =>
      rejection(document, "document body must be an object", 400)
    )
    const known = new Set(valid.flatMap(({ _id }) => typeof _id === "string" && collection.get(_id) ? [_id] : []))
    for (const { _id, body } of valid) {
      if (typeof _id !== "string" || !known.has(_id)) continue
      errors.push(
        rejection({ _id, body: withoutMetadata(isObject(body) ? body : {}) }, "document already exists", 400)
      )
    }
    const outcomes = valid.flatMap(({ _id, body }) => {
      if (typeof _id === "string" && known.has(_id)) return []
      const _source = { _kuzzle_info: metadata, ...withoutMetadata(isObject(body) ? body : {}) }
      const given = typeof _id === "string" && _id !== "" ? _id : undefined
      return [
        attempt(given === undefined ? { _source } : { _source, _id: given }, () => {
          const id = given ?? state.identifiers.document()
          const created = collection.get(id) === undefined
          const { _version } = collection.write(id, _source, now)
          return {
            _id: id,
            _source,
            _version,
            created,
            result: created ? "created" : "updated",
            status: created ? 201 : 200
          }
        })
      ]
    })
    settle(collection, refresh)
    errors.push(...outcomes.flatMap((outcome) => ("failed" in outcome ? [outcome.failed] : [])))
    const items = outcomes.flatMap((outcome) => ("ok" in outcome ? [outcome.ok] : []))
    const answer = finish(call, "mCreate", { errors, items })
    if (!silent) { for (const item of items) notify(call, "create", item, item) }
    return answer
  },
  mDelete: (call) => {
    const { now, request } = call
    const ids = idsInBody(request) ?? Request.getBodyArray(request, "ids")
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
    if (doomed.length > call.state.settings.maxDocumentsWritten) throw error("services.storage.write_limit_exceeded")
    for (const { _id } of doomed) collection.delete(_id, now)
    settle(collection, refresh)
    if (strict && errors.length > 0) throw incomplete("delete", errors)
    if (!silent) { for (const { _id, _source } of doomed) notify(call, "delete", { _id, _source }, { _id, _source }) }
    return { errors, successes: doomed.map(({ _id }) => _id) }
  },
  count: (call) => {
    const body = searchBodyOf(call)
    const collection = collectionOf(call)
    return { count: call.state.storage.matching(collection, body, call.now).length }
  },
  search: (call) => {
    const { now, request, state } = call
    const from = Request.getInteger(request, "from", 0)
    const size = Request.getInteger(request, "size", 10)
    const scroll = Request.getScroll(request)
    Request.getBodyObject(request, "query", {})
    const { index, collection } = request.args
    const body = searchBodyOf(call)
    const targeted = Request.getArray(request, "targets", []).length > 0
    if (!index && !collection && !targeted) {
      throw error("api.assert.missing_argument", "index, collection or targets")
    }
    if (index && collection && (isMultiple(String(index)) || isMultiple(String(collection)))) {
      throw error("services.storage.invalid_multi_index_collection_usage")
    }
    const targets = targeted ? targetsOf(call) : undefined
    if (size - from > state.settings.maxDocumentsFetched) throw error("services.storage.get_limit_exceeded")
    const collections = targets ?? [collectionOf(call)]
    const { hits, remaining, scrollId, total } = state.storage.search(collections, body, { from, size, scroll }, now)
    return { hits, remaining, scrollId, total }
  },
  scroll: ({ now, request, state }) => {
    const ttl = Request.getScroll(request)
    return state.storage.scroll(Request.getString(request, "scrollId"), ttl, now)
  }
}
