/** The outbox: a request is stored, and sent once as its sender, even if its caller and its client end. */
import {
  Kuzzle,
  KuzzleAuth,
  type KuzzleConfig,
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
  type Clock,
  Context,
  Deferred,
  type Duration,
  Effect,
  Exit,
  FastCheck as fc,
  Fiber,
  FiberId,
  Layer,
  Option,
  Redacted,
  Schedule,
  Scope,
  Stream,
  TestClock
} from "effect"
import * as Memory from "../src/internal/services/outboxMemory.ts"
import { OutboxTable } from "../src/internal/services/outboxTable.ts"
import { obligingNetwork } from "./support/client.ts"
import { FakeNetwork, obliging, turns } from "./support/FakeSocket.ts"

const server = "ws://kuzzle.test:7512"
const sender = (kuid: string): KuzzleOutboxStore.Sender => ({ _tag: "User", kuid })
const anonymous: KuzzleOutboxStore.Sender = { _tag: "Anonymous" }

type Operation = KuzzleError.OutboxError["operation"]

/** A store whose operations fail or do not answer, on demand. */
const storeOn = (table: OutboxTable) => {
  const failing = new Set<Operation>()
  const hanging = new Map<Operation, Deferred.Deferred<void>>()
  const hooks: { marked: Effect.Effect<void, unknown> } = { marked: Effect.void }
  const marked = new Set<string>()
  const planned =
    (operation: Operation) =>
    <A, R>(effect: Effect.Effect<A, KuzzleError.OutboxError, R>): Effect.Effect<A, KuzzleError.OutboxError, R> =>
      Effect.suspend((): Effect.Effect<A, KuzzleError.OutboxError, R> => {
        if (failing.has(operation)) {
          return Effect.fail(new KuzzleError.OutboxError({ operation, reason: "Full", issue: "planted" }))
        }
        const gate = hanging.get(operation)
        if (gate === undefined) return effect
        return operation === "open"
          ? Effect.zipRight(Deferred.await(gate), effect)
          : Effect.zipLeft(effect, Deferred.await(gate))
      })
  const store: KuzzleOutboxStore.KuzzleOutboxStoreShape = {
    open: (limits) =>
      planned("open")(Effect.map(Memory.make(table).open(limits), (claim): KuzzleOutboxStore.Claim => ({
        ...claim,
        add: (entries) => planned("add")(claim.add(entries)),
        mark: (seqs) =>
          planned("mark")(
            claim.mark(seqs).pipe(
              Effect.tap((seqs) => seqs.forEach((seq) => marked.add(seq))),
              Effect.zipLeft(Effect.orDie(hooks.marked))
            )
          ),
        requeue: (seqs, lost) => planned("requeue")(claim.requeue(seqs, lost)),
        settle: (seq, report) => planned("settle")(claim.settle(seq, report)),
        withdraw: (seq) => planned("settle")(claim.withdraw(seq)),
        adopt: (server, sender) => planned("adopt")(claim.adopt(server, sender)),
        release: (seqs) => planned("release")(claim.release(seqs)),
        reports: (server) => planned("report")(claim.reports(server)),
        forget: (seqs) => planned("report")(claim.forget(seqs)),
        purge: (server, sender) => planned("purge")(claim.purge(server, sender))
      })))
  }
  /** Lets an operation hang until the returned effect runs. */
  const hang = (operation: Operation): Effect.Effect<void> => {
    const gate = Deferred.unsafeMake<void>(FiberId.none)
    hanging.set(operation, gate)
    return Effect.suspend(() => {
      hanging.delete(operation)
      return Effect.zipRight(Deferred.succeed(gate, undefined), turns())
    })
  }
  return { store, failing, hang, marked, hooks }
}

interface Place {
  readonly table?: OutboxTable
  readonly url?: KuzzleConfig.Options["url"]
  readonly options?: KuzzleOutbox.Options
  readonly login?: string
}

/** A client with an outbox on a table, connected to a network. */
const client = (network: FakeNetwork, { login, options, table = newTable(), url = server }: Place = {}) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    // Closing waits for unanswered requests, so the clock advances while it runs.
    yield* Effect.addFinalizer(() =>
      Effect.forkDaemon(Scope.close(scope, Exit.void)).pipe(
        Effect.tap(() => turns()),
        Effect.tap(() => TestClock.adjust("5 seconds")),
        Effect.flatMap(Fiber.join)
      )
    )
    const { failing, hang, marked, hooks, store } = storeOn(table)
    const base = Kuzzle.layer({ url, reconnect: Schedule.spaced("1 second") }).pipe(
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
    const setUser = (kuid: string | undefined) =>
      Effect.zipRight(
        kuzzle.setToken(
          kuid === undefined
            ? Option.none()
            : Option.some({
              value: Redacted.make(`token of ${kuid}`),
              kuid: Option.some(kuid),
              expiresAt: Option.none()
            })
        ),
        turns()
      )
    if (login !== undefined) yield* setUser(login)
    const reports: Array<KuzzleOutboxStore.StoredReport> = []
    yield* Effect.forkScoped(Stream.runForEach(outbox.reports, (report) => Effect.sync(() => reports.push(report))))
    yield* turns()
    return {
      table,
      kuzzle,
      outbox,
      context,
      failing,
      hang,
      marked,
      hooks,
      reports,
      setUser,
      create: (n: number) => outbox.handOver(create(n)),
      replace: (n: number) => outbox.handOver(replace(n)),
      close: Scope.close(scope, Exit.void)
    }
  })

const newTable = () => new OutboxTable(KuzzleOutboxStore.maxReports)
const place = { index: "i", collection: "c" }
const create = (n: number) => KuzzleDocument.create({ ...place, content: { n } })
/** An idempotent request. */
const replace = (n: number) => KuzzleDocument.createOrReplace({ ...place, _id: String(n), content: { n } })
const bodies = (network: FakeNetwork, action = "create") =>
  network.sockets.flatMap((socket) => socket.of(action).map(({ body }) => (body as { n: number }).n)) // as they were created above
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const outcomes = (reports: ReadonlyArray<KuzzleOutboxStore.StoredReport>) => reports.map(({ outcome }) => outcome)
const lose = (network: FakeNetwork) => Effect.zipRight(Effect.sync(() => network.current.close(1006)), turns())
const reconnect = Effect.zipRight(TestClock.adjust("1 second"), turns(6))
const failure = <A, E>(exit: Exit.Exit<A, E>) =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
/** The reason why a request was not sent. */
const reasonOf = <A, E>(exit: Exit.Exit<A, E>) => {
  const error: unknown = failure(exit)
  return error instanceof KuzzleError.NotSentError && error.cause._tag === "KuzzleNotQueuedError"
    ? error.cause.reason
    : error
}
const failuresOf = (outbox: KuzzleOutbox.KuzzleOutboxShape) =>
  Stream.filterMap(
    outbox.events,
    (event) => event._tag === "StoreFailed" ? Option.some(event.error) : Option.none()
  )
