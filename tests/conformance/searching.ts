/**
 * Searches for nested documents and places, and searches with special mappings. `conformance.differences.ts` lists those that
 * the embedded server refuses.
 */
import { filled, prepare, request } from "./prepare.ts"
import { type Scenario, scenario } from "./recorder.ts"

// -------------------------------------------------------------------------------------------------------------------
// nested
// -------------------------------------------------------------------------------------------------------------------

const orders = {
  properties: {
    customer: { type: "keyword" },
    note: { type: "text" },
    lines: {
      type: "nested",
      properties: {
        sku: { type: "keyword" },
        title: { type: "text" },
        count: { type: "integer" },
        taxes: { type: "nested", properties: { country: { type: "keyword" }, rate: { type: "float" } } },
        box: { properties: { colour: { type: "keyword" } } }
      }
    }
  },
  documents: {
    o1: {
      customer: "ada",
      note: "red apples",
      lines: [
        { sku: "apple", title: "red apples", count: 3, taxes: [{ country: "fr", rate: 5.5 }], box: { colour: "red" } },
        { sku: "pear", title: "green pears", count: 10, taxes: { country: "de", rate: 7 } }
      ]
    },
    o2: {
      customer: "bob",
      lines: [
        { sku: "apple", title: "green apples and red apples", count: 10 },
        { sku: "plum", title: "plums", count: 1, taxes: [{ country: "fr", rate: 20 }, { country: "de", rate: 19 }] }
      ]
    },
    o3: { customer: "ada", note: "nothing", lines: [] },
    o4: { customer: "cyd", lines: { sku: "plum", count: 2, title: "one plum" } },
    o5: { customer: "dan" }
  }
}

const nested = scenario("searches: nested documents", async (world) => {
  const { aggregate, clean, document, search } = await filled(world, orders.properties, orders.documents)
  const lines = (query: object, more: object = {}) => ({ nested: { path: "lines", query, ...more } })
  const apples = { term: { "lines.sku": "apple" } }
  const many = { range: { "lines.count": { gte: 5 } } }
  const queries = [
    lines(apples),
    lines({ bool: { must: [apples, many] } }),
    { bool: { must: [lines(apples), lines(many)] } },
    { bool: { must_not: lines(apples) } },
    lines({ match_all: {} }),
    { bool: { must_not: [lines({ exists: { field: "lines.taxes" } })] } },
    lines({ match: { "lines.title": "red apples" } }),
    lines({ match: { "lines.title": "red apples" } }, { score_mode: "max" }),
    lines({ match: { "lines.title": "red apples" } }, { score_mode: "min" }),
    lines({ match: { "lines.title": "red apples" } }, { score_mode: "sum" }),
    lines({ match: { "lines.title": "red apples" } }, { score_mode: "none" }),
    lines({ match: { "lines.title": "red apples" } }, { score_mode: "nope" }),
    lines({ match: { "lines.title": "apples" } }, { boost: 3 }),
    lines({ nested: { path: "lines.taxes", query: { term: { "lines.taxes.country": "fr" } } } }),
    { nested: { path: "lines.taxes", query: { range: { "lines.taxes.rate": { gt: 10 } } } } },
    lines({ term: { "lines.box.colour": "red" } }),
    lines({ term: { customer: "ada" } }),
    lines({ term: { "lines.taxes.country": "fr" } }),
    apples,
    many,
    { match: { "lines.title": "red" } },
    { exists: { field: "lines" } },
    { exists: { field: "lines.sku" } },
    lines({ exists: { field: "lines.box" } }),
    { nested: { path: "absent", query: { match_all: {} } } },
    { nested: { path: "absent", query: { match_all: {} }, ignore_unmapped: true } },
    { nested: { path: "customer", query: { match_all: {} } } },
    { nested: { path: "lines" } },
    { nested: { query: { match_all: {} } } },
    { nested: { path: "lines", query: { match_all: {} }, foo: 1 } },
    lines({ ids: { values: ["o1"] } }),
    { bool: { should: [{ term: { customer: "ada" } }, lines(apples)] } },
    { constant_score: { filter: lines(apples), boost: 2 } }
  ]
  for (const query of queries) await search({ query })
  for (const query of queries.slice(0, 3)) {
    await document("count", { body: { query } }, `count ${JSON.stringify(query)}`)
  }
  await search({ query: lines(apples, { inner_hits: {} }) })
  await search({ query: lines(many, { inner_hits: { name: "large", size: 1, _source: ["lines.sku"] } }) })
  await search({ sort: [{ "lines.count": { order: "asc", nested: { path: "lines" } } }, "_id"] })
  await search({ sort: [{ "lines.count": { order: "desc", mode: "sum", nested: { path: "lines" } } }, "_id"] })
  await search({ sort: [{ "lines.count": { order: "asc", nested: { path: "lines", filter: apples } } }, "_id"] })
  await search({ sort: [{ "lines.count": "asc" }, "_id"] })
  const within = (aggs: object) => ({ all: { nested: { path: "lines" }, aggs } })
  const skus = { terms: { field: "lines.sku" } }
  await aggregate({ all: { nested: { path: "lines" } } })
  await aggregate(within({ skus, most: { max: { field: "lines.count" } } }))
  await aggregate(within({ skus: { ...skus, aggs: { orders: { reverse_nested: {} } } } }))
  await aggregate(
    within({
      skus: { ...skus, aggs: { orders: { reverse_nested: {}, aggs: { who: { terms: { field: "customer" } } } } } }
    })
  )
  await aggregate(
    within({ taxes: { nested: { path: "lines.taxes" }, aggs: { mean: { avg: { field: "lines.taxes.rate" } } } } })
  )
  await aggregate(within({ apples: { filter: apples, aggs: { sum: { sum: { field: "lines.count" } } } } }))
  await aggregate({ skus })
  await aggregate({ most: { max: { field: "lines.count" } } })
  await aggregate({ all: { nested: { path: "absent" } } })
  await aggregate({ all: { nested: { path: "customer" } } })
  await aggregate({ all: { nested: {} } })
  await aggregate({ back: { reverse_nested: {} } })
  await document("deleteByQuery", { body: { query: lines(apples) }, refresh: "wait_for" }, "delete by nested")
  await search({ sort: ["_id"] })
  await clean()
})

