/**
 * Spans and metrics. The page "Events, metrics, spans" lists them.
 *
 * A client on Node always reports them. In a page, provide `layer` to the layer of the client. It is a separate layer,
 * so that other pages do not download its code (2 KB gzip).
 *
 * @example
 * ```ts
 * import { KuzzleTelemetry } from "@effect-kuzzle/core"
 * import { BrowserKuzzle } from "@effect-kuzzle/browser"
 * import { Layer } from "effect"
 *
 * export const KuzzleLive = BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" }).pipe(
 *   Layer.provide(KuzzleTelemetry.layer)
 * )
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Metrics from "./internal/runtime/metrics.ts"
import * as Telemetry from "./internal/runtime/telemetry.ts"
import * as Traced from "./internal/runtime/traced.ts"

/**
 * The destination of spans and metrics. Only this module can make one.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleTelemetryShape {
  /** @internal */
  readonly spans: Telemetry.Telemetry["spans"]
  /** @internal */
  readonly metrics: Telemetry.Telemetry["metrics"]
}

/**
 * The destination of a client's spans and metrics. The client reads it when it is made. By default, a client reports
 * nothing.
 *
 * @since 0.1.0
 * @category references
 */
export class KuzzleTelemetry extends Context.Reference<KuzzleTelemetry>()("@effect-kuzzle/core/KuzzleTelemetry", {
  defaultValue: (): KuzzleTelemetryShape => Telemetry.none
}) {}

/**
 * Reports spans to the tracer that is installed, and metrics to Effect's registry.
 *
 * @since 0.1.0
 * @category services
 */
export const live: KuzzleTelemetryShape = { spans: Traced, metrics: Metrics }

/**
 * Provides `live` to the layer of a client.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleTelemetry> = Layer.succeed(KuzzleTelemetry, live)
