/**
 * Builds the package in the current directory, from `src` to `dist`.
 *
 * TypeScript emits the code, with short names for private members (`privateNames.ts`). Two more steps follow:
 * - Relative `.ts` specifiers in declarations become `.js`, because `rewriteRelativeImportExtensions` changes only code. Both
 *   have the same length, so the declaration maps stay valid.
 * - Calls at the top of a module are marked as pure, so that bundlers can drop unused values.
 */
import { transformAsync } from "@babel/core"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { shorten } from "./privateNames.ts"
import { configOf } from "./typescript.ts"

const dist = Path.resolve("dist")
await Fs.rm(dist, { recursive: true, force: true })

const format: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => process.cwd(),
  getNewLine: () => "\n"
}
const config = configOf("tsconfig.build.json", { noEmitOnError: true })
const program = ts.createProgram(config.fileNames, config.options)
const { diagnostics } = program.emit(undefined, undefined, undefined, undefined, { before: [shorten(program)] })
const problems = [...config.errors, ...ts.getPreEmitDiagnostics(program), ...diagnostics]
if (problems.length > 0) {
  process.stderr.write(ts.formatDiagnostics(problems, format))
  process.exit(1)
}

const specifier = /(\bfrom\s*|\bimport\s*\(\s*|\bimport\s+|\bdeclare\s+module\s+)(["'])(\.{1,2}\/[^"'\n]*)\.ts\2/g

let modules = 0
for (const name of await Fs.readdir(dist, { recursive: true })) {
  const file = Path.join(dist, name)
  if (name.endsWith(".d.ts")) {
    await Fs.writeFile(file, (await Fs.readFile(file, "utf8")).replace(specifier, "$1$2$3.js$2"))
  } else if (name.endsWith(".js")) {
    modules++
    const result = await transformAsync(await Fs.readFile(file, "utf8"), {
      filename: file,
      babelrc: false,
      configFile: false,
      compact: false,
      sourceMaps: true,
      inputSourceMap: JSON.parse(await Fs.readFile(`${file}.map`, "utf8")),
      plugins: [fileURLToPath(import.meta.resolve("babel-plugin-annotate-pure-calls"))]
    })
    if (result === null || !result.code || !result.map) throw new Error(`Babel returned no code or no map for ${file}`)
    // Babel keeps the comment with the name of the input map, so it is removed.
    const code = result.code.replace(/\n\/\/# sourceMappingURL=.*$/g, "")
    await Fs.writeFile(file, `${code}\n//# sourceMappingURL=${Path.basename(file)}.map\n`)
    await Fs.writeFile(`${file}.map`, JSON.stringify(result.map))
  }
}
process.stdout.write(`${modules} modules in ${Path.relative(Path.resolve("../.."), dist)}\n`)
