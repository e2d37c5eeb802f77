/**
 * `pnpm fuzz` asks a real Kuzzle and an embedded one the same: generated sequences of requests, right ones and such with one
 * or two mistakes. It fails when an answer, a notification or what a sequence left behind differs, when less than half of
 * the requests succeeded, and when an action was hardly asked for. A sequence that differs is played twice more, alone: what
 * does not differ each time depends on the moment, and is printed but no failure.
 *
 * - `--requests`: how many, at least. Default: 20,000.
 * - `--seed`: the seed of the programs. `--seed random` takes a new one.
 * - `--only documents`: only this kind of sequences. May be given several times.
 * - `--sequence`: with a seed and a kind, one of them alone, as a report names it.
 * - `--seconds`: begins no sequence after so many. Default: no limit.
 * - `--concurrency`: how many sequences run at the same time: they wait more than they compute. Default: 24.
 * - `--shrink`: how many differences are shrunk. Default: 5.
 *
 * The real one is the lab's, or the one that `KUZZLE_REAL_URL` names.
 */
import { parseArgs } from "node:util"
import * as Lab from "../lab/state.ts"
import { type Difference, fuzz } from "../tests/fuzz/fuzz.ts"
import { leftOut } from "../tests/fuzz/sequence.ts"
import { catalogue, nameOf } from "./generate-actions.ts"

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    only: { type: "string", multiple: true },
    sequence: { type: "string" },
    seconds: { type: "string", default: "Infinity" },
    shrink: { type: "string", default: "5" },
    concurrency: { type: "string", default: "24" }
  }
})

const url = Lab.realUrl()
if (url === undefined) throw new Error("no Kuzzle is up: run `pnpm lab up`, or set KUZZLE_REAL_URL")

if (Lab.hasStandIn(url)) {
  console.warn("the search engine is the lab's stand-in: nothing is compared")
  process.exit(0)
}

const seed = values.seed === "random" ? Math.floor(Math.random() * 1e9) : Number(values.seed)
const requests = Number(values.requests)

const tell = ({ faults, sequence, steps, theme }: Difference): void => {
  console.log(`\nDIFFERENT: pnpm fuzz --seed ${seed} --only ${theme} --sequence ${sequence}`)
  for (const { ask, http } of steps.slice(0, 12)) console.log(`  ${http ? "HTTP " : ""}${JSON.stringify(ask)}`)
  if (steps.length > 12) console.log(`  and ${steps.length - 12} more`)
  for (const fault of faults.slice(0, 3)) console.log(fault.split("\n").map((line) => line.slice(0, 1000)).join("\n"))
  if (faults.length > 3) console.log(`and ${faults.length - 3} more answers that differ`)
}

const stop = (cause: unknown): never => {
  console.error(cause instanceof Error ? cause.message : cause)
  process.exit(1)
}

const startedAt = performance.now()
const report = await fuzz({
  url,
  seed,
  requests,
  concurrency: Number(values.concurrency),
  seconds: Number(values.seconds),
  shrink: Number(values.shrink),
  ...(values.only === undefined ? {} : { only: values.only }),
  ...(values.sequence === undefined ? {} : { sequence: Number(values.sequence) })
}, tell).catch(stop)

const count = (n: number): string => n.toLocaleString("en")
const times = (name: string): number => report.asked.get(name)?.times ?? 0
const wanted = catalogue.map(nameOf).filter((name) => !(name in leftOut))
const least = Math.min(...wanted.map(times))
const share = report.succeeded / report.requests

console.log()
for (const { faults: [fault = ""], sequence, theme } of report.passing) {
  console.log(`differed, and not each time that it was played again: --only ${theme} --sequence ${sequence}`)
  console.log(fault.split("\n").map((line) => line.slice(0, 400)).join("\n"))
}
for (const [action, reason] of Object.entries(leftOut)) console.log(`left out: ${action}, which ${reason}`)
for (const [action, n] of report.refused) console.log(`not implemented by the embedded server: ${action}, ${n} times`)
console.log(
  `${count(report.requests)} requests in ${count(report.sequences)} sequences, seed ${seed}: ` +
    `${Math.round(share * 100)} % succeeded on the real server`
)
const rarest = wanted.filter((name) => times(name) === least)
console.log(`least asked: ${rarest.slice(0, 3).join(", ")}${rarest.length > 3 ? ", ..." : ""}: ${least} times`)
console.log(
  `${count(report.compared)} answers and notifications compared, ${report.differences.length} sequences differ, ` +
    `${report.passing.length} differed and not again, ${Math.round((performance.now() - startedAt) / 1000)} s`
)
if (process.env.FUZZ_COUNTS) {
  for (const [name, n] of [...report.asked].sort((a, b) => a[1].times - b[1].times)) {
    console.log(name, n.times, n.succeeded)
  }
}
if (report.skipped > 0) {
  console.log(`${count(report.skipped)} sequences were not begun in time: how often each action came is not judged`)
}
const isMixed = values.only === undefined && values.sequence === undefined
const isWhole = isMixed && requests >= 20_000 && report.skipped === 0
process.exitCode = report.differences.length > 0 || (isMixed && share < 0.5) || (isWhole && least < 20) ? 1 : 0
