/**
 * A real Kuzzle, or a node of its cluster, is killed and restarted under traffic. Each request settles once, with the
 * correct outcome. Nothing is executed or received twice. A gap marks each loss, unless the cluster lost the message between its
 * nodes.
 */
import {
  Kuzzle,
  KuzzleCollection,
  KuzzleDocument,
  KuzzleIndex,
  KuzzleRealtime,
  KuzzleServer
} from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { assert } from "@effect/vitest"
import { Cause, Context, Effect, ExecutionStrategy, Exit, Fiber, Layer, Option, Schedule, Scope, Stream } from "effect"
import { isDeepStrictEqual } from "node:util"
import { type Node, nodes } from "../../lab/state.ts"
import { Backend, type ClientLayer, type ClientOptions, type ClientServices } from "./backend.ts"
import { kill } from "./process.ts"
import { numberOf, quick } from "./tools.ts"
import * as Until from "./until.ts"
import { listenAt, type Witnesses } from "./witness.ts"

/** Whether a connection was lost, or replaced because its server announced that it shuts down. */
const isLoss = (tag: string, before: string | undefined): boolean =>
  (tag === "Waiting" && before !== "Connecting") || (tag === "Connecting" && before === "Replacing")

/** A client, the Kuzzle that it is connected to, and how often it lost its connection. */
const connect = (layer: ClientLayer) =>
  Effect.gen(function*() {
    const services = yield* Layer.build(layer)
    const { states } = Context.get(services, Kuzzle.Kuzzle)
    const tags: Array<string> = []
    let url = ""
    yield* Effect.forkScoped(Stream.runForEach(Kuzzle.streamOf(states), (state) =>
      Effect.sync(() => {
        tags.push(state._tag)
        // The client adds the path to the address that it was given.
        if ("endpoint" in state) url = state.endpoint.replace(/\/$/, "")
      })))
    return {
      services,
      isReady: () => tags.at(-1) === "Ready",
      /** Whether it is connected to this Kuzzle. */
      isAt: (address: string) => tags.at(-1) === "Ready" && url === address,
      losses: () => tags.filter((tag, i) => isLoss(tag, tags[i - 1])).length
    }
  })

/** A server may take long to start. */
const limit: Until.Limit = { seconds: 60 }

const soon = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Until.soon(what, effect, limit)

/** Sends requests, numbered from 0, `burst` at a time. `outcomes` stops the sending, and returns the outcome of each request. */
const load = <A, E extends { readonly _tag: string }>(
  services: Context.Context<ClientServices>,
  burst: number,
  request: (n: number) => Effect.Effect<A, E, ClientServices>
) =>
  Effect.gen(function*() {
    const outer = yield* Effect.scope
    const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
    const requests: Array<Fiber.Fiber<Exit.Exit<A, E>>> = []
    const next = Effect.suspend(() =>
      Effect.map(
        Effect.forkIn(Effect.exit(Effect.provide(request(requests.length), services)), outer),
        (request) => requests.push(request)
      )
    )
    yield* Effect.forkIn(Effect.repeat(Effect.replicateEffect(next, burst), Schedule.spaced("10 millis")), scope)
    return {
      outcomes: Effect.gen(function*() {
        yield* Scope.close(scope, Exit.void)
        const exits = yield* soon("the end of every request", Fiber.joinAll(requests))
        return exits.map((exit) =>
          Exit.match(exit, {
            onSuccess: () => "answered",
            onFailure: (cause) =>
              Option.match(Cause.failureOption(cause), {
                onNone: () => Cause.pretty(cause),
                onSome: ({ _tag }) => _tag
              })
          })
        )
      })
    }
  })

/** The numbers of the requests with this outcome. */
const withOutcome = (outcomes: ReadonlyArray<string>, outcome: string): ReadonlyArray<number> =>
  outcomes.flatMap((other, n) => other === outcome ? [n] : [])

const until = (what: string, condition: () => boolean) => Until.until(what, Effect.sync(condition), limit)

/** What the subscribing client has received. */
type Received = ReadonlyArray<number | "gap">

/** The messages that were received between two gaps. */
const stretchesOf = (received: Received): ReadonlyArray<ReadonlyArray<number>> => {
  const stretches: Array<Array<number>> = [[]]
  for (const element of received) {
    if (element === "gap") stretches.push([])
    else stretches.at(-1)!.push(element)
  }
  return stretches
}

/**
 * The messages from the first to the last that both the client and this witness received. Empty if there are few, so that they
 * prove nothing.
 */
