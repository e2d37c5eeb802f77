/**
 * The Elasticsearch query language: the usual clauses, sorting, `search_after`, `_source` filtering. A clause that
 * exists but is not implemented here is refused by name: a search never silently finds less.
 */
import type { Edge } from "./date.ts"
import { badRequest, type EngineError, error, nativeError } from "./errors.ts"
import { any, fits, type Part } from "./glob.ts"
import { asArray, isObject, type JsonObject, put } from "./json.ts"
import {
  type Field,
  fieldAt,
  isDate,
  isText,
  type Mapping,
  normalize,
  type Scalar,
  searchedField,
  terms,
  valuesAt,
  words
} from "./mapping.ts"

export interface Document {
  readonly _id: string
  readonly _source: JsonObject
}

export type Predicate = (document: Document) => boolean

interface Scope {
  readonly mapping: Mapping
  readonly now: number
}

/** What Elasticsearch 7 has and the engine has not. */
const elsewhere = new Set([
  "boosting",
  "combined_fields",
  "common",
  "dis_max",
  "distance_feature",
  "function_score",
  "fuzzy",
  "geo_bounding_box",
  "geo_distance",
  "geo_polygon",
  "geo_shape",
  "has_child",
  "has_parent",
  "intervals",
  "match_bool_prefix",
  "more_like_this",
  "nested",
  "parent_id",
  "percolate",
  "pinned",
  "query_string",
  "rank_feature",
  "regexp",
  "script",
  "script_score",
  "simple_query_string",
  "terms_set",
  "wrapper"
])

/** Compiles a query into a predicate. */
export const compile = (query: unknown, mapping: Mapping, now: number): Predicate => clause(query, { mapping, now })

const clause = (query: unknown, scope: Scope): Predicate => {
  if (!isObject(query)) throw badRequest("[_na] query malformed, must start with start_object")
  const [kind, ...others] = Object.keys(query)
  if (kind === undefined) throw badRequest("query malformed, empty clause found")
  if (others.length > 0) {
    throw badRequest(`[${kind}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]`)
  }
  if (!Object.hasOwn(clauses, kind)) {
    throw elsewhere.has(kind)
      ? error("testing.engine.not_implemented", `the query clause "${kind}"`)
      : badRequest(`unknown query [${kind}]`)
  }
  const body = query[kind]
  if (!isObject(body)) throw error("services.storage.unknown_query_keyword", kind)
  return clauses[kind]!(body, scope)
}

/** What the clauses answer that have no field. */
const noField: { readonly [kind: string]: string } = {
  match: "No text specified for text query",
  match_phrase: "[match_phrase] requires fieldName",
  match_phrase_prefix: "[match_phrase_prefix] requires fieldName",
  terms: "[terms] query requires a field name, followed by array of terms or a document lookup specification"
}

/** Options of clauses that exist and are not implemented, by what has them. */
const missingOptions: { readonly [kind: string]: ReadonlyArray<string> } = {
  match: [
    ...["analyzer", "auto_generate_synonyms_phrase_query", "cutoff_frequency", "fuzziness", "fuzzy_rewrite"],
    ...[
      "fuzzy_transpositions",
      "lenient",
      "max_expansions",
      "minimum_should_match",
      "prefix_length",
      "zero_terms_query"
    ]
  ],
  match_phrase: ["analyzer", "slop", "zero_terms_query"],
  match_phrase_prefix: ["analyzer", "max_expansions", "slop", "zero_terms_query"],
  prefix: ["rewrite"],
  range: ["format", "from", "include_lower", "include_upper", "relation", "time_zone", "to"],
  wildcard: ["rewrite"]
}

/** The options of a clause, those that are not implemented refused. */
const checkOptions = (kind: string, options: unknown, ...known: ReadonlyArray<string>): void => {
  if (!isObject(options)) return
  for (const name of Object.keys(options)) {
    if (name === "boost" || name === "_name" || known.includes(name)) continue
    throw missingOptions[kind]?.includes(name)
      ? error("testing.engine.not_implemented", `"${name}" of the query clause "${kind}"`)
      : badRequest(`[${kind}] query does not support [${name}]`)
  }
}

/** The single `field: options` of a clause. */
const single = (body: JsonObject, kind: string): readonly [path: string, options: unknown] => {
  const [entry, other] = Object.entries(body)
  if (entry === undefined) throw badRequest(noField[kind] ?? "field name is null or empty")
  if (other !== undefined) {
    throw badRequest(`[${kind}] query doesn't support multiple fields, found [${entry[0]}] and [${other[0]}]`)
  }
  return entry
}

