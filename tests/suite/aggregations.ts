/** The types of aggregations are compiled against what a server answers, excess members included. */
import { KuzzleCollection, KuzzleDocument } from "@effect-kuzzle/core"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { compiled, literal } from "../contract/declared.ts"
import { type Backend, layerWorld, World } from "./backend.ts"
import { withClient } from "./tools.ts"

const properties = {
  status: { type: "keyword" },
  isFree: { type: "boolean" },
  seats: { type: "long" },
  seen: { type: "date" },
  rides: { type: "nested", properties: { km: { type: "double" } } }
}

/** The type of the documents, as source text. */
const source = "{ readonly status: string; readonly isFree: boolean; readonly seats: number; readonly seen: number; " +
  "readonly rides: ReadonlyArray<{ readonly km: number }> }"

const field = "seats"
const mean = { mean: { avg: { field } } }
const free = { term: { status: "free" } }
const days = { field: "seen", calendar_interval: "day" }
const ranges = [{ to: 3 }, { from: 3 }]

const requested: KuzzleDocument.Aggregations = {
  terms: { terms: { field: "status" }, aggs: { most: { max: { field } }, all: { stats: { field } } } },
  tops: { terms: { field: "status" }, aggs: { top: { top_hits: { size: 1, _source: [field], sort: [field] } } } },
  booleans: { terms: { field: "isFree" } },
  histogram: { histogram: { field, interval: 2 }, aggregations: mean },
  keyedHistogram: { histogram: { field, interval: 2, keyed: true }, aggs: mean },
  days: { date_histogram: days, aggs: { sum: { sum: { field } } } },
  keyedDays: { date_histogram: { ...days, keyed: true } },
  range: { range: { field, ranges }, aggs: mean },
  keyedRange: { range: { field, keyed: true, ranges } },
  dates: { date_range: { field: "seen", ranges: [{ to: "2024-01-01" }] } },
  stats: { stats: { field } },
  statsOfDates: { stats: { field: "seen" } },
  statsOfNothing: { stats: { field: "absent" } },
  avg: { avg: { field } },
  min: { min: { field } },
  minOfNothing: { min: { field: "absent" } },
  maxOfDates: { max: { field: "seen" } },
  sum: { sum: { field } },
  count: { value_count: { field } },
  cardinality: { cardinality: { field: "status" } },
  filter: { filter: free, aggs: mean },
  filters: {
    filters: { filters: { free, busy: { term: { status: "busy" } } }, other_bucket_key: "others" },
    aggs: mean
  },
  listedFilters: { filters: { filters: [free] }, aggs: mean },
  otherBucket: { filters: { filters: { free }, other_bucket: true } },
  nested: {
    nested: { path: "rides" },
    aggs: { km: { sum: { field: "rides.km" } }, taxis: { reverse_nested: {}, aggs: mean } }
  },
  missing: { missing: { field: "absent" } },
  global: { global: {}, aggs: mean },
  top: { top_hits: { size: 2 } },
  bareTop: { top_hits: { size: 2, _source: false, sort: [field] } },
  composite: {
    composite: { size: 10, sources: [{ status: { terms: { field: "status" } } }, { day: { date_histogram: days } }] },
    aggs: mean
  },
  percentiles: { percentiles: { field } }
}

/** @param least how many kinds the server supports at least; it refuses the others */
export const aggregationsSuite = <E>(title: string, backend: Layer.Layer<Backend, E>, least: number): void =>
  layer(Layer.provideMerge(layerWorld, backend), { excludeTestServices: true, timeout: "20 seconds" })(title, (it) => {
    it.effect(
      "the answers to aggregations have the types that follow from the requests",
      () =>
        withClient()(Effect.gen(function*() {
          const { index, name } = yield* World
          const target = { index, collection: name("aggregated") }
          yield* KuzzleCollection.create({ ...target, mappings: { properties } })
          const documents = ["free", "busy", "off"].map((status, n) => ({
            body: {
              status,
              isFree: n === 0,
              seats: 2 * n + 1,
              seen: 1_700_000_000_000 + n * 86_400_000,
              rides: [{ km: n + 0.5 }]
            }
          }))
          yield* KuzzleDocument.mCreate({ ...target, documents, refresh: "wait_for" })
          const statements = new Map<string, string>()
          for (const [kind, aggregation] of Object.entries(requested)) {
            const result = yield* Effect.either(
              KuzzleDocument.search({ ...target, size: 0, aggregations: { [kind]: aggregation } })
            )
            if (result._tag === "Left") {
              assert.match(result.left.message, /Unknown aggregation type/)
              continue
            }
            const type = `Core.KuzzleDocument.AggregationResult<typeof requested, ${source}>`
            const answer = literal(result.right.aggregations?.[kind])
            statements.set(
              `const requested = ${literal(aggregation)} as const; export const answer: ${type} = ${answer}`,
              kind
            )
          }
          assert.isAtLeast(statements.size, least)
          // No answer has the general type, which accepts any member.
          const unknown = "{ readonly [member: string]: unknown }"
          const typed = new Map(Array.from(statements, ([statement, kind]) => [
            `${statement}; export const isTyped: ${unknown} extends typeof answer ? false : true = true`,
            kind
          ]))
          assert.deepStrictEqual(yield* Effect.promise(() => compiled(typed)), [])
        })),
      300_000
    )
  })
