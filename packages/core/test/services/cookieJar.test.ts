/** The cookie jar for runtimes without cookies: the answers that fill it, the calls and handshakes that send it, its expiry. */
import { KuzzleHttp } from "@effect-kuzzle/core"
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Inspectable, Layer, Option, Redacted, TestClock } from "effect"

const host = "http://kuzzle.test:7512"

/** A server that sets cookies on demand, and records the cookies that it receives. */
const setUp = Effect.gen(function*() {
  const received: Array<string | undefined> = []
  let next: ReadonlyArray<readonly [string, string]> = []
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      received.push(request.headers.cookie)
      const headers = next.map(([name, value]): [string, string] => [name, value])
      return HttpClientResponse.fromWeb(request, new Response("{}", { headers }))
    })
  )
  const context = yield* Layer.build(
    Layer.provide(KuzzleHttp.layerCookieJar, Layer.succeed(HttpClient.HttpClient, client))
  )
  const http = yield* Effect.provide(KuzzleHttp.KuzzleHttp, context)
  return {
    received,
    call: (more: Partial<KuzzleHttp.HttpCall> = {}) =>
      http.exchange({
        method: "POST",
        url: `${host}/_login/local`,
        headers: {},
        body: "{}",
        credentials: true,
        ...more
      }, 1000),
    /** The cookies that later answers set. */
    answers: (cookies: ReadonlyArray<string>, date?: string) => {
      next = [
        ...cookies.map((cookie) => ["set-cookie", cookie] as const),
        ...(date === undefined ? [] : [["date", date] as const])
      ]
    },
    cookie: (url = "ws://kuzzle.test:7512") =>
      Effect.map(http.cookie(url), (cookie) => Option.getOrUndefined(Option.map(cookie, Redacted.value))),
    http
  }
})

const session = "authToken=kauth-a.b-c_d; Path=/; HttpOnly; SameSite=Strict"

