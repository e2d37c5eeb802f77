/** A stream as a framework sees it: when it runs, its snapshots, and its notifications of changes. */
import { KuzzleExternalStore } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Data, Effect, FastCheck as fc, Layer, ManagedRuntime, Queue, Stream, Take, TestClock } from "effect"

class Refused extends Data.TaggedError("Refused")<{ readonly by: "stream" | "layer" }> {}

/** Runs the callbacks at the end of this turn, and lets the streams read the offered elements. */
const turns = Effect.repeatN(Effect.yieldNow(), 20)

const pending = { _tag: "Pending" } as const
const valueOf = <const A>(value: A) => ({ _tag: "Value", value }) as const

/** A stream whose elements the test gives. It counts how often it was started and stopped. */
const make = Effect.gen(function*() {
  const counts = { started: 0, running: 0 }
  let given: Queue.Queue<Take.Take<number, Refused>> | undefined
  const stream = Stream.unwrapScoped(Effect.gen(function*() {
    const queue = yield* Queue.unbounded<Take.Take<number, Refused>>()
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        counts.started += 1
        counts.running += 1
        given = queue
      }),
      () => Effect.sync(() => void (counts.running -= 1))
    )
    return Stream.flattenTake(Stream.fromQueue(queue))
  }))
  const runtime = yield* Effect.acquireRelease(
    Effect.sync(() => ManagedRuntime.make(Layer.empty)),
    ({ disposeEffect }) => disposeEffect
  )
  const give = (take: Take.Take<number, Refused>) =>
    Effect.suspend(() => given === undefined ? Effect.void : Queue.offer(given, take)).pipe(
      Effect.zipRight(turns),
      (giving) => Effect.zipRight(turns, giving)
    )
  return { counts, give, runtime, store: KuzzleExternalStore.make(runtime, stream) }
})

/** A component. `rendered` has its snapshots since it was mounted. */
const mount = <A, E>(store: KuzzleExternalStore.ExternalStore<A, E>) => {
  const rendered = [store.getSnapshot()]
  const unmount = store.subscribe(() => rendered.push(store.getSnapshot()))
  return { rendered, unmount }
}

