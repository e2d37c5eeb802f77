/** The client with Promises, as the compiler sees it. */
import {
  type Kuzzle,
  KuzzleAuth,
  KuzzleDocument,
  type KuzzleDownload,
  KuzzleExport,
  KuzzleLiveQuery,
  KuzzleMemoryStorage,
  KuzzleOutbox,
  KuzzlePromise,
  KuzzleRealtime,
  KuzzleRepository,
  KuzzleSearch,
  KuzzleServer
} from "@effect-kuzzle/core"
import type { Layer, Option } from "effect"
import { Effect, Redacted, Schema, Stream } from "effect"
import { describe, expect, test } from "tstyche"

const target = { index: "nyc", collection: "taxi" }

interface Taxi {
  readonly seats: number
}

declare const overWebSocket: Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime, Error>
declare const overHttp: Layer.Layer<Kuzzle.Kuzzle | KuzzleDownload.KuzzleDownload>
declare const withOutbox: Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime | KuzzleOutbox.KuzzleOutbox>
declare const incomplete: Layer.Layer<Kuzzle.Kuzzle, never, KuzzleRealtime.KuzzleRealtime>

const cars = KuzzleRepository.make({ ...target, schema: Schema.Struct({ seats: Schema.Int }) })

const kuzzle = await KuzzlePromise.make(overWebSocket, {
  auth: KuzzleAuth,
  cars,
  document: KuzzleDocument,
  export: KuzzleExport,
  live: KuzzleLiveQuery,
  memoryStorage: KuzzleMemoryStorage,
  realtime: KuzzleRealtime,
  search: KuzzleSearch,
  server: KuzzleServer
})

describe("functions", () => {
  test("resolve with the results of their effects", () => {
    expect(kuzzle.document.count(target)).type.toBe<Promise<number>>()
    expect(kuzzle.document.create({ ...target, content: {} })).type.toBe<Promise<KuzzleDocument.Document>>()
    expect(kuzzle.server.now()).type.toBe<Promise<number>>()
    expect(kuzzle.memoryStorage.get({ _id: "a" })).type.toBe<Promise<Option.Option<string>>>()
  })

  test("keep their type parameters", () => {
    expect(kuzzle.document.get<Taxi>({ ...target, _id: "a" })).type.toBe<Promise<KuzzleDocument.Document<Taxi>>>()
    expect(kuzzle.document.get({ ...target, _id: "a" })).type.toBe<Promise<KuzzleDocument.Document>>()
    expect(kuzzle.document.search<Taxi>(target)).type.toBe<Promise<KuzzleDocument.SearchResult<Taxi>>>()
    expect(kuzzle.search.hits<Taxi>(target)).type.toBe<AsyncIterable<KuzzleDocument.Hit<Taxi>>>()
    expect(kuzzle.realtime.subscribe({ ...target, users: "all", scope: "none" })).type.toBe<
      AsyncIterable<KuzzleRealtime.Gap | KuzzleRealtime.UserNotification>
    >()
    expect(kuzzle.realtime.open(target)).type.toBe<
      Promise<AsyncIterable<KuzzleRealtime.Gap | KuzzleRealtime.DocumentNotification> & KuzzlePromise.Closeable>
    >()
    expect(kuzzle.memoryStorage.object({ _id: "a", subcommand: "encoding" })).type.toBe<
      Promise<Option.Option<string>>
    >()
    const strategy = "local"
    expect(kuzzle.auth.login({ strategy, credentials: { username: "ada" } })).type.toRaiseError()
    expect(kuzzle.auth.login({ strategy, credentials: { username: "ada", password: Redacted.make("secret") } }))
      .type.not.toRaiseError()
  })

  test("take the options of their effects, and a signal among them", () => {
    const { signal } = new AbortController()
    expect(kuzzle.document.count({ ...target, signal, timeout: "1 second" })).type.not.toRaiseError()
    expect(kuzzle.document.count({ index: "nyc" })).type.toRaiseError()
    expect(kuzzle.document.count({ ...target, signals: signal })).type.toRaiseError()
    expect(kuzzle.server.now({ signal })).type.not.toRaiseError()
    expect(kuzzle.search.hits({ ...target, signal })).type.not.toRaiseError()
  })

  test("of repositories", () => {
    expect(kuzzle.cars.get({ _id: "a" })).type.toBeAssignableTo<Promise<KuzzleDocument.Document<Taxi>>>()
    expect(kuzzle.cars.create({ content: { seats: "4" } })).type.toRaiseError()
  })
})

describe("resources", () => {
  test("has functions for its effects, iterables for its streams, and a close", async () => {
    const live = await kuzzle.live.live(target)
    expect(live.documents()).type.toBe<Promise<KuzzleLiveQuery.Documents>>()
    expect(live.changes).type.toBe<AsyncIterable<KuzzleLiveQuery.Change>>()
    expect(live.close()).type.toBe<Promise<void>>()
    const listening = await kuzzle.realtime.listen(target, (notification) => {
      expect(notification).type.toBe<KuzzleRealtime.Gap | KuzzleRealtime.DocumentNotification>()
    })
    expect(listening.ended()).type.toBe<Promise<never>>()
  })
})

describe("services", () => {
  test("a service that the layer does not provide is absent", async () => {
    expect(kuzzle.export).type.not.toHaveProperty("stream")
    const http = await KuzzlePromise.make(overHttp, {
      export: KuzzleExport,
      live: KuzzleLiveQuery,
      realtime: KuzzleRealtime
    })
    expect(http.export.stream(target)).type.toBe<AsyncIterable<Uint8Array>>()
    expect(http.realtime).type.not.toHaveProperty("subscribe")
    expect(http.realtime).type.not.toHaveProperty("open")
    expect(http.realtime).type.toHaveProperty("count")
    expect(http.live).type.not.toHaveProperty("live")
    expect(KuzzlePromise.make(incomplete, {})).type.toRaiseError()
  })

  test("by their tags", async () => {
    const { outbox } = await KuzzlePromise.make(withOutbox, { outbox: KuzzleOutbox.KuzzleOutbox })
    const receipt = await outbox.handOver(KuzzleDocument.count(target))
    expect(receipt.outcome()).type.toBe<Promise<number>>()
    expect(receipt.withdraw()).type.toBe<Promise<boolean>>()
    const absent = await KuzzlePromise.make(overWebSocket, { outbox: KuzzleOutbox.KuzzleOutbox })
    expect(absent.outbox).type.toBe<never>()
  })

  test("its own names differ from those of modules", () => {
    expect(KuzzlePromise.make(overWebSocket, { close: KuzzleDocument })).type.toRaiseError()
  })
})

describe("any effect", () => {
  test("runs if the client provides its requirements", () => {
    expect(kuzzle.run(KuzzleDocument.count(target))).type.toBe<Promise<number>>()
    expect(kuzzle.run(KuzzleOutbox.logout({ forget: true }))).type.toRaiseError()
    expect(kuzzle.iterate(Stream.range(1, 9))).type.toBe<AsyncIterable<number>>()
    expect(kuzzle.run(Effect.succeed("a"))).type.toBe<Promise<string>>()
  })
})
