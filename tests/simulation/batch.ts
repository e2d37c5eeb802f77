/**
 * Runs many histories, or prints one: the program behind `pnpm simulate`.
 *
 * `batch <from> <count> [stop]` writes a line of JSON for each history that breaks a promise, and one at the end. With
 * `stop` it ends after the first broken history. `print <seed>` writes the events of one history.
 */
import "./host.ts"
import { describe, simulate } from "./simulate.ts"

/** The report of a batch. */
export type Report =
  | { readonly _tag: "Broken"; readonly seed: number; readonly promises: ReadonlyArray<string>; readonly text: string }
  | {
    readonly _tag: "Done"
    readonly histories: number
    readonly requests: number
    readonly notifications: number
    readonly connections: number
    readonly virtualMillis: number
  }

const report = (one: Report) => process.stdout.write(`${JSON.stringify(one)}\n`)

const batch = (from: number, count: number, stop: boolean): void => {
  // A typed error captures its stack. Without a stack it costs a tenth.
  Error.stackTraceLimit = 0
  const sums = { histories: 0, requests: 0, notifications: 0, connections: 0, virtualMillis: 0 }
  for (let seed = from; seed < from + count; seed++) {
    const result = simulate(seed)
    sums.histories += 1
    sums.requests += result.requests
    sums.notifications += result.notifications
    sums.connections += result.connections
    sums.virtualMillis += result.virtualMillis
    if (result.violations.length === 0) continue
    const promises = [...new Set(result.violations.map(({ promise }) => promise))]
    report({ _tag: "Broken", seed, promises, text: describe(result) })
    if (stop) break
  }
  report({ _tag: "Done", ...sums })
}

const print = (seed: number): void => {
  const result = simulate(seed, true)
  for (const line of result.lines) process.stdout.write(`${line}\n`)
  process.stdout.write(`${describe(result)}\n`)
}

const [command, first = "1", count = "1", stop] = process.argv.slice(2)
if (command === "print") print(Number(first))
else batch(Number(first), Number(count), stop === "stop")
