/**
 * The form of a frame (spec 1.1 to 1.6). No other module builds or takes apart a frame, so another codec is another
 * module with these exports.
 *
 * - The texts that `encode`, `encodeCanonical`, `callersPart` and `sessionPart` return are pieces of a frame. Other
 *   modules only keep them and pass them to `complete`. The one thing that they may rely on is that a piece contains no
 *   line break.
 * - `roomOf`, `idOf`, `errorIdOf` and the `is…` functions tell other modules what a frame is. `outcome` reads an
 *   answer.
 * - The content is not part of the form. Results and notifications are checked where they are used (`shape.ts`). The
 *   modules that write volatile data define it (`credentials.ts`, `traceparent.ts`).
 *
 * A frame is put together from texts. The caller's part is stringified once. The part that is the same for every
 * request of a session (token, volatile data) is kept as text.
 */
import type * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import * as KuzzleError from "../../KuzzleError.ts"
import type { Sender } from "../../KuzzleOutboxStore.ts"
import * as Json from "../data/json.ts"
import { canonical } from "./canonical.ts"

/**
 * A request: `controller` and `action` name it, `body` is its body, and every other member is an argument.
 */
export interface KuzzleRequest {
  readonly controller: string
  readonly action: string
  readonly index?: string | undefined
  readonly collection?: string | undefined
  readonly _id?: string | undefined
  readonly body?: unknown
  readonly [argument: string]: unknown
}

/** A REST route: the verb and the path. `:name` stands for the argument of that name. */
export type Route = readonly [verb: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string]

/** The options of a single request. */
export interface RequestOptions {
  /** The deadline of this request, in place of the setting `requestTimeout`. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Added to the setting `volatile`. */
  readonly volatile?: Readonly<Record<string, unknown>> | undefined
  /** Send it without the token of the session, as the anonymous user. */
  readonly anonymous?: boolean | undefined
  /**
   * Send it only as this user, or only without a session. If it cannot be sent in this way, it fails with a
   * `KuzzleNotSentError` whose cause has the reason `"OtherUser"`.
   */
  readonly as?: Sender | undefined
  /**
   * Whether executing it twice has the same effect as executing it once. Such a request may be resent if the connection
   * is lost before the answer.
   */
  readonly idempotent?: boolean | undefined
  /** Whether the offline queue may keep it (setting `autoQueue`). Default: `true`. */
  readonly queuable?: boolean | undefined
  /** Its REST route, where `:name` stands for the argument of that name. Used only over HTTP. */
  readonly route?: Route | undefined
}

/** The answer to a request that succeeded. */
export interface KuzzleResponse {
  readonly status: number
  /** The result of the action. `undefined` if Kuzzle sends none (`index:create`). `null` for some actions. */
  readonly result: unknown
  readonly requestId: string
  readonly controller: string
  readonly action: string
  readonly index?: string | null
  readonly collection?: string | null
  readonly volatile: { readonly [key: string]: unknown } | null
  /** Custom headers that the action set. */
  readonly headers?: { readonly [name: string]: string }
  readonly node?: string
  readonly deprecations?: ReadonlyArray<{ readonly version: string; readonly message: string }>
}

/** A frame from the server, whose members are not checked yet. */
export type Frame = Json.JsonObject

// -------------------------------------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------------------------------------

/**
 * The members that only the client sets. If a caller set them, answers could not be matched to requests, or a token
 * would bypass the session.
 */
const reserved = ["requestId", "jwt", "volatile"] as const

/** The controllers that store or publish their arguments. A `Redacted` value is not revealed to them. */
const disclosing: ReadonlySet<string> = new Set(["document", "bulk", "realtime", "ms"])

/** Which secrets a request to the controller may carry. */
const secretsOf = (controller: string): "Disclosed" | "Reveal" => disclosing.has(controller) ? "Disclosed" : "Reveal"

/**
 * The caller's part of a frame: JSON without its closing brace. A `SecretJson` contains a revealed secret: it may be
 * sent, but not stored.
 */
export const encode = (request: KuzzleRequest): string | Json.SecretJson | KuzzleError.EncodeError => {
  for (const key of reserved) {
    if (request[key] !== undefined) {
      return failure(request, `the member "${key}" is set by the client${hints[key]}`)
    }
  }
  const body = Json.remembered(request.body)
  return body === undefined
    ? encodeAll(request, "")
    : encodeAll({ ...request, body: undefined }, `,"body":${body}`)
}

