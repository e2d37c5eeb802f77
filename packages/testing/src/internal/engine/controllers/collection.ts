import { EngineError, error } from "../errors.ts"
import { isObject, merge } from "../json.ts"
import * as Mapping from "../mapping.ts"
import * as Request from "../request.ts"
import * as Specifications from "../specifications.ts"
import type { Call, Controller } from "../state.ts"
import { collectionOf } from "../target.ts"

/** The id under which the specifications of a collection are stored. */
const keyOf = ({ request }: Call) => {
  const { collection, index } = Request.getIndexAndCollection(request)
  return { collection, index, key: `${index}#${collection}` }
}

/** The specifications of a request, and their faults. */
const readSpecifications = (call: Call) => {
  const { collection, index } = keyOf(call)
  const specifications = Request.getBody(call.request)
  const { list } = call.request
  // A list has the property `length`, which specifications must not have.
  const content = list === undefined ? specifications : { ...specifications, length: list.length }
  const read = Specifications.read(index, collection, content)
  return { specifications, faults: "fields" in read ? [] : read }
}

export const collection: Controller = {
  create: ({ now, request, state }) => {
    const body = Request.getBody(request, {})
    const { collection, index } = Request.getIndexAndCollection(request)
    const isMapping = body.properties || body.dynamic || body._meta
    const { mappings = {}, settings = {} } = isMapping ? { mappings: body } : body
    state.storage.createCollection(index, collection, { mappings, settings }, now)
    return { acknowledged: true }
  },
  exists: ({ request, state }) => {
    const { collection, index } = Request.getIndexAndCollection(request)
    return state.storage.hasCollection(index, collection)
  },
  list: ({ request, state }) => {
    const index = Request.getIndex(request)
    const from = Request.getInteger(request, "from", 0)
    const size = Request.getInteger(request, "size", 0)
    const type = Request.getString(request, "type", "all")
    if (type !== "all" && type !== "stored" && type !== "realtime") {
      throw error("api.assert.invalid_argument", "\"all\", \"stored\", \"realtime\"")
    }
    const realtime = type === "stored" ? [] : state.realtime.collections(index)
    const stored = type === "realtime" ? [] : state.storage.listCollections(index)
    const all = [
      ...realtime.map((name) => ({ name, type: "realtime" })),
      ...stored.map((name) => ({ name, type: "stored" }))
    ].sort((a, b) => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1))
    if (from === 0 && size === 0) return { collections: all, type }
    return size === 0
      ? { collections: all.slice(from), type, from }
      : { collections: all.slice(from, from + size), type, from, size }
  },
  delete: ({ request, state }) => {
    const { collection, index } = Request.getIndexAndCollection(request)
    state.storage.deleteCollection(index, collection)
    return null
  },
  refresh: (call) => {
    collectionOf(call).refresh()
    return null
  },
  truncate: (call) => {
    collectionOf(call).truncate()
    return { acknowledged: true }
  },
  getMapping: (call) => {
    Request.getIndexAndCollection(call.request)
    const withMetadata = Request.getBoolean(call.request, "includeKuzzleMeta")
    return Mapping.show(collectionOf(call).mapping, withMetadata)
  },
  getSettings: (call) => collectionOf(call).getSettings(),
  update: (call) => {
    const body = Request.getBody(call.request, {})
    collectionOf(call).change(body, body.reindexCollection === true, call.now)
    return null
  },
  updateMapping: (call) => {
    Request.getIndexAndCollection(call.request)
    const mappings = Request.getBody(call.request)
    const collection = collectionOf(call)
    const { properties } = Mapping.show(collection.mapping, true)
    collection.map(mappings)
    // The answer contains new fields as they are in the request.
    const added = isObject(mappings.properties) ? mappings.properties : {}
    return {
      ...Mapping.show(collection.mapping, true),
      properties: merge(isObject(properties) ? properties : {}, added)
    }
  },
  getSpecifications: (call) => {
    const { collection, index, key } = keyOf(call)
    const stored = call.state.storage.validations.get(key)
    if (stored === undefined) throw error("validation.assert.not_found", index, collection)
    return stored._source
  },
  updateSpecifications: (call) => {
    const { collection, index, key } = keyOf(call)
    const { faults, specifications } = readSpecifications(call)
    if (faults.length > 0) {
      throw error("validation.assert.invalid_specifications", faults.map(Specifications.textOf).join("\n\t- "))
    }
    const { validations } = call.state.storage
    const _kuzzle_info = { author: null, createdAt: call.now, updatedAt: call.now, updater: null }
    validations.write(key, { collection, index, validation: specifications, _kuzzle_info }, call.now)
    validations.refresh()
    return specifications
  },
  deleteSpecifications: (call) => {
    const { validations } = call.state.storage
    validations.delete(keyOf(call).key, call.now)
    validations.refresh()
    return { acknowledged: true }
  },
  validateSpecifications: (call) => {
    const { faults } = readSpecifications(call)
    return faults.length === 0 ? { valid: true } : {
      description: "Some errors with provided specifications.",
      details: faults.map((fault) => fault instanceof EngineError ? fault.body : fault),
      valid: false
    }
  },
  searchSpecifications: ({ now, request, state }) => {
    const from = Request.getInteger(request, "from", 0)
    const size = Request.getInteger(request, "size", 10)
    const scroll = Request.getScroll(request)
    Request.getBodyObject(request, "query", {})
    const body = Request.getSearchBody(request)
    if (request.list !== undefined) throw error("api.assert.invalid_type", "body.query", "object")
    if (size - from > state.settings.maxDocumentsFetched) throw error("services.storage.get_limit_exceeded")
    const results = state.storage.search([state.storage.validations], body, { from, size, scroll }, now)
    return { hits: results.hits, scrollId: results.scrollId, total: results.total }
  },
  scrollSpecifications: ({ now, request, state }) => {
    // Checked but not used: a page always keeps the search open for 15 seconds (observed).
    Request.getString(request, "scroll", "15s")
    const { hits, scrollId, total } = state.storage.scroll(Request.getString(request, "scrollId"), undefined, now)
    return { hits, scrollId, total }
  }
}
