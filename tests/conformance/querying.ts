/** Queries and sorts by words, dates and numbers. */
import { filled, request, withoutPlace } from "./prepare.ts"
import { type Scenario, scenario } from "./recorder.ts"

const words = scenario("queries: words", async (world) => {
  const { clean, search } = await filled(world, {
    title: { type: "text" },
    body: { type: "text" },
    tag: { type: "keyword" },
    n: { type: "integer" }
  }, {
    a: { title: "quick brown fox", body: "the quick brown fox jumps over the lazy dog", tag: "animal", n: 1 },
    b: { title: "brown bread", body: ["quick bread", "brown sugar and fox"], tag: "food", n: 2 },
    c: { title: "fox hunting", body: "quick brown", tag: "sport", n: 3 },
    d: { title: "nothing", body: "foxes are quicker than boxes", tag: "animal", n: 4 }
  })
  const multi = (query: string, options: object = {}, fields: ReadonlyArray<string> = ["title", "body"]) => ({
    multi_match: { query, fields, ...options }
  })
  const match = (query: string, options: object) => ({ match: { body: { query, ...options } } })
  const fox = { match: { title: "fox" } }
  const queries = [
    multi("quick fox"),
    multi("quick fox", { tie_breaker: 0.3 }),
    multi("quick fox", { type: "most_fields" }),
    multi("quick fox", { type: "most_fields", operator: "and" }),
    multi("quick brown", { type: "phrase" }),
    multi("quick bro", { type: "phrase_prefix" }),
    multi("quick bro", { type: "bool_prefix" }),
    multi("quick fox", { type: "cross_fields" }),
    multi("quick fox", { type: "nope" }),
    multi("quick fox", { minimum_should_match: "100%" }),
    multi("quick fox", { boost: 2 }, ["title^3", "body"]),
    multi("quick fox", {}, ["t*"]),
    multi("quick fox", {}, ["absent"]),
    multi("animal fox", {}, ["title", "tag"]),
    multi("fox", {}, ["title", "n"]),
    multi("quick fox", { fuzziness: 1 }),
    { multi_match: { query: "fox" } },
    { multi_match: { fields: ["title"] } },
    match("quick brown fox", { minimum_should_match: 2 }),
    match("quick brown fox", { minimum_should_match: -1 }),
    match("quick brown fox", { minimum_should_match: "75%" }),
    match("quick brown fox", { minimum_should_match: "-50%" }),
    match("quick brown fox", { minimum_should_match: 9 }),
    match("quick brown fox", { minimum_should_match: "2<75%" }),
    match("quick brown fox", { minimum_should_match: "x" }),
    match("quick brown fox", { fuzziness: "AUTO" }),
    match("", {}),
    match("!?", {}),
    match("!?", { zero_terms_query: "all" }),
    { match_phrase: { body: "bread brown" } },
    { match_phrase: { body: "" } },
    { match_phrase: { body: { query: "brown fox", slop: 2 } } },
    { match_bool_prefix: { body: "lazy quick bro" } },
    { match_bool_prefix: { body: { query: "quick bro", operator: "and" } } },
    { match_bool_prefix: { body: { query: "quick brown bro", minimum_should_match: 2 } } },
    { match_bool_prefix: { tag: "ani" } },
    { dis_max: { queries: [fox, { match: { body: "fox" } }] } },
    { dis_max: { queries: [fox, { match: { body: "fox" } }], tie_breaker: 0.5, boost: 2 } },
    { dis_max: {} },
    { dis_max: { queries: [] } },
    { boosting: { positive: fox, negative: { term: { tag: "sport" } }, negative_boost: 0.2 } },
    { boosting: { positive: fox, negative_boost: 0.2 } },
    { boosting: { positive: fox, negative: { term: { tag: "sport" } } } },
    { bool: { should: [fox, { term: { tag: "food" } }, { term: { n: 2 } }], minimum_should_match: "50%" } },
    { bool: { should: [fox], minimum_should_match: 0 } },
    { bool: { should: [fox], must_not: [{ term: { n: 1 } }] } },
    { bool: { should: [fox], filter: [], minimum_should_match: 5 } },
    { fuzzy: { title: "fax" } },
    { regexp: { tag: "a.*" } },
    { query_string: { query: "title:fox AND tag:animal" } },
    { simple_query_string: { query: "fox +quick", fields: ["title", "body"] } },
    { function_score: { query: fox, weight: 2 } },
    { script_score: { query: fox, script: { id: "x" } } },
    { more_like_this: { fields: ["title"], like: "fox" } },
    { terms_set: { tag: { terms: ["animal"], minimum_should_match_field: "n" } } },
    { intervals: { body: { match: { query: "quick" } } } },
    { distance_feature: { field: "n", origin: 1, pivot: 1 } },
    { span_term: { body: "quick" } },
    { wrapper: { query: "e30=" } },
    { terms: { tag: { index: "x", id: "y", path: "z" } } },
    { term: { tag: { value: "animal", boost: -1 } } }
  ]
  for (const query of queries) await search({ query })
  const options = [
    { highlight: { fields: { title: {} } } },
    { collapse: { field: "tag" } },
    { post_filter: { term: { tag: "animal" } } },
    { suggest: { s: { text: "fax", term: { field: "title" } } } },
    { fields: ["title"] },
    { explain: true },
    { _source_includes: ["title"] },
    { _source: ["title"], explain: false },
    { search_timeout: "1s" },
    { _name: "x" },
    { min_score: 1 },
    { track_scores: true },
    { track_total_hits: false },
    { version: true },
    { stored_fields: ["_none_"] },
    { docvalue_fields: ["n"] },
    { script_fields: {} },
    { rescore: {} },
    { indices_boost: [] },
    { timeout: "1s" }
  ]
  for (const option of options) await search({ query: fox, ...option })
  const animals = { post_filter: { term: { tag: "animal" } } }
  await search({ ...animals, aggs: { by: { terms: { field: "tag" } } }, sort: ["_id"] }, { size: 1 })
  await search({ ...animals, sort: ["_id"], search_after: ["a"] })
  await search({ ...animals, sort: ["_id"] }, { scroll: "1s", size: 1 })
  await search({ post_filter: { foo: {} } })
  await search({ collapse: { field: "tag" }, sort: ["_id"] })
  await search({ collapse: { field: "tag" }, sort: [{ _id: "desc" }] }, { size: 2, from: 1 })
  await search({ collapse: { field: "tag" }, ...animals, aggs: { by: { terms: { field: "tag" } } } })
  await search({ collapse: { field: "absent" } })
  await search({ collapse: { field: "title" } })
  await search({ collapse: {} })
  await search({ collapse: { field: "tag", inner_hits: { name: "x" } } })
  await search({ collapse: { field: "tag" }, sort: ["tag"], search_after: ["animal"] })
  await search({ collapse: { field: "tag" } }, { scroll: "1s" })
  await clean()
})

