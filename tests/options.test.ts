/**
 * No option is accepted and ignored: the code reads each property of the exported types of options, each function reaches the
 * code that reads its own options, and each program reads each flag of its command line.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { packages } from "../scripts/packages.ts"
import { filesUnder } from "../scripts/typescript.ts"

const root = fileURLToPath(new URL("../", import.meta.url))
const indexes = packages.map((name) => `${root}packages/${name}/src/index.ts`)

const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: indexes }, ts.sys, root)

/** The programs with a command line. */
const programs = ["scripts", "bench", "lab", "packages/testing/src"].flatMap((folder) => filesUnder(root + folder))
  .filter((file) => !file.endsWith(".effect4.ts") && readFileSync(file, "utf8").includes("parseArgs("))

const program = ts.createProgram([...indexes, ...programs], { ...options, noEmit: true, types: ["node"] })
const checker = program.getTypeChecker()

const isOurs = (node: ts.Node): boolean => /\/packages\/\w+\/src\//.test(node.getSourceFile().fileName)

const resolved = (symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

// -------------------------------------------------------------------------------------------------------------------
// the properties that code reads
// -------------------------------------------------------------------------------------------------------------------

/** The properties that a declaration reads, by their own declarations, and the declarations that it refers to. */
interface Reads {
  readonly properties: Set<ts.Node>
  readonly references: Set<ts.Node>
}

const variants = (type: ts.Type): ReadonlyArray<ts.Type> =>
  type.isUnion() ? [type, ...type.types] : [
    type,
    ...(checker.getApparentType(type) === type ? [] : variants(
      checker.getApparentType(type)
    ))
  ]

const declarationsOf = (type: ts.Type, property: string): ReadonlyArray<ts.Node> =>
  variants(type).flatMap((variant) => variant.getProperty(property)?.declarations ?? [])

const propertiesOf = (type: ts.Type): ReadonlySet<string> =>
  new Set(variants(type).flatMap((variant) => checker.getPropertiesOfType(variant).map(({ name }) => name)))

/** Whether a type names no members, such as the arguments of a request. Code with such a type may read any member. */
const isNameless = (type: ts.Type): boolean =>
  type.isUnion()
    ? type.types.some(isNameless)
    : (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.NonPrimitive)) !== 0 ||
      checker.getIndexInfoOfType(type, ts.IndexKind.String) !== undefined ||
      (type.flags & ts.TypeFlags.Object) !== 0 && checker.getPropertiesOfType(type).length === 0 &&
        type.getCallSignatures().length === 0

/** Whether a node calls a function of an interface. The implementation, which reads the arguments, is unknown. */
const isOfService = (call: ts.Node): boolean => {
  if (!ts.isCallExpression(call)) return false
  const declaration = checker.getResolvedSignature(call)?.declaration
  return declaration !== undefined && (ts.isFunctionTypeNode(declaration) || ts.isMethodSignature(declaration))
}

const isMakerOfActions = (declaration: ts.Node | undefined): boolean =>
  declaration !== undefined &&
  /\/(?:client\/action|api\/redis|KuzzleAction)\.ts$/.test(declaration.getSourceFile().fileName)

