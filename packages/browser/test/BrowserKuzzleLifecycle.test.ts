/** Reports of a page's network and sleep, with a fake window. The tests run on Node, so they also cover the absence of a window. */
import { BrowserKuzzleLifecycle } from "@effect-kuzzle/browser"
import { Kuzzle, KuzzleHeartbeat, KuzzleLifecycle } from "@effect-kuzzle/core"
import { KuzzleEngine, KuzzleTestSocket } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Schedule, Scope, TestClock } from "effect"
import { turns } from "../../../tests/suite/until.ts"

class FakeTarget extends EventTarget {
  listeners = 0
  override addEventListener(...[type, listener, options]: Parameters<EventTarget["addEventListener"]>) {
    this.listeners += 1
    if (typeof options === "object") {
      options.signal?.addEventListener("abort", () => {
        this.listeners -= 1
      })
    }
    super.addEventListener(type, listener, options)
  }
}

const fakeWindow = () => {
  const window = Object.assign(new FakeTarget(), {
    navigator: { onLine: true },
    document: Object.assign(new FakeTarget(), { visibilityState: "visible" })
  })
  const received: Array<KuzzleLifecycle.LifecycleEvent> = []
  return {
    window,
    received,
    lifecycle: BrowserKuzzleLifecycle.make(window),
    fire: (type: string, more: object = {}) => window.dispatchEvent(Object.assign(new Event(type), more)),
    fireOnDocument: (type: string, visibilityState: string) => {
      window.document.visibilityState = visibilityState
      window.document.dispatchEvent(new Event(type))
    }
  }
}

describe("BrowserKuzzleLifecycle", () => {
  it.scoped("network: reports online and offline as the browser does", () =>
    Effect.gen(function*() {
      const { fire, received, lifecycle, window } = fakeWindow()
      yield* lifecycle.listen((event) => received.push(event))
      assert.isTrue(lifecycle.online())
      window.navigator.onLine = false
      fire("offline")
      assert.isFalse(lifecycle.online())
      fire("online")
      assert.deepStrictEqual(received, ["Offline", "Online"])
    }))

  it.scoped("a page that becomes visible, is restored or unfrozen has resumed; a page that is hidden or loaded has not", () =>
    Effect.gen(function*() {
      const { fire, fireOnDocument, received, lifecycle } = fakeWindow()
      yield* lifecycle.listen((event) => received.push(event))
      fire("pageshow", { persisted: false })
      fireOnDocument("visibilitychange", "hidden")
      assert.deepStrictEqual(received, [])
      fireOnDocument("visibilitychange", "visible")
      fire("pageshow", { persisted: true })
      fireOnDocument("resume", "hidden")
      assert.deepStrictEqual(received, ["Resumed", "Resumed", "Resumed"])
    }))

  it.effect("L1: no listener outlives its scope, and the others stay", () =>
    Effect.gen(function*() {
      const { fire, fireOnDocument, received, lifecycle, window } = fakeWindow()
      const [first, second] = yield* Effect.all([Scope.make(), Scope.make()])
      yield* Scope.extend(lifecycle.listen((event) => received.push(event)), first)
      yield* Scope.extend(lifecycle.listen(() => {}), second)
      yield* Scope.close(second, Exit.void)
      fire("online")
      assert.deepStrictEqual(received, ["Online"])
      yield* Scope.close(first, Exit.void)
      fire("online")
      fire("offline")
      fire("pageshow", { persisted: true })
      fireOnDocument("visibilitychange", "visible")
      fireOnDocument("resume", "visible")
      assert.deepStrictEqual(received, ["Online"])
      assert.strictEqual(window.listeners + window.document.listeners, 0)
    }))

  it.scoped("8.D17: without a window nothing happens, and the host counts as online", () =>
    Effect.gen(function*() {
      const { listen, online } = yield* Effect.provide(KuzzleLifecycle.KuzzleLifecycle, BrowserKuzzleLifecycle.layer)
      assert.isTrue(online())
      yield* listen(() => assert.fail("no report is expected"))
      assert.isTrue(BrowserKuzzleLifecycle.make({}).online())
    }))

  it.scoped("8.D17: a worker without a document reports its network", () =>
    Effect.gen(function*() {
      const worker = Object.assign(new FakeTarget(), { navigator: { onLine: true } })
      const received: Array<KuzzleLifecycle.LifecycleEvent> = []
      yield* BrowserKuzzleLifecycle.make(worker).listen((event) => received.push(event))
      worker.dispatchEvent(new Event("online"))
      assert.deepStrictEqual(received, ["Online"])
    }))
})

describe("KuzzleLifecycle", () => {
  it.scoped("by default the host is online and nothing happens", () =>
    Effect.gen(function*() {
      const { listen, online } = yield* KuzzleLifecycle.KuzzleLifecycle
      assert.isTrue(online())
      yield* listen(() => assert.fail("no report is expected"))
    }))
})

describe("the client of a page", () => {
  const page = Effect.gen(function*() {
    const host = fakeWindow()
    const context = yield* Layer.build(
      Kuzzle.layer({ reconnect: Schedule.spaced("1 hour") }).pipe(
        Layer.provide([KuzzleTestSocket.layer, KuzzleHeartbeat.layerProtocol()]),
        Layer.provideMerge(KuzzleEngine.layer()),
        Layer.provide(Layer.succeed(KuzzleLifecycle.KuzzleLifecycle, host.lifecycle))
      )
    )
    const { state } = Context.get(context, Kuzzle.Kuzzle)
    return {
      ...host,
      engine: Context.get(context, KuzzleEngine.KuzzleEngine),
      tag: Effect.map(state, ({ _tag }) => _tag)
    }
  })
  type Page = Effect.Effect.Success<typeof page>

  const returns: ReadonlyArray<readonly [string, (page: Page) => void]> = [
    ["the browser is online again", ({ fire }) => fire("online")],
    ["the page is visible again", ({ fireOnDocument }) => fireOnDocument("visibilitychange", "visible")],
    ["the page is restored from the back/forward cache", ({ fire }) => fire("pageshow", { persisted: true })],
    ["the page is unfrozen", ({ fireOnDocument }) => fireOnDocument("resume", "hidden")]
  ]
  for (const [name, comeBack] of returns) {
    it.scoped(`${name}: a client that waits connects at once`, () =>
      Effect.gen(function*() {
        const made = yield* page
        yield* made.engine.dropAll()
        yield* turns
        assert.strictEqual(yield* made.tag, "Waiting")
        comeBack(made)
        yield* turns
        assert.strictEqual(yield* made.tag, "Ready")
      }))

    it.scoped(`C3: ${name}: a connection that has died meanwhile is detected within five seconds`, () =>
      Effect.gen(function*() {
        const made = yield* page
        yield* made.engine.freeze
        comeBack(made)
        yield* TestClock.adjust("4999 millis")
        yield* turns
        assert.strictEqual(yield* made.tag, "Ready")
        yield* TestClock.adjust("1 millis")
        yield* turns
        assert.strictEqual(yield* made.tag, "Waiting")
      }))
  }

  it.scoped("C2: a working connection of a hidden page, or of a page that is offline, is kept", () =>
    Effect.gen(function*() {
      const { fire, fireOnDocument, tag } = yield* page
      fireOnDocument("visibilitychange", "hidden")
      fire("offline")
      for (let minute = 0; minute < 5; minute++) {
        yield* TestClock.adjust("1 minute")
        yield* turns
      }
      assert.strictEqual(yield* tag, "Ready")
    }))
})
