/**
 * The codemod from Effect 3 to Effect 4, for code that differs only in names and syntax. `rules.ts` contains the rules. This
 * module applies them to a source file.
 *
 * The TypeScript program resolves each name, so the same name of another origin is not changed. A member belongs to the module
 * that it is imported from, and a method to the file that declares it.
 */
import * as Path from "node:path"
import ts from "typescript"

/** The new text of a node. With `undefined` the node stays as it is, and the rules apply to its children. */
export type Rule = (node: ts.Node, at: File) => string | undefined

export interface Rules {
  readonly rules: ReadonlyArray<Rule>
  /** The new names of modules. `undefined`: Effect 4 has no such module, so the rules must remove all references. */
  readonly modules: Readonly<Record<string, string | undefined>>
}

/** The packages whose names are resolved. */
const isForeign = (specifier: string): boolean => /^(?:effect|@effect\/[\w-]+)(?:\/|$)/.test(specifier)

/** Packages whose index exports modules as namespaces: `import { Effect } from "effect"`. */
const barrels: ReadonlySet<string> = new Set([
  "effect",
  "@effect/platform",
  "@effect/platform-node",
  "@effect/platform-browser"
])

export const nameOf = (module: string): string => module.slice(module.lastIndexOf("/") + 1)

/** A source file that is being translated. */
export class File {
  readonly checker: ts.TypeChecker
  /** Modules that the new text must import in addition, with their local names. */
  private readonly added = new Map<string, string>()
  /** All identifiers of the old text. */
  private readonly taken = new Set<string>()
  /** The local names of modules (of Effect 4) that the old text imports as namespaces. */
  private readonly locals = new Map<string, string>()
  /** The new local names of namespaces, by the old ones. */
  private readonly renamed = new Map<string, string>()
  /** Local names that the new text needs as values, even if the old text imports only their types. */
  private readonly values = new Set<string>()

