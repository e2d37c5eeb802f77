/**
 * Finds of the fuzzer (`pnpm fuzz`): values of other types than an action takes, and what is left behind by a request that
 * fails half way.
 */
import { prepare, request } from "./prepare.ts"
import { type Scenario, scenario, type World } from "./recorder.ts"

interface Case {
  readonly [argument: string]: unknown
}

/** A collection whose mapping grows, with one document. Each request is named by what it asks. */
const begin = async (world: World) => {
  const { clean, col, party } = await prepare(world, {
    mappings: { dynamic: "true", properties: { name: { type: "keyword" }, age: { type: "integer" } } }
  })
  const label = (controller: string, action: string, { scrollId, ...more }: Case) =>
    `${controller}:${action} ${JSON.stringify(scrollId === undefined ? more : { ...more, scrollId: "<scroll>" })}`
  const ask = (controller: string, action: string, more: Case = {}) =>
    party.ask(request(controller, action, more), label(controller, action, more))
  const of = (controller: string, action: string, more: Case = {}) =>
    party.ask(request(controller, action, { ...col, ...more }), label(controller, action, more))
  await of("document", "create", { _id: "d", body: { name: "a", age: 1 }, refresh: "wait_for" })
  return { ask, clean, of, party }
}

const lists = scenario("inputs: bodies that are lists", async (world) => {
  const { ask, clean, of } = await begin(world)
  await of("realtime", "subscribe", { body: {} })
  for (const body of [[], ["x"], [{ c: [] }]]) {
    for (const action of ["loadSecurities", "loadMappings", "loadFixtures"]) await ask("admin", action, { body })
    await ask("admin", "loadMappings", { body, refresh: "false" })
    await ask("collection", "searchSpecifications", { body })
    await of("collection", "validateSpecifications", { body })
    await of("collection", "updateSpecifications", { body })
    await of("bulk", "write", { _id: "w", body })
    await of("document", "createOrReplace", { _id: "l", body })
  }
  for (const action of ["searchRoles", "searchProfiles", "searchUsers"]) await ask("security", action, { body: [] })
  await of("document", "replace", { _id: "d", body: [] })
  await of("realtime", "publish", { body: [] })
  await of("bulk", "mWrite", { body: { documents: ["x", 1, [], true, {}] } })
  await of("document", "mCreate", { body: { documents: ["x", 1, [], true, {}] } })
  await clean()
})

const setups = scenario("inputs: mappings and settings", async (world) => {
  const { clean, of } = await begin(world)
  const replicas = { number_of_replicas: 2 }
  for (
    const mappings of [
      { properties: { name: { type: "integer" } } },
      { properties: { more: { type: "nothing" } } },
      { dynamic: "maybe" },
      { dynamic: 42 },
      { unknown: 1 },
      "x",
      ["x"],
      [],
      42,
      true,
      null
    ]
  ) {
    await of("collection", "update", { body: { mappings } })
    await of("collection", "update", { body: { mappings, settings: replicas } })
    await of("collection", "update", { body: { mappings, settings: { number_of_shards: 3 } } })
    await of("collection", "create", { body: { mappings, settings: replicas } })
  }
  for (const _meta of ["x", "", 0, false, null, {}, { a: { b: 1 } }]) {
    await of("collection", "update", { body: { mappings: { _meta } } })
    await of("collection", "updateMapping", { body: { _meta } })
    await of("collection", "create", { collection: "new", body: { mappings: { _meta } } })
    await of("collection", "delete", { collection: "new" })
  }
  for (const settings of [true, 42, null, [], {}]) {
    await of("collection", "update", { body: { settings } })
    await of("collection", "create", { body: { settings } })
  }
  await of("collection", "getMapping")
  await clean()
})

const versions = scenario("inputs: versions of what was deleted", async (world) => {
  const { clean, of } = await begin(world)
  // A document that is not there is looked for first, and nothing is deleted.
  await of("document", "delete", { _id: "absent" })
  await of("document", "create", { _id: "absent", body: {} })
  await of("document", "mDelete", { body: { ids: ["missing"] } })
  await of("document", "create", { _id: "missing", body: {} })
  await of("bulk", "import", { body: { bulkData: [{ delete: { _id: "gone" } }] } })
  await of("document", "create", { _id: "gone", body: {} })
  await of("document", "delete", { _id: "d" })
  await of("document", "create", { _id: "d", body: {} })
  // The index is closed and opened again for it, whatever comes of it.
  for (const settings of [{ number_of_replicas: 0 }, { number_of_shards: 3 }]) {
    await of("document", "delete", { _id: "d" })
    await of("document", "create", { _id: "seen", body: {} })
    await of("collection", "update", { body: { settings } })
    await of("document", "search", { body: { sort: ["_id"] } })
    await of("document", "create", { _id: "d", body: {} })
    await of("document", "delete", { _id: "seen" })
  }
  await clean()
})

