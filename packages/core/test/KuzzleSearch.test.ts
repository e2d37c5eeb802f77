import { type KuzzleDocument, KuzzleSearch } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { answering, type SentRequest } from "./support/answering.ts"

const target = { index: "nyc", collection: "taxi" }

const hit = (_id: string, _source: object = {}) => ({ _id, _score: 1, _source, ...target })

/** The requests and the hits of a search whose answers are these pages. */
const searchOver = (options: KuzzleSearch.Options, pages: ReadonlyArray<unknown>) =>
  Effect.gen(function*() {
    const requests: Array<SentRequest> = []
    const outcome = yield* Effect.either(Stream.runCollect(KuzzleSearch.hits(options))).pipe(
      Effect.provide(answering((request) => {
        requests.push(request)
        return pages[requests.length - 1]
      }))
    )
    return { requests, outcome }
  })

const pageOf = (total: number, hits: ReadonlyArray<unknown>, scrollId?: string) => ({ hits, total, scrollId })

describe("KuzzleSearch", () => {
  it.effect("a search that fits on one page opens no scroll", () =>
    Effect.gen(function*() {
      const { requests, outcome } = yield* searchOver(target, [pageOf(2, [hit("a"), hit("b")])])
      assert.lengthOf(requests, 1)
      assert.notProperty(requests[0], "scroll")
      assert.strictEqual(requests[0]?.size, 100)
      assert.strictEqual(outcome._tag, "Right")
    }))

  it.effect("aggregations alone are one page without hits", () =>
    Effect.gen(function*() {
      for (const strategy of [KuzzleSearch.scroll(), KuzzleSearch.searchAfter(), KuzzleSearch.fromSize()]) {
        const { requests, outcome } = yield* searchOver({ ...target, size: 0, strategy }, [pageOf(9, [])])
        assert.lengthOf(requests, 1)
        assert.strictEqual(outcome._tag, "Right")
      }
    }))

  it.effect("a larger search is scrolled from its beginning, with the scroll id of the previous page and the options of the call", () =>
    Effect.gen(function*() {
      const { requests, outcome } = yield* searchOver({ ...target, size: 1, volatile: { a: 1 } }, [
        pageOf(3, [hit("a")]),
        pageOf(3, [hit("a")], "s1"),
        pageOf(3, [hit("b")], "s2"),
        pageOf(3, [hit("c")], "s3")
      ])
      assert.deepStrictEqual(requests.map(({ action, scroll, scrollId }) => [action, scroll, scrollId]), [
        ["search", undefined, undefined],
        ["search", "30000ms", undefined],
        ["scroll", "30000ms", "s1"],
        ["scroll", "30000ms", "s2"]
      ])
      for (const { volatile } of requests) assert.deepInclude(volatile, { a: 1 })
      if (outcome._tag === "Left") return assert.fail(outcome.left.message)
      assert.deepStrictEqual(Chunk.toReadonlyArray(outcome.right).map(({ _id }) => _id), ["a", "b", "c"])
    }))

  it.effect("a search with collapse cannot be scrolled, so it is read by `from` and `size` until a page is not full", () =>
    Effect.gen(function*() {
      const { requests } = yield* searchOver({ ...target, size: 2, collapse: { field: "status" } }, [
        pageOf(9, [hit("a"), hit("b")]),
        pageOf(9, [hit("c")])
      ])
      assert.deepStrictEqual(requests.map(({ body, from, size }) => [from, size, body.sort]), [
        [0, 2, ["_score", { _id: "asc" }]],
        [2, 2, ["_score", { _id: "asc" }]]
      ])
    }))

  it.effect("by `from` and `size`, no page exceeds the window, and the number of all documents is known", () =>
    Effect.gen(function*() {
      const page = (from: number, size: number) => Array.from({ length: size }, (_, i) => hit(String(from + i)))
      const requests: Array<SentRequest> = []
      const seen: Array<number> = []
      const outcome = yield* KuzzleSearch.pages({ ...target, size: 6000, strategy: KuzzleSearch.fromSize() }).pipe(
        Stream.runForEach(({ hits }) => Effect.sync(() => seen.push(hits.length))),
        Effect.flip,
        Effect.provide(answering((request) => {
          requests.push(request)
          return pageOf(12_345, page(Number(request.from), Number(request.size)))
        }))
      )
      assert.deepStrictEqual(seen, [6000, 4000])
      assert.deepStrictEqual(requests.map(({ from, size }) => [from, size]), [[0, 6000], [6000, 4000]])
      if (outcome._tag !== "KuzzleSearchWindowError") return assert.fail(outcome._tag)
      assert.deepStrictEqual([outcome.limit, outcome.total], [10_000, 12_345])
    }))

  const cursorAfter = (sort: ReadonlyArray<KuzzleDocument.Content | string>, last: object) =>
    Effect.map(
      searchOver({ ...target, size: 1, sort, strategy: KuzzleSearch.searchAfter() }, [
        pageOf(2, [hit("a", last)]),
        pageOf(2, [hit("b")])
      ]),
      ({ requests, outcome }) => outcome._tag === "Left" ? outcome.left : requests[1]?.body.search_after
    )

  it.effect("a cursor has the values of the document", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* cursorAfter(["n", { s: "desc" }], { n: 1.5, s: "é" }), [1.5, "é", "a"])
      assert.deepStrictEqual(yield* cursorAfter(["a.b"], { a: { b: true } }), [true, "a"])
      assert.deepStrictEqual(yield* cursorAfter(["a.b.c"], { a: { "b.c": 2 } }), [2, "a"])
      assert.deepStrictEqual(yield* cursorAfter(["a.b.c"], { "a.b": { c: 2 } }), [2, "a"])
      assert.deepStrictEqual(yield* cursorAfter([{ n: { order: "asc", missing: 7 } }], { n: null }), [7, "a"])
      assert.deepStrictEqual(yield* cursorAfter(["_kuzzle_info.createdAt"], { _kuzzle_info: { createdAt: 3 } }), [
        3,
        "a"
      ])
      assert.deepStrictEqual(yield* cursorAfter(["_score", { _id: "desc" }], {}), [1, "a"])
    }))

  it.effect("a cursor that cannot be read from the document is an error, not a guess", () =>
    Effect.gen(function*() {
      const sorts: ReadonlyArray<readonly [KuzzleDocument.Content | string, object]> = [
        ["n", {}],
        ["n", { n: null }],
        ["n", { n: [1, 2] }],
        ["n", { n: {} }],
        ["n", { n: 2 ** 60 }],
        ["n.keyword", { n: "x" }],
        ["toString", {}],
        [{ n: { missing: "_first" } }, {}],
        [{ n: { missing: "_last" } }, {}],
        [{ _script: { type: "number" } }, {}],
        [{ _geo_distance: { place: [1, 2] } }, {}],
        ["_doc", {}]
      ]
      for (const [sort, source] of sorts) {
        assert.instanceOf(yield* cursorAfter([sort], source), KuzzleSearch.CursorError, JSON.stringify([sort, source]))
      }
    }))

  it.effect("a value that cannot be sent is an error of the request", () =>
    Effect.gen(function*() {
      const { outcome } = yield* searchOver({ ...target, query: { term: { n: NaN } } }, [])
      assert.propertyVal(outcome._tag === "Left" ? outcome.left : undefined, "_tag", "KuzzleEncodeError")
    }))

  it.effect("`scrolled` reads the pages of any action that scrolls", () =>
    Effect.gen(function*() {
      const pages = [
        pageOf(5, ["a", "b"], "1"),
        pageOf(5, ["c", "d"], "2"),
        pageOf(5, ["e"], "3")
      ]
      const ids: Array<string> = []
      const all = yield* Stream.runCollect(
        KuzzleSearch.scrolled(Effect.sync(() => pages[0]!), (id) =>
          Effect.sync(() => {
            ids.push(id)
            return pages[Number(id)]!
          }))
      )
      assert.deepStrictEqual(Chunk.toReadonlyArray(all), pages)
      assert.deepStrictEqual(ids, ["1", "2"])
    }))
})
