/**
 * The intervals of `date_histogram`.
 */
import { badRequest } from "../errors.ts"
import * as Java from "../java.ts"
import type { JsonObject } from "../json.ts"
import * as TimeValue from "../timeValue.ts"

const units: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The interval that an instant is in. */
export type Step = (date: number) => { readonly start: number; readonly end: number }

const calendar = (date: (year: number, month: number) => readonly [start: number, end: number]): Step => (instant) => {
  const at = new Date(instant)
  const [start, end] = date(at.getUTCFullYear(), at.getUTCMonth())
  return { start, end }
}

const fixed = (length: number, offset = 0): Step => (date) => {
  const start = Math.floor((date - offset) / length) * length + offset
  return { start, end: start + length }
}

/** Weeks begin on Mondays, and the epoch was a Thursday. */
const monday = 4 * units.d!

const calendars: { readonly [name: string]: Step } = {
  minute: fixed(units.m!),
  hour: fixed(units.h!),
  day: fixed(units.d!),
  week: fixed(7 * units.d!, monday),
  month: calendar((year, month) => [Date.UTC(year, month), Date.UTC(year, month + 1)]),
  quarter: calendar((year, month) => {
    const first = month - month % 3
    return [Date.UTC(year, first), Date.UTC(year, first + 3)]
  }),
  year: calendar((year) => [Date.UTC(year, 0), Date.UTC(year + 1, 0)])
}

const abbreviations: { readonly [name: string]: string } = {
  "1m": "minute",
  "1h": "hour",
  "1d": "day",
  "1w": "week",
  "1M": "month",
  "1q": "quarter",
  "1y": "year"
}

export const stepOf = ({ calendar_interval: byCalendar, fixed_interval: byLength }: JsonObject): Step => {
  if (byCalendar !== undefined) {
    const name = String(byCalendar)
    const step = calendars[abbreviations[name] ?? name]
    if (step === undefined) {
      throw badRequest("[1:1] [date_histogram] failed to parse field [calendar_interval]")
    }
    return step
  }
  if (byLength === undefined || byLength === null) {
    throw badRequest("Invalid interval specified, must be non-null and non-empty")
  }
  return fixed(lengthOf(byLength))
}

const lengthOf = (interval: unknown): number => {
  if (typeof interval !== "string") {
    throw badRequest(`[1:1] [date_histogram] fixed_interval doesn't support values of type: ${Java.tokenOf(interval)}`)
  }
  const unreadable = badRequest("[1:1] [date_histogram] failed to parse field [fixed_interval]")
  let length: number
  try {
    length = TimeValue.parse(interval, "fixed_interval")
  } catch {
    throw unreadable
  }
  if (length <= 0) throw badRequest("Zero or negative time interval not supported")
  if (!Number.isSafeInteger(length)) throw unreadable
  return length
}
