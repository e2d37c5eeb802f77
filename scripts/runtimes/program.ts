/**
 * The program that runs on every runtime. It needs a Kuzzle behind a relay, and layers for the runtime. Each part has its own
 * collection and its own outcome, so one failure does not hide another.
 */
import {
  Kuzzle,
  KuzzleAuth,
  KuzzleCollection,
  KuzzleDocument,
  type KuzzleDownload,
  type KuzzleError,
  KuzzleExport,
  KuzzleRealtime
} from "@effect-kuzzle/core"
import { Cause, Effect, Fiber, type Layer, Option, Queue, Redacted, Schedule, Stream } from "effect"
import type { ClientLayer } from "../../tests/suite/backend.ts"
import * as Remote from "../../tests/suite/remote.ts"
import type { Outcome, Report } from "./report.ts"

export interface Layers {
  readonly socket: (url: string) => ClientLayer
  readonly http: (
    url: string
  ) => Layer.Layer<Kuzzle.Kuzzle | KuzzleDownload.KuzzleDownload, KuzzleError.InvalidSettingError>
  /** `undefined` if the runtime cannot send a cookie with the handshake. */
  readonly cookie?: (url: string) => ClientLayer
}

/**
 * The users of the embedded Kuzzle. Each part has its own, because a login within the same second returns a revoked
 * token.
 */
export const users = ["session", "http", "cookie"].map((username) => ({ username, password: "secret" }))

const login = (username: keyof Report) =>
  KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make("secret") } })

const expectEqual = (what: string, actual: unknown, expected: unknown) =>
  actual === expected ? Effect.void : Effect.dieMessage(`${what}: expected ${expected}, got ${actual}`)

/**
 * Logs in, subscribes, and receives a notification. Then it loses the connection, and receives a gap and another notification
 * after the recovery. At the end it logs out.
 */
const session = (remote: Remote.RemoteBackend) =>
  Effect.gen(function*() {
    const place = { index: "runtimes", collection: "session" }
    const kuzzle = yield* Kuzzle.Kuzzle
    const { kuid } = yield* login("session")
    yield* KuzzleCollection.create(place)

    const received = yield* Queue.unbounded<string>()
    yield* KuzzleRealtime.listen(place, (notification) => {
      received.unsafeOffer(notification.type === "document" ? String(notification.result._id) : notification.type)
    })
    yield* KuzzleDocument.create({ ...place, _id: "before", content: { seats: 4 } })
    yield* expectEqual("the first notification", yield* Queue.take(received), "before")
    yield* Effect.repeat(kuzzle.roundTripTime, { until: Option.isSome, schedule: Schedule.spaced("50 millis") })

    const lost = yield* Effect.fork(
      Stream.runHead(Stream.filter(Kuzzle.streamOf(kuzzle.states), ({ _tag }) => _tag === "Waiting"))
    )
    yield* Remote.network(remote).cut
    yield* Fiber.join(lost)
    yield* Stream.runHead(Stream.filter(Kuzzle.streamOf(kuzzle.states), ({ _tag }) => _tag === "Ready"))
    yield* KuzzleDocument.create({ ...place, _id: "after", content: { seats: 4 } })
    yield* expectEqual("after the loss", yield* Queue.take(received), "gap")
    yield* expectEqual("after the gap", yield* Queue.take(received), "after")

    yield* expectEqual("the user", (yield* KuzzleAuth.getCurrentUser())._id, kuid)
    yield* KuzzleAuth.logout()
  })

/** Sends requests with a token over HTTP, and reads an export as a stream. */
const http = Effect.gen(function*() {
  const place = { index: "runtimes", collection: "http" }
  const { kuid } = yield* login("http")
  yield* expectEqual("the user", (yield* KuzzleAuth.getCurrentUser())._id, kuid)
  yield* KuzzleCollection.create(place)
  yield* KuzzleDocument.create({ ...place, _id: "one", content: { seats: 4 }, refresh: "wait_for" })
  const lines = yield* KuzzleExport.stream(place).pipe(Stream.decodeText(), Stream.splitLines, Stream.runCollect)
  yield* expectEqual("lines of the export", lines.length, 2)
  yield* KuzzleAuth.logout()
})

/** Logs in by cookie. The connection belongs to this user until the logout, and is anonymous after it. */
const cookie = Effect.gen(function*() {
  const { kuid } = yield* login("cookie")
  yield* expectEqual("the user", (yield* KuzzleAuth.getCurrentUser())._id, kuid)
  yield* KuzzleAuth.logout()
  yield* expectEqual("the user after the logout", (yield* KuzzleAuth.getCurrentUser())._id, "-1")
})

const outcome = <E>(part: Effect.Effect<void, E>): Effect.Effect<Outcome> =>
  part.pipe(
    Effect.timeoutFail({ duration: "1 minute", onTimeout: () => new Error("not done within a minute") }),
    Effect.as(null),
    Effect.catchAllCause((cause) => Effect.succeed(Cause.pretty(cause)))
  )

export const run = (remote: Remote.RemoteBackend, layers: Layers): Effect.Effect<Report> =>
  Effect.all({
    session: outcome(session(remote).pipe(Effect.scoped, Effect.provide(layers.socket(remote.relayUrl)))),
    http: outcome(Effect.provide(http, layers.http(remote.url))),
    ...(layers.cookie === undefined ? {} : { cookie: outcome(Effect.provide(cookie, layers.cookie(remote.relayUrl))) })
  })
