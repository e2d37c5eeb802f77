/**
 * Every way a call to Kuzzle can fail, as tagged errors.
 *
 * There are two families. *Local* errors come from the client: the socket could not be opened, the connection was lost,
 * a deadline passed, a value cannot be sent. *API* errors are answers of Kuzzle. There is one class for each status,
 * and the `id` names the exact fault.
 *
 * @module
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type { KnownErrorId } from "./KuzzleErrorId.ts"

/**
 * The mark of every error of this package.
 *
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("@effect-kuzzle/core/KuzzleError")

/**
 * The type of the mark of every error of this package.
 *
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * The type of the class that an error extends, with the error's tag and fields.
 *
 * @since 0.1.0
 * @category models
 */
export type TaggedClass<Tag extends string> = new<Fields extends object>(
  fields: Fields
) => Cause.YieldableError & Readonly<Fields> & {
  readonly _tag: Tag
  readonly [TypeId]: TypeId
  /**
   * The address of a page that explains the error: its causes, and what to do. Consoles and logs print it below the
   * message.
   */
  readonly help: string
}

/** The address of `docs/reference/errors.md` on the documentation site. A test checks the address and the anchors. */
const page = "https://effect-kuzzle.github.io/effect-kuzzle/reference/errors#"

/**
 * Makes the class that an error extends. The computed members are here, so that a bundler drops an error that a page
 * does not use. Bundlers keep every class with a computed or static member of its own.
 *
 * Errors have no stack. They come from a socket, a timer or an answer, so the stack would only show the event loop.
 * Capturing it would take longer than the rest of the end of a request, and would keep objects in memory. The stack
 * contains the address of the explanation instead, so that consoles, `Cause.pretty` and loggers print it.
 *
 * @internal
 */
export const tagged = <Tag extends string>(tag: Tag): TaggedClass<Tag> =>
  class extends Data.TaggedError(tag)<{ readonly id?: unknown }> {
    readonly [TypeId]: TypeId = TypeId
    constructor(fields: object) {
      // V8 has this property, but the standard does not. In hardened environments `Error` is frozen, so it stays
      // unchanged there.
      const limit: unknown = Reflect.get(Error, "stackTraceLimit")
      if (limit !== undefined) Reflect.set(Error, "stackTraceLimit", 0)
      super(fields)
      if (limit !== undefined) Reflect.set(Error, "stackTraceLimit", limit)
      Reflect.deleteProperty(this, "stack")
    }
    override get stack(): string {
      return `${this}\n    see ${this.help}`
    }
    // It is writable, because some tools change the stack before they print it.
    override set stack(value) {
      Reflect.defineProperty(this, "stack", { value })
    }
    get help(): string {
      return page + (this.id || tag.toLowerCase())
    }
    // TypeScript does not let a class extend a class whose members come from a type parameter.
  } as TaggedClass<Tag>

// -------------------------------------------------------------------------------------------------------------------
// connection
// -------------------------------------------------------------------------------------------------------------------

/**
 * Why a connection could not be opened.
 *
 * - `Unreachable`: no server answered (connection refused, unknown host, no network), or the browser forbids the page
 *   to open the address.
 * - `Timeout`: the WebSocket handshake did not finish within `connectTimeout`.
 * - `BadUrl`: the runtime refuses the URL.
 * - `Rejected`: an HTTP server answered the handshake with another status than 101.
 * - `Tls`: the TLS handshake failed. The certificate is not trusted, or one side does not speak TLS.
 * - `Proxy`: the proxy of the setting `proxy` does not answer, or refuses the tunnel.
 * - `Unsupported`: this runtime cannot open a WebSocket.
 * - `Settings`: the effect of `url` or `headers` failed, or yielded an invalid value.
 *
 * @since 0.1.0
 * @category models
 */
export type ConnectReason =
  | "Unreachable"
  | "Timeout"
  | "BadUrl"
  | "Rejected"
  | "Tls"
  | "Proxy"
  | "Unsupported"
  | "Settings"

