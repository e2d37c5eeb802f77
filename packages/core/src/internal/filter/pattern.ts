/**
 * The server's regular expressions are RE2's (spec 6), the runtime's are JavaScript's. This translates the first into
 * the second, so that a pattern is refused, and matches, as it does on the server: `.`, `\s`, `^` and `$` know other
 * characters there, `(?P<name>…)`, `\A`, `\z`, `\Q…\E`, `\pL` and `[[:alpha:]]` are known to RE2 only, and look-around
 * and back-references to JavaScript only.
 *
 * The result is for `test` only: it captures nothing, and does not care which of several matches is found.
 */
import * as Either from "effect/Either"

/** RE2 refuses to repeat anything more often. */
const MAX_REPEAT = 1000

/** `\s` of RE2, and everything else, as the inside of a class. */
const SPACE = "\\t\\n\\f\\r "
const NOT_SPACE = "\\0-\\x08\\x0b\\x0e-\\x1f!-\\u{10ffff}"

/** The classes of RE2 that have the same meaning in both languages, as the inside of a class. */
const PERL: { readonly [letter: string]: string } = {
  d: "0-9",
  D: "\\0-/:-\\u{10ffff}",
  s: SPACE,
  S: NOT_SPACE,
  w: "\\w",
  W: "\\W"
}

const POSIX: { readonly [name: string]: string } = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\0-\\x7f",
  blank: "\\t ",
  cntrl: "\\0-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t-\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f"
}

/** The long names of the general categories that the server's binding translates; RE2 itself knows the short ones. */
const CATEGORY = /^(?:Any|[CLMNPSZ]|C[cfnos]|L[lmotu]|M[cen]|N[dlo]|P[cdefios]|S[ckmo]|Z[lps])$/
const LONG_CATEGORY = new RegExp(
  "^(?:(?:Uppercase_|Lowercase_|Titlecase_|Modifier_|Other_)?Letter|(?:Nonspacing_|Spacing_|Enclosing_)?Mark" +
    "|(?:Decimal_|Letter_|Other_)?Number|(?:Connector_|Dash_|Open_|Close_|Initial_|Final_|Other_)?Punctuation" +
    "|(?:Math_|Currency_|Modifier_|Other_)?Symbol|(?:Space_|Line_|Paragraph_)?Separator" +
    "|Control|Format|Surrogate|Private_Use|Other)$"
)

/** What the flags that can change inside a pattern are at a place of it. */
interface Flags {
  readonly multiline: boolean
  readonly dotAll: boolean
}

interface Group {
  /** Where its text starts in the output. */
  readonly start: number
  /** The flags outside, to return to. */
  readonly outer: Flags
  /** How often the most repeated thing inside is repeated. */
  repeat: number
}

/** Thrown inside `translate` only, and caught there. */
class Refused {
  readonly issue: string
  constructor(issue: string) {
    this.issue = issue
  }
}

const refuse = (issue: string): never => {
  throw new Refused(issue)
}

const literal = (codePoint: number): string => {
  if (codePoint > 0x10ffff) {
    return refuse(`there is no character ${codePoint.toString(16)}`)
  }
  return `\\u{${codePoint.toString(16)}}`
}

class Translator {
  private readonly text: string
  private at = 0
  private readonly out: Array<string> = []
  private readonly groups: Array<Group> = []
  private readonly names = new Set<string>()
  /** What the next repetition would repeat: nothing, something, or something that is repeated already. */
  private operand: "none" | "one" | "repeated" = "none"
  private operandStart = 0
  private operandRepeat = 1
  private flags: Flags
  ignoreCase: boolean

  constructor(text: string, flags: string) {
    this.text = text
    this.flags = { multiline: flags.includes("m"), dotAll: flags.includes("s") }
    this.ignoreCase = flags.includes("i")
  }

  run(): string {
    while (this.at < this.text.length) {
      this.step()
    }
    return this.groups.length > 0 ? refuse("a ) is missing") : this.out.join("")
  }

