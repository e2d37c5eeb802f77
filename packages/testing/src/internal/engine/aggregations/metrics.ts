/** Aggregations that compute numbers of documents, or return hits. */
import { badRequest, error } from "../errors.ts"
import * as Geo from "../geo.ts"
import type { JsonObject } from "../json.ts"
import { fieldAt, isDate, type Mapping, placesIn } from "../mapping.ts"
import * as Sorting from "../sorting.ts"
import { filterSource } from "../source.ts"
import { type Aggregator, checkedOptions, iso, numbersOf, type Row, type Scope, valuesOf } from "./scope.ts"

/** A sum as Elasticsearch computes it: the rounding error of each addition is added to the next (Kahan). */
export const sum = (numbers: ReadonlyArray<number>): number => {
  let total = 0
  let lost = 0
  for (const number of numbers) {
    const corrected = number - lost
    const next = total + corrected
    lost = next - total - corrected
    total = next
  }
  return total
}

const smallest = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => Math.min(a, b), Infinity)
const largest = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => Math.max(a, b), -Infinity)

/** The results in the form of the answer. Dates and booleans are added as text. */
const metricResult = (
  results: { readonly [name: string]: number | null },
  types: ReadonlySet<string>,
  plain: ReadonlySet<string> = new Set()
): JsonObject => {
  const hasMany = Object.keys(results).length > 1
  const show = [...types].some(isDate)
    ? iso
    : types.has("boolean")
    ? (value: number) => hasMany ? value !== 0 : String(value !== 0)
    : undefined
  const entries = Object.entries(results).flatMap(([name, value]): ReadonlyArray<readonly [string, unknown]> =>
    show === undefined || value === null || plain.has(name)
      ? [[name, value]]
      : [[name, value], [`${name}_as_string`, show(value)]]
  )
  return Object.fromEntries(entries)
}

const numbersAndTypes = (kind: string, options: JsonObject, scope: Scope) => {
  const values = numbersOf(kind, checkedOptions(kind, options, "field", "missing"), scope)
  return {
    numbers: values.flatMap(({ values }) => values.map(Number)),
    types: new Set(values.map(({ type }) => type))
  }
}

/** An aggregation that reduces the numbers of a field to one number. */
const metric =
  (kind: string, reduce: (numbers: ReadonlyArray<number>) => number | null): Aggregator => (options, scope) => {
    const { numbers, types } = numbersAndTypes(kind, options, scope)
    return metricResult({ value: reduce(numbers) }, types)
  }

const orNull = (numbers: ReadonlyArray<number>, value: number): number | null => numbers.length === 0 ? null : value

const basicStats = (numbers: ReadonlyArray<number>) => ({
  count: numbers.length,
  min: orNull(numbers, smallest(numbers)),
  max: orNull(numbers, largest(numbers)),
  avg: orNull(numbers, sum(numbers) / numbers.length),
  sum: sum(numbers)
})

const withoutText = new Set(["count"])

const placesFor = (kind: string, options: JsonObject, { rows }: Scope): ReadonlyArray<Geo.Place> => {
  const path = String(checkedOptions(kind, options, "field").field)
  return rows.flatMap(({ document, mapping }) => {
    const field = fieldAt(mapping, path)
    if (field === undefined) return []
    if (field.type !== "geo_point") {
      throw badRequest(`Field [${path}] of type [${field.type}] is not supported for aggregation [${kind}]`)
    }
    return placesIn(document, field)
  })
}

const hitOf = ({ document, index, score }: Row, source: unknown, isScored: boolean): JsonObject => {
  const selected = filterSource(document._source, source)
  return {
    _id: document._id,
    _index: index,
    _score: isScored ? score : null,
    ...(selected === undefined ? {} : { _source: selected }),
    _type: "_doc"
  }
}

const topHits: Aggregator = (options, { now, rows }) => {
  const { _source, from = 0, size = 3, sort } = checkedOptions("top_hits", options, "_source", "from", "size", "sort")
  if (rows.some(({ document }) => document.nested !== "")) {
    throw error("testing.engine.not_implemented", "the aggregation \"top_hits\" of nested objects")
  }
  const isScored = sort === undefined || Sorting.sortsByScore(sort)
  const keysOf = new Map<Mapping, ReadonlyArray<Sorting.SortKey>>()
  const sorted = rows.map((row) => {
    const keys = keysOf.get(row.mapping) ?? (sort === undefined ? [] : Sorting.compileSort(sort, row.mapping, now))
    keysOf.set(row.mapping, keys)
    return { row, keys, values: keys.map((key) => key.valueOf({ ...row.document, order: 0 }, row.score)) }
  })
  if (sort !== undefined) sorted.sort((a, b) => Sorting.compareRows(a.keys, a.values, b.values))
  else sorted.sort((a, b) => b.row.score - a.row.score)
  const hits = sorted.slice(Number(from), Number(from) + Number(size)).map(({ keys, row, values }) => ({
    ...hitOf(row, _source, isScored),
    ...(keys.length === 0 ? {} : { sort: values.map((value) => typeof value === "boolean" ? Number(value) : value) })
  }))
  const best = isScored && rows.length > 0 ? largest(rows.map(({ score }) => score)) : null
  return { hits: { hits, max_score: best, total: { relation: "eq", value: rows.length } } }
}

