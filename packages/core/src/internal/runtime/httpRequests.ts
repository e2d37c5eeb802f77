/** Requests over HTTP. They keep the same promises as those of `requests.ts`, as far as these apply. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type HttpSettings, httpUrl, plain, unsettled } from "../../KuzzleConfig.ts"
import * as KuzzleError from "../../KuzzleError.ts"
import type { HttpCall, KuzzleHttpShape } from "../../KuzzleHttp.ts"
import { withoutSecrets } from "../data/endpoint.ts"
import { type Added, canSendAs, type Credentials, isAnonymous } from "../protocol/credentials.ts"
import * as Envelope from "../protocol/envelope.ts"
import * as Http from "../protocol/http.ts"
import * as Rest from "../protocol/rest.ts"
import * as Body from "../services/body.ts"
import { notADuration, type Requests, timeoutOf } from "./requests.ts"
import type { Telemetry } from "./telemetry.ts"

export interface HttpRequests extends Pick<Requests, "query" | "queryMany" | "urgent"> {
  /**
   * Sends a request whose answer is bytes. The deadline applies to the beginning of the answer and to each part of it.
   */
  readonly download: (
    request: Envelope.KuzzleRequest,
    options?: Envelope.RequestOptions
  ) => Stream.Stream<Uint8Array, KuzzleError.RequestError>
}

