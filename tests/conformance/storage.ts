/**
 * Documents, collections and indexes: actions on several documents, by query and in bulk; specifications, settings,
 * aggregations.
 */
import { prepare, request, strict } from "./prepare.ts"
import { type Scenario, scenario } from "./recorder.ts"

const numbered = (ids: ReadonlyArray<string>) => ids.map((_id, age) => ({ _id, body: { name: _id, age } }))

const writes = scenario("documents: changes to many", async (world) => {
  const { clean, document } = await prepare(world)
  await document("mCreate", { body: { documents: numbered(["a", "b", "c", "d"]) } })
  const documents = [
    { _id: "a", body: { age: 10 } },
    { _id: "absent", body: { age: 10, _kuzzle_info: { author: "me" } } },
    { _id: "b", body: { unknown: 1 } },
    { _id: "c", body: { age: "x" } },
    { _id: "d", body: "no" },
    { body: { age: 11 } },
    { _id: 42, body: { age: 12 } }
  ]
  for (const action of ["mUpdate", "mReplace", "mCreateOrReplace"]) {
    await document(action, { body: { documents: documents.slice(0, 4) } })
    await document(action, { body: { documents: documents.slice(0, 1) }, silent: true }, `${action} silent`)
    await document(action, { body: { documents: documents.slice(0, 2) }, strict: true }, `${action} strict`)
    await document(action, { body: { documents: documents.slice(4, 6) } }, `${action} malformed`)
    await document(action, { body: { documents: documents.slice(0, 1) }, source: false }, `${action} source false`)
    await document(action, { body: { documents: documents.slice(0, 1) }, source: "false" }, `${action} source "false"`)
    await document(action, { body: { documents: documents.slice(0, 1) }, source: "x" }, `${action} source wrong`)
    await document(
      action,
      { body: { documents: documents.slice(0, 1) }, retryOnConflict: "x" },
      `${action} retry wrong`
    )
    await document(action, { body: { documents: [] }, collection: "absent" }, `${action} none`)
    await document(action, { body: { documents: documents.slice(0, 1) }, collection: "absent" }, `${action} nowhere`)
    await document(action, { body: {} }, `${action} nothing`)
    await document(action, {}, `${action} no body`)
    await document(action, { body: { documents: new Array(201).fill({ _id: "a", body: {} }) } }, `${action} too many`)
  }
  await document("mCreateOrReplace", { body: { documents: documents.slice(6) } }, "mCreateOrReplace numeric id")
  await document("mReplace", { body: { documents: [{ body: {} }] } }, "mReplace without ids")
  await document("mUpdate", {
    body: { documents: [{ _id: "a", body: { age: 13 } }, { _id: "a" }] }
  }, "mUpdate, the last of an id has no body")
  await document("get", { _id: "a" }, "it was written")
  const upserts = [
    { _id: "a", changes: { age: 14 } },
    { _id: "new", changes: { age: 15 }, default: { name: "n", age: 0 } },
    { _id: "b", changes: { unknown: 1 }, default: { name: "x" } },
    { _id: "c", changes: { where: { city: "x" } } }
  ]
  await document("mUpsert", { body: { documents: upserts } })
  await document("mUpsert", { body: { documents: upserts.slice(2) }, strict: true }, "mUpsert strict")
  await document("mUpsert", { body: { documents: upserts.slice(0, 1) }, silent: true }, "mUpsert silent")
  await document("mUpsert", {
    body: {
      documents: [{ _id: "a" }, { _id: "a", changes: 1 }, { _id: "a", changes: {}, default: 1 }, { changes: {} }]
    },
    silent: true
  }, "mUpsert malformed")
  await document("mUpsert", { body: { documents: [] } }, "mUpsert none")
  await document("mGet", { body: { ids: ["a", "b", "c", "d", "new"] } })
  await document("mExists", { body: { ids: ["a", "absent", "b"] } })
  await document("mExists", { ids: ["a", "absent"], strict: true }, "mExists strict")
  await document("mExists", { ids: [] }, "mExists none")
  await document("mExists", { body: { ids: ["a"] }, collection: "absent" }, "mExists nowhere")
  await clean()
})

