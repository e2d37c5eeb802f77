/**
 * One exchange over HTTP. What is asked and what the answer means is the client's affair: this is the seam at which a
 * platform binds its `HttpClient`.
 *
 * @module
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Body from "./internal/body.ts"
import * as CookieJar from "./internal/cookieJar.ts"
import * as Lock from "./internal/lock.ts"
import * as Redirect from "./internal/redirect.ts"
import { type AnswerTooLargeError, NoAnswerError } from "./KuzzleError.ts"

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
  /**
   * Whether cookies are sent with it and kept from its answer. Otherwise neither: a cookie beside a token is refused (spec
   * 2.6), and the answer to a call with a token must not end the session of a cookie.
   */
  readonly credentials?: boolean
}

/**
 * Every answer is a success, whatever its status. This includes redirects: none is followed, because it could carry
 * credentials to another server. Browsers hide a redirect and report its status as 0.
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
 * An answer whose body is read as it comes.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** To be run once; its end, whatever it is, ends the exchange. */
  readonly body: Stream.Stream<Uint8Array, NoAnswerError>
}

/**
 * What a `KuzzleHttp` does.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleHttpShape {
  /**
   * Fails with the runtime's error when no answer arrives. Fails with `AnswerTooLargeError` when the answer has more than
   * `maxResponseSize` bytes, and reads no further. Interruption aborts the exchange.
   */
  readonly exchange: (
    call: HttpCall,
    maxResponseSize: number
  ) => Effect.Effect<HttpAnswer, NoAnswerError | AnswerTooLargeError>
  /** The same, for an answer that may be larger than memory. */
  readonly stream: (call: HttpCall) => Effect.Effect<HttpStream, NoAnswerError>
  /**
   * The `Cookie` header that a WebSocket handshake with this address must be given. None where there is no cookie, and none
   * in browsers, which add it themselves.
   */
  readonly cookie: (url: string) => Effect.Effect<Option.Option<Redacted.Redacted>>
  /** `undefined`: the clients with the same cookies cannot tell each other anything. */
  readonly sharing?: CookieSharing | undefined
}

/**
 * The clients with the same cookies: those of the tabs of a browser, or of a cookie jar. A login or a logout of one of
 * them is one of all.
 *
 * @since 0.1.0
 * @category models
 */
export interface CookieSharing {
  /**
   * Joins them until the scope closes. The returned function tells all others that the session at a host has changed,
   * and no more than that. `heard` is called when one of them has told it, without a host if a message may have been
   * missed.
   */
  readonly join: (
    heard: (host?: string) => void
  ) => Effect.Effect<(host: string) => void, never, Scope.Scope>
  /** Taken while a client renews the cookie, and held until the scope closes. */
  readonly lock: Effect.Effect<void, never, Scope.Scope>
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
 * Cookies are the runtime's affair, as in browsers. Where it has none, see `layerCookieJar`.
 *
 * Redirects are never followed by `fetch`. Provide other options for `fetch` (`FetchHttpClient.RequestInit`) to this
 * layer, not to the client below it. Do not provide a client that follows redirects itself
 * (`HttpClient.followRedirects`). The `fetch` of React Native ignores this option and follows redirects.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleHttp, never, HttpClient.HttpClient> = Layer.effect(
  KuzzleHttp,
  Effect.suspend(() => over(undefined))
)

/**
 * The same with a cookie jar of its own, in memory, for runtimes that keep no cookies: Node, Bun, Deno, React Native. The
 * layer is the jar: who shares the layer shares the session.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCookieJar: Layer.Layer<KuzzleHttp, never, HttpClient.HttpClient> = Layer.effect(
  KuzzleHttp,
  Effect.suspend(() => Effect.map(over(CookieJar.make()), (http) => ({ ...http, sharing: sharingOfProcess() })))
)

/** @internal */
export const sharingOfProcess = (): CookieSharing => {
  const members = new Set<(host: string) => void>()
  return {
    join: (heard) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          members.add(heard)
          return (host) => members.forEach((member) => member !== heard && member(host))
        }),
        () => Effect.sync(() => members.delete(heard))
      ),
    lock: Lock.ofSemaphore(Effect.unsafeMakeSemaphore(1))
  }
}

