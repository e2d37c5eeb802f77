import { KuzzleFilter } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { growth } from "./support/steps.ts"

const {
  and,
  bool,
  contains,
  equals,
  exists,
  geoBoundingBox,
  geoDistance,
  geoDistanceRange,
  geoPolygon,
  ids,
  isIn,
  match,
  matches,
  missing,
  not,
  or,
  range,
  regexp,
  select,
  validate,
  validateSearch
} = KuzzleFilter

/** The documents that match. */
const matching = (filter: KuzzleFilter.Filter, documents: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  assert.deepStrictEqual(validate(filter), [])
  return documents.filter(matches(filter))
}

describe("builders", () => {
  it("make filters in the form that is sent to the server", () => {
    assert.deepStrictEqual<unknown>(KuzzleFilter.all, {})
    assert.deepStrictEqual<unknown>(KuzzleFilter.nothing, { nothing: true })
    assert.deepStrictEqual<unknown>(equals("a.b", null), { equals: { "a.b": null } })
    assert.deepStrictEqual<unknown>(isIn("a", ["x", "y"]), { in: { a: ["x", "y"] } })
    assert.deepStrictEqual<unknown>(ids(["x"]), { ids: { values: ["x"] } })
    assert.deepStrictEqual<unknown>(exists("a"), { exists: "a" })
    assert.deepStrictEqual<unknown>(missing("a"), { missing: "a" })
    assert.deepStrictEqual<unknown>(contains("a[0].tags", "x\""), { exists: "a\\[0\\].tags[\"x\\\"\"]" })
    assert.deepStrictEqual<unknown>(range("a", { gt: 1, lte: 2 }), { range: { a: { gt: 1, lte: 2 } } })
    assert.deepStrictEqual<unknown>(regexp("a", "^x"), { regexp: { a: "^x" } })
    assert.deepStrictEqual<unknown>(regexp("a", "^x", "i"), { regexp: { a: { value: "^x", flags: "i" } } })
    assert.deepStrictEqual<unknown>(regexp("a", /^x/i), { regexp: { a: { value: "^x", flags: "i" } } })
    assert.deepStrictEqual<unknown>(match({ a: [1] }), { match: { a: [1] } })
    assert.deepStrictEqual<unknown>(select("a", -1, equals("value", 1)), {
      select: { field: "a", index: -1, query: { equals: { value: 1 } } }
    })
    // A builder turns an array into an object, because a search reads arrays with the longitude first.
    assert.deepStrictEqual<unknown>(geoDistance("p", [48.8, 2.3], "1 km"), {
      geoDistance: { p: { lat: 48.8, lon: 2.3 }, distance: "1 km" }
    })
    assert.deepStrictEqual<unknown>(geoDistance("p", "48.8, 2.3", "1 km"), {
      geoDistance: { p: "48.8, 2.3", distance: "1 km" }
    })
    assert.deepStrictEqual<unknown>(geoBoundingBox("p", { topLeft: [1, 0], bottomRight: { lat: 0, lon: 1 } }), {
      geoBoundingBox: { p: { top_left: { lat: 1, lon: 0 }, bottom_right: { lat: 0, lon: 1 } } }
    })
    assert.deepStrictEqual<unknown>(geoDistanceRange("p", "u09t", { from: "1m", to: "2m" }), {
      geoDistanceRange: { p: "u09t", from: "1m", to: "2m" }
    })
    assert.deepStrictEqual<unknown>(geoBoundingBox("p", { top: 1, left: 0, bottom: 0, right: 1 }), {
      geoBoundingBox: { p: { top: 1, left: 0, bottom: 0, right: 1 } }
    })
    assert.deepStrictEqual<unknown>(geoPolygon("p", [[0, 0], [1, 0], [0, 1]]), {
      geoPolygon: { p: { points: [[0, 0], [1, 0], [0, 1]] } }
    })
    assert.deepStrictEqual<unknown>(and(equals("a", 1), not(or(exists("b")))), {
      and: [{ equals: { a: 1 } }, { not: { or: [{ exists: "b" }] } }]
    })
    assert.deepStrictEqual<unknown>(bool({ must_not: [exists("a")] }), { bool: { must_not: [{ exists: "a" }] } })
  })

  it("make filters that JSON does not change", () => {
    const filter = and(equals("a", 1), regexp("b", /x/), contains("c", null))
    assert.deepStrictEqual<unknown>(JSON.parse(JSON.stringify(filter)), filter)
  })
})

