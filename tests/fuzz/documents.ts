/** Indexes, collections, documents, bulk actions and rooms. */
import { FastCheck as fc } from "effect"
import { strict } from "../conformance/prepare.ts"
import { always, type Ask, type Catalogue, flag, type Members, mostly, requestsOf, some } from "./request.ts"

export const indexes = ["RUN-i", "RUN-j"]
export const collections = ["plain", "strict", "gone"]

const usual: Members = {
  index: mostly(always("RUN-i"), fc.constantFrom("RUN-j", "RUN-absent")),
  collection: mostly(fc.constantFrom("plain", "strict"), fc.constantFrom("gone", "absent"))
}
/** The targets of actions that create or delete a collection, mostly `gone`, so that the other collections stay. */
const fleeting: Members = {
  index: mostly(fc.constantFrom("RUN-i", "RUN-j"), always("RUN-absent")),
  collection: mostly(always("gone"), fc.constantFrom("plain", "RUN-ABSENT", "absent"))
}
/** Ids are always given, because an id that the server generates sorts by chance. */
const id = fc.constantFrom("d1", "d2", "d3", "d4", "d5", "d6")
const known = mostly(fc.constantFrom("d1", "d2", "d3"), id)
const _id = { _id: known }
/** `wait_for` is rare, because it takes up to a second. */
const refresh = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(undefined, "false") }, {
  weight: 1,
  arbitrary: always("wait_for")
})
const writing: Members = { ...usual, refresh, silent: flag }

const name = fc.constantFrom("ada", "bob", "eve")
const age = fc.integer({ min: 0, max: 9 })
/** Content that most of the time fits both collections. */
const content = fc.record({
  name: some(name, 5),
  age: some(age, 5),
  bio: some(fc.constantFrom("hello world", "the quick brown fox", "")),
  at: some(fc.constantFrom("2020-01-01", "2021-06-05T04:03:02.001Z")),
  ok: flag,
  where: some(fc.record({ city: fc.constantFrom("nyc", "oslo") })),
  other: fc.option(fc.constantFrom(1, "x", [1, 2], { deep: { deeper: true } }), { nil: undefined, freq: 8 })
}).map((value) =>
  Object.fromEntries(
    Object.entries(value).filter(([key, inner]) =>
      inner !== undefined && !(key === "other" && value.name === undefined)
    )
  )
)
const wrong = fc.constantFrom({ age: "x" }, { at: "never" }, { where: 1 }, { unknown: 1 }, { ok: "maybe" })
const body = mostly(content, wrong)
const changes = mostly(content, wrong)
const list = (item: fc.Arbitrary<unknown>, minLength = 1) => fc.array(item, { minLength, maxLength: 4 })
const documents = (idOf: fc.Arbitrary<unknown>) => ({ documents: list(fc.record({ _id: idOf, body })) })

const query = mostly(
  fc.oneof(
    name.map((name) => ({ term: { name } })),
    age.map((age) => ({ range: { age: { gte: age } } })),
    age.map((age) => ({ term: { age } })),
    list(id).map((values) => ({ ids: { values } })),
    always({ match_all: {} }),
    always({ exists: { field: "ok" } }),
    name.map((name) => ({ bool: { must_not: [{ term: { name } }] } }))
  ),
  fc.constantFrom({ unknown: {} }, {}, { term: {} })
)
const koncorde = fc.oneof(
  name.map((name) => ({ equals: { name } })),
  age.map((age) => ({ range: { age: { gte: age } } })),
  always({ exists: "ok" }),
  list(name).map((names) => ({ in: { name: names } })),
  name.map((name) => ({ not: { equals: { name } } })),
  fc.tuple(name, age).map(([name, age]) => ({ and: [{ equals: { name } }, { range: { age: { lt: age } } }] })),
  always({})
)
/** An order that is the same on both servers. */
const sorted = { sort: always(["_id"]) }
const page: Members = { from: some(fc.constantFrom(0, 1)), size: some(fc.constantFrom(1, 3, 10)) }

