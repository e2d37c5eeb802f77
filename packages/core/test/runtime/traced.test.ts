import { Kuzzle, KuzzleHeartbeat, KuzzleHttp, KuzzleTelemetry } from "@effect-kuzzle/core"
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Layer, Option, Schedule, TestClock, Tracer } from "effect"
import { inspect } from "node:util"
import { withAccount } from "../support/account.ts"
import { now, obligingNetwork } from "../support/client.ts"
import { type FakeNetwork, turns } from "../support/FakeSocket.ts"
import { since } from "../support/metrics.ts"
import { attributesOf, recordingTracer } from "../support/tracer.ts"

const silentLayerOver = (network: FakeNetwork, options: Kuzzle.Options = {}) =>
  Kuzzle.layer({ url: "ws://kuzzle.test:7512", reconnect: Schedule.spaced("1 second"), ...options }).pipe(
    Layer.provide([network.layer, KuzzleHeartbeat.layerDisabled])
  )

const layerOver = (network: FakeNetwork, options?: Kuzzle.Options) =>
  Layer.provide(silentLayerOver(network, options), KuzzleTelemetry.layer)

const clientOver = (network: FakeNetwork, options?: Kuzzle.Options) =>
  Effect.map(Layer.build(layerOver(network, options)), (context) => Context.get(context, Kuzzle.Kuzzle))

const create = { controller: "document", action: "create", index: "nyc", collection: "taxi", _id: "1", body: { n: 1 } }

const carried = (network: FakeNetwork, action: string) => network.current.last(action).volatile.traceparent

/** The format of W3C Trace Context. */
const written = ({ spanId, traceId }: Tracer.AnySpan) => `00-${traceId}-${spanId}-01`

const traced = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const recording = recordingTracer()
    return Effect.as(Effect.withTracer(effect, recording.tracer), recording)
  })

