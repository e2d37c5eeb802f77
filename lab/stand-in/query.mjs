/*
 * Reads documents by their mapping: fields and their values, queries, sorts and
 * aggregations.
 */

class EsError extends Error {
  constructor(status, type, reason, extra = {}) {
    super(reason)
    this.status = status
    this.type = type
    this.extra = extra
  }

  toJSON() {
    const cause = { type: this.type, reason: this.message, ...this.extra }
    return {
      error: { root_cause: [cause], ...cause },
      status: this.status
    }
  }
}

const badRequest = (type, reason, extra) => new EsError(400, type, reason, extra)
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value)
const asArray = (value) =>
  value === undefined || value === null
    ? []
    : Array.isArray(value)
    ? value
    : [value]

/* ---------------------------------------------------------------- fields -- */

const NUMERIC = new Set([
  "long",
  "integer",
  "short",
  "byte",
  "double",
  "float",
  "half_float",
  "scaled_float",
  "unsigned_long"
])
const INTEGERS = new Set(["long", "integer", "short", "byte", "unsigned_long"])
const TYPES = new Set([
  ...NUMERIC,
  "text",
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
  "match_only_text",
  "search_as_you_type",
  "version"
])

/* The field at a dotted path: { type, source: path in the document, nested: path
 * of the closest nested object above }, or null if it is not mapped. */
function fieldAt(mappings, path) {
  if (path === "_id" || path === "_index") {
    return { nested: null, source: path, type: "keyword" }
  }

  const keys = path.split(".")
  let properties = mappings.properties
  let nested = null

  for (let i = 0; i < keys.length; i++) {
    const field = properties?.[keys[i]]
    if (!field) {
      return null
    }
    const source = keys.slice(0, i + 1).join(".")
    if (field.type === "flattened") {
      return { nested, source: path, type: "keyword" }
    }
    if (i === keys.length - 1) {
      return { ...field, nested, source, type: field.type || "object" }
    }
    if (field.type === "nested") {
      nested = source
    }
    if (i === keys.length - 2 && field.fields?.[keys[i + 1]]) {
      return { ...field.fields[keys[i + 1]], nested, source }
    }
    properties = field.properties
  }
  return null
}

/* All scalars at a dotted path, with arrays flattened */
function valuesAt(source, path) {
  let values = [source]

  for (const key of path.split(".")) {
    values = values.flatMap((value) => asArray(value).flatMap((v) => (isObject(v) ? asArray(v[key]) : [])))
  }
  return values.flat(Infinity).filter((v) => v !== null && v !== undefined)
}

