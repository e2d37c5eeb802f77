/**
 * Parses a filter (spec 6): turns any value into a `Node`, or into a list of its faults. It accepts the same filters as
 * the server, as far as JSON can carry them.
 */
import * as Either from "effect/Either"
import { type Fields, isFields } from "./field.ts"
import { toBox, toMeters, toPoint } from "./geo.ts"
import type { Node } from "./node.ts"
import { type Pattern, unasked } from "./pattern/index.ts"

/**
 * The maximum depth of filters and of values in them. Each level uses a stack frame, here and in the server. No
 * handwritten filter comes close.
 */
const MAX_DEPTH = 200

type Parsed = Node | undefined

/** A place in a filter. */
interface Place {
  /** For example, `and[0].range.age`. */
  readonly path: string
  readonly depth: number
  /** Whether it is below an odd number of negations. */
  readonly negated: boolean
  /** The faults so far, anywhere in the filter. */
  readonly issues: Array<string>
  readonly patterns: Patterns
}

/** Parses the pattern of a `regexp`, or returns the reason why the server would refuse it. */
export type Patterns = (pattern: string, flags: string) => Either.Either<Pattern, string>

/** Records an issue. Returns `undefined`, because there is no node. */
const refuse = (place: Place, issue: string): undefined => {
  place.issues.push(place.path === "" ? issue : `${place.path}: ${issue}`)
  return undefined
}

const at = (place: Place, key: string): Place => ({ ...place, path: place.path === "" ? key : `${place.path}.${key}` })

const item = (place: Place, index: number): Place => ({ ...place, path: `${place.path}[${index}]` })

const deeper = (place: Place): Place => ({ ...place, depth: place.depth + 1 })

const negate = (place: Place): Place => ({ ...place, negated: !place.negated })

/**
 * For filters of searches, which have no `regexp`. A page that parses only these need not include the
 * regular-expression engine.
 */
export const noPatterns: Patterns = () => Either.right(unasked)

/** Parses a whole filter. */
export const parse = (filter: unknown, patterns: Patterns): Either.Either<Node, ReadonlyArray<string>> => {
  const root: Place = { path: "", depth: 0, negated: false, issues: [], patterns }
  const node: Parsed = isFields(filter) && Object.keys(filter).length === 0
    ? { _tag: "Everything" }
    : anyFilter(filter, root)
  return node === undefined || root.issues.length > 0 ? Either.left(root.issues) : Either.right(node)
}

/**
 * How many conditions the server counts in a filter: each value of `in` and `ids` is one. The conditions inside
 * `select` are counted separately.
 */
export const countConditions = (node: Node): number => {
  switch (node._tag) {
    case "Everything":
      return 0
    case "And":
    case "Or":
      return node.nodes.reduce((sum, inner) => sum + countConditions(inner), 0)
    case "Not":
      return countConditions(node.node)
    case "In":
      return node.values.size
    default:
      return 1
  }
}

/** A filter inside a filter. It must not be empty, and has one keyword. */
const anyFilter = (filter: unknown, place: Place): Parsed => {
  if (place.depth > MAX_DEPTH) {
    return refuse({ ...place, path: "" }, `nested deeper than ${MAX_DEPTH} levels`)
  }
  if (!isFields(filter)) {
    return refuse(place, "a filter must be an object")
  }
  const names = Object.keys(filter)
  const [keyword] = names
  if (keyword === undefined) {
    return refuse(place, "a filter inside a filter must not be empty")
  }
  if (names.length > 1) {
    return refuse(place, `a filter has one keyword, this one has ${names.length} (${names.join(", ")}): use and`)
  }
  const parser = keywords.get(keyword)
  return parser === undefined
    ? refuse(place, `unknown keyword ${keyword}`)
    : parser(filter[keyword], at(place, keyword))
}

type Parser = (value: unknown, place: Place) => Parsed

// -------------------------------------------------------------------------------------------------------------------
// parts
// -------------------------------------------------------------------------------------------------------------------

/** `{field: argument}`: the form of most keywords. */
const oneField = (
  parser: (field: string, argument: unknown, place: Place) => Parsed
): Parser =>
(value, place) => {
  if (!isFields(value)) {
    return refuse(place, "must be an object with one field")
  }
  const [field, ...others] = Object.keys(value)
  if (field === undefined || others.length > 0) {
    return refuse(place, `must have exactly one field, has ${field === undefined ? 0 : others.length + 1}`)
  }
  return parser(field, value[field], at(place, field))
}