describe("builders that are typed by the document", () => {
  interface Taxi {
    readonly status: "free" | "busy"
    readonly seats: number
    readonly tags: ReadonlyArray<string>
    readonly driver: { readonly name: string }
    readonly position: { readonly lat: number; readonly lon: number }
  }

  it("are the same functions as the builders", () => {
    const taxi = KuzzleFilter.for<Taxi>()
    for (const [name, builder] of Object.entries(taxi)) {
      assert.propertyVal(KuzzleFilter, name, builder)
    }
    assert.deepStrictEqual<unknown>(
      taxi.and(
        taxi.equals("status", "free"),
        taxi.not(taxi.range("seats", { lt: 4 })),
        taxi.contains("tags", "new"),
        taxi.regexp("driver.name", /^a/)
      ),
      and(
        equals("status", "free"),
        not(range("seats", { lt: 4 })),
        contains("tags", "new"),
        regexp("driver.name", /^a/)
      )
    )
  })

  it("match documents of that type", () => {
    const taxi = KuzzleFilter.for<Taxi>()
    const near = matches(taxi.and(
      taxi.geoDistance("position", [48.85, 2.35], "2 km"),
      taxi.match({ driver: { name: "ada" } }),
      taxi.select("tags", 0, KuzzleFilter.for<{ readonly value: string }>().equals("value", "new"))
    ))
    const document: Taxi = {
      status: "free",
      seats: 4,
      tags: ["new"],
      driver: { name: "ada" },
      position: { lat: 48.851, lon: 2.351 }
    }
    assert.isTrue(near(document))
    assert.isFalse(near({ ...document, tags: [] }))
  })
})

describe("validateSearch", () => {
  const accepted: ReadonlyArray<KuzzleFilter.SearchFilter> = [
    KuzzleFilter.all,
    equals("a", 1),
    and(isIn("a", ["x"]), or(ids(["x"]), not(missing("a.b")))),
    exists("a"),
    contains("tags", "x"),
    contains("tags", 3),
    contains("tags", true),
    range("a", { gt: 1 }),
    geoDistance("p", [48.8, 2.3], "1.5 km"),
    geoBoundingBox("p", { top: 1, left: 0, bottom: 0, right: 1 }),
    geoBoundingBox("p", { topLeft: [1, 0], bottomRight: "0, 1" }),
    isIn("a", Array.from({ length: 500 }, (_, i) => `x${i}`))
  ]

  for (const filter of accepted) {
    it(`accepts ${JSON.stringify(filter).slice(0, 100)}`, () => {
      assert.deepStrictEqual(validateSearch(filter), [])
    })
  }

  const elsewhere = "a search has no such condition, only a subscription"
  const points = "a point of a search must be { lat, lon } or a string: Elasticsearch takes an array for [lon, lat]"
  const refused: ReadonlyArray<readonly [filter: unknown, issue: string]> = [
    [{ and: [] }, "and: must be a non-empty array of filters"],
    [{ regexp: { a: "x" } }, `regexp: ${elsewhere}`],
    [{ and: [{ not: { match: { a: 1 } } }] }, `and[0].not.match: ${elsewhere}`],
    [select("a", 0, equals("value", 1)), `select: ${elsewhere}`],
    [KuzzleFilter.nothing, `nothing: ${elsewhere}`],
    [{ or: [{ exists: "a" }, bool({ must: [exists("a")] })] }, `or[1].bool: ${elsewhere}`],
    [geoDistanceRange("p", "1,2", { from: "1m", to: "2m" }), `geoDistanceRange: ${elsewhere}`],
    [geoPolygon("p", [[0, 0], [1, 0], [0, 1]]), `geoPolygon: ${elsewhere}`],
    [equals("a", null), "equals: Elasticsearch stores no null: use missing"],
    [contains("a", ""), "exists: the server cannot look for the element \"\""],
    [contains("a", false), "exists: the server cannot look for the element false"],
    [contains("a", 0), "exists: the server cannot look for the element 0"],
    [contains("a[0]", "x"), "exists: a search cannot ask for a name with brackets"],
    [{ exists: "a[{}]" }, "exists: the server cannot look for the element {}"],
    [{ missing: "a[1]" }, "missing: the server reads brackets as part of the name of the field"],
    [{ missing: { field: "a" } }, "missing: must be a string in a search"],
    [{ geoDistance: { p: [48, 2], distance: "1 km" } }, `geoDistance: ${points}`],
    [{ geoDistance: { p: { latLon: [48, 2] }, distance: "1 km" } }, `geoDistance: ${points}`],
    [
      geoDistance("p", "48, 2", "1 kft"),
      "geoDistance: a distance of a search is a number and one of m, km, cm, mm, mi, yd, ft, in"
    ],
    [
      { geoBoundingBox: { p: { topLeft: [1, 0], bottomRight: [0, 1] } } },
      "geoBoundingBox: a box of a search has top, left, bottom and right as numbers, or top_left and bottom_right"
    ],
    [{ geoBoundingBox: { p: { top_left: [1, 0], bottom_right: [0, 1] } } }, `geoBoundingBox: ${points}`]
  ]

  for (const [filter, issue] of refused) {
    it(`refuses ${JSON.stringify(filter)}`, () => {
      assert.deepStrictEqual(validateSearch(filter), [issue])
    })
  }

  it("lists all faults", () => {
    assert.lengthOf(validateSearch(and(equals("a", null), not(regexp("b", /x/)), exists("c"))), 2)
  })
})

