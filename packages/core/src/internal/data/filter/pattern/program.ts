/**
 * A pattern as a tree, and as a program for the matcher. The matcher only decides whether a pattern matches, so nothing
 * is captured, and a lazy repetition equals a greedy one.
 */
import type { Characters } from "./characters.ts"

/** The assertions about a position between two characters, as bits. */
export const Assertion = {
  startOfText: 1,
  endOfText: 2,
  startOfLine: 4,
  endOfLine: 8,
  wordBoundary: 16,
  noWordBoundary: 32
} as const

/** `size` is the number of its instructions. `repeats` is how often its most repeated part is repeated. */
export type Tree =
  & { readonly size: number; readonly repeats: number }
  & (
    | { readonly _tag: "Characters"; readonly characters: Characters }
    | { readonly _tag: "Byte" }
    | { readonly _tag: "Assert"; readonly assertion: number }
    | { readonly _tag: "Sequence"; readonly trees: ReadonlyArray<Tree> }
    | { readonly _tag: "Choice"; readonly trees: ReadonlyArray<Tree> }
    | { readonly _tag: "Repeat"; readonly tree: Tree; readonly min: number; readonly max: number }
  )

export const one = (characters: Characters): Tree => ({ _tag: "Characters", characters, size: 1, repeats: 1 })

/** `\C`: one byte of the text in UTF-8, even if it is part of a character. */
export const byte: Tree = { _tag: "Byte", size: 1, repeats: 1 }

export const assert = (assertion: number): Tree => ({ _tag: "Assert", assertion, size: 1, repeats: 1 })

const most = (trees: ReadonlyArray<Tree>): number => trees.reduce((most, { repeats }) => Math.max(most, repeats), 1)

const sum = (trees: ReadonlyArray<Tree>): number => trees.reduce((sum, { size }) => sum + size, 0)

export const sequence = (trees: ReadonlyArray<Tree>): Tree =>
  trees.length === 1 && trees[0] !== undefined
    ? trees[0]
    : { _tag: "Sequence", trees, size: sum(trees), repeats: most(trees) }

export const choice = (trees: ReadonlyArray<Tree>): Tree =>
  trees.length === 1 && trees[0] !== undefined
    ? trees[0]
    : { _tag: "Choice", trees, size: sum(trees) + 2 * (trees.length - 1), repeats: most(trees) }

/** `max` may be `Infinity`. */
export const repeat = (tree: Tree, min: number, max: number): Tree => ({
  _tag: "Repeat",
  tree,
  min,
  max,
  size: max === Infinity ? Math.max(min, 1) * tree.size + (min === 0 ? 2 : 1) : max * tree.size + (max - min),
  repeats: tree.repeats
})

export const counted = (tree: Tree, min: number, max: number): Tree => ({
  ...repeat(tree, min, max),
  repeats: tree.repeats * Math.max(max === Infinity ? min : max, 1)
})

/**
 * An instruction is `argument * 8 + operation`. Targets are relative, so that a repeated part is the same sequence of
 * numbers.
 */
export const Operation = { take: 0, byte: 1, assert: 2, fork: 3, jump: 4, accept: 5 } as const

export interface Program {
  readonly code: ReadonlyArray<number>
  readonly classes: ReadonlyArray<Characters>
  /** Whether a match can only begin at the start of the text. */
  readonly anchored: boolean
  /** Whether the pattern has parts that can match between the bytes of a character: `\B` and `\C`. */
  readonly bytewise: boolean
}

export const program = (tree: Tree, sticky: boolean): Program => {
  const compiler = new Compiler()
  compiler.emit(tree)
  compiler.push(Operation.accept, 0)
  const { bytewise, classes, code } = compiler
  return { code, classes, bytewise, anchored: sticky || code[0] === Assertion.startOfText * 8 + Operation.assert }
}

class Compiler {
  readonly code: Array<number> = []
  readonly classes: Array<Characters> = []
  bytewise = false
  private readonly indices = new Map<string, number>()

  push(operation: number, argument: number): number {
    return this.code.push(argument * 8 + operation) - 1
  }

  /** The recursion is safe, because the nesting of a pattern is bounded (`syntax.ts`). */
  emit(tree: Tree): void {
    switch (tree._tag) {
      case "Characters":
        this.push(Operation.take, this.index(tree.characters))
        return
      case "Byte":
        this.bytewise = true
        this.push(Operation.byte, 0)
        return
      case "Assert":
        this.bytewise ||= tree.assertion === Assertion.noWordBoundary
        this.push(Operation.assert, tree.assertion)
        return
      case "Sequence":
        return tree.trees.forEach((inner) => this.emit(inner))
      case "Choice":
        return this.choice(tree.trees)
      case "Repeat":
        return this.repeat(tree.tree, tree.min, tree.max)
    }
  }

  private choice(trees: ReadonlyArray<Tree>): void {
    const ends: Array<number> = []
    trees.forEach((tree, i) => {
      if (i === trees.length - 1) return this.emit(tree)
      const fork = this.push(Operation.fork, 0)
      this.emit(tree)
      ends.push(this.push(Operation.jump, 0))
      this.leadHere(fork)
    })
    ends.forEach((jump) => this.leadHere(jump))
  }

  private repeat(tree: Tree, min: number, max: number): void {
    for (let i = 0; i < min; i++) this.emit(tree)
    if (max === Infinity) {
      const skip = min === 0 ? this.push(Operation.fork, 0) : undefined
      if (skip !== undefined) this.emit(tree)
      this.push(Operation.fork, -tree.size)
      if (skip !== undefined) this.leadHere(skip)
      return
    }
    const ends: Array<number> = []
    for (let i = min; i < max; i++) {
      ends.push(this.push(Operation.fork, 0))
      this.emit(tree)
    }
    ends.forEach((fork) => this.leadHere(fork))
  }

  /** The next instruction is the second target of a fork, or the target of a jump. */
  private leadHere(from: number): void {
    this.code[from] = (this.code[from] ?? 0) + (this.code.length - from) * 8
  }

  private index(characters: Characters): number {
    const known = this.indices.get(characters.key)
    if (known !== undefined) return known
    this.indices.set(characters.key, this.classes.length)
    return this.classes.push(characters) - 1
  }
}
