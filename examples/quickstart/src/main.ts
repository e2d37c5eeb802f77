/**
 * The quickstart logs in, subscribes, writes documents and prints the notifications. Then it cuts the connection, waits
 * until the client has recovered, writes more, and logs out.
 *
 * It starts an embedded Kuzzle, unless `KUZZLE_URL` names a server. `KUZZLE_USERNAME` and `KUZZLE_PASSWORD` then name a
 * user of that server.
 */
import {
  Kuzzle,
  KuzzleAuth,
  KuzzleCollection,
  KuzzleDocument,
  KuzzleFilter,
  KuzzleIndex,
  KuzzleRealtime,
  KuzzleSecurity
} from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, DateTime, Duration, Effect, Fiber, Layer, Option, Redacted, Stream } from "effect"
import * as Severable from "./severable.ts"

const taxis = { index: "effect-kuzzle-quickstart", collection: "taxi" }

const log = (text: string) =>
  Effect.flatMap(Effect.clock, (clock) => Console.log(`${clockTime(clock.unsafeCurrentTimeMillis())}  ${text}`))

const clockTime = (millis: number) => new Date(millis).toISOString().slice(11, 23)

const describe = (notification: KuzzleRealtime.Notification): string => {
  switch (notification.type) {
    case "gap":
      return notification.cause._tag === "Disconnected"
        ? `notifications may be missing here: ${notification.cause.cause.message}`
        : `notifications may be missing here: ${notification.cause._tag}`
    case "user":
      return `${notification.result.count} listening`
    case "document": {
      const { _id, _source } = notification.result
      const change = notification.scope === "in" ? "is free" : "is not free any more"
      return `taxi ${_id ?? "?"} ${change} (${notification.action}) ${JSON.stringify(_source?.at ?? null)}`
    }
  }
}

/**
 * Logs in. If the login fails, it tries to create the user, which a server without access control allows. If this
 * fails, too, it fails with the error of the login.
 */
const login = (credentials: { readonly username: string; readonly password: Redacted.Redacted }) => {
  const attempt = KuzzleAuth.login({ strategy: "local", credentials })
  return Effect.catchTag(
    attempt,
    "KuzzleWrongCredentialsError",
    (refusal) =>
      log(`the server has no user ${credentials.username}: trying to create one`).pipe(
        Effect.zipRight(
          KuzzleSecurity.createUser({ content: { profileIds: ["default"] }, credentials: { local: credentials } })
        ),
        Effect.mapError(() => refusal),
        Effect.zipRight(attempt)
      )
  )
}

const program = (severable: Severable.Severable) =>
  Effect.gen(function*() {
    const kuzzle = yield* Kuzzle.Kuzzle
    yield* Kuzzle.states.pipe(
      Stream.runForEach((state) =>
        log(
          `── connection: ${state._tag}${
            state._tag === "Waiting" ? `, next attempt in ${Duration.format(state.delay)}` : ""
          }`
        )
      ),
      Effect.forkScoped
    )

    const { expiresAt, kuid } = yield* login({
      username: yield* Config.withDefault(Config.string("KUZZLE_USERNAME"), "ada"),
      password: yield* Config.withDefault(Config.redacted("KUZZLE_PASSWORD"), Redacted.make("lovelace"))
    })
    yield* log(`logged in as ${kuid}, ${
      Option.match(expiresAt, {
        onNone: () => "without an end",
        onSome: (time) => `until ${clockTime(DateTime.toEpochMillis(time))}`
      })
    }`)

    const isNew = !(yield* KuzzleIndex.exists({ index: taxis.index }))
    yield* KuzzleCollection.create({ ...taxis, mappings: { properties: { status: { type: "keyword" } } } })
    if (isNew) {
      yield* Effect.addFinalizer(() =>
        KuzzleIndex.delete({ index: taxis.index }).pipe(
          Effect.catchAll((error) => log(`the index ${taxis.index} could not be deleted: ${error.message}`))
        )
      )
    }

    // The subscription is confirmed: the stream contains every later write.
    const free = yield* KuzzleRealtime.open({ ...taxis, filter: KuzzleFilter.equals("status", "free") })
    const listening = yield* free.pipe(
      Stream.tap((notification) => log(`   » ${describe(notification)}`)),
      Stream.takeUntil((notification) => notification.type === "document" && notification.action === "delete"),
      Stream.runDrain,
      Effect.forkScoped
    )
    yield* log("subscribed to the free taxis")

    const taxi = yield* KuzzleDocument.create({ ...taxis, content: { status: "free", at: [40.7, -74] } })
    yield* KuzzleDocument.update({ ...taxis, _id: taxi._id, content: { status: "busy" } })

    // The client pings once a second.
    yield* Effect.sleep("1200 millis")
    yield* kuzzle.roundTripTime.pipe(
      Effect.map(
        Option.match({ onNone: () => "no ping yet", onSome: (time) => `${Duration.toMillis(time).toFixed(1)} ms` })
      ),
      Effect.flatMap((time) => log(`heartbeat: the last ping took ${time}`))
    )

    yield* log(`cutting the TCP connection (${yield* severable.cut} open)`)
    yield* Stream.runHead(Stream.filter(Kuzzle.states, ({ _tag }) => _tag === "Waiting"))
    yield* Stream.runHead(Stream.filter(Kuzzle.states, ({ _tag }) => _tag === "Ready"))
    yield* log("recovered: the client has subscribed again by itself")
    yield* KuzzleDocument.update({ ...taxis, _id: taxi._id, content: { status: "free", at: [40.8, -73.9] } })
    yield* KuzzleDocument.delete({ ...taxis, _id: taxi._id })
    yield* Fiber.join(listening)
  }).pipe(
    Effect.scoped,
    Effect.zipRight(KuzzleAuth.logout()),
    Effect.zipRight(log("logged out, done"))
  )

/** `KUZZLE_URL`, or an embedded Kuzzle with one user. */
const serverUrl = Effect.gen(function*() {
  const url = yield* Config.option(Config.string("KUZZLE_URL"))
  if (Option.isSome(url)) return url.value
  const context = yield* Layer.build(KuzzleTestServer.layer({
    users: [{ username: "ada", password: "lovelace", profileIds: ["default"] }]
  }))
  const server = yield* Effect.provide(KuzzleTestServer.KuzzleTestServer, context)
  yield* log(`started an embedded Kuzzle at ${server.url}`)
  return server.url
})

const main = Effect.gen(function*() {
  const url = yield* serverUrl
  const severable = yield* Severable.make
  yield* program(severable).pipe(
    Effect.provide(NodeKuzzle.layer({ url, proxy: severable.url, pingInterval: "1 second" }))
  )
})

NodeRuntime.runMain(Effect.scoped(main))
