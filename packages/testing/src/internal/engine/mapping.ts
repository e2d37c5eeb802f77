/** Mappings: the type of a field, and its values in a document (Elasticsearch 7). */
import { type Analyze, analyzerOf, checkAnalyzer } from "./analysis.ts"
import * as Dates from "./date.ts"
import { badRequest, type EngineError, error, nativeError } from "./errors.ts"
import * as Geo from "./geo.ts"
import { double } from "./java.ts"
import { asArray, isObject, type JsonObject, own, put } from "./json.ts"

export interface Mapping {
  readonly dynamic: string
  readonly _meta?: unknown
  readonly properties: JsonObject
}

/** A field, as queries use it. */
export interface Field {
  readonly type: string
  readonly path: string
  /** The path of its value in the document. A sub-field (`name.keyword`) has the path of its parent. */
  readonly source: string
  /** The path of the nested objects that contain it; empty at the root. */
  readonly nested: string
  /** The field, as it was declared. */
  readonly declared: JsonObject
  readonly mapping: Mapping
}

/** A document as searches see it, or an object nested in one. */
export interface Document {
  readonly _id: string
  readonly _source: JsonObject
  /** The source with dotted keys as paths, with copied values, and with replacements of `null`. */
  readonly view: JsonObject
  /** The mapping that it was indexed with: searches do not find it by fields that were mapped later. */
  readonly mapping: Mapping
  /** The path of the nested object; empty for a whole document. */
  readonly nested: string
  /** The document that contains it. */
  readonly parent?: Document
}

const integers = new Set(["long", "integer", "short", "byte", "unsigned_long"])
const numbers = new Set([...integers, "double", "float", "half_float", "scaled_float"])
const textTypes = new Set(["text", "match_only_text"])
const types = new Set([
  ...numbers,
  ...textTypes,
  "keyword",
  "constant_keyword",
  "wildcard",
  "date",
  "date_nanos",
  "boolean",
  "object",
  "nested",
  "geo_point",
  "geo_shape",
  "ip",
  "binary",
  "flattened",
  "completion",
  "alias",
  "integer_range",
  "long_range",
  "date_range",
  "float_range",
  "double_range",
  "ip_range",
  "version"
])

/** Types of fields that the engine does not implement. */
const unsupportedTypes = new Set([
  ...["join", "percolator", "rank_feature", "rank_features"],
  ...["search_as_you_type", "token_count"]
])

/** The fields that Kuzzle adds to every collection. */
export const metadata: JsonObject = {
  _kuzzle_info: {
    properties: {
      author: { type: "keyword" },
      createdAt: { type: "date" },
      updater: { type: "keyword" },
      updatedAt: { type: "date" }
    }
  }
}

export const isText = (field: Field): boolean => textTypes.has(field.type)

export const isType = (type: unknown): boolean => types.has(String(type))

export const isNumber = (type: string): boolean => numbers.has(type)

export const isDate = (type: string): boolean => type === "date" || type === "date_nanos"

export const typeOf = (field: JsonObject): string => (typeof field.type === "string" ? field.type : "object")

export const children = (field: JsonObject): JsonObject => (isObject(field.properties) ? field.properties : {})

const idField = (mapping: Mapping): Field => ({
  type: "keyword",
  path: "_id",
  source: "_id",
  nested: "",
  declared: {},
  mapping
})

/** The field that is declared at a dotted path. */
export const fieldAt = (mapping: Mapping, path: string): Field | undefined => {
  if (path === "_id") return idField(mapping)
  const keys = path.split(".")
  let properties = mapping.properties
  let nested = ""
  for (const [i, key] of keys.entries()) {
    const declared = own(properties, key)
    if (!isObject(declared)) return undefined
    const source = keys.slice(0, i + 1).join(".")
    const type = typeOf(declared)
    if (type === "flattened") return { type: "keyword", path, source: path, nested, declared: {}, mapping }
    if (i === keys.length - 1) return { type, path, source, nested, declared, mapping }
    const sub = i === keys.length - 2 && isObject(declared.fields) ? own(declared.fields, keys[i + 1]!) : undefined
    if (isObject(sub)) return { type: typeOf(sub), path, source, nested, declared: sub, mapping }
    if (type === "nested") nested = source
    properties = children(declared)
  }
  return undefined
}

