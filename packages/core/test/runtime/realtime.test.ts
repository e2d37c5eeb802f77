/** The elements of a subscription for its consumer, and the ends of a subscription before its scope. */
import { KuzzleError, KuzzleRealtime } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Chunk, Effect, Exit, Fiber, Option, Redacted, Scope, Stream, TestClock } from "effect"
import { identityOf } from "../../src/internal/protocol/credentials.ts"
import * as Watched from "../../src/internal/runtime/watched.ts"
import { client, document, failureTag, kinds, obligingNetwork, token } from "../support/client.ts"
import { lost, obliging, turns } from "../support/FakeSocket.ts"
import { figuresOf } from "../support/metrics.ts"

const all = { index: "i", collection: "c" }
const channel = "room{}-111"

/** A client on a network that answers at once, with functions for the server. */
const setUp = Effect.gen(function*() {
  const network = obligingNetwork()
  const { realtime, session, states } = yield* client(network)
  return {
    network,
    session,
    realtime,
    states,
    /** A document notification for each id, all in one turn. */
    emit: (...ids: ReadonlyArray<string>) => ids.forEach((id) => network.current.deliver(document({}, id))),
    user: (user: "in" | "out", more: object = {}) =>
      network.current.deliver({ room: channel, type: "user", user, result: { count: 2 }, volatile: null, ...more }),
    unsubscribed: () => network.current.of("unsubscribe").map(({ body }) => body)
  }
})

/** The elements until the end of the stream, and its outcome. Nothing is offered afterwards. */
const drain = <E>(stream: Stream.Stream<KuzzleRealtime.Notification, E>) =>
  Effect.gen(function*() {
    const received: Array<KuzzleRealtime.Notification> = []
    const exit = yield* Effect.exit(Stream.runForEach(stream, (one) => Effect.sync(() => received.push(one))))
    return { kinds: kinds(received), received, exit }
  })

const counted = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  Effect.map(figuresOf(name, labels), ({ count }) => count)

