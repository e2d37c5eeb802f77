/**
 * Live documents: the documents of a query and all their changes, until the scope closes.
 *
 * The set is read when its subscription is in force, and then follows the notifications. After every gap it is read
 * again. These rules merge a read with the notifications around it:
 *
 * 1. The subscription is in force before the read begins. Notifications during the read are held back.
 * 2. The latest notification that was held back for a document overrides what was read.
 * 3. Afterwards every notification is applied in the order in which it came.
 * 4. If both have a `_version`, the lower one never overrides the higher one.
 * 5. After a gap the whole set is read again.
 *
 * A live query with a filter subscribes to the whole collection and applies the filter itself. The server notifies that
 * a document has left a filter only if an earlier write of it matched the filter during the subscription (observed). So
 * the live query reports every document that leaves, as `Exited` and not as `Deleted`.
 *
 * Every field of a filter must be mapped. Koncorde compares the values of a document, but a search only finds fields
 * that the collection's mappings contain. A filter on any other field fails with a `KuzzleUnsearchableFilterError` that
 * says what to map. If the user may not read the mappings, the filter is not checked, and a warning is logged.
 *
 * Some notifications are incomplete. If `document:upsert` creates a document, the notification has no id. Notifications
 * of `mCreateOrReplace` with `source: false` have no content. The whole set is read after an incomplete notification.
 * Between two such reads, there is a pause of at least a second, and of at least four times the duration of the last
 * read. One read finds everything that was written meanwhile.
 *
 * A live query cannot follow writes without notifications: silent writes, `bulk` without `notify`, and the deletion of
 * a whole collection or index.
 *
 * @module
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Followed from "./internal/api/live.ts"
import type { Change, Documents, LiveDocument } from "./internal/api/live.ts"
import { Observers, sizeOf } from "./internal/api/observers.ts"
import { retryTransient } from "./internal/api/retryTransient.ts"
import type { Kuzzle } from "./internal/client/client.ts"
import { type Issue as UnsearchableCondition, type Searchable, searchable } from "./internal/data/filter/mapped.ts"
import * as KuzzleCollection from "./KuzzleCollection.ts"
import * as KuzzleDocument from "./KuzzleDocument.ts"
import { isTokenDead, type RequestError, tagged } from "./KuzzleError.ts"
import * as KuzzleFilter from "./KuzzleFilter.ts"
import * as KuzzleRealtime from "./KuzzleRealtime.ts"
import * as KuzzleSearch from "./KuzzleSearch.ts"

/**
 * Which documents to follow: those with given ids, or those that match a filter. Without either, all documents of the
 * collection.
 *
 * @since 0.1.0
 * @category models
 */
export type Query =
  | (KuzzleCollection.Target & { readonly ids: ReadonlyArray<string> })
  | (KuzzleCollection.Target & {
    readonly ids?: undefined
    readonly filter?: KuzzleFilter.SearchFilter | undefined
    /**
     * Whether to refresh the collection before it is read. Default: `true`. A search does not see writes of the last
     * second. With `false`, such a document may be missing until it changes again. Use `false` for a user who may not
     * refresh, because the refusal would end the live query.
     */
    readonly refresh?: boolean | undefined
  })

export {
  /**
   * The latest known state of a document. Results of searches and some notifications have no `_version`. After a
   * replacement there is no `_kuzzle_info`.
   *
   * @since 0.1.0
   * @category models
   */
  type LiveDocument
} from "./internal/api/live.ts"

export {
  /**
   * A change of the set.
   *
   * - `Snapshot`: all documents. It comes at the start, after every read, and for an observer that was too slow.
   * - `Entered`: a document has entered the set: it was created, or changed so that it matches the filter.
   * - `Updated`: a document of the set has changed.
   * - `Exited`: a document still exists and no longer matches the filter. (With `KuzzleRepository`, it may also no
   *   longer fit the Schema.)
   * - `Deleted`: a document was deleted.
   * - `Stale`: notifications may have been lost. The set may be out of date until the next `Snapshot`.
   *
   * @since 0.1.0
   * @category models
   */
  type Change
} from "./internal/api/live.ts"

export {
  /**
   * Documents by their ids. The map is immutable. A document keeps its place in later maps. A new document comes last.
   *
   * @since 0.1.0
   * @category models
   */
  type Documents
} from "./internal/api/live.ts"

/**
 * A set of documents that is being followed, for any number of observers.
 *
 * @since 0.1.0
 * @category models
 */
export interface LiveQuery<out Document = LiveDocument, out E = LiveError, out Exited = Document> {
  /** The current documents. */
  readonly documents: Effect.Effect<Documents<Document>>
  /** A `Snapshot`, then every change. Ends when the scope closes. Fails if the subscription or a read is refused. */
  readonly changes: Stream.Stream<Change<Document, Exited>, E>
  /** The current documents, and again after every change. Simultaneous changes cause one element. */
  readonly values: Stream.Stream<Documents<Document>, E>
}

