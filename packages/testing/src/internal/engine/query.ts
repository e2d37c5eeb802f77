/**
 * The common clauses of Elasticsearch's query language. The engine refuses other clauses by name, so that a search
 * never silently returns fewer documents.
 */
import { type Edge, parse } from "./date.ts"
import { badRequest, error } from "./errors.ts"
import * as Geo from "./geo.ts"
import { any, matchesParts, type Part } from "./glob.ts"
import { double, float, tokenOf } from "./java.ts"
import { asArray, isObject, type JsonObject } from "./json.ts"
import {
  analyzerAt,
  type Document,
  type Field,
  fieldAt,
  isDate,
  isInRange,
  isNumber,
  isPlain,
  isText,
  leavesOf,
  type Mapping,
  nestedIn,
  normalize,
  placesIn,
  rawValues,
  readNumber,
  type Scalar,
  searchedField,
  terms,
  texts
} from "./mapping.ts"

export type Predicate = (document: Document) => boolean

interface Scope {
  readonly mapping: Mapping
  readonly now: number
  /** The part of the enclosing `bool`: Kuzzle does not recognize Elasticsearch's messages for faults within it. */
  readonly boolPart: string | undefined
}

/** Clauses of Elasticsearch 7 that the engine does not implement. */
const unsupported = new Set([
  "combined_fields",
  "common",
  "distance_feature",
  "function_score",
  "fuzzy",
  "geo_polygon",
  "geo_shape",
  "has_child",
  "has_parent",
  "intervals",
  "more_like_this",
  "parent_id",
  "percolate",
  "pinned",
  "query_string",
  "rank_feature",
  "regexp",
  "script",
  "script_score",
  "simple_query_string",
  ...["span_containing", "span_first", "span_multi", "span_near", "span_not", "span_or", "span_term", "span_within"],
  "field_masking_span",
  "terms_set",
  "wrapper"
])

/** Compiles a query into a predicate. */
export const compile = (query: unknown, mapping: Mapping, now: number): Predicate =>
  clause(query, { mapping, now, boolPart: undefined })

const clause = (query: unknown, scope: Scope): Predicate => {
  if (!isObject(query)) throw badRequest("[_na] query malformed, must start with start_object")
  const [kind, ...others] = Object.keys(query)
  if (kind === undefined) {
    throw badRequest(
      scope.boolPart === undefined
        ? "query malformed, empty clause found at [1:1]"
        : `[1:1] [bool] failed to parse field [${scope.boolPart}]`
    )
  }
  const body = query[kind]
  if (!isObject(body)) {
    throw scope.boolPart !== undefined
      ? badRequest(`[${kind}] query malformed, no start_object after query name`)
      : error("services.storage.unknown_query_keyword", kind)
  }
  if (!Object.hasOwn(clauses, kind)) {
    throw unsupported.has(kind)
      ? error("testing.engine.not_implemented", `the query clause "${kind}"`)
      : badRequest(`unknown query [${kind}]`)
  }
  const predicate = clauses[kind]!(body, scope)
  if (others.length > 0) {
    throw badRequest(`[${kind}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]`)
  }
  return predicate
}

/** The messages for clauses without a field. */
const noFieldMessages: { readonly [kind: string]: string } = {
  match: "No text specified for text query",
  match_phrase: "[match_phrase] requires fieldName",
  match_phrase_prefix: "[match_phrase_prefix] requires fieldName",
  terms: "[terms] query requires a field name, followed by array of terms or a document lookup specification"
}

/** Options that are not implemented, by their clause. */
const unsupportedOptions: { readonly [kind: string]: ReadonlyArray<string> } = {
  match: [
    ...["analyzer", "auto_generate_synonyms_phrase_query", "cutoff_frequency", "fuzziness", "fuzzy_rewrite"],
    ...[
      "fuzzy_transpositions",
      "lenient",
      "max_expansions",
      "prefix_length",
      "zero_terms_query"
    ]
  ],
  match_bool_prefix: ["analyzer", "fuzziness", "fuzzy_rewrite", "max_expansions", "prefix_length"],
  match_phrase: ["analyzer", "slop", "zero_terms_query"],
  match_phrase_prefix: ["analyzer", "max_expansions", "slop", "zero_terms_query"],
  prefix: ["rewrite"],
  range: ["format", "relation", "time_zone"],
  wildcard: ["rewrite"]
}

