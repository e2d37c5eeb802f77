/**
 * What a frame looks like (spec 1.1 to 1.6). No other module builds a frame or picks one apart, so another codec is another
 * module with these exports.
 *
 * - The texts that `encode`, `encodeCanonical`, `callersPart` and `sessionPart` return are pieces of a frame. Other modules keep
 *   them and hand them to `complete`, and know nothing of their form, except that they contain no line break.
 * - Other modules ask `roomOf`, `idOf`, `errorIdOf` and the `is…` functions what a frame is, and `outcome` what it answers.
 * - The content is not part of the form: results and notifications are checked where they are used (`shape.ts`), volatile
 *   data belongs to those that write it (`credentials.ts`, `traceparent.ts`).
 *
 * Encoding splices texts: the caller's part is stringified once, and the part that is the same for every request of the
 * session (token, volatile data) is kept as text.
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
   * Send it only as this user, or only without a session. If another user is logged in when it is sent, it fails with a
   * `KuzzleNotSentError` whose cause has the reason `"OtherUser"`.
   */
  readonly as?: Sender | undefined
  /**
   * Executing it twice has the same effect as executing it once: it may be resent if the connection is lost before the
   * answer.
   */
  readonly idempotent?: boolean | undefined
  /** `false`: do not keep it in the offline queue (setting `autoQueue`). */
  readonly queuable?: boolean | undefined
  /** Its REST route, where `:name` stands for the argument of that name. Only used over HTTP. */
  readonly route?: Route | undefined
}

