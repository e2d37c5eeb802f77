/**
 * A service with a fleet of taxis. It logs in by itself and stores documents by their Schema. It writes many documents
 * in few requests, reads the results of a search as a stream, and accepts writes while there is no connection.
 *
 * It starts an embedded Kuzzle, unless `KUZZLE_URL` names a server. `KUZZLE_USERNAME` and `KUZZLE_PASSWORD` then name a
 * user of that server.
 */
import {
  Kuzzle,
  KuzzleAuth,
  KuzzleBatch,
  KuzzleCollection,
  KuzzleError,
  KuzzleIndex,
  KuzzleMappings
} from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { NodeRuntime } from "@effect/platform-node"
import { Array, Config, Console, Duration, Effect, Layer, Option, Redacted, Schedule, Stream } from "effect"
// Cuts the connection for the demonstration. A service does not need it.
import * as Severable from "../../quickstart/src/severable.ts"
import { Taxi, taxis } from "./taxis.ts"

/** Logs in. The client runs this at the start, and whenever a session has ended and could not be renewed. */
const authenticator = Effect.gen(function*() {
  const username = yield* Config.withDefault(Config.string("KUZZLE_USERNAME"), "ada")
  const password = yield* Config.withDefault(Config.redacted("KUZZLE_PASSWORD"), Redacted.make("lovelace"))
  // A short lifetime, so that this demonstration shows a renewal. Without `expiresIn` the server decides.
  yield* KuzzleAuth.login({ strategy: "local", credentials: { username, password }, expiresIn: "3s" })
}).pipe(Effect.catchTag("ConfigError", (cause) => new KuzzleError.AuthenticatorError({ cause })))

const fleet = Array.makeBy(500, (n) => ({
  _id: `taxi-${n}`,
  content: new Taxi({ status: n % 5 === 0 ? "busy" : "free", seats: 4 + n % 3, seen: new Date() })
}))

const program = (cut: Effect.Effect<number>) =>
  Effect.gen(function*() {
    const kuzzle = yield* Kuzzle.Kuzzle
    const session = yield* kuzzle.authentication.state
    const kuid = session._tag === "Authenticated" ? session.kuid : Option.none()
    yield* Console.log(
      `session     ${session._tag}${Option.match(kuid, { onNone: () => "", onSome: (id) => ` as ${id}` })}`
    )
    const renewed = yield* Effect.fork(
      Stream.runHead(Stream.filter(Kuzzle.events, (e) => e._tag === "ReAuthenticated"))
    )

    if (!(yield* KuzzleIndex.exists({ index: taxis.index }))) {
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(KuzzleIndex.delete({ index: taxis.index })))
    }
    // The mappings are derived from the Schema.
    yield* KuzzleMappings.create(taxis)

    // One call for each document, sent in batches of 200. Each call has its own result or error.
    const [elapsed] = yield* Effect.forEach(fleet, taxis.createOrReplace, { concurrency: "unbounded", discard: true })
      .pipe(
        Effect.provide(KuzzleBatch.layer()),
        Effect.timed
      )
    yield* Console.log(`batch       ${fleet.length} documents written in ${Math.round(Duration.toMillis(elapsed))} ms`)

    // A stream of all hits, which requests the next page when it is needed.
    yield* KuzzleCollection.refresh(taxis)
    const seats = yield* taxis.hits({ filter: taxis.filter.equals("status", "free"), size: 100 }).pipe(
      Stream.runFold(0, (sum, { _source }) => sum + _source.seats)
    )
    yield* Console.log(`search      ${seats} seats are free`)

    // Twenty taxis report while the network is down. The reports wait in the offline queue.
    yield* cut
    yield* Stream.runHead(Stream.filter(Kuzzle.states, ({ _tag }) => _tag === "Waiting"))
    const reports = yield* Effect.fork(Effect.forEach(
      fleet.slice(0, 20),
      ({ _id }) => taxis.update({ _id, content: { status: "busy", seen: new Date() } }),
      { concurrency: "unbounded" }
    ))
    yield* Effect.yieldNow()
    yield* Console.log(`offline     20 updates made, connection: ${(yield* kuzzle.state)._tag}`)
    const updated = yield* reports
    yield* Console.log(`back        ${updated.length} updates sent in order, connection: ${(yield* kuzzle.state)._tag}`)

    yield* KuzzleCollection.refresh(taxis)
    const busy = yield* taxis.count({ filter: taxis.filter.equals("status", "busy") })
    yield* Console.log(`count       ${busy} taxis are busy`)

    yield* renewed
    yield* Console.log(`session     renewed before its token expired`)
  }).pipe(Effect.scoped)

/** `KUZZLE_URL`, or an embedded Kuzzle with one user. */
const serverUrl = Effect.gen(function*() {
  const url = yield* Config.option(Config.string("KUZZLE_URL"))
  if (Option.isSome(url)) return url.value
  const context = yield* Layer.build(KuzzleTestServer.layer({ users: [{ username: "ada", password: "lovelace" }] }))
  return (yield* Effect.provide(KuzzleTestServer.KuzzleTestServer, context)).url
})

const main = Effect.gen(function*() {
  const url = yield* serverUrl
  yield* Console.log(`server      ${url}`)
  const { cut, url: proxy } = yield* Severable.make
  const client = NodeKuzzle.layer({
    url,
    proxy,
    authenticator,
    // Requests wait for a connection, at most for `queueTTL`.
    autoQueue: true,
    // A long delay, so that this demonstration shows the queue. By default, the first attempt comes within a second.
    reconnect: Schedule.spaced("2 seconds")
  })
  yield* Effect.provide(program(cut), client)
})

NodeRuntime.runMain(Effect.scoped(main))
