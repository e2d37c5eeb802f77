/** `document:export`: its output, and failures after the output has started. */
import { prepare, request } from "./prepare.ts"
import { scenario } from "./recorder.ts"

const exports_ = scenario("exports", async (world) => {
  const properties = {
    n: { type: "integer" },
    name: { type: "keyword" },
    o: { properties: { a: { type: "keyword" } } }
  }
  const { clean, col, party } = await prepare(world, { mappings: { dynamic: "true", properties } })
  const { collection, index } = col
  const documents = Array.from({ length: 25 }, (_, n) => ({
    _id: `d${n}`,
    body: { n, name: `x,"${n}"\né`, ...(n % 2 === 0 ? { o: { a: "b" } } : {}), list: [n] }
  }))
  await party.ask(request("document", "mCreate", { ...col, refresh: "wait_for", body: { documents } }))

  const query = (more: object, label: string, headers: Record<string, string> = {}) =>
    world.http({
      method: "POST",
      path: "/_query",
      body: JSON.stringify(request("document", "export", { ...col, ...more })),
      headers
    }, label)
  const sort = { query: { term: { n: 3 } } }
  await party.ask(request("document", "export", { ...col, body: {} }), "over a WebSocket")
  await query({ body: {} }, "all, ten at a time")
  await query({ size: 100 }, "without a body")
  await query({ body: sort }, "a query")
  await query({ body: sort }, "with an origin", { origin: "http://x" })
  await query({ lang: "koncorde", body: { query: { equals: { n: 4 } } } }, "Koncorde")
  await query({
    format: "csv",
    size: 3,
    body: { fields: ["n", "_id", "name", "o", "o.a", "list", "absent"], fieldsName: { n: "Number" } }
  }, "CSV")
  await query({ format: "CSV", separator: ";", body: sort }, "CSV of all fields")
  await query({ format: "xml", body: sort }, "another format")
  await query({ collection: "absent", body: {} }, "no such collection")
  await query({ collection: "absent", format: "csv", body: {} }, "no such collection, CSV")
  await query({ scroll: "10m", body: {} }, "a scroll too long")
  await query({ body: { query: "x" } }, "a query that is a text")
  await query({ body: { fields: "x" } }, "fields that are a text")
  await query({ size: "x", body: {} }, "a size that is a text")
  await query({ lang: "x", body: {} }, "a language that is none")
  await query({ collection: "", body: {} }, "no collection")

  const rest = (method: string, path: string, label: string, body?: object) =>
    world.http({
      method,
      path: `/${index}/${collection}/_export${path}`,
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    }, label)
  await rest("POST", "?size=3", "by its route", sort)
  await rest("GET", `?format=csv&fields=${encodeURIComponent("[\"n\"]")}&size=7`, "by GET")
  await rest("GET", `?query=${encodeURIComponent(JSON.stringify(sort.query))}`, "by GET, a query")
  await rest("GET", "?query=x", "by GET, a query that is none")
  await clean()
})

export { exports_ as exports }
