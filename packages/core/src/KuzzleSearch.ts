/**
 * Searches as streams: every document that is found, page by page, however many there are.
 *
 * Three ways to go from page to page, each with what it cannot do:
 *
 * - `scroll` (the usual one): the server keeps what was found when the search began. No hit is lost or repeated, even while
 *   the collection changes, for any sort. A consumer that is slower than `keepAlive` between two pages gets a
 *   `ScrollNotFoundError`.
 * - `searchAfter`: each page begins after the last hit of the one before. Nothing is kept on the server, so that a
 *   consumer may take its time; but it needs the values that the last hit was sorted by, which Kuzzle does not tell
 *   (spec 0.19). They are taken from the document where that is sound; where not, it fails instead of losing hits.
 * - `fromSize`: pages by number, up to the 10,000th hit. Writes in between shift the pages.
 *
 * @module
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Kuzzle } from "./internal/client.ts"
import * as Json from "./internal/json.ts"
import * as Setting from "./internal/setting.ts"
import * as KuzzleDocument from "./KuzzleDocument.ts"
import { EncodeError, TypeId } from "./KuzzleError.ts"

// -------------------------------------------------------------------------------------------------------------------
// what is asked
// -------------------------------------------------------------------------------------------------------------------

type Request = KuzzleDocument.SearchOptions & KuzzleDocument.Selection & KuzzleDocument.SearchTarget

/**
 * What to find: the options of `KuzzleDocument.search`, where `size` is that of a page (100 by default).
 *
 * @since 0.1.0
 * @category models
 */
export type Options<A extends Aggregations = Aggregations> =
  & Omit<KuzzleDocument.SearchOptions, "from" | "scroll" | "search_after" | "aggregations">
  & KuzzleDocument.Selection
  & KuzzleDocument.SearchTarget
  & {
    readonly aggregations?: A | undefined
    /** `scroll()` by default; with `collapse`, which cannot be scrolled, `fromSize()`. */
    readonly strategy?: Strategy | undefined
  }

/**
 * How to go from page to page.
 *
 * @since 0.1.0
 * @category strategies
 */
export type Strategy = Scroll | SearchAfter | FromSize

/**
 * @since 0.1.0
 * @category strategies
 */
export interface Scroll {
  readonly _tag: "Scroll"
  readonly keepAlive: Duration.DurationInput
}

/**
 * @since 0.1.0
 * @category strategies
 */
export interface SearchAfter {
  readonly _tag: "SearchAfter"
  readonly tiebreaker: string
  readonly cursor: ((hit: KuzzleDocument.Hit) => Cursor) | undefined
}

/**
 * @since 0.1.0
 * @category strategies
 */
export interface FromSize {
  readonly _tag: "FromSize"
  readonly tiebreaker: string
}

/**
 * What a hit was sorted by: one value for each key of the sort, the tiebreaker's last.
 *
 * @since 0.1.0
 * @category models
 */
export type Cursor = ReadonlyArray<string | number | boolean | null>

/**
 * The server keeps the search for `keepAlive` (30 seconds by default, a minute at most unless the server is set up
 * otherwise) after each page. There is no way to end a scroll early: one whose stream is interrupted is kept that long.
 *
 * The first page is asked for without a scroll, which most searches then never need: Elasticsearch allows 500 at a time.
 *
 * @since 0.1.0
 * @category strategies
 */
export const scroll = (options: { readonly keepAlive?: Duration.DurationInput | undefined } = {}): Scroll => ({
  _tag: "Scroll",
  keepAlive: options.keepAlive ?? "30 seconds"
})

/**
 * Each page begins after the last hit of the one before.
 *
 * The sort is completed by `tiebreaker`, a field that every document has and no two share: `_id` by default, which will do
 * for one collection but not for several. The values that a hit was sorted by are taken from the document, where they are
 * plain: a text, a number, a boolean. It fails with `CursorError` where they cannot be known: a sub-field
 * (`name.keyword`), a list, a script, a distance; a missing value, unless the sort says by `missing` what stands for it.
 * For these, and for a field whose mapping changes its values (a normalizer, `scaled_float`), give `cursor`, or scroll.
 *
 * @since 0.1.0
 * @category strategies
 */
export const searchAfter = (options: {
  readonly tiebreaker?: string | undefined
  /** The values that a hit was sorted by, the tiebreaker's last. */
  readonly cursor?: ((hit: KuzzleDocument.Hit) => Cursor) | undefined
} = {}): SearchAfter => ({
  _tag: "SearchAfter",
  tiebreaker: options.tiebreaker ?? "_id",
  cursor: options.cursor
})