const tokens = (text) => String(text).toLowerCase().match(/[\p{L}\p{N}_]+(?:['.][\p{L}\p{N}_]+)*/gu) || []

const UNITS = { M: 2629746e3, d: 864e5, h: 36e5, m: 6e4, s: 1e3, w: 6048e5, y: 31556952e3 }

function toDate(value) {
  if (typeof value === "number") {
    return value
  }
  const text = String(value)
  const now = /^now(?:([+-]\d+)([yMwdhms]))?(?:\/[yMwdhms])?$/.exec(text)
  if (now) {
    return Date.now() + (now[1] ? Number(now[1]) * UNITS[now[2]] : 0)
  }
  if (/^-?\d{5,}$/.test(text)) {
    return Number(text)
  }
  return Date.parse(text.replace(/\//g, "-").replace(/\|\|.*$/, ""))
}

/* The comparable form of a value for a field type; undefined if it does not fit */
function normalize(type, value) {
  if (NUMERIC.has(type)) {
    if (typeof value === "boolean" || isObject(value) || value === "") {
      return undefined
    }
    const number = Number(value)
    return Number.isNaN(number) ? undefined : INTEGERS.has(type) ? Math.trunc(number) : number
  }
  if (type === "date" || type === "date_nanos") {
    if (typeof value === "boolean" || isObject(value)) {
      return undefined
    }
    const date = toDate(value)
    return Number.isNaN(date) ? undefined : date
  }
  if (type === "boolean") {
    return value === true || value === "true"
      ? true
      : value === false || value === "false" || value === ""
      ? false
      : undefined
  }
  return isObject(value) ? undefined : String(value)
}

/* The terms of a document's field in the inverted index */
function terms(doc, field) {
  if (field.source === "_id" || field.source === "_index") {
    return [doc[field.source]]
  }
  const values = valuesAt(doc._source, field.source)

  if (["text", "match_only_text", "search_as_you_type"].includes(field.type)) {
    return values.flatMap(tokens)
  }
  return values
    .filter((v) => !(field.ignore_above && String(v).length > field.ignore_above))
    .map((v) => normalize(field.type, v))
    .filter((v) => v !== undefined)
}

/* --------------------------------------------------- mapping and indexing -- */

const DATE_DETECTION =
  /^\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}([.,]\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?)?)?|\/\d{2}\/\d{2})$/

function checkProperties(properties, path = "") {
  for (const [name, field] of Object.entries(properties || {})) {
    const at = path + name
    if (!isObject(field)) {
      throw badRequest(
        "mapper_parsing_exception",
        `Expected map for property [fields] on field [${name}] but got a class java.lang.String`
      )
    }
    if (field.type !== undefined && !TYPES.has(field.type)) {
      throw badRequest(
        "mapper_parsing_exception",
        `No handler for type [${field.type}] declared on field [${name}]`
      )
    }
    if (
      field.type === undefined && !field.properties &&
      Object.keys(field).some((k) => !["dynamic", "enabled"].includes(k))
    ) {
      throw badRequest("mapper_parsing_exception", `No type specified for field [${name}]`)
    }
    checkProperties(field.properties, `${at}.`)
  }
}

function mergeProperties(target, added, path = "") {
  for (const [name, field] of Object.entries(added || {})) {
    const at = path + name
    const known = target[name]
    if (!known) {
      target[name] = structuredClone(field)
      continue
    }
    const before = known.type || "object"
    const after = field.type || "object"
    if (before !== after) {
      throw badRequest(
        "illegal_argument_exception",
        before === "nested" || after === "nested"
          ? `object mapping [${at}] can't be changed from ${
            before === "nested" ? "nested to non-nested" : "non-nested to nested"
          }`
          : before === "object" || after === "object"
          ? `can't merge a non object mapping [${at}] with an object mapping`
          : `mapper [${at}] cannot be changed from type [${before}] to [${after}]`
      )
    }
    const { properties, ...rest } = field
    Object.assign(known, structuredClone(rest))
    if (properties) {
      known.properties ??= {}
      mergeProperties(known.properties, properties, `${at}.`)
    }
  }
}

/* The mappings of an index after an update. On error the old ones are unchanged. */
function mergeMappings(mappings, update = {}) {
  checkProperties(update.properties)
  const merged = structuredClone(mappings)
  merged.properties ??= {}
  mergeProperties(merged.properties, update.properties)
  for (const key of ["dynamic", "_meta"]) {
    if (update[key] !== undefined) {
      merged[key] = key === "dynamic" ? String(update[key]) : update[key]
    }
  }
  return merged
}

function guessField(value) {
  if (isObject(value)) {
    return { properties: {} }
  }
  switch (typeof value) {
    case "boolean":
      return { type: "boolean" }
    case "number":
      return { type: Number.isInteger(value) ? "long" : "float" }
    default:
      return DATE_DETECTION.test(value)
        ? { type: "date" }
        : { fields: { keyword: { ignore_above: 256, type: "keyword" } }, type: "text" }
  }
}

const preview = (value) =>
  isObject(value)
    ? `{${Object.entries(value).map(([k, v]) => `${k}=${preview(v)}`).join(", ")}}`
    : String(value)

/* Checks a document against the mappings. Returns the mappings with the fields
 * that dynamic mapping adds. */
function parseDocument(mappings, id, source) {
  let result = mappings

  const walk = (object, at, dynamic) => {
    for (const [key, value] of Object.entries(object)) {
      const path = at ? `${at}.${key}` : key
      const samples = asArray(value).flat(Infinity).filter((v) => v !== null)
      if (samples.length === 0) {
        continue
      }
      let field = at || key !== "_id" ? lookup(result, path) : null

      if (!field) {
        if (dynamic === "strict") {
          throw badRequest(
            "strict_dynamic_mapping_exception",
            `mapping set to strict, dynamic introduction of [${key}] within [${at || "_doc"}] is not allowed`
          )
        }
        if (dynamic !== "true") {
          continue
        }
        field = guessField(samples[0])
        if (result === mappings) {
          result = structuredClone(mappings)
        }
        declare(result, path, field)
      }
      if (field.enabled === false) {
        continue
      }

      const type = field.type || "object"
      for (const sample of samples) {
        if (type === "object" || type === "nested") {
          if (!isObject(sample)) {
            throw badRequest(
              "mapper_parsing_exception",
              `object mapping for [${path}] tried to parse field [${key}] as object, but found a concrete value`
            )
          }
          walk(sample, path, field.dynamic !== undefined ? String(field.dynamic) : dynamic)
        } else if (
          (NUMERIC.has(type) || ["date", "boolean", "keyword", "text"].includes(type)) &&
          normalize(type, sample) === undefined
        ) {
          throw badRequest(
            "mapper_parsing_exception",
            `failed to parse field [${path}] of type [${type}] in document with id '${id}'. Preview of field's value: '${
              preview(sample)
            }'`
          )
        }
      }
    }
  }

  walk(source, "", mappings.dynamic === undefined ? "true" : String(mappings.dynamic))
  return result
}

function lookup(mappings, path) {
  let field = mappings
  for (const key of path.split(".")) {
    field = field.properties?.[key]
    if (!field) {
      return null
    }
  }
  return field
}

function declare(mappings, path, field) {
  const keys = path.split(".")
  let parent = mappings
  for (const key of keys.slice(0, -1)) {
    parent = parent.properties[key]
  }
  parent.properties ??= {}
  parent.properties[keys.at(-1)] = field
}

/* ---------------------------------------------------------------- queries -- */

const shorthand = (body, key) => {
  const entries = Object.entries(body)
  if (entries.length !== 1) {
    throw badRequest("parsing_exception", `[${key}] query doesn't support multiple fields`)
  }
  const [path, value] = entries[0]
  return [path, value]
}
const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

function anchored(pattern, caseInsensitive) {
  return new RegExp(`^(?:${pattern})$`, caseInsensitive ? "iu" : "u")
}

/* Turns a query into a predicate over { _id, _source } */
function compile(mappings, query) {
  if (!isObject(query)) {
    throw badRequest("parsing_exception", "[_na] query malformed, must start with start_object")
  }
  const kinds = Object.keys(query)
  if (kinds.length === 0) {
    throw badRequest("parsing_exception", "query malformed, empty clause found", {
      caused_by: {
        reason: "query malformed, empty clause found",
        type: "illegal_argument_exception"
      }
    })
  }
  if (kinds.length > 1) {
    throw badRequest(
      "parsing_exception",
      `[${kinds[0]}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]`
    )
  }
  const [kind] = kinds
  const body = query[kind]
  if (!COMPILERS[kind]) {
    throw badRequest("parsing_exception", `unknown query [${kind}]`, {
      caused_by: { reason: `[1:1] unknown field [${kind}]`, type: "named_object_not_found_exception" }
    })
  }
  if (!isObject(body)) {
    throw badRequest(
      "parsing_exception",
      `[${kind}] query malformed, no start_object after query name`
    )
  }
  return COMPILERS[kind](mappings, body)
}

const onTerms = (mappings, path, predicate) => {
  const field = fieldAt(mappings, path)
  return field ? (doc) => terms(doc, field).some((t) => predicate(t, field)) : () => false
}

const every = (predicates) => (doc) => predicates.every((p) => p(doc))

function compileMatch(mappings, path, options) {
  const { query: text, operator = "or" } = isObject(options) ? options : { query: options }
  const field = fieldAt(mappings, path)
  if (!field) {
    return () => false
  }
  if (field.type !== "text") {
    const wanted = normalize(field.type, text)
    return (doc) => terms(doc, field).includes(wanted)
  }
  const words = tokens(text)
  return (doc) => {
    const present = new Set(terms(doc, field))
    return String(operator).toLowerCase() === "and"
      ? words.every((w) => present.has(w))
      : words.some((w) => present.has(w))
  }
}

function compilePhrase(mappings, path, options, prefix) {
  const text = isObject(options) ? options.query : options
  const field = fieldAt(mappings, path)
  const words = tokens(text)
  if (!field) {
    return () => false
  }
  if (field.type !== "text") {
    return compileMatch(mappings, path, options)
  }
  return (doc) => {
    const all = terms(doc, field)
    return all.some((_, at) =>
      words.every((w, i) =>
        prefix && i === words.length - 1
          ? all[at + i]?.startsWith(w)
          : all[at + i] === w
      )
    )
  }
}

const COMPILERS = {
  bool(mappings, body) {
    const clause = (name) => asArray(body[name]).map((q) => compile(mappings, q))
    for (const key of Object.keys(body)) {
      if (
        !["must", "filter", "should", "must_not", "minimum_should_match", "boost", "_name", "adjust_pure_negative"]
          .includes(key)
      ) {
        throw badRequest("x_content_parse_exception", `[1:1] [bool] unknown field [${key}]`)
      }
    }
    const required = every([...clause("must"), ...clause("filter")])
    const should = clause("should")
    const mustNot = clause("must_not")
    const minimum = body.minimum_should_match !== undefined
      ? Number(body.minimum_should_match)
      : should.length > 0 && !body.must && !body.filter
      ? 1
      : 0

    return (doc) =>
      required(doc) &&
      !mustNot.some((p) => p(doc)) &&
      should.filter((p) => p(doc)).length >= minimum
  },

  constant_score: (mappings, body) => compile(mappings, body.filter),

  exists(mappings, body) {
    const field = fieldAt(mappings, body.field)
    return field
      ? (doc) => body.field === "_id" || valuesAt(doc._source, field.source).length > 0
      : () => false
  },

  ids: (mappings, body) => {
    const wanted = new Set(asArray(body.values).map(String))
    return (doc) => wanted.has(doc._id)
  },

  match: (mappings, body) => compileMatch(mappings, ...shorthand(body, "match")),
  match_all: () => () => true,
  match_none: () => () => false,
  match_phrase: (mappings, body) => compilePhrase(mappings, ...shorthand(body, "match_phrase")),
  match_phrase_prefix: (mappings, body) => compilePhrase(mappings, ...shorthand(body, "match_phrase_prefix"), true),

  multi_match(mappings, body) {
    const predicates = asArray(body.fields).map((path) => compileMatch(mappings, path.replace(/\^.*$/, ""), body))
    return (doc) => predicates.some((p) => p(doc))
  },

  nested(mappings, body) {
    const inner = compile(mappings, body.query)
    const keys = body.path.split(".")
    return (doc) =>
      valuesAt(doc._source, body.path).some((value) =>
        inner({
          ...doc,
          _source: keys.reduceRight((child, key) => ({ [key]: child }), value)
        })
      )
  },

  prefix(mappings, body) {
    const [path, options] = shorthand(body, "prefix")
    const value = String(isObject(options) ? options.value : options)
    return onTerms(mappings, path, (t) => String(t).startsWith(value))
  },

  query_string(mappings, body) {
    const predicates = asArray(body.fields || body.default_field)
      .map((path) => compileMatch(mappings, path, { query: body.query.replace(/[*?]/g, "") }))
    return (doc) => predicates.some((p) => p(doc))
  },

  range(mappings, body) {
    const [path, { gt, gte, lt, lte }] = shorthand(body, "range")
    const field = fieldAt(mappings, path)
    if (!field) {
      return () => false
    }
    const bounds = [gt, gte, lt, lte].map((v) => v === undefined || v === null ? undefined : normalize(field.type, v))
    return (doc) =>
      terms(doc, field).some(
        (t) =>
          (bounds[0] === undefined || t > bounds[0]) &&
          (bounds[1] === undefined || t >= bounds[1]) &&
          (bounds[2] === undefined || t < bounds[2]) &&
          (bounds[3] === undefined || t <= bounds[3])
      )
  },

  regexp(mappings, body) {
    const [path, options] = shorthand(body, "regexp")
    const pattern = anchored(
      isObject(options) ? options.value : options,
      options.case_insensitive
    )
    return onTerms(mappings, path, (t) => pattern.test(String(t)))
  },

  term(mappings, body) {
    const [path, options] = shorthand(body, "term")
    const value = isObject(options) ? options.value : options
    return onTerms(mappings, path, (t, field) =>
      options?.case_insensitive
        ? String(t).toLowerCase() === String(value).toLowerCase()
        : t === (field.type === "text" ? String(value) : normalize(field.type, value)))
  },

  terms(mappings, body) {
    const fields = Object.fromEntries(Object.entries(body).filter(([key]) => key !== "boost" && key !== "_name"))
    const [path, values] = shorthand(fields, "terms")
    if (!Array.isArray(values)) {
      throw badRequest("parsing_exception", "[terms] query does not support [" + path + "]")
    }
    const predicates = values.map((value) => COMPILERS.term(mappings, { [path]: value }))
    return (doc) => predicates.some((p) => p(doc))
  },

  wildcard(mappings, body) {
    const [path, options] = shorthand(body, "wildcard")
    const value = isObject(options) ? (options.value ?? options.wildcard) : options
    const pattern = anchored(
      String(value).split("").map((c) => (c === "*" ? ".*" : c === "?" ? "." : escape(c))).join(""),
      options.case_insensitive
    )
    return onTerms(mappings, path, (t) => pattern.test(String(t)))
  }
}
COMPILERS.simple_query_string = COMPILERS.query_string

/* ------------------------------------------------------------------ sorts -- */

function compileSort(mappings, sort) {
  return asArray(sort).flatMap((item) =>
    typeof item === "string"
      ? [sortKey(mappings, item, {})]
      : Object.entries(item).map(([path, options]) =>
        sortKey(mappings, path, isObject(options) ? options : { order: options })
      )
  )
}

function sortKey(mappings, path, options) {
  const descending = (options.order || (path === "_score" ? "desc" : "asc")) === "desc"

  if (path === "_score" || path === "_doc" || path === "_shard_doc") {
    return { descending, valueOf: (doc) => (path === "_score" ? 1 : doc.seq) }
  }
  const field = fieldAt(mappings, path)
  if (!field && !options.unmapped_type) {
    throw badRequest("query_shard_exception", `No mapping found for [${path}] in order to sort on`)
  }
  if (field?.type === "text") {
    throw badRequest(
      "illegal_argument_exception",
      `Text fields are not optimised for operations that require per-document field data like aggregations and sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, set fielddata=true on [${path}] in order to load field data by uninverting the inverted index. Note that this can use significant memory.`
    )
  }
  return {
    descending,
    missingFirst: options.missing === "_first",
    valueOf: (doc) => {
      const values = field ? terms(doc, field).sort(compareScalars) : []
      return values.length === 0 ? null : descending ? values.at(-1) : values[0]
    }
  }
}

const compareScalars = (a, b) => (a < b ? -1 : a > b ? 1 : 0)

function compareTuples(keys, a, b) {
  for (let i = 0; i < keys.length; i++) {
    const { descending, missingFirst } = keys[i]
    if (a[i] === b[i]) {
      continue
    }
    if (a[i] === null || b[i] === null) {
      return (a[i] === null) === Boolean(missingFirst) ? -1 : 1
    }
    return compareScalars(a[i], b[i]) * (descending ? -1 : 1)
  }
  return 0
}

/* ----------------------------------------------------------- aggregations -- */

function aggregate(mappings, docs, aggregations) {
  const result = {}

  for (const [name, { aggs, aggregations: nested, ...rest }] of Object.entries(aggregations)) {
    const [kind] = Object.keys(rest)
    const options = rest[kind]
    const field = options.field ? fieldAt(mappings, options.field) : null
    const values = field ? docs.flatMap((doc) => terms(doc, field)) : []
    const numbers = values.map(Number)
    const sum = numbers.reduce((a, b) => a + b, 0)
    const sub = aggs || nested

    switch (kind) {
      case "terms": {
        const buckets = new Map()
        for (const doc of docs) {
          for (const key of new Set(field ? terms(doc, field) : [])) {
            buckets.set(key, [...(buckets.get(key) || []), doc])
          }
        }
        const sorted = [...buckets]
          .sort((a, b) => b[1].length - a[1].length || compareScalars(a[0], b[0]))
          .map(([key, members]) => ({
            key,
            doc_count: members.length,
            ...(sub ? aggregate(mappings, members, sub) : {})
          }))
        const size = options.size ?? 10
        result[name] = {
          buckets: sorted.slice(0, size),
          doc_count_error_upper_bound: 0,
          sum_other_doc_count: sorted.slice(size).reduce((n, b) => n + b.doc_count, 0)
        }
        break
      }
      case "filter": {
        const predicate = compile(mappings, options)
        const members = docs.filter(predicate)
        result[name] = {
          doc_count: members.length,
          ...(sub ? aggregate(mappings, members, sub) : {})
        }
        break
      }
      case "min":
        result[name] = { value: numbers.length ? Math.min(...numbers) : null }
        break
      case "max":
        result[name] = { value: numbers.length ? Math.max(...numbers) : null }
        break
      case "avg":
        result[name] = { value: numbers.length ? sum / numbers.length : null }
        break
      case "sum":
        result[name] = { value: sum }
        break
      case "value_count":
        result[name] = { value: values.length }
        break
      case "cardinality":
        result[name] = { value: new Set(values).size }
        break
      default:
        throw badRequest("parsing_exception", `Unknown aggregation type [${kind}]`)
    }
  }
  return result
}

/* --------------------------------------------------------------- _source -- */

const pathMatcher = (patterns) => {
  const expressions = asArray(patterns).map(
    (p) => new RegExp(`^${escape(p).replace(/\\\*/g, ".*")}(\\..*)?$`)
  )
  return (path) => expressions.some((e) => e.test(path))
}

/* The part of a source that a `_source` option selects; undefined if it selects none */
function filterSource(source, option) {
  if (option === undefined || option === true || option === "true") {
    return source
  }
  if (option === false || option === "false") {
    return undefined
  }
  const { excludes, exclude, include, includes } = isObject(option)
    ? option
    : { includes: option }
  const wanted = asArray(includes ?? include)
  const included = wanted.length > 0 ? pathMatcher(wanted) : () => true
  const excluded = pathMatcher(excludes ?? exclude)

  const walk = (object, at) => {
    const kept = {}
    for (const [key, value] of Object.entries(object)) {
      const path = at + key
      if (excluded(path)) {
        continue
      }
      if (isObject(value) && !included(path)) {
        const child = walk(value, `${path}.`)
        if (Object.keys(child).length > 0) {
          kept[key] = child
        }
      } else if (included(path)) {
        kept[key] = isObject(value) ? walk(value, `${path}.`) : value
      }
    }
    return kept
  }
  return walk(source, "")
}

export {
  aggregate,
  asArray,
  badRequest,
  compareTuples,
  compile,
  compileSort,
  EsError,
  filterSource,
  isObject,
  mergeMappings,
  parseDocument
}
