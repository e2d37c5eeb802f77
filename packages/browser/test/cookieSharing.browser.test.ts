/** Messages between tabs about changes of a cookie session. Clients with their own channels stand for tabs. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { soon, until } from "../../../tests/suite/until.ts"
import * as CookieSharing from "../src/internal/cookieSharing.ts"
import { lockIsWaitedFor } from "./locks.ts"

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
    const post = yield* CookieSharing.make(host).join((changedAt) => heard.push(changedAt))
    /** Waits until exactly these changes have arrived, in this order. */
    const hears = (...changes: ReadonlyArray<string | undefined>) =>
      until(`hearing ${changes}`, Effect.sync(() => JSON.stringify(heard) === JSON.stringify(changes)))
    return { heard, hears, post }
  })

describe("tabs that share a cookie", () => {
  it.scopedLive("T2: a message reaches all other tabs, and never its sender", () =>
    Effect.gen(function*() {
      const [one, two, three] = yield* Effect.all([join(globalThis), join(globalThis), join(new FakeWindow())])
      one.post("kuzzle.test")
      two.post("other.test")
      yield* Effect.all([one.hears("other.test"), two.hears("kuzzle.test"), three.hears("kuzzle.test", "other.test")])
      assert.deepStrictEqual([one.heard, two.heard], [["other.test"], ["kuzzle.test"]])
    }))

  it.scopedLive("T2: a page that is restored from the back/forward cache must check its session, and gets messages again", () =>
    Effect.gen(function*() {
      const window = new FakeWindow()
      const [here, other, third] = yield* Effect.all([join(window), join(globalThis), join(globalThis)])
      window.hide()
      here.post("lost")
      other.post("one")
      yield* third.hears("one")
      assert.deepStrictEqual([here.heard, other.heard], [[], []])
      window.show(true)
      assert.deepStrictEqual(here.heard, [undefined])
      other.post("two")
      yield* here.hears(undefined, "two")
    }))

  it.scopedLive("T2: a page that was just loaded has missed no message", () =>
    Effect.gen(function*() {
      const window = new FakeWindow()
      const { heard } = yield* join(window)
      window.show(false)
      assert.deepStrictEqual(heard, [])
    }))

  it.scopedLive("L1: no message arrives after the scope has closed, and a restored page opens no channel", () =>
    Effect.gen(function*() {
      const window = new FakeWindow()
      const scope = yield* Scope.make()
      const { heard } = yield* Scope.extend(join(window), scope)
      const [other, third] = yield* Effect.all([join(globalThis), join(globalThis)])
      yield* Scope.close(scope, Exit.void)
      window.show(true)
      other.post("one")
      yield* third.hears("one")
      assert.deepStrictEqual(heard, [])
    }))

  it.scopedLive("8.D17: without BroadcastChannel no message arrives", () =>
    Effect.gen(function*() {
      const [without, other, third] = yield* Effect.all([join({}), join(globalThis), join(globalThis)])
      without.post("one")
      other.post("two")
      yield* third.hears("two")
      assert.deepStrictEqual([without.heard, other.heard], [[], []])
    }))

  it.scopedLive("T1: only one tab at a time renews the cookie", () =>
    Effect.gen(function*() {
      const { lock } = CookieSharing.make(globalThis)
      const scope = yield* Scope.make()
      yield* Scope.extend(lock, scope)
      const waiting = yield* Effect.fork(Effect.scoped(CookieSharing.make(new FakeWindow()).lock))
      yield* lockIsWaitedFor("kuzzle-session")
      assert.isNull(waiting.unsafePoll())
      yield* Scope.close(scope, Exit.void)
      yield* soon("the other tab's turn", Fiber.join(waiting))
    }))
})
