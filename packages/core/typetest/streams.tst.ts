/** Searches, exports, imports and live documents, as the compiler sees them. */
import type { KuzzleDownload, KuzzleRealtime } from "@effect-kuzzle/core"
import {
  type Kuzzle,
  type KuzzleActionError,
  KuzzleDocument,
  type KuzzleError,
  KuzzleExport,
  KuzzleImport,
  KuzzleLiveQuery,
  KuzzleSearch
} from "@effect-kuzzle/core"
import type { Layer } from "effect"
import { Effect, type Scope, Stream } from "effect"
import { describe, expect, test } from "tstyche"

const target = { index: "nyc", collection: "taxi" }

declare const overWebSocket: Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime>
declare const overHttp: Layer.Layer<Kuzzle.Kuzzle | KuzzleDownload.KuzzleDownload>

declare const run: <A, E>(effect: Effect.Effect<A, E>) => void

describe("searches", () => {
  test("hits, and all their errors", () => {
    expect(KuzzleSearch.hits(target)).type.toBe<
      Stream.Stream<KuzzleDocument.Hit, KuzzleSearch.SearchError, Kuzzle.Kuzzle>
    >()
    expect<KuzzleActionError.ScrollNotFoundError>().type.toBeAssignableTo<KuzzleSearch.SearchError>()
    expect(KuzzleSearch.hits({ ...target, from: 10 })).type.toRaiseError()
    expect(KuzzleSearch.hits({ ...target, scroll: "1m" })).type.toRaiseError()
    expect(KuzzleSearch.hits({ ...target, strategy: "scroll" })).type.toRaiseError()
    expect(KuzzleSearch.hits({ ...target, targets: [] })).type.toRaiseError()
    expect(KuzzleSearch.hits({ targets: [{ index: "nyc", collections: ["taxi", "bus"] }] })).type.not.toRaiseError()
  })

  test("aggregations have the types of the requested kinds", () => {
    const aggregations = {
      statuses: { terms: { field: "status" }, aggs: { oldest: { min: { field: "age" } } } },
      count: { value_count: { field: "age" } },
      odd: { some_plugin: {} }
    } as const
    type Results = KuzzleDocument.AggregationResults<typeof aggregations>
    expect<Results["statuses"]["buckets"][number]["key"]>().type.toBe<string | number>()
    expect<Results["statuses"]["buckets"][number]["oldest"]["value"]>().type.toBe<number | null>()
    expect<Results["count"]["value"]>().type.toBe<number>()
    expect<Results["odd"]>().type.toBe<Readonly<Record<string, unknown>>>()
    expect(KuzzleSearch.pages({ ...target, aggregations })).type.toBe<
      Stream.Stream<
        KuzzleSearch.Page<KuzzleDocument.Content, typeof aggregations>,
        KuzzleSearch.SearchError,
        Kuzzle.Kuzzle
      >
    >()
  })
})