/** The fields of an object, at every depth. */
export const leavesOf = (mapping: Mapping, path: string): ReadonlyArray<Field> => {
  const field = fieldAt(mapping, path)
  if (field === undefined) return []
  return objects.has(field.type)
    ? Object.keys(children(field.declared)).flatMap((name) => leavesOf(mapping, `${path}.${name}`))
    : [field]
}

const isMapped = new WeakMap<Mapping, Map<string, boolean>>()

/** Whether a document was indexed with a field: a later mapping changes no document. */
const isIndexedWith = (mapping: Mapping, { path }: Field): boolean => {
  const known = isMapped.get(mapping) ?? new Map<string, boolean>()
  isMapped.set(mapping, known)
  const isIndexed = known.get(path) ?? fieldAt(mapping, path) !== undefined
  known.set(path, isIndexed)
  return isIndexed
}

/** Types that the engine stores but cannot search, because it does not read their values as Elasticsearch does. */
const unsearchableTypes = new Set([
  ...["ip", "geo_shape", "completion", "binary", "version"],
  ...["integer_range", "long_range", "date_range", "float_range", "double_range", "ip_range"]
])

/** A field that searches, sorts or aggregations may use; `undefined` if it is not mapped. */
const usableField = (mapping: Mapping, path: string): Field | undefined => {
  const field = fieldAt(mapping, path)
  if (field === undefined || !unsearchableTypes.has(field.type)) return field
  throw error("testing.engine.not_implemented", `a search by the field "${path}" of type "${field.type}"`)
}

/** A field for a query; `undefined` if it is not mapped. */
export const searchedField = (mapping: Mapping, path: string): Field | undefined => {
  const field = usableField(mapping, path)
  if (field?.declared.index === false) {
    throw badRequest(`failed to create query: Cannot search on field [${path}] since it is not indexed.`)
  }
  return field
}

/** A field for a sort or an aggregation; `undefined` if it is not mapped. */
export const valuedField = (mapping: Mapping, path: string): Field | undefined => {
  const field = usableField(mapping, path)
  if (field !== undefined && isText(field)) throw textRefused(path)
  if (field?.declared.doc_values === false) {
    throw badRequest(
      `Can't load fielddata on [${path}] because fielddata is unsupported on fields of type [${field.type}]. Use doc ` +
        "values instead."
    )
  }
  return field
}

/** The error of a sort or an aggregation by a text field. */
const textRefused = (path: string): EngineError =>
  badRequest(
    "Text fields are not optimised for operations that require per-document field data like aggregations and " +
      "sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, " +
      `set fielddata=true on [${path}] in order to load field data by uninverting the inverted index. Note that ` +
      "this can use significant memory."
  )

/** All scalars at a dotted path, with arrays flattened. */
const valuesAt = (source: JsonObject, path: string): ReadonlyArray<unknown> => {
  const keys = path.split(".")
  // Most documents have no array on the way, and searches look at each document.
  let only: unknown = source
  for (let i = 0; i < keys.length && !Array.isArray(only); i++) only = isObject(only) ? own(only, keys[i]!) : undefined
  if (!Array.isArray(only)) return only === null || only === undefined ? [] : [only]
  let values: ReadonlyArray<unknown> = [source]
  for (const key of keys) {
    values = values.flatMap((value) =>
      asArray(value).flatMap((item) => (isObject(item) ? asArray(own(item, key)) : []))
    )
  }
  return values.flat(Infinity).filter((value) => value !== null && value !== undefined)
}

export type Scalar = string | number | boolean

const limits: { readonly [type: string]: number } = {
  byte: 2 ** 7,
  short: 2 ** 15,
  integer: 2 ** 31,
  long: 2 ** 63,
  half_float: 65_520
}

/** Rounds a number to a 16-bit float, which has 11 significant bits. */
const halfFloat = (number: number): number => {
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(number)))) - 10)
  return number === 0 ? 0 : Math.round(number / step) * step
}

/** Numbers as Java reads them from texts. */
const javaNumber = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[dDfF]?\s*$/

