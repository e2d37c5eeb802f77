/** Searches, exports, imports and live documents, as the compiler sees them. */
import type { KuzzleDocument, KuzzleDownload, KuzzleRealtime } from "@effect-kuzzle/core"
import {
  type Kuzzle,
  type KuzzleActionError,
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
  test("hits, and every way they can fail", () => {
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

  test("aggregations by what was asked", () => {
    const aggregations = {
      statuses: { terms: { field: "status" }, aggs: { oldest: { min: { field: "age" } } } },
      count: { value_count: { field: "age" } },
      odd: { some_plugin: {} }
    } as const
    type Results = KuzzleSearch.AggregationResults<typeof aggregations>
    expect<Results["statuses"]["buckets"][number]["key"]>().type.toBe<string | number>()
    expect<Results["statuses"]["buckets"][number]["oldest"]["value"]>().type.toBe<number | null>()
    expect<Results["count"]["value"]>().type.toBe<number>()
    expect<Results["odd"]>().type.toBe<Readonly<Record<string, unknown>>>()
    expect(KuzzleSearch.pages({ ...target, aggregations })).type.toBe<
      Stream.Stream<KuzzleSearch.Page<typeof aggregations>, KuzzleSearch.SearchError, Kuzzle.Kuzzle>
    >()
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