const fields = scenario("documents: deleteFields", async (world) => {
  const { clean, document } = await prepare(world)
  const body = { name: "a", age: 1, where: { city: "nyc" }, ok: true }
  await document("create", { _id: "d1", body })
  await document("deleteFields", { _id: "d1", body: { fields: ["age", "absent", "where.absent", "age.deeper"] } })
  await document("deleteFields", { _id: "d1", body: { fields: ["where.city"] }, source: true })
  await document("deleteFields", { _id: "d1", body: { fields: ["where"] }, source: true })
  await document("deleteFields", { _id: "d1", body: { fields: [] }, source: true }, "deleteFields of none")
  await document("get", { _id: "d1" })
  await document("deleteFields", { _id: "absent", body: { fields: ["age"] } }, "deleteFields absent")
  await document("deleteFields", { _id: "d1", body: {} }, "deleteFields nothing")
  await document("deleteFields", { _id: "d1", body: { fields: "age" } }, "deleteFields wrong")
  await document("deleteFields", { _id: "d1" }, "deleteFields no body")
  await document("deleteFields", { body: { fields: ["age"] } }, "deleteFields no id")
  await clean()
})

const queries = scenario("documents: by query", async (world) => {
  const { clean, document } = await prepare(world)
  await document("mCreate", { body: { documents: numbered(["a", "b", "c", "d", "e"]) }, refresh: "wait_for" })
  const old = { range: { age: { gte: 3 } } }
  const update = (more: object, label?: string) => document("updateByQuery", { refresh: "wait_for", ...more }, label)
  await update({ body: { query: old, changes: { ok: true, where: { city: "x" } } } })
  await update({ body: { query: old, changes: { ok: false, _kuzzle_info: { a: 1 } } }, source: true }, "update, source")
  await update({ body: { query: old, changes: { unknown: 1 } } }, "update, strict")
  await update(
    { body: { query: { equals: { name: "a" } }, changes: { age: 9 } }, lang: "koncorde" },
    "update, Koncorde"
  )
  await update({ body: { query: {}, changes: { bio: "all of them" } } }, "update all")
  await update({ body: { query: { term: { name: "absent" } }, changes: { age: 1 } } }, "update none")
  await update({ body: { query: { foo: {} }, changes: {} } }, "update, wrong query")
  await update({ body: { changes: {} } }, "update, no query")
  await update({ body: { query: {} } }, "update, no changes")
  await update({}, "update, no body")
  await update({ body: { query: {}, changes: {} }, collection: "absent" }, "update nowhere")
  const remove = (more: object, label?: string) => document("deleteByQuery", { refresh: "wait_for", ...more }, label)
  await remove({ body: { query: { term: { name: "a" } } } })
  await remove({ body: { query: { term: { name: "b" } } }, source: true }, "delete, source")
  await remove({ body: { query: { equals: { name: "c" } } }, lang: "koncorde" }, "delete, Koncorde")
  await remove({ body: { query: { term: { name: "absent" } } } }, "delete none")
  await remove({ body: { query: { foo: {} } } }, "delete, wrong query")
  await remove({ body: { query: { match_all: {} } }, collection: "absent" }, "delete nowhere")
  await remove({ body: { query: 1 } }, "delete, query wrong")
  await remove({}, "delete, no body: everything")
  await document("count", {}, "no document remains")
  const many = Array.from({ length: 201 }, (_, n) => ({ _id: `m${n}`, body: { age: n } }))
  await document("mCreate", { body: { documents: many.slice(0, 200) } }, "two hundred")
  await document("mCreate", { body: { documents: many.slice(200) }, refresh: "wait_for" }, "and one")
  await update({ body: { query: {}, changes: { ok: true } } }, "update too many")
  await remove({ body: { query: {} } }, "delete too many")
  await clean()
})