const isName = (u: unknown): u is string => typeof u === "string" && u !== ""

/** Numbers that JSON cannot represent arrive at the server as `null`, so they are refused. */
const isNumber = (u: unknown): u is number => typeof u === "number" && Number.isFinite(u)

const strings = (value: unknown, place: Place): ReadonlySet<string> | undefined => {
  if (!Array.isArray(value) || value.length === 0) {
    return refuse(place, "must be a non-empty array of strings")
  }
  const odd = value.findIndex((item) => typeof item !== "string")
  return odd >= 0 ? refuse(item(place, odd), "must be a string") : new Set<string>(value)
}

const filters = (value: unknown, place: Place): ReadonlyArray<Node> | undefined => {
  if (!Array.isArray(value) || value.length === 0) {
    return refuse(place, "must be a non-empty array of filters")
  }
  // `Array.from` visits the holes of a sparse array too.
  const nodes = Array.from(value, (inner: unknown, i) => anyFilter(inner, deeper(item(place, i))))
  const parsed = nodes.filter((node) => node !== undefined)
  return parsed.length === nodes.length ? parsed : undefined
}

// -------------------------------------------------------------------------------------------------------------------
// terms
// -------------------------------------------------------------------------------------------------------------------

const equals = oneField((field, value, place) =>
  value === null || typeof value === "string" || typeof value === "boolean" || isNumber(value)
    ? { _tag: "Equals", field, value }
    : refuse(place, "must be a string, a finite number, a boolean or null")
)

const isIn = oneField((field, value, place) => {
  const values = strings(value, place)
  return values && { _tag: "In", field, values }
})

const ids: Parser = (value, place) => {
  if (!isFields(value) || Object.keys(value).length !== 1 || !Object.hasOwn(value, "values")) {
    return refuse(place, "must be {values: [\"…\"]}")
  }
  const values = strings(value["values"], at(place, "values"))
  return values && { _tag: "In", field: "_id", values }
}

const exists: Parser = (value, place) => {
  if (!isFields(value)) {
    return isName(value) ? fieldSyntax(value, place) : refuse(place, "must be a non-empty string")
  }
  return Object.keys(value).length === 1 && isName(value["field"])
    ? fieldSyntax(value["field"], at(place, "field"))
    : refuse(place, "must be a non-empty string, or {field: \"…\"}")
}

/**
 * Parses `a.b` or `a.b["element"]`. The last pair of brackets contains JSON. Brackets in names are escaped with `\`.
 */
const fieldSyntax = (text: string, place: Place): Parsed => {
  const open = elementStart(text)
  const field = (open === undefined ? text : text.slice(0, open)).replace(/\\([[\]])/g, "$1")
  if (open === undefined) {
    return { _tag: "Exists", field }
  }
  const element = text.slice(open + 1, -1)
  try {
    return { _tag: "Contains", field, element: JSON.parse(element) }
  } catch {
    return refuse(place, `between brackets must be a JSON value, not ${element} (strings are quoted)`)
  }
}

/**
 * The position of the bracket that opens the element. The server uses `/^(.*?[^\\])\[(.*)]$/`, whose time grows with
 * the square of the text. Its dots match no line break, so there is none in the element, and none before the last
 * character of the name.
 */
const elementStart = (text: string): number | undefined => {
  if (!text.endsWith("]")) return undefined
  let first = text.length
  let last = -1
  for (const { index } of text.matchAll(/[\n\r\u2028\u2029]/g)) {
    first = Math.min(first, index)
    last = index
  }
  for (let open = text.indexOf("[", 1); open > 0 && open <= first + 1; open = text.indexOf("[", open + 1)) {
    if (text[open - 1] !== "\\" && open > last) return open
  }
  return undefined
}

const range = oneField((field, value, place) => {
  if (!isFields(value) || Object.keys(value).length === 0) {
    return refuse(place, "must be an object with one or two of gt, gte, lt, lte")
  }
  for (const [key, bound] of Object.entries(value)) {
    if (!bounds.has(key)) {
      return refuse(place, `${key} is not one of gt, gte, lt, lte`)
    }
    if (!isNumber(bound)) {
      return refuse(at(place, key), "must be a finite number (dates too)")
    }
  }
  const { gt, gte, lt, lte }: { readonly [bound: string]: unknown } = value
  if (gt !== undefined && gte !== undefined) {
    return refuse(place, "has two lower bounds, gt and gte")
  }
  if (lt !== undefined && lte !== undefined) {
    return refuse(place, "has two upper bounds, lt and lte")
  }
  const low = gt ?? gte
  const high = lt ?? lte
  if (isNumber(low) && isNumber(high) && low >= high) {
    return refuse(place, `the lower bound (${low}) must be below the upper one (${high})`)
  }
  return { _tag: "Range", field, bounds: value }
})