  private step(): void {
    const rest = this.text.slice(this.at, this.at + 16)
    const char = rest.charAt(0)
    switch (char) {
      case "\\":
        return this.escape()
      case "[":
        return this.atom(this.characterClass())
      case "(":
        return this.open()
      case ")":
        return this.close()
      case "|":
        this.at++
        this.out.push("|")
        this.operand = "none"
        return
      case ".":
        this.at++
        return this.atom(this.flags.dotAll ? "[^]" : "[^\\n]")
      case "^":
        this.at++
        return this.atom(this.flags.multiline ? "(?:(?<![^\\n]))" : "(?:^)")
      case "$":
        this.at++
        return this.atom(this.flags.multiline ? "(?:(?![^\\n]))" : "(?:$)")
      case "*":
      case "+":
      case "?":
        this.at++
        return this.repeat(char, 1)
      case "{": {
        const counts = /^\{(\d+)(?:(,)(\d*))?\}/.exec(rest)
        if (counts === null) {
          // RE2 takes a brace that opens no repetition for itself.
          return this.character()
        }
        this.at += counts[0].length
        const min = Number(counts[1])
        const max = counts[2] === undefined || counts[3] === "" ? min : Number(counts[3])
        if (min > MAX_REPEAT || max > MAX_REPEAT || max < min) {
          return refuse(`the repetition ${counts[0]} is out of bounds (at most ${MAX_REPEAT} times, in order)`)
        }
        return this.repeat(counts[0], Math.max(min, max, 1))
      }
      default:
        return this.character()
    }
  }

  private character(): void {
    const codePoint = this.next()
    this.atom(literal(codePoint))
  }

  private next(): number {
    const codePoint = this.text.codePointAt(this.at) ?? refuse("it ends too early")
    this.at += codePoint > 0xffff ? 2 : 1
    return codePoint
  }

  private atom(translated: string, repeat = 1, start = this.out.length): void {
    this.operandStart = start
    this.operandRepeat = repeat
    this.operand = "one"
    this.out.push(translated)
    this.noteRepeat(repeat)
  }

  private noteRepeat(repeat: number): void {
    const group = this.groups.at(-1)
    if (group !== undefined && repeat > group.repeat) {
      group.repeat = repeat
    }
  }

  private repeat(operator: string, times: number): void {
    if (this.operand === "none") {
      return refuse(`there is nothing before ${operator} to repeat`)
    }
    if (this.operand === "repeated") {
      return refuse(`${operator} repeats a repetition`)
    }
    const total = this.operandRepeat * times
    if (total > MAX_REPEAT) {
      return refuse(`it repeats something ${total} times (at most ${MAX_REPEAT})`)
    }
    this.operand = "repeated"
    this.out.push(operator)
    this.noteRepeat(total)
    if (this.text[this.at] === "?") {
      this.at++
      this.out.push("?")
    }
  }

  // -----------------------------------------------------------------------------------------------------------------
  // groups
  // -----------------------------------------------------------------------------------------------------------------