const notified = scenario("realtime: changes to many", async (world) => {
  const { clean, col, document, party } = await prepare(world, { mappings: { dynamic: "true" } })
  const sub = await world.connect("sub")
  await sub.ask(request("realtime", "subscribe", { ...col, body: {} }), "subscribes to all")
  await sub.ask(request("realtime", "subscribe", { ...col, body: { range: { age: { lt: 10 } } } }), "to the young")
  const bulk = (action: string, more: object) => party.ask(request("bulk", action, { ...col, ...more }))
  await document("mCreate", { body: { documents: numbered(["a", "b"]) } })
  await document("mUpdate", { body: { documents: [{ _id: "a", body: { age: 20, o: { x: 1 } } }] } })
  await document("mReplace", { body: { documents: [{ _id: "a", body: { age: 2 } }] } })
  await document("mCreateOrReplace", { body: { documents: [{ _id: "a", body: { age: 30 } }, { _id: "c", body: {} }] } })
  await document(
    "mCreateOrReplace",
    { body: { documents: [{ _id: "c", body: { age: 1 } }] }, source: false },
    "source false"
  )
  await document("mUpsert", {
    body: { documents: [{ _id: "a", changes: { age: 3 } }, { _id: "u", changes: { age: 4 }, default: { n: 1 } }] }
  })
  await document("mUpsert", { body: { documents: [{ _id: "a", changes: { age: 5 } }] }, silent: true }, "silent")
  await document("deleteFields", { _id: "a", body: { fields: ["age"] } })
  await party.ask(request("collection", "refresh", col))
  await document("updateByQuery", { body: { query: { ids: { values: ["u"] } }, changes: { age: 50 } } })
  await party.ask(request("collection", "refresh", col))
  await document("deleteByQuery", { body: { query: { ids: { values: ["u"] } } } })
  await bulk("write", { _id: "w", body: { age: 1 } })
  await bulk("write", { _id: "w", body: { age: 2 }, notify: true })
  await bulk("write", { _id: "v", body: { age: 3 }, notify: true })
  await bulk("mWrite", { body: { documents: [{ _id: "w", body: { age: 40 } }, { _id: "x", body: {} }] }, notify: true })
  await bulk("import", { body: { bulkData: [{ index: { _id: "w" } }, { age: 1 }] } })
  await clean()
})