describe("buffers", () => {
  it.scoped("S4: `fail` delivers its buffer, then fails, and unsubscribes at once", () =>
    Effect.gen(function*() {
      const { emit, network, realtime, unsubscribed } = yield* setUp
      const stream = yield* realtime.open({ ...all, bufferSize: 2, strategy: "fail" })
      emit("a", "b")
      yield* turns()
      assert.deepStrictEqual(unsubscribed(), [])
      emit("c", "d")
      assert.deepStrictEqual(unsubscribed(), [{ roomId: "room{}" }])
      const { exit, kinds } = yield* drain(stream)
      assert.deepStrictEqual(kinds, ["a", "b"])
      const error = new KuzzleError.OverflowError({
        controller: "realtime",
        action: "subscribe",
        bufferSize: 2,
        bufferBytes: 16 * 1024 ** 2
      })
      assert.deepStrictEqual(exit, Exit.fail(error))
      assert.include(error.message, "fell behind by more than 2 notifications")
      // It is not reopened on the next connection, and closing its scope sends nothing.
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.deepStrictEqual(network.current.requests, [])
    }))

  it.scoped("S4: `fail` does not fail if the consumer keeps up, and emits gaps", () =>
    Effect.gen(function*() {
      const { emit, network, realtime } = yield* setUp
      const scope = yield* Scope.make()
      const stream = yield* Scope.extend(realtime.open({ ...all, bufferSize: 2, strategy: "fail" }), scope)
      emit("a")
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      const received = yield* Stream.runCollect(Stream.take(stream, 2))
      assert.deepStrictEqual(kinds([...received]), ["a", "Disconnected"])
      yield* Scope.close(scope, Exit.void)
    }))

  it.scoped.each([undefined, () => undefined])(
    "S4, L2: a buffer is bounded in bytes, and a gap reports the rest",
    (conflate) =>
      Effect.gen(function*() {
        const { network, realtime } = yield* setUp
        const before = yield* counted("kuzzle.client.notifications.lost")
        const large = yield* realtime.open({ ...all, conflate })
        const small = yield* realtime.open({ ...all, bufferBytes: 2_500_000, conflate })
        const megabyte = "x".repeat(1024 ** 2)
        for (let i = 0; i < 40; i++) {
          network.current.deliver({ ...document({}, `${i}`), result: { _id: `${i}`, _source: { text: megabyte } } })
        }
        const [gap, ...rest] = yield* Stream.runHead(Stream.chunks(large)).pipe(Effect.map(Option.getOrThrow))
        assert.deepStrictEqual(gap, { type: "gap", cause: { _tag: "Overflow", lost: 25 } })
        assert.deepStrictEqual(kinds(rest), Array.from({ length: 15 }, (_, i) => `${25 + i}`))
        const [, ...few] = yield* Stream.runHead(Stream.chunks(small)).pipe(Effect.map(Option.getOrThrow))
        assert.deepStrictEqual(kinds(few), ["38", "39"])
        assert.strictEqual((yield* counted("kuzzle.client.notifications.lost")) - before, 25 + 38)
      })
  )

  it.scoped("L2: a slow watcher of events, or of the server's debugger, is limited in bytes", () =>
    Effect.gen(function*() {
      const { network, realtime, session } = yield* setUp
      const debug = yield* Watched.open(realtime.debugger, (lost) => ({ lost }))
      let delivered = 0
      yield* Effect.forkScoped(Stream.runForEach(Watched.streamOf(session.events), ({ _tag }) =>
        Effect.sync(() => {
          if (_tag === "QueryFailed") delivered += 1
        })))
      yield* turns()
      const text = "x".repeat(1024 ** 2)
      network.onSend = undefined
      const queries = Array.from({ length: 40 }, () => ({ controller: "app", action: "big" }))
      const failing = yield* Effect.fork(session.requests.queryMany(queries))
      yield* turns()
      // All in one turn, so no consumer can read in between.
      network.current.of("big").forEach((request) => network.current.refuse(request, { id: text, status: 400 }))
      for (let i = 0; i < 40; i++) network.current.deliver({ room: "kuzzle-debugger-event", text })
      yield* Fiber.join(failing)
      const frames = Option.getOrThrow(yield* Stream.runHead(Stream.chunks(debug)))
      assert.deepStrictEqual(Chunk.unsafeHead(frames), { lost: 25 })
      assert.strictEqual(frames.length, 16)
      yield* turns()
      // Their frames contain the text twice.
      assert.strictEqual(delivered, 7)
    }))

  it.scoped("S4, L2: `fail` fails when it holds too many bytes", () =>
    Effect.gen(function*() {
      const { emit, realtime } = yield* setUp
      const stream = yield* realtime.open({ ...all, bufferBytes: 250, strategy: "fail" })
      emit("a", "b", "c", "d")
      const { exit, kinds } = yield* drain(stream)
      assert.deepStrictEqual(kinds, ["a", "b"])
      assert.strictEqual(failureTag(exit), "KuzzleOverflowError")
    }))

  it.scoped("`conflate` keeps the newest of each key; a gap reports what was dropped beyond that", () =>
    Effect.gen(function*() {
      const { emit, realtime, user } = yield* setUp
      const stream = yield* realtime.open({
        ...all,
        users: "all",
        bufferSize: 3,
        conflate: (one) => one.type === "document" ? String(one.result._id).charAt(0) : undefined
      })
      emit("a1", "b1", "a2")
      user("in")
      emit("b2")
      assert.deepStrictEqual(kinds([...(yield* Stream.runCollect(Stream.take(stream, 3)))]), ["a2", "in", "b2"])
      emit("a1", "b1", "c1", "d1", "d2")
      const [gap, ...rest] = yield* Stream.runCollect(Stream.take(stream, 4))
      assert.deepStrictEqual(gap, { type: "gap", cause: { _tag: "Overflow", lost: 1 } })
      assert.deepStrictEqual(kinds(rest), ["b1", "c1", "d2"])
    }))

  it.scoped("`conflate` with `fail` holds the latest notification of as many keys as the buffer has places", () =>
    Effect.gen(function*() {
      const { emit, realtime } = yield* setUp
      const conflate = (one: KuzzleRealtime.DocumentNotification | KuzzleRealtime.UserNotification) =>
        one.type === "document" ? one.result._id?.charAt(0) : undefined
      const stream = yield* realtime.open({ ...all, bufferSize: 2, strategy: "fail", conflate })
      emit("a1", "b1", "a2", "b2", "a3", "c1", "a4")
      const { exit, kinds } = yield* drain(stream)
      assert.deepStrictEqual(kinds, ["b2", "a3"])
      assert.strictEqual(failureTag(exit), "KuzzleOverflowError")
    }))

  it.scoped("S4: `conflate` is not called with gaps, which keep their place", () =>
    Effect.gen(function*() {
      const { emit, network, realtime } = yield* setUp
      const stream = yield* realtime.open({ ...all, conflate: () => "always the same" })
      emit("a", "b")
      for (let i = 0; i < 2; i++) {
        network.current.close(1006)
        yield* TestClock.adjust("1 second")
        yield* turns()
      }
      emit("c", "d")
      const received = yield* Stream.runCollect(Stream.take(stream, 3))
      assert.deepStrictEqual(kinds([...received]), ["Disconnected", "Disconnected", "d"])
    }))

  it.scoped("C7: a `conflate` that throws is a defect of its own stream, which unsubscribes", () =>
    Effect.gen(function*() {
      const { emit, realtime, unsubscribed } = yield* setUp
      const defect = new Error("a bug of the application")
      const broken = yield* realtime.open({
        ...all,
        conflate: () => {
          throw defect
        }
      })
      const scope = yield* Scope.make()
      const good = yield* Scope.extend(realtime.open(all), scope)
      emit("a", "b")
      const { exit } = yield* drain(broken)
      assert.deepStrictEqual(exit, Exit.die(defect))
      assert.deepStrictEqual(kinds([...(yield* Stream.runCollect(Stream.take(good, 2)))]), ["a", "b"])
      assert.deepStrictEqual(unsubscribed(), [])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(unsubscribed(), [{ roomId: "room{}" }])
    }))

  it.scoped("gaps and losses are counted", () =>
    Effect.gen(function*() {
      const { emit, network, realtime } = yield* setUp
      const figures = Effect.all({
        lost: counted("kuzzle.client.notifications.lost"),
        overflow: counted("kuzzle.client.gaps", { cause: "Overflow" }),
        disconnected: counted("kuzzle.client.gaps", { cause: "Disconnected" })
      })
      const before = yield* figures
      const open = (strategy: KuzzleRealtime.BufferStrategy) => realtime.open({ ...all, bufferSize: 1, strategy })
      const [sliding, dropping] = [yield* open("sliding"), yield* open("dropping")]
      yield* Effect.asVoid(open("fail"))
      emit("a", "b", "c")
      yield* Effect.all([Stream.runHead(sliding), Stream.runHead(dropping)])
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      const after = yield* figures
      assert.strictEqual(after.lost - before.lost, 2 + 2 + 1)
      assert.strictEqual(after.overflow - before.overflow, 2)
      assert.strictEqual(after.disconnected - before.disconnected, 2)
    }))
})

