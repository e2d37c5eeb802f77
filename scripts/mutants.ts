/**
 * `pnpm mutants` plants the bugs of mutants/list.ts, one at a time, and fails when a bug survives. The tests that its entry
 * names must find it. If the entry names none, the simulation runs first, and then the tests of core. `pnpm ends` must find the
 * bugs whose entry has `ends`. The sources on disk never change.
 *
 * - `pnpm mutants <text>` plants the bugs with this text in their name or in the path of their file.
 * - `--part 2/3` plants every third of these bugs, from the second on. The parts 1/3, 2/3 and 3/3 together are all bugs.
 *
 * If an entry does not match the code, no bug is planted. `mutants.test.ts` checks the entries in `pnpm test`, too.
 */
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { parseArgs } from "node:util"
import type { Report } from "../tests/simulation/batch.ts"
import { check } from "./mutants/check.ts"
import { run } from "./mutants/limited.ts"
import { mutants } from "./mutants/list.ts"
import type { Mutant } from "./mutants/mutant.ts"
import { parsePart, type Part, partOf } from "./mutants/part.ts"
import type { Planted } from "./mutants/plant.ts"
import { TestRunner } from "./mutants/testRunner.ts"
import { bundle } from "./simulation/bundle.ts"

/** The number of histories. Half of them have one client. */
const histories = process.env.SIM_HISTORIES ?? "300"

/** The number of ends for `pnpm ends`. It finds each bug at the first end that leaves requests in flight. */
const ends = "20"

/** The tests for bugs that the simulation does not find. */
const coreTests = ["services", "protocol", "runtime"].map((floor) => `packages/core/test/${floor}`)

/** A planted bug, and the means to run the tests that should find it. */
interface Trial {
  readonly mutant: Mutant
  readonly planted: Planted
  /** The folder for the script of the simulation. */
  readonly folder: string
  readonly testRunner: TestRunner
}

interface Finding {
  readonly name: string
  /** The test or the seed that found the bug. */
  readonly by: string | undefined
  readonly simulated: boolean
}

const findBySimulation = async ({ folder, mutant, planted }: Trial): Promise<string | undefined> => {
  const script = Path.join(folder, "simulation.mjs")
  await bundle(script, planted)
  const { end, output } = await run([script, "batch", "1", String(mutant.histories ?? histories), "stop"])
  if (end === "Stopped") return undefined
  if (end !== "Passed") return `the simulation ${end === "Endless" ? "does not end" : "ends with an error"}`
  for (const line of output.split("\n")) {
    if (line === "") continue
    // `batch.ts` writes one report per line.
    const report = JSON.parse(line) as Report
    if (report._tag === "Broken") return `seed ${report.seed}: ${report.promises.join(", ")}`
  }
  return undefined
}

const findByTests = async ({ mutant, planted, testRunner }: Trial): Promise<string | undefined> => {
  const answer = await testRunner.run({ planted, tests: mutant.tests ?? coreTests })
  switch (answer._tag) {
    case "Failed":
      return answer.test
    case "Broken":
      return `an error outside of the tests: ${answer.error}`
    case "Passed":
    case "Stopped":
      return undefined
    case "Unable":
      throw new Error(`the tests for "${mutant.name}" could not be run: ${answer.error}`)
    case "NotLoaded":
      throw new Error(`the tests for "${mutant.name}" do not load ${planted.file}`)
    case "Ended":
      if (/Unhandled (?:Rejection|Error)/.test(answer.output)) return "the tests do not end, or end their process"
      throw new Error(`the tests for "${mutant.name}" could not be run:\n${answer.output}`)
  }
}

const findByEnds = async ({ mutant: { name } }: Trial, where: string): Promise<string | undefined> => {
  const args = ["--import", "tsx", "scripts/ends.ts", "--where", where, "--ends", ends, "--plant", name]
  const { output } = await run(args)
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

interface Judged {
  readonly killed: number
  readonly simulated: number
}

/** Plants all these bugs, two at a time. */
const judgeAll = async (planted: ReadonlyMap<Mutant, Planted>): Promise<Judged> => {
  const judged = { killed: 0, simulated: 0 }
  const folder = await Fs.mkdtemp(Path.join(Os.tmpdir(), "mutants-"))
  const queue = Array.from(planted)
  const work = async (testRunner: TestRunner): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [mutant, planted] = next
      const trialFolder = await Fs.mkdtemp(Path.join(folder, "trial-"))
      const findings = await judge({ mutant, planted, folder: trialFolder, testRunner })
      for (const { by, name } of findings) {
        console.log(
          `${by === undefined ? "SURVIVED" : "killed  "}  ${name} (${mutant.breaks}): ${by ?? "no test fails"}`
        )
      }
      if (findings.every(({ by }) => by !== undefined)) judged.killed += 1
      if (findings.some(({ simulated }) => simulated)) judged.simulated += 1
    }
  }
  const testRunners = [new TestRunner(), new TestRunner()]
  try {
    await Promise.all(testRunners.map(work))
  } finally {
    for (const testRunner of testRunners) testRunner.stop()
    await Fs.rm(folder, { recursive: true })
  }
  return judged
}

const main = async (part: Part, text: string): Promise<boolean> => {
  const wanted = mutants.filter(({ file, name }) => name.includes(text) || file.includes(text))
  const { planted, problems } = await check(partOf(part, wanted))
  for (const problem of problems) console.log(`WRONG     ${problem}`)
  if (problems.length > 0) return false
  if (planted.size === 0) {
    console.log(
      wanted.length === 0
        ? `no planted bug has "${text}" in its name or its file: see scripts/mutants`
        : `part ${part.number}/${part.count} of ${wanted.length} planted bugs is empty: ask for fewer parts`
    )
    return false
  }
  const startedAt = performance.now()
  const { killed, simulated } = await judgeAll(planted)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  const survived = planted.size - killed
  console.log(
    `${planted.size} bugs planted in ${seconds} s: ${killed} found, ${simulated} by the simulation; ${survived} survived`
  )
  return survived === 0
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { part: { type: "string", default: "1/1" } }
})
const part = parsePart(values.part)
if (part === undefined) console.log(`--part is ${values.part}: expected a part such as 1/3, 2/3 or 3/3`)
if (part === undefined || !await main(part, positionals.join(" "))) process.exitCode = 1
