/** Reads the imports of a module from its source. They are cached until the file changes. */
import { readFileSync, statSync } from "node:fs"
import ts from "typescript"

/**
 * @typedef {object} Import
 * @property {string} source the specifier after `from`
 * @property {boolean} typeOnly whether the compiler removes the import
 */

/** @type {Map<string, { readonly time: number, readonly imports: ReadonlyArray<Import> }>} */
const cache = new Map()

/** @param {string} file @returns {ReadonlyArray<Import>} the imports of the file; none if it does not exist */
export const importsOf = (file) => {
  const time = statSync(file, { throwIfNoEntry: false })?.mtimeMs
  if (time === undefined) return []
  const known = cache.get(file)
  if (known?.time === time) return known.imports
  const imports = parse(readFileSync(file, "utf8"))
  cache.set(file, { time, imports })
  return imports
}

/** @param {string} text @returns {ReadonlyArray<Import>} */
const parse = (text) =>
  ts.createSourceFile("module.ts", text, ts.ScriptTarget.Latest).statements.flatMap((statement) => {
    const named = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)
    if (!named || statement.moduleSpecifier === undefined) return []
    const typeOnly = ts.isImportDeclaration(statement)
      ? statement.importClause?.isTypeOnly === true
      : statement.isTypeOnly
    return [{ source: statement.moduleSpecifier.text, typeOnly }]
  })
