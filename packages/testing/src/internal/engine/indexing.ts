/**
 * Indexes a document as Elasticsearch 7 does: checks it against its mapping, adds the fields of dynamic mapping, and
 * creates the document as searches see it. Searches see dotted keys as paths, copied values, and replacements of
 * `null`.
 */
import { badRequest, EngineError, error } from "./errors.ts"
import * as Geo from "./geo.ts"
import { asArray, isObject, type JsonObject, own, put } from "./json.ts"
import { children, isNumber, limitFault, type Mapping, normalize, preview, typeOf } from "./mapping.ts"

/** The result of indexing a document. */
export interface Indexed {
  readonly mapping: Mapping
  /** The source as searches see it. Usually it is the source itself. */
  readonly view: JsonObject
}

/** An exceeded limit. Elasticsearch reports it as an illegal argument, not as a fault of the document. */
export class LimitError extends EngineError {
  constructor(reason: string) {
    const { body, id, message, status } = badRequest(reason)
    super(id, status, message, body)
  }
}

/** A strict mapping refuses a field of the document. The message does not contain the name of the collection. */
export class StrictRejection extends Error {
  readonly field: string
  constructor(field: string, within: string) {
    super(`mapping set to strict, dynamic introduction of [${field}] within [${within}] is not allowed`)
    this.field = field
  }
}

// -------------------------------------------------------------------------------------------------------------------
// dynamic mapping
// -------------------------------------------------------------------------------------------------------------------

const looksLikeDate =
  /^\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}([.,]\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?)?)?|\/\d{2}\/\d{2})$/

const dynamicField = (value: unknown): JsonObject => {
  if (isObject(value)) return { properties: {} }
  if (typeof value === "boolean") return { type: "boolean" }
  if (typeof value === "number") return { type: Number.isInteger(value) ? "long" : "float" }
  if (looksLikeDate.test(String(value))) return { type: "date" }
  return { fields: { keyword: { ignore_above: 256, type: "keyword" } }, type: "text" }
}

// -------------------------------------------------------------------------------------------------------------------
// terms that are too long
// -------------------------------------------------------------------------------------------------------------------

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

/** Checks the length of a value, for a field and its sub-fields. */
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

// -------------------------------------------------------------------------------------------------------------------
// dotted keys
// -------------------------------------------------------------------------------------------------------------------

/** The names in a dotted key. Java drops empty ones at its end. */
const namesIn = (key: string): ReadonlyArray<string> => {
  const names = key.split(".")
  while (names.at(-1) === "") names.pop()
  if (names.length === 0 || (key.includes(".") && names.some((name) => name.trim() === ""))) {
    throw badRequest("failed to parse")
  }
  return names
}

/** Refuses a path through a value that is not an object. */
const checkPath = (names: ReadonlyArray<string>, properties: JsonObject, above: string): void => {
  let level = properties
  for (const [i, name] of names.slice(0, -1).entries()) {
    const field = own(level, name)
    if (!isObject(field)) return
    const type = typeOf(field)
    const path = above + names.slice(0, i + 1).join(".")
    if (type === "nested") {
      throw badRequest(
        `Cannot add a value for field [${above}${
          names.join(".")
        }] since one of the intermediate objects is mapped as a ` +
          `nested object: [${path}]`
      )
    }
    if (type !== "object") {
      throw badRequest(
        `Could not dynamically add mapping for field [${above}${
          names.join(".")
        }]. Existing mapping for [${path}] must ` +
          `be of type object but found [${type}].`
      )
    }
    level = children(field)
  }
}

/** Adds a value to the existing values of a key. Elasticsearch indexes all of them. */
const add = (object: Record<string, unknown>, key: string, value: unknown): void => {
  const before = own(object, key)
  if (isObject(before) && isObject(value)) put(object, key, combine(before, value))
  else put(object, key, before === undefined ? value : [...asArray(before), ...asArray(value)])
}

const combine = (a: JsonObject, b: JsonObject): JsonObject => {
  const combined = { ...a }
  for (const [key, value] of Object.entries(b)) add(combined, key, value)
  return combined
}

const atPath = (names: ReadonlyArray<string>, value: unknown): unknown =>
  names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)

/** The object with its dotted keys turned into nested objects. */
const withoutDots = (object: JsonObject, properties: JsonObject, above: string): JsonObject => {
  const keys = Object.keys(object)
  if (!keys.some((key) => key.includes(".") || key === "")) return object
  const plain: Record<string, unknown> = {}
  for (const key of keys) {
    const names = namesIn(key)
    checkPath(names, properties, above)
    add(plain, names[0]!, atPath(names.slice(1), object[key]))
  }
  return plain
}

// -------------------------------------------------------------------------------------------------------------------
// documents
// -------------------------------------------------------------------------------------------------------------------

const isChecked = (type: string): boolean =>
  isNumber(type) || ["date", "boolean", "keyword", "text", "ip"].includes(type)

interface Level {
  readonly above: string
  readonly dynamic: string
  readonly isNested: boolean
}

interface Parsed {
  readonly properties: JsonObject
  readonly view: JsonObject
}

class Parser {
  /** The values that `copy_to` copies, at their target paths. */
  copies: JsonObject = {}
  constructor(private readonly id: string) {}

