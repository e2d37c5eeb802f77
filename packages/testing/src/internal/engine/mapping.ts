/**
 * Mappings: what type a field has, what a document holds for it, what dynamic mapping adds (Elasticsearch 7).
 */
import * as Dates from "./date.ts"
import { badRequest, EngineError, error, nativeError } from "./errors.ts"
import { asArray, isObject, type JsonObject, own, put } from "./json.ts"

export interface Mapping {
  readonly dynamic: string
  readonly _meta?: unknown
  readonly properties: JsonObject
}

/** A field as a query sees it. */
export interface Field {
  readonly type: string
  /** Where its value is in the document; a sub-field (`name.keyword`) has its parent's. */
  readonly source: string
  readonly ignoreAbove: number
}

const integers = new Set(["long", "integer", "short", "byte", "unsigned_long"])
const numbers = new Set([...integers, "double", "float", "half_float", "scaled_float"])
const texts = new Set(["text", "match_only_text", "search_as_you_type"])
const types = new Set([
  ...numbers,
  ...texts,
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
  "version"
])

/** What every collection has, beside its own fields. */
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

export const isText = (field: Field): boolean => texts.has(field.type)

export const isDate = (type: string): boolean => type === "date" || type === "date_nanos"

const typeOf = (field: JsonObject): string => (typeof field.type === "string" ? field.type : "object")

const children = (field: JsonObject): JsonObject => (isObject(field.properties) ? field.properties : {})

/** The field declared at a dotted path. */
export const fieldAt = (mapping: Mapping, path: string): Field | undefined => {
  if (path === "_id") return { type: "keyword", source: "_id", ignoreAbove: Infinity }
  const keys = path.split(".")
  let properties = mapping.properties
  for (const [i, key] of keys.entries()) {
    const field = own(properties, key)
    if (!isObject(field)) return undefined
    const source = keys.slice(0, i + 1).join(".")
    if (typeOf(field) === "flattened") return { type: "keyword", source: path, ignoreAbove: Infinity }
    if (i === keys.length - 1) return make(field, source)
    if (i === keys.length - 2 && isObject(field.fields)) {
      const sub = own(field.fields, keys[i + 1]!)
      if (isObject(sub)) return make(sub, source)
    }
    properties = children(field)
  }
  return undefined
}

const make = (field: JsonObject, source: string): Field => ({
  type: typeOf(field),
  source,
  ignoreAbove: typeof field.ignore_above === "number" ? field.ignore_above : Infinity
})

/** Types whose values the engine keeps, and cannot find: it does not read them as Elasticsearch does. */
const opaque = new Set([
  ...["ip", "geo_point", "geo_shape", "completion", "binary", "version"],
  ...["integer_range", "long_range", "date_range"]
])

/** The field that a search looks into, sorts by or aggregates. */
export const searchedField = (mapping: Mapping, path: string): Field | undefined => {
  const field = fieldAt(mapping, path)
  if (field === undefined || !opaque.has(field.type)) return field
  throw error("testing.engine.not_implemented", `a search by the field "${path}" of type "${field.type}"`)
}

/** Every scalar found at a dotted path, arrays flattened. */
export const valuesAt = (source: JsonObject, path: string): ReadonlyArray<unknown> => {
  const keys = path.split(".")
  // Most documents have no array on the way, and searches look at each document.
  let only: unknown = source
  for (let i = 0; i < keys.length && !Array.isArray(only); i++) only = isObject(only) ? own(only, keys[i]!) : undefined
  if (!Array.isArray(only)) return only === null || only === undefined ? [] : [only]
  let found: ReadonlyArray<unknown> = [source]
  for (const key of keys) {
    found = found.flatMap((value) => asArray(value).flatMap((item) => (isObject(item) ? asArray(own(item, key)) : [])))
  }
  return found.flat(Infinity).filter((value) => value !== null && value !== undefined)
}