describe("traced: requests", () => {
  it.effect("without KuzzleTelemetry a client creates no span, sends no context, and counts nothing", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const took = yield* since("kuzzle.client.request.duration")
      const { spans } = yield* traced(Effect.provide(
        Effect.zipRight(Kuzzle.query(create), Effect.sync(() => network.current.close(1006))).pipe(
          Effect.zipRight(TestClock.adjust("1 second")),
          Effect.zipRight(Kuzzle.query(now))
        ),
        silentLayerOver(network)
      ))
      assert.deepStrictEqual(spans, [])
      assert.isUndefined(network.sockets[0]?.last("create").volatile.traceparent)
      assert.strictEqual(network.sockets.length, 2)
      assert.strictEqual((yield* took).count, 0)
    }))

  it.scoped("a request is a span, by the names of OpenTelemetry, and carries its context", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const kuzzle = yield* clientOver(network)
      const { last } = yield* traced(kuzzle.query(create).pipe(Effect.withSpan("caller")))
      const span = last("kuzzle.document/create")
      assert.deepStrictEqual(Option.map(span.parent, ({ spanId }) => spanId), Option.some(last("caller").spanId))
      assert.strictEqual(span.kind, "client")
      assert.deepStrictEqual(attributesOf(span), {
        "rpc.system": "kuzzle",
        "rpc.service": "document",
        "rpc.method": "create",
        "server.address": "kuzzle.test",
        "server.port": 7512,
        "kuzzle.index": "nyc",
        "kuzzle.collection": "taxi"
      })
      // A sampler decides by the attributes at the beginning.
      assert.deepStrictEqual(span.options?.attributes, attributesOf(span))
      assert.isTrue(span.status._tag === "Ended" && Exit.isSuccess(span.status.exit))
      assert.strictEqual(carried(network, "create"), written(span))
    }))

  it.scoped("a request without a parent span has a span, too; without index and collection, the span has neither", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const kuzzle = yield* clientOver(network, { url: "wss://kuzzle.test/?key=s3cr3t" })
      const { last } = yield* traced(kuzzle.query(now))
      const span = last("kuzzle.server/now")
      assert.deepStrictEqual(span.parent, Option.none())
      assert.deepStrictEqual(attributesOf(span), {
        "rpc.system": "kuzzle",
        "rpc.service": "server",
        "rpc.method": "now",
        "server.address": "kuzzle.test",
        "server.port": 443
      })
    }))

  it.scoped("the error type of a span is the id of Kuzzle, or the tag of the error", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const kuzzle = yield* clientOver(network)
      network.onSend = (socket) =>
        queueMicrotask(() => socket.refuse(socket.last("now"), { id: "services.storage.not_found", status: 404 }))
      const refused = (yield* traced(Effect.exit(kuzzle.query(now)))).last("kuzzle.server/now")
      assert.strictEqual(attributesOf(refused)["error.type"], "services.storage.not_found")
      assert.isTrue(refused.status._tag === "Ended" && Exit.isFailure(refused.status.exit))
      network.current.close(1006)
      yield* turns()
      const unsent = (yield* traced(Effect.exit(kuzzle.query(now)))).last("kuzzle.server/now")
      assert.strictEqual(attributesOf(unsent)["error.type"], "KuzzleNotSentError")
    }))

  it.scoped("an interrupted request ends its span", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const kuzzle = yield* clientOver(network)
      network.onSend = undefined
      const { last } = yield* traced(
        Effect.timeoutOption(kuzzle.query(now), 0).pipe(
          Effect.zipLeft(TestClock.adjust(0), { concurrent: true })
        )
      )
      const { status } = last("kuzzle.server/now")
      assert.isTrue(status._tag === "Ended" && Exit.isFailure(status.exit) && Cause.isInterrupted(status.exit.cause))
    }))

  it.scoped("queryMany is one span, whose context each request carries", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const kuzzle = yield* clientOver(network)
      const { last, spans } = yield* traced(kuzzle.queryMany([now, { ...now, jwt: "not allowed" }, now]))
      assert.strictEqual(spans.length, 1)
      const span = last("kuzzle.queryMany")
      assert.deepStrictEqual(attributesOf(span), {
        "rpc.system": "kuzzle",
        "server.address": "kuzzle.test",
        "server.port": 7512,
        "kuzzle.batch.size": 3,
        "kuzzle.batch.failures": 1
      })
      const sent = network.current.of("now").map(({ volatile }) => volatile.traceparent)
      assert.deepStrictEqual(sent, [written(span), written(span)])
    }))

  it.effect("over HTTP the context is in the body of the request, and in no header", () =>
    Effect.gen(function*() {
      const sent: Array<{ readonly headers: object; readonly body: string }> = []
      const http = HttpClient.make((request) =>
        Effect.sync(() => {
          const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
          sent.push({ headers: request.headers, body })
          return HttpClientResponse.fromWeb(request, new Response(JSON.stringify({ status: 200, result: null })))
        })
      )
      const layer = Kuzzle.layerHttp({ url: "http://kuzzle.test:7512" }).pipe(
        Layer.provide([KuzzleHttp.layer, KuzzleTelemetry.layer]),
        Layer.provide(Layer.succeed(HttpClient.HttpClient, http))
      )
      const { last } = yield* traced(Kuzzle.query(now)).pipe(Effect.provide(layer))
      const span = last("kuzzle.server/now")
      assert.strictEqual(attributesOf(span)["server.address"], "kuzzle.test")
      assert.deepStrictEqual(sent.map(({ body }) => JSON.parse(body).volatile.traceparent), [written(span)])
      assert.notProperty(sent[0]?.headers, "traceparent")
    }))
})

describe("traced: without a recorded span", () => {
  it.scoped("a client without a tracer creates no span, and sends no context", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const kuzzle = yield* clientOver(network)
      yield* kuzzle.query(now).pipe(Effect.withSpan("caller"))
      yield* kuzzle.queryMany([now]).pipe(Effect.withSpan("caller"))
      assert.deepStrictEqual(network.current.of("now").map(({ volatile }) => "traceparent" in volatile), [false, false])
    }))

  it.scoped("the context of a span that is not sampled is not sent", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const kuzzle = yield* clientOver(network)
      const { named, tracer } = recordingTracer(false)
      yield* kuzzle.query(now).pipe(Effect.withTracer(tracer))
      assert.strictEqual(named("kuzzle.server/now").length, 1)
      assert.isUndefined(carried(network, "now"))
      yield* kuzzle.query(now).pipe(Effect.withTracerEnabled(false), Effect.withTracer(recordingTracer().tracer))
      assert.isUndefined(carried(network, "now"))
    }))

  it.scoped("a span whose ids do not have the form of W3C is not sent, and the caller's own value is not replaced", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const kuzzle = yield* clientOver(network)
      const { tracer } = recordingTracer()
      const odd = Tracer.make({
        span: (...args) => Object.assign(tracer.span(...args), { traceId: "a trace" }),
        context: (run) => run()
      })
      yield* kuzzle.query(now).pipe(Effect.withTracer(odd))
      assert.isUndefined(carried(network, "now"))
      yield* kuzzle.query(now, { volatile: { traceparent: "mine", more: 1 } }).pipe(Effect.withTracer(tracer))
      assert.deepInclude(network.current.last("now").volatile, { traceparent: "mine", more: 1 })
    }))
})

