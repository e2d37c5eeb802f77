/**
 * Decides by the mappings of a collection whether a search finds the documents that a filter matches. Koncorde compares
 * the values of a document. Elasticsearch compares the values that it has indexed by the mappings. If the two certainly
 * differ for a condition, the condition is refused, or moved to a sub-field that works. If they may differ for some
 * documents only, the condition is accepted.
 */
import { type Fields, isFields, member } from "./field.ts"

/** A condition on which a search and a subscription differ. */
export interface Issue {
  /** The place of the condition in the filter. */
  readonly path: string
  readonly field: string
  readonly issue: string
  /** A mapping of the field with which the condition would work, as far as the filter shows. */
  readonly mapping: { readonly type: string }
}

export interface Searchable {
  readonly issues: ReadonlyArray<Issue>
  /** The filter for the search. */
  readonly filter: Fields
  /** `false` if the first document with a field of the filter will change the mappings. */
  readonly settled: boolean
}

/** @param mappings `dynamic` and `properties`, as `collection:getMapping` shows them */
export const searchable = (filter: Fields, mappings: Fields): Searchable => {
  const state: State = { mappings, issues: [], settled: true }
  const forSearch = condition(filter, { path: "", negated: false }, state)
  return { issues: state.issues, filter: forSearch, settled: state.settled }
}

interface State {
  readonly mappings: Fields
  readonly issues: Array<Issue>
  settled: boolean
}

interface Place {
  readonly path: string
  readonly negated: boolean
}

const below = ({ negated, path }: Place, key: string): Place => ({
  path: path === "" ? key : `${path}.${key}`,
  negated
})

/** Expects a filter that the server accepts. An invalid part is passed on unchanged. */
const condition = (filter: Fields, parent: Place, state: State): Fields => {
  const [entry] = Object.entries(filter)
  if (entry === undefined) return filter
  const [keyword, content] = entry
  const place = below(parent, keyword)
  switch (keyword) {
    case "and":
    case "or":
      return {
        [keyword]: !Array.isArray(content)
          ? content
          : content.map((inner, i) =>
            isFields(inner) ? condition(inner, { ...place, path: `${place.path}[${i}]` }, state) : inner
          )
      }
    case "not":
      return isFields(content)
        ? { not: condition(content, { ...place, negated: !place.negated }, state) }
        : filter
    case "equals":
    case "in":
    case "range": {
      const [field, value] = Object.entries(isFields(content) ? content : {})[0] ?? []
      if (field === undefined) return filter
      const requirement = keyword === "range" ? range : term(Array.isArray(value) ? value : [value])
      return { [keyword]: { [judge(field, requirement, below(place, field), state)]: value } }
    }
    case "exists": {
      const text = String(isFields(content) ? content["field"] : content)
      const [, field = text, element] = /^(.*?)(\[.*\])$/.exec(text) ?? []
      const requirement = element === undefined ? exists : term([parsed(element)])
      return { exists: judge(field, requirement, place, state) + (element ?? "") }
    }
    case "missing":
      // A negated condition that finds too little does no harm: the documents are matched once more after the read.
      judge(String(content), exists, { ...place, negated: !place.negated }, state)
      return filter
    case "geoBoundingBox":
    case "geoDistance": {
      const field = Object.keys(isFields(content) ? content : {}).find((key) => key !== "distance")
      if (field !== undefined) judge(field, geo, below(place, field), state)
      return filter
    }
    default:
      return filter
  }
}

const parsed = (element: string): unknown => {
  try {
    return JSON.parse(element.slice(1, -1))
  } catch {
    return undefined // The server refuses it.
  }
}

// -------------------------------------------------------------------------------------------------------------------
// fields
// -------------------------------------------------------------------------------------------------------------------

/** The mapping of a field. */
type Lookup =
  | { readonly _tag: "Mapped"; readonly mapping: Fields }
  | { readonly _tag: "Unmapped"; readonly dynamic: string }
  /** The field is inside an object whose content is not indexed. */
  | { readonly _tag: "Hidden"; readonly by: string }

const find = (mappings: Fields, path: string): Lookup => {
  const keys = path.split(".")
  let current = mappings
  let dynamic = String(mappings["dynamic"] ?? "true")
  for (const [i, key] of keys.entries()) {
    const parent = keys.slice(0, i).join(".")
    if (current["type"] === "flattened") return { _tag: "Mapped", mapping: { type: "flattened" } }
    if (current["type"] === "nested") return { _tag: "Hidden", by: `${parent} is nested` }
    const field = child(current, "properties", key) ??
      (i === keys.length - 1 ? child(current, "fields", key) : undefined)
    if (field === undefined) return { _tag: "Unmapped", dynamic }
    if (field["enabled"] === false) {
      return { _tag: "Hidden", by: `${keys.slice(0, i + 1).join(".")} has enabled: false` }
    }
    if (field["dynamic"] !== undefined) dynamic = String(field["dynamic"])
    current = field
  }
  return { _tag: "Mapped", mapping: current }
}

