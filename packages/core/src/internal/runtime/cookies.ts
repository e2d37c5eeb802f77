/**
 * Keeps sessions by a cookie that only the runtime sees (spec 2.6). A login, a refresh or a logout goes over HTTP while
 * the connection is held. It uses the REST route of the action, because `/_query` lacks the CORS header for
 * credentials. Then the connection is replaced, because a cookie belongs to a connection from its handshake to its end.
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

/** The session that this client knows. */
interface Known {
  readonly identity: Identity
  /** Milliseconds since the epoch, by the server's clock. `null` if it never expires. */
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
  /** Holds the connection during an exchange, and replaces it if the exchange has changed the session. */
  reopen: <A, E>(exchange: Effect.Effect<A, E>) => Effect.Effect<A, E>
): Keeper => {
  /** The session as the server last described it. If it is unchanged, no second request is needed. */
  let knownSession: Known | undefined
  /** Notifies the clients with the same cookies that the session at this host has changed. */
  let announce: (host: string) => void = () => {}

  const call = (
    request: KuzzleRequest,
    options: RequestOptions | undefined
  ): Effect.Effect<Answered, KuzzleError.RequestError> =>
    Effect.gen(function*() {
      const { action, controller } = request
      const failed = (issue: string) => new KuzzleError.EncodeError({ controller, action, issue })
      const rest = Rest.call(routes[action]!, request) // Only the four actions of sessions get here.
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

  /**
   * Verifies that the cookie was stored, because a browser silently drops cookies of another site. Only the server can
   * tell.
   */
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
   * Sends the request over HTTP. If a browser hides the answer because it is a redirect, sends it over the WebSocket. A
   * login with several steps may answer with a redirect whose target the application needs. Over the WebSocket, this is
   * an answer like any other. The strategy `local` has no such step, so there a redirect comes from a proxy.
   */
  const requestGrant = (request: KuzzleRequest, options: RequestOptions | undefined) =>
    Effect.catchIf(
      call({ ...request, cookieAuth: true }, options),
      (error) =>
        error._tag === "KuzzleProtocolError" && error.status === undefined && request.action === "login" &&
        request["strategy"] !== "local",
      () => Effect.map(requests.urgent(request, options), (response) => ({ response, host: "" }))
    )

  /**
   * Makes a login or a refresh. Once the answer has arrived, the session is verified and begun, even if the caller is
   * interrupted meanwhile.
   */
  const grant: Grant = (request, options, commit) =>
    reopen(Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const { host, response } = yield* restore(requestGrant(request, options))
        const granted = yield* Answers.grantedBy(request, response)
        if (granted === undefined) return response
        // A server without support for cookies answers with a token.
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
      knownSession = expiresAt === undefined
        ? undefined
        : { identity: session, expiresAt: expiresAt > 0 ? expiresAt : null }
      return Effect.map(commit(session), () => announce(host))
    })

  /** The host of the current or the next connection. */
  const hostNow = Effect.map(Effect.orElseSucceed(endpoint, () => ""), (url) => hostOf(url) ?? "")

  /**
   * Converts a time of the server's clock into one of ours. The server's time counts as read halfway between request
   * and answer.
   */
  const byOurClock = (time: number) =>
    Effect.gen(function*() {
      const before = yield* Clock.currentTimeMillis
      const response = yield* requests.urgent(clock, { idempotent: true })
      const server = yield* Shape.outcome(clock, Shape.member("now", Shape.number)(response.result))
      const after = yield* Clock.currentTimeMillis
      return time - server + Math.round((before + after) / 2)
    }).pipe(Effect.catchTag("KuzzleForbiddenError", () => Effect.succeed(time)))

  /** Whether the cookie still belongs to the known session. If the server cannot be asked, this is assumed. */
  const isKnown = Effect.map(
    Effect.option(Effect.flatMap(call(check, undefined), ({ response }) => tokenState(response))),
    Option.match({
      onNone: () => true,
      onSome: (state) => knownSession === undefined || isOf(knownSession, state)
    })
  )

  return {
    login: grant,
    refresh: grant,
    logout: (request, options, commit) =>
      reopen(Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          // The first request revokes the token. The second one makes the server remove the cookie. If anonymous users
          // have no rights, the server refuses the second one, but the cookie is already invalid.
          const revoked = yield* Effect.exit(restore(call(request, options)))
          if (Exit.isInterrupted(revoked)) return yield* Effect.asVoid(revoked)
          const { global: _, ...rest } = request
          yield* detached(Effect.gen(function*() {
            const cleared = yield* Effect.exit(call({ ...rest, cookieAuth: true }, options))
            // If both fail, the runtime still has the cookie, so the session is unchanged.
            const outcome = Exit.isFailure(revoked) && isNobody(revoked) ? cleared : revoked
            if (!isNobody(outcome)) yield* Effect.asVoid(outcome)
            knownSession = undefined
            yield* commit
            announce(yield* hostNow)
          }))
        })
      )),
    stored: Effect.succeed(undefined),
    cookie: {
      // The browser keeps the cookie. Another tab, or this page before a reload, may have changed it. Only the server
      // can tell whose it is.
      restore: Effect.gen(function*() {
        const token = yield* Effect.flatMap(requests.urgent(check, { idempotent: true }), tokenState)
        if (!token.valid || token.kuid === anonymous) return undefined
        const { expiresAt, kuid } = token
        if (knownSession !== undefined && isOf(knownSession, token)) return knownSession.identity
        const session = identity(kuid, expiresAt === null ? undefined : yield* byOurClock(expiresAt))
        knownSession = { identity: session, expiresAt }
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
          Effect.flatMap(isKnown, (isSame) => isSame ? Effect.as(renewal, true) : Effect.succeed(false))
        )
    },
    changed: () => Effect.void
  }
}

/**
 * Runs an effect that must complete even if the caller is interrupted. The deadlines of its calls bound it. It runs in
 * a daemon fiber, because an interruption also reaches the children of an uninterruptible fiber.
 */
const detached = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptible(Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join))

const check = { controller: "auth", action: "checkToken", cookieAuth: true, body: {} }

const tokenState = ({ result }: KuzzleResponse) => Shape.outcome(check, Answers.tokenState(result))

const clock = { controller: "server", action: "now" }

/** The kuid of the anonymous user. */
const anonymous = "-1"

/** Whether there was no session to revoke: no user was logged in, or the session had already ended. */
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
    id: CookiesUnsupportedError.ids[0]!, // Safe: it stands for an error.
    code: 0,
    status: 500,
    message,
    props: []
  })

/** The headers of a handshake, with the session's cookie added to those of the settings. */
export const beside = (headers: HandshakeHeaders, cookie: Redacted.Redacted): HandshakeHeaders => ({
  ...headers,
  cookie: headers.cookie === undefined
    ? cookie
    : Redacted.make(CookieJar.join(Redacted.value(headers.cookie), Redacted.value(cookie)))
})
