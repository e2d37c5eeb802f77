/**
 * Durations as Elasticsearch reads them (7.10.2, `TimeValue.parseTimeValue`).
 */
import { badRequest } from "./errors.ts"

/** The units. A text has the first one with which it ends. Minutes are case-sensitive: `M` stands for months. */
const units: ReadonlyArray<readonly [suffix: string, milliseconds: number]> = [
  ["nanos", 1e-6],
  ["micros", 1e-3],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000]
]

/** Milliseconds. In most settings -1 stands for "never". The error for a refused text contains the name `setting`. */
export const parse = (text: string, setting: string): number => {
  const normalized = text.toLowerCase().trim()
  const refuse = (reason: string) =>
    badRequest(`failed to parse setting [${setting}] with value [${text}] as a time value: ${reason}`)
  const unit = units.find(([suffix]) => suffix === "m" ? text.endsWith("m") : normalized.endsWith(suffix))
  if (unit === undefined) {
    if (/^-0*1$/.test(normalized)) return -1
    if (/^0+$/.test(normalized)) return 0
    throw refuse("unit is missing or unrecognized")
  }
  const [suffix, milliseconds] = unit
  const amount = normalized.slice(0, -suffix.length).trim()
  if (!/^[+-]?\d+$/.test(amount)) {
    const isNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?[fd]?$/.test(amount)
    throw badRequest(`failed to parse [${text}]${isNumber ? ", fractional time values are not supported" : ""}`)
  }
  if (Number(amount) < -1) throw refuse("negative durations are not supported")
  return Math.trunc(Number(amount) * milliseconds)
}
