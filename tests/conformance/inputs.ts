/**
 * Requests that the fuzzer (`pnpm fuzz`) found: values of another type than an action expects, and what remains after a request
 * that fails half way.
 */
import { prepare, request, withoutPlace } from "./prepare.ts"
import { type Comparable, type Scenario, scenario, type World } from "./recorder.ts"

interface Case {
  readonly [argument: string]: unknown
}

/** A collection with a dynamic mapping and one document. The request is the label of its step. */
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
  const { ask, clean, of, party } = await begin(world)
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
  for (const body of [[], ["x"], [{}], [{ match_all: {} }], [{ match_all: {} }, { match_none: {} }]]) {
    await party.ask(
      request("security", "searchApiKeys", { userId: "nobody", body }),
      `security:searchApiKeys ${JSON.stringify(body)}`,
      withoutPlace
    )
  }
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

/** The settings of replicas and shards. Elasticsearch returns settings in no order. */
const replicas: Comparable = ({ result, ...frame }) => ({
  ...frame,
  result: JSON.stringify(result).match(/"number_of_(?:replicas|shards)":"\d+"/g)?.sort()
})

const merges = scenario("inputs: mappings that are merged", async (world) => {
  const { clean, of, party } = await begin(world)
  const map = (properties: object) => of("collection", "updateMapping", { body: { properties } })
  const fields = { raw: { type: "keyword" } }
  for (
    const [before, after] of [
      [{ type: "keyword", meta: { unit: "x" } }, { type: "keyword" }],
      [{ type: "keyword", meta: { unit: "x" } }, { type: "keyword", meta: { other: "y" } }],
      [{ type: "keyword", ignore_above: 10 }, { type: "keyword" }],
      [{ type: "keyword", copy_to: ["name"] }, { type: "keyword" }],
      [{ type: "text", fields }, { type: "text" }],
      [{ type: "text", fields }, { type: "text", fields: { other: { type: "keyword", ignore_above: 3 } } }],
      [{ type: "text", fields: { raw: { type: "keyword", ignore_above: 3 } } }, { type: "text", fields }]
    ]
  ) {
    const collection = "merged"
    await of("collection", "create", { collection, body: { mappings: { properties: { f: before } } } })
    await of("collection", "updateMapping", { collection, body: { properties: { f: after } } })
    await of("collection", "create", { collection, body: { mappings: { properties: { g: after } } } })
    await of("collection", "delete", { collection })
  }
  await of("document", "create", { _id: "dynamic", body: { bio: "words" } })
  await map({ bio: { type: "text", fields } })
  for (const number_of_replicas of [0, 1, 2]) {
    const collection = `truncated${number_of_replicas}`
    await of("collection", "create", { collection, body: { settings: { number_of_replicas, number_of_shards: 1 } } })
    await of("collection", "truncate", { collection })
    await party.ask(request("collection", "getSettings", { index: world.name, collection }), undefined, replicas)
    await of("collection", "update", { collection, body: { settings: { number_of_replicas } } })
    await of("collection", "truncate", { collection })
    await party.ask(request("collection", "getSettings", { index: world.name, collection }), undefined, replicas)
  }
  await clean()
})

