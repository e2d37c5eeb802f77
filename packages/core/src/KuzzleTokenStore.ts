/**
 * Keeps the token of a session across reloads of the page and restarts of the process. All clients of one store share
 * one session. Without a store the token is lost with the client.
 *
 * `BrowserKuzzleStore.layerTokens` shares a session between the tabs of a browser, `NodeKuzzleStore.layerTokens` between
 * processes. `layerKeyValueStore` works with any `KeyValueStore` of `@effect/platform`, and shares the session between
 * the clients of one process.
 *
 * @example
 * ```ts
 * import { BrowserKuzzle, BrowserKuzzleStore } from "@effect-kuzzle/browser"
 * import { Layer } from "effect"
 *
 * // Scripts of the page can read the local storage, unlike a cookie.
 * export const live = Layer.provide(
 *   BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" }),
 *   BrowserKuzzleStore.layerTokens()
 * )
 * ```
 *
 * @example
 * ```ts
 * import { NodeKuzzle, NodeKuzzleStore } from "@effect-kuzzle/node"
 * import { Layer } from "effect"
 *
 * // The token is stored unencrypted, in a private file (mode 0600).
 * export const live = Layer.provide(
 *   NodeKuzzle.layer({ url: "wss://kuzzle.example.org" }),
 *   NodeKuzzleStore.layerTokens(".session")
 * )
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SharedToken from "./internal/runtime/sharedToken.ts"
import * as KeyValue from "./internal/services/keyValue.ts"
import * as Lock from "./internal/services/lock.ts"
import type { Store, StoredToken } from "./internal/services/tokenStore.ts"
import { TokenStoreError } from "./KuzzleError.ts"

export {
  /**
   * Stores a token. `from` makes a service of it. A client whose store fails, or does not answer for 10 s, continues
   * without it, and reports that in its events.
   *
   * @since 0.1.0
   * @category models
   */
  type Store,
  /**
   * A token and its user.
   *
   * @since 0.1.0
   * @category models
   */
  type StoredToken
} from "./internal/services/tokenStore.ts"

/**
 * The code that shares a session by a store. It is opaque: `from` makes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SharedSession {
  /** @internal */
  readonly make: (store: Store, failed: (error: TokenStoreError) => void) => SharedToken.SharedToken
}

/**
 * The interface of the service, which `from` makes of a store.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleTokenStoreShape extends Store {
  /** It is part of the service, so that only pages with a store contain its code. */
  readonly sharedSession: SharedSession
}

/**
 * The service of a store.
 *
 * @since 0.1.0
 * @category constructors
 */
export const from = (store: Store): KuzzleTokenStoreShape => ({ ...store, sharedSession: SharedToken })

/**
 * The service that stores the token. Its value is `undefined` if there is no store.
 *
 * @since 0.1.0
 * @category references
 */
export class KuzzleTokenStore extends Context.Reference<KuzzleTokenStore>()("@effect-kuzzle/core/KuzzleTokenStore", {
  defaultValue: (): KuzzleTokenStoreShape | undefined => undefined
}) {}

/**
 * Options of a store.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The key of the entry. Default: `kuzzle-token`. Clients of different users that share a store need different keys.
   */
  readonly key?: string | undefined
}

/**
 * How processes that share a `KeyValueStore` coordinate.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sharing {
  /** Locks the token for an exchange, until the scope closes. */
  readonly lock: Effect.Effect<void, never, Scope.Scope>
  /** Emits after a write of another process. */
  readonly changes: Stream.Stream<void>
}

