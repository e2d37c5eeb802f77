/** `sort` and `search_after`: the order of the documents of a search result. */
import { badRequest, error } from "./errors.ts"
import * as Geo from "./geo.ts"
import * as Java from "./java.ts"
import { asArray, isObject, type JsonObject } from "./json.ts"
import {
  type Document,
  type Field,
  fieldAt,
  isDate,
  isNumber,
  isType,
  type Mapping,
  nestedIn,
  placesIn,
  type Scalar,
  storedTerm,
  terms,
  valuedField
} from "./mapping.ts"
import * as Query from "./query.ts"

interface Scope {
  readonly mapping: Mapping
  readonly now: number
}

export type SortValue = Scalar | null

export interface SortKey {
  readonly descending: boolean
  readonly missingFirst: boolean
  readonly valueOf: (document: Document & { readonly order: number }, score: number) => SortValue
  /** Converts a value of `search_after` to the form of the values of this key. */
  readonly read: (value: SortValue) => SortValue
}

/** Whether a sort needs the scores. */
export const sortsByScore = (sort: unknown): boolean =>
  asArray(sort).some((item) => isObject(item) ? Object.hasOwn(item, "_score") : item === "_score")

/** Compiles the `sort` of a search. */
export const compileSort = (sort: unknown, mapping: Mapping, now: number): ReadonlyArray<SortKey> =>
  asArray(sort).flatMap((item) =>
    isObject(item)
      ? Object.entries(item).map(([path, options], i, { length }) =>
        sortKey(path, optionsOf(path, options, i === length - 1 ? "END_OBJECT" : "FIELD_NAME"), { mapping, now })
      )
      : [sortKey(nameOf(item), {}, { mapping, now })]
  )

const isOrder = (order: unknown): boolean => ["asc", "desc"].includes(String(order).toLowerCase())

/**
 * The options of a sort by a field: an object, or an order. For any other value, Elasticsearch skips its first token,
 * and expects an object next. `after`: the token that follows the value.
 */
const optionsOf = (path: string, options: unknown, after: string): JsonObject => {
  if (isObject(options)) return checkedOrder(options)
  if (typeof options === "string") return { order: orderOf(options) }
  if (["_geo_distance", "_script"].includes(path) || Array.isArray(options) && options.length > 1) {
    throw error("testing.engine.not_implemented", `a sort by "${path}" whose options are no object`)
  }
  const [first] = Array.isArray(options) ? options : []
  if (isObject(first)) return checkedOrder(first)
  const token = !Array.isArray(options) ? after : options.length === 0 ? "END_ARRAY" : Java.tokenOf(first)
  throw badRequest(`[1:1] [${path === "_score" ? "_score" : "field_sort"}] Expected START_OBJECT but was: ${token}`)
}

const orderOf = (order: unknown): unknown => {
  if (isOrder(order)) return order
  throw badRequest(`No enum constant org.elasticsearch.search.sort.SortOrder.${String(order).toUpperCase()}`)
}

const checkedOrder = (options: JsonObject): JsonObject => {
  if (options.order === undefined || isOrder(options.order)) return options
  throw badRequest("[1:1] [field_sort] failed to parse field [order]")
}

const nameOf = (item: unknown): string => {
  if (!Array.isArray(item)) return String(item)
  throw badRequest("malformed sort format, within the sort array, an object, or an actual string are allowed")
}

/** How a sort reduces the values of a document to one. The values are in ascending order. */
const modes: { readonly [mode: string]: (values: ReadonlyArray<Scalar>) => Scalar | undefined } = {
  min: (values) => values[0],
  max: (values) => values.at(-1),
  sum: (values) => values.length === 0 ? undefined : sum(values),
  avg: (values) => values.length === 0 ? undefined : sum(values) / values.length,
  median: (values) => {
    if (values.length === 0) return undefined
    const middle = values.length >> 1
    return values.length % 2 === 1 ? values[middle] : (Number(values[middle - 1]) + Number(values[middle])) / 2
  }
}

const sum = (values: ReadonlyArray<Scalar>): number => values.reduce<number>((total, value) => total + Number(value), 0)

