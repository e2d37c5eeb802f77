/** Tabs that share one session: frames of one origin stand for them, with a document and a lock manager of their own. */
import * as BrowserKuzzleStore from "@effect-kuzzle/browser/BrowserKuzzleStore"
import * as KuzzleTokenStore from "@effect-kuzzle/core/KuzzleTokenStore"
import { assert, live } from "@effect/vitest"
import { Effect, Fiber, Option, Redacted, Stream } from "effect"

const key = "tokens-of-tabs"

const store = Effect.flatMap(
  Effect.provide(KuzzleTokenStore.KuzzleTokenStore, BrowserKuzzleStore.layerTokens({ key })),
  (store) => store === undefined ? Effect.dieMessage("there is none") : Effect.succeed(store)
)

const stored = (token: string) => Option.some({ token: Redacted.make(token), expiresAt: undefined, kuid: "ada" })

/** Another document of the page's origin, which writes and locks as another tab does. */
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

live("A2, T2: what another tab writes or removes is heard, and not overwritten", () =>
  Effect.gen(function*() {
    yield* clean
    const tokens = yield* store
    const other = yield* tab
    assert.isTrue(yield* tokens.save(stored("one"), Option.none()))
    const text = localStorage.getItem(key) ?? ""
    const heard = yield* Effect.fork(Stream.runHead(tokens.changes))
    yield* Effect.sleep("50 millis")
    other.localStorage.setItem(key, text.replace("one", "two"))
    assert.isTrue(Option.isSome(yield* Effect.timeout(Fiber.join(heard), "5 seconds")))
    assert.isFalse(yield* tokens.save(Option.none(), Option.some(Redacted.make("one"))))
    const loaded = yield* tokens.load
    assert.strictEqual(Option.getOrUndefined(Option.map(loaded, ({ token }) => Redacted.value(token))), "two")
    const removed = yield* Effect.fork(Stream.runHead(tokens.changes))
    yield* Effect.sleep("50 millis")
    other.localStorage.removeItem(key)
    assert.isTrue(Option.isSome(yield* Effect.timeout(Fiber.join(removed), "5 seconds")))
    assert.isTrue(Option.isNone(yield* tokens.load))
  }).pipe(Effect.scoped))

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
    yield* Effect.sleep("300 millis")
    assert.isNull(waiting.unsafePoll())
    other.frameElement?.remove()
    yield* Effect.timeout(Fiber.join(waiting), "1 second")
    yield* Effect.timeout(tokens.exclusive(Effect.void), "1 second")
  }).pipe(Effect.scoped))

live("A4: an exchange waits for a tab that is stuck for 3 s", () =>
  Effect.gen(function*() {
    const tokens = yield* store
    const other = yield* tab
    yield* exchanging(other)
    const began = performance.now()
    yield* tokens.exclusive(Effect.void)
    assert.approximately(performance.now() - began, 3000, 500)
  }).pipe(Effect.scoped))