const mappings = fc.constantFrom(
  strict.mappings,
  { properties: { name: { type: "keyword" }, age: { type: "integer" } } },
  { dynamic: "false", properties: { name: { type: "keyword" } } },
  { _meta: { a: 1 }, properties: { name: { type: "keyword", meta: { unit: "x" } } } }
)
/** Changes of a mapping that are valid even for a collection that has them already. */
const addition = fc.constantFrom(
  { properties: { more: { type: "keyword" } } },
  { properties: { count: { type: "integer" }, when: { type: "date" } } },
  { properties: { where: { properties: { street: { type: "text" } } } } },
  { dynamic: "true" },
  { _meta: { b: [1] } }
)
const wrongMapping = fc.constantFrom(
  { properties: { name: { type: "integer" } } },
  { properties: { more: { type: "nothing" } } },
  { dynamic: "maybe" },
  { unknown: 1 }
)
const setup = {
  mappings: some(mostly(mappings, wrongMapping), 4),
  settings: some(fc.constantFrom({ number_of_replicas: 0 }, { number_of_shards: 1 }, {}))
}
const specification = fc.record({
  strict: flag,
  fields: fc.constantFrom<unknown>(
    {},
    { age: { mandatory: true, type: "integer", typeOptions: { range: { min: 2 } } } },
    { name: { type: "string", defaultValue: "nobody" } },
    { name: { type: "enum", typeOptions: { values: ["ada", "bob"] } } },
    { where: { type: "object" }, "where/city": { type: "string", typeOptions: { length: { min: 4 } } } },
    { name: { type: "unknown" } }
  )
})
/** The targets of specifications, mostly `gone`. Most documents do not satisfy specifications, so the others rarely have any. */
const specified: Members = { index: always("RUN-i"), collection: mostly(always("gone"), always("strict")) }

const index = requestsOf("index")({
  create: [{ index: mostly(always("RUN-j"), fc.constantFrom("RUN-i", "RUN-k", "RUN-X", "%RUN")) }],
  delete: [{ index: mostly(always("RUN-j"), fc.constantFrom("RUN-absent", "RUN-k")) }],
  exists: [{ index: fc.constantFrom("RUN-i", "RUN-j", "RUN-absent") }],
  list: [{ countCollection: flag }],
  mDelete: [{}, { indexes: list(fc.constantFrom("RUN-j", "RUN-k", "RUN-absent")) }]
})

const collection = requestsOf("collection")({
  create: [fleeting, setup],
  delete: [fleeting],
  deleteSpecifications: [specified],
  exists: [usual],
  getMapping: [{ ...usual, includeKuzzleMeta: flag }],
  getSettings: [usual],
  getSpecifications: [specified],
  list: [{
    index: usual.index!,
    type: some(fc.constantFrom("all", "stored", "realtime", "x")),
    from: page.from!,
    size: page.size!
  }],
  refresh: [usual],
  scrollSpecifications: [{ scrollId: always("SCROLL"), scroll: some(always("1m")) }],
  searchSpecifications: [
    { ...page, scroll: some(always("1m")) },
    { query: list(fc.constantFrom(...indexes)).map((index) => ({ terms: { index } })), sort: always(["collection"]) }
  ],
  truncate: [fleeting],
  update: [{ ...usual }, { ...setup, mappings: some(mostly(addition, wrongMapping)) }],
  updateMapping: [usual, mostly(addition, wrongMapping)],
  updateSpecifications: [specified, specification],
  validateSpecifications: [specified, specification]
})

const document = requestsOf("document")({
  count: [usual, { query: some(query, 4) }],
  create: [{ ...writing, _id: id }, body],
  createOrReplace: [{ ...writing, _id: id }, body],
  delete: [{ ...writing, ..._id, source: flag }],
  deleteByQuery: [{ ...usual, refresh, silent: flag, source: flag }, {
    query: mostly(list(id).map((values) => ({ ids: { values } })), query)
  }],
  deleteFields: [{ ...writing, ..._id, source: flag }, {
    fields: list(fc.constantFrom("age", "name", "where.city", "absent", "where", "other.deep"))
  }],
  exists: [{ ...usual, ..._id }],
  export: [{ ...usual, format: some(fc.constantFrom("jsonl", "csv", "x")) }, {
    ...sorted,
    query: some(query),
    fields: some(fc.constantFrom(["name", "age"], ["_id"]))
  }],
  get: [{ ...usual, ..._id }],
  mCreate: [{ ...writing, strict: flag }, documents(id)],
  mCreateOrReplace: [{ ...writing, strict: flag, source: flag }, documents(id)],
  mDelete: [{ ...writing, strict: flag }, { ids: list(known) }],
  mExists: [{ ...usual, strict: flag }, { ids: list(known) }],
  mGet: [{ ...usual, strict: flag }, { ids: list(known) }],
  mReplace: [{ ...writing, strict: flag }, documents(known)],
  mUpdate: [{ ...writing, strict: flag, retryOnConflict: some(always(2)) }, documents(known)],
  mUpsert: [{ ...writing, strict: flag }, {
    documents: list(fc.record({ _id: id, changes, default: some(content) }))
  }],
  replace: [{ ...writing, ..._id }, body],
  scroll: [{ scrollId: mostly(always("SCROLL"), always("RUN")), scroll: always("1m") }],
  search: [{ ...usual, ...page, scroll: some(always("1m")), verb: some(always("POST"), 6) }, {
    ...sorted,
    query: some(query, 4),
    _source: some(fc.constantFrom<unknown>(["name"], false, { excludes: ["name"] }), 3)
  }],
  update: [{ ...writing, ..._id, source: flag, retryOnConflict: some(always(3)) }, changes],
  updateByQuery: [{ ...usual, refresh, silent: flag, source: flag }, { query, changes }],
  upsert: [{ ...writing, _id: id, source: flag }, { changes, default: some(content) }],
  validate: [{ ...usual, _id: some(known) }, body]
})

