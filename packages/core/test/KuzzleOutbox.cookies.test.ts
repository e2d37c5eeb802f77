/** The outbox of clients with a cookie session. Another tab may replace the cookie by that of another user at any time. */
import { type Kuzzle, KuzzleDocument, KuzzleOutbox, KuzzleOutboxStore } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Scope, TestClock } from "effect"
import * as Memory from "../src/internal/services/outboxMemory.ts"
import { OutboxTable } from "../src/internal/services/outboxTable.ts"
import { type CookieKuzzle, cookieKuzzle } from "./support/CookieKuzzle.ts"
import { turns } from "./support/FakeSocket.ts"

const test = it.scoped

const create = (n: number) => KuzzleDocument.create({ index: "i", collection: "c", content: { n } })

const pass = (millis: number) => Effect.zipRight(TestClock.adjust(millis), turns(8))

/** A tab with an outbox. `marked` runs after the store has marked a request and before it is sent. */
const tab = (kuzzle: CookieKuzzle, table: OutboxTable, options: Kuzzle.Options = {}) =>
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
    const client = yield* Scope.extend(kuzzle.tab(options), scope)
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

/** Asserts that the first request, which ada has handed over, is executed only after ada is logged in again. */
const executedAfterAdasLogin = (
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
      for (const losesMessages of [true, false]) {
        const kuzzle = yield* cookieKuzzle
        kuzzle.losesMessages = losesMessages
        kuzzle.loginUnannounced("ada")
        const table = newTable()
        const [first, second] = [yield* tab(kuzzle, table), yield* kuzzle.tab()]
        yield* first.lose
        yield* first.handOver(create(1))
        yield* second.login("bob")
        yield* pass(10_000)
        assert.strictEqual(yield* first.kuid, "bob")
        assert.deepStrictEqual(kuzzle.executed, [])
        assert.lengthOf(yield* first.pending, 0)
        yield* first.handOver(create(2))
        yield* pass(10_000)
        assert.deepStrictEqual(kuzzle.executed, ["bob create 2"])
        yield* second.login("ada")
        yield* first.lose
        yield* pass(10_000)
        assert.deepStrictEqual(kuzzle.executed, ["bob create 2", "ada create 1"])
      }
    }))

  test("O4: a request that is handed over while the server is asked for the user belongs to that user", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const { handOver, lose, network, pending } = yield* tab(kuzzle, newTable())
      kuzzle.loginUnannounced("ada")
      const questions: Array<() => void> = []
      network.onSend = (socket, frame) => {
        if (frame.includes("checkToken")) questions.push(() => kuzzle.onSend(socket, frame))
        else kuzzle.onSend(socket, frame)
      }
      yield* lose
      yield* pass(1000)
      const handingOver = yield* Effect.fork(handOver(create(1)))
      yield* pass(0)
      assert.lengthOf(questions, 1)
      assert.lengthOf(yield* pending, 0)
      for (const answer of questions) answer()
      yield* pass(0)
      yield* Fiber.join(handingOver)
      yield* pass(0)
      assert.deepStrictEqual(kuzzle.executed, ["ada create 1"])
    }))

  test("O4: a request that is handed over before the first connection belongs to the user of the cookie", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.loginUnannounced("ada")
      const { handOver } = yield* tab(kuzzle, newTable(), {
        waitForConnection: false,
        headers: Effect.delay(Effect.succeed({}), "5 seconds")
      })
      const handingOver = yield* Effect.fork(handOver(create(1)))
      yield* pass(10_000)
      yield* Fiber.join(handingOver)
      assert.deepStrictEqual(kuzzle.executed, ["ada create 1"])
    }))

  test("O4: if another tab logs in between the mark and the first byte, the request waits for ada and is executed once", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.loginUnannounced("ada")
      const [first, second] = [yield* tab(kuzzle, newTable()), yield* kuzzle.tab()]
      yield* pass(2000)
      first.hooks.marked = Effect.zipRight(
        Effect.sync(() => {
          first.hooks.marked = Effect.void
        }),
        Effect.zipRight(second.login("bob"), turns(8))
      )
      yield* first.handOver(create(1))
      yield* pass(20_000)
      assert.strictEqual(yield* first.kuid, "bob")
      yield* executedAfterAdasLogin(kuzzle, second)
    }))

  test("O4: if the message of another tab's login arrives while the request waits for its connection, the request waits for ada and is executed once", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.loginUnannounced("ada")
      const [first, second] = [yield* tab(kuzzle, newTable()), yield* kuzzle.tab()]
      yield* pass(2000)
      // A renewal reopens the connection, and the request is marked for the new connection.
      first.hooks.marked = Effect.zipRight(
        Effect.sync(() => {
          first.network.autoOpen = false
          first.hooks.marked = Effect.void
        }),
        Effect.zipRight(second.refresh, turns(8))
      )
      yield* first.handOver(create(1))
      yield* turns(8)
      yield* second.login("bob")
      yield* turns()
      first.network.autoOpen = true
      first.network.current.open()
      yield* pass(20_000)
      assert.strictEqual(yield* first.kuid, "bob")
      yield* executedAfterAdasLogin(kuzzle, second)
    }))

  test("O4: a request that was made without a session is only sent on a connection without one", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      const [first, second] = [yield* tab(kuzzle, newTable()), yield* kuzzle.tab()]
      yield* first.lose
      yield* first.handOver(create(1))
      yield* second.login("bob")
      yield* pass(20_000)
      assert.strictEqual(yield* first.kuid, "bob")
      assert.deepStrictEqual(kuzzle.executed, [])
      yield* second.logout
      yield* pass(20_000)
      assert.deepStrictEqual(kuzzle.executed, ["-1 create 1"])
    }))

  test("O1: after another tab has renewed the cookie, the request is refused once and executed once", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.losesMessages = true
      kuzzle.loginUnannounced("ada")
      const [first, second] = [yield* tab(kuzzle, newTable()), yield* kuzzle.tab()]
      yield* pass(2000)
      yield* second.refresh
      yield* pass(2000)
      yield* first.handOver(create(1))
      yield* pass(10_000)
      assert.deepStrictEqual(kuzzle.executed, ["ada create 1"])
      assert.lengthOf(first.network.sockets.flatMap((socket) => socket.of("create")), 2)
      assert.lengthOf(yield* first.pending, 0)
    }))

  test("O2: the requests of a closed tab are sent by another tab once the same user is logged in again", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.loginUnannounced("ada")
      const table = newTable()
      const [first, second] = [yield* tab(kuzzle, table), yield* tab(kuzzle, table)]
      yield* first.lose
      yield* first.handOver(create(1))
      yield* second.login("bob")
      yield* first.close
      yield* pass(20_000)
      yield* executedAfterAdasLogin(kuzzle, second)
    }))

  test("a logout with `forget` deletes the stored requests of all tabs, even if the server cannot be reached", () =>
    Effect.gen(function*() {
      const kuzzle = yield* cookieKuzzle
      kuzzle.loginUnannounced("ada")
      const table = newTable()
      const [first, second] = [yield* tab(kuzzle, table), yield* tab(kuzzle, table)]
      yield* second.lose
      second.network.autoOpen = false
      yield* second.handOver(create(1))
      kuzzle.offline = true
      const exit = yield* Effect.exit(first.forget)
      assert.isTrue(Exit.isFailure(exit))
      // Only the server can end a session by cookie.
      assert.strictEqual(yield* first.kuid, "ada")
      kuzzle.offline = false
      yield* second.lose
      second.network.autoOpen = true
      yield* pass(20_000)
      assert.deepStrictEqual(kuzzle.executed, [])
      yield* first.forget
      yield* pass(2000)
      assert.deepStrictEqual([yield* first.kuid, yield* second.kuid], ["Anonymous", "Anonymous"])
    }))
})
