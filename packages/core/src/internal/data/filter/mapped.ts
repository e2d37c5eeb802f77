/**
 * Whether a search finds what a filter matches, given the mappings of the collection. Koncorde compares the values of a
 * document. Elasticsearch compares what the mappings have put into the index. Conditions for which the two certainly
 * differ are refused, or moved to a sub-field that works. Conditions that depend on the documents are left to the
 * server.
 */
import { type Fields, isFields, member } from "./field.ts"

/** A condition for which a search and a subscription differ. */
export interface Issue {
  /** The place of the condition in the filter. */
  readonly path: string
  readonly field: string
  readonly issue: string
  /** A mapping with which it would work, as far as the filter shows. */
  readonly mapping: { readonly type: string }
}

export interface Searchable {
  readonly issues: ReadonlyArray<Issue>
  /** The filter for the search. */
  readonly filter: Fields
  /** `false`: the mappings will change when the first document with a field of the filter is written. */
  readonly settled: boolean
}

/** @param mappings `dynamic` and `properties`, as `collection:getMapping` shows them */
export const searchable = (filter: Fields, mappings: Fields): Searchable => {
  const state: State = { mappings, issues: [], settled: true }
  const asked = condition(filter, { path: "", negated: false }, state)
  return { issues: state.issues, filter: asked, settled: state.settled }
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
const condition = (filter: Fields, above: Place, state: State): Fields => {
  const [entry] = Object.entries(filter)
  if (entry === undefined) return filter
  const [keyword, content] = entry
  const place = below(above, keyword)
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
      const asked = keyword === "range" ? range : term(Array.isArray(value) ? value : [value])
      return { [keyword]: { [judge(field, asked, below(place, field), state)]: value } }
    }
    case "exists": {
      const text = String(isFields(content) ? content["field"] : content)
      const [, field = text, element] = /^(.*?)(\[.*\])$/.exec(text) ?? []
      const asked = element === undefined ? exists : term([parsed(element)])
      return { exists: judge(field, asked, place, state) + (element ?? "") }
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
    return undefined // the server refuses it
  }
}

// -------------------------------------------------------------------------------------------------------------------
// fields
// -------------------------------------------------------------------------------------------------------------------

/** The mapping of a field. */
type Lookup =
  | { readonly _tag: "Mapped"; readonly mapping: Fields }
  | { readonly _tag: "Unmapped"; readonly dynamic: string }
  /** Inside an object whose content is not indexed. */
  | { readonly _tag: "Hidden"; readonly by: string }

const find = (mappings: Fields, path: string): Lookup => {
  const keys = path.split(".")
  let within = mappings
  let dynamic = String(mappings["dynamic"] ?? "true")
  for (const [i, key] of keys.entries()) {
    const above = keys.slice(0, i).join(".")
    if (within["type"] === "flattened") return { _tag: "Mapped", mapping: { type: "flattened" } }
    if (within["type"] === "nested") return { _tag: "Hidden", by: `${above} is nested` }
    const field = child(within, "properties", key) ?? (i === keys.length - 1 ? child(within, "fields", key) : undefined)
    if (field === undefined) return { _tag: "Unmapped", dynamic }
    if (field["enabled"] === false) {
      return { _tag: "Hidden", by: `${keys.slice(0, i + 1).join(".")} has enabled: false` }
    }
    if (field["dynamic"] !== undefined) dynamic = String(field["dynamic"])
    within = field
  }
  return { _tag: "Mapped", mapping: within }
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
interface Asked {
  /** The type that it requires. */
  readonly type: string
  /** Why a search certainly differs from the filter, if it does. */
  readonly verdict: (mapping: Fields) => Verdict | undefined
  readonly values: ReadonlyArray<unknown>
}

/**
 * `blind`: the search finds too few documents, which is harmless in a negation. Otherwise the search fails, or finds
 * others.
 */
interface Verdict {
  readonly issue: string
  readonly blind: boolean
}

const texts: ReadonlySet<unknown> = new Set(["text", "match_only_text", "search_as_you_type"])
const unordered: ReadonlySet<unknown> = new Set([...texts, "keyword", "constant_keyword", "wildcard", "boolean", "ip"])

const exists: Asked = { type: "keyword", verdict: () => undefined, values: [] }

const range: Asked = {
  type: "double",
  values: [],
  verdict: ({ index, type }) =>
    index === false
      ? unindexed
      : unordered.has(type)
      ? { issue: `it is a ${String(type)}, which a search does not compare as a number`, blind: false }
      : undefined
}

const geo: Asked = {
  type: "geo_point",
  values: [],
  verdict: ({ index, type }) =>
    index === false
      ? unindexed
      : type === "geo_point" || type === "geo_shape"
      ? undefined
      : { issue: `it is mapped as ${String(type ?? "object")}, not as a point`, blind: false }
}

const term = (values: ReadonlyArray<unknown>): Asked => ({
  type: typeOf(values[0]),
  values,
  verdict: (mapping) => {
    if (mapping["index"] === false) return unindexed
    if (values.some((value) => isTooLong(value, mapping))) {
      return { issue: "values of that length are not indexed (ignore_above)", blind: true }
    }
    // The result of another analyzer cannot be predicted here.
    return texts.has(mapping["type"]) && mapping["analyzer"] === undefined && values.some(isNoWord)
      ? { issue: "it is a text, of which a search compares single lower-case words only", blind: true }
      : undefined
  }
})

const unindexed: Verdict = { issue: "it is not indexed (index: false)", blind: false }

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

/** The standard analyzer never produces such a word. */
const isNoWord = (value: unknown): boolean => typeof value === "string" && /^$|[\p{Lu}\s\-/@#&()!?"]/u.test(value)

/** A keyword sub-field that holds the whole text. Dynamic mappings add one to every text. */
const wholeOf = (mapping: Fields, values: ReadonlyArray<unknown>): string | undefined => {
  const subs = mapping["fields"]
  if (!texts.has(mapping["type"]) || !isFields(subs)) return undefined
  return Object.keys(subs).find((name) => {
    const sub = subs[name]
    return isFields(sub) && sub["type"] === "keyword" && sub["index"] !== false && sub["normalizer"] === undefined &&
      !values.some((value) => isTooLong(value, sub))
  })
}

/** Records the faults. Returns the field to search by. */
const judge = (field: string, asked: Asked, { negated, path }: Place, state: State): string => {
  if (field === "_id") return field
  const refuse = ({ blind, issue }: Verdict) => {
    if (!blind || !negated) state.issues.push({ path, field, issue, mapping: { type: asked.type } })
  }
  const lookup = find(state.mappings, field)
  switch (lookup._tag) {
    case "Hidden":
      refuse({ issue: `${lookup.by}, so a search does not see it`, blind: true })
      return field
    case "Unmapped":
      // The first document with this field maps it well enough, except for a point.
      if (lookup.dynamic !== "true") {
        refuse({ issue: "it is not mapped, so a search does not see it", blind: true })
      } else if (asked === geo) {
        refuse({ issue: "it is not mapped, and dynamic mappings do not make it a point", blind: false })
      } else state.settled = false
      return field
    case "Mapped": {
      const whole = asked.values.length > 0 ? wholeOf(lookup.mapping, asked.values) : undefined
      if (whole !== undefined) return `${field}.${whole}`
      const verdict = asked.verdict(lookup.mapping)
      if (verdict !== undefined) refuse(verdict)
      return field
    }
  }
}
