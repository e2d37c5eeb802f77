/** The engine: connections in, frames out. It is synchronous and has no clock: its caller passes the time. */
import { ApiKeys, mapping as apiKeys } from "./apiKeys.ts"
import * as Catalogue from "./catalogue.ts"
import { Changes, type Line } from "./changes.ts"
import { admin } from "./controllers/admin.ts"
import { auth } from "./controllers/auth.ts"
import { bulk } from "./controllers/bulk.ts"
import { cluster } from "./controllers/cluster.ts"
import { collection } from "./controllers/collection.ts"
import { debug } from "./controllers/debug.ts"
import { document } from "./controllers/document.ts"
import { index } from "./controllers/index.ts"
import { ms } from "./controllers/ms.ts"
import { realtime } from "./controllers/realtime.ts"
import { security } from "./controllers/security.ts"
import { server } from "./controllers/server.ts"
import { Strategies } from "./credentials.ts"
import { Download } from "./download.ts"
import { Dumps } from "./dumps.ts"
import type { Entry } from "./entries.ts"
import { EngineError, error, Incomplete, messageOf, tooDeep } from "./errors.ts"
import * as Glob from "./glob.ts"
import { Identifiers } from "./identifiers.ts"
import { isObject, isTooDeep, type JsonObject } from "./json.ts"
import { mapping as profiles, Profiles } from "./profiles.ts"
import { Raw } from "./raw.ts"
import { Realtime } from "./realtime.ts"
import { Database } from "./redis/database.ts"
import * as Request from "./request.ts"
import { mapping as roles, Roles } from "./roles.ts"
import { Sessions, type Token } from "./sessions.ts"
import type { Action, Controller, State } from "./state.ts"
import { Statistics } from "./statistics.ts"
import { Storage } from "./storage.ts"
import { anonymous, anonymousId, mapping as users, type User, Users } from "./users.ts"

export interface Options {
  readonly seed: string
  readonly tokenLifetime: number
  readonly gracePeriod: number
  readonly idleTimeout: number
  readonly maxRequestSize: number
  readonly cookieAuthentication: boolean
  readonly refreshInterval: number
  /** Messages per second and socket, 0 for no limit. */
  readonly rateLimit: number
  /** Logins per second and connection, 0 for no limit. */
  readonly loginsPerSecond: number
  /** Stores changes; by default they are not stored. Throws if it cannot store them. */
  readonly save?: (lines: ReadonlyArray<Line>) => void
}

/** Receives the frames of a connection. */
export interface Handlers {
  readonly send: (frame: string) => void
  /** The server ends the connection. 1006: without a close frame. */
  readonly close: (code: number, reason: string) => void
}

export type Headers = { readonly [name: string]: string | undefined }

export interface Connection {
  readonly id: string
  readonly headers: Headers
  readonly handlers: Handlers
  /** When the client last sent anything. */
  lastSeen: number
  /** The second in which messages are counted (`rateLimit`), in seconds since the epoch. */
  window: number
  /** The number of messages in that second. */
  windowCount: number
}

/** An answer before it is written: a WebSocket frame or an HTTP body. */
export interface Answer {
  readonly status: number
  readonly envelope: JsonObject
  readonly cookies: ReadonlyArray<string>
  /** The bytes that are written in place of the envelope. */
  readonly download?: Download
  /** The JSON that is written in place of the envelope. */
  readonly raw?: JsonObject
}

const controllers: { readonly [controller: string]: Controller } = {
  admin,
  auth,
  bulk,
  cluster,
  collection,
  debug,
  document,
  index,
  memoryStorage: ms,
  ms,
  realtime,
  security,
  server
}

/**
 * The lowest major versions of SDKs that the real server supports. It compares the first characters only (spec 1.2).
 */
const sdkMinimum: { readonly [name: string]: string } = {
  js: "7",
  csharp: "2",
  cpp: "2",
  java: "3",
  android: "5",
  go: "3",
  php: "4"
}

const actionOf = (controller: string, action: string): Action => {
  const actions = Object.hasOwn(controllers, controller) ? controllers[controller]! : {}
  if (Object.hasOwn(actions, action)) return actions[action]!
  if (!Catalogue.hasController(controller)) throw error("api.process.controller_not_found", controller)
  if (!Catalogue.hasAction(controller, action)) throw error("api.process.action_not_found", controller, action)
  throw error("testing.engine.not_implemented", `${controller}:${action}`)
}

