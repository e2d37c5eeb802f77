/**
 * The scenarios that both servers play.
 */
import { hidden } from "../conformance.differences.ts"
import { administration } from "./administration.ts"
import { aggregating } from "./aggregating.ts"
import { exports } from "./exports.ts"
import { generatedHttp } from "./http.ts"
import { inputs } from "./inputs.ts"
import { limits } from "./limits.ts"
import { memoryStorage } from "./memoryStorage.ts"
import { order } from "./order.ts"
import { prepare, request } from "./prepare.ts"
import { querying } from "./querying.ts"
import { type Scenario, scenario, type World } from "./recorder.ts"
import { searching } from "./searching.ts"
import { security } from "./security.ts"
import { storage } from "./storage.ts"

// -------------------------------------------------------------------------------------------------------------------
// frames
// -------------------------------------------------------------------------------------------------------------------

const malformed = scenario("malformed frames", async ({ connect }) => {
  const a = await connect("a")
  for (
    const frame of [
      "garbage",
      "{\"controller\":\"server\"",
      "",
      "null",
      "[]",
      "42",
      "\"text\"",
      "true",
      "false",
      "0",
      "\"\"",
      "{}",
      "{\"p\":1,\"requestId\":\"x\"}",
      "{\"p\":2}",
      "{\"p\":\"1\"}",
      "{\"requestId\":42,\"controller\":\"server\",\"action\":\"now\"}",
      "{\"requestId\":0,\"controller\":\"server\",\"action\":\"now\"}",
      "{\"requestId\":\"\",\"controller\":\"server\",\"action\":\"now\"}",
      "{\"requestId\":null,\"controller\":\"server\",\"action\":\"now\"}",
      "{\"requestId\":\"a1\",\"controller\":42,\"action\":\"now\"}",
      "{\"requestId\":\"a2\",\"controller\":\"server\",\"action\":{}}",
      "{\"requestId\":\"a3\",\"controller\":\"server\",\"action\":\"now\",\"volatile\":\"no\"}",
      "{\"requestId\":\"a4\",\"controller\":\"server\",\"action\":\"now\",\"volatile\":[]}",
      "{\"requestId\":\"a5\",\"controller\":\"server\",\"action\":\"now\",\"body\":\"no\"}",
      "{\"requestId\":\"a6\",\"controller\":\"server\",\"action\":\"now\",\"jwt\":42}",
      "{\"controller\":\"server\",\"action\":\"now\",\"body\":42}",
      "{\"requestId\":{},\"controller\":\"server\",\"action\":42}",
      "{\"requestId\":\"a7\",\"controller\":\"server\",\"action\":\"now\",\"targets\":\"x\"}",
      "{\"requestId\":\"a8\",\"controller\":\"server\",\"action\":\"now\",\"targets\":[],\"index\":\"i\"}",
      "{\"requestId\":\"a9\",\"controller\":\"server\",\"action\":\"now\",\"targets\":[1],\"index\":\"i\"}",
      "{\"requestId\":\"b1\",\"controller\":\"server\",\"action\":\"now\",\"body\":null,\"jwt\":null,\"volatile\":null}",
      "{\"requestId\":\"b2\",\"controller\":\"\",\"action\":\"now\"}",
      "{\"requestId\":\"b3\",\"action\":\"now\"}",
      "{\"requestId\":\"b4\",\"controller\":\"server\"}",
      "{\"requestId\":\"b5\",\"controller\":\"server\",\"action\":\"now\",\"jwt\":\"\"}",
      "{\"requestId\":\"b6\",\"controller\":\"server\",\"action\":\"now\",\"jwt\":\"garbage\"}",
      "{\"requestId\":\"b7\",\"controller\":\"server\",\"action\":\"now\",\"jwt\":\"kauth-a.b.c\"}",
      "{\"requestId\":\"b8\",\"controller\":\"__proto__\",\"action\":\"toString\"}",
      "{\"requestId\":\"b9\",\"controller\":\"server\",\"action\":\"toString\"}",
      "{\"requestId\":\"c1\",\"controller\":\"server\",\"action\":\"now\",\"__proto__\":{\"jwt\":\"x\"}}",
      "{\"requestId\":\"c2\",\"controller\":\"server\",\"action\":\"now\",\"cookieAuth\":\"yes\"}",
      "{\"requestId\":\"c3\",\"controller\":\"server\",\"action\":\"now\",\"cookieAuth\":true}",
      "{\"requestId\":\"c4\",\"controller\":\"server\",\"action\":\"now\",\"index\":42,\"collection\":null}"
    ]
  ) {
    await a.raw(frame)
  }
})

const envelope = scenario("envelope", async ({ connect }) => {
  const a = await connect("a")
  await a.ask(request("nope", "now"))
  await a.ask(request("server", "nope"))
  await a.ask(request("server", "now", { volatile: { some: { thing: 1 } } }))
  await a.ask(request("server", "now", { volatile: {} }))
  await a.ask(request("server", "now", { index: "i", collection: "c", _id: "x", other: 1 }))
  await a.ask(request("server", "now", { body: [] }))
  for (
    const sdkName of [
      "js@6.2.0",
      "js@7.0.0",
      "js@10.0.0",
      "js@0.1.0",
      "effect@0.1.0",
      "js@",
      "@7",
      "js",
      "java@2.0.0",
      42,
      ""
    ]
  ) {
    await a.ask(request("server", "now", { volatile: { sdkName } }), `sdkName ${sdkName}`)
  }
  await a.ask(request("server", "now", { volatile: { sdkVersion: "1.0" } }))
  await a.ask(request("server", "now", { volatile: { sdkVersion: "" } }))
  await a.ask(request("server", "adminExists"))
  await a.raw("{\"controller\":\"server\",\"action\":\"now\"}")
})

const info = scenario("server: info and routes", async ({ connect }) => {
  const a = await connect("a")
  await a.ask(request("server", "info"), undefined, hidden.info)
  await a.ask(request("server", "publicApi"))
  await a.ask(request("server", "capabilities"), undefined, hidden.capabilities)
  await a.ask(request("server", "getConfig"), undefined, hidden.getConfig)
  await a.ask(request("debug", "nodeVersion"), undefined, hidden.nodeVersion)
  await a.ask(request("kuzzle-plugin-auth-passport-local/password", "nope"))
})

const tooBig = scenario("too big", async ({ connect, listen }) => {
  const big = (bytes: number) => {
    const frame = JSON.stringify(request("server", "now", { requestId: "big", body: { x: "" } }))
    return frame.replace("\"x\":\"\"", `"x":"${"y".repeat(bytes - frame.length)}"`)
  }
  const a = await connect("a")
  await a.raw(big(1_048_576), "exactly the limit", 500)
  await a.raw(big(1_048_577), "one byte more", 500)
  await listen("the end")
  const b = await connect("b")
  await b.raw(big(1_048_576).replace("yy", "é"), "the limit in bytes, not characters", 500)
  await b.raw(big(1_048_577).replace("yyy", "é"), "one character less, the same bytes", 500)
})

// -------------------------------------------------------------------------------------------------------------------
// documents
// -------------------------------------------------------------------------------------------------------------------

