/**
 * The common aggregations of Elasticsearch, with their common options. The engine refuses other aggregations by name,
 * so that no answer is silently wrong.
 */
import { buckets } from "./aggregations/buckets.ts"
import { metrics } from "./aggregations/metrics.ts"
import { Buckets, type Row, type Scope } from "./aggregations/scope.ts"
import { badRequest, error } from "./errors.ts"
import { isObject, type JsonObject } from "./json.ts"

export type { Row } from "./aggregations/scope.ts"

const aggregators = { ...buckets, ...metrics }

/** Aggregations of Elasticsearch 7 that the engine does not implement. */
const unsupported = new Set([
  ...["adjacency_matrix", "auto_date_histogram", "children", "diversified_sampler", "geohash_grid", "geotile_grid"],
  ...["ip_range", "parent", "rare_terms", "sampler", "significant_terms", "significant_text"],
  ...["variable_width_histogram", "matrix_stats", "median_absolute_deviation", "percentile_ranks", "percentiles"],
  ...["scripted_metric", "weighted_avg"],
  ...["avg_bucket", "bucket_script", "bucket_selector", "bucket_sort", "cumulative_sum", "derivative"],
  ...["extended_stats_bucket", "max_bucket", "min_bucket", "moving_avg", "moving_fn", "percentiles_bucket"],
  ...["serial_diff", "stats_bucket", "sum_bucket"]
])

type Search = Pick<Scope, "buckets" | "allRows" | "now">

const level = (definitions: unknown, rows: ReadonlyArray<Row>, search: Search, isTop: boolean): JsonObject => {
  if (!isObject(definitions)) throw badRequest("Expected [START_OBJECT] under [aggregations]")
  const results = Object.entries(definitions).map(([name, definition]) => {
    if (!isObject(definition)) {
      const token = typeof definition === "number" ? "VALUE_NUMBER" : "VALUE_STRING"
      throw badRequest(`Aggregation definition for [${name} starts with a [${token}], expected a [START_OBJECT].`)
    }
    const { aggregations, aggs = aggregations, meta, ...kinds } = definition
    const [kind, other] = Object.keys(kinds)
    if (kind === undefined) throw badRequest(`Missing definition for aggregation [${name}]`)
    const innerResults = (rows: ReadonlyArray<Row>) => aggs === undefined ? {} : level(aggs, rows, search, false)
    if (!Object.hasOwn(aggregators, kind)) {
      throw unsupported.has(kind)
        ? error("testing.engine.not_implemented", `the aggregation "${kind}"`)
        : badRequest(`Unknown aggregation type [${kind}]`)
    }
    if (other !== undefined) {
      throw badRequest(`Found two aggregation type definitions in [${name}]: [${kind}] and [${other}]`)
    }
    const options = kinds[kind]
    const result = aggregators[kind]!(isObject(options) ? options : {}, {
      ...search,
      name,
      rows,
      innerResults,
      isTop
    })
    return [name, meta === undefined ? result : { meta, ...result }] as const
  })
  return Object.fromEntries(results)
}

/** @param allRows the rows of all documents, whatever the query */
export const aggregate = (
  definitions: unknown,
  rows: ReadonlyArray<Row>,
  allRows: () => ReadonlyArray<Row>,
  now: number
): JsonObject => level(definitions, rows, { buckets: new Buckets(), allRows, now }, true)