describe("delivery", () => {
  it.scoped("`subscribeToSelf: false` excludes notifications that this client causes, of documents and of its presence", () =>
    Effect.gen(function*() {
      const { network, realtime, user } = yield* setUp
      const received: Array<KuzzleRealtime.Notification> = []
      const everything: Array<KuzzleRealtime.Notification> = []
      yield* realtime.listen({ ...all, users: "all", subscribeToSelf: false }, (one) => received.push(one))
      yield* realtime.listen({ ...all, users: "all" }, (one) => everything.push(one))
      // Only the client handles this option, so the server gets one subscription.
      assert.strictEqual(network.current.of("subscribe").length, 1)
      const { sdkInstanceId } = network.current.last("subscribe").volatile
      assert.isString(sdkInstanceId)
      for (const volatile of [{ sdkInstanceId }, { sdkInstanceId: "another" }, { sdkInstanceId: undefined }, null]) {
        network.current.deliver({ ...document({}, JSON.stringify(volatile)), volatile })
        user("in", { volatile })
      }
      assert.strictEqual(everything.length, 8)
      assert.deepStrictEqual(received, everything.slice(2))
    }))

  it.scoped("`subscribeToSelf: false` recognizes the client from the first notification on, early ones included, and after a loss", () =>
    Effect.gen(function*() {
      const { network, realtime } = yield* setUp
      network.onSend = undefined
      const received: Array<KuzzleRealtime.Notification> = []
      const options = { ...all, subscribeToSelf: false, volatile: { name: "ada" } }
      yield* Effect.forkScoped(realtime.listen(options, (one) => received.push(one)))
      yield* turns()
      const answer = () => {
        const request = network.current.last("subscribe")
        network.current.deliver({ ...document({}, "mine"), volatile: request.volatile })
        network.current.deliver(document({}, "theirs"))
        network.current.answer(request, { roomId: "room{}", channel })
      }
      answer()
      assert.deepStrictEqual(kinds(received), ["theirs"])
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      answer()
      assert.deepStrictEqual(kinds(received), ["theirs", "Disconnected", "theirs"])
    }))

  it.scoped("the application cannot choose the user of a subscription", () =>
    Effect.gen(function*() {
      const { network, realtime } = yield* setUp
      const refused = yield* Effect.flip(realtime.listen({ ...all, volatile: { sdkInstanceId: "another" } }, () => {}))
      assert.strictEqual(refused._tag, "KuzzleEncodeError")
      assert.include(refused.message, "in volatile, the client sets sdkInstanceId")
      assert.deepStrictEqual(network.current.requests, [])
    }))

  it.scoped("R7: a filter or volatile data that JSON would change is refused", () =>
    Effect.gen(function*() {
      const { network, realtime } = yield* setUp
      const odd = [new Set(["a"]), Option.some("a"), Redacted.make("s3cr3t"), NaN]
      for (const value of odd) {
        // Its type does not allow this filter.
        const filter = { equals: { a: value } } as never
        for (const given of [{ filter }, { volatile: { mine: { a: value } } }]) {
          const refused = yield* Effect.flip(realtime.listen({ ...all, ...given }, () => {}))
          assert.strictEqual(refused._tag, "KuzzleEncodeError")
          assert.match(refused.message, /\.a is (?:a Set|an Option|Redacted|NaN)/)
        }
      }
      assert.deepStrictEqual(network.current.requests, [])
    }))

  it.scoped("`subscribeToSelf: false`: if the server does not identify the client, no notification counts as its own", () =>
    Effect.gen(function*() {
      const { network, realtime } = yield* setUp
      network.onSend = (socket) => {
        const request = { ...socket.last("subscribe"), volatile: {} }
        queueMicrotask(() => socket.answer(request, { roomId: "room{}", channel }))
      }
      const received: Array<KuzzleRealtime.Notification> = []
      yield* realtime.listen({ ...all, subscribeToSelf: false }, (one) => received.push(one))
      network.current.deliver(document({}, "a"))
      network.current.deliver({ ...document({}, "b"), volatile: { sdkInstanceId: undefined } })
      assert.deepStrictEqual(kinds(received), ["a", "b"])
    }))

  it.scoped("8.E5: `out` has no channel of its own on the server: the client subscribes to all users, and delivers those who leave", () =>
    Effect.gen(function*() {
      const { emit, network, realtime, user } = yield* setUp
      const received: Record<string, Array<KuzzleRealtime.Notification>> = {}
      for (const users of ["out", "all", "in", "none"] as const) {
        const own: Array<KuzzleRealtime.Notification> = received[users] = []
        yield* realtime.listen({ ...all, users }, (one) => own.push(one))
      }
      assert.deepStrictEqual(network.current.of("subscribe").map(({ users }) => users), ["all", "in", "none"])
      // The fake has one channel for all of them, as another client's `out` can make one of `none`.
      user("in")
      user("out")
      emit("a")
      assert.deepStrictEqual(
        Object.entries(received).map(([users, own]) => [users, kinds(own)]),
        [["out", ["out", "a"]], ["all", ["in", "out", "a"]], ["in", ["in", "a"]], ["none", ["a"]]]
      )
    }))
})