const writes = scenario("documents: create, replace, update, upsert, delete", async (world) => {
  const { clean, document } = await prepare(world)
  await document("create", { body: { name: "auto", age: 1 } }, "create without id")
  await document("create", { _id: "d1", body: { name: "a", age: 1 } })
  await document("create", { _id: "d1", body: { name: "a" } }, "create again")
  await document("create", { _id: "d2", body: { unknown: 1 } }, "create strict")
  await document("create", { _id: "d2", body: { where: { unknown: 1 } } }, "create strict, inner")
  await document("create", { _id: "d2", body: { age: "not a number" } }, "create wrong type")
  await document("create", { _id: "d2", body: { where: 1 } }, "create scalar for object")
  await document("create", { _id: "d2", body: { age: "12", ok: "true", at: "2020-01-01" } }, "create coerced")
  await document("create", { _id: "d3", body: { name: null, age: [1, 2], where: { city: "x" } } }, "create arrays")
  await document("create", { _id: "d4", body: {} }, "create empty")
  await document("create", { _id: "d5", body: [] }, "create array")
  await document("create", { _id: "d6" }, "create no body")
  await document("create", { _id: 42, body: {} }, "create numeric id")
  await document("create", { _id: "", body: {} }, "create empty id")
  await document("create", { _id: "x".repeat(600), body: {} }, "create long id")
  await document("create", { _id: "k", body: { _kuzzle_info: { author: "me" } } }, "create with metadata")
  await document("create", { _id: "sil", silent: "yes", body: {} }, "create silent wrong")
  await document("get", { _id: "d1" })
  await document("get", { _id: "absent" }, "get absent")
  await document("get", {}, "get no id")
  await document("get", { _id: 42 }, "get numeric id")
  await document("get", { _id: "_search" }, "get _search")
  await document("get", { _id: "d1", collection: "absent" }, "get no collection")
  await document("get", { _id: "d1", index: "absent" }, "get no index")
  await document("get", { _id: "d1", index: "" }, "get empty index")
  await document("get", { _id: "d1", collection: null }, "get null collection")
  await document("get", { _id: "d1", index: 42 }, "get numeric index")
  await document("exists", { _id: "d1" })
  await document("exists", { _id: "absent" })
  await document("exists", {})
  await document("update", { _id: "d1", body: { age: 2 } })
  await document("update", { _id: "d1", body: { where: { city: "nyc" } } }, "update inner")
  await document("update", { _id: "d1", body: { age: 3 }, source: true }, "update source")
  await document("update", { _id: "d1", body: { age: null } }, "update null")
  await document("update", { _id: "d1", body: {} }, "update nothing")
  await document("update", { _id: "d1", body: { unknown: 1 } }, "update strict")
  await document("update", { _id: "d1", body: { age: "x" } }, "update wrong type")
  await document("update", { _id: "d1" }, "update no body")
  await document("update", { _id: "absent", body: { age: 2 } }, "update absent")
  await document("update", { _id: "d1", body: { age: 2 }, refresh: true }, "update refresh boolean")
  await document("update", { body: { age: 2 } }, "update no id")
  await document("get", { _id: "d1" }, "get updated")
  await document("upsert", { _id: "u1", body: { changes: { age: 3 }, default: { name: "def" } } }, "upsert creates")
  await document("get", { _id: "u1" }, "get upserted")
  await document("upsert", { _id: "u1", body: { changes: { age: 4 }, default: { name: "x" } } }, "upsert updates")
  await document("upsert", { _id: "u1", body: { changes: { age: 5 } }, source: true }, "upsert source")
  await document("upsert", { _id: "u2", body: { changes: { age: 5 } }, source: true }, "upsert creates, source")
  await document("upsert", { _id: "u3", body: { default: {} } }, "upsert no changes")
  await document("upsert", { _id: "u3" }, "upsert no body")
  await document("upsert", { _id: "u3", body: { changes: 1 } }, "upsert wrong changes")
  await document("upsert", { _id: "u3", body: { changes: {}, default: 1 } }, "upsert wrong default")
  await document("replace", { _id: "d1", body: { name: "r" } })
  await document("replace", { _id: "absent", body: { name: "r" } }, "replace absent")
  await document("replace", { _id: "d1" }, "replace no body")
  await document("replace", { _id: "d1", body: { unknown: 1 } }, "replace strict")
  await document("createOrReplace", { _id: "d1", body: { name: "cr" } })
  await document("createOrReplace", { _id: "n1", body: { name: "cr" } }, "createOrReplace creates")
  await document("createOrReplace", { body: { name: "cr" } }, "createOrReplace no id")
  await document("createOrReplace", { _id: "n1" }, "createOrReplace no body")
  await document("delete", { _id: "n1" })
  await document("delete", { _id: "n1" }, "delete again")
  await document("delete", { _id: "d1", source: true }, "delete source")
  await document("delete", {}, "delete no id")
  await document("create", { _id: "d1", body: { name: "again" } }, "create after delete")
  await document("create", { _id: "r", body: {}, refresh: "false" }, "create refresh false")
  await document("create", { _id: "r2", body: {}, refresh: null }, "create refresh null")
  await clean()
})

const many = scenario("documents: many at once", async (world) => {
  const { clean, document } = await prepare(world)
  const documents = [
    { _id: "d1", body: { name: "one" } },
    { _id: "m1", body: { name: "m1" } },
    { body: { name: "noid" } },
    { _id: "m2", body: { unknown: 1 } },
    { _id: "m3", body: { age: "x" } },
    { _id: "m4" },
    { _id: "m5", body: "no" },
    { _id: "m6", body: { name: "k", _kuzzle_info: { author: "me" } } }
  ]
  await document("create", { _id: "d1", body: {} })
  await document("mCreate", { body: { documents } })
  await document("mCreate", { body: { documents: [{ _id: "m7", body: {} }] } }, "mCreate fine")
  await document("mCreate", { body: { documents: [{ _id: "m1", body: {} }] }, strict: true }, "mCreate strict")
  await document("mCreate", { body: { documents: [{ _id: "m8", body: {} }] }, strict: true }, "mCreate strict fine")
  await document("mCreate", { body: { documents: [] } }, "mCreate none")
  await document("mCreate", { body: {} }, "mCreate nothing")
  await document("mCreate", {}, "mCreate no body")
  await document("mCreate", { body: { documents: "x" } }, "mCreate wrong")
  await document("mCreate", { body: { documents: [{ _id: "s", _source: {} }] } }, "mCreate _source")
  await document("mCreate", { body: { documents: new Array(201).fill({ body: {} }) } }, "mCreate too many")
  await document("mCreate", { collection: "absent", body: { documents: [{ body: {} }] } }, "mCreate no collection")
  await document("mGet", { body: { ids: ["m1", "absent", "d1"] } })
  await document("mGet", { ids: ["m1"] }, "mGet arguments")
  await document("mGet", { body: { ids: ["m1", "absent"] }, strict: true }, "mGet strict")
  await document("mGet", { body: { ids: ["m1"] }, strict: true }, "mGet strict fine")
  await document("mGet", { body: {} }, "mGet nothing")
  await document("mGet", { ids: [] }, "mGet none")
  await document("mGet", { body: { ids: "x" } }, "mGet wrong")
  await document("mGet", { body: { ids: new Array(10_001).fill("i") } }, "mGet too many")
  await document("mDelete", { body: { ids: ["m1", "absent", 42] } })
  await document("mDelete", { body: { ids: ["absent"] }, strict: true }, "mDelete strict")
  await document("mDelete", { body: { ids: [] } }, "mDelete none")
  await document("mDelete", { body: {} }, "mDelete nothing")
  await document("mDelete", {}, "mDelete no body")
  await document("mDelete", { body: { ids: "x" } }, "mDelete wrong")
  await clean()
})

// -------------------------------------------------------------------------------------------------------------------
// searches
// -------------------------------------------------------------------------------------------------------------------

