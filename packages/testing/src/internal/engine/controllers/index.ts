import * as Request from "../request.ts"
import type { Controller } from "../state.ts"

export const index: Controller = {
  // No `result` in the answer: the real server answers none (observed).
  create: ({ request, state }) => state.storage.createIndex(Request.getIndex(request)),
  exists: ({ request, state }) => state.storage.hasIndex(Request.getIndex(request)),
  list: ({ state }) => ({ indexes: state.storage.listIndexes() }),
  delete: ({ request, state }) => {
    state.storage.deleteIndex(Request.getIndex(request))
    return { acknowledged: true }
  }
}
