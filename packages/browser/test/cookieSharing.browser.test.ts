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
    const received: Array<string | undefined> = []
    const post = yield* CookieSharing.make(host).join((changedAt) => received.push(changedAt))
    /** Waits until exactly these changes have arrived, in this order. */
    const untilReceived = (...changes: ReadonlyArray<string | undefined>) =>
      until(`the changes ${changes}`, Effect.sync(() => JSON.stringify(received) === JSON.stringify(changes)))
    return { received, untilReceived, post }
  })

describe("tabs that share a cookie", () => {
  it.scopedLive("T2: a message reaches all other tabs, and never its sender", () =>
    Effect.gen(function*() {
      const [one, two, three] = yield* Effect.all([join(globalThis), join(globalThis), join(new FakeWindow())])
      one.post("kuzzle.test")
      two.post("other.test")
      yield* Effect.all([
        one.untilReceived("other.test"),
        two.untilReceived("kuzzle.test"),
        three.untilReceived("kuzzle.test", "other.test")
      ])
      assert.deepStrictEqual([one.received, two.received], [["other.test"], ["kuzzle.test"]])
    }))

  it.scopedLive("T2: a page that is restored from the back/forward cache must check its session, and gets messages again", () =>
    Effect.gen(function*() {
      const window = new FakeWindow()
      const [here, other, third] = yield* Effect.all([join(window), join(globalThis), join(globalThis)])
      window.hide()
      here.post("lost")
      other.post("one")
      yield* third.untilReceived("one")
      assert.deepStrictEqual([here.received, other.received], [[], []])
      window.show(true)
      assert.deepStrictEqual(here.received, [undefined])
      other.post("two")
      yield* here.untilReceived(undefined, "two")
    }))

  it.scopedLive("T2: a page that was just loaded has missed no message", () =>
    Effect.gen(function*() {
      const window = new FakeWindow()
      const { received } = yield* join(window)
      window.show(false)
      assert.deepStrictEqual(received, [])
    }))

  it.scopedLive("L1: no message arrives after the scope has closed, and a restored page opens no channel", () =>
    Effect.gen(function*() {
      const window = new FakeWindow()
      const scope = yield* Scope.make()
      const { received } = yield* Scope.extend(join(window), scope)
      const [other, third] = yield* Effect.all([join(globalThis), join(globalThis)])
      yield* Scope.close(scope, Exit.void)
      window.show(true)
      other.post("one")
      yield* third.untilReceived("one")
      assert.deepStrictEqual(received, [])
    }))

  it.scopedLive("8.D17: without BroadcastChannel no message arrives", () =>
    Effect.gen(function*() {
      const [without, other, third] = yield* Effect.all([join({}), join(globalThis), join(globalThis)])
      without.post("one")
      other.post("two")
      yield* third.untilReceived("two")
      assert.deepStrictEqual([without.received, other.received], [[], []])
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