/**
 * The socket could not be opened.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectError extends tagged("KuzzleConnectError")<{
  readonly reason: ConnectReason
  /** The endpoint, without credentials. */
  readonly url: string
  /** The HTTP status, if `reason` is `Rejected` and the runtime reports it. Browsers do not. */
  readonly status?: number
  /** How long the server asks to wait (header `Retry-After`), 5 minutes at most. */
  readonly retryAfter?: Duration.Duration
  /** The target of a redirect, without its secrets. The client does not follow redirects. */
  readonly location?: string
  /** What is wrong and what to do, if the platform or a setting knows it. */
  readonly issue?: string
  /** The error of the runtime, if there is one. */
  readonly cause?: unknown
}> {
  override get message(): string {
    if (this.issue !== undefined) return `cannot connect to ${this.url || "Kuzzle"}: ${this.issue}`
    switch (this.reason) {
      case "BadUrl":
        return `${this.url} is not a WebSocket URL: use ws://host:7512 or wss://host`
      case "Timeout":
        return `${this.url} did not finish the WebSocket handshake within connectTimeout: is Kuzzle running there?`
      default:
        return `nothing answers at ${this.url}${detail(this.cause)}: is Kuzzle running there?`
    }
  }
}

const detail = (cause: unknown): string => cause instanceof Error && cause.message !== "" ? ` (${cause.message})` : ""

/**
 * How an open connection ended. A clean close (1000) counts as a lost connection like any other. Only a close by the
 * client itself is final (spec 1.8, 3.9).
 *
 * - `Peer`: the server or a proxy closed it, with this `code` and `reason`, or the network failed (1006: there was no
 *   close frame).
 * - `Heartbeat`: the client closed it, because there was neither an answer to a ping nor other progress within the
 *   heartbeat's timeout.
 * - `Oversized`: the client closed it, because the server sent a frame larger than `maxResponseSize`.
 * - `Replacement`: the client closed it in order to open another one, because the user or the cookie changed, or the
 *   server shuts down.
 * - `Released`: the scope of the client was closed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectionEndedError extends tagged("KuzzleConnectionEndedError")<{
  readonly by: "Peer" | "Heartbeat" | "Oversized" | "Replacement" | "Released"
  readonly code: number
  readonly reason: string
}> {
  override get message(): string {
    switch (this.by) {
      case "Heartbeat":
      case "Oversized":
        return `the client closed the connection: ${this.reason}`
      case "Replacement":
        return `the client replaced the connection`
      case "Released":
        return `the client was closed`
      case "Peer":
        return `the connection was closed with code ${this.code}${this.reason === "" ? "" : ` (${this.reason})`}`
    }
  }
}

/**
 * Why the offline queue did not keep a request.
 *
 * - `Full`: it already holds `queueMaxSize` requests, or would hold more than `queueMaxBytes`.
 * - `Expired`: the request waited longer than `queueTTL`.
 * - `OtherUser`: the user has changed. A request that was queued for one user is never sent as another. A request that
 *   was queued while no user was logged in is never sent as a user. It is sent without a token, but a connection with a
 *   cookie cannot send it.
 * - `NotConnected`: there has been no connection yet (`waitForConnection` is `false`), and the request cannot be
 *   queued.
 * - `Withdrawn`: it was withdrawn from the outbox, or purged.
 * - `OtherClient`: another client of the same outbox has taken it over, so this client does not know its outcome.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotQueuedError extends tagged("KuzzleNotQueuedError")<{
  readonly reason: "Full" | "Expired" | "OtherUser" | "NotConnected" | "Withdrawn" | "OtherClient"
}> {
  override get message(): string {
    switch (this.reason) {
      case "Full":
        return "the offline queue is full: raise queueMaxSize or queueMaxBytes, or send less"
      case "Expired":
        return "it waited in the offline queue for longer than queueTTL"
      case "OtherUser":
        return "the user has changed since it was made: make it again"
      case "NotConnected":
        return "the client has not connected yet: wait for the state Ready (autoQueue keeps requests until then, but no login)"
      case "Withdrawn":
        return "it was withdrawn from the outbox"
      case "OtherClient":
        return "another client of the outbox has taken it over and may send it: do not send it again"
    }
  }
}

/**
 * The request was **not** sent, because there was no usable connection. It is safe to send it again.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotSentError extends tagged("KuzzleNotSentError")<{
  readonly controller: string
  readonly action: string
  /** Why it was not sent. */
  readonly cause: ConnectError | ConnectionEndedError | NotQueuedError | OutboxError
}> {
  override get message(): string {
    return `${this.controller}:${this.action} was not sent: ${this.cause.message}`
  }
}

