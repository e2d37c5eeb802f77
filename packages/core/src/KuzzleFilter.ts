/**
 * Koncorde, Kuzzle's language of filters for real-time subscriptions (spec 6): builders, a check before sending, and an
 * evaluator that answers as the server would.
 *
 * A filter is plain JSON, exactly what goes over the wire: the builders are a convenience, a literal does as well. With
 * `KuzzleFilter.for<Document>()` the same builders know the fields of a document and what is in them.
 *
 * There are two kinds: filters of subscriptions, and those that a search takes too, as their option `filter`. The second
 * are fewer: `SearchFilter`.
 *
 * @example
 * ```ts
 * import { KuzzleFilter } from "@effect-kuzzle/core"
 *
 * const nearAndFree = KuzzleFilter.and(
 *   KuzzleFilter.equals("status", "free"),
 *   KuzzleFilter.geoDistance("position", { lat: 48.85, lon: 2.35 }, "2 km"),
 *   KuzzleFilter.not(KuzzleFilter.range("seats", { lt: 4 }))
 * )
 *
 * KuzzleFilter.matches(nearAndFree)({ status: "free", position: "48.851, 2.351", seats: 5 }) // true
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import { predicate } from "./internal/filter/evaluate.ts"
import { type Fields, isFields } from "./internal/filter/field.ts"
import { found } from "./internal/filter/found.ts"
import { countConditions, noPatterns, parse } from "./internal/filter/parse.ts"
import { check, compile } from "./internal/filter/pattern/index.ts"
import { searchIssues } from "./internal/filter/search.ts"
import { TypeId as ErrorTypeId } from "./KuzzleError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * What a field can be compared with.
 *
 * @since 0.1.0
 * @category models
 */
export type Scalar = string | number | boolean | null

/**
 * A point on earth. **Latitude first**, in degrees: `[lat, lon]`, `{ lat, lon }`, `"lat, lon"`, or a geohash of four
 * characters or more.
 *
 * @since 0.1.0
 * @category models
 */
export type GeoPoint =
  | string
  | readonly [lat: number, lon: number]
  | { readonly lat: number; readonly lon: number }

/**
 * A point as Koncorde and Elasticsearch both read it. An array is `[lat, lon]` to the one, `[lon, lat]` to the other.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchGeoPoint = Exclude<GeoPoint, ReadonlyArray<unknown>>

/**
 * A box on earth: its sides in degrees, or two of its corners.
 *
 * @since 0.1.0
 * @category models
 */
export type GeoBox =
  | { readonly top: number; readonly left: number; readonly bottom: number; readonly right: number }
  | { readonly topLeft: GeoPoint; readonly bottomRight: GeoPoint }

/**
 * A box as Koncorde and Elasticsearch both read it.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchGeoBox =
  | { readonly top: number; readonly left: number; readonly bottom: number; readonly right: number }
  | { readonly top_left: SearchGeoPoint; readonly bottom_right: SearchGeoPoint }

/**
 * Bounds of a range. At most one below and one above, the first less than the second.
 *
 * @since 0.1.0
 * @category models
 */
export type Bounds =
  & ({ readonly gt: number; readonly gte?: never } | { readonly gt?: never; readonly gte?: number })
  & ({ readonly lt: number; readonly lte?: never } | { readonly lt?: never; readonly lte?: number })

/**
 * Any document.
 *
 * @since 0.1.0
 * @category models
 */
