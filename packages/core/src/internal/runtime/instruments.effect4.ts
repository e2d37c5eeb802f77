/** Metrics with fixed labels. Labels that come with an update would require a search for the metric each time. */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"

const nowhere = Context.empty()

export const counter = (name: string, description: string, label?: string, value = "") => {
  const attributes = label === undefined ? {} : { attributes: { [label]: value } }
  const metric = Metric.counter(name, { description, incremental: true, ...attributes })
  return (count: number): void => metric.updateUnsafe(count, nowhere)
}

/**
 * A value that goes up and down, like an `UpDownCounter` of OpenTelemetry. It is summed over all clients. A gauge would
 * show only the client that changed last.
 */
export const level = (name: string, description: string) => {
  const metric = Metric.counter(name, { description })
  return (change: number): void => metric.updateUnsafe(change, nowhere)
}

/**
 * A histogram. It takes milliseconds and records seconds. The buckets begin at 1 ms, for a Kuzzle nearby, and each is
 * twice as wide as the previous one.
 */
export const duration = (name: string, description: string) => {
  const boundaries = Metric.exponentialBoundaries({ start: 0.001, factor: 2, count: 15 })
  const metric = Metric.histogram(name, { description, boundaries, attributes: { unit: "s" } })
  return (millis: number): void => metric.updateUnsafe(millis / 1000, nowhere)
}