const checkSdk = (volatile: JsonObject | null): void => {
  if (volatile?.sdkVersion) {
    throw error("api.process.incompatible_sdk_version", volatile.sdkVersion, "Kuzzle v2")
  }
  const name = volatile?.sdkName
  if (typeof name !== "string") return
  const at = name.indexOf("@")
  const [sdk, version] = [name.slice(0, Math.max(at, 0)), name.slice(at + 1)]
  const minimum = Object.hasOwn(sdkMinimum, sdk) ? sdkMinimum[sdk] : undefined
  if (minimum !== undefined && version !== "" && version[0]! < minimum) {
    throw error("api.process.incompatible_sdk_version", version, `min: ${minimum}, max: none`)
  }
}

/** The `authToken` of a cookie header. */
const cookieToken = (header: string | undefined): string | undefined => {
  const pair = header?.split(";").map((part) => part.trim()).find((part) => part.startsWith("authToken="))
  const value = pair?.slice("authToken=".length)
  return value === undefined || value === "" || value === "null" ? undefined : value
}

const skipsVerification = new Set(["login", "logout", "checkToken"])

/**
 * The real server checks once a second whether requests are in flight. The first check comes before the answer to the
 * shutdown, so the server ends after the second check.
 */
const drainMillis = 1000

export class Engine {
  readonly options: Options
  readonly state: State
  readonly connections = new Map<string, Connection>()
  /** Called with an instant at which `tick` must run. Running it earlier is harmless. */
  onDeadline: (at: number) => void = () => {}
  /** Whether a request is lost, neither executed nor answered: a fault that a test injects. */
  isLost: (request: Request.KuzzleRequest) => boolean = () => false
  /** Called with each request that was executed, and its answer. */
  onAnswer: (request: Request.KuzzleRequest, userId: string, answer: Answer) => void = () => {}
  /** The user of the current request; the anonymous user before authentication. */
  private userId = anonymousId
  /** Called when a change could not be stored. The request is not answered. */
  onStoreFailure: (cause: unknown) => void = () => {}
  private readonly changes: Changes
  /** The number of identifiers when it was last stored. */
  private savedIdentifiers = 0
  private readonly counters = new Map<string, { second: number; count: number }>()

  constructor(options: Options, startedAt: number) {
    this.options = options
    this.changes = new Changes(options.save !== undefined)
    const identifiers = new Identifiers(options.seed)
    const storage = new Storage(identifiers, options.refreshInterval, startedAt, this.changes)
    const own = (name: string, mappings: JsonObject) => storage.makeOwn(name, { mappings, settings: {} }, startedAt)
    const keys = new ApiKeys(own("api-keys", apiKeys))
    this.state = {
      startedAt,
      settings: {
        cookieAuthentication: options.cookieAuthentication,
        maxDocumentsWritten: 200,
        maxDocumentsFetched: 10_000,
        loginsPerSecond: options.loginsPerSecond,
        maxRequestSize: options.maxRequestSize,
        idleTimeout: options.idleTimeout,
        rateLimit: options.rateLimit,
        seed: options.seed
      },
      identifiers,
      storage,
      memoryStorage: new Database(() => identifiers.random(), this.changes),
      realtime: new Realtime(options.seed, (id, frame) => this.connections.get(id)?.handlers.send(frame)),
      users: new Users(
        own("users", users),
        new Profiles(own("profiles", profiles), new Roles(own("roles", roles), startedAt), startedAt),
        this.changes
      ),
      strategies: new Strategies(own),
      apiKeys: keys,
      sessions: new Sessions({
        secret: options.seed,
        lifetime: options.tokenLifetime,
        gracePeriod: options.gracePeriod,
        apiKey: (userId, jwt, now) => keys.find(userId, jwt, now),
        changes: this.changes
      }),
      statistics: new Statistics(startedAt),
      dumps: new Dumps(),
      connections: () => this.connections.size,
      shutdown: () => {
        this.endsAt ??= this.now + drainMillis
        this.onDeadline(this.endsAt)
      },
      dropSubscriptions: (ids) => {
        for (const id of ids) this.state.realtime.unsubscribeAll(id, this.now)
      }
    }
  }

  /** The instant of the event being handled. */
  private now = 0

  // -- shutdown -----------------------------------------------------------------------------------------------------

  /** When the engine ends, if a client has requested it. Until then every request is refused. */
  private endsAt: number | undefined
  /** Called when the engine has ended and its connections are closed. */
  onShutdown: () => void = () => {}

  private end(now: number): void {
    this.endsAt = undefined
    for (const connection of [...this.connections.values()]) this.cut(connection, 1006, "", now)
    this.onShutdown()
  }

  // -- connections --------------------------------------------------------------------------------------------------

