/**
 * HTTP in browsers, by `fetch`. The browser keeps the cookies, and the page never sees them.
 *
 * @module
 * @since 0.1.0
 */
import * as KuzzleHttp from "@effect-kuzzle/core/KuzzleHttp"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CookieSharing from "./internal/cookieSharing.ts"

/** Looks up `globalThis.fetch` for each request, because a page may replace it. Effect 4 reads it only once. */
const currentFetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init)

/**
 * HTTP by `fetch`. A call with `credentials` sends the cookies of Kuzzle's site, whatever the page's origin. Other
 * calls send no cookies, not even to the page's own origin. The tabs of an origin notify each other when the session of
 * a cookie has changed.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleHttp.KuzzleHttp> = Layer.effect(
  KuzzleHttp.KuzzleHttp,
  Effect.map(KuzzleHttp.KuzzleHttp, (http) => {
    const withCredentials = ({ credentials }: KuzzleHttp.HttpCall) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(
        Effect.provideService(FetchHttpClient.RequestInit, { credentials: credentials === true ? "include" : "omit" }),
        Effect.provideService(FetchHttpClient.Fetch, currentFetch)
      )
    return {
      ...http,
      sharing: CookieSharing.make(globalThis),
      exchange: (call, maxResponseSize) => withCredentials(call)(http.exchange(call, maxResponseSize)),
      stream: (call) => withCredentials(call)(http.stream(call))
    }
  })
).pipe(Layer.provide(KuzzleHttp.layer), Layer.provide(FetchHttpClient.layer))
