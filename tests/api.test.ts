/**
 * The public API as an editor and a compiler show it: important members have documentation, every error belongs to a function
 * that fails with it, and no function has more than three positional parameters.
 */
import { assert, describe, it } from "@effect/vitest"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("../", import.meta.url))
const index = `${root}packages/core/src/index.ts`

const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [index] }, ts.sys, root)
const program = ts.createProgram([index], { ...options, noEmit: true, types: [] })
const checker = program.getTypeChecker()

const isOurs = (declaration: ts.Declaration): boolean =>
  declaration.getSourceFile().fileName.includes("/packages/core/src/")

/** The modules of the package, with their exports. */
const modules = exportsOf(index).map((module) => ({
  name: module.name,
  members: checker.getExportsOfModule(resolved(module)).filter((member) => !isInternal(resolved(member))).map((
    member
  ) => ({
    name: member.name,
    // A re-export without documentation has that of its target.
    line: lineOf(member) || lineOf(resolved(member)),
    symbol: resolved(member)
  }))
}))

function exportsOf(path: string): ReadonlyArray<ts.Symbol> {
  const source = program.getSourceFile(path)
  const symbol = source && checker.getSymbolAtLocation(source)
  return symbol === undefined ? [] : checker.getExportsOfModule(symbol)
}

function lineOf(symbol: ts.Symbol): string {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim()
}

/** Whether the published declarations omit the symbol. */
function isInternal(symbol: ts.Symbol): boolean {
  return symbol.getJsDocTags(checker).some(({ name }) => name === "internal")
}

function resolved(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

const valueTypeOf = (symbol: ts.Symbol): ts.Type => checker.getTypeOfSymbol(symbol)

const isValue = ({ flags }: ts.Symbol): boolean =>
  (flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Variable | ts.SymbolFlags.Class)) !== 0

/** The type that a module declares under a name. */
const declared = (module: string, name: string): ts.Type => {
  const member = modules.find((other) => other.name === module)?.members.find((other) => other.name === name)
  if (member === undefined) throw new Error(`${module}.${name} is not exported`)
  return checker.getDeclaredTypeOfSymbol(member.symbol)
}

/** The members of a type that this project declares without documentation. */
const undocumented = (module: string, name: string): ReadonlyArray<string> =>
  (declared(module, name).isUnion()
    ? declared(module, name).getApparentProperties()
    : checker.getPropertiesOfType(declared(module, name)))
    .filter((member) => member.declarations?.every(isOurs) === true && lineOf(member) === "")
    .map((member) => `${module}.${name}: ${member.name}`)

describe("an editor", () => {
  it("shows documentation for every member of the types that are used most", () => {
    const types = [
      ["KuzzleFilter", "Builders"],
      ["KuzzleRepository", "KuzzleRepository"],
      ["KuzzleRepository", "SearchOptions"],
      ["KuzzleRepository", "HitsOptions"],
      ["KuzzleRepository", "LiveOptions"],
      ["KuzzleRepository", "SubscribeOptions"],
      ["KuzzleDocument", "SearchOptions"],
      ["KuzzleDocument", "WriteOptions"],
      ["KuzzleDocument", "UpdateOptions"],
      ["KuzzleSearch", "Options"],
      ["KuzzleRealtime", "SubscribeOptions"],
      ["KuzzleRealtime", "JoinOptions"],
      ["KuzzleRealtime", "BufferOptions"],
      ["KuzzleAuth", "LoginOptions"]
    ] as const
    assert.deepStrictEqual(types.flatMap(([module, name]) => undocumented(module, name)), [])
  })

  it("shows documentation for every function", () => {
    const undocumented = modules.flatMap(({ members, name }) =>
      members.filter(({ line, symbol }) => isValue(symbol) && line === "")
        .map((member) => `${name}.${member.name}`)
    )
    assert.deepStrictEqual(undocumented, [])
  })

  it("shows an action as a function that returns an Effect", { timeout: 120_000 }, () => {
    const actions = modules.flatMap(({ members, name }) =>
      members.filter(({ symbol }) => isValue(symbol)).flatMap((member) => {
        const type = valueTypeOf(member.symbol)
        if (type.getProperty("declaration") === undefined) return []
        return [{ name: `${name}.${member.name}`, type }]
      })
    )
    assert.isAbove(actions.length, 250)
    // An editor would show an alias by its name, and no function.
    const others = actions.filter(({ type }) =>
      type.aliasSymbol !== undefined ||
      !type.getCallSignatures().every((signature) =>
        ["Effect", "Stream"].includes(signature.getReturnType().getSymbol()?.name ?? "")
      )
    )
    assert.deepStrictEqual(others.map(({ name }) => name), [])
  })
})

