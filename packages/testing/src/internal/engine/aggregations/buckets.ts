/**
 * Aggregations that sort documents into buckets.
 */
import { badRequest, error } from "../errors.ts"
import * as Geo from "../geo.ts"
import { double } from "../java.ts"
import { asArray, isObject, type JsonObject } from "../json.ts"
import { fieldAt, isDate, nestedIn, placesIn, type Scalar } from "../mapping.ts"
import * as Query from "../query.ts"
import { compareScalars } from "../sorting.ts"
import { stepOf } from "./intervals.ts"
import { sum } from "./metrics.ts"
import {
  type Aggregator,
  bucketOf,
  checkedOptions,
  iso,
  keyResult,
  matching,
  numbersOf,
  type Row,
  type Scope,
  type Values,
  valuesOf
} from "./scope.ts"

/** An aggregation with one bucket, which contains the chosen rows. */
const singleBucket =
  (choose: (options: JsonObject, scope: Scope) => ReadonlyArray<Row>): Aggregator => (options, scope) => {
    const rows = choose(options, scope)
    return { doc_count: rows.length, ...scope.innerResults(rows) }
  }

/** The buckets as an object by their keys, or as a list. */
const bucketsResult = (
  isKeyed: unknown,
  buckets: ReadonlyArray<readonly [key: string, bucket: JsonObject]>
): JsonObject => ({
  buckets: isKeyed === true
    ? Object.fromEntries(buckets)
    : buckets.map(([, bucket]) => bucket)
})

/** Groups rows by their values: a row is in one bucket for each of its values. */
const grouped = <Key extends Scalar>(
  rowValues: ReadonlyArray<Values>,
  keyOf: (value: Scalar) => Key
): Map<Key, Array<Row>> => {
  const groups = new Map<Key, Array<Row>>()
  for (const { row, values } of rowValues) {
    for (const key of new Set(values.map(keyOf))) {
      const rows = groups.get(key)
      if (rows === undefined) groups.set(key, [row])
      else rows.push(row)
    }
  }
  return groups
}

// -------------------------------------------------------------------------------------------------------------------
// terms
// -------------------------------------------------------------------------------------------------------------------

interface Term {
  readonly key: Scalar
  readonly rows: ReadonlyArray<Row>
  readonly innerResults: JsonObject
}

/** The number by which buckets are ordered. `path`: an inner aggregation, or a part of its result (`stats.avg`). */
const resultAt = (innerResults: JsonObject, path: string): number => {
  const value = path.split(".").reduce<unknown>((at, name) => isObject(at) ? at[name] : undefined, innerResults)
  const number = isObject(value) ? value.value ?? value.doc_count : value
  return typeof number === "number" ? number : NaN
}

const orderBy = (by: string, scope: Scope): (a: Term, b: Term) => number => {
  if (by === "_count") return (a, b) => a.rows.length - b.rows.length
  if (by === "_key" || by === "_term") return (a, b) => compareScalars(a.key, b.key)
  const [name = ""] = by.split(/[.>]/)
  if (by.includes(">") || !Object.hasOwn(scope.innerResults([]), name)) {
    throw error("testing.engine.not_implemented", `the order by "${by}" of the aggregation "terms"`)
  }
  return (a, b) => resultAt(a.innerResults, by) - resultAt(b.innerResults, by)
}

/**
 * The order of buckets. By default, those with the most documents are first. Equal buckets are ordered by their keys.
 */
const orderOf = (option: unknown, scope: Scope): (a: Term, b: Term) => number => {
  const criteria = option === undefined ?
    [["_count", "desc"] as const] :
    asArray(option).flatMap((one) => isObject(one) ? Object.entries(one) : [])
  const orders = criteria.map(([by, direction]) => {
    const order = orderBy(by, scope)
    return String(direction).toLowerCase() === "desc" ? (a: Term, b: Term) => -order(a, b) : order
  })
  orders.push((a, b) => compareScalars(a.key, b.key))
  return (a, b) => orders.reduce((order, next) => order || next(a, b), 0)
}

const selection = (option: unknown, name: string): ((key: Scalar) => boolean) | undefined => {
  if (option === undefined) return undefined
  if (!Array.isArray(option)) {
    throw error("testing.engine.not_implemented", `a pattern as "${name}" of the aggregation "terms"`)
  }
  const texts = new Set(option.map(String))
  return (key) => texts.has(String(key))
}

