/**
 * Compiles statements: a program that reads `[statement, label]` pairs as JSON and prints the faults. `declared.ts` runs it.
 */
import { dirname } from "node:path"
import { json } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const preamble = `import type * as Core from "@effect-kuzzle/core"
import { Option, Redacted } from "effect"
import type { Declared } from "../../packages/core/src/internal/client/action.ts"
type Result<F> = F extends Declared<infer _Options, infer A, infer _E> ? A : never
void Option, Redacted
`

/** A path beside this module, so that its imports resolve. The file is never written. */
const file = fileURLToPath(new URL("./answers.generated.ts", import.meta.url))

/**
 * The errors of TypeScript for these statements, by their labels. Each statement has its own scope and line.
 */
const compiled = (statements: ReadonlyArray<readonly [statement: string, label: string]>): ReadonlyArray<string> => {
  const lines = statements.map(([statement], i) => `export namespace answer${i} { ${statement} }\n`)
  const source = ts.createSourceFile(file, preamble + lines.join(""), ts.ScriptTarget.ES2022, true)
  const options = settings()
  const host = ts.createCompilerHost(options)
  const program = ts.createProgram([file], options, {
    ...host,
    fileExists: (path) => path === file || host.fileExists(path),
    getSourceFile: (path, ...rest) => path === file ? source : host.getSourceFile(path, ...rest)
  })
  const first = ts.getLineAndCharacterOfPosition(source, preamble.length).line
  const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
  return diagnostics.map(({ messageText, start = 0 }) => {
    const label = statements[ts.getLineAndCharacterOfPosition(source, start).line - first]?.[1] ?? "the preamble"
    return `${label}: ${pathTo(source, start)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`
  })
}

const settings = (): ts.CompilerOptions => {
  const path = fileURLToPath(new URL("../../tsconfig.json", import.meta.url))
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile)
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, " "))
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [file] }, ts.sys, dirname(path))
  return { ...options, noUnusedLocals: false, types: [] }
}

/** The path of a fault in its value, for example `value.hits[0]._source`. */
const pathTo = (source: ts.SourceFile, position: number): string => {
  const steps: Array<string> = []
  const descend = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node)) steps.push(`.${node.name.getText(source).replaceAll("\"", "")}`)
    const { parent } = node
    if (parent !== undefined && ts.isArrayLiteralExpression(parent) && ts.isExpression(node)) {
      steps.push(`[${parent.elements.indexOf(node)}]`)
    }
    ts.forEachChild(node, (child) => {
      if (child.getStart(source) <= position && position < child.getEnd()) descend(child)
    })
  }
  descend(source)
  return `value${steps.join("")}`
}

// `declared.ts` writes the pairs.
const input = await json(process.stdin) as ReadonlyArray<readonly [string, string]>
console.log(JSON.stringify(compiled(input)))
