import { EngineError, error } from "../errors.ts"
import { isObject, type JsonObject } from "../json.ts"
import * as Request from "../request.ts"
import type { Call, Controller } from "../state.ts"
import type { User } from "../users.ts"

const show = (user: User) => ({ _id: user._id, _source: user.source })

/** A fault of the `local` plugin: it throws errors without code and id. */
const pluginError = (status: number, message: string): EngineError =>
  new EngineError(undefined, status, message, { message, status })

const persist = (call: Call, profileIds: ReadonlyArray<string>, content: JsonObject) => {
  const { now, request, state } = call
  const credentials = Request.getBodyObject(request, "credentials", {})
  const id = Request.getOptionalId(request) ?? `kuid-${state.identifiers.uuid()}`
  for (const strategy of Object.keys(credentials)) {
    if (strategy !== "local") throw error("security.credentials.unknown_strategy", strategy)
    if (state.users.hasCredentials(id)) throw error("security.credentials.database_inconsistency", id)
  }
  const local = credentials.local
  const user = state.users.create(id, profileIds, content, now)
  if (local === undefined) return show(user)
  try {
    if (!isObject(local) || typeof local.username !== "string" || local.username === "") {
      throw pluginError(400, "Username required.")
    }
    if (state.users.credentialsNamed(local.username) !== undefined) {
      throw pluginError(412, `Login "${local.username}" is already used.`)
    }
    if (typeof local.password !== "string" || local.password === "") throw pluginError(400, "Password required.")
    state.users.setCredentials({ kuid: id, username: local.username, password: local.password })
  } catch (cause) {
    state.users.delete(id)
    throw cause
  }
  return show(user)
}

export const security: Controller = {
  createUser: (call) => {
    const content = Request.getBodyObject(call.request, "content")
    const profileIds = Request.getBodyArray(call.request, "content.profileIds")
    return persist(call, profileIds.map(String), content)
  },
  createFirstAdmin: (call) => {
    if (call.state.users.adminExists) throw error("api.process.admin_exists")
    const content = Request.getBodyObject(call.request, "content", {})
    const reset = Request.getBoolean(call.request, "reset")
    if (Object.hasOwn(content, "profileIds")) {
      throw error("api.assert.forbidden_argument", "body.content.profileIds")
    }
    const admin = persist(call, ["admin"], content)
    if (reset) call.state.users.restrict()
    return admin
  },
  getUser: ({ request, state }) => {
    const id = Request.getId(request)
    const user = state.users.get(id)
    if (user === undefined) throw error("security.user.not_found", id)
    return show(user)
  },
  deleteUser: ({ request, state }) => {
    const id = Request.getId(request)
    state.users.delete(id)
    state.dropSubscriptions(state.sessions.revokeUser(id))
    return { _id: id }
  }
}