const terms: Aggregator = (options, scope) => {
  const names = ["field", "min_doc_count", "order", "size", "missing", "include", "exclude"]
  const { exclude, include, min_doc_count = 1, order, size = 10 } = checkedOptions("terms", options, ...names)
  if (!(Number(size) > 0)) throw badRequest("[1:1] [terms] failed to parse field [size]")
  if (Number(min_doc_count) < 1) {
    throw error("testing.engine.not_implemented", "\"min_doc_count\" 0 of the aggregation \"terms\"")
  }
  for (const { mapping } of scope.rows.slice(0, 1)) {
    if (fieldAt(mapping, String(options.field))?.type !== "geo_point") continue
    throw badRequest(`Field [${String(options.field)}] of type [geo_point] is not supported for aggregation [terms]`)
  }
  const [included, excluded] = [selection(include, "include"), selection(exclude, "exclude")]
  const rowValues = valuesOf(options, scope)
  const type = rowValues.find(({ type }) => type !== "unmapped")?.type ?? "unmapped"
  const isOrderedWithin = asArray(order).some((by) =>
    isObject(by) && Object.keys(by).some((name) => !name.startsWith("_"))
  )
  const all = Array.from(grouped(rowValues, (value) => value), ([key, rows]): Term => ({
    key,
    rows,
    innerResults: isOrderedWithin ? scope.innerResults(rows) : {}
  })).filter(({ key, rows }) =>
    rows.length >= Number(min_doc_count) && included?.(key) !== false && excluded?.(key) !== true
  ).sort(orderOf(order, scope))
  return {
    buckets: all.slice(0, Number(size)).map(({ key, rows }) => bucketOf(scope, keyResult(type, key), rows)),
    doc_count_error_upper_bound: 0,
    sum_other_doc_count: sum(all.slice(Number(size)).map(({ rows }) => rows.length))
  }
}

// -------------------------------------------------------------------------------------------------------------------
// histograms
// -------------------------------------------------------------------------------------------------------------------

interface Histogram {
  readonly groups: ReadonlyMap<number, ReadonlyArray<Row>>
  readonly next: (start: number) => number
  readonly minimum: number
  /** The first and the last start that are always included. */
  readonly bounds: readonly [first: number, last: number] | undefined
}

/** The starts of the buckets. Without a minimum, empty buckets between the first and the last are included. */
const startsOf = ({ bounds, groups, minimum, next }: Histogram, scope: Scope): ReadonlyArray<number> => {
  const occupied = [...groups.keys()].sort((a, b) => a - b)
  if (minimum > 0) return occupied.filter((start) => groups.get(start)!.length >= minimum)
  const first = Math.min(occupied[0] ?? Infinity, bounds?.[0] ?? Infinity)
  const last = Math.max(occupied.at(-1) ?? -Infinity, bounds?.[1] ?? -Infinity)
  const starts: Array<number> = []
  for (let start = first; start <= last; start = next(start)) {
    // Buckets are counted here, too, because there may be more than fit into memory. `add` then fails.
    if (starts.length > 65_535) scope.buckets.add()
    starts.push(start)
  }
  return starts
}

const histogram: Aggregator = (options, scope) => {
  const names = ["field", "interval", "offset", "min_doc_count", "keyed", "missing", "extended_bounds"]
  const { extended_bounds, interval, keyed: isKeyed, min_doc_count = 0, offset = 0 } = checkedOptions(
    "histogram",
    options,
    ...names
  )
  const length = Number(interval)
  if (!(length > 0)) {
    throw badRequest(
      interval === undefined
        ? "interval must be positive, got: 0.0"
        : "[1:1] [histogram] failed to parse field [interval]"
    )
  }
  const startOf = (value: number) => Math.floor((value - Number(offset)) / length) * length + Number(offset)
  const groups = grouped(numbersOf("histogram", options, scope), (value) => startOf(Number(value)))
  const bounds = isObject(extended_bounds)
    ? [startOf(Number(extended_bounds.min)), startOf(Number(extended_bounds.max))] as const
    : undefined
  const starts = startsOf({
    groups,
    bounds,
    minimum: Number(min_doc_count),
    next: (start) => startOf(start + length * 1.5)
  }, scope)
  return bucketsResult(isKeyed, starts.map((key) => [double(key), bucketOf(scope, { key }, groups.get(key) ?? [])]))
}