// -------------------------------------------------------------------------------------------------------------------
// places
// -------------------------------------------------------------------------------------------------------------------

const places = scenario("searches: places", async (world) => {
  const { aggregate, clean, col, document, party, search } = await filled(world, {
    at: { type: "geo_point" },
    name: { type: "keyword" }
  }, {
    montpellier: { name: "m", at: { lat: 43.6108, lon: 3.8767 } },
    paris: { name: "p", at: "48.8566,2.3522" },
    oslo: { name: "o", at: [10.7522, 59.9139] },
    tokyo: { name: "t", at: { lat: "35.6762", lon: "139.6503" } },
    nome: { name: "n", at: "POINT (-165.4064 64.5011)" },
    suva: { name: "s", at: [{ lat: -18.1248, lon: 178.4501 }, { lat: 0, lon: 0 }] },
    hash: { name: "h", at: "spey6" },
    nowhere: { name: "x" }
  })
  const bad: ReadonlyArray<unknown> = [
    "x",
    "91,0",
    "1,2,3",
    { lat: 1 },
    { lat: 1, lon: 2, foo: 3 },
    { lat: 91, lon: 0 },
    { lat: 0, lon: 181 },
    [1],
    1,
    true,
    [1, "x"],
    [1, 2, 3],
    {}
  ]
  for (const [n, at] of bad.entries()) {
    await document("create", { _id: `bad${n}`, body: { at } }, `create at ${JSON.stringify(at)}`)
  }
  await party.ask(request("collection", "refresh", col))
  const paris = { lat: 48.8566, lon: 2.3522 }
  const near = (distance: unknown, at: unknown = paris, more: object = {}) => ({
    geo_distance: { distance, at, ...more }
  })
  const box = (at: object, more: object = {}) => ({ geo_bounding_box: { at, ...more } })
  const queries = [
    near("1km"),
    near("700km"),
    near("1400km"),
    near(700_000),
    near("435mi"),
    near("380nmi"),
    near("700", paris, { unit: "km" }),
    near("700km", "48.8566,2.3522"),
    near("700km", [2.3522, 48.8566]),
    near("700km", "u09tv"),
    near("700km", paris, { distance_type: "plane" }),
    near("700km", paris, { boost: 3 }),
    near("700km", paris, { foo: 1 }),
    near("700 parsecs"),
    near(0),
    near(-1),
    { geo_distance: { at: paris } },
    { geo_distance: { distance: "1km", absent: paris } },
    { geo_distance: { distance: "1km", absent: paris, ignore_unmapped: true } },
    { geo_distance: { distance: "1km", name: paris } },
    near("1km", { lat: 91, lon: 0 }),
    box({ top_left: { lat: 60, lon: 0 }, bottom_right: { lat: 40, lon: 20 } }),
    box({ top_left: "60,0", bottom_right: "40,20" }),
    box({ top_left: [0, 60], bottom_right: [20, 40] }),
    box({ top_right: { lat: 60, lon: 20 }, bottom_left: { lat: 40, lon: 0 } }),
    box({ top: 60, left: 0, bottom: 40, right: 20 }),
    box({ wkt: "BBOX (0, 20, 60, 40)" }),
    box({ top_left: { lat: 90, lon: 130 }, bottom_right: { lat: -90, lon: -160 } }),
    box({ top_left: { lat: 40, lon: 0 }, bottom_right: { lat: 60, lon: 20 } }),
    box({ top_left: { lat: 60, lon: 0 } }),
    box({ top_left: { lat: 60, lon: 0 }, bottom_right: { lat: 40, lon: 20 } }, { type: "indexed" }),
    { geo_bounding_box: { absent: { top: 60, left: 0, bottom: 40, right: 20 } } },
    { geo_polygon: { at: { points: [{ lat: 60, lon: 0 }, { lat: 60, lon: 20 }, { lat: 40, lon: 3 }] } } },
    { geo_polygon: { at: { points: ["60,0", "40,3"] } } },
    { exists: { field: "at" } },
    { term: { at: "48.8566,2.3522" } },
    { range: { at: { gt: 1 } } }
  ]
  for (const query of queries) await search({ query, sort: ["_id"] })
  await search({ query: near("700km") })
  await search({ query: { bool: { filter: near("700km"), must: { term: { name: "p" } } } } })
  const sorted = (options: object) => search({ sort: [{ _geo_distance: { at: paris, ...options } }, "_id"] })
  await sorted({})
  await sorted({ order: "desc" })
  await sorted({ unit: "km", mode: "max" })
  await search({ sort: ["at"] })
  await aggregate({ box: { geo_bounds: { field: "at" } } })
  await aggregate({ middle: { geo_centroid: { field: "at" } } })
  await aggregate({ cells: { geohash_grid: { field: "at", precision: 2 } } })
  await aggregate({ tiles: { geotile_grid: { field: "at", precision: 3 } } })
  const rings = [{ to: 100_000 }, { from: 100_000, to: 2_000_000 }, { from: 2_000_000 }]
  await aggregate({ rings: { geo_distance: { field: "at", origin: paris, ranges: rings } } })
  await aggregate({ count: { value_count: { field: "at" } }, none: { missing: { field: "at" } } })
  await aggregate({ by: { terms: { field: "at" } } })
  for (
    const query of [{ geoDistance: { at: paris, distance: "700km" } }, {
      geoBoundingBox: { at: { top: 60, left: 0, bottom: 40, right: 20 } }
    }]
  ) {
    await search({ query, sort: ["_id"] }, { lang: "koncorde" })
  }
  await clean()
})