const overlapOf = (received: ReadonlyArray<number>, delivered: ReadonlyArray<number>) => {
  const inDelivery = new Set(delivered)
  const common = received.filter((n) => inDelivery.has(n))
  const between = (numbers: ReadonlyArray<number>) =>
    numbers.slice(numbers.indexOf(common[0]!), numbers.indexOf(common.at(-1)!) + 1)
  return common.length * 2 < received.length ? [] : [{ received: between(received), delivered: between(delivered) }]
}

/** The first messages that only the witness received. */
const lostOf = (received: ReadonlyArray<number>, delivered: ReadonlyArray<number>): string => {
  const set = new Set(received)
  return `[${delivered.filter((n) => !set.has(n)).slice(0, 50).join(", ")}]`
}

/**
 * Asserts that no message is received twice or after its request has failed, and that a gap marks each lost message: between two
 * gaps, the client received what a witness received, in the same order.
 */
const checkReceived = (published: ReadonlyArray<string>, received: Received, witnesses: Witnesses) => {
  const stretches = stretchesOf(received)
  const numbers = stretches.flat()
  assert.strictEqual(new Set(numbers).size, numbers.length, "a message was received twice")
  const deliveries = witnesses.deliveries()
  // A shorter connection may have ended before its witness was subscribed.
  for (const stretch of stretches.filter(({ length }) => length > 100)) {
    const overlaps = deliveries.flatMap((delivered) => overlapOf(stretch, delivered))
    const lost = overlaps.map(({ delivered, received }) => lostOf(received, delivered)).join(" or ")
    assert.isTrue(
      overlaps.some(({ delivered, received }) => isDeepStrictEqual(received, delivered)),
      `no witness agrees about ${stretch[0]} to ${
        stretch.at(-1)
      }: without a gap, the order changed, or the client lost ${lost}`
    )
  }
  for (const refusal of ["KuzzleNotSentError", "KuzzleServiceUnavailableError"]) {
    for (const n of withOutcome(published, refusal)) {
      assert.notInclude(numbers, n, `message ${n} failed with ${refusal}, but was received`)
    }
  }
}

/** A node that shuts down refuses requests (503) and has not executed them. */
const permitted: ReadonlySet<string> = new Set([
  "answered",
  "KuzzleNotSentError",
  "KuzzleMaybeSentError",
  "KuzzleServiceUnavailableError"
])

/** Ends and restarts servers. When it is done, the test checks the outcomes. */
type Faults = (
  clients: Readonly<Record<"subscribing" | "reading" | "publishing" | "queueing", Connected>>
) => Effect.Effect<
  void
>

type Connected = Effect.Effect.Success<ReturnType<typeof connect>>

/** Asserts the promises during these faults. They must end the connection of the subscribing client at least twice. */
const survives = (
  client: (options: ClientOptions) => ClientLayer,
  publisher: ClientLayer,
  /** The server, or the nodes of a cluster. */
  urls: ReadonlyArray<string>,
  faults: Faults
) =>
  Effect.gen(function*() {
    const name = `kill${Math.random().toString(36).slice(2, 10)}`
    const target = { index: name, collection: "documents" }
    const messages = { index: name, collection: "messages" }
    const clients = yield* Effect.all({
      subscribing: connect(client({})),
      reading: connect(client({})),
      publishing: connect(publisher),
      queueing: connect(client({ autoQueue: true, queueMaxSize: 10_000, requestTimeout: "2 minutes" }))
    })
    const { reading, subscribing, publishing, queueing } = clients
    yield* Effect.provide(
      Effect.zipRight(KuzzleIndex.create({ index: name }), KuzzleCollection.create(target)),
      reading.services
    )
    const witnesses = yield* listenAt(urls, messages)
    const received: Array<number | "gap"> = []
    yield* Effect.provide(
      KuzzleRealtime.listen(messages, (notification) => {
        received.push(notification.type === "gap" ? "gap" : Number(numberOf(notification)))
      }),
      subscribing.services
    )
    const documents: Array<string> = []
    yield* Effect.provide(
      KuzzleRealtime.listen(target, (notification) => {
        if (notification.type === "document") documents.push(notification.result._id ?? "")
      }),
      subscribing.services
    )

    const reads = yield* load(reading.services, 5, () => KuzzleServer.now())
    const published = yield* load(
      publishing.services,
      5,
      (n) => KuzzleRealtime.publish({ ...messages, message: { n } })
    )
    const written = yield* load(
      queueing.services,
      1,
      (n) => KuzzleDocument.create({ ...target, _id: `d${n}`, content: { n } })
    )

    yield* faults(clients)
    const { length } = received
    yield* until("messages after the restart", () => received.length > length + 50)

    const outcomes = {
      reads: yield* reads.outcomes,
      published: yield* published.outcomes,
      written: yield* written.outcomes
    }
    const lastMessage = withOutcome(outcomes.published, "answered").at(-1)
    yield* until("the last message", () => received.includes(lastMessage ?? -1))
    checkReceived(outcomes.published, received, witnesses)
    const gaps = received.filter((element) => element === "gap").length
    assert.isAtLeast(gaps, 2, "gaps")
    assert.isAtMost(gaps, subscribing.losses(), "gaps")

    for (const ofLoad of [outcomes.reads, outcomes.published, outcomes.written]) {
      assert.isAbove(withOutcome(ofLoad, "answered").length, 100)
      assert.deepStrictEqual(ofLoad.filter((outcome) => !permitted.has(outcome)), [])
    }
    // The queue and its timeout are long enough for every request.
    assert.deepStrictEqual(withOutcome(outcomes.written, "KuzzleNotSentError"), [])
    const ids = outcomes.written.map((_, n) => `d${n}`)
    const { errors } = yield* Effect.provide(KuzzleDocument.mExists({ ...target, ids }), reading.services)
    const absent = new Set(errors)
    for (const n of withOutcome(outcomes.written, "answered")) {
      assert.isFalse(absent.has(`d${n}`), `document ${n} was written, but does not exist`)
    }
    assert.strictEqual(new Set(documents).size, documents.length, "the creation of a document was notified twice")
    yield* Effect.provide(KuzzleIndex.delete({ index: name }), reading.services)
  })

