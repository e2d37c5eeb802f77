/**
 * One exchange over HTTP. What is asked and what the answer means is the client's affair: this is the seam at which a
 * platform binds its `HttpClient`.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * @since 0.1.0
 * @category models
 */
export interface HttpCall {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly body: string | undefined
}

/**
 * Any answer is one, whatever its status.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * What a `KuzzleHttp` does.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleHttpShape {
  /** Fails with what the runtime says when no answer came. Interruption aborts the exchange. */
  readonly exchange: (call: HttpCall) => Effect.Effect<HttpAnswer, NoAnswer>
}

/**
 * No HTTP answer came: the address refused, the connection broke, the browser forbade it.
 *
 * @since 0.1.0
 * @category models
 */
export interface NoAnswer {
  readonly _tag: "NoAnswer"
  readonly cause: unknown
}

/**
 * The service that carries requests over HTTP.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleHttp extends Context.Tag("@effect-kuzzle/core/KuzzleHttp")<KuzzleHttp, KuzzleHttpShape>() {}

/**
 * Over the `HttpClient` of `@effect/platform`, without its spans and trace headers: the spans show headers and addresses,
 * which can be secrets (a request has a span of its own), and Kuzzle's CORS rules refuse the headers.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleHttp, never, HttpClient.HttpClient> = Layer.effect(
  KuzzleHttp,
  Effect.map(HttpClient.HttpClient, (given) => {
    const client = HttpClient.withTracerDisabledWhen(given, () => true)
    return {
      exchange: (call) => {
        const empty = HttpClientRequest.make(call.method)(call.url).pipe(HttpClientRequest.setHeaders(call.headers))
        const request = call.body === undefined
          ? empty
          : HttpClientRequest.bodyText(empty, call.body, "application/json")
        return client.execute(request).pipe(
          Effect.flatMap((response) =>
            Effect.map(response.text, (body) => ({ status: response.status, headers: response.headers, body }))
          ),
          // Not the client's error itself: it holds the whole request, token and headers included.
          Effect.mapError(({ cause, description, reason }): NoAnswer => ({
            _tag: "NoAnswer",
            cause: cause ?? new Error(description ?? reason)
          }))
        )
      }
    }
  })
)
