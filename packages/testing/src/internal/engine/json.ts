/**
 * JSON values as they come off the wire, before anything is known about them.
 */

export type JsonObject = { readonly [key: string]: unknown }

export const isObject = (u: unknown): u is JsonObject => typeof u === "object" && u !== null && !Array.isArray(u)

export const asArray = (u: unknown): ReadonlyArray<unknown> =>
  u === undefined || u === null ? [] : Array.isArray(u) ? u : [u]

/** An own property, or `undefined`: `__proto__` and the like are ordinary names on the wire. */
export const own = (object: JsonObject, key: string): unknown => Object.hasOwn(object, key) ? object[key] : undefined

/** The value at a dotted path; a key that itself holds dots wins, as in the real server. */
export const at = (object: JsonObject, path: string): unknown => {
  if (Object.hasOwn(object, path)) return object[path]
  let value: unknown = object
  for (const key of path.split(".")) {
    if (!isObject(value)) return undefined
    value = own(value, key)
  }
  return value
}

/** JSON with its keys sorted: two values that mean the same give the same text. */
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

/** `base` with `changes` laid over it, objects merged at every depth, as Elasticsearch updates a document. */
export const merge = (base: JsonObject, changes: JsonObject): JsonObject => {
  let merged = base
  for (const [key, value] of Object.entries(changes)) {
    const before = own(merged, key)
    merged = { ...merged, [key]: isObject(value) && isObject(before) ? merge(before, value) : value }
  }
  return merged
}
