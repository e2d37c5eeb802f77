/**
 * `pnpm bench` runs every load with every client, interleaved, and prints the table.
 *
 * Options:
 *   --only <load>      only the loads whose name contains this text (may be repeated)
 *   --peers <a,b:c>    only these clients (the ratios need raw)
 *   --samples <n>      this many samples of each client and load, without a limit of time
 *   --scale            instead of the loads, how the cost of an item grows with their number, how much memory it takes, and
 *                      large loads beside the other clients (`scale/`); --only also takes a part of a path's title
 *   --effect4          also our client for Effect 4, after `pnpm effect4 --only generate,install`; needs Node 22
 *   --quick            small loads with one sample, at most 90 s; the figures are rough
 *   --profile <dir>    writes a CPU profile of each sample into the folder, which makes the figures useless
 */
import type { BuildOptions } from "esbuild"
import { build } from "esbuild"
import type { ChildProcess } from "node:child_process"
import { fork, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, rmSync } from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import type { Figures, Load, Row } from "./loads.ts"
import { loads } from "./loads.ts"
import { beside } from "./scale/peers.ts"

const { values: options } = parseArgs({
  // `pnpm bench -- --quick` passes the dashes on.
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    only: { type: "string", multiple: true },
    peers: { type: "string" },
    samples: { type: "string" },
    quick: { type: "boolean", default: false },
    scale: { type: "boolean", default: false },
    effect4: { type: "boolean", default: false },
    profile: { type: "string" }
  }
})

const here = path.dirname(fileURLToPath(import.meta.url))
/** A folder for each run. It is in `node_modules`, so git ignores it and the external libraries resolve. */
const out = path.join(here, "node_modules", ".bench", String(process.pid))
/** The workspace for Effect 4, and the folder from which its samples resolve libraries. */
const effect4 = path.join(here, "..", "build", "effect4")
const out4 = path.join(effect4, "packages", "node", "node_modules", ".bench", String(process.pid))
const SAMPLE_TIMEOUT_MS = options.scale ? 300_000 : 120_000
/** Ends a run that hangs. Other runs limit their CPU time themselves. */
const SCALE_TIMEOUT_MS = 180 * 60_000
/** A round that would probably end after this time does not begin. */
const BUDGET_MS = 8 * 60_000

const common = {
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  format: "esm",
  tsconfig: path.join(here, "..", "tsconfig.json"),
  logLevel: "error"
} satisfies BuildOptions

/**
 * The samples run plain JavaScript in a plain Node. A loader that maps stack traces would add to the cost of each stack that a
 * client captures (`kuzzle-sdk` captures one for each request). Libraries stay external, as in an application. Only our own
 * packages are compiled from their sources.
 */
const bundle = () =>
  Promise.all([
    build({
      ...common,
      entryPoints: [
        "server.ts",
        "client.ts",
        "peers/raw.ts",
        "peers/sdk.ts",
        "peers/effect.ts",
        "peers/ours.ts",
        "peers/tab.ts",
        "scale/main.ts"
      ],
      outExtension: { ".js": ".mjs" },
      splitting: true,
      platform: "node",
      target: "node20",
      external: ["ws", "kuzzle-sdk", "effect", "@effect/platform", "@effect/platform-node", "playwright"]
    }),
    build({ ...common, entryPoints: ["page.ts"], platform: "browser", target: "es2022", minify: true })
  ])

/** Bundles the same program with our peer for Effect 4. */
const bundle4 = () =>
  build({
    ...common,
    outdir: out4,
    tsconfig: path.join(effect4, "tsconfig.json"),
    entryPoints: { client: "client.ts", "peers/ours": path.join(effect4, "bench", "peers", "ours.ts") },
    outExtension: { ".js": ".mjs" },
    platform: "node",
    target: "node22",
    external: ["ws", "effect", "@effect/platform-node"]
  })

const startServer = async (): Promise<{ readonly url: string; readonly process: ChildProcess }> => {
  const server = fork(path.join(out, "server.mjs"), [], { execArgv: [] })
  const [{ port }] = await once(server, "message")
  return { url: `ws://127.0.0.1:${port}`, process: server }
}

/** Our client for Effect 4 is the peer `ours4`: `ours` of the other program. */
const inEffect4 = (ours: string): string => ours.replace(/^ours(?=:|$)/, "ours4")

const programOf = (peer: string): ReadonlyArray<string> =>
  /^ours4(?=:|$)/.test(peer)
    ? [path.join(out4, "client.mjs"), peer.replace("ours4", "ours")]
    : [path.join(out, "client.mjs"), peer]