const child = (mapping: Fields, of: string, key: string): Fields | undefined => {
  const children = mapping[of]
  const field = isFields(children) ? member(children, key) : undefined
  return isFields(field) ? field : undefined
}

// -------------------------------------------------------------------------------------------------------------------
// conditions
// -------------------------------------------------------------------------------------------------------------------

/** What a condition requires of a field. */
interface Requirement {
  /** The type of a mapping with which it works. */
  readonly type: string
  /** Why a search certainly differs from the filter. `undefined` if it may be the same. */
  readonly verdict: (mapping: Fields) => Verdict | undefined
  readonly values: ReadonlyArray<unknown>
}

/**
 * `findsFewer`: the search finds too few documents, which is harmless if the condition is negated. Otherwise the search
 * fails, or finds wrong documents.
 */
interface Verdict {
  readonly issue: string
  readonly findsFewer: boolean
}

const texts: ReadonlySet<unknown> = new Set(["text", "match_only_text", "search_as_you_type"])
const unordered: ReadonlySet<unknown> = new Set([...texts, "keyword", "constant_keyword", "wildcard", "boolean", "ip"])

const exists: Requirement = { type: "keyword", verdict: () => undefined, values: [] }

const range: Requirement = {
  type: "double",
  values: [],
  verdict: ({ index, type }) =>
    index === false
      ? unindexed
      : unordered.has(type)
      ? { issue: `it is a ${String(type)}, which a search does not compare as a number`, findsFewer: false }
      : undefined
}

const geo: Requirement = {
  type: "geo_point",
  values: [],
  verdict: ({ index, type }) =>
    index === false
      ? unindexed
      : type === "geo_point" || type === "geo_shape"
      ? undefined
      : { issue: `it is mapped as ${String(type ?? "object")}, not as a point`, findsFewer: false }
}

const term = (values: ReadonlyArray<unknown>): Requirement => ({
  type: typeOf(values[0]),
  values,
  verdict: (mapping) => {
    if (mapping["index"] === false) return unindexed
    if (values.some((value) => isTooLong(value, mapping))) {
      return { issue: "values of that length are not indexed (ignore_above)", findsFewer: true }
    }
    // The result of another analyzer cannot be predicted here.
    return texts.has(mapping["type"]) && mapping["analyzer"] === undefined && values.some(isNoWord)
      ? { issue: "it is a text, and a search compares only single lower-case words of a text", findsFewer: true }
      : undefined
  }
})

const unindexed: Verdict = { issue: "it is not indexed (index: false)", findsFewer: false }

const typeOf = (value: unknown): string =>
  typeof value === "boolean"
    ? "boolean"
    : typeof value !== "number"
    ? "keyword"
    : Number.isInteger(value)
    ? "long"
    : "double"

const isTooLong = (value: unknown, { ignore_above: limit }: Fields): boolean =>
  typeof value === "string" && typeof limit === "number" && value.length > limit

/** Whether a text is certainly no word of an indexed text: the standard analyzer never produces it. */
const isNoWord = (value: unknown): boolean => typeof value === "string" && /^$|[\p{Lu}\s\-/@#&()!?"]/u.test(value)

/** The name of a keyword sub-field that holds the whole text. Dynamic mappings add one to every text. */
const wholeOf = (mapping: Fields, values: ReadonlyArray<unknown>): string | undefined => {
  const subFields = mapping["fields"]
  if (!texts.has(mapping["type"]) || !isFields(subFields)) return undefined
  return Object.keys(subFields).find((name) => {
    const subField = subFields[name]
    return isFields(subField) && subField["type"] === "keyword" && subField["index"] !== false &&
      subField["normalizer"] === undefined &&
      !values.some((value) => isTooLong(value, subField))
  })
}

/** Judges a condition on a field. Records an issue, if there is one. Returns the field to search by. */
const judge = (field: string, requirement: Requirement, { negated, path }: Place, state: State): string => {
  if (field === "_id") return field
  const refuse = ({ findsFewer, issue }: Verdict) => {
    if (!findsFewer || !negated) state.issues.push({ path, field, issue, mapping: { type: requirement.type } })
  }
  const lookup = find(state.mappings, field)
  switch (lookup._tag) {
    case "Hidden":
      refuse({ issue: `${lookup.by}, so a search does not see it`, findsFewer: true })
      return field
    case "Unmapped":
      // The first document with this field adds a mapping that works, unless the condition needs a point.
      if (lookup.dynamic !== "true") {
        refuse({ issue: "it is not mapped, so a search does not see it", findsFewer: true })
      } else if (requirement === geo) {
        refuse({ issue: "it is not mapped, and dynamic mappings do not make it a point", findsFewer: false })
      } else state.settled = false
      return field
    case "Mapped": {
      const whole = requirement.values.length > 0 ? wholeOf(lookup.mapping, requirement.values) : undefined
      if (whole !== undefined) return `${field}.${whole}`
      const verdict = requirement.verdict(lookup.mapping)
      if (verdict !== undefined) refuse(verdict)
      return field
    }
  }
}