/** Checks the options of a clause. Refuses options that are not implemented, and unknown ones. */
const checkOptions = (kind: string, options: unknown, ...known: ReadonlyArray<string>): void => {
  if (!isObject(options)) return
  for (const name of Object.keys(options)) {
    if (name === "boost" || name === "_name" || known.includes(name)) continue
    throw unsupportedOptions[kind]?.includes(name)
      ? error("testing.engine.not_implemented", `"${name}" of the query clause "${kind}"`)
      : badRequest(`[${kind}] query does not support [${name}]`)
  }
}

/** The field of a clause with a single field, and the options of that field. */
const singleField = (body: JsonObject, kind: string): readonly [path: string, options: unknown] => {
  const [entry, other] = Object.entries(body)
  if (entry === undefined) throw badRequest(noFieldMessages[kind] ?? "field name is null or empty")
  if (other !== undefined) {
    throw badRequest(`[${kind}] query doesn't support multiple fields, found [${entry[0]}] and [${other[0]}]`)
  }
  return entry
}

const checkNoPlace = (field: Field | undefined): void => {
  if (field?.type !== "geo_point") return
  throw badRequest(
    `Geometry fields do not support exact searching, use dedicated geometry queries instead: [${field.path}]`
  )
}

const integerTypes = new Set(["long", "integer", "short", "byte", "unsigned_long"])

/** A number of a query, as Java writes it in a message. */
const javaText = (value: unknown): string => {
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 63) return String(value)
  if (typeof value === "number" && Math.abs(value) >= 1e21) return double(value)
  if (typeof value === "number" && !Number.isInteger(value)) return double(value)
  return `[${Array.from(new TextEncoder().encode(String(value)), (byte) => byte.toString(16)).join(" ")}]`
}

/** A number of a query. Java must be able to represent it, even if no document can contain it. */
const numberOf = ({ type }: Field, value: unknown): number => {
  if (value === "") throw badRequest("failed to create query: empty String")
  const number = readNumber(type, value)
  if (Number.isNaN(number)) throw badRequest(`failed to create query: For input string: "${String(value)}"`)
  const isInteger = integerTypes.has(type)
  const javaType = type === "short" || type === "byte" ? "integer" : type
  if (isInteger && !isInRange(javaType, number)) {
    throw badRequest(
      `failed to create query: Value [${javaText(value)}] is out of range for ${
        javaType === "integer" ? "an integer" : `a ${javaType}`
      }`
    )
  }
  const stored = isInteger ? number : storedNumber(type, number)
  if (!Number.isFinite(stored)) {
    throw badRequest(
      `failed to create query: [${type}] supports only finite values, but got [${double(floatOf(number))}]`
    )
  }
  return stored
}

const floatOf = (number: number): number => float(Math.fround(number))

const storedNumber = (type: string, number: number): number =>
  Number(normalize(type, number) ?? Math.sign(number) * Infinity)

/** Scales a number of a query. Elasticsearch does so in decimals, but scales numbers of documents in doubles. */
const inDecimals = (number: number, factor: number): number =>
  Number.isInteger(number) ? number * factor : Number((number * factor).toPrecision(15))