  private open(): void {
    const rest = this.text.slice(this.at)
    if (/^\(\?<?[=!]/.test(rest)) {
      return refuse("look-around is not known to the server")
    }
    const name = /^\(\?P?<([\p{L}\p{N}\p{M}_]+)>/u.exec(rest)
    if (name !== null) {
      if (this.names.has(name[1] ?? "")) {
        return refuse(`the group ${name[1]} exists twice`)
      }
      this.names.add(name[1] ?? "")
      this.at += name[0].length
      return this.enter(this.flags)
    }
    if (!rest.startsWith("(?")) {
      this.at++
      return this.enter(this.flags)
    }
    const inline = /^\(\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest)
    if (inline === null || (inline[0] === "(?)")) {
      return refuse("the server knows the groups (…), (?:…), (?<name>…), (?P<name>…) and the flags (?imsU-imsU) only")
    }
    const [whole, on = "", off = "", end] = inline
    const flags = {
      multiline: (this.flags.multiline || on.includes("m")) && !off.includes("m"),
      dotAll: (this.flags.dotAll || on.includes("s")) && !off.includes("s")
    }
    const ignoreCase = (this.ignoreCase || on.includes("i")) && !off.includes("i")
    if (ignoreCase !== this.ignoreCase) {
      // JavaScript knows this flag for a whole pattern only.
      if (this.at > 0 || end === ":") {
        return refuse("the flag i is supported for the whole pattern only: write {value, flags: \"i\"}")
      }
      this.ignoreCase = ignoreCase
    }
    this.at += whole.length
    if (end === ":") {
      return this.enter(flags)
    }
    // `(?s)` holds until its group ends. What stands before it can still be repeated behind it, even once more.
    this.flags = flags
    if (this.operand === "repeated") {
      this.out.splice(this.operandStart, 0, "(?:")
      this.out.push(")")
      this.operand = "one"
    }
  }

  private enter(flags: Flags): void {
    this.groups.push({ start: this.out.length, outer: this.flags, repeat: 1 })
    this.flags = flags
    this.out.push("(?:")
    this.operand = "none"
  }

  private close(): void {
    const group = this.groups.pop() ?? refuse("a ( is missing")
    this.at++
    this.flags = group.outer
    this.atom(")", group.repeat, group.start)
  }

  // -----------------------------------------------------------------------------------------------------------------
  // escapes
  // -----------------------------------------------------------------------------------------------------------------

  private escape(): void {
    const rest = this.text.slice(this.at)
    const letter = rest.charAt(1)
    if (letter === "Q") {
      const end = this.text.indexOf("\\E", this.at + 2)
      const quoted = this.text.slice(this.at + 2, end < 0 ? undefined : end)
      this.at = end < 0 ? this.text.length : end + 2
      for (const char of quoted) {
        this.atom(literal(char.codePointAt(0) ?? 0))
      }
      return
    }
    const assertion = { A: "(?:^)", z: "(?:$)", b: "(?:\\b)", B: "(?:\\B)", C: "[^]" }[letter]
    // With the flag m, `^` is written otherwise, so that here `^` and `$` are the ends of the text.
    if (assertion !== undefined) {
      this.at += 2
      return this.atom(assertion)
    }
    const several = this.classEscape()
    this.atom(several === undefined ? literal(this.characterEscape()) : oneOf([several], false))
  }

  /** `\d`, `\pL` …: several characters, as the inside of a class. */
  private classEscape(): string | undefined {
    const letter = this.text.charAt(this.at + 1)
    const perl = Object.hasOwn(PERL, letter) ? PERL[letter] : undefined
    if (perl !== undefined) {
      this.at += 2
      return perl
    }
    if (letter !== "p" && letter !== "P") {
      return undefined
    }
    const property = /^\\[pP](?:\{(\^?)([^}]*)\}|(.))/su.exec(this.text.slice(this.at)) ??
      refuse("it ends within a character class")
    this.at += property[0].length
    const name = property[2] ?? property[3] ?? ""
    const positive = (letter === "p") !== (property[1] === "^")
    const script = name.replace(/^(?:Script|sc)=/, "")
    const expression = CATEGORY.test(name) || LONG_CATEGORY.test(name) ? name : `Script=${script}`
    const translated = `\\${positive ? "p" : "P"}{${expression}}`
    if (compile(translated, "u") === undefined) {
      return refuse(`there is no class of characters ${property[0]}`)
    }
    return translated
  }

  /** `\n`, `\x41`, `\-` …: one character. */
  private characterEscape(): number {
    const rest = this.text.slice(this.at)
    const numeric = /^\\(?:x\{([0-9a-fA-F]{1,8})\}|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,8})\}|u([0-9a-fA-F]{1,4}))/
      .exec(rest)
    if (numeric !== null) {
      this.at += numeric[0].length
      return Number.parseInt(numeric[1] ?? numeric[2] ?? numeric[3] ?? numeric[4] ?? "", 16)
    }
    const octal = /^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)
    if (octal !== null) {
      this.at += octal[0].length
      return Number.parseInt(octal[1] ?? "", 8)
    }
    const control = /^\\c([A-Z])/.exec(rest)
    if (control !== null) {
      this.at += 3
      return (control[1] ?? "").charCodeAt(0) - 64
    }
    const letter = rest.charAt(1)
    const code = { a: 7, t: 9, n: 10, v: 11, f: 12, r: 13 }[letter]
    if (code !== undefined) {
      this.at += 2
      return code
    }
    if (/^[!-/:-@[-`{-~ \0-\x1f\x7f]$/.test(letter)) {
      this.at += 2
      return letter.charCodeAt(0)
    }
    if (/^(?:[1-9]|k)$/.test(letter)) {
      return refuse("back-references are not known to the server")
    }
    return refuse(letter === "" ? "it ends with a backslash" : `the escape \\${letter} is not known to the server`)
  }

  // -----------------------------------------------------------------------------------------------------------------
  // classes
  // -----------------------------------------------------------------------------------------------------------------

  private characterClass(): string {
    const start = this.at
    this.at++
    const negated = this.text[this.at] === "^"
    if (negated) {
      this.at++
    }
    const out: Array<string> = []
    const unclosed = (): never => refuse(`the class ${this.text.slice(start, start + 20)} has no ]`)
    for (let first = true; first || this.text[this.at] !== "]"; first = false) {
      if (this.at >= this.text.length) {
        return unclosed()
      }
      const posix = /^\[:(\^?)([^\]]*?):\]/.exec(this.text.slice(this.at))
      if (posix !== null) {
        const name = posix[2] ?? ""
        const inside = Object.hasOwn(POSIX, name) ? POSIX[name] : undefined
        if (inside === undefined) {
          return refuse(`there is no class of characters ${posix[0]}`)
        }
        out.push(posix[1] === "^" ? complement(inside) : inside)
        this.at += posix[0].length
        continue
      }
      const several = this.text[this.at] === "\\" ? this.classEscape() : undefined
      if (several !== undefined) {
        out.push(several)
        continue
      }
      const low = this.classCharacter()
      if (this.text[this.at] === "-" && this.at + 1 < this.text.length && this.text[this.at + 1] !== "]") {
        this.at++
        const high = this.classCharacter()
        if (high < low) {
          return refuse(`the range ${this.text.slice(start, this.at)} ends before it starts`)
        }
        out.push(`${literal(low)}-${literal(high)}`)
      } else {
        out.push(literal(low))
      }
    }
    this.at++
    return oneOf(out, negated)
  }

  private classCharacter(): number {
    return this.text[this.at] === "\\" ? this.characterEscape() : this.next()
  }
}

/**
 * A class of these parts. `\P{Lu}` stands for itself, as `[^\p{Lu}]`: without regard to case the two differ, and RE2
 * means the second.
 */
const oneOf = (parts: ReadonlyArray<string>, negated: boolean): string => {
  const complements = parts.filter((part) => part.startsWith("\\P")).map((part) => `[^\\p${part.slice(2)}]`)
  const inside = parts.filter((part) => !part.startsWith("\\P")).join("")
  if (complements.length === 0) {
    return `[${negated ? "^" : ""}${inside}]`
  }
  const alternatives = `(?:${[...(inside === "" ? [] : [`[${inside}]`]), ...complements].join("|")})`
  return negated ? `(?:(?!${alternatives})[^])` : alternatives
}

/** What a POSIX class does not hold: all of them are ranges of ASCII. */
const complement = (inside: string): string => {
  const holds = new RegExp(`[${inside}]`, "u")
  const others: Array<string> = ["\\x80-\\u{10ffff}"]
  for (let code = 0; code < 0x80; code++) {
    if (!holds.test(String.fromCharCode(code))) {
      others.push(literal(code))
    }
  }
  return others.join("")
}

const compile = (source: string, flags: string): RegExp | undefined => {
  try {
    return new RegExp(source, flags)
  } catch {
    // The only way to ask the runtime: `undefined` is its refusal, and the callers report it.
    return undefined
  }
}

/**
 * The pattern as a JavaScript one, or why the server would refuse it. Flags that it does not know it ignores; `g` would
 * make it remember the last document, and is ignored here.
 */
export const translate = (pattern: string, flags: string): Either.Either<RegExp, string> => {
  try {
    const translator = new Translator(pattern, flags)
    const source = translator.run()
    const compiled = compile(source, `u${translator.ignoreCase ? "i" : ""}${flags.includes("y") ? "y" : ""}`)
    return compiled === undefined ? Either.left("it is too large") : Either.right(compiled)
  } catch (refused) {
    if (refused instanceof Refused) {
      return Either.left(refused.issue)
    }
    throw refused
  }
}