const over = (jar: CookieJar.CookieJar | undefined): Effect.Effect<KuzzleHttpShape, never, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const client = HttpClient.withTracerDisabledWhen(yield* HttpClient.HttpClient, () => true)
    return shape(client, Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit)), jar)
  })

/** Only `fetch` follows redirects by default. Other clients ignore this option. */
const withoutRedirects = (options: RequestInit | undefined) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.mapInputContext(effect, (context: Context.Context<R>) => {
    const ofCall = Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit))
    return Context.add(context, FetchHttpClient.RequestInit, { ...options, ...ofCall, redirect: "manual" })
  })

const shape = (
  client: HttpClient.HttpClient,
  options: RequestInit | undefined,
  jar: CookieJar.CookieJar | undefined
): KuzzleHttpShape => {
  const execute = (
    call: HttpCall
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
    Effect.clockWith((clock) => {
      const now = () => clock.unsafeCurrentTimeMillis()
      const cookies = call.credentials === true ? jar : undefined
      const empty = HttpClientRequest.make(call.method)(call.url).pipe(
        HttpClientRequest.setHeaders(call.headers),
        withCookie(cookies?.header(call.url, now()))
      )
      const request = call.body === undefined
        ? empty
        : HttpClientRequest.bodyText(empty, call.body, "application/json")
      return client.execute(request).pipe(
        withoutRedirects(options),
        // A redirect is not an answer of Kuzzle, so its cookies are ignored.
        Effect.tap((response) => {
          if (!Redirect.is(response.status)) cookies?.keep(call.url, response, now())
        })
      )
    })

  return {
    exchange: (call, maxResponseSize) =>
      Effect.flatMap(Effect.mapError(execute(call), noAnswer), (response) => {
        const { status } = response
        const headers = headersOf(response)
        return Effect.map(text(response, maxResponseSize, jar !== undefined), (body) => ({ status, headers, body }))
      }),
    stream: (call) =>
      execute(call).pipe(
        Effect.map((response) => ({
          status: response.status,
          headers: headersOf(response),
          body: bytes(response)
        })),
        Effect.mapError(noAnswer)
      ),
    cookie: (url) =>
      Effect.clockWith((clock) =>
        Effect.sync(() =>
          Option.map(Option.fromNullable(jar?.header(url, clock.unsafeCurrentTimeMillis())), Redacted.make)
        )
      )
  }
}

/**
 * If `Content-Length` is the size of the text, bytes need not be counted, which halves the time of a call. In browsers
 * (which have no jar) it may be the compressed size: they decompress, and hide `Content-Encoding` from pages of other
 * origins.
 */
const text = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number,
  showsEncoding: boolean
): Effect.Effect<string, NoAnswerError | AnswerTooLargeError> => {
  const { "content-encoding": encoding, "content-length": length } = response.headers
  const declared = Number(length ?? NaN)
  return showsEncoding && encoding === undefined && declared <= limit
    ? Effect.mapError(response.text, noAnswer)
    : Body.text(bytes(response), limit, declared)
}

/** A missing body counts as empty. */
const bytes = ({ stream }: HttpClientResponse.HttpClientResponse): Stream.Stream<Uint8Array, NoAnswerError> =>
  Stream.catchAll(stream, (error) => error.reason === "EmptyBody" ? Stream.empty : Stream.fail(noAnswer(error)))

/** Not the client's error itself: it holds the whole request, token and headers included. */
const noAnswer = ({ cause, description, reason }: HttpClientError.HttpClientError): NoAnswerError =>
  new NoAnswerError({ cause: cause ?? new Error(description ?? reason) })

/** A token in a cookie is the jar's to know. */
const headersOf = (
  { headers: { "set-cookie": _, ...headers } }: HttpClientResponse.HttpClientResponse
): Readonly<Record<string, string>> => headers

/** Beside the cookies that the settings ask for, a proxy's for one. */
const withCookie =
  (cookie: string | undefined) => (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
    cookie === undefined
      ? request
      : HttpClientRequest.setHeader(request, "cookie", CookieJar.join(request.headers.cookie, cookie))
