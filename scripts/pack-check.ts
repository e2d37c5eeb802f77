/**
 * Checks what npm would publish:
 * 1. It builds and packs the packages. publint and attw check the tarballs.
 * 2. Projects outside the workspace install the tarballs, once with the newest peers and once with the oldest. Their programs
 *    are type-checked and run.
 * 3. A library that exports everything it can get from the packages emits its declarations. An application is compiled
 *    against them.
 *
 * `--no-build` uses `dist` as it is.
 */
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { publicModules } from "./pack-check/modules.ts"
import { reexports } from "./pack-check/reexports.ts"
import { packages } from "./packages.ts"

const { values } = parseArgs({ options: { "no-build": { type: "boolean", default: false } } })

const root = Path.resolve(fileURLToPath(import.meta.url), "../..")
const temporary = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-kuzzle-pack-"))
process.on("exit", () => Fs.rmSync(temporary, { recursive: true, force: true }))

const run = (title: string, cwd: string, command: string, args: ReadonlyArray<string>, quiet = false): string => {
  const result = spawnSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  if (result.error !== undefined) throw result.error
  const failed = result.status !== 0
  process.stdout.write(`${failed ? "failed" : "ok"}  ${title}\n`)
  if (failed || !quiet) process.stdout.write(indent(result.stdout))
  if (failed) {
    process.stdout.write(indent(result.stderr))
    process.exit(1)
  }
  return result.stdout
}

const manifest = (folder: string) => JSON.parse(Fs.readFileSync(Path.join(folder, "package.json"), "utf8"))

const indent = (text: string): string => text.trimEnd().replace(/^(?=.)/gm, "    ").replace(/(.)$/, "$1\n")

/** The path of a tool that the workspace has installed. */
const bin = (name: string): string => Path.join(root, "node_modules/.bin", name)

if (!values["no-build"]) {
  for (const name of packages) {
    run(`build ${name}`, Path.join(root, "packages", name), bin("tsx"), ["../../scripts/build.ts"], true)
  }
}

const tarballs = new Map<string, string>()
for (const name of packages) {
  const folder = Path.join(root, "packages", name)
  run(`pack ${name}`, folder, "npx", ["-y", "pnpm@10.34.9", "pack", "--pack-destination", temporary], true)
  const packed = Fs.readdirSync(temporary).find((file) => file.startsWith(`effect-kuzzle-${name}-`))
  if (packed === undefined) throw new Error(`pnpm pack wrote no tarball of ${name}`)
  tarballs.set(`@effect-kuzzle/${name}`, Path.join(temporary, packed))
}

for (const [name, tarball] of tarballs) {
  const contents = run(`contents of ${name}`, temporary, "tar", ["-tzf", tarball], true).split("\n")
  for (const file of ["package/LICENSE", "package/README.md", "package/dist/index.js", "package/dist/index.d.ts"]) {
    if (!contents.includes(file)) {
      process.stdout.write(`failed  the tarball of ${name} has no ${file.slice("package/".length)}\n`)
      process.exit(1)
    }
  }
  run(`publint ${name}`, root, bin("publint"), ["run", tarball, "--strict"], true)
  // attw does not follow wildcards, so the option names every public module.
  const modules = publicModules(Path.join(root, "packages", name.replace("@effect-kuzzle/", "")))
  run(`attw ${name}`, root, bin("attw"), [
    tarball,
    "--profile",
    "esm-only",
    "--format",
    "ascii",
    ...(modules.length > 0 ? ["--include-entrypoints", ...modules] : [])
  ], true)
}

// ---- projects outside the workspace --------------------------------------------------------------------------------

interface Versions {
  readonly [name: string]: string
}

/** The version of a package that this workspace has installed. */
const newest = (name: string, folder = "."): Versions => ({
  [name]: manifest(Path.join(root, folder, "node_modules", name)).version
})

/** The lowest version of a peer that a package allows. Ranges such as `^3.20.0` and `>=0.95.0 <1` begin with it. */
const oldest = (of: string, name: string): Versions => {
  const range = manifest(Path.join(root, "packages", of)).peerDependencies[name]
  const version = /\d+\.\d+\.\d+/.exec(range)?.[0]
  if (version === undefined) throw new Error(`the peer range of ${name} in ${of} is "${range}": it contains no version`)
  return { [name]: version }
}

/**
 * Creates a project with the tarballs and these peers, type-checks the programs (and all declarations that they use), and
 * runs them.
 */
