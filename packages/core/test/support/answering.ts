import { Kuzzle, KuzzleHttp } from "@effect-kuzzle/core"
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Effect, Layer } from "effect"

/** A request as the server receives it. */
export interface SentRequest {
  readonly controller: string
  readonly action: string
  // The body of a request of a test, whose shape the test knows.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body?: any
  readonly [argument: string]: unknown
}

/** A client whose server answers each request with the function's value: a result, or a whole response. */
export const answering = (answer: (request: SentRequest) => unknown, options: Kuzzle.HttpOptions = {}) =>
  Kuzzle.layerHttp({ url: "http://kuzzle.test", ...options }).pipe(
    Layer.provide(KuzzleHttp.layer),
    Layer.provide(Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.sync(() => {
          if (request.body._tag !== "Uint8Array") return assert.fail("no body")
          const result = answer(JSON.parse(new TextDecoder().decode(request.body.body)))
          return HttpClientResponse.fromWeb(
            request,
            result instanceof Response
              ? result
              : new Response(JSON.stringify({ requestId: "r", status: 200, error: null, result }))
          )
        })
      )
    ))
  )
