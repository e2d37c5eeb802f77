/**
 * Sessions kept by a cookie that only the runtime sees (spec 2.6). What makes or ends a session goes over HTTP, on its REST
 * route (`/_query` lacks the CORS header for credentials), while the connection is held; then the connection is opened
 * anew, for a cookie belongs to a connection from its handshake to its end.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { CookiesUnsupportedError } from "../../KuzzleActionError.ts"
import { httpUrl, plain, type Settings, unsettled } from "../../KuzzleConfig.ts"
import * as KuzzleError from "../../KuzzleError.ts"
import type { KuzzleHttpShape } from "../../KuzzleHttp.ts"
import type { HandshakeHeaders } from "../../KuzzleSocket.ts"
import * as CookieJar from "../cookieJar.ts"
import { host as hostOf, shown } from "../endpoint.ts"
import * as Answers from "../protocol/answers.ts"
import type { KuzzleRequest, KuzzleResponse, RequestOptions, Route } from "../protocol/envelope.ts"
import * as Http from "../protocol/http.ts"
import * as Rest from "../protocol/rest.ts"
import * as Shape from "../shape.ts"
import type { Grant, Keeper } from "./authentication.ts"
import type { Identity } from "./credentials.ts"
import { notADuration, type Requests, timeoutOf } from "./requests.ts"
import { expiry } from "./tokens.ts"

const routes: { readonly [action: string]: Route } = {
  login: ["POST", "/_login/:strategy"],
  refreshToken: ["POST", "/_refreshToken"],
  logout: ["POST", "/_logout"],
  checkToken: ["POST", "/_checkToken"]
}

/** An answer, and the host that gave it. */
interface Answered {
  readonly response: KuzzleResponse
  readonly host: string | undefined
}