/** A value of a query as the field's type has it. */
const scalarOf = (field: Field, value: unknown, now: number, edge?: Edge): Scalar => {
  const scalar = normalize(field.type, value, now, edge)
  if (scalar !== undefined) return scalar
  if (isDate(field.type)) {
    const fault = `failed to parse date field [${String(value)}] with format [strict_date_optional_time||epoch_millis]`
    throw badRequest(`${fault}: [${fault}]`)
  }
  throw badRequest(
    field.type === "boolean"
      ? `failed to create query: Can't parse boolean value [${String(value)}], expected [true] or [false]`
      : `failed to create query: For input string: "${String(value)}"`
  )
}

const patternTypes = new Set(["keyword", "object", "wildcard", "constant_keyword"])

/** Which fields can be asked for a part of a text. */
const checkPattern = (kind: string, path: string, { mapping }: Scope): void => {
  const field = searchedField(mapping, path)
  if (field === undefined || isText(field) || (patternTypes.has(field.type) && path !== "_id")) return
  const type = path === "_id" ? "_id" : field.type
  throw badRequest(
    `Can only use ${kind} queries on keyword, text and wildcard fields - not on [${path}] which is of type [${type}]`
  )
}

const never: Predicate = () => false

/** Some term of the field satisfies the test. An unmapped field has none. */
const someTerm = (scope: Scope, path: string, test: (term: Scalar, field: Field) => boolean): Predicate => {
  const field = searchedField(scope.mapping, path)
  return field === undefined ? never : (document) => terms(document, field, scope.now).some((term) => test(term, field))
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

const checkWanted = (wanted: unknown): void => {
  if (wanted === null) throw badRequest("field name is null or empty")
  if (Array.isArray(wanted)) throw badRequest("[term] query does not support array of values")
}

/** The term that a value is found by; `undefined` if the field cannot contain the value. */
const termOf = (field: Field, wanted: unknown, now: number): Scalar | undefined => {
  if (isText(field)) return String(wanted)
  const asked = scalarOf(field, wanted, now)
  // Nothing of an integer is found by a number with a fraction.
  return typeof asked === "number" && !Number.isNaN(Number(wanted)) && Number(wanted) !== asked ? undefined : asked
}

const term = (scope: Scope, path: string, options: unknown): Predicate => {
  checkOptions("term", options, "value", "case_insensitive")
  const wanted = valueOf(options, "value")
  checkWanted(wanted)
  const field = searchedField(scope.mapping, path)
  if (field === undefined) return never
  if (ignoresCase(options)) return someTerm(scope, path, (found) => fold(true, found) === fold(true, wanted))
  if (isDate(field.type)) {
    // A day is all of its milliseconds.
    const [first, last] = [scalarOf(field, wanted, scope.now, "first"), scalarOf(field, wanted, scope.now, "last")]
    return someTerm(scope, path, (found) => first <= found && found <= last)
  }
  const asked = termOf(field, wanted, scope.now)
  return asked === undefined ? never : someTerm(scope, path, (found) => found === asked)
}

/** Any of these values. A document costs the same however many there are, but for dates. */
const anyTerm = (scope: Scope, path: string, values: ReadonlyArray<unknown>): Predicate => {
  const field = searchedField(scope.mapping, path)
  if (field === undefined || isDate(field.type)) {
    const tests = values.map((value) => term(scope, path, { value }))
    return (document) => tests.some((test) => test(document))
  }
  values.forEach(checkWanted)
  const wanted: ReadonlySet<unknown> = new Set(values.map((value) => termOf(field, value, scope.now)))
  return someTerm(scope, path, (found) => wanted.has(found))
}

const checkOperator = (options: unknown): void => {
  if (!isObject(options) || options.operator === undefined) return
  const name = String(options.operator).toUpperCase()
  if (name !== "AND" && name !== "OR") {
    throw badRequest(`No enum constant org.elasticsearch.index.query.Operator.${name}`)
  }
}

const match = (scope: Scope, path: string, options: unknown): Predicate => {
  const field = searchedField(scope.mapping, path)
  const wanted = valueOf(options, "query")
  if (field === undefined) return never
  if (!isText(field)) return term(scope, path, wanted)
  checkOperator(options)
  const all = isObject(options) && String(options.operator).toLowerCase() === "and"
  const asked = words(wanted)
  return (document) => {
    const present = new Set(terms(document, field, scope.now))
    return all ? asked.every((word) => present.has(word)) : asked.some((word) => present.has(word))
  }
}

const phrase = (scope: Scope, path: string, options: unknown, prefix: boolean): Predicate => {
  const field = searchedField(scope.mapping, path)
  const wanted = valueOf(options, "query")
  if (field === undefined) return never
  if (!isText(field)) return term(scope, path, wanted)
  const asked = words(wanted)
  return (document) => {
    const present = terms(document, field, scope.now)
    return present.some((_, start) =>
      asked.every((word, i) => {
        const found = present[start + i]
        return prefix && i === asked.length - 1 ? String(found ?? "").startsWith(word) : found === word
      })
    )
  }
}

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
    const part = (name: string) => asArray(body[name]).map((inner) => clause(inner, scope))
    const required = [...part("must"), ...part("filter")]
    const should = part("should")
    const mustNot = part("must_not")
    // With nothing to find, Elasticsearch adds a clause that finds everything.
    const added = required.length + should.length === 0 && mustNot.length > 0 ? 1 : 0
    if (required.length + should.length + mustNot.length + added > maxClauses) {
      throw badRequest(`failed to create query: maxClauseCount is set to ${maxClauses}`)
    }
    const minimum = body.minimum_should_match !== undefined
      ? Number(body.minimum_should_match)
      : should.length > 0 && body.must === undefined && body.filter === undefined
      ? 1
      : 0
    if (Number.isNaN(minimum)) throw error("testing.engine.not_implemented", "a relative minimum_should_match")
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
    const path = String(body.field)
    const field = fieldAt(scope.mapping, path)
    if (field === undefined) return never
    return (document) => path === "_id" || valuesAt(document._source, field.source).length > 0
  },
  ids: (body) => {
    const wanted = new Set(asArray(body.values).map(String))
    return (document) => wanted.has(document._id)
  },
  term: (body, scope) => term(scope, ...single(body, "term")),
  terms: (body, scope) => {
    const { _name, boost, ...fields } = body
    const [[path, values] = single({}, "terms")] = Object.entries(fields)
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
    const [path, options] = single(body, "match")
    checkOptions("match", options, "query", "operator")
    return match(scope, path, options)
  },
  match_phrase: (body, scope) => {
    const [path, options] = single(body, "match_phrase")
    checkOptions("match_phrase", options, "query")
    return phrase(scope, path, options, false)
  },
  match_phrase_prefix: (body, scope) => {
    const [path, options] = single(body, "match_phrase_prefix")
    checkOptions("match_phrase_prefix", options, "query")
    return phrase(scope, path, options, true)
  },
  multi_match: (body, scope) => {
    const { boost: _, fields, operator: __, query: ___, type = "best_fields", ...others } = body
    const [other] = Object.keys(others)
    if (other !== undefined || type !== "best_fields" || asArray(fields).length === 0) {
      const what = other !== undefined
        ? `"${other}" of`
        : type === "best_fields"
        ? "all fields as those of"
        : `the type "${String(type)}" of`
      throw error("testing.engine.not_implemented", `${what} the query clause "multi_match"`)
    }
    if (asArray(fields).some((path) => String(path).includes("*"))) {
      throw error("testing.engine.not_implemented", "a pattern as a field of the query clause \"multi_match\"")
    }
    const tests = asArray(body.fields).map((path) => match(scope, String(path).split("^", 1)[0] ?? "", body))
    return (document) => tests.some((test) => test(document))
  },
  prefix: (body, scope) => {
    const [path, options] = single(body, "prefix")
    checkOptions("prefix", options, "value", "case_insensitive")
    checkPattern("prefix", path, scope)
    const ignoreCase = ignoresCase(options)
    const wanted = fold(ignoreCase, valueOf(options, "value"))
    return someTerm(scope, path, (found) => fold(ignoreCase, found).startsWith(wanted))
  },
  wildcard: (body, scope) => {
    const [path, options] = single(body, "wildcard")
    checkOptions("wildcard", options, "value", "wildcard", "case_insensitive")
    checkPattern("wildcard", path, scope)
    const ignoreCase = ignoresCase(options)
    const parts = wildcard(fold(ignoreCase, valueOf(options, "value", "wildcard")))
    return someTerm(scope, path, (found) => fits(parts, Array.from(fold(ignoreCase, found))))
  },
  range: (body, scope) => {
    const [[path, options] = single({}, "range")] = Object.entries(body)
    if (!isObject(options)) throw badRequest(`[range] query does not support [${path}]`)
    checkOptions("range", options, "gt", "gte", "lt", "lte")
    const field = searchedField(scope.mapping, path)
    if (field === undefined) return never
    if (path === "_id") {
      throw badRequest("failed to create query: Field [_id] of type [_id] does not support range queries")
    }
    // After a day is after its end, until a day is until its end.
    const bound = (name: string, edge: Edge): Scalar | undefined => {
      const value = options[name]
      return value === undefined || value === null ? undefined : scalarOf(field, value, scope.now, edge)
    }
    const [gt, gte, lt, lte] = [bound("gt", "last"), bound("gte", "first"), bound("lt", "first"), bound("lte", "last")]
    return (document) =>
      terms(document, field, scope.now).some((found) =>
        (gt === undefined || found > gt) && (gte === undefined || found >= gte) &&
        (lt === undefined || found < lt) && (lte === undefined || found <= lte)
      )
  }
}