export {
  /**
   * A condition of a filter that a search cannot evaluate. `path` is its place in the filter. `mapping` is a mapping
   * with which it would work, as far as the filter shows.
   *
   * @since 0.1.0
   * @category models
   */
  type Issue as UnsearchableCondition
} from "./internal/data/filter/mapped.ts"

/**
 * With the collection's mappings, a search would miss documents that the filter matches, although their notifications
 * arrive. The live set would be wrong without any error, so the live query fails. Map the fields with
 * `KuzzleCollection.create`, or later with `KuzzleCollection.update` (with `reindexCollection: true` for existing
 * documents) or `KuzzleMappings`.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnsearchableFilterError extends tagged("KuzzleUnsearchableFilterError")<{
  readonly index: string
  readonly collection: string
  readonly conditions: ReadonlyArray<UnsearchableCondition>
}> {
  override get message(): string {
    const each = this.conditions.map(({ field, issue, mapping, path }) =>
      `${path} filters on ${field}: ${issue}; map ${field} as ${JSON.stringify(mapping)}`
    )
    return `a search of ${this.index}/${this.collection} does not find what the filter matches: ${each.join("; ")}. ` +
      `Add the mappings with KuzzleCollection.update, and reindexCollection: true for existing documents`
  }
}

/**
 * The errors of a live query.
 *
 * @since 0.1.0
 * @category errors
 */
export type LiveError =
  | RequestError
  | KuzzleFilter.FilterError
  | UnsearchableFilterError
  | KuzzleSearch.SearchError
  | Effect.Effect.Error<ReturnType<typeof KuzzleDocument.mGet>>
  | Effect.Effect.Error<ReturnType<typeof KuzzleCollection.refresh>>
  | KuzzleRealtime.SubscribeError

/**
 * Follows documents until the scope closes. Completes after the first read. Without a connection, it waits for the next
 * one. A read that the server refuses with a temporary error (429, 500, 502 to 504) is retried by
 * `KuzzleSchedule.retry()`. A subscription is retried by the setting `resubscribe`. When the schedule ends, the live
 * query fails with the error.
 *
 * @example
 * ```ts
 * import { Console, Effect, Stream } from "effect"
 * import { KuzzleFilter, KuzzleLiveQuery } from "@effect-kuzzle/core"
 *
 * export const board = Effect.scoped(Effect.gen(function*() {
 *   const free = yield* KuzzleLiveQuery.live({
 *     index: "nyc",
 *     collection: "taxi",
 *     filter: KuzzleFilter.equals("status", "free")
 *   })
 *   yield* Console.log(`${(yield* free.documents).size} are free`)
 *   yield* Stream.runForEach(free.changes, (change) =>
 *     change._tag === "Entered" ? Console.log("free now:", change.document._id) : Effect.void)
 * }))
 * ```
 *
 * @since 0.1.0
 * @category following
 */
export const live = (
  query: Query
): Effect.Effect<LiveQuery, LiveError, Kuzzle | KuzzleRealtime.KuzzleRealtime | Scope.Scope> =>
  Effect.gen(function*() {
    const { index, collection } = query
    yield* validated(query)
    const notifications = yield* KuzzleRealtime.open({ index, collection, filter: subscriptionOf(query) })
    const rereadRequests = { Gap: yield* Queue.sliding<void>(1), Incomplete: yield* Queue.sliding<void>(1) }
    const ready = yield* Deferred.make<void, LiveError>()
    const followed = Followed.make({
      belongs: belongsTo(query),
      publish: (change) => observers.publish(change, () => sizeOf(change)),
      reread: (reason) => void Queue.unsafeOffer(rereadRequests[reason], undefined)
    })
    const observers = new Observers<LiveDocument, LiveError>(followed.documents)

    const fail = (cause: Cause.Cause<LiveError>) =>
      Effect.suspend(() => {
        observers.fail(cause)
        return Deferred.failCause(ready, cause)
      })

    const follow = Stream.runForEach(notifications, (notification) =>
      Effect.sync(() => {
        if (notification.type === "gap") followed.gap(notification.cause)
        else if (notification.type === "document") followed.notified(notification)
      }))
    const documentsNow = reader(query)
    const readOnce: Effect.Effect<void, LiveError, Kuzzle> = Effect.suspend(() => {
      const number = followed.begin()
      return Effect.flatMap(documentsNow, (documents) => followed.finish(number, documents) ? Effect.void : readOnce)
    })
    /** Reads, then waits for a reason to read again, and returns it. */
    const readFor = (reason: Followed.RereadReason) =>
      Effect.gen(function*() {
        // A read that begins now includes all earlier notifications.
        yield* Queue.takeAll(rereadRequests.Incomplete)
        const [readTime] = yield* Effect.timed(readOnce)
        yield* Deferred.succeed(ready, undefined)
        const pause = reason === "Gap" ? 0 : Followed.pauseAfter(Duration.toMillis(readTime))
        return yield* Effect.raceFirst(
          Effect.as(Queue.take(rereadRequests.Gap), "Gap" as const),
          Effect.as(Effect.delay(Queue.take(rereadRequests.Incomplete), pause), "Incomplete" as const)
        )
      })
    const readWhenRequested = Effect.iterate<Followed.RereadReason, Kuzzle, LiveError>("Gap", {
      while: () => true,
      body: readFor
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => observers.end()))
    yield* Effect.forkScoped(Effect.catchAllCause(follow, fail))
    yield* Effect.forkScoped(Effect.catchAllCause(readWhenRequested, fail))
    yield* Deferred.await(ready)
    return observers.live
  })