export const make = (
  http: KuzzleHttpShape,
  settings: Settings,
  requests: Pick<Requests, "urgent">,
  /** Of the connection that is, or is to be. */
  endpoint: Effect.Effect<string, KuzzleError.InvalidSettingError>,
  /** Holds the connection, and opens it anew when the exchange succeeds. */
  reopen: <A, E>(exchange: Effect.Effect<A, E>) => Effect.Effect<A, E>
): Keeper => {
  /** Where the session was begun: a cookie is of its host, and endpoints can be of several. */
  let home: string | undefined
  /**
   * Whether the cookie may differ from that of our session, because an exchange was cut off before its answer arrived.
   */
  let doubtful = false

  const call = (
    request: KuzzleRequest,
    options: RequestOptions | undefined
  ): Effect.Effect<Answered, KuzzleError.RequestError> =>
    Effect.gen(function*() {
      const { action, controller } = request
      const failed = (issue: string) => new KuzzleError.EncodeError({ controller, action, issue })
      const rest = Rest.call(routes[action]!, request) // only our own four actions get here
      if ("issue" in rest) return yield* failed(rest.issue)
      const millis = timeoutOf(options, Duration.toMillis(settings.requestTimeout))
      if (millis === undefined) return yield* failed(notADuration(options))
      const timeout = Duration.millis(millis)
      const { address, headers } = yield* Effect.all({ address: endpoint, headers: settings.headers }).pipe(
        Effect.mapError((cause) => new KuzzleError.NotSentError({ controller, action, cause: unsettled("", cause) }))
      )
      const base = httpUrl(address)
      const { body, method, path } = rest
      const url = `${base.replace(/\/$/, "")}${path}`
      const answer = yield* http.exchange(
        { method, url, headers: plain(headers), body, credentials: true },
        settings.maxResponseSize
      )
        .pipe(
          Effect.mapError(Http.lost(request, shown(base), settings.maxResponseSize)),
          Effect.timeoutFail({
            duration: timeout,
            onTimeout: () => new KuzzleError.DeadlineError({ controller, action, timeout, sent: true })
          })
        )
      return { response: yield* Http.answer(request, answer, yield* Clock.currentTimeMillis), host: hostOf(address) }
    })

  const identity = (kuid: string, expiresAt: number | undefined): Identity => ({
    token: undefined,
    user: kuid,
    kuid,
    expiresAt
  })

  /** A call that may change the cookie, even if its answer does not arrive. */
  const exchange = (
    request: KuzzleRequest,
    options: RequestOptions | undefined
  ): Effect.Effect<Answered, KuzzleError.RequestError> =>
    Effect.onError(call(request, options), (cause) =>
      Effect.sync(() => {
        if (!Option.exists(Cause.failureOption(cause), KuzzleError.isApiError)) doubtful = true
      }))

  /** A browser silently drops cookies of another site, so only the server can say whether ours was stored. */
  const verified = (
    request: KuzzleRequest,
    { _id }: Answers.Granted,
    options: RequestOptions | undefined
  ): Effect.Effect<void, KuzzleError.RequestError> =>
    Effect.flatMap(
      Effect.flatMap(exchange(check, { timeout: options?.timeout }), ({ response }) => tokenState(response)),
      (state) => {
        if (state.valid && state.kuid === _id) return Effect.void
        doubtful = true
        return Effect.fail(unsupported(request, notKept))
      }
    )

  /**
   * Once the answer has arrived, the session is verified and then begun, even if the caller is interrupted meanwhile.
   */
  const grant: Grant = (request, options, commit) =>
    reopen(Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const { host, response } = yield* restore(exchange({ ...request, cookieAuth: true }, options))
        const granted = yield* Answers.grantedBy(request, response)
        if (granted === undefined) return response
        // A server that does not know of cookies answers with the token.
        if (granted.jwt !== undefined) return yield* Effect.fail(unsupported(request, noCookie))
        const verifyAndBegin = Effect.flatMap(verified(request, granted, options), () => begin(granted, host, commit))
        yield* detached(verifyAndBegin)
        return response
      })
    ))

  const begin = (
    granted: Answers.Granted,
    host: string | undefined,
    commit: Parameters<Grant>[2]
  ): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      home = host
      doubtful = false
      return commit(identity(granted._id, expiry(granted, now)))
    })

  return {
    login: grant,
    refresh: grant,
    logout: (request, options, commit) =>
      reopen(Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          // As a token, so that the server revokes it; then as a cookie, so that it is taken back. The second is refused
          // where nobody may do anything, by which time the cookie is worth nothing.
          const revoked = yield* Effect.exit(restore(exchange(request, options)))
          if (Exit.isInterrupted(revoked)) return yield* Effect.asVoid(revoked)
          const { global: _, ...rest } = request
          yield* detached(Effect.gen(function*() {
            const cleared = yield* Effect.exit(exchange({ ...rest, cookieAuth: true }, options))
            // The runtime keeps the cookie. Until the server says otherwise, the session is unchanged.
            if (Exit.isFailure(revoked)) yield* isDead(revoked) ? Effect.asVoid(cleared) : Effect.asVoid(revoked)
            yield* commit
          }))
        })
      )),
    // The page may have been loaded again: the cookie is there, and the server alone knows whose it is.
    restore: Effect.gen(function*() {
      const before = yield* Clock.currentTimeMillis
      const token = yield* Effect.flatMap(requests.urgent(check, { idempotent: true }), tokenState)
      doubtful = false
      if (!token.valid || token.kuid === anonymous) return undefined
      home = hostOf(yield* Effect.orElseSucceed(endpoint, () => ""))
      if (token.expiresAt === null) return identity(token.kuid, undefined)
      // By the server's clock, which need not be ours: half way between question and answer it shows its time.
      const shown = yield* requests.urgent(clock, { idempotent: true })
      const server = yield* Shape.outcome(clock, Shape.member("now", Shape.number)(shown.result))
      const after = yield* Clock.currentTimeMillis
      return identity(token.kuid, token.expiresAt - server + Math.round((before + after) / 2))
    }),
    stored: Effect.succeed(undefined),
    uncertain: (endpoint, identity) => doubtful || (identity !== undefined && home !== hostOf(endpoint)),
    changed: () => Effect.void
  }
}

/**
 * Uninterruptible: it must complete, within the deadlines of its calls, even if the caller is interrupted. It runs in a
 * daemon fiber, because an interruption reaches the children of an uninterruptible fiber, too.
 */
const detached = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptible(Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join))

const check = { controller: "auth", action: "checkToken", cookieAuth: true, body: {} }

const tokenState = ({ result }: KuzzleResponse) => Shape.outcome(check, Answers.tokenState(result))

const clock = { controller: "server", action: "now" }

/** The kuid of nobody. */
const anonymous = "-1"

/** The session was over before: there was nothing to revoke. */
const isDead = (exit: Exit.Exit<unknown, KuzzleError.RequestError>): boolean =>
  Exit.isFailure(exit) &&
  Option.exists(Exit.causeOption(exit), (cause) => cause._tag === "Fail" && KuzzleError.isTokenDead(cause.error))

const noCookie = "the server answered with a token instead of a cookie: set http.cookieAuthentication in Kuzzle"
const notKept =
  "the session cookie was not stored: in a browser, page and Kuzzle must be on one site (SameSite=Strict); " +
  "outside a browser, use NodeKuzzle.layerCookie, which stores cookies itself"

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

/** The headers of a handshake with the session's cookie, which goes beside one of the settings. */
export const beside = (headers: HandshakeHeaders, cookie: Redacted.Redacted): HandshakeHeaders => ({
  ...headers,
  cookie: headers.cookie === undefined
    ? cookie
    : Redacted.make(CookieJar.join(Redacted.value(headers.cookie), Redacted.value(cookie)))
})
