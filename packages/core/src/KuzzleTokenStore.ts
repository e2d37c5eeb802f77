/**
 * Where a token is kept that shall outlive the client: a page that is loaded again, a process that is started again. By
 * default nowhere.
 *
 * The store itself is the `KeyValueStore` of `@effect/platform`, which browsers and Node have.
 *
 * @example
 * ```ts
 * import { KuzzleTokenStore } from "@effect-kuzzle/core"
 * import { BrowserKuzzle, BrowserKuzzleStore } from "@effect-kuzzle/browser"
 * import { Layer } from "effect"
 *
 * // `layerSessionStorage` forgets when the tab is closed. Scripts of the page can read both; cookies they cannot.
 * const store = Layer.provide(KuzzleTokenStore.layerKeyValueStore(), BrowserKuzzleStore.layerLocalStorage)
 *
 * export const live = Layer.provide(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" }), store)
 * ```
 *
 * @example
 * ```ts
 * import { KuzzleTokenStore } from "@effect-kuzzle/core"
 * import { NodeKuzzle, NodeKuzzleStore } from "@effect-kuzzle/node"
 * import { Layer } from "effect"
 *
 * // The token is stored unencrypted, in a private file (mode 0600).
 * const store = Layer.provide(KuzzleTokenStore.layerKeyValueStore(), NodeKuzzleStore.layerFileSystem(".session"))
 *
 * export const live = Layer.provide(NodeKuzzle.layer({ url: "wss://kuzzle.example.org" }), store)
 * ```
 *
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { TokenStoreError } from "./KuzzleError.ts"

/**
 * A token and whose it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredToken {
  readonly token: Redacted.Redacted
  /** Milliseconds since the epoch, by *our* clock; `undefined` when it never expires or nobody said. */
  readonly expiresAt: number | undefined
  /** The user's id. */
  readonly kuid: string
}

/**
 * What a `KuzzleTokenStore` does. A client whose store fails goes on without one, and says so in its events.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleTokenStoreShape {
  /** What was saved last. Fails too where something is stored that is no token. */
  readonly load: Effect.Effect<Option.Option<StoredToken>, TokenStoreError>
  readonly save: (stored: StoredToken) => Effect.Effect<void, TokenStoreError>
  readonly remove: Effect.Effect<void, TokenStoreError>
}

/**
 * The service that keeps the token. Without one it is lost with the client.
 *
 * @since 0.1.0
 * @category references
 */
export class KuzzleTokenStore extends Context.Reference<KuzzleTokenStore>()("@effect-kuzzle/core/KuzzleTokenStore", {
  defaultValue: (): KuzzleTokenStoreShape => ({
    load: Effect.succeedNone,
    save: () => Effect.void,
    remove: Effect.void
  })
}) {}

/**
 * What differs from one client to another.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Under which key; clients that share a store and are of different users need different ones. `kuzzle-token` by default. */
  readonly key?: string | undefined
}

/**
 * Keeps the token in the `KeyValueStore` that is provided.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore = (
  { key = "kuzzle-token" }: Options = {}
): Layer.Layer<KuzzleTokenStore, never, KeyValueStore.KeyValueStore> =>
  Layer.effect(
    KuzzleTokenStore,
    Effect.map(KeyValueStore.KeyValueStore, (store): KuzzleTokenStoreShape => ({
      load: store.get(key).pipe(
        Effect.mapError((cause) => new TokenStoreError({ operation: "load", issue: cause.message, cause })),
        Effect.flatMap(Option.match({
          onNone: () => Effect.succeedNone,
          onSome: (text) => Effect.asSome(decode(text))
        }))
      ),
      save: (stored) =>
        Effect.mapError(
          store.set(key, encode(stored)),
          (cause) => new TokenStoreError({ operation: "save", issue: cause.message, cause })
        ),
      remove: store.remove(key).pipe(
        // A file system misses what is not there.
        Effect.catchIf((error) => error._tag === "SystemError" && error.reason === "NotFound", () => Effect.void),
        Effect.mapError((cause) => new TokenStoreError({ operation: "remove", issue: cause.message, cause }))
      )
    }))
  )

/** So that a later release can tell what an earlier one has written. */
const version = 1

const encode = ({ expiresAt, kuid, token }: StoredToken): string =>
  JSON.stringify({ version, kuid, token: Redacted.value(token), expiresAt })

const decode = (text: string): Effect.Effect<StoredToken, TokenStoreError> =>
  Effect.suspend(() => {
    const stored = parse(text)
    if (stored === undefined) return unreadable("it is not a JSON object")
    if (stored.version !== version) return unreadable(`it is not of version ${version}`)
    const { expiresAt, kuid, token } = stored
    if (typeof token !== "string" || token === "") return unreadable("it has no token")
    if (typeof kuid !== "string") return unreadable("it does not say whose token it is")
    if (expiresAt !== undefined && typeof expiresAt !== "number") return unreadable("its expiry is not a time")
    return Effect.succeed({ token: Redacted.make(token), expiresAt, kuid })
  })

/** Without the words of the parser, which would show some of the text. */
const parse = (text: string): { readonly [member: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? { ...value } : undefined
  } catch {
    return undefined // the caller says so
  }
}

const unreadable = (what: string) =>
  Effect.fail(new TokenStoreError({ operation: "load", issue: `what is stored cannot be used: ${what}` }))