/** A value of a query in the form of the field's type. */
const scalarOf = (field: Field, value: unknown, now: number, edge?: Edge): Scalar => {
  if (field.type === "scaled_float") {
    const factor = Number(field.declared.scaling_factor)
    return inDecimals(numberOf(field, value), factor) / factor
  }
  if (isNumber(field.type)) return numberOf(field, value)
  if (isDate(field.type)) return dateOf(value, now, edge)
  const scalar = normalize(field.type, field.declared.normalizer === "lowercase" ? String(value).toLowerCase() : value)
  if (scalar !== undefined) return scalar
  throw badRequest(
    field.type === "boolean"
      ? `failed to create query: Can't parse boolean value [${String(value)}], expected [true] or [false]`
      : `failed to create query: For input string: "${String(value)}"`
  )
}

/** A date of a query, of a sort or of an aggregation. */
export const dateOf = (value: unknown, now: number, edge?: Edge): number => {
  const date = typeof value === "boolean" ? undefined : parse(value, now, edge)
  if (date !== undefined) return date
  const [text = ""] = String(value).split("||")
  const fault = `failed to parse date field [${text}] with format [strict_date_optional_time||epoch_millis]`
  throw badRequest(`${fault}: [${fault}]`)
}

const patternTypes = new Set(["keyword", "object", "wildcard", "constant_keyword"])

/** Checks that the field can be searched for a part of its text. */
const checkPattern = (kind: string, path: string, { mapping }: Scope): void => {
  const field = searchedField(mapping, path)
  if (field === undefined || isText(field) || (patternTypes.has(field.type) && path !== "_id")) return
  const type = path === "_id" ? "_id" : field.type
  throw badRequest(
    `Can only use ${kind} queries on keyword, text and wildcard fields - not on [${path}] which is of type [${type}]`
  )
}

const never: Predicate = () => false

/** Whether a term of the field passes the test. An unmapped field has no terms. */
const someTerm = (scope: Scope, path: string, test: (term: Scalar, field: Field) => boolean): Predicate => {
  const field = searchedField(scope.mapping, path)
  return field === undefined ? never : (document) => terms(document, field).some((term) => test(term, field))
}

const valueOf = (options: unknown, ...keys: ReadonlyArray<string>): unknown =>
  isObject(options) ? keys.map((key) => options[key]).find((value) => value !== undefined) : options

const ignoresCase = (options: unknown): boolean => isObject(options) && options.case_insensitive === true

const fold = (ignoreCase: boolean, value: unknown): string => ignoreCase ? String(value).toLowerCase() : String(value)

/** A wildcard pattern of Elasticsearch: `*`, `?`, and `\` before a literal character. */
const wildcard = (pattern: string): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  const chars = Array.from(pattern)
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!
    const literal = char === "\\" && i + 1 < chars.length ? chars[++i]! : char
    parts.push(literal !== char || (char !== "*" && char !== "?") ? (c) => c === literal : char === "*" ? "*" : any)
  }
  return parts
}

const checkTermValue = (value: unknown): void => {
  if (value === null) throw badRequest("field name is null or empty")
  if (Array.isArray(value)) throw badRequest("[term] query does not support array of values")
}

/** The term that documents with the value have; `undefined` if the field cannot contain the value. */
const termOf = (field: Field, value: unknown, now: number): Scalar | undefined => {
  if (isText(field)) return String(value)
  const scalar = scalarOf(field, value, now)
  if (field.type === "scaled_float") {
    const factor = Number(field.declared.scaling_factor)
    return Math.round(inDecimals(Number(scalar), factor)) / factor
  }
  // A number with a fraction matches no integer.
  return integerTypes.has(field.type) && !Number.isInteger(scalar) ? undefined : scalar
}

const term = (scope: Scope, path: string, options: unknown): Predicate => {
  checkOptions("term", options, "value", "case_insensitive")
  const expected = valueOf(options, "value")
  checkTermValue(expected)
  const field = searchedField(scope.mapping, path)
  if (field === undefined) return never
  checkNoPlace(field)
  if (ignoresCase(options)) return someTerm(scope, path, (value) => fold(true, value) === fold(true, expected))
  if (isDate(field.type)) {
    // A day matches all of its milliseconds.
    const [first, last] = [scalarOf(field, expected, scope.now, "first"), scalarOf(field, expected, scope.now, "last")]
    return someTerm(scope, path, (value) => first <= value && value <= last)
  }
  const expectedTerm = termOf(field, expected, scope.now)
  return expectedTerm === undefined ? never : someTerm(scope, path, (value) => value === expectedTerm)
}

