/** `KuzzleExternalStore` with the embedded Kuzzle, under a test clock. */
import { Kuzzle, KuzzleDocument, KuzzleExternalStore, KuzzleLiveQuery } from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, ManagedRuntime, Schedule, Stream, TestClock } from "effect"
import * as Memory from "./suite/memory.ts"
import { turns } from "./suite/until.ts"

const target = { index: "nyc", collection: "taxi" }

it.scoped("an external store follows documents and the connection, and uses the network only while it has subscribers", () =>
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
    const connection = KuzzleExternalStore.make(runtime, Kuzzle.states)
    const ids = () => {
      const snapshot = taxis.getSnapshot()
      return snapshot._tag === "Value" ? [...snapshot.value.keys()] : snapshot._tag
    }
    const state = () => {
      const snapshot = connection.getSnapshot()
      return snapshot._tag === "Value" ? snapshot.value._tag : snapshot._tag
    }
    const count = (action: string) => answered.filter((each) => each === action).length

    // Server-side rendering does not connect.
    assert.deepStrictEqual([taxis.getServerSnapshot()._tag, connection.getServerSnapshot()._tag], [
      "Pending",
      "Pending"
    ])
    yield* turns
    assert.strictEqual(yield* engine.connections, 0)

    // A page connects once, even in StrictMode, which subscribes twice.
    const unsubscribeConnection = connection.subscribe(() => {})
    taxis.subscribe(() => {})()
    const unsubscribeTaxis = taxis.subscribe(() => {})
    yield* turns
    assert.deepStrictEqual([ids(), state()], [["a"], "Ready"])
    assert.strictEqual(yield* engine.connections, 1)
    assert.deepStrictEqual([count("realtime:subscribe"), count("document:search")], [1, 1])

    // The connection is lost, and documents change meanwhile.
    yield* engine.refuse
    yield* engine.dropAll()
    yield* turns
    assert.deepStrictEqual([ids(), state()], [["a"], "Waiting"])
    yield* engine.accept
    yield* TestClock.adjust("1 second")
    yield* turns
    yield* Effect.promise(() => runtime.runPromise(KuzzleDocument.create({ ...target, _id: "b", content: {} })))
    yield* turns
    assert.deepStrictEqual([ids(), state()], [["a", "b"], "Ready"])

    // The list is unmounted, and the rest of the page stays.
    unsubscribeTaxis()
    yield* turns
    assert.deepStrictEqual([ids(), state()], ["Pending", "Ready"])
    assert.strictEqual(count("realtime:unsubscribe"), 1)

    // A hot reload closes the client under mounted components.
    yield* runtime.disposeEffect
    yield* turns
    assert.strictEqual(yield* engine.connections, 0)
    assert.strictEqual(state(), "Closed")
    unsubscribeConnection()
  }))
