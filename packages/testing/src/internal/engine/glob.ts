/**
 * Patterns of `*` and of single characters: Redis's keys, Elasticsearch's wildcards. They are not compiled to regular
 * expressions, where each `*` multiplies the time. Here the time is at most the product of both lengths.
 */

import { error } from "./errors.ts"

/** Any number of characters, or one character that passes the test. */
export type Part = "*" | ((char: string) => boolean)

export const any: Part = () => true

/** Steps that one request may take: less than a second. Usually a text takes as many as it has characters. */
const maxSteps = 20_000_000

let steps = 0

/** Resets the count of steps. Called before each request. */
export const begin = (): void => {
  steps = 0
}

/** Whether a text, given by its characters, matches the parts. */
export const fits = (parts: ReadonlyArray<Part>, text: ArrayLike<string>): boolean => {
  let part = 0
  let star = -1
  let resume = 0
  let i = 0
  while (i < text.length) {
    if (++steps > maxSteps) {
      throw error("testing.engine.not_implemented", `patterns that take more than ${maxSteps} steps to match`)
    }
    const current = parts[part]
    if (current === "*") {
      star = part++
      resume = i
    } else if (current !== undefined && current(text[i]!)) {
      part++
      i++
    } else if (star >= 0) {
      // Backtracking to the last `*` is enough: the shortest match of the earlier ones leaves the most to those behind
      // them.
      part = star + 1
      i = ++resume
    } else {
      return false
    }
  }
  while (parts[part] === "*") part++
  return part === parts.length
}
