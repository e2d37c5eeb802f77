/** Requests just below and just above the limits of Elasticsearch and Kuzzle. */
import { gzipSync } from "node:zlib"
import { prepare, request } from "./prepare.ts"
import { type Scenario, scenario } from "./recorder.ts"

const numbered = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]))

const nested = (depth: number): object => {
  let document: object = { n: 1 }
  for (let i = 1; i < depth; i++) document = { a: document }
  return document
}

const searches = scenario("limits: searches", async (world) => {
  const { clean, document, search } = await prepare(world)
  await document("create", { _id: "a", body: { at: "1970-01-01", name: "x" } })
  await document("create", { _id: "b", body: { at: "2020-01-01", name: "x" }, refresh: "wait_for" })
  const histogram = (options: object) => ({ size: 0, aggs: { x: { date_histogram: { field: "at", ...options } } } })
  await search(histogram({ fixed_interval: "0s" }))
  await search(histogram({ fixed_interval: "6h" }))
  await search({ size: 0, aggs: { by: { terms: { field: "name" }, aggs: histogram({ fixed_interval: "6h" }).aggs } } })
  await search(histogram({ fixed_interval: "1s", min_doc_count: 1 }))
  await search(histogram({ fixed_interval: "1s", min_doc_count: 2 }))
  const clauses = (count: number) => Array.from({ length: count }, (_, i) => ({ term: { name: `n${i}` } }))
  for (const count of [1024, 1025]) {
    await document("search", { body: { query: { bool: { should: clauses(count) } } } }, `${count} clauses`)
    await document("search", { body: { query: { bool: { must_not: clauses(count) } } } }, `none of ${count} clauses`)
  }
  for (const count of [65_536, 65_537]) {
    const terms = Array.from({ length: count }, (_, i) => i.toString(36))
    await document("search", { body: { query: { terms: { name: terms } } } }, `${count} terms`)
  }
  await clean()
})

const documents = scenario("limits: documents and mappings", async (world) => {
  const { clean, document, index, party } = await prepare(world)
  const create = (_id: string, body: object, more: object = {}) =>
    document("create", { _id, body, ...more }, `create ${_id}`)
  await create("a".repeat(513), {})
  await create("an immense term", { name: "x".repeat(32_767) })
  await create("an immense term of other bytes", { name: "é".repeat(16_384) })
  await create("an immense term of a sub-field", { bio: "x".repeat(32_767) })
  await create("a long term", { name: "x".repeat(32_766) })
  const lines = [{ index: { _id: "immense" } }, { name: "x".repeat(32_767) }]
  await document("mCreate", { body: { documents: [{ _id: "immense", body: { name: "x".repeat(32_767) } }] } })
  await party.ask(request("bulk", "import", { index, collection: "col", body: { bulkData: lines } }))
  const dynamic = { index, collection: "dynamic" }
  const deep = { index, collection: "deep" }
  for (const target of [dynamic, deep]) {
    await party.ask(request("collection", "create", { ...target, body: { mappings: { dynamic: "true" } } }))
  }
  await create("995 fields", numbered(995), dynamic)
  await create("996 fields", numbered(996), dynamic)
  await create("one more field", { more: 1 }, dynamic)
  for (const depth of [19, 20, 21]) await create(`${depth} levels`, nested(depth), deep)
  const properties = Object.fromEntries(Array.from({ length: 996 }, (_, i) => [`k${i}`, { type: "keyword" }]))
  const many = { index, collection: "many", body: { mappings: { properties } } }
  await party.ask(request("collection", "create", many), "996 fields in a mapping")
  await clean()
})

