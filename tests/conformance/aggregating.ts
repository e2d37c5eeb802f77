/** Aggregations: metrics, buckets, their options. */
import { filled } from "./prepare.ts"
import { type Scenario, scenario } from "./recorder.ts"

const properties = {
  name: { type: "keyword" },
  bio: { type: "text" },
  n: { type: "integer" },
  price: { type: "float" },
  exact: { type: "double" },
  ok: { type: "boolean" },
  at: { type: "date" },
  tags: { type: "keyword" },
  unused: { type: "long" }
}

const documents = {
  a: {
    name: "x",
    bio: "red apples",
    n: 1,
    price: 0.1,
    exact: 0.1,
    ok: true,
    at: "2020-01-01T10:00:00Z",
    tags: ["r", "g"]
  },
  b: { name: "y", bio: "green apples", n: 5, price: 2.5, exact: 2.5, ok: false, at: "2020-01-15", tags: ["g"] },
  c: { name: "x", bio: "red red wine", n: 9, price: 10, exact: 1e10, ok: true, at: "2020-03-31", tags: [] },
  d: { name: "z", n: [2, 14], price: 0.3, exact: 0.2, at: "2021-01-01", tags: "b" },
  e: { bio: "nothing" }
}

const metrics = scenario("aggregations: metrics", async (world) => {
  const { aggregate, clean } = await filled(world, properties, documents)
  const kinds = ["min", "max", "avg", "sum", "stats", "extended_stats", "value_count", "cardinality"]
  for (const kind of kinds) {
    for (const field of ["n", "price", "exact", "at", "ok", "name", "bio", "unused", "absent"]) {
      if (kind === "extended_stats" && field === "at") continue
      await aggregate({ a: { [kind]: { field } } })
    }
    await aggregate({ a: { [kind]: { field: "n", missing: 100 } } })
    await aggregate({ a: { [kind]: {} } })
    await aggregate({ a: { [kind]: { field: "n", format: "0.0" } } })
  }
  await aggregate({ a: { avg: { field: "n" }, meta: { why: "because" } } })
  await aggregate({ a: { percentiles: { field: "n" } } })
  await aggregate({ a: { percentile_ranks: { field: "n", values: [5] } } })
  await aggregate({ a: { median_absolute_deviation: { field: "n" } } })
  await aggregate({ a: { weighted_avg: { value: { field: "n" }, weight: { field: "price" } } } })
  await aggregate({ a: { top_hits: {} } })
  await aggregate({ a: { top_hits: { size: 1, from: 1, sort: [{ n: "desc" }], _source: ["name"] } } })
  await aggregate({ a: { top_hits: { size: 2, _source: false } } }, { match: { bio: "red" } })
  await aggregate({
    by: { terms: { field: "name" }, aggs: { best: { top_hits: { size: 1, sort: [{ at: "desc" }], _source: "n" } } } }
  })
  await aggregate({ by: { terms: { field: "name" }, aggs: { best: { top_hits: { size: 1, highlight: {} } } } } })
  await clean()
})

