/**
 * A program that compiles TypeScript with the options of this workspace. It reads the texts of files as JSON, and prints
 * the faults of the compiler. See `generated.ts`.
 */
import { dirname } from "node:path"
import { json } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import ts from "typescript"

/** The texts become files beside this module, so that their imports resolve. They are never written to disk. */
const faultsOf = (texts: ReadonlyArray<string>): ReadonlyArray<string> => {
  const sources = new Map(texts.map((text, i) => {
    const path = fileURLToPath(new URL(`./generated${i}.ts`, import.meta.url))
    return [path, ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)] as const
  }))
  const options = { ...settings(), types: [] }
  const host = ts.createCompilerHost(options)
  const program = ts.createProgram([...sources.keys()], options, {
    ...host,
    fileExists: (path) => sources.has(path) || host.fileExists(path),
    getSourceFile: (path, ...rest) => sources.get(path) ?? host.getSourceFile(path, ...rest)
  })
  return [...sources.values()].flatMap((source) =>
    [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText, start = 0 }) => {
        const { line } = ts.getLineAndCharacterOfPosition(source, start)
        return `${source.text.split("\n")[line]}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`
      }
    )
  )
}

const settings = (): ts.CompilerOptions => {
  const path = fileURLToPath(new URL("../../../../tsconfig.json", import.meta.url))
  const { config } = ts.readConfigFile(path, ts.sys.readFile)
  return ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, dirname(path)).options
}

// Safe: `generated.ts` writes a list of texts.
const given = await json(process.stdin) as ReadonlyArray<string>
console.log(JSON.stringify(faultsOf(given)))
