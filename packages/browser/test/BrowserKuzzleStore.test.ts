/** A page without storage: its getter throws, like that of a browser. */
import { BrowserKuzzleStore } from "@effect-kuzzle/browser"
import { Kuzzle, KuzzleHeartbeat, KuzzleTokenStore } from "@effect-kuzzle/core"
import { KuzzleEngine, KuzzleTestSocket } from "@effect-kuzzle/testing"
import { KeyValueStore } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { reported } from "./storage.ts"

/** A storage of the page, as long as the scope is open. */
const storage = (get: () => unknown, name: "localStorage" | "sessionStorage" = "localStorage") =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = Object.getOwnPropertyDescriptor(globalThis, name)
      Object.defineProperty(globalThis, name, { configurable: true, get })
      return before
    }),
    (before) =>
      Effect.sync(() =>
        before === undefined
          ? Reflect.deleteProperty(globalThis, name)
          : Object.defineProperty(globalThis, name, before)
      )
  )

const denied = storage(() => {
  throw new DOMException("Access is denied for this document.", "SecurityError")
})

const client = Kuzzle.layer().pipe(
  Layer.provide([KuzzleTestSocket.layer, KuzzleHeartbeat.layerNative()]),
  Layer.provideMerge(KuzzleEngine.layer()),
  Layer.provide(BrowserKuzzleStore.layerTokens())
)

/** The part of `Storage` that is used. */
const inMemory = () => {
  const items = new Map<string, string>()
  return {
    get length() {
      return items.size
    },
    key: (index: number) => Array.from(items.keys())[index] ?? null,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
    clear: () => items.clear()
  }
}

describe("BrowserKuzzleStore", () => {
  it.scoped("a client without access to its storage continues without its token store, and reports it", () =>
    Effect.gen(function*() {
      yield* denied
      const { failures, now } = yield* Effect.provide(reported, client)
      assert.strictEqual(now, "number")
      assert.lengthOf(failures, 1)
      assert.include(failures[0], "TokenStoreFailed: the token store failed to load")
      assert.include(failures[0], "the browser denies localStorage: Access is denied for this document.")
    }))

  it.scoped("each operation fails with a typed error, also without such a storage", () =>
    Effect.gen(function*() {
      for (const page of [denied, storage(() => null), storage(() => undefined)]) {
        yield* Effect.scoped(Effect.gen(function*() {
          yield* page
          const store = yield* KuzzleTokenStore.KuzzleTokenStore
          const stored = { token: Redacted.make("s3cr3t"), kuid: "ada", expiresAt: Option.none() }
          for (
            const operation of [
              Effect.asVoid(store?.load ?? Effect.void),
              Effect.asVoid(store?.save(Option.some(stored), Option.none()) ?? Effect.void),
              Effect.asVoid(store?.save(Option.none(), Option.some(stored.token)) ?? Effect.void)
            ]
          ) {
            const error = yield* Effect.flip(operation)
            assert.include(error.message, "the browser denies localStorage")
            assert.notInclude(error.message, "s3cr3t")
          }
        }))
      }
    }).pipe(Effect.provide(BrowserKuzzleStore.layerTokens())))

  it.scoped("the next page reads a stored value", () =>
    Effect.gen(function*() {
      const page = inMemory()
      yield* storage(() => page, "sessionStorage")
      const next = Effect.provide(KeyValueStore.KeyValueStore, Layer.fresh(BrowserKuzzleStore.layerSessionStorage))
      yield* (yield* next).set("a", "1")
      const store = yield* next
      assert.deepStrictEqual(yield* store.get("a"), Option.some("1"))
      assert.strictEqual(yield* store.size, 1)
      yield* store.remove("a")
      assert.deepStrictEqual(yield* store.get("a"), Option.none())
      yield* store.set("b", "1")
      yield* store.clear
      assert.strictEqual(yield* store.size, 0)
    }))
})
