/**
 * Measures the cost of the types: the type instantiations of typical programs, as `tsc --extendedDiagnostics` counts them. The
 * count does not depend on the machine. It fails if a program exceeds its budget.
 *
 * The programs are compiled against the declarations in `dist`, so run `pnpm build` first.
 */
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

const root = Path.resolve(fileURLToPath(import.meta.url), "../..")
// Inside the workspace, so that the compiler finds `effect`.
const folder = Path.join(root, "node_modules/.cache/type-budgets")

const imports = `
import { KuzzleFilter, KuzzleRepository } from "@effect-kuzzle/core"
import { Schema } from "effect"
`

const times = <A>(count: number, make: (i: number) => A): ReadonlyArray<A> =>
  Array.from({ length: count }, (_, i) => make(i))

/** Uses a repository: a filter with three conditions, a search with a sort, a subscription, a partial update. */
const use = (name: string, fields: { readonly text: string; readonly number: string }): string => `
export const ${name}Filter = ${name}.filter.and(
  ${name}.filter.equals("${fields.text}", "a"),
  ${name}.filter.range("${fields.number}", { gte: 1 }),
  ${name}.filter.exists("${fields.text}")
)
export const ${name}Results = ${name}.search({ filter: ${name}Filter, sort: ["${fields.number}"] })
export const ${name}Notifications = ${name}.subscribe({ filter: ${name}Filter })
export const ${name}Updated = ${name}.update({ _id: "a", content: { ${fields.text}: "b" } })
`

const repository = (name: string, fields: ReadonlyArray<string>): string => `
export const ${name} = KuzzleRepository.make({
  index: "nyc",
  collection: "${name}",
  schema: Schema.Struct({ ${fields.join(", ")} })
})
`

const text = (i: number) => `text${i}: Schema.String`
const number = (i: number) => `number${i}: Schema.Number`
const within = (i: number) => `within${i}: Schema.Struct({ ${text(0)}, ${number(0)} })`

interface Budget {
  readonly title: string
  readonly instantiations: number
  readonly source: string
}

const budgets: ReadonlyArray<Budget> = [
  {
    title: "a repository of 40 fields",
    instantiations: 65_000,
    source: repository("taxi", [...times(20, text), ...times(10, number), ...times(10, within)]) +
      use("taxi", { text: "text0", number: "number0" })
  },
  {
    title: "20 repositories",
    instantiations: 185_000,
    source: times(20, (i) =>
      repository(`taxi${i}`, [...times(6, text), ...times(3, number), within(i)]) +
      use(`taxi${i}`, { text: "text0", number: "number0" })).join("")
  },
  {
    title: "a type with 8 references to itself",
    instantiations: 200_000,
    source: `
interface Part { readonly name: string; readonly size: number; ${
      times(8, (i) => `readonly part${i}?: Part`).join("; ")
    } }
const Part: Schema.Schema<Part> = Schema.Struct({ name: Schema.String, size: Schema.Number, ${
      times(8, (i) => `part${i}: Schema.optionalWith(Schema.suspend(() => Part), { exact: true })`).join(", ")
    } })
export const part = KuzzleRepository.make({ index: "nyc", collection: "part", schema: Part })
${use("part", { text: "name", number: "size" })}
export const deep = KuzzleFilter.for<Part>().equals("part1.part2.part3.name", "a")
`
  }
]

const tsc = fileURLToPath(import.meta.resolve("typescript/bin/tsc"))

Fs.rmSync(folder, { recursive: true, force: true })
Fs.mkdirSync(folder, { recursive: true })
for (const [i, { instantiations: budget, source, title }] of budgets.entries()) {
  const file = Path.join(folder, `program${i}.ts`)
  const project = Path.join(folder, `tsconfig${i}.json`)
  Fs.writeFileSync(file, imports + source)
  Fs.writeFileSync(
    project,
    JSON.stringify({
      extends: Path.join(root, "tsconfig.base.json"),
      compilerOptions: {
        noEmit: true,
        noUnusedLocals: false,
        paths: { "@effect-kuzzle/core": [Path.join(root, "packages/core/dist/index.d.ts")] }
      },
      files: [file]
    })
  )
  const { status, stdout } = spawnSync(process.execPath, [tsc, "--project", project, "--extendedDiagnostics"], {
    encoding: "utf8"
  })
  const instantiations = Number(/^Instantiations: +(\d+)/m.exec(stdout)?.[1])
  // The number is `NaN` if the compiler did not print it.
  const failed = status !== 0 || !(instantiations <= budget)
  process.stdout.write(
    `${failed ? "failed" : "ok"}  ${title}: ${instantiations.toLocaleString("en")} instantiations, budget ${
      budget.toLocaleString("en")
    }\n`
  )
  if (failed) {
    process.stdout.write(stdout)
    process.exitCode = 1
  }
}