  constructor(
    readonly program: ts.Program,
    readonly source: ts.SourceFile,
    private readonly table: Rules,
    private readonly root: string
  ) {
    this.checker = program.getTypeChecker()
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) this.taken.add(node.text)
      ts.forEachChild(node, visit)
    }
    visit(source)
    for (const statement of source.statements) if (ts.isImportDeclaration(statement)) this.noteImport(statement)
  }

  /** The module whose namespace an expression is: `effect/Effect` for `Effect`. */
  moduleOf(node: ts.Node): string | undefined {
    if (!ts.isIdentifier(node)) return undefined
    const declaration = this.checker.getSymbolAtLocation(node)?.declarations?.[0]
    return declaration === undefined ? undefined : importedModule(declaration)
  }

  /** The origin of a name that is imported by itself: `@effect/platform/Error#SystemError`. */
  importOf(node: ts.Identifier): string | undefined {
    return this.moduleOf(node)
  }

  /** The full name of a member: `effect/Effect.map` for `Effect.map`. */
  memberOf(node: ts.Node): string | undefined {
    if (ts.isPropertyAccessExpression(node)) return joined(this.moduleOf(node.expression), node.name.text)
    if (ts.isQualifiedName(node)) return joined(this.moduleOf(node.left), node.right.text)
    return undefined
  }

  /** The full name of the member that a node calls. */
  calleeOf(node: ts.Node): string | undefined {
    return ts.isCallExpression(node) ? this.memberOf(node.expression) : undefined
  }

  /** The local name of a module of Effect 4. The module is imported if it is not yet. */
  use(module: string): string {
    const known = this.locals.get(module) ?? this.added.get(module)
    if (known !== undefined) {
      this.values.add(known)
      return known
    }
    const name = nameOf(module)
    const free = this.taken.has(name) ? `${name}_` : name
    this.added.set(module, free)
    return free
  }

  /** Whether the type of an expression is a `Cause`, or one of its forms. */
  isCause(node: ts.Expression): boolean {
    const type = this.checker.getTypeAtLocation(node)
    return (type.isUnion() ? type.types : [type]).every(({ symbol }) =>
      symbol?.declarations?.[0]?.getSourceFile().fileName.endsWith("/effect/dist/dts/Cause.d.ts") === true &&
      ["Die", "Empty", "Fail", "Interrupt", "Parallel", "Sequential"].includes(symbol.name)
    )
  }

  /** Whether the file is in a folder of the workspace. */
  isIn(folder: string): boolean {
    return this.source.fileName.startsWith(Path.join(this.root, folder))
  }

  /** Imports a module of the generated workspace under this name. */
  useFile(file: string, name: string): string {
    const path = Path.relative(Path.dirname(this.source.fileName), Path.join(this.root, file))
    this.added.set(path.startsWith(".") ? path : `./${path}`, name)
    return name
  }

  /** Whether a package of Effect declares a member. */
  isDeclaredByEffect(node: ts.Node): boolean {
    const declaration = this.checker.getSymbolAtLocation(node)?.declarations?.[0]
    return declaration !== undefined && /\/node_modules\/(?:effect|@effect\/[\w-]+)\//.test(
      declaration.getSourceFile().fileName
    )
  }

  /** The new text of the file. */
  text(): string {
    const written = this.render(this.source, true)
    const imports = [...this.added].map(([module, name]) => `import * as ${name} from "${module}"\n`).join("")
    return tidy(imports === "" ? written : withImports(written, imports), this.source.fileName, this.values)
  }

  render(node: ts.Node, whole = false): string {
    for (const rule of this.table.rules) {
      const text = rule(node, this)
      if (text !== undefined) return text
    }
    return this.renderInside(node, whole)
  }

  /** The text of a node, with the rules applied to its children. */
  renderInside(node: ts.Node, whole = false): string {
    const { text } = this.source
    const parts: Array<string> = []
    let end = whole ? 0 : node.getStart(this.source)
    ts.forEachChild(node, (child) => {
      const start = child.getStart(this.source)
      // A shorthand property has its name twice as a child, and an omitted element has no text.
      if (start < end || child.kind === ts.SyntaxKind.EndOfFileToken) return
      parts.push(text.slice(end, start), this.render(child))
      end = child.end
    })
    parts.push(text.slice(end, whole ? text.length : node.end))
    return parts.join("")
  }

  /** The name of a module on Effect 4, or `undefined` if there is none. */
  target(module: string): string | undefined {
    return module in this.table.modules ? this.table.modules[module] : module
  }

  /** The new local name of a namespace. */
  localName(local: string): string {
    return this.renamed.get(local) ?? local
  }

  private noteImport(statement: ts.ImportDeclaration): void {
    const bindings = statement.importClause?.namedBindings
    const specifier = textOf(statement.moduleSpecifier)
    if (bindings === undefined || !isForeign(specifier)) return
    if (ts.isNamespaceImport(bindings)) this.noteNamespace(bindings.name.text, specifier)
    else if (barrels.has(specifier)) {
      for (const { name, propertyName } of bindings.elements) {
        this.noteNamespace(name.text, `${specifier}/${(propertyName ?? name).text}`)
      }
    }
  }

  private noteNamespace(local: string, module: string): void {
    const target = this.target(module)
    if (target === undefined) return
    const name = nameOf(target)
    const clashes = this.taken.has(name) && this.locals.get(target) !== name
    if (target !== module && local === nameOf(module) && name !== local && !clashes) this.renamed.set(local, name)
    if (!this.locals.has(target)) this.locals.set(target, this.localName(local))
  }
}

const joined = (module: string | undefined, member: string): string | undefined =>
  module === undefined ? undefined : `${module}.${member}`

const textOf = (node: ts.Node): string => ts.isStringLiteral(node) ? node.text : ""

/** The module that a declaration imports. */
const importedModule = (declaration: ts.Node): string | undefined => {
  if (ts.isNamespaceImport(declaration)) {
    const specifier = textOf(declaration.parent.parent.moduleSpecifier)
    return isForeign(specifier) ? specifier : undefined
  }
  if (!ts.isImportSpecifier(declaration)) return undefined
  const specifier = textOf(declaration.parent.parent.parent.moduleSpecifier)
  if (!isForeign(specifier)) return undefined
  const name = (declaration.propertyName ?? declaration.name).text
  return barrels.has(specifier) ? `${specifier}/${name}` : `${specifier}#${name}`
}