describe("KuzzleExternalStore", () => {
  it.scoped("the first subscriber starts the stream, the last one stops it, and the next one starts it again", () =>
    Effect.gen(function*() {
      const { counts, give, store } = yield* make
      yield* turns
      assert.deepStrictEqual(store.getSnapshot(), pending)
      assert.strictEqual(counts.started, 0)

      const first = mount(store)
      const second = mount(store)
      yield* give(Take.of(1))
      first.unmount()
      yield* give(Take.of(2))
      assert.deepStrictEqual(counts, { started: 1, running: 1 })
      assert.deepStrictEqual(first.rendered, [pending, valueOf(1)])
      assert.deepStrictEqual(second.rendered, [pending, valueOf(1), valueOf(2)])

      second.unmount()
      second.unmount()
      yield* turns
      assert.deepStrictEqual(counts, { started: 1, running: 0 })
      // Without subscribers, the store does not show an old value as if it were live.
      assert.deepStrictEqual(store.getSnapshot(), pending)

      const third = mount(store)
      yield* give(Take.of(3))
      assert.deepStrictEqual(counts, { started: 2, running: 1 })
      assert.deepStrictEqual(third.rendered, [pending, valueOf(3)])
    }))

  it.scoped("unmounting and mounting in one turn, as StrictMode does, keeps the stream and its latest element", () =>
    Effect.gen(function*() {
      const { counts, give, store } = yield* make
      mount(store).unmount()
      const page = mount(store)
      yield* give(Take.of(1))
      page.unmount()
      mount(store)
      yield* turns
      assert.deepStrictEqual(counts, { started: 1, running: 1 })
      assert.deepStrictEqual(store.getSnapshot(), valueOf(1))
    }))

  it.scoped("a snapshot is the same object until something changes, and an equal element is no change", () =>
    Effect.gen(function*() {
      const { give, store } = yield* make
      const { rendered } = mount(store)
      assert.strictEqual(store.getSnapshot(), store.getServerSnapshot())
      yield* give(Take.of(1))
      const before = store.getSnapshot()
      yield* give(Take.of(1))
      assert.strictEqual(store.getSnapshot(), before)
      assert.lengthOf(rendered, 2)
      // Elements that arrive together are one change.
      yield* give(Take.chunk(Chunk.make(2, 3, 4)))
      assert.deepStrictEqual(rendered, [pending, valueOf(1), valueOf(4)])
    }))

  it.scoped("a value stays when the stream ends, and an interruption is no error", () =>
    Effect.gen(function*() {
      const { give, runtime, store } = yield* make
      const { rendered } = mount(store)
      yield* give(Take.of(1))
      yield* give(Take.end)
      const interrupted = KuzzleExternalStore.make(
        runtime,
        Stream.concat(Stream.make(2), Stream.fromEffect(Effect.interrupt))
      )
      const other = mount(interrupted)
      yield* turns
      assert.deepStrictEqual(rendered, [pending, valueOf(1)])
      assert.deepStrictEqual(other.rendered, [pending, valueOf(2)])
    }))

  it.scoped("a failure of the stream or of the runtime's layers is a typed snapshot; the next subscriber tries again", () =>
    Effect.gen(function*() {
      const { counts, give, store } = yield* make
      const page = mount(store)
      yield* give(Take.of(1))
      yield* give(Take.fail(new Refused({ by: "stream" })))
      const snapshot = store.getSnapshot()
      assert.strictEqual(snapshot._tag === "Failure" && snapshot.error.by, "stream")
      // A new subscriber beside the present one does not restart the stream.
      mount(store).unmount()
      yield* turns
      assert.deepStrictEqual(counts, { started: 1, running: 0 })
      page.unmount()
      yield* turns
      mount(store)
      assert.deepStrictEqual(store.getSnapshot(), pending)
      yield* turns
      assert.deepStrictEqual(counts, { started: 2, running: 1 })

      const broken = ManagedRuntime.make(Layer.fail(new Refused({ by: "layer" })))
      const never = KuzzleExternalStore.make(broken, Stream.make("never"))
      mount(never)
      yield* turns
      const failed = never.getSnapshot()
      assert.strictEqual(failed._tag === "Failure" && failed.error.by, "layer")
    }))

  it.scoped("getSnapshot throws the defect of a stream, so that the framework reports it", () =>
    Effect.gen(function*() {
      const { runtime } = yield* make
      const store = KuzzleExternalStore.make(runtime, Stream.die(new Error("a bug")))
      let changes = 0
      const unmount = store.subscribe(() => void (changes += 1))
      yield* turns
      assert.throws(store.getSnapshot, "a bug")
      assert.strictEqual(changes, 1)
      assert.deepStrictEqual(store.getServerSnapshot(), pending)
      unmount()
      yield* turns
      assert.deepStrictEqual(store.getSnapshot(), pending)
    }))

  it.scoped("the runtime is built by the first subscriber, and by no snapshot", () =>
    Effect.gen(function*() {
      let built = 0
      const layer = Layer.effectDiscard(Effect.sync(() => void (built += 1)))
      const runtime = ManagedRuntime.make(layer)
      const store = KuzzleExternalStore.make(runtime, Stream.make("here"))
      store.getSnapshot()
      store.getServerSnapshot()
      yield* turns
      assert.strictEqual(built, 0)
      mount(store)
      yield* turns
      assert.strictEqual(built, 1)
      assert.deepStrictEqual(store.getSnapshot(), valueOf("here"))
    }))

  it.scoped("a stream uses the clock of the runtime, and a stopped stream emits nothing more", () =>
    Effect.gen(function*() {
      const runtime = ManagedRuntime.make(Layer.setClock(yield* Effect.clock))
      const store = KuzzleExternalStore.make(runtime, Stream.tap(Stream.make(1, 2, 3), () => Effect.sleep("1 second")))
      const { rendered, unmount } = mount(store)
      yield* turns
      yield* TestClock.adjust("1 second")
      yield* turns
      yield* TestClock.adjust("1 second")
      yield* turns
      assert.deepStrictEqual(rendered, [pending, valueOf(1), valueOf(2)])
      unmount()
      yield* turns
      yield* TestClock.adjust("1 minute")
      yield* turns
      assert.deepStrictEqual(rendered, [pending, valueOf(1), valueOf(2)])
      assert.deepStrictEqual(store.getSnapshot(), pending)
    }))

  /** Steps of components and of the stream. `Turn` is the end of a turn of the event loop. */
  type Step =
    | { readonly _tag: "Mount" | "Turn" | "End" | "Fail" }
    | { readonly _tag: "Unmount"; readonly which: number }
    | { readonly _tag: "Give"; readonly value: number }

  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constantFrom<Step>({ _tag: "Mount" }, { _tag: "Turn" }, { _tag: "Mount" }, { _tag: "Turn" }),
    fc.constantFrom<Step>({ _tag: "End" }, { _tag: "Fail" }),
    fc.record({ _tag: fc.constant("Unmount" as const), which: fc.nat(4) }),
    fc.record({ _tag: fc.constant("Give" as const), value: fc.nat(2) })
  )

  it.scopedLive("in any order of mounts and unmounts, the stream runs once while there are subscribers, and each of them sees every change", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
          Effect.runPromise(Effect.scoped(Effect.gen(function*() {
            const { counts, give, store } = yield* make
            const components: Array<ReturnType<typeof mount<number, Refused>>> = []
            let runs = 0
            let snapshot: KuzzleExternalStore.Snapshot<number, Refused> = pending
            /** Whether a run was not stopped yet, and whether its stream can still emit. */
            let alive = false
            let open = false
            /** The stream stops at the end of a turn without components, so one that mounts before keeps it running. */
            const turned = () => {
              if (components.length > 0) {
                return
              }
              alive = false
              open = false
              snapshot = pending
            }
            for (const step of steps) {
              switch (step._tag) {
                case "Mount":
                  if (!alive) {
                    runs += 1
                    alive = true
                    open = true
                  }
                  components.push(mount(store))
                  break
                case "Unmount":
                  components.splice(step.which, 1)[0]?.unmount()
                  break
                case "Turn":
                  yield* turns
                  turned()
                  break
                case "Give":
                  turned()
                  yield* give(Take.of(step.value))
                  if (open) {
                    snapshot = valueOf(step.value)
                  }
                  break
                case "End":
                  turned()
                  yield* give(Take.end)
                  open = false
                  break
                case "Fail":
                  turned()
                  yield* give(Take.fail(new Refused({ by: "stream" })))
                  if (open) {
                    snapshot = { _tag: "Failure", error: new Refused({ by: "stream" }) }
                  }
                  open = false
                  break
              }
              assert.deepStrictEqual(store.getSnapshot(), snapshot)
              assert.strictEqual(store.getSnapshot(), store.getSnapshot())
              // Each mounted component has rendered the present snapshot, and no snapshot twice.
              for (const { rendered } of components) {
                assert.strictEqual(rendered.at(-1), store.getSnapshot())
                assert.strictEqual(new Set(rendered).size, rendered.length)
              }
            }
            yield* turns
            turned()
            assert.deepStrictEqual(counts, { started: runs, running: open ? 1 : 0 })
          })))),
        { numRuns: 100 }
      )
    ))
})
