/**
 * The set of characters that one position of a pattern accepts: a literal, `.`, `[a-z]`, `\pL` …
 *
 * JavaScript's own classes decide about one character at a time, so this package contains no Unicode tables. When case
 * is ignored, RE2 and JavaScript both use simple case folding. Characters newer than the server's Unicode version (15
 * in Kuzzle 2.56) belong to the classes of the runtime's version.
 */

/** The content of a JavaScript class, or its complement. */
export interface Part {
  readonly source: string
  readonly negated: boolean
}

export interface Characters {
  /** Classes with the same key accept the same characters. */
  readonly key: string
  readonly has: (char: number) => boolean
}

export const literal = (char: number): string => `\\u{${char.toString(16)}}`

/** Everything except a line feed, the only line break that RE2 knows. */
export const notNewline: ReadonlyArray<Part> = [{ source: "\\n", negated: true }]
export const anything: ReadonlyArray<Part> = [{ source: "", negated: true }]

const part = (source: string, negated = false): Part => ({ source, negated })

/** `\d`, `\s`, `\w` and their negations. In RE2 they consider ASCII only, and `\s` does not match a vertical tab. */
export const perl: ReadonlyMap<string, Part> = new Map([
  ["d", part("0-9")],
  ["D", part("0-9", true)],
  ["s", part("\\t\\n\\f\\r ")],
  ["S", part("\\t\\n\\f\\r ", true)],
  ["w", part("0-9A-Za-z_")],
  ["W", part("0-9A-Za-z_", true)]
])

/** The POSIX classes, by the name between `[:` and `:]`. */
export const posix: ReadonlyMap<string, string> = new Map([
  ["alnum", "0-9A-Za-z"],
  ["alpha", "A-Za-z"],
  ["ascii", "\\0-\\x7f"],
  ["blank", "\\t "],
  ["cntrl", "\\0-\\x1f\\x7f"],
  ["digit", "0-9"],
  ["graph", "!-~"],
  ["lower", "a-z"],
  ["print", " -~"],
  ["punct", "!-\\/:-@\\[-`\\{-~"],
  ["space", "\\t-\\r "],
  ["upper", "A-Z"],
  ["word", "0-9A-Za-z_"],
  ["xdigit", "0-9A-Fa-f"]
])

const category = /^(?:[LMNPSZ]|C[cfos]|L[lmotu]|M[cen]|N[dlo]|P[cdefios]|S[ckmo]|Z[lps])$/

/** The scripts whose names have four letters. JavaScript also accepts script codes, which all have four letters. */
const shortScript = /^(?:Ahom|Cham|Kawi|Lisu|Miao|Modi|Newa|Thai|Toto)$/

/** The content of a JavaScript class for RE2's `\p{name}`, or `undefined` if RE2 has no such class. */
export const unicode = (name: string): string | undefined => {
  if (name === "Any") return "\\0-\\u{10ffff}"
  // In RE2's tables, unassigned code points have no category.
  if (name === "C") return "\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}"
  if (category.test(name)) return `\\p{${name}}`
  const source = `\\p{Script=${name}}`
  const isName = name.length !== 4 ? name !== "Unknown" : shortScript.test(name)
  return isName && isKnown(source) ? source : undefined
}

/** Whether the runtime knows the script: if not, it refuses the pattern. */
const isKnown = (source: string): boolean => {
  try {
    new RegExp(`[${source}]`, "u")
    return true
  } catch {
    return false
  }
}

/** The characters of a class that consists of these parts. */
export const characters = (parts: ReadonlyArray<Part>, negated: boolean, ignoreCase: boolean): Characters => {
  const union = parts.filter((part) => !part.negated).map(({ source }) => source).join("")
  const complements = parts.filter((part) => part.negated).map(({ source }) => source)
  const flags = ignoreCase ? "iu" : "u"
  let tests: ReadonlyArray<(text: string) => boolean> | undefined
  return {
    key: JSON.stringify([flags, negated, union, ...complements]),
    has: (char) => {
      // Compiled on first use: a pattern may be validated without ever being used.
      tests ??= [
        ...(union === "" ? [] : [test(union, flags)]),
        // A negated class `[^…]` is not used, because JavaScript's differ from RE2's when case is ignored.
        ...complements.map((source) => {
          const inside = test(source, flags)
          return (text: string) => !inside(text)
        })
      ]
      const text = String.fromCodePoint(char)
      return tests.some((holds) => holds(text)) !== negated
    }
  }
}

const test = (source: string, flags: string): (text: string) => boolean => {
  const expression = new RegExp(`[${source}]`, flags)
  return (text) => expression.test(text)
}

/** A single character. If case is ignored, it matches in upper and lower case. */
export const character = (char: number, ignoreCase: boolean): Characters =>
  ignoreCase
    ? characters([part(literal(char))], false, true)
    : { key: String(char), has: (other) => other === char }