// -------------------------------------------------------------------------------------------------------------------
// mappings
// -------------------------------------------------------------------------------------------------------------------

const copies = scenario("searches: copied fields", async (world) => {
  const { clean, col, document, party, search } = await filled(world, {
    first: { type: "keyword", copy_to: "all" },
    last: { type: "text", copy_to: ["all", "names.all"], fields: { raw: { type: "keyword" } } },
    age: { type: "integer", copy_to: "all" },
    all: { type: "text" },
    names: { properties: { all: { type: "keyword" } } },
    address: { properties: { city: { type: "keyword", copy_to: "all" } } }
  }, {
    a: { first: "Ada", last: "Lovelace", age: 36, address: { city: "London" } },
    b: { first: ["Alan", "Mathison"], last: "Turing", all: "computer" },
    c: { age: 36 },
    d: { last: null }
  })
  for (const word of ["ada", "lovelace", "36", "london", "computer", "mathison"]) {
    await search({ query: { match: { all: word } } })
  }
  await search({ query: { match: { all: { query: "ada london", operator: "and" } } } })
  await search({ query: { match_phrase: { all: "ada lovelace" } } })
  await search({ query: { term: { "names.all": "Turing" } } })
  await search({ query: { exists: { field: "all" } } })
  await search({ sort: ["names.all", "_id"] })
  await document("update", { _id: "c", body: { first: "Grace" }, refresh: "wait_for" })
  // The score would also count the overwritten version of the document.
  await search({ query: { match: { all: "grace" } }, sort: ["_id"] })
  await document("get", { _id: "c" })
  await party.ask(request("collection", "getMapping", col))
  const mapping = (properties: object) =>
    party.ask(
      request("collection", "updateMapping", { ...col, body: { properties } }),
      `map ${JSON.stringify(properties)}`
    )
  await mapping({ more: { type: "keyword", copy_to: "absent" } })
  await document("create", { _id: "e", body: { more: "x" }, refresh: "wait_for" })
  await search({ query: { term: { absent: "x" } } })
  await mapping({ wrong: { type: "keyword", copy_to: "age" } })
  await document("create", { _id: "f", body: { wrong: "x" } }, "copy of a wrong type")
  await mapping({ deep: { properties: { x: { type: "keyword", copy_to: "nothing.here" } } } })
  await document("create", { _id: "g", body: { deep: { x: "y" } } }, "copy into nothing")
  await mapping({ itself: { type: "keyword", copy_to: "itself" } })
  await mapping({ bad: { type: "keyword", copy_to: 3 } })
  await mapping({ object: { type: "object", copy_to: "all" } })
  await mapping({ sub: { type: "keyword", fields: { raw: { type: "keyword", copy_to: "all" } } } })
  for (const dynamic of ["true", "strict"]) {
    const own = { index: world.name, collection: dynamic }
    const properties = { a: { type: "keyword", copy_to: "b" }, c: { type: "keyword", copy_to: "d.e" } }
    await party.ask(request("collection", "create", { ...own, body: { mappings: { dynamic, properties } } }))
    await document("create", { ...own, _id: "a", body: { a: "x" } }, `${dynamic}: copy to an unmapped field`)
    await document("create", { ...own, _id: "b", body: { c: "x" }, refresh: "wait_for" }, `${dynamic}: copy to a path`)
    await party.ask(request("collection", "getMapping", own))
    await search({ query: { match: { b: "x" } } }, own)
  }
  await clean()
})

