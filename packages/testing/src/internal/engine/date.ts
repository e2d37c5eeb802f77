/**
 * Dates as Elasticsearch 7.10 reads them in its default format, `strict_date_optional_time||epoch_millis`. A number is
 * read like a text with its digits: 2020 and -12345 are years, and 12345 is in milliseconds.
 */
import { badRequest } from "./errors.ts"

/**
 * The first or the last millisecond of the period of a date: `2020-01-31` is a whole day. A missing month or day is the
 * first one in both cases (observed).
 */
export type Edge = "first" | "last"

const day = 86_400_000

/** Days since the epoch in the Gregorian calendar, also for years that `Date` does not support. */
const daysTo = (year: number, month: number): number => {
  const shifted = year - Math.floor(year / 400) * 400
  // 2000 stands for all years that are multiples of 400; a cycle has 146,097 days.
  return Date.UTC(2000 + shifted, month) / day + ((year - shifted) / 400 - 5) * 146_097
}

const pattern =
  /^(-\d{4,9}|\+\d{5,9}|\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?)?)?$/

const offsetOf = (zone = "Z"): number => {
  if (zone === "Z") return 0
  const [, sign, hours, minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone)!
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

const calendar = (text: string, edge: Edge): number | undefined => {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, year = "", ...parts] = match
  const zone = parts.pop()
  const fraction = parts.pop()
  const last = edge === "last"
  const [month, date, hour, minute, second] = parts.map((part) => part === undefined ? undefined : Number(part))
  const inYear = (month ?? 1) - 1
  const days = daysTo(Number(year), inYear)
  const inMonth = daysTo(Number(year), inYear + 1) - days
  const values = [
    [date ?? 1, 1, inMonth],
    [hour ?? (last ? 23 : 0), 0, 23],
    [minute ?? (last ? 59 : 0), 0, 59],
    [second ?? (last ? 59 : 0), 0, 59]
  ] as const
  if (inYear < 0 || inYear > 11 || values.some(([value, min, max]) => value < min || value > max)) return undefined
  const millis = fraction === undefined ? (last ? 999 : 0) : Number(fraction.padEnd(3, "0").slice(0, 3))
  const [[d], [h], [m], [s]] = values
  return (days + d - 1) * day + ((h * 60 + m) * 60 + s) * 1000 + millis - offsetOf(zone)
}

/** Milliseconds since the epoch. A negative number with fewer than ten digits is not a time. */
const epoch = (text: string): number | undefined =>
  /^(?:\d{1,19}(?:\.\d+)?|-\d{10,19})$/.test(text) ? Math.trunc(Number(text)) : undefined

const lengths: { readonly [unit: string]: number } = {
  w: 7 * day,
  d: day,
  h: 3_600_000,
  H: 3_600_000,
  m: 60_000,
  s: 1000
}

const months = (from: number, count: number): number => {
  const at = new Date(from)
  const first = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + count)
  const inMonth = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + count + 1, 0)).getUTCDate()
  return first + (Math.min(at.getUTCDate(), inMonth) - 1) * day + (from - Math.floor(from / day) * day)
}

/** The first millisecond of the unit that an instant is in. Weeks begin on Mondays, and the epoch was a Thursday. */
const startOf = (date: number, unit: string): number => {
  const at = new Date(date)
  if (unit === "y") return Date.UTC(at.getUTCFullYear(), 0)
  if (unit === "M") return Date.UTC(at.getUTCFullYear(), at.getUTCMonth())
  const [length, offset] = [lengths[unit]!, unit === "w" ? 4 * day : 0]
  return Math.floor((date - offset) / length) * length + offset
}

const plus = (date: number, count: number, unit: string): number =>
  unit === "y" || unit === "M" ? months(date, unit === "y" ? 12 * count : count) : date + count * lengths[unit]!

const isUnit = (unit: string): boolean => unit === "y" || unit === "M" || Object.hasOwn(lengths, unit)

/** Date math: `+1M`, `-2d`, and `/M`, which rounds to the first or to the last millisecond of the month. */
const calculate = (from: number, math: string, edge: Edge): number => {
  let date = from
  let rest = math
  while (rest !== "") {
    const [step = "", operator, amount = "", unit = ""] = /^([-+/])(\d*)(.?)/.exec(rest) ?? []
    if (operator === undefined) throw badRequest(`operator not supported for date math [${rest}]`)
    if (unit === "") throw badRequest(`truncated date math [${rest}]`)
    if (operator === "/" && amount !== "" && amount !== "1") {
      throw badRequest(`rounding \`/\` can only be used on single unit types [${rest}]`)
    }
    if (!isUnit(unit)) throw badRequest(`unit [${unit}] not supported for date math [${rest}]`)
    const count = (amount === "" ? 1 : Number(amount)) * (operator === "-" ? -1 : 1)
    date = operator !== "/"
      ? plus(date, count, unit)
      : edge === "last"
      ? plus(startOf(date, unit), 1, unit) - 1
      : startOf(date, unit)
    rest = rest.slice(step.length)
  }
  return date
}

/** Milliseconds since the epoch of a date in a document; `undefined` if the value is not a date. */
export const read = (value: unknown, edge: Edge = "first"): number | undefined => {
  if (typeof value === "boolean") return undefined
  const text = String(value)
  return calendar(text, edge) ?? epoch(text)
}

/** {@link read} of a date in a query, where dates may be calculated: `now-1d/d`, `2020-01-01||+1M`. */
export const parse = (value: unknown, now: number, edge: Edge = "first"): number | undefined => {
  const text = String(value)
  if (text.startsWith("now")) return calculate(now, text.slice(3), edge)
  const end = text.indexOf("||")
  if (end < 0) return read(value, edge)
  const date = read(text.slice(0, end))
  return date === undefined ? undefined : calculate(date, text.slice(end + 2), edge)
}