/** Takes one sample. If it fails, returns the reason as a string. */
const sample = async (load: Load, peer: string, url: string): Promise<Figures | string> => {
  const [program = "", id = ""] = programOf(peer)
  const profile = options.profile
  const file = profile === undefined
    ? undefined
    : path.resolve(profile, `${load.name}-${peer.replace(":", "-")}.cpuprofile`)
  const child = spawn(
    process.execPath,
    ["--expose-gc", program, load.name, id, url, options.quick ? "quick" : ""],
    {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: SAMPLE_TIMEOUT_MS,
      env: file === undefined ? process.env : { ...process.env, BENCH_PROFILE: file }
    }
  )
  let output = ""
  let errors = ""
  child.stdout.on("data", (data) => (output += data))
  child.stderr.on("data", (data) => (errors += data))
  const [code, signal] = await once(child, "close")
  if (code !== 0) return `exit ${code ?? signal}: ${errors.trim().slice(0, 2000)}`
  return JSON.parse(output)
}

// -------------------------------------------------------------------------------------------------------------------
// the table
// -------------------------------------------------------------------------------------------------------------------

/** The figures of each peer. */
type Results = ReadonlyMap<string, Figures>

const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const least = (values: ReadonlyArray<number>): number => Math.min(...values)

/** Summarizes the samples by the median of each figure. With `--scale` it is the least, because a busy machine only adds cost. */
const summary = (samples: ReadonlyArray<Figures>): Figures => {
  const one = options.scale ? least : median
  return Object.fromEntries(
    Object.keys(samples[0] ?? {}).map((key) => [key, one(samples.map((figures) => figures[key]!))])
  )
}

const amount = (value: number, unit: Row["unit"]): string => {
  switch (unit) {
    case "/s":
    case "B":
      return `${Math.round(value).toLocaleString("en")}${unit === "B" ? " B" : "/s"}`
    case "timers":
      return String(value)
    default:
      return `${value.toFixed(Math.abs(value) < 10 ? 2 : 1)} ${unit}`
  }
}

type Target = NonNullable<Row["target"]>

/** The targets on Effect 4 that differ from those on Effect 3, by load, figure and our peer. Ratios are to raw. */
const targetsOn4: Readonly<Record<string, Target>> = {
  "in-flight-100 cpu ours": { atMost: 0.75 },
  "in-flight-1000 cpu ours": { atMost: 0.85 },
  "notifications cpu ours:chunks": { atMost: 1.2 },
  "notifications cpu ours:each": { atMost: 1.2 },
  "settle time ours": { below: 60 },
  "idle heap ours:make": { atMost: 3.2 },
  "open p50 ours": { atMost: 1.5 },
  "open cpu ours": { atMost: 2.5 }
}

const keyOf = (load: Load, { figure, ours }: Row): string => `${load.name} ${figure} ${ours}`

for (const key of Object.keys(targetsOn4)) {
  if (!loads.some((load) => load.rows.some((row) => keyOf(load, row) === key))) throw new Error(`no row for ${key}`)
}

const formatTarget = (target: Target | undefined, unit: Row["unit"]): string => {
  if (target === undefined) return ""
  if ("below" in target) return `≤ ${unit === "timers" ? target.below : amount(target.below, unit)}`
  const of = target.of === "Effect" ? " × Effect alone" : ""
  return `≤ ${target.atMost.toFixed(2)}${of}`
}

/** The variant of Effect alone that corresponds to this variant of ours. `queryMany` has none. */
const effectAlone = (ours: string): string => `effect${ours.slice("ours".length)}`

const inEffect3 = (ours: string): string => ours.replace(/^ours4/, "ours")

/** A version of Effect that is measured. */
interface Line {
  readonly suffix: string
  readonly peer: (ours: string) => string
  readonly target: (load: Load, row: Row) => Target | undefined
}

const on3: Line = { suffix: "", peer: (ours) => ours, target: (_, { target }) => target }
const on4: Line = {
  suffix: " on Effect 4",
  // A client in a page is measured on Effect 3 only: it has no result, so its cells are empty.
  peer: (ours) => ours.startsWith("ours") ? inEffect4(ours) : "",
  target: (load, row) => targetsOn4[keyOf(load, row)] ?? row.target
}
const lines = [on3, ...options.effect4 ? [on4] : []]

/** Whether the target is reached, or `undefined` if there is nothing to compare. */
const reached = (
  figure: string,
  target: Target | undefined,
  ours: string,
  results: Results
): boolean | undefined => {
  const value = results.get(ours)?.[figure]
  if (target === undefined || value === undefined) return undefined
  if ("below" in target) return value <= target.below
  const base = results.get(target.of === "Effect" ? effectAlone(inEffect3(ours)) : "raw")?.[figure]
  return base === undefined ? undefined : value / base <= target.atMost
}

