/**
 * The Schema of a collection, as TypeScript, from its mappings and from documents of it. The rules:
 *
 * - The Schema decodes every document that was sampled, and encodes it to the same JSON. Where mapping and documents
 *   disagree, the documents decide what a value is, and the mapping is pinned with `KuzzleMappings.field`.
 * - A field is required if every sampled document has it. Without documents all fields are optional.
 * - A text is a union of literals if 30 of its values were sampled or more, 2 to 8 are different, each was seen 3 times
 *   or more, and none is longer than 40 characters. The field must be mapped as `keyword`, or not at all.
 * - A number is an `Int` if its field is mapped as whole numbers and all of them are. A field mapped as `date` is a `Date` if
 *   all of its texts are as `toISOString` writes them, and a `DateFromNumber` if all of its values are milliseconds.
 * - An object with more than 50 names that are not mapped is a record.
 */
import * as KuzzleMappings from "@effect-kuzzle/core/KuzzleMappings"
import { Evidence } from "./evidence.ts"
import * as Source from "./source.ts"
import * as Spelling from "./spelling.ts"

type Field = KuzzleMappings.Field

const literals = { least: 30, different: 8, times: 3, length: 40 }

const manyNames = 50

/** The required mapping of a value: that of the server, none, or any, because an enclosing mapping covers it. */
type Wanted =
  | { readonly _tag: "Mapped"; readonly field: Field }
  | { readonly _tag: "Unmapped" }
  | { readonly _tag: "Covered" }

const unmapped: Wanted = { _tag: "Unmapped" }
const covered: Wanted = { _tag: "Covered" }

/** An expression that is a Schema, and the mapping that `KuzzleMappings` derives from it. */
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
const nothing: Code = { text: "Schema.Never", mapping: undefined }
const point: Code = { text: "KuzzleMappings.GeoPoint", mapping: { type: "geo_point" } }
const record: Code = {
  text: Spelling.record,
  mapping: { dynamic: "false", properties: {} }
}

const wholeTypes: ReadonlySet<string> = new Set(["long", "integer", "short", "byte"])

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

const mappedAs = (wanted: Wanted): Field | undefined => wanted._tag === "Mapped" ? wanted.field : undefined

/** The source of the Schema of a collection's documents. */
export const schemaOf = (mappings: KuzzleMappings.Mappings, documents: ReadonlyArray<unknown>): string =>
  struct(Evidence.of(documents), { properties: mappings.properties }, false).text

// -------------------------------------------------------------------------------------------------------------------
// values
// -------------------------------------------------------------------------------------------------------------------

const value = (evidence: Evidence, wanted: Wanted): Code => {
  const code = present(evidence, wanted)
  return evidence.nulls > 0 && code.text !== anything.text ? { ...code, text: `Schema.NullOr(${code.text})` } : code
}

const present = (evidence: Evidence, wanted: Wanted): Code => {
  if (evidence.deep > 0) return pinned(anything, wanted)
  const kinds = kindsOf(evidence)
  const [only, ...others] = kinds
  if (only === undefined) return absent(wanted)
  return others.length === 0 ? only(wanted) : several(evidence, kinds, wanted)
}

/** A field that no sampled document has. */
const absent = (wanted: Wanted): Code => {
  const field = mappedAs(wanted)
  if (field === undefined) return pinned(anything, wanted)
  return isObjectType(field) ? objectOf(Evidence.of([]), wanted) : pinned(schemaOfType(field), wanted)
}

type Kind = (wanted: Wanted) => Code

const kindsOf = (evidence: Evidence): ReadonlyArray<Kind> => [
  ...(evidence.booleans > 0 ? [(wanted: Wanted) => pinned(boolean, wanted)] : []),
  ...(evidence.numbers > 0 ? [(wanted: Wanted) => pinned(numberOf(evidence, wanted), wanted)] : []),
  ...(evidence.texts > 0 ? [(wanted: Wanted) => pinned(textOf(evidence, wanted), wanted)] : []),
  ...(evidence.objects > 0 ? [(wanted: Wanted) => objectOf(evidence, wanted)] : []),
  ...(evidence.arrays > 0 ? [(wanted: Wanted) => arrayOf(evidence.elements, wanted)] : [])
]

/** Values of several kinds: single values beside lists of the same kind, or unknown values. */
const several = (evidence: Evidence, kinds: ReadonlyArray<Kind>, wanted: Wanted): Code => {
  if (kinds.length === 2 && evidence.arrays > 0) {
    const single = evidence.single()
    const together = evidence.elements === undefined ? single : single.and(evidence.elements)
    if (together.deep === 0 && kindsOf(together).length === 1) {
      const code = value(together, wanted)
      return { ...code, text: `oneOrMany(${code.text})` }
    }
  }
  const members = kinds.map((kind) => kind(covered).text)
  return pinned({ text: Spelling.union(members), mapping: undefined }, wanted)
}

const numberOf = ({ integers, numbers, texts, times }: Evidence, wanted: Wanted): Code => {
  const field = mappedAs(wanted)
  if (field === undefined) return number
  if (isMillis(field) && times === numbers && texts === 0) return time
  return wholeTypes.has(typeOf(field)) && integers === numbers ? int : number
}