const inBulk = scenario("bulk", async (world) => {
  const { clean, col, document, party } = await prepare(world)
  const bulk = (action: string, more: object, label?: string) =>
    party.ask(request("bulk", action, { ...col, ...more }), label)
  await bulk("write", { _id: "w", body: { name: "w", _kuzzle_info: { author: "me" } } })
  await bulk("write", { _id: "w", body: { name: "again" } }, "write again")
  await bulk("write", { body: { name: "no id" } }, "write without id")
  await bulk("write", { _id: "w", body: { unknown: 1 } }, "write strict")
  await bulk("write", { _id: "w" }, "write no body")
  await bulk("write", { _id: 42, body: {} }, "write numeric id")
  await bulk("write", { _id: "w", body: {}, collection: "absent" }, "write nowhere")
  await bulk("mWrite", {
    body: {
      documents: [{ _id: "a", body: { age: 1 } }, { body: {} }, { _id: "b", body: { unknown: 1 } }, { _id: "c" }]
    }
  })
  await bulk("mWrite", { body: { documents: [{ _id: "c", _source: {} }] }, strict: true }, "mWrite strict")
  await bulk("mWrite", { body: { documents: [] } }, "mWrite none")
  await bulk("mWrite", { body: { documents: [null] } }, "mWrite null")
  await bulk("mWrite", { body: {} }, "mWrite nothing")
  await bulk("mWrite", {}, "mWrite no body")
  await bulk("mWrite", { body: { documents: [{ body: {} }] }, collection: "absent" }, "mWrite nowhere")
  const lines = [
    { index: { _id: "i" } },
    { name: "i", _kuzzle_info: { author: "me" } },
    { create: { _id: "i" } },
    { name: "again" },
    { create: { _id: "j" } },
    { name: "j" },
    { update: { _id: "i" } },
    { doc: { age: 5 } },
    { update: { _id: "absent" } },
    { doc: { age: 5 } },
    { update: { _id: "new" } },
    { doc: { age: 5 }, doc_as_upsert: true },
    { update: { _id: "newer" } },
    { doc: { age: 5 }, upsert: { age: 6 } },
    { delete: { _id: "absent" } },
    { delete: { _id: "j" } },
    { index: {} },
    { unknown: 1 },
    { index: { _id: "k" } },
    { age: "x" }
  ]
  await bulk("import", { body: { bulkData: lines } })
  await bulk(
    "import",
    { body: { bulkData: [{ index: { _id: "fine" } }, { age: 1 }, { index: { _id: "x".repeat(600) } }, { age: 1 }] } },
    "import an id that is too long"
  )
  await bulk(
    "import",
    { body: { bulkData: [{ index: {} }, { age: 1 }, { delete: {} }, { update: {} }, { doc: {} }] } },
    "import without ids"
  )
  await document("mGet", { body: { ids: ["i", "new", "newer"] } })
  await bulk("import", { body: { bulkData: [{ delete: { _id: "absent" } }] }, strict: true }, "import strict")
  await bulk(
    "import",
    { body: { bulkData: [{ update: { _id: "i" } }, { script: { source: "x" } }] } },
    "import a script"
  )
  await bulk("import", { body: {} }, "import nothing")
  await bulk("import", {}, "import no body")
  await bulk("import", { body: { bulkData: lines }, collection: "absent" }, "import nowhere")
  await party.ask(request("collection", "refresh", col))
  await bulk("updateByQuery", {
    body: { query: { ids: { values: ["i"] } }, changes: { age: 7, where: { city: "x" } } }
  })
  await bulk("updateByQuery", { body: { query: {}, changes: { ok: true } } }, "update all")
  await bulk("updateByQuery", { body: { query: {}, changes: { unknown: 1 } } }, "update strict")
  await bulk("updateByQuery", { body: { query: { foo: {} }, changes: {} } }, "update, wrong query")
  await bulk("updateByQuery", { body: { query: {} } }, "update, no changes")
  await bulk("updateByQuery", { body: { query: {}, changes: {} }, collection: "absent" }, "update nowhere")
  await document("get", { _id: "i" })
  // A document that changed after the last refresh causes a conflict.
  const refresh = () => party.ask(request("collection", "refresh", col))
  await refresh()
  await bulk("deleteByQuery", { body: { query: { ids: { values: ["i", "absent"] } } }, refresh: "wait_for" })
  await bulk("deleteByQuery", { body: {} }, "delete, no query")
  await bulk("deleteByQuery", { body: { query: { foo: {} } } }, "delete, wrong query")
  await bulk("deleteByQuery", { body: { query: {} }, collection: "absent" }, "delete nowhere")
  for (const value of ["wait_for", "true", "false"]) {
    await refresh()
    await bulk("updateByQuery", { body: { query: {}, changes: {} }, refresh: value }, `update, refresh ${value}`)
  }
  await refresh()
  await bulk("deleteByQuery", { body: { query: {} } }, "delete all")
  await clean()
})

const conflicts = scenario("documents: conflicts by query", async (world) => {
  const { clean, col, document, party } = await prepare(world, { ...strict, settings: { refresh_interval: "-1" } })
  await document("mCreate", { body: { documents: numbered(["a", "b"]) } })
  await document("count", {}, "nothing is found")
  await party.ask(request("collection", "refresh", col))
  await document("update", { _id: "a", body: { age: 5 } })
  await document("delete", { _id: "b" })
  const body = { query: {}, changes: { age: 7 } }
  await party.ask(request("bulk", "updateByQuery", { ...col, body }))
  await party.ask(request("bulk", "deleteByQuery", { ...col, body }))
  await document("deleteByQuery", { body })
  await document("mGet", { body: { ids: ["a", "b"] } })
  await document("search", { body: {} }, "what was there")
  await clean()
})

