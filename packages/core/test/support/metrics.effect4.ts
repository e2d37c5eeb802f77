/** The present value of a metric. Metrics belong to the process, so a test compares two values. */
import { Effect, Metric } from "effect"

export interface Figures {
  /** The value of a counter, or the number of values of a histogram. */
  readonly count: number
  /** The sum of a histogram; 0 for a counter. */
  readonly sum: number
}

/** All metrics, with their labels. */
export const labelled = Effect.map(Metric.snapshot, (all) =>
  all.map(({ attributes, id }) => ({ name: id, labels: Object.entries(attributes ?? {}) })))

export const figuresOf = (name: string, labels: Readonly<Record<string, string>>) =>
  Effect.map(Metric.snapshot, (all): Figures => {
    const metric = all.find(({ attributes, id }) =>
      id === name && Object.entries(labels).every(([key, value]) => attributes?.[key] === value)
    )
    if (metric?.type === "Histogram") return { count: metric.state.count, sum: metric.state.sum }
    return { count: metric?.type === "Counter" ? Number(metric.state.count) : metric === undefined ? 0 : NaN, sum: 0 }
  })

/** Returns an effect that measures the change of a metric since this call. */
export const since = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  Effect.map(figuresOf(name, labels), (before) =>
    Effect.map(figuresOf(name, labels), (now): Figures => ({
      count: now.count - before.count,
      sum: now.sum - before.sum
    })))
