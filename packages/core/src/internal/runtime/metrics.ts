/** What can be counted of a client. A metric that nobody reads is a number that grows. */
import * as Metric from "effect/Metric"
import type { GapCause } from "../protocol/subscriptions.ts"

const gaps = Metric.counter("kuzzle_gaps", {
  description: "Gaps announced to the consumers of subscriptions, by cause",
  incremental: true
})

const gapsOf: Readonly<Record<GapCause["_tag"], Metric.Metric.Counter<number>>> = {
  Disconnected: Metric.tagged(gaps, "cause", "Disconnected"),
  TokenExpired: Metric.tagged(gaps, "cause", "TokenExpired"),
  Renewed: Metric.tagged(gaps, "cause", "Renewed"),
  Overflow: Metric.tagged(gaps, "cause", "Overflow")
}

const notificationsLost = Metric.counter("kuzzle_notifications_lost", {
  description: "Notifications that a full buffer could not hold",
  incremental: true
})

export const gap = (cause: GapCause): void => gapsOf[cause._tag].unsafeUpdate(1, [])

export const lost = (count: number): void => notificationsLost.unsafeUpdate(count, [])