const dates = scenario("queries: date math", async (world) => {
  const { clean, document, search } = await filled(world, { at: { type: "date" } }, {
    past: { at: "2019-12-31T23:59:59.999Z" },
    first: { at: "2020-01-01" },
    leap: { at: "2020-02-29T12:00:00Z" },
    march: { at: "2020-03-31T08:30:00Z" },
    end: { at: "2020-12-31T23:59:59.999Z" },
    many: { at: ["2018-05-05", "2022-05-05"] },
    never: {}
  })
  const range = (bounds: object) => search({ query: { range: { at: bounds } }, sort: ["_id"] })
  for (
    const date of [
      "2020-01-31||+1M",
      "2020-02-29||+1y",
      "2020-02-29||-1y",
      "2020-03-31||-1M/M",
      "2020-02-15||/M",
      "2020-02-15||/y",
      "2020-02-26||/w",
      "2020-02-29T12:34:56||/d",
      "2020-02-29T12:34:56||/h",
      "2020-02-29T12:34:56||/m",
      "2020-02-29T12:34:56||/s",
      "2020-02-29||+36h-1d/d",
      "2020-01-01||+2M+3d",
      "2020||+M",
      "2020-01-01||"
    ]
  ) {
    for (const bound of ["gt", "gte", "lt", "lte"]) await range({ [bound]: date })
    await search({ query: { term: { at: date } }, sort: ["_id"] })
  }
  for (const date of ["now", "now-1d/d", "now/y", "now+10y", "now-50y"]) await range({ gte: date })
  const wrong = [
    "2020-01-01||+1x",
    "2020-01-01||/x",
    "2020-01-01||1d",
    "now+",
    "now1d",
    "x||/d",
    "2020-01-01||/2d",
    "nowish"
  ]
  for (const date of wrong) await range({ gte: date })
  await range({ gte: "2020-01-01", lt: "2020-02-01||+1M/M" })
  await range({ from: "2020-01-01", to: "2020-03-01" })
  await range({ from: "2020-01-01", to: "2020-03-31", include_lower: false, include_upper: false })
  await range({ gte: "01/2020", format: "MM/yyyy" })
  await range({ gte: "2020", format: "yyyy" })
  await range({ gte: "2020-01-01", time_zone: "+01:00" })
  await range({ gte: "2020-01-01T00:00:00", time_zone: "Europe/Paris" })
  await range({ gte: "2020-01-01", relation: "within" })
  await range({ gte: null, lt: "2020-01-01" })
  await range({})
  for (const at of ["now", "now/d", "2020-01-01||+1d"]) {
    await document("create", { _id: "wrong", body: { at } }, `create at ${JSON.stringify(at)}`)
  }
  for (const missing of ["_first", "_last", "2020-02-01", 0]) {
    await search({ sort: [{ at: { order: "asc", missing } }, "_id"] })
  }
  for (const mode of ["min", "max", "avg", "sum", "median"]) {
    await search({ sort: [{ at: { order: "desc", mode } }, "_id"] })
  }
  await search({ sort: [{ at: { order: "asc", format: "yyyy" } }] })
  await search({ sort: ["at", "_id"], search_after: ["2020-01-01", "first"] })
  await search({ sort: ["at", "_id"], search_after: [1_577_836_800_000, "first"] })
  await search({ sort: ["at", "_id"], search_after: ["x", "first"] })
  await search({ sort: ["at", "_id"], search_after: [null, "never"] })
  await clean()
})

