/** Metrics with fixed labels. Labels that come with an update would require a search for the metric each time. */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"

const none: ReadonlyArray<never> = []

export const counter = (name: string, description: string, label?: string, value = "") => {
  const key = MetricKey.counter(name, { description, incremental: true })
  const metric = Metric.fromMetricKey(label === undefined ? key : MetricKey.tagged(key, label, value))
  return (count: number): void => metric.unsafeUpdate(count, none)
}

/**
 * A value that goes up and down, like an `UpDownCounter` of OpenTelemetry. It is summed over all clients. A gauge would
 * show only the client that changed last.
 */
export const level = (name: string, description: string) => {
  const metric = Metric.fromMetricKey(MetricKey.counter(name, { description }))
  return (change: number): void => metric.unsafeUpdate(change, none)
}

/**
 * A histogram. It takes milliseconds and records seconds. The buckets begin at 1 ms, for a Kuzzle nearby, and each is
 * twice as wide as the previous one.
 */
export const duration = (name: string, description: string) => {
  const boundaries = MetricBoundaries.exponential({ start: 0.001, factor: 2, count: 15 })
  const metric = Metric.fromMetricKey(
    MetricKey.tagged(MetricKey.histogram(name, boundaries, description), "unit", "s")
  )
  return (millis: number): void => metric.unsafeUpdate(millis / 1000, none)
}