/**
 * The request was sent, and the connection was lost before the answer arrived. The server **may** have executed it.
 * Send it again only if executing it twice is harmless.
 *
 * @since 0.1.0
 * @category errors
 */
export class MaybeSentError extends tagged("KuzzleMaybeSentError")<{
  readonly controller: string
  readonly action: string
  /** How the connection ended. */
  readonly cause: ConnectionEndedError
}> {
  override get message(): string {
    return `${this.controller}:${this.action} may have been executed: ${this.cause.message} before the answer`
  }
}

/**
 * The two errors of a request whose connection was lost.
 *
 * @since 0.1.0
 * @category errors
 */
export type ConnectionLostError = NotSentError | MaybeSentError

/**
 * A subscription with the strategy `fail` ended because its consumer was too slow: its buffer was full when another
 * notification came. The consumer gets the buffered notifications first, then this error.
 *
 * @since 0.1.0
 * @category errors
 */
export class OverflowError extends tagged("KuzzleOverflowError")<{
  readonly controller: string
  readonly action: string
  /** The limit of the consumer's buffer, in notifications. */
  readonly bufferSize: number
  /** The limit of the consumer's buffer, in bytes. */
  readonly bufferBytes: number
}> {
  override get message(): string {
    return `${this.controller}:${this.action} ended: its consumer fell behind by more than ` +
      `${this.bufferSize} notifications or ${this.bufferBytes} bytes; raise bufferSize or bufferBytes`
  }
}

/**
 * The token could not be stored, or the stored token cannot be used. The client continues without it.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenStoreError extends tagged("KuzzleTokenStoreError")<{
  readonly operation: "load" | "save" | "remove"
  readonly issue: string
  /** The message of the store. It never shows the token. */
  readonly cause?: unknown
}> {
  override get message(): string {
    return `the token store failed to ${this.operation}: ${this.issue}`
  }
}

/**
 * The outbox could not store, change or read a request. Other stored requests are not affected.
 *
 * @since 0.1.0
 * @category errors
 */
export class OutboxError extends tagged("KuzzleOutboxError")<{
  readonly operation: "open" | "add" | "mark" | "requeue" | "settle" | "adopt" | "release" | "report" | "purge"
  /**
   * `"Unavailable"`: the store cannot be used (access is denied, or a newer version has written it). `"InUse"`: another
   * client uses a store that cannot be shared. `"Full"`: a limit, the disk or the quota is reached. `"Secret"`: the
   * request contains a `Redacted` value. `"Invalid"`: the request cannot be stored. `"Timeout"`: the store has not
   * answered for 10 s, and may still do what was requested. `"Failed"`: anything else.
   */
  readonly reason: "Unavailable" | "InUse" | "Full" | "Secret" | "Invalid" | "Timeout" | "Failed"
  /** What happened, and what to do. */
  readonly issue: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `the outbox store failed to ${this.operation}: ${this.issue}`
  }
}

// -------------------------------------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------------------------------------

/**
 * No answer arrived before the deadline. The deadline counts from the submission of the request, so it includes waiting
 * time. Every request has a deadline, because Kuzzle does not answer some inputs and loses the id of others (spec 1.7).
 *
 * @since 0.1.0
 * @category errors
 */
