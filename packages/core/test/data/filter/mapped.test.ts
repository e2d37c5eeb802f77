import { KuzzleFilter } from "@effect-kuzzle/core"
import { assert, describe, it } from "vitest"
import { searchable } from "../../../src/internal/data/filter/mapped.ts"

const keyword = { type: "keyword" }
const withWhole = { type: "text", fields: { keyword: { type: "keyword", ignore_above: 8 } } }

const mappings = {
  dynamic: "false",
  properties: {
    status: keyword,
    seats: { type: "integer" },
    score: { type: "double", index: false },
    seen: { type: "date" },
    free: { type: "boolean" },
    title: { type: "text" },
    stemmed: { type: "text", analyzer: "english" },
    name: withWhole,
    plate: { type: "keyword", ignore_above: 4 },
    position: { type: "geo_point" },
    tags: keyword,
    labels: { type: "flattened" },
    driver: { properties: { name: keyword } },
    raw: { type: "object", enabled: false },
    trips: { type: "nested", properties: { to: keyword } },
    open: { dynamic: "true", properties: {} },
    _kuzzle_info: { properties: { author: keyword } }
  }
}

const { and, contains, equals, exists, geoBoundingBox, geoDistance, ids, isIn, missing, not, or, range } = KuzzleFilter
const paris = { lat: 48.85, lon: 2.35 }

const judged = (filter: KuzzleFilter.SearchFilter, dynamic = "false") =>
  searchable({ ...filter }, { ...mappings, dynamic })

/** The places of the faults, with their fields. */
const issuesOf = (filter: KuzzleFilter.SearchFilter, dynamic?: string) =>
  judged(filter, dynamic).issues.map(({ field, mapping, path }) => `${path} ${field} ${mapping.type}`)

