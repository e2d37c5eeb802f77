/**
 * Compiles a filter into a predicate on documents, as a search evaluates it. Elasticsearch indexes every element of an
 * array as a value of the field. It indexes no value for `null` or an empty array. A condition holds if one of the
 * values matches. Its negation is the exact opposite. Koncorde (`evaluate.ts`) compares a field as a whole and treats
 * `null` as a value.
 */
import { type Fields, isFields, reader } from "./field.ts"
import { contains, toPoint } from "./geo.ts"
import type { Bounds, Node } from "./node.ts"

type Predicate = (fields: Fields) => boolean

/** Compiles a node. Conditions that searches do not support match nothing. */
export const searchPredicate = (node: Node): Predicate => {
  switch (node._tag) {
    case "Everything":
      return () => true
    case "And": {
      const all = node.nodes.map(searchPredicate)
      return (fields) => all.every((holds) => holds(fields))
    }
    case "Or": {
      const some = node.nodes.map(searchPredicate)
      return (fields) => some.some((holds) => holds(fields))
    }
    case "Not": {
      const holds = searchPredicate(node.node)
      return (fields) => !holds(fields)
    }
    case "Geo": {
      // An array may be a point, so a geographic field is read as a whole.
      const read = reader(node.field)
      return (fields) => {
        const value = read(fields)
        const point = value === undefined || value === null ? undefined : toPoint(value)
        return point !== undefined && contains(node.shape, point)
      }
    }
    case "Equals":
      return some(node.field, (value) => value === node.value)
    case "In":
      return some(node.field, (value) => typeof value === "string" && node.values.has(value))
    case "Exists":
      return some(node.field, isPresent)
    case "Contains":
      return some(node.field, (value) => value === node.element)
    case "Range":
      return some(node.field, within(node.bounds))
    case "Nothing":
    case "Match":
    case "Regexp":
    case "Select":
      return () => false
  }
}

/** An object exists if one of its fields does. */
const isPresent = (value: unknown): boolean =>
  !isFields(value) || Object.values(value).some((inner) => anyOf(inner, "", isPresent))

const within = ({ gt, gte, lt, lte }: Bounds) => (value: unknown): boolean =>
  typeof value === "number" && value > (gt ?? -Infinity) && value >= (gte ?? -Infinity) &&
  value < (lt ?? Infinity) && value <= (lte ?? Infinity)

const some = (field: string, holds: (value: unknown) => boolean): Predicate => (fields) => anyOf(fields, field, holds)

/** Whether one of the values at this path below `value` matches the condition. An empty path means `value` itself. */
const anyOf = (value: unknown, path: string, holds: (value: unknown) => boolean): boolean => {
  if (value === null || value === undefined) return false
  if (Array.isArray(value)) return value.some((element) => anyOf(element, path, holds))
  if (path === "") return holds(value)
  if (!isFields(value)) return false
  return Object.entries(value).some(([key, inner]) =>
    path === key
      ? anyOf(inner, "", holds)
      : path.startsWith(`${key}.`) && anyOf(inner, path.slice(key.length + 1), holds)
  )
}