export const make = (
  http: KuzzleHttpShape,
  settings: Pick<
    HttpSettings,
    "endpoints" | "headers" | "maxRequestSize" | "maxResponseSize" | "requestTimeout" | "routes"
  >,
  credentials: Credentials,
  metrics: Telemetry["metrics"]
): HttpRequests => {
  /** The address and the headers of a request. */
  const target = Effect.map(
    Effect.all({ endpoints: settings.endpoints, headers: settings.headers }),
    ({ endpoints: [endpoint], headers }): Target => ({ endpoint, headers: plain(headers) })
  )

  /** Posts the envelope of the WebSocket. `session` is the part that the session adds to it. */
  const posted = (
    { endpoint, headers }: Target,
    request: Envelope.KuzzleRequest,
    session: string
  ): HttpCall | KuzzleError.EncodeError => {
    const encoded = Envelope.encode(Http.withoutFalse(request))
    if (encoded instanceof KuzzleError.EncodeError) return encoded
    const text = typeof encoded === "string" ? encoded : encoded.text
    return { method: "POST", url: at(endpoint, "/_query"), headers, body: Envelope.withoutId(text, session) }
  }

  /** Calls the route of the action. The part of the session is in headers. */
  const routed = (
    { endpoint, headers }: Target,
    request: Envelope.KuzzleRequest,
    { token, volatile }: Added,
    route: Envelope.Route | undefined
  ): HttpCall | KuzzleError.EncodeError => {
    const { action, controller } = request
    if (route === undefined) {
      const issue = "it has no REST route: leave the setting `routes` out, or pass its route"
      return new KuzzleError.EncodeError({ controller, action, issue })
    }
    // This refuses members that only the session may set, and arguments that JSON cannot represent. The body is encoded
    // below.
    const encoded = Envelope.encode({ ...request, body: undefined })
    if (encoded instanceof KuzzleError.EncodeError) return encoded
    const rest = Rest.call(route, request)
    if ("issue" in rest) return new KuzzleError.EncodeError({ controller, action, issue: rest.issue })
    return {
      method: rest.method,
      url: at(endpoint, rest.path),
      headers: {
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        "x-kuzzle-volatile": ascii(volatile)
      },
      body: rest.body
    }
  }

  /** The HTTP call for a request, and its deadline. */
  const prepare = (
    request: Envelope.KuzzleRequest,
    options: Envelope.RequestOptions | undefined
  ): Effect.Effect<
    { readonly call: HttpCall; readonly timeout: Duration.Duration },
    KuzzleError.EncodeError | KuzzleError.PayloadTooLargeError | KuzzleError.NotSentError
  > =>
    Effect.gen(function*() {
      const { action, controller } = request
      if (options?.as !== undefined && !canSendAs(options.as, credentials.current())) {
        const cause = new KuzzleError.NotQueuedError({ reason: "OtherUser" })
        return yield* new KuzzleError.NotSentError({ controller, action, cause })
      }
      const part = settings.routes === "rest" ? credentials.added(options) : credentials.sessionPart(options)
      if (typeof part !== "string" && "issue" in part) {
        return yield* new KuzzleError.EncodeError({ controller, action, issue: part.issue })
      }
      const to = yield* Effect.mapError(
        target,
        (cause) => new KuzzleError.NotSentError({ controller, action, cause: unsettled("", cause) })
      )
      const call = typeof part === "string" ? posted(to, request, part) : routed(to, request, part, options?.route)
      if ("_tag" in call) return yield* call
      const tooLarge = Envelope.tooLarge(request, call.body ?? "", settings.maxRequestSize)
      if (tooLarge !== undefined) return yield* tooLarge
      const millis = timeoutOf(options, Duration.toMillis(settings.requestTimeout))
      if (millis === undefined) {
        return yield* new KuzzleError.EncodeError({ controller, action, issue: notADuration(options) })
      }
      return { call, timeout: Duration.millis(millis) }
    })

  const { maxResponseSize } = settings

  const lost = (request: Envelope.KuzzleRequest, { url }: HttpCall) =>
    Http.lost(request, withoutSecrets(url), maxResponseSize)

  const late = ({ action, controller }: Envelope.KuzzleRequest, timeout: Duration.Duration) => () =>
    new KuzzleError.DeadlineError({ controller, action, timeout, sent: true })

  const urgent = (
    request: Envelope.KuzzleRequest,
    options?: Envelope.RequestOptions
  ): Effect.Effect<Envelope.KuzzleResponse, KuzzleError.RequestError> =>
    Effect.gen(function*() {
      const { call, timeout } = yield* prepare(request, options)
      const answer = yield* counted(metrics, http.exchange(call, maxResponseSize)).pipe(
        Effect.mapError(lost(request, call)),
        Effect.timeoutFail({ duration: timeout, onTimeout: late(request, timeout) })
      )
      return yield* Http.answer(request, answer, yield* Clock.currentTimeMillis)
    })

  /** After the loss of the session, only requests without its token are sent. */
  const checkSession = (
    { action, controller }: Envelope.KuzzleRequest,
    options: Envelope.RequestOptions | undefined
  ): Effect.Effect<void, KuzzleError.UnauthenticatedError> =>
    Effect.suspend(() => {
      const cause = credentials.sessionEnd()
      return cause === undefined || isAnonymous(options)
        ? Effect.void
        : Effect.fail(new KuzzleError.UnauthenticatedError({ controller, action, cause }))
    })

  const query: HttpRequests["query"] = (request, options) =>
    Effect.zipRight(checkSession(request, options), urgent(request, options))

  return {
    query,
    urgent,
    queryMany: (requests, options) =>
      Effect.forEach(requests, (request) => Effect.exit(query(request, options)), { concurrency: 16 }),
    download: (request, options) =>
      Stream.unwrap(Effect.gen(function*() {
        yield* checkSession(request, options)
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
        const text = yield* Effect.mapError(
          Body.text(bytes, maxResponseSize),
          (error) => (error._tag === "KuzzleAnswerTooLargeError" ? lost(request, call)(error) : error)
        )
        const answer = { status, headers, body: text }
        return yield* Http.noDownload(request, answer, yield* Clock.currentTimeMillis)
      }))
  }
}

interface Target {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
}

/** Joins a path to the address of a server. Both may have a query, and the address may have a path. */
const at = (endpoint: string, path: string): string => {
  const [base = "", ...query] = httpUrl(endpoint).split("?")
  const queryText = query.length === 0 ? "" : `${path.includes("?") ? "&" : "?"}${query.join("?")}`
  return `${base.replace(/\/$/, "")}${path}${queryText}`
}

const counted = <A, E>(metrics: Telemetry["metrics"], exchange: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  metrics === undefined ? exchange : Effect.acquireUseRelease(
    Effect.sync(() => metrics.inFlight(1)),
    () =>
      Effect.map(Effect.timed(exchange), ([duration, answer]) => {
        metrics.answered(Duration.toMillis(duration))
        return answer
      }),
    () => Effect.sync(() => metrics.inFlight(-1))
  )

/** JSON in ASCII, because headers cannot contain other characters. JSON can escape them. */
const ascii = (json: string): string =>
  json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
