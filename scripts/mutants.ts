/**
 * `pnpm mutants` plants the bugs of mutants/list.ts, one at a time, and runs what has to find them: the tests that it
 * names; or first the simulation, then, for those that it lets pass, the tests of the core; and `pnpm ends` for those that it
 * names. It fails when one survives, or no longer applies.
 *
 * `pnpm mutants <part of a name>` plants those alone. The sources are never touched: a bug is planted where they are read.
 */
import { spawn } from "node:child_process"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import type { Report } from "../packages/testing/test/simulation/batch.ts"
import { type Mutant, mutants } from "./mutants/list.ts"
import { apply, bundle, root } from "./simulation/bundle.ts"

/** Half of them have one client. */
const histories = process.env.SIM_HISTORIES ?? "300"

/** A bug may as well make a history endless. */
const patience = 120_000

/** For `pnpm ends`: each bug is found at the first end that leaves requests in flight. */
const endsPatience = 300_000
const ends = "20"

/** What is run for those that the simulation lets pass. */
const coreTests = ["packages/core/test/protocol", "packages/core/test/runtime"]

interface Outcome {
  readonly code: number | undefined
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

/** Runs a program to its end; `code` is `undefined` when it had to be stopped. */
const run = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>,
  limit = patience
): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args], { cwd: root, env: { ...process.env, ...env }, detached: true })
    let output = ""
    child.stdout.on("data", (data: unknown) => {
      output += String(data)
    })
    child.stderr.on("data", (data: unknown) => {
      output += String(data)
    })
    // Its whole group: a worker in an endless loop hears nothing of the end of its runner, and would compute for ever.
    const stop = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL")
    }
    const timer = setTimeout(stop, limit)
    running.add(stop)
    child.on("error", reject)
    child.on("close", (code) => {
      clearTimeout(timer)
      running.delete(stop)
      resolve({ code: code ?? undefined, output })
    })
  })

/** Who finds it, or nobody. */
const findBySimulation = async (script: string, histories: string): Promise<string | undefined> => {
  const { code, output } = await run([script, "batch", "1", histories, "stop"], {})
  if (code !== 0) return `the simulation ${code === undefined ? "does not end" : "breaks"}`
  for (const line of output.split("\n")) {
    if (line === "") continue
    // Written by batch.ts, one report a line.
    const report = JSON.parse(line) as Report
    if (report._tag === "Broken") return `seed ${report.seed}: ${report.promises.join(", ")}`
  }
  return undefined
}

const findByTests = async (mutant: Mutant, index: number): Promise<string | undefined> => {
  const args = ["run", "--config", "vitest.mutants.config.ts", "--bail", "1", ...(mutant.tests ?? coreTests)]
  const { code, output } = await run(["node_modules/vitest/vitest.mjs", ...args], { MUTANT: String(index) })
  if (code === 0) return undefined
  const failed = /FAIL\s+(.*)/.exec(output)?.[1]
  return failed === undefined ? `the tests end with ${code}` : failed.slice(0, 100)
}

/** Only the broken promise counts, not a run that could not be made. */
const findByEnds = async ({ name }: Mutant, where: string): Promise<string | undefined> => {
  const args = ["--import", "tsx", "scripts/ends.ts", "--where", where, "--ends", ends, "--plant", name]
  const { output } = await run(args, {}, endsPatience)
  return /BROKEN: (executed twice: \d+)/.exec(output)?.[1]
}

const main = async (): Promise<void> => {
  const wanted = process.argv.slice(2).join(" ")
  const chosen = mutants.flatMap((mutant, index) => (mutant.name.includes(wanted) ? [{ mutant, index }] : []))
  const stale: Array<string> = []
  for (const { mutant } of chosen) {
    try {
      apply(mutant, await Fs.readFile(Path.join(root, mutant.file), "utf8"))
    } catch (cause) {
      stale.push(`${mutant.name}: ${cause instanceof Error ? cause.message : String(cause)}`)
    }
  }
  const folder = await Fs.mkdtemp(Path.join(Os.tmpdir(), "mutants-"))
  const survivors: Array<string> = []
  let bySimulation = 0
  const startedAt = performance.now()
  const queue = [...chosen]
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { index, mutant } = next
      if (stale.some((line) => line.startsWith(`${mutant.name}: `))) continue
      const script = Path.join(folder, `${index}.mjs`)
      try {
        await bundle(script, mutant)
      } catch {
        stale.push(`${mutant.name}: it does not compile`)
        continue
      }
      const say = (found: string | undefined, name: string) => {
        if (found === undefined) survivors.push(name)
        console.log(
          `${found === undefined ? "SURVIVED" : "killed  "}  ${name} (${mutant.breaks}): ${found ?? "by nobody"}`
        )
      }
      if (mutant.histories !== undefined || mutant.tests !== undefined || mutant.ends === undefined) {
        const isSimulated = mutant.histories !== undefined || mutant.tests === undefined
        const simulated = isSimulated
          ? await findBySimulation(script, String(mutant.histories ?? histories))
          : undefined
        if (simulated !== undefined) bySimulation += 1
        say(mutant.histories === undefined ? simulated ?? await findByTests(mutant, index) : simulated, mutant.name)
      }
      for (const where of mutant.ends ?? []) say(await findByEnds(mutant, where), `${mutant.name}, ends in ${where}`)
    }
  }
  try {
    await Promise.all([work(), work()])
  } finally {
    await Fs.rm(folder, { recursive: true })
  }
  for (const line of stale) console.log(`STALE     ${line}`)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  const planted = chosen.length - stale.length
  console.log(
    `${planted} bugs planted in ${seconds} s: ${planted - survivors.length} found, ${bySimulation} of them by the ` +
      `simulation; ${survivors.length} survived, ${stale.length} no longer apply`
  )
  if (survivors.length + stale.length > 0) process.exitCode = 1
}

await main()
