/**
 * `pnpm runtimes` runs one short program (`runtimes/program.ts`) on every runtime, against the embedded Kuzzle behind a relay.
 * It uses the built packages, so run `pnpm build` first. It installs the runtimes from npm into the cache.
 *
 * It fails when a part of the program fails, or when the README's table "Where it runs" differs from the results. `--write`
 * writes the table.
 */
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { Duration, Effect, Schema } from "effect"
import * as Esbuild from "esbuild"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Control from "../tests/suite/control.ts"
import type { RemoteBackend } from "../tests/suite/remote.ts"
import { users } from "./runtimes/program.ts"
import { Report } from "./runtimes/report.ts"

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } })

const root = Path.resolve(fileURLToPath(import.meta.url), "../..")
const sources = Path.join(root, "scripts/runtimes")
/** The bundles are in the workspace, because runtimes resolve the packages from the folder of the program. */
const dist = Path.join(sources, "dist")
const cache = Path.join(process.env.XDG_CACHE_HOME ?? Path.join(Os.homedir(), ".cache"), "effect-kuzzle-ci")

/** The longest time, in milliseconds, for all parts of the program on one runtime. */
const limitMillis = 120_000

type LayersName = "node" | "standard"

interface Runtime {
  readonly name: string
  readonly version: string
  /** The npm package with its version, and the path of the executable below `node_modules`. */
  readonly package: string
  readonly executable: string
  readonly layers: ReadonlyArray<LayersName>
  readonly run: (executable: string, layers: LayersName, backend: RemoteBackend) => Promise<string>
}

// ---- how a runtime runs the program --------------------------------------------------------------------------------

const inProcess = (...args: ReadonlyArray<string>): Runtime["run"] => async (executable, layers, backend) => {
  const program = Path.join(dist, "process.js")
  const child = spawn(executable, [...args, program, layers, JSON.stringify(backend)], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limitMillis,
    killSignal: "SIGKILL"
  })
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (error !== "") process.stdout.write(error)
  return out
}

/** A Worker may use the network only while it handles a request. The body of this request contains the backend's addresses. */
const inWorkerd: Runtime["run"] = async (executable, _layers, backend) => {
  const child = spawn(executable, ["serve", Path.join(sources, "workerd.capnp"), "--control-fd=3"], {
    stdio: ["ignore", "inherit", "inherit", "pipe"]
  })
  try {
    const response = await fetch(`http://127.0.0.1:${await portOf(child)}`, {
      method: "POST",
      body: JSON.stringify(backend),
      signal: AbortSignal.timeout(limitMillis)
    })
    return await response.text()
  } finally {
    child.kill("SIGKILL")
  }
}

/** The port on which workerd listens. workerd chooses a free one and writes it to its control pipe. */
const portOf = async ({ stdio: [, , , control] }: ChildProcess): Promise<number> => {
  if (!(control instanceof Object && Symbol.asyncIterator in control)) throw new Error("workerd has no control pipe")
  for await (const line of control) {
    const { port } = JSON.parse(String(line))
    if (typeof port === "number") return port
  }
  throw new Error("workerd ended before it listened on a port")
}

// ---- the runtimes --------------------------------------------------------------------------------------------------

const node = (version: string, layers: Runtime["layers"]): Runtime => ({
  name: "Node",
  version,
  package: `node@${version}`,
  executable: "node/bin/node",
  layers,
  run: inProcess()
})

const runtimes: ReadonlyArray<Runtime> = [
  // Node 20 has no global WebSocket.
  node("20", ["node"]),
  node("22", ["node", "standard"]),
  node("24", ["node", "standard"]),
  {
    name: "Bun",
    version: "1.4.5",
    package: "@oven/bun-linux-x64@1.4.5",
    executable: "@oven/bun-linux-x64/bin/bun",
    layers: ["node", "standard"],
    run: inProcess()
  },
  {
    name: "Deno",
    version: "2.9.6",
    package: "@deno/linux-x64-glibc@2.9.6",
    executable: "@deno/linux-x64-glibc/deno",
    layers: ["node", "standard"],
    run: inProcess("run", "--allow-all", "--no-lock", "--quiet")
  },
  {
    name: "workerd",
    version: "1.20261117.1",
    package: "@cloudflare/workerd-linux-64@1.20261117.1",
    executable: "@cloudflare/workerd-linux-64/bin/workerd",
    layers: ["standard"],
    run: inWorkerd
  }
]

/** The path of the runtime's executable. Installs the runtime if the cache does not contain it. */
const installed = (runtime: Runtime): string => {
  const home = Path.join(cache, `${runtime.name.toLowerCase()}-${runtime.version}`)
  const executable = Path.join(home, "node_modules", runtime.executable)
  if (!Fs.existsSync(executable)) {
    Fs.rmSync(home, { recursive: true, force: true })
    Fs.mkdirSync(home, { recursive: true })
    const { status } = spawnSync("npm", ["install", "--prefix", home, "--no-save", runtime.package], {
      stdio: ["ignore", "ignore", "inherit"]
    })
    if (status !== 0) throw new Error(`npm could not install ${runtime.package}`)
  }
  return executable
}