const numbers = scenario("queries: numbers", async (world) => {
  const types = ["long", "integer", "short", "byte", "double", "float", "half_float", "scaled_float"]
  const { aggregate, clean, document, search } = await filled(world, {
    ...Object.fromEntries(
      types.map((type) => [type, { type, ...(type === "scaled_float" ? { scaling_factor: 100 } : {}) }])
    )
  }, {})
  const values: ReadonlyArray<unknown> = [
    1,
    -1,
    1.5,
    0.1,
    127,
    128,
    32_768,
    2_147_483_647,
    2_147_483_648,
    9_007_199_254_740_993,
    1e39,
    1.005,
    "7",
    "7.9",
    "1e2",
    "",
    "x",
    "Infinity",
    true,
    "0x10"
  ]
  for (const type of types) {
    for (const [n, value] of values.entries()) {
      await document(
        "create",
        { _id: `${type}${n}`, body: { [type]: value } },
        `create ${type} ${JSON.stringify(value)}`
      )
    }
  }
  await document("create", { _id: "last", body: {}, refresh: "wait_for" })
  for (const type of types) {
    await search({ query: { exists: { field: type } }, sort: [{ [type]: "asc" }, "_id"], _source: [type] }, {
      size: 50
    })
    for (const value of [1, 1.5, 0.1, "7", "7.9", 1.005, 1.01, 300, 40_000, 3e9, 1e19, 1e39, "x", "", true, "1e2"]) {
      // The scaled value would exceed 64 bits.
      if (type === "scaled_float" && Number(value) > 1e18) continue
      await search({ query: { term: { [type]: value } }, sort: ["_id"], _source: [type] })
      await search({ query: { range: { [type]: { gt: value } } }, sort: ["_id"], _source: [type] }, { size: 50 })
    }
    const some = type === "half_float" ? [1, 0.1] : [1, 0.1, 9_007_199_254_740_993]
    await search({ query: { terms: { [type]: some } }, sort: ["_id"], _source: [type] })
    await aggregate({ a: { stats: { field: type } }, b: { terms: { field: type, size: 3 } } })
  }
  await clean()
})