  connect(headers: Headers, handlers: Handlers, now: number): Connection {
    const connection: Connection = {
      id: this.state.identifiers.uuid(),
      headers,
      handlers,
      lastSeen: now,
      window: 0,
      windowCount: 0
    }
    this.connections.set(connection.id, connection)
    this.onDeadline(now + this.options.idleTimeout)
    return connection
  }

  /** The connection has ended, on either side. */
  disconnect(connection: Connection, now: number): void {
    if (!this.connections.delete(connection.id)) return
    this.now = now
    this.state.realtime.unsubscribeAll(connection.id, now)
    this.state.sessions.unlink(connection.id)
    this.counters.delete(connection.id)
  }

  /** The server ends a connection. */
  cut(connection: Connection, code: number, reason: string, now: number): void {
    if (!this.connections.has(connection.id)) return
    this.disconnect(connection, now)
    connection.handlers.close(code, reason)
  }

  /** Restarts the idle timeout. Any byte of the client, including a ping frame, shows that it is alive. */
  touch(connection: Connection, now: number): void {
    connection.lastSeen = now
  }

  // -- saving -------------------------------------------------------------------------------------------------------

  /** The whole stored state. */
  *allSaved(): Generator<Line> {
    const { identifiers, memoryStorage, sessions, storage, users } = this.state
    yield ["identifiers", identifiers.count]
    yield* storage.allSaved()
    yield* users.allSaved()
    yield* sessions.allSaved()
    yield* memoryStorage.allSaved()
  }

  restore(entry: Entry): void {
    const { identifiers, memoryStorage, sessions, storage, users } = this.state
    switch (entry[0]) {
      case "identifiers":
        identifiers.count = entry[1]
        return
      case "index":
        return storage.restoreIndex(entry[1], entry[2])
      case "collection":
        return storage.restoreCollection(entry[1], entry[2])
      case "truncated":
        return storage.truncate(entry[1])
      case "document":
        return storage.restoreDocument(entry[1], entry[2], entry[3])
      case "user":
        return users.restore(entry[1], entry[2])
      case "value":
        return memoryStorage.restore(entry[1], entry[2])
      case "token":
        return sessions.restore(entry[1], entry[2])
    }
  }

  /** Stores the changes. Returns `false` if that failed. */
  save(): boolean {
    const lines = this.changes.take()
    if (lines.length === 0) return true
    const { count } = this.state.identifiers
    try {
      this.options.save?.(count === this.savedIdentifiers ? lines : [...lines, ["identifiers", count]])
      this.savedIdentifiers = count
      return true
    } catch (cause) {
      this.onStoreFailure(cause)
      return false
    }
  }

  // -- WebSocket ----------------------------------------------------------------------------------------------------

  receive(connection: Connection, frame: string, now: number): void {
    if (!this.connections.has(connection.id)) return
    this.now = now
    this.touch(connection, now)
    if (frame === "") return
    // A text never has more characters than bytes, so most frames need not be measured in bytes.
    const limit = this.options.maxRequestSize
    if (frame.length * 3 > limit && new TextEncoder().encode(frame).length > limit) {
      // No answer, no close frame: the real server's socket library drops the connection (spec 1.8).
      return this.cut(connection, 1006, "", now)
    }
    const send = (answer: JsonObject) => connection.handlers.send(JSON.stringify(answer))
    if (this.isOverRate(connection, now)) {
      return send(failure(error("network.websocket.ratelimit_exceeded"), this.state.identifiers.uuid()))
    }
    let data: unknown
    try {
      data = JSON.parse(frame)
    } catch (cause) {
      const reason = messageOf(cause)
      return send(failure(error("network.websocket.unexpected_error", reason), this.state.identifiers.uuid()))
    }
    // The real server throws outside of any handler, so it does not answer (spec 1.7).
    if (data === null) return
    if (isObject(data) && data.p === 1 && Object.keys(data).length === 1) return connection.handlers.send("{\"p\":2}")
    let request: Request.KuzzleRequest
    try {
      if (isTooDeep(frame)) throw tooDeep()
      request = this.parse(data, "websocket", "")
    } catch (cause) {
      const requestId = isObject(data) && data.requestId ? data.requestId : this.state.identifiers.uuid()
      return send(failure(asEngineError(cause), requestId))
    }
    if (this.isLost(request)) return
    const { targets } = request.args
    // If `targets` is not an array, the real server fails before it can answer (spec 1.7).
    if (targets !== undefined && !Array.isArray(targets) && request.controller && request.action) return
    const answer = this.execute(request, connection.headers, connection.id)
    if (answer !== undefined) send({ ...answer.raw ?? answer.envelope, room: request.id })
  }