describe("validate", () => {
  // The real server refuses each of these filters (observed).
  const refused: ReadonlyArray<readonly [filter: unknown, issue: string]> = [
    [null, "a filter must be an object"],
    ["x", "a filter must be an object"],
    [[], "a filter must be an object"],
    [{ a: 1 }, "unknown keyword a"],
    [{ toString: 1 }, "unknown keyword toString"],
    [{ equals: { a: 1 }, exists: "a" }, "a filter has one keyword, this one has 2 (equals, exists): use and"],
    [{ equals: {} }, "equals: must have exactly one field, has 0"],
    [{ equals: { a: 1, b: 2 } }, "equals: must have exactly one field, has 2"],
    [{ equals: { a: [1] } }, "equals.a: must be a string, a finite number, a boolean or null"],
    [{ equals: { a: NaN } }, "equals.a: must be a string, a finite number, a boolean or null"],
    [{ in: { a: [] } }, "in.a: must be a non-empty array of strings"],
    [{ in: { a: ["x", 1] } }, "in.a[1]: must be a string"],
    [{ ids: { values: [1] } }, "ids.values[0]: must be a string"],
    [{ ids: ["x"] }, "ids: must be {values: [\"…\"]}"],
    [{ exists: "" }, "exists: must be a non-empty string"],
    [{ exists: "a[x]" }, "exists: between brackets must be a JSON value, not x (strings are quoted)"],
    [{ range: { a: {} } }, "range.a: must be an object with one or two of gt, gte, lt, lte"],
    [{ range: { a: { gt: "1" } } }, "range.a.gt: must be a finite number (dates too)"],
    [{ range: { a: { gt: 1, gte: 1 } } }, "range.a: has two lower bounds, gt and gte"],
    [{ range: { a: { gte: 1, lte: 1 } } }, "range.a: the lower bound (1) must be below the upper one (1)"],
    [{ range: { a: { above: 1 } } }, "range.a: above is not one of gt, gte, lt, lte"],
    [{ regexp: { a: "(?=x)" } }, "regexp.a: the pattern (?=x) is refused: the server does not support look-around"],
    [
      { regexp: { a: "(x)\\1" } },
      "regexp.a: the pattern (x)\\1 is refused: the server does not support back-references"
    ],
    [{ regexp: { a: "(" } }, "regexp.a: the pattern ( is refused: a ) is missing"],
    [{ regexp: { a: { value: "x", flags: 1 } } }, "regexp.a.flags: must be a string"],
    [{ match: {} }, "match: must be a non-empty object"],
    [{ select: { field: "a", index: 0 } }, "select: must be an object with exactly field, index and query"],
    [
      { select: { field: "a", index: 0.5, query: { exists: "value" } } },
      "select.index: must be an integer (negative: from the end)"
    ],
    [
      { and: [{ not: { select: { field: "a", index: 0, query: { exists: "value" } } } }] },
      "and[0].not.select: cannot be negated: the server has no matcher for that"
    ],
    [{ and: [] }, "and: must be a non-empty array of filters"],
    [{ or: [{}] }, "or[0]: a filter inside a filter must not be empty"],
    [{ not: {} }, "not: a filter inside a filter must not be empty"],
    [{ bool: { must: [] } }, "bool: must have a clause that is not empty: must, must_not, should or should_not"],
    [{ bool: { maybe: [] } }, "bool: maybe: not one of must, must_not, should, should_not"],
    [
      { geoDistance: { p: [0, 0], distance: 10 } },
      "geoDistance.distance: must be a distance: a number and its unit (m, ft, in, yd, mi, km …), as a string"
    ],
    [
      { geoDistance: { p: [0, 0], distance: "10" } },
      "geoDistance.distance: must be a distance: a number and its unit (m, ft, in, yd, mi, km …), as a string"
    ],
    [
      { geoDistanceRange: { p: [0, 0], from: "1km", to: "1m" } },
      "geoDistanceRange: from (1000 m) must be less than to (1 m)"
    ],
    [{ geoPolygon: { p: { points: [[0, 0], [1, 1]] } } }, "geoPolygon.p: must be {points: […]} with 3 points or more"],
    [
      { geoBoundingBox: { p: { top: 1, left: 170, bottom: 0, right: -170 } } },
      "geoBoundingBox.p: left (170) must be less than right (-170); across the antimeridian, add 360 to right"
    ]
  ]

  for (const [filter, issue] of refused) {
    it(`refuses ${JSON.stringify(filter)}`, () => {
      assert.deepStrictEqual(validate(filter), [issue])
    })
  }

  it("lists all faults", () => {
    assert.deepStrictEqual(
      validate({ and: [{ in: { a: [1] } }, { exists: "a" }, { not: { range: { b: { gt: 2, lt: 1 } } } }] }),
      ["and[0].in.a[0]: must be a string", "and[2].not.range.b: the lower bound (2) must be below the upper one (1)"]
    )
  })

  it("counts conditions as the server does", () => {
    const hundred = Array.from({ length: 100 }, (_, i) => `x${i}`)
    assert.deepStrictEqual(validate(isIn("a", hundred)), [])
    assert.deepStrictEqual(validate(and(isIn("a", hundred), exists("b"))), ["101 conditions, the server accepts 100"])
    assert.deepStrictEqual(validate(and(isIn("a", hundred), exists("b")), { maxConditions: 101 }), [])
  })

  it("reads the clauses of `bool` as the server does: a falsy clause is absent, and `must` may be a single filter", () => {
    assert.deepStrictEqual(validate({ bool: { must: { exists: "a" }, should: null } }), [])
    assert.lengthOf(validate({ bool: { must: { exists: "a" }, should: [] } }), 1)
    assert.deepStrictEqual(validate({ bool: { must: [], should: [{ exists: "a" }] } }), [])
  })

  it("allows a double negation of a condition that cannot be negated", () => {
    assert.deepStrictEqual(validate(not(not(select("a", 0, not(exists("value")))))), [])
  })

  it("refuses filters of any depth without an overflow of the stack", () => {
    let filter: unknown = { exists: "a" }
    let content: unknown = 1
    for (let i = 0; i < 100_000; i++) {
      filter = { not: filter }
      content = [content]
    }
    assert.deepStrictEqual(validate(filter), ["nested deeper than 200 levels"])
    assert.lengthOf(validate({ match: { content } }), 1)
    assert.isFalse(matches({ match: { content } })({ content }))
  })

  it("never throws", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withSparseArray: true, withBigInt: true }), (filter) => {
        assert.isArray(validate(filter))
      })
    )
    const keywords = [
      "and",
      "bool",
      "equals",
      "exists",
      "geoBoundingBox",
      "geoDistance",
      "geoDistanceRange",
      "geoPolygon"
    ]
      .concat("ids", "in", "match", "missing", "not", "nothing", "or", "range", "regexp", "select", "__proto__")
    fc.assert(
      fc.property(
        fc.constantFrom(...keywords),
        fc.anything({ withNullPrototype: true, withSparseArray: true }),
        (k, v) => {
          assert.isArray(validate({ [k]: v }))
          assert.isArray(validate({ [k]: { a: v } }))
          assert.isArray(validate({ [k]: [v] }))
        }
      )
    )
  })
})

