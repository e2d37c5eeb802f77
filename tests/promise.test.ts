/** The client with Promises, over real sockets. */
import {
  Kuzzle,
  KuzzleActionError,
  KuzzleAuth,
  KuzzleCollection,
  KuzzleDocument,
  KuzzleError,
  KuzzleExport,
  KuzzleImport,
  KuzzleLiveQuery,
  KuzzleOutbox,
  KuzzlePromise,
  KuzzleRealtime,
  KuzzleRepository,
  KuzzleSearch,
  KuzzleServer
} from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import type { KuzzleEngine } from "@effect-kuzzle/testing"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { until } from "./suite/until.ts"

const target = { index: "nyc", collection: "taxi" }

const seeds: KuzzleEngine.Options = {
  users: [{ username: "ada", password: Redacted.make("secret") }],
  mappings: { nyc: { taxi: { properties: { seats: { type: "integer" } } } } },
  fixtures: { nyc: { taxi: [{ index: { _id: "a" } }, { seats: 4 }, { index: { _id: "b" } }, { seats: 6 }] } }
}

interface Server extends KuzzleTestServer.KuzzleTestServerShape {
  /** How many subscriptions the server has. */
  readonly subscribers: () => Promise<number>
}

/** A test whose body uses only Promises. */
const promised = (title: string, body: (server: Server) => Promise<void>) =>
  it.live(title, () =>
    Effect.gen(function*() {
      const server = yield* KuzzleTestServer.KuzzleTestServer
      const rooms = Effect.provide(KuzzleRealtime.list(), NodeKuzzle.layerHttp({ url: server.httpUrl }))
      const subscribers = () =>
        Effect.runPromise(Effect.map(rooms, (indexes) =>
          Object.values(indexes).flatMap(Object.values<Readonly<Record<string, number>>>).flatMap(Object.values<number>)
            .reduce((sum, count) =>
              sum + count, 0)))
      yield* Effect.promise(() =>
        body({ ...server, subscribers })
      )
    }).pipe(Effect.provide(KuzzleTestServer.layer(seeds))), 30_000)

const modules = {
  auth: KuzzleAuth,
  client: Kuzzle.Kuzzle,
  document: KuzzleDocument,
  live: KuzzleLiveQuery,
  realtime: KuzzleRealtime,
  search: KuzzleSearch,
  server: KuzzleServer
}

const connect = ({ url }: { readonly url: string }) => KuzzlePromise.make(NodeKuzzle.layer({ url }), modules)

const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error("the promise was not rejected")
}

const ids = async (hits: AsyncIterable<{ readonly _id: string }>): Promise<ReadonlyArray<string>> => {
  const result: Array<string> = []
  for await (const { _id } of hits) result.push(_id)
  return result.sort()
}

const eventually = (what: string, condition: () => Promise<boolean>): Promise<void> =>
  Effect.runPromise(until(what, Effect.promise(condition)))

