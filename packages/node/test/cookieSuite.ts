/** The cookie of a login over REST, which the jar stores and the handshake of a WebSocket sends (spec 2.6), without a browser. */
import { KuzzleConfig, KuzzleHttp, KuzzleSocket } from "@effect-kuzzle/core"
import { NodeKuzzleHttp, NodeKuzzleSocket } from "@effect-kuzzle/node"
import { assert, layer } from "@effect/vitest"
import { Context, Deferred, Duration, Effect, Layer, Option, Redacted } from "effect"
import { type Backend, layerWorld, type User, World } from "../../../tests/suite/backend.ts"

interface Json {
  readonly [member: string]: unknown
}

/** Sends a request on a new socket, with these headers in the handshake, and returns the answer. */
const ask = (url: string, headers: KuzzleSocket.HandshakeHeaders, request: Json) =>
  Effect.gen(function*() {
    const socket = yield* KuzzleSocket.KuzzleSocket
    const answer = yield* Deferred.make<Json>()
    const onFrame = (frame: string) => Deferred.unsafeDone(answer, Effect.succeed(JSON.parse(frame)))
    const connection = yield* KuzzleSocket.connect(socket, {
      url,
      sink: { onFrame, onPong: () => {} },
      timeout: Duration.seconds(10),
      headers
    })
    connection.unsafeSend(JSON.stringify({ requestId: "r", ...request }))
    return yield* Effect.timeout(Deferred.await(answer), "10 seconds")
  }).pipe(Effect.scoped)

const whoAmI = { controller: "auth", action: "getCurrentUser" }

/** The address of the backend's server. */
export class Address extends Context.Tag("@effect-kuzzle/node/test/Address")<Address, string>() {}

export const cookieSuite = <E>(title: string, backend: Layer.Layer<Backend | Address, E>): void =>
  layer(
    Layer.merge(Layer.provideMerge(layerWorld, backend), NodeKuzzleSocket.layer()),
    { excludeTestServices: true, timeout: "20 seconds" }
  )(title, (it) => {
    /** The routes of one user, with their own jar. */
    const setUp = Effect.gen(function*() {
      const address = yield* Address
      const http = yield* KuzzleHttp.KuzzleHttp
      const user: User = yield* (yield* World).user
      const post = (path: string, body: Json, credentials = true) =>
        Effect.map(
          http.exchange({
            method: "POST",
            url: `${KuzzleConfig.httpUrl(address)}${path}`,
            headers: {},
            body: JSON.stringify(body),
            credentials
          }, 100_000),
          // A REST route answers with an envelope.
          (answer): Json => JSON.parse(answer.body)
        )
      const headers = Effect.map(
        http.cookie(address),
        Option.match({ onNone: () => ({}), onSome: (cookie) => ({ cookie }) })
      )
      const kuid = Effect.flatMap(headers, (headers) =>
        // The user is the result's `_id`; a refusal has no result.
        Effect.map(ask(address, headers, whoAmI), ({ result }) => (result as Json | null)?._id))
      const login = (credentials = true) => {
        const { password, username } = user
        return post(`/_login/local${credentials ? "?cookieAuth=true" : ""}`, { username, password }, credentials)
      }
      return { address, headers, http, kuid, login, post, user }
    })

    it.scoped("8.B5: login, refresh and logout by REST decide the user of a new WebSocket", () =>
      Effect.gen(function*() {
        const { address, headers, http, kuid, login, post, user } = yield* setUp
        assert.strictEqual(yield* kuid, "-1")
        const { result } = yield* login()
        assert.notProperty(result, "jwt")
        assert.strictEqual(yield* kuid, user.kuid)
        // Within one second of its creation, a refresh returns the same token.
        yield* Effect.sleep("1100 millis")
        const cookie = Effect.map(http.cookie(address), Option.match({ onNone: () => "", onSome: Redacted.value }))
        const before = yield* cookie
        assert.strictEqual((yield* post("/_refreshToken?cookieAuth=true", {})).status, 200)
        assert.notStrictEqual(yield* cookie, before)
        assert.strictEqual(yield* kuid, user.kuid)
        yield* post("/_logout?cookieAuth=true", {})
        assert.deepStrictEqual(yield* headers, {})
        assert.strictEqual(yield* kuid, "-1")
      }).pipe(Effect.provide(NodeKuzzleHttp.layer)))

    it.scoped("a call without credentials carries no cookie, because the server refuses a cookie beside a token", () =>
      Effect.gen(function*() {
        const { address, headers, login, post, user } = yield* setUp
        yield* login()
        const { result } = yield* login(false)
        // A login without a cookie gives its token.
        const { jwt } = result as Json
        const mine = yield* post("/_query", { ...whoAmI, jwt }, false)
        assert.deepInclude(mine.result, { _id: user.kuid })
        const refused = yield* ask(address, yield* headers, { ...whoAmI, jwt })
        assert.deepInclude(refused.error, { id: "security.token.verification_error" })
      }).pipe(Effect.provide(NodeKuzzleHttp.layer)))
  })
