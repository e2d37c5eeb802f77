import * as Fs from "node:fs"
import * as Path from "node:path"

/** The modules that a built package exports, besides its index. Its `exports` hide some by `null`. */
export const publicModules = (folder: string): ReadonlyArray<string> => {
  const { exports } = JSON.parse(Fs.readFileSync(Path.join(folder, "package.json"), "utf8"))
  return Fs.readdirSync(Path.join(folder, "dist"))
    .flatMap((file) => /^(.+)\.d\.ts$/.exec(file)?.[1] ?? [])
    .filter((module) => module !== "index" && exports[`./${module}`] !== null)
}
