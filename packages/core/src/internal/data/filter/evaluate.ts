/**
 * Compiles a filter into a predicate on documents, as Koncorde evaluates it.
 *
 * Koncorde transforms a filter into a disjunction of conjunctions of conditions. It has one matcher for a condition and
 * another for its negation. The two are not always opposites. If a value is not a point, neither a geographic condition
 * nor its negation matches. Values within `1e-10` of a bound match both or neither. So this module also pushes `not`
 * down to the conditions (negation normal form).
 */
import { type Fields, reader } from "./field.ts"
import { contains, toPoint } from "./geo.ts"
import { inclusion } from "./inclusion.ts"
import type { Bounds, Node } from "./node.ts"

type Predicate = (fields: Fields) => boolean

/** Compiles a node. No document causes any parsing. */
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

/** Whether the value of the condition's field matches the condition. A missing value is `undefined`. */
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

/** Whether the value matches the condition's negation. */
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

/** Koncorde reads a point from a field only if its value is truthy in JavaScript. */
const isTruthy = (value: unknown): boolean => Boolean(value)

// -------------------------------------------------------------------------------------------------------------------
// range
// -------------------------------------------------------------------------------------------------------------------

/**
 * Koncorde's interval tree supports only closed intervals, so it moves an open bound inwards by this amount. Above two
 * million the amount is lost in rounding: `gt` is then the same as `gte`, on the server and here.
 */
const EPSILON = 1e-10

const within = ({ gt, gte, lt, lte }: Bounds): (value: number) => boolean => {
  const low = gt !== undefined ? gt + EPSILON : gte ?? -Infinity
  const high = lt !== undefined ? lt - EPSILON : lte ?? Infinity
  // Bounds that are closer than the epsilon have crossed, and the tree swaps them.
  const [min, max] = low <= high ? [low, high] : [high, low]
  return (value) => value >= min && value <= max
}

/** The negation of a range: the two intervals outside it. Open bounds become closed, and closed bounds become open. */
const beyond = ({ gt, gte, lt, lte }: Bounds): (value: number) => boolean => {
  const low = gt ?? (gte !== undefined ? gte - EPSILON : -Infinity)
  const high = lt ?? (lte !== undefined ? lte + EPSILON : Infinity)
  return (value) => (low !== -Infinity && value <= low) || (high !== Infinity && value >= high)
}

// -------------------------------------------------------------------------------------------------------------------
// regexp
// -------------------------------------------------------------------------------------------------------------------

/** The text of any value. Only the negation of `regexp` matches values that are not text. */
const asText = (value: unknown): string => {
  try {
    return String(value)
  } catch {
    // `{"toString": 1}` and arrays that are nested too deep for the stack cannot be converted. They count as the text
    // of a plain object.
    return "[object Object]"
  }
}
