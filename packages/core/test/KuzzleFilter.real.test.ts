/**
 * Compares the evaluator of filters with Koncorde, on random filters and documents.
 *
 * It needs Koncorde 4 installed somewhere with its native modules: `KONCORDE_PATH=…/node_modules/koncorde`.
 */
import { KuzzleFilter } from "@effect-kuzzle/core"
import { assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { createRequire } from "node:module"

/** The used part of Koncorde's interface. */
interface Koncorde {
  register(filter: unknown): string
  test(document: unknown): ReadonlyArray<string>
  readonly transformer: {
    readonly canonical: { _removeImpossiblePredicates(conjunctions: ReadonlyArray<unknown>): ReadonlyArray<unknown> }
  }
}

/** Each run is the same. Set the variables to run more cases or other ones. */
const numRuns = Number(process.env["KONCORDE_RUNS"] ?? 5000)
const seed = Number(process.env["KONCORDE_SEED"] ?? 1)

/** A comparison blocks the worker for long. Without this pause the runner would believe that the worker is dead. */
beforeEach(() => new Promise((resolve) => setImmediate(resolve)))

describe("KuzzleFilter against Koncorde", () => {
  let makeKoncorde: () => Koncorde

  beforeAll(() => {
    const path = process.env["KONCORDE_PATH"]
    if (path === undefined) {
      throw new Error(
        "KONCORDE_PATH is not set: it must be the directory of an installed koncorde 4 (node_modules/koncorde)"
      )
    }
    // Safe: the documentation of the module gives this interface.
    const { Koncorde } = createRequire(import.meta.url)(path) as {
      readonly Koncorde: new(config: { readonly maxConditions: number }) => Koncorde
    }
    makeKoncorde = () => {
      const koncorde = new Koncorde({ maxConditions: 100 })
      // Koncorde drops conjunctions that it believes to be impossible. It is wrong about some, because it confuses an
      // element with its array, and `1` with `"1"`. `KuzzleFilter.matches` documents that it does not repeat this.
      koncorde.transformer.canonical._removeImpossiblePredicates = (conjunctions) => conjunctions
      return koncorde
    }
  })

  /** Koncorde's result: whether each document matches, or that it refuses the filter. */
  const askAll = (filter: unknown, documents: ReadonlyArray<unknown>): ReadonlyArray<boolean> | "refused" => {
    const koncorde = makeKoncorde()
    let id: string
    try {
      id = koncorde.register(filter)
    } catch {
      return "refused"
    }
    return documents.map((document) => koncorde.test(document).includes(id))
  }

  const ask = (filter: unknown, document: unknown) => askAll(filter, [document])

  const answerAll = (filter: unknown, documents: ReadonlyArray<unknown>): ReadonlyArray<boolean> | "refused" =>
    KuzzleFilter.validate(filter).length > 0
      ? "refused"
      // Safe: the filter was just validated.
      : documents.map(KuzzleFilter.matches(filter as KuzzleFilter.Filter))

  const sameAll = (filter: unknown, documents: ReadonlyArray<unknown>): void => {
    assert.deepStrictEqual(
      answerAll(filter, documents),
      askAll(filter, documents),
      `${JSON.stringify(filter)} on ${JSON.stringify(documents)}: ${KuzzleFilter.validate(filter).join("; ")}`
    )
  }

  const same = (filter: unknown, document: unknown): void => sameAll(filter, [document])

  // -----------------------------------------------------------------------------------------------------------------
  // documents: few names and few values, so that filters often match
  // -----------------------------------------------------------------------------------------------------------------

  const key = fc.constantFrom("a", "b", "c", "a.b", "value")
  const field = fc.constantFrom("a", "b", "a.b", "a.b.c", "c.a", "b.a.b", "_id", "value")
  const text = fc.constantFrom("", "x", "y", "xy", "XY", "1", "x\ny", "é", "a b", "😀", "[x]")
  const number = fc.constantFrom(0, -0, 1, 2, 3, 1.5, -1, 1e10, 1_700_000_000_000, 1.00000000005, 1.0000000002)
  const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null))
  const { document } = fc.letrec<{ document: unknown; value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      scalar,
      scalar,
      fc.array(tie("value"), { maxLength: 4 }),
      tie("document")
    ),
    document: fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries))
  }))

  // -----------------------------------------------------------------------------------------------------------------
  // filters
  // -----------------------------------------------------------------------------------------------------------------

  const bounds = fc.record({ gt: number, gte: number, lt: number, lte: number }, { requiredKeys: [] })
  const pattern = fc.constantFrom(
    "x",
    "^x",
    "y$",
    "X",
    ".",
    "^.$",
    "x.y",
    "\\s",
    "1",
    "null",
    "object",
    "x,y",
    "[^x]",
    ""
  )
  const onField = (keyword: string) => (arb: fc.Arbitrary<unknown>) =>
    fc.tuple(field, arb).map(([f, v]) => ({ [keyword]: { [f]: v } }))
  const leaves: ReadonlyArray<fc.Arbitrary<unknown>> = [
    onField("equals")(scalar),
    onField("in")(fc.array(text, { minLength: 1, maxLength: 3 })),
    fc.array(text, { minLength: 1, maxLength: 3 }).map((values) => ({ ids: { values } })),
    field.map((exists) => ({ exists })),
    field.map((missing) => ({ missing })),
    fc.tuple(field, scalar).map(([f, v]) => KuzzleFilter.contains(f, v)),
    onField("range")(bounds),
    onField("regexp")(pattern),
    onField("regexp")(fc.record({ value: pattern, flags: fc.constantFrom("", "i", "m", "s", "im", "gi") })),
    document.map((match) => ({ match })),
    fc.constant({ nothing: true })
  ]
  const leaf = fc.oneof(...leaves)
  const select = fc.tuple(field, fc.integer({ min: -3, max: 3 }), leaf)
    .map(([f, index, query]) => ({ select: { field: f, index, query } }))
  const { filter } = fc.letrec<{ filter: unknown }>((tie) => {
    const several = fc.array(tie("filter"), { minLength: 1, maxLength: 3 })
    return {
      filter: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        leaf,
        select,
        several.map((and) => ({ and })),
        several.map((or) => ({ or })),
        tie("filter").map((not) => ({ not })),
        fc.record({ must: several, must_not: several, should: several, should_not: several }, { requiredKeys: [] })
          .map((bool) => ({ bool }))
      )
    }
  })

  it("a single condition", () => {
    fc.assert(fc.property(leaf, document, same), { numRuns, seed })
  }, 120_000)

  it("a negated condition", () => {
    fc.assert(fc.property(leaf, document, (f, d) => same({ not: f }, d)), { numRuns, seed })
  }, 120_000)

  it("select", () => {
    fc.assert(fc.property(select, document, same), { numRuns, seed })
  }, 120_000)

  it("a match of so many elements that they are not compared one by one", () => {
    const value = fc.oneof(scalar, document, fc.array(scalar, { maxLength: 2 }))
    const elements = fc.array(value, { minLength: 9, maxLength: 12 })
    fc.assert(
      fc.property(elements, fc.array(value, { maxLength: 2 }), fc.func(fc.integer()), (wanted, more, order) => {
        same({ match: { a: wanted } }, { a: [...wanted, ...more].sort((x, y) => order(x) - order(y)) })
      }),
      { numRuns, seed }
    )
  }, 120_000)

  it("any filter", () => {
    fc.assert(
      fc.property(filter, document, (f, d) => {
        // Koncorde builds a truth table of the groups of conditions. A hundred are legal, but twenty take minutes.
        fc.pre(JSON.stringify(f).split("{").length < 30)
        same(f, d)
      }),
      { numRuns, seed }
    )
  }, 120_000)

  // -----------------------------------------------------------------------------------------------------------------
  // malformed filters
  // -----------------------------------------------------------------------------------------------------------------

  /** Values in the place of something else. */
  const junk = fc.oneof(
    scalar,
    document,
    fc.array(scalar, { maxLength: 3 }),
    fc.constantFrom({ field: "a" }, { field: "" }, { values: [] }, { values: ["x", 1] }, { gt: 2, gte: 1 }, {
      gt: 1,
      lt: "2"
    }),
    fc.constantFrom({ value: "x", flags: 1 }, { value: 1 }, { value: "x", other: 1 }, { gt: 1, lt: 1 }, { from: 1 }),
    fc.constantFrom("a[1]", "a[", "a[x]", "[1]", "a\\[0\\]", "a\\[0\\][\"x\"]", "a[null]", "a[[1]]", "a[]", "a[1][2]"),
    leaf
  )
  const keyword = fc.constantFrom(
    ...["and", "bool", "equals", "exists", "ids", "in", "match", "missing", "not", "nothing", "or", "range", "regexp"],
    ...["select", "geoBoundingBox", "geoDistance", "geoDistanceRange", "geoPolygon", "must", "toString", "a"]
  )
  const malformed = fc.oneof(
    fc.tuple(keyword, junk).map(([k, v]) => ({ [k]: v })),
    fc.tuple(keyword, field, junk).map(([k, f, v]) => ({ [k]: { [f]: v } })),
    fc.tuple(fc.constantFrom("and", "or"), fc.array(junk, { maxLength: 2 })).map(([k, v]) => ({ [k]: v })),
    fc.record({ must: junk, must_not: junk, should: junk, should_not: junk, other: junk }, { requiredKeys: [] })
      .map((bool) => ({ bool })),
    fc.record({ field: junk, index: junk, query: fc.oneof(junk, leaf), other: junk }, {
      requiredKeys: ["field", "index", "query"]
    })
      .map((select) => ({ select })),
    fc.tuple(keyword, junk, keyword, junk).map(([k, v, l, w]) => ({ [k]: v, [l]: w }))
  )

  it("a filter that may be malformed", () => {
    fc.assert(fc.property(malformed, document, same), { numRuns, seed })
  }, 120_000)

  // -----------------------------------------------------------------------------------------------------------------
  // patterns
  // -----------------------------------------------------------------------------------------------------------------

  // Patterns that exceed RE2's memory are left out, because the client counts memory in another way.
  const piece = fc.constantFrom(
    ...[
      "a",
      "b",
      "A",
      "é",
      "😀",
      "-",
      " ",
      "_",
      "/",
      "]",
      "}",
      "{",
      ",",
      "\n",
      ".",
      "^",
      "$",
      "|",
      "(",
      ")",
      "(?:",
      "*"
    ],
    ...["+", "?", "{2}", "{1,2}", "{0,}", "{2,1}", "{1001}", "[", "[^", "[a-c]", "[^a]", "[]a]", "[a-]", "[[]", "a-c"],
    ...["[:alpha:]", "[[:upper:]]", "[[:^digit:]]", "[[:nope:]]", "[\\d-z]", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S"],
    ...["\\b", "\\A", "\\z", "\\Z", "\\n", "\\t", "\\v", "\\a", "\\e", "\\.", "\\-", "\\_", "\\/", "\\\\", "\\é"],
    ...[
      "\\x41",
      "\\x{41}",
      "\\x4",
      "\\u0041",
      "\\u{41}",
      "\\u4",
      "\\cA",
      "\\ca",
      "\\0",
      "\\07",
      "\\101",
      "\\1",
      "\\8",
      "\\k<n>"
    ],
    ...[
      "\\pL",
      "\\PL",
      "\\p{L}",
      "\\p{Lu}",
      "\\p{^Lu}",
      "\\p{Greek}",
      "\\p{Script=Latin}",
      "\\p{Letter}",
      "\\p{Nope}",
      "\\p"
    ],
    ...[
      "(?=a)",
      "(?!a)",
      "(?<=a)",
      "(?<!a)",
      "(?<n>",
      "(?P<n>",
      "(?P<m>",
      "(?P=n)",
      "(?>",
      "(?#c)",
      "(?s)",
      "(?m)",
      "(?-s)"
    ],
    ...[
      "(?s:",
      "(?U)",
      "(?x)",
      "(?sm-U:",
      "\\Q.*\\E",
      "\\Q[",
      "\\E",
      "\\B",
      "\\C",
      "*?",
      "+?",
      "??",
      "{0}",
      "{01}",
      "{3,}?"
    ],
    ...["a{1000}", "{1000000000}", "{999999999}", "()", "(?)", "(?i)", "(?i:", "(?-i:", "(?i-i:", "(?ims)", "(?P<ſ>"],
    ...["(?<²>", "(?<", "[(?<]", "\\Qa/b\\E", "k", "K", "s", "ſ", "ß", "ẞ", "Σ", "ς", "\\p{C}", "\\P{C}", "\\p{Cn}"],
    ...[
      "\\p{Cased_Letter}",
      "\\p{Grek}",
      "\\p{sc=Cyrillic}",
      "\\p{Thai}",
      "\\p{Unknown}",
      "\\pLu",
      "\\p^L",
      "[\\P{Lu}b]"
    ],
    ...[
      "[^\\PL]",
      "[[:foo",
      "[[:a]b:]",
      "[\\Q]\\E]",
      "\\u00e9",
      "\\u00g9",
      "\\x{110000}",
      "\ud800",
      "\\x{d800}",
      "\\x{fffd}"
    ]
  )
  const anyPattern = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(""))
  const flags = fc.constantFrom("", "i", "m", "s", "ms", "ims", "u", "y", "d", "gim")
  const subject = fc.array(
    fc.constantFrom(
      "a",
      "b",
      "c",
      "A",
      "é",
      "É",
      "😀",
      "-",
      " ",
      "_",
      "/",
      "]",
      "\n",
      "\r",
      "\u2028",
      "1",
      ".",
      "*",
      "\u00a0",
      ...["k", "K", "\u212a", "s", "ſ", "ß", "ẞ", "σ", "ς", "Σ", "\0", "\u0378", "\ud800", "\udc00"]
    ),
    { maxLength: 8 }
  ).map((chars) => chars.join(""))

  const oneCharacter = fc.constantFrom(
    ...[
      "a",
      "b",
      "A",
      "k",
      "K",
      "s",
      "ſ",
      "é",
      "σ",
      "😀",
      "\\x41",
      ".",
      "\\d",
      "\\w",
      "\\W",
      "\\s",
      "\\S",
      "\\pL",
      "\\P{Lu}"
    ],
    ...["\\C", "^", "$", "\\b", "\\B", "\\A", "\\z"]
  )
  const classItem = fc.constantFrom(
    ...[
      "a",
      "b",
      "k",
      "s",
      "A-C",
      "a-k",
      "é",
      "σ",
      "\\d",
      "\\D",
      "\\w",
      "\\W",
      "\\s",
      "\\S",
      "\\pL",
      "\\PL",
      "\\p{Lu}"
    ],
    ...["\\P{Ll}", "\\p{Greek}", "[:alpha:]", "[:^upper:]", "\\n", "\\x{41}", "😀", "-", "^"]
  )
  const oneClass = fc.tuple(fc.constantFrom("", "^"), fc.array(classItem, { minLength: 1, maxLength: 3 }))
    .map(([not, items]) => `[${not}${items.join("")}]`)
  const quantifier = fc.constantFrom(
    ...["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,}", "{0}", "{0,1}", "{3,}?", "{1}", "{2,5}"]
  )
  const group = fc.constantFrom("(", "(?:", "(?i:", "(?s:", "(?m:", "(?-i:", "(?i)(?:", "(?ms-i:")
  /** Patterns that RE2 accepts, nearly all of them: nested, alternated, repeated. */
  const { goodPattern } = fc.letrec<{ goodPattern: string; atom: string }>((tie) => ({
    atom: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      oneCharacter,
      oneClass,
      fc.tuple(group, tie("goodPattern")).map(([open, inside]) => `${open}${inside})`)
    ),
    goodPattern: fc.array(
      fc.array(fc.tuple(tie("atom"), quantifier).map(([atom, times]) => atom + times), { maxLength: 3 }),
      { minLength: 1, maxLength: 2 }
    ).map((alternatives) => alternatives.map((sequence) => sequence.join("")).join("|"))
  }))

  for (
    const [description, pattern] of [["made of any pieces", anyPattern], ["that is well formed", goodPattern]] as const
  ) {
    it(`a pattern of RE2 ${description}`, () => {
      fc.assert(
        fc.property(pattern, flags, fc.array(subject, { minLength: 8, maxLength: 8 }), (value, flags, subjects) => {
          // With `g` and `y` Koncorde continues at the position where it stopped in the document before.
          const documents = (/[gy]/.test(flags) ? subjects.slice(0, 1) : subjects).map((a) => ({ a }))
          sameAll({ regexp: { a: { value, flags } } }, documents)
        }),
        { numRuns, seed }
      )
    }, 120_000)
  }

  // -----------------------------------------------------------------------------------------------------------------
  // geography
  // -----------------------------------------------------------------------------------------------------------------

  const degree = (max: number) => fc.integer({ min: -max * 100, max: max * 100 }).map((n) => n / 100)
  const geoPoint = fc.record({ lat: degree(85), lon: degree(180) })
  const near = ({ lat, lon }: { lat: number; lon: number }, by: number) =>
    fc.tuple(degree(by), degree(by)).map(([dLat, dLon]) => ({ lat: lat + dLat, lon: lon + dLon }))
  const format = (point: { lat: number; lon: number }): fc.Arbitrary<unknown> =>
    fc.constantFrom<unknown>(
      point,
      [point.lat, point.lon],
      `${point.lat}, ${point.lon}`,
      { latLon: point },
      { lat_lon: [point.lat, point.lon] },
      { latLon: `${point.lat},${point.lon}` },
      { lat: String(point.lat), lon: String(point.lon) }
    )
  const oddPoint = fc.constantFrom<unknown>(
    ...["", "x", "u09t", "u09tvw0", "aaaa", "U09T", "1,2,3", "1,x", null, 0, 1, true, [1], [1, 2, 3], ["1", "2"], {}],
    ...[{ lat: 1 }, { lat: 1, lon: "x" }, { latLon: "u09t" }, { latLon: 1 }, { latLon: [] }, undefined]
  )
  const value = (point: { lat: number; lon: number }) =>
    fc.oneof({ weight: 9, arbitrary: near(point, 3).chain(format) }, { weight: 1, arbitrary: oddPoint })
  const distance = fc.tuple(
    fc.double({ min: 0.1, max: 300, noNaN: true }).map((n) => n.toFixed(3)),
    fc.constantFrom("km", " km", "KM", "mi", " miles", "kilometers", "kft", "dam")
  ).map(([n, unit]) => n + unit)

  const geo = geoPoint.chain((center) =>
    fc.tuple(
      fc.oneof(
        fc.tuple(format(center), distance).map(([a, distance]) => ({ geoDistance: { a, distance } })),
        fc.tuple(format(center), distance, distance).map(([a, from, to]) => ({ geoDistanceRange: { a, from, to } })),
        fc.tuple(near(center, 3), near(center, 3)).map(([p, q]) => ({
          geoBoundingBox: { a: { top: p.lat, left: q.lon, bottom: q.lat, right: p.lon } }
        })),
        fc.tuple(near(center, 3).chain(format), near(center, 3).chain(format)).map(([topLeft, bottomRight]) => ({
          geoBoundingBox: { a: { topLeft, bottom_right: bottomRight } }
        })),
        fc.array(near(center, 4).chain(format), { minLength: 3, maxLength: 6 })
          .map((points) => ({ geoPolygon: { a: { points } } }))
      ),
      fc.record({ a: value(center) })
    )
  )

  it("a geographic condition, and its negation", () => {
    fc.assert(
      fc.property(geo, ([f, d]) => {
        same(f, d)
        same({ not: f }, d)
      }),
      { numRuns, seed }
    )
  }, 120_000)

  it("a builder's point matches the same documents as the given point", () => {
    const pair = ({ lat, lon }: { lat: number; lon: number }) => [lat, lon] as const
    const written = geoPoint.chain((center) =>
      fc.tuple(near(center, 3), near(center, 3), distance, fc.record({ a: value(center) })).map(([p, q, radius, d]) => {
        const [topLeft, bottomRight] = [pair(p), pair(q)]
        return {
          d,
          filters: [
            [KuzzleFilter.geoDistance("a", topLeft, radius), { geoDistance: { a: topLeft, distance: radius } }],
            [
              KuzzleFilter.geoBoundingBox("a", { topLeft, bottomRight }),
              { geoBoundingBox: { a: { topLeft, bottomRight } } }
            ]
          ] as const
        }
      })
    )
    fc.assert(
      fc.property(written, ({ d, filters }) => {
        for (const [built, plain] of filters) {
          same(built, d)
          assert.deepStrictEqual(ask(built, d), ask(plain, d))
        }
      }),
      { numRuns, seed }
    )
  }, 120_000)

  it("a polygon around a pole", () => {
    const around = fc.array(fc.tuple(degree(20), degree(179)), { minLength: 4, maxLength: 8 }).map((points) =>
      points.sort(([, a], [, b]) => a - b)
    )
    fc.assert(
      fc.property(
        around,
        fc.constantFrom(65, -65),
        fc.boolean(),
        fc.tuple(degree(89), degree(180)),
        (ring, at, east, p) => {
          // A side of exactly 180 degrees crosses a pole, which `KuzzleFilter` does not check.
          fc.pre(
            ring.every(([, lon], i) => Math.abs(lon - (ring[i - 1] ?? ring[ring.length - 1] ?? [0, 0])[1]) !== 180)
          )
          const points = ring.map(([lat, lon]) => [at + lat, lon])
          same({ geoPolygon: { a: { points: east ? points : points.reverse() } } }, { a: p })
        }
      ),
      { numRuns, seed }
    )
  }, 120_000)

  it("a distance", () => {
    const path = process.env["KONCORDE_PATH"] ?? ""
    // Safe: the documentation of the module gives this interface.
    const { Koncorde } = createRequire(import.meta.url)(path) as {
      readonly Koncorde: { convertDistance(distance: string): number }
    }
    for (
      const text of [
        "1m",
        "1.5 meters",
        "3 258,55 Ft",
        "2 miles",
        "1 inch",
        "2 inches",
        "1yd",
        "3yards",
        "7kilom",
        ".5km"
      ]
    ) {
      const meters = Koncorde.convertDistance(text)
      const filter = (from: number, to: number) => ({ geoDistanceRange: { a: [0, 0], from: `${from}m`, to: `${to}m` } })
      assert.deepStrictEqual(KuzzleFilter.validate(filter(0, meters)), [])
      assert.deepStrictEqual(
        KuzzleFilter.validate({ geoDistanceRange: { a: [0, 0], from: text, to: `${(meters * 1.0001).toFixed(9)}m` } }),
        []
      )
      assert.lengthOf(
        KuzzleFilter.validate({ geoDistanceRange: { a: [0, 0], from: text, to: `${(meters * 0.9999).toFixed(9)}m` } }),
        1
      )
    }
  })
})
