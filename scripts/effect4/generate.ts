/** Writes the packages for Effect 4 into `build/effect4`. The codemod translates each source, or its twin replaces it. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { configOf, programOf } from "../typescript.ts"
import { File } from "./codemod.ts"
import { examplesOf, withExamples } from "./examples.ts"
import { type Manifest, packageManifest, rootManifest, workspace } from "./manifests.ts"
import { rules } from "./rules.ts"
import { excluded } from "./scope.ts"

const twin = /\.effect4\.(ts|tsx)$/

/** A file, or the files below a folder of the repository. Built and installed files are not included. */
const filesOf = (root: string, folder: string): ReadonlyArray<string> =>
  Fs.statSync(Path.join(root, folder)).isFile() ?
    [folder] :
    Fs.readdirSync(Path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const file = Path.join(folder, entry.name)
      if (["node_modules", "dist", "docs"].includes(entry.name) || Object.hasOwn(excluded, file)) return []
      return entry.isDirectory() ? filesOf(root, file) : [file]
    })

/** Writes a file only if its content has changed, so that the type-check can be incremental. */
const write = (file: string, text: string | Uint8Array): void => {
  Fs.mkdirSync(Path.dirname(file), { recursive: true })
  if (Fs.existsSync(file) && Buffer.from(text).equals(Fs.readFileSync(file))) return
  Fs.writeFileSync(file, text)
}

const parsed = (bytes: Uint8Array): Manifest => JSON.parse(new TextDecoder().decode(bytes))

const json = (manifest: Manifest): string => `${JSON.stringify(manifest, undefined, 2)}\n`

/** Writes the files of the workspace that are outside the packages. */
export const generateWorkspace = (root: string, out: string): void => {
  const read = (file: string) => Fs.readFileSync(Path.join(root, file))
  write(Path.join(out, "package.json"), json(rootManifest(parsed(read("package.json")))))
  write(Path.join(out, "pnpm-workspace.yaml"), workspace(read("pnpm-workspace.yaml").toString()))
  for (const file of ["tsconfig.json", "tstyche.config.json", "LICENSE"]) write(Path.join(out, file), read(file))
  write(Path.join(out, "vitest.config.ts"), read("scripts/effect4/vitest.config.effect4.ts"))
  write(Path.join(out, "property.ts"), read("scripts/effect4/property.effect4.ts"))
  write(
    Path.join(out, "tsconfig.check.json"),
    json({
      extends: "./tsconfig.json",
      compilerOptions: { plugins: [], incremental: true, tsBuildInfoFile: "node_modules/.cache/check.tsbuildinfo" },
      include: [...JSON.parse(read("tsconfig.json").toString()).include, "packages/*/examples"]
    })
  )
  // A rule may remove the only use of a name, so unused names are allowed.
  write(
    Path.join(out, "tsconfig.base.json"),
    read("tsconfig.base.json").toString().replace(/("noUnused\w+": )true/g, "$1false")
  )
}

const versionFile = "packages/core/src/internal/data/version.ts"

/** Writes these files and folders. Returns the written files, relative to both roots. */
export const generate = (root: string, out: string, folders: ReadonlyArray<string>): ReadonlyArray<string> => {
  const files = folders.flatMap((folder) => filesOf(root, folder))
  const twins = new Set(files.filter((file) => twin.test(file)).map((file) => file.replace(twin, ".$1")))
  const isSource = (file: string) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts")
  const sources = files.filter((file) => isSource(file) && !twin.test(file) && !twins.has(file))
  const examples = new Map(sources.map((file) => [file, examplesOf(root, file)]))
  const absolute = (file: string) => Path.join(root, file)
  const texts = [...examples.values()].flat().map(([file, text]): [string, string] => [absolute(file), text])
  const { options } = configOf(absolute("tsconfig.json"))
  const program = programOf(options, new Map(texts), sources.map(absolute))
  const translated = (file: string): string => {
    const source = program.getSourceFile(absolute(file))
    if (source === undefined) throw new Error(`${file} is not in the program`)
    return new File(program, source, rules, root).text()
  }
  const version = packageManifest(parsed(Fs.readFileSync(Path.join(root, "packages/core/package.json"))))["version"]
  const modules: Array<string> = []
  for (const file of sources) {
    const own = examples.get(file)?.map(([path]): [string, string] => [path, translated(path)]) ?? []
    const text = withExamples(file, translated(file), own)
    // This file contains the version of the package (`scripts/sync-version.ts`).
    write(Path.join(out, file), file === versionFile ? text.replace(/"\d\S*"/, JSON.stringify(version)) : text)
    for (const [path, text] of own) write(Path.join(out, path), text)
    modules.push(file, ...own.map(([path]) => path))
  }
  const others = files.filter((file) => !isSource(file))
  for (const file of others) {
    const bytes = Fs.readFileSync(Path.join(root, file))
    write(Path.join(out, file), Path.basename(file) === "package.json" ? json(packageManifest(parsed(bytes))) : bytes)
  }
  for (const file of twins) {
    write(Path.join(out, file), Fs.readFileSync(Path.join(root, file.replace(/\.(tsx?)$/, ".effect4.$1"))))
  }
  const generated = new Set([...modules, ...others, ...twins])
  // The files of an earlier run whose sources are no longer generated.
  const tops = new Set(folders.map((folder) => folder.split("/", 1)[0] ?? folder))
  for (const file of [...tops].flatMap((top) => filesOf(out, top))) {
    if (!generated.has(file)) Fs.rmSync(Path.join(out, file))
  }
  return [...generated]
}