const searches = scenario("documents: search and count", async (world) => {
  const { clean, document, party, search } = await prepare(world)
  const cities = ["nyc", "oslo", "rome"]
  await document("mCreate", {
    refresh: "wait_for",
    body: {
      documents: [0, 1, 2, 3, 4, 5, 6].map((n) => ({
        _id: `s${n}`,
        body: {
          name: `n${n % 3}`,
          age: n,
          bio: n === 6 ? "Goodbye, blue sky" : `Hello world number ${n}`,
          at: `2020-01-0${n + 1}`,
          ok: n % 2 === 0,
          where: { city: cities[n % 3] }
        }
      }))
    }
  })
  const queries: ReadonlyArray<object> = [
    { match_all: {} },
    { match_none: {} },
    { term: { name: "n1" } },
    { term: { name: { value: "n1" } } },
    { term: { name: { value: "N1", case_insensitive: true } } },
    { term: { age: 3 } },
    { term: { age: "3" } },
    { term: { ok: true } },
    { term: { bio: "hello" } },
    { term: { bio: "Hello" } },
    { term: { "bio.raw": "Hello world number 2" } },
    { term: { "where.city": "oslo" } },
    { term: { absent: 1 } },
    { term: { _id: "s3" } },
    { terms: { name: ["n0", "n2"] } },
    { terms: { age: [1, 2, 99] } },
    { terms: { name: [] } },
    { match: { bio: "hello 3" } },
    { match: { bio: { query: "hello 3", operator: "and" } } },
    { match: { name: "n1" } },
    { match_phrase: { bio: "world number" } },
    { match_phrase: { bio: "number world" } },
    { match_phrase_prefix: { bio: "world num" } },
    { multi_match: { query: "goodbye", fields: ["bio", "name"] } },
    { range: { age: { gte: 2, lt: 5 } } },
    { range: { age: { gt: 2 } } },
    { range: { age: { lte: 2 } } },
    { range: { at: { gte: "2020-01-03", lt: "2020-01-05" } } },
    { range: { name: { gte: "n1" } } },
    { exists: { field: "bio" } },
    { exists: { field: "absent" } },
    { exists: { field: "where" } },
    { ids: { values: ["s1", "s4", "absent"] } },
    { prefix: { name: "n" } },
    { prefix: { name: { value: "n2" } } },
    { wildcard: { name: "?1" } },
    { wildcard: { "bio.raw": { value: "*number*" } } },
    { bool: { must: [{ term: { name: "n0" } }], must_not: [{ term: { age: 0 } }] } },
    { bool: { should: [{ term: { age: 1 } }, { term: { age: 2 } }] } },
    { bool: { should: [{ term: { age: 1 } }, { term: { name: "n1" } }], minimum_should_match: 2 } },
    { bool: { filter: { range: { age: { gte: 3 } } }, should: [{ term: { age: 5 } }] } },
    { bool: { must: { bool: { filter: [{ term: { ok: true } }] } } } },
    { bool: {} },
    { constant_score: { filter: { term: { age: 1 } } } },
    {},
    { foo: {} },
    { equals: { name: "x" } },
    { term: {} },
    { term: { name: "a", age: 1 } },
    { term: 1 },
    { bool: { must: [], foo: 1 } },
    { match_all: {}, term: { age: 1 } }
  ]
  for (const query of queries) await search({ query })
  for (const query of queries.slice(0, 12)) {
    await document("count", { body: { query } }, `count ${JSON.stringify(query)}`)
  }
  await document("count", { body: {} }, "count all")
  await document("count", {}, "count no body")
  await document("count", { body: { foo: 1 } }, "count wrong")
  await search({}, { size: 2 })
  await search({}, { from: 5, size: 5 })
  await search({}, { size: 0 })
  await search({}, { from: -1 })
  await search({}, { size: -1 })
  await search({}, { size: "2" })
  await search({}, { size: "x" })
  await search({}, { size: 10_001 })
  await search({}, { from: 9_999, size: 2 })
  await search({ sort: ["age"] })
  await search({ sort: [{ age: "desc" }] }, { size: 3 })
  await search({ sort: [{ name: { order: "desc" } }, "age"] })
  await search({ sort: "bio.raw" })
  await search({ sort: { "where.city": "asc" } }, { size: 4 })
  await search({ sort: ["_doc"] })
  await search({ sort: ["_score"] })
  await search({ sort: ["_id"] })
  await search({ sort: [] })
  await search({ sort: ["absent"] })
  await search({ sort: [{ absent: { order: "asc", unmapped_type: "long" } }] })
  await search({ sort: ["bio"] })
  await search({ sort: ["age", "_id"], search_after: [3, "s3"] }, { size: 2 })
  await search({ sort: [{ age: "desc" }], search_after: [3] })
  await search({ _source: ["age"] }, { size: 1 })
  await search({ _source: "where.*" }, { size: 1 })
  await search({ _source: { includes: ["name", "where"], excludes: ["where.city"] } }, { size: 1 })
  await search({ _source: false }, { size: 1 })
  await search({ _source: true }, { size: 1 })
  await search({ foo: 1 })
  await search({ aggs: { names: { terms: { field: "name" } } } }, { size: 0 })
  await search({ query: { equals: { name: "n1" } } }, { lang: "koncorde" })
  await search({}, { lang: "koncorde" })
  await search({}, { lang: "sql" })
  await search({}, { collection: "absent" })
  await search({}, { index: "absent" })
  await search({}, { index: "a,b" })
  await search({}, { collection: "" })
  const targeted = (targets: unknown, more: object = {}) =>
    party.ask(request("document", "search", { targets, body: {}, ...more }), `targets ${JSON.stringify(targets)}`)
  await targeted([{ index: world.name, collections: ["col"] }], { size: 2 })
  await targeted([{ collections: ["col"] }])
  await targeted([{ index: world.name }])
  await targeted([{ index: world.name, collections: [] }])
  await targeted([{ index: world.name, collections: "col" }])
  await targeted([{ index: world.name, collections: [1] }])
  await targeted([{ index: "_all", collections: ["col"] }])
  await targeted([{ index: world.name, collections: ["c*"] }])
  await targeted([{ index: world.name, collections: ["absent"] }])
  await targeted([])
  await search({}, { targets: [{ index: world.name, collections: ["col"] }] })
  await document("search", {}, "search no body")
  await clean()
})

const scrolls = scenario("documents: scroll", async (world) => {
  const { clean, document, party, search } = await prepare(world)
  await document("mCreate", {
    refresh: "wait_for",
    body: { documents: [0, 1, 2, 3, 4, 5, 6].map((n) => ({ _id: `s${n}`, body: { age: n } })) }
  })
  const scroll = (more: object, label?: string) => party.ask(request("document", "scroll", more), label)
  const { result } = await search({ sort: ["age"] }, { scroll: "10s", size: 3 })
  await scroll({ scrollId: result.scrollId, scroll: "10s" })
  await scroll({ scrollId: result.scrollId, scroll: "1h" }, "scroll too long")
  await scroll({ scrollId: result.scrollId }, "last page")
  await scroll({ scrollId: result.scrollId, scroll: "10s" }, "after the last page")
  await scroll({ scrollId: "garbage", scroll: "10s" }, "unknown scroll")
  await scroll({ scroll: "10s" }, "no scroll id")
  await search({}, { scroll: "1h" })
  await search({}, { scroll: "garbage" })
  await search({}, { scroll: 5 })
  await search({}, { scroll: "1s", size: 100 })
  const short = await search({ sort: ["age"] }, { scroll: "200ms", size: 2 })
  await world.sleep(1500)
  await scroll({ scrollId: short.result.scrollId, scroll: "1s" }, "expired scroll")
  await clean()
})

