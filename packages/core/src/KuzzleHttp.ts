/**
 * Requests over HTTP: the interface by which a platform provides its `HttpClient`. The client makes the requests and
 * interprets the answers.
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
import * as Redirect from "./internal/data/redirect.ts"
import * as Body from "./internal/services/body.ts"
import * as CookieJar from "./internal/services/cookieJar.ts"
import * as HttpFailure from "./internal/services/httpFailure.ts"
import * as Lock from "./internal/services/lock.ts"
import { type AnswerTooLargeError, NoAnswerError } from "./KuzzleError.ts"

/**
 * A request over HTTP.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpCall {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The body, as JSON text. */
  readonly body: string | undefined
  /**
   * Whether cookies are sent with the request and stored from its answer. It is `false` for a call with a token: Kuzzle
   * refuses a cookie beside a token (spec 2.6), and the answer must not end the session of a cookie.
   */
  readonly credentials?: boolean
}

/**
 * An answer. It is a success, whatever its status. Redirects are answers, too. They are not followed, because a
 * redirect could send credentials to another server. Browsers hide a redirect and report its status as 0.
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
 * An answer whose body is read as it arrives.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The bytes of the body. Run the stream once. When it ends, fails or is interrupted, the exchange ends. */
  readonly body: Stream.Stream<Uint8Array, NoAnswerError>
}

/**
 * The interface of a `KuzzleHttp`.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleHttpShape {
  /**
   * Makes a call. Fails with a `NoAnswerError` if no answer arrives, and with an `AnswerTooLargeError` if the answer
   * has more than `maxResponseSize` bytes. Interruption aborts the call.
   */
  readonly exchange: (
    call: HttpCall,
    maxResponseSize: number
  ) => Effect.Effect<HttpAnswer, NoAnswerError | AnswerTooLargeError>
  /** The same for an answer of any size, whose body is read as it arrives. */
  readonly stream: (call: HttpCall) => Effect.Effect<HttpStream, NoAnswerError>
  /**
   * The `Cookie` header for a WebSocket handshake with this address. `None` if there is no cookie, and in browsers,
   * which add the header themselves.
   */
  readonly cookie: (url: string) => Effect.Effect<Option.Option<Redacted.Redacted>>
  /** How clients with the same cookies cooperate. `undefined` if they cannot notify each other. */
  readonly sharing?: CookieSharing | undefined
}

/**
 * How clients with the same cookies cooperate. These are the clients in the tabs of a browser, or those of one cookie
 * jar. A login or a logout of one of them applies to all.
 *
 * @since 0.1.0
 * @category models
 */
export interface CookieSharing {
  /**
   * Joins the other clients until the scope closes. The returned function notifies them that the session at a host has
   * changed. `onChange` is called for each notification of another client. It is called without a host if a message may
   * have been missed.
   */
  readonly join: (
    onChange: (host?: string) => void
  ) => Effect.Effect<(host: string) => void, never, Scope.Scope>
  /** Locks the cookie until the scope closes, so that only one client renews it. */
  readonly lock: Effect.Effect<void, never, Scope.Scope>
}

/**
 * The service that sends requests over HTTP.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleHttp extends Context.Tag("@effect-kuzzle/core/KuzzleHttp")<KuzzleHttp, KuzzleHttpShape>() {}

/**
 * A `KuzzleHttp` over the `HttpClient` of `@effect/platform`, without the spans and trace headers of that client. Its
 * spans would show headers and addresses, which may contain secrets. (Each request has a span of its own.) Kuzzle's
 * CORS rules refuse trace headers.
 *
 * The runtime must keep the cookies, as browsers do. For runtimes that keep none, use `layerCookieJar`.
 *
 * This layer configures `fetch` not to follow redirects. Provide other options for `fetch`
 * (`FetchHttpClient.RequestInit`) to this layer, and not to the `HttpClient`. Do not provide a client that follows
 * redirects itself (`HttpClient.followRedirects`). The `fetch` of React Native ignores the option and follows
 * redirects.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleHttp, never, HttpClient.HttpClient> = Layer.effect(
  KuzzleHttp,
  Effect.suspend(() => makeWith(undefined))
)

/**
 * The same with a cookie jar in memory, for runtimes that keep no cookies: Node, Bun, Deno, React Native. Each layer
 * has one jar, so clients that share the layer share the session.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCookieJar: Layer.Layer<KuzzleHttp, never, HttpClient.HttpClient> = Layer.effect(
  KuzzleHttp,
  Effect.suspend(() => Effect.map(makeWith(CookieJar.make()), (http) => ({ ...http, sharing: sharingOfProcess() })))
)

/** @internal */
export const sharingOfProcess = (): CookieSharing => {
  const members = new Set<(host: string) => void>()
  return {
    join: (onChange) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          members.add(onChange)
          return (host) => members.forEach((member) => member !== onChange && member(host))
        }),
        () => Effect.sync(() => members.delete(onChange))
      ),
    lock: Lock.ofSemaphore(Effect.unsafeMakeSemaphore(1))
  }
}

const makeWith = (jar: CookieJar.CookieJar | undefined): Effect.Effect<KuzzleHttpShape, never, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const client = HttpClient.withTracerDisabledWhen(yield* HttpClient.HttpClient, () => true)
    return shape(client, Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit)), jar)
  })

/** Makes `fetch` not follow redirects. Other clients follow none by default and ignore this option. */
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
 * Whether `Content-Length` is the size of the text. Then bytes need not be counted, which halves the time of a call. In
 * browsers (which have no jar), it may be the compressed size, because browsers decompress bodies and hide
 * `Content-Encoding` from pages of other origins.
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

/** Reads the body as text. A missing body counts as empty. */
const bytes = ({ stream }: HttpClientResponse.HttpClientResponse): Stream.Stream<Uint8Array, NoAnswerError> =>
  Stream.catchAll(stream, (error) => HttpFailure.isEmptyBody(error) ? Stream.empty : Stream.fail(noAnswer(error)))

const noAnswer = (error: HttpClientError.HttpClientError): NoAnswerError =>
  new NoAnswerError({ cause: HttpFailure.causeOf(error) })

/** Adds the cookies of the jar to a call. */
const headersOf = (
  { headers: { "set-cookie": _, ...headers } }: HttpClientResponse.HttpClientResponse
): Readonly<Record<string, string>> => headers

/** They are added to the cookies of the settings, for example of a proxy. */
const withCookie =
  (cookie: string | undefined) => (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
    cookie === undefined
      ? request
      : HttpClientRequest.setHeader(request, "cookie", CookieJar.join(request.headers.cookie, cookie))