const readsOf = (declaration: ts.Node): Reads => {
  const properties = new Set<ts.Node>()
  const references = new Set<ts.Node>()
  const add = (type: ts.Type, property: string): void => {
    for (const node of declarationsOf(type, property)) properties.add(node)
  }
  const addAll = (type: ts.Type): void => propertiesOf(type).forEach((property) => add(type, property))

  /** Records the properties of `given` that are read because a value of this type is passed as `expected`. */
  const pass = (given: ts.Type, expected: ts.Type, isService: boolean): void => {
    for (const property of propertiesOf(given)) {
      const expectedOnes = declarationsOf(expected, property)
      const isAnother = expectedOnes.length > 0 &&
        !declarationsOf(given, property).some((node) => expectedOnes.includes(node))
      if (isNameless(expected) || isAnother || isService && expectedOnes.length > 0) add(given, property)
    }
  }

  /** Records the properties that a function reads because it is passed as a callback of another type. */
  const passCallback = (own: ts.Type, expected: ts.Type): void => {
    const parameters = own.getCallSignatures()[0]?.parameters ?? []
    const given = expected.getCallSignatures()[0]?.parameters ?? []
    given.forEach((one, i) => {
      const parameter = parameters[i]
      if (parameter !== undefined) pass(checker.getTypeOfSymbol(one), checker.getTypeOfSymbol(parameter), false)
    })
  }

  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) add(checker.getTypeAtLocation(node.expression), node.name.text)
    if (ts.isElementAccessExpression(node)) {
      for (const key of variants(checker.getTypeAtLocation(node.argumentExpression))) {
        if (key.isStringLiteral()) add(checker.getTypeAtLocation(node.expression), key.value)
      }
    }
    if (ts.isObjectBindingPattern(node)) {
      const { parent } = node
      const type = checker.getTypeAtLocation(node)
      const annotated = ts.isParameter(parent) && parent.type ? checker.getTypeFromTypeNode(parent.type) : type
      for (const { dotDotDotToken, name, propertyName = name } of node.elements) {
        if (dotDotDotToken || !(ts.isIdentifier(propertyName) || ts.isStringLiteral(propertyName))) continue
        add(type, propertyName.text)
        add(annotated, propertyName.text)
      }
    }
    if (ts.isSpreadAssignment(node)) {
      const expected = checker.getContextualType(node.parent)
      if (expected) pass(checker.getTypeAtLocation(node.expression), expected, isOfService(node.parent.parent))
    }
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node)
      for (const target of symbol === undefined ? [] : resolved(symbol).declarations ?? []) {
        if (isOurs(target) && !ts.isSourceFile(target)) references.add(target)
      }
      if (ts.isCallExpression(node.parent) && node.parent.arguments.some((argument) => argument === node)) {
        const expected = checker.getContextualType(node)
        const given = checker.getTypeAtLocation(node)
        if (expected) pass(given, expected, isOfService(node.parent))
        if (expected) passCallback(given, expected)
      }
    }
    // An action places all its options in the request.
    if (ts.isCallExpression(node) && isMakerOfActions(checker.getResolvedSignature(node)?.declaration)) {
      for (const argument of node.typeArguments ?? []) addAll(checker.getTypeFromTypeNode(argument))
    }
    ts.forEachChild(node, visit)
  }
  visit(declaration)
  return { properties, references }
}

const cache = new Map<ts.Node, Reads>()

const cachedReadsOf = (declaration: ts.Node): Reads => {
  const cached = cache.get(declaration)
  if (cached !== undefined) return cached
  const reads = readsOf(declaration)
  cache.set(declaration, reads)
  return reads
}

/** The properties that a declaration reads, and all code that it reaches. */
const reachable = (from: ts.Node): ReadonlySet<ts.Node> => {
  const properties = new Set<ts.Node>()
  const seen = new Set([from])
  for (const declaration of seen) {
    const reads = cachedReadsOf(declaration)
    for (const node of reads.properties) properties.add(node)
    for (const node of reads.references) seen.add(node)
  }
  return properties
}

// -------------------------------------------------------------------------------------------------------------------
// the options of the packages
// -------------------------------------------------------------------------------------------------------------------

/** The public modules and what each exports. */
const exported = indexes.flatMap((index) => {
  const source = program.getSourceFile(index)
  const symbol = source && checker.getSymbolAtLocation(source)
  return symbol === undefined ? [] : checker.getExportsOfModule(symbol)
}).flatMap((module) =>
  (resolved(module).flags & ts.SymbolFlags.ValueModule) === 0
    ? []
    : checker.getExportsOfModule(resolved(module)).map((member) => ({
      name: `${module.name}.${member.name}`,
      symbol: resolved(member)
    }))
)

