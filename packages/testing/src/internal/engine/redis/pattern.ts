/**
 * The patterns of keys: `*`, `?`, `[a-e]`, `[^x]`, `\` before what stands for itself.
 */
import type { Bytes } from "./bytes.ts"

type Part = "*" | { readonly takes: (byte: string) => boolean }

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
      const other = pattern[i + 2]!
      const [low, high] = byte < other ? [byte, other] : [other, byte]
      tests.push((b) => b >= low && b <= high)
      i += 2
    } else {
      tests.push((b) => b === byte)
    }
  }
  return [{ takes: (byte) => tests.some((test) => test(byte)) !== negated }, i + 1]
}

const read = (pattern: Bytes): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  for (let i = 0; i < pattern.length;) {
    const byte = pattern[i]!
    if (byte === "*") {
      if (parts.at(-1) !== "*") parts.push("*")
      i++
    } else if (byte === "?") {
      parts.push({ takes: () => true })
      i++
    } else if (byte === "[") {
      const [part, next] = readClass(pattern, i + 1)
      parts.push(part)
      i = next
    } else {
      const literal = byte === "\\" && i + 1 < pattern.length ? pattern[++i]! : byte
      parts.push({ takes: (b) => b === literal })
      i++
    }
  }
  return parts
}

/** Whether a text fits; in time that grows with the product of both lengths at most. */
export const matcher = (pattern: Bytes): (text: Bytes) => boolean => {
  const parts = read(pattern)
  return (text) => {
    let part = 0
    let star = -1
    let resume = 0
    let i = 0
    while (i < text.length) {
      const current = parts[part]
      if (current === "*") {
        star = part++
        resume = i
      } else if (current !== undefined && current.takes(text[i]!)) {
        part++
        i++
      } else if (star >= 0) {
        part = star + 1
        i = ++resume
      } else {
        return false
      }
    }
    while (parts[part] === "*") part++
    return part === parts.length
  }
}
