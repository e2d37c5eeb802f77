import { Equal, Option, Redacted } from "effect"
import { chai } from "vitest"

/**
 * Without this comparator, Chai takes `Option.some(1)` and `Option.none()` for deeply equal, and any two secrets, too. An
 * assertion of equality could not fail.
 */
const comparator = (left: unknown, right: unknown): boolean | null => {
  if (Option.isOption(left) && Option.isOption(right) && left._tag !== right._tag) return false
  if (Redacted.isRedacted(left) && Redacted.isRedacted(right)) return Equal.equals(left, right)
  return null
}

chai.config.deepEqual = (expected, actual) => chai.util.eql(expected, actual, { comparator })
