/**
 * One run of the scale benchmark. It prints the tables, and fails if the cost of a path grows faster than its work.
 *
 * Usage: node --expose-gc scale/main.mjs [part of a row's title …]
 */
import { limit, measure, type Measured, type Point, type Row } from "./measure.ts"
import { each, type Held, whole } from "./memory.ts"
import { planted } from "./planted.ts"
import { rows } from "./rows.ts"
import { beginUse } from "./used.ts"

/** After this much CPU time of this process in µs, no further row begins. (Wall time means little on a shared machine.) */
const budget = 40 * 60_000_000

/** A row that takes longer than this many milliseconds fails. */
const rowTimeout = 15 * 60_000

const wanted = process.argv.slice(2)
const isWanted = ({ title }: { readonly title: string }) =>
  wanted.length === 0 || wanted.some((part) => title.includes(part))

const start = performance.now()
const failures: Array<string> = []

const spent = () => {
  const { system, user } = process.cpuUsage()
  return user + system
}

/** The result of `run`. If it fails, adds the failure to `failures` and returns `undefined`. */
const attempt = async <A>(title: string, run: () => Promise<A>): Promise<A | undefined> => {
  if (spent() > budget) {
    failures.push(`${title}: the run has used its CPU time`)
    return undefined
  }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${rowTimeout / 60_000} minutes`)), rowTimeout)
  })
  try {
    return await Promise.race([run(), late])
  } catch (cause) {
    failures.push(`${title}: ${cause instanceof Error ? cause.stack : String(cause)}`)
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

const line = (cells: ReadonlyArray<string>) => process.stdout.write(`| ${cells.join(" | ")} |\n`)

const heading = (...cells: ReadonlyArray<string>) => {
  process.stdout.write("\n")
  line(cells)
  line(cells.map(() => "---"))
}

const micros = (cost: number) => `${cost < 10 ? cost.toFixed(2) : cost.toFixed(0)} µs`

const verdict = ({ exponent, grows, plain }: Measured): string => {
  if (exponent <= limit) return ""
  return grows ? "**grows**" : `as plain collections: ${plain?.exponent.toFixed(2)}`
}

const show = ({ target, title }: Row, measured: Measured) => {
  const { exponent, grows, points } = measured
  if (grows) failures.push(`${title}: exponent ${exponent.toFixed(2)} is above ${limit}`)
  const costs = points.map(({ cost, n }: Point) => `${n.toLocaleString("en")}: ${micros(cost)}`).join("; ")
  line([title, costs, target === undefined ? "" : `≤ ${target} µs`, exponent.toFixed(2), verdict(measured)])
}

const bytes = (count: number) => `${Math.round(count).toLocaleString("en")} B`
const megabytes = (count: number) => `${(count / 1e6).toFixed(1)} MB`

const showHeld = async (title: string, held: ReadonlyArray<Held>, format: (bytes: number) => string) => {
  const chosen = held.filter(isWanted)
  if (chosen.length === 0) return
  heading("Memory", title)
  for (const { bytes, title } of chosen) {
    const taken = await attempt(title, bytes)
    if (taken !== undefined) line([title, format(taken)])
  }
}

const showRows = async () => {
  // `--only planted` measures the planted row as a normal row, so the run fails.
  const chosen = (wanted.length === 0 ? rows : [...rows, ...planted]).filter(isWanted)
  if (chosen.length === 0) return
  heading("Path", "N: CPU of an item", "to reach", "exponent", "")
  for (const row of chosen) {
    const measured = await attempt(row.title, () => measure(row))
    if (measured !== undefined) show(row, measured)
  }
}

/** Rows whose cost is known to grow. If they are not detected, the results of the other rows mean nothing. */
const checkPlanted = async () => {
  for (const row of planted) {
    const measured = await attempt(row.title, () => measure(row))
    if (measured?.grows === false) {
      failures.push(`${row.title}: its growth is not detected, exponent ${measured.exponent.toFixed(2)}`)
    }
  }
}

const endUse = await beginUse()
await checkPlanted()
await showRows()
await showHeld("heap each", each, bytes)
await showHeld("heap in all", whole, megabytes)

await endUse()
process.stdout.write(
  `\nNode ${process.version}, ${Math.round(spent() / 1e6)} s of CPU in ${
    Math.round((performance.now() - start) / 1000)
  } s\n`
)
for (const failure of failures) process.stderr.write(`${failure}\n`)
process.exit(failures.length === 0 ? 0 : 1)