const dotted = scenario("searches: dotted keys", async (world) => {
  const { clean, col, document, party, search } = await filled(world, {
    o: { properties: { x: { type: "integer" }, deep: { properties: { y: { type: "keyword" } } } } },
    plain: { type: "keyword", fields: { raw: { type: "text" } } },
    list: { type: "nested", properties: { x: { type: "integer" } } }
  }, {
    a: { "o.x": 1 },
    b: { o: { x: 2, "deep.y": "b" } },
    c: { "o.deep.y": "c", o: { x: 3 }, "o.x": 4 },
    d: { "o.deep": { y: "d" } },
    e: { "unknown.x": 1 },
    f: { "o.unknown": 1 }
  })
  await search({ query: { term: { "o.x": 1 } } })
  await search({ query: { range: { "o.x": { gte: 2 } } } })
  await search({ query: { exists: { field: "o.deep.y" } } })
  await search({ query: { exists: { field: "o" } } })
  await search({ sort: [{ "o.x": "desc" }, "_id"] })
  await search({ sort: ["_id"], _source: ["o.x"] })
  await search({ sort: ["_id"], _source: { excludes: ["o.deep"] } })
  const create = (_id: string, body: object, more: object = {}) =>
    document("create", { _id, body, ...more }, `create ${JSON.stringify(body)} ${JSON.stringify(more)}`)
  await create("g", { "o.x": "text" })
  await create("h", { "plain.raw": "x" })
  await create("i", { "plain.x": "x" })
  await create("j", { "o.x.y": 1 })
  await create("k", { "list.x": 1 })
  await create("l", { "o..x": 1 })
  await create("m", { ".x": 1 })
  await create("o", { ".": 1 })
  await create("p", { "": 1 })
  await create("q", { " ": 1 })
  await create("r", { "o. ": 1 })
  await document("update", { _id: "a", body: { o: { x: 9 } }, source: true, refresh: "wait_for" })
  await search({ query: { terms: { "o.x": [1, 9] } } })
  await document("update", { _id: "b", body: { "o.x": 9 }, source: true, refresh: "wait_for" })
  await search({ query: { terms: { "o.x": [2, 9] } }, sort: ["_id"] })
  await document("deleteFields", { _id: "a", body: { fields: ["o.x"] }, source: true })
  await party.ask(request("collection", "getMapping", col))
  for (const dynamic of ["true", "strict"]) {
    const own = { index: world.name, collection: dynamic }
    const properties = { o: { properties: { x: { type: "integer" } } }, k: { type: "keyword" } }
    await party.ask(request("collection", "create", { ...own, body: { mappings: { dynamic, properties } } }))
    await create("a", { "o.x": 1 }, own)
    await create("b", { "o.y": 1 }, own)
    await create("c", { "new.x": "one" }, own)
    await create("d", { "new.y.z": 1.5, new: { x: "two" } }, own)
    await create("e", { "k.x": 1 }, own)
    await create("f", { "new..z": 1 }, own)
    await create("g", { ".z": 1 }, own)
    await create("h", { "z.": 1 }, { ...own, refresh: "wait_for" })
    await create("i", { "": 1 }, own)
    await party.ask(request("collection", "getMapping", own))
    await search({ query: { match: { "new.x": "one two" } } }, own)
  }
  const declare = (properties: object) =>
    party.ask(
      request("collection", "updateMapping", { ...col, body: { properties } }),
      `map ${JSON.stringify(properties)}`
    )
  await declare({ "by.path": { type: "keyword" } })
  await declare({ "o.more": { type: "keyword" } })
  await declare({ "o.x": { type: "keyword" } })
  await declare({ ".": { type: "keyword" } })
  await declare({ "by..path": { type: "keyword" } })
  await party.ask(request("collection", "getMapping", col), "mapped by path")
  await clean()
})