const versions = scenario("inputs: versions of deleted documents", async (world) => {
  const { clean, of } = await begin(world)
  // Kuzzle looks for the document first. If it does not exist, Kuzzle deletes nothing, so there is no version.
  await of("document", "delete", { _id: "absent" })
  await of("document", "create", { _id: "absent", body: {} })
  await of("document", "mDelete", { body: { ids: ["missing"] } })
  await of("document", "create", { _id: "missing", body: {} })
  await of("bulk", "import", { body: { bulkData: [{ delete: { _id: "gone" } }] } })
  await of("document", "create", { _id: "gone", body: {} })
  await of("document", "delete", { _id: "d" })
  await of("document", "create", { _id: "d", body: {} })
  // Kuzzle closes and reopens the index to change a setting, even if the change fails.
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

const fields = scenario("inputs: fields of refused documents", async (world) => {
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

const names = scenario("inputs: names that are not strings", async (world) => {
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

const clauses = scenario("inputs: clauses that are not objects", async (world) => {
  const { ask, clean, of, party } = await begin(world)
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
  for (
    const query of [
      {},
      { bool: { must: {} } },
      { bool: { filter: [{}] } },
      { bool: { must_not: { bool: { should: [{}] } } } },
      { bool: { should: { constant_score: { filter: {} } } } },
      { constant_score: { filter: {} } },
      { constant_score: { filter: { bool: { must: [{}] } } } },
      { dis_max: { queries: [{}] } },
      { dis_max: { queries: [{ bool: { must: [{}] } }] } }
    ]
  ) {
    const label = `search ${JSON.stringify(query)}`
    await party.ask(
      request("document", "search", { index: world.name, collection: "col", body: { query } }),
      label,
      withoutPlace
    )
  }
  for (const refresh of ["wait_for", "false"]) {
    await of("bulk", "updateByQuery", { refresh, body: { query: { unknown: {} }, changes: {} } })
  }
  await of("document", "mExists", { body: { ids: [] } })
  await clean()
})

const credentials = scenario("inputs: users and credentials", async (world) => {
  const { ask, clean, party } = await begin(world)
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
  for (const userId of ["", " "]) {
    await ask("security", "createApiKey", { userId, _id: "none", body: { description: "x" } })
    await ask("security", "checkRights", { userId, body: { controller: "server", action: "now" } })
    await ask("security", "mGetUsers", { body: { ids: [userId] } })
    await ask("security", "searchApiKeys", { userId, body: {} })
  }
  for (const query of ["x", { unknown: {} }, { bool: { must: "x" } }, [], 42]) {
    const windows = [["security", "searchRoles", {}], ["document", "search", {
      index: world.name,
      collection: "col",
      size: 10_000
    }]] as const
    for (const [controller, action, more] of windows) {
      const label = `${controller}:${action} beyond the window ${JSON.stringify(query)}`
      await party.ask(request(controller, action, { ...more, from: 1, body: { query } }), label, withoutPlace)
    }
  }
  await ask("security", "mDeleteUsers", { body: { ids: [_id] } })
  await clean()
})

const scrolls = scenario("inputs: scrolls after a change of the collection", async (world) => {
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

const empties = scenario("inputs: values that count as absent", async (world) => {
  const { ask, clean, of } = await begin(world)
  const existing = { query: { ids: { values: ["nobody"] } } }
  for (const scroll of [null, false, 0, ""]) {
    await ask("security", "searchUsers", { scroll, body: existing })
    await ask("security", "searchApiKeys", { userId: "nobody", scroll, body: {} })
    await ask("collection", "searchSpecifications", { scroll, body: existing })
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

/** Two tokens that one user gets within the same second are equal, so tokens are not compared. */
const withoutTokens: Comparable = (frame) =>
  JSON.parse(
    JSON.stringify(frame)
      .replace(/"k(?:auth|apikey)-[^"]+"/g, "\"<token>\"")
      .replace(/"fingerprint":"\w+"/, "\"fingerprint\":\"<hash>\"")
  )

const durations = scenario("inputs: durations", async (world) => {
  const { ask, clean, of, party } = await begin(world)
  const _id = `${world.name}-u`
  const local = { username: _id, password: "x" }
  const user = { content: { profileIds: ["default"] }, credentials: { local } }
  await ask("security", "createUser", { _id, refresh: "wait_for", body: user })
  const login = request("auth", "login", { strategy: "local", expiresIn: "1d", body: local })
  const { result: { jwt } } = await party.ask(login, "login", withoutTokens)
  for (
    const expiresIn of [
      "",
      " ",
      "x",
      "h",
      "1h x",
      " 1h",
      "1h ",
      "1  h",
      "1H",
      "1 fortnight",
      "1e3",
      "+1h",
      "0",
      "-1",
      "-1ms",
      "-2000",
      "-1h",
      ".5h",
      "1.h",
      "0.5",
      "1.5s",
      "0.0001ms",
      `${"1".padStart(98, "0")}h`,
      `${"1".padStart(100, "0")}h`,
      0,
      0.5,
      1500.5,
      -1,
      -2000,
      2 ** 53,
      1e300,
      null,
      false,
      [],
      ["1h"],
      {}
    ]
  ) {
    const make = (controller: string, action: string, more: Case, label: string) =>
      party.ask(
        request(controller, action, { ...more, expiresIn }),
        `${controller}:${action}${label} ${JSON.stringify(expiresIn)}`,
        withoutTokens
      )
    const key = { _id: `${world.name}-key`, refresh: "false", body: { description: "x" } }
    await make("auth", "createToken", { jwt }, "")
    await make("auth", "createToken", {}, " of nobody")
    await make("auth", "createApiKey", { ...key, jwt }, "")
    await make("security", "createApiKey", { ...key, userId: _id }, "")
    // Over HTTP no connection is notified when the token expires.
    await world.http(
      { method: "POST", path: "/_query", body: JSON.stringify({ ...login, expiresIn }) },
      `auth:login ${JSON.stringify(expiresIn)}`,
      withoutTokens
    )
  }
  const scrolls = [
    "",
    " ",
    "x",
    "1 m",
    "1M",
    "1H",
    " 1m ",
    "1.5s",
    "0.5ms",
    "xs",
    "1e2s",
    "0",
    "-1",
    "-01",
    "-1s",
    "1m "
  ]
  const nobody = { query: { ids: { values: ["nobody"] } } }
  await of("document", "create", { _id: "e", body: { name: "b" }, refresh: "wait_for" })
  for (const scroll of [...scrolls, "100nanos", "100000d", "1".repeat(101)]) {
    const { result } = await of("document", "search", { scroll, size: 1, body: { sort: ["_id"] } })
    await ask("document", "scroll", { scrollId: result.scrollId ?? "none", scroll })
    await ask("security", "searchUsers", { scroll, body: nobody })
    await ask("security", "scrollUsers", { scrollId: "none", scroll })
    await ask("collection", "searchSpecifications", { scroll, body: nobody })
    await ask("collection", "scrollSpecifications", { scrollId: "none", scroll })
  }
  // Each change closes and reopens the collection, which takes time.
  for (const refresh_interval of ["", "1M", "1.5s", "xs", "-01", "-1s", "-2s", "2micros", "30s", 5, [], {}]) {
    await of("collection", "update", { body: { settings: { refresh_interval } } })
  }
  for (const fixed_interval of [...scrolls, "2micros", "-2s", 5, 0]) {
    await party.ask(
      request("document", "search", {
        index: world.name,
        collection: "col",
        size: 0,
        body: { aggs: { a: { date_histogram: { field: "at", fixed_interval } } } }
      }),
      `date_histogram by ${JSON.stringify(fixed_interval)}`,
      withoutPlace
    )
  }
  await ask("security", "createApiKey", {
    userId: _id,
    _id: `${_id}-key`,
    expiresIn: 1e300,
    body: { description: "x" }
  })
  // The deletion of a user searches for its API keys. It fails if the search still returns a deleted key.
  await ask("security", "deleteApiKey", { userId: _id, _id: `${world.name}-key`, refresh: "wait_for" })
  await ask("security", "mDeleteUsers", { body: { ids: [_id] } })
  await clean()
})

export const inputs: ReadonlyArray<Scenario> = [
  durations,
  lists,
  setups,
  merges,
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
