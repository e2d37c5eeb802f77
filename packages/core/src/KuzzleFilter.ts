/**
 * Filters in Koncorde, Kuzzle's language for real-time subscriptions (spec 6): builders, a validation, and an evaluator
 * with the same results as the server.
 *
 * A filter is plain JSON, exactly as it is sent. The builders are a convenience, and an object literal works, too. The
 * builders of `KuzzleFilter.for<Document>()` are typed by the fields of a document.
 *
 * Subscriptions support all filters. Searches support only some of them, as their option `filter`: see `SearchFilter`.
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
import * as Either from "effect/Either"
import { predicate } from "./internal/data/filter/evaluate.ts"
import { type Fields, isFields } from "./internal/data/filter/field.ts"
import { countConditions, noPatterns, parse } from "./internal/data/filter/parse.ts"
import { check, compile } from "./internal/data/filter/pattern/index.ts"
import { searchIssues } from "./internal/data/filter/search.ts"
import { searchPredicate } from "./internal/data/filter/searchPredicate.ts"
import { tagged } from "./KuzzleError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * A value with which a field can be compared.
 *
 * @since 0.1.0
 * @category models
 */
export type Scalar = string | number | boolean | null

/**
 * A point on earth, in degrees with the **latitude first**: `[lat, lon]`, `{ lat, lon }`, `"lat, lon"`, or a geohash of
 * four characters or more.
 *
 * @since 0.1.0
 * @category models
 */
export type GeoPoint =
  | string
  | readonly [lat: number, lon: number]
  | { readonly lat: number; readonly lon: number }

/**
 * A point in a form that Koncorde and Elasticsearch read alike. An array is not: Koncorde reads it as `[lat, lon]`,
 * Elasticsearch as `[lon, lat]`.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchGeoPoint = Exclude<GeoPoint, ReadonlyArray<unknown>>

/**
 * A box on earth: its four sides in degrees, or two opposite corners.
 *
 * @since 0.1.0
 * @category models
 */
export type GeoBox =
  | { readonly top: number; readonly left: number; readonly bottom: number; readonly right: number }
  | { readonly topLeft: GeoPoint; readonly bottomRight: GeoPoint }

/**
 * A box in a form that Koncorde and Elasticsearch read alike.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchGeoBox =
  | { readonly top: number; readonly left: number; readonly bottom: number; readonly right: number }
  | { readonly top_left: SearchGeoPoint; readonly bottom_right: SearchGeoPoint }

/**
 * The bounds of a range: at most one lower and one upper bound. The lower bound must be less than the upper one.
 *
 * @since 0.1.0
 * @category models
 */
export type Bounds =
  & ({ readonly gt: number; readonly gte?: never } | { readonly gt?: never; readonly gte?: number })
  & ({ readonly lt: number; readonly lte?: never } | { readonly lt?: never; readonly lte?: number })

/**
 * The filter that every document matches.
 *
 * @since 0.1.0
 * @category models
 */
export interface All {
  readonly [keyword: string]: never
}

/**
 * The field has this value. See `equals`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Equals<out Value = Scalar> {
  readonly equals: { readonly [field: string]: Value }
}

/**
 * The field is one of these strings. See `isIn`.
 *
 * @since 0.1.0
 * @category models
 */
export interface In {
  readonly in: { readonly [field: string]: ReadonlyArray<string> }
}

/**
 * The document has one of these ids. See `ids`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ids {
  readonly ids: { readonly values: ReadonlyArray<string> }
}

/**
 * The field exists. See `exists`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exists {
  readonly exists: string
}

/**
 * The field does not exist. See `missing`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Missing {
  readonly missing: string
}

/**
 * The field is a number within bounds. See `range`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Range {
  readonly range: { readonly [field: string]: Bounds }
}

/**
 * The field is a string that contains a match of a pattern. See `regexp`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Regexp {
  readonly regexp: { readonly [field: string]: string | { readonly value: string; readonly flags?: string } }
}

/**
 * The document includes a value. See `match`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Match {
  readonly match: { readonly [key: string]: unknown }
}

/**
 * An element of an array matches a filter. See `select`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Select {
  readonly select: { readonly field: string; readonly index: number; readonly query: Condition }
}

/**
 * No document. See `nothing`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Nothing {
  readonly nothing: true
}

/**
 * The field is a point in a box. See `geoBoundingBox`.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoBoundingBox<out Box = GeoBox | SearchGeoBox> {
  readonly geoBoundingBox: { readonly [field: string]: Box }
}

/**
 * The field is a point within a distance. See `geoDistance`.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoDistance<out Point = GeoPoint> {
  readonly geoDistance: { readonly [field: string]: Point | string; readonly distance: string }
}

/**
 * The field is a point between two distances. See `geoDistanceRange`.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoDistanceRange {
  readonly geoDistanceRange: { readonly [field: string]: GeoPoint; readonly from: string; readonly to: string }
}

/**
 * The field is a point in a polygon. See `geoPolygon`.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoPolygon {
  readonly geoPolygon: { readonly [field: string]: { readonly points: ReadonlyArray<GeoPoint> } }
}

/**
 * All of these filters match. See `and`.
 *
 * @since 0.1.0
 * @category models
 */
