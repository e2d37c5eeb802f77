/** Numbers as Java writes them: `10.0`, `1.0E7`. */
export const double = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  const size = Math.abs(value)
  const withPoint = (text: string) => text.includes(".") ? text : `${text}.0`
  if (size === 0 || (size >= 1e-3 && size < 1e7)) return withPoint(String(value))
  const [digits = "", exponent = ""] = value.toExponential().split("e")
  return `${withPoint(digits)}E${exponent.replace("+", "")}`
}

/** The shortest decimal number that is the same 32-bit float, as which Java writes it. */
export const float = (value: number): number => {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}
