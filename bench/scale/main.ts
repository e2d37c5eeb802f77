/**
 * One run of the scale benchmark, which prints a table and fails when the cost of a path grows faster than the work.
 *
 * Usage: node --expose-gc scale/main.mjs [part of a row's title …]
 */
import { exponentOf, limit, type Point, pointsOf, type Row } from "./measure.ts"
import { memory, rows } from "./rows.ts"

/** No row is begun later. */
const budgetMs = 20 * 60_000

const wanted = process.argv.slice(2)
const isWanted = ({ title }: { readonly title: string }) =>
  wanted.length === 0 || wanted.some((part) => title.includes(part))

const start = performance.now()
const failures: Array<string> = []

const micros = (cost: number) => `${cost < 10 ? cost.toFixed(2) : cost.toFixed(0)} µs`

const verdict = ({ excuse }: Row, exponent: number): string =>
  exponent <= limit ? "" : excuse === undefined ? "**grows**" : `grows: ${excuse}`

const line = (cells: ReadonlyArray<string>) => process.stdout.write(`| ${cells.join(" | ")} |\n`)

const shown = (row: Row, points: ReadonlyArray<Point>) => {
  const exponent = exponentOf(points)
  if (exponent > limit && row.excuse === undefined) {
    failures.push(`${row.title}: exponent ${exponent.toFixed(2)} is above ${limit}`)
  }
  const costs = points.map(({ cost, n }) => `${n.toLocaleString("en")}: ${micros(cost)}`).join("; ")
  const target = row.target === undefined ? "" : `≤ ${row.target} µs`
  line([row.title, costs, target, exponent.toFixed(2), verdict(row, exponent)])
}

line(["Path", "N: an item", "to reach", "exponent", ""])
line(["---", "---", "---", "---", "---"])
for (const row of rows.filter(isWanted)) {
  if (performance.now() - start > budgetMs) failures.push(`${row.title}: no time was left`)
  else shown(row, await pointsOf(row))
}

process.stdout.write("\n")
line(["Memory", "heap each"])
line(["---", "---"])
for (const { bytes, title } of memory.filter(isWanted)) {
  line([title, `${Math.round(await bytes()).toLocaleString("en")} B`])
}

process.stdout.write(`\nNode ${process.version}, ${Math.round((performance.now() - start) / 1000)} s\n`)
for (const failure of failures) process.stderr.write(`${failure}\n`)
process.exit(failures.length === 0 ? 0 : 1)