const specifications = scenario("collections: specifications", async (world) => {
  const { clean, col, document, index, party } = await prepare(world, { mappings: { dynamic: "true" } })
  const ask = (action: string, more: object = {}, label?: string) =>
    party.ask(request("collection", action, { ...col, ...more }), label)
  const check = (specifications: object) =>
    ask("validateSpecifications", { body: specifications }, `check ${JSON.stringify(specifications)}`)
  const fields = {
    name: { type: "string", mandatory: true, typeOptions: { length: { min: 2, max: 4 } } },
    age: { type: "integer", defaultValue: 7, typeOptions: { range: { min: 1, max: 10 } } },
    size: { type: "numeric" },
    ok: { type: "boolean" },
    at: { type: "date" },
    any: { type: "anything", multivalued: { value: false } },
    tags: { type: "enum", typeOptions: { values: ["a", "b"] }, multivalued: { value: true, minCount: 1, maxCount: 2 } },
    o: { type: "object" },
    "o/in": { type: "boolean", defaultValue: true },
    p: { type: "object", typeOptions: { strict: false }, multivalued: { value: true } },
    "p/q": { type: "integer" }
  }
  await ask("getSpecifications", {}, "none yet")
  await ask("deleteSpecifications", {}, "nothing to delete")
  await check({ strict: true, fields })
  await check({})
  await check({ foo: 1 })
  await check({ fields: {} })
  await check({ validators: [{ equals: { a: 1 } }] })
  for (
    const field of [
      1,
      {},
      { type: "nope" },
      { type: "string", foo: 1 },
      { type: "string", typeOptions: { foo: 1 } },
      { type: "string", typeOptions: { length: 1 } },
      { type: "string", typeOptions: { length: { min: "x" } } },
      { type: "string", typeOptions: { length: { min: 2, max: 1 } } },
      { type: "integer", typeOptions: { range: { min: 2, max: 1 } } },
      { type: "numeric", typeOptions: { range: { foo: 1 } } },
      { type: "enum" },
      { type: "enum", typeOptions: { values: [] } },
      { type: "enum", typeOptions: { values: [1] } },
      { type: "object", typeOptions: { strict: 1 } },
      { type: "date", typeOptions: { formats: [] } },
      { type: "boolean", multivalued: {} },
      { type: "boolean", multivalued: { value: false, minCount: 1, maxCount: 1 } },
      { type: "boolean", multivalued: { value: true, minCount: 2, maxCount: 1 } },
      { type: "boolean", multivalued: { value: "x", foo: 1 } }
    ]
  ) {
    await check({ fields: { field } })
  }
  await ask("validateSpecifications", {}, "check nothing")
  await ask("updateSpecifications", { body: { fields: { a: { type: "nope" }, b: {} } } }, "wrong ones")
  await ask("updateSpecifications", { body: { fields: { "a/b": { type: "string" } } } }, "a level is missing")
  await ask("updateSpecifications", {
    body: { fields: { a: { type: "object" }, b: { type: "object" }, "c/d": { type: "string" } } }
  }, "a parent is missing")
  await ask("updateSpecifications", {
    body: { fields: { a: { type: "string" }, "a/b": { type: "string" } } }
  }, "a text has no fields")
  await ask("updateSpecifications", {}, "no body")
  await ask("updateSpecifications", { body: { fields } })
  await ask("getSpecifications")
  const validate = (body: object) => document("validate", { body }, `validate ${JSON.stringify(body)}`)
  const faulty = [
    {
      name: "x",
      age: 1.5,
      size: "x",
      ok: 1,
      at: "x",
      any: [1],
      tags: ["a", "c"],
      o: { in: 1 },
      p: [{ q: 1 }, { q: 1.5 }]
    },
    { name: "toolong", age: 0, tags: "a", o: 1, p: [1] },
    { name: ["x"], age: 11, tags: [], at: 1 },
    { name: "fine", tags: ["a", "b", "a"] },
    {},
    { name: null },
    { name: "fine", other: 1, tags: ["a"], o: { other: 1 }, any: { a: 1 } }
  ]
  for (const body of faulty) await validate(body)
  for (const body of faulty) await document("create", { body }, `create ${JSON.stringify(body)}`)
  await document("createOrReplace", { _id: "d1", body: { name: "fine", age: null, o: {} } })
  await document("update", { _id: "d1", body: { size: 3 } })
  await document("update", { _id: "d1", body: { age: null } }, "update with a default")
  await document("update", { _id: "d1", body: { name: null } }, "update with nothing")
  await document("update", { _id: "d1", body: { o: { in: "x" } } }, "update wrong")
  await document("update", { _id: "absent", body: { o: { in: "x" } } }, "update absent")
  await document("replace", { _id: "d1", body: { name: "new" } })
  await document("replace", { _id: "d1", body: {} }, "replace wrong")
  await document("upsert", { _id: "d1", body: { changes: { name: 1 } } }, "upsert is not validated")
  await document(
    "mCreate",
    { body: { documents: [{ _id: "d2", body: { name: "toolong" } }] } },
    "mCreate is not validated"
  )
  await ask("updateSpecifications", { body: { strict: true, fields } }, "strict ones")
  for (const body of faulty) await validate(body)
  await document("create", { _id: "s1", body: { name: "fine", other: 1 } }, "create with another field")
  await document("create", { _id: "s1", body: { name: "fine", o: { other: 1 } } }, "create with another field inside")
  await document("create", { _id: "s1", body: { name: "fine", p: [{ other: 1 }] } }, "create where it is allowed")
  await document("update", { _id: "s1", body: { age: 3 } }, "update fails always")
  await ask("updateSpecifications", { body: { validators: [{ equals: { a: 1 } }] } }, "validators")
  await validate({ a: 1 })
  await validate({ a: 2 })
  await document("create", { body: { a: 2 } }, "create what does not match")
  await document("create", { _id: "v", body: { a: 1 } }, "create what matches")
  const search = (body: object, more: object = {}, label?: string) =>
    party.ask(request("collection", "searchSpecifications", { body, ...more }), label)
  // A filter has no score. A score would depend on the specifications of other clients.
  await search({ query: { bool: { filter: { term: { index } } } } })
  await search(
    { query: { bool: { filter: [{ term: { index } }, { term: { collection: "absent" } }] } } },
    {},
    "no such"
  )
  await search({ foo: 1 }, {}, "search wrong")
  await search({ query: { term: { index } } }, { size: 10_001 }, "search too many")
  await ask(
    "updateSpecifications",
    { collection: "other", body: { strict: true } },
    "of a collection that is not there"
  )
  const { result } = await search(
    { query: { term: { index } }, sort: ["collection"] },
    { size: 1, scroll: "10s" },
    "scroll"
  )
  const scroll = (more: object, label: string) => party.ask(request("collection", "scrollSpecifications", more), label)
  await scroll({ scrollId: result.scrollId, scroll: "10s" }, "the next page")
  await scroll({ scrollId: result.scrollId }, "after the last page")
  await scroll({ scrollId: "garbage", scroll: "1h" }, "scroll too long")
  await scroll({}, "no scroll id")
  await ask("deleteSpecifications", { collection: "other" })
  await ask("deleteSpecifications")
  await ask("getSpecifications", {}, "none any more")
  await validate({})
  await clean()
})

