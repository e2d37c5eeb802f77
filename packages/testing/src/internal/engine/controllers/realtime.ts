import * as Request from "../request.ts"
import type { Controller } from "../state.ts"

export const realtime: Controller = {
  subscribe: ({ connectionId, request, state }) => {
    Request.getBody(request)
    return state.realtime.subscribe(request, connectionId)
  },
  unsubscribe: ({ connectionId, now, request, state }) => {
    const roomId = Request.getBodyString(request, "roomId")
    state.realtime.unsubscribe(connectionId, roomId, now)
    return { roomId }
  },
  count: ({ request, state }) => ({ count: state.realtime.count(Request.getBodyString(request, "roomId")) }),
  list: ({ state }) => state.realtime.list(),
  publish: ({ now, request, state, user }) => {
    const body = Request.getBody(request)
    Request.getIndexAndCollection(request)
    const { _id } = request.args
    const source = { ...body, _kuzzle_info: { author: user._id, createdAt: now } }
    state.realtime.notify(request, {
      action: "publish",
      shown: { _id, _source: source },
      document: { ...source, _id },
      key: undefined
    })
    return { published: true }
  }
}