// -------------------------------------------------------------------------------------------------------------------
// Koncorde
// -------------------------------------------------------------------------------------------------------------------

/** A search in Koncorde, as the real server translates it; what it does not know it hands on as it is. */
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

/** `a["x"]` asks for an element, unless that is falsy: then the real server forgets it. */
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
    throw nativeError(cause instanceof Error ? cause.message : String(cause))
  }
}

// -------------------------------------------------------------------------------------------------------------------
// sorting
// -------------------------------------------------------------------------------------------------------------------

export type SortValue = Scalar | null

export interface SortKey {
  readonly descending: boolean
  readonly missingFirst: boolean
  readonly valueOf: (document: Document & { readonly order: number }, score: number) => SortValue
}

/** Whether the scores are needed for an order. */
export const sortsByScore = (sort: unknown): boolean =>
  asArray(sort).some((item) => isObject(item) ? Object.hasOwn(item, "_score") : item === "_score")

/** Compiles the `sort` of a search. */
export const compileSort = (sort: unknown, mapping: Mapping, now: number): ReadonlyArray<SortKey> =>
  asArray(sort).flatMap((item) =>
    isObject(item)
      ? Object.entries(item).map(([path, options]) =>
        sortKey(path, isObject(options) ? options : { order: options }, { mapping, now })
      )
      : [sortKey(String(item), {}, { mapping, now })]
  )