const setup = scenario("collections: mappings and settings", async (world) => {
  const { clean, col, index, party } = await prepare(world)
  const ask = (action: string, more: object = {}, label?: string) =>
    party.ask(request("collection", action, { ...col, ...more }), label)
  await ask("updateMapping", {
    body: { properties: { more: { type: "keyword" }, where: { properties: { zip: { type: "keyword" } } } } }
  })
  await ask("updateMapping", { body: { dynamic: true, _meta: { a: 1 } } }, "updateMapping policy")
  await ask("updateMapping", { body: { properties: { name: { type: "long" } } } }, "updateMapping type")
  await ask("updateMapping", { body: { foo: 1 } }, "updateMapping wrong")
  await ask("updateMapping", {}, "updateMapping no body")
  await ask("updateMapping", { collection: "absent", body: {} }, "updateMapping nowhere")
  await ask("getMapping")
  await ask("update", {
    body: { settings: { refresh_interval: "1s" }, mappings: { properties: { new: { type: "long" } } } }
  })
  await ask("update", { body: { reindexCollection: true, mappings: { dynamic: "false" } } }, "update, reindex")
  await ask("getMapping", {}, "getMapping updated")
  await ask("getSettings", { collection: "absent" }, "getSettings nowhere")
  await party.ask(request("index", "create", { index: `${index}-two` }))
  const mDelete = (body: object | null, label: string) => party.ask(request("index", "mDelete", { body }), label)
  await mDelete({ indexes: "x" }, "mDelete wrong")
  await mDelete({ indexes: [] }, "mDelete none")
  await mDelete(null, "mDelete nothing")
  await mDelete({ indexes: ["absent", `${index}-two`, 42] }, "mDelete")
  await party.ask(request("index", "exists", { index: `${index}-two` }), "gone")
  await clean()
})