describe("matchesSearch", () => {
  const finds = (filter: KuzzleFilter.SearchFilter, document: unknown) => KuzzleFilter.matchesSearch(filter)(document)

  it("counts each element of an array as a value of the field", () => {
    assert.isTrue(finds(equals("tags", "free"), { tags: ["new", "free"] }))
    assert.isFalse(finds(not(equals("tags", "free")), { tags: ["new", "free"] }))
    assert.isTrue(finds(range("n", { gt: 5 }), { n: [1, 6] }))
    assert.isTrue(finds(equals("seats.n", 4), { seats: [{ n: 2 }, { n: 4 }] }))
    assert.isTrue(finds(equals("a.b", 1), { "a.b": 1 }))
  })

  it("counts null and an empty array as no value", () => {
    for (const nothing of [null, [], [null], {}, { b: null }]) {
      assert.isFalse(finds(exists("a"), { a: nothing }))
      assert.isTrue(finds(missing("a"), { a: nothing }))
    }
    assert.isTrue(finds(exists("a"), { a: [null, 0] }))
    assert.isTrue(finds(exists("a"), { a: { b: 1 } }))
  })

  it("negates exactly", () => {
    assert.isTrue(finds(not(range("n", { lt: 5 })), {}))
    assert.isTrue(finds(not(range("n", { lt: 5 })), { n: 5 }))
    assert.isFalse(finds(range("n", { gt: 5 }), { n: 5 }))
  })

  it("does not reach prototypes", () => {
    assert.isFalse(finds(exists("constructor"), {}))
    assert.isTrue(finds(equals("__proto__.admin", true), JSON.parse(`{"__proto__": {"admin": true}}`)))
  })
})

