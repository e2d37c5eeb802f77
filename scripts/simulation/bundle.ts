/** Bundles the simulation into one script, which starts faster than its modules. The script may contain a planted bug. */
import { build } from "esbuild"
import type { BuildOptions, Plugin } from "esbuild"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import type { Planted } from "../mutants/plant.ts"

export const root = Path.resolve(fileURLToPath(import.meta.url), "../../..")

/** Resolves the packages to their sources, one of which may contain a planted bug. */
export const sources = (planted?: Planted): Plugin => ({
  name: "sources",
  setup(build) {
    build.onResolve({ filter: /^@effect-kuzzle\// }, ({ path }) => {
      const [, name = "", ...rest] = path.split("/")
      return {
        path: Path.join(root, "packages", name, "src", `${rest.length === 0 ? "index" : rest.join("/")}.ts`)
      }
    })
    if (planted === undefined) return
    const target = Path.join(root, planted.file)
    build.onLoad(
      { filter: /\.ts$/ },
      ({ path }) => path === target ? { contents: planted.text, loader: "ts" } : undefined
    )
  }
})

/** The options for a script that Node runs. */
export const forNode: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
  logLevel: "error"
}

export const bundle = async (outfile: string, planted?: Planted): Promise<void> => {
  await build({
    ...forNode,
    entryPoints: [Path.join(root, "tests/simulation/batch.ts")],
    outfile,
    sourcemap: "inline",
    // Loading `tests/simulation/host.ts` replaces the scheduler. No code uses its exports, but esbuild must keep it.
    ignoreAnnotations: true,
    plugins: [sources(planted)]
  })
}
