/** A cookie belongs to one host: the session after the connection fails over to another host. */
import { Kuzzle, KuzzleAuth, KuzzleRealtime, KuzzleSchedule } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { gapOf, listenTo, statesOf } from "../../../tests/suite/tools.ts"

const users = [{ username: "ada", password: "secret" }]
const target = { index: "hosts", collection: "cookies" }
const login = KuzzleAuth.login({ strategy: "local", credentials: { username: "ada", password: "secret" } })

layer(KuzzleTestServer.layer({ users }), {
  excludeTestServices: true,
  timeout: "20 seconds"
})("cookies and several hosts", (it) => {
  /** A client of one server with two names, which are two hosts for cookies. Each loss moves to the other name. */
  const client = (authenticator?: Kuzzle.Authenticator) =>
    Layer.unwrapEffect(Effect.map(KuzzleTestServer.KuzzleTestServer, ({ url }) =>
      NodeKuzzle.layer({
        session: NodeKuzzle.cookie,
        url: [url, url.replace("127.0.0.1", "localhost")],
        reconnect: KuzzleSchedule.reconnect({ base: "50 millis", cap: "100 millis" }),
        ...(authenticator === undefined ? {} : { authenticator })
      })))

  const failOver = Effect.gen(function*() {
    const kuzzle = yield* Kuzzle.Kuzzle
    const { cut } = yield* KuzzleTestServer.KuzzleTestServer
    const states = yield* statesOf(kuzzle)
    yield* cut
    yield* states.until("Waiting")
    yield* states.until("Ready")
  })

  const whoAmI = Effect.map(KuzzleAuth.getCurrentUser(), ({ _id }) => _id)

  it.scoped("A3: the authenticator logs in at the other host", () =>
    Effect.gen(function*() {
      yield* login
      yield* failOver
      assert.strictEqual(yield* whoAmI, "ada")
      // Back to the host of the first cookie.
      yield* failOver
      assert.strictEqual(yield* whoAmI, "ada")
    }).pipe(Effect.provide(client(login))))

  it.scoped("A4: without an authenticator the session ends with an error, instead of continuing as the anonymous user", () =>
    Effect.gen(function*() {
      const kuzzle = yield* Kuzzle.Kuzzle
      yield* login
      const notifications = yield* listenTo(target)
      yield* failOver
      assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Unauthenticated")
      assert.strictEqual((yield* Effect.flip(KuzzleAuth.getCurrentUser()))._tag, "KuzzleUnauthenticatedError")
      yield* login
      assert.strictEqual(yield* whoAmI, "ada")
      yield* KuzzleRealtime.publish({ ...target, message: { n: 1 } })
      gapOf(yield* notifications.take)
    }).pipe(Effect.provide(client())))
})
