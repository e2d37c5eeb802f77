/**
 * `pnpm effect4` generates the packages for Effect 4 from the same sources, in `build/effect4`. Then it installs their
 * dependencies, type-checks, builds, tests and simulates them. All steps but the first run under Node 22. See
 * `scripts/effect4/README.md`.
 *
 * - `--only generate,check`: runs only these steps.
 * - `--test packages/core/test/protocol`: runs only these tests. May be given several times.
 * - `--project chromium`: runs the tests in a browser.
 * - `--histories 20000`: the number of histories that are simulated.
 * - `--update-lockfile`: resolves the dependencies again, and updates the lockfile.
 *
 * A test may fail only if `scripts/effect4/exceptions.ts` lists it.
 */
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { consume } from "./effect4/consumer.ts"
import { exceptions } from "./effect4/exceptions.ts"
import { generate, generateWorkspace } from "./effect4/generate.ts"
import { judge, type Report } from "./effect4/judge.ts"
import { ported } from "./effect4/scope.ts"
import { packages } from "./packages.ts"

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "generate,install,check,types,build,quickstart,test,simulate,pack" },
    test: { type: "string", multiple: true, default: [] },
    project: { type: "string", default: "node" },
    histories: { type: "string", default: "2000" },
    "update-lockfile": { type: "boolean", default: false }
  }
})

const root = fileURLToPath(new URL("..", import.meta.url))
const out = Path.join(root, "build/effect4")
const lockfile = Path.join(root, "scripts/effect4/pnpm-lock.yaml")
const cache = Path.join(process.env.XDG_CACHE_HOME ?? Path.join(Os.homedir(), ".cache"), "effect-kuzzle-ci")

const run = (command: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = process.env): boolean =>
  spawnSync(command, args, { cwd: out, stdio: "inherit", env }).status === 0

/** The folder of the executable of Node, in the cache that `.ci/run` uses too. Installs it if the cache does not contain it. */
const node = (version: string): string => {
  const home = Path.join(cache, `node-${version}`)
  const bin = Path.join(home, "node_modules/node/bin")
  if (!Fs.existsSync(Path.join(bin, "node"))) {
    Fs.rmSync(home, { recursive: true, force: true })
    Fs.mkdirSync(home, { recursive: true })
    if (!run("npm", ["install", "--prefix", home, "--no-save", `node@${version}`])) {
      throw new Error(`npm could not install node@${version} in ${home}`)
    }
  }
  return bin
}

const under22 = (): NodeJS.ProcessEnv => ({ ...process.env, PATH: `${node("22")}:${process.env.PATH ?? ""}` })

/** Runs a tool of the generated workspace. */
const tool = (name: string, ...args: ReadonlyArray<string>): boolean =>
  run(Path.join("node_modules/.bin", name), args, under22())

const pnpm = (...args: ReadonlyArray<string>): boolean => run("npx", ["-y", "pnpm@10.34.9", ...args], under22())

const steps: Readonly<Record<string, () => boolean | Promise<boolean>>> = {
  generate: () => {
    generateWorkspace(root, out)
    const files = generate(root, out, ported)
    process.stdout.write(`${files.length} files in ${Path.relative(root, out)}\n`)
    return true
  },
  install: () => {
    const update = values["update-lockfile"]
    if (!update) Fs.copyFileSync(lockfile, Path.join(out, "pnpm-lock.yaml"))
    if (!pnpm("install", update ? "--no-frozen-lockfile" : "--frozen-lockfile")) return false
    if (update) Fs.copyFileSync(Path.join(out, "pnpm-lock.yaml"), lockfile)
    return true
  },
  check: () => tool("tsc", "-p", "tsconfig.check.json"),
  types: () => tool("tstyche"),
  build: () => packages.every((name) => pnpm("--filter", `@effect-kuzzle/${name}`, "build")),
  test: () => {
    const file = Path.join(out, "report.json")
    Fs.rmSync(file, { force: true })
    const reporters = ["--reporter=dot", "--reporter=json", `--outputFile.json=${file}`]
    tool("vitest", "run", "--project", values.project, ...reporters, ...values.test)
    // There is no report if vitest could not start. Then no test has passed, and the step fails.
    const report = Fs.existsSync(file) ? JSON.parse(Fs.readFileSync(file, "utf8")) as Report : { testResults: [] }
    const { excepted, failed, passed, skipped, stale } = judge(report, exceptions, out)
    for (const one of failed) process.stdout.write(`failed: ${one}\n`)
    for (const one of stale) process.stdout.write(`passes: remove it from scripts/effect4/exceptions.ts: ${one}\n`)
    process.stdout.write(
      `Effect 4: ${passed} passed, ${failed.length} failed, ${skipped} skipped, ${excepted} fail as listed\n`
    )
    return passed > 0 && failed.length === 0 && stale.length === 0
  },
  simulate: () => tool("tsx", "scripts/simulate.ts", "--histories", values.histories),
  quickstart: () => tool("tsx", "examples/quickstart/src/main.ts"),
  pack: async () => {
    const tarballs = Path.join(out, "tarballs")
    Fs.rmSync(tarballs, { recursive: true, force: true })
    const pack = (name: string) => pnpm("--filter", `@effect-kuzzle/${name}`, "pack", "--pack-destination", tarballs)
    if (!packages.every(pack)) return false
    const consumer = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-kuzzle-effect4-"))
    try {
      for (const version of ["22", "24"]) {
        if (!await consume({ consumer, node: node(version), root, tarballs })) return false
      }
      return true
    } finally {
      Fs.rmSync(consumer, { recursive: true, force: true })
    }
  }
}

const selected = values.only.split(",")
const unknown = selected.find((name) => steps[name] === undefined)
if (unknown !== undefined) throw new Error(`--only has "${unknown}": expected some of ${Object.keys(steps).join(",")}`)
if (selected[0] !== "generate" && !Fs.existsSync(out)) {
  throw new Error(`${out} does not exist: run the step generate first`)
}

for (const name of selected) {
  const started = Date.now()
  const succeeded = await steps[name]?.() === true
  process.stdout.write(`${succeeded ? "ok     " : "FAILED "} ${name} ${Math.round((Date.now() - started) / 1000)} s\n`)
  if (!succeeded) process.exit(1)
}
