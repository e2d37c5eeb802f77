/**
 * What can be counted of the clients of a process, all of them together: docs/events.md has the table. A metric that
 * nobody reads is a number that grows.
 *
 * Labels are part of a key from the start: given with each update they would cost a search for the metric.
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import type { GapCause } from "../protocol/intent.ts"

const none: ReadonlyArray<never> = []

const counter = (name: string, description: string, label?: string, value = "") => {
  const key = MetricKey.counter(name, { description, incremental: true })
  const metric = Metric.fromMetricKey(label === undefined ? key : MetricKey.tagged(key, label, value))
  return (count: number): void => metric.unsafeUpdate(count, none)
}

/** What goes up and down, OpenTelemetry's `UpDownCounter`: a gauge would show the client that has moved last. */
const level = (name: string, description: string) => {
  const metric = Metric.fromMetricKey(MetricKey.counter(name, { description }))
  return (change: number): void => metric.unsafeUpdate(change, none)
}

/** Given in milliseconds, kept in seconds: from one, for Kuzzle may be next door, to beyond the usual deadline. */
const duration = (name: string, description: string) => {
  const boundaries = MetricBoundaries.exponential({ start: 0.001, factor: 2, count: 15 })
  const metric = Metric.fromMetricKey(
    MetricKey.tagged(MetricKey.histogram(name, boundaries, description), "unit", "s")
  )
  return (millis: number): void => metric.unsafeUpdate(millis / 1000, none)
}

export const inFlight = level("kuzzle.client.requests.in_flight", "Requests that were sent and not answered")

export const queued = level(
  "kuzzle.client.queue.size",
  "Requests that wait to be sent: for a connection, a renewal, or their turn"
)

export const answered = duration("kuzzle.client.request.duration", "From the sending of a request to its answer")

export const ponged = duration("kuzzle.client.ping.duration", "From a ping to its answer")

const reconnectsBy = (cause: string) =>
  counter("kuzzle.client.reconnects", "Connections that were opened again and are ready, by cause", "cause", cause)

/** `Renewal`: we had closed the one before on purpose, for another user or cookie. */
export const reconnects = { Loss: reconnectsBy("Loss"), Renewal: reconnectsBy("Renewal") }

const renewalsWith = (outcome: string) =>
  counter(
    "kuzzle.client.renewals",
    "Attempts of the client to begin or renew its session, by outcome",
    "outcome",
    outcome
  )

/** `Kept`: nothing has changed, and it will come up again. */
export const renewals = {
  Renewed: renewalsWith("Renewed"),
  Kept: renewalsWith("Kept"),
  Over: renewalsWith("Over")
}

const gapsBy = (cause: GapCause["_tag"]) =>
  counter("kuzzle.client.gaps", "Gaps announced to the consumers of subscriptions, by cause", "cause", cause)

const gaps: Readonly<Record<GapCause["_tag"], (count: number) => void>> = {
  Disconnected: gapsBy("Disconnected"),
  TokenExpired: gapsBy("TokenExpired"),
  Renewed: gapsBy("Renewed"),
  Malformed: gapsBy("Malformed"),
  Overflow: gapsBy("Overflow")
}

export const gap = (cause: GapCause): void => gaps[cause._tag](1)

export const lost = counter("kuzzle.client.notifications.lost", "Notifications that a full buffer could not hold")