const later = scenario("searches: fields that are mapped later", async (world) => {
  const { aggregate, clean, col, document, party, search } = await filled(world, {
    name: { type: "keyword" }
  }, { a: { name: "a", age: 1 }, b: { name: "b", age: 2, o: { x: "y" } } })
  const mapping = {
    age: { type: "integer" },
    o: { properties: { x: { type: "keyword" } } },
    name: { type: "keyword", fields: { words: { type: "text" } } }
  }
  await search({ query: { term: { age: 1 } } })
  await party.ask(request("collection", "updateMapping", { ...col, body: { properties: mapping } }))
  const look = async () => {
    await search({ query: { term: { age: 1 } } })
    await search({ query: { exists: { field: "age" } } })
    await search({ query: { match: { "name.words": "a" } } })
    await search({ sort: [{ age: "desc" }, "_id"] })
    await aggregate({ sum: { sum: { field: "age" } }, by: { terms: { field: "o.x" } } })
  }
  await look()
  await document("update", { _id: "a", body: { more: 1 }, refresh: "wait_for" })
  await look()
  await document("updateByQuery", {
    body: { query: { ids: { values: ["b"] } }, changes: { more: 2 } },
    refresh: "wait_for"
  })
  await look()
  // Kuzzle reindexes documents in the background.
  const update = async (body: object) => {
    await party.ask(request("collection", "update", { ...col, body }), `update ${JSON.stringify(body)}`)
    await world.sleep(1500)
  }
  await document("create", { _id: "d", body: { late: "x", later: "x", name: "d" }, refresh: "wait_for" })
  const late = { query: { exists: { field: "late" } } }
  await update({ mappings: { properties: { late: { type: "keyword" } } } })
  await search(late)
  await update({ reindexCollection: true })
  await search(late)
  await update({ reindexCollection: true, mappings: { properties: { late: { type: "keyword" } } } })
  await search(late)
  await document("get", { _id: "d" })
  await update({ mappings: { dynamic: "true" } })
  await search({ query: { match: { later: "x" } }, sort: ["_id"] })
  await document("get", { _id: "d" }, "get, indexed twice")
  await clean()
})

