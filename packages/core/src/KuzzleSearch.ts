/**
 * Searches as streams, which emit all documents that are found. The pages are read one after the other, without an
 * upper limit.
 *
 * There are three ways to read the pages. Each has a limitation:
 *
 * - `scroll` (the default): the server keeps the result of the moment in which the search began. No hit is lost or
 *   repeated, even if the collection changes, and with any sort. If the consumer takes longer than `keepAlive` for a
 *   page, the stream fails with a `ScrollNotFoundError`.
 * - `searchAfter`: each page begins after the last hit of the previous page. The server keeps nothing, so the consumer
 *   may be slow. This needs the values by which the last hit was sorted, and Kuzzle does not return them (spec 0.19).
 *   They are read from the document. If that is not reliable, the stream fails, so that no hits are lost.
 * - `fromSize`: pages are read by number, up to the 10,000th hit. Writes between two pages shift the hits.
 *
 * @module
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Kuzzle } from "./internal/client/client.ts"
import * as Json from "./internal/data/json.ts"
import * as Setting from "./internal/data/setting.ts"
import * as KuzzleDocument from "./KuzzleDocument.ts"
import { EncodeError, tagged } from "./KuzzleError.ts"

// -------------------------------------------------------------------------------------------------------------------
// options
// -------------------------------------------------------------------------------------------------------------------

type Request = KuzzleDocument.SearchOptions & KuzzleDocument.Selection & KuzzleDocument.SearchTarget

/**
 * The options of a search: those of `KuzzleDocument.search`. `size` is the size of a page. Default: 100.
 *
 * @since 0.1.0
 * @category models
 */
export type Options<
  A extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations,
  S extends KuzzleDocument.SourceSelection = KuzzleDocument.SourceSelection
> =
  & Omit<KuzzleDocument.SearchOptions<A, S>, "from" | "scroll" | "search_after">
  & KuzzleDocument.Selection
  & KuzzleDocument.SearchTarget
  & {
    /**
     * How to read the pages. Default: `scroll()` or, with `collapse`, which does not support scrolling, `fromSize()`.
     */
    readonly strategy?: Strategy | undefined
  }

/**
 * How the pages are read.
 *
 * @since 0.1.0
 * @category strategies
 */
export type Strategy = Scroll | SearchAfter | FromSize

/**
 * Reads the pages with a scroll. See `scroll`.
 *
 * @since 0.1.0
 * @category strategies
 */
export interface Scroll {
  readonly _tag: "Scroll"
  readonly keepAlive: Duration.DurationInput
}

/**
 * Reads each page after the last hit of the previous one. See `searchAfter`.
 *
 * @since 0.1.0
 * @category strategies
 */
export interface SearchAfter {
  readonly _tag: "SearchAfter"
  readonly tiebreaker: string
  readonly cursor: ((hit: KuzzleDocument.Hit) => Cursor) | undefined
}

/**
 * Reads the pages by number. See `fromSize`.
 *
 * @since 0.1.0
 * @category strategies
 */
export interface FromSize {
  readonly _tag: "FromSize"
  readonly tiebreaker: string
}

/**
 * Returns the values by which a hit was sorted: one for each key of the sort, and the value of the tiebreaker last.
 *
 * @since 0.1.0
 * @category models
 */
export type Cursor = ReadonlyArray<string | number | boolean | null>

/**
 * Reads the pages with a scroll. After each page, the server keeps the search for `keepAlive`. Default: 30 s. By
 * default, the server allows at most 1 minute. A scroll cannot be ended early, so the server keeps it even if the
 * stream is interrupted.
 *
 * The first page is requested without a scroll, because most searches need no second page, and Elasticsearch allows
 * only 500 scrolls at a time.
 *
 * @since 0.1.0
 * @category strategies
 */
export const scroll = (options: { readonly keepAlive?: Duration.DurationInput | undefined } = {}): Scroll => ({
  _tag: "Scroll",
  keepAlive: options.keepAlive ?? "30 seconds"
})

/**
 * Reads pages so that each begins after the last hit of the previous page.
 *
 * `tiebreaker` completes the sort. It is a field that every document has, with a unique value. The default `_id` is
 * sufficient for one collection, but not for several. The values by which a hit was sorted are read from the document
 * if they are texts, numbers or booleans. The stream fails with a `CursorError` if a value is not known: for a
 * sub-field (`name.keyword`), a list, a script, a distance, or a missing value without `missing` in the sort. In these
 * cases, give a `cursor` or use `scroll`. Do the same for a field whose mapping changes its values (a normalizer,
 * `scaled_float`).
 *
 * @since 0.1.0
 * @category strategies
 */
