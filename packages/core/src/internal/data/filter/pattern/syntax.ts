/**
 * Parses a pattern of RE2 into a tree. The order of decisions follows RE2's `parse.cc`, so that patterns are read and
 * refused exactly as on the server.
 */
import {
  anything,
  character,
  type Characters,
  characters,
  literal,
  notNewline,
  type Part,
  perl,
  posix,
  unicode
} from "./characters.ts"
import { assert, Assertion, byte, choice, counted, one, repeat, sequence, type Tree } from "./program.ts"

/** The largest repetition that RE2 accepts. The counts of nested repetitions are multiplied. */
const MAX_REPEAT = 1000

/** How deep groups may be nested. Compiling uses one stack frame per level. */
const MAX_DEPTH = 1000

/** Thrown by the parser and caught by `compile` in `index.ts`. */
export class Refused {
  readonly issue: string
  constructor(issue: string) {
    this.issue = issue
  }
}

const refuse = (issue: string): never => {
  throw new Refused(issue)
}

/** The flags that can change within a pattern. */
export interface Flags {
  readonly ignoreCase: boolean
  readonly multiline: boolean
  readonly dotAll: boolean
}

/** An open group, or the whole pattern. */
interface Group {
  /** The flags outside the group, to be restored at its end. */
  readonly outer: Flags
  readonly alternatives: Array<Tree>
  sequence: Array<Tree>
}

const assertions: ReadonlyMap<string, Tree> = new Map([
  ["A", assert(Assertion.startOfText)],
  ["z", assert(Assertion.endOfText)],
  ["b", assert(Assertion.wordBoundary)],
  ["B", assert(Assertion.noWordBoundary)],
  ["C", byte]
])

const controls: ReadonlyMap<string, number> = new Map([["a", 7], ["t", 9], ["n", 10], ["v", 11], ["f", 12], ["r", 13]])