const visibility = scenario("documents: visibility in searches", async (world) => {
  const { clean, col, document, party, search } = await prepare(world)
  await document("create", { _id: "seen", refresh: "wait_for", body: { name: "seen" } })
  await document("create", { _id: "unseen", body: { name: "unseen" } })
  await search({ query: { match_all: {} } })
  await document("get", { _id: "unseen" })
  await party.ask(request("collection", "refresh", col))
  await search({ query: { match_all: {} } })
  await document("delete", { _id: "seen" })
  await search({ query: { match_all: {} } })
  await world.sleep(1200)
  await search({ query: { match_all: {} } })
  await clean()
})

const dynamic = scenario("documents: dynamic mappings", async (world) => {
  const { clean, col, document, party, search } = await prepare(world, { mappings: { dynamic: "true" } })
  await document("create", {
    _id: "d1",
    refresh: "wait_for",
    body: { text: "Some words", n: 1, f: 1.5, b: true, d: "2020-01-01", o: { in: "x" }, l: ["a"], nil: null, e: [] }
  })
  await party.ask(request("collection", "getMapping", col))
  await search({ query: { term: { "text.keyword": "Some words" } } })
  await search({ query: { match: { text: "words" } } })
  await search({ query: { range: { d: { lt: "2021-01-01" } } } })
  await search({ sort: ["text.keyword"] })
  await document("create", { _id: "d2", body: { n: "x" } }, "create wrong type")
  await document("create", { _id: "d3", body: { o: 1 } }, "create scalar for object")
  await clean()
})

// -------------------------------------------------------------------------------------------------------------------
// indexes and collections
// -------------------------------------------------------------------------------------------------------------------

const collections = scenario("indexes and collections", async (world) => {
  const { clean, col, document, index, party, search } = await prepare(world)
  const ask = (controller: string, action: string, more: object, label?: string) =>
    party.ask(request(controller, action, more), label)
  await ask("index", "create", { index }, "create index again")
  await ask("index", "create", { index: "UPPER" })
  await ask("index", "create", { index: "with space" })
  await ask("index", "create", { index: "dot.ted" })
  await ask("index", "create", { index: "_all" })
  await ask("index", "create", { index: "x".repeat(127) })
  await ask("index", "create", {})
  await ask("index", "exists", { index })
  await ask("index", "exists", { index: "absent" })
  await ask("index", "exists", {})
  await ask("index", "delete", { index: "absent" })
  await ask("index", "delete", {})
  await ask("collection", "exists", col)
  await ask("collection", "exists", { index, collection: "absent" })
  await ask("collection", "exists", { index: "absent", collection: "absent" })
  await ask("collection", "exists", { index })
  await ask("collection", "list", { index })
  await ask("collection", "list", { index: "absent" })
  await ask("collection", "list", {})
  await ask("collection", "list", { index, type: "stored" })
  await ask("collection", "list", { index, type: "realtime" })
  await ask("collection", "list", { index, type: "bad" })
  await ask("collection", "create", { index, collection: "bare" })
  await ask("collection", "getMapping", { index, collection: "bare" })
  await ask("collection", "create", { index, collection: "short", body: { properties: { a: { type: "keyword" } } } })
  await ask("collection", "getMapping", { index, collection: "short" })
  await ask("collection", "create", {
    index,
    collection: "short",
    body: { mappings: { properties: { b: { type: "long" } } } }
  }, "create again")
  await ask("collection", "getMapping", { index, collection: "short" })
  await ask("collection", "create", { index, collection: "Bad" })
  await ask("collection", "create", { index, collection: "_kuzzle_keep" })
  await ask("collection", "create", { index, collection: "w", body: { mappings: { foo: 1 } } })
  await ask("collection", "create", {
    index,
    collection: "w",
    body: { mappings: { properties: { a: { type: "nope" } } } }
  })
  await ask("collection", "create", { index, collection: "w", body: { mappings: { dynamic: "maybe" } } })
  await ask("collection", "create", { index, collection: "dyn", body: { mappings: { dynamic: true } } })
  await ask("collection", "create", { collection: "w" })
  await ask("collection", "create", { index: `${index}-made`, collection: "w" })
  await ask("index", "exists", { index: `${index}-made` })
  await ask("index", "delete", { index: `${index}-made` })
  await ask("collection", "list", { index, from: 1, size: 1 })
  await ask("collection", "list", { index, from: 1 })
  await ask("collection", "list", { index, size: 2 })
  await ask("collection", "getMapping", col)
  await ask("collection", "getMapping", { ...col, includeKuzzleMeta: true })
  await ask("collection", "getMapping", { index, collection: "absent" })
  await ask("collection", "update", { ...col, body: { mappings: { properties: { name: { type: "integer" } } } } })
  await ask("collection", "update", { ...col, body: { mappings: { properties: { more: { type: "nope" } } } } })
  await ask("collection", "update", { ...col, body: { mappings: { properties: { more: { type: "long" } } } } })
  await ask("collection", "update", { index, collection: "absent", body: {} })
  await ask("collection", "getMapping", col, "getMapping updated")
  await document("create", { _id: "a", body: { name: "x" }, refresh: "wait_for" })
  await ask("collection", "truncate", col)
  await search({})
  await document("get", { _id: "a" }, "get truncated")
  await ask("collection", "truncate", { index, collection: "absent" })
  await ask("collection", "refresh", col)
  await ask("collection", "refresh", { index, collection: "absent" })
  await ask("collection", "refresh", { index: "absent", collection: "absent" })
  await ask("collection", "delete", col)
  await ask("collection", "delete", col, "delete again")
  await ask("collection", "delete", { index })
  await ask("index", "exists", { index }, "exists still")
  await clean()
  await ask("index", "exists", { index }, "exists no more")
  await ask("index", "delete", { index }, "delete no more")
})

// -------------------------------------------------------------------------------------------------------------------
// realtime
// -------------------------------------------------------------------------------------------------------------------

const open = { mappings: { dynamic: "true" } }