/** Matches documents with any of the values. Except for dates, the time does not depend on the number of values. */
const anyTerm = (scope: Scope, path: string, values: ReadonlyArray<unknown>): Predicate => {
  const field = searchedField(scope.mapping, path)
  checkNoPlace(field)
  if (field === undefined || isDate(field.type)) {
    const tests = values.map((value) => term(scope, path, { value }))
    return (document) => tests.some((test) => test(document))
  }
  values.forEach(checkTermValue)
  const expected: ReadonlySet<unknown> = new Set(values.map((value) => termOf(field, value, scope.now)))
  return someTerm(scope, path, (value) => expected.has(value))
}

/** Whether a field has a value in the index. */
const exists = (path: string, scope: Scope): Predicate => {
  if (path === "_id") return () => true
  const leaves = leavesOf(scope.mapping, path)
  return (document) => leaves.some((field) => hasValue(document, field))
}

const hasValue = (document: Document, field: Field): boolean => {
  const { declared, type } = field
  if (type === "binary" || (declared.index === false && declared.doc_values === false)) return false
  const raw = rawValues(document, field)
  const isRead = isNumber(type) ||
    (isPlain(type) && (declared.ignore_above !== undefined || declared.ignore_malformed === true))
  return isRead ? terms(document, field).length > 0 : raw.length > 0
}

const checkOperator = (options: unknown): void => {
  if (!isObject(options) || options.operator === undefined) return
  const name = String(options.operator).toUpperCase()
  if (name !== "AND" && name !== "OR") {
    throw badRequest(`No enum constant org.elasticsearch.index.query.Operator.${name}`)
  }
}

/** How many of `count` optional clauses must match. `-1` stands for all but one; percentages are rounded down. */
const minimumOf = (option: unknown, count: number): number => {
  const [, sign, amount, percent] = /^\s*(-?)(\d+)(%?)\s*$/.exec(String(option)) ?? []
  if (amount === undefined) {
    throw error("testing.engine.not_implemented", `the minimum_should_match ${JSON.stringify(option)}`)
  }
  const part = percent === "%" ? Math.floor(count * Number(amount) / 100) : Number(amount)
  return Math.max(0, sign === "-" ? count - part : part)
}

/** How many words of a text must match. */
const wordsNeeded = (options: unknown, count: number): number => {
  if (!isObject(options)) return 1
  if (String(options.operator).toLowerCase() === "and") return count
  const { minimum_should_match } = options
  return minimum_should_match === undefined ? 1 : Math.max(1, minimumOf(minimum_should_match, count))
}

const match = (scope: Scope, path: string, options: unknown): Predicate => {
  const field = searchedField(scope.mapping, path)
  const text = valueOf(options, "query")
  if (field === undefined) return never
  if (!isText(field)) return term(scope, path, text)
  checkOperator(options)
  const queryWords = analyzerAt(field)(String(text))
  const needed = wordsNeeded(options, queryWords.length)
  return (document) => {
    const present = new Set(terms(document, field))
    return queryWords.length > 0 && queryWords.filter((word) => present.has(word)).length >= needed
  }
}

/** The positions of a phrase in the words of a value. With `prefix`, the last word may be the beginning of a word. */
export const phraseStarts = (
  words: ReadonlyArray<string>,
  phrase: ReadonlyArray<string>,
  prefix: boolean
): ReadonlyArray<number> => {
  const fitsAt = (start: number): boolean =>
    phrase.every((word, i) => {
      const present = words[start + i]
      return prefix && i === phrase.length - 1 ? present?.startsWith(word) === true : present === word
    })
  return phrase.length === 0 ? [] : words.flatMap((_, start) => fitsAt(start) ? [start] : [])
}