export const searchAfter = (options: {
  readonly tiebreaker?: string | undefined
  /** Returns the values by which a hit was sorted, with the value of the tiebreaker last. */
  readonly cursor?: ((hit: KuzzleDocument.Hit) => Cursor) | undefined
} = {}): SearchAfter => ({
  _tag: "SearchAfter",
  tiebreaker: options.tiebreaker ?? "_id",
  cursor: options.cursor
})

/**
 * Reads pages by number, up to the 10,000th hit. If there are more, the stream fails with a `SearchWindowError`.
 * `tiebreaker` (default: `_id`) completes the sort, because the replicas of a collection order equal hits differently.
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
 * `searchAfter` cannot determine by which values the last hit of a page was sorted, so it cannot request the next page.
 *
 * @since 0.1.0
 * @category errors
 */
export class CursorError extends tagged("KuzzleCursorError")<{
  /** The key of the sort. */
  readonly field: string
  /** The id of the hit, if the error concerns a single hit. */
  readonly _id?: string
  readonly issue: string
}> {
  override get message(): string {
    const where = this._id === undefined ? "" : ` of document ${this._id}`
    return `cannot search after "${this.field}"${where}: ${this.issue}; give a cursor or use scroll`
  }
}

/**
 * `fromSize` has reached the last hit that Elasticsearch returns by number, but there are more.
 *
 * @since 0.1.0
 * @category errors
 */
export class SearchWindowError extends tagged("KuzzleSearchWindowError")<{
  readonly limit: number
  readonly total: number
}> {
  override get message(): string {
    return `${this.total} documents were found, and fromSize reads only the first ${this.limit}: use scroll`
  }
}

/**
 * The errors of a search as a stream.
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
// pages
// -------------------------------------------------------------------------------------------------------------------

/**
 * A page of search results. Aggregations and suggestions cover all hits, and are part of the first page only.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<Source = KuzzleDocument.Content, A = KuzzleDocument.Aggregations>
  extends Omit<KuzzleDocument.SearchResult<Source, A>, "scrollId" | "remaining">
{}

// -------------------------------------------------------------------------------------------------------------------
// streams
// -------------------------------------------------------------------------------------------------------------------

/**
 * Emits all documents that are found. A page is requested when the previous page has been consumed, so at most one page
 * is in memory. `hits<Taxi>` declares the type of the documents without checking it.
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
export const hits: {
  <Source = KuzzleDocument.Content>(
    options: Options<KuzzleDocument.Aggregations, true>
  ): Stream.Stream<KuzzleDocument.Hit<Source>, SearchError, Kuzzle>
  <Source = KuzzleDocument.Content, const S extends KuzzleDocument.SourceSelection = KuzzleDocument.SourceSelection>(
    options: Options<KuzzleDocument.Aggregations, S>
  ): Stream.Stream<KuzzleDocument.Hit<KuzzleDocument.Selected<Source, S>>, SearchError, Kuzzle>
} = <Source>(options: Options): Stream.Stream<KuzzleDocument.Hit<Source>, SearchError, Kuzzle> =>
  Stream.mapConcatChunk(pagesOf<Source, {}>(options), (page) => Chunk.unsafeFromArray(page.hits))

/**
 * Emits the pages of a search, with aggregations and suggestions. There is always a first page. It is empty if nothing
 * is found.
 *
 * @example
 * ```ts
 * import { Effect, Option, Stream } from "effect"
 * import { KuzzleSearch } from "@effect-kuzzle/core"
 *
 * export const statuses = KuzzleSearch.pages({
 *   index: "nyc",
 *   collection: "taxi",
 *   aggregations: { status: { terms: { field: "status" } } }
 * }).pipe(
 *   Stream.runHead,
 *   Effect.map(Option.map((page) => page.aggregations?.status.buckets.map(({ doc_count, key }) => [key, doc_count])))
 * )
 * ```
 *
 * @since 0.1.0
 * @category searching
 */
export const pages: {
  <
    Source = KuzzleDocument.Content,
    const A extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations
  >(
    options: Options<A, true>
  ): Stream.Stream<Page<Source, A>, SearchError, Kuzzle>
  <
    Source = KuzzleDocument.Content,
    const A extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations,
    const S extends KuzzleDocument.SourceSelection = KuzzleDocument.SourceSelection
  >(
    options: Options<A, S>
  ): Stream.Stream<Page<KuzzleDocument.Selected<Source, S>, A>, SearchError, Kuzzle>
} = <Source, A>(options: Options): Stream.Stream<Page<Source, A>, SearchError, Kuzzle> => pagesOf(options)

