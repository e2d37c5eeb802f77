/**
 * The Schema of a collection, as TypeScript, from its mappings and from a sample of its documents. The rules:
 *
 * - The Schema decodes every sampled document, and encodes it to the same JSON. If the documents contradict the
 *   mapping, they decide the Schema, and `KuzzleMappings.field` declares the mapping.
 * - A field is required if every sampled document has it. Without documents all fields are optional.
 * - A text becomes a union of literals under these conditions: 30 or more values were sampled. There are 2 to 8
 *   distinct values. Each was seen 3 times or more, and none is longer than 40 characters. The field is mapped as
 *   `keyword`, or not mapped.
 * - A number becomes an `Int` if its field is mapped as an integer type and all sampled numbers are integers.
 * - A field mapped as `date` becomes a `Date` if all of its texts have the form of `toISOString`. It becomes a
 *   `DateFromNumber` if all of its values are milliseconds.
 * - An unmapped object with more than 50 names becomes a record.
 */
import * as KuzzleMappings from "@effect-kuzzle/core/KuzzleMappings"
import { Evidence } from "./evidence.ts"
import * as Source from "./source.ts"
import * as Spelling from "./spelling.ts"

type Field = KuzzleMappings.Field

const literals = { minValues: 30, maxDistinct: 8, minOccurrences: 3, maxLength: 40 }

const maxNames = 50

/**
 * The mapping that a value must have: the server's, or none. `Covered`: any, because an enclosing mapping covers it.
 */
type RequiredMapping =
  | { readonly _tag: "Mapped"; readonly field: Field }
  | { readonly _tag: "Unmapped" }
  | { readonly _tag: "Covered" }

const unmapped: RequiredMapping = { _tag: "Unmapped" }
const covered: RequiredMapping = { _tag: "Covered" }

/** The TypeScript of a Schema, and the mapping that `KuzzleMappings` derives from the Schema. */
interface Code {
  readonly text: string
  readonly mapping: Field | undefined
}

const keyword: Field = { type: "keyword" }
const double: Field = { type: "double" }
const date: Field = { type: "date" }

const text: Code = { text: "Schema.String", mapping: keyword }
const number: Code = { text: "Schema.Number", mapping: double }
const int: Code = { text: "Schema.Int", mapping: { type: "long" } }
const boolean: Code = { text: "Schema.Boolean", mapping: { type: "boolean" } }
const isoDate: Code = { text: Spelling.isoDate, mapping: date }
const time: Code = { text: Spelling.millis, mapping: date }
const anything: Code = { text: "Schema.Unknown", mapping: { type: "object", enabled: false } }
const never: Code = { text: "Schema.Never", mapping: undefined }
const point: Code = { text: "KuzzleMappings.GeoPoint", mapping: { type: "geo_point" } }
const record: Code = {
  text: Spelling.record,
  mapping: { dynamic: "false", properties: {} }
}

const integerTypes: ReadonlySet<string> = new Set(["long", "integer", "short", "byte"])

const numberTypes: ReadonlySet<string> = new Set(["double", "float", "half_float", "scaled_float", "unsigned_long"])

const textTypes: ReadonlySet<string> = new Set([
  "keyword",
  "text",
  "wildcard",
  "constant_keyword",
  "match_only_text",
  "search_as_you_type",
  "ip",
  "version",
  "binary",
  "date_nanos"
])

const typeOf = ({ type = "object" }: Field): string => type

const isObjectType = (field: Field): boolean => ["object", "nested"].includes(typeOf(field))

const mappedAs = (required: RequiredMapping): Field | undefined =>
  required._tag === "Mapped" ? required.field : undefined

/** The source of the Schema of a collection's documents. */
export const schemaOf = (mappings: KuzzleMappings.Mappings, documents: ReadonlyArray<unknown>): string =>
  struct(Evidence.of(documents), { properties: mappings.properties }, false).text

// -------------------------------------------------------------------------------------------------------------------
// values
// -------------------------------------------------------------------------------------------------------------------