/** The words of a text, as the standard analyzer cuts it. */
export const words = (text: unknown): ReadonlyArray<string> =>
  String(text).toLowerCase().match(/[\p{L}\p{N}_]+(?:['.][\p{L}\p{N}_]+)*/gu) ?? []

export type Scalar = string | number | boolean

/** A value as it is compared for a type; `undefined` when it does not fit the type. */
export const normalize = (type: string, value: unknown, now: number, edge?: Dates.Edge): Scalar | undefined => {
  if (isObject(value)) return undefined
  if (numbers.has(type)) {
    const number = typeof value === "boolean" || value === "" ? NaN : Number(value)
    return Number.isNaN(number) ? undefined : integers.has(type) ? Math.trunc(number) : number
  }
  if (isDate(type)) return Dates.parse(value, now, edge)
  if (type === "boolean") {
    if (value === true || value === "true") return true
    return value === false || value === "false" || value === "" ? false : undefined
  }
  return String(value)
}

/** What the index holds for a field of a document. */
export const terms = (
  document: { readonly _id: string; readonly _source: JsonObject },
  field: Field,
  now: number
): ReadonlyArray<Scalar> => {
  if (field.source === "_id") return [document._id]
  const values = valuesAt(document._source, field.source)
  if (isText(field)) return values.flatMap(words)
  const found: Array<Scalar> = []
  // A sort asks each document for its terms.
  for (const value of values) {
    const term = isIgnored(value, field) ? undefined : normalize(field.type, value, now)
    if (term !== undefined) found.push(term)
  }
  return found
}

const isIgnored = (value: unknown, { ignoreAbove }: Field): boolean =>
  ignoreAbove < Infinity && String(value).length > ignoreAbove

// -------------------------------------------------------------------------------------------------------------------
// declaring
// -------------------------------------------------------------------------------------------------------------------

const objects = new Set(["object", "nested"])

const isValue = (type: string): boolean => !objects.has(type)

/** Parameters that are honoured, and those that change nothing that Kuzzle shows, by the types that have them. */
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
  ["term_vector", (type) => texts.has(type)]
])

/** Parameters that are not implemented, with the value that changes nothing. */
const missingParameters = new Map<string, unknown>([
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
    if (!missingParameters.has(parameter)) {
      throw badRequest(
        objects.has(type)
          ? `Mapping definition for [${name}] has unsupported parameters:  [${parameter} : ${preview(value)}]`
          : `unknown parameter [${parameter}] on mapper [${name}] of type [${type}]`
      )
    }
    if (missingParameters.get(parameter) !== value) {
      throw error("testing.engine.not_implemented", `"${parameter}" in the mapping of the field "${name}"`)
    }
  }
  if (field.ignore_above !== undefined && !Number.isInteger(Number(field.ignore_above))) {
    throw badRequest(`Failed to parse mapping [_doc]: For input string: "${String(field.ignore_above)}"`)
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
  if (!types.has(String(field.type))) {
    throw badRequest(`no handler for type [${String(field.type)}] declared on field [${sub}]`)
  }
  checkParameters(`${name}.${sub}`, field)
}

const checkProperties = (properties: JsonObject): void => {
  for (const [name, field] of Object.entries(properties)) {
    if (name === "") throw badRequest("Failed to parse mapping [_doc]: name cannot be empty string")
    if (name.includes(".")) {
      throw error("testing.engine.not_implemented", `the field "${name}": a field that is named by its path`)
    }
    if (!isObject(field)) {
      throw badRequest(
        `Expected map for property [fields] on field [${name}] but got a class java.lang.String`
      )
    }
    if (field.type !== undefined && !types.has(String(field.type))) {
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
    const [old, young] = [typeOf(before), typeOf(field)]
    if (old !== young) {
      if (old === "nested" || young === "nested") {
        throw badRequest(
          `object mapping [${path}] can't be changed from ${
            old === "nested" ? "nested to non-nested" : "non-nested to nested"
          }`
        )
      }
      throw badRequest(
        old === "object" || young === "object"
          ? `can't merge a non object mapping [${path}] with an object mapping`
          : `mapper [${path}] cannot be changed from type [${old}] to [${young}]`
      )
    }
    const properties = mergeProperties(children(before), children(field), `${path}.`)
    put(merged, name, { ...before, ...field, ...(Object.keys(properties).length > 0 ? { properties } : {}) })
  }
  return merged
}

const rootKeys = ["properties", "_meta", "dynamic", "dynamic_templates"]

const dynamicValues = ["true", "false", "strict"]

const checkDynamic = (mapping: JsonObject, above: string): void => {
  for (const [key, value] of Object.entries(mapping)) {
    const path = above + key
    if (key === "dynamic" && !isObject(value)) {
      if (typeof value !== "string" && typeof value !== "boolean") {
        throw error("services.storage.invalid_mapping", path, "Dynamic property value should be a string.")
      }
      if (dynamicValues.includes(String(value))) continue
      const expected = dynamicValues.join("\", \"")
      throw error(
        "services.storage.invalid_mapping",
        path,
        `Incorrect dynamic property value (${value}). Should be one of "${expected}"`
      )
    }
    if (isObject(value)) checkDynamic(value, `${path}.`)
  }
}

const check = (mapping: JsonObject): void => {
  checkDynamic(mapping, "")
  for (const key of Object.keys(mapping)) {
    if (!rootKeys.includes(key)) throw error("services.storage.invalid_mapping", key, "")
  }
  if (mapping.dynamic_templates !== undefined) throw error("testing.engine.not_implemented", "dynamic_templates")
}

/** The mapping of a request. The real server looks at the keys of whatever it is: a text has those of its characters. */
export const read = (asked: unknown): JsonObject => {
  if (isObject(asked)) return asked
  if (asked === null) throw nativeError("Cannot read properties of null (reading 'dynamic')")
  const [first] = Object.keys(Object(asked))
  if (first !== undefined) throw error("services.storage.invalid_mapping", first, "")
  return {}
}

/** The mapping of a new collection: Kuzzle's own metadata is part of it; nothing else is mapped unless asked for. */
export const create = (asked: JsonObject): Mapping => {
  check(asked)
  const properties = isObject(asked.properties) ? asked.properties : {}
  checkProperties(properties)
  return checkLimits({
    dynamic: asked.dynamic === undefined ? "false" : String(asked.dynamic),
    ...(asked._meta === undefined ? {} : { _meta: asked._meta }),
    properties: { ...properties, ...metadata }
  })
}

/** Adds an update to a mapping. */
export const update = (mapping: Mapping, asked: JsonObject): Mapping => {
  check(asked)
  const properties = isObject(asked.properties) ? asked.properties : {}
  checkProperties(properties)
  return checkLimits({
    ...mapping,
    ...(asked.dynamic === undefined ? {} : { dynamic: String(asked.dynamic) }),
    ...(asked._meta === undefined ? {} : { _meta: asked._meta }),
    properties: mergeProperties(mapping.properties, properties)
  })
}

// -------------------------------------------------------------------------------------------------------------------
// indexing a document
// -------------------------------------------------------------------------------------------------------------------

const looksLikeDate =
  /^\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}([.,]\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?)?)?|\/\d{2}\/\d{2})$/

