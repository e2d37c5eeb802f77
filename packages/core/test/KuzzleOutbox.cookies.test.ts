/** The outbox of clients whose session is a cookie: the cookie may be another user's at any time, and goes with every request. */
import { KuzzleDocument, KuzzleOutbox, KuzzleOutboxStore } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope, TestClock } from "effect"
import * as Memory from "../src/internal/services/outboxMemory.ts"
import { OutboxTable } from "../src/internal/services/outboxTable.ts"
import { type CookieKuzzle, cookieKuzzle } from "./support/CookieKuzzle.ts"
import { turns } from "./support/FakeSocket.ts"

const test = it.scoped

const create = (n: number) => KuzzleDocument.create({ index: "i", collection: "c", content: { n } })

const pass = (millis: number) => Effect.zipRight(TestClock.adjust(millis), turns(8))

/** A tab with an outbox. `marked` runs when the store has marked a request, before it is sent. */
const tab = (kuzzle: CookieKuzzle, table: OutboxTable) =>
  Effect.gen(function*() {
    const hooks: { marked: Effect.Effect<void, unknown> } = { marked: Effect.void }
    const memory = Memory.make(table)
    const store = KuzzleOutboxStore.KuzzleOutboxStore.of({
      open: (limits) =>
        Effect.map(memory.open(limits), (claim) => ({
          ...claim,
          mark: (seqs) => Effect.tap(claim.mark(seqs), () => Effect.orDie(hooks.marked))
        }))
    })
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const client = yield* Scope.extend(kuzzle.tab(), scope)
    const context = yield* Layer.buildWithScope(
      Layer.provideMerge(
        Layer.provide(KuzzleOutbox.layer(), Layer.succeed(KuzzleOutboxStore.KuzzleOutboxStore, store)),
        Layer.succeedContext(client.context)
      ),
      scope
    )
    const { handOver, pending } = Context.get(context, KuzzleOutbox.KuzzleOutbox)
    yield* turns()
    return {
      ...client,
      hooks,
      handOver,
      pending,
      lose: Effect.zipRight(Effect.sync(() => client.network.current.close(1006)), turns()),
      close: Scope.close(scope, Exit.void),
      forget: Effect.provide(KuzzleOutbox.logout({ forget: true }), context)
    }
  })

const newTable = () => new OutboxTable(KuzzleOutboxStore.maxReports)

/** The first request, which ada has handed over. */
const executedWhenAdaIsBack = (
  kuzzle: CookieKuzzle,
  { login }: Pick<Effect.Effect.Success<ReturnType<CookieKuzzle["tab"]>>, "login">
) =>
  Effect.gen(function*() {
    assert.deepStrictEqual(kuzzle.executed, [])
    yield* login("ada")
    yield* pass(20_000)
    assert.deepStrictEqual(kuzzle.executed, ["ada create 1"])
  })

