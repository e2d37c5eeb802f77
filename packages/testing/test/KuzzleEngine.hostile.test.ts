/** The engine answers hostile requests soon, and the requests after them. */
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Client, connect, errorOf, type Json, resultOf } from "./support.ts"

const run = <A>(test: (client: Client) => A) =>
  Effect.map(connect(), test).pipe(Effect.provide(KuzzleEngine.layer({ refreshInterval: 0 })))

const taxi = { index: "nyc", collection: "taxi" }

const notImplemented = "testing.engine.not_implemented"

/** JSON with this many levels, as text: `JSON.stringify` of such a value would overflow the stack. */
const nested = (levels: number): string => `${"{\"a\":".repeat(levels)}1${"}".repeat(levels)}`

/** The timeout of a test, in milliseconds, for a busy machine. A fault takes minutes or ends the process. */
const soon = 15_000

const fill = (client: Client, mappings: Json, ...documents: ReadonlyArray<Json>): void => {
  client.ask("collection", "create", { ...taxi, body: { mappings } })
  for (const [i, body] of documents.entries()) client.ask("document", "create", { ...taxi, _id: `d${i}`, body })
}

const search = (client: Client, body: Json): Json => client.ask("document", "search", { ...taxi, body })

describe("KuzzleEngine: hostile requests", () => {
  it.effect("JSON that is nested too deeply is refused by its request id, wherever it stands", () =>
    run((client) => {
      fill(client, {})
      for (const levels of [2000, 100_000]) {
        for (const place of ["volatile", "body", "anything"]) {
          const frame =
            `{"requestId":"deep","controller":"document","action":"create","index":"nyc","collection":"taxi",`
          client.raw(`${frame}"${place}":${nested(levels)}}`)
          const [refused, ...others] = client.take()
          assert.deepStrictEqual(others, [])
          if (refused === undefined) return assert.fail("it was not answered")
          assert.strictEqual(refused.requestId, "deep")
          assert.strictEqual(errorOf(refused).id, notImplemented)
        }
      }
      client.raw("[".repeat(500_000))
      client.raw(`${"[".repeat(400_000)}${"]".repeat(400_000)}`)
      assert.lengthOf(client.take(), 2)
      assert.strictEqual(client.ask("server", "now").status, 200)
    }), soon)

  it.effect("a document with the largest allowed depth is stored, found and notified", () =>
    run((client) => {
      fill(client, {})
      client.ask("realtime", "subscribe", { ...taxi, body: {} })
      const body = JSON.parse(nested(998))
      assert.strictEqual(client.ask("document", "create", { ...taxi, _id: "deep", body }).status, 200)
      assert.strictEqual(client.ask("document", "update", { ...taxi, _id: "deep", body: { b: body } }).status, 200)
      assert.strictEqual(client.ask("document", "update", { ...taxi, _id: "deep", body }).status, 200)
      assert.strictEqual(search(client, {}).status, 200)
      assert.isAbove(client.take().length, 0)
    }), soon)

  it.effect("a search by a wildcard that backtracks too often is refused", () =>
    run((client) => {
      const name = "a".repeat(30_000)
      fill(client, { properties: { name: { type: "keyword" } } }, ...Array.from({ length: 10 }, () => ({ name })))
      const refused = search(client, { query: { wildcard: { name: `*${"a".repeat(10_000)}b*` } } })
      assert.strictEqual(errorOf(refused).id, notImplemented)
      const answer = search(client, { query: { wildcard: { name: "*a*a*a" } } })
      assert.strictEqual(resultOf(answer).total, 10)
    }), soon)

  it.effect("a pattern of Redis that backtracks too often is refused", () =>
    run((client) => {
      client.ask("ms", "set", { _id: "a".repeat(400_000), body: { value: "x" } })
      const refused = client.ask("ms", "keys", { pattern: `*${"a".repeat(200_000)}b*` })
      assert.strictEqual(errorOf(refused).id, notImplemented)
    }), soon)

  it.effect(
    "a histogram of too many buckets is refused as Elasticsearch refuses it, a sparse one is not",
    () =>
      run((client) => {
        fill(client, { properties: { at: { type: "date" } } }, { at: "1970-01-01" }, { at: "2030-01-01" })
        const histogram = (options: Json) => ({ aggs: { x: { date_histogram: { field: "at", ...options } } } })
        for (const fixed_interval of ["1ms", "1s", "6h"]) {
          assert.strictEqual(
            errorOf(search(client, histogram({ fixed_interval }))).id,
            "services.storage.unexpected_error"
          )
        }
        assert.strictEqual(search(client, histogram({ fixed_interval: "0ms" })).status, 400)
        assert.strictEqual(search(client, histogram({ fixed_interval: "99999999999999999d" })).status, 400)
        const { aggregations } = resultOf(search(client, histogram({ fixed_interval: "1ms", min_doc_count: 1 })))
        assert.lengthOf(JSON.stringify(aggregations).match(/doc_count/g) ?? [], 2)
      }),
    soon
  )

  it.effect("the cost of a document with very many fields is proportional to their number", () =>
    run((client) => {
      fill(client, { dynamic: "true" })
      client.ask("collection", "create", { ...taxi, collection: "plain" })
      const plain = { ...taxi, collection: "plain", _id: "wide" }
      const wide = Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`k${i}`, 1]))
      const refused = client.ask("document", "create", { ...taxi, _id: "wide", body: wide })
      assert.strictEqual(errorOf(refused).message, "Limit of total fields [1000] has been exceeded")
      assert.strictEqual(client.ask("document", "create", { ...plain, body: wide }).status, 200)
      assert.strictEqual(client.ask("document", "update", { ...plain, body: { k1: 2 } }).status, 200)
      assert.strictEqual(client.ask("document", "update", { ...plain, body: wide }).status, 200)
      const answer = client.ask("document", "search", { ...plain, body: { _source: ["k*"] } })
      assert.strictEqual(resultOf(answer).total, 1)
    }), soon)

  it.effect("a request for more random members than fit into memory is refused", () =>
    run((client) => {
      client.ask("ms", "sadd", { _id: "set", body: { members: ["a"] } })
      const refused = client.ask("ms", "srandmember", { _id: "set", count: -4_000_000_000 })
      assert.strictEqual(errorOf(refused).id, notImplemented)
    }), soon)

  it.effect("deep JSON in a query string or a header is refused, too", () =>
    Effect.gen(function*() {
      const { http } = yield* KuzzleEngine.KuzzleEngine
      const deep = `${"[".repeat(7000)}${"]".repeat(7000)}`
      const get = (url: string, headers: KuzzleEngine.Headers = {}) =>
        http({ method: "GET", url, headers, body: "" })?.status
      assert.strictEqual(get(`/nyc/taxi/_search?searchBody={"a":${deep}}`), 501)
      assert.strictEqual(get("/_now", { "x-kuzzle-volatile": `{"a":${deep}}` }), 501)
      assert.strictEqual(http({ method: "POST", url: "/_query", headers: {}, body: nested(10_000) })?.status, 501)
      assert.strictEqual(get("/_now"), 200)
    }).pipe(Effect.provide(KuzzleEngine.layer())), soon)
})
