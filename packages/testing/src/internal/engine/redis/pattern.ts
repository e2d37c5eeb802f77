/** The patterns of keys: `*`, `?`, `[a-e]`, `[^x]`, `\` before a literal character. */
import { any, matchesParts, type Part } from "../glob.ts"
import type { Bytes } from "./bytes.ts"

/** Redis reads a class without its end as if it ended with the pattern. */
const readClass = (pattern: Bytes, from: number): readonly [part: Part, next: number] => {
  const negated = pattern[from] === "^"
  const tests: Array<(byte: string) => boolean> = []
  let i = negated ? from + 1 : from
  for (; i < pattern.length && pattern[i] !== "]"; i++) {
    const byte = pattern[i]!
    if (byte === "\\" && i + 1 < pattern.length) {
      const escaped = pattern[++i]!
      tests.push((b) => b === escaped)
    } else if (pattern[i + 1] === "-" && i + 2 < pattern.length) {
      const end = pattern[i + 2]!
      const [low, high] = byte < end ? [byte, end] : [end, byte]
      tests.push((b) => b >= low && b <= high)
      i += 2
    } else {
      tests.push((b) => b === byte)
    }
  }
  return [(byte) => tests.some((test) => test(byte)) !== negated, i + 1]
}

const read = (pattern: Bytes): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  for (let i = 0; i < pattern.length;) {
    const byte = pattern[i]!
    if (byte === "*") {
      if (parts.at(-1) !== "*") parts.push("*")
      i++
    } else if (byte === "?") {
      parts.push(any)
      i++
    } else if (byte === "[") {
      const [part, next] = readClass(pattern, i + 1)
      parts.push(part)
      i = next
    } else {
      const literal = byte === "\\" && i + 1 < pattern.length ? pattern[++i]! : byte
      parts.push((b) => b === literal)
      i++
    }
  }
  return parts
}

/** Whether a text matches. */
export const matcher = (pattern: Bytes): (text: Bytes) => boolean => {
  const parts = read(pattern)
  return (text) => matchesParts(parts, text)
}
