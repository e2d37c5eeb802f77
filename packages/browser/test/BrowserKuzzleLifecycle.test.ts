/** A page's network and sleep, on a window of paper. Importing and listening without any window is part of it: this is Node. */
import { BrowserKuzzleLifecycle } from "@effect-kuzzle/browser"
import { KuzzleLifecycle } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"

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
  const heard: Array<KuzzleLifecycle.LifecycleEvent> = []
  return {
    window,
    heard,
    lifecycle: BrowserKuzzleLifecycle.make(window),
    fire: (type: string, more: object = {}) => window.dispatchEvent(Object.assign(new Event(type), more)),
    fireOnDocument: (type: string, visibilityState: string) => {
      window.document.visibilityState = visibilityState
      window.document.dispatchEvent(new Event(type))
    }
  }
}

describe("BrowserKuzzleLifecycle", () => {
  it.scoped("network: what the browser says", () =>
    Effect.gen(function*() {
      const { fire, heard, lifecycle, window } = fakeWindow()
      yield* lifecycle.listen((event) => heard.push(event))
      assert.isTrue(lifecycle.online())
      window.navigator.onLine = false
      fire("offline")
      assert.isFalse(lifecycle.online())
      fire("online")
      assert.deepStrictEqual(heard, ["Offline", "Online"])
    }))

  it.scoped("a page that is seen again, restored or unfrozen has resumed; one that is hidden or loaded has not", () =>
    Effect.gen(function*() {
      const { fire, fireOnDocument, heard, lifecycle } = fakeWindow()
      yield* lifecycle.listen((event) => heard.push(event))
      fire("pageshow", { persisted: false })
      fireOnDocument("visibilitychange", "hidden")
      assert.deepStrictEqual(heard, [])
      fireOnDocument("visibilitychange", "visible")
      fire("pageshow", { persisted: true })
      fireOnDocument("resume", "hidden")
      assert.deepStrictEqual(heard, ["Resumed", "Resumed", "Resumed"])
    }))

  it.effect("L1: no listener outlives its scope, and the others stay", () =>
    Effect.gen(function*() {
      const { fire, fireOnDocument, heard, lifecycle, window } = fakeWindow()
      const [first, second] = yield* Effect.all([Scope.make(), Scope.make()])
      yield* Scope.extend(lifecycle.listen((event) => heard.push(event)), first)
      yield* Scope.extend(lifecycle.listen(() => {}), second)
      yield* Scope.close(second, Exit.void)
      fire("online")
      assert.deepStrictEqual(heard, ["Online"])
      yield* Scope.close(first, Exit.void)
      fire("online")
      fire("offline")
      fire("pageshow", { persisted: true })
      fireOnDocument("visibilitychange", "visible")
      fireOnDocument("resume", "visible")
      assert.deepStrictEqual(heard, ["Online"])
      assert.strictEqual(window.listeners + window.document.listeners, 0)
    }))

  it.scoped("without a window nothing happens, and the host counts as online", () =>
    Effect.gen(function*() {
      const { listen, online } = yield* Effect.provide(KuzzleLifecycle.KuzzleLifecycle, BrowserKuzzleLifecycle.layer)
      assert.isTrue(online())
      yield* listen(() => assert.fail("there is nothing to tell"))
      assert.isTrue(BrowserKuzzleLifecycle.make({}).online())
    }))

  it.scoped("a worker has no document", () =>
    Effect.gen(function*() {
      const worker = Object.assign(new FakeTarget(), { navigator: { onLine: true } })
      const heard: Array<KuzzleLifecycle.LifecycleEvent> = []
      yield* BrowserKuzzleLifecycle.make(worker).listen((event) => heard.push(event))
      worker.dispatchEvent(new Event("online"))
      assert.deepStrictEqual(heard, ["Online"])
    }))
})

describe("KuzzleLifecycle", () => {
  it.scoped("by default the host is online and nothing happens", () =>
    Effect.gen(function*() {
      const { listen, online } = yield* KuzzleLifecycle.KuzzleLifecycle
      assert.isTrue(online())
      yield* listen(() => assert.fail("there is nothing to tell"))
    }))
})