describe("traced: the client", () => {
  it.scoped("a reconnection is a span from the end of a connection until the next one is ready, with the failed attempts between", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { last, spans, tracer } = recordingTracer()
      yield* clientOver(network).pipe(Effect.withTracer(tracer), Effect.withSpan("a caller that has ended"))
      assert.deepStrictEqual(spans, [])
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      network.current.close(1006)
      yield* turns()
      yield* TestClock.adjust("1 second")
      yield* turns()
      const span = last("kuzzle.reconnect")
      assert.strictEqual(span.status._tag, "Started")
      network.autoOpen = true
      network.onDial = undefined
      yield* TestClock.adjust("1 second")
      yield* turns()
      assert.strictEqual(spans.length, 1)
      assert.deepStrictEqual(span.parent, Option.none())
      assert.strictEqual(span.kind, "internal")
      assert.deepStrictEqual(attributesOf(span), {
        "kuzzle.cause": "Peer",
        "kuzzle.attempts": 2,
        "server.address": "kuzzle.test",
        "server.port": 7512
      })
      assert.deepStrictEqual(span.events, [
        { name: "kuzzle.connect.failed", attributes: { "kuzzle.cause": "Unreachable" } }
      ])
      assert.deepInclude(span.status, { _tag: "Ended", endTime: 2_000_000_000n })
      assert.isTrue(span.status._tag === "Ended" && Exit.isSuccess(span.status.exit))
    }))

  it.effect("the span of a reconnection fails if the client gives up, and is interrupted if the client closes", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { named, tracer } = recordingTracer()
      const options = { reconnect: Schedule.recurs(1).pipe(Schedule.addDelay(() => "1 second")) }
      const losing = Effect.gen(function*() {
        network.autoOpen = true
        network.onDial = undefined
        yield* clientOver(network, options).pipe(Effect.withTracer(tracer))
        network.autoOpen = false
        network.onDial = (socket) => socket.close(1006)
        network.current.close(1011)
        yield* turns()
      })
      yield* Effect.scoped(Effect.zipRight(losing, Effect.zipRight(TestClock.adjust("1 second"), turns())))
      yield* Effect.scoped(losing)
      const statuses = named("kuzzle.reconnect").map(({ status }) => status)
      const exits = statuses.map((status) => status._tag === "Ended" ? status.exit : Exit.void)
      assert.deepStrictEqual(exits.map(Exit.isInterrupted), [false, true])
      assert.deepStrictEqual(exits.map(Exit.isFailure), [true, true])
    }))

  it.scoped("a renewal is a span with its outcome", () =>
    Effect.gen(function*() {
      const { named, tracer } = recordingTracer()
      const { expire, refuse } = yield* Effect.withTracer(withAccount(), tracer)
      yield* expire
      yield* refuse
      const renewals = named("kuzzle.renewal")
      assert.deepStrictEqual(
        renewals.map((span) => attributesOf(span)),
        ["Renewed", "Renewed", "Lost"].map((outcome) => ({
          "kuzzle.renewal.way": "Login",
          "kuzzle.renewal.outcome": outcome
        }))
      )
      assert.isTrue(renewals.every(({ parent, status }) => Option.isNone(parent) && status._tag === "Ended"))
      // The requests of the authenticator are its children.
      assert.deepStrictEqual(
        named("kuzzle.auth/login").map(({ parent }) => Option.map(parent, ({ spanId }) => spanId)),
        renewals.map(({ spanId }) => Option.some(spanId))
      )
    }))

  it.scoped("8.B15: no span contains a secret", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recordingTracer()
      yield* Effect.gen(function*() {
        const { expire, kuzzle, lose, network, refuse } = yield* withAccount()
        yield* expire
        yield* lose
        yield* kuzzle.query({ ...create, body: { password: "s3cr3t-body" } }, { volatile: { key: "s3cr3t-volatile" } })
        yield* refuse
        assert.include(network.current.url, "s3cr3t")
        yield* kuzzle.authentication.logout({ controller: "auth", action: "logout" }).pipe(Effect.exit)
      }).pipe(Effect.withTracer(tracer))
      const names = new Set(spans.map(({ name }) => name))
      for (const name of ["kuzzle.auth/login", "kuzzle.auth/logout", "kuzzle.renewal", "kuzzle.reconnect"]) {
        assert.isTrue(names.has(name), name)
      }
      assert.notInclude(
        inspect(spans.map((span) => ({ ...span, attributes: attributesOf(span) })), { depth: 12 }),
        "s3cr3t"
      )
    }))
})