describe("the result of a search has the type of its request", () => {
  interface Taxi {
    readonly status: "free" | "busy"
    readonly seats: number
    readonly driver?: { readonly name: string; readonly rating: number }
  }
  type Sources<F> = F extends
    Effect.Effect<{ readonly hits: ReadonlyArray<KuzzleDocument.Hit<infer Source>> }, infer _E, infer _R> ? Source
    : never

  test("_source, of documents without a type", () => {
    const _some = KuzzleDocument.search({ ...target, _source: ["status", "driver.name"] })
    expect<Sources<typeof _some>>().type.toBe<{ readonly status?: unknown; readonly driver?: unknown }>()
    const _none = KuzzleDocument.search({ ...target, _source: false })
    expect<Sources<typeof _none>>().type.toBe<{}>()
    const _usual = KuzzleDocument.search(target)
    expect<Sources<typeof _usual>>().type.toBe<KuzzleDocument.Content>()
    expect(KuzzleSearch.hits({ ...target, _source: ["status"] })).type.toBe<
      Stream.Stream<KuzzleDocument.Hit<{ readonly status?: unknown }>, KuzzleSearch.SearchError, Kuzzle.Kuzzle>
    >()
    expect(KuzzleDocument.search({ ...target, _source: 5 })).type.toRaiseError()
    expect(KuzzleDocument.search({ ...target, _source: { include: ["a"] } })).type.toRaiseError()
  })

  test("_source, of documents whose type the caller says", () => {
    type Picked<S> = KuzzleDocument.Selected<Taxi, S>
    expect<Picked<true>>().type.toBe<Taxi>()
    expect<Picked<false>>().type.toBe<{}>()
    expect<Picked<"seats">>().type.toBe<{ readonly seats: number }>()
    expect<Picked<readonly ["seats", "driver"]>>().type.toBe<Pick<Taxi, "seats" | "driver">>()
    expect<Picked<readonly ["driver.name"]>>().type.toBe<
      { readonly driver?: { readonly name?: string; readonly rating?: number } }
    >()
    expect<Picked<{ readonly includes: readonly ["status"] }>>().type.toBe<Pick<Taxi, "status">>()
    expect<Picked<{ readonly excludes: readonly ["driver"] }>>().type.toBe<Omit<Taxi, "driver">>()
    // Names that the compiler does not know: any part.
    type Any = {
      readonly status?: "free" | "busy"
      readonly seats?: number
      readonly driver?: { readonly name?: string; readonly rating?: number }
    }
    expect<Picked<readonly ["s*"]>>().type.toBe<Any>()
    expect<Picked<ReadonlyArray<string>>>().type.toBe<Any>()
    expect<Picked<{ readonly excludes: readonly ["driver.name"] }>>().type.toBe<Any>()
    const _partly = KuzzleDocument.search<Taxi>({ ...target, _source: ["seats"] })
    expect<Sources<typeof _partly>>().type.toBe<Any>()
    const _whole = KuzzleDocument.search<Taxi>(target)
    expect<Sources<typeof _whole>>().type.toBe<Taxi>()
  })

  test("aggregations of each kind", () => {
    const _asked = {
      keyed: { range: { field: "seats", keyed: true, ranges: [{ to: 3 }] } },
      days: {
        date_histogram: { field: "seen", calendar_interval: "day" },
        aggregations: { all: { stats: { field: "seats" } } }
      },
      named: { filters: { filters: { free: { term: {} }, busy: { term: {} } }, other_bucket_key: "others" } },
      listed: { filters: { filters: [{ term: {} }] } },
      pages: { composite: { sources: [{ status: { terms: { field: "status" } } }, { day: { date_histogram: {} } }] } },
      rides: { nested: { path: "rides" }, aggs: { km: { sum: { field: "rides.km" } } } },
      last: { top_hits: { size: 1 } },
      bare: { top_hits: { _source: ["seats"] } }
    } as const
    type Results = KuzzleDocument.AggregationResults<typeof _asked, Taxi>
    expect<Results["keyed"]["buckets"][string]["to"]>().type.toBe<number | undefined>()
    expect<Results["keyed"]["buckets"][string]>().type.not.toHaveProperty("key")
    expect<Results["days"]["buckets"][number]["key_as_string"]>().type.toBe<string>()
    expect<Results["days"]["buckets"][number]["all"]["avg"]>().type.toBe<number | null>()
    expect<keyof Results["named"]["buckets"]>().type.toBe<"free" | "busy" | "others">()
    expect<Results["listed"]["buckets"]>().type.toBe<ReadonlyArray<{ readonly doc_count: number }>>()
    expect<keyof Results["pages"]["buckets"][number]["key"]>().type.toBe<"status" | "day">()
    expect<Results["rides"]["km"]["value"]>().type.toBe<number>()
    expect<NonNullable<Results["last"]["hits"]["hits"][number]["_source"]>["status"]>().type.toBe<"free" | "busy">()
    expect<NonNullable<Results["bare"]["hits"]["hits"][number]["_source"]>>().type.not.toHaveProperty("status")
    const found = Effect.map(
      KuzzleDocument.search({ ...target, aggregations: { most: { max: { field: "seats" } } } }),
      ({ aggregations }) => aggregations?.most.value
    )
    expect(found).type.toBeAssignableTo<Effect.Effect<number | null | undefined, unknown, Kuzzle.Kuzzle>>()
  })
})

describe("transfer", () => {
  test("downloads do not compile over a WebSocket", () => {
    const exported = Stream.runDrain(KuzzleExport.stream(target))
    expect(exported).type.toBe<Effect.Effect<void, KuzzleError.RequestError, KuzzleDownload.KuzzleDownload>>()
    expect(run(Effect.provide(exported, overHttp))).type.not.toRaiseError()
    expect(run(Effect.provide(exported, overWebSocket))).type.toRaiseError()
    expect(KuzzleExport.stream({ ...target, format: "xml" })).type.toRaiseError()
  })

  test("an import fails as its documents do, and as a whole", () => {
    const documents: Stream.Stream<KuzzleImport.ImportedDocument, "mine"> = Stream.fail("mine")
    expect(KuzzleImport.stream(documents, target)).type.toBe<
      Stream.Stream<KuzzleImport.Progress, "mine" | KuzzleImport.ImportError, Kuzzle.Kuzzle>
    >()
    expect(KuzzleImport.stream(Stream.make({ n: 1 }), target)).type.toRaiseError()
  })
})

describe("live documents", () => {
  test("need real-time", () => {
    const live = KuzzleLiveQuery.live(target)
    expect(live).type.toBe<
      Effect.Effect<
        KuzzleLiveQuery.LiveQuery,
        KuzzleLiveQuery.LiveError,
        Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime | Scope.Scope
      >
    >()
    expect(run(Effect.provide(Effect.scoped(live), overWebSocket))).type.not.toRaiseError()
    expect(run(Effect.provide(Effect.scoped(live), overHttp))).type.toRaiseError()
    expect(KuzzleLiveQuery.live({ ...target, ids: ["a"], filter: {} })).type.toRaiseError()
    // No counterpart in a search.
    expect(KuzzleLiveQuery.live({ ...target, filter: { regexp: { status: "f.*" } } })).type.toRaiseError()
  })
})