const phrase = (scope: Scope, path: string, options: unknown, prefix: boolean): Predicate => {
  const field = searchedField(scope.mapping, path)
  const text = valueOf(options, "query")
  if (field === undefined) return never
  if (!isText(field)) return term(scope, path, text)
  const phraseWords = analyzerAt(field)(String(text))
  return (document) => texts(document, field).some((words) => phraseStarts(words, phraseWords, prefix).length > 0)
}

// -------------------------------------------------------------------------------------------------------------------
// compound clauses
// -------------------------------------------------------------------------------------------------------------------

/** Translates `match_bool_prefix` to a `bool` with one clause for each word. The last word is a prefix. */
export const boolPrefix = (path: string, options: unknown, mapping: Mapping): JsonObject => {
  const { boost, minimum_should_match, operator, query } = isObject(options)
    ? options
    : { query: options, boost: undefined, minimum_should_match: undefined, operator: undefined }
  const field = searchedField(mapping, path)
  const queryWords = field === undefined || !isText(field) ? [String(query)] : analyzerAt(field)(String(query))
  const clauses = queryWords.map((word, i) =>
    i === queryWords.length - 1 ? { prefix: { [path]: word } } : { term: { [path]: word } }
  )
  const isAnd = String(operator).toLowerCase() === "and"
  return {
    bool: {
      [isAnd ? "must" : "should"]: clauses,
      ...(minimum_should_match === undefined ? {} : { minimum_should_match }),
      ...(boost === undefined ? {} : { boost })
    }
  }
}

/** For each type of `multi_match`: the clause for each field, and the weight of the fields that are not the best. */
const multiMatchTypes: { readonly [type: string]: readonly [clause: string, tieBreaker: number] } = {
  best_fields: ["match", 0],
  most_fields: ["match", 1],
  phrase: ["match_phrase", 0],
  phrase_prefix: ["match_phrase_prefix", 0],
  bool_prefix: ["match_bool_prefix", 1]
}

/** Translates `multi_match` to one clause for each of its fields. */
export const multiMatch = (body: JsonObject): JsonObject => {
  const { boost, fields, query, tie_breaker, type = "best_fields", ...options } = body
  const refuse = (feature: string) =>
    error("testing.engine.not_implemented", `${feature} the query clause "multi_match"`)
  if (query === undefined) throw badRequest("No text specified for multi_match query")
  const typeRules = Object.hasOwn(multiMatchTypes, String(type)) ? multiMatchTypes[String(type)] : undefined
  if (typeRules === undefined && type !== "cross_fields") {
    throw badRequest(`failed to parse [multi_match] query type [${String(type)}]. unknown type.`)
  }
  if (typeRules === undefined) throw refuse("the type \"cross_fields\" of")
  if (asArray(fields).length === 0) throw refuse("all fields as those of")
  const [kind, tieBreaker] = typeRules
  const taken = kind === "match" || kind === "match_bool_prefix" ? ["operator", "minimum_should_match"] : []
  const other = Object.keys(options).find((name) => !taken.includes(name))
  if (other !== undefined) throw refuse(`"${other}" of`)
  const queries = asArray(fields).map((field) => {
    const [path = "", factor] = String(field).split("^", 2)
    if (path.includes("*")) throw refuse("a pattern as a field of")
    return { [kind]: { [path]: { query, ...options, ...(factor === undefined ? {} : { boost: Number(factor) }) } } }
  })
  return { dis_max: { queries, tie_breaker: tie_breaker ?? tieBreaker, ...(boost === undefined ? {} : { boost }) } }
}

const boosting = ({ negative, negative_boost, positive }: JsonObject, scope: Scope): Predicate => {
  if (positive === undefined) throw badRequest("[boosting] query requires 'positive' query to be set'")
  if (negative === undefined) throw badRequest("[boosting] query requires 'negative' query to be set'")
  if (!(Number(negative_boost) >= 0)) {
    throw badRequest("[boosting] query requires 'negative_boost' to be set to be a positive value'")
  }
  clause(negative, scope)
  return clause(positive, scope)
}

