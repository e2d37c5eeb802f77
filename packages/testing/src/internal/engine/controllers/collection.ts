import { error } from "../errors.ts"
import { isObject } from "../json.ts"
import * as Mapping from "../mapping.ts"
import * as Request from "../request.ts"
import type { Call, Controller } from "../state.ts"

const collectionOf = ({ request, state }: Call) => {
  const { collection, index } = Request.getIndexAndCollection(request)
  return state.storage.collection(index, collection)
}

export const collection: Controller = {
  create: ({ request, state }) => {
    const body = Request.getBody(request, {})
    const { collection, index } = Request.getIndexAndCollection(request)
    const bare = body.properties !== undefined || body.dynamic !== undefined || body._meta !== undefined
    const mapping = bare ? body : body.mappings ?? {}
    if (!isObject(mapping)) throw error("api.assert.invalid_type", "body.mappings", "object")
    state.storage.createCollection(index, collection, mapping)
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
    const collection = collectionOf(call)
    return Mapping.show(collection.mapping, Request.getBoolean(call.request, "includeKuzzleMeta"))
  },
  update: (call) => {
    const body = Request.getBody(call.request, {})
    const collection = collectionOf(call)
    if (isObject(body.mappings)) collection.mapping = Mapping.update(collection.mapping, body.mappings)
    return null
  }
}