/** A text as Java reads it as a number; NaN if it is not one. */
export const readNumber = (type: string, value: unknown): number => {
  if (typeof value === "number") return value
  if (typeof value !== "string") return NaN
  const isRead = type === "long" || type === "unsigned_long" ? value.trim() === value : true
  return isRead && javaNumber.test(value) ? parseFloat(value) : NaN
}

/** Whether a type can store a number. */
export const isInRange = (type: string, number: number): boolean => {
  const limit = limits[type]
  return Number.isFinite(number) && (limit === undefined || (number >= -limit && number < limit))
}

/** A number as a type stores it; `undefined` when it does not fit. */
const numberOf = (type: string, value: unknown): number | undefined => {
  // Java casts NaN to the integer 0.
  const parsed = value === "NaN" && integers.has(type) && type !== "long" ? 0 : readNumber(type, value)
  const number = integers.has(type)
    ? Math.trunc(parsed)
    : type === "float"
    ? Math.fround(parsed)
    : type === "half_float"
    ? halfFloat(parsed)
    : parsed
  return isInRange(type, number) ? number : undefined
}

const isIp = (text: string): boolean => {
  const parts = text.split(".")
  const isFour = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)
  return isFour || (/^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`))
}

/** A value of a document, converted for comparisons to its field's type; `undefined` if the type does not allow it. */
export const normalize = (type: string, value: unknown): Scalar | undefined => {
  if (isObject(value)) return undefined
  if (numbers.has(type)) return numberOf(type, value)
  if (isDate(type)) return Dates.read(value)
  if (type === "ip" && !isIp(String(value))) return undefined
  if (type === "boolean") {
    if (value === true || value === "true") return true
    return value === false || value === "false" || value === "" ? false : undefined
  }
  return String(value)
}

/** The values of a field in a document, as they are in the source. */
export const rawValues = (document: Document, field: Field): ReadonlyArray<unknown> => {
  if (field.source === "_id") return [document._id]
  if (document.nested !== field.nested) return []
  if (document.mapping !== field.mapping && !isIndexedWith(document.mapping, field)) return []
  return valuesAt(document.view, field.source)
}

/** The analyzer that splits the text of a field into words. */
export const analyzerAt = ({ declared }: Field): Analyze => analyzerOf(declared.analyzer)

/** The words of a text, value by value. */
export const texts = (document: Document, field: Field): ReadonlyArray<ReadonlyArray<string>> => {
  const analyze = analyzerAt(field)
  return rawValues(document, field).map((value) => analyze(String(value)))
}

/** The terms of a field of a document in the index. */
export const terms = (document: Document, field: Field): ReadonlyArray<Scalar> => {
  if (isText(field)) return texts(document, field).flat()
  const fieldTerms: Array<Scalar> = []
  // A sort reads the terms of every document.
  for (const value of rawValues(document, field)) {
    const term = isIgnored(value, field) ? undefined : storedTerm(field, value)
    if (term !== undefined) fieldTerms.push(term)
  }
  return fieldTerms
}

/** Rounds a number to a 64-bit integer. */
const scaled = (number: number): number => Math.min(Math.max(Math.round(number), -(2 ** 63)), 2 ** 63)

/** A value in the form in which the field stores it. */
export const storedTerm = ({ declared, type }: Field, value: unknown): Scalar | undefined => {
  if (type === "scaled_float") {
    const number = normalize(type, value)
    const factor = Number(declared.scaling_factor)
    return number === undefined ? undefined : scaled(Number(number) * factor) / factor
  }
  return declared.normalizer === "lowercase" ? String(value).toLowerCase() : normalize(type, value)
}

const isIgnored = (value: unknown, { declared: { ignore_above } }: Field): boolean =>
  typeof ignore_above === "number" && String(value).length > ignore_above

/** The places that a document has in a field of the type `geo_point`. */
export const placesIn = (document: Document, field: Field): ReadonlyArray<Geo.Place> => {
  if (rawValues(document, field).length === 0) return []
  const [key = "", ...above] = field.source.split(".").reverse()
  const objects = above.length === 0 ? [document.view] : valuesAt(document.view, above.reverse().join("."))
  return objects.filter(isObject).flatMap((object) => {
    const value = own(object, key)
    return value === undefined || value === null ? [] : Geo.read(value, field.path, field.declared)
  })
}

/** The objects nested in a document at a path, each as a document. */
export const nestedIn = (document: Document, path: string): ReadonlyArray<Document> => {
  const keys = path.split(".")
  return valuesAt(document.view, path).filter(isObject).map((object) => ({
    _id: document._id,
    _source: object,
    view: keys.reduceRight<JsonObject>((inner, key) => ({ [key]: inner }), object),
    mapping: document.mapping,
    nested: path,
    parent: document
  }))
}

// -------------------------------------------------------------------------------------------------------------------
// declaring
// -------------------------------------------------------------------------------------------------------------------

const objects = new Set(["object", "nested"])

const isValue = (type: string): boolean => !objects.has(type)

/** Parameters that are implemented or have no visible effect in Kuzzle, each with the types that have it. */
const parameters = new Map<string, (type: string) => boolean>([
  ["type", () => true],
  ["properties", (type) => objects.has(type)],
  ["dynamic", (type) => objects.has(type)],
  ["enabled", (type) => objects.has(type)],
  ["fields", isValue],
  ["meta", isValue],
  ["store", isValue],
  ["ignore_above", (type) => ["keyword", "flattened", "wildcard"].includes(type)],
  ["scaling_factor", (type) => type === "scaled_float"],
  ["eager_global_ordinals", (type) => ["keyword", "text", "flattened"].includes(type)],
  ["index_phrases", (type) => type === "text"],
  ["index_prefixes", (type) => type === "text"],
  ["term_vector", (type) => textTypes.has(type)],
  ["analyzer", (type) => type === "text"],
  ["normalizer", (type) => type === "keyword"],
  ["copy_to", isValue],
  ["null_value", (type) => isPlain(type)],
  ["index", (type) => isPlain(type)],
  ["doc_values", (type) => isPlain(type)],
  ["ignore_malformed", (type) => numbers.has(type) || isDate(type) || type === "geo_point"],
  ["coerce", (type) => numbers.has(type)]
])

/** Whether a type has single values that the engine reads. */
export const isPlain = (type: string): boolean => numbers.has(type) || ["keyword", "boolean", "date"].includes(type)

/** Parameters that are not implemented, with the value that has no effect. */
const unsupportedParameters = new Map<string, unknown>([
  ["analyzer", "standard"],
  ["boost", 1],
  ["coerce", true],
  ["copy_to", undefined],
  ["doc_values", true],
  ["fielddata", false],
  ["fielddata_frequency_filter", undefined],
  ["format", "strict_date_optional_time||epoch_millis"],
  ["ignore_malformed", false],
  ["ignore_z_value", true],
  ["include_in_parent", false],
  ["include_in_root", false],
  ["index", true],
  ["index_options", undefined],
  ["locale", undefined],
  ["normalizer", undefined],
  ["norms", true],
  ["null_value", null],
  ["orientation", undefined],
  ["path", undefined],
  ["position_increment_gap", 100],
  ["search_analyzer", "standard"],
  ["search_quote_analyzer", "standard"],
  ["similarity", "BM25"],
  ["split_queries_on_whitespace", false],
  ["value", undefined]
])

const checkParameters = (name: string, field: JsonObject): void => {
  const type = typeOf(field)
  for (const [parameter, value] of Object.entries(field)) {
    if (parameters.get(parameter)?.(type) === true) continue
    const isNestedOption = type === "nested" && parameter.startsWith("include_in_")
    if (!unsupportedParameters.has(parameter) || (objects.has(type) && !isNestedOption)) {
      throw badRequest(
        objects.has(type)
          ? `Mapping definition for [${name}] has unsupported parameters:  [${parameter} : ${preview(value)}]`
          : `unknown parameter [${parameter}] on mapper [${name}] of type [${type}]`
      )
    }
    if (unsupportedParameters.get(parameter) !== value) {
      throw error("testing.engine.not_implemented", `"${parameter}" in the mapping of the field "${name}"`)
    }
  }
  if (field.ignore_above !== undefined && !Number.isInteger(Number(field.ignore_above))) {
    throw badRequest(`Failed to parse mapping [_doc]: For input string: "${String(field.ignore_above)}"`)
  }
  if (type === "text" && field.analyzer !== undefined) checkAnalyzer(field.analyzer)
  if (field.normalizer !== undefined && field.normalizer !== "lowercase") {
    throw error("testing.engine.not_implemented", `the normalizer "${String(field.normalizer)}"`)
  }
  if (type === "scaled_float" && field.scaling_factor === undefined) {
    throw badRequest("Failed to parse mapping [_doc]: Field [scaling_factor] is required")
  }
  for (const [sub, inner] of Object.entries(isObject(field.fields) ? field.fields : {})) checkSubField(name, sub, inner)
}

const checkSubField = (name: string, sub: string, field: unknown): void => {
  if (!isObject(field)) {
    throw error("testing.engine.not_implemented", `the sub-field "${name}.${sub}", which is no object`)
  }
  if (field.type === undefined) throw badRequest(`no type specified for property [${sub}]`)
  if (objects.has(String(field.type))) throw badRequest(`Type [${String(field.type)}] cannot be used in multi field`)
  if (unsupportedTypes.has(String(field.type))) {
    throw error("testing.engine.not_implemented", `the type "${String(field.type)}" of the field "${name}.${sub}"`)
  }
  if (!types.has(String(field.type))) {
    throw badRequest(`no handler for type [${String(field.type)}] declared on field [${sub}]`)
  }
  checkParameters(`${name}.${sub}`, field)
  if (field.copy_to !== undefined) {
    throw badRequest(`[copy_to] may not be used to copy from a multi-field: [${name}.${sub}]`)
  }
}

/** The properties with dotted names turned into nested objects. */
const withoutPaths = (properties: JsonObject): JsonObject => {
  if (!Object.keys(properties).some((name) => name.includes("."))) return properties
  return Object.entries(properties).reduce<JsonObject>((all, [path, field]) => {
    const names = path.split(".")
    while (names.at(-1) === "") names.pop()
    if (names.length === 0) throw error("services.storage.unexpected_error", "Index -1 out of bounds for length 0")
    if (names.includes("")) throw badRequest("name cannot be empty string")
    const nested = names.reduceRight<unknown>((inner, name, i) => ({
      [name]: i === names.length - 1 ? inner : { properties: inner }
    }), field)
    return mergeProperties(all, isObject(nested) ? nested : {})
  }, {})
}

const checkProperties = (properties: JsonObject): void => {
  for (const [name, field] of Object.entries(properties)) {
    if (name === "") throw badRequest("Failed to parse mapping [_doc]: name cannot be empty string")
    if (!isObject(field)) {
      throw badRequest(
        `Expected map for property [fields] on field [${name}] but got a class java.lang.String`
      )
    }
    if (field.type !== undefined && !types.has(String(field.type))) {
      if (unsupportedTypes.has(String(field.type))) {
        throw error("testing.engine.not_implemented", `the type "${String(field.type)}" of the field "${name}"`)
      }
      throw badRequest(`No handler for type [${String(field.type)}] declared on field [${name}]`)
    }
    if (
      field.type === undefined && field.properties === undefined &&
      Object.keys(field).some((key) => key !== "dynamic" && key !== "enabled")
    ) {
      throw badRequest(`No type specified for field [${name}]`)
    }
    checkParameters(name, field)
    checkProperties(children(field))
  }
}

/** The parameters that a field loses when it is mapped again without them. */
const replaced = new Set(["meta", "ignore_above", "copy_to"])

const mergeProperties = (known: JsonObject, added: JsonObject, above = ""): JsonObject => {
  const merged = { ...known }
  for (const [name, field] of Object.entries(added)) {
    if (!isObject(field)) continue
    const before = own(merged, name)
    if (!isObject(before)) {
      put(merged, name, field)
      continue
    }
    const path = above + name
    const [oldType, newType] = [typeOf(before), typeOf(field)]
    if (oldType !== newType) {
      if (oldType === "nested" || newType === "nested") {
        throw badRequest(
          `object mapping [${path}] can't be changed from ${
            oldType === "nested" ? "nested to non-nested" : "non-nested to nested"
          }`
        )
      }
      throw badRequest(
        oldType === "object" || newType === "object"
          ? `can't merge a non object mapping [${path}] with an object mapping`
          : `mapper [${path}] cannot be changed from type [${oldType}] to [${newType}]`
      )
    }
    const properties = mergeProperties(children(before), children(field), `${path}.`)
    const fields = {
      ...(isObject(before.fields) ? before.fields : {}),
      ...(isObject(field.fields) ? field.fields : {})
    }
    const remaining = Object.entries(before).filter(([name]) => !replaced.has(name))
    put(merged, name, {
      ...Object.fromEntries(remaining),
      ...field,
      ...(Object.keys(fields).length > 0 ? { fields } : {}),
      ...(Object.keys(properties).length > 0 ? { properties } : {})
    })
  }
  return merged
}