export interface All {
  readonly [keyword: string]: never
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Equals<out Value = Scalar> {
  readonly equals: { readonly [field: string]: Value }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface In {
  readonly in: { readonly [field: string]: ReadonlyArray<string> }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Ids {
  readonly ids: { readonly values: ReadonlyArray<string> }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Exists {
  readonly exists: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Missing {
  readonly missing: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Range {
  readonly range: { readonly [field: string]: Bounds }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Regexp {
  readonly regexp: { readonly [field: string]: string | { readonly value: string; readonly flags?: string } }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Match {
  readonly match: { readonly [key: string]: unknown }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Select {
  readonly select: { readonly field: string; readonly index: number; readonly query: Condition }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Nothing {
  readonly nothing: true
}

/**
 * @since 0.1.0
 * @category models
 */
export interface GeoBoundingBox<out Box = GeoBox | SearchGeoBox> {
  readonly geoBoundingBox: { readonly [field: string]: Box }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface GeoDistance<out Point = GeoPoint> {
  readonly geoDistance: { readonly [field: string]: Point | string; readonly distance: string }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface GeoDistanceRange {
  readonly geoDistanceRange: { readonly [field: string]: GeoPoint; readonly from: string; readonly to: string }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface GeoPolygon {
  readonly geoPolygon: { readonly [field: string]: { readonly points: ReadonlyArray<GeoPoint> } }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface And<out F = Condition> {
  readonly and: ReadonlyArray<F>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Or<out F = Condition> {
  readonly or: ReadonlyArray<F>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Not<out F = Condition> {
  readonly not: F
}

/**
 * The clauses of `bool`, all of which must hold: every `must`, no `must_not`, one `should`, not every `should_not`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Clauses<out F = Condition> {
  readonly must?: ReadonlyArray<F>
  readonly must_not?: ReadonlyArray<F>
  readonly should?: ReadonlyArray<F>
  readonly should_not?: ReadonlyArray<F>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Bool {
  readonly bool: Clauses
}

/**
 * A filter that says something: any but `all`. Only such filters can be combined.
 *
 * @since 0.1.0
 * @category models
 */
export type Condition =
  | SearchCondition
  | Equals
  | GeoBoundingBox
  | GeoDistance
  | Regexp
  | Match
  | Select
  | Nothing
  | GeoDistanceRange
  | GeoPolygon
  | Bool
  | And
  | Or
  | Not

/**
 * A filter of a real-time subscription.
 *
 * @since 0.1.0
 * @category models
 */
export type Filter = All | Condition

/**
 * The conditions that also work in a search, as its option `filter`: the server translates them to Elasticsearch, which
 * has no counterpart of the others, nor of `null`.
 *
 * To a search a field that is `null` or an empty array is missing, an array is each of its elements, and a field of type
 * `text` is its words.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchCondition =
  | Equals<Exclude<Scalar, null>>
  | In
  | Ids
  | Exists
  | Missing
  | Range
  | GeoBoundingBox<SearchGeoBox>
  | GeoDistance<SearchGeoPoint>
  | And<SearchCondition>
  | Or<SearchCondition>
  | Not<SearchCondition>
  | Refused<Regexp>
  | Refused<Match>
  | Refused<Select>
  | Refused<Nothing>
  | Refused<GeoDistanceRange>
  | Refused<GeoPolygon>
  | Refused<Bool>

/** The condition with a member that no value has. Its name is what an error says of a condition that a search lacks. */
type Refused<C> = { readonly [Keyword in keyof C]: C[Keyword] & SubscriptionOnly }

type SubscriptionOnly = { readonly "only a subscription takes this condition, a search does not": never }

/**
 * A filter of a search.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchFilter = All | SearchCondition

// -------------------------------------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------------------------------------

/**
 * Every document.
 *
 * @since 0.1.0
 * @category constructors
 */
export const all: All = {}

/**
 * No document: for subscribers to presence alone.
 *
 * @since 0.1.0
 * @category constructors
 */
export const nothing: Nothing = { nothing: true }

/**
 * The field has this value, of this type. Nested fields have dots (`"address.city"`); `"_id"` is the document's id.
 *
 * @since 0.1.0
 * @category constructors
 */
export const equals = <Value extends Scalar>(field: string, value: Value): Equals<Value> => ({
  equals: { [field]: value }
})

/**
 * The field is one of these strings (the keyword `in`). Numbers are not allowed: use `or` with `equals`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const isIn = (field: string, values: ReadonlyArray<string>): In => ({ in: { [field]: values } })

/**
 * The document has one of these ids.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ids = (values: ReadonlyArray<string>): Ids => ({ ids: { values } })

/**
 * The field is there, be it `null`. In the server's syntax: a pair of brackets at the end asks for an element of an
 * array (see `contains`), brackets that are part of a name are escaped with `\`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const exists = (field: string): Exists => ({ exists: field })

/**
 * The field is not there. The same syntax as `exists`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const missing = (field: string): Missing => ({ missing: field })

/**
 * The field is an array that has this element.
 *
 * @example
 * ```ts
 * import { KuzzleFilter } from "@effect-kuzzle/core"
 *
 * KuzzleFilter.contains("song.tags", "rock") // { exists: 'song.tags["rock"]' }
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const contains = (field: string, element: Scalar): Exists => ({
  exists: `${field.replace(/[[\]]/g, "\\$&")}[${JSON.stringify(element)}]`
})

/**
 * The field is a number within bounds. Dates must be numbers too.
 *
 * The server tells an open bound from a closed one up to two millions only; above (milliseconds since 1970, say) `gt`
 * is `gte` and `lt` is `lte`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const range = (field: string, bounds: Bounds): Range => ({ range: { [field]: bounds } })

/**
 * The field is a string in which the pattern is found. The server's engine is RE2: no look-around, no back-references.
 * A `RegExp` gives its source and flags. Like the server, `matches` runs in linear time for every pattern: at most the
 * length of the field times the size of the pattern, which is bounded.
 *
 * @since 0.1.0
 * @category constructors
 */
export const regexp = (field: string, pattern: string | RegExp, flags?: string): Regexp => ({
  regexp: {
    [field]: typeof pattern !== "string"
      ? { value: pattern.source, flags: flags ?? pattern.flags }
      : flags === undefined
      ? pattern
      : { value: pattern, flags }
  }
})

/**
 * The document includes this one: all its members, at any depth, and the elements of its arrays in any order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const match = (content: { readonly [key: string]: unknown }): Match => ({ match: content })

/**
 * The field is an array whose element at `index` (negative: from the end) fulfils `query`, a filter on the field
 * `value`. It cannot be negated, though its query can.
 *
 * @example
 * ```ts
 * import { KuzzleFilter } from "@effect-kuzzle/core"
 *
 * KuzzleFilter.select("measures", -1, KuzzleFilter.range("value", { gt: 100 }))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const select = (field: string, index: number, query: Condition): Select => ({ select: { field, index, query } })

/**
 * The field is a point in a box.
 *
 * @since 0.1.0
 * @category constructors
 */
export const geoBoundingBox = (field: string, box: GeoBox): GeoBoundingBox<SearchGeoBox> => ({
  geoBoundingBox: {
    [field]: "top" in box ? box : { top_left: unmistakable(box.topLeft), bottom_right: unmistakable(box.bottomRight) }
  }
})

/** So that the filter means the same in a search. */
const unmistakable = (point: GeoPoint): SearchGeoPoint => {
  if (!isPair(point)) return point
  const [lat, lon] = point
  return { lat, lon }
}

const isPair = (point: GeoPoint): point is readonly [lat: number, lon: number] => Array.isArray(point)

/**
 * The field is a point at most so far away: a number and its unit (`"10 km"`, `"500 ft"`). The field cannot be named
 * `distance`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const geoDistance = (field: string, center: GeoPoint, distance: string): GeoDistance<SearchGeoPoint> => ({
  geoDistance: { [field]: unmistakable(center), distance }
})

/**
 * The field is a point between two distances. The field cannot be named `from` or `to`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const geoDistanceRange = (
  field: string,
  center: GeoPoint,
  distances: { readonly from: string; readonly to: string }
): GeoDistanceRange => ({
  geoDistanceRange: { [field]: center, from: distances.from, to: distances.to }
})

/**
 * The field is a point in a polygon of three points or more.
 *
 * @since 0.1.0
 * @category constructors
 */
export const geoPolygon = (field: string, points: ReadonlyArray<GeoPoint>): GeoPolygon => ({
  geoPolygon: { [field]: { points } }
})

// -------------------------------------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------------------------------------

/**
 * All of these.
 *
 * @since 0.1.0
 * @category combinators
 */
export const and = <Filters extends ReadonlyArray<Condition>>(...filters: Filters): And<Filters[number]> => ({
  and: filters
})

/**
 * One of these.
 *
 * @since 0.1.0
 * @category combinators
 */
export const or = <Filters extends ReadonlyArray<Condition>>(...filters: Filters): Or<Filters[number]> => ({
  or: filters
})

/**
 * Not this.
 *
 * @since 0.1.0
 * @category combinators
 */
export const not = <F extends Condition>(filter: F): Not<F> => ({ not: filter })

/**
 * All of these clauses.
 *
 * @since 0.1.0
 * @category combinators
 */
export const bool = (clauses: Clauses): Bool => ({ bool: clauses })

// -------------------------------------------------------------------------------------------------------------------
// by the document
// -------------------------------------------------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("@effect-kuzzle/core/KuzzleFilter")

/**
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * That a filter was made for documents of this type. It is there for the compiler alone: on the wire there is nothing of
 * it. A filter for documents with fewer fields is one for documents with more.
 *
 * @since 0.1.0
 * @category by the document
 */
export interface On<in Document> {
  readonly [TypeId]: (_: Document) => void
}

/**
 * The paths of the fields of a document, as JSON has it: `"address"`, `"address.city"`. No path leads into an array
 * (see `contains` and `select`). Where a type contains itself, any path below its second occurrence is accepted, as is any
 * path below the sixth level.
 *
 * @since 0.1.0
 * @category by the document
 */
export type Path<Document> = PathTo<Document, unknown>

/**
 * The paths of the fields that are, or may be, of a type.
 *
 * @since 0.1.0
 * @category by the document
 */
export type PathTo<Document, Type> = PathWithin<Document & WithId, Type>

/**
 * What is at a path, as far as it is of a type. (A conditional type of its own, and no alias of `At`: declarations that a
 * consumer emits then hold its name. They would hold the recursion of `At`, which has no end.)
 *
 * @since 0.1.0
 * @category by the document
 */
export type ValueAt<Document, P extends string, Type> = unknown extends At<Document & WithId, P> ? Type
  : Extract<At<Document & WithId, P>, Type>

/**
 * What is in the array at a path, as far as it is of a type.
 *
 * @since 0.1.0
 * @category by the document
 */
export type ElementAt<Document, P extends string, Type> = ValueAt<Document, P, ReadonlyArray<unknown>> extends
  ReadonlyArray<infer Element> ? Narrow<Element, Type> : never

/** Kuzzle tests the id of a document as a field of it. */
type WithId = { readonly _id: string }

/**
 * A conditional type, and no alias of a mapped one: errors then list the paths instead of the name of the alias.
 *
 * `Above` holds the types on the way down. Without a stop at a type that occurs again, eight references of a type to itself
 * make 8^6 paths.
 */
type PathWithin<T, Type, Above extends ReadonlyArray<unknown> = []> = unknown extends T ? string
  : T extends ReadonlyArray<unknown> ? never
  : T extends object ? Above["length"] extends 6 ? string
    : Exactly<T> extends Above[number] ? string
    : {
      readonly [K in keyof T & string]-?:
        | ([Narrow<T[K], Type>] extends [never] ? never : K)
        | `${K}.${PathWithin<T[K], Type, [...Above, Exactly<T>]>}`
    }[keyof T & string]
  : never

/** Invariant: one extends another only if both are of the same type. */
type Exactly<T> = (_: T) => T

type At<T, P extends string> = P extends `${infer Head}.${infer Rest}` ? Member<T, P> | At<Member<T, Head>, Rest>
  : Member<T, P>

type Member<T, K extends string> = unknown extends T ? unknown
  : T extends ReadonlyArray<unknown> ? never
  : T extends object ? K extends keyof T ? T[K] : never
  : never

type Narrow<T, Type> = unknown extends T ? Type : Extract<T, Type>

/** Where a document holds a point, as far as its type tells it from any other text. */
type PointField =
  | { readonly lat: number; readonly lon: number }
  | readonly [lat: number, lon: number]
  | `${number},${number}`
  | `${number}, ${number}`

/**
 * Some of what a document holds, at any depth.
 *
 * @since 0.1.0
 * @category by the document
 */
export type Part<T> = T extends ReadonlyArray<infer Element> ? ReadonlyArray<Part<Element>>
  : T extends object ? { readonly [K in keyof T]?: Part<T[K]> }
  : T

/**
 * The builders, for documents of one type: with a path that it does not have, or a value that cannot be there, they do
 * not compile. They do what the functions of this module do.
 *
 * @since 0.1.0
 * @category by the document
 */
export interface Builders<Document> {
  /** Every document. */
  readonly all: All & On<Document>
  /** No document. Only a subscription takes it. */
  readonly nothing: Nothing & On<Document>
  /** The field has this value: `equals("status", "free")`. */
  readonly equals: <P extends PathTo<Document, Scalar>, Value extends ValueAt<Document, P, Scalar>>(
    field: P,
    value: Value
  ) => Equals<Value> & On<Document>
  /** The field is one of these strings: `isIn("status", ["free", "busy"])`. */
  readonly isIn: <P extends PathTo<Document, string>>(
    field: P,
    values: ReadonlyArray<ValueAt<Document, P, string>>
  ) => In & On<Document>
  /** The document has one of these ids. */
  readonly ids: (values: ReadonlyArray<string>) => Ids & On<Document>
  /** The field is there, be it `null`: `exists("driver.name")`. */
  readonly exists: (field: Path<Document>) => Exists & On<Document>
  /** The field is not there. */
  readonly missing: (field: Path<Document>) => Missing & On<Document>
  /** The field is an array that has this element: `contains("tags", "new")`. */
  readonly contains: <P extends PathTo<Document, ReadonlyArray<unknown>>>(
    field: P,
    element: ElementAt<Document, P, Scalar>
  ) => Exists & On<Document>
  /** The field is a number within bounds: `range("seats", { gte: 4 })`. */
  readonly range: (field: PathTo<Document, number>, bounds: Bounds) => Range & On<Document>
  /** The pattern is found in the field. Only a subscription takes it. */
  readonly regexp: (
    field: PathTo<Document, string>,
    pattern: string | RegExp,
    flags?: string
  ) => Regexp & On<Document>
  /** The document includes this one. Only a subscription takes it. */
  readonly match: (content: Part<Document>) => Match & On<Document>
  /**
   * The element at an index fulfils the query, which the builders for `{ readonly value: Element }` make. Only a subscription
   * takes it.
   */
  readonly select: <P extends PathTo<Document, ReadonlyArray<unknown>>>(
    field: P,
    index: number,
    query: Condition & On<{ readonly value: ElementAt<Document, P, unknown> }>
  ) => Select & On<Document>
  /** The field is a point in a box. */
  readonly geoBoundingBox: (
    field: PathTo<Document, PointField>,
    box: GeoBox
  ) => GeoBoundingBox<SearchGeoBox> & On<Document>
  /** The field is a point at most so far away: `geoDistance("position", { lat: 48.85, lon: 2.35 }, "2 km")`. */
  readonly geoDistance: (
    field: PathTo<Document, PointField>,
    center: GeoPoint,
    distance: string
  ) => GeoDistance<SearchGeoPoint> & On<Document>
  /** The field is a point between two distances. Only a subscription takes it. */
  readonly geoDistanceRange: (
    field: PathTo<Document, PointField>,
    center: GeoPoint,
    distances: { readonly from: string; readonly to: string }
  ) => GeoDistanceRange & On<Document>
  /** The field is a point in a polygon. Only a subscription takes it. */
  readonly geoPolygon: (
    field: PathTo<Document, PointField>,
    points: ReadonlyArray<GeoPoint>
  ) => GeoPolygon & On<Document>
  /** All of these filters. */
  readonly and: <Filters extends ReadonlyArray<Condition & On<Document>>>(
    ...filters: Filters
  ) => And<Filters[number]> & On<Document>
  /** One of these filters. */
  readonly or: <Filters extends ReadonlyArray<Condition & On<Document>>>(
    ...filters: Filters
  ) => Or<Filters[number]> & On<Document>
  /** Not this filter. */
  readonly not: <F extends Condition & On<Document>>(filter: F) => Not<F> & On<Document>
  /** All of these clauses. Only a subscription takes it. */
  readonly bool: (clauses: Clauses<Condition & On<Document>>) => Bool & On<Document>
}

const builders = {
  all,
  nothing,
  equals,
  isIn,
  ids,
  exists,
  missing,
  contains,
  range,
  regexp,
  match,
  select,
  geoBoundingBox,
  geoDistance,
  geoDistanceRange,
  geoPolygon,
  and,
  or,
  not,
  bool
}

/** The same functions for all: what a document is like is the compiler's business (`On` is never there). */
const forDocument = <Document>(): Builders<Document> => builders as unknown as Builders<Document>

export {
  /**
   * The builders for documents of a type: of what is stored, so of the *encoded* side of a Schema, where a date may be a
   * number.
   *
   * Where only points can be, a field is one whose type says so: `{ lat, lon }`, `[lat, lon]`, or a text of two numbers.
   *
   * @example
   * ```ts
   * import { KuzzleFilter } from "@effect-kuzzle/core"
   *
   * interface Taxi {
   *   readonly status: "free" | "busy"
   *   readonly driver: { readonly name: string; readonly rating?: number }
   *   readonly position: { readonly lat: number; readonly lon: number }
   * }
   *
   * const taxi = KuzzleFilter.for<Taxi>()
   *
   * export const good = taxi.and(
   *   taxi.equals("status", "free"),
   *   taxi.range("driver.rating", { gte: 4 }),
   *   taxi.geoDistance("position", { lat: 48.85, lon: 2.35 }, "2 km")
   * )
   *
   * // @ts-expect-error: no taxi is ever "fre"
   * taxi.equals("status", "fre")
   * ```
   *
   * @since 0.1.0
   * @category by the document
   */
  forDocument as for
}

// -------------------------------------------------------------------------------------------------------------------
// checking and evaluating
// -------------------------------------------------------------------------------------------------------------------

/**
 * Everything that is wrong with a filter, each with its place in it; empty if the server would accept it.
 *
 * A filter has at most `maxConditions` conditions, each value of `in` and `ids` being one: 100, unless the server's
 * setting `limits.subscriptionConditionsCount` says otherwise.
 *
 * Stricter than the server where it accepts what it does not mean: a negated `select` or `nothing` (it then fails to
 * store them), a distance that is a time or holds thousands separators, and more than 200 levels, or 1,000 of groups
 * within a pattern.
 *
 * @example
 * ```ts
 * import { KuzzleFilter } from "@effect-kuzzle/core"
 *
 * KuzzleFilter.validate({ and: [{ range: { age: { gt: 9, lt: 3 } } }] })
 * // ["and[0].range.age: the lower bound (9) must be below the upper one (3)"]
 * ```
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (
  filter: unknown,
  options?: { readonly maxConditions?: number }
): ReadonlyArray<string> =>
  Either.match(parse(filter, check), {
    onLeft: (issues) => issues,
    onRight: (node) => {
      const limit = options?.maxConditions ?? 100
      const count = countConditions(node)
      return count > limit ? [`${count} conditions, the server accepts ${limit}`] : []
    }
  })

/**
 * Everything that is wrong with a filter of a search, each with its place in it.
 *
 * The server translates such a filter without a look at it. What Elasticsearch then refuses is refused here, and what it
 * would take for something else: an array for a point, `missing` of an element, a text of several fields.
 *
 * @example
 * ```ts
 * import { KuzzleFilter } from "@effect-kuzzle/core"
 *
 * KuzzleFilter.validateSearch({ and: [{ regexp: { plate: "^AB" } }] })
 * // ["and[0].regexp: a search has no such condition, only a subscription"]
 * ```
 *
 * @since 0.1.0
 * @category validation
 */
export const validateSearch = (filter: unknown): ReadonlyArray<string> =>
  Either.match(parse(filter, noPatterns), { onLeft: (issues) => issues, onRight: () => searchIssues(filter) })

/**
 * The filter was not sent: the server would refuse it, or take it for another.
 *
 * @since 0.1.0
 * @category errors
 */
export class FilterError extends Data.TaggedError("KuzzleFilterError")<{
  /** Each with its place in the filter; see `validate` and `validateSearch`. */
  readonly issues: ReadonlyArray<string>
}> {
  /** @since 0.1.0 */
  readonly [ErrorTypeId]: ErrorTypeId = ErrorTypeId
  override get message(): string {
    return `the filter is wrong: ${this.issues.join("; ")}`
  }
}

/**
 * Whether a document fulfils a filter, as the server would decide it. The filter is compiled once: keep the function
 * for all documents. It never throws, whatever the document; one that is no object has no fields. The filter may be any
 * JSON object, as it came over a wire: one that `validate` refuses matches nothing.
 *
 * The document is what the server tests: its content, and its id as `_id`.
 *
 * The server minimises a filter before it stores it, and thereby loses some that could match: of two conditions on one
 * field, `missing: 'tags["a"]'` is taken for `missing: "tags"`, for instance. That is not repeated here.
 *
 * @example
 * ```ts
 * import { KuzzleFilter } from "@effect-kuzzle/core"
 *
 * const isFree = KuzzleFilter.matches(KuzzleFilter.equals("status", "free"))
 * isFree({ _id: "a", status: "free" }) // true
 * ```
 *
 * @since 0.1.0
 * @category evaluation
 */
export const matches = (
  filter: Filter | { readonly [keyword: string]: unknown }
): (document: unknown) => boolean =>
  Either.match(parse(filter, compile), { onLeft: () => matchNothing, onRight: (node) => onFields(predicate(node)) })

/**
 * Like `matches`, as a search reads the filter: each element of an array counts as a value of the field, and `null` and an
 * empty array count as none. A filter that `validateSearch` refuses matches nothing. Such filters have no `regexp`, so a page
 * that uses neither `matches` nor `validate` does not include the regular-expression engine.
 *
 * @since 0.1.0
 * @category evaluation
 */
export const matchesSearch = (filter: SearchFilter): (document: unknown) => boolean =>
  Either.match(parse(filter, noPatterns), {
    onLeft: () => matchNothing,
    onRight: (node) => searchIssues(filter).length > 0 ? matchNothing : onFields(found(node))
  })

const matchNothing = (): boolean => false

const onFields = (holds: (fields: Fields) => boolean) => (document: unknown): boolean =>
  holds(isFields(document) ? document : {})
