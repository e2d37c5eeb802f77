/** The destination of a client's spans and metrics. They are only reported if `KuzzleTelemetry.layer` is provided. */
import type * as Metrics from "./metrics.ts"
import type * as Traced from "./traced.ts"

export interface Telemetry {
  readonly spans: Pick<typeof Traced, "query" | "queryMany" | "renewal" | "outage">
  /** `undefined`: no metric is counted. */
  readonly metrics: typeof Metrics | undefined
}

const ignore = () => {}

export const none: Telemetry = {
  spans: {
    query: (exchange) => exchange,
    queryMany: (exchange) => exchange,
    renewal: (_, effect) => effect,
    outage: () => ({ failed: ignore, end: ignore })
  },
  metrics: undefined
}
