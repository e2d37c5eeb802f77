/** What a metric shows now. Metrics are of the process: a test looks at what has changed. */
import { Effect, Metric, MetricState } from "effect"

export interface Figures {
  /** Of a counter its value, of a histogram how many were measured. */
  readonly count: number
  /** Of a histogram the sum, of a counter nothing. */
  readonly sum: number
}

/** The metrics that there are, with their labels. */
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
    const found = pairs.find(({ metricKey }) =>
      metricKey.name === name &&
      Object.entries(labels).every(([key, value]) =>
        metricKey.tags.some((tag) => tag.key === key && tag.value === value)
      )
    )
    if (found === undefined) return { count: 0, sum: 0 }
    const { metricState } = found
    if (MetricState.isHistogramState(metricState)) return { count: metricState.count, sum: metricState.sum }
    return { count: MetricState.isCounterState(metricState) ? Number(metricState.count) : NaN, sum: 0 }
  })

/** How much it has changed since. */
export const since = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  Effect.map(figuresOf(name, labels), (before) =>
    Effect.map(figuresOf(name, labels), (now): Figures => ({
      count: now.count - before.count,
      sum: now.sum - before.sum
    })))
