import * as Request from "../request.ts"
import type { Controller } from "../state.ts"

export const index: Controller = {
  // As in the real server, the answer has no `result` (observed).
  create: ({ request, state }) => state.storage.createIndex(Request.getIndex(request)),
  exists: ({ request, state }) => state.storage.hasIndex(Request.getIndex(request)),
  list: ({ request, state: { storage } }) => {
    const counts = Request.getBoolean(request, "countCollection")
    const indexes = storage.listIndexes()
    if (!counts) return { indexes }
    return {
      indexes,
      collections: Object.fromEntries(indexes.map((index) => [index, storage.listCollections(index).length]))
    }
  },
  delete: ({ request, state }) => {
    state.storage.deleteIndex(Request.getIndex(request))
    return { acknowledged: true }
  },
  // Without names nothing is deleted. The documentation says "all", but that is not what the server does (observed).
  mDelete: ({ request, state: { storage, users }, user }) => {
    const requested = Request.getBodyArray(request, "indexes", [])
    const deleted = storage.listIndexes().filter((index) =>
      requested.includes(index) &&
      users.isAllowed(user, { ...request, controller: "index", action: "delete", args: { index } })
    )
    for (const index of deleted) storage.deleteIndex(index)
    return { deleted }
  },
  stats: ({ now, state: { storage } }) => {
    const indexes = storage.listIndexes().flatMap((name) => {
      const collections = storage.listCollections(name).map((collection) => {
        const stored = storage.collection(name, collection)
        return { documentCount: stored.searchable(now).length, name: collection, size: stored.size }
      })
      return collections.length === 0 ? [] : [{ collections, name, size: sizeOf(collections) }]
    })
    return { indexes, size: sizeOf(indexes) }
  }
}

const sizeOf = (parts: ReadonlyArray<{ readonly size: number }>): number =>
  parts.reduce((sum, { size }) => sum + size, 0)
