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

const page = `import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { KuzzleServer } from "@effect-kuzzle/core"
import { Effect } from "effect"

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
  Fs.writeFileSync(Path.join(consumer, "page.js"), page)
  return run("npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
}

/** Prints the size of the page. */
const bundle = async (consumer: string): Promise<void> => {
  const { outputFiles } = await build({
    absWorkingDir: consumer,
    entryPoints: ["page.js"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "error"
  })
  const bytes = gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length
  process.stdout.write(`Effect 4: a page with one action is ${(bytes / 1024).toFixed(1)} KB gzip\n`)
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
  await bundle(options.consumer)
  return true
}
