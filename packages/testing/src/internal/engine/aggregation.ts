/**
 * Aggregations of Elasticsearch: the usual ones, with their usual options. What exists but is not implemented here is
 * refused by name: an answer is never a little wrong.
 */
import { badRequest, error } from "./errors.ts"
import { isObject, type JsonObject } from "./json.ts"
import { isDate, isText, type Mapping, type Scalar, searchedField, terms } from "./mapping.ts"
import * as Query from "./query.ts"

/** A document that was found, with the mapping of its collection. */
export interface Row {
  readonly document: Query.Document
  readonly mapping: Mapping
}

interface Scope {
  readonly rows: ReadonlyArray<Row>
  readonly now: number
  /** The aggregations within each bucket. */
  readonly within: (rows: ReadonlyArray<Row>) => JsonObject
  readonly buckets: Buckets
}

/** The setting `search.max_buckets`, for all aggregations of a search together. */
const maxBuckets = 65_535

/** Counts the buckets of a search. */
class Buckets {
  private count = 0
  /** Kuzzle finds no message in what Elasticsearch answers then (esWrapper.js). */
  add(): void {
    if (++this.count > maxBuckets) throw error("services.storage.unexpected_error", "")
  }
}

export const aggregate = (
  asked: unknown,
  rows: ReadonlyArray<Row>,
  now: number,
  buckets: Buckets = new Buckets()
): JsonObject => {
  if (!isObject(asked)) throw badRequest("Expected [START_OBJECT] under [aggregations]")
  const results = Object.entries(asked).map(([name, definition]) => {
    if (!isObject(definition)) throw badRequest(`Aggregation definition for [${name}] starts with a [VALUE_STRING]`)
    const { aggregations, aggs = aggregations, meta: _, ...kinds } = definition
    const [kind] = Object.keys(kinds)
    if (kind === undefined) throw badRequest(`Missing definition for aggregation [${name}]`)
    const within = (rows: ReadonlyArray<Row>) => aggs === undefined ? {} : aggregate(aggs, rows, now, buckets)
    if (!Object.hasOwn(aggregators, kind)) {
      throw error("testing.engine.not_implemented", `the aggregation "${kind}"`)
    }
    const options = kinds[kind]
    return [name, aggregators[kind]!(isObject(options) ? options : {}, { rows, now, within, buckets })] as const
  })
  return Object.fromEntries(results)
}

/** The options that an aggregation has, all of them known. */
const known = (kind: string, options: JsonObject, ...names: ReadonlyArray<string>): JsonObject => {
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) throw error("testing.engine.not_implemented", `"${unknown}" of the aggregation "${kind}"`)
  return options
}

interface Values {
  readonly row: Row
  readonly type: string
  readonly values: ReadonlyArray<Scalar>
}

/** What each document holds for a field. */
const valuesOf = (options: JsonObject, { now, rows }: Scope): ReadonlyArray<Values> => {
  const path = String(options.field)
  return rows.map((row) => {
    const field = searchedField(row.mapping, path)
    if (field !== undefined && isText(field)) throw Query.textRefused(path)
    return { row, type: field?.type ?? "unmapped", values: field === undefined ? [] : terms(row.document, field, now) }
  })
}

const iso = (date: number): string => new Date(date).toISOString()

/** The key of a bucket: Elasticsearch keeps dates and booleans as numbers, and tells them as text besides. */
const shownKey = (type: string, key: Scalar): JsonObject =>
  isDate(type)
    ? { key, key_as_string: iso(Number(key)) }
    : typeof key === "boolean"
    ? { key: key ? 1 : 0, key_as_string: String(key) }
    : { key }

/** One number out of those of a field. */
const metric =
  (kind: string, reduce: (numbers: ReadonlyArray<number>) => number | null) => (options: JsonObject, scope: Scope) => {
    const found = valuesOf(known(kind, options, "field"), scope)
    const value = reduce(found.flatMap(({ values }) => values.map(Number)))
    const dates = kind !== "sum" && value !== null && found.some(({ type }) => isDate(type))
    return dates ? { value, value_as_string: iso(value) } : { value }
  }

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => a + b, 0)

const orders: { readonly [by: string]: (a: Bucket, b: Bucket) => number } = {
  _count: (a, b) => a.rows.length - b.rows.length,
  _key: (a, b) => Query.compareScalars(a.key, b.key)
}

interface Bucket {
  readonly key: Scalar
  readonly type: string
  readonly rows: Array<Row>
}

/** How buckets are ordered: the fullest first, equals by their key. */
const orderOf = (option: unknown): (a: Bucket, b: Bucket) => number => {
  const [[by, direction] = ["_count", "desc"], ...others] = Object.entries(isObject(option) ? option : {})
  if (others.length > 0 || !Object.hasOwn(orders, by) || Array.isArray(option)) {
    throw error("testing.engine.not_implemented", `the order ${JSON.stringify(option)} of the aggregation "terms"`)
  }
  return (a, b) => (direction === "desc" ? -orders[by]!(a, b) : orders[by]!(a, b)) || orders._key!(a, b)
}

const units: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

type Step = (date: number) => { readonly start: number; readonly end: number }

const calendar = (date: (year: number, month: number) => readonly [start: number, end: number]): Step => (instant) => {
  const at = new Date(instant)
  const [start, end] = date(at.getUTCFullYear(), at.getUTCMonth())
  return { start, end }
}

const fixed = (length: number, offset = 0): Step => (date) => {
  const start = Math.floor((date - offset) / length) * length + offset
  return { start, end: start + length }
}

