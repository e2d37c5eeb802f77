/**
 * Filters of Koncorde as queries of Elasticsearch.
 */
import { error, messageOf, nativeError } from "./errors.ts"
import { asArray, isObject, type JsonObject } from "./json.ts"

/** A search in Koncorde, as the real server translates it. It passes unknown parts on unchanged. */
export const fromKoncorde = (filter: JsonObject): JsonObject =>
  Object.keys(filter).length === 0 ? filter : translate(filter)

const translate = (filter: JsonObject): JsonObject => {
  const [entry] = Object.entries(filter)
  if (entry === undefined) {
    throw nativeError("undefined is not iterable (cannot read property Symbol(Symbol.iterator))")
  }
  const [keyword, content] = entry
  const each = () => asArray(content).map((inner) => translate(isObject(inner) ? inner : {}))
  switch (keyword) {
    case "and":
      return { bool: { filter: each() } }
    case "or":
      return { bool: { should: each() } }
    case "not":
      return { bool: { must_not: each() } }
    case "bool":
      throw error("api.assert.koncorde_restricted_keyword", "operator", keyword)
    case "equals":
      return { term: content }
    case "in":
      return { terms: content }
    case "exists":
      return existsFromKoncorde(String((isObject(content) ? content.field : undefined) || content))
    case "geoBoundingBox":
    case "geoDistance":
    case "geoDistanceRange":
    case "geoPolygon":
      return { [keyword.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]: content }
    case "missing":
      return { bool: { must_not: [{ exists: { field: content } }] } }
    default:
      return filter
  }
}

/** `a["x"]` tests for an element. The real server ignores it if the element is falsy. */
const existsFromKoncorde = (path: string): JsonObject => {
  const [open, close] = [path.indexOf("["), path.lastIndexOf("]")]
  if (open < 0) return { exists: { field: path } }
  if (close < 0) {
    throw error(
      "services.koncorde.elastic_translation_error",
      `Invalid exists path "${path}": missing closing bracket`
    )
  }
  const field = path.slice(0, open)
  const element = parseElement(path.slice(open + 1, close))
  return element
    ? { bool: { filter: [{ exists: { field } }, { range: { [field]: { gte: element, lte: element } } }] } }
    : { exists: { field } }
}

const parseElement = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw nativeError(messageOf(cause))
  }
}
