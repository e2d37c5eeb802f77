/**
 * A real Kuzzle, or a node of its cluster, is killed and restarted under traffic. Each request settles once, and its outcome
 * is true. Nothing is executed or received twice. A gap marks each loss, unless the cluster lost the message between its nodes.
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
import { Context, Effect, ExecutionStrategy, Exit, Fiber, Layer, Schedule, Scope, Stream } from "effect"
import { type Node, nodes } from "../../lab/state.ts"
import { Backend, type ClientLayer, type ClientOptions, type ClientServices } from "./backend.ts"
import { kill } from "./process.ts"
import { numberOf, quick } from "./tools.ts"
import * as Until from "./until.ts"
import { listenAt, type Witnesses } from "./witness.ts"

/** Whether a connection was lost, or left because its server announced that it shuts down. */
const isLoss = (tag: string, before: string | undefined): boolean =>
  (tag === "Waiting" && before !== "Connecting") || (tag === "Connecting" && before === "Replacing")

/** A client, the Kuzzle that it is connected to, and how often it lost its connection. */
const connect = (layer: ClientLayer) =>
  Effect.gen(function*() {
    const services = yield* Layer.build(layer)
    const { states } = Context.get(services, Kuzzle.Kuzzle)
    const seen: Array<string> = []
    let url = ""
    yield* Effect.forkScoped(Stream.runForEach(states, (state) =>
      Effect.sync(() => {
        seen.push(state._tag)
        // The client adds the path to the address that it was given.
        if ("endpoint" in state) url = state.endpoint.replace(/\/$/, "")
      })))
    return {
      services,
      isReady: () => seen.at(-1) === "Ready",
      /** Whether it is connected to this Kuzzle. */
      isAt: (address: string) => seen.at(-1) === "Ready" && url === address,
      /** The address that it is connected to, or dials. */
      url: () => url,
      losses: () => seen.filter((tag, i) => isLoss(tag, seen[i - 1])).length
    }
  })

/** A server takes its time to start. */
const patience: Until.Patience = { seconds: 60 }

const soon = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Until.soon(what, effect, patience)

/** Sends requests, numbered from 0, `burst` at a time. `outcomes` stops that, and returns how each of them ended. */
const load = <A, E extends { readonly _tag: string }>(
  services: Context.Context<ClientServices>,
  burst: number,
  request: (n: number) => Effect.Effect<A, E, ClientServices>
) =>
  Effect.gen(function*() {
    const outer = yield* Effect.scope
    const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
    const asked: Array<Fiber.Fiber<Exit.Exit<A, E>>> = []
    const next = Effect.suspend(() =>
      Effect.map(
        Effect.forkIn(Effect.exit(Effect.provide(request(asked.length), services)), outer),
        (request) => asked.push(request)
      )
    )
    yield* Effect.forkIn(Effect.repeat(Effect.replicateEffect(next, burst), Schedule.spaced("10 millis")), scope)
    return {
      outcomes: Effect.gen(function*() {
        yield* Scope.close(scope, Exit.void)
        const exits = yield* soon("the end of every request", Fiber.joinAll(asked))
        return exits.map((exit) =>
          Exit.match(exit, {
            onSuccess: () => "answered",
            onFailure: (cause) => cause._tag === "Fail" ? cause.error._tag : cause._tag
          })
        )
      })
    }
  })

const ending = (outcomes: ReadonlyArray<string>, outcome: string): ReadonlyArray<number> =>
  outcomes.flatMap((other, n) => other === outcome ? [n] : [])

const until = (what: string, condition: () => boolean) => Until.until(what, Effect.sync(condition), patience)

/** What the client that listens received: messages with the address that they came from, and gaps. */
class Heard {
  readonly elements: Array<number | "gap"> = []
  private readonly urls = new Map<number, string>()

  add(n: number, url: string): void {
    this.elements.push(n)
    this.urls.set(n, url)
  }

  /** The address that it listened at when this message could have come. */
  urlAt(n: number): string {
    const next = Math.min(...Array.from(this.urls.keys()).filter((other) => other > n))
    return this.urls.get(next) ?? ""
  }
}