const fields = scenario("inputs: fields of what is not written", async (world) => {
  const { clean, of } = await begin(world)
  await of("document", "create", { _id: "d", body: { one: 1, two: "x" } })
  await of("document", "create", { _id: "e", body: { three: 1, age: {} } })
  await of("document", "mCreate", { body: { documents: [{ _id: "d", body: { four: 1 } }] } })
  await of("bulk", "import", {
    body: { bulkData: [{ create: { _id: "d" } }, { five: 1 }, { create: { _id: "f" } }, { six: 1, age: {} }] }
  })
  await of("document", "update", { _id: "d", body: { seven: 1, age: {} } })
  await of("collection", "getMapping")
  const changes = { k1: 1, k2: 2, other: 3, more: 4, unknown: 5, age: {}, zz: 1, aa: { b: 1 }, Aa: 1, BB: 1 }
  await of("collection", "updateMapping", { body: { dynamic: "strict" } })
  for (const names of [["k1", "k2"], ["other", "age"], ["zz", "aa"], ["Aa", "BB"], Object.keys(changes)]) {
    const body = Object.fromEntries(Object.entries(changes).filter(([name]) => names.includes(name)))
    await of("document", "create", { _id: "n", body })
    await of("document", "update", { _id: "d", body })
    await of("document", "upsert", { _id: "d", body: { changes: body } })
    await of("document", "upsert", { _id: "absent", body: { changes: body } })
    await of("document", "mUpdate", { body: { documents: [{ _id: "d", body }] } })
    await of("bulk", "import", { body: { bulkData: [{ update: { _id: "d" } }, { doc: body }] } })
  }
  await clean()
})

const names = scenario("inputs: names that are no texts", async (world) => {
  const { ask, clean, of } = await begin(world)
  const index = world.name
  const subscribe = (more: Case) => ask("realtime", "subscribe", { index, collection: "free", body: {}, ...more })
  const publish = (more: Case) => ask("realtime", "publish", { index, collection: "free", body: {}, ...more })
  await subscribe({ index: [index], scope: "x" })
  await subscribe({ index: [index] })
  await publish({})
  await publish({ index: [index] })
  await subscribe({ index: [index] })
  await subscribe({})
  await publish({})
  await subscribe({ collection: ["free"] })
  for (const collection of [["other"], { a: 1 }, true, 42]) await subscribe({ collection })
  await publish({ collection: "other" })
  for (const wrong of [[], {}, { a: 1 }, true, 42]) await subscribe({ index: wrong, collection: `of ${index}` })
  await world.http({
    method: "POST",
    path: "/_query",
    body: JSON.stringify(request("realtime", "subscribe", { index: [index], collection: "http", body: {} }))
  })
  for (const retryOnConflict of [["x"], ["x", "y"], [], {}, { a: 1 }, true, -1, 1.5, "1", "x", 0, ""]) {
    await of("document", "update", { _id: "d", retryOnConflict, body: { age: 2 } })
    await of("document", "update", { _id: "absent", retryOnConflict, body: { age: 2 } })
    await of("document", "upsert", { _id: "u", retryOnConflict, body: { changes: { age: 2 } } })
    await of("document", "mUpdate", { retryOnConflict, body: { documents: [{ _id: "d", body: { age: 2 } }] } })
  }
  await clean()
})

const clauses = scenario("inputs: clauses that are no objects", async (world) => {
  const { ask, clean, of } = await begin(world)
  const search = (query: unknown) => of("document", "search", { body: { query } })
  for (const body of [true, null, [], "x"]) {
    for (const clause of ["match", "term", "ids", "bool", "unknown"]) {
      await search({ [clause]: body })
      await search({ bool: { must: { [clause]: body } } })
      await search({ constant_score: { filter: { [clause]: body } } })
      await search({ bool: { filter: [{ constant_score: { filter: { [clause]: body } } }] } })
    }
    await ask("security", "searchApiKeys", { userId: "nobody", body: { match: body } })
  }
  for (const refresh of ["wait_for", "false"]) {
    await of("bulk", "updateByQuery", { refresh, body: { query: { unknown: {} }, changes: {} } })
  }
  await of("document", "mExists", { body: { ids: [] } })
  await clean()
})

const credentials = scenario("inputs: users and credentials", async (world) => {
  const { ask, clean } = await begin(world)
  const named = (name: string) => `${world.name}-${name}`
  const local = { strategy: "local" }
  const user = { content: { profileIds: ["default"] } }
  const _id = named("u")
  await ask("security", "createUser", {
    _id,
    body: { ...user, credentials: { local: { username: _id, password: "x" } } }
  })
  for (
    const body of [
      { username: [] },
      { username: 42, password: true },
      { username: {}, password: "x" },
      { password: ["x"] },
      { password: {} },
      { password: 42 },
      { password: true, username: named("v") }
    ]
  ) {
    await ask("security", "updateCredentials", { ...local, _id, body })
    await ask("security", "validateCredentials", { ...local, _id, body })
  }
  await ask("security", "updateCredentials", { ...local, _id, body: { username: [named("w")], password: "x" } })
  await ask("security", "getCredentials", { ...local, _id })
  const other = named("o")
  for (const given of [{ username: [], password: {} }, { username: other, password: {} }, { username: other }]) {
    await ask("security", "createUser", { _id: other, body: { ...user, credentials: { local: given } } })
  }
  for (const action of ["createUser", "createRestrictedUser", "upsertUser"]) {
    for (const kuid of [true, ["x"]]) {
      await ask("security", action, { _id: other, kuid, body: { content: {}, credentials: [] } })
      await ask("security", action, { _id: other, kuid, body: { ...user, credentials: "" } })
    }
  }
  await ask("security", "mDeleteUsers", { body: { ids: [_id] } })
  await clean()
})

