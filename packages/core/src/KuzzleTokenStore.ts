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
import * as KeyValue from "./internal/services/keyValue.ts"
import * as Lock from "./internal/services/lock.ts"
import { TokenStoreError } from "./KuzzleError.ts"

/**
 * A token and its user.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredToken {
  readonly token: Redacted.Redacted
  /** By the clock of this machine. None for a token that never expires, or whose end is unknown. */
  readonly expiresAt: Option.Option<DateTime.Utc>
  /** The user's id. */
  readonly kuid: string
}

/**
 * The interface of a token store. A client whose store fails continues without it, and reports the failure in its
 * events.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleTokenStoreShape {
  /** Reads the stored token. Also fails if the entry holds something else. */
  readonly load: Effect.Effect<Option.Option<StoredToken>, TokenStoreError>
  /**
   * Stores or removes a token, provided that the store holds the token `replacing` (or none). Otherwise changes nothing
   * and returns `false`: another client was faster.
   */
  readonly save: (
    stored: Option.Option<StoredToken>,
    replacing: Option.Option<Redacted.Redacted>
  ) => Effect.Effect<boolean, TokenStoreError>
  /**
   * Emits after a write of another client, and possibly after this client's own. `load` then returns the current value.
   */
  readonly changes: Stream.Stream<void>
  /**
   * Runs an exchange of the token while no other client runs one. If others take longer than 3 s, it runs without the
   * lock. That is safe, because `save` decides who wins: the lock only avoids needless exchanges.
   */
  readonly exclusive: <A, E, R>(exchange: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * The service that keeps the token. Its value is `undefined` if there is no store.
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
   * The key of the entry; `kuzzle-token` by default. Clients of different users that share a store need different keys.
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
 * A store in one entry of a `KeyValueStore`. Without `sharing`, only the clients of one process coordinate.
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
  return {
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
  }
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
 * Keeps the token in the `KeyValueStore` that is provided. Clients that get the same store object share the session.
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

/** A version, so that a later release recognizes the format. */
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

/** Without the parser's message, which would show part of the text. */
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