const bounds: ReadonlySet<string> = new Set(["gt", "gte", "lt", "lte"])

const regexp = oneField((field, value, place) => {
  const { value: pattern, flags, ...others }: Fields = isFields(value) ? value : { value }
  if (typeof pattern !== "string" || Object.keys(others).length > 0) {
    return refuse(place, "must be a pattern (a string), or {value, flags} with no other keys")
  }
  // Kuzzle treats falsy flags as absent.
  if (flags && typeof flags !== "string") {
    return refuse(at(place, "flags"), "must be a string")
  }
  return Either.match(place.patterns(pattern, typeof flags === "string" ? flags : ""), {
    onLeft: (issue) => refuse(place, `the pattern ${pattern} is refused: ${issue}`),
    onRight: (compiled): Node => ({ _tag: "Regexp", field, pattern: compiled })
  })
})

const match: Parser = (value, place) => {
  if (!isFields(value) || Object.keys(value).length === 0) {
    return refuse(place, "must be a non-empty object")
  }
  return isJson(value, place.depth) ? { _tag: "Match", content: value } : refuse(
    place,
    `must contain only JSON values (no undefined, no infinite number …), nested at most ${MAX_DEPTH} levels`
  )
}

const isJson = (u: unknown, depth: number): boolean =>
  u === null || typeof u === "string" || typeof u === "boolean" || isNumber(u) ||
  (depth < MAX_DEPTH && (Array.isArray(u)
    ? Array.from(u, (inner: unknown) => isJson(inner, depth + 1)).every(Boolean)
    : isFields(u) && Object.values(u).every((inner) => isJson(inner, depth + 1))))

/**
 * Refuses the negation of `select` and `nothing`. The server accepts it and then fails to store it. The first
 * subscriber gets an internal error. Later subscribers never get a notification.
 */
const noNegation = (parser: Parser): Parser => (value, place) =>
  place.negated ? refuse(place, "cannot be negated: the server has no matcher for that") : parser(value, place)

const select = noNegation((value, place) => {
  if (!isFields(value) || Object.keys(value).length !== 3) {
    return refuse(place, "must be an object with exactly field, index and query")
  }
  const { field, index, query } = value
  if (!isName(field)) {
    return refuse(at(place, "field"), "must be a non-empty string")
  }
  if (!Number.isInteger(index) || !isNumber(index)) {
    return refuse(at(place, "index"), "must be an integer (negative: from the end)")
  }
  const parsed = anyFilter(query, { ...deeper(at(place, "query")), negated: false })
  return parsed && { _tag: "Select", field, index, query: parsed }
})

const nothing = noNegation(() => ({ _tag: "Nothing" }))

// -------------------------------------------------------------------------------------------------------------------
// geography
// -------------------------------------------------------------------------------------------------------------------

const pointFormats = "must be a point: [lat, lon], {lat, lon}, \"lat, lon\" or a geohash of 4 characters or more"

const geoBoundingBox = oneField((field, value, place) => {
  const box = toBox(value)
  if (box === undefined) {
    return refuse(place, "must be a box: {top, left, bottom, right}, or {topLeft, bottomRight} with two points")
  }
  // The server accepts such a box and then fails to store it.
  if (!(box.bottom < box.top)) {
    return refuse(place, `the bottom (${box.bottom}) must be below the top (${box.top})`)
  }
  if (!(box.left < box.right)) {
    return refuse(
      place,
      `left (${box.left}) must be less than right (${box.right}); across the antimeridian, add 360 to right`
    )
  }
  return { _tag: "Geo", field, shape: box }
})

/** `{field: point, <names>: distance}` */
const around = (
  value: unknown,
  names: ReadonlyArray<string>,
  place: Place
): { readonly field: string; readonly argument: unknown; readonly meters: ReadonlyArray<number> } | undefined => {
  const keys = isFields(value) ? Object.keys(value) : []
  const field = keys.find((key) => !names.includes(key))
  if (!isFields(value) || keys.length !== names.length + 1 || field === undefined) {
    return refuse(place, `must have exactly a field and ${names.join(", ")}`)
  }
  const meters = names.map((name) => {
    const distance = value[name]
    return (typeof distance === "string" ? toMeters(distance) : undefined) ??
      refuse(at(place, name), "must be a distance: a number and its unit (m, ft, in, yd, mi, km …), as a string")
  }).filter((distance) => distance !== undefined)
  return meters.length === names.length ? { field, argument: value[field], meters } : undefined
}

