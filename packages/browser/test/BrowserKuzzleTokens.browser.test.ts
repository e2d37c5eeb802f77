/** Tabs that share one session. Frames of the same origin stand for tabs: each has its own document and lock manager. */
import * as BrowserKuzzleStore from "@effect-kuzzle/browser/BrowserKuzzleStore"
import * as KuzzleTokenStore from "@effect-kuzzle/core/KuzzleTokenStore"
import { assert, live } from "@effect/vitest"
import { Effect, Fiber, Option, Redacted, Stream } from "effect"
import { vi } from "vitest"
import { soon, until } from "../../../tests/suite/until.ts"
import { lockIsWaitedFor } from "./locks.ts"

const key = "tokens-of-tabs"

const store = Effect.flatMap(
  Effect.provide(KuzzleTokenStore.KuzzleTokenStore, BrowserKuzzleStore.layerTokens({ key })),
  (store) => store === undefined ? Effect.dieMessage("there is no token store") : Effect.succeed(store)
)

const stored = (token: string) => Option.some({ token: Redacted.make(token), expiresAt: Option.none(), kuid: "ada" })

/** Another document of the page's origin, which writes and locks like another tab. */
const tab = Effect.acquireRelease(
  Effect.async<Window>((resume) => {
    const frame = document.createElement("iframe")
    frame.addEventListener("load", () => {
      if (frame.contentWindow !== null) resume(Effect.succeed(frame.contentWindow))
    })
    document.body.append(frame)
  }),
  (window) => Effect.sync(() => window.frameElement?.remove())
)

const clean = Effect.addFinalizer(() => Effect.sync(() => localStorage.removeItem(key)))

/** Returns once the page listens. The returned effect waits for a change. */
const nextChange = ({ changes }: KuzzleTokenStore.KuzzleTokenStoreShape) =>
  Effect.gen(function*() {
    const listen = vi.spyOn(globalThis, "addEventListener")
    const received = yield* Effect.fork(Stream.runHead(changes))
    const isListening = Effect.sync(() => listen.mock.calls.some(([event]) => event === "storage"))
    yield* until("the page listens", isListening)
    listen.mockRestore()
    return soon("a change", Fiber.join(received))
  })

live(
  "A2, T2: a token that another tab writes or removes is reported, and not overwritten",
  () =>
    Effect.gen(function*() {
      yield* clean
      const tokens = yield* store
      const other = yield* tab
      assert.isTrue(yield* tokens.save(stored("one"), Option.none()))
      const text = localStorage.getItem(key) ?? ""
      const written = yield* nextChange(tokens)
      other.localStorage.setItem(key, text.replace("one", "two"))
      assert.isTrue(Option.isSome(yield* written))
      assert.isFalse(yield* tokens.save(Option.none(), Option.some(Redacted.make("one"))))
      const loaded = yield* tokens.load
      assert.strictEqual(Option.getOrUndefined(Option.map(loaded, ({ token }) => Redacted.value(token))), "two")
      const removed = yield* nextChange(tokens)
      other.localStorage.removeItem(key)
      assert.isTrue(Option.isSome(yield* removed))
      assert.isTrue(Option.isNone(yield* tokens.load))
    }).pipe(Effect.scoped)
)

/** A tab whose exchange never ends. */
const exchanging = (tab: Window) =>
  Effect.async<void>((resume) => {
    void tab.navigator.locks.request(key, () => {
      resume(Effect.void)
      return new Promise(() => {})
    })
  })

live("A2, T1: an exchange waits for that of another tab, until the tab is closed", () =>
  Effect.gen(function*() {
    const tokens = yield* store
    const other = yield* tab
    yield* exchanging(other)
    const waiting = yield* Effect.fork(tokens.exclusive(Effect.void))
    yield* lockIsWaitedFor(key)
    assert.isNull(waiting.unsafePoll())
    other.frameElement?.remove()
    yield* soon("the waiting exchange", Fiber.join(waiting))
    yield* soon("the next exchange", tokens.exclusive(Effect.void))
  }).pipe(Effect.scoped))

live("A4: an exchange waits 3 s for a tab that hangs", () =>
  Effect.gen(function*() {
    const tokens = yield* store
    const other = yield* tab
    yield* exchanging(other)
    const began = performance.now()
    yield* tokens.exclusive(Effect.void)
    // A timer may be early by a rounded millisecond, and late on a busy machine.
    assert.isAtLeast(performance.now() - began, 2990)
    assert.isBelow(performance.now() - began, 10_000)
  }).pipe(Effect.scoped))