/**
 * Pages by number, up to the 10,000th hit: then it fails with `SearchWindowError`. The sort (by score, where there is none)
 * is completed by `tiebreaker`, `_id` by default: copies of a collection order equal hits each in its own way.
 *
 * @since 0.1.0
 * @category strategies
 */
export const fromSize = (options: { readonly tiebreaker?: string | undefined } = {}): FromSize => ({
  _tag: "FromSize",
  tiebreaker: options.tiebreaker ?? "_id"
})

// -------------------------------------------------------------------------------------------------------------------
// errors
// -------------------------------------------------------------------------------------------------------------------

/**
 * `searchAfter` cannot know what the last hit of a page was sorted by, so that it cannot say where the next page begins.
 *
 * @since 0.1.0
 * @category errors
 */
export class CursorError extends Data.TaggedError("KuzzleCursorError")<{
  /** The key of the sort. */
  readonly field: string
  /** The hit, when it is about one. */
  readonly _id?: string
  readonly issue: string
}> {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const where = this._id === undefined ? "" : ` of document ${this._id}`
    return `cannot search after "${this.field}"${where}: ${this.issue}; give a cursor, or scroll`
  }
}

/**
 * `fromSize` has come to the last hit that Elasticsearch shows by number, and there are more.
 *
 * @since 0.1.0
 * @category errors
 */
