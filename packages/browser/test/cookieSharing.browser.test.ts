/** Tabs tell each other that a session by cookie has changed. Clients with channels of their own stand for them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import * as CookieSharing from "../src/internal/cookieSharing.ts"

/** The window of a tab. */
class FakeWindow extends EventTarget {
  readonly BroadcastChannel = globalThis.BroadcastChannel

  hide(): void {
    this.dispatchEvent(new Event("pagehide"))
  }

  show(persisted: boolean): void {
    this.dispatchEvent(new PageTransitionEvent("pageshow", { persisted }))
  }
}

const join = (host: CookieSharing.Host) =>
  Effect.gen(function*() {
    const heard: Array<string | undefined> = []
    const tell = yield* CookieSharing.make(host).join((changedAt) => heard.push(changedAt))
    return { heard, tell }
  })

/** Long enough for a message between channels. */
const delivered = Effect.sleep("100 millis")

describe("tabs that share a cookie", () => {
  it.scopedLive("T2: what one tells is heard by all others, and by itself never", () =>
    Effect.gen(function*() {
      const [one, two, three] = yield* Effect.all([join(globalThis), join(globalThis), join(new FakeWindow())])
      one.tell("kuzzle.test")
      two.tell("other.test")
      yield* delivered
      assert.deepStrictEqual([one.heard, two.heard, three.heard], [
        ["other.test"],
        ["kuzzle.test"],
        ["kuzzle.test", "other.test"]
      ])
    }))

  it.scopedLive("T2: a page that comes back from the back/forward cache has to ask, and hears again", () =>
    Effect.gen(function*() {
      const window = new FakeWindow()
      const [here, other] = yield* Effect.all([join(window), join(globalThis)])
      window.hide()
      other.tell("one")
      here.tell("nobody hears this")
      yield* delivered
      assert.deepStrictEqual([here.heard, other.heard], [[], []])
      window.show(true)
      assert.deepStrictEqual(here.heard, [undefined])
      other.tell("two")
      yield* delivered
      assert.deepStrictEqual(here.heard, [undefined, "two"])
    }))

  it.scopedLive("T2: a page that was just loaded has missed nothing", () =>
    Effect.gen(function*() {
      const window = new FakeWindow()
      const { heard } = yield* join(window)
      window.show(false)
      assert.deepStrictEqual(heard, [])
    }))

  it.scopedLive("L1: nothing is heard after the scope has closed, and a page comes back without a channel", () =>
    Effect.gen(function*() {
      const window = new FakeWindow()
      const scope = yield* Scope.make()
      const { heard } = yield* Scope.extend(join(window), scope)
      const other = yield* join(globalThis)
      yield* Scope.close(scope, Exit.void)
      window.show(true)
      other.tell("one")
      yield* delivered
      assert.deepStrictEqual(heard, [])
    }))

  it.scopedLive("8.D17: without BroadcastChannel nobody hears anything", () =>
    Effect.gen(function*() {
      const { heard, tell } = yield* join({})
      tell("one")
      yield* delivered
      assert.deepStrictEqual(heard, [])
    }))

  it.scopedLive("T1: only one tab at a time renews the cookie", () =>
    Effect.gen(function*() {
      const { lock } = CookieSharing.make(globalThis)
      const scope = yield* Scope.make()
      yield* Scope.extend(lock, scope)
      const waiting = yield* Effect.fork(Effect.scoped(CookieSharing.make(new FakeWindow()).lock))
      yield* delivered
      assert.isNull(waiting.unsafePoll())
      yield* Scope.close(scope, Exit.void)
      yield* Effect.timeout(Fiber.join(waiting), "1 second")
    }))
})