/** Encodes a request, and appends a member that is already encoded. */
const encodeAll = (request: KuzzleRequest, added: string): string | Json.SecretJson | KuzzleError.EncodeError => {
  const json = Json.stringifySecret(request, secretsOf(request.controller))
  if (!(typeof json === "string" || json instanceof Json.SecretJson)) return failure(request, json.issue)
  const opened = open(request, typeof json === "string" ? json : json.text)
  if (typeof opened !== "string") return opened
  return typeof json === "string" ? opened + added : new Json.SecretJson(opened + added)
}

const open = (request: KuzzleRequest, json: string): string | KuzzleError.EncodeError =>
  json[0] === "{" ? json.slice(0, -1) : failure(request, "its toJSON does not return an object")

/**
 * Like `encode`, for a request that was checked. The members of every object are in the order of their names, so equal
 * requests have equal texts.
 */
export const encodeCanonical = (request: object): string => callersPart(canonical(request))

/** The caller's part of a frame, from the JSON of the request. */
export const callersPart = (json: string): string => json.slice(0, -1)

/**
 * The JSON of a body that is sent by itself. It is encoded as a member, so that the path of a fault begins with `body`.
 */
export const encodeBody = (controller: string, body: unknown): string | Json.Fault => {
  const remembered = Json.remembered(body)
  if (remembered !== undefined) return remembered
  const encoded = Json.stringifySecret({ body }, secretsOf(controller))
  const json = encoded instanceof Json.SecretJson ? encoded.text : encoded
  if (typeof json !== "string") return json
  return json === "{}" ? { issue: "body: there is nothing to send" } : json.slice(`{"body":`.length, -1)
}

const hints = {
  requestId: "",
  jwt: ": use KuzzleAuth.login or Kuzzle.setToken",
  volatile: ": pass it in the options of the call"
}

const failure = (request: KuzzleRequest, issue: string) =>
  new KuzzleError.EncodeError({ controller: request.controller, action: request.action, issue })

/** The frame: the caller's part, the session's part (`,"jwt":…,"volatile":…` or nothing), and the id. */
export const complete = (encoded: string, session: string, id: string): string =>
  `${encoded}${session},"requestId":"${id}"}`

/**
 * A request as JSON without an id. Over HTTP, it is sent with the session's part. The outbox stores it without that
 * part.
 */
export const withoutId = (encoded: string, session = ""): string => `${encoded}${session}}`

/** The part that the session adds to every request. `volatile` is JSON. */
export const sessionPart = (token: string | undefined, volatile: string): string =>
  `${token === undefined ? "" : `,"jwt":${JSON.stringify(token)}`},"volatile":${volatile}`

/**
 * The size of a JSON text in bytes, if it exceeds `limit`. Short texts are not counted. (`JSON.stringify` escapes a
 * lone surrogate, so each surrogate that is counted here is half of a pair of four bytes.)
 */
export const exceeds = (text: string, limit: number): number | undefined => {
  if (text.length * 3 <= limit) return undefined
  const size = sizeOf(text)
  return size > limit ? size : undefined
}

/** The error of a frame above the limit. Sending it would end the whole connection (spec 1.8). */
export const tooLarge = (
  { action, controller }: { readonly controller: string; readonly action: string },
  frame: string,
  limit: number
): KuzzleError.PayloadTooLargeError | undefined => {
  const size = exceeds(frame, limit)
  return size === undefined ? undefined : new KuzzleError.PayloadTooLargeError({ controller, action, size, limit })
}

/** The size of a JSON text in UTF-8, in bytes. */
export const sizeOf = (text: string): number => {
  let size = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) size += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return size
}

/** The exact texts of the application ping and its answer (spec 1.6). */
export const ping = `{"p":1}`
export const pong = `{"p":2}`

// -------------------------------------------------------------------------------------------------------------------
// inbound frames
// -------------------------------------------------------------------------------------------------------------------

/** Reads a frame. It never throws, whatever the text. */
export const decode: (text: string) => Frame | Json.Unreadable = Json.parseObject

export const isUnreadable: (decoded: Frame | Json.Unreadable) => decoded is Json.Unreadable = Json.isUnreadable

/** The room that a frame is addressed to: the id of a request, or a channel. */
export const roomOf = ({ room }: Frame): string | undefined => typeof room === "string" ? room : undefined

/** The request that a frame without a room answers (spec 1.7). */
export const idOf = ({ requestId }: Frame): string | undefined => typeof requestId === "string" ? requestId : undefined

/** The id of the error that a frame carries. */
export const errorIdOf = ({ error }: Frame): string | undefined =>
  typeof error === "object" && error !== null && "id" in error && typeof error.id === "string" ? error.id : undefined

/** Whether the frame is the answer to a ping, also if its text differs from `pong`. */
export const isPong = (frame: Frame): boolean => frame.p === 2 && Object.keys(frame).length === 1