const value = (evidence: Evidence, required: RequiredMapping): Code => {
  const code = nonNull(evidence, required)
  return evidence.nulls > 0 && code.text !== anything.text ? { ...code, text: `Schema.NullOr(${code.text})` } : code
}

const nonNull = (evidence: Evidence, required: RequiredMapping): Code => {
  if (evidence.tooDeep > 0) return withMapping(anything, required)
  const kinds = kindsOf(evidence)
  const [only, ...others] = kinds
  if (only === undefined) return unsampled(required)
  return others.length === 0 ? only(required) : mixed(evidence, kinds, required)
}

/** The Schema of a field that no sampled document has. */
const unsampled = (required: RequiredMapping): Code => {
  const field = mappedAs(required)
  if (field === undefined) return withMapping(anything, required)
  return isObjectType(field) ? objectOf(Evidence.of([]), required) : withMapping(schemaOfType(field), required)
}

type Kind = (required: RequiredMapping) => Code

const kindsOf = (evidence: Evidence): ReadonlyArray<Kind> => [
  ...(evidence.booleans > 0 ? [(required: RequiredMapping) => withMapping(boolean, required)] : []),
  ...(evidence.numbers > 0 ? [(required: RequiredMapping) => withMapping(numberOf(evidence, required), required)] : []),
  ...(evidence.texts > 0 ? [(required: RequiredMapping) => withMapping(textOf(evidence, required), required)] : []),
  ...(evidence.objects > 0 ? [(required: RequiredMapping) => objectOf(evidence, required)] : []),
  ...(evidence.arrays > 0 ? [(required: RequiredMapping) => arrayOf(evidence.elements, required)] : [])
]

/** The Schema of values of several kinds: one value or a list of the same kind, or else a union. */
const mixed = (evidence: Evidence, kinds: ReadonlyArray<Kind>, required: RequiredMapping): Code => {
  if (kinds.length === 2 && evidence.arrays > 0) {
    const single = evidence.withoutArrays()
    const combined = evidence.elements === undefined ? single : single.union(evidence.elements)
    if (combined.tooDeep === 0 && kindsOf(combined).length === 1) {
      const code = value(combined, required)
      return { ...code, text: `oneOrMany(${code.text})` }
    }
  }
  const members = kinds.map((kind) => kind(covered).text)
  return withMapping({ text: Spelling.union(members), mapping: undefined }, required)
}

const numberOf = ({ integers, numbers, texts, times }: Evidence, required: RequiredMapping): Code => {
  const field = mappedAs(required)
  if (field === undefined) return number
  if (isMillis(field) && times === numbers && texts === 0) return time
  return integerTypes.has(typeOf(field)) && integers === numbers ? int : number
}

const isMillis = ({ format, type }: Field): boolean =>
  type === "date" && (format === undefined || String(format).split("||").includes("epoch_millis"))

const textOf = (evidence: Evidence, required: RequiredMapping): Code => {
  const type = mappedAs(required)?.type ?? "keyword"
  if (type === "date" && evidence.isoDates === evidence.texts && evidence.numbers === 0) return isoDate
  if (type !== "keyword" || evidence.textCounts === undefined || evidence.texts < literals.minValues) return text
  const seen = [...evidence.textCounts]
  if (seen.length < 2 || seen.length > literals.maxDistinct) return text
  if (seen.some(([text, times]) => times < literals.minOccurrences || text.length > literals.maxLength)) return text
  return { text: Spelling.oneOf(seen.map(([text]) => JSON.stringify(text)).sort()), mapping: keyword }
}

const arrayOf = (elements: Evidence | undefined, required: RequiredMapping): Code => {
  const { mapping, text } = elements === undefined ? unsampled(required) : value(elements, required)
  return { mapping, text: `Schema.Array(${text})` }
}

