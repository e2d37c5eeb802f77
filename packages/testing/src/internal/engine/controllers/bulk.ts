import { badRequest, EngineError, error, incomplete, nativeError } from "../errors.ts"
import { isObject, type JsonObject, merge } from "../json.ts"
import type { Change } from "../realtime.ts"
import * as Request from "../request.ts"
import type { Call, Controller } from "../state.ts"
import { checkIds, checkScripts, type Collection, RefusedError } from "../storage.ts"
import { collectionOf, refreshIf } from "../target.ts"
import { execute, kinds, type Outcome, withoutMetadata } from "../writes.ts"

// -------------------------------------------------------------------------------------------------------------------
// import
// -------------------------------------------------------------------------------------------------------------------

type Operation = "index" | "create" | "update" | "delete"

/** Whether an operation without an id gets a new id. */
const isCreation = (operation: Operation): boolean => operation === "index" || operation === "create"

const isOperation = (name: string | undefined): name is Operation =>
  name === "index" || name === "create" || name === "update" || name === "delete"

interface Line {
  readonly operation: Operation
  readonly id: string | undefined
  /** The payload of the operation; empty for a `delete`. */
  readonly payload: JsonObject
}

export const newlineMissing = (): EngineError => badRequest("The bulk request must be terminated by a newline [\\n]")

/** The lines of Elasticsearch's bulk API, in pairs. */
const linesOf = (bulkData: ReadonlyArray<unknown>): ReadonlyArray<Line> => {
  if (bulkData.length === 0) throw badRequest("request body is required")
  const lines: Array<Line> = []
  for (let i = 0; i < bulkData.length; i++) {
    const head = bulkData[i]
    const [operation] = isObject(head) ? Object.keys(head) : []
    const meta = isObject(head) && operation !== undefined ? head[operation] : undefined
    if (operation === undefined || !isObject(meta)) {
      throw badRequest(
        `Malformed action/metadata line [${i + 1}], expected one of [create, delete, index, update] but found ` +
          `[${operation ?? JSON.stringify(head)}]`
      )
    }
    if (!isOperation(operation)) {
      // Elasticsearch skips an unknown operation with its payload.
      i++
      continue
    }
    const payload = operation === "delete" ? {} : bulkData[++i]
    if (!isObject(payload)) throw newlineMissing()
    const { _id } = meta
    lines.push({ operation, id: _id === undefined || _id === null ? undefined : String(_id), payload })
  }
  if (lines.length === 0) throw badRequest("Validation Failed: 1: no requests added;")
  return lines
}

const refusal = (status: number, type: string, reason: string): RefusedError =>
  new RefusedError(type, reason, new EngineError(undefined, status, reason, {}))

/** Executes a line. Returns the id, and the status that Elasticsearch answers. */
const run = (
  { id, operation, payload }: Line & { readonly id: string },
  collection: Collection,
  author: string | null,
  now: number
): readonly [string, number] => {
  const before = collection.get(id)
  const status = before === undefined ? 201 : 200
  const updated = { updatedAt: now, updater: author }
  switch (operation) {
    case "index":
    case "create": {
      const created = { author, createdAt: now, updatedAt: null, updater: null }
      const source = { ...payload, _kuzzle_info: created }
      // Elasticsearch reads a document before it reads its id.
      if (operation === "create") collection.indexContent(id, source)
      if (operation === "create" && before !== undefined) {
        throw refusal(
          409,
          "version_conflict_engine_exception",
          `[${id}]: version conflict, document already exists (current version [${before._version}])`
        )
      }
      collection.write(id, source, now)
      return [id, status]
    }
    case "update": {
      if (payload.script !== undefined) throw error("testing.engine.not_implemented", "scripts in a bulk import")
      const { doc, doc_as_upsert, upsert = doc_as_upsert === true ? doc : undefined } = payload
      if (before !== undefined) {
        collection.update(before, { ...(isObject(doc) ? doc : {}), _kuzzle_info: updated }, now)
      } else if (isObject(upsert)) {
        collection.write(id, { ...upsert, _kuzzle_info: updated }, now)
      } else {
        throw refusal(404, "document_missing_exception", `[_doc][${id}]: document missing`)
      }
      return [id, status]
    }
    case "delete": {
      // In Elasticsearch, a deletion creates a version even if the document does not exist.
      collection.delete(id, now)
      return [id, before === undefined ? 404 : 200]
    }
  }
}

/** Imports lines into a collection. `author` is part of the documents' metadata. */
export const importInto = (
  { now, state }: Pick<Call, "now" | "state">,
  collection: Collection,
  bulkData: ReadonlyArray<unknown>,
  author: string | null
): { readonly errors: ReadonlyArray<JsonObject>; readonly successes: ReadonlyArray<JsonObject> } => {
  checkScripts(bulkData)
  const successes: Array<JsonObject> = []
  const errors: Array<JsonObject> = []
  const lines = Array.from(linesOf(bulkData))
  checkIds(lines.flatMap(({ id, operation }) => id === undefined && isCreation(operation) ? [] : [id]))
  for (const line of lines) {
    const { id = state.identifiers.document(), operation, payload } = line
    try {
      const [_id, status] = run({ ...line, id }, collection, author, now)
      const result = { [operation]: { _id, status } }
      if (status >= 400) errors.push(result)
      else successes.push(result)
    } catch (cause) {
      if (!(cause instanceof RefusedError)) throw cause
      const { reason, status, type } = cause
      const source = operation === "update" ? payload.doc : payload
      const _source = isObject(source) ? withoutMetadata(source) : source
      errors.push({ [operation]: { _id: id, status, _source, error: { reason, type } } })
    }
  }
  return { errors, successes }
}

