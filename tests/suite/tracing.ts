/** Traces from a write to its subscribers. */
import { Kuzzle, KuzzleDocument, KuzzleRealtime, KuzzleTrace } from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import type { Tracer } from "effect"
import { Context, Effect, Layer, Option } from "effect"
import { recordingTracer } from "../../packages/core/test/support/tracer.ts"
import { Backend, World } from "./backend.ts"
import { another, documentOf, listenTo, roomOf, withClient } from "./tools.ts"

/** The identity of a span. */
const idsOf = ({ spanId, traceId }: Tracer.AnySpan) => ({ spanId, traceId })

export const tracingTests = (it: Vitest.MethodsNonLive<World | Backend, true>): void => {
  describe("traces", () => {
    it.effect("the notification of a write in a span carries it: a consumer links to the request, in the trace of the writer", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const inbox = yield* listenTo(target)
        const { last, tracer } = recordingTracer()
        yield* KuzzleDocument.create({ ...target, content: { n: 1 }, volatile: { by: "me" } }).pipe(
          Effect.withSpan("order.place"),
          Effect.withTracer(tracer)
        )
        const notification = yield* inbox.take
        const request = last("kuzzle.document/create")
        assert.deepStrictEqual(Option.map(request.parent, idsOf), Option.some(idsOf(last("order.place"))))
        assert.deepStrictEqual(Option.map(KuzzleTrace.spanOf(notification), idsOf), Option.some(idsOf(request)))
        assert.deepInclude(documentOf(notification).volatile, { by: "me" })

        const consumer = recordingTracer()
        yield* Effect.void.pipe(
          Effect.withSpan("order.show", { links: KuzzleTrace.linksOf(notification) }),
          Effect.withTracer(consumer.tracer)
        )
        assert.deepStrictEqual(consumer.last("order.show").links.map(({ span }) => idsOf(span)), [idsOf(request)])
      }).pipe(withClient()))

    it.effect("so is one of many requests, of another client, and over HTTP; not one without a tracer", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const inbox = yield* listenTo(target)
        const { named, tracer } = recordingTracer()
        const create = { controller: "document", action: "create", ...target, body: { n: 1 } }
        const heardOf = (kuzzle: Kuzzle.KuzzleShape) =>
          Effect.gen(function*() {
            yield* Effect.withTracer(kuzzle.queryMany([create, create]), tracer)
            yield* kuzzle.query(create)
            const told = (yield* inbox.takeN(3)).map((one) => Option.map(KuzzleTrace.spanOf(one), idsOf))
            const batch = Option.map(Option.fromNullable(named("kuzzle.queryMany").at(-1)), idsOf)
            assert.isTrue(Option.isSome(batch))
            assert.deepStrictEqual(told, [batch, batch, Option.none()])
          })
        yield* heardOf(yield* (yield* another())(Kuzzle.Kuzzle))
        yield* heardOf(Context.get(yield* Layer.build((yield* Backend).http()), Kuzzle.Kuzzle))
      }).pipe(withClient()))

    it.effect("subscriptions are shared, whichever client traces", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const { tracer } = recordingTracer()
        yield* listenTo(target).pipe(Effect.withSpan("one"), Effect.withTracer(tracer))
        yield* listenTo(target)
        const inbox = yield* listenTo(target)
        yield* KuzzleRealtime.publish({ ...target, message: { hello: "world" } })
        const roomId = roomOf(documentOf(yield* inbox.take))
        assert.strictEqual(yield* KuzzleRealtime.count({ roomId }), 1)
      }).pipe(withClient()))
  })
}
