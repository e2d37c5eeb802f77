/**
 * The events of a client. Each of the 18 events of the official SDK has a counterpart (spec 3.8). `docs/events.md` lists the
 * counterparts, and these tests check the page.
 */
import { Kuzzle, type KuzzleRealtime } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Schedule, Stream, TestClock } from "effect"
import * as Fs from "node:fs"
import * as Metrics from "../src/internal/runtime/metrics.ts"
import { withAccount } from "./support/account.ts"
import { document, now } from "./support/client.ts"
import { lost, turns } from "./support/FakeSocket.ts"
import { labelled } from "./support/metrics.ts"
import { recordingTracer } from "./support/tracer.ts"

/** Records the events from now on. */
const recordEvents = (kuzzle: Kuzzle.KuzzleShape) =>
  Effect.gen(function*() {
    const events: Array<Kuzzle.KuzzleEvent> = []
    yield* Effect.forkScoped(
      Stream.runForEach(Kuzzle.streamOf(kuzzle.events), (event) => Effect.sync(() => events.push(event)))
    )
    yield* turns()
    return {
      events,
      tags: Effect.map(turns(), () => events.map(({ _tag }) => _tag)),
      /** The only event with this tag. */
      one: <Tag extends Kuzzle.KuzzleEvent["_tag"]>(tag: Tag) =>
        Effect.map(turns(), () => {
          const matching = events.filter((event): event is Extract<Kuzzle.KuzzleEvent, { _tag: Tag }> =>
            event._tag === tag
          )
          assert.strictEqual(matching.length, 1, `${tag} among ${events.map(({ _tag }) => _tag).join(", ")}`)
          return matching[0]!
        })
    }
  })