const notifications = scenario("realtime: document notifications", async (world) => {
  const { clean, col, party: writer } = await prepare(world, open)
  const sub = await world.connect("sub")
  const volatile = { writer: "w" }
  const subscribe = (body: object, more: object = {}) =>
    sub.ask(
      request("realtime", "subscribe", { ...col, body, ...more }),
      `subscribe ${JSON.stringify({ body, ...more })}`
    )
  const write = (action: string, more: object, label?: string) =>
    writer.ask(request("document", action, { ...col, volatile, ...more }), label)
  const all = await subscribe({}, { volatile: { subscriber: "me" } })
  await subscribe({})
  await subscribe({}, { scope: "in" })
  await subscribe({}, { scope: "out" })
  await subscribe({}, { scope: "none" })
  const young = await subscribe({ range: { age: { lt: 10 } } })
  await subscribe({ equals: { name: "x" } }, { subscribeToSelf: false })
  await write("create", { _id: "d1", body: { name: "a", age: 5 } })
  await write("update", { _id: "d1", body: { age: 6 } })
  await write("update", { _id: "d1", body: { o: { a: 1, b: { c: 2 } }, l: [{ d: 1 }] } }, "update, inner fields")
  await write("update", { _id: "d1", body: { age: 50 } }, "leaves the range")
  await write("update", { _id: "d1", body: { age: 51 } }, "stays outside")
  await write("update", { _id: "d1", body: { age: 7 } }, "comes back")
  await write("replace", { _id: "d1", body: { name: "b", age: 70 } }, "replaced, leaves")
  await write("replace", { _id: "d1", body: { name: "b", age: 7 } }, "replaced, comes back")
  await write("upsert", { _id: "d1", body: { changes: { age: 8 } } })
  await write("upsert", { _id: "d1", body: { changes: { age: 80 } } }, "upsert, leaves")
  await write("upsert", { _id: "up", body: { changes: { age: 8 }, default: { name: "n" } } }, "upsert creates")
  await write("createOrReplace", { _id: "d2", body: { name: "c", age: 3 } })
  await write("createOrReplace", { _id: "d2", body: { name: "c", age: 30 } }, "createOrReplace, leaves")
  await write("mCreate", { body: { documents: [{ _id: "m1", body: { age: 1 } }, { _id: "m2", body: { age: 20 } }] } })
  await write("mDelete", { body: { ids: ["m1", "m2"] } })
  await write("delete", { _id: "d1" })
  await write("delete", { _id: "d2", silent: true }, "silent delete")
  await write("create", { _id: "quiet", body: { name: "q", age: 1 }, silent: true }, "silent create")
  await write("update", { _id: "quiet", body: { age: 100 } }, "leaves a room that was not notified of it")
  await write("create", { _id: "stamp", timestamp: 1_600_000_000_000, body: { name: "x", age: 100 } }, "own timestamp")
  await sub.ask(request("document", "create", { ...col, _id: "own", body: { name: "own", age: 4 } }), "own write")
  const publish = (more: object, label?: string) =>
    writer.ask(request("realtime", "publish", { ...col, ...more }), label)
  await publish({ body: { name: "msg", age: 1 }, volatile })
  await publish({ _id: "given", body: { any: "thing" } }, "publish with id")
  await publish({ index: "none", collection: "none", body: {} }, "publish nowhere")
  await publish({}, "publish no body")
  await publish({ body: {}, index: undefined }, "publish no index")
  await publish({ body: {}, collection: undefined }, "publish no collection")
  await sub.ask(request("realtime", "count", { body: { roomId: all.result.roomId } }))
  await sub.ask(request("realtime", "count", { body: { roomId: "nope" } }), "count unknown")
  await sub.ask(request("realtime", "count", { body: {} }), "count nothing")
  await sub.ask(request("realtime", "unsubscribe", { body: { roomId: all.result.roomId } }))
  await sub.ask(request("realtime", "unsubscribe", { body: { roomId: all.result.roomId } }), "unsubscribe again")
  await sub.ask(request("realtime", "unsubscribe", { body: { roomId: "nope" } }), "unsubscribe unknown")
  await sub.ask(request("realtime", "unsubscribe", { body: {} }), "unsubscribe nothing")
  await sub.ask(request("realtime", "unsubscribe"), "unsubscribe no body")
  await write("create", { _id: "d9", body: { name: "z", age: 3 } }, "only the filtered room remains")
  await writer.ask(
    request("realtime", "unsubscribe", { body: { roomId: young.result.roomId } }),
    "unsubscribe another's"
  )
  await writer.ask(request("realtime", "count", { body: { roomId: young.result.roomId } }), "the count is unchanged")
  await clean()
})

/**
 * A request that writes one document several times. Each write is compared with the document before the request. If the last
 * write matches no filter, the server remembers that.
 */
const repeated = scenario("realtime: one document twice", async (world) => {
  const { clean, col, document, party } = await prepare(world, open)
  await party.ask(request("realtime", "subscribe", { ...col, body: { range: { age: { lt: 10 } } } }))
  const write = (action: string, ages: ReadonlyArray<number>) =>
    document(
      action,
      {
        body: {
          documents: ages.map((age) => ({
            _id: "d",
            ...(action === "mUpsert" ? { changes: { age } } : { body: { age } })
          }))
        }
      },
      `${action} ${ages.join(", ")}`
    )
  await document("create", { _id: "d", body: { age: 50 } })
  for (const action of ["mReplace", "mUpdate", "mCreateOrReplace", "mUpsert"]) {
    await write(action, [1, 51])
    await write(action, [52])
    await write(action, [53, 2])
    await write(action, [54])
    await write(action, [3])
    await write(action, [55, 4, 56])
    await write(action, [5])
    await write(action, [6, 7])
    await write(action, [57])
  }
  await document("mDelete", { body: { ids: ["d", "d"] } })
  await clean()
})

const subscriptions = scenario("realtime: subscriptions", async (world) => {
  const { clean, col, index, party: a } = await prepare(world, open)
  const subscribe = (more: object, label?: string) =>
    a.ask(request("realtime", "subscribe", { ...col, ...more }), label ?? `subscribe ${JSON.stringify(more)}`)
  await subscribe({ body: { foo: { bar: 1 } } })
  await subscribe({ body: { equals: {} } })
  await subscribe({ body: { equals: { a: 1 }, exists: "b" } })
  await subscribe({ body: { range: { a: { gt: "x" } } } })
  await subscribe({ body: {}, index: undefined }, "no index")
  await subscribe({ body: {}, collection: undefined }, "no collection")
  await subscribe({}, "no body")
  await subscribe({ body: {}, scope: "bad" })
  await subscribe({ body: {}, users: "bad" })
  await subscribe({ body: {}, scope: null })
  for (const users of ["all", "in", "out", "none"]) {
    for (const scope of ["all", "in", "out", "none"]) await subscribe({ body: {}, users, scope })
  }
  await subscribe({ body: {}, propagate: false })
  await subscribe({ body: {}, index: "nowhere", collection: "nothing" }, "nowhere")
  await subscribe({ body: { exists: "name" } })
  await subscribe({ body: { and: [{ equals: { a: 1 } }, { not: { exists: "b" } }] } })
  await subscribe({ body: { or: [{ in: { a: ["x", "y"] } }, { ids: { values: ["z"] } }] } })
  await subscribe({ body: { missing: "a" } })
  await subscribe({ body: { regexp: { a: "^x" } } })
  await a.ask(request("collection", "list", { index }), "list of realtime collections")
  await a.ask(request("collection", "list", { index, type: "realtime" }), "list of realtime collections only")
  const documents: ReadonlyArray<[string, object]> = [
    ["a1", { a: 1 }],
    ["a1b", { a: 1, b: 1 }],
    ["z", {}],
    ["ax", { a: "x" }],
    ["axy", { a: "xyz" }],
    ["name", { name: null }]
  ]
  for (const [_id, body] of documents) {
    await a.ask(request("document", "create", { ...col, _id, body }), `create ${_id}`)
  }
  await clean()
})

const presence = scenario("realtime: presence", async (world) => {
  const { clean, col, party: a } = await prepare(world, open)
  const b = await world.connect("b")
  const c = await world.connect("c")
  const filter = { exists: "name" }
  const subscribe = (party: typeof a, users: string | undefined, who: string, label: string) =>
    party.ask(request("realtime", "subscribe", { ...col, body: filter, users, volatile: { who } }), label)
  const { result } = await subscribe(a, "all", "a", "a: all, first")
  const leave = (party: typeof a, label: string) =>
    party.ask(request("realtime", "unsubscribe", { body: { roomId: result.roomId }, volatile: { bye: 1 } }), label)
  await subscribe(b, "none", "b", "b: none")
  await leave(b, "b leaves")
  await subscribe(b, "in", "b", "b: in")
  await leave(b, "b leaves again")
  await subscribe(b, "in", "b", "b: in, the channel exists")
  await subscribe(b, "out", "other", "b: out as well")
  await subscribe(c, "all", "c", "c: all, the channel exists")
  await subscribe(c, "all", "c", "c: once more")
  await c.leave("gracefully", "c is gone")
  const d = await world.connect("d")
  await subscribe(d, undefined, "d", "d: default")
  await d.leave("abruptly", "d is cut")
  await a.ask(request("realtime", "count", { body: { roomId: result.roomId } }))
  await leave(a, "a leaves")
  await leave(b, "b leaves, the last")
  await a.ask(request("realtime", "count", { body: { roomId: result.roomId } }))
  await clean()
})