describe("ending", () => {
  it.scoped("S5, 8.C8: a handler that throws ends its subscription on the server too, unless others listen", () =>
    Effect.gen(function*() {
      const { emit, realtime, unsubscribed } = yield* setUp
      const throwing = (filter: object) =>
        // A filter is JSON; the fake server understands any.
        realtime.listen({ ...all, ...filter }, () => {
          throw new Error("a bug of the application")
        })
      const { ended } = yield* throwing({})
      const scope = yield* Scope.make()
      yield* Scope.extend(realtime.listen(all, () => {}), scope)
      emit("a")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ended)))
      assert.deepStrictEqual(unsubscribed(), [])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(unsubscribed(), [{ roomId: "room{}" }])
      const second = yield* throwing({})
      emit("b")
      assert.deepStrictEqual(unsubscribed(), [{ roomId: "room{}" }, { roomId: "room{}" }])
      const exit = yield* Effect.exit(second.ended)
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    }))

  it.scoped("8.C8: a handler that throws at a gap unsubscribes, too", () =>
    Effect.gen(function*() {
      const { network, realtime, unsubscribed } = yield* setUp
      const { ended } = yield* realtime.listen(all, (one) => {
        if (one.type === "gap") throw new Error("a bug of the application")
      })
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ended)))
      assert.deepStrictEqual(unsubscribed(), [{ roomId: "room{}" }])
    }))

  it.scoped("8.C4: a subscription that ends while the connection is down, by its scope or by a full buffer, is not reopened", () =>
    Effect.gen(function*() {
      const { emit, network, realtime } = yield* setUp
      const scope = yield* Scope.make()
      yield* Effect.asVoid(Scope.extend(realtime.open(all), scope))
      yield* Effect.asVoid(Scope.extend(realtime.open({ ...all, users: "in" }), scope))
      const failing = yield* realtime.open({ ...all, scope: "in", bufferSize: 1, strategy: "fail" })
      emit("a")
      network.current.close(1006)
      yield* turns()
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.deepStrictEqual(network.current.of("subscribe").map(({ scope, users }) => [scope, users]), [[
        "in",
        "none"
      ]])
      // The buffer was full at the gap, so the client unsubscribes after the reconnection.
      assert.strictEqual(failureTag((yield* drain(failing)).exit), "KuzzleOverflowError")
      assert.strictEqual(network.current.of("unsubscribe").length, 1)
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.deepStrictEqual(network.current.requests, [])
    }))
})

