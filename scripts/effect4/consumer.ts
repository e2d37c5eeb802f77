/** A project outside the workspace that installs the tarballs with Effect 4.1, runs the quickstart and bundles a page. */
import { build } from "esbuild"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { gzipSync } from "node:zlib"

export interface Consumer {
  /** An empty folder, or that of the run before. */
  readonly consumer: string
  /** The folder of the `node` that runs it. */
  readonly node: string
  /** The root of this repository. */
  readonly root: string
  readonly tarballs: string
}

/** esbuild keeps a whole module that is imported by the name of its package: a page names the modules themselves. */
const modules = `import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as KuzzleServer from "@effect-kuzzle/core/KuzzleServer"
import * as Effect from "effect/Effect"
`
const names = `import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { KuzzleServer } from "@effect-kuzzle/core"
import { Effect } from "effect"
`

const program = `
Effect.runFork(KuzzleServer.now().pipe(
  Effect.andThen((now) => Effect.sync(() => { document.title = String(now) })),
  Effect.provide(BrowserKuzzle.layer({ url: "ws://localhost:7512" }))
))
`

const install = (
  { consumer, root, tarballs }: Consumer,
  run: (...command: ReadonlyArray<string>) => boolean
): boolean => {
  const found = Fs.readdirSync(tarballs).map((file) => {
    const [, name] = /^effect-kuzzle-(\w+)-/.exec(file) ?? []
    return [`@effect-kuzzle/${name}`, `file:${Path.join(tarballs, file)}`]
  })
  const dependencies = { ...Object.fromEntries(found), effect: "^4.1.0", "@effect/platform-node": "^4.1.0" }
  const manifest = { name: "consumer", private: true, type: "module", dependencies }
  Fs.writeFileSync(Path.join(consumer, "package.json"), JSON.stringify(manifest))
  // The program as it is for Effect 4, without its types.
  for (const file of Fs.readdirSync(Path.join(root, "build/effect4/examples/quickstart/src"))) {
    Fs.copyFileSync(Path.join(root, "build/effect4/examples/quickstart/src", file), Path.join(consumer, file))
  }
  Fs.writeFileSync(Path.join(consumer, "page.js"), modules + program)
  Fs.writeFileSync(Path.join(consumer, "page.names.js"), names + program)
  return run("npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
}

/** The bytes of the page, compressed. */
const bundle = async (consumer: string, page: string): Promise<number> => {
  const { outputFiles } = await build({
    absWorkingDir: consumer,
    entryPoints: [page],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "error"
  })
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length
}

/** KB of 1,000 bytes. What the page weighs today, and a tenth. */
const budget = 69

/** Prints the size of the page. */
const isLight = async (consumer: string): Promise<boolean> => {
  const [own = 0, whole = 0] = await Promise.all(["page.js", "page.names.js"].map((page) => bundle(consumer, page)))
  const shown = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB gzip`
  process.stdout.write(
    `Effect 4: a page with one action is ${shown(own)}, budget ${budget} KB; by the names of packages ${shown(whole)}\n`
  )
  return own <= budget * 1000
}

export const consume = async (options: Consumer): Promise<boolean> => {
  const env = { ...process.env, PATH: `${options.node}:${process.env.PATH ?? ""}` }
  const run = (command = "", ...args: ReadonlyArray<string>): boolean =>
    spawnSync(command, args, { cwd: options.consumer, stdio: "inherit", env }).status === 0
  if (!Fs.existsSync(Path.join(options.consumer, "package.json")) && !install(options, run)) return false
  await build({
    absWorkingDir: options.consumer,
    entryPoints: ["main.ts"],
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    outfile: Path.join(options.consumer, "main.mjs"),
    logLevel: "error"
  })
  if (!run("node", "--version") || !run("node", "main.mjs")) return false
  return isLight(options.consumer)
}