/** Weeks begin on Mondays, and the epoch was a Thursday. */
const monday = 4 * units.d!

const calendars: { readonly [name: string]: Step } = {
  minute: fixed(units.m!),
  hour: fixed(units.h!),
  day: fixed(units.d!),
  week: fixed(7 * units.d!, monday),
  month: calendar((year, month) => [Date.UTC(year, month), Date.UTC(year, month + 1)]),
  quarter: calendar((year, month) => {
    const first = month - month % 3
    return [Date.UTC(year, first), Date.UTC(year, first + 3)]
  }),
  year: calendar((year) => [Date.UTC(year, 0), Date.UTC(year + 1, 0)])
}

const short: { readonly [name: string]: string } = {
  "1m": "minute",
  "1h": "hour",
  "1d": "day",
  "1w": "week",
  "1M": "month",
  "1q": "quarter",
  "1y": "year"
}

const stepOf = ({ calendar_interval: byCalendar, fixed_interval: byLength }: JsonObject): Step => {
  if (byCalendar !== undefined) {
    const name = String(byCalendar)
    const step = calendars[short[name] ?? name]
    if (step === undefined) {
      throw badRequest(`The supplied interval [${name}] could not be parsed as a calendar interval.`)
    }
    return step
  }
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(String(byLength)) ?? []
  if (amount === undefined) throw badRequest("Required one of fields [interval, calendar_interval, fixed_interval]")
  const length = Number(amount) * units[unit!]!
  if (length === 0) throw badRequest("Zero or negative time interval not supported")
  if (!Number.isSafeInteger(length)) throw badRequest("[1:1] [date_histogram] failed to parse field [fixed_interval]")
  return fixed(length)
}

const aggregators: { readonly [kind: string]: (options: JsonObject, scope: Scope) => JsonObject } = {
  min: metric("min", (numbers) => numbers.length === 0 ? null : numbers.reduce((a, b) => Math.min(a, b))),
  max: metric("max", (numbers) => numbers.length === 0 ? null : numbers.reduce((a, b) => Math.max(a, b))),
  avg: metric("avg", (numbers) => numbers.length === 0 ? null : sum(numbers) / numbers.length),
  sum: metric("sum", sum),
  value_count: (options, scope) => ({
    value: valuesOf(known("value_count", options, "field"), scope).flatMap(({ values }) => values).length
  }),
  cardinality: (options, scope) => ({
    value: new Set(valuesOf(known("cardinality", options, "field"), scope).flatMap(({ values }) => values)).size
  }),
  filter: (options, { now, rows, within }) => {
    const tests = new Map(
      [...new Set(rows.map(({ mapping }) => mapping))].map((mapping) =>
        [mapping, Query.compile(options, mapping, now)] as const
      )
    )
    const kept = rows.filter(({ document, mapping }) => tests.get(mapping)!(document))
    return { doc_count: kept.length, ...within(kept) }
  },
  terms: (options, scope) => {
    const { min_doc_count = 1, order, size = 10 } = known("terms", options, "field", "min_doc_count", "order", "size")
    if (!(Number(size) > 0)) throw badRequest("[1:1] [terms] failed to parse field [size]")
    const buckets = new Map<Scalar, Bucket>()
    for (const { row, type, values } of valuesOf(options, scope)) {
      for (const key of new Set(values)) {
        const bucket = buckets.get(key) ?? { key, type, rows: [] }
        bucket.rows.push(row)
        buckets.set(key, bucket)
      }
    }
    const sorted = [...buckets.values()].filter(({ rows }) => rows.length >= Number(min_doc_count)).sort(orderOf(order))
    return {
      buckets: sorted.slice(0, Number(size)).map(({ key, rows, type }) => {
        scope.buckets.add()
        return { ...shownKey(type, key), doc_count: rows.length, ...scope.within(rows) }
      }),
      doc_count_error_upper_bound: 0,
      sum_other_doc_count: sum(sorted.slice(Number(size)).map(({ rows }) => rows.length))
    }
  },
  date_histogram: (options, scope) => {
    const names = ["field", "calendar_interval", "fixed_interval", "min_doc_count"]
    const { min_doc_count = 0 } = known("date_histogram", options, ...names)
    if (!(Number(min_doc_count) >= 0)) throw badRequest("[1:1] [date_histogram] failed to parse field [min_doc_count]")
    const step = stepOf(options)
    const buckets = new Map<number, Array<Row>>()
    for (const { row, values } of valuesOf(options, scope)) {
      for (const start of new Set(values.map((value) => step(Number(value)).start))) {
        const bucket = buckets.get(start)
        if (bucket === undefined) buckets.set(start, [row])
        else bucket.push(row)
      }
    }
    const starts = [...buckets.keys()].sort((a, b) => a - b)
    const show = (start: number): JsonObject => {
      scope.buckets.add()
      const rows = buckets.get(start) ?? []
      return { key_as_string: iso(start), key: start, doc_count: rows.length, ...scope.within(rows) }
    }
    if (Number(min_doc_count) > 0) {
      const full = starts.filter((start) => buckets.get(start)!.length >= Number(min_doc_count))
      return { buckets: full.map(show) }
    }
    const [last = -Infinity] = starts.slice(-1)
    const shown: Array<JsonObject> = []
    // Between the first and the last every bucket is shown.
    for (let start = starts[0] ?? Infinity; start <= last; start = step(start).end) shown.push(show(start))
    return { buckets: shown }
  }
}
