/** The simulation as one plain script, which starts in no time, with a patch planted in it or none. */
import { build } from "esbuild"
import type { BuildOptions, Plugin } from "esbuild"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

export const root = Path.resolve(fileURLToPath(import.meta.url), "../../..")

/** A change to one file of the sources, found by what stands there. */
export interface Patch {
  /** Path from the root of the repository. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** The text with the patch in it; fails when it does not apply exactly once. */
export const apply = ({ file, find, replace }: Patch, text: string): string => {
  const parts = text.split(find)
  if (parts.length !== 2) {
    throw new Error(`${file} holds ${JSON.stringify(find)} ${parts.length - 1} times, it must be once`)
  }
  return parts.join(replace)
}

/** Resolves the packages to their sources, and plants the patch. */
export const sources = (patch?: Patch): Plugin => ({
  name: "sources",
  setup(build) {
    build.onResolve({ filter: /^@effect-kuzzle\// }, ({ path }) => {
      const [, name = "", ...rest] = path.split("/")
      return {
        path: Path.join(root, "packages", name, "src", `${rest.length === 0 ? "index" : rest.join("/")}.ts`)
      }
    })
    if (patch === undefined) return
    const target = Path.join(root, patch.file)
    build.onLoad(
      { filter: /\.ts$/ },
      async ({ path }) =>
        path === target ? { contents: apply(patch, await Fs.readFile(path, "utf8")), loader: "ts" } : undefined
    )
  }
})

/** For one script that Node runs. */
export const forNode: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
  logLevel: "error"
}

export const bundle = async (outfile: string, patch?: Patch): Promise<void> => {
  await build({
    ...forNode,
    entryPoints: [Path.join(root, "packages/testing/test/simulation/batch.ts")],
    outfile,
    sourcemap: "inline",
    // The host takes the place of the scheduler when it is loaded: it is there for its effect.
    ignoreAnnotations: true,
    plugins: [sources(patch)]
  })
}
