/**
 * A real Kuzzle, or a node of its cluster, is killed, and started again, while documents are written, messages are published and heard and questions
 * asked: everything settles and says the truth of itself, nothing is done or heard twice, what was lost is a gap.
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
import { Cause, Context, Effect, ExecutionStrategy, Exit, Fiber, Layer, Schedule, Scope, Stream } from "effect"
import { type Node, nodes } from "../../lab/state.ts"
import { Backend, type ClientLayer, type ClientOptions, type ClientServices } from "./backend.ts"
import { kill } from "./process.ts"
import { numberOf, quick } from "./tools.ts"

/** A connection is lost, or left because its server has said that it shuts down. */
const isLoss = (tag: string, before: string | undefined): boolean =>
  (tag === "Waiting" && before !== "Connecting") || (tag === "Connecting" && before === "Renewing")

/** A client, where it is connected to, and how often its connection was lost. */
const connect = (layer: ClientLayer) =>
  Effect.gen(function*() {
    const services = yield* Layer.build(layer)
    const { states } = Context.get(services, Kuzzle.Kuzzle)
    const seen: Array<string> = []
    let endpoint = ""
    yield* Effect.forkScoped(Stream.runForEach(states, (state) =>
      Effect.sync(() => {
        seen.push(state._tag)
        if ("endpoint" in state) endpoint = state.endpoint
      })))
    return {
      services,
      isReady: () => seen.at(-1) === "Ready",
      /** Whether it is connected to this Kuzzle. */
      isAt: (url: string) => seen.at(-1) === "Ready" && endpoint === `${url}/`,
      losses: () => seen.filter((tag, i) => isLoss(tag, seen[i - 1])).length
    }
  })

/** Nothing hangs; a server that starts takes its time. */
const soon = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.timeoutFailCause(effect, {
    duration: "1 minute",
    onTimeout: () => Cause.die(new Error(`${what}: not within a minute`))
  })

/** Makes requests, numbered from 0, `burst` at a time. `outcomes` makes an end of it, and says how each of them ended. */
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
        (one) => asked.push(one)
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
  outcomes.flatMap((one, n) => one === outcome ? [n] : [])

const until = (what: string, condition: () => boolean) =>
  soon(
    what,
    Effect.repeat(Effect.sync(condition), { until: (met) => met, schedule: Schedule.spaced("20 millis") })
  )

/** What was published and not heard lies where a gap is. */
const checkHeard = (published: ReadonlyArray<string>, heard: ReadonlyArray<number | "gap">) => {
  const numbers = heard.filter((one) => one !== "gap")
  assert.strictEqual(new Set(numbers).size, numbers.length, "something was heard twice")
  const gaps = heard.flatMap((one, i) =>
    one === "gap"
      ? [{
        after: Math.max(-1, ...heard.slice(0, i).filter((one) => one !== "gap")),
        before: Math.min(Infinity, ...heard.slice(i).filter((one) => one !== "gap"))
      }]
      : []
  )
  const known = new Set(numbers)
  for (const n of ending(published, "answered")) {
    if (known.has(n)) continue
    assert.isTrue(
      gaps.some(({ after, before }) => after < n && n < before),
      `message ${n} was lost, and no gap says so`
    )
  }
  for (const refusal of ["KuzzleNotSentError", "KuzzleServiceUnavailableError"]) {
    for (const n of ending(published, refusal)) {
      assert.isFalse(known.has(n), `message ${n}: ${refusal}, and sent after all`)
    }
  }
}

/** A node that shuts down refuses requests (503) and has not executed them. */
const honest: ReadonlySet<string> = new Set([
  "answered",
  "KuzzleNotSentError",
  "KuzzleMaybeSentError",
  "KuzzleServiceUnavailableError"
])

/** What happens to the server meanwhile. */
type Ends = (clients: Readonly<Record<"hearing" | "asking" | "publishing" | "queueing", Connected>>) => Effect.Effect<
  void
>

type Connected = Effect.Effect.Success<ReturnType<typeof connect>>

