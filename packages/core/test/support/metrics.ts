/** The current value of a metric. Metrics belong to the process, so a test compares two values. */
import { Effect } from "effect"
import { snapshot } from "./snapshot.ts"

export interface Figures {
  /** The value of a counter, or the number of values of a histogram. */
  readonly count: number
  /** The sum of a histogram; 0 for a counter. */
  readonly sum: number
}

/** All metrics, with their labels. */
export const labelled = Effect.map(snapshot, (all) => all.map(({ labels, name }) => ({ name, labels })))

const none: Figures = { count: 0, sum: 0 }

export const figuresOf = (name: string, labels: Readonly<Record<string, string>>) =>
  Effect.map(snapshot, (all): Figures =>
    all.find((metric) =>
      metric.name === name &&
      Object.entries(labels).every(([key, value]) =>
        metric.labels.some(([label, given]) => label === key && given === value)
      )
    ) ?? none)

/** Returns an effect that measures the change of a metric since this call. */
export const since = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  Effect.map(figuresOf(name, labels), (before) =>
    Effect.map(figuresOf(name, labels), (now): Figures => ({
      count: now.count - before.count,
      sum: now.sum - before.sum
    })))
