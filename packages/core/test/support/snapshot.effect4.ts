/** All metrics of the process. `NaN` counts what is neither a counter nor a histogram. */
import { Effect, Metric } from "effect"

export const snapshot = Effect.map(Metric.snapshot, (all) =>
  all.map((metric) => ({
    name: metric.id,
    labels: Object.entries(metric.attributes ?? {}),
    count: metric.type === "Histogram" || metric.type === "Counter" ? Number(metric.state.count) : NaN,
    sum: metric.type === "Histogram" ? metric.state.sum : 0
  })))
