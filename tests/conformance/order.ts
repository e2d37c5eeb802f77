/**
 * Requests that the fuzzer (`pnpm fuzz`) found: which of two mistakes the server reports, and values that it refuses although
 * they seem to be ignored.
 */
import { prepare, request } from "./prepare.ts"
import { type Scenario, scenario, type World } from "./recorder.ts"

interface Case {
  readonly [argument: string]: unknown
}

/** A collection with one document, and a function that sends a request about it. The request is the label of its step. */
const begin = async (world: World) => {
  const { clean, col, party } = await prepare(world, { mappings: { properties: { name: { type: "keyword" } } } })
  await party.ask(request("document", "create", { ...col, _id: "d", body: { name: "a" }, refresh: "wait_for" }))
  const ask = (controller: string, action: string, more: Case = {}) =>
    party.ask(request(controller, action, { ...col, ...more }), `${controller}:${action} ${JSON.stringify(more)}`)
  return { ask, clean }
}

const refreshes = scenario("order: refresh and routing", async (world) => {
  const { ask, clean } = await begin(world)
  const document = (action: string, more: Case) => ask("document", action, more)
  const many = { documents: [{ _id: "d", body: { name: "b" } }] }
  for (const refresh of ["x", "true", ""]) {
    await document("createOrReplace", { _id: "e", refresh, body: {} })
    await document("replace", { _id: "absent", refresh, body: {} })
    await document("update", { _id: "absent", refresh, body: {} })
    await document("update", { _id: "d", refresh, body: { name: [{}] } })
    await document("upsert", { _id: "absent", refresh, body: { changes: {} } })
    await document("delete", { _id: "absent", refresh })
    await document("delete", { _id: "d", refresh })
    await document("deleteFields", { _id: "absent", refresh, body: { fields: ["name"] } })
    await document("deleteFields", { _id: "d", refresh, body: { fields: ["name"] } })
    await document("mCreate", { refresh, body: many })
    await document("mCreate", { refresh, body: { documents: [] } })
    await document("mCreateOrReplace", { refresh, body: many })
    await document("mReplace", { refresh, body: { documents: [{ _id: "absent", body: {} }] } })
    await document("mUpdate", { refresh, body: many })
    await document("mUpsert", { refresh, body: { documents: [{ _id: "d", changes: {} }] } })
    await document("mDelete", { refresh, body: { ids: ["absent"] } })
    await document("mDelete", { refresh, body: { ids: [] } })
    await document("deleteByQuery", { refresh, body: { query: { match_none: {} } } })
    await document("deleteByQuery", { refresh, body: { query: { unknown: {} } } })
    await document("updateByQuery", { refresh, body: { query: { match_none: {} }, changes: { name: "x" } } })
    await document("updateByQuery", { refresh, body: { query: { unknown: {} }, changes: { name: "x" } } })
  }
  for (const action of ["create", "createOrReplace", "replace", "update"]) {
    await document(action, { _id: "d", refresh: "wait_for", body: { _routing: "a" } })
    await document(action, { _id: "absent", refresh: "wait_for", body: { _routing: "a", _id: "x" } })
  }
  for (const name of ["_field_names", "_id", "_ignored", "_index", "_source", "_type"]) {
    await document("createOrReplace", { _id: "m", body: { [name]: "x" } })
  }
  await clean()
})

const ids = scenario("order: ids of many", async (world) => {
  const { ask, clean } = await begin(world)
  for (const action of ["mGet", "mExists", "mDelete"]) {
    for (
      const more of [
        { body: { other: 1 } },
        { body: { other: 1 }, ids: ["d"] },
        { body: { other: 1 }, ids: "d,e" },
        { body: { ids: [] } },
        { body: { ids: {} } },
        { ids: 42 },
        { ids: {}, body: {} },
        { ids: ["d"], body: {} },
        { ids: [], collection: "" },
        { ids: "d", collection: null, strict: 1 },
        { ids: 42, strict: 1 },
        { body: { ids: "x" }, strict: 1 },
        { body: { ids: ["d"] }, strict: 1, index: "" },
        { body: { ids: ["d"] }, strict: 1 },
        { body: { ids: ["d"] }, strict: true, collection: { a: 1 } }
      ]
    ) {
      await ask("document", action, more)
    }
  }
  await clean()
})

