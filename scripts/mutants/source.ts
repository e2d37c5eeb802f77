/** A source file in which a bug can be planted: its tokens, its nodes as ranges of tokens, and its declarations. */
import ts from "typescript"

export interface Token {
  readonly text: string
  /** Offsets in the text of the file. */
  readonly start: number
  readonly end: number
}

/** A range of tokens, by their indexes. `end` is excluded. */
export interface Run {
  readonly start: number
  readonly end: number
}

/** A named variable, function, class or member. */
export interface Declaration {
  /** The names of the declarations around it, and its own: `Requests.handleAnswer`, or `make.dial` for a function in a function. */
  readonly path: string
  readonly run: Run
}

/** White space and comments at an offset. */
const trivia = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/y

const isWordCharacter = (character: string | undefined): boolean => character !== undefined && /[\w$]/.test(character)

const skipTrivia = (text: string, offset: number): number => {
  trivia.lastIndex = offset
  trivia.test(text)
  return trivia.lastIndex
}

const covers = (outer: Run, inner: Run): boolean => outer.start <= inner.start && inner.end <= outer.end

const isJsDoc = ({ kind }: ts.Node): boolean =>
  kind >= ts.SyntaxKind.FirstJSDocNode && kind <= ts.SyntaxKind.LastJSDocNode

const opening = [ts.SyntaxKind.OpenBraceToken, ts.SyntaxKind.OpenParenToken, ts.SyntaxKind.OpenBracketToken]
const closing = [ts.SyntaxKind.CloseBraceToken, ts.SyntaxKind.CloseParenToken, ts.SyntaxKind.CloseBracketToken]

const isPaired = (nodes: ReadonlyArray<ts.Node>): boolean =>
  nodes.filter(({ kind }) => opening.includes(kind)).length ===
    nodes.filter(({ kind }) => closing.includes(kind)).length

const hasBody = (node: ts.FunctionLikeDeclaration): boolean => node.body !== undefined

/** The name under which a declaration can be found. Destructured variables, overloads and types have none. */
const nameOf = (node: ts.Node): string | undefined => {
  if (ts.isConstructorDeclaration(node)) return hasBody(node) ? "constructor" : undefined
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node)) {
    return hasBody(node) ? node.name?.getText() : undefined
  }
  if (ts.isVariableDeclaration(node)) return ts.isIdentifier(node.name) ? node.name.text : undefined
  if (ts.isClassLike(node) || ts.isPropertyDeclaration(node) || ts.isPropertyAssignment(node)) {
    return node.name?.getText()
  }
  return undefined
}

/** If a statement declares only one variable, the declaration includes `const` and `export`. */
const wholeDeclaration = (node: ts.Node): ts.Node =>
  ts.isVariableDeclaration(node) && ts.isVariableDeclarationList(node.parent) &&
    node.parent.declarations.length === 1 && ts.isVariableStatement(node.parent.parent)
    ? node.parent.parent
    : node

export class Source {
  readonly tokens: Array<Token> = []
  readonly declarations: Array<Declaration> = []
  /** The runs of all nodes, each before those inside it. */
  readonly nodes: Array<Run> = []
  private readonly root: ts.SourceFile
  private readonly runs = new Map<ts.Node, Run>()
  private readonly children = new Map<ts.Node, ReadonlyArray<ts.Node>>()

  constructor(readonly text: string) {
    this.root = ts.createSourceFile("source.ts", text, ts.ScriptTarget.Latest, true)
    this.readTokens(this.root)
    this.readDeclarations(this.root, "")
  }

  /** The whole file. */
  all(): Run {
    return { start: 0, end: this.tokens.length }
  }

  /** The tokens of the run, with one space between them. */
  compact({ end, start }: Run): string {
    return this.tokens.slice(start, end).map(({ text }) => text).join(" ")
  }

  /** The line of the first token, counted from 1. */
  lineOf({ start }: Run): number {
    return this.root.getLineAndCharacterOfPosition(this.tokens[start]?.start ?? 0).line + 1
  }

  /** The text of the file, with other code instead of a run. */
  replace({ end, start }: Run, code: string): string {
    const from = this.tokens[start]?.start ?? this.text.length
    const to = this.tokens[end - 1]?.end ?? from
    return this.text.slice(0, from) + code + this.text.slice(to)
  }

  /** All runs within `within` that have the tokens of `code`. White space and comments are ignored. */
  search(code: string, within: Run): ReadonlyArray<Run> {
    const runs: Array<Run> = []
    for (let start = within.start; start < within.end; start++) {
      const end = this.match(code, start)
      if (end !== undefined && end <= within.end) runs.push({ start, end })
    }
    return runs
  }

  /**
   * The smallest run around `run` that is a node, or neighbours under one parent with both or none of its brackets. It
   * equals `run` if `run` contains no incomplete node.
   */
  whole(run: Run): Run {
    const parent = this.smallestAround(run)
    const children = this.childrenOf(parent)
    const first = children.findLastIndex((child) => this.runOf(child).start <= run.start)
    const last = children.findIndex((child) => this.runOf(child).end >= run.end)
    const [from, to] = [children[first], children[last]]
    return from === undefined || to === undefined || !isPaired(children.slice(first, last + 1))
      ? this.runOf(parent)
      : { start: this.runOf(from).start, end: this.runOf(to).end }
  }

  /** The index after the last token of `code`, if `code` begins at the token `start`. */
  private match(code: string, start: number): number | undefined {
    let index = start
    let offset = skipTrivia(code, 0)
    while (offset < code.length) {
      const token = this.tokens[index]
      if (token === undefined || !code.startsWith(token.text, offset)) return undefined
      offset += token.text.length
      if (isWordCharacter(token.text.at(-1)) && isWordCharacter(code[offset])) return undefined
      offset = skipTrivia(code, offset)
      index += 1
    }
    return index
  }

  private smallestAround(run: Run): ts.Node {
    let node: ts.Node = this.root
    for (;;) {
      const inner = this.childrenOf(node).find((child) => covers(this.runOf(child), run))
      if (inner === undefined || this.childrenOf(inner).length === 0) return node
      node = inner
    }
  }

  private childrenOf(node: ts.Node): ReadonlyArray<ts.Node> {
    return this.children.get(node) ?? []
  }

  private runOf(node: ts.Node): Run {
    return this.runs.get(node) ?? { start: 0, end: 0 }
  }

  private readTokens(node: ts.Node): void {
    const start = this.tokens.length
    const place = this.nodes.push({ start, end: start }) - 1
    const children = node.getChildren(this.root).filter((child) => !isJsDoc(child))
    if (children.length === 0 && node.getWidth(this.root) > 0) {
      this.tokens.push({ text: node.getText(this.root), start: node.getStart(this.root), end: node.getEnd() })
    }
    for (const child of children) this.readTokens(child)
    const run = { start, end: this.tokens.length }
    this.nodes[place] = run
    this.runs.set(node, run)
    this.children.set(node, children.filter((child) => this.runOf(child).end > this.runOf(child).start))
  }

  private readDeclarations(node: ts.Node, path: string): void {
    const name = nameOf(node)
    const here = name === undefined ? path : path === "" ? name : `${path}.${name}`
    if (name !== undefined) this.declarations.push({ path: here, run: this.runOf(wholeDeclaration(node)) })
    ts.forEachChild(node, (child) => this.readDeclarations(child, here))
  }
}
