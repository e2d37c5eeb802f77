import * as Request from "../request.ts"
import type { Controller } from "../state.ts"
import { validate, validated } from "../target.ts"

export const realtime: Controller = {
  subscribe: ({ connectionId, request, state }) => {
    Request.getIndexAndCollection(request)
    Request.getBody(request)
    return state.realtime.subscribe(request, connectionId)
  },
  join: ({ connectionId, request, state }) =>
    state.realtime.join(request, Request.getBodyString(request, "roomId"), connectionId),
  unsubscribe: ({ connectionId, now, request, state }) => {
    const roomId = Request.getBodyString(request, "roomId")
    state.realtime.unsubscribe(connectionId, roomId, now)
    return { roomId }
  },
  count: ({ request, state }) => ({ count: state.realtime.count(Request.getBodyString(request, "roomId")) }),
  list: ({ state }) => state.realtime.list(),
  validate,
  publish: (call) => {
    const { now, request, state, user } = call
    const body = Request.getBody(request)
    Request.getIndexAndCollection(request)
    const { _id } = request.args
    const source = { ...validated(call, body), _kuzzle_info: { author: user._id, createdAt: now } }
    state.realtime.notify(request, {
      action: "publish",
      // The real server adds its metadata to a list, too, but JSON leaves them out.
      result: { _id, _source: request.list ?? source },
      document: { ...source, _id },
      key: undefined
    })
    return { published: true }
  }
}