const modeOf = (mode: unknown, isNumeric: boolean): (values: ReadonlyArray<Scalar>) => Scalar | undefined => {
  const name = String(mode).toLowerCase()
  if (!Object.hasOwn(modes, name)) throw badRequest("[1:1] [field_sort] failed to parse field [mode]")
  if (!isNumeric && name !== "min" && name !== "max") {
    throw badRequest(`we only support AVG, MEDIAN and SUM on number based fields`)
  }
  return modes[name]!
}

/** The documents that a sort reads: the hit, or the objects nested in it. */
const scopeOf = (nested: unknown, scope: Scope): (document: Document) => ReadonlyArray<Document> => {
  if (nested === undefined) return (document) => [document]
  const { filter, path, ...others } = isObject(nested) ? nested : {}
  const [other] = Object.keys(others)
  if (other !== undefined) throw error("testing.engine.not_implemented", `"${other}" of the option "nested" of a sort`)
  if (fieldAt(scope.mapping, String(path))?.type !== "nested") {
    throw badRequest(`[nested] failed to find nested object under path [${String(path)}]`)
  }
  const test = filter === undefined ? () => true : Query.compile(filter, scope.mapping, scope.now)
  return (document) => nestedIn(document, String(path)).filter(test)
}

const checkOptions = (path: string, options: JsonObject, ...known: ReadonlyArray<string>): void => {
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw error("testing.engine.not_implemented", `"${unknown}" of the sort by "${path}"`)
}

const byDistance = (options: JsonObject, scope: Scope): SortKey => {
  const { distance_type = "arc", mode, nested, order = "asc", unit = "m", ...others } = options
  const [[path, places] = ["", undefined], ...more] = Object.entries(others)
  if (more.length > 0) throw error("testing.engine.not_implemented", `"${more[0]![0]}" of a sort by distance`)
  if (distance_type !== "arc") {
    throw error("testing.engine.not_implemented", `the distance type "${String(distance_type)}"`)
  }
  const field = geoField(scope.mapping, path)
  const isOne = !Array.isArray(places) || typeof places[0] === "number"
  const origins = (isOne ? [places] : places).map(Geo.placeOf)
  const descending = String(order).toLowerCase() === "desc"
  const [length, within] = [Geo.unitOf(unit), scopeOf(nested, scope)]
  const choose = modeOf(mode ?? (descending ? "max" : "min"), true)
  return {
    descending,
    missingFirst: descending,
    read: (value) => value,
    valueOf: (document) => {
      const places = within(document).flatMap((inner) => placesIn(inner, field))
      const distances = places.flatMap((place) => origins.map((origin) => Geo.distance(origin, place) / length))
      return choose(distances.sort(compareScalars)) ?? null
    }
  }
}

const geoField = (mapping: Mapping, path: string): Field => {
  const field = fieldAt(mapping, path)
  if (field === undefined) throw badRequest(`failed to find mapper for [${path}] for geo distance based sort`)
  if (field.type !== "geo_point") throw badRequest(`field [${path}] is not a geo_point field`)
  return field
}

const sortKey = (path: string, options: JsonObject, scope: Scope): SortKey => {
  if (path === "_geo_distance") return byDistance(options, scope)
  const descending = String(options.order ?? (path === "_score" ? "desc" : "asc")).toLowerCase() === "desc"
  const missingFirst = options.missing === "_first"
  const read = (value: SortValue) => value
  if (path === "_score") return { descending, missingFirst, valueOf: (_, score) => score, read }
  if (path === "_doc") return { descending, missingFirst, valueOf: (document) => document.order, read }
  if (path === "_script") throw error("testing.engine.not_implemented", "sorting by \"_script\"")
  checkOptions(path, options, "order", "missing", "unmapped_type", "mode", "nested")
  const field = valuedField(scope.mapping, path)
  if (field === undefined && options.unmapped_type === undefined) {
    throw badRequest(`No mapping found for [${path}] in order to sort on`)
  }
  if (field === undefined && !isType(options.unmapped_type)) {
    throw badRequest(`No mapper found for type [${String(options.unmapped_type)}]`)
  }
  if (
    field !== undefined && isDate(field.type) && typeof options.missing === "string" &&
    !/^_(?:first|last)$/.test(options.missing)
  ) {
    throw badRequest(`For input string: "${options.missing}"`)
  }
  if (field?.type === "geo_point") {
    throw badRequest("can't sort on geo_point field without using specific sorting feature, like geo_distance")
  }
  // Any other value of `missing` replaces a missing value.
  const { missing } = options
  const isPosition = missing === "_first" || missing === "_last" || missing === undefined || missing === null
  const substitute = field === undefined || isPosition ? null : storedTerm(field, missing) ?? null
  const choose = modeOf(
    options.mode ?? (descending ? "max" : "min"),
    field === undefined || isNumber(field.type) || isDate(field.type)
  )
  const within = scopeOf(options.nested, scope)
  return {
    descending,
    missingFirst,
    read: (value) => field === undefined ? value : readAfter(field, value, scope.now),
    valueOf: (document) => {
      const values = field === undefined ? [] : within(document).flatMap((inner) => terms(inner, field))
      return choose(values.length > 1 ? [...values].sort(compareScalars) : values) ?? substitute
    }
  }
}

