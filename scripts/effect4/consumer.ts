/** A project outside the workspace that installs the tarballs with Effect 4.1, runs the quickstart and opens a page. */
import { build } from "esbuild"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { gzipSync } from "node:zlib"
import { titleOf } from "./opened.ts"

export interface Consumer {
  /** The folder of the project. The first run finds it empty and installs the tarballs. Later runs reuse it. */
  readonly consumer: string
  /** The folder of the executable of Node. */
  readonly node: string
  /** The root of this repository. */
  readonly root: string
  readonly tarballs: string
}

/** The page imports modules by their paths, because esbuild keeps the whole of a module that is imported from a barrel. */
const pathImports = `import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as KuzzleServer from "@effect-kuzzle/core/KuzzleServer"
import * as Effect from "effect/Effect"
`
/** The same imports from barrels, to compare the sizes. */
const barrelImports = `import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { KuzzleServer } from "@effect-kuzzle/core"
import { Effect } from "effect"
`

const program = `
Effect.runFork(KuzzleServer.now().pipe(
  Effect.andThen((now) => Effect.sync(() => { document.title = String(now) })),
  Effect.provide(BrowserKuzzle.layer({ url: new URLSearchParams(location.search).get("url") }))
))
`

const install = (
  { consumer, root, tarballs }: Consumer,
  run: (...command: ReadonlyArray<string>) => boolean
): boolean => {
  const packages = Fs.readdirSync(tarballs).map((file) => {
    const [, name] = /^effect-kuzzle-(\w+)-/.exec(file) ?? []
    return [`@effect-kuzzle/${name}`, `file:${Path.join(tarballs, file)}`]
  })
  const dependencies = { ...Object.fromEntries(packages), effect: "^4.1.0", "@effect/platform-node": "^4.1.0" }
  const manifest = { name: "consumer", private: true, type: "module", dependencies }
  Fs.writeFileSync(Path.join(consumer, "package.json"), JSON.stringify(manifest))
  // The quickstart that was generated for Effect 4.
  for (const file of Fs.readdirSync(Path.join(root, "build/effect4/examples/quickstart/src"))) {
    Fs.copyFileSync(Path.join(root, "build/effect4/examples/quickstart/src", file), Path.join(consumer, file))
  }
  Fs.writeFileSync(Path.join(consumer, "page.js"), pathImports + program)
  Fs.writeFileSync(Path.join(consumer, "page.barrels.js"), barrelImports + program)
  return run("npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
}

/** The script of a page. */
const bundle = async (consumer: string, page: string): Promise<string> => {
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
  return outputFiles[0]?.text ?? ""
}

/** The budget of the page, in KB of 1,000 bytes: its current size and a tenth more. */
const budget = 55

/** Prints the size of the page and the server's time that it shows in Chromium. Fails if the page is above its budget or shows another time. */
const isWhole = async ({ consumer, node }: Consumer): Promise<boolean> => {
  const [page = "", byBarrel = ""] = await Promise.all(
    ["page.js", "page.barrels.js"].map((file) => bundle(consumer, file))
  )
  const size = (script: string) => gzipSync(script, { level: 9 }).length / 1000
  process.stdout.write(
    `Effect 4: a page with one action is ${size(page).toFixed(1)} KB gzip, budget ${budget} KB; ` +
      `with imports from barrels ${size(byBarrel).toFixed(1)} KB gzip\n`
  )
  const title = await titleOf(consumer, node, page)
  process.stdout.write(`Effect 4: the page shows ${title} in Chromium\n`)
  return size(page) <= budget && Math.abs(Number(title) - Date.now()) < 60_000
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
  return isWhole(options)
}
