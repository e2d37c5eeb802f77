/**
 * `pnpm fuzz` sends the same generated sequences of requests to a real Kuzzle and to an embedded one. Some requests are
 * correct, others have one or two mistakes.
 *
 * It fails when the answers, the notifications or the remaining data of a sequence differ. It also fails when less than half
 * of the requests succeeded, or when an action was sent fewer than 20 times in a whole run. A sequence that differs is played
 * twice more, alone. If a replay has no difference, the difference depends on timing: it is printed, and is not a failure.
 *
 * - `--requests`: the least number of requests. Default: 20,000.
 * - `--seed`: the seed of the sequences. Default: 1. `--seed random` takes a new one.
 * - `--only documents`: only the sequences of this theme. May be given several times.
 * - `--sequence`: with `--seed` and `--only`, plays one sequence alone. A report prints these three options.
 * - `--seconds`: starts no sequence after this time. Default: no limit.
 * - `--concurrency`: the number of sequences that run at the same time. They wait more than they compute. Default: 24.
 * - `--shrink`: the number of differences that are shrunk. Default: 5.
 * - `--counts`: prints how often each action was sent, and how often it succeeded.
 *
 * The real Kuzzle is the lab's, or the one that `KUZZLE_REAL_URL` names.
 */
import { parseArgs } from "node:util"
import * as Lab from "../lab/state.ts"
import { type Difference, fuzz } from "../tests/fuzz/fuzz.ts"
import { excludedActions } from "../tests/fuzz/sequence.ts"
import { catalogue, nameOf } from "./generate-actions.ts"

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    only: { type: "string", multiple: true },
    sequence: { type: "string" },
    seconds: { type: "string", default: "Infinity" },
    shrink: { type: "string", default: "5" },
    concurrency: { type: "string", default: "24" },
    counts: { type: "boolean", default: false }
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

const printDifference = ({ faults, sequence, steps, theme }: Difference): void => {
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
}, printDifference).catch(stop)

if (report.requests === 0) stop("no request was sent: check --requests, --only and --sequence")

const count = (n: number): string => n.toLocaleString("en")
const times = (name: string): number => report.sent.get(name)?.times ?? 0
const expected = catalogue.map(nameOf).filter((name) => !(name in excludedActions))
const least = Math.min(...expected.map(times))
const share = report.succeeded / report.requests

console.log()
for (const { faults: [fault = ""], sequence, theme } of report.timingDependent) {
  console.log(`differed once, and was equal in a replay: --only ${theme} --sequence ${sequence}`)
  console.log(fault.split("\n").map((line) => line.slice(0, 400)).join("\n"))
}
for (const [action, reason] of Object.entries(excludedActions)) console.log(`excluded: ${action}, which ${reason}`)
for (const [action, n] of report.refused) console.log(`not implemented by the embedded server: ${action}, ${n} times`)
console.log(
  `${count(report.requests)} requests in ${count(report.sequences)} sequences, seed ${seed}: ` +
    `${Math.round(share * 100)} % succeeded on the real server`
)
const rarest = expected.filter((name) => times(name) === least)
console.log(`sent least often: ${rarest.slice(0, 3).join(", ")}${rarest.length > 3 ? ", ..." : ""}: ${least} times`)
console.log(
  `${count(report.compared)} answers and notifications compared, ${report.differences.length} sequences differ, ` +
    `${report.timingDependent.length} differed once, ${Math.round((performance.now() - startedAt) / 1000)} s`
)
if (values.counts) {
  for (const [name, n] of [...report.sent].sort((a, b) => a[1].times - b[1].times)) {
    console.log(`${name}: sent ${n.times} times, ${n.succeeded} succeeded`)
  }
}
if (report.skipped > 0) {
  console.log(`${count(report.skipped)} sequences were not started in time: the run may have sent an action too rarely`)
}
const isMixed = values.only === undefined && values.sequence === undefined
const isWhole = isMixed && requests >= 20_000 && report.skipped === 0
process.exitCode = report.differences.length > 0 || (isMixed && share < 0.5) || (isWhole && least < 20) ? 1 : 0
