/**
 * A filter as a predicate on documents.
 *
 * Koncorde brings a filter into a disjunction of conjunctions of conditions, and each condition has a matcher of its
 * own for its negation. The two matchers of a condition are not always opposites (a geographic condition on a value
 * that is no point is neither true nor false; `1e-10` around a bound belongs to both or to none), so a filter is
 * compiled in negation normal form here too: `not` is pushed down to the conditions.
 */
import { type Fields, reader } from "./field.ts"
import { contains, toPoint } from "./geo.ts"
import { inclusion } from "./inclusion.ts"
import type { Bounds, Node } from "./node.ts"

type Predicate = (fields: Fields) => boolean

/** Compiles a node once; nothing is parsed again for a document. */
export const predicate = (node: Node, negated = false): Predicate => {
  switch (node._tag) {
    case "Everything":
      return () => !negated
    case "Nothing":
      return () => negated
    case "And":
    case "Or": {
      const predicates = node.nodes.map((inner) => predicate(inner, negated))
      return (node._tag === "And") === negated
        ? (fields) => predicates.some((holds) => holds(fields))
        : (fields) => predicates.every((holds) => holds(fields))
    }
    case "Not":
      return predicate(node.node, !negated)
    case "Match": {
      const entries = Object.entries(node.content).map(([path, value]) => ({
        read: reader(path),
        includes: inclusion(value)
      }))
      return (fields) => entries.every(({ includes, read }) => includes(read(fields))) !== negated
    }
    default: {
      const read = reader(node.field)
      const holds = negated ? fails(node) : matches(node)
      return (fields) => holds(read(fields))
    }
  }
}

type Condition = Extract<Node, { readonly field: string }>

/** Whether the value of the condition's field, `undefined` where it has none, fulfils the condition. */
const matches = (condition: Condition): (value: unknown) => boolean => {
  switch (condition._tag) {
    case "Equals":
      return (value) => value === condition.value
    case "In":
      return (value) => typeof value === "string" && condition.values.has(value)
    case "Exists":
      return (value) => value !== undefined
    case "Contains":
      return (value) => Array.isArray(value) && value.includes(condition.element)
    case "Range": {
      const inside = within(condition.bounds)
      return (value) => typeof value === "number" && inside(value)
    }
    case "Regexp":
      return (value) => typeof value === "string" && condition.pattern.test(value)
    case "Select": {
      const query = predicate(condition.query)
      return (value) => {
        const element: unknown = Array.isArray(value) ? value.at(condition.index) : undefined
        return element !== undefined && query({ value: element })
      }
    }
    case "Geo":
      return (value) => {
        const point = isTruthy(value) ? toPoint(value) : undefined
        return point !== undefined && contains(condition.shape, point)
      }
  }
}

/** Whether the value fulfils the condition's negation. */
const fails = (condition: Condition): (value: unknown) => boolean => {
  switch (condition._tag) {
    case "Range": {
      const outside = beyond(condition.bounds)
      return (value) => typeof value !== "number" || outside(value)
    }
    case "Regexp":
      return (value) => value === undefined || !condition.pattern.test(asText(value))
    case "Geo":
      return (value) => {
        if (!isTruthy(value)) {
          return true
        }
        const point = toPoint(value)
        return point !== undefined && !contains(condition.shape, point)
      }
    default: {
      const holds = matches(condition)
      return (value) => !holds(value)
    }
  }
}

/** Koncorde asks a field for a point only if its value is truthy in the sense of JavaScript. */
const isTruthy = (value: unknown): boolean => Boolean(value)

// -------------------------------------------------------------------------------------------------------------------
// range
// -------------------------------------------------------------------------------------------------------------------

/**
 * Koncorde's tree of intervals knows closed intervals only; it moves an open bound inwards by this much. Above two
 * millions that is less than a number can tell: there, on the server as here, `gt` is `gte`.
 */
const EPSILON = 1e-10

const within = ({ gt, gte, lt, lte }: Bounds): (value: number) => boolean => {
  const low = gt !== undefined ? gt + EPSILON : gte ?? -Infinity
  const high = lt !== undefined ? lt - EPSILON : lte ?? Infinity
  // Bounds closer than the epsilon have crossed; the tree exchanges them.
  const [min, max] = low <= high ? [low, high] : [high, low]
  return (value) => value >= min && value <= max
}

/** The negation is the two intervals outside, open bounds becoming closed ones and the reverse. */
const beyond = ({ gt, gte, lt, lte }: Bounds): (value: number) => boolean => {
  const low = gt ?? (gte !== undefined ? gte - EPSILON : -Infinity)
  const high = lt ?? (lte !== undefined ? lte + EPSILON : Infinity)
  return (value) => (low !== -Infinity && value <= low) || (high !== Infinity && value >= high)
}

// -------------------------------------------------------------------------------------------------------------------
// regexp
// -------------------------------------------------------------------------------------------------------------------

/** The negation of `regexp`, and only the negation, turns any value into text first. */
const asText = (value: unknown): string => {
  try {
    return String(value)
  } catch {
    // `{"toString": 1}` and arrays nested beyond the stack have no text: they are what any object is.
    return "[object Object]"
  }
}
