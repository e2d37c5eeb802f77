/** JSON values as they arrive, before any check. */

export type JsonObject = { readonly [key: string]: unknown }

export const isObject = (u: unknown): u is JsonObject => typeof u === "object" && u !== null && !Array.isArray(u)

export const asArray = (u: unknown): ReadonlyArray<unknown> =>
  u === undefined || u === null ? [] : Array.isArray(u) ? u : [u]

/** An own property, or `undefined`: `__proto__` and the like are ordinary names on the wire. */
export const own = (object: JsonObject, key: string): unknown => Object.hasOwn(object, key) ? object[key] : undefined

/** The value at a dotted path. As in the real server, a key that itself contains dots takes precedence. */
export const at = (object: JsonObject, path: string): unknown => {
  if (Object.hasOwn(object, path)) return object[path]
  let value: unknown = object
  for (const key of path.split(".")) {
    if (!isObject(value)) return undefined
    value = own(value, key)
  }
  return value
}

/** JSON with its keys sorted: equal values give the same text. */
export const canonical = (u: unknown): string => {
  if (Array.isArray(u)) return `[${u.map(canonical).join(",")}]`
  if (!isObject(u)) return JSON.stringify(u) ?? "null"
  return `{${
    Object.keys(u).filter((key) => u[key] !== undefined).sort().map((key) =>
      `${JSON.stringify(key)}:${canonical(u[key])}`
    )
      .join(",")
  }}`
}

/** How many levels the engine's recursive functions can follow. From about 5,000 levels, Kuzzle does not answer. */
export const maxDepth = 1000

/** Whether a JSON text is nested too deeply for the engine. Most texts are too short for that, and are not scanned. */
export const isTooDeep = (text: string): boolean => {
  if (text.length <= 2 * maxDepth) return false
  let depth = 0
  let inText = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === "\\" && inText) i++
    else if (char === "\"") inText = !inText
    else if (inText) continue
    else if (char === "{" || char === "[") depth++
    else if (char === "}" || char === "]") depth--
    if (depth > maxDepth) return true
  }
  return false
}

/** Sets an own property, `__proto__` among them. */
export const put = (object: Record<string, unknown>, key: string, value: unknown): void => {
  if (key !== "__proto__") object[key] = value
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

/** `changes` merged into `base` at every depth, as Elasticsearch updates a document. */
export const merge = (base: JsonObject, changes: JsonObject): JsonObject => {
  // One copy is enough for all changed keys.
  const merged = { ...base }
  for (const [key, value] of Object.entries(changes)) {
    const before = own(base, key)
    put(merged, key, isObject(value) && isObject(before) ? merge(before, value) : value)
  }
  return merged
}
