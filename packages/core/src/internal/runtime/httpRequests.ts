/** Requests over HTTP: the counterpart of `requests.ts`, with the same promises where they apply. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { httpUrl, plain, type Settings } from "../../KuzzleConfig.ts"
import * as KuzzleError from "../../KuzzleError.ts"
import type { KuzzleHttpShape } from "../../KuzzleHttp.ts"
import { shown } from "../endpoint.ts"
import * as Envelope from "../protocol/envelope.ts"
import * as Http from "../protocol/http.ts"
import type { Credentials } from "./credentials.ts"
import { notADuration, type Requests, timeoutOf } from "./requests.ts"

export const make = (
  http: KuzzleHttpShape,
  settings: Pick<Settings, "endpoints" | "headers" | "maxRequestSize" | "requestTimeout">,
  credentials: Credentials
): Pick<Requests, "query" | "queryMany"> => {
  const address = new URL(httpUrl(settings.endpoints[0]))
  address.pathname = `${address.pathname.replace(/\/$/, "")}/_query`
  const url = address.href
  const headers = plain(settings.headers)

  const query = (
    request: Envelope.KuzzleRequest,
    options?: Envelope.RequestOptions
  ): Effect.Effect<Envelope.KuzzleResponse, KuzzleError.RequestError> =>
    Effect.gen(function*() {
      const { action, controller } = request
      const encoded = Envelope.encode(Http.withoutFalse(request))
      if (typeof encoded !== "string") return yield* encoded
      const part = credentials.sessionPart(options)
      if (typeof part !== "string") {
        return yield* new KuzzleError.EncodeError({ controller, action, issue: part.issue })
      }
      const body = `${encoded}${part}}`
      const tooLarge = Envelope.tooLarge(request, body, settings.maxRequestSize)
      if (tooLarge !== undefined) return yield* tooLarge
      const millis = timeoutOf(options, Duration.toMillis(settings.requestTimeout))
      if (millis === undefined) return yield* new KuzzleError.EncodeError({ controller, action, issue: notADuration })
      const timeout = Duration.millis(millis)
      const answer = yield* http.exchange({ method: "POST", url, headers, body }).pipe(
        Effect.mapError(({ cause }) =>
          new KuzzleError.HttpTransportError({ controller, action, url: shown(url), cause })
        ),
        Effect.timeoutFail({
          duration: timeout,
          onTimeout: () => new KuzzleError.DeadlineError({ controller, action, timeout, sent: true })
        })
      )
      return yield* Http.answer(request, answer.status, answer.body)
    })

  return {
    query,
    queryMany: (requests, options) =>
      Effect.forEach(requests, (request) => Effect.exit(query(request, options)), { concurrency: 16 })
  }
}