describe("a session that has ended", () => {
  it.scoped("A3: a subscription that is refused because of its token is opened with the rights of the next user", () =>
    Effect.gen(function*() {
      const { network, realtime, session } = yield* setUp
      yield* session.authentication.adopt(identityOf({ ...token("ann's"), kuid: "ann" }))
      network.onSend = undefined
      const opening = yield* Effect.fork(realtime.open(all))
      yield* turns()
      const leaving = yield* Effect.fork(session.authentication.adopt(undefined))
      yield* turns()
      network.onSend = obliging
      const { requestId } = network.current.last("subscribe")
      network.current.deliver({ ...dead, requestId, room: requestId })
      yield* turns()
      assert.strictEqual(network.sockets.length, 2)
      yield* Fiber.join(leaving)
      yield* Effect.asVoid(Fiber.join(opening))
      assert.notProperty(network.current.last("subscribe"), "jwt")
    }))

  it.scoped("S5: an unsubscribe that is refused because of its token is sent again with the next token", () =>
    Effect.gen(function*() {
      const { network, realtime, session, unsubscribed } = yield* setUp
      yield* session.authentication.adopt(identityOf({ ...token("ann's"), kuid: "ann" }))
      const scope = yield* Scope.make()
      yield* Effect.asVoid(Scope.extend(realtime.open(all), scope))
      network.onSend = undefined
      yield* Scope.close(scope, Exit.void)
      const { requestId } = network.current.last("unsubscribe")
      network.current.deliver({ ...dead, requestId, room: requestId })
      yield* turns()
      assert.lengthOf(unsubscribed(), 1)
      yield* session.authentication.adopt(identityOf({ ...token("ann's next"), kuid: "ann" }))
      yield* turns()
      assert.deepStrictEqual(unsubscribed(), [{ roomId: "room{}" }, { roomId: "room{}" }])
    }))

  it.scoped("A1: no subscription is sent with a token that is known to have expired", () =>
    Effect.gen(function*() {
      const { network, realtime, session } = yield* setUp
      yield* session.authentication.adopt(identityOf({ ...token("ann's", 500), kuid: "ann" }))
      yield* TestClock.adjust("1 second")
      network.onSend = undefined
      const opening = yield* Effect.fork(realtime.open(all))
      yield* turns()
      assert.deepStrictEqual(network.current.requests.map(({ action }) => action), ["refreshToken"])
      const { requestId } = network.current.last("refreshToken")
      network.current.deliver({ ...dead, requestId, room: requestId })
      network.onSend = obliging
      yield* turns()
      assert.deepStrictEqual(network.current.requests.map(({ action }) => action), ["refreshToken"])
      yield* session.authentication.adopt(identityOf({ ...token("ann's next"), kuid: "ann" }))
      yield* Effect.asVoid(Fiber.join(opening))
      assert.strictEqual(network.current.last("subscribe").jwt, "ann's next")
    }))
})

