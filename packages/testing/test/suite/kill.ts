/**
 * A real Kuzzle is killed, and started again, while documents are written, messages are published and heard and questions
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
import { assert } from "@effect/vitest"
import { Cause, Context, Effect, ExecutionStrategy, Exit, Fiber, Layer, Schedule, Scope, Stream } from "effect"
import { Backend, type ClientOptions, type ClientServices } from "./backend.ts"
import { kill } from "./process.ts"
import { numberOf, quick } from "./tools.ts"

/** A client, and how often its connection was lost. */
const connect = (options: ClientOptions) =>
  Effect.gen(function*() {
    const { client } = yield* Backend
    const services = yield* Layer.build(client({ ...quick, ...options }))
    const { states } = Context.get(services, Kuzzle.Kuzzle)
    const seen: Array<string> = []
    yield* Effect.forkScoped(Stream.runForEach(states, ({ _tag }) => Effect.sync(() => seen.push(_tag))))
    return {
      services,
      ready: () => seen.at(-1) === "Ready",
      losses: () => seen.filter((tag, i) => tag === "Waiting" && seen[i - 1] !== "Connecting").length
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
  for (const n of ending(published, "KuzzleNotSentError")) {
    assert.isFalse(known.has(n), `message ${n} was sent after all`)
  }
}

export const survivesKill = (lab: string) =>
  Effect.gen(function*() {
    const name = `kill${Math.random().toString(36).slice(2, 10)}`
    const target = { index: name, collection: "documents" }
    const messages = { index: name, collection: "messages" }
    const [hearing, asking, publishing, queueing] = yield* Effect.all([
      connect({}),
      connect({}),
      connect({}),
      connect({ autoQueue: true, queueMaxSize: 10_000, requestTimeout: "2 minutes" })
    ])
    const clients = [hearing, asking, publishing, queueing]
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

    for (const round of [1, 2]) {
      yield* Effect.sleep("1500 millis")
      const { restart } = yield* kill(lab)
      yield* until("the loss", () => clients.every(({ losses }) => losses() >= round))
      yield* Effect.sleep("2 seconds")
      yield* restart
      yield* until("all ready again", () => clients.every(({ ready }) => ready()))
    }
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
      const others = of.filter((one) => !["answered", "KuzzleNotSentError", "KuzzleMaybeSentError"].includes(one))
      assert.deepStrictEqual(others, [])
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