const parameters = scenario("limits: parameters of mappings", async (world) => {
  const { clean, index, party } = await prepare(world)
  let count = 0
  const create = (properties: object) =>
    party.ask(
      request("collection", "create", { index, collection: `c${count++}`, body: { mappings: { properties } } }),
      `mapping ${JSON.stringify(properties)}`
    )
  await create({ "": { type: "keyword" } })
  await create({ a: { enabled: false } })
  await create({ a: { type: "keyword", enabled: false } })
  await create({ a: { type: "keyword", dynamic: "true" } })
  await create({ a: { type: "keyword", properties: { x: { type: "keyword" } } } })
  await create({ a: { type: "integer", ignore_above: 3 } })
  await create({ a: { type: "keyword", ignore_above: "x" } })
  await create({ a: { type: "keyword", ignore_above: "3" } })
  await create({ a: { type: "text", scaling_factor: 3 } })
  await create({ a: { type: "scaled_float" } })
  await create({ a: { type: "keyword", term_vector: "yes" } })
  await create({ a: { type: "keyword", index_prefixes: {} } })
  await create({ a: { type: "long", eager_global_ordinals: true } })
  await create({ a: { type: "object", ignore_above: 3 } })
  await create({ a: { type: "object", store: true } })
  await create({ a: { type: "keyword", fields: { x: { type: "nope" } } } })
  await create({ a: { type: "keyword", fields: { x: { type: "object" } } } })
  await create({ a: { type: "keyword", fields: { x: { type: "nested" } } } })
  await create({ a: { type: "keyword", fields: { x: {} } } })
  const set = (settings: object) =>
    party.ask(
      request("collection", "create", { index, collection: `c${count++}`, body: { settings } }),
      `settings ${JSON.stringify(settings)}`
    )
  await set({ refresh_interval: "x" })
  await set({ refresh_interval: "-1" })
  await set({ codec: "nope" })
  await set({ codec: "best_compression" })
  await set({ number_of_replicas: -1 })
  await clean()
})

const mistakes = scenario("limits: two mistakes in a collection", async (world) => {
  const { clean, index, party } = await prepare(world)
  const ask = (target: object, body: unknown) =>
    party.ask(
      request("collection", "create", { index, ...target, body }),
      `create ${JSON.stringify({ ...target, body })}`
    )
  let count = 0
  const wrong = [{ mappings: "text" }, { mappings: null }, { settings: "text" }, { mappings: "", settings: null }]
  for (const body of [...wrong, { mappings: "text", settings: "text" }, { settings: 4 }, { settings: true }]) {
    await ask({ collection: "_kuzzle_keep" }, body)
    await ask({ collection: "UPPER" }, body)
    await ask({ index: "UPPER", collection: "UPPER" }, body)
    await ask({ index: "" }, body)
    await ask({ collection: `c${count++}` }, body)
  }
  for (const mappings of [4, [], true, ""]) await ask({ collection: `c${count++}` }, { mappings })
  for (const mapping of [4, "text", null]) {
    for (const name of ["loaded", "UPPER"]) {
      const body = { [index]: { [name]: mapping } }
      await party.ask(request("admin", "loadMappings", { body }), `loadMappings ${JSON.stringify({ [name]: mapping })}`)
    }
  }
  await clean()
})

const encodings = scenario("limits: encodings", async ({ http }) => {
  const now = (size: number) => JSON.stringify(request("server", "now", { body: { x: "y".repeat(size) } }))
  const post = (label: string, body: string | Buffer, encoding: string) =>
    http({
      method: "POST",
      path: "/_query",
      headers: { "content-type": "application/json", "content-encoding": encoding },
      body
    }, label)
  await post("gzip", gzipSync(now(10)), "gzip")
  await post("gzip of more than the limit", gzipSync(now(2_000_000)), "gzip")
  await post("gzip twice", gzipSync(gzipSync(now(10))), "gzip, GZIP")
  await post("identity", now(10), "identity")
  await post("br", now(10), "br")
  await post("three layers", now(10), "identity, identity, identity")
  await post("four layers", now(10), "identity, identity, identity, identity")
  await post("an unknown layer among four", now(10), "nope, identity, identity, identity")
  await post("what is not gzip", now(10), "gzip")
})

const origins = scenario("limits: origins", async ({ http }) => {
  const origin = { origin: "http://app.local:8080" }
  const preflight = {
    "access-control-request-method": "PUT",
    "access-control-request-headers": "authorization,x-kuzzle-volatile"
  }
  for (const path of ["/_query", "/", "/nyc/taxi/a", "/_login/local"]) {
    await http({ method: "OPTIONS", path, headers: { ...origin, ...preflight } }, `preflight of ${path}`)
    await http({ method: "OPTIONS", path, headers: preflight }, `preflight of ${path} without an origin`)
  }
  await http({ method: "HEAD", path: "/", headers: origin }, "HEAD")
  await http({ method: "HEAD", path: "/_now", headers: origin }, "HEAD of another path")
  await http({ method: "GET", path: "/_now", headers: { origin: "null" } }, "an opaque origin")
  await http({ method: "GET", path: "/_now", headers: { ...origin, cookie: "authToken=garbage" } }, "with a cookie")
  await http({ method: "TRACE", path: "/_now", headers: origin }, "a method that is not allowed")
  await http(
    { method: "POST", path: "/_now", headers: { ...origin, "content-type": "text/xml" }, body: "x" },
    "a bare error"
  )
})

export const limits: ReadonlyArray<Scenario> = [searches, documents, parameters, mistakes, encodings, origins]
