import {
  Kuzzle,
  KuzzleAuth,
  KuzzleError,
  KuzzleHeartbeat,
  KuzzleHttp,
  KuzzleServer,
  KuzzleTokenStore
} from "@effect-kuzzle/core"
import { HttpClient, HttpClientResponse, KeyValueStore } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { now, obligingNetwork } from "./support/client.ts"
import { FakeNetwork, type FakeRequest, obliging } from "./support/FakeSocket.ts"

const key = "kapikey-s3cr3t"

const overSocket = (network: FakeNetwork, options: Kuzzle.Options) =>
  Kuzzle.layer({ url: "ws://kuzzle.test", ...options }).pipe(
    Layer.provide([network.layer, KuzzleHeartbeat.layerDisabled])
  )

/** The tokens that requests carry. */
const tokensOf = ({ current }: FakeNetwork) => current.requests.map(({ jwt }) => jwt)

const unused = Layer.succeed(KuzzleHttp.KuzzleHttp, {
  exchange: () => Effect.die("no exchange is expected"),
  stream: () => Effect.die("no download is expected"),
  cookie: () => Effect.succeedNone
})

/** A store with the session of a user. */
const storeOf = (values: Map<string, string>) =>
  Effect.gen(function*() {
    const store = KuzzleTokenStore.make(
      KeyValueStore.makeStringOnly({
        get: (name) => Effect.succeed(Option.fromNullable(values.get(name))),
        set: (name, value) => Effect.sync(() => void values.set(name, value)),
        remove: (name) => Effect.sync(() => void values.delete(name)),
        clear: Effect.sync(() => values.clear()),
        size: Effect.sync(() => values.size)
      }),
      "session"
    )
    const tokenOfAda = { token: Redacted.make("kauth-ada"), kuid: "ada", expiresAt: Option.none() }
    yield* store.save(Option.some(tokenOfAda), Option.none())
    return store
  })

describe("the setting apiKey", () => {
  it.effect("every request carries it, and no login is made", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      yield* Effect.gen(function*() {
        yield* Kuzzle.query(now)
        yield* Kuzzle.query(now, { anonymous: true })
        const kuzzle = yield* Kuzzle.Kuzzle
        assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Authenticated")
      }).pipe(
        Effect.provide(
          overSocket(network, { apiKey: key, authenticator: Effect.die("the authenticator must not run") })
        )
      )
      assert.deepStrictEqual(tokensOf(network), [key, undefined])
    }))

  it.effect("requests over HTTP carry it, too", () =>
    Effect.gen(function*() {
      const sent: Array<unknown> = []
      const client = HttpClient.make((request) =>
        Effect.sync(() => {
          const text = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "{}"
          sent.push(JSON.parse(text).jwt)
          const answer = { requestId: "r", status: 200, error: null, result: { now: 1 } }
          return HttpClientResponse.fromWeb(request, new Response(JSON.stringify(answer)))
        })
      )
      yield* Effect.provide(
        KuzzleServer.now(),
        Kuzzle.layerHttp({ url: "http://kuzzle.test", apiKey: Redacted.make(key) }).pipe(
          Layer.provide(KuzzleHttp.layer),
          Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
        )
      )
      assert.deepStrictEqual(sent, [key])
    }))

  it.effect("a stored session is neither used nor replaced", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const values = new Map<string, string>()
      const store = yield* storeOf(values)
      const before = values.get("session")
      assert.include(String(before), "kauth-ada")
      const answer = network.onSend
      network.onSend = (socket, frame) => {
        const request: FakeRequest = JSON.parse(frame)
        if (request.action !== "login") return answer?.(socket, frame)
        queueMicrotask(() => socket.answer(request, { _id: "bob", jwt: "kauth-bob", ttl: 1000, expiresAt: 1000 }))
      }
      const program = Effect.gen(function*() {
        yield* Kuzzle.query(now)
        yield* KuzzleAuth.login({ strategy: "local", credentials: { username: "bob", password: "s3cr3t" } })
      })
      const run = Effect.provide(program, overSocket(network, { apiKey: key })).pipe(
        Effect.provideService(KuzzleTokenStore.KuzzleTokenStore, store)
      )
      yield* run
      assert.deepStrictEqual(tokensOf(network), [key, undefined])
      assert.strictEqual(values.get("session"), before)
      values.clear()
      yield* run
      assert.strictEqual(values.size, 0)
    }))

  it.effect("with a key that the server does not know, the first request gets the refusal, and later requests fail because the session has ended", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.onSend = (socket, frame) => {
        const request: FakeRequest = JSON.parse(frame)
        queueMicrotask(() => socket.refuse(request, { id: "security.token.invalid", status: 401 }))
      }
      const [first, second] = yield* Effect.all([Effect.flip(Kuzzle.query(now)), Effect.flip(Kuzzle.query(now))]).pipe(
        Effect.provide(overSocket(network, { apiKey: key }))
      )
      assert.instanceOf(first, KuzzleError.UnauthorizedError)
      assert.instanceOf(second, KuzzleError.UnauthenticatedError)
      assert.include(second.message, "server:now was not sent")
      assert.notInclude(`${first}${second}`, "s3cr3t")
    }))

  it.effect("a login replaces the key, and a logout ends its use", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.onSend = (socket, frame) => {
        const request: FakeRequest = JSON.parse(frame)
        if (request.action !== "login") return obliging(socket, frame)
        queueMicrotask(() => socket.answer(request, { _id: "ada", jwt: "kauth-ada", ttl: 1000, expiresAt: 1000 }))
      }
      yield* Effect.gen(function*() {
        yield* KuzzleAuth.login({ strategy: "local", credentials: { username: "ada", password: "s3cr3t" } })
        yield* Kuzzle.query(now)
        yield* KuzzleAuth.logout()
        yield* Kuzzle.query(now)
      }).pipe(Effect.provide(overSocket(network, { apiKey: key })))
      assert.deepStrictEqual(tokensOf(network), [undefined, "kauth-ada", "kauth-ada", undefined])
    }))

  it.effect("with a session by cookie, the layer fails before it connects", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const layer = Kuzzle.layer({ url: "ws://kuzzle.test", apiKey: key, session: Kuzzle.cookie }).pipe(
        Layer.provide([network.layer, KuzzleHeartbeat.layerDisabled, unused])
      )
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.deepInclude({ ...error }, { _tag: "KuzzleInvalidSettingError", setting: "apiKey" })
      assert.include(error.message, "Leave out the option session to use a token")
      assert.lengthOf(network.sockets, 0)
    }))
})
