/**
 * `pnpm mutants` plants the bugs of mutants/list.ts, one at a time, and runs what has to find them: the tests that it
 * names; or first the simulation, then, for those that it lets pass, the tests of the core; and `pnpm ends` for those that it
 * names. It fails when one survives. It fails at once when an entry does not name its code: mutants.test.ts, which is run by
 * `pnpm test`, finds that, too.
 *
 * `pnpm mutants <part of a name, or of the path of a file>` plants those alone. The sources are never touched: a bug is planted where they are read.
 */
import { spawn } from "node:child_process"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import type { Report } from "../tests/simulation/batch.ts"
import { check } from "./mutants/check.ts"
import { mutants } from "./mutants/list.ts"
import type { Mutant } from "./mutants/mutant.ts"
import type { Planted } from "./mutants/plant.ts"
import { bundle, root } from "./simulation/bundle.ts"

/** Half of them have one client. */
const histories = process.env.SIM_HISTORIES ?? "300"

/**
 * Seconds of CPU time: a bug may make a history or a test endless. A machine that is busy with other things takes longer,
 * which proves nothing.
 */
const cpuLimit = 120

/** Milliseconds, for what waits for ever without a limit of its own. That proves nothing, either. */
const wallLimit = 900_000

/** For `pnpm ends`: each bug is found at the first end that leaves requests in flight. */
const ends = "20"

/** What is run for those that the simulation lets pass. */
const coreTests = ["services", "protocol", "runtime"].map((floor) => `packages/core/test/${floor}`)

interface Outcome {
  readonly end: "Passed" | "Failed" | "Endless" | "Stopped"
  readonly output: string
}

/** Stops the programs that run. */
const running = new Set<() => void>()
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const stop of running) stop()
    process.exit(1)
  })
}

const endOf = (signal: NodeJS.Signals): Outcome["end"] => signal === "SIGXCPU" ? "Endless" : "Stopped"

/** Runs a program of Node to its end. */
const run = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const limited = `ulimit -S -t ${cpuLimit}; exec "$0" "$@"`
    const child = spawn("/bin/sh", ["-c", limited, process.execPath, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      detached: true
    })
    let output = ""
    child.stdout.on("data", (data: unknown) => {
      output += String(data)
    })
    child.stderr.on("data", (data: unknown) => {
      output += String(data)
    })
    // Its whole group: workers do not notice that their runner has ended.
    const stop = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL")
    }
    const timer = setTimeout(stop, wallLimit)
    running.add(stop)
    child.on("error", reject)
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      running.delete(stop)
      resolve({ end: code === 0 ? "Passed" : signal === null ? "Failed" : endOf(signal), output })
    })
  })

/** A bug in a file of its own folder. */
interface Trial {
  readonly mutant: Mutant
  readonly planted: Planted
  readonly folder: string
}

interface Finding {
  readonly name: string
  /** What found the bug. */
  readonly by: string | undefined
  readonly simulated: boolean
}

const findBySimulation = async ({ folder, mutant, planted }: Trial): Promise<string | undefined> => {
  const script = Path.join(folder, "simulation.mjs")
  await bundle(script, planted)
  const { end, output } = await run([script, "batch", "1", String(mutant.histories ?? histories), "stop"], {})
  if (end === "Stopped") return undefined
  if (end !== "Passed") return `the simulation ${end === "Endless" ? "does not end" : "breaks"}`
  for (const line of output.split("\n")) {
    if (line === "") continue
    // Written by batch.ts, one report a line.
    const report = JSON.parse(line) as Report
    if (report._tag === "Broken") return `seed ${report.seed}: ${report.promises.join(", ")}`
  }
  return undefined
}

const findByTests = async ({ folder, mutant, planted }: Trial): Promise<string | undefined> => {
  const args = ["run", "--config", "scripts/mutants/vitest.config.ts", "--bail", "1", ...(mutant.tests ?? coreTests)]
  const text = Path.join(folder, "planted.ts")
  await Fs.writeFile(text, planted.text)
  const { end, output } = await run(["node_modules/vitest/vitest.mjs", ...args], {
    MUTANT_FILE: planted.file,
    MUTANT_TEXT: text
  })
  if (end === "Passed" || end === "Stopped") return undefined
  const failed = /FAIL\s+(.{1,100})/.exec(output)?.[1]
  if (failed !== undefined) return failed
  if (/Unhandled (?:Rejection|Error)/.test(output)) return "the tests do not end, or end their runner"
  throw new Error(`the tests for "${mutant.name}" could not be run:\n${output}`)
}

/** Only the broken promise counts, not a run that could not be made. */
const findByEnds = async ({ mutant: { name } }: Trial, where: string): Promise<string | undefined> => {
  const args = ["--import", "tsx", "scripts/ends.ts", "--where", where, "--ends", ends, "--plant", name]
  const { output } = await run(args, {})
  return /BROKEN: (executed twice: \d+)/.exec(output)?.[1]
}

const judge = async (trial: Trial): Promise<ReadonlyArray<Finding>> => {
  const { ends, histories, name, tests } = trial.mutant
  const findings: Array<Finding> = []
  if (histories !== undefined || tests !== undefined || ends === undefined) {
    const simulated = histories !== undefined || tests === undefined ? await findBySimulation(trial) : undefined
    const by = simulated === undefined && histories === undefined ? await findByTests(trial) : simulated
    findings.push({ name, by, simulated: simulated !== undefined })
  }
  for (const where of ends ?? []) {
    findings.push({ name: `${name}, ends in ${where}`, by: await findByEnds(trial, where), simulated: false })
  }
  return findings
}

/** All bugs that are planted, on two cores. */
const judgeAll = async (planted: ReadonlyMap<Mutant, Planted>): Promise<ReadonlyArray<Finding>> => {
  const all: Array<Finding> = []
  const folder = await Fs.mkdtemp(Path.join(Os.tmpdir(), "mutants-"))
  const queue = Array.from(planted)
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [mutant, planted] = next
      const findings = await judge({ mutant, planted, folder: await Fs.mkdtemp(Path.join(folder, "trial-")) })
      for (const { by, name } of findings) {
        console.log(`${by === undefined ? "SURVIVED" : "killed  "}  ${name} (${mutant.breaks}): ${by ?? "by nobody"}`)
      }
      all.push(...findings)
    }
  }
  try {
    await Promise.all([work(), work()])
  } finally {
    await Fs.rm(folder, { recursive: true })
  }
  return all
}

const main = async (): Promise<boolean> => {
  const wanted = process.argv.slice(2).join(" ")
  const { planted, problems } = await check(
    mutants.filter(({ file, name }) => name.includes(wanted) || file.includes(wanted))
  )
  for (const problem of problems) console.log(`WRONG     ${problem}`)
  if (problems.length > 0) return false
  if (planted.size === 0) {
    console.log(`no planted bug has "${wanted}" in its name or its file: see scripts/mutants`)
    return false
  }
  const startedAt = performance.now()
  const findings = await judgeAll(planted)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  const survived = findings.filter(({ by }) => by === undefined).length
  console.log(
    `${planted.size} bugs planted in ${seconds} s: ${planted.size - survived} found, ` +
      `${findings.filter(({ simulated }) => simulated).length} of them by the simulation; ${survived} survived`
  )
  return survived === 0
}

if (!await main()) process.exitCode = 1