describe("the check of a filter against the mappings", () => {
  it.each<[KuzzleFilter.SearchFilter]>([
    [{}],
    [equals("status", "Free Now")],
    [equals("seats", 4)],
    [equals("driver.name", "Ada")],
    [equals("_kuzzle_info.author", "ada")],
    [equals("labels.colour", "Red")],
    // The search finds a text by one of its words. The client filters the additional hits.
    [equals("title", "free")],
    [equals("stemmed", "Running")],
    [equals("_id", "A-1")],
    [ids(["A-1"])],
    [isIn("status", ["a b", "c"])],
    [isIn("plate", ["AB12"])],
    [range("seats", { gt: 2 })],
    [range("seen", { lt: 1e12 })],
    [exists("title")],
    [exists("driver")],
    [contains("tags", "Rock")],
    [geoDistance("position", paris, "2 km")],
    [geoBoundingBox("position", { top: 2, left: 1, bottom: 1, right: 2 })],
    // The client filters the additional hits of the search.
    [missing("deletedAt")],
    [not(equals("deletedBy", "Ada"))],
    [not(equals("title", "A B"))],
    [and(equals("status", "free"), missing("deletedAt"), not(exists("raw.x")))]
  ])("accepts %j", (filter) => {
    const { filter: sent, issues, settled } = judged(filter)
    assert.deepStrictEqual(issues, [])
    assert.isTrue(settled)
    assert.deepStrictEqual<unknown>(sent, filter)
  })

  it.each<[KuzzleFilter.SearchFilter, ReadonlyArray<string>]>([
    [equals("staus", "free"), ["equals.staus staus keyword"]],
    [equals("driver.age", 40), ["equals.driver.age driver.age long"]],
    [equals("ratio", 0.5), ["equals.ratio ratio double"]],
    [equals("happy", true), ["equals.happy happy boolean"]],
    [isIn("kind", ["a"]), ["in.kind kind keyword"]],
    [range("age", { gt: 2 }), ["range.age age double"]],
    [exists("nothing"), ["exists nothing keyword"]],
    [contains("list", 3), ["exists list long"]],
    [not(missing("nothing")), ["not.missing nothing keyword"]],
    [not(not(equals("staus", "free"))), ["not.not.equals.staus staus keyword"]],
    [geoDistance("place", paris, "2 km"), ["geoDistance.place place geo_point"]],
    [geoBoundingBox("status", { top: 2, left: 1, bottom: 1, right: 2 }), ["geoBoundingBox.status status geo_point"]],
    [not(geoDistance("status", paris, "2 km")), ["not.geoDistance.status status geo_point"]],
    // Texts are split into words in lower case.
    [equals("title", "Free"), ["equals.title title keyword"]],
    [equals("title", "free now"), ["equals.title title keyword"]],
    [equals("title", ""), ["equals.title title keyword"]],
    [isIn("title", ["free", "semi-free"]), ["in.title title keyword"]],
    [contains("title", "A"), ["exists title keyword"]],
    [range("status", { gt: 2 }), ["range.status status double"]],
    [not(range("title", { gt: 2 })), ["not.range.title title double"]],
    [equals("plate", "AB123"), ["equals.plate plate keyword"]],
    [equals("score", 1), ["equals.score score long"]],
    [not(range("score", { gt: 1 })), ["not.range.score score double"]],
    [equals("raw.x", 1), ["equals.raw.x raw.x long"]],
    [equals("trips.to", "Paris"), ["equals.trips.to trips.to keyword"]],
    [
      and(equals("status", "free"), or(equals("a", "x"), and(equals("b", "x")))),
      ["and[1].or[0].equals.a a keyword", "and[1].or[1].and[0].equals.b b keyword"]
    ]
  ])("refuses %j", (filter, issues) => {
    assert.deepStrictEqual(issuesOf(filter), issues)
  })

  it("a field that the first document will map is accepted, unless it must be a point", () => {
    for (const filter of [equals("new", "Free Now"), range("new", { gt: 1 }), exists("new.inner")]) {
      assert.deepStrictEqual(issuesOf(filter, "true"), [])
      assert.isFalse(judged(filter, "true").settled)
    }
    assert.deepStrictEqual(issuesOf(geoDistance("new", paris, "2 km"), "true"), ["geoDistance.new new geo_point"])
    assert.deepStrictEqual(issuesOf(equals("new", "x"), "strict"), ["equals.new new keyword"])
    // The nearest enclosing object with `dynamic` decides.
    assert.isFalse(judged(equals("open.new", "x")).settled)
    assert.deepStrictEqual(issuesOf(equals("driver.new", "x"), "true"), [])
  })

  it("a text with a keyword sub-field is searched by the sub-field", () => {
    const filter = and(
      equals("name", "Ada L"),
      isIn("name", ["Ada", "Bob"]),
      not(contains("name", "Eve")),
      exists("name"),
      equals("status", "free")
    )
    assert.deepStrictEqual<unknown>(judged(filter), {
      issues: [],
      settled: true,
      filter: and(
        equals("name.keyword", "Ada L"),
        isIn("name.keyword", ["Ada", "Bob"]),
        not(contains("name.keyword", "Eve")),
        exists("name"),
        equals("status", "free")
      )
    })
    // A text that is too long for the sub-field cannot be searched.
    assert.deepStrictEqual(issuesOf(equals("name", "Ada Lovelace")), ["equals.name name keyword"])
  })

  it("a filter that the server refuses is passed on, so that the server reports its error", () => {
    const odd: ReadonlyArray<{ readonly [key: string]: unknown }> = [
      { and: 1 },
      { and: [1] },
      { not: 1 },
      { equals: 1 },
      { equals: {} },
      { exists: "a[" },
      { exists: "status[x]" },
      { geoDistance: 1 },
      { regexp: { a: "b" } },
      { nothing: true }
    ]
    for (const filter of odd) assert.deepStrictEqual(searchable(filter, { dynamic: "true", properties: {} }).issues, [])
    assert.deepStrictEqual(searchable({ equals: { a: 1 } }, {}).issues, [])
  })
})
