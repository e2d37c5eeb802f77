/**
 * `pnpm simulate --histories 20000` runs random histories of the client on all cores and fails when one breaks a
 * promise; `--from` is the first seed (`--from random` takes a new one), `--workers` how many processes.
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
    histories: { type: "string", default: process.env.SIM_HISTORIES ?? "20000" },
    from: { type: "string", default: process.env.SIM_FROM ?? "1" },
    workers: { type: "string", default: String(Os.availableParallelism()) }
  }
})

/** This many broken histories are printed in full; the others are counted. */
const told = 10

/** Small enough for the workers to end together. */
const portion = 500

/** Most of what a history makes is dead with its next second: with room for it, collecting it costs a tenth less. */
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

const main = async (): Promise<boolean> => {
  await bundle(script)
  const seed = process.env.SIM_SEED
  if (seed !== undefined) {
    await run(["tell", seed], (line) => console.log(line))
    return true
  }
  const first = values.from === "random" ? Math.floor(Math.random() * 1e9) : Number(values.from)
  const end = first + Number(values.histories)
  const startedAt = performance.now()
  const sums = { histories: 0, requests: 0, notifications: 0, connections: 0, virtualMillis: 0, broken: 0 }
  let next = first
  const work = async (): Promise<void> => {
    while (next < end) {
      const from = next
      next = Math.min(next + portion, end)
      await run(["batch", String(from), String(next - from)], (line) => {
        // Written by batch.ts, one report a line.
        const report = JSON.parse(line) as Report
        if (report._tag === "Broken") {
          sums.broken += 1
          if (sums.broken <= told) console.log(`${report.text}\n  SIM_SEED=${report.seed} pnpm simulate`)
        } else {
          for (const key of ["histories", "requests", "notifications", "connections", "virtualMillis"] as const) {
            sums[key] += report[key]
          }
        }
      })
    }
  }
  await Promise.all(Array.from({ length: Number(values.workers) }, work))
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
