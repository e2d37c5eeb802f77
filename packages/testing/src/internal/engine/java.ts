import { isObject, type JsonObject, put } from "./json.ts"

/** Numbers as Java writes them: `10.0`, `1.0E7`. */
export const double = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  const size = Math.abs(value)
  const withPoint = (text: string) => text.includes(".") ? text : `${text}.0`
  if (size === 0 || (size >= 1e-3 && size < 1e7)) return withPoint(String(value))
  const [digits = "", exponent = ""] = value.toExponential().split("e")
  return `${withPoint(digits)}E${exponent.replace("+", "")}`
}

/** The shortest decimal number that gives the same 32-bit float. Java writes floats in this form. */
export const float = (value: number): number => {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}

const hashOf = (text: string): number => {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (31 * hash + text.charCodeAt(i)) | 0
  return hash ^ (hash >>> 16)
}

/**
 * An object with its keys in the order of Java's `HashMap`, at every depth. Elasticsearch reads the changes of an
 * update into such maps. They determine the order of new fields, and which of several faults is reported.
 */
export const inOrderOfHashMaps = (object: JsonObject): JsonObject => {
  const entries = Object.entries(object)
  let capacity = 16
  while (entries.length > capacity * 0.75) capacity *= 2
  const buckets = entries.map(([key, value]) => ({ bucket: hashOf(key) & (capacity - 1), key, value }))
  const ordered: Record<string, unknown> = {}
  for (const { key, value } of buckets.sort((a, b) => a.bucket - b.bucket)) put(ordered, key, inOrder(value))
  return ordered
}

const inOrder = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(inOrder) : isObject(value) ? inOrderOfHashMaps(value) : value

/** Elasticsearch's name of the first token of a JSON value. */
export const tokenOf = (value: unknown): string =>
  Array.isArray(value)
    ? "START_ARRAY"
    : isObject(value)
    ? "START_OBJECT"
    : typeof value === "string"
    ? "VALUE_STRING"
    : typeof value === "number"
    ? "VALUE_NUMBER"
    : value === null
    ? "VALUE_NULL"
    : "VALUE_BOOLEAN"