/** The server's answer to a token that it does not know. */
const dead = {
  status: 401,
  error: { id: "security.token.invalid", code: 1, status: 401, message: "Invalid token.", props: [] },
  result: null
}

describe("join", () => {
  it.scoped("joins the room, shares it, joins it again after a loss, and leaves it with the last consumer", () =>
    Effect.gen(function*() {
      const { network, realtime } = yield* setUp
      const scope = yield* Scope.make()
      const room = { roomId: "r" }
      const stream = yield* Scope.extend(realtime.open({ ...room, users: "in", volatile: { name: "ada" } }), scope)
      const [{ action, body, scope: documents, users, volatile }] = [network.current.last("join")]
      assert.deepInclude({ action, body, documents, users }, {
        action: "join",
        body: room,
        documents: "all",
        users: "in"
      })
      assert.deepInclude(volatile, { name: "ada" })
      assert.notProperty(network.current.last("join"), "index")
      const notified = document(room, "a")
      network.current.deliver(notified)
      network.current.close(1006)
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.deepStrictEqual(network.current.of("join").map(({ body }) => body), [room])
      network.current.deliver(notified)
      assert.deepStrictEqual(
        kinds([...(yield* Stream.runCollect(Stream.take(stream, 3)))]),
        ["a", "Disconnected", "a"]
      )
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(network.current.of("unsubscribe").map(({ body }) => body), [{
        roomId: `room${JSON.stringify(room)}`
      }])
    }))

  it.scoped("S6: a room that does not exist any more after a reconnection ends the stream, not the session", () =>
    Effect.gen(function*() {
      const { network, realtime, states } = yield* setUp
      const stream = yield* realtime.open({ roomId: "r" })
      network.onSend = (socket) => {
        const notFound = { id: "core.realtime.room_not_found", status: 404 }
        queueMicrotask(() => socket.refuse(socket.last("join"), notFound))
      }
      network.current.close(lost.code)
      yield* TestClock.adjust("1 second")
      yield* turns()
      const { exit } = yield* drain(stream)
      assert.strictEqual(failureTag(exit), "KuzzleNotFoundError")
      assert.strictEqual(states.at(-1)?._tag, "Ready")
    }))

  it.scoped.each([
    { action: "subscribe", id: "api.assert.koncorde_dsl_error", status: 400, tag: "KuzzleInvalidFilterError" },
    { action: "subscribe", id: "core.realtime.too_many_terms", status: 413, tag: "KuzzleSizeLimitError" },
    { action: "subscribe", id: "core.realtime.too_many_rooms", status: 413, tag: "KuzzleSizeLimitError" },
    { action: "subscribe", id: "core.realtime.room_not_found", status: 404, tag: "KuzzleNotFoundError" },
    { action: "join", id: "core.realtime.room_not_found", status: 404, tag: "KuzzleRoomNotFoundError" },
    { action: "join", id: "core.realtime.too_many_rooms", status: 413, tag: "KuzzleSizeLimitError" }
  ])(
    "S6: $action: the refusal $id is a $tag, at once and after a lost connection",
    ({ action, id, status, tag }) =>
      Effect.gen(function*() {
        const { network, realtime } = yield* setUp
        const options = action === "join" ? { roomId: "r" } : { index: "nyc", collection: "taxi" }
        const stream = yield* KuzzleRealtime.open(options).pipe(
          Effect.provideService(KuzzleRealtime.KuzzleRealtime, realtime)
        )
        const { ended } = yield* KuzzleRealtime.listen(options, () => {}).pipe(
          Effect.provideService(KuzzleRealtime.KuzzleRealtime, realtime)
        )
        network.onSend = (socket) => queueMicrotask(() => socket.refuse(socket.last(action), { id, status }))
        network.current.close(lost.code)
        const endings = yield* Effect.fork(Effect.all([Stream.runDrain(stream), ended].map(Effect.flip)))
        yield* TestClock.adjust("1 second")
        yield* turns()
        assert.deepStrictEqual((yield* Fiber.join(endings)).map(({ _tag }) => _tag), [tag, tag])
        const first = yield* Effect.flip(Effect.scoped(KuzzleRealtime.open({ ...options, scope: "in" }))).pipe(
          Effect.provideService(KuzzleRealtime.KuzzleRealtime, realtime)
        )
        assert.strictEqual(first._tag, tag)
        assert.isTrue(KuzzleError.hasId(id)(first))
      })
  )

  it.scoped("an id that JSON cannot carry is refused before anything is sent", () =>
    Effect.gen(function*() {
      const { network, realtime } = yield* setUp
      // A caller without types can pass this value.
      const roomId = NaN as unknown as string
      const error = yield* Effect.flip(Effect.scoped(realtime.open({ roomId })))
      assert.deepInclude(error, { _tag: "KuzzleEncodeError", controller: "realtime", action: "join" })
      assert.deepStrictEqual(network.current.requests, [])
    }))
})