const buckets = scenario("aggregations: buckets", async (world) => {
  const { aggregate, clean, search } = await filled(world, properties, documents)
  const each = async (kind: string, ...all: ReadonlyArray<object>) => {
    for (const options of all) await aggregate({ a: { [kind]: options } })
  }
  const inner = { mean: { avg: { field: "n" } }, all: { stats: { field: "n" } } }
  const ordered = (order: unknown) => aggregate({ a: { terms: { field: "name", order }, aggs: inner } })
  await each(
    "terms",
    { field: "tags" },
    { field: "ok" },
    { field: "n" },
    { field: "price" },
    { field: "at" },
    { field: "bio" },
    { field: "name", missing: "none" },
    { field: "n", missing: 0 },
    { field: "tags", include: ["r", "b"] },
    { field: "tags", exclude: ["g"] },
    { field: "n", include: [5, 9] },
    { field: "tags", include: "r.*" },
    { field: "name", min_doc_count: 2 },
    { field: "name", min_doc_count: 0 },
    { field: "name", size: 0 },
    { field: "name", size: 1, shard_size: 5 },
    { field: "name", order: { _key: "desc" } },
    { field: "name", order: { _count: "asc" } },
    { field: "name", order: [{ _count: "asc" }, { _key: "desc" }] },
    { field: "name", order: { absent: "asc" } },
    { field: "name", foo: 1 },
    { field: "name", script: { id: "x" } },
    {}
  )
  await ordered({ mean: "desc" })
  await ordered({ "all.max": "asc" })
  await ordered([{ "all.max": "asc" }, { _key: "desc" }])
  await ordered({ "mean.value": "desc" })
  await each(
    "histogram",
    { field: "n", interval: 5 },
    { field: "n", interval: 5, offset: 1 },
    { field: "n", interval: 5, min_doc_count: 1 },
    { field: "n", interval: 5, keyed: true },
    { field: "n", interval: 5, missing: 21 },
    { field: "n", interval: 5, extended_bounds: { min: -5, max: 21 } },
    { field: "n", interval: 5, order: { _key: "desc" } },
    { field: "price", interval: 0.5, min_doc_count: 1 },
    { field: "n", interval: 0 },
    { field: "n" },
    { field: "absent", interval: 5 },
    { field: "name", interval: 5 }
  )
  await each(
    "range",
    { field: "n", ranges: [{ to: 5 }, { from: 5, to: 10 }, { from: 10 }] },
    { field: "n", ranges: [{ from: 5, to: 10, key: "middle" }, { to: 5, key: "low" }] },
    { field: "n", ranges: [{ from: 5, to: 10, key: "middle" }, { to: 5 }], keyed: true },
    { field: "n", ranges: [{ from: 1.5, to: 20_000_000 }, {}] },
    { field: "price", ranges: [{ to: 0.1 }, { from: 0.1 }] },
    { field: "n", ranges: [] },
    { field: "n" },
    { field: "absent", ranges: [{ to: 5 }] },
    { field: "name", ranges: [{ to: 5 }] }
  )
  await each(
    "date_range",
    { field: "at", ranges: [{ to: "2020-02-01" }, { from: "2020-02-01" }] },
    { field: "at", ranges: [{ from: "2020-01-01||+1M/M", to: "2021", key: "rest" }] },
    { field: "at", ranges: [{ from: 1_577_836_800_000 }], keyed: true },
    { field: "at", ranges: [{ from: "x" }] },
    { field: "at", ranges: [{ to: "2020-02-01" }], format: "yyyy" },
    { field: "at", ranges: [{ to: "2020-02-01" }], time_zone: "+01:00" }
  )
  await each(
    "date_histogram",
    { field: "at", calendar_interval: "month" },
    { field: "at", calendar_interval: "quarter", min_doc_count: 1 },
    { field: "at", calendar_interval: "1w", min_doc_count: 1 },
    { field: "at", calendar_interval: "year", keyed: true },
    { field: "at", fixed_interval: "30d", min_doc_count: 1 },
    { field: "at", calendar_interval: "month", missing: "2020-06-01", min_doc_count: 1 },
    { field: "at", calendar_interval: "month", time_zone: "Europe/Paris" },
    { field: "at", calendar_interval: "month", format: "yyyy-MM" },
    { field: "at", calendar_interval: "month", offset: "+1d" },
    { field: "at", calendar_interval: "month", order: { _count: "desc" } },
    { field: "at", calendar_interval: "2d" },
    { field: "at", interval: "1d" },
    { field: "at" },
    { field: "n", fixed_interval: "1d" }
  )
  const apples = { match: { bio: "apples" } }
  await aggregate({ a: { filter: apples, aggs: inner } })
  await aggregate({ a: { filters: { filters: { apples, red: { match: { bio: "red" } } } }, aggs: inner } })
  await aggregate({ a: { filters: { filters: [apples, { match_all: {} }] } } })
  await aggregate({ a: { filters: { filters: { apples }, other_bucket: true } } })
  await aggregate({ a: { filters: { filters: { apples }, other_bucket_key: "rest" } } })
  await aggregate({ a: { filters: { filters: { apples: { foo: {} } } } } })
  await aggregate({ a: { filters: {} } })
  await each("missing", { field: "tags" }, { field: "absent" }, { field: "n", missing: 1 })
  await aggregate({ all: { global: {}, aggs: inner }, found: { value_count: { field: "n" } } }, apples)
  await aggregate({ a: { terms: { field: "name" }, aggs: { all: { global: {} } } } })
  const composite = (options: object) => aggregate({ a: { composite: options } })
  const name = { name: { terms: { field: "name" } } }
  await composite({ sources: [name] })
  await composite({ sources: [name], size: 2 })
  await composite({ sources: [name], size: 2, after: { name: "y" } })
  await composite({ sources: [{ name: { terms: { field: "name", order: "desc" } } }] })
  await composite({ sources: [{ name: { terms: { field: "name", missing_bucket: true } } }] })
  await composite({ sources: [{ tag: { terms: { field: "tags" } } }, name] })
  await composite({ sources: [{ n: { histogram: { field: "n", interval: 5 } } }, name] })
  await composite({ sources: [{ month: { date_histogram: { field: "at", calendar_interval: "month" } } }] })
  await composite({
    sources: [{ month: { date_histogram: { field: "at", calendar_interval: "month", format: "yyyy" } } }]
  })
  await composite({ sources: [] })
  await composite({ sources: [{ name: { nope: {} } }] })
  await composite({ sources: [name], after: { other: 1 } })
  await aggregate({ a: { composite: { sources: [name] }, aggs: inner } })
  for (
    const kind of ["significant_terms", "rare_terms", "sampler", "adjacency_matrix", "auto_date_histogram", "ip_range"]
  ) {
    await aggregate({ a: { [kind]: { field: "name" } } })
  }
  const pipelines = {
    avg_bucket: { buckets_path: "months>_count" },
    derivative: { buckets_path: "_count" },
    cumulative_sum: { buckets_path: "_count" },
    bucket_sort: { size: 1 }
  }
  for (const [kind, options] of Object.entries(pipelines)) {
    await aggregate({
      months: { date_histogram: { field: "at", calendar_interval: "month" }, aggs: { a: { [kind]: options } } }
    })
  }
  await aggregate({ a: { nope: {} } })
  await aggregate({ a: {} })
  await aggregate({ a: 1 })
  await aggregate({ a: { terms: { field: "name" }, avg: { field: "n" } } })
  await search({ query: apples, aggs: { by: { terms: { field: "name" } } }, post_filter: { term: { name: "x" } } })
  await clean()
})

export const aggregating: ReadonlyArray<Scenario> = [metrics, buckets]
