/** The outbox: what is handed over is stored, and sent once, by its sender, whatever becomes of caller and client. */
import {
  Kuzzle,
  KuzzleDocument,
  KuzzleError,
  KuzzleHeartbeat,
  KuzzleOutbox,
  KuzzleOutboxStore
} from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Context,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Redacted,
  Schedule,
  Scope,
  Stream,
  TestClock
} from "effect"
import * as Memory from "../src/internal/outboxMemory.ts"
import { OutboxTable } from "../src/internal/outboxTable.ts"
import { obligingNetwork } from "./support/client.ts"
import { type FakeNetwork, turns } from "./support/FakeSocket.ts"

const server = "ws://kuzzle.test:7512"
const sender = (kuid: string): KuzzleOutboxStore.Sender => ({ _tag: "User", kuid })
const nobody: KuzzleOutboxStore.Sender = { _tag: "Nobody" }

/** A store whose operations fail on demand. */
const storeOn = (table: OutboxTable) => {
  const failing = new Set<KuzzleError.OutboxError["operation"]>()
  const marking: { then: Effect.Effect<void, unknown> } = { then: Effect.void }
  const refusing =
    (operation: KuzzleError.OutboxError["operation"]) =>
    <A, R>(effect: Effect.Effect<A, KuzzleError.OutboxError, R>): Effect.Effect<A, KuzzleError.OutboxError, R> =>
      Effect.suspend((): Effect.Effect<A, KuzzleError.OutboxError, R> =>
        failing.has(operation)
          ? Effect.fail(new KuzzleError.OutboxError({ operation, reason: "Full", issue: "planted" }))
          : effect
      )
  const store: KuzzleOutboxStore.KuzzleOutboxStoreShape = {
    open: (limits) =>
      refusing("open")(Effect.map(Memory.make(table).open(limits), (claim): KuzzleOutboxStore.Claim => ({
        ...claim,
        add: (entries) => refusing("add")(claim.add(entries)),
        mark: (seqs) => refusing("mark")(Effect.zipLeft(claim.mark(seqs), Effect.orDie(marking.then))),
        requeue: (seqs, lost) => refusing("requeue")(claim.requeue(seqs, lost)),
        settle: (seq, report) => refusing("settle")(claim.settle(seq, report)),
        adopt: (server, sender) => refusing("adopt")(claim.adopt(server, sender))
      })))
  }
  return { store, failing, marking }
}

interface Place {
  readonly table?: OutboxTable
  readonly options?: KuzzleOutbox.Options
  readonly login?: string
}

/** A client with an outbox on a table, connected to a network. */
const client = (network: FakeNetwork, { login, options, table = newTable() }: Place = {}) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    // What a test leaves unanswered is waited for.
    yield* Effect.addFinalizer(() =>
      Effect.forkDaemon(Scope.close(scope, Exit.void)).pipe(
        Effect.tap(() => turns()),
        Effect.tap(() => TestClock.adjust("5 seconds")),
        Effect.flatMap(Fiber.join)
      )
    )
    const { failing, marking, store } = storeOn(table)
    const base = Kuzzle.layer({ url: server, reconnect: Schedule.spaced("1 second") }).pipe(
      Layer.provide(network.layer),
      Layer.provide(Layer.effect(KuzzleHeartbeat.KuzzleHeartbeat, KuzzleHeartbeat.make("Disabled")))
    )
    const context = yield* Layer.buildWithScope(
      KuzzleOutbox.layer(options).pipe(
        Layer.provide(Layer.succeed(KuzzleOutboxStore.KuzzleOutboxStore, store)),
        Layer.provideMerge(base)
      ),
      scope
    )
    const kuzzle = Context.get(context, Kuzzle.Kuzzle)
    const outbox = Context.get(context, KuzzleOutbox.KuzzleOutbox)
    const become = (kuid: string | undefined) =>
      Effect.zipRight(
        kuzzle.setToken(
          kuid === undefined
            ? Option.none()
            : Option.some({ value: Redacted.make(`token of ${kuid}`), kuid, expiresAt: undefined })
        ),
        turns()
      )
    if (login !== undefined) yield* become(login)
    const reports: Array<KuzzleOutboxStore.StoredReport> = []
    yield* Effect.forkScoped(Stream.runForEach(outbox.reports, (report) => Effect.sync(() => reports.push(report))))
    yield* turns()
    return {
      table,
      kuzzle,
      outbox,
      context,
      failing,
      marking,
      reports,
      become,
      create: (n: number) => outbox.handOver(create(n)),
      replace: (n: number) => outbox.handOver(replace(n)),
      close: Scope.close(scope, Exit.void)
    }
  })

