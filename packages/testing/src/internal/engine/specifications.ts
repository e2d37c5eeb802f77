/**
 * Specifications of collections (spec 4.4). Checks specifications, and documents against them, with the messages and in
 * the order of the real server.
 */
import * as KuzzleFilter from "@effect-kuzzle/core/KuzzleFilter"
import { type EngineError, error } from "./errors.ts"
import { isObject, type JsonObject, own } from "./json.ts"

// -------------------------------------------------------------------------------------------------------------------
// types of fields
// -------------------------------------------------------------------------------------------------------------------

interface FieldType {
  readonly options: ReadonlyArray<string>
  /** The faults of the options of a field. */
  readonly check: (options: JsonObject) => EngineError | undefined
  /** The faults of a value. */
  readonly fault: (value: unknown, options: JsonObject) => string | undefined
}

const noFault = () => undefined

const withoutOptions = (fault: FieldType["fault"]): FieldType => ({ options: [], check: noFault, fault })

/** Checks that bounds are `{ min, max }` with numbers, and that `min` is not above `max`. */
const checkBounds = (name: string, bounds: unknown): EngineError | undefined => {
  if (!isObject(bounds) || Object.keys(bounds).some((key) => key !== "min" && key !== "max")) {
    return error("validation.assert.unexpected_properties", name, "min, max")
  }
  const { max, min } = bounds
  for (const [key, value] of [["min", min], ["max", max]] as const) {
    if (value !== undefined && typeof value !== "number") {
      return error("validation.assert.invalid_type", `${name}.${key}`, "number")
    }
  }
  return typeof min === "number" && typeof max === "number" && min > max
    ? error("validation.assert.invalid_range", name, "min", "max")
    : undefined
}

const numberFault: FieldType["fault"] = (value, { range }) => {
  if (typeof value !== "number") return "The field must be a number."
  const { max, min } = isObject(range) ? range : {}
  if (typeof min === "number" && value < min) return `Value ${value} is lesser than the allowed minimum (${min})`
  return typeof max === "number" && value > max
    ? `Value ${value} is greater than the allowed maximum (${max})`
    : undefined
}

const withRange = (fault: FieldType["fault"]): FieldType => ({
  options: ["range"],
  check: ({ range }) => range === undefined ? undefined : checkBounds("range", range),
  fault
})

const isTextList = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string")

const refuseUnsupported = (feature: string) => {
  throw error("testing.engine.not_implemented", `specifications with ${feature}`)
}

const types: { readonly [name: string]: FieldType } = {
  anything: withoutOptions(noFault),
  boolean: withoutOptions((value) => typeof value === "boolean" ? undefined : "The field must be of type boolean."),
  date: {
    options: ["range", "formats"],
    check: ({ formats = ["epoch_millis"], range }) => {
      if (!isTextList(formats)) return error("validation.assert.invalid_type", "formats", "non-empty array")
      const other = formats.find((format) => format !== "epoch_millis" && format !== "epoch_second")
      if (other !== undefined) refuseUnsupported(`dates of the format "${other}"`)
      if (range !== undefined) refuseUnsupported("ranges of dates")
      return undefined
    },
    fault: (value) => typeof value === "number" ? undefined : "The date format is invalid."
  },
  enum: {
    options: ["values"],
    check: ({ values }) =>
      values === undefined
        ? error("validation.types.missing_enum_values")
        : isTextList(values)
        ? undefined
        : error("validation.assert.invalid_type", "values", "string[]"),
    fault: (value, { values }) =>
      typeof value !== "string"
        ? "The field must be a string."
        : isTextList(values) && values.includes(value)
        ? undefined
        : `The field only accepts following values: "${isTextList(values) ? values.join(", ") : ""}".`
  },
  integer: withRange((value, options) =>
    numberFault(value, options) ?? (Number.isInteger(value) ? undefined : "The field must be an integer.")
  ),
  numeric: withRange(numberFault),
  object: {
    options: ["strict"],
    check: ({ strict }) =>
      strict === undefined || typeof strict === "boolean"
        ? undefined
        : error("validation.assert.invalid_type", "strict", "boolean"),
    fault: (value) => isObject(value) ? undefined : "The value must be an object."
  },
  string: {
    options: ["length"],
    check: ({ length }) => length === undefined ? undefined : checkBounds("length", length),
    fault: (value, { length }) => {
      if (typeof value !== "string") return "The field must be a string."
      const { max, min } = isObject(length) ? length : {}
      const wrong = typeof min === "number" && value.length < min
        ? `min: ${min}`
        : typeof max === "number" && value.length > max
        ? `max: ${max}`
        : undefined
      return wrong === undefined
        ? undefined
        : `Invalid string length. Expected ${wrong}. Received: ${value.length} ("${value}")`
    }
  }
}