/** The order of values of one type. */
export const compareScalars = (a: Scalar, b: Scalar): number => (a < b ? -1 : a > b ? 1 : 0)

/** Compares two rows by their sort values. `b` may be the `search_after` of a request. */
export const compareRows = (
  keys: ReadonlyArray<SortKey>,
  a: ReadonlyArray<SortValue>,
  b: ReadonlyArray<SortValue>
): number => {
  // A loop, because a sort compares millions of rows.
  for (let i = 0; i < keys.length; i++) {
    const x = a[i] ?? null
    const y = b[i] ?? null
    if (x === y) continue
    const { descending, missingFirst } = keys[i]!
    if (x === null || y === null) return (x === null) === missingFirst ? -1 : 1
    const order = compareScalars(x, y)
    if (order !== 0) return descending ? -order : order
  }
  return 0
}

/** The checks of a `search_after` that do not depend on the sort. */
export const checkSearchAfter = (values: unknown): void => {
  if (!Array.isArray(values)) {
    const token = typeof values === "string" ? "STRING" : typeof values === "number" ? "NUMBER" : "BOOLEAN"
    throw isObject(values)
      ? error("services.storage.invalid_search_query", "search_after")
      : badRequest(`Unknown key for a VALUE_${token} in [search_after].`)
  }
  if (values.length === 0) throw badRequest("Values must contains at least one value.")
  const inner = values.find((value) => typeof value === "object" && value !== null)
  if (inner === undefined) return
  throw badRequest(
    "Expected [VALUE_STRING] or [VALUE_NUMBER] or [VALUE_BOOLEAN] or [VALUE_NULL] but found " +
      `[${Array.isArray(inner) ? "START_ARRAY" : "START_OBJECT"}] inside search_after.`
  )
}

/** The values of a `search_after`. */
export const searchAfter = (values: unknown, keys: ReadonlyArray<SortKey>): ReadonlyArray<SortValue> => {
  const list = asArray(values)
  if (keys.length === 0) throw badRequest("Sort must contain at least one field.")
  if (list.length !== keys.length && Array.isArray(values)) {
    throw badRequest(`search_after has ${values.length} value(s) but sort has ${keys.length}.`)
  }
  return keys.map(({ read }, i) => {
    const value = Array.isArray(values) ? values[i] : undefined
    return read(typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null)
  })
}

/** Converts a value of `search_after` to the form of the field's values. */
const readAfter = (field: Field, value: SortValue, now: number): SortValue => {
  const isCounted = isNumber(field.type) || isDate(field.type)
  // Elasticsearch gives its reason in a list that Kuzzle does not read (esWrapper.js).
  if (value === null && isCounted) throw error("services.storage.unexpected_error", "all shards failed")
  if (value === null) return null
  if (isDate(field.type)) return typeof value === "number" ? value : Query.dateOf(value, now)
  if (field.type === "boolean") return typeof value === "number" ? value !== 0 : storedTerm(field, value) ?? null
  if (!isNumber(field.type)) return String(value)
  const number = storedTerm(field, value)
  if (number === undefined) throw badRequest(`Failed to parse search_after value for field [${field.path}].`)
  return number
}