/**
 * Refuses filters that a search understands differently, because the search would find other documents than the
 * subscription.
 */
const validated = (query: Query): Effect.Effect<void, KuzzleFilter.FilterError> => {
  const issues = query.ids !== undefined || query.filter === undefined ? [] : KuzzleFilter.validateSearch(query.filter)
  return issues.length === 0 ? Effect.void : Effect.fail(new KuzzleFilter.FilterError({ issues }))
}

const subscriptionOf = (query: Query): KuzzleFilter.Filter | undefined =>
  query.ids === undefined ? undefined : KuzzleFilter.ids(query.ids)

const belongsTo = (query: Query): (document: LiveDocument) => boolean => {
  if (query.ids !== undefined) {
    const ids = new Set(query.ids)
    // A notification without an id is handled by `Followed`.
    return ({ _id }) => _id === "" || ids.has(_id)
  }
  if (query.filter === undefined) return () => true
  const matches = KuzzleFilter.matchesSearch(query.filter)
  return ({ _id, _source }) => matches({ ..._source, _id })
}

type Read = Effect.Effect<Iterable<LiveDocument>, LiveError, Kuzzle>

/** Makes the effect that reads the documents of a query. */
const reader = (query: Query): Read => {
  const { index, collection } = query
  if (query.ids !== undefined) {
    return repeated(
      Effect.map(KuzzleDocument.mGet({ index, collection, ids: query.ids }), ({ successes }) => successes)
    )
  }
  const { filter = {}, refresh } = query
  /** The filter to search by, once the mappings can no longer change it. */
  let settled: Searchable["filter"] | undefined
  const toSearch = Effect.suspend(() =>
    settled !== undefined
      ? Effect.succeed(settled)
      : Effect.map(checked({ index, collection }, filter), (checked) => {
        if (checked.settled) settled = checked.filter
        return checked.filter
      })
  )
  const refreshed = refresh === false ? Effect.void : KuzzleCollection.refresh({ index, collection })
  return repeated(
    Effect.flatMap(
      Effect.zipRight(refreshed, toSearch),
      (filter) =>
        Stream.runCollect(KuzzleSearch.hits({
          index,
          collection,
          // Safe: `searchable` returns a filter for searches.
          filter: filter as KuzzleFilter.SearchFilter,
          size: 500
        }))
    )
  )
}

const repeated = (read: Read): Read => retryTransient(read, { repeatable: true })

/** Checks the filter against the mappings. They are read only if the filter depends on them. */
const checked = (
  target: KuzzleCollection.Target,
  filter: KuzzleFilter.SearchFilter
): Effect.Effect<Pick<Searchable, "filter" | "settled">, LiveError, Kuzzle> => {
  const unchecked = { filter: { ...filter }, settled: true }
  if (Object.keys(filter).length === 0) return Effect.succeed(unchecked)
  return KuzzleCollection.getMapping({ ...target, includeKuzzleMeta: true }).pipe(
    Effect.flatMap((mappings) => {
      const { issues, ...rest } = searchable(unchecked.filter, { ...mappings })
      return issues.length > 0
        ? Effect.fail(new UnsearchableFilterError({ ...target, conditions: issues }))
        : Effect.succeed(rest)
    }),
    Effect.catchIf(
      (error) => error._tag === "KuzzleForbiddenError" || isRightless(error),
      () =>
        Effect.as(
          Effect.logInfo(
            `the filter of a live search of ${target.index}/${target.collection} is not checked: collection:getMapping is ` +
              `not allowed, and a field that is not mapped would go unnoticed`
          ),
          unchecked
        )
    )
  )
}

/** Whether the user has no right. Kuzzle refuses anonymous users with a 401, like users whose token has expired. */
const isRightless = (error: LiveError): boolean => error._tag === "KuzzleUnauthorizedError" && !isTokenDead(error)
