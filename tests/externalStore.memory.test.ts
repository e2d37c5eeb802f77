/** What a page shows of a client, against the embedded Kuzzle, where the test turns the clock. */
import { Kuzzle, KuzzleDocument, KuzzleExternalStore, KuzzleLiveQuery } from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, ManagedRuntime, Schedule, Stream, TestClock } from "effect"
import * as Memory from "./suite/memory.ts"

const target = { index: "nyc", collection: "taxi" }

/** Microtasks take no time, but they take turns. */
const settle = Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, 0))).pipe(Effect.repeatN(5))

it.scoped("an external store follows documents and the connection; the network is used while there are subscribers", () =>
  Effect.gen(function*() {
    const engine = yield* KuzzleEngine.make({
      mappings: { nyc: { taxi: { properties: { status: { type: "keyword" } } } } },
      fixtures: { nyc: { taxi: [{ index: { _id: "a" } }, { status: "free" }] } }
    })
    const answered: Array<string> = []
    yield* Effect.forkScoped(
      Stream.runForEach(
        engine.answers,
        ({ action, controller }) => Effect.sync(() => answered.push(`${controller}:${action}`))
      )
    )
    const client = Memory.layerClient(Layer.succeed(KuzzleEngine.KuzzleEngine, engine), {
      reconnect: Schedule.spaced("1 second"),
      waitForConnection: false
    })
    const runtime = yield* Effect.acquireRelease(
      Effect.map(Effect.clock, (clock) => ManagedRuntime.make(Layer.provideMerge(client, Layer.setClock(clock)))),
      ({ disposeEffect }) => disposeEffect
    )
    const taxis = KuzzleExternalStore.make(
      runtime,
      Stream.unwrapScoped(Effect.map(KuzzleLiveQuery.live(target), ({ values }) => values))
    )
    const connection = KuzzleExternalStore.make(
      runtime,
      Stream.unwrap(Effect.map(Kuzzle.Kuzzle, ({ states }) => states))
    )
    const ids = () => {
      const snapshot = taxis.getSnapshot()
      return snapshot._tag === "Value" ? [...snapshot.value.keys()] : snapshot._tag
    }
    const state = () => {
      const snapshot = connection.getSnapshot()
      return snapshot._tag === "Value" ? snapshot.value._tag : snapshot._tag
    }
    const count = (action: string) => answered.filter((each) => each === action).length

    // A server renders.
    assert.deepStrictEqual([taxis.getServerSnapshot()._tag, connection.getServerSnapshot()._tag], [
      "Pending",
      "Pending"
    ])
    yield* settle
    assert.strictEqual(yield* engine.connections, 0)

    // A page does, in StrictMode.
    const leaveConnection = connection.subscribe(() => {})
    taxis.subscribe(() => {})()
    const leave = taxis.subscribe(() => {})
    yield* settle
    assert.deepStrictEqual([ids(), state()], [["a"], "Ready"])
    assert.strictEqual(yield* engine.connections, 1)
    assert.deepStrictEqual([count("realtime:subscribe"), count("document:search")], [1, 1])

    // The connection is lost, and documents change meanwhile.
    yield* engine.refuse
    yield* engine.dropAll()
    yield* settle
    assert.deepStrictEqual([ids(), state()], [["a"], "Waiting"])
    yield* engine.accept
    yield* TestClock.adjust("1 second")
    yield* settle
    yield* Effect.promise(() => runtime.runPromise(KuzzleDocument.create({ ...target, _id: "b", content: {} })))
    yield* settle
    assert.deepStrictEqual([ids(), state()], [["a", "b"], "Ready"])

    // The list is unmounted, the rest of the page is not.
    leave()
    yield* settle
    assert.deepStrictEqual([ids(), state()], ["Pending", "Ready"])
    assert.strictEqual(count("realtime:unsubscribe"), 1)

    // A hot reload closes the client under the components that are there.
    yield* runtime.disposeEffect
    yield* settle
    assert.strictEqual(yield* engine.connections, 0)
    assert.strictEqual(state(), "Closed")
    leaveConnection()
  }))