/**
 * Kuzzle accepts `dynamic_templates` and does not pass them on to Elasticsearch (elasticsearch.js, `updateMapping`).
 */
const rootKeys = ["properties", "_meta", "dynamic", "dynamic_templates"]

const dynamicValues = ["true", "false", "strict"]

const checkDynamicValue = (path: string, value: unknown): void => {
  if (typeof value !== "string" && typeof value !== "boolean") {
    throw error("services.storage.invalid_mapping", path, "Dynamic property value should be a string.")
  }
  if (dynamicValues.includes(String(value))) return
  const expected = dynamicValues.join("\", \"")
  throw error(
    "services.storage.invalid_mapping",
    path,
    `Incorrect dynamic property value (${value}). Should be one of "${expected}"`
  )
}

/** Checks the option `dynamic`. Kuzzle reads every key of this name as the option, even the name of a field. */
const checkDynamic = (mapping: JsonObject, above: string): void => {
  const dynamic = own(mapping, "dynamic")
  if (dynamic !== undefined) checkDynamicValue(`${above}dynamic`, dynamic)
  for (const [key, value] of Object.entries(mapping)) {
    if (isObject(value)) checkDynamic(value, `${above}${key}.`)
  }
}

const check = (mapping: JsonObject): void => {
  checkDynamic(mapping, "")
  for (const key of Object.keys(mapping)) {
    if (!rootKeys.includes(key)) throw error("services.storage.invalid_mapping", key, "")
  }
  const { properties } = mapping
  // An empty list is an empty object to Elasticsearch.
  if (properties !== undefined && !isObject(properties) && !(Array.isArray(properties) && properties.length === 0)) {
    throw badRequest("properties must be a map type")
  }
}

