/**
 * Where the offline queue is kept that shall outlive the client: a page that is loaded again, a process that is killed. By
 * default nowhere. It belongs to the setting `autoQueue`.
 *
 * A request is in the store from the moment it is queued until it is settled; one that is not declared idempotent leaves it
 * before it is sent, so that no restart sends it twice. What an earlier client has left is sent in order, each request as
 * the user who made it and only when that user is logged in. Nobody waits for its answer any more: the events of the client
 * tell what becomes of it.
 *
 * A request that contains a `Redacted` value, or a value that a Schema has revealed, is never written to the store. It
 * waits in memory only, and the event `QueueStoreFailed` reports it with a `QueueStoreError` whose `reason` is
 * `"Secret"`.
 *
 * @example
 * ```ts
 * import { KuzzleQueueStore } from "@effect-kuzzle/core"
 * import { BrowserKuzzle, BrowserKuzzleStore } from "@effect-kuzzle/browser"
 * import { Layer } from "effect"
 *
 * const store = Layer.provide(KuzzleQueueStore.layerKeyValueStore(), BrowserKuzzleStore.layerLocalStorage)
 *
 * export const live = Layer.provide(BrowserKuzzle.layer({ autoQueue: true, queueTTL: "1 day" }), store)
 * ```
 *
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { QueueStoreError } from "./KuzzleError.ts"

/**
 * A request that waits for a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredRequest {
  readonly id: string
  readonly controller: string
  readonly action: string
  /** The request as JSON, its closing brace left off. */
  readonly encoded: string
  readonly volatile: Readonly<Record<string, unknown>> | undefined
  readonly idempotent: boolean
  /** It is to be sent without a session, whoever is logged in. */
  readonly anonymous: boolean
  /** Who made it; `undefined`: nobody was logged in. */
  readonly user: string | undefined
  /** Milliseconds since the epoch. */
  readonly queuedAt: number
}

/**
 * What a `KuzzleQueueStore` does. A client whose store fails goes on without it, and says so in its events.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleQueueStoreShape {
  /** What is left, oldest first. */
  readonly load: Effect.Effect<ReadonlyArray<StoredRequest>, QueueStoreError>
  readonly add: (request: StoredRequest) => Effect.Effect<void, QueueStoreError>
  readonly remove: (id: string) => Effect.Effect<void, QueueStoreError>
}

/**
 * The service that keeps the queue. `undefined`: nothing does.
 *
 * @since 0.1.0
 * @category references
 */
export class KuzzleQueueStore extends Context.Reference<KuzzleQueueStore>()("@effect-kuzzle/core/KuzzleQueueStore", {
  defaultValue: (): KuzzleQueueStoreShape | undefined => undefined
}) {}

/**
 * What differs from one client to another.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What its keys begin with; clients that share a store need different ones. `kuzzle-queue` by default. */
  readonly key?: string | undefined
}

/** So that a later release can tell what an earlier one has written. */
const version = 1

/** The bounds of what is stored are written once for so many requests: what they cost must not grow with the queue. */
const block = 64

/**
 * Keeps the queue in the `KeyValueStore` that is provided, each request under a key of its own: adding one costs the same
 * however many there are.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore = (
  { key = "kuzzle-queue" }: Options = {}
): Layer.Layer<KuzzleQueueStore, never, KeyValueStore.KeyValueStore> =>
  Layer.effect(
    KuzzleQueueStore,
    Effect.map(KeyValueStore.KeyValueStore, (store): KuzzleQueueStoreShape => {
      /** Where each request is. */
      const numbers = new Map<string, number>()
      /** Requests have numbers from `first` to below `next`; the store is looked through up to `bound`. */
      let first = 0
      let next = 0
      let bound = 0

      const failed = (operation: QueueStoreError["operation"]) => (cause: { readonly message: string }) =>
        new QueueStoreError({ operation, issue: cause.message, cause })
      const remove = (name: string) =>
        Effect.catchIf(
          store.remove(name),
          // A file system misses what is not there.
          (error) => error._tag === "SystemError" && error.reason === "NotFound",
          () => Effect.void
        )
      const writeBounds = Effect.suspend(() => store.set(key, JSON.stringify({ version, first, bound })))

      return {
        load: Effect.gen(function*() {
          const bounds = yield* Effect.map(store.get(key), Option.flatMap(parse))
          if (Option.isNone(bounds)) return []
          if (bounds.value.version !== version) {
            return yield* new QueueStoreError({
              operation: "load",
              issue: `what is stored is not of version ${version}`
            })
          }
          first = numberOr(bounds.value.first, 0)
          bound = next = numberOr(bounds.value.bound, first)
          const found: Array<StoredRequest> = []
          for (let number = first; number < bound; number++) {
            const request = yield* Effect.map(store.get(`${key}/${number}`), Option.flatMap(readRequest))
            if (Option.isNone(request)) continue
            numbers.set(request.value.id, number)
            found.push(request.value)
          }
          return found
        }).pipe(Effect.catchTags({
          BadArgument: (cause) => failed("load")(cause),
          SystemError: (cause) => failed("load")(cause)
        })),
        add: (request) =>
          Effect.suspend(() => {
            const number = next++
            numbers.set(request.id, number)
            const write = store.set(`${key}/${number}`, JSON.stringify(request))
            if (next <= bound) return write
            bound = next + block - 1
            return Effect.zipRight(writeBounds, write)
          }).pipe(Effect.mapError(failed("add"))),
        remove: (id) =>
          Effect.suspend(() => {
            const number = numbers.get(id)
            if (number === undefined) return Effect.void
            numbers.delete(id)
            const gone = remove(`${key}/${number}`)
            if (numbers.size > 0) return gone
            // Nothing is left: the next client need not look.
            first = next
            bound = next
            return Effect.zipRight(gone, remove(key))
          }).pipe(Effect.mapError(failed("remove")))
      }
    })
  )

const parse = (text: string): Option.Option<{ readonly [member: string]: unknown }> => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? Option.some({ ...value }) : Option.none()
  } catch {
    return Option.none() // somebody else's
  }
}

const numberOr = (
  value: unknown,
  otherwise: number
): number => (Number.isSafeInteger(value) ? Number(value) : otherwise)

const readRequest = (text: string): Option.Option<StoredRequest> =>
  Option.flatMap(
    parse(text),
    ({ action, anonymous, controller, encoded, id, idempotent, queuedAt, user, volatile }) =>
      typeof id === "string" && typeof controller === "string" && typeof action === "string" &&
        typeof encoded === "string" && typeof queuedAt === "number"
        ? Option.some({
          id,
          controller,
          action,
          encoded,
          volatile: typeof volatile === "object" && volatile !== null ? { ...volatile } : undefined,
          idempotent: idempotent === true,
          anonymous: anonymous === true,
          user: typeof user === "string" ? user : undefined,
          queuedAt
        })
        : Option.none()
  )