// ---- the program ---------------------------------------------------------------------------------------------------

/** The bundle for processes contains no packages. The runtime resolves them, because Bun replaces `ws` by its own. */
const compile = async (): Promise<void> => {
  const options: Esbuild.BuildOptions = {
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    target: "es2022",
    outdir: dist,
    logLevel: "error",
    // Without the `paths` of the workspace's tsconfig, imports resolve by the `exports` of the built packages.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } }
  }
  const source = (name: string) => Path.join(sources, name)
  await Esbuild.build({ ...options, entryPoints: [source("process.ts")], platform: "node", packages: "external" })
  await Esbuild.build({ ...options, entryPoints: [source("worker.ts")], platform: "browser", conditions: ["workerd"] })
}

const layerServer = KuzzleTestServer.layer({ users })

/** The report of a run that wrote none: every part has failed. */
const withoutReport = (cause: unknown): Report => {
  const reason = `no report: ${cause instanceof Error ? cause.message : cause}`
  return { session: reason, http: reason }
}

const runOn = (runtime: Runtime, executable: string, layers: LayersName) =>
  Effect.gen(function*() {
    const { url } = yield* KuzzleTestServer.KuzzleTestServer
    const backend = yield* Control.make(url)
    return yield* Effect.tryPromise(() => runtime.run(executable, layers, backend))
      .pipe(
        Effect.mapError(({ error }) => error),
        Effect.flatMap(Schema.decode(Schema.parseJson(Report))),
        Effect.catchAll((cause) => Effect.succeed(withoutReport(cause)))
      )
  }).pipe(Effect.scoped, Effect.provide(layerServer))

// ---- the table -----------------------------------------------------------------------------------------------------

interface Row {
  readonly runtime: Runtime
  readonly layers: LayersName
  readonly report: Report
}

const parts = ["session", "http", "cookie"] as const

const layersText: Record<LayersName, string> = {
  node: "`@effect-kuzzle/node`",
  standard: "`@effect-kuzzle/core`, standard `WebSocket` and `fetch`"
}

const cell = (outcome: string | null | undefined): string =>
  outcome === undefined ? "–" : outcome === null ? "yes" : "no"

/** The lines of the table. Versions of a runtime with the same outcome share a line. */
const table = (rows: ReadonlyArray<Row>): string => {
  const lines = new Map<string, { readonly name: string; readonly rest: string; readonly versions: Array<string> }>()
  for (const { layers, report, runtime: { name, version } } of rows) {
    const rest = [layersText[layers], ...parts.map((part) => cell(report[part]))].join(" | ")
    const key = `${name} ${rest}`
    const line = lines.get(key) ?? { name, rest, versions: [] }
    line.versions.push(version)
    lines.set(key, line)
  }
  return [
    "| Runtime | Layers | Real-time, recovery | HTTP | Session by cookie |",
    "| --- | --- | --- | --- | --- |",
    ...Array.from(lines.values(), ({ name, rest, versions }) => `| ${name} ${versions.join(", ")} | ${rest} |`)
  ].join("\n")
}

const readme = Path.join(root, "README.md")
const place = /(?<=<!-- pnpm runtimes --write -->\n)[\s\S]*?(?=<!-- end -->)/

/** Whether the README contains this table. With `--write`, writes it there. */
const checkReadme = (expected: string): boolean => {
  const before = Fs.readFileSync(readme, "utf8")
  const after = before.replace(place, () => `${expected}\n`)
  if (values.write) Fs.writeFileSync(readme, after)
  else if (before !== after || !place.test(before)) {
    process.stdout.write(
      `the table "Where it runs" of the README differs from this one (pnpm runtimes --write writes it):\n${expected}\n`
    )
    return false
  }
  return true
}

/** A line about a run, with the reasons of failures. */
const show = ({ layers, report, runtime }: Row, seconds: number): string => {
  const failures = parts.flatMap((part) => (typeof report[part] === "string" ? [`${part}: ${report[part]}\n`] : []))
  const passed = parts.filter((part) => report[part] === null).join(", ")
  const line = [
    failures.length === 0 ? "ok    " : "FAILED",
    `${runtime.name} ${runtime.version}`.padEnd(20),
    layers.padEnd(8),
    passed.padEnd(21),
    `${seconds.toFixed(1)} s`
  ]
  return `${line.join("  ")}\n${failures.join("")}`
}

const main = Effect.gen(function*() {
  yield* Effect.promise(compile)
  const rows: Array<Row> = []
  for (const runtime of runtimes) {
    const executable = installed(runtime)
    for (const layers of runtime.layers) {
      const [elapsed, report] = yield* Effect.timed(runOn(runtime, executable, layers))
      const row = { runtime, layers, report }
      rows.push(row)
      process.stdout.write(show(row, Duration.toSeconds(elapsed)))
    }
  }
  const failed = rows.some(({ report }) => parts.some((part) => typeof report[part] === "string"))
  if (!checkReadme(table(rows)) || failed) process.exitCode = 1
})

await Effect.runPromise(main)