/** Kuzzle's checks of the mappings of a new collection. They come before the check whether the collection exists. */
export const checkDynamics = (mappings: unknown): void => {
  if (mappings === null) throw nativeError("Cannot read properties of null (reading 'dynamic')")
  if (isObject(mappings)) checkDynamic(mappings, "")
}

/**
 * The mapping of a request. The real server reads the keys of any value. The keys of a text are the positions of its
 * characters.
 */
export const read = (mappings: unknown): JsonObject => {
  if (isObject(mappings)) return mappings
  if (mappings === null) throw nativeError("Cannot read properties of null (reading 'dynamic')")
  const [first] = Object.keys(Object(mappings))
  if (first !== undefined) throw error("services.storage.invalid_mapping", first, "")
  return {}
}

/**
 * Kuzzle ignores falsy values of `_meta`. Elasticsearch casts other values to a map. Its error for a value that is not
 * a map depends on how often the cast has failed before, so the engine does not implement it.
 */
const metaOf = ({ _meta }: JsonObject): JsonObject | undefined => {
  if (!_meta) return undefined
  if (!isObject(_meta)) throw error("testing.engine.not_implemented", "a \"_meta\" that is no object")
  return _meta
}

/** The requested properties, after their checks. */
const propertiesOf = ({ properties }: JsonObject): JsonObject => {
  const named = withoutPaths(isObject(properties) ? properties : {})
  checkProperties(named)
  return named
}

