/**
 * Reads a field of a document by its path, as Koncorde does. Koncorde flattens the document: `a.b` is the member `b` of
 * the object `a`, or a member that is literally named `a.b`. Arrays are values, so no path leads into them.
 */

/** A JSON object, as `JSON.parse` returns it. */
export type Fields = { readonly [key: string]: unknown }

export const isFields = (u: unknown): u is Fields => typeof u === "object" && u !== null && !Array.isArray(u)

/** Reads an own member of an object, so that the name of a field cannot reach `Object.prototype`. */
export const member = (fields: Fields, key: string): unknown => Object.hasOwn(fields, key) ? fields[key] : undefined

/** The name of a member that may be an object, and the rest of the path within it. */
interface Step {
  readonly key: string
  readonly rest: Reader
}

type Reader = (fields: Fields) => unknown

/** The number of dots up to which a path is compiled. The number of steps grows with the square of it. */
const MAX_CUTS = 10

/**
 * Reads a path without compiling it. It searches from the last member to the first, because the last of several members
 * with the same path counts.
 */
const walker = (path: string): Reader => (fields) => {
  const todo: Array<{ readonly value: unknown; readonly start: number }> = [{ value: fields, start: 0 }]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { start, value } = next
    if (start > path.length && value !== undefined) return value
    if (start > path.length || !isFields(value)) continue
    for (const [key, inner] of Object.entries(value)) {
      const end = start + key.length
      if (path.startsWith(key, start) && (end === path.length || path[end] === ".")) {
        todo.push({ value: inner, start: end + 1 })
      }
    }
  }
  return undefined
}

/** Compiles a path into a reader. The reader returns `undefined` if the document has no such field. */
export const reader = (path: string): Reader => {
  if (!path.includes(".")) {
    return (fields) => member(fields, path)
  }
  // Makes a reader for each suffix of the path, the shortest first. `a.b.c` may be `b.c` within `a`, or `c` within
  // `a.b`.
  const cuts: Array<number> = []
  for (let dot = path.indexOf("."); dot >= 0; dot = path.indexOf(".", dot + 1)) {
    cuts.push(dot)
  }
  if (cuts.length > MAX_CUTS) {
    return walker(path)
  }
  const readers = new Map<number, Reader>()
  for (const start of [...cuts.map((dot) => dot + 1), 0].sort((a, b) => b - a)) {
    const whole = path.slice(start)
    const steps: Array<Step> = []
    for (const dot of cuts) {
      const rest = readers.get(dot + 1)
      if (dot >= start && rest !== undefined) {
        steps.push({ key: path.slice(start, dot), rest })
      }
    }
    readers.set(start, steps.length === 0 ? (fields) => member(fields, whole) : through(whole, steps))
  }
  return readers.get(0) ?? (() => undefined)
}

const through = (whole: string, steps: ReadonlyArray<Step>): Reader => (fields) => {
  let key = whole
  let value = member(fields, whole)
  for (const step of steps) {
    const inner = member(fields, step.key)
    const nested = isFields(inner) ? step.rest(inner) : undefined
    if (nested !== undefined && (value === undefined || isAfter(fields, step.key, key))) {
      key = step.key
      value = nested
    }
  }
  return value
}

/** If two members have the same path, flattening keeps the last one. */
const isAfter = (fields: Fields, key: string, other: string): boolean => {
  const keys = Object.keys(fields)
  return keys.indexOf(key) > keys.indexOf(other)
}