const parameters = scenario("searches: parameters of mappings", async (world) => {
  const { clean, document, index, party, search } = await prepare(world)
  let count = 0
  const check = async (field: object, values: ReadonlyArray<unknown>, ...queries: ReadonlyArray<object>) => {
    const own = { index, collection: `p${count++}` }
    const body = { mappings: { properties: { f: field } } }
    await party.ask(request("collection", "create", { ...own, body }), `map ${JSON.stringify(field)}`)
    for (const [n, f] of values.entries()) {
      await document("create", { ...own, _id: `d${n}`, body: { f } }, `create ${own.collection} ${JSON.stringify(f)}`)
    }
    await party.ask(request("collection", "refresh", own))
    for (const query of queries) await search({ query, sort: ["_id"] }, own)
    await party.ask(request("collection", "getMapping", own))
  }
  await check({ type: "keyword", null_value: "none" }, [null, "a", [], [null, "b"]], { term: { f: "none" } }, {
    exists: { field: "f" }
  })
  await check({ type: "integer", null_value: -1 }, [null, 4], { range: { f: { lt: 0 } } })
  await check({ type: "keyword", index: false }, ["a"], { term: { f: "a" } }, { exists: { field: "f" } })
  await check({ type: "integer", doc_values: false }, [1], { term: { f: 1 } }, { exists: { field: "f" } })
  await check({ type: "integer", ignore_malformed: true }, [1, "x", {}], { exists: { field: "f" } }, {
    range: { f: { gte: 0 } }
  })
  await check({ type: "integer", coerce: false }, [1, "1", 1.5])
  await check({ type: "text", analyzer: "simple" }, ["Red-Apple 42"], { match: { f: "apple" } }, { match: { f: "42" } })
  await check({ type: "text", analyzer: "whitespace" }, ["Red-Apple 42"], { match: { f: "Red-Apple" } }, {
    match: { f: "red" }
  })
  await check({ type: "text", analyzer: "keyword" }, ["Red Apple"], { match: { f: "Red Apple" } }, {
    match: { f: "red" }
  })
  await check({ type: "text", analyzer: "absent" }, [])
  await check({ type: "keyword", normalizer: "lowercase" }, ["AbC"], { term: { f: "abc" } }, { term: { f: "ABC" } })
  await check({ type: "ip" }, ["10.0.0.1", "x"], { term: { f: "10.0.0.0/8" } })
  await check({ type: "integer_range" }, [{ gte: 1, lte: 3 }], { term: { f: 2 } })
  await check({ type: "binary" }, ["YQ=="], { exists: { field: "f" } })
  await check({ type: "keyword", ignore_above: 3 }, ["abc", "abcd"], { exists: { field: "f" } }, {
    term: { f: "abcd" }
  })
  const templates = { index, collection: "templates" }
  const dynamic_templates = [{ texts: { match_mapping_type: "string", mapping: { type: "keyword" } } }]
  await party.ask(
    request("collection", "create", { ...templates, body: { mappings: { dynamic: "true", dynamic_templates } } }),
    "templates"
  )
  await document("create", { ...templates, _id: "a", body: { f: "x" } }, "create by template")
  await party.ask(request("collection", "getMapping", templates), "mapping by template")
  await party.ask(
    request("collection", "updateMapping", { ...templates, body: { dynamic_templates } }),
    "update templates"
  )
  await party.ask(request("collection", "getMapping", templates), "mapping by template again")
  await clean()
})

/** Mappings and settings that the embedded server refuses. */
const refused = scenario("searches: mappings that are refused", async (world) => {
  const { clean, index, party } = await prepare(world)
  let count = 0
  const map = (field: object, more: object = {}) =>
    party.ask(
      request("collection", "create", {
        index,
        collection: `r${count++}`,
        body: { mappings: { properties: { f: field } }, ...more }
      }),
      `map ${JSON.stringify({ ...field, ...more })}`
    )
  for (const format of ["yyyy/MM/dd", "epoch_second", "strict_date_optional_time"]) await map({ type: "date", format })
  await map({ type: "text", analyzer: "english" })
  await map({ type: "text", fielddata: true })
  await map({ type: "text", norms: false })
  await map({ type: "text", similarity: "boolean" })
  await map({ type: "text", index_options: "docs" })
  await map({ type: "text", position_increment_gap: 0 })
  await map({ type: "text", search_analyzer: "keyword" })
  await map({ type: "keyword", boost: 2 })
  await map({ type: "alias", path: "_id" })
  await map({ type: "nested", include_in_root: true })
  const types = ["search_as_you_type", "token_count", "rank_feature", "rank_features", "percolator", "join", "murmur3"]
  for (const type of types) await map({ type, ...(type === "token_count" ? { analyzer: "standard" } : {}) })
  for (const type of ["dense_vector", "nope"]) await map({ type })
  const analysis = {
    analyzer: { mine: { type: "custom", tokenizer: "standard", filter: ["lowercase", "asciifolding"] } },
    normalizer: { low: { type: "custom", filter: ["lowercase"] } }
  }
  await map({ type: "text", analyzer: "mine" }, { settings: { analysis } })
  await map({ type: "keyword" }, { settings: { "index.blocks.write": true } })
  await map({ type: "keyword" }, { settings: { max_result_window: 20 } })
  await clean()
})

export const searching: ReadonlyArray<Scenario> = [nested, places, copies, dotted, later, parameters, refused]