export class SearchWindowError extends Data.TaggedError("KuzzleSearchWindowError")<{
  readonly limit: number
  readonly total: number
}> {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${this.total} documents were found, and only the first ${this.limit} can be had by number: scroll`
  }
}

/**
 * What a search as a stream can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type SearchError =
  | Effect.Effect.Error<ReturnType<typeof KuzzleDocument.search>>
  | Effect.Effect.Error<ReturnType<typeof KuzzleDocument.scroll>>
  | CursorError
  | SearchWindowError

// -------------------------------------------------------------------------------------------------------------------
// aggregations and suggestions
// -------------------------------------------------------------------------------------------------------------------

/**
 * What is asked of all that was found, by name, in the words of Elasticsearch.
 *
 * @since 0.1.0
 * @category aggregations
 */
export interface Aggregations {
  readonly [name: string]: Aggregation
}

/**
 * @since 0.1.0
 * @category aggregations
 */
export interface Aggregation {
  readonly aggs?: Aggregations
  readonly aggregations?: Aggregations
  readonly [kind: string]: unknown
}

/**
 * What comes back for aggregations: typed by what was asked.
 *
 * @since 0.1.0
 * @category aggregations
 */
export type AggregationResults<A> = { readonly [Name in keyof A]: AggregationResult<A[Name]> }

type Nested<A> = A extends { readonly aggs: infer Sub } ? AggregationResults<Sub>
  : A extends { readonly aggregations: infer Sub } ? AggregationResults<Sub>
  : {}

type Bucket<Key, A> = { readonly key: Key; readonly doc_count: number } & Nested<A>

type RangeBucket<A> =
  & { readonly key: string; readonly from?: number; readonly to?: number; readonly doc_count: number }
  & Nested<A>

type Group<A> = { readonly doc_count: number } & Nested<A>

type Value<A extends string> = { readonly [Kind in A]: unknown }

/**
 * What comes back for one aggregation. A kind that is not told apart here gives an object of unknown members.
 *
 * @since 0.1.0
 * @category aggregations
 */
export type AggregationResult<A> = A extends Value<"terms"> ? {
    readonly buckets: ReadonlyArray<Bucket<string | number, A>>
    readonly doc_count_error_upper_bound: number
    readonly sum_other_doc_count: number
  }
  : A extends Value<"histogram"> ? { readonly buckets: ReadonlyArray<Bucket<number, A>> }
  : A extends Value<"date_histogram">
    ? { readonly buckets: ReadonlyArray<Bucket<number, A> & { readonly key_as_string: string }> }
  : A extends Value<"range"> | Value<"date_range"> ? { readonly buckets: ReadonlyArray<RangeBucket<A>> }
  : A extends Value<"filter"> | Value<"missing"> | Value<"global"> | Value<"nested"> | Value<"reverse_nested"> ?
    Group<A>
  // A metric of nothing has no value.
  : A extends Value<"min"> | Value<"max"> | Value<"avg">
    ? { readonly value: number | null; readonly value_as_string?: string }
  : A extends Value<"sum"> | Value<"value_count"> | Value<"cardinality"> ? { readonly value: number }
  : A extends Value<"stats"> ? {
      readonly count: number
      readonly min: number | null
      readonly max: number | null
      readonly avg: number | null
      readonly sum: number
    }
  : A extends Value<"percentiles"> ? { readonly values: Readonly<Record<string, number | null>> }
  : Readonly<Record<string, unknown>>

/**
 * What comes back for suggestions: for each name, one entry for each part of the text.
 *
 * @since 0.1.0
 * @category aggregations
 */
export interface Suggestions {
  readonly [name: string]: ReadonlyArray<Suggestion>
}

/**
 * @since 0.1.0
 * @category aggregations
 */
export interface Suggestion {
  readonly text: string
  readonly offset: number
  readonly length: number
  readonly options: ReadonlyArray<{ readonly text: string; readonly [member: string]: unknown }>
}

/**
 * A page of what was found. Aggregations and suggestions are of all that was found, and come with the first page only.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<A extends Aggregations = Aggregations> {
  readonly hits: ReadonlyArray<KuzzleDocument.Hit>
  /** How many there are in all. */
  readonly total: number
  readonly aggregations?: AggregationResults<A>
  readonly suggest?: Suggestions
}

// -------------------------------------------------------------------------------------------------------------------
// streams
// -------------------------------------------------------------------------------------------------------------------

/**
 * Every document that is found, one after the other. A page is asked for when the one before has been consumed: no more
 * than one is in memory. `hits<Taxi>` says what the documents hold, and nothing checks it.
 *
 * @example
 * ```ts
 * import { Console, Stream } from "effect"
 * import { KuzzleFilter, KuzzleSearch } from "@effect-kuzzle/core"
 *
 * export const freeTaxis = KuzzleSearch.hits({
 *   index: "nyc",
 *   collection: "taxi",
 *   filter: KuzzleFilter.equals("status", "free"),
 *   sort: [{ seats: "desc" }]
 * }).pipe(Stream.runForEach((hit) => Console.log(hit._id, hit._source)))
 * ```
 *
 * @since 0.1.0
 * @category searching
 */
export const hits = <Source = KuzzleDocument.Content>(
  options: Options
): Stream.Stream<KuzzleDocument.Hit<Source>, SearchError, Kuzzle> =>
  // The caller says what the documents hold.
  Stream.mapConcatChunk(pages(options), (page) => Chunk.unsafeFromArray(page.hits)) as Stream.Stream<
    KuzzleDocument.Hit<Source>,
    SearchError,
    Kuzzle
  >

/**
 * The same, page by page, with aggregations and suggestions. There is always a first page, an empty one when nothing is
 * found.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { KuzzleSearch } from "@effect-kuzzle/core"
 *
 * export const statuses = KuzzleSearch.pages({
 *   index: "nyc",
 *   collection: "taxi",
 *   aggregations: { status: { terms: { field: "status" } } }
 * }).pipe(
 *   Stream.runHead,
 *   Effect.flatten,
 *   Effect.map((page) => page.aggregations?.status.buckets.map(({ doc_count, key }) => [key, doc_count]))
 * )
 * ```
 *
 * @since 0.1.0
 * @category searching
 */
export const pages = <const A extends Aggregations = {}>(
  options: Options<A>
): Stream.Stream<Page<A>, SearchError, Kuzzle> =>
  Stream.suspend(() => {
    const { collapse, strategy = collapse === undefined ? scroll() : fromSize(), ...given } = options
    // `copied` has a filter where the options have one, and a query where they have a query.
    const request = { size: 100, ...given, ...copied(options) } as Request
    // The shapes of aggregations and suggestions are Elasticsearch's: the types say what its documentation says.
    return walk(strategy, request) as Stream.Stream<Page<A>, SearchError, Kuzzle>
  })

type Pages = Stream.Stream<KuzzleDocument.SearchResult, SearchError, Kuzzle>

const walk = (strategy: Strategy, request: Request): Pages => {
  switch (strategy._tag) {
    case "Scroll":
      return scrolling(request, strategy)
    case "SearchAfter":
      return following(request, strategy)
    case "FromSize":
      return counting(request, strategy)
  }
}

/**
 * The pages of any search that scrolls, such as those for users, profiles and specifications: what it gives first, and
 * then what comes for each scroll id.
 *
 * @example
 * ```ts
 * import { KuzzleSearch, KuzzleSecurity } from "@effect-kuzzle/core"
 *
 * export const users = KuzzleSearch.scrolled(
 *   KuzzleSecurity.searchUsers({ size: 100, scroll: "10s" }),
 *   (scrollId) => KuzzleSecurity.scrollUsers({ scrollId, scroll: "10s" })
 * )
 * ```
 *
 * @since 0.1.0
 * @category searching
 */
export const scrolled = <P extends Scrolled, E, R, E2, R2>(
  first: Effect.Effect<P, E, R>,
  next: (scrollId: string) => Effect.Effect<P, E2, R2>
): Stream.Stream<P, E | E2, R | R2> => {
  const begin: { readonly page: Effect.Effect<P, E | E2, R | R2>; readonly fetched: number } = {
    page: first,
    fetched: 0
  }
  return Stream.paginateEffect(begin, ({ fetched, page }) =>
    Effect.map(page, (found) => {
      const seen = fetched + found.hits.length
      return [
        found,
        found.hits.length === 0 || seen >= found.total || found.scrollId === undefined
          ? Option.none()
          : Option.some({ page: next(found.scrollId), fetched: seen })
      ]
    }))
}

/**
 * A page with the key to the next one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scrolled {
  readonly hits: ReadonlyArray<unknown>
  readonly total: number
  readonly scrollId?: string | undefined
}

type Copied = KuzzleDocument.SearchOptions & KuzzleDocument.Selection

/**
 * Every page is asked for with what was asked first, whatever becomes of the caller's objects. What cannot be sent stays as
 * it is: sending it says what is wrong.
 */
const copied = (
  { _source, aggregations, collapse, filter, highlight, post_filter, query, sort, suggest }: Copied
): Copied => {
  // One of `filter` and `query` is undefined, as in what was given.
  const given = { _source, aggregations, collapse, filter, highlight, post_filter, query, sort, suggest } as Copied
  const json = Json.stringify(given)
  // JSON of these very members.
  return typeof json === "string" ? JSON.parse(json) as Copied : given
}

const scrolling = (request: Request, { keepAlive }: Scroll): Pages => {
  const span = Setting.duration(keepAlive)
  if (Either.isLeft(span)) {
    const { issue, value } = span.left
    return Stream.fail(
      new EncodeError({ controller: "document", action: "search", issue: `keepAlive is ${value}: ${issue}` })
    )
  }
  const ttl = `${Math.ceil(Duration.toMillis(span.right))}ms`
  const { timeout, volatile } = request
  return scrolled<KuzzleDocument.SearchResult, SearchError, Kuzzle, SearchError, Kuzzle>(
    Effect.flatMap(
      KuzzleDocument.search(request),
      (page) =>
        // A cursor holds memory of the server until it expires, no action gives it back, and the server has few: where one
        // page is all, or no hits are wanted but aggregations, none is opened. Otherwise the first page is asked for again,
        // for the cursor shows the moment in which it is opened.
        page.hits.length === 0 || page.hits.length >= page.total
          ? Effect.succeed(page)
          : KuzzleDocument.search({ ...request, scroll: ttl })
    ),
    (scrollId) => KuzzleDocument.scroll({ scrollId, scroll: ttl, timeout, volatile })
  )
}

type Place = Pick<KuzzleDocument.SearchOptions, "sort" | "search_after" | "from" | "size">

interface Step<S> {
  readonly place: Effect.Effect<S, CursorError | SearchWindowError>
  readonly fetched: number
}

/** Pages that are asked for one by one: where each is follows from the ones before. */
const walking = <S>(
  request: Request,
  first: S,
  ask: (place: S) => Place,
  next: (
    place: S,
    page: KuzzleDocument.SearchResult,
    last: KuzzleDocument.Hit
  ) => Effect.Effect<S, CursorError | SearchWindowError>
): Pages =>
  Stream.paginateEffect<Step<S>, KuzzleDocument.SearchResult, SearchError, Kuzzle>(
    { place: Effect.succeed(first), fetched: 0 },
    (step) =>
      Effect.gen(function*() {
        const place = yield* step.place
        const asked: Request = {
          ...request,
          // What is of all that was found comes once.
          ...(step.fetched === 0 ? {} : { aggregations: undefined, suggest: undefined }),
          ...ask(place)
        }
        const page = yield* KuzzleDocument.search(asked)
        const fetched = step.fetched + page.hits.length
        const last = page.hits.at(-1)
        // A page that is not full is the last, whatever the total: collapsed hits are counted one by one.
        const isLast = last === undefined || fetched >= page.total || page.hits.length < (asked.size ?? 0)
        return [page, isLast ? Option.none<Step<S>>() : Option.some({ place: next(place, page, last), fetched })]
      })
  )

const following = (request: Request, { cursor, tiebreaker }: SearchAfter): Pages => {
  if (request.targets !== undefined && tiebreaker === "_id") {
    const issue = "ids are unique within a collection only: give a tiebreaker that is unique in all of them"
    return Stream.fail(new CursorError({ field: "_id", issue }))
  }
  const keys = completed(sortKeys(request.sort), tiebreaker)
  const sort = keys.map(({ clause }) => clause)
  const isWholeSource = request._source === undefined || request._source === true
  return walking<Cursor | undefined>(
    request,
    undefined,
    (after) => ({ sort, search_after: after }),
    (_, __, last) =>
      cursor === undefined
        ? Effect.forEach(keys, (key) => valueOf(last, key, isWholeSource))
        : Effect.sync(() => cursor(last))
  )
}

/** `index.max_result_window`, of Elasticsearch. */
const windowSize = 10_000

const counting = (request: Request, { tiebreaker }: FromSize): Pages => {
  const sort = completed(sortKeys(request.sort ?? "_score"), tiebreaker).map(({ clause }) => clause)
  const size = request.size ?? windowSize
  return walking(
    request,
    0,
    (from) => ({ sort, from, size: Math.min(size, windowSize - from) }),
    (from, { hits, total }) => {
      const next = from + hits.length
      return next < windowSize
        ? Effect.succeed(next)
        : Effect.fail(new SearchWindowError({ limit: windowSize, total }))
    }
  )
}

// -------------------------------------------------------------------------------------------------------------------
// what a hit was sorted by
// -------------------------------------------------------------------------------------------------------------------

interface SortKey {
  readonly field: string
  readonly options: KuzzleDocument.Content
  /** As it was given. */
  readonly clause: KuzzleDocument.Content | string
}

const sortKeys = (sort: unknown): ReadonlyArray<SortKey> => {
  const clauses: ReadonlyArray<unknown> = Array.isArray(sort) ? sort : sort === undefined ? [] : [sort]
  return clauses.flatMap((clause): ReadonlyArray<SortKey> =>
    typeof clause === "object" && clause !== null
      ? Object.entries(clause).map(([field, options]) => ({
        field,
        options: typeof options === "object" && options !== null ? { ...options } : {},
        clause: { [field]: options }
      }))
      : [{ field: String(clause), options: {}, clause: String(clause) }]
  )
}

const completed = (keys: ReadonlyArray<SortKey>, tiebreaker: string): ReadonlyArray<SortKey> =>
  keys.some(({ field }) => field === tiebreaker) ? keys : [...keys, ...sortKeys({ [tiebreaker]: "asc" })]

/** What a hit was sorted by, by this key, where the document tells for sure. */
const valueOf = (
  hit: KuzzleDocument.Hit,
  { field, options }: SortKey,
  isWholeSource: boolean
): Effect.Effect<string | number | boolean, CursorError> => {
  const refuse = (issue: string) => Effect.fail(new CursorError({ field, _id: hit._id, issue }))
  if (field === "_id") return Effect.succeed(hit._id)
  if (field === "_score" && hit._score !== null) return Effect.succeed(hit._score)
  if (field.startsWith("_") && !field.startsWith("_kuzzle_info.")) return refuse("Kuzzle does not tell it")
  const value = valueAt(hit._source, field.split("."))
  switch (typeof value) {
    case "string":
    case "boolean":
      return Effect.succeed(value)
    case "number":
      return Number.isInteger(value) && !Number.isSafeInteger(value)
        ? refuse("it is larger than a number can be without loss")
        : Effect.succeed(value)
    case "undefined": {
      const { missing } = options
      if (!isWholeSource) return refuse("it is not in what _source gives of the document")
      return (typeof missing === "string" && missing !== "_last" && missing !== "_first") || typeof missing === "number"
        ? Effect.succeed(missing)
        : refuse("the document has none, and the sort does not say what stands for it (missing)")
    }
    default:
      return refuse(value === beyond ? "it is a sub-field, which the document does not show" : "it is no single value")
  }
}

/** What stands where a path goes on behind a value: there begin the sub-fields of a mapping. */
const beyond = Symbol.for("@effect-kuzzle/core/KuzzleSearch/beyond")

/** The value at a path, by members or by members whose names have dots: Elasticsearch takes both for the same. */
const valueAt = (value: unknown, path: ReadonlyArray<string>): unknown => {
  if (value === null || value === undefined) return undefined
  if (path.length === 0) return value
  if (typeof value !== "object" || Array.isArray(value)) return beyond
  for (let length = 1; length <= path.length; length++) {
    const name = path.slice(0, length).join(".")
    // An object of parsed JSON, its members of unknown type.
    if (Object.hasOwn(value, name)) return valueAt((value as Record<string, unknown>)[name], path.slice(length))
  }
  return undefined
}
