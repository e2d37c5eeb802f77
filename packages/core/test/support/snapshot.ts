/** All metrics of the process. `NaN` counts what is neither a counter nor a histogram. */
import { Effect, Metric, MetricState } from "effect"

export const snapshot = Effect.map(
  Metric.snapshot,
  (all) =>
    all.map(({ metricKey: { name, tags }, metricState: state }) => ({
      name,
      labels: tags.map(({ key, value }) => [key, value] as const),
      count: MetricState.isHistogramState(state)
        ? state.count
        : MetricState.isCounterState(state)
        ? Number(state.count)
        : NaN,
      sum: MetricState.isHistogramState(state) ? state.sum : 0
    }))
)