export interface And<out F = Condition> {
  readonly and: ReadonlyArray<F>
}

/**
 * At least one of these filters matches. See `or`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Or<out F = Condition> {
  readonly or: ReadonlyArray<F>
}

/**
 * This filter does not match. See `not`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Not<out F = Condition> {
  readonly not: F
}

/**
 * The clauses of `bool`. A document matches if every `must` matches, no `must_not` matches, at least one `should`
 * matches, and not every `should_not` matches.
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
 * All of these clauses match. See `bool`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Bool {
  readonly bool: Clauses
}

/**
 * Any filter but `all`. Only such filters can be combined.
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
 * The conditions that also work in a search, as its option `filter`. The server translates them to Elasticsearch, which
 * has no counterpart for the others, nor for `null`.
 *
 * In a search, a field that is `null` or an empty array counts as missing. An array matches if one of its elements
 * does. A field of type `text` is compared by its words.
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

/**
 * The condition with a member that no value has. If a search does not support the condition, the compiler error shows
 * the name of that member.
 */
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
 * No document. Use it to subscribe only to notifications of users.
 *
 * @since 0.1.0
 * @category constructors
 */
export const nothing: Nothing = { nothing: true }

/**
 * The field has this value, with the same type. The path of a nested field has dots (`"address.city"`). `"_id"` is the
 * id of the document.
 *
 * @since 0.1.0
 * @category constructors
 */
export const equals = <Value extends Scalar>(field: string, value: Value): Equals<Value> => ({
  equals: { [field]: value }
})

/**
 * The field is one of these strings (keyword `in`). For numbers, use `or` with `equals`.
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
 * The field exists, even if it is `null`. Brackets at the end of the path test for an element of an array (see
 * `contains`). Escape brackets that are part of a name with `\`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const exists = (field: string): Exists => ({ exists: field })

/**
 * The field does not exist. The syntax of the path is that of `exists`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const missing = (field: string): Missing => ({ missing: field })

/**
 * The field is an array that contains this element.
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
 * The field is a number within bounds. Dates must be numbers, too.
 *
 * The server distinguishes open from closed bounds only up to two million. For larger numbers (for example milliseconds
 * since 1970) it treats `gt` as `gte` and `lt` as `lte`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const range = (field: string, bounds: Bounds): Range => ({ range: { [field]: bounds } })

/**
 * The field is a string that contains a match of the pattern. The server's engine is RE2, which has no look-around and
 * no back-references. Of a `RegExp`, the source and the flags are used. Like the server, `matches` runs in linear time
 * for every pattern: at most the length of the field times the size of the pattern, which is bounded.
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
 * The document includes this value: all its members, at any depth, and the elements of its arrays in any order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const match = (content: { readonly [key: string]: unknown }): Match => ({ match: content })

/**
 * The field is an array whose element at `index` matches `query`. A negative index counts from the end. The query is a
 * filter on the field `value`. The condition cannot be negated, but its query can.
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

/** With a box in this form, the filter also works in a search. */
const unmistakable = (point: GeoPoint): SearchGeoPoint => {
  if (!isPair(point)) return point
  const [lat, lon] = point
  return { lat, lon }
}

const isPair = (point: GeoPoint): point is readonly [lat: number, lon: number] => Array.isArray(point)

/**
 * The field is a point within a distance: a number and its unit (`"10 km"`, `"500 ft"`). The field cannot be named
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
 * The field is a point in a polygon of at least three points.
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
 * A document that matches all of these filters.
 *
 * @since 0.1.0
 * @category combinators
 */
export const and = <Filters extends ReadonlyArray<Condition>>(...filters: Filters): And<Filters[number]> => ({
  and: filters
})

