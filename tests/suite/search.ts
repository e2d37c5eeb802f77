/** Searches as streams: no hit lost or repeated, with any strategy; errors that name their cause. */
import { KuzzleActionError, KuzzleDocument, KuzzleSearch, KuzzleSecurity } from "@effect-kuzzle/core"
import type { Kuzzle, KuzzleError } from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import { Array, Chunk, Effect, FastCheck as fc, Runtime, Stream } from "effect"
import type { Provide } from "./api.ts"
import { type Backend, type Collection, World } from "./backend.ts"
import { failure, fill } from "./tools.ts"

const properties = {
  n: { type: "integer" },
  seats: { type: "integer" },
  status: { type: "keyword" },
  name: { type: "text", fields: { keyword: { type: "keyword" } } },
  driver: { properties: { age: { type: "integer" } } }
}

/** A collection of `size` documents. Some fields are missing, and many values are equal. */
const filled = (size: number): Effect.Effect<Collection, KuzzleError.RequestError, World> =>
  Effect.gen(function*() {
    const { admin, index, name } = yield* World
    const target = { index, collection: name("search") }
    yield* admin.query({ controller: "collection", action: "create", ...target, body: { mappings: { properties } } })
    const documents = Array.makeBy(size, (n) => ({
      _id: `id${(n * 37) % size}`,
      body: {
        n,
        ...(n % 3 === 0 ? {} : { seats: n % 4 }),
        ...(n % 5 === 0 ? {} : { status: ["free", "busy", "off"][n % 3] }),
        name: `name ${n % 7}`,
        driver: { age: n % 6 }
      }
    }))
    yield* fill(target, documents)
    return target
  })

const ids = <E, R>(hits: Stream.Stream<KuzzleDocument.Hit, E, R>) =>
  Effect.map(Stream.runCollect(hits), (all) => Chunk.toReadonlyArray(all).map(({ _id }) => _id))

const order = fc.constantFrom("asc", "desc")

/** Sort keys whose values are in the document. */
const plainKey = fc.oneof(
  order.map((order) => ({ n: order })),
  order.map((order) => ({ "driver.age": { order } })),
  fc.constant("n")
)

/** Sort keys with a value that stands for a missing field. */
const missingKey = fc.oneof(
  fc.tuple(order, fc.integer({ min: -1, max: 5 })).map(([order, missing]) => ({ seats: { order, missing } })),
  order.map((order) => ({ status: { order, missing: "zzz" } }))
)

/** All sort keys, also those whose values only the server knows. */
const anyKey = fc.oneof(
  plainKey,
  order.map((order) => ({ "name.keyword": order })),
  fc.constantFrom("seats", "status"),
  fc.tuple(order, fc.constantFrom("_first", "_last")).map(([order, missing]) => ({ seats: { order, missing } }))
)

const query = fc.constantFrom(undefined, { range: { n: { gte: 5, lt: 31 } } }, { term: { status: "free" } })

interface Case {
  readonly size: number
  readonly query: KuzzleDocument.Content | undefined
  readonly sort: ReadonlyArray<KuzzleDocument.Content | string> | undefined
  readonly strategy: KuzzleSearch.Strategy | undefined
}

