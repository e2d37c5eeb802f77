/** The header `Retry-After` (RFC 9110, 10.2.3): how long a server or a proxy asks clients to wait. */
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"

/** The headers of an answer, with names in lower case. */
export interface Headers {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
}

/**
 * The longest wait that a server can ask for, in milliseconds. A mistyped header must not stop the client for a year.
 */
const longest = 300_000

/**
 * Reads the wait that the header asks for. The header holds seconds or a date. A date is compared with the `Date`
 * header of the same answer, because our own clock may be wrong. Any other value is ignored, as the RFC demands.
 */
export const parse = (headers: Headers, wallMillis: number): Duration.Duration | undefined => {
  const value = single(headers["retry-after"])
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return bounded(Number(value) * 1000)
  const until = dateOf(value)
  return until === undefined ? undefined : bounded(until - (dateOf(single(headers.date)) ?? wallMillis))
}

const single = (value: Headers[string]): string | undefined => typeof value === "string" ? value.trim() : undefined

const bounded = (millis: number): Duration.Duration => Duration.millis(Math.min(Math.max(0, millis), longest))

/**
 * Milliseconds since the epoch. The format is checked first, because `Date.parse` accepts almost any text, even `-5`.
 */
const dateOf = (text: string | undefined): number | undefined => {
  if (text === undefined || !/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, .+ GMT$/.test(text)) return undefined
  const millis = Date.parse(text)
  return Number.isNaN(millis) ? undefined : millis
}

/** The `retryAfter` of an error, or zero if it has none. */
export const of = (error: unknown): Duration.Duration =>
  Predicate.hasProperty(error, "retryAfter") && Duration.isDuration(error.retryAfter) ? error.retryAfter : Duration.zero