/**
 * A document that matches at least one of these filters.
 *
 * @since 0.1.0
 * @category combinators
 */
export const or = <Filters extends ReadonlyArray<Condition>>(...filters: Filters): Or<Filters[number]> => ({
  or: filters
})

/**
 * A document that does not match this filter.
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
// typed by the document
// -------------------------------------------------------------------------------------------------------------------

/**
 * The mark of a filter for documents of one type. It exists in types only.
 *
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("@effect-kuzzle/core/KuzzleFilter")

/**
 * The type of the mark of a filter for documents of one type.
 *
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * A filter that was made for documents of this type. The mark exists in types only and is not sent. A filter for
 * documents with fewer fields is also a filter for documents with more fields.
 *
 * @since 0.1.0
 * @category by the document
 */
export interface On<in Document> {
  readonly [TypeId]: (_: Document) => void
}

/**
 * The paths of the fields of a document: `"address"`, `"address.city"`. No path leads into an array (see `contains` and
 * `select`). If a type contains itself, any path below its second occurrence is accepted. The same holds for any path
 * below the sixth level.
 *
 * @since 0.1.0
 * @category by the document
 */
export type Path<Document> = PathTo<Document, unknown>

/**
 * The paths of the fields whose value may have this type.
 *
 * @since 0.1.0
 * @category by the document
 */
export type PathTo<Document, Type> = PathWithin<Document & WithId, Type>

/**
 * The type of the value at a path, as far as it is known. (It is a conditional type and not an alias of `At`. So
 * declarations that a consumer emits contain its name and not the endless recursion of `At`.)
 *
 * @since 0.1.0
 * @category by the document
 */
export type ValueAt<Document, P extends string, Type> = unknown extends At<Document & WithId, P> ? Type
  : Extract<At<Document & WithId, P>, Type>

/**
 * The type of the elements of the array at a path, as far as it is known.
 *
 * @since 0.1.0
 * @category by the document
 */
export type ElementAt<Document, P extends string, Type> = ValueAt<Document, P, ReadonlyArray<unknown>> extends
  ReadonlyArray<infer Element> ? Narrow<Element, Type> : never

/** Kuzzle treats the id of a document as one of its fields. */
type WithId = { readonly _id: string }

/**
 * It is a conditional type and not an alias of a mapped one, so that errors list the paths and not the name of the
 * alias.
 *
 * `Above` contains the enclosing types. The recursion stops at a type that occurs a second time. Otherwise eight
 * references of a type to itself would make 8^6 paths.
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

/** It is invariant: one extends another only if both have the same type. */
type Exactly<T> = (_: T) => T

type At<T, P extends string> = P extends `${infer Head}.${infer Rest}` ? Member<T, P> | At<Member<T, Head>, Rest>
  : Member<T, P>

type Member<T, K extends string> = unknown extends T ? unknown
  : T extends ReadonlyArray<unknown> ? never
  : T extends object ? K extends keyof T ? T[K] : never
  : never

type Narrow<T, Type> = unknown extends T ? Type : Extract<T, Type>

/** The paths at which a document has a point, as far as its type distinguishes a point from other text. */
type PointField =
  | { readonly lat: number; readonly lon: number }
  | readonly [lat: number, lon: number]
  | `${number},${number}`
  | `${number}, ${number}`

/**
 * A part of a document, at any depth.
 *
 * @since 0.1.0
 * @category by the document
 */
export type Part<T> = T extends ReadonlyArray<infer Element> ? ReadonlyArray<Part<Element>>
  : T extends object ? { readonly [K in keyof T]?: Part<T[K]> }
  : T

/**
 * The builders for documents of one type. They do the same as the functions of this module. A path that the type does
 * not have, or a value that the field cannot have, does not compile.
 *
 * @since 0.1.0
 * @category by the document
 */