const searches = scenario("order: searches", async (world) => {
  const { ask, clean } = await begin(world)
  for (const key of ["sort", "from", "size", "aggs", "_source", "search_after"]) {
    await ask("document", "search", { body: { [key]: null } })
    await ask("document", "search", { body: { [key]: null, query: { unknown: {} } } })
  }
  for (
    const more of [
      { body: [] },
      { scroll: "1m", size: 0, body: {} },
      { scroll: "1m", from: 1, body: {} },
      { scroll: "1m", from: 1, size: 0, body: {} },
      { scroll: "1m", from: 1, body: { query: { unknown: {} } } },
      { scroll: "1m", from: 1, body: { query: { match: { name: { a: 1 } } } } },
      { scroll: "1m", from: 1, body: { sort: ["absent"] } },
      { lang: "x", index: undefined, collection: undefined, body: {} },
      { lang: "x", size: "y" },
      { lang: "koncorde", collection: "a,b", body: { query: { unknown: {} } } },
      { lang: "koncorde", size: 20_000, body: { query: { unknown: {} } } },
      { lang: "koncorde", collection: "absent", body: { query: { unknown: {} } } },
      { collection: { a: 1 } },
      { scroll: 1, body: { query: 1 } }
    ]
  ) {
    await ask("document", "search", more)
  }
  for (
    const more of [
      { body: [] },
      { body: { sort: ["name"] } },
      { body: { sort: ["name"], query: { unknown: {} } } },
      { body: { query: { unknown: {} }, sort: ["name"] } },
      { body: { from: 1, other: 1 } },
      { from: "x", size: "y" },
      { size: "x", index: "" },
      { scroll: 1, index: "" },
      { body: { query: 1 }, index: "" },
      { lang: "x", collection: "" },
      { lang: "x", collection: "absent" },
      { lang: "koncorde", body: {} },
      { lang: "koncorde", collection: "absent", body: { query: { unknown: {} } } }
    ]
  ) {
    await ask("document", "count", more)
  }
  for (const action of ["deleteByQuery", "updateByQuery"]) {
    for (
      const more of [
        { lang: "x", collection: "absent" },
        { lang: "x", collection: "" },
        { lang: "koncorde", collection: "absent", body: { query: { unknown: {} }, changes: {} } }
      ]
    ) {
      await ask("document", action, { body: { query: {}, changes: {} }, ...more })
    }
  }
  await clean()
})

const collections = scenario("order: collections and rooms", async (world) => {
  const { ask, clean } = await begin(world)
  const settings = { number_of_shards: 1 }
  const conflict = { properties: { name: { type: "integer" } } }
  for (const mappings of [undefined, conflict, { unknown: 1 }, 1, { _meta: { a: 1 } }]) {
    await ask("collection", "update", { body: { settings, mappings } })
  }
  await ask("collection", "create", { body: { settings, mappings: { _meta: { a: 1 } } } })
  await ask("collection", "create", { body: { settings, mappings: conflict } })
  await ask("collection", "updateMapping", { body: { properties: true } })
  await ask("collection", "updateMapping", { body: { properties: [] } })
  await ask("collection", "getMapping", { includeKuzzleMeta: 1, collection: "absent" })
  await ask("collection", "getMapping", { includeKuzzleMeta: 1, collection: "" })
  await ask("collection", "getSpecifications", { collection: { a: 1 } })
  await ask("realtime", "subscribe", { index: "" })
  await ask("realtime", "subscribe", { collection: "" })
  await ask("realtime", "subscribe", { collection: "none", scope: "none", users: "y", body: {} })
  await ask("collection", "create", { collection: "strict", body: { mappings: { dynamic: "strict" } } })
  for (const other of [[], null, [null], {}]) await ask("document", "create", { collection: "strict", body: { other } })
  await ask("realtime", "subscribe", { collection: "wrong", scope: "x", users: "y", body: {} })
  for (const action of ["validate", "publish"]) {
    for (const [index, collection] of [[null, "x"], ["", ""], ["none", null], ["none", "none"]]) {
      await ask("realtime", action, { index, collection })
      await ask("document", action, { index, collection })
    }
  }
  await ask("collection", "list", { type: "realtime" })
  await ask("document", "create", { _id: "d", body: { name: {} } })
  await ask("bulk", "import", { body: { bulkData: [{ create: { _id: "d" } }, { name: {} }] } })
  await ask("document", "create", { _id: "o", body: { list: { a: 1 } } })
  await ask("document", "create", { _id: "p", body: { list: [1] } })
  for (const collection of [42, true, {}, ["users"]]) await ask("security", "refresh", { collection })
  await clean()
})

/** Kuzzle calls a method of these values, so the error is a `TypeError` of JavaScript. */
const nulls = scenario("order: null with a method", async (world) => {
  const { ask, clean } = await begin(world)
  for (const wrong of [null, 1, true, {}, []]) {
    await ask("ms", "sort", { _id: `${world.name}-absent`, body: { direction: wrong } })
    await ask("ms", "zrange", { _id: `${world.name}-absent`, start: 0, stop: 1, options: wrong })
    await ask("document", "search", {
      index: undefined,
      collection: undefined,
      targets: [{ index: world.name, collections: [wrong] }],
      body: {}
    })
    await ask("document", "mGet", { body: { ids: wrong } })
    await ask("security", "createProfile", { _id: `${world.name}-absent`, body: { policies: [wrong] } })
  }
  await clean()
})

export const order: ReadonlyArray<Scenario> = [refreshes, ids, searches, collections, nulls]