/** Types of the real server that the engine does not implement. */
const unsupportedTypes = new Set(["email", "geo_point", "geo_shape", "ip_address", "url"])

// -------------------------------------------------------------------------------------------------------------------
// checks of specifications
// -------------------------------------------------------------------------------------------------------------------

interface Field {
  readonly path: ReadonlyArray<string>
  readonly type: string
  readonly mandatory: boolean
  readonly hasDefault: boolean
  readonly defaultValue: unknown
  readonly multivalued: JsonObject
  readonly options: JsonObject
  readonly children: Map<string, Field>
}

export interface Specifications {
  readonly strict: boolean
  readonly fields: ReadonlyMap<string, Field>
  readonly matches: (document: JsonObject) => boolean
}

/** A fault of specifications. A fault of their structure is an error, any other fault is a text. */
export type Fault = string | EngineError

/** The text of a fault in the real server's list of faults. */
export const textOf = (fault: Fault): string =>
  typeof fault === "string" ? fault : `${fault.status === 412 ? "Precondition" : "BadRequest"}Error: ${fault.message}`

/** Whether a value is an object with only these properties. */
const hasOnly = (object: unknown, ...names: ReadonlyArray<string>): object is JsonObject =>
  isObject(object) && Object.keys(object).every((name) => names.includes(name))

const unexpected = (path: string, ...allowed: ReadonlyArray<string>): string =>
  error("validation.assert.unexpected_properties", path, allowed.join(", ")).message

const fieldProperties = ["mandatory", "type", "defaultValue", "description", "multivalued", "typeOptions"]
const multivaluedProperties = ["value", "minCount", "maxCount"]

const checkMultivalued = (path: string, multivalued: unknown): ReadonlyArray<string> => {
  const { maxCount, minCount, value } = isObject(multivalued) ? multivalued : {}
  const faults: Array<string> = []
  if (!hasOnly(multivalued, ...multivaluedProperties)) {
    faults.push(unexpected(`${path}.multivalued`, ...multivaluedProperties))
  }
  if (value === undefined) faults.push(error("validation.assert.missing_value", `${path}.multivalued`).message)
  if (typeof value !== "boolean") {
    faults.push(error("validation.assert.invalid_type", `${path}.multivalued.value`, "boolean").message)
  }
  for (const [name, count] of [["minCount", minCount], ["maxCount", maxCount]] as const) {
    if (!value && count !== undefined) faults.push(error("validation.assert.not_multivalued", path, name).message)
  }
  if (typeof minCount === "number" && typeof maxCount === "number" && minCount > maxCount) {
    faults.push(error("validation.assert.invalid_range", path, "minCount", "maxCount").message)
  }
  return faults
}

const checkField = (path: string, field: unknown): ReadonlyArray<string> => {
  const { multivalued, type, typeOptions = {} } = isObject(field) ? field : {}
  const faults: Array<string> = []
  if (!hasOnly(field, ...fieldProperties)) faults.push(unexpected(path, ...fieldProperties))
  if (type === undefined) faults.push(error("validation.assert.missing_type", path).message)
  if (typeof type === "string" && unsupportedTypes.has(type)) refuseUnsupported(`fields of the type "${type}"`)
  const fieldType = typeof type === "string" && Object.hasOwn(types, type) ? types[type] : undefined
  if (fieldType === undefined) faults.push(error("validation.assert.unknown_type", path, type).message)
  if (multivalued !== undefined) faults.push(...checkMultivalued(path, multivalued))
  if (faults.length > 0 || fieldType === undefined) return faults
  if (!hasOnly(typeOptions, ...fieldType.options)) faults.push(unexpected(path, ...fieldType.options))
  const fault = fieldType.check(isObject(typeOptions) ? typeOptions : {})
  if (fault !== undefined) faults.push(fault.message)
  return faults
}

