/** Configurations and programs of TypeScript, for scripts and tests. */
import ts from "typescript"

/** The configuration in a file. Throws if the file cannot be read. */
export const configOf = (file: string, options: ts.CompilerOptions = {}): ts.ParsedCommandLine => {
  const config = ts.getParsedCommandLineOfConfigFile(file, options, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, "\n"))
    }
  })
  if (config === undefined) throw new Error(`${file} cannot be read`)
  return config
}

/**
 * The paths of the files under a folder. Folders of other tools (`node_modules`, and names that begin with a dot) are not
 * entered: their files may vanish while we read.
 */
export const filesUnder = (folder: string, extensions: ReadonlyArray<string> = [".ts"]): ReadonlyArray<string> =>
  ts.sys.readDirectory(folder, extensions, [], ["**/*"]).sort()

/** A program of modules that exist only as texts, by their absolute paths, and of files. */
export const programOf = (
  options: ts.CompilerOptions,
  texts: ReadonlyMap<string, string>,
  files: ReadonlyArray<string> = []
): ts.Program => {
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (file) => texts.has(file) || fileExists(file)
  host.readFile = (file) => texts.get(file) ?? readFile(file)
  return ts.createProgram([...files, ...texts.keys()], options, host)
}
