/**
 * The metrics, each summed over all clients of a process. docs/events.md lists them. A metric without a reader is only
 * a number in memory.
 */
import type { GapCause } from "../protocol/intent.ts"
import { counter, duration, level } from "./instruments.ts"

export const inFlight = level("kuzzle.client.requests.in_flight", "Requests that were sent and not answered")

export const queued = level(
  "kuzzle.client.queue.size",
  "Requests that wait to be sent: for a connection, a renewal, or their turn"
)

export const answered = duration("kuzzle.client.request.duration", "From the sending of a request to its answer")

export const ponged = duration("kuzzle.client.ping.duration", "From a ping to its answer")

const reconnectsBy = (cause: string) =>
  counter("kuzzle.client.reconnects", "Connections that were opened again and are ready, by cause", "cause", cause)

/** `Replacement`: the client closed the previous connection on purpose, for another user or cookie. */
export const reconnects = { Loss: reconnectsBy("Loss"), Replacement: reconnectsBy("Replacement") }

const renewalsWith = (outcome: string) =>
  counter(
    "kuzzle.client.renewals",
    "Attempts of the client to begin or renew its session, by outcome",
    "outcome",
    outcome
  )

/** `Kept`: the session has not changed, and another renewal will follow. */
export const renewals = {
  Renewed: renewalsWith("Renewed"),
  Kept: renewalsWith("Kept"),
  Lost: renewalsWith("Lost")
}

const gapsBy = (cause: GapCause["_tag"]) =>
  counter("kuzzle.client.gaps", "Gaps announced to the consumers of subscriptions, by cause", "cause", cause)

const gaps: Readonly<Record<GapCause["_tag"], (count: number) => void>> = {
  Disconnected: gapsBy("Disconnected"),
  TokenExpired: gapsBy("TokenExpired"),
  Replaced: gapsBy("Replaced"),
  Malformed: gapsBy("Malformed"),
  Overflow: gapsBy("Overflow")
}

export const gap = (cause: GapCause): void => gaps[cause._tag](1)

export const lost = counter("kuzzle.client.notifications.lost", "Notifications that a full buffer could not hold")