const cells = (load: Load, row: Row, results: Results): ReadonlyArray<string> => {
  const raw = results.get("raw")?.[row.figure]
  const cell = (peer: string, withAmount = false): string => {
    const value = results.get(peer)?.[row.figure]
    if (value === undefined) return ""
    const absolute = amount(value, row.unit)
    if (raw === undefined || (row.target !== undefined && "below" in row.target)) return absolute
    const ratio = (value / raw).toFixed(2)
    return withAmount ? `${ratio} (${absolute})` : ratio
  }
  const verdicts = lines.flatMap((line) => {
    const target = line.target(load, row)
    const verdict = reached(row.figure, target, line.peer(row.ours), results)
    return [formatTarget(target, row.unit), verdict === undefined ? "" : verdict ? "yes" : "**no**"]
  })
  return [
    row.title,
    cell("raw", true),
    cell("raw:tuned"),
    cell("sdk"),
    cell("sdk:no-deadline"),
    cell(effectAlone(row.ours)),
    ...lines.map((line) => cell(line.peer(row.ours), true)),
    ...verdicts
  ]
}

const titles = [
  "Load: figure",
  "raw `ws` + `Map`",
  "raw, tuned",
  "`kuzzle-sdk`",
  "the same, no deadline",
  "Effect alone",
  ...lines.map(({ suffix }) => `ours${suffix}`),
  ...lines.flatMap(({ suffix }) => [`to reach${suffix}`, `reached${suffix}`])
]
const header = [titles, titles.map(() => "---")]

const line = (row: ReadonlyArray<string>) => `| ${row.join(" | ")} |\n`

// -------------------------------------------------------------------------------------------------------------------
// the run
// -------------------------------------------------------------------------------------------------------------------

/** Runs the paths of `scale/` in their own process. */
const runScale = async (): Promise<void> => {
  const child = spawn(
    process.execPath,
    ["--expose-gc", path.join(out, "scale", "main.mjs"), ...(options.only ?? [])],
    { stdio: "inherit", timeout: SCALE_TIMEOUT_MS }
  )
  const [code, signal] = await once(child, "close")
  if (code !== 0) failures.push(`scale/main: exit ${code ?? signal}`)
}

const available = options.scale ? beside : loads
const chosen = available.filter((load) =>
  options.only === undefined || options.only.some((name) => load.name.includes(name))
)
if (chosen.length === 0 && !options.scale) {
  throw new Error(`no load has this name: expected a part of ${available.map((load) => load.name).join(", ")}`)
}
const peers = options.peers?.split(",")

const start = performance.now()
const failures: Array<string> = []
if (options.effect4 && Number(process.versions.node.split(".", 1)[0]) < 22) {
  throw new Error(`--effect4 needs Node 22 or later, this is ${process.version}`)
}
await Promise.all([bundle(), ...options.effect4 ? [bundle4()] : []])
if (options.scale) await runScale()
if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true })
const server = await startServer()
const table: Array<ReadonlyArray<string>> = [...header]

// These samples are not counted. They warm up the server.
for (const load of loads.slice(0, 2)) await sample(load, "raw", server.url)

const wanted = (load: Load): number =>
  options.samples === undefined ? (options.quick ? 1 : load.samples) : Number(options.samples)

const samples = new Map(chosen.map((load) => [load, new Map<string, Array<Figures>>()]))

const take = async (load: Load) => {
  const collected = samples.get(load)!
  const ours4 = options.effect4 && !options.scale ? load.peers.filter((peer) => inEffect4(peer) !== peer) : []
  for (const peer of [...load.peers, ...ours4.map(inEffect4)]) {
    if (peers !== undefined && !peers.includes(peer)) continue
    const result = await sample(load, peer, server.url)
    if (typeof result === "string") {
      failures.push(`${load.name}, ${peer}: ${result}`)
      process.stderr.write(`${load.name} ${peer} failed\n`)
      continue
    }
    const parts = Object.entries(result).map(([figure, value]) => `${figure} ${Number(value.toPrecision(4))}`)
    process.stderr.write(`${load.name} ${peer}: ${parts.join(", ")}\n`)
    collected.set(peer, [...(collected.get(peer) ?? []), result])
  }
}

let rounds = 0
for (let last = 0; chosen.some((load) => rounds < wanted(load)); rounds++) {
  const began = performance.now()
  if (options.samples === undefined && rounds > 0 && began - start + last > BUDGET_MS) break
  for (const load of chosen) if (rounds < wanted(load)) await take(load)
  last = performance.now() - began
}

server.process.kill()
for (const folder of [out, out4]) rmSync(folder, { recursive: true, force: true })

for (const [load, collected] of samples) {
  const results = new Map([...collected].map(([peer, figures]) => [peer, summary(figures)]))
  table.push(...load.rows.map((row) => cells(load, row, results)))
}

if (chosen.length > 0) process.stdout.write(`\n${table.map(line).join("")}\n`)
process.stdout.write(
  `Node ${process.version}, ${process.platform} ${process.arch}, ${os.availableParallelism()} cores, ` +
    `${rounds} rounds, ${Math.round((performance.now() - start) / 1000)} s${options.quick ? ", --quick: rough" : ""}\n`
)
if (failures.length > 0) {
  process.stderr.write(`\n${failures.join("\n\n")}\n`)
  process.exitCode = 1
}