/** The mapping of a new collection: the requested fields, and Kuzzle's own metadata. */
export const create = (requested: JsonObject): Mapping => {
  check(requested)
  const _meta = metaOf(requested)
  const properties = propertiesOf(requested)
  return checkLimits({
    dynamic: requested.dynamic === undefined ? "false" : String(requested.dynamic),
    ...(_meta === undefined ? {} : { _meta }),
    properties: { ...properties, ...metadata }
  })
}

/** Adds an update to a mapping. */
export const update = (mapping: Mapping, requested: JsonObject): Mapping => {
  check(requested)
  const _meta = metaOf(requested)
  const properties = propertiesOf(requested)
  return checkLimits({
    ...mapping,
    ...(requested.dynamic === undefined ? {} : { dynamic: String(requested.dynamic) }),
    ...(_meta === undefined ? {} : { _meta }),
    properties: mergeProperties(mapping.properties, properties)
  })
}

export const preview = (value: unknown): string =>
  isObject(value)
    ? `{${Object.entries(value).map(([key, inner]) => `${key}=${preview(inner)}`).join(", ")}}`
    : Array.isArray(value)
    ? `[${value.map(preview).join(", ")}]`
    : typeof value === "number" && !(Number.isInteger(value) && Math.abs(value) < 1e21)
    ? double(value)
    : String(value)

