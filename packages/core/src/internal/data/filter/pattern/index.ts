/**
 * Matches regular expressions as the server does, with the syntax of RE2 (spec 6). RE2 differs from JavaScript in the
 * meaning of `.`, `\s`, `^` and `$`. It has `(?P<name>…)`, `\A`, `\Q…\E` and `[[:alpha:]]`, but no look-around and no
 * back-references. It takes linear time for every pattern and text. JavaScript's own engine is not used, because it
 * backtracks. A filter or a document of another user could freeze the client.
 *
 * `re2js` 2.10, a port of all of RE2, has 46 KB gzip. This module has 5.6 KB, because it only decides whether a pattern
 * matches. In a comparison of 100,000 random patterns, re2js differed from the server in two cases. It refused patterns
 * with `\C`, and found no `\B` between the bytes of a character. This module agrees with the server in both
 * (`KuzzleFilter.real.test.ts`).
 */
import * as Either from "effect/Either"
import { Matcher } from "./matcher.ts"
import { program, type Tree } from "./program.ts"
import { parse, Refused } from "./syntax.ts"

/** Whether the pattern matches anywhere in a text. */
export interface Pattern {
  readonly test: (text: string) => boolean
}

/**
 * RE2 refuses a pattern of more than 699,000 instructions (measured). A choice takes twice as many here, so the bound
 * is twice as high. RE2 also merges alternatives with a common prefix, so a pattern of many such alternatives near the
 * limit may be refused here although RE2 accepts it.
 */
const MAX_SIZE = 1_400_000

/** The long names of the general categories with RE2's short names, to which the server's binding translates them. */
const categories: ReadonlyMap<string, string> = new Map(
  [
    "Uppercase_Letter Lu,Lowercase_Letter Ll,Titlecase_Letter Lt,Modifier_Letter Lm,Other_Letter Lo,Letter L",
    "Nonspacing_Mark Mn,Spacing_Mark Mc,Enclosing_Mark Me,Mark M,Decimal_Number Nd,Letter_Number Nl,Other_Number No",
    "Number N,Connector_Punctuation Pc,Dash_Punctuation Pd,Open_Punctuation Ps,Close_Punctuation Pe",
    "Initial_Punctuation Pi,Final_Punctuation Pf,Other_Punctuation Po,Punctuation P,Math_Symbol Sm,Currency_Symbol Sc",
    "Modifier_Symbol Sk,Other_Symbol So,Symbol S,Space_Separator Zs,Line_Separator Zl,Paragraph_Separator Zp",
    "Separator Z,Control Cc,Format Cf,Surrogate Cs,Private_Use Co,Other C"
  ].flatMap((line) =>
    line.split(",").map((pair): [string, string] => {
      const [long = "", short = ""] = pair.split(" ")
      return [long, short]
    })
  )
)

/** An escape, a slash, or the beginning of a named group. */
const foreign = /\\(?:c([A-Z])|u([0-9A-Za-z]{1,4}|(?=\{))|([pP])\{([^}]{1,40})\}|[^])|\/|\(\?<(?![=!])/gu

/**
 * Translates a JavaScript pattern as the server's binding (`node-re2`) does before RE2 sees it. Like the binding, it
 * also translates inside a class and between `\Q` and `\E`.
 */
const translate = (pattern: string): string =>
  pattern.replace(foreign, (whole: string, control?: string, hex?: string, property?: string, name = "") => {
    if (whole === "/") return "\\/"
    if (whole === "(?<") return "(?P<"
    if (control !== undefined) return `\\x${(control.charCodeAt(0) - 64).toString(16).padStart(2, "0")}`
    if (hex !== undefined) return hex === "" ? "\\x" : `\\x{${hex}}`
    if (property === undefined) return whole
    return `\\${property}{${categories.get(name) ?? name.replace(/^(?:Script|sc)=(?=.)/, "")}}`
  })

/** The tree of a pattern, or the reason for refusing it. Like the server, this ignores unknown flags. */
export const treeOf = (pattern: string, flags: string): Either.Either<Tree, string> => {
  try {
    const tree = parse(translate(pattern), {
      ignoreCase: flags.includes("i"),
      multiline: flags.includes("m"),
      dotAll: flags.includes("s")
    })
    return tree.size > MAX_SIZE ? Either.left("it is too large") : Either.right(tree)
  } catch (refused) {
    if (refused instanceof Refused) {
      return Either.left(refused.issue)
    }
    throw refused
  }
}

/** Replaces the matcher during validation, so that a page that only validates filters does not include the matcher. */
export const unasked: Pattern = { test: () => false }

/** The reason why the server would refuse a pattern, or `undefined`. */
export const check = (pattern: string, flags: string): Either.Either<Pattern, string> =>
  Either.map(treeOf(pattern, flags), () => unasked)

/**
 * Compiles a pattern. Returns a text if the server would refuse it: the reason. Each text is tested from its beginning.
 * With `g` and `y`, the server continues at its position in the previous document, which is not reproduced. With `y`, a
 * match must begin at the start of the text.
 */
export const compile = (pattern: string, flags: string): Either.Either<Pattern, string> =>
  Either.map(treeOf(pattern, flags), (tree): Pattern => {
    let matcher: Matcher | undefined
    return { test: (text) => (matcher ??= new Matcher(program(tree, flags.includes("y")))).test(text) }
  })
