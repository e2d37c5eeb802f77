import * as Fs from "node:fs"
import * as Path from "node:path"

/** The modules that a built package exports, without its index. A module whose entry in `exports` is `null` is not exported. */
export const publicModules = (folder: string): ReadonlyArray<string> => {
  const { exports } = JSON.parse(Fs.readFileSync(Path.join(folder, "package.json"), "utf8"))
  return Fs.readdirSync(Path.join(folder, "dist"))
    .flatMap((file) => /^(.+)\.d\.ts$/.exec(file)?.[1] ?? [])
    .filter((module) => module !== "index" && exports[`./${module}`] !== null)
}
