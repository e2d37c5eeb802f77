/**
 * Koncorde, Kuzzle's language of filters for real-time subscriptions (spec 6): builders, a check before sending, and an
 * evaluator that answers as the server would.
 *
 * A filter is plain JSON, exactly what goes over the wire: the builders are a convenience, a literal does as well.
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
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { predicate } from "./internal/filter/evaluate.ts"
import { isFields } from "./internal/filter/field.ts"
import { countConditions, parse } from "./internal/filter/parse.ts"

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
 * A box on earth: its sides in degrees, or two of its corners.
 *
 * @since 0.1.0
 * @category models
 */
export type GeoBox =
  | { readonly top: number; readonly left: number; readonly bottom: number; readonly right: number }
  | { readonly topLeft: GeoPoint; readonly bottomRight: GeoPoint }

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
export interface Equals {
  readonly equals: { readonly [field: string]: Scalar }
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
export interface GeoBoundingBox {
  readonly geoBoundingBox: { readonly [field: string]: GeoBox }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface GeoDistance {
  readonly geoDistance: { readonly [field: string]: GeoPoint; readonly distance: string }
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
export interface Clauses {
  readonly must?: ReadonlyArray<Condition>
  readonly must_not?: ReadonlyArray<Condition>
  readonly should?: ReadonlyArray<Condition>
  readonly should_not?: ReadonlyArray<Condition>
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
 * The conditions that also work in a search with `lang: "koncorde"`: the server translates them to Elasticsearch, which
 * has no counterpart of the others.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchCondition =
  | Equals
  | In
  | Ids
  | Exists
  | Missing
  | Range
  | GeoBoundingBox
  | GeoDistance
  | And<SearchCondition>
  | Or<SearchCondition>
  | Not<SearchCondition>

/**
 * A filter of a search with `lang: "koncorde"`.
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
export const equals = (field: string, value: Scalar): Equals => ({ equals: { [field]: value } })

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
 * From a `RegExp` its source and flags are taken.
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
export const geoBoundingBox = (field: string, box: GeoBox): GeoBoundingBox => ({ geoBoundingBox: { [field]: box } })

/**
 * The field is a point at most so far away: a number and its unit (`"10 km"`, `"500 ft"`). The field cannot be named
 * `distance`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const geoDistance = (field: string, center: GeoPoint, distance: string): GeoDistance => ({
  geoDistance: { [field]: center, distance }
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
// checking and evaluating
// -------------------------------------------------------------------------------------------------------------------

/**
 * Everything that is wrong with a filter, each with its place in it; empty if the server would accept it.
 *
 * A filter has at most `maxConditions` conditions, each value of `in` and `ids` being one: 100, unless the server's
 * setting `limits.subscriptionConditionsCount` says otherwise.
 *
 * Stricter than the server where it accepts what it does not mean: a negated `select` or `nothing` (it then fails to
 * store them), a distance that is a time or holds thousands separators, `(?i)` within a pattern (give the flag to the
 * whole), and more than 200 levels.
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
  Either.match(parse(filter), {
    onLeft: (issues) => issues,
    onRight: (node) => {
      const limit = options?.maxConditions ?? 100
      const count = countConditions(node)
      return count > limit ? [`${count} conditions, the server accepts ${limit}`] : []
    }
  })

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
): (document: unknown) => boolean => {
  const parsed = parse(filter)
  if (Either.isLeft(parsed)) {
    return () => false
  }
  const holds = predicate(parsed.right)
  return (document) => holds(isFields(document) ? document : {})
}
