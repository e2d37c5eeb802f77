/**
 * Bounds of sorted sets: by score, and by the bytes of the members.
 */
import { type Bytes, compare } from "./bytes.ts"
import { refuse } from "./errors.ts"
import { asLooseFloat } from "./numbers.ts"

/** Whether a member lies within the bounds. */
export type Within = (score: number, member: Bytes) => boolean

const scoreBound = (text: Bytes): readonly [score: number, excluded: boolean] => {
  const excluded = text.startsWith("(")
  const score = asLooseFloat(excluded ? text.slice(1) : text)
  if (score === undefined) throw refuse("min or max is not a float")
  return [score, excluded]
}

export const byScore = (min: Bytes, max: Bytes): Within => {
  const [low, withoutLow] = scoreBound(min)
  const [high, withoutHigh] = scoreBound(max)
  return (score) => (withoutLow ? score > low : score >= low) && (withoutHigh ? score < high : score <= high)
}

type LexBound = "-" | "+" | { readonly member: Bytes; readonly excluded: boolean }

const lexBound = (text: Bytes): LexBound => {
  if (text === "-" || text === "+") return text
  if (text.startsWith("(")) return { member: text.slice(1), excluded: true }
  if (text.startsWith("[")) return { member: text.slice(1), excluded: false }
  throw refuse("min or max not valid string range item")
}

/** Whether a member is above (1) or below (-1) a bound. It may equal a bound that is not excluded. */
const isBeyond = (member: Bytes, bound: LexBound, side: 1 | -1): boolean => {
  if (bound === "-") return side === 1
  if (bound === "+") return side === -1
  const order = compare(member, bound.member) * side
  return bound.excluded ? order > 0 : order >= 0
}

export const byLex = (min: Bytes, max: Bytes): Within => {
  const [low, high] = [lexBound(min), lexBound(max)]
  return (_, member) => isBeyond(member, low, 1) && isBeyond(member, high, -1)
}