const newTable = () => new OutboxTable(KuzzleOutboxStore.maxReports)
const place = { index: "i", collection: "c" }
const create = (n: number) => KuzzleDocument.create({ ...place, content: { n } })
/** May be executed twice. */
const replace = (n: number) => KuzzleDocument.createOrReplace({ ...place, _id: String(n), content: { n } })
const bodies = (network: FakeNetwork, action = "create") =>
  network.sockets.flatMap((socket) => socket.of(action).map(({ body }) => (body as { n: number }).n)) // as they were created above
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const outcomes = (reports: ReadonlyArray<KuzzleOutboxStore.StoredReport>) => reports.map(({ outcome }) => outcome)
const lose = (network: FakeNetwork) => Effect.zipRight(Effect.sync(() => network.current.close(1006)), turns())
const back = Effect.zipRight(TestClock.adjust("1 second"), turns(6))
const failure = <A, E>(exit: Exit.Exit<A, E>) =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
/** Why it was not sent. */
const reasonOf = <A, E>(exit: Exit.Exit<A, E>) => {
  const error: unknown = failure(exit)
  return error instanceof KuzzleError.NotSentError && error.cause._tag === "KuzzleNotQueued"
    ? error.cause.reason
    : error
}
/** What is stored, as another client finds it when nobody else lives. */
const stored = (table: OutboxTable, who = sender("ada")) => table.adopt(table.join(), server, who)