/** Whether an option must not be given, because its type is `undefined`. */
const isForbidden = (declaration: ts.Node): boolean =>
  ts.isPropertySignature(declaration) && declaration.type?.kind === ts.SyntaxKind.UndefinedKeyword

/** The options of a type that are not in `read`. */
const ignored = (type: ts.Type, read: ReadonlySet<ts.Node>): ReadonlyArray<string> =>
  Array.from(propertiesOf(type)).filter((property) => {
    const own = declarationsOf(type, property).filter((node) => isOurs(node) && !isForbidden(node))
    return own.length > 0 && !own.some((node) => read.has(node))
  })

/** Lets the worker answer Vitest, which considers a worker dead if it is busy for a minute. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe("no option is accepted and ignored", () => {
  it("each property of the exported types of options is read", { timeout: 300_000 }, async () => {
    const read = new Set<ts.Node>()
    for (const file of program.getSourceFiles().filter(isOurs)) {
      await turn()
      for (const property of readsOf(file).properties) read.add(property)
    }
    const types = exported.filter(({ name, symbol }) =>
      name.endsWith("Options") && (symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias)) !== 0
    )
    assert.isAbove(types.length, 60)
    assert.deepStrictEqual(
      types.flatMap(({ name, symbol }) =>
        ignored(checker.getDeclaredTypeOfSymbol(symbol), read).map((option) => `${name}: ${option}`)
      ),
      []
    )
  })

  it("each function reaches the code that reads its options", { timeout: 300_000 }, async () => {
    const functions = exported.flatMap(({ name, symbol }) => {
      const declaration = symbol.valueDeclaration
      if (
        declaration === undefined || ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === "internal")
      ) {
        return []
      }
      const initializer = ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined
      // A function with overloads reads the options of its implementation.
      const types = initializer !== undefined && ts.isArrowFunction(initializer)
        ? initializer.parameters.filter(({ name }) => name.getText() === "options" || ts.isObjectBindingPattern(name))
          .map((parameter) => checker.getTypeAtLocation(parameter))
        : checker.getTypeOfSymbol(symbol).getCallSignatures().flatMap(({ parameters }) =>
          parameters.filter((parameter) => parameter.name === "options")
            .map((parameter) => checker.getTypeOfSymbol(parameter))
        )
      return types.map((type) => ({ name, declaration, type }))
    })
    assert.isAbove(functions.length, 300)
    const problems: Array<string> = []
    for (const { declaration, name, type } of functions) {
      await turn()
      problems.push(...ignored(type, reachable(declaration)).map((option) => `${name}: ${option}`))
    }
    assert.deepStrictEqual(problems, [])
  })

  it("each program reads each flag of its command line", { timeout: 300_000 }, () => {
    /** The declarations of flags: members of `options` in a call of `parseArgs`, or of an object that satisfies their type. */
    const declaredIn = (node: ts.Node): ReadonlyArray<ts.ObjectLiteralElementLike> => {
      const own = ts.isObjectLiteralExpression(node) &&
          (ts.isSatisfiesExpression(node.parent)
            ? node.parent.type.getText().startsWith("ParseArgsConfig")
            : ts.isPropertyAssignment(node.parent) && node.parent.name.getText() === "options")
        ? node.properties
        : []
      const inside: Array<ts.ObjectLiteralElementLike> = [...own]
      ts.forEachChild(node, (child) => void inside.push(...declaredIn(child)))
      return inside
    }
    const sources = programs.flatMap((file) => program.getSourceFile(file) ?? [])
    const flags = sources.flatMap((source) => {
      const { properties } = readsOf(source)
      return declaredIn(source).map((flag) => ({
        name: `${source.fileName.slice(root.length)}: --${flag.name?.getText()}`,
        isRead: properties.has(flag)
      }))
    })
    // The workspace that is generated for Effect 4 has fewer programs.
    assert.isAbove(flags.length, existsSync(`${root}scripts/effect4.ts`) ? 40 : 15)
    assert.deepStrictEqual(flags.filter(({ isRead }) => !isRead).map(({ name }) => name), [])
  })
})