const pagesOf = <Source, A>(options: Options): Stream.Stream<Page<Source, A>, SearchError, Kuzzle> =>
  Stream.suspend(() => {
    const { collapse, strategy = collapse === undefined ? scroll() : fromSize(), ...given } = options
    // `copied` has a `filter` exactly if the options have one. The same holds for `query`.
    const request = { size: 100, ...given, ...copied(options) } as Request
    // The caller declares the type of the documents. The types of aggregations and suggestions follow Elasticsearch's
    // documentation.
    return walk(strategy, request) as Stream.Stream<Page<Source, A>, SearchError, Kuzzle>
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
 * Emits the pages of any search with a scroll, for example of users, profiles and specifications. `first` requests the
 * first page, and `next` the page for a scroll id.
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
    Effect.map(page, (current) => {
      const total = fetched + current.hits.length
      return [
        current,
        current.hits.length === 0 || total >= current.total || current.scrollId === undefined
          ? Option.none()
          : Option.some({ page: next(current.scrollId), fetched: total })
      ]
    }))
}

/**
 * A page, and the place of the next one.
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
 * A copy of the options, so that every page uses the same ones, even if the caller changes its objects. A value that
 * cannot be sent is not copied, so that sending it fails with an error that names it.
 */
const copied = (
  { _source, aggregations, collapse, filter, highlight, post_filter, query, sort, suggest }: Copied
): Copied => {
  // One of `filter` and `query` is undefined, as in the options.
  const given = { _source, aggregations, collapse, filter, highlight, post_filter, query, sort, suggest } as Copied
  const json = Json.stringify(given)
  // Safe: it is the JSON of these same members.
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
        // A scroll uses memory of the server until it expires. No action ends it, and the server allows few. So none is
        // opened if one page has all hits, or if only aggregations are requested. Otherwise the first page is requested
        // again with a scroll, because a scroll shows the moment in which it is opened.
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

/** Requests pages one after the other, because the place of a page follows from the previous page. */
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
        const pageRequest: Request = {
          ...request,
          // Aggregations and suggestions cover all hits, so they are emitted once.
          ...(step.fetched === 0 ? {} : { aggregations: undefined, suggest: undefined }),
          ...ask(place)
        }
        const page = yield* KuzzleDocument.search(pageRequest)
        const fetched = step.fetched + page.hits.length
        const last = page.hits.at(-1)
        // A page that is not full is the last one, whatever the total is, because the total of a collapsed search
        // counts the hits before collapsing.
        const isLast = last === undefined || fetched >= page.total || page.hits.length < (pageRequest.size ?? 0)
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

/** The default of Elasticsearch's `index.max_result_window`. */
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
// the values by which a hit was sorted
// -------------------------------------------------------------------------------------------------------------------

interface SortKey {
  readonly field: string
  readonly options: KuzzleDocument.Content
  /** Completes the values of an explicit cursor. */
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

/** The value by which a hit was sorted for this key. Fails if the document does not show it reliably. */
const valueOf = (
  hit: KuzzleDocument.Hit,
  { field, options }: SortKey,
  isWholeSource: boolean
): Effect.Effect<string | number | boolean, CursorError> => {
  const refuse = (issue: string) => Effect.fail(new CursorError({ field, _id: hit._id, issue }))
  if (field === "_id") return Effect.succeed(hit._id)
  if (field === "_score" && hit._score !== null) return Effect.succeed(hit._score)
  if (field.startsWith("_") && !field.startsWith("_kuzzle_info.")) return refuse("Kuzzle does not return it")
  const value = valueAt(hit._source, field.split("."))
  switch (typeof value) {
    case "string":
    case "boolean":
      return Effect.succeed(value)
    case "number":
      return Number.isInteger(value) && !Number.isSafeInteger(value)
        ? refuse("it is larger than Number.MAX_SAFE_INTEGER")
        : Effect.succeed(value)
    case "undefined": {
      const { missing } = options
      if (!isWholeSource) return refuse("it is not among the fields that _source selects")
      return (typeof missing === "string" && missing !== "_last" && missing !== "_first") || typeof missing === "number"
        ? Effect.succeed(missing)
        : refuse("the document has no value, and the sort has no option missing")
    }
    default:
      return refuse(
        value === beyond ? "it is a sub-field, which the document does not show" : "it is not a single value"
      )
  }
}

/** Marks a path that continues below a value, because a sub-field of a mapping begins there. */
const beyond = Symbol.for("@effect-kuzzle/core/KuzzleSearch/beyond")

/**
 * The value at a path. It leads through nested objects or through names with dots, which Elasticsearch treats alike.
 */
const valueAt = (value: unknown, path: ReadonlyArray<string>): unknown => {
  if (value === null || value === undefined) return undefined
  if (path.length === 0) return value
  if (typeof value !== "object" || Array.isArray(value)) return beyond
  for (let length = 1; length <= path.length; length++) {
    const name = path.slice(0, length).join(".")
    // Safe: an object of parsed JSON, whose members are unknown.
    if (Object.hasOwn(value, name)) return valueAt((value as Record<string, unknown>)[name], path.slice(length))
  }
  return undefined
}
