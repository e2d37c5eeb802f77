/** The present value of a metric. Metrics belong to the process, so a test compares two values. */
import { Effect, Metric, MetricState } from "effect"

export interface Figures {
  /** The value of a counter, or the number of values of a histogram. */
  readonly count: number
  /** The sum of a histogram; 0 for a counter. */
  readonly sum: number
}

/** All metrics, with their labels. */
export const labelled = Effect.map(
  Metric.snapshot,
  (pairs) =>
    pairs.map(({ metricKey: { name, tags } }) => ({
      name,
      labels: tags.map(({ key, value }) => [key, value] as const)
    }))
)

export const figuresOf = (name: string, labels: Readonly<Record<string, string>>) =>
  Effect.map(Metric.snapshot, (pairs): Figures => {
    const metric = pairs.find(({ metricKey }) =>
      metricKey.name === name &&
      Object.entries(labels).every(([key, value]) =>
        metricKey.tags.some((tag) => tag.key === key && tag.value === value)
      )
    )
    if (metric === undefined) return { count: 0, sum: 0 }
    const { metricState } = metric
    if (MetricState.isHistogramState(metricState)) return { count: metricState.count, sum: metricState.sum }
    return { count: MetricState.isCounterState(metricState) ? Number(metricState.count) : NaN, sum: 0 }
  })

/** Returns an effect that measures the change of a metric since this call. */
export const since = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  Effect.map(figuresOf(name, labels), (before) =>
    Effect.map(figuresOf(name, labels), (now): Figures => ({
      count: now.count - before.count,
      sum: now.sum - before.sum
    })))