const dateHistogram: Aggregator = (options, scope) => {
  const names = ["field", "calendar_interval", "fixed_interval", "min_doc_count", "keyed", "missing"]
  const { keyed: isKeyed, min_doc_count = 0 } = checkedOptions("date_histogram", options, ...names)
  if (!(Number(min_doc_count) >= 0)) throw badRequest("[1:1] [date_histogram] failed to parse field [min_doc_count]")
  const step = stepOf(options)
  const rowValues = numbersOf("date_histogram", options, scope)
  const isOfDates = rowValues.some(({ type }) => isDate(type))
  const groups = grouped(rowValues, (value) => step(Number(value)).start)
  const starts = startsOf({
    groups,
    bounds: undefined,
    minimum: Number(min_doc_count),
    next: (start) => step(start).end
  }, scope)
  return bucketsResult(
    isKeyed,
    starts.map((
      key
    ) => [iso(key), bucketOf(scope, isOfDates ? { key_as_string: iso(key), key } : { key }, groups.get(key) ?? [])])
  )
}

// -------------------------------------------------------------------------------------------------------------------
// ranges
// -------------------------------------------------------------------------------------------------------------------

interface Range {
  readonly key: string
  readonly from: number
  readonly to: number
  readonly boundsResult: JsonObject
}

const rangesOf = (
  name: string,
  definitions: unknown,
  read: (bound: unknown) => number,
  show: (bound: number) => string,
  isText: boolean
): ReadonlyArray<Range> => {
  if (!Array.isArray(definitions) || definitions.length === 0) {
    throw badRequest(`No [ranges] specified for the [${name}] aggregation`)
  }
  return definitions.map((range) => {
    const { from, key, to } = isObject(range) ? range : {}
    const low = from === undefined || from === null ? -Infinity : read(from)
    const high = to === undefined || to === null ? Infinity : read(to)
    const [first, last] = [low === -Infinity ? "*" : show(low), high === Infinity ? "*" : show(high)]
    return {
      key: key === undefined ? `${first}-${last}` : String(key),
      from: low,
      to: high,
      boundsResult: {
        ...(low === -Infinity ? {} : { from: low, ...(isText ? { from_as_string: first } : {}) }),
        ...(high === Infinity ? {} : { to: high, ...(isText ? { to_as_string: last } : {}) })
      }
    }
  }).sort((a, b) => compareScalars(a.from, b.from) || compareScalars(a.to, b.to))
}

const inRanges = (
  isKeyed: unknown,
  ranges: ReadonlyArray<Range>,
  rowNumbers: ReadonlyArray<{ readonly row: Row; readonly numbers: ReadonlyArray<number> }>,
  scope: Scope
): JsonObject =>
  bucketsResult(
    isKeyed,
    ranges.map(({ boundsResult, from, key, to }) => {
      const rows = rowNumbers.filter(({ numbers }) => numbers.some((number) => number >= from && number < to))
      return [
        key,
        bucketOf(
          scope,
          isKeyed === true ? boundsResult : { key, ...boundsResult },
          rows.map(({ row }) => row)
        )
      ]
    })
  )

const numbersByRow = (kind: string, options: JsonObject, scope: Scope) =>
  numbersOf(kind, options, scope).map(({ row, values }) => ({ row, numbers: values.map(Number) }))

const range: Aggregator = (options, scope) => {
  const { keyed: isKeyed, ranges } = checkedOptions("range", options, "field", "ranges", "keyed", "missing")
  return inRanges(
    isKeyed,
    rangesOf(scope.name, ranges, Number, double, false),
    numbersByRow("range", options, scope),
    scope
  )
}

const dateRange: Aggregator = (options, scope) => {
  const { keyed: isKeyed, ranges } = checkedOptions("date_range", options, "field", "ranges", "keyed", "missing")
  const read = (bound: unknown) => Query.dateOf(bound, scope.now)
  const rowNumbers = numbersByRow("date_range", options, scope)
  return inRanges(isKeyed, rangesOf(scope.name, ranges, read, iso, true), rowNumbers, scope)
}

