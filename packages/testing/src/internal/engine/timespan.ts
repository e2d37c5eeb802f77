/**
 * Durations as text.
 */

const units: ReadonlyArray<readonly [RegExp, number]> = [
  [/^(?:milliseconds?|msecs?|ms)$/i, 1],
  [/^(?:seconds?|secs?|s)$/i, 1000],
  [/^(?:minutes?|mins?|m)$/i, 60_000],
  [/^(?:hours?|hrs?|h)$/i, 3_600_000],
  [/^(?:days?|d)$/i, 86_400_000],
  [/^(?:weeks?|w)$/i, 604_800_000],
  [/^(?:years?|yrs?|y)$/i, 31_557_600_000]
]

/** Milliseconds of a text such as `1h`, `2 days` or `500`; `undefined` for any other text. */
export const parse = (text: string): number | undefined => {
  const match = text.length > 100 ? null : /^(-?\d*\.?\d+) *([a-z]+)?$/i.exec(text)
  if (match === null) return undefined
  const [, amount, unit = "ms"] = match
  const scale = units.find(([name]) => name.test(unit))?.[1]
  return scale === undefined ? undefined : Number(amount) * scale
}
