import { type Strategy, strategyNames } from "../credentials.ts"
import { EngineError, error } from "../errors.ts"
import * as Request from "../request.ts"
import type { Token } from "../sessions.ts"
import type { Call, Controller } from "../state.ts"
import { anonymousId, show } from "../users.ts"
import { checkRights, createApiKey, refreshAfterWrite, rightsOf, searchApiKeys } from "./security.ts"

const assertAuthenticated = ({ request, user }: Call): void => {
  if (user._id === anonymousId) {
    throw error("security.rights.unauthorized", request.controller, request.action)
  }
}

/** The strategy of a request that is about the user's own credentials. */
const ownStrategy = (call: Call): Strategy => {
  assertAuthenticated(call)
  return call.state.strategies.get(Request.getString(call.request, "strategy"))
}

/** The strategy and the credentials of a request that changes the user's own credentials. */
const ownCredentials = (call: Call) => {
  assertAuthenticated(call)
  const name = Request.getString(call.request, "strategy")
  const body = Request.getBody(call.request)
  return { body, strategy: call.state.strategies.get(name) }
}

const usesCookie = ({ request, state }: Call): boolean =>
  state.settings.cookieAuthentication && Request.getBoolean(request, "cookieAuth")

/** Sends a token in the answer or in a cookie, never in both (spec 2.6). */
const sendToken = (call: Call, token: Token) => {
  const { expiresAt, jwt, ttl, userId } = token
  if (!usesCookie(call)) return { _id: userId, expiresAt, jwt, ttl }
  const expires = new Date(expiresAt).toUTCString()
  call.setCookie(`authToken=${jwt}; Path=/; Expires=${expires}; HttpOnly; SameSite=Strict`)
  return { _id: userId, expiresAt, ttl }
}

/**
 * An argument of a login. The library `passport` reads the body first, then the arguments, and ignores objects.
 */
const credentialOf = ({ request: { args, body } }: Call, name: string): unknown =>
  [body?.[name], args[name]].find((value) => value && typeof value !== "object")

export const auth: Controller = {
  login: (call) => {
    const { connectionId, now, request, state } = call
    const strategy = state.strategies.get(Request.getString(request, "strategy"))
    const kuid = strategy.login((name) => credentialOf(call, name))
    const existing = state.sessions.linked(kuid, connectionId)
    // A connection with an API key or an infinite token of this user keeps its token, whatever it requests.
    if (existing !== undefined && (existing.isApiKey || existing.ttl < 0)) return sendToken(call, existing)
    const expiresIn = request.args.expiresIn ? request.args.expiresIn : undefined
    const token = state.sessions.create(kuid, expiresIn, now)
    if (existing !== undefined) state.sessions.replace(existing, token)
    if (request.protocol === "websocket") state.sessions.link(token, connectionId)
    return sendToken(call, token)
  },
  logout: (call) => {
    const { connectionId, request, state, token, user } = call
    if (!usesCookie(call)) assertAuthenticated(call)
    // The connection is unlinked first, so it keeps its subscriptions. The token's other connections lose theirs.
    if (token !== undefined) state.sessions.unlink(connectionId)
    if (token !== undefined) {
      const isGlobal = Request.getBoolean(request, "global")
      if (isGlobal) state.dropSubscriptions(state.sessions.revokeUser(user._id))
      else if (!token.isApiKey) state.dropSubscriptions(state.sessions.revoke(token))
    }
    // As in the real server, the flag is read again. So any logout over HTTP clears the cookie (transcript 05).
    if (usesCookie(call)) call.setCookie("authToken=null; Path=/; HttpOnly; SameSite=Strict")
    return { acknowledged: true }
  },
  checkToken: (call) => {
    const token = usesCookie(call) ? call.jwt : Request.getBodyString(call.request, "token", "") || null
    if (token === null) return { expiresAt: null, kuid: anonymousId, valid: true }
    try {
      const session = call.state.sessions.verify(token, call.now)
      // The check uses up a single-use token.
      call.state.dropSubscriptions(call.state.sessions.endIfSingleUse(session))
      return { expiresAt: session.expiresAt, kuid: session.userId, valid: true }
    } catch (cause) {
      if (!(cause instanceof EngineError) || cause.status !== 401) throw cause
      return { state: cause.message, valid: false }
    }
  },
  createToken: ({ now, request, state, user }) => {
    const singleUse = Request.getBoolean(request, "singleUse")
    const { expiresIn } = request.args
    if (String(expiresIn) === "-1") {
      throw error("security.token.invalid_expiration", "expiresIn", "cannot be infinite")
    }
    const { expiresAt, jwt, ttl } = state.sessions.create(user._id, expiresIn, now, singleUse)
    return { expiresAt, singleUse, token: jwt, ttl }
  },
  refreshToken: (call) => {
    assertAuthenticated(call)
    // `assertAuthenticated` only accepts requests with a token.
    return sendToken(call, call.state.sessions.refresh(call.token!, call.request.args.expiresIn, call.now))
  },
  getCurrentUser: ({ now, state, user }) => ({
    ...show(user),
    // The anonymous user has one list inside the other (transcript 03).
    strategies: user._id === anonymousId ? [[]] : state.strategies.of(user._id, now)
  }),
  getMyRights: ({ state, user }) => rightsOf(state.users.policies(user)),
  checkRights: (call) => checkRights(call, () => call.user),
  updateSelf: (call) => {
    const { now, request, state, user } = call
    assertAuthenticated(call)
    for (const name of ["_id", "profileIds"]) {
      if (request.body?.[name]) throw error("api.assert.forbidden_argument", `body.${name}`)
    }
    const body = Request.getBody(request)
    Request.getInteger(request, "retryOnConflict", 10)
    const updated = state.users.update(user._id, undefined, body, user._id, now)
    refreshAfterWrite(call, state.users.collection)
    return show(updated)
  },
  getStrategies: () => strategyNames,
  credentialsExist: (call) => ownStrategy(call).has(call.user._id, call.now),
  getMyCredentials: (call) => ownStrategy(call).info(call.user._id, call.now),
  createMyCredentials: (call) => {
    const { body, strategy } = ownCredentials(call)
    strategy.validate(call.user._id, body, false, call.now)
    const created = strategy.create(call.user._id, body, call.now)
    refreshAfterWrite(call, strategy.collection)
    return created
  },
  updateMyCredentials: (call) => {
    const { body, strategy } = ownCredentials(call)
    strategy.validate(call.user._id, body, true, call.now)
    const updated = strategy.update(call.user._id, body, call.now)
    refreshAfterWrite(call, strategy.collection)
    return updated
  },
  validateMyCredentials: (call) => {
    const { body, strategy } = ownCredentials(call)
    return strategy.validate(call.user._id, body, false, call.now)
  },
  deleteMyCredentials: (call) => {
    const strategy = ownStrategy(call)
    strategy.delete(call.user._id, call.now)
    refreshAfterWrite(call, strategy.collection)
    return { acknowledged: true }
  },
  createApiKey: (call) => createApiKey(call, () => call.user),
  searchApiKeys: (call) => searchApiKeys(call, call.user._id),
  deleteApiKey: ({ now, request, state, user }) => {
    const _id = Request.getId(request)
    state.apiKeys.delete(_id, user._id, now)
    if (Request.getRefresh(request)) state.apiKeys.collection.refresh()
    return { _id }
  }
}
