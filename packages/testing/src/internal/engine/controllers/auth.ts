import { error } from "../errors.ts"
import { isObject } from "../json.ts"
import * as Request from "../request.ts"
import type { Token } from "../sessions.ts"
import type { Call, Controller } from "../state.ts"
import { anonymousId } from "../users.ts"

const assertAuthenticated = ({ request, user }: Call): void => {
  if (user._id === anonymousId) {
    throw error("security.rights.unauthorized", request.controller, request.action)
  }
}

const strategies = ["local"]

const usesCookie = ({ request, state }: Call): boolean =>
  state.settings.cookieAuthentication && Request.getBoolean(request, "cookieAuth")

/** The token in the answer, or in a cookie: never in both (spec 2.6). */
const sendToken = (call: Call, token: Token) => {
  const { expiresAt, jwt, ttl, userId } = token
  if (!usesCookie(call)) return { _id: userId, expiresAt, jwt, ttl }
  const expires = new Date(expiresAt).toUTCString()
  call.setCookie(`authToken=${jwt}; Path=/; Expires=${expires}; HttpOnly; SameSite=Strict`)
  return { _id: userId, expiresAt, ttl }
}

/** The credentials of a login: passport looks into the body, then into the arguments. */
const credentialOf = ({ request }: Call, name: string): string | undefined => {
  const value = (isObject(request.body) ? request.body[name] : undefined) || request.args[name]
  return typeof value === "string" && value !== "" ? value : undefined
}

export const auth: Controller = {
  login: (call) => {
    const { connectionId, now, request, state } = call
    const strategy = Request.getString(request, "strategy")
    if (!strategies.includes(strategy)) throw error("security.credentials.unknown_strategy", strategy)
    const [username, password] = [credentialOf(call, "username"), credentialOf(call, "password")]
    if (username === undefined || password === undefined) {
      throw error("plugin.strategy.missing_user", "Missing credentials")
    }
    const credentials = state.users.credentialsNamed(username)
    if (credentials === undefined || credentials.password !== password) {
      throw error("plugin.strategy.missing_user", "wrong username or password")
    }
    const existing = state.sessions.linked(credentials.kuid, connectionId)
    // A connection that has an infinite token of this user gets that one again, whatever it asks for.
    if (existing !== undefined && existing.ttl < 0) return sendToken(call, existing)
    const expiresIn = request.args.expiresIn ? request.args.expiresIn : undefined
    const token = state.sessions.create(credentials.kuid, expiresIn, now)
    if (existing !== undefined) state.sessions.replace(existing, token)
    if (request.protocol === "websocket") state.sessions.link(token, connectionId)
    return sendToken(call, token)
  },
  logout: (call) => {
    const { connectionId, request, state, token, user } = call
    if (!usesCookie(call)) assertAuthenticated(call)
    // Unlinked first: the connection that logs out keeps its subscriptions, the others of this token lose theirs.
    if (token !== undefined) state.sessions.unlink(connectionId)
    if (token !== undefined) {
      state.dropSubscriptions(
        Request.getBoolean(request, "global") ? state.sessions.revokeUser(user._id) : state.sessions.revoke(token)
      )
    }
    // Read again, as in the real server: over HTTP a logout without `cookieAuth` blanks the cookie too (transcript 05).
    if (usesCookie(call)) call.setCookie("authToken=null; Path=/; HttpOnly; SameSite=Strict")
    return { acknowledged: true }
  },
  checkToken: (call) => {
    const token = usesCookie(call) ? call.jwt : Request.getBodyString(call.request, "token", "") || null
    if (token === null) return { expiresAt: null, kuid: anonymousId, valid: true }
    const session = call.state.sessions.lookup(token, call.now)
    return session === undefined
      ? { state: "Invalid token.", valid: false }
      : { expiresAt: session.expiresAt, kuid: session.userId, valid: true }
  },
  refreshToken: (call) => {
    assertAuthenticated(call)
    // `assertAuthenticated` leaves only requests with a token.
    return sendToken(call, call.state.sessions.refresh(call.token!, call.request.args.expiresIn, call.now))
  },
  getCurrentUser: ({ state, user }) => ({
    _id: user._id,
    _source: user.source,
    // The anonymous user has one list inside the other (transcript 03).
    strategies: user._id === anonymousId ? [[]] : state.users.hasCredentials(user._id) ? strategies : []
  }),
  getMyRights: ({ state, user }) => {
    const hits = state.users.rightsOf(user).flatMap((rights) =>
      rights === "*"
        ? [right("*", "*")]
        : Object.entries(rights).flatMap(([controller, actions]) => actions.map((action) => right(controller, action)))
    )
    return { hits, total: hits.length }
  },
  getStrategies: () => strategies,
  credentialsExist: (call) => {
    assertAuthenticated(call)
    const strategy = Request.getString(call.request, "strategy")
    if (!strategies.includes(strategy)) throw error("security.credentials.unknown_strategy", strategy)
    return call.state.users.hasCredentials(call.user._id)
  }
}

const right = (controller: string, action: string) => ({
  action,
  collection: "*",
  controller,
  index: "*",
  value: "allowed"
})
