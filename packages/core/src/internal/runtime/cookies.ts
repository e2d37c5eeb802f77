/**
 * Sessions kept by a cookie that only the runtime sees (spec 2.6). What makes or ends a session goes over HTTP, on its REST
 * route (`/_query` lacks the CORS header for credentials), while the connection is held; then the connection is opened
 * anew, for a cookie belongs to a connection from its handshake to its end.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { CookiesUnsupportedError } from "../../KuzzleActionError.ts"
import { httpUrl, plain, type Settings } from "../../KuzzleConfig.ts"
import * as KuzzleError from "../../KuzzleError.ts"
import type { KuzzleHttpShape } from "../../KuzzleHttp.ts"
import { shown } from "../endpoint.ts"
import type { KuzzleRequest, KuzzleResponse, RequestOptions, Route } from "../protocol/envelope.ts"
import * as Http from "../protocol/http.ts"
import * as Rest from "../protocol/rest.ts"
import type { Grant, Keeper } from "./authentication.ts"
import type { Identity } from "./credentials.ts"
import { notADuration, type Requests, timeoutOf } from "./requests.ts"
import { expiry, wireSession } from "./tokens.ts"

const routes: { readonly [action: string]: Route } = {
  login: ["POST", "/_login/:strategy"],
  refreshToken: ["POST", "/_refreshToken"],
  logout: ["POST", "/_logout"]
}

export const make = (
  http: KuzzleHttpShape,
  settings: Settings,
  requests: Pick<Requests, "urgent">,
  /** Of the connection that is, or is to be. */
  endpoint: () => string,
  /** Holds the connection, and opens it anew when the exchange succeeds. */
  reopen: <A, E>(exchange: Effect.Effect<A, E>) => Effect.Effect<A, E>
): Keeper => {
  const headers = plain(settings.headers)
  /** Where the session was begun: a cookie is of its host, and endpoints can be of several. */
  let home: string | undefined
  const host = (url: string) => new URL(url).hostname

  const call = (
    request: KuzzleRequest,
    options: RequestOptions | undefined
  ): Effect.Effect<KuzzleResponse, KuzzleError.RequestError> =>
    Effect.gen(function*() {
      const { action, controller } = request
      const failed = (issue: string) => new KuzzleError.EncodeError({ controller, action, issue })
      const rest = Rest.call(routes[action]!, request) // our own three, no other comes here
      if ("issue" in rest) return yield* failed(rest.issue)
      const millis = timeoutOf(options, Duration.toMillis(settings.requestTimeout))
      if (millis === undefined) return yield* failed(notADuration)
      const timeout = Duration.millis(millis)
      const base = httpUrl(endpoint())
      const { body, method, path } = rest
      const url = `${base.replace(/\/$/, "")}${path}`
      const answer = yield* http.exchange({ method, url, headers, body, credentials: true }).pipe(
        Effect.mapError(({ cause }) =>
          new KuzzleError.HttpTransportError({ controller, action, url: shown(base), cause })
        ),
        Effect.timeoutFail({
          duration: timeout,
          onTimeout: () => new KuzzleError.DeadlineError({ controller, action, timeout, sent: true })
        })
      )
      return yield* Http.answer(request, answer.status, answer.body)
    })

  const identity = (kuid: string, expiresAt: number | undefined): Identity => ({
    token: undefined,
    user: kuid,
    kuid,
    expiresAt
  })

  const grant: Grant = (request, options, commit) =>
    Effect.gen(function*() {
      const response = yield* reopen(Effect.gen(function*() {
        const response = yield* call({ ...request, cookieAuth: true }, options)
        const wire = wireSession(response)
        // A server that does not know of cookies answers with the token.
        if ("jwt" in wire) return yield* Effect.fail(unsupported(request, noCookie))
        if (typeof wire._id === "string") {
          home = host(endpoint())
          yield* commit(identity(wire._id, expiry(wire, yield* Clock.currentTimeMillis)))
        }
        return response
      }))
      // A browser keeps no cookie of another site, and tells nobody. Where the server cannot be asked now, it is believed.
      if (
        typeof wireSession(response)._id === "string" &&
        (yield* Effect.orElseSucceed(who, () => undefined)) === anonymous
      ) {
        return yield* Effect.fail(unsupported(request, notKept))
      }
      return response
    })

  const check = { controller: "auth", action: "checkToken", cookieAuth: true, body: {} }
  const checked = Effect.map(
    requests.urgent(check, { idempotent: true }),
    ({ result }): WireToken => typeof result === "object" && result !== null ? result : {}
  )
  const who = Effect.map(checked, ({ kuid }) => kuid)

  return {
    login: grant,
    refresh: grant,
    logout: (request, options, commit) =>
      reopen(
        Effect.gen(function*() {
          // As a token, so that the server revokes it; then as a cookie, so that it is taken back. The second is refused
          // where nobody may do anything, by which time the cookie is worth nothing.
          const revoked = yield* Effect.exit(call(request, options))
          const { global: _, ...rest } = request
          const cleared = yield* Effect.exit(call({ ...rest, cookieAuth: true }, options))
          // The cookie is the runtime's: as long as the server says nothing, it is there, and we are who we were.
          if (Exit.isFailure(revoked)) yield* isDead(revoked) ? Effect.asVoid(cleared) : Effect.asVoid(revoked)
          yield* commit
        })
      ),
    // The page may have been loaded again: the cookie is there, and the server alone knows whose it is.
    restore: Effect.gen(function*() {
      const before = yield* Clock.currentTimeMillis
      const token = yield* checked
      if (token.valid !== true || typeof token.kuid !== "string" || token.kuid === anonymous) return undefined
      home = host(endpoint())
      if (typeof token.expiresAt !== "number") return identity(token.kuid, undefined)
      // By the server's clock, which need not be ours: half way between question and answer it shows its time.
      const { result: shows } = yield* requests.urgent({ controller: "server", action: "now" }, { idempotent: true })
      const after = yield* Clock.currentTimeMillis
      const server = nowOf(shows) ?? after
      return identity(token.kuid, token.expiresAt - server + Math.round((before + after) / 2))
    }),
    stored: Effect.succeed(undefined),
    elsewhere: (endpoint) => home !== host(endpoint),
    changed: () => Effect.void
  }
}

/** What `auth:checkToken` answers (spec 4.1). */
interface WireToken {
  readonly valid?: unknown
  readonly kuid?: unknown
  readonly expiresAt?: unknown
}

/** The kuid of nobody. */
const anonymous = "-1"

const nowOf = (result: unknown): number | undefined =>
  typeof result === "object" && result !== null && "now" in result && typeof result.now === "number"
    ? result.now
    : undefined

/** The session was over before: there was nothing to revoke. */
const isDead = (exit: Exit.Exit<unknown, KuzzleError.RequestError>): boolean =>
  Exit.isFailure(exit) &&
  Option.exists(Exit.causeOption(exit), (cause) => cause._tag === "Fail" && KuzzleError.isTokenDead(cause.error))

const noCookie = "the server answered with a token instead of a cookie: set http.cookieAuthentication in Kuzzle"
const notKept = "the cookie was not kept: the page and Kuzzle must be of one site, for it is SameSite=Strict"

const unsupported = ({ action, controller }: KuzzleRequest, message: string) =>
  KuzzleError.fromStatus({
    controller,
    action,
    id: CookiesUnsupportedError.ids[0]!, // it stands for one
    code: 0,
    status: 500,
    message,
    props: []
  })