export const isTokenExpired = ({ room, type }: Frame): boolean =>
  room === "kuzzle:notification:server" && type === "TokenExpired"

export const isDebuggerEvent = ({ room }: Frame): boolean => room === "kuzzle-debugger-event"

export const isNotification = ({ type }: Frame): boolean => type === "document" || type === "user"

/** The id of the client whose request caused an answer or a notification, from its volatile data (spec 3.6). */
export const instanceOf = ({ volatile }: { readonly volatile?: unknown }): unknown =>
  typeof volatile === "object" && volatile !== null && "sdkInstanceId" in volatile ? volatile.sdkInstanceId : undefined

/**
 * The room of a frame that is too large to parse. In every answer and notification of a real Kuzzle, the room is the
 * last member, so content cannot be mistaken for it.
 */
export const roomAtEnd = (text: string): string | undefined => /"room":"([^"\\]+)"\}$/.exec(text.slice(-200))?.[1]

// -------------------------------------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------------------------------------

/**
 * The outcome of a request, from the frame that answers it. A frame without a numeric status is not an answer of
 * Kuzzle, unless it is the object of a raw action. That has a `room` and neither `status` nor `requestId` (spec 1.3).
 */
export const outcome = (
  { action, controller }: { readonly controller: string; readonly action: string },
  frame: Frame,
  retryAfter?: Duration.Duration
): Exit.Exit<KuzzleResponse, KuzzleError.ApiError | KuzzleError.ProtocolError> => {
  const { error, requestId, room, status, volatile } = frame
  if ((error === null || error === undefined) && typeof status === "number") {
    if (status >= 400) return Exit.fail(apiError({ controller, action }, {}, status, undefined, retryAfter))
    const isWhole = volatile !== undefined && requestId !== undefined
    const whole: unknown = isWhole ? frame : { controller, action, requestId: room, volatile: null, ...frame }
    // A success has the members and types of spec 1.3. Members that the answer lacks are taken from the request.
    return Exit.succeed(whole as KuzzleResponse)
  }
  if (typeof error === "object" && error !== null) {
    // Safe: an object of parsed JSON, whose members are unknown.
    return Exit.fail(apiError({ controller, action }, error as Frame, status, frame.result, retryAfter))
  }
  if (status === undefined && requestId === undefined && typeof room === "string") {
    const { room: _, ...result } = frame
    return Exit.succeed({ controller, action, status: 200, result, requestId: room, volatile: null })
  }
  const issue = error === null || error === undefined
    ? "expected an answer with a status, got another JSON object"
    : `error: expected an object, got a ${typeof error}`
  return Exit.fail(new KuzzleError.ProtocolError({ controller, action, issue }))
}

/**
 * The same for an answer over HTTP, which may also be a bare error, or the bare object of a raw action (spec 1.3, 2.2).
 * Returns `undefined` if it is no answer of Kuzzle.
 */
export const httpOutcome = (
  { action, controller }: { readonly controller: string; readonly action: string },
  frame: Frame,
  status: number,
  retryAfter: Duration.Duration | undefined
): Exit.Exit<KuzzleResponse, KuzzleError.ApiError | KuzzleError.ProtocolError> | undefined => {
  if ("requestId" in frame) return outcome({ controller, action }, frame, retryAfter)
  if (typeof frame.id === "string" && typeof frame.message === "string" && typeof frame.status === "number") {
    return Exit.fail(apiError({ controller, action }, frame, status, undefined, retryAfter))
  }
  return status < 300
    ? Exit.succeed({ controller, action, status, result: frame, requestId: "", volatile: null })
    : undefined
}

/** The typed error of an `error` object. Members that are missing or malformed get default values. */
const apiError = (
  request: { readonly controller: string; readonly action: string },
  error: Frame,
  status: unknown,
  result: unknown,
  retryAfter: Duration.Duration | undefined
): KuzzleError.ApiError => {
  const errorStatus = typeof error.status === "number" ? error.status : status
  return KuzzleError.fromStatus({
    controller: request.controller,
    action: request.action,
    id: typeof error.id === "string" ? error.id : "",
    code: typeof error.code === "number" ? error.code : 0,
    status: typeof errorStatus === "number" ? errorStatus : 500,
    message: typeof error.message === "string" ? error.message : "the server gave no message",
    props: Array.isArray(error.props) ? error.props : [],
    ...(Array.isArray(error.errors) ? { errors: error.errors } : {}),
    ...(typeof error.stack === "string" ? { serverStack: error.stack } : {}),
    ...(result === null || result === undefined ? {} : { result }),
    ...(retryAfter === undefined ? {} : { retryAfter })
  })
}
