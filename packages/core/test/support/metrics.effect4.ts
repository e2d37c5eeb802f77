/** What a metric shows now. Metrics are of the process: a test looks at what has changed. */
import { Effect, Metric } from "effect"

export interface Figures {
  /** Of a counter its value, of a histogram how many were measured. */
  readonly count: number
  /** Of a histogram the sum, of a counter nothing. */
  readonly sum: number
}

/** The metrics that there are, with their labels. */
export const labelled = Effect.map(Metric.snapshot, (all) =>
  all.map(({ attributes, id }) => ({ name: id, labels: Object.entries(attributes ?? {}) })))

export const figuresOf = (name: string, labels: Readonly<Record<string, string>>) =>
  Effect.map(Metric.snapshot, (all): Figures => {
    const found = all.find(({ attributes, id }) =>
      id === name && Object.entries(labels).every(([key, value]) => attributes?.[key] === value)
    )
    if (found?.type === "Histogram") return { count: found.state.count, sum: found.state.sum }
    return { count: found?.type === "Counter" ? Number(found.state.count) : found === undefined ? 0 : NaN, sum: 0 }
  })

/** How much it has changed since. */
export const since = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  Effect.map(figuresOf(name, labels), (before) =>
    Effect.map(figuresOf(name, labels), (now): Figures => ({
      count: now.count - before.count,
      sum: now.sum - before.sum
    })))
