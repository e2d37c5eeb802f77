/**
 * A service with a fleet of taxis: it logs in by itself, keeps documents by their Schema, writes many of them in few
 * requests, reads all that a search finds as a stream, and goes on writing while there is no connection.
 *
 * It starts an embedded Kuzzle, unless `KUZZLE_URL` names a server; `KUZZLE_USERNAME` and `KUZZLE_PASSWORD` then name a
 * user of it.
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
// Only to cut the connection: nothing that a service needs.
import * as Severable from "../../quickstart/src/severable.ts"
import { Taxi, taxis } from "./taxis.ts"

/** Run at the start, and whenever the session has ended and could not be renewed. */
const authenticator = Effect.gen(function*() {
  const username = yield* Config.withDefault(Config.string("KUZZLE_USERNAME"), "ada")
  const password = yield* Config.withDefault(Config.redacted("KUZZLE_PASSWORD"), Redacted.make("lovelace"))
  // So short a life lets the demonstration show a renewal; say nothing, and the server decides.
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
      Stream.runHead(Stream.filter(kuzzle.events, (e) => e._tag === "ReAuthenticated"))
    )

    if (!(yield* KuzzleIndex.exists({ index: taxis.index }))) {
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(KuzzleIndex.delete({ index: taxis.index })))
    }
    // What is stored, and how it is searched for, follows from the Schema.
    yield* KuzzleMappings.create(taxis)

    // Written one by one, sent 200 at a time: each has its own document or its own error.
    const [took] = yield* Effect.forEach(fleet, taxis.createOrReplace, { concurrency: "unbounded", discard: true })
      .pipe(
        Effect.provide(KuzzleBatch.layer()),
        Effect.timed
      )
    yield* Console.log(`batch       ${fleet.length} documents written in ${Math.round(Duration.toMillis(took))} ms`)

    // All that is found, page by page, as it is asked for.
    yield* KuzzleCollection.refresh(taxis)
    const seats = yield* taxis.hits({ filter: taxis.filter.equals("status", "free"), size: 100 }).pipe(
      Stream.runFold(0, (sum, { _source }) => sum + _source.seats)
    )
    yield* Console.log(`search      ${seats} seats are free`)

    // The network goes away, and twenty taxis report all the same.
    yield* cut
    yield* Stream.runHead(Stream.filter(kuzzle.states, ({ _tag }) => _tag === "Waiting"))
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
    yield* Console.log(`session     renewed before its token's end`)
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
    // What is asked while there is no connection waits for one, at most `queueTTL`.
    autoQueue: true,
    // Time enough to see it; the default tries again within a second.
    reconnect: Schedule.spaced("2 seconds")
  })
  yield* Effect.provide(program(cut), client)
})

NodeRuntime.runMain(Effect.scoped(main))