  private isOverRate(connection: Connection, now: number): boolean {
    if (this.options.rateLimit === 0) return false
    const second = Math.floor(now / 1000)
    connection.windowCount = connection.window === second ? connection.windowCount + 1 : 1
    connection.window = second
    return connection.windowCount > this.options.rateLimit
  }

  // -- requests -----------------------------------------------------------------------------------------------------

  parse(data: unknown, protocol: Request.Protocol, verb: string): Request.KuzzleRequest {
    return Request.make(data, { protocol, verb, now: this.now, newId: () => this.state.identifiers.uuid() })
  }

  /**
   * Executes a request and returns its answer; errors are answers, too. There is no answer if its changes could not be
   * stored.
   */
  execute(request: Request.KuzzleRequest, headers: Headers, connectionId: string): Answer | undefined {
    const { protocol } = request
    this.state.statistics.begin(protocol)
    this.userId = anonymousId
    const answer = this.answer(request, headers, connectionId)
    this.state.statistics.end(protocol, answer.envelope.error === null)
    if (!this.save()) return undefined
    this.onAnswer(request, this.userId, answer)
    return answer
  }

  /** Loads initial data without checking rights. Throws if it is refused. */
  load(action: "loadMappings" | "loadFixtures" | "loadSecurities", body: JsonObject, now: number): void {
    this.now = now
    const data = { controller: "admin", action, body, onExistingUsers: "skip" }
    admin[action]!({
      state: this.state,
      request: this.parse(data, "websocket", ""),
      user: anonymous,
      token: undefined,
      jwt: null,
      connectionId: "",
      now,
      setCookie: () => {}
    })
  }

  private answer(request: Request.KuzzleRequest, headers: Headers, connectionId: string): Answer {
    const cookies: Array<string> = []
    Glob.resetSteps()
    try {
      const result = this.run(request, headers, connectionId, (cookie) => cookies.push(cookie))
      if (result instanceof Download) {
        return { status: 200, envelope: envelope(request, null, null, 200), cookies, download: result }
      }
      if (result instanceof Raw) {
        return { status: 200, envelope: envelope(request, null, null, 200), cookies, raw: result.content }
      }
      if (result instanceof Incomplete) {
        const { body, status } = result.error
        return { status, envelope: envelope(request, body, result.result, status), cookies }
      }
      // A result of `undefined` leaves the key out of the JSON, as in the real server.
      return { status: 200, envelope: envelope(request, null, result, 200), cookies }
    } catch (cause) {
      const failed = asEngineError(cause)
      return { status: failed.status, envelope: envelope(request, failed.body, null, failed.status), cookies }
    }
  }

  private run(
    request: Request.KuzzleRequest,
    headers: Headers,
    connectionId: string,
    setCookie: (cookie: string) => void
  ): unknown {
    if (this.endsAt !== undefined) throw error("network.entrypoint.shutting_down")
    const { action, controller } = request
    if (!controller) throw error("api.assert.missing_argument", "controller")
    if (!action) throw error("api.assert.missing_argument", "action")
    const targets = Request.getArray(request, "targets", [])
    if (targets.length > 0 && (request.args.index || request.args.collection)) {
      throw error("api.assert.mutually_exclusive", "index, collection", "targets")
    }
    const { jwt, token, user } = this.authenticate(request, headers)
    this.userId = user._id
    if (request.protocol === "websocket" && token !== undefined) {
      this.state.sessions.link(token, connectionId)
      this.scheduleExpiry()
    }
    if (!this.state.users.isAllowed(user, request)) {
      const id = user._id === anonymousId ? "security.rights.unauthorized" : "security.rights.forbidden"
      throw error(id, controller, action, user._id)
    }
    this.checkRate(controller, action, user, connectionId)
    const run = actionOf(controller, action)
    checkSdk(request.volatile)
    try {
      return run({ state: this.state, request, user, token, jwt, connectionId, now: this.now, setCookie })
    } finally {
      this.scheduleExpiry()
    }
  }