const scoreModes = new Set(["avg", "max", "min", "none", "sum"])

const nested = (body: JsonObject, scope: Scope): Predicate => {
  for (const name of Object.keys(body)) {
    if (name === "inner_hits") {
      throw error("testing.engine.not_implemented", "\"inner_hits\" of the query clause \"nested\"")
    }
    if (!["path", "query", "score_mode", "ignore_unmapped", "boost", "_name"].includes(name)) {
      throw badRequest(`[nested] query does not support [${name}]`)
    }
  }
  const { ignore_unmapped, path, query, score_mode = "avg" } = body
  if (!scoreModes.has(String(score_mode))) {
    throw badRequest(`No score mode for child query [${String(score_mode)}] found`)
  }
  if (path === undefined) throw badRequest("[nested] requires 'path' field")
  if (query === undefined) throw badRequest("[nested] requires 'query' field")
  const test = clause(query, scope)
  if (fieldAt(scope.mapping, String(path))?.type !== "nested") {
    if (ignore_unmapped === true) return never
    throw badRequest(`failed to create query: [nested] failed to find nested object under path [${String(path)}]`)
  }
  return (document) => nestedIn(document, String(path)).some(test)
}

// -------------------------------------------------------------------------------------------------------------------
// places
// -------------------------------------------------------------------------------------------------------------------

/** The field of a geo clause, and its condition. If the field is not mapped, the clause matches no document. */
const geoField = (
  kind: string,
  body: JsonObject,
  scope: Scope,
  options: ReadonlyArray<string>
): { readonly field: Field | undefined; readonly condition: unknown } => {
  const { _name, boost, ignore_unmapped, ...others } = body
  const entries = Object.entries(others).filter(([name]) => !options.includes(name))
  for (const [name, value] of entries) {
    if (typeof value !== "object" && typeof value !== "string" || name === "validation_method") {
      throw name === "validation_method" || name === "ignore_malformed"
        ? error("testing.engine.not_implemented", `"${name}" of the query clause "${kind}"`)
        : badRequest(`failed to parse [${kind}] query. unexpected field [${name}]`)
    }
  }
  const [[path, condition] = ["", undefined], other] = entries
  if (other !== undefined) {
    throw badRequest(`[${kind}] query doesn't support multiple fields, found [${path}] and [${other[0]}]`)
  }
  const field = fieldAt(scope.mapping, path)
  if (field === undefined && ignore_unmapped !== true) throw badRequest(`failed to find geo_point field [${path}]`)
  if (field !== undefined && field.type !== "geo_point") throw badRequest(`field [${path}] is not a geo_point field`)
  return { field, condition }
}

const somePlace = (field: Field | undefined, test: (place: Geo.Place) => boolean): Predicate =>
  field === undefined ? never : (document) => placesIn(document, field).some(test)

const geoDistance = (body: JsonObject, scope: Scope): Predicate => {
  if (body.distance === undefined) throw badRequest("geo_distance requires 'distance' to be specified")
  const limit = Geo.distanceOf(body.distance, body.unit)
  if (limit <= 0) throw badRequest("distance must be greater than zero")
  if (body.distance_type !== undefined && body.distance_type !== "arc") {
    throw error("testing.engine.not_implemented", `the distance type "${String(body.distance_type)}"`)
  }
  const { condition, field } = geoField("geo_distance", body, scope, ["distance", "unit", "distance_type"])
  const centre = Geo.placeOf(condition)
  return somePlace(field, (place) => Geo.distance(centre, place) <= limit)
}