const casesOf = (
  key: fc.Arbitrary<KuzzleDocument.Content | string>,
  strategies: ReadonlyArray<KuzzleSearch.Strategy | undefined>
): fc.Arbitrary<Case> =>
  fc.record({
    size: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(43, 100)),
    query,
    sort: fc.option(fc.array(key, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    strategy: fc.constantFrom(...strategies)
  })

const cases = ({ standsForMissing }: Abilities) => {
  const known = standsForMissing ? fc.oneof(plainKey, missingKey) : plainKey
  return fc.oneof(
    casesOf(fc.oneof(known, anyKey), [
      undefined,
      KuzzleSearch.scroll({ keepAlive: "20 seconds" }),
      KuzzleSearch.fromSize()
    ]),
    casesOf(known, [KuzzleSearch.searchAfter(), KuzzleSearch.searchAfter({ tiebreaker: "n" })])
  )
}

/** What not every server can do. The stand-in for Elasticsearch takes any `missing` for `_last`. */
export interface Abilities {
  readonly standsForMissing: boolean
}

export const searchTests = (
  it: Vitest.MethodsNonLive<World | Backend, true>,
  provide: Provide,
  { runs, ...abilities }: Abilities & { readonly runs: number }
): void => {
  const test = <E>(name: string, body: Effect.Effect<void, E, Kuzzle.Kuzzle | World>) =>
    it.effect(name, () => provide()(body))

  describe("searches as streams", () => {
    test(
      "8.D18: no hit is lost or repeated, and the order is that of one search, for any sort and page size",
      Effect.gen(function*() {
        const target = yield* filled(43)
        const runtime = yield* Effect.runtime<Kuzzle.Kuzzle>()
        const agrees = ({ query, size, sort, strategy }: Case) =>
          Effect.gen(function*() {
            const paged = yield* ids(KuzzleSearch.hits({ ...target, query, sort, size, strategy }))
            // The tiebreaker orders equal hits.
            const tiebreaker = strategy?._tag === "Scroll" || strategy === undefined
              ? []
              : [{ [strategy.tiebreaker]: "asc" }]
            const whole = yield* KuzzleDocument.search({
              ...target,
              query,
              sort: sort === undefined ? tiebreaker : [...sort, ...tiebreaker],
              size: 100
            })
            assert.deepStrictEqual(paged, whole.hits.map(({ _id }) => _id))
            assert.lengthOf(new Set(paged), whole.total)
          })
        yield* Effect.promise(() =>
          fc.assert(fc.asyncProperty(cases(abilities), (each) => Runtime.runPromise(runtime)(agrees(each))), {
            numRuns: runs
          })
        )
      })
    )

    test(
      "8.D18: the options are not modified, and later changes of them have no effect",
      Effect.gen(function*() {
        const target = yield* filled(10)
        const range = { gte: 2 }
        const sort: Array<KuzzleDocument.Content | string> = [{ n: "asc" }]
        const options = { ...target, query: { range: { n: range } }, sort, size: 3 }
        const before = JSON.stringify(options)
        for (const strategy of [KuzzleSearch.scroll(), KuzzleSearch.searchAfter(), KuzzleSearch.fromSize()]) {
          const search = KuzzleSearch.hits({ ...options, strategy })
          const expected = yield* ids(search)
          assert.lengthOf(expected, 8)
          assert.strictEqual(JSON.stringify(options), before)
          const changed = yield* ids(Stream.tap(search, () =>
            Effect.sync(() => {
              range.gte = 9
              sort.push("status")
            })))
          assert.deepStrictEqual(changed, expected)
          range.gte = 2
          sort.length = 1
        }
      })
    )

    test(
      "a scroll has the documents that existed when it began, and requests a page only when it is needed",
      Effect.gen(function*() {
        const target = yield* filled(12)
        const sizes: Array<number> = []
        yield* KuzzleSearch.pages({ ...target, sort: ["n"], size: 4 }).pipe(
          Stream.tap((page) =>
            sizes.length === 0
              ? KuzzleDocument.create({ ...target, content: { n: 5 }, refresh: "wait_for" }).pipe(
                Effect.zipRight(Effect.sync(() => sizes.push(page.total)))
              )
              : Effect.sync(() => sizes.push(page.total))
          ),
          Stream.runDrain
        )
        assert.deepStrictEqual(sizes, [12, 12, 12])
      })
    )

    test(
      "a scroll that has expired is a typed error",
      Effect.gen(function*() {
        const target = yield* filled(6)
        const hits = KuzzleSearch.hits({
          ...target,
          size: 2,
          strategy: KuzzleSearch.scroll({ keepAlive: "50 millis" })
        })
        // The server measures the lifetime of a scroll.
        const slow = Stream.tap(hits, () => Effect.sleep("400 millis"))
        yield* failure(
          Stream.runDrain(slow),
          KuzzleActionError.ScrollNotFoundError,
          "services.storage.unknown_scroll_id"
        )
        yield* failure(
          Stream.runDrain(
            KuzzleSearch.hits({ ...target, size: 2, strategy: KuzzleSearch.scroll({ keepAlive: "2 hours" }) })
          ),
          KuzzleActionError.ScrollTooLongError
        )
        yield* failure(
          Stream.runDrain(KuzzleSearch.hits({ ...target, collection: "nowhere" })),
          KuzzleActionError.CollectionNotFoundError
        )
      })
    )

    test(
      "searchAfter refuses a sort whose values it cannot know, and accepts them from `cursor`",
      Effect.gen(function*() {
        const target = yield* filled(10)
        const after = (sort: ReadonlyArray<KuzzleDocument.Content | string>, more: object = {}) =>
          ids(KuzzleSearch.hits({ ...target, sort, size: 3, strategy: KuzzleSearch.searchAfter(), ...more }))
        for (const field of ["name.keyword", "seats", "_doc"]) {
          const error = yield* failure(after([field]), KuzzleSearch.CursorError)
          assert.strictEqual(error.field, field)
          assert.include(error.message, "cursor")
        }
        yield* failure(after(["n"], { _source: ["status"] }), KuzzleSearch.CursorError)
        // A single page needs no cursor.
        assert.lengthOf(yield* after(["name.keyword"], { size: 20 }), 10)
        const strategy = KuzzleSearch.searchAfter({ cursor: ({ _id, _source }) => [String(_source.name), _id] })
        assert.deepStrictEqual(
          yield* after(["name.keyword"], { strategy }),
          yield* ids(KuzzleSearch.hits({ ...target, sort: ["name.keyword", "_id"] }))
        )
      })
    )

    test(
      "a search of several collections refuses an id as the tiebreaker",
      Effect.gen(function*() {
        const [one, two] = [yield* filled(5), yield* filled(7)]
        const targets = [{ index: one.index, collections: [one.collection, two.collection] }]
        const hits = yield* Stream.runCollect(KuzzleSearch.hits({ targets, size: 2 }))
        const names = Array.fromIterable(hits).map(({ _id, collection }) => `${collection}/${_id}`)
        assert.lengthOf(new Set(names), 12)
        assert.lengthOf(names, 12)
        yield* failure(
          Stream.runDrain(KuzzleSearch.hits({ targets, size: 2, strategy: KuzzleSearch.searchAfter() })),
          KuzzleSearch.CursorError
        )
      })
    )

    test(
      "aggregations are typed, and come with the first page",
      Effect.gen(function*() {
        const target = yield* filled(12)
        for (const strategy of [KuzzleSearch.scroll(), KuzzleSearch.searchAfter(), KuzzleSearch.fromSize()]) {
          const pages = yield* Stream.runCollect(KuzzleSearch.pages({
            ...target,
            sort: [{ n: "asc" }],
            size: 5,
            strategy,
            aggregations: { status: { terms: { field: "status" }, aggs: { most: { max: { field: "n" } } } } }
          }))
          const [first, ...others] = Chunk.toReadonlyArray(pages)
          assert.deepStrictEqual(
            first?.aggregations?.status.buckets.map(({ doc_count, key, most }) => [key, doc_count, most.value]),
            [["busy", 3, 7], ["free", 3, 9], ["off", 3, 11]]
          )
          assert.lengthOf(others, 2)
          for (const { aggregations } of others) assert.isUndefined(aggregations)
        }
      })
    )

    test(
      "searches for users and other searches with a scroll are streams, too",
      Effect.gen(function*() {
        const { user } = yield* World
        const kuids = Array.map(yield* Effect.replicateEffect(user, 3), ({ kuid }) => kuid)
        const search = KuzzleSearch.scrolled(
          KuzzleSecurity.searchUsers({ query: { terms: { _id: kuids } }, size: 1, scroll: "10s" }),
          (scrollId) => KuzzleSecurity.scrollUsers({ scrollId, scroll: "10s" })
        )
        const pages = yield* Stream.runCollect(search)
        assert.deepStrictEqual(Array.fromIterable(pages).map(({ hits }) => hits.length), [1, 1, 1])
        assert.sameMembers(Array.fromIterable(pages).flatMap(({ hits }) => hits.map(({ _id }) => _id)), kuids)
      })
    )

    test(
      "a search without hits is one empty page",
      Effect.gen(function*() {
        const target = yield* filled(1)
        for (const strategy of [KuzzleSearch.scroll(), KuzzleSearch.searchAfter(), KuzzleSearch.fromSize()]) {
          const pages = yield* Stream.runCollect(
            KuzzleSearch.pages({ ...target, query: { term: { n: 99 } }, strategy })
          )
          assert.deepStrictEqual(Chunk.toReadonlyArray(pages).map(({ hits, total }) => [hits.length, total]), [[0, 0]])
        }
      })
    )
  })
}