export class DeadlineError extends tagged("KuzzleDeadlineError")<{
  readonly controller: string
  readonly action: string
  readonly timeout: Duration.Duration
  /** Whether the request was sent. If so, the server may have executed it. */
  readonly sent: boolean
}> {
  override get message(): string {
    return `${this.controller}:${this.action} was not answered within ${Duration.format(this.timeout)}${
      this.sent ? "; it may have been executed" : "; it was not sent"
    }`
  }
}

/**
 * The session has ended and could not be renewed, so the request was not sent. With the expired token, Kuzzle would
 * refuse it. Without a token, Kuzzle would execute it as the anonymous user. Log in again. Subscriptions are kept and
 * continue then.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnauthenticatedError extends tagged("KuzzleUnauthenticatedError")<{
  readonly controller: string
  readonly action: string
  /** Why the session was not renewed. */
  readonly cause: SessionLostError
}> {
  override get message(): string {
    return `${this.controller}:${this.action} was not sent: the session is over (${this.cause.message}). Log in again, ` +
      `or set an authenticator that does`
  }
}

/**
 * Why the session ended: the token is no longer valid, and no other could be obtained.
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionLostError extends tagged("KuzzleSessionLostError")<{
  /** `TokenDead`: there is no `authenticator`. `Refused`: the `authenticator` failed with `cause`. */
  readonly reason: "TokenDead" | "Refused"
  readonly cause?: unknown
}> {
  override get message(): string {
    return this.reason === "TokenDead"
      ? "the token has expired or was revoked"
      : `logging in again failed${detail(this.cause)}`
  }
}

/**
 * The `authenticator` failed with an error of its own, for example because the vault has no password or the user
 * cancelled.
 *
 * @since 0.1.0
 * @category errors
 */
export class AuthenticatorError extends tagged("KuzzleAuthenticatorError")<{
  readonly cause: unknown
}> {
  override get message(): string {
    return `the authenticator failed${detail(this.cause)}`
  }
}

/**
 * The request is larger than the setting `maxRequestSize`. It was not sent, because a message above the server's limit
 * ends the whole connection (spec 1.8).
 *
 * @since 0.1.0
 * @category errors
 */
export class PayloadTooLargeError extends tagged("KuzzlePayloadTooLargeError")<{
  readonly controller: string
  readonly action: string
  /** The size of the encoded request, in bytes. */
  readonly size: number
  /** The setting `maxRequestSize`, in bytes. */
  readonly limit: number
}> {
  override get message(): string {
    return `${this.controller}:${this.action} takes ${this.size} bytes, the server accepts ${this.limit}: ` +
      `split it, or raise server.maxRequestSize in Kuzzle and maxRequestSize here`
  }
}

/**
 * The answer is larger than the setting `maxResponseSize`, so it was not read. Kuzzle has executed the request.
 *
 * @since 0.1.0
 * @category errors
 */
export class ResponseTooLargeError extends tagged("KuzzleResponseTooLargeError")<{
  readonly controller: string
  readonly action: string
  /** The setting `maxResponseSize`, in bytes. */
  readonly limit: number
}> {
  override get message(): string {
    return `the answer to ${this.controller}:${this.action} takes more than ${this.limit} bytes: ` +
      `ask for less at once, or raise maxResponseSize`
  }
}

/**
 * The request contains a value that JSON would change or cannot represent: `NaN`, a `bigint`, a cycle, a `Set`, an
 * `Error`, an `Option`, a `Duration` … It was not sent. `issue` says what to send instead. `docs/values.md` lists all
 * such values. (As always in JSON, members that are `undefined` or functions are left out.)
 *
 * @since 0.1.0
 * @category errors
 */
export class EncodeError extends tagged("KuzzleEncodeError")<{
  readonly controller: string
  readonly action: string
  /** The fault and its place. */
  readonly issue: string
}> {
  override get message(): string {
    return `${this.controller}:${this.action} cannot be encoded: ${this.issue}`
  }
}