const joining = scenario("realtime: joining", async (world) => {
  const { clean, col, document, party: a } = await prepare(world, open)
  const b = await world.connect("b")
  const { result } = await a.ask(
    request("realtime", "subscribe", { ...col, body: { exists: "name" }, users: "all", volatile: { who: "a" } })
  )
  const { roomId } = result
  const join = (more: object, label?: string) =>
    b.ask(
      request("realtime", "join", { body: { roomId }, volatile: { who: "b" }, ...more }),
      label ?? `join ${JSON.stringify(more)}`
    )
  await join({ body: { roomId: "nope" }, scope: "bad" }, "an unknown room")
  await join({ body: {} }, "no room")
  await join({ body: undefined }, "no body")
  await join({ scope: "bad" })
  await join({ users: "bad" })
  await join({})
  await join({ scope: "out" })
  await join({ users: "all" }, "b gets no second notification of its own join")
  await document("create", { _id: "x", body: { name: "x" } }, "seen by both")
  await document("delete", { _id: "x" }, "seen twice by b")
  await b.ask(request("realtime", "count", { body: { roomId } }))
  await b.ask(request("realtime", "unsubscribe", { body: { roomId } }), "b leaves all its channels")
  await join({ users: "all" }, "the channel exists: b is notified of its own join")
  await a.ask(request("realtime", "unsubscribe", { body: { roomId } }), "the subscriber leaves, the room stays")
  await document("create", { _id: "y", body: { name: "y" } }, "seen by b")
  await b.ask(request("realtime", "unsubscribe", { body: { roomId } }), "the last leaves")
  await join({}, "the room is gone")
  await clean()
})

// -------------------------------------------------------------------------------------------------------------------
// users and tokens
// -------------------------------------------------------------------------------------------------------------------

const user = (username: string) => ({
  body: { content: { profileIds: ["default"], nick: "n" }, credentials: { local: { username, password: "pw" } } }
})

const withUser = async (world: World) => {
  const party = await world.connect("a")
  const _id = `${world.name}-user`
  await party.ask(request("security", "createUser", { _id, ...user(_id) }))
  // Tokens with the same lifetime that one user gets within the same second are equal.
  const login = async (more: object = {}, by = party, label?: string) => {
    await world.freshSecond()
    return by.ask(
      request("auth", "login", { strategy: "local", body: { username: _id, password: "pw" }, ...more }),
      label ?? `login ${JSON.stringify(more)}`
    )
  }
  return {
    party,
    _id,
    login,
    ask: (controller: string, action: string, more: object = {}, label?: string) =>
      party.ask(request(controller, action, more), label),
    clean: () => party.ask(request("security", "deleteUser", { _id }), "clean")
  }
}

const users = scenario("users", async (world) => {
  const { _id, ask, clean } = await withUser(world)
  await ask("security", "createUser", { _id, ...user(`${_id}-other`) }, "create again")
  await ask("security", "createUser", { _id: `${_id}2`, ...user(_id) }, "create with a name that is taken")
  await ask("security", "getUser", { _id: `${_id}2` }, "rolled back")
  await ask(
    "security",
    "createUser",
    { _id: `${_id}2`, body: { content: { profileIds: ["absent"] } } },
    "unknown profile"
  )
  await ask("security", "createUser", { _id: `${_id}2`, body: { content: {} } }, "no profile")
  await ask("security", "createUser", { _id: `${_id}2`, body: {} }, "no content")
  await ask("security", "createUser", { _id: `${_id}2` }, "no body")
  await ask(
    "security",
    "createUser",
    { _id: `${_id}2`, body: { content: { profileIds: ["default"] }, credentials: { nope: {} } } },
    "unknown strategy"
  )
  await ask(
    "security",
    "createUser",
    { _id: `${_id}2`, body: { content: { profileIds: ["default"] }, credentials: { local: { username: `${_id}2` } } } },
    "no password"
  )
  await ask("security", "getUser", { _id })
  await ask("security", "getUser", { _id: "-1" }, "get anonymous")
  await ask("security", "getUser", { _id: `${_id}-absent` }, "get absent")
  await ask("security", "getUser", {}, "get without an id")
  await ask("security", "deleteUser", { _id: `${_id}-absent` }, "delete absent")
  await ask("security", "deleteUser", {}, "delete without an id")
  await clean()
  await ask("security", "getUser", { _id }, "get deleted")
})

const logins = scenario("logins", async (world) => {
  const { _id, ask, clean, login } = await withUser(world)
  await ask("auth", "getCurrentUser", {}, "anonymous")
  await ask("auth", "getMyRights", {}, "rights of anonymous")
  await ask("auth", "getStrategies")
  await ask("auth", "credentialsExist", { strategy: "local" }, "anonymous credentials")
  await login({ body: { username: _id, password: "wrong" } }, undefined, "wrong password")
  await login({ body: { username: `${_id}-nobody`, password: "pw" } }, undefined, "wrong name")
  await login({ body: {} }, undefined, "no credentials")
  await login({ body: undefined }, undefined, "no body")
  await login({ body: undefined, username: _id, password: "pw" }, undefined, "credentials as arguments")
  await login({ strategy: "nope" })
  await login({ strategy: undefined }, undefined, "no strategy")
  await login({ expiresIn: "garbage" })
  await login({ expiresIn: 0 })
  await login({ expiresIn: "0" })
  await login({ expiresIn: true })
  const { result } = await login({ expiresIn: "2 hours", volatile: { sdkName: "effect@0.1.0" } })
  const { jwt } = result
  await ask("auth", "getCurrentUser", { jwt })
  await ask("auth", "getMyRights", { jwt })
  await ask("auth", "credentialsExist", { jwt, strategy: "local" })
  await ask("auth", "credentialsExist", { jwt, strategy: "nope" })
  await ask("auth", "credentialsExist", { jwt })
  await ask("server", "now", { jwt })
  await ask("server", "now", { jwt: `${jwt}x` }, "a changed token")
  await ask("index", "create", { index: world.name, jwt })
  await ask("collection", "create", { index: world.name, collection: "c", jwt })
  await ask("document", "create", { index: world.name, collection: "c", _id: "d", body: {}, jwt }, "author")
  await ask("document", "update", { index: world.name, collection: "c", _id: "d", body: {}, jwt }, "updater")
  await ask("index", "delete", { index: world.name })
  await clean()
  await ask("auth", "getCurrentUser", { jwt }, "the user is gone")
})