/** The only Kuzzle of the lab in this folder, at this address, is killed twice, and is down for 2 s. */
export const survivesKill = (lab: string, url: string) =>
  Effect.flatMap(Backend, ({ client }) =>
    survives(
      (options) => client({ ...quick, ...options }),
      client(quick),
      [url],
      (clients) =>
        Effect.gen(function*() {
          const all = Object.values(clients)
          for (const round of [1, 2]) {
            // Time for traffic before the kill, and below for some failed attempts to connect.
            yield* Effect.sleep("1500 millis")
            const { restart } = yield* kill(lab)
            yield* until("the loss", () => all.every(({ losses }) => losses() >= round))
            yield* Effect.sleep("2 seconds")
            yield* restart
            yield* until("all clients ready", () => all.every(({ isReady }) => isReady()))
          }
        })
    ))

/**
 * The nodes to which the clients are connected are killed one after the other. Then every node is shut down and restarted, as
 * for an upgrade. One client publishes through another node, so that its messages cross the cluster.
 *
 * @param urls the three nodes of the lab: the clients use the first two, and the publisher prefers the last
 */
export const survivesNodes = (lab: string, [first, second, third]: readonly [string, string, string]) => {
  const urls = [first, second, third]
  const client = (options: ClientOptions) => NodeKuzzle.layer({ ...quick, ...options, url: [first, second] })
  const publisher = NodeKuzzle.layer({ ...quick, url: [third, first, second] })
  return survives(client, publisher, urls, (clients) => {
    const all = Object.values(clients)
    /** Ends a node, waits until its clients have moved to others, and restarts it. */
    const end = (node: Node, signal: "SIGKILL" | "SIGTERM") =>
      Effect.gen(function*() {
        // Time for traffic before the end.
        yield* Effect.sleep("1500 millis")
        const url = urls[nodes.indexOf(node)]!
        const affected = all.filter(({ isAt }) => isAt(url))
        const before = affected.map(({ losses }) => losses())
        const { restart } = yield* kill(lab, node, signal)
        yield* until(`the loss of ${node}`, () => affected.every(({ losses }, i) => losses() > before[i]!))
        yield* until(`all clients ready without ${node}`, () => all.every(({ isReady }) => isReady()))
        // The other nodes must notice the end first. They refuse a node with the address of a node that they consider alive.
        yield* Effect.sleep("5 seconds")
        yield* restart
        yield* untilAnswering(url)
        return affected.length
      })
    return Effect.gen(function*() {
      assert.isAbove(yield* end("kuzzle", "SIGKILL"), 0, "no client was connected to the node")
      assert.isAbove(yield* end("kuzzle-2", "SIGKILL"), 0, "no client was connected to the node")
      for (const node of nodes) yield* end(node, "SIGTERM")
    })
  })
}

/** Waits until the Kuzzle at this address is part of its cluster. */
const untilAnswering = (url: string) =>
  soon(
    `an answer of ${url}`,
    Effect.retry(
      Effect.tryPromise(async () => {
        const response = await fetch(`${url.replace(/^ws/, "http")}/_publicApi`)
        await response.arrayBuffer()
        if (!response.ok) throw new Error(String(response.status))
      }),
      Schedule.spaced("200 millis")
    ).pipe(Effect.orDie)
  )