const importLines = (call: Call) => {
  const { request, user } = call
  Request.getIndexAndCollection(request)
  const strict = Request.getBoolean(request, "strict")
  const refresh = Request.getRefresh(request)
  const bulkData = Request.getBodyArray(request, "bulkData")
  const collection = collectionOf(call)
  const { errors, successes } = importInto(call, collection, bulkData, user._id)
  refreshIf(collection, refresh)
  if (strict && errors.length > 0) throw incomplete("import", errors)
  return { errors, successes }
}

// -------------------------------------------------------------------------------------------------------------------
// the other actions
// -------------------------------------------------------------------------------------------------------------------

/** All documents that a query matches: there is no limit to their number. */
const matching = (call: Call) => {
  Request.getIndexAndCollection(call.request)
  const query = Request.getBodyObject(call.request, "query")
  return (collection: Collection) => call.state.storage.matching(collection, { query }, call.now)
}

/**
 * Whether a document has all objects that contain the changed fields. Kuzzle turns the changes into a script with one
 * assignment for each path. If the script fails, the request fails.
 */
const hasParents = (source: JsonObject, changes: JsonObject): boolean =>
  Object.entries(changes).every(([key, change]) => {
    if (!isObject(change)) return true
    const inner = source[key]
    return isObject(inner) && hasParents(inner, change)
  })

export const bulk: Controller = {
  import: importLines,
  write: (call) => {
    const { now, request, state } = call
    Request.getIndexAndCollection(request)
    const id = Request.getOptionalId(request) ?? state.identifiers.document()
    const content = Request.getBody(request)
    const refresh = Request.getRefresh(request)
    const notify = Request.getBoolean(request, "notify")
    const collection = collectionOf(call)
    if (request.list !== undefined) throw badRequest("failed to parse")
    const created = collection.get(id) === undefined
    const { _id, _source, _version } = collection.write(id, content, now)
    refreshIf(collection, refresh)
    if (notify) state.realtime.notify(request, changeOf({ _id, _source, _version, created }))
    return { _id, _source, _version }
  },
  mWrite: (call) => {
    const { request, state } = call
    Request.getIndexAndCollection(request)
    const documents = Request.getBodyArray(request, "documents")
    if (documents.includes(null)) throw nativeError("Cannot read properties of null (reading 'body')")
    const strict = Request.getBoolean(request, "strict")
    const refresh = Request.getRefresh(request)
    const notify = Request.getBoolean(request, "notify")
    const collection = collectionOf(call)
    const { errors, items } = execute(kinds.raw, call, collection, documents)
    refreshIf(collection, refresh)
    if (strict && errors.length > 0) throw incomplete("write", errors)
    if (notify) state.realtime.notify(request, ...items.map(changeOf))
    return { errors, successes: items.map(({ _id, _source, _version }) => ({ _id, _source, _version })) }
  },
  deleteByQuery: (call) => {
    const matchingIn = matching(call)
    const refresh = Request.getRefresh(call.request)
    const collection = collectionOf(call)
    const matched = matchingIn(collection)
    const fresh = matched.filter((document) => collection.get(document._id) === document)
    for (const { _id } of fresh) collection.delete(_id, call.now)
    refreshIf(collection, refresh)
    if (fresh.length < matched.length) throw error("services.storage.unexpected_error", "Response Error")
    return { deleted: matched.length }
  },
  updateByQuery: (call) => {
    const matchingIn = matching(call)
    const changes = Request.getBodyObject(call.request, "changes")
    const refresh = Request.getRefresh(call.request)
    const collection = collectionOf(call)
    const before = matchingIn(collection)
    if (refresh) throw badRequest("Failed to parse value [wait_for] as only [true] or [false] are allowed.")
    if (before.some(({ _source }) => !hasParents(_source, changes))) throw badRequest("runtime error")
    const outcomes = before.map((document) => {
      const source = merge(document._source, changes)
      try {
        collection.indexContent(document._id, source)
      } catch (cause) {
        if (!(cause instanceof RefusedError)) throw cause
        return "refused"
      }
      if (collection.get(document._id) !== document) return "conflict"
      collection.write(document._id, source, call.now)
      return "written"
    })
    // Kuzzle's client for Elasticsearch gives no details of either.
    if (outcomes.includes("conflict")) throw error("services.storage.unexpected_error", "Response Error")
    if (outcomes.includes("refused")) throw badRequest("Response Error")
    return { updated: before.length }
  }
}

const changeOf = (item: Outcome["items"][number]): Change => ({
  action: item.created === true ? "create" : "replace",
  result: item,
  document: { ...item._source, _id: item._id },
  key: item._id
})
