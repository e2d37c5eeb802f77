/**
 * `pnpm simulate --histories 20000` runs random histories of the client on all cores. It fails when one breaks a promise.
 * `--from` is the first seed (`--from random` takes a random one). `--workers` is the number of processes.
 *
 * `SIM_SEED=<seed> pnpm simulate` prints one history, event by event.
 */
import { spawn } from "node:child_process"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Readline from "node:readline"
import { parseArgs } from "node:util"
import type { Report } from "../tests/simulation/batch.ts"
import { bundle } from "./simulation/bundle.ts"

const { values } = parseArgs({
  options: {
    histories: { type: "string", default: "20000" },
    from: { type: "string", default: "1" },
    workers: { type: "string", default: String(Os.availableParallelism()) }
  }
})

/** The number of broken histories that are printed in full. The others are only counted. */
const maxPrinted = 10

/** The number of histories that a worker runs in one process. It is small, so that all workers end at about the same time. */
const batchSize = 500

/** Most objects of a history are short-lived. With a larger young generation, garbage collection takes a tenth less time. */
const flags = ["--enable-source-maps", "--max-semi-space-size=64"]

const folder = await Fs.mkdtemp(Path.join(Os.tmpdir(), "simulation-"))
const script = Path.join(folder, "simulation.mjs")

const run = (args: ReadonlyArray<string>, onLine: (line: string) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const worker = spawn(process.execPath, [...flags, script, ...args], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    const lines = Readline.createInterface(worker.stdout)
    lines.on("line", onLine)
    worker.on("error", reject)
    worker.on(
      "close",
      (code) => code === 0 ? resolve() : reject(new Error(`the simulation ended with code ${code}: ${args.join(" ")}`))
    )
  })

const integer = (option: keyof typeof values, min: number): number => {
  const value = Number(values[option])
  if (Number.isInteger(value) && value >= min) return value
  throw new Error(`--${option} is ${values[option]}: expected an integer of at least ${min}`)
}

const main = async (): Promise<boolean> => {
  await bundle(script)
  const seed = process.env.SIM_SEED
  if (seed !== undefined) {
    await run(["print", seed], (line) => console.log(line))
    return true
  }
  const first = values.from === "random" ? Math.floor(Math.random() * 1e9) : integer("from", 0)
  const end = first + integer("histories", 1)
  const startedAt = performance.now()
  const sums = { histories: 0, requests: 0, notifications: 0, connections: 0, virtualMillis: 0, broken: 0 }
  let next = first
  const work = async (): Promise<void> => {
    while (next < end) {
      const from = next
      next = Math.min(next + batchSize, end)
      await run(["batch", String(from), String(next - from)], (line) => {
        // `tests/simulation/batch.ts` writes each line, a report as JSON.
        const report = JSON.parse(line) as Report
        if (report._tag === "Broken") {
          sums.broken += 1
          if (sums.broken <= maxPrinted) console.log(`${report.text}\n  SIM_SEED=${report.seed} pnpm simulate`)
        } else {
          for (const key of ["histories", "requests", "notifications", "connections", "virtualMillis"] as const) {
            sums[key] += report[key]
          }
        }
      })
    }
  }
  await Promise.all(Array.from({ length: integer("workers", 1) }, work))
  const seconds = (performance.now() - startedAt) / 1000
  console.log(
    `${sums.histories} histories from seed ${first} in ${seconds.toFixed(1)} s: ${sums.requests} requests, ` +
      `${sums.notifications} notifications, ${sums.connections} connections, ` +
      `${(sums.virtualMillis / 3_600_000).toFixed(1)} hours of virtual time; ${sums.broken} broke a promise`
  )
  return sums.broken === 0
}

try {
  if (!(await main())) process.exitCode = 1
} finally {
  await Fs.rm(folder, { recursive: true })
}