  /** The user of a request (spec 1.10, 2.6). */
  private authenticate(
    request: Request.KuzzleRequest,
    headers: Headers
  ): { readonly user: User; readonly token: Token | undefined; readonly jwt: string | null } {
    const { cookieAuthentication } = this.options
    if (!cookieAuthentication && Request.getBoolean(request, "cookieAuth")) throw error("security.cookie.unsupported")
    const cookie = cookieToken(headers.cookie)
    if (cookie !== undefined) {
      if (!cookieAuthentication) throw error("security.cookie.unsupported")
      if (request.jwt) {
        throw error(
          "security.token.verification_error",
          "Both token and cookie are present, could not decide which one to use"
        )
      }
    }
    const jwt = cookie ?? request.jwt
    const skip = cookie !== undefined && Request.getBoolean(request, "cookieAuth") && request.controller === "auth" &&
      skipsVerification.has(request.action ?? "")
    if (jwt === null || skip) return { user: anonymous, token: undefined, jwt }
    const token = this.state.sessions.verify(jwt, this.now)
    this.state.dropSubscriptions(this.state.sessions.endIfSingleUse(token))
    const user = this.state.users.getOrFail(token.userId)
    // Any client can get a token of the anonymous user. Such a token is not linked to the connection.
    return { user, token: user._id === anonymousId ? undefined : token, jwt }
  }

  private checkRate(controller: string, action: string, user: User, connectionId: string): void {
    const isLogin = controller === "auth" && action === "login"
    if (!isLogin && user._id !== anonymousId && controller === "auth" && action === "logout") return
    const limit = isLogin ? this.options.loginsPerSecond : this.state.users.rateLimit(user)
    if (limit === 0) return
    const key = isLogin ? connectionId : `user ${user._id}`
    const second = Math.floor(this.now / 1000)
    const before = this.counters.get(key)
    const count = before?.second === second ? before.count + 1 : 1
    this.counters.set(key, { second, count })
    if (count > limit) throw error(isLogin ? "api.process.too_many_logins_requests" : "api.process.too_many_requests")
  }

  // -- time ---------------------------------------------------------------------------------------------------------

  /** Sets the time of the next requests. HTTP requests call it first. */
  setTime(now: number): void {
    this.now = now
  }

  /** Handles expired tokens, and clients that have been silent for too long. */
  tick(now: number): void {
    this.now = now
    if (this.endsAt !== undefined && now >= this.endsAt) return this.end(now)
    this.notifyExpired(this.state.sessions.expired(now))
    this.state.storage.forgetScrolls(now)
    for (const connection of [...this.connections.values()]) {
      if (now - connection.lastSeen >= this.options.idleTimeout) this.cut(connection, 1006, "", now)
    }
  }

  /** The next instant at which `tick` has something to do. */
  nextDeadline(): number {
    let next = Math.min(this.state.sessions.nextExpiry(), this.endsAt ?? Infinity)
    for (const { lastSeen } of this.connections.values()) next = Math.min(next, lastSeen + this.options.idleTimeout)
    return next
  }

  expireToken(jwt: string, now: number): void {
    this.now = now
    this.notifyExpired(this.state.sessions.expire(jwt, now))
  }

  revokeToken(jwt: string, now: number): void {
    this.now = now
    const token = this.state.sessions.lookup(jwt, now)
    if (token !== undefined) this.state.dropSubscriptions(this.state.sessions.revoke(token))
  }

  /** Notifies the connections, then ends their subscriptions (spec 0, 7). */
  private notifyExpired(connectionIds: ReadonlyArray<string>): void {
    for (const id of connectionIds) {
      this.connections.get(id)?.handlers.send(tokenExpired)
      this.state.realtime.unsubscribeAll(id, this.now)
    }
  }

  private scheduleExpiry(): void {
    const at = this.state.sessions.nextExpiry()
    if (at !== Infinity) this.onDeadline(at)
  }
}

const tokenExpired = JSON.stringify({
  status: 200,
  info: "This is an automated server notification",
  message: "Authentication Token Expired",
  type: "TokenExpired",
  room: "kuzzle:notification:server"
})

/** The answer to a request, its keys in the real order (spec 1.3). */
export const envelope = (
  request: Request.KuzzleRequest,
  failed: JsonObject | null,
  result: unknown,
  status: number
): JsonObject => ({
  action: request.action,
  collection: request.args.collection,
  controller: request.controller,
  error: failed,
  headers: {},
  index: request.args.index,
  requestId: request.id,
  result,
  status,
  volatile: request.volatile
})

/** The answer to a message that is not a request: it has no `room` (spec 1.6). */
export const failure = ({ body, status }: EngineError, requestId: unknown): JsonObject => ({
  action: null,
  controller: null,
  error: body,
  headers: {},
  requestId,
  result: null,
  status,
  volatile: null
})

/** An error that is not Kuzzle's is a bug of this engine. The answer says so, and other requests are not affected. */
export const asEngineError = (cause: unknown): EngineError =>
  cause instanceof EngineError
    ? cause
    : error("testing.engine.unexpected_error", cause instanceof Error ? cause.stack ?? cause.message : String(cause))