  object(properties: JsonObject, source: JsonObject, level: Level): Parsed {
    const object = withoutDots(source, properties, level.above)
    // Both are copied once, at their first change, because a document may add many fields.
    let added: Record<string, unknown> | undefined
    let view: Record<string, unknown> | undefined
    for (const [key, value] of Object.entries(object)) {
      const declared = own(added ?? properties, key)
      const field = isObject(declared) ? declared : this.newField(key, value, level)
      if (field === undefined || field.enabled === false) continue
      const { searchable, field: after } = this.value(field, key, value, level)
      if (searchable !== value) put(view ??= { ...object }, key, searchable)
      if (after !== declared) put(added ??= { ...properties }, key, after)
    }
    return { properties: added ?? properties, view: view ?? object }
  }

  private newField(key: string, value: unknown, { above, dynamic }: Level): JsonObject | undefined {
    // Elasticsearch refuses a new field even if its value is null.
    if (dynamic === "strict") throw new StrictRejection(key, above === "" ? "_doc" : above.slice(0, -1))
    const sample = asArray(value).flat(Infinity).find((sample) => sample !== null)
    if (sample === undefined) return undefined
    return dynamic === "true" ? dynamicField(sample) : undefined
  }

  private value(
    field: JsonObject,
    key: string,
    value: unknown,
    level: Level
  ): { readonly field: JsonObject; readonly searchable: unknown } {
    const type = typeOf(field)
    if (type === "object" || type === "nested") return this.objects(field, key, value, level)
    if (type === "geo_point") {
      Geo.read(value, level.above + key, field)
      return { field, searchable: value }
    }
    const items = asArray(value).flat(Infinity)
    const substitute = field.null_value ?? null
    const samples = substitute === null
      ? items.filter((sample) => sample !== null)
      : (value === null ? [null] : items).map((sample) => sample ?? substitute)
    for (const sample of samples) this.scalar(field, level.above + key, sample)
    if (field.copy_to !== undefined) this.copy(field, samples, level)
    return { field, searchable: substitute === null ? value : samples }
  }

  private objects(field: JsonObject, key: string, value: unknown, { above, dynamic, isNested }: Level) {
    const path = above + key
    const samples = asArray(value).flat(Infinity).filter((sample) => sample !== null)
    const level = {
      above: `${path}.`,
      dynamic: field.dynamic === undefined ? dynamic : String(field.dynamic),
      isNested: isNested || field.type === "nested"
    }
    let after = field
    const views = samples.map((sample) => {
      if (!isObject(sample)) {
        // An item of a list has no name.
        const name = Array.isArray(value) ? null : key
        throw badRequest(
          `object mapping for [${path}] tried to parse field [${name}] as object, but found a concrete value`
        )
      }
      const before = children(after)
      const { properties, view } = this.object(before, sample, level)
      if (properties !== before) after = { ...after, properties }
      return view
    })
    return { field: after, searchable: views.every((view, i) => view === samples[i]) ? value : views }
  }

  private scalar(field: JsonObject, path: string, sample: unknown): void {
    const type = typeOf(field)
    checkLength(path, sample, field)
    if (!isChecked(type) || this.fits(field, type, sample)) return
    if (field.ignore_malformed === true && !isObject(sample)) return
    throw badRequest(
      `failed to parse field [${path}] of type [${type}] in document with id '${this.id}'. ` +
        `Preview of field's value: '${preview(sample)}'`
    )
  }

  private fits(field: JsonObject, type: string, sample: unknown): boolean {
    // Elasticsearch does not read an empty text as a number.
    if (sample === "" && isNumber(type) && field.coerce !== false) return true
    if (normalize(type, sample) === undefined) return false
    if (field.coerce !== false || !isNumber(type)) return true
    return typeof sample === "number" && normalize(type, sample) === sample
  }

  private copy(field: JsonObject, samples: ReadonlyArray<unknown>, { isNested }: Level): void {
    if (samples.length === 0) return
    if (isNested) throw error("testing.engine.not_implemented", "\"copy_to\" within a nested object")
    for (const target of asArray(field.copy_to)) {
      const copied: Record<string, unknown> = {}
      const [first, ...names] = namesIn(String(target))
      put(copied, first!, atPath(names, samples))
      this.copies = combine(this.copies, copied)
    }
  }
}

/** The metadata fields of Elasticsearch. */
const metadataFields = ["_field_names", "_id", "_ignored", "_index", "_routing", "_source", "_type"]

/** Checks a document against a mapping. */
export const index = (mapping: Mapping, id: string, source: JsonObject): Indexed => {
  const reserved = metadataFields.find((name) => Object.hasOwn(source, name))
  if (reserved !== undefined) {
    throw badRequest(
      `Field [${reserved}] is a metadata field and cannot be added inside a document. Use the index API request parameters.`
    )
  }
  const parser = new Parser(id)
  const root = { above: "", dynamic: mapping.dynamic, isNested: false }
  const own = parser.object(mapping.properties, source, root)
  const { copies } = parser
  const hasCopies = Object.keys(copies).length > 0
  // Copied values are not copied again.
  const { properties } = hasCopies ? new Parser(id).object(own.properties, copies, root) : own
  const view = hasCopies ? combine(own.view, copies) : own.view
  if (properties === mapping.properties) return { mapping, view }
  const fault = limitFault(properties)
  if (fault !== undefined) throw new LimitError(fault)
  return { mapping: { ...mapping, properties }, view }
}