describe("matches", () => {
  it("compares strictly, nested fields too", () => {
    assert.deepStrictEqual(matching(equals("a", 1), [{ a: 1 }, { a: "1" }, { a: [1] }, {}, { a: null }]), [{ a: 1 }])
    assert.deepStrictEqual(matching(equals("a", null), [{ a: null }, {}, { a: 0 }]), [{ a: null }])
    assert.deepStrictEqual(
      matching(equals("a.b.c", 1), [{ a: { b: { c: 1 } } }, { "a.b": { c: 1 } }, { a: [{ b: { c: 1 } }] }, { a: 1 }]),
      [{ a: { b: { c: 1 } } }, { "a.b": { c: 1 } }]
    )
  })

  it("uses the last of two members with the same path", () => {
    assert.isTrue(matches(equals("a.b", 2))({ a: { b: 1 }, "a.b": 2 }))
    assert.isTrue(matches(equals("a.b", 1))({ "a.b": 2, a: { b: 1 } }))
  })

  it("finds elements of arrays, by value and by index", () => {
    const documents = [{ a: { tags: ["x", 1] } }, { a: { tags: ["1"] } }, { a: { tags: "x" } }, {}]
    assert.deepStrictEqual(matching(contains("a.tags", "x"), documents), documents.slice(0, 1))
    assert.deepStrictEqual(matching(exists("a.tags[\"x\"]"), documents), documents.slice(0, 1))
    assert.deepStrictEqual(matching(missing("a.tags[1]"), documents), documents.slice(1))
    assert.deepStrictEqual(matching(exists("a.tags"), documents), documents.slice(0, 3))
    assert.deepStrictEqual(matching(select("a.tags", -1, equals("value", "1")), documents), documents.slice(1, 2))
  })

  it("matches documents that include an object", () => {
    const documents = [{ a: [3, { b: 1, c: 2 }, 1], d: { e: 1 } }, { a: [1] }, { a: { b: 1 } }]
    assert.deepStrictEqual(matching(match({ a: [1, { b: 1 }] }), documents), documents.slice(0, 1))
    assert.deepStrictEqual(matching(match({ "d.e": 1 }), documents), documents.slice(0, 1))
    assert.deepStrictEqual(matching(match({ a: [1, 1] }), documents), [])
  })

  it("matches many elements as it matches few: each wanted element uses up the first element that fits", () => {
    const taking = (values: ReadonlyArray<unknown>, wanted: ReadonlyArray<unknown>) => {
      const unused = [...values]
      return values.length >= wanted.length && wanted.every((element) => {
        const index = unused.findIndex((value) => matches(match({ one: element }))({ one: value }))
        if (index >= 0) unused.splice(index, 1)
        return index >= 0
      })
    }
    const scalar = fc.constantFrom(0, 1, "x", null, true)
    const { element } = fc.letrec<{ element: unknown }>((tie) => ({
      element: fc.oneof(
        { depthSize: "small" },
        scalar,
        fc.array(tie("element"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b", "__proto__"), tie("element"), { maxKeys: 2 })
      )
    }))
    const elements = fc.array(element, { minLength: 9, maxLength: 14 })
    let included = 0
    fc.assert(
      fc.property(elements, fc.array(element, { maxLength: 3 }), fc.func(fc.integer()), (wanted, more, order) => {
        const values = [...wanted, ...more].sort((a, b) => order(a) - order(b))
        const holds = taking(values, wanted)
        if (holds) included += 1
        assert.strictEqual(matches(match({ list: wanted }))({ list: values }), holds)
        assert.isFalse(matches(match({ list: wanted }))({ list: values.slice(0, wanted.length - 1) }))
      }),
      { numRuns: 500 }
    )
    assert.isAbove(included, 50)
    assert.isBelow(included, 500)
  })

  describe("the cost of including many elements grows no faster than their number:", () => {
    const linear = (wanted: (k: number) => unknown, given = wanted) =>
      assert.isBelow(
        growth((items) => {
          const list = Array.from({ length: items }, (_, k) => given(items - 1 - k))
          const includes = matches(match({ list: Array.from({ length: items }, (_, k) => wanted(k)) }))
          return () => assert.isTrue(includes({ list }))
        }),
        1.1
      )

    it("values", () => linear((k) => k))

    it("equal values", () => linear(() => 1))

    it("objects that are distinguished by one of their members", () =>
      linear((k) => ({ a: 1, b: { k } }), (k) => ({ a: 1, b: { k }, c: 2 })))

    it("lists", () => linear((k) => [1, k]))
  })

  it("compares numbers within bounds; the server's epsilon makes gt equal to gte for large ones", () => {
    const documents = [{ a: 1 }, { a: 2 }, { a: 3 }, { a: "2" }, {}]
    assert.deepStrictEqual(matching(range("a", { gt: 1, lte: 3 }), documents), [{ a: 2 }, { a: 3 }])
    assert.deepStrictEqual(matching(not(range("a", { gt: 1, lte: 3 })), documents), [{ a: 1 }, { a: "2" }, {}])
    assert.isTrue(matches(range("a", { gt: 1_700_000_000_000 }))({ a: 1_700_000_000_000 }))
  })

  it("has the server's dialect of patterns", () => {
    const documents = [{ a: "taxi" }, { a: "TAXI" }, { a: "a\nb" }, { a: 5 }, {}]
    assert.deepStrictEqual(matching(regexp("a", "^tax"), documents), [{ a: "taxi" }])
    assert.deepStrictEqual(matching(regexp("a", /^tax/i), documents), [{ a: "taxi" }, { a: "TAXI" }])
    assert.deepStrictEqual(matching(regexp("a", "(?i)^tax"), documents), [{ a: "taxi" }, { a: "TAXI" }])
    assert.deepStrictEqual(matching(regexp("a", "^[[:upper:]]{4}\\z"), documents), [{ a: "TAXI" }])
    assert.deepStrictEqual(matching(regexp("a", "a.b"), documents), [])
    assert.deepStrictEqual(matching(regexp("a", "(?P<first>a)(?s:.)b"), documents), [{ a: "a\nb" }])
    assert.deepStrictEqual(matching(regexp("a", "^5$"), documents), [])
    assert.deepStrictEqual(matching(not(regexp("a", "^5$")), documents), [...documents.slice(0, 3), {}])
    assert.deepStrictEqual(matching(regexp("a", "^t(?i)AXI"), documents), [{ a: "taxi" }])
    // The server's engine reads UTF-8. There is no word boundary between the bytes of a character, or around one.
    const foreign = [{ a: "é" }, { a: "\u212a" }, { a: "\ud800" }]
    assert.deepStrictEqual(matching(regexp("a", "\\B"), foreign), foreign)
    assert.deepStrictEqual(matching(regexp("a", "^\\C\\C$"), foreign), [{ a: "é" }])
    assert.deepStrictEqual(matching(regexp("a", "k", "i"), foreign), [{ a: "\u212a" }])
    assert.deepStrictEqual(matching(regexp("a", "\\x{fffd}"), foreign), [{ a: "\ud800" }])
  })

  it("tests each document from its start, whatever the flags of the pattern", () => {
    const holds = matches(regexp("a", "x", "gy"))
    assert.deepStrictEqual([1, 2, 3].map(() => holds({ a: "x" })), [true, true, true])
  })

  it("combines conditions", () => {
    const documents = [{ a: 1 }, { a: 1, b: 1 }, { b: 1 }, { b: 2 }, {}]
    assert.deepStrictEqual(matching(and(exists("a"), exists("b")), documents), [{ a: 1, b: 1 }])
    assert.deepStrictEqual(matching(or(exists("a"), equals("b", 2)), documents), [{ a: 1 }, { a: 1, b: 1 }, { b: 2 }])
    assert.deepStrictEqual(matching(not(and(exists("a"), exists("b"))), documents), [{ a: 1 }, { b: 1 }, { b: 2 }, {}])
    assert.deepStrictEqual(matching(KuzzleFilter.all, documents), documents)
    assert.deepStrictEqual(matching(KuzzleFilter.nothing, documents), [])
    assert.deepStrictEqual(
      matching(bool({ should: [exists("a"), exists("b")], must_not: [equals("b", 2)] }), documents),
      documents.slice(0, 3)
    )
    assert.deepStrictEqual(
      matching(bool({ should_not: [exists("a"), exists("b")], must: [exists("b")] }), documents),
      [{ b: 1 }, { b: 2 }]
    )
  })

  it("compares geographic points and areas", () => {
    const louvre = { p: { lat: 48.8606, lon: 2.3376 } }
    const lyon = { p: [45.764, 4.8357] }
    const hash = { p: "u09tvw0" }
    const text = { p: "48.86, 2.34" }
    const nowhere = { p: "over there" }
    const documents = [louvre, lyon, hash, text, nowhere, {}]
    const paris = { lat: 48.8566, lon: 2.3522 }
    assert.deepStrictEqual(matching(geoDistance("p", paris, "5 km"), documents), [louvre, hash, text])
    // A value that is not a point is neither near nor far.
    assert.deepStrictEqual(matching(not(geoDistance("p", paris, "5 km")), documents), [lyon, {}])
    assert.deepStrictEqual(matching(geoDistanceRange("p", paris, { from: "100 km", to: "300 miles" }), documents), [
      lyon
    ])
    assert.deepStrictEqual(
      matching(geoBoundingBox("p", { topLeft: [49, 2], bottomRight: "48.8, 2.4" }), documents),
      [louvre, hash, text]
    )
    assert.deepStrictEqual(matching(geoPolygon("p", [[46, 4], [46, 5], [45, 5], [45, 4]]), documents), [lyon])
  })

  it("agrees with Boost about distances close to a limit", () => {
    // Distances from 0,0 that the real engine gives: one degree along the equator, and along the meridian.
    const east = (to: string) => matches(geoDistance("p", [0, 0], to))({ p: [0, 1] })
    assert.isTrue(east("111320 m"))
    assert.isFalse(east("111319 m"))
  })

  it("supports a polygon around a pole, and a box across the antimeridian", () => {
    const arctic = geoPolygon("p", [[70, 0], [70, 90], [70, 180], [70, -90]])
    assert.isTrue(matches(arctic)({ p: [85, 45] }))
    assert.isFalse(matches(arctic)({ p: [40, 45] }))
    // The inside is on the left of the sides, so the points in the other order stand for the rest of the world.
    const rest = geoPolygon("p", [[70, -90], [70, 180], [70, 90], [70, 0]])
    assert.isFalse(matches(rest)({ p: [85, 45] }))
    assert.isTrue(matches(rest)({ p: [-40, 45] }))
    const pacific = geoBoundingBox("p", { top: 10, left: 170, bottom: -10, right: 190 })
    assert.isTrue(matches(pacific)({ p: [0, -175] }))
    assert.isFalse(matches(pacific)({ p: [0, 0] }))
  })

  it("matches nothing with a filter that the server would refuse", () => {
    assert.isFalse(matches({ in: { a: [1] } })({ a: 1 }))
    assert.isFalse(matches({ unknown: {} })({}))
  })

  it("does not reach prototypes", () => {
    // `JSON.parse` makes `__proto__` an own member.
    const document: unknown = JSON.parse("{\"__proto__\": {\"admin\": true}, \"a\": {\"__proto__\": {\"b\": 1}}}")
    assert.isFalse(matches(equals("admin", true))(document))
    assert.isFalse(matches(exists("a.b"))(document))
    assert.isTrue(matches(equals("__proto__.admin", true))(document))
    assert.isFalse(matches(exists("constructor"))({}))
    assert.isFalse(matches(match({ constructor: { name: "Object" } }))({}))
    const filter: KuzzleFilter.Filter = JSON.parse("{\"match\": {\"__proto__\": {\"x\": 1}}}")
    assert.isFalse(matches(filter)({ x: 1 }))
    assert.isTrue(matches(filter)(JSON.parse("{\"__proto__\": {\"x\": 1}}")))
  })

  it("never throws on a document", () => {
    const filters: ReadonlyArray<KuzzleFilter.Condition> = [
      equals("a", 1),
      exists("a.b"),
      contains("a", null),
      range("a", { gt: 0 }),
      regexp("a", "x"),
      match({ a: { b: [1] } }),
      select("a", 0, exists("value.b")),
      geoDistance("a", [0, 0], "1km"),
      geoPolygon("a", [[0, 0], [1, 0], [0, 1]])
    ]
    const predicates = filters.flatMap((filter) =>
      "select" in filter ? [matches(filter)] : [matches(filter), matches(not(filter))]
    )
    const holds = (document: unknown) => predicates.forEach((predicate) => assert.isBoolean(predicate(document)))
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withSparseArray: true, withBigInt: true }), (value) => {
        holds(value)
        holds({ a: value })
        holds({ a: { b: value, lat: value, lon: value, latLon: value } })
      })
    )
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) {
      deep = i % 2 === 0 ? [deep] : { a: deep }
    }
    holds(deep)
    holds({ a: deep })
    holds({ a: { toString: 1, valueOf: 1, latLon: null, lat: {}, lon: [] } })
  })
})