/** The stored requests and reports, as a client finds them when no other client lives. */
const stored = (table: OutboxTable, user = sender("ada")) => table.adopt(table.join(), server, user)

type Step =
  | { readonly _tag: "HandOver"; readonly idempotent: boolean }
  | { readonly _tag: "Withdraw"; readonly nth: number }
  | { readonly _tag: "Fail"; readonly operations: ReadonlyArray<KuzzleError.OutboxError["operation"]> }
  | { readonly _tag: "Lose" | "Wait" | "Answer" | "ConsideredDead" }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ _tag: fc.constant("HandOver" as const), idempotent: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Withdraw" as const), nth: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      _tag: fc.constant("Fail" as const),
      operations: fc.subarray<KuzzleError.OutboxError["operation"]>(["add", "mark", "requeue", "settle", "adopt"])
    })
  },
  {
    weight: 8,
    arbitrary: fc.record({
      _tag: fc.constantFrom(
        "Lose" as const,
        "Wait" as const,
        "Wait" as const,
        "Answer" as const,
        "ConsideredDead" as const
      )
    })
  }
)

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
      yield* reconnect
      const sent = network.current.last("create")
      assert.deepInclude(sent, { jwt: "token of ada", index: "i", body: { n: 1 } })
      network.current.answer(sent, { _id: "d1", _version: 1, _source: { n: 1 } })
      assert.strictEqual((yield* receipt.outcome)._id, "d1")
      assert.deepStrictEqual(yield* outbox.pending, [])
    }))

  it.scoped("handing over watches the session only while its user is unknown", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { kuzzle } = yield* client(network, { login: "ada" })
      let watched = 0
      const states: typeof kuzzle.authentication.states = {
        watch: (watcher) => {
          watched += 1
          return kuzzle.authentication.states.watch(watcher)
        }
      }
      const layer = KuzzleOutbox.layer().pipe(
        Layer.provide(KuzzleOutbox.layerMemoryStore),
        Layer.provide(
          Layer.succeed(Kuzzle.Kuzzle, { ...kuzzle, authentication: { ...kuzzle.authentication, states } })
        )
      )
      const outbox = Context.get(yield* Layer.build(layer), KuzzleOutbox.KuzzleOutbox)
      yield* turns()
      const before = watched
      yield* Effect.forEach(numbers(1, 10), (n) => outbox.handOver(create(n)), { concurrency: "unbounded" })
      yield* turns()
      assert.strictEqual(watched, before)
    }))

  it.scoped("O5: requests are sent in order, at most 32 at once", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      yield* lose(network)
      yield* Effect.forEach(numbers(1, 50), create)
      yield* reconnect
      assert.deepStrictEqual(bodies(network), numbers(1, 32))
      for (const each of network.current.of("create")) network.current.answer(each)
      yield* turns(6)
      assert.deepStrictEqual(bodies(network), numbers(1, 50))
    }))

  it.scoped("O6: interrupting the caller does not withdraw the request; `withdraw` does, until the request is sent", () =>
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
      yield* reconnect
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
      yield* reconnect
      assert.deepStrictEqual(bodies(network), [1])
    }))

  it.scoped("O1: a request is marked before its first byte is sent, so a crash leads to a report", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, table } = yield* client(network, { login: "ada" })
      let adopted: KuzzleOutboxStore.Adopted | undefined
      network.onSend = () => {
        table.vanish("client 1")
        adopted = stored(table)
      }
      yield* create(1)
      yield* turns()
      assert.deepStrictEqual(bodies(network), [1])
      assert.deepStrictEqual([adopted?.entries, outcomes(adopted?.reports ?? [])], [[], ["MaybeSent"]])
    }))

  it.scoped("streams of the pending requests and of the reports emit each change, and end with the client", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { close, create, outbox } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      const pending: Array<number> = []
      const reported: Array<ReadonlyArray<KuzzleOutboxStore.Outcome>> = []
      const watching = yield* Effect.fork(Effect.all([
        Stream.runForEach(outbox.pendingStates, (entries) => Effect.sync(() => pending.push(entries.length))),
        Stream.runForEach(outbox.reportStates, (reports) => Effect.sync(() => reported.push(outcomes(reports))))
      ], { concurrency: "unbounded" }))
      yield* turns()
      assert.deepStrictEqual([pending, reported], [[0], [[]]])
      yield* create(1)
      yield* turns()
      assert.deepStrictEqual(pending, [0, 1])
      yield* lose(network)
      assert.deepStrictEqual(pending, [0, 1, 0])
      assert.deepStrictEqual(reported, [[], ["MaybeSent"]])
      const withdrawn = yield* create(2)
      yield* turns()
      yield* withdrawn.withdraw
      yield* turns()
      assert.deepStrictEqual(pending, [0, 1, 0, 1, 0])
      const [report] = yield* Effect.map(Stream.runHead(outbox.reportStates), Option.getOrThrow)
      yield* outbox.forget(report === undefined ? [] : [report])
      yield* turns()
      assert.deepStrictEqual(reported, [[], ["MaybeSent"], []])
      yield* Effect.fork(close)
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(Exit.isSuccess(yield* watching.await))
    }))

  it.scoped("an idempotent request is sent again after a loss", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { replace, reports } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      const receipt = yield* replace(1)
      yield* turns()
      yield* lose(network)
      yield* reconnect
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

  it.scoped("O2, O6: a request that waits to be sent again cannot be withdrawn, and is reported as `MaybeSent`", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { outbox, replace, reports } = yield* client(network, { login: "ada", options: { ttl: "10 seconds" } })
      network.onSend = undefined
      const receipt = yield* replace(1)
      yield* turns()
      network.autoOpen = false
      yield* lose(network)
      assert.isFalse(yield* receipt.withdraw)
      assert.strictEqual((yield* outbox.pending).length, 1)
      yield* TestClock.adjust("10 seconds")
      yield* turns()
      assert.deepStrictEqual(outcomes(reports), ["MaybeSent"])
      assert.deepInclude(failure(yield* Effect.exit(receipt.outcome)), { _tag: "KuzzleDeadlineError", sent: true })
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
        // The other requests are answered later, if their connection still exists.
        setImmediate(() => {
          if (network.current === socket) socket.answer(request, { _id: "x", _version: 1, _source: {} })
        })
      }
      for (let i = 0; i < 12; i++) {
        yield* reconnect
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

  it.scoped("a clean shutdown waits for requests in flight", () =>
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

  it.scoped("closing leaves the waiting requests to the next client of the same user, and to no other", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const first = yield* client(network, { login: "ada" })
      yield* lose(network)
      yield* first.create(1)
      yield* first.close
      const second = yield* client(network, { table: first.table })
      yield* reconnect
      yield* second.setUser("bob")
      assert.deepStrictEqual(yield* second.outbox.pending, [])
      assert.deepStrictEqual(bodies(network), [])
      yield* second.setUser("ada")
      assert.deepStrictEqual(bodies(network), [1])
      assert.strictEqual(network.current.last("create").jwt, "token of ada")
    }))

  it.scoped("2,000 waiting requests are closed in less than 2 s", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { close, create, table } = yield* client(network, { login: "ada", options: { maxEntries: 2000 } })
      yield* lose(network)
      yield* Effect.forEach(numbers(1, 2000), create)
      const before = process.cpuUsage()
      yield* close
      // CPU time, because the wall clock also counts the pauses of a busy machine.
      const { system, user } = process.cpuUsage(before)
      assert.isBelow((user + system) / 1000, 2000)
      assert.strictEqual(stored(table).entries.length, 2000)
    }), 120_000)

  it.scoped("O4: on a change of the user, waiting requests are released, and their callers get an error", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { setUser, create, outbox, table } = yield* client(network, { login: "ada" })
      yield* lose(network)
      const receipt = yield* create(1)
      const waiter = yield* Effect.fork(receipt.outcome)
      yield* turns()
      yield* setUser("bob")
      yield* turns()
      const outcome = yield* waiter.await
      assert.strictEqual(reasonOf(outcome), "OtherUser")
      assert.deepStrictEqual(yield* outbox.pending, [])
      yield* reconnect
      assert.deepStrictEqual(bodies(network), [])
      assert.strictEqual(stored(table).entries.length, 1)
    }))

  it.scoped("O4: a request that was made without a session is sent without a token", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { setUser, create, outbox } = yield* client(network)
      yield* lose(network)
      yield* create(1)
      assert.deepStrictEqual((yield* outbox.pending).map(({ sender }) => sender), [anonymous])
      yield* setUser("bob")
      yield* reconnect
      assert.isUndefined(network.current.last("create").jwt)
    }))

  it.scoped("O4: a request that is handed over before the authenticator has logged in belongs to the authenticator's user", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      network.autoOpen = false
      network.onSend = (socket, frame) => {
        const request = JSON.parse(frame)
        if (request.action !== "login") return obliging(socket, frame)
        queueMicrotask(() => socket.answer(request, { _id: "ada", jwt: "token of ada", ttl: 3_600_000 }))
      }
      const layer = KuzzleOutbox.layer().pipe(
        Layer.provide(KuzzleOutbox.layerMemoryStore),
        Layer.provideMerge(Kuzzle.layer({
          url: server,
          waitForConnection: false,
          authenticator: KuzzleAuth.login({
            strategy: "local",
            credentials: { username: "ada", password: Redacted.make("secret") }
          })
        })),
        Layer.provide(network.layer),
        Layer.provide(Layer.effect(KuzzleHeartbeat.KuzzleHeartbeat, KuzzleHeartbeat.make("Disabled")))
      )
      const context = yield* Layer.build(layer)
      const states: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(
          Stream.provideContext(KuzzleAuth.states, context),
          ({ _tag }) => Effect.sync(() => states.push(_tag))
        )
      )
      const handingOver = yield* Effect.fork(Context.get(context, KuzzleOutbox.KuzzleOutbox).handOver(create(1)))
      yield* turns()
      network.current.open()
      yield* turns(6)
      yield* Fiber.join(handingOver)
      yield* turns(6)
      assert.strictEqual(network.current.last("create").jwt, "token of ada")
      assert.deepStrictEqual(Array.from(new Set(states)), ["Renewing", "Authenticated"])
    }))

  it.scoped("O4: `as` sends a request as this user only, or without a session", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { kuzzle } = yield* client(network, { login: "bob" })
      const request = { controller: "server", action: "now" }
      assert.strictEqual(reasonOf(yield* Effect.exit(kuzzle.query(request, { as: sender("ada") }))), "OtherUser")
      assert.lengthOf(network.current.of("now"), 0)
      yield* kuzzle.query(request, { as: sender("bob") })
      yield* kuzzle.query(request, { as: anonymous })
      assert.deepStrictEqual(network.current.of("now").map(({ jwt }) => jwt), ["token of bob", undefined])
    }))

  it.scoped("O4: when the user changes between the mark and the first byte, nothing is sent", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const table = newTable()
      const { create, kuzzle, hooks } = yield* client(network, { login: "ada", table })
      hooks.marked = kuzzle.setToken(
        Option.some({ value: Redacted.make("token of bob"), kuid: Option.some("bob"), expiresAt: Option.none() })
      )
      yield* create(1)
      yield* turns(6)
      assert.deepStrictEqual(bodies(network), [])
      assert.deepStrictEqual(stored(table).entries.map(({ attempts }) => attempts), [0])
    }))

  it.scoped("O2: a running client adopts the requests of a client that has crashed", () =>
    Effect.gen(function*() {
      const first = yield* client(obligingNetwork(), { login: "ada" })
      const network = obligingNetwork()
      const second = yield* client(network, { login: "ada", table: first.table })
      const crashed = first.table.join()
      const entries = [1, 2, 3].map((n): KuzzleOutboxStore.NewEntry => ({
        id: `of the crashed client ${n}`,
        server,
        sender: sender("ada"),
        idempotent: n === 3,
        queuedAt: 0,
        sendBy: 60_000,
        payload: JSON.stringify({ request: { controller: "document", action: "create", body: { n } }, options: {} })
      }))
      const added = first.table.add(crashed, entries, { maxEntries: 10, maxBytes: 10_000 })
      first.table.mark(crashed, added!.slice(1).map(({ seq }) => seq))
      yield* first.close
      first.table.vanish(crashed)
      yield* turns(6)
      assert.deepStrictEqual(bodies(network), [1, 3])
      assert.deepStrictEqual(second.reports.map(({ entry, outcome }) => [entry?.id, outcome]), [
        ["of the crashed client 2", "MaybeSent"]
      ])
    }))

  it.scoped("a request that Kuzzle refuses because of a rate limit is sent again after a pause", () =>
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

  it.scoped("O2: a request that another client has taken over is not reported as expired", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, reports, table } = yield* client(network, { login: "ada", options: { ttl: "10 seconds" } })
      network.autoOpen = false
      yield* lose(network)
      const receipt = yield* create(1)
      const waiter = yield* Effect.fork(receipt.outcome)
      // Another client considers this one dead, and sends the request.
      table.vanish("client 1")
      assert.lengthOf(stored(table).entries, 1)
      yield* TestClock.adjust("11 seconds")
      yield* turns()
      assert.strictEqual(reasonOf(yield* Fiber.await(waiter)), "OtherClient")
      assert.deepStrictEqual(reports, [])
    }))

  it.scoped("an error of Kuzzle is the outcome for a caller that waits, and otherwise a report with its message", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, reports } = yield* client(network, { login: "ada" })
      network.onSend = (socket, frame) =>
        queueMicrotask(() => socket.refuse(JSON.parse(frame), { id: "security.rights.forbidden", status: 403 }))
      yield* lose(network)
      const waiter = yield* Effect.flatMap(create(1), ({ outcome }) => Effect.fork(outcome))
      yield* create(2)
      yield* reconnect
      assert.strictEqual(failure(yield* waiter.await)?._tag, "KuzzleForbiddenError")
      assert.deepStrictEqual(reports.map(({ detail, outcome }) => [outcome, detail]), [[
        "Rejected",
        reports[0]?.detail
      ]])
      assert.include(reports[0]?.detail, "security.rights.forbidden")
    }))

  it.scoped("O1, O2: a request that a full store cannot mark waits, stays stored, and is sent once there is room", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, failing, outbox } = yield* client(network, { login: "ada" })
      const failures = yield* Effect.fork(Stream.runHead(failuresOf(outbox)))
      failing.add("mark")
      const receipts = yield* Effect.forEach(numbers(1, 3), create)
      yield* TestClock.adjust("1 minute")
      yield* turns()
      assert.deepStrictEqual(bodies(network), [])
      assert.strictEqual((yield* outbox.pending).length, 3)
      assert.strictEqual(Option.getOrUndefined(yield* Fiber.join(failures))?.operation, "mark")
      // It can be withdrawn meanwhile.
      assert.isTrue(yield* receipts[1]!.withdraw)
      failing.clear()
      yield* TestClock.adjust("30 seconds")
      yield* turns()
      assert.deepStrictEqual(bodies(network), [1, 3])
    }))

  it.scoped("O2: a crash while the store is full loses nothing, also when a connection ended before the first byte", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, failing, table } = yield* client(network, { login: "ada" })
      failing.add("mark")
      yield* create(1)
      yield* turns()
      yield* lose(network)
      yield* reconnect
      yield* TestClock.adjust("1 minute")
      table.vanish("client 1")
      assert.deepStrictEqual(stored(table).entries.map(({ attempts }) => attempts), [0])
      assert.deepStrictEqual(bodies(network), [])
    }))

  it.scoped.prop(
    "O1, O2, O7: with any failures of the store and clients that are considered dead, a request is executed at most once, is not lost, and is reported as sent only if it was marked",
    { steps: fc.array(step, { maxLength: 30, size: "max" }) },
    ({ steps }) =>
      Effect.gen(function*() {
        const table = newTable()
        const executed = new Map<number, number>()
        const answered = new Set<number>()
        const withdrawn = new Set<number>()
        const accepted: Array<{ readonly n: number; readonly idempotent: boolean }> = []
        const receipts: Array<readonly [n: number, KuzzleOutbox.Receipt<unknown, unknown>]> = []
        const starting = Effect.gen(function*() {
          const network = obligingNetwork()
          network.onSend = (_, frame) => {
            const { body } = JSON.parse(frame)
            if (typeof body?.n === "number") executed.set(body.n, (executed.get(body.n) ?? 0) + 1)
          }
          return { network, answers: new Set<string>(), ...(yield* client(network, { table, login: "ada" })) }
        })
        const answer = ({ answers, network }: Effect.Effect.Success<typeof starting>) =>
          Effect.gen(function*() {
            for (const request of network.sockets.at(-1)?.requests ?? []) {
              if (request.body === undefined || answers.has(request.requestId)) continue
              answers.add(request.requestId)
              // Safe: the test has made these bodies.
              answered.add((request.body as { n: number }).n)
              network.current.answer(request, { _id: "x", _version: 1, _source: {}, created: true })
            }
            yield* turns()
          })
        const clients = [yield* starting]
        const last = () => clients.at(-1)!
        for (const step of steps) {
          const now = last()
          switch (step._tag) {
            case "HandOver": {
              const n = accepted.length
              const receipt = yield* Effect.option(step.idempotent ? now.replace(n) : now.create(n))
              if (Option.isNone(receipt)) break
              accepted.push({ n, idempotent: step.idempotent })
              receipts.push([n, receipt.value])
              break
            }
            case "Withdraw": {
              const [n, receipt] = receipts[step.nth % Math.max(receipts.length, 1)] ?? []
              if (n !== undefined && receipt !== undefined) {
                if (yield* Effect.orElseSucceed(receipt.withdraw, () => false)) withdrawn.add(n)
              }
              break
            }
            case "Fail":
              now.failing.clear()
              step.operations.forEach((operation) => now.failing.add(operation))
              break
            case "Lose":
              yield* lose(now.network)
              break
            case "Wait":
              yield* reconnect
              break
            case "Answer":
              yield* answer(now)
              break
            case "ConsideredDead":
              table.vanish(`client ${clients.length}`)
              clients.push(yield* starting)
          }
          yield* turns()
        }
        for (const tab of clients) tab.failing.clear()
        for (let i = 0; i < 4; i++) {
          yield* TestClock.adjust("1 minute")
          yield* turns(6)
          yield* Effect.forEach(clients, answer)
        }
        yield* Effect.forEach(clients, ({ close }) => Effect.fork(close))
        yield* TestClock.adjust("5 seconds")
        clients.push(yield* starting)
        for (let i = 0; i < 4; i++) {
          yield* TestClock.adjust("1 minute")
          yield* turns(6)
          yield* answer(last())
        }
        const marked = new Set(clients.flatMap((tab) => Array.from(tab.marked)))
        for (const { entry, outcome } of last().reports) {
          if (outcome === "MaybeSent") assert.isTrue(marked.has(entry!.seq), `${entry!.id} was never marked`)
        }
        const reported = new Set(last().reports.map(({ entry }) => JSON.parse(entry!.payload).request.body.n))
        for (const { idempotent, n } of accepted) {
          const times = executed.get(n) ?? 0
          if (!idempotent) assert.isAtMost(times, 1, `${n} was executed`)
          if (withdrawn.has(n)) assert.strictEqual(times, 0, `${n} was withdrawn`)
          assert.isTrue(answered.has(n) || withdrawn.has(n) || reported.has(n), `${n} is lost`)
        }
        yield* last().close
        assert.deepStrictEqual(stored(table), { entries: [], reports: [] })
      }),
    { fastCheck: { numRuns: 15 }, timeout: 60_000 }
  )

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

  it.scoped("O2: after a restart, the client finds its requests by its first address, whichever one it is connected to", () =>
    Effect.gen(function*() {
      const url = ["wss://One.test:443/kuzzle/?token=s3cr3t", "wss://two.test"]
      const down = obligingNetwork()
      down.onDial = (socket) => {
        if (socket.url.includes("one.test")) socket.close(1006)
      }
      const first = yield* client(down, { login: "ada", url })
      yield* lose(down)
      yield* first.create(1)
      const [entry] = yield* first.outbox.pending
      assert.strictEqual(entry?.server, "wss://one.test/kuzzle")
      yield* first.close
      const network = obligingNetwork()
      yield* client(network, { login: "ada", table: first.table, url })
      yield* turns()
      assert.include(network.current.url, "one.test")
      assert.deepStrictEqual(bodies(network), [1])
    }))

  it.scoped("with an effect that yields the addresses, the layer requires the option `server`", () =>
    Effect.gen(function*() {
      const url = Effect.succeed([server])
      const refused = yield* Effect.exit(client(obligingNetwork(), { url }))
      const error: unknown = failure(refused)
      assert.deepInclude(error, { _tag: "KuzzleOutboxError", operation: "open", reason: "Invalid" })
      const { create, outbox } = yield* client(obligingNetwork(), { login: "ada", url, options: { server: "shop" } })
      yield* create(1)
      assert.deepStrictEqual((yield* outbox.pending).map(({ server }) => server), ["shop"])
    }))

  it.scoped("servers that share a store and a host, by path or by name, keep their requests apart", () =>
    Effect.gen(function*() {
      for (
        const [staging, production] of [
          [{ url: `${server}/staging` }, { url: `${server}/production` }],
          [{ options: { server: "staging" } }, { options: { server: "production" } }]
        ]
      ) {
        const network = obligingNetwork()
        const first = yield* client(network, { ...staging, login: "ada" })
        yield* lose(network)
        yield* first.create(1)
        yield* first.close
        const other = obligingNetwork()
        yield* client(other, { ...production, login: "ada", table: first.table })
        const same = obligingNetwork()
        yield* client(same, { ...staging, login: "ada", table: first.table })
        yield* turns()
        assert.deepStrictEqual([bodies(other), bodies(same)], [[], [1]])
      }
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

  it.scoped("`handOver` refuses a secret, a value without JSON, an effect without a request or with two, and any request for a full store", () =>
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
      yield* reconnect
      assert.isTrue(Exit.isFailure(yield* Effect.exit(twice.outcome)))
      assert.deepStrictEqual(bodies(network), [1])
      yield* create(2)
    }))

  it.scoped("reports are replayed until they are forgotten, and a report can be retried", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, outbox, reports } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      yield* create(1)
      yield* turns()
      yield* lose(network)
      yield* reconnect
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

  it.scoped("events report every step, and the first listener also gets the earlier ones", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { close, create, failing, outbox, table } = yield* client(network, { login: "ada" })
      const crashed = table.join()
      table.add(crashed, [1, 2].map(entryOfCrashed), { maxEntries: 10, maxBytes: 10_000 })
      table.mark(crashed, ["000000000001"])
      table.vanish(crashed)
      yield* turns()
      yield* create(3)
      yield* turns()
      const events: Array<KuzzleOutbox.OutboxEvent> = []
      yield* Effect.forkScoped(Stream.runForEach(outbox.events, (event) => Effect.sync(() => events.push(event))))
      yield* turns()
      yield* lose(network)
      const { withdraw } = yield* create(4)
      yield* withdraw
      failing.add("add")
      failing.add("mark")
      yield* reconnect
      yield* Effect.flip(create(5))
      failing.delete("add")
      yield* create(6)
      yield* turns()
      yield* close
      const nOf = (entry: KuzzleOutboxStore.Entry | undefined) => JSON.parse(entry!.payload).request.body.n
      assert.deepStrictEqual(
        events.map((event) => {
          switch (event._tag) {
            case "Adopted":
              return `Adopted ${event.count}`
            case "StoreFailed":
              return `StoreFailed ${event.error.operation}`
            case "HandedOver":
            case "Sent":
              return `${event._tag} ${nOf(event.entry)}`
            case "Settled":
            case "Reported":
              return `${event._tag} ${nOf(event.entry)} ${event.outcome}`
          }
        }),
        [
          "Adopted 1",
          "Reported 1 MaybeSent",
          "Sent 2",
          "Settled 2 Answered",
          "HandedOver 3",
          "Sent 3",
          "Settled 3 Answered",
          "HandedOver 4",
          "Settled 4 Withdrawn",
          "HandedOver 6",
          "StoreFailed mark"
        ]
      )
    }))

  it.scoped("purging deletes the stored requests of a sender, and their callers get an error", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, outbox, table } = yield* client(network, { login: "ada" })
      yield* lose(network)
      const waiter = yield* Effect.flatMap(create(1), ({ outcome }) => Effect.fork(outcome))
      yield* turns()
      assert.strictEqual(yield* outbox.purge(sender("ada")), 1)
      assert.strictEqual(failure(yield* waiter.await)?._tag, "KuzzleNotSentError")
      assert.deepStrictEqual(stored(table).entries, [])
      yield* reconnect
      assert.deepStrictEqual(bodies(network), [])
    }))

  describe("a logout with `forget`", () => {
    const forgetting = (context: Context.Context<Kuzzle.Kuzzle | KuzzleOutbox.KuzzleOutbox>) =>
      Effect.provide(KuzzleOutbox.logout({ forget: true }), context)
    const logouts = (network: FakeNetwork) => network.current.of("logout")

    it.scoped("deletes the requests and reports of the user, keeps those of others, and logs out", () =>
      Effect.gen(function*() {
        const table = newTable()
        const network = obligingNetwork()
        const networkOfBob = obligingNetwork()
        const { close, outbox: outboxOfBob } = yield* client(networkOfBob, { table, login: "bob" })
        yield* lose(networkOfBob)
        yield* outboxOfBob.handOver(create(10))
        yield* close
        const { context, kuzzle, outbox, reports } = yield* client(network, { table, login: "ada" })
        const other = obligingNetwork()
        const elsewhere = yield* client(other, { table, login: "ada" })
        yield* lose(other)
        yield* elsewhere.create(1)
        network.onSend = undefined
        yield* outbox.handOver(create(2))
        yield* turns()
        yield* lose(network)
        yield* turns()
        assert.deepStrictEqual(outcomes(reports), ["MaybeSent"])
        const waiter = yield* Effect.flatMap(outbox.handOver(create(3)), ({ outcome }) => Effect.fork(outcome))
        network.onSend = obliging
        yield* turns()
        yield* Effect.exit(forgetting(context))
        assert.strictEqual(reasonOf(yield* waiter.await), "Withdrawn")
        assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
        assert.deepStrictEqual(stored(table).entries, [])
        assert.deepStrictEqual(table.reports(server), [])
        yield* reconnect
        assert.deepStrictEqual(bodies(network), [2])
        assert.deepStrictEqual(bodies(other), [])
        assert.lengthOf(stored(table, sender("bob")).entries, 1)
      }))

    it.scoped("waits for requests in flight, and leaves no report of them", () =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        network.onSend = (socket, frame) => JSON.parse(frame).action === "create" ? undefined : obliging(socket, frame)
        const { context, outbox, table } = yield* client(network, { login: "ada" })
        yield* outbox.handOver(create(1))
        yield* turns()
        const fiber = yield* Effect.fork(forgetting(context))
        yield* turns()
        assert.deepStrictEqual(logouts(network), [])
        yield* TestClock.adjust("4 seconds")
        network.current.refuse(network.current.last("create"), { id: "security.rights.forbidden", status: 403 })
        yield* turns()
        assert.deepStrictEqual(outcomes(table.reports(server)), ["Rejected"])
        yield* reconnect
        yield* Fiber.join(fiber)
        assert.lengthOf(logouts(network), 1)
        assert.deepStrictEqual(table.reports(server), [])
      }))

    it.scoped("waits 5 s for an answer that does not come", () =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        network.onSend = (socket, frame) => JSON.parse(frame).action === "create" ? undefined : obliging(socket, frame)
        const { context, outbox } = yield* client(network, { login: "ada" })
        yield* outbox.handOver(create(1))
        yield* turns()
        const fiber = yield* Effect.fork(forgetting(context))
        for (let i = 0; i < 6; i++) yield* Effect.zipRight(TestClock.adjust("1 second"), turns())
        yield* Fiber.join(fiber)
        assert.lengthOf(logouts(network), 1)
      }))

    it.scoped("offline: the stored requests are deleted and the session ends, although the logout fails", () =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        const { context, kuzzle, outbox, table } = yield* client(network, { login: "ada" })
        yield* lose(network)
        yield* outbox.handOver(create(1))
        const exit = yield* Effect.exit(forgetting(context))
        assert.strictEqual(failure(exit)?._tag, "KuzzleNotSentError")
        assert.deepStrictEqual(stored(table).entries, [])
        assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
      }))

    it.scoped("if the store fails, the caller gets the error, and the user is logged out anyway", () =>
      Effect.gen(function*() {
        const { context, failing, kuzzle } = yield* client(obligingNetwork(), { login: "ada" })
        failing.add("purge")
        const error = failure(yield* Effect.exit(forgetting(context)))
        assert.deepInclude(error, { _tag: "KuzzleOutboxError", operation: "purge" })
        assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
      }))

    it.scoped("without a user it deletes the requests that were stored without one", () =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        const { context, outbox, table } = yield* client(network)
        yield* lose(network)
        yield* outbox.handOver(create(1))
        yield* forgetting(context)
        assert.deepStrictEqual(stored(table).entries, [])
      }))

    it.scoped("without `forget: true`, from a caller without types, nothing is deleted and the user stays logged in", () =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        const { context } = yield* client(network, { login: "ada" })
        for (const text of ["null", "{}", `{ "forget": "yes" }`, "7"]) {
          const error = failure(yield* Effect.exit(Effect.provide(KuzzleOutbox.logout(JSON.parse(text)), context)))
          assert.include(String(error), "forget: true")
        }
        assert.deepStrictEqual(logouts(network), [])
      }))

    it.scoped("the user of the requests must be known: a token without a known user is an error", () =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        const { context, kuzzle } = yield* client(network)
        yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make("key"))))
        const error = failure(yield* Effect.exit(forgetting(context)))
        assert.deepInclude(error, { _tag: "KuzzleOutboxError", operation: "purge", reason: "Invalid" })
        assert.include(String(error), "purge")
        assert.deepStrictEqual(logouts(network), [])
      }))
  })

  it.scoped("`covering` stores the chosen requests of a client, and an interruption only ends the wait", () =>
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
      yield* reconnect
      assert.deepStrictEqual(bodies(network), [1])
    }))
})