/**
 * Makes a store from one entry of a `KeyValueStore`. Without `sharing`, only the clients of one process coordinate.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (values: KeyValueStore.KeyValueStore, key: string, sharing?: Sharing): KuzzleTokenStoreShape => {
  const local = localOf(values, key)
  const failing = (operation: TokenStoreError["operation"]) => (cause: { readonly message: string }) =>
    new TokenStoreError({ operation, issue: cause.message, cause })
  const write = Option.match<Effect.Effect<void, KeyValue.Failure>, StoredToken>({
    onNone: () => KeyValue.remove(values, key),
    onSome: (stored) => values.set(key, encode(stored))
  })
  return from({
    load: KeyValue.get(values, key).pipe(
      Effect.mapError(failing("load")),
      Effect.flatMap(Option.match({
        onNone: () => Effect.succeedNone,
        onSome: (text) => Effect.asSome(decode(text))
      }))
    ),
    save: (stored, replacing) =>
      Effect.gen(function*() {
        const there = yield* KeyValue.get(values, key)
        // An unreadable entry counts as no token: a login replaces it.
        const token = yield* Effect.option(Effect.flatMap(there, decode))
        if (!isSameToken(Option.map(token, ({ token }) => token), replacing)) return false
        yield* write(stored)
        local.written()
        return true
      }).pipe(
        local.write.withPermits(1),
        Effect.mapError(failing(Option.isSome(stored) ? "save" : "remove"))
      ),
    changes: sharing === undefined ? local.changes : Stream.merge(local.changes, sharing.changes),
    exclusive: Lock.under(sharing?.lock ?? Lock.ofSemaphore(local.exchange))
  })
}

const isSameToken = Option.getEquivalence<Redacted.Redacted>((one, other) =>
  Redacted.value(one) === Redacted.value(other)
)

/** The state that the clients of this process share for one entry. */
interface Local {
  readonly exchange: Effect.Semaphore
  readonly write: Effect.Semaphore
  readonly written: () => void
  readonly changes: Stream.Stream<void>
}

const locals = new WeakMap<KeyValueStore.KeyValueStore, Map<string, Local>>()

const localOf = (values: KeyValueStore.KeyValueStore, key: string): Local => {
  const ofStore = locals.get(values) ?? new Map<string, Local>()
  locals.set(values, ofStore)
  const local = ofStore.get(key) ?? makeLocal()
  ofStore.set(key, local)
  return local
}

const makeLocal = (): Local => {
  const listeners = new Set<() => void>()
  return {
    exchange: Effect.unsafeMakeSemaphore(1),
    write: Effect.unsafeMakeSemaphore(1),
    written: () => {
      for (const listener of listeners) listener()
    },
    changes: Stream.asyncPush<void>((emit) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const listener = () => void emit.single()
          listeners.add(listener)
          return listener
        }),
        (listener) => Effect.sync(() => listeners.delete(listener))
      ), { bufferSize: 1, strategy: "sliding" })
  }
}

/**
 * Stores the token in the `KeyValueStore` that is provided. Clients that get the same store object share the session.
 * Other processes are neither notified of changes nor locked out.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore = (
  { key = defaultKey }: Options = {}
): Layer.Layer<KuzzleTokenStore, never, KeyValueStore.KeyValueStore> =>
  Layer.effect(KuzzleTokenStore, Effect.map(KeyValueStore.KeyValueStore, (values) => make(values, key)))

/**
 * The default key of the token.
 *
 * @since 0.1.0
 * @category models
 */
export const defaultKey = "kuzzle-token"

/** The version of the format, for later releases. */
const version = 1

const encode = ({ expiresAt, kuid, token }: StoredToken): string =>
  JSON.stringify({
    version,
    kuid,
    token: Redacted.value(token),
    expiresAt: Option.getOrUndefined(Option.map(expiresAt, DateTime.toEpochMillis))
  })

const decode = (text: string): Effect.Effect<StoredToken, TokenStoreError> =>
  Effect.suspend(() => {
    const stored = parse(text)
    if (stored === undefined) return unreadable("it is not a JSON object")
    if (stored.version !== version) return unreadable(`it is not of version ${version}`)
    const { expiresAt, kuid, token } = stored
    if (typeof token !== "string" || token === "") return unreadable("it has no token")
    if (typeof kuid !== "string") return unreadable("it does not name the user of the token")
    const end = expiresAt === undefined ? Option.none() : timeOf(expiresAt)
    if (expiresAt !== undefined && Option.isNone(end)) return unreadable("its expiry is not a time")
    return Effect.succeed({ token: Redacted.make(token), expiresAt: end, kuid })
  })

/** Milliseconds since the epoch, in the stored form. */
const timeOf = (millis: unknown): Option.Option<DateTime.Utc> =>
  typeof millis === "number" ? DateTime.make(millis) : Option.none()

/** Parses a text. The error does not contain the parser's message, which would show a part of the text. */
const parse = (text: string): { readonly [member: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? { ...value } : undefined
  } catch {
    return undefined // The caller reports it.
  }
}

const unreadable = (issue: string) =>
  Effect.fail(new TokenStoreError({ operation: "load", issue: `the stored entry is invalid: ${issue}` }))
