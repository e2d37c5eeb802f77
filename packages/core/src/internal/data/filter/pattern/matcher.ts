/**
 * Decides whether a pattern matches anywhere in a text, in time linear in the text.
 *
 * The matcher follows all paths through the program at once (Thompson), so a character costs at most one visit of each
 * instruction. Transitions are cached, so a repeated one costs one look-up. This is RE2's lazy automaton. As in RE2,
 * the cache is bounded and is cleared when it is full.
 */
import { Assertion, Operation, type Program } from "./program.ts"

/** The character before a position, as far as assertions distinguish it. */
const Before = { start: 0, newline: 1, word: 2, other: 3 } as const

const NEWLINE = 10

/** Replaces a lone half of a surrogate pair, as the server does when it converts the text to UTF-8. */
const REPLACEMENT = 0xfffd

/** Stands for the end of the text. */
const END = -1

const isWord = (char: number): boolean =>
  (char >= 48 && char <= 57) || (char >= 65 && char <= 90) || char === 95 || (char >= 97 && char <= 122)

const beforeNext = (char: number): number =>
  char === NEWLINE ? Before.newline : isWord(char) ? Before.word : Before.other

/** The assertions that hold between the previous and the next character. */
const holding = (before: number, next: number): number =>
  (before === Before.start ? Assertion.startOfText | Assertion.startOfLine : 0) |
  (before === Before.newline ? Assertion.startOfLine : 0) |
  (next === END ? Assertion.endOfText | Assertion.endOfLine : 0) |
  (next === NEWLINE ? Assertion.endOfLine : 0) |
  ((before === Before.word) === isWord(next) ? Assertion.noWordBoundary : Assertion.wordBoundary)

const bytes = (char: number): number => char < 0x80 ? 1 : char < 0x800 ? 2 : char < 0x10000 ? 3 : 4

/** A set of numbers below a bound. Adding, testing and clearing take constant time. */
class SparseSet {
  size = 0
  private readonly dense: Int32Array
  private readonly sparse: Int32Array

  constructor(bound: number) {
    this.dense = new Int32Array(bound)
    this.sparse = new Int32Array(bound)
  }

  /** Returns whether the number was new. */
  add(value: number): boolean {
    const index = this.sparse[value]!
    if (index < this.size && this.dense[index] === value) return false
    this.sparse[value] = this.size
    this.dense[this.size++] = value
    return true
  }

  at(index: number): number {
    return this.dense[index]!
  }

  values(): Int32Array {
    return this.dense.slice(0, this.size)
  }
}

class State {
  /** The instructions to continue from. Instructions that consume no character are not followed yet. */
  readonly pending: Int32Array
  readonly before: number
  /** Whether the pattern matches, if the rest of the text cannot change that. */
  readonly verdict: boolean | undefined
  /** The cached transitions. Those of ASCII characters are indexed by code. */
  readonly ascii: Array<State | undefined> = []
  readonly others = new Map<number, State>()
  verdictAtEnd: boolean | undefined = undefined

  constructor(pending: Int32Array, before: number, verdict?: boolean) {
    this.pending = pending
    this.before = before
    this.verdict = verdict
  }
}

const none = new Int32Array(0)
const FOUND = new State(none, Before.other, true)
const HOPELESS = new State(none, Before.other, false)

/** The size at which the cache is cleared, in numbers: about a megabyte. */
export const MEMORY = 100_000

/** The size of a state in addition to its instructions: its table for ASCII. */
const STATE = 128

export class Matcher {
  /** Instructions visited so far. A cached transition visits none. */
  steps = 0
  /** The current size of the cache, in numbers. */
  remembered = 0
  private readonly program: Program
  private readonly reached: SparseSet
  private readonly next: SparseSet
  private states = new Map<string, State>()
  private first: State

  constructor(program: Program) {
    this.program = program
    this.reached = new SparseSet(program.code.length)
    this.next = new SparseSet(program.code.length)
    this.first = this.start()
  }

  test(text: string): boolean {
    let state = this.first
    for (let i = 0; i < text.length; i++) {
      let char = text.charCodeAt(i)
      let next: State | undefined
      if (char < STATE) {
        next = state.ascii[char]
      } else {
        char = text.codePointAt(i)!
        if (char > 0xffff) i++
        else if (char >= 0xd800 && char <= 0xdfff) char = REPLACEMENT
        next = state.others.get(char)
      }
      state = next ?? this.move(state, char)
      if (state.verdict !== undefined) return state.verdict
    }
    return state.verdictAtEnd ??= this.reach(state.pending, holding(state.before, END))
  }

  private start(): State {
    return new State(Int32Array.of(0), Before.start)
  }

  /** The cached transition of a character. */
  private move(from: State, char: number): State {
    if (this.remembered > MEMORY) {
      this.states = new Map()
      this.remembered = 0
      this.first = this.start()
      // The current match continues from a copy without transitions, so that the old cache can be freed.
      from = new State(from.pending, from.before)
    }
    const to = this.step(from, char)
    if (char < STATE) from.ascii[char] = to
    else from.others.set(char, to)
    this.remembered++
    return to
  }

  private step(from: State, char: number): State {
    const { anchored, bytewise, classes, code } = this.program
    const { next, reached } = this
    const width = bytewise ? bytes(char) : 1
    next.size = 0
    let pending: ArrayLike<number> = from.pending
    for (let byte = 0; byte < width; byte++) {
      // Between the bytes of a character, only the assertion `\B` holds.
      if (this.reach(pending, byte === 0 ? holding(from.before, char) : Assertion.noWordBoundary)) return FOUND
      const within: Array<number> = []
      for (let i = 0; i < reached.size; i++) {
        const at = reached.at(i)
        const instruction = code[at]!
        const operation = instruction & 7
        this.steps++
        if (operation === Operation.take) {
          if (byte === 0 && classes[instruction >> 3]!.has(char)) next.add(at + 1)
        } else if (operation === Operation.byte) {
          if (byte === width - 1) next.add(at + 1)
          else within.push(at + 1)
        }
      }
      pending = within
    }
    return next.size === 0 && anchored ? HOPELESS : this.state(next.values().sort(), beforeNext(char))
  }

  /**
   * Follows the instructions that consume no character and collects the others in `reached`. Returns true as soon as
   * the end of the pattern is reached. A match may begin anywhere, unless the pattern is anchored.
   */
  private reach(pending: ArrayLike<number>, assertions: number): boolean {
    const { anchored, code } = this.program
    const { reached } = this
    reached.size = 0
    const todo = Array.from(pending)
    if (!anchored) todo.push(0)
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      if (!reached.add(at)) continue
      this.steps++
      const instruction = code[at]!
      const argument = instruction >> 3
      switch (instruction & 7) {
        case Operation.accept:
          return true
        case Operation.assert:
          if ((argument & assertions) !== 0) todo.push(at + 1)
          break
        case Operation.fork:
          todo.push(at + argument, at + 1)
          break
        case Operation.jump:
          todo.push(at + argument)
      }
    }
    return false
  }

  private state(pending: Int32Array, before: number): State {
    const key = `${before},${pending.join()}`
    const known = this.states.get(key)
    if (known !== undefined) return known
    const state = new State(pending, before)
    this.states.set(key, state)
    this.remembered += pending.length + STATE
    return state
  }
}