const relevance = scenario("documents: relevance", async (world) => {
  const { clean, document, search } = await prepare(world)
  const texts = [
    "the quick brown fox jumps over the lazy dog",
    "quick quick quick",
    "a lazy dog and a lazy cat",
    "Brown bread, brown sugar",
    "fox",
    "the dog of the fox is not the dog of the cat " + "and so on ".repeat(40)
  ]
  await document("mCreate", {
    refresh: "wait_for",
    body: {
      documents: [
        ...texts.map((bio, n) => ({ _id: `t${n}`, body: { bio, name: `n${n % 3}`, age: n, ok: n % 2 === 0 } })),
        { _id: "many", body: { name: ["n0", "n1", "n0"], bio: ["quick", "brown fox"] } },
        { _id: "none", body: { age: 9 } }
      ]
    }
  })
  for (const word of ["quick", "brown", "fox", "dog", "cat", "on", "absent"]) {
    await search({ query: { match: { bio: word } } })
  }
  const quick = { match: { bio: "quick" } }
  const first = { term: { name: "n0" } }
  const queries = [
    { match: { bio: "quick brown fox" } },
    { match: { bio: { query: "lazy dog", operator: "and" } } },
    { match: { bio: { query: "lazy dog", boost: 2.5 } } },
    { match: { bio: "quick quick" } },
    { match_phrase: { bio: "lazy dog" } },
    { match_phrase: { bio: { query: "brown fox", boost: 3 } } },
    { match_phrase_prefix: { bio: "brown f" } },
    { multi_match: { query: "n0 fox", fields: ["bio", "name^3"] } },
    { multi_match: { query: "lazy dog", fields: ["bio"], operator: "and" } },
    { term: { name: "n0" } },
    { term: { name: { value: "n1", boost: 0.3 } } },
    { terms: { name: ["n0", "n1"] } },
    { range: { age: { gte: 2, boost: 4 } } },
    { term: { age: { value: 3, boost: 2 } } },
    { prefix: { name: { value: "n", boost: 7 } } },
    { exists: { field: "bio", boost: 2 } },
    { ids: { values: ["t1", "many"], boost: 5 } },
    { match_all: { boost: 1.5 } },
    { constant_score: { filter: quick, boost: 1.2 } },
    { bool: { must: [quick, first] } },
    { bool: { must: quick, should: [first, { term: { ok: true } }] } },
    { bool: { should: [quick, first, { range: { age: { gt: 2 } } }] } },
    { bool: { should: [quick, first, { match: { bio: "fox" } }], minimum_should_match: 2 } },
    { bool: { must: { bool: { should: [quick, first] } }, filter: { term: { ok: true } }, boost: 2 } },
    { bool: { must_not: [quick] } },
    { bool: {} }
  ]
  for (const query of queries) await search({ query })
  await search({ query: quick, sort: ["_score", { age: "desc" }] })
  await search({ query: quick, sort: [{ _score: "asc" }] })
  await search({ query: quick, sort: ["age"] })
  await search({ query: { match: { bio: "fox" } } }, { size: 2, from: 1 })
  await search({ query: { match: { bio: "fox" } } }, { size: 2, scroll: "1s" })
  await clean()
})