/** Imports get the new names of modules. Modules of a barrel that have another name are imported by statements of their own. */
export const imports: Rule = (node, at) => {
  if (!ts.isImportDeclaration(node)) return undefined
  const specifier = textOf(node.moduleSpecifier)
  const bindings = node.importClause?.namedBindings
  if (!isForeign(specifier) || bindings === undefined) return undefined
  const type = node.importClause?.isTypeOnly === true ? "type " : ""
  if (ts.isNamespaceImport(bindings)) {
    const target = at.target(specifier)
    return target === undefined ? "" : `import ${type}* as ${at.localName(bindings.name.text)} from "${target}"`
  }
  if (!barrels.has(specifier)) return undefined
  /** The imports that stay in the statement, and the new statements. */
  const kept: Array<string> = []
  const statements: Array<string> = []
  for (const element of bindings.elements) {
    const member = (element.propertyName ?? element.name).text
    const module = `${specifier}/${member}`
    const target = at.target(module)
    const kind = type !== "" || element.isTypeOnly ? "type " : ""
    const local = at.localName(element.name.text)
    if (target === undefined) continue
    if (target === module && specifier !== "@effect/platform") kept.push(element.getText(at.source))
    else statements.push(`import ${kind}* as ${local} from "${target}"`)
  }
  if (kept.length > 0) statements.unshift(`import ${type}{ ${kept.join(", ")} } from "${specifier}"`)
  return statements.join("\n")
}

/** References to a namespace that has a new local name. */
export const namespaces: Rule = (node, at) => {
  if (!ts.isIdentifier(node) || at.localName(node.text) === node.text) return undefined
  if (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) return undefined
  return at.moduleOf(node) === undefined ? undefined : at.localName(node.text)
}

const withImports = (text: string, imports: string): string => {
  const first = text.search(/^import /m)
  return first < 0 ? imports + text : text.slice(0, first) + imports + text.slice(first)
}

/** Removes unused imports and second imports of the same namespace. */
const tidy = (text: string, fileName: string, asValues: ReadonlySet<string>): string => {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true)
  const used = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return
    if (ts.isIdentifier(node)) used.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  const isUsed = (name: ts.Identifier | undefined) => name !== undefined && used.has(name.text)
  const values = new Set(source.statements.flatMap((statement) => {
    const clause = ts.isImportDeclaration(statement) ? statement.importClause : undefined
    const bindings = clause?.namedBindings
    return clause?.isTypeOnly === false && bindings !== undefined && ts.isNamespaceImport(bindings)
      ? [bindings.name.text]
      : []
  }))
  /** The local names of namespaces that are imported: those of a barrel, and those of the statements before. */
  const seen = new Set(
    source.statements.filter(ts.isImportDeclaration).flatMap(({ importClause, moduleSpecifier }) => {
      const bindings = importClause?.namedBindings
      return bindings !== undefined && ts.isNamedImports(bindings) && barrels.has(textOf(moduleSpecifier))
        ? bindings.elements.map(({ name }) => name.text)
        : []
    })
  )
  const cuts: Array<readonly [start: number, end: number, text: string]> = []
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || statement.importClause === undefined) continue
    const { isTypeOnly, name, namedBindings: bindings } = statement.importClause
    if (name !== undefined || bindings === undefined) continue
    const start = statement.getStart(source)
    const cut = (text: string) => cuts.push([start, statement.end + (text === "" ? 1 : 0), text])
    if (ts.isNamespaceImport(bindings)) {
      const local = bindings.name.text
      const isSecond = seen.has(local) || (isTypeOnly && values.has(local))
      if (!isUsed(bindings.name) || isSecond) cut("")
      else {
        seen.add(local)
        if (isTypeOnly && asValues.has(local)) {
          cut(`import * as ${local} from ${statement.moduleSpecifier.getText(source)}`)
        }
      }
    } else {
      const kept = bindings.elements.filter(({ name }) => isUsed(name))
      const isValue = (element: ts.ImportSpecifier) =>
        (isTypeOnly || element.isTypeOnly) && asValues.has(element.name.text)
      if (kept.length === bindings.elements.length && !kept.some(isValue)) continue
      const names = kept.map((element) => {
        const text = element.getText(source)
        return isValue(element) ? text.replace(/^type\s+/, "") : text
      }).join(", ")
      const type = isTypeOnly && !kept.some(isValue) ? "type " : ""
      cut(kept.length === 0 ? "" : `import ${type}{ ${names} } from ${statement.moduleSpecifier.getText(source)}`)
    }
  }
  return cuts.reverse().reduce((whole, [start, end, text]) => whole.slice(0, start) + text + whole.slice(end), text)
}
