/** Requests over HTTP: the counterpart of `requests.ts`, with the same promises where they apply. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { httpUrl, plain, type Settings } from "../../KuzzleConfig.ts"
import * as KuzzleError from "../../KuzzleError.ts"
import type { HttpCall, KuzzleHttpShape, NoAnswer } from "../../KuzzleHttp.ts"
import { shown } from "../endpoint.ts"
import * as Envelope from "../protocol/envelope.ts"
import * as Http from "../protocol/http.ts"
import * as Rest from "../protocol/rest.ts"
import type { Credentials } from "./credentials.ts"
import * as Metrics from "./metrics.ts"
import { notADuration, type Requests, timeoutOf } from "./requests.ts"

export interface HttpRequests extends Pick<Requests, "query" | "queryMany"> {
  /** For an action that answers with bytes. The deadline is for the beginning of the answer, and for each part of it. */
  readonly download: (
    request: Envelope.KuzzleRequest,
    options?: Envelope.RequestOptions
  ) => Stream.Stream<Uint8Array, KuzzleError.RequestError>
}

export const make = (
  http: KuzzleHttpShape,
  settings: Pick<Settings, "endpoints" | "headers" | "maxRequestSize" | "requestTimeout" | "routes">,
  credentials: Credentials
): HttpRequests => {
  const address = new URL(httpUrl(settings.endpoints[0]))
  const base = `${address.origin}${address.pathname.replace(/\/$/, "")}`
  /** The address may have a query string of its own. */
  const at = (path: string) =>
    `${base}${path}${address.search.replace("?", (mark) => (path.includes(mark) ? "&" : mark))}`
  const headers = plain(settings.headers)

  /** The envelope of the WebSocket, posted. `session` is what the session adds to it. */
  const posted = (request: Envelope.KuzzleRequest, session: string): HttpCall | KuzzleError.EncodeError => {
    const encoded = Envelope.encode(Http.withoutFalse(request))
    return typeof encoded === "string"
      ? { method: "POST", url: at("/_query"), headers, body: `${encoded}${session}}` }
      : encoded
  }

  /** The call of a route, with what the session adds in headers. */
  const routed = (
    request: Envelope.KuzzleRequest,
    session: string,
    route: Envelope.Route | undefined
  ): HttpCall | KuzzleError.EncodeError => {
    const { action, controller } = request
    if (route === undefined) {
      const issue = "it has no REST route: leave the setting `routes` out, or pass its route"
      return new KuzzleError.EncodeError({ controller, action, issue })
    }
    // It refuses the members that are the session's to set.
    const encoded = Envelope.encode(request)
    if (typeof encoded !== "string") return encoded
    const rest = Rest.call(route, request)
    if ("issue" in rest) return new KuzzleError.EncodeError({ controller, action, issue: rest.issue })
    // The part of an envelope, made by `Envelope.sessionPart`.
    const { jwt, volatile }: { readonly jwt?: string; readonly volatile: unknown } = JSON.parse(`{${session.slice(1)}}`)
    return {
      method: rest.method,
      url: at(rest.path),
      headers: {
        ...headers,
        ...(jwt === undefined ? {} : { authorization: `Bearer ${jwt}` }),
        "x-kuzzle-volatile": ascii(JSON.stringify(volatile))
      },
      body: rest.body
    }
  }

  /** What is sent for a request, and how long its answer may take. */
  const prepare = (
    request: Envelope.KuzzleRequest,
    options: Envelope.RequestOptions | undefined
  ): Effect.Effect<
    { readonly call: HttpCall; readonly timeout: Duration.Duration },
    KuzzleError.EncodeError | KuzzleError.PayloadTooLargeError
  > =>
    Effect.gen(function*() {
      const { action, controller } = request
      const part = credentials.sessionPart(options)
      if (typeof part !== "string") {
        return yield* new KuzzleError.EncodeError({ controller, action, issue: part.issue })
      }
      const call = settings.routes === "rest" ? routed(request, part, options?.route) : posted(request, part)
      if ("_tag" in call) return yield* call
      const tooLarge = Envelope.tooLarge(request, call.body ?? "", settings.maxRequestSize)
      if (tooLarge !== undefined) return yield* tooLarge
      const millis = timeoutOf(options, Duration.toMillis(settings.requestTimeout))
      if (millis === undefined) return yield* new KuzzleError.EncodeError({ controller, action, issue: notADuration })
      return { call, timeout: Duration.millis(millis) }
    })

  const lost = ({ action, controller }: Envelope.KuzzleRequest, { url }: HttpCall) => ({ cause }: NoAnswer) =>
    new KuzzleError.HttpTransportError({ controller, action, url: shown(url), cause })

  const late = ({ action, controller }: Envelope.KuzzleRequest, timeout: Duration.Duration) => () =>
    new KuzzleError.DeadlineError({ controller, action, timeout, sent: true })

  const query = (
    request: Envelope.KuzzleRequest,
    options?: Envelope.RequestOptions
  ): Effect.Effect<Envelope.KuzzleResponse, KuzzleError.RequestError> =>
    Effect.gen(function*() {
      const { call, timeout } = yield* prepare(request, options)
      const answer = yield* counted(http.exchange(call)).pipe(
        Effect.mapError(lost(request, call)),
        Effect.timeoutFail({ duration: timeout, onTimeout: late(request, timeout) })
      )
      return yield* Http.answer(request, answer.status, answer.body)
    })

  return {
    query,
    queryMany: (requests, options) =>
      Effect.forEach(requests, (request) => Effect.exit(query(request, options)), { concurrency: 16 }),
    download: (request, options) =>
      Stream.unwrap(Effect.gen(function*() {
        const { call, timeout } = yield* prepare(request, options)
        const { body, headers, status } = yield* http.stream(call).pipe(
          Effect.mapError(lost(request, call)),
          Effect.timeoutFail({ duration: timeout, onTimeout: late(request, timeout) })
        )
        const bytes = body.pipe(
          Stream.mapError(lost(request, call)),
          Stream.timeoutFail(late(request, timeout), timeout)
        )
        if (Http.isDownload(status, headers["content-type"])) return bytes
        return yield* Http.noDownload(request, status, yield* Stream.mkString(Stream.decodeText(bytes)))
      }))
  }
}

const counted = <A, E>(exchange: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    Effect.sync(() => Metrics.inFlight(1)),
    () =>
      Effect.map(Effect.timed(exchange), ([took, answer]) => {
        Metrics.answered(Duration.toMillis(took))
        return answer
      }),
    () => Effect.sync(() => Metrics.inFlight(-1))
  )

/** Headers carry no other characters; JSON can spell them otherwise. */
const ascii = (json: string): string =>
  json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