const tokens = scenario("tokens", async (world) => {
  const { ask, clean, login } = await withUser(world)
  await ask("auth", "checkToken", { body: {} }, "check nothing")
  await ask("auth", "checkToken", {}, "check no body")
  await ask("auth", "checkToken", { body: { token: "garbage" } }, "check garbage")
  await ask("auth", "checkToken", { body: { token: 42 } }, "check a number")
  await ask("auth", "checkToken", { body: { token: "" } }, "check empty")
  const first = (await login({ expiresIn: "1h" })).result.jwt
  await ask("auth", "checkToken", { body: { token: first } })
  await ask("auth", "checkToken", { body: {}, jwt: first }, "check by jwt")
  await ask("auth", "refreshToken", {}, "refresh anonymous")
  await world.freshSecond()
  const second = (await ask("auth", "refreshToken", { jwt: first })).result.jwt
  await ask("auth", "getCurrentUser", { jwt: first }, "the old one, within its grace")
  await ask("auth", "refreshToken", { jwt: first }, "refresh the old one again")
  await world.sleep(1200)
  await ask("auth", "getCurrentUser", { jwt: first }, "the old one, after its grace")
  await ask("auth", "refreshToken", { jwt: second, expiresIn: "2h" }, "refresh with a lifetime")
  await ask("auth", "refreshToken", { jwt: second, expiresIn: "garbage" }, "refresh with garbage")
  const third = (await login({ expiresIn: "1h" })).result.jwt
  await ask("auth", "refreshToken", { jwt: third }, "refreshed within the second of its login")
  await world.sleep(1200)
  await ask("auth", "getCurrentUser", { jwt: third }, "it is dead")
  await ask("auth", "logout", {}, "logout anonymous")
  const fourth = (await login({ expiresIn: "1h" })).result.jwt
  await ask("auth", "logout", { jwt: fourth })
  await ask("auth", "getCurrentUser", { jwt: fourth }, "logged out")
  await ask("auth", "logout", { jwt: fourth }, "logout again")
  const fifth = (await login({ expiresIn: "1h" })).result.jwt
  const sixth = (await login({ expiresIn: "1h" })).result.jwt
  await ask("auth", "logout", { jwt: sixth, global: true }, "logout everywhere")
  await ask("auth", "getCurrentUser", { jwt: fifth }, "logged out everywhere")
  const infinite = (await login({ expiresIn: -1 })).result.jwt
  await ask("auth", "refreshToken", { jwt: infinite }, "refresh an infinite token")
  await ask("auth", "checkToken", { body: { token: infinite } }, "check an infinite token")
  await login({ expiresIn: "1h" }, undefined, "login over an infinite token")
  await ask("auth", "logout", { jwt: infinite }, "logout an infinite token")
  await clean()
})

const expiry = scenario("tokens: expiry and subscriptions", async (world) => {
  const { _id, ask, clean, login, party: a } = await withUser(world)
  const b = await world.connect("b")
  const writer = await world.connect("writer")
  const col = { index: world.name, collection: "col" }
  await ask("collection", "create", col)
  const write = (id: string, label: string) =>
    writer.ask(request("document", "create", { ...col, _id: id, body: {} }), label)
  const subscribe = (party: typeof a, jwt: string | undefined, label: string, more: object = {}) =>
    party.ask(
      request("realtime", "subscribe", { ...col, body: {}, ...more, ...(jwt === undefined ? {} : { jwt }) }),
      label
    )

  const short = (await login({ expiresIn: "2s" })).result.jwt
  await subscribe(a, short, "a subscribes", { users: "all", volatile: { who: "a" } })
  await subscribe(b, undefined, "b subscribes, anonymous", { users: "all", volatile: { who: "b" } })
  await write("w1", "both are notified")
  await world.sleep(2400)
  await world.listen("the token expires")
  await write("w2", "only the anonymous one is notified")
  await ask("server", "now", { jwt: short }, "expired")

  const long = (await login({ expiresIn: "3s" })).result.jwt
  await subscribe(a, long, "a subscribes again")
  await world.freshSecond()
  await ask("auth", "refreshToken", { jwt: long, expiresIn: "4s" }, "refreshed")
  await world.sleep(2500)
  await world.listen("past the old expiry")
  await write("w3", "the subscription lives on")
  await world.sleep(2500)
  await world.listen("past the new expiry")
  await write("w4", "the subscription is gone")

  const shared = (await login({ expiresIn: "1h" })).result.jwt
  await subscribe(a, shared, "a subscribes with the token")
  const c = await world.connect("c")
  await subscribe(c, shared, "c subscribes with the same")
  await ask("auth", "logout", { jwt: shared }, "a logs out")
  await write("w5", "a is notified, c is not")

  const d = await world.connect("d")
  const doomed = (await login({ expiresIn: "1h" }, d, "d logs in")).result.jwt
  await subscribe(d, doomed, "d subscribes")
  await ask("security", "deleteUser", { _id }, "the user is deleted")
  await write("w6", "d is not notified")
  await ask("index", "delete", { index: world.name })
  await clean()
})

const shorter = scenario("tokens: replaced by one that expires first", async (world) => {
  const { clean, login } = await withUser(world)
  await login({ expiresIn: "1h" })
  await login({ expiresIn: "1s" })
  await world.sleep(1500)
  await world.listen("no notification")
  await clean()
}, "the real server may remove the token of another user, because it finds the token by its index in a list of all")

// -------------------------------------------------------------------------------------------------------------------
// HTTP and cookies
// -------------------------------------------------------------------------------------------------------------------

const json = (body: object): string => JSON.stringify(body)

const http = scenario("HTTP", async (world) => {
  const { name } = world
  const call = (method: string, path: string, body?: string, headers?: Record<string, string>, label?: string) =>
    world.http({
      method,
      path,
      ...(body === undefined ? {} : { body }),
      ...(headers === undefined ? {} : { headers })
    }, label)
  await call("POST", `/${name}/_create`)
  await call("PUT", `/${name}/col`, json({ mappings: { dynamic: "true" } }))
  await call("GET", `/${name}/_exists`)
  await call("GET", `/${name}/col/_exists`)
  await call("GET", `/${name}/_list`)
  await call("GET", `/${name}/col/_mapping`)
  await call("POST", `/${name}/col/_create?refresh=wait_for`, json({ a: 1 }))
  await call("POST", `/${name}/col/d1/_create`, json({ a: 1 }))
  await call("POST", `/${name}/col/d%2F2/_create`, json({ a: 2 }))
  await call("GET", `/${name}/col/d1`)
  await call("GET", `/${name}/col/d%2F2`)
  await call("GET", `/${name}/col/d1/`)
  await call("GET", `/${name}//col/d1`)
  await call("GET", `/${name}/col/d1?pretty`)
  await call("GET", `/${name}/col/absent`)
  await call("GET", `/absent/col/x`, undefined, { origin: "http://x" })
  await call("HEAD", `/${name}/col/d1`)
  await call("HEAD", "/")
  await call("GET", `/${name}/col/d1/_exists`)
  await call("PUT", `/${name}/col/d1/_update`, json({ b: 2 }))
  await call("PATCH", `/${name}/col/d1/_update?source=false`, json({ b: 3 }))
  await call("PUT", `/${name}/col/d1/_replace`, json({ c: 3 }))
  await call("PUT", `/${name}/col/d3`, json({ c: 3 }))
  await call("POST", `/${name}/col/d4/_upsert`, json({ changes: { a: 1 } }))
  await call("POST", `/${name}/col/_mCreate`, json({ documents: [{ _id: "m1", body: { a: 1 } }] }))
  await call("POST", `/${name}/col/_mGet`, json({ ids: ["m1", "absent"] }))
  await call("GET", `/${name}/col/_mGet?ids=m1&ids=d1`)
  await call("GET", `/${name}/col/_mGet?ids=m1,d1`)
  await call("GET", `/${name}/col/_mGet?ids=${encodeURIComponent("[\"m1\"]")}`)
  await call("GET", `/${name}/col/_mGet?ids=m1&ids=absent&strict=false`)
  await call("POST", `/${name}/col/_refresh`)
  await call("POST", `/${name}/col/_search?size=1&sort=x`, json({ query: { term: { a: 2 } } }))
  await call("GET", `/${name}/col/_search?searchBody=${encodeURIComponent(json({ query: { term: { a: 2 } } }))}`)
  await call("GET", `/${name}/col/_search?searchBody=garbage`)
  await call("GET", `/${name}/col/_search?size=0`)
  await call("POST", `/${name}/col/_count`, json({}))
  await call("POST", `/${name}/col/_publish`, json({ a: 1 }))
  await call("DELETE", `/${name}/col/_mDelete`, json({ ids: ["m1"] }))
  await call("DELETE", `/${name}/col/d3`)
  await call("DELETE", `/${name}/col/_truncate`)
  await call("DELETE", `/${name}/col`)
  await call("DELETE", `/${name}`)
  await call("GET", "/_now")
  await call("POST", "/_now")
  await call("GET", "/_now", undefined, { origin: "http://x" }, "with origin")
  await call("GET", "/_now", undefined, { "x-kuzzle-request-id": "mine" }, "with request id")
  await call("GET", "/_now", undefined, { "x-kuzzle-volatile": json({ v: 1 }) }, "with volatile")
  await call("GET", "/_now", undefined, { "x-kuzzle-volatile": "not json" }, "with bad volatile")
  await call("GET", "/_now?volatile=x", undefined, undefined, "with volatile in the query")
  await call("GET", "/_me")
  await call("GET", "/_me", undefined, { authorization: "Bearer garbage" }, "bad bearer")
  await call("GET", "/_me", undefined, { authorization: "garbage" }, "no bearer")
  await call("GET", "/_me/_rights")
  await call("GET", "/strategies")
  await call("GET", "/no/such/route/at/all/here")
  await call("GET", "/_query")
  await call("OPTIONS", "/_query")
  await call("OPTIONS", "/anything", undefined, { origin: "http://x", "access-control-request-method": "POST" })
  const query = (body: string | undefined, headers?: Record<string, string>, label?: string) =>
    call("POST", "/_query", body, headers, label ?? `_query ${body} ${JSON.stringify(headers ?? {})}`)
  await query(json(request("server", "now", { requestId: "q" })))
  await query(json(request("server", "now", { volatile: { v: 1 } })), { "x-kuzzle-request-id": "mine" })
  await query(json(request("server", "now")), { origin: "http://x" })
  await query(json(request("server", "now")), { authorization: "Bearer garbage" })
  await query(json(request("nope", "now")))
  await query(json(request("server", "nope")))
  await query(json({ action: "now" }))
  await query(json(request("server", "now", { body: 42 })))
  await query(json({ controller: 42 }))
  await query("[]")
  await query("42")
  await query("null")
  await query("{}")
  await query("{bad")
  await query("{bad", { origin: "http://x" })
  await query(undefined, { "content-length": "0" })
  await query("x", { "content-type": "text/plain" })
  await query("{}", { "content-type": "application/json; charset=latin1" })
  await query(json(request("server", "now")), { "content-type": "application/json; charset=UTF-8" })
  await query("controller=server&action=now", { "content-type": "application/x-www-form-urlencoded" })
  await query(json(request("server", "now")), { "content-type": "" }, "no content type")
  await query(json(request("document", "get", { index: "absent", collection: "c", _id: "x" })))
  await query(json(request("realtime", "subscribe", { index: "i", collection: "c", body: {} })))
  await query(json(request("realtime", "unsubscribe", { body: { roomId: "x" } })))
  await query(json(request("document", "create", { index: "absent", collection: "c", body: {}, silent: false })))
})

