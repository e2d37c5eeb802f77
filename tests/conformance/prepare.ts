/**
 * The functions that prepare a scenario.
 */
import type { Comparable, World } from "./recorder.ts"

export const request = (controller: string, action: string, more: object = {}) => ({ controller, action, ...more })

/** An answer without the place of a fault in the text that Kuzzle sent to Elasticsearch. */
export const withoutPlace: Comparable = (frame) =>
  JSON.parse(JSON.stringify(frame).replace(/\[\d+:\d+\]/g, "[<place>]"))

/** An index with a collection whose mapping is strict. */
export const strict = {
  mappings: {
    dynamic: "strict",
    properties: {
      name: { type: "keyword" },
      age: { type: "integer" },
      bio: { type: "text", fields: { raw: { type: "keyword" } } },
      at: { type: "date" },
      ok: { type: "boolean" },
      where: { properties: { city: { type: "keyword" } } }
    }
  }
}

export const prepare = async (world: World, mapping: object = strict) => {
  const party = await world.connect("a")
  const index = world.name
  await party.ask(request("index", "create", { index }))
  await party.ask(request("collection", "create", { index, collection: "col", body: mapping }))
  const col = { index, collection: "col" }
  return {
    party,
    index,
    col,
    document: (action: string, more: object = {}, label?: string) =>
      party.ask(request("document", action, { ...col, ...more }), label),
    search: (body: object, more: object = {}) =>
      party.ask(
        request("document", "search", { ...col, body, ...more }),
        `search ${JSON.stringify(body)} ${JSON.stringify(more)}`
      ),
    clean: () => party.ask(request("index", "delete", { index }), "clean")
  }
}

/** A collection with documents. Its mapping has only these properties. */
export const filled = async (
  world: World,
  properties: object,
  documents: { readonly [id: string]: object },
  more: object = {}
) => {
  const prepared = await prepare(world, { mappings: { dynamic: "false", properties, ...more } })
  await prepared.document("mCreate", {
    refresh: "wait_for",
    body: { documents: Object.entries(documents).map(([_id, body]) => ({ _id, body })) }
  })
  /** Aggregations of all documents, without hits. */
  const aggregate = (aggs: object, query: object = {}) => prepared.search({ query, aggs }, { size: 0 })
  return { ...prepared, aggregate }
}
