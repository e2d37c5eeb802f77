/**
 * Stores a token or the offline queue in a browser, in its local or session storage. The browser may deny both to a
 * page.
 *
 * @example
 * ```ts
 * import { KuzzleTokenStore } from "@effect-kuzzle/core"
 * import { BrowserKuzzle, BrowserKuzzleStore } from "@effect-kuzzle/browser"
 * import { Layer } from "effect"
 *
 * const store = Layer.provide(KuzzleTokenStore.layerKeyValueStore(), BrowserKuzzleStore.layerLocalStorage)
 *
 * export const live = Layer.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" }), store)
 * ```
 *
 * @since 0.1.0
 */
import { SystemError } from "@effect/platform/Error"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

/**
 * Accesses the storage only to read or write. Where cookies are blocked, or in a sandboxed frame, the access throws,
 * and each operation fails with a typed error. (The layers of `@effect/platform-browser` access it when they are built,
 * and die.)
 */
const layer = (name: "localStorage" | "sessionStorage"): Layer.Layer<KeyValueStore.KeyValueStore> => {
  const touching = <A>(method: string, key: string, use: (storage: Storage) => A): Effect.Effect<A, SystemError> =>
    Effect.try({
      try: () => use(globalThis[name]),
      catch: (cause) =>
        new SystemError({
          reason: "PermissionDenied",
          module: "KeyValueStore",
          method,
          pathOrDescriptor: key,
          description: `the browser denies ${name}: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause
        })
    })
  return Layer.succeed(
    KeyValueStore.KeyValueStore,
    KeyValueStore.makeStringOnly({
      get: (key) => touching("get", key, (storage) => Option.fromNullable(storage.getItem(key))),
      set: (key, value) => touching("set", key, (storage) => storage.setItem(key, value)),
      remove: (key) => touching("remove", key, (storage) => storage.removeItem(key)),
      clear: touching("clear", name, (storage) => storage.clear()),
      size: touching("size", name, (storage) => storage.length)
    })
  )
}

/**
 * The `localStorage` of the page, which outlives the browser. Scripts of the page can read it, unlike the cookie of
 * `BrowserKuzzle.layerCookie`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerLocalStorage: Layer.Layer<KeyValueStore.KeyValueStore> = layer("localStorage")

/**
 * The `sessionStorage` of the page, which outlives a reload and ends with the tab.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSessionStorage: Layer.Layer<KeyValueStore.KeyValueStore> = layer("sessionStorage")
