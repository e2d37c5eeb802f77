/** Metrics whose keys are complete from the start: labels that come with an update would cost a search for the metric. */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"

const none: ReadonlyArray<never> = []

export const counter = (name: string, description: string, label?: string, value = "") => {
  const key = MetricKey.counter(name, { description, incremental: true })
  const metric = Metric.fromMetricKey(label === undefined ? key : MetricKey.tagged(key, label, value))
  return (count: number): void => metric.unsafeUpdate(count, none)
}

/** What goes up and down, OpenTelemetry's `UpDownCounter`: a gauge would show the client that has moved last. */
export const level = (name: string, description: string) => {
  const metric = Metric.fromMetricKey(MetricKey.counter(name, { description }))
  return (change: number): void => metric.unsafeUpdate(change, none)
}

/** Given in milliseconds, kept in seconds: from one, for Kuzzle may be next door, to beyond the usual deadline. */
export const duration = (name: string, description: string) => {
  const boundaries = MetricBoundaries.exponential({ start: 0.001, factor: 2, count: 15 })
  const metric = Metric.fromMetricKey(
    MetricKey.tagged(MetricKey.histogram(name, boundaries, description), "unit", "s")
  )
  return (millis: number): void => metric.unsafeUpdate(millis / 1000, none)
}
