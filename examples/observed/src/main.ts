/**
 * Prints the spans, the metrics and the log of a client, by OpenTelemetry. In a service, replace the exporters for the console
 * by those of your collector.
 *
 * It starts an embedded Kuzzle, unless `KUZZLE_URL` names a server.
 */
import {
  KuzzleCollection,
  KuzzleDocument,
  KuzzleFilter,
  KuzzleIndex,
  KuzzleLog,
  KuzzleRealtime,
  KuzzleTrace
} from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { NodeSdk } from "@effect/opentelemetry"
import { NodeRuntime } from "@effect/platform-node"
import { ConsoleMetricExporter, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import { ConsoleSpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Config, Effect, Layer, Logger, LogLevel, Option, Stream } from "effect"

const taxi = { index: "effect-kuzzle-observed", collection: "taxi" }

const TelemetryLive = NodeSdk.layer(() => ({
  resource: { serviceName: "fleet" },
  spanProcessor: new SimpleSpanProcessor(new ConsoleSpanExporter()),
  metricReader: new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() })
}))

const KuzzleLive = Layer.unwrapEffect(
  Effect.gen(function*() {
    const url = yield* Config.option(Config.string("KUZZLE_URL"))
    if (Option.isSome(url)) return NodeKuzzle.layer({ url: url.value })
    const embedded = Effect.map(KuzzleTestServer.KuzzleTestServer, ({ url }) => NodeKuzzle.layer({ url }))
    return Layer.provide(Layer.unwrapEffect(embedded), KuzzleTestServer.layer())
  })
)

/** Links the span of a notification to the span of the write that caused it. */
const handle = (notification: KuzzleRealtime.Notification) =>
  Effect.withSpan(Effect.log(`notified of a ${notification.type}`), "notified", {
    links: KuzzleTrace.linksOf(notification)
  })

const program = Effect.gen(function*() {
  yield* Effect.unlessEffect(KuzzleIndex.create({ index: taxi.index }), KuzzleIndex.exists({ index: taxi.index }))
  yield* KuzzleCollection.create({ ...taxi, mappings: { properties: { status: { type: "keyword" } } } })
  const free = yield* KuzzleRealtime.open({ ...taxi, filter: KuzzleFilter.equals("status", "free") })
  yield* Effect.withSpan(KuzzleDocument.create({ ...taxi, content: { status: "free" } }), "a taxi arrives")
  yield* Stream.runForEach(Stream.take(free, 1), handle)
  yield* Effect.ignore(KuzzleDocument.get({ ...taxi, _id: "none" }))
}).pipe(Effect.scoped)

program.pipe(
  Effect.provide(KuzzleLog.layer.pipe(
    Layer.provideMerge(KuzzleLive),
    // The client needs the tracer when it is built, so that its reconnections and renewals are spans, too.
    Layer.provideMerge(TelemetryLive),
    Layer.provideMerge(Logger.minimumLogLevel(LogLevel.Debug))
  )),
  NodeRuntime.runMain
)