describe("malformed frames", () => {
  const wrong: ReadonlyArray<readonly [frame: object, issue: string]> = [
    [{ type: "document", result: null }, "notification.result: expected an object, got null"],
    [{ type: "document" }, "notification.result: expected an object, got nothing"],
    [{ type: "document", result: [] }, "notification.result: expected an object, got an array"],
    [{ type: "document", result: { _id: 1 } }, "notification.result._id: expected a string, got a number"],
    [
      { type: "document", result: { _id: "a", _source: null } },
      "notification.result._source: expected an object, got null"
    ],
    [
      { type: "document", result: { _id: "a", _version: "1" } },
      "notification.result._version: expected a number, got a string"
    ],
    [{ type: "user", user: "in", result: null }, "notification.result: expected an object, got null"],
    [{ type: "user", user: "in", result: {} }, "notification.result.count: expected a number, got nothing"],
    [{ type: "weather", result: {} }, "notification.type: expected \"document\", got a string"],
    [{ result: {} }, "notification.type: expected \"document\", got nothing"]
  ]

  it.scoped("C7, S4: a malformed notification becomes a gap with its reason, and the subscription continues", () =>
    Effect.gen(function*() {
      const { emit, network, realtime } = yield* setUp
      const stream = yield* realtime.open({ ...all, users: "all", subscribeToSelf: false })
      for (const [frame] of wrong) network.current.deliver({ room: channel, ...frame })
      for (const volatile of [undefined, null, "text", 1, []]) {
        network.current.deliver({ ...document({}, "a"), volatile })
      }
      emit("b")
      const received = yield* Stream.runCollect(Stream.take(stream, wrong.length + 6))
      const described = Array.from(received, (one) =>
        one.type === "gap"
          ? one.cause._tag === "Malformed" ? one.cause.issue : one.cause._tag
          : one.type === "document"
          ? one.result._id
          : one.user)
      assert.deepStrictEqual(described, [...wrong.map(([, issue]) => issue), "a", "a", "a", "a", "a", "b"])
    }))

  it.scoped("C7: an answer to a subscription without a channel ends it with a typed error", () =>
    Effect.gen(function*() {
      for (const result of [undefined, null, 1, "text", true, [], {}, [null], { channel: null }, { channel: [] }]) {
        const { network, realtime } = yield* setUp
        network.onSend = (socket, frame) => {
          const request = JSON.parse(frame)
          if (request.action !== "subscribe" && request.action !== "join") return obliging(socket, frame)
          queueMicrotask(() => socket.answer(request, result))
        }
        for (const options of [all, { roomId: "r" }]) {
          const error = yield* Effect.flip(realtime.open(options))
          assert.strictEqual(error._tag, "KuzzleProtocolError")
          assert.include(error.message, "result")
        }
      }
    }))

  it.scoped("C7: after any answer to an unsubscribe, the room can be joined again", () =>
    Effect.gen(function*() {
      for (const result of [undefined, null, 1, "text", [], {}]) {
        const { network, realtime } = yield* setUp
        network.onSend = (socket, frame) => {
          const request = JSON.parse(frame)
          if (request.action !== "unsubscribe") return obliging(socket, frame)
          queueMicrotask(() => socket.answer(request, result))
        }
        yield* Effect.asVoid(Effect.scoped(realtime.open(all)))
        yield* turns()
        yield* Effect.asVoid(realtime.open(all))
      }
    }))
})
