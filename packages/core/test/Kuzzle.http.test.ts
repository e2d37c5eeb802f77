import { Kuzzle, KuzzleAuth, KuzzleHttp } from "@effect-kuzzle/core"
import type { HttpClientRequest } from "@effect/platform"
import { HttpClient, HttpClientError, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Option, Redacted, TestClock } from "effect"
import { turns } from "./support/FakeSocket.ts"

interface Answer {
  readonly status: number
  readonly body: string
}
type Reply = (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Answer, HttpClientError.HttpClientError>

/** A client over an `HttpClient` that is not there. */
const over = (reply: Reply, options: Parameters<typeof Kuzzle.layerHttp>[0] = {}) =>
  Kuzzle.layerHttp({ url: "http://kuzzle.test:7512/prefix/", ...options }).pipe(
    Layer.provide(KuzzleHttp.layer),
    Layer.provide(Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.map(
          reply(request),
          ({ body, status }) =>
            HttpClientResponse.fromWeb(request, new Response(status === 204 ? null : body, { status }))
        )
      )
    ))
  )

const bodyOf = (request: HttpClientRequest.HttpClientRequest): { readonly [key: string]: unknown } =>
  request.body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(request.body.body)) : assert.fail()

const envelope = (result: unknown) => ({
  status: 200,
  body: JSON.stringify({ requestId: "r", status: 200, error: null, result })
})

const failure = <A, E>(exit: Exit.Exit<A, E>): E | undefined =>
  Exit.isFailure(exit) ? Array.from(Cause.failures(exit.cause))[0] : undefined

const asked = { controller: "document", action: "get", index: "i", collection: "c", _id: "a" }

const answering = (answer: Answer) =>
  Effect.exit(Kuzzle.query(asked)).pipe(Effect.provide(over(() => Effect.succeed(answer))))

