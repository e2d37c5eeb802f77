import { error } from "../errors.ts"
import { isObject } from "../json.ts"
import * as Request from "../request.ts"
import type { Controller } from "../state.ts"

const acknowledged = { acknowledge: true }

export const admin: Controller = {
  // Nothing is ever made behind the engine's back.
  refreshIndexCache: () => undefined,
  resetCache: ({ request, state }) => {
    const database = Request.getString(request, "database")
    if (database === "internalCache") throw error("testing.engine.not_implemented", "admin:resetCache of the sessions")
    if (database !== "memoryStorage") throw error("services.cache.database_not_found", database)
    state.memoryStorage.clear()
    return acknowledged
  },
  resetDatabase: ({ state }) => {
    for (const index of state.storage.listIndexes()) state.storage.deleteIndex(index)
    return acknowledged
  },
  loadMappings: ({ now, request, state }) => {
    const mappings = Request.getBody(request)
    for (const [index, collections] of Object.entries(mappings)) {
      if (!isObject(collections)) throw error("api.assert.invalid_argument", collections, "object")
      for (const [collection, mapping] of Object.entries(collections)) {
        if (!isObject(mapping)) throw error("api.assert.invalid_argument", mapping, "object")
        state.storage.createCollection(index, collection, { mappings: mapping, settings: {} }, now)
      }
    }
    return acknowledged
  }
}