describe("the outbox of a client with a cookie", () => {
  test("O4: a request of ada is not sent with the cookie of bob, and is sent once ada is logged in again", () =>
    Effect.gen(function*() {
      for (const deaf of [true, false]) {
        const kuzzle = yield* cookieKuzzle
        kuzzle.deaf = deaf
        kuzzle.become("ada")
        const table = newTable()
        const [one, other] = [yield* tab(kuzzle, table), yield* kuzzle.tab()]
        yield* one.lose
        yield* one.handOver(create(1))
        yield* other.login("bob")
        yield* pass(10_000)
        assert.strictEqual(yield* one.kuid, "bob")
        assert.deepStrictEqual(kuzzle.executed, [])
        assert.lengthOf(yield* one.pending, 0)
        yield* one.handOver(create(2))
        yield* pass(10_000)
        assert.deepStrictEqual(kuzzle.executed, ["bob create 2"])
        yield* other.login("ada")
        yield* one.lose
        yield* pass(10_000)
        assert.deepStrictEqual(kuzzle.executed, ["bob create 2", "ada create 1"])
      }
    }))

  test("O4: another tab logs in between the mark and the first byte: it waits for ada, and is executed once", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.become("ada")
      const [one, other] = [yield* tab(kuzzle, newTable()), yield* kuzzle.tab()]
      yield* pass(2000)
      one.hooks.marked = Effect.zipRight(
        Effect.sync(() => {
          one.hooks.marked = Effect.void
        }),
        Effect.zipRight(other.login("bob"), turns(8))
      )
      yield* one.handOver(create(1))
      yield* pass(20_000)
      assert.strictEqual(yield* one.kuid, "bob")
      yield* executedWhenAdaIsBack(kuzzle, other)
    }))

  test("O4: the message of that login comes while the request waits for its connection", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.become("ada")
      const [one, other] = [yield* tab(kuzzle, newTable()), yield* kuzzle.tab()]
      yield* pass(2000)
      // The connection is being opened anew for a renewal, and the request has been marked for it.
      one.hooks.marked = Effect.zipRight(
        Effect.sync(() => {
          one.network.autoOpen = false
          one.hooks.marked = Effect.void
        }),
        Effect.zipRight(other.refresh, turns(8))
      )
      yield* one.handOver(create(1))
      yield* turns(8)
      yield* other.login("bob")
      yield* turns()
      one.network.autoOpen = true
      one.network.current.open()
      yield* pass(20_000)
      assert.strictEqual(yield* one.kuid, "bob")
      yield* executedWhenAdaIsBack(kuzzle, other)
    }))

  test("O4: a request that was made without a session is only sent on a connection without one", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const [one, other] = [yield* tab(kuzzle, newTable()), yield* kuzzle.tab()]
      yield* one.lose
      yield* one.handOver(create(1))
      yield* other.login("bob")
      yield* pass(20_000)
      assert.strictEqual(yield* one.kuid, "bob")
      assert.deepStrictEqual(kuzzle.executed, [])
      yield* other.logout
      yield* pass(20_000)
      assert.deepStrictEqual(kuzzle.executed, ["-1 create 1"])
    }))

  test("O1: a cookie that another tab has renewed costs a refusal, and is no second execution", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.deaf = true
      kuzzle.become("ada")
      const [one, other] = [yield* tab(kuzzle, newTable()), yield* kuzzle.tab()]
      yield* pass(2000)
      yield* other.refresh
      yield* pass(2000)
      yield* one.handOver(create(1))
      yield* pass(10_000)
      assert.deepStrictEqual(kuzzle.executed, ["ada create 1"])
      assert.lengthOf(one.network.sockets.flatMap((socket) => socket.of("create")), 2)
      assert.lengthOf(yield* one.pending, 0)
    }))

  test("O2: what a tab leaves when it closes is sent by another one, when the cookie is that user's again", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.become("ada")
      const table = newTable()
      const [one, other] = [yield* tab(kuzzle, table), yield* tab(kuzzle, table)]
      yield* one.lose
      yield* one.handOver(create(1))
      yield* other.login("bob")
      yield* one.close
      yield* pass(20_000)
      yield* executedWhenAdaIsBack(kuzzle, other)
    }))

  test("a logout that forgets deletes what other tabs have stored, and does so though the server cannot be asked", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.become("ada")
      const table = newTable()
      const [one, other] = [yield* tab(kuzzle, table), yield* tab(kuzzle, table)]
      yield* other.lose
      other.network.autoOpen = false
      yield* other.handOver(create(1))
      kuzzle.offline = true
      const exit = yield* Effect.exit(one.forget)
      assert.isTrue(Exit.isFailure(exit))
      // Only the server can end a session by cookie.
      assert.strictEqual(yield* one.kuid, "ada")
      kuzzle.offline = false
      yield* other.lose
      other.network.autoOpen = true
      yield* pass(20_000)
      assert.deepStrictEqual(kuzzle.executed, [])
      yield* one.forget
      yield* pass(2000)
      assert.deepStrictEqual([yield* one.kuid, yield* other.kuid], ["Anonymous", "Anonymous"])
    }))
})