describe("Kuzzle over HTTP", () => {
  it.effect("8.D14, 8.D16: posts the envelope to _query: arguments, body, volatile data and token in it", () =>
    Effect.gen(function*() {
      const requests: Array<HttpClientRequest.HttpClientRequest> = []
      const layer = over((request) => {
        requests.push(request)
        return Effect.succeed(envelope({ _id: "a" }))
      }, { headers: { "x-proxy": Redacted.make("open sesame") }, volatile: { mine: "é" } })
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("the-token"))))
        const response = yield* kuzzle.query({ ...asked, source: false, refresh: "wait_for", body: { a: false } })
        assert.deepStrictEqual(response.result, { _id: "a" })
        yield* kuzzle.query(asked, { anonymous: true })
      }).pipe(Effect.provide(layer))
      const [first, second] = requests
      if (first === undefined || second === undefined) return assert.fail()
      assert.strictEqual(first.method, "POST")
      assert.strictEqual(first.url, "http://kuzzle.test:7512/prefix/_query")
      assert.strictEqual(first.headers["content-type"], "application/json")
      assert.strictEqual(first.headers["x-proxy"], "open sesame")
      const { volatile, ...sent } = bodyOf(first)
      assert.deepStrictEqual(sent, { ...asked, refresh: "wait_for", body: { a: false }, jwt: "the-token" })
      assert.deepInclude(volatile, { mine: "é" })
      assert.notProperty(bodyOf(second), "jwt")
    }))

  it.effect("8.D14, 8.D15: with routes: the address of the action, token and volatile data in headers", () =>
    Effect.gen(function*() {
      const requests: Array<HttpClientRequest.HttpClientRequest> = []
      const layer = over((request) => {
        requests.push(request)
        return Effect.succeed(envelope(null))
      }, { url: "http://kuzzle.test:7512/prefix/?key=k", routes: "rest", volatile: { mine: "é\n" } })
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("the-token"))))
        yield* kuzzle.query({ ...asked, source: false }, { route: ["GET", "/:index/:collection/:_id"] })
        const greet = { controller: "greeting", action: "hello", name: "Ada", polite: true, body: { a: false } }
        yield* kuzzle.query(greet, { route: ["POST", "/_/hello/:name"], anonymous: true, volatile: { more: 1 } })
      }).pipe(Effect.provide(layer))
      const [first, second] = requests
      if (first === undefined || second === undefined) return assert.fail()
      assert.deepStrictEqual([first.method, first.url], ["GET", "http://kuzzle.test:7512/prefix/i/c/a?key=k"])
      assert.strictEqual(first.headers.authorization, "Bearer the-token")
      assert.match(first.headers["x-kuzzle-volatile"] ?? "", /^[\x20-\x7e]+$/)
      assert.deepInclude(JSON.parse(first.headers["x-kuzzle-volatile"] ?? ""), { mine: "é\n" })
      assert.deepStrictEqual(
        [second.method, second.url],
        ["POST", "http://kuzzle.test:7512/prefix/_/hello/Ada?polite=true&key=k"]
      )
      assert.deepStrictEqual(bodyOf(second), { a: false })
      assert.notProperty(second.headers, "authorization")
      assert.deepInclude(JSON.parse(second.headers["x-kuzzle-volatile"] ?? ""), { mine: "é\n", more: 1 })
    }))

  it.effect("8.D14: with routes, what has none, or cannot be written into one, is a typed error", () =>
    Effect.gen(function*() {
      const layer = over(() => Effect.die("it was sent"), { routes: "rest" })
      const issue = (request: Kuzzle.KuzzleRequest, options?: Kuzzle.RequestOptions) =>
        Effect.map(
          Effect.either(Effect.provide(Kuzzle.query(request, options), layer)),
          (result) =>
            result._tag === "Left" && result.left._tag === "KuzzleEncodeError" ? result.left.issue : assert.fail()
        )
      assert.include(yield* issue({ controller: "realtime", action: "count" }), "no REST route")
      assert.include(yield* issue(asked, { route: ["GET", "/:index/:what"] }), "needs the argument \"what\"")
      assert.include(yield* issue({ ...asked, jwt: "j" }, { route: ["GET", "/:index"] }), "set by the client")
    }))

  it.effect("8.D13: an error in an envelope, a bare one and a proxy's page are typed errors", () =>
    Effect.gen(function*() {
      const error = { id: "services.storage.not_found", status: 404, message: "no", code: 1, props: [] }
      const wrapped = JSON.stringify({ requestId: "r", status: 404, error, result: null })
      assert.strictEqual(failure(yield* answering({ status: 404, body: wrapped }))?._tag, "KuzzleNotFoundError")
      const bare = JSON.stringify({ ...error, id: "network.http.request_too_large", status: 413 })
      assert.strictEqual(failure(yield* answering({ status: 413, body: bare }))?._tag, "KuzzleSizeLimitError")
      const page = failure(yield* answering({ status: 502, body: "<html>Bad Gateway</html>" }))
      assert.deepInclude({ ...page }, { _tag: "KuzzleProtocolError", status: 502, action: "get" })
      assert.strictEqual(failure(yield* answering({ status: 200, body: "" }))?._tag, "KuzzleProtocolError")
      assert.strictEqual(failure(yield* answering({ status: 204, body: "" }))?._tag, "KuzzleProtocolError")
    }))

  it.effect("R2: a request ends at its deadline", () =>
    Effect.gen(function*() {
      let interrupted = false
      const layer = over(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true))))
      const query = yield* Effect.fork(
        Effect.exit(Kuzzle.query(asked, { timeout: "2 seconds" })).pipe(Effect.provide(layer))
      )
      yield* turns()
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(failure(yield* Fiber.join(query))?._tag, "KuzzleDeadlineError")
      assert.isTrue(interrupted)
    }))

  it.effect("C7: no answer at all is an error that names the address", () =>
    Effect.gen(function*() {
      const layer = over((request) =>
        Effect.fail(
          new HttpClientError.RequestError({ request, reason: "Transport", cause: new Error("connect ECONNREFUSED") })
        )
      )
      const error = failure(yield* Effect.exit(Kuzzle.query(asked)).pipe(Effect.provide(layer)))
      assert.strictEqual(error?._tag, "KuzzleHttpTransportError")
      assert.include(error?.message, "http://kuzzle.test:7512/prefix/_query")
      assert.include(error?.message, "ECONNREFUSED")
    }))

  it.effect("8.A18: the query of the address goes along, and is not shown", () =>
    Effect.gen(function*() {
      let url = ""
      const layer = over((request) => {
        url = request.url
        return Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport" }))
      }, { url: "https://kuzzle.test/prefix?key=s3cr3t" })
      const error = failure(yield* Effect.exit(Kuzzle.query(asked)).pipe(Effect.provide(layer)))
      assert.strictEqual(url, "https://kuzzle.test/prefix/_query?key=s3cr3t")
      assert.include(error?.message, "no HTTP answer from https://kuzzle.test/prefix/_query (Transport)")
      assert.notInclude(JSON.stringify(error), "s3cr3t")
    }))

  it.effect("R7: what is too large or cannot be encoded is not sent", () =>
    Effect.gen(function*() {
      let sent = 0
      const layer = over(() => {
        sent += 1
        return Effect.succeed(envelope(null))
      }, { maxRequestSize: 500 })
      yield* Effect.gen(function*() {
        const { queryMany } = yield* Kuzzle.Kuzzle
        const outcomes = yield* queryMany([
          asked,
          { ...asked, body: { a: "x".repeat(500) } },
          { ...asked, body: { a: NaN } },
          { ...asked, volatile: 1 }
        ])
        assert.deepStrictEqual(outcomes.map((outcome) => failure(outcome)?._tag), [
          undefined,
          "KuzzlePayloadTooLargeError",
          "KuzzleEncodeError",
          "KuzzleEncodeError"
        ])
      }).pipe(Effect.provide(layer))
      assert.strictEqual(sent, 1)
    }))

  it.effect("8.B13: login keeps the token for what follows, logout forgets it", () =>
    Effect.gen(function*() {
      const tokens: Array<unknown> = []
      const layer = over((request) => {
        const { action, jwt } = bodyOf(request)
        tokens.push(jwt)
        return Effect.succeed(envelope(action === "login" ? { _id: "ada", jwt: "t-1", expiresAt: 5, ttl: 1 } : {}))
      })
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        const session = yield* KuzzleAuth.login({
          strategy: "local",
          credentials: { username: "ada", password: Redacted.make("s3cr3t") }
        })
        assert.strictEqual(session.kuid, "ada")
        assert.notInclude(JSON.stringify(session), "t-1")
        yield* kuzzle.query(asked)
        yield* KuzzleAuth.logout()
        assert.isTrue(Option.isNone(yield* kuzzle.token))
        yield* kuzzle.query(asked)
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(tokens, [undefined, "t-1", "t-1", undefined])
    }))

  it.effect("is always ready", () =>
    Effect.gen(function*() {
      const kuzzle = yield* Kuzzle.Kuzzle
      assert.strictEqual((yield* kuzzle.state)._tag, "Ready")
      assert.isTrue(Option.isNone(yield* kuzzle.roundTripTime))
    }).pipe(Effect.provide(over(() => Effect.succeed(envelope(null))))))
})