/** The answer to a request that succeeded. */
export interface KuzzleResponse {
  readonly status: number
  /** `undefined` if Kuzzle sends none (`index:create`); `null` for some actions. */
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
 * The members that only the client sets. If a caller set them, answers could not be matched, or a token would bypass
 * the session.
 */
const reserved = ["requestId", "jwt", "volatile"] as const

/** These controllers store or publish their arguments, so a `Redacted` value is not revealed to them. */
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

/** Encodes a request, and adds a member that is encoded already. */
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
 * The same for a request that JSON can carry, with the members of every object in order of their names: equal requests
 * have equal texts.
 */
export const encodeCanonical = (request: object): string => callersPart(canonical(request))

/** The caller's part of a frame, from the JSON of the request. */
export const callersPart = (json: string): string => json.slice(0, -1)

/** The text of a body that is sent by itself. It is encoded as a member, so that a fault has its place in the request. */
export const encodeBody = (controller: string, body: unknown): string | Json.Fault => {
  const known = Json.remembered(body)
  if (known !== undefined) return known
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

/** The frame: the caller's part, what the session adds (`,"jwt":…,"volatile":…` or nothing), and the id. */
export const complete = (encoded: string, session: string, id: string): string =>
  `${encoded}${session},"requestId":"${id}"}`

/**
 * A request without an id, as JSON. Over HTTP it is sent with the part of the session. The outbox stores it without that
 * part.
 */
export const withoutId = (encoded: string, session = ""): string => `${encoded}${session}}`

/** What the session adds to every request; `volatile` as JSON. */
export const sessionPart = (token: string | undefined, volatile: string): string =>
  `${token === undefined ? "" : `,"jwt":${JSON.stringify(token)}`},"volatile":${volatile}`

/**
 * The bytes of a JSON text when they exceed `limit`, counted only when they may. (`JSON.stringify` escapes a lone
 * surrogate, so each one counted here is half of a pair of four bytes.)
 */
export const exceeds = (text: string, limit: number): number | undefined => {
  if (text.length * 3 <= limit) return undefined
  const size = sizeOf(text)
  return size > limit ? size : undefined
}

/** The error of a frame above the limit: sent, it would kill the whole socket (spec 1.8). */
export const tooLarge = (
  { action, controller }: { readonly controller: string; readonly action: string },
  frame: string,
  limit: number
): KuzzleError.PayloadTooLargeError | undefined => {
  const size = exceeds(frame, limit)
  return size === undefined ? undefined : new KuzzleError.PayloadTooLargeError({ controller, action, size, limit })
}

/** Bytes of a JSON text in UTF-8. */
export const sizeOf = (text: string): number => {
  let size = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) size += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return size
}

/** The application ping and its answer, to the letter (spec 1.6). */
export const ping = `{"p":1}`
export const pong = `{"p":2}`

// -------------------------------------------------------------------------------------------------------------------
// where an inbound frame goes
// -------------------------------------------------------------------------------------------------------------------

/** Reads one frame. Decoding is total: no input throws. */
export const decode: (text: string) => Frame | Json.Unreadable = Json.parseObject

export const isUnreadable: (decoded: Frame | Json.Unreadable) => decoded is Json.Unreadable = Json.isUnreadable

/** The room that a frame is addressed to: the id of a request, or a channel. */
export const roomOf = ({ room }: Frame): string | undefined => typeof room === "string" ? room : undefined

/** The request that a frame without a room answers (spec 1.7). */
export const idOf = ({ requestId }: Frame): string | undefined => typeof requestId === "string" ? requestId : undefined

/** The id of the error that a frame carries. */
export const errorIdOf = ({ error }: Frame): string | undefined =>
  typeof error === "object" && error !== null && "id" in error && typeof error.id === "string" ? error.id : undefined

/** A pong that is spelled otherwise than `pong`. */
export const isPong = (frame: Frame): boolean => frame.p === 2 && Object.keys(frame).length === 1

export const isTokenExpired = ({ room, type }: Frame): boolean =>
  room === "kuzzle:notification:server" && type === "TokenExpired"

export const isDebuggerEvent = ({ room }: Frame): boolean => room === "kuzzle-debugger-event"

export const isNotification = ({ type }: Frame): boolean => type === "document" || type === "user"

/** The client whose request caused an answer or a notification, by its volatile data (spec 3.6). */
export const instanceOf = ({ volatile }: { readonly volatile?: unknown }): unknown =>
  typeof volatile === "object" && volatile !== null && "sdkInstanceId" in volatile ? volatile.sdkInstanceId : undefined

/**
 * The room of a frame that is too large to parse. The server writes it last, so the content cannot be mistaken for it.
 * (Every answer and every notification of a real Kuzzle ends with it.)
 */
export const roomAtEnd = (text: string): string | undefined => /"room":"([^"\\]+)"\}$/.exec(text.slice(-200))?.[1]

// -------------------------------------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------------------------------------

/**
 * The outcome of a request, from the response frame. A frame without a numeric status is not an answer of Kuzzle, except
 * the object of a raw action, which has a `room` and neither `status` nor `requestId` (spec 1.3).
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
    // Own members of a parsed JSON object, of unknown type each.
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
 * `undefined`: it is no answer of Kuzzle.
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

/** The typed error of an `error` object, whichever of its members are missing or odd. */
const apiError = (
  request: { readonly controller: string; readonly action: string },
  error: Frame,
  status: unknown,
  result: unknown,
  retryAfter: Duration.Duration | undefined
): KuzzleError.ApiError => {
  const own = typeof error.status === "number" ? error.status : status
  return KuzzleError.fromStatus({
    controller: request.controller,
    action: request.action,
    id: typeof error.id === "string" ? error.id : "",
    code: typeof error.code === "number" ? error.code : 0,
    status: typeof own === "number" ? own : 500,
    message: typeof error.message === "string" ? error.message : "the server gave no message",
    props: Array.isArray(error.props) ? error.props : [],
    ...(Array.isArray(error.errors) ? { errors: error.errors } : {}),
    ...(typeof error.stack === "string" ? { serverStack: error.stack } : {}),
    ...(result === null || result === undefined ? {} : { result }),
    ...(retryAfter === undefined ? {} : { retryAfter })
  })
}
