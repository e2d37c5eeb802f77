/**
 * Sessions kept by a cookie that only the runtime sees (spec 2.6). A login, a refresh or a logout goes over HTTP, on
 * its REST route (`/_query` lacks the CORS header for credentials), while the connection is held. Then the connection
 * is replaced, because a cookie belongs to a connection from its handshake to its end.
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
import { host as hostOf, withoutSecrets } from "../data/endpoint.ts"
import * as Shape from "../data/shape.ts"
import * as Answers from "../protocol/answers.ts"
import type { Identity } from "../protocol/credentials.ts"
import type { KuzzleRequest, KuzzleResponse, RequestOptions, Route } from "../protocol/envelope.ts"
import * as Http from "../protocol/http.ts"
import * as Rest from "../protocol/rest.ts"
import * as CookieJar from "../services/cookieJar.ts"
import * as Lock from "../services/lock.ts"
import type { Grant, Keeper } from "./keeper.ts"
import { notADuration, type Requests, timeoutOf } from "./requests.ts"
import { expiry } from "./tokens.ts"

const routes: { readonly [action: string]: Route } = {
  login: ["POST", "/_login/:strategy"],
  refreshToken: ["POST", "/_refreshToken"],
  logout: ["POST", "/_logout"],
  checkToken: ["POST", "/_checkToken"]
}

/** An answer, and the host that sent it. */
interface Answered {
  readonly response: KuzzleResponse
  readonly host: string
}

/** A session of ours. */
interface Known {
  readonly identity: Identity
  /** By the server's clock; `null`: never. */
  readonly expiresAt: number | null
}

const isOf = ({ expiresAt, identity }: Known, token: Answers.TokenState): boolean =>
  token.valid && token.kuid === identity.kuid && token.expiresAt === expiresAt