/** Puts each field into its parent: `a/b` into `a`. */
const structure = (fields: ReadonlyArray<Field>): Map<string, Field> | EngineError => {
  const root = new Map<string, Field>()
  const depths = new Set(fields.map(({ path }) => path.length))
  const maxDepth = Math.max(0, ...depths)
  for (let depth = 1; depth <= maxDepth; depth++) {
    if (!depths.has(depth)) return error("validation.assert.missing_nested_spec")
    for (const field of fields) {
      if (field.path.length !== depth) continue
      let children = root
      let parent: Field | undefined
      for (const name of field.path.slice(0, -1)) {
        parent = children.get(name)
        if (parent === undefined) return error("validation.assert.missing_parent", field.path.join("."))
        children = parent.children
      }
      if (parent !== undefined && parent.type !== "object") {
        return error("validation.assert.unexpected_children", parent.type)
      }
      children.set(field.path.at(-1)!, field)
    }
  }
  return root
}

/** Reads specifications, or returns their faults. */
export const read = (
  index: unknown,
  collection: unknown,
  content: JsonObject
): Specifications | ReadonlyArray<Fault> => {
  const path = `${index}.${collection}`
  const allowed = ["strict", "fields", "validators"]
  if (!hasOnly(content, ...allowed)) return [unexpected(path, ...allowed)]
  // The fields of a list or a text are its indexes.
  const specified = Object.entries(content.fields ?? {})
  if (specified.some(([_, field]) => field === null)) return ["Cannot convert undefined or null to object"]
  const faults = specified.flatMap(([name, field]) => checkField(`${path}.${name}`, field))
  if (faults.length > 0) return faults
  const fields = structure(specified.map(([name, field]) => fieldOf(name, isObject(field) ? field : {})))
  if (!(fields instanceof Map)) return [fields]
  let matches: Specifications["matches"] = () => true
  if (Array.isArray(content.validators)) {
    const filter = { bool: { must: content.validators } }
    const issues = KuzzleFilter.validate(filter)
    if (issues.length > 0) return [error("validation.assert.invalid_filters", issues.join("; "))]
    // Safe: it was just validated.
    matches = KuzzleFilter.matches(filter as KuzzleFilter.Filter)
  }
  return { strict: Boolean(content.strict), fields, matches }
}

const fieldOf = (
  name: string,
  { defaultValue, mandatory, multivalued, type, typeOptions }: JsonObject
): Field => ({
  path: name.split("/"),
  type: String(type),
  mandatory: Boolean(mandatory),
  hasDefault: defaultValue !== undefined,
  defaultValue,
  multivalued: isObject(multivalued) ? multivalued : {},
  options: isObject(typeOptions) ? typeOptions : {},
  children: new Map()
})

// -------------------------------------------------------------------------------------------------------------------
// checks of documents
// -------------------------------------------------------------------------------------------------------------------

interface DocumentFault {
  /** The path of the field; empty for the document itself. */
  readonly path: ReadonlyArray<string>
  readonly message: string
}

