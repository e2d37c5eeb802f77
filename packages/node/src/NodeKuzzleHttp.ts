/**
 * HTTP with a cookie jar: by undici on Node, by `fetch` on Bun.
 *
 * @module
 * @since 0.1.0
 */
import { type InvalidSettingError, NoAnswerError } from "@effect-kuzzle/core/KuzzleError"
import * as KuzzleHttp from "@effect-kuzzle/core/KuzzleHttp"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Agent, type buildConnector } from "@effect/platform-node/Undici"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Fault from "./internal/fault.ts"
import * as Proxy from "./internal/proxy.ts"
import type { Options, TlsOptions } from "./NodeKuzzleSocket.ts"

/** Bun replaces undici by a module whose agents cannot make requests (Bun 1.4: they lack `request`). */
const hasUndici = typeof Agent.prototype.request === "function"

/** An option of Bun's `fetch`, with the names of `node:tls`. */
interface BunRequestInit extends RequestInit {
  readonly tls: TlsOptions | undefined
}

/** Makes the calls on Bun, where undici does not work. */
const layerFetch = (tls: TlsOptions | undefined): Layer.Layer<HttpClient.HttpClient | FetchHttpClient.RequestInit> => {
  const options: BunRequestInit = { tls }
  return Layer.merge(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.RequestInit, options))
}

/**
 * HTTP with a cookie jar, which is empty at first and lives as long as the layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleHttp.KuzzleHttp> = Layer.suspend(() =>
  layerOf(hasUndici ? NodeHttpClient.layerUndici : layerFetch(undefined))
)

/**
 * `layer` with TLS options or through an HTTP proxy. Fails if `proxy` is not the address of a proxy.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (
  options: Pick<Options, "proxy" | "tls">
): Layer.Layer<KuzzleHttp.KuzzleHttp, InvalidSettingError> =>
  layerOf(hasUndici ? layerUndici(options) : layerFetchWith(options))

const proxyOf = ({ proxy }: Pick<Options, "proxy">) =>
  proxy === undefined ? Effect.succeed(undefined) : Proxy.parse(proxy)

const layerFetchWith = (options: Pick<Options, "proxy" | "tls">) =>
  Layer.unwrapEffect(Effect.as(proxyOf(options), layerFetch(options.tls)))

const layerUndici = (
  options: Pick<Options, "proxy" | "tls">
): Layer.Layer<HttpClient.HttpClient, InvalidSettingError> =>
  Layer.provide(
    NodeHttpClient.layerUndiciWithoutDispatcher,
    Layer.scoped(
      NodeHttpClient.Dispatcher,
      Effect.gen(function*() {
        const proxy = yield* proxyOf(options)
        const connect = proxy === undefined ? { ...options.tls } : tunnelConnector(proxy, options.tls)
        return yield* Effect.acquireRelease(
          Effect.sync(() => new Agent({ connect })),
          (agent) => Effect.promise(() => agent.destroy())
        )
      })
    )
  )

/** Adds a cookie jar, and explains the errors of Node. */
const layerOf = <E, R>(
  client: Layer.Layer<HttpClient.HttpClient, E, R>
): Layer.Layer<KuzzleHttp.KuzzleHttp, E, R> =>
  Layer.effect(KuzzleHttp.KuzzleHttp, Effect.map(KuzzleHttp.KuzzleHttp, withExplanations)).pipe(
    Layer.provide(KuzzleHttp.layerCookieJar),
    Layer.provide(client)
  )

const withExplanations = (http: KuzzleHttp.KuzzleHttpShape): KuzzleHttp.KuzzleHttpShape => ({
  ...http,
  exchange: (call, maxResponseSize) =>
    Effect.mapError(
      http.exchange(call, maxResponseSize),
      (error) => (error._tag === "KuzzleNoAnswerError" ? explain(call)(error) : error)
    ),
  stream: (call) =>
    http.stream(call).pipe(
      Effect.map((answer) => ({ ...answer, body: Stream.mapError(answer.body, explain(call)) })),
      Effect.mapError(explain(call))
    )
})

const explain = ({ url }: KuzzleHttp.HttpCall) => (error: NoAnswerError): NoAnswerError => {
  const fault = Fault.of(url, error.cause)
  return fault === undefined ? error : new NoAnswerError({ issue: fault.issue, cause: fault.cause })
}

/**
 * Milliseconds in which a tunnel must open: undici's limit for other connections. Requests have their own deadlines.
 */
const tunnelTimeout = 10_000

const tunnelConnector =
  (proxy: Proxy.Proxy, tls: TlsOptions | undefined): buildConnector.connector => (options, callback) => {
    Proxy.tunnel(
      proxy,
      Proxy.targetOf(options, options.protocol === "https:", tls),
      AbortSignal.timeout(tunnelTimeout),
      tls?.ca,
      Either.match({ onLeft: (error) => callback(error, null), onRight: (socket) => callback(null, socket) })
    )
  }