export const make = (
  http: KuzzleHttpShape,
  settings: Settings,
  requests: Pick<Requests, "urgent">,
  /** The address of the current or the next connection. */
  endpoint: Effect.Effect<string, KuzzleError.InvalidSettingError>,
  /** The same address, if it is known without running an effect. */
  knownEndpoint: () => string,
  /** Holds the connection, and replaces it if the exchange has changed the session. */
  reopen: <A, E>(exchange: Effect.Effect<A, E>) => Effect.Effect<A, E>
): Keeper => {
  /** The session as the server last described it, so that an unchanged one needs no second request. */
  let known: Known | undefined
  /** Notifies the clients with the same cookies that the session at this host has changed. */
  let announce: (host: string) => void = () => {}

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
          Effect.mapError(Http.lost(request, withoutSecrets(base), settings.maxResponseSize)),
          Effect.timeoutFail({
            duration: timeout,
            onTimeout: () => new KuzzleError.DeadlineError({ controller, action, timeout, sent: true })
          })
        )
      return {
        response: yield* Http.answer(request, answer, yield* Clock.currentTimeMillis),
        host: hostOf(address) ?? ""
      }
    })

  const identity = (kuid: string, expiresAt: number | undefined): Identity => ({
    token: undefined,
    user: kuid,
    kuid,
    expiresAt
  })

  /** A browser silently drops cookies of another site, so only the server can say whether ours was stored. */
  const verified = (
    request: KuzzleRequest,
    { _id }: Answers.Granted,
    options: RequestOptions | undefined
  ): Effect.Effect<void, KuzzleError.RequestError> =>
    Effect.flatMap(
      Effect.flatMap(call(check, { timeout: options?.timeout }), ({ response }) => tokenState(response)),
      (state) => state.valid && state.kuid === _id ? Effect.void : Effect.fail(unsupported(request, notKept))
    )

  /**
   * A browser hides where a redirect leads to, which a strategy of several steps says. Over the WebSocket that step is an
   * answer like any other. `local` has no such step: its redirect is a proxy's.
   */
  const granting = (request: KuzzleRequest, options: RequestOptions | undefined) =>
    Effect.catchIf(
      call({ ...request, cookieAuth: true }, options),
      (error) =>
        error._tag === "KuzzleProtocolError" && error.status === undefined && request.action === "login" &&
        request["strategy"] !== "local",
      () => Effect.map(requests.urgent(request, options), (response) => ({ response, host: "" }))
    )

  /**
   * Once the answer has arrived, the session is verified and then begun, even if the caller is interrupted meanwhile.
   */
  const grant: Grant = (request, options, commit) =>
    reopen(Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const { host, response } = yield* restore(granting(request, options))
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
    host: string,
    commit: Parameters<Grant>[2]
  ): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const session = identity(granted._id, expiry(granted, now))
      const { expiresAt } = granted
      known = expiresAt === undefined ? undefined : { identity: session, expiresAt: expiresAt > 0 ? expiresAt : null }
      return Effect.map(commit(session), () => announce(host))
    })

  /** The host of the current or the next connection. */
  const hostNow = Effect.map(Effect.orElseSucceed(endpoint, () => ""), (url) => hostOf(url) ?? "")

  /** Converts a time of the server's clock. The server's answer counts as given half way between question and answer. */
  const byOurClock = (time: number) =>
    Effect.gen(function*() {
      const before = yield* Clock.currentTimeMillis
      const response = yield* requests.urgent(clock, { idempotent: true })
      const server = yield* Shape.outcome(clock, Shape.member("now", Shape.number)(response.result))
      const after = yield* Clock.currentTimeMillis
      return time - server + Math.round((before + after) / 2)
    }).pipe(Effect.catchTag("KuzzleForbiddenError", () => Effect.succeed(time)))

  /** Whether the cookie is still that of the session that we know. If the server cannot be asked, it may be. */
  const isKnown = Effect.map(
    Effect.option(Effect.flatMap(call(check, undefined), ({ response }) => tokenState(response))),
    Option.match({
      onNone: () => true,
      onSome: (state) => known === undefined || isOf(known, state)
    })
  )

  return {
    login: grant,
    refresh: grant,
    logout: (request, options, commit) =>
      reopen(Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          // As a token, so that the server revokes it; then as a cookie, so that it is taken back. The second is refused
          // where nobody may do anything, by which time the cookie is worth nothing.
          const revoked = yield* Effect.exit(restore(call(request, options)))
          if (Exit.isInterrupted(revoked)) return yield* Effect.asVoid(revoked)
          const { global: _, ...rest } = request
          yield* detached(Effect.gen(function*() {
            const cleared = yield* Effect.exit(call({ ...rest, cookieAuth: true }, options))
            // The runtime keeps the cookie. Until the server says otherwise, the session is unchanged.
            const outcome = Exit.isFailure(revoked) && isNobody(revoked) ? cleared : revoked
            if (!isNobody(outcome)) yield* Effect.asVoid(outcome)
            known = undefined
            yield* commit
            announce(yield* hostNow)
          }))
        })
      )),
    stored: Effect.succeed(undefined),
    cookie: {
      // The cookie belongs to the browser. Another tab, or the page before it was loaded again, may have changed it, and
      // only the server can say whose it is.
      restore: Effect.gen(function*() {
        const token = yield* Effect.flatMap(requests.urgent(check, { idempotent: true }), tokenState)
        if (!token.valid || token.kuid === anonymous) return undefined
        const { expiresAt, kuid } = token
        if (known !== undefined && isOf(known, token)) return known.identity
        const session = identity(kuid, expiresAt === null ? undefined : yield* byOurClock(expiresAt))
        known = { identity: session, expiresAt }
        return session
      }),
      listen: (changed) =>
        http.sharing === undefined ? Effect.void : Effect.map(
          http.sharing.join((changedAt) => {
            if (changedAt === undefined || changedAt === hostOf(knownEndpoint())) changed()
          }),
          (send) => {
            announce = send
          }
        ),
      renewing: (renewal) =>
        Lock.under(http.sharing?.lock ?? Effect.void)(
          Effect.flatMap(isKnown, (is) => is ? Effect.as(renewal, true) : Effect.succeed(false))
        )
    },
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

/** The kuid of an anonymous connection. */
const anonymous = "-1"

/** For the server no user was logged in, or the session had ended before: there was nothing to revoke. */
const isNobody = (exit: Exit.Exit<unknown, KuzzleError.RequestError>): boolean =>
  Exit.isFailure(exit) &&
  Option.exists(
    Cause.failureOption(exit.cause),
    (error) =>
      error instanceof KuzzleError.UnauthorizedError && error.id === "security.rights.unauthorized" ||
      KuzzleError.isTokenDead(error)
  )

const noCookie = "the server answered with a token instead of a cookie: set http.cookieAuthentication in Kuzzle"
const notKept =
  "the session cookie was not stored: in a browser, page and Kuzzle must be on one site (SameSite=Strict); " +
  "outside a browser, use NodeKuzzle.cookie, which stores cookies itself"

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