const sortKey = (path: string, options: JsonObject, scope: Scope): SortKey => {
  const descending = (options.order ?? (path === "_score" ? "desc" : "asc")) === "desc"
  const missingFirst = options.missing === "_first"
  // Any other value stands for what is missing.
  const { missing } = options
  const standsFor = missing === "_first" || missing === "_last" ? undefined : missing
  if (path === "_score") return { descending, missingFirst, valueOf: (_, score) => score }
  if (path === "_doc") return { descending, missingFirst, valueOf: (document) => document.order }
  if (path === "_geo_distance" || path === "_script") {
    throw error("testing.engine.not_implemented", `sorting by "${path}"`)
  }
  const field = searchedField(scope.mapping, path)
  if (field === undefined && options.unmapped_type === undefined) {
    throw badRequest(`No mapping found for [${path}] in order to sort on`)
  }
  if (field !== undefined && isText(field)) throw textRefused(path)
  const substitute = field === undefined || standsFor === undefined || standsFor === null
    ? null
    : normalize(field.type, standsFor, scope.now) ?? null
  return {
    descending,
    missingFirst,
    valueOf: (document) => {
      const found = field === undefined ? [] : terms(document, field, scope.now)
      const values = found.length > 1 ? [...found].sort(compareScalars) : found
      return values.at(descending ? -1 : 0) ?? substitute
    }
  }
}

/** Texts can be neither sorted by nor aggregated. */
export const textRefused = (path: string): EngineError =>
  badRequest(
    "Text fields are not optimised for operations that require per-document field data like aggregations and " +
      "sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, " +
      `set fielddata=true on [${path}] in order to load field data by uninverting the inverted index. Note that ` +
      "this can use significant memory."
  )

export const compareScalars = (a: Scalar, b: Scalar): number => (a < b ? -1 : a > b ? 1 : 0)

/** Compares two rows by their sort values; `b` may come from the wire (`search_after`). */
export const compareRows = (
  keys: ReadonlyArray<SortKey>,
  a: ReadonlyArray<SortValue>,
  b: ReadonlyArray<SortValue>
): number => {
  // A sort compares millions of rows.
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

/** The values of a `search_after`. */
export const searchAfter = (value: unknown): ReadonlyArray<SortValue> =>
  asArray(value).map((item) =>
    typeof item === "string" || typeof item === "number" || typeof item === "boolean" ? item : null
  )

// -------------------------------------------------------------------------------------------------------------------
// _source
// -------------------------------------------------------------------------------------------------------------------

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

/** The part of a source that a `_source` option asks for; `undefined` for none. */
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