const geoBoundingBox = (body: JsonObject, scope: Scope): Predicate => {
  const { condition, field } = geoField("geo_bounding_box", body, scope, ["type"])
  const box = Geo.boxOf(isObject(condition) ? condition : {})
  for (const edge of ["top", "bottom"] as const) {
    if (!(Math.abs(box[edge]) <= 90)) throw badRequest(`${edge} latitude is invalid: ${double(box[edge])}`)
  }
  for (const edge of ["left", "right"] as const) {
    if (!(Math.abs(box[edge]) <= 180)) throw badRequest(`${edge} longitude is invalid: ${double(box[edge])}`)
  }
  if (box.top < box.bottom) {
    throw badRequest(`top is below bottom corner: ${double(box.top)} vs. ${double(box.bottom)}`)
  }
  return somePlace(field, (place) => Geo.isWithin(box, place))
}

// -------------------------------------------------------------------------------------------------------------------
// all clauses
// -------------------------------------------------------------------------------------------------------------------

/** The bounds of a `range`. The older form with `from` and `to` is translated. */
const boundsOf = ({ from, include_lower, include_upper, to, ...bounds }: JsonObject): JsonObject => ({
  ...bounds,
  ...(from === undefined ? {} : { [include_lower === false ? "gt" : "gte"]: from }),
  ...(to === undefined ? {} : { [include_upper === false ? "lt" : "lte"]: to })
})

/** The settings `indices.query.bool.max_clause_count` and `index.max_terms_count`. */
const maxClauses = 1024
const maxTerms = 65_536

const boolKeys = new Set([
  "must",
  "filter",
  "should",
  "must_not",
  "minimum_should_match",
  "boost",
  "_name",
  "adjust_pure_negative"
])

