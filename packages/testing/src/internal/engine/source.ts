/** `_source`: the part of a document that a search returns. */
import { fits, type Part } from "./glob.ts"
import { asArray, isObject, type JsonObject, put } from "./json.ts"

/** A pattern selects fields and everything below them. */
const matcher = (patterns: ReadonlyArray<unknown>) => {
  const globs = patterns.flatMap((pattern) => [String(pattern), `${String(pattern)}.*`]).map((pattern) =>
    Array.from(pattern, (char): Part => char === "*" ? "*" : (c) => c === char)
  )
  return (path: string): boolean => {
    const chars = Array.from(path)
    return globs.some((parts) => fits(parts, chars))
  }
}

/** The part of a source that a `_source` option selects; `undefined` for none. */
export const filterSource = (source: JsonObject, option: unknown): JsonObject | undefined => {
  if (option === undefined || option === true) return source
  if (option === false) return undefined
  const { excludes, includes } = isObject(option) ? option : { includes: option, excludes: undefined }
  const wanted = asArray(includes)
  const included = wanted.length > 0 ? matcher(wanted) : () => true
  const excluded = matcher(asArray(excludes))
  const walk = (object: JsonObject, above: string): JsonObject => {
    const kept: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(object)) {
      const path = above + key
      if (excluded(path)) continue
      if (!isObject(value)) {
        if (included(path)) put(kept, key, value)
        continue
      }
      const child = walk(value, `${path}.`)
      if (included(path) || Object.keys(child).length > 0) put(kept, key, child)
    }
    return kept
  }
  return walk(source, "")
}