const objectOf = (evidence: Evidence, required: RequiredMapping): Code => {
  const field = mappedAs(required)
  if (field === undefined) {
    const names = evidence.members.size
    return names === 0 || names > maxNames
      ? withMapping(record, required)
      : withMapping(struct(evidence, {}, true), required)
  }
  if (isObjectType(field)) {
    if (field["enabled"] === false) return withMapping(objectOf(evidence, covered), required)
    const names = new Set([...Object.keys(field.properties ?? {}), ...evidence.members.keys()])
    if (names.size === 0) return withMapping(record, required)
    return objectWithMapping(struct(evidence, { properties: field.properties ?? {} }, false), field)
  }
  if (field.type === "geo_point" && isPoint(evidence)) return withMapping(point, required)
  if (field.type === "geo_shape" || field.type === "flattened") return withMapping(record, required)
  return withMapping(objectOf(evidence, covered), required)
}

/** Whether all objects are `{ lat, lon }`, in degrees. */
const isPoint = ({ members, objects }: Evidence): boolean =>
  members.size === 2 && [["lat", 90] as const, ["lon", 180] as const].every(([name, limit]) => {
    const member = members.get(name)
    return member !== undefined && member.count === objects && member.numbers === objects &&
      member.maxMagnitude <= limit
  })

/** The Schema of an object. `isCovered`: an enclosing mapping covers the fields, or there is no mapping. */
const struct = (evidence: Evidence, { properties = {} }: Field, isCovered: boolean): Code => {
  const names = [...new Set([...Object.keys(properties), ...evidence.members.keys()])].sort()
  const fields = names.map((name) => {
    const member = evidence.members.get(name)
    const field = Object.hasOwn(properties, name) ? properties[name] : undefined
    const required = isCovered ? covered : field === undefined ? unmapped : { _tag: "Mapped", field } as const
    const { text } = value(member ?? Evidence.of([]), required)
    const isRequired = member !== undefined && member.count === evidence.objects
    return `${Source.key(name)}: ${isRequired ? text : `Schema.optional(${text})`}`
  })
  return { text: Source.block("Schema.Struct({", fields, "})"), mapping: { properties } }
}

/** The Schema of a mapped field, by its type only. */
const schemaOfType = (field: Field): Code => {
  const type = typeOf(field)
  if (textTypes.has(type)) return text
  if (integerTypes.has(type)) return int
  if (numberTypes.has(type)) return number
  switch (type) {
    case "boolean":
      return boolean
    case "date":
      return isMillis(field) || String(field["format"]).includes("date_time") ? isoDate : text
    case "geo_point":
      return point
    case "flattened":
      return record
    // An alias of another field. No document contains it.
    case "alias":
      return never
    default:
      return anything
  }
}

// -------------------------------------------------------------------------------------------------------------------
// mappings
// -------------------------------------------------------------------------------------------------------------------

const isSameMapping = (expected: Field | undefined, actual: Field): boolean =>
  expected !== undefined &&
  KuzzleMappings.compare({ properties: { field: expected } }, { properties: { field: actual } }).length === 0

/** Adds the required mapping to the Schema if the derived mapping would differ from it. */
const withMapping = (code: Code, required: RequiredMapping): Code => {
  switch (required._tag) {
    case "Covered":
      return code
    case "Unmapped":
      return { text: `${code.text}.pipe(KuzzleMappings.unmapped)`, mapping: undefined }
    case "Mapped": {
      const { field } = required
      if (isSameMapping(code.mapping, field)) return code
      // Without properties, `field` would derive them from the Schema.
      const whole = isObjectType(field) && field["enabled"] !== false ? { properties: {}, ...field } : field
      return { text: `${code.text}.pipe(${fieldCall(whole)})`, mapping: field }
    }
  }
}

/** {@link withMapping} for an object whose fields have their own mappings. */
const objectWithMapping = ({ mapping, text }: Code, { properties: _, ...own }: Field): Code =>
  isSameMapping({ ...mapping, properties: {} }, { ...own, properties: {} })
    ? { text, mapping }
    : { text: `${text}.pipe(${fieldCall(own)})`, mapping: { ...own, ...mapping } }

const fieldCall = (field: Field): string => {
  const [only, ...others] = Object.keys(field)
  return `KuzzleMappings.field(${
    only === "type" && others.length === 0 ? Source.literal(field.type) : Source.literal(field)
  })`
}
