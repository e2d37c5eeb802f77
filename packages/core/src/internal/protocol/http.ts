/**
 * The same requests over HTTP: `POST /_query` takes the WebSocket's envelope for every action (spec 2.4). An answer has
 * one of three shapes: the envelope, a bare error object, or anything at all from a proxy (spec 2.2).
 */
import * as Exit from "effect/Exit"
import * as KuzzleError from "../../KuzzleError.ts"
import type { HttpAnswer } from "../../KuzzleHttp.ts"
import * as Json from "../data/json.ts"
import * as Redirect from "../data/redirect.ts"
import * as RetryAfter from "../data/retryAfter.ts"
import { httpOutcome, type KuzzleRequest, type KuzzleResponse, outcome } from "./envelope.ts"

/** Over HTTP, any boolean argument that is present counts as true, even `false` (spec 2.4). So `false` is left out. */
export const withoutFalse = (request: KuzzleRequest): KuzzleRequest => {
  if (!Object.values(request).includes(false)) return request
  const { action, body, controller, ...rest } = request
  const kept = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== false))
  return body === undefined ? { controller, action, ...kept } : { controller, action, ...kept, body }
}

/** The outcome of an exchange without an answer. */
export const lost = (
  { action, controller }: Pick<KuzzleRequest, "controller" | "action">,
  url: string,
  limit: number
) =>
(
  error: KuzzleError.NoAnswerError | KuzzleError.AnswerTooLargeError
): KuzzleError.HttpTransportError | KuzzleError.ResponseTooLargeError =>
  error._tag === "KuzzleNoAnswerError"
    ? new KuzzleError.HttpTransportError({
      controller,
      action,
      url,
      cause: error.cause,
      ...(error.issue === undefined ? {} : { issue: error.issue })
    })
    : new KuzzleError.ResponseTooLargeError({ controller, action, limit })

/** The outcome of an answer. `wallMillis` is the current time, for a `Retry-After` that is a date. */
export const answer = (
  { action, controller }: Pick<KuzzleRequest, "controller" | "action">,
  { body, headers, status }: HttpAnswer,
  wallMillis: number
): Exit.Exit<KuzzleResponse, KuzzleError.ApiError | KuzzleError.ProtocolError> => {
  const retryAfter = RetryAfter.parse(headers, wallMillis)
  const notKuzzle = (issue: string, location?: string) =>
    Exit.fail(
      new KuzzleError.ProtocolError({
        controller,
        action,
        issue,
        ...(status === 0 ? {} : { status }),
        ...(retryAfter === undefined ? {} : { retryAfter }),
        ...(location === undefined ? {} : { location })
      })
    )
  const frame = Json.parseObject(body)
  if (Redirect.is(status)) {
    // An action of Kuzzle may answer with a redirect, such as a login by a strategy of several steps. Its envelope has the
    // same status; that of anyone else who redirects has none.
    if (!Json.isUnreadable(frame) && "requestId" in frame && frame["status"] === status) {
      return outcome({ controller, action }, { ...frame, headers: { location: headers.location } }, retryAfter)
    }
    const location = Redirect.target(headers.location)
    return notKuzzle(Redirect.issue(status, location), location)
  }
  if (Json.isUnreadable(frame)) {
    return notKuzzle(
      `expected ${frame.unreadable === "NotJson" ? "JSON" : "a JSON object"}, got ${
        body === "" ? "nothing" : JSON.stringify(body.slice(0, 60))
      } with HTTP status ` +
        `${status}: is ${status >= 500 ? "the server behind the proxy up" : "this the address of a Kuzzle server"}?`
    )
  }
  return httpOutcome({ controller, action }, frame, status, retryAfter) ??
    notKuzzle(`expected an answer of Kuzzle, got another JSON object with HTTP status ${status}`)
}

/**
 * Whether an answer is the bytes that were asked for, and no error in one of its three shapes. (Kuzzle says `html/text` of
 * an export in JSON lines; a page says `text/html`.)
 */
export const isDownload = (status: number, contentType: string | undefined): boolean =>
  status >= 200 && status < 300 && contentType !== undefined &&
  !/^(?:application\/json|text\/html)\b/i.test(contentType.trim())

/** The outcome of an answer that is not a download. */
export const noDownload = (
  request: KuzzleRequest,
  received: HttpAnswer,
  wallMillis: number
): Exit.Exit<never, KuzzleError.ApiError | KuzzleError.ProtocolError> =>
  Exit.flatMap(answer(request, received, wallMillis), () => {
    const { action, controller } = request
    const issue = "expected a stream of bytes, got an answer in JSON"
    return Exit.fail(new KuzzleError.ProtocolError({ controller, action, issue, status: received.status }))
  })
