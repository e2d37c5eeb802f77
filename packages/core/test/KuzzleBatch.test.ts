import { Kuzzle, KuzzleBatch, KuzzleDocument } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Array, Cause, Effect, Exit, Fiber, Layer, Option, TestClock } from "effect"
import { answering, type SentRequest } from "./support/answering.ts"
import { turns } from "./support/FakeSocket.ts"
import { sleepers } from "./support/sleepers.ts"

const target = { index: "nyc", collection: "taxi" }

const documentOf = (_id: string) => ({ _id, _source: { of: _id }, _version: 1 })

const error = (id: string, status: number) =>
  new Response(JSON.stringify({ requestId: "r", status, error: { id, status, message: id, code: 1, props: [] } }), {
    status
  })

/** A server that accepts at most three documents in a request. */
const server = (requests: Array<SentRequest>) =>
  answering((request) => {
    requests.push(request)
    const { action, body } = request
    switch (action) {
      case "get":
      case "create":
        return documentOf(String(request._id))
      case "mGet":
        return { successes: body.ids.map(documentOf), errors: [] }
      case "mCreate":
        return body.documents.length > 3
          ? error("services.storage.write_limit_exceeded", 413)
          : { successes: body.documents.map(({ _id }: { _id: string }) => documentOf(_id)), errors: [] }
      default:
        return {}
    }
  })

/** The requests that are sent while the effect runs in a batch with a window of 10 ms of the test's clock. */
const sentBy = <A, E>(
  effect: Effect.Effect<A, E, Kuzzle.Kuzzle>,
  { options, steps = 1 }: { readonly options?: KuzzleBatch.Options; readonly steps?: number } = {}
) =>
  Effect.gen(function*() {
    const requests: Array<SentRequest> = []
    const layer = KuzzleBatch.layer({ window: "10 millis", ...options }).pipe(Layer.provide(server(requests)))
    const fiber = yield* Effect.fork(Effect.exit(Effect.provide(effect, layer)))
    for (let i = 0; i < steps; i++) yield* turn
    return { requests, exit: yield* Fiber.join(fiber) }
  })

/** Answers need turns of the event loop, but no time. */
const settled = turns(5)
const turn = settled.pipe(Effect.zipRight(TestClock.adjust("10 millis")), Effect.zipRight(settled))

const get = (_id: string, options: object = {}) => KuzzleDocument.get({ ...target, _id, ...options })
const create = (_id: string, content: KuzzleDocument.Content = {}) => KuzzleDocument.create({ ...target, _id, content })

const all = <A, E, R>(effects: ReadonlyArray<Effect.Effect<A, E, R>>) =>
  Effect.all(effects.map(Effect.exit), { concurrency: "unbounded" })

const successes = (exit: Exit.Exit<ReadonlyArray<Exit.Exit<KuzzleDocument.Document, unknown>>, unknown>) =>
  Exit.isSuccess(exit)
    ? exit.value.map((outcome) => Exit.isSuccess(outcome) ? outcome.value._id : outcome.cause.toString())
    : assert.fail()

