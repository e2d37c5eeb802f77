/** Metrics whose keys are complete from the start: labels that come with an update would cost a search for the metric. */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"

const nowhere = Context.empty()

export const counter = (name: string, description: string, label?: string, value = "") => {
  const attributes = label === undefined ? {} : { attributes: { [label]: value } }
  const metric = Metric.counter(name, { description, incremental: true, ...attributes })
  return (count: number): void => metric.updateUnsafe(count, nowhere)
}

/** What goes up and down, OpenTelemetry's `UpDownCounter`: a gauge would show the client that has moved last. */
export const level = (name: string, description: string) => {
  const metric = Metric.counter(name, { description })
  return (change: number): void => metric.updateUnsafe(change, nowhere)
}

/** Given in milliseconds, kept in seconds: from one, for Kuzzle may be next door, to beyond the usual deadline. */
export const duration = (name: string, description: string) => {
  const boundaries = Metric.exponentialBoundaries({ start: 0.001, factor: 2, count: 15 })
  const metric = Metric.histogram(name, { description, boundaries, attributes: { unit: "s" } })
  return (millis: number): void => metric.updateUnsafe(millis / 1000, nowhere)
}