/**
 * The answer does not come from Kuzzle or is malformed: a page of a proxy, a redirect, another server, a frame without
 * a status.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProtocolError extends tagged("KuzzleProtocolError")<{
  readonly controller: string
  readonly action: string
  /** What was expected, and what arrived. */
  readonly issue: string
  /** The HTTP status, over HTTP. */
  readonly status?: number
  /** How long the server asks to wait (header `Retry-After`), 5 minutes at most. Over HTTP only. */
  readonly retryAfter?: Duration.Duration
  /**
   * The target of a redirect over HTTP, without its secrets. Browsers hide it. The client does not follow redirects.
   */
  readonly location?: string
}> {
  override get message(): string {
    return `the answer to ${this.controller}:${this.action} is not Kuzzle's: ${this.issue}`
  }
}

/**
 * The HTTP request failed without an answer (refused, reset, CORS …). The server may have executed it.
 *
 * @since 0.1.0
 * @category errors
 */
export class HttpTransportError extends tagged("KuzzleHttpTransportError")<{
  readonly controller: string
  readonly action: string
  readonly url: string
  /** What is wrong and what to do, if the platform knows it. */
  readonly issue?: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.controller}:${this.action}: no HTTP answer from ${this.url}${
      this.issue === undefined ? `${detail(this.cause)}: is Kuzzle running there?` : `: ${this.issue}`
    }`
  }
}

/**
 * The error of `KuzzleHttp` if no HTTP answer arrived: the connection was refused or lost, or the browser forbids the
 * request.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoAnswerError extends tagged("KuzzleNoAnswerError")<{
  /** What is wrong and what to do, if the platform knows it. */
  readonly issue?: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `no HTTP answer came${this.issue === undefined ? detail(this.cause) : `: ${this.issue}`}`
  }
}

/**
 * The error of `KuzzleHttp` if the answer has more bytes than the limit. It was not read to its end.
 *
 * @since 0.1.0
 * @category errors
 */
export class AnswerTooLargeError extends tagged("KuzzleAnswerTooLargeError")<{
  /** The limit, in bytes. */
  readonly limit: number
}> {
  override get message(): string {
    return `the HTTP answer takes more than ${this.limit} bytes: ask for less at once, or raise maxResponseSize`
  }
}

/**
 * The value of a setting is invalid. `setting` is its name in `KuzzleConfig`.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidSettingError extends tagged("KuzzleInvalidSettingError")<{
  readonly setting: string
  /** The invalid value as text. Absent if it may be a secret. */
  readonly value?: string
  /** What is wrong and what was expected. */
  readonly issue: string
  /** The error of the effect that yields the setting, if there is one. */
  readonly cause?: unknown
}> {
  override get message(): string {
    return `the setting ${this.setting}${this.value === undefined ? "" : ` is ${this.value}`}: ${this.issue}`
  }
}

// -------------------------------------------------------------------------------------------------------------------
// Kuzzle's own errors
// -------------------------------------------------------------------------------------------------------------------

/**
 * The id of a Kuzzle error. The type lists the ids that a client can receive. Plugins and applications may use any
 * other string.
 *
 * @since 0.1.0
 * @category models
 */
export type ErrorId = KnownErrorId | (string & {})

/**
 * The fields of every error that Kuzzle answers with (spec 7.1).
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiErrorFields {
  readonly controller: string
  readonly action: string
  /** `domain.subdomain.name`. Empty if a plugin threw a bare error, or if the request object was malformed. */
  readonly id: ErrorId
  /** Kuzzle's numeric code. 0 if `id` is empty. */
  readonly code: number
  readonly status: number
  readonly message: string
  /** The values that `message` contains. */
  readonly props: ReadonlyArray<unknown>
  /** The errors of single items, for requests on many (actions `m*` with `strict`, `incomplete_delete` …). */
  readonly errors?: ReadonlyArray<unknown>
  /** The stack trace of the server, which it sends only in development. */
  readonly serverStack?: string
  /** The part of the request that succeeded. A 206 and some failures have both `error` and `result`. */
  readonly result?: unknown
  /**
   * How long the server asks to wait (header `Retry-After`), 5 minutes at most. Only HTTP answers have this header. A
   * page of another origin sees it only if the server lists it in `Access-Control-Expose-Headers`.
   */
  readonly retryAfter?: Duration.Duration
}

/**
 * 206: some items failed. `errors` lists them. `result` contains the items that succeeded.
 *
 * @since 0.1.0
 * @category api errors
 */
export class PartialError extends tagged("KuzzlePartialError")<ApiErrorFields> {}

/**
 * 400: the request is wrong.
 *
 * @since 0.1.0
 * @category api errors
 */
export class BadRequestError extends tagged("KuzzleBadRequestError")<ApiErrorFields> {}

/**
 * 401: wrong credentials, an invalid token, or an anonymous user without the right.
 *
 * @since 0.1.0
 * @category api errors
 */
export class UnauthorizedError extends tagged("KuzzleUnauthorizedError")<ApiErrorFields> {}

/**
 * 403: the user who is logged in does not have the right.
 *
 * @since 0.1.0
 * @category api errors
 */
export class ForbiddenError extends tagged("KuzzleForbiddenError")<ApiErrorFields> {}

/**
 * 404: no such document, index, collection, action …
 *
 * @since 0.1.0
 * @category api errors
 */
export class NotFoundError extends tagged("KuzzleNotFoundError")<ApiErrorFields> {}

/**
 * 412: a precondition does not hold.
 *
 * @since 0.1.0
 * @category api errors
 */
export class PreconditionError extends tagged("KuzzlePreconditionError")<ApiErrorFields> {}

/**
 * 413: the request exceeds a limit of the server.
 *
 * @since 0.1.0
 * @category api errors
 */
export class SizeLimitError extends tagged("KuzzleSizeLimitError")<ApiErrorFields> {}

/**
 * 429: too many requests or logins in a second.
 *
 * @since 0.1.0
 * @category api errors
 */
export class TooManyRequestsError extends tagged("KuzzleTooManyRequestsError")<ApiErrorFields> {}

/**
 * 500: Kuzzle, a plugin or a service that Kuzzle uses failed.
 *
 * @since 0.1.0
 * @category api errors
 */
export class InternalError extends tagged("KuzzleInternalError")<ApiErrorFields> {}

/**
 * 502, 503: the server is overloaded, starting, shutting down, or cut off from its cluster.
 *
 * @since 0.1.0
 * @category api errors
 */
export class ServiceUnavailableError extends tagged("KuzzleServiceUnavailableError")<ApiErrorFields> {}

/**
 * 504: a service that Kuzzle uses did not answer in time.
 *
 * @since 0.1.0
 * @category api errors
 */
export class GatewayTimeoutError extends tagged("KuzzleGatewayTimeoutError")<ApiErrorFields> {}

/**
 * Any other status. Plugins and applications may use any number.
 *
 * @since 0.1.0
 * @category api errors
 */
export class OtherStatusError extends tagged("KuzzleOtherStatusError")<ApiErrorFields> {}

/**
 * An error that Kuzzle answers with, with the tag of its status.
 *
 * @since 0.1.0
 * @category models
 */
export type ApiError =
  | PartialError
  | BadRequestError
  | UnauthorizedError
  | ForbiddenError
  | NotFoundError
  | PreconditionError
  | SizeLimitError
  | TooManyRequestsError
  | InternalError
  | ServiceUnavailableError
  | GatewayTimeoutError
  | OtherStatusError

/**
 * The errors of any request, over WebSocket or HTTP.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestError =
  | NotSentError
  | MaybeSentError
  | HttpTransportError
  | DeadlineError
  | UnauthenticatedError
  | PayloadTooLargeError
  | ResponseTooLargeError
  | EncodeError
  | ProtocolError
  | ApiError

/**
 * Every error of this package, with any tag. The type of a function lists only the errors of that function. This type
 * is for code that handles errors of all functions, for example by tag or message.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleError extends Cause.YieldableError {
  readonly _tag: string
  readonly [TypeId]: TypeId
  /** The address of a page that explains the error. Errors that an application declares have none. */
  readonly help?: string
}

/**
 * An error that Kuzzle answers with, with any tag: the tag of its status (`ApiError`), of an error of the action
 * (`KuzzleActionError`), or of an error that an application has declared by `KuzzleAction`.
 *
 * @since 0.1.0
 * @category models
 */
export interface AnyApiError extends KuzzleError, Readonly<ApiErrorFields> {
  readonly message: string
}

/**
 * Whether a value is an error of this package.
 *
 * @since 0.1.0
 * @category guards
 */
export const isKuzzleError = (u: unknown): u is KuzzleError => typeof u === "object" && u !== null && TypeId in u

/**
 * Whether a value is an error that Kuzzle has answered with, and not an error of the client. Such an error has an `id`,
 * a `status` and `props`. This includes the named errors of `KuzzleActionError`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isApiError = (u: unknown): u is AnyApiError => isKuzzleError(u) && "props" in u

/**
 * Whether a value is an error that Kuzzle has answered with, with this exact id.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Kuzzle, KuzzleError } from "@effect-kuzzle/core"
 *
 * export const seats = Kuzzle.query({ controller: "bookings", action: "seats" }).pipe(
 *   Effect.catchIf(KuzzleError.hasId("booking.seats.sold_out"), () => Effect.succeed(0))
 * )
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const hasId = <Id extends ErrorId>(id: Id) => (u: unknown): u is AnyApiError & { readonly id: Id } =>
  isApiError(u) && u.id === id

/**
 * Whether a value is an error that Kuzzle has answered with, with this status and any tag. `hasStatus(404)` is true for
 * the general `KuzzleNotFoundError` and for every named error with this status, for example
 * `KuzzleDocumentNotFoundError` and `KuzzleUserNotFoundError`. A missing index or collection has the status 412.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleDocument, KuzzleError } from "@effect-kuzzle/core"
 *
 * // Without the document.
 * export const taxi = KuzzleDocument.get({ index: "nyc", collection: "taxi", _id: "yellow-1" }).pipe(
 *   Effect.asSome,
 *   Effect.catchIf(KuzzleError.hasStatus(404), () => Effect.succeedNone)
 * )
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const hasStatus =
  <Status extends number>(status: Status) => (u: unknown): u is AnyApiError & { readonly status: Status } =>
    isApiError(u) && u.status === status

/**
 * Whether an error means that the session has ended on the server, because the token is unknown, expired or revoked.
 * Kuzzle reports an expired token as `security.token.invalid` (spec 7.3).
 *
 * @since 0.1.0
 * @category guards
 */
export const isTokenDead = (
  u: unknown
): u is UnauthorizedError & { readonly id: "security.token.invalid" | "security.token.expired" } =>
  u instanceof UnauthorizedError && (u.id === "security.token.invalid" || u.id === "security.token.expired")

const byStatus: { readonly [status: number]: new(fields: ApiErrorFields) => ApiError } = {
  206: PartialError,
  400: BadRequestError,
  401: UnauthorizedError,
  403: ForbiddenError,
  404: NotFoundError,
  412: PreconditionError,
  413: SizeLimitError,
  429: TooManyRequestsError,
  500: InternalError,
  502: ServiceUnavailableError,
  503: ServiceUnavailableError,
  504: GatewayTimeoutError
}

/**
 * Makes the API error for a status.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromStatus = (fields: ApiErrorFields): ApiError =>
  new (byStatus[fields.status] ?? OtherStatusError)(fields)
