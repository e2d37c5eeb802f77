/**
 * Checks whether a search supports a filter (spec 6). The server translates a filter to Elasticsearch word by word and
 * checks nothing. This module reports where the translation fails or changes the meaning.
 */
import { type Fields, isFields } from "./field.ts"

/** Lists the parts of a valid filter that a search does not support. */
export const searchIssues = (filter: unknown): ReadonlyArray<string> => {
  const issues: Array<string> = []
  condition(filter, "", issues)
  return issues
}

/** Safe: the filter is valid, so there is an object where one is required. */
const fields = (value: unknown): Fields => isFields(value) ? value : {}

/** The argument of a condition on one field. */
const argument = (content: unknown): unknown => Object.values(fields(content))[0]

const condition = (filter: unknown, above: string, issues: Array<string>): void => {
  const [entry] = Object.entries(fields(filter))
  if (entry === undefined) return
  const [keyword, content] = entry
  const path = above === "" ? keyword : `${above}.${keyword}`
  if (keyword === "not") return condition(content, path, issues)
  if (Array.isArray(content)) {
    return content.forEach((inner, i) => condition(inner, `${path}[${i}]`, issues))
  }
  const check = checks.get(keyword)
  const issue = check === undefined ? "a search has no such condition, only a subscription" : check(content)
  if (issue !== undefined) issues.push(`${path}: ${issue}`)
}

type Check = (content: unknown) => string | undefined

const sound: Check = () => undefined

const equals: Check = (content) => argument(content) === null ? "Elasticsearch stores no null: use missing" : undefined

/** The server translates `exists: 'a["x"]'` if the element is truthy, and ignores it otherwise. */
const exists: Check = (content) => {
  const text = String(isFields(content) ? content["field"] : content)
  if (text.includes("\\[") || text.includes("\\]")) return "a search cannot ask for a name with brackets"
  const start = text.indexOf("[")
  if (start < 0) return undefined
  const element: unknown = JSON.parse(text.slice(start + 1, -1))
  return element === true || (typeof element === "number" && element !== 0) ||
      (typeof element === "string" && element !== "")
    ? undefined
    : `the server cannot look for the element ${JSON.stringify(element)}`
}

const missing: Check = (content) =>
  typeof content !== "string"
    ? "must be a string in a search"
    : /[[\]]/.test(content)
    ? "the server reads brackets as part of the name of the field"
    : undefined

/** Elasticsearch reads an array as `[lon, lat]`, and does not know `latLon`. */
const isPoint = (value: unknown): boolean =>
  typeof value === "string" || (isFields(value) && typeof value["lat"] === "number" && typeof value["lon"] === "number")

const points = "a point of a search must be { lat, lon } or a string: Elasticsearch takes an array for [lon, lat]"

const sides = ["top", "left", "bottom", "right"]

const geoBoundingBox: Check = (content) => {
  const box = fields(argument(content))
  return sides.every((side) => typeof box[side] === "number")
    ? undefined
    : Object.hasOwn(box, "top_left") && Object.hasOwn(box, "bottom_right")
    ? (isPoint(box["top_left"]) && isPoint(box["bottom_right"]) ? undefined : points)
    : "a box of a search has top, left, bottom and right as numbers, or top_left and bottom_right"
}

/** The forms of a distance that both engines read alike. */
const distancePattern =
  /^\d+(\.\d+)? *(m|meters|km|kilometers|cm|centimeters|mm|millimeters|mi|miles|yd|yards|ft|feet|in|inch)$/

const geoDistance: Check = (content) => {
  const { distance, ...others } = fields(content)
  return !isPoint(argument(others))
    ? points
    : distancePattern.test(String(distance))
    ? undefined
    : "a distance of a search is a number and one of m, km, cm, mm, mi, yd, ft, in"
}

const checks: ReadonlyMap<string, Check> = new Map([
  ["equals", equals],
  ["exists", exists],
  ["geoBoundingBox", geoBoundingBox],
  ["geoDistance", geoDistance],
  ["ids", sound],
  ["in", sound],
  ["missing", missing],
  ["range", sound]
])
