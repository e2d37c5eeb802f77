/**
 * Stores the token of a session in a browser, in its local or session storage. The browser may deny both to a page.
 *
 * @example
 * ```ts
 * import { BrowserKuzzle, BrowserKuzzleStore } from "@effect-kuzzle/browser"
 * import { Layer } from "effect"
 *
 * export const live = Layer.provide(
 *   BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" }),
 *   BrowserKuzzleStore.layerTokens()
 * )
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as KuzzleTokenStore from "@effect-kuzzle/core/KuzzleTokenStore"
import { SystemError } from "@effect/platform/Error"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as KeyValues from "./internal/keyValues.ts"
import { webLock } from "./internal/webLock.ts"

/**
 * Accesses the storage only to read or write. Where cookies are blocked, or in a sandboxed frame, the access throws,
 * and each operation fails with a typed error. (The layers of `@effect/platform-browser` access it when they are built,
 * and die.)
 */
const make = (name: "localStorage" | "sessionStorage"): KeyValueStore.KeyValueStore => {
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
  return KeyValues.make({
    get: (key) => touching("get", key, (storage) => Option.fromNullable(storage.getItem(key))),
    set: (key, value) => touching("set", key, (storage) => storage.setItem(key, value)),
    remove: (key) => touching("remove", key, (storage) => storage.removeItem(key)),
    clear: touching("clear", name, (storage) => storage.clear()),
    keys: touching(
      "keys",
      name,
      (storage) => Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "")
    )
  })
}

/** One object for the page, so that the clients of one page share a session. */
const local = make("localStorage")

/**
 * The `sessionStorage` of the page, which survives a reload and ends with the tab. With
 * `KuzzleTokenStore.layerKeyValueStore` each tab has a session of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSessionStorage: Layer.Layer<KeyValueStore.KeyValueStore> = Layer.succeed(
  KeyValueStore.KeyValueStore,
  make("sessionStorage")
)

/**
 * Keeps the token in the `localStorage` of the page, which survives the end of the browser. Scripts of the page can
 * read it, unlike the cookie of `session: BrowserKuzzle.cookie`. The tabs of the browser share the session: one tab
 * renews it for all, and a login or a logout in one tab applies to all. An exchange of the token takes a Web Lock. If
 * the page has no Web Locks (an insecure origin, an old browser), tabs may renew the session at the same time. Then all
 * of them continue with the token that was stored first.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTokens = (
  { key = KuzzleTokenStore.defaultKey }: KuzzleTokenStore.Options = {}
): Layer.Layer<KuzzleTokenStore.KuzzleTokenStore> =>
  Layer.sync(
    KuzzleTokenStore.KuzzleTokenStore,
    () => KuzzleTokenStore.make(local, key, { lock: webLock(key), changes: changes(key) })
  )

/**
 * The writes of other tabs. A `storage` event arrives when the page can read what was written. A message of a
 * `BroadcastChannel` may arrive earlier. A page in the back/forward cache receives no events, so it reads the storage
 * when it is shown again.
 */
const changes = (key: string): Stream.Stream<void> =>
  Stream.asyncPush<void>((emit) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const listening = new AbortController()
        const { signal } = listening
        // A page that is rendered on a server has no such function.
        const { addEventListener } = globalThis as Partial<typeof globalThis>
        addEventListener?.("storage", (event) => {
          // `null`: the storage was cleared.
          if (event.key === key || event.key === null) emit.single()
        }, { signal })
        addEventListener?.("pageshow", ({ persisted }) => {
          if (persisted) emit.single()
        }, { signal })
        return listening
      }),
      (listening) => Effect.sync(() => listening.abort())
    ), { bufferSize: 1, strategy: "sliding" })