describe("KuzzlePromise", () => {
  promised("functions of modules return promises of the results of their effects", async (server) => {
    const kuzzle = await connect(server)
    const { kuid } = await kuzzle.auth.login({
      strategy: "local",
      credentials: { username: "ada", password: Redacted.make("secret") }
    })
    assert.strictEqual(kuid, "ada")
    const { _source } = await kuzzle.document.get<{ seats: number }>({ ...target, _id: "a" })
    assert.strictEqual(_source.seats, 4)
    assert.isTrue(Option.isNone(await kuzzle.document.getOption({ ...target, _id: "none" })))
    assert.isNumber(await kuzzle.server.now())
    assert.deepStrictEqual(await ids(kuzzle.search.hits({ ...target, size: 1 })), ["a", "b"])
    await kuzzle.close()
  })

  promised("rejections are the tagged errors themselves, and defects are not wrapped", async (server) => {
    const kuzzle = await connect(server)
    const error = await rejection(kuzzle.document.get({ ...target, _id: "none" }))
    assert.instanceOf(error, KuzzleActionError.DocumentNotFoundError)
    assert.instanceOf(error, Error)
    assert.strictEqual(error._tag, "KuzzleDocumentNotFoundError")
    assert.include(error.message, "none")
    const defect = new Error("a defect")
    assert.strictEqual(await rejection(kuzzle.run(Effect.die(defect))), defect)
    // @ts-expect-error without options, this throws before it returns an effect
    assert.instanceOf(await rejection(kuzzle.document.mGet()), TypeError)
    const refused = await rejection(KuzzlePromise.make(NodeKuzzle.layer({ url: "ws://127.0.0.1:1" }), {}))
    assert.instanceOf(refused, KuzzleError.ConnectError)
    // A caller without types can pass a missing service. The failed call leaves no connection.
    const absent = await rejection(
      KuzzlePromise.make(NodeKuzzle.layer({ url: server.url }), { outbox: KuzzleOutbox.KuzzleOutbox })
    )
    assert.include(String(absent), "KuzzleOutbox")
    await eventually("the end of its connection", async () => await Effect.runPromise(server.connections) === 1)
    await kuzzle.close()
  })

  promised("a signal interrupts a call, which rejects with the reason of the signal", async (server) => {
    const kuzzle = await connect(server)
    const reason = new Error("the user cancelled")
    const controller = new AbortController()
    await Effect.runPromise(server.freeze)
    const waiting = rejection(kuzzle.document.get({ ...target, _id: "a", signal: controller.signal }))
    controller.abort(reason)
    assert.strictEqual(await waiting, reason)
    assert.strictEqual(await rejection(kuzzle.server.now({ signal: controller.signal })), reason)
    const building = KuzzlePromise.make(NodeKuzzle.layer({ url: server.url }), {}, { signal: AbortSignal.timeout(50) })
    assert.propertyVal(await rejection(building), "name", "TimeoutError")
    await Effect.runPromise(server.thaw)
    // The signal is not sent to the server.
    const { signal } = new AbortController()
    assert.strictEqual((await kuzzle.document.get({ ...target, _id: "a", signal }))._id, "a")
    await kuzzle.close()
  })

  promised("a subscription is iterated, and the end of the loop ends it on the server", async (server) => {
    const kuzzle = await connect(server)
    const notifications = await kuzzle.realtime.open(target)
    assert.strictEqual(await server.subscribers(), 1)
    await kuzzle.document.create({ ...target, _id: "c", content: { seats: 2 } })
    await kuzzle.document.create({ ...target, _id: "d", content: { seats: 2 } })
    const seen: Array<unknown> = []
    for await (const notification of notifications) {
      if (notification.type === "document") seen.push(notification.result._id)
      if (seen.length === 2) break
    }
    assert.deepStrictEqual(seen, ["c", "d"])
    await kuzzle.server.now()
    assert.strictEqual(await server.subscribers(), 0)

    const lazy = kuzzle.realtime.subscribe(target)[Symbol.asyncIterator]()
    await kuzzle.server.now()
    assert.strictEqual(await server.subscribers(), 0)
    const first = lazy.next()
    await eventually("the subscription", async () => await server.subscribers() === 1)
    await kuzzle.document.delete({ ...target, _id: "c" })
    assert.strictEqual((await first).value?.type, "document")
    await lazy.return?.()
    await kuzzle.server.now()
    assert.strictEqual(await server.subscribers(), 0)
    await kuzzle.close()
  })

  promised("return, a signal and close end an iteration that waits", async (server) => {
    const kuzzle = await connect(server)
    await (await kuzzle.realtime.open(target))[Symbol.asyncIterator]().return?.()
    await kuzzle.server.now()
    assert.strictEqual(await server.subscribers(), 0)

    const iterator = (await kuzzle.realtime.open(target))[Symbol.asyncIterator]()
    const next = iterator.next()
    assert.deepStrictEqual(await iterator.return?.(), { done: true, value: undefined })
    assert.deepStrictEqual(await next, { done: true, value: undefined })
    assert.deepStrictEqual(await iterator.next(), { done: true, value: undefined })

    const controller = new AbortController()
    const reason = new Error("the page was closed")
    const opened = await kuzzle.realtime.open({ ...target, signal: controller.signal })
    const pending = rejection(opened[Symbol.asyncIterator]().next())
    controller.abort(reason)
    assert.strictEqual(await pending, reason)
    await kuzzle.server.now()
    assert.strictEqual(await server.subscribers(), 0)

    const closed = await kuzzle.realtime.open(target)
    const waiting = closed[Symbol.asyncIterator]().next()
    await closed.close()
    assert.deepStrictEqual(await waiting, { done: true, value: undefined })

    // An unfinished iteration must not look finished.
    const unfinished = rejection((await kuzzle.realtime.open(target))[Symbol.asyncIterator]().next())
    await kuzzle.close()
    assert.instanceOf(await unfinished, KuzzleError.NotSentError)
  })

  promised("a long-lived result has functions for its effects, and `close`", async (server) => {
    const kuzzle = await connect(server)
    const received: Array<string> = []
    const listening = await kuzzle.realtime.listen(target, ({ type }) => void received.push(type))
    const ended = rejection(listening.ended())
    const live = await kuzzle.live.live(target)
    assert.strictEqual((await live.documents()).size, 2)
    await kuzzle.document.create({ ...target, content: { seats: 2 } })
    for await (const documents of live.values) if (documents.size === 3) break
    assert.deepStrictEqual(received, ["document"])
    await live.close()
    await listening.close()
    assert.instanceOf(await ended, KuzzlePromise.ClosedError)
    await kuzzle.server.now()
    assert.strictEqual(await server.subscribers(), 0)
    await kuzzle.close()
  })

  promised("the client's own streams and functions are available, also those of its parts", async (server) => {
    const kuzzle = await connect(server)
    for await (const { _tag } of kuzzle.iterate(KuzzleAuth.states)) {
      assert.strictEqual(_tag, "Anonymous")
      break
    }
    assert.strictEqual((await kuzzle.client.state())._tag, "Ready")
    const { result } = await kuzzle.client.query({ controller: "document", action: "count", ...target })
    assert.deepStrictEqual(result, { count: 2 })
    await kuzzle.close()
  })

  promised(
    "after close every call rejects, and the error says whether the call was started or sent",
    async (server) => {
      const kuzzle = await connect(server)
      await Effect.runPromise(server.freeze)
      const sent = rejection(kuzzle.document.get({ ...target, _id: "a" }))
      const never = rejection(kuzzle.run(Effect.never))
      await Promise.all([kuzzle.close(), kuzzle.close()])
      assert.instanceOf(await sent, KuzzleError.MaybeSentError)
      const interrupted = await never
      assert.instanceOf(interrupted, KuzzlePromise.ClosedError)
      assert.isTrue(interrupted.started)
      const later = await rejection(kuzzle.document.get({ ...target, _id: "a" }))
      assert.instanceOf(later, KuzzlePromise.ClosedError)
      assert.isFalse(later.started)
      assert.include(later.message, "closed")
      assert.instanceOf(await rejection(ids(kuzzle.search.hits(target))), KuzzlePromise.ClosedError)
      await Effect.runPromise(server.thaw)
    }
  )

  promised("await using closes the client", async (server) => {
    {
      await using kuzzle = await connect(server)
      await kuzzle.server.now()
      assert.strictEqual(await Effect.runPromise(server.connections), 1)
    }
    await eventually("the end of the connection", async () => await Effect.runPromise(server.connections) === 0)
  })

  promised("over HTTP, exports and imports of async iterables work", async (server) => {
    const kuzzle = await KuzzlePromise.make(NodeKuzzle.layerHttp({ url: server.httpUrl }), {
      collection: KuzzleCollection,
      document: KuzzleDocument,
      export: KuzzleExport,
      import: KuzzleImport
    })
    const copy = { index: "nyc", collection: "copy" }
    await kuzzle.collection.create(copy)
    const documents = kuzzle.import.fromJsonLines(kuzzle.export.stream(target))
    for await (const { failed } of kuzzle.import.stream(documents, copy)) assert.strictEqual(failed, 0)
    await kuzzle.collection.refresh(copy)
    assert.strictEqual(await kuzzle.document.count(copy), 2)
    await kuzzle.close()
  })

  promised("repositories and the outbox are modules, too", async (server) => {
    const taxis = KuzzleRepository.make({ ...target, schema: Schema.Struct({ seats: Schema.NumberFromString }) })
    const cars = KuzzleRepository.make({ ...target, schema: Schema.Struct({ seats: Schema.Int }) })
    const layer = KuzzleOutbox.layer().pipe(
      Layer.provide(KuzzleOutbox.layerMemoryStore),
      Layer.provideMerge(NodeKuzzle.layer({ url: server.url }))
    )
    const kuzzle = await KuzzlePromise.make(layer, { taxis, cars, outbox: KuzzleOutbox.KuzzleOutbox })
    assert.strictEqual((await kuzzle.cars.get({ _id: "b" }))._source.seats, 6)
    assert.instanceOf(await rejection(kuzzle.taxis.get({ _id: "b" })), KuzzleRepository.InvalidDocumentError)
    const opened = await kuzzle.cars.open()
    const receipt = await kuzzle.outbox.handOver(KuzzleDocument.create({ ...target, _id: "c", content: { seats: 1 } }))
    assert.isString(receipt.id)
    assert.strictEqual((await receipt.outcome())._id, "c")
    assert.isFalse(await receipt.withdraw())
    for await (const notification of opened) {
      if (notification.type !== "document") continue
      assert.strictEqual(notification.result._source?.seats, 1)
      break
    }
    assert.deepStrictEqual(await kuzzle.outbox.pending(), [])
    await kuzzle.close()
  })

  promised("run and iterate accept any effect and any stream", async (server) => {
    const kuzzle = await connect(server)
    const seats: number = await kuzzle.run(
      Effect.map(KuzzleDocument.get<{ seats: number }>({ ...target, _id: "a" }), ({ _source }) => _source.seats)
    )
    assert.strictEqual(seats, 4)
    const numbers: Array<number> = []
    for await (const n of kuzzle.iterate(Stream.range(1, 5_000))) numbers.push(n)
    assert.strictEqual(numbers.length, 5_000)
    let released = 0
    const opening = Effect.addFinalizer(() => Effect.sync(() => void (released += 1)))
    for await (const n of await kuzzle.run(Effect.as(opening, Stream.range(1, 2)))) {
      assert.strictEqual(released, 0, `${n}`)
    }
    assert.strictEqual(released, 1)
    const failure = new Error("in the middle")
    const failing = kuzzle.iterate(Stream.concat(Stream.make(1), Stream.fail(failure)))[Symbol.asyncIterator]()
    assert.deepStrictEqual(await failing.next(), { done: false, value: 1 })
    assert.strictEqual(await rejection(failing.next()), failure)
    assert.deepStrictEqual(await failing.next(), { done: true, value: undefined })
    await kuzzle.close()
  })
})
