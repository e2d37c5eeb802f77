/** Where a client reports its spans and metrics: nowhere, unless `KuzzleTelemetry.layer` is provided. */
import type * as Metrics from "./metrics.ts"
import type * as Traced from "./traced.ts"

export interface Telemetry {
  readonly spans: Pick<typeof Traced, "query" | "queryMany" | "renewal" | "outage">
  readonly metrics: typeof Metrics
}

const ignore = () => {}

export const none: Telemetry = {
  spans: {
    query: (exchange) => exchange,
    queryMany: (exchange) => exchange,
    renewal: (_, effect) => effect,
    outage: () => ({ failed: ignore, end: ignore })
  },
  metrics: {
    inFlight: ignore,
    queued: ignore,
    answered: ignore,
    ponged: ignore,
    reconnects: { Loss: ignore, Replacement: ignore },
    renewals: { Renewed: ignore, Kept: ignore, Lost: ignore },
    gap: ignore,
    lost: ignore
  }
}