const scrolls = scenario("inputs: scrolls through what is gone", async (world) => {
  const { ask, clean, of } = await begin(world)
  const ends: ReadonlyArray<() => Promise<unknown>> = [
    () => of("collection", "update", { body: { settings: { number_of_replicas: 0 } } }),
    () => of("collection", "update", { body: { settings: { number_of_shards: 3 } } }),
    () => of("collection", "create", { body: { settings: { number_of_replicas: 0 } } }),
    () => of("collection", "truncate"),
    () => of("collection", "delete")
  ]
  for (const end of ends) {
    await of("document", "createOrReplace", { _id: "d", body: {} })
    await of("document", "createOrReplace", { _id: "e", body: {}, refresh: "wait_for" })
    const { result } = await of("document", "search", { size: 1, scroll: "1m", body: { sort: ["_id"] } })
    await end()
    for (const _ of [1, 2]) await ask("document", "scroll", { scrollId: result.scrollId, scroll: "1m" })
  }
  await clean()
})

const specifications = scenario("inputs: fields of specifications", async (world) => {
  const { clean, of } = await begin(world)
  for (
    const fields of [
      ["x"],
      [],
      [{ type: "integer" }],
      [null],
      true,
      42,
      "",
      "xy",
      null,
      ...["x", [], null, 42, true, { type: [] }].map((a) => ({ a }))
    ]
  ) {
    await of("collection", "validateSpecifications", { body: { fields } })
    await of("collection", "updateSpecifications", { body: { fields } })
  }
  await of("collection", "validateSpecifications", { body: { strict: 42, validators: 42 } })
  await of("collection", "deleteSpecifications")
  await clean()
})

const empties = scenario("inputs: what counts as nothing", async (world) => {
  const { ask, clean, of } = await begin(world)
  const found = { query: { ids: { values: ["nobody"] } } }
  for (const scroll of [null, false, 0, ""]) {
    await ask("security", "searchUsers", { scroll, body: found })
    await ask("security", "searchApiKeys", { userId: "nobody", scroll, body: {} })
    await ask("collection", "searchSpecifications", { scroll, body: found })
    await of("document", "search", { scroll, body: {} })
    await of("document", "count", { scroll, body: {} })
    for (const [controller, action] of [["document", "scroll"], ["security", "scrollUsers"]] as const) {
      await ask(controller, action, { scrollId: "none", scroll })
    }
  }
  for (const index of [[], "", [world.name]]) {
    for (const collection of [[], "", "col", ["col"]]) await ask("document", "search", { index, collection, body: {} })
  }
  for (const username of ["nobody", 42, true, "", null, ["nobody"], {}]) {
    for (const password of [42, "", null]) {
      await ask("auth", "login", { strategy: "local", body: { username, password } })
    }
  }
  await ask("ms", "sscan", { _id: world.name, cursor: "" })
  await ask("ms", "sscan", { _id: world.name, cursor: " 0" })
  await clean()
})

const objects = scenario("inputs: objects in mappings", async (world) => {
  const { clean, of } = await begin(world)
  await of("collection", "updateMapping", {
    body: {
      properties: {
        empty: { properties: {} },
        named: { type: "object" },
        both: { type: "object", properties: { a: { type: "keyword" } } },
        nested: { type: "nested" },
        closed: { dynamic: "false", properties: {} },
        off: { type: "object", enabled: false }
      }
    }
  })
  await of("document", "create", { _id: "o", body: { found: {}, inner: { most: {} } } })
  await of("collection", "getMapping")
  for (
    const body of [
      { dynamic: {} },
      { dynamic: { a: 1 } },
      { properties: { dynamic: { type: "keyword" } } },
      { properties: { x: { dynamic: { a: 1 } } } },
      { properties: { x: { properties: {}, dynamic: null } } }
    ]
  ) {
    await of("collection", "updateMapping", { body })
    await of("collection", "create", { collection: "new", body: { mappings: body } })
  }
  await clean()
})

export const inputs: ReadonlyArray<Scenario> = [
  lists,
  setups,
  versions,
  fields,
  names,
  clauses,
  credentials,
  scrolls,
  specifications,
  empties,
  objects
]