export interface Builders<Document> {
  /** Every document. */
  readonly all: All & On<Document>
  /** No document. Only for subscriptions. */
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
  /** The field exists, even if it is `null`: `exists("driver.name")`. */
  readonly exists: (field: Path<Document>) => Exists & On<Document>
  /** The field does not exist. */
  readonly missing: (field: Path<Document>) => Missing & On<Document>
  /** The field is an array that contains this element: `contains("tags", "new")`. */
  readonly contains: <P extends PathTo<Document, ReadonlyArray<unknown>>>(
    field: P,
    element: ElementAt<Document, P, Scalar>
  ) => Exists & On<Document>
  /** The field is a number within bounds: `range("seats", { gte: 4 })`. */
  readonly range: (field: PathTo<Document, number>, bounds: Bounds) => Range & On<Document>
  /** The field is a string that contains a match of the pattern. Only for subscriptions. */
  readonly regexp: (
    field: PathTo<Document, string>,
    pattern: string | RegExp,
    flags?: string
  ) => Regexp & On<Document>
  /** The document includes this value. Only for subscriptions. */
  readonly match: (content: Part<Document>) => Match & On<Document>
  /**
   * The element at an index matches the query, which is made by the builders for `{ readonly value: Element }`. Only
   * for subscriptions.
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
  /** The field is a point within a distance: `geoDistance("position", { lat: 48.85, lon: 2.35 }, "2 km")`. */
  readonly geoDistance: (
    field: PathTo<Document, PointField>,
    center: GeoPoint,
    distance: string
  ) => GeoDistance<SearchGeoPoint> & On<Document>
  /** The field is a point between two distances. Only for subscriptions. */
  readonly geoDistanceRange: (
    field: PathTo<Document, PointField>,
    center: GeoPoint,
    distances: { readonly from: string; readonly to: string }
  ) => GeoDistanceRange & On<Document>
  /** The field is a point in a polygon. Only for subscriptions. */
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
  /** All of these clauses. Only for subscriptions. */
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

/**
 * The builders are the same functions for all types of documents. Safe: the type of the document exists for the
 * compiler only.
 */
const forDocument = <Document>(): Builders<Document> => builders as unknown as Builders<Document>

export {
  /**
   * The builders for documents of a type. Use the type of the stored documents: the *encoded* side of a Schema, where a
   * date may be a number.
   *
   * The conditions on points accept only fields with the type of a point: `{ lat, lon }`, `[lat, lon]`, or a template
   * literal of two numbers.
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
// validation and evaluation
// -------------------------------------------------------------------------------------------------------------------

/**
 * Lists the faults of a filter, each with its place in the filter. The list is empty if the server would accept it.
 *
 * A filter has at most `maxConditions` conditions, where each value of `in` and `ids` counts as one. The default is
 * 100, unless the server's setting `limits.subscriptionConditionsCount` says otherwise.
 *
 * The validation is stricter than the server in a few cases that the server accepts and then handles wrongly. It
 * rejects a negated `select` or `nothing`, which the server fails to store. It rejects a distance that is a time or
 * contains thousands separators. It also rejects more than 200 levels of nesting, and more than 1,000 levels of groups
 * in a pattern.
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
 * Lists the faults of a filter for a search, each with its place in the filter.
 *
 * The server translates such a filter without checking it. This validation reports conditions that Elasticsearch would
 * refuse, and conditions that it would misread, such as an array as a point.
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
 * The filter is invalid: the server would refuse or misread it. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class FilterError extends tagged("KuzzleFilterError")<{
  /** The faults, each with its place in the filter. See `validate` and `validateSearch`. */
  readonly issues: ReadonlyArray<string>
}> {
  override get message(): string {
    return `the filter is wrong: ${this.issues.join("; ")}`
  }
}

/**
 * Returns a function that tests whether a document matches a filter, with the same result as the server. The filter is
 * compiled once, so use the same function for all documents. The function never throws. A document that is not an
 * object has no fields. The filter may be any JSON object, for example one that was received from another program. A
 * filter that `validate` rejects matches nothing.
 *
 * The document must have the form that the server tests: the content, and the id as `_id`.
 *
 * The server minimises a filter before it stores it, and some filters then match wrong documents. For example, with two
 * conditions on one field, it treats `missing: 'tags["a"]'` as `missing: "tags"`. This function does not reproduce that
 * fault.
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
 * Like `matches`, but as a search evaluates the filter. Each element of an array counts as a value of the field. `null`
 * and an empty array count as no value. A filter that `validateSearch` rejects matches nothing. Searches have no
 * `regexp`, so a page that uses neither `matches` nor `validate` does not include the regular-expression engine.
 *
 * @since 0.1.0
 * @category evaluation
 */
export const matchesSearch = (filter: SearchFilter): (document: unknown) => boolean =>
  Either.match(parse(filter, noPatterns), {
    onLeft: () => matchNothing,
    onRight: (node) => searchIssues(filter).length > 0 ? matchNothing : onFields(searchPredicate(node))
  })

const matchNothing = (): boolean => false

const onFields = (holds: (fields: Fields) => boolean) => (document: unknown): boolean =>
  holds(isFields(document) ? document : {})
