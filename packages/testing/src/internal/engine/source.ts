/** `_source`: the part of a document that a search returns. */
import { matchesParts, type Part } from "./glob.ts"
import { asArray, isObject, type JsonObject, put } from "./json.ts"

/** Whether a path matches one of the patterns. A pattern also selects everything below a field. */
const matcher = (patterns: ReadonlyArray<unknown>) => {
  const globs = patterns.flatMap((pattern) => [String(pattern), `${String(pattern)}.*`]).map((pattern) =>
    Array.from(pattern, (char): Part => char === "*" ? "*" : (c) => c === char)
  )
  return (path: string): boolean => {
    const chars = Array.from(path)
    return globs.some((parts) => matchesParts(parts, chars))
  }
}

/** The part of a source that the option `_source` selects; `undefined` for no source. */
export const filterSource = (source: JsonObject, option: unknown): JsonObject | undefined => {
  if (option === undefined || option === true) return source
  if (option === false) return undefined
  const { excludes, includes } = isObject(option) ? option : { includes: option, excludes: undefined }
  const includePatterns = asArray(includes)
  const included = includePatterns.length > 0 ? matcher(includePatterns) : () => true
  const excluded = matcher(asArray(excludes))
  const walk = (object: JsonObject, above: string): JsonObject => {
    const selected: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(object)) {
      const path = above + key
      if (excluded(path)) continue
      if (!isObject(value)) {
        if (included(path)) put(selected, key, value)
        continue
      }
      const child = walk(value, `${path}.`)
      if (included(path) || Object.keys(child).length > 0) put(selected, key, child)
    }
    return selected
  }
  return walk(source, "")
}
