/** What a module imports, and what it may reach through others: read from the sources, and read again when they change. */
import { readFileSync, statSync } from "node:fs"
import ts from "typescript"

/**
 * @typedef {object} Import
 * @property {string} source what stands behind `from`
 * @property {boolean} typeOnly whether the compiler removes it
 */

/** @type {Map<string, { readonly time: number, readonly imports: ReadonlyArray<Import> }>} */
const read = new Map()

/** @param {string} file @returns {ReadonlyArray<Import>} of a file that does not exist: none */
export const importsOf = (file) => {
  const time = statSync(file, { throwIfNoEntry: false })?.mtimeMs
  if (time === undefined) return []
  const known = read.get(file)
  if (known?.time === time) return known.imports
  const imports = parse(readFileSync(file, "utf8"))
  read.set(file, { time, imports })
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
