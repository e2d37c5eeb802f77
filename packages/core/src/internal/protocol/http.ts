/**
 * Requests and answers over HTTP. `POST /_query` accepts the WebSocket's envelope for every action (spec 2.4). An
 * answer is an envelope, a bare error object, or anything else that a proxy sends (spec 2.2).
 */
import * as Exit from "effect/Exit"
import * as KuzzleError from "../../KuzzleError.ts"
import type { HttpAnswer } from "../../KuzzleHttp.ts"
import * as Json from "../data/json.ts"
import * as Redirect from "../data/redirect.ts"
import * as RetryAfter from "../data/retryAfter.ts"
import { httpOutcome, type KuzzleRequest, type KuzzleResponse, outcome } from "./envelope.ts"

/**
 * The request without arguments that are `false`. Over HTTP, a boolean argument that is present counts as true,
 * whatever its value (spec 2.4).
 */
export const withoutFalse = (request: KuzzleRequest): KuzzleRequest => {
  if (!Object.values(request).includes(false)) return request
  const { action, body, controller, ...rest } = request
  const args = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== false))
  return body === undefined ? { controller, action, ...args } : { controller, action, ...args, body }
}

/** The error of a request without an answer. */
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

/** The outcome of an answer. `wallMillis` is the current time. It is needed for a `Retry-After` that is a date. */
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
    // An action of Kuzzle may answer with a redirect, for example a login with several steps. Then there is an envelope
    // with the same status. The redirect of a proxy has no envelope.
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
 * Whether an answer has the requested bytes, and is neither an envelope, an error nor the page of a proxy. (For an
 * export in JSON lines, Kuzzle sends the type `html/text`. A page has `text/html`.)
 */
export const isDownload = (status: number, contentType: string | undefined): boolean =>
  status >= 200 && status < 300 && contentType !== undefined &&
  !/^(?:application\/json|text\/html)\b/i.test(contentType.trim())

/** The outcome of an answer that is not a download. */
export const noDownload = (
  request: KuzzleRequest,
  httpAnswer: HttpAnswer,
  wallMillis: number
): Exit.Exit<never, KuzzleError.ApiError | KuzzleError.ProtocolError> =>
  Exit.flatMap(answer(request, httpAnswer, wallMillis), () => {
    const { action, controller } = request
    const issue = "expected a stream of bytes, got an answer in JSON"
    return Exit.fail(new KuzzleError.ProtocolError({ controller, action, issue, status: httpAnswer.status }))
  })