const isMillis = ({ format, type }: Field): boolean =>
  type === "date" && (format === undefined || String(format).split("||").includes("epoch_millis"))

const textOf = (evidence: Evidence, wanted: Wanted): Code => {
  const type = mappedAs(wanted)?.type ?? "keyword"
  if (type === "date" && evidence.isoDates === evidence.texts && evidence.numbers === 0) return isoDate
  if (type !== "keyword" || evidence.different === undefined || evidence.texts < literals.least) return text
  const seen = [...evidence.different]
  if (seen.length < 2 || seen.length > literals.different) return text
  if (seen.some(([text, times]) => times < literals.times || text.length > literals.length)) return text
  return { text: Spelling.oneOf(seen.map(([text]) => JSON.stringify(text)).sort()), mapping: keyword }
}

const arrayOf = (elements: Evidence | undefined, wanted: Wanted): Code => {
  const { mapping, text } = elements === undefined ? absent(wanted) : value(elements, wanted)
  return { mapping, text: `Schema.Array(${text})` }
}

const objectOf = (evidence: Evidence, wanted: Wanted): Code => {
  const field = mappedAs(wanted)
  if (field === undefined) {
    const names = evidence.members.size
    return names === 0 || names > manyNames ? pinned(record, wanted) : pinned(struct(evidence, {}, true), wanted)
  }
  if (isObjectType(field)) {
    if (field["enabled"] === false) return pinned(objectOf(evidence, covered), wanted)
    const names = new Set([...Object.keys(field.properties ?? {}), ...evidence.members.keys()])
    if (names.size === 0) return pinned(record, wanted)
    return pinnedObject(struct(evidence, { properties: field.properties ?? {} }, false), field)
  }
  if (field.type === "geo_point" && isPoint(evidence)) return pinned(point, wanted)
  if (field.type === "geo_shape" || field.type === "flattened") return pinned(record, wanted)
  return pinned(objectOf(evidence, covered), wanted)
}

/** Whether all objects are `{ lat, lon }`, in degrees. */
const isPoint = ({ members, objects }: Evidence): boolean =>
  members.size === 2 && [["lat", 90] as const, ["lon", 180] as const].every(([name, most]) => {
    const member = members.get(name)
    return member !== undefined && member.count === objects && member.numbers === objects && member.farthest <= most
  })

/** `isCovered`: an enclosing mapping covers it, or there is none. */
const struct = (evidence: Evidence, { properties = {} }: Field, isCovered: boolean): Code => {
  const names = [...new Set([...Object.keys(properties), ...evidence.members.keys()])].sort()
  const fields = names.map((name) => {
    const member = evidence.members.get(name)
    const field = Object.hasOwn(properties, name) ? properties[name] : undefined
    const wanted = isCovered ? covered : field === undefined ? unmapped : { _tag: "Mapped", field } as const
    const { text } = value(member ?? Evidence.of([]), wanted)
    const isRequired = member !== undefined && member.count === evidence.objects
    return `${Source.key(name)}: ${isRequired ? text : `Schema.optional(${text})`}`
  })
  return { text: Source.block("Schema.Struct({", fields, "})"), mapping: { properties } }
}

/** The Schema of a type without sampled values. */
const schemaOfType = (field: Field): Code => {
  const type = typeOf(field)
  if (textTypes.has(type)) return text
  if (wholeTypes.has(type)) return int
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
    // An alias of a field: no document contains it.
    case "alias":
      return nothing
    default:
      return anything
  }
}

// -------------------------------------------------------------------------------------------------------------------
// mappings
// -------------------------------------------------------------------------------------------------------------------

const same = (expected: Field | undefined, actual: Field): boolean =>
  expected !== undefined &&
  KuzzleMappings.compare({ properties: { field: expected } }, { properties: { field: actual } }).length === 0

/** The expression with an explicit mapping, if the derived mapping would differ. */
const pinned = (code: Code, wanted: Wanted): Code => {
  switch (wanted._tag) {
    case "Covered":
      return code
    case "Unmapped":
      return { text: `${code.text}.pipe(KuzzleMappings.unmapped)`, mapping: undefined }
    case "Mapped": {
      const { field } = wanted
      if (same(code.mapping, field)) return code
      // Without properties, `field` would derive them from the Schema.
      const whole = isObjectType(field) && field["enabled"] !== false ? { properties: {}, ...field } : field
      return { text: `${code.text}.pipe(${fieldCall(whole)})`, mapping: field }
    }
  }
}

/** {@link pinned} for an object whose fields have their own mappings. */
const pinnedObject = ({ mapping, text }: Code, { properties: _, ...own }: Field): Code =>
  same({ ...mapping, properties: {} }, { ...own, properties: {} })
    ? { text, mapping }
    : { text: `${text}.pipe(${fieldCall(own)})`, mapping: { ...own, ...mapping } }

const fieldCall = (field: Field): string => {
  const [only, ...others] = Object.keys(field)
  return `KuzzleMappings.field(${
    only === "type" && others.length === 0 ? Source.literal(field.type) : Source.literal(field)
  })`
}
