/** A Kuzzle and one cookie jar for several tabs. Tokens are those of Kuzzle: one per user and second, see real-server.md. */
import { KuzzleError, KuzzleHeartbeat, KuzzleHttp, KuzzleSocket } from "@effect-kuzzle/core"
import { type Clock, Deferred, Effect, Option, Redacted, Schedule, Stream } from "effect"
import * as Kuzzle from "../../src/Kuzzle.ts"
import { sharingOfProcess } from "../../src/KuzzleHttp.ts"
import { FakeNetwork, type FakeSocket, obliging, turns } from "./FakeSocket.ts"

export const loginAs = (kuid: string) => ({ controller: "auth", action: "login", strategy: "local", body: { kuid } })
export const logout = { controller: "auth", action: "logout" }
export const refreshToken = { controller: "auth", action: "refreshToken" }

/** How long a refreshed token still works, in milliseconds. */
const grace = 1000

interface Token {
  readonly kuid: string
  readonly expiresAt: number
  /** When it was, or will be, revoked. */
  revokedAt: number
}

/** The services of a client whose sessions are kept by cookies. */
const cookieServices = (network: FakeNetwork, http: KuzzleHttp.KuzzleHttpShape, options: Kuzzle.Options = {}) =>
  Kuzzle.make({
    url: "ws://kuzzle.test:7512",
    reconnect: Schedule.spaced("1 second"),
    ...options,
    session: Kuzzle.cookie
  }).pipe(
    Effect.provideService(KuzzleSocket.KuzzleSocket, network.shape),
    Effect.provideService(KuzzleHttp.KuzzleHttp, http),
    Effect.provideServiceEffect(KuzzleHeartbeat.KuzzleHeartbeat, KuzzleHeartbeat.make("Disabled"))
  )

/** A client whose sessions are kept by cookies. */
export const cookieClient = (...options: Parameters<typeof cookieServices>) =>
  Effect.flatMap(cookieServices(...options), (context) => Effect.provide(Kuzzle.Kuzzle, context))

export class CookieKuzzle {
  private readonly tokens = new Map<string, Token>()
  /** The cookie of all tabs. */
  jar: string | undefined
  /** How long a token lives, in milliseconds. */
  ttl = 100_000
  readonly refreshed: Array<string> = []
  /** The executed requests: the user, the action and its number. */
  readonly executed: Array<string> = []
  /** A call over HTTP of an action waits for the gate of the action before the server gets it. */
  gates: { [action: string]: Deferred.Deferred<void> } = {}
  /** Runs before an answer over HTTP is sent. */
  answering: (action: string) => void = () => {}
  /** Addresses of the calls over HTTP. */
  readonly addresses: Array<string> = []
  /** Calls over HTTP, by action. */
  readonly calls: Array<string> = []
  readonly joined = { count: 0 }
  private readonly clock: Clock.Clock
  private readonly members = sharingOfProcess()
  /** Whether messages between tabs are lost. */
  losesMessages = false
  /** The redirect of a login with several steps. In browsers, HTTP does not show it. */
  redirect: { readonly location: string; readonly isVisible: boolean } | undefined
  /** Whether calls over HTTP fail. */
  offline = false

  constructor(clock: Clock.Clock) {
    this.clock = clock
  }

  private now(): number {
    return this.clock.unsafeCurrentTimeMillis()
  }

  userOf(token: string | undefined): string | undefined {
    if (token === undefined) return "-1"
    const known = this.tokens.get(token)
    return known === undefined || known.revokedAt <= this.now() || known.expiresAt <= this.now()
      ? undefined
      : known.kuid
  }

  private grant(kuid: string): Token & { readonly value: string } {
    const second = Math.floor(this.now() / 1000)
    const value = `${kuid}@${second}`
    const token = this.tokens.get(value) ?? { kuid, expiresAt: second * 1000 + this.ttl, revokedAt: Infinity }
    this.tokens.set(value, token)
    this.jar = value
    return { ...token, value }
  }

  /** A login in another tab that sends no message to the other tabs. */
  loginUnannounced(kuid: string): void {
    this.grant(kuid)
  }

  revoke(): void {
    const token = this.tokens.get(this.jar ?? "")
    if (token !== undefined) token.revokedAt = this.now()
  }

  readonly onSend = (socket: FakeSocket, frame: string): void => {
    if (frame === `{"p":1}`) return obliging(socket, frame)
    const request = JSON.parse(frame)
    const cookie = socket.headers.cookie && Redacted.value(socket.headers.cookie)
    const kuid = this.userOf(cookie)
    const { action } = request
    const answer = (result: unknown) => queueMicrotask(() => socket.answer(request, result))
    if (action === "checkToken") return answer(this.checked(cookie))
    if (action === "now") return answer({ now: this.now() })
    if (action === "login") return answer(this.step())
    if (kuid === undefined) {
      return queueMicrotask(() => socket.refuse(request, { id: "security.token.invalid", status: 401 }))
    }
    if (action !== "subscribe") this.executed.push(`${kuid} ${action} ${request.body?.n ?? ""}`.trim())
    obliging(socket, frame)
  }