/** Asserts that no message is received twice, and that a gap marks each lost one that the Kuzzle delivered. */
const checkHeard = (published: ReadonlyArray<string>, received: Heard, witnesses: Witnesses) => {
  const heard = received.elements
  const isMessage = (element: number | "gap") => element !== "gap"
  const numbers = heard.filter(isMessage)
  assert.strictEqual(new Set(numbers).size, numbers.length, "a message was received twice")
  const gaps = heard.flatMap((element, i) =>
    element === "gap"
      ? [{
        after: Math.max(-1, ...heard.slice(0, i).filter(isMessage)),
        before: Math.min(Infinity, ...heard.slice(i).filter(isMessage))
      }]
      : []
  )
  const known = new Set(numbers)
  const unmarked = ending(published, "answered").filter((n) =>
    !known.has(n) && !gaps.some(({ after, before }) => after < n && n < before)
  )
  const lost = unmarked.filter((n) => !witnesses.missed(received.urlAt(n), n))
  assert.deepStrictEqual(lost, [], "messages were lost without a gap")
  if (unmarked.length > 0) console.info(`Kuzzle lost ${unmarked.length} messages between its nodes`)
  for (const refusal of ["KuzzleNotSentError", "KuzzleServiceUnavailableError"]) {
    for (const n of ending(published, refusal)) {
      assert.isFalse(known.has(n), `message ${n} failed with ${refusal}, but was received`)
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

/** Ends and restarts servers, until the test may look at the outcomes. */
type Faults = (clients: Readonly<Record<"hearing" | "asking" | "publishing" | "queueing", Connected>>) => Effect.Effect<
  void
>

type Connected = Effect.Effect.Success<ReturnType<typeof connect>>

/** The client that listens must lose its connection at least twice. */
const survives = (
  client: (options: ClientOptions) => ClientLayer,
  publisher: ClientLayer,
  /** The nodes of a cluster. */
  urls: ReadonlyArray<string>,
  faults: Faults
) =>
  Effect.gen(function*() {
    const name = `kill${Math.random().toString(36).slice(2, 10)}`
    const target = { index: name, collection: "documents" }
    const messages = { index: name, collection: "messages" }
    const clients = yield* Effect.all({
      hearing: connect(client({})),
      asking: connect(client({})),
      publishing: connect(publisher),
      queueing: connect(client({ autoQueue: true, queueMaxSize: 10_000, requestTimeout: "2 minutes" }))
    })
    const { asking, hearing, publishing, queueing } = clients
    yield* Effect.provide(
      Effect.zipRight(KuzzleIndex.create({ index: name }), KuzzleCollection.create(target)),
      asking.services
    )
    const witnesses = yield* listenAt(urls, messages)
    const heard = new Heard()
    yield* Effect.provide(
      KuzzleRealtime.listen(messages, (notification) => {
        if (notification.type === "gap") heard.elements.push("gap")
        else heard.add(Number(numberOf(notification)), hearing.url())
      }),
      hearing.services
    )
    const documents: Array<string> = []
    yield* Effect.provide(
      KuzzleRealtime.listen(target, (notification) => {
        if (notification.type === "document") documents.push(notification.result._id ?? "")
      }),
      hearing.services
    )

    const questions = yield* load(asking.services, 5, () => KuzzleServer.now())
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
    const { length } = heard.elements
    yield* until("messages after the restart", () => heard.elements.length > length + 50)

    const outcomes = {
      questions: yield* questions.outcomes,
      published: yield* published.outcomes,
      written: yield* written.outcomes
    }
    const lastMessage = ending(outcomes.published, "answered").at(-1)
    yield* until("the last message", () => heard.elements.includes(lastMessage ?? -1))
    checkHeard(outcomes.published, heard, witnesses)
    const gaps = heard.elements.filter((element) => element === "gap").length
    assert.isAtLeast(gaps, 2, "gaps")
    assert.isAtMost(gaps, hearing.losses(), "gaps")

    for (const ofLoad of [outcomes.questions, outcomes.published, outcomes.written]) {
      assert.isAbove(ending(ofLoad, "answered").length, 100)
      assert.deepStrictEqual(ofLoad.filter((outcome) => !permitted.has(outcome)), [])
    }
    // The queue and its timeout are long enough for every request.
    assert.deepStrictEqual(ending(outcomes.written, "KuzzleNotSentError"), [])
    const ids = outcomes.written.map((_, n) => `d${n}`)
    const { errors } = yield* Effect.provide(KuzzleDocument.mExists({ ...target, ids }), asking.services)
    const absent = new Set(errors)
    for (const n of ending(outcomes.written, "answered")) {
      assert.isFalse(absent.has(`d${n}`), `document ${n} was written, but does not exist`)
    }
    assert.strictEqual(new Set(documents).size, documents.length, "the creation of a document was notified twice")
    yield* Effect.provide(KuzzleIndex.delete({ index: name }), asking.services)
  })

/** The only Kuzzle of the lab in this folder is killed twice, and is down for 2 s. */
export const survivesKill = (lab: string) =>
  Effect.flatMap(Backend, ({ client }) =>
    survives(
      (options) => client({ ...quick, ...options }),
      client(quick),
      [],
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
 * The nodes that the clients are connected to are killed one after the other; then every node is shut down and started
 * again, as for an upgrade. One client publishes through a node of its own, so that its messages cross the cluster.
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
        const there = all.filter(({ isAt }) => isAt(url))
        const before = there.map(({ losses }) => losses())
        const { restart } = yield* kill(lab, node, signal)
        yield* until(`the loss of ${node}`, () => there.every(({ losses }, i) => losses() > before[i]!))
        yield* until(`all clients ready without ${node}`, () => all.every(({ isReady }) => isReady()))
        // The other nodes must notice the end: they refuse a node whose address belongs to one that they believe alive.
        yield* Effect.sleep("5 seconds")
        yield* restart
        yield* answers(url)
        return there.length
      })
    return Effect.gen(function*() {
      assert.isAbove(yield* end("kuzzle", "SIGKILL"), 0, "no client was connected to the node")
      assert.isAbove(yield* end("kuzzle-2", "SIGKILL"), 0, "no client was connected to the node")
      for (const node of nodes) yield* end(node, "SIGTERM")
    })
  })
}

/** Waits until the Kuzzle at this address is part of its cluster. */
const answers = (url: string) =>
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
