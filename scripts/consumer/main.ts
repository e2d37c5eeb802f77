/**
 * A program of a user. It starts an embedded server, configures a client by the environment, logs in, subscribes, creates a
 * document, and expects its notification.
 */
import {
  KuzzleAuth,
  KuzzleCollection,
  KuzzleDocument,
  KuzzleFilter,
  KuzzleIndex,
  KuzzleRealtime
} from "@effect-kuzzle/core"
import { KuzzleWsLive } from "@effect-kuzzle/node"
import { KuzzleTestServer } from "@effect-kuzzle/testing/KuzzleTestServer"
import * as TestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Option, Redacted, Stream } from "effect"

const place = { index: "nyc", collection: "taxi" }

const program = Effect.gen(function*() {
  const session = yield* KuzzleAuth.login({
    strategy: "local",
    credentials: { username: "ada", password: Redacted.make("secret") }
  })
  yield* KuzzleIndex.create({ index: place.index })
  yield* KuzzleCollection.create(place)
  const notifications = yield* KuzzleRealtime.open({ ...place, filter: KuzzleFilter.equals("status", "free") })
  const taxi = yield* KuzzleDocument.create({ ...place, content: { status: "free" } })
  const first = yield* Stream.runHead(notifications)
  if (Option.isNone(first) || first.value.type !== "document" || first.value.result._id !== taxi._id) {
    return yield* Effect.dieMessage(`expected the notification of ${taxi._id}, got ${JSON.stringify(first)}`)
  }
  yield* Console.log(`${session.kuid} created a document and received its notification`)
})

const main = Effect.gen(function*() {
  const server = yield* KuzzleTestServer
  // As `KUZZLE_URL=… node main.js` does.
  process.env.KUZZLE_URL = server.url
  yield* program.pipe(Effect.scoped, Effect.provide(KuzzleWsLive))
})

main.pipe(
  Effect.provide(
    TestServer.layer({ users: [{ username: "ada", password: "secret", profileIds: ["admin"] }] })
  ),
  Effect.timeoutFail({ duration: "30 seconds", onTimeout: () => new Error("not done after 30 seconds") }),
  NodeRuntime.runMain
)