const cookies = scenario("cookies", async (world) => {
  const { _id, clean } = await withUser(world)
  const credentials = json({ username: _id, password: "pw" })
  const origin = { origin: "http://app.local:8080" }
  const call = (
    method: string,
    path: string,
    more: { body?: string; cookie?: string; headers?: object } = {},
    label?: string
  ) =>
    world.http({
      method,
      path,
      ...(more.body === undefined ? {} : { body: more.body }),
      headers: { ...origin, ...(more.cookie === undefined ? {} : { cookie: more.cookie }), ...more.headers }
    }, label ?? `${method} ${path} ${more.cookie === undefined ? "" : "with cookie"}`)
  // Each login has a second of its own, because two logins within the same second return the same token.
  await world.freshSecond()
  await call("POST", "/_login/local", { body: credentials })
  await world.freshSecond()
  await call("POST", "/_login/local?cookieAuth=false", { body: credentials })
  await call("POST", "/_login/local?cookieAuth=true", { body: json({ username: _id, password: "no" }) }, "failed login")
  await world.freshSecond()
  await call("GET", `/_login/local?username=${_id}&password=pw`, {}, "login by GET")
  await world.freshSecond()
  await world.http({
    method: "POST",
    path: "/_query",
    headers: origin,
    body: json(request("auth", "login", { strategy: "local", cookieAuth: true, body: JSON.parse(credentials) }))
  }, "login by _query")
  await world.freshSecond()
  const { cookie } = await call("POST", "/_login/local?cookieAuth=true&expiresIn=1h", { body: credentials })
  await call("GET", "/_me", { cookie })
  await call("GET", "/_me", { cookie: `a=b; ${cookie}; c=d` }, "several cookies")
  await call("GET", "/_me", { cookie, headers: { authorization: "Bearer garbage" } }, "cookie and token")
  await call("POST", "/_checkToken", { cookie, body: "{}" })
  await call("POST", "/_checkToken?cookieAuth=true", { cookie, body: "{}" })
  await call("POST", "/_checkToken?cookieAuth=true", { body: "{}" })
  await call("GET", "/_me", { cookie: "authToken=garbage" }, "garbage cookie")
  await call("GET", "/_me", { cookie: "authToken=" }, "empty cookie")
  await call("GET", "/_me", { cookie: "authToken=null" }, "null cookie")

  const ws = await world.connect("ws", { cookie })
  await ws.ask(request("auth", "getCurrentUser"), "ws: user of the cookie")
  await ws.ask(request("auth", "checkToken", { cookieAuth: true, body: {} }), "ws: check the cookie")
  await ws.ask(request("auth", "checkToken", { body: {} }), "ws: check nothing")
  await ws.ask(request("auth", "getCurrentUser", { jwt: "garbage" }), "ws: cookie and jwt")
  await ws.ask(request("auth", "getCurrentUser", { jwt: null }), "ws: cookie and no jwt")
  await ws.ask(
    request("auth", "login", { strategy: "local", cookieAuth: true, body: JSON.parse(credentials) }),
    "ws: login with cookieAuth"
  )
  await ws.ask(request("auth", "logout", { cookieAuth: true }), "ws: logout with cookieAuth")
  await ws.ask(request("auth", "getCurrentUser"), "ws: still logged in")
  await world.freshSecond()
  const refreshed = await call("POST", "/_refreshToken?cookieAuth=true", { cookie })
  await ws.ask(request("auth", "getCurrentUser"), "ws: the old cookie, within its grace")
  await world.sleep(1200)
  await ws.ask(request("auth", "getCurrentUser"), "ws: the old cookie, after its grace")
  await ws.raw("{\"p\":1,\"x\":1}", "ws: a request with a dead cookie")
  await call("POST", "/_logout?cookieAuth=true", { cookie: refreshed.cookie }, "logout with cookieAuth")
  await call("GET", "/_me", { cookie: refreshed.cookie }, "not revoked")
  await call("POST", "/_logout", { cookie: refreshed.cookie }, "logout")
  await call("GET", "/_me", { cookie: refreshed.cookie }, "revoked")
  const bad = await world.connect("bad", { cookie: "authToken=garbage" })
  await bad.ask(request("server", "now"), "ws: garbage cookie")
  const none = await world.connect("none", { cookie: "authToken=null; other=1" })
  await none.ask(request("auth", "getCurrentUser"), "ws: null cookie")
  await clean()
})

export const scenarios: ReadonlyArray<Scenario> = [
  malformed,
  envelope,
  info,
  tooBig,
  writes,
  many,
  searches,
  scrolls,
  visibility,
  dynamic,
  collections,
  ...memoryStorage,
  ...storage,
  ...searching,
  ...querying,
  ...aggregating,
  notifications,
  repeated,
  subscriptions,
  presence,
  joining,
  users,
  logins,
  tokens,
  expiry,
  shorter,
  ...security,
  ...administration,
  ...limits,
  ...order,
  ...inputs,
  http,
  ...generatedHttp,
  exports,
  cookies
]
