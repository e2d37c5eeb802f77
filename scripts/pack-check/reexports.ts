/**
 * Writes the source of a library that exports everything it can get from these packages, without type annotations. So its
 * declarations contain every type that the compiler can infer from the packages.
 */
import * as Path from "node:path"
import ts from "typescript"
import { publicModules } from "./modules.ts"

/** @param folder the project that has installed the packages */
export const reexports = (folder: string, packages: ReadonlyArray<string>): string => {
  const modules = packages.flatMap((name) => {
    const installed = Path.join(folder, "node_modules", name)
    return publicModules(installed)
      .map((module) => ({
        module,
        specifier: `${name}/${module}`,
        file: Path.join(installed, "dist", `${module}.d.ts`)
      }))
  })
  const program = ts.createProgram(modules.map(({ file }) => file), {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true
  })
  const checker = program.getTypeChecker()
  return modules.flatMap(({ file, module, specifier }) => {
    const source = program.getSourceFile(file)
    const symbol = source && checker.getSymbolAtLocation(source)
    if (symbol === undefined) throw new Error(`${specifier} has no exports`)
    return [
      `import * as ${module} from "${specifier}"`,
      ...checker.getExportsOfModule(symbol).flatMap((exported) => {
        const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
        return derived(module, exported.name, target)
      })
    ]
  }).join("\n")
}

/** The statements for one export: one for a value, one for a type or for the members of an interface. */
const derived = (module: string, name: string, symbol: ts.Symbol): ReadonlyArray<string> => {
  const lines: Array<string> = []
  if (symbol.flags & ts.SymbolFlags.Value) lines.push(`export const ${module}_${name} = ${module}.${name}`)
  const type = symbol.declarations?.find((node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
  // `scripts/consumer/library.ts` uses the generic types, with types in place of their parameters.
  if (type !== undefined && (type.typeParameters ?? []).every((parameter) => parameter.default !== undefined)) {
    const value = ts.isInterfaceDeclaration(type) && !isError(type) ? "({ ...it })" : "[it] as const"
    lines.push(`export const ${module}_${name}_type = (it: ${module}.${name}) => ${value}`)
  }
  return lines
}

/** Whether a type is an error of Effect. An error is also an effect, and some members of an effect have no name to export. */
const isError = (type: ts.InterfaceDeclaration): boolean =>
  type.heritageClauses?.some((clause) => /\b(?:Yieldable|Kuzzle)Error\b/.test(clause.getText())) === true
