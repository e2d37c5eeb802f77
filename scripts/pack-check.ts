/**
 * What npm would get is checked as npm would give it: the packages are built and packed, publint and attw read the
 * tarballs, and a project outside the workspace installs them, type-checks against them and runs.
 *
 * `--no-build` takes `dist` as it is.
 */
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

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
  const modules = contents.flatMap((file) => /^package\/dist\/([^/]+)\.js$/.exec(file)?.[1] ?? [])
    .filter((module) => module !== "index")
  run(`attw ${name}`, root, bin("attw"), [
    tarball,
    "--profile",
    "esm-only",
    "--format",
    "ascii",
    ...(modules.length > 0 ? ["--include-entrypoints", ...modules] : [])
  ], true)
}

// ---- a stranger's project ------------------------------------------------------------------------------------------

/** The version that this workspace installed: what was tested is what the consumer gets. */
const installed = (name: string, folder = "."): readonly [name: string, version: string] => {
  const { version } = JSON.parse(Fs.readFileSync(Path.join(root, folder, "node_modules", name, "package.json"), "utf8"))
  return [name, version]
}

const consumer = Path.join(temporary, "consumer")
Fs.cpSync(Path.join(root, "scripts/consumer"), consumer, { recursive: true })
Fs.writeFileSync(
  Path.join(consumer, "package.json"),
  JSON.stringify(
    {
      name: "consumer",
      private: true,
      type: "module",
      dependencies: {
        ...Object.fromEntries([...tarballs].map(([name, tarball]) => [name, `file:${tarball}`])),
        ...Object.fromEntries([
          installed("effect"),
          installed("@effect/platform"),
          installed("@effect/platform-node"),
          installed("@effect/platform-browser"),
          installed("@types/node"),
          // The declarations of @effect/platform-node speak of it, and no declaration is skipped here.
          installed("@types/ws", "packages/node"),
          installed("typescript")
        ])
      }
    },
    null,
    2
  )
)
run("install", consumer, "npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], true)
for (const name of tarballs.keys()) {
  if (Fs.lstatSync(Path.join(consumer, "node_modules", name)).isSymbolicLink()) {
    throw new Error(`${name} was linked, not installed from its tarball`)
  }
}
run("types", consumer, "npx", ["tsc", "--project", "."], true)
for (const program of Fs.readdirSync(Path.join(consumer, "dist")).filter((file) => file.endsWith(".js"))) {
  run(`run ${program}`, consumer, process.execPath, [Path.join("dist", program)])
}