const geoDistance: Parser = (value, place) => {
  const circle = around(value, ["distance"], place)
  if (circle === undefined) {
    return undefined
  }
  const center = toPoint(circle.argument)
  const [radius = 0] = circle.meters
  return center === undefined
    ? refuse(at(place, circle.field), pointFormats)
    : { _tag: "Geo", field: circle.field, shape: { _tag: "Ring", center, from: 0, to: radius } }
}

const geoDistanceRange: Parser = (value, place) => {
  const ring = around(value, ["from", "to"], place)
  if (ring === undefined) {
    return undefined
  }
  const [from = 0, to = 0] = ring.meters
  if (from >= to) {
    return refuse(place, `from (${from} m) must be less than to (${to} m)`)
  }
  const center = toPoint(ring.argument)
  return center === undefined
    ? refuse(at(place, ring.field), pointFormats)
    : { _tag: "Geo", field: ring.field, shape: { _tag: "Ring", center, from, to } }
}

const geoPolygon = oneField((field, value, place) => {
  const list: unknown = isFields(value) && Object.keys(value).length === 1 ? value["points"] : undefined
  if (!Array.isArray(list) || list.length < 3) {
    return refuse(place, "must be {points: […]} with 3 points or more")
  }
  const points = Array.from(list, toPoint)
  const odd = points.indexOf(undefined)
  return odd >= 0
    ? refuse(item(at(place, "points"), odd), pointFormats)
    : { _tag: "Geo", field, shape: { _tag: "Polygon", points: points.filter((point) => point !== undefined) } }
})

// -------------------------------------------------------------------------------------------------------------------
// logic
// -------------------------------------------------------------------------------------------------------------------

const and: Parser = (value, place) => {
  const nodes = filters(value, place)
  return nodes && { _tag: "And", nodes }
}

const or: Parser = (value, place) => {
  const nodes = filters(value, place)
  return nodes && { _tag: "Or", nodes }
}

const not: Parser = (value, place) => {
  const node = anyFilter(value, negate(deeper(place)))
  return node && { _tag: "Not", node }
}

/**
 * A conjunction of up to four clauses. The server treats a falsy clause as absent, and accepts a single filter in
 * `must`.
 */
const bool: Parser = (value, place) => {
  if (!isFields(value)) {
    return refuse(place, "must be an object with some of must, must_not, should, should_not")
  }
  const { must, must_not, should, should_not, ...others } = value
  const unknown = Object.keys(others)
  if (unknown.length > 0) {
    return refuse(place, `${unknown.join(", ")}: not one of must, must_not, should, should_not`)
  }
  const clauses: Array<Parsed> = []
  if (Array.isArray(must) && must.length === 0) {
    // The server ignores an empty `must`, but refuses the other clauses if they are empty.
  } else if (must) {
    clauses.push(Array.isArray(must) ? and(must, at(place, "must")) : anyFilter(must, deeper(at(place, "must"))))
  }
  if (must_not) {
    clauses.push(complement(or(must_not, negate(at(place, "must_not")))))
  }
  if (should) {
    clauses.push(or(should, at(place, "should")))
  }
  if (should_not) {
    clauses.push(complement(and(should_not, negate(at(place, "should_not")))))
  }
  if (clauses.length === 0) {
    return refuse(place, "must have a clause that is not empty: must, must_not, should or should_not")
  }
  const nodes = clauses.filter((node) => node !== undefined)
  return nodes.length === clauses.length ? { _tag: "And", nodes } : undefined
}

const complement = (node: Parsed): Parsed => node && { _tag: "Not", node }

const keywords: ReadonlyMap<string, Parser> = new Map([
  ["and", and],
  ["bool", bool],
  ["equals", equals],
  ["exists", exists],
  ["geoBoundingBox", geoBoundingBox],
  ["geoDistance", geoDistance],
  ["geoDistanceRange", geoDistanceRange],
  ["geoPolygon", geoPolygon],
  ["ids", ids],
  ["in", isIn],
  ["match", match],
  ["missing", (value, place) => complement(exists(value, place))],
  ["not", not],
  ["nothing", nothing],
  ["or", or],
  ["range", range],
  ["regexp", regexp],
  ["select", select]
])