/** The settings `index.mapping.total_fields.limit` and `index.mapping.depth.limit`. */
const maxFields = 1000
const maxLevels = 20

/** Checks the size of a mapping. Objects and sub-fields count as fields. */
export const limitFault = (properties: JsonObject): string | undefined => {
  let count = 0
  let tooDeep: string | undefined
  const walk = (level: JsonObject, above: string, depth: number): void => {
    for (const [name, field] of Object.entries(level)) {
      count++
      if (!isObject(field)) continue
      count += isObject(field.fields) ? Object.keys(field.fields).length : 0
      if (field.type !== undefined && field.type !== "nested" && field.type !== "object") continue
      if (depth === maxLevels) tooDeep ??= above + name
      else walk(children(field), `${above}${name}.`, depth + 1)
    }
  }
  walk(properties, "", 1)
  if (count > maxFields) return `Limit of total fields [${maxFields}] has been exceeded`
  return tooDeep === undefined
    ? undefined
    : `Limit of mapping depth [${maxLevels}] has been exceeded due to object field [${tooDeep}]`
}

const checkLimits = (mapping: Mapping): Mapping => {
  const fault = limitFault(mapping.properties)
  if (fault !== undefined) throw badRequest(fault)
  return mapping
}

// -------------------------------------------------------------------------------------------------------------------
// results of actions
// -------------------------------------------------------------------------------------------------------------------

/** Whether a change enables dynamic mapping at a level where it was disabled. */
export const enablesDynamic = (
  before: { readonly dynamic?: unknown; readonly properties?: unknown },
  change: JsonObject
): boolean => {
  const { dynamic, properties } = before
  const isOpen = String(dynamic) === "false" && change.dynamic !== undefined && String(change.dynamic) !== "false"
  const inner = isObject(change.properties) ? change.properties : {}
  return isOpen || Object.entries(isObject(properties) ? properties : {}).some(([name, field]) => {
    const innerChange = own(inner, name)
    return isObject(field) && isObject(innerChange) && enablesDynamic(field, innerChange)
  })
}

/** Elasticsearch keeps fields in the order of their names. */
const sorted = (properties: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(properties)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([name, field]) => [name, isObject(field) ? fieldResult(field) : field])
  )

const fieldResult = (field: JsonObject): JsonObject => {
  if (typeOf(field) === "object") return objectResult(field)
  return {
    ...field,
    ...(isObject(field.properties) ? { properties: sorted(field.properties) } : {}),
    ...(field.copy_to === undefined ? {} : { copy_to: asArray(field.copy_to).map(String) })
  }
}

/** An object in the form of the answer. Only an object without fields has a `type`. */
const objectResult = ({ properties, type: _, ...options }: JsonObject): JsonObject =>
  isObject(properties) && Object.keys(properties).length > 0
    ? { ...options, properties: sorted(properties) }
    : { ...options, type: "object" }

/** The result of `collection:getMapping`. */
export const show = (mapping: Mapping, withMetadata: boolean): JsonObject => {
  const { _kuzzle_info: _, ...properties } = mapping.properties
  return {
    ...(mapping._meta === undefined ? {} : { _meta: mapping._meta }),
    dynamic: mapping.dynamic,
    properties: sorted(withMetadata ? mapping.properties : properties)
  }
}