/** Tokens, each matched at the position of the parser. */
const token = {
  counts: /\{(0|[1-9]\d{0,8})(?:(,)(0|[1-9]\d{0,8})?)?\}/y,
  lookAround: /\(\?<?[=!]/y,
  named: /\(\?P?<([\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]+)>/uy,
  inline: /\(\?([imsU]*)(?:-([imsU]+))?([:)])/y,
  property: /\\[pP](?:\{(\^?)([^}]*)\}|(?!\{)(.))/suy,
  hexadecimal: /\\x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/y,
  octal: /\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/y,
  posix: /\[:(\^?)(\w+):\]/y
}

class Parser {
  private readonly text: string
  private at = 0
  private flags: Flags
  private readonly groups: Array<Group> = []
  private group: Group
  private readonly names = new Set<string>()
  /** Whether the last token was a repetition. */
  private repeated = false
  /** The position of the last `:]` in the pattern. Computed once, not at each `[:`. */
  private readonly lastPosixEnd: number

  constructor(text: string, flags: Flags) {
    this.text = text
    this.lastPosixEnd = text.lastIndexOf(":]")
    this.flags = flags
    this.group = { outer: flags, alternatives: [], sequence: [] }
  }

  run(): Tree {
    while (this.at < this.text.length) {
      const before = this.repeated
      this.repeated = false
      this.step(before)
    }
    return this.groups.length > 0 ? refuse("a ) is missing") : this.whole()
  }

  private step(repeated: boolean): void {
    const char = this.text.charAt(this.at)
    switch (char) {
      case "\\":
        return this.escape()
      case "[":
        return this.take(this.characterClass())
      case "(":
        return this.open()
      case ")":
        return this.close()
      case "|":
        this.at++
        this.group.alternatives.push(sequence(this.group.sequence))
        this.group.sequence = []
        return
      case ".":
        this.at++
        return this.take(characters(this.flags.dotAll ? anything : notNewline, false, false))
      case "^":
        this.at++
        return this.push(assert(this.flags.multiline ? Assertion.startOfLine : Assertion.startOfText))
      case "$":
        this.at++
        return this.push(assert(this.flags.multiline ? Assertion.endOfLine : Assertion.endOfText))
      case "*":
        return this.repeat(char, repeated, (tree) => repeat(tree, 0, Infinity))
      case "+":
        return this.repeat(char, repeated, (tree) => repeat(tree, 1, Infinity))
      case "?":
        return this.repeat(char, repeated, (tree) => repeat(tree, 0, 1))
      case "{": {
        const counts = this.match(token.counts)
        // RE2 reads a brace that opens no repetition as a literal.
        return counts === undefined ? this.take(this.literal(this.next())) : this.count(counts, repeated)
      }
      default:
        return this.take(this.literal(this.next()))
    }
  }

  /** The match of a token at the current position, without advancing. */
  private peek(token: RegExp): RegExpExecArray | undefined {
    token.lastIndex = this.at
    return token.exec(this.text) ?? undefined
  }

  private match(token: RegExp): RegExpExecArray | undefined {
    const tokenMatch = this.peek(token)
    this.at += tokenMatch?.[0].length ?? 0
    return tokenMatch
  }

  private next(): number {
    const codePoint = this.text.codePointAt(this.at) ?? refuse("it ends too early")
    this.at += codePoint > 0xffff ? 2 : 1
    return codePoint
  }

  private literal(char: number): Characters {
    return character(char, this.flags.ignoreCase)
  }

  private take(characters: Characters): void {
    this.push(one(characters))
  }

  private push(tree: Tree): void {
    this.group.sequence.push(tree)
  }

  private whole(): Tree {
    return choice([...this.group.alternatives, sequence(this.group.sequence)])
  }

  // -----------------------------------------------------------------------------------------------------------------
  // repetitions
  // -----------------------------------------------------------------------------------------------------------------

  private count(counts: RegExpExecArray, repeated: boolean): void {
    const [operator, from, comma, to] = counts
    const min = Number(from)
    const max = comma === undefined ? min : to === undefined ? Infinity : Number(to)
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max < Infinity) || max < min) {
      return refuse(`the repetition ${operator} is out of bounds (at most ${MAX_REPEAT} times, in order)`)
    }
    this.at -= operator.length
    this.repeat(operator, repeated, (tree) => {
      const result = counted(tree, min, max)
      // RE2 does not count repetitions of at most once.
      return result.repeats > MAX_REPEAT && Math.max(min, max) > 1
        ? refuse(`it repeats something ${result.repeats} times (at most ${MAX_REPEAT})`)
        : result
    })
  }

  private repeat(operator: string, repeated: boolean, apply: (tree: Tree) => Tree): void {
    this.at += operator.length
    if (this.text[this.at] === "?") {
      // Laziness only affects captures.
      this.at++
    }
    if (repeated) {
      return refuse(`${operator} repeats a repetition`)
    }
    const operand = this.group.sequence.pop() ?? refuse(`there is nothing before ${operator} to repeat`)
    this.push(apply(operand))
    this.repeated = true
  }

  // -----------------------------------------------------------------------------------------------------------------
  // groups
  // -----------------------------------------------------------------------------------------------------------------

  private open(): void {
    if (this.peek(token.lookAround) !== undefined) {
      return refuse("the server does not support look-around")
    }
    const name = this.match(token.named)?.[1]
    if (name !== undefined) {
      if (this.names.has(name)) {
        return refuse(`the group ${name} exists twice`)
      }
      this.names.add(name)
      return this.enter(this.flags)
    }
    if (!this.text.startsWith("(?", this.at)) {
      this.at++
      return this.enter(this.flags)
    }
    const [, on = "", off = "", end] = this.match(token.inline) ??
      refuse("the server supports only the groups (…), (?:…), (?<name>…), (?P<name>…) and the flags (?imsU-imsU)")
    const flag = (letter: string, before: boolean) => (before || on.includes(letter)) && !off.includes(letter)
    const flags = {
      ignoreCase: flag("i", this.flags.ignoreCase),
      multiline: flag("m", this.flags.multiline),
      dotAll: flag("s", this.flags.dotAll)
    }
    if (end === ":") {
      return this.enter(flags)
    }
    // `(?s)` applies until its group ends. An operator after it repeats the item before it, even if that is a
    // repetition.
    this.flags = flags
  }

  private enter(flags: Flags): void {
    this.groups.push(this.group)
    if (this.groups.length > MAX_DEPTH) {
      return refuse(`groups are nested deeper than ${MAX_DEPTH} levels`)
    }
    this.group = { outer: this.flags, alternatives: [], sequence: [] }
    this.flags = flags
  }

  private close(): void {
    const outside = this.groups.pop() ?? refuse("a ( is missing")
    this.at++
    const tree = this.whole()
    this.flags = this.group.outer
    this.group = outside
    this.push(tree)
  }

  // -----------------------------------------------------------------------------------------------------------------
  // escapes
  // -----------------------------------------------------------------------------------------------------------------

  private escape(): void {
    const letter = this.text.charAt(this.at + 1)
    if (letter === "Q") {
      return this.quoted()
    }
    const assertion = assertions.get(letter)
    if (assertion !== undefined) {
      this.at += 2
      return this.push(assertion)
    }
    const part = this.classEscape()
    this.take(
      part === undefined ? this.literal(this.characterEscape()) : characters([part], false, this.flags.ignoreCase)
    )
  }

  private quoted(): void {
    const end = this.text.indexOf("\\E", this.at + 2)
    const stop = end < 0 ? this.text.length : end
    this.at += 2
    while (this.at < stop) {
      this.take(this.literal(this.next()))
    }
    this.at = end < 0 ? stop : end + 2
  }

  /** `\d`, `\pL` …: a class of characters. */
  private classEscape(): Part | undefined {
    const letter = this.text.charAt(this.at + 1)
    const part = perl.get(letter)
    if (part !== undefined) {
      this.at += 2
      return part
    }
    if (letter !== "p" && letter !== "P") {
      return undefined
    }
    const [whole, not = "", long, short = ""] = this.match(token.property) ??
      refuse("it ends within a character class")
    const source = unicode(long ?? short)
    return source === undefined
      ? refuse(`there is no class of characters ${whole}`)
      : { source, negated: (letter === "P") !== (not === "^") }
  }

  /** `\n`, `\x41`, `\-` …: one character. */
  private characterEscape(): number {
    const hexadecimal = this.match(token.hexadecimal)
    if (hexadecimal !== undefined) {
      const char = Number.parseInt(hexadecimal[1] ?? hexadecimal[2] ?? "", 16)
      return char > 0x10ffff ? refuse(`there is no character ${char.toString(16)}`) : char
    }
    const octal = this.match(token.octal)?.[1]
    if (octal !== undefined) {
      return Number.parseInt(octal, 8)
    }
    const letter = this.text.charAt(this.at + 1)
    this.at += 2
    const control = controls.get(letter)
    if (control !== undefined) {
      return control
    }
    if (/^[!-/:-@[-`{-~ \0-\x1f\x7f]$/.test(letter)) {
      return letter.charCodeAt(0)
    }
    if (/^[1-9k]$/.test(letter)) {
      return refuse("the server does not support back-references")
    }
    return refuse(letter === "" ? "it ends with a backslash" : `the server does not support the escape \\${letter}`)
  }

  // -----------------------------------------------------------------------------------------------------------------
  // classes
  // -----------------------------------------------------------------------------------------------------------------

  private characterClass(): Characters {
    const start = this.at
    this.at++
    const negated = this.text[this.at] === "^"
    if (negated) {
      this.at++
    }
    const parts: Array<Part> = []
    for (let first = true; first || this.text[this.at] !== "]"; first = false) {
      if (this.at >= this.text.length) {
        return refuse(`the class ${this.text.slice(start, start + 20)} has no ]`)
      }
      parts.push(
        this.posixClass() ?? (this.text[this.at] === "\\" ? this.classEscape() : undefined) ?? this.range()
      )
    }
    this.at++
    return characters(parts, negated, this.flags.ignoreCase)
  }

  /** A class such as `[:alpha:]`. A `[:` without a later `:]` is a literal. */
  private posixClass(): Part | undefined {
    if (!this.text.startsWith("[:", this.at) || this.lastPosixEnd < this.at + 2) {
      return undefined
    }
    const [whole, not = "", name = ""] = this.match(token.posix) ??
      refuse(`${this.text.slice(this.at, this.at + 20)} is not a class of characters`)
    const source = posix.get(name)
    return source === undefined
      ? refuse(`there is no class of characters ${whole}`)
      : { source, negated: not === "^" }
  }

  /** One character, or a range of characters. */
  private range(): Part {
    const start = this.at
    const low = this.classCharacter()
    if (this.text[this.at] !== "-" || this.at + 1 >= this.text.length || this.text[this.at + 1] === "]") {
      return { source: literal(low), negated: false }
    }
    this.at++
    const high = this.classCharacter()
    return high < low
      ? refuse(`the range ${this.text.slice(start, this.at)} ends before it starts`)
      : { source: `${literal(low)}-${literal(high)}`, negated: false }
  }

  private classCharacter(): number {
    return this.text[this.at] === "\\" ? this.characterEscape() : this.next()
  }
}

export const parse = (pattern: string, flags: Flags): Tree => new Parser(pattern, flags).run()