const dates = scenario("documents: dates", async (world) => {
  const { clean, document, search } = await prepare(world)
  const values = [
    ...[12, 2020, 12345, 1234.5, -38, -1234, -62135596800000, 253402300800000, true, 1e20],
    ...["2020", "2020-02", "2020-02-29", "2020-02-30", "2020-1-1", "2020/01/01", "2020-01-01T10", "2020-01-01T10:30"],
    ...["2020-01-01T10:30:15", "2020-01-01T10:30:15.123456Z", "2020-01-01T10:30:15,5+01:00", "2020-01-01 10:00:00"],
    ...["2020-01-01T24", "-0038", "+012020-01-01", "12020", "", "12", "1e3", "x"]
  ]
  for (const [i, at] of values.entries()) {
    await document("create", { _id: `d${i}`, body: { at } }, `date ${JSON.stringify(at)}`)
  }
  await document("create", { _id: "last", body: {}, refresh: "wait_for" })
  await search({ sort: [{ at: "asc" }, { _id: "asc" }], _source: ["at"] }, { size: 50 })
  for (const date of ["2020", "2020-02", "2020-02-29", "2020-01-01T10", 2020, 12345]) {
    await search({ query: { term: { at: date } }, _source: ["at"], sort: ["_id"] })
    for (const bound of ["gt", "gte", "lt", "lte"]) {
      await search({ query: { range: { at: { [bound]: date } } }, _source: ["at"], sort: ["_id"] }, { size: 50 })
    }
  }
  await clean()
})

/** Queries with a wrong field, option or value. */
const faults = scenario("documents: queries that are refused", async (world) => {
  const { clean, search } = await prepare(world)
  const kinds = ["term", "match", "match_phrase", "match_phrase_prefix", "prefix", "wildcard", "range", "terms"]
  for (const kind of kinds) {
    await search({ query: { [kind]: {} } })
    await search({ query: { [kind]: { name: "a", age: "1" } } })
  }
  for (const field of ["_id", "age", "at", "ok", "bio", "name", "where", "absent"]) {
    for (const kind of ["prefix", "wildcard", "term", "match", "match_phrase"]) {
      await search({ query: { [kind]: { [field]: "x" } } })
    }
    await search({ query: { range: { [field]: { gt: "x" } } } })
    await search({ query: { exists: { field } } })
  }
  const queries = [
    { term: { age: 1.5 } },
    { term: { name: null } },
    { term: { name: ["a"] } },
    { term: { name: { value: "a", foo: 1 } } },
    { match: { bio: { query: "a", foo: 1 } } },
    { match: { bio: { query: "a", operator: "x" } } },
    { range: { age: { foo: 1 } } },
    { range: { age: 1 } },
    { terms: { age: ["x"] } },
    { ids: {} },
    { exists: {} },
    { constant_score: {} }
  ]
  for (const query of queries) await search({ query })
  await search({}, { from: -2 })
  await search({}, { size: -2 })
  await clean()
})

const aggregations = scenario("documents: aggregations", async (world) => {
  const { clean, document, search } = await prepare(world)
  await document("mCreate", {
    refresh: "wait_for",
    body: {
      documents: [0, 1, 2, 3, 4, 5, 6].map((n) => ({
        _id: `s${n}`,
        body: { name: `n${n % 3}`, ...(n === 6 ? {} : { age: n }), where: { city: n < 4 ? "nyc" : "oslo" } }
      }))
    }
  })
  const of = (aggregations: object, more: object = {}) => search({ aggregations, ...more }, { size: 0 })
  await of({ names: { terms: { field: "name" } } })
  await of({ names: { terms: { field: "name", size: 1 } }, cities: { terms: { field: "where.city" } } })
  await of({ ages: { terms: { field: "age", size: 3 } } })
  await of({ absent: { terms: { field: "absent" } } })
  for (const kind of ["min", "max", "avg", "sum", "value_count", "cardinality"]) {
    await of({ [kind]: { [kind]: { field: "age" } }, absent: { [kind]: { field: "absent" } } })
  }
  await of({ nyc: { filter: { term: { "where.city": "nyc" } }, aggs: { oldest: { max: { field: "age" } } } } })
  await of({ names: { terms: { field: "name" }, aggs: { mean: { avg: { field: "age" } } } } }, {
    query: { range: { age: { gt: 1 } } }
  })
  await search({ aggs: { names: { terms: { field: "name" } } }, sort: ["age"] }, { size: 1, scroll: "1s" })
  await clean()
})

export const storage: ReadonlyArray<Scenario> = [
  writes,
  fields,
  queries,
  notified,
  inBulk,
  conflicts,
  specifications,
  setup,
  aggregations,
  relevance,
  dates,
  faults
]