/** The faults of a document, in the order in which the real server finds them. */
const faultsOf = ({ fields, matches, strict }: Specifications, document: JsonObject): ReadonlyArray<DocumentFault> => {
  const faults: Array<DocumentFault> = []
  /** The first field that is not specified, if such fields are not allowed. */
  const unspecified = (object: JsonObject, known: ReadonlyMap<string, Field>, strict: boolean): string | undefined =>
    strict ? Object.keys(object).find((name) => !known.has(name)) : undefined
  const checkFields = (object: JsonObject, known: ReadonlyMap<string, Field>, strict: boolean): void => {
    for (const [name, field] of known) checkValue(own(object, name), field, strict)
  }
  const checkValue = (value: unknown, field: Field, strict: boolean): void => {
    const { children, hasDefault, mandatory, multivalued, options, path, type } = field
    const report = (message: string): void => void faults.push({ path, message })
    if (value === undefined || value === null) {
      if (mandatory && !hasDefault) report("The field is mandatory.")
      return
    }
    const { maxCount, minCount, value: many = false } = multivalued
    if (many === true && !Array.isArray(value)) return report("The field must be multivalued, unary value provided.")
    if (many !== true && Array.isArray(value)) {
      return report("The field is not a multivalued field; Multiple values provided.")
    }
    const values: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
    if (typeof minCount === "number" && values.length < minCount) {
      return report(`Not enough elements. Minimum count is set to ${minCount}.`)
    }
    if (typeof maxCount === "number" && values.length > maxCount) {
      return report(`Too many elements. Maximum count is set to ${maxCount}.`)
    }
    for (const item of values) {
      const fault = types[type]!.fault(item, options)
      if (fault !== undefined) return report(fault)
      if (children.size === 0 || !isObject(item)) continue
      const inner = options.strict === undefined ? strict : Boolean(options.strict)
      const unknown = unspecified(item, children, inner)
      if (unknown === undefined) checkFields(item, children, inner)
      else report(`The field is set to "strict"; cannot add unspecified sub-field "${unknown}".`)
    }
  }
  const report = (message: string): void => void faults.push({ path: [], message })
  if (fields.size > 0) {
    const unknown = unspecified(document, fields, strict)
    if (unknown === undefined) checkFields(document, fields, strict)
    else report(`The document validation is strict. Cannot add unspecified sub-field "${unknown}"`)
  }
  if (!matches(document)) report("The document does not match validation filters.")
  return faults
}

export interface Scope {
  readonly children?: { readonly [field: string]: Scope }
  readonly messages?: ReadonlyArray<string>
}

const addTo = (scope: Scope, [name, ...rest]: ReadonlyArray<string>, message: string): Scope => {
  if (name === undefined) return { ...scope, messages: [...scope.messages ?? [], message] }
  const { children = {}, ...others } = scope
  return { ...others, children: { ...children, [name]: addTo(own(children, name) ?? {}, rest, message) } }
}

/** The result of `document:validate`. */
export const validate = (specifications: Specifications | undefined, document: JsonObject) => {
  const faults = specifications === undefined ? [] : faultsOf(specifications, document)
  let messages: { readonly documentScope?: ReadonlyArray<string>; readonly fieldScope?: Scope } = {}
  for (const { message, path } of faults) {
    messages = path.length === 0
      ? { ...messages, documentScope: [...messages.documentScope ?? [], message] }
      : { ...messages, fieldScope: addTo(messages.fieldScope ?? {}, path, message) }
  }
  return { errorMessages: messages, valid: faults.length === 0 }
}

/** Refuses a document that does not fit, with its first fault. */
export const assertFits = (specifications: Specifications, document: JsonObject): void => {
  const [first] = faultsOf(specifications, document)
  if (first === undefined) return
  throw first.path.length === 0
    ? error("validation.check.failed_document", first.message)
    : error("validation.check.failed_field", first.path.join("."), first.message)
}

/** Adds the default values of the fields that are missing or `null`. An update gets no default values. */
export const withDefaults = (
  fields: ReadonlyMap<string, Field>,
  document: JsonObject,
  isUpdate: boolean
): JsonObject => {
  let result = document
  for (const [name, { children, defaultValue }] of fields) {
    const value = own(result, name)
    const has = Object.hasOwn(result, name)
    const inner = (item: unknown) => isObject(item) ? withDefaults(children, item, isUpdate) : item
    if (has && children.size > 0) {
      result = { ...result, [name]: Array.isArray(value) ? value.map(inner) : inner(value) }
    } else if (defaultValue && (value === null || (!isUpdate && !has))) {
      result = { ...result, [name]: defaultValue }
    }
  }
  return result
}