describe("functions", () => {
  it("have at most three positional parameters", () => {
    const long = modules.flatMap(({ members, name }) =>
      members.filter(({ symbol }) => isValue(symbol)).flatMap((member) =>
        valueTypeOf(member.symbol).getCallSignatures()
          .filter(({ declaration, parameters }) =>
            declaration !== undefined && isOurs(declaration) && parameters.length > 3
          )
          .map(() => `${name}.${member.name}`)
      )
    )
    assert.deepStrictEqual(long, [])
  })
})

describe("errors", () => {
  /** The classes of errors, with their tags. */
  const classes = modules.flatMap(({ members }) =>
    members.flatMap(({ symbol }) => {
      if ((symbol.flags & ts.SymbolFlags.Class) === 0) return []
      const instance = checker.getDeclaredTypeOfSymbol(symbol)
      const tag = instance.getProperty("_tag")
      const type = tag && checker.getTypeOfSymbol(tag)
      return instance.getProperty("stack") !== undefined && type?.isStringLiteral() === true
        ? [{ tag: type.value, instance }]
        : []
    })
  )

  it("all have the type KuzzleError, and those of the server also have the type AnyApiError", () => {
    const any = declared("KuzzleError", "KuzzleError")
    const ofKuzzle = declared("KuzzleError", "AnyApiError")
    const others = classes.filter(({ instance }) =>
      !checker.isTypeAssignableTo(instance, any) ||
      // `isApiError` tests for this member.
      instance.getProperty("props") !== undefined && !checker.isTypeAssignableTo(instance, ofKuzzle)
    )
    assert.deepStrictEqual(others.map(({ tag }) => tag), [])
  })

  it("are all reachable from the type of a function", { timeout: 120_000 }, () => {
    const reached = new Set<string>()
    const seen = new Set<ts.Type>()
    const visit = (type: ts.Type, depth: number): void => {
      if (depth > 12 || seen.has(type)) return
      seen.add(type)
      if (type.isUnionOrIntersection()) { for (const member of type.types) visit(member, depth) }
      const alias = type.aliasTypeArguments ?? []
      // The type parameters of a class or of an interface are its arguments, too.
      const typeArguments = type.flags & ts.TypeFlags.Object ? checker.getTypeArguments(type as ts.TypeReference) : []
      for (const argument of [...alias, ...typeArguments]) visit(argument, depth + 1)
      for (const signature of type.getCallSignatures()) visit(signature.getReturnType(), depth + 1)
      const own = type.getSymbol()?.declarations?.some(isOurs) === true
      if (!own) return
      const tag = type.getProperty("_tag")
      const tagType = tag && checker.getTypeOfSymbol(tag)
      if (tagType?.isStringLiteral() === true) reached.add(tagType.value)
      for (const member of checker.getPropertiesOfType(type)) {
        if (member.declarations?.some(isOurs) === true) visit(checker.getTypeOfSymbol(member), depth + 1)
      }
    }
    for (const { members } of modules) {
      for (const { symbol } of members) {
        if ((symbol.flags & ts.SymbolFlags.Class) !== 0) {
          // The type of a service counts, and the class of an error does not.
          const instance = checker.getDeclaredTypeOfSymbol(symbol)
          if (instance.getProperty("stack") === undefined) visit(valueTypeOf(symbol), 0)
        } else if (isValue(symbol)) visit(valueTypeOf(symbol), 0)
        // The types of services that applications can replace.
        else if (symbol.name.endsWith("Shape")) visit(checker.getDeclaredTypeOfSymbol(symbol), 0)
      }
    }
    // The `authenticator` of the application fails with it.
    reached.add("KuzzleAuthenticatorError")
    // A platform fails with it, for the socket of the client.
    reached.add("KuzzleDialError")
    // Promises reject with it, and the types of Promises have no errors.
    reached.add("KuzzleClosedError")
    assert.isAbove(classes.length, 60)
    assert.deepStrictEqual(classes.map(({ tag }) => tag).filter((tag) => !reached.has(tag)), [])
  })
})
