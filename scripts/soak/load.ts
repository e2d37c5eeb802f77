/** The load of the soak: its client does everything at the same time, until it is interrupted. */
import {
  Kuzzle,
  KuzzleAuth,
  KuzzleCollection,
  KuzzleDocument,
  KuzzleFilter,
  KuzzleRealtime,
  KuzzleSchedule
} from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { Array, Effect, Exit, Random, Redacted, Stream } from "effect"
import type { users } from "./users.ts"
import { password } from "./users.ts"

const place = { index: "soak", collection: "taxi" }

/** Counters of events. A counter that stays at 0 shows that something was not tested. */
export const make = () => ({
  requests: 0,
  /** The requests that failed with a typed error, because they were refused or lost. */
  failed: 0,
  interrupted: 0,
  queued: 0,
  reconnections: 0,
  subscriptions: 0,
  notifications: 0,
  gaps: 0,
  logins: 0,
  renewals: 0,
  otherClients: 0
})

export type Counts = ReturnType<typeof make>

const login = (username: (typeof users)[number], expiresIn: string) =>
  KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) }, expiresIn })

/** All times are short, so that as many reconnections and token refreshes happen in minutes as usually in an hour. */
const options = (url: string): NodeKuzzle.Options => ({
  url,
  pingInterval: "1 second",
  pingTimeout: "1 second",
  stableAfter: "1 second",
  requestTimeout: "5 seconds",
  reconnect: KuzzleSchedule.reconnect({ base: "200 millis", cap: "1 second" }),
  autoQueue: true,
  queueTTL: "3 seconds",
  authenticator: login("ada", "5s")
})

/** Repeats an effect forever, with random pauses. It may fail with a typed error, which is counted. A defect ends the soak. */
const repeat = <A, E, R>(counts: Counts, pause: readonly [number, number], effect: Effect.Effect<A, E, R>) =>
  Effect.zipRight(
    Effect.catchAll(effect, () => Effect.sync(() => counts.failed += 1)),
    Effect.flatMap(Random.nextIntBetween(...pause), (millis) => Effect.sleep(millis))
  ).pipe(Effect.forever)

const number = Random.nextIntBetween(0, 50)

const write = (counts: Counts) =>
  Effect.flatMap(number, (n) => {
    counts.requests += 1
    return KuzzleDocument.createOrReplace({ ...place, _id: `taxi-${n}`, content: { n, status: "free" } })
  })

const readMany = (counts: Counts) =>
  Effect.gen(function*() {
    const kuzzle = yield* Kuzzle.Kuzzle
    const requests = Array.makeBy(20, (n) => ({ controller: "document", action: "get", ...place, _id: `taxi-${n}` }))
    const exits = yield* kuzzle.queryMany(requests, { idempotent: true })
    counts.requests += exits.length
    counts.failed += exits.filter(Exit.isFailure).length
  })

const interruptWrite = (counts: Counts) =>
  Effect.zipRight(Effect.timeoutOption(write(counts), "1 millis"), Effect.sync(() => counts.interrupted += 1))

const subscribe = (counts: Counts) =>
  Effect.flatMap(
    number,
    (n) =>
      KuzzleRealtime.subscribe({ ...place, filter: KuzzleFilter.equals("n", n), users: "all" }).pipe(
        Stream.take(1 + n % 5),
        Stream.interruptAfter("1 second"),
        Stream.runDrain,
        Effect.zipRight(Effect.sync(() => counts.subscriptions += 1))
      )
  )

/** Unsubscribes before, while or after the server has accepted the subscription. */
const listen = (counts: Counts) =>
  Effect.flatMap(Random.nextIntBetween(0, 200), (millis) =>
    Effect.scoped(Effect.timeoutOption(
      Effect.zipRight(
        KuzzleRealtime.listen({ ...place, filter: KuzzleFilter.range("n", { lt: millis }) }, () =>
          counts.notifications += 1),
        Effect.never
      ),
      millis
    )).pipe(Effect.zipRight(Effect.sync(() =>
      counts.subscriptions += 1
    ))))

const logIn = (counts: Counts) =>
  Effect.gen(function*() {
    yield* login((yield* Random.nextBoolean) ? "ada" : "grace", "4s")
    counts.logins += 1
    yield* Effect.sleep("1 second")
    yield* KuzzleAuth.refreshToken()
    counts.renewals += 1
    yield* Effect.sleep("6 seconds")
    yield* KuzzleAuth.logout()
  })

const watch = Effect.flatMap(Kuzzle.Kuzzle, (kuzzle) =>
  Effect.all([
    Stream.runDrain(Stream.take(Kuzzle.streamOf(kuzzle.states), 3)),
    Stream.runDrain(Stream.take(Kuzzle.streamOf(kuzzle.events), 20)),
    Stream.runDrain(Stream.take(Kuzzle.streamOf(kuzzle.authentication.states), 2))
  ], { concurrency: "unbounded" }))

const runOtherClient = (counts: Counts, url: string) =>
  Effect.provide(write(counts), NodeKuzzle.layer(options(url))).pipe(
    Effect.timeoutOption("2 seconds"),
    Effect.zipRight(Effect.sync(() => counts.otherClients += 1))
  )

const count = (counts: Counts, event: Kuzzle.KuzzleEvent) => {
  switch (event._tag) {
    case "Reconnected":
      counts.reconnections += 1
      break
    case "Queued":
      counts.queued += 1
      break
  }
}

/** Runs the load forever. One subscription stays open all the time. */
export const run = (counts: Counts, url: string) =>
  Effect.gen(function*() {
    const kuzzle = yield* Kuzzle.Kuzzle
    yield* KuzzleCollection.create(place)
    const lasting = yield* KuzzleRealtime.open(place)
    const loops = [
      Stream.runForEach(Kuzzle.streamOf(kuzzle.events), (event) => Effect.sync(() => count(counts, event))),
      Stream.runForEach(
        lasting,
        ({ type }) => Effect.sync(() => counts[type === "gap" ? "gaps" : "notifications"] += 1)
      ),
      ...Array.makeBy(8, () => repeat(counts, [1, 20], write(counts))),
      ...Array.makeBy(4, () => repeat(counts, [1, 20], interruptWrite(counts))),
      ...Array.makeBy(4, () => repeat(counts, [1, 50], subscribe(counts))),
      ...Array.makeBy(4, () => repeat(counts, [1, 50], listen(counts))),
      repeat(counts, [50, 100], readMany(counts)),
      repeat(counts, [1, 1_000], logIn(counts)),
      repeat(counts, [1, 100], watch),
      repeat(counts, [200, 500], runOtherClient(counts, url))
    ]
    return yield* Effect.all(loops, { concurrency: "unbounded", discard: true })
  })

export const layer = (url: string) => NodeKuzzle.layer(options(url))
