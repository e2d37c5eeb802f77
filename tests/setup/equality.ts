import { Equal, Option, Redacted } from "effect"
import { chai } from "vitest"

/**
 * Without this comparator, `Option.some(1)` and `Option.none()` are deeply equal for Chai, and so are any two secrets. Such an
 * assertion could not fail.
 */
const comparator = (left: unknown, right: unknown): boolean | null => {
  if (Option.isOption(left) && Option.isOption(right) && left._tag !== right._tag) return false
  if (Redacted.isRedacted(left) && Redacted.isRedacted(right)) return Equal.equals(left, right)
  return null
}

chai.config.deepEqual = (expected, actual) => chai.util.eql(expected, actual, { comparator })