export const metrics: { readonly [kind: string]: Aggregator } = {
  min: metric("min", (numbers) => orNull(numbers, smallest(numbers))),
  max: metric("max", (numbers) => orNull(numbers, largest(numbers))),
  avg: metric("avg", (numbers) => orNull(numbers, sum(numbers) / numbers.length)),
  sum: metric("sum", sum),
  stats: (options, scope) => {
    const { numbers, types } = numbersAndTypes("stats", options, scope)
    return metricResult(basicStats(numbers), types, withoutText)
  },
  extended_stats: (options, scope) => {
    const { numbers, types } = numbersAndTypes("extended_stats", options, scope)
    const basic = basicStats(numbers)
    const squares = sum(numbers.map((number) => number * number))
    const count = numbers.length
    const population = orNull(numbers, Math.max(0, (squares - basic.sum * basic.sum / count) / count))
    const sampling = count < 2
      ? (count === 0 ? null : NaN)
      : Math.max(0, (squares - basic.sum * basic.sum / count) / (count - 1))
    const root = (value: number | null) => value === null ? null : Math.sqrt(value)
    const bound = (deviation: number | null, sign: number) =>
      deviation === null ? null : basic.sum / count + sign * 2 * deviation
    const [deviation, sampled] = [root(population), root(sampling)]
    if (types.has("date") || types.has("boolean")) {
      throw error("testing.engine.not_implemented", "the aggregation \"extended_stats\" of dates and booleans")
    }
    const nanAsText = (value: number | null) => Number.isNaN(value) ? "NaN" : value
    return {
      ...basic,
      sum_of_squares: count === 0 ? null : squares,
      variance: population,
      variance_population: population,
      variance_sampling: nanAsText(sampling),
      std_deviation: deviation,
      std_deviation_population: deviation,
      std_deviation_sampling: nanAsText(sampled),
      std_deviation_bounds: {
        upper: bound(deviation, 1),
        lower: bound(deviation, -1),
        upper_population: bound(deviation, 1),
        lower_population: bound(deviation, -1),
        upper_sampling: nanAsText(bound(sampled, 1)),
        lower_sampling: nanAsText(bound(sampled, -1))
      }
    }
  },
  value_count: (options, scope) => {
    const { field } = checkedOptions("value_count", options, "field", "missing")
    const isGeo = scope.rows.some(({ mapping }) => fieldAt(mapping, String(field))?.type === "geo_point")
    return {
      value: isGeo
        ? placesFor("value_count", options, scope).length
        : valuesOf(options, scope).flatMap(({ values }) => values).length
    }
  },
  cardinality: (options, scope) => {
    // Elasticsearch counts exactly up to a few thousand, and estimates larger numbers. The engine always counts
    // exactly.
    const names = ["field", "missing", "precision_threshold"]
    const rowValues = valuesOf(checkedOptions("cardinality", options, ...names), scope)
    return { value: new Set(rowValues.flatMap(({ values }) => values)).size }
  },
  top_hits: topHits,
  geo_bounds: (options, scope) => {
    const { wrap_longitude: _, ...others } = options
    if (options.wrap_longitude === false) {
      throw error("testing.engine.not_implemented", "\"wrap_longitude\" of the aggregation \"geo_bounds\"")
    }
    const places = placesFor("geo_bounds", others, scope)
    return places.length === 0 ? {} : { bounds: Geo.boundsOf(places) }
  },
  geo_centroid: (options, scope) => {
    const places = placesFor("geo_centroid", options, scope)
    const mean = (numbers: ReadonlyArray<number>) => sum(numbers) / numbers.length
    return places.length === 0
      ? { count: 0 }
      : {
        count: places.length,
        location: { lat: mean(places.map(({ lat }) => lat)), lon: mean(places.map(({ lon }) => lon)) }
      }
  }
}
