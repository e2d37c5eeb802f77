/**
 * Pieces of TypeScript.
 */
import { isObject } from "../../engine/json.ts"

/** Indents all lines but the first. Texts in JSON contain no line breaks, so no text is changed. */
const indent = (text: string): string => text.replaceAll("\n", "\n  ")

const plainName = /^[A-Za-z_$][\w$]*$/

/** The name of a member. `__proto__` in another form would set the prototype. */
export const key = (name: string): string =>
  name === "__proto__" ? `["__proto__"]` : plainName.test(name) ? name : JSON.stringify(name)

/** An object or a call with one line for each of its parts. A single short part stays on the first line. */
export const block = (open: string, parts: ReadonlyArray<string>, close: string): string => {
  const [only = "", ...others] = parts
  if (others.length === 0 && only.length <= 80 && !only.includes("\n")) {
    const space = only !== "" && open.endsWith("{") ? " " : ""
    return `${open}${space}${only}${space}${close}`
  }
  return `${open}\n  ${parts.map(indent).join(",\n  ")}\n${close}`
}

/** A value of JSON. */
export const literal = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`
  if (!isObject(value)) return JSON.stringify(value) ?? "undefined"
  const members = Object.entries(value).map(([name, member]) => `${key(name)}: ${literal(member)}`)
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`
}

/** A comment for the following code. The end of a comment in its text is changed, so that it does not end this one. */
export const comment = (line: string): string =>
  `/** ${line.replaceAll("*/", "* /").replace(/[\n\r\u2028\u2029]+/g, " ")} */`

// -------------------------------------------------------------------------------------------------------------------
// names
// -------------------------------------------------------------------------------------------------------------------

/** Names that are reserved or imported, so constants cannot have them. */
const reserved =
  "abstract arguments as async await boolean break case catch class const continue debugger default delete do else " +
  "enum eval export exports extends false finally for from function if implements import in instanceof interface let " +
  "module new null number object of package private protected public require return static string super switch symbol " +
  "this throw true try type typeof undefined unknown var void while with yield any never bigint " +
  "Object Promise Schema KuzzleAction KuzzleMappings KuzzleRepository oneOrMany"

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

/** The name of a type from names such as `yellow-taxi`: `YellowTaxi`. */
export const pascal = (...names: ReadonlyArray<string>): string => {
  const words = names.flatMap((name) => name.match(/[\p{L}\p{Nl}\p{Nd}$]+/gu) ?? [])
  const name = words.map(capital).join("")
  return /^[\p{L}\p{Nl}$]/u.test(name) ? name : `_${name}`
}

/** The name of a value from names such as `yellow-taxi`: `yellowTaxi`. */
export const camel = (...names: ReadonlyArray<string>): string => {
  const name = pascal(...names)
  return name.charAt(0).toLowerCase() + name.slice(1)
}

/** Assigns the names of one file, each only once. */
export class Names {
  private readonly taken = new Set(reserved.split(" "))

  /** The name, with a number if it is taken. */
  take(name: string): string {
    let free = name
    for (let number = 2; this.taken.has(free); number++) free = `${name}${/\d$/.test(name) ? "_" : ""}${number}`
    this.taken.add(free)
    return free
  }
}