describe("KuzzleBatch", () => {
  it.effect("requests within the window are sent together, and an id that occurs twice is sent once", () =>
    Effect.gen(function*() {
      const { requests, exit } = yield* sentBy(all([get("a"), get("b"), get("a")]))
      assert.deepStrictEqual(requests.map(({ action, body }) => [action, body]), [["mGet", { ids: ["a", "b"] }]])
      assert.deepStrictEqual(successes(exit), ["a", "b", "a"])
    }))

  it.effect("nothing is sent before the window ends, and later requests wait for the end of the next window", () =>
    Effect.gen(function*() {
      const requests: Array<SentRequest> = []
      const layer = KuzzleBatch.layer({ window: "10 millis" }).pipe(Layer.provide(server(requests)))
      yield* Effect.gen(function*() {
        yield* Effect.fork(all([get("a"), get("b")]))
        yield* settled
        yield* TestClock.adjust("9 millis")
        yield* settled
        assert.lengthOf(requests, 0)
        yield* turn
        assert.lengthOf(requests, 1)
        yield* Effect.fork(all([get("c"), get("d")]))
        yield* turn
        assert.deepStrictEqual(requests.map(({ body }) => body.ids), [["a", "b"], ["c", "d"]])
      }).pipe(Effect.provide(layer))
    }))

  it.effect("a single request is sent unchanged", () =>
    Effect.gen(function*() {
      const { requests } = yield* sentBy(get("a"))
      assert.deepStrictEqual(requests.map(({ action, _id }) => [action, _id]), [["get", "a"]])
    }))

  it.effect("requests that differ in options, collection, action or volatile data are not combined, nor are requests that no action on several documents can express", () =>
    Effect.gen(function*() {
      const effects = [
        get("a"),
        get("b"),
        get("c", { volatile: { who: 1 } }),
        get("d", { volatile: { who: 1 } }),
        get("e", { collection: "other" }),
        get("f", { collection: "other" }),
        KuzzleDocument.delete({ ...target, _id: "g", source: true }),
        KuzzleDocument.delete({ ...target, _id: "h", source: true }),
        get("i", { timeout: "1 minute" }),
        get("j", { timeout: 60_000 })
      ]
      const { requests } = yield* sentBy(all<unknown, unknown, Kuzzle.Kuzzle>(effects))
      assert.sameDeepMembers(
        requests.map(({ _id, action, body, collection }) => [action, collection, body?.ids ?? _id]),
        [
          ["mGet", "taxi", ["a", "b"]],
          ["mGet", "taxi", ["c", "d"]],
          ["mGet", "other", ["e", "f"]],
          ["delete", "taxi", "g"],
          ["delete", "taxi", "h"],
          ["mGet", "taxi", ["i", "j"]]
        ]
      )
    }))

  it.effect("8.D10: options apply only to the requests that they were given for", () =>
    Effect.gen(function*() {
      const write = (_id: string, options: object) => KuzzleDocument.create({ ...target, _id, content: {}, ...options })
      const options = [{ refresh: "wait_for" }, { silent: true }, {}]
      const writes = options.flatMap((given, i) => [write(`a${i}`, given), write(`b${i}`, given)])
      const { requests } = yield* sentBy(all(writes))
      assert.sameDeepMembers(
        requests.map(({ action, refresh, silent }) => ({ action, refresh, silent })),
        [
          { action: "mCreate", refresh: "wait_for", silent: undefined },
          { action: "mCreate", refresh: undefined, silent: true },
          { action: "mCreate", refresh: undefined, silent: undefined }
        ]
      )
    }))

  it.effect("8.D12: a batch is never larger than the limit, and a batch that the server refuses as too large is sent in halves", () =>
    Effect.gen(function*() {
      const ids = Array.makeBy(7, (i) => `id${i}`)
      const { requests, exit } = yield* sentBy(all(ids.map((_id) => create(_id))), { options: { maxWrites: 6 } })
      assert.deepStrictEqual(successes(exit), ids)
      const sizes = requests.map(({ action, body }) => action === "mCreate" ? body.documents.length : 1)
      assert.sameMembers(sizes, [6, 3, 3, 1])
    }))

  it.effect("requests are combined only if they agree in their sender, in `idempotent` and in `queuable`", () =>
    Effect.gen(function*() {
      const requests: Array<SentRequest> = []
      const layer = KuzzleBatch.layer({ window: "10 millis" }).pipe(Layer.provide(server(requests)))
      const sent = (options: Kuzzle.RequestOptions) =>
        Effect.flatMap(
          Kuzzle.Kuzzle,
          (kuzzle) =>
            Effect.all(
              ["a", "b"].map((_id) => kuzzle.query({ controller: "document", action: "get", ...target, _id }, options)),
              {
                concurrency: "unbounded"
              }
            )
        )
      const groups: ReadonlyArray<Kuzzle.RequestOptions> = [
        {},
        { as: { _tag: "User", kuid: "ada" } },
        { as: { _tag: "User", kuid: "bob" } },
        { as: { _tag: "Anonymous" } },
        { idempotent: true },
        { queuable: false }
      ]
      const fiber = yield* Effect.fork(
        Effect.provide(
          Effect.exit(Effect.all(groups.map((options) => Effect.exit(sent(options))), { concurrency: "unbounded" })),
          layer
        )
      )
      yield* turn
      yield* Fiber.join(fiber)
      // Ada and Bob are not logged in, so their requests are not sent.
      assert.deepStrictEqual(
        requests.map(({ action, body }) => [action, body.ids]),
        Array.makeBy(4, () => ["mGet", ["a", "b"]])
      )
    }))

  it.effect("all calls together use two timers: that of the window, and one for all deadlines", () =>
    Effect.gen(function*() {
      const requests: Array<SentRequest> = []
      const layer = KuzzleBatch.layer({ window: "10 millis", maxReads: 500 }).pipe(Layer.provide(server(requests)))
      const ids = Array.makeBy(1000, (i) => `id${i}`)
      const { clock, wakeUps } = yield* sleepers
      const calls = Effect.provide(all(ids.map((_id) => get(_id))), layer)
      const fiber = yield* Effect.fork(Effect.withClock(calls, clock))
      yield* settled
      assert.lengthOf(wakeUps(), 2)
      yield* turn
      assert.lengthOf(yield* Fiber.join(fiber), 1000)
      assert.lengthOf(requests, 2)
    }))

  it.effect("R2: a request that was reported as not sent is not sent later", () =>
    Effect.gen(function*() {
      const requests: Array<number> = []
      const slow = Layer.effect(
        Kuzzle.Kuzzle,
        Effect.map(Effect.provide(Kuzzle.Kuzzle, server([])), (kuzzle): Kuzzle.KuzzleShape => ({
          ...kuzzle,
          query: ({ body }) => {
            // `mCreate` has a list of documents.
            requests.push((body as { readonly documents: ReadonlyArray<unknown> }).documents.length)
            return Effect.delay(Effect.die("never answered"), "1 minute")
          }
        }))
      )
      const layer = KuzzleBatch.layer({ window: "10 millis", maxWrites: 2 }).pipe(Layer.provide(slow))
      const late = Effect.gen(function*() {
        const fiber = yield* Effect.fork(
          Effect.all(Array.makeBy(12, (i) => Effect.flip(create(`id${i}`))), { concurrency: "unbounded" })
        )
        yield* turn
        yield* TestClock.adjust("15 seconds")
        const errors = yield* Fiber.join(fiber)
        yield* TestClock.adjust("5 minutes")
        yield* settled
        return errors.filter((error) => error._tag === "KuzzleDeadlineError" && !error.sent)
      })
      const notSent = yield* Effect.provide(late, layer)
      assert.deepStrictEqual(requests, [2, 2, 2, 2])
      assert.lengthOf(notSent, 4)
    }))

  it.effect("a request that cannot be encoded fails alone", () =>
    Effect.gen(function*() {
      const { exit } = yield* sentBy(all([create("a"), create("b", { n: NaN }), create("c"), create("d")]))
      const [, second, ...others] = Exit.isSuccess(exit) ? exit.value : assert.fail()
      assert.include(String(second), "KuzzleEncodeError")
      for (const other of others) assert.isTrue(Exit.isSuccess(other))
    }))

  it.effect("the second of two writes of the same document waits for the first", () =>
    Effect.gen(function*() {
      const { requests } = yield* sentBy(all([create("a", { n: 1 }), create("b"), create("a", { n: 2 })]))
      assert.deepStrictEqual(
        requests.map(({ _id, action, body }) => action === "mCreate" ? body.documents : [_id, body]),
        [[{ _id: "a", body: { n: 1 } }, { _id: "b", body: {} }], ["a", { n: 2 }]]
      )
    }))

  it.effect("a request that is interrupted within its window is not sent", () =>
    Effect.gen(function*() {
      const requests: Array<SentRequest> = []
      const layer = KuzzleBatch.layer({ window: "10 millis" }).pipe(Layer.provide(server(requests)))
      yield* Effect.gen(function*() {
        const [a] = yield* Effect.all([Effect.fork(get("a")), Effect.fork(get("b")), Effect.fork(get("c"))])
        yield* settled
        yield* Fiber.interrupt(a)
        yield* turn
        assert.deepStrictEqual(requests.map(({ body }) => body.ids), [["b", "c"]])
      }).pipe(Effect.provide(layer))
    }))

  it.effect("R2: the deadline runs from the submission, and says whether it was sent", () =>
    Effect.gen(function*() {
      const requests: Array<SentRequest> = []
      const layer = KuzzleBatch.layer({ window: "10 millis" }).pipe(Layer.provide(server(requests)))
      const deadline = (timeout: string | number) =>
        Effect.fork(Effect.flip(get("a", { timeout })).pipe(Effect.provide(layer)))
      const short = yield* deadline("8 millis")
      yield* settled
      yield* TestClock.adjust("8 millis")
      const error = yield* Fiber.join(short)
      if (error._tag !== "KuzzleDeadlineError") return assert.fail(error._tag)
      assert.isFalse(error.sent)
      yield* turn
      assert.lengthOf(requests, 0)
      // The client itself refuses a timeout that is not a duration.
      const odd = yield* Effect.flip(get("a", { timeout: "soon" })).pipe(Effect.provide(layer))
      assert.strictEqual(odd._tag, "KuzzleEncodeError")
      const slow = KuzzleBatch.layer({ window: "10 millis" }).pipe(
        Layer.provide(Layer.effect(
          Kuzzle.Kuzzle,
          Effect.map(
            Effect.provide(Kuzzle.Kuzzle, server(requests)),
            (kuzzle) => ({ ...kuzzle, query: () => Effect.never })
          )
        ))
      )
      const late = yield* Effect.fork(Effect.flip(get("a")).pipe(Effect.provide(slow)))
      yield* turn
      yield* TestClock.adjust("14989 millis")
      yield* settled
      assert.isNull(late.unsafePoll())
      yield* TestClock.adjust("1 millis")
      const sent = yield* Fiber.join(late)
      if (sent._tag !== "KuzzleDeadlineError") return assert.fail(sent._tag)
      assert.isTrue(sent.sent)
    }))

  it.effect("8.D12: closing the scope interrupts all present and later callers", () =>
    Effect.gen(function*() {
      const requests: Array<SentRequest> = []
      const kuzzle = yield* Effect.provide(Kuzzle.Kuzzle, server(requests))
      const closed = yield* Effect.scoped(Effect.gen(function*() {
        const batch = yield* KuzzleBatch.make(kuzzle, { window: "10 millis" })
        const waiting = yield* Effect.forkDaemon(Effect.provideService(get("a"), Kuzzle.Kuzzle, batch))
        yield* settled
        return { batch, waiting }
      }))
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(closed.waiting)))
      const late = yield* Effect.exit(Effect.provideService(get("a"), Kuzzle.Kuzzle, closed.batch))
      assert.isTrue(Exit.isInterrupted(late))
      assert.lengthOf(requests, 0)
    }))

  it.effect("an error of the whole batch is the error of each request", () =>
    Effect.gen(function*() {
      const layer = KuzzleBatch.layer({ window: "10 millis" }).pipe(
        Layer.provide(answering(() => error("services.storage.unknown_collection", 412)))
      )
      const fiber = yield* Effect.fork(Effect.provide(all([get("a"), get("b")]), layer))
      yield* turn
      for (const exit of yield* Fiber.join(fiber)) assert.include(String(exit), "KuzzleCollectionNotFoundError")
    }))

  it.effect("C7: a malformed answer is a typed error of each request, and never a defect", () =>
    Effect.gen(function*() {
      const wrong = [
        null,
        0,
        "text",
        [],
        {},
        { successes: null, errors: [] },
        { successes: [], errors: null },
        { successes: {}, errors: [] },
        { successes: [null], errors: [] },
        { successes: [{}], errors: [] },
        { successes: [{ _id: 1 }], errors: [] },
        { successes: [], errors: [null, null] },
        { successes: [], errors: [{ document: null, reason: "no", status: 400 }] },
        { successes: [], errors: [{ document: {}, reason: null, status: 400 }] },
        { successes: [], errors: [{ document: {}, reason: "no", status: "400" }] },
        {
          successes: [documentOf("a"), documentOf("b"), documentOf("c")].map(({ _source, ...rest }) => rest),
          errors: []
        }
      ]
      const content = {}
      const calls: ReadonlyArray<(_id: string) => Effect.Effect<unknown, { readonly _tag: string }, Kuzzle.Kuzzle>> = [
        (_id) => KuzzleDocument.get({ ...target, _id }),
        (_id) => KuzzleDocument.create({ ...target, _id, content }),
        (_id) => KuzzleDocument.createOrReplace({ ...target, _id, content }),
        (_id) => KuzzleDocument.replace({ ...target, _id, content }),
        (_id) => KuzzleDocument.update({ ...target, _id, content }),
        (_id) => KuzzleDocument.delete({ ...target, _id })
      ]
      for (const result of wrong) {
        const layer = KuzzleBatch.layer({ window: "10 millis" }).pipe(Layer.provide(answering(() => result)))
        const fibers = yield* Effect.forEach(
          calls,
          (call) => Effect.fork(Effect.provide(all([call("a"), call("b")]), layer))
        )
        yield* turn
        for (const fiber of fibers) {
          const tags = (yield* Fiber.join(fiber)).map(
            Exit.match({
              onFailure: (cause) =>
                Option.match(Cause.failureOption(cause), { onNone: () => "a defect", onSome: (error) => error._tag }),
              onSuccess: String
            })
          )
          // A document that is missing in an answer without errors counts as not found.
          const checked = tags.map((tag) => tag === "KuzzleDocumentNotFoundError" ? "KuzzleProtocolError" : tag)
          assert.deepStrictEqual(checked, ["KuzzleProtocolError", "KuzzleProtocolError"], JSON.stringify(result))
        }
      }
    }))
})