const geoDistance: Aggregator = (options, scope) => {
  const names = ["field", "origin", "unit", "ranges", "keyed"]
  const { field: path, keyed: isKeyed, origin, ranges, unit = "m" } = checkedOptions("geo_distance", options, ...names)
  const [centre, length] = [Geo.placeOf(origin), Geo.unitOf(unit)]
  const rowNumbers = scope.rows.map((row) => {
    const field = fieldAt(row.mapping, String(path))
    const places = field?.type === "geo_point" ? placesIn(row.document, field) : []
    return { row, numbers: places.map((place) => Geo.distance(centre, place) / length) }
  })
  const distanceRanges = rangesOf(scope.name, ranges, Number, double, false).map((range) =>
    range.from === -Infinity ? { ...range, boundsResult: { from: 0, ...range.boundsResult } } : range
  )
  return inRanges(isKeyed, distanceRanges, rowNumbers, scope)
}

// -------------------------------------------------------------------------------------------------------------------
// filters
// -------------------------------------------------------------------------------------------------------------------

const filters: Aggregator = (options, scope) => {
  const names = ["filters", "other_bucket", "other_bucket_key"]
  const { filters: queries, other_bucket, other_bucket_key } = checkedOptions("filters", options, ...names)
  if (typeof queries !== "object" || queries === null) throw badRequest("[filters] cannot be empty.")
  const matched = Object.entries(queries).map(([name, query]) =>
    [name, matching(query, scope.rows, scope.now)] as const
  )
  const taken = new Set(matched.flatMap(([, rows]) => rows))
  const hasOther = other_bucket === true || (other_bucket !== false && other_bucket_key !== undefined)
  const other = hasOther
    ? [[String(other_bucket_key ?? "_other_"), scope.rows.filter((row) => !taken.has(row))] as const]
    : []
  const all = [...matched, ...other].map(([name, rows]) => [name, bucketOf(scope, {}, rows)] as const)
  return { buckets: Array.isArray(queries) ? all.map(([, bucket]) => bucket) : Object.fromEntries(all) }
}

const withoutValue = (options: JsonObject, scope: Scope): ReadonlyArray<Row> => {
  const path = String(checkedOptions("missing", options, "field").field)
  return scope.rows.filter(({ document, mapping }) =>
    !Query.compile({ exists: { field: path } }, mapping, scope.now)(document)
  )
}

// -------------------------------------------------------------------------------------------------------------------
// nested
// -------------------------------------------------------------------------------------------------------------------

const nested = (options: JsonObject, { name, rows }: Scope): ReadonlyArray<Row> => {
  const { path } = checkedOptions("nested", options, "path")
  if (path === undefined) throw badRequest(`Missing [path] field for nested aggregation [${name}]`)
  return rows.flatMap((row) =>
    fieldAt(row.mapping, String(path))?.type === "nested"
      ? nestedIn(row.document, String(path)).map((document) => ({ ...row, document }))
      : []
  )
}

/** The documents that contain the nested objects, or with `path` the objects at that path that contain them. */
const reverseNested = (options: JsonObject, { name, rows }: Scope): ReadonlyArray<Row> => {
  const { path = "" } = checkedOptions("reverse_nested", options, "path")
  const outer = new Map<unknown, Row>()
  for (const row of rows) {
    let { document } = row
    if (document.nested === "") {
      throw badRequest(`Reverse nested aggregation [${name}] can only be used inside a [nested] aggregation`)
    }
    while (document.nested !== path && document.parent !== undefined) document = document.parent
    outer.set(document, { ...row, document })
  }
  return [...outer.values()]
}

// -------------------------------------------------------------------------------------------------------------------
// composite
// -------------------------------------------------------------------------------------------------------------------

interface Source {
  readonly name: string
  readonly descending: boolean
  readonly hasMissing: boolean
  readonly keysOf: (rows: ReadonlyArray<Row>) => ReadonlyArray<ReadonlyArray<Scalar>>
}