const searchKoncorde = (action: string): fc.Arbitrary<Ask> =>
  fc.record({
    controller: always("document"),
    action: always(action),
    ...usual,
    lang: always("koncorde"),
    body: fc.record({ query: koncorde, ...(action === "search" ? sorted : {}) })
  })

const operation = fc.oneof(
  fc.tuple(fc.constantFrom("index", "create"), id, content).map(([kind, _id, body]) => [{ [kind]: { _id } }, body]),
  fc.tuple(known, content).map(([_id, doc]) => [{ update: { _id } }, { doc }]),
  known.map((_id) => [{ delete: { _id } }])
)
const bulk = requestsOf("bulk")({
  import: [{ ...usual, refresh, strict: flag }, { bulkData: list(operation).map((operations) => operations.flat()) }],
  write: [{ ...usual, refresh, _id: id, notify: flag }, body],
  mWrite: [{ ...usual, refresh, notify: flag, strict: flag }, documents(id)],
  deleteByQuery: [{ ...usual, refresh }, { query: list(id).map((values) => ({ ids: { values } })) }],
  updateByQuery: [{ ...usual, refresh }, { query, changes: content }]
})

const roomId = mostly(always("ROOM"), always("RUN-nowhere"))
const options: Members = {
  scope: some(fc.constantFrom("all", "in", "out", "none", "x"), 2),
  users: some(fc.constantFrom("all", "in", "out", "none", "x"), 3)
}
const realtime = requestsOf("realtime")({
  count: [{}, { roomId }],
  join: [options, { roomId }],
  list: [{ sorted: flag }],
  publish: [{ ...usual, _id: some(id) }, content],
  subscribe: [{ ...usual, ...options }, koncorde],
  unsubscribe: [{}, { roomId }],
  validate: [usual, body]
})

const koncordeOrNot = (name: string): fc.Arbitrary<Ask> => {
  const plain = document[name]!
  return fc.oneof({ weight: 3, arbitrary: plain }, {
    weight: 1,
    arbitrary: searchKoncorde(name.slice("document:".length))
  })
}

export const documentRequests: Catalogue = {
  ...index,
  ...collection,
  ...document,
  "document:search": koncordeOrNot("document:search"),
  "document:count": koncordeOrNot("document:count"),
  "document:deleteByQuery": koncordeOrNot("document:deleteByQuery"),
  ...bulk,
  ...realtime
}

const target = (collection: string) => ({ index: "RUN-i", collection })
const beginning = ["d1", "d2", "d3"].map((_id, age) => ({ _id, body: { name: ["ada", "bob", "eve"][age], age } }))

/** What a sequence begins with. */
export const prepareDocuments: ReadonlyArray<Ask> = [
  { controller: "index", action: "create", index: "RUN-i" },
  { controller: "collection", action: "create", ...target("strict"), body: strict },
  {
    controller: "collection",
    action: "create",
    ...target("plain"),
    body: { mappings: { dynamic: "true", properties: { name: { type: "keyword" }, age: { type: "integer" } } } }
  },
  { controller: "document", action: "mCreate", ...target("strict"), body: { documents: beginning } },
  { controller: "document", action: "mCreate", ...target("plain"), body: { documents: beginning } },
  { controller: "realtime", action: "subscribe", ...target("plain"), body: {} }
]

/** Reads the final state. */
export const documentState: ReadonlyArray<Ask> = [
  ...indexes.map((index): Ask => ({ controller: "collection", action: "list", index })),
  ...collections.flatMap((collection): ReadonlyArray<Ask> => [
    { controller: "collection", action: "getMapping", ...target(collection), includeKuzzleMeta: true },
    { controller: "collection", action: "getSpecifications", ...target(collection) },
    { controller: "document", action: "search", ...target(collection), size: 100, body: { sort: ["_id"] } }
  ]),
  { controller: "document", action: "search", index: "RUN-j", collection: "gone", size: 100, body: { sort: ["_id"] } },
  { controller: "realtime", action: "list" }
]

export const cleanDocuments: ReadonlyArray<Ask> = [
  ...collections.map((collection): Ask => ({
    controller: "collection",
    action: "deleteSpecifications",
    ...target(collection)
  })),
  {
    controller: "index",
    action: "mDelete",
    body: { indexes: [...indexes, "RUN-k", "RUN-absent", "RUN-x", "RUN-m"] }
  }
]