/** Passes the ten seconds that the store has for an operation. */
const passStoreTimeout = Effect.zipRight(TestClock.adjust("10 seconds"), turns())
const timeout = (operation: Operation) => ({
  _tag: "KuzzleOutboxError" as const,
  operation,
  reason: "Timeout" as const
})

describe("KuzzleOutbox: a store that does not answer", () => {
  const failuresReported = (outbox: KuzzleOutbox.KuzzleOutboxShape) =>
    Effect.gen(function*() {
      const failures: Array<KuzzleError.OutboxError> = []
      yield* Effect.forkScoped(
        Stream.runForEach(failuresOf(outbox), (error) => Effect.sync(() => failures.push(error)))
      )
      yield* turns()
      return () => failures.map(({ operation, reason }) => `${operation} ${reason}`)
    })

  it.scoped("open: the layer fails, and a claim that is opened later is closed", () =>
    Effect.gen(function*() {
      const table = newTable()
      const { hang, store } = storeOn(table)
      const answer = hang("open")
      const building = yield* Effect.fork(Effect.exit(Effect.scoped(Layer.build(
        KuzzleOutbox.layer({ server }).pipe(
          Layer.provide(Layer.succeed(KuzzleOutboxStore.KuzzleOutboxStore, store)),
          Layer.provideMerge(
            Kuzzle.layer({ url: server }).pipe(
              Layer.provide(obligingNetwork().layer),
              Layer.provide(Layer.effect(KuzzleHeartbeat.KuzzleHeartbeat, KuzzleHeartbeat.make("Disabled")))
            )
          )
        )
      ))))
      yield* turns()
      yield* passStoreTimeout
      const error: unknown = failure(yield* Fiber.join(building))
      assert.deepInclude(error, timeout("open"))
      yield* answer
      // The late client has left the store, so its request can be adopted.
      table.add("client 1", [entryOfCrashed(1)], { maxEntries: 1, maxBytes: 1000 })
      assert.lengthOf(stored(table).entries, 1)
    }))

  it.scoped("add: the caller gets an error, and an entry that is stored later is deleted, not sent", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { context, create: hand, failing, hang, outbox, table } = yield* client(network, { login: "ada" })
      const failures = yield* failuresReported(outbox)
      const covered = yield* Layer.build(
        Layer.provide(KuzzleOutbox.covering(() => true), Layer.succeedContext(context))
      )
      const answer = hang("add")
      const handing = yield* Effect.fork(Effect.flip(hand(1)))
      const asking = yield* Effect.fork(Effect.flip(Effect.provide(create(2), covered)))
      yield* turns()
      yield* passStoreTimeout
      assert.deepInclude(yield* Fiber.join(handing), timeout("add"))
      assert.deepInclude(yield* Fiber.join(asking), { _tag: "KuzzleDeadlineError", sent: true })
      assert.deepStrictEqual(failures(), ["add Timeout", "add Timeout"])
      failing.add("settle")
      yield* answer
      failing.clear()
      yield* passStoreTimeout
      assert.deepStrictEqual(bodies(network), [])
      table.vanish("client 1")
      assert.deepStrictEqual(stored(table), { entries: [], reports: [] })
    }))

  it.scoped("O1: mark: nothing is sent before the answer, and then only requests that still belong to this client", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, hang, outbox, replace, table } = yield* client(network, { login: "ada" })
      const failures = yield* failuresReported(outbox)
      const answer = hang("mark")
      yield* create(1)
      yield* turns()
      yield* replace(2)
      yield* passStoreTimeout
      assert.deepStrictEqual(failures(), ["mark Timeout"])
      assert.strictEqual((yield* outbox.pending).length, 2)
      // Another client considers this one dead.
      table.vanish("client 1")
      assert.deepStrictEqual(stored(table).reports.map(({ outcome }) => outcome), ["MaybeSent"])
      yield* answer
      yield* TestClock.adjust("1 minute")
      yield* turns()
      assert.deepStrictEqual([bodies(network), bodies(network, "createOrReplace")], [[], []])
      assert.deepStrictEqual(yield* outbox.pending, [])
    }))

  it.scoped("O5: mark: after a late answer, all requests are sent in order", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, hang } = yield* client(network, { login: "ada" })
      const answer = hang("mark")
      yield* create(1)
      yield* turns()
      yield* Effect.forEach([2, 3], create)
      yield* passStoreTimeout
      yield* answer
      yield* TestClock.adjust("1 second")
      yield* turns(6)
      assert.deepStrictEqual(bodies(network), [1, 2, 3])
    }))

  it.scoped("O3: mark: a request whose deadline has passed when the answer arrives, in time or late, is not sent", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, hang, reports } = yield* client(network, { login: "ada", options: { ttl: "5 seconds" } })
      const answer = hang("mark")
      yield* create(1)
      yield* turns()
      yield* TestClock.adjust("6 seconds")
      yield* answer
      const never = hang("mark")
      const waiter = yield* Effect.flatMap(create(2), ({ outcome }) => Effect.fork(outcome))
      yield* passStoreTimeout
      assert.strictEqual(reasonOf(yield* waiter.await), "Expired")
      yield* never
      yield* create(3)
      yield* turns()
      assert.deepStrictEqual(bodies(network), [3])
      assert.deepStrictEqual(outcomes(reports), ["Expired"])
    }))

  it.scoped("requeue: requests that were not sent wait for the answer, and are then sent in order", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, hang, outbox } = yield* client(network, { login: "ada" })
      const failures = yield* failuresReported(outbox)
      network.onSend = undefined
      yield* create(1)
      yield* turns()
      const answer = hang("requeue")
      network.current.refuse(network.current.last("create"), { id: "network.http_router.too_many", status: 429 })
      yield* create(2)
      yield* passStoreTimeout
      assert.deepStrictEqual(failures(), ["requeue Timeout"])
      assert.deepStrictEqual(bodies(network), [1])
      yield* answer
      yield* TestClock.adjust("1 minute")
      yield* turns()
      assert.deepStrictEqual(bodies(network), [1, 1, 2])
    }))

  it.scoped("settle: the caller gets the answer, and other requests are sent; a withdrawal gets an error, and takes effect later", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, hang, outbox } = yield* client(network, { login: "ada" })
      const failures = yield* failuresReported(outbox)
      const answer = hang("settle")
      network.onSend = (socket, frame) =>
        queueMicrotask(() => socket.answer(JSON.parse(frame), { _id: "x", _version: 1, _source: {} }))
      const waiter = yield* Effect.flatMap(create(1), ({ outcome }) => Effect.fork(outcome))
      yield* turns()
      yield* create(2)
      yield* passStoreTimeout
      assert.strictEqual((yield* Fiber.join(waiter))._id, "x")
      assert.deepStrictEqual(bodies(network), [1, 2])
      assert.include(failures(), "settle Timeout")
      yield* lose(network)
      const receipt = yield* create(3)
      const withdrawing = yield* Effect.fork(Effect.flip(receipt.withdraw))
      const withdrawn = yield* Effect.fork(receipt.outcome)
      yield* turns()
      yield* passStoreTimeout
      assert.deepInclude(yield* Fiber.join(withdrawing), timeout("settle"))
      yield* answer
      assert.strictEqual(reasonOf(yield* withdrawn.await), "Withdrawn")
      assert.deepStrictEqual(bodies(network), [1, 2])
    }))

  it.scoped("adopt: the client sends its own requests, and those that it adopts late as well", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, hang, outbox, table } = yield* client(network, { login: "ada" })
      const failures = yield* failuresReported(outbox)
      const crashed = table.join()
      table.add(crashed, [entryOfCrashed(1)], { maxEntries: 10, maxBytes: 10_000 })
      const answer = hang("adopt")
      table.vanish(crashed)
      yield* turns()
      yield* passStoreTimeout
      // For the requests of ada, and for those without a user.
      assert.deepStrictEqual(failures(), ["adopt Timeout", "adopt Timeout"])
      yield* create(2)
      yield* turns()
      assert.deepStrictEqual(bodies(network), [2])
      yield* answer
      assert.deepStrictEqual(bodies(network), [2, 1])
    }))

  it.scoped("release: the caller gets the error about the other user, and the outbox continues", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { setUser, create, hang, outbox } = yield* client(network, { login: "ada" })
      const failures = yield* failuresReported(outbox)
      yield* lose(network)
      const waiter = yield* Effect.flatMap(create(1), ({ outcome }) => Effect.fork(outcome))
      yield* turns()
      const answer = hang("release")
      yield* setUser("bob")
      yield* passStoreTimeout
      assert.strictEqual(reasonOf(yield* waiter.await), "OtherUser")
      assert.deepStrictEqual(failures(), ["release Timeout"])
      yield* create(2)
      yield* reconnect
      assert.deepStrictEqual(bodies(network), [2])
      yield* answer
    }))

  it.scoped("reports, forget, purge: the caller gets an error; reports come once the store answers", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { create, hang, outbox, reports } = yield* client(network, { login: "ada" })
      network.onSend = undefined
      yield* create(1)
      yield* turns()
      yield* lose(network)
      const [report] = reports
      const asking = [hang("report"), hang("purge")]
      const late = yield* Effect.fork(Stream.runHead(outbox.reports))
      const operations = yield* Effect.forEach(
        [outbox.forget([report!]), outbox.purge(sender("ada"))],
        (effect) => Effect.fork(Effect.flip(effect))
      )
      yield* turns()
      yield* passStoreTimeout
      const [forgetting, purging] = yield* Effect.forEach(operations, Fiber.join)
      assert.deepInclude(forgetting, timeout("report"))
      assert.deepInclude(purging, timeout("purge"))
      // Both have taken effect anyway.
      yield* Effect.all(asking)
      yield* TestClock.adjust("1 minute")
      yield* turns()
      assert.isNull(late.unsafePoll())
      yield* create(2)
      yield* reconnect
      yield* turns()
      yield* lose(network)
      assert.strictEqual(
        Option.getOrUndefined(Option.flatten(yield* Fiber.join(late).pipe(Effect.option)))?.outcome,
        "MaybeSent"
      )
    }))

  for (const failedBefore of [false, true]) {
    const which = failedBefore ? "requests that it failed to settle" : "requests that have expired"
    it.scoped(`settle: ${which} are settled 32 at a time, and closing waits only for operations that have begun`, () =>
      Effect.gen(function*() {
        const network = obligingNetwork()
        const { close, create, failing, hang, table } = yield* client(network, {
          login: "ada",
          options: { ttl: "1 minute" }
        })
        network.autoOpen = false
        yield* lose(network)
        yield* Effect.forEach(numbers(1, 100), create)
        if (failedBefore) {
          failing.add("settle")
          yield* TestClock.adjust("1 minute")
          failing.delete("settle")
        }
        void hang("settle")
        yield* TestClock.adjust(failedBefore ? "10 seconds" : "1 minute")
        yield* turns()
        assert.lengthOf(table.reports(server), 32)
        const closing = yield* Effect.fork(close)
        yield* TestClock.adjust("10 seconds")
        yield* turns()
        assert.isNotNull(closing.unsafePoll())
        assert.lengthOf(stored(table).entries, 68)
      }))
  }

  it.scoped("closing does not wait longer than ten seconds for the store", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { close, create, hang } = yield* client(network, { login: "ada" })
      void hang("mark")
      void hang("settle")
      yield* create(1)
      yield* turns()
      const closing = yield* Effect.fork(close)
      yield* TestClock.adjust("15 seconds")
      yield* turns()
      assert.isNotNull(closing.unsafePoll())
    }))

  it.scoped("O9: when the store works again, all requests are sent, and no timer of the outbox runs", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const clock = yield* Effect.clock
      let timers = 0
      const count = (by: number) => Effect.sync(() => (timers += by))
      const counting: Clock.Clock = Object.assign(Object.create(clock), {
        sleep: (duration: Duration.Duration) =>
          Effect.acquireUseRelease(count(1), () => clock.sleep(duration), () => count(-1))
      })
      const { create, failing, hang, replace, table } = yield* Effect.withClock(
        client(network, { login: "ada" }),
        counting
      )
      yield* passStoreTimeout
      const idle = timers
      yield* lose(network)
      const answer = hang("mark")
      yield* create(1)
      yield* replace(2)
      yield* reconnect
      failing.add("settle")
      yield* passStoreTimeout
      yield* answer
      yield* passStoreTimeout
      failing.clear()
      yield* TestClock.adjust("2 minutes")
      yield* turns()
      assert.deepStrictEqual([bodies(network), bodies(network, "createOrReplace")], [[1], [2]])
      assert.strictEqual(timers, idle)
      // A request that waits for a connection has a deadline in one day. Its timer must end, too.
      yield* lose(network)
      yield* create(3)
      yield* reconnect
      yield* TestClock.adjust("2 minutes")
      yield* turns()
      assert.deepStrictEqual(bodies(network), [1, 3])
      assert.strictEqual(timers, idle)
      table.vanish("client 1")
      assert.deepStrictEqual(stored(table), { entries: [], reports: [] })
    }))

  it.scoped("O9: a settlement or a release that failed is repeated once the store works", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { setUser, create, failing, table } = yield* client(network, { login: "ada" })
      failing.add("settle").add("release")
      yield* create(1)
      yield* turns()
      yield* lose(network)
      yield* create(2)
      yield* turns()
      yield* setUser("bob")
      failing.clear()
      yield* passStoreTimeout
      assert.deepStrictEqual(bodies(network), [1])
      // The client that has them still lives.
      assert.lengthOf(table.adopt(table.join(), server, sender("ada")).entries, 1)
      assert.deepStrictEqual(table.adopt(table.join(), server, sender("ada")), { entries: [], reports: [] })
      table.vanish("client 1")
      assert.deepStrictEqual(stored(table).reports, [])
    }))
})

const entryOfCrashed = (n: number): KuzzleOutboxStore.NewEntry => ({
  id: `of the crashed client ${n}`,
  server,
  sender: sender("ada"),
  idempotent: false,
  queuedAt: 0,
  sendBy: 600_000,
  payload: JSON.stringify({ request: { controller: "document", action: "create", body: { n } }, options: {} })
})

const create1 = create(1)
