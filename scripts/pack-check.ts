/**
 * Checks what npm would publish. The packages are built and packed, publint and attw read the tarballs, and projects outside
 * the workspace install them, once with the newest peers and once with the oldest, type-check against them and run. A
 * library that exports whatever it gets from the packages emits its declarations, and an application is compiled against them.
 *
 * `--no-build` takes `dist` as it is.
 */
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { publicModules } from "./pack-check/modules.ts"
import { reexports } from "./pack-check/reexports.ts"

const root = Path.resolve(fileURLToPath(import.meta.url), "../..")
const packages = ["core", "node", "browser", "testing"]
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

/** A package's tool, without the shell's path. */
const bin = (name: string): string => Path.join(root, "node_modules/.bin", name)

if (!process.argv.includes("--no-build")) {
  for (const name of packages) {
    run(`build ${name}`, Path.join(root, "packages", name), bin("tsx"), ["../../scripts/build.ts"], true)
  }
}

const tarballs = new Map<string, string>()
for (const name of packages) {
  const folder = Path.join(root, "packages", name)
  run(`pack ${name}`, folder, "npx", ["-y", "pnpm@10.34.9", "pack", "--pack-destination", temporary], true)
  const packed = Fs.readdirSync(temporary).find((file) => file.startsWith(`effect-kuzzle-${name}-`))
  if (packed === undefined) throw new Error(`no tarball of ${name} came out`)
  tarballs.set(`@effect-kuzzle/${name}`, Path.join(temporary, packed))
}

for (const [name, tarball] of tarballs) {
  const contents = run(`contents of ${name}`, temporary, "tar", ["-tzf", tarball], true).split("\n")
  for (const file of ["package/LICENSE", "package/README.md", "package/dist/index.js", "package/dist/index.d.ts"]) {
    if (!contents.includes(file)) {
      process.stdout.write(`failed  ${name} ships no ${file.slice("package/".length)}\n`)
      process.exit(1)
    }
  }
  run(`publint ${name}`, root, bin("publint"), ["run", tarball, "--strict"], true)
  // attw does not follow wildcards: every public module is named.
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

// ---- a stranger's projects -----------------------------------------------------------------------------------------

interface Versions {
  readonly [name: string]: string
}

/** The version that this workspace has installed. */
const newest = (name: string, folder = "."): Versions => ({
  [name]: manifest(Path.join(root, folder, "node_modules", name)).version
})

/** The lowest version that a package's range of peers allows: `^3.20.0` and `>=0.95.0 <1` begin with it. */
const oldest = (of: string, name: string): Versions => {
  const range = manifest(Path.join(root, "packages", of)).peerDependencies[name]
  const version = /\d+\.\d+\.\d+/.exec(range)?.[0]
  if (version === undefined) throw new Error(`no version in the peer range ${range} of ${name}`)
  return { [name]: version }
}

/** Installs the tarballs beside these versions, type-checks programs against them, declarations included, and runs them. */
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
    // The declarations of @effect/platform-node mention it, and no declaration is skipped here.
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
    const { version: found } = manifest(Path.join(consumer, "node_modules", name))
    if (found !== version) throw new Error(`npm installed ${name} ${found} instead of ${version}`)
  }
  run("types", consumer, "npx", ["tsc", "--project", "."], true)
  emit(consumer)
  for (const program of programs) {
    run(`run ${program}`, consumer, process.execPath, [Path.join("dist", program.replace(/\.ts$/, ".js"))])
  }
}

/**
 * Declarations that a user's library emits name types of these packages. A type that the package does not export would
 * become `any` in the application that uses the library, without an error if it skips the check of libraries, as most do.
 */
const emit = (consumer: string): void => {
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

/** (A module of the workspace could not import what is emitted elsewhere.) */
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

// @effect/platform-browser is optional, and left out here: a page needs it only for its `KeyValueStore`.
consume("oldest", {
  ...oldest("core", "effect"),
  ...oldest("core", "@effect/platform"),
  ...oldest("node", "@effect/platform-node")
}, ["main.ts", "page.ts", "server.ts"])
