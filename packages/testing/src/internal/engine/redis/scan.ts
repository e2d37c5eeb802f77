/**
 * Scans, page by page. An element that exists during the whole scan is returned at least once, even if other elements
 * change meanwhile.
 *
 * The elements are ordered by a hash, and the cursor is a position in that order. So no element is skipped when others
 * are removed between two pages. Values that Redis stores in one piece are returned in one page.
 */
import { type Bytes, compare } from "./bytes.ts"
import { refuse, syntaxError } from "./errors.ts"
import { integer } from "./numbers.ts"
import { matcher } from "./pattern.ts"

interface Options {
  readonly count: number
  readonly matches: (element: Bytes) => boolean
}

const optionsOf = (args: ReadonlyArray<Bytes>): Options => {
  let options: Options = { count: 10, matches: () => true }
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i]!.toUpperCase()
    const value = args[i + 1]
    if (value === undefined) throw syntaxError()
    if (name === "MATCH") options = { ...options, matches: matcher(value) }
    else if (name === "COUNT") options = { ...options, count: integer(value) }
    else throw syntaxError()
    if (options.count < 1) throw syntaxError()
  }
  return options
}

/** FNV-1a, never 0. */
const hash = (text: Bytes): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0) + 1
}

/** The elements to scan, and whether Redis returns them in pages. */
export interface ScanSource {
  readonly elements: ReadonlyArray<Bytes>
  readonly inPages: boolean
}

/** Returns a page. If the key does not exist, the options are not checked. */
export const scan = (
  cursor: Bytes,
  args: ReadonlyArray<Bytes>,
  readElements: () => ScanSource | undefined
): readonly [cursor: Bytes, elements: ReadonlyArray<Bytes>] => {
  // A text without digits is 0, as in C.
  if (!/^\d{0,19}$/.test(cursor)) throw refuse("invalid cursor")
  const scanned = readElements()
  if (scanned === undefined) return ["0", []]
  const { count, matches } = optionsOf(args)
  if (!scanned.inPages) return ["0", scanned.elements.filter(matches)]
  const remaining = scanned.elements
    .map((element) => [hash(element), element] as const)
    .filter(([place]) => place >= Number(cursor))
    .sort(([a, nameA], [b, nameB]) => a - b || compare(nameA, nameB))
  // Elements with the same hash stay on one page.
  let end = Math.min(count, remaining.length)
  while (end < remaining.length && remaining[end]![0] === remaining[end - 1]![0]) end++
  return [String(remaining[end]?.[0] ?? 0), remaining.slice(0, end).map(([, element]) => element).filter(matches)]
}