describe("the events of the official SDK", () => {
  it.scoped("connected: the client is ready", () =>
    Effect.gen(function*() {
      const { kuzzle } = yield* withAccount()
      const [state] = yield* Stream.runCollect(Stream.take(Kuzzle.streamOf(kuzzle.states), 1))
      assert.strictEqual(state?._tag, "Ready")
    }))

  it.scoped("reconnected and disconnected: with their cause", () =>
    Effect.gen(function*() {
      const { kuzzle, network } = yield* withAccount()
      const { events } = yield* recordEvents(kuzzle)
      // Twice within 200 ms.
      for (const code of [1011, 1006]) {
        network.current.close(code, "bye")
        yield* TestClock.adjust("1 second")
        yield* turns()
      }
      const described = events.map((event) =>
        event._tag === "Disconnected" ? `${event._tag} ${event.cause.by} ${event.cause.code}` : event._tag
      )
      assert.deepStrictEqual(described, [
        "Disconnected Peer 1011",
        "Reconnected",
        "Disconnected Peer 1006",
        "Reconnected"
      ])
      assert.deepInclude(events[1], { endpoint: "ws://kuzzle.test:7512/" })
    }))

  it.scoped("networkError: once for each attempt, and once at the end", () =>
    Effect.gen(function*() {
      const reconnect = Schedule.recurs(3).pipe(Schedule.addDelay(() => "1 second"))
      const { kuzzle, network } = yield* withAccount({ reconnect })
      const { events, one, tags } = yield* recordEvents(kuzzle)
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      network.current.close(1006)
      for (let second = 0; second < 5; second++) {
        yield* TestClock.adjust("1 second")
        yield* turns()
      }
      assert.deepStrictEqual(yield* tags, ["Disconnected", "ConnectFailed", "ConnectFailed", "GaveUp"])
      assert.isTrue(events.every((event) => event._tag !== "ConnectFailed" || event.cause.reason === "Unreachable"))
      assert.strictEqual((yield* one("GaveUp")).cause._tag, "KuzzleConnectError")
    }))

  it.scoped("reconnectionError: the session could not be renewed", () =>
    Effect.gen(function*() {
      const { kuzzle, refuse } = yield* withAccount()
      const { one } = yield* recordEvents(kuzzle)
      yield* refuse
      assert.strictEqual((yield* one("SessionLost")).cause.reason, "Refused")
      assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Unauthenticated")
    }))

  it.scoped("reAuthenticated: the session was renewed", () =>
    Effect.gen(function*() {
      const { expire, kuzzle } = yield* withAccount()
      const { one } = yield* recordEvents(kuzzle)
      yield* expire
      assert.deepStrictEqual((yield* one("ReAuthenticated")).kuid, Option.some("ada"))
    }))

  it.scoped("tokenExpired: when the server reports it", () =>
    Effect.gen(function*() {
      const { kuzzle, network, subscribe } = yield* withAccount()
      const gaps: Array<KuzzleRealtime.Notification> = []
      yield* subscribe((one) => gaps.push(one))
      const { tags } = yield* recordEvents(kuzzle)
      network.current.deliver({ room: "kuzzle:notification:server", type: "TokenExpired", status: 200 })
      yield* turns()
      // By the clock, the token is still valid. So the client renews it, and needs no login.
      assert.deepStrictEqual(yield* tags, ["TokenExpired", "ReAuthenticated"])
      assert.deepStrictEqual(gaps, [{ type: "gap", cause: { _tag: "TokenExpired" } }])
    }))

  it.scoped("logins: before and after each of them", () =>
    Effect.gen(function*() {
      const { kuzzle, login, network } = yield* withAccount()
      const { one, tags } = yield* recordEvents(kuzzle)
      yield* login("ada")
      yield* login("ada")
      assert.deepStrictEqual(yield* tags, ["LoginStarted", "LoggedIn", "LoginStarted", "LoggedIn"])
      network.onSend = (socket) => {
        const error = { id: "plugin.strategy.missing_user", status: 401 }
        queueMicrotask(() => socket.refuse(socket.last("login"), error))
      }
      yield* Effect.exit(login("eve"))
      assert.strictEqual((yield* one("LoginFailed")).error._tag, "KuzzleUnauthorizedError")
    }))

  it.scoped("logouts: before and after each of them", () =>
    Effect.gen(function*() {
      const { kuzzle, login, logout, network } = yield* withAccount()
      const { tags } = yield* recordEvents(kuzzle)
      yield* logout
      assert.deepStrictEqual(yield* tags, ["LogoutStarted", "LoggedOut"])
      yield* login("ada")
      network.onSend = (socket) =>
        queueMicrotask(() =>
          socket.refuse(socket.last("logout"), { id: "plugin.runtime.unexpected_error", status: 500 })
        )
      assert.isTrue(Exit.isFailure(yield* Effect.exit(logout)))
      assert.deepStrictEqual((yield* tags).slice(4), ["LogoutStarted", "QueryFailed", "LoggedOut"])
    }))

  it.scoped("the offline queue: queued, sent and discarded requests", () =>
    Effect.gen(function*() {
      const { kuzzle, network } = yield* withAccount({ autoQueue: true, queueTTL: "2 seconds" })
      network.current.close(1006)
      const { events, tags } = yield* recordEvents(kuzzle)
      yield* Effect.fork(kuzzle.query(now))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* tags, ["Queued", "Dequeued", "Reconnected"])
      assert.deepStrictEqual(events.slice(0, 2), [{ _tag: "Queued", ...now }, { _tag: "Dequeued", ...now }])
      network.autoOpen = false
      network.current.close(1006)
      yield* turns()
      yield* Effect.fork(Effect.exit(kuzzle.query(now)))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual((yield* tags).slice(3), ["Disconnected", "Queued", "Discarded"])
    }))

  it.scoped("discarded: requests that are not sent, and frames that no request waits for", () =>
    Effect.gen(function*() {
      const { kuzzle, network } = yield* withAccount()
      const { one } = yield* recordEvents(kuzzle)
      network.current.deliver({ room: "unknown" })
      assert.strictEqual((yield* one("Unroutable")).reason, "UnknownRoom")
      network.current.close(1006)
      yield* turns()
      yield* Effect.exit(kuzzle.query(now))
      assert.deepInclude(yield* one("Discarded"), now)
      assert.strictEqual((yield* one("Discarded")).error._tag, "KuzzleNotSentError")
    }))

  it.scoped("queryError: an error that Kuzzle answers", () =>
    Effect.gen(function*() {
      const { kuzzle, network } = yield* withAccount()
      const { one } = yield* recordEvents(kuzzle)
      network.onSend = (socket) =>
        queueMicrotask(() => socket.refuse(socket.last("now"), { id: "services.storage.not_found", status: 404 }))
      const error = yield* Effect.flip(kuzzle.query(now))
      assert.deepStrictEqual(yield* one("QueryFailed"), { _tag: "QueryFailed", ...now, error })
    }))

  it.scoped("callbackError: only its own subscription ends", () =>
    Effect.gen(function*() {
      const { kuzzle, network, subscribe } = yield* withAccount()
      const { tags } = yield* recordEvents(kuzzle)
      const bug = new Error("a bug of the application")
      const broken = yield* subscribe(() => {
        throw bug
      })
      const good: Array<KuzzleRealtime.Notification> = []
      yield* subscribe((one) => good.push(one))
      network.current.deliver(document({}, "1"))
      assert.deepStrictEqual(yield* Effect.exit(broken.ended), Exit.die(bug))
      assert.strictEqual(good.length, 1)
      assert.deepStrictEqual(yield* tags, [])
    }))
})