const clauses: { readonly [kind: string]: (body: JsonObject, scope: Scope) => Predicate } = {
  match_all: () => () => true,
  match_none: () => never,
  bool: (body, scope) => {
    for (const key of Object.keys(body)) {
      if (!boolKeys.has(key)) throw badRequest(`[1:1] [bool] unknown field [${key}]`)
    }
    const part = (name: string) => {
      const inside = { ...scope, boolPart: name }
      const queries = body[name]
      if (queries !== undefined && queries !== null && typeof queries !== "object") {
        throw badRequest(`[1:1] [bool] ${name} doesn't support values of type: ${tokenOf(queries)}`)
      }
      return asArray(queries).map((inner) => clause(inner, inside))
    }
    const required = [...part("must"), ...part("filter")]
    const should = part("should")
    const mustNot = part("must_not")
    // If there is only `must_not`, Elasticsearch adds a clause that matches all documents.
    const added = required.length + should.length === 0 && mustNot.length > 0 ? 1 : 0
    if (required.length + should.length + mustNot.length + added > maxClauses) {
      throw badRequest(`failed to create query: maxClauseCount is set to ${maxClauses}`)
    }
    const isOptional = should.length === 0 || required.length > 0
    const option = body.minimum_should_match
    const minimum = Math.max(isOptional ? 0 : 1, option === undefined ? 0 : minimumOf(option, should.length))
    return (document) =>
      required.every((test) => test(document)) &&
      !mustNot.some((test) => test(document)) &&
      should.filter((test) => test(document)).length >= minimum
  },
  constant_score: (body, scope) => {
    if (body.filter === undefined) throw badRequest("[constant_score] requires a 'filter' element")
    return clause(body.filter, scope)
  },
  exists: (body, scope) => {
    if (body.field === undefined) throw badRequest("[exists] must be provided with a [field]")
    return exists(String(body.field), scope)
  },
  ids: (body) => {
    const ids = new Set(asArray(body.values).map(String))
    return (document) => ids.has(document._id)
  },
  term: (body, scope) => term(scope, ...singleField(body, "term")),
  terms: (body, scope) => {
    const { _name, boost, ...fields } = body
    const [[path, values] = singleField({}, "terms")] = Object.entries(fields)
    if (isObject(values)) throw error("testing.engine.not_implemented", "terms that are looked up in a document")
    if (!Array.isArray(values)) throw badRequest(`[terms] query does not support [${path}]`)
    if (values.length > maxTerms) {
      throw badRequest(
        `failed to create query: The number of terms [${values.length}] used in the Terms Query request has exceeded ` +
          `the allowed maximum of [${maxTerms}]. This maximum can be set by changing the [index.max_terms_count] index ` +
          "level setting."
      )
    }
    return anyTerm(scope, path, values)
  },
  match: (body, scope) => {
    const [path, options] = singleField(body, "match")
    checkOptions("match", options, "query", "operator", "minimum_should_match")
    return match(scope, path, options)
  },
  match_phrase: (body, scope) => {
    const [path, options] = singleField(body, "match_phrase")
    checkOptions("match_phrase", options, "query")
    return phrase(scope, path, options, false)
  },
  match_phrase_prefix: (body, scope) => {
    const [path, options] = singleField(body, "match_phrase_prefix")
    checkOptions("match_phrase_prefix", options, "query")
    return phrase(scope, path, options, true)
  },
  match_bool_prefix: (body, scope) => {
    const [path, options] = singleField(body, "match_bool_prefix")
    checkOptions("match_bool_prefix", options, "query", "operator", "minimum_should_match")
    return clause(boolPrefix(path, options, scope.mapping), scope)
  },
  multi_match: (body, scope) => clause(multiMatch(body), scope),
  dis_max: (body, scope) => {
    if (body.queries === undefined) throw badRequest("[dis_max] requires 'queries' field with at least one clause")
    const tests = asArray(body.queries).map((query) => clause(query, scope))
    if (tests.length === 0) throw badRequest("[_na] query malformed, must start with start_object")
    return (document) => tests.some((test) => test(document))
  },
  boosting,
  nested,
  geo_distance: geoDistance,
  geo_bounding_box: geoBoundingBox,
  prefix: (body, scope) => {
    const [path, options] = singleField(body, "prefix")
    checkOptions("prefix", options, "value", "case_insensitive")
    checkPattern("prefix", path, scope)
    const ignoreCase = ignoresCase(options)
    const prefix = fold(ignoreCase, valueOf(options, "value"))
    return someTerm(scope, path, (value) => fold(ignoreCase, value).startsWith(prefix))
  },
  wildcard: (body, scope) => {
    const [path, options] = singleField(body, "wildcard")
    checkOptions("wildcard", options, "value", "wildcard", "case_insensitive")
    checkPattern("wildcard", path, scope)
    const ignoreCase = ignoresCase(options)
    const parts = wildcard(fold(ignoreCase, valueOf(options, "value", "wildcard")))
    return someTerm(scope, path, (value) => matchesParts(parts, Array.from(fold(ignoreCase, value))))
  },
  range: (body, scope) => {
    const [[path, options] = singleField({}, "range")] = Object.entries(body)
    if (!isObject(options)) throw badRequest(`[range] query does not support [${path}]`)
    checkOptions("range", options, "gt", "gte", "lt", "lte", "from", "to", "include_lower", "include_upper")
    const field = searchedField(scope.mapping, path)
    if (field === undefined) return never
    if (path === "_id" || field.type === "geo_point") {
      const type = path === "_id" ? "_id" : field.type
      throw badRequest(`failed to create query: Field [${path}] of type [${type}] does not support range queries`)
    }
    // A value such as `2020-01-31` is a whole day: `gt` means after its end, and `lte` means until its end.
    const bounds = boundsOf(options)
    const bound = (name: string, edge: Edge): Scalar | undefined => {
      const value = bounds[name]
      return value === undefined || value === null ? undefined : scalarOf(field, value, scope.now, edge)
    }
    const [gt, gte, lt, lte] = [bound("gt", "last"), bound("gte", "first"), bound("lt", "first"), bound("lte", "last")]
    return (document) =>
      terms(document, field).some((value) =>
        (gt === undefined || value > gt) && (gte === undefined || value >= gte) &&
        (lt === undefined || value < lt) && (lte === undefined || value <= lte)
      )
  }
}