describe("the cookie jar", () => {
  it.scoped("keeps the cookie of a call with credentials, for such calls and for handshakes", () =>
    Effect.gen(function*() {
      const { answers, call, cookie, received, http } = yield* setUp
      assert.isUndefined(yield* cookie())
      answers([session])
      const { headers } = yield* call()
      answers([])
      yield* call()
      assert.deepStrictEqual(received, [undefined, "authToken=kauth-a.b-c_d"])
      assert.strictEqual(yield* cookie(), "authToken=kauth-a.b-c_d")
      assert.notProperty(headers, "set-cookie")
      assert.notInclude(Inspectable.toStringUnknown(yield* http.cookie("ws://kuzzle.test:7512")), "kauth")
    }))

  it.scoped("a call without credentials neither sends cookies nor keeps any", () =>
    Effect.gen(function*() {
      const { answers, call, cookie, received } = yield* setUp
      answers([session])
      yield* call()
      answers(["authToken=null; Path=/"])
      const { headers } = yield* call({ credentials: false })
      assert.deepStrictEqual(received, [undefined, undefined])
      assert.strictEqual(yield* cookie(), "authToken=kauth-a.b-c_d")
      assert.notProperty(headers, "set-cookie")
    }))

  it.scoped("\"null\" ends the cookie, another login replaces it", () =>
    Effect.gen(function*() {
      const { answers, call, cookie } = yield* setUp
      answers([session])
      yield* call()
      answers(["authToken=kauth-second; Path=/"])
      yield* call()
      assert.strictEqual(yield* cookie(), "authToken=kauth-second")
      answers(["authToken=null; Path=/; HttpOnly"])
      yield* call()
      assert.isUndefined(yield* cookie())
    }))

  it.scoped("expires by the server's clock, whatever the client's clock shows", () =>
    Effect.gen(function*() {
      const { answers, call, cookie } = yield* setUp
      // The client's clock is at 1970.
      answers(["authToken=a; Expires=Mon, 23 Nov 2026 11:00:00 GMT"], "Mon, 23 Nov 2026 10:00:00 GMT")
      yield* call()
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* cookie(), "authToken=a")
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(yield* cookie())
    }))

  it.scoped("8.B14: the cookie of a token that never expires has expired already, because Kuzzle sends a date of 1969 (spec 2.6)", () =>
    Effect.gen(function*() {
      const { answers, call, cookie } = yield* setUp
      answers(["authToken=a; Expires=Wed, 31 Dec 1969 23:59:59 GMT"], "Mon, 23 Nov 2026 10:00:00 GMT")
      yield* call()
      assert.isUndefined(yield* cookie())
    }))

  it.scoped("Max-Age takes precedence over Expires", () =>
    Effect.gen(function*() {
      const { answers, call, cookie } = yield* setUp
      answers(["a=1; Max-Age=60; Expires=Mon, 23 Nov 1969 11:00:00 GMT", "b=2; Max-Age=0"])
      yield* call()
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* cookie(), "a=1")
      yield* TestClock.adjust("1 seconds")
      assert.isUndefined(yield* cookie())
    }))

  it.scoped("a host's cookies are for that host, on every port and with both schemes; secure ones need TLS", () =>
    Effect.gen(function*() {
      const { answers, call, cookie } = yield* setUp
      answers([session, "route=b; Secure"])
      yield* call()
      assert.isUndefined(yield* cookie("ws://other.test:7512"))
      assert.isUndefined(yield* cookie("ws://a.kuzzle.test:7512"))
      assert.strictEqual(yield* cookie("ws://kuzzle.test/path"), "authToken=kauth-a.b-c_d")
      assert.strictEqual(yield* cookie("wss://kuzzle.test"), "authToken=kauth-a.b-c_d; route=b")
    }))

  it.scoped("L2: keeps the newest 50 cookies of a host, and none above 4,096 bytes", () =>
    Effect.gen(function*() {
      const { answers, call, cookie } = yield* setUp
      answers(["gate=closed", session])
      yield* call()
      answers([`gate=${"x".repeat(4093)}`])
      yield* call()
      assert.strictEqual(yield* cookie(), "gate=closed; authToken=kauth-a.b-c_d")
      answers(Array.from({ length: 20_000 }, (_, n) => `c${n}=${n}`))
      yield* call()
      const newest = Array.from({ length: 50 }, (_, n) => `c${19_950 + n}=${19_950 + n}`)
      assert.strictEqual(yield* cookie(), newest.join("; "))
      // Setting a cookie again makes it the newest, and a deleted cookie makes room.
      answers([session, "c19999=; Max-Age=0"])
      yield* call()
      answers(["c19951=again", "last=1"])
      yield* call()
      assert.strictEqual(
        yield* cookie(),
        [...newest.slice(2, -1), "authToken=kauth-a.b-c_d", "c19951=again", "last=1"].join("; ")
      )
      answers([`d=${"x".repeat(4095)}`, `e=${"x".repeat(4096)}`])
      yield* call()
      assert.match((yield* cookie()) ?? "", /; d=x{4095}$/)
    }))

  it.scoped("L2: keeps 3,000 cookies in all, those of the latest hosts", () =>
    Effect.gen(function*() {
      const { answers, call, cookie } = yield* setUp
      answers(Array.from({ length: 50 }, (_, n) => `c${n}=${n}`))
      for (let host = 0; host < 60; host++) yield* call({ url: `http://h${host}.test` })
      assert.strictEqual((yield* cookie("ws://h0.test"))?.split("; ").length, 50)
      answers(["c=1"])
      yield* call({ url: "http://h1.test" })
      yield* call({ url: "http://h60.test" })
      assert.strictEqual((yield* cookie("ws://h0.test"))?.split("; ").length, 49)
      assert.strictEqual((yield* cookie("ws://h1.test"))?.split("; ").length, 50)
    }))

  it.scoped("is sent together with the cookies of the settings", () =>
    Effect.gen(function*() {
      const { answers, call, received } = yield* setUp
      answers([session])
      yield* call({ headers: { Cookie: "gate=open" } })
      yield* call({ headers: { Cookie: "gate=open" } })
      assert.deepStrictEqual(received, ["gate=open", "gate=open; authToken=kauth-a.b-c_d"])
    }))

  it.scoped("an invalid address fails as it does without a jar", () =>
    Effect.gen(function*() {
      const { call, cookie } = yield* setUp
      assert.strictEqual((yield* Effect.flip(call({ url: "nonsense" })))._tag, "KuzzleNoAnswerError")
      assert.isUndefined(yield* cookie("nonsense"))
    }))
})
