/**
 * HTTP in browsers, by `fetch`. Cookies are the browser's: a page never sees them.
 *
 * @module
 * @since 0.1.0
 */
import * as KuzzleHttp from "@effect-kuzzle/core/KuzzleHttp"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CookieSharing from "./internal/cookieSharing.ts"

/**
 * A call with `credentials` takes the cookies of Kuzzle's site with it, whatever the page's origin; no other call takes
 * any, not even on the page's own origin. The tabs of an origin tell each other when a session by cookie has changed.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleHttp.KuzzleHttp> = Layer.effect(
  KuzzleHttp.KuzzleHttp,
  Effect.map(KuzzleHttp.KuzzleHttp, (http) => {
    const withCredentials = ({ credentials }: KuzzleHttp.HttpCall) =>
      Effect.provideService(FetchHttpClient.RequestInit, { credentials: credentials === true ? "include" : "omit" })
    return {
      ...http,
      sharing: CookieSharing.make(globalThis),
      exchange: (call, maxResponseSize) => withCredentials(call)(http.exchange(call, maxResponseSize)),
      stream: (call) => withCredentials(call)(http.stream(call))
    }
  })
).pipe(Layer.provide(KuzzleHttp.layer), Layer.provide(FetchHttpClient.layer))