const guess = (value: unknown): JsonObject => {
  if (isObject(value)) return { properties: {} }
  if (typeof value === "boolean") return { type: "boolean" }
  if (typeof value === "number") return { type: Number.isInteger(value) ? "long" : "float" }
  if (looksLikeDate.test(String(value))) return { type: "date" }
  return { fields: { keyword: { ignore_above: 256, type: "keyword" } }, type: "text" }
}

const preview = (value: unknown): string =>
  isObject(value)
    ? `{${Object.entries(value).map(([key, inner]) => `${key}=${preview(inner)}`).join(", ")}}`
    : String(value)

/** The settings `index.mapping.total_fields.limit` and `index.mapping.depth.limit`. */
const maxFields = 1000
const maxLevels = 20

/** What is too much in a mapping. Objects and sub-fields count as fields. */
const limitFault = (properties: JsonObject): string | undefined => {
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

/** What Elasticsearch calls an illegal argument, and not a fault of the document. */
export class LimitError extends EngineError {
  constructor(reason: string) {
    const { body, id, message, status } = badRequest(reason)
    super(id, status, message, body)
  }
}

/** The longest term of Lucene, in bytes. */
const maxTerm = 32_766

const immenseTerm = (path: string, bytes: Uint8Array): LimitError =>
  new LimitError(
    `Document contains at least one immense term in field="${path}" (whose UTF8 encoding is longer than the max ` +
      `length ${maxTerm}), all of which were skipped.  Please correct the analyzer to not produce such terms.  The ` +
      `prefix of the first immense term is: '[${
        Array.from(new Int8Array(bytes.slice(0, 30).buffer)).join(", ")
      }]...', ` +
      `original message: bytes can be at most ${maxTerm} in length; got ${bytes.length}`
  )

/** Of a field and its sub-fields. */
const checkLength = (path: string, value: unknown, field: JsonObject): void => {
  if (typeof value !== "string" || value.length * 3 <= maxTerm) return
  for (const [name, sub] of Object.entries(isObject(field.fields) ? field.fields : {})) {
    if (isObject(sub)) checkLength(`${path}.${name}`, value, sub)
  }
  if (field.type !== "keyword") return
  if (typeof field.ignore_above === "number" && value.length > field.ignore_above) return
  const bytes = new TextEncoder().encode(value)
  if (bytes.length > maxTerm) throw immenseTerm(path, bytes)
}

/** The fault of a document that its mapping refuses, before it is known in which collection. */
export class StrictRejection extends Error {
  readonly field: string
  constructor(field: string, within: string) {
    super(`mapping set to strict, dynamic introduction of [${field}] within [${within}] is not allowed`)
    this.field = field
  }
}

const checked = new Set([...numbers, "date", "boolean", "keyword", "text"])

/** Checks a document against a mapping; returns the mapping with the fields that dynamic mapping adds. */
export const index = (mapping: Mapping, id: string, source: JsonObject, now: number): Mapping => {
  const walk = (properties: JsonObject, object: JsonObject, above: string, dynamic: string): JsonObject => {
    // Copied when the first field is added: a document may add many.
    let added: Record<string, unknown> | undefined
    for (const [key, value] of Object.entries(object)) {
      const result = added ?? properties
      const path = above === "" ? key : `${above}.${key}`
      const samples = asArray(value).flat(Infinity).filter((sample) => sample !== null)
      if (samples.length === 0) continue
      const declared = own(result, key)
      if (key.includes(".") && (dynamic !== "false" || isObject(own(result, key.split(".", 1)[0]!)))) {
        throw error(
          "testing.engine.not_implemented",
          `the key "${path}" in a document, which Elasticsearch takes for a path`
        )
      }
      if (!isObject(declared)) {
        if (dynamic === "strict") throw new StrictRejection(key, above === "" ? "_doc" : above)
        if (dynamic !== "true") continue
      }
      let field: JsonObject = isObject(declared) ? declared : guess(samples[0])
      if (field.enabled === false) continue
      const type = typeOf(field)
      for (const sample of samples) {
        if (type === "object" || type === "nested") {
          if (!isObject(sample)) {
            throw badRequest(
              `object mapping for [${path}] tried to parse field [${key}] as object, but found a concrete value`
            )
          }
          const inner = field.dynamic === undefined ? dynamic : String(field.dynamic)
          const before = children(field)
          const after: JsonObject = walk(before, sample, path, inner)
          if (after !== before) field = { ...field, properties: after }
        } else {
          checkLength(path, sample, field)
        }
        if (checked.has(type) && normalize(type, sample, now) === undefined) {
          throw badRequest(
            `failed to parse field [${path}] of type [${type}] in document with id '${id}'. ` +
              `Preview of field's value: '${preview(sample)}'`
          )
        }
      }
      if (field === declared) continue
      added ??= { ...properties }
      put(added, key, field)
    }
    return added ?? properties
  }
  const properties = walk(mapping.properties, source, "", mapping.dynamic)
  if (properties === mapping.properties) return mapping
  const fault = limitFault(properties)
  if (fault !== undefined) throw new LimitError(fault)
  return { ...mapping, properties }
}

/** Elasticsearch keeps fields in the order of their names. */
const sorted = (properties: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(properties)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([name, field]) => [
        name,
        isObject(field) && isObject(field.properties) ? { ...field, properties: sorted(field.properties) } : field
      ])
  )

/** What `collection:getMapping` shows. */
export const show = (mapping: Mapping, withMetadata: boolean): JsonObject => {
  const { _kuzzle_info: _, ...properties } = mapping.properties
  return {
    ...(mapping._meta === undefined ? {} : { _meta: mapping._meta }),
    dynamic: mapping.dynamic,
    properties: sorted(withMetadata ? mapping.properties : properties)
  }
}
