/**
 * Spans and metrics. The page "Events, metrics, spans" lists them.
 *
 * A client on Node reports them. In a page, `layer` turns them on: a value, so that only pages that use it download the
 * code (2 KB gzip).
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
 * Where clients report to. Only this module makes one.
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
 * Where the clients report to that are made with it. By default they report nothing.
 *
 * @since 0.1.0
 * @category references
 */
export class KuzzleTelemetry extends Context.Reference<KuzzleTelemetry>()("@effect-kuzzle/core/KuzzleTelemetry", {
  defaultValue: (): KuzzleTelemetryShape => Telemetry.none
}) {}

/**
 * The service that reports spans to the tracer that is installed, and metrics to Effect's registry.
 *
 * @since 0.1.0
 * @category services
 */
export const live: KuzzleTelemetryShape = { spans: Traced, metrics: Metrics }

/**
 * The same for the clients that this layer is provided to.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleTelemetry> = Layer.succeed(KuzzleTelemetry, live)
