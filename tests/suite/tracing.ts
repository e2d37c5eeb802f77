/** Traces from a write to its subscribers. */
import { Kuzzle, KuzzleDocument, KuzzleRealtime, KuzzleTrace } from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import type { Tracer } from "effect"
import { Context, Effect, Layer, Option } from "effect"
import { recordingTracer } from "../../packages/core/test/support/tracer.ts"
import { Backend, World } from "./backend.ts"
import { anotherClient, documentOf, listenTo, roomOf, withClient } from "./tools.ts"

/** The identity of a span. */
const idsOf = ({ spanId, traceId }: Tracer.AnySpan) => ({ spanId, traceId })

export const tracingTests = (it: Vitest.MethodsNonLive<World | Backend, true>): void => {
  describe("traces", () => {
    it.effect("the notification of a write in a span carries the span, so a consumer can link to the request", () =>
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

    it.effect("requests of queryMany, of another client and over HTTP carry their span; requests without a tracer carry none", () =>
      Effect.gen(function*() {
        const target = yield* (yield* World).collection
        const inbox = yield* listenTo(target)
        const { named, tracer } = recordingTracer()
        const create = { controller: "document", action: "create", ...target, body: { n: 1 } }
        const notifiedSpans = (kuzzle: Kuzzle.KuzzleShape) =>
          Effect.gen(function*() {
            yield* Effect.withTracer(kuzzle.queryMany([create, create]), tracer)
            yield* kuzzle.query(create)
            const notifications = yield* inbox.takeN(3)
            const spans = notifications.map((notification) => Option.map(KuzzleTrace.spanOf(notification), idsOf))
            const batch = Option.map(Option.fromNullable(named("kuzzle.queryMany").at(-1)), idsOf)
            assert.isTrue(Option.isSome(batch))
            assert.deepStrictEqual(spans, [batch, batch, Option.none()])
          })
        yield* notifiedSpans(yield* (yield* anotherClient())(Kuzzle.Kuzzle))
        yield* notifiedSpans(Context.get(yield* Layer.build((yield* Backend).http()), Kuzzle.Kuzzle))
      }).pipe(withClient()))

    it.effect("a tracer does not split a shared subscription", () =>
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