const consume = (title: string, peers: Versions, programs: ReadonlyArray<string>): void => {
  const consumer = Path.join(temporary, title)
  Fs.mkdirSync(consumer)
  for (const file of ["tsconfig.json", "sdk.mjs", ...programs]) {
    Fs.copyFileSync(Path.join(root, "scripts/consumer", file), Path.join(consumer, file))
  }
  const dependencies = {
    ...Object.fromEntries([...tarballs].map(([name, tarball]) => [name, `file:${tarball}`])),
    ...peers,
    ...newest("kuzzle-sdk", "bench"),
    ...newest("@types/node"),
    // The declarations of @effect/platform-node import it, and the project checks all declarations.
    ...newest("@types/ws", "packages/node"),
    ...newest("typescript")
  }
  Fs.writeFileSync(
    Path.join(consumer, "package.json"),
    JSON.stringify({ name: "consumer", private: true, type: "module", dependencies }, null, 2)
  )
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`).join(", ")
  process.stdout.write(`with the ${title} peers: ${versions}\n`)
  run("install", consumer, "npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], true)
  for (const name of tarballs.keys()) {
    if (Fs.lstatSync(Path.join(consumer, "node_modules", name)).isSymbolicLink()) {
      throw new Error(`${name} was linked, not installed from its tarball`)
    }
  }
  for (const [name, version] of Object.entries(peers)) {
    const { version: installed } = manifest(Path.join(consumer, "node_modules", name))
    if (installed !== version) throw new Error(`npm installed ${name} ${installed} instead of ${version}`)
  }
  run("types", consumer, "npx", ["tsc", "--project", "."], true)
  checkDeclarations(consumer)
  for (const program of programs) {
    run(`run ${program}`, consumer, process.execPath, [Path.join("dist", program.replace(/\.ts$/, ".js"))])
  }
}

/**
 * Checks the declarations of a library that uses the packages. If they name a type that a package does not export, the type is
 * `any` in an application that uses the library. With `skipLibCheck`, which most applications set, there is no error.
 */
const checkDeclarations = (consumer: string): void => {
  const configuration = (folder: string, options: object, files: ReadonlyArray<string>): void => {
    Fs.mkdirSync(folder)
    Fs.writeFileSync(
      Path.join(folder, "tsconfig.json"),
      JSON.stringify({ extends: "../tsconfig.json", compilerOptions: options, include: [], files })
    )
  }
  const library = Path.join(consumer, "library")
  const emitted = Path.join(library, "emitted")
  configuration(library, { declaration: true, emitDeclarationOnly: true, outDir: "emitted" }, [
    "library.ts",
    "reexports.ts"
  ])
  Fs.copyFileSync(Path.join(root, "scripts/consumer/library.ts"), Path.join(library, "library.ts"))
  Fs.writeFileSync(Path.join(library, "reexports.ts"), reexports(consumer, [...tarballs.keys()]))
  run("declarations of a library", consumer, "npx", ["tsc", "--project", "library"], true)
  for (const file of ["library.d.ts", "reexports.d.ts"]) {
    const inner = Fs.readFileSync(Path.join(emitted, file), "utf8").match(/@effect-kuzzle\/[a-z]+\/internal\/[^;,]*/)
    if (inner !== null) {
      process.stdout.write(`failed  ${file} of a library names ${inner[0]}: export this type from a public module\n`)
      process.exit(1)
    }
  }
  const application = Path.join(consumer, "application")
  configuration(application, { skipLibCheck: true, noEmit: true }, ["application.ts"])
  Fs.writeFileSync(Path.join(application, "application.ts"), applicationSource)
  run("an application of this library", consumer, "npx", ["tsc", "--project", "application"], true)
}

/** A text, because a module of the workspace cannot import declarations that are emitted elsewhere. */
const applicationSource = `
import type { KuzzleDocument } from "@effect-kuzzle/core"
import type { Effect } from "effect"
import { create, created, taxis } from "../library/emitted/library.js"
import { KuzzleAuth_login, KuzzleDocument_create } from "../library/emitted/reexports.js"

// @ts-expect-error: no such option, and no such member of an effect
create({ nonsense: true }).foo.bar
// @ts-expect-error: no such option
KuzzleDocument_create({ index: "nyc", collection: "taxi", content: {}, nonsense: true })
// @ts-expect-error: no such member of an effect
KuzzleDocument_create({ index: "nyc", collection: "taxi", content: {} }).foo
// @ts-expect-error: a login needs credentials
KuzzleAuth_login({ strategy: "local" })
// @ts-expect-error: no such field
taxis.filter.exists("seat")
// @ts-expect-error: no such status
taxis.update({ _id: "a", content: { status: "fre" } })

export const ids: Effect.Effect<KuzzleDocument.Document, unknown, unknown> = created
`

consume("newest", {
  ...newest("effect"),
  ...newest("@effect/platform"),
  ...newest("@effect/platform-node"),
  ...newest("@effect/platform-browser")
}, ["main.ts", "page.ts", "server.ts"])

// This project does not install @effect/platform-browser, which is optional. A page needs it only for its `KeyValueStore`.
consume("oldest", {
  ...oldest("core", "effect"),
  ...oldest("core", "@effect/platform"),
  ...oldest("node", "@effect/platform-node")
}, ["main.ts", "page.ts", "server.ts"])
