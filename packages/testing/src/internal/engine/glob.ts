/**
 * Patterns of `*` and single characters, for the keys of Redis and the wildcards of Elasticsearch. They are not
 * compiled to regular expressions, in which each `*` multiplies the time. Here the time is at most the product of both
 * lengths.
 */

import { error } from "./errors.ts"

/** Any number of characters, or one character that passes the test. */
export type Part = "*" | ((char: string) => boolean)

export const any: Part = () => true

/** How many steps one request may take, in less than a second. Usually a text takes one step for each character. */
const maxSteps = 20_000_000

let steps = 0

/** Resets the count of steps. Called before each request. */
export const resetSteps = (): void => {
  steps = 0
}

/** Whether the characters of a text match the parts of a pattern. */
export const matchesParts = (parts: ReadonlyArray<Part>, text: ArrayLike<string>): boolean => {
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
      // Backtracking to the last `*` is enough: if each earlier `*` matches as little as possible, the most text
      // remains.
      part = star + 1
      i = ++resume
    } else {
      return false
    }
  }
  while (parts[part] === "*") part++
  return part === parts.length
}