describe("docs/events.md", () => {
  const text = Fs.readFileSync(new URL("../../../docs/events.md", import.meta.url), "utf8")
  const section = (heading: string) => text.split(/^## /m).find((part) => part.startsWith(heading)) ?? ""
  /** The cells of each row of the table under a heading. */
  const rows = (heading: string) =>
    section(heading).split("\n").filter((line) => line.startsWith("| `")).map((line) =>
      line.slice(1, -1).split(" | ").map((cell) => cell.trim())
    )
  const codes = (cell: string | undefined) => Array.from((cell ?? "").matchAll(/`([^`]+)`/g), ([, code]) => code ?? "")
  const first = (heading: string) => rows(heading).flatMap(([cell]) => codes(cell))

  const tags: Readonly<Record<Kuzzle.KuzzleEvent["_tag"], true>> = {
    Reconnected: true,
    Disconnected: true,
    ConnectFailed: true,
    GaveUp: true,
    TokenExpired: true,
    TokenStoreFailed: true,
    Unroutable: true,
    LoginStarted: true,
    LoggedIn: true,
    LoginFailed: true,
    LogoutStarted: true,
    LoggedOut: true,
    ReAuthenticated: true,
    SessionLost: true,
    Queued: true,
    Dequeued: true,
    Postponed: true,
    Discarded: true,
    QueryFailed: true
  }

  it("lists all events", () => {
    assert.sameMembers(first("All events"), Object.keys(tags))
  })

  it("maps each of the 18 events of the official SDK (spec 3.8) to its counterpart and to a test", () => {
    const spec = Fs.readFileSync(new URL("../../../docs/spec/kuzzle-protocol.md", import.meta.url), "utf8")
    const [, table = ""] = /### 3\.8 [^\n]*\n([^]*?)\n###/.exec(spec) ?? []
    const official = table.split("\n").filter((line) => line.startsWith("| `")).flatMap((line) =>
      codes(line.split("|")[1])
    )
    const mapped = rows("The events of the official SDK")
    assert.strictEqual(official.length, 18)
    assert.sameMembers(mapped.flatMap(([name]) => codes(name)), official)
    const source = Fs.readFileSync(new URL(import.meta.url), "utf8")
    const names = new Set([
      ...Object.keys(tags),
      ...["Kuzzle.states", "Ready", "Waiting", "Gap", "KuzzleHttpTransportError", "ended"],
      ...["KuzzleAuth.states", "Unauthenticated"]
    ])
    for (const [name, counterpart, test] of mapped) {
      for (const code of codes(counterpart)) assert.isTrue(names.has(code), `${name}: ${code}`)
      assert.include(source, `("${test}", `)
    }
  })

  it.effect("lists all metrics with their labels", () =>
    Effect.gen(function*() {
      Metrics.inFlight(0)
      Metrics.queued(0)
      Metrics.answered(0)
      Metrics.ponged(0)
      Metrics.lost(0)
      for (const count of [...Object.values(Metrics.reconnects), ...Object.values(Metrics.renewals)]) count(0)
      for (const _tag of ["TokenExpired", "Replaced"] as const) Metrics.gap({ _tag })
      Metrics.gap({ _tag: "Malformed", issue: "" })
      Metrics.gap({ _tag: "Overflow", lost: 0 })
      Metrics.gap({ _tag: "Disconnected", cause: lost })
      const labels = new Map<string, Set<string>>()
      for (const { labels: own, name } of yield* labelled) {
        if (!name.startsWith("kuzzle.")) continue
        const known = labels.get(name) ?? new Set<string>()
        for (const [key, value] of own) known.add(key).add(key === "unit" ? key : value)
        labels.set(name, known)
      }
      const listed = new Map(rows("Metrics").map(([name, , labels]) => [codes(name)[0], new Set(codes(labels))]))
      assert.deepStrictEqual(listed, labels)
    }))

  it.scoped("lists all spans with their attributes", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recordingTracer()
      yield* Effect.gen(function*() {
        const { kuzzle, lose } = yield* withAccount()
        yield* lose
        yield* kuzzle.queryMany([now])
        const create = { controller: "document", action: "create", index: "nyc", collection: "taxi" }
        yield* Effect.exit(kuzzle.query({ ...create, body: { a: 1n } }))
      }).pipe(Effect.withTracer(tracer))
      const attributes = new Map<string, Set<string>>()
      for (const span of spans) {
        const name = span.name.replace(/^kuzzle\.\w+\/\w+$/, "kuzzle.<controller>/<action>")
        const known = attributes.get(name) ?? new Set<string>()
        for (const key of span.attributes.keys()) known.add(key)
        attributes.set(name, known)
      }
      const listed = new Map(rows("Spans").map(([name, , attributes]) => [codes(name)[0], new Set(codes(attributes))]))
      assert.deepStrictEqual(listed, attributes)
    }))
})
