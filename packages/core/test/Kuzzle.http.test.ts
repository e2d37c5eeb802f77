import {
  Kuzzle,
  KuzzleAuth,
  KuzzleDocument,
  KuzzleDownload,
  KuzzleError,
  KuzzleHttp,
  KuzzleIndex,
  KuzzleServer
} from "@effect-kuzzle/core"
import type { HttpClientRequest } from "@effect/platform"
import { FetchHttpClient, HttpClient, HttpClientError, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Clock,
  DateTime,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Redacted,
  Stream,
  TestClock
} from "effect"
import { turns } from "./support/FakeSocket.ts"

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}
type Reply = (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Answer, HttpClientError.HttpClientError>

/** A client over a fake `HttpClient`, which answers with `reply`. */
const clientOver = (reply: Reply, options: Parameters<typeof Kuzzle.layerHttp>[0] = {}) =>
  Kuzzle.layerHttp({ url: "http://kuzzle.test:7512/prefix/", ...options }).pipe(
    Layer.provide(KuzzleHttp.layer),
    Layer.provide(Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.map(
          reply(request),
          ({ body, headers = {}, status }) =>
            HttpClientResponse.fromWeb(request, new Response(status === 204 ? null : body, { status, headers }))
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

const getRequest = { controller: "document", action: "get", index: "i", collection: "c", _id: "a" }

const answering = (answer: Answer) =>
  Effect.exit(Kuzzle.query(getRequest)).pipe(Effect.provide(clientOver(() => Effect.succeed(answer))))

describe("Kuzzle over HTTP", () => {
  it.effect("8.A18: the effects of the settings url and headers run for every request, downloads included", () =>
    Effect.gen(function*() {
      const requests: Array<readonly [string, string | undefined]> = []
      let turn = 0
      for (const routes of ["query", "rest"] as const) {
        const layer = clientOver((request) => {
          requests.push([request.url, request.headers.authorization])
          return Effect.succeed(envelope({ _id: "a" }))
        }, {
          routes,
          url: Effect.sync(() => `wss://kuzzle-${++turn}.test/prefix/?signed=${turn}`),
          headers: Effect.sync(() => ({ authorization: Redacted.make(`Bearer ${turn}`) }))
        })
        yield* Effect.gen(function*() {
          const route = ["GET", "/:index/:collection/:_id"] as const
          const { query, state } = yield* Kuzzle.Kuzzle
          yield* query(getRequest, { route })
          yield* query(getRequest, { route })
          const { stream } = yield* KuzzleDownload.KuzzleDownload
          yield* Effect.exit(Stream.runDrain(stream(getRequest, { route })))
          assert.deepInclude(yield* state, { _tag: "Ready", endpoint: "" })
        }).pipe(Effect.provide(layer))
      }
      assert.deepStrictEqual(requests, [
        ["https://kuzzle-1.test/prefix/_query?signed=1", "Bearer 1"],
        ["https://kuzzle-2.test/prefix/_query?signed=2", "Bearer 2"],
        ["https://kuzzle-3.test/prefix/_query?signed=3", "Bearer 3"],
        ["https://kuzzle-4.test/prefix/i/c/a?signed=4", "Bearer 4"],
        ["https://kuzzle-5.test/prefix/i/c/a?signed=5", "Bearer 5"],
        ["https://kuzzle-6.test/prefix/i/c/a?signed=6", "Bearer 6"]
      ])
    }))

  it.effect("C7: if an effect fails or yields an invalid value, the request is not sent, and the error says why", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [string, Parameters<typeof Kuzzle.layerHttp>[0]]> = [
        ["the setting headers: the effect that yields it failed: the vault is sealed", {
          headers: Effect.fail(new Cause.UnknownException(undefined, "the vault is sealed"))
        }],
        [`the setting url is "garbage": expected an address such as`, { url: Effect.succeed("garbage") }]
      ]
      for (const [message, options] of wrong) {
        const exit = yield* Effect.exit(Kuzzle.query(getRequest)).pipe(
          Effect.provide(clientOver(() => Effect.dieMessage("nothing is sent"), options))
        )
        const error = failure(exit)
        assert.strictEqual(error?._tag, "KuzzleNotSentError")
        assert.include(error?.message, "document:get was not sent: cannot connect to Kuzzle: ")
        assert.include(error?.message, message)
      }
    }))

  it.effect("O4: `as` sends a request as this user only, or without a session, downloads included", () =>
    Effect.gen(function*() {
      const route = ["GET", "/:index/:collection/:_id"] as const
      for (const routes of ["query", "rest"] as const) {
        const sent: Array<string> = []
        const layer = clientOver((request) => {
          const jwt = routes === "query"
            ? bodyOf(request).jwt
            : request.headers.authorization?.replace("Bearer ", "")
          sent.push(String(jwt))
          return Effect.succeed(envelope({ _id: "a" }))
        }, { routes })
        yield* Effect.gen(function*() {
          const { query, queryMany, setToken } = yield* Kuzzle.Kuzzle
          const { stream } = yield* KuzzleDownload.KuzzleDownload
          const user = (kuid: string) => ({ route, as: { _tag: "User", kuid } as const })
          const withoutSession = { route, as: { _tag: "Anonymous" } as const }
          const setUser = (kuid: string | undefined, value = `token of ${kuid}`) =>
            setToken(
              Option.some({ value: Redacted.make(value), kuid: Option.fromNullable(kuid), expiresAt: Option.none() })
            )
          const refused = <A>(effect: Effect.Effect<A, KuzzleError.RequestError>) =>
            Effect.map(Effect.flip(effect), (error) => {
              assert.isTrue(error instanceof KuzzleError.NotSentError && error.cause._tag === "KuzzleNotQueuedError")
              assert.include(error.message, "the user has changed")
            })
          yield* refused(query(getRequest, user("ada")))
          yield* query(getRequest, withoutSession)
          yield* setUser("ada")
          yield* query(getRequest, user("ada"))
          yield* refused(query(getRequest, user("bob")))
          yield* refused(Stream.runDrain(stream(getRequest, user("bob"))))
          const [many] = yield* queryMany([getRequest], user("bob"))
          yield* refused(Effect.flatten(Effect.succeed(many ?? Exit.die("none"))))
          yield* query(getRequest, withoutSession)
          // The user of an API key is not known.
          yield* setUser(undefined, "key")
          yield* refused(query(getRequest, user("ada")))
        }).pipe(Effect.provide(layer))
        assert.deepStrictEqual(sent, ["undefined", "token of ada", "undefined"])
      }
    }))

  it.effect("O4: if the user changes while the address of a request is looked up, it is sent as the user who was compared", () =>
    Effect.gen(function*() {
      const sent: Array<unknown> = []
      const layer = clientOver((request) => {
        sent.push(bodyOf(request).jwt)
        return Effect.succeed(envelope({ _id: "a" }))
      }, { url: Effect.delay(Effect.succeed("ws://kuzzle.test"), "5 seconds") })
      yield* Effect.gen(function*() {
        const { query, setToken } = yield* Kuzzle.Kuzzle
        const setUser = (kuid: string) =>
          setToken(Option.some({ value: Redacted.make(kuid), kuid: Option.some(kuid), expiresAt: Option.none() }))
        yield* setUser("ada")
        const requestOfAda = yield* Effect.fork(query(getRequest, { as: { _tag: "User", kuid: "ada" } }))
        yield* turns()
        yield* setUser("bob")
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(requestOfAda)
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(sent, ["ada"])
    }))

  it.effect("8.D14, 8.D16: the client posts an envelope with arguments, body, volatile data and token to _query", () =>
    Effect.gen(function*() {
      const requests: Array<HttpClientRequest.HttpClientRequest> = []
      const layer = clientOver((request) => {
        requests.push(request)
        return Effect.succeed(envelope({ _id: "a" }))
      }, { headers: { "x-proxy": Redacted.make("open sesame") }, volatile: { mine: "é" } })
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("the-token"))))
        const response = yield* kuzzle.query({ ...getRequest, source: false, refresh: "wait_for", body: { a: false } })
        assert.deepStrictEqual(response.result, { _id: "a" })
        yield* kuzzle.query(getRequest, { anonymous: true })
      }).pipe(Effect.provide(layer))
      const [first, second] = requests
      if (first === undefined || second === undefined) return assert.fail()
      assert.strictEqual(first.method, "POST")
      assert.strictEqual(first.url, "http://kuzzle.test:7512/prefix/_query")
      assert.strictEqual(first.headers["content-type"], "application/json")
      assert.strictEqual(first.headers["x-proxy"], "open sesame")
      const { volatile, ...sent } = bodyOf(first)
      assert.deepStrictEqual(sent, { ...getRequest, refresh: "wait_for", body: { a: false }, jwt: "the-token" })
      assert.deepInclude(volatile, { mine: "é" })
      assert.notProperty(bodyOf(second), "jwt")
    }))

  it.effect("8.D14, 8.D15: with routes, a request goes to the address of its action, with token and volatile data in headers", () =>
    Effect.gen(function*() {
      const requests: Array<HttpClientRequest.HttpClientRequest> = []
      const layer = clientOver((request) => {
        requests.push(request)
        return Effect.succeed(envelope(null))
      }, { url: "http://kuzzle.test:7512/prefix/?key=k", routes: "rest", volatile: { mine: "é\n" } })
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("the-token"))))
        yield* kuzzle.query({ ...getRequest, source: false }, { route: ["GET", "/:index/:collection/:_id"] })
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

  it.effect("8.D14: with routes, a request without a route, or with arguments that do not fit it, fails with a typed error", () =>
    Effect.gen(function*() {
      const layer = clientOver(() => Effect.die("it was sent"), { routes: "rest" })
      const issue = (request: Kuzzle.KuzzleRequest, options?: Kuzzle.RequestOptions) =>
        Effect.map(
          Effect.either(Effect.provide(Kuzzle.query(request, options), layer)),
          (result) =>
            result._tag === "Left" && result.left._tag === "KuzzleEncodeError" ? result.left.issue : assert.fail()
        )
      assert.include(yield* issue({ controller: "realtime", action: "count" }), "no REST route")
      assert.include(yield* issue(getRequest, { route: ["GET", "/:index/:what"] }), "needs the argument \"what\"")
      assert.include(yield* issue({ ...getRequest, jwt: "j" }, { route: ["GET", "/:index"] }), "set by the client")
    }))

  it.effect("8.D13: an error in an envelope, a bare error and a page of a proxy are typed errors", () =>
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

  it.effect("C6: the error of Kuzzle or of a proxy has its Retry-After as a field", () =>
    Effect.gen(function*() {
      const headers = { "retry-after": "7" }
      const error = { id: "api.process.too_many_requests", status: 429, message: "no", code: 1, props: [] }
      const bodies = [
        JSON.stringify({ requestId: "r", status: 429, error, result: null }),
        JSON.stringify(error),
        "<h1>"
      ]
      for (const body of bodies) {
        const refused = failure(yield* answering({ status: 429, body, headers }))
        assert.deepInclude({ ...refused }, { status: 429, retryAfter: Duration.seconds(7) })
        assert.notProperty(failure(yield* answering({ status: 429, body })), "retryAfter")
      }
    }))

  it.effect("A4: a renewal that fails temporarily is retried after Retry-After", () =>
    Effect.gen(function*() {
      const attempts: Array<number> = []
      const layer = clientOver((request) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          if (bodyOf(request).action !== "refreshToken") return envelope(null)
          attempts.push(now)
          return attempts.length === 1
            ? { status: 503, body: "<h1>", headers: { "retry-after": "100" } }
            : envelope({ _id: "ada", jwt: "t-2", ttl: 1_000_000 })
        })
      )
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* kuzzle.setToken(
          Option.some(Kuzzle.token(Redacted.make("t-1"), { expiresAt: DateTime.unsafeMake(1_000_000) }))
        )
        yield* TestClock.adjust("800 seconds")
        assert.lengthOf(attempts, 1)
        yield* TestClock.adjust("100 seconds")
        assert.lengthOf(attempts, 2)
        assert.isAtLeast(attempts[1]! - attempts[0]!, 100_000)
        assert.strictEqual(Redacted.value(Option.getOrThrow(yield* kuzzle.token).value), "t-2")
      }).pipe(Effect.provide(layer))
    }))

  it.effect("A5: fetch gets the option not to follow redirects, beside its other options", () =>
    Effect.gen(function*() {
      const inits: Array<RequestInit | undefined> = []
      const fetch: typeof globalThis.fetch = (_, init) => {
        inits.push(init)
        return Promise.resolve(new Response(envelope(null).body))
      }
      const options = Layer.succeed(FetchHttpClient.RequestInit, { cache: "no-store", redirect: "follow" })
      yield* Kuzzle.query(getRequest).pipe(
        Effect.provide(
          Kuzzle.layerHttp({ url: "http://kuzzle.test:7512" }).pipe(
            Layer.provide(KuzzleHttp.layer),
            Layer.provide(FetchHttpClient.layer),
            Layer.provide([options, Layer.succeed(FetchHttpClient.Fetch, fetch)])
          )
        )
      )
      assert.lengthOf(inits, 1)
      assert.deepInclude({ ...inits[0] }, { cache: "no-store", redirect: "manual" })
    }))

  it.effect("L2: an answer above maxResponseSize is a typed error, and is not read to its end", () =>
    Effect.gen(function*() {
      let read = 0
      let cancelled = 0
      const client = (headers: Readonly<Record<string, string>>, size: number, jar: boolean) =>
        Kuzzle.layerHttp({ url: "http://kuzzle.test:7512", maxResponseSize: 100_000 }).pipe(
          Layer.provide(jar ? KuzzleHttp.layerCookieJar : KuzzleHttp.layer),
          Layer.provide(Layer.succeed(
            HttpClient.HttpClient,
            HttpClient.make((request) => {
              let remaining = size
              const body = new ReadableStream<Uint8Array>({
                pull: (controller) => {
                  if (remaining <= 0) return controller.close()
                  const part = Math.min(remaining, 1000)
                  read += part
                  remaining -= part
                  controller.enqueue(new Uint8Array(part).fill(0x20))
                },
                cancel: () => {
                  cancelled += 1
                }
              })
              return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { headers })))
            })
          ))
        )
      const download = { controller: "files", action: "get" }
      for (const jar of [false, true]) {
        for (
          const headers of [
            {},
            { "content-length": "10000000" },
            // The length of the compressed body says nothing about the limit.
            { "content-length": "9000", "content-encoding": "gzip" }
          ]
        ) {
          read = cancelled = 0
          const layer = client(headers, 10_000_000, jar)
          const error = failure(yield* Effect.exit(Effect.provide(Kuzzle.query(getRequest), layer)))
          assert.deepInclude({ ...error }, { _tag: "KuzzleResponseTooLargeError", action: "get", limit: 100_000 })
          assert.include(error?.message, "more than 100000 bytes: ask for less at once, or raise maxResponseSize")
          assert.isBelow(read, 200_000)
          assert.strictEqual(cancelled, 1)
        }
        const refused = failure(
          yield* Effect.exit(Effect.provide(
            Stream.runDrain(KuzzleDownload.stream(download)),
            client({ "content-type": "application/json" }, 10_000_000, jar)
          ))
        )
        assert.strictEqual(refused?._tag, "KuzzleResponseTooLargeError")
        // A stream may have any size, and a body with exactly the largest size is an answer.
        const whole = yield* Effect.provide(
          Stream.runFold(KuzzleDownload.stream(download), 0, (size, bytes) => size + bytes.length),
          client({ "content-type": "application/octet-stream" }, 10_000_000, jar)
        )
        assert.strictEqual(whole, 10_000_000)
        const full = yield* Effect.exit(
          Effect.provide(Kuzzle.query(getRequest), client({ "content-length": "100000" }, 100_000, jar))
        )
        assert.strictEqual(failure(full)?._tag, "KuzzleProtocolError")
      }
    }))

  it.effect("an answer that arrives byte by byte is decoded as one text", () =>
    Effect.gen(function*() {
      const bytes = new TextEncoder().encode(envelope({ text: "aé€𝄞" }).body)
      const layer = Kuzzle.layerHttp({ url: "http://kuzzle.test:7512" }).pipe(
        Layer.provide(KuzzleHttp.layer),
        Layer.provide(Layer.succeed(
          HttpClient.HttpClient,
          HttpClient.make((request) => {
            const parts = Array.from(bytes, (byte) => Uint8Array.of(byte))
            const body = new ReadableStream<Uint8Array>({
              start: (controller) => {
                parts.forEach((part) => controller.enqueue(part))
                controller.close()
              }
            })
            return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body)))
          })
        ))
      )
      assert.deepStrictEqual((yield* Effect.provide(Kuzzle.query(getRequest), layer)).result, { text: "aé€𝄞" })
    }))

  it.effect("C7: an answer that is not an envelope of Kuzzle is a typed error, never a success", () =>
    Effect.gen(function*() {
      const bodies = [
        "",
        "null",
        "[]",
        "[{}]",
        "true",
        "5",
        `"text"`,
        "{}",
        `{"ok":true}`,
        `{"requestId":"r"}`,
        `{"requestId":"r","status":"200","result":null}`,
        `{"requestId":"r","status":200,"error":"boom"}`,
        `{"requestId":"r","status":200,"error":[]}`,
        `{"result":{"acknowledged":true}}`,
        "<!doctype html><title>Welcome</title>",
        `{"requestId":"r","status":200,"res`
      ]
      for (const body of bodies) {
        for (const status of [200, 201, 204]) {
          const layer = clientOver(() => Effect.succeed({ status, body }))
          const calls: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }, Kuzzle.Kuzzle>> = [
            KuzzleDocument.get({ index: "i", collection: "c", _id: "a" }),
            KuzzleIndex.create({ index: "i" }),
            KuzzleServer.now()
          ]
          for (const call of calls) {
            const error = failure(yield* Effect.exit(Effect.provide(call, layer)))
            assert.match(error?._tag ?? "none", /^Kuzzle(?:Protocol|Internal|OtherStatus)/, `${status} ${body}`)
          }
          const login = KuzzleAuth.login({ strategy: "local", credentials: { username: "ada", password: "secret" } })
          const error = failure(yield* Effect.exit(Effect.provide(login, layer)))
          assert.match(
            error?._tag ?? "none",
            /^Kuzzle(?:Protocol|Internal|OtherStatus|LoginIncomplete)/,
            `${status} ${body}`
          )
        }
      }
    }))

  it.effect("C7: an envelope without controller or action is completed from its request", () =>
    Effect.gen(function*() {
      const answer = yield* answering({ status: 200, body: `{"requestId":"r","status":200}` })
      assert.deepStrictEqual(
        answer,
        Exit.succeed({
          controller: "document",
          action: "get",
          requestId: "r",
          status: 200,
          volatile: null
        } as Kuzzle.KuzzleResponse) // without a result, as some answers are
      )
    }))

  it.effect("R2: a request ends at its deadline", () =>
    Effect.gen(function*() {
      let interrupted = false
      const layer = clientOver(() =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
      )
      const query = yield* Effect.fork(
        Effect.exit(Kuzzle.query(getRequest, { timeout: "2 seconds" })).pipe(Effect.provide(layer))
      )
      yield* turns()
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(failure(yield* Fiber.join(query))?._tag, "KuzzleDeadlineError")
      assert.isTrue(interrupted)
    }))

  it.effect("C7: a missing answer is an error that names the address", () =>
    Effect.gen(function*() {
      const layer = clientOver((request) =>
        Effect.fail(
          new HttpClientError.RequestError({ request, reason: "Transport", cause: new Error("connect ECONNREFUSED") })
        )
      )
      const error = failure(yield* Effect.exit(Kuzzle.query(getRequest)).pipe(Effect.provide(layer)))
      assert.strictEqual(error?._tag, "KuzzleHttpTransportError")
      assert.include(error?.message, "http://kuzzle.test:7512/prefix/_query")
      assert.include(error?.message, "ECONNREFUSED")
    }))

  it.effect("8.A18: the query of the address is sent with each request, and no error shows it", () =>
    Effect.gen(function*() {
      let url = ""
      const layer = clientOver((request) => {
        url = request.url
        return Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport" }))
      }, { url: "https://kuzzle.test/prefix?key=s3cr3t" })
      const error = failure(yield* Effect.exit(Kuzzle.query(getRequest)).pipe(Effect.provide(layer)))
      assert.strictEqual(url, "https://kuzzle.test/prefix/_query?key=s3cr3t")
      assert.include(error?.message, "no HTTP answer from https://kuzzle.test/prefix/_query (Transport")
      assert.notInclude(JSON.stringify(error), "s3cr3t")
    }))

  it.effect("R7: a request that is too large or cannot be encoded is not sent", () =>
    Effect.gen(function*() {
      let sent = 0
      const layer = clientOver(() => {
        sent += 1
        return Effect.succeed(envelope(null))
      }, { maxRequestSize: 500 })
      yield* Effect.gen(function*() {
        const { queryMany } = yield* Kuzzle.Kuzzle
        const outcomes = yield* queryMany([
          getRequest,
          { ...getRequest, body: { a: "x".repeat(500) } },
          { ...getRequest, body: { a: NaN } },
          { ...getRequest, volatile: 1 }
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

  it.effect("8.B10: a redirect by Kuzzle is a step of a login, and any other redirect is refused", () =>
    Effect.gen(function*() {
      const location = "https://provider.test/authorize?client_id=c&state=s3cr3t"
      const result = { headers: { location }, statusCode: 302 }
      const sent: Array<unknown> = []
      const redirecting = (body: unknown) =>
        clientOver((request) => {
          sent.push(bodyOf(request))
          return Effect.succeed({ status: 302, headers: { location }, body: JSON.stringify(body) })
        })
      const login = KuzzleAuth.loginStep({ strategy: "oauth", credentials: {}, args: { code: "4/0A", strategy: "x" } })
      const step = yield* Effect.provide(
        login,
        redirecting({ requestId: "r", status: 302, error: null, result, volatile: null })
      )
      assert.deepNestedInclude(step, {
        "_tag": "Incomplete",
        "response.status": 302,
        "response.headers": { location },
        "response.result": result
      })
      assert.deepInclude(sent[0], { action: "login", strategy: "oauth", code: "4/0A", body: {} })
      for (const body of [{}, "moved", { result }]) {
        const error = yield* Effect.flip(Effect.provide(login, redirecting(body)))
        assert.strictEqual(error._tag, "KuzzleProtocolError")
        assert.notInclude(error.message, "s3cr3t")
      }
    }))

  it.effect("8.B13: requests after a login send its token, requests after a logout do not", () =>
    Effect.gen(function*() {
      const tokens: Array<unknown> = []
      const layer = clientOver((request) => {
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
        yield* kuzzle.query(getRequest)
        yield* KuzzleAuth.logout()
        assert.isTrue(Option.isNone(yield* kuzzle.token))
        yield* kuzzle.query(getRequest)
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(tokens, [undefined, "t-1", "t-1", undefined])
    }))

  it.effect("A1, A4: after the loss of the session, only requests without its token are sent, until the next login", () =>
    Effect.gen(function*() {
      const tokens: Array<unknown> = []
      const layer = clientOver((request) => {
        const { action, jwt } = bodyOf(request)
        if (action === "login") return Effect.succeed(envelope({ _id: "ada", jwt: "two", ttl: 60_000 }))
        if (action === "refreshToken") {
          const error = { id: "security.token.invalid", status: 401, message: "", props: [] }
          return Effect.succeed({
            status: 401,
            body: JSON.stringify({ requestId: "r", status: 401, error, result: null })
          })
        }
        tokens.push(jwt)
        return Effect.succeed(envelope({ _id: "a" }))
      })
      yield* Effect.gen(function*() {
        const { authentication, setToken } = yield* Kuzzle.Kuzzle
        yield* setToken(
          Option.some(Kuzzle.token(Redacted.make("one"), { expiresAt: DateTime.unsafeMake(60_000) }))
        )
        yield* TestClock.adjust("60 seconds")
        yield* turns(10)
        assert.strictEqual((yield* authentication.state)._tag, "Unauthenticated")
        const error = failure(yield* Effect.exit(Kuzzle.query(getRequest)))
        assert.strictEqual(error?._tag, "KuzzleUnauthenticatedError")
        yield* Kuzzle.query(getRequest, { anonymous: true })
        yield* KuzzleAuth.login({ strategy: "local", credentials: { username: "ada", password: Redacted.make("pw") } })
        yield* Kuzzle.query(getRequest)
        assert.deepStrictEqual(tokens, [undefined, "two"])
      }).pipe(Effect.provide(layer))
    }))

  it.effect("L1: the states of the session end with the client", () =>
    Effect.gen(function*() {
      const layer = clientOver(() => Effect.succeed(envelope({})))
      const watching = yield* Effect.provide(
        Effect.flatMap(Kuzzle.Kuzzle, (kuzzle) =>
          Effect.tap(
            Effect.forkDaemon(
              Stream.runCollect(Stream.provideService(KuzzleAuth.states, Kuzzle.Kuzzle, kuzzle))
            ),
            () => turns()
          )),
        layer
      )
      yield* turns()
      const exit = watching.unsafePoll()
      assert.isNotNull(exit, "the stream has ended")
    }))

  it.effect("a client over HTTP is always ready", () =>
    Effect.gen(function*() {
      const kuzzle = yield* Kuzzle.Kuzzle
      assert.strictEqual((yield* kuzzle.state)._tag, "Ready")
      assert.isTrue(Option.isNone(yield* kuzzle.roundTripTime))
    }).pipe(Effect.provide(clientOver(() => Effect.succeed(envelope(null))))))
})