/** The clients are of these layers. The one that listens loses its connection at least twice. */
const survives = (
  client: (options: ClientOptions) => ClientLayer,
  publisher: ClientLayer,
  ends: Ends
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
    const heard: Array<number | "gap"> = []
    yield* Effect.provide(
      KuzzleRealtime.listen(messages, (one) => heard.push(one.type === "gap" ? "gap" : Number(numberOf(one)))),
      hearing.services
    )
    const documents: Array<string> = []
    yield* Effect.provide(
      KuzzleRealtime.listen(target, (one) => one.type === "document" && documents.push(one.result._id ?? "")),
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

    yield* ends(clients)
    const length = heard.length
    yield* until("messages after the restart", () => heard.length > length + 50)

    const outcomes = {
      questions: yield* questions.outcomes,
      published: yield* published.outcomes,
      written: yield* written.outcomes
    }
    const lastOne = ending(outcomes.published, "answered").at(-1)
    yield* until("the last message", () => heard.includes(lastOne ?? -1))
    checkHeard(outcomes.published, heard)
    const gaps = heard.filter((one) => one === "gap").length
    assert.isAtLeast(gaps, 2, "gaps")
    assert.isAtMost(gaps, hearing.losses(), "gaps")

    for (const  of of[outcomes.questions, outcomes.published, outcomes.written]) {
      assert.isAbove(ending(of, "answered").length, 100)
      assert.deepStrictEqual(of.filter((one) => !honest.has(one)), [])
    }
    // Nothing that waited in the queue was lost, for it is long and patient enough.
    assert.deepStrictEqual(ending(outcomes.written, "KuzzleNotSentError"), [])
    const ids = outcomes.written.map((_, n) => `d${n}`)
    const { errors } = yield* Effect.provide(KuzzleDocument.mExists({ ...target, ids }), asking.services)
    const absent = new Set(errors)
    for (const n of ending(outcomes.written, "answered")) {
      assert.isFalse(absent.has(`d${n}`), `document ${n} is not there`)
    }
    assert.strictEqual(new Set(documents).size, documents.length, "the writing of a document was heard twice")
    yield* Effect.provide(KuzzleIndex.delete({ index: name }), asking.services)
  })

/** The only Kuzzle of the lab in this folder is killed twice, and stays away for 2 s. */
export const survivesKill = (lab: string) =>
  Effect.flatMap(Backend, ({ client }) =>
    survives(
      (options) => client({ ...quick, ...options }),
      client(quick),
      (clients) =>
        Effect.gen(function*() {
          const all = Object.values(clients)
          for (const round of [1, 2]) {
            // It is killed in the middle of the traffic, and stays away for some attempts to connect.
            yield* Effect.sleep("1500 millis")
            const { restart } = yield* kill(lab)
            yield* until("the loss", () => all.every(({ losses }) => losses() >= round))
            yield* Effect.sleep("2 seconds")
            yield* restart
            yield* until("all ready again", () => all.every(({ isReady }) => isReady()))
          }
        })
    ))

/**
 * The nodes that the clients are connected to are killed one after the other; then every node is shut down and started
 * again, as for an upgrade. One client publishes at a node of its own, so that what is heard has crossed the cluster.
 *
 * @param urls the lab's three, of which the clients know the first two, and the publisher the last
 */
export const survivesNodes = (lab: string, [first, second, third]: readonly [string, string, string]) => {
  const urls = [first, second, third]
  const client = (options: ClientOptions) => NodeKuzzle.layer({ ...quick, ...options, url: [first, second] })
  const publisher = NodeKuzzle.layer({ ...quick, url: [third, first, second] })
  return survives(client, publisher, (clients) => {
    const all = Object.values(clients)
    /** Ends a node, sees its clients go elsewhere before it is back, and waits until it is. */
    const end = (node: Node, signal: "SIGKILL" | "SIGTERM") =>
      Effect.gen(function*() {
        // In the middle of the traffic.
        yield* Effect.sleep("1500 millis")
        const url = urls[nodes.indexOf(node)]!
        const there = all.filter(({ isAt }) => isAt(url))
        const before = there.map(({ losses }) => losses())
        const { restart } = yield* kill(lab, node, signal)
        yield* until(`the loss of ${node}`, () => there.every(({ losses }, i) => losses() > before[i]!))
        yield* until(`elsewhere than ${node}`, () => all.every(({ isReady }) => isReady()))
        // Until the others have noticed: they refuse a node with the address of one that they believe alive.
        yield* Effect.sleep("5 seconds")
        yield* restart
        yield* answers(url)
        return there.length
      })
    return Effect.gen(function*() {
      assert.isAbove(yield* end("kuzzle", "SIGKILL"), 0, "nobody was connected to the node")
      assert.isAbove(yield* end("kuzzle-2", "SIGKILL"), 0, "nobody was connected to the node")
      for (const node of nodes) yield* end(node, "SIGTERM")
    })
  })
}

/** Until the Kuzzle at this address is part of its cluster again. */
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