  private checked(token: string | undefined): unknown {
    const kuid = this.userOf(token)
    if (kuid === undefined) return { valid: false, state: "Invalid token." }
    return { valid: true, kuid, expiresAt: this.tokens.get(token ?? "")?.expiresAt ?? null }
  }

  private step(): unknown {
    return { headers: { location: this.redirect?.location }, statusCode: 302 }
  }

  private result(action: string, byCookie: boolean, body: { readonly kuid?: string }): unknown {
    const { jar } = this
    const token = this.tokens.get(jar ?? "")
    switch (action) {
      case "checkToken":
        return this.checked(jar)
      case "logout":
        if (byCookie) this.jar = undefined
        else if (token !== undefined) token.revokedAt = this.now()
        return { acknowledged: true }
      case "refreshToken": {
        const kuid = this.userOf(jar)
        if (token === undefined || kuid === undefined || token.revokedAt < Infinity) return undefined
        this.refreshed.push(jar ?? "")
        const { expiresAt } = this.grant(kuid)
        // Within the second of its creation, the new token is the same as the old one.
        token.revokedAt = this.now() + grace
        return { _id: kuid, ttl: expiresAt - this.now(), expiresAt }
      }
      default: {
        const { expiresAt, kuid } = this.grant(body.kuid ?? "ada")
        return { _id: kuid, ttl: expiresAt - this.now(), expiresAt }
      }
    }
  }

  private readonly http: KuzzleHttp.KuzzleHttpShape = {
    cookie: () => Effect.sync(() => Option.map(Option.fromNullable(this.jar), Redacted.make)),
    stream: () => Effect.dieMessage("nothing is downloaded here"),
    exchange: ({ body, url }) =>
      Effect.gen(this, function*() {
        const { pathname, search } = new URL(url)
        const action = pathname.split("/")[1]?.slice(1) ?? ""
        const gate = this.gates[action]
        if (gate !== undefined) yield* Deferred.await(gate)
        if (this.offline) return yield* new KuzzleError.NoAnswerError({ cause: "offline" })
        this.calls.push(action)
        this.addresses.push(url)
        if (action === "login" && this.redirect !== undefined) {
          const { location, isVisible } = this.redirect
          const answer = { status: 302, error: null, requestId: "r", result: this.step() }
          return isVisible
            ? { status: 302, headers: { location }, body: JSON.stringify(answer) }
            : { status: 0, headers: {}, body: "" }
        }
        const result = this.result(action, search !== "", JSON.parse(body ?? "{}"))
        this.answering(action)
        const error = result === undefined
          ? { id: "security.token.invalid", status: 401, message: "", props: [] }
          : null
        const status = error?.status ?? 200
        return { status, headers: {}, body: JSON.stringify({ status, error, requestId: "r", result: result ?? null }) }
      }),
    sharing: {
      lock: this.members.lock,
      join: (onChange) =>
        Effect.gen(this, function*() {
          this.joined.count += 1
          yield* Effect.addFinalizer(() => Effect.sync(() => this.joined.count -= 1))
          const post = yield* this.members.join((host) => {
            if (!this.losesMessages) onChange(host)
          })
          return (host) => {
            if (!this.losesMessages) post(host)
          }
        })
    }
  }

  /** Sends all tabs the message that the session may have changed. */
  readonly broadcast = (host: string) => Effect.scoped(Effect.map(this.members.join(() => {}), (post) => post(host)))

  /** Opens a tab: a client with its own connections. */
  readonly tab = (options: Kuzzle.Options = {}) =>
    Effect.gen(this, function*() {
      const network = new FakeNetwork()
      network.onSend = this.onSend
      const context = yield* cookieServices(network, this.http, options)
      const kuzzle = yield* Effect.provide(Kuzzle.Kuzzle, context)
      const eventTags: Array<string> = []
      yield* Effect.forkScoped(Stream.runForEach(Kuzzle.streamOf(kuzzle.events), (event) =>
        Effect.sync(() => {
          eventTags.push(event._tag === "LoggedOut" ? `LoggedOut ${event.cause}` : event._tag)
        })))
      yield* turns()
      return {
        context,
        kuzzle,
        network,
        eventTags,
        kuid: Effect.map(
          kuzzle.authentication.state,
          (state) => state._tag === "Authenticated" ? Option.getOrUndefined(state.kuid) : state._tag
        ),
        login: (kuid: string) => kuzzle.authentication.login(loginAs(kuid)),
        logout: kuzzle.authentication.logout(logout),
        refresh: kuzzle.authentication.refresh(refreshToken)
      }
    })
}

export type Tab = Effect.Effect.Success<ReturnType<CookieKuzzle["tab"]>>

export const cookieKuzzle = Effect.map(Effect.clock, (clock) => new CookieKuzzle(clock))

export const tabs = (kuzzle: CookieKuzzle, count: number, options: Kuzzle.Options = {}) =>
  Effect.all(Array.from({ length: count }, () => kuzzle.tab(options)))