describe("KuzzleOutbox", () => {
  it.scoped("a request is stored, sent when there is a connection, and its decoded result is the outcome", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, outbox } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      yield* lose(network)
      const receipt = yield* create(1)
      assert.deepStrictEqual((yield* outbox.pending).map(({ id, sender }) => [id, sender]), [[
        receipt.id,
        sender("ada")
      ]])
      yield* back
      const sent = network.current.last("create")
      assert.deepInclude(sent, { jwt: "token of ada", index: "i", body: { n: 1 } })
      network.current.answer(sent, { _id: "d1", _version: 1, _source: { n: 1 } })
      assert.strictEqual((yield* receipt.outcome)._id, "d1")
      assert.deepStrictEqual(yield* outbox.pending, [])
    }))

  it.scoped("O5: requests are sent in order, at most 32 at once", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      yield* lose(network)
      yield* Effect.forEach(numbers(1, 50), create)
      yield* back
      assert.deepStrictEqual(bodies(network), numbers(1, 32))
      for (const each of network.current.of("create")) network.current.answer(each)
      yield* turns(6)
      assert.deepStrictEqual(bodies(network), numbers(1, 50))
    }))

  it.scoped("O6: interrupting whoever waits withdraws nothing; withdrawing does, until it is sent", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      yield* lose(network)
      const [first, second] = [yield* create(1), yield* create(2)]
      const waiter = yield* Effect.fork(first.outcome)
      const withdrawn = yield* Effect.fork(second.outcome)
      yield* turns()
      yield* Fiber.interrupt(waiter)
      assert.isTrue(yield* second.withdraw)
      assert.isFalse(yield* second.withdraw)
      assert.strictEqual(failure(yield* withdrawn.await)?._tag, "KuzzleNotSentError")
      yield* back
      assert.deepStrictEqual(bodies(network), [1])
      assert.isFalse(yield* first.withdraw)
    }))

  it.scoped("O1: a request in flight when the connection ends is reported, and not sent again", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, reports } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      yield* create(1)
      yield* turns()
      yield* lose(network)
      assert.deepStrictEqual(outcomes(reports), ["MaybeSent"])
      yield* back
      assert.deepStrictEqual(bodies(network), [1])
    }))

  it.scoped("O1: it is marked before its first byte, so a crash leads to a report", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, table } = yield* client(network, { login: "ada" })
      let found: KuzzleOutboxStore.Adopted | undefined
      network.onSend = () => {
        table.vanish("client 1")
        found = stored(table)
      }
      yield* create(1)
      yield* turns()
      assert.deepStrictEqual(bodies(network), [1])
      assert.deepStrictEqual([found?.entries, outcomes(found?.reports ?? [])], [[], ["MaybeSent"]])
    }))

  it.scoped("what may be executed twice is sent again after a loss", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { replace, reports } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      const receipt = yield* replace(1)
      yield* turns()
      yield* lose(network)
      yield* back
      assert.deepStrictEqual(bodies(network, "createOrReplace"), [1, 1])
      network.current.answer(network.current.last("createOrReplace"), {
        _id: "1",
        _version: 1,
        _source: {},
        created: true
      })
      yield* receipt.outcome
      assert.deepStrictEqual(reports, [])
    }))

  it.scoped("O8: suspects are sent alone, and the one that ends three more connections is given up", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { outbox, replace, reports } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      yield* lose(network)
      yield* Effect.forEach(numbers(1, 10), replace)
      const alone: Array<number> = []
      network.onSend = (socket, frame) => {
        const request = JSON.parse(frame)
        if (request.action !== "createOrReplace") return
        alone.push(network.current.of("createOrReplace").length)
        if (request.body.n === 5) return queueMicrotask(() => socket.close(1006))
        // The others would be answered a moment later.
        setImmediate(() => {
          if (network.current === socket) socket.answer(request, { _id: "x", _version: 1, _source: {} })
        })
      }
      for (let i = 0; i < 12; i++) {
        yield* back
        yield* turns(30)
      }
      assert.deepStrictEqual(
        reports.map(({ entry, outcome }) => [outcome, JSON.parse(entry!.payload).request.body.n]),
        [
          ["MaybeSent", 5]
        ]
      )
      assert.deepStrictEqual(yield* outbox.pending, [])
      assert.strictEqual(network.sockets.filter((socket) => socket.of("createOrReplace").length > 0).length, 5)
    }))

  it.scoped("a clean shutdown waits for what is in flight, and the next client sends the rest", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const first = yield* client(network, { login: "ada" })
      network.onSend = undefined
      const sent = yield* Effect.flatMap(first.create(0), ({ outcome }) => Effect.fork(outcome))
      yield* turns()
      const socket = network.current
      const closing = yield* Effect.fork(first.close)
      yield* turns()
      assert.isNull(closing.unsafePoll())
      socket.answer(socket.last("create"), { _id: "d0", _version: 1, _source: { n: 0 } })
      assert.strictEqual((yield* Fiber.join(sent))._id, "d0")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(stored(first.table), { entries: [], reports: [] })
    }))

  it.scoped("closing leaves what waits for the next client of the same user; nobody else adopts it", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const first = yield* client(network, { login: "ada" })
      yield* lose(network)
      yield* first.create(1)
      yield* first.close
      const second = yield* client(network, { table: first.table })
      yield* back
      yield* second.become("bob")
      assert.deepStrictEqual(yield* second.outbox.pending, [])
      assert.deepStrictEqual(bodies(network), [])
      yield* second.become("ada")
      assert.deepStrictEqual(bodies(network), [1])
      assert.strictEqual(network.current.last("create").jwt, "token of ada")
    }))

  it.scoped("2,000 waiting requests are closed in less than 2 s", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { close, create, table } = yield* client(network, { login: "ada", options: { maxEntries: 2000 } })
      yield* lose(network)
      yield* Effect.forEach(numbers(1, 2000), create)
      const before = performance.now()
      yield* close
      assert.isBelow(performance.now() - before, 2000)
      assert.strictEqual(stored(table).entries.length, 2000)
    }), 30_000)

  it.scoped("O4: on a change of user, what waits is released, and whoever waits is told", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { become, create, outbox, table } = yield* client(network, { login: "ada" })
      yield* lose(network)
      const receipt = yield* create(1)
      const waiter = yield* Effect.fork(receipt.outcome)
      yield* turns()
      yield* become("bob")
      yield* turns()
      const told = yield* waiter.await
      assert.strictEqual(reasonOf(told), "OtherUser")
      assert.deepStrictEqual(yield* outbox.pending, [])
      yield* back
      assert.deepStrictEqual(bodies(network), [])
      assert.strictEqual(stored(table).entries.length, 1)
    }))

  it.scoped("O4: what nobody has handed over is sent without the token of a user", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { become, create, outbox } = yield* client(network)
      yield* lose(network)
      yield* create(1)
      assert.deepStrictEqual((yield* outbox.pending).map(({ sender }) => sender), [nobody])
      yield* become("bob")
      yield* back
      assert.isUndefined(network.current.last("create").jwt)
    }))

  it.scoped("O4: `as` sends a request as this user only, or without a session", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { kuzzle } = yield* client(network, { login: "bob" })
      const request = { controller: "server", action: "now" }
      assert.strictEqual(reasonOf(yield* Effect.exit(kuzzle.query(request, { as: sender("ada") }))), "OtherUser")
      assert.lengthOf(network.current.of("now"), 0)
      yield* kuzzle.query(request, { as: sender("bob") })
      yield* kuzzle.query(request, { as: nobody })
      assert.deepStrictEqual(network.current.of("now").map(({ jwt }) => jwt), ["token of bob", undefined])
    }))

  it.scoped("O4: when the user changes between the mark and the first byte, nothing is sent", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const table = newTable()
      const { create, kuzzle, marking } = yield* client(network, { login: "ada", table })
      marking.then = kuzzle.setToken(
        Option.some({ value: Redacted.make("token of bob"), kuid: "bob", expiresAt: undefined })
      )
      yield* create(1)
      yield* turns(6)
      assert.deepStrictEqual(bodies(network), [])
      assert.deepStrictEqual(stored(table).entries.map(({ attempts }) => attempts), [0])
    }))

  it.scoped("O2: what a client leaves in a crash is adopted by another one that runs, and goes on", () =>
    Effect.gen(function*() {
      const first = yield* client(obligingNetwork(), { login: "ada" })
      const network = obligingNetwork()
      const second = yield* client(network, { login: "ada", table: first.table })
      const dead = first.table.join()
      const entries = [1, 2, 3].map((n): KuzzleOutboxStore.NewEntry => ({
        id: `of the dead ${n}`,
        server,
        sender: sender("ada"),
        idempotent: n === 3,
        queuedAt: 0,
        sendBy: 60_000,
        payload: JSON.stringify({ request: { controller: "document", action: "create", body: { n } }, options: {} })
      }))
      const added = first.table.add(dead, entries, { maxEntries: 10, maxBytes: 10_000 })
      first.table.mark(dead, added!.slice(1).map(({ seq }) => seq))
      yield* first.close
      first.table.vanish(dead)
      yield* turns(6)
      assert.deepStrictEqual(bodies(network), [1, 3])
      assert.deepStrictEqual(second.reports.map(({ entry, outcome }) => [entry?.id, outcome]), [
        ["of the dead 2", "MaybeSent"]
      ])
    }))

  it.scoped("a request that Kuzzle refuses because of the rate is sent again after a pause", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      const receipt = yield* create(1)
      yield* turns()
      network.current.refuse(network.current.last("create"), { id: "network.http_router.too_many", status: 429 })
      yield* turns()
      assert.deepStrictEqual(bodies(network), [1])
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.deepStrictEqual(bodies(network), [1, 1])
      network.current.answer(network.current.last("create"), { _id: "d1", _version: 1, _source: {} })
      yield* receipt.outcome
    }))

  it.scoped("O3: a request is not sent after its deadline, its own or the outbox's, and is reported", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, outbox, reports } = yield* client(network, { login: "ada", options: { ttl: "10 seconds" } })
      network.autoOpen = false
      yield* lose(network)
      yield* create(1)
      yield* outbox.handOver(KuzzleDocument.create({ ...place, content: { n: 2 }, timeout: "2 seconds" }))
      yield* TestClock.adjust("3 seconds")
      yield* turns()
      assert.deepStrictEqual(reports.map(({ entry }) => JSON.parse(entry!.payload).request.body.n), [2])
      yield* TestClock.adjust("8 seconds")
      yield* turns()
      assert.deepStrictEqual(outcomes(reports), ["Expired", "Expired"])
      assert.deepStrictEqual(yield* outbox.pending, [])
    }))

  it.scoped("an error of Kuzzle is the outcome of whoever waits, and otherwise a report with its message", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, reports } = yield* client(network, { login: "ada" })
      network.onSend = (socket, frame) =>
        queueMicrotask(() => socket.refuse(JSON.parse(frame), { id: "security.rights.forbidden", status: 403 }))
      yield* lose(network)
      const waiter = yield* Effect.flatMap(create(1), ({ outcome }) => Effect.fork(outcome))
      yield* create(2)
      yield* back
      assert.strictEqual(failure(yield* waiter.await)?._tag, "KuzzleForbiddenError")
      assert.deepStrictEqual(reports.map(({ detail, outcome }) => [outcome, detail]), [[
        "Rejected",
        reports[0]?.detail
      ]])
      assert.include(reports[0]?.detail, "security.rights.forbidden")
    }))

  it.scoped("a store that cannot mark: the request is deleted, then sent, so that a crash sends it no second time", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, failing, outbox, table } = yield* client(network, { login: "ada" })
      const failures = yield* Effect.fork(Stream.runHead(outbox.failures))
      network.onSend = undefined
      failing.add("mark")
      const receipt = yield* create(1)
      yield* turns()
      assert.deepStrictEqual(bodies(network), [1])
      table.vanish("client 1")
      assert.deepStrictEqual(stored(table), { entries: [], reports: [] })
      network.current.answer(network.current.last("create"), { _id: "d1", _version: 1, _source: {} })
      assert.strictEqual((yield* receipt.outcome)._id, "d1")
      assert.strictEqual(Option.getOrUndefined(yield* Fiber.join(failures))?.operation, "mark")
    }))

  it.scoped("a store that can neither mark nor delete: nothing is sent until it can", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, failing } = yield* client(network, { login: "ada" })
      failing.add("mark").add("settle")
      yield* create(1)
      yield* TestClock.adjust("1 minute")
      yield* turns()
      assert.deepStrictEqual(bodies(network), [])
      failing.clear()
      yield* TestClock.adjust("30 seconds")
      yield* turns()
      assert.deepStrictEqual(bodies(network), [1])
    }))

  it.scoped("O1: a failing settlement leaves a report to the next client, not a second execution", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const first = yield* client(network, { login: "ada" })
      first.failing.add("settle")
      yield* first.create(1)
      yield* turns()
      yield* first.close
      const second = yield* client(network, { table: first.table, login: "ada" })
      yield* turns(6)
      assert.deepStrictEqual(bodies(network), [1])
      assert.deepStrictEqual(outcomes(second.reports), ["MaybeSent"])
    }))

  it.scoped("a store that cannot be opened fails the layer", () =>
    Effect.gen(function*() {
      const { failing, store } = storeOn(newTable())
      failing.add("open")
      const exit = yield* Effect.exit(Layer.build(
        KuzzleOutbox.layer({ server }).pipe(
          Layer.provide(Layer.succeed(KuzzleOutboxStore.KuzzleOutboxStore, store)),
          Layer.provideMerge(
            Kuzzle.layer({ url: server }).pipe(
              Layer.provide(obligingNetwork().layer),
              Layer.provide(Layer.effect(KuzzleHeartbeat.KuzzleHeartbeat, KuzzleHeartbeat.make("Disabled")))
            )
          )
        )
      ))
      assert.deepInclude(failure(exit), { _tag: "KuzzleOutboxError", operation: "open" })
    }))

  it.scoped("what cannot be stored is refused: a secret, no JSON, a full store, no request, two requests", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, outbox } = yield* client(network, { login: "ada", options: { maxEntries: 1 } })
      const reason = <A, E>(action: Effect.Effect<A, E, Kuzzle.Kuzzle>) =>
        Effect.map(Effect.flip(outbox.handOver(action)), ({ reason }) => reason)
      const secret = { controller: "auth", action: "updateMyCredentials", body: { password: Redacted.make("hunter2") } }
      assert.strictEqual(yield* reason(Kuzzle.query(secret)), "Secret")
      assert.strictEqual(yield* reason(Kuzzle.query({ controller: "a", action: "b", body: { n: 1n } })), "Invalid")
      assert.strictEqual(yield* reason(Effect.succeed(1)), "Invalid")
      yield* lose(network)
      const twice = yield* outbox.handOver(Effect.zipRight(create1, create1))
      assert.strictEqual(yield* reason(create1), "Full")
      yield* back
      assert.isTrue(Exit.isFailure(yield* Effect.exit(twice.outcome)))
      assert.deepStrictEqual(bodies(network), [1])
      yield* create(2)
    }))

  it.scoped("reports are replayed until they are forgotten; one can be tried again", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, outbox, reports } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      yield* create(1)
      yield* turns()
      yield* lose(network)
      yield* back
      const [report] = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(outbox.reports, 1)))
      assert.deepStrictEqual(report, reports[0])
      yield* outbox.retry(report!)
      yield* turns()
      assert.deepStrictEqual(bodies(network), [1, 1])
      network.current.answer(network.current.last("create"))
      yield* turns()
      const late = yield* Effect.fork(Stream.runHead(outbox.reports))
      yield* turns()
      assert.isNull(late.unsafePoll())
      yield* Fiber.interrupt(late)
    }))

  it.scoped("purging deletes what a sender has stored, and tells whoever waits", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, outbox, table } = yield* client(network, { login: "ada" })
      yield* lose(network)
      const waiter = yield* Effect.flatMap(create(1), ({ outcome }) => Effect.fork(outcome))
      yield* turns()
      assert.strictEqual(yield* outbox.purge(sender("ada")), 1)
      assert.strictEqual(failure(yield* waiter.await)?._tag, "KuzzleNotSentError")
      assert.deepStrictEqual(stored(table).entries, [])
      yield* back
      assert.deepStrictEqual(bodies(network), [])
    }))

  it.scoped("covering: the chosen requests of a client are stored, interruption only stops waiting", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { context, outbox } = yield* client(network, { login: "ada" })
      const covered = yield* Layer.build(Layer.provide(
        KuzzleOutbox.covering(({ action }) => action === "create"),
        Layer.succeedContext(context)
      ))
      yield* lose(network)
      const waiter = yield* Effect.fork(Effect.provide(create1, covered))
      const other = yield* Effect.exit(Effect.provide(replace(2), covered))
      assert.strictEqual(failure(other)?._tag, "KuzzleNotSentError")
      yield* turns()
      yield* Fiber.interrupt(waiter)
      assert.strictEqual((yield* outbox.pending).length, 1)
      yield* back
      assert.deepStrictEqual(bodies(network), [1])
    }))
})

const create1 = create(1)
