/** `sort`, by the elements themselves or by the values of other keys. */
import * as Args from "./arguments.ts"
import { type Bytes, compare } from "./bytes.ts"
import { atLeast, type Command } from "./command.ts"
import type { Database } from "./database.ts"
import { refuse, syntaxError, wrongType } from "./errors.ts"
import * as Numbers from "./numbers.ts"

interface Sorting {
  alpha: boolean
  descending: boolean
  by: Bytes | undefined
  limit: readonly [offset: number, count: number]
  readonly get: Array<Bytes>
  store: Bytes | undefined
}

const sortingOf = (args: ReadonlyArray<Bytes>): Sorting => {
  const sorting: Sorting = { alpha: false, descending: false, by: undefined, limit: [0, -1], get: [], store: undefined }
  for (let i = 0; i < args.length; i++) {
    const name = args[i]!.toUpperCase()
    const next = args[i + 1]
    if (name === "ALPHA") sorting.alpha = true
    else if (name === "ASC") sorting.descending = false
    else if (name === "DESC") sorting.descending = true
    else if (name === "LIMIT" && i + 2 < args.length) {
      sorting.limit = [Numbers.integer(next!), Numbers.integer(args[i + 2]!)]
      i += 2
    } else if (name === "BY" && next !== undefined) {
      sorting.by = next
      i++
    } else if (name === "GET" && next !== undefined) {
      sorting.get.push(next)
      i++
    } else if (name === "STORE" && next !== undefined) {
      sorting.store = next
      i++
    } else throw syntaxError()
  }
  return sorting
}

const elementsOf = (db: Database, key: Bytes): ReadonlyArray<Bytes> => {
  const value = db.find(key)
  if (value === undefined) return []
  if (value.kind === "list") return value.items
  if (value.kind === "set") return [...value.members]
  if (value.kind === "zset") return value.scores.sorted.map(([member]) => member)
  throw wrongType()
}

/**
 * Replaces the star of a pattern by an element, and returns the text, or the field of a hash, at the resulting key. The
 * pattern `#` stands for the element itself.
 */
const lookUp = (db: Database, pattern: Bytes, element: Bytes): Bytes | undefined => {
  if (pattern === "#") return element
  const star = pattern.indexOf("*")
  if (star === -1) return undefined
  const arrow = pattern.indexOf("->", star)
  const hasField = arrow !== -1 && arrow + 2 < pattern.length
  const key = pattern.slice(0, star) + element + pattern.slice(star + 1, hasField ? arrow : undefined)
  const value = db.find(key)
  if (hasField) return value?.kind === "hash" ? value.fields.get(pattern.slice(arrow + 2)) : undefined
  return value?.kind === "string" ? value.text : undefined
}

const weigh = (db: Database, elements: ReadonlyArray<Bytes>, { alpha, by }: Sorting) =>
  elements.map((element) => {
    const text = by === undefined ? element : lookUp(db, by, element)
    if (alpha) return { element, text, score: 0 }
    const score = text === undefined ? 0 : Numbers.asLooseFloat(text)
    if (score === undefined) throw refuse("One or more scores can't be converted into double")
    return { element, text, score }
  })

type Weighed = ReturnType<typeof weigh>[number]

const byText = (a: Weighed, b: Weighed): number =>
  a.text === undefined || b.text === undefined
    ? Number(a.text !== undefined) - Number(b.text !== undefined)
    : compare(a.text, b.text)

const byScore = (a: Weighed, b: Weighed): number =>
  a.score === b.score ? compare(a.element, b.element) : a.score - b.score

const ordered = (db: Database, elements: ReadonlyArray<Bytes>, sorting: Sorting): ReadonlyArray<Bytes> => {
  // With a pattern without a star, Redis does not sort.
  if (sorting.by?.includes("*") === false) return sorting.descending ? [...elements].reverse() : elements
  const order = sorting.alpha ? byText : byScore
  return weigh(db, elements, sorting)
    .sort((a, b) => sorting.descending ? order(b, a) : order(a, b))
    .map(({ element }) => element)
}

export const sort: Command = atLeast(1, Args.ofSort, (db, key, ...args) => {
  const sorting = sortingOf(args)
  const elements = ordered(db, elementsOf(db, key), sorting)
  const from = Math.max(sorting.limit[0], 0)
  const count = sorting.limit[1]
  const limited = elements.slice(from, count < 0 ? undefined : from + count)
  const results = sorting.get.length === 0
    ? limited
    : limited.flatMap((element) => sorting.get.map((pattern) => lookUp(db, pattern, element) ?? null))
  if (sorting.store === undefined) return results
  db.set(sorting.store, { kind: "list", items: results.map((item) => item ?? "") })
  db.prune(sorting.store)
  return results.length
})