const sorts = scenario("queries: sorts", async (world) => {
  const { clean, col, document, party, search } = await filled(world, {
    n: { type: "integer" },
    name: { type: "keyword" },
    list: { type: "integer" },
    ok: { type: "boolean" },
    bio: { type: "text" }
  }, {
    a: { n: 1, name: "x", list: [3, 1, 2], ok: true, bio: "one fox" },
    b: { n: 1, name: "y", list: [9], ok: false, bio: "fox" },
    c: { n: 1, name: "z", list: [0, 10], bio: "one more fox here" },
    d: { n: 2, name: "x", list: [], ok: true },
    e: { n: 2, name: ["a", "w"] },
    f: { name: "x", ok: false },
    g: { n: 3 }
  })
  const sort = (sort: unknown, more: object = {}, options: object = {}) =>
    search({ sort, _source: false, ...more }, options)
  for (const mode of ["min", "max", "sum", "avg", "median", "nope"]) {
    for (const order of ["asc", "desc"]) await sort([{ list: { order, mode } }, "_id"])
  }
  await sort([{ name: { order: "asc", mode: "max" } }, "_id"])
  await sort([{ name: { order: "asc", mode: "avg" } }, "_id"])
  await sort(["ok", "_id"])
  await sort([{ ok: "desc" }, { n: "asc" }, { _id: "desc" }])
  await sort([{ n: { order: "desc", missing: "_first" } }, "_id"])
  await sort([{ n: { order: "asc", missing: 2 } }, "_id"])
  await sort([{ name: { missing: "m" } }, "_id"])
  await sort([{ n: { order: "up" } }])
  await sort([{ n: "up" }])
  for (const options of [1, true, null, [], ["asc"], [1], [{}], [{ order: "desc" }]]) {
    for (const sort of [{ n: options }, { n: options, name: "asc" }, { _score: options }]) {
      const body = { sort, _source: false }
      await party.ask(request("document", "search", { ...col, body }), `sort by ${JSON.stringify(sort)}`, withoutPlace)
    }
  }
  await sort([{ n: { order: "asc", foo: 1 } }])
  await sort([{ n: { order: "asc", numeric_type: "double" } }, "_id"])
  await sort([{ absent: { unmapped_type: "nope" } }])
  await sort([{ _script: { type: "number", script: { id: "x" }, order: "asc" } }])
  await sort("n")
  await sort({ n: "desc", name: "asc" })
  await sort([["n"]])
  await sort(3)
  await sort(["_score", "_id"], { query: { match: { bio: "fox" } } })
  await sort([{ _score: "desc" }, { n: "asc" }], { query: { match: { bio: "fox" } } })
  // Documents with equal values: each page continues after the last document of the page before.
  await sort(["n", "_id"], { search_after: [1, "b"] }, { size: 2 })
  await sort(["n", "_id"], { search_after: [2, "d"] }, { size: 2 })
  await sort(["n"], { search_after: [1] }, { size: 3 })
  await sort([{ n: "desc" }, { _id: "desc" }], { search_after: [2, "e"] })
  await sort(["name", "_id"], { search_after: ["x", "a"] })
  await sort(["ok", "_id"], { search_after: [true, "a"] })
  await sort(["ok", "_id"], { search_after: [1, "a"] })
  await sort(["n", "_id"], { search_after: [null, "f"] })
  await sort(["n", "_id"], { search_after: ["1", "b"] })
  await sort(["n", "_id"], { search_after: [1.5, "b"] })
  await sort(["n", "_id"], { search_after: ["x", "b"] })
  await sort(["n", "_id"], { search_after: [1] })
  await sort(["n"], { search_after: [1, "b"] })
  await sort(["n", "_id"], { search_after: 1 })
  await sort(["n", "_id"], { search_after: [] })
  await sort(["n", "_id"], { search_after: [[1], "b"] })
  await sort(["n", "_id"], { search_after: [1, "b"] }, { from: 2 })
  await sort(["n", "_id"], { search_after: [1, "b"] }, { scroll: "1s" })
  await search({ search_after: [1] })
  await sort(["_score", "_id"], { query: { match: { bio: "fox" } }, search_after: [0.1, "a"] })
  await sort(["_doc"], { search_after: [1] })
  // A page contains the documents that are visible at the time of its request.
  await document("create", { _id: "aa", body: { n: 1 } })
  await sort(["n", "_id"], { search_after: [1, "a"] }, { size: 2 })
  await party.ask(request("collection", "refresh", col))
  await sort(["n", "_id"], { search_after: [1, "a"] }, { size: 2 })
  await clean()
})

export const querying: ReadonlyArray<Scenario> = [words, dates, numbers, sorts]
