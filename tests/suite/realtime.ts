/** Subscriptions on a healthy connection. */
import {
  Kuzzle,
  KuzzleActionError,
  KuzzleAuth,
  KuzzleDocument,
  KuzzleError,
  KuzzleFilter,
  KuzzleRealtime
} from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import { Deferred, Effect, Exit, Schedule, Scope, Stream } from "effect"
import { type Backend, type Collection, World, writeNumbered } from "./backend.ts"
import {
  anotherClient,
  documentOf,
  failure,
  gapOf,
  inbox,
  listenTo,
  numberOf,
  roomOf,
  userOf,
  withClient
} from "./tools.ts"
import { until } from "./until.ts"

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** Waits until the room has no subscriber. Closing a subscription does not wait for the server. */
const untilEmpty = (roomId: string) =>
  until("an empty room", Effect.map(KuzzleRealtime.count({ roomId }), (count) => count === 0))

/** It has the right type, but Koncorde refuses the pattern. */
const badFilter = KuzzleFilter.regexp("name", "(")

export const realtimeTests = (it: Vitest.MethodsNonLive<World | Backend, true>): void => {
  describe("subscriptions", () => {
    it.effect("notifications arrive in order, and say what happened", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const inbox = yield* listenTo(target)
        const place = { ...target, _id: "one" }
        yield* KuzzleDocument.create({ ...place, content: { n: 0 }, volatile: { by: "me" } })
        yield* KuzzleDocument.update({ ...place, content: { n: 1 } })
        yield* KuzzleDocument.delete(place)
        yield* KuzzleRealtime.publish({ ...target, message: { hello: "world" } })
        const [created, updated, deleted, published] = (yield* inbox.takeN(4)).map(documentOf)
        assert.deepInclude(created, {
          ...target,
          action: "create",
          event: "write",
          scope: "in",
          controller: "document"
        })
        assert.deepInclude(created?.volatile, { by: "me" })
        assert.deepInclude(created?.result, { _id: "one" })
        assert.strictEqual(created?.result._source?.n, 0)
        assert.deepInclude(updated, { action: "update", event: "write", scope: "in" })
        assert.deepStrictEqual(updated?.result._updatedFields, ["n"])
        assert.deepInclude(deleted, { action: "delete", event: "delete", scope: "out" })
        assert.deepInclude(published, { action: "publish", event: "publish", scope: "in" })
        assert.strictEqual(published?.result._source?.hello, "world")

        yield* writeNumbered(target, numbers(1, 30))
        assert.deepStrictEqual((yield* inbox.takeN(30)).map(numberOf), numbers(1, 30))
      }).pipe(withClient()))

    it.effect("a filter reports documents by its scope: in, out, all or none", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const filter = KuzzleFilter.equals("status", "free")
        const into = yield* listenTo({ ...target, filter, scope: "in" })
        const out = yield* listenTo({ ...target, filter, scope: "out" })
        const all = yield* listenTo({ ...target, filter })
        const none = yield* listenTo({ ...target, filter, scope: "none" })
        const create = (_id: string, status: string) => KuzzleDocument.create({ ...target, _id, content: { status } })
        yield* create("a", "busy")
        yield* create("b", "free")
        yield* KuzzleDocument.update({ ...target, _id: "b", content: { status: "busy" } })
        yield* KuzzleDocument.update({ ...target, _id: "a", content: { status: "free" } })
        yield* KuzzleDocument.delete({ ...target, _id: "a" })
        yield* KuzzleRealtime.publish({ ...target, message: { status: "free" } })
        const summary = (notification: KuzzleRealtime.Notification) => {
          const { action, result, scope } = documentOf(notification)
          return [scope, action, result._id]
        }
        const [createdB, exitedB, enteredA, deletedA, published] = [
          ["in", "create", "b"],
          ["out", "update", "b"],
          ["in", "update", "a"],
          ["out", "delete", "a"],
          ["in", "publish", undefined]
        ]
        assert.deepStrictEqual((yield* all.takeN(5)).map(summary), [createdB, exitedB, enteredA, deletedA, published])
        assert.deepStrictEqual((yield* into.takeN(3)).map(summary), [createdB, enteredA, published])
        assert.deepStrictEqual((yield* out.takeN(2)).map(summary), [exitedB, deletedA])
        yield* none.silent(0)
      }).pipe(withClient()))

    it.effect("presence reports other clients that enter and leave, with their volatile data", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const inbox = yield* listenTo({ ...target, users: "all", scope: "none" })
        const scope = yield* Scope.make()
        const other = yield* anotherClient().pipe(Scope.extend(scope))
        yield* other(KuzzleRealtime.open({ ...target, volatile: { name: "ada" } })).pipe(
          Scope.extend(scope),
          Effect.asVoid
        )
        const entered = userOf(yield* inbox.take)
        assert.deepInclude(entered, { user: "in", result: { count: 2 }, ...target })
        assert.deepInclude(entered.volatile, { name: "ada" })
        yield* Scope.close(scope, Exit.void)
        const exited = userOf(yield* inbox.take)
        assert.deepInclude(exited, { user: "out", result: { count: 1 } })
        assert.deepInclude(exited.volatile, { name: "ada" })
      }).pipe(withClient()))

    it.effect("presence with `in` reports only users that enter, and with `out` only users that leave", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const room = { ...target, scope: "none" } as const
        // Another client with `none` has opened the channel that the server would use for `out` (spec 1.5).
        const first = yield* anotherClient()
        yield* Effect.asVoid(first(KuzzleRealtime.open(room)))
        const out = yield* listenTo({ ...room, users: "out" })
        const into = yield* listenTo({ ...room, users: "in", subscribeToSelf: false })
        const all = yield* listenTo({ ...room, users: "all" })
        const scope = yield* Scope.make()
        const other = yield* anotherClient().pipe(Scope.extend(scope))
        yield* other(KuzzleRealtime.open({ ...target, volatile: { name: "ada" } })).pipe(
          Scope.extend(scope),
          Effect.asVoid
        )
        const summary = (notification: KuzzleRealtime.Notification) => {
          const { result: { count }, user, volatile } = userOf(notification)
          return [user, volatile?.name, count]
        }
        const [entered, exited] = [["in", "ada", 3], ["out", "ada", 2]]
        assert.deepStrictEqual(summary(yield* into.take), entered)
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual((yield* all.takeN(2)).map(summary), [entered, exited])
        assert.deepStrictEqual(summary(yield* out.take), exited)
        for (const { silent } of [into, out, all]) yield* silent("20 millis")
      }).pipe(withClient()))

    it.effect("8.E5: a consumer that does not request presence gets no users, even on a shared channel", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        // `out` and `none` share the channel of the first subscriber, which is one with `out` here.
        const first = yield* anotherClient()
        yield* first(Kuzzle.query({ controller: "realtime", action: "subscribe", ...target, users: "out", body: {} }))
        const inbox = yield* listenTo(target)
        yield* Effect.asVoid(
          Effect.scoped(Effect.flatMap(anotherClient(), (other) => other(KuzzleRealtime.open(target))))
        )
        yield* writeNumbered(target, [1])
        assert.strictEqual(numberOf(yield* inbox.take), 1)
        yield* inbox.silent("100 millis")
      }).pipe(withClient()))

    it.effect("`subscribeToSelf: false` excludes notifications that the client causes itself", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const other = yield* anotherClient()
        const theirs = yield* listenTo({ ...target, subscribeToSelf: false })
        const all = yield* listenTo(target)
        yield* writeNumbered(target, [1])
        yield* other(writeNumbered(target, [2]))
        yield* KuzzleRealtime.publish({ ...target, message: { n: 3 }, volatile: { by: "me" } })
        yield* other(KuzzleRealtime.publish({ ...target, message: { n: 4 } }))
        assert.deepStrictEqual((yield* all.takeN(4)).map(numberOf), [1, 2, 3, 4])
        assert.deepStrictEqual((yield* theirs.takeN(2)).map(numberOf), [2, 4])
        yield* theirs.silent(0)
      }).pipe(withClient()))

    it.effect("`join` joins the room of another client by its id, for as long as the room has a member", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const filter = KuzzleFilter.equals("status", "free")
        const scope = yield* Scope.make()
        const other = yield* anotherClient().pipe(Scope.extend(scope))
        const theirs = yield* other(listenTo({ ...target, filter, users: "in" })).pipe(Scope.extend(scope))
        const publish = (n: number, status: string) => KuzzleRealtime.publish({ ...target, message: { n, status } })
        yield* publish(0, "free")
        const roomId = roomOf(documentOf(yield* theirs.take))
        const joining = yield* Scope.make()
        const joined = yield* Effect.flatMap(
          KuzzleRealtime.open({ roomId, volatile: { name: "ada" } }),
          (stream) => inbox(stream, "a notification")
        ).pipe(Scope.extend(joining))
        const entered = userOf(yield* theirs.take)
        assert.deepInclude(entered, { user: "in", action: "join", result: { count: 2 } })
        assert.deepInclude(entered.volatile, { name: "ada" })
        yield* publish(1, "busy")
        yield* publish(2, "free")
        assert.strictEqual(numberOf(yield* joined.take), 2)

        // The client subscribes to the same filter and ends that subscription. It stays in the room.
        yield* Effect.scoped(listenTo({ ...target, filter }))
        yield* publish(3, "free")
        assert.strictEqual(numberOf(yield* joined.take), 3)
        yield* Scope.close(scope, Exit.void)
        yield* publish(4, "free")
        assert.strictEqual(numberOf(yield* joined.take), 4)
        yield* Scope.close(joining, Exit.void)
        yield* untilEmpty(roomId)
        const joinEmpty = Stream.runDrain(KuzzleRealtime.join({ roomId }))
        yield* failure(joinEmpty, KuzzleActionError.RoomNotFoundError, "core.realtime.room_not_found")
        yield* failure(KuzzleRealtime.open({ roomId }), KuzzleActionError.RoomNotFoundError)
        yield* failure(KuzzleRealtime.listen({ roomId }, () => {}), KuzzleActionError.RoomNotFoundError)
      }).pipe(withClient()))

    it.effect("S3, 8.C1: a notification that comes before the answer to the subscription is delivered", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const other = yield* anotherClient()
        yield* Effect.asVoid(other(KuzzleRealtime.open({ ...target, users: "all" })))
        // The channel exists already. The server notifies it of the new user before it answers with the name of the channel.
        const inbox = yield* listenTo({ ...target, users: "all", volatile: { name: "me" } })
        const self = userOf(yield* inbox.take)
        assert.deepInclude(self, { user: "in", result: { count: 2 } })
        assert.deepInclude(self.volatile, { name: "me" })
      }).pipe(withClient()))

    it.effect("S3: after the answer to the subscription no notification is missing", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const other = yield* anotherClient()
        const publish = (n: number) => other(KuzzleRealtime.publish({ ...target, message: { n } }))
        const first = yield* Deferred.make<void>()
        const publishing = yield* Effect.forEach(
          numbers(1, 100),
          (n) => Effect.zipRight(publish(n), n === 5 ? Deferred.succeed(first, void 0) : Effect.void)
        ).pipe(Effect.fork)
        yield* Deferred.await(first)
        const inbox = yield* listenTo(target)
        yield* publishing.await.pipe(Effect.flatten)
        const start = Number(numberOf(yield* inbox.take))
        assert.isAbove(start, 4)
        assert.deepStrictEqual((yield* inbox.takeN(100 - start)).map(numberOf), numbers(start + 1, 100))
        yield* inbox.silent("20 millis")
      }).pipe(withClient()))

    it.effect("S5, 8.C2: consumers of equal filters share one subscription until the last one ends", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const open = (filter: KuzzleFilter.Filter) =>
          Effect.gen(function*() {
            const scope = yield* Scope.make()
            const inbox = yield* Scope.extend(listenTo({ ...target, filter }), scope)
            return { ...inbox, close: Scope.close(scope, Exit.void) }
          })
        const one = yield* open({ range: { n: { gte: 0, lt: 100 } } })
        const two = yield* open({ range: { n: { lt: 100, gte: 0 } } })
        yield* writeNumbered(target, [1])
        const [a, b] = [documentOf(yield* one.take), documentOf(yield* two.take)]
        assert.deepStrictEqual(a, b)
        const count = KuzzleRealtime.count({ roomId: roomOf(a) })
        assert.strictEqual(yield* count, 1)

        yield* one.close
        yield* writeNumbered(target, [2, 3])
        // The other consumer still gets one copy of each.
        assert.deepStrictEqual((yield* two.takeN(2)).map(numberOf), [2, 3])
        assert.strictEqual(yield* count, 1)

        yield* two.close
        yield* untilEmpty(roomOf(a))
      }).pipe(withClient()))

    it.effect("S5: a subscription can be opened right after an equal one was closed", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        for (const n of numbers(1, 10)) {
          const seen = yield* Effect.scoped(Effect.gen(function*() {
            const inbox = yield* listenTo(target)
            yield* writeNumbered(target, [n])
            return numberOf(yield* inbox.take)
          }))
          assert.strictEqual(seen, n)
        }
      }).pipe(withClient()))

    it.effect("the end of a stream of `subscribe` ends the subscription", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const writing = yield* writeNumbered(target, [1]).pipe(
          Effect.zipRight(Effect.sleep("20 millis")),
          Effect.forever,
          Effect.fork
        )
        const head = yield* Stream.runCollect(Stream.take(KuzzleRealtime.subscribe(target), 3))
        yield* writing.interruptAsFork(writing.id())
        assert.deepStrictEqual([...head].map(numberOf), [1, 1, 1])
      }).pipe(withClient()))

    it.effect("a filter that Kuzzle refuses ends its own consumers only", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const good = yield* listenTo(target)
        const id = "api.assert.koncorde_dsl_error"
        const bad = { ...target, filter: badFilter }
        yield* failure(KuzzleRealtime.open(bad), KuzzleActionError.InvalidFilterError, id)
        yield* failure(Stream.runDrain(KuzzleRealtime.subscribe(bad)), KuzzleActionError.InvalidFilterError, id)
        yield* failure(KuzzleRealtime.listen(bad, () => {}), KuzzleActionError.InvalidFilterError, id)
        yield* failure(
          KuzzleRealtime.open({ ...target, filter: KuzzleFilter.equals("n", NaN) }),
          KuzzleError.EncodeError
        )
        yield* writeNumbered(target, [1])
        assert.strictEqual(numberOf(yield* good.take), 1)
      }).pipe(withClient()))

    it.effect("8.C8: a handler of `listen` that throws ends only its own subscription", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const seen: Array<unknown> = []
        yield* KuzzleRealtime.listen(target, (notification) => seen.push(numberOf(notification)))
        const { ended } = yield* KuzzleRealtime.listen(target, () => {
          throw new Error("a bug of the application")
        })
        const inbox = yield* listenTo(target)
        yield* writeNumbered(target, [1, 2, 3])
        yield* inbox.takeN(3)
        assert.deepStrictEqual(seen, [1, 2, 3])
        const exit = yield* Effect.exit(ended)
        assert.isTrue(Exit.isFailure(exit) && exit.cause._tag === "Die")
      }).pipe(withClient()))

    it.effect("8.C8: the subscription of a handler of `listen` that throws ends on the server, too", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const seen: Array<KuzzleRealtime.DocumentNotification> = []
        const { ended } = yield* KuzzleRealtime.listen(target, (notification) => {
          seen.push(documentOf(notification))
          throw new Error("a bug of the application")
        })
        yield* writeNumbered(target, [1])
        yield* Effect.exit(ended)
        yield* Effect.forEach(seen, (notification) => untilEmpty(roomOf(notification)))
        assert.lengthOf(seen, 1)
      }).pipe(withClient()))

    it.effect("S4, L2, 8.C8: the strategy decides which notifications a slow consumer loses, and a gap says how many", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const sliding = yield* KuzzleRealtime.open({ ...target, bufferSize: 4 })
        const dropping = yield* KuzzleRealtime.open({ ...target, bufferSize: 4, strategy: "dropping" })
        const quick = yield* listenTo(target)
        yield* writeNumbered(target, numbers(1, 10))
        assert.deepStrictEqual((yield* quick.takeN(10)).map(numberOf), numbers(1, 10))
        const overflow: KuzzleRealtime.GapCause = { _tag: "Overflow", lost: 6 }
        const slow = yield* inbox(sliding, "a buffered notification")
        assert.deepStrictEqual(gapOf(yield* slow.take).cause, overflow)
        assert.deepStrictEqual((yield* slow.takeN(4)).map(numberOf), numbers(7, 10))
        const slower = yield* inbox(dropping, "a buffered notification")
        assert.deepStrictEqual((yield* slower.takeN(4)).map(numberOf), numbers(1, 4))
        assert.deepStrictEqual(gapOf(yield* slower.take).cause, overflow)
      }).pipe(withClient()))

    it.effect("a slow consumer with the strategy `fail` fails, and its subscription ends on the server, too", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const failing = yield* KuzzleRealtime.open({ ...target, bufferSize: 2, strategy: "fail" })
        const scope = yield* Scope.make()
        const quick = yield* Scope.extend(listenTo(target), scope)
        yield* writeNumbered(target, numbers(1, 4))
        const [first] = (yield* quick.takeN(4)).map(documentOf)
        yield* Scope.close(scope, Exit.void)
        yield* untilEmpty(roomOf(first ?? assert.fail()))
        const slow = yield* inbox(failing, "a buffered notification")
        assert.deepStrictEqual((yield* slow.takeN(2)).map(numberOf), [1, 2])
        const error = yield* failure(slow.take, KuzzleError.OverflowError)
        assert.strictEqual(error.bufferSize, 2)
      }).pipe(withClient()))

    it.effect("a slow consumer with `conflate` gets the latest notification of each document", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const latest = yield* KuzzleRealtime.open({
          ...target,
          bufferSize: 2,
          conflate: (notification) => notification.type === "document" ? notification.result._id : undefined
        })
        const quick = yield* listenTo(target)
        const write = (_id: string, n: number) => KuzzleDocument.createOrReplace({ ...target, _id, content: { n } })
        for (const n of numbers(1, 5)) yield* Effect.zipRight(write("a", n), write("b", -n))
        assert.lengthOf(yield* quick.takeN(10), 10)
        const slow = yield* inbox(latest, "a buffered notification")
        assert.deepStrictEqual((yield* slow.takeN(2)).map(numberOf), [5, -5])
        yield* slow.silent(0)
      }).pipe(withClient()))

    it.effect("many subscriptions at once get their own notifications", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const rooms = yield* Effect.forEach(
          numbers(1, 20),
          (n) => listenTo({ ...target, filter: KuzzleFilter.equals("n", n) }),
          { concurrency: "unbounded" }
        )
        yield* writeNumbered(target, numbers(1, 20).reverse())
        assert.deepStrictEqual(yield* Effect.forEach(rooms, ({ take }) => Effect.map(take, numberOf)), numbers(1, 20))
        for (const { silent } of rooms) yield* silent(0)
      }).pipe(withClient()))

    it.effect("A3, 8.C5: an expired token ends the delivery, and after the next login a gap precedes notifications", () =>
      Effect.gen(function*() {
        const world = yield* World
        const target: Collection = yield* world.collection
        const { password, username } = yield* world.user
        const login = (expiresIn: string) =>
          KuzzleAuth.login({ strategy: "local", credentials: { username, password }, expiresIn })
        yield* login("2s")
        const inbox = yield* listenTo(target)
        yield* writeNumbered(target, [1])
        assert.strictEqual(numberOf(yield* inbox.take), 1)
        // The server measures the lifetime of the token.
        yield* Effect.sleep("2500 millis")
        yield* failure(writeNumbered(target, [2]), KuzzleError.UnauthenticatedError)
        yield* login("1h")
        assert.deepStrictEqual(gapOf(yield* inbox.take).cause, { _tag: "TokenExpired" })
        yield* writeNumbered(target, [3])
        assert.strictEqual(numberOf(yield* inbox.take), 3)
        // No refresh, so that the token expires.
      }).pipe(withClient({ tokenRefresh: Schedule.recurs(0) })))
  })
}