const sourceOf = (definition: unknown, scope: Scope): Source => {
  const [[name, kinds] = ["", undefined]] = isObject(definition) ? Object.entries(definition) : []
  const [[kind, body] = ["", undefined]] = isObject(kinds) ? Object.entries(kinds) : []
  const options = isObject(body) ? body : {}
  const { missing_bucket, order = "asc" } = options
  const common = ["field", "order", "missing_bucket"]
  const keys = (intervals: ReadonlyArray<string>, keyOf: (value: Scalar) => Scalar): Source => {
    checkedOptions(`composite: ${kind}`, options, ...common, ...intervals)
    return {
      name,
      descending: order === "desc",
      hasMissing: missing_bucket === true,
      keysOf: (rows) =>
        valuesOf({ field: options.field }, { ...scope, rows }).map(({ values }) => [...new Set(values.map(keyOf))])
    }
  }
  switch (kind) {
    case "terms":
      return keys([], (value) => value)
    case "histogram": {
      const length = Number(options.interval)
      return keys(["interval"], (value) => Math.floor(Number(value) / length) * length)
    }
    case "date_histogram": {
      const step = stepOf(options)
      return keys(["calendar_interval", "fixed_interval"], (value) => step(Number(value)).start)
    }
    default:
      throw kind === "geotile_grid"
        ? error("testing.engine.not_implemented", "the source \"geotile_grid\" of the aggregation \"composite\"")
        : badRequest(`invalid source type: ${kind}`)
  }
}

type Key = ReadonlyArray<Scalar | null>

const compareKeys = (sources: ReadonlyArray<Source>) => (a: Key, b: Key): number => {
  for (const [i, { descending }] of sources.entries()) {
    const [x, y] = [a[i] ?? null, b[i] ?? null]
    if (x === y) continue
    const order = x === null ? -1 : y === null ? 1 : compareScalars(x, y)
    if (order !== 0) return descending ? -order : order
  }
  return 0
}

const composite: Aggregator = (options, scope) => {
  const { after, size = 10, sources: definitions } = checkedOptions("composite", options, "sources", "size", "after")
  if (!Array.isArray(definitions) || definitions.length === 0) {
    throw badRequest("Failed to build [composite] after last required field arrived")
  }
  const sources = definitions.map((one) => sourceOf(one, scope))
  const columns = sources.map(({ hasMissing, keysOf }) =>
    keysOf(scope.rows).map((keys): Key => keys.length === 0 && hasMissing ? [null] : keys)
  )
  const groups = new Map<string, { readonly key: Key; readonly rows: Array<Row> }>()
  for (const [i, row] of scope.rows.entries()) {
    const keys = columns.reduce<ReadonlyArray<Key>>(
      (above, column) => above.flatMap((key) => column[i]!.map((value) => [...key, value])),
      [[]]
    )
    for (const key of keys) {
      const text = JSON.stringify(key)
      const group = groups.get(text) ?? { key, rows: [] }
      group.rows.push(row)
      groups.set(text, group)
    }
  }
  const compare = compareKeys(sources)
  const last = isObject(after) ? sources.map(({ name }) => keyOf(name, after)) : undefined
  const page = [...groups.values()]
    .filter(({ key }) => last === undefined || compare(key, last) > 0)
    .sort((a, b) => compare(a.key, b.key))
    .slice(0, Number(size))
  const keyResultOf = (key: Key) => Object.fromEntries(sources.map(({ name }, i) => [name, key[i] ?? null]))
  const buckets = page.map(({ key, rows }) => bucketOf(scope, { key: keyResultOf(key) }, rows))
  const end = page.at(-1)
  return { ...(end === undefined ? {} : { after_key: keyResultOf(end.key) }), buckets }
}

const keyOf = (name: string, after: JsonObject): Scalar | null => {
  const value = after[name]
  if (value === undefined) throw badRequest(`Missing value for [after.${name}]`)
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null
}

export const buckets: { readonly [kind: string]: Aggregator } = {
  terms,
  histogram,
  date_histogram: dateHistogram,
  range,
  date_range: dateRange,
  geo_distance: geoDistance,
  filters,
  filter: singleBucket((query, { now, rows }) => matching(query, rows, now)),
  missing: singleBucket(withoutValue),
  nested: singleBucket(nested),
  reverse_nested: singleBucket(reverseNested),
  global: singleBucket((options, { allRows, isTop }) => {
    checkedOptions("global", options)
    if (isTop) return allRows()
    // Elasticsearch gives its reason in a list that Kuzzle does not read (esWrapper.js).
    throw error("services.storage.unexpected_error", "all shards failed")
  }),
  composite
}
